import { compareText } from '../../discovery/behaviour.js'
import { type Image, type ImageKind, loadImage } from './image.js'
import type { Application } from './kinds/application.js'
import { java } from './kinds/java.js'
import { nginx } from './kinds/nginx.js'
import { node } from './kinds/node.js'
import { php } from './kinds/php.js'
import { postgres } from './kinds/postgres.js'
import { python } from './kinds/python.js'
import { MAIN_PROGRAMS } from './probes.js'
import type { Random } from './random.js'
import { type Act, parseAct } from './template.js'

const APPLICATIONS: Readonly<Record<ImageKind, Application>> = { java, nginx, node, php, postgres, python }

/** Acts that happen together, in one hour. */
export interface Trigger {
	name: string
	acts: Act[]
	/** Part of the family's traffic that triggers it; 0 for what is not traffic. */
	share: number
}

export interface Job extends Trigger {
	everyHours: number
	/** Part of the workloads that have it. */
	inWorkloads: number
}

export interface RareEvent extends Trigger {
	everyDays: number
	inWorkloads: number
	restart: boolean
}

/** One image and what its program can do; its workloads differ in what they use of it, and how much. */
export interface Family {
	name: string
	image: Image
	main: string
	start: Act[]
	branches: { probability: number; acts: Act[] }[]
	triggers: Trigger[]
	jobs: Job[]
	rare: RareEvent[]
}

/**
 * Draws a family: 8 to 400 triggers with Zipf shares (exponent 1.2 to 2.8), each firing 1 to 10 groups
 * of acts; start-up sets with branches taken in 2 to 80 % of starts; jobs; rare events.
 */
export function drawFamily(name: string, kind: ImageKind, random: Random): Family {
	const application = APPLICATIONS[kind]
	const image = loadImage(kind, [...new Set(application.files(random.child('files')))].sort(compareText))
	const main = MAIN_PROGRAMS[kind]
	const acts = (texts: readonly string[]) => texts.map((text) => parseAct(text, main, image, random))
	return {
		name,
		image,
		main,
		start: acts(application.start),
		branches: application.branches.map((branch) => ({
			probability: random.logUniform(0.02, 0.8),
			acts: acts(branch)
		})),
		triggers: drawTriggers(application, acts, random),
		jobs: application.jobs.map(({ share, acts: texts, ...job }) => ({
			...job,
			acts: acts(texts),
			share: 0,
			inWorkloads: share
		})),
		rare: application.rare.map(({ share, acts: texts, restart = false, ...event }) => ({
			...event,
			restart,
			acts: acts(texts),
			share: 0,
			inWorkloads: share
		}))
	}
}

function drawTriggers(
	application: Application,
	acts: (texts: readonly string[]) => Act[],
	random: Random
): Trigger[] {
	const count = Math.round(random.logUniform(8, 400))
	const exponent = 1.2 + 1.6 * random.next()
	const shares = Array.from({ length: count }, (_, at) => (at + 1) ** -exponent)
	const total = shares.reduce((sum, share) => sum + share, 0)
	return shares.map((share, at) => {
		const groups = Array.from({ length: random.integer(1, 10) }, () => drawGroup(application, random))
		return { name: `trigger ${at + 1}`, acts: groups.flatMap(acts), share: share / total }
	})
}

function drawGroup(application: Application, random: Random): string[] {
	const total = application.ordinary.reduce((sum, { weight }) => sum + weight, 0)
	let left = random.next() * total
	for (const { weight, acts } of application.ordinary) {
		left -= weight
		if (left < 0) return acts
	}
	return application.ordinary[0]?.acts ?? []
}
