import { z } from 'zod'
import { canonicalAddress } from '../../address.js'
import type { Act, Actor } from '../../aggregate.js'
import type { InventoryItem, Result, Subject } from '../../observation.js'
import { escapeText } from '../../path.js'
import { redactUrlPath, TEXT_LENGTH_MAX } from '../../redact.js'
import { type Decoded, NOTHING, parseTime, refused, type TimeWindow, timeProblem } from './decoded.js'
import { dnsAnswer } from './dns-answer.js'

/**
 * Decodes Hubble flows (cilium api/v1/flow/flow.proto as JSON), bare or wrapped in
 * `{"flow":…}` as the exporter and GetFlows write them, and GetFlows' lost-events lines.
 */
export function decodeHubble(line: Record<string, unknown>, window: TimeWindow): Decoded {
	if ('node_status' in line || 'agent_event' in line || 'debug_event' in line) return NOTHING
	if ('lost_events' in line) return lostEvents(line, window)
	const parsed = ('flow' in line ? wrappedSchema : bareSchema).safeParse(line)
	if (!parsed.success) return refused(`not a Hubble flow: ${placeOf(parsed.error)}`)
	const { flow, cluster } = parsed.data
	const atMs = parseTime(flow.time)
	const problem = timeProblem(atMs, window)
	if (problem !== undefined) return refused(problem)
	const result = RESULTS.get(flow.verdict)
	if (result === 'allowed' && flow.l7?.type === 'RESPONSE') return dnsResponse(flow, cluster, atMs)
	if (result === undefined || isReply(flow)) return NOTHING

	const isEgress = flow.traffic_direction === 'EGRESS'
	if (!isEgress && flow.traffic_direction !== 'INGRESS') return NOTHING
	const own = isEgress ? flow.source : flow.destination
	const subject = own === null || own === undefined ? undefined : subjectOf(own, cluster, flow.node_name)
	// What is no pod (the world, the node itself) has no policy here.
	if (subject === undefined) return NOTHING

	const acts = [...flowActs(flow, isEgress), ...(isEgress ? layer7Acts(flow) : [])]
	const actor: Actor = { subject, source: '', result, pod: escapeText(own?.pod_name ?? '') }
	if (acts.length === 0) return NOTHING
	const answers = isEgress ? namedPeer(flow, subject, atMs) : []
	const events = { actor, acts }
	return { is: 'events', events, atMs, repeats: false, ...(answers.length === 0 ? {} : { answers }) }
}

/** Names of Kubernetes and DNS have 253 characters at most. */
const text = z
	.string()
	.max(1024)
	.nullish()
	.transform((value) => value ?? '')
const port = z
	.int()
	.min(0)
	.max(65_535)
	.nullish()
	.transform((value) => value ?? 0)

/** What servers take for a request line, generously. */
const URL_LENGTH_MAX = 8192

/** A DNS message over UDP holds a few hundred addresses at most. */
const ANSWERS_MAX = 1024

const endpointSchema = z.object({
	namespace: text,
	pod_name: text,
	cluster_name: text,
	workloads: z.array(z.object({ name: z.string().max(1024), kind: z.string().max(1024) })).nullish()
})

const portsSchema = z.object({ source_port: port, destination_port: port })
const flagsSchema = z.object({ SYN: z.boolean().nullish(), ACK: z.boolean().nullish() })

const flowSchema = z.object({
	time: z.string(),
	verdict: text,
	IP: z.object({ source: text, destination: text }).nullish(),
	l4: z
		.object({
			TCP: portsSchema.extend({ flags: flagsSchema.nullish() }).nullish(),
			UDP: portsSchema.nullish(),
			SCTP: portsSchema.nullish(),
			ICMPv4: z.unknown().optional(),
			ICMPv6: z.unknown().optional()
		})
		.nullish(),
	source: endpointSchema.nullish(),
	destination: endpointSchema.nullish(),
	source_names: z.array(z.string().max(1024)).nullish(),
	destination_names: z.array(z.string().max(1024)).nullish(),
	node_name: text,
	traffic_direction: text,
	is_reply: z.boolean().nullish(),
	reply: z.boolean().nullish(),
	l7: z
		.object({
			type: text,
			dns: z
				.object({
					query: text,
					ips: z.array(z.string().max(64)).max(ANSWERS_MAX).nullish().catch(null),
					ttl: z.int().nonnegative().nullish().catch(null)
				})
				.nullish(),
			http: z.object({ method: text, url: z.string().max(URL_LENGTH_MAX) }).nullish()
		})
		.nullish()
})

