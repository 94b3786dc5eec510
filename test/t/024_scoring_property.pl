# Random leads, random rules, random engagements, and four clients who insert,
# change and delete them at once, correct scores and change the rules.
# Afterwards every score must be what plain SQL makes of the raw tables.
#
# Who does what is drawn from a seed; how it interleaves is up to the machine.
# A deadlock that a client causes himself is avoided as applications do it: who
# locks several leads takes them in the order of their ids, who changes rules
# does it before he touches a lead, and a lead is deleted only by the client
# that may change its engagements.

use strict;
use warnings;

use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{LEAD_MGMT_SEED} || 20260403;
# How many leads, rules and engagements; a long run: 10000,50,200000
my ($leads, $rules, $engagements) = split /,/, $ENV{LEAD_MGMT_SIZE} || '600,30,16000';
note "seed $seed (LEAD_MGMT_SEED), size $leads,$rules,$engagements (LEAD_MGMT_SIZE)";
srand($seed);

my $clients = 4;
my $now = time;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\nmax_connections = 30\ntimezone = 'UTC'\nmax_wal_size = 2GB");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION lead_mgmt;
	SELECT lead_mgmt.create_workspace('crm');
	INSERT INTO crm.rep (name) VALUES ('Ana'), ('Ben');
	DELETE FROM crm.score_rule;
	UPDATE crm.match_rule SET action = 'off';
	UPDATE crm.setting SET sales_ready_score = 40;
	INSERT INTO crm.score_dimension (model_id, name, lowest, highest)
	SELECT id, 'loyalty', -3.5, NULL FROM crm.score_model WHERE state = 'active';});

