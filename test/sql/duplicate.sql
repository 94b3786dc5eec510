--
-- Exact duplicates: which pairs are found, that each is shown once, and that
-- none is missed however leads come, change and go.
--
SET client_encoding = 'UTF8';
\set SHOW_CONTEXT never
\pset format unaligned
SELECT lead_mgmt.create_workspace('duplicate');
UPDATE duplicate.match_rule SET action = CASE WHEN key = 'fuzzy' THEN 'off' ELSE 'flag' END;

CREATE VIEW duplicate.pair AS
SELECT a.contact_name AS lead, b.contact_name AS other, d.rules, d.similarity, d.state
FROM duplicate.duplicate d JOIN duplicate.lead a ON a.id = d.lead_id JOIN duplicate.lead b ON b.id = d.other_id
ORDER BY d.lead_id, d.other_id;

--
-- 1. By each key, in whatever way it is written; by several at once
--
INSERT INTO duplicate.lead (contact_name, email, phone, company) VALUES
  ('Kim Lee', 'kim@example.com', NULL, 'Acme Inc.');
INSERT INTO duplicate.lead (contact_name, email, phone, company) VALUES
  ('K. Lee', ' KIM@Example.COM ', NULL, NULL);
INSERT INTO duplicate.lead (contact_name, email, phone, company) VALUES
  ('Bob', NULL, '+49 30 1234-5678', NULL), ('Rob', 'rob@example.com', '+49 (0)30 12345678', NULL);
INSERT INTO duplicate.lead (contact_name, email, phone, company) VALUES
  ('KIM  LEE', 'other@example.com', NULL, 'ACME');
-- the same name elsewhere, the same company, another phone: no duplicates
INSERT INTO duplicate.lead (contact_name, email, phone, company) VALUES
  ('Kim Lee', 'kim@example.org', NULL, 'Umbrella'), ('Pat Lee', 'pat@example.com', NULL, 'Acme Inc.'), ('Kim Lee', 'k@example.net', '+49 30 1234-5679', NULL);
INSERT INTO duplicate.lead (contact_name, email, phone, company) VALUES
  ('Kim Lee', 'kim@example.com', '+493012345678', 'acme, inc');
SELECT * FROM duplicate.pair;
-- a number without its area code has no key
SET client_min_messages = warning;
INSERT INTO duplicate.lead (contact_name, phone) VALUES ('Al', '555 0143'), ('Al', '555 0143');
RESET client_min_messages;
SELECT count(*) FROM duplicate.pair WHERE lead = 'Al';
SELECT DISTINCT pg_typeof(lead_id), pg_typeof(rules), pg_typeof(found_at), found_at <= now() AS found FROM duplicate.duplicate;

--
-- 2. Rules that are off, renamed, and called attach; a plain INSERT loses no row
--
DELETE FROM duplicate.lead;
UPDATE duplicate.match_rule SET action = CASE key WHEN 'email' THEN 'attach' WHEN 'phone' THEN 'off' ELSE action END;
UPDATE duplicate.match_rule SET name = 'same address' WHERE key = 'email';
INSERT INTO duplicate.lead (contact_name, email, phone) VALUES ('a', 'x@example.com', '+493012345678'), ('b', 'x@example.com', '+493012345678'),
  ('c', 'y@example.com', '+493012345678');
SELECT * FROM duplicate.pair;
SELECT count(*) FROM duplicate.lead;
-- the other rule looks again as soon as it is on
UPDATE duplicate.match_rule SET action = 'flag' WHERE key = 'phone';
INSERT INTO duplicate.lead (contact_name, phone) VALUES ('d', '+493012345678');
SELECT lead, rules FROM duplicate.pair WHERE lead = 'd';
DELETE FROM duplicate.match_rule WHERE key = 'phone';
INSERT INTO duplicate.lead (contact_name, phone) VALUES ('e', '+493012345678');
SELECT count(*) FROM duplicate.pair WHERE lead = 'e';
INSERT INTO duplicate.match_rule (name, key, action) VALUES ('phone', 'phone', 'flag');

