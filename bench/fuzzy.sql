-- Labelled people for bench/fuzzy.sh: functions that map the files to leads.
-- The files are loaded later, if they are there.
SET check_function_bodies = off;

-- A day as it is in the files, or NULL where there is none such in the calendar.
CREATE FUNCTION bench.day(year int, month int, day int) RETURNS date IMMUTABLE LANGUAGE sql
RETURN CASE WHEN year BETWEEN 1 AND 9999 AND month BETWEEN 1 AND 12 AND day >= 1 AND
  day <= extract(day FROM make_date(year, month, 1) + interval '1 month - 1 day')
  THEN make_date(year, month, day) END;

-- What all measurements read: people with the number of whom they are.
CREATE TABLE bench.person (
  id bigint, of text, contact_name text, email text, phone text, company text, street text, city text,
  region text, postal_code text, country text, birthday date);

-- Febrl's people have no address that a lead needs: one is made for each record
-- (contact 'email' or 'phone'), or their number of social security stands for a phone.
CREATE PROCEDURE bench.febrl(contact text) LANGUAGE sql AS $$
TRUNCATE bench.person;
INSERT INTO bench.person
SELECT n, split_part(rec_id, '-', 2), coalesce(nullif(concat_ws(' ', given_name, surname), ''), 'Unknown'),
  CASE WHEN contact = 'email' THEN 'person' || n || '@example.com' END,
  CASE contact WHEN 'phone' THEN '+1212555' || to_char(n, 'FM0000') WHEN 'number' THEN '+612' || lpad(soc_sec_id, 7, '0') END,
  NULL, nullif(concat_ws(' ', street_number, address_1, address_2), ''), suburb, state, postcode, 'AU',
  CASE WHEN date_of_birth ~ '^\d{8}$'
    THEN bench.day(left(date_of_birth, 4)::int, substr(date_of_birth, 5, 2)::int, right(date_of_birth, 2)::int) END
FROM (SELECT row_number() OVER () AS n,
    trim(rec_id) AS rec_id, nullif(trim(given_name), '') AS given_name, nullif(trim(surname), '') AS surname,
    nullif(trim(street_number), '') AS street_number, nullif(trim(address_1), '') AS address_1,
    nullif(trim(address_2), '') AS address_2, nullif(trim(suburb), '') AS suburb, nullif(trim(postcode), '') AS postcode,
    nullif(trim(state), '') AS state, trim(date_of_birth) AS date_of_birth, trim(soc_sec_id) AS soc_sec_id
  FROM bench.febrl) f;
$$;

-- Who has no e-mail address, or one that is none, gets a phone number of his own.
CREATE PROCEDURE bench.fake() LANGUAGE sql AS $$
TRUNCATE bench.person;
INSERT INTO bench.person (id, of, contact_name, email, phone, city, birthday)
SELECT unique_id + 1, cluster, coalesce(nullif(concat_ws(' ', nullif(first_name, ''), nullif(surname, '')), ''), 'Unknown'),
  CASE WHEN lead_mgmt.email_key(email) IS NOT NULL THEN email END, CASE WHEN lead_mgmt.email_key(email) IS NULL THEN '+1212555' || to_char(unique_id, 'FM0000') END,
  nullif(city, ''), nullif(dob, '')::date
FROM bench.fake;
$$;

