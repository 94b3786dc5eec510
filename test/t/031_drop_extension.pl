# DROP EXTENSION is refused while a workspace uses it.  With CASCADE it takes
# triggers and what calls the extension, but no row; CREATE EXTENSION and
# upgrade_workspace make the workspace whole again, with the rows that were
# written meanwhile.  upgrade_workspace brings back whatever else is missing.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use FindBin;
use lib $FindBin::RealBin;
use LeadMgmtTest qw(rows contents definitions same few_rules disagreements);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', q{
	CREATE ROLE owner_ LOGIN; CREATE ROLE other LOGIN;
	CREATE DATABASE used OWNER owner_; CREATE DATABASE fresh OWNER owner_});

# ---- Tools --------------------------------------------------------------------

sub agrees
{
	my ($name) = @_;
	is($node->safe_psql('used', disagreements()), '', "$name: leads and ledgers agree");
	return;
}

sub refused
{
	my ($sql, $pattern, $name) = @_;
	my $err;
	$node->psql('used', "\\set VERBOSITY verbose\n$sql", stderr => \$err);
	like($err, $pattern, $name);
	return;
}

# ---- A workspace in use, and one to compare with ----------------------------------

$node->safe_psql('fresh', q{SET ROLE owner_; CREATE EXTENSION lead_mgmt; SELECT lead_mgmt.create_workspace('crm')});
my $fresh = definitions($node, 'fresh', 'crm');

$node->safe_psql('used', "SET ROLE owner_; SET client_min_messages = error;
	CREATE EXTENSION lead_mgmt; SELECT lead_mgmt.create_workspace('crm');" . few_rules() . q{
	INSERT INTO crm.rep (name) VALUES ('Ana'), ('Ben'), ('Cem');
	INSERT INTO crm.lead (contact_name, email, phone, company, company_size, tags, source, created_at)
	SELECT 'L' || i % 70, (i % 90) || '@example.com', '+1 212 555 ' || lpad((i % 95)::text, 4, '0'), 'Acme', i,
	  CASE WHEN i % 4 = 0 THEN '{vip}'::text[] END, 'Website', now() - i * interval '1 hour' FROM generate_series(1, 120) i;
	UPDATE crm.lead SET status = 'contacted' WHERE id % 2 = 0;
	UPDATE crm.lead SET status = 'qualified', budget_confirmed = true, authority_confirmed = true, need_confirmed = true,
	  timeline_confirmed = true WHERE id % 4 = 0;
	UPDATE crm.duplicate SET state = 'not_duplicate' WHERE lead_id % 3 = 0;
	DELETE FROM crm.lead WHERE id = 7;
	CREATE TABLE crm.note (lead_id bigint REFERENCES crm.lead ON DELETE CASCADE, body text);
	INSERT INTO crm.note VALUES (1, 'kept');
	CREATE VIEW crm.mine AS SELECT id, score FROM crm.lead WHERE score > 20;
	DELETE FROM crm.lead_source WHERE name = 'Cold Call'});
agrees('before');
my $definitions = definitions($node, 'used', 'crm');

my @reports = qw(conversion_funnel lead_source_analysis rep_performance);
sub reports
{
	my ($setting) = @_;
	return { map { $_ => [ rows($node, 'used', ($setting || '') . "SELECT to_jsonb(v) FROM crm.$_ v") ] } @reports };
}
my $reports = reports();
my $past = q{SET lead_mgmt.as_of = '2020-01-01';};
my $past_reports = reports($past);
my $contents = contents($node, 'used', 'crm');

# ---- DROP EXTENSION -----------------------------------------------------------------

refused('DROP EXTENSION lead_mgmt', qr/2BP01.*trigger .*lead_mgmt.* on table crm\.lead depends on/s, 'DROP EXTENSION is refused');
refused('DROP SCHEMA lead_mgmt', qr/2BP01/, 'and so is dropping its schema');
same(definitions($node, 'used', 'crm'), $definitions, 'nothing is gone');

# A session that has used it goes on without.
$node->safe_psql('used', q{
	SET client_min_messages = error;
	INSERT INTO crm.lead (contact_name, email) VALUES ('gone', 'gone@example.com');
	DELETE FROM crm.lead WHERE contact_name = 'gone';
	DROP EXTENSION lead_mgmt CASCADE;
	INSERT INTO crm.lead (id, contact_name, email) VALUES (1000, 'alone', 'alone@example.com');
	DELETE FROM crm.lead WHERE id = 1000});