--
-- 3. Leads that change
--
DELETE FROM duplicate.lead;
UPDATE duplicate.match_rule SET name = 'email' WHERE key = 'email';
INSERT INTO duplicate.lead (contact_name, email) VALUES ('a', 'a@example.com'), ('b', 'b@example.com');
UPDATE duplicate.lead SET email = 'A@example.com' WHERE contact_name = 'b';
SELECT * FROM duplicate.pair;
UPDATE duplicate.lead SET notes = 'x', email = 'a@Example.com';
SELECT * FROM duplicate.pair;
UPDATE duplicate.lead SET email = 'c@example.com' WHERE contact_name = 'a';
SELECT * FROM duplicate.pair;
-- the earlier lead comes to the later one: still each pair once
UPDATE duplicate.lead SET email = 'c@example.com' WHERE contact_name = 'b';
UPDATE duplicate.lead SET phone = '+493012345678';
SELECT * FROM duplicate.pair;
UPDATE duplicate.lead SET email = NULL;
SELECT * FROM duplicate.pair;
-- rolled back
BEGIN;
UPDATE duplicate.lead SET phone = '+493012345679' WHERE contact_name = 'a';
INSERT INTO duplicate.lead (contact_name, phone) VALUES ('c', '+493012345678');
SELECT * FROM duplicate.pair;
ROLLBACK;
SELECT * FROM duplicate.pair;

--
-- 4. The lead that the others are linked to goes: they find each other
--
DELETE FROM duplicate.lead;
INSERT INTO duplicate.lead (contact_name, email) SELECT 'hub ' || i, 'hub@example.com' FROM generate_series(1, 5) i;
INSERT INTO duplicate.lead (contact_name, email) VALUES ('late', 'hub@example.com');
-- about n pairs of n leads, not n²
SELECT count(*) AS pairs, count(DISTINCT lead) AS linked FROM duplicate.pair;
DELETE FROM duplicate.lead WHERE contact_name = 'hub 1';
SELECT count(DISTINCT lead) AS linked FROM duplicate.pair;
UPDATE duplicate.lead SET email = 'gone@example.com' WHERE contact_name = 'hub 2';
SELECT count(DISTINCT lead) AS linked FROM duplicate.pair;
DELETE FROM duplicate.lead WHERE contact_name IN ('hub 3', 'hub 4');
SELECT lead, other FROM duplicate.pair;
-- An older lead takes over the address of a younger one, others join, and it
-- leaves again: the younger one must not be left alone.
INSERT INTO duplicate.lead (id, contact_name, email) VALUES (1010, 'ten', 'ten@example.com'), (1002, 'two', 'two@example.com'),
  (1004, 'four', 'four@example.com'), (1005, 'five', 'five@example.com');
UPDATE duplicate.lead SET email = 'ten@example.com' WHERE contact_name = 'two';
UPDATE duplicate.lead SET email = 'ten@example.com' WHERE contact_name = 'four';
UPDATE duplicate.lead SET email = 'ten@example.com' WHERE contact_name = 'five';
BEGIN;
UPDATE duplicate.lead SET email = 'two@example.com' WHERE contact_name = 'two';
SELECT count(*) > 0 AS found FROM duplicate.pair WHERE 'ten' IN (lead, other);
ROLLBACK;
DELETE FROM duplicate.lead WHERE contact_name = 'two';
SELECT count(*) > 0 AS found FROM duplicate.pair WHERE 'ten' IN (lead, other);
DELETE FROM duplicate.lead WHERE contact_name IN ('four', 'five', 'ten');

