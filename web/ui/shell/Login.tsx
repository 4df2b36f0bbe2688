import { Button, PasswordInput } from '@mantine/core'
import { type FormEvent, useEffect, useState } from 'react'
import { ApiError } from '../api/client.js'
import { signIn } from '../api/session.js'

/** Asks for the token that Whittle printed at its start. */
export function Login({ onSignedIn }: { onSignedIn: () => void }) {
	const [problem, setProblem] = useState('')
	const [isBusy, setBusy] = useState(false)
	useEffect(() => {
		document.title = 'Sign in · Whittle'
	}, [])

	async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
		event.preventDefault()
		const token = new FormData(event.currentTarget).get('token')
		setBusy(true)
		setProblem('')
		try {
			await signIn(typeof token === 'string' ? token.trim() : '')
			onSignedIn()
		} catch (error) {
			setProblem(
				error instanceof ApiError && (error.status === 401 || error.status === 403)
					? 'This is not the token of the running service. It changes with every start.'
					: error instanceof Error
						? error.message
						: String(error)
			)
		} finally {
			setBusy(false)
		}
	}

	return (
		<main className="login">
			<form className="login-card" method="post" onSubmit={(event) => void submit(event)}>
				<img src="/mark.svg" width={36} height={36} alt="" />
				<h1>Sign in to Whittle</h1>
				<p>
					When it starts, Whittle prints an address with a token in the terminal. Open that address, or paste
					the token here.
				</p>
				<PasswordInput
					name="token"
					label="Token"
					description="The part after “token=” in the printed address"
					autoComplete="off"
					required
					data-autofocus
					autoFocus
					error={problem === '' ? undefined : problem}
				/>
				<Button type="submit" loading={isBusy} fullWidth>
					Sign in
				</Button>
				<p className="faint">
					Lost it? Stop <code>whittle up</code> with Ctrl-C and start it again: it prints a new one.
				</p>
			</form>
		</main>
	)
}
