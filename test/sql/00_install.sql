--
-- What CREATE EXTENSION installs, and the first minute of a user.  This file
-- sorts first: the other tests find the extension there.
--
SET client_encoding = 'UTF8';
\pset format unaligned

CREATE EXTENSION lead_mgmt;

-- Functions and one view, in one schema; not one table.  (Later versions list
-- the row type of the view too.)
CREATE TEMP VIEW member AS
SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'lead_mgmt'
  AND d.classid <> 'pg_type'::regclass;
SELECT pg_describe_object(classid, objid, 0) AS object FROM member
ORDER BY pg_describe_object(classid, objid, 0) COLLATE "C";

-- everything says what it is for
SELECT pg_describe_object(classid, objid, 0) AS without_comment FROM member
WHERE obj_description(objid, classid::regclass::name) IS NULL;
SELECT a.attname AS without_comment FROM pg_attribute a
WHERE a.attrelid = 'lead_mgmt.workspace'::regclass AND a.attnum > 0
  AND col_description(a.attrelid, a.attnum) IS NULL;
SELECT obj_description('lead_mgmt'::regnamespace, 'pg_namespace') IS NOT NULL AS schema_has_comment;

-- C only, nothing that runs as its definer, nothing that somebody may not call
SELECT DISTINCT l.lanname, p.prosecdef, p.proacl IS NULL AS everybody
FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
JOIN pg_language l ON l.oid = p.prolang;
SELECT has_schema_privilege('public', 'lead_mgmt', 'USAGE') AS usage,
  has_schema_privilege('public', 'lead_mgmt', 'CREATE') AS create,
  has_table_privilege('public', 'lead_mgmt.workspace', 'SELECT') AS read_workspace,
  has_table_privilege('public', 'lead_mgmt.workspace', 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER') AS more;

-- What the planner may do with them: the normal forms are the same for ever,
-- and whatever reads rules stays out of parallel workers.
SELECT p.proname, p.provolatile AS volatile, p.proisstrict AS strict, p.proparallel AS parallel,
  pg_get_function_result(p.oid) AS result
FROM member m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
ORDER BY p.proname COLLATE "C";

-- of this server's extensions, a plain user may install it
SELECT DISTINCT trusted, superuser, relocatable, schema FROM pg_available_extension_versions
WHERE name = 'lead_mgmt';

SELECT round(lead_mgmt.miles(point '(-0.1278,51.5074)', point '(2.3522,48.8566)')::numeric) AS london_paris,
  round(lead_mgmt.miles(point '(0,0)', point '(180,0)')::numeric, 1) AS half_way_round,
  round(lead_mgmt.miles(point '(179.5,0)', point '(-179.5,0)')::numeric, 2) AS over_the_date_line,
  lead_mgmt.miles(point '(13.4,52.5)', point '(13.4,52.5)') AS nowhere,
  lead_mgmt.miles(NULL, point '(13.4,52.5)') AS unknown;

--
-- The first minute
--
SELECT lead_mgmt.create_workspace('crm');
INSERT INTO crm.rep (name, email) VALUES ('Ana', 'ana@example.com'), ('Ben', 'ben@example.com');
-- 20 points for a vice president, 12 for 50 to 999 people
INSERT INTO crm.lead (contact_name, email, company, job_title, company_size, source)
VALUES ('Kim Lee', 'Kim.Lee@Example.com', 'Acme Inc.', 'VP Marketing', 80, 'Website')
RETURNING id, status, score, grade, owner_id IN (SELECT id FROM crm.rep) AS has_owner,
  response_due_at = created_at + interval '5 minutes' AS due_in_five_minutes,
  demographic_score, behavioral_score, firmographic_score, score_adjustment,
  email_key, phone_key, name_key = lead_mgmt.company_and_name_key('acme', 'KIM LEE') AS has_name_key,
  created_at = now() AS created_now, status_since = created_at AS since_then,
  scored_at BETWEEN now() AND clock_timestamp() AS scored_now,
  created_by = current_user AS created_by_me, updated_by = current_user AS updated_by_me;
SELECT dimension, rule, points FROM crm.score_explanation ORDER BY points DESC;
SELECT * FROM crm.conversion_funnel;
SELECT lead_id, from_status, to_status, at = (SELECT created_at FROM crm.lead) AS at_creation,
  actor = current_user AS actor, login = session_user AS login, time_in_status FROM crm.status_change;
SELECT a.lead_id, a.rep_id = l.owner_id AS to_the_owner, a.from_rep_id, r.name AS rule, a.method, a.skipped
FROM crm.assignment a JOIN crm.lead l ON l.id = a.lead_id JOIN crm.assignment_rule r ON r.id = a.rule_id;
-- the same person again, and it is the other rep's turn
INSERT INTO crm.lead (contact_name, email) VALUES ('K. Lee', ' kim.lee@EXAMPLE.com');
SELECT count(DISTINCT owner_id) AS reps FROM crm.lead;
SELECT lead_id, other_id, rules, similarity, state FROM crm.duplicate;
SELECT * FROM crm.score_audit;
SELECT * FROM crm.rule_failure;

-- it is refused while a workspace uses it
DO $$
BEGIN
  EXECUTE 'DROP EXTENSION lead_mgmt';
EXCEPTION WHEN dependent_objects_still_exist THEN
  RAISE NOTICE 'refused';
END $$;