--
-- 5. What was decided about a pair is remembered
--
UPDATE duplicate.duplicate SET state = 'not_duplicate';
SELECT * FROM duplicate.pair;
UPDATE duplicate.lead SET email = 'elsewhere@example.com' WHERE contact_name = 'late';
SELECT * FROM duplicate.pair;
UPDATE duplicate.lead SET email = 'hub@example.com' WHERE contact_name = 'late';
SELECT * FROM duplicate.pair;
UPDATE duplicate.duplicate SET state = 'confirmed' WHERE state = 'not_duplicate';
SET lead_mgmt.actor = 'ana';
UPDATE duplicate.duplicate SET state = 'open' WHERE state = 'confirmed';
RESET lead_mgmt.actor;
SELECT lead, other, state FROM duplicate.pair;
SELECT state, actor, login = session_user AS login FROM duplicate.duplicate_decision;
-- only the state, and only one of three
UPDATE duplicate.duplicate SET state = 'maybe';
UPDATE duplicate.duplicate SET state = NULL;
\set VERBOSITY terse
UPDATE duplicate.duplicate SET other_id = other_id - 1;
\set VERBOSITY default
-- a decision goes with the lead
DELETE FROM duplicate.lead WHERE contact_name = 'late';
SELECT count(*) FROM duplicate.duplicate_decision;

--
-- 6. Archived leads are leads; merged ones are not
--
DELETE FROM duplicate.lead;
INSERT INTO duplicate.lead (contact_name, email, archived_at) VALUES ('archived', 'a@example.com', now()), ('new', 'a@example.com', NULL);
SELECT lead, other FROM duplicate.pair;
-- merging comes later: what it will leave behind
INSERT INTO duplicate.lead (contact_name, email) VALUES ('master', 'm@example.com'), ('merged', 'm@example.com');
SET session_replication_role = replica;
UPDATE duplicate.lead SET merged_into = (SELECT id FROM duplicate.lead WHERE contact_name = 'master'), archived_at = now() WHERE contact_name = 'merged';
RESET session_replication_role;
SELECT lead, other FROM duplicate.pair WHERE 'master' IN (lead, other);
INSERT INTO duplicate.lead (contact_name, email) VALUES ('again', 'm@example.com');
SELECT lead, other FROM duplicate.pair WHERE 'master' IN (lead, other);

--
-- 7. reject
--
DELETE FROM duplicate.lead WHERE merged_into IS NOT NULL;
DELETE FROM duplicate.lead;
UPDATE duplicate.match_rule SET action = 'reject' WHERE key = 'email';
INSERT INTO duplicate.lead (id, contact_name, email) VALUES (1001, 'a', 'a@example.com'), (1002, 'b', 'b@example.com');
INSERT INTO duplicate.lead (contact_name, email) VALUES ('c', 'c@example.com'), ('A', 'A@example.com'), ('d', 'd@example.com');
INSERT INTO duplicate.lead (id, contact_name, email) VALUES (1003, 'e', 'e@example.com'), (1004, 'e', 'E@example.com');
UPDATE duplicate.lead SET email = 'b@example.com' WHERE contact_name = 'a';
UPDATE duplicate.lead SET email = 'f@example.com';
SELECT id, contact_name, email FROM duplicate.lead ORDER BY id;
-- no duplicate of itself, and free again once the other is gone
UPDATE duplicate.lead SET email = upper(email), notes = 'x';
DELETE FROM duplicate.lead WHERE contact_name = 'a';
INSERT INTO duplicate.lead (contact_name, email) VALUES ('a again', 'a@example.com');
BEGIN;
INSERT INTO duplicate.lead (contact_name, email) VALUES ('g', 'g@example.com');
SAVEPOINT s;
\set VERBOSITY terse
INSERT INTO duplicate.lead (contact_name, email) VALUES ('G', 'G@example.com');
\set VERBOSITY default
ROLLBACK TO s;
DELETE FROM duplicate.lead WHERE contact_name = 'g';
INSERT INTO duplicate.lead (contact_name, email) VALUES ('G', 'G@example.com');
COMMIT;
SELECT contact_name, email FROM duplicate.lead ORDER BY email COLLATE "C";
SELECT * FROM duplicate.pair;
-- the others go on flagging
INSERT INTO duplicate.lead (contact_name, email, phone) VALUES ('h', 'h@example.com', '+493012345678'), ('i', 'i@example.com', '+493012345678');
SELECT lead, other, rules FROM duplicate.pair;

