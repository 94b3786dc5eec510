-- Keys follow settings: CALL lead_mgmt.rekey.
SET client_min_messages = warning;
SELECT lead_mgmt.create_workspace('rekey');
SET search_path = rekey, public;
\pset format unaligned
-- few rules, so that only keys are looked at
UPDATE match_rule SET action = 'off' WHERE key = 'fuzzy';
INSERT INTO lead (contact_name, email, phone, company) VALUES
  ('Kim', 'kim.lee@gmail.com', '+1 212 555 0143', 'Acme'),
  ('Kim', 'kimlee+news@googlemail.com', '+1 212 555 0144', 'Bolt'),
  ('Sam', 'sam.ray+a@example.com', NULL, 'Acme'),
  ('Pat', 'samray@example.com', NULL, NULL),
  ('Lou', 'sam.ray@example.com', NULL, NULL);
CREATE TABLE before AS SELECT id, updated_at, xmin::text AS written FROM lead;
SELECT id, email_key FROM lead ORDER BY id;
SELECT lead_id, other_id, rules FROM duplicate ORDER BY 1, 2;
SET client_min_messages = notice;

-- nothing to do
CALL lead_mgmt.rekey('rekey');
SELECT count(*) AS written FROM lead l JOIN before b USING (id) WHERE l.xmin::text <> b.written;

-- settings change: what is written from now on goes by them, the rest with rekey
UPDATE setting SET email_ignores_tag = true, email_ignores_dots = true;
SELECT id, k.email_key FROM lead l, lead_mgmt.recompute_keys(l) k WHERE k.differs ORDER BY id;
CALL lead_mgmt.rekey('rekey');
SELECT id, email_key FROM lead ORDER BY id;
SELECT lead_id, other_id, rules FROM duplicate ORDER BY 1, 2;
-- only those were written, and their scores are not touched
SELECT id, l.xmin::text <> b.written AS written, l.updated_at > b.updated_at AS updated FROM lead l JOIN before b USING (id) ORDER BY id;
SELECT count(*) FROM score_audit;
SELECT kind, state, done, total, changed FROM job ORDER BY id;

-- and back; in a transaction block, as one
BEGIN;
UPDATE setting SET email_ignores_tag = false, email_ignores_dots = false;
CALL lead_mgmt.rekey('rekey');
COMMIT;
SELECT id, email_key FROM lead ORDER BY id;
SELECT lead_id, other_id, rules FROM duplicate ORDER BY 1, 2;

-- a rule that rejects refuses nobody who is there: all stay, and are noted
UPDATE match_rule SET action = 'reject' WHERE key = 'email';
UPDATE setting SET email_ignores_tag = true, email_ignores_dots = true;
CALL lead_mgmt.rekey('rekey');
SELECT lead_id, other_id, rules FROM duplicate ORDER BY 1, 2;
INSERT INTO lead (contact_name, email) VALUES ('Kim', 'k.i.m.lee@gmail.com');
-- the same of upgrade_workspace
UPDATE setting SET email_ignores_tag = false, email_ignores_dots = false;
CALL lead_mgmt.rekey('rekey');
UPDATE setting SET email_ignores_tag = true, email_ignores_dots = true;
SELECT lead_mgmt.upgrade_workspace('rekey');
SELECT lead_id, other_id, rules FROM duplicate ORDER BY 1, 2;
UPDATE match_rule SET action = 'flag' WHERE key = 'email';

-- a lead that cannot be written keeps its keys, and stops no other
UPDATE setting SET email_ignores_tag = false, email_ignores_dots = false;
CREATE FUNCTION grumble() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN IF NEW.id = 2 THEN RAISE EXCEPTION 'not this one'; END IF; RETURN NEW; END$$;
CREATE TRIGGER grumble BEFORE UPDATE ON lead FOR EACH ROW EXECUTE FUNCTION grumble();
CALL lead_mgmt.rekey('rekey');
SELECT id, email_key FROM lead ORDER BY id;
DROP TRIGGER grumble ON lead;
CALL lead_mgmt.rekey('rekey');
SELECT id, email_key FROM lead WHERE id = 2;

-- addresses that people are known by besides
UPDATE match_rule SET action = 'attach' WHERE key = 'email';
INSERT INTO web_form (contact_name, email, phone) VALUES ('Ida Berg', 'ida@example.com', '+1 212 555 0177') RETURNING outcome;
INSERT INTO web_form (contact_name, email, phone) VALUES ('Ida Berg', 'ida.home+old@example.com', '+1 212 555 0177') RETURNING outcome;
SELECT value FROM lead_alias WHERE key = 'email';
UPDATE setting SET email_ignores_tag = true;
CALL lead_mgmt.rekey('rekey');
SELECT value FROM lead_alias WHERE key = 'email';
INSERT INTO web_form (contact_name, email) VALUES ('Ida Berg', 'ida.home+new@example.com') RETURNING outcome;

-- whose keys are nothing to others
CALL lead_mgmt.rekey(NULL);
CALL lead_mgmt.rekey('nowhere');
CREATE ROLE rekey_stranger;
GRANT USAGE ON SCHEMA rekey TO rekey_stranger;
SET ROLE rekey_stranger;
CALL lead_mgmt.rekey('rekey');
SELECT * FROM lead_mgmt.recompute_keys(ROW(1)::record);
RESET ROLE;
SELECT k.* FROM match_rule m, lead_mgmt.recompute_keys(m) k;
REVOKE USAGE ON SCHEMA rekey FROM rekey_stranger;
DROP ROLE rekey_stranger;

-- a schema with a hostile name
SELECT lead_mgmt.create_workspace('re''key"; DROP');
INSERT INTO "re'key""; DROP".lead (contact_name, email) VALUES ('Kim', 'kim+a@example.com');
UPDATE "re'key""; DROP".setting SET email_ignores_tag = true;
CALL lead_mgmt.rekey('re''key"; DROP');
SELECT email_key FROM "re'key""; DROP".lead;
