--
-- The capture door: who is known and who is new, what becomes of what was
-- submitted, what is refused, and who may do it.
--
SET client_encoding = 'UTF8';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never
\pset format unaligned
\pset null '-'
SELECT lead_mgmt.create_workspace('form');
SET search_path = form;
INSERT INTO rep (name) VALUES ('Ana'), ('Ben');
CREATE ROLE regress_form_web;
CREATE ROLE regress_form_rep;
GRANT USAGE ON SCHEMA form TO regress_form_web, regress_form_rep;
GRANT INSERT, SELECT (lead_id, outcome) ON web_form TO regress_form_web;

-- What must hold after everything below: no lead without its ledgers, every
-- score explained, and each engagement counted once.
CREATE VIEW pg_temp.broken AS
SELECT 'score' AS what, lead_id FROM score_audit
UNION ALL
SELECT 'ledger', l.id FROM lead l WHERE l.status IS DISTINCT FROM
  (SELECT c.to_status FROM status_change c WHERE c.lead_id = l.id ORDER BY c.id DESC LIMIT 1)
UNION ALL
SELECT 'owner', l.id FROM lead l WHERE l.owner_id IS DISTINCT FROM
  (SELECT a.rep_id FROM assignment a WHERE a.lead_id = l.id ORDER BY a.id DESC LIMIT 1)
UNION ALL
SELECT 'engaged', l.id FROM lead l WHERE l.last_engaged_at IS DISTINCT FROM
  (SELECT max(e.at) FROM engagement e WHERE e.lead_id = l.id);

--
-- New
--
SET ROLE regress_form_web;
INSERT INTO web_form (contact_name, email, company, job_title, industry, company_size, annual_revenue, street, city, region,
  postal_code, country, source, source_detail, campaign, channel, product_interest, message, utm_source, utm_medium,
  utm_campaign, utm_term, utm_content, url, referrer, consent, consent_text, birthday, notes, tags, properties, submission_id)
VALUES ('Kim Lee', ' Kim.Lee@Example.com ', 'Acme Inc.', 'VP Marketing', 'Software', '80', '1250000.50', '1 Main St', 'New York', 'NY',
  '10001', 'US', 'website', 'demo page', 'spring', 'web', 'Gadgets', 'Call me', 'google', 'cpc',
  'spring-26', 'gadget', 'top', 'https://example.com/demo', 'https://search.example', true, 'You may write to me.', '1990-12-31', 'vip', '{a,b}',
  '{"color": "red", "steps": [1, 2], "utm_source": "of the page"}', 'aaaaaaaa-0000-4000-8000-000000000001')
RETURNING lead_id, outcome;
RESET ROLE;
SELECT id, contact_name, email, company, job_title, industry, company_size, annual_revenue, street, city, region, postal_code, country,
  source, source_detail, campaign, channel, product_interest, birthday, notes, tags, priority, status, email_key, opted_out_at, created_by, updated_by
FROM lead;
SELECT lead_id, kind, url, asset, campaign, submission_id, properties - 'consent_at' - 'submitted' AS properties FROM engagement;
SELECT (properties->>'consent_at')::timestamptz BETWEEN now() - interval '1 minute' AND clock_timestamp() AS consent_at,
  jsonb_object_keys(properties->'submitted') AS submitted FROM engagement;
-- 20 for the title, 12 for the size, 3 and 6 for the industry, 5 for the country, 5 for revenue; 10 for the form
SELECT score, demographic_score, firmographic_score, round(behavioral_score) AS behavioral_score, owner_id IS NOT NULL AS owned,
  response_due_at - created_at AS response_within FROM lead;

-- fields left empty are no fields
SET ROLE regress_form_web;
INSERT INTO web_form (contact_name, email, phone, company, company_size, annual_revenue, birthday, source, message, tags, consent)
VALUES (E' Ann \t', 'ann@example.com', '', '  ', '', ' ', '', '', '', NULL, NULL) RETURNING lead_id, outcome;
RESET ROLE;
SELECT contact_name, phone, company, company_size, annual_revenue, birthday, source, tags FROM lead WHERE email = 'ann@example.com';
SELECT properties FROM engagement WHERE lead_id = (SELECT id FROM lead WHERE email = 'ann@example.com');
-- numbers, dates and arrays of any type may be given
INSERT INTO web_form (contact_name, email, company_size, annual_revenue, birthday, tags)
VALUES ('Typed', 'typed@example.com', 12, 1e6, date '1980-02-29', ARRAY['x y', 'z']);
SELECT company_size, annual_revenue, birthday, tags FROM lead WHERE email = 'typed@example.com';
-- what the column says when nothing is given
ALTER TABLE lead ALTER industry SET DEFAULT 'Soft' || 'ware', ALTER company_size SET DEFAULT 1;
INSERT INTO web_form (contact_name, email, company_size) VALUES ('Default', 'default@example.com', 2);
INSERT INTO web_form (contact_name, email) VALUES ('Default', 'default@example.com');
SELECT industry, company_size FROM lead WHERE email = 'default@example.com';
ALTER TABLE lead ALTER industry DROP DEFAULT, ALTER company_size DROP DEFAULT;

