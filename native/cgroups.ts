/** Which cgroup hierarchies this host has, and where they are mounted. */
import { readFileSync, statSync } from 'node:fs'

export interface Hierarchy {
	id: number
	/** `name=systemd`, `memory`, `pids`. */
	name: string
	mount: string
}

export interface Cgroups {
	mode: 'v2' | 'hybrid' | 'v1' | 'none'
	/** Mount point of the v2 hierarchy; '' if there is none. */
	v2: string
	v2RootId: bigint
	/** The v1 hierarchies that can name a unit where the v2 cgroup is the root, in order of preference. */
	hierarchies: Hierarchy[]
	/** Our own v2 cgroup. */
	selfPath: string
	selfId: bigint
}

const namingControllers = ['name=systemd', 'memory', 'pids']

/** Reads the mounts and our own cgroups; throws only when /proc is not there. */
export function readCgroups(): Cgroups {
	const mounts = readMounts(readFileSync('/proc/self/mountinfo', 'utf8'))
	const own = readOwn(readFileSync('/proc/self/cgroup', 'utf8'))
	const v2 = mounts.find((mount) => mount.type === 'cgroup2')?.folder ?? ''
	const hierarchies = namingControllers.flatMap((name) => {
		const mount = mounts.find((m) => m.type === 'cgroup' && m.options.includes(name))
		const entry = own.find((o) => o.controllers.includes(name))
		return mount && entry && entry.id > 0 ? [{ id: entry.id, name, mount: mount.folder }] : []
	})
	const selfPath = own.find((o) => o.id === 0)?.path ?? '/'
	const v1 = mounts.some((mount) => mount.type === 'cgroup')
	return {
		mode: v2 ? (v1 ? 'hybrid' : 'v2') : v1 ? 'v1' : 'none',
		v2,
		v2RootId: v2 ? idOf(v2) : 0n,
		hierarchies,
		selfPath,
		selfId: v2 ? idOf(`${v2}${selfPath}`) : 0n
	}
}

/** A cgroup's id is the inode number of its folder (kernfs). */
function idOf(folder: string): bigint {
	return statSync(folder, { bigint: true }).ino
}

function readMounts(text: string): { type: string; folder: string; options: string[] }[] {
	return text.split('\n').flatMap((line) => {
		// 36 35 98:0 /root /mount/point options… - type source super,options (proc(5))
		const [left, right] = line.split(' - ')
		const folder = left?.split(' ')[4]
		const [type, , options] = right?.split(' ') ?? []
		return folder && type ? [{ type, folder, options: (options ?? '').split(',') }] : []
	})
}

function readOwn(text: string): { id: number; controllers: string[]; path: string }[] {
	return text.split('\n').flatMap((line) => {
		const [id, controllers, ...path] = line.split(':')
		return id !== undefined && controllers !== undefined && path.length > 0
			? [{ id: Number(id), controllers: controllers.split(','), path: path.join(':') }]
			: []
	})
}
