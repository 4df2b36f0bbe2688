/** A rate with the interval that holds it with 95 % confidence. */
export interface Rate {
	value: number
	low: number
	high: number
}

const TAIL = 0.025
/** The 97.5 % point of the normal distribution. */
const Z = 1.959964

/**
 * Events per hundred units, with Garwood's exact interval for a Poisson count: right also for the few
 * events, or none, that a good policy has (F. Garwood, Biometrika 28, 1936). No units: nothing is known.
 */
export function perHundred(eventCount: number, unitCount: number): Rate | null {
	if (unitCount <= 0) return null
	const scale = 100 / unitCount
	return {
		value: eventCount * scale,
		low: poissonLow(eventCount) * scale,
		high: poissonHigh(eventCount) * scale
	}
}

/** A share of trials as a percentage, with Wilson's interval (E. B. Wilson, JASA 22, 1927). */
export function shareOf(hitCount: number, trialCount: number): Rate | null {
	if (trialCount <= 0) return null
	const share = hitCount / trialCount
	const centre = share + (Z * Z) / (2 * trialCount)
	const spread = Z * Math.sqrt((share * (1 - share)) / trialCount + (Z * Z) / (4 * trialCount * trialCount))
	const whole = 1 + (Z * Z) / trialCount
	return {
		value: 100 * share,
		low: hitCount === 0 ? 0 : (100 * (centre - spread)) / whole,
		high: hitCount === trialCount ? 100 : (100 * (centre + spread)) / whole
	}
}

/** The mean at which this many events or more would still be seen in 2.5 % of all cases. */
function poissonLow(count: number): number {
	if (count === 0) return 0
	return count > EXACT_MAX
		? approximate(count, -Z)
		: solve(0, count, (mean) => 1 - poissonCdf(count - 1, mean) - TAIL)
}

/** The mean at which this many events or fewer would still be seen in 2.5 % of all cases. */
function poissonHigh(count: number): number {
	if (count > EXACT_MAX) return approximate(count + 1, Z)
	return solve(count, count + 10 * Math.sqrt(count + 1) + 10, (mean) => TAIL - poissonCdf(count, mean))
}

/** Above it e^-mean underflows, and the approximation is right to four digits. */
const EXACT_MAX = 300

/** Wilson and Hilferty's form of the χ² quantile that Garwood's interval is made of. */
function approximate(shape: number, z: number): number {
	return shape * (1 - 1 / (9 * shape) + z / (3 * Math.sqrt(shape))) ** 3
}

function poissonCdf(count: number, mean: number): number {
	let term = Math.exp(-mean)
	let sum = term
	for (let i = 1; i <= count; i++) {
		term *= mean / i
		sum += term
	}
	return sum
}

/** Where a rising function is zero, by halving. */
function solve(from: number, to: number, rising: (x: number) => number): number {
	let low = from
	let high = to
	for (let i = 0; i < 100; i++) {
		const middle = (low + high) / 2
		if (rising(middle) < 0) low = middle
		else high = middle
	}
	return (low + high) / 2
}
