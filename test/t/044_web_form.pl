# Many web forms at once: each person is one lead, whatever of an address, a
# number or both comes in which form; every submission is an engagement of that
# lead; and no client gets an error.

use strict;
use warnings;

use IPC::Run;
use List::Util qw(shuffle);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $clients = 32;
my $people = 50;
my $seed = $ENV{LEAD_MGMT_SEED} || 20260544;
note "seed $seed (LEAD_MGMT_SEED)";
srand($seed);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\nmax_connections = 60\ndeadlock_timeout = 10s");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION lead_mgmt;
	SELECT lead_mgmt.create_workspace('crm');
	INSERT INTO crm.rep (name) VALUES ('Ana'), ('Ben'), ('Cy');
	CREATE ROLE web LOGIN;
	GRANT USAGE ON SCHEMA crm TO web;
	GRANT INSERT, SELECT (lead_id, outcome) ON crm.web_form TO web;});

# ---- Clients ------------------------------------------------------------------------

sub start
{
	my ($name, $sql) = @_;
	my $file = $node->basedir . "/$name.sql";
	open(my $script, '>', $file) or die "$file: $!";
	print $script "\\set VERBOSITY verbose\nSET ROLE web;\n$sql\n";
	close $script;
	my $client = { out => '', err => '' };
	$client->{run} = IPC::Run::start([ 'psql', '-X', '-A', '-t', '-q', '-d', $node->connstr('postgres') . " application_name=$name", '-f', $file ],
		'>', \$client->{out}, '2>', \$client->{err}, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	return $client;
}

# Clients that stand in line for a lock and go all at once; returns how often
# each outcome was told.
sub all_at_once
{
	my ($name, $script) = @_;
	my $line = $node->background_psql('postgres');
	$line->query_safe('SELECT pg_advisory_lock(1)');
	my @client = map { start("client$_", "SELECT pg_advisory_lock_shared(1);\n" . $script->($_)) } 1 .. $clients;
	$node->poll_query_until('postgres', "SELECT count(*) = $clients FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
	  or die 'waited in vain until all are there';
	$line->query_safe('SELECT pg_advisory_unlock(1)');
	$line->quit;
	$_->{run}->finish foreach @client;
	is(join('', map { $_->{err} } @client), '', "$name: no client gets an error");
	my %told;
	foreach my $client (@client)
	{
		$told{$1}++ while $client->{out} =~ /^\d+\|(\w+)$/mg;
	}
	return \%told;
}

sub literal { my ($value) = @_; return defined $value ? "'" . $value =~ s/'/''/gr . "'" : 'NULL'; }

sub submit
{
	my ($person, $name, $email, $phone, $submission) = @_;
	return sprintf "INSERT INTO crm.web_form (contact_name, email, phone, properties, submission_id) VALUES (%s, %s, %s, '{\"person\": %d}', %s) RETURNING lead_id, outcome;\n",
	  literal($name), literal($email), literal($phone), $person, literal($submission);
}

# Each person is one lead, and nothing was lost or counted twice.
sub check
{
	my ($name, $expected_leads, $expected_engagements) = @_;
	is($node->safe_psql('postgres', 'SELECT count(*) FROM crm.lead'), $expected_leads, "$name: each person is one lead");
	is($node->safe_psql('postgres', "SELECT count(*), count(DISTINCT lead_id) FROM crm.engagement"),
		"$expected_engagements|$expected_leads", "$name: every submission is an engagement");
	is($node->safe_psql('postgres', q{
		SELECT properties->>'person', count(DISTINCT lead_id) FROM crm.engagement GROUP BY 1 HAVING count(DISTINCT lead_id) > 1
		UNION ALL SELECT lead_id::text, count(DISTINCT properties->>'person') FROM crm.engagement GROUP BY lead_id HAVING count(DISTINCT properties->>'person') > 1}),
		'', "$name: of the right lead");
	is($node->safe_psql('postgres', q{
		SELECT l.id, 'ledger' FROM crm.lead l WHERE (SELECT count(*) FROM crm.status_change c WHERE c.lead_id = l.id) <> 1
		UNION ALL SELECT l.id, 'log' FROM crm.lead l WHERE (SELECT count(*) FROM crm.assignment a WHERE a.lead_id = l.id) <> 1
		UNION ALL SELECT lead_id, 'score' FROM crm.score_audit
		UNION ALL SELECT lead_id, 'duplicate' FROM crm.duplicate
		UNION ALL SELECT l.id, 'counted' FROM crm.lead l LEFT JOIN crm.score_state s ON s.lead_id = l.id
		  WHERE coalesce(s.times[1], 0) <> (SELECT count(*) FROM crm.engagement e WHERE e.lead_id = l.id)}), '', "$name: ledgers and scores are right");
	return;
}

sub clear { $node->safe_psql('postgres', 'TRUNCATE crm.lead CASCADE'); return; }

# ---- The double click ------------------------------------------------------------------

is_deeply(all_at_once('one form', sub { return submit(1, 'Kim Lee', 'kim@example.com', '+12125550143'); }),
	{ new => 1, known => $clients - 1 }, 'one form: one of them makes the lead');
check('one form', 1, $clients);
clear();

my $one = '12345678-0000-4000-8000-000000000001';
is_deeply(all_at_once('one submission', sub { return submit(1, 'Kim Lee', 'kim@example.com', undef, $one); }),
	{ new => 1, replayed => $clients - 1 }, 'one submission: one of them makes the lead, the others are that one again');
check('one submission', 1, 1);
clear();

# ---- Addresses and numbers that cross ----------------------------------------------------

my @given = qw(Kim Ana Ben Otto Eve Hal Ivy Joan Lou Max);
my @family = qw(Lee Stone Meyer Garcia Novak);
my @person = map {
	{
		number => $_, given => $given[ $_ % 10 ], family => $family[ $_ / 10 ],
		email => [ "person$_\@example.com", "p$_\@home.example" ],
		phone => [ sprintf('+1 212 555 %04d', $_), sprintf('+44 20 7946 %04d', $_) ]
	}
} 0 .. $people - 1;

sub pick { return $_[ rand @_ ]; }

# The same, as people write it
sub as_name { my ($p) = @_; return pick("$p->{given} $p->{family}", uc("$p->{given} $p->{family}"), "$p->{family}, $p->{given}", "  $p->{given}   $p->{family} "); }
sub as_email { my ($email) = @_; return defined $email ? pick($email, uc $email, " $email ", ucfirst $email) : undef; }
sub as_phone { my ($phone) = @_; return defined $phone ? pick($phone, $phone =~ s/ //gr, $phone =~ s/ /-/gr, $phone =~ s/^(\S+) (\S+) /$1 ($2) /r) : undef; }

sub form
{
	my ($p, $email, $phone, $submission) = @_;
	return submit($p->{number}, as_name($p), as_email(defined $email ? $p->{email}[$email] : undef),
		as_phone(defined $phone ? $p->{phone}[$phone] : undef), $submission);
}

sub of_all
{
	my ($per_person) = @_;
	return join '', map { $per_person->($_) } shuffle(@person);
}

# First all have the first address, and either number or none.
my $told = all_at_once('first', sub {
	my ($client) = @_;
	return of_all(sub { return form($_[0], 0, $client <= 2 ? $client - 1 : pick(undef, 0, 1)); }); });
is_deeply($told, { new => $people, known => ($clients - 1) * $people }, 'first: one of them makes the lead');
check('first', $people, $clients * $people);

# Then either number, with either address or none; each form is sent twice.
my $n = 0;
$told = all_at_once('crossing', sub {
	return of_all(sub {
		my $submission = sprintf '%08x-1111-4111-8111-111111111111', ++$n;
		my $form = form($_[0], @{ pick([ undef, 0 ], [ undef, 1 ], [ 0, undef ], [ 0, 0 ], [ 1, 0 ], [ 1, 1 ], [ 0, 1 ]) }, $submission);
		return "$form$form"; }); });
is_deeply($told, { known => $clients * $people, replayed => $clients * $people }, 'crossing: all are known');
check('crossing', $people, 2 * $clients * $people);

# And the second address alone.
$told = all_at_once('other address', sub { return of_all(sub { return form($_[0], 1, undef); }); });
is_deeply($told, { known => $clients * $people }, 'other address: all are known');
check('other address', $people, 3 * $clients * $people);
is($node->safe_psql('postgres', q{SELECT count(*), count(DISTINCT (lead_id, key, value)), count(DISTINCT lead_id) FROM crm.lead_alias}),
	2 * $people . '|' . 2 * $people . "|$people", 'the second address and number of each are remembered once');

# ---- Statements of many rows, and loads beside them ----------------------------------------

clear();
my $load = $node->background_psql('postgres');
$load->query_safe(q{BEGIN});
$load->query_safe(q{INSERT INTO crm.lead (contact_name, email) SELECT 'Load', 'load' || i || '@example.com' FROM generate_series(1, 5000) i});
$told = all_at_once('beside a load', sub {
	return of_all(sub { return form($_[0], 0, 0); }); });
is_deeply($told, { new => $people, known => ($clients - 1) * $people }, 'beside a load: nobody waits for a load of others');
$load->query_safe('ROLLBACK');
$load->quit;
check('beside a load', $people, $clients * $people);

$node->stop;
done_testing();
