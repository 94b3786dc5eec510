# Round robin by many sessions at once, over failures, and with reps who come
# in between.  Who got how many is counted in the table lead itself.

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
$node->safe_psql('postgres', 'CREATE EXTENSION lead_mgmt');

# A workspace of its own for each test, with these reps.
sub workspace
{
	my ($name, @reps) = @_;
	my $values = join ', ', map { "('$_')" } @reps;
	$node->safe_psql('postgres', qq{
		SELECT lead_mgmt.create_workspace('$name');
		INSERT INTO $name.rep (name) VALUES $values;});
	return;
}

# Leads of each rep, in order of the reps, with zeros.
sub counts
{
	my ($name, $condition) = @_;
	$condition ||= 'true';
	return split /\n/, $node->safe_psql('postgres', qq{
		SELECT (SELECT count(*) FROM $name.lead l WHERE l.owner_id = r.id AND $condition)
		FROM $name.rep r ORDER BY r.id});
}

sub spread
{
	my @sorted = sort { $a <=> $b } @_;
	return $sorted[-1] - $sorted[0];
}

sub sum { my $sum = 0; $sum += $_ foreach @_; return $sum; }

# Every lead has one row in the log, which says who its owner is.
sub log_agrees
{
	my ($name) = @_;
	is($node->safe_psql('postgres', qq{
		SELECT count(*), count(*) FILTER (WHERE a.n = 1 AND a.rep_id = l.owner_id)
		FROM $name.lead l
		LEFT JOIN (SELECT lead_id, count(*) AS n, min(rep_id) AS rep_id FROM $name.assignment GROUP BY lead_id) a
		  ON a.lead_id = l.id}) =~ /^(\d+)\|\1$/ ? 'agrees' : 'differs',
		'agrees', "$name: the log says the same");
	is($node->safe_psql('postgres', qq{
		SELECT count(*) FROM $name.assignment a WHERE NOT EXISTS (SELECT FROM $name.lead l WHERE l.id = a.lead_id)}),
		'0', "$name: and nothing else");
	return;
}

my $scripts = 0;

# 2,000 leads by eight clients, each lead in a transaction of its own.
sub eight_clients
{
	my ($name, $script, $transactions) = @_;
	$transactions ||= 250;
	# each script goes into a file of its own
	my $file = sprintf '020_%s_%d', $name, ++$scripts;
	$node->pgbench("-n -c 8 -j 2 -t $transactions -D n=0", 0,
		[ qr{processed: ${\ (8 * $transactions)}/} ], [ qr{^(?!.*aborted)}s ],
		"$name: eight clients", { $file => $script });
	return;
}

my @six = qw(Ana Ben Cem Dua Eli Fay);

# ---- Equal shares -----------------------------------------------------------------

workspace('equal', @six);
eight_clients('equal', q{
	\set n :n + 1
	INSERT INTO equal.lead (contact_name, email, source)
	VALUES ('Kim', 'c' || :client_id || 'n' || :n || '@example.com', 'Website');
});
my @got = counts('equal');
is(sum(@got), 2000, 'equal: everybody has an owner');
cmp_ok(spread(@got), '<=', 1, 'equal: counts differ by at most one') or diag "@got";
log_agrees('equal');

# In bulk, and one by one beside it
eight_clients('equal', q{
	INSERT INTO equal.lead (contact_name, email)
	SELECT 'Lee', 'bulk@example.com' FROM generate_series(1, 1 + :client_id);
}, 20);
@got = counts('equal');
is(sum(@got), 2000 + 20 * 36, 'equal: everybody in the bulk loads too');
cmp_ok(spread(@got), '<=', 1, 'equal: bulk loads by eight clients') or diag "@got";

# ---- Weights ------------------------------------------------------------------------

workspace('weighted', qw(Ana Ben Cem Dua Eli));
$node->safe_psql('postgres', q{
	INSERT INTO weighted.team (name) VALUES ('Sales');
	INSERT INTO weighted.team_member (team_id, rep_id, weight)
	SELECT 1, id, CASE name WHEN 'Ana' THEN 2 WHEN 'Dua' THEN 0 ELSE 1 END FROM weighted.rep WHERE name <> 'Eli';
	UPDATE weighted.assignment_rule SET team_id = 1;});
eight_clients('weighted', q{
	\set n :n + 1
	INSERT INTO weighted.lead (contact_name, email)
	VALUES ('Kim', 'c' || :client_id || 'n' || :n || '@example.com');
});
is(join(' ', counts('weighted')), '1000 500 500 0 0', 'weighted: 2:1:1 over 500 full rounds');
log_agrees('weighted');

# One session: each round by itself.
$node->safe_psql('postgres', q{
	INSERT INTO weighted.lead (contact_name, email) SELECT 'Round', 'r@example.com' FROM generate_series(1, 400);});
is($node->safe_psql('postgres', q{
	WITH round AS (
		SELECT owner_id, (row_number() OVER (ORDER BY id) - 1) / 4 AS round FROM weighted.lead WHERE contact_name = 'Round'
	)
	SELECT count(*), count(*) FILTER (WHERE owners = ARRAY[1, 1, 2, 3]::bigint[])
	FROM (SELECT array_agg(owner_id ORDER BY owner_id) AS owners FROM round GROUP BY round) r}),
	'100|100', 'weighted: every round serves every rep as his weight says');

# ---- What fails ---------------------------------------------------------------------

# A trigger that fails after the lead has been given to somebody.
sub failing_trigger
{
	my ($name) = @_;
	$node->safe_psql('postgres', qq{
		CREATE FUNCTION $name.refuse() RETURNS trigger LANGUAGE plpgsql AS
		  \$\$BEGIN RAISE EXCEPTION 'not this one'; END\$\$;
		CREATE TRIGGER refuse AFTER INSERT ON $name.lead
		  FOR EACH ROW WHEN (new.contact_name = 'Bad') EXECUTE FUNCTION $name.refuse();});
	return;
}

