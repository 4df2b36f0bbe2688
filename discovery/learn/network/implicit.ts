import type { InventoryItem, Verb } from '../../../collector/observation.js'
import { networkObject, parseNetworkObject } from '../../behaviour.js'
import { arrangeInventory, type Inventory } from '../../inventory.js'
import { selects } from '../../selector.js'
import { parseWorkloadName, podWorkloadName } from '../../workload.js'
import type { NetworkFacts, NetworkRule } from './rule.js'

/**
 * Flows that must work and may never have been recorded: a direction that is held at all would cut
 * them. None is implied in a direction in which nothing was seen, because such a direction is left
 * open and a single rule would close it. What a rule covers already is only explained there.
 */
export function withImplied(rules: readonly NetworkRule[], facts: NetworkFacts): NetworkRule[] {
	const name = parseWorkloadName(facts.workload)
	if (name?.form !== 'container') return [...rules]
	const held = new Set<string>()
	for (const { object, access } of rules) {
		const flow = parseNetworkObject(object)
		if (flow && flow.protocol !== 'unix' && access.some((verb) => OPENING.has(verb))) held.add(flow.direction)
	}
	const inventory = arrangeInventory(facts.inventory)
	const whose: Whose = {
		rules,
		facts,
		inventory,
		cluster: name.cluster,
		pods: inventory.podsOf(podWorkloadName(name)),
		services: servicesOf(name, inventory)
	}
	const implied = [
		...(held.has('egress') ? [...names(whose), ...apiServer(whose)] : []),
		...(held.has('ingress')
			? [...probes(whose), ...scrapes(whose), ...webhooks(whose), ...frontDoors(whose)]
			: [])
	]
	return merge(rules, implied)
}

const OPENING: ReadonlySet<Verb> = new Set<Verb>(['connect', 'send', 'accept'])

interface Implied {
	object: string
	access: Verb[]
	origin: 'inferred' | 'required'
	why: string
	beyond: string
	/** Peers that stand for the same: the pods behind a service. */
	instead?: string[]
}

interface Whose {
	rules: readonly NetworkRule[]
	facts: NetworkFacts
	inventory: Inventory
	cluster: string
	/** Its own pods. */
	pods: readonly InventoryItem[]
	/** Services that lead to its pods, sorted by name. */
	services: readonly InventoryItem[]
}

/** Names are asked of the cluster's resolver, and of the node's own where there is one. */
function names({ rules, inventory, cluster }: Whose): Implied[] {
	const asks = rules.some(({ object, access }) => access.includes('resolve') || object.includes('/name:'))
	const service = inventory.find('Service', 'kube-system', 'kube-dns', cluster)
	const pod = inventory.podsIn(cluster, 'kube-system').find((one) => one.labels['k8s-app'] === 'kube-dns')
	const behind = pod ? [`workload:${inventory.workloadOf(pod)}`] : []
	const [peer, ...instead] = service ? ['service:kube-system/kube-dns', ...behind] : behind
	const implied: Implied[] = []
	if (peer !== undefined) {
		const why = asks
			? 'It asks for names, so it must reach the cluster’s resolver.'
			: 'DNS is never withheld from what speaks to others: the inventory says who answers.'
		const origin = asks ? 'required' : 'inferred'
		implied.push({ ...egress('udp', 53, peer, ['connect', 'send'], origin, why, ASKED), instead })
	}
	if (inventory.find('DaemonSet', 'kube-system', 'node-local-dns', cluster)) {
		// The address that the NodeLocal DNSCache add-on listens on unless told otherwise.
		const why = 'Each node of this cluster has a resolver of its own (node-local-dns).'
		implied.push(egress('udp', 53, 'cidr:169.254.20.10/32', ['connect', 'send'], 'inferred', why, ASKED))
	}
	return implied
}

const ASKED = 'Names may be asked for.'

function apiServer({ facts, inventory, cluster }: Whose): Implied[] {
	const service = inventory.find('Service', 'default', 'kubernetes', cluster)
	if (!service) return []
	const port = service.ports[0]?.port ?? 443
	const peer = 'service:default/kubernetes'
	const why = 'It reads its service account token, which is for the API server.'
	const isRead = facts.readsToken === true
	return isRead
		? [egress('tcp', port, peer, ['connect'], 'inferred', why, 'The API server may be asked.')]
		: []
}

/** The kubelet of whatever node a pod runs on tomorrow. */
function probes({ pods }: Whose): Implied[] {
	const ports = new Set(pods.flatMap((pod) => pod.containers.flatMap((one) => one.probePorts ?? [])))
	return [...ports].map((port) =>
		ingress(
			'tcp',
			port,
			'node:*',
			'required',
			`Its pods declare a probe on port ${port}: a kubelet that gets no answer restarts them.`,
			'Any node of the cluster may connect to that port.'
		)
	)
}

