-- Merges: what the master takes over, what is refused, what finds the master
-- afterwards, and what undoing gives back.
\set ON_ERROR_STOP off
\pset format unaligned
SET client_min_messages = warning;
SET TimeZone = 'UTC';
CREATE EXTENSION IF NOT EXISTS lead_mgmt;
SELECT lead_mgmt.create_workspace('m');
SET client_min_messages = notice;
\set SHOW_CONTEXT never

INSERT INTO m.rep (id, name, email) VALUES (1, 'Ana', 'ana@example.com');

-- ---- what the master takes over
INSERT INTO m.lead (id, contact_name, email, phone, company, tags, attributes, notes, budget_confirmed, opted_out_at, owner_id, priority, status) VALUES
  (1, 'Kim Lee', 'kim@example.com', NULL, 'Acme', '{a,b}', '{"a": 1}', ' ', false, NULL, 1, 'low', 'contacted'),
  (2, 'Kim B. Lee', 'k.lee@example.com', '+1 212 555 0101', 'Acme Inc.', '{b,c}', '{"a": 2, "b": 3}', 'likes tea', true, '2026-01-02', 1, 'high', 'new');
INSERT INTO m.engagement (lead_id, kind) VALUES (2, 'pricing_page'), (2, 'visit'), (1, 'visit');
INSERT INTO m.merge (master_id, duplicate_id, reason) VALUES (1, 2, 'same person') RETURNING id, master_id, duplicate_id, reason, actor = current_user AS actor;
SELECT id, contact_name, email, phone, company, tags, attributes, notes, budget_confirmed, opted_out_at, priority, status, phone_key, merged_into, archived_at IS NULL AS in_use
FROM m.lead ORDER BY id;
SELECT lead_id, count(*) FROM m.engagement GROUP BY 1;
SELECT lead_id, to_status, merged_from FROM m.status_change ORDER BY id;
SELECT count(*) FROM m.score_audit;

-- reports count the person once
SELECT sum(leads) FROM m.lead_source_analysis;
SELECT stage, entered, current FROM m.conversion_funnel;
SELECT leads FROM m.rep_performance;

-- ---- what comes later finds the master
INSERT INTO m.lead (id, contact_name, email) VALUES (3, 'K. Lee', 'K.Lee@example.com');
SELECT lead_id, other_id, rules, state FROM m.duplicate;
INSERT INTO m.web_form (contact_name, phone) VALUES ('Kim Lee', '+12125550101') RETURNING lead_id, outcome;
INSERT INTO m.engagement (lead_id, kind) VALUES (2, 'visit');
INSERT INTO m.score_adjustment (lead_id, points, reason) VALUES (2, 3, 'came late');
SELECT id, score_adjustment, (SELECT count(*) FROM m.engagement e WHERE e.lead_id = l.id) AS engagements FROM m.lead l ORDER BY id;
SELECT count(*) FROM m.score_audit;
-- a decision about the master is kept apart from what it was before
UPDATE m.duplicate SET state = 'not_duplicate' WHERE lead_id = 3;
SELECT lead_id, other_id, state FROM m.duplicate;
-- what has happened since stays with the master, and what was the duplicate's goes back
UPDATE m.lead SET company = 'Globex' WHERE id = 1;
DELETE FROM m.merge;
SELECT id, contact_name, email, phone, company, tags, attributes, notes, budget_confirmed, opted_out_at, merged_into, archived_at IS NULL AS in_use
FROM m.lead ORDER BY id;
SELECT id, score_adjustment, (SELECT count(*) FROM m.engagement e WHERE e.lead_id = l.id) AS engagements FROM m.lead l ORDER BY id;
SELECT lead_id, other_id, rules, state FROM m.duplicate ORDER BY 1, 2;
SELECT count(*) FROM m.score_audit;

