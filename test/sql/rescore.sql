--
-- CALL lead_mgmt.rescore: brings every lead to what the rules say now, writes
-- no other, and says how far it is.
--
\set SHOW_CONTEXT never
\pset format unaligned
\pset null '-'
SELECT lead_mgmt.create_workspace('rescore', 'empty');
INSERT INTO rescore.grade (name, lowest) VALUES ('cold', 0), ('warm', 31), ('hot', 70);
INSERT INTO rescore.engagement_kind (name) VALUES ('visit'), ('form');
INSERT INTO rescore.rep (name) VALUES ('Ana');
INSERT INTO rescore.assignment_rule (position, name, condition, method) VALUES (1, 'ready', 'score >= 70', 'round_robin');
INSERT INTO rescore.score_model (name, state) VALUES ('m', 'active'), ('other', 'draft');
INSERT INTO rescore.score_dimension (model_id, name, lowest, highest) SELECT id, d, 0, 60 FROM rescore.score_model, unnest(ARRAY['demographic', 'behavioral']) d;
INSERT INTO rescore.score_rule (model_id, dimension, name, points, applies_to, condition, half_life)
SELECT m.id, r.dimension, r.name, r.points, r.applies_to, r.condition, r.half_life::interval FROM rescore.score_model m JOIN (VALUES
  ('m', 'demographic', 'size', 20, 'lead', 'company_size > 50', NULL),
  ('m', 'demographic', 'seven', 5, 'lead', 'company_size % 7 = 0', NULL),
  ('m', 'behavioral', 'visit', 30, 'engagement', $$kind = 'visit'$$, '1 day'),
  ('m', 'behavioral', 'form', 10, 'engagement', $$kind = 'form'$$, NULL),
  ('other', 'behavioral', 'form', 25, 'engagement', $$kind = 'form'$$, NULL)
) r(model, dimension, name, points, applies_to, condition, half_life) ON r.model = m.name;
-- more than two pages of a thousand, ids with gaps, every second with a form
INSERT INTO rescore.lead (id, contact_name, email, company_size) SELECT 3 * i - 4000, 'Lead ' || i, 'lead' || i || '@example.com', i % 100 FROM generate_series(1, 2500) i;
INSERT INTO rescore.engagement (lead_id, kind, at) SELECT 3 * i - 4000, 'form', now() - interval '3 days' FROM generate_series(2, 2500, 2) i;
-- What the scores should be: of the rules as they are, by plain SQL
CREATE FUNCTION pg_temp.expected(OUT id bigint, OUT score int, OUT grade text) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
  lead_points text;
  engagement_points text;
BEGIN
  SELECT coalesce(string_agg(format('CASE WHEN %s THEN %s ELSE 0 END', r.condition, r.points), ' + ') FILTER (WHERE r.applies_to = 'lead'), '0'),
    coalesce(string_agg(format('CASE WHEN %s THEN %s ELSE 0 END * 2 ^ %s', r.condition, r.points,
      coalesce('(-extract(epoch FROM now() - at) / ' || extract(epoch FROM r.half_life) || ')', '0')), ' + ') FILTER (WHERE r.applies_to = 'engagement'), '0')
  INTO lead_points, engagement_points
  FROM rescore.score_rule r JOIN rescore.score_model m ON m.id = r.model_id WHERE m.state = 'active' AND r.active;
  RETURN QUERY EXECUTE format($q$
    SELECT x.id, x.score, (SELECT g.name FROM rescore.grade g WHERE g.lowest <= x.score ORDER BY g.lowest DESC LIMIT 1)
    FROM (SELECT l.id, floor(least(greatest(least(greatest(%s, 0), dd.highest) + least(greatest(coalesce(e.points, 0), 0), db.highest), 0), 100) + 0.5)::int AS score
      FROM rescore.lead l LEFT JOIN (SELECT lead_id, sum(%s) AS points FROM rescore.engagement GROUP BY lead_id) e ON e.lead_id = l.id
      JOIN rescore.score_model m ON m.state = 'active'
      JOIN rescore.score_dimension dd ON dd.model_id = m.id AND dd.name = 'demographic'
      JOIN rescore.score_dimension db ON db.model_id = m.id AND db.name = 'behavioral') x $q$, lead_points, engagement_points);
