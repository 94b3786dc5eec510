-- Points that decay: the same engagements in any order, read at any time, give
-- the textbook sum of points * 2 ^ (-age / half-life).
SET client_min_messages = warning;
SET TimeZone = 'UTC';
\set VERBOSITY terse
SELECT lead_mgmt.create_workspace('decay');

-- A rule a kind, of the same name, and no limits: the points show as they are.
DELETE FROM decay.score_rule;
UPDATE decay.score_dimension SET lowest = NULL, highest = NULL;
INSERT INTO decay.engagement_kind (name) VALUES ('hourly'), ('capped'), ('against'), ('for_ever');
INSERT INTO decay.score_rule (model_id, dimension, name, applies_to, condition, points, max_points, half_life)
SELECT m.id, 'behavioral', r.kind, 'engagement', 'kind = ' || quote_literal(r.kind), r.points, r.max_points, r.half_life
FROM decay.score_model m, (VALUES
  ('visit', 5, NULL, interval '14 days'),
  ('hourly', 0.333333, NULL, '1 hour'),
  ('capped', 10, 24.5, '7 days'),
  ('against', -8, 20, '3 days'),
  ('for_ever', 1.25, NULL, NULL)) AS r (kind, points, max_points, half_life)
WHERE m.state = 'active';

-- The textbook, over the raw tables.  2 ^ -1000 is nothing; PostgreSQL calls
-- what is less an error.
CREATE FUNCTION decay.textbook(lead_id bigint, t timestamptz) RETURNS float8 LANGUAGE sql AS $$
  SELECT coalesce(sum(greatest(least(r.total, r.most), -r.most)), 0) FROM (
    SELECT r.max_points::float8 AS most, sum(r.points::float8 * CASE
        WHEN r.half_life IS NULL THEN 1
        WHEN extract(epoch FROM t - e.at) / extract(epoch FROM r.half_life) > 1000 THEN 0
        ELSE power(2::float8, (- extract(epoch FROM t - e.at) / extract(epoch FROM r.half_life))::float8) END) AS total
    FROM decay.engagement e JOIN decay.score_rule r ON r.name = e.kind AND r.active
    WHERE e.lead_id = textbook.lead_id AND e.at <= t
    GROUP BY r.id, r.max_points) r $$;

-- When it began, and the times that are asked about: three are to come, two are past.
CREATE TABLE decay.base AS SELECT now() AS at;
CREATE VIEW decay.instant AS
SELECT i.name, b.at + i.after AS at FROM decay.base b, (VALUES
  (1, 'a week ago', interval '-7 days'), (2, 'an hour ago', '-1 hour'), (3, 'in a minute', '1 minute'),
  (4, 'in 10 days', '10 days'), (5, 'in a year', '1 year')) AS i (n, name, after) ORDER BY i.n;
CREATE VIEW decay.compared AS
SELECT l.contact_name AS lead, i.name AS instant, abs(s.behavioral_score - decay.textbook(l.id, i.at)::numeric) < 1e-9 AS as_textbook,
  s.behavioral_score, decay.textbook(l.id, i.at) AS textbook
FROM decay.lead l CROSS JOIN decay.instant i CROSS JOIN LATERAL lead_mgmt.score_at(l, i.at) s;

-- ---- Three orders of arrival ------------------------------------------------------------

-- 500 engagements of all kinds within 60 days, some at the same time
CREATE TABLE decay.history AS
SELECT i, (ARRAY['visit', 'hourly', 'capped', 'against', 'for_ever', 'email_open'])[1 + i * 7 % 6] AS kind,
  b.at - interval '60 days' * ((i * 7919 % 480) / 480.0) - interval '0.123457 seconds' * (i % 3) - interval '1 second' AS at
FROM decay.base b, generate_series(1, 500) i;
INSERT INTO decay.lead (id, contact_name, email) VALUES
  (1, 'oldest first', 'a@example.com'), (2, 'newest first', 'b@example.com'), (3, 'in any order', 'c@example.com'),
  (4, 'all at once', 'd@example.com'), (5, 'in parts', 'e@example.com');
