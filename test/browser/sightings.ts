import type { Batch, Sighting, Subject, Verb } from '../../collector/observation.js'

const HOUR_MS = 3_600_000

/** What one workload of the browser tests does: verb, object, executable, times. */
type Act = [verb: Verb, object: string, source: string, count: number, result?: Sighting['result']]

/** A host program that the tests open, approve and enforce in the page. */
export const nginx: Subject = {
	kind: 'host',
	node: 'node-a',
	unit: 'nginx.service',
	cgroup: '/system.slice/nginx.service'
}

export const web: Subject = container('shop', 'web-6d5f7c-x2k9p', 'nginx', 'Deployment', 'web')

/** A name that would like to be markup, a terminal sequence and right-to-left, as the store escapes it. */
export const hostileObject = '/srv/\\x1b[31m\\xe2\\x80\\xae/\\x3cimg src=x onerror=alert(1)>.html'

const nginxActs: Act[] = [
	['exec', '/usr/sbin/nginx', '/usr/lib/systemd/systemd', 3],
	['read', '/etc/nginx/nginx.conf', '/usr/sbin/nginx', 6],
	['read', '/etc/nginx/mime.types', '/usr/sbin/nginx', 6],
	['read', '/etc/nginx/sites-enabled/default', '/usr/sbin/nginx', 6],
	['read', '/etc/ssl/openssl.cnf', '/usr/sbin/nginx', 3],
	['read', '/lib/x86_64-linux-gnu/libc.so.6', '/usr/sbin/nginx', 3],
	['read', '/lib/x86_64-linux-gnu/libcrypt.so.1', '/usr/sbin/nginx', 3],
	['read', '/lib/x86_64-linux-gnu/libpcre2-8.so.0.11.2', '/usr/sbin/nginx', 3],
	['read', '/lib/x86_64-linux-gnu/libssl.so.3', '/usr/sbin/nginx', 3],
	['read', '/usr/share/nginx/html/index.html', '/usr/sbin/nginx', 18_204],
	['read', '/usr/share/nginx/html/assets/app.css', '/usr/sbin/nginx', 9_120],
	['read', hostileObject, '/usr/sbin/nginx', 2],
	['read', '/etc/shadow', '/usr/sbin/nginx', 1, 'denied'],
	['write', '/var/log/nginx/access.log', '/usr/sbin/nginx', 18_209],
	['write', '/var/log/nginx/error.log', '/usr/sbin/nginx', 4],
	['create', '/run/nginx.pid', '/usr/sbin/nginx', 3],
	['mkdir', '/var/lib/nginx/body', '/usr/sbin/nginx', 1],
	['bind', 'ingress/tcp/80/any', '/usr/sbin/nginx', 3],
	['listen', 'ingress/tcp/80/any', '/usr/sbin/nginx', 3],
	['accept', 'ingress/tcp/80/10.0.4.17', '/usr/sbin/nginx', 11_002],
	['connect', 'egress/tcp/9000/127.0.0.1', '/usr/sbin/nginx', 5_211],
	['capability', 'CAP_NET_BIND_SERVICE', '/usr/sbin/nginx', 3],
	['capability', 'CAP_SETUID', '/usr/sbin/nginx', 3]
]

const webActs: Act[] = [
	['exec', '/usr/sbin/nginx', '', 4],
	['exec', '/docker-entrypoint.sh', '', 4],
	['read', '/etc/nginx/conf.d/default.conf', '/usr/sbin/nginx', 8],
	['read', '/usr/share/nginx/html/index.html', '/usr/sbin/nginx', 4_400],
	['write', '/var/cache/nginx/client_temp', '/usr/sbin/nginx', 8],
	['connect', 'egress/tcp/8080/10.244.1.12', '/usr/sbin/nginx', 1_300],
	['connect', 'egress/udp/53/10.96.0.10', '/usr/sbin/nginx', 240],
	['accept', 'ingress/tcp/80/any', '/usr/sbin/nginx', 4_401]
]

const apiActs: Act[] = [
	['exec', '/usr/local/bin/node', '', 2],
	['read', '/app/dist/server.js', '/usr/local/bin/node', 2],
	['read', '/app/package.json', '/usr/local/bin/node', 2],
	['read', '/etc/resolv.conf', '/usr/local/bin/node', 31],
	['read', '/proc/<pid>/stat', '/usr/local/bin/node', 60],
	['write', '/tmp/upload/<any>', '/usr/local/bin/node', 88],
	['connect', 'egress/tcp/5432/10.244.2.31', '/usr/local/bin/node', 2_210],
	['connect', 'egress/tcp/443/203.0.113.9', '/usr/local/bin/node', 44],
	['accept', 'ingress/tcp/8080/any', '/usr/local/bin/node', 1_300]
]

const databaseActs: Act[] = [
	['exec', '/usr/lib/postgresql/15/bin/postgres', '', 9],
	['read', '/var/lib/postgresql/data/PG_VERSION', '/usr/lib/postgresql/15/bin/postgres', 40],
	[
		'write',
		'/var/lib/postgresql/data/pg_wal/000000010000000000000001',
		'/usr/lib/postgresql/15/bin/postgres',
		9_000
	],
	['write', '/var/lib/postgresql/data/base/<any>', '/usr/lib/postgresql/15/bin/postgres', 22_104],
	['accept', 'ingress/tcp/5432/any', '/usr/lib/postgresql/15/bin/postgres', 2_211],
	['capability', 'CAP_DAC_OVERRIDE', '/usr/lib/postgresql/15/bin/postgres', 1]
]

