--
-- Who is similar enough for the rule fuzzy: the same person written
-- differently, and different people who have much in common.
--
SET client_encoding = 'UTF8';
SET client_min_messages = warning;
\pset format unaligned
CREATE SCHEMA similarity_test;
CREATE TABLE similarity_test.pair (n int GENERATED ALWAYS AS IDENTITY, what text, same boolean, a jsonb, b jsonb,
  a_id bigint GENERATED ALWAYS AS (1000 + 2 * n) STORED, b_id bigint GENERATED ALWAYS AS (1001 + 2 * n) STORED);
INSERT INTO similarity_test.pair (what, same, a, b) VALUES
  ('series17', false,
    '{"contact_name": "Lead 17", "email": "lead17@example.com", "phone": "+12125550017", "company": "Acme"}',
    '{"contact_name": "Lead 18", "email": "lead18@example.com", "phone": "+12125550018", "company": "Acme"}'),
  ('series1', false,
    '{"contact_name": "Lead 1", "email": "lead1@example.com", "phone": "+12125550001", "company": "Acme"}',
    '{"contact_name": "Lead 2", "email": "lead2@example.com", "phone": "+12125550002", "company": "Acme"}'),
  ('series17, again', false,
    '{"contact_name": "Lead 17", "email": "lead17@example.com", "phone": "+12125550017", "company": "Acme"}',
    '{"contact_name": "Lead 117", "email": "lead117@example.com", "phone": "+12125550117", "company": "Acme"}'),
  ('series100', false,
    '{"contact_name": "Lead 100", "email": "lead100@example.com", "phone": "+12125550100", "company": "Acme"}',
    '{"contact_name": "Lead 101", "email": "lead101@example.com", "phone": "+12125550101", "company": "Acme"}'),
  ('series9', false,
    '{"contact_name": "Lead 9", "email": "lead9@example.com", "phone": "+12125550009", "company": "Acme"}',
    '{"contact_name": "Lead 10", "email": "lead10@example.com", "phone": "+12125550010", "company": "Acme"}'),
  ('series120', false,
    '{"contact_name": "Lead 120", "email": "lead120@example.com", "phone": "+12125550120", "company": "Acme"}',
    '{"contact_name": "Lead 210", "email": "lead210@example.com", "phone": "+12125550210", "company": "Acme"}'),
  ('series corp', false,
    '{"contact_name": "Lead 17", "email": "lead17@acme.com", "phone": "+12125550117", "company": "Acme", "city": "Boston", "street": "1 Main St", "postal_code": "02110"}',
    '{"contact_name": "Lead 18", "email": "lead18@acme.com", "phone": "+12125550118", "company": "Acme", "city": "Boston", "street": "1 Main St", "postal_code": "02110"}'),
  ('series person', false,
    '{"contact_name": "Person 1", "email": "person1@x.test"}',
    '{"contact_name": "Person 2", "email": "person2@x.test"}'),
  ('series user', false,
    '{"contact_name": "User A", "email": "a1@x.test", "company": "C1"}',
    '{"contact_name": "User B", "email": "a2@x.test", "company": "C1"}'),
  ('series contact', false,
    '{"contact_name": "Contact 1000", "email": "contact1000@firm.com", "company": "Firm 10"}',
    '{"contact_name": "Contact 1001", "email": "contact1001@firm.com", "company": "Firm 11"}'),
  ('series nosp', false,
    '{"contact_name": "Lead17", "email": "lead17@example.com", "company": "Acme"}',
    '{"contact_name": "Lead18", "email": "lead18@example.com", "company": "Acme"}'),
  ('series comp', false,
    '{"contact_name": "Kim Lee", "email": "k1@example.com", "company": "Company 1"}',
    '{"contact_name": "Kim Lee", "email": "k2@example.com", "company": "Company 2"}'),
  ('siblings', false,
    '{"contact_name": "Anna Berg", "email": "anna.berg@gmx.de", "street": "12 Hauptstrasse", "city": "Berlin", "postal_code": "10115", "phone": "+4930123456"}',
    '{"contact_name": "Lena Berg", "email": "lena.berg@gmx.de", "street": "12 Hauptstrasse", "city": "Berlin", "postal_code": "10115", "phone": "+4930123456"}'),
  ('siblings bd', false,
    '{"contact_name": "Anna Berg", "birthday": "1990-02-03", "street": "12 Hauptstrasse", "city": "Berlin", "postal_code": "10115", "phone": "+4930123456"}',
    '{"contact_name": "Lena Berg", "birthday": "1992-07-11", "street": "12 Hauptstrasse", "city": "Berlin", "postal_code": "10115", "phone": "+4930123456"}'),
  ('twins', false,
    '{"contact_name": "Anna Berg", "email": "anna.berg@gmx.de", "birthday": "1990-02-03", "street": "12 Hauptstrasse", "city": "Berlin", "postal_code": "10115", "phone": "+4930123456"}',
    '{"contact_name": "Lena Berg", "email": "lena.berg@gmx.de", "birthday": "1990-02-03", "street": "12 Hauptstrasse", "city": "Berlin", "postal_code": "10115", "phone": "+4930123456"}'),
  ('twins init', false,
    '{"contact_name": "Anna Berg", "email": "a.berg@gmx.de", "birthday": "1990-02-03", "street": "12 Hauptstrasse", "city": "Berlin", "postal_code": "10115", "phone": "+4930123456"}',
    '{"contact_name": "Lena Berg", "email": "l.berg@gmx.de", "birthday": "1990-02-03", "street": "12 Hauptstrasse", "city": "Berlin", "postal_code": "10115", "phone": "+4930123456"}'),
  ('spouses email', false,
    '{"contact_name": "Anna Berg", "email": "familie.berg@gmx.de", "street": "12 Hauptstrasse", "city": "Berlin", "postal_code": "10115", "phone": "+4930123456"}',
    '{"contact_name": "Karl Berg", "email": "familie.berg@gmx.de", "street": "12 Hauptstrasse", "city": "Berlin", "postal_code": "10115", "phone": "+4930123456"}'),
  ('father son', false,
    '{"contact_name": "John Smith Sr", "street": "1 Elm St", "city": "Salem", "birthday": "1950-01-02", "phone": "+15035551234"}',
    '{"contact_name": "John Smith Jr", "street": "1 Elm St", "city": "Salem", "birthday": "1980-09-12", "phone": "+15035551234"}'),
  ('colleagues', false,
    '{"contact_name": "Jan Meyer", "email": "jan.meyer@acme.de", "company": "Acme GmbH", "phone": "+4930999000", "street": "5 Ring", "city": "Berlin", "postal_code": "10999"}',
    '{"contact_name": "Tom Fischer", "email": "tom.fischer@acme.de", "company": "Acme GmbH", "phone": "+4930999000", "street": "5 Ring", "city": "Berlin", "postal_code": "10999"}'),
  ('colleagues, one surname', false,
    '{"contact_name": "Jan Meyer", "email": "jan.meyer@acme.de", "company": "Acme GmbH", "phone": "+4930999000", "street": "5 Ring", "city": "Berlin", "postal_code": "10999"}',
    '{"contact_name": "Tom Meyer", "email": "tom.meyer@acme.de", "company": "Acme GmbH", "phone": "+4930999000", "street": "5 Ring", "city": "Berlin", "postal_code": "10999"}'),
  ('colleagues, one given name', false,
    '{"contact_name": "Jan Meyer", "email": "jan.meyer@acme.de", "company": "Acme GmbH", "phone": "+4930999000", "street": "5 Ring", "city": "Berlin", "postal_code": "10999"}',
    '{"contact_name": "Jan Fischer", "email": "jan.fischer@acme.de", "company": "Acme GmbH", "phone": "+4930999000", "street": "5 Ring", "city": "Berlin", "postal_code": "10999"}'),
  ('colleagues init', false,
    '{"contact_name": "Kim Lee", "email": "k.lee@acme.com", "company": "Acme"}',
    '{"contact_name": "Jim Lee", "email": "j.lee@acme.com", "company": "Acme"}'),
  ('colleagues info', false,
    '{"contact_name": "Jan Meyer", "email": "info@acme.de", "company": "Acme"}',
    '{"contact_name": "Tom Fischer", "email": "info@acme.de", "company": "Acme"}'),
  ('colleagues, Maria and Mario', false,
    '{"contact_name": "Maria Lopez", "email": "m.lopez@acme.es", "company": "Acme"}',
    '{"contact_name": "Mario Lopez", "email": "mario.lopez@acme.es", "company": "Acme"}'),
  ('same name city', false,
    '{"contact_name": "Kim Lee", "city": "Boston", "email": "kim1@gmail.com"}',
    '{"contact_name": "Kim Lee", "city": "Seattle", "email": "kimlee77@yahoo.com"}'),
  ('same name city2', false,
    '{"contact_name": "Gustav Wollstonecraft", "city": "Boston", "email": "gw@gmail.com"}',
    '{"contact_name": "Gustav Wollstonecraft", "city": "Seattle", "email": "gust@yahoo.com"}'),
  ('same name city3', false,
    '{"contact_name": "Zbigniew Orzechowski", "city": "Lublin", "phone": "+48221234567"}',
    '{"contact_name": "Zbigniew Orzechowski", "city": "Gdansk", "email": "zo@wp.pl"}'),
  ('same name only', false,
    '{"contact_name": "Maria Garcia", "email": "mg1@gmail.com"}',
    '{"contact_name": "Maria Garcia", "email": "garcia.m@yahoo.es"}'),
  ('given only', false,
    '{"contact_name": "Maria", "email": "maria1@gmail.com", "city": "Madrid"}',
    '{"contact_name": "Maria", "email": "m2@gmail.com", "city": "Madrid"}'),
  ('Chinese colleagues, romanised', false,
    '{"contact_name": "Wang Wei", "email": "ww@huawei.com", "company": "Huawei"}',
    '{"contact_name": "Wang Min", "email": "wm@huawei.com", "company": "Huawei"}'),
  ('Chinese, colleagues', false,
    '{"contact_name": "王伟", "email": "ww@163.com", "company": "华为"}',
    '{"contact_name": "王芳", "email": "wf@163.com", "company": "华为"}'),
  ('phone next', false,
    '{"contact_name": "Ana Silva", "phone": "+14155550101", "company": "Acme"}',
    '{"contact_name": "Bob Stone", "phone": "+14155550102", "company": "Acme"}'),
  ('nickname', true,
    '{"contact_name": "Bob Miller", "company": "Acme Inc.", "email": "bob.miller@acme.com"}',
    '{"contact_name": "Robert Miller", "company": "ACME", "email": "rmiller@acme.com"}'),
  ('nickname, other provider', true,
    '{"contact_name": "Kate Stone", "email": "kstone@gmail.com", "company": "Initech"}',
    '{"contact_name": "Katherine Stone", "email": "katherine.stone@initech.com", "company": "Initech LLC"}'),
  ('Spanish nickname', true,
    '{"contact_name": "Pepe Fuentes", "email": "pepe@fuentes.es", "company": "Fuentes SL"}',
    '{"contact_name": "José Fuentes", "email": "jose.fuentes@gmail.com", "company": "Fuentes"}'),
  ('Russian nickname', true,
    '{"contact_name": "Sasha Ivanova", "email": "sasha@petrol.ru", "company": "Petrol"}',
    '{"contact_name": "Alexandra Ivanova", "email": "a.ivanova@petrol.ru", "company": "OOO Petrol"}'),
  ('company by its initials', true,
    '{"contact_name": "Grace Hopper", "email": "grace.hopper@us.ibm.com", "company": "IBM"}',
    '{"contact_name": "Grace Hopper", "email": "ghopper@gmail.com", "company": "International Business Machines"}'),
  ('family name first', true,
    '{"contact_name": "Lee, Kim", "email": "kim.lee@acme.com", "company": "Acme"}',
    '{"contact_name": "Kim Lee", "email": "kimlee@gmail.com", "company": "Acme Corp"}'),
  ('umlauts', true,
    '{"contact_name": "Jürgen Müller", "email": "j.mueller@firma.de", "company": "Firma Nord GmbH"}',
    '{"contact_name": "Juergen Mueller", "email": "juergen.mueller@firma.de", "company": "Firma Nord"}'),
  ('letters swapped', true,
    '{"contact_name": "Wolfgang Schneider", "email": "w.schneider@krupp.de", "company": "Krupp"}',
    '{"contact_name": "Wolfgnag Schnieder", "email": "wolfgang.schneider@krupp.de", "company": "Krupp AG"}'),
  ('email typo', true,
    '{"contact_name": "Sarah Connor", "email": "sarah.connor@gmail.com"}',
    '{"contact_name": "Sarah Connor", "email": "sara.connor@gmail.com"}'),
  ('email domain typo', true,
    '{"contact_name": "Sarah Connor", "email": "sarah.connor@gmail.com"}',
    '{"contact_name": "Sarah Connor", "email": "sarah.connor@gmial.com"}'),
  ('email same nick', true,
    '{"contact_name": "Bill Turner", "email": "bill.turner@pirate.com"}',
    '{"contact_name": "William Turner", "email": "bill.turner@pirat.com"}'),
  ('phone same', true,
    '{"contact_name": "Tom Baker", "phone": "+442071234567", "email": "tom@tardis.co.uk"}',
    '{"contact_name": "Thomas Baker", "phone": "02071234567", "email": "tbaker@bbc.co.uk"}'),
  ('initial', true,
    '{"contact_name": "K. Lee", "email": "k.lee@acme.com", "phone": "+12125550142"}',
    '{"contact_name": "Kim Lee", "email": "kim.lee@acme.com", "phone": "+12125550142"}'),
  ('married', true,
    '{"contact_name": "Anna Schmidt", "phone": "+491701234567", "birthday": "1985-03-02", "email": "anna.s@web.de"}',
    '{"contact_name": "Anna Weber", "phone": "+491701234567", "birthday": "1985-03-02", "email": "anna.w@web.de"}'),
  ('given name in one word', true,
    '{"contact_name": "Mary Ann Jones", "company": "Globex", "city": "Leeds", "email": "ma@globex.com"}',
    '{"contact_name": "Maryann Jones", "company": "Globex Ltd", "city": "Leeds", "email": "mary@globex.com"}'),
  ('company typo', true,
    '{"contact_name": "Priya Raman", "company": "Infosys", "email": "priya.raman@infosys.com"}',
    '{"contact_name": "Priya Raman", "company": "Infosis", "email": "priya@gmail.com"}'),
  ('Chinese', true,
    '{"contact_name": "王小明", "email": "wxm@huawei.com", "company": "华为技术有限公司"}',
    '{"contact_name": "王小明", "email": "wangxiaoming@163.com", "company": "华为技术"}'),
  ('birthday and town', true,
    '{"contact_name": "Lachlan Berry", "city": "Bittern", "birthday": "1999-02-19", "phone": "+442071307919"}',
    '{"contact_name": "Lachlan Bery", "city": "Bitern", "birthday": "1999-02-19", "phone": "+442071315838"}'),
  ('Cyrillic, swapped', true,
    '{"contact_name": "Иван Петров", "email": "ivan@petrov.ru", "company": "Газпром"}',
    '{"contact_name": "Петров Иван", "email": "i.petrov@gazprom.ru", "company": "ПАО Газпром"}'),
  ('birthday and town of strangers', false,
    '{"contact_name": "Anna Schmidt", "city": "Berlin", "birthday": "1980-05-06", "email": "as@a.de"}',
    '{"contact_name": "Karl Vogel", "city": "Berlin", "birthday": "1980-05-06", "email": "kv@b.de"}'),
  ('birthday, town and surname', false,
    '{"contact_name": "Anna Schmidt", "city": "Berlin", "birthday": "1980-05-06", "email": "as@a.de"}',
    '{"contact_name": "Karl Schmidt", "city": "Berlin", "birthday": "1980-05-06", "email": "ks@b.de"}'),
  ('office', false,
    '{"contact_name": "Anna Wollner", "street": "10 Market Street Suite 400", "city": "San Francisco", "postal_code": "94105", "company": "Alpha LLC", "email": "a@alpha.io"}',
    '{"contact_name": "Bo Derek", "street": "10 Market Street Suite 410", "city": "San Francisco", "postal_code": "94105", "company": "Beta Inc", "email": "b@beta.io"}'),
  ('office same name', true,
    '{"contact_name": "Anna Wollner", "street": "10 Market Street", "city": "San Francisco", "postal_code": "94105", "email": "a@alpha.io"}',
    '{"contact_name": "Anna Woller", "street": "10 Market St.", "city": "San Francisco", "postal_code": "94105", "email": "aw@gmail.com"}'),
  ('restaurant like', true,
    '{"contact_name": "Arnie Morton''s of Chicago", "street": "435 S. La Cienega Blvd.", "city": "Los Angeles", "phone": "+13102461501"}',
    '{"contact_name": "Arnie Morton''s of Chicago", "street": "435 S. La Cienega Boulevard", "city": "Los Angeles", "phone": "+13102461501"}'),
  ('restaurant chains', false,
    '{"contact_name": "Ritz-Carlton Restaurant", "street": "181 Peachtree St.", "city": "Atlanta", "phone": "+14046590400"}',
    '{"contact_name": "Ritz-Carlton Cafe", "street": "3434 Peachtree Rd.", "city": "Atlanta", "phone": "+14042372700"}'),
  ('voter', true,
    '{"contact_name": "JOHNSON, MARY E", "street": "4312 OAK HOLLOW DR", "city": "RALEIGH", "postal_code": "27604", "phone": "+19195551212"}',
    '{"contact_name": "MARY ELIZABETH JOHNSON", "street": "4312 OAK HOLLOW DRIVE", "city": "Raleigh", "postal_code": "27604-1234", "phone": "+442071323757"}'),
  ('voter moved', true,
    '{"contact_name": "MARY ELIZABETH OXENDINE", "city": "RALEIGH", "postal_code": "27604", "birthday": "1961-01-09", "phone": "+442071331676"}',
    '{"contact_name": "MARY E OXENDINE", "city": "PEMBROKE", "postal_code": "28372", "birthday": "1961-01-09", "phone": "+442071339595"}'),
  ('colleagues, nothing alike', false,
    '{"contact_name": "Kim Lee", "email": "kim@acme.com", "company": "Acme"}',
    '{"contact_name": "Ana Silva", "email": "ana@acme.com", "company": "Acme"}');