is($node->safe_psql('used', q{
	SELECT count(*) FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'crm'::regnamespace) AND NOT tgisinternal}),
	'0', 'CASCADE takes the triggers');
my $after = contents($node, 'used', 'crm');
# That session has drawn ids and a ticket, which leaves no rows.
my @drawn = grep { /_seq$|ticket/ } keys %$after;
delete @{$_}{@drawn} foreach $contents, $after;
same($after, $contents, 'and not a row of any table');
same(reports(), $reports, 'reports are as before');
same(reports($past), $past_reports, 'also as of a day in the past');
is($node->safe_psql('used', 'SELECT count(*) FROM crm.lead_aging'), '6', 'lead_aging too');
is($node->safe_psql('used', 'SELECT count(*) > 0 FROM crm.mine'), 't', 'a view of the user\'s own stays');
is($node->safe_psql('used', 'SELECT count(*) > 0, count(*) FILTER (WHERE state = \'not_duplicate\') > 0 FROM crm.duplicate'), 't|t',
	'pairs of duplicates can be read');

# ---- Written meanwhile ------------------------------------------------------------------

$node->safe_psql('used', q{
	SET ROLE owner_;
	INSERT INTO crm.lead (id, contact_name, email, company_size, tags) VALUES
	  (501, 'M1', ' 3@EXAMPLE.com ', 80, '{vip}'), (502, 'M2', 'm2@example.com', 10, NULL), (503, 'M3', 'm2@example.com', 50, NULL);
	INSERT INTO crm.lead (id, contact_name, email, status, owner_id) VALUES (504, 'M4', 'm4@example.com', 'contacted', 2);
	UPDATE crm.lead SET email = 'moved@example.com' WHERE id IN (10, 11);
	UPDATE crm.lead SET status = 'nurture' WHERE id = 12;
	UPDATE crm.lead SET status = 'unqualified', status_since = now() WHERE id = 13;
	UPDATE crm.lead SET company_size = 100 - company_size WHERE id IN (20, 21, 80);
	UPDATE crm.lead SET job_title = 'student' WHERE id = 60;
	UPDATE crm.lead SET owner_id = 1 + owner_id % 3 WHERE id = 30;
	UPDATE crm.lead SET owner_id = NULL WHERE id = 31;
	DELETE FROM crm.lead WHERE id = 40});
