// Runs before the first paint, so that a dark page never flashes white. A file of its own, because the
// page's Content-Security-Policy allows no inline script. The key is also in theme.ts.
;(() => {
	let wanted = 'auto'
	try {
		wanted = window.localStorage.getItem('whittle-color-scheme') || 'auto'
	} catch {
		// Storage may be switched off; then the system decides.
		wanted = 'auto'
	}
	const systemIsDark = window.matchMedia('(prefers-color-scheme: dark)').matches
	const scheme = wanted === 'light' || wanted === 'dark' ? wanted : systemIsDark ? 'dark' : 'light'
	document.documentElement.setAttribute('data-mantine-color-scheme', scheme)
})()
