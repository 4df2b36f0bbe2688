import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Waiting } from '../show/Card.js'
import { Failure } from './Failure.js'

/** What a question to the service shows: bars while it is open, the reason when it failed, else its answer. */
export function Answer<T>({
	query,
	what = 'entry',
	children
}: {
	query: UseQueryResult<T>
	what?: string
	children: (data: T) => ReactNode
}) {
	if (query.data !== undefined) return <>{children(query.data)}</>
	if (query.error !== null)
		return <Failure error={query.error} what={what} onRetry={() => void query.refetch()} />
	return <Waiting lines={8} />
}
