--
-- Scoring: the arithmetic, when a lead is scored again, changes of rules, and
-- that what is stored is what the rules say, however it came about.
--
SET client_encoding = 'UTF8';
\set SHOW_CONTEXT never
\pset format unaligned
SELECT lead_mgmt.create_workspace('scoring', 'empty');
INSERT INTO scoring.score_model (name, state) VALUES ('first', 'active'), ('second', 'draft');
INSERT INTO scoring.score_dimension (model_id, name, lowest, highest)
SELECT m.id, d.name, d.lowest, d.highest FROM scoring.score_model m, (VALUES
  ('demographic', 0, 40), ('firmographic', -10, 20), ('behavioral', NULL, NULL), ('luck', NULL, 100)) d(name, lowest, highest)
WHERE m.name = 'first';
INSERT INTO scoring.grade (name, lowest) VALUES ('cold', 0), ('warm', 31), ('hot', 70);

-- rule(name, dimension, points, condition, max_points): a rule of the active model
CREATE PROCEDURE pg_temp.rule(name text, dimension text, points numeric, condition text, max_points numeric DEFAULT NULL)
LANGUAGE sql AS $$
  INSERT INTO scoring.score_rule (model_id, name, dimension, points, condition, max_points)
  SELECT m.id, rule.name, rule.dimension, rule.points, rule.condition, rule.max_points
  FROM scoring.score_model m WHERE m.state = 'active'
$$;
-- the scores of a lead with these tags
CREATE FUNCTION pg_temp.score_of(tags text[], OUT demographic numeric, OUT behavioral numeric, OUT firmographic numeric,
  OUT score int, OUT grade text) LANGUAGE sql AS $$
  INSERT INTO scoring.lead (contact_name, email, tags) VALUES ('Kim', 'kim@example.com', tags)
  RETURNING demographic_score, behavioral_score, firmographic_score, score, grade
$$;
-- Leads for which the explanation does not sum to the score; always empty.
CREATE VIEW scoring.unexplained AS
SELECT l.id, l.score, coalesce(sum(e.points), 0) AS explained
FROM scoring.lead l LEFT JOIN scoring.score_explanation e ON e.lead_id = l.id
GROUP BY l.id HAVING l.score IS DISTINCT FROM coalesce(sum(e.points), 0);

-- no rules at all: nothing, which is cold
SELECT * FROM pg_temp.score_of('{}');
DELETE FROM scoring.lead;

--
-- 1. Limits of dimensions, negative points, rules without a condition
--
CALL pg_temp.rule('d30', 'demographic', 30, $$'d30' = ANY (tags)$$);
CALL pg_temp.rule('d20', 'demographic', 20, $$'d20' = ANY (tags)$$);
CALL pg_temp.rule('d-5', 'demographic', -5, $$'d-5' = ANY (tags)$$);
CALL pg_temp.rule('f-25', 'firmographic', -25, $$'f-25' = ANY (tags)$$);
CALL pg_temp.rule('f8', 'firmographic', 8, $$'f8' = ANY (tags)$$);
CALL pg_temp.rule('b90', 'behavioral', 90, $$'b90' = ANY (tags)$$);
CALL pg_temp.rule('b-90', 'behavioral', -90, $$'b-90' = ANY (tags)$$);
CALL pg_temp.rule('luck', 'luck', 3, NULL);
SELECT t.tags, s.* FROM (VALUES
  ('{}'::text[]),
  ('{d30}'),
  ('{d30,d20}'),            -- 50, of which 40
  ('{d30,d20,d-5}'),        -- 45 before the limit, not 40 - 5
  ('{d-5}'),                -- not below 0
  ('{f-25,d30}'),           -- -25, of which -10
  ('{f-25,f8,d30}'),
  ('{b90,d30}'),            -- 123, of which 100
  ('{b-90,d30}'),           -- -57: 0
  ('{b90,b-90}')
) t(tags), pg_temp.score_of(t.tags) s;
-- why: what each rule gave, and what the limits took
SELECT l.tags, e.dimension, e.rule_id IS NULL AS no_rule, e.rule, e.points
FROM scoring.lead l JOIN scoring.score_explanation e ON e.lead_id = l.id
WHERE l.tags IN ('{d30,d20,d-5}', '{f-25,d30}', '{b90,d30}', '{b-90,d30}')
ORDER BY l.tags::text COLLATE "C", e.dimension COLLATE "C", e.points, e.rule;
SELECT * FROM scoring.unexplained;

