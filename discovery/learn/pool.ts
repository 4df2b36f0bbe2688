import { createHash } from 'node:crypto'
import { type Behaviour, compareText } from '../behaviour.js'
import { visibleHours } from './exposed.js'
import { sensitivity } from './sensitive.js'
import type { BehaviourState, Exposure, FileList } from './state.js'
import type { Judged } from './trust.js'

/** What identifies a behaviour in decisions and pools. */
export function behaviourKey({ verb, object, source }: Behaviour): string {
	return `${verb}\0${object}\0${source}`
}

/** Others of the same image: `k` of `n` do this and may be believed. */
export interface Peers {
	k: number
	n: number
	/** In how many clusters or tenants those `k` are. */
	clusterCount: number
	/** The latest UTC day on which any of the others did it, believed or not; -1 when none ever did. */
	lastDay: number
}

/** What the others of the same image do, as one workload sees them. */
export interface PoolView {
	of(behaviour: Behaviour): Peers
}

/** The view of a workload that is alone with its image. */
export const NO_PEERS: PoolView = { of: () => NOBODY }
const NOBODY: Peers = { k: 0, n: 0, clusterCount: 0, lastDay: -1 }

/** The probability that a workload of this image does what `k` of `n` others do (Jeffreys' prior). */
export function contentPrior(k: number, n: number): number {
	return (k + 0.5) / (n + 1)
}

/**
 * What one workload tells the others of its image: eleven bytes per behaviour and no text, so that
 * pooling over a fleet moves little and gives no names away.
 */
export interface Summary {
	/** Digest, or another key of `poolKeys`. */
	image: string
	/** Cluster, or tenant and cluster: whoever can be compromised as one. */
	cluster: string
	workload: string
	/** Per behaviour 8 bytes of SHA-256, a byte that is 1 when it is trusted without peers, 2 bytes of last UTC day. */
	behaviours: Uint8Array
}

/**
 * Summary of one workload's judgement. Only what is trusted without counting peers speaks for others:
 * else two poisoned workloads would vouch for each other.
 */
export function summarise(of: Omit<Summary, 'behaviours'>, judged: readonly Judged[]): Summary {
	const behaviours = Buffer.alloc(judged.length * STRIDE)
	judged.forEach(({ state, standing, alone }, index) => {
		behaviours.write(hashOf(state), index * STRIDE, 'latin1')
		behaviours[index * STRIDE + HASH_BYTES] = standing === 'trusted' && alone ? 1 : 0
		const day = Math.max(0, Math.min(0xffff, Math.floor(state.lastHour / 24)))
		behaviours.writeUInt16LE(day, index * STRIDE + HASH_BYTES + 1)
	})
	return { ...of, behaviours }
}

export interface Pool {
	/** What the others of the image do; `workload` itself does not count. */
	view(image: string, workload: string): PoolView
}

/** All summaries of a fleet; of two from one workload the later in the list counts. */
export function createPool(summaries: Iterable<Summary>): Pool {
	const byImage = new Map<string, Map<string, Summary>>()
	for (const summary of summaries) {
		const members = byImage.get(summary.image) ?? new Map<string, Summary>()
		byImage.set(summary.image, members.set(summary.workload, summary))
	}
	const indexes = new Map<string, Map<string, Entry[]>>()
	const hashes = new Map<string, string>()
	/** Workloads of one image do the same things: each is hashed once for many of them. */
	const hashed = (behaviour: Behaviour) => {
		const key = behaviourKey(behaviour)
		const known = hashes.get(key)
		if (known !== undefined) return known
		if (hashes.size >= HASHES_MAX) hashes.clear()
		const hash = hashOf(behaviour)
		hashes.set(key, hash)
		return hash
	}

	return {
		view(image, workload) {
			const members = byImage.get(image)
			const others = [...(members?.values() ?? [])].filter((one) => one.workload !== workload)
			if (members === undefined || others.length === 0) return NO_PEERS
			const index = indexes.get(image) ?? indexOf(members.values())
			indexes.set(image, index)
			const clusterCount = new Set(others.map((one) => one.cluster)).size
			// Workloads of one cluster fall together, so where there are several clusters each has one vote.
			const n = clusterCount > 1 ? clusterCount : others.length
			return {
				of(behaviour) {
					const entries = index.get(hashed(behaviour))
					return entries ? countPeers(entries, workload, n, clusterCount > 1) : { ...NOBODY, n }
				}
			}
		}
	}
}

