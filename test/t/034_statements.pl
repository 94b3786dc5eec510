# Statements of every shape.  Whatever a statement looks like, the ledgers hold
# what happened to rows that exist, once and in order, and nothing else; and
# every row is scored, keyed and routed as if it had been written alone.

use strict;
use warnings;

use File::Temp qw(tempfile);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use FindBin;
use lib $FindBin::RealBin;
use LeadMgmtTest qw(few_rules disagreements);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\nmax_prepared_transactions = 10");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION lead_mgmt');

# ---- Tools ------------------------------------------------------------------

# Run in one session; the output, or the error as the output.
sub run_sql
{
	my ($sql) = @_;
	my ($out, $err) = ('', '');
	$node->psql('postgres', $sql, stdout => \$out, stderr => \$err, on_error_stop => 1);
	return ($out, $err);
}

sub gives
{
	my ($sql, $expected, $name) = @_;
	my ($out, $err) = run_sql($sql);
	is($out, $expected, $name) or diag($err);
	return $err;
}

sub refuses
{
	my ($sql, $pattern, $name) = @_;
	my ($out, $err) = run_sql("\\set VERBOSITY verbose\n$sql");
	like($err, $pattern, $name);
	return;
}

# A workspace whose rules are few enough to score a lead by head.
sub fresh
{
	$node->safe_psql('postgres', q{
		SET client_min_messages = warning;
		DROP SCHEMA IF EXISTS crm CASCADE;
		SELECT lead_mgmt.create_workspace('crm');} . few_rules() . q{
		INSERT INTO crm.rep (name) VALUES ('Ana'), ('Ben'), ('Cem');
	});
	return;
}

sub agrees
{
	my ($name) = @_;
	gives(disagreements(), '', "$name: leads and ledgers agree");
	return;
}

# How many leads each rep has, by rep.
my $shares = 'SELECT string_agg(n::text, \',\' ORDER BY r.id) FROM crm.rep r,'
  . ' LATERAL (SELECT count(*) AS n FROM crm.lead l WHERE l.owner_id = r.id) c';

# ---- The tools can fail -------------------------------------------------------

fresh();
gives(q{
	INSERT INTO crm.lead (contact_name, email, company_size) VALUES ('Kim Lee', 'kim@example.com', 80)
	RETURNING id, status, score, grade, demographic_score, owner_id IS NOT NULL, email_key, response_due_at - created_at},
	'1|new|30|cold|30|t|kim@example.com|00:05:00', 'a lead is filled in');
agrees('one lead');
$node->safe_psql('postgres', q{
	SET session_replication_role = replica;
	UPDATE crm.lead SET status = 'contacted', owner_id = NULL, score = 3, email_key = 'x';
	INSERT INTO crm.lead (id, contact_name, email) VALUES (100, 'No', 'no@example.com'), (101, 'No', 'no@example.com')});
gives("SELECT count(DISTINCT split_part(problem, ':', 1)) FROM (" . disagreements() . ') AS p (problem)', '6',
	'what a replica session writes is noticed as a disagreement of six kinds');

# ---- ON CONFLICT ----------------------------------------------------------------

fresh();
gives(q{
	INSERT INTO crm.lead (id, contact_name, email) SELECT i, 'L' || i, i || '@example.com' FROM generate_series(1, 3) i;
	INSERT INTO crm.lead (id, contact_name, email) VALUES (1, 'Again', 'a@example.com') ON CONFLICT DO NOTHING;
	INSERT INTO crm.lead (id, contact_name, email) VALUES (2, 'Again', 'a@example.com') ON CONFLICT (id) DO NOTHING RETURNING id;
	INSERT INTO crm.lead (id, contact_name, email) SELECT i, 'M' || i, i || '@example.com' FROM generate_series(1, 6) i
	ON CONFLICT DO NOTHING;
	INSERT INTO crm.lead (id, contact_name, email) VALUES (3, 'Again', 'a@example.com') ON CONFLICT DO NOTHING;
	SELECT (SELECT count(*) FROM crm.lead), (SELECT count(*) FROM crm.status_change), (SELECT count(*) FROM crm.assignment)},
	'6|6|6', 'DO NOTHING leaves no trace of what was not inserted');
gives($shares, '2,2,2', 'nor does it cost anybody a turn');
agrees('DO NOTHING');

gives(q{
	INSERT INTO crm.lead (id, contact_name, email, company_size)
	SELECT i, 'U' || i, i || '@example.org', 60 FROM generate_series(1, 6) i
	ON CONFLICT (id) DO UPDATE SET owner_id = EXCLUDED.owner_id, company_size = EXCLUDED.company_size,
	  email = EXCLUDED.email, score = EXCLUDED.score, email_key = EXCLUDED.email_key;
	SELECT (SELECT count(*) FROM crm.status_change), (SELECT count(*) FROM crm.assignment), min(score), max(score),
	  count(*) FILTER (WHERE email_key LIKE '%org') FROM crm.lead},
	'6|6|30|30|6', 'DO UPDATE with the drawn owner changes no owner, but what was given');
gives($shares, '2,2,2', 'the owners are the same');
agrees('DO UPDATE');
# A session that ends takes with it the turns that came back: so all in one.
fresh();
gives(q{
	INSERT INTO crm.lead (id, contact_name, email) SELECT i, 'L', i || '@example.org' FROM generate_series(1, 6) i;
	INSERT INTO crm.lead (id, contact_name, email)
	SELECT i, 'U' || i, i || '@example.org' FROM generate_series(1, 9) i
	ON CONFLICT (id) DO UPDATE SET owner_id = EXCLUDED.owner_id, notes = 'again';
	SELECT count(*), count(*) FILTER (WHERE notes = 'again') FROM crm.lead;
	INSERT INTO crm.lead (id, contact_name, email)
	SELECT i, 'V' || i, i || '@example.org' FROM generate_series(1, 300) i ON CONFLICT DO NOTHING}, '9|6',
	'an upsert of known and new leads');
gives($shares, '100,100,100', 'only the new ones take a turn');
agrees('a mixed upsert');

