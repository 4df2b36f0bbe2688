/** A stream of random numbers that its seed determines; children of it are independent of how often it is used. */
export interface Random {
	/** In [0, 1). */
	next(): number
	/** Integer in [low, high]. */
	integer(low: number, high: number): number
	/** Log-uniform in [low, high]. */
	logUniform(low: number, high: number): number
	chance(probability: number): boolean
	/** Number of events where `mean` are expected. */
	poisson(mean: number): number
	/** Time to the next event where one happens every `mean`. */
	exponential(mean: number): number
	/** Standard normal. */
	normal(): number
	pick<T>(from: readonly T[]): T
	/** `count` distinct members, or all when there are fewer, in random order. */
	sample<T>(from: readonly T[], count: number): T[]
	/** A stream of its own, named. */
	child(name: string): Random
}

/** The stream of a seed (any text). */
export function createRandom(seed: string): Random {
	const next = mulberry32(hashText(seed))
	const random: Random = {
		next,
		integer: (low, high) => low + Math.floor(next() * (high - low + 1)),
		logUniform: (low, high) => low * (high / low) ** next(),
		chance: (probability) => next() < probability,
		poisson: (mean) => poisson(next, mean),
		exponential: (mean) => -Math.log(1 - next()) * mean,
		normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
		pick(from) {
			const picked = from[Math.floor(next() * from.length)]
			if (picked === undefined) throw new Error('nothing to pick from')
			return picked
		},
		sample(from, count) {
			const rest = [...from]
			for (let at = 0; at < Math.min(count, rest.length); at++) {
				const other = at + Math.floor(next() * (rest.length - at))
				const [a, b] = [rest[at], rest[other]]
				if (a !== undefined && b !== undefined) [rest[at], rest[other]] = [b, a]
			}
			return rest.slice(0, count)
		},
		child: (name) => createRandom(`${seed}/${name}`)
	}
	return random
}

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, passes gjrand. */
function mulberry32(seed: number): () => number {
	let state = seed
	return () => {
		state = (state + 0x6d2b79f5) | 0
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
	}
}

/** FNV-1a with a final mix, 32 bits. */
function hashText(text: string): number {
	let hash = 0x811c9dc5
	for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
	hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
	return (hash ^ (hash >>> 13)) >>> 0
}

/** Beyond this mean a normal approximation is as good. */
const POISSON_EXACT_MAX = 30

function poisson(next: () => number, mean: number): number {
	if (mean <= 0) return 0
	if (mean > POISSON_EXACT_MAX) {
		const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
		return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal))
	}
	const limit = Math.exp(-mean)
	let count = 0
	for (let product = next(); product > limit; product *= next()) count++
	return count
}
