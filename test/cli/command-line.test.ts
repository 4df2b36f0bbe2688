import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { exitCodes } from '../../cli/exit-codes.js'
import { nearest } from '../../cli/nearest.js'
import { parseReference } from '../../cli/reference.js'
import { verbs } from '../../cli/verbs.js'
import { root, scratch, whittle } from './run-whittle.js'

test('help lists every verb, on standard output, and every verb has help of its own', async () => {
	const all = await whittle(['--help'])
	assert.equal(all.code, 0)
	assert.equal(all.stderr, '')
	const shown = Object.entries(verbs).filter(([, { summary }]) => summary !== '')
	for (const [name] of shown) assert.match(all.stdout, new RegExp(`^  ${name} `, 'm'))
	for (const [name] of shown) {
		const one = await whittle(['help', name])
		assert.equal(one.code, 0, name)
		assert.match(one.stdout, new RegExp(`^Usage: whittle ${name} `), name)
		assert.equal((await whittle([name, '--help'])).stdout, one.stdout)
	}
})

test('help exit-codes prints the table that the program uses', async () => {
	const { code, stdout } = await whittle(['help', 'exit-codes'])
	assert.equal(code, 0)
	for (const entry of Object.values(exitCodes)) assert.ok(stdout.includes(`${entry.code}  ${entry.meaning}`))
})

