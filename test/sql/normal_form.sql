SET client_encoding = 'UTF8';
-- how wide a character is shown differs between versions of psql
\pset format unaligned

--
-- The normal forms that duplicates are found by.
--

-- e-mail addresses: case, surrounding space, the form of the domain
SELECT a, b, lead_mgmt.email_key(a) = lead_mgmt.email_key(b) AS same
FROM (VALUES
  ('Ann@Example.com', 'ann@example.COM'),
  (E' ann@example.com \u00a0\u200b', 'ann@example.com'),
  ('x@bücher.example', 'x@xn--bcher-kva.example'),
  ('x@BÜCHER.Example', 'x@XN--BCHER-KVA.example'),
  (E'x@bu\u0308cher.example', 'x@bücher.example'),
  ('x@例え。テスト', 'x@xn--r8jz45g.xn--zckzah'),
  ('x@пример.рф', 'X@ПРИМЕР.РФ'),
  ('Jörg@example.com', E'jo\u0308rg@example.com'),
  (E'an\u200bn@exam\u00adple.com', 'ann@example.com'),
  ('ann+spring@example.com', 'ann@example.com'),
  ('a.nn@example.com', 'ann@example.com'),
  ('x@strasse.example', 'x@straße.example'),
  ('aa@x.io', 'a@x.io')
) AS pair(a, b);

SELECT lead_mgmt.email_key(' Jörg.Weiß+Shop@Bücher.Example ');

-- what is no address has no form
SELECT email, lead_mgmt.email_key(email) IS NULL AS none
FROM (VALUES
  (NULL), (''), ('   '), ('ann'), ('@example.com'), ('ann@'), ('ann@example'),
  ('ann@example.c'), ('ann@example..com'), ('ann@-example.com'),
  ('ann@exa_mple.com'), ('ann@example.com.'), ('ann@127.0.0.1'),
  ('.ann@example.com'), ('ann.@example.com'), ('a n n@example.com'),
  ('"ann@example.com'), ('ann@exam ple.com'), ('ann@ｇｍａｉｌ.com'),
  ('ann@example.com, bob@example.com'), ('Ann <ann@example.com>'),
  ('a@℀.com'), (E'ann@example.com\nbcc: eve@example.com')
) AS address(email);

-- the longest ones
SELECT length(lead_mgmt.email_key(repeat('a', 64) || '@' || repeat('b', 63) || '.com')) AS fits,
       lead_mgmt.email_key(repeat('a', 65) || '@example.com') AS local_part,
       lead_mgmt.email_key('a@' || repeat('b', 64) || '.com') AS label,
       lead_mgmt.email_key('a@' || repeat('ü', 63) || '.com') AS encoded_label,
       lead_mgmt.email_key('a' || repeat('@', 1000000)) AS at_signs,
       lead_mgmt.email_key(repeat(' ', 1000000) || 'a@b.de' || repeat(' ', 1000000)) AS spaces;

-- phone numbers: whatever the digits are separated by and written in
SELECT phone, lead_mgmt.phone_key(phone, NULL) AS key
FROM (VALUES
  ('+493012345678'), ('+49 30 1234-5678'), (' +49 (30) 12 34 56 78 '),
  ('+49 (0)30 12345678'), ('+49(0)30/12345678'), ('+49 ( 0 ) 30.1234.5678'),
  ('(+49) 30 12345678'), ('tel:+49-30-12345678'), ('TEL: +49 30 12345678;ext=12'),
  ('＋４９ ３０ １２３４５６７８'), ('+٤٩ ٣٠ ١٢٣٤٥٦٧٨'), ('+४९ ३० १२३४५६७८'),
  (E'\u202d+49\u00a030\u20111234\u20135678\u202c'),
  ('+49 30 12345678 x12'), ('+49 30 12345678 ext. 12'), ('+49 30 12345678 Extension 12'),
  ('+49 30 12345678 #12'), ('+49 30 12345678,,12'),
  ('+39 (0)6 69812345'), ('+1 (650) 555-1234'), ('+24762889'), ('+989601'),
  ('+1 800 FLOWERS'), ('+49 30 12345678 extn 12')
) AS number(phone);

-- what has none: what is no number (national ones are in phone_national.sql)
SELECT phone, lead_mgmt.phone_key(phone, 'DE') AS key
FROM (VALUES
  (NULL), (''), (' '), ('+'), ('+12'), ('++49 30 12345678'),
  ('+49 30 12345678 / +49 30 12345679'), ('+0301234567'), ('+1234567890123456'),
  ('n/a'), ('+abcdefghijk'), ('+49 30 1234567, ask for Ann'),
  ('+49 30 12345678 ext'' OR 1=1 --'), (repeat('+', 1000)), (repeat('x1', 1000000)),
  ('+1' || repeat('-', 1000000) || '6505551234')
) AS number(phone)
WHERE lead_mgmt.phone_key(phone, 'DE') IS NOT NULL;

