-- What `make demo` shows: a workspace from nothing to its reports.
-- Run from the folder of the project: psql -X < examples/demo.sql

\set ON_ERROR_STOP on
\set SHOW_CONTEXT never
\pset border 1
\pset linestyle unicode
\pset footer off
\pset null ''
SET client_min_messages = warning;

\echo
\echo '━━━ A workspace ━━━'
\echo
\echo 'CREATE EXTENSION lead_mgmt;'
\echo 'SELECT lead_mgmt.create_workspace(''crm'');'
\echo 'INSERT INTO crm.rep (name, email) VALUES (''Ana'', ''ana@example.com''), ...'

CREATE EXTENSION lead_mgmt;
SELECT lead_mgmt.create_workspace('crm') \g (format=unaligned tuples_only=on) /dev/null
SET search_path = crm, public;
SET lead_mgmt.actor = 'demo';

INSERT INTO rep (name, email) VALUES
  ('Ana', 'ana@example.com'), ('Ben', 'ben@example.com'), ('Chidi', 'chidi@example.com'),
  ('Dörte', 'doerte@example.com'), ('Elif', 'elif@example.com'), ('Farid', 'farid@example.com');

\echo
\echo '━━━ 2,000 leads from a CSV file ━━━'
\echo

-- The file says how long ago a lead came, so that the demo never gets old.
CREATE TEMP TABLE lead_csv AS
SELECT contact_name, email, phone, company, job_title, industry, company_size, annual_revenue, city, region,
  postal_code, country, location, source, campaign, priority, product_interest, budget_amount, attributes,
  NULL::numeric AS days_ago
FROM lead
WITH NO DATA;

\copy lead_csv FROM 'examples/leads.csv' CSV HEADER

SELECT clock_timestamp() AS start \gset
INSERT INTO lead (contact_name, email, phone, company, job_title, industry, company_size, annual_revenue, city,
  region, postal_code, country, location, source, campaign, priority, product_interest, budget_amount, attributes,
  created_at)
SELECT contact_name, email, phone, company, job_title, industry, company_size, annual_revenue, city,
  region, postal_code, country, location, source, campaign, COALESCE(priority, 'medium'), product_interest,
  budget_amount, COALESCE(attributes, '{}'), date_trunc('second', now() - days_ago * interval '1 day')
FROM lead_csv
ORDER BY days_ago DESC;

SELECT format('%s leads checked, scored, given to a rep and compared with all others in %s ms',
    to_char(count(*), 'FM999,999'),
    round(extract(epoch FROM clock_timestamp() - :'start'::timestamptz) * 1000))
FROM lead \g (format=unaligned tuples_only=on)

\echo
\echo '━━━ What they did: engagements from a CSV file ━━━'
\echo
\echo 'INSERT INTO crm.engagement (lead_id, kind, at, submission_id) VALUES (1, ''pricing_page'', ...), ...'
\echo
CREATE TEMP TABLE engagement_csv (lead bigint, kind text, days_ago numeric, url text, asset text, campaign text, submission_id uuid);
\copy engagement_csv FROM 'examples/engagements.csv' CSV HEADER

SELECT clock_timestamp() AS start \gset
INSERT INTO engagement (lead_id, kind, at, url, asset, campaign, submission_id)
SELECT lead, kind, date_trunc('second', now() - days_ago * interval '1 day'), url, asset, campaign, submission_id
FROM engagement_csv;

SELECT format('%s engagements counted in %s ms; %s that came twice were left out; %s leads became ready for sales',
    to_char(count(*), 'FM999,999'), round(extract(epoch FROM clock_timestamp() - :'start'::timestamptz) * 1000),
    (SELECT count(*) FROM engagement_csv) - count(*), (SELECT count(*) FROM lead_event))
FROM engagement \g (format=unaligned tuples_only=on)

\echo
\echo 'The first of them'
SELECT l.id, l.contact_name, l.company, l.job_title, l.source, l.score, l.grade, r.name AS owner
FROM lead l LEFT JOIN rep r ON r.id = l.owner_id
ORDER BY l.id LIMIT 8;

\echo 'The leads to call now, best first (hot_lead)'
SELECT h.lead_id, h.contact_name, h.company, h.score, h.grade,
  round((extract(epoch FROM h.grade_until - now()) / 86400)::numeric) AS "days left", h.reasons[1] AS "best reason"
FROM hot_lead h LIMIT 8;

\echo
\echo '━━━ Why does the best one have its score? (score_explanation) ━━━'
SELECT h.lead_id AS best, h.contact_name AS best_name, l.score AS best_score
FROM hot_lead h JOIN lead l ON l.id = h.lead_id LIMIT 1 \gset
SELECT dimension, rule, given, times, round(points, 2) AS points FROM (
  SELECT dimension, rule, given, times, points, 1 AS part, COALESCE(rule_id, 1000000) AS place
  FROM score_explanation WHERE lead_id = :best
  UNION ALL
  SELECT '', 'Score of ' || :'best_name', NULL, NULL, :best_score, 2, 0) AS explanation
