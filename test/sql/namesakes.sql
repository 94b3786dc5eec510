--
-- People who are called nearly the same: what tells a slip of the pen from
-- another person.
--
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
\pset format unaligned
SELECT lead_mgmt.create_workspace('namesakes');
DELETE FROM namesakes.score_rule;
UPDATE namesakes.match_rule SET action = CASE key WHEN 'fuzzy' THEN 'flag' ELSE 'off' END;
CREATE SCHEMA namesakes_test;
CREATE TABLE namesakes_test.pair (n int PRIMARY KEY, what text, same boolean, a jsonb, b jsonb);
INSERT INTO namesakes_test.pair VALUES
  -- a particle stands before a name, not at its end
  (1, 'short last names', false,
    '{"contact_name": "Person DA", "email": "p3@example.com", "company": "Acme"}',
    '{"contact_name": "Person LA", "email": "p13@example.com", "company": "Acme"}'),
  (2, 'short last names, two letters', false,
    '{"contact_name": "Person AB", "email": "p3@example.com", "company": "Acme"}',
    '{"contact_name": "Person BB", "email": "p13@example.com", "company": "Acme"}'),
  (3, 'short last names, three letters', false,
    '{"contact_name": "Person ABC", "email": "p3@example.com", "company": "Acme"}',
    '{"contact_name": "Person ABD", "email": "p13@example.com", "company": "Acme"}'),
  (4, 'a particle before the name', true,
    '{"contact_name": "Maria da Silva", "email": "maria.silva@firma.com.br", "company": "Firma", "phone": "+5511912345678"}',
    '{"contact_name": "Maria Silva", "email": "msilva@firma.com.br", "company": "Firma", "phone": "+5511912345678"}'),
  -- a mailbox in a name that is spelled so
  (5, 'name and mailbox spelled apart', false,
    '{"contact_name": "Luca Favinsen", "email": "luca.favinsen@gmail.com"}',
    '{"contact_name": "Luca Favinson", "email": "luca.favinson@gmail.com"}'),
  (6, 'a slip in the mailbox alone', true,
    '{"contact_name": "Luca Favinsen", "email": "luca.favinsen@gmail.com"}',
    '{"contact_name": "Luca Favinsen", "email": "luca.favinson@gmail.com"}'),
  (7, 'a slip in the name alone', true,
    '{"contact_name": "Luca Favinsen", "email": "luca.favinsen@gmail.com"}',
    '{"contact_name": "Luca Favinson", "email": "luca.favinsen@gmail.com"}'),
  -- digits tell mailboxes and domains apart
  (8, 'mailboxes with other digits', false,
    '{"contact_name": "Sandra Kilenson", "email": "kilenson73977@yahoo.com", "phone": "+12125550117"}',
    '{"contact_name": "Sandra Kilenson", "email": "skilenson377@yahoo.com", "phone": "+13059981726"}'),
  (9, 'domains with other digits', false,
    '{"contact_name": "Stephen Molenov", "email": "stephen.molenov@company12632.test"}',
    '{"contact_name": "Steven Molenov", "email": "steven.molenov@company12532.test"}'),
  -- companies that are a little alike
  (10, 'companies alike', false,
    '{"contact_name": "José Peverski", "email": "peverski34118@outlook.com", "company": "Ranermann Foods"}',
    '{"contact_name": "Joseph Peverski", "email": "jpeverski26@company5821.test", "company": "Rananov Foods"}');
INSERT INTO namesakes.lead (id, contact_name, email, phone, company)
SELECT 1000 + 2 * n, a ->> 'contact_name', a ->> 'email', a ->> 'phone', a ->> 'company' FROM namesakes_test.pair
UNION ALL SELECT 1001 + 2 * n, b ->> 'contact_name', b ->> 'email', b ->> 'phone', b ->> 'company' FROM namesakes_test.pair;

-- Each pair is found as it should be.
SELECT p.n, p.what, p.same, d.similarity IS NOT NULL AS found
FROM namesakes_test.pair p
LEFT JOIN namesakes.duplicate d ON 1000 + 2 * p.n IN (d.lead_id, d.other_id) AND 1001 + 2 * p.n IN (d.lead_id, d.other_id)
ORDER BY p.n;
DROP SCHEMA namesakes_test CASCADE;
SET client_min_messages = error;
DROP SCHEMA namesakes CASCADE;
