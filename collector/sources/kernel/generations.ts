/**
 * What was described, for as long as the kernel may still refer to it, and no longer: programs describe
 * an object again when they have forgotten it, which is after two generations without use. A lookup is a
 * use. With longer generations than theirs, nothing is forgotten here that is known there.
 */
export class Generations<K, V> {
	#now = new Map<K, V>()
	#before = new Map<K, V>()
	readonly #entriesMax: number

	/** `entriesMax`: entries after which a generation ends; at most twice as many are kept. */
	constructor(entriesMax: number) {
		this.#entriesMax = entriesMax
	}

	get(key: K): V | undefined {
		const known = this.#now.get(key)
		if (known !== undefined) return known
		const old = this.#before.get(key)
		if (old !== undefined) this.set(key, old)
		return old
	}

	set(key: K, value: V): void {
		if (this.#now.size >= this.#entriesMax && !this.#now.has(key)) {
			this.#before = this.#now
			this.#now = new Map()
		}
		this.#now.set(key, value)
	}
}
