# Four clients do whatever comes to their minds, on the same leads.  Afterwards
# the ledgers, scores, owners and duplicates must agree with the leads, by
# queries that use nothing of the extension but its tables.
#
# Who does what is drawn from a seed; how it interleaves is up to the machine.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{LEAD_MGMT_SEED} || 20260401;
note "seed $seed (LEAD_MGMT_SEED)";
srand($seed);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
# Transactions that lock leads in any order get into deadlocks: be quick about it.
$node->append_conf('postgresql.conf', "fsync = off\nmax_connections = 30\ndeadlock_timeout = 20ms");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION lead_mgmt;
	SELECT lead_mgmt.create_workspace('crm');
	INSERT INTO crm.rep (name) VALUES ('Ana'), ('Ben'), ('Cem'), ('Dua');
	DELETE FROM crm.score_rule;
	INSERT INTO crm.score_rule (model_id, dimension, name, points, condition)
	SELECT m.id, r.dimension, r.name, r.points, r.condition
	FROM crm.score_model m, (VALUES
		('demographic', 'Title', 20.5, 'job_title ~* ''director'''),
		('demographic', 'Size', 25, 'company_size BETWEEN 50 AND 500'),
		('demographic', 'Free mail', -15, 'lower(email) LIKE ''%@gmail.com'''),
		('firmographic', 'Industry', 8, 'industry IN (''Marketing'', ''Advertising'')'),
		('firmographic', 'Giant', 15, 'company_size > 400')
	) AS r (dimension, name, points, condition);});

# ---- What they do ------------------------------------------------------------------

sub any { return $_[ rand @_ ]; }

my @emails = map { my $i = $_; ("p$i\@example.com", "P$i\@Example.com", "p$i\@gmail.com") } 1 .. 8;
my @statuses = qw(new contacted qualified nurture unqualified converted);

# A lead that is there, mostly one of a few that all of them work on.
sub lead
{
	my $from = rand() < 0.6 ? int(rand 12) : int(rand 250);
	return "id = (SELECT id FROM crm.lead ORDER BY id OFFSET $from LIMIT 1)";
}

sub email { return any(@emails); }
sub size { return any('NULL', 10, 60, 450, 900); }
sub owner { return any('NULL', 1 .. 4); }
sub flag { return any('true', 'true', 'false'); }

sub lead_values
{
	return sprintf "('Person %d', '%s', %s, '%s', %s, %s, %s, %s, %s)",
	  int(rand 1000), email(), size(), any('Director', 'Clerk'), any("'Marketing'", "'Farming'", 'NULL'),
	  (flag()) x 4;
}

sub operation
{
	my $columns = 'contact_name, email, company_size, job_title, industry, '
	  . 'budget_confirmed, authority_confirmed, need_confirmed, timeline_confirmed';
	my $r = rand;
	return "INSERT INTO crm.lead ($columns) VALUES " . lead_values() . ';' if $r < 0.22;
	return "INSERT INTO crm.lead ($columns) VALUES " . join(', ', map { lead_values() } 1 .. 3) . ';' if $r < 0.26;
	return "INSERT INTO crm.lead ($columns, owner_id, status) VALUES "
	  . (lead_values() =~ s/\)$//r) . sprintf(", %s, '%s');", owner(), any(@statuses)) if $r < 0.30;
	return sprintf "UPDATE crm.lead SET status = '%s' WHERE %s;", any(@statuses), lead() if $r < 0.55;
	return sprintf "UPDATE crm.lead SET email = '%s' WHERE %s;", email(), lead() if $r < 0.67;
	return sprintf "UPDATE crm.lead SET company_size = %s WHERE %s;", size(), lead() if $r < 0.75;
	return sprintf "UPDATE crm.lead SET owner_id = %s WHERE %s;", owner(), lead() if $r < 0.83;
	return sprintf "UPDATE crm.lead SET budget_confirmed = %s, industry = %s WHERE %s;",
	  flag(), any("'Marketing'", "'Farming'", 'NULL'), lead() if $r < 0.88;
	return sprintf "UPDATE crm.lead SET status = '%s', email = '%s', company_size = %s, owner_id = %s WHERE %s;",
	  any(@statuses), email(), size(), owner(), lead() if $r < 0.91;
	return sprintf "UPDATE crm.lead SET company_size = %s, status = CASE WHEN status = 'new' THEN 'contacted' ELSE status END WHERE id %% 11 = %d;",
	  size(), int(rand 11) if $r < 0.93;
	return sprintf "DELETE FROM crm.lead WHERE %s;", lead();
}

