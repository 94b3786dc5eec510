--
-- Refusals: what is refused, and that each one says which rule it was, why,
-- and what to do.
--
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT lead_mgmt.create_workspace('refusal');
INSERT INTO refusal.rep (name) VALUES ('Ana');

-- All that an error says, for a program as well as for a person.
CREATE FUNCTION pg_temp.refused(statement text, OUT code text, OUT message text, OUT detail text,
  OUT hint text, OUT "constraint" text, OUT "table" text, OUT "column" text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  message := 'NOT REFUSED';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
    hint = PG_EXCEPTION_HINT, "constraint" = CONSTRAINT_NAME, "table" = TABLE_NAME, "column" = COLUMN_NAME;
END $$;

\pset format unaligned
\x
\t

--
-- 1. No contact method: absent, empty, white space of any kind; also taken away
--
SELECT * FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name) VALUES ('Kim')$$);
SELECT * FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, email, phone) VALUES ('Kim', '', E' \t\u00a0')$$);
INSERT INTO refusal.lead (contact_name, email, phone) VALUES ('Kim', ' ', '+1 212 555 0143') RETURNING email, phone;
SELECT * FROM pg_temp.refused($$UPDATE refusal.lead SET phone = NULL WHERE contact_name = 'Kim'$$);
SELECT * FROM pg_temp.refused($$UPDATE refusal.lead SET phone = ' ' WHERE contact_name = 'Kim'$$);

--
-- 2. The name
--
SELECT * FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, email) VALUES (NULL, 'kim@example.com')$$);
SELECT * FROM pg_temp.refused($$INSERT INTO refusal.lead (email) VALUES ('kim@example.com')$$);
SELECT * FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, email) VALUES ('', 'kim@example.com')$$);
SELECT * FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, email) VALUES (E' \n\u00a0', 'kim@example.com')$$);
SELECT * FROM pg_temp.refused($$UPDATE refusal.lead SET contact_name = '  ' WHERE contact_name = 'Kim'$$);

--
-- 3. Addresses and numbers that are none
--
SELECT * FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, email) VALUES ('Lee', 'lee at example.com')$$);
SELECT * FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, email) VALUES ('Lee', 'lee@example')$$);
SELECT * FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, email, phone) VALUES ('Lee', 'a@b@example.com', '+1 212 555 0143')$$);
SELECT * FROM pg_temp.refused($$UPDATE refusal.lead SET email = 'kim@' WHERE contact_name = 'Kim'$$);
SELECT * FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, phone) VALUES ('Lee', 'call me')$$);
SELECT * FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, phone) VALUES ('Lee', '12')$$);
SELECT * FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, email, phone) VALUES ('Lee', 'lee@example.com', '+1234567890123456')$$);
SELECT * FROM pg_temp.refused($$UPDATE refusal.lead SET phone = 'n/a' WHERE contact_name = 'Kim'$$);
-- a national number is a number
INSERT INTO refusal.lead (contact_name, phone) VALUES ('Pat', '(212) 555-0199') RETURNING phone;

--
-- 4. Names that must be in a catalogue; capitals matter in a plain INSERT
--
SELECT * FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, email, source) VALUES ('Lee', 'lee@example.com', 'website')$$);
SELECT * FROM pg_temp.refused($$UPDATE refusal.lead SET source = 'Fax' WHERE contact_name = 'Kim'$$);
SELECT * FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, email, status) VALUES ('Lee', 'lee@example.com', 'New')$$);
SELECT * FROM pg_temp.refused($$UPDATE refusal.lead SET status = 'hot' WHERE contact_name = 'Kim'$$);
SELECT code, "constraint", "table" FROM pg_temp.refused($$UPDATE refusal.lead SET owner_id = -1 WHERE contact_name = 'Kim'; SET CONSTRAINTS ALL IMMEDIATE$$);
SELECT code, "constraint", "table" FROM pg_temp.refused($$UPDATE refusal.lead SET priority = 'urgent' WHERE contact_name = 'Kim'$$);
SELECT code, "table", "column" FROM pg_temp.refused($$UPDATE refusal.lead SET status = NULL WHERE contact_name = 'Kim'$$);