const reportActs: Act[] = [
	['exec', '/usr/bin/python3.11', '', 12],
	['read', '/srv/report/monthly.py', '/usr/bin/python3.11', 12],
	['write', '/srv/report/out/report.csv', '/usr/bin/python3.11', 12],
	['connect', 'egress/tcp/5432/10.244.2.31', '/usr/bin/python3.11', 12]
]

/** What a person did in a shell of the web server's container. */
const sessionActs: Act[] = [
	['exec', '/bin/sh', '', 1],
	['read', '/etc/hostname', '/bin/sh', 1],
	['read', '/etc/nginx/<<script>alert(2)</script>', '/bin/sh', 1]
]

/** Everything that was seen before the page opens: four hours of six workloads, one gap, one bad line. */
export function firstBatch(nowMs: number): Batch {
	const subjects: [Subject, Act[], number][] = [
		[nginx, nginxActs, 4],
		[web, webActs, 4],
		[container('shop', 'api-7f9b8-abcde', 'api', 'Deployment', 'api'), apiActs, 4],
		[container('data', 'postgres-0', 'postgres', 'StatefulSet', 'postgres'), databaseActs, 4],
		[container('data', 'report-2890-zz', 'report', 'CronJob', 'report'), reportActs, 2],
		[
			{ kind: 'host', node: 'node-a', unit: 'cron.service', cgroup: '/system.slice/cron.service' },
			[['exec', '/usr/sbin/cron', '', 1]],
			1
		]
	]
	const batch = emptyBatch(1)
	for (const [subject, acts, hours] of subjects) {
		const pod = podOf(subject)
		batch.sightings.push(
			...acts.map((act) => sighting(subject, act, nowMs - hours * HOUR_MS, nowMs - 60_000))
		)
		for (let hour = 0; hour < hours; hour += 1) {
			const atMs = nowMs - hour * HOUR_MS
			batch.exposure.push({
				subject,
				hour: Math.floor(atMs / HOUR_MS),
				lossy: subject === nginx && hour === 2
			})
			if (hour % 2 === 0) batch.starts.push({ subject, pod, atMs: atMs - 1000 })
		}
		batch.timeline.push(
			{ subject, pod, atMs: nowMs - 90_000, kind: 'start', text: 'first process of its cgroup', count: 1 },
			{ subject, pod, atMs: nowMs - 80_000, kind: 'exec', text: acts[0]?.[1] ?? '', count: 1 }
		)
	}
	batch.sightings.push(
		...sessionActs.map((act) => ({
			...sighting(web, act, nowMs - 70_000, nowMs - 60_000),
			interactive: true
		}))
	)
	batch.gaps.push({
		scope: 'workload:host/node-a/nginx.service',
		fromMs: nowMs - 3 * HOUR_MS,
		toMs: nowMs - 3 * HOUR_MS + 42_000,
		reason: 'ring-full',
		lostCount: 117,
		detail: 'The first-sight ring was full; counts are exact, 117 details were lost.'
	})
	batch.bad.push({
		file: 'kubearmor.jsonl',
		line: 12,
		reason: 'The line is not JSON: it ends within a string.',
		hash: 'ab'.repeat(32)
	})
	return batch
}

/** A workload that begins while the page is open. */
export function laterBatch(nowMs: number, program: string, sequence: number): Batch {
	const subject: Subject = {
		kind: 'host',
		node: 'node-a',
		unit: `${program}.service`,
		cgroup: `/system.slice/${program}.service`
	}
	const batch = emptyBatch(sequence)
	batch.sightings.push(
		sighting(subject, ['exec', `/usr/bin/${program}`, '/usr/bin/bash', 1], nowMs - 1000, nowMs - 500),
		sighting(
			subject,
			['connect', 'egress/tcp/443/198.51.100.7', `/usr/bin/${program}`, 1],
			nowMs - 900,
			nowMs - 400
		)
	)
	batch.starts.push({ subject, pod: podOf(subject), atMs: nowMs - 1000 })
	batch.exposure.push({ subject, hour: Math.floor(nowMs / HOUR_MS), lossy: false })
	return batch
}

function sighting(
	subject: Subject,
	[verb, object, source, count, result = 'allowed']: Act,
	firstMs: number,
	lastMs: number
): Sighting {
	return {
		subject,
		version: { digest: `sha256:${'5e'.repeat(32)}`, description: 'installed package' },
		verb,
		object,
		source,
		result,
		count,
		firstMs,
		lastMs,
		pod: podOf(subject),
		...(verb === 'exec' ? { detail: `${object} -g daemon off;` } : {})
	}
}

function container(namespace: string, pod: string, name: string, kind: string, owner: string): Subject {
	return {
		kind: 'container',
		cluster: 'c1',
		namespace,
		pod,
		container: name,
		owner: { kind, name: owner },
		node: 'node-a'
	}
}

function podOf(subject: Subject): string {
	return subject.kind === 'container' ? subject.pod : subject.unit
}

function emptyBatch(sequence: number): Batch {
	return {
		delivery: { producer: 'kernel:node-a', epoch: 1, sequence },
		sightings: [],
		starts: [],
		gaps: [],
		inventory: [],
		timeline: [],
		bad: [],
		exposure: []
	}
}
