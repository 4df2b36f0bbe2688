import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** The clock of these tests, a day after the recordings. */
export const NOW_MS = Date.UTC(2026, 10, 24)

/** A KubeArmor line of 23 November, with what a test wants in it. */
export function kubearmorLine(parts: Record<string, unknown> = {}): Record<string, unknown> {
	return {
		UpdatedTime: '2026-11-23T12:00:00.125539Z',
		ClusterName: 'default',
		HostName: 'n1',
		NamespaceName: 'shop',
		PodName: 'api-1',
		ContainerID: 'c1',
		ContainerName: 'api',
		ContainerImage: 'example/api:1',
		ParentProcessName: '/bin/sh',
		ProcessName: '/usr/bin/api',
		PID: 7,
		Type: 'ContainerLog',
		Source: '/usr/bin/api --serve',
		Operation: 'File',
		Resource: '/etc/hosts',
		Data: 'syscall=SYS_OPENAT fd=-100 flags=O_RDONLY',
		Result: 'Passed',
		...parts
	}
}

export function jsonLines(records: unknown[]): string {
	return records.map((record) => `${JSON.stringify(record)}\n`).join('')
}

/** One file of each kind, plain and gzip, with a secret in every place that redaction knows. Returns their names. */
export async function writeRecordings(folder: string): Promise<string[]> {
	const exec = { Operation: 'Process', Data: 'syscall=SYS_EXECVE', ProcessName: '/usr/bin/mysql' }
	const kubearmor = [
		kubearmorLine(),
		kubearmorLine({ PodName: 'api-2', UpdatedTime: '2026-11-23T13:00:00Z' }),
		kubearmorLine({
			...exec,
			Resource: '/usr/bin/mysql -pS3cr3tV4lue shop',
			PID: 1,
			ParentProcessName: '/usr/bin/runc'
		}),
		kubearmorLine({ ...exec, Resource: '/usr/bin/mysql --password=S3cr3tV4lue', TTY: 'pts0' }),
		kubearmorLine({ Source: '/usr/bin/api postgres://app:S3cr3tV4lue@db/shop' }),
		kubearmorLine({ Source: '/bin/sh -c DB_TOKEN=S3cr3tV4lue ./run' }),
		kubearmorLine({
			Operation: 'Network',
			Resource: 'remoteip=10.0.0.9 port=443 protocol=TCP',
			Data: 'kprobe=tcp_connect domain=AF_INET'
		}),
		kubearmorLine({ Operation: 'Unknown', Source: 'S3cr3tV4lue' }),
		kubearmorLine({ Type: 'SystemEvent', Operation: 'AlertThreshold', DroppingAlertsInterval: 30 }),
		kubearmorLine({ Resource: '/tmp/\u202eS.txt' })
	]
	const flow = {
		time: '2026-11-23T12:00:00Z',
		verdict: 'FORWARDED',
		IP: { source: '10.0.0.5', destination: '10.0.0.9' },
		l4: { TCP: { source_port: 40000, destination_port: 80 } },
		source: { namespace: 'shop', pod_name: 'api-1' },
		destination: { labels: ['reserved:world'] },
		traffic_direction: 'EGRESS',
		l7: { type: 'REQUEST', http: { method: 'GET', url: 'http://u:S3cr3tV4lue@db/x?token=S3cr3tV4lue' } }
	}
	const owner = { kind: 'ReplicaSet', name: 'api-7d' }
	const inventory = [
		{
			inventory: {
				kind: 'Pod',
				namespace: 'shop',
				name: 'api-1',
				from: '2026-11-23T11:00:00Z',
				owner,
				addresses: ['10.0.0.5']
			}
		},
		{
			inventory: {
				kind: 'replicaset',
				namespace: 'shop',
				name: 'api-7d',
				from: '2026-11-23T11:00:00Z',
				owner: { kind: 'Deployment', name: 'api' }
			}
		}
	]
	const host = { kind: 'host', node: 'n1', unit: 'nginx.service' }
	const own = [
		{
			sighting: {
				subject: host,
				verb: 'read',
				object: '/etc/hosts',
				source: '/usr/sbin/nginx',
				result: 'allowed',
				count: 3,
				firstMs: NOW_MS - 9,
				lastMs: NOW_MS - 1,
				pod: 'nginx.service',
				detail: 'nginx --token=S3cr3tV4lue'
			}
		},
		{ start: { subject: host, pod: 'nginx.service', atMs: NOW_MS - 9 } },
		{ exposure: { subject: host, hour: Math.floor(NOW_MS / 3_600_000) - 1, lossy: false } },
		{
			gap: {
				scope: 'node:n1',
				fromMs: NOW_MS - 9,
				toMs: NOW_MS,
				reason: 'ring-full',
				lostCount: 2,
				detail: 'ring'
			}
		}
	]
	await writeFile(join(folder, 'kubearmor.jsonl'), jsonLines(kubearmor))
	await writeFile(join(folder, 'hubble.jsonl.gz'), gzipSync(jsonLines([{ flow, node_name: 'n1' }, flow])))
	await writeFile(join(folder, 'inventory.jsonl'), jsonLines(inventory))
	await writeFile(join(folder, 'kernel.jsonl'), jsonLines(own))
	return ['kubearmor.jsonl', 'hubble.jsonl.gz', 'inventory.jsonl', 'kernel.jsonl']
}