--
-- 5. Transitions: not there, guard unmet, guard that fails
--
SELECT * FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, email, status) VALUES ('Lee', 'lee@example.com', 'converted')$$);
SELECT * FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, email, status) VALUES ('Lee', 'lee@example.com', 'qualified')$$);
SELECT regexp_replace(message, '\d+', 'N') AS message, code, detail, hint, "constraint", "table", "column"
FROM pg_temp.refused($$UPDATE refusal.lead SET status = 'converted' WHERE contact_name = 'Kim'$$);
SELECT regexp_replace(message, '\d+', 'N') AS message, code, detail, hint, "constraint", "table", "column"
FROM pg_temp.refused($$UPDATE refusal.lead SET status = 'qualified', budget_confirmed = true, authority_confirmed = true,
  need_confirmed = true, timeline_confirmed = NULL WHERE contact_name = 'Kim'$$);
-- what is possible now depends on the row: with all four, qualified is
SELECT hint FROM pg_temp.refused($$UPDATE refusal.lead SET status = 'converted', budget_confirmed = true, authority_confirmed = true,
  need_confirmed = true, timeline_confirmed = true WHERE contact_name = 'Kim'$$);
-- converted leads nowhere
INSERT INTO refusal.lead (contact_name, email, status, budget_confirmed, authority_confirmed, need_confirmed, timeline_confirmed)
VALUES ('Won', 'won@example.com', 'qualified', true, true, true, true);
UPDATE refusal.lead SET status = 'converted' WHERE contact_name = 'Won';
SELECT code, detail, hint FROM pg_temp.refused($$UPDATE refusal.lead SET status = 'new' WHERE contact_name = 'Won'$$);
-- a guard without a message, and one that cannot be asked of this row
UPDATE refusal.status_transition SET condition = 'company_size > 10', message = NULL
WHERE from_status = 'new' AND to_status = 'contacted';
SELECT code, detail, hint FROM pg_temp.refused($$UPDATE refusal.lead SET status = 'contacted' WHERE contact_name = 'Kim'$$);
UPDATE refusal.status_transition SET condition = $$(attributes->>'staff')::int > 10$$
WHERE from_status = 'new' AND to_status = 'contacted';
SELECT code, detail, hint FROM pg_temp.refused($$UPDATE refusal.lead SET status = 'contacted', attributes = '{"staff": "51-200"}' WHERE contact_name = 'Kim'$$);
UPDATE refusal.lead SET status = 'contacted', attributes = '{"staff": "51"}' WHERE contact_name = 'Kim' RETURNING status;

--
-- 6. Times
--
SELECT * FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, email, created_at) VALUES ('Lee', 'lee@example.com', '2999-01-01')$$);
SELECT code, "constraint" FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, email, created_at) VALUES ('Lee', 'lee@example.com', 'infinity')$$);
SELECT code, "constraint" FROM pg_temp.refused($$UPDATE refusal.lead SET created_at = '2999-01-01' WHERE contact_name = 'Kim'$$);
INSERT INTO refusal.lead (contact_name, email, created_at) VALUES ('Old', 'old@example.com', '2024-03-01 10:00');
SELECT regexp_replace(message, '\d+', 'N') AS message, code, detail, hint, "constraint", "table", "column"
FROM pg_temp.refused($$UPDATE refusal.lead SET status = 'nurture', status_since = '2024-03-01 09:59:59' WHERE contact_name = 'Old'$$);
SELECT regexp_replace(message, '\d+', 'N') AS message, code, detail, hint, "constraint", "table", "column"
FROM pg_temp.refused($$UPDATE refusal.lead SET status = 'nurture', status_since = '2999-01-01' WHERE contact_name = 'Old'$$);

