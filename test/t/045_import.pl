# Imports that are killed in the middle, run twice, meet web forms of the same
# people, and are dumped and restored half done: each row counts once, and each
# person is one lead.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use FindBin;
use lib $FindBin::RealBin;
use LeadMgmtTest qw(kill_all);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
# It is the server that dies here, not the machine.
$node->append_conf('postgresql.conf', "fsync = off\nrestart_after_crash = off");
$node->start;
my $folder = $node->basedir;

sub value
{
	my ($sql, $db) = @_;
	return $node->safe_psql($db // 'postgres', $sql);
}

# A session in the background that runs a script.
sub session
{
	my ($name, $sql) = @_;
	my $file = "$folder/$name.sql";
	open(my $fh, '>', $file) or die "$file: $!";
	print $fh $sql;
	close $fh;
	my %session = (out => '', err => '');
	$session{handle} = IPC::Run::start([ 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-f', $file ],
		'<', \undef, '>', \$session{out}, '2>', \$session{err});
	return \%session;
}

# What must hold of a batch at any time.  Rows that disagree, if there are any.
sub disagreements_of
{
	my ($batch) = @_;
	return qq{
		SELECT 'outcome without a lead: ' || o.row FROM crm.import_outcome o
		WHERE o.batch_id = $batch AND NOT EXISTS (SELECT FROM crm.lead l WHERE l.id = o.lead_id)
		UNION ALL SELECT 'two rows made lead ' || o.lead_id FROM crm.import_outcome o
		WHERE o.outcome = 'new' GROUP BY o.lead_id HAVING count(*) > 1
		UNION ALL SELECT 'lead of no row: ' || l.id FROM crm.lead l
		WHERE l.source = 'Trade Show' AND NOT EXISTS (SELECT FROM crm.import_outcome o WHERE o.lead_id = l.id AND o.outcome = 'new')
		UNION ALL SELECT 'engagements of batch $batch: ' || (SELECT count(*) FROM crm.engagement WHERE properties ->> 'import_batch' = '$batch')
		WHERE (SELECT count(*) FROM crm.engagement WHERE properties ->> 'import_batch' = '$batch')
		  <> (SELECT count(*) FROM crm.import_outcome WHERE batch_id = $batch AND outcome = 'known')
		UNION ALL SELECT 'counts: ' || b.imported || ', ' || b.updated FROM crm.import_load b
		WHERE b.id = $batch AND (b.imported, b.updated) NOT IN (
		  SELECT count(*) FILTER (WHERE outcome = 'new'), count(*) FILTER (WHERE outcome = 'known')
		  FROM crm.import_outcome WHERE batch_id = $batch)
		UNION ALL SELECT 'several leads of ' || email_key FROM crm.lead WHERE email_key IS NOT NULL GROUP BY email_key HAVING count(*) > 1};
}

# A file: every tenth row is of the person of the row before.
my $rows = 12_000;
my $people = $rows - $rows / 10;
my $csv = "$folder/leads.csv";
open(my $fh, '>', $csv) or die "$csv: $!";
print $fh "contact_name,email,company,company_size,source\n";
foreach my $i (1 .. $rows)
{
	my $person = $i % 10 ? $i : $i - 1;
	print $fh "Person $person,person$person\@example.com,Company $person,51-200,trade show\n";
}
close $fh;
my $load = "\\copy crm.lead_import (contact_name, email, company, company_size, source) FROM '$csv' (FORMAT csv, HEADER MATCH)";

value(q{
	CREATE EXTENSION lead_mgmt;
	SELECT lead_mgmt.create_workspace('crm');
	UPDATE crm.match_rule SET action = 'off' WHERE key IN ('fuzzy', 'company_and_name');
	INSERT INTO crm.rep (name) VALUES ('Ana'), ('Ben')});

# ---- Killed in the middle ----------------------------------------------------------------

value($load);
my $batch = value('SELECT id FROM crm.import_batch LIMIT 1');
is(value("SELECT rows, good, state FROM crm.import_batch WHERE id = $batch"), "$rows|$rows|loaded", 'the file is loaded');

foreach my $round (1 .. 2)
{
	my $before = value("SELECT imported FROM crm.import_batch WHERE id = $batch");
	my $confirm = session("confirm$round", "CALL lead_mgmt.import_confirm('crm', $batch);\n");
	ok($node->poll_query_until('postgres', "SELECT imported > $before + 700 FROM crm.import_batch WHERE id = $batch"), "round $round: under way");
	if ($round == 1)
	{
		my ($status, undef, $error) = $node->psql('postgres', "CALL lead_mgmt.import_confirm('crm', $batch)");
		like($error, qr/import_confirm of batch $batch of workspace "crm" is under way already/, 'nobody else can confirm it meanwhile');
		is(value("SELECT state, subject FROM crm.job ORDER BY id DESC LIMIT 1"), "running|$batch", 'the job is shown');
	}
	kill_all($node);
	IPC::Run::finish($confirm->{handle});
	like($confirm->{err}, qr/server closed the connection|connection to server was lost|terminating connection/, "round $round: cut off");
	$node->start;
	my $done = value("SELECT count(*) FROM crm.import_outcome");
	cmp_ok($done, '>', 0, "round $round: some rows are done");
	cmp_ok($done, '<', $rows, "round $round: and some are not");
	is(value(disagreements_of($batch)), '', "round $round: what is done agrees with what is there");
	is(value("SELECT state FROM crm.import_batch WHERE id = $batch"), 'confirming', "round $round: the batch says so");
	is(value("SELECT state FROM crm.job ORDER BY id DESC LIMIT 1"), 'stopped', "round $round: and the job");
}

# ---- Dumped half done, and restored elsewhere ------------------------------------------------

my $dump = "$folder/half.sql";
$node->command_ok([ 'pg_dump', '--file', $dump, $node->connstr('postgres') ], 'dumped in the middle of an import');
$node->safe_psql('postgres', 'CREATE DATABASE elsewhere TEMPLATE template0');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('elsewhere') ], 'restored');

