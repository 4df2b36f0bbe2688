import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Class, InventoryItem, Verb } from '../../collector/observation.js'
import { placeOf } from '../../discovery/access.js'
import { policyOf } from '../../discovery/digest.js'
import { ENTRY_BUDGET } from '../../discovery/languages/kubearmor/limits.js'
import { entryCount } from '../../discovery/languages/kubearmor/rule-map.js'
import { kubearmor } from '../../discovery/languages/kubearmor/kubearmor.js'
import type { Access, Context } from '../../discovery/languages/language.js'
import type { Policy, Rule } from '../../discovery/policy.js'
import { renderWorkload } from '../../discovery/selfcheck.js'
import { item, pod, replicaSet } from './sighted.js'

const NGINX = '/usr/sbin/nginx'
const WORKLOAD = 'east/shop/Deployment/web/web'

test('each class that can be approved alone is a manifest of its own', () => {
	const { manifests, notes } = rendered([
		policy('process', [allow('exec', NGINX)]),
		policy('file-read', [allow('read', NGINX), allow('read', '/etc/hosts', [NGINX])]),
		policy('file-write', [allow('write', '/var/log/a', [NGINX])]),
		policy('privilege', [allow('capability', 'CAP_NET_BIND_SERVICE', [NGINX])])
	])
	assert.deepEqual(refusals(notes), [])
	assert.deepEqual(
		manifests.map((manifest) => Object.keys(spec(manifest.object)).slice(4, -1)),
		[['process'], ['file'], ['capabilities']]
	)
	assert.deepEqual(spec(manifests[1]?.object).file, {
		matchPaths: [
			{ path: '/etc/hosts', readOnly: true, fromSource: [{ path: NGINX }] },
			{ path: NGINX, readOnly: true },
			{ path: '/var/log/a', fromSource: [{ path: NGINX }] }
		]
	})
	assert.deepEqual(spec(manifests[0]?.object).selector, { matchLabels: { app: 'web' } })
	assert.match(manifests[0]?.name ?? '', /^whittle-web-web-process-[0-9a-f]{10}$/)
})

test('in a pod of several containers the policy is narrowed to its own, as KubeArmor reads it (DE 18)', () => {
	const inventory = cluster([withSidecar])
	const { manifests } = rendered([policy('process', [allow('exec', NGINX)])], inventory)
	const [manifest] = manifests
	assert.deepEqual(spec(manifest?.object).selector, {
		matchLabels: { app: 'web', 'kubearmor.io/container.name': '[web]' }
	})
	const run = (container: string) => judge([manifest?.object], 'exec', '/bin/sh', '', { container })
	assert.equal(run('web'), 'block')
	assert.equal(run('proxy'), 'allow')
})

test('KubeArmor cuts the first and last character of the container name', () => {
	const narrowed = (value: string) => kubeArmorPolicy(WHITELIST, { 'kubearmor.io/container.name': value })
	const isHeld = (value: string, container: string) =>
		judge([narrowed(value)], 'exec', '/bin/sh', '', { container }) === 'block'
	assert.equal(isHeld('nginx', 'nginx'), false)
	assert.equal(isHeld('nginx', 'gin'), true)
	assert.equal(isHeld('[nginx]', 'nginx'), true)
	assert.equal(isHeld('[a, nginx]', 'nginx'), true)
	assert.equal(isHeld('[]', 'nginx'), true, 'two characters narrow nothing')
})

const WHITELIST = { process: { matchPaths: [{ path: NGINX }] } }

test('the first Allow rule closes its own class and no other', () => {
	const { manifests } = rendered([policy('process', [allow('exec', NGINX)])])
	const objects = manifests.map((manifest) => manifest.object)
	assert.equal(judge(objects, 'exec', '/bin/sh'), 'block')
	assert.equal(judge(objects, 'read', '/etc/shadow'), 'allow')
	assert.equal(judge(objects, 'connect', 'egress/tcp/80/203.0.113.1'), 'allow')
	const audit = { posture: { file: 'audit', network: 'block', capabilities: 'block' } } as const
	assert.equal(judge(objects, 'exec', '/bin/sh', '', audit), 'audit')
})

test('exec opens the program, so a file whitelist without it keeps it from running', () => {
	const files = kubeArmorPolicy({ file: { matchPaths: [{ path: '/etc/hosts', readOnly: true }] } })
	assert.equal(judge([files], 'exec', NGINX), 'block')
})

