import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
	childrenOver3,
	childrenOver50,
	exactUnion,
	type Generaliser,
	parentDirectory
} from '../../bench/learning/baselines.js'
import { createJudge, type Grant } from '../../bench/learning/grant.js'
import { loadImage } from '../../bench/learning/image.js'
import { quiet, STOP_RULES } from '../../bench/learning/stops.js'
import type { Sighted } from '../../discovery/learn/exact.js'
import { stateOf } from '../../discovery/learn/state.js'

const facts = { exposedHours: 100, startCount: 3, image: loadImage('nginx') }

function read(object: string): Sighted {
	return {
		...{ class: 'file-read', verb: 'read', object, raw: object, source: '/usr/bin/app', result: 'allowed' },
		...{ version: '', day: 20_000, hours: 1, pods: ['p'], count: 1, required: false, interactive: false },
		...{ firstMs: 20_000 * 86_400_000, lastMs: 20_000 * 86_400_000, detail: '' }
	}
}

function objects(generaliser: Generaliser, ...paths: string[]): string[] {
	return generaliser.generalise(stateOf(paths.map(read), []), facts).grants.map(({ object }) => object)
}

test('the others, restated', () => {
	const four = ['/srv/a', '/srv/b', '/srv/c', '/srv/d/e']
	assert.deepEqual(objects(exactUnion, ...four), four)
	assert.deepEqual(objects(childrenOver3, ...four), ['/srv/<all>'])
	assert.deepEqual(objects(childrenOver3, '/srv/a', '/srv/b', '/tmp/x'), ['/srv/a', '/srv/b', '/tmp/<all>'])
	assert.deepEqual(objects(parentDirectory, '/srv/a', '/srv/d/e'), ['/srv/<any>', '/srv/d/<any>'])
	const many = Array.from({ length: 51 }, (_, at) => `/srv/${at}/x`)
	assert.deepEqual(objects(childrenOver50, ...many), ['/srv/<any>/x'])
	assert.equal(objects(childrenOver50, ...many.map((path) => `/etc${path}`)).length, 51)
})

test('who may write a file may read it, not the other way round', () => {
	const judge = createJudge([grant('file-write', '/a'), grant('file-read', '/b')])
	assert.ok(judge.allowedBy('file-read', '/a', '') >= 0)
	assert.ok(judge.allowedBy('file-write', '/b', '') < 0)
})

test('directories, tokens, networks, port ranges, sources and denials', () => {
	const judge = createJudge([
		grant('file-read', '/d/<any>'),
		grant('file-read', '/r/<all>'),
		{ ...grant('file-read', '/r/secret'), effect: 'deny' },
		grant('file-read', '/tmp/php<random>'),
		{ ...grant('file-read', '/own'), sources: ['/usr/bin/app'] },
		grant('network', 'egress/tcp/8000-8010/cidr:10.0.0.0/24'),
		grant('network', '*.example.com')
	])
	const allowed = (path: string, source = '/x') => judge.allowedBy('file-read', path, source) >= 0
	assert.deepEqual(
		['/d/a', '/d/a/b', '/r/a/b', '/r/secret', '/tmp/phpA1b2C3', '/tmp/php', '/own'].map((path) =>
			allowed(path)
		),
		[true, false, true, false, true, false, false]
	)
	assert.ok(allowed('/own', '/usr/bin/app'))
	const network = (object: string) => judge.allowedBy('network', object, '') >= 0
	assert.ok(network('egress/tcp/8003/cidr:10.0.0.7/32'))
	assert.ok(!network('egress/tcp/8011/cidr:10.0.0.7/32'))
	assert.ok(!network('egress/tcp/8003/cidr:10.0.1.7/32'))
	assert.ok(network('a.example.com') && !network('a.b.example.com'))
})

test('stopping rules', () => {
	const at = (elapsedHours: number, quietHours: number) => ({ elapsedHours, quietHours, mature: false })
	assert.equal(quiet(48).stops(at(48, 48)), true)
	assert.equal(quiet(48).stops(at(200, 47)), false)
	assert.deepEqual(
		STOP_RULES.filter((rule) => rule.stops({ ...at(720, 0), mature: true })).map(({ name }) => name),
		['fixed 1 h', 'fixed 24 h', 'fixed 7 d', 'fixed 14 d', 'fixed 30 d', 'maturity']
	)
})

function grant(of: Grant['class'], object: string): Grant {
	return { class: of, object, sources: [], effect: 'allow' }
}
