import { pages, type Context } from './context.js'
import { Fault, faultOf, faultText } from './fault.js'
import { note, print, safeJson, safeText } from './output.js'
import { parseReference } from './reference.js'

/** What `approve` and `reject` have in common: each decides about exactly one digest per class. */
export interface Decision {
	operation: 'approve' | 'reject'
	/** `approved`, as it is said afterwards. */
	done: string
	reason: string
	dryRun: boolean
}

/**
 * Decides about WORKLOAD/CLASS, or about every class of WORKLOAD for which a policy is
 * proposed. Where one of several fails, the others are done and the end is `partial`.
 */
export async function decide(context: Context, text: string, decision: Decision): Promise<void> {
	const candidates = await proposed(context, text)
	const faults: Fault[] = []
	for (const candidate of candidates) {
		try {
			await decideOne(context, candidate, decision)
		} catch (error) {
			const fault = faultOf(error)
			if (fault === undefined || candidates.length === 1) throw error
			faults.push(fault)
			process.stderr.write(faultText(fault, context.format === 'json'))
		}
	}
	if (faults.length === 0) return
	throw new Fault(
		faults.length === candidates.length ? (faults[0]?.ending ?? 'partial') : 'partial',
		'partial',
		`${faults.length} of ${candidates.length} classes were not ${decision.done}; the reasons are above.`
	)
}

/** A digest that a person named or read, whole again. */
export function wholeDigest(prefix: string, digests: readonly string[], what: string): string {
	const found = digests.filter((digest) => digest.slice('sha256:'.length).startsWith(prefix))
	const [only] = found
	if (only !== undefined && found.length === 1) return only
	if (found.length > 1)
		throw new Fault(
			'usage',
			'digest.ambiguous',
			`"@${prefix}" begins several digests of ${what}.`,
			'Give more of its digits.'
		)
	throw new Fault(
		'conflict',
		'digest.stale',
		`Nothing with the digest "@${prefix}" is proposed for ${what} now.`,
		'Read what is proposed with "whittle describe policy", and decide about that.'
	)
}

interface Candidate {
	workload: string
	class: string
	digest: string
	ruleCount: number
}

async function proposed({ client }: Context, text: string): Promise<Candidate[]> {
	const { PolicyDetail, SuggestionPage } = await import('../web/operations/shape.js')
	const { workload, class: kind, digest } = parseReference(text, { digest: true })
	if (kind !== undefined) {
		const found = await client.call('getPolicy', { workload, class: kind }, PolicyDetail)
		const chosen =
			digest === undefined
				? found.digest
				: wholeDigest(digest, [found.digest], `${found.displayName}/${kind}`)
		return [{ workload: found.workload, class: kind, digest: chosen, ruleCount: found.ruleCount }]
	}
	const all: Candidate[] = []
	for await (const page of pages(client, 'listPolicies', { workload }, SuggestionPage)) all.push(...page)
	if (all.length === 0) {
		throw new Fault(
			'notFound',
			'policy.not-found',
			`No policy is proposed for "${workload}".`,
			'List what is: "whittle get policies".'
		)
	}
	if (digest === undefined) return all
	const only = wholeDigest(
		digest,
		all.map((one) => one.digest),
		workload
	)
	return all.filter((one) => one.digest === only)
}

async function decideOne(
	{ client, format }: Context,
	candidate: Candidate,
	decision: Decision
): Promise<void> {
	const { Decided } = await import('../web/operations/shape.js')
	const { workload, class: kind, digest, ruleCount } = candidate
	if (decision.dryRun) {
		const sentence = `would be ${decision.done} (${ruleCount} rules); nothing was done`
		if (format === 'json') print(`${safeJson({ workload, class: kind, digest, dryRun: true, sentence })}\n`)
		else print(`${safeText(`${workload}/${kind}@${digest} ${sentence}`)}\n`)
		return
	}
	const input = { workload, class: kind, digest, reason: decision.reason }
	const decided = await client.call(decision.operation, input, Decided)
	if (format === 'json') print(`${safeJson(decided)}\n`)
	else {
		print(`${safeText(`${workload}/${kind}@${digest} ${decision.done}`)}\n`)
		note(decided.sentence)
	}
}

/** Asks for a yes where a person is there; elsewhere the answer must be on the command line. */
export async function confirm(context: Context, question: string, yes: boolean): Promise<void> {
	if (yes) return
	if (!context.canAsk) {
		throw new Fault(
			'usage',
			'confirm',
			`${question} Nobody is here to answer.`,
			'Look with --dry-run, then say --yes.'
		)
	}
	const { createInterface } = await import('node:readline/promises')
	const terminal = createInterface({ input: process.stdin, output: process.stderr })
	const answer = await terminal.question(`${safeText(question)} Type yes to go on: `)
	terminal.close()
	if (answer.trim() !== 'yes') throw new Fault('usage', 'confirm', 'Not confirmed, so nothing was done.')
}
