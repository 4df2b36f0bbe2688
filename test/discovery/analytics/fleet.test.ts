import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Statement } from '../../../collector/store.js'
import { CURVE_HOURS, readCurves } from '../../../discovery/analytics/curves.js'
import { readFleet } from '../../../discovery/analytics/fleet.js'
import { hazardRows, readTraining, trainingRows } from '../../../discovery/analytics/training.js'
import { FEATURES, fitHazard, hazardRisk } from '../../../discovery/learn/hazard.js'
import { inStore, type Store } from '../temporary.js'

const features = (quiet: number) => FEATURES.map((name) => (name === 'ln quiet hours' ? quiet : 1))

function maturity(id: number, of: string, more: Record<string, unknown> = {}): Statement {
	const data = {
		exposedHours: 100,
		startCount: 3,
		S: 10,
		M1: 1,
		Q1: 2,
		Q2: 1,
		quietHours: 50,
		noveltyPerHour: 0.01,
		coverage: 0.9,
		unseenEstimate: 1,
		risk24: 0.2,
		tau: 0.1,
		mature: false,
		openEnded: false,
		features: features(1),
		curve: [
			{ hour: 1, novelCount: 4, risk: 0.9 },
			{ hour: 30, novelCount: 8, risk: 0.5 },
			{ hour: 100, novelCount: 10, risk: 0.2 }
		],
		...more
	}
	return {
		sql: 'INSERT INTO maturity (workload_id, class, data, computed_ms) VALUES (?, ?, ?, 0)',
		params: [id, of, JSON.stringify(data)]
	}
}

function prediction(id: number, hour: number, risk: number, outcome: number | null, quiet = 1): Statement {
	return {
		sql: 'INSERT INTO predictions (workload_id, class, hour, risk, tau, exposed_hours, features, eligible, outcome) VALUES (?, ?, ?, ?, 0.1, ?, ?, 1, ?)',
		params: [id, 'process', hour, risk, hour, JSON.stringify(features(quiet)), outcome]
	}
}

/** Three workloads, two of them of one image. */
async function withFleet(work: (store: Store) => Promise<void>, more: Statement[] = []): Promise<void> {
	await inStore(async (store) => {
		const workloads = [1, 2, 3].map((id) => ({
			sql: `INSERT INTO workloads (id, name, form, cluster, namespace, kind, owner, container, node, first_ms, last_ms)
				VALUES (?, ?, 'host', '', '', '', '', '', 'n', 0, 0)`,
			params: [id, `host/n/unit-${id}`]
		}))
		const versions = [
			[1, 'sha256:old', 1],
			[1, 'sha256:one', 5],
			[2, 'sha256:one', 3],
			[3, '', 1]
		].map(([id, digest, last]) => ({
			sql: "INSERT INTO versions (workload_id, digest, description, first_ms, last_ms) VALUES (?, ?, '', 0, ?)",
			params: [id ?? 0, digest ?? '', last ?? 0]
		}))
		await store.writer.transact([
			...workloads,
			...versions,
			maturity(1, 'process'),
			maturity(1, 'network', { risk24: 0.01, mature: true }),
			maturity(2, 'process', {
				exposedHours: 20,
				risk24: 0.4,
				coverage: 0.5,
				curve: [{ hour: 20, novelCount: 3, risk: 0.4 }]
			}),
			maturity(3, 'process', { exposedHours: 0, S: 0, openEnded: true, coverage: 0, risk24: 1, curve: [] }),
			...more
		])
		await work(store)
	})
}

