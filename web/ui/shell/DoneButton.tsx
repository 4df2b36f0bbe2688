import { Button } from '@mantine/core'
import { useEffect, useRef } from 'react'

/** Ends a dialog whose work is done; takes the focus from the button that has gone, so that Enter closes. */
export function DoneButton({ onClose }: { onClose: () => void }) {
	const button = useRef<HTMLButtonElement>(null)
	useEffect(() => button.current?.focus(), [])
	return (
		<Button ref={button} size="xs" onClick={onClose}>
			Close
		</Button>
	)
}
