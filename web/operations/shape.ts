/**
 * The shapes of everything that the API takes and gives, as zod schemas: the same object
 * validates a request, documents it in OpenAPI and types the page (`import type`).
 * Times are UTC milliseconds and end in `Ms`. Texts that came from telemetry are escaped
 * in the store (control and bidirectional characters as `\xNN`) and stay so here.
 *
 * Below `/api/v1` (`:workload` is WorkloadRef, percent-encoded; path, query and body merge
 * into one input; `web/operations/table.ts` lists them):
 *
 *   GET    /workloads                               ListWorkloads → WorkloadPage
 *   GET    /workloads/:workload                     GetWorkload → WorkloadDetail
 *   GET    /workloads/:workload/behaviours          ListBehaviours → BehaviourPage
 *   GET    /policies                                ListPolicies → SuggestionPage
 *   GET    /policies/:workload/:class               GetPolicy → PolicyDetail
 *   GET    /policies/:workload/:class/rules/:rule   GetRuleEvidence → RuleEvidence
 *   POST   /policies/:workload/:class/approve       Approve → Decided
 *   POST   /policies/:workload/:class/reject        Reject → Decided
 *   POST   /policies/approve · /policies/reject     ApproveMany · RejectMany → DecidedMany
 *   POST   /policies/:workload/:class/plan          PlanChange → Plan (a dry run)
 *   POST   /policies/:workload/:class/apply         PlanChange → Changed
 *   POST   /policies/:workload/:class/rollback      RollbackChange → Changed
 *   POST   /policies/:workload/:class/rollback/plan RollbackChange → Plan (a dry run)
 *   GET    /workloads/:workload/readiness           GetReadiness → ReadinessList
 *   GET    /held                                    ListHeld → HeldPage
 *   POST   /held/answer                             AnswerHeld → AnsweredMany
 *   GET    /predictions                             GetPredictions → Predictions
 *   GET    /workloads/:workload/diff                DiffWorkload → WorkloadDiff
 *   GET    /unused                                  ListUnused → UnusedPage
 *   GET    /fleet · /fleet/features                 ListFleet → FleetPage · ListFeatures → FeaturesPage
 *   GET    /fleet/curves                            FleetCurves
 *   GET    /explain/:workload                       Explain → Explanation
 *   POST   /simulations                             Simulate → Simulation (reads only)
 *   GET    /manifests · /languages                  ListManifests → ManifestPage · LanguageList
 *   GET    /history · /violations · /gaps · /timeline · /bad-inputs    … → pages
 *   GET    /status · /sources · /probe              Status · SourceList · ProbeReport
 *   GET    /session (Session) · DELETE /session     logs out
 *   POST   /login-links                             a new login URL, with the API key only
 *   GET    /events                                  SSE: changed, resync (ChangedEvent)
 */
import { z } from 'zod'

export const Class = z.enum(['process', 'file-read', 'file-write', 'network', 'privilege'])
export const Result = z.enum(['allowed', 'denied', 'failed'])

/**
 * Where a workload's class is. `applied` reads "applied, unproven": the policy is at its
 * target and nothing has shown that it holds. `none`: seen, but never in this class.
 */
export const State = z.enum(['none', 'learning', 'proposed', 'audit', 'applied', 'enforced'])
export const Decision = z.enum(['none', 'approved', 'rejected'])

export const Limit = z.coerce.number().int().min(1).max(1000).default(100)
/** Opaque; from the `continue` of the page before. */
export const Cursor = z.string().max(4096).optional()
/** Id, whole name, name without the cluster when there is only one, or an unambiguous ending of it. */
export const WorkloadRef = z.string().min(1).max(2048)
export const Digest = z
	.string()
	.regex(/^sha256:[0-9a-f]{64}$/, 'A digest is "sha256:" and 64 hexadecimal digits.')
const Search = z.string().max(256).optional()
const Name = z.string().max(512).optional()
const Order = z.enum(['asc', 'desc']).default('asc')

const page = <T extends z.ZodType>(item: T) =>
	z.object({
		items: z.array(item),
		/** Cursor of the next page; null on the last one. */
		continue: z.string().nullable()
	})

// readiness --------------------------------------------------------------------

