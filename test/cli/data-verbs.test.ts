import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { type Ended, scratch, whittle } from './run-whittle.js'

/** KubeArmor's own JSON lines: a web server that reads its configuration and calls a database. */
function recording(): string {
	const line = (operation: string, fields: object, minute: number) =>
		JSON.stringify({
			UpdatedTime: `2025-06-01T10:${String(minute).padStart(2, '0')}:00.000000Z`,
			ClusterName: 'default',
			HostName: 'node-a',
			NamespaceName: 'shop',
			Owner: { Ref: 'Deployment', Name: 'web', Namespace: 'shop' },
			PodName: 'web-7c9f6d5b8-k2w8r',
			Labels: 'app=web',
			ContainerID: '4ed123f1ad175351a8a3d2ff21294c31e5fafaa1a1a3fda692699f9c3a3f3e0e',
			ContainerName: 'web',
			ContainerImage: `docker.io/library/nginx:1.27@sha256:${'ab'.repeat(32)}`,
			ParentProcessName: '/usr/bin/containerd-shim-runc-v2',
			ProcessName: '/usr/sbin/nginx',
			HostPPID: 26039,
			HostPID: 26040,
			PPID: 0,
			PID: 1,
			UID: 0,
			Type: 'ContainerLog',
			Source: '/usr/sbin/nginx -g daemon off;',
			Operation: operation,
			Result: 'Passed',
			Cwd: '/',
			...fields
		})
	return [
		line(
			'Process',
			{
				Source: '/usr/bin/containerd-shim-runc-v2',
				Resource: '/usr/sbin/nginx -g daemon off;',
				Data: 'syscall=SYS_EXECVE'
			},
			0
		),
		line(
			'File',
			{ Resource: '/etc/nginx/nginx.conf', Data: 'syscall=SYS_OPENAT fd=-100 flags=O_RDONLY|O_CLOEXEC' },
			1
		),
		line(
			'File',
			{
				Resource: '/var/log/nginx/\u202egol.ssecca',
				Data: 'syscall=SYS_OPENAT fd=-100 flags=O_WRONLY|O_CREAT'
			},
			2
		),
		'{ this is not JSON',
		line(
			'Network',
			{ Resource: 'sin_port=5432 sin_addr=10.43.0.9 sa_family=AF_INET', Data: 'syscall=SYS_CONNECT fd=18' },
			3
		)
	].join('\n')
}

/** The pod itself, without whose labels no policy could select it. */
function inventory(): string {
	const empty = {
		labels: {},
		addresses: [],
		owner: null,
		node: '',
		hostNetwork: false,
		containers: [],
		selector: null,
		ports: [],
		schedule: null
	}
	const item = (kind: string, name: string, fields: object) => ({
		inventory: {
			...empty,
			cluster: 'default',
			kind,
			namespace: 'shop',
			name,
			uid: `${kind}-1`,
			from: '2025-06-01T09:00:00.000Z',
			to: null,
			...fields
		}
	})
	return [
		item('Deployment', 'web', { selector: { app: 'web' } }),
		item('ReplicaSet', 'web-7c9f6d5b8', { owner: { kind: 'Deployment', name: 'web' } }),
		item('Pod', 'web-7c9f6d5b8-k2w8r', {
			labels: { app: 'web', 'pod-template-hash': '7c9f6d5b8' },
			owner: { kind: 'ReplicaSet', name: 'web-7c9f6d5b8' },
			addresses: ['10.42.0.7'],
			node: 'node-a',
			containers: [
				{
					name: 'web',
					image: `docker.io/library/nginx:1.27@sha256:${'ab'.repeat(32)}`,
					id: '4ed123f1ad175351a8a3d2ff21294c31e5fafaa1a1a3fda692699f9c3a3f3e0e',
					init: false,
					ephemeral: false
				}
			]
		})
	]
		.map((line) => JSON.stringify(line))
		.join('\n')
}

const NAME = 'shop/Deployment/web/web'
const POD = 'shop/Deployment/web'
const list = z.object({ kind: z.string(), items: z.array(z.record(z.string(), z.unknown())) })
const folder = scratch({ after })
const data = join(folder, 'data')

before(async () => {
	writeFileSync(join(folder, 'web-inventory.jsonl'), inventory())
	assert.match((await run('replay', join(folder, 'web-inventory.jsonl'))).stdout, /3 stored/)
	writeFileSync(join(folder, 'web-kubearmor.jsonl'), recording())
	const { code, stdout, stderr } = await run('replay', join(folder, 'web-kubearmor.jsonl'))
	assert.equal(code, 0, stderr)
	assert.match(stdout, /^5 lines of 1 files: 4 stored, 0 stored before, 0 of no use, 1 refused$/m)
	assert.match(stderr, /web-kubearmor\.jsonl:4: /, 'the broken line is told with its place')
	assert.ok(!stderr.includes('this is not JSON'), 'and without its content')
})

function run(...args: string[]): Promise<Ended> {
	return whittle(['--data', data, ...args])
}

