import { notifications } from '@mantine/notifications'
import { sentenceOf } from './Failure.js'

/** Says what went wrong; stays until it is dismissed. */
export function complain(title: string, error: unknown): void {
	notifications.show({
		title,
		message: sentenceOf(error),
		color: 'red',
		autoClose: false,
		closeButtonProps: { 'aria-label': 'Dismiss' }
	})
}
