# Dump and restore: a workspace comes back as it was, without any ritual, in
# every format, under another name, dumped by its plain owner; and goes on
# working where it stood.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use FindBin;
use lib $FindBin::RealBin;
use LeadMgmtTest qw(rows contents definitions same);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
my $folder = $node->basedir;

# ---- Tools --------------------------------------------------------------------

sub restored
{
	my ($db, $schema, $contents, $definitions, $name) = @_;
	same(contents($node, $db, $schema), $contents, "$name: every row and sequence is as it was");
	same(definitions($node, $db, $schema), $definitions, "$name: so are columns, grants, comments, triggers and views");
	is($node->safe_psql($db, "SELECT count(*) FROM $schema.score_audit"), '0', "$name: scores agree with the rules");
	return;
}

# ---- A workspace that has been in use -------------------------------------------

$node->safe_psql('postgres', q{
	CREATE ROLE owner_ LOGIN; CREATE ROLE reader LOGIN; CREATE ROLE clerk LOGIN;
	CREATE DATABASE source OWNER owner_;
	CREATE DATABASE copy_plain OWNER owner_; CREATE DATABASE copy_custom OWNER owner_;
	CREATE DATABASE copy_super OWNER owner_; CREATE DATABASE copy_data OWNER owner_;
	CREATE DATABASE copy_inserts OWNER owner_});

# What a target for data alone must have too.
my $users_own = q{
	CREATE TYPE crm.mood AS ENUM ('bad', 'good');
	ALTER TABLE crm.lead ADD COLUMN plan text DEFAULT 'silver', ADD COLUMN mood crm.mood,
	  ADD COLUMN gone int, ADD COLUMN size_class int GENERATED ALWAYS AS (company_size / 100) STORED;
	ALTER TABLE crm.lead DROP COLUMN gone;
	ALTER TABLE crm.rep ADD COLUMN region text;
	CREATE TABLE crm.note (id serial PRIMARY KEY, lead_id bigint NOT NULL REFERENCES crm.lead ON DELETE CASCADE, body text);
};