END $$;
-- Leads that are not so, and how many have been written since they were last
-- remembered: what differed before, and no other
CREATE TEMP TABLE before AS SELECT id, updated_at FROM rescore.lead;
CREATE FUNCTION pg_temp.state(OUT differ bigint, OUT audit bigint, OUT written bigint) LANGUAGE sql AS $$
  SELECT (SELECT count(*) FROM rescore.lead l JOIN pg_temp.expected() e USING (id) WHERE (l.score, l.grade) IS DISTINCT FROM (e.score, e.grade)),
    (SELECT count(*) FROM rescore.score_audit),
    (SELECT count(*) FROM rescore.lead l JOIN before b USING (id) WHERE l.updated_at <> b.updated_at)
$$;
CREATE PROCEDURE pg_temp.remember() LANGUAGE sql AS 'TRUNCATE before; INSERT INTO before SELECT id, updated_at FROM rescore.lead';
CALL pg_temp.remember();
SELECT * FROM pg_temp.state();

--
-- 1. Nothing to do; rules, limits, grades and models that change
--
CALL lead_mgmt.rescore('rescore');
SELECT * FROM pg_temp.state();
UPDATE rescore.score_rule SET points = 8 WHERE name = 'seven';
SELECT * FROM pg_temp.state();
CALL lead_mgmt.rescore('rescore');
SELECT * FROM pg_temp.state();
CALL pg_temp.remember();
CALL lead_mgmt.rescore('rescore');
SELECT * FROM pg_temp.state();
UPDATE rescore.score_rule SET points = 44.5, condition = $$kind IN ('form', 'visit')$$ WHERE name = 'form' AND model_id = (SELECT id FROM rescore.score_model WHERE name = 'm');
CALL lead_mgmt.rescore('rescore');
SELECT * FROM pg_temp.state();
-- ready for sales by that: an event and an owner
SELECT count(*) AS ready, count(owner_id) AS owned, (SELECT count(*) FROM rescore.lead_event WHERE event = 'sales_ready') AS events FROM rescore.lead WHERE score >= 70;
CALL pg_temp.remember();
UPDATE rescore.score_dimension SET highest = 30 WHERE name = 'behavioral';
CALL lead_mgmt.rescore('rescore');
SELECT * FROM pg_temp.state();
CALL pg_temp.remember();
UPDATE rescore.grade SET lowest = 55 WHERE name = 'hot';
CALL lead_mgmt.rescore('rescore');
SELECT * FROM pg_temp.state();
CALL pg_temp.remember();
UPDATE rescore.score_model SET state = 'active' WHERE name = 'other';
CALL lead_mgmt.rescore('rescore');
SELECT * FROM pg_temp.state();
UPDATE rescore.score_model SET state = 'active' WHERE name = 'm';
CALL lead_mgmt.rescore('rescore');
SELECT * FROM pg_temp.state();
-- an engagement after all that adds to the right sum
INSERT INTO rescore.engagement (lead_id, kind) SELECT id, 'visit' FROM rescore.lead WHERE id < -3900;
SELECT differ, audit FROM pg_temp.state();

--
-- 2. What has decayed since it was written
--
SET session_replication_role = replica;
UPDATE rescore.engagement SET at = at - interval '2 days';
UPDATE rescore.lead SET scored_at = scored_at - interval '2 days', last_engaged_at = last_engaged_at - interval '2 days' WHERE scored_at IS NOT NULL;
UPDATE rescore.score_state SET first_at = ARRAY(SELECT x - interval '2 days' FROM unnest(first_at) WITH ORDINALITY u(x, n) ORDER BY n),
  last_at = ARRAY(SELECT x - interval '2 days' FROM unnest(last_at) WITH ORDINALITY u(x, n) ORDER BY n);
