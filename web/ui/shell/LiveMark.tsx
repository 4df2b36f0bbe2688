import { Radio, RefreshCw, WifiOff } from 'lucide-react'
import { clockTime, exactTime } from '../show/text.js'
import { retryLive, useLiveState } from './live.js'

/** Whether what is on the screen is what the store holds now. */
export function LiveMark() {
	const state = useLiveState()
	// Only the kind is announced: a countdown read aloud every second would be noise.
	const announced =
		state.kind === 'live'
			? 'Live updates on'
			: state.kind === 'reconnecting'
				? 'Live updates interrupted'
				: ''
	return (
		<span className="live">
			<span className="sr-only" aria-live="polite">
				{announced}
			</span>
			{state.kind === 'live' && (
				<span className="live-state tone-text-green" title={`Connected since ${exactTime(state.sinceMs)}`}>
					<Radio size={14} aria-hidden /> live
				</span>
			)}
			{(state.kind === 'connecting' || state.kind === 'off') && (
				<span className="live-state faint">
					<RefreshCw size={13} aria-hidden /> connecting
				</span>
			)}
			{state.kind === 'reconnecting' && (
				<button
					type="button"
					className="live-state live-lost tone-text-amber"
					title={`Nothing heard since ${exactTime(state.staleSinceMs)}. Press to try now.`}
					onClick={retryLive}
				>
					<WifiOff size={13} aria-hidden /> stale since {clockTime(state.staleSinceMs)}
					<span className="live-wait"> · reconnecting in {state.inSeconds} s</span>
				</button>
			)}
		</span>
	)
}
