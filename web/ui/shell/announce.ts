import { notifications } from '@mantine/notifications'
import { sentenceOf } from './Failure.js'

/** Says in a corner what was done; read out politely. */
export function say(title: string, message: string): void {
	notifications.show({
		title,
		message,
		color: 'brand',
		autoClose: 6000,
		closeButtonProps: { 'aria-label': 'Dismiss' }
	})
}

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