--
-- 2. Fractions: sums are exact and rounded once, half up
--
DELETE FROM scoring.score_rule;
DO $$
BEGIN
  FOR i IN 1..10 LOOP
    CALL pg_temp.rule('tenth ' || i, CASE WHEN i <= 5 THEN 'behavioral' ELSE 'luck' END, 0.1, '''tenths'' = ANY (tags)');
  END LOOP;
END $$;
CALL pg_temp.rule('half', 'behavioral', 0.5, $$'half' = ANY (tags)$$);
CALL pg_temp.rule('minus half', 'luck', -0.5, $$'minus half' = ANY (tags)$$);
CALL pg_temp.rule('30', 'behavioral', 30, $$'30' = ANY (tags)$$);
CALL pg_temp.rule('30.4', 'behavioral', 30.4, $$'30.4' = ANY (tags)$$);
CALL pg_temp.rule('30.499999', 'behavioral', 30.499999, $$'30.499999' = ANY (tags)$$);
CALL pg_temp.rule('millionth', 'luck', 0.000001, $$'millionth' = ANY (tags)$$);
CALL pg_temp.rule('99.5', 'behavioral', 99.5, $$'99.5' = ANY (tags)$$);
SELECT t.tags, s.* FROM (VALUES
  ('{30,half}'::text[]),            -- 30.5: 31, and so warm
  ('{30.4}'),
  ('{30.499999}'),
  ('{30.499999,millionth}'),        -- 30.5
  ('{tenths}'),                     -- 1
  ('{tenths,minus half}'),          -- 0.5: floating point would say 0
  ('{half,minus half}'),
  ('{minus half}'),
  ('{99.5}'),
  ('{99.5,half}'),
  ('{99.5,half,half,30}')
) t(tags), pg_temp.score_of(t.tags) s;
SELECT e.rule, e.points FROM scoring.lead l JOIN scoring.score_explanation e ON e.lead_id = l.id
WHERE l.tags = '{30,half}' ORDER BY e.points, e.rule COLLATE "C";
-- A dimension's limits may be fractions too.
UPDATE scoring.score_dimension SET highest = 30.25 WHERE name = 'behavioral';
SELECT * FROM pg_temp.score_of('{30,half}');
SELECT e.rule, e.points FROM scoring.lead l JOIN scoring.score_explanation e ON e.lead_id = l.id
WHERE l.tags = '{30,half}' AND l.behavioral_score = 30.25 ORDER BY e.points, e.rule COLLATE "C";
UPDATE scoring.score_dimension SET highest = NULL WHERE name = 'behavioral';

--
-- 3. max_points: one rule, one lead, no more than this, in either direction
--
DELETE FROM scoring.score_rule;
CALL pg_temp.rule('most', 'behavioral', 30, $$'most' = ANY (tags)$$, 20);
CALL pg_temp.rule('least', 'behavioral', -30, $$'least' = ANY (tags)$$, 12.5);
CALL pg_temp.rule('nothing', 'behavioral', 30, $$'nothing' = ANY (tags)$$, 0);
CALL pg_temp.rule('unused', 'behavioral', 5, $$'unused' = ANY (tags)$$, 100);
SELECT t.tags, s.* FROM (VALUES ('{most}'::text[]), ('{most,least}'), ('{most,least,nothing}'), ('{unused}')) t(tags),
  pg_temp.score_of(t.tags) s;

--
-- 4. Grades
--
DELETE FROM scoring.score_rule;
DO $$
BEGIN
  FOR i IN 0..6 LOOP
    CALL pg_temp.rule('size ' || i, 'behavioral', 1 << i, format('company_size & %s = %s', 1 << i, 1 << i));
  END LOOP;
END $$;
-- with these rules a lead's score is its company_size
INSERT INTO scoring.lead (contact_name, email, company_size)
SELECT 'Size', 'size' || s || '@example.com', s FROM generate_series(0, 100) s;
SELECT count(*) AS leads, count(*) FILTER (WHERE score = company_size) AS right_score FROM scoring.lead WHERE contact_name = 'Size';
SELECT grade, min(score), max(score), count(*) FROM scoring.lead WHERE contact_name = 'Size' GROUP BY grade ORDER BY min(score);
-- a grade more, and none for the lowest: audit shows who differs, and the next UPDATE knows
UPDATE scoring.grade SET lowest = 10 WHERE name = 'cold';
INSERT INTO scoring.grade (name, lowest) VALUES ('burning', 90);
SELECT recomputed_grade, count(*), bool_and(a.score = a.recomputed_score) AS same_score
FROM scoring.score_audit a JOIN scoring.lead l ON l.id = a.lead_id WHERE l.contact_name = 'Size'
GROUP BY recomputed_grade ORDER BY min(a.score);
UPDATE scoring.lead SET company_size = company_size + 1 WHERE contact_name = 'Size' AND company_size < 100;
SELECT grade, min(score), max(score), count(*) FROM scoring.lead WHERE contact_name = 'Size' AND company_size < 100
GROUP BY grade ORDER BY min(score);
DELETE FROM scoring.grade WHERE name = 'burning';
UPDATE scoring.grade SET lowest = 0 WHERE name = 'cold';

--
-- 5. Nobody writes scores by hand
--
DELETE FROM scoring.lead;
INSERT INTO scoring.lead (contact_name, email, company_size, demographic_score, behavioral_score, firmographic_score,
  score_adjustment, score, grade, scored_at)
VALUES ('Ann', 'ann@example.com', 50, 1, 2, 3, 4, 99, 'hot', '2000-01-01')
RETURNING demographic_score, behavioral_score, firmographic_score, score_adjustment, score, grade, scored_at >= now() AS scored_now;
-- not at INSERT, not by saving a whole row, not out of range, and not in a changed row either
UPDATE scoring.lead SET demographic_score = 1, behavioral_score = 2, firmographic_score = 3, score_adjustment = 4,
  score = 99, grade = 'hot', scored_at = '2000-01-01'
RETURNING demographic_score, behavioral_score, firmographic_score, score_adjustment, score, grade, scored_at > '2001-01-01' AS kept;
UPDATE scoring.lead SET score = 1000, grade = NULL, scored_at = NULL, score_adjustment = NULL, company_size = 80
RETURNING behavioral_score, score_adjustment, score, grade, scored_at >= now() AS scored_now;
UPDATE scoring.lead SET score = NULL RETURNING score;
SELECT * FROM scoring.score_audit;

--
-- 6. A lead is scored again when a column that a rule reads changes; scored_at
--    tells
--
CALL pg_temp.rule('email', 'behavioral', 0.25, $$email LIKE '%.com' AND coalesce(attributes->>'a', '') <> 'b'$$);
SELECT scored_at AS before FROM scoring.lead \gset
CREATE FUNCTION pg_temp.scored(before timestamptz) RETURNS TABLE (behavioral numeric, again boolean) LANGUAGE sql AS
  'SELECT behavioral_score, scored_at > before FROM scoring.lead';
UPDATE scoring.lead SET notes = 'called', priority = 'high', owner_id = NULL, status = 'contacted';
SELECT * FROM pg_temp.scored(:'before');
-- to the same value is no change
UPDATE scoring.lead SET company_size = 80, email = 'ann@example.com', attributes = attributes;
SELECT * FROM pg_temp.scored(:'before');
UPDATE scoring.lead SET attributes = '{"x": 1}';
SELECT * FROM pg_temp.scored(:'before');
SELECT scored_at AS before FROM scoring.lead \gset
UPDATE scoring.lead SET attributes = '{"a": "b"}';
SELECT * FROM pg_temp.scored(:'before');
-- a column that a user's own trigger changes counts too, and a column that the user added
ALTER TABLE scoring.lead ADD COLUMN visits int;
CALL pg_temp.rule('visits', 'behavioral', 7, 'visits > 3');
CREATE FUNCTION scoring.set_visits() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN NEW.visits := length(NEW.notes); RETURN NEW; END';
CREATE TRIGGER set_visits BEFORE INSERT OR UPDATE ON scoring.lead FOR EACH ROW EXECUTE FUNCTION scoring.set_visits();
UPDATE scoring.lead SET notes = 'x';
SELECT scored_at AS before FROM scoring.lead \gset
UPDATE scoring.lead SET notes = 'xxxxx' RETURNING visits, behavioral_score;
SELECT * FROM pg_temp.scored(:'before');
DROP TRIGGER set_visits ON scoring.lead;
SELECT * FROM scoring.score_audit;

--
-- 7. NULL is false, and so is a condition that fails: with a warning and a
--    row in rule_failure, once per rule, session and SQLSTATE
--
DELETE FROM scoring.score_rule;
DELETE FROM scoring.lead;
CALL pg_temp.rule('null', 'behavioral', 1, 'company_size > 10');
CALL pg_temp.rule('not null', 'behavioral', 2, 'NOT company_size > 10');
CALL pg_temp.rule('literal null', 'behavioral', 4, 'NULL');
CALL pg_temp.rule('staff', 'behavioral', 8, $$(attributes->>'staff')::int > 10$$);
CALL pg_temp.rule('share', 'behavioral', 16, $$100 / company_size > 1$$);
CALL pg_temp.rule('fine', 'behavioral', 32, 'true');
INSERT INTO scoring.lead (contact_name, email, attributes, company_size) VALUES
  ('a', 'a@example.com', '{"staff": "51"}', NULL), ('b', 'b@example.com', '{"staff": "51-200"}', 20),
  ('c', 'c@example.com', '{"staff": "about 5"}', 0), ('d', 'd@example.com', '{"staff": "11"}', 0)
RETURNING contact_name, score;
-- the same again says nothing; another SQLSTATE does
INSERT INTO scoring.lead (contact_name, email, attributes) VALUES ('e', 'e@example.com', '{"staff": "51-200"}') RETURNING score;
INSERT INTO scoring.lead (contact_name, email, attributes) VALUES ('f', 'f@example.com', '{"staff": "99999999999"}') RETURNING score;
SELECT f.rule_kind, f.rule_id = r.id AS right_rule, f.rule, f.sqlstate, f.message, f.at <= clock_timestamp() AS at
FROM scoring.rule_failure f JOIN scoring.score_rule r ON r.name = f.rule ORDER BY f.id;
SELECT * FROM scoring.unexplained;
SELECT * FROM scoring.score_audit;
-- UPDATE as well, and what was rolled back is reported again
\c -
\set SHOW_CONTEXT never
BEGIN;
UPDATE scoring.lead SET attributes = '{"staff": "5 or 6"}' WHERE contact_name = 'a' RETURNING score;
SELECT rule, sqlstate, message FROM scoring.rule_failure ORDER BY id;
ROLLBACK;
BEGIN;
SAVEPOINT s;
UPDATE scoring.lead SET attributes = '{"staff": "5 or 7"}' WHERE contact_name = 'a' RETURNING score;
ROLLBACK TO s;
UPDATE scoring.lead SET attributes = '{"staff": "5 or 8"}' WHERE contact_name = 'a' RETURNING score;
COMMIT;
UPDATE scoring.lead SET attributes = '{"staff": "5 or 9"}' WHERE contact_name = 'a' RETURNING score;
SELECT rule, sqlstate, message FROM scoring.rule_failure ORDER BY id;

--
-- 8. A change of rules holds from the next statement on, in whatever way it is
--    made; one that is rolled back does not
--
DELETE FROM scoring.score_rule;
DELETE FROM scoring.lead;
CREATE PROCEDURE pg_temp.rule(name text, points numeric, condition text) LANGUAGE sql AS $$
  INSERT INTO scoring.score_rule (model_id, name, dimension, points, condition)
  SELECT m.id, rule.name, 'behavioral', rule.points, rule.condition FROM scoring.score_model m WHERE m.state = 'active'
$$;
INSERT INTO scoring.lead (contact_name, email, company_size) VALUES ('Ann', 'ann@example.com', 1);
-- scores Ann again and says the result
CREATE FUNCTION pg_temp.again() RETURNS int LANGUAGE sql AS
  'UPDATE scoring.lead SET company_size = company_size + 1 RETURNING score';
-- one that never holds, so that there is always one to read the column
CALL pg_temp.rule('reader', 64, 'company_size < 0');
CALL pg_temp.rule('one', 1, 'company_size > 0');
CALL pg_temp.rule('always', 16, NULL);
SELECT pg_temp.again() AS added;
UPDATE scoring.score_rule SET points = 2 WHERE name = 'one';
SELECT pg_temp.again() AS updated;
UPDATE scoring.score_rule SET condition = 'company_size < 0' WHERE name = 'one';
SELECT pg_temp.again() AS other_condition;
UPDATE scoring.score_rule SET condition = 'company_size > 0', active = false WHERE name = 'one';
SELECT pg_temp.again() AS inactive;
UPDATE scoring.score_rule SET active = true WHERE name = 'one';
SELECT pg_temp.again() AS active;
DELETE FROM scoring.score_rule WHERE name = 'always';
SELECT pg_temp.again() AS deleted;
BEGIN;
DELETE FROM scoring.score_rule WHERE name = 'one';
SELECT pg_temp.again() AS within_a_transaction;
ROLLBACK;
SELECT pg_temp.again() AS rolled_back;
BEGIN;
SAVEPOINT s;
UPDATE scoring.score_rule SET points = 50 WHERE name = 'one';
SELECT pg_temp.again() AS within_a_savepoint;
ROLLBACK TO s;
SELECT pg_temp.again() AS rolled_back;
UPDATE scoring.score_rule SET points = 3 WHERE name = 'one';
COMMIT;
SELECT pg_temp.again() AS committed;
UPDATE scoring.score_dimension SET highest = 1.4 WHERE name = 'behavioral';
SELECT pg_temp.again() AS limited;
UPDATE scoring.score_dimension SET highest = NULL WHERE name = 'behavioral';
SET session_replication_role = replica;
UPDATE scoring.score_rule SET points = 5 WHERE name = 'one';
RESET session_replication_role;
SELECT pg_temp.again() AS as_a_replica;
TRUNCATE scoring.score_rule;
UPDATE scoring.lead SET company_size = 0 RETURNING score;
-- no rule reads a column any more: the score is what it was, and the audit says so
SELECT score, recomputed_score FROM scoring.score_audit;

-- another model: from one transaction to the next, with its own dimensions
CALL pg_temp.rule('of the first', 7, 'company_size >= 0');
SELECT pg_temp.again();
INSERT INTO scoring.score_dimension (model_id, name, lowest, highest)
SELECT id, 'demographic', 0, 40 FROM scoring.score_model WHERE name = 'second';
INSERT INTO scoring.score_rule (model_id, name, dimension, points, condition)
SELECT id, 'of the second', 'demographic', 35, 'company_size >= 0' FROM scoring.score_model WHERE name = 'second';
SELECT pg_temp.again() AS a_draft_does_not_count;
BEGIN;
UPDATE scoring.score_model SET state = 'retired' WHERE name = 'first';
UPDATE scoring.score_model SET state = 'active' WHERE name = 'second';
COMMIT;
SELECT score, recomputed_score, grade, recomputed_grade, behavioral_score, recomputed_behavioral_score,
  demographic_score, recomputed_demographic_score FROM scoring.score_audit;
SELECT pg_temp.again();
SELECT demographic_score, behavioral_score, score, grade FROM scoring.lead;
SELECT * FROM scoring.score_audit;
-- without an active model there is nothing to score by
UPDATE scoring.score_model SET state = 'retired';
BEGIN;
DELETE FROM scoring.score_model;
INSERT INTO scoring.lead (contact_name, email) VALUES ('Bob', 'bob@example.com')
RETURNING demographic_score, behavioral_score, firmographic_score, score, grade;
ROLLBACK;

--
-- 9. A lead rule cannot lose a lead, and a deleted lead leaves no explanation
--
DELETE FROM scoring.lead;
SELECT count(*) FROM scoring.score_explanation;

--
-- 10. 300 leads by 40 rules: what is stored is what plain SQL says
--
-- An even choice out of n that is the same everywhere, unlike random()
CREATE FUNCTION pg_temp.pick(what text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS
  $$SELECT (('x' || substr(md5(what), 1, 7))::bit(28)::int % n)$$;
UPDATE scoring.score_model SET state = 'active' WHERE name = 'first';
DELETE FROM scoring.score_rule;
UPDATE scoring.score_dimension d SET lowest = v.lowest, highest = v.highest
FROM (VALUES ('demographic', -3.5, 40), ('firmographic', 0, 20.125), ('behavioral', NULL, 33), ('luck', -20, NULL)) v(name, lowest, highest)
WHERE d.name = v.name AND d.model_id = (SELECT id FROM scoring.score_model WHERE name = 'first');
INSERT INTO scoring.score_rule (model_id, name, dimension, points, max_points, active, condition)
SELECT m.id, 'rule ' || i,
  (ARRAY['demographic', 'behavioral', 'firmographic', 'luck'])[1 + pg_temp.pick('dimension' || i, 4)],
  (pg_temp.pick('points' || i, 500) - 120) / 16.0,
  CASE WHEN pg_temp.pick('capped' || i, 3) = 0 THEN pg_temp.pick('most' || i, 100) / 8.0 END,
  pg_temp.pick('active' || i, 8) > 0,
  CASE pg_temp.pick('kind' || i, 8)
    WHEN 0 THEN format('company_size BETWEEN %s AND %s', pg_temp.pick('a' || i, 100), pg_temp.pick('b' || i, 400))
    WHEN 1 THEN format('industry IN (%L, %L)', 'industry ' || pg_temp.pick('a' || i, 6), 'industry ' || pg_temp.pick('b' || i, 6))
    WHEN 2 THEN format('NOT (industry = %L OR annual_revenue < %s)', 'industry ' || pg_temp.pick('a' || i, 6), pg_temp.pick('b' || i, 1000))
    WHEN 3 THEN format('job_title ILIKE %L AND budget_confirmed', '%' || chr(97 + pg_temp.pick('a' || i, 5)) || '%')
    WHEN 4 THEN format('attributes->>%L > %L', chr(97 + pg_temp.pick('a' || i, 3)), pg_temp.pick('b' || i, 10))
    WHEN 5 THEN format('tags && ARRAY[%L, %L] OR company_size %% %s = 0', 'tag' || pg_temp.pick('a' || i, 5), 'tag' || pg_temp.pick('b' || i, 5), 2 + pg_temp.pick('c' || i, 4))
    WHEN 6 THEN format('CASE WHEN country = %L THEN annual_revenue > 500 ELSE company_size < %s END', chr(65 + pg_temp.pick('a' || i, 3)), pg_temp.pick('b' || i, 400))
  END
FROM scoring.score_model m, generate_series(1, 40) i WHERE m.name = 'first';
INSERT INTO scoring.lead (contact_name, email, company_size, industry, annual_revenue, job_title, budget_confirmed, attributes, tags, country)
SELECT 'Lead ' || i, 'lead' || i || '@example.com',
  CASE WHEN pg_temp.pick('has size' || i, 5) > 0 THEN pg_temp.pick('size' || i, 400) END,
  CASE WHEN pg_temp.pick('has industry' || i, 5) > 0 THEN 'industry ' || pg_temp.pick('industry' || i, 6) END,
  CASE WHEN pg_temp.pick('has revenue' || i, 5) > 0 THEN pg_temp.pick('revenue' || i, 1000) END,
  CASE WHEN pg_temp.pick('has title' || i, 5) > 0 THEN md5('title' || i) END,
  CASE WHEN pg_temp.pick('has budget' || i, 5) > 0 THEN pg_temp.pick('budget' || i, 2) = 1 END,
  jsonb_build_object(chr(97 + pg_temp.pick('key' || i, 3)), pg_temp.pick('value' || i, 10)),
  ARRAY['tag' || pg_temp.pick('tag' || i, 5), 'tag' || pg_temp.pick('other tag' || i, 5)],
  chr(65 + pg_temp.pick('country' || i, 3))
FROM generate_series(1, 300) i;

-- The same by plain SQL: one long expression of CASEs, made of the tables.
CREATE FUNCTION pg_temp.expected() RETURNS TABLE (id bigint, demographic numeric, behavioral numeric, firmographic numeric, score int, grade text)
LANGUAGE plpgsql AS $$
DECLARE
  sums text;
BEGIN
  SELECT string_agg(format('least(greatest(%s, %s), %s) AS %I',
      (SELECT coalesce(string_agg(format('CASE WHEN (%s) IS TRUE THEN (%s)::numeric ELSE 0 END', coalesce(r.condition, 'true'),
          CASE WHEN r.max_points IS NULL THEN r.points WHEN r.points < 0 THEN greatest(r.points, -r.max_points)
            ELSE least(r.points, r.max_points) END), ' + '), '0')
        FROM scoring.score_rule r WHERE r.model_id = d.model_id AND r.dimension = d.name AND r.active),
      coalesce(d.lowest::text, '''-infinity''::numeric'), coalesce(d.highest::text, '''infinity''::numeric'), d.name), ', ')
  INTO sums
  FROM scoring.score_dimension d JOIN scoring.score_model m ON m.id = d.model_id WHERE m.state = 'active';
  RETURN QUERY EXECUTE format(
    'SELECT s.*, (SELECT g.name FROM scoring.grade g WHERE g.lowest <= s.score ORDER BY g.lowest DESC LIMIT 1)
     FROM (SELECT p.id, demographic, behavioral, firmographic,
       floor(least(greatest(demographic + behavioral + firmographic + luck, 0), 100) + 0.5)::int AS score
       FROM (SELECT id, %s FROM scoring.lead) p) s', sums);
END $$;
CREATE FUNCTION pg_temp.compare(OUT leads bigint, OUT different bigint, OUT unexplained bigint, OUT audit bigint,
  OUT scores bigint, OUT limited boolean, OUT rounded boolean) LANGUAGE sql AS $$
  SELECT count(*), count(*) FILTER (WHERE (l.demographic_score, l.behavioral_score, l.firmographic_score, l.score, l.grade)
      IS DISTINCT FROM (e.demographic, e.behavioral, e.firmographic, e.score, e.grade)),
    (SELECT count(*) FROM scoring.unexplained), (SELECT count(*) FROM scoring.score_audit),
    count(DISTINCT l.score), (SELECT bool_or(rule LIKE 'limit of %') FROM scoring.score_explanation),
    (SELECT bool_or(rule = 'rounding') FROM scoring.score_explanation)
  FROM scoring.lead l LEFT JOIN pg_temp.expected() e USING (id)
$$;
SELECT leads, different, unexplained, audit, scores > 20 AS scores_differ, limited, rounded FROM pg_temp.compare();
-- after updates of a part
UPDATE scoring.lead SET company_size = company_size + 7 WHERE id % 3 = 0;
UPDATE scoring.lead SET industry = 'industry 1', tags = '{}' WHERE id % 4 = 0;
UPDATE scoring.lead SET annual_revenue = NULL, job_title = 'abc', attributes = '{"b": 9}', budget_confirmed = true, country = 'B' WHERE id % 5 = 0;
SELECT leads, different, unexplained, audit FROM pg_temp.compare();
-- After a change of rules the audit names just those whose score would be
-- another; one UPDATE of what the rules read brings them all up to date.
UPDATE scoring.score_rule SET points = -points WHERE id % 7 = 0;
UPDATE scoring.score_rule SET active = NOT active WHERE id % 11 = 0;
SELECT count(*) FILTER (WHERE a.lead_id IS NOT NULL) > 0 AS some,
  count(*) FILTER (WHERE (a.lead_id IS NOT NULL) IS DISTINCT FROM
    ((l.demographic_score, l.behavioral_score, l.firmographic_score, l.score, l.grade)
      IS DISTINCT FROM (e.demographic, e.behavioral, e.firmographic, e.score, e.grade))) AS wrongly_listed,
  count(*) FILTER (WHERE a.recomputed_score IS DISTINCT FROM e.score AND a.lead_id IS NOT NULL) AS wrongly_computed
FROM scoring.lead l JOIN pg_temp.expected() e USING (id) LEFT JOIN scoring.score_audit a ON a.lead_id = l.id;
UPDATE scoring.lead SET company_size = coalesce(company_size, 0) + 1;
SELECT leads, different, unexplained, audit FROM pg_temp.compare();