RESET session_replication_role;
UPDATE rescore.score_dimension SET highest = 100 WHERE name = 'behavioral';
UPDATE rescore.score_rule SET points = 10, condition = $$kind = 'form'$$ WHERE name = 'form' AND model_id = (SELECT id FROM rescore.score_model WHERE name = 'm');
CALL pg_temp.remember();
CALL lead_mgmt.rescore('rescore');
SELECT * FROM pg_temp.state();
SELECT count(*) AS of_now FROM rescore.lead l JOIN rescore.lead_now n USING (id) WHERE l.score = n.score;

--
-- 3. Damage that no trigger saw
--
CALL pg_temp.remember();
SET session_replication_role = replica;
UPDATE rescore.lead SET score = 99 WHERE id BETWEEN -2000 AND -1990;
UPDATE rescore.lead SET behavioral_score = 1 WHERE id BETWEEN -1000 AND -990;
UPDATE rescore.lead SET score_adjustment = 3 WHERE id BETWEEN 0 AND 10;
UPDATE rescore.lead SET last_engaged_at = now() - interval '10 years' WHERE id BETWEEN 100 AND 110 AND last_engaged_at IS NOT NULL;
DELETE FROM rescore.engagement WHERE lead_id BETWEEN 1000 AND 1010;
INSERT INTO rescore.engagement (lead_id, kind, at) SELECT id, 'form', now() - interval '10 days' FROM rescore.lead WHERE id BETWEEN 1100 AND 1110;
RESET session_replication_role;
SELECT audit FROM pg_temp.state();
CALL lead_mgmt.rescore('rescore');
SELECT * FROM pg_temp.state();
-- sums that were lost or spoilt: the lead itself is not written
DELETE FROM rescore.score_state WHERE lead_id < 0;
UPDATE rescore.score_state SET times = ARRAY(SELECT t + 5 FROM unnest(times) t) WHERE lead_id BETWEEN 0 AND 100;
CALL pg_temp.remember();
CALL lead_mgmt.rescore('rescore');
INSERT INTO rescore.engagement (lead_id, kind) SELECT id, 'form' FROM rescore.lead WHERE id BETWEEN -50 AND 50;
SELECT * FROM pg_temp.state();
CALL lead_mgmt.rescore('rescore');

-- ready for sales from another score on: events and owners of those who were
-- not, once
DELETE FROM rescore.lead_event;
UPDATE rescore.lead SET owner_id = NULL;
UPDATE rescore.assignment_rule SET condition = NULL;
SELECT sales_ready_score, (SELECT max(score) < sales_ready_score FROM rescore.lead) AS nobody FROM rescore.setting;
UPDATE rescore.setting SET sales_ready_score = 38;
CALL lead_mgmt.rescore('rescore');
CALL lead_mgmt.rescore('rescore');
SELECT count(*) FILTER (WHERE l.score >= 38) > 50 AS ready, count(*) FILTER (WHERE l.score >= 38 AND e.n = 1 AND l.owner_id IS NOT NULL) = count(*) FILTER (WHERE l.score >= 38) AS told_once,
  count(*) FILTER (WHERE l.score < 38 AND (e.n > 0 OR l.owner_id IS NOT NULL)) AS others
FROM rescore.lead l LEFT JOIN (SELECT lead_id, count(*) AS n FROM rescore.lead_event GROUP BY lead_id) e ON e.lead_id = l.id;
SELECT differ, audit FROM pg_temp.state();

--
-- 4. The view job
--
SELECT count(*) > 10 AS all_runs, bool_and(kind = 'rescore' AND state = 'finished' AND done = total AND total = 2500 AND actor = current_user
  AND started_at <= finished_at AND (rate > 0) IS NOT FALSE AND time_left IS NULL AND pid = pg_backend_pid()) AS as_they_were FROM rescore.job;
