/** What a cgroup path, relative to the cgroup root, says about who runs in it. */
export type CgroupIdentity =
	| { kind: 'container'; id: string; runtime: Runtime; podUid?: string }
	/** A systemd unit by its name, or the path itself where no unit made it. */
	| { kind: 'unit'; unit: string }
	| { kind: 'root' }

export type Runtime =
	| 'docker'
	| 'containerd'
	| 'cri-o'
	| 'podman'
	| 'garden'
	| 'lxc'
	| 'nspawn'
	| 'kubernetes'

/**
 * Reads a cgroup path. Container runtimes are looked for in the forms of Tracee's
 * containers.go (github.com/aquasecurity/tracee), from the root inwards: the outermost is
 * what the host's runtime made, and what a container makes below its own cgroup (podman's
 * `/container`, systemd inside, a name that imitates another container) never counts.
 */
export function readCgroup(path: string): CgroupIdentity {
	const parts = path.split('/').filter((part) => part !== '' && part !== '.')
	if (parts.length === 0) return { kind: 'root' }
	for (let index = 0; index < parts.length; index++) {
		const found = containerAt(parts, index)
		if (found !== undefined) return withPod(found, parts.slice(0, index + 1))
	}
	return { kind: 'unit', unit: unitOf(parts) }
}

type Found = { id: string; runtime: Runtime }

const HEX64 = '([0-9a-f]{64})'
const SCOPES: readonly [RegExp, Runtime][] = [
	[new RegExp(`^docker-${HEX64}$`), 'docker'],
	[new RegExp(`^crio-${HEX64}$`), 'cri-o'],
	[new RegExp(`^cri-containerd-${HEX64}$`), 'containerd'],
	// systemd driver of containerd without systemd: `kubepods-….slice:cri-containerd:<id>`
	[new RegExp(`:cri-containerd:${HEX64}$`), 'containerd'],
	[new RegExp(`^libpod-${HEX64}$`), 'podman'],
	[/^lxc\.payload\.(.+)$/, 'lxc'],
	[/^([0-9a-f]{8}(?:-[0-9a-f]{4}){4})$/, 'garden']
]

function containerAt(parts: string[], index: number): Found | undefined {
	const part = parts[index] ?? ''
	const name = part.replace(/\.scope$/, '')
	// The runtime's own helper beside the container (`crio-conmon-…`, `libpod-conmon-…`) is not the container.
	if (/^(?:crio|libpod)-conmon-/.test(name)) return undefined
	for (const [pattern, runtime] of SCOPES) {
		const id = pattern.exec(name)?.[1]
		if (id !== undefined) return { id, runtime }
	}
	const machine =
		parts[index - 1] === 'machine.slice'
			? /^(?:systemd-nspawn@|machine-)(.+?)\.(?:service|scope)$/.exec(part)?.[1]
			: undefined
	if (machine !== undefined) return { id: unescapeMachine(machine), runtime: 'nspawn' }
	const lxc = parts[index - 1] === 'lxc' && index === 1 ? part : undefined
	if (lxc !== undefined) return { id: lxc, runtime: 'lxc' }
	if (/^[0-9a-f]{64}$/.test(name)) return bareContainer(parts, index, name)
	return undefined
}

/** A bare id is a container only below a parent that a runtime makes. */
function bareContainer(parts: string[], index: number, id: string): Found | undefined {
	const above = parts.slice(0, index)
	if (above.some((part) => part.startsWith('kubepods'))) return { id, runtime: 'kubernetes' }
	const parent = above.at(-1)
	if (parent === 'docker' || parent === 'actions_job') return { id, runtime: 'docker' }
	if (parent === 'libpod_parent' || parent === 'libpod') return { id, runtime: 'podman' }
	return undefined
}

const POD_UID =
	/(?:^|-)pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?(?::|$)/

function withPod(found: Found, parts: string[]): CgroupIdentity {
	for (const part of parts) {
		const uid = POD_UID.exec(part)?.[1]
		// The systemd driver writes the UID with `_`, because `-` separates slices.
		if (uid !== undefined) return { kind: 'container', ...found, podUid: uid.replaceAll('_', '-') }
	}
	return { kind: 'container', ...found }
}

/**
 * The unit that made this cgroup: the first service, scope … below the slices. What lies
 * below it is the unit's own (Delegate=yes) and never renames it. A unit of a user's own
 * manager keeps that manager's name in front, so that nobody can pass for a system service.
 */
function unitOf(parts: string[]): string {
	const first = parts.findIndex((part) => !SLICE.test(part))
	if (first === -1) return parts.at(-1) ?? ''
	const unit = parts[first] ?? ''
	if (!UNIT.test(unit)) return `/${parts.join('/')}`
	const below = parts.slice(first + 1)
	if (!USER_MANAGER.test(unit) || below.length === 0) return unit
	const inner = unitOf(below)
	return inner.startsWith('/') ? unit : `${unit}/${inner}`
}

const SLICE = /.\.slice$/
const UNIT = /.\.(?:service|scope|socket|mount|swap)$/
const USER_MANAGER = /^user@[0-9]+\.service$/

/** systemd writes a `-` inside a machine's name as `\x2d` (systemd.unit(5)). */
function unescapeMachine(name: string): string {
	return name.replaceAll('\\x2d', '-')
}
