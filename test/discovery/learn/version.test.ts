import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createFileList } from '../../../discovery/learn/files.js'
import type { BehaviourState, Exposure } from '../../../discovery/learn/state.js'
import {
	carriedExposure,
	carry,
	effectiveHours,
	retentionBetween,
	retentionOf,
	stepBetween
} from '../../../discovery/learn/version.js'
import { attribute, diffVersions } from '../../../discovery/learn/version-diff.js'
import { HOUR, state } from './states.js'

test('the step between two versions, from tags and package versions', () => {
	assert.equal(stepBetween('1.25.3-alpine', '1.25.4-alpine'), 'patch')
	assert.equal(stepBetween('1.25.3', '1.25.3'), 'patch')
	assert.equal(stepBetween('v1.25', '1.26.0'), 'minor')
	assert.equal(stepBetween('release-15', '16'), 'major')
	assert.equal(stepBetween('1:2.30.2-1', '1:2.39.2-1.1'), 'minor')
	assert.equal(stepBetween('2:2.30', '1:2.30'), 'patch')
	assert.equal(stepBetween('latest', '1.2'), 'unknown')
	assert.equal(stepBetween('sha-3f2a9c1', 'sha-4b2a9c1'), 'unknown')
	assert.equal(stepBetween('', ''), 'unknown')
})

test('hours that a new version starts with: by its step first, by what upgrades kept later', () => {
	assert.equal(retentionOf('patch', []), 0.9)
	assert.equal(retentionOf('minor', []), 0.7)
	assert.equal(retentionOf('major', []), 0.4)
	assert.equal(retentionOf('unknown', []), 0.4)
	const upgrades = Array.from({ length: 95 }, () => ({ step: 'minor' as const, retention: 0.98 }))
	assert.ok(Math.abs(retentionOf('minor', upgrades) - 0.966) < 1e-9)
	assert.equal(retentionOf('major', upgrades), 0.4)
	assert.equal(effectiveHours(500, 0.9), 450)
	assert.equal(retentionBetween([], []), null)
	assert.equal(
		retentionBetween([state('read', '/a', [0]), state('read', '/b', [0])], [state('read', '/b', [5])]),
		0.5
	)
})

const OLD = createFileList('layers of sha256:1', [
	'/usr/lib/postgresql/15/bin/postgres',
	'/usr/lib/postgresql/15/lib/plpgsql.so',
	'/usr/bin/convert',
	'/usr/bin/env',
	'/usr/lib/libfoo.so.1.2',
	'/usr/share/old.txt'
])
const NEW = createFileList('layers of sha256:2', [
	'/usr/lib/postgresql/16/bin/postgres',
	'/usr/lib/postgresql/16/lib/plpgsql.so',
	'/usr/bin/env',
	'/usr/bin/magick',
	'/usr/lib/libfoo.so.1.3',
	'/usr/lib/libfoo.so.2.0'
])

test('a new version starts with the old one’s evidence, less the programs that are gone', () => {
	const postgres = '/usr/lib/postgresql/15/bin/postgres'
	const states: BehaviourState[] = [
		state('exec', '/usr/bin/env', [0]),
		state('exec', postgres, [0], { source: '/usr/bin/env' }),
		state('read', '/usr/lib/postgresql/15/lib/plpgsql.so', [0], { source: postgres }),
		state('connect', 'egress/tcp/443/name:a.example.com', [0], { source: postgres }),
		state('exec', '/usr/bin/convert', [0], { source: '/usr/bin/env' }),
		state('read', '/srv/a.png', [0], { source: '/usr/bin/convert' }),
		state('read', '/usr/lib/libfoo.so.1.2', [0], { source: '/usr/bin/env' }),
		state('read', '/usr/share/old.txt', [0], { source: '/usr/bin/env' }),
		state('exec', '/data/plugin', [0], { source: '/usr/bin/env' })
	]
	const { kept, renamed, dropped, arrived } = carry(states, { before: OLD, after: NEW })
	assert.deepEqual(
		kept.map((one) => one.object),
		// Two libraries fit equally well, so neither is guessed; /data was never the image's matter.
		['/usr/bin/env', '/usr/lib/libfoo.so.1.2', '/usr/share/old.txt', '/data/plugin']
	)
	assert.deepEqual(
		renamed.map(({ to }) => [to.object, to.source]),
		[
			['/usr/lib/postgresql/16/bin/postgres', '/usr/bin/env'],
			['/usr/lib/postgresql/16/lib/plpgsql.so', '/usr/lib/postgresql/16/bin/postgres'],
			['egress/tcp/443/name:a.example.com', '/usr/lib/postgresql/16/bin/postgres']
		]
	)
	assert.equal(
		renamed[0]?.why,
		'carried, unverified: /usr/lib/postgresql/16/bin/postgres is where /usr/lib/postgresql/15/bin/postgres was'
	)
	assert.deepEqual(
		dropped.map(({ state: one, why }) => [one.object, why]),
		[
			['/usr/bin/convert', '/usr/bin/convert is not among the files of layers of sha256:2 any more'],
			['/srv/a.png', '/usr/bin/convert is not among the files of layers of sha256:2 any more']
		]
	)
	assert.ok(arrived('/usr/bin/magick'))
	assert.ok(!arrived('/usr/bin/env') && !arrived('/tmp/x'))
})

