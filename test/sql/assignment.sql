--
-- Routing: who gets a lead, in what share, and what the log says of it.
--
SET client_encoding = 'UTF8';
\set SHOW_CONTEXT never
\pset format unaligned
SELECT lead_mgmt.create_workspace('assignment', 'empty');
INSERT INTO assignment.rep (id, name) VALUES (1, 'Ana'), (2, 'Ben'), (3, 'Cleo'), (4, 'Dan'), (5, 'Eve');
INSERT INTO assignment.team (id, name) VALUES (1, 'North'), (2, 'South'), (3, 'Nobody');
INSERT INTO assignment.team_member (team_id, rep_id, weight) VALUES (1, 1, 1), (1, 2, 1), (2, 3, 3), (2, 4, 1), (2, 5, 0);

-- The log next to the leads, as people read it
CREATE VIEW assignment.log AS
SELECT l.contact_name AS lead, coalesce(r.name, '-') AS rep, coalesce(f.name, '-') AS "from", u.name AS rule, a.method, a.reason,
  a.skipped, replace(a.actor, session_user::text, '(me)') AS actor, a.login = session_user AS my_login
FROM assignment.assignment a JOIN assignment.lead l ON l.id = a.lead_id
LEFT JOIN assignment.rep r ON r.id = a.rep_id LEFT JOIN assignment.rep f ON f.id = a.from_rep_id
LEFT JOIN assignment.assignment_rule u ON u.id = a.rule_id
ORDER BY a.id;
-- Leads whose owner is not what the log says last, and logs that do not
-- follow on each other; always empty.
CREATE VIEW assignment.broken AS
SELECT l.id, l.owner_id, a.* FROM (
  SELECT lead_id, rep_id, from_rep_id, row_number() OVER (PARTITION BY lead_id ORDER BY id DESC) AS from_last,
    lag(rep_id) OVER (PARTITION BY lead_id ORDER BY id) AS rep_before
  FROM assignment.assignment) a
FULL JOIN assignment.lead l ON l.id = a.lead_id
WHERE l.id IS NULL OR a.from_rep_id IS DISTINCT FROM a.rep_before
  OR coalesce(a.from_last, 1) = 1 AND l.owner_id IS DISTINCT FROM a.rep_id;
