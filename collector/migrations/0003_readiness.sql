-- Lists show how ready each class is, and must not read the whole of what readiness rests on for that: the
-- curve alone has sixty points. SQLite reads indexed expressions from the index.

CREATE INDEX maturity_brief ON maturity (
  workload_id,
  class,
  json_extract(data, '$.mature'),
  json_extract(data, '$.openEnded'),
  json_extract(data, '$.risk24'),
  json_extract(data, '$.riskNextHour')
);