test('a row for each class of each workload, with what came of its predictions', async () => {
	const log = [
		prediction(1, 10, 0.5, 1),
		prediction(1, 11, 0.3, 0),
		prediction(1, 12, 0.3, null),
		prediction(2, 9, 0.9, 0)
	]
	await withFleet(async ({ reader }) => {
		const rows = readFleet(reader, { after: null, limit: 10 })
		assert.deepEqual(
			rows.map((row) => [row.workloadId, row.class, row.judgedCount, row.cameCount, row.meanRisk]),
			[
				[1, 'network', 0, 0, 0],
				[1, 'process', 2, 1, 0.4],
				[2, 'process', 1, 0, 0.9],
				[3, 'process', 0, 0, 0]
			]
		)
		assert.deepEqual(
			rows.map((row) => [row.image, row.imageCount, row.versionCount]),
			[
				['sha256:one', 2, 2],
				['sha256:one', 2, 2],
				['sha256:one', 2, 1],
				['', 1, 0]
			]
		)
		assert.deepEqual(Object.keys(rows[0]?.features ?? {}), [...FEATURES])
		const paged = readFleet(reader, { after: [1, 'network'], limit: 2 })
		assert.deepEqual(paged, rows.slice(1, 3))
		assert.deepEqual(readFleet(reader, { after: null, limit: 9, class: 'network' }), rows.slice(0, 1))
		assert.deepEqual(readFleet(reader, { after: null, limit: 9, workloadIds: [2] }), rows.slice(2, 3))
	}, log)
})

test('judged predictions are what the second stage learns from', async () => {
	const log = Array.from({ length: 60 }, (_, at) => prediction(1, at, 0.5, at < 30 ? 1 : 0, at < 30 ? 0 : 5))
	log.push(prediction(2, 5, 0.5, null))
	await withFleet(async ({ reader }) => {
		const read = readTraining(reader, { after: null, limit: 1000 })
		assert.equal(read.columns.numRows(), 60)
		assert.ok(read.columns.array('ln quiet hours', Float64Array) instanceof Float64Array)
		const model = fitHazard(hazardRows(read), {
			version: 't',
			trainedOn: 'this test',
			horizonHours: 24,
			agedHours: 48
		})
		assert.ok(hazardRisk(model, features(0)) > 0.8)
		assert.ok(hazardRisk(model, features(5)) < 0.2)
		const rows = trainingRows(read)
		assert.deepEqual(
			[rows[0]?.hour, rows[0]?.outcome, rows[0]?.features['ln quiet hours'], rows[59]?.outcome],
			[0, true, 0, false]
		)
		const rest = readTraining(reader, { after: [1, 'process', 49], limit: 1000 })
		assert.deepEqual(trainingRows(rest), rows.slice(50))
	}, log)
})

test('predictions of another set of features are left out', async () => {
	const old = prediction(1, 3, 0.5, 1)
	await withFleet(
		async ({ reader }) => assert.equal(readTraining(reader, { after: null, limit: 9 }).classes.length, 1),
		[prediction(1, 1, 0.5, 1), { ...old, params: old.params.with(5, '[1,2]') }]
	)
})

test('novelty and coverage over the fleet, by hours watched', async () => {
	await withFleet(async ({ reader }) => {
		const curves = readCurves(reader)
		assert.deepEqual(
			curves.map((one) => [
				one.class,
				one.workloadCount,
				one.readyCount,
				one.openEndedCount,
				one.exposedHours
			]),
			[
				['process', 3, 0, 1, 120],
				['network', 1, 1, 0, 100]
			]
		)
		const [process] = curves
		assert.equal(process?.medianCoverage, 0.5)
		// The second workload says nothing before its first point, and nothing after the hours it was watched.
		assert.deepEqual(
			process?.curve.map((point) => [point.hour, point.workloadCount, point.medianRisk, point.knownShare]),
			CURVE_HOURS.filter((hour) => hour <= 100).map((hour) => [
				hour,
				1,
				hour < 30 ? 0.9 : 0.5,
				hour < 30 ? 0.4 : 0.8
			])
		)
	})
})

test('an empty fleet has no rows and no curves', async () => {
	await inStore(async ({ reader }) => {
		assert.deepEqual(readFleet(reader, { after: null, limit: 10 }), [])
		assert.deepEqual(readCurves(reader), [])
		assert.deepEqual(trainingRows(readTraining(reader, { after: null, limit: 10 })), [])
	})
})
