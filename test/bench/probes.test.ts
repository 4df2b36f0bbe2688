import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { globOf } from '../../bench/learning/glob.js'
import { loadImage } from '../../bench/learning/image.js'
import { type BlockRule, expandRule, MAIN_PROGRAMS, readBlockRules } from '../../bench/learning/probes.js'

const nginx = loadImage('nginx')

function expand(rule: Partial<BlockRule>) {
	const whole: BlockRule = {
		...{
			class: 'file',
			form: 'path',
			object: '/',
			recursive: false,
			readOnly: false,
			fromSource: [],
			template: ''
		},
		...rule
	}
	return expandRule(whole, nginx, MAIN_PROGRAMS.nginx)
}

const texts = (rule: Partial<BlockRule>) =>
	expand(rule).probes.map(
		({ verb, object, source, standing }) => `${standing} ${verb} ${object} by ${source}`
	)

test('every rule of the library is in the list, in its order', () => {
	const rules = readBlockRules()
	const listed: unknown = JSON.parse(
		readFileSync(new URL('../../bench/learning/probes.json', import.meta.url), 'utf8')
	)
	assert.equal(rules.length, 1004)
	assert.ok(Array.isArray(listed))
	assert.deepEqual(
		listed.map((one: { object: string }) => one.object),
		rules.map((rule) => rule.object)
	)
})

test('a path is read and written where it is, followed as the kernel follows it', () => {
	const by = 'by /usr/sbin/nginx'
	assert.deepEqual(texts({ object: '/etc/shadow' }), [
		`own read /etc/shadow ${by}`,
		`own write /etc/shadow ${by}`
	])
	assert.deepEqual(texts({ object: '/etc/shadow', readOnly: true }), [`own write /etc/shadow ${by}`])
	assert.deepEqual(texts({ class: 'process', object: '/bin/sh' }), [`own exec /usr/bin/dash ${by}`])
	assert.deepEqual(texts({ class: 'process', object: '/tmp/kdevtmpfsi' }), [
		`created exec /tmp/kdevtmpfsi ${by}`
	])
	assert.equal(expand({ object: '/var/lib/grafana/grafana.db' }).reason, 'no such directory')
})

test('a directory is the files in it; with recursive, all below it', () => {
	const direct = texts({ form: 'dir', object: '/etc/nginx/' })
	assert.ok(direct.includes('own read /etc/nginx/nginx.conf by /usr/sbin/nginx'))
	assert.ok(!direct.some((text) => text.includes('/etc/nginx/snippets/')))
	assert.ok(
		texts({ form: 'dir', object: '/etc/nginx/', recursive: true }).some((text) => text.includes('/snippets/'))
	)
})

test('a rule from a source that is not there is no probe', () => {
	assert.equal(expand({ object: '/etc/shadow', fromSource: ['/usr/bin/mvn'] }).reason, 'no such source')
	assert.deepEqual(texts({ object: '/etc/shadow', readOnly: true, fromSource: ['/bin/cat'] }), [
		'own write /etc/shadow by /usr/bin/cat'
	])
})

test('patterns: one star stays in its segment, two do not', () => {
	assert.ok(globOf('/home/*/.bashrc').test('/home/a/.bashrc'))
	assert.ok(!globOf('/home/*/.bashrc').test('/home/a/b/.bashrc'))
	assert.ok(globOf('/**/.env').test('/.env'))
	assert.ok(globOf('/**/**/owncloud/config').test('/srv/owncloud/config'))
	assert.ok(!globOf('/**/.env').test('/srv/x.env'))
})
