import { QueryClient, queryOptions } from '@tanstack/react-query'
import { ApiError, get, pathOf, post } from './client.js'
import type {
	BadInput,
	Behaviour,
	Class,
	Gap,
	HeldItem,
	HistoryEntry,
	LanguageList,
	ManifestPage,
	PolicyDetail,
	Predictions,
	ProbeReport,
	ReadinessList,
	RuleEvidence,
	Session,
	Simulation,
	Status,
	Suggestion,
	SuggestionPage,
	TimelineEntry,
	Violation,
	Workload,
	WorkloadDetail
} from './shapes.js'

/**
 * Nothing goes stale by time: the event stream says what changed. A 4xx is an answer, so it is not asked
 * again; everything else is tried twice more.
 */
export function createQueryClient(): QueryClient {
	return new QueryClient({
		defaultOptions: {
			queries: {
				staleTime: Number.POSITIVE_INFINITY,
				gcTime: 10 * 60_000,
				refetchOnWindowFocus: false,
				retry: (failures, error) =>
					!(error instanceof ApiError && error.status >= 400 && error.status < 500) && failures < 2
			}
		}
	})
}

/** Tables of the store that each kind of answer is made from; the first part of its query key. */
const tablesOfKey: Record<string, readonly string[]> = {
	workloads: [
		'workloads',
		'observations',
		'starts',
		'proposals',
		'policies',
		'approvals',
		'changes',
		'violations',
		'maturity'
	],
	workload: [
		'workloads',
		'versions',
		'observations',
		'starts',
		'exposure',
		'proposals',
		'approvals',
		'changes',
		'violations',
		'maturity'
	],
	behaviours: ['observations'],
	policies: ['proposals', 'policies', 'evidence', 'approvals', 'changes', 'maturity'],
	policy: ['proposals', 'policies', 'evidence', 'approvals', 'changes'],
	readiness: ['maturity', 'gaps', 'held'],
	held: ['held', 'decisions'],
	predictions: ['predictions'],
	evidence: ['evidence'],
	// Not with each observation: it reads the whole history, and people ask for it again.
	simulation: ['proposals', 'policies', 'changes'],
	manifests: ['proposals', 'policies', 'inventory'],
	history: ['approvals', 'changes', 'decisions'],
	violations: ['violations'],
	gaps: ['gaps'],
	timeline: ['timeline'],
	'bad-inputs': ['bad_inputs'],
	status: [
		'workloads',
		'observations',
		'proposals',
		'approvals',
		'changes',
		'violations',
		'gaps',
		'bad_inputs',
		'deliveries',
		'held',
		'decisions'
	]
}

/** True when an answer under this key may have changed with these tables (`null`: anything). */
export function isTouched(key: unknown, tables: ReadonlySet<string> | null): boolean {
	if (typeof key !== 'string') return false
	const mine = tablesOfKey[key]
	if (mine === undefined) return false
	return tables === null || mine.some((table) => tables.has(table))
}

export const session = () =>
	queryOptions({
		queryKey: ['session'],
		queryFn: ({ signal }) => get<Session>('/session', {}, signal)
	})

export const status = () =>
	queryOptions({ queryKey: ['status'], queryFn: ({ signal }) => get<Status>('/status', {}, signal) })

export const workloads = () =>
	queryOptions({
		queryKey: ['workloads'],
		queryFn: ({ signal }) => everything<Workload>('/workloads', {}, signal)
	})

export const workload = (name: string) =>
	queryOptions({
		queryKey: ['workload', name],
		queryFn: ({ signal }) => get<WorkloadDetail>(pathOf('workloads', name), {}, signal)
	})

export const behaviours = (name: string) =>
	queryOptions({
		queryKey: ['behaviours', name],
		queryFn: ({ signal }) => everything<Behaviour>(pathOf('workloads', name, 'behaviours'), {}, signal)
	})

export const policies = () =>
	queryOptions({
		queryKey: ['policies'],
		queryFn: ({ signal }) => everything<Suggestion>('/policies', {}, signal)
	})

/** The newest proposals that nobody has decided about. */
export const undecided = () =>
	queryOptions({
		queryKey: ['policies', 'undecided'],
		queryFn: ({ signal }) =>
			get<SuggestionPage>(
				'/policies',
				{ state: 'proposed', decision: 'none', sort: 'since', order: 'desc', limit: 6 },
				signal
			)
	})

export const policy = (name: string, of: Class, digest?: string) =>
	queryOptions({
		queryKey: ['policy', name, of, digest ?? ''],
		queryFn: ({ signal }) => get<PolicyDetail>(pathOf('policies', name, of), { digest }, signal)
	})

