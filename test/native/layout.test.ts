import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { objectFolder, packageRoot } from '../../native/addon.js'
import * as layout from '../../native/layout.js'

interface Member {
	name: string
	type_id: number
	bits_offset: number
}
interface Type {
	id: number
	kind: string
	name: string
	size?: number
	members?: Member[]
	type_id?: number
	nr_elems?: number
}

/** The object's own BTF, as bpftool reads it: what clang really laid out. */
function typesOf(object: string): Map<number, Type> {
	const path = join(objectFolder(), `${object}.bpf.o`)
	assert.ok(existsSync(path), `${path} is missing: \`npm run setup\` builds it (clang and libbpf-dev)`)
	const bpftool = ['/usr/sbin/bpftool', '/usr/local/sbin/bpftool'].find(existsSync) ?? 'bpftool'
	const dump: { types: Type[] } = JSON.parse(
		execFileSync(bpftool, ['-j', 'btf', 'dump', 'file', path], { encoding: 'utf8', maxBuffer: 1 << 28 })
	)
	return new Map(dump.types.map((type) => [type.id, type]))
}

function struct(types: Map<number, Type>, name: string): Type {
	const found = [...types.values()].find((type) => type.kind === 'STRUCT' && type.name === name)
	assert.ok(found, `struct ${name} is not in the object`)
	return found
}

function bytesOf(types: Map<number, Type>, id: number): number {
	const type = types.get(id)
	assert.ok(type)
	if (type.kind === 'ARRAY') return (type.nr_elems ?? 0) * bytesOf(types, type.type_id ?? 0)
	return type.size ?? bytesOf(types, type.type_id ?? 0)
}

const structs: [string, string, Record<string, unknown>, boolean][] = [
	['process', 'counter_key', layout.counterKey, true],
	['process', 'counter_value', layout.counterValue, true],
	['process', 'other_key', layout.otherKey, true],
	['process', 'first_sight', layout.firstSight, false],
	['enforce', 'denial_key', layout.denialKey, true]
]

for (const [object, name, described, whole] of structs) {
	test(`struct ${name} lies in TypeScript as it does in ${object}.bpf.o`, () => {
		const types = typesOf(object)
		const compiled = struct(types, name)
		// Of a first sight only the part before its text is fixed: that much is always sent.
		const fixedBits = compiled.members?.find((m) => m.name === 'text')?.bits_offset ?? 0
		assert.equal(described.size, whole ? compiled.size : fixedBits / 8, 'size')
		for (const [field, at] of Object.entries(described)) {
			if (typeof at !== 'object' || at === null || !('offset' in at) || !('bytes' in at)) continue
			const member = compiled.members?.find((m) => m.name === field)
			assert.ok(member, `${name}.${field} is not in the object`)
			assert.equal(at.offset, member.bits_offset / 8, `${name}.${field} offset`)
			assert.equal(at.bytes, bytesOf(types, member.type_id), `${name}.${field} bytes`)
		}
	})
}

const snake = (name: string): string =>
	name
		.replace(/([a-z])([A-Z0-9])/g, '$1_$2')
		.replace(/([0-9])([A-Z])/g, '$1_$2')
		.toUpperCase()

test('every operation has one number on both sides', () => {
	const header = readFileSync(join(packageRoot(), 'bpf', 'event.h'), 'utf8')
	const declared = [...header.matchAll(/^\tOP_([A-Z0-9_]+) = (\d+),/gm)].map(([, name, number]) => [
		name,
		Number(number)
	])
	const described = Object.entries(layout.operation).map(([name, number]) => [snake(name), number])
	assert.deepEqual(
		described,
		declared.filter(([name]) => name !== 'NONE')
	)
})
