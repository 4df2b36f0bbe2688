import { compareText } from '../../behaviour.js'
import type { Note, Policy, Rule } from '../../policy.js'
import type { Manifest, RenderContext, Rendering } from '../language.js'
import { manifestName, manifestOf } from '../manifest.js'
import { dropSources, literalSources, planFiles } from './file-rules.js'
import { fileSection, fromSource } from './file-section.js'
import { type Draft, refusal } from './draft.js'
import { ENTRY_BUDGET, pathProblem } from './limits.js'
import { literalPath } from './path.js'
import { entryCount } from './rule-map.js'
import { networkDraft, privilegeDraft } from './network-rules.js'
import { type Target, targetOf } from './target.js'

/**
 * Policies of one workload, or of one pod and its containers → KubeArmorPolicies (a
 * KubeArmorHostPolicy on a host). One manifest per group of classes that can be approved alone: `process`,
 * `file` (reads and writes share one whitelist), `network`, `privilege`. A learned behaviour that
 * KubeArmor cannot allow makes its whole group be refused: leaving it out would deny it.
 */
export function render(policies: readonly Policy[], context: RenderContext): Rendering {
	const manifests: Manifest[] = []
	const notes: Note[] = []
	for (const workload of [...new Set(policies.map((policy) => policy.workload))].sort(compareText)) {
		const { target, notes: refusals } = targetOf(workload, context)
		notes.push(...refusals)
		if (!target) continue
		notes.push(...target.notes)
		const own = policies.filter((policy) => policy.workload === workload)
		const drafts = draftsOf(own, policies, target)
		fitBudget(drafts, target.kind === 'KubeArmorHostPolicy')
		for (const draft of drafts) {
			notes.push(...draft.notes)
			const sections = draft.sections()
			const isEmpty = Object.values(sections).every((section) => Object.keys(section).length === 0)
			if (isEmpty || draft.notes.some((note) => note.severity === 'refusal')) continue
			manifests.push(manifestFor(draft, sections, target, workload))
		}
	}
	return { manifests, notes }
}

function draftsOf(own: readonly Policy[], all: readonly Policy[], target: Target): Draft[] {
	const isHost = target.kind === 'KubeArmorHostPolicy'
	// '' stands for a rule without fromSource. A host-wide Allow always names its programs.
	const anySource = isHost ? executablesOf(own) : ['']
	const drafts: Draft[] = []
	for (const policy of own) {
		if (policy.class === 'process') drafts.push(processDraft(policy, own, isHost))
		else if (policy.class === 'network') drafts.push(networkDraft(policy, all, anySource))
		else if (policy.class === 'privilege') drafts.push(privilegeDraft(policy, isHost))
	}
	const read = own.find((policy) => policy.class === 'file-read')
	const write = own.find((policy) => policy.class === 'file-write')
	if (read || write) {
		const executed = own
			.filter((policy) => policy.class === 'process')
			.flatMap((policy) => policy.rules.map((rule) => literalPath(rule.object) ?? rule.object))
		const files = planFiles(read, write, anySource, executed)
		drafts.push({
			group: 'file',
			policies: [read, write].filter((policy) => policy !== undefined),
			sections: () => ({ file: fileSection(files) }),
			notes: files.notes,
			files
		})
	}
	if (isHost && anySource.length === 0) {
		for (const draft of drafts) {
			draft.notes.push(
				refusal(
					'kubearmor.host-source',
					`No program of ${own[0]?.workload ?? 'the host'} is known, and a host-wide Allow without fromSource would cover all.`
				)
			)
		}
	}
	return drafts.sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group))
}

const GROUPS = ['process', 'file', 'network', 'privilege']

/** Every program that a workload's rules speak of: those it runs, those that run them, and those that act. */
function executablesOf(policies: readonly Policy[]): string[] {
	const named = policies.flatMap((policy) =>
		policy.rules.flatMap((rule) => [...launched(rule), ...rule.sources])
	)
	const carried = [...new Set(named)].map((path) => literalSources([path])?.[0])
	return carried.filter((path) => path !== undefined).sort(compareText)
}

/** Whom nobody was seen to start is started by init. */
function launched(rule: Rule): string[] {
	if (!rule.access.includes('exec')) return []
	return rule.sources.length > 0 ? [rule.object] : [rule.object, INIT]
}

const INIT = '/usr/lib/systemd/systemd'