export const evidence = (name: string, of: Class, digest: string, rule: number) =>
	queryOptions({
		queryKey: ['evidence', name, of, digest, rule],
		queryFn: ({ signal }) =>
			get<RuleEvidence>(pathOf('policies', name, of, 'rules', rule), { digest }, signal)
	})

/** What this revision would have done to everything on record, and each past day with what was known before it. */
export const simulation = (name: string, of: Class, digest: string) =>
	queryOptions({
		queryKey: ['simulation', name, of, digest],
		queryFn: () =>
			post<Simulation>('/simulations', { workload: name, class: of, digest, days: 30, limit: 1000 })
	})

/** How ready each class of a workload is, or one of them. */
export const readiness = (name: string, of?: Class) =>
	queryOptions({
		queryKey: ['readiness', name, of ?? ''],
		queryFn: ({ signal }) => get<ReadinessList>(pathOf('workloads', name, 'readiness'), { class: of }, signal)
	})

/** What is held back, the strangest first: of one workload, or of all. */
export const held = (name?: string) =>
	queryOptions({
		queryKey: ['held', name ?? ''],
		queryFn: ({ signal }) => atMost<HeldItem>('/held', { workload: name }, 10_000, signal)
	})

export const predictions = () =>
	queryOptions({
		queryKey: ['predictions'],
		queryFn: ({ signal }) => get<Predictions>('/predictions', {}, signal)
	})

export const languages = () =>
	queryOptions({
		queryKey: ['languages'],
		queryFn: ({ signal }) => get<LanguageList>('/languages', {}, signal)
	})

/**
 * What one policy becomes in a language, or, without `only`, what everything that is proposed for the
 * workload becomes: some languages carry classes only together.
 */
export const manifests = (workloadId: number, language: string, only?: { class: Class; digest: string }) =>
	queryOptions({
		queryKey: ['manifests', workloadId, language, only?.class ?? '', only?.digest ?? ''],
		queryFn: ({ signal }) =>
			get<ManifestPage>('/manifests', { workload: workloadId, language, limit: 1000, ...only }, signal)
	})

export const history = (name?: string, of?: Class) =>
	queryOptions({
		queryKey: ['history', name ?? '', of ?? ''],
		queryFn: ({ signal }) => atMost<HistoryEntry>('/history', { workload: name, class: of }, 1000, signal)
	})

export const violations = (name?: string) =>
	queryOptions({
		queryKey: ['violations', name ?? ''],
		queryFn: ({ signal }) => atMost<Violation>('/violations', { workload: name }, 10_000, signal)
	})

export const gaps = (name?: string) =>
	queryOptions({
		queryKey: ['gaps', name ?? ''],
		queryFn: ({ signal }) => atMost<Gap>('/gaps', { workload: name }, 10_000, signal)
	})

export const badInputs = () =>
	queryOptions({
		queryKey: ['bad-inputs'],
		queryFn: ({ signal }) => atMost<BadInput>('/bad-inputs', {}, 1000, signal)
	})

export const timeline = (name: string, fromMs: number) =>
	queryOptions({
		queryKey: ['timeline', name, fromMs],
		queryFn: ({ signal }) => atMost<TimelineEntry>('/timeline', { workload: name, fromMs }, 5000, signal)
	})

export const probe = () =>
	queryOptions({ queryKey: ['probe'], queryFn: ({ signal }) => get<ProbeReport>('/probe', {}, signal) })

interface Page<T> {
	items: T[]
	continue: string | null
}

/** Rows of a list; `more` when the page stopped reading although the service has more. */
export interface Rows<T> {
	items: T[]
	more: boolean
}

/** Far above what a store of one host or cluster holds; keeps the browser alive should it ever be reached. */
const MOST_ROWS = 100_000

function everything<T>(
	path: string,
	query: Record<string, string | undefined>,
	signal: AbortSignal
): Promise<Rows<T>> {
	return atMost<T>(path, query, MOST_ROWS, signal)
}

/** Follows the cursors until the end, or until `most` rows. */
async function atMost<T>(
	path: string,
	query: Record<string, string | number | undefined>,
	most: number,
	signal: AbortSignal
): Promise<Rows<T>> {
	const items: T[] = []
	let cursor: string | undefined
	for (;;) {
		const page: Page<T> = await get<Page<T>>(
			path,
			{ ...query, limit: Math.min(1000, most), continue: cursor },
			signal
		)
		for (const item of page.items) items.push(item)
		if (page.continue === null) return { items, more: false }
		if (items.length >= most) return { items, more: true }
		cursor = page.continue
	}
}