test('exact before directory, a named source before any, and deny on the key itself', () => {
	const manifest = kubeArmorPolicy({
		file: {
			matchPaths: [
				{ path: '/data/log', fromSource: [{ path: '/bin/w' }] },
				{ path: '/proc/1/environ', action: 'Block' }
			],
			matchDirectories: [
				{ dir: '/data/', recursive: true, readOnly: true },
				{ dir: '/proc/', recursive: true, readOnly: true }
			]
		}
	})
	assert.equal(judge([manifest], 'write', '/data/log', '/bin/w'), 'allow')
	assert.equal(judge([manifest], 'write', '/data/log', '/bin/x'), 'block')
	assert.equal(judge([manifest], 'read', '/data/x/y', '/bin/x'), 'allow')
	assert.equal(judge([manifest], 'read', '/proc/77/stat', '/bin/x'), 'allow')
	assert.equal(judge([manifest], 'read', '/proc/1/environ', '/bin/x'), 'block')
	assert.equal(
		judge([manifest], 'delete', '/data/x', '/bin/x'),
		'allow',
		'path hooks do not look at readOnly'
	)
	assert.equal(judge([manifest], 'chown', '/etc/shadow', '/bin/x'), 'allow', 'chown has no hook')
})

test('patterns are ignored under BPF-LSM, so what only they allow is denied (KA 1592, 1900)', () => {
	const manifest = kubeArmorPolicy({
		file: { matchPaths: [{ path: '/a' }], matchPatterns: [{ pattern: '/var/**' }] }
	})
	assert.equal(judge([manifest], 'read', '/var/log/x'), 'block')
	assert.deepEqual(
		kubearmor.validate(manifest).map((note) => note.code),
		['kubearmor.pattern']
	)
})

test('a directory that is not recursive covers its own files only; one beyond 64 bytes covers nothing', () => {
	const long = `/${'d'.repeat(70)}/`
	const manifest = kubeArmorPolicy({
		file: {
			matchDirectories: [
				{ dir: '/a/b/', readOnly: true },
				{ dir: long, recursive: true }
			]
		}
	})
	assert.equal(judge([manifest], 'read', '/a/b/c'), 'allow')
	assert.equal(judge([manifest], 'read', '/a/b/c/d'), 'block')
	assert.equal(judge([manifest], 'read', `${long}x`), 'block')
	assert.deepEqual(
		kubearmor.validate(manifest).map((note) => note.code),
		['kubearmor.directory']
	)
})

test('a directory before those below it loses its flags to their hints, so ours come deepest first', () => {
	const below = { dir: '/tmp/x/', recursive: true }
	const above = { dir: '/', recursive: true, readOnly: true }
	const wrong = kubeArmorPolicy({ file: { matchDirectories: [above, below] } })
	const right = kubeArmorPolicy({ file: { matchDirectories: [below, above] } })
	assert.equal(judge([wrong], 'write', '/etc/passwd'), 'allow', 'the hint of /tmp/x/ made / writable')
	assert.equal(judge([right], 'write', '/etc/passwd'), 'block')
	const { manifests } = rendered([policy('file-write', [allow('create', '/tmp/x/<any>', [NGINX])])])
	const file = spec(manifests[0]?.object).file as { matchDirectories: { dir: string }[] }
	assert.deepEqual(
		file.matchDirectories.map((rule) => rule.dir),
		['/tmp/x/', '/']
	)
	assert.equal(judge([manifests[0]?.object], 'write', '/etc/passwd'), 'block')
	assert.equal(judge([manifests[0]?.object], 'create', '/tmp/x/new', NGINX), 'allow')
	assert.equal(judge([manifests[0]?.object], 'read', '/etc/shadow'), 'allow', 'file-read is not carried here')
})

test('file-read alone is refused: the one whitelist would deny writes that nobody approved', () => {
	const read = policy('file-read', [allow('read', '/etc/hosts')])
	assert.deepEqual(refusals(rendered([read]).notes), ['kubearmor.read-alone'])
	const both = rendered([read, policy('file-write', [])])
	assert.equal(both.manifests.length, 1)
})

