import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { z } from 'zod'
import { storePath } from '../collector/database.js'
import { CLASSES, type Sighting, type Subject } from '../collector/observation.js'
import { openReader } from '../collector/reader.js'
import { openWriter } from '../collector/writer.js'
import { policyOf } from '../discovery/digest.js'
import { createDiscoverer } from '../discovery/discover.js'
import { kubearmor } from '../discovery/languages/kubearmor/kubearmor.js'
import type { Sighted } from '../discovery/learn/exact.js'
import { behavioursOf, type LearnFacts, learnBehaviours } from '../discovery/learn/learn.js'
import { NO_PEERS } from '../discovery/learn/pool.js'
import { packStates } from '../discovery/learn/snapshot.js'
import { type BehaviourState, stateOf } from '../discovery/learn/state.js'
import type { Policy } from '../discovery/policy.js'
import { statementsFor } from '../discovery/revision.js'
import { renderWorkload } from '../discovery/selfcheck.js'
import { POD } from './learning/enforced.js'
import { workloadsOf } from './learning/experiment.js'
import type { Workload } from './learning/generator.js'
import type { BenchmarkResult } from './run.js'

const SEED = 'whittle-discovery-1'
const PATHS = 1000
/** Different lives; each stands for many workloads, with names of its own. */
const LIVES = 30
const MS_PER_WORKLOAD_BAR = 6
const DIRTY_MS_BAR = 20
const STATE_KB_BAR = 400
const STORED_WORKLOADS = 60
const DIRTY_WORKLOADS = 300

/** The measuring thread of `discovery.ts`; answers with what it measured. */
async function measure({ quick }: { quick: boolean }): Promise<BenchmarkResult> {
	let lives = [...workloadsOf({ seed: SEED, members: 1 }, LIVES)].flat().map(cutTo)
	const workloadCount = quick ? 500 : 10_000
	const dirty = learnDirty(lives)
	const stored = await throughTheStore(lives)
	const stateKb = largestStateKb(lives)
	const rowCount = Math.round(lives.reduce((sum, { rows: own }) => sum + own.length, 0) / lives.length)
	const subjects = lives.map((life) => ({ facts: factsOf(life, 0), behaviours: merge(life, 0).behaviours }))
	// What follows is given behaviours: the day rows of months would only be swept through again and again.
	lives = []
	const learned = learnAll(subjects, workloadCount)
	const rendered = renderAll(learned.policies)
	const rows = [
		row(
			'behaviour rows to policy rows',
			learned.tookMs / 1000,
			's',
			(workloadCount * MS_PER_WORKLOAD_BAR) / 1000
		),
		row('day rows to behaviour rows (merging), per workload', dirty.mergeMs, 'ms'),
		row('one dirty workload, median', dirty.medianMs, 'ms', DIRTY_MS_BAR),
		row('one dirty workload, 95th percentile', dirty.p95Ms, 'ms', DIRTY_MS_BAR),
		row('state of a workload, largest', stateKb, 'KB', STATE_KB_BAR),
		row('reading from the store, per workload', stored.readMs, 'ms'),
		row('a whole pass through the store, per workload', stored.passMs, 'ms'),
		row('a pass with one dirty workload', stored.dirtyMs, 'ms'),
		row('rendering for KubeArmor, per workload', rendered.renderMs, 'ms'),
		row('rendering with self-check, per workload', rendered.checkedMs, 'ms')
	]
	const facts = {
		...{ seed: SEED, workloads: workloadCount, behavioursPerWorkload: PATHS, dayRowsPerWorkload: rowCount },
		...{ differentLives: LIVES, dirtyWorkloads: DIRTY_WORKLOADS, storedWorkloads: STORED_WORKLOADS }
	}
	return { title: 'Discovery: from what was seen to policies', rows, facts }
}

function row(what: string, value: number, unit: string, bar?: number): Record<string, string | number> {
	const verdict = bar === undefined ? '' : value <= bar ? 'held' : 'missed'
	return { what, measured: value, unit, bar: bar ?? '', verdict }
}

interface Life {
	workload: Workload
	rows: Sighted[]
}

/** A life until it has shown so many behaviours, and those alone. */
function cutTo(workload: Workload): Life {
	const known = new Set<string>()
	const rows = workload.rows.flat().filter((seen) => {
		const key = `${seen.verb} ${seen.object} ${seen.source}`
		if (!known.has(key) && known.size >= PATHS) return false
		known.add(key)
		return true
	})
	return { workload, rows }
}

function factsOf({ workload }: Life, at: number): LearnFacts {
	return {
		name: `shop/Deployment/subject-${at}/main`,
		form: 'container',
		classes: CLASSES,
		exposure: workload.exposure,
		files: workload.family.image,
		pool: NO_PEERS,
		decisions: [],
		programs: [workload.family.main],
		vouched: false,
		inventory: []
	}
}

