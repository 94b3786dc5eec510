-- Names of people as company_and_name_key has them, behind the "|".
\pset format unaligned
CREATE FUNCTION person(text) RETURNS text LANGUAGE sql AS $$SELECT split_part(lead_mgmt.company_and_name_key('c', $1), '|', 2)$$;
SELECT a, b, person(a) = person(b) AS same, person(a) AS key
FROM (VALUES
  -- titles and degrees
  ('Dr. Kim Lee', 'Kim Lee'), ('Prof. Dr. Kim Lee', 'Kim Lee'), ('Mr Kim Lee', 'Mrs. Kim Lee'), ('Herr Dipl.-Ing. Kim Lee', 'Kim Lee'),
  ('Frau Dr. Müller', 'Muller'), ('Sra. Ana García', 'ana garcia'), ('M. Night Shyamalan', 'Night Shyamalan'),
  ('Kim Lee, Ph.D.', 'Kim Lee'), ('Kim Lee PhD', 'Kim Lee'), ('Kim Lee, MD, MBA', 'Kim Lee'), ('Kim Lee M.D.', 'Kim Lee'),
  ('Kim Lee Jr.', 'Kim Lee'), ('Kim Lee III', 'Kim Lee'), ('Kim Lee, M.A.', 'Kim Lee'), ('Kim Lee, MA', 'Kim Lee'),
  -- that are names
  ('Jack Ma', 'Jack'), ('Ma, Jack', 'Jack Ma'), ('Don Smith', 'Smith'), ('Prof', 'Dr'), ('Dr. Lee', 'Lee'), ('Jr.', 'Jr'), ('Md Rahman', 'Rahman'),
  -- last, first
  ('Lee, Kim', 'Kim Lee'), ('LEE,KIM', 'kim lee'), ('Lee, Dr. Kim', 'Kim Lee'), ('Lee, Kim, PhD', 'Kim Lee'), ('Lee Jr., Kim', 'Kim Lee'),
  ('Lee,', 'Lee'), (', Kim', 'Kim'), ('van der Berg, Jan', 'Jan van der Berg'), ('Berg, Jan van der', 'Jan van der Berg'),
  ('de la Cruz, María', 'Maria de la Cruz'), ('Smith and Jones, Ann', 'Ann Smith and Jones'),
  -- particles, hyphens, apostrophes, spaces
  ('Ahmed al-Hassan', 'Ahmed Al Hassan'), ('Ali bin Hassan', 'Ali Bin Hassan'), ('Jan van den Berg', 'Jan Berg'), ('Anne-Marie  Dupont', 'Anne Marie Dupont'),
  ('Siobhán O’Brien', 'Siobhan O''Brien'), ('D''Angelo, Bo', 'Bo DAngelo'), ('  Kim' || E'\t' || ' Lee ', 'Kim Lee'),
  -- nicknames
  ('William "Bill" Gates', 'William Gates'), ('William (Bill) Gates', 'William Gates'), ('William ''Bill'' Gates', 'William Gates'),
  ('William “Bill” Gates', 'william gates'), ('Gates, William (Bill)', 'William Gates'), ('"Bill"', 'Bill'), ('(Bill)', 'bill'),
  ('Kim O''Brien Lee', 'Kim OBrien Lee'), ('Kim "Lee', 'Kim Lee'), ('Kim (Lee', 'Kim Lee'),
  -- other scripts
  ('Ёлкин, Пётр', 'Петр Елкин'), ('г-н Иванов', 'Иванов'), ('山田 太郎', '山田太郎'), ('山田 太郎', '山田 太郎'), ('김 민준', '김 민준'), ('محمد العلي', 'مُحَمَّد العلي'), ('Ιωάννης', 'ΙΩΆΝΝΗΣ')
) AS pair (a, b);
-- either's: the same where it cannot be a company, and companies as ever
SELECT a, b, lead_mgmt.name_key(a) = lead_mgmt.name_key(b) AS same, lead_mgmt.name_key(a) AS key
FROM (VALUES ('Lee, Kim', 'Kim Lee'), ('Dr. Kim Lee', 'kim lee'), ('Kim Lee, PhD', 'Kim Lee'), ('Fund II', 'Fund III'), ('Acme (UK)', 'Acme (US)'),
  ('Acme, Inc.', 'Acme'), ('Lee, Kim & Partners', 'Lee Kim and Partners'), ('Kim Lee, Inc.', 'Kim Lee'), ('van der Berg, Jan', 'Jan van der Berg')) AS pair (a, b);
-- the key of a key is that key
SELECT count(*) AS unstable FROM (VALUES ('PhD, Kim'), ('Dr., Jr., Lee'), ('Lee, Kim Jr, Dr. PhD'), ('Jr. Dr. Jr.'), ('M. D., P. H. D.'), (', , ,'), ('a, b, c, d, e, f, g, h')) AS n (name)
WHERE person(person(name)) IS DISTINCT FROM person(name);
-- huge ones and odd ones: whatever it is, it is the same every time, and short
SELECT count(*) AS names, count(person(name)) AS keys, max(octet_length(person(name))) <= 512 AS short
FROM (VALUES (repeat(',', 100000)), (repeat('Dr. ', 50000)), (repeat('(', 50000)), (repeat('"a" ', 50000)), (repeat('Lee, ', 50000)), (repeat('é', 400)),
  ('Dr. ' || repeat('x', 1000)), (repeat('"', 399)), (repeat('(', 399)), ('''' || repeat(' ', 300) || '''')) AS n (name);
DROP FUNCTION person;
