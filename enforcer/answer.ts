import { type Class, classOfVerb, type Verb } from '../collector/observation.js'
import type { Reader, SqlValue, Statement, Writer } from '../collector/store.js'
import { EnforcerError } from './error.js'
import { integer, text } from './row.js'

/** What a person said about one behaviour of one workload; the latest one counts. */
export interface Answer {
	id: number
	workloadId: number
	class: Class
	verb: Verb
	object: string
	source: string
	decision: 'needed' | 'malicious'
	actor: string
	reason: string
	atMs: number
}

/** What somebody wants to say; verb, object and source exactly as they are held. */
export interface AnswerRequest {
	/** Rows at which it may be held: those of a pod have one network. */
	workloadIds: readonly number[]
	/** For messages. */
	workload: string
	verb: Verb
	object: string
	source: string
	decision: Answer['decision']
	actor: string
	reason: string
	atMs: number
}

/**
 * Writes all of them in one transaction; each that is neither held nor was answered before comes back as an
 * error of code `not-found`: nobody can make a rule of something that was never seen. Discovery acts on
 * answers in its next pass. In the order of `requests`.
 */
export async function answerAll(
	reader: Reader,
	writer: Writer,
	requests: readonly AnswerRequest[]
): Promise<(Answer | EnforcerError)[]> {
	const ids = requests.map((request) => heldAt(reader, request))
	const open = requests.flatMap((request, index) => {
		const id = ids[index]
		return id === undefined ? [] : [{ request, id }]
	})
	const inserted =
		open.length === 0 ? [] : await writer.transact(open.map(({ request, id }) => insertOf(request, id)))
	const done = new Map(open.map(({ request, id }, index) => [request, inserted[index] === 1 ? id : null]))
	return requests.map((request) => {
		const id = done.get(request)
		return id === undefined || id === null ? notHeld(request) : latestOf(reader, request, id)
	})
}

/** The latest answers, by `answerKey`, about the behaviours of these workloads, or of all. */
export function readAnswers(reader: Reader, workloadId?: number): Map<string, Answer> {
	const rows = reader.all(
		'SELECT * FROM decisions WHERE workload_id = coalesce(?, workload_id) ORDER BY at_ms, id',
		workloadId ?? null
	)
	return new Map(rows.map(answerOf).map((answer) => [answerKey(answer), answer]))
}

/** Names one behaviour of one workload. */
export function answerKey(of: { workloadId: number; verb: string; object: string; source: string }): string {
	return `${of.workloadId}\0${of.verb}\0${of.object}\0${of.source}`
}

/** A row of `decisions`. */
export function answerOf(row: Record<string, SqlValue>): Answer {
	const verb = text(row.verb) as Verb
	return {
		id: integer(row.id),
		workloadId: integer(row.workload_id),
		class: classOfVerb[verb],
		verb,
		object: text(row.object),
		source: text(row.source),
		decision: text(row.decision) === 'needed' ? 'needed' : 'malicious',
		actor: text(row.actor),
		reason: text(row.reason),
		atMs: integer(row.at_ms)
	}
}

const SAME = 'workload_id = ? AND verb = ? AND object = ? AND source = ?'

/** Where it is held, or was when somebody answered before: an answer may be taken back. */
function heldAt(reader: Reader, request: AnswerRequest): number | undefined {
	return request.workloadIds.find((id) => {
		const params = [id, request.verb, request.object, request.source]
		return ['held', 'decisions'].some(
			(table) => reader.get(`SELECT 1 FROM ${table} WHERE ${SAME} LIMIT 1`, ...params) !== undefined
		)
	})
}

function insertOf(request: AnswerRequest, id: number): Statement {
	const { verb, object, source, decision, actor, reason, atMs } = request
	const same = [id, verb, object, source]
	return {
		// Asked again in the writer's transaction: a pass of discovery may have learned it since.
		sql: `INSERT INTO decisions (workload_id, verb, object, source, decision, actor, reason, at_ms)
			SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM held WHERE ${SAME})
				OR EXISTS (SELECT 1 FROM decisions WHERE ${SAME})`,
		params: [...same, decision, actor, reason, atMs, ...same, ...same]
	}
}

function latestOf(reader: Reader, { verb, object, source }: AnswerRequest, id: number): Answer {
	const row = reader.get(
		`SELECT * FROM decisions WHERE ${SAME} ORDER BY id DESC LIMIT 1`,
		id,
		verb,
		object,
		source
	)
	if (!row) throw new EnforcerError('failed', 'The answer was written and cannot be read back.')
	return answerOf(row)
}

function notHeld({ workload, verb, object, source }: AnswerRequest): EnforcerError {
	const by = source === '' ? '' : ` by ${source}`
	return new EnforcerError(
		'not-found',
		`Nothing like ${verb} ${object}${by} is held of ${workload}: "whittle get held" lists what is.`
	)
}
