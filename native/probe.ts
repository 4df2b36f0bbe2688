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
		items: hello.programs.map((state) => toItem(state, hello.programs)),
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

function toItem(state: ProgramState, programs: ProgramState[]): ProbeItem {
	const what = whatOf(state)
	const item = { object: state.object, program: state.program }
	if (state.attached || (state.loaded && state.object === 'enforce')) {
		return { ...item, works: true, sentence: what }
	}
	// There is nothing to attach to: nothing can happen that we would miss, or another program sees it.
	const absent = state.loaded && state.errno === 2
	if (absent && state.section.startsWith('tp/syscalls/')) {
		return { ...item, works: true, sentence: `${what}: this kernel has no such call, so nothing is missed` }
	}
	const other = programs.find(({ program }) => program === sameEvent.get(state.program))
	if (absent && other?.attached) {
		const sentence = `${what}: this kernel has another name for it, which ${other.program} watches`
		return { ...item, works: true, sentence }
	}
	return {
		...item,
		works: false,
		sentence: `${what}: not on this kernel (${state.error || 'refused without a reason'})`
	}
}

/** Programs of one event that kernels call by different names. */
const sameEvent = new Map([
	['handle_io_uring', 'handle_io_uring_before'],
	['handle_io_uring_before', 'handle_io_uring']
])

/** Events whose name in the kernel says little. */
const plainly = new Map([
	['cap_capable', 'the use of capabilities'],
	['io_uring/io_uring_submit_req', 'that io_uring is used'],
	['io_uring/io_uring_submit_sqe', 'that io_uring is used'],
	['inet_sock_set_state', 'connections that no connect made']
])

function whatOf(state: ProgramState): string {
	const [, group = '', name = ''] = /^([^/]+(?:\/syscalls)?)\/(.*)$/.exec(state.section) ?? []
	if (state.object === 'enforce') return `holds ${name} for a cgroup`
	if (group === 'tp/syscalls') return `sees ${name.replace('sys_exit_', '')} with its outcome`
	if (group === 'iter') return 'sees the processes that were running before'
	return `sees ${plainly.get(name) ?? name.replaceAll('_', ' ')}`
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