# Every second row is known: within the statement nobody can tell, after it the
# turns that were not needed are served first.
fresh();
gives(q{
	INSERT INTO crm.lead (id, contact_name, email) SELECT i, 'L', i || '@example.com' FROM generate_series(2, 600, 2) i;
	INSERT INTO crm.lead (id, contact_name, email) SELECT i, 'L', i || '@example.com' FROM generate_series(1, 600) i ON CONFLICT DO NOTHING;
	INSERT INTO crm.lead (id, contact_name, email) SELECT i, 'L', i || '@example.com' FROM generate_series(601, 900) i;
	SELECT count(*) FROM crm.lead}, '900', 'an insert of which every second row is known');
gives($shares, '300,300,300', 'evens out as soon as the turns are used');
agrees('every second row');
gives(q{
	INSERT INTO crm.lead (id, contact_name, email, owner_id)
	SELECT id, 'G', id || '@example.org', owner_id % 3 + 1 FROM crm.lead WHERE id IN (1, 2)
	ON CONFLICT (id) DO UPDATE SET owner_id = EXCLUDED.owner_id;
	SELECT count(*), count(DISTINCT lead_id), min(method) FROM crm.assignment WHERE from_rep_id IS NOT NULL},
	'2|2|manual', 'an owner that the writer gives does replace another, and is logged');
agrees('a given owner');
gives(q{
	INSERT INTO crm.lead (id, contact_name, email, status) VALUES (1, 'S', 's@example.org', 'contacted')
	ON CONFLICT (id) DO UPDATE SET status = EXCLUDED.status RETURNING status;
	SELECT string_agg(to_status, ',' ORDER BY id) FROM crm.status_change WHERE lead_id = 1},
	"contacted\nnew,contacted", 'an upsert can change the status');
gives(q{
	INSERT INTO crm.lead (id, contact_name, email) VALUES (1, 'S', 's@example.org')
	ON CONFLICT (id) DO UPDATE SET notes = 'never' WHERE lead.id < 0;
	SELECT count(*) FROM crm.lead WHERE notes = 'never'}, '0', 'DO UPDATE whose WHERE is false does nothing');
agrees('an upsert that did nothing');
refuses(q{
	INSERT INTO crm.lead (id, contact_name, email) VALUES (50, 'T', 't@example.org'), (50, 'T', 't@example.org')
	ON CONFLICT (id) DO UPDATE SET notes = 'x'}, qr/21000/, 'one row twice in an upsert is refused by the server');
agrees('a refused upsert');

# ---- MERGE --------------------------------------------------------------------

fresh();
gives(q{
	INSERT INTO crm.lead (id, contact_name, email) SELECT i, 'L' || i, i || '@example.com' FROM generate_series(1, 6) i;
	MERGE INTO crm.lead l USING (SELECT i AS id, CASE WHEN i > 6 THEN 90 ELSE 70 END AS size FROM generate_series(1, 9) i) s
	ON l.id = s.id
	WHEN MATCHED AND s.id = 1 THEN DELETE
	WHEN MATCHED AND s.id = 2 THEN DO NOTHING
	WHEN MATCHED THEN UPDATE SET company_size = s.size, status = 'contacted'
	WHEN NOT MATCHED AND s.id = 9 THEN DO NOTHING
	WHEN NOT MATCHED THEN INSERT (id, contact_name, email, company_size)
	  VALUES (s.id, 'N' || s.id, s.id || '@example.com', s.size);
	SELECT string_agg(id || ':' || status || ':' || score, ' ' ORDER BY id) FROM crm.lead},
	'2:new:0 3:contacted:30 4:contacted:30 5:contacted:30 6:contacted:30 7:new:30 8:new:30',
	'MERGE inserts, updates, deletes and leaves alone');
gives('SELECT (SELECT count(*) FROM crm.status_change), (SELECT count(*) FROM crm.assignment)', '11|7',
	'with a ledger row for each change');
agrees('MERGE');

# ---- INSERT ... SELECT and WITH -------------------------------------------------

fresh();
gives(q{
	INSERT INTO crm.lead (contact_name, email, phone, company, company_size)
	SELECT 'L' || i, (i % 2000) || '@Example.com', '+1 212 555 ' || lpad((i % 2500)::text, 4, '0'), 'Acme', i % 100
	FROM generate_series(1, 3000) i;
	SELECT count(*), count(DISTINCT id) FROM crm.lead}, '3000|3000', 'INSERT ... SELECT of more than a batch');
gives($shares, '1000,1000,1000', 'is dealt out evenly');
agrees('INSERT ... SELECT');
gives(q{SELECT array_to_string(rules, ','), count(*) FROM crm.duplicate GROUP BY 1 ORDER BY 1},
	"email|1000\nphone|500", 'as many pairs as keys appear twice');

fresh();
gives(q{
	WITH a AS (
	  INSERT INTO crm.lead (contact_name, email, company_size)
	  SELECT 'A' || i, 'a' || i || '@example.com', 60 FROM generate_series(1, 4) i RETURNING id, email
	), b AS (
	  INSERT INTO crm.lead (contact_name, email) SELECT 'B', email FROM a RETURNING id
	) SELECT count(*) FROM b;
	WITH a AS (UPDATE crm.lead SET status = 'contacted' WHERE contact_name = 'B' RETURNING id),
	  b AS (INSERT INTO crm.lead (contact_name, email) SELECT 'C', id || '@example.com' FROM a RETURNING id),
	  c AS (DELETE FROM crm.lead WHERE contact_name = 'A1' RETURNING id),
	  d AS (UPDATE crm.lead SET owner_id = 1 + owner_id % 3, tags = '{vip}' WHERE contact_name = 'A2' RETURNING id)
	SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b), (SELECT count(*) FROM c), (SELECT count(*) FROM d)},
	"4\n4|4|1|1", 'several statements on lead in one WITH');
gives('SELECT (SELECT count(*) FROM crm.lead), (SELECT count(*) FROM crm.status_change), (SELECT count(*) FROM crm.assignment)',
	'11|15|12', 'each writes down its own');
agrees('WITH');
gives('SELECT count(*) FROM crm.duplicate', '3', 'and finds its duplicates');

# ---- Savepoints and exceptions ----------------------------------------------------