/** Whoever scrapes metrics, where the pods ask to be scraped. */
function scrapes({ pods, facts, inventory }: Whose): Implied[] {
	const ports = new Set<number>()
	for (const { annotations = {} } of pods) {
		const port = Number(annotations['prometheus.io/port'] ?? '')
		const isScraped = annotations['prometheus.io/scrape'] === 'true'
		if (isScraped && Number.isInteger(port) && port > 0 && port <= 65_535) ports.add(port)
	}
	if (ports.size === 0) return []
	const scrapers = new Set(
		facts.inventory.filter(isScraper).map((pod) => `workload:${inventory.workloadOf(pod)}`)
	)
	return [...ports].flatMap((port) =>
		[...scrapers].map((peer) =>
			ingress(
				'tcp',
				port,
				peer,
				'inferred',
				`Its pods ask to be scraped on port ${port} (prometheus.io/scrape), and ${peer.slice(9)} scrapes.`,
				'The scraper may read its metrics.'
			)
		)
	)
}

function isScraper(item: InventoryItem): boolean {
	return (
		item.kind === 'Pod' &&
		item.toMs === null &&
		(item.labels['app.kubernetes.io/name'] === 'prometheus' || item.labels.app === 'prometheus')
	)
}

/** The API server calls admission and conversion webhooks, from wherever it runs. */
function webhooks({ services, facts, inventory, cluster }: Whose): Implied[] {
	const called = services.filter(({ name }) => /(^|-)webhook(-|$)/.test(name))
	const [service] = called
	if (!service) return []
	const apiService = inventory.find('Service', 'default', 'kubernetes', cluster)
	const callers = apiService ? inventory.endpointsOf(apiService) : []
	return called.flatMap(({ name, ports }) =>
		ports.flatMap(({ targetPort, protocol }) =>
			typeof targetPort !== 'number'
				? []
				: callers.map((address) =>
						ingress(
							protocol.toLowerCase(),
							targetPort,
							nodeAt(address, facts.inventory) ?? `cidr:${address}/${address.includes(':') ? 128 : 32}`,
							'inferred',
							`Service ${name} leads to its pods and is named a webhook: the API server calls it.`,
							'The API server may connect to that port.'
						)
					)
		)
	)
}

/** A service that is open to the outside is called by anybody: that is what its type says. */
function frontDoors({ services }: Whose): Implied[] {
	return services
		.filter(({ serviceType }) => serviceType === 'LoadBalancer' || serviceType === 'NodePort')
		.flatMap(({ name, serviceType, ports }) =>
			ports.flatMap(({ targetPort, protocol }) =>
				typeof targetPort !== 'number'
					? []
					: [
							ingress(
								protocol.toLowerCase(),
								targetPort,
								'any',
								'inferred',
								`Service ${name} of type ${serviceType} leads to this port from outside the cluster.`,
								'Anybody may connect to that port, as the service says.'
							)
						]
			)
		)
}

function nodeAt(address: string, items: readonly InventoryItem[]): string | undefined {
	const node = items.find((item) => item.kind === 'Node' && item.addresses.includes(address))
	return node ? `node:${node.name}` : undefined
}

function servicesOf(
	name: { cluster: string; namespace: string; kind: string; name: string },
	inventory: Inventory
): InventoryItem[] {
	const pods = inventory.podsOf(podWorkloadName(name))
	return inventory.servicesIn(name.cluster, name.namespace).filter(({ selector }) => {
		if (selector === null || Object.keys(selector).length === 0) return false
		return pods.some((pod) => selects(selector, pod.labels))
	})
}

/** What is seen already gains the reason; what is not becomes a rule that covers nothing yet. */
function merge(rules: readonly NetworkRule[], implied: readonly Implied[]): NetworkRule[] {
	const merged = [...rules]
	const added = new Map<string, NetworkRule>()
	for (const { instead = [], ...one } of implied) {
		const index = merged.findIndex((rule) => isCovered(one, instead, rule))
		const rule = merged[index]
		if (rule) {
			if (!rule.why.includes(one.why)) merged[index] = { ...rule, why: `${rule.why} ${one.why}` }
		} else if (!added.has(one.object)) {
			added.set(one.object, {
				effect: 'allow',
				...one,
				sources: [],
				covers: [],
				entries: 1,
				unseenCount: 1,
				bits: 1,
				hazardRemoved: 0
			})
		}
	}
	return [...merged, ...added.values()]
}

function isCovered(one: Implied, instead: readonly string[], rule: NetworkRule): boolean {
	const asked = parseNetworkObject(one.object)
	const given = parseNetworkObject(rule.object)
	if (!asked || !given || asked.direction !== given.direction || asked.protocol !== given.protocol)
		return false
	if (asked.port < given.port || asked.port > (given.lastPort ?? given.port)) return false
	// A client of UDP may connect its socket or not: either way it was seen to speak to that peer.
	const isOpened = rule.access.some((verb) => OPENING.has(verb))
	if (!isOpened) return false
	if (given.peer === 'any') return rule.sources.length === 0
	return given.peer === asked.peer || instead.includes(given.peer)
}

function egress(
	protocol: string,
	port: number,
	peer: string,
	access: Verb[],
	origin: Implied['origin'],
	why: string,
	beyond: string
): Implied {
	const object = networkObject({ direction: 'egress', protocol, port, peer })
	return { object, access, origin, why, beyond }
}

function ingress(
	protocol: string,
	port: number,
	peer: string,
	origin: Implied['origin'],
	why: string,
	beyond: string
): Implied {
	const object = networkObject({ direction: 'ingress', protocol, port, peer })
	return { object, access: ['accept'], origin, why, beyond }
}
