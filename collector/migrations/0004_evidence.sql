-- Grows with each batch that adds evidence of a workload: whoever learns from it asks for this number and
-- not for sums over all that was ever seen.

ALTER TABLE workloads ADD COLUMN evidence INTEGER NOT NULL DEFAULT 0;
