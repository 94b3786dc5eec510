# Very many leads with one key: the links stay about as many as the leads, and
# yet connect them all.  Whether they do is found out here, by union and find.

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
$node->safe_psql('postgres', q{
	CREATE EXTENSION lead_mgmt;
	SELECT lead_mgmt.create_workspace('crm');
	INSERT INTO crm.rep (name) VALUES ('Ana'), ('Ben');
	INSERT INTO crm.lead (contact_name, email, phone)
	SELECT 'Somebody ' || i, 's' || i || '@example.com', '+1202555' || lpad(i::text, 4, '0')
	FROM generate_series(1, 1000) i;});

sub links { return $node->safe_psql('postgres', 'SELECT count(*) FROM crm.duplicate_link'); }

# Rows and index entries read in the workspace so far.  Sessions report what
# they have read when they end, and safe_psql is a session.
sub reads
{
	return $node->safe_psql('postgres', q{
		SELECT sum(n) FROM (
			SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) AS n FROM pg_stat_user_tables WHERE schemaname = 'crm'
			UNION ALL SELECT idx_tup_read FROM pg_stat_user_indexes WHERE schemaname = 'crm') r});
}

# How many groups the leads with a phone number make, and pairs of others.
sub groups
{
	my ($phone) = @_;
	my %parent = map { $_ => $_ }
	  split /\n/, $node->safe_psql('postgres', "SELECT id FROM crm.lead WHERE phone = '$phone'");
	my $find = sub {
		my ($id) = @_;
		while ($parent{$id} != $id)
		{
			$parent{$id} = $parent{ $parent{$id} };
			$id = $parent{$id};
		}
		return $id;
	};
	my $strangers = 0;
	foreach my $pair (split /\n/, $node->safe_psql('postgres', 'SELECT lead_id, other_id FROM crm.duplicate'))
	{
		my ($one, $other) = split /\|/, $pair;
		if (exists $parent{$one} && exists $parent{$other})
		{
			$parent{ $find->($one) } = $find->($other);
		}
		else
		{
			$strangers++;
		}
	}
	my %roots = map { $find->($_) => 1 } keys %parent;
	return join ' ', scalar(keys %parent), scalar(keys %roots), $strangers;
}

my $phone = '+4930123456';
my $n = 20000;

# ---- One COPY ---------------------------------------------------------------------

my $file = $node->basedir . '/leads.csv';
open(my $csv, '>', $file) or die "$file: $!";
print $csv "Person $_,$phone\n" foreach 1 .. $n;
close $csv;

is(links(), 0, 'nothing to begin with');
my $reads = reads();
$node->safe_psql('postgres', "COPY crm.lead (contact_name, phone) FROM '$file' CSV");
cmp_ok(reads() - $reads, '<=', 400 * $n, 'COPY: it did not read all for each');
is(groups($phone), "$n 1 0", 'COPY: all in one group, and nobody else');
my $links = links();
cmp_ok($links, '>=', $n - 1, 'COPY: as many links as it takes');
cmp_ok($links, '<=', 2 * $n, 'COPY: and not many more');

# ---- One by one, by eight clients ---------------------------------------------------

$node->pgbench('-n -c 8 -j 2 -t 63', 0, [ qr{processed: 504/} ], [ qr{^(?!.*aborted)}s ], 'eight clients',
	{ '021_single' => "INSERT INTO crm.lead (contact_name, phone) VALUES ('Single', '$phone');" });
$n += 504;
is(groups($phone), "$n 1 0", 'singles: all in one group still');
cmp_ok(links() - $links, '<=', 504 * 8, 'singles: a link to the earliest, and one to each client at work');
$links = links();

# With nobody there before them, by eight clients
my $other = '+4930654321';
$node->pgbench('-n -c 8 -j 2 -t 63', 0, [ qr{processed: 504/} ], [ qr{^(?!.*aborted)}s ], 'eight clients, a new number',
	{ '021_new' => "INSERT INTO crm.lead (contact_name, phone) VALUES ('New', '$other');" });
is((split / /, groups($other))[1], 1, 'a new number: all in one group');
cmp_ok(links() - $links, '<=', 504 * 8, 'a new number: about as many links');
$node->safe_psql('postgres', "DELETE FROM crm.lead WHERE phone = '$other'");
$links = links();

# ---- The one they were linked to goes --------------------------------------------------

$reads = reads();
$node->safe_psql('postgres', "DELETE FROM crm.lead WHERE id = (SELECT min(id) FROM crm.lead WHERE phone = '$phone')");
$n--;
cmp_ok(reads() - $reads, '<=', 100 * $n, 'the earliest is deleted: the others are not read once for each');
is(groups($phone), "$n 1 0", 'the earliest is deleted: the others stay together');
$node->safe_psql('postgres',
	"UPDATE crm.lead SET phone = '+4930999999' WHERE id = (SELECT min(id) FROM crm.lead WHERE phone = '$phone')");
$n--;
is(groups($phone), "$n 1 0", 'the earliest moves: the others stay together');
cmp_ok(links(), '<=', $links + 2 * $n + 2, 'each time with about one link more for everybody');

# ---- A load that failed hides nobody -----------------------------------------------------

my $hidden = '+4930777777';
my $load = "INSERT INTO crm.lead (contact_name, phone) SELECT CASE WHEN i < 300 THEN 'Lost' END, '$hidden'"
  . " FROM generate_series(1, 300) i";
my $single = "INSERT INTO crm.lead (contact_name, phone) VALUES ('Left', '$hidden')";
my ($status, $stdout, $stderr) = $node->psql('postgres', "$load; $single; $load; $single;", on_error_stop => 0);
is(scalar(() = $stderr =~ /ERROR/g), 2, 'two loads fail at their last row');
is((groups($hidden) =~ /^(\d+ \d+)/)[0], '2 1', 'two leads among many that were rolled back are a pair');

# ---- A COPY that is not finished ------------------------------------------------------------

# It has written everything, and does not commit.
my ($in, $out, $err) = ("BEGIN;\nCOPY crm.lead (contact_name, phone) FROM '$file' CSV;\n\\echo loaded\n", '', '');
my $loader = IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('postgres') ],
	'<', \$in, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
$loader->pump until $out =~ /loaded/ || $err ne '';
is($err, '', 'a COPY is left open');

# Who had to wait for it would fail.
my $wait = "SET lock_timeout = '5s';";
is($node->safe_psql('postgres', "$wait INSERT INTO crm.lead (contact_name, phone, source) VALUES ('Else', '+12025559999', 'Website') RETURNING contact_name"),
	'Else', 'somebody else does not wait');
is($node->safe_psql('postgres', "$wait INSERT INTO crm.lead (contact_name, phone) VALUES ('Same', '$phone') RETURNING contact_name"),
	'Same', 'nor does the same number');
is($node->safe_psql('postgres', "$wait UPDATE crm.lead SET status = 'contacted' WHERE contact_name = 'Else' RETURNING status"),
	'contacted', 'nor who goes on working');
$in .= "COMMIT;\n";
$loader->finish;
is($err, '', 'the COPY is committed');
$n += 20001;
is((groups($phone) =~ /^(\d+ \d+)/)[0], "$n 1", 'all in one group, also who came while it was open');

$node->stop;
done_testing();
