import type { z } from 'zod'
import type * as shape from '../../operations/shape.js'

// The page's types are the API's own schemas; nothing of zod or of the service reaches the bundle.
export type Class = z.output<typeof shape.Class>
export type State = z.output<typeof shape.State>
export type Decision = z.output<typeof shape.Decision>
export type ClassState = z.output<typeof shape.ClassState>
export type Workload = z.output<typeof shape.Workload>
export type WorkloadDetail = z.output<typeof shape.WorkloadDetail>
export type WorkloadPage = z.output<typeof shape.WorkloadPage>
export type Behaviour = z.output<typeof shape.Behaviour>
export type BehaviourPage = z.output<typeof shape.BehaviourPage>
export type Suggestion = z.output<typeof shape.Suggestion>
export type SuggestionPage = z.output<typeof shape.SuggestionPage>
export type PolicyDetail = z.output<typeof shape.PolicyDetail>
export type RuleRow = z.output<typeof shape.RuleRow>
export type RuleEvidence = z.output<typeof shape.RuleEvidence>
export type Note = z.output<typeof shape.Note>
export type Plan = z.output<typeof shape.Plan>
export type Changed = z.output<typeof shape.Changed>
export type DecidedMany = z.output<typeof shape.DecidedMany>
export type Change = z.output<typeof shape.Change>
export type HistoryEntry = z.output<typeof shape.HistoryEntry>
export type HistoryPage = z.output<typeof shape.HistoryPage>
export type Manifest = z.output<typeof shape.Manifest>
export type ManifestPage = z.output<typeof shape.ManifestPage>
export type Violation = z.output<typeof shape.Violation>
export type ViolationPage = z.output<typeof shape.ViolationPage>
export type Gap = z.output<typeof shape.Gap>
export type GapPage = z.output<typeof shape.GapPage>
export type TimelineEntry = z.output<typeof shape.TimelineEntry>
export type TimelinePage = z.output<typeof shape.TimelinePage>
export type BadInput = z.output<typeof shape.BadInput>
export type BadInputPage = z.output<typeof shape.BadInputPage>
export type Status = z.output<typeof shape.Status>
export type ProbeReport = z.output<typeof shape.ProbeReport>
export type Problem = z.output<typeof shape.Problem>
export type ChangedEvent = z.output<typeof shape.ChangedEvent>
export type Session = z.output<typeof shape.Session>
export type TargetName = z.output<typeof shape.TargetName>
export type Mode = z.output<typeof shape.Mode>
export type LanguageList = z.output<typeof shape.LanguageList>
export type Simulation = z.output<typeof shape.Simulation>
export type Finding = z.output<typeof shape.Finding>
export type Blind = z.output<typeof shape.Blind>
export type Rate = z.output<typeof shape.Rate>