-- ---- chains, in any order, and groups; a decision carries over
DELETE FROM m.lead;
INSERT INTO m.lead (id, contact_name, email) SELECT i, 'L' || i, 'l' || (i + 1) / 2 || '@example.com' FROM generate_series(1, 6) i;
UPDATE m.duplicate SET state = 'not_duplicate' WHERE lead_id = 4;
INSERT INTO m.merge (master_id, duplicate_id) VALUES (1, 3), (5, 1);
SELECT id, merged_into FROM m.lead ORDER BY id;
SELECT lead_id, other_id, state FROM m.duplicate ORDER BY 1, 2;
INSERT INTO m.merge (master_id, duplicate_id) VALUES (3, 2);
SELECT master_id, duplicate_id FROM m.merge ORDER BY position;
SELECT id, merged_into FROM m.lead ORDER BY id;
DELETE FROM m.merge;
SELECT id FROM m.lead WHERE merged_into IS NOT NULL OR archived_at IS NOT NULL;

-- ---- what is refused
INSERT INTO m.merge (master_id, duplicate_id) VALUES (1, 1);
INSERT INTO m.merge (master_id, duplicate_id) VALUES (1, 99);
INSERT INTO m.merge (master_id, duplicate_id) VALUES (99, 1);
INSERT INTO m.merge (master_id, duplicate_id) VALUES (1, NULL);
INSERT INTO m.merge (master_id, duplicate_id) VALUES (1, 2), (3, 2);
INSERT INTO m.merge (master_id, duplicate_id) VALUES (1, 2), (2, 1);
INSERT INTO m.merge (id, master_id, duplicate_id) VALUES (101, 1, 2), (102, 3, 1);
INSERT INTO m.merge (master_id, duplicate_id) VALUES (4, 2);
DELETE FROM m.merge WHERE duplicate_id = 2;
UPDATE m.merge SET master_id = 5;
UPDATE m.merge SET reason = 'a second look';
TRUNCATE m.merge;
SELECT id, merged_into FROM m.lead ORDER BY id;
-- a lead that is gone takes its merges along
DELETE FROM m.lead WHERE id = 3;
DELETE FROM m.lead WHERE id = 2;
SELECT id, master_id, duplicate_id FROM m.merge;
DELETE FROM m.merge;
SELECT id, merged_into FROM m.lead ORDER BY id;
SELECT count(*) FROM m.merge_change;

-- unique constraints: what says the same stays, what differs is refused
CREATE TABLE m.listing (id serial PRIMARY KEY, lead_id bigint REFERENCES m.lead ON DELETE CASCADE, list text, since date, UNIQUE (lead_id, list));
INSERT INTO m.listing (lead_id, list, since) VALUES (1, 'news', '2026-01-01'), (4, 'news', '2026-01-01'), (4, 'events', '2026-02-01'), (5, 'events', '2026-03-01');
INSERT INTO m.merge (master_id, duplicate_id) VALUES (1, 5), (1, 4);
SELECT id, merged_into FROM m.lead ORDER BY id;
INSERT INTO m.merge (master_id, duplicate_id) VALUES (1, 4);
SELECT * FROM m.listing ORDER BY id;
DELETE FROM m.merge;
SELECT * FROM m.listing ORDER BY id;
DROP TABLE m.listing;
-- a trigger that keeps rows, a computed column, a key that the master has not got
CREATE TABLE m.kept (lead_id bigint REFERENCES m.lead);
INSERT INTO m.kept VALUES (4);
CREATE FUNCTION m.keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep BEFORE UPDATE ON m.kept FOR EACH ROW EXECUTE FUNCTION m.keep();
INSERT INTO m.merge (master_id, duplicate_id) VALUES (1, 4);
DROP TABLE m.kept;
CREATE TABLE m.computed (half bigint, lead_id bigint GENERATED ALWAYS AS (half * 2) STORED REFERENCES m.lead);
INSERT INTO m.computed VALUES (2);
INSERT INTO m.merge (master_id, duplicate_id) VALUES (1, 4);
DROP TABLE m.computed;
ALTER TABLE m.lead ADD code text UNIQUE;
UPDATE m.lead SET code = 'four' WHERE id = 4;
CREATE TABLE m.coded (code text REFERENCES m.lead (code));
INSERT INTO m.coded VALUES ('four');
INSERT INTO m.merge (master_id, duplicate_id) VALUES (1, 4);
UPDATE m.lead SET code = 'one' WHERE id = 1;
INSERT INTO m.merge (master_id, duplicate_id) VALUES (1, 4);
SELECT * FROM m.coded;
DELETE FROM m.merge;
SELECT * FROM m.coded;
-- leads whose update is suppressed
CREATE TRIGGER keep BEFORE UPDATE ON m.lead FOR EACH ROW WHEN (OLD.id = 4) EXECUTE FUNCTION m.keep();
INSERT INTO m.merge (master_id, duplicate_id) VALUES (1, 4);
DROP TRIGGER keep ON m.lead;
SELECT id, merged_into FROM m.lead ORDER BY id;
-- a rule that rejects does not mind the lead's own duplicates, and names the master
UPDATE m.match_rule SET action = 'reject' WHERE key = 'email';
INSERT INTO m.merge (master_id, duplicate_id) VALUES (1, 6);
INSERT INTO m.lead (contact_name, email) VALUES ('Again', 'l3@example.com');
UPDATE m.lead SET email = 'L3@example.com' WHERE id = 1;
UPDATE m.lead SET archived_at = now() WHERE id = 5;
UPDATE m.lead SET email = 'L3@example.com' WHERE id = 1;

