--
-- Leads that are similar: which pairs are found, that they are found in whatever
-- way leads come, change and go, and what those are shown who decide about them.
--
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
\set SHOW_CONTEXT never
\pset format unaligned
SELECT lead_mgmt.create_workspace('fuzzy');
SET search_path = fuzzy, public;
SELECT name, action, min_similarity FROM match_rule WHERE key = 'fuzzy';
CREATE VIEW pair AS
SELECT a.contact_name AS lead, b.contact_name AS other, d.rules, d.similarity BETWEEN 0.5 AND 1 AS in_range, d.state
FROM duplicate d JOIN lead a ON a.id = d.lead_id JOIN lead b ON b.id = d.other_id
ORDER BY d.lead_id, d.other_id;
-- Groups by plain SQL, to compare with those of duplicate_review
CREATE VIEW reached AS
WITH RECURSIVE edge AS (
  SELECT lead_id AS a, other_id AS b FROM duplicate WHERE state <> 'not_duplicate'
  UNION SELECT other_id, lead_id FROM duplicate WHERE state <> 'not_duplicate'
), walk AS (
  SELECT a AS lead_id, a AS seen FROM edge
  UNION SELECT w.lead_id, e.b FROM walk w JOIN edge e ON e.a = w.seen
)
SELECT lead_id, min(seen) AS group_id, count(*) AS group_size FROM walk GROUP BY lead_id;

--
-- 1. Misspelt, and found; others, and not.  An exact rule's pair is not found twice.
--
INSERT INTO lead (contact_name, email, phone, company, city) VALUES
  ('Katherine Johnson', 'katherine.johnson@acme.example', '+1 212 555 0143', 'Acme Inc.', 'Boston'),
  ('Robert Miller', 'robert@globex.example', NULL, 'Globex', 'Denver');
INSERT INTO lead (contact_name, email, phone, company, city) VALUES
  ('Kathrine Jonson', 'k.johnson@acme.example', NULL, 'Acme', 'Boston');
INSERT INTO lead (contact_name, email, phone, company, city) VALUES
  ('Bob Miller', 'bob.miller@mail.example', NULL, 'Globex Corp.', 'Denver');
INSERT INTO lead (contact_name, email, phone, company, city) VALUES
  ('Katherine Johnson', 'Katherine.Johnson@acme.example', '+12125550143', 'ACME', 'Boston'),
  ('Ana Johnson', 'ana.johnson@acme.example', NULL, 'Acme', 'Boston'),
  ('Robert Garcia', 'garcia@globex.example', NULL, 'Globex', 'Denver');
SELECT * FROM pair;
-- numbered leads of one company are as many people
INSERT INTO lead (contact_name, email, phone, company)
SELECT 'Lead ' || i, 'lead' || i || '@example.com', '+1212555' || lpad(i::text, 4, '0'), 'Example' FROM generate_series(1, 50) i;
SELECT count(*) FROM pair WHERE lead LIKE 'Lead%';
-- what is asked for
UPDATE match_rule SET min_similarity = 1 WHERE key = 'fuzzy';
INSERT INTO lead (contact_name, email, company, city) VALUES ('Bobby Miler', 'bobby@mail2.example', 'Globex', 'Denver');
SELECT count(*) FROM pair WHERE lead = 'Bobby Miler';
UPDATE match_rule SET min_similarity = NULL, action = 'off' WHERE key = 'fuzzy';
INSERT INTO lead (contact_name, email, phone, company, city) VALUES ('Catherine Johnson', 'johnson@acme.example', NULL, 'Acme', 'Boston');
SELECT count(*) FROM pair WHERE lead = 'Catherine Johnson';
UPDATE match_rule SET action = 'flag' WHERE key = 'fuzzy';

--
-- 2. Leads that change
--
DELETE FROM lead;
SELECT count(*) FROM lead_block b WHERE NOT EXISTS (SELECT FROM lead l WHERE l.id = b.lead_id)
  AND b.lead_id IN (SELECT lead_id FROM duplicate_link);
