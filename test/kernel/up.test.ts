import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { root, whittle } from '../cli/run-whittle.js'
import { assertWithoutRights, descendants, isAlive, status, until } from './processes.js'
import { type RunningUp, startUp } from './running-up.js'

let up: RunningUp

before(async () => {
	up = await startUp()
})
after(() => up.remove())

test('of all processes only the sensor is root, and the service has no right at all', async () => {
	const family = descendants(up.pid)
	const sensor = family.filter(({ command }) => command.includes('/native/sensor.js'))
	const service = family.filter(({ command }) => command.includes('main.js') && command.includes(' service '))
	assert.equal(sensor.length, 1, up.said())
	assert.equal(service.length, 1, up.said())
	assert.deepEqual(
		family.filter((one) => status(one.pid, 'Uid').includes(0)),
		sensor
	)
	for (const { pid } of service) assertWithoutRights(pid)
})

test('the data folder belongs to the service, and to nobody else', () => {
	const { uid, mode } = statSync(up.data)
	assert.ok(uid > 0)
	assert.equal(mode & 0o077, 0)
	for (const name of ['token', 'owner.json', 'default/whittle.db']) {
		const file = statSync(join(up.data, name))
		assert.equal(file.uid, uid, name)
		assert.equal(file.mode & 0o077, 0, name)
	}
})

test('the service lives in a mount namespace of its own where a folder stands in its way', () => {
	const service = descendants(up.pid).find(({ command }) => command.includes(' service '))
	assert.ok(service !== undefined)
	const mounts = readFileSync(`/proc/${service.pid}/mounts`, 'utf8')
	assert.ok(mounts.includes(` ${up.data} `), 'the data folder is mounted at its own path')
	assert.ok(!readFileSync('/proc/self/mounts', 'utf8').includes(up.folder), 'and nowhere else')
})

test('the command line speaks to it, and a second Whittle is refused', async () => {
	const status = await whittle(['--data', up.data, 'status'])
	assert.equal(status.code, 0, status.stderr)
	assert.match(status.stdout, /^running$/m)
	const sources = await whittle(['--data', up.data, 'get', 'sources', '-o', 'json'])
	const { items } = z
		.object({ items: z.array(z.object({ name: z.string(), state: z.string() })) })
		.parse(JSON.parse(sources.stdout))
	assert.deepEqual(
		items.map(({ name, state }) => `${name} ${state}`),
		['kernel watching']
	)
	const probe = await whittle(['--data', up.data, 'probe', '-o', 'json'])
	assert.equal(z.object({ sensor: z.boolean() }).parse(JSON.parse(probe.stdout)).sensor, true)
	const second = await whittle(['--data', up.data, 'up', '--port', '0'])
	assert.equal(second.code, 5)
	assert.match(second.stderr, /Another Whittle \(process \d+\) already works on/)
	assert.equal(second.stderr.trimEnd().split('\n').length, 2)
	assert.equal((await whittle(['--data', up.data, 'replay', join(root, 'package.json')])).code, 5)
	assert.equal((await whittle(['--data', up.data, 'get', 'workloads', 'nobody'])).code, 3)
})

test('Whittle is in none of its own policies', async () => {
	await until(
		async () => {
			const { stdout } = await whittle(['--data', up.data, 'get', 'workloads', '-o', 'name'])
			return stdout !== ''
		},
		'a workload',
		up.said
	)
	const { stdout } = await whittle(['--data', up.data, 'export'])
	assert.ok(!stdout.includes(join(root, 'dist')), 'no file of its own')
	assert.ok(!stdout.includes(up.data), 'no file of its store')
})

test('told to stop it ends with 0, leaves no process and no owner, and the store is whole', async () => {
	const family = descendants(up.pid)
	assert.equal(await up.stop(), 0, up.said())
	await until(() => family.every(({ pid }) => !isAlive(pid)), 'the end of the sensor', up.said)
	assert.ok(!readdirSync(up.data).includes('owner.json'))
	const offline = await whittle(['--data', up.data, 'status'])
	assert.equal(offline.code, 0, offline.stderr)
	assert.match(offline.stdout, /not running here now/)
})