type Flow = z.infer<typeof flowSchema>
type Endpoint = z.infer<typeof endpointSchema>

const wrappedSchema = z
	.object({ flow: flowSchema, node_name: text, time: z.string().nullish(), cluster_name: text })
	.transform(({ flow, node_name, cluster_name }) => ({
		flow: { ...flow, node_name: flow.node_name || node_name },
		cluster: cluster_name
	}))
const bareSchema = flowSchema.transform((flow) => ({ flow, cluster: '' }))

/** DROPPED and AUDIT are attempts that a policy forbids or would forbid; ERROR and TRACED say nothing of either. */
const RESULTS = new Map<string, Result>([
	['FORWARDED', 'allowed'],
	['REDIRECTED', 'allowed'],
	['TRANSLATED', 'allowed'],
	['DROPPED', 'denied'],
	['AUDIT', 'denied']
])

/** Packets that answer: the rule that let the question through lets them through. */
function isReply(flow: Flow): boolean {
	if (flow.is_reply === true || flow.reply === true || flow.l7?.type === 'RESPONSE') return true
	const flags = flow.l4?.TCP?.flags
	return flow.is_reply !== false && flags?.SYN === true && flags.ACK === true
}

type PodSubject = Subject & { kind: 'container' }

/** Network is per pod: the container stays ''. Cilium writes the node as `cluster/node` in a mesh. */
function subjectOf(endpoint: Endpoint, cluster: string, nodeName: string): PodSubject | undefined {
	if (endpoint.pod_name === '') return undefined
	const slash = nodeName.indexOf('/')
	const owner = endpoint.workloads?.[0]
	return {
		kind: 'container',
		cluster: endpoint.cluster_name || cluster || (slash === -1 ? '' : nodeName.slice(0, slash)) || 'default',
		namespace: endpoint.namespace || 'unknown',
		pod: endpoint.pod_name,
		container: '',
		node: slash === -1 ? nodeName || 'unknown' : nodeName.slice(slash + 1),
		...(owner === undefined ? {} : { owner })
	}
}

function flowActs(flow: Flow, isEgress: boolean): Act[] {
	const transport = transportOf(flow)
	const peer = peerOf(flow, isEgress)
	if (transport === undefined || peer === undefined) return []
	const { protocol, portNumber } = transport
	return isEgress
		? [{ verb: 'connect', object: `egress/${protocol}/${portNumber}/${peer}` }]
		: [{ verb: 'accept', object: `ingress/${protocol}/${portNumber}/${peer}` }]
}

function transportOf({ l4 }: Flow): { protocol: string; portNumber: number } | undefined {
	if (l4?.TCP) return { protocol: 'tcp', portNumber: l4.TCP.destination_port }
	if (l4?.UDP) return { protocol: 'udp', portNumber: l4.UDP.destination_port }
	if (l4?.SCTP) return { protocol: 'sctp', portNumber: l4.SCTP.destination_port }
	if (l4?.ICMPv4) return { protocol: 'icmp', portNumber: 0 }
	return l4?.ICMPv6 ? { protocol: 'icmpv6', portNumber: 0 } : undefined
}

/** A pod where Hubble names one, else a name that it resolved, else the address. */
function peerOf(flow: Flow, isEgress: boolean): string | undefined {
	const other = isEgress ? flow.destination : flow.source
	if (other && other.pod_name !== '') return `pod:${sealName(other.namespace)}/${sealName(other.pod_name)}`
	const names = (isEgress ? flow.destination_names : flow.source_names) ?? []
	const name = names.map(dnsName).sort()[0]
	const address = canonicalAddress((isEgress ? flow.IP?.destination : flow.IP?.source) ?? '')
	const isTrick = address !== undefined && isLocalOnly(address)
	return name !== undefined && name !== '' && !isTrick ? `name:${name}` : address
}