sub any { return $_[ rand @_ ]; }
sub between { return $_[0] + int rand($_[1] - $_[0] + 1); }
sub quoted { return defined $_[0] ? "'" . ($_[0] =~ s/'/''/gr) . "'" : 'NULL'; }

# ---- Rules -------------------------------------------------------------------------

# A condition as a rule says it, and where that would not do in a query of plain
# SQL, how it is said there.  Those on a JSON field fail on some rows, which is
# false.
sub number { return "CASE WHEN $_[0] ->> '$_[1]' ~ '^-?[0-9]+\$' THEN ($_[0] ->> '$_[1]')::int END"; }
my @lead_conditions = (
	(map { [ "company_size >= $_" ] } 10, 50, 51, 200, 1000),
	[ 'company_size BETWEEN 50 AND 500' ], [ 'company_size IS NULL' ],
	[ "industry IN ('Marketing', 'Advertising')" ], [ "industry = 'Software'" ],
	[ "'vip' = ANY (tags)" ], [ 'cardinality(tags) > 1' ],
	[ "job_title ~* '(chief|director)'" ], [ "job_title LIKE '%Engineer'" ],
	[ "lower(email) LIKE '%\@gmail.com'" ], [ 'annual_revenue > 1000000 AND NOT budget_confirmed' ],
	[ 'budget_confirmed' ], [ "country = setting.default_country", "country = 'US'" ],
	[ q{(attributes ->> 'seats')::int > 3}, number('attributes', 'seats') . ' > 3' ],
	[ q{attributes @> '{"trial": true}'} ], [ "CASE WHEN country = 'US' THEN company_size > 20 ELSE company_size > 90 END" ],
	[ undef, 'true' ]);
my @engagement_conditions = (
	(map { [ "kind = '$_'" ] } qw(email_open email_click visit download form event pricing_page careers_page)),
	[ "kind IN ('visit', 'pricing_page', 'download')" ], [ "kind <> 'email_open'" ],
	[ "url LIKE '%/pricing%'" ], [ "url ~ 'docs|blog'" ], [ "campaign = 'spring'" ], [ 'campaign IS NULL' ],
	[ q{(properties ->> 'seconds')::int >= 30}, number('properties', 'seconds') . ' >= 30' ],
	[ 'extract(dow FROM at) IN (0, 6)' ], [ "at >= '2022-01-01 00:00:00+00'" ],
	[ 'submission_id IS NOT NULL' ], [ "kind = 'unsubscribe'" ], [ undef, 'true' ]);
my %plain = map { ($_->[0] // '') => $_->[1] // $_->[0] } @lead_conditions, @engagement_conditions;

sub points { return any(1, 2, 3, 5, 8, 12, 20, -1, -4, -7, 0.5, 2.5, 1.25, 0.333333, -0.000001, 1000); }
sub max_points { return rand() < 0.5 ? 'NULL' : any(0, 3, 4.5, 10, 10.25, 25, 40); }
sub half_life { return rand() < 0.4 ? 'NULL' : quoted(any('90 seconds', '1 hour', '1 day', '2.5 days', '14 days', '1 month', '1 year', '20 years')); }
sub dimension { return any('demographic', 'behavioral', 'behavioral', 'firmographic', 'loyalty'); }
sub limit { return any(0, -10, -2.25, -50, 1); }
sub highest { return any('NULL', 15, 20, 40, 12.125, 60); }

sub new_rule
{
	my $applies_to = any('lead', 'engagement', 'engagement');
	my $of_lead = $applies_to eq 'lead';
	my $condition = any($of_lead ? @lead_conditions : @engagement_conditions)->[0];
	return 'INSERT INTO crm.score_rule (model_id, dimension, name, applies_to, condition, points, max_points, half_life, active) '
	  . sprintf "SELECT id, '%s', 'rule', '%s', %s, %s, %s, %s, %s FROM crm.score_model WHERE state = 'active';",
	  dimension(), $applies_to, quoted($condition), points(), max_points(), $of_lead ? 'NULL' : half_life(),
	  rand() < 0.9 ? 'true' : 'false';
}

my %applies_to;			# the rules at the beginning, by id
sub rule_change
{
	my $id = any(sort { $a <=> $b } keys %applies_to);
	my $r = rand;
	my $rule = "UPDATE crm.score_rule SET %s WHERE id = $id;";
	return sprintf $rule, 'points = ' . points() if $r < 0.2;
	return sprintf $rule, 'max_points = ' . max_points() if $r < 0.3;
	return sprintf $rule, 'half_life = ' . half_life() if $r < 0.45 && $applies_to{$id} eq 'engagement';
	return sprintf $rule, 'condition = ' . quoted(
		any($applies_to{$id} eq 'lead' ? @lead_conditions : @engagement_conditions)->[0]) if $r < 0.6;
	return sprintf $rule, 'active = NOT active' if $r < 0.75;
	return sprintf $rule, "dimension = '" . dimension() . "'" if $r < 0.8;
	return new_rule() if $r < 0.85;
	return "DELETE FROM crm.score_rule WHERE id = (SELECT max(id) FROM crm.score_rule) AND id > $rules;" if $r < 0.9;
	return sprintf "UPDATE crm.score_dimension SET lowest = %s, highest = %s WHERE name = '%s';",
	  limit(), highest(), any(qw(demographic behavioral firmographic loyalty));
}

# ---- Leads and engagements ------------------------------------------------------------

sub size { return any(10, 49, 50, 60, 51, 450, 900, 5000); }
sub json_number { return any(1, 3, 4, 29, 30, 31, -2, '"30"', '"many"', 'null'); }

my %lead_column = (
	company_size => sub { return rand() < 0.1 ? undef : size(); },
	industry => sub { return any('Marketing', 'Advertising', 'Software', 'Farming', undef); },
	job_title => sub { return any('Chief of Staff', 'director', 'Software Engineer', 'Clerk', undef); },
	tags => sub { return any('{}', '{vip}', '{vip,new}', '{old,cold}', undef); },
	annual_revenue => sub { return any(undef, 50000, 1000000, 2500000.5); },
	budget_confirmed => sub { return any('true', 'false', 'false'); },
	country => sub { return any('US', 'DE', undef); },
	attributes => sub { return any(undef, '{"seats": ' . json_number() . '}', '{"seats": 5, "trial": true}'); });
my @lead_columns = sort keys %lead_column;

sub lead_values { return map { $lead_column{$_}->() } @lead_columns; }
sub email { return sprintf 'p%d@%s', int(rand 100000), any('example.com', 'gmail.com', 'GMail.com'); }

# Times of engagements: by the minute or the decade, some of them the same
my $same_time = $now - 86400 * 3;
# COPY and VALUES take the same words.
sub time_value
{
	my $r = rand;
	my $at = $r < 0.3 ? $now - rand 3600 : $r < 0.6 ? $now - rand(86400 * 20)
	  : $r < 0.8 ? $now - rand(86400 * 400) : $r < 0.95 ? $now - rand(86400 * 3650) : $same_time;
	my ($s, $m, $h, $d, $mo, $y) = gmtime int $at;
	return sprintf '%04d-%02d-%02d %02d:%02d:%02d.%06d+00', $y + 1900, $mo + 1, $d, $h, $m, $s,
	  ($at - int $at) * 1000000;
}

my @submissions = map { sprintf '%08x-0000-4000-8000-%012x', int(rand 2**31), $_ } 1 .. 40;
my $engagement_columns = 'id, lead_id, kind, at, url, campaign, properties, submission_id';

sub engagement_values
{
	my ($id, $lead, $submission) = @_;
	return ($id, $lead,
		any(qw(email_open email_open email_click visit visit visit download form event pricing_page careers_page unsubscribe)),
		time_value(), any(undef, '/pricing', '/docs/api', '/blog/pricing'), any(undef, 'spring', 'autumn'),
		any(undef, undef, '{"seconds": ' . json_number() . '}'), $submission);
}
sub tuple { return '(' . join(', ', map { quoted($_) } @_) . ')'; }
sub copy_line { return join("\t", map { defined $_ ? $_ =~ s/\\/\\\\/gr : '\N' } @_) . "\n"; }

# ---- What clients do -------------------------------------------------------------------

# Leads 1..$leads stay.  A client's own ones come and go; others may refer to them,
# which fails if they are not there.
my $share = int($engagements / 2 / $clients);	# engagements of a client in one of two rounds
my $copy_rows = 20 + int($share / 100);

sub lead_of
{
	my ($c) = @_;
	my @own = sort { $a <=> $b } keys %{ $c->{own} };
	return @own && rand() < 0.15 ? any(@own) : between(1, rand() < 0.4 ? 12 : $leads);
}

sub new_engagement
{
	my ($c, $lead) = @_;
	my $id = ++$c->{last_engagement};
	$c->{engagement}{$id} = $lead;
	push @{ $c->{ids} }, $id;
	$c->{made}++;
	return $id;
}

# One of those that this client has made; they may be gone.
sub old_engagement
{
	my ($c, $lead) = @_;
	my @ids = @{ $c->{ids} } > 200 ? @{ $c->{ids} }[ -200 .. -1 ] : @{ $c->{ids} };
	@ids = grep { $c->{engagement}{$_} == $lead } @ids if defined $lead;
	return @ids ? any(@ids) : 0;
}

sub insert_engagement
{
	my ($c, $lead, $submission, $more) = @_;
	return "INSERT INTO crm.engagement ($engagement_columns) VALUES "
	  . tuple(engagement_values(new_engagement($c, $lead), $lead, $submission)) . ($more // '') . ';';
}

sub change_engagement
{
	my ($c, $lead) = @_;
	my $id = old_engagement($c, $lead);
	my $r = rand;
	my $of = "WHERE id = $id" . (defined $lead ? " AND lead_id = $lead" : '');
	return "DELETE FROM crm.engagement $of;" if $r < 0.3;
	return sprintf "UPDATE crm.engagement SET at = '%s' $of;", time_value() if $r < 0.6;
	return sprintf "UPDATE crm.engagement SET kind = '%s', properties = %s $of;",
	  any(qw(visit form email_open)), quoted('{"seconds": ' . json_number() . '}') if $r < 0.8;
	return "UPDATE crm.engagement SET asset = 'read' $of;" if $r < 0.85;
	return sprintf "MERGE INTO crm.engagement e USING (VALUES (%d)) s (id) ON e.id = s.id AND e.lead_id = %d "
	  . "WHEN MATCHED AND e.kind = 'visit' THEN DELETE WHEN MATCHED THEN UPDATE SET kind = 'visit' "
	  . "WHEN NOT MATCHED THEN INSERT (lead_id, kind) VALUES (%2\$d, 'form');", $id, $lead if defined $lead;
	# it goes to another lead
	my $other = between(1, $leads);
	$c->{engagement}{$id} = $other;
	return "UPDATE crm.engagement SET lead_id = $other WHERE id = $id;";
}

sub change_lead
{
	my ($lead) = @_;
	my $column = any(@lead_columns);
	return sprintf "UPDATE crm.lead SET %s = %s WHERE id = %d;", $column, quoted($lead_column{$column}->()), $lead;
}

sub adjustment
{
	my ($lead) = @_;
	return sprintf "INSERT INTO crm.score_adjustment (lead_id, points, reason%s) VALUES (%d, %s, 'said so'%s);",
	  rand() < 0.5 ? ('', $lead, any(5, -5, 0.25, -3.000001, 20), '')
	  : (', created_at', $lead, any(7, -2.5), ", '" . time_value() . "'");
}

sub on_one_lead
{
	my ($c, $lead) = @_;
	my $r = rand;
	return insert_engagement($c, $lead) if $r < 0.35;
	return change_engagement($c, $lead) if $r < 0.6;
	return change_lead($lead) if $r < 0.8;
	return adjustment($lead) if $r < 0.9;
	# both in one statement
	my $old = old_engagement($c, $lead);
	return 'WITH gone AS (DELETE FROM crm.engagement ' . "WHERE id = $old AND lead_id = $lead RETURNING kind) "
	  . "INSERT INTO crm.engagement (lead_id, kind) SELECT $lead, kind FROM gone UNION ALL SELECT $lead, 'visit';";
}

sub lead_insert
{
	my ($c, $id) = @_;
	if (!defined $id)
	{
		$id = ++$c->{last_lead};
		$c->{own}{$id} = 1;
	}
	return "INSERT INTO crm.lead (id, contact_name, email, " . join(', ', @lead_columns) . ") VALUES "
	  . tuple($id, "Person $id", email(), lead_values());
}

sub copy_leads
{
	my ($c) = @_;
	my $sql = "COPY crm.lead (id, contact_name, email, " . join(', ', @lead_columns) . ") FROM stdin;\n";
	foreach (1 .. 3)
	{
		my $id = ++$c->{last_lead};
		$c->{own}{$id} = 1;
		$sql .= copy_line($id, "Person $id", email(), lead_values());
	}
	return "$sql\\.";
}

sub copy_engagements
{
	my ($c) = @_;
	my $sql = "COPY crm.engagement ($engagement_columns) FROM stdin;\n";
	foreach (1 .. between(2, $copy_rows))
	{
		my $lead = lead_of($c);
		$sql .= copy_line(engagement_values(new_engagement($c, $lead), $lead, undef));
	}
	return "$sql\\.";
}

# Several leads: locked in the order of their ids.
sub change_leads
{
	my ($first) = between(1, $leads);
	return sprintf "UPDATE crm.lead SET company_size = %s WHERE id IN (SELECT id FROM crm.lead WHERE id BETWEEN %d AND %d ORDER BY id FOR NO KEY UPDATE);",
	  size(), $first, $first + 20;
}

sub transaction_on_one_lead
{
	my ($c, $change_rules) = @_;
	my $lead = lead_of($c);
	my @body = map { on_one_lead($c, $lead) } 1 .. between(1, 4);
	unshift @body, rule_change() if $change_rules && rand() < 0.05;
	if (rand() < 0.4)
	{
		push @body, 'SAVEPOINT a;', on_one_lead($c, $lead), on_one_lead($c, $lead),
		  (rand() < 0.3 ? ('SAVEPOINT b;', on_one_lead($c, $lead), any('RELEASE b;', 'ROLLBACK TO b;')) : ()),
		  any('ROLLBACK TO a;', 'RELEASE a;'), on_one_lead($c, $lead);
	}
	return (rand() < 0.2 ? 'BEGIN ISOLATION LEVEL REPEATABLE READ;' : 'BEGIN;', @body,
		any('COMMIT;', 'COMMIT;', 'COMMIT;', 'ROLLBACK;'));
}

# "rescore" is one who may also change the rules.
sub transaction
{
	my ($c, $change_rules) = @_;
	my $r = rand;
	if ($change_rules && $r < 0.08)
	{
		return rule_change() if $r < 0.05;
		return "CALL lead_mgmt.rescore('crm');" if $r < 0.065;
		return ('BEGIN;', rule_change(), on_one_lead($c, lead_of($c)), any('COMMIT;', 'ROLLBACK;')) if $r < 0.075;
		return ('BEGIN;', "CALL lead_mgmt.rescore('crm');", any('COMMIT;', 'ROLLBACK;'));
	}
	$r = rand;
	return copy_engagements($c) if $r < 0.1;
	return insert_engagement($c, lead_of($c)) if $r < 0.2;
	if ($r < 0.27)
	{
		# The same submission from several clients is of the same lead.
		my $which = int rand @submissions;
		return insert_engagement($c, 1 + $which % 12, $submissions[$which],
			any('', '', ' ON CONFLICT DO NOTHING', ' ON CONFLICT (submission_id) DO UPDATE SET asset = EXCLUDED.asset'));
	}
	return change_engagement($c) if $r < 0.4;
	return on_one_lead($c, lead_of($c)) if $r < 0.5;
	return change_leads() if $r < 0.52;
	return lead_insert($c) . ';' if $r < 0.56;
	return copy_leads($c) if $r < 0.57;
	if ($r < 0.6)
	{
		my $sql = lead_insert($c, between(1, $leads));
		return "$sql ON CONFLICT (id) DO UPDATE SET company_size = EXCLUDED.company_size, tags = EXCLUDED.tags;";
	}
	# of another client: it may not be there
	return insert_engagement($c, any(1 .. $clients) * 1000000 + between(1, 30)) if $r < 0.63;
	if ($r < 0.66)
	{
		my ($lead) = any(sort { $a <=> $b } keys %{ $c->{own} });
		return "SELECT;" if !defined $lead;
		return "BEGIN; DELETE FROM crm.lead WHERE id = $lead; ROLLBACK;" if rand() < 0.3;
		delete $c->{own}{$lead};
		return "DELETE FROM crm.lead WHERE id = $lead;";
	}
	return transaction_on_one_lead($c, $change_rules);
}

# ---- The beginning ------------------------------------------------------------------------

my $setup = '';
$setup .= new_rule() . "\n" foreach 1 .. $rules;
$setup .= "COPY crm.lead (id, contact_name, email, " . join(', ', @lead_columns) . ") FROM stdin;\n";
$setup .= copy_line($_, "Person $_", email(), lead_values()) foreach 1 .. $leads;
$setup .= "\\.\nALTER TABLE crm.lead ALTER id RESTART WITH 100000000;\n"
  . "ALTER TABLE crm.engagement ALTER id RESTART WITH 900000000;\n";
my $setup_script = write_script('setup', $setup);
run_client($node, $setup_script)->finish;
unlike($setup_script->{err}, qr/ERROR/, 'the beginning is made');
%applies_to = map { split /=/ } split /\n/, $node->safe_psql('postgres', "SELECT id || '=' || applies_to FROM crm.score_rule");
is(scalar(keys %applies_to), $rules, 'there are rules');

sub write_script
{
	my ($name, $text) = @_;
	my $file = $node->basedir . "/$name.sql";
	open(my $sql, '>', $file) or die "$file: $!";
	print $sql "\\set VERBOSITY verbose\n$text\n";
	close $sql;
	return { file => $file, out => '', err => '' };
}

sub run_client
{
	my ($of, $script) = @_;
	$script->{run} = IPC::Run::start([ 'psql', '-X', '-q', '-d', $of->connstr('postgres'), '-f', $script->{file} ],
		'>', \$script->{out}, '2>', \$script->{err}, IPC::Run::timeout(10 * $PostgreSQL::Test::Utils::timeout_default));
	return $script->{run};
}

my @client = map {
	{ number => $_, engagement => {}, ids => [], own => {}, last_engagement => $_ * 10000000, last_lead => $_ * 1000000 }
} 0 .. $clients;

# All clients at once, until each has made its share of engagements.
sub play
{
	my ($round, $change_rules) = @_;
	my @scripts;
	foreach my $c (@client[ 1 .. $clients ])
	{
		my @lines;
		$c->{made} = 0;
		push @lines, transaction($c, $change_rules) while $c->{made} < $share;
		push @scripts, write_script("client$c->{number}", join("\n", @lines));
	}
	run_client($node, $_) foreach @scripts;

	# A lead that is not there, a snapshot that is too old, a transaction that
	# has failed by it (and lost its savepoints), a rescore while there is one
	my (%errors, @unexpected);
	foreach my $script (@scripts)
	{
		ok($script->{run}->finish, "$round: a client is done");
		while ($script->{err} =~ /^(.*?(?:ERROR|FATAL|PANIC):\s+(\w{5}):.*)/mg)
		{
			$errors{$2}++;
			push @unexpected, $1 if $2 !~ /^(?:23503|40001|25P02|3B001|55006)$/;
		}
		push @unexpected, $1 if $script->{err} =~ /((?:server closed|connection to server).*)/;
	}
	note "$round: " . join ', ', map { "$_: $errors{$_}" } sort keys %errors;
	is(join("\n", @unexpected), '', "$round: no deadlock, nor any other error");
	return;
}

# ---- Scores by plain SQL --------------------------------------------------------------------

# Tables plain.rule_points, plain.dimension and plain.score: what everything adds up
# to as of a time, an expression over lead l.
sub compute
{
	my ($at) = @_;
	my $rows = decode_json($node->safe_psql('postgres', q{
		SELECT coalesce(json_agg(r), '[]') FROM (
			SELECT r.id, r.applies_to, coalesce(r.condition, '') AS condition, r.dimension, r.points::text,
			  r.max_points::text, extract(epoch FROM r.half_life)::text AS half_life
			FROM crm.score_rule r JOIN crm.score_model m ON m.id = r.model_id
			WHERE r.active AND m.state = 'active') r}));
	my $sql = qq{
		DROP SCHEMA IF EXISTS plain CASCADE;
		CREATE SCHEMA plain;
		CREATE TABLE plain.asked AS SELECT l.id AS lead_id, $at AS at FROM crm.lead l;
		CREATE TABLE plain.engagement AS
		  SELECT e.*, extract(epoch FROM a.at - e.at)::float8 AS age
		  FROM crm.engagement e JOIN plain.asked a ON a.lead_id = e.lead_id WHERE e.at <= a.at;
		CREATE TABLE plain.rule_points (lead_id bigint, rule_id bigint, dimension text, times bigint, points numeric, decays boolean);};
	foreach my $r (@$rows)
	{
		my $max = $r->{max_points} // 'NULL::numeric';
		# Points of long ago would underflow.  Each term is made exact before
		# it is added: a float keeps 15 digits of the sum when it is cast.
		my $left = $r->{half_life}
		  && "CASE WHEN age / $r->{half_life} < 1000 THEN power(2::float8, -age / $r->{half_life})::numeric ELSE 0 END";
		my ($points, $from) = $r->{applies_to} eq 'lead' ? ($r->{points}, 'crm.lead')
		  : ($left ? "$r->{points} * sum($left)" : "$r->{points} * count(*)", 'plain.engagement');
		my ($lead, $times, $group) = $r->{applies_to} eq 'lead' ? ('id', 'NULL', '') : ('lead_id', 'count(*)', 'GROUP BY lead_id');
		$sql .= "INSERT INTO plain.rule_points SELECT $lead, $r->{id}, '$r->{dimension}', $times, "
		  . "greatest(least($points, $max), -$max), " . ($left ? 'true' : 'false')
		  . " FROM $from WHERE ($plain{ $r->{condition} }) $group;";
	}
	$sql .= q{
		CREATE TABLE plain.dimension AS
		  SELECT a.lead_id, d.name, greatest(least(coalesce(sum(p.points), 0), d.highest), d.lowest) AS points,
		    coalesce(bool_or(p.decays), false) AS decays
		  FROM plain.asked a CROSS JOIN crm.score_dimension d JOIN crm.score_model m ON m.id = d.model_id AND m.state = 'active'
		  LEFT JOIN plain.rule_points p ON p.lead_id = a.lead_id AND p.dimension = d.name
		  GROUP BY a.lead_id, d.name, d.lowest, d.highest;
		CREATE TABLE plain.score AS
		  SELECT s.*, floor(within + 0.5)::int AS score,
		    -- where a power of two is in it, a tie of rounding may go either way
		    CASE WHEN decays THEN floor(within + 0.5 - 1e-9)::int ELSE floor(within + 0.5)::int END AS lowest,
		    CASE WHEN decays THEN floor(within + 0.5 + 1e-9)::int ELSE floor(within + 0.5)::int END AS highest
		  FROM (
		    SELECT d.*, coalesce(j.points, 0) AS adjustment, e.last_engaged_at,
		      greatest(least(d.points + coalesce(j.points, 0), 100), 0) AS within
		    FROM (
		      SELECT lead_id, sum(points) AS points, bool_or(decays) AS decays,
		        sum(points) FILTER (WHERE name = 'demographic') AS demographic,
		        sum(points) FILTER (WHERE name = 'behavioral') AS behavioral,
		        sum(points) FILTER (WHERE name = 'firmographic') AS firmographic
		      FROM plain.dimension GROUP BY lead_id) d
		    LEFT JOIN (
		      SELECT j.lead_id, sum(j.points) AS points FROM crm.score_adjustment j JOIN plain.asked a ON a.lead_id = j.lead_id
		      WHERE j.created_at <= a.at GROUP BY j.lead_id) j ON j.lead_id = d.lead_id
		    LEFT JOIN (
		      SELECT lead_id, max(at) AS last_engaged_at FROM plain.engagement GROUP BY lead_id) e ON e.lead_id = d.lead_id) s;
		CREATE UNIQUE INDEX ON plain.score (lead_id);
		ANALYZE plain.score, plain.rule_points;};
	$node->safe_psql('postgres', $sql);
	return;
}

sub none
{
	my ($name, $query) = @_;
	is($node->safe_psql('postgres', "SELECT * FROM ($query) q LIMIT 5"), '', $name);
	return;
}

sub unlike_points
{
	my ($stored, $expected) = @_;
	return "($stored IS NULL OR abs($stored - $expected) > 1e-9)";
}

# The three dimensions that have a column
sub unlike_dimensions
{
	my ($stored) = @_;
	return join ' OR ', map { unlike_points("$stored.${_}_score", "p.$_") } qw(demographic behavioral firmographic);
}

sub check
{
	my ($round) = @_;
	compute('l.scored_at');
	none("$round: every lead has the score that plain SQL makes of its history", qq{
		SELECT l.id, l.score, p.score AS expected, l.demographic_score, p.demographic, l.behavioral_score, p.behavioral,
		  l.firmographic_score, p.firmographic, l.score_adjustment, p.adjustment, l.last_engaged_at, p.last_engaged_at AS expected_at
		FROM crm.lead l LEFT JOIN plain.score p ON p.lead_id = l.id
		WHERE l.score IS NULL OR p.score IS NULL OR l.score NOT BETWEEN p.lowest AND p.highest
		  OR } . unlike_dimensions('l') . q{
		  OR l.score_adjustment IS DISTINCT FROM p.adjustment OR l.last_engaged_at IS DISTINCT FROM p.last_engaged_at});
	none("$round: the grade is that of the score", q{
		SELECT id, score, grade FROM crm.lead l
		WHERE grade IS DISTINCT FROM (SELECT name FROM crm.grade g WHERE g.lowest <= l.score ORDER BY lowest DESC LIMIT 1)});
	none("$round: scored_at is neither before the last engagement nor to come", q{
		SELECT id, scored_at, last_engaged_at FROM crm.lead
		WHERE scored_at IS NULL OR scored_at < last_engaged_at OR scored_at > clock_timestamp()});
	$node->safe_psql('postgres', 'CREATE TABLE plain.explanation AS SELECT * FROM crm.score_explanation');
	none("$round: explanations sum to the score", q{
		SELECT l.id, l.score, x.points FROM crm.lead l
		LEFT JOIN (SELECT lead_id, sum(points) AS points FROM plain.explanation GROUP BY lead_id) x ON x.lead_id = l.id
		WHERE coalesce(x.points, 0) <> l.score});
	none("$round: each rule gives what plain SQL makes of it", q{
		SELECT p.lead_id AS plain, x.lead_id AS explained, p.rule_id, x.rule_id AS explained_rule, p.dimension, x.dimension AS explained_dimension,
		  p.times, x.times AS explained_times, p.points, x.points AS explained_points
		FROM plain.rule_points p
		FULL JOIN (SELECT * FROM plain.explanation WHERE rule_id IS NOT NULL) x ON x.lead_id = p.lead_id AND x.rule_id = p.rule_id
		WHERE p.lead_id IS NULL OR x.times IS DISTINCT FROM p.times OR x.dimension <> p.dimension
		  OR } . unlike_points('x.points', 'p.points'));
	none("$round: the audit finds nothing", 'SELECT lead_id, score, recomputed_score FROM crm.score_audit');
	none("$round: whoever is ready for sales is in the list", q{
		SELECT n.id, n.score FROM crm.lead_now n JOIN crm.lead_status u ON u.name = n.status AND u.is_open
		WHERE n.score >= 40 AND NOT EXISTS (SELECT FROM crm.hot_lead h WHERE h.lead_id = n.id)});
	return;
}

# The score at other times than that at which it was made.
sub check_at
{
	my ($round, $at) = @_;
	compute("timestamptz '$at'");
	none("$round: the score at $at", qq{
		SELECT l.id, s.*, p.score AS expected, p.demographic, p.behavioral, p.firmographic
		FROM crm.lead l JOIN plain.score p ON p.lead_id = l.id CROSS JOIN LATERAL lead_mgmt.score_at(l, '$at') s
		WHERE s.score NOT BETWEEN p.lowest AND p.highest OR } . unlike_dimensions('s'));
	return;
}

# ---- The game -----------------------------------------------------------------------------------

# As long as nobody touches the rules scores need no rescore.
play('by the same rules', 0);
check('by the same rules');
my ($made, $scores) = split /\|/, $node->safe_psql('postgres',
	'SELECT (SELECT count(*) FROM crm.engagement), (SELECT count(DISTINCT score) FROM crm.lead)');
note "$made engagements, $scores different scores";
cmp_ok($made, '>', $engagements / 4, 'there are engagements');
cmp_ok($scores, '>', 20, 'and all kinds of scores');

play('by changing rules', 1);
$node->safe_psql('postgres', "CALL lead_mgmt.rescore('crm')");
check('by changing rules');
note $node->safe_psql('postgres', 'SELECT count(*) FROM crm.engagement') . ' engagements in the end';
check_at('afterwards', $node->safe_psql('postgres', $_)) foreach (
	q{SELECT now() - interval '2 years'}, q{SELECT now() - interval '10 minutes'},
	q{SELECT now() + interval '1 hour'}, q{SELECT now() + interval '3 months'});
is($node->safe_psql('postgres', q{
	SELECT count(*) - count(DISTINCT submission_id) FROM crm.engagement WHERE submission_id IS NOT NULL}), 0,
	'no submission counts twice');
none('rules failed only where they had to', q{
	SELECT rule, sqlstate, message FROM crm.rule_failure WHERE sqlstate <> '22P02'});

# The check would notice.
my $victim = $node->safe_psql('postgres', q{
	SELECT lead_id FROM plain.rule_points WHERE times > 0 ORDER BY lead_id LIMIT 1});
$node->safe_psql('postgres', qq{
	SET session_replication_role = replica;
	UPDATE crm.lead SET behavioral_score = behavioral_score + 0.00000001 WHERE id = $victim});
compute('l.scored_at');
is($node->safe_psql('postgres', 'SELECT l.id FROM crm.lead l JOIN plain.score p ON p.lead_id = l.id WHERE '
	  . unlike_dimensions('l')), $victim, 'a hundred-millionth of a point is noticed');

$node->stop;
done_testing();
