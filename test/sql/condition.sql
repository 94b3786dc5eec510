--
-- Conditions: what they may contain, how refusals read, and that the answer
-- depends on nothing but the row.
--
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT lead_mgmt.create_workspace('cond', 'empty');
INSERT INTO cond.lead_status (name, position, is_open)
VALUES ('new', 1, true), ('contacted', 2, true) ON CONFLICT DO NOTHING;
INSERT INTO cond.score_model (name, state) VALUES ('m', 'active');
INSERT INTO cond.score_dimension (model_id, name, lowest, highest)
SELECT id, 'demographic', -1000, 1000 FROM cond.score_model WHERE name = 'm';

-- What a user may have around: types, columns, and decoys of built-in names.
CREATE SCHEMA cond_user;
CREATE TYPE cond_user.mood AS ENUM ('sad', 'ok', 'happy');
CREATE TYPE cond_user.pair AS (a int, b int);
CREATE TYPE cond_user.int_range AS RANGE (subtype = int4);
CREATE FUNCTION cond_user.seen(text, int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
$$BEGIN RAISE WARNING 'user-defined code ran: %', $1; RETURN true; END$$;
CREATE DOMAIN cond_user.rank AS int CHECK (cond_user.seen('domain', value));
CREATE DOMAIN cond_user.zip AS text;
CREATE FUNCTION cond_user.twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';
CREATE FUNCTION cond_user.takes(cond_user.rank[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION cond_user.lower(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT 'decoy'$$;
CREATE FUNCTION cond_user.same(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR cond_user.= (LEFTARG = text, RIGHTARG = text, FUNCTION = cond_user.same);
CREATE COLLATION cond_user.plain (LOCALE = 'C');
ALTER TABLE cond.lead
	ADD COLUMN mood cond_user.mood,
	ADD COLUMN moods cond_user.mood[],
	ADD COLUMN rank cond_user.rank,
	ADD COLUMN ranks cond_user.rank[],
	ADD COLUMN zip cond_user.zip,
	ADD COLUMN pair cond_user.pair,
	ADD COLUMN span cond_user.int_range,
	ADD COLUMN visit tstzrange,
	ADD COLUMN opens time,
	ADD COLUMN opens_tz timetz,
	ADD COLUMN seen_local timestamp,
	ADD COLUMN waited interval,
	ADD COLUMN ratio float8,
	ADD COLUMN raw bytea,
	ADD COLUMN class regclass,
	ADD COLUMN plain text COLLATE cond_user.plain,
	ADD COLUMN big boolean GENERATED ALWAYS AS (company_size > 100) STORED,
	ADD COLUMN name_lower text GENERATED ALWAYS AS (pg_catalog.lower(contact_name)) STORED,
	ADD COLUMN doubled int GENERATED ALWAYS AS (cond_user.twice(company_size)) STORED,
	ADD COLUMN is_hot boolean GENERATED ALWAYS AS (score > 70) STORED;

-- Stores a rule, says how that went, and takes it back.
CREATE FUNCTION cond_user.try(kind text, condition text, OUT result text, OUT detail text)
LANGUAGE plpgsql AS $$
DECLARE
	message text;
BEGIN
	IF kind IN ('lead', 'engagement') THEN
		INSERT INTO cond.score_rule (model_id, dimension, name, applies_to, condition, points)
		SELECT id, 'demographic', 'a rule', kind, condition, 1 FROM cond.score_model WHERE name = 'm';
	ELSIF kind = 'assignment' THEN
		INSERT INTO cond.assignment_rule (position, name, condition, method)
		VALUES (1, 'a rule', condition, 'round_robin');
	ELSE
		INSERT INTO cond.status_transition (from_status, to_status, condition)
		VALUES ('converted', 'contacted', condition);
	END IF;
	RAISE EXCEPTION 'allowed' USING ERRCODE = 'ZZ000';
EXCEPTION
	WHEN SQLSTATE 'ZZ000' THEN
		result := 'allowed';
	WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
		result := sqlstate || ' ' || message;
END$$;

\pset format unaligned
\pset tuples_only on
\pset null ''

--
-- 1. Allowed everywhere
--
SELECT c, t.result, t.detail FROM unnest(ARRAY[
	$c$true$c$,
	$c$NULL$c$,
	$c$industry IN ('Marketing', 'Advertising') AND company_size BETWEEN 50 AND 100$c$,
	$c$lead.industry = 'x' OR NOT lead.company_size > 5$c$,
	$c$industry IN ('a','b','c','d','e','f','g','h','i','j','k','l')$c$,
	$c$company_size NOT IN (1,2,3,4,5,6,7,8,9,10,NULL)$c$,
	$c$email ILIKE '%@example.com' AND contact_name ~* '^kim'$c$,
	$c$lower(industry) = 'advertising' AND pg_catalog.upper(industry) = 'X'$c$,
	$c$tags @> ARRAY['a'] AND 'b' = ANY (tags) AND tags[1] = 'a' AND cardinality(tags) > 1$c$,
	$c$attributes->>'n' = '5' AND attributes ? 'd' AND attributes['n'] = '5'$c$,
	$c$(attributes->>'n')::int > 3$c$,
	$c$CASE industry WHEN 'a' THEN 1 WHEN 'b' THEN 2 ELSE 3 END = 1$c$,
	$c$CASE WHEN company_size > 5 THEN true END$c$,
	$c$coalesce(company_size, 0) > 5 AND greatest(company_size, 3) > 3 AND nullif(industry, '') IS NOT NULL$c$,
	$c$industry IS DISTINCT FROM 'x' AND (company_size > 5) IS NOT TRUE$c$,
	$c$(company_size, industry) < (80, 'x') AND (company_size, industry) IN ((80, 'a'), (1, 'b'))$c$,
	$c$mood > 'sad' AND mood::text = 'ok' AND 'ok' = ANY (moods) AND (attributes->>'m')::cond_user.mood = 'ok'$c$,
	$c$rank > 3 AND zip LIKE '1%' AND coalesce(zip, 'x') = 'x' AND ARRAY[rank] = '{1}'$c$,
	$c$location[0] > 5 AND lead_mgmt.miles(location, point '(13.4,52.5)') < 100$c$,
	$c$lead_mgmt.email_key(email) = 'kim@example.com'$c$,
	$c$birthday < '2000-01-01' AND birthday <> date '1980-03-01'$c$,
	$c$created_at > '2024-01-01' AND created_at < timestamptz '2025-01-01 00:00 Europe/Paris'$c$,
	$c$created_at - interval '1 day' > birthday AND created_at::date = seen_local::date$c$,
	$c$extract(hour FROM created_at) >= 9 AND date_trunc('month', created_at) = '2024-07-01'$c$,
	$c$created_at AT TIME ZONE 'UTC' > seen_local AND age(created_at, seen_local) > '1 year'$c$,
	$c$to_char(created_at, 'YYYY-MM') = '2024-07' AND to_date(attributes->>'d', 'YYYY-MM-DD') > birthday$c$,
	$c$(created_at, interval '1 day') OVERLAPS (seen_local::timestamptz, interval '1 day')$c$,
	$c$visit @> created_at AND visit && '[2024-01-01,2024-02-01)'$c$,
	$c$created_at = ANY ('{2024-01-01,2025-01-01}'::timestamptz[])$c$,
	$c$opens > '10:00' AND opens_tz > '10:00+02'$c$,
	$c$ratio::text = '0.1' AND raw::text = '\xdead' AND waited::text = '1 day'$c$,
	$c$big AND name_lower = 'kim lee'$c$,
	$c$plain IS NOT NULL AND plain COLLATE "C" = 'x'$c$,
	$c$make_interval(days => 5) > waited$c$,
	$c$industry = 'it''s' OR industry = E'\'-- no comment' OR industry = '/* nor this */' OR industry = $q$ -- $q$ $c$,
	E'industry = ''a''\n ''b'''
]) c, LATERAL cond_user.try('assignment', c) t;
SELECT c, t.result, t.detail FROM unnest(ARRAY[
	$c$kind = 'open' AND engagement.url LIKE '%/pricing%'$c$,
	$c$(properties->>'seconds')::int > 30 AND extract(isodow FROM at) < 6$c$,
	$c$lead.kind = 'open'$c$
]) c, LATERAL cond_user.try('engagement', c) t;

--
-- 2. The clock: not in score rules
--
SELECT k, c, t.result, t.detail FROM unnest(ARRAY['lead', 'assignment', 'transition']) WITH ORDINALITY ks(k, kn), unnest(ARRAY[
	$c$created_at > now() - interval '1 day'$c$,
	$c$created_at > transaction_timestamp() OR created_at > statement_timestamp()$c$,
	$c$birthday < CURRENT_DATE$c$,
	$c$created_at > CURRENT_TIMESTAMP(0) OR seen_local < LOCALTIMESTAMP$c$,
	$c$opens < LOCALTIME OR opens_tz < CURRENT_TIME$c$,
	$c$age(birthday) > '18 years' OR age(seen_local) > '1 year'$c$,
	$c$(attributes->>'d')::date < birthday$c$,
	$c$tags::date[] = '{2024-01-01}'$c$,
	$c$opens::timetz = opens_tz$c$
]) WITH ORDINALITY cs(c, cn), LATERAL cond_user.try(k, c) t ORDER BY kn, cn;
-- nowhere
SELECT c, t.result, t.detail FROM unnest(ARRAY[
	$c$clock_timestamp() > created_at$c$,
	$c$timeofday() = 'x'$c$,
	$c$created_at > 'now'$c$,
	$c$birthday = 'ToDay'$c$,
	$c$birthday = date 'tomorrow' OR birthday = CAST('yesterday' AS date)$c$,
	$c$birthday = date('today')$c$,
	$c$created_at IN ('2024-01-01', 'today 04:00')$c$,
	$c$created_at > E'n\157w'$c$,
	$c$created_at > U&'n\006fw'$c$,
	$c$created_at > $q$now$q$$c$,
	$c$created_at = ANY ('{n\ow}')$c$,
	$c$ARRAY['now']::date[] = '{}'$c$,
	$c$visit && '[now,infinity)'$c$,
	$c$visit && tstzrange('now', NULL)$c$,
	$c$'{[now,)}'::tstzmultirange @> created_at$c$,
	$c$'now'::text::timestamptz > created_at$c$,
	$c$opens_tz > '10:00'$c$
]) c, LATERAL cond_user.try('assignment', c) t;

--
-- 3. One expression and nothing else
--
SELECT c, t.result, t.detail FROM unnest(ARRAY[
	$c$$c$, $c$   $c$,
	$c$true LIMIT 1$c$, $c$true OFFSET 1$c$, $c$true FROM pg_class$c$, $c$true WHERE true$c$,
	$c$true GROUP BY 1$c$, $c$true HAVING true$c$, $c$true WINDOW w AS ()$c$, $c$true ORDER BY 1$c$,
	$c$true FOR UPDATE$c$, $c$true UNION SELECT true$c$, $c$DISTINCT true$c$, $c$ALL true$c$, $c$true LIMIT ALL$c$,
	$c$true) LIMIT (0$c$, $c$true) --$c$, $c$true; DROP TABLE cond.lead$c$, $c$true;$c$,
	$c$true, false$c$, $c$true AS b$c$, $c$true b$c$, $c$*$c$, $c$lead.*$c$,
	$c$true -- x$c$, $c$true /* x */$c$, $c$/* x */ true$c$, E'-- x\ntrue', E'industry = ''a'' -- x\n ''b''',
	$c$company_size +$c$, $c$'unfinished$c$, $c$company_size$c$, $c$'abc'$c$, $c$1/0 = 1$c$
]) c, LATERAL cond_user.try('lead', c) t;
SELECT t.result, t.detail FROM cond_user.try('lead', repeat('(', 4900) || 'true' || repeat(')', 4900)) t;
SELECT t.result, t.detail FROM cond_user.try('lead', repeat('x', 10001)) t;

--
-- 4. Refused
--
SELECT c, t.result, t.detail FROM unnest(ARRAY[
	-- queries, aggregates, sets, parameters
	$c$EXISTS (SELECT 1)$c$, $c$company_size IN (SELECT 1)$c$, $c$(SELECT true)$c$,
	$c$ARRAY(SELECT 1) = '{1}'$c$, $c$CASE WHEN true THEN (SELECT true) END$c$,
	$c$count(*) > 1$c$, $c$row_number() OVER () = 1$c$, $c$unnest(tags) = 'a'$c$, $c$$1$c$,
	-- users' functions, operators, types, collations
	$c$cond_user.twice(1) = 2$c$, $c$cond_user.lower(industry) = 'x'$c$, $c$cond_user.takes('{1}')$c$,
	$c$industry OPERATOR(cond_user.=) 'x'$c$,
	$c$pair IS NULL$c$, $c$(pair).a = 1$c$, $c$'(1,2)'::cond_user.pair IS NULL$c$,
	$c$span IS NULL$c$, $c$'[1,2]'::cond_user.int_range IS NULL$c$,
	$c$ranks = '{1}'$c$, $c$'{1}'::cond_user.rank[] IS NULL$c$, $c$cond_user._rank('{1}') IS NULL$c$,
	$c$'1'::cond_user.rank > 0$c$, $c$company_size::cond_user.rank > 0$c$, $c$cond_user.rank('1') > 0$c$,
	$c$plain = 'x'$c$, $c$industry COLLATE cond_user.plain = 'x'$c$,
	-- volatile and stable functions
	$c$random() > 0.5$c$, $c$pg_sleep(1) IS NULL$c$, $c$current_setting('x') = 'y'$c$,
	$c$concat(industry, 'x') = 'x'$c$, $c$'a' || company_size = 'a5'$c$, $c$to_char(company_size, '999') = '80'$c$,
	$c$to_char(created_at, 'TMMonth') = 'July'$c$, $c$to_char(created_at, industry) = 'July'$c$,
	$c$jsonb_path_exists_tz(attributes, '$.a')$c$, $c$enum_range(mood) = '{}'$c$,
	-- who and where
	$c$CURRENT_USER = 'x'$c$, $c$SESSION_USER = 'x'$c$, $c$CURRENT_ROLE = 'x'$c$, $c$CURRENT_CATALOG = 'x'$c$,
	$c$CURRENT_SCHEMA = 'x'$c$, $c$current_database() = 'x'$c$,
	-- names of objects, rows, and other odd types
	$c$class = 5$c$, $c$'pg_class'::regclass = 5$c$, $c$to_tsvector('english', industry) @@ 'x'$c$,
	$c$row(1, 2) IS NULL$c$, $c$textin('a') = 'x'$c$, $c$DEFAULT$c$,
	-- columns
	$c$lead IS NULL$c$, $c$lead.* IS NULL$c$, $c$(lead).company_size > 5$c$,
	$c$xmin = '1'$c$, $c$lead.ctid = '(0,1)'$c$, $c$tableoid = 5$c$,
	$c$nosuch = 1$c$, $c$cond.lead.industry = 'x'$c$, $c$engagement.kind = 'x'$c$,
	$c$doubled = 4$c$
]) c, LATERAL cond_user.try('lead', c) t;

--
-- 5. Columns that are decided later
--
SELECT c, k, t.result, t.detail FROM unnest(ARRAY[
	'demographic_score > 1', 'behavioral_score > 1', 'firmographic_score > 1', 'score_adjustment > 1',
	'score > 1', 'grade = ''hot''', 'scored_at IS NULL', 'owner_id = 1', 'response_due_at IS NULL',
	'first_response_at IS NULL', 'last_activity_at IS NULL', 'last_engaged_at IS NULL',
	'merged_into IS NULL', 'updated_at IS NULL', 'updated_by IS NULL', 'is_hot']) WITH ORDINALITY cs(c, cn),
	unnest(ARRAY['lead', 'assignment', 'transition']) WITH ORDINALITY ks(k, kn), LATERAL cond_user.try(k, c) t
ORDER BY cn, kn;

--
-- 6. The error points into the condition and names the rule
--
INSERT INTO cond.assignment_rule (position, name, condition, method)
VALUES (1, 'ünï', 'industry = ''é'' AND nösuch = 1', 'round_robin');
\echo :SQLSTATE
INSERT INTO cond.assignment_rule (position, name, condition, method)
VALUES (1, 'decoy', 'company_size > 5 AND cond_user.lower(industry) = ''x''', 'round_robin');
\echo :SQLSTATE
INSERT INTO cond.assignment_rule (position, name, condition, method)
VALUES (1, 'syntax', 'company_size > > 5 )', 'round_robin');
\echo :SQLSTATE
INSERT INTO cond.assignment_rule (position, name, condition, method)
VALUES (1, 'moving', 'created_at > ''today''', 'round_robin');
\echo :SQLSTATE
INSERT INTO cond.status_transition (from_status, to_status, condition)
VALUES ('new', 'contacted', 'true) LIMIT (0');
\echo :SQLSTATE

--
-- 7. The same answer in every session
--
UPDATE cond.setting SET time_zone = 'Europe/Berlin';
INSERT INTO cond.score_rule (model_id, dimension, name, applies_to, condition, points)
SELECT m.id, 'demographic', r.name, 'lead', r.condition, 1
FROM cond.score_model m, (VALUES
	('01 = NULL is never true', $c$industry = NULL$c$),
	('02 backslash', $c$source_detail = 'a\b'$c$),
	('03 month first', $c$created_at::date = '07/01/2024'$c$),
	('04 time zone', $c$extract(hour FROM created_at) = 0$c$),
	('05 timestamptz as text', $c$created_at::text = '2024-07-01 00:30:00+02'$c$),
	('06 float as text', $c$ratio::text = '0.1'$c$),
	('07 bytea as text', $c$raw::text = '\xdead'$c$),
	('08 interval as text', $c$waited::text = '1 day'$c$),
	('09 cast to timestamptz', $c$seen_local::timestamptz = created_at$c$),
	('10 to_char', $c$to_char(created_at, 'TZ HH24') = 'CEST 00'$c$),
	('11 NULL in an array', $c$(attributes->>'a')::int[] = ARRAY[NULL::int]$c$),
	('12 built-in lower', $c$lower(contact_name) = 'kim lee'$c$),
	('13 generated', $c$big AND name_lower = 'kim lee'$c$),
	('14 long list', $c$industry IN ('a','b','c','d','e','f','g','h','Advertising',NULL)$c$),
	('15 enum', $c$mood > 'sad' AND moods[2] = 'happy'$c$),
	('16 domain', $c$zip = '12345'$c$),
	('17 NULL is false', $c$job_title > 'a'$c$),
	('18 may fail', $c$(attributes->>'size')::int > 10$c$)
) r(name, condition) WHERE m.name = 'm';
CREATE FUNCTION cond_user.capture(who text) RETURNS bigint LANGUAGE sql AS $$
	INSERT INTO cond.lead (contact_name, email, industry, company_size, source_detail, created_at, seen_local,
		ratio, raw, waited, attributes, mood, moods, zip)
	VALUES ('Kim Lee', who || '@example.com', 'Advertising', 200, E'a\\b',
		make_timestamptz(2024, 7, 1, 0, 30, 0, 'Europe/Berlin'), make_timestamp(2024, 7, 1, 0, 30, 0),
		0.1, decode('dead', 'hex'), make_interval(days => 1), '{"a": "{NULL}", "size": "51"}',
		'ok', '{ok,happy}', '12345')
	RETURNING id
$$;
SELECT cond_user.capture('plain') IS NOT NULL;
\c -
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.lower(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT 'decoy'$$;
SET search_path = pg_temp, cond_user, public, pg_catalog;
SET datestyle = 'German, DMY';
SET timezone = 'Asia/Tokyo';
SET transform_null_equals = on;
SET intervalstyle = sql_standard;
SET extra_float_digits = -5;
SET bytea_output = escape;
SET array_nulls = off;
SET backslash_quote = off;
SELECT cond_user.capture('odd') IS NOT NULL;
SHOW search_path; SHOW datestyle; SHOW timezone; SHOW bytea_output;
SELECT '2024-01-02'::date;
RESET ALL;
SELECT e.rule, string_agg(split_part(l.email, '@', 1), ' ' ORDER BY l.id)
FROM cond.score_explanation e JOIN cond.lead l ON l.id = e.lead_id
WHERE e.rule_id IS NOT NULL GROUP BY e.rule ORDER BY e.rule;

--
-- 8. A condition that fails is false for that row, and the rest still count
--
INSERT INTO cond.lead (contact_name, email, industry, attributes)
VALUES ('Bob', 'bob@example.com', 'Advertising', '{"size": "51-200", "a": "{NULL}"}');
SELECT e.rule FROM cond.score_explanation e JOIN cond.lead l ON l.id = e.lead_id
WHERE l.email = 'bob@example.com' AND e.rule_id IS NOT NULL ORDER BY e.rule;
SELECT rule, sqlstate, message FROM cond.rule_failure ORDER BY rule;
-- no user-defined code ran but for the casts of the table's own columns
UPDATE cond.lead SET rank = 5 WHERE email = 'bob@example.com';

--
-- 9. The relation changes
--
ALTER TABLE cond.lead ADD COLUMN extra int;
SELECT result, detail FROM cond_user.try('lead', 'extra = 7');
ALTER TABLE cond.lead ALTER COLUMN extra TYPE text;
SELECT result, detail FROM cond_user.try('lead', 'extra = 7');
SELECT result, detail FROM cond_user.try('lead', 'extra = ''7''');
ALTER TABLE cond.lead DROP COLUMN extra;
SELECT result, detail FROM cond_user.try('lead', 'extra = ''7''');

--
-- 10. Columns of the one row of settings, users' own among them
--
ALTER TABLE cond.lead DROP COLUMN rank, DROP COLUMN ranks;
ALTER TABLE cond.setting ADD COLUMN least_size int DEFAULT 100, ADD COLUMN markets text[] DEFAULT '{DE,AT}', ADD COLUMN mood cond_user.mood DEFAULT 'ok',
	ADD COLUMN page text DEFAULT '/pricing';
SELECT c, k, t.result, t.detail FROM unnest(ARRAY['lead', 'assignment', 'transition']) WITH ORDINALITY ks(k, kn), unnest(ARRAY[
	$c$lead_mgmt.miles(location, setting.location) <= 100$c$,
	$c$company_size >= setting.least_size AND country = ANY (setting.markets)$c$,
	$c$setting.default_country = country OR setting.response_within > '1 hour'$c$
]) WITH ORDINALITY cs(c, cn), LATERAL cond_user.try(k, c) t ORDER BY cn, kn;
SELECT c, t.result, t.detail FROM unnest(ARRAY[
	$c$url LIKE setting.page || '%'$c$,
	$c$url LIKE setting.nosuch$c$
]) c, LATERAL cond_user.try('engagement', c) t;
SELECT c, t.result, t.detail FROM unnest(ARRAY[
	$c$setting.nosuch = 1$c$, $c$setting IS NULL$c$, $c$setting.* IS NULL$c$, $c$(setting).least_size = 1$c$,
	$c$cond.setting.least_size = 1$c$, $c$setting.ctid IS NULL$c$, $c$setting.tableoid = 5$c$, $c$least_size = 1$c$,
	$c$setting.mood = 'ok'$c$, $c$setting.location$c$, $c$settings.location IS NULL$c$
]) c, LATERAL cond_user.try('lead', c) t;
-- what is there counts from the next statement on
DELETE FROM cond.score_rule;
INSERT INTO cond.score_rule (model_id, dimension, name, condition, points)
SELECT id, 'demographic', r.* FROM cond.score_model, (VALUES
	('near', $c$lead_mgmt.miles(location, setting.location) <= 100$c$, 1), ('large', $c$company_size >= setting.least_size$c$, 10),
	('market', $c$country = ANY (setting.markets)$c$, 100)) r;
UPDATE cond.score_dimension SET lowest = NULL, highest = NULL;
DELETE FROM cond.lead;
-- Kim is in Philadelphia, eighty miles from New York
CREATE FUNCTION cond_user.points() RETURNS numeric LANGUAGE sql AS $$
	INSERT INTO cond.lead (contact_name, email, company_size, country, location)
	VALUES ('Kim', 'kim@example.com', 100, 'DE', '(-75.17,39.95)') RETURNING demographic_score
$$;
SELECT 'without a location', cond_user.points();
UPDATE cond.setting SET location = '(-74.01,40.71)';
SELECT 'New York', cond_user.points();
UPDATE cond.setting SET location = '(-87.63,41.88)', least_size = 101;
SELECT 'Chicago, larger ones', cond_user.points();
BEGIN;
UPDATE cond.setting SET markets = '{US}', least_size = NULL;
SELECT 'not known, another market', cond_user.points();
ROLLBACK;
SELECT 'taken back', cond_user.points();
-- leads that are there follow with the next statement that scores them
SELECT DISTINCT demographic_score FROM cond.lead ORDER BY demographic_score;
SELECT count(*) FROM cond.score_audit;
UPDATE cond.lead SET company_size = 150;
SELECT DISTINCT demographic_score FROM cond.lead;
SELECT count(*) FROM cond.score_audit;
UPDATE cond.setting SET least_size = 200;
SELECT DISTINCT recomputed_demographic_score FROM cond.score_audit;
-- in another session as well
\c -
\set SHOW_CONTEXT never
SELECT 'another session', cond_user.points();
-- the column goes: the rule says so, and is false
ALTER TABLE cond.setting DROP COLUMN markets;
SELECT 'no markets', cond_user.points();
ALTER TABLE cond.setting RENAME COLUMN least_size TO smallest;
UPDATE cond.score_rule SET condition = 'company_size < setting.smallest' WHERE name = 'large';
SELECT 'smaller ones', cond_user.points();
SELECT rule, sqlstate, message FROM cond.rule_failure WHERE rule IN ('near', 'large', 'market') ORDER BY id;

\pset format aligned
\pset tuples_only off