fresh();
gives(q{
	BEGIN;
	INSERT INTO crm.lead (id, contact_name, email) VALUES (1, 'L', '1@example.com');
	SAVEPOINT s;
	INSERT INTO crm.lead (id, contact_name, email) SELECT i, 'L', i || '@example.com' FROM generate_series(2, 500) i;
	UPDATE crm.lead SET status = 'contacted', owner_id = 1 + owner_id % 3, company_size = 99;
	ROLLBACK TO s;
	SAVEPOINT t;
	INSERT INTO crm.lead (id, contact_name, email) VALUES (2, 'L', '2@example.com');
	RELEASE t;
	INSERT INTO crm.lead (id, contact_name, email) VALUES (3, 'L', '3@example.com');
	COMMIT;
	SELECT (SELECT count(*) FROM crm.lead), (SELECT count(*) FROM crm.status_change), (SELECT count(*) FROM crm.assignment)},
	'3|3|3', 'what is rolled back to a savepoint leaves no trace');
gives($shares, '1,1,1', 'and its turns are taken by the next leads');
agrees('savepoints');

fresh();
gives(q{
	SET client_min_messages = error;
	DO $$
	BEGIN
	  FOR i IN 1 .. 60 LOOP
	    BEGIN
	      INSERT INTO crm.lead (id, contact_name, email) VALUES (i, 'L', i || '@example.com');
	      UPDATE crm.lead SET status = 'contacted' WHERE id = i;
	      IF i % 2 = 0 THEN RAISE EXCEPTION 'no'; END IF;
	      IF i % 3 = 0 THEN INSERT INTO crm.lead (contact_name) VALUES ('nobody can be reached'); END IF;
	    EXCEPTION WHEN OTHERS THEN NULL;
	    END;
	  END LOOP;
	END $$;
	SELECT (SELECT count(*) FROM crm.lead), (SELECT count(*) FROM crm.status_change), (SELECT count(*) FROM crm.assignment)},
	'20|40|20', 'every third attempt survives its exception block');
gives("SELECT max(n) - min(n) FROM (SELECT count(*) AS n FROM crm.lead GROUP BY owner_id HAVING count(*) > 0) c", '1',
	'the reps have 7, 7 and 6 of 20');
agrees('exception blocks');

# ---- A user's BEFORE trigger ---------------------------------------------------------

fresh();
gives(q{
	CREATE FUNCTION crm.tidy() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  IF NEW.contact_name = 'skip' THEN RETURN NULL; END IF;
	  IF NEW.contact_name = 'large' THEN NEW.company_size := 500; NEW.email := upper(NEW.email); END IF;
	  RETURN NEW;
	END $$;
	CREATE TRIGGER tidy BEFORE INSERT OR UPDATE ON crm.lead FOR EACH ROW EXECUTE FUNCTION crm.tidy();
	INSERT INTO crm.lead (contact_name, email) VALUES ('skip', 's@example.com'), ('large', 'l@example.com'),
	  ('skip', 's@example.com'), ('small', 'm@example.com'), ('skip', NULL), ('other', 'o@example.com');
	SELECT string_agg(contact_name || ':' || score || ':' || email_key, ' ' ORDER BY id) FROM crm.lead},
	'large:30:l@example.com small:0:m@example.com other:0:o@example.com', 'what a user\'s trigger made of a row is what counts');
gives($shares, '1,1,1', 'rows that it dropped take no turn');
agrees('a BEFORE trigger');
gives(q{
	UPDATE crm.lead SET contact_name = 'large' WHERE contact_name = 'small' RETURNING score, email;
	UPDATE crm.lead SET contact_name = 'skip', status = 'contacted', company_size = 80 RETURNING id;
	SELECT count(*) FROM crm.status_change}, "30|M\@EXAMPLE.COM\n3", 'the same in an update');
agrees('a BEFORE trigger on update');

# One that comes after ours, so that decisions are made for rows that never are.
fresh();
gives(q{
	CREATE FUNCTION crm.late() RETURNS trigger LANGUAGE plpgsql AS
	  $$ BEGIN IF NEW.contact_name = 'skip' THEN RETURN NULL; END IF; RETURN NEW; END $$;
	CREATE TRIGGER "~~late" BEFORE INSERT OR UPDATE ON crm.lead FOR EACH ROW EXECUTE FUNCTION crm.late();
	INSERT INTO crm.lead (contact_name, email) SELECT 'skip', i || '@example.com' FROM generate_series(1, 10) i;
	INSERT INTO crm.lead (contact_name, email)
	SELECT CASE WHEN i % 2 = 0 THEN 'skip' ELSE 'L' END, i || '@example.com' FROM generate_series(1, 6) i;
	UPDATE crm.lead SET contact_name = 'skip', status = 'contacted', owner_id = 1;
	INSERT INTO crm.lead (contact_name, email) SELECT 'L', i || '@example.org' FROM generate_series(1, 3) i;
	SELECT (SELECT count(*) FROM crm.lead), (SELECT count(*) FROM crm.status_change), (SELECT count(*) FROM crm.assignment)},
	'6|6|6', 'a trigger after ours that drops rows leaves no trace');
gives($shares, '2,2,2', 'and costs no turn');
agrees('a late BEFORE trigger');

# ---- Users' AFTER triggers ----------------------------------------------------------------

fresh();
gives(q{
	CREATE FUNCTION crm.follow() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
	  IF NEW.contact_name = 'parent' THEN
	    INSERT INTO crm.lead (contact_name, email, company_size) VALUES ('child', NEW.email, 60);
	  ELSIF NEW.contact_name = 'self' AND NEW.status = 'new' THEN
	    UPDATE crm.lead SET status = 'contacted', owner_id = 1 + owner_id % 3, tags = '{vip}' WHERE id = NEW.id;
	  ELSIF NEW.contact_name = 'chain' AND NEW.company_size < 4 THEN
	    INSERT INTO crm.lead (contact_name, email, company_size) VALUES ('chain', NEW.email, NEW.company_size + 1);
	  ELSIF NEW.contact_name = 'failing' THEN
	    BEGIN
	      INSERT INTO crm.lead (contact_name, email) VALUES ('lost', 'lost@example.com');
	      RAISE EXCEPTION 'no';
	    EXCEPTION WHEN raise_exception THEN NULL;
	    END;
	  END IF;
	  RETURN NULL;
	END $$;
	CREATE TRIGGER follow AFTER INSERT OR UPDATE ON crm.lead FOR EACH ROW EXECUTE FUNCTION crm.follow();
	INSERT INTO crm.lead (contact_name, email)
	VALUES ('parent', 'p1@example.com'), ('self', 's1@example.com'), ('parent', 'p2@example.com'), ('failing', 'f@example.com'),
	  ('self', 's2@example.com');
	INSERT INTO crm.lead (contact_name, email, company_size) VALUES ('chain', 'c@example.com', 1), ('chain', 'd@example.com', 1);
	SELECT contact_name, count(*), min(score), max(score) FROM crm.lead GROUP BY 1 ORDER BY contact_name COLLATE "C"},
	"chain|8|0|0\nchild|2|30|30\nfailing|1|0|0\nparent|2|0|0\nself|2|20|20", 'triggers that write leads nest');
