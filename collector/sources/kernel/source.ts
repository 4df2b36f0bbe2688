/** The kernel as a source: batches from a sensor's drains, and the sensor as its service sees it. */
import { uptime } from 'node:os'
import type { SensorConnection } from '../../../native/connection.js'
import type { NetworkDenial, SensorService } from '../../../native/messages.js'
import type { Batch, Source } from '../../observation.js'
import { decoder } from './decode.js'
import { unitTable } from './units.js'

export interface KernelSource extends Source {
	/** The node that it watches. */
	node: string
	/** The sensor's service, with denials named. */
	service: SensorService
	losses(): { kind: string; count: number }[]
}

/** Batches that wait here; past this the sensor is asked to pause, and the kernel goes on counting. */
const waitingMax = 8

/**
 * One batch for each drain. `lastSeenMs` is when this node was last watched (null: never):
 * the time since then is a gap.
 */
export function kernelSource(connection: SensorConnection, lastSeenMs: number | null): KernelSource {
	const { hello } = connection
	const bootMs = Date.now() - uptime() * 1000
	const decode = decoder(hello.node, unitTable(hello), hello.startedWallMs, bootMs)
	const waiting: Batch[] = []
	const denialListeners: ((denials: NetworkDenial[]) => void)[] = []
	let wake: (() => void) | null = null
	let ended = false

	connection.onDrain((drain) => {
		const { batch, denials } = decode.decode(drain)
		if (drain.sequence === 1 && lastSeenMs !== null && lastSeenMs < hello.startedWallMs) {
			batch.gaps.push({
				scope: `node:${hello.node}`,
				fromMs: Math.floor(lastSeenMs),
				toMs: Math.floor(hello.startedWallMs),
				reason: 'agent-down',
				lostCount: 0,
				detail: 'Whittle was not running'
			})
		}
		waiting.push(batch)
		if (waiting.length >= waitingMax) connection.pause()
		if (denials.length > 0) for (const listener of denialListeners) listener(denials)
		wake?.()
	})
	connection.onClose(() => {
		ended = true
		wake?.()
	})

	return {
		name: 'kernel',
		node: hello.node,
		losses: () => decode.losses(),
		service: {
			probe: () => connection.probe(),
			holdNetwork: (policy) => connection.holdNetwork(policy),
			liftNetwork: (cgroup) => connection.liftNetwork(cgroup),
			heldNetwork: async () =>
				(await connection.heldNetwork()).map(({ cgroup, digest, mode }) => ({
					cgroup,
					digest,
					mode: mode === 2 ? 'block' : 'audit'
				})),
			onDenials: (listener) => void denialListeners.push(listener)
		},
		async *batches(): AsyncIterable<Batch> {
			while (!ended || waiting.length > 0) {
				const batch = waiting.shift()
				if (batch) {
					if (waiting.length === 0) connection.resume()
					yield batch
				} else {
					await new Promise<void>((resolve) => {
						wake = resolve
					})
					wake = null
				}
			}
		},
		async stop(): Promise<void> {
			ended = true
			connection.close()
			wake?.()
		}
	}
}
