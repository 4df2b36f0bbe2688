import { z } from 'zod'
import { canonicalAddress } from './address.js'
import { canonicalKind } from './identity.js'
import {
	type Batch,
	classOfVerb,
	type Gap,
	type InventoryItem,
	type Sighting,
	type Start,
	type Verb
} from './observation.js'
import { hasUnprintable, PATH_BYTES_MAX, sealText } from './path.js'
import { cutDetail, redact } from './redact.js'

/**
 * Whittle's own JSON lines, in which stories are kept: `{"sighting":…}`, `{"start":…}`,
 * `{"gap":…}`, `{"exposure":…}` and `{"inventory":…}`, each the noun of observation.ts.
 */
export type Recorded =
	| { sighting: Sighting }
	| { start: Start }
	| { gap: Gap }
	| { exposure: Batch['exposure'][number] }
	| { inventory: InventoryItem }

/** The keys that mark a line of this form. */
export const RECORDED_KEYS = ['sighting', 'start', 'gap', 'exposure', 'inventory'] as const

/** A batch as lines without newlines. Deliveries, bad inputs and the timeline ring are not recorded. */
export function encodeBatch(batch: Batch): string[] {
	return [
		...batch.inventory.map((inventory) => JSON.stringify({ inventory })),
		...batch.starts.map((start) => JSON.stringify({ start })),
		...batch.sightings.map((sighting) => JSON.stringify({ sighting })),
		...batch.exposure.map((exposure) => JSON.stringify({ exposure })),
		...batch.gaps.map((gap) => JSON.stringify({ gap }))
	]
}

/** One parsed line, checked; or the reason why it is none. Texts in it are stored as they are, so they must be sealed. */
export function decodeRecorded(line: Record<string, unknown>): { recorded: Recorded } | { refused: string } {
	const key = RECORDED_KEYS.find((name) => name in line)
	if (key === undefined) return { refused: 'the line is of no known kind' }
	const parsed = SCHEMAS[key].safeParse(line)
	if (!parsed.success) return { refused: `not a recorded ${key}: ${placeOf(parsed.error)}` }
	return { recorded: parsed.data }
}

const HOUR_MS = 3_600_000
/** 2100: past any clock that could have written a recording; the replay's own window is narrower. */
const MS_MAX = 4_102_444_800_000
const NAME_LENGTH_MAX = 1024

const sealed = (lengthMax: number) =>
	z
		.string()
		.max(lengthMax)
		.refine((text) => !hasUnprintable(text), 'holds bytes that should be escaped')
const INVENTORY_KINDS = [
	'Pod',
	'Node',
	'Namespace',
	'Service',
	'EndpointSlice',
	'Deployment',
	'ReplicaSet',
	'StatefulSet',
	'DaemonSet',
	'Job',
	'CronJob',
	'DnsAnswer'
] as const satisfies InventoryItem['kind'][]

const name = sealed(NAME_LENGTH_MAX)
const object = sealed(PATH_BYTES_MAX * 4)
const detail = sealed(PATH_BYTES_MAX).transform(redact)
const ms = z.int().nonnegative().max(MS_MAX)
/** Counts add up in doubles on the way: no single one may come near 2^53. */
const count = z.int().nonnegative().max(1_000_000_000_000)

const ownerSchema = z
	.object({ kind: name, name })
	.transform(({ kind, name }) => ({ kind: canonicalKind(kind), name }))

const subjectSchema = z.discriminatedUnion('kind', [
	z.object({
		kind: z.literal('container'),
		cluster: name.default('default'),
		namespace: name,
		pod: name,
		container: name,
		owner: ownerSchema.exactOptional(),
		node: name.exactOptional()
	}),
	z.object({ kind: z.literal('host'), node: name, unit: object, cgroup: object.exactOptional() })
])

const versionSchema = z.object({ digest: name, description: name })
const verbs = Object.keys(classOfVerb) as Verb[]

const sightingSchema = z
	.object({
		subject: subjectSchema,
		version: versionSchema.exactOptional(),
		verb: z.enum(verbs),
		object,
		source: object,
		result: z.enum(['allowed', 'denied', 'failed']),
		count: count.min(1),
		firstMs: ms,
		lastMs: ms,
		pod: name,
		required: z.boolean().exactOptional(),
		interactive: z.boolean().exactOptional(),
		detail: detail.exactOptional()
	})
	.refine(
		({ firstMs, lastMs }) =>
			Math.floor(firstMs / HOUR_MS) === Math.floor(lastMs / HOUR_MS) && firstMs <= lastMs,
		{
			message: 'a sighting lies within one hour',
			path: ['lastMs']
		}
	)
	// Failed attempts (ENOENT …) are only counted, so their source may leave out on what.
	.refine(({ object, result }) => object !== '' || result === 'failed', {
		message: 'only a failed attempt may be of nothing',
		path: ['object']
	})

const startSchema = z.object({
	subject: subjectSchema,
	version: versionSchema.exactOptional(),
	pod: name,
	atMs: ms
})

