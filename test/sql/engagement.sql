--
-- Engagements: what may be written, what the rules give for it, decay, that
-- any history ends at the same sums, and leads that become ready for sales.
--
SET client_encoding = 'UTF8';
\set SHOW_CONTEXT never
\pset format unaligned
\pset null '-'
SELECT lead_mgmt.create_workspace('engagement', 'empty');
INSERT INTO engagement.engagement_kind (name) VALUES ('open'), ('click'), ('visit'), ('form'), ('careers');
INSERT INTO engagement.grade (name, lowest) VALUES ('cold', 0), ('warm', 31), ('hot', 70);
INSERT INTO engagement.score_model (name, state) VALUES ('m', 'active');
INSERT INTO engagement.score_dimension (model_id, name, lowest, highest)
SELECT m.id, d.name, d.lowest, d.highest FROM engagement.score_model m, (VALUES
  ('demographic', 0, 40), ('behavioral', -10, 60), ('luck', NULL, NULL)) d(name, lowest, highest);
INSERT INTO engagement.lead (id, contact_name, email)
SELECT i, 'Lead ' || i, 'lead' || i || '@example.com' FROM generate_series(1, 9) i;

-- rule(name, applies_to, dimension, points, condition, max_points, half_life)
CREATE PROCEDURE pg_temp.rule(name text, applies_to text, dimension text, points numeric, condition text,
  max_points numeric DEFAULT NULL, half_life interval DEFAULT NULL) LANGUAGE sql AS $$
  INSERT INTO engagement.score_rule (model_id, name, applies_to, dimension, points, condition, max_points, half_life)
  SELECT m.id, rule.name, rule.applies_to, rule.dimension, rule.points, rule.condition, rule.max_points, rule.half_life
  FROM engagement.score_model m WHERE m.state = 'active'
$$;

-- The textbook: what plain SQL makes of the tables as of a time, for one lead or all.
CREATE FUNCTION pg_temp.textbook(at timestamptz, lead bigint DEFAULT NULL, OUT id bigint, OUT demographic float8, OUT behavioral float8,
  OUT adjustment float8, OUT total float8, OUT score int, OUT grade text, OUT last_engaged_at timestamptz)
RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
  points text;
