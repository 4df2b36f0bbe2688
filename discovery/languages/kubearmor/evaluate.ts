import type { Verb } from '../../../collector/observation.js'
import { parseNetworkObject } from '../../behaviour.js'
import { parseWorkloadName } from '../../workload.js'
import type { Access, Context, Verdict } from '../language.js'
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
	protocolKey,
	READ,
	type RuleMap,
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
	const map = ruleMapOf(manifests, context)
	if (!map) return { verdict: 'allow', rule: 'No KubeArmor policy selects this workload.' }
	const sources = access.source === '' ? [...map.sources].sort() : [access.source]
	let mildest: Verdict | undefined
	for (const source of sources) {
		const verdict = verdictOf(map, access.verb, access.object, literalPath(source) ?? source, context)
		if (verdict.verdict === 'allow') return verdict
		if (!mildest || (mildest.verdict === 'block' && verdict.verdict === 'audit')) mildest = verdict
	}
	return mildest ?? { verdict: 'allow', rule: 'The policies that select this workload have no rules.' }
}

/** Judging a whole history asks the same manifests thousands of times, so the last map is kept with them. */
const lastMaps = new WeakMap<readonly Record<string, unknown>[], { of: Context; map: RuleMap | null }>()

function ruleMapOf(manifests: readonly Record<string, unknown>[], context: Context): RuleMap | null {
	const last = lastMaps.get(manifests)
	if (last && isSamePlace(last.of, context)) return last.map
	const policies = manifests.flatMap((manifest) => selectedPolicy(manifest, context))
	const map = policies.length > 0 ? buildRuleMap(policies) : null
	lastMaps.set(manifests, { of: context, map })
	return map
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
	const namespace = textOf(metadata, 'namespace') || 'default'
	if (namespace !== context.namespace || !selectsByExpressions(selector, context)) return []
	const { [CONTAINER_LABEL]: containers, ...labels } = labelsOf(selector, 'matchLabels')
	if (!hasLabels(labels, context.podLabels)) return []
	if (containers !== undefined && !selectsContainer(containers, context.container)) return []
	return [policy]
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

function verdictOf(map: RuleMap, verb: Verb, object: string, source: string, context: Context): Verdict {
	switch (verb) {
		case 'exec':
			return execVerdict(map, object, source, context)
		case 'read':
		case 'list':
			return fileVerdict(map, ['open'], object, source, context)
		case 'write':
			return fileVerdict(map, ['open', 'write'], object, source, context)
		case 'create':
			// lookup_open() asks path_mknod for the new name before the file is opened.
			return fileVerdict(map, ['path', 'open', 'write'], object, source, context)
		case 'delete':
		case 'rename':
		case 'link':
		case 'chmod':
		case 'mkdir':
		case 'mknod':
		case 'truncate':
			return fileVerdict(map, ['path'], object, source, context)
		case 'connect':
		case 'send':
		case 'bind':
		case 'listen':
		case 'accept':
		case 'resolve':
		case 'request':
		case 'raw-socket':
			return socketVerdict(map, verb, object, source, context)
		case 'capability':
			return keyVerdict(map, 'capabilities', [capabilityKey(object)], source, context)
		default:
			return { verdict: 'allow', rule: `KubeArmor has no hook that holds ${verb}.` }
	}
}

function execVerdict(map: RuleMap, object: string, source: string, context: Context): Verdict {
	// Exec opens the program first, so the file whitelist has its say before the process whitelist.
	const opened = fileVerdict(map, ['open'], object, source, context)
	if (opened.verdict === 'block') return opened
	const path = keptPath(object)
	const entry =
		exact(map, path, source, 'process', EXEC) ??
		directory(map, path, source, 'process', EXEC) ??
		exact(map, path, '', 'process', EXEC) ??
		exact(map, path.slice(path.lastIndexOf('/') + 1), '', 'process', EXEC) ??
		directory(map, path, '', 'process', EXEC)
	const executed = decide(map, 'process', entry, entry ? (entry.process & DENY) !== 0 : false, context)
	return executed.verdict === 'allow' ? opened : executed
}

type Step = 'open' | 'write' | 'path'

function fileVerdict(
	map: RuleMap,
	steps: readonly Step[],
	object: string,
	source: string,
	context: Context
): Verdict {
	// The path of the root directory comes out empty, and KubeArmor lets through what it cannot name.
	if (object === '/') return { verdict: 'allow', rule: 'KubeArmor cannot name the root directory.' }
	const path = keptPath(object)
	const entry =
		exact(map, path, source, 'file', READ) ??
		directory(map, path, source, 'file', READ) ??
		exact(map, path, '', 'file', READ) ??
		directory(map, path, '', 'file', READ)
	const verdicts = steps.map((step) => decide(map, 'file', entry, isRefused(step, entry), context))
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

function socketVerdict(map: RuleMap, verb: Verb, object: string, source: string, context: Context): Verdict {
	if (isAnsweredByKernel(object))
		return { verdict: 'allow', rule: 'The kernel answers ICMP without a socket.' }
	return keyVerdict(map, 'network', socketKeys(verb, object), source, context)
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
	map: RuleMap,
	list: 'network' | 'capabilities',
	keys: readonly string[],
	source: string,
	context: Context
): Verdict {
	const places = [...keys.map((key) => `${key}\0${bytesOf(source)}`), ...keys.map((key) => `${key}\0`)]
	const entry = places.map((place) => map.entries.get(place)).find((found) => found !== undefined)
	return decide(map, list, entry, entry ? (entry.process & DENY) !== 0 : false, context)
}

function decide(
	map: RuleMap,
	list: Closable,
	entry: Entry | undefined,
	isDenied: boolean,
	context: Context
): Verdict {
	if (entry) return { verdict: isDenied ? 'block' : 'allow', rule: entry.rule }
	const closedBy = map.closedBy[list]
	if (closedBy === undefined) return { verdict: 'allow', rule: `No Allow rule closes ${list}.` }
	// Process follows the file posture: there is no annotation of its own.
	const posture = context.posture[list === 'process' ? 'file' : list]
	return {
		verdict: posture,
		rule: `DefaultPosture ${posture}: not listed, and ${closedBy} makes ${list} a whitelist.`
	}
}