ORDER BY part, dimension NULLS LAST, place;

\echo
\echo '━━━ Who has been here before? (duplicate) ━━━'
SELECT array_to_string(rules, ', ') AS "found by", count(*) AS pairs
FROM duplicate GROUP BY rules ORDER BY count(*) DESC, 1;

\echo 'One pair of each kind'
WITH one AS (
  SELECT DISTINCT ON (d.rules) d.lead_id, d.other_id, d.rules
  FROM duplicate d JOIN lead a ON a.id = d.lead_id JOIN lead b ON b.id = d.other_id
  WHERE array_length(d.rules, 1) = 1 AND a.contact_name <> b.contact_name
    AND b.email IS NOT NULL AND b.phone IS NOT NULL AND b.company IS NOT NULL
  ORDER BY d.rules, length(concat(a.email, b.email, a.company, b.company)), d.lead_id
)
SELECT CASE WHEN l.id = o.lead_id THEN array_to_string(o.rules, ', ') END AS "found by",
  l.id, l.contact_name, l.email, l.phone, l.company
FROM one o JOIN lead l ON l.id IN (o.lead_id, o.other_id)
ORDER BY o.rules, l.id DESC;

\echo
\echo '━━━ Who got how many? (assignment: round robin) ━━━'
SELECT r.name AS rep, count(*) AS leads, min(a.reason) AS reason
FROM assignment a JOIN rep r ON r.id = a.rep_id
GROUP BY r.id, r.name ORDER BY r.id;

\echo
\echo '━━━ Six rows that do not come in (examples/bad_leads.csv) ━━━'
CREATE TEMP TABLE bad_csv (contact_name text, email text, phone text, company text, company_size text,
  source text, status text, why text, line integer GENERATED ALWAYS AS IDENTITY);
\copy bad_csv (contact_name, email, phone, company, company_size, source, status, why) FROM 'examples/bad_leads.csv' CSV HEADER
SELECT count(*) AS leads_before FROM lead \gset
\set ON_ERROR_STOP off
\pset tuples_only on
\pset format unaligned
SELECT format('SELECT E''\n'' || %L', line || '. ' || why),
  format('INSERT INTO lead (contact_name, email, phone, company, company_size, source, status)
    VALUES (%L, %L, %L, %L, %L, %L, %L)', contact_name, email, phone, company, company_size, source, status)
FROM bad_csv ORDER BY line \gexec
\pset format aligned
\pset tuples_only off
\set ON_ERROR_STOP on
SELECT count(*) <> :leads_before AS came_in FROM lead \gset
\if :came_in
DO $$ BEGIN RAISE 'a bad lead came in'; END $$;
\endif

-- What became of each lead is a matter of chance, but always the same one:
-- better scores (two weeks after they came) and recommended people do better.
CREATE TEMP TABLE journey AS
SELECT id, created_at, contacted_at, nurtured_at, qualified_at,
  qualified_at + (2 + 30 * d) * interval '1 day' AS converted_at,
  a, b, c, luck
FROM (
  SELECT *, CASE WHEN b < 0.70 THEN contacted_at ELSE nurtured_at END + (1 + 13 * c) * interval '1 day' AS qualified_at
  FROM (
    SELECT *, contacted_at + (2 + 10 * d) * interval '1 day' AS nurtured_at
    FROM (
      SELECT id, created_at, created_at + interval '4 minutes' + power(d, 3) * interval '3 days' AS contacted_at,
        a, b, c, d, early / 100.0 + CASE source WHEN 'Referral' THEN 0.22 WHEN 'Trade Show' THEN 0.10
          WHEN 'Cold Call' THEN -0.12 WHEN 'Direct Mail' THEN -0.08 ELSE 0 END AS luck
      FROM (
        SELECT l.*, s.score AS early, l.id * 7919 % 1009 / 1009.0 AS a, l.id * 104729 % 997 / 997.0 AS b,
          l.id * 15485863 % 991 / 991.0 AS c, l.id * 32452843 % 983 / 983.0 AS d
        FROM lead l, lead_mgmt.score_at(l, l.created_at + interval '14 days') s) AS numbered) AS contacted) AS nurtured) AS qualified;

\echo
\echo
\echo '━━━ Half a year of work: leads move through their statuses ━━━'
\echo
\echo 'UPDATE crm.lead SET status = ''contacted'', status_since = ...   and so on, with the times of then'

UPDATE lead l SET status = 'contacted', status_since = j.contacted_at,
  need_confirmed = j.c < 0.7, budget_confirmed = j.b < 0.4, timeline_confirmed = j.c < 0.3
FROM journey j
WHERE j.id = l.id AND j.a < 0.84 AND j.contacted_at < now();

UPDATE lead l SET status = 'unqualified', status_since = j.contacted_at + interval '1 hour'
FROM journey j
WHERE j.id = l.id AND j.a >= 0.93 AND j.contacted_at + interval '1 hour' < now();

UPDATE lead l SET status = 'nurture', status_since = j.nurtured_at
FROM journey j
WHERE j.id = l.id AND l.status = 'contacted' AND j.b >= 0.70 AND j.nurtured_at < now();

UPDATE lead l SET status = 'unqualified', status_since = j.nurtured_at
FROM journey j
WHERE j.id = l.id AND l.status = 'contacted' AND j.b < 0.14 AND j.nurtured_at < now();

UPDATE lead l SET status = 'qualified', status_since = j.qualified_at,
  budget_confirmed = true, authority_confirmed = true, need_confirmed = true, timeline_confirmed = true
FROM journey j
WHERE j.id = l.id AND l.status IN ('contacted', 'nurture') AND j.c < 0.15 + j.luck
  AND (l.status = 'contacted' OR j.c < 0.25) AND j.qualified_at < now();

UPDATE lead l SET status = 'converted', status_since = j.converted_at
FROM journey j
WHERE j.id = l.id AND l.status = 'qualified' AND j.a < 0.12 + j.luck AND j.converted_at < now();

UPDATE lead l SET status = 'nurture', status_since = j.converted_at
FROM journey j
WHERE j.id = l.id AND l.status = 'qualified' AND j.a > 0.75 AND j.converted_at < now();

SELECT COALESCE(from_status, '(came in)') AS "from", to_status AS "to", count(*) AS changes,
  round((extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY time_in_status)) / 86400)::numeric, 1) AS "median days before"
