import { canonicalAddress } from '../../../collector/address.js'
import { compareText, hostCidr, type NetworkObject, parseNetworkObject } from '../../behaviour.js'
import { namedAddresses, nodesOf, selectedPods, serviceOf } from '../../ends.js'
import { arrangeInventory, type Inventory } from '../../inventory.js'
import type { Note, Policy, Rule } from '../../policy.js'
import { parseWorkloadName } from '../../workload.js'
import type { RenderContext, Rendering } from '../language.js'
import { manifestName, manifestOf } from '../manifest.js'
import { RANGE_PORTS_MAX } from './limits.js'

/** The network policy of a host workload → one WhittleHostPolicy. */
export function render(policies: readonly Policy[], context: RenderContext): Rendering {
	const renderings = policies
		.filter((policy) => policy.class === 'network')
		.map((policy) => renderHost(policy, arrangeInventory(context.inventory)))
	return {
		manifests: renderings.flatMap(({ manifests }) => manifests),
		notes: renderings.flatMap(({ notes }) => notes)
	}
}

interface AllowRule {
	direction: 'egress' | 'ingress'
	protocol: string
	port?: number
	portFrom?: number
	portTo?: number
	cidr: string
}

function renderHost(policy: Policy, inventory: Inventory): Rendering {
	const name = parseWorkloadName(policy.workload)
	if (name?.form !== 'host') {
		const text = `${policy.workload} is not a workload of a host: its cgroup belongs to a container runtime.`
		return { manifests: [], notes: [{ code: 'host.workload', severity: 'info', text }] }
	}
	const notes: Note[] = []
	const allow = new Map<string, AllowRule>()
	for (const rule of policy.rules) {
		for (const one of allowRules(rule, policy, inventory, notes)) {
			const [first = 0, last = first] = [one.port ?? one.portFrom, one.portTo]
			const ports = [first, last].map((port) => String(port).padStart(5, '0')).join('-')
			allow.set(`${one.direction} ${one.protocol} ${ports} ${one.cidr}`, one)
		}
	}
	if (notes.some((note) => note.severity === 'refusal')) return { manifests: [], notes }
	if (allow.size === 0) {
		return {
			manifests: [],
			notes: [
				...notes,
				{
					code: 'host.empty',
					severity: 'refusal',
					text: 'Nothing that cgroup programs hold was seen, and an empty list would deny everything.'
				}
			]
		}
	}
	const manifest = manifestOf({
		apiVersion: 'whittle.dev/v1',
		kind: 'WhittleHostPolicy',
		name: manifestName([name.node, name.unit], policy.workload, 'network'),
		namespace: '',
		policies: [policy],
		spec: {
			workload: policy.workload,
			digest: policy.digest,
			network: {
				default: 'deny',
				allow: [...allow].sort(([a], [b]) => compareText(a, b)).map(([, rule]) => rule)
			}
		}
	})
	return { manifests: [manifest], notes }
}

function allowRules(rule: Rule, policy: Policy, inventory: Inventory, notes: Note[]): AllowRule[] {
	const flow = parseNetworkObject(rule.object)
	if (!flow) {
		note(notes, 'host.names', 'info', 'Names and requests are not held: only the connections that they need.')
		return []
	}
	if (flow.protocol === 'unix') {
		note(notes, 'host.unix', 'info', 'Unix sockets are not held by cgroup programs.')
		return []
	}
	if (flow.protocol === 'icmp' || flow.protocol === 'icmpv6') {
		note(notes, 'host.icmp', 'info', 'ICMP is not held by cgroup programs.')
		return []
	}
	if (flow.protocol !== 'tcp' && flow.protocol !== 'udp') {
		note(notes, 'host.protocol', 'info', `${flow.protocol} is not held by cgroup programs.`)
		return []
	}
	if (rule.sources.length > 0) {
		note(
			notes,
			'host.programs',
			'info',
			'The policy holds the whole cgroup: it does not tell programs apart.'
		)
	}
	const { direction, protocol, port, lastPort } = flow
	if (lastPort !== undefined && lastPort - port >= RANGE_PORTS_MAX) {
		note(
			notes,
			'host.range',
			'refusal',
			`Ports ${port} to ${lastPort} were learned as a range, and the sensor’s table holds at most ${RANGE_PORTS_MAX} ports in one.`
		)
		return []
	}
	const ports = lastPort === undefined ? { port } : { portFrom: port, portTo: lastPort }
	const cidrs = direction === 'egress' ? remoteCidrs(flow, policy, inventory, notes) : localCidrs(rule, flow)
	return cidrs.map((cidr) => ({ direction, protocol, ...ports, cidr }))
}

const ANY = ['0.0.0.0/0', '::/0']

/**
 * Where a port is bound. What was accepted says that the port is bound, by any address: the bind
 * itself may have happened before anybody watched, and must succeed at the next start.
 */
function localCidrs(rule: Rule, flow: NetworkObject): string[] {
	const isBound = rule.access.some((verb) => verb === 'bind' || verb === 'listen')
	return isBound && flow.peer.startsWith('cidr:') ? [flow.peer.slice('cidr:'.length)] : ANY
}

function remoteCidrs(flow: NetworkObject, policy: Policy, inventory: Inventory, notes: Note[]): string[] {
	const colon = flow.peer.indexOf(':')
	const rest = flow.peer.slice(colon + 1)
	const known = (what: string, addresses: readonly string[] | undefined) => {
		const canonical = (addresses ?? [])
			.map((address) => canonicalAddress(address))
			.filter((one) => one !== undefined)
		if (canonical.length === 0) {
			note(
				notes,
				'host.gone',
				'refusal',
				`${what} was spoken to, and the inventory knows no address of it any more.`
			)
		} else {
			note(
				notes,
				'host.addresses',
				'warning',
				`${what} is allowed by its addresses of now; they change with it.`
			)
		}
		return canonical.map(hostCidr)
	}
	const named = (name: string) => {
		const addresses = namedAddresses(name, policy.workload, inventory)
		if (addresses.length === 0) {
			const text = `${flow.peer} was spoken to: no DNS answer says at which addresses, and cgroup programs know addresses only.`
			note(notes, 'host.name', 'refusal', text)
		} else {
			const text = `Cgroup programs know no names: ${name} is allowed at the addresses that DNS last gave for it, and must be rendered again when those change.`
			note(notes, 'host.name-addresses', 'warning', text)
		}
		return addresses.map(hostCidr)
	}
	switch (colon < 0 ? flow.peer : flow.peer.slice(0, colon)) {
		case 'any':
			return ANY
		case 'cidr':
			return [rest]
		case 'node':
			return known(
				rest === '*' ? 'Any node' : `Node ${rest}`,
				nodesOf(rest, policy.workload, inventory).flatMap((node) => node.addresses)
			)
		case 'service':
			return known(`Service ${rest}`, serviceOf(rest, policy.workload, inventory)?.addresses)
		case 'pods':
			return known(
				`Whatever ${rest} selects`,
				selectedPods(rest, inventory).flatMap((pod) => pod.addresses)
			)
		case 'name':
			return named(rest)
		case 'workload':
			return known(
				`Workload ${rest}`,
				inventory
					.podsOf(rest)
					.filter((pod) => pod.toMs === null)
					.flatMap((pod) => pod.addresses)
			)
		default:
			note(
				notes,
				'host.name',
				'refusal',
				`${flow.peer} was spoken to, and cgroup programs know addresses only.`
			)
			return []
	}
}

function note(notes: Note[], code: string, severity: Note['severity'], text: string): void {
	if (!notes.some((known) => known.text === text)) notes.push({ code, severity, text })
}
