import { approve, approveMany, reject, rejectMany } from './approvals.js'
import { listBehaviours } from './behaviours.js'
import { applyChange, planChange, planRollback, rollbackChange } from './changes.js'
import { diffWorkload } from './diff.js'
import { getRuleEvidence } from './evidence.js'
import { explain } from './explain.js'
import { getFleetCurves, listFeatures, listFleet } from './fleet.js'
import { answerHeld, listHeld } from './held.js'
import { listBadInputs, listGaps } from './gaps.js'
import { listHistory } from './history.js'
import { listLanguages, listManifests } from './manifests.js'
import type { AnyOperation } from './operation.js'
import { getPolicy, listPolicies } from './policies.js'
import { getPredictions } from './predictions.js'
import { probe } from './probe.js'
import { getReadiness } from './readiness.js'
import { simulate } from './simulate.js'
import { getStatus, listSources } from './status.js'
import { getTimeline } from './timeline.js'
import { listUnused } from './unused.js'
import { listViolations } from './violations.js'
import { getWorkload, listWorkloads } from './workloads.js'

/** Everything that the service can do, and nothing else: REST, OpenAPI and the command line read this. */
export const operations: readonly AnyOperation[] = [
	listWorkloads,
	getWorkload,
	listBehaviours,
	listPolicies,
	getPolicy,
	getRuleEvidence,
	approve,
	reject,
	approveMany,
	rejectMany,
	planChange,
	applyChange,
	planRollback,
	rollbackChange,
	getReadiness,
	listHeld,
	answerHeld,
	getPredictions,
	diffWorkload,
	listUnused,
	listFleet,
	listFeatures,
	getFleetCurves,
	explain,
	listManifests,
	listLanguages,
	simulate,
	listHistory,
	listViolations,
	listGaps,
	listBadInputs,
	getTimeline,
	getStatus,
	listSources,
	probe
]
