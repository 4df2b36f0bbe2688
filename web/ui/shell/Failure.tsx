import { Button } from '@mantine/core'
import { RotateCw, TriangleAlert } from 'lucide-react'
import { ApiError } from '../api/client.js'
import { Missing } from './Empty.js'

/** Something could not be read: what, why, and a way to try again. */
export function Failure({
	error,
	onRetry,
	what = 'entry'
}: {
	error: unknown
	onRetry?: () => void
	what?: string
}) {
	if (error instanceof ApiError && error.status === 404) return <Missing what={what} />
	const title = error instanceof ApiError ? error.title : 'This page made a mistake.'
	const detail =
		error instanceof ApiError ? error.detail : error instanceof Error ? error.message : String(error)
	return (
		<div className="empty" role="alert">
			<TriangleAlert size={20} aria-hidden className="tone-text-red" />
			<p className="empty-title">{title}</p>
			<p className="empty-text">{detail}</p>
			<Button
				size="xs"
				variant="default"
				leftSection={<RotateCw size={13} aria-hidden />}
				onClick={onRetry ?? (() => window.location.reload())}
			>
				Try again
			</Button>
		</div>
	)
}

/** The message of an error, in one line. */
export function sentenceOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error)
}