FROM status_change
GROUP BY from_status, to_status
ORDER BY (SELECT "position" FROM lead_status WHERE name = from_status) NULLS FIRST,
  (SELECT "position" FROM lead_status WHERE name = to_status);

\echo '━━━ What the rules refuse ━━━'
SELECT id AS half_known FROM lead
WHERE status = 'contacted' AND budget_confirmed AND NOT authority_confirmed ORDER BY id LIMIT 1 \gset
SELECT id AS won FROM lead WHERE status = 'converted' ORDER BY id LIMIT 1 \gset
\echo
\echo UPDATE crm.lead SET status = '''qualified''' WHERE id = :half_known;
\set ON_ERROR_STOP off
UPDATE lead SET status = 'qualified' WHERE id = :half_known;
\set refused :ERROR
\echo
\echo UPDATE crm.lead SET status = '''new''' WHERE id = :won;
UPDATE lead SET status = 'new' WHERE id = :won;
\set refused_too :ERROR
\set ON_ERROR_STOP on
SELECT NOT (:'refused'::boolean AND :'refused_too'::boolean) AS allowed \gset
\if :allowed
DO $$ BEGIN RAISE 'a transition that the rules forbid was not refused'; END $$;
\endif

\echo
\echo '━━━ Where do good leads come from? (lead_source_analysis) ━━━'
SELECT COALESCE(source, '(none)') AS source, leads, qualified, converted,
  round(100 * conversion_rate, 1) AS "conversion %", round(average_score, 1) AS "average score"
FROM lead_source_analysis ORDER BY conversion_rate DESC NULLS LAST, source;

\echo '━━━ How do the reps do? (rep_performance) ━━━'
SELECT rep, leads, open_leads, converted, round(100 * conversion_rate, 1) AS "conversion %"
FROM rep_performance ORDER BY rep_id;

\echo '━━━ How far do leads get? (conversion_funnel) ━━━'
SELECT stage, entered, current, advanced, round(100 * conversion_rate, 1) AS "conversion %",
  round((extract(epoch FROM median_time) / 86400)::numeric, 1) AS "median days"
FROM conversion_funnel ORDER BY "position";

SELECT format('  %s  %s%s %s', rpad(stage, 13), repeat('█', width), repeat('░', 50 - width),
    to_char(entered, 'FM999,999'))
FROM (
  SELECT "position", stage, entered, round(50.0 * entered / NULLIF(max(entered) OVER (), 0))::integer AS width
  FROM conversion_funnel) AS bar
ORDER BY "position" \g (format=unaligned tuples_only=on)

\echo
\echo
\echo '━━━ Does the score tell who buys? (score_model_quality) ━━━'
SELECT grade, leads, converted, round(100 * conversion_rate, 1) AS "conversion %", round(lift, 2) AS lift, round(auc, 2) AS auc
FROM score_model_quality;

\echo '━━━ What lies about for how long? (lead_aging) ━━━'
SELECT status, leads,
  round((extract(epoch FROM median_age) / 86400)::numeric, 1) AS "median days",
  round((extract(epoch FROM p90_age) / 86400)::numeric, 1) AS "nine of ten within",
  round((extract(epoch FROM oldest) / 86400)::numeric, 1) AS "oldest"
FROM lead_aging a JOIN lead_status s ON s.name = a.status
ORDER BY s."position";

\echo '━━━ Now you: psql on this data ━━━'
\echo
\echo '    make shell'
\echo