--
-- Known by e-mail: nothing is overwritten, what is empty is filled
--
INSERT INTO web_form (contact_name, email, phone, company, street, source, message)
VALUES ('K. Lee', 'KIM.LEE@EXAMPLE.COM', '+1 212 555 0143', 'Acme Corporation', 'Elsewhere', 'Referral', 'Again')
RETURNING lead_id, outcome;
SELECT contact_name, email, phone, phone_key, company, street, source, updated_by FROM lead WHERE id = 1;
SELECT count(*), count(DISTINCT lead_id), (array_agg(properties->'submitted'->>'company' ORDER BY id))[2] AS submitted FROM engagement WHERE lead_id = 1;
-- an empty text, or an array of nothing, is empty
UPDATE lead SET region = ' ', tags = '{}' WHERE id = 1;
INSERT INTO web_form (contact_name, email, region, tags) VALUES ('Kim', 'kim.lee@example.com', 'NJ', '{new}') RETURNING lead_id, outcome;
SELECT region, tags FROM lead WHERE id = 1;

--
-- Known by phone: where the names agree, or one side has no e-mail
--
INSERT INTO web_form (contact_name, email, phone) VALUES
  ('Lee, Kim', 'kim@home.example', '+1 (212) 555-0143'),	-- the same person
  ('Bob Stone', 'bob@example.com', '+12125550143'),			-- another at that number
  ('Reception', NULL, '+1 212-555-0143'),					-- nothing says that it is not Kim
  ('Cy Young', 'cy@example.com', '+44 20 7946 0001')
RETURNING lead_id, outcome, contact_name;
INSERT INTO lead (contact_name, phone) VALUES ('Desk', '+44 20 7946 0999');
INSERT INTO web_form (contact_name, email, phone) VALUES ('Dan Desk', 'dan@example.com', '+442079460999') RETURNING lead_id, outcome;
SELECT contact_name, email, phone FROM lead WHERE phone_key = '+442079460999';
-- pairs that are not attached are flagged
SELECT l.contact_name, o.contact_name, d.rules FROM duplicate d JOIN lead l ON l.id = d.lead_id JOIN lead o ON o.id = d.other_id
ORDER BY d.lead_id, d.other_id;

-- Further addresses and numbers are remembered, and used where the names agree.
SELECT lead_id, key, value FROM lead_alias ORDER BY id;
INSERT INTO web_form (contact_name, email, phone) VALUES
  ('Kim Lee', 'Kim@Home.example', NULL),
  ('Kim Lee', 'kim.lee@example.com', '+44 20 7946 0123'),
  ('Kim Lee', NULL, '+442079460123'),
  ('Kim Lee', 'kim@third.example', '+442079460123'),
  ('Otto Kar', 'kim@home.example', NULL)
RETURNING lead_id, outcome, contact_name;
SELECT lead_id, key, value FROM lead_alias ORDER BY id;

--
-- Replayed: nothing changes
--
CREATE TEMP TABLE before AS SELECT md5(string_agg(l::text, '' ORDER BY id)) AS lead FROM lead l;
SET ROLE regress_form_web;
INSERT INTO web_form (contact_name, email, submission_id) VALUES ('Kim Lee', 'kim.lee@example.com', 'aaaaaaaa-0000-4000-8000-000000000001')
RETURNING lead_id, outcome;
-- whatever comes with it
INSERT INTO web_form (contact_name, email, source, company_size, submission_id)
VALUES (NULL, 'nobody', 'nowhere', 'many', '{AAAAAAAA-0000-4000-8000-000000000001}') RETURNING lead_id, outcome;
RESET ROLE;
SELECT md5(string_agg(l::text, '' ORDER BY id)) = (SELECT lead FROM before) AS unchanged FROM lead l;
SELECT count(*) FROM engagement WHERE submission_id IS NOT NULL;
-- without one, each counts
INSERT INTO web_form (contact_name, email) SELECT 'Ann', 'ann@example.com' FROM generate_series(1, 3);
SELECT count(*) FROM engagement WHERE lead_id = 2;
-- twice in one statement, and of an engagement that came another way
INSERT INTO web_form (contact_name, email, submission_id) VALUES
  ('Eve', 'eve@example.com', 'aaaaaaaa-0000-4000-8000-000000000002'), ('Eve', 'eve@example.com', 'aaaaaaaa-0000-4000-8000-000000000002')