--
-- 8. 400 leads with few keys that come, change and go: whoever shares a key is
--    connected, by each rule, and whoever is paired shares that key
--
DELETE FROM duplicate.lead;
UPDATE duplicate.match_rule SET action = 'flag' WHERE key = 'email';
CREATE FUNCTION pg_temp.pick(what text, n int) RETURNS int LANGUAGE sql IMMUTABLE AS
  $$SELECT (('x' || substr(md5(what), 1, 7))::bit(28)::int % n)$$;
-- What people may have written, and the same said plainly: the second is what
-- the test compares by, not the keys of the extension.
CREATE TABLE duplicate.plain (id bigint PRIMARY KEY, email int, phone int, company int, name int);
CREATE FUNCTION pg_temp.plain(i int, round text, OUT email int, OUT phone int, OUT company int, OUT name int) LANGUAGE sql AS $$
  SELECT pg_temp.pick(round || 'email' || i, 120), CASE WHEN pg_temp.pick(round || 'has phone' || i, 2) = 0 THEN pg_temp.pick(round || 'phone' || i, 90) END,
    CASE WHEN pg_temp.pick(round || 'has company' || i, 3) > 0 THEN pg_temp.pick(round || 'company' || i, 9) END, pg_temp.pick(round || 'name' || i, 12)
$$;
CREATE FUNCTION pg_temp.written(p duplicate.plain, style int, OUT contact_name text, OUT email text, OUT phone text, OUT company text) LANGUAGE sql AS $$
  SELECT (ARRAY['Person %s', 'PERSON  %s', ' person %s '])[1 + style % 3], (ARRAY['p%s@example.com', 'P%s@EXAMPLE.com', ' p%s@Example.Com'])[1 + style % 3],
    (ARRAY['+49301000%s', '+49 (0)30 1000-%s', '+49 30 1000 %s'])[1 + style % 3], (ARRAY['Firm %s', 'FIRM %s Inc.', 'The firm, %s'])[1 + style % 3]
$$;
CREATE FUNCTION pg_temp.format_or_null(pattern text, n int) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$SELECT CASE WHEN n IS NOT NULL THEN format(pattern, 100 + n) END$$;
CREATE PROCEDURE pg_temp.save(first int, last int, round text) LANGUAGE sql AS $$
  INSERT INTO duplicate.plain SELECT i, (pg_temp.plain(i, round)).* FROM generate_series(first, last) i
  ON CONFLICT (id) DO UPDATE SET email = EXCLUDED.email, phone = EXCLUDED.phone, company = EXCLUDED.company, name = EXCLUDED.name;
  INSERT INTO duplicate.lead (id, contact_name, email, phone, company)
  SELECT p.id, pg_temp.format_or_null(w.contact_name, p.name), pg_temp.format_or_null(w.email, p.email),
    pg_temp.format_or_null(w.phone, p.phone), pg_temp.format_or_null(w.company, p.company)
  FROM duplicate.plain p, pg_temp.written(p, pg_temp.pick('style' || round || p.id, 3)) w WHERE p.id BETWEEN first AND last ORDER BY p.id
  ON CONFLICT (id) DO UPDATE SET contact_name = EXCLUDED.contact_name, email = EXCLUDED.email, phone = EXCLUDED.phone, company = EXCLUDED.company
$$;
-- What is so by a plain self-join, against what the view says
CREATE FUNCTION pg_temp.compare(OUT rule text, OUT true_pairs bigint, OUT shown bigint, OUT wrong bigint, OUT not_connected bigint, OUT few boolean)
RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
  changed bigint;
