--
-- The reports against plain SQL over leads and ledger, and by eye.
--
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
\set SHOW_CONTEXT never
\pset format unaligned
\pset null '-'

--
-- 1. Nobody there yet: every source, stage, status and active rep has its row
--
SELECT lead_mgmt.create_workspace('report');
INSERT INTO report.rep (name, active) VALUES ('Ana', true), ('Ben', true), ('Cleo', false), ('Dan', false), ('Eve', true);
SELECT * FROM report.lead_source_analysis;
SELECT rep, leads, open_leads, activities, converted, conversion_rate, median_response, within_sla, pipeline, won_amount FROM report.rep_performance;
SELECT * FROM report.conversion_funnel;
SELECT * FROM report.lead_aging;

--
-- 2. A small history whose numbers can be checked in the head
--
UPDATE report.setting SET time_zone = 'America/New_York';
UPDATE report.assignment_rule SET active = false;
-- whole(...): a lead with its history, as pairs of status and time
CREATE PROCEDURE pg_temp.whole(name text, source text, first_status text, created timestamptz, VARIADIC later text[] DEFAULT '{}') LANGUAGE plpgsql AS $$
DECLARE
  new_id bigint;
BEGIN
  INSERT INTO report.lead (contact_name, email, source, status, created_at, budget_confirmed, authority_confirmed, need_confirmed, timeline_confirmed)
  VALUES (name, name || '@example.com', source, first_status, created, true, true, true, true) RETURNING id INTO new_id;
  FOR i IN 1 .. coalesce(array_length(later, 1), 0) BY 2 LOOP
    UPDATE report.lead SET status = later[i], status_since = later[i + 1]::timestamptz WHERE id = new_id;
  END LOOP;
END $$;
-- straight through; by way of nurture and back to new; inserted as qualified;
-- lost after the first contact; lost at once; archived; merged; just new
CALL pg_temp.whole('straight', 'Website', 'new', '2024-03-01', 'contacted', '2024-03-03', 'qualified', '2024-03-07', 'converted', '2024-03-08');
CALL pg_temp.whole('back', 'Website', 'new', '2024-03-01', 'nurture', '2024-03-05', 'new', '2024-03-06', 'contacted', '2024-03-20');
CALL pg_temp.whole('late', 'Referral', 'qualified', '2024-03-01', 'converted', '2024-03-11');
CALL pg_temp.whole('lost', 'Referral', 'contacted', '2024-03-01', 'unqualified', '2024-03-02');
CALL pg_temp.whole('nothing', NULL, 'unqualified', '2024-03-01');
CALL pg_temp.whole('archived', 'Website', 'new', '2024-03-01', 'qualified', '2024-03-31');
CALL pg_temp.whole('merged', 'Website', 'new', '2024-03-01', 'qualified', '2024-03-31');
CALL pg_temp.whole('before', 'Trade Show', 'new', '2024-06-30 23:59:59.999999 America/New_York');
CALL pg_temp.whole('after', 'Trade Show', 'new', '2024-07-01 00:00 America/New_York');
UPDATE report.lead SET archived_at = '2024-05-01' WHERE contact_name = 'archived';
SET session_replication_role = replica;
UPDATE report.lead SET merged_into = (SELECT id FROM report.lead WHERE contact_name = 'straight') WHERE contact_name = 'merged';
RESET session_replication_role;
SELECT source, leads, qualified, converted, round(conversion_rate, 3) AS conversion_rate FROM report.lead_source_analysis WHERE leads > 0;
SELECT position, stage, entered, current, advanced, round(conversion_rate, 3) AS conversion_rate, median_time FROM report.conversion_funnel;
SELECT status, leads, oldest > '1 year' AS oldest FROM report.lead_aging;

