import { canonicalKind } from '../../identity.js'
import type { InventoryItem, Subject } from '../../observation.js'

const HOUR_MS = 3_600_000
/** How long a client may still use an answer whose time to live has passed. */
const SLACK_MS = 60_000
/** RFC 8767 lets a resolver stretch an answer to a week; nobody learns from one older than a day. */
const TTL_SECONDS_MAX = 86_400

/**
 * An answer as an inventory item: this pod's workload was told this address for this name. From the
 * beginning of the hour, because observations know hours only, and so that the answers of an hour
 * become one row; until its time to live and a minute have passed.
 */
export function dnsAnswer(
	subject: Subject & { kind: 'container' },
	name: string,
	address: string,
	atMs: number,
	ttlSeconds: number
): InventoryItem {
	const owner = subject.owner ?? { kind: 'Pod', name: subject.pod }
	const kind = canonicalKind(owner.kind)
	return {
		cluster: subject.cluster,
		kind: 'DnsAnswer',
		namespace: subject.namespace,
		name,
		uid: `${kind}/${owner.name}/${address}`,
		fromMs: Math.floor(atMs / HOUR_MS) * HOUR_MS,
		toMs: atMs + Math.min(ttlSeconds, TTL_SECONDS_MAX) * 1000 + SLACK_MS,
		labels: {},
		addresses: [address],
		owner: { kind, name: owner.name },
		node: '',
		hostNetwork: false,
		containers: [],
		selector: null,
		ports: [],
		schedule: null
	}
}

/** Answers of one batch: the same one again only lasts longer. */
export class DnsAnswers {
	#items = new Map<string, InventoryItem>()

	get size(): number {
		return this.#items.size
	}

	add(item: InventoryItem): void {
		const key = JSON.stringify([item.cluster, item.namespace, item.name, item.uid, item.fromMs])
		const known = this.#items.get(key)
		if (!known) this.#items.set(key, item)
		else known.toMs = Math.max(known.toMs ?? 0, item.toMs ?? 0)
	}

	take(): InventoryItem[] {
		const items = [...this.#items.values()]
		this.#items.clear()
		return items
	}
}