/** `ready`: nothing stands between it and enforcement; `open-ended`: waiting alone will not make it ready. */
export const Standing = z.enum(['ready', 'not-yet', 'open-ended'])
/** How ready one class is, in short. Risks are probabilities, 0 to 1. */
export const ReadinessBrief = z.object({
	standing: Standing,
	/** Of a new behaviour within 24 hours, and within the next one. */
	risk24: z.number(),
	riskNextHour: z.number()
})
export const Readiness = ReadinessBrief.extend({
	workloadId: z.number(),
	workload: z.string(),
	class: Class,
	/** Both risks, and what they rest on. */
	sentence: z.string(),
	/** The highest risk that is accepted; `calibrated` when enough decisions have proven it. */
	tau: z.number(),
	calibrated: z.boolean(),
	/** What the closed form of the risk is made of: running, jobs not yet seen, starts. */
	parts: z.object({ steady: z.number(), schedule: z.number(), start: z.number() }),
	/** The fitted model, where there is one; what its features add up to is the log-odds of `risk`. */
	secondStage: z
		.object({
			version: z.string(),
			risk: z.number(),
			contributions: z.array(z.object({ feature: z.string(), value: z.number(), logOdds: z.number() }))
		})
		.nullable(),
	/** Why it is not ready, one sentence each. */
	blockers: z.array(z.string()),
	/** Periods of which not every hour was watched yet. */
	unseenPeriods: z.array(
		z.object({
			periodHours: z.number(),
			probability: z.number(),
			/** '' when only experience speaks for it. */
			declaredBy: z.string(),
			watchedHours: z.number(),
			risk: z.number()
		})
	),
	exposedHours: z.number(),
	startCount: z.number(),
	gapCount: z.number(),
	/** Hours watched of older versions, which do not count for the present one. */
	setAsideHours: z.number().default(0),
	quietHours: z.number(),
	noveltyPerHour: z.number(),
	/** Behaviours known, as its rules tell them; those that probably exist besides; how many of these in a week. */
	behaviourCount: z.number(),
	unseenEstimate: z.number(),
	newWithinWeek: z.number(),
	/** Share of the activity that the known ones make up, at least. */
	coverage: z.number(),
	heldCount: z.number(),
	/** At most sixty points, by hours watched. */
	curve: z.array(z.object({ hour: z.number(), novelCount: z.number(), risk: z.number() })),
	computedMs: z.number()
})
export const GetReadiness = z.object({ workload: WorkloadRef, class: Class.optional() })
export const ReadinessList = z.object({ workload: z.string(), items: z.array(Readiness) })

// workloads --------------------------------------------------------------------

export const ClassState = z.object({
	class: Class,
	state: State,
	/** Where it is and what it waits for. */
	sentence: z.string(),
	decision: Decision,
	/** The digest that is proposed now. */
	digest: z.string().nullable(),
	ruleCount: z.number(),
	/** Null before anything was learned of it. */
	readiness: ReadinessBrief.nullable()
})

export const Workload = z.object({
	id: z.number(),
	/** The canonical name. */
	name: z.string(),
	/** The name without the cluster when only one exists. */
	displayName: z.string(),
	form: z.enum(['container', 'host']),
	cluster: z.string(),
	namespace: z.string(),
	kind: z.string(),
	owner: z.string(),
	container: z.string(),
	node: z.string(),
	cgroup: z.string(),
	firstMs: z.number(),
	lastMs: z.number(),
	startCount: z.number(),
	violationCount: z.number(),
	classes: z.array(ClassState)
})

export const Version = z.object({
	digest: z.string(),
	description: z.string(),
	firstMs: z.number(),
	lastMs: z.number()
})

export const WorkloadDetail = Workload.extend({
	versions: z.array(Version),
	/** Hours in which it was watched, and those of them with noticeable loss. */
	exposedHourCount: z.number(),
	lossyHourCount: z.number(),
	/** Pods or unit instances that were seen, the smallest hundred. */
	pods: z.array(z.string()),
	/** Canonical names that turned out to be this workload. */
	aliases: z.array(z.string())
})

export const ListWorkloads = z.object({
	search: Search,
	cluster: Name,
	namespace: Name,
	kind: Name,
	state: State.optional(),
	class: Class.optional(),
	sort: z.enum(['name', 'last']).default('name'),
	order: Order,
	limit: Limit,
	continue: Cursor
})
export const Facet = z.object({ value: z.string(), count: z.number() })
export const Facets = z.record(z.string(), z.array(Facet))
export const WorkloadPage = page(Workload).extend({
	/** Of everything that matches the filters, not just of this page. */
	total: z.number(),
	facets: Facets
})
export const GetWorkload = z.object({ workload: WorkloadRef })

// behaviours -------------------------------------------------------------------

export const Behaviour = z.object({
	class: Class,
	verb: z.string(),
	object: z.string(),
	/** Executable; '' when the source could not say. */
	source: z.string(),
	result: Result,
	count: z.number(),
	firstMs: z.number(),
	lastMs: z.number(),
	hourCount: z.number(),
	dayCount: z.number(),
	/** The four smallest. */
	pods: z.array(z.string()),
	required: z.boolean(),
	interactive: z.boolean(),
	/** Redacted command line or parent. */
	detail: z.string()
})
export const ListBehaviours = z.object({
	workload: WorkloadRef,
	class: Class.optional(),
	result: Result.optional(),
	search: Search,
	limit: Limit,
	continue: Cursor
})
export const BehaviourPage = page(Behaviour)

// policies ---------------------------------------------------------------------