workspace('failing', @six);
failing_trigger('failing');
my $insert = 'INSERT INTO failing.lead (contact_name, email) VALUES';
my $good = "$insert ('Good', 'good\@example.com');";
my $bad = "$insert ('Bad', 'bad\@example.com');";
my @script;
foreach my $i (1 .. 60)
{
	push @script, $good, $bad if $i % 2;
	push @script, "BEGIN;", $good, "SAVEPOINT a;", $good, $good, "ROLLBACK TO a;", $good, "COMMIT;" if $i % 3 == 0;
	# what was released goes with the savepoint around it
	push @script, "BEGIN;", "SAVEPOINT a;", $good, "SAVEPOINT b;", $good, "RELEASE b;", "ROLLBACK TO a;", $good,
	  "SAVEPOINT c;", $bad, "ROLLBACK TO c;", $good, "COMMIT;" if $i % 3 == 1;
	push @script, "BEGIN;", $good, $good, $bad, "COMMIT;" if $i % 4 == 0;
	push @script, "BEGIN;", $good, "ROLLBACK;" if $i % 5 == 0;
	push @script, "$insert ('Good', 'a\@example.com'), ('Good', 'b\@example.com'), ('Bad', 'c\@example.com');" if $i % 7 == 0;
	push @script, "INSERT INTO failing.lead (id, contact_name, email) VALUES (1, 'Good', 'd\@example.com') ON CONFLICT DO NOTHING;";
}
# The last of the failures' tickets are drawn again by these.
push @script, ($good) x 30;
my ($status, $out, $err) = $node->psql('postgres', join("\n", @script), on_error_stop => 0);
my $failed = () = $err =~ /not this one/g;
cmp_ok($failed, '>', 50, 'failing: much failed');
is($node->safe_psql('postgres', q{SELECT count(*) FROM failing.lead WHERE contact_name = 'Bad'}), '0',
	'failing: none of that is there');
@got = counts('failing');
cmp_ok(spread(@got), '<=', 1, 'failing: one session draws the tickets again that it lost') or diag "@got";
log_agrees('failing');

# A session that ends takes its lost tickets with it.  With a fixed order within
# the rounds, fail and retry would then serve every second rep and no other.
foreach my $reps (2, 6)
{
	my $name = "retry$reps";
	workspace($name, @six[ 0 .. $reps - 1 ]);
	failing_trigger($name);
	my $pairs = 20 * $reps;
	my $retry = "INSERT INTO $name.lead (contact_name, email) VALUES ('Bad', 'a\@example.com');\n\\c -\n"
	  . "INSERT INTO $name.lead (contact_name, email) VALUES ('Good', 'a\@example.com');\n\\c -\n";
	($status, $out, $err) = $node->psql('postgres', $retry x $pairs, on_error_stop => 0);
	@got = counts($name);
	is(sum(@got), $pairs, "$name: every second attempt succeeded");
	my ($least) = sort { $a <=> $b } @got;
	cmp_ok($least, '>=', 5, "$name: no rep is starved, where 20 are fair") or diag "@got";
}

# ---- A rep who comes ------------------------------------------------------------------

# Between two loads: from then on all seven get the same.
workspace('coming', @six);
my $sequence = q{
	INSERT INTO coming.lead (contact_name, email, campaign)
	VALUES ('Kim', 'kim@example.com', 'PHASE');};
eight_clients('coming', $sequence =~ s/PHASE/before/r, 100);
$node->safe_psql('postgres', q{INSERT INTO coming.rep (name) VALUES ('Gil')});
eight_clients('coming', $sequence =~ s/PHASE/after/r, 140);
cmp_ok(spread((counts('coming', q{campaign = 'before'}))[ 0 .. 5 ]), '<=', 1, 'coming: six before');
is((counts('coming', q{campaign = 'before'}))[6], 0, 'coming: Gil was not there');
is(join(' ', counts('coming', q{campaign = 'after'})), join(' ', (160) x 7), 'coming: seven afterwards, and no burst');

# In the middle of it.  Those under way have the old set, eight at most; a
# round is cut short on either side.
workspace('midway', @six);
$node->safe_psql('postgres', 'CREATE TABLE midway.mark (at timestamptz)');
eight_clients('midway', q{
	\set n :n + 1
	\if :client_id = 0 and :n = 80
	INSERT INTO midway.rep (name) VALUES ('Gil');
	INSERT INTO midway.mark VALUES (clock_timestamp());
	\endif
	INSERT INTO midway.lead (contact_name, email) VALUES ('Kim', 'kim@example.com');
});
@got = counts('midway');
is(sum(@got), 2000, 'midway: everybody has an owner');
cmp_ok(spread(@got[ 0 .. 5 ]), '<=', 10, 'midway: those who were there stay even') or diag "@got";
my @since = counts('midway', 'l.created_at > (SELECT at FROM midway.mark)');
cmp_ok(sum(@since), '>', 100, 'midway: there was much to come');
cmp_ok(spread(@since), '<=', 10, 'midway: who comes gets as many as the others, and no burst') or diag "@since";
log_agrees('midway');

# And one who goes: nothing for him from the next statement on.
$node->safe_psql('postgres', q{UPDATE midway.rep SET active = false WHERE name = 'Ben'});
eight_clients('midway', q{
	INSERT INTO midway.lead (contact_name, email, campaign) VALUES ('Kim', 'kim@example.com', 'without Ben');
}, 60);
is(join(' ', counts('midway', q{campaign = 'without Ben'})), '80 0 80 80 80 80 80', 'midway: one who goes gets none');

$node->stop;
done_testing();
