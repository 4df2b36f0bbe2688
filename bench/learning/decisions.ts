import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Class } from '../../collector/observation.js'
import { shippedHazard } from '../../discovery/learn/coefficients.js'
import { contender, workloadsOf } from './experiment.js'
import { ours } from './ours.js'
import { MATURITY } from './stops.js'
import { tryWorkload } from './trial.js'

/** What was predicted at a decision, and what came within 24 hours. */
export interface Decided {
	class: Class
	risk: number
	outcome: boolean
}

/**
 * The product's own decisions on further images, one workload of each, that nothing else is measured on:
 * something new follows one decision in twenty or thirty, so that a ratio of such counts needs thousands.
 * Images are dealt to as many processes as there are processors; the answer does not depend on how many.
 */
export async function decisionsOf(seed: string, imageCount: number): Promise<Decided[]> {
	const children = availableParallelism()
	const parts = await Promise.all(
		Array.from({ length: children }, (_, at) =>
			answerOf(fork(SCRIPT, [seed, `${imageCount}`, `${at}`, `${children}`]))
		)
	)
	return Array.from(
		{ length: imageCount },
		(_, at) => parts[at % children]?.[Math.floor(at / children)] ?? []
	).flat()
}

const SCRIPT = fileURLToPath(import.meta.url)

function answerOf(child: ChildProcess): Promise<Decided[][]> {
	return new Promise((resolve, reject) => {
		let answer: Decided[][] | undefined
		child.on('message', (message: Decided[][]) => {
			answer = message
		})
		child.on('error', reject)
		child.on('exit', (code) => {
			if (answer && code === 0) resolve(answer)
			else reject(new Error(`a process that tried decisions ended with ${code}`))
		})
	})
}

/** The share of one process: images `first`, `first + step` … of all. */
function decide(seed: string, imageCount: number, first: number, step: number): Decided[][] {
	const product = contender(ours('Whittle'), [MATURITY], shippedHazard())
	const decided: Decided[][] = []
	for (const [workload] of workloadsOf({ seed, members: 1 }, imageCount, 'decision', { first, step })) {
		const { decisions } = workload ? tryWorkload(workload, [product]) : { decisions: [] }
		decided.push(
			decisions.flatMap(({ class: of, hour, risk24, happened }) =>
				hour === null ? [] : [{ class: of, risk: risk24, outcome: happened }]
			)
		)
	}
	return decided
}

if (process.send !== undefined && process.argv[1] === SCRIPT) {
	const [seed = '', imageCount, first, step] = process.argv.slice(2)
	process.send(decide(seed, Number(imageCount), Number(first), Number(step)))
}