const gapSchema = z
	.object({
		scope: object.min(1),
		fromMs: ms,
		toMs: ms,
		reason: z.enum([
			'ring-full',
			'map-full',
			'alert-throttle',
			'stream-broken',
			'visibility-off',
			'agent-down',
			'started-before',
			'executable-32-bit',
			'io-uring',
			'clock-step'
		]),
		lostCount: count,
		detail
	})
	.refine(({ fromMs, toMs }) => fromMs <= toMs, {
		message: 'a gap does not end before it begins',
		path: ['toMs']
	})

const exposureSchema = z.object({
	subject: subjectSchema,
	hour: z
		.int()
		.nonnegative()
		.max(MS_MAX / HOUR_MS),
	lossy: z.boolean()
})

/** People write inventories by hand, so times may be RFC 3339, and what is empty may be left out. */
const time = z.union([ms, z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))])
const labels = z.record(name, name)

/** The API server takes longer ones, but no program is told apart by what comes after this. */
const PROBE_WORDS_MAX = 256
const probeSchema = z.object({
	kind: z.string(),
	command: z.array(z.string()).max(PROBE_WORDS_MAX).default([]),
	port: z.int().min(1).max(65_535).exactOptional()
})

const inventorySchema = z
	.object({
		cluster: name.default('default'),
		kind: z.string().transform(canonicalKind).pipe(z.enum(INVENTORY_KINDS)),
		namespace: name.default(''),
		name,
		uid: name.default(''),
		from: time.optional(),
		to: time.nullish(),
		fromMs: ms.optional(),
		toMs: ms.nullish(),
		labels: labels.default({}),
		// The cluster IP of a headless service is the word None.
		addresses: z
			.array(z.string())
			.default([])
			.transform((texts) => texts.filter((text) => text !== 'None' && text !== ''))
			.pipe(z.array(z.string().transform(addressOf))),
		owner: ownerSchema.nullable().default(null),
		node: name.default(''),
		hostNetwork: z.boolean().default(false),
		containers: z
			.array(
				z
					.object({
						name,
						image: name.default(''),
						id: name.default(''),
						init: z.boolean().default(false),
						ephemeral: z.boolean().default(false),
						probes: z.array(probeSchema).default([])
					})
					.transform(({ probes, ...container }) => {
						const probePorts = portsOf(probes)
						return {
							...container,
							probes: execProbes(probes),
							...(probePorts.length === 0 ? {} : { probePorts })
						}
					})
			)
			.default([]),
		selector: labels.nullable().default(null),
		ports: z
			.array(
				z.object({
					name: name.default(''),
					port: z.int().min(0).max(65_535),
					targetPort: z.union([z.int().min(0).max(65_535), name]).optional(),
					protocol: name.default('TCP')
				})
			)
			.default([]),
		schedule: name.nullable().default(null),
		serviceType: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']).exactOptional(),
		annotations: labels.transform(ofCallers).exactOptional()
	})
	.transform(({ from, to, fromMs, toMs, ports, ...item }, context): InventoryItem => {
		const begin = fromMs ?? from
		const end = toMs ?? to ?? null
		if (begin === undefined || (end !== null && end < begin)) {
			context.addIssue({ code: 'custom', message: 'valid from when?', path: ['from'] })
			return z.NEVER
		}
		return {
			...item,
			fromMs: begin,
			toMs: end,
			ports: ports.map((entry) => ({ ...entry, targetPort: entry.targetPort ?? entry.port }))
		}
	})

const SCHEMAS = {
	sighting: z.object({ sighting: sightingSchema }),
	start: z.object({ start: startSchema }),
	gap: z.object({ gap: gapSchema }),
	exposure: z.object({ exposure: exposureSchema }),
	inventory: z.object({ inventory: inventorySchema })
}

/** Only exec probes run anything. Their words are in the form of `Sighting.detail`, to be compared with it. */
function execProbes(probes: z.output<typeof probeSchema>[]): { kind: 'exec'; command: string[] }[] {
	return probes
		.filter(({ kind, command }) => kind === 'exec' && command.length > 0)
		.map(({ command }) => ({
			kind: 'exec',
			command: cutDetail(sealText(redact(command.join(' ')))).split(' ')
		}))
}

/** Ports of probes that connect rather than run something. */
function portsOf(probes: z.output<typeof probeSchema>[]): number[] {
	const ports = probes.filter(({ kind }) => kind !== 'exec').map(({ port }) => port)
	return [...new Set(ports.filter((port) => port !== undefined))].sort((a, b) => a - b)
}

/** Annotations hold anything, secrets too; these few say who will call. */
function ofCallers(annotations: Record<string, string>): Record<string, string> {
	return Object.fromEntries(Object.entries(annotations).filter(([key]) => key.startsWith('prometheus.io/')))
}

/** An address in its one form, so that peers can be compared as text. */
function addressOf(text: string, context: z.RefinementCtx): string {
	const address = canonicalAddress(text)
	if (address !== undefined) return address
	context.addIssue({ code: 'custom', message: 'not an address' })
	return z.NEVER
}

/** The field that did not fit, by its place in our schema. */
function placeOf(error: z.ZodError): string {
	const path =
		error.issues[0]?.path
			.filter((part) => typeof part === 'string')
			.slice(0, 4)
			.join('.') ?? ''
	return path === '' ? 'it has another shape' : `the field ${path} does not fit`
}