/** The same with directories of this workload's own, so that nothing is remembered from the one before. */
function renamed<Row extends { object: string; raw: string }>(rows: readonly Row[], at: number): Row[] {
	return rows.map((seen) => {
		const object = seen.object.replace(/^\/(app|srv|tmp|var)\//, `/$1/t${at}/`)
		return object === seen.object ? seen : { ...seen, object, raw: object }
	})
}

/** One workload after the other from its day rows, as when something new was seen of it. */
function learnDirty(lives: readonly Life[]): { mergeMs: number; medianMs: number; p95Ms: number } {
	// The compiler warms up on other names.
	for (const [at, life] of lives.entries()) learnOne(merge(life, -at - 1), at)
	const times: number[] = []
	let mergeMs = 0
	for (let at = 0; at < DIRTY_WORKLOADS; at++) {
		const life = lives[at % lives.length]
		if (!life) continue
		const merged = merge(life, at)
		const startMs = performance.now()
		learnOne(merged, at)
		times.push(merged.mergeMs + performance.now() - startMs)
		mergeMs += merged.mergeMs
	}
	times.sort((a, b) => a - b)
	const at = (share: number) => times[Math.floor(times.length * share)] ?? 0
	return { mergeMs: mergeMs / times.length, medianMs: at(0.5), p95Ms: at(0.95) }
}

interface Given {
	facts: LearnFacts
	behaviours: BehaviourState[]
}

function learnAll(subjects: readonly Given[], count: number): { policies: Policy[][]; tookMs: number } {
	let tookMs = 0
	const policies: Policy[][] = []
	for (let at = 0; at < count; at++) {
		const subject = subjects[at % subjects.length]
		if (!subject) continue
		const facts = { ...subject.facts, name: `shop/Deployment/subject-${at}/main` }
		const behaviours = renamed(subject.behaviours, at)
		const startMs = performance.now()
		const own = learnOne({ facts, behaviours }, at)
		tookMs += performance.now() - startMs
		if (policies.length < subjects.length) policies.push(own)
	}
	return { policies, tookMs }
}

interface Merged extends Given {
	mergeMs: number
}

/** Day rows to behaviours, timed apart. */
function merge(life: Life, at: number): Merged {
	const rows = renamed(life.rows, at)
	const facts = factsOf(life, at)
	const startMs = performance.now()
	const behaviours = behavioursOf(rows, facts)
	return { facts, behaviours, mergeMs: performance.now() - startMs }
}

/** Everything from behaviours to the rows that a pass would write. */
function learnOne({ facts, behaviours }: Given, at: number): Policy[] {
	return learnBehaviours(behaviours, [], facts).map(({ class: of, rules, evidence, notes }) => {
		const policy = policyOf({ workload: facts.name, class: of, rules })
		statementsFor(at, { policy, evidence, notes }, 0)
		return policy
	})
}

/** In kilobytes, as the learner's state is stored; after the whole life. */
function largestStateKb(lives: readonly Life[]): number {
	const bytes = lives.map(({ workload, rows }) => packStates(stateOf(rows, workload.startsMs)).length)
	return Math.max(...bytes) / 1000
}

async function throughTheStore(lives: readonly Life[]) {
	const folder = await mkdtemp(join(tmpdir(), 'whittle-bench-'))
	const path = storePath(folder)
	const writer = await openWriter({ path, thread: false })
	try {
		for (let at = 0; at < STORED_WORKLOADS; at++) await store(writer, lives[at % lives.length], at)
		const reader = openReader(path)
		const nowMs = Math.max(...lives.map(({ rows }) => rows.at(-1)?.lastMs ?? 0)) + 86_400_000
		const discoverer = createDiscoverer(reader, writer)
		const readMs = timed(() => {
			for (const _ of reader.each('SELECT * FROM observations'));
		})
		const passMs = await timedAsync(() => discoverer.discover(nowMs))
		await store(writer, lives[1], 0)
		const dirtyMs = await timedAsync(() => discoverer.discover(nowMs))
		reader.close()
		return { readMs: readMs / STORED_WORKLOADS, passMs: passMs / STORED_WORKLOADS, dirtyMs }
	} finally {
		await writer.close()
		await rm(folder, { recursive: true, force: true })
	}
}

async function store(writer: Awaited<ReturnType<typeof openWriter>>, life: Life | undefined, at: number) {
	if (!life) return
	const pod = `subject-${at}-1`
	const owner = { kind: 'Deployment', name: `subject-${at}` }
	const subject: Subject = {
		kind: 'container',
		cluster: '',
		namespace: 'shop',
		pod,
		container: 'main',
		owner
	}
	const sightings = life.rows.map(
		({ verb, object, raw, source, result, count, firstMs, lastMs, pods }): Sighting => ({
			...{ subject, verb, object: object === raw ? object : raw, source, result, count, firstMs, lastMs },
			pod: pods[0] ?? ''
		})
	)
	const { exposure, startsMs, name } = life.workload
	await writer.applyBatch({
		delivery: { producer: `bench:${at}:${name}`, epoch: 0, sequence: 0 },
		sightings,
		starts: startsMs.map((atMs) => ({ subject, pod, atMs })),
		gaps: [],
		inventory: [],
		timeline: [],
		bad: [],
		exposure: exposure.hours.map((hour) => ({ subject, hour, lossy: false }))
	})
}

function renderAll(policies: readonly Policy[][]) {
	const inventory = policies.map((_, at) => ({
		...POD,
		...{ namespace: 'shop', name: `subject-${at}-1`, uid: `uid-${at}`, labels: { app: `subject-${at}` } },
		owner: { kind: 'Deployment', name: `subject-${at}` }
	}))
	const context = { inventory }
	const render = () => {
		for (const own of policies) kubearmor.render(own.filter(isCarried), context)
	}
	const check = () => {
		for (const own of policies) renderWorkload(own.filter(isCarried), kubearmor, context)
	}
	render()
	const renderMs = timed(render) / policies.length
	return { renderMs, checkedMs: timed(check) / policies.length }
}

function isCarried(policy: Policy): boolean {
	return kubearmor.classes.includes(policy.class)
}

function timed(work: () => void): number {
	const startMs = performance.now()
	work()
	return performance.now() - startMs
}

async function timedAsync(work: () => Promise<unknown>): Promise<number> {
	const startMs = performance.now()
	await work()
	return performance.now() - startMs
}

const { quick } = z.object({ quick: z.boolean() }).parse(workerData)
parentPort?.postMessage(await measure({ quick }))