INSERT INTO lead (id, contact_name, email, company, city) VALUES (101, 'Maria Fernandez', 'maria@initech.example', 'Initech', 'Austin'),
  (102, 'Zoltan Kovacs', 'zoltan@umbrella.example', 'Umbrella', 'Reno');
UPDATE lead SET contact_name = 'Maria Fernandes', company = 'Initech LLC', city = 'Austin', email = 'm.fernandez@initech.example' WHERE id = 102;
SELECT * FROM pair;
UPDATE lead SET contact_name = 'Zoltan Kovacs', company = 'Umbrella', city = 'Reno', email = 'zoltan@umbrella.example' WHERE id = 102;
SELECT * FROM pair;
UPDATE lead SET contact_name = 'Maria Fernandes', company = 'Initech LLC', city = 'Austin', email = 'm.fernandez@initech.example' WHERE id = 102;
SELECT * FROM pair;
-- the other one changes, and comes back; a change of something else changes nothing
UPDATE lead SET contact_name = 'Otto Normal', company = 'Elsewhere', city = 'Bonn', email = 'otto@elsewhere.example' WHERE id = 101;
SELECT count(*) FROM pair;
UPDATE lead SET contact_name = 'Maria Fernandez', company = 'Initech', city = 'Austin', email = 'maria@initech.example' WHERE id = 101;
UPDATE lead SET notes = 'called', status = 'contacted';
SELECT * FROM pair;
BEGIN;
UPDATE lead SET contact_name = 'Otto Normal', company = 'Elsewhere', city = 'Bonn', email = 'otto@elsewhere.example' WHERE id = 101;
SELECT count(*) FROM pair;
ROLLBACK;
SELECT count(*) FROM pair;
-- the writer does not decide what a lead is
UPDATE lead SET person_key = 1;
SELECT count(*) FROM lead WHERE person_key = 1;

--
-- 3. Decisions, and what is reviewed
--
UPDATE duplicate SET state = 'not_duplicate';
CALL lead_mgmt.find_duplicates('fuzzy');
UPDATE lead SET job_title = 'CEO' WHERE id = 102;
SELECT lead, other, state FROM pair;
SELECT count(*) FROM duplicate_review;
DELETE FROM lead;
INSERT INTO rep (name) VALUES ('ann');
INSERT INTO lead (id, contact_name, email, phone, company, city, status, owner_id) VALUES
  (201, 'Katherine Johnson', 'katherine.johnson@acme.example', '+1 212 555 0143', 'Acme Inc.', 'Boston', 'new', NULL),
  (202, 'Kathrine Jonson', 'k.johnson@acme.example', NULL, 'Acme', 'Boston', 'contacted', NULL),
  (203, 'Kathy Johnson', 'katherine.johnson@acme.example', '+1 212 555 0143', NULL, 'Boston', 'new', NULL),
  (204, 'Somebody Else', 'else@else.example', NULL, 'Else', 'Rome', 'new', NULL);
SELECT lead_id, other_id, master_id, duplicate_id, master_reason, rules, agreeing, partly, differing, contact_name, other_contact_name, group_id, group_size
FROM duplicate_review;
SELECT count(*) FROM duplicate_review r FULL JOIN reached d USING (lead_id)
WHERE r.lead_id IS NOT NULL AND (r.group_id, r.group_size) IS DISTINCT FROM (d.group_id, d.group_size::int);
-- a confirmed pair is decided, and still holds its group together
UPDATE duplicate SET state = 'confirmed' WHERE lead_id = 203 AND other_id = 201;
SELECT lead_id, other_id, group_id, group_size FROM duplicate_review;
UPDATE duplicate SET state = 'not_duplicate' WHERE 202 IN (lead_id, other_id);
SELECT count(*) FROM duplicate_review;
SELECT * FROM lead_mgmt.pair_groups('{5,3,9,7}', '{4,5,8,6}') ORDER BY 1;
SELECT * FROM lead_mgmt.pair_groups('{}', '{}');
SELECT * FROM lead_mgmt.pair_groups('{1}', '{}');
SELECT * FROM lead_mgmt.pair_groups('{1,NULL}', '{1,2}');
SELECT lead_mgmt.compare_leads(m, m) FROM match_rule m LIMIT 1;
SELECT * FROM lead_mgmt.duplicate_notices('pg_class'::regclass);

