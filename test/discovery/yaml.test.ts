import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'yaml'
import { manifestName, toYaml } from '../../discovery/languages/manifest.js'

const HOSTILE = [
	'no',
	'on',
	'y',
	'Yes',
	'OFF',
	'null',
	'~',
	'',
	' ',
	'-',
	'- a',
	'?',
	'=',
	'<<',
	'!tag',
	'&a',
	'*a',
	'%',
	'@',
	'`',
	'1:20',
	'190:20:30',
	'1_000',
	'0o7',
	'0x1f',
	'0b1',
	'012',
	'08',
	'1e3',
	'.5',
	'+1',
	'.inf',
	'.nan',
	'1.',
	'-0',
	'2026-11-23',
	'2026-11-23T00:00:00Z',
	'a: b',
	'a #b',
	'[a]',
	'{a}',
	"it's",
	'"',
	'\\',
	'\\x41',
	'a\nb',
	'a\n',
	'\t',
	'\u202e\u2066bidi',
	'\u200b',
	'\ufeff',
	'\u0085',
	'\u2028',
	'é',
	'😀',
	'\u0007',
	'---',
	'...',
	'[nginx]',
	'true',
	'|',
	'>'
]

test('hostile texts, as values and as keys, read back unchanged by a YAML 1.2 and a YAML 1.1 parser', () => {
	const object = {
		values: HOSTILE,
		keys: Object.fromEntries(HOSTILE.map((text, i) => [text, i])),
		n: 1,
		yes: true
	}
	const text = toYaml(object)
	assert.match(text, /^[\t\n\x20-\x7e]*$/, 'nothing but printable ASCII')
	assert.deepEqual(parse(text), object)
	assert.deepEqual(parse(text, { version: '1.1' }), object)
	assertPythonReads(text, object)
})

test('any text at all survives', () => {
	const texts = fc.array(fc.string({ unit: 'binary', maxLength: 8 }), { maxLength: 8 })
	const seen: { text: string; values: string[] }[] = []
	fc.assert(
		fc.property(texts, (values) => {
			const text = toYaml({ values })
			seen.push({ text, values })
			assert.deepEqual(parse(text), { values })
			assert.deepEqual(parse(text, { version: '1.1' }), { values })
		}),
		{ numRuns: 200 }
	)
	for (const { text, values } of seen.slice(0, 5)) assertPythonReads(text, { values })
})

test('names are what Kubernetes takes, readable in front and unique at the end', () => {
	fc.assert(
		fc.property(
			fc.array(fc.string({ unit: 'binary' }), { maxLength: 3 }),
			fc.string(),
			(readable, workload) => {
				const name = manifestName(readable, workload, 'privilege')
				assert.match(name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
				assert.ok(name.length <= 63)
				assert.equal(manifestName(readable, workload, 'privilege'), name)
			}
		)
	)
	assert.notEqual(manifestName(['a'], 'east/a', 'file'), manifestName(['a'], 'west/a', 'file'))
})

const hasPyYaml = spawnSync('python3', ['-c', 'import yaml'], { stdio: 'ignore' }).status === 0
if (!hasPyYaml) console.log('PyYAML is not installed, so no second YAML 1.1 parser reads what is written.')

/** PyYAML, the parser that behaves most like the 1.1 of kubectl’s, sees the same. */
function assertPythonReads(text: string, object: unknown): void {
	if (!hasPyYaml) return
	const program =
		'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin.buffer.read().decode())))'
	const read: unknown = JSON.parse(
		execFileSync('python3', ['-c', program], { input: text, encoding: 'utf8' })
	)
	assert.deepEqual(read, object)
}
