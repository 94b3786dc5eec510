-- What an application can count on in a workspace: its relations, the rules
-- that hold for every writer, and that each kind of statement gives a lead
-- the same.
CREATE EXTENSION lead_mgmt;
SELECT lead_mgmt.create_workspace('crm');
INSERT INTO crm.rep (name) VALUES ('Ana'), ('Ben'), ('Cem');

BEGIN;
SELECT plan(47);

SELECT has_table('crm'::name, t::name, 'table ' || t)
FROM unnest(ARRAY['setting', 'lead', 'lead_source', 'rep', 'team', 'team_member', 'score_model',
  'score_dimension', 'score_rule', 'grade', 'rule_failure', 'lead_status', 'status_transition',
  'status_change', 'funnel_stage', 'assignment_rule', 'assignment', 'match_rule',
  'engagement', 'engagement_kind', 'score_adjustment', 'lead_event']) t;
SELECT has_view('crm'::name, v::name, 'view ' || v)
FROM unnest(ARRAY['score_explanation', 'score_audit', 'duplicate', 'lead_source_analysis',
  'rep_performance', 'conversion_funnel', 'lead_aging', 'lead_now', 'hot_lead', 'score_comparison',
  'score_model_quality', 'job']) v;

-- One person, written in four ways: all get the same decisions.
INSERT INTO crm.lead (contact_name, email, company, job_title, company_size, country, source)
VALUES ('Kim Lee', 'kim@example.com', 'Acme Inc.', 'VP Marketing', 80, 'US', 'Website');
INSERT INTO crm.lead (contact_name, email, company, job_title, company_size, country, source)
SELECT contact_name, 'KIM@Example.com', 'ACME', job_title, company_size, country, source FROM crm.lead;
COPY crm.lead (contact_name, email, company, job_title, company_size, country, source) FROM STDIN (FORMAT csv);
Kim Lee,Kim@EXAMPLE.com,"Acme, Inc",VP Marketing,80,US,Website
\.
MERGE INTO crm.lead l
USING (VALUES ('Kim Lee', ' kim@example.com ', 'acme', 'VP Marketing', 80, 'US', 'Website'))
  AS v (contact_name, email, company, job_title, company_size, country, source)
ON l.id = -1
WHEN NOT MATCHED THEN INSERT (contact_name, email, company, job_title, company_size, country, source)
  VALUES (v.contact_name, v.email, v.company, v.job_title, v.company_size, v.country, v.source);

SELECT results_eq(
  'SELECT count(*), count(DISTINCT (score, grade, status, email_key, name_key, demographic_score, firmographic_score)) FROM crm.lead',
  'VALUES (4::bigint, 1::bigint)', 'every writer gets the same score, status and keys');
SELECT set_eq('SELECT lead_id, other_id FROM crm.duplicate',
  'SELECT l.id, (SELECT min(id) FROM crm.lead) FROM crm.lead l WHERE l.id > (SELECT min(id) FROM crm.lead)',
  'each later one is a duplicate of the first');
SELECT results_eq(
  'SELECT max(n) - min(n) FROM (SELECT count(*) AS n FROM crm.assignment GROUP BY rep_id) a',
  'VALUES (1::bigint)', 'four leads for three reps: one has one more');
SELECT results_eq('SELECT e.lead_id, sum(e.points) FROM crm.score_explanation e GROUP BY 1 ORDER BY 1',
  'SELECT l.id, l.score::numeric FROM crm.lead l ORDER BY 1', 'explanations sum to the scores');
SELECT is_empty('SELECT * FROM crm.score_audit', 'the audit finds nothing');

-- What a lead does and what a rep thinks of it count at once.
SELECT is(behavioral_score, 0::numeric, 'nobody has done anything') FROM crm.lead ORDER BY id LIMIT 1;
INSERT INTO crm.engagement (lead_id, kind) SELECT min(id), 'unsubscribe' FROM crm.lead;
INSERT INTO crm.score_adjustment (lead_id, points, reason) SELECT min(id), 7, 'met at a fair' FROM crm.lead;
SELECT results_eq('SELECT l.score - o.score FROM crm.lead l, crm.lead o WHERE l.id = (SELECT min(id) FROM crm.lead) AND o.id = (SELECT max(id) FROM crm.lead)',
  'VALUES (7)', 'the correction counts, and behavioral points do not fall below 0');
SELECT is_empty('SELECT * FROM crm.score_audit', 'and the audit finds nothing');

SELECT throws_ok($$UPDATE crm.lead SET status = 'converted'$$, '23514', NULL, 'a forbidden transition');
SELECT throws_ok($$INSERT INTO crm.lead (contact_name) VALUES ('Nobody')$$, '23514', NULL, 'no way to be contacted');
SELECT throws_ok($$INSERT INTO crm.score_rule (model_id, dimension, condition, points)
  SELECT id, 'demographic', 'EXISTS (SELECT FROM pg_class)', 1 FROM crm.score_model$$, '0A000', NULL, 'a query in a condition');
SELECT throws_ok($$INSERT INTO crm.engagement (lead_id, kind) SELECT id, 'seance' FROM crm.lead$$, '23503', NULL, 'an unknown kind of engagement');
SELECT throws_ok($$DROP EXTENSION lead_mgmt$$, '2BP01', NULL, 'the extension cannot go while a workspace uses it');

SELECT * FROM finish();
ROLLBACK;
