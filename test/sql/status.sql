--
-- The life cycle: what may follow what, the time in a status, and a ledger
-- without a gap, whoever writes and in whatever way.
--
SET client_encoding = 'UTF8';
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
\pset format unaligned
SELECT lead_mgmt.create_workspace('status', 'empty');

-- Everything that could be wrong with the ledger; always empty.
CREATE VIEW status.broken AS
SELECT l.id, l.status, c.* FROM (
  SELECT lead_id, to_status, at, row_number() OVER reverse AS from_last,
    CASE
      WHEN row_number() OVER chain = 1 AND from_status IS NOT NULL THEN 'first row has a status before'
      WHEN row_number() OVER chain = 1 AND time_in_status IS NOT NULL THEN 'first row has a time in status'
      WHEN row_number() OVER chain > 1 AND from_status IS DISTINCT FROM lag(to_status) OVER chain THEN 'gap'
      WHEN from_status = to_status THEN 'no change'
      WHEN row_number() OVER chain > 1 AND time_in_status IS DISTINCT FROM at - lag(at) OVER chain THEN 'time in status'
      WHEN at < lag(at) OVER chain THEN 'goes back in time'
      WHEN recorded_at < at THEN 'recorded before it happened'
    END AS problem
  FROM status.status_change
  WINDOW chain AS (PARTITION BY lead_id ORDER BY id), reverse AS (PARTITION BY lead_id ORDER BY id DESC)
) c FULL JOIN status.lead l ON l.id = c.lead_id
WHERE c.problem IS NOT NULL OR l.id IS NULL OR c.lead_id IS NULL
  OR c.from_last = 1 AND (c.to_status, c.at) IS DISTINCT FROM (l.status, l.status_since);

--
-- 1. Every pair of statuses, for a lead that fulfils every guard
--
CREATE TABLE status.tried (from_status text, to_status text, allowed boolean);
-- Tries one pair on a lead of its own, and leaves nothing behind.
CREATE FUNCTION pg_temp.try(from_status text, to_status text, bant boolean) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  lead bigint;
  refused text;
BEGIN
  BEGIN
    IF from_status IS NULL THEN
      INSERT INTO status.lead (contact_name, email, status, budget_confirmed, authority_confirmed, need_confirmed, timeline_confirmed)
      VALUES ('Kim', 'kim@example.com', to_status, bant, bant, bant, bant);
    ELSE
      SELECT id INTO STRICT lead FROM status.lead l WHERE l.status = from_status;
      UPDATE status.lead l SET status = to_status, budget_confirmed = bant, authority_confirmed = bant,
        need_confirmed = bant, timeline_confirmed = bant WHERE l.id = lead;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'ZZ000';
  EXCEPTION
    WHEN SQLSTATE 'ZZ000' THEN RETURN true;
    WHEN check_violation THEN
      GET STACKED DIAGNOSTICS refused = CONSTRAINT_NAME;
      IF refused <> 'lead_status_transition' THEN RAISE; END IF;
      RETURN false;
  END;
END $$;
-- one lead in each status
INSERT INTO status.lead (contact_name, email, status, budget_confirmed, authority_confirmed, need_confirmed, timeline_confirmed)
SELECT name, name || '@example.com', CASE name WHEN 'converted' THEN 'qualified' ELSE name END, true, true, true, true
FROM status.lead_status;
UPDATE status.lead SET status = 'converted' WHERE contact_name = 'converted';

INSERT INTO status.tried
SELECT f.name, t.name, pg_temp.try(f.name, t.name, true)
FROM (SELECT name FROM status.lead_status UNION ALL SELECT NULL) f CROSS JOIN status.lead_status t
WHERE f.name IS DISTINCT FROM t.name;
SELECT coalesce(f.name, '(insert)') AS "from", string_agg(t.to_status, ' ' ORDER BY s.position) AS "to"
FROM (SELECT name, position FROM status.lead_status UNION ALL SELECT NULL, 0) f
LEFT JOIN status.tried t ON t.from_status IS NOT DISTINCT FROM f.name AND t.allowed
LEFT JOIN status.lead_status s ON s.name = t.to_status
GROUP BY f.name, f.position ORDER BY f.position;
-- exactly what the table says
SELECT count(*) AS pairs, count(*) FILTER (WHERE t.allowed IS DISTINCT FROM EXISTS (
  SELECT FROM status.status_transition s
  WHERE s.from_status IS NOT DISTINCT FROM t.from_status AND s.to_status = t.to_status)) AS differ
FROM status.tried t;
-- without the four confirmations, all but those to qualified
SELECT coalesce(t.from_status, '(insert)') AS "from", t.to_status AS "to"
FROM status.tried t
WHERE t.allowed IS DISTINCT FROM pg_temp.try(t.from_status, t.to_status, false)
ORDER BY t.from_status NULLS FIRST;
-- each of the four is needed
CREATE FUNCTION pg_temp.qualifies(bits int) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE status.lead SET budget_confirmed = bits & 1 > 0, authority_confirmed = bits & 2 > 0, need_confirmed = bits & 4 > 0,
    timeline_confirmed = bits & 8 > 0, status = 'qualified' WHERE contact_name = 'new';
  RAISE EXCEPTION USING ERRCODE = 'ZZ000';
