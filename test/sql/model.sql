--
-- Score models beside each other: copies and drafts, what a draft would do,
-- how good each is, and the switch from one to another.
--
\set SHOW_CONTEXT never
\pset format unaligned
\pset null '-'
SELECT lead_mgmt.create_workspace('model', 'empty');
INSERT INTO model.grade (name, lowest) VALUES ('cold', 0), ('warm', 31), ('hot', 70);
INSERT INTO model.engagement_kind (name) VALUES ('visit'), ('form');
INSERT INTO model.score_model (name, state) VALUES ('first', 'active');
INSERT INTO model.score_dimension (model_id, name, lowest, highest)
SELECT id, d.* FROM model.score_model, (VALUES ('demographic', 0, 60), ('behavioral', NULL, 80)) d;
INSERT INTO model.score_rule (model_id, dimension, name, applies_to, condition, points, max_points, half_life, active)
SELECT id, r.* FROM model.score_model, (VALUES
  ('demographic', 'size', 'lead', 'company_size > 50', 20, NULL::numeric, NULL::interval, true),
  ('demographic', 'chief', 'lead', $$job_title = 'Chief'$$, 15.5, NULL, NULL, true),
  ('demographic', 'not in use', 'lead', 'true', 50, NULL, NULL, false),
  ('behavioral', 'form', 'engagement', $$kind = 'form'$$, 10, 30, NULL, true),
  ('behavioral', 'visit', 'engagement', $$kind = 'visit'$$, 20, NULL, '20 days', true)) r;