-- what was renamed since is not given back, and that is said
ALTER TABLE m.lead ADD COLUMN hobby text;
CREATE TABLE m.badge (id int PRIMARY KEY, lead_id bigint REFERENCES m.lead);
INSERT INTO m.lead (id, contact_name, email, hobby) VALUES (901, 'Una', 'una@example.com', NULL), (902, 'Uma', 'uma@example.com', 'chess');
INSERT INTO m.badge VALUES (1, 902);
INSERT INTO m.merge (master_id, duplicate_id) VALUES (901, 902);
ALTER TABLE m.lead RENAME hobby TO pastime;
ALTER TABLE m.badge RENAME lead_id TO bearer_id;
DELETE FROM m.merge WHERE duplicate_id = 902;
SELECT id, merged_into, pastime FROM m.lead WHERE id > 900 ORDER BY id;
SELECT * FROM m.badge;

-- all pairs of a group in whatever order; two masters that nothing joins are refused
INSERT INTO m.lead (id, contact_name, email) SELECT i, 'G' || i, 'g' || i || '@example.com' FROM generate_series(911, 914) i;
INSERT INTO m.merge (master_id, duplicate_id) VALUES (912, 914), (911, 914), (913, 914), (912, 913);
INSERT INTO m.merge (id, master_id, duplicate_id) VALUES (9911, 912, 914), (9912, 911, 914), (9913, 911, 913), (9914, 911, 912), (9915, 912, 913), (9916, 913, 914), (9917, 912, 914);
SELECT id, master_id, duplicate_id FROM m.merge WHERE id > 9900 ORDER BY id;
SELECT id, merged_into FROM m.lead WHERE id > 910 ORDER BY id;
INSERT INTO m.merge (master_id, duplicate_id) VALUES (911, 914);
DELETE FROM m.merge WHERE id > 9900;
SELECT count(*) FROM m.lead WHERE id > 910 AND merged_into IS NULL;
SELECT count(*) FROM m.merge_change WHERE merge_id > 9900;

-- functions are for triggers of this table alone
SELECT lead_mgmt.merge_apply();
CREATE TRIGGER wrong AFTER INSERT ON m.merge FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.merge_apply();
INSERT INTO m.merge (master_id, duplicate_id) VALUES (1, 4);
DROP TRIGGER wrong ON m.merge;

SET client_min_messages = warning;
DROP SCHEMA m CASCADE;
