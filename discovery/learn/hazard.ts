import { z } from 'zod'
import { CLASSES, type Class } from '../../collector/observation.js'
import { type HistoryPoint, startRisk } from './history.js'

/**
 * The second stage: how the fleet's own past corrects the closed form. A logistic regression with a ridge,
 * of features of a class's history, on whether anything new came within the horizon. It was fitted on
 * histories of at least `agedHours` hours, in rule space, and speaks of starts and schedules too.
 */
export interface HazardModel {
	/** Counts up with every change of features or training data; shown with each prediction. */
	version: string
	/** What it was fitted on, as a person would say it. */
	trainedOn: string
	horizonHours: number
	/** Younger histories were not among what it was fitted on. */
	agedHours: number
	rowCount: number
	/** In the order of `FEATURES`; features are standardised by `mean` and `scale` before `weight`. */
	features: string[]
	mean: number[]
	scale: number[]
	weight: number[]
}

/** A history at one moment, and whether anything new came within the horizon. */
export interface HazardRow {
	features: readonly number[]
	outcome: boolean
}

export interface HazardPrediction {
	risk: number
	/** What each feature adds to the log-odds, in the order of the model. They add up to the log-odds. */
	contributions: { feature: string; value: number; logOdds: number }[]
}

/** The names of what `featuresOf` gives, in its order. */
export const FEATURES: readonly string[] = [
	'constant',
	'ln leave-one-out rate',
	'ln novelty of the last half',
	'ln novelty of 24 h',
	'ln novelty of 72 h',
	'ln quiet hours',
	'ln hours watched',
	'ln schedule risk',
	'ln behaviours',
	'ln singletons per hour',
	'quiet for 24 h',
	'quiet for 168 h',
	'ln start risk',
	// What is left when all are 0 is `process`.
	...CLASSES.filter((of) => of !== 'process').map((of) => `is ${of}`)
]

/** The features, as they were known at that point of the history of a class. */
export function featuresOf(point: HistoryPoint, of: Class, horizonHours: number): number[] {
	const { exposedHours: T, quietHours } = point
	return [
		1,
		Math.log((point.M1 + 0.5) / (T + 1)),
		Math.log((point.kHalf + 0.5) / (T / 2 + 1)),
		Math.log((point.k24 + 0.5) / 24),
		Math.log((point.k72 + 0.5) / 72),
		Math.log(1 + quietHours),
		Math.log(Math.max(1, T)),
		Math.log(point.scheduleRisk + 0.001),
		Math.log(point.S + 1),
		Math.log((point.Q1 + 0.5) / (T + 1)),
		quietHours >= 24 ? 1 : 0,
		quietHours >= 168 ? 1 : 0,
		Math.log(startRisk(point, horizonHours) + 0.001),
		...CLASSES.filter((one) => one !== 'process').map((one) => (one === of ? 1 : 0))
	]
}

const RIDGE = 1
const STEPS_MAX = 50
const TOLERANCE = 1e-9

/**
 * Fits by iteratively reweighted least squares, with penalty 1 on every standardised weight but the
 * constant's. The same rows in the same order give the same bits; half a step is taken where a whole
 * one would make the fit worse, so it ends for any input, separable ones too.
 */
export function fitHazard(
	rows: readonly HazardRow[],
	about: Pick<HazardModel, 'version' | 'trainedOn' | 'horizonHours' | 'agedHours'>
): HazardModel {
	const width = FEATURES.length
	const { mean, scale } = momentsOf(rows, width)
	const inputs = rows.map(({ features }) => standardised(features, mean, scale))
	const outcomes = rows.map(({ outcome }) => (outcome ? 1 : 0))
	let weight = new Array<number>(width).fill(0)
	let loss = lossOf(weight, inputs, outcomes)
	for (let step = 0; step < STEPS_MAX; step++) {
		const direction = newtonStep(weight, inputs, outcomes)
		let size = 1
		let moved = weight.map((w, i) => w + (direction[i] ?? 0))
		let next = lossOf(moved, inputs, outcomes)
		for (; next > loss && size > 1e-6; next = lossOf(moved, inputs, outcomes)) {
			size /= 2
			moved = weight.map((w, i) => w + size * (direction[i] ?? 0))
		}
		if (next > loss) break
		weight = moved
		if (loss - next < TOLERANCE * (1 + loss)) break
		loss = next
	}
	return { ...about, rowCount: rows.length, features: [...FEATURES], mean, scale, weight }
}

/** The probability, and what each feature contributed to it. */
export function predictHazard(model: HazardModel, features: readonly number[]): HazardPrediction {
	const inputs = standardised(features, model.mean, model.scale)
	const contributions = inputs.map((input, i) => ({
		feature: model.features[i] ?? '',
		value: features[i] ?? 0,
		logOdds: input * (model.weight[i] ?? 0)
	}))
	return { risk: logistic(contributions.reduce((sum, { logOdds }) => sum + logOdds, 0)), contributions }
}