EXCEPTION
  WHEN SQLSTATE 'ZZ000' THEN RETURN true;
  WHEN check_violation THEN RETURN false;
END $$;
SELECT b AS qualifies FROM generate_series(0, 15) b WHERE pg_temp.qualifies(b);
-- an UPDATE to the same status is no change, whatever the table says
UPDATE status.lead SET status = status;
SELECT count(*) FROM status.status_change;
SELECT * FROM status.broken;

--
-- 2. One statement, many leads: all or none
--
DELETE FROM status.lead;
INSERT INTO status.lead (contact_name, email) SELECT 'Lead ' || i, 'lead' || i || '@example.com' FROM generate_series(1, 5) i;
UPDATE status.lead SET status = 'unqualified' WHERE contact_name = 'Lead 3';
UPDATE status.lead SET status = 'contacted';
SELECT status, count(*) FROM status.lead GROUP BY status ORDER BY status COLLATE "C";
UPDATE status.lead SET status = CASE contact_name WHEN 'Lead 3' THEN 'new' ELSE 'contacted' END;
SELECT l.contact_name, c.from_status, c.to_status FROM status.status_change c JOIN status.lead l ON l.id = c.lead_id
ORDER BY l.contact_name, c.id;
SELECT * FROM status.broken;
-- deleting a lead takes its ledger with it
DELETE FROM status.lead WHERE contact_name = 'Lead 1';
SELECT count(*) AS leads, (SELECT count(DISTINCT lead_id) FROM status.status_change) AS in_the_ledger FROM status.lead;

--
-- 3. The time of a change: now, or the one that it brings
--
DELETE FROM status.lead;
INSERT INTO status.lead (contact_name, email, created_at, status_since) VALUES ('Kim', 'kim@example.com', '2024-01-01 09:00', '2023-01-01')
RETURNING created_at, status_since;
-- years of history, in the order in which it happened
UPDATE status.lead SET status = 'contacted', status_since = '2024-01-05 10:30';
UPDATE status.lead SET status = 'nurture', status_since = '2024-01-05 10:30:00.5';
UPDATE status.lead SET status = 'qualified', status_since = '2024-03-01', budget_confirmed = true, authority_confirmed = true,
  need_confirmed = true, timeline_confirmed = true;
