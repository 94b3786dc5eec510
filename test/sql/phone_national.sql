-- National phone numbers.  Without libphonenumber they have no form, and a
-- session says so once: that is the second expected answer of this test.
SET client_min_messages = warning;
SELECT lead_mgmt.create_workspace('phone_national');
SET client_min_messages = notice;

-- the country: a code of two or three letters, or a name
SELECT lead_mgmt.phone_key('030 12345678', 'DE');
SELECT country, lead_mgmt.phone_key('030 12345678', country) AS key
FROM (VALUES ('de'), ('DEU'), ('Germany'), (' GERMANY '), ('Deutschland'), ('Federal Republic of Germany'),
  ('Narnia'), ('D'), (''), (' '), (NULL)) AS c (country);
SELECT country, lead_mgmt.phone_key('(212) 555-0143', country) AS key
FROM (VALUES ('us'), ('USA'), ('U.S.A.'), ('U.S.'), ('the United States'), ('United States of America'), ('America'),
  ('CA'), ('Canada')) AS c (country);
SELECT country, lead_mgmt.phone_key(phone, country) AS key
FROM (VALUES ('Great Britain', '020 7946 0958'), ('South Korea', '02-2123-4567'), ('Côte d''Ivoire', '25 21 23 45 67'),
  ('IVORY COAST', '25 21 23 45 67'), ('Россия', '8 495 123-45-67'), ('日本', '03-1234-5678'), ('Kosovo', '028 012 345'),
  ('Trinidad & Tobago', '868 221 1234'), ('Saint Lucia', '758 430 1234'), ('St. Lucia', '758 430 1234')) AS c (country, phone);

-- however it is written: prefixes, extensions, letters, other digits
SELECT phone, country, lead_mgmt.phone_key(phone, country) AS key
FROM (VALUES
  ('030/123 456-78', 'DE'), ('(030) 12345678', 'DE'), ('030 12345678 x12', 'DE'), ('030 12345678 ext. 12', 'DE'),
  ('030 12345678 #12', 'DE'), ('030-12345678;ext=12', 'DE'), ('0049 30 12345678', 'DE'), ('49 30 12345678', 'DE'),
  ('０３０ １２３４５６７８', 'DE'), ('tel:030-12345678', 'DE'),
  ('212.555.0143', 'US'), ('1 212 555 0143', 'US'), ('1-800-FLOWERS', 'US'), ('1-212-555-0143 Ext 7', 'US'),
  ('011 49 30 12345678', 'US'), ('00 49 30 12345678', 'US'), ('00 49 30 12345678', NULL),
  ('06 6982 1234', 'IT'), ('020 7946 0958', 'UK'), ('55 1234 5678', 'MX'), ('011 15-2345-6789', 'AR'),
  ('8 (495) 123-45-67', 'RU'), ('03-1234-5678', 'JP')
) AS n (phone, country);

-- with "+" the country does not count, and a prefix too many is left out
SELECT phone, lead_mgmt.phone_key(phone, 'US') AS key
FROM (VALUES ('+49 30 12345678'), ('+49 030 12345678'), ('+7 8 495 123-45-67'), ('+1 1 212 555 0143'),
  ('+39 06 6982 1234'), ('+49 000'|| '000')) AS n (phone);

-- what has none: too short or too long for the country, local, or typed for want of a number
SELECT phone, country, lead_mgmt.phone_key(phone, country) AS key
FROM (VALUES ('555-0143', 'US'), ('12345', 'US'), ('212 555 0143 0143', 'US'), ('0000000000', 'US'), ('2222222222', 'US'),
  ('1234567890', 'US'), ('123-456-7890', 'US'), ('112 555 0143', 'US'), ('212 155 0143', 'US'), ('0 55 1234 5678', 'MX'), ('030 12345678', 'US')) AS n (phone, country)
WHERE lead_mgmt.phone_key(phone, country) IS NOT NULL;
-- numbers that the library does not know, but that could be
SELECT lead_mgmt.phone_key('555-223-4567', 'US') AS american, lead_mgmt.phone_key('01 20 21 12 34', 'Benin') AS recent;

-- leads: the country of the lead, or else the one of the settings
SET search_path = phone_national, public;
UPDATE setting SET default_country = 'DE';
INSERT INTO lead (contact_name, phone, country) VALUES
  ('A', '+49 30 12345678', NULL), ('B', '030 12345678', NULL), ('C', '030 12345678', ' '), ('D', '(212) 555-0143', 'USA'),
  ('E', '+1 212 555 0143', 'DE'), ('F', '030 12345678', 'Narnia'), ('G', '030 1234 5678 x 9', 'Germany');
SELECT contact_name, phone, country, phone_key FROM lead ORDER BY id;
SELECT lead_id, other_id, rules FROM duplicate ORDER BY 1, 2;
UPDATE lead SET country = 'US' WHERE contact_name = 'B';
UPDATE lead SET country = 'AT' WHERE contact_name = 'G' RETURNING phone_key;
SELECT lead_id, other_id, rules FROM duplicate ORDER BY 1, 2;
SELECT count(*) FROM lead l, lead_mgmt.recompute_keys(l) k WHERE k.differs;
UPDATE setting SET default_country = 'US';
SELECT l.contact_name, k.* FROM lead l, lead_mgmt.recompute_keys(l) k WHERE k.differs ORDER BY id;

