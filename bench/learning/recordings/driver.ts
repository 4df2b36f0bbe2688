import type { Scenario } from '../../../fixtures/scenario.js'

/** A real program under one kind of use, run several times, as a pod that is started several times. */
export interface Driver {
	/** `nginx-a`: learned from; `nginx-b`: another use of the same installation, tested on. */
	name: string
	runCount: number
	/** What its runs do, as a person would say it. */
	about: string
	/** Once before the first run; a driver without one goes on with what the one before it left. */
	install?(): Promise<void>
	/** The scenario of run `index`. */
	run(index: number): Scenario['run']
}
