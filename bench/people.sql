-- People and misspelt copies of one in twenty of them, into bench.person; :leads
-- in all.  "person" says who is who.  Random, and the same each time.
SELECT setseed(0.42) \g /dev/null

CREATE TABLE bench.first_name AS
SELECT row_number() OVER () AS n, name FROM unnest(string_to_array(
  'James,Mary,Robert,Patricia,John,Jennifer,Michael,Linda,David,Elizabeth,William,Barbara,Richard,Susan,Joseph,Jessica,Thomas,Sarah,'
  'Charles,Karen,Daniel,Lisa,Matthew,Nancy,Anthony,Betty,Mark,Sandra,Steven,Ashley,Paul,Kimberly,Andrew,Emily,Joshua,Donna,Kenneth,'
  'Michelle,Kevin,Carol,Brian,Amanda,George,Melissa,Edward,Deborah,Ronald,Stephanie,Jason,Rebecca,Jeffrey,Laura,Ryan,Sharon,Jacob,'
  'Cynthia,Gary,Kathleen,Nicholas,Amy,Eric,Angela,Jonathan,Shirley,Stephen,Anna,Larry,Brenda,Justin,Pamela,Scott,Emma,Brandon,Nicole,'
  'Hans,Ingrid,Jürgen,Ulrike,Pierre,Amélie,Luca,Giulia,José,Carmen,Pedro,Inês,Olga,Sergei,Piotr,Agnieszka,Yuki,Hiro,Wei,Mei,Raj,Priya,'
  'Mohammed,Fatima,Ali,Aisha', ',')) AS name;

-- Some 17,000 family names, the first of them the commonest
CREATE TABLE bench.last_name AS
SELECT row_number() OVER (ORDER BY random()) AS n, initcap(a || b || c) AS name
FROM unnest(string_to_array('ba,be,bo,bra,ca,cha,da,do,fa,fi,ga,gra,ha,ho,ja,ka,ki,kra,la,le,ma,mi,mo,na,no,pa,pe,ra,ri,ro,sa,schu,sta,ta,tho,va,vi,wa,we,za', ',')) AS a
CROSS JOIN unnest(string_to_array('ber,bin,chel,den,dri,ger,kel,len,ling,man,mer,nan,ner,phi,que,ren,ri,sen,ti,ver,vin,zin', ',')) AS b
CROSS JOIN unnest(string_to_array(',berg,er,feld,i,man,mann,o,ov,s,sen,ski,son,stein,ton,tti,us,well,wood,y', ',')) AS c;

CREATE FUNCTION bench.slip(word text) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT CASE floor(r * 3)
    WHEN 0 THEN left(word, p - 1) || substr(word, p + 1)
    WHEN 1 THEN left(word, p - 1) || chr(97 + floor(random() * 26)::int) || substr(word, p + 1)
    ELSE left(word, p - 1) || substr(word, p + 1, 1) || substr(word, p, 1) || substr(word, p + 2) END
  FROM (SELECT random() AS r, 2 + floor(random() * greatest(length(word) - 2, 1))::int AS p OFFSET 0) x
$$;

CREATE TABLE bench.person AS
WITH base AS (
  SELECT i AS person, floor(random() * 104)::int + 1 AS f, floor(power(random(), 2) * 17000)::int + 1 AS l,
    floor(random() * :leads / 10)::int AS company, floor(random() * 2000)::int AS city,
    floor(random() * 9000000 + 1000000)::bigint AS number, random() AS has_phone, random() AS has_company, random() AS mail
  FROM generate_series(1, (:leads * 0.95)::int) i
)
SELECT person, false AS copy, f.name AS first_name, l.name AS last_name,
  lower(CASE WHEN mail < 0.4 THEN f.name || '.' || l.name WHEN mail < 0.7 THEN left(f.name, 1) || l.name || person % 1000
    ELSE l.name || person % 100000 END) || '@' || CASE WHEN person % 5 < 2 THEN 'company' || company || '.example'
    ELSE (ARRAY['gmail.com', 'yahoo.com', 'outlook.com', 'gmx.de'])[1 + person % 4] END AS email,
  CASE WHEN has_phone < 0.7 THEN '+1' || (200 + person % 700) || number END AS phone,
  CASE WHEN has_company < 0.8 THEN c.name || ' '
    || (ARRAY['Systems', 'Foods', 'Media', 'Logistics', 'Consulting', 'Partners'])[1 + company % 6] || ' ' || company / 17000 END AS company,
  'City ' || city AS city, lpad((city * 7 % 100000)::text, 5, '0') AS postal_code
FROM base JOIN bench.first_name f ON f.n = base.f JOIN bench.last_name l ON l.n = base.l
JOIN bench.last_name c ON c.n = 1 + base.company % 17000;

-- A copy has one to three things wrong with it, or missing.
INSERT INTO bench.person
SELECT person, true,
  CASE WHEN r1 < 0.15 THEN left(first_name, 1) || '.' WHEN r1 < 0.3 THEN bench.slip(first_name) ELSE first_name END,
  CASE WHEN r2 < 0.25 THEN bench.slip(last_name) ELSE last_name END,
  CASE WHEN r3 < 0.3 THEN NULL WHEN r3 < 0.5 THEN lower(left(first_name, 1) || last_name) || '@mail.example'
    WHEN r3 < 0.7 THEN bench.slip(split_part(email, '@', 1)) || '@' || split_part(email, '@', 2) ELSE email END,
  CASE WHEN r3 < 0.3 AND phone IS NULL THEN '+1999' || (1000000 + person) WHEN r4 < 0.3 AND r3 >= 0.3 THEN NULL
    WHEN r4 < 0.5 THEN left(phone, 8) || floor(random() * 10) || substr(phone, 10) ELSE phone END,
  CASE WHEN r5 < 0.3 THEN NULL WHEN r5 < 0.5 THEN bench.slip(company) WHEN r5 < 0.7 THEN company || ' Inc.' ELSE company END,
  CASE WHEN r6 < 0.2 THEN NULL ELSE city END, CASE WHEN r6 > 0.8 THEN NULL ELSE postal_code END
FROM (
  SELECT x.*, random() AS r1, random() AS r2, random() AS r3, random() AS r4, random() AS r5, random() AS r6
  FROM (SELECT * FROM bench.person ORDER BY random() LIMIT (:leads * 0.05)::int) x
) p;
