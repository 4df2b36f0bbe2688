import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { kubearmor } from '../../../../discovery/languages/kubearmor/kubearmor.js'
import { generalise } from '../../../../discovery/learn/paths/generalise.js'
import { covers, directoryOf } from '../../../../discovery/learn/paths/object.js'
import { isSensitive } from '../../../../discovery/learn/sensitive.js'
import {
	GUARDED_FILES,
	GUARDED_TREES,
	UNWRITABLE_FILES,
	UNWRITABLE_TREES
} from '../../../../discovery/learn/sensitive-objects.js'
import { renderWorkload } from '../../../../discovery/selfcheck.js'
import { pod, replicaSet } from '../../sighted.js'
import { FACTS, isAllowed, policiesOf, shapeOf, someNeeds } from './needs.js'

const RUNS = { numRuns: 150 }

test('the order of the evidence changes nothing', () => {
	fc.assert(
		fc.property(
			someNeeds.chain((needs) =>
				fc.tuple(
					fc.constant(needs),
					fc.shuffledSubarray(needs, { minLength: needs.length, maxLength: needs.length })
				)
			),
			([needs, shuffled]) => {
				const [one, other] = [generalise(needs, FACTS), generalise(shuffled, FACTS)]
				assert.deepEqual(other.rules.map(withoutEvidence), one.rules.map(withoutEvidence))
				assert.deepEqual(other.notes, one.notes)
				assert.equal(other.entryCount, one.entryCount)
			}
		),
		RUNS
	)
})

test('every need is allowed by some rule with its access, or the rules are refused', () => {
	fc.assert(
		fc.property(someNeeds, (needs) => {
			const { rules, notes } = generalise(needs, FACTS)
			const refused = notes.filter((note) => note.code === 'learn.beside-sensitive')
			for (const one of needs) {
				if (isAllowed(rules, one)) continue
				assert.ok(
					refused.some((note) => note.text.startsWith(`${one.object} `)),
					`${one.verb} ${one.object} by ${one.source}`
				)
			}
		}),
		RUNS
	)
})

test('no rule covers a sensitive object that was not needed under its own name', () => {
	const phantoms = (access: 'read' | 'write') => [
		...GUARDED_FILES,
		...GUARDED_TREES.flatMap((tree) => [tree, `${tree}/unseen`, `${tree}/un/seen`]),
		...(access === 'write' ? [...UNWRITABLE_FILES, ...UNWRITABLE_TREES.map((tree) => `${tree}/unseen`)] : []),
		'/home/ann/.ssh/id_rsa',
		'/home/ann/.aws/credentials'
	]
	fc.assert(
		fc.property(someNeeds, (needs) => {
			for (const rule of generalise(needs, FACTS).rules) {
				if (!rule.object.includes('<')) continue
				const access = rule.class === 'file-write' ? 'write' : 'read'
				for (const path of phantoms(access)) {
					assert.ok(isSensitive(path, access))
					if (!covers(rule.object, path)) continue
					const isNeeded = needs.some((one) => one.object === path && one.class === rule.class)
					assert.ok(isNeeded, `${rule.object} covers ${path}`)
				}
			}
		}),
		RUNS
	)
})

test('what is executed is exactly what was executed, and can never be written by a generalisation', () => {
	fc.assert(
		fc.property(someNeeds, (needs) => {
			const executed = new Set(needs.filter((one) => one.verb === 'exec').map((one) => one.object))
			const { rules } = generalise(needs, FACTS)
			for (const rule of rules) {
				if (rule.class === 'process') assert.ok(executed.has(rule.object))
				else if (rule.class === 'file-write' && directoryOf(rule.object)) {
					const isSeen = (path: string) =>
						needs.some((one) => one.object === rule.object || (one.verb === 'exec' && one.object === path))
					for (const path of executed)
						assert.ok(!covers(rule.object, path) || !isSeen(path) || isGiven(needs, rule.object))
				}
			}
		}),
		RUNS
	)
})

test('what was only read stays read-only: a directory becomes writable only where something was written', () => {
	fc.assert(
		fc.property(someNeeds, (needs) => {
			for (const rule of generalise(needs, FACTS).rules) {
				if (rule.class === 'file-read') {
					assert.ok(rule.access.every((verb) => verb === 'read' || verb === 'list'))
				} else if (rule.class === 'file-write') {
					assert.ok(rule.covers.length > 0 && rule.covers.every((one) => one.class === 'file-write'))
				}
			}
		}),
		RUNS
	)
})

test('what the policy itself allows teaches it nothing', () => {
	fc.assert(
		fc.property(someNeeds, (needs) => {
			const { rules } = generalise(needs, FACTS)
			const again = generalise(needs, { ...FACTS, previous: rules })
			assert.deepEqual(again.rules.map(shapeOf), rules.map(shapeOf))
			// A workload that goes on doing what its rules cover, in hours that are known already.
			const replayed = needs.map((one) => ({ ...one, count: one.count + 1, pods: ['app-1', 'app-2'] }))
			const next = generalise(replayed, { ...FACTS, previous: rules })
			assert.deepEqual(next.rules.map(shapeOf), rules.map(shapeOf))
		}),
		RUNS
	)
})

test('a smaller budget is met or refused, and never makes the rules narrower', () => {
	fc.assert(
		fc.property(
			someNeeds,
			fc.integer({ min: 1, max: 120 }),
			fc.integer({ min: 1, max: 120 }),
			(needs, a, b) => {
				const [small, large] = [Math.min(a, b), Math.max(a, b)].map((budget) =>
					generalise(needs, { ...FACTS, options: { budget } })
				)
				assert.ok(small && large)
				for (const [{ entryCount, notes }, budget] of [
					[small, Math.min(a, b)],
					[large, Math.max(a, b)]
				] as const) {
					assert.ok(entryCount <= budget || notes.some((note) => note.code === 'learn.budget'))
				}
				const isMet = !small.notes.some((note) => note.code === 'learn.budget')
				if (isMet) assert.ok(large.mu <= small.mu)
			}
		),
		RUNS
	)
})

test('rendered for KubeArmor, the rules pass all three checks or are refused with a reason', () => {
	const inventory = [replicaSet('shop', 'on'), pod('shop', 'on', '10.0.0.1')]
	fc.assert(
		fc.property(someNeeds, (needs) => {
			const { rules } = generalise(needs, FACTS)
			const { notes } = renderWorkload(policiesOf(rules), kubearmor, { inventory })
			assert.deepEqual(
				notes.filter((note) => note.code.startsWith('selfcheck.') && note.severity === 'refusal'),
				[]
			)
		}),
		RUNS
	)
})

function withoutEvidence(rule: object): object {
	return { ...rule, covers: [] }
}

function isGiven(needs: readonly { object: string }[], object: string): boolean {
	return needs.some((one) => one.object === object)
}
