# kill -9 of the whole server in the middle of a COPY, of single inserts and of
# updates by many sessions.  After recovery leads and ledgers agree, what was
# acknowledged is there, and the rotation goes on with hardly a turn lost.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use FindBin;
use lib $FindBin::RealBin;
use LeadMgmtTest qw(few_rules disagreements kill_all);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
# It is the server that dies here, not the machine.
$node->append_conf('postgresql.conf', "fsync = off\nrestart_after_crash = off");
$node->start;
my $folder = $node->basedir;

# ---- Tools ----------------------------------------------------------------------

sub value
{
	my ($sql) = @_;
	return $node->safe_psql('postgres', $sql);
}

sub agrees
{
	my ($name) = @_;
	is(value(disagreements()), '', "$name: leads and ledgers agree");
	is(value(q{
		SELECT count(*) FROM crm.duplicate_link k WHERE NOT EXISTS (SELECT FROM crm.lead l WHERE l.id = k.lead_id)}), '0',
		"$name: no link of a lead that is not there");
	is(value(q{
		SELECT count(*) FROM crm.duplicate d WHERE NOT EXISTS (SELECT FROM crm.lead l WHERE l.id = d.lead_id)
		  OR NOT EXISTS (SELECT FROM crm.lead l WHERE l.id = d.other_id)}), '0', "$name: pairs only of leads that are there");
	return;
}

