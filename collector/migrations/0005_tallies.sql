-- `workloads.evidence` grows with news of a workload: a behaviour, an hour, a pod, a start. `tallies` grows
-- with each batch that only counted more of what was known: learning again may wait for those.

ALTER TABLE workloads ADD COLUMN tallies INTEGER NOT NULL DEFAULT 0;
