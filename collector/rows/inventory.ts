import type { Database } from 'better-sqlite3'
import { canonicalKind } from '../identity.js'
import type { InventoryItem } from '../observation.js'

/**
 * Keeps inventory items with their validity. The same item told twice merges by rules that
 * ignore order: the fuller description wins (a pod has no address before it runs), and an end
 * once known stays known, the later one when two are told.
 */
export function prepareInventory(db: Database): { add(item: InventoryItem): void } {
	const upsert = db.prepare(
		`INSERT INTO inventory (cluster, kind, namespace, name, uid, from_ms, to_ms, item)
		 VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		 ON CONFLICT DO UPDATE SET
		   to_ms = coalesce(max(to_ms, excluded.to_ms), to_ms, excluded.to_ms),
		   item = CASE
		     WHEN length(excluded.item) > length(item) THEN excluded.item
		     WHEN length(excluded.item) = length(item) THEN max(item, excluded.item)
		     ELSE item END`
	)
	return {
		add(item) {
			const { cluster, namespace, name, uid, fromMs, toMs } = item
			upsert.run(cluster, canonicalKind(item.kind), namespace, name, uid, fromMs, toMs, describe(item))
		}
	}
}

/** The rest of an item as JSON, always the same bytes for the same item. */
function describe(item: InventoryItem): string {
	const labels = Object.entries(item.labels).sort(byKey)
	const selector =
		item.selector === null ? null : Object.fromEntries(Object.entries(item.selector).sort(byKey))
	return JSON.stringify({
		labels: Object.fromEntries(labels),
		addresses: [...item.addresses].sort(),
		owner: item.owner === null ? null : { kind: canonicalKind(item.owner.kind), name: item.owner.name },
		node: item.node,
		hostNetwork: item.hostNetwork,
		containers: item.containers.map(({ name, image, id, init, ephemeral, probes = [], probePorts = [] }) => ({
			name,
			image,
			id,
			init,
			ephemeral,
			...(probes.length === 0 ? {} : { probes: probes.map(({ kind, command }) => ({ kind, command })) }),
			...(probePorts.length === 0 ? {} : { probePorts })
		})),
		selector,
		ports: item.ports.map(({ name, port, targetPort, protocol }) => ({ name, port, targetPort, protocol })),
		schedule: item.schedule,
		...(item.serviceType === undefined ? {} : { serviceType: item.serviceType }),
		...(item.annotations === undefined
			? {}
			: { annotations: Object.fromEntries(Object.entries(item.annotations).sort(byKey)) })
	})
}

function byKey([one]: [string, string], [other]: [string, string]): number {
	return one < other ? -1 : one > other ? 1 : 0
}
