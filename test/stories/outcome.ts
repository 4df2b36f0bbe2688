import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openReader } from '../../collector/reader.js'
import { type ReplayTotals, replayFiles } from '../../collector/sources/replay/replay-files.js'
import type { Reader, Writer } from '../../collector/store.js'
import { openWriter } from '../../collector/writer.js'
import { discover } from '../../discovery/discover.js'
import type { Note, PolicyBody, Rule } from '../../discovery/policy.js'
import { listManifests } from '../../web/operations/manifests.js'
import type { OperationContext } from '../../web/operations/operation.js'

/** The day after the last one of every story: what "now" is when it is replayed. */
const NOW_MS = Date.UTC(2025, 10, 6)

/** What a story leads to, as texts that can be compared and kept. */
export interface Outcome {
	/** By `workload/class`: the digest, what is allowed, and what people are told about it. */
	policies: Record<string, { digest: string; rules: string[]; notes: string[] }>
	/** By workload: attempts that were denied, which are evidence of no need. */
	denied: Record<string, string[]>
	/** When a source was blind. */
	gaps: string[]
	/** What was said about manifests, by workload and language. */
	renderingNotes: Record<string, string[]>
	/** File (as `export --out` writes it) → YAML. */
	manifests: Map<string, string>
	/** One per file, in the order in which they were replayed. */
	totals: ReplayTotals[]
}

/** Replays the files, in this order, into a new store, discovers, and exports. */
export async function outcomeOf(files: string[]): Promise<Outcome> {
	return inFolder(async (folder) => {
		const path = join(folder, 'default', 'whittle.db')
		const writer = await openWriter({ path, thread: false })
		try {
			const totals: ReplayTotals[] = []
			for (const file of files) totals.push(await replayFiles([file], writer, { nowMs: NOW_MS }))
			const reader = openReader(path)
			try {
				await discover(reader, writer, NOW_MS)
				const { manifests, renderingNotes } = await exported(reader, writer, folder)
				const [policies, denied, gaps] = [policiesIn(reader), deniedIn(reader), gapsIn(reader)]
				return { policies, denied, gaps, renderingNotes, manifests, totals }
			} finally {
				reader.close()
			}
		} finally {
			await writer.close()
		}
	})
}

/** A private folder for the duration of `work`. */
export async function inFolder<Value>(work: (folder: string) => Promise<Value>): Promise<Value> {
	const folder = mkdtempSync(join(tmpdir(), 'whittle-story-test-'))
	try {
		return await work(folder)
	} finally {
		rmSync(folder, { recursive: true, force: true })
	}
}

/** As `whittle export` does it, in every language. */
async function exported(
	reader: Reader,
	writer: Writer,
	dataDir: string
): Promise<Pick<Outcome, 'manifests' | 'renderingNotes'>> {
	const context: OperationContext = {
		reader,
		writer,
		sensor: null,
		actor: 'local:test',
		nowMs: () => NOW_MS,
		dataDir,
		sources: () => []
	}
	const manifests = new Map<string, string>()
	const renderingNotes: Record<string, string[]> = {}
	let next: string | null = null
	do {
		const input = listManifests.input.parse(next === null ? {} : { continue: next })
		const page = listManifests.output.parse(await listManifests.run(context, input))
		for (const { language, file, yaml } of page.items) manifests.set(`${language}/${file}`, yaml)
		for (const note of page.notes)
			append(renderingNotes, `${note.workload} in ${note.language}`, sentence(note))
		next = page.continue
	} while (next !== null)
	return { manifests, renderingNotes }
}

function policiesIn(reader: Reader): Outcome['policies'] {
	const rows = reader.all(
		`SELECT policy.digest, policy.body, policy.notes FROM proposals proposal
		 JOIN policies policy ON policy.id = proposal.policy_id`
	)
	const found = rows.map((row) => {
		const body: PolicyBody = JSON.parse(String(row.body))
		const notes: Note[] = JSON.parse(String(row.notes))
		const policy = { digest: String(row.digest), rules: body.rules.map(ruleText), notes: notes.map(sentence) }
		return [`${body.workload}/${body.class}`, policy] as const
	})
	return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function deniedIn(reader: Reader): Outcome['denied'] {
	const rows = reader.all(
		`SELECT DISTINCT coalesce(owner.name, workload.name) AS name, seen.verb, object.text AS object, source.text AS source
		 FROM observations seen
		 JOIN workloads workload ON workload.id = seen.workload_id
		 LEFT JOIN workloads owner ON owner.id = workload.alias_of
		 JOIN objects object ON object.id = seen.object_id JOIN objects source ON source.id = seen.source_id
		 WHERE seen.result = 'denied' ORDER BY name, seen.verb, object, source`
	)
	const denied: Record<string, string[]> = {}
	for (const { name, verb, object, source } of rows) {
		append(denied, String(name), `${verb} ${object}${source === '' ? '' : ` by ${source}`}`)
	}
	return denied
}

const gapsIn = (reader: Reader): string[] =>
	reader
		.all('SELECT scope, from_ms, to_ms, reason, detail FROM gaps ORDER BY scope, from_ms, reason')
		.map(
			({ scope, from_ms, to_ms, reason, detail }) =>
				`${scope} ${iso(from_ms)} to ${iso(to_ms)}: ${reason}, ${detail}`
		)

const iso = (ms: unknown): string => new Date(Number(ms)).toISOString()

const ruleText = ({ effect, access, object, sources }: Rule): string =>
	`${effect} ${access.join(',')} ${object}${sources.length === 0 ? '' : ` by ${sources.join(' ')}`}`

const sentence = ({ severity, code, text }: Pick<Note, 'severity' | 'code' | 'text'>): string =>
	`${severity} ${code}: ${text}`

function append(lists: Record<string, string[]>, key: string, text: string): void {
	lists[key] = [...(lists[key] ?? []), text]
}