sub transaction
{
	my $r = rand;
	return operation() if $r < 0.5;
	my $begin = rand() < 0.2 ? 'BEGIN ISOLATION LEVEL REPEATABLE READ;' : 'BEGIN;';
	my @body = map { operation() } 1 .. 1 + int rand 4;
	if ($r > 0.7)
	{
		# What comes after ROLLBACK TO is done even if the savepoint's part failed.
		push @body, 'SAVEPOINT a;', operation(), operation(),
		  (rand() < 0.3 ? ('SAVEPOINT b;', operation(), 'RELEASE b;') : ()),
		  any('ROLLBACK TO a;', 'ROLLBACK TO a;', 'RELEASE a;'), operation();
	}
	return ($begin, @body, any('COMMIT;', 'COMMIT;', 'COMMIT;', 'ROLLBACK;'));
}

my $clients = 4;
my @client;
foreach my $c (1 .. $clients)
{
	my $file = $node->basedir . "/client$c.sql";
	open(my $sql, '>', $file) or die "$file: $!";
	print $sql "\\set VERBOSITY sqlstate\n";
	print $sql join("\n", transaction()), "\n" foreach 1 .. 400;
	close $sql;
	$client[$c] = { file => $file, out => '', err => '' };
}
foreach my $c (@client[ 1 .. $clients ])
{
	$c->{run} = IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), '-f', $c->{file} ],
		'>', \$c->{out}, '2>', \$c->{err}, IPC::Run::timeout(4 * $PostgreSQL::Test::Utils::timeout_default));
}
my %errors;
foreach my $c (@client[ 1 .. $clients ])
{
	ok($c->{run}->finish, 'a client is done');
	$errors{$1}++ while $c->{err} =~ /ERROR:\s+(\w+)/g;
}
note join ', ', map { "$_: $errors{$_}" } sort keys %errors;
cmp_ok($errors{23514} || 0, '>', 50, 'transitions were refused');
# in an aborted transaction, a savepoint that was never set in one, deadlock, a
# row that is newer than the snapshot
is(join(' ', grep { !/^(?:23514|25P02|3B001|40P01|40001)$/ } sort keys %errors), '', 'and nothing else went wrong');

# ---- What has become of it -----------------------------------------------------------

sub none
{
	my ($name, $query) = @_;
	is($node->safe_psql('postgres', "SELECT * FROM ($query) q LIMIT 5"), '', $name);
	return;
}

my ($leads, $changes, $moves) = split /\|/, $node->safe_psql('postgres', q{
	SELECT (SELECT count(*) FROM crm.lead), (SELECT count(*) FROM crm.status_change WHERE from_status IS NOT NULL),
	  (SELECT count(*) FROM crm.assignment WHERE from_rep_id IS NOT NULL)});
note "$leads leads, $changes changes of status, $moves of owner";
cmp_ok($leads, '>', 100, 'there are leads');
cmp_ok($changes, '>', 100, 'they have a history');
cmp_ok($moves, '>', 20, 'they have changed hands');

none('the last change of status is the status', q{
	SELECT l.id, l.status, l.status_since, c.to_status, c.at FROM crm.lead l
	LEFT JOIN LATERAL (SELECT * FROM crm.status_change c WHERE c.lead_id = l.id ORDER BY c.id DESC LIMIT 1) c ON true
	WHERE (c.to_status, c.at) IS DISTINCT FROM (l.status, l.status_since)});
none('the changes make a chain, from nothing, forwards in time', q{
	SELECT * FROM (
		SELECT id, lead_id, from_status, to_status, at, time_in_status,
		  lag(to_status) OVER w AS before, lag(at) OVER w AS since
		FROM crm.status_change WINDOW w AS (PARTITION BY lead_id ORDER BY id)) c
	WHERE from_status IS DISTINCT FROM before OR at < since OR from_status = to_status
	  OR time_in_status IS DISTINCT FROM at - since});
none('the first is at the creation', q{
	SELECT l.id FROM crm.lead l
	WHERE (SELECT c.at FROM crm.status_change c WHERE c.lead_id = l.id AND c.from_status IS NULL) IS DISTINCT FROM l.created_at});
none('only transitions that are possible', q{
	SELECT c.id FROM crm.status_change c
	WHERE NOT EXISTS (SELECT FROM crm.status_transition t
		WHERE t.from_status IS NOT DISTINCT FROM c.from_status AND t.to_status = c.to_status)});
none('the last row of the routing log is the owner', q{
	SELECT l.id, l.owner_id, a.rep_id FROM crm.lead l
	LEFT JOIN LATERAL (SELECT * FROM crm.assignment a WHERE a.lead_id = l.id ORDER BY a.id DESC LIMIT 1) a ON true
	WHERE a.rep_id IS DISTINCT FROM l.owner_id});