agrees('AFTER triggers');
gives(q{SELECT string_agg(coalesce(c.from_status, '-') || '>' || to_status, ' ' ORDER BY c.id)
	FROM crm.status_change c JOIN crm.lead l ON l.id = c.lead_id WHERE contact_name = 'self' GROUP BY lead_id},
	"->new new>contacted\n->new new>contacted", 'the ledger is in order');
gives(q{SELECT count(*) FROM crm.status_change}, '17', 'and has a row for each change');
gives(q{SELECT count(*) FROM crm.assignment a WHERE NOT EXISTS (SELECT FROM crm.lead l WHERE l.id = a.lead_id)}, '0',
	'nothing of the exception block is left');
fresh();
gives(q{
	CREATE FUNCTION crm.echo() RETURNS trigger LANGUAGE plpgsql AS $$
	DECLARE who text := (SELECT contact_name FROM crm.lead WHERE id = NEW.lead_id);
	BEGIN
	  IF TG_TABLE_NAME = 'status_change' AND who LIKE 'first%' THEN
	    INSERT INTO crm.lead (contact_name, email) SELECT 'second', email FROM crm.lead WHERE id = NEW.lead_id;
	  ELSIF TG_TABLE_NAME = 'assignment' AND who = 'second' THEN
	    UPDATE crm.lead SET status = 'contacted', owner_id = 1 + owner_id % 3 WHERE id = NEW.lead_id AND status = 'new';
	  END IF;
	  RETURN NULL;
	END $$;
	CREATE TRIGGER echo AFTER INSERT ON crm.status_change FOR EACH ROW EXECUTE FUNCTION crm.echo();
	CREATE TRIGGER echo AFTER INSERT ON crm.assignment FOR EACH ROW EXECUTE FUNCTION crm.echo();
	INSERT INTO crm.lead (contact_name, email) SELECT 'first' || i, i || '@example.com' FROM generate_series(1, 20) i;
	SELECT (SELECT count(*) FROM crm.lead), (SELECT count(*) FROM crm.lead WHERE status = 'contacted'),
	  (SELECT count(*) FROM crm.status_change), (SELECT count(*) FROM crm.assignment), (SELECT count(*) FROM crm.duplicate)},
	'40|20|60|60|20', 'triggers on ledgers can write leads');
agrees('triggers on ledgers');

# ---- TRUNCATE and DELETE ---------------------------------------------------------------------

fresh();
gives(q{
	INSERT INTO crm.lead (contact_name, email) SELECT 'L', (i % 5) || '@example.com' FROM generate_series(1, 20) i;
	DELETE FROM crm.lead WHERE id <= 5;
	SELECT count(*), count(DISTINCT lead_id) FROM crm.duplicate}, '10|10', 'after the earliest are deleted the rest is linked anew');
agrees('DELETE');
gives(q{
	TRUNCATE crm.lead CASCADE;
	SELECT (SELECT count(*) FROM crm.lead), (SELECT count(*) FROM crm.status_change), (SELECT count(*) FROM crm.assignment),
	  (SELECT count(*) FROM crm.duplicate), (SELECT count(*) FROM crm.rep)}, '0|0|0|0|3', 'TRUNCATE CASCADE takes the ledgers');
gives(q{
	INSERT INTO crm.lead (id, contact_name, email) VALUES (1, 'a', 'a@example.com'), (2, 'b', 'a@example.com');
	TRUNCATE crm.lead CASCADE;
	INSERT INTO crm.lead (id, contact_name, email) VALUES (1, 'a', 'a@example.com'), (2, 'b', 'a@example.com');
	SELECT count(*), bool_and(found_at >= created_at) FROM crm.duplicate d JOIN crm.lead l ON l.id = d.lead_id;
	TRUNCATE crm.lead CASCADE}, '1|t', 'new leads that have the ids of old ones have nothing else of them');
gives(q{
	BEGIN;
	INSERT INTO crm.lead (contact_name, email) VALUES ('gone', 'a@example.com');
	TRUNCATE crm.lead RESTART IDENTITY CASCADE;
	INSERT INTO crm.lead (contact_name, email) VALUES ('stays', 'a@example.com') RETURNING id;
	COMMIT;
	SELECT (SELECT count(*) FROM crm.status_change), (SELECT count(*) FROM crm.duplicate)}, "1\n1|0", 'between inserts of one transaction too');
agrees('TRUNCATE');
refuses('TRUNCATE crm.lead', qr/0A000.*foreign key/s, 'without CASCADE it is refused');

# ---- ALTER TABLE between statements of one session ---------------------------------------------

