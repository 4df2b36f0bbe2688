import fc from 'fast-check'
import type { Verb } from '../../../../collector/observation.js'
import { classOfVerb } from '../../../../collector/observation.js'
import type { FileRule, PathFacts } from '../../../../discovery/learn/paths/facts.js'
import { covers } from '../../../../discovery/learn/paths/object.js'
import type { BehaviourState } from '../../../../discovery/learn/state.js'
import type { Policy } from '../../../../discovery/policy.js'
import { policyOf } from '../../../../discovery/digest.js'

export const FIRST_HOUR = 480_000
export const APP = '/usr/bin/app'

/** What the learner keeps of something done in the given hours of the test (0 is the first). */
export function need(
	verb: Verb,
	object: string,
	hours: readonly number[] = [0],
	more: Partial<BehaviourState> = {}
): BehaviourState {
	const distinct = [...new Set(hours)].sort((a, b) => a - b).map((hour) => FIRST_HOUR + hour)
	const first = distinct[0] ?? FIRST_HOUR
	const last = distinct.at(-1) ?? FIRST_HOUR
	return {
		class: classOfVerb[verb],
		verb,
		object,
		raw: object,
		source: APP,
		versions: ['v1'],
		hours: distinct.slice(0, 3),
		lastHour: last,
		daily: [],
		hourCount: distinct.length,
		dayCount: 1,
		days: [...new Set(distinct.map((hour) => Math.floor(hour / 24)))].slice(0, 4),
		pods: ['app-1'],
		starts: [],
		startOnly: false,
		count: distinct.length,
		firstMs: first * 3_600_000,
		lastMs: last * 3_600_000,
		required: false,
		interactive: false,
		samples: [],
		...more
	}
}

/** Three days, three starts, and nobody knows which files there are. */
export const FACTS: PathFacts = { exposedHours: 72, startCount: 3, files: null }

export const WORKLOAD = 'east/shop/Deployment/on/on'

/** The rules as policies of one workload; who only reads has a policy of writes without rules. */
export function policiesOf(rules: readonly FileRule[]): Policy[] {
	const of = (name: FileRule['class']) =>
		rules
			.filter((rule) => rule.class === name)
			.map(({ effect, object, access, sources }) => ({ effect, object, access, sources }))
	const hasReads = of('file-read').length > 0
	return (['process', 'file-read', 'file-write'] as const)
		.filter((name) => of(name).length > 0 || (name === 'file-write' && hasReads))
		.map((name) => policyOf({ workload: WORKLOAD, class: name, rules: of(name) }))
}

/** Whether some rule lets this happen. */
export function isAllowed(rules: readonly FileRule[], one: BehaviourState): boolean {
	return rules.some(
		(rule) =>
			rule.class === one.class &&
			rule.access.includes(one.verb) &&
			(rule.sources.length === 0 || rule.sources.includes(one.source)) &&
			covers(rule.object, one.object)
	)
}

/** A rule without the evidence behind it: what enforcement sees. */
export function shapeOf({ class: of, object, access, sources }: FileRule): string {
	return JSON.stringify([of, object, access, sources])
}

const folder = fc.constantFrom(
	'/srv/app',
	'/srv/app/cache',
	'/srv/app/cache/deep/er',
	'/srv/app/bin',
	'/etc',
	'/etc/app/conf.d',
	'/etc/ssh',
	'/root',
	'/root/.config',
	'/home/ann/work',
	'/tmp',
	'/usr/lib/app',
	'/usr/bin',
	'/run/secrets/kubernetes.io/serviceaccount',
	'/var/lib/app/<uid>',
	`/srv/${'long/'.repeat(14)}deep`
)
const name = fc.oneof(
	fc.constantFrom('a', 'b', 'c.conf', 'token', 'server.key', 'passwd', 'shadow', 'id_rsa', '<any>', '.env'),
	fc.integer({ min: 0, max: 99_999 }).map((number) => `job-${number}.log`),
	fc.stringMatching(/^[0-9a-f]{16}$/),
	fc.stringMatching(/^tmp[a-z0-9]{8}$/)
)
const hours = fc.array(fc.integer({ min: 0, max: 71 }), { minLength: 1, maxLength: 3 })
const source = fc.constantFrom('', APP, '/usr/bin/sh', '/usr/bin/python3.11')
const anyNeed = fc
	.record({
		verb: fc.constantFrom<Verb>('read', 'read', 'list', 'write', 'create', 'delete'),
		folder,
		name,
		hours,
		source,
		atStart: fc.boolean(),
		start: fc.integer({ min: 0, max: 2 })
	})
	.map((one) =>
		need(one.verb, `${one.folder}/${one.name}`, one.hours, {
			source: one.source,
			...(one.atStart ? { startOnly: true, starts: [one.start] } : {})
		})
	)
const exec = fc
	.constantFrom('/usr/bin/app', '/usr/bin/sh', '/srv/app/bin/a', '/srv/app/cache/a')
	.map((path) => need('exec', path, [0, 1, 2], { source: '' }))
/** A directory in which made-up names keep appearing. */
const growing = fc
	.tuple(folder, fc.constantFrom<Verb>('read', 'create'), fc.integer({ min: 5, max: 30 }))
	.map(([directory, verb, count]) =>
		Array.from({ length: count }, (_, i) =>
			need(verb, `${directory}/part-${(i * 7919 + 104_729).toString(16)}${(i * 31_337).toString(36)}.bin`, [
				(i * 3) % 72
			])
		)
	)

/** Behaviours of one workload, at most one state per behaviour. */
export const someNeeds: fc.Arbitrary<BehaviourState[]> = fc
	.tuple(
		fc.array(anyNeed, { maxLength: 60 }),
		fc.array(exec, { maxLength: 3 }),
		fc.array(growing, { maxLength: 2 })
	)
	.map(([files, execs, growth]) => {
		const all = [...files, ...execs, ...growth.flat()]
		return [...new Map(all.map((one) => [`${one.verb}\0${one.object}\0${one.source}`, one])).values()]
	})
