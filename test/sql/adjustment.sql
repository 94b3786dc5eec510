--
-- Corrections by hand: who, why and how many points; never changed, always
-- explained, and part of the score whatever else happens to it.
--
\set SHOW_CONTEXT never
\pset format unaligned
\pset null '-'
SELECT lead_mgmt.create_workspace('adjustment', 'empty');
INSERT INTO adjustment.grade (name, lowest) VALUES ('cold', 0), ('warm', 31), ('hot', 70);
INSERT INTO adjustment.engagement_kind (name) VALUES ('visit');
INSERT INTO adjustment.score_model (name, state) VALUES ('m', 'active');
INSERT INTO adjustment.score_dimension (model_id, name, lowest, highest) SELECT id, d, 0, 40 FROM adjustment.score_model, unnest(ARRAY['demographic', 'behavioral']) d;
INSERT INTO adjustment.score_rule (model_id, dimension, name, points, applies_to, condition)
SELECT id, r.* FROM adjustment.score_model, (VALUES
  ('demographic', 'size', 35.5, 'lead', 'company_size > 50'), ('behavioral', 'visit', 15, 'engagement', $$kind = 'visit'$$)) r;
INSERT INTO adjustment.lead (id, contact_name, email, company_size) VALUES
  (1, 'Kim', 'kim@example.com', 80), (2, 'Lee', 'lee@example.com', 80), (3, 'Max', 'max@example.com', 10);
