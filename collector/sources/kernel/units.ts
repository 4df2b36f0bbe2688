/** Who a unit of the kernel's is: a cgroup by its path, or the program that a launcher started. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { unitKind } from '../../../native/layout.js'
import type { SensorHello } from '../../../native/hello.js'
import { readCgroup } from '../../cgroup.js'
import type { Subject } from '../../observation.js'
import { escapeText } from '../../path.js'

const idMask = 0x00ffffffffffffffn

export interface Units {
	/** A cgroup that was made while we watch; known even if it is gone before we look. */
	learn(id: bigint, path: string, hierarchy: number): void
	/** An executable's path, by its object hash: programs name units by it. */
	learnProgram(object: bigint, path: string): void
	/** Null while nothing is known about it. */
	subject(unit: bigint): (Subject & { kind: 'host' }) | null
	/** Whether its cgroup was made while we watch, so that nothing of it went by unseen. Programs: never. */
	isNew(unit: bigint): boolean
	/** Whether the unit can still do something: its cgroup exists. Programs: unknown, so true. */
	lives(unit: bigint): boolean
}

/** The world part of this folder's identity: walks the cgroup hierarchies for ids it has not met. */
export function unitTable(hello: SensorHello): Units {
	const paths = new Map<bigint, { path: string; mount: string }>()
	const programs = new Map<bigint, string>()
	const made = new Set<bigint>()
	const subjects = new Map<bigint, Subject & { kind: 'host' }>()
	let walkedMs = 0

	const roots = [
		{ prefix: BigInt(unitKind.cgroup2) << 56n, mount: hello.cgroups.v2 },
		...hello.cgroups.hierarchies.map(({ id, mount }) => ({
			prefix: (BigInt(unitKind.cgroup1) << 56n) | (BigInt(id) << 48n),
			mount
		}))
	].filter(({ mount }) => mount !== '')

	const walk = (prefix: bigint, mount: string, path: string): void => {
		for (const entry of readFolder(join(mount, path))) {
			const below = `${path}/${entry}`
			const id = idOf(join(mount, below))
			if (id === null) continue
			paths.set(prefix | id, { path: below, mount })
			walk(prefix, mount, below)
		}
	}
	const pathOf = (unit: bigint): { path: string; mount: string } | undefined => {
		const known = paths.get(unit)
		// One walk a second at most: an id that stays unknown belongs to a cgroup that has gone.
		if (known || Date.now() - walkedMs < 1000) return known
		walkedMs = Date.now()
		for (const { prefix, mount } of roots) walk(prefix, mount, '')
		return paths.get(unit)
	}
	const name = (unit: bigint): { unit: string; cgroup?: string } | null => {
		if (Number(unit >> 56n) === unitKind.program) {
			const path = programs.get(unit & idMask)
			return path === undefined ? null : { unit: path }
		}
		const found = pathOf(unit)
		if (!found) return null
		const path = escapeText(found.path)
		const identity = readCgroup(path)
		const unitName =
			identity.kind === 'container'
				? `${identity.runtime}/${identity.id.slice(0, 12)}`
				: identity.kind === 'unit'
					? identity.unit
					: path
		const mark = identity.kind === 'container' ? identity.id : (unitName.split('/').at(-1) ?? '')
		return { unit: unitName, ...(found.mount === hello.cgroups.v2 ? { cgroup: topOf(path, mark) } : {}) }
	}

	return {
		learn(id, path, hierarchy): void {
			const root = hierarchy === 0 ? roots[0] : undefined
			const v1 = hello.cgroups.hierarchies.find((h) => h.id === hierarchy)
			if (v1) {
				const prefix = (BigInt(unitKind.cgroup1) << 56n) | (BigInt(v1.id) << 48n)
				paths.set(prefix | id, { path, mount: v1.mount })
				made.add(prefix | id)
			} else if (root || hello.cgroups.v2 !== '') {
				paths.set(id, { path, mount: hello.cgroups.v2 })
				made.add(id)
			}
		},
		learnProgram(object, path): void {
			if (path !== '') programs.set(object & idMask, path)
		},
		subject(unit): (Subject & { kind: 'host' }) | null {
			const known = subjects.get(unit)
			if (known) return known
			const named = name(unit)
			if (!named) return null
			const subject: Subject & { kind: 'host' } = { kind: 'host', node: hello.node, ...named }
			subjects.set(unit, subject)
			return subject
		},
		isNew: (unit) => made.has(unit),
		lives(unit): boolean {
			if (Number(unit >> 56n) === unitKind.program) return true
			const found = paths.get(unit)
			return found !== undefined && idOf(join(found.mount, found.path)) !== null
		}
	}
}

/** The unit's own cgroup: what a service or container makes below it is still the unit's. */
function topOf(path: string, mark: string): string {
	const parts = path.split('/')
	const at = parts.findIndex((part) => part !== '' && mark !== '' && part.includes(mark))
	return at === -1 ? path : parts.slice(0, at + 1).join('/')
}

function readFolder(folder: string): string[] {
	try {
		return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
			entry.isDirectory() ? [entry.name] : []
		)
	} catch (error) {
		if (isGone(error)) return []
		throw error
	}
}

function idOf(folder: string): bigint | null {
	try {
		return statSync(folder, { bigint: true }).ino
	} catch (error) {
		if (isGone(error)) return null
		throw error
	}
}

/** Cgroups come and go while we walk; one that we may not enter is not ours to name. */
function isGone(error: unknown): boolean {
	return (
		error instanceof Error &&
		'code' in error &&
		['ENOENT', 'ENODEV', 'EACCES', 'ENOTDIR'].includes(String(error.code))
	)
}
