import type { Command } from 'commander'

/** A verb's file: `define` adds arguments, options and the action to an empty command. */
export interface VerbFile {
	define(command: Command): void
}

/** The verbs in the order of `--help`; an empty summary hides one that people do not type. */
export const verbs: Readonly<Record<string, { summary: string; load: () => Promise<VerbFile> }>> = {
	up: { summary: 'watch this host, learn, and serve the page', load: () => import('./up.js') },
	learn: { summary: 'run a command and print the policy that it needs', load: () => import('./learn.js') },
	replay: { summary: 'read recorded telemetry into the store', load: () => import('./replay.js') },
	get: {
		summary:
			'list workloads, policies, behaviours, held, violations, changes, gaps, sources, unused, fleet …',
		load: () => import('./get.js')
	},
	describe: {
		summary: 'show one workload or policy with everything about it',
		load: () => import('./describe.js')
	},
	explain: { summary: 'say what a policy or a rule rests on', load: () => import('./explain.js') },
	simulate: {
		summary: 'what policies, also written by hand, would have done to what was seen',
		load: () => import('./simulate.js')
	},
	diff: {
		summary: 'what two versions of a workload, or two workloads, share and differ in',
		load: () => import('./diff.js')
	},
	approve: { summary: 'approve exactly the digest that was read', load: () => import('./approve.js') },
	reject: { summary: 'reject a proposed policy, with a reason', load: () => import('./reject.js') },
	answer: {
		summary: 'say of what is held back that it is needed, or malicious',
		load: () => import('./answer.js')
	},
	apply: { summary: 'bring an approved policy to a target', load: () => import('./apply.js') },
	rollback: { summary: 'undo the latest change of a policy', load: () => import('./rollback.js') },
	history: { summary: 'who decided and changed what, newest first', load: () => import('./history.js') },
	export: { summary: 'write policies as YAML, policy as code', load: () => import('./export.js') },
	probe: {
		summary: 'what this kernel and this login let Whittle see and hold',
		load: () => import('./probe.js')
	},
	status: { summary: 'what is going on, and what to do next', load: () => import('./status.js') },
	version: { summary: 'the versions of Whittle and of what it runs on', load: () => import('./version.js') },
	completion: {
		summary: 'print the completion script for bash, zsh or fish',
		load: () => import('./completion.js')
	},
	sensor: { summary: 'the privileged half, started by `up`', load: () => import('./sensor.js') },
	observe: { summary: '', load: () => import('./observe.js') },
	service: { summary: '', load: () => import('./service.js') },
	launch: { summary: '', load: () => import('./launch.js') },
	__complete: { summary: '', load: () => import('./complete.js') }
}