test('process ids become a read-only /proc with its dangerous files denied; writing there is refused', () => {
	const read = policy('file-read', [allow('read', '/proc/<pid>/stat', [NGINX])])
	const { manifests, notes } = rendered([read, policy('file-write', [])])
	const objects = manifests.map((manifest) => manifest.object)
	assert.equal(judge(objects, 'read', '/proc/77/stat', NGINX), 'allow')
	assert.equal(judge(objects, 'write', '/proc/77/mem', NGINX), 'block')
	for (const path of [
		'/proc/1/environ',
		'/proc/1/mem',
		'/proc/kcore',
		'/proc/kallsyms',
		'/proc/sysrq-trigger'
	]) {
		assert.equal(judge(objects, 'read', path, NGINX), 'block', path)
	}
	assert.ok(notes.some((note) => note.code === 'kubearmor.proc' && note.severity === 'warning'))
	const write = policy('file-write', [allow('write', '/proc/<pid>/oom_score_adj', [NGINX])])
	assert.deepEqual(refusals(rendered([read, write]).notes), ['kubearmor.proc-write'])
})

test('what the enforcer cannot match is refused with the reason, never written', () => {
	const cases: [object: string, code: string][] = [
		[`/${'a'.repeat(220)}`, 'kubearmor.path'],
		[`/${'a/'.repeat(20)}b`, 'kubearmor.path'],
		['/data/\\x1b[31m', 'kubearmor.bytes'],
		[`/${'d'.repeat(70)}/<any>`, 'kubearmor.directory'],
		['/var/lib/<container>/x', 'kubearmor.directory']
	]
	for (const [object, code] of cases) {
		const result = rendered([policy('file-read', [allow('read', object)]), policy('file-write', [])])
		assert.deepEqual([result.manifests.length, ...refusals(result.notes)], [0, code], object)
	}
	const exec = rendered([policy('process', [allow('exec', '/run/<container>/x')])])
	assert.deepEqual([exec.manifests.length, ...refusals(exec.notes)], [0, 'kubearmor.path'])
})

test('an escaped backslash and less-than are carried as themselves', () => {
	const rules = [allow('read', '/data/a\\\\b'), allow('read', '/data/\\x3cx>')]
	const { manifests } = rendered([policy('file-read', rules), policy('file-write', [])])
	const file = spec(manifests[0]?.object).file as { matchPaths: { path: string }[] }
	assert.deepEqual(
		file.matchPaths.map((rule) => rule.path),
		['/data/<x>', '/data/a\\b']
	)
})

test('over budget, shared paths lose their sources first; what then still is too much is refused', () => {
	const sources = ['/bin/a', '/bin/b', '/bin/c', '/bin/d']
	const many = Array.from({ length: 100 }, (_, i) =>
		allow('read', `/usr/lib/l${String(i).padStart(3, '0')}.so`, sources)
	)
	const secret = allow('read', '/run/secrets/db', ['/bin/a', '/bin/b'])
	const fitted = rendered([policy('file-read', [...many, secret]), policy('file-write', [])])
	assert.deepEqual(refusals(fitted.notes), [])
	assert.ok(fitted.notes.some((note) => note.code === 'kubearmor.opened'))
	const fittedSpec = spec(fitted.manifests[0]?.object)
	assert.ok(entryCount([{ name: '', spec: fittedSpec, isHost: false }]) <= ENTRY_BUDGET)
	const file = fittedSpec.file as { matchPaths: { path: string; fromSource?: unknown[] }[] }
	assert.equal(file.matchPaths.find((rule) => rule.path === '/run/secrets/db')?.fromSource?.length, 2)
	const tooMany = Array.from({ length: 300 }, (_, i) => allow('read', `/usr/lib/l${i}.so`, ['/bin/a']))
	const refused = rendered([
		policy('process', [allow('exec', NGINX)]),
		policy('file-read', tooMany),
		policy('file-write', [])
	])
	assert.deepEqual(refusals(refused.notes), ['kubearmor.budget'])
	assert.equal(refused.manifests.length, 1, 'the process group still fits')
})

test('a program that acted and was never seen to start would be kept from starting: refused', () => {
	const process = policy('process', [allow('exec', '/bin/ls', [NGINX])])
	const write = policy('file-write', [allow('write', '/var/log/a', [NGINX])])
	assert.deepEqual(refusals(rendered([process, write]).notes), ['kubearmor.entry-point'])
})