/** One row of the suggestions table: what is proposed now for one workload and class. */
export const Suggestion = z.object({
	/** `ID/CLASS`: stable key of the row. */
	key: z.string(),
	workloadId: z.number(),
	workload: z.string(),
	displayName: z.string(),
	cluster: z.string(),
	namespace: z.string(),
	kind: z.string(),
	class: Class,
	digest: z.string(),
	revision: z.number(),
	state: State,
	sentence: z.string(),
	decision: Decision,
	ruleCount: z.number(),
	noteCount: z.number(),
	/** Notes of severity warning or refusal. */
	warningCount: z.number(),
	/** When this revision was proposed. */
	sinceMs: z.number(),
	/** What it rests on: counts are shown, hours, days, pods and starts decide. */
	firstMs: z.number(),
	lastMs: z.number(),
	count: z.number(),
	hourCount: z.number(),
	dayCount: z.number(),
	podCount: z.number(),
	startCount: z.number(),
	readiness: ReadinessBrief.nullable()
})
export const ListPolicies = z.object({
	search: Search,
	cluster: Name,
	namespace: Name,
	kind: Name,
	workload: WorkloadRef.optional(),
	class: Class.optional(),
	state: State.optional(),
	decision: Decision.optional(),
	readiness: Standing.optional(),
	sort: z
		.enum(['name', 'class', 'state', 'rules', 'notes', 'last', 'since', 'hours', 'risk'])
		.default('name'),
	order: Order,
	limit: Limit,
	continue: Cursor
})
export const SuggestionPage = page(Suggestion).extend({ total: z.number(), facets: Facets })

export const Note = z.object({
	code: z.string(),
	severity: z.enum(['info', 'warning', 'refusal']),
	text: z.string(),
	rule: z.number().optional()
})
export const RuleRow = z.object({
	/** Index in the policy's body; what `getRuleEvidence` takes. */
	index: z.number(),
	effect: z.enum(['allow', 'deny']),
	object: z.string(),
	access: z.array(z.string()),
	/** Executables; empty means any. */
	sources: z.array(z.string()),
	count: z.number(),
	coveredCount: z.number(),
	hourCount: z.number(),
	dayCount: z.number(),
	pods: z.array(z.string()),
	firstMs: z.number(),
	lastMs: z.number(),
	required: z.boolean(),
	interactive: z.boolean(),
	why: z.string(),
	beyond: z.string()
})
export const Approval = z.object({
	id: z.number(),
	workloadId: z.number(),
	workload: z.string(),
	class: Class,
	digest: z.string(),
	decision: z.enum(['approved', 'rejected']),
	actor: z.string(),
	reason: z.string(),
	atMs: z.number()
})
export const PlanAction = z.object({
	/** `write`, `delete`, `hold`, `lift` … */
	verb: z.string(),
	/** File below the target's folder, or cgroup. */
	object: z.string(),
	/** One sentence for people. */
	sentence: z.string(),
	/** What will be there afterwards, for reading; '' when nothing will be. */
	content: z.string()
})
export const Plan = z.object({
	target: z.string(),
	actions: z.array(PlanAction),
	/** What undoes the actions, in the order of undoing. */
	undo: z.array(PlanAction),
	notes: z.array(Note),
	/** Each with its sentence; with any of these, nothing is done. */
	refusals: z.array(Note)
})
export const Change = z.object({
	id: z.number(),
	workloadId: z.number(),
	workload: z.string(),
	class: Class,
	digest: z.string(),
	action: z.enum(['apply', 'revert']),
	target: z.string(),
	state: z.enum(['planned', 'applied', 'enforced', 'audit', 'failed', 'reverted']),
	actor: z.string(),
	outcome: z.string(),
	revertsId: z.number().nullable(),
	atMs: z.number(),
	plan: Plan
})
export const Revision = z.object({
	digest: z.string(),
	revision: z.number(),
	createdMs: z.number(),
	ruleCount: z.number(),
	/** What is proposed now. */
	current: z.boolean(),
	/** Latest decision about exactly this digest. */
	decision: Decision
})
export const PolicyDetail = Suggestion.extend({
	/** False when an older revision was asked for. */
	current: z.boolean(),
	createdMs: z.number(),
	rules: z.array(RuleRow),
	notes: z.array(Note),
	revisions: z.array(Revision),
	approvals: z.array(Approval),
	changes: z.array(Change)
})
/** `digest`: an older revision; without it, what is proposed now. */
export const GetPolicy = z.object({ workload: WorkloadRef, class: Class, digest: Digest.optional() })

// evidence ---------------------------------------------------------------------

