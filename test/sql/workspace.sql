--
-- The workspace: what each preset makes, that the layout is the one that is
-- promised, and that everything in it is described and indexed.
--
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset format unaligned
\pset null '-'

--
-- 1. Presets
--
SELECT lead_mgmt.create_workspace('ws_standard');
SELECT lead_mgmt.create_workspace('ws_points', 'points');
SELECT lead_mgmt.create_workspace(name => 'ws_empty', preset => 'empty');
SELECT name, owner = current_user AS mine,
  version = (SELECT extversion FROM pg_extension WHERE extname = 'lead_mgmt') AS present_version
FROM lead_mgmt.workspace WHERE name LIKE 'ws\_%' ORDER BY name;
SELECT default_country, time_zone, sales_ready_score, response_within FROM ws_standard.setting;
SELECT default_country, time_zone, sales_ready_score, response_within FROM ws_points.setting;
SELECT default_country, time_zone, sales_ready_score, response_within FROM ws_empty.setting;
SELECT name FROM ws_standard.lead_source ORDER BY name COLLATE "C";
SELECT name, lowest FROM ws_standard.grade ORDER BY lowest;
SELECT name, position, funnel_stage, is_open FROM ws_standard.lead_status ORDER BY position;
SELECT name, position FROM ws_standard.funnel_stage ORDER BY position;
SELECT coalesce(from_status, '(insert)') AS "from", string_agg(to_status, ' ' ORDER BY to_status COLLATE "C") AS "to"
FROM ws_standard.status_transition GROUP BY from_status ORDER BY from_status COLLATE "C" NULLS FIRST;
SELECT DISTINCT to_status, condition FROM ws_standard.status_transition WHERE condition IS NOT NULL;
SELECT m.name, m.state, d.name, d.lowest, d.highest FROM ws_standard.score_model m JOIN ws_standard.score_dimension d ON d.model_id = m.id ORDER BY d.name COLLATE "C";
SELECT m.name, m.state, d.name, d.lowest, d.highest FROM ws_points.score_model m JOIN ws_points.score_dimension d ON d.model_id = m.id ORDER BY d.name COLLATE "C";
SELECT dimension, applies_to, count(*), count(*) FILTER (WHERE points < 0) AS negative, bool_and(active AND condition IS NOT NULL) AS usable,
  count(half_life) AS decay, count(max_points) AS capped
FROM ws_standard.score_rule GROUP BY dimension, applies_to ORDER BY dimension COLLATE "C", applies_to;
SELECT dimension, applies_to, name, points, half_life, max_points FROM ws_points.score_rule ORDER BY name COLLATE "C";
SELECT name FROM ws_standard.engagement_kind ORDER BY name COLLATE "C";
-- each rule over engagements is about one kind
SELECT w.preset, k.name AS kind, string_agg(r.name || ' ' || r.points, ', ') AS rules
FROM ws_standard.engagement_kind k CROSS JOIN (VALUES ('standard'), ('points')) w(preset)
LEFT JOIN (SELECT 'standard' AS preset, * FROM ws_standard.score_rule UNION ALL SELECT 'points', * FROM ws_points.score_rule) r
  ON r.preset = w.preset AND r.applies_to = 'engagement' AND r.condition = format('kind = %L', k.name)
GROUP BY w.preset, k.name ORDER BY w.preset, k.name COLLATE "C";
SELECT name, key, action, min_similarity FROM ws_standard.match_rule ORDER BY name COLLATE "C";
SELECT position, name, condition, method, team_id, rep_id, active FROM ws_standard.assignment_rule;
-- the catalogues of points are those of standard; empty has the life cycle alone
SELECT (SELECT count(*) FROM (TABLE ws_standard.lead_source EXCEPT TABLE ws_points.lead_source) x) AS sources,
  (SELECT count(*) FROM (TABLE ws_standard.grade EXCEPT TABLE ws_points.grade) x) AS grades,
  (SELECT count(*) FROM (TABLE ws_standard.engagement_kind EXCEPT TABLE ws_points.engagement_kind) x) AS kinds,
  (SELECT count(*) FROM (TABLE ws_standard.match_rule EXCEPT TABLE ws_points.match_rule) x) AS match_rules,
  (SELECT count(*) FROM (TABLE ws_standard.assignment_rule EXCEPT TABLE ws_points.assignment_rule) x) AS assignment_rules,
  (SELECT count(*) FROM (TABLE ws_standard.status_transition EXCEPT TABLE ws_points.status_transition) x) AS transitions,
  (SELECT count(*) FROM (TABLE ws_standard.status_transition EXCEPT TABLE ws_empty.status_transition) x) AS transitions_of_empty;