--
-- 1. Only the rule fuzzy is on.  Each pair has its own answer, whoever else
-- is alike.
--
SELECT lead_mgmt.create_workspace('similarity_ab'), lead_mgmt.create_workspace('similarity_ba');
UPDATE similarity_ab.match_rule SET action = 'off' WHERE key <> 'fuzzy';
UPDATE similarity_ba.match_rule SET action = 'off' WHERE key <> 'fuzzy';
INSERT INTO similarity_ab.lead (id, contact_name, email, phone, company, street, city, postal_code, birthday)
SELECT id, l.contact_name, l.email, l.phone, l.company, l.street, l.city, l.postal_code, l.birthday
FROM (SELECT a_id AS id, a AS lead FROM similarity_test.pair UNION ALL SELECT b_id, b FROM similarity_test.pair) p,
  jsonb_to_record(lead) l(contact_name text, email text, phone text, company text, street text, city text, postal_code text, birthday date)
ORDER BY id;
SELECT p.same, count(*), count(*) FILTER (WHERE (d.lead_id IS NOT NULL) = p.same) AS as_it_should_be
FROM similarity_test.pair p LEFT JOIN similarity_ab.duplicate d ON (d.lead_id, d.other_id) IN ((b_id, a_id), (a_id, b_id))
GROUP BY p.same ORDER BY p.same;
SELECT p.what, p.same, d.similarity
FROM similarity_test.pair p LEFT JOIN similarity_ab.duplicate d ON (d.lead_id, d.other_id) IN ((b_id, a_id), (a_id, b_id))
WHERE (d.lead_id IS NOT NULL) <> p.same ORDER BY n;