test('sockets: unix streams count as TCP, datagrams as UDP, and names stand for UDP', () => {
	const network = policy('network', [allow('connect', 'egress/unix/0//run/db.sock', [NGINX])])
	const { manifests, notes } = rendered([network])
	const objects = manifests.map((manifest) => manifest.object)
	assert.equal(judge(objects, 'connect', 'egress/unix/0//run/db.sock', NGINX), 'allow')
	assert.equal(judge(objects, 'connect', 'egress/unix/0//dev/log', NGINX), 'block')
	assert.equal(judge(objects, 'send', 'egress/udp/53/10.0.0.1', NGINX), 'block')
	assert.ok(notes.some((note) => note.code === 'kubearmor.unix-socket'))
	const dns = rendered([policy('network', [allow('resolve', 'example.com', [NGINX])])])
	assert.equal(judge([dns.manifests[0]?.object], 'send', 'egress/udp/53/10.0.0.1', NGINX), 'allow')
	const ping6 = rendered([policy('network', [allow('send', 'egress/icmpv6/0/any', [NGINX])])])
	assert.deepEqual(refusals(ping6.notes), ['kubearmor.protocol'])
})

test('a raw socket that is needed is listed with the network, else that whitelist would deny it', () => {
	const privilege = policy('privilege', [allow('raw-socket', 'AF_INET/icmp', [NGINX])])
	const network = policy('network', [allow('connect', 'egress/tcp/80/any', [NGINX])])
	const { manifests, notes } = rendered([network, privilege])
	assert.deepEqual(
		(spec(manifests[0]?.object).network as { matchProtocols: { protocol: string }[] }).matchProtocols.map(
			(rule) => rule.protocol
		),
		['icmp', 'tcp']
	)
	assert.equal(judge([manifests[0]?.object], 'raw-socket', 'AF_INET/icmp', NGINX), 'allow')
	assert.equal(judge([manifests[0]?.object], 'raw-socket', 'AF_PACKET/0x0003', NGINX), 'block')
	assert.ok(notes.some((note) => note.code === 'kubearmor.privilege'))
})

test('capabilities that the CRD does not know are refused; ptrace is said not to be held', () => {
	assert.deepEqual(refusals(rendered([policy('privilege', [allow('capability', 'CAP_BPF')])]).notes), [
		'kubearmor.capability'
	])
	const ptrace = rendered([policy('privilege', [allow('ptrace', 'attach')])])
	assert.equal(ptrace.manifests.length, 0)
	assert.match(ptrace.notes[0]?.text ?? '', /cannot hold ptrace/)
})

test('a host policy names its node and always its programs; without them it is refused', () => {
	const host = 'host/n1/nginx.service'
	const { manifests, notes } = renderWorkload(
		[
			policy('process', [allow('exec', NGINX, ['/usr/lib/systemd/systemd']), allow('exec', '/bin/sh')], host),
			policy(
				'file-read',
				[allow('read', NGINX), allow('read', '/bin/sh'), allow('read', '/etc/hosts', [NGINX])],
				host
			),
			policy('file-write', [], host),
			policy('network', [allow('accept', 'ingress/tcp/80/any', [NGINX])], host)
		],
		kubearmor,
		{ inventory: [] }
	)
	assert.deepEqual(refusals(notes), [])
	assert.deepEqual(
		manifests.map((manifest) => manifest.kind),
		['KubeArmorHostPolicy', 'KubeArmorHostPolicy', 'KubeArmorHostPolicy']
	)
	assert.deepEqual(spec(manifests[0]?.object).nodeSelector, {
		matchLabels: { 'kubernetes.io/hostname': 'n1' }
	})
	for (const manifest of manifests) {
		const sections = [
			spec(manifest.object).process,
			spec(manifest.object).file,
			spec(manifest.object).network
		]
		const rules = sections.flatMap((section) => Object.values(section ?? {})).flat() as {
			fromSource?: unknown
		}[]
		assert.ok(rules.length > 0 && rules.every((rule) => rule.fromSource), manifest.yaml)
	}
	assert.ok(notes.some((note) => note.code === 'kubearmor.host-wide'))
	const nobody = renderWorkload(
		[policy('file-read', [allow('read', '/a')], host), policy('file-write', [], host)],
		kubearmor,
		{
			inventory: []
		}
	)
	assert.deepEqual(refusals(nobody.notes), ['kubearmor.host-source'])
	const capable = renderWorkload(
		[policy('privilege', [allow('capability', 'CAP_CHOWN', [NGINX])], host)],
		kubearmor,
		{
			inventory: []
		}
	)
	assert.deepEqual(refusals(capable.notes), ['kubearmor.host-capability'])
})

test('without known labels nothing is written: an empty selector is the whole namespace', () => {
	const { manifests, notes } = rendered([policy('process', [allow('exec', NGINX)])], [])
	assert.equal(manifests.length, 0)
	assert.deepEqual(refusals(notes), ['kubearmor.labels'])
})

