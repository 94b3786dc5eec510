--
-- The views that files are written from: plain columns, everything that is
-- in lead, nothing that a spreadsheet would run.
--
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
SET DateStyle = ISO;
\set SHOW_CONTEXT never
\pset format unaligned
\pset null '-'
SELECT lead_mgmt.create_workspace('export');
UPDATE export.setting SET time_zone = 'America/New_York';
INSERT INTO export.rep (name, email) VALUES ('Ana', 'ana@example.com');
INSERT INTO export.lead (contact_name, email, phone, company, job_title, industry, company_size, annual_revenue, street, city, region,
  postal_code, country, location, source, source_detail, campaign, channel, priority, product_interest, birthday, notes, tags, status,
  budget_confirmed, authority_confirmed, need_confirmed, budget_amount, decision_maker, need, target_date, next_step, next_follow_up_at,
  opted_out_at, attributes, created_at)
VALUES ('Kim Lee', 'kim@example.com', '+12125550143', 'Acme, Inc.', 'VP "Sales"', 'Marketing', 80, 1234567.50, '1 Main St', 'New York', 'NY',
  '00501', 'US', '(-73.9857,40.7484)', 'Website', 'landing page', 'spring', 'ads', 'high', 'Widgets', '1980-02-29', E'first line\nsecond line',
  ARRAY['vip', 'two words'], 'contacted', true, false, NULL, 5000, 'Lou', 'a lot', '2031-12-31', 'call', '2031-01-15 09:30-05',
  '2026-06-30 23:30:00.5-04', '{"shoe": 40}', '2026-01-15 12:00:00.25+00');
INSERT INTO export.lead (contact_name, email, created_at) VALUES ('Nobody Else', 'else@example.com', '2026-01-16 12:00+00');
UPDATE export.lead SET owner_id = NULL, archived_at = '2026-02-01 00:00+00' WHERE contact_name = 'Nobody Else';
INSERT INTO export.engagement (lead_id, kind) SELECT id, 'demo_request' FROM export.lead WHERE archived_at IS NULL;

-- A file of the columns that are the same in every run
COPY (SELECT id, contact_name, email, phone, company, job_title, industry, company_size, annual_revenue, street, city, region, postal_code, country, location, longitude,
    latitude, source, source_detail, campaign, channel, priority, product_interest, birthday, notes, tags, status, owner, owner_email, budget_confirmed,
    authority_confirmed, need_confirmed, timeline_confirmed, budget_amount, decision_maker, need, target_date, next_step, opted_out, archived, attributes
  FROM export.lead_export ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER);
COPY (SELECT contact_name, birthday, notes, target_date, next_follow_up_at, opted_out, opted_out_at, archived, archived_at, created_at
  FROM export.lead_export_spreadsheet ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER, DELIMITER ';', FORCE_QUOTE *);

-- Both have the same columns in the same order, and all of lead is in them but
-- what only the database needs.
CREATE FUNCTION pg_temp.columns_of(relation regclass) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT attname FROM pg_attribute WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped ORDER BY attnum
$$;
SELECT array(SELECT pg_temp.columns_of('export.lead_export')) = array(SELECT pg_temp.columns_of('export.lead_export_spreadsheet')) AS same_columns;
SELECT pg_temp.columns_of('export.lead') AS left_out EXCEPT SELECT pg_temp.columns_of('export.lead_export') ORDER BY left_out;
SELECT pg_temp.columns_of('export.lead_export') AS added EXCEPT SELECT pg_temp.columns_of('export.lead') ORDER BY added;
-- Whatever has the name of a column of lead has its value; scores have those of lead_now.
SELECT e.id, e.k AS differs, e.v, l.v
FROM (SELECT x.id, k, v FROM export.lead_export x, to_jsonb(x) j, jsonb_each(j) AS p (k, v)) e
JOIN (SELECT x.id, k, v FROM export.lead_now x, to_jsonb(x) j, jsonb_each(j) AS p (k, v)) l ON l.id = e.id AND l.k = e.k
WHERE l.v <> e.v AND e.k NOT IN ('tags', 'attributes') ORDER BY 1, 2;
SELECT count(*) AS compared, count(DISTINCT e.score) AS different FROM export.lead_export e JOIN export.lead_now n USING (id) WHERE e.score = n.score AND e.grade = n.grade;