BEGIN
  SELECT string_agg(format(CASE r.applies_to WHEN 'lead' THEN
      'SELECT id AS lead_id, %1$L AS dimension, least(greatest(%2$s::float8, -%3$s), %3$s) AS points
       FROM engagement.lead WHERE (%4$s) IS TRUE'
    ELSE
      'SELECT lead_id, %1$L, least(greatest(sum(%2$s * %5$s), -%3$s), %3$s)
       FROM engagement.engagement WHERE at <= $1 AND lead_id = coalesce($2, lead_id) AND (%4$s) IS TRUE GROUP BY lead_id' END,
      r.dimension, r.points, coalesce(r.max_points::text, '''infinity''::float8'), coalesce(r.condition, 'true'),
      CASE WHEN r.half_life IS NULL THEN '1::float8'
        ELSE format('2 ^ greatest(-extract(epoch FROM $1 - at) / %s, -1000)::float8', extract(epoch FROM r.half_life)) END), ' UNION ALL ')
  INTO points FROM engagement.score_rule r JOIN engagement.score_model m ON m.id = r.model_id
  WHERE m.state = 'active' AND r.active;
  RETURN QUERY EXECUTE format($q$
    WITH p AS (SELECT NULL::bigint AS lead_id, '' AS dimension, 0::float8 AS points UNION ALL %s),
    s AS (SELECT l.id, d.name, least(greatest(coalesce((SELECT sum(p.points) FROM p WHERE p.lead_id = l.id AND p.dimension = d.name), 0),
        coalesce(d.lowest, '-infinity')), coalesce(d.highest, 'infinity'))::float8 AS points
      FROM engagement.lead l CROSS JOIN engagement.score_dimension d JOIN engagement.score_model m ON m.id = d.model_id AND m.state = 'active'),
    t AS (SELECT l.id, (SELECT s.points FROM s WHERE s.id = l.id AND s.name = 'demographic') AS demographic,
        (SELECT s.points FROM s WHERE s.id = l.id AND s.name = 'behavioral') AS behavioral,
        (SELECT coalesce(sum(a.points), 0) FROM engagement.score_adjustment a WHERE a.lead_id = l.id AND a.created_at <= $1)::float8 AS adjustment,
        (SELECT sum(s.points) FROM s WHERE s.id = l.id) AS points
      FROM engagement.lead l WHERE l.id = coalesce($2, l.id)),
    u AS (SELECT t.*, least(greatest(t.adjustment + t.points, 0), 100) AS total FROM t)
    SELECT u.id, u.demographic, u.behavioral, u.adjustment, u.total, floor(u.total + 0.5)::int,
      (SELECT g.name FROM engagement.grade g WHERE g.lowest <= floor(u.total + 0.5) ORDER BY g.lowest DESC LIMIT 1),
      (SELECT max(e.at) FROM engagement.engagement e WHERE e.lead_id = u.id AND e.at <= $1)
    FROM u $q$, points) USING at, lead;
END $$;
-- Leads that are not what the textbook says as of scored_at, that the
-- explanation does not explain, and that the audit finds: always 0.
CREATE FUNCTION pg_temp.wrong(OUT differs bigint, OUT unexplained bigint, OUT audit bigint) LANGUAGE sql AS $$
  SELECT (SELECT count(*) FROM engagement.lead l, pg_temp.textbook(l.scored_at, l.id) t
      WHERE ((l.score, l.grade, l.last_engaged_at) IS DISTINCT FROM (t.score, t.grade, t.last_engaged_at)
        OR abs(l.behavioral_score - t.behavioral) > 1e-9 OR abs(l.demographic_score - t.demographic) > 1e-9
        OR abs(l.score_adjustment - t.adjustment) > 1e-9)),
    (SELECT count(*) FROM engagement.lead l
      WHERE l.score <> (SELECT coalesce(sum(e.points), 0) FROM engagement.score_explanation e WHERE e.lead_id = l.id)),
    (SELECT count(*) FROM engagement.score_audit)
$$;

-- What a refusal says
CREATE FUNCTION pg_temp.refused(statement text, OUT code text, OUT message text, OUT detail text, OUT hint text,
  OUT "constraint" text, OUT "table" text, OUT "column" text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  message := 'NOT REFUSED';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
    hint = PG_EXCEPTION_HINT, "constraint" = CONSTRAINT_NAME, "table" = TABLE_NAME, "column" = COLUMN_NAME;
END $$;
-- What a lead is worth
CREATE FUNCTION pg_temp.worth(lead bigint, OUT behavioral numeric, OUT score int, OUT grade text) LANGUAGE sql AS $$
  SELECT l.behavioral_score, l.score, l.grade FROM engagement.lead l WHERE l.id = lead
$$;

--
-- 1. What may be written
--
INSERT INTO engagement.engagement (lead_id, kind) VALUES (1, 'open')
RETURNING lead_id, kind, at BETWEEN now() AND clock_timestamp() AS at_now, url, asset, campaign, properties, submission_id;
INSERT INTO engagement.engagement (lead_id, kind, at) VALUES (1, 'open', NULL) RETURNING at IS NOT NULL AS now_as_well;
INSERT INTO engagement.engagement (lead_id, kind, at) VALUES (1, 'open', '1999-12-31 23:59+00') RETURNING at = '1999-12-31 23:59+00' AS as_given;
\x
SELECT * FROM pg_temp.refused($$INSERT INTO engagement.engagement (lead_id, kind) VALUES (1, 'Open')$$);
SELECT code, message, regexp_replace(detail, '\d{4}-.*', 'a time.') AS detail, hint, "constraint", "table", "column"
FROM pg_temp.refused($$INSERT INTO engagement.engagement (lead_id, kind, at) VALUES (1, 'open', now() + interval '1 hour')$$);
\x
SELECT s AS statement, r.code, r.message, r."constraint" FROM unnest(ARRAY[
  $$INSERT INTO engagement.engagement (lead_id, kind, at) VALUES (1, 'open', 'infinity')$$,
  $$INSERT INTO engagement.engagement (lead_id, kind, at) VALUES (1, 'open', '-infinity')$$,
  $$INSERT INTO engagement.engagement (lead_id, kind) VALUES (1, NULL)$$,
  $$INSERT INTO engagement.engagement (lead_id, kind) VALUES (NULL, 'open')$$,
  $$INSERT INTO engagement.engagement (lead_id, kind) VALUES (99, 'open')$$,
  $$INSERT INTO engagement.engagement (lead_id, kind) VALUES (2, 'open'), (2, 'close')$$,
  $$UPDATE engagement.engagement SET kind = 'close'$$,
  $$UPDATE engagement.engagement SET at = now() + interval '1 hour'$$,
  $$UPDATE engagement.engagement SET lead_id = 99$$,
  $$INSERT INTO engagement.engagement_kind (name) VALUES (' ')$$,
  $$DELETE FROM engagement.engagement_kind WHERE name = 'open'$$]) s, pg_temp.refused(s) r;
SELECT count(*), bool_and(lead_id = 1 AND kind = 'open') AS as_they_were FROM engagement.engagement;
-- a kind can be used as soon as it is there
INSERT INTO engagement.engagement_kind (name) VALUES ('call');
INSERT INTO engagement.engagement (lead_id, kind) VALUES (1, 'call') RETURNING kind;
DELETE FROM engagement.engagement_kind WHERE name = 'call';
DELETE FROM engagement.engagement WHERE kind = 'call';
DELETE FROM engagement.engagement_kind WHERE name = 'call';
INSERT INTO engagement.engagement (lead_id, kind) VALUES (1, 'call') RETURNING kind;

--
-- 2. A submission counts once
--
\set QUIET off
INSERT INTO engagement.engagement (lead_id, kind, submission_id) VALUES (2, 'form', '00000000-0000-0000-0000-000000000001');
INSERT INTO engagement.engagement (lead_id, kind, submission_id) VALUES (2, 'form', '00000000-0000-0000-0000-000000000001');
INSERT INTO engagement.engagement (lead_id, kind, submission_id) VALUES (3, 'open', '00000000-0000-0000-0000-000000000001') RETURNING id;
-- in one statement, and beside others that are new or have none
INSERT INTO engagement.engagement (lead_id, kind, submission_id) VALUES
  (2, 'form', '00000000-0000-0000-0000-000000000002'), (2, 'form', '00000000-0000-0000-0000-000000000002'),
  (2, 'form', '00000000-0000-0000-0000-000000000001'), (2, 'form', NULL), (2, 'form', NULL);
INSERT INTO engagement.engagement (lead_id, kind, submission_id) VALUES (2, 'form', '00000000-0000-0000-0000-000000000002') ON CONFLICT DO NOTHING;
-- what was rolled back or deleted was not seen
BEGIN;
INSERT INTO engagement.engagement (lead_id, kind, submission_id) VALUES (2, 'form', '00000000-0000-0000-0000-000000000003');
SAVEPOINT s;
INSERT INTO engagement.engagement (lead_id, kind, submission_id) VALUES (2, 'form', '00000000-0000-0000-0000-000000000003');
ROLLBACK;
INSERT INTO engagement.engagement (lead_id, kind, submission_id) VALUES (2, 'form', '00000000-0000-0000-0000-000000000003');
DELETE FROM engagement.engagement WHERE submission_id = '00000000-0000-0000-0000-000000000003';
INSERT INTO engagement.engagement (lead_id, kind, submission_id) VALUES (2, 'form', '00000000-0000-0000-0000-000000000003');
COPY engagement.engagement (lead_id, kind, submission_id) FROM stdin;
2	form	00000000-0000-0000-0000-000000000003
2	form	00000000-0000-0000-0000-000000000004
2	form	00000000-0000-0000-0000-000000000004
\.
\set QUIET on
-- an UPDATE that makes two of one is no repetition but a mistake
SELECT code, "constraint" FROM pg_temp.refused($$UPDATE engagement.engagement SET submission_id = '00000000-0000-0000-0000-000000000001'
  WHERE submission_id = '00000000-0000-0000-0000-000000000002'$$);
SELECT lead_id, count(*), count(submission_id) AS submissions, count(DISTINCT submission_id) AS different
FROM engagement.engagement GROUP BY lead_id ORDER BY lead_id;
DELETE FROM engagement.engagement;

--
-- 3. Rules over engagements
--
CALL pg_temp.rule('open', 'engagement', 'behavioral', 2, $$kind = 'open'$$, max_points => 5);
CALL pg_temp.rule('price list', 'engagement', 'behavioral', 10, $$kind = 'visit' AND url LIKE '%/pricing%'$$);
CALL pg_temp.rule('long visit', 'engagement', 'behavioral', 3, $$(properties->>'seconds')::int > 30$$);
CALL pg_temp.rule('white paper', 'engagement', 'luck', 4.5, $$asset ILIKE '%whitepaper%'$$, max_points => 9);
CALL pg_temp.rule('careers', 'engagement', 'behavioral', -6, $$kind = 'careers'$$, max_points => 15);
CALL pg_temp.rule('spring', 'engagement', 'luck', 0.25, $$campaign = 'spring'$$);
CALL pg_temp.rule('not any more', 'engagement', 'luck', 50, NULL);
UPDATE engagement.score_rule SET active = false WHERE name = 'not any more';
CALL pg_temp.rule('company', 'lead', 'demographic', 12, 'company_size > 50');
INSERT INTO engagement.lead (id, contact_name, email) SELECT i, 'Lead ' || i, 'lead' || i || '@example.com' FROM generate_series(101, 118) i;
INSERT INTO engagement.engagement (lead_id, kind, url, asset, campaign, properties)
SELECT v.lead_id, v.kind, v.url, v.asset, v.campaign, v.properties FROM (VALUES
  (101, 'open', NULL, NULL, NULL, NULL::jsonb, 1),            -- 2
  (102, 'open', NULL, NULL, NULL, NULL, 2),                   -- 4
  (103, 'open', NULL, NULL, NULL, NULL, 7),                   -- 14, of which 5
  (104, 'visit', 'https://example.com/pricing?x', NULL, NULL, NULL, 1), -- 10
  (105, 'visit', 'https://example.com/about', NULL, NULL, NULL, 1),
  (106, 'open', 'https://example.com/pricing', NULL, NULL, NULL, 1),
  (107, 'visit', '/pricing', NULL, NULL, '{"seconds": 31}', 1), -- two rules: 13
  (108, 'visit', NULL, NULL, NULL, '{"seconds": "45"}', 1),   -- 3
  (109, 'visit', NULL, NULL, NULL, '{"seconds": 30}', 1),
  (110, 'form', NULL, 'The WhitePaper', NULL, NULL, 1),       -- 4.5: 5
  (111, 'form', NULL, 'The WhitePaper', NULL, NULL, 3),       -- 13.5, of which 9
  (112, 'careers', NULL, NULL, NULL, NULL, 1),                -- -6
  (113, 'careers', NULL, NULL, NULL, NULL, 4),                -- -24, of which -15, of which -10
  (114, 'visit', '/pricing', NULL, NULL, NULL, 9),            -- 90, of which 60
  (115, 'open', NULL, NULL, 'spring', NULL, 2),               -- 4.5
  (116, 'click', NULL, NULL, 'spring', NULL, 1)               -- 0.25
) v(lead_id, kind, url, asset, campaign, properties, times), generate_series(1, v.times);
UPDATE engagement.lead SET company_size = 80 WHERE id IN (112, 113, 117);
SELECT l.id, l.demographic_score, w.* FROM engagement.lead l, pg_temp.worth(l.id) w WHERE l.id > 100 ORDER BY l.id;
SELECT lead_id, dimension, rule, points, given, times, first_at = last_at AS at_once, reason
FROM engagement.score_explanation WHERE lead_id IN (103, 107, 111, 113, 114) ORDER BY lead_id, dimension, rule COLLATE "C";
SELECT * FROM pg_temp.wrong();

-- a rule that fails on one: a warning and a line in the log, and the
-- engagement is there and counts by the other rules
INSERT INTO engagement.engagement (lead_id, kind, properties) VALUES (118, 'open', '{"seconds": "long"}'), (118, 'open', '{"seconds": 99}')
RETURNING kind;
SELECT * FROM pg_temp.worth(118);
SELECT rule_kind, rule, sqlstate, message FROM engagement.rule_failure;
DELETE FROM engagement.engagement WHERE lead_id = 118;

-- what a rule over engagements may not read, and what a rule over leads may not have
SELECT s AS statement, r.code, r.message, r.detail, r."constraint" FROM unnest(ARRAY[
  $$CALL pg_temp.rule('x', 'engagement', 'luck', 1, 'company_size > 5')$$,
  $$CALL pg_temp.rule('x', 'engagement', 'luck', 1, 'at > now()')$$,
  $$CALL pg_temp.rule('x', 'engagement', 'luck', 1, 'EXISTS (SELECT)')$$,
  $$CALL pg_temp.rule('x', 'lead', 'luck', 1, $c$kind = 'open'$c$)$$,
  $$CALL pg_temp.rule('x', 'lead', 'luck', 1, 'true', half_life => '1 day')$$,
  $$CALL pg_temp.rule('x', 'engagement', 'luck', 1, 'true', half_life => '0')$$,
  $$CALL pg_temp.rule('x', 'engagement', 'luck', 1, 'true', half_life => '-1 day')$$,
  $$UPDATE engagement.score_rule SET applies_to = 'lead' WHERE name = 'open'$$,
  $$UPDATE engagement.score_rule SET applies_to = 'person' WHERE name = 'open'$$]) s, pg_temp.refused(s) r;

--
-- 4. Any way of writing, any order: one history, one sum
--
-- a lead is written once a statement, however many engagements it has there
CREATE TABLE engagement.written (lead_id bigint);
CREATE FUNCTION engagement.written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO engagement.written VALUES (new.id); RETURN NULL; END $$;
CREATE TRIGGER written AFTER UPDATE ON engagement.lead FOR EACH ROW EXECUTE FUNCTION engagement.written();
INSERT INTO engagement.engagement (lead_id, kind, at, campaign)
SELECT 9 - i % 3, 'open', timestamptz '2024-05-01 00:00+00' + i * interval '1 minute', 'spring' FROM generate_series(1, 30) i;
SELECT lead_id, count(*) FROM engagement.written GROUP BY lead_id ORDER BY lead_id;
SELECT l.id, l.score, l.last_engaged_at AT TIME ZONE 'UTC' AS last_engaged_at FROM engagement.lead l WHERE l.id BETWEEN 7 AND 9 ORDER BY id;
TRUNCATE engagement.written;
-- the last one is the newest, not the one that came last
INSERT INTO engagement.engagement (lead_id, kind, at) VALUES (7, 'click', '2024-04-01 00:00+00'), (8, 'click', '2024-06-01 00:00+00');
SELECT l.id, l.last_engaged_at AT TIME ZONE 'UTC' AS last_engaged_at FROM engagement.lead l WHERE l.id BETWEEN 7 AND 9 ORDER BY id;
COPY engagement.engagement (lead_id, kind, at, url, properties) FROM stdin (FORMAT csv);
9,visit,2024-06-02 00:00+00,/pricing,"{""seconds"": 120}"
7,careers,2024-03-01 00:00+00,,
9,careers,2024-03-01 00:00+00,,
\.
SELECT l.id, w.*, l.last_engaged_at AT TIME ZONE 'UTC' AS last_engaged_at FROM engagement.lead l, pg_temp.worth(l.id) w WHERE l.id BETWEEN 7 AND 9 ORDER BY id;
SELECT * FROM pg_temp.wrong();
-- an engagement becomes another one, moves in time, and to another lead
UPDATE engagement.engagement SET kind = 'careers' WHERE lead_id = 8 AND kind = 'click';
SELECT * FROM pg_temp.worth(8);
UPDATE engagement.engagement SET at = at - interval '2 months' WHERE lead_id = 8 AND kind = 'careers';
SELECT last_engaged_at AT TIME ZONE 'UTC' AS last_engaged_at FROM engagement.lead WHERE id = 8;
TRUNCATE engagement.written;
UPDATE engagement.engagement SET lead_id = 6 WHERE lead_id = 9 AND kind = 'visit';
SELECT lead_id, count(*) FROM engagement.written GROUP BY lead_id ORDER BY lead_id;
SELECT l.id, w.*, l.last_engaged_at AT TIME ZONE 'UTC' AS last_engaged_at FROM engagement.lead l, pg_temp.worth(l.id) w WHERE l.id IN (6, 9) ORDER BY id;
-- upserts, MERGE, and several writes in one statement
BEGIN;
INSERT INTO engagement.engagement (id, lead_id, kind) VALUES (9001, 1, 'open'), (9002, 2, 'open'), (9003, 3, 'careers');
INSERT INTO engagement.engagement (id, lead_id, kind, url) VALUES (9001, 1, 'visit', '/pricing'), (9004, 1, 'open', NULL), (9002, 3, 'open', NULL)
ON CONFLICT (id) DO UPDATE SET kind = EXCLUDED.kind, lead_id = EXCLUDED.lead_id, url = EXCLUDED.url;
SELECT l.id, w.* FROM engagement.lead l, pg_temp.worth(l.id) w WHERE l.id <= 4 ORDER BY l.id;
SELECT * FROM pg_temp.wrong();
MERGE INTO engagement.engagement e USING (VALUES (9001, 'open'), (9002, NULL), (9005, 'open'), (9006, 'open')) v(id, kind) ON e.id = v.id
WHEN MATCHED AND v.kind IS NULL THEN DELETE
WHEN MATCHED THEN UPDATE SET kind = v.kind
WHEN NOT MATCHED THEN INSERT (id, lead_id, kind) VALUES (v.id, 4, v.kind);
SELECT l.id, w.* FROM engagement.lead l, pg_temp.worth(l.id) w WHERE l.id <= 4 ORDER BY l.id;
SELECT * FROM pg_temp.wrong();
WITH gone AS (DELETE FROM engagement.engagement WHERE lead_id = 4 RETURNING kind),
  come AS (INSERT INTO engagement.engagement (lead_id, kind) SELECT 2, kind FROM gone),
  corrected AS (INSERT INTO engagement.score_adjustment (lead_id, points, reason) VALUES (4, 3, 'lost some'), (2, 1, 'got some')),
  grown AS (UPDATE engagement.lead SET company_size = 80 WHERE id IN (3, 4) RETURNING id)
INSERT INTO engagement.engagement (lead_id, kind) SELECT id, 'open' FROM grown;
SELECT l.id, l.demographic_score, l.score_adjustment, w.* FROM engagement.lead l, pg_temp.worth(l.id) w WHERE l.id <= 4 ORDER BY l.id;
SELECT * FROM pg_temp.wrong();
-- users' triggers that write more of the same lead
CREATE FUNCTION engagement.more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF new.kind = 'form' THEN
    INSERT INTO engagement.engagement (lead_id, kind, url) VALUES (new.lead_id, 'visit', '/pricing');
    DELETE FROM engagement.engagement WHERE lead_id = new.lead_id AND kind = 'open';
    UPDATE engagement.lead SET company_size = 60 WHERE id = new.lead_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER more AFTER INSERT ON engagement.engagement FOR EACH ROW EXECUTE FUNCTION engagement.more();
INSERT INTO engagement.engagement (lead_id, kind) VALUES (1, 'form'), (2, 'form'), (2, 'open'), (1, 'form');
SELECT l.id, l.demographic_score, w.*, (SELECT string_agg(e.kind, ' ' ORDER BY e.kind COLLATE "C") FROM engagement.engagement e WHERE e.lead_id = l.id) AS did
FROM engagement.lead l, pg_temp.worth(l.id) w WHERE l.id <= 2 ORDER BY l.id;
SELECT * FROM pg_temp.wrong();
ROLLBACK;
-- a kind is renamed: rules that name it do not hold any more
UPDATE engagement.engagement SET properties = '{}' WHERE lead_id = 7;
UPDATE engagement.engagement_kind SET name = 'jobs' WHERE name = 'careers';
SELECT l.id, w.* FROM engagement.lead l, pg_temp.worth(l.id) w WHERE l.id IN (6, 7, 8, 9, 113) ORDER BY id;
UPDATE engagement.engagement_kind SET name = 'careers' WHERE name = 'jobs';
SELECT l.id, w.* FROM engagement.lead l, pg_temp.worth(l.id) w WHERE l.id IN (6, 7, 8, 9, 113) ORDER BY id;
SELECT * FROM pg_temp.wrong();
-- gone: some, those of a lead, all
DELETE FROM engagement.engagement WHERE kind = 'careers' OR at = '2024-05-01 00:30+00';
SELECT * FROM pg_temp.wrong();
DELETE FROM engagement.engagement WHERE lead_id = 6;
SELECT w.*, l.last_engaged_at FROM engagement.lead l, pg_temp.worth(l.id) w WHERE l.id = 6;
DELETE FROM engagement.lead WHERE id = 5;
INSERT INTO engagement.engagement (lead_id, kind) VALUES (4, 'open');
DELETE FROM engagement.lead WHERE id = 4;
SELECT (SELECT count(*) FROM engagement.engagement WHERE lead_id = 4) AS engagements, (SELECT count(*) FROM engagement.score_state WHERE lead_id = 4) AS states;
BEGIN;
TRUNCATE engagement.engagement;
SELECT count(*) FILTER (WHERE behavioral_score <> 0 OR last_engaged_at IS NOT NULL) AS left_over, count(*) FILTER (WHERE score = 12) AS profile_alone FROM engagement.lead;
SELECT * FROM pg_temp.wrong();
ROLLBACK;
SELECT count(*) FILTER (WHERE behavioral_score <> 0) > 5 AS back FROM engagement.lead;
SELECT * FROM pg_temp.wrong();
-- a writer's own value is no engagement
UPDATE engagement.lead SET last_engaged_at = now(), behavioral_score = 50, score_adjustment = 10 WHERE id = 1 RETURNING last_engaged_at, behavioral_score, score_adjustment;
DROP TRIGGER written ON engagement.lead;
-- what a user's trigger leaves out did not happen, what it changes is what counts
CREATE FUNCTION engagement.clean() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF new.campaign = 'bot' THEN RETURN NULL; END IF;
  new.kind := lower(new.kind);
  RETURN new;
END $$;
CREATE TRIGGER clean BEFORE INSERT ON engagement.engagement FOR EACH ROW EXECUTE FUNCTION engagement.clean();
INSERT INTO engagement.engagement (lead_id, kind, campaign) VALUES (1, 'OPEN', NULL), (1, 'OPEN', 'bot'), (1, 'Careers', 'bot');
SELECT * FROM pg_temp.worth(1);
DROP TRIGGER clean ON engagement.engagement;

--
-- 5. Rules that change count from the next engagement of a lead on
--
UPDATE engagement.score_rule SET points = 7, max_points = NULL WHERE name = 'open';
SELECT count(*) > 0 AS audit_says_so FROM engagement.score_audit;
INSERT INTO engagement.engagement (lead_id, kind) VALUES (1, 'click');
SELECT * FROM pg_temp.worth(1);
CALL pg_temp.rule('click', 'engagement', 'luck', 1, $$kind = 'click'$$);
INSERT INTO engagement.engagement (lead_id, kind) VALUES (1, 'click');
SELECT * FROM pg_temp.worth(1);
DELETE FROM engagement.score_rule WHERE name IN ('click', 'open');
INSERT INTO engagement.engagement (lead_id, kind) VALUES (1, 'click');
SELECT * FROM pg_temp.worth(1);
CALL lead_mgmt.rescore('engagement');
SELECT * FROM pg_temp.wrong();

--
-- 6. Decay
--
DELETE FROM engagement.engagement;
DELETE FROM engagement.score_rule;
CALL pg_temp.rule('visit', 'engagement', 'luck', 8, $$kind = 'visit'$$, half_life => '10 days');
CALL pg_temp.rule('click', 'engagement', 'behavioral', 1.5, $$kind = 'click'$$, max_points => 4, half_life => '1 hour');
CALL pg_temp.rule('careers', 'engagement', 'luck', -5, $$kind = 'careers'$$, half_life => '1 month');
CALL pg_temp.rule('form', 'engagement', 'behavioral', 10, $$kind = 'form'$$);
CALL pg_temp.rule('open', 'engagement', 'luck', 20, $$kind = 'open'$$, half_life => '1 hour');
-- the same sixty engagements of three leads, in three orders, in one statement or in sixty
CREATE TEMP TABLE history AS
SELECT i, (ARRAY['visit', 'click', 'careers', 'form'])[1 + i % 4] AS kind, now() - i * i * interval '20 minutes' AS at FROM generate_series(1, 60) i;
INSERT INTO engagement.engagement (lead_id, kind, at) SELECT 1, kind, at FROM history ORDER BY i;
DO $$
DECLARE h record;
BEGIN
  FOR h IN SELECT * FROM history ORDER BY i DESC LOOP
    INSERT INTO engagement.engagement (lead_id, kind, at) VALUES (2, h.kind, h.at);
  END LOOP;
  FOR h IN SELECT * FROM history ORDER BY i * 37 % 61 LOOP
    INSERT INTO engagement.engagement (lead_id, kind, at) VALUES (3, h.kind, h.at);
  END LOOP;
END $$;
-- points of ten years ago are gone, those of just now are not
INSERT INTO engagement.engagement (lead_id, kind, at)
SELECT 6, 'open', now() - i * interval '1 day' FROM generate_series(0, 3650) i ORDER BY i * 17 % 3659;
SELECT * FROM pg_temp.wrong();
SELECT after, count(*) AS leads, bool_and(abs(s.behavioral_score - t.behavioral) < 1e-9) AS behavioral,
  bool_and(s.score = t.score AND s.grade = t.grade) AS score, count(DISTINCT s.score) > 1 AS others
FROM unnest(ARRAY['0', '1 minute', '1 hour', '5 days', '1 year', '100 years', '-3 hours', '-1 day', '-2 weeks']::interval[]) WITH ORDINALITY a(after, n),
  engagement.lead l, LATERAL lead_mgmt.score_at(l::record, l.scored_at + after) s,
  LATERAL pg_temp.textbook(l.scored_at + after, l.id) t WHERE l.id IN (1, 2, 3, 6) GROUP BY n, after ORDER BY n;
SELECT bool_and(abs(e.points - x.points) < 1e-9) AS points, bool_and(abs(e.given - x.given) < 1e-9) AS given, bool_and(e.times = x.times) AS times,
  bool_and(e.first_at = x.first_at AND e.last_at = x.last_at) AS first_and_last, count(*)
FROM engagement.lead l JOIN engagement.score_explanation e ON e.lead_id = l.id
JOIN (SELECT e.lead_id, r.id, count(*) AS times, min(e.at) AS first_at, max(e.at) AS last_at, sum(r.points) AS given,
    least(sum(r.points * 2 ^ greatest(-extract(epoch FROM l.scored_at - e.at) / coalesce(extract(epoch FROM r.half_life), 'infinity'), -1000)::float8), coalesce(r.max_points, 'infinity')) AS points
  FROM engagement.engagement e JOIN engagement.lead l ON l.id = e.lead_id JOIN engagement.score_rule r ON r.condition = format('kind = %L', e.kind)
  GROUP BY e.lead_id, r.id) x ON (x.lead_id, x.id) = (e.lead_id, e.rule_id);
-- read now
SELECT bool_and(n.scored_at = now() AND n.score = t.score AND n.grade = t.grade AND abs(n.behavioral_score - t.behavioral) < 1e-9) AS as_of_now, count(*)
FROM engagement.lead_now n JOIN pg_temp.textbook(now()) t USING (id);
SELECT code, message FROM pg_temp.refused($$SELECT lead_mgmt.score_at(l::record, 'infinity') FROM engagement.lead l$$);
SELECT code, message FROM pg_temp.refused($$SELECT lead_mgmt.score_at(ROW(1, 2), now())$$);

-- until when the grade holds: where x * 2 ^ (-age / half-life) rounds to less
DELETE FROM engagement.engagement;
DELETE FROM engagement.score_rule;
CALL pg_temp.rule('visit', 'engagement', 'luck', 40, $$kind = 'visit'$$, half_life => '10 days');
CALL pg_temp.rule('careers', 'engagement', 'luck', -40, $$kind = 'careers'$$, half_life => '1 day');
CALL pg_temp.rule('form', 'engagement', 'luck', 20, $$kind = 'form'$$);
INSERT INTO engagement.engagement (lead_id, kind, at) VALUES
  (101, 'visit', now() - interval '1 day'), (101, 'visit', now() - interval '1 day'),	-- hot until 80 * 2 ^ -x < 69.5
  (102, 'visit', now() - interval '1 day'),	-- warm until 40 * 2 ^ -x < 30.5
  (103, 'visit', now() - interval '11 days'),	-- cold for good
  (104, 'form', now()), (104, 'form', now()),	-- warm, and nothing decays
  (105, 'form', now()), (105, 'form', now()), (105, 'careers', now()),	-- cold until 40 - 40 * 2 ^ -x >= 30.5
  (106, 'form', now()), (106, 'visit', now() - interval '1 day'), (106, 'careers', now() - interval '1 day'),	-- rises, and falls in the end
  (107, 'form', now());
SELECT n.id, n.grade, n.grade_until IS NULL AS for_good, e.days IS NULL AS expected,
  abs(extract(epoch FROM n.grade_until - (n.last_engaged_at + e.days * interval '1 day'))) < 0.01 AS as_computed
FROM engagement.lead_now n JOIN (VALUES (101, 10 * log(2, 80 / 69.5)), (102, 10 * log(2, 40 / 30.5)), (103, NULL), (104, NULL),
  (105, log(2, 40 / 9.5)), (107, NULL)) e(id, days) ON e.id = n.id ORDER BY n.id;
-- just before it is what it was, just after it is not
SELECT n.id, n.grade, (lead_mgmt.score_at(l::record, n.grade_until - interval '1 ms')).grade AS before, (lead_mgmt.score_at(l::record, n.grade_until)).grade AS after
FROM engagement.lead_now n JOIN engagement.lead l USING (id) WHERE n.grade_until IS NOT NULL ORDER BY n.id;

--
-- 7. Ready for sales
--
DELETE FROM engagement.engagement;
DELETE FROM engagement.lead;
DELETE FROM engagement.score_rule;
UPDATE engagement.setting SET sales_ready_score = 50;
CALL pg_temp.rule('form', 'engagement', 'luck', 30, $$kind = 'form'$$);
CALL pg_temp.rule('visit', 'engagement', 'luck', 60, $$kind = 'visit'$$, half_life => '1 day');
CALL pg_temp.rule('company', 'lead', 'demographic', 10, 'company_size > 50');
CALL pg_temp.rule('chief', 'lead', 'demographic', 40, $$job_title = 'Chief'$$);
CALL pg_temp.rule('boss', 'lead', 'luck', 15, $$job_title = 'Chief'$$);
INSERT INTO engagement.rep (id, name) VALUES (1, 'Ana');
INSERT INTO engagement.assignment_rule (position, name, condition, method) VALUES (1, 'ready', 'score >= 50', 'round_robin');
INSERT INTO engagement.lead (id, contact_name, email, owner_id) VALUES (1, 'Kim', 'kim@example.com', NULL), (2, 'Lee', 'lee@example.com', NULL)
RETURNING id, score, owner_id;
-- events so far, by lead
CREATE FUNCTION pg_temp.events(OUT text) LANGUAGE sql AS $$
  SELECT string_agg(lead_id || ': ' || n, ', ' ORDER BY lead_id)
  FROM (SELECT lead_id, count(*) AS n FROM engagement.lead_event WHERE event = 'sales_ready' GROUP BY lead_id) e
$$;
-- Time goes by: everything that has happened is so much longer ago.
CREATE PROCEDURE pg_temp.pass(span interval) LANGUAGE plpgsql SET session_replication_role = replica AS $$
BEGIN
  UPDATE engagement.engagement SET at = at - span;
  UPDATE engagement.score_adjustment SET created_at = created_at - span;
  UPDATE engagement.lead SET scored_at = scored_at - span, last_engaged_at = last_engaged_at - span;
  UPDATE engagement.score_state SET ready_until = ready_until - span,
    first_at = ARRAY(SELECT x - span FROM unnest(first_at) WITH ORDINALITY u(x, n) ORDER BY n),
    last_at = ARRAY(SELECT x - span FROM unnest(last_at) WITH ORDINALITY u(x, n) ORDER BY n);
END $$;
-- 30, 60, 90, 120: ready at the second
INSERT INTO engagement.engagement (lead_id, kind) VALUES (1, 'form');
SELECT score, owner_id, pg_temp.events() FROM engagement.lead WHERE id = 1;
INSERT INTO engagement.engagement (lead_id, kind) VALUES (1, 'form');
SELECT score, owner_id, pg_temp.events() FROM engagement.lead WHERE id = 1;
INSERT INTO engagement.engagement (lead_id, kind) VALUES (1, 'form'), (1, 'form');
UPDATE engagement.lead SET company_size = 80, notes = 'nothing new' WHERE id = 1;
SELECT score, owner_id, pg_temp.events() FROM engagement.lead WHERE id = 1;
SELECT rep_id, from_rep_id, method, reason FROM engagement.assignment WHERE lead_id = 1 ORDER BY id;
-- not without engagements, and again with them
DELETE FROM engagement.engagement WHERE lead_id = 1;
SELECT score, owner_id, pg_temp.events() FROM engagement.lead WHERE id = 1;
INSERT INTO engagement.engagement (lead_id, kind) VALUES (1, 'form'), (1, 'form'), (1, 'form'), (2, 'form');
SELECT score, owner_id, pg_temp.events() FROM engagement.lead WHERE id = 1;
-- falls by a correction, rises by another; whose owner was given by hand keeps him
INSERT INTO engagement.rep (id, name) VALUES (2, 'Ben');
UPDATE engagement.lead SET owner_id = 2 WHERE id = 1;
INSERT INTO engagement.score_adjustment (lead_id, points, reason) VALUES (1, -60, 'a competitor');
SELECT score, owner_id, pg_temp.events() FROM engagement.lead WHERE id = 1;
INSERT INTO engagement.score_adjustment (lead_id, points, reason) VALUES (1, 60, 'no, a customer of his');
SELECT score, owner_id, pg_temp.events() FROM engagement.lead WHERE id = 1;
-- what was rolled back did not happen
BEGIN;
INSERT INTO engagement.engagement (lead_id, kind) VALUES (2, 'visit');
SELECT score, owner_id, pg_temp.events() FROM engagement.lead WHERE id = 2;
ROLLBACK;
SELECT score, owner_id, pg_temp.events() FROM engagement.lead WHERE id = 2;
-- falls by the time that goes by, which nobody writes down: ready again by the
-- next visit, or by the profile
INSERT INTO engagement.lead (id, contact_name, email) SELECT i, 'Lead ' || i, 'l' || i || '@example.com' FROM generate_series(3, 6) i;
INSERT INTO engagement.engagement (lead_id, kind) SELECT i, 'visit' FROM generate_series(3, 6) i;
SELECT pg_temp.events();
CALL pg_temp.pass('3 hours');		-- 60 * 2 ^ -1/8 = 55
UPDATE engagement.lead SET company_size = 80 WHERE id = 6;
SELECT pg_temp.events();
CALL pg_temp.pass('7 hours');		-- 60 * 2 ^ -10/24 = 45
SELECT l.id, l.score AS stored, n.score AS now FROM engagement.lead l JOIN engagement.lead_now n USING (id) WHERE id BETWEEN 3 AND 6 ORDER BY id;
UPDATE engagement.lead SET notes = 'nothing new' WHERE id BETWEEN 3 AND 6;
SELECT pg_temp.events();
INSERT INTO engagement.engagement (lead_id, kind) VALUES (3, 'visit');
UPDATE engagement.lead SET company_size = 80 WHERE id = 4;
UPDATE engagement.lead SET company_size = 70 WHERE id = 6;	-- has been ready all the time
INSERT INTO engagement.engagement (lead_id, kind, at) VALUES (5, 'visit', now() - interval '100 days');
SELECT pg_temp.events();
SELECT * FROM pg_temp.wrong();
-- ready when it comes, by its profile alone
INSERT INTO engagement.lead (id, contact_name, email, job_title) VALUES (7, 'Max', 'max@example.com', 'Chief') RETURNING score, owner_id;
SELECT lead_id, event, at BETWEEN l.created_at AND clock_timestamp() AS at_once FROM engagement.lead_event e JOIN engagement.lead l ON l.id = e.lead_id WHERE lead_id = 7;

--
-- 8. The leads to call now
--
CREATE TEMP VIEW hot AS SELECT string_agg(lead_id || ' (' || score || ')', ', ' ORDER BY score DESC, last_engaged_at DESC NULLS LAST, lead_id) AS best_first,
  array_agg(lead_id) = array_agg(lead_id ORDER BY score DESC, last_engaged_at DESC NULLS LAST, lead_id) AS in_order FROM engagement.hot_lead;
-- The same by the textbook
CREATE TEMP VIEW hot_textbook AS SELECT string_agg(t.id || ' (' || t.score || ')', ', ' ORDER BY t.score DESC, t.last_engaged_at DESC NULLS LAST, t.id) AS textbook
FROM pg_temp.textbook(now()) t JOIN engagement.lead l ON l.id = t.id JOIN engagement.lead_status s ON s.name = l.status
WHERE t.score >= (SELECT sales_ready_score FROM engagement.setting) AND l.archived_at IS NULL AND l.opted_out_at IS NULL AND s.is_open;
SELECT best_first, in_order, best_first = textbook AS as_the_textbook FROM hot, hot_textbook;
SELECT lead_id, contact_name, owner_id, score, grade, reasons, grade_until IS NULL AS for_good FROM engagement.hot_lead ORDER BY lead_id;
-- as time goes by
CALL pg_temp.pass('6 hours');
SELECT best_first, in_order, best_first = textbook AS as_the_textbook FROM hot, hot_textbook;
CALL pg_temp.pass('30 days');
SELECT best_first, in_order, best_first = textbook AS as_the_textbook FROM hot, hot_textbook;
-- who is not to be called
INSERT INTO engagement.engagement (lead_id, kind) SELECT i, 'visit' FROM generate_series(1, 6) i;
SELECT best_first, in_order, best_first = textbook AS as_the_textbook FROM hot, hot_textbook;
UPDATE engagement.lead SET archived_at = now() WHERE id = 1;
UPDATE engagement.lead SET opted_out_at = now() WHERE id = 2;
UPDATE engagement.lead SET status = 'unqualified' WHERE id = 3;
UPDATE engagement.lead SET budget_confirmed = true, authority_confirmed = true, need_confirmed = true, timeline_confirmed = true, status = 'qualified' WHERE id IN (4, 7);
UPDATE engagement.lead SET status = 'converted' WHERE id = 4;
SELECT best_first, in_order, best_first = textbook AS as_the_textbook FROM hot, hot_textbook;
UPDATE engagement.lead SET archived_at = NULL, opted_out_at = NULL WHERE id IN (1, 2);
-- another score to be ready from
UPDATE engagement.setting SET sales_ready_score = 70;
SELECT best_first, in_order, best_first = textbook AS as_the_textbook FROM hot, hot_textbook;
UPDATE engagement.setting SET sales_ready_score = 20;
SELECT best_first, in_order, best_first = textbook AS as_the_textbook FROM hot, hot_textbook;
INSERT INTO engagement.lead (id, contact_name, email, company_size) VALUES (8, 'Pat', 'pat@example.com', 60);
INSERT INTO engagement.engagement (lead_id, kind, at) VALUES (8, 'visit', now() - interval '26 hours');	-- 10 + 28
UPDATE engagement.setting SET sales_ready_score = 10;
SELECT best_first, in_order, best_first = textbook AS as_the_textbook FROM hot, hot_textbook;
CALL pg_temp.pass('10 hours');
SELECT best_first, in_order, best_first = textbook AS as_the_textbook FROM hot, hot_textbook;
-- reasons: the three rules that give most, best first
UPDATE engagement.setting SET sales_ready_score = 50;
INSERT INTO engagement.engagement (lead_id, kind) VALUES (7, 'visit'), (7, 'form'), (7, 'form');
SELECT lead_id, reasons FROM engagement.hot_lead WHERE lead_id = 7;
SELECT * FROM pg_temp.wrong();