RETURNING outcome;
INSERT INTO engagement (lead_id, kind, submission_id) VALUES (2, 'visit', 'aaaaaaaa-0000-4000-8000-000000000003');
INSERT INTO web_form (contact_name, email, submission_id) VALUES ('Fay', 'fay@example.com', 'aaaaaaaa-0000-4000-8000-000000000003')
RETURNING lead_id, outcome;
SELECT * FROM pg_temp.broken;

--
-- Reopened
--
INSERT INTO lead (id, contact_name, email, status, owner_id) OVERRIDING SYSTEM VALUE VALUES
  (101, 'Archived', 'archived@example.com', 'contacted', 1), (102, 'Unqualified', 'unqualified@example.com', 'unqualified', 1),
  (103, 'Nurtured', 'nurtured@example.com', 'nurture', 2), (104, 'Open', 'open@example.com', 'contacted', 2),
  (105, 'Converted', 'converted@example.com', 'new', 1), (106, 'Nobody', 'nobody@example.com', 'unqualified', 1);
UPDATE lead SET archived_at = now() WHERE id IN (101, 102);
UPDATE lead SET owner_id = NULL WHERE id = 106;
UPDATE lead SET budget_confirmed = true, authority_confirmed = true, need_confirmed = true, timeline_confirmed = true WHERE id = 105;
UPDATE lead SET status = 'qualified' WHERE id = 105;
UPDATE lead SET status = 'converted', archived_at = now() WHERE id = 105;
-- as if they had been answered long ago
SET session_replication_role = replica;
UPDATE lead SET first_response_at = '2026-01-01', response_due_at = '2026-01-01' WHERE id BETWEEN 101 AND 106;
SET session_replication_role = origin;
SET ROLE regress_form_web;
INSERT INTO web_form (contact_name, email) SELECT 'Back', x || '@example.com'
FROM unnest('{archived,unqualified,nurtured,open,converted,nobody}'::text[]) x RETURNING lead_id, outcome;
RESET ROLE;
SELECT id, status, archived_at, first_response_at, owner_id IS NOT NULL AS owned, CASE WHEN id < 104 THEN owner_id END AS owner_id,
  response_due_at BETWEEN now() + interval '4 minutes' AND clock_timestamp() + interval '5 minutes' AS due_anew FROM lead WHERE id BETWEEN 101 AND 106 ORDER BY id;
SELECT lead_id, from_status, to_status, actor FROM status_change WHERE lead_id BETWEEN 101 AND 106 AND from_status IS NOT NULL ORDER BY id;
-- where no transition leads to new, or its guard does not hold, it is not lost either
UPDATE status_transition SET condition = 'false' WHERE from_status = 'nurture' AND to_status = 'new';
DELETE FROM status_transition WHERE from_status = 'unqualified' AND to_status = 'new';
UPDATE lead SET status = 'nurture' WHERE id = 103;
UPDATE lead SET status = 'unqualified' WHERE id = 102;
SET session_replication_role = replica;
UPDATE lead SET first_response_at = '2026-01-01', response_due_at = '2026-01-01' WHERE id IN (102, 103);
SET session_replication_role = origin;
INSERT INTO web_form (contact_name, email) VALUES ('Back', 'nurtured@example.com'), ('Back', 'unqualified@example.com') RETURNING lead_id, outcome;
SELECT id, status, first_response_at, response_due_at > now() AS due_anew FROM lead WHERE id IN (102, 103) ORDER BY id;
-- a writer's own values for these are ignored as ever
UPDATE lead SET first_response_at = '2020-01-01', response_due_at = '2020-01-01' WHERE id = 104;
SELECT first_response_at, response_due_at FROM lead WHERE id = 104;