test('the path with the fewest changed numbers takes the place of the one that is gone', () => {
	const before = createFileList('a', ['/usr/lib/python3.11/tool1.py', '/usr/lib/python3.11/tool2.py'])
	const after = createFileList('b', ['/usr/lib/python3.12/tool1.py', '/usr/lib/python3.12/tool2.py'])
	const { renamed } = carry([state('read', '/usr/lib/python3.11/tool2.py', [0], { source: '' })], {
		before,
		after
	})
	assert.equal(renamed[0]?.to.object, '/usr/lib/python3.12/tool2.py')
})

test('without lists of files nothing is dropped, and nothing arrives', () => {
	const states = [state('exec', '/usr/bin/convert', [0])]
	const unknown = carry(states, { before: OLD, after: null })
	assert.deepEqual(unknown.kept, states)
	assert.equal(unknown.arrived('/usr/bin/magick'), false)
	assert.equal(carry(states, { before: null, after: NEW }).arrived('/usr/bin/magick'), false)
	assert.equal(carry(states, { before: null, after: NEW }).dropped.length, 1)
	const partial = createFileList('apk of x', ['/bin/busybox'], { partial: true })
	assert.equal(carry(states, { before: null, after: partial }).dropped.length, 0)
})

test('nothing is lost on the way: every behaviour is kept, renamed or dropped', () => {
	const path = fc.constantFrom(...OLD.below(''), ...NEW.below(''), '/data/x', '/tmp/<random>', '')
	fc.assert(
		fc.property(fc.array(fc.tuple(path, path)), fc.boolean(), (pairs, known) => {
			const states = pairs.map(([object, source]) => state('exec', object, [0], { source }))
			const { kept, renamed, dropped } = carry(states, { before: known ? OLD : null, after: NEW })
			assert.equal(kept.length + renamed.length + dropped.length, states.length)
			for (const { to } of renamed) assert.ok(NEW.has(to.object) || NEW.has(to.source))
		})
	)
})

function watched(fromHour: number, count: number, more: Partial<Exposure> = {}): Exposure {
	const hours = Array.from({ length: count }, (_, index) => HOUR + fromHour + index)
	return { hours, lossyHours: [], censoredHours: [], starts: [], gaps: [], ...more }
}

const hourly = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index)

test('what two versions did, as a diff', () => {
	const before = {
		states: [
			state('read', '/both', hourly(0, 100)),
			state('read', '/gone', hourly(0, 100)),
			state('read', '/rare', [3, 90]),
			state('read', '/start', [0], { startOnly: true })
		],
		exposure: watched(0, 100)
	}
	const after = {
		states: [
			state('read', '/both', [120]),
			state('read', '/added', [120]),
			state('read', '/gone', [120], { source: '/usr/bin/other' })
		],
		exposure: watched(100, 50, { starts: [100, 110].map((hour) => (HOUR + hour) * 3_600_000) })
	}
	assert.deepEqual(
		diffVersions(before, after).map(({ change, state: one }) => [one.object, one.source, change]),
		[
			['/added', '/usr/sbin/nginx', 'added'],
			['/both', '/usr/sbin/nginx', 'unchanged'],
			['/gone', '/usr/bin/other', 'added'],
			['/gone', '/usr/sbin/nginx', 'gone'],
			['/rare', '/usr/sbin/nginx', 'undecided'],
			['/start', '/usr/sbin/nginx', 'undecided']
		]
	)
	const starts = [100, 110, 120].map((hour) => (HOUR + hour) * 3_600_000)
	const third = diffVersions(before, { ...after, exposure: { ...after.exposure, starts } })
	assert.equal(third.find((one) => one.state.object === '/start')?.change, 'gone')
})

