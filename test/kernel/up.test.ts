import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { root, whittle } from '../cli/run-whittle.js'

/** The folder is root's alone (mkdtemp gives 0700): the service reaches its data through a mount of its own. */
const folder = mkdtempSync(join(tmpdir(), 'whittle-up-'))
const data = join(folder, 'data')
let up: ChildProcess
let said = ''

before(async () => {
	assert.equal(process.getuid?.(), 0, 'this suite runs as root')
	mkdirSync(data)
	up = spawn(join(root, 'bin', 'whittle'), ['--data', data, 'up', '--port', '0'], {
		stdio: ['ignore', 'pipe', 'pipe']
	})
	for (const stream of [up.stdout, up.stderr]) {
		stream?.setEncoding('utf8').on('data', (text: string) => {
			said += text
		})
	}
	await until(() => said.includes('Whittle is at http://127.0.0.1:'), 'the URL')
})

after(async () => {
	if (up.exitCode === null) {
		const ended = new Promise((done) => up.on('exit', done))
		up.kill('SIGTERM')
		await ended
	}
	rmSync(folder, { recursive: true, force: true })
})

test('of all processes only the sensor is root, and the service has no right at all', async () => {
	const family = descendants(up.pid ?? 0)
	const sensor = family.filter(({ command }) => command.includes('/native/sensor.js'))
	const service = family.filter(({ command }) => command.includes('main.js') && command.includes(' service '))
	assert.equal(sensor.length, 1, said)
	assert.equal(service.length, 1, said)
	assert.deepEqual(
		family.filter((one) => status(one.pid, 'Uid').includes(0)),
		sensor
	)
	for (const { pid } of service) {
		for (const name of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
			assert.deepEqual(status(pid, name), [0], name)
		assert.deepEqual(status(pid, 'NoNewPrivs'), [1])
		assert.deepEqual(status(pid, 'Groups'), [])
		assert.ok(status(pid, 'Gid').every((gid) => gid > 0))
	}
})

test('the data folder belongs to the service, and to nobody else', () => {
	const { uid, mode } = statSync(data)
	assert.ok(uid > 0)
	assert.equal(mode & 0o077, 0)
	for (const name of ['token', 'owner.json', 'default/whittle.db']) {
		const file = statSync(join(data, name))
		assert.equal(file.uid, uid, name)
		assert.equal(file.mode & 0o077, 0, name)
	}
})

test('the service lives in a mount namespace of its own where a folder stands in its way', () => {
	const service = descendants(up.pid ?? 0).find(({ command }) => command.includes(' service '))
	assert.ok(service !== undefined)
	const mounts = readFileSync(`/proc/${service.pid}/mounts`, 'utf8')
	assert.ok(mounts.includes(` ${data} `), 'the data folder is mounted at its own path')
	assert.ok(!readFileSync('/proc/self/mounts', 'utf8').includes(folder), 'and nowhere else')
})

test('the command line speaks to it, and a second Whittle is refused', async () => {
	const status = await whittle(['--data', data, 'status'])
	assert.equal(status.code, 0, status.stderr)
	assert.match(status.stdout, /^running$/m)
	const sources = await whittle(['--data', data, 'get', 'sources', '-o', 'json'])
	const { items } = z
		.object({ items: z.array(z.object({ name: z.string(), state: z.string() })) })
		.parse(JSON.parse(sources.stdout))
	assert.deepEqual(
		items.map(({ name, state }) => `${name} ${state}`),
		['kernel watching']
	)
	const probe = await whittle(['--data', data, 'probe', '-o', 'json'])
	assert.equal(z.object({ sensor: z.boolean() }).parse(JSON.parse(probe.stdout)).sensor, true)
	const second = await whittle(['--data', data, 'up', '--port', '0'])
	assert.equal(second.code, 5)
	assert.match(second.stderr, /Another Whittle \(process \d+\) already works on/)
	assert.equal(second.stderr.trimEnd().split('\n').length, 2)
	assert.equal((await whittle(['--data', data, 'replay', join(root, 'package.json')])).code, 5)
	assert.equal((await whittle(['--data', data, 'get', 'workloads', 'nobody'])).code, 3)
})

test('Whittle is in none of its own policies', async () => {
	await until(async () => {
		const { stdout } = await whittle(['--data', data, 'get', 'workloads', '-o', 'name'])
		return stdout !== ''
	}, 'a workload')
	const { stdout } = await whittle(['--data', data, 'export'])
	assert.ok(!stdout.includes(join(root, 'dist')), 'no file of its own')
	assert.ok(!stdout.includes(data), 'no file of its store')
})

test('told to stop it ends with 0, leaves no process and no owner, and the store is whole', async () => {
	const family = descendants(up.pid ?? 0)
	const ended = new Promise<number | null>((done) => up.on('exit', done))
	up.kill('SIGTERM')
	assert.equal(await ended, 0, said)
	await until(() => family.every(({ pid }) => !isAlive(pid)), 'the end of the sensor')
	assert.ok(!readdirSync(data).includes('owner.json'))
	const offline = await whittle(['--data', data, 'status'])
	assert.equal(offline.code, 0, offline.stderr)
	assert.match(offline.stdout, /not running here now/)
})

interface Process {
	pid: number
	command: string
}

/** The processes below `ancestor`, and itself. */
function descendants(ancestor: number): Process[] {
	const all = readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.flatMap((name) => {
			const stat = read(`/proc/${name}/stat`)
			if (stat === '') return []
			const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
			return [{ pid: Number(name), parent, command: read(`/proc/${name}/cmdline`).replaceAll('\0', ' ') }]
		})
	const found = new Set([ancestor])
	for (let before = 0; before !== found.size; ) {
		before = found.size
		for (const { pid, parent } of all) if (found.has(parent)) found.add(pid)
	}
	return all.filter(({ pid }) => found.has(pid)).map(({ pid, command }) => ({ pid, command }))
}

/** The numbers of a line of /proc/PID/status; capabilities are hexadecimal. */
function status(pid: number, name: string): number[] {
	const line = read(`/proc/${pid}/status`)
		.split('\n')
		.find((one) => one.startsWith(`${name}:`))
	assert.ok(line !== undefined, `${name} of ${pid}`)
	const words = line
		.slice(name.length + 1)
		.split(/\s+/)
		.filter((word) => word !== '')
	return words.map((word) => Number.parseInt(word, name.startsWith('Cap') ? 16 : 10))
}

function isAlive(pid: number): boolean {
	const stat = read(`/proc/${pid}/stat`)
	return stat !== '' && !stat.includes(') Z ')
}

/** A process may end while one looks; then there is nothing to read. */
function read(path: string): string {
	try {
		return readFileSync(path, 'utf8')
	} catch (error) {
		if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH'))
			return ''
		throw error
	}
}

/** Waits for something that others do; the limit is far beyond what it takes, so that a loaded machine passes. */
async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
	for (const startMs = Date.now(); Date.now() - startMs < 60_000; ) {
		if (await holds()) return
		await new Promise((wake) => setTimeout(wake, 100))
	}
	assert.fail(`waited a minute for ${what}; it said: ${said}`)
}