--
-- 4. Many of one: about n links, one group, also when the one goes that they hang on
--
DELETE FROM lead;
INSERT INTO lead (id, contact_name, email, city)
SELECT 1000 + i, 'Wilhelmina Featherstone', 'wilhelmina.featherstone@mail' || i || '.example', 'Leeds' FROM generate_series(1, 60) i;
SELECT count(*) BETWEEN 59 AND 120 AS about_n, count(*) FILTER (WHERE rules = '{fuzzy}') = count(*) AS fuzzy FROM duplicate;
SELECT DISTINCT group_size FROM duplicate_review;
DELETE FROM lead WHERE id = 1001;
SELECT DISTINCT group_size FROM duplicate_review;
UPDATE lead SET contact_name = 'Xaver Unertl', email = 'xaver@nowhere.example', city = 'Graz' WHERE id BETWEEN 1002 AND 1004;
SELECT DISTINCT group_size FROM duplicate_review;
DELETE FROM lead WHERE id BETWEEN 1002 AND 1010;
SELECT DISTINCT group_size FROM duplicate_review;
DELETE FROM lead WHERE id > 1015;
SELECT DISTINCT group_size FROM duplicate_review;

--
-- 5. A base of misspelt people: in one statement, one by one, loaded without
-- triggers, loaded while the rules were off.  The same pairs each time.
--
TRUNCATE lead CASCADE;
CREATE TEMP TABLE person AS
SELECT i, (ARRAY['Katherine', 'Robert', 'Maria', 'Zoltan', 'Ingrid', 'Pierre', 'Yuki', 'Olga'])[1 + i * 7 % 8]
    || ' ' || (ARRAY['Johnson', 'Miller', 'Fernandez', 'Kovacs', 'Lindqvist', 'Dubois'])[1 + i * 5 / 8 % 6]
    || CASE i % 5 WHEN 0 THEN 'n' WHEN 1 THEN 's' ELSE '' END AS name,
  'mail' || i % 170 || '@company' || i % 9 || '.example' AS email,
  CASE i % 3 WHEN 0 THEN '+1212555' || lpad((i % 200)::text, 4, '0') END AS phone,
  (ARRAY['Acme', 'Globex', 'Initech', 'Umbrella', 'Hooli'])[1 + i * 3 / 7 % 5] || CASE i % 4 WHEN 0 THEN ' Inc.' ELSE '' END AS company,
  (ARRAY['Boston', 'Denver', 'Austin', 'Reno'])[1 + i / 3 % 4] AS city
FROM generate_series(1, 400) i;
INSERT INTO lead (id, contact_name, email, phone, company, city) SELECT * FROM person ORDER BY i;
CREATE TEMP TABLE at_once AS SELECT lead_id, other_id, rules, similarity FROM duplicate;
SELECT count(*) > 100 AS enough, count(*) FILTER (WHERE rules = '{fuzzy}') > 50 AS enough_of_fuzzy FROM at_once;
TRUNCATE lead CASCADE;
DO $$
DECLARE p record;
BEGIN
  FOR p IN SELECT * FROM person ORDER BY i LOOP
    INSERT INTO lead (id, contact_name, email, phone, company, city) VALUES (p.i, p.name, p.email, p.phone, p.company, p.city);
  END LOOP;
