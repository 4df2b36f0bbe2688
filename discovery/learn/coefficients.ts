import { readDataFile } from '../data-file.js'
import { type HazardModel, parseHazardModel } from './hazard.js'

let shipped: HazardModel | undefined

/**
 * The second stage that Whittle is delivered with, in `coefficients.json`: fitted by
 * `node --import tsx bench/learning/fit.ts`, which `npm run bench -- learning` runs too. Read once.
 */
export function shippedHazard(): HazardModel {
	shipped ??= parseHazardModel(readDataFile('discovery/learn/coefficients.json'))
	return shipped
}
