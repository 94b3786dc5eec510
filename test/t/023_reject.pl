# A match rule that rejects, and many who write the same people at the same
# moment: of each there is one, and nobody gets into a deadlock.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\nmax_connections = 30");
$node->start;

my $clients = 6;
my $people = 200;

sub all_at_once
{
	my ($name, $script) = @_;
	my @client;
	foreach my $c (1 .. $clients)
	{
		my %client = (in => "\\set VERBOSITY sqlstate\n" . $script->($c), out => '', err => '');
		$client{run} = IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('postgres') ],
			'<', \$client{in}, '>', \$client{out}, '2>', \$client{err},
			IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
		push @client, \%client;
	}
	my %errors;
	foreach my $c (@client)
	{
		ok($c->{run}->finish, "$name: a client is done");
		$errors{$1}++ while $c->{err} =~ /ERROR:\s+(\w+)/g;
	}
	return %errors;
}

sub once
{
	my ($name) = @_;
	is($node->safe_psql('postgres', q{
		SELECT count(*), count(DISTINCT lower(email)), count(a.id)
		FROM crm.lead l LEFT JOIN crm.assignment a ON a.lead_id = l.id}),
		join('|', ($people) x 3), "$name: everybody is there once");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM crm.duplicate'), '0', "$name: there are no duplicates");
	return;
}

sub insert
{
	my ($client, @people) = @_;
	return 'INSERT INTO crm.lead (contact_name, email) VALUES '
	  . join(', ', map { sprintf "('Client %d', '%s%d\@example.com')", $client, $client % 2 ? 'p' : 'P', $_ } @people) . ';';
}

sub workspace
{
	$node->safe_psql('postgres', q{
		SET client_min_messages = warning;
		CREATE EXTENSION IF NOT EXISTS lead_mgmt;
		DROP SCHEMA IF EXISTS crm CASCADE;
		SELECT lead_mgmt.create_workspace('crm');
		UPDATE crm.match_rule SET action = 'reject' WHERE key = 'email';
		INSERT INTO crm.rep (name) VALUES ('Ana'), ('Ben'), ('Cem');});
	return;
}

# Each by itself
workspace();
my %errors = all_at_once('single', sub { my ($c) = @_; join "\n", map { insert($c, $_) } 1 .. $people });
is(join(' ', map { "$_: $errors{$_}" } sort keys %errors), '23505: ' . ($clients - 1) * $people,
	'single: all others are refused, with unique_violation');
once('single');
is($node->safe_psql('postgres', q{
	SELECT max(n) - min(n) <= 1 FROM (
		SELECT (SELECT count(*) FROM crm.lead l WHERE l.owner_id = r.id) AS n FROM crm.rep r) c}),
	't', 'single: who is refused beforehand costs no rep his turn');

# Three in one statement; then two statements in one transaction.  All go
# through them in the same order, so that not even a unique index could
# bring them into a deadlock.
workspace();
$people = 150;
%errors = all_at_once('three', sub { my ($c) = @_; join "\n", map { insert($c, 3 * $_ - 2 .. 3 * $_) } 1 .. $people / 3 });
is(join(' ', map { "$_: $errors{$_}" } sort keys %errors), '23505: ' . ($clients - 1) * $people / 3,
	'three: all or nothing');
once('three');

workspace();
%errors = all_at_once('two',
	sub { my ($c) = @_; join "\n", map { ('BEGIN;', insert($c, 2 * $_ - 1), insert($c, 2 * $_), 'COMMIT;') } 1 .. $people / 2 });
is(join(' ', grep { !/^(?:23505|25P02)$/ } sort keys %errors), '', 'two: nothing but refusals');
once('two');

$node->stop;
done_testing();
