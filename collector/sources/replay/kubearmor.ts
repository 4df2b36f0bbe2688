import type { Actor } from '../../aggregate.js'
import { isContainerRuntime } from '../../container-runtime.js'
import type { Gap, Result, Subject } from '../../observation.js'
import { escapeText } from '../../path.js'
import { cutDetail, redact } from '../../redact.js'
import {
	type Decoded,
	type Events,
	NOTHING,
	readPath,
	refused,
	type TimeWindow,
	timeProblem
} from './decoded.js'
import { firstWord, type KubeArmorFields } from './kubearmor-fields.js'
import { decodeOperation } from './kubearmor-operation.js'
import { readRecord } from './kubearmor-record.js'

const MEMO_ENTRIES_MAX = 16_384
/** A line that is this long does not come twice, and remembering it would fill the memory. */
const MEMO_KEY_LENGTH_MAX = 4096
const HOSTS_MAX = 4096
/** A stream that does not repeat itself pays for remembering and gains nothing: after so many lines that is seen, */
const PROBE_LINES = 4096
/** … and for so many lines nothing is remembered. What is decoded is the same either way. */
const PAUSE_LINES = 65_536

/**
 * Decodes KubeArmor's JSON (protobuf/kubearmor.proto, Log and Alert, and the older lower-camel
 * form). Most lines of a stream repeat each other in everything but time and pids, so what
 * a line says is remembered by the fields that it depends on.
 */
export class KubeArmorDecoder {
	#origins = new Map<string, Origin>()
	/** The origin last seen under a pod's name: nearly always the one that is asked for. */
	#recent = new Map<string, Origin>()
	#memo = new Map<string, Events | string | null>()
	#hosts = new Map<string, Subject>()
	#window: TimeWindow
	#lookedUpCount = 0
	#foundCount = 0
	#pausedLines = 0

	constructor(window: TimeWindow) {
		this.#window = window
	}

	decode(line: Record<string, unknown>): Decoded {
		const read = readRecord(line)
		if ('refused' in read) return refused(read.refused)
		const { fields, atMs, silentSeconds } = read
		const problem = timeProblem(atMs, this.#window)
		if (problem !== undefined) return refused(problem)
		if (fields.operation === 'AlertThreshold') return throttleGap(fields, atMs, silentSeconds)
		const events = this.#eventsOf(fields)
		if (events === null) return NOTHING
		return typeof events === 'string'
			? refused(events)
			: { is: 'events', events, atMs, repeats: this.#pausedLines === 0 }
	}

	#eventsOf(fields: KubeArmorFields): Events | string | null {
		const origin = this.#originOf(fields)
		if (this.#pausedLines > 0) {
			this.#pausedLines--
			return this.#decodeFields(fields, origin)
		}
		const key = memoKey(fields, origin)
		const known = this.#memo.get(key)
		this.#lookedUpCount++
		if (known !== undefined) {
			this.#foundCount++
			return known
		}
		const events = this.#decodeFields(fields, origin)
		if (this.#memo.size >= MEMO_ENTRIES_MAX) this.#memo.clear()
		if (key.length <= MEMO_KEY_LENGTH_MAX) this.#memo.set(key, events)
		if (this.#lookedUpCount >= PROBE_LINES) {
			if (this.#foundCount < this.#lookedUpCount / 8) {
				this.#pausedLines = PAUSE_LINES
				this.#memo.clear()
			}
			this.#lookedUpCount = 0
			this.#foundCount = 0
		}
		return events
	}

	/** Events, the reason why the line is refused, or null when it says nothing of use. */
	#decodeFields(fields: KubeArmorFields, origin: Origin): Events | string | null {
		const operation = decodeOperation(fields)
		if (operation === null || typeof operation === 'string') return operation
		const isExec = operation.acts.some(({ verb }) => verb === 'exec')
		const source = readSource(fields, isExec)
		if ('refused' in source) return source.refused
		const subject = origin.subject ?? this.#hostOf(fields.host, source.path)
		const actor = actorOf(fields, origin, subject, source.path, isExec)
		const events: Events = { actor, acts: operation.acts }
		const note = operation.note ?? source.note
		if (note !== undefined) events.note = note
		if (isExec && fields.isFirstProcess && actor.result === 'allowed') events.startOf = fields.containerId
		return events
	}

	/** The same objects for the same container: the aggregator and the writer's thread profit. */
	#originOf(fields: KubeArmorFields): Origin {
		const recent = this.#recent.get(fields.pod)
		if (recent !== undefined && isSameOrigin(recent.fields, fields)) return recent
		const { cluster, host, namespace, pod, container, image, ownerKind, ownerName, type } = fields
		const key = `${type}\n${pod}\n${container}\n${namespace}\n${image}\n${ownerKind}\n${ownerName}\n${host}\n${cluster}`
		let origin = this.#origins.get(key)
		if (origin === undefined) {
			if (this.#origins.size >= MEMO_ENTRIES_MAX) {
				this.#origins.clear()
				this.#recent.clear()
				this.#memo.clear()
			}
			const isHost = type.includes('Host') || (namespace === '' && pod === '' && container === '')
			const digest = /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1]
			origin = {
				number: this.#origins.size,
				fields,
				subject: isHost ? undefined : containerSubject(fields),
				version: digest === undefined ? undefined : { digest, description: escapeText(image) },
				pod: escapeText(pod || host)
			}
			this.#origins.set(key, origin)
		}
		this.#recent.set(pod, origin)
		return origin
	}

	/** KubeArmor does not tell a host's units apart, so what runs there goes by its program. */
	#hostOf(node: string, program: string): Subject {
		const key = `${node}\n${program}`
		const known = this.#hosts.get(key)
		if (known !== undefined) return known
		if (this.#hosts.size >= HOSTS_MAX) this.#hosts.clear()
		const subject: Subject = { kind: 'host', node, unit: program || 'unknown' }
		this.#hosts.set(key, subject)
		return subject
	}
}