$node->safe_psql('source', "SET ROLE owner_; SET client_min_messages = error;
	CREATE EXTENSION lead_mgmt;
	SELECT lead_mgmt.create_workspace('crm'); $users_own" . q{
	COMMENT ON COLUMN crm.lead.plan IS 'What the customer bought: ours';
	CREATE INDEX lead_plan_idx ON crm.lead (plan);
	CREATE VIEW crm.gold AS SELECT l.id, l.score, r.name FROM crm.lead l LEFT JOIN crm.rep r ON r.id = l.owner_id WHERE plan = 'gold';
	CREATE FUNCTION crm.tidy() RETURNS trigger LANGUAGE plpgsql AS
	  $$ BEGIN NEW.product_interest := coalesce(NEW.product_interest, 'any'); RETURN NEW; END $$;
	CREATE TRIGGER tidy BEFORE INSERT ON crm.lead FOR EACH ROW EXECUTE FUNCTION crm.tidy();
	GRANT USAGE ON SCHEMA crm TO reader, clerk;
	GRANT SELECT ON ALL TABLES IN SCHEMA crm TO reader;
	GRANT INSERT ON crm.lead TO clerk WITH GRANT OPTION;
	GRANT UPDATE (notes, status) ON crm.lead TO clerk;
	UPDATE crm.setting SET time_zone = 'Europe/Vienna', response_within = '10 min';
	INSERT INTO crm.rep (name, active, region) VALUES ('Ana', true, 'north'), ('Ben', true, NULL), ('Cem', false, 'south'), ('Dua', true, NULL);
	INSERT INTO crm.team (name) VALUES ('Key accounts');
	INSERT INTO crm.team_member (team_id, rep_id, weight) VALUES (1, 1, 2), (1, 4, 1);
	INSERT INTO crm.assignment_rule (position, name, condition, method, team_id) VALUES
	  (10, 'Large ones', 'company_size >= 500', 'round_robin', 1);
	INSERT INTO crm.assignment_rule (position, name, condition, method, rep_id) VALUES
	  (20, 'Ben knows them', $$plan = 'gold'$$, 'fixed', 2);
	UPDATE crm.score_rule SET points = points + 1 WHERE name LIKE 'Company size%';
	INSERT INTO crm.score_rule (model_id, dimension, name, condition, points)
	SELECT id, 'firmographic', r.* FROM crm.score_model, (VALUES ('Gold', $$plan = 'gold'$$, 4.25),
	  ('Good mood', $$mood = 'good'$$, -1), ('Fails', $$job_title::int > 3$$, 1)) r;
	INSERT INTO crm.lead (contact_name, email, phone, company, job_title, company_size, country, source, plan, mood, status, created_at,
	  budget_confirmed, authority_confirmed, need_confirmed, timeline_confirmed, attributes, tags)
	SELECT 'Zoë Nº ' || i % 170, (i % 210) || '@Example.com', CASE WHEN i % 3 = 0 THEN '+43 1 58' || 10000 + i % 90 END,
	  (ARRAY['Acme Inc.', 'Bär GmbH', NULL, 'C''est "la" \vie'])[1 + i % 4], (ARRAY['CEO', 'manager', NULL, '12', 'intern'])[1 + i % 5],
	  i * 7 % 1300, (ARRAY['US', 'AT', NULL])[1 + i % 3], (ARRAY['Website', 'Referral', NULL])[1 + i % 3],
	  CASE WHEN i % 6 = 0 THEN 'gold' ELSE 'silver' END, (ARRAY['bad', 'good', NULL])[1 + i % 3]::crm.mood,
	  CASE WHEN i % 11 = 0 THEN 'nurture' ELSE 'new' END, now() - i * interval '7 hours',
	  i % 2 = 0, i % 2 = 0, i % 2 = 0, i % 2 = 0, jsonb_build_object('growth_rate', i % 5), CASE WHEN i % 4 = 0 THEN ARRAY['a', 'b"c'] END
	FROM generate_series(1, 400) i;
	UPDATE crm.lead SET status = 'contacted', status_since = status_since + interval '1 hour' WHERE id % 3 = 0;
	UPDATE crm.lead SET status = 'qualified' WHERE id % 6 = 0;
	UPDATE crm.lead SET status = 'converted' WHERE id % 12 = 0;
	UPDATE crm.lead SET owner_id = 2 WHERE id % 17 = 0;
	UPDATE crm.lead SET owner_id = NULL WHERE id = 34;
	UPDATE crm.lead SET email = 'moved' || id || '@example.com', company_size = 60 WHERE id % 29 = 0;
	UPDATE crm.lead SET archived_at = now() WHERE id % 31 = 0;
	DELETE FROM crm.lead WHERE id IN (5, 66, 400);
	UPDATE crm.duplicate SET state = 'not_duplicate' WHERE lead_id % 5 = 0;
	UPDATE crm.duplicate SET state = 'confirmed' WHERE lead_id % 7 = 0;
	INSERT INTO crm.note (lead_id, body) SELECT id, 'note on ' || id FROM crm.lead WHERE id % 10 = 0;
	ALTER TABLE crm.lead DISABLE TRIGGER tidy});

is($node->safe_psql('source', q{
	SELECT (SELECT count(*) > 600 FROM crm.status_change), (SELECT count(*) > 400 FROM crm.assignment),
	  (SELECT count(DISTINCT state) FROM crm.duplicate), (SELECT count(*) > 100 FROM crm.duplicate_link),
	  (SELECT count(*) FROM crm.rule_failure), (SELECT count(DISTINCT score) > 5 FROM crm.lead),
	  (SELECT count(*) > 10 FROM pg_trigger WHERE tgenabled = 'A' AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'crm'::regnamespace))}),
	't|t|3|t|1|t|t', 'there is something of everything to be lost');

sub dump_db
{
	my ($file, $user, @options) = @_;
	command_ok([ 'pg_dump', '-d', $node->connstr('source'), '-U', $user, '-f', "$folder/$file", @options ],
		"pg_dump @options as $user");
	return;
}

sub psql_file
{
	my ($db, $user, $file) = @_;
	command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-U', $user, '-d', $node->connstr($db), '-f', "$folder/$file" ],
		"psql restores $file as $user");
	return;
}

# ---- By a superuser, before it is renamed ---------------------------------------------

my $contents = contents($node, 'source', 'crm');
my $definitions = definitions($node, 'source', 'crm');

