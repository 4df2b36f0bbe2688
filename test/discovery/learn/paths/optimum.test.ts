import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PATH_OPTIONS } from '../../../../discovery/learn/paths/facts.js'
import { exposureHours, noveltyOf } from '../../../../discovery/learn/paths/novelty.js'
import { programmeOf } from '../../../../discovery/learn/paths/programme.js'
import { type Choice, DIRECTORY_CHOICES } from '../../../../discovery/learn/paths/site.js'
import { type PathNode, summarise, trieOf } from '../../../../discovery/learn/paths/trie.js'
import { wallsOf } from '../../../../discovery/learn/paths/walls.js'
import { need } from './needs.js'

/** Every way to cover a small trie, each priced by the definition of the objective, against the programme. */
const WATCHED = { exposedHours: 72, startCount: 1 }

const someNeeds = fc.array(
	fc
		.record({
			path: fc.constantFrom(
				'/s/a/1',
				'/s/a/2',
				'/s/a/b/1',
				'/s/a/b/2',
				'/s/a/b/3',
				'/s/c/1',
				'/s/c/2',
				'/s/4',
				'/s/a',
				'/s/c'
			),
			write: fc.boolean(),
			hours: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 2 })
		})
		.map(({ path, write, hours }) => need(write ? 'mkdir' : 'read', path, hours)),
	{ minLength: 1, maxLength: 10 }
)

test('no choice of directories costs less than the programme’s', () => {
	fc.assert(
		fc.property(someNeeds, fc.constantFrom(0.02, 0.1, 0.5, 3), (needs, mu) => {
			const root = trieOf(needs)
			summarise(root)
			const options = { ...PATH_OPTIONS, hf: 20, lambda: 0.3 }
			const setting = {
				...WATCHED,
				options,
				files: null,
				walls: wallsOf(needs, null, []),
				previous: new Map()
			}
			const programme = programmeOf(root, setting)
			programme.solve(mu)
			const price = priceOf(mu, options)
			const cheapest = Math.min(...assignments(directoriesOf(root)).map((chosen) => price(root, chosen)))
			assert.ok(Math.abs(programme.total() - cheapest) < 1e-9, `${programme.total()} and ${cheapest}`)
		}),
		{ numRuns: 120 }
	)
})

test('dearer entries never make a policy of more entries', () => {
	fc.assert(
		fc.property(someNeeds, (needs) => {
			const root = trieOf(needs)
			summarise(root)
			const options = { ...PATH_OPTIONS, hf: 20 }
			const setting = {
				...WATCHED,
				options,
				files: null,
				walls: wallsOf(needs, null, []),
				previous: new Map()
			}
			const programme = programmeOf(root, setting)
			const totals = [0.02, 0.04, 0.08, 0.16, 0.32, 0.64].map((mu) => {
				programme.solve(mu)
				return { mu, total: programme.total() }
			})
			// The least cost is a concave function of the price, and its slope is the number of entries.
			const slopes = totals.slice(1).map((to, i) => {
				const from = totals[i]
				assert.ok(from)
				return (to.total - from.total) / (to.mu - from.mu)
			})
			for (const [i, slope] of slopes.entries()) {
				const next = slopes[i + 1]
				if (next !== undefined) assert.ok(next <= slope + 1e-9, slopes.join())
			}
		}),
		{ numRuns: 100 }
	)
})

type Assignment = ReadonlyMap<PathNode, Choice>
interface Place {
	node: PathNode
	path: string
}

function directoriesOf(root: PathNode): Place[] {
	const found: Place[] = []
	const visit = (node: PathNode, path: string) => {
		if (node.children.size > 0) found.push({ node, path })
		for (const child of node.children.values()) visit(child, `${path}/${child.name}`)
	}
	visit(root, '')
	return found
}

function assignments(places: readonly Place[]): Assignment[] {
	let all: Assignment[] = [new Map()]
	for (const { node, path } of places) {
		// `/` and a directory that holds one directory and nothing else are never chosen.
		const [only] = node.children.values()
		const isChain = node.children.size === 1 && only !== undefined && only.children.size > 0 && isBare(only)
		const choices: Choice[] = path === '' || isChain ? ['keep'] : ['keep', ...DIRECTORY_CHOICES]
		all = all.flatMap((one) => choices.map((choice) => new Map([...one, [node, choice]])))
	}
	return all
}

function isBare(node: PathNode): boolean {
	return node.reads.length === 0 && node.writes.length === 0
}

/** The objective, written down naively: a set of entries, bits of the rules, novelty of what is listed. */
function priceOf(mu: number, options: typeof PATH_OPTIONS) {
	return (root: PathNode, chosen: Assignment): number => {
		const entries = new Set<string>()
		let cost = 0
		const prior = options.a0 / exposureHours(WATCHED)
		const perBlock = options.cfb * options.hf
		const addDirectory = (path: string) => {
			entries.add(path).add(`${path}/`)
			for (let end = path.lastIndexOf('/'); end >= 0; end = end === 0 ? -1 : path.lastIndexOf('/', end - 1)) {
				entries.add(path.slice(0, end + 1))
			}
		}
		const visit = (
			node: PathNode,
			path: string,
			reads: boolean,
			all: boolean,
			own: '' | 'read' | 'write'
		) => {
			const isWritten = node.writes.length > 0
			const isCovered = isWritten ? own === 'write' : reads || own !== ''
			if (!isBare(node) && !all && !isCovered) entries.add(path)
			if (node.children.size === 0) return
			const choice = all ? 'keep' : (chosen.get(node) ?? 'keep')
			const below = [...node.children.values()]
			const each = (inReads: boolean, inAll: boolean, direct: '' | 'read' | 'write') => {
				for (const child of below) visit(child, `${path}/${child.name}`, inReads, inAll, direct)
			}
			if (all) return each(true, true, '')
			const novelty = noveltyOf(node, WATCHED)
			const writes = subtree(node).some((one) => one !== node && one.writes.length > 0)
			const priorWrites = writes ? prior : 0
			if (choice === 'keep') {
				cost += perBlock * (reads ? novelty.writes + priorWrites : novelty.all + prior)
				return each(reads, false, '')
			}
			const recursive = choice.endsWith('all')
			const write = choice.startsWith('write')
			const isPointless = write
				? !(recursive ? writes : below.some((child) => child.writes.length > 0))
				: !subtree(node).some((one) => one !== node && one.reads.length > 0)
			// Inside a directory that may be read, only writing everything is another rule.
			if (isPointless || (reads && choice !== 'write-all')) cost = Infinity
			addDirectory(path)
			const folders = recursive ? subtree(node).filter((one) => one.children.size > 0).length : 1
			cost += options.lambda * (write ? 4 : 1) * Math.log2(1 + 64 * folders)
			if (choice === 'write-all') return each(true, true, '')
			if (choice === 'read-all') {
				cost += perBlock * (novelty.writes + priorWrites)
				return each(true, false, '')
			}
			cost += perBlock * novelty.folders
			if (choice === 'read-any') cost += perBlock * Math.max(0, novelty.writes - novelty.folderWrites)
			each(false, false, write ? 'write' : 'read')
		}
		visit(root, '', false, false, '')
		return cost + mu * entries.size
	}
}

function subtree(node: PathNode): PathNode[] {
	return [node, ...[...node.children.values()].flatMap(subtree)]
}