-- a lead that was merged is its master; an archived one comes after one that is worked on
INSERT INTO lead (id, contact_name, email) VALUES (111, 'Master', 'master@example.com'), (112, 'Merged', 'merged@example.com'),
  (113, 'Old', 'twice@example.com'), (114, 'Current', 'twice@example.com');
SET session_replication_role = replica;
UPDATE lead SET merged_into = 111, archived_at = now() WHERE id = 112;
SET session_replication_role = origin;
UPDATE lead SET archived_at = now() WHERE id = 113;
INSERT INTO web_form (contact_name, email) VALUES ('Merged', 'merged@example.com'), ('Old', 'twice@example.com') RETURNING lead_id, outcome;
SELECT id, archived_at IS NOT NULL AS archived FROM lead WHERE id IN (112, 113) ORDER BY id;
SELECT * FROM pg_temp.broken;

--
-- Opting out is for good; consent is recorded and takes nothing back
--
INSERT INTO web_form (contact_name, email, opt_out) VALUES ('Gil', 'gil@example.com', true) RETURNING outcome;
SELECT opted_out_at IS NOT NULL AS out FROM lead WHERE email = 'gil@example.com';
CREATE TEMP TABLE gil AS SELECT opted_out_at FROM lead WHERE email = 'gil@example.com';
INSERT INTO web_form (contact_name, email, opt_out, consent, consent_text) VALUES ('Gil', 'gil@example.com', false, true, 'Yes'), ('Gil', 'gil@example.com', true, false, 'No')
RETURNING outcome;
SELECT l.opted_out_at = g.opted_out_at AS as_before FROM lead l, gil g WHERE l.email = 'gil@example.com';
SELECT properties - 'consent_at' - 'submitted' AS properties, properties ? 'consent_at' AS consent_at FROM engagement
WHERE lead_id = (SELECT id FROM lead WHERE email = 'gil@example.com') ORDER BY id;
INSERT INTO web_form (contact_name, email, opt_out) VALUES ('Ann', 'ann@example.com', true) RETURNING outcome;
SELECT opted_out_at IS NOT NULL AS out FROM lead WHERE id = 2;

--
-- The match rules say who is known
--
UPDATE match_rule SET action = 'flag' WHERE name = 'email';
INSERT INTO web_form (contact_name, email) VALUES ('Ann', 'ann@example.com') RETURNING lead_id > 2 AS another, outcome;
SELECT count(*) FROM duplicate WHERE other_id = 2 AND rules @> '{email}';
UPDATE match_rule SET action = 'off' WHERE name = 'email';
INSERT INTO web_form (contact_name, email) VALUES ('Ann', 'ann@example.com') RETURNING lead_id > 2 AS another, outcome;
SELECT count(*) FROM duplicate WHERE other_id = 2 AND rules @> '{email}';
UPDATE match_rule SET action = 'reject' WHERE name = 'email';
SET ROLE regress_form_web;
INSERT INTO web_form (contact_name, email) VALUES ('Ann', 'ann@example.com');	-- not which one: it may not see leads
RESET ROLE;
INSERT INTO web_form (contact_name, email) VALUES ('Ann', 'ann@example.com');
-- an address that is somebody else's is not filled in
INSERT INTO lead (contact_name, phone) VALUES ('Hal', '+442079460777');
INSERT INTO web_form (contact_name, phone, email, city) VALUES ('Hal', '+442079460777', 'ann@example.com', 'Rome') RETURNING outcome;
SELECT email, city FROM lead WHERE phone_key = '+442079460777';
UPDATE match_rule SET action = 'attach' WHERE name IN ('email', 'company_and_name');
INSERT INTO web_form (contact_name, email, company) VALUES ('Ivy', 'ivy@example.com', 'Acme Ltd') RETURNING outcome;
INSERT INTO web_form (contact_name, email, company) VALUES ('IVY', 'ivy@other.example', 'ACME') RETURNING outcome;
UPDATE match_rule SET action = 'flag' WHERE name = 'company_and_name';