/** Where a line comes from: one container, or (without a subject yet) one host. */
interface Origin {
	/** Stands for the origin in the memo's keys. */
	number: number
	fields: KubeArmorFields
	subject: Subject | undefined
	version: { digest: string; description: string } | undefined
	pod: string
}

function isSameOrigin(one: KubeArmorFields, other: KubeArmorFields): boolean {
	return (
		one.container === other.container &&
		one.namespace === other.namespace &&
		one.image === other.image &&
		one.type === other.type &&
		one.ownerName === other.ownerName &&
		one.ownerKind === other.ownerKind &&
		one.host === other.host &&
		one.cluster === other.cluster
	)
}

/** Everything that `#decodeFields` looks at; fields that nearly every line shares come last. */
function memoKey(f: KubeArmorFields, origin: Origin): string {
	const start = f.isFirstProcess ? f.containerId : ''
	return `${origin.number}\n${f.resource}\n${f.data}\n${f.processName}\n${f.source}\n${f.parentProcessName}\n${f.operation}\n${f.result}\n${f.action}\n${f.cwd}\n${f.tty}\n${start}\n${f.isFirstProcess}`
}

/** For an exec, the program that asked for it; else the program that acts. '' when a line does not say. */
function readSource(
	fields: KubeArmorFields,
	isExec: boolean
): { path: string; note?: string } | { refused: string } {
	const named = isExec ? fields.parentProcessName : fields.processName
	const raw = named.startsWith('/') ? named : firstWord(fields.source)
	return raw.startsWith('/') ? readPath(raw) : { path: '' }
}

function actorOf(
	fields: KubeArmorFields,
	{ version, pod }: Origin,
	subject: Subject,
	source: string,
	isExec: boolean
): Actor {
	const commandLine = isExec ? fields.resource : fields.source
	const actor: Actor = { subject, source, result: resultOf(fields), pod }
	if (version !== undefined) actor.version = version
	if (isInteractive(fields, isExec)) actor.interactive = true
	if (commandLine.includes(' ')) actor.detail = cutDetail(escapeText(redact(commandLine)))
	return actor
}

function resultOf({ action, result }: KubeArmorFields): Result {
	if (action === 'Block') return 'denied'
	if (result === 'Passed' || result === 'Operation now in progress') return 'allowed'
	return result === 'Permission denied' || result === 'Operation not permitted' ? 'denied' : 'failed'
}

/** A terminal, or a program that the runtime put beside the container's own first process (`kubectl exec`). */
function isInteractive(fields: KubeArmorFields, isExec: boolean): boolean {
	if (fields.tty !== '' && fields.tty !== 'none') return true
	return isExec && !fields.isFirstProcess && isContainerRuntime(fields.parentProcessName)
}

function containerSubject(fields: KubeArmorFields): Subject {
	const { cluster, namespace, pod, container, ownerKind, ownerName, host } = fields
	return {
		kind: 'container',
		cluster,
		namespace: namespace || 'unknown',
		pod: pod || container || 'unknown',
		container: container || 'unknown',
		node: host,
		...(ownerKind === '' || ownerName === '' ? {} : { owner: { kind: ownerKind, name: ownerName } })
	}
}

/**
 * KubeArmor stops sending a container's alerts for a while (throttling, on by default):
 * `MaxAlertsPerSec` was reached, and the next `DroppingAlertsInterval` seconds are silent.
 */
function throttleGap(fields: KubeArmorFields, atMs: number, seconds: number): Decoded {
	const { cluster, namespace, pod, host } = fields
	const gap: Gap = {
		scope: escapeText(pod === '' ? `node:${host}` : `pod:${cluster}/${namespace}/${pod}`),
		fromMs: atMs,
		toMs: atMs + seconds * 1000,
		reason: 'alert-throttle',
		lostCount: 0,
		detail: `KubeArmor sent no alerts of ${escapeText(fields.container) || 'this host'} for ${seconds} s`
	}
	return { is: 'gap', gap }
}