CREATE FUNCTION pg_temp.refused(statement text, OUT code text, OUT message text, OUT detail text, OUT hint text,
  OUT "constraint" text, OUT "table" text, OUT "column" text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  message := 'NOT REFUSED';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
    hint = PG_EXCEPTION_HINT, "constraint" = CONSTRAINT_NAME, "table" = TABLE_NAME, "column" = COLUMN_NAME;
END $$;
-- Leads whose corrections are not the sum of the table, whose score is not
-- explained, or that the audit finds: always none
CREATE VIEW adjustment.wrong AS
SELECT l.id, l.score FROM adjustment.lead l
WHERE l.score_adjustment <> (SELECT coalesce(sum(a.points), 0) FROM adjustment.score_adjustment a WHERE a.lead_id = l.id)
  OR l.score <> floor(least(greatest(l.demographic_score + l.behavioral_score + l.score_adjustment, 0), 100) + 0.5)
  OR l.score <> (SELECT coalesce(sum(e.points), 0) FROM adjustment.score_explanation e WHERE e.lead_id = l.id)
  OR EXISTS (SELECT FROM adjustment.score_audit a WHERE a.lead_id = l.id);

--
-- 1. A correction counts at once, beside the limits of dimensions
--
SELECT id, score, grade, score_adjustment FROM adjustment.lead ORDER BY id;
INSERT INTO adjustment.score_adjustment (lead_id, points, reason) VALUES (1, 40, 'our best customer''s sister') RETURNING points, reason, created_by = current_user AS by_me, created_at BETWEEN now() AND clock_timestamp() AS now;
SELECT id, score, grade, score_adjustment FROM adjustment.lead WHERE id = 1;
-- fractions: rounded once, with everything else
INSERT INTO adjustment.score_adjustment (lead_id, points, reason) VALUES (2, -0.000001, 'almost nothing');
SELECT id, demographic_score, score, score_adjustment FROM adjustment.lead WHERE id = 2;
INSERT INTO adjustment.score_adjustment (lead_id, points, reason) VALUES (2, 0.000001, 'taken back'), (2, 0.25, 'one'), (2, 0.25, 'two');
SELECT id, demographic_score, score, score_adjustment FROM adjustment.lead WHERE id = 2;
-- within 0..100 in the end, not on the way
INSERT INTO adjustment.score_adjustment (lead_id, points, reason) VALUES (3, -1000000, 'a competitor');
SELECT score, score_adjustment FROM adjustment.lead WHERE id = 3;
INSERT INTO adjustment.score_adjustment (lead_id, points, reason) SELECT 3, 1000000, 'not a competitor' FROM generate_series(1, 2);
SELECT score, score_adjustment FROM adjustment.lead WHERE id = 3;
TABLE adjustment.wrong;
-- it stays through what else changes
UPDATE adjustment.lead SET company_size = 5 WHERE id = 1;
INSERT INTO adjustment.engagement (lead_id, kind) VALUES (1, 'visit'), (1, 'visit');
UPDATE adjustment.lead SET score_adjustment = 0, score = 0 WHERE id = 1 RETURNING demographic_score, behavioral_score, score_adjustment, score;
DELETE FROM adjustment.engagement;
SELECT score, score_adjustment FROM adjustment.lead WHERE id = 1;
CALL lead_mgmt.rescore('adjustment');
TABLE adjustment.wrong;
COPY adjustment.score_adjustment (lead_id, points, reason) FROM stdin (FORMAT csv);
1,-15,"wrong person, said by phone"
2,30,met in person
1,1.5,polite
\.
SELECT id, score, score_adjustment FROM adjustment.lead ORDER BY id;
TABLE adjustment.wrong;

--
-- 2. Who did it
--
SET lead_mgmt.actor = 'ana';
INSERT INTO adjustment.score_adjustment (lead_id, points, reason, created_by) VALUES (2, 1, 'by ana, whatever she says', 'ben');
RESET lead_mgmt.actor;
CREATE ROLE regress_lead_rep;
GRANT USAGE ON SCHEMA adjustment TO regress_lead_rep;
GRANT INSERT ON adjustment.score_adjustment TO regress_lead_rep;
SET ROLE regress_lead_rep;
INSERT INTO adjustment.score_adjustment (lead_id, points, reason) VALUES (2, 2, 'by who may do nothing else');
SELECT code, message FROM pg_temp.refused('UPDATE adjustment.lead SET notes = NULL');
SELECT code, message FROM pg_temp.refused('SELECT * FROM adjustment.score_adjustment');
RESET ROLE;
SELECT points, created_by, reason FROM adjustment.score_adjustment WHERE lead_id = 2 AND points IN (1, 2) ORDER BY id;
SELECT score_adjustment FROM adjustment.lead WHERE id = 2;
DROP OWNED BY regress_lead_rep;
DROP ROLE regress_lead_rep;

--
-- 3. Refusals: without a reason, out of range, and any change of what is written
--
\x
SELECT * FROM pg_temp.refused($$INSERT INTO adjustment.score_adjustment (lead_id, points) VALUES (1, 5)$$);
SELECT * FROM pg_temp.refused($$UPDATE adjustment.score_adjustment SET points = 50 WHERE lead_id = 1$$);
SELECT * FROM pg_temp.refused($$DELETE FROM adjustment.score_adjustment WHERE lead_id = 1$$);
\x
SELECT s AS statement, r.code, r.message, r."constraint" FROM unnest(ARRAY[
  $$INSERT INTO adjustment.score_adjustment (lead_id, points, reason) VALUES (1, 5, '')$$,
  $$INSERT INTO adjustment.score_adjustment (lead_id, points, reason) VALUES (1, 5, E' \t\u00a0')$$,
  $$INSERT INTO adjustment.score_adjustment (lead_id, points, reason) VALUES (1, NULL, 'nothing')$$,
  $$INSERT INTO adjustment.score_adjustment (lead_id, points, reason) VALUES (99, 5, 'nobody')$$,
  $$INSERT INTO adjustment.score_adjustment (lead_id, points, reason) VALUES (1, 1000001, 'much')$$,
  $$INSERT INTO adjustment.score_adjustment (lead_id, points, reason) VALUES (1, 'NaN', 'what')$$,
  $$INSERT INTO adjustment.score_adjustment (lead_id, points, reason, created_at) VALUES (1, 5, 'soon', now() + interval '1 hour')$$,
  $$INSERT INTO adjustment.score_adjustment (lead_id, points, reason, created_at) VALUES (1, 5, 'never', 'infinity')$$,
  $$INSERT INTO adjustment.score_adjustment (lead_id, points, reason, created_at) VALUES (1, 5, 'always', '-infinity')$$,
  $$INSERT INTO adjustment.score_adjustment (lead_id, points, reason) VALUES (1, 5, 'good'), (1, 5, '')$$,
  $$UPDATE adjustment.score_adjustment SET reason = 'a better one'$$,
  $$UPDATE adjustment.score_adjustment SET lead_id = 2$$,
  $$DELETE FROM adjustment.score_adjustment$$]) s, pg_temp.refused(s) r;
SELECT id, score, score_adjustment FROM adjustment.lead ORDER BY id;
TABLE adjustment.wrong;
-- an UPDATE or DELETE that finds nothing is none
UPDATE adjustment.score_adjustment SET points = 50 WHERE lead_id = 99;
-- with its lead a correction goes, and only then
DELETE FROM adjustment.lead WHERE id = 3;
SELECT lead_id, count(*) FROM adjustment.score_adjustment GROUP BY lead_id ORDER BY lead_id;

--
-- 4. The explanation has each with its reason and its time
--
SELECT dimension, rule_id, rule, points, first_at = last_at AS at_once, reason FROM adjustment.score_explanation WHERE lead_id = 1;
-- also where they come to nothing
INSERT INTO adjustment.lead (id, contact_name, email) VALUES (5, 'Odd', 'odd@example.com');
INSERT INTO adjustment.score_adjustment (lead_id, points, reason) VALUES (5, 3, 'yes'), (5, -3, 'no');
SELECT rule, points, reason FROM adjustment.score_explanation WHERE lead_id = 5;
-- as of a time before it was made it does not count
INSERT INTO adjustment.lead (id, contact_name, email) VALUES (4, 'Old', 'old@example.com');
INSERT INTO adjustment.score_adjustment (lead_id, points, reason, created_at) VALUES
  (4, 10, 'from the old system', now() - interval '2 years'), (4, 20, 'as well', now() - interval '1 year'), (4, 5, 'new', now());
SELECT ago, (lead_mgmt.score_at(l::record, now() - ago)).score
FROM adjustment.lead l, unnest(ARRAY['3 years', '18 months', '6 months', '0']::interval[]) WITH ORDINALITY a(ago, n) WHERE id = 4 ORDER BY n;
SELECT score, score_adjustment FROM adjustment.lead WHERE id = 4;
TABLE adjustment.wrong;
-- the table is not emptied but with all leads
TRUNCATE adjustment.score_adjustment;
SELECT id, score, score_adjustment FROM adjustment.lead ORDER BY id;
TABLE adjustment.wrong;
SET client_min_messages = warning;
TRUNCATE adjustment.lead CASCADE;
SELECT (SELECT count(*) FROM adjustment.lead) AS leads, (SELECT count(*) FROM adjustment.score_adjustment) AS corrections;
