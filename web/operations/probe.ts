import { release } from 'node:os'
import { operation } from './operation.js'
import { Nothing, ProbeReport } from './shape.js'

export const probe = operation({
	name: 'probe',
	method: 'GET',
	path: '/probe',
	summary: 'What this kernel and this login let Whittle see and enforce, tried out and not guessed.',
	input: Nothing,
	output: ProbeReport,
	runsIn: 'service',
	async run({ sensor }) {
		if (sensor) return { sensor: true, ...(await sensor.probe()) }
		return {
			sensor: false,
			kernel: release(),
			root: false,
			btf: false,
			cgroupVersion: 'none' as const,
			cgroupRoot: '',
			bpfLsmActive: false,
			items: [],
			missing: [
				'No sensor runs beside this service, so nothing was tried: start "whittle up" as root, or run "whittle probe" as root.'
			]
		}
	}
})