test('replaying the same file again, or through standard input, changes nothing', async () => {
	const again = await run('replay', join(folder, 'web-kubearmor.jsonl'), '-o', 'json')
	const totals = z
		.object({ appliedCount: z.number(), duplicateCount: z.number() })
		.parse(JSON.parse(again.stdout))
	assert.deepEqual(totals, { appliedCount: 0, duplicateCount: 4 })
	const piped = await whittle(['--data', data, 'replay', '-'], { input: recording() })
	assert.match(piped.stdout, /0 stored, 4 stored before/)
	assert.equal((await run('replay', join(folder, 'not-there.jsonl'))).code, 3)
})

test('get: the same workloads as a table, as names, as JSON, as JSON lines and as YAML', async () => {
	const people = await run('get', 'workloads')
	assert.equal(people.stderr, '')
	assert.match(people.stdout, /^NAME +PROCESS +FILE-READ .*\nshop\/Deployment\/web\/web +proposed +proposed /)
	assert.ok(!/ \n/.test(people.stdout) && !people.stdout.includes('\u001b'))
	assert.equal((await run('get', 'wl', '--no-headers', '-o', 'wide')).stdout.split('\n').length, 2)
	assert.equal((await run('get', 'workloads', '-o', 'name')).stdout, `workload/${NAME}\n`)
	const json = list.parse(JSON.parse((await run('get', 'workloads', '-o', 'json')).stdout))
	assert.equal(json.kind, 'WorkloadList')
	const lines = (await run('get', 'workloads', '-o', 'ndjson')).stdout.trimEnd().split('\n')
	assert.deepEqual(
		lines.map((line) => JSON.parse(line)),
		json.items
	)
	const { load } = await import('js-yaml')
	assert.deepEqual(load((await run('get', 'workloads', '-o', 'yaml')).stdout), json)
	for (const form of [
		['get', 'workload', NAME],
		['get', `workload/${NAME}`],
		['get', 'workloads', 'web']
	]) {
		assert.equal((await run(...form, '-o', 'name')).stdout, `workload/${NAME}\n`)
	}
})

test('colours only where they are wanted', async () => {
	const coloured = (env: Record<string, string>, ...args: string[]) =>
		whittle(['--data', data, 'get', 'behaviours', NAME, ...args], { env }).then(({ stdout }) =>
			stdout.includes('\u001b[')
		)
	await run('get', 'behaviours', NAME)
	assert.equal(await coloured({}), false)
	assert.equal(await coloured({ NO_COLOR: '1', FORCE_COLOR: '1' }), false)
	const forced = await whittle(['--data', data, 'get', 'policies', '--color', 'always'], {
		env: { NO_COLOR: '1' }
	})
	assert.ok(forced.stdout.includes('\u001b['))
})

test('filters narrow, and what cannot be asked for is said', async () => {
	assert.equal(
		(await run('get', 'policies', '-l', 'class=process', '-o', 'name')).stdout,
		`policy/${NAME}/process\n`
	)
	assert.equal((await run('get', 'workloads', '-n', 'shop', '-o', 'name')).stdout, `workload/${NAME}\n`)
	const none = await run('get', 'workloads', '-n', 'elsewhere')
	assert.deepEqual([none.code, none.stdout], [0, ''])
	assert.match(none.stderr, /No workloads/)
	const unknown = await run('get', 'workloads', '-l', 'shade=blue')
	assert.equal(unknown.code, 2)
	assert.match(unknown.stderr, /no "shade".*\n.*namespace/)
	assert.equal((await run('get', 'workloads', '-l', 'class=blue')).code, 2)
})

test('what does not exist ends with 3', async () => {
	for (const args of [
		['get', 'workloads', 'nobody'],
		['describe', 'workload', 'nobody'],
		['describe', 'policy', `${NAME}/privilege`],
		['explain', 'nobody/network'],
		['approve', 'nobody/network']
	]) {
		const { code, stdout, stderr } = await run(...args)
		assert.equal(code, 3, `${args.join(' ')}: ${stderr}`)
		assert.equal(stdout, '')
	}
})

test('hostile names reach a terminal as what they are', async () => {
	for (const args of [
		['get', 'behaviours', NAME],
		['get', 'behaviours', NAME, '-o', 'json'],
		['get', 'behaviours', NAME, '-o', 'yaml'],
		['describe', 'policy', `${NAME}/file-write`],
		['explain', `${NAME}/file-write/0`],
		['export', NAME]
	]) {
		const { stdout, stderr } = await run(...args)
		assert.ok(!/[\u202a-\u202e\u2066-\u2069]/.test(stdout + stderr), args.join(' '))
	}
})

test('describe and explain: the rules, and what each rests on', async () => {
	const policy = await run('describe', 'policy', `${NAME}/file-read`)
	assert.match(policy.stdout, /^Digest: +sha256:[0-9a-f]{64}$/m)
	assert.match(policy.stdout, /allow +read +\d+ +\/etc\/nginx\/nginx\.conf/)
	const workload = await run('describe', 'workload', NAME, '-o', 'json')
	assert.equal(z.object({ displayName: z.string() }).parse(JSON.parse(workload.stdout)).displayName, NAME)
	const why = await run('explain', `${NAME}/file-read/0`)
	assert.match(why.stdout, /nginx\.conf/)
})

