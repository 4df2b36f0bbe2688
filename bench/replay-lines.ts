import { createWriteStream } from 'node:fs'
import { once } from 'node:events'

/** How a file of KubeArmor lines is made up. */
export interface LinePlan {
	lineCount: number
	/** How many lines say something that no other line says; the rest repeat these. */
	distinctCount: number
	workloadCount: number
	seed: number
	/** Each line is padded to this with labels, which is where real ones get their length. */
	lineBytes: number
}

/** Writes the lines of a plan: the same bytes for the same plan. Returns their number of bytes. */
export async function writeLines(path: string, plan: LinePlan): Promise<number> {
	const random = mulberry32(plan.seed)
	const out = createWriteStream(path)
	let byteCount = 0
	let block = ''
	for (let index = 0; index < plan.lineCount; index++) {
		// Distinct ones are spread evenly; every other line repeats one that may come later as well.
		const isNew =
			Math.floor(((index + 1) * plan.distinctCount) / plan.lineCount) >
			Math.floor((index * plan.distinctCount) / plan.lineCount)
		const number = isNew
			? Math.floor((index * plan.distinctCount) / plan.lineCount)
			: Math.floor(random() * plan.distinctCount)
		block += `${lineOf(number, index, plan)}\n`
		if (block.length < 1 << 20) continue
		byteCount += block.length
		if (!out.write(block)) await once(out, 'drain')
		block = ''
	}
	byteCount += block.length
	out.end(block)
	await once(out, 'finish')
	return byteCount
}

const START_MS = Date.UTC(2026, 0, 12, 9)

/** Act `number`, reported as the `index`th line: its time, pids and ids differ from every other report of the same act. */
function lineOf(number: number, index: number, { workloadCount, lineBytes, lineCount }: LinePlan): string {
	const workload = number % workloadCount
	const pod = Math.floor(number / workloadCount) % 3
	const atMs = START_MS + Math.floor((index * 3_000_000) / lineCount)
	const name = `service-${workload}`
	const record: Record<string, unknown> = {
		Timestamp: Math.floor(atMs / 1000),
		UpdatedTime: new Date(atMs).toISOString().replace('Z', '539Z'),
		ClusterName: 'default',
		HostName: `node-${workload % 7}`,
		NamespaceName: `team-${workload % 12}`,
		Owner: { Ref: 'Deployment', Name: name, Namespace: `team-${workload % 12}` },
		PodName: `${name}-779797d5bd-${pod}wlrs`,
		Labels: '',
		ContainerID: hexId(workload * 3 + pod),
		ContainerName: 'main',
		ContainerImage: `registry.example/team/${name}:1.4@sha256:${hexId(workload)}`,
		HostPPID: 247_074,
		HostPID: 250_000 + (index % 30_000),
		PPID: 41,
		PID: 51 + (index % 3000),
		UID: 1000,
		Type: 'ContainerLog',
		...actOf(number, workload),
		Result: 'Passed',
		Cwd: '/'
	}
	const bare = JSON.stringify(record).length
	record.Labels = `app=${name},pad=${'x'.repeat(Math.max(0, lineBytes - bare - name.length - 9))}`
	return JSON.stringify(record)
}

/** Half file opens, a quarter processes (some with secrets to redact), a quarter connections. */
function actOf(number: number, workload: number): Record<string, string> {
	const program = `/usr/bin/program-${workload % 20}`
	const process = { ParentProcessName: '/usr/bin/bash', ProcessName: program }
	switch (number % 4) {
		case 0:
			return {
				...process,
				Source: '/usr/bin/bash',
				Operation: 'Process',
				Resource: `${program}-${number} --password=hunter${number} --config /etc/app/${number}.yaml`,
				ProcessName: `${program}-${number}`,
				Data: 'syscall=SYS_EXECVE'
			}
		case 1:
			return {
				...process,
				Source: `${program} --serve`,
				Operation: 'Network',
				Resource: `remoteip=10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255} port=${1024 + (number % 60_000)} protocol=TCP`,
				Data: 'kprobe=tcp_connect domain=AF_INET'
			}
		default:
			return {
				...process,
				Source: `${program} --serve`,
				Operation: 'File',
				Resource: `/var/lib/app/data/part-${number % 97}/object-${number}.bin`,
				Data: 'syscall=SYS_OPENAT fd=-100 flags=O_RDONLY|O_CLOEXEC'
			}
	}
}

function hexId(number: number): string {
	return (number + 1).toString(16).padStart(8, '0').repeat(8)
}

/** A small seeded generator: the file must be the same on every machine. */
function mulberry32(seed: number): () => number {
	let state = seed >>> 0
	return () => {
		state = (state + 0x6d2b79f5) >>> 0
		let mixed = Math.imul(state ^ (state >>> 15), state | 1)
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
	}
}
