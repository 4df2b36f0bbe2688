import type { Verb } from '../../collector/observation.js'
import { VERBS } from '../../discovery/behaviour.js'
import type { ImageKind } from './image.js'
import type { Workload } from './generator.js'
import type { Random } from './random.js'

/** One step of an attack; `critical` ones are what the attacker came for. */
export interface Step {
	verb: Verb
	object: string
	source: string
	critical: boolean
}

/** Steps that all have to succeed. */
export interface Chain {
	name: string
	steps: Step[]
}

/**
 * Chains as texts: `VERB OBJECT [by SOURCE]`, critical ones after an exclamation mark. MAIN is the attacked
 * program. After public write-ups: MITRE ATT&CK for Containers (T1059, T1552.001, T1552.005, T1496, T1611,
 * T1098.004, T1053.003, T1574.006, T1505.003, T1041) and CVE-2021-44228.
 */
const CHAINS: { name: string; kinds?: ImageKind[]; steps: string[] }[] = [
	{
		name: 'web RCE, shell, token, lateral',
		steps: [
			'exec /usr/bin/dash',
			'!read /run/secrets/kubernetes.io/serviceaccount/token by /usr/bin/dash',
			'connect egress/tcp/443/service:default/kubernetes by /usr/bin/dash',
			'!connect egress/tcp/8200/workload:vault/StatefulSet/vault by /usr/bin/dash'
		]
	},
	{
		name: 'in-process token theft',
		steps: [
			'!read /run/secrets/kubernetes.io/serviceaccount/token',
			'!connect egress/tcp/443/service:default/kubernetes'
		]
	},
	{
		name: 'miner',
		steps: [
			'exec /usr/bin/dash',
			'create /tmp/.x/kdevtmpfsi by /usr/bin/dash',
			'!exec /tmp/.x/kdevtmpfsi by /usr/bin/dash',
			'!connect egress/tcp/3333/cidr:185.71.66.31/32 by /tmp/.x/kdevtmpfsi'
		]
	},
	{
		name: 'log4shell download',
		kinds: ['java'],
		steps: [
			'!connect egress/tcp/1389/cidr:45.155.205.233/32',
			'connect egress/tcp/8888/cidr:45.155.205.233/32',
			'create /tmp/Exploit.class',
			'!exec /usr/bin/dash'
		]
	},
	{
		name: 'download and run',
		steps: [
			'connect egress/tcp/80/cidr:45.9.148.35/32',
			'create /dev/shm/stage2',
			'chmod /dev/shm/stage2',
			'!exec /dev/shm/stage2'
		]
	},
	{
		name: 'docker socket escape',
		steps: [
			'!connect egress/unix/0//run/docker.sock',
			'exec /usr/bin/mount by /usr/bin/dash',
			'!capability CAP_SYS_ADMIN by /usr/bin/mount',
			'write /proc/sys/kernel/core_pattern by /usr/bin/dash'
		]
	},
	{
		name: 'database dump, exfiltrated',
		steps: [
			'exec /usr/bin/dash',
			'!read /etc/shadow by /usr/bin/dash',
			'create /tmp/dump.sql by /usr/bin/dash',
			'exec /usr/bin/gzip by /usr/bin/dash',
			'!connect egress/tcp/443/cidr:185.199.8.12/32 by /usr/bin/dash'
		]
	},
	{
		name: 'data files read in process, exfiltrated',
		kinds: ['postgres'],
		steps: ['read /var/lib/postgresql/data/global/1260', '!connect egress/tcp/443/cidr:185.199.8.12/32']
	},
	{
		name: 'web shell',
		kinds: ['php', 'nginx', 'java'],
		steps: ['!create /var/www/html/public/shell.php', 'exec /usr/bin/id by /usr/bin/dash']
	},
	{
		name: 'SSH key',
		steps: ['mkdir /root/.ssh', '!create /root/.ssh/authorized_keys', 'write /root/.ssh/authorized_keys']
	},
	{
		name: 'cron persistence',
		steps: ['!create /etc/cron.d/update', 'write /etc/cron.d/update', 'exec /usr/bin/dash']
	},
	{
		name: 'preloaded library',
		steps: ['create /usr/lib/x86_64-linux-gnu/libselinux.so.8', '!create /etc/ld.so.preload']
	},
	{ name: 'cloud metadata', steps: ['!connect egress/tcp/80/cidr:169.254.169.254/32'] },
	{
		name: 'program replaced',
		steps: ['!write MAIN', 'exec MAIN by /usr/bin/dash']
	}
]

/** The chains that make sense against a workload. */
export function chainsAgainst(workload: Workload): Chain[] {
	const { main, image } = workload.family
	return CHAINS.filter(({ kinds }) => kinds === undefined || kinds.includes(image.kind)).map(
		({ name, steps }) => ({ name, steps: steps.map((text) => parseStep(text, main)) })
	)
}

function parseStep(text: string, main: string): Step {
	const critical = text.startsWith('!')
	const [, verb, object = '', source = main] = /^!?(\S+) (\S+)(?: by (\S+))?$/.exec(text) ?? []
	const known = VERBS.find((one) => one === verb)
	if (known === undefined) throw new Error(`no step: ${text}`)
	return { verb: known, object: object === 'MAIN' ? main : object, source, critical }
}

/**
 * An attacker who knows the tiers and their weights: only programs of the image, only peers that the
 * workload already talks to, repeated in every pod on as many days as it takes.
 */
export function adaptiveChain(workload: Workload, random: Random): Chain {
	const { main, image } = workload.family
	const peers = workload.rows
		.slice(0, 7)
		.flat()
		.filter((row) => row.verb === 'connect' && row.source === main)
		.map((row) => row.object)
	const exit =
		peers.length > 0 ? random.pick([...new Set(peers)].sort()) : 'egress/tcp/443/service:default/kubernetes'
	const tool = random.pick(
		['/usr/bin/cat', '/usr/bin/tar', '/usr/bin/find', '/usr/bin/perl'].filter(image.has)
	)
	const secret = random.pick([
		'/run/secrets/kubernetes.io/serviceaccount/token',
		'/etc/shadow',
		'/proc/1/environ',
		'/etc/passwd'
	])
	return {
		name: 'adaptive',
		steps: [
			{ verb: 'exec', object: tool, source: main, critical: false },
			{ verb: 'read', object: secret, source: tool, critical: true },
			{ verb: 'connect', object: exit, source: main, critical: true }
		]
	}
}