fresh();
my $err = gives(q{
	INSERT INTO crm.lead (contact_name, email, company_size) VALUES ('L', '1@example.com', 80) RETURNING score;
	ALTER TABLE crm.lead ADD COLUMN plan text DEFAULT 'gold';
	INSERT INTO crm.score_rule (model_id, dimension, name, condition, points)
	SELECT id, 'firmographic', 'gold plan', $$plan = 'gold'$$, 9 FROM crm.score_model;
	INSERT INTO crm.lead (contact_name, email, company_size) VALUES ('L', '2@example.com', 80) RETURNING score;
	ALTER TABLE crm.lead ALTER COLUMN plan TYPE varchar(10);
	INSERT INTO crm.lead (contact_name, email, company_size) VALUES ('L', '3@example.com', 80) RETURNING score;
	ALTER TABLE crm.lead ALTER COLUMN company_size TYPE bigint;
	INSERT INTO crm.lead (contact_name, email, company_size) VALUES ('L', '4@example.com', 8000000000) RETURNING score;
	ALTER TABLE crm.lead RENAME COLUMN company_size TO employees;
	INSERT INTO crm.lead (contact_name, email, employees) VALUES ('L', '5@example.com', 80) RETURNING score;
	ALTER TABLE crm.lead RENAME COLUMN employees TO company_size;
	INSERT INTO crm.lead (contact_name, email, company_size) VALUES ('L', '6@example.com', 80) RETURNING score;
	ALTER TABLE crm.lead DROP COLUMN plan;
	INSERT INTO crm.lead (contact_name, email, company_size) VALUES ('L', '7@example.com', 80) RETURNING score;
	UPDATE crm.score_rule SET active = false WHERE name = 'gold plan';
	INSERT INTO crm.lead (contact_name, email, company_size) VALUES ('L', '8@example.com', 80) RETURNING score;
	UPDATE crm.lead SET company_size = company_size + 1},
	join("\n", 30, 39, 39, 39, 9, 39, 30, 30), 'rules follow the table as it is altered');
like($err, qr/WARNING:.*large/, 'a rule whose column was renamed is named in a warning');
like($err, qr/WARNING:.*gold plan/, 'and one whose column was dropped');
agrees('ALTER TABLE');

fresh();
gives(q{
	INSERT INTO crm.lead (contact_name, email) VALUES ('L', '1@example.com');
	ALTER TABLE crm.lead DROP COLUMN street, DROP COLUMN notes, ADD COLUMN a int, ADD COLUMN b text DEFAULT 'b';
	INSERT INTO crm.lead (contact_name, email, company_size) VALUES ('L', '2@example.com', 50) RETURNING score, b;
	ALTER TABLE crm.lead DROP COLUMN a;
	UPDATE crm.lead SET status = 'contacted', company_size = 51 RETURNING score, b;
	UPDATE crm.lead SET b = 'c', tags = '{vip}' WHERE id = 1 RETURNING score, b, email_key;
	SELECT count(*) FROM crm.score_explanation},
	"30|b\n30|b\n30|b\n50|c|1\@example.com\n3", 'columns dropped before and among ours do not matter');
agrees('dropped columns');
refuses(q{
	BEGIN;
	INSERT INTO crm.lead (contact_name, email) VALUES ('L', '3@example.com');
	ALTER TABLE crm.lead DROP COLUMN email_key CASCADE;
	INSERT INTO crm.lead (contact_name, email) VALUES ('L', '4@example.com')},
	qr/email_key.*upgrade_workspace/s, 'a column of ours that lacks is an error that says what to do');
agrees('after that error');
refuses(q{
	BEGIN;
	INSERT INTO crm.lead (contact_name, email) VALUES ('L', '3@example.com');
	DROP VIEW crm.lead_now, crm.score_audit; ALTER TABLE crm.lead ALTER COLUMN score_adjustment TYPE double precision;
	INSERT INTO crm.lead (contact_name, email) VALUES ('L', '4@example.com')},
	qr/42804.*score_adjustment.*Change the type/s, 'and so is one of another type');
agrees('after that error too');

# Prepared statements, and rules that change under them.
gives(q{
	PREPARE ins (text, int) AS INSERT INTO crm.lead (contact_name, email, company_size) VALUES ('P', $1, $2) RETURNING score;
	PREPARE upd (int) AS UPDATE crm.lead SET company_size = $1 WHERE contact_name = 'P' RETURNING score;
	EXECUTE ins('p1@example.com', 60); EXECUTE ins('p2@example.com', 60); EXECUTE ins('p3@example.com', 60);
	EXECUTE ins('p4@example.com', 60); EXECUTE ins('p5@example.com', 60); EXECUTE ins('p6@example.com', 60);
	UPDATE crm.score_rule SET points = 12 WHERE name = 'large';
	EXECUTE ins('p7@example.com', 60);
	ALTER TABLE crm.lead ADD COLUMN c int DEFAULT 3;
	UPDATE crm.score_rule SET points = 30 WHERE name = 'large';
	EXECUTE ins('p8@example.com', 60);
	EXECUTE upd(10)}, join("\n", (30) x 6, 12, 30, (0) x 8), 'prepared statements see rules and table as they are');
agrees('prepared statements');

gives(q{
	BEGIN;
	DECLARE c CURSOR FOR SELECT id FROM crm.lead WHERE contact_name = 'P' ORDER BY id FOR UPDATE;
	MOVE 2 FROM c;
	UPDATE crm.lead SET status = 'contacted', company_size = 70 WHERE CURRENT OF c RETURNING email, score;
	FETCH 1 FROM c \gset
	DELETE FROM crm.lead WHERE CURRENT OF c RETURNING email;
	COMMIT}, "p2\@example.com|30\np3\@example.com", 'rows of a cursor');
agrees('cursors');

# ---- Indexes and storage rebuilt -------------------------------------------------------------------

fresh();
gives(q{
	INSERT INTO crm.lead (contact_name, email) VALUES ('L1', 'a@example.com');
	REINDEX INDEX CONCURRENTLY crm.lead_email_key_idx;
	INSERT INTO crm.lead (contact_name, email) VALUES ('L2', 'a@example.com');
	REINDEX TABLE CONCURRENTLY crm.lead;
	INSERT INTO crm.lead (contact_name, email) VALUES ('L3', 'a@example.com');
	VACUUM FULL crm.lead;
	INSERT INTO crm.lead (contact_name, email) VALUES ('L4', 'a@example.com');
	CLUSTER crm.lead USING lead_pkey;
	UPDATE crm.lead SET email = 'b@example.com' WHERE contact_name = 'L4';
	INSERT INTO crm.lead (contact_name, email) VALUES ('L5', 'b@example.com');
	ALTER INDEX crm.lead_email_key_idx RENAME TO another_name;
	INSERT INTO crm.lead (contact_name, email) VALUES ('L6', 'a@example.com');
	SELECT string_agg(lead_id || '-' || other_id, ' ' ORDER BY lead_id) FROM crm.duplicate},
	'2-1 3-1 5-4 6-1', 'duplicates are found through indexes that were rebuilt or renamed');
