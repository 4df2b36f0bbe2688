-- What the learner keeps beside its policies: how ready a class is, what it predicted and what came of
-- it, what it holds back, what people said about that, and the files of images and hosts.

CREATE TABLE maturity (
  workload_id INTEGER NOT NULL REFERENCES workloads (id),
  class TEXT NOT NULL,
  -- Maturity as JSON
  data TEXT NOT NULL,
  computed_ms INTEGER NOT NULL,
  PRIMARY KEY (workload_id, class)
) STRICT, WITHOUT ROWID;

-- One for each exposed hour of a workload and class; `outcome` is filled when the horizon has passed.
CREATE TABLE predictions (
  workload_id INTEGER NOT NULL REFERENCES workloads (id),
  class TEXT NOT NULL,
  -- floor(ms / 3 600 000)
  hour INTEGER NOT NULL,
  risk REAL NOT NULL,
  tau REAL NOT NULL,
  exposed_hours INTEGER NOT NULL,
  -- JSON array in the order of FEATURES
  features TEXT NOT NULL,
  -- everything else that maturity asks for held
  eligible INTEGER NOT NULL,
  -- 1: something new came within the horizon
  outcome INTEGER,
  PRIMARY KEY (workload_id, class, hour)
) STRICT, WITHOUT ROWID;

CREATE INDEX predictions_open ON predictions (workload_id, class) WHERE outcome IS NULL;

CREATE TABLE held (
  workload_id INTEGER NOT NULL REFERENCES workloads (id),
  class TEXT NOT NULL,
  verb TEXT NOT NULL,
  object TEXT NOT NULL,
  source TEXT NOT NULL,
  -- HeldItem as JSON: why, since when, how much, with what it belongs together
  data TEXT NOT NULL,
  PRIMARY KEY (workload_id, class, verb, object, source)
) STRICT, WITHOUT ROWID;

-- What a person said about one behaviour; the latest counts.
CREATE TABLE decisions (
  id INTEGER PRIMARY KEY,
  workload_id INTEGER NOT NULL REFERENCES workloads (id),
  verb TEXT NOT NULL,
  object TEXT NOT NULL,
  source TEXT NOT NULL,
  decision TEXT NOT NULL CHECK (decision IN ('needed', 'malicious')),
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX decisions_by_workload ON decisions (workload_id);

CREATE TABLE image_files (
  -- node:NAME or image:DIGEST
  scope TEXT PRIMARY KEY,
  origin TEXT NOT NULL,
  -- 1: only packaged files are listed
  partial INTEGER NOT NULL,
  -- SHA-256 of the list, so that an unchanged one is not written again
  digest TEXT NOT NULL,
  -- the paths, one to a line, gzip, base64
  paths TEXT NOT NULL,
  read_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