my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
dump_db('super.dump', $superuser, '-Fc');
command_ok([ 'pg_restore', '-e', '-U', $superuser, '-d', $node->connstr('copy_super'), "$folder/super.dump" ], 'pg_restore of a custom dump');
restored('copy_super', 'crm', $contents, $definitions, 'custom format');
is($node->safe_psql('copy_super', 'SELECT * FROM lead_mgmt.workspace'),
	$node->safe_psql('source', 'SELECT * FROM lead_mgmt.workspace'), 'the copy is listed as a workspace');

# The comparison can fail.
$node->safe_psql('copy_super', q{
	UPDATE crm.status_change SET recorded_at = recorded_at + '1 us' WHERE id = 7;
	ALTER TABLE crm.rep ENABLE TRIGGER "!lead_mgmt_changed"});
my $changed = contents($node, 'copy_super', 'crm');
isnt(join("\n", @{ $changed->{status_change} }), join("\n", @{ $contents->{status_change} }), 'a changed row would be noticed');
isnt(join("\n", @{ definitions($node, 'copy_super', 'crm')->{triggers} }), join("\n", @{ $definitions->{triggers} }),
	'and a trigger that is not enabled always any more');

# ---- Renamed, by the plain owner, plain and custom with two jobs ---------------------------

$node->safe_psql('source', 'SET ROLE owner_; ALTER SCHEMA crm RENAME TO sales');
same(contents($node, 'source', 'sales'), $contents, 'renaming a schema changes no row');
$definitions = definitions($node, 'source', 'sales');

dump_db('plain.sql', 'owner_', '-Fp');
psql_file('copy_plain', 'owner_', 'plain.sql');
restored('copy_plain', 'sales', $contents, $definitions, 'plain format, renamed');

dump_db('custom.dump', 'owner_', '-Fc');
command_ok([ 'pg_restore', '-e', '-j', '2', '-U', 'owner_', '-d', $node->connstr('copy_custom'), "$folder/custom.dump" ],
	'pg_restore with two jobs');
restored('copy_custom', 'sales', $contents, $definitions, 'custom format, two jobs');

dump_db('inserts.sql', 'owner_', '--inserts');
psql_file('copy_inserts', 'owner_', 'inserts.sql');
restored('copy_inserts', 'sales', $contents, $definitions, 'as INSERT statements');

# ---- Data alone, into an empty workspace -----------------------------------------------------

dump_db('data.sql', $superuser, '--data-only', '--disable-triggers', '-n', 'sales');
(my $own = $users_own) =~ s/\bcrm\b/sales/g;
$node->safe_psql('copy_data', qq{
	SET client_min_messages = error;
	SET ROLE owner_;
	CREATE EXTENSION lead_mgmt;
	SELECT lead_mgmt.create_workspace('sales', 'empty'); $own
	DO \$\$ DECLARE t text; BEGIN
	  FOR t IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'sales'::regnamespace AND relkind = 'r' LOOP
	    EXECUTE 'TRUNCATE ' || t || ' CASCADE';
	  END LOOP;
	END \$\$;});
my $fresh_triggers = definitions($node, 'copy_data', 'sales')->{triggers};
# The team's sequence of tickets came with the team, which triggers that are
# disabled do not see: setting it fails, and upgrade_workspace makes it anew.
my $data_err = '';
IPC::Run::run([ 'psql', '-X', '-q', '-d', $node->connstr('copy_data'), '-f', "$folder/data.sql" ], '>', \my $ignored, '2>', \$data_err);
is(join("\n", grep { !/team_ticket_1|^LINE|\^/ } split /\n/, $data_err), '', 'data alone is restored without another error');
my %expected = %$contents;
delete $expected{team_ticket_1};
same(contents($node, 'copy_data', 'sales'), \%expected, 'data alone: every row and sequence is as it was');
$node->safe_psql('copy_data', q{SET ROLE owner_; SELECT lead_mgmt.upgrade_workspace('sales')});
my $upgraded = contents($node, 'copy_data', 'sales');
ok(delete $upgraded->{team_ticket_1}, 'data alone: upgrade_workspace makes the tickets of the team');
# The rule that always fails is reported once a session, and this was another.
delete $_->{rule_failure}, delete $_->{rule_failure_id_seq} foreach $upgraded, \%expected;
same($upgraded, \%expected, 'data alone: upgrade_workspace finds nothing to repair');
is(join("\n", @{ definitions($node, 'copy_data', 'sales')->{triggers} }), join("\n", @$fresh_triggers),
	'data alone: triggers are enabled as they were');

