import type { Verb } from '../../../collector/observation.js'
import { parseNetworkObject } from '../../behaviour.js'
import { append } from '../../inventory.js'
import { parseWorkloadName } from '../../workload.js'
import type { Access, Context, Judge, Verdict } from '../language.js'
import { fieldOf, labelsOf, listOf, textOf } from '../manifest.js'
import { literalPath } from './path.js'
import { directory, exact, keptPath } from './lookup.js'
import {
	buildRuleMap,
	bytesOf,
	type Closable,
	capabilityKey,
	DENY,
	type Entry,
	EXEC,
	indexOf,
	protocolKey,
	READ,
	type RuleIndex,
	type SelectedPolicy,
	WRITE
} from './rule-map.js'
import { isAnsweredByKernel, unixProtocol } from './socket.js'

/**
 * What KubeArmor on BPF-LSM does with one access under all live policies: selection, the
 * rule map, the order of its lookups, and the posture (KubeArmor/BPF/enforcer.bpf.c,
 * enforcer_path.bpf.c, shared.h). For exec the enforcer compares the *parent's* executable with
 * `fromSource`; that is the access's source where the program was started by fork and exec. A source
 * of '' is unknown: the verdict is the mildest that any source would get.
 */
export function evaluate(
	manifests: readonly Record<string, unknown>[],
	access: Access,
	context: Context
): Verdict {
	const index = indexFor(manifests, context)
	if (!index) return { verdict: 'allow', rule: 'No KubeArmor policy selects this workload.' }
	return judged(index, access, context)
}

/** `Language.prepare`: policies arranged by namespace, then one rule map per place. */
export function prepare(manifests: readonly Record<string, unknown>[]): (place: Context) => Judge | null {
	const everywhere: Placed[] = []
	const byNamespace = new Map<string, Placed[]>()
	for (const [order, manifest] of manifests.entries()) {
		if (manifest.kind === 'KubeArmorPolicy') append(byNamespace, namespaceOf(manifest), { order, manifest })
		else everywhere.push({ order, manifest })
	}
	return (place) => {
		// What overwrites what depends on the order of the policies.
		const near = [...(byNamespace.get(place.namespace) ?? []), ...everywhere]
		const policies = near
			.sort((a, b) => a.order - b.order)
			.flatMap(({ manifest }) => selectedPolicy(manifest, place))
		if (policies.length === 0) return null
		const index = indexOf(buildRuleMap(policies))
		return (access) => judged(index, access, place)
	}
}

interface Placed {
	order: number
	manifest: Record<string, unknown>
}

function judged(index: RuleIndex, access: Access, context: Context): Verdict {
	const sources = access.source === '' ? index.sources : [access.source]
	let mildest: Verdict | undefined
	for (const source of sources) {
		const bytes = bytesOf(literalPath(source) ?? source)
		const verdict = verdictOf(index, access.verb, access.object, bytes, context)
		if (verdict.verdict === 'allow') return verdict
		if (!mildest || (mildest.verdict === 'block' && verdict.verdict === 'audit')) mildest = verdict
	}
	return mildest ?? { verdict: 'allow', rule: 'The policies that select this workload have no rules.' }
}

/** Judging a whole history asks the same manifests thousands of times, so the last map is kept with them. */
const lastIndexes = new WeakMap<
	readonly Record<string, unknown>[],
	{ of: Context; index: RuleIndex | null }
>()

function indexFor(manifests: readonly Record<string, unknown>[], context: Context): RuleIndex | null {
	const last = lastIndexes.get(manifests)
	if (last && isSamePlace(last.of, context)) return last.index
	const policies = manifests.flatMap((manifest) => selectedPolicy(manifest, context))
	const index = policies.length > 0 ? indexOf(buildRuleMap(policies)) : null
	lastIndexes.set(manifests, { of: context, index })
	return index
}

function isSamePlace(a: Context, b: Context): boolean {
	return (
		a.workload === b.workload &&
		a.namespace === b.namespace &&
		a.container === b.container &&
		a.podLabels === b.podLabels &&
		a.nodeLabels === b.nodeLabels
	)
}

