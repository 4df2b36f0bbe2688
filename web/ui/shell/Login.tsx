import { Button, PasswordInput } from '@mantine/core'
import { type FormEvent, useEffect, useState } from 'react'
import { signInAddress, tokenIn } from '../api/token.js'

/** Shown when the session has ended: asks for an address that Whittle printed. */
export function Login() {
	const [problem, setProblem] = useState('')
	// The service answered an address with a token, and this page is still without a session.
	const [wasRefused] = useState(() => new URLSearchParams(window.location.search).has('token'))
	useEffect(() => {
		document.title = 'Sign in · Whittle'
		if (wasRefused) window.history.replaceState(null, '', '/')
	}, [wasRefused])

	function submit(event: FormEvent<HTMLFormElement>): void {
		event.preventDefault()
		const pasted = new FormData(event.currentTarget).get('token')
		const token = typeof pasted === 'string' ? tokenIn(pasted) : null
		if (token === null) setProblem('This is not an address that Whittle printed, nor its token.')
		else window.location.assign(signInAddress(token))
	}

	return (
		<main className="login">
			<form className="login-card" onSubmit={submit}>
				<img src="/mark.svg" width={36} height={36} alt="" />
				<h1>Sign in to Whittle</h1>
				<p>
					{wasRefused
						? 'That address was used already, or has expired.'
						: 'This browser has no session: none was begun, it has ended, or the service was started again.'}{' '}
					When it starts, <code>whittle up</code> prints an address with a token that works once. Open that
					address, or paste it here.
				</p>
				<PasswordInput
					name="token"
					label="Address or token"
					autoComplete="off"
					required
					autoFocus
					error={problem === '' ? undefined : problem}
					visibilityToggleButtonProps={{ 'aria-label': 'Show what was pasted' }}
				/>
				<Button type="submit" fullWidth>
					Sign in
				</Button>
				<p className="faint">
					Used it already? <code>whittle status --login</code> on the machine where Whittle runs prints a new
					one.
				</p>
			</form>
		</main>
	)
}