isnt($node->safe_psql('used', 'SET ROLE owner_; ' . disagreements() =~ s/UNION ALL SELECT 'score_audit.*?score_audit//sr), '',
	'what was written meanwhile lacks keys, scores and ledger rows');

# ---- Whole again ---------------------------------------------------------------------------

refused(q{SELECT lead_mgmt.upgrade_workspace('crm')}, qr/42883/, 'without the extension there is no upgrade');
$node->safe_psql('used', q{SET ROLE owner_; CREATE EXTENSION lead_mgmt; SELECT lead_mgmt.upgrade_workspace('crm')});
same(definitions($node, 'used', 'crm'), $definitions, 'triggers, views, comments and all are as they were');
my %ours = map {
	my $kind = $_;
	$kind => [ grep { $kind !~ /columns|relations|constraints/ || !/^(note|mine)\|/ } @{ definitions($node, 'used', 'crm')->{$_} } ]
} qw(triggers indexes);
same(\%ours, { map { $_ => $fresh->{$_} } keys %ours }, 'and as in a fresh workspace');
same({ views => [ grep { !/^mine\|/ } rows($node, 'used', q{
		SELECT relname || '|' || md5(pg_get_viewdef(oid)) FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v' ORDER BY 1}) ] },
	{ views => [ rows($node, 'fresh', q{
		SELECT relname || '|' || md5(pg_get_viewdef(oid)) FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v' ORDER BY 1}) ] },
	'every view has the text of a fresh one');
agrees('after upgrade_workspace');
is($node->safe_psql('used', q{SELECT string_agg(coalesce(from_status, '-') || '>' || to_status, ' ' ORDER BY id) FROM crm.status_change WHERE lead_id = 12}),
	'->new new>contacted contacted>qualified qualified>nurture', 'a change of status made meanwhile is in the ledger');
is($node->safe_psql('used', q{SELECT count(*) FROM crm.duplicate WHERE (lead_id, other_id) IN ((501, 3), (503, 502), (11, 10))}), '3',
	'and duplicates that came meanwhile are found');
is($node->safe_psql('used', q{SELECT string_agg(score || ':' || email_key, ' ' ORDER BY id) FROM crm.lead WHERE id > 500}),
	'50:3@example.com 0:m2@example.com 30:m2@example.com 0:m4@example.com', 'leads that came meanwhile have scores and keys');
is($node->safe_psql('used', q{SELECT count(*) FROM crm.lead_source WHERE name = 'Cold Call'}), '0',
	'what the user took out of a catalogue stays out');
is($node->safe_psql('used', q{
	SET ROLE owner_; INSERT INTO crm.lead (contact_name, email, company_size) VALUES ('N', '5@example.com', 90) RETURNING score, owner_id IS NOT NULL}),
	'30|t', 'new leads are scored and routed');
refused(q{UPDATE crm.lead SET status = 'converted' WHERE status = 'new'}, qr/23514.*lead_status_transition/s, 'the rules hold again');
agrees('new leads');

# ---- Idempotent ------------------------------------------------------------------------------------

$contents = contents($node, 'used', 'crm');
$definitions = definitions($node, 'used', 'crm');
$node->safe_psql('used', q{SET ROLE owner_; SELECT lead_mgmt.upgrade_workspace('crm'); SELECT lead_mgmt.upgrade_workspace('crm')});
same(contents($node, 'used', 'crm'), $contents, 'upgrade_workspace again changes no row and draws no number');
same(definitions($node, 'used', 'crm'), $definitions, 'nor any definition');

# ---- Things that went missing one by one ---------------------------------------------------------------

sub repairs
{
	my ($what, $sql) = @_;
	$node->safe_psql('used', "SET client_min_messages = error; SET ROLE owner_; $sql");
	isnt(join("\n", map { @{$_} } @{ definitions($node, 'used', 'crm') }{ sort keys %$definitions }),
		join("\n", map { @{$_} } @{$definitions}{ sort keys %$definitions }), "$what is gone");
	$node->safe_psql('used', q{SET ROLE owner_; SELECT lead_mgmt.upgrade_workspace('crm')});
	same(definitions($node, 'used', 'crm'), $definitions, "$what comes back");
	same(contents($node, 'used', 'crm'), $contents, "with $what, every row is as it was");
	return;
}
my @gone = rows($node, 'used', q{
	SELECT format('DROP INDEX crm.%I;', c.relname) FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid
	WHERE relnamespace = 'crm'::regnamespace AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))});
cmp_ok(scalar @gone, '>', 15, 'there are indexes to lose');
repairs('every index', join ' ', @gone);
@gone = rows($node, 'used', q{
	SELECT format('DROP TRIGGER %I ON %s;', tgname, tgrelid::regclass) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
	WHERE relnamespace = 'crm'::regnamespace AND NOT tgisinternal});
cmp_ok(scalar @gone, '>', 20, 'there are triggers to lose');
repairs('every trigger', join ' ', @gone);
@gone = rows($node, 'used', q{
	SELECT format('DROP VIEW IF EXISTS crm.%I CASCADE;', relname) FROM pg_class
	WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v' AND relname <> 'mine'});
cmp_ok(scalar @gone, '>', 5, 'there are views to lose');
repairs('every view', join ' ', @gone);
repairs('what makes triggers fire always', q{ALTER TABLE crm.score_rule ENABLE TRIGGER "!lead_mgmt_changed"; ALTER TABLE crm.lead DISABLE TRIGGER "~lead_mgmt_decide"});
repairs('comments', q{COMMENT ON TABLE crm.lead IS NULL; COMMENT ON COLUMN crm.lead.email IS 'x'; COMMENT ON VIEW crm.duplicate IS NULL});

# A sequence begins anew and an empty table comes back empty, so rows are not compared.
$node->safe_psql('used', q{SET client_min_messages = error; DROP SEQUENCE crm.rep_ticket; DROP TABLE crm.rule_failure;
	ALTER TABLE crm.duplicate_link ALTER COLUMN rule SET NOT NULL});
refused(q{INSERT INTO crm.lead (contact_name, email) VALUES ('X', 'x@example.com')}, qr/rep_ticket|rule_failure/, 'without rep_ticket it is an error');
refused(q{INSERT INTO crm.lead (contact_name, email) VALUES ('X', 'x@example.com')}, qr/upgrade_workspace/, 'that says what to do');

# ---- Whose it is ---------------------------------------------------------------------------------------------

$node->safe_psql('used', 'GRANT ALL ON SCHEMA crm TO other; GRANT ALL ON ALL TABLES IN SCHEMA crm TO other');
refused(q{SET ROLE other; SELECT lead_mgmt.upgrade_workspace('crm')}, qr/42501.*must be owner of workspace "crm"/s, 'who is not the owner may not upgrade');
refused(q{SELECT lead_mgmt.upgrade_workspace('nowhere')}, qr/3F000/, 'a schema that is not there');
refused(q{SELECT lead_mgmt.upgrade_workspace('public')}, qr/42704.*is not a workspace/s, 'a schema that is no workspace');
$node->safe_psql('used', 'REVOKE ALL ON SCHEMA crm FROM other; REVOKE ALL ON ALL TABLES IN SCHEMA crm FROM other');
# By a superuser, with objects to make.
$node->safe_psql('used', q{DROP VIEW crm.conversion_funnel, crm.score_explanation; SELECT lead_mgmt.upgrade_workspace('crm')});
is($node->safe_psql('used', q{SELECT DISTINCT relowner::regrole FROM pg_class WHERE relnamespace = 'crm'::regnamespace}), 'owner_',
	'what a superuser\'s upgrade makes belongs to the owner');
same({ map { $_ => definitions($node, 'used', 'crm')->{$_} } qw(triggers indexes views columns sequences constraints) },
	{ map { $_ => $definitions->{$_} } qw(triggers indexes views columns sequences constraints) },
	'rep_ticket, rule_failure and the views are back');
is($node->safe_psql('used', q{SELECT current_user, count(*) FROM crm.rule_failure}), $node->safe_psql('used', 'SELECT current_user') . '|0',
	'and the superuser is who he was');
$node->safe_psql('used', q{SET ROLE owner_; INSERT INTO crm.lead (contact_name, email) SELECT 'T', i || 't@example.com' FROM generate_series(1, 9) i});
is($node->safe_psql('used', q{SELECT string_agg(n::text, ',') FROM (SELECT count(*) AS n FROM crm.lead WHERE contact_name = 'T' GROUP BY owner_id) c}),
	'3,3,3', 'turns go on evenly');
agrees('at last');

# ---- Versions ----------------------------------------------------------------------------------------------------

my $version = $node->safe_psql('used', q{SELECT extversion FROM pg_extension WHERE extname = 'lead_mgmt'});
is($node->safe_psql('used', 'SELECT name, owner, version FROM lead_mgmt.workspace'), "crm|owner_|$version", 'the workspace is of this version');
$node->safe_psql('used', q{UPDATE crm.setting SET workspace_version = '0.0.1'; SELECT lead_mgmt.upgrade_workspace('crm')});
is($node->safe_psql('used', 'SELECT workspace_version FROM crm.setting'), $version, 'an older one is brought to it');
$node->safe_psql('used', q{UPDATE crm.setting SET workspace_version = '10.0.0'});
refused(q{SELECT lead_mgmt.upgrade_workspace('crm')}, qr/55000.*newer/s, 'a newer one is left alone');
is($node->safe_psql('used', 'SELECT workspace_version FROM crm.setting'), '10.0.0', 'and keeps its version');

# ---- The end ---------------------------------------------------------------------------------------------------------

$node->safe_psql('used', q{SET client_min_messages = error; DROP SCHEMA crm CASCADE; DROP EXTENSION lead_mgmt});
is($node->safe_psql('used', q{
	SELECT (SELECT count(*) FROM pg_namespace WHERE nspname = 'crm'), (SELECT count(*) FROM pg_proc WHERE pronamespace = 'lead_mgmt'::regnamespace),
	  (SELECT count(*) FROM pg_class WHERE relnamespace = 'lead_mgmt'::regnamespace)}), '0|0|0',
	'without a workspace DROP EXTENSION takes all that it brought');
$node->safe_psql('used', q{SET ROLE owner_; CREATE EXTENSION lead_mgmt; SELECT lead_mgmt.create_workspace('crm')});
same({ views => definitions($node, 'used', 'crm')->{views} }, { views => $fresh->{views} }, 'and it can be installed again');

$node->stop;
done_testing();