BEGIN
  CREATE TEMP TABLE truth AS
  SELECT r.rule, a.id AS a, b.id AS b FROM duplicate.plain a JOIN duplicate.plain b ON b.id < a.id,
  LATERAL (VALUES ('email', a.email = b.email), ('phone', a.phone = b.phone),
    ('company_and_name', a.company = b.company AND a.name = b.name)) r(rule, same) WHERE r.same;
  CREATE TEMP TABLE shown AS
  SELECT u.rule, d.lead_id AS a, d.other_id AS b FROM duplicate.duplicate d, unnest(d.rules) u(rule);
  -- Components: the smallest id that can be reached, handed on until nothing changes.
  CREATE TEMP TABLE reached AS
  SELECT r.rule, p.id, p.id AS smallest FROM duplicate.plain p, (VALUES ('email'), ('phone'), ('company_and_name')) r(rule);
  LOOP
    UPDATE reached x SET smallest = y.smallest
    FROM (SELECT s.rule, e.id, min(n.smallest) AS smallest
      FROM shown s CROSS JOIN LATERAL (VALUES (s.a, s.b), (s.b, s.a)) e(id, other)
      JOIN reached n ON n.rule = s.rule AND n.id = e.other GROUP BY s.rule, e.id) y
    WHERE y.rule = x.rule AND y.id = x.id AND y.smallest < x.smallest;
    GET DIAGNOSTICS changed = ROW_COUNT;
    EXIT WHEN changed = 0;
  END LOOP;
  RETURN QUERY SELECT r.rule, (SELECT count(*) FROM truth t WHERE t.rule = r.rule), (SELECT count(*) FROM shown s WHERE s.rule = r.rule),
    (SELECT count(*) FROM shown s WHERE s.rule = r.rule AND NOT EXISTS (SELECT FROM truth t WHERE (t.rule, t.a, t.b) = (s.rule, s.a, s.b))),
    (SELECT count(*) FROM truth t JOIN reached x ON x.rule = t.rule AND x.id = t.a JOIN reached y ON y.rule = t.rule AND y.id = t.b
      WHERE t.rule = r.rule AND x.smallest <> y.smallest),
    (SELECT count(*) FROM shown s WHERE s.rule = r.rule) <= 2 * (SELECT count(*) FROM duplicate.plain)
  FROM (VALUES ('email'), ('phone'), ('company_and_name')) r(rule);
  DROP TABLE truth, shown, reached;
END $$;
-- in one statement, in many, and rows of their own
CALL pg_temp.save(1, 150, 'first');
CALL pg_temp.save(151, 300, 'first');
DO $$ BEGIN FOR i IN 301..400 LOOP CALL pg_temp.save(i, i, 'first'); END LOOP; END $$;
SELECT rule, true_pairs > 100 AS enough, shown > 50 AS some, wrong, not_connected, few FROM pg_temp.compare();
SELECT count(*) - count(DISTINCT (lead_id, other_id)) AS twice, count(*) FILTER (WHERE lead_id <= other_id) AS wrong_way FROM duplicate.duplicate;
-- a third of them changes, at once and one by one; a quarter goes
CALL pg_temp.save(100, 200, 'second');
DO $$ BEGIN FOR i IN 1..400 BY 11 LOOP CALL pg_temp.save(i, i, 'third'); END LOOP; END $$;
SELECT rule, wrong, not_connected, few FROM pg_temp.compare();
DELETE FROM duplicate.plain WHERE id % 7 = 0 OR id <= 40;
DELETE FROM duplicate.lead l WHERE NOT EXISTS (SELECT FROM duplicate.plain p WHERE p.id = l.id);
SELECT rule, wrong, not_connected, few FROM pg_temp.compare();
DO $$
BEGIN
  FOR i IN 41..400 BY 9 LOOP
    DELETE FROM duplicate.plain WHERE id = i;
    DELETE FROM duplicate.lead WHERE id = i;
  END LOOP;
END $$;
CALL pg_temp.save(1, 60, 'fourth');
SELECT rule, wrong, not_connected, few FROM pg_temp.compare();
SELECT count(*) - count(DISTINCT (lead_id, other_id)) AS twice, count(*) FILTER (WHERE lead_id <= other_id) AS wrong_way FROM duplicate.duplicate;
-- all of them gone: nothing is left to be linked
DELETE FROM duplicate.lead;
SELECT (SELECT count(*) FROM duplicate.duplicate) AS pairs, (SELECT count(*) FROM duplicate.duplicate_link) AS links,
  (SELECT count(*) FROM duplicate.duplicate_decision) AS decisions;