END $$;
CREATE TEMP TABLE one_by_one AS SELECT lead_id, other_id, rules, similarity FROM duplicate;
(TABLE at_once EXCEPT TABLE one_by_one) UNION ALL (TABLE one_by_one EXCEPT TABLE at_once);
TRUNCATE lead CASCADE;
SELECT count(*) FROM lead_block;
ALTER TABLE lead DISABLE TRIGGER USER;
INSERT INTO lead (id, contact_name, email, phone, company, city) SELECT * FROM person ORDER BY i;
ALTER TABLE lead ENABLE TRIGGER USER;
SELECT count(*) FROM duplicate;
CALL lead_mgmt.find_duplicates('fuzzy');
CREATE TEMP TABLE unseen AS SELECT lead_id, other_id, rules, similarity FROM duplicate;
(TABLE at_once EXCEPT TABLE unseen) UNION ALL (TABLE unseen EXCEPT TABLE at_once);
SELECT count(*) FROM lead WHERE person_key IS NULL OR score IS NULL OR email_key IS NULL;
SELECT kind, state, done, total, changed = (SELECT count(*) FROM duplicate_link) AS changed FROM job;
-- again: nothing new
CREATE TEMP TABLE link AS TABLE duplicate_link;
CALL lead_mgmt.find_duplicates('fuzzy');
SELECT count(*) FROM (TABLE duplicate_link EXCEPT TABLE link) d;
SELECT count(*) = count(DISTINCT (block, lead_id)) AS each_block_once FROM lead_block;
TRUNCATE lead CASCADE;
UPDATE match_rule SET action = 'off';
INSERT INTO lead (id, contact_name, email, phone, company, city) SELECT * FROM person ORDER BY i;
SELECT count(*) FROM duplicate;
UPDATE match_rule SET action = 'flag';
SET client_min_messages = notice;
BEGIN;
CALL lead_mgmt.find_duplicates('fuzzy');
COMMIT;
SET client_min_messages = warning;
CREATE TEMP TABLE switched_on AS SELECT lead_id, other_id, rules, similarity FROM duplicate;
(TABLE at_once EXCEPT TABLE switched_on) UNION ALL (TABLE switched_on EXCEPT TABLE at_once);
-- a rule that rejects does not keep find_duplicates from what is there
TRUNCATE lead CASCADE;
ALTER TABLE lead DISABLE TRIGGER USER;
INSERT INTO lead (id, contact_name, email, phone, company, city) SELECT * FROM person ORDER BY i;
ALTER TABLE lead ENABLE TRIGGER USER;
UPDATE match_rule SET action = 'reject' WHERE key = 'email';
CALL lead_mgmt.find_duplicates('fuzzy');
SELECT count(*) = (SELECT count(*) FROM at_once) AS all_found FROM duplicate;
UPDATE match_rule SET action = 'flag';

--
-- 6. Odd people
--
TRUNCATE lead CASCADE;
INSERT INTO lead (contact_name, email) VALUES ('.', 'a@b.example'), ('..', 'c@d.example'), ('x', 'e@f.example'), ('x', 'g@h.example'),
  (repeat('Long Name ', 5000), 'long@long.example'), (repeat('Long Name ', 5000), 'long2@long2.example'), ('李雷', 'li@li.example'), ('o''"brien; DROP', 'o@o.example');
INSERT INTO lead (contact_name, phone, birthday) VALUES ('Nobody', '+493012345', 'infinity'), ('Nobody', '+493054321', '4000-01-01 BC');
SELECT count(*) FROM lead;
CALL lead_mgmt.find_duplicates('fuzzy');
SELECT count(*) >= 0 FROM duplicate_review;
-- columns that a user dropped or changed are nothing that is known
BEGIN;
DROP VIEW pair, reached;
UPDATE score_rule SET active = false;
ALTER TABLE lead DROP COLUMN job_title CASCADE, ALTER COLUMN birthday TYPE text;
INSERT INTO lead (contact_name, email, company, birthday) VALUES ('Ida Noor', 'ida@noor.example', 'Noor', 'in May'), ('Ida Noor', 'ida.noor@noor.example', 'Nooor Ltd', 'June');
SELECT rules FROM duplicate WHERE lead_id = (SELECT max(id) FROM lead);
ROLLBACK;
-- a part that is missing comes back
BEGIN;
DROP TABLE lead_block CASCADE;
SAVEPOINT s;
INSERT INTO lead (contact_name, email) VALUES ('late', 'late@late.example');
ROLLBACK TO s;
SELECT lead_mgmt.upgrade_workspace('fuzzy');
INSERT INTO lead (contact_name, email) VALUES ('late', 'late@late.example');
ROLLBACK;
BEGIN;
DROP INDEX lead_block_block_idx;
INSERT INTO lead (contact_name, email) VALUES ('late', 'late@late.example');
ROLLBACK;

