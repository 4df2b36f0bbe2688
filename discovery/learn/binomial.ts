/** P(X ≤ k) of a binomial with n trials of probability p, summed in logarithms: exact for any n in use. */
export function binomialCdf(k: number, n: number, p: number): number {
	if (k < 0) return 0
	if (k >= n || p <= 0) return 1
	if (p >= 1) return 0
	const odds = Math.log(p) - Math.log1p(-p)
	let term = n * Math.log1p(-p)
	let largest = term
	const terms = [term]
	for (let i = 1; i <= k; i++) {
		term += Math.log((n - i + 1) / i) + odds
		terms.push(term)
		largest = Math.max(largest, term)
	}
	const sum = terms.reduce((total, one) => total + Math.exp(one - largest), 0)
	return Math.min(1, sum * Math.exp(largest))
}