export const GetRuleEvidence = z.object({
	workload: WorkloadRef,
	class: Class,
	rule: z.coerce.number().int().min(0),
	digest: Digest.optional()
})
/** What a rule costs and saves, as the learner weighed it (`Reckoning` in discovery/policy.ts). */
export const Reckoning = z.object({
	origin: z.enum(['observed', 'inferred', 'required']),
	/** Entries of an enforcer's map. */
	entryCount: z.number(),
	/** What it grants and nobody saw used; as weighted bits. */
	unseenCount: z.number(),
	bits: z.number(),
	/** Hours with a false block in 14 days, had it been an exact list. */
	exactBlocksExpected: z.number(),
	costKeep: z.number(),
	costRule: z.number(),
	/** Sensitive objects that it was checked against. */
	wallCount: z.number(),
	tokens: z.array(z.object({ path: z.string(), memberCount: z.number(), gainBits: z.number() })),
	/** 0 ordinary, 1 guarded, 2 sensitive. */
	sensitivity: z.union([z.literal(0), z.literal(1), z.literal(2)]),
	/** Others of the same image that do some of it, of how many; revisions of before that was kept name none. */
	peers: z.object({ count: z.number(), of: z.number() }).default({ count: 0, of: 0 })
})
export const RuleEvidence = z.object({
	digest: z.string(),
	rule: RuleRow,
	/** The reckoning as a sentence; '' in revisions of before anything was weighed. */
	account: z.string(),
	reckoning: Reckoning.nullable(),
	/** Raw objects that the rule covers, at most 256. */
	covers: z.array(z.object({ object: z.string(), verb: z.string(), source: z.string(), count: z.number() })),
	versions: z.array(z.string()),
	samples: z.array(z.string()),
	/** Intervals in which a source was blind for this workload: absence inside them proves nothing. */
	gapCount: z.number()
})
export const Explain = z.object({
	workload: WorkloadRef,
	class: Class.optional(),
	rule: z.coerce.number().int().min(0).optional()
})
export const Explanation = z.object({
	workload: z.string(),
	class: Class.nullable(),
	rule: z.number().nullable(),
	sentences: z.array(z.string())
})

// manifests --------------------------------------------------------------------

export const Manifest = z.object({
	language: z.string(),
	workloadId: z.number(),
	workload: z.string(),
	classes: z.array(Class),
	kind: z.string(),
	name: z.string(),
	namespace: z.string(),
	/** Safe relative path to write it to: `NAMESPACE/NAME.yaml`. */
	file: z.string(),
	yaml: z.string()
})
export const ListManifests = z.object({
	/** Without it: every language that can carry the workload's policies. */
	language: z.string().max(64).optional(),
	workload: WorkloadRef.optional(),
	namespace: Name,
	class: Class.optional(),
	/** Render this digest instead of what is proposed now (with `workload` and `class`). */
	digest: Digest.optional(),
	/** Workloads per page, not manifests. */
	limit: Limit,
	continue: Cursor
})
/** A note of a language about one workload. */
export const ManifestNote = Note.extend({ language: z.string(), workload: z.string() })
export const ManifestPage = page(Manifest).extend({ notes: z.array(ManifestNote) })
export const Language = z.object({ name: z.string(), classes: z.array(Class) })
export const LanguageList = z.object({ items: z.array(Language) })
export const Nothing = z.object({})

// simulation -------------------------------------------------------------------

/** What a whitelist does with what it does not list, where an enforcer leaves that to a posture. */
export const Posture = z.enum(['block', 'audit'])
/** With `manifests` these are tried; without, what is proposed for `workload`. */
export const Simulate = z.object({
	/** Only this workload; without it, every one that the manifests select. */
	workload: WorkloadRef.optional(),
	/** Only behaviours of this class. */
	class: Class.optional(),
	/** Try this digest instead of what is proposed now (with `workload` and `class`). */
	digest: Digest.optional(),
	/** YAML or JSON of one or several objects, written by hand or taken from a cluster. */
	manifests: z.string().max(524_288).optional(),
	/** Language of what is proposed; without it every one that can carry it. */
	language: z.string().max(64).optional(),
	/** Leave out what ended before this time. */
	sinceMs: z.number().int().min(0).default(0),
	posture: Posture.default('block'),
	/** Without the policies that are in force beside it. */
	alone: z.boolean().default(false),
	/** Try so many past days with what was known before each; 0 for none. Needs `workload`. */
	days: z.number().int().min(0).max(90).default(0),
	/** Findings of each kind. */
	limit: z.number().int().min(1).max(5000).default(200)
})
/**
 * `block`, `audit`: what the policies would have done to what the workload did. `unsure`: nobody recorded
 * who the other end was. `set-aside`: it would be blocked and was no need of the workload. `denied`: it was
 * denied when it happened, so it is no false block.
 */
