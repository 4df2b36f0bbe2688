import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Verb } from '../../collector/observation.js'
import { learn } from '../../discovery/learn/exact.js'
import { DAY, sighted } from './sighted.js'

test('denied and failed attempts are never learned, whatever else says so (DE 2)', () => {
	const learned = learn(
		[
			sighted('exec', '/usr/sbin/nginx'),
			sighted('exec', '/bin/sh', { result: 'denied' }),
			sighted('exec', '/bin/bash', { result: 'failed' })
		],
		'process',
		'container'
	)
	assert.deepEqual(
		learned.rules.map((rule) => rule.object),
		['/usr/sbin/nginx']
	)
	assert.deepEqual(
		learned.notes.map((note) => note.code),
		['learn.denied']
	)
})

test('siblings stay siblings: no number of files opens their directory (DE 1)', () => {
	const paths = ['/etc/hosts', '/etc/nginx/nginx.conf', '/etc/passwd', '/etc/resolv.conf']
	const { rules } = learn(
		paths.map((path) => sighted('read', path)),
		'file-read',
		'container'
	)
	assert.deepEqual(
		rules.map((rule) => rule.object),
		paths
	)
})

test('reading is not writing (DE 3), and each is in its own class', () => {
	const seen = [sighted('read', '/data/a'), sighted('write', '/data/b'), sighted('read', '/data/b')]
	assert.deepEqual(
		learn(seen, 'file-read', 'container').rules.map((rule) => [rule.object, rule.access]),
		[
			['/data/a', ['read']],
			['/data/b', ['read']]
		]
	)
	assert.deepEqual(
		learn(seen, 'file-write', 'container').rules.map((rule) => [rule.object, rule.access]),
		[['/data/b', ['write']]]
	)
})

test('sources with the same verbs share a rule; an unknown source covers the others', () => {
	const by = (source: string, verb: Verb = 'read') => sighted(verb, '/data/a', { source })
	const { rules } = learn([by('/bin/b'), by('/bin/a'), by('/bin/c', 'list')], 'file-read', 'host')
	assert.deepEqual(rules, [
		{ effect: 'allow', object: '/data/a', access: ['list'], sources: ['/bin/c'] },
		{ effect: 'allow', object: '/data/a', access: ['read'], sources: ['/bin/a', '/bin/b'] }
	])
	const anybody = learn([by('/bin/b'), by('')], 'file-read', 'host')
	assert.deepEqual(anybody.rules, [{ effect: 'allow', object: '/data/a', access: ['read'], sources: [] }])
	assert.equal(anybody.evidence[0]?.count, 2)
})

test('exec implies reading the program, by whoever executes it, and the evidence says so', () => {
	const seen = [sighted('exec', '/bin/cat', { source: '/bin/sh' }), sighted('read', '/etc/hostname')]
	const { rules, evidence, notes } = learn(seen, 'file-read', 'host')
	assert.deepEqual(rules[0], { effect: 'allow', object: '/bin/cat', access: ['read'], sources: [] })
	assert.equal(evidence[0]?.required, true)
	assert.match(evidence[0]?.why ?? '', /Exec itself/)
	assert.deepEqual(
		notes.map((note) => note.code),
		['learn.loader-unseen']
	)
	const loader = sighted('read', '/lib64/ld-linux-x86-64.so.2', { required: true })
	assert.deepEqual(learn([...seen, loader], 'file-read', 'host').notes, [])
})

test('what a person did in a container is not its need; on a host a terminal is ordinary', () => {
	const seen = [sighted('exec', '/bin/ls', { interactive: true }), sighted('exec', '/bin/app')]
	assert.equal(learn(seen, 'process', 'container').rules.length, 1)
	assert.match(learn(seen, 'process', 'container').notes[0]?.text ?? '', /interactive/)
	const onHost = learn(seen, 'process', 'host')
	assert.equal(onHost.rules.length, 2)
	assert.equal(onHost.evidence[1]?.interactive, true)
})

test('evidence counts hours, days, pods and versions as sets, and keeps what it covers', () => {
	const seen = [
		sighted('read', '/proc/<pid>/stat', { hours: 0b11, pods: ['b', 'a'], detail: 'ps' }),
		sighted('read', '/proc/<pid>/stat', { day: DAY + 1, pods: ['c', 'd', 'e'], version: 'v2' })
	]
	const [evidence] = learn(seen, 'file-read', 'host').evidence
	assert.equal(evidence?.hourCount, 3)
	assert.equal(evidence?.dayCount, 2)
	assert.deepEqual(evidence?.pods, ['a', 'b', 'c', 'd'])
	assert.deepEqual(evidence?.versions, ['v1', 'v2'])
	assert.deepEqual(evidence?.samples, ['ps'])
	assert.deepEqual(evidence?.covers, [
		{ object: '/proc/<pid>/stat', verb: 'read', source: '/usr/sbin/nginx', count: 2 }
	])
	assert.match(evidence?.why ?? '', /<pid> stands for any process id/)
	assert.match(evidence?.beyond ?? '', /other processes/)
})

test('the same evidence gives the same bytes in any order', () => {
	const observation = fc.record({
		verb: fc.constantFrom<Verb>('read', 'write', 'exec', 'list', 'connect'),
		object: fc.constantFrom('/a', '/b', '/proc/<pid>/stat', 'egress/tcp/80/any'),
		source: fc.constantFrom('', '/bin/x', '/bin/y'),
		result: fc.constantFrom('allowed' as const, 'denied' as const),
		required: fc.boolean(),
		day: fc.integer({ min: 1, max: 3 }),
		detail: fc.constantFrom('', 'one', 'two', 'three', 'four')
	})
	const shuffled = fc
		.array(observation, { maxLength: 24 })
		.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })))
	fc.assert(
		fc.property(shuffled, ([one, other]) => {
			for (const of of ['process', 'file-read', 'file-write', 'network'] as const) {
				const a = learn(
					one.map(({ verb, object, ...more }) => sighted(verb, object, more)),
					of,
					'host'
				)
				const b = learn(
					other.map(({ verb, object, ...more }) => sighted(verb, object, more)),
					of,
					'host'
				)
				assert.equal(JSON.stringify(a), JSON.stringify(b))
			}
		})
	)
})
