# Who may do what, and as whom it is done.  A role with INSERT on lead alone
# captures leads; nobody but the owner can write a ledger by hand; nobody gains
# another's rights through a workspace; and no name, however odd or hostile,
# leads a query astray.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
my $folder = $node->basedir;
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
my $started = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');

# ---- Tools ----------------------------------------------------------------------

my $db = 'work';

# Run as a role that logs in; what it prints and what it complains of.
sub as
{
	my ($role, $sql) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-U', $role, '-d', $node->connstr($db), '-f', '-' ],
		'<', \"\\set VERBOSITY verbose\n$sql", '>', \$out, '2>', \$err);
	chomp $out;
	return ($out, $err);
}

sub gives
{
	my ($role, $sql, $expected, $name) = @_;
	my ($out, $err) = as($role, $sql);
	is($out, $expected, $name) or diag $err;
	return;
}

sub refused
{
	my ($role, $sql, $pattern, $name) = @_;
	my ($out, $err) = as($role, $sql);
	like($err, $pattern, $name) or diag $out;
	return;
}

# ---- A plain user installs it -----------------------------------------------------

$node->safe_psql('postgres', q{
	CREATE ROLE boss LOGIN; CREATE ROLE capture LOGIN; CREATE ROLE clerk LOGIN; CREATE ROLE reader LOGIN;
	CREATE ROLE mallory LOGIN; CREATE ROLE nobody LOGIN; CREATE ROLE team_a; GRANT team_a TO nobody;
	GRANT clerk TO boss;
	CREATE DATABASE work; CREATE DATABASE copy; GRANT CREATE ON DATABASE work TO boss, mallory; GRANT CREATE ON DATABASE copy TO boss;});
refused('nobody', 'CREATE EXTENSION lead_mgmt', qr/42501/, 'who has no CREATE on the database cannot install it');
gives('boss', q{
	CREATE EXTENSION lead_mgmt;
	SELECT lead_mgmt.create_workspace('crm');
	SELECT rolsuper, (SELECT count(*) FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relowner <> r.oid),
	  (SELECT nspowner = r.oid FROM pg_namespace WHERE nspname = 'crm')
	FROM pg_roles r WHERE rolname = current_user}, "\nf|0|t", 'a plain user installs it and makes a workspace, which is his');
refused('nobody', q{SELECT lead_mgmt.create_workspace('mine')}, qr/42501.*permission denied for database/s, 'who may not create a schema makes no workspace');
refused('boss', q{SELECT lead_mgmt.create_workspace('crm')}, qr/42P06/, 'a schema that is there is left alone');
gives('nobody', 'SELECT count(*) FROM lead_mgmt.workspace', '0', 'who may not use a workspace does not see it listed');
gives('nobody', q{SELECT lead_mgmt.email_key('A@B.com')}, 'a@b.com', 'but may use the helpers');

as('boss', q{
	INSERT INTO crm.rep (name) VALUES ('Ana'), ('Ben');
	GRANT USAGE ON SCHEMA crm TO capture, clerk, reader;
	GRANT INSERT ON crm.lead TO capture;
	GRANT SELECT, INSERT, UPDATE ON crm.lead TO clerk;
	GRANT SELECT ON crm.conversion_funnel, crm.lead_source_analysis, crm.rep_performance, crm.lead_aging TO reader;
	INSERT INTO crm.score_rule (model_id, dimension, name, condition, points)
	SELECT id, 'demographic', 'fails', 'job_title::int > 1', 1 FROM crm.score_model});

# ---- INSERT and nothing else ----------------------------------------------------------

gives('capture', q{
	INSERT INTO crm.lead (contact_name, email, phone, job_title, company_size)
	VALUES ('Kim', 'kim@example.com', '+1 212 555 0143', 'x', 80), ('Kim', 'KIM@example.com', NULL, NULL, NULL)}, '', 'a role with INSERT alone captures leads');
gives('boss', q{
	SELECT (SELECT count(*) FROM crm.lead WHERE score IS NOT NULL AND owner_id IS NOT NULL AND created_by = 'capture'),
	  (SELECT count(*) FROM crm.status_change WHERE actor = 'capture' AND login = 'capture'),
	  (SELECT count(*) FROM crm.assignment WHERE actor = 'capture'), (SELECT count(*) FROM crm.duplicate), (SELECT count(*) FROM crm.rule_failure)},
	'2|2|2|1|1', 'ledger, log, duplicates and failures of rules are written');