export const FindingKind = z.enum(['block', 'audit', 'unsure', 'set-aside', 'denied'])
export const Finding = z.object({
	kind: FindingKind,
	workloadId: z.number(),
	workload: z.string(),
	class: Class,
	verb: z.string(),
	object: z.string(),
	source: z.string(),
	verdict: z.enum(['allow', 'audit', 'block']),
	language: z.string(),
	/** The rule or posture that decided, as a sentence. */
	rule: z.string(),
	count: z.number(),
	firstMs: z.number(),
	lastMs: z.number(),
	hourCount: z.number(),
	dayCount: z.number(),
	pods: z.array(z.string()),
	reason: z.string()
})
/** An interval for which the history cannot speak; `reason` is that of a gap. */
export const Blind = z.object({
	fromMs: z.number(),
	toMs: z.number(),
	kind: z.enum(['gap', 'lossy', 'censored', 'unwatched']),
	reason: z.string()
})
export const SimulatedWorkload = z.object({
	id: z.number(),
	name: z.string(),
	isSelected: z.boolean(),
	firstMs: z.number(),
	lastMs: z.number(),
	behaviourCount: z.number(),
	/** Distinct behaviours that would have been blocked. */
	blocked: z.number(),
	watchedHours: z.number(),
	lossyHours: z.number(),
	censoredHours: z.number(),
	unwatchedHours: z.number(),
	/** The newest two hundred. */
	blind: z.array(Blind),
	blindCount: z.number()
})
/** Distinct behaviours of one class. */
export const ClassTally = z.object({
	class: Class,
	behaviourCount: z.number(),
	count: z.number(),
	blocked: z.number(),
	blockedCount: z.number(),
	audited: z.number(),
	unsure: z.number(),
	setAside: z.number(),
	denied: z.number()
})
/** A rate with its 95 % interval. */
export const Rate = z.object({ value: z.number(), low: z.number(), high: z.number() })
const DayRecord = z.object({
	testedDays: z.number(),
	blockedDays: z.number(),
	blockedHours: z.number(),
	/** Hours with a block per 100 tested days (Poisson, Garwood's interval); null without a tested day. */
	perHundredDays: Rate.nullable(),
	/** Percent of tested days with a block (Wilson's interval). */
	daysWithBlock: Rate.nullable()
})
/** Each past day tried with the policy of the days before it. */
export const Daily = z.object({
	languages: z.array(z.string()),
	days: z.array(
		z.object({
			/** UTC day: ⌊ms / 86 400 000⌋. */
			day: z.number(),
			state: z.enum(['tested', 'unwatched', 'no-policy', 'not-carried']),
			watchedHours: z.number(),
			blockedHours: z.number(),
			behaviourCount: z.number(),
			count: z.number()
		})
	),
	total: DayRecord,
	classes: z.array(DayRecord.extend({ class: Class })),
	/** Of all surprises, also beyond the limit. */
	surpriseCount: z.number(),
	/** What would have been blocked, by first time. */
	surprises: z.array(
		z.object({
			class: Class,
			verb: z.string(),
			object: z.string(),
			source: z.string(),
			language: z.string(),
			rule: z.string(),
			count: z.number(),
			firstMs: z.number(),
			lastMs: z.number(),
			hourCount: z.number(),
			days: z.array(z.number()),
			pods: z.array(z.string())
		})
	),
	notes: z.array(Note)
})
export const Simulation = z.object({
	/** What was tried. */
	manifests: z.array(
		z.object({ language: z.string(), kind: z.string(), name: z.string(), namespace: z.string() })
	),
	/** Manifests of policies in force that were taken into account beside them. */
	knownCount: z.number(),
	/** At most a thousand, those with the most blocks first. */
	workloads: z.array(SimulatedWorkload),
	workloadCount: z.number(),
	classes: z.array(ClassTally),
	findings: z.array(Finding),
	/** Of each kind, also beyond the limit. */
	totals: z.record(FindingKind, z.number()),
	daily: Daily.nullable(),
	/** What a replay cannot know, in sentences. */
	limits: z.array(z.string()),
	notes: z.array(Note)
})

// what is held back ------------------------------------------------------------

/** Why it is not learned: `HeldItem` in discovery/learner-rows.ts. */
export const Cause = z.enum(['rejected', 'interactive', 'not-in-image', 'sensitive', 'support', 'bundle'])
/** What a person says about one behaviour: the workload needs it, or somebody else did it. */
export const Judgement = z.enum(['needed', 'malicious'])
export const Answer = z.object({
	id: z.number(),
	workloadId: z.number(),
	workload: z.string(),
	class: Class,
	verb: z.string(),
	object: z.string(),
	source: z.string(),
	decision: Judgement,
	actor: z.string(),
	reason: z.string(),
	atMs: z.number()
})
export const HeldItem = z.object({
	/** Stable key of the row. */
	key: z.string(),
	workloadId: z.number(),
	/** The canonical name, of the pod for the class network. */
	workload: z.string(),
	displayName: z.string(),
	cluster: z.string(),
	namespace: z.string(),
	class: Class,
	verb: z.string(),
	object: z.string(),
	source: z.string(),
	/** The object as it was seen, where a network peer has been resolved. */
	raw: z.string(),
	/** One sentence: why, and what a person can do. */
	reason: z.string(),
	cause: Cause,
	/** 0 ordinary, 1 guarded, 2 sensitive. */
	sensitivity: z.union([z.literal(0), z.literal(1), z.literal(2)]),
	support: z.number(),
	need: z.number(),
	/** The same for items that are to be judged together, with their number and summed score. */
	bundle: z.string(),
	bundleCount: z.number(),
	bundleScore: z.number(),
	/** Strangeness in weighted bits. */
	score: z.number(),
	count: z.number(),
	firstMs: z.number(),
	lastMs: z.number(),
	pods: z.array(z.string()),
	samples: z.array(z.string()),
	/** The latest answer; discovery acts on it in its next pass. */
	answer: Answer.nullable()
})
export const ListHeld = z.object({
	search: Search,
	namespace: Name,
	workload: WorkloadRef.optional(),
	class: Class.optional(),
	cause: Cause.optional(),
	sensitivity: z.enum(['0', '1', '2']).optional(),
	/** `waiting`: nobody has answered. */
	answer: z.enum(['waiting', 'needed', 'malicious']).optional(),
	limit: Limit,
	continue: Cursor
})
/** Bundle by bundle, the strangest first; those that are answered come last. */
export const HeldPage = page(HeldItem).extend({ total: z.number(), facets: Facets })

