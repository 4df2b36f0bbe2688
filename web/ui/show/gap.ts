const words: Record<string, string> = {
	'ring-full': 'first-sight ring was full',
	'map-full': 'kernel map was full',
	'alert-throttle': 'alerts were throttled',
	'stream-broken': 'stream was broken',
	'visibility-off': 'visibility was off',
	'agent-down': 'agent was down',
	'started-before': 'started before the watch',
	'executable-32-bit': '32-bit executable',
	'io-uring': 'used io_uring',
	'clock-step': 'clock was set'
}

/** Why a source was blind, in words; a reason that this page does not know is shown as it is. */
export function gapWord(reason: string): string {
	return words[reason] ?? reason
}