my @sisters = split /\n/, (as('boss', q{SELECT relname FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1}))[0];
cmp_ok(scalar @sisters, '>', 20, 'there are tables and views to be refused');
foreach my $role (qw(capture clerk nobody))
{
	my @allowed;
	foreach my $name (@sisters)
	{
		next if $name eq 'lead';
		foreach my $statement ("SELECT FROM crm.$name", "DELETE FROM crm.$name", "INSERT INTO crm.$name DEFAULT VALUES", "TRUNCATE crm.$name")
		{
			push @allowed, $statement unless (as($role, "BEGIN; $statement"))[1] =~ /42501|55000.*cannot (delete from|insert into) view|is not a table/;
		}
	}
	is(join(', ', @allowed), '', "$role can neither read nor write any other table or view");
}
refused('capture', 'SELECT contact_name FROM crm.lead', qr/42501/, 'nor can it read leads');
refused('capture', q{INSERT INTO crm.lead (contact_name, email) VALUES ('K', 'k@example.com') RETURNING score}, qr/42501/, 'not even its own');
refused('capture', q{UPDATE crm.lead SET notes = 'x'}, qr/42501/, 'or change them');
refused('capture', q{SELECT nextval('crm.rep_ticket')}, qr/42501/, 'or draw tickets');
refused('capture', q{INSERT INTO crm.status_change (lead_id, to_status, at) VALUES (1, 'converted', now())}, qr/42501/, 'or write the ledger');

gives('clerk', q{
	UPDATE crm.lead SET status = 'contacted', owner_id = 3 - owner_id, company_size = 200 WHERE id = 1 RETURNING status, score > 0;
	INSERT INTO crm.lead (id, contact_name, email) VALUES (1, 'Upsert', 'kim@example.com') ON CONFLICT (id) DO UPDATE SET contact_name = EXCLUDED.contact_name
	RETURNING contact_name}, "contacted|t\nUpsert", 'a role with SELECT, INSERT and UPDATE works on leads');
refused('clerk', 'DELETE FROM crm.lead', qr/42501/, 'and does not delete them');
gives('boss', q{SELECT string_agg(to_status || ' by ' || actor, ', ' ORDER BY id) FROM crm.status_change WHERE lead_id = 1},
	'new by capture, contacted by clerk', 'its changes are in the ledger');
gives('reader', q{SELECT (SELECT sum(leads) FROM crm.lead_source_analysis), (SELECT sum(current) FROM crm.conversion_funnel)}, '2|2', 'reports show totals to who may read them');
refused('clerk', 'SELECT * FROM crm.score_audit', qr/42501/, 'views of rows need a grant');

refused('capture', q{UPDATE crm.duplicate SET state = 'confirmed'}, qr/42501/, 'deciding about duplicates needs one');
as('boss', 'GRANT SELECT ON crm.duplicate_link, crm.duplicate_decision TO clerk; GRANT SELECT, UPDATE (state) ON crm.duplicate TO clerk');
gives('clerk', q{UPDATE crm.duplicate SET state = 'confirmed' RETURNING lead_id, state}, '2|confirmed', 'who may update the view decides');
gives('boss', 'SELECT lead_id, other_id, state, actor, login FROM crm.duplicate_decision', '2|1|confirmed|clerk|clerk', 'and it is noted who did');
refused('clerk', q{UPDATE crm.duplicate SET lead_id = 5}, qr/42501/, 'of a pair nothing else can change');
refused('boss', q{UPDATE crm.duplicate SET lead_id = 5}, qr/0A000/, 'not even by the owner');
refused('clerk', q{INSERT INTO crm.duplicate_decision VALUES (2, 1, 'open')}, qr/42501/, 'and not by hand');

# A refusal must not tell who is there to somebody who may not look.
as('boss', q{UPDATE crm.match_rule SET action = 'reject' WHERE name = 'email'});
my $said = (as('capture', q{INSERT INTO crm.lead (contact_name, email) VALUES ('Kim', 'kim@example.com')}))[1];
like($said, qr/23505.*duplicate/s, 'a duplicate is rejected');
unlike($said, qr/of lead \d/, 'without saying which lead it is to who may not read leads');
like((as('clerk', q{INSERT INTO crm.lead (contact_name, email) VALUES ('Kim', 'kim@example.com')}))[1], qr/of lead 1/, 'who may read leads is told');
as('boss', q{UPDATE crm.match_rule SET action = 'attach' WHERE name = 'email'});

# ---- Who did it --------------------------------------------------------------------------