-- As it stood at the end of a day, by the time zone of the workspace: midnight
-- in London is still the day before in New York.
SET lead_mgmt.as_of = '2024-02-29';
SELECT source, leads FROM report.lead_source_analysis WHERE leads > 0;
SELECT stage, entered, current, advanced, median_time FROM report.conversion_funnel;
SET lead_mgmt.as_of = '2024-03-06';
SELECT source, leads, qualified, converted FROM report.lead_source_analysis WHERE leads > 0;
SELECT stage, entered, current, advanced, median_time FROM report.conversion_funnel;
SET lead_mgmt.as_of = '2024-04-15';    -- the archived lead was not archived yet
SELECT stage, entered, current, advanced, median_time FROM report.conversion_funnel;
SET lead_mgmt.as_of = '2024-06-30';
SELECT source, leads FROM report.lead_source_analysis WHERE source = 'Trade Show';
SELECT stage, entered, current FROM report.conversion_funnel WHERE position = 1;
SET lead_mgmt.as_of = '2024-07-01';
SELECT source, leads FROM report.lead_source_analysis WHERE source = 'Trade Show';
UPDATE report.setting SET time_zone = 'Asia/Tokyo';
SET lead_mgmt.as_of = '2024-06-30';
SELECT source, leads FROM report.lead_source_analysis WHERE source = 'Trade Show';
-- far away: as now; the other reports are about now
SET lead_mgmt.as_of = '2999-12-31';
SELECT stage, entered, current, advanced FROM report.conversion_funnel;
SET lead_mgmt.as_of = '2024-02-29';
SELECT sum(leads) FROM report.lead_aging;

-- what is no day is refused, and the day before stays
SET lead_mgmt.as_of = 'last week';
SET lead_mgmt.as_of = '2024-02-30';
SET lead_mgmt.as_of = '30.06.2024';
SET lead_mgmt.as_of = 'today';
SET lead_mgmt.as_of = '2024-6-30';
SET lead_mgmt.as_of = '2024-06-30 12:00';
SHOW lead_mgmt.as_of;
SET lead_mgmt.as_of = '';
SELECT sum(leads) FROM report.lead_source_analysis;
RESET lead_mgmt.as_of;

