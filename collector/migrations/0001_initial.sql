-- The store, in the order of the line (design §3). Texts are interned in objects.

CREATE TABLE workloads (
  id INTEGER PRIMARY KEY,
  -- cluster/namespace/kind/name/container, or host/node/unit
  name TEXT NOT NULL UNIQUE,
  form TEXT NOT NULL CHECK (form IN ('container', 'host')),
  cluster TEXT NOT NULL,
  namespace TEXT NOT NULL,
  kind TEXT NOT NULL,
  owner TEXT NOT NULL,
  container TEXT NOT NULL,
  node TEXT NOT NULL,
  -- the host's cgroup path when last seen, relative to the cgroup root; '' if none of its own
  cgroup TEXT NOT NULL DEFAULT '',
  -- set when a pod, ReplicaSet or Job turns out to belong to another workload
  alias_of INTEGER REFERENCES workloads (id),
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE versions (
  id INTEGER PRIMARY KEY,
  workload_id INTEGER NOT NULL REFERENCES workloads (id),
  digest TEXT NOT NULL,
  description TEXT NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  UNIQUE (workload_id, digest)
) STRICT;

CREATE TABLE objects (
  id INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE inventory (
  cluster TEXT NOT NULL,
  kind TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  uid TEXT NOT NULL,
  from_ms INTEGER NOT NULL,
  to_ms INTEGER,
  -- the rest of InventoryItem as JSON
  item TEXT NOT NULL,
  PRIMARY KEY (cluster, kind, namespace, name, uid, from_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE observations (
  workload_id INTEGER NOT NULL REFERENCES workloads (id),
  version_id INTEGER NOT NULL REFERENCES versions (id),
  -- UTC day: floor(ms / 86 400 000)
  day INTEGER NOT NULL,
  verb TEXT NOT NULL,
  object_id INTEGER NOT NULL REFERENCES objects (id),
  source_id INTEGER NOT NULL REFERENCES objects (id),
  result TEXT NOT NULL CHECK (result IN ('allowed', 'denied', 'failed')),
  -- bit h: seen in hour h of the day
  hours INTEGER NOT NULL,
  -- JSON array of the four smallest pod names
  pods TEXT NOT NULL,
  count INTEGER NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  -- 1: implied by exec itself, 2: interactive
  flags INTEGER NOT NULL DEFAULT 0,
  detail TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (workload_id, version_id, day, verb, object_id, source_id, result)
) STRICT, WITHOUT ROWID;

CREATE TABLE starts (
  workload_id INTEGER NOT NULL REFERENCES workloads (id),
  version_id INTEGER NOT NULL REFERENCES versions (id),
  pod TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (workload_id, version_id, pod, at_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE exposure (
  workload_id INTEGER NOT NULL REFERENCES workloads (id),
  -- floor(ms / 3 600 000)
  hour INTEGER NOT NULL,
  lossy INTEGER NOT NULL,
  PRIMARY KEY (workload_id, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE gaps (
  id INTEGER PRIMARY KEY,
  producer TEXT NOT NULL,
  scope TEXT NOT NULL,
  from_ms INTEGER NOT NULL,
  to_ms INTEGER NOT NULL,
  reason TEXT NOT NULL,
  lost_count INTEGER NOT NULL,
  detail TEXT NOT NULL,
  UNIQUE (producer, scope, from_ms, reason)
) STRICT;

CREATE TABLE deliveries (
  producer TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  PRIMARY KEY (producer)
) STRICT, WITHOUT ROWID;

CREATE TABLE bad_inputs (
  producer TEXT NOT NULL,
  file TEXT NOT NULL,
  line INTEGER NOT NULL,
  reason TEXT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (producer, file, line, reason)
) STRICT, WITHOUT ROWID;

-- A ring of 24 h per pod: exact first sights, execs and connections per drain interval.
CREATE TABLE timeline (
  workload_id INTEGER NOT NULL REFERENCES workloads (id),
  pod TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (workload_id, pod, at_ms, kind, text)
) STRICT, WITHOUT ROWID;

-- discovery ------------------------------------------------------------------

CREATE TABLE policies (
  id INTEGER PRIMARY KEY,
  workload_id INTEGER NOT NULL REFERENCES workloads (id),
  class TEXT NOT NULL,
  digest TEXT NOT NULL,
  revision INTEGER NOT NULL,
  -- canonical JSON (RFC 8785) of {workload, class, rules}
  body TEXT NOT NULL,
  -- JSON array of notes for people
  notes TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  UNIQUE (workload_id, class, digest),
  UNIQUE (workload_id, class, revision)
) STRICT;

-- which revision discovery proposes now; revisions themselves never change
CREATE TABLE proposals (
  workload_id INTEGER NOT NULL REFERENCES workloads (id),
  class TEXT NOT NULL,
  policy_id INTEGER NOT NULL REFERENCES policies (id),
  since_ms INTEGER NOT NULL,
  PRIMARY KEY (workload_id, class)
) STRICT, WITHOUT ROWID;

CREATE TABLE evidence (
  policy_id INTEGER NOT NULL REFERENCES policies (id),
  -- index of the rule in the policy's body
  rule INTEGER NOT NULL,
  -- RuleEvidence as JSON
  data TEXT NOT NULL,
  PRIMARY KEY (policy_id, rule)
) STRICT, WITHOUT ROWID;

-- enforcer -------------------------------------------------------------------

CREATE TABLE approvals (
  id INTEGER PRIMARY KEY,
  workload_id INTEGER NOT NULL REFERENCES workloads (id),
  class TEXT NOT NULL,
  digest TEXT NOT NULL,
  decision TEXT NOT NULL CHECK (decision IN ('approved', 'rejected')),
  actor TEXT NOT NULL,
  reason TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE changes (
  id INTEGER PRIMARY KEY,
  workload_id INTEGER NOT NULL REFERENCES workloads (id),
  class TEXT NOT NULL,
  digest TEXT NOT NULL,
  approval_id INTEGER REFERENCES approvals (id),
  action TEXT NOT NULL CHECK (action IN ('apply', 'revert')),
  target TEXT NOT NULL,
  -- planned, applied (unproven), enforced (proven), failed, reverted
  state TEXT NOT NULL,
  actor TEXT NOT NULL,
  -- Plan as JSON: what it does, and what undoes it
  plan TEXT NOT NULL,
  -- a sentence: why it failed, or what the self-test showed
  outcome TEXT NOT NULL,
  reverts_id INTEGER REFERENCES changes (id),
  at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE violations (
  id INTEGER PRIMARY KEY,
  workload_id INTEGER NOT NULL REFERENCES workloads (id),
  class TEXT NOT NULL,
  digest TEXT NOT NULL,
  verb TEXT NOT NULL,
  object TEXT NOT NULL,
  source TEXT NOT NULL,
  action TEXT NOT NULL CHECK (action IN ('blocked', 'would-block')),
  -- the rule or posture that decided, as a sentence
  rule TEXT NOT NULL,
  target TEXT NOT NULL,
  detail TEXT NOT NULL,
  count INTEGER NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  UNIQUE (workload_id, digest, verb, object, source, action, first_ms)
) STRICT;

CREATE INDEX observations_by_object ON observations (object_id);
CREATE INDEX violations_by_time ON violations (last_ms);
CREATE INDEX changes_by_workload ON changes (workload_id, class);