DO $$
DECLARE h record;
BEGIN
  FOR h IN SELECT * FROM decay.history ORDER BY at, i LOOP
    INSERT INTO decay.engagement (lead_id, kind, at) VALUES (1, h.kind, h.at);
  END LOOP;
  FOR h IN SELECT * FROM decay.history ORDER BY at DESC, i LOOP
    INSERT INTO decay.engagement (lead_id, kind, at) VALUES (2, h.kind, h.at);
  END LOOP;
  FOR h IN SELECT * FROM decay.history ORDER BY md5(i::text) LOOP
    INSERT INTO decay.engagement (lead_id, kind, at) VALUES (3, h.kind, h.at);
  END LOOP;
END $$;
INSERT INTO decay.engagement (lead_id, kind, at) SELECT 4, kind, at FROM decay.history;
INSERT INTO decay.engagement (lead_id, kind, at) SELECT 5, kind, at FROM decay.history WHERE i % 2 = 1 ORDER BY at DESC;
INSERT INTO decay.engagement (lead_id, kind, at) SELECT 5, kind, at FROM decay.history WHERE i % 2 = 0 ORDER BY at;

SELECT lead, instant, as_textbook FROM decay.compared ORDER BY lead, instant;
-- the order makes no difference, and there is something to differ
SELECT instant, max(behavioral_score) - min(behavioral_score) < 1e-9 AS same, min(behavioral_score) <> 0 AS something,
  count(*) AS leads
FROM decay.compared GROUP BY instant ORDER BY instant;
SELECT count(DISTINCT round(behavioral_score, 6)) AS different_values FROM decay.compared WHERE lead = 'all at once';
-- what is stored is the value as of scored_at, and the newest engagement is known
SELECT id, abs(behavioral_score - decay.textbook(id, scored_at)::numeric) < 1e-9 AS as_textbook,
  last_engaged_at = (SELECT max(at) FROM decay.history) AS newest_known
FROM decay.lead ORDER BY id;
-- and what is live is the value as of now()
SELECT count(*) AS leads, bool_and(abs(behavioral_score - decay.textbook(id, now())::numeric) < 1e-9) AS as_textbook FROM decay.lead_now;
-- the explanation is the textbook too, rule by rule: what was given, and what is left
SELECT x.rule, x.times, x.given, h.times AS expected, x.first_at = h.first_at AND x.last_at = h.last_at AS when_it_was,
  abs(x.points - greatest(least(h.total, r.max_points), -r.max_points)) < 1e-9 AS as_textbook
FROM decay.score_explanation x JOIN decay.lead l ON l.id = x.lead_id JOIN decay.score_rule r ON r.id = x.rule_id
CROSS JOIN LATERAL (
  SELECT count(*) AS times, min(e.at) AS first_at, max(e.at) AS last_at, sum(r.points * CASE
    WHEN r.half_life IS NULL THEN 1
    WHEN l.scored_at - e.at > r.half_life * 1000 THEN 0
    ELSE power(2::float8, (- extract(epoch FROM l.scored_at - e.at) / extract(epoch FROM r.half_life))::float8)::numeric END) AS total
  FROM decay.engagement e WHERE e.lead_id = l.id AND e.kind = r.name) h
WHERE l.id = 3 ORDER BY x.rule;

-- ---- Limits of a rule -------------------------------------------------------------------

-- Not what arrives is limited, but what is left: four of 10 points are 24.5 for a
-- while, and have decayed to less than that within a week.
INSERT INTO decay.lead (id, contact_name, email) VALUES (10, 'capped', 'f@example.com'), (11, 'against', 'g@example.com');
INSERT INTO decay.engagement (lead_id, kind, at) SELECT 10, 'capped', b.at - interval '1 second' FROM decay.base b, generate_series(1, 4);
INSERT INTO decay.engagement (lead_id, kind, at) SELECT 11, 'against', b.at - interval '1 second' FROM decay.base b, generate_series(1, 4);
SELECT l.contact_name, a.days, round(s.behavioral_score, 3) AS points, s.score,
  abs(s.behavioral_score - decay.textbook(l.id, b.at + a.days * interval '1 day')::numeric) < 1e-9 AS as_textbook
FROM decay.base b, decay.lead l, (VALUES (1), (4), (6), (7), (14), (400)) AS a (days),
  LATERAL lead_mgmt.score_at(l, b.at + a.days * interval '1 day') s