-- names: case, accents, punctuation, white space, legal forms
SELECT a, b, lead_mgmt.name_key(a) = lead_mgmt.name_key(b) AS same, lead_mgmt.name_key(a) AS key
FROM (VALUES
  ('Acme, Inc.', 'ACME'),
  ('The Acme Co. Ltd.', 'acme'),
  ('  Smith   &  Sons ', 'Smith and Sons'),
  ('O''Brien', 'O’Brien'),
  ('O`Brien', 'OBRIEN'),
  ('Müller GmbH & Co. KG', E'MU\u0308LLER'),
  ('Straße', 'STRASSE'),
  ('Ærø Łódź Þórður Œuvre', 'aero lodz thordur oeuvre'),
  ('İstanbul A.Ş.', 'istanbul'),
  ('ΌΜΙΛΟΣ', 'όμιλος'),
  ('ООО «Ромашка»', 'РОМАШКА, ООО'),
  ('Жёлтый', 'ЖЕЛТЫЙ'),
  ('Նարեկ ՍՊԸ', 'նարեկ'),
  ('Ａｃｍｅ　Ｉｎｃ．', 'acme'),
  ('ﬁrst', 'FIRST'),
  ('株式会社トヨタ', 'ﾄﾖﾀ㈱'),
  ('華為技術有限公司', '華為技術'),
  ('삼성전자 주식회사', '(주)삼성전자'),
  ('أَحْمَد', 'احمد'),
  ('Acme™', 'Acme®'),
  ('S.A.R.L. Dupont', 'SARL Dupont'),
  ('Dupont S.à r.l.', 'Dupont et Cie'),
  ('Grupo Norte, S. de R.L. de C.V.', 'Grupo Norte, S.A. de C.V.'),
  ('Norte Sp. z o.o. Sp.k.', 'Norte S.p.A.'),
  ('PT. Telkom Indonesia Tbk', 'Telkom Indonesia'),
  ('Foo Pty Ltd', 'Foo (Pvt.) Ltd.'),
  ('Tiffany & Co.', 'Tiffany'),
  ('H&M', 'H + M'),
  ('Limited', 'The Limited'),
  ('Müller', 'Mueller'),
  ('が', 'か'),
  ('Incognito', 'Cognito'),
  ('Novi Sad', 'Novi')
) AS pair(a, b);

-- a legal form alone is a name
SELECT name, lead_mgmt.name_key(name) AS key
FROM (VALUES ('AG'), ('Limited'), ('GmbH & Co. KG'), ('The The'), ('And Co'), ('株式会社')) AS company(name);

-- nothing is left of these
SELECT count(*) AS names, count(lead_mgmt.name_key(name)) AS keys
FROM (VALUES (NULL), (''), (' '), ('-'), ('&'), ('...'), ('™'), (E'\u200b\u00a0'), (E'\u0301'), ('🚀')) AS company(name);

-- a long key is its beginning and a digest of the whole
SELECT length(lead_mgmt.name_key(repeat('x', 512))) AS fits,
       length(lead_mgmt.name_key(repeat('x', 513))) AS long,
       right(lead_mgmt.name_key(repeat('x', 513)), 33) = '#' || md5(repeat('x', 513)) AS digest,
       lead_mgmt.name_key(repeat('ü', 2000) || 'a') = lead_mgmt.name_key(repeat('U', 2000) || 'A, Inc.') AS same,
       lead_mgmt.name_key(repeat('ü', 2000) || 'a') = lead_mgmt.name_key(repeat('U', 2000) || 'b') AS other;

SELECT max(octet_length(lead_mgmt.name_key(name))) <= 512 AS short, count(DISTINCT lead_mgmt.name_key(name)) AS keys
FROM (VALUES
  (repeat('ﷺ', 100000)), (repeat('한', 100000)), (repeat('& a', 100000)),
  (repeat(E'\u0e38\u0e48\u3099', 100000)), (repeat('inc ', 100000)), (repeat('x', 1000000))
) AS company(name);

-- keys are not made of what could end a string, a row or a statement
SELECT lead_mgmt.name_key('Robert''); DROP TABLE lead; -- "\ %s $1 {,} <b>') AS key;

-- they are made once: the key of a key is that key
SELECT bool_and(lead_mgmt.name_key(lead_mgmt.name_key(name)) = lead_mgmt.name_key(name)) AS stable
FROM (VALUES ('Müller GmbH & Co. KG'), ('ΌΜΙΛΟΣ'), ('삼성전자'), ('ﷺ'), ('が'), ('บริษัท กขค จำกัด')) AS company(name);