test('approve holds for one digest; a stale one is a conflict; dry runs do nothing', async () => {
	const shown = await run('describe', 'policy', `${POD}/network`, '-o', 'json')
	const { digest } = z.object({ digest: z.string() }).parse(JSON.parse(shown.stdout))
	const dry = await run('approve', `${POD}/network`, '--dry-run')
	assert.match(dry.stdout, /would be approved/)
	assert.equal((await run('history')).stdout, '')
	const stale = await run('approve', `${POD}/network@0123456789abcdef`)
	assert.equal(stale.code, 5)
	const early = await run('apply', `${POD}/network`, '--target', 'directory', '--yes')
	assert.ok(early.code === 4 || early.code === 5, `nothing was approved yet: ${early.code} ${early.stderr}`)
	const short = digest.slice('sha256:'.length).slice(0, 12)
	const approved = await run('approve', `${POD}/network@${short}`, '--reason', 'read it')
	assert.equal(approved.code, 0, approved.stderr)
	assert.ok(approved.stdout.includes(digest))
	assert.match((await run('history')).stdout, /approved .* read it$/m)
})

test('apply shows its plan, asks, writes, and rollback takes it away again', async () => {
	const where = join(data, 'manifests', 'shop')
	const dry = await run('apply', `${POD}/network`, '--target', 'directory', '--dry-run')
	assert.equal(dry.code, 0, dry.stderr)
	assert.match(dry.stdout, /^target directory\n {2}write shop\//)
	assert.ok(!existsSync(where))
	const alone = await run('apply', `${POD}/network`, '--target', 'directory')
	assert.equal(alone.code, 2)
	assert.match(alone.stderr, /--yes/)
	assert.ok(!existsSync(where))
	const applied = await run('apply', `${POD}/network`, '--target', 'directory', '--yes')
	assert.equal(applied.code, 0, applied.stderr)
	assert.match(applied.stdout, /directory: applied$/m)
	assert.match(applied.stderr, /unproven/)
	assert.ok(readdirSync(where).length > 0)
	assert.match((await run('get', 'changes')).stdout, /apply directory +applied/)
	const back = await run('rollback', `${POD}/network`, '--yes')
	assert.equal(back.code, 0, back.stderr)
	assert.deepEqual(existsSync(where) ? readdirSync(where) : [], [])
	assert.equal((await run('rollback', `${POD}/network`, '--yes')).code, 5)
})

test('the host target without a sensor says so, and nothing is written down as done', async () => {
	const { code, stderr } = await run('apply', `${POD}/network`, '--target', 'host', '--yes')
	assert.ok(code === 4 || code === 7, `${code}: ${stderr}`)
	assert.ok(!(await run('get', 'changes')).stdout.includes('host'))
})

test('export: whole YAML documents, the same bytes every time, in files of their own', async () => {
	const { loadAll } = await import('js-yaml')
	const first = await run('export')
	assert.equal(first.code, 0, first.stderr)
	assert.equal((await run('export')).stdout, first.stdout)
	const documents = z
		.array(z.object({ kind: z.string(), metadata: z.object({ name: z.string() }) }))
		.parse(loadAll(first.stdout))
	assert.ok(documents.some(({ kind }) => kind === 'KubeArmorPolicy'))
	assert.ok(documents.some(({ kind }) => kind === 'NetworkPolicy'))
	const out = join(folder, 'out')
	assert.equal((await run('export', '--out', out)).stdout, '')
	const files = readdirSync(join(out, 'shop')).sort()
	assert.equal(files.length, documents.length)
	const texts = files.map((name) => readFileSync(join(out, 'shop', name), 'utf8'))
	assert.deepEqual(
		new Set(texts.map((text) => text.trim())),
		new Set(
			first.stdout
				.split('---\n')
				.map((text) => text.trim())
				.filter(Boolean)
		)
	)
	const only = await run('export', '--language', 'network-policy')
	assert.ok(!only.stdout.includes('KubeArmorPolicy'))
	const unknown = await run('export', '--language', 'kubeamor')
	assert.equal(unknown.code, 2)
	assert.match(unknown.stderr, /kubearmor/)
})

test('status and completion know what is in the store', async () => {
	const status = await run('status', '-o', 'json')
	assert.equal(z.object({ workloadCount: z.number() }).parse(JSON.parse(status.stdout)).workloadCount, 1)
	assert.match((await run('status')).stdout, /not running here now/)
	assert.equal((await run('__complete', '--', 'describe', 'workload', 'shop/')).stdout, `${NAME}\n`)
	const policies = (await run('__complete', '--', 'approve', '')).stdout.trimEnd().split('\n')
	assert.ok(policies.includes(`${NAME}/process`) && policies.includes(`${POD}/network`))
})