function selectedPolicy(manifest: Record<string, unknown>, context: Context): SelectedPolicy[] {
	const metadata = fieldOf(manifest, 'metadata') ?? {}
	const spec = fieldOf(manifest, 'spec')
	if (!spec) return []
	const isHost = parseWorkloadName(context.workload)?.form === 'host'
	const policy = { name: textOf(metadata, 'name'), spec, isHost }
	if (manifest.kind === 'KubeArmorHostPolicy') {
		const labels = labelsOf(fieldOf(spec, 'nodeSelector'), 'matchLabels')
		return isHost && hasLabels(labels, context.nodeLabels) ? [policy] : []
	}
	if (isHost) return []
	const selector = fieldOf(spec, 'selector') ?? {}
	if (manifest.kind === 'KubeArmorClusterPolicy') {
		return selectsByExpressions(selector, context) ? [policy] : []
	}
	if (manifest.kind !== 'KubeArmorPolicy') return []
	if (namespaceOf(manifest) !== context.namespace || !selectsByExpressions(selector, context)) return []
	const { [CONTAINER_LABEL]: containers, ...labels } = labelsOf(selector, 'matchLabels')
	if (!hasLabels(labels, context.podLabels)) return []
	if (containers !== undefined && !selectsContainer(containers, context.container)) return []
	return [policy]
}

function namespaceOf(manifest: Record<string, unknown>): string {
	return textOf(fieldOf(manifest, 'metadata'), 'namespace') || 'default'
}

/** The pseudo label by which a policy narrows itself to containers. */
export const CONTAINER_LABEL = 'kubearmor.io/container.name'

/**
 * KubeArmor cuts the first and the last character off the value and splits at commas, so
 * `[nginx]` means the container nginx, and plain `nginx` a container called `gin`. A value of
 * two characters or fewer, and one that leaves no name, narrows nothing (kubeUpdate.go).
 */
function selectsContainer(value: string, container: string): boolean {
	if (value.length <= 2) return true
	const names = value
		.slice(1, -1)
		.split(',')
		.filter((name) => name.length > 0)
		.map((name) => name.trim())
	return names.length === 0 || names.includes(container)
}

function hasLabels(labels: Record<string, string>, has: Record<string, string>): boolean {
	return Object.entries(labels).every(([key, value]) => has[key] === value)
}

function selectsByExpressions(selector: Record<string, unknown>, context: Context): boolean {
	return listOf(selector, 'matchExpressions').every((expression) => {
		const values = Array.isArray(expression.values) ? expression.values : []
		const isListed =
			expression.key === 'namespace'
				? values.includes(context.namespace)
				: values.some((value) => typeof value === 'string' && hasPair(value, context.podLabels))
		return expression.operator === 'NotIn' ? !isListed : isListed
	})
}

function hasPair(pair: string, labels: Record<string, string>): boolean {
	const at = pair.indexOf('=')
	return at > 0 && labels[pair.slice(0, at)] === pair.slice(at + 1)
}

function verdictOf(index: RuleIndex, verb: Verb, object: string, source: string, context: Context): Verdict {
	switch (verb) {
		case 'exec':
			return execVerdict(index, object, source, context)
		case 'read':
		case 'list':
			return fileVerdict(index, ['open'], object, source, context)
		case 'write':
			return fileVerdict(index, ['open', 'write'], object, source, context)
		case 'create':
			// lookup_open() asks path_mknod for the new name before the file is opened.
			return fileVerdict(index, ['path', 'open', 'write'], object, source, context)
		case 'delete':
		case 'rename':
		case 'link':
		case 'chmod':
		case 'mkdir':
		case 'mknod':
		case 'truncate':
			return fileVerdict(index, ['path'], object, source, context)
		case 'connect':
		case 'send':
		case 'bind':
		case 'listen':
		case 'accept':
		case 'resolve':
		case 'request':
		case 'raw-socket':
			return socketVerdict(index, verb, object, source, context)
		case 'capability':
			return keyVerdict(index, 'capabilities', [capabilityKey(object)], source, context)
		default:
			return { verdict: 'allow', rule: `KubeArmor has no hook that holds ${verb}.` }
	}
}

function execVerdict(index: RuleIndex, object: string, source: string, context: Context): Verdict {
	// Exec opens the program first, so the file whitelist has its say before the process whitelist.
	const opened = fileVerdict(index, ['open'], object, source, context)
	if (opened.verdict === 'block') return opened
	const path = keptPath(object)
	const entry =
		exact(index, path, source, 'process', EXEC) ??
		directory(index, path, source, 'process', EXEC) ??
		exact(index, path, '', 'process', EXEC) ??
		exact(index, path.slice(path.lastIndexOf('/') + 1), '', 'process', EXEC) ??
		directory(index, path, '', 'process', EXEC)
	const executed = decide(index, 'process', entry, entry ? (entry.process & DENY) !== 0 : false, context)
	return executed.verdict === 'allow' ? opened : executed
}