/** The probability alone, where nobody asks why. */
export function hazardRisk(model: HazardModel, features: readonly number[]): number {
	let odds = 0
	for (let i = 0; i < model.weight.length; i++) {
		const input = ((features[i] ?? 0) - (model.mean[i] ?? 0)) / (model.scale[i] ?? 1)
		odds += input * (model.weight[i] ?? 0)
	}
	return logistic(odds)
}

/** The model of a coefficients file; throws a sentence when the file is another model's. */
export function parseHazardModel(file: unknown): HazardModel {
	const parsed = modelSchema.safeParse(file)
	if (parsed.success && parsed.data.features.join() === FEATURES.join()) return parsed.data
	const why = parsed.success ? 'its features are not those of this version' : z.prettifyError(parsed.error)
	throw new Error(
		`The file of hazard coefficients does not fit: ${why}. Regenerate it: node --import tsx bench/learning/fit.ts`
	)
}

const numbers = z.array(z.number()).length(FEATURES.length)
const modelSchema = z.object({
	version: z.string(),
	trainedOn: z.string(),
	horizonHours: z.number().positive(),
	agedHours: z.number().nonnegative(),
	rowCount: z.number().int().nonnegative(),
	features: z.array(z.string()).length(FEATURES.length),
	mean: numbers,
	scale: z.array(z.number().positive()).length(FEATURES.length),
	weight: numbers
})

function momentsOf(rows: readonly HazardRow[], width: number): { mean: number[]; scale: number[] } {
	const mean = new Array<number>(width).fill(0)
	const scale = new Array<number>(width).fill(1)
	if (rows.length === 0) return { mean, scale }
	for (let i = 1; i < width; i++) {
		let sum = 0
		for (const { features } of rows) sum += features[i] ?? 0
		const average = sum / rows.length
		let squares = 0
		for (const { features } of rows) squares += ((features[i] ?? 0) - average) ** 2
		mean[i] = average
		// A feature that never varies has nothing to say, and must not be blown up.
		scale[i] = Math.sqrt(squares / rows.length) || 1
	}
	return { mean, scale }
}

function standardised(
	features: readonly number[],
	mean: readonly number[],
	scale: readonly number[]
): number[] {
	return mean.map((average, i) => ((features[i] ?? 0) - average) / (scale[i] ?? 1))
}

function lossOf(weight: readonly number[], inputs: readonly number[][], outcomes: readonly number[]): number {
	let loss = 0
	for (let i = 1; i < weight.length; i++) loss += 0.5 * RIDGE * (weight[i] ?? 0) ** 2
	for (const [row, input] of inputs.entries()) {
		const odds = dot(weight, input)
		// −log of the likelihood, without overflow for large odds.
		loss += Math.max(odds, 0) - odds * (outcomes[row] ?? 0) + Math.log1p(Math.exp(-Math.abs(odds)))
	}
	return loss
}

function newtonStep(
	weight: readonly number[],
	inputs: readonly number[][],
	outcomes: readonly number[]
): number[] {
	const width = weight.length
	const gradient = weight.map((w, i) => (i === 0 ? 0 : -RIDGE * w))
	const curvature = Array.from({ length: width }, (_, i) =>
		Array.from({ length: width }, (_, j): number => (i !== j ? 0 : i === 0 ? 1e-9 : RIDGE))
	)
	for (const [row, input] of inputs.entries()) {
		const p = logistic(dot(weight, input))
		const residual = (outcomes[row] ?? 0) - p
		for (let i = 0; i < width; i++) {
			const x = input[i] ?? 0
			gradient[i] = (gradient[i] ?? 0) + residual * x
			const line = curvature[i]
			if (!line) continue
			for (let j = 0; j <= i; j++) line[j] = (line[j] ?? 0) + p * (1 - p) * x * (input[j] ?? 0)
		}
	}
	return solve(curvature, gradient)
}

/** Solves a symmetric positive definite system (its lower half is given) by Cholesky's decomposition. */
function solve(matrix: number[][], right: readonly number[]): number[] {
	const n = right.length
	const lower = Array.from({ length: n }, () => new Array<number>(n).fill(0))
	const at = (i: number, j: number) => lower[i]?.[j] ?? 0
	for (let i = 0; i < n; i++) {
		const line = lower[i] ?? []
		for (let j = 0; j <= i; j++) {
			let sum = matrix[i]?.[j] ?? 0
			for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k)
			line[j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / at(j, j)
		}
	}
	const forward: number[] = []
	for (let i = 0; i < n; i++) {
		let sum = right[i] ?? 0
		for (let k = 0; k < i; k++) sum -= at(i, k) * (forward[k] ?? 0)
		forward.push(sum / at(i, i))
	}
	const solution = new Array<number>(n).fill(0)
	for (let i = n - 1; i >= 0; i--) {
		let sum = forward[i] ?? 0
		for (let k = i + 1; k < n; k++) sum -= at(k, i) * (solution[k] ?? 0)
		solution[i] = sum / at(i, i)
	}
	return solution
}

function dot(a: readonly number[], b: readonly number[]): number {
	let sum = 0
	for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0)
	return sum
}

function logistic(odds: number): number {
	return odds >= 0 ? 1 / (1 + Math.exp(-odds)) : Math.exp(odds) / (1 + Math.exp(odds))
}