foreach my $db ('elsewhere', 'postgres')
{
	value("CALL lead_mgmt.import_confirm('crm', $batch)", $db);
	is(value(disagreements_of($batch), $db), '', "$db: taken up again, all agrees");
	is(value("SELECT imported, updated, skipped, failed, state FROM crm.import_batch WHERE id = $batch", $db),
		join('|', $people, $rows - $people, 0, 0, 'confirmed'), "$db: each row once");
	is(value("SELECT count(*), count(DISTINCT email_key), sum(company_size) FROM crm.lead", $db),
		join('|', $people, $people, 51 * $people), "$db: each person one lead");
	is(value("SELECT count(*) FROM crm.import_review WHERE batch_id = $batch AND lead_id IS NULL", $db), '0', "$db: each row knows its lead");
}
is(value("SELECT count(*), count(DISTINCT lead_id) FROM crm.status_change"), "$people|$people", 'the ledger has each lead once');

# ---- A file, another of the same people, and web forms of them, at once -----------------------------

value('TRUNCATE crm.lead, crm.import_load CASCADE');
my $known = 600;
my $per_session = 400;
my $insert = "INSERT INTO crm.lead_import (contact_name, email, phone, source) SELECT 'Known ' || i, 'known' || i || '\@example.com',"
  . " '+1212' || 5550000 + i, 'Trade Show' FROM generate_series(1, $known) i";
# in opposite orders, which would deadlock who locked one by one
value($insert);
value("$insert ORDER BY i DESC");
my @batches = split /\n/, value('SELECT id FROM crm.import_batch ORDER BY id');
my @sessions = map { session("confirm_both$_", "CALL lead_mgmt.import_confirm('crm', $_);\n") } @batches;
srand(45);
foreach my $s (1 .. 4)
{
	my $sql = '';
	foreach (1 .. $per_session)
	{
		my $i = 1 + int(rand($known));
		# by the address, by the number, or by both
		my $phone = 5550000 + $i;
		my $way = int(rand(3));
		my $email = $way == 1 ? 'NULL' : "' KNOWN$i\@Example.com'";
		my $number = $way == 0 ? 'NULL' : "'+1 (212) $phone'";
		$number = 'NULL' if $way == 2 && rand() < 0.5;
		$sql .= "INSERT INTO crm.web_form (contact_name, email, phone) VALUES ('Known $i', $email, $number);\n";
	}
	push @sessions, session("form$s", $sql);
}
IPC::Run::finish($_->{handle}) foreach @sessions;
is(join('', map { grep { !/NOTICE/ } split /^/, $_->{err} } @sessions), '', 'no error and no deadlock');
is(value('SELECT state, imported + updated FROM crm.import_batch ORDER BY id'), "confirmed|$known\nconfirmed|$known", 'both files are imported');
is(value("SELECT count(*), count(DISTINCT contact_name), count(DISTINCT email_key) FROM crm.lead WHERE contact_name LIKE 'Known %' AND merged_into IS NULL"),
	"$known|$known|$known", 'each person is one lead');
is(value("SELECT count(*) FROM crm.engagement WHERE kind = 'form'"), 4 * $per_session, 'each form is an engagement');
is(value("SELECT count(*) FROM crm.engagement WHERE kind = 'import'"), value('SELECT sum(updated) FROM crm.import_batch'),
	'and each row of somebody who was known');

$node->stop;
done_testing();
