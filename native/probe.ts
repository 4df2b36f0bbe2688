/** What this kernel lets Whittle see and hold, in plain sentences, from what was loaded and attached. */
import { existsSync, readFileSync } from 'node:fs'
import { release } from 'node:os'
import type { ProgramState } from './addon.js'
import { readCgroups } from './cgroups.js'
import type { SensorHello } from './hello.js'
import type { ProbeItem, ProbeReport } from './messages.js'

/** From a sensor that runs. */
export function reportProbe(hello: SensorHello, root: boolean): ProbeReport {
	return {
		...readHost(),
		kernel: hello.kernel,
		root,
		cgroupVersion: hello.cgroups.mode,
		cgroupRoot: hello.cgroups.v2,
		items: hello.programs.map(toItem),
		missing: missing(hello.programs, root)
	}
}

/** Without a sensor: what can be known from outside, and what it would take. */
export function reportWithoutSensor(reason: string): ProbeReport {
	const root = process.getuid?.() === 0
	return { ...readHost(), root, items: [], missing: [reason, ...missing([], root)] }
}

function readHost(): Omit<ProbeReport, 'items' | 'missing' | 'root'> {
	const cgroups = existsSync('/proc/self/mountinfo') ? readCgroups() : null
	const lsm = '/sys/kernel/security/lsm'
	return {
		kernel: release(),
		btf: existsSync('/sys/kernel/btf/vmlinux'),
		cgroupVersion: cgroups?.mode ?? 'none',
		cgroupRoot: cgroups?.v2 ?? '',
		// Listed is not loadable: enforcement through it is proven by a self-test, not by this line.
		bpfLsmActive: existsSync(lsm) && readFileSync(lsm, 'utf8').split(',').includes('bpf')
	}
}

function toItem(state: ProgramState): ProbeItem {
	const what = whatOf(state)
	if (state.attached || (state.loaded && state.object === 'enforce')) {
		return { object: state.object, program: state.program, works: true, sentence: what }
	}
	// tp/syscalls of a call that this kernel does not have: nothing can happen that we would miss.
	const absent = state.loaded && state.errno === 2 && state.section.startsWith('tp/syscalls/')
	const sentence = absent
		? `${what}: this kernel has no such call, so nothing is missed`
		: `${what}: not on this kernel (${state.error || 'refused without a reason'})`
	return { object: state.object, program: state.program, works: absent, sentence }
}

function whatOf(state: ProgramState): string {
	const [, group = '', name = ''] = /^([^/]+(?:\/syscalls)?)\/(.*)$/.exec(state.section) ?? []
	if (state.object === 'enforce') return `holds ${name} for a cgroup`
	if (group === 'tp/syscalls') return `sees ${name.replace('sys_exit_', '')} with its outcome`
	if (group === 'iter') return 'sees the processes that were running before'
	return `sees ${name.replaceAll('_', ' ')}`
}

function missing(programs: ProgramState[], root: boolean): string[] {
	const sentences: string[] = []
	if (!root) sentences.push('The kernel source needs root: start Whittle with sudo.')
	if (!existsSync('/sys/kernel/btf/vmlinux')) {
		sentences.push(
			'This kernel has no BTF (/sys/kernel/btf/vmlinux): a kernel built with CONFIG_DEBUG_INFO_BTF brings it.'
		)
	}
	const capability = programs.find((program) => program.program === 'handle_capability')
	if (capability && !capability.attached) {
		sentences.push('The use of capabilities cannot be seen: tp_btf/cap_capable came with Linux 6.14.')
	}
	sentences.push(
		'Files can be watched but not yet held by Whittle itself; the network class can be held in any v2 cgroup but the root.'
	)
	return sentences
}
