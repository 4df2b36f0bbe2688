import { useQuery, useQueryClient } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { useEffect } from 'react'
import { ApiError, onSignedOut } from '../api/client.js'
import { session } from '../api/queries.js'
import { router } from '../router.js'
import { Failure } from './Failure.js'
import { Login } from './Login.js'
import { useLiveQueries } from './live.js'

/** Decides between the sign-in form, the page, and the sentence that the service does not answer. */
export function App() {
	const client = useQueryClient()
	const { data, error, refetch } = useQuery(session())
	useLiveQueries(data !== undefined)

	useEffect(
		() =>
			onSignedOut(() => {
				// Without a session nothing that was read may stay on the screen.
				if (client.getQueryData(session().queryKey) === undefined) return
				const { queryKey } = session()
				client.removeQueries({ predicate: (query) => query.queryKey[0] !== queryKey[0] })
				void client.resetQueries({ queryKey })
			}),
		[client]
	)

	if (error instanceof ApiError && error.status === 401) return <Login />
	if (error !== null && data === undefined) {
		return (
			<main className="login">
				<Failure error={error} onRetry={() => void refetch()} />
			</main>
		)
	}
	if (data === undefined) return null
	return <RouterProvider router={router} />
}