SELECT from_status, to_status, at, time_in_status, recorded_at > now() - interval '1 day' AS recorded_today
FROM status.status_change ORDER BY id;
-- it counts only if the status changes too
UPDATE status.lead SET status_since = '2024-03-02' RETURNING status_since;
UPDATE status.lead SET status_since = NULL RETURNING status_since;
UPDATE status.lead SET status_since = '2999-01-01', status = 'qualified' RETURNING status_since;
-- and if it is not just the stored value, as an ORM writes that saves whole rows
UPDATE status.lead SET status = 'nurture', status_since = '2024-03-01' RETURNING status_since BETWEEN now() AND clock_timestamp() AS now;
SELECT count(*), bool_and(time_in_status = l.status_since - '2024-03-01') AS time_in_status
FROM status.status_change c JOIN status.lead l ON l.id = c.lead_id WHERE c.to_status = 'nurture' AND c.at > '2024-02-01';
UPDATE status.lead SET status = 'new', status_since = NULL RETURNING status_since BETWEEN now() AND clock_timestamp() AS now;
-- not before the last change, not in the future (the details have today's time in them)
\set VERBOSITY terse
UPDATE status.lead SET status = 'contacted', status_since = '2024-03-01';
UPDATE status.lead SET status = 'contacted', status_since = now() + interval '1 hour';
\set VERBOSITY default
SELECT status FROM status.lead;
-- several changes in one transaction, loaded and present ones
BEGIN;
INSERT INTO status.lead (contact_name, email, created_at) VALUES ('Lee', 'lee@example.com', '2020-02-28 23:59:59.999999');
UPDATE status.lead SET status = 'contacted', status_since = '2020-03-01' WHERE contact_name = 'Lee';
UPDATE status.lead SET status = 'unqualified' WHERE contact_name = 'Lee';
UPDATE status.lead SET status = 'new' WHERE contact_name = 'Lee';
UPDATE status.lead SET status = 'contacted' WHERE contact_name = 'Lee';
COMMIT;
SELECT from_status, to_status, CASE WHEN at < '2024-01-01' THEN at::text ELSE 'now' END AS at,
  CASE WHEN time_in_status < '1 day' THEN 'short' WHEN time_in_status < '1 year' THEN time_in_status::text ELSE 'long' END AS time_in_status
FROM status.status_change c JOIN status.lead l ON l.id = c.lead_id WHERE l.contact_name = 'Lee' ORDER BY c.id;
SELECT * FROM status.broken;
-- a change that was rolled back left nothing
BEGIN;
UPDATE status.lead SET status = 'unqualified' WHERE contact_name = 'Lee';
ROLLBACK;
SELECT count(*) FROM status.status_change c JOIN status.lead l ON l.id = c.lead_id WHERE l.contact_name = 'Lee';
SELECT * FROM status.broken;

--
-- 4. Who did it
--
DELETE FROM status.lead;
CREATE ROLE regress_lead_ana;
CREATE ROLE regress_lead_definer;
GRANT USAGE ON SCHEMA status TO regress_lead_ana, regress_lead_definer;
GRANT SELECT, INSERT, UPDATE ON status.lead TO regress_lead_ana, regress_lead_definer;
CREATE VIEW status.who AS
SELECT c.to_status, replace(c.actor, session_user::text, '(me)') AS actor, replace(c.login, session_user::text, '(me)') AS login,
  replace(l.created_by, session_user::text, '(me)') AS created_by, replace(l.updated_by, session_user::text, '(me)') AS updated_by
FROM status.status_change c JOIN status.lead l ON l.id = c.lead_id ORDER BY c.id;
INSERT INTO status.lead (contact_name, email, created_by, updated_by, updated_at) VALUES ('Kim', 'kim@example.com', 'eve', 'eve', '2000-01-01');
SELECT * FROM status.who;
-- the application says on whose behalf
SET lead_mgmt.actor = 'ana';
UPDATE status.lead SET status = 'contacted', created_by = 'eve', updated_by = 'eve';
SELECT * FROM status.who;
-- an empty name is none
SET lead_mgmt.actor = '';
UPDATE status.lead SET status = 'nurture';
RESET lead_mgmt.actor;
SET ROLE regress_lead_ana;
UPDATE status.lead SET status = 'new';
RESET ROLE;
-- who called a function, not whose rights it has
CREATE FUNCTION status.drop_lead() RETURNS void LANGUAGE sql SECURITY DEFINER AS
  $$UPDATE status.lead SET status = 'unqualified'$$;
ALTER FUNCTION status.drop_lead() OWNER TO regress_lead_definer;
SET ROLE regress_lead_ana;
SELECT status.drop_lead();
RESET ROLE;
SELECT * FROM status.who;
-- the ledger is nobody's to write but the owner's
GRANT SELECT ON status.status_change TO regress_lead_ana;
SET ROLE regress_lead_ana;
INSERT INTO status.status_change (lead_id, to_status, at) SELECT id, 'converted', now() FROM status.lead;
DELETE FROM status.status_change;
RESET ROLE;
SELECT * FROM status.broken;

--
-- 5. Statuses and transitions are rows: added, renamed, changed and deleted
--
DELETE FROM status.lead;
INSERT INTO status.lead_status (name, position, funnel_stage) VALUES ('on trial', 7, 'Decision');
INSERT INTO status.status_transition (from_status, to_status, condition, message) VALUES
  ('new', 'on trial', 'company_size > 10', 'Trials are for companies of more than ten people'), ('on trial', 'converted', NULL, NULL);
INSERT INTO status.lead (contact_name, email, company_size) VALUES ('Kim', 'kim@example.com', 10);
UPDATE status.lead SET status = 'on trial';
UPDATE status.lead SET status = 'on trial', company_size = 11 RETURNING status;
UPDATE status.lead_status SET name = 'waiting' WHERE name = 'nurture';
SELECT from_status, to_status FROM status.status_transition WHERE 'waiting' IN (from_status, to_status)
ORDER BY from_status COLLATE "C", to_status COLLATE "C";
INSERT INTO status.lead (contact_name, email, status) VALUES ('Lee', 'lee@example.com', 'nurture');
INSERT INTO status.lead (contact_name, email, status) VALUES ('Lee', 'lee@example.com', 'waiting') RETURNING status;
-- a transition taken away, and one that is rolled back
DELETE FROM status.status_transition WHERE from_status = 'waiting' AND to_status = 'contacted';
UPDATE status.lead SET status = 'contacted' WHERE contact_name = 'Lee';
BEGIN;
INSERT INTO status.status_transition (from_status, to_status) VALUES ('waiting', 'converted');
SAVEPOINT s;
UPDATE status.lead SET status = 'converted' WHERE contact_name = 'Lee' RETURNING status;
ROLLBACK;
UPDATE status.lead SET status = 'converted' WHERE contact_name = 'Lee';
UPDATE status.lead SET status = 'converted' WHERE contact_name = 'Kim' RETURNING status;
-- a guard sees the row as it will be written, keys and scores included
UPDATE status.status_transition SET condition = 'score >= 0 AND email_key IS NOT NULL AND updated_at >= now()' WHERE from_status = 'waiting' AND to_status = 'new';
UPDATE status.lead SET status = 'new', email = NULL, phone = '+1 212 555 0143' WHERE contact_name = 'Lee';
UPDATE status.lead SET status = 'new' WHERE contact_name = 'Lee' RETURNING status;
SELECT * FROM status.broken;

DROP OWNED BY regress_lead_ana, regress_lead_definer;
DROP ROLE regress_lead_ana, regress_lead_definer;
