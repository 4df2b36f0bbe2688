import type { ProgramState } from './addon.js'

/** What the sensor says of itself when its service connects. */
export interface SensorHello {
	node: string
	kernel: string
	bootId: string
	/** Wall time of its start in ms: the epoch of its deliveries. */
	epoch: number
	startedBootNs: string
	startedWallMs: number
	cgroups: {
		mode: 'v2' | 'hybrid' | 'v1' | 'none'
		v2: string
		hierarchies: { id: number; name: string; mount: string }[]
	}
	/** True when it had to mount tracefs. */
	mountedTracefs: boolean
	programs: ProgramState[]
	/** Its launch socket. */
	socket: string
}