--
-- 7. Duplicates that are to be rejected
--
UPDATE refusal.match_rule SET action = 'reject' WHERE name IN ('email', 'phone');
SELECT code, message, detail = format('Key (email_key)=(old@example.com) is that of lead %s.', l.id) AS tells_which,
  hint, "constraint", "table", "column"
FROM refusal.lead l, pg_temp.refused($$INSERT INTO refusal.lead (contact_name, email) VALUES ('Old', ' OLD@Example.com')$$)
WHERE contact_name = 'Old';
SELECT code, message, detail = format('Key (phone_key)=(+12125550143) is that of lead %s.', l.id) AS tells_which,
  hint, "constraint", "table", "column"
FROM refusal.lead l, pg_temp.refused($$UPDATE refusal.lead SET phone = '+1 (212) 555-0143' WHERE contact_name = 'Old'$$)
WHERE contact_name = 'Kim';
-- of one statement too
SELECT code, message, "constraint" FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, email)
  VALUES ('Twin', 'twin@example.com'), ('Twin', 'TWIN@example.com')$$);
-- nothing is left of what was refused
SELECT count(*) FROM refusal.lead WHERE contact_name IN ('Lee', 'Twin');
-- its own keys are no duplicates of a lead
UPDATE refusal.lead SET email = upper(email) WHERE contact_name = 'Old' RETURNING email, email_key;

-- Which lead it is, is told to who may see all leads: else a role that can
-- only insert could ask whom the base knows.
CREATE ROLE regress_lead_capture;
CREATE ROLE regress_lead_reader;
CREATE ROLE regress_lead_restricted;
GRANT USAGE ON SCHEMA refusal TO regress_lead_capture, regress_lead_reader, regress_lead_restricted;
GRANT INSERT ON refusal.lead TO regress_lead_capture, regress_lead_reader, regress_lead_restricted;
GRANT SELECT ON refusal.lead TO regress_lead_reader;
SET ROLE regress_lead_capture;
SELECT * FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, email) VALUES ('Old', 'old@example.com')$$);
SET ROLE regress_lead_reader;
SELECT detail LIKE 'Key (email\_key)=(old@example.com) is that of lead %.' AS tells_which
FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, email) VALUES ('Old', 'old@example.com')$$);
RESET ROLE;
GRANT SELECT ON refusal.lead TO regress_lead_restricted;
ALTER TABLE refusal.lead ENABLE ROW LEVEL SECURITY;
CREATE POLICY anybody_inserts ON refusal.lead FOR INSERT TO regress_lead_restricted WITH CHECK (true);
CREATE POLICY sees_own ON refusal.lead FOR SELECT TO regress_lead_restricted USING (contact_name = 'Mine');
SET ROLE regress_lead_restricted;
SELECT detail FROM pg_temp.refused($$INSERT INTO refusal.lead (contact_name, email) VALUES ('Old', 'old@example.com')$$);
RESET ROLE;
ALTER TABLE refusal.lead DISABLE ROW LEVEL SECURITY;

