import { Worker } from 'node:worker_threads'
import { DISCOVERY_MEMORY } from '../cli/discovery-loop.js'
import { compileChild } from './compile-child.js'
import type { BenchmarkResult } from './run.js'

/**
 * From what was seen to policies: so many workloads of 1,000 behaviours each, on one core, all classes;
 * reading, rendering and self-checks apart. Times are wall time of a thread like the product's own, compiled
 * as the product is.
 */
export async function run({ quick }: { quick: boolean }): Promise<BenchmarkResult> {
	const worker = new Worker(await compileChild('discovery-child'), {
		workerData: { quick },
		resourceLimits: DISCOVERY_MEMORY,
		execArgv: []
	})
	return new Promise((resolve, reject) => {
		worker.on('message', resolve)
		worker.on('error', reject)
	})
}
