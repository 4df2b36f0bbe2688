import type { FileList } from '../state.js'
import type { PathOptions } from './facts.js'
import { grantOf, isRecursive, LAPLACE, weightOf } from './grant.js'
import { exposureHours } from './novelty.js'
import { ALL } from './object.js'
import {
	type Choice,
	type Costs,
	DIRECTORY_CHOICES,
	type DirectoryChoice,
	LEAF,
	NO_COSTS,
	type Site,
	survey,
	type Within
} from './site.js'
import type { PathNode } from './trie.js'
import type { Walls } from './walls.js'
import { placeWeight, READ_WEIGHT, WRITE_WEIGHT } from './weight.js'

/** What the programme needs to know. */
export interface Setting {
	options: PathOptions
	/** The price of one entry now: it rises until the policy fits. */
	mu: number
	exposedHours: number
	startCount: number
	files: FileList | null
	walls: Walls
	/** What the rules in force make of a directory; undefined where they say nothing. */
	previous: ReadonlyMap<string, Choice>
}

/**
 * The exact dynamic programme that chooses, for every directory of the trie, whether its files are listed
 * or the directory becomes a rule, so that this sum is the smallest:
 *
 *   mu × entries + lambda × Σ weight × log2(1 + unseen files) + cfb × hf × Σ novelty of listed directories
 *
 * A directory rule is impossible where it would cover a sensitive object, make an executed file writable,
 * or be longer than the enforcer can match. Ties go to the more specific choice.
 */
export interface Programme {
	solve(mu: number): void
	choiceOf(node: PathNode, within: Within, isOwnCovered: boolean, mayHoldRules: boolean): Choice
	/** Whether the children of a kept node may become rules, given that the node may hold some. */
	holdsRules(node: PathNode, within: Within): boolean
	siteOf(node: PathNode): Site
	/** Cost of listing and of the rule, for explanations. */
	costsOf(node: PathNode, within: Within, choice: DirectoryChoice): { keep: number; rule: number }
	/** The cost of the whole policy at the present price, and what of it is not entries. */
	total(): number
}

/** More than any policy can cost, and finite, so that what must not happen still can be compared. */
const FORBIDDEN = 1e9
/** A path that the enforcer cannot match exactly: worth a few bits of a directory to avoid. */
const UNMATCHABLE = 5
/** What replaces a choice in force must be better by this factor. */
const STABLE = 1.05
/** Paths are compared on 199 bytes. */
const PATH_BYTES = 199

export function programmeOf(root: PathNode, setting: Omit<Setting, 'mu'>): Programme {
	const sites = new Map<PathNode, Site>()
	survey(root, '', sites, setting)
	let mu = setting.options.mu
	const siteOf = (node: PathNode) => sites.get(node) ?? LEAF
	return {
		solve(price) {
			mu = price
			solveNode(root, sites, { ...setting, mu })
		},
		choiceOf(node, within, isOwnCovered, mayHoldRules) {
			const site = siteOf(node)
			if (site.isLeaf || !mayHoldRules) return 'keep'
			const costs = site.costs[within]
			if (costs.held !== undefined) return costs.held
			const own = isOwnCovered ? 0 : ownCost(node, within, mu, setting.options)
			return costs.rule < Math.min(costs.keep[0], costs.keep[1]) + own ? costs.choice : 'keep'
		},
		holdsRules(node, within) {
			const { keep } = siteOf(node).costs[within]
			return keep[1] < keep[0]
		},
		siteOf,
		costsOf(node, within, choice) {
			const costs = siteOf(node).costs[within]
			const own = ownCost(node, within, mu, setting.options)
			return { keep: Math.min(...costs.keep) + own, rule: costs.rules[choice] ?? FORBIDDEN }
		},
		total: () => cheapest(root, siteOf(root), 'nothing', mu, setting.options, true)[1]
	}
}

/** The two costs of a node with its own entry: without and with directory rules in it. */
function cheapest(
	node: PathNode,
	site: Site,
	within: Within,
	mu: number,
	options: PathOptions,
	isOwnPaid: boolean
): [without: number, cheapest: number] {
	const own = isOwnPaid ? ownCost(node, within, mu, options) : 0
	const { keep, rule, rules, held } = site.costs[within]
	if (held === 'keep') return [keep[0] + own, Math.min(keep[0], keep[1]) + own]
	if (held !== undefined) return [Infinity, rules[held] ?? FORBIDDEN]
	return [keep[0] + own, Math.min(keep[0] + own, keep[1] + own, rule)]
}

/** What the exact rule of a node costs, where nothing from above covers it. */
function ownCost(node: PathNode, within: Within, mu: number, options: PathOptions): number {
	const isWritten = node.writes.length > 0
	if (!isWritten && (within === 'reads' || node.reads.length === 0)) return 0
	if (node.isTyped) {
		// Its form on BPF-LSM is a directory, and inside a recursive one the enforcer never looks at it.
		if (within === 'reads') return FORBIDDEN
		// On BPF-LSM it takes a directory; what it grants beyond its members is names that do not exist yet.
		const weight = isWritten ? WRITE_WEIGHT : READ_WEIGHT
		return 2 * mu + (node.token ? options.lambda * weight * Math.log2(1 + LAPLACE) : 0)
	}
	return mu
}

