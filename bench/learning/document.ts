import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CLASSES } from '../../collector/observation.js'
import { scorePredictions } from '../../discovery/learn/calibrate.js'
import type { Gate } from '../run.js'
import type { Decided } from './decisions.js'
import type { PoisonOutcome } from './poisoning.js'
import type { RealScore } from './recorded.js'
import type { Score } from './score.js'

export interface Measured {
	scores: readonly Score[]
	gates: readonly Gate[]
	decided: readonly Decided[]
	poison: readonly PoisonOutcome[]
	ablations: readonly Score[]
	recordings: readonly RealScore[]
	facts: Record<string, string | number | boolean>
}

/** Rewrites what stands between the markers of docs/learning.md. */
export function writeDocument(measured: Measured): void {
	const path = fileURLToPath(new URL('../../docs/learning.md', import.meta.url))
	if (!existsSync(path)) return
	let text = readFileSync(path, 'utf8')
	for (const [name, table] of Object.entries(tablesOf(measured))) {
		const begin = `<!-- ${name}: begin, written by npm run bench -- learning -->`
		const end = `<!-- ${name}: end -->`
		const [before, after] = [text.indexOf(begin), text.indexOf(end)]
		if (before < 0 || after < 0) throw new Error(`docs/learning.md has no markers for ${name}`)
		text = `${text.slice(0, before + begin.length)}\n\n${table}\n\n${text.slice(after)}`
	}
	writeFileSync(path, text)
}

function tablesOf({
	scores,
	gates,
	decided,
	poison,
	ablations,
	recordings,
	facts
}: Measured): Record<string, string> {
	const about = Object.entries(facts).map(([key, value]) => `${key} ${value}`)
	return {
		results: `${table(scores.map(scoreRow))}\n\n${about.join(', ')}.`,
		gates: table(
			gates.map(({ name, value, bar, pass }) => ({
				gate: name,
				measured: short(value),
				bar,
				held: pass ? 'yes' : '**no**'
			}))
		),
		classes: table(classRows(decided)),
		intruders: table(poisonRows(poison)),
		ablations: table(ablations.map(scoreRow)),
		recordings: `${table(recordings.map(realRow))}\n\n${examples(recordings)}`
	}
}

function scoreRow(one: Score): Record<string, string | number> {
	const { falsePer100, width } = one
	return {
		generaliser: one.generaliser,
		'stopping rule': one.stop,
		'enforced %': short(100 * one.share),
		'days (median)': `${short(one.daysMean)} (${Number.isFinite(one.daysMedian) ? short(one.daysMedian) : 'never'})`,
		'false blocks /100 d': `${short(falsePer100.value)} [${short(falsePer100.low)}–${short(falsePer100.high)}]`,
		foreseeable: `${short(one.foreseeablePer100.value)} [${short(one.foreseeablePer100.low)}–${short(one.foreseeablePer100.high)}]`,
		'all /100 d': short(one.falsePer100All),
		'equal share': one.falsePer100Equal === null ? '' : short(one.falsePer100Equal),
		'denied %': short(one.deniedPercent.value),
		'observed ÷ predicted':
			one.reliability.observedOverPredicted === null ? '' : short(one.reliability.observedOverPredicted),
		'unprotected %': short(100 * one.unprotectedShare),
		'read / write / exec over-grant %': width
			? [width.read, width.write, width.execute].map(short).join(' / ')
			: '',
		'probes blocked %': width ? short(width.ownBlocked.value) : '',
		'fits KubeArmor %': width?.fitting == null ? '' : short(width.fitting),
		'chains cut % (all)': width ? `${short(width.chainsCut)} (${short(width.chainsCutAll)})` : '',
		'peers × ports (unused)': width ? `${short(width.peerPorts)} (${short(width.peerPortsUnused)})` : ''
	}
}

function classRows(decided: readonly Decided[]): Record<string, string | number>[] {
	const row = (name: string, some: readonly Decided[]) => {
		const { count, observedOverPredicted, ece, brier } = scorePredictions(some)
		return {
			class: name,
			decisions: count,
			predicted: short(some.reduce((sum, { risk }) => sum + risk, 0)),
			observed: some.filter(({ outcome }) => outcome).length,
			'observed ÷ predicted': observedOverPredicted === null ? '' : short(observedOverPredicted),
			ECE: short(ece),
			Brier: short(brier)
		}
	}
	const classes = CLASSES.map((of) =>
		row(
			of,
			decided.filter((one) => one.class === of)
		)
	)
	return [...classes, row('all', decided)]
}

function realRow(one: RealScore): Record<string, string | number> {
	const row: Record<string, string | number> = {
		program: one.program,
		learned: one.learned,
		'tested on': one.tested,
		generaliser: one.generaliser,
		'denied / distinct': `${one.denied} / ${one.distinct}`,
		'denied % of acts': short(one.deniedEventPercent)
	}
	for (const { class: of, denied, distinct } of one.byClass) row[of] = `${denied} / ${distinct}`
	return { ...row, 'probes blocked %': short(one.probesBlockedPercent), rules: one.grants }
}

/** What Whittle would have denied, some of it by name. */
function examples(recordings: readonly RealScore[]): string {
	return recordings
		.filter((one) => one.generaliser === 'Whittle' && one.examples.length > 0)
		.map(
			(one) =>
				`Denied by Whittle, ${one.program} on ${one.tested}: ${one.examples.map((text) => `\`${text}\``).join(', ')}.`
		)
		.join('\n\n')
}

function poisonRows(poison: readonly PoisonOutcome[]): Record<string, string | number>[] {
	const rules = [...new Set(poison.map(({ rule }) => rule))]
	const styles = [...new Set(poison.map(({ style }) => style))]
	const part = (
		some: readonly PoisonOutcome[],
		of: (one: PoisonOutcome) => number,
		all: (one: PoisonOutcome) => number
	) =>
		short(
			(100 * some.reduce((sum, one) => sum + of(one), 0)) /
				Math.max(
					1,
					some.reduce((sum, one) => sum + all(one), 0)
				)
		)
	return rules.map((rule) => {
		const row: Record<string, string | number> = { rule }
		const own = poison.filter((one) => one.rule === rule)
		for (const style of styles) {
			const some = own.filter((one) => one.style === style)
			row[style] = [
				part(
					some,
					(one) => one.admitted,
					(one) => one.steps
				),
				part(
					some,
					(one) => one.criticalAdmitted,
					(one) => one.critical
				),
				part(
					some,
					(one) => (one.broken ? 1 : 0),
					() => 1
				)
			].join(' / ')
		}
		row['own held (recurring)'] =
			`${short(own.reduce((sum, one) => sum + one.ownHeld, 0) / Math.max(1, own.length))} (${short(own.reduce((sum, one) => sum + one.ownHeldRecurring, 0) / Math.max(1, own.length))})`
		return row
	})
}

function table(rows: readonly Record<string, string | number>[]): string {
	const head = Object.keys(rows[0] ?? {})
	const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
	return [
		line(head),
		line(head.map(() => '---')),
		...rows.map((row) => line(head.map((key) => row[key] ?? '')))
	].join('\n')
}

function short(value: number): string {
	if (!Number.isFinite(value)) return '–'
	return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2)
}