--
-- 7. Who may not see the other lead is told that there is one, and no more
--
TRUNCATE lead CASCADE;
CREATE ROLE regress_fuzzy_a LOGIN;
CREATE ROLE regress_fuzzy_b LOGIN;
CREATE ROLE regress_fuzzy_web LOGIN;
GRANT USAGE ON SCHEMA fuzzy TO regress_fuzzy_a, regress_fuzzy_b, regress_fuzzy_web;
GRANT SELECT, INSERT ON lead TO regress_fuzzy_a, regress_fuzzy_b;
GRANT INSERT ON lead TO regress_fuzzy_web;
GRANT SELECT ON duplicate_notice TO regress_fuzzy_a, regress_fuzzy_b, regress_fuzzy_web;
GRANT SELECT ON duplicate, duplicate_link, duplicate_decision, duplicate_review TO regress_fuzzy_b;
ALTER TABLE lead ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON lead USING (created_by = current_user) WITH CHECK (true);
SET SESSION AUTHORIZATION regress_fuzzy_a;
INSERT INTO lead (id, contact_name, email, company, city) VALUES (1, 'Katherine Johnson', 'secret@acme.example', 'Acme', 'Boston');
SELECT * FROM duplicate_notice;
SET SESSION AUTHORIZATION regress_fuzzy_b;
INSERT INTO lead (id, contact_name, email, company, city) VALUES (2, 'K. Johnson', 'Secret@ACME.example', NULL, NULL),
  (3, 'Kathrine Jonson', 'k.johnson@acme.example', 'Acme', 'Boston'), (4, 'Other', 'other@other.example', NULL, NULL);
SELECT * FROM duplicate_notice WHERE lead_id IN (2, 3, 4) ORDER BY lead_id;
-- the other lead in no other way either
SELECT count(*) FROM duplicate_notice WHERE lead_id = 1;
SELECT count(*) FROM duplicate WHERE 1 IN (lead_id, other_id);
SELECT count(*) FROM duplicate_review WHERE 1 IN (lead_id, other_id);
SELECT count(*) FROM lead_mgmt.duplicate_notices('fuzzy.setting'::regclass) WHERE lead_id = 1;
-- who may only write learns of what he wrote
SET SESSION AUTHORIZATION regress_fuzzy_web;
INSERT INTO lead (contact_name, email) VALUES ('Kathy Johnson', 'SECRET@acme.example');
SELECT rules, others, hidden FROM duplicate_notice;
SELECT count(*) FROM lead;
RESET SESSION AUTHORIZATION;
-- who sees all has nothing hidden; a decision is known to all
SELECT lead_id, others, hidden FROM duplicate_notice WHERE lead_id <= 4 ORDER BY lead_id;
UPDATE duplicate SET state = 'not_duplicate';
SELECT * FROM duplicate_notice;
-- a refusal does not tell either
UPDATE match_rule SET action = 'reject' WHERE key = 'email';
SET SESSION AUTHORIZATION regress_fuzzy_b;
INSERT INTO lead (contact_name, email) VALUES ('Kathy Johnson', 'SECRET@acme.example');
RESET SESSION AUTHORIZATION;
CALL lead_mgmt.find_duplicates(NULL);
SET ROLE regress_fuzzy_b;
CALL lead_mgmt.find_duplicates('fuzzy');
RESET ROLE;
DROP SCHEMA fuzzy CASCADE;
DROP ROLE regress_fuzzy_a, regress_fuzzy_b, regress_fuzzy_web;
