-- Statements within statements: users' triggers that write or delete leads,
-- MERGE that alternates, ids that come twice.
SET client_min_messages = warning;
\set VERBOSITY terse
SELECT lead_mgmt.create_workspace('nested');
INSERT INTO nested.rep (name) VALUES ('A'), ('B');
CREATE VIEW nested.routed AS
SELECT l.owner_id, a.method, count(*) FROM nested.lead l JOIN nested.assignment a ON a.lead_id = l.id AND a.rep_id = l.owner_id
GROUP BY 1, 2 ORDER BY 1, 2;

-- an UPDATE inside an INSERT is no upsert
INSERT INTO nested.lead (contact_name, email) VALUES ('count', 'c@example.com');
CREATE FUNCTION nested.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE nested.lead SET notes = 'seen' WHERE contact_name = 'count';
  RETURN new;
END $$;
CREATE TRIGGER aaa BEFORE INSERT ON nested.lead FOR EACH ROW EXECUTE FUNCTION nested.touch();
INSERT INTO nested.lead (contact_name, email) SELECT 'x', 'x' || i || '@example.com' FROM generate_series(1, 9) i;
SELECT count(*) AS leads, count(DISTINCT owner_id) AS reps, bool_and(owner_id IS NOT NULL) AS all_routed FROM nested.lead;
SELECT count(*) AS logged_as_manual FROM nested.assignment WHERE method = 'manual';
DROP TRIGGER aaa ON nested.lead;

-- leads that a trigger deletes at once leave no trace, the others do
CREATE FUNCTION nested.spam() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM nested.lead WHERE id = new.id AND new.contact_name = 'spam';
  BEGIN
    DELETE FROM nested.lead WHERE id = new.id AND new.contact_name = 'worse spam';
  EXCEPTION WHEN others THEN NULL;
  END;
  RETURN NULL;
END $$;
CREATE TRIGGER zzz AFTER INSERT ON nested.lead FOR EACH ROW EXECUTE FUNCTION nested.spam();
INSERT INTO nested.lead (contact_name, email) VALUES
  ('spam', 's@example.com'), ('worse spam', 's@example.com'), ('ham', 's@example.com');
SELECT count(*) FROM nested.lead WHERE email = 's@example.com';
SELECT (SELECT count(*) FROM nested.status_change) = (SELECT count(*) FROM nested.lead) AS ledger_agrees,
  (SELECT count(*) FROM nested.assignment) = (SELECT count(*) FROM nested.lead) AS log_agrees,
  (SELECT count(*) FROM nested.duplicate) AS pairs;
DROP TRIGGER zzz ON nested.lead;

-- MERGE that inserts and updates in turn: every new lead is routed
TRUNCATE nested.lead CASCADE;
INSERT INTO nested.lead (id, contact_name, email) SELECT 1000 + i, 'o', 'o' || i || '@example.com' FROM generate_series(1, 20) i;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
MERGE INTO nested.lead l
USING (SELECT CASE WHEN i % 2 = 1 THEN i ELSE 1000 + i / 2 END AS id FROM generate_series(1, 40) i) v ON l.id = v.id
WHEN MATCHED THEN UPDATE SET notes = 'x'
WHEN NOT MATCHED THEN INSERT (id, contact_name, email) VALUES (v.id, 'n', v.id || 'n@example.com');
RESET enable_hashjoin;
RESET enable_mergejoin;
SELECT * FROM nested.routed;

-- an upsert keeps owners, and its turns are not lost
ALTER SEQUENCE nested.lead_id_seq RESTART WITH 10000;
CREATE UNIQUE INDEX ON nested.lead (email);
INSERT INTO nested.lead (contact_name, email) SELECT 'u', 'o' || i || '@example.com' FROM generate_series(1, 40) i
ON CONFLICT (email) DO UPDATE SET owner_id = EXCLUDED.owner_id;
SELECT * FROM nested.routed;

-- one id twice: the row that exists keeps its own decision
INSERT INTO nested.lead (id, contact_name, email) SELECT 5000 + (i + 1) / 2, 'n', 'e' || i || '@example.com'
FROM generate_series(1, 20) i ON CONFLICT DO NOTHING;
SELECT count(*) AS disagree FROM nested.lead l
WHERE l.owner_id IS DISTINCT FROM (SELECT a.rep_id FROM nested.assignment a WHERE a.lead_id = l.id ORDER BY a.id DESC LIMIT 1);
SELECT count(*) AS logged_as_manual FROM nested.assignment WHERE method = 'manual';

-- a rule that was tried out in a statement that failed is not in force
CREATE FUNCTION nested.try_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO nested.lead (contact_name, email) VALUES ('try', 'try@example.com');
  RAISE EXCEPTION 'no';
END $$;
CREATE TRIGGER aaa AFTER INSERT ON nested.score_rule FOR EACH ROW EXECUTE FUNCTION nested.try_out();
INSERT INTO nested.score_rule (model_id, dimension, name, points, condition) VALUES (1, 'demographic', 'ghost', 33, 'true');
INSERT INTO nested.lead (contact_name, email) VALUES ('a', 'a@example.com') RETURNING score;

-- no status at insert is the first one; at an update it is refused
INSERT INTO nested.lead (contact_name, email, status) VALUES ('a', 'b@example.com', NULL) RETURNING status;
UPDATE nested.lead SET status = NULL WHERE email = 'b@example.com';