type Step = 'open' | 'write' | 'path'

function fileVerdict(
	index: RuleIndex,
	steps: readonly Step[],
	object: string,
	source: string,
	context: Context
): Verdict {
	// The path of the root directory comes out empty, and KubeArmor lets through what it cannot name.
	if (object === '/') return { verdict: 'allow', rule: 'KubeArmor cannot name the root directory.' }
	const path = keptPath(object)
	const entry =
		exact(index, path, source, 'file', READ) ??
		directory(index, path, source, 'file', READ) ??
		exact(index, path, '', 'file', READ) ??
		directory(index, path, '', 'file', READ)
	const verdicts = steps.map((step) => decide(index, 'file', entry, isRefused(step, entry), context))
	const blocked = verdicts.find((verdict) => verdict.verdict === 'block')
	const last = blocked ?? verdicts[0]
	return last ?? { verdict: 'allow', rule: 'Nothing was asked.' }
}

/**
 * Whether a matching entry refuses a step. Opening under a read-only rule is always let through,
 * even of a rule that blocks; writing is refused later. The path hooks (unlink, rename,
 * mkdir, chmod …) never look at read-only.
 */
function isRefused(step: Step, entry: Entry | undefined): boolean {
	if (!entry) return false
	const readOnly = (entry.file & WRITE) === 0
	if (step === 'write') return readOnly
	if (step === 'open' && readOnly) return false
	return (entry.file & DENY) !== 0
}

function socketVerdict(
	index: RuleIndex,
	verb: Verb,
	object: string,
	source: string,
	context: Context
): Verdict {
	if (isAnsweredByKernel(object))
		return { verdict: 'allow', rule: 'The kernel answers ICMP without a socket.' }
	return keyVerdict(index, 'network', socketKeys(verb, object), source, context)
}

/** The keys under which a socket is looked up: by type first, then by protocol; the family is never looked at. */
function socketKeys(verb: Verb, object: string): string[] {
	if (verb === 'raw-socket') {
		const keys = [protocolKey('raw')]
		if (object === 'AF_INET/icmp') keys.push(protocolKey('icmp'))
		return keys
	}
	const flow = parseNetworkObject(object)
	const protocol = flow?.protocol === 'unix' ? unixProtocol(flow.peer) : (flow?.protocol ?? '')
	if (verb === 'resolve' || protocol === 'udp') return [protocolKey('dgram'), protocolKey('udp')]
	if (verb === 'request' || protocol === 'tcp') return [protocolKey('stream'), protocolKey('tcp')]
	if (protocol === 'sctp') return [protocolKey('stream'), protocolKey('sctp')]
	// Ping sockets. Those of IPv6 are looked up under a number that no rule can enter.
	return protocol === 'icmp' ? [protocolKey('icmp')] : []
}

function keyVerdict(
	index: RuleIndex,
	list: 'network' | 'capabilities',
	keys: readonly string[],
	source: string,
	context: Context
): Verdict {
	const entry = firstOf(index.bySource.get(source), keys) ?? firstOf(index.bySource.get(''), keys)
	return decide(index, list, entry, entry ? (entry.process & DENY) !== 0 : false, context)
}

function firstOf(paths: ReadonlyMap<string, Entry> | undefined, keys: readonly string[]): Entry | undefined {
	for (const key of keys) {
		const entry = paths?.get(key)
		if (entry) return entry
	}
	return undefined
}

function decide(
	index: RuleIndex,
	list: Closable,
	entry: Entry | undefined,
	isDenied: boolean,
	context: Context
): Verdict {
	if (entry) return { verdict: isDenied ? 'block' : 'allow', rule: entry.rule }
	const closedBy = index.closedBy[list]
	if (closedBy === undefined) return { verdict: 'allow', rule: `No Allow rule closes ${list}.` }
	// Process follows the file posture: there is no annotation of its own.
	const posture = context.posture[list === 'process' ? 'file' : list]
	return {
		verdict: posture,
		rule: `DefaultPosture ${posture}: not listed, and ${closedBy} makes ${list} a whitelist.`
	}
}