WHERE l.id IN (10, 11) ORDER BY l.id, a.days;
-- a fifth one adds nothing now, and lasts longer
CREATE TABLE decay.before AS SELECT s.* FROM decay.lead l, decay.base b, lead_mgmt.score_at(l, b.at + interval '14 days') s WHERE l.id = 10;
INSERT INTO decay.engagement (lead_id, kind, at) SELECT 10, 'capped', b.at - interval '20 days' FROM decay.base b;
SELECT round(l.behavioral_score, 3) AS now, s.behavioral_score > p.behavioral_score AS more_later
FROM decay.lead l, decay.base b, decay.before p, lead_mgmt.score_at(l, b.at + interval '14 days') s WHERE l.id = 10;

-- ---- Changed and deleted -----------------------------------------------------------------

UPDATE decay.engagement SET at = at - interval '5 days 3 hours' WHERE lead_id = 1 AND kind = 'visit' AND id % 2 = 0;
UPDATE decay.engagement SET kind = 'email_open' WHERE lead_id = 2 AND kind = 'hourly';
UPDATE decay.engagement SET kind = 'against' WHERE lead_id = 3 AND kind = 'for_ever' AND id % 3 = 0;
DELETE FROM decay.engagement WHERE lead_id = 4 AND at > (SELECT at - interval '10 days' FROM decay.base);
UPDATE decay.engagement SET lead_id = 1 WHERE lead_id = 5 AND kind = 'capped';
SELECT lead, bool_and(as_textbook) AS as_textbook, count(*) AS instants FROM decay.compared WHERE lead NOT IN ('capped', 'against') GROUP BY lead ORDER BY lead;
SELECT id, last_engaged_at = (SELECT max(at) FROM decay.engagement e WHERE e.lead_id = l.id) AS newest_known FROM decay.lead l ORDER BY id;
-- and more arrives after that
INSERT INTO decay.engagement (lead_id, kind, at) SELECT l.id, h.kind, h.at - interval '30 days' FROM decay.history h, decay.lead l WHERE h.i <= 20 ORDER BY h.i DESC;
SELECT count(*) AS compared, bool_and(as_textbook) AS as_textbook FROM decay.compared;
-- of nothing nothing is left, not even an error of rounding
DELETE FROM decay.engagement WHERE lead_id IN (4, 10);
SELECT id, behavioral_score, score, last_engaged_at, (SELECT count(*) FROM decay.score_state s WHERE s.lead_id = l.id AND s.rule_id <> '{}') AS sums
FROM decay.lead l WHERE id IN (4, 10) ORDER BY id;

-- ---- Other rules ----------------------------------------------------------------------------

UPDATE decay.score_rule SET half_life = half_life * 3 WHERE name IN ('visit', 'hourly');
UPDATE decay.score_rule SET half_life = NULL WHERE name = 'against';
UPDATE decay.score_rule SET half_life = '1 year' WHERE name = 'for_ever';
-- without a rescore an engagement brings its lead up to date, with all of its history
INSERT INTO decay.engagement (lead_id, kind, at) SELECT 1, 'visit', at - interval '1 day' FROM decay.base;
SELECT id, abs(behavioral_score - decay.textbook(id, scored_at)::numeric) < 1e-9 AS as_textbook FROM decay.lead WHERE id IN (1, 2) ORDER BY id;
SELECT count(*) > 0 AS audit_knows FROM decay.score_audit;
CALL lead_mgmt.rescore('decay');
SELECT count(*) AS leads, bool_and(abs(behavioral_score - decay.textbook(id, scored_at)::numeric) < 1e-9) AS as_textbook FROM decay.lead;
SELECT count(*) AS compared, bool_and(as_textbook) AS as_textbook FROM decay.compared;
SELECT count(*) AS audit FROM decay.score_audit;

-- ---- Ten years with a half-life of an hour ------------------------------------------------

-- Were the sum kept as of the beginning, the weight of what is new would be
-- 2 ^ 87600; kept as of the end, that of the beginning is nothing.
UPDATE decay.score_rule SET half_life = '1 hour' WHERE name = 'hourly';
CALL lead_mgmt.rescore('decay');
INSERT INTO decay.lead (id, contact_name, email) VALUES (20, 'ten years', 'h@example.com'), (21, 'ten years back', 'i@example.com'),
  (22, 'ten years late', 'j@example.com');