--
-- 3. 400 leads with a history of their own
--
DELETE FROM report.lead WHERE merged_into IS NOT NULL;
DELETE FROM report.lead;
UPDATE report.setting SET time_zone = 'America/New_York';
CREATE FUNCTION pg_temp.pick(what text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS
  $$SELECT (('x' || substr(md5(what), 1, 7))::bit(28)::int % n)$$;
-- a status from which the life cycle does not end, outside the funnel
INSERT INTO report.lead_status (name, position, funnel_stage, is_open) VALUES ('parked', 7, NULL, true);
INSERT INTO report.status_transition (from_status, to_status) VALUES ('contacted', 'parked'), ('parked', 'contacted'), ('converted', 'contacted');
DO $$
DECLARE
  new_id bigint;
  present text;
  next text;
  moment timestamptz;
BEGIN
  FOR i IN 1..400 LOOP
    moment := timestamptz '2024-01-01 00:00 UTC' + pg_temp.pick('created' || i, 300 * 24) * interval '1 hour';
    SELECT to_status INTO present FROM report.status_transition WHERE from_status IS NULL
    ORDER BY CASE WHEN pg_temp.pick('plain' || i, 3) > 0 THEN to_status <> 'new' END, pg_temp.pick('first' || i || to_status, 1000) LIMIT 1;
    INSERT INTO report.lead (contact_name, email, source, company_size, status, created_at, owner_id, budget_confirmed, authority_confirmed, need_confirmed, timeline_confirmed)
    VALUES ('Lead ' || i, 'lead' || i || '@example.com',
      (ARRAY['Website', 'Referral', 'Cold Call', 'Website', NULL])[1 + pg_temp.pick('source' || i, 5)], pg_temp.pick('size' || i, 2000), present, moment,
      (SELECT id FROM report.rep WHERE name = (ARRAY['Ana', 'Ben', 'Cleo', NULL])[1 + pg_temp.pick('owner' || i, 4)]), true, true, true, true)
    RETURNING id INTO new_id;
    FOR step IN 1..pg_temp.pick('steps' || i, 7) LOOP
      SELECT to_status INTO next FROM report.status_transition WHERE from_status = present ORDER BY pg_temp.pick('next' || i || step || to_status, 1000) LIMIT 1;
      EXIT WHEN NOT FOUND;
      present := next;
      moment := moment + (1 + pg_temp.pick('wait' || i || step, 30 * 24)) * interval '1 hour';
      UPDATE report.lead SET status = present, status_since = moment WHERE id = new_id;
    END LOOP;
  END LOOP;
END $$;
UPDATE report.lead SET archived_at = created_at + pg_temp.pick('archived' || contact_name, 200) * interval '1 day'
WHERE pg_temp.pick('is archived' || contact_name, 6) = 0;
-- merged and answered leads come with later work: what they will look like
SET session_replication_role = replica;
UPDATE report.lead SET merged_into = (SELECT min(id) FROM report.lead) WHERE pg_temp.pick('is merged' || contact_name, 12) = 0 AND id > (SELECT min(id) FROM report.lead);
UPDATE report.lead SET first_response_at = created_at + pg_temp.pick('response' || contact_name, 600) * interval '1 second'
WHERE pg_temp.pick('is answered' || contact_name, 3) > 0;
RESET session_replication_role;

-- What the reports should say, one scalar query a cell.  horizon is the end
-- of the day, or infinity for now.
CREATE FUNCTION pg_temp.ever(lead bigint, statuses text[], horizon timestamptz) RETURNS boolean LANGUAGE sql AS
  $$SELECT EXISTS (SELECT FROM report.status_change c WHERE c.lead_id = lead AND c.to_status = ANY (statuses) AND c.at < horizon)$$;
CREATE FUNCTION pg_temp.statuses(at_least int) RETURNS text[] LANGUAGE sql AS
  $$SELECT array_agg(s.name) FROM report.lead_status s JOIN report.funnel_stage g ON g.name = s.funnel_stage WHERE g.position >= at_least$$;
CREATE FUNCTION pg_temp.sources(horizon timestamptz)
RETURNS TABLE (source text, leads bigint, qualified bigint, converted bigint, conversion_rate numeric, average_score numeric, cost numeric, cost_per_lead numeric, pipeline numeric)
LANGUAGE sql AS $$
  SELECT s.name, x.leads, x.qualified, x.converted, CASE WHEN x.leads > 0 THEN round(x.converted::numeric / x.leads, 10) END, round(x.score, 10),
    NULL::numeric, NULL::numeric, NULL::numeric
  FROM (SELECT name FROM report.lead_source UNION ALL
    SELECT NULL WHERE EXISTS (SELECT FROM report.lead l WHERE l.source IS NULL AND l.merged_into IS NULL AND l.created_at < horizon)) s,
  LATERAL (SELECT count(*) AS leads, count(*) FILTER (WHERE pg_temp.ever(l.id, '{qualified,converted}', horizon)) AS qualified,
      count(*) FILTER (WHERE pg_temp.ever(l.id, '{converted}', horizon)) AS converted, avg(l.score) AS score
    FROM report.lead l WHERE l.source IS NOT DISTINCT FROM s.name AND l.merged_into IS NULL AND l.created_at < horizon) x
$$;
-- Where a lead had been further before it first came to a stage, the time to
-- the next later one counts.
CREATE FUNCTION pg_temp.funnel(horizon timestamptz)
RETURNS TABLE ("position" int, stage text, entered bigint, current bigint, advanced bigint, conversion_rate numeric, median_time interval)
LANGUAGE sql AS $$
  SELECT g.position, g.name, x.entered, x.current, x.advanced, CASE WHEN x.entered > 0 THEN round(x.advanced::numeric / x.entered, 10) END,
    (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY later - first) FROM (
      SELECT t.first, (SELECT min(c.at) FROM report.status_change c WHERE c.lead_id = t.id AND c.to_status = ANY (pg_temp.statuses(g.position + 1))
        AND c.at >= t.first AND c.at < horizon) AS later
      FROM (SELECT l.id, (SELECT min(c.at) FROM report.status_change c JOIN report.lead_status s ON s.name = c.to_status
          WHERE c.lead_id = l.id AND s.funnel_stage = g.name AND c.at < horizon) AS first
        FROM report.lead l WHERE l.merged_into IS NULL AND l.created_at < horizon) t) d)
  FROM report.funnel_stage g,
  LATERAL (SELECT count(*) FILTER (WHERE pg_temp.ever(l.id, pg_temp.statuses(g.position), horizon)) AS entered,
      count(*) FILTER (WHERE pg_temp.ever(l.id, pg_temp.statuses(g.position + 1), horizon)) AS advanced,
      count(*) FILTER (WHERE s.funnel_stage = g.name AND s.is_open AND (l.archived_at IS NULL OR l.archived_at >= horizon)) AS current
    FROM report.lead l JOIN report.lead_status s ON s.name = CASE WHEN horizon = 'infinity' THEN l.status ELSE
      (SELECT c.to_status FROM report.status_change c WHERE c.lead_id = l.id AND c.at < horizon ORDER BY c.id DESC LIMIT 1) END
    WHERE l.merged_into IS NULL AND l.created_at < horizon) x
$$;
CREATE VIEW report.shown_sources AS
SELECT source, leads, qualified, converted, round(conversion_rate, 10) AS conversion_rate, round(average_score, 10) AS average_score, cost, cost_per_lead, pipeline FROM report.lead_source_analysis;
CREATE VIEW report.shown_funnel AS
SELECT position, stage, entered, current, advanced, round(conversion_rate, 10) AS conversion_rate, median_time FROM report.conversion_funnel;

