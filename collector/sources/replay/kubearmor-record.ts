import { parseTime } from './decoded.js'
import type { KubeArmorFields } from './kubearmor-fields.js'

/** A line as fields and a time (ms), or the reason why it cannot be read. Nothing of it is interpreted yet. */
export function readRecord(
	line: Record<string, unknown>
): { fields: KubeArmorFields; atMs: number; silentSeconds: number } | { refused: string } {
	const record = 'Operation' in line || !('operation' in line) ? line : fromLowerCamel(line)
	if (hasUnsafeNumber(record)) return { refused: 'a number is over 2^53 or not whole' }
	const fields = readFields(record)
	if (fields === undefined) return { refused: 'a field that should be text is not' }
	if (hasLongName(fields)) return { refused: `a name is longer than ${NAME_LENGTH_MAX} characters` }
	return { fields, atMs: timeOf(record), silentSeconds: silentSecondsOf(record) }
}

/** Names of Kubernetes have 253 characters at most, image references a few hundred. */
const NAME_LENGTH_MAX = 1024

/** Undefined when a field that should be text is not. */
function readFields(record: Record<string, unknown>): KubeArmorFields | undefined {
	const reader = new TextReader()
	const owner = isRecord(record.Owner) ? record.Owner : NO_OWNER
	const fields: KubeArmorFields = {
		cluster: reader.text(record.ClusterName) || 'default',
		host: reader.text(record.HostName) || 'unknown',
		namespace: reader.text(record.NamespaceName),
		pod: reader.text(record.PodName),
		container: reader.text(record.ContainerName),
		containerId: reader.text(record.ContainerID),
		image: reader.text(record.ContainerImage),
		ownerKind: reader.text(owner.Ref),
		ownerName: reader.text(owner.Name),
		type: reader.text(record.Type),
		operation: reader.text(record.Operation),
		resource: reader.text(record.Resource),
		data: reader.text(record.Data),
		result: reader.text(record.Result),
		action: reader.text(record.Action),
		source: reader.text(record.Source),
		processName: reader.text(record.ProcessName),
		parentProcessName: reader.text(record.ParentProcessName),
		cwd: reader.text(record.Cwd),
		tty: reader.text(record.TTY),
		isFirstProcess: record.PID === 1
	}
	return reader.failed ? undefined : fields
}

/** Remembers that something else than text or nothing came by. */
class TextReader {
	failed = false

	text(value: unknown): string {
		if (typeof value === 'string') return value
		if (value !== undefined && value !== null) this.failed = true
		return ''
	}
}

const NO_OWNER: Record<string, unknown> = {}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** JSON numbers over 2^53 arrive rounded: a pid or a time that is somebody else's. */
function hasUnsafeNumber(record: Record<string, unknown>): boolean {
	for (const name of NUMBER_FIELDS) {
		const value = record[name]
		if (typeof value === 'number' && !Number.isSafeInteger(value)) return true
	}
	return false
}

const NUMBER_FIELDS = [
	'Timestamp',
	'HostPPID',
	'HostPID',
	'PPID',
	'PID',
	'UID',
	'DroppingAlertsInterval',
	'MaxAlertsPerSec'
]

/** UpdatedTime has microseconds; Timestamp (s) is there when a forwarder dropped it. int64 is text in protobuf's JSON. */
function timeOf(record: Record<string, unknown>): number {
	if (typeof record.UpdatedTime === 'string' && record.UpdatedTime !== '')
		return parseTime(record.UpdatedTime)
	const seconds = record.Timestamp
	if (typeof seconds === 'number') return seconds * 1000
	return typeof seconds === 'string' && /^\d{1,15}$/.test(seconds) ? Number(seconds) * 1000 : Number.NaN
}

function hasLongName({
	cluster,
	host,
	namespace,
	pod,
	container,
	containerId,
	image,
	ownerKind,
	ownerName
}: KubeArmorFields): boolean {
	return [cluster, host, namespace, pod, container, containerId, image, ownerKind, ownerName].some(
		(name) => name.length > NAME_LENGTH_MAX
	)
}

/** How long an AlertThreshold line says that alerts are dropped; KubeArmor's default when it does not say. */
function silentSecondsOf({ DroppingAlertsInterval: seconds }: Record<string, unknown>): number {
	return typeof seconds === 'number'
		? Math.min(Math.max(0, seconds), SILENT_SECONDS_MAX)
		: SILENT_SECONDS_DEFAULT
}

const SILENT_SECONDS_DEFAULT = 30
const SILENT_SECONDS_MAX = 86_400

/** `containerName` → `ContainerName`, `hostPid` → `HostPID`: the form in which older collectors kept it. */
function fromLowerCamel(line: Record<string, unknown>): Record<string, unknown> {
	// No prototype: a key may be called __proto__.
	const record: Record<string, unknown> = Object.create(null)
	for (const [name, value] of Object.entries(line)) {
		const camel = `${name.charAt(0).toUpperCase()}${name.slice(1)}`
		record[LOWER_CAMEL_NAMES.get(camel) ?? camel] = value
	}
	return record
}

const LOWER_CAMEL_NAMES = new Map([
	['HostPid', 'HostPID'],
	['HostPpid', 'HostPPID'],
	['Ppid', 'PPID'],
	['Pid', 'PID'],
	['Uid', 'UID'],
	['ContainerId', 'ContainerID'],
	['Tty', 'TTY']
])