CREATE TABLE decay.decade AS
SELECT i, b.at - interval '1 second' - i * interval '6 hours' AS at FROM decay.base b, generate_series(0, 14600) i;
INSERT INTO decay.engagement (lead_id, kind, at) SELECT 20, 'hourly', at FROM decay.decade ORDER BY i DESC;
INSERT INTO decay.engagement (lead_id, kind, at) SELECT 21, 'hourly', at FROM decay.decade ORDER BY i;
-- the recent ones come first, each in a statement of its own, then all that is old
INSERT INTO decay.engagement (lead_id, kind, at) SELECT 22, 'hourly', at FROM decay.decade WHERE i = 0;
INSERT INTO decay.engagement (lead_id, kind, at) SELECT 22, 'hourly', at FROM decay.decade WHERE i = 1;
INSERT INTO decay.engagement (lead_id, kind, at) SELECT 22, 'hourly', at FROM decay.decade WHERE i = 14600;
INSERT INTO decay.engagement (lead_id, kind, at) SELECT 22, 'hourly', at FROM decay.decade WHERE i BETWEEN 2 AND 14599;
SELECT lead, count(*) AS instants, bool_and(as_textbook) AS as_textbook FROM decay.compared WHERE lead LIKE 'ten years%' GROUP BY lead ORDER BY lead;
-- as of the newest: a third of a point, 1/64 of that from six hours before, and so on
SELECT l.id, round(s.behavioral_score, 6) AS points FROM decay.base b, decay.lead l, lead_mgmt.score_at(l, b.at - interval '1 second') s
WHERE l.id BETWEEN 20 AND 22 ORDER BY l.id;
-- the sums of ten years take the space of those of a day
SELECT lead_id, cardinality(rule_id) AS rules, times, level[1] BETWEEN 1 AND 1.02 AS sound FROM decay.score_state WHERE lead_id BETWEEN 20 AND 22 ORDER BY 1;
-- fifty years without a word, then one more
INSERT INTO decay.lead (id, contact_name, email) VALUES (23, 'a gap', 'k@example.com');
INSERT INTO decay.engagement (lead_id, kind, at) SELECT 23, 'hourly', at - interval '50 years' FROM decay.base, generate_series(1, 1000);
SELECT behavioral_score FROM decay.lead WHERE id = 23;
INSERT INTO decay.engagement (lead_id, kind, at) SELECT 23, 'hourly', at - interval '1 second' FROM decay.base;
SELECT instant, as_textbook, behavioral_score > 0 AS something FROM decay.compared WHERE lead = 'a gap' ORDER BY instant;
-- the last day that there is
SELECT s.behavioral_score, s.score FROM decay.lead l, lead_mgmt.score_at(l, '294276-12-31 23:59:59') s WHERE l.id = 20;
SELECT s.behavioral_score, s.score FROM decay.lead l, lead_mgmt.score_at(l, '1900-01-01') s WHERE l.id = 20;

-- ---- What cannot be --------------------------------------------------------------------------

SELECT s.score FROM decay.lead l, lead_mgmt.score_at(l, 'infinity') s WHERE l.id = 20;
UPDATE decay.score_rule SET half_life = '0' WHERE name = 'visit';
UPDATE decay.score_rule SET half_life = '-1 hour' WHERE name = 'visit';
UPDATE decay.score_rule SET applies_to = 'lead', condition = NULL WHERE name = 'visit';
INSERT INTO decay.engagement (lead_id, kind, at) VALUES (1, 'visit', now() + interval '1 hour');
INSERT INTO decay.engagement (lead_id, kind, at) VALUES (1, 'visit', 'infinity');
INSERT INTO decay.engagement (lead_id, kind, at) VALUES (1, 'visit', '-infinity');
UPDATE decay.engagement SET at = now() + interval '1 hour' WHERE lead_id = 23;
SELECT count(*) AS audit FROM decay.score_audit;
SELECT count(*) AS leads, bool_and(x.points = l.score) AS explained FROM decay.lead l
JOIN (SELECT lead_id, sum(points) AS points FROM decay.score_explanation GROUP BY lead_id) x ON x.lead_id = l.id;

DROP SCHEMA decay CASCADE;