/** Exactly one behaviour of one workload, as `HeldItem` names it. */
const Held = z.object({
	workload: WorkloadRef,
	verb: z.string().min(1).max(32),
	object: z.string().min(1).max(8192),
	source: z.string().max(8192).default('')
})
export const AnswerHeld = z.object({
	items: z.array(Held).min(1).max(500),
	decision: Judgement,
	/** The same for all. */
	reason: z.string().min(1, 'Say why, for the next reader.').max(2000)
})

/** How well predictions came true, over bins of predicted risk. */
const Reliability = z.object({
	count: z.number(),
	/** Mean squared error. */
	brier: z.number(),
	/** Mean distance between predicted and observed. */
	ece: z.number(),
	/** Null when nothing was predicted to happen. */
	observedOverPredicted: z.number().nullable(),
	table: z.array(
		z.object({
			from: z.number(),
			to: z.number(),
			count: z.number(),
			meanRisk: z.number(),
			observedShare: z.number()
		})
	)
})
export const GetPredictions = z.object({
	workload: WorkloadRef.optional(),
	class: Class.optional(),
	/** Predictions of so many days back. */
	days: z.coerce.number().int().min(1).max(400).default(30)
})
export const Predictions = z.object({
	sentence: z.string(),
	/** Predictions whose 24 hours have not passed yet. */
	openCount: z.number(),
	all: Reliability,
	/** Those at which the class could have been enforced: everything held, and the risk within the threshold. */
	atDecision: Reliability,
	classes: z.array(Reliability.omit({ table: true }).extend({ class: Class }))
})

// over versions, workloads and the fleet ----------------------------------------

const SideOfDiff = z.object({
	workload: z.string(),
	/** '' where whole workloads are compared. */
	digest: z.string(),
	description: z.string(),
	/** Hours in which its silence would have said something. */
	watchedHours: z.number(),
	startCount: z.number(),
	behaviourCount: z.number()
})
/** `undecided`: seen of one only, and the other was not watched for long enough to say that it does not do it. */
export const DifferenceKind = z.enum(['added', 'gone', 'undecided', 'unchanged'])
export const Difference = z.object({
	change: DifferenceKind,
	/** Who was seen to do it. */
	side: z.enum(['before', 'after', 'both']),
	class: Class,
	verb: z.string(),
	object: z.string(),
	source: z.string(),
	why: z.string(),
	count: z.number(),
	hourCount: z.number(),
	firstMs: z.number(),
	lastMs: z.number(),
	pods: z.array(z.string()),
	/** Where two versions ran side by side: to whom it is put down (Fisher's exact test over their pods). */
	attribution: z
		.object({ to: z.enum(['version', 'environment', 'undecided']), p: z.number(), why: z.string() })
		.nullable()
})
export const DiffWorkload = z.object({
	workload: WorkloadRef,
	/** Another workload; without it two versions of this one are compared. */
	other: WorkloadRef.optional(),
	/** Digests, or at least eight of their digits; without them the latest version and the one before. */
	from: z.string().min(1).max(512).optional(),
	to: z.string().min(1).max(512).optional(),
	class: Class.optional(),
	/** `all`: also what both do. */
	show: z.enum(['differences', 'all']).default('differences'),
	limit: z.coerce.number().int().min(1).max(10_000).default(1000)
})
export const WorkloadDiff = z.object({
	before: SideOfDiff,
	after: SideOfDiff,
	/** Versions of the workload, the oldest first. */
	versions: z.array(Version),
	items: z.array(Difference),
	/** Of each kind, also beyond the limit. */
	totals: z.record(DifferenceKind, z.number()),
	sentence: z.string(),
	/** What the comparison cannot know. */
	limits: z.array(z.string())
})

/** A rule that nobody has used for long: a question to a person. Nothing is ever removed by itself. */
export const UnusedRule = z.object({
	/** `ID/CLASS/RULE`: stable key of the row. */
	key: z.string(),
	workloadId: z.number(),
	workload: z.string(),
	class: Class,
	digest: z.string(),
	rule: z.number(),
	object: z.string(),
	access: z.array(z.string()),
	sources: z.array(z.string()),
	lastMs: z.number(),
	/** Hours since in which a use would have been seen, and how many it takes. */
	unusedHours: z.number(),
	neededHours: z.number(),
	reason: z.string()
})
export const ListUnused = z.object({
	workload: WorkloadRef.optional(),
	class: Class.optional(),
	limit: Limit,
	continue: Cursor
})
export const UnusedPage = page(UnusedRule).extend({
	total: z.number(),
	/** Rules that were looked at, and those of which nothing can be said. */
	ruleCount: z.number(),
	untoldCount: z.number()
})