-- People in companies, one in ten of whom is there again: another spelling,
-- another address, another name for the company.
CREATE PROCEDURE bench.companies(people int) LANGUAGE sql AS $$
TRUNCATE bench.person;
INSERT INTO bench.person (id, of, contact_name, email, phone, company, city)
WITH word AS (
  SELECT array_agg(w ORDER BY w) AS words FROM (
    SELECT a || b AS w FROM
      unnest('{ba,bor,dal,fen,gri,hal,kel,lor,mar,nor,pel,ros,ste,tal,ver,win}'::text[]) a,
      unnest('{bert,cold,den,frid,garth,hall,jack,kott,loch,mund,nik,pass,rell,stein,tano,vier}'::text[]) b) w
), given AS (
  SELECT '{Robert,William,James,Elizabeth,Katherine,Michael,Thomas,Joseph,Daniel,Susan,Margaret,Richard,Charles,Jürgen,Björn,Anke,José,Francisco,Dolores,Ignacio,Wei,Xiaoming,Meiling,Priya,Raj,Olga,Alexander,Fatima,Omar,Yuki}'::text[] AS names,
    '{Bob,Bill,Jim,Liz,Kate,Mike,Tom,Joe,Dan,Sue,Peggy,Dick,Chuck,Juergen,Bjoern,Anke,Pepe,Paco,Lola,Nacho,Wei,Xiao Ming,Mei Ling,Priya,Raj,Olga,Sasha,Fatima,Omar,Yuki}'::text[] AS called
), base AS (
  SELECT i, 1 + h % 30 AS g, 1 + h / 31 % 256 AS s1, 1 + h / 8009 % 256 AS s2, 
    1 + abs(hashint4(i / 8)) % 256 AS c1, 1 + abs(hashint4(-1 - i / 8)) % 256 AS c2
  FROM (SELECT i, hashint8(i)::bigint + 2147483648 AS h FROM generate_series(1, people) i) i
), spelt AS (
  SELECT b.*, names[g] AS name, called[g] AS nick, initcap(words[s1]) || right(words[s2], 4) AS surname,
    initcap(words[c1]) || ' ' || initcap(words[c2]) AS core, words[c1] || words[c2] AS domain, lower(names[g]) AS mailbox
  FROM base b, word, given
), both_of AS (
  SELECT i AS of, false AS again, name || ' ' || surname AS contact_name,
    mailbox || '.' || lower(surname) || '@' || domain || '.com' AS email,
    CASE WHEN i % 2 = 0 THEN '+1415' || lpad((i * 7919 % 10000000)::text, 7, '0') END AS phone, core || ' GmbH' AS company,
    CASE WHEN i % 4 < 2 THEN 'Town of ' || (i / 8 % 997) END AS city
  FROM spelt
  UNION ALL
  SELECT i, true, CASE i / 10 % 4 WHEN 0 THEN nick || ' ' || surname WHEN 1 THEN surname || ', ' || name
      WHEN 2 THEN name || ' ' || overlay(surname PLACING substr(surname, 4, 1) || substr(surname, 3, 1) FROM 3 FOR 2)
      ELSE left(name, 1) || '. ' || surname END,
    CASE i / 40 % 3 WHEN 0 THEN left(mailbox, 1) || lower(surname) || '@' || domain || '.com'
      WHEN 1 THEN lower(surname) || i || '@gmail.com'
      ELSE overlay(mailbox || '.' || lower(surname) || '@' || domain || '.com' PLACING '' FROM 5 FOR 1) END,
    CASE WHEN i / 120 % 2 = 0 THEN '+1628' || lpad((i * 7919 % 10000000)::text, 7, '0') END,
    CASE i / 10 % 3 WHEN 0 THEN core WHEN 1 THEN upper(core) || ' AG' ELSE overlay(core PLACING '' FROM 4 FOR 1) || ' GmbH' END,
    CASE WHEN i % 4 < 2 THEN 'Town of ' || (i / 8 % 997) END
  FROM spelt WHERE i % 10 = 0
)
SELECT row_number() OVER (ORDER BY md5(of::text || again)), of, contact_name, email, phone, company, city FROM both_of;
$$;

-- How well pairs agree with the labels; pairs of bench.found, lower id first.
CREATE FUNCTION bench.verdict(pairs text, threshold numeric) RETURNS TABLE (precision_ numeric, recall numeric, f1 numeric)
LANGUAGE plpgsql AS $$
DECLARE
  labelled bigint;
  listed bigint;
  correct bigint;
BEGIN
  SELECT sum(n * (n - 1) / 2) INTO labelled FROM (SELECT count(*) AS n FROM bench.person GROUP BY of) p;
  EXECUTE format('SELECT count(*), count(*) FILTER (WHERE a.of = b.of) FROM %s f
    JOIN bench.person a ON a.id = f.a JOIN bench.person b ON b.id = f.b WHERE f.similarity >= $1', pairs)
    USING threshold INTO listed, correct;
  RETURN QUERY SELECT round(correct / greatest(listed, 1)::numeric, 4), round(correct / greatest(labelled, 1)::numeric, 4),
    round(2 * correct / greatest(listed + labelled, 1)::numeric, 4);
END $$;

-- Pairs that follow from pairs: of A with B and B with C, A with C.
CREATE PROCEDURE bench.close_groups() LANGUAGE plpgsql AS $$
DECLARE
  changed bigint;
BEGIN
  DROP TABLE IF EXISTS bench.member, bench.grouped;
  CREATE TABLE bench.member AS SELECT id, id AS group_id FROM bench.person;
  CREATE INDEX ON bench.member (id);
  ANALYZE bench.member;
  LOOP
    UPDATE bench.member m SET group_id = l.lowest
    FROM (SELECT id, min(group_id) AS lowest FROM (
        SELECT f.a AS id, m.group_id FROM bench.found f JOIN bench.member m ON m.id = f.b
        UNION ALL
        SELECT f.b, m.group_id FROM bench.found f JOIN bench.member m ON m.id = f.a) e GROUP BY id) l
    WHERE l.id = m.id AND l.lowest < m.group_id;
    GET DIAGNOSTICS changed = ROW_COUNT;
    EXIT WHEN changed = 0;
  END LOOP;
  CREATE TABLE bench.grouped AS SELECT a.id AS a, b.id AS b, 1.0 AS similarity
  FROM bench.member a JOIN bench.member b ON b.group_id = a.group_id AND b.id > a.id;
END $$;