agrees('REINDEX CONCURRENTLY');
refuses(q{
	DROP INDEX crm.another_name;
	INSERT INTO crm.lead (contact_name, email) VALUES ('L7', 'a@example.com')},
	qr/upgrade_workspace/, 'without the index it is an error that says what to do');
gives(q{
	SELECT lead_mgmt.upgrade_workspace('crm');
	INSERT INTO crm.lead (contact_name, email) VALUES ('L8', 'a@example.com') RETURNING contact_name;
	SELECT count(*) FROM crm.duplicate}, "\nL8\n5", 'upgrade_workspace brings the index back');
agrees('a dropped index');

# ---- session_replication_role = replica ------------------------------------------------------------------

fresh();
gives(q{
	INSERT INTO crm.lead (id, contact_name, email) SELECT i, 'L', i || '@example.com' FROM generate_series(1, 3) i;
	SET session_replication_role = replica;
	INSERT INTO crm.lead (id, contact_name, email, company_size) VALUES (10, 'R', '1@EXAMPLE.com', 80), (11, 'R', '1@example.com', 80);
	UPDATE crm.lead SET email = 'changed@example.com', company_size = 60, status = 'contacted' WHERE id = 2;
	UPDATE crm.lead SET owner_id = 1 + owner_id % 3 WHERE id = 3;
	SELECT count(*), (SELECT count(*) FROM crm.status_change), (SELECT count(*) FROM crm.assignment), count(score) FROM crm.lead},
	'5|3|3|3', 'in a replica session nothing fires');
gives(q{
	SELECT lead_mgmt.upgrade_workspace('crm');
	SELECT count(*), (SELECT count(*) FROM crm.status_change), count(score), (SELECT count(*) FROM crm.duplicate) FROM crm.lead},
	"\n5|6|5|2", 'upgrade_workspace repairs what was written meanwhile');
agrees('a replica session');

# Rules loaded by a replica session reach a session that has read others.
gives(q{
	INSERT INTO crm.lead (id, contact_name, email, company_size) VALUES (20, 'L', '20@example.com', 80) RETURNING score;
	SET session_replication_role = replica;
	UPDATE crm.score_rule SET points = 3 WHERE name = 'large';
	SET session_replication_role = origin;
	INSERT INTO crm.lead (id, contact_name, email, company_size) VALUES (21, 'L', '21@example.com', 80) RETURNING score;
	TRUNCATE crm.score_rule;
	INSERT INTO crm.lead (id, contact_name, email, company_size) VALUES (22, 'L', '22@example.com', 80) RETURNING score},
	"30\n3\n0", 'rules changed by a replica session, and by TRUNCATE, apply at the next statement');

# ---- COPY ----------------------------------------------------------------------------------------------------

