# The same submission counts once, however many send it at the same moment, and
# none of them gets an error.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $clients = 32;
my $seed = $ENV{LEAD_MGMT_SEED} || 20260404;
note "seed $seed (LEAD_MGMT_SEED)";
srand($seed);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\nmax_connections = 60\nmax_prepared_transactions = 5");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION lead_mgmt;
	SELECT lead_mgmt.create_workspace('crm', 'points');
	UPDATE crm.match_rule SET action = 'off';
	INSERT INTO crm.lead (contact_name, email) SELECT 'Lead ' || i, i || '@example.com' FROM generate_series(1, 20) i;});

# ---- Many at once -----------------------------------------------------------------

sub submission { return sprintf '%08x-aaaa-4aaa-8aaa-%012x', @_; }
sub visit
{
	my ($lead, $submission, $more) = @_;
	return "INSERT INTO crm.engagement (lead_id, kind, submission_id) VALUES ($lead, 'visit', '$submission')" . ($more // '') . ';';
}

sub start
{
	my ($name, $sql) = @_;
	my $file = $node->basedir . "/$name.sql";
	open(my $script, '>', $file) or die "$file: $!";
	print $script "\\set VERBOSITY verbose\n$sql\n";
	close $script;
	my $client = { out => '', err => '' };
	$client->{run} = IPC::Run::start([ 'psql', '-X', '-A', '-t', '-d', $node->connstr('postgres') . " application_name=$name", '-f', $file ],
		'>', \$client->{out}, '2>', \$client->{err}, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	return $client;
}

sub wait_until
{
	my ($what, $query) = @_;
	$node->poll_query_until('postgres', $query) or die "waited in vain until $what";
	return;
}

# Clients that stand in line for a lock and go all at once.  What each begins
# with is done before that.
sub all_at_once
{
	my ($name, $script, $before) = @_;
	my $line = $node->background_psql('postgres');
	$line->query_safe('SELECT pg_advisory_lock(1)');
	my @client = map {
		start("client$_", ($before // '') . "SELECT pg_advisory_lock_shared(1);\n" . $script->($_))
	} 1 .. $clients;
	wait_until('all are there', "SELECT count(*) = $clients FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
	$line->query_safe('SELECT pg_advisory_unlock(1)');
	$line->quit;
	return finish_all($name, @client);
}

# Those who got an error, and how many rows all of them say they have stored
sub finish_all
{
	my ($name, @client) = @_;
	my $rows = 0;
	$_->{run}->finish foreach @client;
	foreach my $client (@client)
	{
		$rows += $1 while $client->{out} =~ /^(?:INSERT 0|COPY) (\d+)$/mg;
	}
	is(join('', map { $_->{err} } @client), '', "$name: no client gets an error");
	return $rows;
}

# Every submission is there once, and every lead has 5 points for each visit.
sub check
{
	my ($name, $expected) = @_;
	is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT submission_id) FROM crm.engagement WHERE submission_id IS NOT NULL'),
		"$expected|$expected", "$name: each submission is there once");
	is($node->safe_psql('postgres', q{
		SELECT l.id, l.behavioral_score, l.score, count(e.id), l.last_engaged_at, max(e.at) FROM crm.lead l
		LEFT JOIN crm.engagement e ON e.lead_id = l.id GROUP BY l.id
		HAVING l.behavioral_score <> 5 * count(e.id) OR l.score <> least(5 * count(e.id), 100)
		  OR l.last_engaged_at IS DISTINCT FROM max(e.at)
		UNION ALL SELECT lead_id, NULL, NULL, NULL, NULL, NULL FROM crm.score_audit}), '', "$name: and counts once");
	is($node->safe_psql('postgres', q{
		SELECT l.id, s.times, count(e.id) FROM crm.lead l LEFT JOIN crm.engagement e ON e.lead_id = l.id
		LEFT JOIN crm.score_state s ON s.lead_id = l.id
		GROUP BY l.id, s.times HAVING coalesce(s.times[1], 0) <> count(e.id)}), '', "$name: in the sums too");
	return;
}

sub clear
{
	$node->safe_psql('postgres', 'DELETE FROM crm.engagement');
	return;
}

# ---- One submission ------------------------------------------------------------------

is(all_at_once('one', sub { return visit(1, submission(1, 1)); }), 1, 'one: one client has stored it');
check('one', 1);

is(all_at_once('one of several leads', sub { return visit(1 + $_[0] % 7, submission(1, 2)); }), 1, 'one of several leads: one is stored');
check('one of several leads', 2);

my $stored = all_at_once('in any way', sub {
	my ($i) = @_;
	my $s = submission(1, 3);
	return (
		visit(3, $s),
		visit(3, $s, ' ON CONFLICT DO NOTHING'),
		visit(3, $s, ' ON CONFLICT (submission_id) DO NOTHING RETURNING id'),
		visit(3, $s, ' ON CONFLICT (submission_id) DO UPDATE SET asset = EXCLUDED.asset'),
		visit(3, $s, ' RETURNING id'),
		"BEGIN;\n" . visit(3, $s) . "\nSAVEPOINT a;\n" . visit(3, $s) . "\nRELEASE a;\nCOMMIT;",
		"BEGIN;\nSAVEPOINT a;\n" . visit(3, $s) . "\nROLLBACK TO a;\nCOMMIT;",
		"MERGE INTO crm.engagement e USING (VALUES ('$s'::uuid)) s (id) ON false WHEN NOT MATCHED THEN INSERT (lead_id, kind, submission_id) VALUES (3, 'visit', s.id);",
		"COPY crm.engagement (lead_id, kind, submission_id) FROM stdin;\n3\tvisit\t$s\n3\tvisit\t$s\n\\.",
		"WITH i AS (INSERT INTO crm.engagement (lead_id, kind, submission_id) SELECT 3, 'visit', '$s' FROM generate_series(1, 3) RETURNING 1) SELECT count(*) < 2 FROM i;"
	)[ $i % 10 ];
});
# three of them roll it back; MERGE and WITH say it in words that are not counted
cmp_ok($stored, '<=', 4, 'in any way: no more than one client has stored it for good');
check('in any way', 3);

# Snapshots from before, in which nobody's submission can be seen
foreach my $level ('REPEATABLE READ', 'SERIALIZABLE')
{
	my $s = submission(2, length $level);
	is(all_at_once($level, sub { return visit(4, $s) . "\nCOMMIT;"; },
		"BEGIN ISOLATION LEVEL $level;\nSELECT count(*) > 100 FROM crm.engagement;\n"), 1, "$level: one client has stored it");
	check($level, $level eq 'SERIALIZABLE' ? 5 : 4);
}

# ---- The first sender does not finish ----------------------------------------------------

# A session that has sent a submission, and clients who wait for what becomes of it
sub behind
{
	my ($name, $first, $end, $s, $expected, $blocked) = @_;
	my $sender = $node->background_psql('postgres');
	my $pid = $sender->query_safe('SELECT pg_backend_pid()');
	$sender->query_safe($_) foreach (@$first);
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE locktype = 'object' AND classid = 'crm.engagement'::regclass"),
		0, "$name: no lock but the row itself");
	my @client = map { start("client$_", visit(5, $s)) } 1 .. $clients;
	wait_until('all wait', "SELECT count(*) = $clients FROM pg_stat_activity WHERE application_name LIKE 'client%' AND wait_event_type = 'Lock'");
	# others do not wait
	is($node->safe_psql('postgres', 'SET lock_timeout = 5000; ' . visit(6, submission(9, length $name)) . ' DELETE FROM crm.engagement WHERE lead_id = 6'),
		'', "$name: another submission does not wait");
	if ($end eq 'kill')
	{
		$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
		is(finish_all($name, @client), $expected, "$name: one of those who waited has stored it");
		$sender->{run}->kill_kill;
		return;
	}
	$sender->query_safe($end);
	is(finish_all($name, @client), $expected, "$name: $expected of those who waited has stored it");
	$sender->quit;
	return;
}

clear();
my $s = submission(3, 1);
behind('rolled back', [ 'BEGIN', visit(5, $s) ], 'ROLLBACK', $s, 1);
check('rolled back', 1);
$s = submission(3, 2);
behind('committed', [ 'BEGIN', visit(5, $s) ], 'COMMIT', $s, 0);
check('committed', 2);
$s = submission(3, 3);
behind('savepoint rolled back', [ 'BEGIN', 'SAVEPOINT a', visit(5, $s), ], 'ROLLBACK TO a; COMMIT', $s, 1);
check('savepoint rolled back', 3);
$s = submission(3, 4);
behind('in a savepoint that is released', [ 'BEGIN', 'SAVEPOINT a', visit(5, $s), 'RELEASE a' ], 'COMMIT', $s, 0);
check('in a savepoint that is released', 4);
$s = submission(3, 5);
behind('killed', [ 'BEGIN', visit(5, $s) ], 'kill', $s, 1);
check('killed', 5);
$s = submission(3, 6);
behind('prepared, rolled back', [ 'BEGIN', visit(5, $s), q{PREPARE TRANSACTION 'p'} ], q{ROLLBACK PREPARED 'p'}, $s, 1);
check('prepared, rolled back', 6);
$s = submission(3, 7);
behind('prepared, committed', [ 'BEGIN', visit(5, $s), q{PREPARE TRANSACTION 'p'} ], q{COMMIT PREPARED 'p'}, $s, 0);
check('prepared, committed', 7);
# who deletes it decides too
behind('deletion committed', [ 'BEGIN', "DELETE FROM crm.engagement WHERE submission_id = '$s'" ], 'COMMIT', $s, 1);
check('deletion committed', 7);
behind('deletion rolled back', [ 'BEGIN', "DELETE FROM crm.engagement WHERE submission_id = '$s'" ], 'ROLLBACK', $s, 0);
check('deletion rolled back', 7);

# ---- Fifty of them, crossing -----------------------------------------------------------------

# Each client sends all of them, one a transaction, in an order of his own.
clear();
my @fifty = map { submission(4, $_) } 1 .. 50;
sub shuffled { return map { $_->[1] } sort { $a->[0] <=> $b->[0] } map { [ rand, $_ ] } @_; }
is(all_at_once('crossing', sub {
	return join "\n", map { visit(1 + $_ % 20, $fifty[$_], ('', ' ON CONFLICT DO NOTHING')[ rand 2 ]) } shuffled(0 .. 49);
}), 50, 'crossing: fifty are stored');
check('crossing', 50);

# All of them in one statement: in one order, for whoever keeps some and wants
# others must expect somebody to do it the other way round, as with any unique
# index.  Rows without a submission come in between.
clear();
is(all_at_once('COPY', sub {
	my ($i) = @_;
	return "INSERT INTO crm.engagement (lead_id, kind, submission_id) VALUES "
	  . join(', ', map { "(" . (1 + $_ % 20) . ", 'visit', '$fifty[$_]')" } 0 .. 49) . ';' if $i % 4 == 0;
	return "COPY crm.engagement (lead_id, kind, submission_id) FROM stdin;\n"
	  . join('', map { my $lead = 1 + $_ % 20; "$lead\tvisit\t$fifty[$_]\n" . ($_ % 10 == 0 ? "$lead\tvisit\t\\N\n" : '') } 0 .. 49) . '\.';
}), 50 + 24 * 5, 'COPY: fifty are stored, and all that have no submission');
check('COPY', 50);

# Some of those who have all of them give up.
clear();
is(all_at_once('COPY rolled back', sub {
	my ($i) = @_;
	my $copy = "COPY crm.engagement (lead_id, kind, submission_id) FROM stdin;\n"
	  . join('', map { (1 + $_ % 20) . "\tvisit\t$fifty[$_]\n" } 0 .. 49) . '\.';
	return $i % 3 == 0 ? $copy : "BEGIN;\n$copy\nROLLBACK;";
}) % 50, 0, 'COPY rolled back: all fifty or none');
check('COPY rolled back', 50);

# ---- Errors that one causes oneself -----------------------------------------------------------

my ($rc, $out, $err) = $node->psql('postgres',
	"UPDATE crm.engagement SET submission_id = '$fifty[0]' WHERE submission_id = '$fifty[1]'");
like($err, qr/duplicate key value violates unique constraint "engagement_submission_id_key"/, 'a submission cannot be given to another engagement');
# without the extension's trigger the index would refuse it: so it is the trigger that does not
($rc, $out, $err) = $node->psql('postgres', 'ALTER TABLE crm.engagement DISABLE TRIGGER "~lead_mgmt_check"; ' . visit(1, $fifty[0]));
like($err, qr/duplicate key value violates unique constraint "engagement_submission_id_key"/, 'the index stands behind the trigger');
$node->safe_psql('postgres', 'ALTER TABLE crm.engagement ENABLE TRIGGER "~lead_mgmt_check"');
check('in the end', 50);

# A row that is refused keeps nobody waiting.
my $session = $node->background_psql('postgres', on_error_stop => 0);
$session->query("BEGIN; SAVEPOINT a; INSERT INTO crm.engagement (lead_id, kind, at, submission_id) VALUES (1, 'visit', now() + interval '1 day', '"
	  . submission(5, 1) . "'); ROLLBACK TO a; INSERT INTO crm.engagement (lead_id, kind, at, submission_id) VALUES (1, 'visit', '-infinity', '"
	  . submission(5, 1) . "');");
$session->query('ROLLBACK TO a');
is($node->safe_psql('postgres', 'SET lock_timeout = 5000; ' . visit(1, submission(5, 1)) . ' SELECT count(*) FROM crm.engagement WHERE submission_id = \'' . submission(5, 1) . "'"),
	1, 'a row that is refused keeps nobody waiting');
$session->quit;
check('after a refusal', 51);

$node->stop;
done_testing();
