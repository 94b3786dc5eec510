# CALL lead_mgmt.find_duplicates: killed in the middle and taken up again, two at
# once, beside writers; a dump of the blocks and links restored elsewhere.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE work');

sub value { my ($sql) = @_; return $node->safe_psql('work', "SET client_min_messages = warning; $sql"); }

# People, one in five of them misspelt once more.
my $people = q{
	SELECT i, (ARRAY['Katherine', 'Robert', 'Maria', 'Zoltan', 'Ingrid', 'Pierre', 'Yuki'])[1 + i % 4000 % 7] || ' '
	    || initcap(translate((i % 4000 * 7919)::text, '0123456789', 'abedilomun')) || CASE WHEN i > 4000 THEN 's' ELSE '' END,
	  CASE WHEN i > 4000 THEN 'other' ELSE 'mail' END || i || '@company' || i % 4000 || '.example',
	  'Company ' || translate((i % 4000 * 104729)::text, '0123456789', 'abedilomun'), 'City ' || i % 4000 % 97
	FROM generate_series(1, 5000) i};
my $load = "INSERT INTO crm.lead (id, contact_name, email, company, city) $people";

value(qq{
	CREATE EXTENSION lead_mgmt;
	SELECT lead_mgmt.create_workspace('crm');
	$load;
	CREATE TABLE expected AS SELECT lead_id, other_id, rules, similarity FROM crm.duplicate;
	TRUNCATE crm.lead CASCADE;
	UPDATE crm.match_rule SET action = 'off';
	$load;
	UPDATE crm.match_rule SET action = 'flag';});
cmp_ok(value('SELECT count(*) FROM expected'), '>=', 300, 'there is something to be found');
is(value('SELECT count(*) FROM crm.duplicate'), '0', 'and nothing is found yet');
my $difference = q{
	SELECT count(*) FROM ((SELECT lead_id, other_id, rules, similarity FROM crm.duplicate EXCEPT TABLE expected)
	UNION ALL (TABLE expected EXCEPT SELECT lead_id, other_id, rules, similarity FROM crm.duplicate)) d};

# ---- Killed in the middle -----------------------------------------------------------

# It stops at a lead that no trigger has seen, and whose row is locked.
value(q{ALTER TABLE crm.lead DISABLE TRIGGER USER; UPDATE crm.lead SET person_key = NULL WHERE id = 3500;
	ALTER TABLE crm.lead ENABLE TRIGGER USER});
my ($in, $out, $err) = ("BEGIN; SELECT id FROM crm.lead WHERE id = 3500 FOR UPDATE;\n", '', '');
my $holder = IPC::Run::start([ 'psql', '-X', '-q', '-A', '-t', '-d', $node->connstr('work'), '-f', '-' ], '<', \$in, '>', \$out, '2>', \$err);
IPC::Run::pump($holder) until $out =~ /3500/;
my ($call_out, $call_err) = ('', '');
my $caller = IPC::Run::start([ 'psql', '-X', '-d', $node->connstr('work'), '-c', q{CALL lead_mgmt.find_duplicates('crm')} ],
	'>', \$call_out, '2>', \$call_err);
$node->poll_query_until('work', q{
	SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE 'CALL%find_duplicates%' AND wait_event_type = 'Lock'}) or die 'it does not wait';
is(value('SELECT state, done, total FROM crm.job'), 'running|3000|5000', 'the job says how far it is');
my ($status, $stdout, $stderr) = $node->psql('work', q{CALL lead_mgmt.find_duplicates('crm')});
isnt($status, 0, 'two at once are refused');
like($stderr, qr/find_duplicates of workspace "crm" is under way already/, 'and told why');
$node->stop('immediate');
IPC::Run::finish($caller);
$in .= "\\q\n";
IPC::Run::finish($holder);
$node->start;

is(value('SELECT state, done FROM crm.job'), 'stopped|3000', 'after a crash it is stopped, what is done is done');
my $before = value('SELECT count(*) FROM crm.duplicate_link');
($status, $stdout, $stderr) = $node->psql('work', q{CALL lead_mgmt.find_duplicates('crm')});
like($stderr, qr/resuming find_duplicates of workspace "crm" behind id 3000/, 'it is taken up where it stopped');
is(value('SELECT state, done, total FROM crm.job'), 'finished|5000|5000', 'and finishes');
cmp_ok(value('SELECT count(*) FROM crm.duplicate_link'), '>', $before, 'having found more');
is(value($difference), '0', 'the same pairs as when the leads came in one by one');
is(value('SELECT count(*) - count(DISTINCT (lead_id, other_id, key)) FROM crm.duplicate_link'), '0', 'no pair twice');

# ---- Beside writers -------------------------------------------------------------------

value(q{TRUNCATE crm.lead CASCADE; UPDATE crm.match_rule SET action = 'off'});
value("$load ORDER BY i LIMIT 4000");
value(q{UPDATE crm.match_rule SET action = 'flag'});
my ($one, $two) = ('', '');
my @all = map { IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('work'), '-c', $_ ], '>', \$one, '2>', \$two) }
  q{CALL lead_mgmt.find_duplicates('crm')},
  (map { my $r = $_; "INSERT INTO crm.lead (id, contact_name, email, company, city) SELECT * FROM ($people) p WHERE i > 4000 AND i % 4 = $r" } 0 .. 3);
IPC::Run::finish($_) foreach @all;
is(value(q{SELECT count(*) FROM (SELECT lead_id, other_id FROM expected EXCEPT SELECT lead_id, other_id FROM crm.duplicate) d}), '0',
	'leads that come in meanwhile are found too');

# ---- Dump and restore ------------------------------------------------------------------

my $file = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-d', $node->connstr('work'), '-f', $file ], 'dumped');
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('other'), '-f', $file ], 'restored');
foreach my $query ('SELECT md5(string_agg(d::text, \',\' ORDER BY lead_id, other_id)) FROM crm.duplicate d',
	'SELECT count(*), sum(block::numeric) FROM crm.lead_block')
{
	is($node->safe_psql('other', $query), value($query), "the same: $query");
}
$node->safe_psql('other', q{
	INSERT INTO crm.lead (id, contact_name, email, company, city)
	SELECT 9001, contact_name || 's', 'new@elsewhere.example', company, city FROM crm.lead WHERE id = 17});
is($node->safe_psql('other', 'SELECT rules FROM crm.duplicate WHERE lead_id = 9001 AND other_id = 17'), '{fuzzy}', 'and it goes on finding');

$node->stop;
done_testing();
