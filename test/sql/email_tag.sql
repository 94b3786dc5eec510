-- Whether +tag counts in an e-mail address is a setting.
SET client_min_messages = warning;
SELECT lead_mgmt.create_workspace('email_tag');
-- it would find these people all the same
UPDATE email_tag.match_rule SET action = 'off' WHERE key = 'fuzzy';
SELECT lead_mgmt.email_key('Kim+News@Example.com') AS kept,
  lead_mgmt.email_key('Kim+News@Example.com', true) AS ignored,
  lead_mgmt.email_key('Kim+News@Example.com', false) AS kept_too,
  lead_mgmt.email_key('+kim@example.com', true) AS nothing_but_tag,
  lead_mgmt.email_key('kim@example.com', true) AS none,
  lead_mgmt.email_key('not an address', true) IS NULL AS no_address;
INSERT INTO email_tag.lead (contact_name, email) VALUES ('Kim', 'kim@example.com'), ('Kim', 'kim+a@example.com');
SELECT count(*) FROM email_tag.duplicate;
UPDATE email_tag.setting SET email_ignores_tag = true;
INSERT INTO email_tag.lead (contact_name, email) VALUES ('Kim', 'kim+b@example.com');
SELECT lead_id, other_id, rules FROM email_tag.duplicate ORDER BY lead_id;
-- leads that were there get their new keys, and are found
SELECT lead_mgmt.upgrade_workspace('email_tag');
SELECT id, email, email_key FROM email_tag.lead ORDER BY id;
SELECT count(*) = 2 AS connected FROM email_tag.duplicate;
UPDATE email_tag.setting SET email_ignores_tag = false;
SELECT lead_mgmt.upgrade_workspace('email_tag');
SELECT id, email, email_key FROM email_tag.lead ORDER BY id;
SELECT count(*) FROM email_tag.duplicate;