-- enough of everything
SELECT count(*) AS leads, count(*) FILTER (WHERE archived_at IS NOT NULL) > 40 AS archived, count(*) FILTER (WHERE merged_into IS NOT NULL) > 20 AS merged,
  count(*) FILTER (WHERE source IS NULL) > 50 AS without_source, count(*) FILTER (WHERE owner_id IS NULL) > 50 AS without_owner,
  (SELECT count(*) > 800 FROM report.status_change) AS changes,
  (SELECT count(*) > 20 FROM report.status_change WHERE from_status IS NULL AND to_status IN ('qualified', 'contacted', 'nurture')) AS inserted_later,
  (SELECT count(*) > 10 FROM report.status_change WHERE (from_status, to_status) IN (('nurture', 'new'), ('unqualified', 'new'))) AS went_back
FROM report.lead;
SELECT source, leads, qualified, converted, round(conversion_rate, 3) AS conversion_rate, round(average_score, 2) AS average_score FROM report.lead_source_analysis;
SELECT position, stage, entered, current, advanced, round(conversion_rate, 3) AS conversion_rate, median_time FROM report.conversion_funnel;
-- differences, in either direction
(TABLE report.shown_sources EXCEPT ALL SELECT * FROM pg_temp.sources('infinity')) UNION ALL (SELECT * FROM pg_temp.sources('infinity') EXCEPT ALL TABLE report.shown_sources);
(TABLE report.shown_funnel EXCEPT ALL SELECT * FROM pg_temp.funnel('infinity')) UNION ALL (SELECT * FROM pg_temp.funnel('infinity') EXCEPT ALL TABLE report.shown_funnel);
-- the same on days of every kind: before all, in the middle, of a change of the clock, after all
CREATE FUNCTION pg_temp.differences(day date, OUT leads bigint, OUT sources bigint, OUT funnel bigint) LANGUAGE plpgsql AS $$
DECLARE
  horizon timestamptz := (day + 1)::timestamp AT TIME ZONE 'America/New_York';
BEGIN
  PERFORM set_config('lead_mgmt.as_of', day::text, true);
  SELECT sum(s.leads) INTO leads FROM report.lead_source_analysis s;
  SELECT count(*) INTO sources FROM ((TABLE report.shown_sources EXCEPT ALL SELECT * FROM pg_temp.sources(horizon))
    UNION ALL (SELECT * FROM pg_temp.sources(horizon) EXCEPT ALL TABLE report.shown_sources)) d;
  SELECT count(*) INTO funnel FROM ((TABLE report.shown_funnel EXCEPT ALL SELECT * FROM pg_temp.funnel(horizon))
    UNION ALL (SELECT * FROM pg_temp.funnel(horizon) EXCEPT ALL TABLE report.shown_funnel)) d;
  PERFORM set_config('lead_mgmt.as_of', '', true);
END $$;
SELECT day, d.* FROM unnest(ARRAY['2023-12-30', '2023-12-31', '2024-01-15', '2024-03-09', '2024-03-10', '2024-06-30', '2024-11-02', '2024-11-03', '2025-12-31']::date[]) day,
  pg_temp.differences(day) d;
-- what happens later does not change how it stood
SET lead_mgmt.as_of = '2024-05-31';
CREATE TEMP TABLE before AS TABLE report.conversion_funnel;
RESET lead_mgmt.as_of;
UPDATE report.lead SET status = 'contacted' WHERE status = 'new';
UPDATE report.lead SET archived_at = now() WHERE status = 'nurture' AND archived_at IS NULL;
SET lead_mgmt.as_of = '2024-05-31';
(TABLE before EXCEPT TABLE report.conversion_funnel) UNION ALL (TABLE report.conversion_funnel EXCEPT TABLE before);
RESET lead_mgmt.as_of;
(TABLE report.shown_funnel EXCEPT ALL SELECT * FROM pg_temp.funnel('infinity')) UNION ALL (SELECT * FROM pg_temp.funnel('infinity') EXCEPT ALL TABLE report.shown_funnel);