/** What the second stage looks at, by the names of its features. */
const Features = z.record(z.string(), z.number())
/** How far one class of one workload has come; one flat row, but for `features`. */
export const FleetItem = z.object({
	workloadId: z.number(),
	workload: z.string(),
	class: Class,
	/** Digest of the version that was seen last; '' where no source told one. */
	image: z.string(),
	imageCount: z.number(),
	versionCount: z.number(),
	exposedHours: z.number(),
	startCount: z.number(),
	itemCount: z.number(),
	M1: z.number(),
	Q1: z.number(),
	Q2: z.number(),
	quietHours: z.number(),
	noveltyPerHour: z.number(),
	coverage: z.number(),
	unseenEstimate: z.number(),
	risk24: z.number(),
	tau: z.number(),
	mature: z.boolean(),
	openEnded: z.boolean(),
	judgedCount: z.number(),
	cameCount: z.number(),
	meanRisk: z.number(),
	features: Features
})
export const ListFleet = z.object({
	workload: WorkloadRef.optional(),
	class: Class.optional(),
	limit: Limit,
	continue: Cursor
})
/** By id of the workload and class. */
export const FleetPage = page(FleetItem)

/** A prediction that time has judged, with what it was made from. */
export const FeaturesItem = z.object({
	workloadId: z.number(),
	workload: z.string(),
	class: Class,
	hour: z.number(),
	exposedHours: z.number(),
	risk: z.number(),
	tau: z.number(),
	eligible: z.boolean(),
	/** Something new came within 24 hours. */
	outcome: z.boolean(),
	features: Features
})
export const ListFeatures = ListFleet
export const FeaturesPage = page(FeaturesItem)

/** Novelty and coverage over all workloads, by class and hours watched. */
export const FleetCurves = z.object({
	sentence: z.string(),
	classes: z.array(
		z.object({
			class: Class,
			workloadCount: z.number(),
			readyCount: z.number(),
			openEndedCount: z.number(),
			exposedHours: z.number(),
			medianRisk: z.number(),
			medianCoverage: z.number(),
			lowCoverage: z.number(),
			curve: z.array(
				z.object({
					hour: z.number(),
					workloadCount: z.number(),
					medianRisk: z.number(),
					highRisk: z.number(),
					knownShare: z.number()
				})
			)
		})
	)
})

// problems, decisions and changes ----------------------------------------------

/** RFC 9457, sent as `application/problem+json`. `type` is stable; `detail` is for people. */
export const Problem = z.object({
	type: z.string(),
	title: z.string(),
	status: z.number(),
	detail: z.string(),
	instance: z.string(),
	errors: z.array(z.object({ pointer: z.string(), detail: z.string(), code: z.string() })).optional()
})

export const Approve = z.object({
	workload: WorkloadRef,
	class: Class,
	/** Exactly what was read; refused with a conflict when something else is proposed by now. */
	digest: Digest,
	reason: z.string().max(2000).default('')
})
export const Reject = Approve.extend({ reason: z.string().min(1, 'Say why, for the next reader.').max(2000) })
export const Decided = z.object({ approval: Approval, state: State, sentence: z.string() })

/** How many policies one request decides about. */
const DECISIONS_MAX = 500
export const ApproveMany = z.object({
	items: z
		.array(Approve.omit({ reason: true }))
		.min(1)
		.max(DECISIONS_MAX),
	/** The same for all. */
	reason: Approve.shape.reason
})
export const RejectMany = ApproveMany.extend({ reason: Reject.shape.reason })
/** Each item has what it would have been answered alone: a status, and the decision or the problem. */
export const DecidedMany = z.object({
	items: z.array(
		z.object({
			workload: WorkloadRef,
			class: Class,
			digest: Digest,
			status: z.number().int(),
			decided: Decided.nullable(),
			problem: Problem.nullable()
		})
	),
	decidedCount: z.number().int(),
	failedCount: z.number().int()
})

/** Each item has a status, and the answer that was written or the problem. */
export const AnsweredMany = z.object({
	items: z.array(
		Held.extend({ status: z.number().int(), answer: Answer.nullable(), problem: Problem.nullable() })
	),
	answeredCount: z.number().int(),
	failedCount: z.number().int()
})

export const TargetName = z.enum(['directory', 'host'])
/** `audit` counts what would be denied; `block` denies it. */
export const Mode = z.enum(['audit', 'block'])
export const PlanChange = z.object({
	workload: WorkloadRef,
	class: Class,
	target: TargetName,
	mode: Mode.default('block'),
	/** Without it: what is proposed now. Applying takes only an approved digest. */
	digest: Digest.optional(),
	/** The process on this machine that asks: what would cut off its login is refused. */
	callerPid: z.number().int().min(1).optional()
})
export const RollbackChange = z.object({
	workload: WorkloadRef,
	class: Class,
	/** Without it: the target of the latest change that is still in force. */
	target: TargetName.optional()
})
export const Changed = z.object({
	change: Change,
	/** False when it was in force already, so nothing was done. */
	changed: z.boolean(),
	state: State,
	sentence: z.string()
})

