import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Class, Verb } from '../../collector/observation.js'
import { policyOf } from '../../discovery/digest.js'
import { entriesOf } from '../../discovery/languages/kubearmor/entries.js'
import { kubearmor } from '../../discovery/languages/kubearmor/kubearmor.js'
import { entryCount } from '../../discovery/languages/kubearmor/rule-map.js'
import { isRecord } from '../../discovery/languages/manifest.js'
import type { Note, Policy, Rule } from '../../discovery/policy.js'
import { renderWorkload } from '../../discovery/selfcheck.js'
import { pod, replicaSet } from './sighted.js'

const WORKLOAD = 'east/shop/Deployment/web/web'
const inventory = [replicaSet('shop', 'web'), pod('shop', 'web', '10.0.0.1')]
const APP = '/usr/bin/app'

test('everything below a directory, files directly in it, and made-up names become directories', () => {
	const { file, notes } = rendered([
		policy('file-read', [
			allow('read', '/srv/app/<all>'),
			allow('read', '/var/cache/app/<any>', [APP]),
			allow('read', '/srv/data/<date>/log')
		]),
		policy('file-write', [allow('create', '/tmp/php<random>'), allow('write', '/srv/app/cache/<all>')])
	])
	assert.deepEqual(file.matchDirectories, [
		{ dir: '/srv/app/cache/', recursive: true },
		{ dir: '/var/cache/app/', readOnly: true, fromSource: [{ path: APP }] },
		{ dir: '/srv/app/', recursive: true, readOnly: true },
		{ dir: '/srv/data/', recursive: true, readOnly: true },
		{ dir: '/tmp/' }
	])
	assert.deepEqual(
		notes.filter((note) => note.code === 'kubearmor.directory').map((note) => note.text),
		[
			'/srv/data/<date>/log became everything below /srv/data/.',
			'/tmp/php<random> became every file directly in /tmp/.'
		]
	)
})

test('a token beside something sensitive has no form, and says what it would have opened', () => {
	const refusals = (object: string, verb: Verb = 'read') => {
		const write = policy('file-write', verb === 'read' ? [] : [allow(verb, object)])
		const { notes } = rendered([policy('file-read', verb === 'read' ? [allow(verb, object)] : []), write])
		return notes.filter((note) => note.severity === 'refusal').map((note) => note.text)
	}
	assert.match(refusals('/home/ann/<int>.txt')[0] ?? '', /open \/home\/ann\/\.bash_history/)
	assert.match(refusals('/var/lib/<any>')[0] ?? '', /would open/)
	assert.match(refusals('/usr/lib/app/<random>', 'write')[0] ?? '', /would open \/usr\/lib\/app/)
	assert.deepEqual(refusals('/usr/lib/app/<random>'), [])
})

test('a mounted secret is read through the date of its rotation, and nothing else there is written', () => {
	const token = '/run/secrets/kubernetes.io/serviceaccount/..<date>/token'
	const { file, notes } = rendered([policy('file-read', [allow('read', token)]), policy('file-write', [])])
	assert.deepEqual(file.matchDirectories, [
		{ dir: '/run/secrets/kubernetes.io/serviceaccount/', recursive: true, readOnly: true }
	])
	assert.ok(notes.some((note) => note.code === 'kubearmor.directory'))
	const written = rendered([policy('file-read', []), policy('file-write', [allow('write', token)])])
	assert.ok(written.notes.some((note) => note.code === 'kubearmor.sensitive'))
})

test('a directory in which something is executed never becomes writable', () => {
	const { notes } = rendered([
		policy('process', [allow('exec', '/srv/app/run')]),
		policy('file-read', []),
		policy('file-write', [allow('create', '/srv/app/<random>')])
	])
	assert.match(notes.find((note) => note.code === 'kubearmor.sensitive')?.text ?? '', /open \/srv\/app\/run/)
})