/**
 * Keys under which workloads may be pooled, narrowest first: the image's digest, its repository, the
 * language runtime among its executables. Empty parts are left out.
 */
export function poolKeys(
	image: { digest: string; reference: string },
	executables: Iterable<string>
): string[] {
	const keys = image.digest === '' ? [] : [image.digest]
	const repository = image.reference.replace(/@.*$/, '').replace(/:[^/:]*$/, '')
	if (repository !== '') keys.push(`repository ${repository}`)
	const runtimes = new Set<string>()
	for (const path of executables) {
		const runtime = RUNTIMES.exec(path)?.[1]
		if (runtime !== undefined) runtimes.add(runtime)
	}
	for (const runtime of [...runtimes].sort(compareText)) keys.push(`runtime ${runtime}`)
	return keys
}

const RUNTIMES = /\/(python|node|java|ruby|php|perl|dotnet|beam)[^/]*$/

/** Behaviour that others of the image have and this workload has not shown yet. */
export interface Import {
	behaviour: Behaviour
	peers: Peers
	/** How likely this workload will do it. */
	prior: number
	/** `trusted` may be in a proposal, marked as imported; `suggested` is only shown. */
	standing: 'trusted' | 'suggested'
	reason: string
}

/**
 * What a workload may take over from its peers: believed by at least two of them in at least two
 * clusters or tenants, not sensitive, and in the image. Peers of network flows and secrets belong to a
 * place, never to an image, so they are not even suggested. Sorted.
 *
 * `candidates` are behaviours of peers, with their texts (duplicates and own ones are passed over).
 */
export function importsOf(
	candidates: Iterable<Behaviour>,
	facts: {
		own: readonly BehaviourState[]
		view: PoolView
		files: FileList | null
	}
): Import[] {
	const seen = new Set(facts.own.map(behaviourKey))
	const imports: Import[] = []
	for (const { class: of, verb, object, source } of candidates) {
		const behaviour: Behaviour = { class: of, verb, object, source }
		const key = behaviourKey(behaviour)
		if (seen.has(key)) continue
		seen.add(key)
		const peers = facts.view.of(behaviour)
		const belongsToPlace = of === 'network' && verb !== 'bind' && verb !== 'listen'
		if (peers.k === 0 || sensitivity(behaviour) === 2 || belongsToPlace) continue
		const isInImage = facts.files?.has(object) === true && (source === '' || facts.files.has(source))
		const isWidespread = peers.k >= 2 && peers.clusterCount >= 2
		imports.push({
			behaviour,
			peers,
			prior: contentPrior(peers.k, peers.n),
			standing: isInImage && isWidespread ? 'trusted' : 'suggested',
			reason: importReason(peers, isInImage, isWidespread, facts.files)
		})
	}
	return imports.sort((a, b) => compareText(behaviourKey(a.behaviour), behaviourKey(b.behaviour)))
}

/** Visible hours (30 days) after which an import that was never used is withdrawn. */
export const IMPORT_HOURS = 720

/** An import in force, and since when. */
export interface Imported {
	behaviour: Behaviour
	sinceHour: number
}

/**
 * Which imports are to go: in force for 30 days' worth of hours in which their use would have been
 * seen, and never used. Used ones are the workload's own by now. The counts say how far imports were
 * wider than need be.
 */
