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

-- The textbook: what plain SQL makes of the tables as of a time, for every lead.
CREATE FUNCTION pg_temp.textbook(at timestamptz, OUT id bigint, OUT demographic float8, OUT behavioral float8,
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
       FROM engagement.engagement WHERE at <= $1 AND (%4$s) IS TRUE GROUP BY lead_id' END,
      r.dimension, r.points, coalesce(r.max_points::text, '''infinity''::float8'), coalesce(r.condition, 'true'),
      CASE WHEN r.half_life IS NULL THEN '1::float8'
        ELSE format('2 ^ (-extract(epoch FROM $1 - at) / %s)::float8', extract(epoch FROM r.half_life)) END), ' UNION ALL ')
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
      FROM engagement.lead l),
    u AS (SELECT t.*, least(greatest(t.adjustment + t.points, 0), 100) AS total FROM t)
    SELECT u.id, u.demographic, u.behavioral, u.adjustment, u.total, floor(u.total + 0.5)::int,
      (SELECT g.name FROM engagement.grade g WHERE g.lowest <= floor(u.total + 0.5) ORDER BY g.lowest DESC LIMIT 1),
      (SELECT max(e.at) FROM engagement.engagement e WHERE e.lead_id = u.id AND e.at <= $1)
    FROM u $q$, points) USING at;
END $$;
-- Leads that are not what the textbook says as of scored_at, that the
-- explanation does not explain, and that the audit finds: always 0.
CREATE FUNCTION pg_temp.wrong(OUT differs bigint, OUT unexplained bigint, OUT audit bigint) LANGUAGE sql AS $$
  SELECT (SELECT count(*) FROM engagement.lead l, pg_temp.textbook(l.scored_at) t WHERE t.id = l.id
      AND ((l.score, l.grade, l.last_engaged_at) IS DISTINCT FROM (t.score, t.grade, t.last_engaged_at)
        OR abs(l.behavioral_score - t.behavioral) > 1e-9 OR abs(l.demographic_score - t.demographic) > 1e-9
        OR abs(l.score_adjustment - t.adjustment) > 1e-9)),
    (SELECT count(*) FROM engagement.lead l
      WHERE l.score <> (SELECT coalesce(sum(e.points), 0) FROM engagement.score_explanation e WHERE e.lead_id = l.id)),
    (SELECT count(*) FROM engagement.score_audit)
$$;

--
-- 1. What may be written
--
INSERT INTO engagement.engagement (lead_id, kind) VALUES (1, 'open')
RETURNING lead_id, kind, at BETWEEN now() AND clock_timestamp() AS at_now, url, asset, campaign, properties, submission_id;
INSERT INTO engagement.engagement (lead_id, kind, at) VALUES (1, 'open', NULL) RETURNING at IS NOT NULL AS now_as_well;
INSERT INTO engagement.engagement (lead_id, kind, at) VALUES (1, 'open', '1999-12-31 23:59+00') RETURNING at = '1999-12-31 23:59+00' AS as_given;
\set VERBOSITY verbose
SELECT refused.* FROM (SELECT) x, LATERAL (SELECT 1 WHERE false) refused;
\set VERBOSITY default
INSERT INTO engagement.engagement (lead_id, kind) VALUES (1, 'Open');
INSERT INTO engagement.engagement (lead_id, kind) VALUES (1, NULL);
INSERT INTO engagement.engagement (lead_id, kind) VALUES (NULL, 'open');
INSERT INTO engagement.engagement (lead_id, kind) VALUES (99, 'open');
INSERT INTO engagement.engagement (lead_id, kind, at) VALUES (1, 'open', 'infinity');
UPDATE engagement.engagement SET kind = 'closed';
UPDATE engagement.engagement SET lead_id = 99;
\set VERBOSITY sqlstate
INSERT INTO engagement.engagement (lead_id, kind, at) VALUES (1, 'open', now() + interval '1 hour');
UPDATE engagement.engagement SET at = now() + interval '1 hour';
\set VERBOSITY default
SELECT count(*), min(lead_id) = 1 AND max(lead_id) = 1 AS of_lead_1, bool_and(kind = 'open') AS all_open FROM engagement.engagement;
SELECT differs, unexplained, audit FROM pg_temp.wrong();
