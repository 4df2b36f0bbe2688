import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Batch } from '../../../collector/observation.js'
import { encodeBatch } from '../../../collector/recording.js'
import { recordScenario } from '../../../fixtures/record.js'
import type { Driver } from './driver.js'
import { NGINX } from './nginx.js'
import { POSTGRESQL } from './postgresql.js'

/**
 * Records the drivers with the real sensor: `node --import tsx bench/learning/recordings/record.ts
 * nginx|postgresql`, as root, with a built dist/. Runs come one day and one hour after each other, so that
 * each is an hour, a day and a start of its own. One file per driver, beside this one.
 */
const BETWEEN_MS = 25 * 3_600_000

const drivers: Readonly<Record<string, readonly Driver[]>> = { nginx: NGINX, postgresql: POSTGRESQL }
const chosen = drivers[process.argv[2] ?? '']
if (chosen === undefined) throw new Error(`Say which: ${Object.keys(drivers).join(', ')}`)

for (const driver of chosen) {
	await driver.install?.()
	const lines: string[] = []
	for (let index = 0; index < driver.runCount; index++) {
		const batch = await withoutLoss(driver, index)
		lines.push(...encodeBatch(later(batch, index * BETWEEN_MS)))
	}
	const path = fileURLToPath(new URL(`./${driver.name}.jsonl.gz`, import.meta.url))
	writeFileSync(path, gzipSync(lines.map((line) => `${line}\n`).join(''), { level: 9 }))
}

/** What the machine's other work made the sensor lose is no part of a recording: the run is done again. */
async function withoutLoss(driver: Driver, index: number): Promise<Batch> {
	for (let attempt = 1; ; attempt++) {
		process.stdout.write(`${driver.name} run ${index + 1}\n`)
		try {
			return await recordScenario(driver.name, { prepare: async () => undefined, run: driver.run(index) })
		} catch (error) {
			const isLoss = error instanceof Error && error.message.startsWith('Events were lost')
			if (!isLoss || attempt === ATTEMPTS) throw error
			process.stdout.write(`${error.message}\n`)
		}
	}
}

const ATTEMPTS = 5

function later(batch: Batch, byMs: number): Batch {
	const moved = <T extends { firstMs: number; lastMs: number }>(one: T): T => ({
		...one,
		firstMs: one.firstMs + byMs,
		lastMs: one.lastMs + byMs
	})
	return {
		...batch,
		sightings: batch.sightings.map(moved),
		starts: batch.starts.map((start) => ({ ...start, atMs: start.atMs + byMs })),
		exposure: batch.exposure.map((one) => ({ ...one, hour: one.hour + byMs / 3_600_000 }))
	}
}