-- reps: every active one, and who still owns leads; the owner now gets the credit
CREATE FUNCTION pg_temp.reps()
RETURNS TABLE (rep_id bigint, rep text, leads bigint, open_leads bigint, activities bigint, converted bigint, conversion_rate numeric, median_response interval, within_sla numeric, pipeline numeric, won_amount numeric)
LANGUAGE sql AS $$
  SELECT r.id, r.name, x.leads, x.open_leads, NULL::bigint, x.converted, round(x.converted::numeric / nullif(x.leads, 0), 10), x.median, round(x.in_time::numeric / nullif(x.due, 0), 10),
    NULL::numeric, NULL::numeric
  FROM report.rep r, LATERAL (
    SELECT count(*) AS leads, count(*) FILTER (WHERE l.archived_at IS NULL AND l.status IN (SELECT name FROM report.lead_status WHERE is_open)) AS open_leads,
      count(*) FILTER (WHERE pg_temp.ever(l.id, '{converted}', 'infinity')) AS converted,
      percentile_cont(0.5) WITHIN GROUP (ORDER BY l.first_response_at - l.created_at) AS median,
      count(*) FILTER (WHERE l.first_response_at <= l.created_at + interval '5 minutes') AS in_time,
      count(*) FILTER (WHERE l.first_response_at IS NOT NULL OR l.created_at + interval '5 minutes' < now()) AS due
    FROM report.lead l WHERE l.owner_id = r.id AND l.merged_into IS NULL) x
  WHERE r.active OR x.leads > 0
$$;
CREATE VIEW report.shown_reps AS
SELECT rep_id, rep, leads, open_leads, activities, converted, round(conversion_rate, 10) AS conversion_rate, median_response, round(within_sla, 10) AS within_sla, pipeline, won_amount FROM report.rep_performance;
SELECT rep, leads, open_leads, converted, round(conversion_rate, 3) AS conversion_rate, median_response, round(within_sla, 3) AS within_sla FROM report.rep_performance;
(TABLE report.shown_reps EXCEPT ALL SELECT * FROM pg_temp.reps()) UNION ALL (SELECT * FROM pg_temp.reps() EXCEPT ALL TABLE report.shown_reps);
UPDATE report.lead SET owner_id = (SELECT id FROM report.rep WHERE name = 'Eve') WHERE owner_id = (SELECT id FROM report.rep WHERE name = 'Cleo');
SELECT rep, leads, converted FROM report.rep_performance;
(TABLE report.shown_reps EXCEPT ALL SELECT * FROM pg_temp.reps()) UNION ALL (SELECT * FROM pg_temp.reps() EXCEPT ALL TABLE report.shown_reps);

-- Ages, by one clock in one statement.  They are compared to the millisecond:
-- quantiles of intervals are rounded in another place than those of times.
SELECT a.status, a.leads, a.leads = e.leads AS same_leads, coalesce(abs(extract(epoch FROM a.median_age) - e.median) < 0.001, e.leads = 0) AS same_median,
  coalesce(abs(extract(epoch FROM a.p90_age) - e.p90) < 0.001, e.leads = 0) AS same_p90, a.oldest IS NOT DISTINCT FROM e.oldest AS same_oldest
FROM report.lead_aging a FULL JOIN (
  SELECT s.name, count(l.id) AS leads, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM now() - l.status_since)::float8) AS median,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM now() - l.status_since)::float8) AS p90, max(now() - l.status_since) AS oldest
  FROM report.lead_status s LEFT JOIN report.lead l ON l.status = s.name AND l.archived_at IS NULL AND l.merged_into IS NULL
  GROUP BY s.name) e ON e.name = a.status;

--
-- 4. Whoever may read a report sees the totals over all leads, and no lead
--
CREATE ROLE regress_lead_reporter;
GRANT USAGE ON SCHEMA report TO regress_lead_reporter;
GRANT SELECT ON report.conversion_funnel, report.lead_source_analysis, report.rep_performance, report.lead_aging TO regress_lead_reporter;
ALTER TABLE report.lead ENABLE ROW LEVEL SECURITY;
SELECT sum(leads) AS total FROM report.lead_source_analysis \gset
SET ROLE regress_lead_reporter;
SELECT sum(leads) = :total AND :total > 300 AS all_leads FROM report.lead_source_analysis;
SELECT count(*) FROM report.conversion_funnel;
SELECT count(*) FROM report.rep_performance;
SELECT count(*) FROM report.lead_aging;
SELECT count(*) FROM report.lead;
SELECT count(*) FROM report.score_explanation;
RESET ROLE;
DROP OWNED BY regress_lead_reporter;
DROP ROLE regress_lead_reporter;

-- A session that has not met the extension yet takes any value: then the
-- reports refuse it.
\c -
SET lead_mgmt.as_of = 'last week';
SELECT sum(entered) FROM report.conversion_funnel;
SELECT sum(leads) FROM report.lead_source_analysis;