--
-- 2. Whoever comes first, the answer is the same
--
INSERT INTO similarity_ba.lead (id, contact_name, email, phone, company, street, city, postal_code, birthday)
SELECT id, contact_name, email, phone, company, street, city, postal_code, birthday FROM similarity_ab.lead ORDER BY id DESC;
SELECT count(*) > 20 AS pairs, count(*) FILTER (WHERE ab.similarity IS DISTINCT FROM ba.similarity) AS differ,
  bool_and(ab.similarity BETWEEN 0.5 AND 1) AS above_the_default
FROM similarity_test.pair p
JOIN similarity_ab.duplicate ab ON (ab.lead_id, ab.other_id) IN ((b_id, a_id), (a_id, b_id))
LEFT JOIN similarity_ba.duplicate ba ON (ba.lead_id, ba.other_id) IN ((b_id, a_id), (a_id, b_id));

--
-- 3. Any text: nothing fails, and the beginning of a long one is enough
--
INSERT INTO similarity_ab.lead (contact_name, email, company, street, city, region, postal_code, country, job_title) VALUES
  (repeat('Wollstonecraft ', 10000), 'long@wollstonecraft.example', repeat('x', 100000), repeat('12 ', 10000), repeat('é', 50000), '-', '"', '"', '   '),
  ('.', 'dot@wollstonecraft.example', '&', '#', '!', '1', '-', '??', '...'),
  (repeat('王', 3000), 'king@wollstonecraft.example', repeat('株式会社', 1000), NULL, NULL, NULL, NULL, NULL, NULL);
