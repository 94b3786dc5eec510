-- Files in lead_import: what is understood, what is a problem, what becomes of it.
SET client_min_messages = warning;
SELECT lead_mgmt.create_workspace('im');
SET client_min_messages = notice;
INSERT INTO im.rep (name, email, login) VALUES ('Ana', 'ana@example.com', 'ana_login'), ('Ben', NULL, NULL), ('Ben', 'ben2@example.com', NULL);
INSERT INTO im.lead (contact_name, email, phone, company) VALUES ('Old One', 'old@example.com', '+1 212 555 0100', 'Acme');

-- the header of the template is what the view takes, in its order
COPY (SELECT * FROM im.import_template) TO stdout (FORMAT csv, HEADER);
SELECT array_agg(attname ORDER BY attnum) = (
    SELECT array_agg(attname ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'im.lead_import'::regclass AND attnum > 0) AS same
FROM pg_attribute WHERE attrelid = 'im.import_template'::regclass AND attnum > 0;
SELECT count(*) FROM im.lead_import;

-- every problem of a row, and never an error
COPY im.lead_import (contact_name, email, phone, company_size, annual_revenue, source, status, owner, priority, birthday, tags, budget_confirmed, attributes, location, created_at)
  FROM stdin (FORMAT csv, HEADER MATCH);
contact_name,email,phone,company_size,annual_revenue,source,status,owner,priority,birthday,tags,budget_confirmed,attributes,location,created_at
Kim Lee,Kim@Example.com,+1 212 555 0101,51-200,$1M-$5M,WEBSITE,New,ana,HIGH,1990-03-17,"a; b, c;a",yes,"{""growth_rate"": 0.2}","(-74.0,40.7)",2024-05-06 07:08
,,,,,,,,,,,,,,
 ,not an address,12,abc,x,Nowhere,asleep,Zoe,urgent,31.2.1990,,perhaps,[1],here,tomorrow
Con Verted,con@example.com,,-5,-1,,converted,Ben,,,,,{,"(200,100)",2999-01-01
Kim Lee,kim@example.com,,,,,,,,,,,,,
Old One,OLD@example.com,,10k,1.5 Mio. €,,,,,17.3.90,,,,,
\.
SELECT "row", good, known_lead_id, p.problem FROM im.import_review r LEFT JOIN LATERAL unnest(r.problems) WITH ORDINALITY AS p (problem, n) ON true ORDER BY 1, p.n;
SELECT id, actor = current_user AS mine, rows, good, bad, state FROM im.import_batch;
CALL lead_mgmt.import_confirm('im', 1);
SELECT contact_name, email, company_size, annual_revenue, source, status, owner_id, priority, birthday, tags, budget_confirmed, attributes, location, created_at AT TIME ZONE 'UTC' AS created_at
FROM im.lead WHERE contact_name = 'Kim Lee';
SELECT contact_name, company_size, annual_revenue, birthday FROM im.lead WHERE id = 1;
SELECT "row", good, outcome, lead_id FROM im.import_review WHERE outcome IS NOT NULL ORDER BY 1;
SELECT lead_id, kind, properties ->> 'row' AS "row", properties ->> 'import_batch' AS batch FROM im.engagement ORDER BY id;
SELECT rows, good, bad, imported, updated, skipped, failed, state, confirmed_at IS NOT NULL AS at FROM im.import_batch;
SELECT kind, done, total, state, subject FROM im.job;
-- once more changes nothing
CALL lead_mgmt.import_confirm('im', 1);
SELECT count(*) FROM im.lead;

-- numbers: each against what it is, alone in its file
CREATE TABLE number_case (given text, told text, size integer, amount numeric);
INSERT INTO number_case VALUES
  ('51-200', NULL, 51, 51), ('51–200', NULL, 51, 51), ('51 to 200', NULL, 51, 51), ('10k', NULL, 10000, 10000), ('1.5k', NULL, 1500, 1500),
  ('500+', NULL, 500, 500), ('<10', NULL, 1, 0), ('up to 10', NULL, 1, 0), ('> 1000', NULL, 1000, 1000), ('1,200', NULL, 1200, 1200),
  ('1.200', NULL, 1200, NULL), ('1.200', '.', NULL, 1.2), ('1.200', ',', 1200, 1200), ('1,200', ',', NULL, 1.2), ('1,200,000', NULL, 1200000, 1200000),
  ('1.200.000', NULL, 1200000, 1200000), ('1.200,50', NULL, NULL, 1200.5), ('1,200.50', NULL, NULL, 1200.5), ('1,200.50', ',', NULL, NULL),
  ('1 200 000', NULL, 1200000, 1200000), ('1''200', NULL, 1200, 1200), ('12,34,567', NULL, 1234567, 1234567), ('$1M-$5M', NULL, 1000000, 1000000),
  ('$1-5M', NULL, 1000000, 1000000), ('500-1M', NULL, 500, 500), ('1.5 Mio. €', NULL, 1500000, 1500000), ('EUR 2 bn', NULL, 2000000000, 2000000000),
  ('3bn', NULL, NULL, 3000000000), ('ca. 40 employees', NULL, 40, NULL), ('1,250M', NULL, NULL, NULL), ('1.25M', NULL, 1250000, 1250000), ('12500.000', NULL, 12500, 12500.000),
  ('200-51', NULL, NULL, NULL), ('1-2-3', NULL, NULL, NULL), ('1,2,3', NULL, NULL, NULL), ('12.5', NULL, NULL, 12.5), ('-3', NULL, NULL, NULL),
  ('99999999999', NULL, NULL, 99999999999), ('1e5', NULL, NULL, NULL), ('NaN', NULL, NULL, NULL), ('Infinity', NULL, NULL, NULL), ('+', NULL, NULL, NULL), ('$', NULL, NULL, NULL),
  (repeat('9', 40), NULL, NULL, NULL), ('0', NULL, 0, 0), ('007', NULL, 7, 7), ('.5', NULL, NULL, 0.5), ('0.125', NULL, NULL, 0.125), ('1,00', NULL, 1, 1.00);
CREATE FUNCTION pg_temp.try_number(given text, told text, what text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE b bigint; n numeric;
BEGIN
  EXECUTE format('INSERT INTO im.lead_import (contact_name, email, %I) VALUES (''N'', ''n@example.com'', $1)', what) USING given;
  SELECT max(id) INTO b FROM im.import_batch;
  UPDATE im.import_batch SET decimal_mark = told WHERE id = b AND told IS NOT NULL;
  IF NOT (SELECT good FROM im.import_review WHERE batch_id = b) THEN RETURN NULL; END IF;
  SET LOCAL client_min_messages = warning;
  DELETE FROM im.lead WHERE email = 'n@example.com';
  CALL lead_mgmt.import_confirm('im', b);
  EXECUTE format('SELECT %I FROM im.lead WHERE email = ''n@example.com''', what) INTO n;
  RETURN n;
END $$;
SELECT given, told, size, amount, r.* FROM number_case,
  LATERAL (SELECT pg_temp.try_number(given, told, 'company_size') AS got_size, pg_temp.try_number(given, told, 'annual_revenue') AS got_amount) r
WHERE (size, amount) IS DISTINCT FROM (got_size::integer, got_amount);

-- dates
CREATE TABLE date_case (given text, told text, expected date);
INSERT INTO date_case VALUES
  ('1990-03-17', NULL, '1990-03-17'), ('1990/3/17', NULL, '1990-03-17'), ('19900317', NULL, '1990-03-17'), ('17.3.1990', NULL, '1990-03-17'), ('17. 03. 1990', NULL, '1990-03-17'),
  ('3/17/1990', NULL, '1990-03-17'), ('17/3/1990', NULL, '1990-03-17'), ('3/4/1990', NULL, NULL), ('3/4/1990', 'DMY', '1990-04-03'), ('3/4/1990', 'MDY', '1990-03-04'),
  ('4/4/1990', NULL, '1990-04-04'), ('17 March 1990', NULL, '1990-03-17'), ('March 17, 1990', NULL, '1990-03-17'), ('17. März 1990', NULL, '1990-03-17'),
  ('17-Mar-90', NULL, '1990-03-17'), ('17.3.90', NULL, '1990-03-17'), ('1990-03-17T12:00:00Z', NULL, '1990-03-17'), ('1990-03-17 12:00', NULL, '1990-03-17'),
  ('31.2.1990', NULL, NULL), ('29.2.2000', NULL, '2000-02-29'), ('29.2.1900', NULL, NULL), ('0000-01-01', NULL, NULL), ('today', NULL, NULL), ('1990', NULL, NULL), ('32874', NULL, NULL),
  ('infinity', NULL, NULL), ('1990-13-01', NULL, NULL), ('1990-03-17 25:00', NULL, NULL), ('17.3.1990 BC', NULL, NULL), ('17..1990', NULL, NULL);
CREATE FUNCTION pg_temp.try_date(given text, told text) RETURNS date LANGUAGE plpgsql AS $$
DECLARE b bigint; d date;
BEGIN
  INSERT INTO im.lead_import (contact_name, email, birthday) VALUES ('N', 'n@example.com', given);
  SELECT max(id) INTO b FROM im.import_batch;
  UPDATE im.import_batch SET date_order = told WHERE id = b AND told IS NOT NULL;
  IF NOT (SELECT good FROM im.import_review WHERE batch_id = b) THEN RETURN NULL; END IF;
  SET LOCAL client_min_messages = warning;
  DELETE FROM im.lead WHERE email = 'n@example.com';
  CALL lead_mgmt.import_confirm('im', b);
  SELECT birthday INTO d FROM im.lead WHERE email = 'n@example.com';
  RETURN d;
END $$;
SET DateStyle = 'SQL, DMY';	-- of no matter
SELECT given, told, expected, got FROM date_case, pg_temp.try_date(given, told) AS got WHERE expected IS DISTINCT FROM got;
RESET DateStyle;
DELETE FROM im.lead WHERE email = 'n@example.com';

-- what one value shows decides about the others of the file
INSERT INTO im.lead_import (contact_name, email, annual_revenue, birthday) VALUES
  ('A', 'a1@example.com', '1.200', '3/4/1990'), ('B', 'b1@example.com', '12,50', '17/4/1990'), ('C', 'c1@example.com', '2,500', NULL);
SELECT seen_decimal_mark, seen_date_order, good, bad FROM im.import_batch LIMIT 1;
SELECT max(id) AS batch FROM im.import_batch \gset
SET client_min_messages = warning;
CALL lead_mgmt.import_confirm('im', :batch);
SET client_min_messages = notice;
SELECT contact_name, annual_revenue, birthday FROM im.lead WHERE email ~ '^[abc]1@' ORDER BY 1;
-- and where both ways are seen, none
INSERT INTO im.lead_import (contact_name, email, annual_revenue) VALUES
  ('A', 'a2@example.com', '1.200'), ('B', 'b2@example.com', '12,50'), ('C', 'c2@example.com', '12.50');
SELECT seen_decimal_mark, good, bad FROM im.import_batch LIMIT 1;

-- rows can be corrected, and are judged again
INSERT INTO im.lead_import (contact_name, email, source) VALUES ('D', 'd@example', 'Website'), ('E', 'e@example.com', 'Web Site'), ('F', 'e@example.com', NULL);
SELECT max(id) AS batch FROM im.import_batch \gset
SELECT "row", good, problems FROM im.import_review WHERE batch_id = :batch ORDER BY 1;
UPDATE im.import_review SET source = 'Website' WHERE batch_id = :batch AND source = 'Web Site';
UPDATE im.import_review SET email = 'f@example.com' WHERE batch_id = :batch AND "row" = 3;
UPDATE im.import_review SET contact_name = NULL WHERE batch_id = :batch AND "row" = 1;
SELECT "row", good, contact_name, email, source, problems FROM im.import_review WHERE batch_id = :batch ORDER BY 1;
SELECT rows, good, bad FROM im.import_batch WHERE id = :batch;
UPDATE im.import_review SET contact_name = 'D' WHERE batch_id = :batch AND "row" = 1;
-- a source that is made afterwards is no problem once the row is judged again
INSERT INTO im.lead_import (contact_name, email, source) VALUES ('G', 'g@example.com', 'Fair');
SELECT problems FROM im.import_review ORDER BY batch_id DESC LIMIT 1;
INSERT INTO im.lead_source VALUES ('Fair');
UPDATE im.import_review SET source = source WHERE batch_id = (SELECT max(id) FROM im.import_batch);
SELECT good, problems FROM im.import_review ORDER BY batch_id DESC LIMIT 1;

-- what is a lead cannot be corrected in the file any more
SET client_min_messages = warning;
CALL lead_mgmt.import_confirm('im', :batch);
SET client_min_messages = notice;
UPDATE im.import_review SET contact_name = 'X' WHERE batch_id = :batch AND "row" = 2;

-- options: known people left alone, source and country of rows without
INSERT INTO im.lead_import (contact_name, email, source) VALUES ('Old One', 'old@example.com', NULL), ('H', 'h@example.com', ''), ('I', 'i@example.com', 'Website');
SELECT max(id) AS batch FROM im.import_batch \gset
UPDATE im.import_batch SET on_known = 'skip', source = 'Referral', country = 'DE' WHERE id = :batch;
\set VERBOSITY terse
UPDATE im.import_batch SET on_known = 'ask' WHERE id = :batch;
UPDATE im.import_batch SET date_order = 'YMD' WHERE id = :batch;
UPDATE im.import_batch SET decimal_mark = ';' WHERE id = :batch;
UPDATE im.import_batch SET source = 'Nowhere' WHERE id = :batch;
UPDATE im.import_batch SET country = 'Germany' WHERE id = :batch;
\set VERBOSITY default
SELECT count(*) AS engagements FROM im.engagement WHERE lead_id = 1 \gset
CALL lead_mgmt.import_confirm('im', :batch);
SELECT "row", outcome, lead_id IS NOT NULL AS lead FROM im.import_review WHERE batch_id = :batch ORDER BY 1;
SELECT contact_name, source, country FROM im.lead WHERE email IN ('h@example.com', 'i@example.com') ORDER BY 1;
SELECT count(*) = :engagements AS left_alone, max(country) IS NULL AS nothing_filled FROM im.engagement e, im.lead l WHERE e.lead_id = 1 AND l.id = 1;

-- the same person several times in a file is one lead; a known one is not reopened
UPDATE im.lead SET status = 'unqualified' WHERE email = 'h@example.com';
INSERT INTO im.lead_import (contact_name, email, phone, company) VALUES
  ('Jo Dee', 'jo@example.com', NULL, NULL), ('Jo Dee', 'JO@example.com', '+1 212 555 0177', NULL), ('Jo Dee', NULL, '+12125550177', 'Dee Inc.'), ('H', 'h@example.com', NULL, 'H Ltd.');
SELECT max(id) AS batch FROM im.import_batch \gset
CALL lead_mgmt.import_confirm('im', :batch);
SELECT contact_name, email, phone, company, status FROM im.lead WHERE contact_name IN ('Jo Dee', 'H') ORDER BY id;
SELECT "row", outcome, count(*) OVER (PARTITION BY lead_id) AS of_this_lead FROM im.import_review WHERE batch_id = :batch ORDER BY 1;

-- what refuses a lead is a problem on its row, and of no other
ALTER TABLE im.lead ADD CONSTRAINT no_bots CHECK (contact_name <> 'Bot');
CREATE FUNCTION im.no_spam() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN IF NEW.contact_name = 'Spam' THEN RETURN NULL; END IF;
  IF NEW.contact_name = 'Boom' THEN RAISE EXCEPTION 'no % here', NEW.contact_name; END IF; RETURN NEW; END$$;
CREATE TRIGGER no_spam BEFORE INSERT ON im.lead FOR EACH ROW EXECUTE FUNCTION im.no_spam();
INSERT INTO im.lead_import (contact_name, email, status) VALUES
  ('K1', 'k1@example.com', NULL), ('Bot', 'bot@example.com', NULL), ('K2', 'k2@example.com', NULL), ('Spam', 'spam@example.com', NULL),
  ('Boom', 'boom@example.com', NULL), ('Q', 'q@example.com', 'qualified'), ('K3', 'k3@example.com', NULL);
SELECT max(id) AS batch FROM im.import_batch \gset
CALL lead_mgmt.import_confirm('im', :batch);
SELECT "row", good, outcome, problems FROM im.import_review WHERE batch_id = :batch ORDER BY 1;
SELECT rows, good, bad, imported, failed FROM im.import_batch WHERE id = :batch;
SELECT array_agg(contact_name ORDER BY contact_name) FROM im.lead WHERE email ~ '^(k[123]|bot|spam|boom|q)@';
-- corrected, or the reason gone, they are tried again
UPDATE im.import_review SET contact_name = 'Botho' WHERE batch_id = :batch AND "row" = 2;
SELECT good, bad, failed FROM im.import_batch WHERE id = :batch;
DROP TRIGGER no_spam ON im.lead;
CALL lead_mgmt.import_confirm('im', :batch);
SELECT "row", good, outcome FROM im.import_review WHERE batch_id = :batch ORDER BY 1;
SELECT rows, good, bad, imported, failed FROM im.import_batch WHERE id = :batch;

-- hostile and odd values are only values
INSERT INTO im.lead_import (contact_name, email, notes, tags) VALUES
  ('Robert''); DROP TABLE im.lead; --', 'bobby@example.com', repeat('long ', 10000), '{"a b",c}'),
  (repeat('x', 501), 'long@example.com', NULL, NULL),
  ('Wide', 'wide@example.com', repeat('n', 100001), NULL),
  (U&'\FEFFBom\00A0', U&' \200Bbom@example.com\00A0', U&'\00A0', ';;,'),
  ('Dis Played', 'display@example.com', NULL, NULL);
SELECT max(id) AS batch FROM im.import_batch \gset
SELECT "row", good, problems FROM im.import_review WHERE batch_id = :batch AND NOT good ORDER BY 1;
SET client_min_messages = warning;
CALL lead_mgmt.import_confirm('im', :batch);
SET client_min_messages = notice;
SELECT contact_name, email, length(notes) AS notes, tags FROM im.lead WHERE email IN ('bobby@example.com', 'bom@example.com') ORDER BY id;

-- a batch of nothing, and one that is forgotten
INSERT INTO im.lead_import (contact_name) SELECT 'nobody' WHERE false;
SELECT max(id) AS batch FROM im.import_batch \gset
SELECT rows, good, state FROM im.import_batch WHERE id = :batch;
CALL lead_mgmt.import_confirm('im', :batch);
DELETE FROM im.import_batch WHERE id = :batch;
CALL lead_mgmt.import_confirm('im', :batch);
CALL lead_mgmt.import_confirm('im', NULL);
CALL lead_mgmt.import_confirm(NULL, 1);
CALL lead_mgmt.import_confirm('public', 1);
CALL lead_mgmt.import_confirm('nowhere', 1);

-- what is refused and not judged
INSERT INTO im.import_review (batch_id, "row") VALUES (1, 100);
DELETE FROM im.import_review;
UPDATE im.lead_import SET email = 'x';
SELECT lead_mgmt.import_begin();

-- in one transaction
INSERT INTO im.lead_import (contact_name, email) SELECT 'T' || i, 't' || i || '@example.com' FROM generate_series(1, 600) i;
SELECT max(id) AS batch FROM im.import_batch \gset
BEGIN;
CALL lead_mgmt.import_confirm('im', :batch);
ROLLBACK;
SELECT state, imported FROM im.import_batch WHERE id = :batch;
SELECT count(*) FROM im.lead WHERE contact_name ~ '^T\d+$';
CALL lead_mgmt.import_confirm('im', :batch);
SELECT count(*), count(DISTINCT email) FROM im.lead WHERE contact_name ~ '^T\d+$';

-- roles: who has INSERT on the view alone loads, and sees what is his
CREATE ROLE im_loader;
CREATE ROLE im_other;
GRANT USAGE ON SCHEMA im TO im_loader, im_other;
GRANT INSERT ON im.lead_import TO im_loader;
GRANT SELECT ON im.import_batch, im.import_review TO im_loader, im_other;
GRANT UPDATE ON im.import_review TO im_loader, im_other;
GRANT UPDATE (on_known, source) ON im.import_batch TO im_loader, im_other;
GRANT DELETE ON im.import_batch TO im_other;
SET ROLE im_other;
INSERT INTO im.lead_import (contact_name, email) VALUES ('no', 'no@example.com');
SET ROLE im_loader;
INSERT INTO im.lead_import (contact_name, email) VALUES ('His Own', 'own@example.com'), ('Old One', 'old@example.com');
SELECT rows, good, actor FROM im.import_batch;
-- that somebody is known is told, and no more
SELECT "row", good, problems, known_lead_id, contact_name FROM im.import_review ORDER BY 1;
UPDATE im.import_review SET contact_name = 'Own' WHERE "row" = 1;
UPDATE im.import_batch SET source = 'Website';
UPDATE im.import_batch SET rows = 7;
SELECT * FROM im.import_row;
SELECT id AS batch FROM im.import_batch \gset
CALL lead_mgmt.import_confirm('im', :batch);
SET ROLE im_other;
SELECT count(*) FROM im.import_batch;
SELECT count(*) FROM im.import_review;
UPDATE im.import_review SET contact_name = 'Mine';
DELETE FROM im.import_batch;
CALL lead_mgmt.import_confirm('im', :batch);
RESET ROLE;
GRANT INSERT ON im.lead TO im_loader;
SET ROLE im_loader;
CALL lead_mgmt.import_confirm('im', :batch);
SELECT "row", outcome, lead_id FROM im.import_review ORDER BY 1;
RESET ROLE;
SELECT contact_name, source, created_by FROM im.lead WHERE email = 'own@example.com';
-- where row security would hold him back the owner confirms
ALTER TABLE im.lead ENABLE ROW LEVEL SECURITY;
SET ROLE im_loader;
INSERT INTO im.lead_import (contact_name, email) VALUES ('Hidden', 'hidden@example.com');
SELECT max(id) AS batch FROM im.import_batch \gset
CALL lead_mgmt.import_confirm('im', :batch);
RESET ROLE;
CALL lead_mgmt.import_confirm('im', :batch);

-- a schema of any name
SET client_min_messages = warning;
SELECT lead_mgmt.create_workspace('im o''"brien; DROP');
SET client_min_messages = notice;
INSERT INTO "im o'""brien; DROP".lead_import (contact_name, email) VALUES ('A', 'a@example.com'), ('A', 'a@example.com');
UPDATE "im o'""brien; DROP".import_review SET company = 'A Inc.' WHERE "row" = 2;
CALL lead_mgmt.import_confirm('im o''"brien; DROP', 1);
SELECT contact_name, company FROM "im o'""brien; DROP".lead;

SET client_min_messages = warning;
DROP SCHEMA im CASCADE;
DROP SCHEMA "im o'""brien; DROP" CASCADE;
DROP ROLE im_loader, im_other;