SELECT (SELECT count(*) FROM ws_empty.lead_source) AS sources, (SELECT count(*) FROM ws_empty.grade) AS grades, (SELECT count(*) FROM ws_empty.score_model) AS models,
  (SELECT count(*) FROM ws_empty.match_rule) AS match_rules, (SELECT count(*) FROM ws_empty.assignment_rule) AS assignment_rules;
-- each takes leads as it is
INSERT INTO ws_standard.rep (name) VALUES ('Ana');
INSERT INTO ws_points.rep (name) VALUES ('Ana');
INSERT INTO ws_standard.lead (contact_name, email, industry, company_size, location) VALUES ('Kim', 'kim@example.com', 'Advertising', 80, '(-74,40.7)')
RETURNING score, grade, owner_id;
UPDATE ws_points.setting SET location = '(-73.9,40.8)';
INSERT INTO ws_points.lead (contact_name, email, industry, company_size, location) VALUES ('Kim', 'kim@example.com', 'Advertising', 80, '(-74,40.7)')
RETURNING score, grade, owner_id;
INSERT INTO ws_points.lead (contact_name, email, industry, company_size, location) VALUES ('Lee', 'lee@example.com', 'Public Relations', 101, '(-71,42.4)')
RETURNING score, grade, owner_id;
INSERT INTO ws_empty.lead (contact_name, email, industry, company_size) VALUES ('Kim', 'kim@example.com', 'Advertising', 80)
RETURNING score, grade, owner_id;

--
-- 2. Refusals
--
SELECT lead_mgmt.create_workspace('ws_standard');
SELECT lead_mgmt.create_workspace('public');
SELECT lead_mgmt.create_workspace('ws_other', 'Standard');
SELECT lead_mgmt.create_workspace('ws_other', 'no such preset');
SELECT lead_mgmt.create_workspace('pg_mine');
SELECT lead_mgmt.create_workspace(NULL), lead_mgmt.create_workspace('ws_other', NULL);
SELECT lead_mgmt.upgrade_workspace('public');
SELECT lead_mgmt.upgrade_workspace('no such schema');
SELECT count(*) FROM pg_namespace WHERE nspname IN ('ws_other', 'pg_mine');
-- what is half made is not left behind
BEGIN;
SELECT lead_mgmt.create_workspace('ws_other');
ROLLBACK;
SELECT count(*) FROM lead_mgmt.workspace WHERE name = 'ws_other';
-- who has no right to it
CREATE ROLE regress_lead_stranger;
SET ROLE regress_lead_stranger;
SELECT lead_mgmt.upgrade_workspace('ws_standard');
SELECT count(*) FROM lead_mgmt.workspace WHERE name LIKE 'ws\_%';
RESET ROLE;
GRANT USAGE ON SCHEMA ws_standard TO regress_lead_stranger;
SET ROLE regress_lead_stranger;
SELECT name FROM lead_mgmt.workspace WHERE name LIKE 'ws\_%';
SELECT lead_mgmt.upgrade_workspace('ws_standard');
RESET ROLE;
DROP OWNED BY regress_lead_stranger;
DROP ROLE regress_lead_stranger;

--
-- 3. The relations, and what no release may change: the columns of the lead
--    and of the reports, new ones always last
--
SELECT relname, CASE relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' WHEN 'S' THEN 'sequence' ELSE relkind::text END AS kind,
  coalesce('security_invoker=true' = ANY (reloptions), false) AS invoker
FROM pg_class WHERE relnamespace = 'ws_standard'::regnamespace AND relkind NOT IN ('i', 't', 'c')
  AND NOT (relkind = 'S' AND EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_class.oid AND d.deptype = 'i'))
ORDER BY relname;
CREATE FUNCTION pg_temp.columns_of(relation regclass) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
$$;
SELECT promised.relation, CASE WHEN starts_with(pg_temp.columns_of(('ws_standard.' || promised.relation)::regclass) || ', ',
    regexp_replace(promised.columns, '\s+', ' ', 'g') || ', ') THEN 'as promised'
  ELSE pg_temp.columns_of(('ws_standard.' || promised.relation)::regclass) END AS columns