test('a wrong command line ends with 2, says why on standard error, and suggests what was meant', async () => {
	const cases: [string[], RegExp][] = [
		[['gte', 'workloads'], /Did you mean get\?/],
		[['get', 'workload5'], /Did you mean "workloads?"\?/],
		[['get', 'workloads/a', 'b'], /Give one name/],
		[['get'], /missing required argument 'type'/],
		[['get', 'workloads', '-o', 'xml'], /Allowed choices are table, wide, name, json, ndjson, yaml/],
		[['get', 'workloads', '-l', 'shade'], /KEY=VALUE/],
		[['get', 'workloads', '--colour'], /Did you mean --color\?/],
		[['get', 'behaviours'], /Name it/],
		[['get', 'gaps', '-n', 'shop'], /does not apply/],
		[['describe', 'gap', 'x'], /Only workloads and policies/],
		[['apply', 'shop/Deployment/web', '--target', 'host'], /names no class/],
		[['apply', 'shop/Deployment/web/netwrok', '--target', 'host'], /web\/network/],
		[['apply', 'shop/Deployment/web/network'], /required option '--target/],
		[['apply', 'shop/Deployment/web/network', '--target', 'moon'], /Allowed choices/],
		[['approve', 'web/network@abc'], /eight/],
		[['reject', 'web/network'], /required option '--reason/],
		[['explain', 'web@0123456789'], /does not take/],
		[['completion', 'bsh'], /Did you mean "bash"\?/],
		[['help', 'exit-code'], /Did you mean "exit-codes"\?/],
		[['replay'], /missing required argument/],
		[['learn'], /command/],
		[['version', 'of', 'what'], /too many arguments/]
	]
	for (const [args, expected] of cases) {
		const { code, stdout, stderr } = await whittle(args)
		assert.equal(code, 2, `${args.join(' ')}: ${stderr}`)
		assert.equal(stdout, '', args.join(' '))
		assert.match(stderr, expected, args.join(' '))
	}
})

test('without a store: what is missing, why, how to fix it; for programs as a problem', async (t) => {
	const data = join(scratch(t), 'none')
	const people = await whittle(['get', 'workloads', '--data', data])
	assert.equal(people.code, 3)
	assert.match(people.stderr, /There is no store at .*whittle up/)
	const programs = await whittle(['get', 'workloads', '--data', data, '-o', 'json'])
	assert.equal(programs.code, 3)
	assert.equal(programs.stdout, '')
	const problem: unknown = JSON.parse(programs.stderr)
	assert.ok(typeof problem === 'object' && problem !== null)
	assert.deepEqual(
		Object.entries(problem).filter(([key]) => ['type', 'code', 'exitCode'].includes(key)),
		[
			['type', 'urn:whittle:problem:missing'],
			['code', 'missing'],
			['exitCode', 3]
		]
	)
	const environment = await whittle(['get', 'workloads'], { env: { WHITTLE_DATA: data } })
	assert.ok(environment.stderr.includes(data))
})

test('a store of somebody else and a newer one are refused and left as they are', async (t) => {
	const data = scratch(t)
	mkdirSync(join(data, 'default'))
	const path = join(data, 'default', 'whittle.db')
	writeFileSync(path, 'not a database, but the diary of somebody\n'.repeat(100))
	const before = readFileSync(path)
	const { code, stderr } = await whittle(['get', 'workloads', '--data', data])
	assert.equal(code, 5)
	assert.match(stderr, /is not a Whittle store, so it was left untouched/)
	assert.deepEqual(readFileSync(path), before)
})

test('version: the same everywhere, for people and programs', async () => {
	const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
	assert.ok(typeof manifest === 'object' && manifest !== null && 'version' in manifest)
	assert.equal((await whittle(['--version'])).stdout.trim(), manifest.version)
	const found: unknown = JSON.parse((await whittle(['version', '-o', 'json'])).stdout)
	assert.ok(typeof found === 'object' && found !== null && 'whittle' in found)
	assert.equal(found.whittle, manifest.version)
	assert.match(
		(await whittle(['version', '-o', 'yaml'])).stdout,
		new RegExp(`^whittle: ${manifest.version}$`, 'm')
	)
})

test('the launcher works from any directory and through symbolic links', async (t) => {
	const folder = scratch(t)
	mkdirSync(join(folder, 'a b'))
	symlinkSync(join(root, 'bin', 'whittle'), join(folder, 'a b', 'w'))
	symlinkSync(join('a b', 'w'), join(folder, 'again'))
	const direct = await whittle(['--version'])
	assert.equal(
		execFileSync(join(folder, 'again'), ['--version'], { cwd: '/', encoding: 'utf8' }),
		direct.stdout
	)
})

test('a reader that has seen enough is no failure', async () => {
	const child = spawn(join(root, 'bin', 'whittle'), ['completion', 'bash'], {
		stdio: ['ignore', 'pipe', 'pipe']
	})
	let stderr = ''
	child.stderr.setEncoding('utf8').on('data', (text: string) => {
		stderr += text
	})
	child.stdout.destroy()
	const code = await new Promise((resolve) => child.on('close', resolve))
	assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
})

test('output that cannot be written is one sentence and a code, with no stack', () => {
	const full = openSync('/dev/full', 'w')
	for (const args of [['--help'], ['version'], ['get', 'workloads', '--help'], ['completion', 'bash']]) {
		const { status, stderr } = spawnSync(join(root, 'bin', 'whittle'), args, {
			stdio: ['ignore', full, 'pipe'],
			encoding: 'utf8'
		})
		assert.equal(status, 7, args.join(' '))
		assert.match(
			stderr,
			/^whittle: [^\n]*no space left[^\n]*Free space and run it again\.\n$/,
			args.join(' ')
		)
	}
	const silent = spawnSync(join(root, 'bin', 'whittle'), ['--help'], { stdio: ['ignore', full, full] })
	assert.equal(silent.status, 7)
	closeSync(full)
})

test('completion scripts are sound, and complete verbs, types and topics', async () => {
	const bash = await whittle(['completion', 'bash'])
	execFileSync('bash', ['-n'], { input: bash.stdout })
	assert.match(bash.stdout, /complete .*-F _whittle whittle/)
	for (const shell of ['zsh', 'fish']) assert.equal((await whittle(['completion', shell])).code, 0)
	assert.deepEqual((await whittle(['__complete', '--', 'ex'])).stdout.split('\n'), ['explain', 'export', ''])
	assert.deepEqual((await whittle(['__complete', '--', 'get', 'vio'])).stdout.split('\n'), ['violations', ''])
	assert.deepEqual((await whittle(['__complete', '--', 'completion', ''])).stdout, 'bash\nzsh\nfish\n')
	// No store: no names, and no complaint in the middle of somebody's typing.
	const none = await whittle(['__complete', '--', 'get', 'workloads', ''], {
		env: { WHITTLE_DATA: '/nonexistent' }
	})
	assert.deepEqual(none, { code: 0, stdout: '', stderr: '' })
})

test('references are read from the right', () => {
	const read = (text: string) => parseReference(text, { rule: true, digest: true })
	const digest = `${'0123456789abcdef'.repeat(4)}`
	assert.deepEqual(read('nginx.service'), { workload: 'nginx.service' })
	assert.deepEqual(read('shop/Deployment/web/network'), { workload: 'shop/Deployment/web', class: 'network' })
	assert.deepEqual(read('shop/Deployment/web/file-read/12'), {
		workload: 'shop/Deployment/web',
		class: 'file-read',
		rule: 12
	})
	assert.deepEqual(read('host/n/12'), { workload: 'host/n/12' })
	assert.deepEqual(read('network'), { workload: 'network' })
	assert.deepEqual(read(`web/process@sha256:${digest}`), { workload: 'web', class: 'process', digest })
	assert.deepEqual(read('a@b.service/network@ABCDEF01'), {
		workload: 'a@b.service',
		class: 'network',
		digest: 'abcdef01'
	})
	assert.deepEqual(read('getty@tty1.service/process'), { workload: 'getty@tty1.service', class: 'process' })
})

test('the nearest word is near, or there is none', () => {
	assert.equal(nearest('wrokloads', ['workloads', 'policies']), 'workloads')
	assert.equal(nearest('POLICES', ['workloads', 'policies']), 'policies')
	assert.equal(nearest('zebra', ['workloads', 'policies']), undefined)
})