none('the log makes a chain too', q{
	SELECT * FROM (
		SELECT id, rep_id, from_rep_id, lag(rep_id) OVER (PARTITION BY lead_id ORDER BY id) AS before FROM crm.assignment) a
	WHERE from_rep_id IS DISTINCT FROM before OR (rep_id IS NOT DISTINCT FROM from_rep_id)});
none('no ledger has rows without a lead', q{
	SELECT 'status_change' AS ledger, lead_id FROM crm.status_change WHERE lead_id NOT IN (SELECT id FROM crm.lead)
	UNION ALL SELECT 'assignment', lead_id FROM crm.assignment WHERE lead_id NOT IN (SELECT id FROM crm.lead)});

# The rules once more, as a report writer would have written them.
none('every score is what plain SQL makes of the row', q{
	SELECT * FROM (
		SELECT id, score, demographic_score, firmographic_score, behavioral_score, grade, demographic, firmographic,
		  CASE WHEN demographic + firmographic >= 100 THEN 100 ELSE floor(demographic + firmographic + 0.5) END AS expected
		FROM (
			SELECT *,
			  CASE WHEN d < 0 THEN 0 WHEN d > 40 THEN 40 ELSE d END AS demographic,
			  CASE WHEN f > 20 THEN 20 ELSE f END AS firmographic
			FROM (
				SELECT *,
				  CASE WHEN lower(job_title) LIKE '%director%' THEN 20.5 ELSE 0 END
				  + CASE WHEN company_size >= 50 AND company_size <= 500 THEN 25 ELSE 0 END
				  - CASE WHEN right(lower(email), 10) = '@gmail.com' THEN 15 ELSE 0 END AS d,
				  CASE WHEN industry = 'Marketing' OR industry = 'Advertising' THEN 8 ELSE 0 END
				  + CASE WHEN company_size > 400 THEN 15 ELSE 0 END AS f
				FROM crm.lead) raw) limited) l
	WHERE score IS DISTINCT FROM expected OR demographic_score IS DISTINCT FROM demographic
	  OR firmographic_score IS DISTINCT FROM firmographic OR behavioral_score IS DISTINCT FROM 0
	  OR grade IS DISTINCT FROM CASE WHEN expected >= 70 THEN 'hot' WHEN expected >= 31 THEN 'warm' ELSE 'cold' END});
none('the audit finds nothing either', 'SELECT * FROM crm.score_audit');
none('no rule failed', 'SELECT * FROM crm.rule_failure');
none('keys are of the e-mail that is there', q{SELECT id FROM crm.lead WHERE email_key IS DISTINCT FROM lower(email)});

# Leads of one address are one group of duplicates; who is only similar has another.
none('who is similar has the same name', q{
	SELECT d.* FROM crm.duplicate d
	LEFT JOIN crm.lead a ON a.id = d.lead_id LEFT JOIN crm.lead b ON b.id = d.other_id
	WHERE d.rules = '{fuzzy}' AND (a.contact_name IS DISTINCT FROM b.contact_name OR lower(a.email) = lower(b.email))});
none('pairs have the same address', q{
	SELECT d.* FROM crm.duplicate d
	LEFT JOIN crm.lead a ON a.id = d.lead_id LEFT JOIN crm.lead b ON b.id = d.other_id
	WHERE (lower(a.email) IS DISTINCT FROM lower(b.email) OR d.rules <> '{email}' OR d.lead_id <= d.other_id) AND d.rules <> '{fuzzy}'});
my %parent;
my %member;
foreach my $row (split /\n/, $node->safe_psql('postgres', 'SELECT id, lower(email) FROM crm.lead'))
{
	my ($id, $email) = split /\|/, $row;
	$parent{$id} = $id;
	push @{ $member{$email} }, $id;
}
sub find
{
	my ($id) = @_;
	$id = $parent{$id} while $parent{$id} != $id;
	return $id;
}
foreach my $pair (split /\n/, $node->safe_psql('postgres', q{SELECT lead_id, other_id FROM crm.duplicate WHERE rules <> '{fuzzy}'}))
{
	my ($one, $other) = split /\|/, $pair;
	$parent{ find($one) } = find($other);
}
my @torn = grep { my %roots = map { find($_) => 1 } @{ $member{$_} }; keys %roots > 1 } sort keys %member;
cmp_ok(scalar(grep { @$_ > 1 } values %member), '>', 5, 'there are duplicates');
is("@torn", '', 'the leads of one address hang together');

$node->stop;
done_testing();