fresh();
sub copy_file
{
	my ($fh, $name) = tempfile('leadsXXXX', DIR => $node->basedir, SUFFIX => '.tsv');
	print $fh map { "$_\n" } @_;
	close $fh;
	return $name;
}
my $good = copy_file(map { "C$_\t$_\@example.com\t$_" } 1 .. 120);
gives("\\copy crm.lead (contact_name, email, company_size) FROM '$good'
	SELECT count(*), count(*) FILTER (WHERE score = 30) FROM crm.lead", '120|71', 'COPY with a column list');
gives($shares, '40,40,40', 'is dealt out evenly');
agrees('COPY');
my $bad = copy_file((map { "D$_\td$_\@example.com\t$_" } 1 .. 2500), "D\tno address\t1", "D\tx\@example.com\t1");
my ($out, $copy_err) = ('', '');
$node->psql('postgres', "\\copy crm.lead (contact_name, email, company_size) FROM '$bad'
	\\copy crm.lead (contact_name, email, company_size) FROM '$good'
	SELECT count(*) FROM crm.lead", stdout => \$out, stderr => \$copy_err, on_error_stop => 0);
like($copy_err, qr/invalid e-mail address: "no address".*COPY lead, line 2501/s, 'an error in the middle names the line');
is($out, '240', 'nothing of that COPY stays, and the session goes on');
gives($shares, '80,80,80', 'the turns of the failed COPY are taken by the next');
agrees('a failed COPY');
my $syntax = copy_file((map { "E$_\te$_\@example.com\t$_" } 1 .. 50), "E\te\@example.com\tnot a number");
refuses("\\copy crm.lead (contact_name, email, company_size) FROM '$syntax'", qr/22P02/, 'a malformed value fails as ever');
agrees('a malformed COPY');

# ---- Columns that the database decides -----------------------------------------------------------------------------

fresh();
my $derived = q{demographic_score = 1, behavioral_score = 2, firmographic_score = 3, score_adjustment = 4, score = 5, grade = 'hot',
	scored_at = '2001-01-01', email_key = 'k', phone_key = 'k', name_key = 'k', response_due_at = '2001-01-01',
	first_response_at = '2001-01-01', last_activity_at = '2001-01-01', last_engaged_at = '2001-01-01', merged_into = 1,
	created_by = 'x', updated_at = '2001-01-01', updated_by = 'x', status_since = '2001-01-01'};
my $derived_columns = join ', ', $derived =~ /(\w+) =/g;
my $derived_values = join ', ', $derived =~ /= ('[^']*'|\d+)/g;
gives(qq{
	INSERT INTO crm.lead (contact_name, email, company_size) VALUES ('L', 'l\@example.com', 80);
	CREATE TEMP TABLE before AS SELECT * FROM crm.lead;
	UPDATE crm.lead SET $derived;
	SELECT count(*) FROM crm.lead l JOIN before b USING (id)
	WHERE (to_jsonb(l) - '{updated_at,updated_by}'::text[]) = (to_jsonb(b) - '{updated_at,updated_by}'::text[])
	  AND l.updated_by = current_user AND l.updated_at > b.updated_at;
	INSERT INTO crm.lead (contact_name, email, $derived_columns) VALUES ('M', 'm\@example.com', $derived_values)
	RETURNING demographic_score, behavioral_score, firmographic_score, score_adjustment, score, grade, email_key, phone_key, name_key,
	  response_due_at - created_at, first_response_at, last_activity_at, last_engaged_at, merged_into,
	  created_by = current_user, updated_by = current_user, now() - scored_at < '1 min', now() - updated_at < '1 min', status_since = created_at},
	"1\n0|0|0|0|0|cold|m\@example.com|||00:05:00|||||t|t|t|t|t", 'values written to derived columns are ignored');
agrees('derived columns');

# ---- Odd values ----------------------------------------------------------------------------------------------------------

fresh();
my $all_null = q{
	SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns, string_agg('NULL', ', ') AS nulls
	FROM pg_attribute WHERE attrelid = 'crm.lead'::regclass AND attnum > 0 AND NOT attisdropped
	  AND attname NOT IN ('id', 'contact_name', 'email')
	\gset};
gives(qq{$all_null
	INSERT INTO crm.lead (contact_name, email, :columns) VALUES ('N', 'n\@example.com', :nulls) RETURNING status, score, owner_id IS NOT NULL;
	UPDATE crm.lead SET phone = NULL, company = NULL, priority = NULL, tags = NULL, attributes = NULL, budget_confirmed = NULL,
	  created_at = NULL, status_since = NULL RETURNING status, created_at IS NULL, status_since IS NULL},
	"new|0|t\nnew|f|f", 'NULL wherever it can be');
agrees('NULL');
refuses(qq{UPDATE crm.lead SET status = NULL}, qr/23502/, 'no status is refused');
refuses(qq{UPDATE crm.lead SET contact_name = NULL}, qr/23502/, 'and no name');
refuses(qq{UPDATE crm.lead SET id = NULL}, qr/23502/, 'and no id');
agrees('refused NULLs');
gives(q{
	INSERT INTO crm.lead (contact_name, email, company, tags, attributes)
	VALUES (repeat('Kim Lee ', 131072), 'huge@example.com', repeat('Ä', 1000000), (SELECT array_agg('t' || i) || '{vip}' FROM generate_series(1, 100000) i),
	  (SELECT jsonb_object_agg('k' || i, i) FROM generate_series(1, 10000) i))
	RETURNING length(contact_name), cardinality(tags), score, name_key IS NOT NULL;
	INSERT INTO crm.lead (contact_name, email, company) SELECT contact_name, 'other@example.com', company FROM crm.lead WHERE email = 'huge@example.com'},
	"1048576|100001|20|t", 'a name of a megabyte and a hundred thousand tags');
agrees('huge values');
gives(q{
	INSERT INTO crm.lead (id, contact_name, email) VALUES (-5, 'neg', 'neg@example.com'), (0, 'zero', 'neg@example.com'),
	  (9223372036854775807, 'max', 'neg@example.com') RETURNING owner_id IS NOT NULL;
	SELECT string_agg(lead_id || '>' || other_id, ' ' ORDER BY lead_id) FROM crm.duplicate WHERE 'email' = ANY (rules)},
	"t\nt\nt\n0>-5 9223372036854775807>-5", 'the smallest and largest ids');
agrees('odd ids');
refuses(q{UPDATE crm.lead SET id = 77 WHERE id = 0}, qr/23503.*status_change/s, 'an id that ledgers refer to cannot change');
agrees('a refused change of id');

# ---- Users' own columns of every kind ----------------------------------------------------------------------------------------

fresh();
gives(q{
	CREATE TYPE crm.mood AS ENUM ('bad', 'good');
	CREATE DOMAIN crm.percent AS int CHECK (VALUE BETWEEN 0 AND 100);
	ALTER TABLE crm.lead ADD COLUMN mood crm.mood DEFAULT 'good', ADD COLUMN done crm.percent,
	  ADD COLUMN half int GENERATED ALWAYS AS (company_size / 2) STORED;
	INSERT INTO crm.score_rule (model_id, dimension, name, condition, points)
	SELECT m.id, 'firmographic', r.* FROM crm.score_model m, (VALUES ('mood', $$mood = 'good'$$, 1), ('done', 'done >= 50', 2)) r;
	INSERT INTO crm.lead (contact_name, email, mood, done) VALUES ('L', '1@example.com', 'good', 90), ('L', '2@example.com', 'bad', 90),
	  ('L', '3@example.com', DEFAULT, NULL) RETURNING score;
	UPDATE crm.lead SET mood = 'good' WHERE id = 2 RETURNING score}, "3\n2\n1\n3", 'enumerations and domains in rules');
refuses(q{INSERT INTO crm.lead (contact_name, email, done) VALUES ('L', '4@example.com', 101)}, qr/23514/, 'a domain still checks');
my ($generated, $generated_err) = run_sql(q{
	INSERT INTO crm.score_rule (model_id, dimension, name, condition, points)
	SELECT m.id, 'demographic', 'half', 'half = 40', 7 FROM crm.score_model m;
	INSERT INTO crm.lead (contact_name, email, mood, company_size) VALUES ('G', 'g@example.com', 'bad', 80) RETURNING score;
	UPDATE crm.lead SET company_size = 82 WHERE contact_name = 'G' RETURNING score;
	UPDATE crm.lead SET company_size = 81 WHERE contact_name = 'G' RETURNING score});
ok($generated eq "37\n30\n37" || ($generated eq '' && $generated_err =~ /generated/),
	'generated columns are computed for rules, or refused') or diag "$generated\n$generated_err";
gives('SELECT count(*) FROM crm.score_audit', '0', 'and the audit agrees');
gives(q{INSERT INTO crm.lead (contact_name, email, company_size) VALUES ('G', 'h@example.com', 30) RETURNING half;
	UPDATE crm.lead SET company_size = 20 WHERE email = 'h@example.com' RETURNING half}, "15\n10", 'and is stored as it should be');

# A view of the user's own, and a child of the table.
fresh();
gives(q{
	CREATE VIEW crm.mine AS SELECT id, contact_name AS who, email, company_size AS size, status FROM crm.lead WHERE company_size > 0;
	INSERT INTO crm.mine (who, email, size) VALUES ('V', 'v@example.com', 75);
	UPDATE crm.mine SET status = 'contacted', size = 20;
	INSERT INTO crm.lead (contact_name, email) VALUES ('W', 'w@example.com');
	UPDATE crm.lead l SET company_size = 99 FROM crm.mine m WHERE m.id <> l.id RETURNING l.score;
	DELETE FROM crm.lead USING crm.rep r WHERE r.id = owner_id AND contact_name = 'V' RETURNING contact_name}, "30\nV",
	'through a view, UPDATE FROM and DELETE USING');
agrees('other shapes');

# ---- Deferred constraints ---------------------------------------------------------------------------------------------------------

fresh();
gives(q{
	CREATE TABLE crm.note (lead_id bigint REFERENCES crm.lead DEFERRABLE INITIALLY DEFERRED, body text);
	ALTER TABLE crm.status_change ALTER CONSTRAINT status_change_lead_id_fkey DEFERRABLE INITIALLY DEFERRED;
	ALTER TABLE crm.assignment ALTER CONSTRAINT assignment_lead_id_fkey DEFERRABLE INITIALLY DEFERRED;
	CREATE FUNCTION crm.at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN UPDATE crm.lead SET status = 'contacted' WHERE id = NEW.id AND status = 'new'; RETURN NULL; END $$;
	CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON crm.lead DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION crm.at_commit();
	BEGIN;
	INSERT INTO crm.note VALUES (7, 'before its lead');
	INSERT INTO crm.lead (id, contact_name, email) VALUES (7, 'D', 'd@example.com'), (8, 'E', 'd@example.com');
	COMMIT;
	SELECT string_agg(status, ',') FROM crm.lead;
	BEGIN;
	INSERT INTO crm.lead (id, contact_name, email) VALUES (9, 'F', 'd@example.com');
	DELETE FROM crm.lead WHERE id IN (8, 9);
	COMMIT;
	SELECT count(*) FROM crm.status_change}, "contacted,contacted\n2", 'constraints and triggers at commit');
agrees('deferred constraints');

# ---- PREPARE TRANSACTION -------------------------------------------------------------------------------------------------------------

fresh();
gives(q{
	BEGIN;
	INSERT INTO crm.lead (id, contact_name, email) SELECT i, 'L', (i % 2) || '@example.com' FROM generate_series(1, 6) i;
	UPDATE crm.lead SET status = 'contacted' WHERE id = 1;
	PREPARE TRANSACTION 'kept';
	BEGIN;
	INSERT INTO crm.lead (id, contact_name, email) VALUES (10, 'M', '0@example.com');
	PREPARE TRANSACTION 'lost';
	SELECT count(*) FROM crm.lead;
	INSERT INTO crm.lead (id, contact_name, email) VALUES (20, 'N', '0@example.com');
	COMMIT PREPARED 'kept';
	ROLLBACK PREPARED 'lost';
	SELECT (SELECT count(*) FROM crm.lead), (SELECT count(*) FROM crm.status_change), (SELECT count(*) FROM crm.assignment)},
	"0\n7|8|7", 'prepared transactions');
agrees('prepared transactions');
gives(q{SELECT count(*) FROM crm.duplicate WHERE 20 IN (lead_id, other_id)}, '1', 'a lead of a prepared transaction is found as a duplicate');

# ---- Isolation levels, EXPLAIN ANALYZE ---------------------------------------------------------------------------------------------------

fresh();
gives(q{
	BEGIN ISOLATION LEVEL SERIALIZABLE;
	INSERT INTO crm.lead (contact_name, email) VALUES ('L', 'a@example.com'), ('M', 'a@example.com');
	UPDATE crm.lead SET status = 'contacted';
	COMMIT;
	BEGIN ISOLATION LEVEL REPEATABLE READ;
	INSERT INTO crm.lead (contact_name, email) VALUES ('N', 'a@example.com');
	DELETE FROM crm.lead WHERE contact_name = 'L';
	COMMIT;
	SELECT count(*) FROM crm.duplicate}, '1', 'SERIALIZABLE and REPEATABLE READ');
agrees('isolation levels');
refuses(q{BEGIN READ ONLY; INSERT INTO crm.lead (contact_name, email) VALUES ('N', 'ro@example.com')}, qr/25006/, 'READ ONLY refuses');
gives(q{
	BEGIN READ ONLY;
	SELECT (SELECT count(*) FROM crm.score_audit), (SELECT count(*) FROM crm.score_explanation) >= 0, (SELECT count(*) FROM crm.conversion_funnel)},
	'0|t|4', 'but not the views');
my ($plan, $plan_err) = run_sql(q{
	EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off)
	INSERT INTO crm.lead (contact_name, email) SELECT 'X', i || 'x@example.com' FROM generate_series(1, 5) i;
	EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) UPDATE crm.lead SET status = 'contacted' WHERE contact_name = 'X';
	EXPLAIN (VERBOSE) DELETE FROM crm.lead});
