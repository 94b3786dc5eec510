# The way of real leads, from first contact to won deal: funnel and source
# analysis must say what the raw files say.  The expected numbers are computed
# here from the files alone, by other means than the extension's.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IPC::Run;
use POSIX qw(floor);
use Time::Local qw(timegm);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $here = dirname(abs_path(__FILE__));

# The Olist files where they are, else the made-up ones.
my $shared = $ENV{LEAD_MGMT_DATA}
  || ($ENV{PROJECT} || "$here/../..") . '/../shared/data';
my ($leads_file, $deals_file) =
  map { "$shared/olist_${_}_dataset.csv" } qw(marketing_qualified_leads closed_deals);
my $real = -r $leads_file && -r $deals_file;
($leads_file, $deals_file) = map { "$here/../data/funnel_$_.csv" } qw(leads deals)
  unless $real;
note "reading $leads_file and $deals_file";

# ---- What the files say -----------------------------------------------------

sub read_csv
{
	my ($file) = @_;
	open(my $in, '<', $file) or die "$file: $!";
	my @rows;
	my $header = <$in>;
	$header =~ s/\r?\n//;
	my @names = split /,/, $header;
	while (my $line = <$in>)
	{
		$line =~ s/\r?\n//;
		# Fields with a comma in them are quoted.
		my %row;
		@row{@names} = map { s/^"(.*)"$/$1/r } split /,(?=(?:[^"]*"[^"]*")*[^"]*$)/, $line, -1;
		push @rows, \%row;
	}
	close $in;
	return @rows;
}

sub seconds
{
	my ($time) = @_;
	my ($y, $m, $d, $h, $i, $s) = $time =~ /^(\d+)-(\d+)-(\d+)(?: (\d+):(\d+):(\d+))?$/
	  or die "not a time: $time";
	return timegm($s || 0, $i || 0, $h || 0, $d, $m - 1, $y);
}

sub median
{
	my @sorted = sort { $a <=> $b } @_;
	return '' unless @sorted;
	my $at = (@sorted - 1) / 2;
	return ($sorted[ floor($at) ] + $sorted[ floor($at + 0.5) ]) / 2;
}

sub rate
{
	my ($part, $whole) = @_;
	return $whole ? sprintf('%.6f', $part / $whole) : '';
}

my %lead;
foreach my $row (read_csv($leads_file))
{
	$lead{ $row->{mql_id} } = {
		source => $row->{origin},
		contact => seconds($row->{first_contact_date})
	};
}
my @impossible;
foreach my $row (read_csv($deals_file))
{
	my $lead = $lead{ $row->{mql_id} } or die "a deal without a lead: $row->{mql_id}";
	my $won = seconds($row->{won_date});
	if ($won < $lead->{contact})
	{
		push @impossible, $row->{mql_id};
		next;
	}
	$lead->{won} = $won;
	$lead->{qualified} = $lead->{contact} + ($won - $lead->{contact}) / 2;
}

# Both reports as they stand just before a time, or after everything.
sub expected_funnel
{
	my ($before) = @_;
	my ($all, $open, $qualified, $open_qualified, $won) = (0) x 5;
	my (@to_qualified, @to_won);
	foreach my $lead (values %lead)
	{
		next if defined $before && $lead->{contact} >= $before;
		my $is_qualified = defined $lead->{qualified}
		  && (!defined $before || $lead->{qualified} < $before);
		my $is_won = defined $lead->{won} && (!defined $before || $lead->{won} < $before);
		$all++;
		$open++ unless $is_qualified;
		$qualified++ if $is_qualified;
		$open_qualified++ if $is_qualified && !$is_won;
		$won++ if $is_won;
		push @to_qualified, $lead->{qualified} - $lead->{contact} if $is_qualified;
		push @to_won, $lead->{won} - $lead->{qualified} if $is_won;
	}
	# Nobody was ever in a status of Consideration: all went past it.
	my @stages = (
		[ 'Awareness', $all, $open, $qualified, median(@to_qualified) ],
		[ 'Consideration', $qualified, 0, $qualified, '' ],
		[ 'Decision', $qualified, $open_qualified, $won, median(@to_won) ],
		[ 'Action', $won, 0, 0, '' ]);
	return join "\n", map {
		my ($stage, $entered, $current, $advanced, $median) = @$_;
		join '|', $stage, $entered, $current, $advanced, rate($advanced, $entered),
		  $median eq '' ? '' : sprintf('%.1f', $median)
	} @stages;
}

sub expected_sources
{
	my ($before) = @_;
	my %count;
	# The sources that every workspace has, and those of the files.
	$count{$_} = [ 0, 0, 0 ] foreach (
		'Website', 'Email Campaign', 'Social Media', 'Referral',
		'Trade Show', 'Cold Call', 'Advertisement', 'Direct Mail',
		grep { $_ ne '' } map { $_->{source} } values %lead);
	foreach my $lead (values %lead)
	{
		next if defined $before && $lead->{contact} >= $before;
		my $n = $count{ $lead->{source} } ||= [ 0, 0, 0 ];
		$n->[0]++;
		$n->[1]++ if defined $lead->{qualified} && (!defined $before || $lead->{qualified} < $before);
		$n->[2]++ if defined $lead->{won} && (!defined $before || $lead->{won} < $before);
	}
	return join "\n",
	  map { join '|', $_, @{ $count{$_} }, rate($count{$_}[2], $count{$_}[0]) } sort keys %count;
}

# ---- What the workspace says --------------------------------------------------

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "timezone = 'Asia/Tokyo'\nfsync = off");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION lead_mgmt;
	SELECT lead_mgmt.create_workspace('crm');
	INSERT INTO crm.rep (name) VALUES ('Ana'), ('Ben'), ('Cem');
});

my ($out, $err) = ('', '');
my $loaded = IPC::Run::run(
	[
		'psql', '-X', '-q', '-d', $node->connstr('postgres'),
		'-v', "leads=$leads_file", '-v', "deals=$deals_file",
		'-f', "$here/../data/funnel_load.sql"
	],
	'>', \$out, '2>', \$err);
ok($loaded, 'the files are loaded') or diag $err;

my $funnel = q{
	SELECT stage, entered, current, advanced, round(conversion_rate, 6),
	  round(extract(epoch FROM median_time), 1)
	FROM crm.conversion_funnel ORDER BY position};
my $sources = q{
	SELECT source, leads, qualified, converted, round(conversion_rate, 6)
	FROM crm.lead_source_analysis ORDER BY coalesce(source, '') COLLATE "C"};

is($node->safe_psql('postgres', $funnel), expected_funnel(), 'the funnel is what the files say');
is($node->safe_psql('postgres', $sources), expected_sources(), 'the source analysis is what the files say');

# As of days in the past: the first contact of all, three in between, the last deal.
my @times = sort { $a <=> $b } map { ($_->{contact}, grep { defined } $_->{won}) } values %lead;
foreach my $time (map { $times[$_ * $#times / 4] } 0 .. 4)
{
	my ($d, $m, $y) = (gmtime $time)[ 3, 4, 5 ];
	my $day = sprintf '%04d-%02d-%02d', $y + 1900, $m + 1, $d;
	my $before = timegm(0, 0, 0, $d, $m, $y) + 24 * 60 * 60;
	my $as_of = "SET lead_mgmt.as_of = '$day';";
	is($node->safe_psql('postgres', "$as_of $funnel"), expected_funnel($before), "the funnel as of $day");
	is($node->safe_psql('postgres', "$as_of $sources"), expected_sources($before),
		"the source analysis as of $day");
}

# ---- The deal that cannot be ---------------------------------------------------

is($node->safe_psql('postgres', 'SELECT mql_id FROM refused ORDER BY mql_id'),
	join("\n", sort @impossible), 'deals won before the first contact are refused, and no others');
is(scalar @impossible, 1, 'there is one');
is($node->safe_psql('postgres', 'SELECT DISTINCT sqlstate, constraint_name FROM refused'),
	'23514|lead_status_since', 'with the name of the rule');
is($node->safe_psql('postgres', q{SELECT bool_and(message <> '' AND detail <> '' AND hint <> '') FROM refused}),
	't', 'with a detail and a hint');
like($err, qr/deal $impossible[0] is refused: \S/, 'and the loader says so');
is($node->safe_psql('postgres',
		"SELECT status, (SELECT count(*) FROM crm.status_change c WHERE c.lead_id = l.id)"
	  . " FROM crm.lead l WHERE email = '$impossible[0]\@example.com'"),
	'new|1', 'that lead stays as it was');

# ---- Nothing else ----------------------------------------------------------------

my $won = grep { defined $_->{won} } values %lead;
is($node->safe_psql('postgres', 'SELECT count(*) FROM crm.status_change'),
	keys(%lead) + 2 * $won, 'one row in the ledger for every change');
is($node->safe_psql('postgres', 'SELECT count(*) FROM crm.assignment'), scalar keys %lead, 'every lead is routed once');
is($node->safe_psql('postgres',
		'SELECT sum(leads), max(leads) - min(leads) <= 1, sum(converted) FROM crm.rep_performance'),
	join('|', scalar keys %lead, 't', $won), 'evenly, and the reps have all of them');
is($node->safe_psql('postgres', 'SELECT sum(leads) FROM crm.lead_aging'), scalar keys %lead, 'every lead has an age');
is($node->safe_psql('postgres', 'SELECT count(*) FROM crm.duplicate'), '0', 'nobody looks like somebody else');
is($node->safe_psql('postgres', 'SELECT count(*) FROM crm.score_audit'), '0', 'every score is what the rules say');
is($node->safe_psql('postgres', 'SELECT count(*) FROM crm.rule_failure'), '0', 'no rule failed');

$node->stop;
done_testing();