# ---- The copies go on where the source stands ----------------------------------------------------

my $go_on = q{
	SET ROLE owner_;
	INSERT INTO sales.lead (contact_name, email, company, company_size, plan, product_interest)
	SELECT 'Later ' || i, (i % 12) * 20 || '@example.com', 'Acme', CASE WHEN i % 4 = 0 THEN 700 ELSE 60 END,
	  CASE WHEN i % 5 = 0 THEN 'gold' END, 'x'
	FROM generate_series(1, 40) i;
	UPDATE sales.lead SET status = 'contacted' WHERE status = 'new' AND id % 5 = 1;
	UPDATE sales.lead SET owner_id = 4, company_size = 600 WHERE id % 50 = 3;
	DELETE FROM sales.lead WHERE id = 20;
	UPDATE sales.duplicate SET state = 'confirmed' WHERE lead_id > 400 AND other_id < 200;
};
# Rows of the heap are in another order in a copy, so ledgers are compared by lead.
my $state = q{
	SELECT 'lead', id, owner_id, score, grade, status, email_key, name_key, score_adjustment, demographic_score FROM sales.lead
	UNION ALL SELECT 'status', lead_id, row_number() OVER (PARTITION BY lead_id ORDER BY id), NULL, from_status, to_status, actor, login, NULL, NULL FROM sales.status_change
	UNION ALL SELECT 'owner', lead_id, row_number() OVER (PARTITION BY lead_id ORDER BY id), rep_id::int, from_rep_id::text, method, reason, skipped::text, NULL, rule_id FROM sales.assignment
	UNION ALL SELECT 'pair', lead_id, other_id, NULL, state, rules::text, NULL, NULL, similarity, NULL FROM sales.duplicate ORDER BY 1, 2, 3};
my $before = $node->safe_psql('source', $state);
$node->safe_psql('source', $go_on);
my @after = rows($node, 'source', $state);
isnt(join("\n", @after), $before, 'the source goes on');
# The team in copy_data begins its turns anew; there they are set as they were.
$node->psql('copy_data', "SELECT setval('sales.team_ticket_1', " . join(', ', map { /(\d+)\|(.)/ ? "$1, '$2'" : () } @{ $contents->{team_ticket_1} }) . ')');
foreach my $db (qw(copy_plain copy_custom copy_inserts copy_data))
{
	# A rule that always fails is reported once a session, as a warning.
	$node->safe_psql($db, $go_on);
	same({ state => [ rows($node, $db, $state) ] }, { state => \@after },
		"$db gives new leads the scores, owners, ledgers and duplicates that the source gives them");
	is($node->safe_psql($db, 'SELECT count(*) FROM sales.score_audit'), '0', "$db: scores agree with the rules");
}
is($node->safe_psql('copy_plain', q{SELECT count(*) > 5 FROM sales.duplicate WHERE lead_id > 400 AND other_id < 400}), 't',
	'new leads are found to be duplicates of restored ones');
is($node->safe_psql('copy_plain', q{
	SET ROLE clerk;
	INSERT INTO sales.lead (contact_name, email) VALUES ('By clerk', 'clerk@example.com');
	RESET ROLE;
	SELECT status, owner_id IS NOT NULL, (SELECT actor FROM sales.status_change WHERE lead_id = l.id) FROM sales.lead l WHERE contact_name = 'By clerk'}),
	'new|t|clerk', 'a role that was granted INSERT has it in the copy');
my ($out, $err);
$node->psql('copy_plain', q{SET ROLE clerk; SELECT * FROM sales.lead}, stderr => \$err);
like($err, qr/permission denied for table lead/, 'and no more');
$node->psql('copy_plain', q{INSERT INTO sales.lead (contact_name, email, status) VALUES ('X', 'x@example.com', 'converted')}, stderr => \$err);
like($err, qr/check constraint|lead_status_transition|converted/, 'the rules of the life cycle hold in the copy');

$node->stop;
done_testing();
