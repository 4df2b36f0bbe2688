import { type Command, Option } from 'commander'
import type { z } from 'zod'
import type * as shape from '../web/operations/shape.js'
import { withContext } from './context.js'
import { confirm, wholeDigest } from './decide.js'
import { Fault } from './fault.js'
import { addOutputOption, note, print, safeJson, safeText } from './output.js'
import { parseReference, withClass } from './reference.js'

interface Options {
	target: string
	mode: string
	dryRun?: boolean
	yes?: boolean
}

export function define(command: Command): void {
	command
		.argument('<workload/class[@digest]>', 'the approved policy to apply')
		.addOption(
			new Option('--target <name>', 'where: manifests as files, or this host')
				.choices(['directory', 'host'])
				.makeOptionMandatory()
		)
		.addOption(
			new Option('--mode <mode>', 'deny, or only count what would be denied')
				.choices(['audit', 'block'])
				.default('block')
		)
		.option('--dry-run', 'show the plan, and do nothing')
		.option('--yes', 'do not ask')
		.action((text: string, options: Options) =>
			withContext(command, async (context) => {
				const { client, format } = context
				const { Changed, Plan, PolicyDetail } = await import('../web/operations/shape.js')
				const { workload, class: kind, digest } = withClass(parseReference(text, { digest: true }), text)
				const input = {
					workload,
					class: kind,
					target: options.target,
					mode: options.mode,
					callerPid: process.pid
				}
				if (digest !== undefined) {
					const found = await client.call('getPolicy', { workload, class: kind }, PolicyDetail)
					const digests = found.revisions.map((revision) => revision.digest)
					Object.assign(input, { digest: wholeDigest(digest, digests, `${workload}/${kind}`) })
				}
				const plan = await client.call('planChange', input, Plan)
				if (options.dryRun === true) return printPlan(plan, format === 'json')
				refuse(plan)
				if (format !== 'json') process.stderr.write(planText(plan))
				await confirm(
					context,
					`Apply ${workload}/${kind} to ${options.target} (${options.mode})?`,
					options.yes === true
				)
				const changed = await client.call('applyChange', input, Changed)
				printChanged(changed, format === 'json')
			})
		)
	addOutputOption(command, ['table', 'json'])
}

type PlanShape = z.output<typeof shape.Plan>

/** A dry run that would be refused ends as the refusal would. */
export function printPlan(plan: PlanShape, asJson: boolean): void {
	print(asJson ? `${safeJson(plan, 2)}\n` : planText(plan))
	refuse(plan)
}

function refuse(plan: PlanShape): void {
	const [first, ...others] = plan.refusals
	if (first === undefined) return
	const also = others.length === 0 ? '' : ` And: ${others.map((one) => one.text).join(' ')}`
	throw new Fault('notAllowed', first.code, `Refused: ${first.text}${also}`)
}

export function planText(plan: PlanShape): string {
	return [
		`target ${plan.target}\n`,
		...(plan.actions.length === 0 ? ['  nothing to do: it is so already\n'] : []),
		...plan.actions.map(
			(action) => `  ${safeText(action.verb)} ${safeText(action.object)}: ${safeText(action.sentence)}\n`
		),
		...plan.undo.map((action) => `  undone by: ${safeText(action.sentence)}\n`),
		...plan.notes.map((one) => `  ${one.severity}: ${safeText(one.text)}\n`)
	].join('')
}

/** Says what is in force now; a change that failed ends as a failure. */
export function printChanged(changed: z.output<typeof shape.Changed>, asJson: boolean): void {
	const { change } = changed
	if (asJson) print(`${safeJson(changed, 2)}\n`)
	else print(`${safeText(`${change.workload}/${change.class} ${change.target}: ${change.state}`)}\n`)
	if (change.state === 'failed') throw new Fault('unreachable', 'change.failed', changed.sentence)
	if (!asJson) note(changed.sentence)
}