-- capture(n, ...): n leads in one INSERT
CREATE FUNCTION pg_temp.capture(n int, country text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
  INSERT INTO assignment.lead (contact_name, email, country)
  SELECT 'Lead ' || i, 'lead' || i || '@example.com', capture.country FROM generate_series(1, n) i
$$;

--
-- 1. Equal shares: counts of two reps never differ by more than one, after one
--    INSERT of many, many of one, and whatever came before
--
INSERT INTO assignment.assignment_rule (position, name, method) VALUES (30, 'everybody', 'round_robin');
CREATE TABLE assignment.share (n int, total bigint, difference bigint, reps bigint);
-- capture(n, ...) and what everybody has by then
CREATE PROCEDURE pg_temp.share(n int) LANGUAGE sql AS $$
  SELECT pg_temp.capture(n);
  INSERT INTO assignment.share (n, total, difference, reps)
  SELECT share.n, sum(c), max(c) - min(c), count(*) FILTER (WHERE c > 0)
  FROM (SELECT count(a.id) AS c FROM assignment.rep r
    LEFT JOIN assignment.assignment a ON a.rep_id = r.id AND a.method = 'round_robin' GROUP BY r.id) s
$$;
DO $$
DECLARE
  n int;
BEGIN
  FOREACH n IN ARRAY ARRAY[1, 2, 3, 4, 5, 7, 11, 100, 997, 1, 1, 1] LOOP
    CALL pg_temp.share(n);
  END LOOP;
  FOR i IN 1..23 LOOP
    CALL pg_temp.share(1);
  END LOOP;
END $$;
SELECT max(total) AS leads, max(difference) AS most_difference, count(*) FILTER (WHERE total >= 5 AND reps < 5) AS somebody_left_out
FROM assignment.share;
-- An owner who is given does not use up a turn.
TRUNCATE assignment.share;
DO $$
BEGIN
  FOR i IN 1..50 LOOP
    INSERT INTO assignment.lead (contact_name, email, owner_id) VALUES ('given', 'given@example.com', 1 + i % 3), ('given', 'given@example.com', 1);
    CALL pg_temp.share(1);
  END LOOP;
END $$;
SELECT count(*), max(difference) AS most_difference FROM assignment.share;
-- Neither do leads that were refused or rolled back, once their tickets have
-- been used up.
TRUNCATE assignment.share;
DO $$
BEGIN
  FOR i IN 1..40 LOOP
    BEGIN
      INSERT INTO assignment.lead (contact_name, email, priority) VALUES ('refused', 'refused@example.com', 'no such priority');
      RAISE 'not refused';
    EXCEPTION WHEN check_violation THEN
      CALL pg_temp.share(1);
    END;
    BEGIN
      PERFORM pg_temp.capture(3);
      RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN
      CALL pg_temp.share(1);
    END;
  END LOOP;
  CALL pg_temp.share(3);
END $$;
SELECT count(*), max(difference) <= 4 AS within_bounds, min(difference) FILTER (WHERE n = 3) AS at_the_end FROM assignment.share;
SELECT count(*) FROM assignment.broken;

--
-- 2. Rules in order; the first that holds decides
--
DELETE FROM assignment.lead;
INSERT INTO assignment.assignment_rule (position, name, condition, method, team_id, rep_id) VALUES
  (10, 'large', 'company_size > 1000', 'fixed', NULL, 5),
  (20, 'north', $$country IN ('NO', 'SE')$$, 'round_robin', 1, NULL),
  (20, 'south', $$country IN ('IT', 'SE')$$, 'round_robin', 2, NULL);
INSERT INTO assignment.assignment_rule (position, name, condition, method, rep_id, active) VALUES (1, 'off', NULL, 'fixed', 1, false);
INSERT INTO assignment.lead (contact_name, email, country, company_size) VALUES
  ('large in Norway', 'a@example.com', 'NO', 1001), ('Norway', 'b@example.com', 'NO', 1000), ('Sweden', 'c@example.com', 'SE', NULL),
  ('Italy', 'd@example.com', 'IT', NULL), ('unknown', 'e@example.com', NULL, NULL);
SELECT lead, rule, method, rep IN ('Ana', 'Ben') AS north, rep IN ('Cleo', 'Dan') AS south, rep = 'Eve' AS eve, "from", skipped, actor, my_login
FROM assignment.log;
SELECT * FROM assignment.broken;
-- another order, and a rule that is turned on
UPDATE assignment.assignment_rule SET position = 5 WHERE name = 'south';
INSERT INTO assignment.lead (contact_name, email, country) VALUES ('Sweden 2', 'f@example.com', 'SE');
UPDATE assignment.assignment_rule SET active = true WHERE name = 'off';
INSERT INTO assignment.lead (contact_name, email, country) VALUES ('Sweden 3', 'g@example.com', 'SE');
SELECT lead, rule FROM assignment.log WHERE lead IN ('Sweden 2', 'Sweden 3');
-- the score is decided before the owner; what is decided later cannot be read
UPDATE assignment.assignment_rule SET condition = 'score >= 0 AND email_key IS NOT NULL' WHERE name = 'off';
INSERT INTO assignment.lead (contact_name, email) VALUES ('scored', 'h@example.com');
SELECT lead, rule FROM assignment.log WHERE lead = 'scored';
UPDATE assignment.assignment_rule SET condition = 'response_due_at IS NULL' WHERE name = 'off';
\echo :SQLSTATE
-- a condition that fails on a row is false, and the next rule decides
UPDATE assignment.assignment_rule SET condition = '100 / company_size > 1' WHERE name = 'off';
INSERT INTO assignment.lead (contact_name, email, company_size) VALUES ('zero', 'i@example.com', 0), ('one', 'j@example.com', 1);
SELECT lead, rule FROM assignment.log WHERE lead IN ('zero', 'one');
SELECT rule_kind, rule, sqlstate FROM assignment.rule_failure;
DELETE FROM assignment.assignment_rule WHERE name = 'off';
DELETE FROM assignment.assignment_rule WHERE name <> 'everybody';

--
-- 3. Weights: twice the weight is twice the leads, none is none
--
DELETE FROM assignment.lead;
INSERT INTO assignment.assignment_rule (position, name, method, team_id) VALUES (1, 'south', 'round_robin', 2);
SELECT pg_temp.capture(40);
SELECT r.name, count(*) FROM assignment.lead l JOIN assignment.rep r ON r.id = l.owner_id GROUP BY r.name ORDER BY r.name;
-- smooth: no rep has to wait longer than one round of four
SELECT max(waited) <= 7 AS smooth FROM (
  SELECT n - lag(n) OVER (PARTITION BY owner_id ORDER BY n) AS waited
  FROM (SELECT owner_id, row_number() OVER (ORDER BY id) AS n FROM assignment.lead) s) w;
UPDATE assignment.team_member SET weight = 2 WHERE rep_id = 5;
SELECT pg_temp.capture(60);
SELECT r.name, count(*) FROM assignment.lead l JOIN assignment.rep r ON r.id = l.owner_id GROUP BY r.name ORDER BY r.name;
-- teams take their turns apart from each other
DELETE FROM assignment.lead;
INSERT INTO assignment.assignment_rule (position, name, condition, method, team_id) VALUES (0, 'north', $$country = 'NO'$$, 'round_robin', 1);
INSERT INTO assignment.lead (contact_name, email, country)
SELECT 'Lead', 'lead' || i || '@example.com', CASE WHEN i % 2 = 0 THEN 'NO' END FROM generate_series(1, 24) i;
SELECT r.name, count(*) FROM assignment.lead l JOIN assignment.rep r ON r.id = l.owner_id GROUP BY r.name ORDER BY r.name;
-- a new member has a share from then on
INSERT INTO assignment.team_member (team_id, rep_id) VALUES (1, 3);
DELETE FROM assignment.lead;
SELECT pg_temp.capture(30, 'NO');
SELECT r.name, count(*) FROM assignment.lead l JOIN assignment.rep r ON r.id = l.owner_id GROUP BY r.name ORDER BY r.name;
DELETE FROM assignment.team_member WHERE team_id = 1 AND rep_id = 3;
SELECT * FROM assignment.broken;

--
-- 4. Who is not there is skipped, and the log says so
--
DELETE FROM assignment.lead;
UPDATE assignment.rep SET active = false WHERE name = 'Ana';
SELECT pg_temp.capture(3, 'NO');
SELECT lead, rep, rule, method, reason, skipped FROM assignment.log;
-- nobody at all: the lead is there, without an owner
UPDATE assignment.rep SET active = false WHERE name = 'Ben';
INSERT INTO assignment.lead (contact_name, email, country) VALUES ('nobody', 'nobody@example.com', 'NO') RETURNING owner_id;
SELECT lead, rep, rule, method, reason, skipped FROM assignment.log WHERE lead = 'nobody';
-- a fixed rep who is away, a team without members, no rule that applies
UPDATE assignment.assignment_rule SET method = 'fixed', team_id = NULL, rep_id = 1 WHERE name = 'north';
INSERT INTO assignment.lead (contact_name, email, country) VALUES ('away', 'away@example.com', 'NO') RETURNING owner_id;
UPDATE assignment.assignment_rule SET method = 'round_robin', team_id = 3, rep_id = NULL WHERE name = 'north';
INSERT INTO assignment.lead (contact_name, email, country) VALUES ('empty team', 'empty@example.com', 'NO') RETURNING owner_id;
UPDATE assignment.assignment_rule SET active = false WHERE name <> 'north';
INSERT INTO assignment.lead (contact_name, email, country) VALUES ('no rule', 'norule@example.com', 'IT') RETURNING owner_id;
SELECT lead, rep, rule, method, reason, skipped FROM assignment.log WHERE lead IN ('away', 'empty team', 'no rule');
SELECT * FROM assignment.broken;
-- who comes back takes his turns, and not all that he missed
UPDATE assignment.assignment_rule SET active = (name = 'everybody');
DELETE FROM assignment.lead;
SELECT pg_temp.capture(30);
UPDATE assignment.rep SET active = true;
SELECT pg_temp.capture(30);
SELECT r.name, count(*) FROM assignment.lead l JOIN assignment.rep r ON r.id = l.owner_id GROUP BY r.name ORDER BY r.name;

--
-- 5. By hand
--
DELETE FROM assignment.lead;
INSERT INTO assignment.lead (contact_name, email, owner_id) VALUES ('given', 'given@example.com', 4), ('drawn', 'drawn@example.com', NULL);
SELECT lead, rep, "from", rule, method, reason, skipped, actor, my_login FROM assignment.log WHERE lead = 'given';
UPDATE assignment.lead SET owner_id = NULL;
UPDATE assignment.lead SET owner_id = 1 WHERE contact_name = 'given';
SET lead_mgmt.actor = 'the boss';
UPDATE assignment.lead SET owner_id = 2;
RESET lead_mgmt.actor;
-- no change, no row: as it was, and with the rest of the lead
UPDATE assignment.lead SET owner_id = 2, notes = 'x';
UPDATE assignment.lead SET notes = 'y';
SELECT lead, rep, "from", rule, method, actor FROM assignment.log WHERE lead = 'given';
SELECT count(*) FROM assignment.log WHERE lead = 'drawn';
SELECT * FROM assignment.broken;
-- what is rolled back is not in the log
BEGIN;
UPDATE assignment.lead SET owner_id = 3;
ROLLBACK;
UPDATE assignment.lead SET owner_id = 99;
SELECT count(*) FROM assignment.log;
SELECT * FROM assignment.broken;
-- leads of who leaves are handed over in one statement
UPDATE assignment.lead SET owner_id = 5 WHERE owner_id = 2;
SELECT lead, rep, "from", method FROM assignment.log WHERE rep = 'Eve' ORDER BY lead;
-- the log goes with the lead
DELETE FROM assignment.lead;
SELECT count(*) FROM assignment.assignment;

--
-- 6. A lead without an owner that becomes sales-ready is routed again
--
INSERT INTO assignment.score_model (name, state) VALUES ('m', 'active');
INSERT INTO assignment.score_dimension (model_id, name) SELECT id, 'demographic' FROM assignment.score_model;
INSERT INTO assignment.score_rule (model_id, dimension, name, points, condition)
SELECT id, 'demographic', 'size', 70, 'company_size >= 70' FROM assignment.score_model UNION ALL
SELECT id, 'demographic', 'large', 20, 'company_size >= 90' FROM assignment.score_model;
UPDATE assignment.assignment_rule SET condition = 'score >= 70', method = 'fixed', rep_id = 3 WHERE name = 'everybody';
INSERT INTO assignment.lead (contact_name, email, company_size) VALUES ('cold', 'cold@example.com', 1), ('owned', 'owned@example.com', 1), ('hot', 'hot@example.com', 70);
UPDATE assignment.lead SET owner_id = 2 WHERE contact_name = 'owned';
UPDATE assignment.lead SET company_size = 69;
SELECT contact_name, score, owner_id FROM assignment.lead ORDER BY contact_name;
UPDATE assignment.lead SET company_size = 70;
SELECT contact_name, score, owner_id FROM assignment.lead ORDER BY contact_name;
SELECT lead, rep, "from", rule, method FROM assignment.log;
-- once: who is taken off a lead that is sales-ready already stays off it
UPDATE assignment.lead SET owner_id = NULL WHERE contact_name = 'cold';
UPDATE assignment.lead SET company_size = 90 WHERE contact_name = 'cold' RETURNING score, owner_id;
-- the writer's own choice in the same UPDATE holds
UPDATE assignment.lead SET company_size = 1 WHERE contact_name = 'cold';
UPDATE assignment.lead SET company_size = 90, owner_id = 5 WHERE contact_name = 'cold' RETURNING score, owner_id;
UPDATE assignment.lead SET company_size = 1 WHERE contact_name = 'cold';
UPDATE assignment.lead SET company_size = 90, owner_id = NULL WHERE contact_name = 'cold' RETURNING score, owner_id;
-- what makes a lead sales-ready is a setting
UPDATE assignment.lead SET company_size = 1 WHERE contact_name = 'cold';
UPDATE assignment.setting SET sales_ready_score = 95;
UPDATE assignment.lead SET company_size = 90 WHERE contact_name = 'cold' RETURNING score, owner_id;
SELECT * FROM assignment.broken;

--
-- 7. An upsert that becomes an UPDATE keeps the owner that was there
--
UPDATE assignment.assignment_rule SET condition = NULL, method = 'round_robin', rep_id = NULL WHERE name = 'everybody';
INSERT INTO assignment.lead (id, contact_name, email, owner_id) VALUES (1001, 'upsert', 'upsert@example.com', 4);
DO $$
BEGIN
  FOR i IN 1..10 LOOP
    INSERT INTO assignment.lead (id, contact_name, email) VALUES (1001, 'upsert ' || i, 'upsert@example.com')
    ON CONFLICT (id) DO UPDATE SET contact_name = EXCLUDED.contact_name, owner_id = EXCLUDED.owner_id;
  END LOOP;
END $$;
SELECT contact_name, owner_id FROM assignment.lead WHERE id = 1001;
SELECT lead, rep, method FROM assignment.log WHERE lead LIKE 'upsert%';
SELECT * FROM assignment.broken;
