import type { InventoryItem } from '../../collector/observation.js'
import type { Reader } from '../../collector/store.js'
import { type Actor, readActors, readAllSubjects, readGaps } from '../backtest/history.js'
import { readInventoryItems, readObservations } from '../discover.js'
import { inventoryAt } from '../inventory.js'
import type { Sighted } from '../learn/exact.js'
import { exposureOf } from '../learn/exposure.js'
import type { Exposure } from '../learn/state.js'
import { createPeers } from '../peers.js'
import { createProbes } from '../probes.js'
import { schedulesOf, withPeers } from '../proposal.js'
import type { Subject } from '../subject.js'
import { actorsByMember, watchOf } from '../surroundings.js'

/**
 * One look at the store for questions over many workloads: what is read once for all of them is read once.
 * This file is all of analytics that reads what was seen.
 */
export interface Stored {
	/** Everybody that policies are learned for, by name. */
	subjects: readonly Subject[]
	items: readonly InventoryItem[]
	/**
	 * What a subject did, network peers resolved at the time of the flow. `memberIds` narrows it to some of
	 * its rows.
	 */
	rowsOf(subject: Subject, memberIds?: readonly number[]): Sighted[]
	/** When it was watched; the hour in progress does not count. */
	exposureOf(subject: Subject): Exposure
	/** The rows of `workloads` that are this workload, by its name or one of its ids; none when it is unknown. */
	memberIdsOf(workload: string | number): readonly number[]
	/** Hours of the periods of schedules that something declares for it. */
	declaredPeriodsOf(subject: Subject, rows: readonly Sighted[]): number[]
}

export function openStored(reader: Reader, nowMs: number): Stored {
	const items = readInventoryItems(reader)
	const actors = readActors(reader, items)
	const byMember = actorsByMember(actors)
	const byName = new Map<string, Actor>(actors.map((actor) => [actor.name, actor]))
	const gaps = readGaps(reader)
	const peers = createPeers(items)
	const probes = createProbes(items)
	const inventory = inventoryAt(items, nowMs)
	return {
		subjects: readAllSubjects(reader, items),
		items,
		rowsOf(subject, memberIds = subject.memberIds) {
			if (memberIds.length === 0) return []
			const rows = readObservations(reader, { ...subject, memberIds: [...memberIds] }, probes)
			// That addresses could not be told apart is said with the policy.
			const ambiguities = new Set<string>()
			return rows.flatMap((row) => withPeers(row, subject, peers, ambiguities))
		},
		exposureOf(subject) {
			const watched = watchOf(reader, subject, byMember, gaps, items)
			// No enforcer that hides what it permits is known to the store yet.
			return exposureOf({ ...watched.rows, censored: [] }, watched.subject, nowMs)
		},
		memberIdsOf(workload) {
			const actor = typeof workload === 'string' ? byName.get(workload) : byMember.get(workload)
			return actor?.memberIds ?? []
		},
		declaredPeriodsOf(subject, rows) {
			const { facts } = schedulesOf(subject, rows, inventory)
			return facts.periods.filter((one) => one.declaredBy !== '').map((one) => one.periodHours)
		}
	}
}