my $who = q{SELECT actor, login FROM crm.status_change ORDER BY id DESC LIMIT 1};
sub done_by
{
	my ($role, $sql, $expected, $name) = @_;
	is((as($role, $sql))[1], '', "$name: done");
	gives('boss', $who, $expected, "$name: the ledger says who");
	return;
}
my $n = 0;
sub one { $n++; return "INSERT INTO crm.lead (contact_name, email) VALUES ('W', 'w$n\@example.com')"; }
done_by('boss', 'SET ROLE clerk; ' . one(), 'clerk|boss', 'SET ROLE');
done_by($superuser, 'SET SESSION AUTHORIZATION capture; ' . one(), 'capture|capture', 'SET SESSION AUTHORIZATION');
done_by('capture', "SET lead_mgmt.actor = 'ana'; " . one(), 'ana|capture', 'lead_mgmt.actor');
done_by('capture', "SET lead_mgmt.actor = 'ana'; SET lead_mgmt.actor = ''; " . one(), 'capture|capture', 'an empty lead_mgmt.actor');
done_by('capture', "BEGIN; SET LOCAL lead_mgmt.actor = 'ana'; COMMIT; " . one(), 'capture|capture', 'a local one that has ended');
done_by('capture', "BEGIN; SET LOCAL lead_mgmt.actor = 'Zoë; DROP''\"'; " . one() . '; COMMIT', q{Zoë; DROP'"|capture}, 'a local one');
as('boss', q{
	CREATE FUNCTION crm.door(text) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
	  $$ INSERT INTO crm.lead (contact_name, email) VALUES ('Through the door', $1) $$;
	GRANT EXECUTE ON FUNCTION crm.door TO PUBLIC; GRANT USAGE ON SCHEMA crm TO nobody, team_a});
done_by('nobody', q{SELECT crm.door('door1@example.com')}, 'nobody|nobody', 'a SECURITY DEFINER function');
done_by('nobody', q{SET ROLE team_a; SELECT crm.door('door2@example.com')}, 'team_a|nobody', 'SET ROLE and a SECURITY DEFINER function');
gives('boss', q{SELECT count(*), count(*) FILTER (WHERE a.actor = c.actor AND a.login = c.login AND a.actor = l.created_by)
	FROM crm.assignment a JOIN crm.status_change c USING (lead_id) JOIN crm.lead l ON l.id = lead_id WHERE lead_id > 2}, '8|8',
	'ledger, log and lead say the same');

# ---- Row security ----------------------------------------------------------------------------

as('boss', q{
	ALTER TABLE crm.lead ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	ALTER TABLE crm.status_change ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	ALTER TABLE crm.assignment ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	ALTER TABLE crm.duplicate_link ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	ALTER TABLE crm.rule_failure ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	ALTER TABLE crm.setting ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	ALTER TABLE crm.rep ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	ALTER TABLE crm.score_rule ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	CREATE POLICY anybody ON crm.lead FOR INSERT WITH CHECK (true);
	CREATE POLICY own ON crm.lead FOR SELECT TO clerk USING (created_by = 'clerk');
	CREATE POLICY own_update ON crm.lead FOR UPDATE TO clerk USING (created_by = 'clerk');
	GRANT SELECT ON crm.score_audit, crm.score_explanation, crm.duplicate, crm.duplicate_link, crm.duplicate_decision TO clerk});
foreach my $role (qw(capture clerk boss))
{
	is((as($role, "INSERT INTO crm.lead (contact_name, email, company_size) VALUES ('Rls', 'kim\@example.com', 80)"))[1], '',
		"under forced row security $role inserts");
}
gives($superuser, q{
	SELECT count(*), count(DISTINCT owner_id), min(score) > 0, (SELECT count(*) FROM crm.status_change c WHERE c.lead_id IN (SELECT id FROM crm.lead WHERE contact_name = 'Rls')),
	  (SELECT count(*) FROM crm.assignment c WHERE c.lead_id IN (SELECT id FROM crm.lead WHERE contact_name = 'Rls')),
	  (SELECT count(*) FROM crm.duplicate_link c WHERE c.lead_id IN (SELECT id FROM crm.lead WHERE contact_name = 'Rls')) >= 3
	FROM crm.lead WHERE contact_name = 'Rls'}, '3|2|t|3|3|t', 'with scores, owners, ledgers and duplicates as ever');
gives('clerk', q{SELECT (SELECT count(*) FROM crm.lead) < 10, (SELECT count(DISTINCT lead_id) FROM crm.score_explanation WHERE lead_id NOT IN (SELECT id FROM crm.lead)),
	(SELECT count(*) FROM crm.duplicate)}, 't|0|0', 'sees only those in views of rows');
gives('clerk', q{UPDATE crm.lead SET status = 'contacted' WHERE contact_name = 'Rls' RETURNING created_by}, 'clerk', 'and changes only those');
gives('boss', 'SELECT DISTINCT created_by FROM crm.lead', 'clerk', 'the owner, a member of that role, sees no more: he forced it on himself');
$node->safe_psql($db, q{SET session_replication_role = replica;
	INSERT INTO crm.lead (contact_name, email, company_size) VALUES ('Unseen', 'unseen@example.com', 80)});
gives('boss', q{SELECT lead_mgmt.upgrade_workspace('crm')}, '', 'upgrade_workspace');
gives($superuser, q{SELECT score > 0, (SELECT count(*) FROM crm.status_change WHERE lead_id = l.id) FROM crm.lead l WHERE contact_name = 'Unseen'}, 't|1',
	'reaches every row under forced row security');
gives('boss', 'SELECT name, version IS NOT NULL FROM lead_mgmt.workspace', 'crm|t', 'and the workspace is listed with its version');
as('boss', q{UPDATE crm.match_rule SET action = 'reject' WHERE name = 'email'});
unlike((as('clerk', q{INSERT INTO crm.lead (contact_name, email) VALUES ('Kim', 'kim@example.com')}))[1], qr/of lead \d/,
	'a refused duplicate is not named to who sees only some leads');
as('boss', q{UPDATE crm.match_rule SET action = 'attach' WHERE name = 'email'});

# ---- Something else in place of a sister table -----------------------------------------------------

as('boss', q{
	CREATE TABLE crm.trap (who text);
	GRANT INSERT ON crm.trap TO PUBLIC;
	CREATE FUNCTION crm.spring() RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO crm.trap VALUES (current_user); RETURN 'x'; END $$});
foreach my $name (qw(status_change assignment duplicate_link rule_failure setting score_rule rep lead_status match_rule grade))
{
	my ($out, $err) = as('boss', qq{
		BEGIN;
		ALTER TABLE crm.$name RENAME TO hidden;
		CREATE VIEW crm.$name AS SELECT h.*, crm.spring() FROM crm.hidden h;
		CREATE FUNCTION crm.instead() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN PERFORM crm.spring(); RETURN NULL; END \$\$;
		CREATE TRIGGER instead INSTEAD OF INSERT ON crm.$name FOR EACH ROW EXECUTE FUNCTION crm.instead();
		INSERT INTO crm.lead (contact_name, email, job_title) VALUES ('View', 'view\@example.com', 'y')});
	like($err, qr/42809.*crm\.$name" cannot be used.*DETAIL.*HINT/s, "a view in place of $name is an error");
}
gives('boss', 'SELECT count(*) FROM crm.trap', '0', 'and none of them was read');
foreach my $name (qw(status_change assignment duplicate_link setting score_rule rep))
{
	refused($superuser, qq{
		BEGIN;
		ALTER TABLE crm.$name OWNER TO mallory;
		INSERT INTO crm.lead (contact_name, email) VALUES ('Foreign', 'foreign\@example.com')},
		qr/42809.*crm\.$name" cannot be used/s, "a $name that is another's is an error");
}
refused('boss', q{
	BEGIN;
	ALTER SEQUENCE crm.rep_ticket RENAME TO hidden;
	CREATE VIEW crm.rep_ticket AS SELECT crm.spring() AS last_value;
	INSERT INTO crm.lead (contact_name, email) VALUES ('View', 'view@example.com')}, qr/rep_ticket/, 'a view in place of rep_ticket too');

# ---- A malicious owner -------------------------------------------------------------------------------

$node->safe_psql($db, 'CREATE SCHEMA secret; CREATE TABLE secret.vault (v text)');
is((as('mallory', q{
	SELECT lead_mgmt.create_workspace('bait');
	INSERT INTO bait.rep (name) VALUES ('Mal');
	CREATE TABLE bait.loot (at text, who text, got text);
	GRANT ALL ON bait.loot TO PUBLIC;
	CREATE FUNCTION bait.attack() RETURNS trigger LANGUAGE plpgsql AS $$
	DECLARE got text := 'nothing';
	BEGIN
	  BEGIN INSERT INTO secret.vault VALUES (TG_TABLE_NAME); got := 'vault'; EXCEPTION WHEN OTHERS THEN NULL; END;
	  BEGIN RESET ROLE; INSERT INTO secret.vault VALUES ('reset'); got := 'reset'; EXCEPTION WHEN OTHERS THEN NULL; END;
	  BEGIN EXECUTE format('SET ROLE %I', session_user); INSERT INTO secret.vault VALUES ('role'); got := 'role'; EXCEPTION WHEN OTHERS THEN NULL; END;
	  BEGIN RESET SESSION AUTHORIZATION; INSERT INTO secret.vault VALUES ('session'); got := 'session'; EXCEPTION WHEN OTHERS THEN NULL; END;
	  INSERT INTO bait.loot VALUES (TG_TABLE_NAME, current_user, got);
	  RETURN NEW;
	END $$;
	CREATE FUNCTION bait.who() RETURNS text LANGUAGE plpgsql AS
	  $$ BEGIN INSERT INTO bait.loot VALUES ('default', current_user, 'nothing'); RETURN current_user; END $$;
	ALTER TABLE bait.status_change ADD COLUMN who text;
	ALTER TABLE bait.status_change ALTER COLUMN who SET DEFAULT bait.who();
	CREATE TRIGGER attack BEFORE INSERT ON bait.status_change FOR EACH ROW EXECUTE FUNCTION bait.attack();
	CREATE TRIGGER attack AFTER INSERT ON bait.assignment FOR EACH ROW EXECUTE FUNCTION bait.attack();
	CREATE TRIGGER attack AFTER INSERT ON bait.duplicate_link FOR EACH ROW EXECUTE FUNCTION bait.attack();
	CREATE TRIGGER attack BEFORE INSERT OR UPDATE ON bait.duplicate_decision FOR EACH ROW EXECUTE FUNCTION bait.attack();
	CREATE TRIGGER attack BEFORE INSERT OR UPDATE ON bait.setting FOR EACH ROW EXECUTE FUNCTION bait.attack()}))[1], '', 'a workspace full of traps');
is((as($superuser, q{
	INSERT INTO bait.lead (contact_name, email) VALUES ('A', 'a@example.com'), ('B', 'a@example.com');
	UPDATE bait.lead SET status = 'contacted';
	UPDATE bait.duplicate SET state = 'confirmed';
	SELECT FROM lead_mgmt.workspace;
	DROP VIEW bait.lead_aging;
	SET session_replication_role = replica;
	UPDATE bait.lead SET status = 'nurture';
	SET session_replication_role = origin}))[1], '', 'a superuser works in it');
as('mallory', q{CREATE TRIGGER attack BEFORE UPDATE ON bait.lead FOR EACH ROW EXECUTE FUNCTION bait.attack()});
is((as($superuser, q{SELECT lead_mgmt.upgrade_workspace('bait')}))[1], '', 'and upgrades it');
gives($superuser, 'SELECT count(DISTINCT at), min(who), max(who), min(got), max(got), (SELECT count(*) FROM secret.vault) FROM bait.loot',
	'6|mallory|mallory|nothing|nothing|0', 'every trap has sprung, as its owner, and got nothing');
gives($superuser, q{SELECT current_user = session_user, relowner::regrole FROM pg_class WHERE oid = 'bait.lead_aging'::regclass}, 't|mallory',
	'the superuser is himself again');
# An error in there must not leave the session with the owner's rights.
as('mallory', q{CREATE FUNCTION bait.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
	CREATE TRIGGER fail BEFORE INSERT ON bait.assignment FOR EACH ROW EXECUTE FUNCTION bait.fail()});
gives($superuser, q{
	\set ON_ERROR_STOP 0
	INSERT INTO bait.lead (contact_name, email) VALUES ('C', 'c@example.com');
	BEGIN;
	SAVEPOINT s;
	INSERT INTO bait.lead (contact_name, email) VALUES ('C', 'c@example.com');
	ROLLBACK TO s;
	SELECT current_user = session_user;
	COMMIT;
	SELECT current_user = session_user, count(*) FROM bait.lead WHERE contact_name = 'C'}, "t\nt|0", 'also after an error');

# ---- Functions in wrong hands -----------------------------------------------------------------------------

as('mallory', 'CREATE SCHEMA m; CREATE TABLE m.lead (id bigint, status text); CREATE TABLE m.t (id bigint, name text); CREATE VIEW m.v AS SELECT 1 AS lead_id, 2 AS other_id, \'open\'::text AS state');
my @trigger_functions = split /\n/, $node->safe_psql($db, q{
	SELECT p.oid::regproc FROM pg_proc p WHERE pronamespace = 'lead_mgmt'::regnamespace AND prorettype = 'trigger'::regtype});
cmp_ok(scalar @trigger_functions, '>', 8, 'there are trigger functions to misuse');
foreach my $function (@trigger_functions)
{
	my @accepted;
	foreach my $table (qw(m.lead m.t))
	{
		foreach my $when ('BEFORE INSERT OR UPDATE OR DELETE', 'AFTER INSERT OR UPDATE OR DELETE')
		{
			foreach my $level (qw(ROW STATEMENT))
			{
				my ($out, $err) = as('mallory', "BEGIN; CREATE TRIGGER x $when ON $table FOR EACH $level EXECUTE FUNCTION $function();
					INSERT INTO $table (id) VALUES (1); UPDATE $table SET id = 2; DELETE FROM $table");
				push @accepted, "$when ON $table FOR EACH $level: $err" if $err !~ /ERROR/ || $err =~ /server closed|XX000|PANIC/;
			}
		}
	}
	# Telling others that something changed is harmless on any table.
	@accepted = grep { !/(ROW|STATEMENT): $/ } @accepted if $function =~ /configuration_changed|lead_begin|lead_finish|rotation_changed/;
	is(join("\n", @accepted), '', "$function on a table that is none of ours is an error");
}
foreach my $argument ('ROW(1, 2)', 'NULL::record', q{(SELECT c FROM pg_class c LIMIT 1)}, q{(SELECT l FROM m.lead l RIGHT JOIN (SELECT 1) x ON true LIMIT 1)},
	q{ROW('x'::text)}, q{(SELECT t FROM m.t t LIMIT 1)})
{
	my ($out, $err) = as('mallory', "SELECT * FROM lead_mgmt.explain_score($argument); SELECT * FROM lead_mgmt.recompute_score($argument)");
	unlike($err, qr/server closed|XX000|PANIC/, "explain_score($argument) does no harm");
	is((as('mallory', "SELECT score FROM lead_mgmt.recompute_score($argument)"))[0], '', 'and tells nothing');
}

# ---- Odd names ----------------------------------------------------------------------------------------------

sub quoted { my ($name) = @_; $name =~ s/"/""/g; return qq{"$name"}; }
foreach my $name (q{o'"brien; DROP}, 'Ünïcode', '@workspace@ %1$s %s $1', "tab\t\\back", 'ä' x 31, 'select', '$$')
{
	(my $literal = $name) =~ s/'/''/g;
	$literal =~ s/\\/\\\\/g;
	$literal = "E'$literal'";
	my $schema = quoted($name);
	my $views = join ' ', map { "SELECT FROM $schema." . quoted($_) . ';' }
	  split /\n/, (as('boss', q{SELECT relname FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v' AND relname <> 'mine'}))[0];
	my ($out, $err) = as('boss', qq{
		SELECT lead_mgmt.create_workspace($literal);
		INSERT INTO $schema.rep (name) VALUES ('Ana'), ('Ben');
		INSERT INTO $schema.team (name) VALUES ('T'); INSERT INTO $schema.team_member VALUES (1, 1), (1, 2);
		INSERT INTO $schema.assignment_rule (position, name, condition, method, team_id) VALUES (1, 'team', 'company_size > 5', 'round_robin', 1);
		INSERT INTO $schema.lead (contact_name, email, company_size) VALUES ('Kim', 'kim\@example.com', 80), ('Kim', 'kim\@example.com', 80), ('Lee', 'l\@example.com', 1);
		UPDATE $schema.lead SET status = 'contacted', email = 'kim\@example.com' WHERE contact_name = 'Lee';
		UPDATE $schema.duplicate SET state = 'confirmed' WHERE lead_id = 2;
		DELETE FROM $schema.lead WHERE id = 1;
		$views
		DROP VIEW $schema.score_audit; DROP TRIGGER "~lead_mgmt_decide" ON $schema.lead;
		SELECT lead_mgmt.upgrade_workspace($literal);
		INSERT INTO $schema.lead (contact_name, email, company_size) VALUES ('Last', 'kim\@example.com', 80);
		SELECT name, owner FROM lead_mgmt.workspace WHERE name = $literal;
		SELECT count(*), count(owner_id), count(score), (SELECT count(*) FROM $schema.status_change), (SELECT count(*) FROM $schema.assignment),
		  (SELECT count(*) FROM $schema.duplicate), (SELECT count(*) FROM $schema.score_audit) FROM $schema.lead});
	is($err, '', "a workspace named $name: no error");
	is($out, "\n\n$name|boss\n3|3|3|4|3|2|0", "a workspace named $name works from end to end");
	(my $pattern = $schema) =~ s/([?*])/[$1]/g;
	# psql's patterns take $ and the like literally within double quotes.
	my $file = "$folder/odd.sql";
	my ($dumped, $dump_err) = ('', '');
	ok(IPC::Run::run([ 'pg_dump', '-U', 'boss', '-d', $node->connstr($db), '-n', $pattern, '-f', $file, '--enable-row-security' ], '2>', \$dump_err), "$name is dumped")
	  or diag $dump_err;
	{
		$db = 'copy';
		as('boss', 'CREATE EXTENSION IF NOT EXISTS lead_mgmt');
		my ($ignored, $restore_err) = ('', '');
		IPC::Run::run([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-U', 'boss', '-d', $node->connstr('copy'), '-f', $file ], '>', \$ignored, '2>', \$restore_err);
		is($restore_err, '', "$name is restored");
		gives('boss', qq{
			INSERT INTO $schema.lead (contact_name, email, company_size) VALUES ('More', 'kim\@example.com', 80) RETURNING owner_id IS NOT NULL;
			SELECT count(*), (SELECT count(*) FROM $schema.duplicate), (SELECT count(*) FROM $schema.score_audit) FROM $schema.lead}, "t\n4|3|0", "$name works on in a copy");
	}
	$db = 'work';
	as('boss', "SET client_min_messages = error; DROP SCHEMA $schema CASCADE");
}

# ---- Decoys ---------------------------------------------------------------------------------------------------

$node->safe_psql('postgres', 'CREATE DATABASE decoy; ALTER DATABASE decoy OWNER TO boss');
$db = 'decoy';
my @text_functions = qw(lower upper btrim ltrim md5 length quote_ident initcap);
my $decoys = join "\n", "CREATE FUNCTION public.trap() RETURNS void LANGUAGE plpgsql AS \$\$ BEGIN RAISE EXCEPTION 'a decoy was called'; END \$\$;",
  (map { "CREATE FUNCTION public.$_(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS \$\$ BEGIN PERFORM public.trap(); RETURN \$1; END \$\$;" } @text_functions),
  (map { "CREATE FUNCTION public.$_() RETURNS timestamptz LANGUAGE plpgsql AS \$\$ BEGIN PERFORM public.trap(); RETURN NULL; END \$\$;" } qw(now clock_timestamp statement_timestamp)),
  (map { "CREATE FUNCTION public.$_ RETURNS bool LANGUAGE plpgsql AS \$\$ BEGIN PERFORM public.trap(); RETURN true; END \$\$;" }
	'eq(text, text)', 'eq8(bigint, bigint)', 'eqt(timestamptz, timestamptz)', 'eqi(int, int)', 'eqm(name, name)'),
  (map { my $o = $_; map { "CREATE OPERATOR public.$o (LEFTARG = $_->[0], RIGHTARG = $_->[0], FUNCTION = public.$_->[1]);" }
	[ 'text', 'eq' ], [ 'bigint', 'eq8' ], [ 'timestamptz', 'eqt' ], [ 'int', 'eqi' ], [ 'name', 'eqm' ] } qw(= <> < > <= >=)),
  "CREATE FUNCTION public.trap_count(bigint) RETURNS bigint LANGUAGE plpgsql AS \$\$ BEGIN PERFORM public.trap(); RETURN 1; END \$\$;",
  "CREATE AGGREGATE public.count(*) (SFUNC = trap_count, STYPE = bigint, INITCOND = '0');",
  "CREATE FUNCTION public.unnest(bigint[]) RETURNS SETOF bigint LANGUAGE plpgsql AS \$\$ BEGIN PERFORM public.trap(); END \$\$;",
  "CREATE FUNCTION public.unnest(text[]) RETURNS SETOF text LANGUAGE plpgsql AS \$\$ BEGIN PERFORM public.trap(); END \$\$;",
  "CREATE FUNCTION public.date_part(text, timestamptz) RETURNS float8 LANGUAGE plpgsql AS \$\$ BEGIN PERFORM public.trap(); RETURN 1; END \$\$;",
  "CREATE FUNCTION public.nextval(regclass) RETURNS bigint LANGUAGE plpgsql AS \$\$ BEGIN PERFORM public.trap(); RETURN 1; END \$\$;",
  "CREATE DOMAIN public.text AS pg_catalog.text CHECK (false); CREATE DOMAIN public.bigint AS pg_catalog.int8 CHECK (false);
   CREATE DOMAIN public.int8 AS pg_catalog.int8 CHECK (false); CREATE DOMAIN public.interval AS pg_catalog.interval CHECK (false);",
  "GRANT ALL ON SCHEMA public TO PUBLIC;";
$node->safe_psql('decoy', $decoys);
refused('boss', q{SET search_path = public, pg_catalog; SELECT lower('X'::pg_catalog.text)}, qr/a decoy was called/, 'a decoy can be called');
refused('boss', q{SET search_path = public, pg_catalog; SELECT 'X'::pg_catalog.text = 'Y'::pg_catalog.text}, qr/a decoy was called/, 'an operator too');
refused('boss', q{SET search_path = public, pg_catalog; SELECT count(*) FROM pg_class}, qr/a decoy was called/, 'an aggregate too');

my $everything = q{
	INSERT INTO crm.rep (name) VALUES ('Ana'), ('Ben');
	INSERT INTO crm.score_rule (model_id, dimension, name, condition, points)
	VALUES (1, 'demographic', 'decoy', $$lower(industry) = 'it' AND length(btrim(city)) > 0$$, 3);
	INSERT INTO crm.lead (contact_name, email, phone, company, job_title, industry, city, company_size, source) VALUES
	  ('Kim', 'Kim@Example.com', '+12125550143', 'Acme', 'CEO', 'IT', 'Rome', 80, 'Website'), ('Kim', 'kim@example.com', NULL, 'Acme', NULL, NULL, NULL, NULL, NULL);
	UPDATE crm.lead SET status = 'contacted', owner_id = 1, email = 'kim@example.com' WHERE id OPERATOR(pg_catalog.=) 2::pg_catalog.int8;
	UPDATE crm.duplicate SET state = 'confirmed';
	UPDATE crm.setting SET time_zone = 'Europe/Rome';
	DELETE FROM crm.lead WHERE id OPERATOR(pg_catalog.=) 1::pg_catalog.int8;
	SELECT * FROM crm.conversion_funnel; SELECT * FROM crm.lead_source_analysis; SELECT * FROM crm.rep_performance; SELECT * FROM crm.lead_aging;
	SELECT * FROM crm.score_audit; SELECT * FROM crm.score_explanation; SELECT * FROM crm.duplicate; SELECT * FROM lead_mgmt.workspace;
	DROP VIEW crm.conversion_funnel; DROP VIEW crm.duplicate CASCADE;
	DROP TRIGGER "~lead_mgmt_decide" ON crm.lead;
	INSERT INTO crm.lead (contact_name, email) VALUES ('Late', 'kim@example.com');
	SELECT lead_mgmt.upgrade_workspace('crm');
	SELECT * FROM crm.conversion_funnel; SELECT * FROM crm.duplicate;
};
foreach my $path ('public, pg_catalog', '"$user", public, crm, pg_catalog', 'crm, public, pg_catalog', 'pg_temp, public, pg_catalog', "''")
{
	my ($out, $err) = as('boss', qq{
		SET search_path = $path;
		SET client_min_messages = error;
		CREATE TEMP TABLE lead (id pg_catalog.int8, contact_name pg_catalog.text);
		CREATE TEMP TABLE status_change (lead_id pg_catalog.int8);
		CREATE TEMP TABLE assignment (lead_id pg_catalog.int8);
		CREATE TEMP TABLE setting (singleton pg_catalog.bool);
		CREATE TEMP TABLE rep (id pg_catalog.int8);
		CREATE TEMP TABLE duplicate_link (lead_id pg_catalog.int8);
		SET default_table_access_method = heap; SET standard_conforming_strings = off; SET transform_null_equals = on; SET DateStyle = 'German';
		SET IntervalStyle = 'sql_standard'; SET xmloption = document; SET quote_all_identifiers = on; SET bytea_output = escape; SET extra_float_digits = -10;
		CREATE EXTENSION lead_mgmt;
		SELECT lead_mgmt.create_workspace('crm');
		$everything});
	is($err, '', "search_path $path: no decoy is called");
	my ($lines, $gone) = as('boss', q{
		SELECT pg_catalog.string_agg(status || ' ' || coalesce(score::pg_catalog.text, 'none') || ' ' || coalesce(email_key, 'none'), ', ' ORDER BY id),
		  (SELECT pg_catalog.string_agg(from_status || '>' || to_status, ' ') FROM crm.status_change) FROM crm.lead});
	is($lines, 'contacted 0 kim@example.com, new 0 kim@example.com|new>contacted', "search_path $path: and every answer is right") or diag $gone;
	as('boss', 'SET client_min_messages = error; DROP SCHEMA crm CASCADE; DROP EXTENSION lead_mgmt');
}
as('boss', 'CREATE EXTENSION lead_mgmt');
gives('boss', q{
	SET search_path = pg_catalog;
	SELECT lead_mgmt.create_workspace('crm');
	SELECT DISTINCT n.nspname FROM pg_depend d
	JOIN (SELECT oid, pronamespace AS ns, 'pg_proc'::regclass AS class FROM pg_proc UNION ALL SELECT oid, oprnamespace, 'pg_operator'::regclass FROM pg_operator
	  UNION ALL SELECT oid, typnamespace, 'pg_type'::regclass FROM pg_type) o ON d.refclassid = o.class AND d.refobjid = o.oid
	JOIN pg_namespace n ON n.oid = o.ns WHERE n.nspname NOT IN ('pg_catalog', 'crm', 'lead_mgmt') AND n.nspname !~ '^(pg_|information_schema)'
	  AND (SELECT pronamespace FROM pg_proc WHERE oid = d.objid AND d.classid = 'pg_proc'::regclass) IS DISTINCT FROM 'public'::regnamespace
	  AND d.classid NOT IN ('pg_operator'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_constraint'::regclass)}, '',
	'nothing of a workspace depends on anything but the server\'s own and the extension');
$db = 'work';

# ---- What the catalogue says --------------------------------------------------------------------------------------

my $of = q{p.pronamespace = 'lead_mgmt'::regnamespace};
gives($superuser, "SELECT string_agg(proname, ', ') FROM pg_proc p WHERE $of AND (prosecdef OR proleakproof)", '', 'no function is SECURITY DEFINER or leakproof');
gives($superuser, "SELECT string_agg(proname, ', ') FROM pg_proc p JOIN pg_language g ON g.oid = prolang WHERE $of AND lanname <> 'c'", '', 'all are C');
gives($superuser, "SELECT string_agg(proname, ', ') FROM pg_proc p WHERE $of AND obj_description(p.oid, 'pg_proc') IS NULL", '', 'every function has a comment');
gives($superuser, "SELECT string_agg(proname, ', ') FROM pg_proc p WHERE $of AND proparallel <> CASE WHEN provolatile = 'i' THEN 's' ELSE 'u' END", '',
	'immutable helpers are parallel safe, all else is not');
gives($superuser, "SELECT string_agg(proname, ', ') FROM pg_proc p WHERE $of AND prorettype = 'trigger'::regtype AND provolatile <> 'v'", '', 'triggers are volatile');
foreach my $schema (qw(crm lead_mgmt))
{
	gives($superuser, "SELECT string_agg(relname, ', ') FROM pg_class WHERE relnamespace = '$schema'::regnamespace AND relkind IN ('r', 'v', 'S')
		AND relname NOT IN ('trap') AND relname !~ '_id_seq\$' AND obj_description(oid, 'pg_class') IS NULL", '', "every relation of $schema has a comment");
	gives($superuser, "SELECT string_agg(relname || '.' || attname, ', ') FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
		WHERE relnamespace = '$schema'::regnamespace AND relkind IN ('r', 'v') AND relname <> 'trap' AND col_description(c.oid, attnum) IS NULL", '',
		"and every column");
}
as('boss', q{INSERT INTO crm.team (name) VALUES ('T'); INSERT INTO crm.team_member VALUES (1, 1);
	INSERT INTO crm.assignment_rule (position, name, condition, method, team_id) VALUES (1, 'team', 'company_size > 5', 'round_robin', 1)});
gives($superuser, q{SELECT obj_description('crm.team_ticket_1'::regclass) IS NOT NULL}, 't', 'the tickets of a team have a comment too');
gives($superuser, q{
	SELECT string_agg(conrelid::regclass || ' ' || conname, ', ') FROM pg_constraint k
	WHERE contype = 'f' AND connamespace = 'crm'::regnamespace AND NOT EXISTS (
	  SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)}, '',
	'every foreign key has an index');
gives($superuser, q{
	SELECT string_agg(c.relname, ', ' ORDER BY 1) FROM pg_class c
	WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v' AND relname IN ('score_explanation', 'score_audit', 'duplicate', 'hot_lead', 'lead_now', 'timeline')
	  AND NOT coalesce(reloptions::text LIKE '%security_invoker=true%', false)}, '', 'views of rows are for the invoker');
gives($superuser, q{
	SELECT string_agg(attname, ', ') FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_type t ON t.oid = atttypid
	WHERE c.relnamespace = 'crm'::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped AND t.typnamespace <> 'pg_catalog'::regnamespace}, '',
	'tables have only built-in types');

# ---- The server -----------------------------------------------------------------------------------------------------

is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $started, 'the server has run through');
unlike(slurp_file($node->logfile), qr/was terminated by signal|PANIC|TRAP/, 'and no process of it has crashed');
$node->stop;
done_testing();