test('nothing is gone on hours that hide what is permitted', () => {
	const before = { states: [state('read', '/gone', hourly(0, 100))], exposure: watched(0, 100) }
	const hours = watched(100, 1000).hours
	for (const exposure of [
		watched(100, 1000, { censoredHours: hours }),
		watched(100, 0, { censoredHours: hours }),
		watched(100, 1000, { lossyHours: hours })
	]) {
		const [change] = diffVersions(before, { states: [], exposure })
		assert.equal(change?.change, 'undecided')
	}
	const [seen] = diffVersions(before, { states: [], exposure: watched(100, 1000) })
	assert.equal(seen?.change, 'gone')
	const hidden = { states: [], exposure: watched(0, 0, { censoredHours: watched(0, 100).hours }) }
	const [added] = diffVersions(hidden, { states: [state('read', '/x', [120])], exposure: watched(100, 50) })
	assert.equal(added?.change, 'undecided')
})

test('a difference during a rollout is the version’s when its pods show it and the others do not', () => {
	const of = (firstSeen: number, firstNot: number, secondSeen: number, secondNot: number) =>
		attribute({ firstSeen, firstNot, secondSeen, secondNot })
	assert.equal(of(0, 6, 6, 0).to, 'version')
	assert.equal(of(3, 3, 4, 2).to, 'environment')
	assert.equal(of(0, 2, 2, 0).to, 'undecided')
	assert.equal(of(0, 0, 0, 0).to, 'undecided')
	assert.match(
		of(0, 6, 6, 0).why,
		/^0 of 6 pods of the old version and 6 of 6 of the new one did it in the same hours/
	)
})

test('a new version may call only a share of the old one’s hours its own, by how far it is from it', () => {
	const at = (hour: number, tag: string) => ({
		firstMs: (HOUR + hour) * 3_600_000,
		description: `registry.example:5000/shop/api:${tag}@sha256:${tag}`
	})
	const whole = watched(0, 300)
	const own = (...line: ReturnType<typeof at>[]) => carriedExposure(whole, [line]).exposure.hours.length
	assert.equal(carriedExposure(whole, []).exposure, whole)
	assert.equal(own(at(0, '2.3.0')), 300, 'the first version is no step')
	assert.equal(own(at(0, '2.3.0'), at(200, '2.3.1')), 180 + 100)
	assert.equal(own(at(0, '2.3.0'), at(200, '2.4.0')), 140 + 100)
	assert.equal(own(at(0, '2.3.0'), at(200, '3.0.0')), 80 + 100)
	assert.equal(own(at(0, 'blue'), at(200, 'green')), 80 + 100, 'versions that say nothing are far apart')
	assert.equal(own(at(200, '2.4.0'), at(0, '2.3.0')), 240, 'in any order')
	assert.equal(own(at(0, '1.0.0'), at(100, '1.0.1'), at(200, '1.1.0')), Math.floor(190 * 0.7) + 100)
	// What is kept is the latest of it.
	const { exposure, setAsideHours } = carriedExposure(whole, [[at(0, '2.3.0'), at(200, '3.0.0')]])
	assert.deepEqual([exposure.hours[0], setAsideHours], [HOUR + 120, 120])
	// A sidecar’s release counts for the pod that it is in, and none is counted twice.
	assert.equal(
		carriedExposure(whole, [[at(0, '1.0.0')], [at(0, '5.0.0'), at(200, '5.0.1')]]).setAsideHours,
		20
	)
})