/** Instance metadata, link-local, loopback: a name that leads there hides where it leads (DNS rebinding). */
function isLocalOnly(address: string): boolean {
	return /^(169\.254\.|127\.|fe[89ab]|::1$|fd00:ec2::254$)/.test(address)
}

/** What the pod asked for by name: DNS questions and HTTP requests, seen by Cilium's proxy. */
function layer7Acts({ l7 }: Flow): Act[] {
	if (l7?.dns) {
		const name = dnsName(l7.dns.query)
		return name === '' ? [] : [{ verb: 'resolve', object: name }]
	}
	// A path that redaction would cut short is no rule.
	if (!l7?.http || l7.http.url.length > TEXT_LENGTH_MAX || !URL.canParse(l7.http.url)) return []
	const { host, pathname } = new URL(l7.http.url)
	const method = /^[A-Za-z-]{1,20}$/.test(l7.http.method) ? l7.http.method.toUpperCase() : 'GET'
	return [
		{
			verb: 'request',
			object: `${method} ${escapeText(host)}${escapeText(redactUrlPath(pathname))}`
		}
	]
}

/** The addresses that a resolver gave to a pod; the side that speaks from port 53 is the resolver. */
function dnsResponse(flow: Flow, cluster: string, atMs: number): Decoded {
	const dns = flow.l7?.dns
	const name = dnsName(dns?.query ?? '')
	const ports = flow.l4?.UDP ?? flow.l4?.TCP
	const asker = ports?.destination_port === 53 ? flow.source : flow.destination
	const subject = asker ? subjectOf(asker, cluster, flow.node_name) : undefined
	const addresses = (dns?.ips ?? []).map(canonicalAddress).filter((one) => one !== undefined)
	if (subject === undefined || name === '' || addresses.length === 0) return NOTHING
	const ttl = dns?.ttl ?? 0
	return { is: 'answers', answers: addresses.map((address) => dnsAnswer(subject, name, address, atMs, ttl)) }
}

/** Names that Hubble itself knows for the address, from answers that it may not have exported. */
function namedPeer(flow: Flow, subject: PodSubject, atMs: number): InventoryItem[] {
	const address = canonicalAddress(flow.IP?.destination ?? '')
	if (address === undefined || flow.destination?.pod_name) return []
	const names = (flow.destination_names ?? []).map(dnsName).filter((name) => name !== '')
	return names.map((name) => dnsAnswer(subject, name, address, atMs, 0))
}

function dnsName(name: string): string {
	return escapeText(name.toLowerCase().replace(/\.+$/, ''))
}

function sealName(name: string): string {
	return escapeText(name || 'unknown').replaceAll('/', '\\x2f')
}

const lostSchema = z.object({
	lost_events: z.object({
		source: text,
		// protobuf's JSON writes a uint64 as text
		num_events_lost: z.union([z.int().nonnegative(), z.string().regex(/^\d{1,15}$/)]).nullish()
	}),
	node_name: text,
	time: z.string()
})

const MINUTE_MS = 60_000

/** Hubble says how much a node lost, and not since when: the minute of the report is taken as blind. */
function lostEvents(line: Record<string, unknown>, window: TimeWindow): Decoded {
	const parsed = lostSchema.safeParse(line)
	if (!parsed.success) return refused(`not a Hubble lost-events line: ${placeOf(parsed.error)}`)
	const { lost_events, node_name, time } = parsed.data
	const atMs = parseTime(time)
	const problem = timeProblem(atMs, window)
	if (problem !== undefined) return refused(problem)
	const fromMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS
	const node = node_name.slice(node_name.indexOf('/') + 1)
	return {
		is: 'gap',
		gap: {
			scope: `node:${escapeText(node || 'unknown')}`,
			fromMs,
			toMs: fromMs + MINUTE_MS,
			reason: 'ring-full',
			lostCount: Number(lost_events.num_events_lost ?? 0),
			detail: `Hubble lost events in ${escapeText(lost_events.source).slice(0, 80) || 'an unnamed queue'}`
		}
	}
}

/** The field that did not fit, by its place in our schema. */
function placeOf(error: z.ZodError): string {
	const path = error.issues[0]?.path.filter((part) => typeof part === 'string').join('.') ?? ''
	return path === '' ? 'it has another shape' : `the field ${path} does not fit`
}
