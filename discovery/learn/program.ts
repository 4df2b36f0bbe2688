import type { Verb } from '../../collector/observation.js'
import type { BehaviourState, FileList } from './state.js'

/** Why a program is taken to have come after its image, and which one. */
export interface Doubt {
	program: string
	why: /** Missing from the list of files, where the list would have it. */
		| 'unlisted'
		/** In a place for temporary files, where nothing is ever installed. */
		| 'temporary'
		/** Written by the same workload that ran it. */
		| 'written'
		/** Its name was not kept, or is not a path. */
		| 'unknown'
}

/**
 * Which programs of a workload came after its image. An exec is about the program that is run and the
 * one that asked; everything else is about the program that did it.
 */
export interface Programs {
	doubtOf(state: BehaviourState): Doubt | undefined
}

export function createPrograms(
	states: readonly BehaviourState[],
	{ files, programs = [] }: { files: FileList | null; programs?: readonly string[] }
): Programs {
	const named = new Set(programs)
	const written = new Set<string>()
	const run = new Set<string>()
	for (const { verb, object } of states) {
		if (verb === 'exec') run.add(object)
		else if (WRITES.has(verb)) written.add(object)
	}
	const doubts = new Map<string, Doubt | undefined>()

	/** Programs are few and their behaviours many. */
	function doubtAbout(program: string): Doubt | undefined {
		if (doubts.has(program)) return doubts.get(program)
		const why = whyDoubted(program)
		const doubt = why === undefined ? undefined : { program, why }
		doubts.set(program, doubt)
		return doubt
	}

	function whyDoubted(program: string): Doubt['why'] | undefined {
		if (named.has(program)) return undefined
		const directory = program.slice(0, program.lastIndexOf('/'))
		// Whoever writes a program and then runs it brought it in, whatever the image carried under that name.
		if (written.has(program) || written.has(`${directory}/<any>`)) return 'written'
		if (files?.has(program)) return undefined
		if (TEMPORARY.test(program)) return 'temporary'
		if (!program.startsWith('/') || program.includes('<')) return 'unknown'
		if (files === null) return undefined
		// A partial list knows only directories that packages keep; /usr/local or /app may hold anything.
		return files.partial && files.countBelow(directory, true) === 0 ? undefined : 'unlisted'
	}

	return {
		doubtOf(state) {
			const { verb, source, object } = state
			if (verb === 'exec') {
				const doubt = doubtAbout(object)
				if (doubt) return doubt
				// What the runtime puts into a container comes from outside it. A program of that name which
				// the workload itself ran is none.
				if (RUNTIME.test(source) && !run.has(source)) return undefined
			}
			return source === '' ? undefined : doubtAbout(source)
		}
	}
}

/** Verbs that put content under a name. */
const WRITES: ReadonlySet<Verb> = new Set<Verb>(['write', 'create', 'rename', 'link', 'truncate', 'mknod'])

/** World-writable by convention (FHS 3.0 §3.15, §3.18, §5.15), or not a file system for programs at all. */
const TEMPORARY = /^\/(?:tmp|var\/tmp|dev|run|var\/run|proc)\/|^\/memfd:/

const RUNTIME =
	/^\/(?:(?:usr\/)?(?:local\/)?s?bin|usr\/libexec(?:\/[a-z]+)?)\/(?:runc|crun|youki|conmon|containerd-shim[a-z0-9-]*|docker-runc|docker-init|kata-agent)$|^\/memfd:runc_cloned:|^\/runc$/