SELECT count(*) FROM similarity_ab.lead WHERE email LIKE '%@wollstonecraft.example';

--
-- 4. How similar they must be can be set
--
UPDATE similarity_ba.match_rule SET min_similarity = 0.999 WHERE key = 'fuzzy';
INSERT INTO similarity_ba.lead (contact_name, email, company) VALUES
  ('Kate Winslow', 'kate.winslow@initech.com', 'Initech'), ('Katherine Winslow', 'kwinslow@initech.com', 'Initech');
SELECT count(*) FROM similarity_ba.duplicate d JOIN similarity_ba.lead l ON l.id = d.lead_id WHERE l.contact_name = 'Katherine Winslow';
UPDATE similarity_ba.match_rule SET min_similarity = NULL WHERE key = 'fuzzy';
UPDATE similarity_ba.lead SET job_title = 'CTO' WHERE contact_name = 'Katherine Winslow';
SELECT o.contact_name, d.similarity > 0.5 AND d.similarity < 0.999 AS between
FROM similarity_ba.duplicate d JOIN similarity_ba.lead l ON l.id = d.lead_id JOIN similarity_ba.lead o ON o.id = d.other_id
WHERE 'Katherine Winslow' IN (l.contact_name, o.contact_name);

DROP SCHEMA similarity_ab, similarity_ba, similarity_test CASCADE;