--
-- Refused
--
SET ROLE regress_form_web;
INSERT INTO web_form (email) VALUES ('x@example.com');
INSERT INTO web_form (contact_name, email) VALUES (' ', 'x@example.com');
INSERT INTO web_form (contact_name, email, phone) VALUES ('X', '', ' ');
INSERT INTO web_form (contact_name, email) VALUES ('X', 'x@');
INSERT INTO web_form (contact_name, phone) VALUES ('X', 'call me');
INSERT INTO web_form (contact_name, email, source) VALUES ('X', 'x@example.com', 'Web-Site');
INSERT INTO web_form (contact_name, email, company_size) VALUES ('X', 'x@example.com', 'many');
INSERT INTO web_form (contact_name, email, company_size) VALUES ('X', 'x@example.com', '-1');
INSERT INTO web_form (contact_name, email, company_size) VALUES ('X', 'x@example.com', '2147483648');
INSERT INTO web_form (contact_name, email, annual_revenue) VALUES ('X', 'x@example.com', '1.2.3');
INSERT INTO web_form (contact_name, email, annual_revenue) VALUES ('X', 'x@example.com', 'NaN');
INSERT INTO web_form (contact_name, email, birthday) VALUES ('X', 'x@example.com', '1990-02-30');
INSERT INTO web_form (contact_name, email, birthday) VALUES ('X', 'x@example.com', 'today');
INSERT INTO web_form (contact_name, email, submission_id) VALUES ('X', 'x@example.com', '1');
-- of people we know too
INSERT INTO web_form (contact_name, email, source) VALUES ('Kim', 'kim.lee@example.com', 'Web-Site');
INSERT INTO web_form (contact_name, email, phone) VALUES ('Kim', 'kim.lee@example.com', 'none');
-- what people choose from a list is understood as in a file
INSERT INTO web_form (contact_name, email, company_size, annual_revenue) VALUES ('Range', 'range@example.com', '51-200', '$1M-$5M'), ('Range', 'range2@example.com', '500+', '1,250,000.50') RETURNING outcome;
RESET ROLE;
SELECT email, company_size, annual_revenue FROM lead WHERE contact_name = 'Range' ORDER BY email;
SELECT properties -> 'submitted' ->> 'company_size' AS submitted FROM engagement WHERE properties -> 'submitted' ->> 'email' = 'range@example.com';
SET ROLE regress_form_web;
-- nothing else is possible
UPDATE web_form SET message = 'x';
SELECT message FROM web_form;
SELECT lead_id, outcome FROM web_form;
INSERT INTO lead (contact_name, email) VALUES ('X', 'x@example.com');
SELECT count(*) FROM lead_alias;
SET ROLE regress_form_rep;
INSERT INTO web_form (contact_name, email) VALUES ('X', 'x@example.com');
RESET ROLE;
UPDATE web_form SET message = 'x';
DELETE FROM web_form;
SELECT * FROM web_form;
SELECT count(*) FROM lead WHERE email = 'x@example.com';
SELECT lead_mgmt.web_form_submit();
CREATE TRIGGER wrong BEFORE INSERT ON lead FOR EACH ROW EXECUTE FUNCTION lead_mgmt.web_form_submit();
INSERT INTO lead (contact_name, email) VALUES ('X', 'x@example.com');
DROP TRIGGER wrong ON lead;
-- the column and the table that an error names
DO $$
DECLARE state text; col text; tab text; con text;
BEGIN
  INSERT INTO form.web_form (contact_name, email, company_size) VALUES ('X', 'x@example.com', 'x');
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, col = COLUMN_NAME, tab = TABLE_NAME, con = CONSTRAINT_NAME;
  RAISE NOTICE '% % % %', state, tab, col, con;
END $$;

--
-- Whoever does it is written down
--
SET ROLE regress_form_web;
SET lead_mgmt.actor = 'visitor 7';
INSERT INTO web_form (contact_name, email) VALUES ('Jo', 'jo@example.com') RETURNING outcome;
RESET lead_mgmt.actor;
INSERT INTO web_form (contact_name, email, city) VALUES ('Jo', 'jo@example.com', 'Rome') RETURNING outcome;
RESET ROLE;
SELECT l.created_by, l.updated_by, c.actor, c.login = session_user AS login FROM lead l JOIN status_change c ON c.lead_id = l.id WHERE l.email = 'jo@example.com';

