/** P(X ≥ k) for a Poisson count of the given mean. */
export function poissonTail(k: number, mean: number): number {
	if (k <= 0) return 1
	if (mean <= 0) return 0
	if (k > mean) return Math.min(1, sumFrom(k, mean))
	let below = 0
	for (let i = 0; i < k; i++) below += poisson(i, mean)
	return Math.max(0, Math.min(1, 1 - below))
}

/** Counts of two kinds of units (pods of two versions) that did and did not show something. */
export interface Table {
	firstSeen: number
	firstNot: number
	secondSeen: number
	secondNot: number
}

/**
 * Fisher's exact test, two-sided: the probability of a table at least as uneven as this one if both
 * kinds show it alike, and the least that any table with these margins could reach.
 */
export function fisherExact({ firstSeen, firstNot, secondSeen, secondNot }: Table): {
	p: number
	least: number
} {
	const first = firstSeen + firstNot
	const second = secondSeen + secondNot
	const seen = firstSeen + secondSeen
	const low = Math.max(0, seen - second)
	const high = Math.min(seen, first)
	const logOf = (k: number) =>
		logChoose(first, k) + logChoose(second, seen - k) - logChoose(first + second, seen)
	const own = logOf(firstSeen)
	let p = 0
	for (let k = low; k <= high; k++) {
		const log = logOf(k)
		// Tables as likely as ours count as uneven as ours, whatever rounding says.
		if (log <= own + 1e-9) p += Math.exp(log)
	}
	return { p: Math.min(1, p), least: Math.min(1, Math.exp(Math.min(logOf(low), logOf(high)))) }
}

function sumFrom(k: number, mean: number): number {
	let term = poisson(k, mean)
	let sum = term
	for (let i = k + 1; term > sum * 1e-17 && term > 0; i++) {
		term *= mean / i
		sum += term
	}
	return sum
}

function poisson(k: number, mean: number): number {
	return Math.exp(k * Math.log(mean) - mean - logFactorial(k))
}

function logChoose(n: number, k: number): number {
	return logFactorial(n) - logFactorial(k) - logFactorial(n - k)
}

const LOG_FACTORIALS: number[] = [0]
for (let n = 1; n < 256; n++) LOG_FACTORIALS.push((LOG_FACTORIALS[n - 1] ?? 0) + Math.log(n))

/** ln n!, from 256 on by Stirling's series, whose error is below 1 / (1260 n⁵). */
function logFactorial(n: number): number {
	const known = LOG_FACTORIALS[n]
	if (known !== undefined) return known
	return (n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * n) - 1 / (360 * n ** 3)
}