-- Texts that a spreadsheet would run, and such that it would not
CREATE TABLE export.cell (n int GENERATED ALWAYS AS IDENTITY, text text);
INSERT INTO export.cell (text) VALUES ('=1+1'), ('+12125550143'), ('-2+3'), ('@SUM(A1)'), (E'\t=1'), (E'\r=1'), (E'\nx'), ('  =1'), (U&'\00A0=1'), (U&'\FEFF@x'),
  (U&'\FF1D1'), (U&'\FF0B1'), (U&'\FF0D1'), (U&'\FF20x'), ('=cmd|'' /C calc''!A0'), ('Kim =1'), ('a+b'), ('''=1'), ('1-2'), ('  x'), (U&'\00C4rger');
INSERT INTO export.lead (contact_name, email, company, notes, source_detail, tags, decision_maker)
SELECT 'Cell ' || n, n || '@example.com', text, text, text, ARRAY[text, 'x'], text FROM export.cell;
SELECT c.n, to_json(s.company) AS company, s.company IS DISTINCT FROM c.text AS changed,
  num_nulls(s.notes, s.tags) + (s.company <> s.notes)::int + (s.company <> s.source_detail)::int + (s.company || '; x' <> s.tags)::int + (s.company <> s.decision_maker)::int AS otherwise
FROM export.cell c JOIN export.lead_export_spreadsheet s ON s.contact_name = 'Cell ' || c.n ORDER BY c.n;
-- no text column was forgotten
UPDATE export.rep SET name = '=Ana', email = '+ana@example.com';
INSERT INTO export.lead_source (name) VALUES ('=source');
INSERT INTO export.lead (contact_name, email, phone, company, job_title, industry, street, city, region, postal_code, country, source, source_detail, campaign, channel,
  product_interest, notes, tags, decision_maker, need, next_step, owner_id)
SELECT '=name', '=mail@example.com', '+12125550144', '=c', '=j', '=i', '=s', '=c', '=r', '=p', '=c', '=source', '=s', '=c', '=c', '=p', '=n', ARRAY['=t'], '=d', '=n', '=n', id FROM export.rep;
SELECT p.key, p.value FROM export.lead_export_spreadsheet s, to_jsonb(s) j, jsonb_each_text(j) p WHERE s.contact_name = '''=name' AND p.value ~ '^[=+]';
SELECT count(*) AS with_apostrophe FROM export.lead_export_spreadsheet s, to_jsonb(s) j, jsonb_each_text(j) p WHERE s.contact_name = '''=name' AND p.value ~ '^''[=+]';

-- One's own columns come with upgrade_workspace; numbers stay numbers.
ALTER TABLE export.lead ADD COLUMN shoe_size int, ADD COLUMN "my ""own'" text, ADD COLUMN owner text, ADD COLUMN gone text;
UPDATE export.lead SET shoe_size = -40, "my ""own'" = '=1', owner = 'not the rep', gone = 'x' WHERE contact_name = 'Kim Lee';
SELECT lead_mgmt.upgrade_workspace('export');
SELECT owner, shoe_size, "my ""own'", gone FROM export.lead_export WHERE contact_name = 'Kim Lee';
SELECT owner, shoe_size, "my ""own'", gone FROM export.lead_export_spreadsheet WHERE contact_name = 'Kim Lee';
ALTER TABLE export.lead DROP COLUMN gone, DROP COLUMN job_title, ALTER COLUMN company_size TYPE bigint;
SELECT lead_mgmt.upgrade_workspace('export');
SELECT job_title, company_size, shoe_size, gone FROM export.lead_export_spreadsheet WHERE contact_name = 'Kim Lee';
SELECT lead_mgmt.upgrade_workspace('export');

-- Written by nobody
INSERT INTO export.lead_export (contact_name, email) VALUES ('x', 'x@example.com');
UPDATE export.lead_export_spreadsheet SET contact_name = 'x';
DELETE FROM export.lead_export;

-- Row security is that of the reader.
CREATE ROLE regress_lead_reader;
GRANT USAGE ON SCHEMA export TO regress_lead_reader;
GRANT SELECT ON export.lead_export, export.lead_export_spreadsheet TO regress_lead_reader;
SET ROLE regress_lead_reader;
SELECT count(*) FROM export.lead_export;
RESET ROLE;
GRANT SELECT ON export.lead, export.rep, export.setting TO regress_lead_reader;
ALTER TABLE export.lead ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON export.lead TO regress_lead_reader USING (contact_name = 'Kim Lee');
SET ROLE regress_lead_reader;
SELECT contact_name, owner FROM export.lead_export;
SELECT contact_name, owner FROM export.lead_export_spreadsheet;
RESET ROLE;
SET client_min_messages = warning;
DROP OWNED BY regress_lead_reader;
DROP ROLE regress_lead_reader;
DROP SCHEMA export CASCADE;