SET lead_mgmt.actor = 'the night watch';
CALL lead_mgmt.rescore('rescore');
RESET lead_mgmt.actor;
SELECT kind, done, total, state, actor, changed FROM rescore.job ORDER BY id DESC LIMIT 1;

--
-- 5. Within a transaction it cannot commit, and says so
--
UPDATE rescore.score_rule SET points = 6 WHERE name = 'seven';
CALL pg_temp.remember();
BEGIN;
CALL lead_mgmt.rescore('rescore');
SELECT * FROM pg_temp.state();
ROLLBACK;
SELECT differ > 0 AS as_before, written FROM pg_temp.state();
SELECT count(*) AS runs_left_over FROM rescore.job WHERE state <> 'finished';
DO $$ BEGIN CALL lead_mgmt.rescore('rescore'); END $$;
SELECT differ, audit FROM pg_temp.state();
UPDATE rescore.score_rule SET points = 7 WHERE name = 'seven';
CREATE FUNCTION pg_temp.nightly() RETURNS text LANGUAGE plpgsql AS $$ BEGIN CALL lead_mgmt.rescore('rescore'); RETURN 'done'; END $$;
SELECT pg_temp.nightly();
SELECT differ, audit FROM pg_temp.state();
-- one after the other in one session: the lock goes with the call, also with a failed one
CREATE FUNCTION rescore.no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$;
CREATE TRIGGER no BEFORE UPDATE ON rescore.lead FOR EACH ROW EXECUTE FUNCTION rescore.no();
UPDATE rescore.score_rule SET points = 8 WHERE name = 'seven';
CALL lead_mgmt.rescore('rescore');
DROP TRIGGER no ON rescore.lead;
CALL lead_mgmt.rescore('rescore');
SELECT differ, audit FROM pg_temp.state();

--
-- 6. Who may, and what is none
--
CALL lead_mgmt.rescore(NULL);
CALL lead_mgmt.rescore('no such workspace');
CALL lead_mgmt.rescore('public');
CREATE ROLE regress_lead_stranger;
GRANT USAGE ON SCHEMA rescore TO regress_lead_stranger;
GRANT ALL ON ALL TABLES IN SCHEMA rescore TO regress_lead_stranger;
SET ROLE regress_lead_stranger;
CALL lead_mgmt.rescore('rescore');
RESET ROLE;
-- a member of the role that owns it may, and does it as that role
CREATE ROLE regress_lead_owner;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO regress_lead_owner', current_database()); END $$;
SET ROLE regress_lead_owner;
SELECT lead_mgmt.create_workspace('rescore_owned');
INSERT INTO rescore_owned.lead (contact_name, email) VALUES ('Kim', 'kim@example.com');
UPDATE rescore_owned.score_rule SET condition = 'true', points = 3 WHERE name = 'Industry is known';
RESET ROLE;
GRANT regress_lead_owner TO regress_lead_stranger;
SET ROLE regress_lead_stranger;
CALL lead_mgmt.rescore('rescore_owned');
SELECT kind, done, state, actor FROM rescore_owned.job;
RESET ROLE;
SELECT score, updated_by FROM rescore_owned.lead;
SET client_min_messages = warning;
DROP SCHEMA rescore_owned CASCADE;
DROP OWNED BY regress_lead_stranger, regress_lead_owner;
DROP ROLE regress_lead_stranger, regress_lead_owner;
RESET client_min_messages;
-- without leads, and without a model
SELECT lead_mgmt.create_workspace('rescore_none', 'empty');
CALL lead_mgmt.rescore('rescore_none');
INSERT INTO rescore_none.lead (contact_name, email) VALUES ('Kim', 'kim@example.com');
CALL lead_mgmt.rescore('rescore_none');
SELECT score, grade FROM rescore_none.lead;