like($plan, qr/Trigger !lead_mgmt_record: calls=5/, 'EXPLAIN ANALYZE shows the triggers') or diag $plan_err;
gives(q{SELECT count(*), min(status) FROM crm.lead WHERE contact_name = 'X'}, '5|contacted', 'and runs the statements');
agrees('EXPLAIN ANALYZE');

# ---- The same rows one by one and at once ---------------------------------------------------------------------------------------------------

fresh();
my $rows = q{SELECT i, 'P' || i % 40 AS contact_name, (i % 150) || '@example.com' AS email, 'Acme ' || i % 3 AS company, i % 100 AS company_size,
	CASE WHEN i % 7 = 0 THEN '{vip}'::text[] END AS tags, CASE WHEN i % 5 = 0 THEN 'contacted' ELSE 'new' END AS status
	FROM generate_series(1, 200) i};
my $answers = q{SELECT md5(string_agg(concat_ws('|', id, score, grade, email_key, name_key, status, owner_id), E'\n' ORDER BY id)) FROM crm.lead};
my $pairs = q{SELECT md5(string_agg(concat_ws('|', lead_id, other_id, rules), E'\n' ORDER BY lead_id, other_id)) FROM crm.duplicate};
my ($bulk, $bulk_err) = run_sql("INSERT INTO crm.lead (id, contact_name, email, company, company_size, tags, status) $rows; $answers; $pairs");
is($bulk_err, '', 'two hundred leads at once');
agrees('leads at once');
fresh();
gives("DO \$do\$ DECLARE r record; BEGIN FOR r IN $rows LOOP
	INSERT INTO crm.lead (id, contact_name, email, company, company_size, tags, status)
	VALUES (r.i, r.contact_name, r.email, r.company, r.company_size, r.tags, r.status); END LOOP; END \$do\$; $answers; $pairs",
	$bulk, 'give the same answers as one by one');
agrees('leads one by one');

$node->stop;
done_testing();