function processDraft(policy: Policy, own: readonly Policy[], isHost: boolean): Draft {
	const notes: Note[] = []
	const matchPaths = policy.rules.flatMap((rule) => {
		const path = literalPath(rule.object)
		const problem = rule.object.includes('<') ? 'holds a token, and exec rules are exact' : null
		const reason = problem ?? (path === null ? 'holds bytes that YAML cannot carry' : pathProblem(path))
		if (reason || path === null) {
			notes.push(refusal('kubearmor.path', `${rule.object} ${reason}.`))
			return []
		}
		return [{ path, sources: isHost ? launchersOf(rule, policy) : [] }]
	})
	const unseen = unseenEntryPoints(policy, own)
	if (unseen.length > 0) {
		notes.push(
			refusal(
				'kubearmor.entry-point',
				`${unseen.join(', ')} acted but was never seen to start, so a whitelist might keep it from starting: restart the workload once (KubeArmor sees through symbolic links, so the link’s name does not count).`
			)
		)
	}
	if (!isHost) {
		notes.push({
			code: 'kubearmor.parent',
			severity: 'info',
			text: 'Exec rules name no fromSource: KubeArmor compares it with the parent process, which for an entry point lies outside the container.'
		})
	}
	const byPath = new Map<string, Set<string>>()
	for (const { path, sources } of matchPaths) {
		byPath.set(path, new Set([...(byPath.get(path) ?? []), ...sources]))
	}
	const section = {
		matchPaths: [...byPath]
			.sort(([a], [b]) => compareText(a, b))
			.map(([path, sources]) => ({ path, ...(isHost ? { fromSource: fromSource([...sources]) } : {}) }))
	}
	return { group: 'process', policies: [policy], sections: () => ({ process: section }), notes }
}

/**
 * Who may be the parent of a program at its exec: the programs that were seen to execute it
 * and, because one of them may have replaced another in the same process, those that executed these.
 */
function launchersOf(rule: Rule, policy: Policy): string[] {
	const launchers = new Set(rule.sources)
	for (const launcher of launchers) {
		for (const other of policy.rules) {
			if (other.object === launcher) for (const source of other.sources) launchers.add(source)
		}
	}
	const named = literalSources([...launchers].sort(compareText))
	// Nobody was seen to start it: then init does, and the workload's own programs may.
	return named && named.length > 0 ? named : executablesOf([policy])
}

/** Programs that changed something or spoke to somebody, though their own exec was never seen. */
function unseenEntryPoints(policy: Policy, own: readonly Policy[]): string[] {
	const started = new Set(policy.rules.map((rule) => rule.object))
	const acting = own
		.filter((other) => other.class === 'network' || other.class === 'file-write')
		.flatMap((other) => other.rules.flatMap((rule) => rule.sources))
	const unseen = acting.filter((source) => !started.has(source) && !RUNTIMES.test(source))
	return [...new Set(unseen)].sort(compareText)
}

/** What sets a container or service up acts in its name before the first exec. */
const RUNTIMES =
	/\/(?:runc|crun|youki|conmon|containerd-shim[a-z0-9-]*|dockerd|docker-init|systemd|systemd-executor|init)$|^\/proc\/|^\/memfd:/

/**
 * All groups of a container share one map. Over budget, file paths that several programs use are
 * first opened to any program; if that is not enough the file group is refused, and with it gone
 * the largest of the others, until the rest fits.
 */
function fitBudget(drafts: Draft[], isHost: boolean): void {
	const carried = () => drafts.filter((draft) => !draft.notes.some((note) => note.severity === 'refusal'))
	const isTooBig = () => countOf(carried()) > ENTRY_BUDGET
	const file = carried().find((draft) => draft.files)
	// On a host every rule must keep its sources.
	if (file?.files && !isHost && isTooBig()) {
		const opened = dropSources(file.files, isTooBig)
		if (!isTooBig() && opened.length > 0) {
			file.notes.push({
				code: 'kubearmor.opened',
				severity: 'warning',
				text: `To fit KubeArmor’s ${ENTRY_BUDGET} entries, ${opened.length} paths are allowed to any program of the container: ${opened.slice(0, 8).join(', ')}${opened.length > 8 ? ' …' : ''}.`
			})
		}
	}
	while (isTooBig()) {
		const [largest] = carried().sort(
			(a, b) => countOf([b]) - countOf([a]) || GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group)
		)
		if (!largest) return
		largest.notes.push(
			refusal(
				'kubearmor.budget',
				`The ${largest.group} rules take ${countOf([largest])} entries; KubeArmor holds ${ENTRY_BUDGET} per container and denies the rest in silence.`
			)
		)
	}
}

function countOf(drafts: readonly Draft[]): number {
	return entryCount(
		drafts.map((draft) => ({
			name: draft.group,
			spec: { ...draft.sections(), action: 'Allow' },
			isHost: false
		}))
	)
}

function manifestFor(
	draft: Draft,
	sections: Record<string, Record<string, unknown>>,
	target: Target,
	workload: string
): Manifest {
	return manifestOf({
		apiVersion: 'security.kubearmor.com/v1',
		kind: target.kind,
		name: manifestName(target.readable, workload, draft.group),
		namespace: target.namespace,
		policies: draft.policies,
		spec: {
			severity: 5,
			tags: ['whittle', 'least-privilege', draft.group],
			message: `${workload} did something in ${draft.group} that it was never seen to need.`,
			...target.selection,
			...sections,
			action: 'Allow'
		}
	})
}