test('labels that also select strangers are pointed out', () => {
	const stranger = pod('shop', 'canary', '10.0.0.8', { labels: { app: 'web' } })
	const { notes } = rendered([policy('process', [allow('exec', NGINX)])], cluster([stranger]))
	assert.ok(notes.some((note) => note.code === 'kubearmor.strangers' && note.text.includes(stranger.name)))
})

test('two clusters, or a changed label, never share or change a policy’s name (DE 9, 10)', () => {
	const west = policy('process', [allow('exec', NGINX)], 'west/shop/Deployment/web/web')
	const inventory = cluster([]).map((one) => ({ ...one, cluster: 'west' }))
	const [a] = rendered([policy('process', [allow('exec', NGINX)])]).manifests
	const [b] = renderWorkload([west], kubearmor, { inventory }).manifests
	assert.notEqual(a?.name, b?.name)
	const relabelled = [
		replicaSet('shop', 'web'),
		pod('shop', 'web', '10.0.0.1', { labels: { tier: 'front' } })
	]
	const [c] = rendered([policy('process', [allow('exec', NGINX)])], relabelled).manifests
	assert.equal(a?.name, c?.name)
})

test('an init container is a workload of its own, with a warning that KubeArmor may miss it (DE 18, KA 870)', () => {
	const inventory = cluster([withSidecar])
	const { manifests, notes } = renderWorkload(
		[policy('process', [allow('exec', '/bin/migrate')], 'east/shop/Deployment/web/setup')],
		kubearmor,
		{ inventory }
	)
	assert.equal(manifests.length, 1)
	assert.ok(notes.some((note) => note.code === 'kubearmor.init'))
})

test('a foreign policy in the same place is part of the verdict', () => {
	const { manifests } = rendered([policy('process', [allow('exec', NGINX)])])
	const foreign = kubeArmorPolicy({ process: { matchPaths: [{ path: '/bin/sh' }] } }, {})
	const everywhere = {
		apiVersion: 'security.kubearmor.com/v1',
		kind: 'KubeArmorClusterPolicy',
		metadata: { name: 'everywhere' },
		spec: {
			selector: { matchExpressions: [{ key: 'namespace', operator: 'In', values: ['shop'] }] },
			process: { matchPaths: [{ path: '/bin/sh' }] },
			action: 'Block'
		}
	}
	assert.equal(judge([manifests[0]?.object, foreign], 'exec', '/bin/sh'), 'allow')
	assert.equal(judge([manifests[0]?.object, foreign, everywhere], 'exec', '/bin/sh'), 'block')
})

const withSidecar = pod('shop', 'web', '10.0.0.2', {
	containers: ['web', 'proxy', 'setup'].map((name) => ({
		name,
		image: '',
		id: '',
		init: name === 'setup',
		ephemeral: false
	}))
})

function cluster(more: InventoryItem[]): InventoryItem[] {
	return [
		replicaSet('shop', 'web'),
		pod('shop', 'web', '10.0.0.1'),
		item('Node', '', 'node-a', { addresses: ['192.168.0.1'] }),
		...more
	]
}

function rendered(policies: Policy[], inventory = cluster([])) {
	return renderWorkload(policies, kubearmor, { inventory })
}

function policy(of: Class, rules: Rule[], workload = WORKLOAD): Policy {
	return policyOf({ workload, class: of, rules })
}

function allow(verb: Verb, object: string, sources: string[] = []): Rule {
	return { effect: 'allow', object, access: [verb], sources }
}

function refusals(notes: readonly { code: string; severity: string }[]): string[] {
	return notes.filter((note) => note.severity === 'refusal').map((note) => note.code)
}

function spec(object: Record<string, unknown> | undefined): Record<string, unknown> {
	assert.ok(object)
	return object.spec as Record<string, unknown>
}

function kubeArmorPolicy(sections: Record<string, unknown>, labels: Record<string, string> = { app: 'web' }) {
	return {
		apiVersion: 'security.kubearmor.com/v1',
		kind: 'KubeArmorPolicy',
		metadata: { name: 'foreign', namespace: 'shop' },
		spec: { severity: 5, selector: { matchLabels: labels }, ...sections, action: 'Allow' }
	}
}

function judge(
	manifests: (Record<string, unknown> | undefined)[],
	verb: Access['verb'],
	object: string,
	source = '/bin/x',
	where: Partial<Context> = {}
): string {
	const objects = manifests.filter((manifest) => manifest !== undefined)
	const context = { ...placeOf(WORKLOAD, cluster([])), ...where }
	return kubearmor.evaluate(objects, { verb, object, source }, context).verdict
}