# A session in the background that runs a script; what it prints are the
# acknowledgements.
sub session
{
	my ($name, $sql) = @_;
	my $file = "$folder/$name.sql";
	open(my $fh, '>', $file) or die "$file: $!";
	# One that is done before the others stays to be cut off.
	print $fh $sql, "SELECT pg_sleep(600);\n";
	close $fh;
	my %session = (out => '', err => '');
	$session{handle} = IPC::Run::start([ 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-f', $file ],
		'<', \undef, '>', \$session{out}, '2>', \$session{err});
	return \%session;
}

# End them after the server has: each has lost its connection.
sub ended
{
	my ($name, @sessions) = @_;
	IPC::Run::finish($_->{handle}) foreach @sessions;
	is(scalar(grep { $_->{err} =~ /server closed the connection|connection to server was lost|terminating connection/ } @sessions), scalar @sessions,
		"$name: every session was cut off in the middle") or diag map { $_->{err} } @sessions;
	return;
}

# Wait for a query to be true.
sub wait_until
{
	my ($name, $sql) = @_;
	ok($node->poll_query_until('postgres', $sql), "$name: under way");
	return;
}

sub inserts
{
	my ($who, $count) = @_;
	return join '', map {
		my $email = $_ % 3 == 0 ? 'shared' . $_ % 50 : "$who$_";
		my $size = $_ % 100;
		"INSERT INTO crm.lead (contact_name, email, company, company_size) VALUES ('$who $_', '$email\@example.com', 'Acme', $size) RETURNING 'lead ' || id;\n"
	} 1 .. $count;
}

sub updates
{
	my ($offset, $count) = @_;
	my @statuses = qw(contacted nurture new contacted unqualified new);
	return join '', map {
		my $id = 1 + ($_ * 7 + $offset) % 500;
		my $owner = 1 + $_ % 3;
		my $status = $statuses[ $_ % 6 ];
		# A transition that is not possible just now changes nothing.
		"UPDATE crm.lead l SET status = '$status', owner_id = $owner, company_size = $_ % 100, email = 'u' || $_ % 80 || '\@example.com'"
		  . " WHERE id = $id AND EXISTS (SELECT FROM crm.status_transition t WHERE t.from_status = l.status AND t.to_status = '$status');\n"
	} 1 .. $count;
}

value(q{
	CREATE EXTENSION lead_mgmt;
	SELECT lead_mgmt.create_workspace('crm');} . few_rules() . q{
	INSERT INTO crm.rep (name) VALUES ('Ana'), ('Ben'), ('Cem');
	INSERT INTO crm.lead (contact_name, email, company, company_size)
	SELECT 'L' || i, (i % 400) || '@example.com', 'Acme', i % 100 FROM generate_series(1, 501) i});
agrees('before');

# ---- Single inserts alone: hardly a turn is lost ------------------------------------

foreach my $round (1 .. 2)
{
	my $name = "inserts $round";
	my $leads_before = value('SELECT count(*) FROM crm.lead');
	my $ticket_before = value('SELECT last_value FROM crm.rep_ticket');
	my @sessions = map { session("insert$_", inserts("r${round}s${_}n", 20000)) } 1 .. 3;
	wait_until($name, "SELECT count(*) > $leads_before + 300 FROM crm.lead");
	cmp_ok(kill_all($node), '>=', 3 + 3, "$name: killed with all its processes");
	ended($name, @sessions);
	$node->start;
	agrees($name);

	my @acknowledged = map { $_->{out} =~ /^lead (\d+)$/mg } @sessions;
	cmp_ok(scalar @acknowledged, '>', 100, "$name: many were acknowledged");
	is(value('SELECT count(*) FROM unnest(ARRAY[' . join(',', @acknowledged) . ']) AS a (id) WHERE NOT EXISTS (SELECT FROM crm.lead l WHERE l.id = a.id)'),
		'0', "$name: and are there");

	# A sequence is logged 32 numbers ahead, and each session was writing a row.
	my $written = value('SELECT count(*) FROM crm.lead') - $leads_before;
	my $lost = value('SELECT last_value FROM crm.rep_ticket') - $ticket_before - $written;
	cmp_ok($lost, '>=', 0, "$name: no ticket is drawn twice");
	cmp_ok($lost, '<=', 32 + @sessions, "$name: no more than 32 tickets are lost, and those of rows in flight");
	is(value(q{
		INSERT INTO crm.lead (contact_name, email) SELECT 'after', 'after' || i || '@example.com' FROM generate_series(1, 30) i;
		SELECT count(*), max(n) - min(n) <= 2 FROM (SELECT count(*) AS n FROM crm.lead WHERE contact_name = 'after' GROUP BY owner_id) c;
		DELETE FROM crm.lead WHERE contact_name = 'after'}), '3|t', "$name: turns go on in rounds");
}

# ---- A COPY, inserts and updates at once -----------------------------------------------

my $csv = "$folder/leads.csv";
open(my $fh, '>', $csv) or die "$csv: $!";
print $fh map { "Copy $_,copy" . $_ % 40000 . "\@example.com,Acme $_," . $_ % 100 . "\n" } 1 .. 200_000;
close $fh;

foreach my $enough (2000, 15000, 40000)
{
	my $name = "copy of $enough";
	my $leads_before = value('SELECT count(*) FROM crm.lead');
	my @inserting = map { session("insert$_", inserts("c${enough}s${_}n", 20000)) } 1 .. 2;
	my @updating = map { session("update$_", updates($_ * 200, 20000)) } 1 .. 2;
	my $copy = session('copy', "\\copy crm.lead (contact_name, email, company, company_size) FROM '$csv' CSV\n");
	wait_until($name, "SELECT count(*) > 0 FROM pg_stat_progress_copy WHERE tuples_processed > $enough");
	wait_until($name, "SELECT count(*) > $leads_before + 30 FROM crm.lead");
	kill_all($node);
	ended($name, @inserting, @updating, $copy);
	$node->start;
	is(value(q{SELECT count(*) FROM crm.lead WHERE contact_name LIKE 'Copy%'}), '0', "$name: nothing of the COPY is left");
	agrees($name);
	my @acknowledged = map { $_->{out} =~ /^lead (\d+)$/mg } @inserting;
	cmp_ok(scalar @acknowledged, '>', 0, "$name: some were acknowledged");
	is(value('SELECT count(*) FROM unnest(ARRAY[' . join(',', @acknowledged) . ']) AS a (id) WHERE NOT EXISTS (SELECT FROM crm.lead l WHERE l.id = a.id)'),
		'0', "$name: and are there");
}
is(value('SELECT count(*) > 50 FROM crm.status_change WHERE from_status IS NOT NULL'), 't', 'statuses were changed');

# ---- It works on ---------------------------------------------------------------------------

is(value(q{
	INSERT INTO crm.lead (contact_name, email, company_size) VALUES ('Last', 'shared7@example.com', 70)
	RETURNING score, owner_id IS NOT NULL, status;
	UPDATE crm.lead SET status = 'contacted' WHERE contact_name = 'Last';
	SELECT count(*) FROM crm.status_change c JOIN crm.lead l ON l.id = c.lead_id WHERE contact_name = 'Last'}), "30|t|new\n2",
	'a lead after all that');
is(value(q{SELECT count(*) > 0 FROM crm.duplicate d JOIN crm.lead l ON l.id = d.lead_id WHERE contact_name = 'Last'}), 't',
	'is found to be a duplicate');
my $contents = value('SELECT md5(string_agg(l::text, \'\' ORDER BY id)) FROM crm.lead l');
value(q{SELECT lead_mgmt.upgrade_workspace('crm')});
is(value('SELECT md5(string_agg(l::text, \'\' ORDER BY id)) FROM crm.lead l'), $contents, 'upgrade_workspace finds nothing to repair');
agrees('at last');
is(value(q{CREATE EXTENSION IF NOT EXISTS amcheck;
	SELECT count(*) FROM (SELECT bt_index_check(c.oid, true) FROM pg_class c JOIN pg_am a ON a.oid = c.relam
	  WHERE relnamespace = 'crm'::regnamespace AND relkind = 'i' AND amname = 'btree') x}) > 10, 1, 'indexes and tables agree')
  if value(q{SELECT count(*) FROM pg_available_extensions WHERE name = 'amcheck'});

$node->stop;
done_testing();