CREATE FUNCTION pg_temp.refused(statement text, OUT code text, OUT message text, OUT detail text, OUT hint text,
  OUT "constraint" text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  message := 'NOT REFUSED';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
    hint = PG_EXCEPTION_HINT, "constraint" = CONSTRAINT_NAME;
END $$;
-- An even choice out of n that is the same everywhere, unlike random()
CREATE FUNCTION pg_temp.pick(what text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS
  $$SELECT (('x' || substr(md5(what), 1, 7))::bit(28)::int % n)$$;
-- Two hundred leads of the last hundred days; some have converted, some were
-- given up, and they went on visiting afterwards.
INSERT INTO model.lead (id, contact_name, email, company_size, job_title, country, created_at, budget_confirmed, authority_confirmed, need_confirmed, timeline_confirmed)
SELECT i, 'Lead ' || i, 'lead' || i || '@example.com', pg_temp.pick('size' || i, 100),
  CASE pg_temp.pick('title' || i, 3) WHEN 0 THEN 'Chief' END, CASE pg_temp.pick('country' || i, 2) WHEN 0 THEN 'DE' END,
  now() - interval '100 days', true, true, true, true
FROM generate_series(1, 200) i;
INSERT INTO model.engagement (lead_id, kind, at)
SELECT 1 + pg_temp.pick('lead' || i, 200), CASE pg_temp.pick('kind' || i, 3) WHEN 0 THEN 'form' ELSE 'visit' END, now() - pg_temp.pick('at' || i, 90 * 24) * interval '1 hour'
FROM generate_series(1, 900) i;
INSERT INTO model.score_adjustment (lead_id, points, reason, created_at)
SELECT i, pg_temp.pick('points' || i, 60) - 30, 'a reason', now() - pg_temp.pick('adjusted' || i, 90) * interval '1 day' FROM generate_series(1, 200, 9) i;
UPDATE model.lead SET status = 'qualified', status_since = now() - interval '60 days' WHERE pg_temp.pick('qualified' || id, 100) < 60 + company_size / 3;
UPDATE model.lead SET status = 'converted', status_since = now() - interval '1 day' * pg_temp.pick('converted at' || id, 50)
WHERE status = 'qualified' AND pg_temp.pick('converted' || id, 100) < 20 + company_size / 2;
UPDATE model.lead SET status = 'unqualified', status_since = now() - interval '1 day' * pg_temp.pick('closed at' || id, 50)
WHERE status <> 'converted' AND pg_temp.pick('closed' || id, 3) = 0;
SELECT status, count(*) FROM model.lead GROUP BY status ORDER BY status COLLATE "C";
-- all that is kept of leads: who changes none of it changes no score
CREATE FUNCTION pg_temp.scores(OUT text) LANGUAGE sql AS $$
  SELECT md5(string_agg(l::text, '|' ORDER BY id)) FROM model.lead l
$$;
SELECT pg_temp.scores() AS scores \gset

--
-- 1. A copy is one action, and a draft
--
INSERT INTO model.score_model (name, copy_of) SELECT 'second', id FROM model.score_model WHERE name = 'first' RETURNING name, state;
SELECT id, name, state, copy_of FROM model.score_model ORDER BY id;
SELECT m.name, d.name, d.lowest, d.highest FROM model.score_dimension d JOIN model.score_model m ON m.id = d.model_id ORDER BY m.id, d.name COLLATE "C";
SELECT m.name AS model, r.dimension, r.name, r.applies_to, r.condition, r.points, r.max_points, r.half_life, r.active
FROM model.score_rule r JOIN model.score_model m ON m.id = r.model_id ORDER BY m.id, r.id;
-- a copy of a copy, in use at once; and back
BEGIN;
INSERT INTO model.score_model (name, state, copy_of) SELECT 'third', 'active', id FROM model.score_model WHERE name = 'second';
SELECT m.name, m.state, m.copy_of, count(*) FROM model.score_model m JOIN model.score_rule r ON r.model_id = m.id GROUP BY m.id ORDER BY m.id;
SELECT count(*) AS as_before FROM model.score_audit;
ROLLBACK;
\x
SELECT * FROM pg_temp.refused($$INSERT INTO model.score_model (name, copy_of) VALUES ('copy', 4711)$$);
SELECT * FROM pg_temp.refused($$UPDATE model.score_model SET copy_of = 1 WHERE name = 'second'$$);
\x
SELECT count(*) FROM model.score_model;

--
-- 2. A draft is edited without any effect on scores
--
UPDATE model.score_rule SET points = 35 WHERE name = 'size' AND model_id = (SELECT id FROM model.score_model WHERE name = 'second');
UPDATE model.score_rule SET points = 25, max_points = NULL WHERE name = 'form' AND model_id = (SELECT id FROM model.score_model WHERE name = 'second');
UPDATE model.score_rule SET half_life = '5 days' WHERE name = 'visit' AND model_id = (SELECT id FROM model.score_model WHERE name = 'second');
DELETE FROM model.score_rule WHERE name = 'chief' AND model_id = (SELECT id FROM model.score_model WHERE name = 'second');
UPDATE model.score_dimension SET highest = 50 WHERE name = 'behavioral' AND model_id = (SELECT id FROM model.score_model WHERE name = 'second');
INSERT INTO model.score_dimension (model_id, name) SELECT id, 'market' FROM model.score_model WHERE name = 'second';
INSERT INTO model.score_rule (model_id, dimension, name, condition, points) SELECT id, 'market', 'Germany', $$country = 'DE'$$, 7.5 FROM model.score_model WHERE name = 'second';
CALL lead_mgmt.rescore('model');
SELECT pg_temp.scores() = :'scores' AS as_before, (SELECT count(*) FROM model.score_audit) AS audit;
BEGIN;
INSERT INTO model.lead (id, contact_name, email, company_size, country) VALUES (201, 'New', 'new@example.com', 80, 'DE') RETURNING score;
INSERT INTO model.engagement (lead_id, kind) SELECT max(id), 'form' FROM model.lead;
SELECT score FROM model.lead ORDER BY id DESC LIMIT 1;
ROLLBACK;

--
-- 3. What it would do: the same by hand, lead by lead
--
CREATE FUNCTION pg_temp.by_hand(model text, l model.lead, at timestamptz) RETURNS int LANGUAGE sql AS $$
  SELECT floor(least(greatest(
    coalesce((SELECT sum(a.points) FROM model.score_adjustment a WHERE a.lead_id = l.id AND a.created_at <= by_hand.at), 0)
    + CASE model
      WHEN 'first' THEN CASE WHEN l.company_size > 50 THEN 20 ELSE 0 END + CASE WHEN l.job_title = 'Chief' THEN 15.5 ELSE 0 END
        + least(least(10 * e.forms, 30) + 20 * e.visits_20, 80)
      WHEN 'second' THEN CASE WHEN l.company_size > 50 THEN 35 ELSE 0 END + CASE WHEN l.country = 'DE' THEN 7.5 ELSE 0 END
        + least(25 * e.forms + 20 * e.visits_5, 50)
    END, 0), 100) + 0.5)::int
  FROM (SELECT count(*) FILTER (WHERE e.kind = 'form') AS forms,
      coalesce(sum(2 ^ (-extract(epoch FROM by_hand.at - e.at) / 86400 / 20)) FILTER (WHERE e.kind = 'visit'), 0) AS visits_20,
      coalesce(sum(2 ^ (-extract(epoch FROM by_hand.at - e.at) / 86400 / 5)) FILTER (WHERE e.kind = 'visit'), 0) AS visits_5
    FROM model.engagement e WHERE e.lead_id = l.id AND e.at <= by_hand.at) e
$$;
CREATE FUNCTION pg_temp.grade_of(score int) RETURNS text LANGUAGE sql AS
  'SELECT g.name FROM model.grade g WHERE g.lowest <= score ORDER BY g.lowest DESC LIMIT 1';
SELECT model, count(*), count(*) FILTER (WHERE c.score <> pg_temp.by_hand('first', l, now()) OR c.draft_score <> pg_temp.by_hand('second', l, now())
    OR c.grade <> pg_temp.grade_of(c.score) OR c.draft_grade <> pg_temp.grade_of(c.draft_score) OR c.change <> c.draft_score - c.score) AS wrong,
  count(*) FILTER (WHERE change > 0) > 10 AS some_rise, count(*) FILTER (WHERE change < 0) > 10 AS some_fall, count(*) FILTER (WHERE draft_grade <> c.grade) > 10 AS other_grades
FROM model.score_comparison c JOIN model.lead l ON l.id = c.lead_id GROUP BY model;

--
-- 4. How good they are: each lead as of when its fate was decided
--
CREATE VIEW model.fate AS
SELECT l.id, m.name AS model, c.at IS NOT NULL AS converted, pg_temp.by_hand(m.name, l, coalesce(c.at, CASE WHEN l.status = 'unqualified' THEN l.status_since END, now())) AS score
FROM model.lead l CROSS JOIN model.score_model m
LEFT JOIN (SELECT lead_id, min(at) AS at FROM model.status_change WHERE to_status = 'converted' GROUP BY lead_id) c ON c.lead_id = l.id;
CREATE TEMP TABLE fate AS SELECT *, pg_temp.grade_of(score) AS grade FROM model.fate;
-- how often a converted lead has the higher score, of all pairs of one that has and one that has not
CREATE TEMP TABLE by_hand AS
SELECT g.model, g.grade, (SELECT avg(CASE WHEN p.score > n.score THEN 1 WHEN p.score = n.score THEN 0.5 ELSE 0 END)
    FROM fate p JOIN fate n USING (model) WHERE p.converted AND NOT n.converted AND p.model = g.model) AS auc,
  count(f.id) AS leads, count(f.id) FILTER (WHERE f.converted) AS converted,
  avg(f.converted::int) AS conversion_rate, avg(f.converted::int) / (SELECT avg(x.converted::int) FROM fate x WHERE x.model = g.model) AS lift
FROM (SELECT m.name AS model, g.name AS grade FROM model.score_model m, model.grade g) g LEFT JOIN fate f USING (model, grade) GROUP BY g.model, g.grade;
SELECT q.model, q.state, q.grade, abs(q.auc - h.auc) < 0.000001 AS auc, q.leads = h.leads AS leads, q.converted = h.converted AS converted,
  abs(q.conversion_rate - h.conversion_rate) < 1e-9 AS conversion_rate, abs(q.lift - h.lift) < 1e-9 AS lift
FROM model.score_model_quality q JOIN by_hand h USING (model, grade) ORDER BY q.model_id, q.grade COLLATE "C";
SELECT count(*) AS lines, count(DISTINCT auc) AS different, bool_and(auc BETWEEN 0.5 AND 0.99) AS better_than_chance FROM model.score_model_quality;
-- a model without rules has the corrections to go by, and one grade
INSERT INTO model.score_model (name) VALUES ('none');
SELECT model, auc, grade, leads, converted, conversion_rate IS NULL AS no_rate, round(lift, 9) AS lift FROM model.score_model_quality WHERE model = 'none';
-- the perfect one, and its contrary
INSERT INTO model.score_dimension (model_id, name) SELECT id, 'fate' FROM model.score_model WHERE name = 'none';
INSERT INTO model.score_rule (model_id, dimension, name, condition, points) SELECT id, 'fate', 'converted', $$status = 'converted'$$, 80 FROM model.score_model WHERE name = 'none';
SELECT auc, grade, converted = leads AS all_converted FROM model.score_model_quality WHERE model = 'none' AND leads > 0;
UPDATE model.score_rule SET condition = $$status <> 'converted'$$ WHERE name = 'converted';
SELECT auc, grade, converted = leads AS all_converted FROM model.score_model_quality WHERE model = 'none' AND leads > 0;
DELETE FROM model.score_model WHERE name = 'none';
-- without any conversion there is nothing to tell
BEGIN;
DELETE FROM model.lead WHERE status = 'converted';
SELECT DISTINCT model, auc FROM model.score_model_quality ORDER BY model;
DELETE FROM model.lead;
SELECT model, auc, grade, leads, converted, conversion_rate, lift FROM model.score_model_quality WHERE model = 'first';
ROLLBACK;

--
-- 5. The switch: exactly one is active
--
CREATE FUNCTION pg_temp.wrong(model text) RETURNS bigint LANGUAGE sql AS
  $$SELECT count(*) FROM model.lead l WHERE l.score <> pg_temp.by_hand(model, l, l.scored_at)$$;
UPDATE model.score_model SET state = 'active' WHERE name = 'second';
SELECT name, state FROM model.score_model ORDER BY id;
SELECT pg_temp.scores() = :'scores' AS as_before, count(*) > 100 AS audit_says_so, bool_and(recomputed_score = pg_temp.by_hand('second', l, l.scored_at)) AS as_by_hand
FROM model.score_audit a JOIN model.lead l ON l.id = a.lead_id;
SELECT count(*) FROM model.score_comparison;
CALL lead_mgmt.rescore('model');
SELECT pg_temp.wrong('second') AS wrong, (SELECT count(*) FROM model.score_audit) AS audit;
INSERT INTO model.engagement (lead_id, kind) SELECT i, 'form' FROM generate_series(1, 20) i;
SELECT pg_temp.wrong('second') AS wrong, (SELECT count(*) FROM model.score_audit) AS audit;
-- back, both in one statement, either way round
UPDATE model.score_model SET state = CASE name WHEN 'first' THEN 'active' ELSE 'retired' END;
SELECT name, state FROM model.score_model ORDER BY name;
UPDATE model.score_model SET state = CASE name WHEN 'second' THEN 'active' ELSE 'draft' END;
SELECT name, state FROM model.score_model ORDER BY name;
UPDATE model.score_model SET state = CASE name WHEN 'first' THEN 'active' ELSE 'retired' END;
UPDATE model.score_model SET state = 'active' WHERE name = 'first';
INSERT INTO model.engagement (lead_id, kind) SELECT i, 'form' FROM generate_series(1, 20) i;
CALL lead_mgmt.rescore('model');
SELECT pg_temp.wrong('first') AS wrong, (SELECT count(*) FROM model.score_audit) AS audit;
-- one after the other in one transaction, the old one first
BEGIN;
UPDATE model.score_model SET state = 'retired' WHERE name = 'first';
UPDATE model.score_model SET state = 'active' WHERE name = 'second';
COMMIT;
SELECT name, state FROM model.score_model ORDER BY name;
UPDATE model.score_model SET state = 'active' WHERE name = 'first';
-- a new one takes over when it comes
BEGIN;
INSERT INTO model.score_model (name, state) VALUES ('fourth', 'active');
SELECT name, state FROM model.score_model ORDER BY name;
ROLLBACK;
-- never two, never none
UPDATE model.score_model SET state = 'retired' WHERE name = 'first';
\set VERBOSITY sqlstate
UPDATE model.score_model SET state = 'retired' WHERE name = 'first';
UPDATE model.score_model SET state = 'draft';
DELETE FROM model.score_model WHERE name = 'first';
BEGIN;
UPDATE model.score_model SET state = 'retired' WHERE name = 'first';
INSERT INTO model.score_model (name) VALUES ('seventh');
COMMIT;
\set VERBOSITY default
SELECT s AS statement, r.code, r.message, r."constraint" FROM unnest(ARRAY[
  $$UPDATE model.score_model SET state = NULL WHERE name = 'first'$$,
  $$UPDATE model.score_model SET state = 'passive' WHERE name = 'first'$$,
  $$INSERT INTO model.score_model (name, state) VALUES ('fifth', 'active'), ('sixth', 'active')$$,
  $$UPDATE model.score_model SET name = 'first'$$]) s, pg_temp.refused(s) r;
SELECT name, state FROM model.score_model ORDER BY name;
-- the one before can go, with all its rules
DELETE FROM model.score_model WHERE name = 'second' RETURNING state;
SELECT count(*) AS rules FROM model.score_rule;

--
-- 6. A draft that breaks breaks nothing else
--
INSERT INTO model.score_model (name, copy_of) SELECT 'broken', id FROM model.score_model WHERE name = 'first';
ALTER TABLE model.lead ADD COLUMN shoe_size int DEFAULT 40;
INSERT INTO model.score_rule (model_id, dimension, name, condition, points) SELECT id, 'demographic', r.name, r.condition, 5
FROM model.score_model, (VALUES ('shoes', 'shoe_size > 39'), ('ratio', '100 / (company_size % 10) > 20')) r(name, condition) WHERE score_model.name = 'broken';
SELECT * FROM pg_temp.refused($$INSERT INTO model.score_rule (model_id, dimension, name, condition, points)
  SELECT id, 'demographic', 'hats', 'hat_size > 39', 5 FROM model.score_model WHERE name = 'broken'$$);
SELECT count(*) FROM model.score_comparison c JOIN model.lead l ON l.id = c.lead_id
WHERE c.draft_score <> least(c.score + 5 + CASE WHEN company_size % 10 > 0 AND 100 / nullif(company_size % 10, 0) > 20 THEN 5 ELSE 0 END, 100);
ALTER TABLE model.lead DROP COLUMN shoe_size;
INSERT INTO model.lead (id, contact_name, email, company_size) VALUES (202, 'New', 'new@example.com', 80) RETURNING score;
SELECT count(*) FROM model.score_comparison c JOIN model.lead l ON l.id = c.lead_id
WHERE c.draft_score <> least(c.score + CASE WHEN company_size % 10 > 0 AND 100 / nullif(company_size % 10, 0) > 20 THEN 5 ELSE 0 END, 100);
SELECT rule_kind, rule, sqlstate FROM model.rule_failure ORDER BY id;
SELECT * FROM model.score_audit;
-- a copy goes without what it cannot use, or says so; and the active model too
UPDATE model.score_model SET state = 'active' WHERE name = 'broken';
UPDATE model.lead SET company_size = 81 WHERE id = 202 RETURNING score;
SELECT rule_kind, rule, sqlstate FROM model.rule_failure ORDER BY id;
