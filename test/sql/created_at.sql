-- Correcting the time at which a lead came in: its first status and what is
-- due follow, the ledger stays a chain.
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT lead_mgmt.create_workspace('created');
INSERT INTO created.lead (contact_name, email, created_at) VALUES ('Kim', 'kim@example.com', '2025-01-02');
UPDATE created.lead SET created_at = '2025-01-01' RETURNING status_since, response_due_at;
UPDATE created.lead SET status = 'contacted', status_since = '2025-01-05';
UPDATE created.lead SET status = 'nurture', status_since = '2025-01-08';
UPDATE created.lead SET created_at = '2025-01-03' RETURNING status_since, response_due_at;
SELECT from_status, to_status, at, time_in_status FROM created.status_change ORDER BY at;
\set VERBOSITY default
UPDATE created.lead SET created_at = '2025-01-06';
\echo :LAST_ERROR_SQLSTATE
UPDATE created.lead SET created_at = 'infinity';
UPDATE created.lead SET created_at = '-infinity';
-- together with a change of status
INSERT INTO created.lead (contact_name, email, created_at) VALUES ('Bob', 'bob@example.com', '2025-02-02');
UPDATE created.lead SET created_at = '2025-02-01', status = 'contacted', status_since = '2025-02-04' WHERE id = 2;
SELECT from_status, to_status, at, time_in_status FROM created.status_change WHERE lead_id = 2 ORDER BY at;
SELECT count(*) AS broken FROM created.lead l
WHERE l.created_at <> (SELECT min(c.at) FROM created.status_change c WHERE c.lead_id = l.id)
  OR l.status_since <> (SELECT max(c.at) FROM created.status_change c WHERE c.lead_id = l.id);