--
-- 8. Conditions, one of each kind; the test condition has many more
--
CREATE FUNCTION refusal.twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';
SELECT c AS condition, r.code, r.message, r.detail, r.hint, r."constraint", r."table", r."column"
FROM unnest(ARRAY['company_size > (SELECT 5)', 'count(*) > 5', 'generate_series(1, 2) > 1', 'row_number() OVER () = 1',
  'refusal.twice(company_size) > 10', 'random() > 0.5', 'created_at > now()', $c$created_at > 'today'$c$,
  'CURRENT_USER = contact_name', 'ctid IS NULL', 'lead IS NULL', 'score > 5', 'owner_id = 1', 'true) LIMIT (0', 'true) --',
  'true; true', 'company_size', 'no_such_column', 'company_size >', '']) c,
  pg_temp.refused(format('INSERT INTO refusal.score_rule (model_id, dimension, name, points, condition)
    SELECT id, %L, %L, 1, %L FROM refusal.score_model', 'demographic', 'a rule', c)) r;

--
-- 9. Other rows of the catalogues
--
SELECT s AS statement, r.code, r.message, r."constraint" FROM unnest(ARRAY[
  $$INSERT INTO refusal.score_rule (model_id, dimension, name, points) SELECT id, 'demographic', 'huge', 1000001 FROM refusal.score_model$$,
  $$INSERT INTO refusal.score_rule (model_id, dimension, name, points) SELECT id, 'demographic', 'nan', 'NaN' FROM refusal.score_model$$,
  $$INSERT INTO refusal.score_rule (model_id, dimension, name, points, max_points) SELECT id, 'demographic', 'below', 1, -1 FROM refusal.score_model$$,
  $$INSERT INTO refusal.score_rule (model_id, dimension, name, points) SELECT id, 'charm', 'other', 1 FROM refusal.score_model$$,
  $$UPDATE refusal.score_dimension SET lowest = 50$$,
  $$INSERT INTO refusal.score_model (name, state) VALUES ('second', 'running')$$,
  $$INSERT INTO refusal.score_rule (model_id, dimension, name, applies_to, points, condition) SELECT id, 'demographic', 'e', 'opportunity', 1, 'true' FROM refusal.score_model$$,
  $$INSERT INTO refusal.score_rule (model_id, dimension, name, applies_to, points, condition) SELECT id, 'demographic', 'e', 'engagement', 1, 'company_size > 5' FROM refusal.score_model$$,
  $$INSERT INTO refusal.score_rule (model_id, dimension, name, points, half_life) SELECT id, 'demographic', 'h', 1, '1 day' FROM refusal.score_model$$,
  $$INSERT INTO refusal.score_adjustment (lead_id, points) SELECT id, 5 FROM refusal.lead LIMIT 1$$,
  $$INSERT INTO refusal.engagement (lead_id, kind) SELECT id, 'seance' FROM refusal.lead LIMIT 1$$,
  $$INSERT INTO refusal.assignment_rule (position, name, method) VALUES (1, 'nobody', 'fixed')$$,
  $$INSERT INTO refusal.assignment_rule (position, name, method) VALUES (1, 'later', 'least_loaded')$$,
  $$INSERT INTO refusal.assignment_rule (position, name, method) VALUES (1, 'never', 'by mood')$$,
  $$UPDATE refusal.match_rule SET action = 'reject' WHERE key = 'fuzzy'$$,
  $$UPDATE refusal.match_rule SET action = 'attach' WHERE key = 'fuzzy'$$,
  $$UPDATE refusal.match_rule SET min_similarity = 0.9 WHERE key = 'email'$$,
  $$UPDATE refusal.match_rule SET min_similarity = 1.1 WHERE key = 'fuzzy'$$,
  $$UPDATE refusal.match_rule SET action = 'merge' WHERE key = 'email'$$,
  $$INSERT INTO refusal.status_transition (from_status, to_status) VALUES ('new', 'new')$$,
  $$INSERT INTO refusal.status_transition (from_status, to_status) VALUES (NULL, 'new')$$,
  $$INSERT INTO refusal.status_transition (from_status, to_status) VALUES ('new', 'nowhere')$$,
  $$INSERT INTO refusal.grade (name, lowest) VALUES ('burning', 101)$$,
  $$INSERT INTO refusal.setting (workspace_version) VALUES ('1.0.0')$$,
  $$UPDATE refusal.setting SET time_zone = 'Mars/Olympus_Mons'$$,
  $$UPDATE refusal.setting SET sales_ready_score = 101$$,
  $$UPDATE refusal.setting SET default_country = 'Germany'$$,
  $$UPDATE refusal.setting SET response_within = '-1 minute'$$,
  $$DELETE FROM refusal.lead_status WHERE name = 'contacted'$$,
  $$DELETE FROM refusal.rep WHERE name = 'Ana'$$]) s, pg_temp.refused(s) r;

\t
\x
RESET client_min_messages;
DROP OWNED BY regress_lead_capture, regress_lead_reader, regress_lead_restricted;
DROP ROLE regress_lead_capture, regress_lead_reader, regress_lead_restricted;