export const ListHistory = z.object({
	workload: WorkloadRef.optional(),
	class: Class.optional(),
	limit: Limit,
	continue: Cursor
})
/** Newest first. */
export const HistoryEntry = z.discriminatedUnion('kind', [
	z.object({ kind: z.literal('approval'), atMs: z.number(), approval: Approval }),
	z.object({ kind: z.literal('answer'), atMs: z.number(), answer: Answer }),
	z.object({ kind: z.literal('change'), atMs: z.number(), change: Change })
])
export const HistoryPage = page(HistoryEntry)

// what happened ----------------------------------------------------------------

export const Violation = z.object({
	id: z.number(),
	workloadId: z.number(),
	workload: z.string(),
	class: Class,
	digest: z.string(),
	verb: z.string(),
	object: z.string(),
	source: z.string(),
	action: z.enum(['blocked', 'would-block']),
	rule: z.string(),
	target: z.string(),
	detail: z.string(),
	count: z.number(),
	firstMs: z.number(),
	lastMs: z.number()
})
export const ListViolations = z.object({
	workload: WorkloadRef.optional(),
	class: Class.optional(),
	action: z.enum(['blocked', 'would-block']).optional(),
	sinceMs: z.coerce.number().int().min(0).optional(),
	limit: Limit,
	continue: Cursor
})
/** Newest first. */
export const ViolationPage = page(Violation)

export const Gap = z.object({
	id: z.number(),
	producer: z.string(),
	scope: z.string(),
	fromMs: z.number(),
	toMs: z.number(),
	reason: z.string(),
	lostCount: z.number(),
	detail: z.string()
})
export const ListGaps = z.object({
	workload: WorkloadRef.optional(),
	scope: Name,
	reason: Name,
	limit: Limit,
	continue: Cursor
})
/** Newest first. */
export const GapPage = page(Gap)

export const TimelineEntry = z.object({
	workloadId: z.number(),
	workload: z.string(),
	pod: z.string(),
	atMs: z.number(),
	kind: z.enum(['first-sight', 'exec', 'connect', 'start', 'exit']),
	text: z.string(),
	count: z.number()
})
export const GetTimeline = z.object({
	workload: WorkloadRef.optional(),
	pod: Name,
	fromMs: z.coerce.number().int().min(0).optional(),
	toMs: z.coerce.number().int().min(0).optional(),
	limit: Limit,
	continue: Cursor
})
/** Oldest first. */
export const TimelinePage = page(TimelineEntry)

// the service ------------------------------------------------------------------

export const SourceStatus = z.object({ name: z.string(), state: z.string(), sentence: z.string() })
export const SourceList = z.object({ items: z.array(SourceStatus) })
export const Status = z.object({
	version: z.string(),
	node: z.string(),
	nowMs: z.number(),
	dataDir: z.string(),
	schemaVersion: z.number(),
	storeBytes: z.number(),
	workloadCount: z.number(),
	/** Workload × class in each state. */
	states: z.record(State, z.number()),
	violationCount: z.number(),
	/** Held back and not answered; without what only waits for more evidence. */
	heldCount: z.number(),
	/** Since UTC midnight, and on the UTC day before. */
	violationsToday: z.number(),
	violationsYesterday: z.number(),
	gapCount: z.number(),
	lostCount: z.number(),
	badInputCount: z.number(),
	lastSeenMs: z.number().nullable(),
	sensor: z.boolean(),
	sources: z.array(SourceStatus),
	/** What to do next, most useful first, at most three. */
	next: z.array(z.object({ sentence: z.string(), command: z.string() }))
})
export const BadInput = z.object({
	producer: z.string(),
	file: z.string(),
	line: z.number(),
	reason: z.string(),
	hash: z.string()
})
export const ListBadInputs = z.object({ limit: Limit, continue: Cursor })
export const BadInputPage = page(BadInput)
export const ProbeReport = z.object({
	/** False where no sensor runs; then `missing` says what would bring it. */
	sensor: z.boolean(),
	kernel: z.string(),
	root: z.boolean(),
	btf: z.boolean(),
	cgroupVersion: z.enum(['v2', 'hybrid', 'v1', 'none']),
	cgroupRoot: z.string(),
	bpfLsmActive: z.boolean(),
	items: z.array(
		z.object({ object: z.string(), program: z.string(), works: z.boolean(), sentence: z.string() })
	),
	missing: z.array(z.string())
})

// events -----------------------------------------------------------------------

/**
 * An event of `/api/v1/events` (SSE): `changed`, or `resync` when some may have been missed, so that
 * everything is to be read again; then `tables` is empty.
 */
export const ChangedEvent = z.object({
	/** Tables that changed since the event before. */
	tables: z.array(z.string()),
	atMs: z.number()
})

/** The page's session, from `GET /api/v1/session`. */
export const Session = z.object({ actor: z.string(), expiresMs: z.number() })