--
-- As applications do it
--
PREPARE submit(text, text, text, jsonb) AS INSERT INTO web_form (contact_name, email, company_size, properties) VALUES ($1, $2, $3, $4) RETURNING outcome;
EXECUTE submit('Lu', 'lu@example.com', '3', '{"a": 1}');
EXECUTE submit('Lu', 'lu@example.com', NULL, '[1, "two"]');
EXECUTE submit('Lu', 'lu@example.com', NULL, '"text"');
EXECUTE submit('Lu', 'lu@example.com', NULL, 'null');
DEALLOCATE submit;
SELECT properties - 'submitted' AS properties FROM engagement WHERE lead_id = (SELECT id FROM lead WHERE email = 'lu@example.com') ORDER BY id;
COPY web_form (contact_name, email, company_size, message) FROM STDIN (FORMAT csv);
Mo,mo@example.com,5,"a, ""b"""
Mo,MO@example.com,,
Ned,ned@example.com,,
\.
SELECT l.contact_name, count(e.id), min(e.properties->>'message') AS message FROM lead l JOIN engagement e ON e.lead_id = l.id
WHERE l.email IN ('mo@example.com', 'ned@example.com') GROUP BY l.id ORDER BY l.id;
-- in one transaction with what is taken back
BEGIN;
SAVEPOINT a;
INSERT INTO web_form (contact_name, email) VALUES ('Pat', 'pat@example.com') RETURNING outcome;
ROLLBACK TO a;
INSERT INTO web_form (contact_name, email) VALUES ('Pat', 'pat@example.com') RETURNING outcome;
INSERT INTO web_form (contact_name, email) VALUES ('Pat', 'pat@example.com') RETURNING outcome;
COMMIT;
SELECT count(*) FROM engagement WHERE lead_id = (SELECT id FROM lead WHERE email = 'pat@example.com');
-- large, and full of what could be taken for something else
INSERT INTO web_form (contact_name, email, company, message, properties)
VALUES ($$o'"brien; DROP TABLE lead; -- \ {}$$, 'hostile@example.com', $$"}{\"$$, repeat(E'\\"\u20ac\n\t', 100000), jsonb_build_object($$'";--$$, repeat('x', 1000000)))
RETURNING outcome;
SELECT contact_name, company FROM lead WHERE email = 'hostile@example.com';
SELECT properties->>'message' = repeat(E'\\"\u20ac\n\t', 100000) AS message, length(properties->>$$'";--$$), properties->'submitted'->>'contact_name' AS name
FROM engagement WHERE lead_id = (SELECT id FROM lead WHERE email = 'hostile@example.com');

--
-- Users' own triggers and columns
--
ALTER TABLE lead ADD COLUMN region_code text DEFAULT 'none', ALTER company_size TYPE bigint, DROP COLUMN street CASCADE;
CREATE FUNCTION pg_temp.shape() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.contact_name = 'Suppressed' THEN
    RETURN NULL;
  END IF;
  NEW.product_interest := coalesce(NEW.product_interest, 'of the trigger');
  RETURN NEW;
END $$;
CREATE TRIGGER shape BEFORE INSERT OR UPDATE ON lead FOR EACH ROW EXECUTE FUNCTION pg_temp.shape();
INSERT INTO web_form (contact_name, email, street, company_size) VALUES ('Quin', 'quin@example.com', 'is gone', 7), ('Suppressed', 'suppressed@example.com', NULL, NULL)
RETURNING outcome;
SELECT product_interest, region_code, company_size FROM lead WHERE email = 'quin@example.com';
SELECT properties FROM engagement WHERE lead_id = (SELECT id FROM lead WHERE email = 'quin@example.com');
DROP TRIGGER shape ON lead;
SELECT * FROM pg_temp.broken;

-- The empty preset has no match rules and no kind of engagement.
SELECT lead_mgmt.create_workspace('empty_form', 'empty');
INSERT INTO empty_form.web_form (contact_name, email) VALUES ('X', 'x@example.com');
INSERT INTO empty_form.engagement_kind VALUES ('form');
INSERT INTO empty_form.web_form (contact_name, email) VALUES ('X', 'x@example.com'), ('X', 'x@example.com') RETURNING lead_id, outcome;

-- It comes back after what it calls was dropped, and works in a schema of another name.
ALTER SCHEMA empty_form RENAME TO "o'""brien; DROP";
INSERT INTO "o'""brien; DROP".web_form (contact_name, email) VALUES ('Y', 'y@example.com') RETURNING outcome;
DROP VIEW "o'""brien; DROP".web_form;
SELECT lead_mgmt.upgrade_workspace($$o'"brien; DROP$$);
INSERT INTO "o'""brien; DROP".web_form (contact_name, email) VALUES ('Z', 'z@example.com') RETURNING outcome;

RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA "o'""brien; DROP" CASCADE;
DROP SCHEMA form CASCADE;
DROP ROLE regress_form_web, regress_form_rep;