test('a denied path is denied inside an allowed directory, and the companions of /proc stand once', () => {
	const { file } = rendered([
		policy('file-read', [
			allow('read', '/proc/<pid>/stat', [APP]),
			{ ...allow('read', '/proc/kcore'), effect: 'deny' },
			{ ...allow('read', '/proc/1/maps'), effect: 'deny' }
		]),
		policy('file-write', [])
	])
	const blocked = Array.isArray(file.matchPaths)
		? file.matchPaths.filter((rule) => isRecord(rule) && rule.action === 'Block').map((rule) => rule.path)
		: []
	assert.deepEqual(blocked, [
		'/proc/1/environ',
		'/proc/1/maps',
		'/proc/1/mem',
		'/proc/kallsyms',
		'/proc/kcore',
		'/proc/sysrq-trigger'
	])
})

test('rules of any depth, access and program add up: nothing that one allows is taken away by another', () => {
	fc.assert(
		fc.property(fc.array(someRule, { maxLength: 12 }), fc.boolean(), (rules, hasRead) => {
			const of = (name: Class) => rules.filter((one) => one.class === name).map((one) => one.rule)
			const policies = [policy('file-write', of('file-write'))]
			if (hasRead) policies.push(policy('file-read', of('file-read')))
			const { notes } = rendered(policies)
			assert.deepEqual(
				notes.filter((note) => note.code.startsWith('selfcheck.') && note.severity === 'refusal'),
				[]
			)
		}),
		{ numRuns: 300 }
	)
})

test('entries are counted as KubeArmor fills them', () => {
	fc.assert(
		fc.property(fc.array(someRule, { maxLength: 8 }), (rules) => {
			const plain = rules.filter(({ rule }) => rule.sources.length === 0)
			const counted = entriesOf(
				plain.map(({ class: of, rule }) => ({ class: of, ...rule })),
				false
			)
			const of = (name: Class) => plain.filter((one) => one.class === name).map((one) => one.rule)
			const { file, notes } = rendered([
				policy('file-read', of('file-read')),
				policy('file-write', of('file-write'))
			])
			if (notes.some((note) => note.severity === 'refusal')) return
			const spec = { file, action: 'Allow' }
			const actual = entryCount([{ name: 'x', spec, isHost: false }])
			assert.ok(actual <= counted.total, `${actual} of ${counted.total}`)
			assert.equal(
				counted.each.reduce((sum, one) => sum + one, 0),
				counted.total
			)
		}),
		{ numRuns: 200 }
	)
})

const someRule = fc
	.record({
		class: fc.constantFrom<Class>('file-read', 'file-write'),
		object: fc.constantFrom(
			'/srv/a',
			'/srv/a/<all>',
			'/srv/a/<any>',
			'/srv/a/b',
			'/srv/a/b/<any>',
			'/srv/a/b/<all>',
			'/srv/a/b/c',
			'/srv/a/b/tmp<int>',
			'/srv/a/<uuid>/c',
			'/srv/a/b/c/d',
			'/srv/a/b/c/<any>'
		),
		sources: fc.subarray([APP, '/usr/bin/b'])
	})
	.map(({ class: of, object, sources }) => ({
		class: of,
		rule: allow(of === 'file-read' ? 'read' : 'write', object, sources)
	}))

function rendered(policies: Policy[]): { file: Record<string, unknown>; notes: Note[] } {
	const { manifests, notes } = renderWorkload(policies, kubearmor, { inventory })
	const specs = manifests.map((manifest) => manifest.object.spec)
	const files = specs.flatMap((spec) => (isRecord(spec) && isRecord(spec.file) ? [spec.file] : []))
	return { file: files[0] ?? {}, notes }
}

function policy(of: Class, rules: Rule[]): Policy {
	return policyOf({ workload: WORKLOAD, class: of, rules })
}

function allow(verb: Verb, object: string, sources: string[] = []): Rule {
	return { effect: 'allow', object, access: [verb], sources }
}