FROM (VALUES
  ('lead', 'id, contact_name, email, phone, company, job_title, industry, company_size, annual_revenue, street, city, region,
    postal_code, country, location, source, source_detail, campaign, channel, priority, product_interest, birthday, notes, tags,
    status, status_since, owner_id, budget_confirmed, authority_confirmed, need_confirmed, timeline_confirmed, budget_amount,
    decision_maker, need, target_date, next_step, next_follow_up_at, demographic_score, behavioral_score, firmographic_score,
    score_adjustment, score, grade, scored_at, response_due_at, first_response_at, last_activity_at, last_engaged_at,
    opted_out_at, email_key, phone_key, name_key, merged_into, archived_at, attributes, created_at, created_by, updated_at,
    updated_by'),
  ('lead_source_analysis', 'source, leads, qualified, converted, conversion_rate, average_score, cost, cost_per_lead, pipeline'),
  ('rep_performance', 'rep_id, rep, leads, open_leads, activities, converted, conversion_rate, median_response, within_sla,
    pipeline, won_amount'),
  ('conversion_funnel', 'position, stage, entered, current, advanced, conversion_rate, median_time'),
  ('lead_aging', 'status, leads, median_age, p90_age, oldest'),
  ('lead_source', 'name, description'),
  ('score_dimension', 'model_id, name, lowest, highest'),
  ('engagement', 'id, lead_id, kind, at, url, asset, campaign, properties, submission_id'),
  ('engagement_kind', 'name, description'),
  ('score_adjustment', 'id, lead_id, points, reason, created_by, created_at'),
  ('lead_event', 'id, lead_id, event, at'),
  ('lead_now', 'id, contact_name, email, phone, company, job_title, industry, company_size, annual_revenue, street, city, region,
    postal_code, country, location, source, source_detail, campaign, channel, priority, product_interest, birthday, notes, tags,
    status, status_since, owner_id, budget_confirmed, authority_confirmed, need_confirmed, timeline_confirmed, budget_amount,
    decision_maker, need, target_date, next_step, next_follow_up_at, demographic_score, behavioral_score, firmographic_score,
    score_adjustment, score, grade, scored_at, response_due_at, first_response_at, last_activity_at, last_engaged_at,
    opted_out_at, email_key, phone_key, name_key, merged_into, archived_at, attributes, created_at, created_by, updated_at,
    updated_by, grade_until'),
  ('hot_lead', 'id, lead_id, contact_name, company, email, phone, status, owner_id, score, grade, grade_until, reasons'),
  ('score_comparison', 'lead_id, model_id, model, score, grade, draft_score, draft_grade, change'),
  ('score_model_quality', 'model_id, model, state, auc, grade, leads, converted, conversion_rate, lift'),
  ('job', 'id, kind, started_at, finished_at, done, total, rate, state, actor'),
  ('score_model', 'id, name, state'),
  ('score_rule', 'id, model_id, dimension, name, applies_to, condition, points, max_points, half_life, active'),
  ('score_explanation', 'lead_id, dimension, rule_id, rule, points'),
  ('grade', 'name, lowest'),
  ('lead_status', 'name, position, description, next_action, funnel_stage, is_open'),
  ('funnel_stage', 'name, position'),
  ('rep', 'id, name, email, login, active, time_zone, open_capacity, daily_capacity'),
  ('team_member', 'team_id, rep_id, weight'),
  ('match_rule', 'name, key, action, min_similarity'),
  ('duplicate', 'lead_id, other_id, rules, similarity, state, found_at')
) promised(relation, columns);
-- those whose first column is an identity that the page does not list
SELECT relation, columns FROM (VALUES ('status_transition'), ('status_change'), ('assignment_rule'), ('assignment'), ('rule_failure'), ('team'), ('setting'), ('score_audit')) r(relation),
  pg_temp.columns_of(('ws_standard.' || relation)::regclass) columns;
-- types and defaults of the lead
SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required, a.attidentity AS identity, pg_get_expr(d.adbin, d.adrelid) AS "default"
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = 'ws_standard.lead'::regclass AND a.attnum > 0
  AND (a.attnotnull OR d.adbin IS NOT NULL OR a.atttypid <> 'text'::regtype) ORDER BY a.attnum;

-- identities are bigint and may be given; times have a time zone; no type of
-- an extension, no generated column
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relnamespace = 'ws_standard'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped AND (
  a.attname = 'id' AND (a.atttypid <> 'bigint'::regtype OR c.relkind = 'r' AND a.attidentity <> 'd')
  OR a.atttypid IN ('timestamp'::regtype, 'timetz'::regtype, 'json'::regtype)
  OR t.typnamespace <> 'pg_catalog'::regnamespace OR a.attgenerated <> '');
-- the three presets have the same layout
SELECT n.nspname, md5(string_agg(format('%s.%s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod)), ',' ORDER BY c.relname, a.attnum)) = (
    SELECT md5(string_agg(format('%s.%s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod)), ',' ORDER BY c.relname, a.attnum))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = 'ws_standard'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0) AS same
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('ws_points', 'ws_empty') AND c.relkind IN ('r', 'v') AND a.attnum > 0 GROUP BY n.nspname ORDER BY n.nspname;

--
-- 4. Every relation and every column is described
--
SELECT obj_description('ws_standard'::regnamespace, 'pg_namespace');
SELECT c.relname AS without_comment FROM pg_class c
WHERE c.relnamespace = 'ws_standard'::regnamespace AND c.relkind IN ('r', 'v')
  AND coalesce(obj_description(c.oid, 'pg_class'), '') = '';
SELECT c.relname, a.attname AS without_comment FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'ws_standard'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped
  AND coalesce(col_description(c.oid, a.attnum), '') = '';

--
-- 5. Every foreign key has an index that begins with its columns, else a
--    DELETE or a renaming would read the whole table.  Ledgers refer to the
--    lead only.
--
SELECT k.conrelid::regclass AS "table", k.conname AS without_index FROM pg_constraint k
WHERE k.connamespace = 'ws_standard'::regnamespace AND k.contype = 'f' AND NOT EXISTS (
  SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indisvalid
    AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
    AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) LIKE '(% IS NOT NULL)'));
SELECT conrelid::regclass::text AS "table", conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
WHERE connamespace = 'ws_standard'::regnamespace AND contype = 'f' ORDER BY conrelid::regclass::text COLLATE "C", conname;
-- constraints have names that say where they belong
SELECT conrelid::regclass AS "table", conname FROM pg_constraint k
WHERE connamespace = 'ws_standard'::regnamespace AND contype IN ('p', 'u', 'f', 'c') AND NOT starts_with(conname, (SELECT relname FROM pg_class WHERE oid = k.conrelid));

--
-- 6. Any name will do
--
CREATE TABLE public.witness (ok boolean);
DO $test$
DECLARE
  name text;
  found text;
BEGIN
  FOREACH name IN ARRAY ARRAY['o''"brien; DROP', 'Ünïcode', 'a.b', '%s %1$s @workspace@ \', '$$; DROP TABLE public.witness; --', 'select', 'x' || repeat('é', 31), ' '] LOOP
    PERFORM lead_mgmt.create_workspace(name::name);
    PERFORM lead_mgmt.upgrade_workspace(name::name);
    EXECUTE format('INSERT INTO %I.rep (name) VALUES (''Ana'')', name);
    EXECUTE format('INSERT INTO %I.team (name) VALUES (''North'')', name);
    EXECUTE format('INSERT INTO %I.team_member SELECT t.id, r.id FROM %I.team t, %I.rep r', name, name, name);
    EXECUTE format('UPDATE %I.assignment_rule SET team_id = (SELECT id FROM %I.team)', name, name);
    EXECUTE format('INSERT INTO %I.lead (contact_name, email, job_title, source) VALUES (''Kim'', ''kim@example.com'', ''CEO'', ''Website''), (''Lee'', ''KIM@example.com'', ''CEO'', NULL)', name);
    EXECUTE format('UPDATE %I.lead SET status = ''contacted''', name);
    EXECUTE format('UPDATE %I.duplicate SET state = ''confirmed''', name);
    EXECUTE format('SELECT format(''%%s leads of score %%s, %%s owned, %%s changes, %%s assignments, %%s pair %%s, %%s points, funnel %%s, workspace %%s'', count(*), max(score),
      count(owner_id), (SELECT count(*) FROM %1$I.status_change), (SELECT count(*) FROM %1$I.assignment), (SELECT count(*) FROM %1$I.duplicate), (SELECT max(state) FROM %1$I.duplicate),
      (SELECT sum(points) FROM %1$I.score_explanation), (SELECT sum(entered) FROM %1$I.conversion_funnel),
      (SELECT count(*) FROM lead_mgmt.workspace w WHERE w.name = %2$L::name)) FROM %1$I.lead', name, name) INTO found;
    RAISE WARNING '%: %', quote_ident(name), found;
    EXECUTE format('DROP SCHEMA %I CASCADE', name);
  END LOOP;
END $test$;
SELECT count(*) FROM public.witness;
DROP TABLE public.witness;

--
-- 7. upgrade_workspace: nothing to do the first time, nor the second
--
CREATE FUNCTION pg_temp.contents(workspace text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  relation name;
  rows text;
  result text := '';
BEGIN
  FOR relation IN SELECT relname FROM pg_class WHERE relnamespace = workspace::regnamespace AND relkind = 'r' ORDER BY relname LOOP
    EXECUTE format('SELECT string_agg(t::text, chr(10) ORDER BY t::text) FROM %I.%I t', workspace, relation) INTO rows;
    result := concat(result, relation, rows);
  END LOOP;
  RETURN md5(result);
END $$;
CREATE FUNCTION pg_temp.layout(workspace text) RETURNS text LANGUAGE sql AS $$
  SELECT md5(string_agg(object, chr(10) ORDER BY object COLLATE "C")) FROM (
    SELECT pg_describe_object(d.classid, d.objid, d.objsubid) || d.objid AS object FROM pg_depend d
    WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = workspace::regnamespace
    UNION ALL SELECT pg_get_triggerdef(t.oid) || t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = workspace::regnamespace AND NOT t.tgisinternal) o
$$;
SELECT pg_temp.contents('ws_standard') AS contents, pg_temp.layout('ws_standard') AS layout \gset
SELECT lead_mgmt.upgrade_workspace('ws_standard');
SELECT lead_mgmt.upgrade_workspace('ws_standard');
SELECT pg_temp.contents('ws_standard') = :'contents' AS same_contents, pg_temp.layout('ws_standard') = :'layout' AS same_layout;
-- it does not bring back what its owner deleted, nor touch what he changed
DELETE FROM ws_standard.lead_source WHERE name = 'Cold Call';
UPDATE ws_standard.setting SET sales_ready_score = 42;
DELETE FROM ws_standard.score_rule WHERE points < 0;
ALTER TABLE ws_standard.lead ADD COLUMN shoe_size int;
SELECT lead_mgmt.upgrade_workspace('ws_standard');
SELECT (SELECT count(*) FROM ws_standard.lead_source) AS sources, (SELECT sales_ready_score FROM ws_standard.setting) AS sales_ready_score,
  (SELECT count(*) FROM ws_standard.score_rule WHERE points < 0) AS negative_rules,
  (SELECT count(*) FROM pg_attribute WHERE attrelid = 'ws_standard.lead'::regclass AND attname = 'shoe_size') AS own_columns;
-- what is missing it brings back, and it makes up for what was not done meanwhile
DROP VIEW ws_standard.conversion_funnel, ws_standard.score_audit;
DROP TRIGGER "~lead_mgmt_decide" ON ws_standard.lead;
DROP TRIGGER "!lead_mgmt_record" ON ws_standard.lead;
DROP INDEX ws_standard.lead_source_idx;
INSERT INTO ws_standard.lead (contact_name, email, job_title, owner_id, created_at, status_since)
SELECT 'meanwhile', 'Meanwhile@example.com', 'CEO', id, '2024-01-01', '2024-01-01' FROM ws_standard.rep RETURNING score, email_key;
SELECT lead_mgmt.upgrade_workspace('ws_standard');
SELECT sum(entered) FROM ws_standard.conversion_funnel;
SELECT l.score, l.grade, l.email_key, c.from_status, c.to_status, c.at = l.created_at AS at_creation, a.rep_id = l.owner_id AS logged
FROM ws_standard.lead l JOIN ws_standard.status_change c ON c.lead_id = l.id JOIN ws_standard.assignment a ON a.lead_id = l.id WHERE l.contact_name = 'meanwhile';
SELECT * FROM ws_standard.score_audit;
INSERT INTO ws_standard.lead (contact_name, email, job_title) VALUES ('Pat', 'pat@example.com', 'CEO') RETURNING score, email_key;
SELECT count(*) FROM pg_class WHERE relnamespace = 'ws_standard'::regnamespace AND relname = 'lead_source_idx';
-- a workspace of a later version is left alone
UPDATE ws_standard.setting SET workspace_version = '99.0';
SELECT version FROM lead_mgmt.workspace WHERE name = 'ws_standard';
\set VERBOSITY terse
SELECT lead_mgmt.upgrade_workspace('ws_standard');
\set VERBOSITY default
-- it is found under another name, and gone with its schema
UPDATE ws_standard.setting SET workspace_version = (SELECT workspace_version FROM ws_points.setting);
ALTER SCHEMA ws_standard RENAME TO ws_renamed;
INSERT INTO ws_renamed.lead (contact_name, email) VALUES ('Pat', 'PAT@example.com') RETURNING status, owner_id;
SELECT count(*) FROM ws_renamed.duplicate;
DROP SCHEMA ws_points CASCADE;
SELECT name FROM lead_mgmt.workspace WHERE name LIKE 'ws\_%' ORDER BY name;