function solveNode(node: PathNode, sites: Map<PathNode, Site>, setting: Setting): void {
	const site = sites.get(node)
	if (!site) return
	let isLong = false
	for (const child of node.children.values()) {
		solveNode(child, sites, setting)
		isLong ||= site.path.length + child.name.length >= PATH_BYTES
	}
	const price = priceOf(node, site, sites, setting, isLong)
	site.costs = { nothing: costsWithin('nothing', node, site, price, setting), reads: NO_COSTS }
	site.costs.reads = costsWithin('reads', node, site, price, setting)
}

/** The sums over the children that every choice is made of. */
interface Price {
	/** Listed one by one: without, and with rules in some of them. */
	nothing: [number, number]
	reads: [number, number]
	/** The children's own entries covered by a rule for files directly in the directory. */
	ownRead: number
	ownWrite: number
	unmatchable: number
}

function priceOf(
	node: PathNode,
	site: Site,
	sites: Map<PathNode, Site>,
	{ mu, options }: Setting,
	isLong: boolean
): Price {
	const price: Price = { nothing: [0, 0], reads: [0, 0], ownRead: 0, ownWrite: 0, unmatchable: 0 }
	let [inNothing, inReads] = [false, false]
	for (const child of node.children.values()) {
		const below = sites.get(child) ?? LEAF
		const [without, least] = cheapest(child, below, 'nothing', mu, options, true)
		const [withoutReads, leastReads] = cheapest(child, below, 'reads', mu, options, true)
		price.nothing[0] += without
		price.nothing[1] += least
		price.reads[0] += withoutReads
		price.reads[1] += leastReads
		inNothing ||= least < without || (below.costs.nothing.held ?? 'keep') !== 'keep'
		inReads ||= leastReads < withoutReads || (below.costs.reads.held ?? 'keep') !== 'keep'
		const covered = cheapest(child, below, 'nothing', mu, options, false)[1]
		const isAll = child.name === ALL
		price.ownRead += isAll ? FORBIDDEN : child.writes.length > 0 ? least : covered
		price.ownWrite += isAll ? FORBIDDEN : covered
		if (isLong && isUnmatchable(site.path, child)) price.unmatchable += UNMATCHABLE
	}
	if (!inNothing) price.nothing[1] = Infinity
	if (!inReads) price.reads[1] = Infinity
	return price
}

function isUnmatchable(directory: string, child: PathNode): boolean {
	const isFile = child.reads.length > 0 || child.writes.length > 0
	return isFile && Buffer.byteLength(directory) + 1 + Buffer.byteLength(child.name) > PATH_BYTES
}

function costsWithin(within: Within, node: PathNode, site: Site, price: Price, setting: Setting): Costs {
	const { options, mu } = setting
	const perBlock = options.cfb * options.hf
	const prior = options.a0 / exposureHours(setting)
	const { novelty } = site
	const listed = within === 'nothing' ? novelty.all + prior : novelty.writes + (site.hasWrites ? prior : 0)
	const isOpen = within === 'nothing' ? node.isOpen : node.isOpenForWrites
	const open = isOpen ? FORBIDDEN : 0
	const fixed = perBlock * listed + open + (within === 'nothing' ? price.unmatchable : 0)
	const sums = price[within]
	// The hint that leads to a directory rule below takes an entry here.
	const keep: [number, number] = [sums[0] + fixed, sums[1] + fixed + mu]
	const worst = Math.min(keep[0], keep[1]) + ownCost(node, within, mu, options)
	const costs: Costs = { keep, rule: Infinity, choice: 'read-any', rules: {}, held: undefined }
	const previous = setting.previous.get(site.path)
	const isOffered = previous !== undefined && previous !== 'keep'
	for (const choice of DIRECTORY_CHOICES) {
		// Inside a directory that may be read, only a recursive rule is looked at by the enforcer.
		if (within === 'reads' && choice !== 'write-all') continue
		const rest = restOf(choice, site, price, perBlock, prior) + 2 * mu
		const lambda = options.lambda * placeWeight(site.path)
		const least = LAPLACE * (isRecursive(choice) ? site.folderCount : 1)
		const floor = rest + lambda * weightOf(choice) * Math.log2(1 + least)
		// The walls and the list of files are only asked where the answer can matter.
		if (floor >= worst && !(isOffered && previous === choice)) continue
		const granted = grantOf(choice, node, site, setting)
		if (!granted) continue
		const cost = rest + options.lambda * granted.bits
		costs.rules[choice] = cost
		if (cost < costs.rule) {
			costs.rule = cost
			costs.choice = choice
		}
	}
	costs.held = heldChoice(previous, worst, costs)
	return costs
}

/** What is left to pay under a directory rule: entries of what it does not cover, and novelty there. */
function restOf(choice: DirectoryChoice, site: Site, price: Price, perBlock: number, prior: number): number {
	const { novelty } = site
	switch (choice) {
		case 'write-all':
			return 0
		case 'read-all':
			return (
				Math.min(price.reads[0], price.reads[1]) + perBlock * (novelty.writes + (site.hasWrites ? prior : 0))
			)
		case 'write-any':
			return price.ownWrite + perBlock * novelty.folders
		case 'read-any': {
			const writes = Math.max(0, novelty.writes - novelty.folderWrites)
			return price.ownRead + perBlock * (novelty.folders + writes)
		}
	}
}

function heldChoice(previous: Choice | undefined, kept: number, costs: Costs): Choice | undefined {
	if (previous === undefined) return undefined
	const optimum = Math.min(kept, costs.rule)
	const cost = previous === 'keep' ? kept : costs.rules[previous]
	return cost !== undefined && cost < FORBIDDEN && cost <= optimum * STABLE ? previous : undefined
}