export function reviewImports(
	imports: readonly Imported[],
	own: readonly BehaviourState[],
	exposure: Exposure
): { withdrawn: Imported[]; usedCount: number; waitingCount: number } {
	const used = new Set(own.map(behaviourKey))
	const visible = visibleHours(exposure)
	const unused = imports.filter((one) => !used.has(behaviourKey(one.behaviour)))
	const withdrawn = unused.filter((one) => visible.countAfter(one.sinceHour) >= IMPORT_HOURS)
	return {
		withdrawn,
		usedCount: imports.length - unused.length,
		waitingCount: unused.length - withdrawn.length
	}
}

/** A Gamma prior for the hourly rate of novelty: `a` novel hours in `b` hours. */
export interface HazardPrior {
	a: number
	b: number
}

/** Peers never weigh more than one week of own observation. */
const PRIOR_HOURS_MAX = 168

/**
 * The prior that peers give, by the method of moments over their rates (M1 + ½)/(T + 1): mean m and
 * variance v give b = m/v, a = m·b. The variance holds the noise of short observation too, which
 * makes the prior weaker than it could be, never stronger. Null below two peers: one has no variance.
 */
export function hazardPrior(peers: readonly { m1: number; exposedHours: number }[]): HazardPrior | null {
	if (peers.length < 2) return null
	const rates = peers.map(({ m1, exposedHours }) => (m1 + 0.5) / (exposedHours + 1))
	const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length
	const variance = rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / (rates.length - 1)
	const b = variance > 0 ? Math.min(mean / variance, PRIOR_HOURS_MAX) : PRIOR_HOURS_MAX
	return { a: mean * b, b }
}

/** Posterior mean of the hourly rate of novelty: (A + M1) / (B + T). */
export function posteriorRate(prior: HazardPrior, m1: number, exposedHours: number): number {
	return (prior.a + m1) / (prior.b + exposedHours)
}

interface Entry {
	cluster: string
	workload: string
	isTrusted: boolean
	day: number
}

const HASH_BYTES = 8
const HASHES_MAX = 131_072
const STRIDE = HASH_BYTES + 3

/** Eight bytes of SHA-256 as eight characters: nobody can make another behaviour borrow this one's peers. */
function hashOf(behaviour: Behaviour): string {
	return createHash('sha256').update(behaviourKey(behaviour)).digest('binary').slice(0, HASH_BYTES)
}

function indexOf(members: Iterable<Summary>): Map<string, Entry[]> {
	const index = new Map<string, Entry[]>()
	for (const { cluster, workload, behaviours } of members) {
		const bytes = Buffer.from(behaviours.buffer, behaviours.byteOffset, behaviours.byteLength)
		for (let at = 0; at + STRIDE <= bytes.length; at += STRIDE) {
			const hash = bytes.toString('latin1', at, at + HASH_BYTES)
			const entry = {
				cluster,
				workload,
				isTrusted: bytes[at + HASH_BYTES] === 1,
				day: bytes.readUInt16LE(at + HASH_BYTES + 1)
			}
			const entries = index.get(hash)
			if (entries) entries.push(entry)
			else index.set(hash, [entry])
		}
	}
	return index
}

function countPeers(entries: readonly Entry[], workload: string, n: number, byCluster: boolean): Peers {
	const clusters = new Set<string>()
	let trustedCount = 0
	let lastDay = -1
	for (const entry of entries) {
		if (entry.workload === workload) continue
		lastDay = Math.max(lastDay, entry.day)
		if (!entry.isTrusted) continue
		trustedCount++
		clusters.add(entry.cluster)
	}
	return { k: byCluster ? clusters.size : trustedCount, n, clusterCount: clusters.size, lastDay }
}

function importReason(
	peers: Peers,
	isInImage: boolean,
	isWidespread: boolean,
	files: FileList | null
): string {
	const others = `${peers.k} of ${peers.n} others of this image do it, in ${peers.clusterCount} ${peers.clusterCount === 1 ? 'cluster' : 'clusters'}`
	if (!isWidespread) return `${others}; two in two clusters are needed to take it over`
	if (isInImage) return others
	return files === null
		? `${others}; the files of the image are not known`
		: `${others}; it is not among the files of ${files.origin}`
}
