# Merges of random leads with random rows of all kinds of foreign keys, undone:
# in the reverse order every table is as it was, byte by byte; in another order
# a merge is refused or undone, never half.  What happened meanwhile stays with
# the master, and no row is lost.  Then: a crash in the middle, a dump restored
# between merge and undo, and roles.
#
# LEAD_MGMT_SEED sets the seed, LEAD_MGMT_ROUNDS the number of rounds.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use FindBin;
use lib $FindBin::RealBin;

my $seed = defined $ENV{LEAD_MGMT_SEED} ? $ENV{LEAD_MGMT_SEED} : int(rand(1e9));
my $rounds = $ENV{LEAD_MGMT_ROUNDS} || 3;
srand($seed);
note("seed $seed");

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
# It is the server that dies here, not the machine.
$node->append_conf('postgresql.conf', "fsync = off\nclient_min_messages = warning");
$node->start;
my $folder = $node->basedir;
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
$node->safe_psql('postgres', 'CREATE ROLE owner_ LOGIN; CREATE ROLE other_ LOGIN; CREATE ROLE rep_ LOGIN; CREATE DATABASE db OWNER owner_; CREATE DATABASE restored OWNER owner_');

# ---- Tools ----------------------------------------------------------------------

sub value { return $node->safe_psql('db', $_[0]); }

# What happened to a statement: '' or the first line of its error.
sub try
{
	my ($sql) = @_;
	my $err = '';
	$node->psql('db', $sql, stderr => \$err, on_error_stop => 1);
	return $err =~ /ERROR:\s*(.*)/ ? $1 : '';
}

# Every table of every schema of ours but the merges themselves, as text.
sub state
{
	my ($db) = @_;
	my @tables = split /\n/, $node->safe_psql($db, q{
		SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		WHERE relkind IN ('r', 'p') AND NOT relispartition AND (nspname = 'crm' OR nspname LIKE 'app%')
		  AND NOT (nspname = 'crm' AND relname IN ('merge', 'merge_change')) ORDER BY 1});
	my $query = join ' UNION ALL ', map { my $name = s/'/''/gr; qq{SELECT '$name' || ': ' || t::text AS line FROM $_ t} } @tables;
	return [ split /\n/, $node->safe_psql($db, qq{SET DateStyle = ISO; SET TimeZone = UTC; SELECT replace(line, E'\\n', '\\n') FROM ($query) s ORDER BY line COLLATE "C"}) ];
}

# The lines in which two states differ, the first few of them.
sub difference
{
	my ($before, $after) = @_;
	my %count;
	$count{$_}-- foreach @$before;
	$count{$_}++ foreach @$after;
	my @lines = map { ($count{$_} < 0 ? '- ' : '+ ') . $_ } grep { $count{$_} } sort keys %count;
	return join("\n", @lines[0 .. ($#lines > 7 ? 7 : $#lines)]);
}

sub pick { return $_[ int(rand(@_)) ]; }

# Leads that are not merged
sub leads { return split /\n/, value('SELECT id FROM crm.lead WHERE merged_into IS NULL ORDER BY id'); }

# ---- A workspace, and tables of others that refer to its leads -------------------------

$node->safe_psql('db', q{
	SET ROLE owner_;
	CREATE EXTENSION lead_mgmt; SELECT lead_mgmt.create_workspace('crm');
	ALTER TABLE crm.lead ADD referred_by bigint REFERENCES crm.lead ON DELETE SET NULL, ADD code text UNIQUE, ADD "Sp'ace ""q" text,
	  ADD dropped int, ADD double_score int GENERATED ALWAYS AS (score * 2) STORED, ADD blob bytea, ADD ratio float8, ADD doc json, ADD UNIQUE (id, region);
	ALTER TABLE crm.lead DROP dropped;
	CREATE INDEX ON crm.lead (referred_by);
	GRANT USAGE ON SCHEMA crm TO other_; GRANT REFERENCES ON crm.lead TO other_;
	INSERT INTO crm.rep (name, email) VALUES ('Ana', 'ana@example.com'), ('Ben', 'ben@example.com'), ('Zoe', 'zoe@example.com');
	UPDATE crm.setting SET sales_ready_score = 25;});
$node->safe_psql('db', q{CREATE SCHEMA app AUTHORIZATION other_; CREATE SCHEMA "app o'""brien; DROP" AUTHORIZATION other_;});
$node->safe_psql('db', q{
	SET ROLE other_;
	-- without a key, and rows that are the same
	CREATE TABLE app.note (lead_id bigint REFERENCES crm.lead ON DELETE CASCADE, t text, doc json, at timestamptz);
	CREATE TABLE app.member (lead_id bigint REFERENCES crm.lead ON UPDATE CASCADE ON DELETE CASCADE, list int, PRIMARY KEY (list, lead_id));
	CREATE INDEX ON app.member (lead_id);
	CREATE TABLE app.profile (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, lead_id int NOT NULL UNIQUE REFERENCES crm.lead DEFERRABLE INITIALLY DEFERRED, v text);
	CREATE TABLE app.place (id int PRIMARY KEY, lead_id bigint, region text, FOREIGN KEY (lead_id, region) REFERENCES crm.lead (id, region));
	CREATE TABLE app.both (id int PRIMARY KEY, lead_id bigint REFERENCES crm.lead, region text, FOREIGN KEY (lead_id, region) REFERENCES crm.lead (id, region));
	CREATE TABLE app.coded (name varchar(10) PRIMARY KEY, code text REFERENCES crm.lead (code) ON UPDATE CASCADE ON DELETE SET NULL);
	CREATE TABLE app.link (a bigint REFERENCES crm.lead, b bigint REFERENCES crm.lead, w numeric, PRIMARY KEY (a, b));
	CREATE TABLE app.visit (lead_id bigint REFERENCES crm.lead, day date, n int, PRIMARY KEY (lead_id, day, n)) PARTITION BY RANGE (day);
	CREATE TABLE app.visit_1 PARTITION OF app.visit FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
	CREATE TABLE app.visit_2 PARTITION OF app.visit DEFAULT;
	-- moved to another partition with their lead
	CREATE TABLE app.spread (lead_id bigint REFERENCES crm.lead, t text) PARTITION BY HASH (lead_id);
	CREATE TABLE app.spread_0 PARTITION OF app.spread FOR VALUES WITH (MODULUS 2, REMAINDER 0);
	CREATE TABLE app.spread_1 PARTITION OF app.spread FOR VALUES WITH (MODULUS 2, REMAINDER 1);
	ALTER TABLE app.note ADD CONSTRAINT again FOREIGN KEY (lead_id) REFERENCES crm.lead NOT VALID;
	CREATE TABLE "app o'""brien; DROP"."ta'ble ""x" ("se'lect ""id" bigint REFERENCES crm.lead, "r" text, "p" text UNIQUE NOT NULL, "x" int);
	-- who looks at the rows that are moved
	CREATE TABLE app.seen (tab text, n bigint);
	CREATE FUNCTION app.see() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN
	  IF current_user <> 'other_' THEN RAISE EXCEPTION 'run as %', current_user; END IF; NEW.t := NEW.t; RETURN NEW; END$$;
	CREATE TRIGGER see BEFORE UPDATE ON app.note FOR EACH ROW EXECUTE FUNCTION app.see();});

# Twenty more leads with all kinds of rows.
sub fill
{
	my $n = value('SELECT coalesce(max(id), 0) FROM crm.lead');
	foreach my $id ($n + 1 .. $n + 20)
	{
		my $some = sub { rand() < $_[0] ? "'" . pick(@_[1 .. $#_]) . "'" : 'NULL' };
		my $number = int(rand(8));
		value("INSERT INTO crm.lead (id, contact_name, email, phone, company, job_title, company_size, region, tags, attributes, opted_out_at, notes, "
			. "budget_confirmed, location, annual_revenue, code, \"Sp'ace \"\"q\", blob, ratio, doc, owner_id, birthday, created_at, status, archived_at) VALUES ($id, "
			. "'" . pick('Kim Lee', 'Lee, Kim', 'Zoë Öz') . "', '" . pick('kim', 'k.lee', "lead$id") . "\@example.com', " . $some->(0.5, "+1212555010$number", '+49301234567') . ", "
			. $some->(0.6, 'Acme Inc.', 'Globex') . ', ' . $some->(0.5, 'CEO', 'student') . ', ' . pick('NULL', 5, 80) . ', ' . $some->(0.5, 'NY', 'CA') . ', '
			. pick('NULL', "'{}'", "'{a,b}'", "'{b,\"c d\",vip}'") . ', ' . pick('NULL', "'{}'", "'{\"a\": 1}'", "'{\"a\": 2.50, \"b\": [null]}'") . ', '
			. pick('NULL', 'NULL', "'2026-03-01 10:00:00.123456+01'") . ', ' . pick('NULL', "''", "E'two\\nlines \\\\'") . ', ' . pick('true', 'false', 'NULL') . ', '
			. pick('NULL', "'(1.5,-2)'") . ', ' . pick('NULL', '1.50', "'NaN'") . ', ' . (rand() < 0.8 ? "'c$id'" : 'NULL') . ', '
			. pick('NULL', "'x''y'") . ', ' . pick('NULL', "'\\x00ff'") . ', ' . pick('NULL', '0.1', "'Infinity'", '1e-300') . ', ' . pick('NULL', "'{\"z\":  1, \"a\": 2}'") . ', '
			. pick('NULL', 1, 2) . ', ' . pick('NULL', "'1970-01-31'") . ", now() - interval '" . int(rand(50)) . " days', '" . pick('new', 'contacted') . "', "
			. pick('NULL', 'NULL', 'NULL', "now() - interval '1 day'") . ')');
	}
	my ($from, $to) = ($n + 1, $n + 20);
	value(qq{
	INSERT INTO crm.engagement (lead_id, kind, at, properties, submission_id)
	SELECT $from + (random() * 19)::int, (ARRAY['visit', 'pricing_page', 'download', 'email_open'])[1 + (random() * 3)::int], now() - random() * interval '40 days',
	  jsonb_build_object('n', i), CASE WHEN i % 3 = 0 THEN gen_random_uuid() END FROM generate_series(1, 60) i;
	INSERT INTO crm.score_adjustment (lead_id, points, reason) SELECT $from + (random() * 19)::int, (random() * 30)::int, 'r' || i FROM generate_series(1, 10) i;
	UPDATE crm.lead SET status = 'nurture' WHERE id BETWEEN $from AND $to AND random() < 0.3;
	UPDATE crm.lead SET owner_id = 3 WHERE id BETWEEN $from AND $to AND random() < 0.2;
	UPDATE crm.lead SET owner_id = NULL WHERE id BETWEEN $from AND $to AND random() < 0.2;
	UPDATE crm.lead SET referred_by = $from + (random() * 19)::int WHERE id BETWEEN $from AND $to AND random() < 0.5;
	UPDATE crm.duplicate SET state = (ARRAY['confirmed', 'not_duplicate'])[1 + (random())::int] WHERE random() < 0.1;
	INSERT INTO app.note SELECT $from + (random() * 19)::int, (ARRAY['a', 'b'])[1 + (random())::int], '{"a":  1}', CASE WHEN random() < 0.5 THEN '2026-02-03 04:05:06.7+02'::timestamptz END FROM generate_series(1, 60);
	INSERT INTO app.member SELECT $from + (random() * 19)::int, (random() * 3)::int FROM generate_series(1, 30) ON CONFLICT DO NOTHING;
	INSERT INTO app.profile (lead_id, v) SELECT $from + (random() * 19)::int, (ARRAY['p', 'q'])[1 + (random())::int] FROM generate_series(1, 6) ON CONFLICT DO NOTHING;
	INSERT INTO app.place SELECT id + 1000 * $n, id, region FROM crm.lead WHERE id BETWEEN $from AND $to AND region IS NOT NULL AND random() < 0.2;
	INSERT INTO app.both SELECT id + 1000 * $n, id, region FROM crm.lead WHERE id BETWEEN $from AND $to AND random() < 0.2;
	INSERT INTO app.coded SELECT 'k' || id, code FROM crm.lead WHERE id BETWEEN $from AND $to AND random() < 0.3;
	INSERT INTO app.link SELECT $from + (random() * 19)::int, $from + (random() * 19)::int, 1.50 FROM generate_series(1, 8) ON CONFLICT DO NOTHING;
	INSERT INTO app.visit SELECT $from + (random() * 19)::int, '2026-06-25'::date + (random() * 10)::int, i FROM generate_series(1, 30) i;
	INSERT INTO app.spread SELECT $from + (random() * 19)::int, 't' || i % 3 FROM generate_series(1, 30) i;
	INSERT INTO "app o'""brien; DROP"."ta'ble ""x" SELECT $from + (random() * 19)::int, 'r', 'p' || i * 1000 + $n, i FROM generate_series(1, 20) i;});
	return;
}

# What may be wrong in a workspace with merges; finds nothing.
my $wrong = q{
	SELECT 'score_audit: ' || lead_id FROM crm.score_audit
	UNION ALL SELECT 'master of ' || l.id || ' is merged' FROM crm.lead l JOIN crm.lead m ON m.id = l.merged_into WHERE m.merged_into IS NOT NULL
	UNION ALL SELECT 'not archived: ' || id FROM crm.lead WHERE merged_into IS NOT NULL AND archived_at IS NULL
	UNION ALL SELECT 'merged without a merge: ' || id FROM crm.lead l WHERE merged_into IS NOT NULL AND NOT EXISTS (SELECT FROM crm.merge m WHERE m.duplicate_id = l.id)
	UNION ALL SELECT 'merge without a merged lead: ' || id FROM crm.merge m WHERE EXISTS (SELECT FROM crm.lead l WHERE l.id = m.duplicate_id AND merged_into IS NULL)
	UNION ALL SELECT 'changes of no merge: ' || merge_id FROM crm.merge_change WHERE merge_id NOT IN (SELECT id FROM crm.merge)
	UNION ALL SELECT 'engagement left behind: ' || e.id FROM crm.engagement e JOIN crm.lead l ON l.id = lead_id WHERE merged_into IS NOT NULL
	UNION ALL SELECT 'note left behind: ' || t FROM app.note e JOIN crm.lead l ON l.id = lead_id WHERE merged_into IS NOT NULL
	UNION ALL SELECT 'member left behind: ' || list FROM app.member e JOIN crm.lead l ON l.id = lead_id
	WHERE merged_into IS NOT NULL AND NOT EXISTS (SELECT FROM app.member m WHERE m.lead_id = l.merged_into AND m.list = e.list)
	UNION ALL SELECT 'status is not the last of its own: ' || l.id FROM crm.lead l WHERE merged_into IS NULL AND status IS DISTINCT FROM
	  (SELECT to_status FROM crm.status_change c WHERE c.lead_id = l.id AND merged_from IS NULL ORDER BY at DESC, id DESC LIMIT 1)
	UNION ALL SELECT 'owner is not the last of the log: ' || l.id FROM crm.lead l WHERE merged_into IS NULL AND owner_id IS DISTINCT FROM
	  (SELECT rep_id FROM crm.assignment c WHERE c.lead_id = l.id AND merged_from IS NULL ORDER BY id DESC LIMIT 1)
	UNION ALL SELECT 'duplicate of itself or merged: ' || d.lead_id FROM crm.duplicate d JOIN crm.lead a ON a.id = lead_id JOIN crm.lead b ON b.id = other_id
	WHERE lead_id <= other_id OR a.merged_into IS NOT NULL OR b.merged_into IS NOT NULL};

my %refused;

# One statement that merges one pair or several, chains and groups among them;
# where it is refused nothing must have changed.
sub merge_some
{
	my @leads = leads();
	my $n = rand() < 0.5 ? 1 : 2 + int(rand(5));
	my @pairs;
	foreach (1 .. $n)
	{
		my ($a, $b) = (pick(@leads), pick(@leads));
		# once more what is in the statement already: a chain or a group
		$a = pick(split /,/, pick(@pairs)) if @pairs && rand() < 0.5;
		push @pairs, "$a,$b" if $a != $b;
	}
	return 0 unless @pairs;
	my $before = state('db');
	my $error = try('SET ROLE owner_; INSERT INTO crm.merge (master_id, duplicate_id) VALUES ' . join(', ', map { "($_)" } @pairs));
	return scalar @pairs if $error eq '';
	$refused{ $error =~ s/\d+/N/gr }++;
	my $difference = difference($before, state('db'));
	is($difference, '', "refused without a trace: $error") if $difference ne '';
	return 0;
}

fill() foreach 1 .. 2;
is(value($wrong), '', 'nothing is wrong at first');

# ---- Undone in the reverse order ------------------------------------------------------

my ($merged, $undone, $disorder) = (0, 0, 0);
foreach my $round (1 .. $rounds)
{
	my $before = state('db');
	$merged += merge_some() foreach 1 .. 6;
	is(value($wrong), '', "round $round: merged, and nothing is wrong");
	my @merges = split /\n/, value('SELECT id FROM crm.merge ORDER BY position DESC');
	my $how = pick('all', 'each', 'some');
	if ($how eq 'all')
	{
		value('SET ROLE owner_; DELETE FROM crm.merge');
	}
	while ($how ne 'all' && @merges)
	{
		my @these = splice(@merges, 0, $how eq 'each' ? 1 : 1 + int(rand(4)));
		value('SET ROLE owner_; DELETE FROM crm.merge WHERE id IN (' . join(',', reverse @these) . ')');
	}
	is(difference($before, state('db')), '', "round $round: undone ($how), every table is as it was");
	is(value('SELECT count(*) FROM crm.merge_change'), '0', "round $round: and nothing is kept");
}
cmp_ok($merged, '>=', $rounds, "$merged leads were merged");

# ---- In another order ------------------------------------------------------------------

foreach my $round (1 .. $rounds)
{
	my $before = state('db');
	merge_some() foreach 1 .. 6;
	my @merges = split /\n/, value('SELECT id FROM crm.merge');
	while (@merges)
	{
		my $i = int(rand(@merges));
		my $now = state('db');
		my $error = try("SET ROLE owner_; DELETE FROM crm.merge WHERE id = $merges[$i]");
		if ($error eq '')
		{
			splice(@merges, $i, 1);
			$undone++;
			next;
		}
		$disorder++;
		like($error, qr/^cannot undo merge $merges[$i] before merge \d+$/, "round $round: the order is the reason") unless $error =~ /^cannot undo merge $merges[$i] before merge \d+$/;
		my $difference = difference($now, state('db'));
		is($difference, '', "round $round: refused without a trace") if $difference ne '';
	}
	is(difference($before, state('db')), '', "round $round: undone in any order, every table is as it was");
}
note("undone $undone, refused $disorder times for the order");

# ---- With things happening in between -----------------------------------------------------

my $rows = q{SELECT (SELECT count(*) FROM crm.engagement), (SELECT count(*) FROM crm.score_adjustment), (SELECT count(*) FROM crm.status_change WHERE lead_id <= 60),
	(SELECT count(*) FROM app.note), (SELECT count(*) FROM app.member), (SELECT count(*) FROM app.visit), (SELECT count(*) FROM app.spread), (SELECT count(*) FROM app.link)};
fill();
foreach my $round (1 .. $rounds)
{
	merge_some() foreach 1 .. 5;
	my $before = value($rows);
	my @leads = leads();
	value('SET ROLE owner_; UPDATE crm.lead SET job_title = ' . pick("'CEO'", "'clerk'", 'NULL') . ", tags = tags || '{later}' WHERE id IN (" . pick(@leads) . ',' . pick(@leads) . ')');
	value('SET ROLE owner_; UPDATE crm.lead SET owner_id = ' . pick(1, 2, 3) . ' WHERE id = ' . pick(@leads));
	value('SET ROLE owner_; UPDATE crm.lead SET email = email, phone = NULL WHERE id = ' . pick(@leads));
	value("INSERT INTO crm.engagement (lead_id, kind) VALUES (" . pick(@leads) . ", 'visit'), (" . pick(@leads) . ", 'download')");
	value("INSERT INTO app.note (lead_id, t) VALUES (" . pick(@leads) . ", 'later')");
	value("INSERT INTO crm.score_adjustment (lead_id, points, reason) VALUES (" . pick(@leads) . ", 7, 'later')");
	is(value($wrong), '', "meanwhile $round: nothing is wrong");
	my @counts = split /\|/, value($rows);
	my @expected = split /\|/, $before;
	$expected[0] += 2;
	$expected[1] += 1;
	$expected[3] += 1;
	is("@counts", "@expected", "meanwhile $round: no row is lost");
	value('SET ROLE owner_; DELETE FROM crm.merge') if rand() < 0.7;
	is(value($wrong), '', "meanwhile $round: undone, nothing is wrong");
	@counts = split /\|/, value($rows);
	is("@counts", "@expected", "meanwhile $round: undone, no row is lost");
}
value('SET ROLE owner_; DELETE FROM crm.merge');
is(value('SELECT count(*) FROM crm.lead WHERE merged_into IS NOT NULL'), '0', 'all is undone at last');
is(value($wrong), '', 'and nothing is wrong');
note("$refused{$_} times: $_") foreach sort keys %refused;

# ---- A dump restored between merge and undo ------------------------------------------------------

my $whole = state('db');
merge_some() foreach 1 .. 8;
cmp_ok(value('SELECT count(*) FROM crm.merge'), '>', 0, 'there are merges to be dumped');
command_ok([ 'pg_dump', '-f', "$folder/dump.sql", '-d', $node->connstr('db') ], 'pg_dump');
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('restored'), '-f', "$folder/dump.sql" ], 'psql restores it');
is(difference(state('db'), state('restored')), '', 'merged leads come back from a dump');
$node->safe_psql('restored', 'SET ROLE owner_; ALTER SCHEMA crm RENAME TO sales; DELETE FROM sales.merge; ALTER SCHEMA sales RENAME TO crm');
is(difference($whole, state('restored')), '', 'what was merged before the dump is undone after it, in a schema of another name');
$node->safe_psql('db', q{SET ROLE owner_; SELECT lead_mgmt.upgrade_workspace('crm')});
is(value($wrong), '', 'upgrade_workspace leaves merges right');
value('SET ROLE owner_; DELETE FROM crm.merge');
is(difference($whole, state('db')), '', 'and they are undone all the same');

# ---- A crash in the middle ---------------------------------------------------------------------------

{
	my @leads = leads();
	my $pairs = join ', ', map { "($leads[2 * $_], $leads[2 * $_ + 1])" } grep { $_ != 0 } 0 .. 9;
	# waits half way, when rows of lead and of the first tables have been written
	my $err = '';
	my $blocker = IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('db'), '-c', "BEGIN; LOCK TABLE crm.status_change IN SHARE MODE; SELECT pg_sleep(600)" ], '<', \undef, '>', \my $out1, '2>', \my $err1);
	ok($node->poll_query_until('db', q{SELECT count(*) > 0 FROM pg_locks WHERE relation = 'crm.status_change'::regclass AND mode = 'ShareLock' AND granted}), 'somebody is in the way');
	my $merger = IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('db'), '-c', "SET ROLE owner_; INSERT INTO crm.merge (master_id, duplicate_id) VALUES $pairs" ], '<', \undef, '>', \my $out2, '2>', \$err);
	ok($node->poll_query_until('db', q{SELECT count(*) > 0 FROM pg_locks WHERE relation = 'crm.status_change'::regclass AND NOT granted}), 'a merge is under way');
	$node->stop('immediate');
	IPC::Run::finish($blocker);
	IPC::Run::finish($merger);
	like($err, qr/server closed the connection|terminating connection/, 'the server crashes');
	$node->start;
	is(difference($whole, state('db')), '', 'nothing of a merge that was under way is there after a crash');
}

# ---- Roles -----------------------------------------------------------------------------------------------

{
	my @leads = split /\n/, value('SELECT id FROM crm.lead l WHERE NOT EXISTS (SELECT FROM app.profile p WHERE p.lead_id = l.id) AND NOT EXISTS (SELECT FROM app.coded p WHERE p.code = l.code) AND region IS NOT NULL ORDER BY id LIMIT 4');
	my $merge = "INSERT INTO crm.merge (master_id, duplicate_id) VALUES ($leads[0], $leads[1])";
	like(try("SET ROLE rep_; $merge"), qr/^permission denied for schema crm/, 'no right to anything');
	value('SET ROLE owner_; GRANT USAGE ON SCHEMA crm TO rep_; GRANT SELECT ON crm.lead, crm.merge TO rep_');
	like(try("SET ROLE rep_; $merge"), qr/^permission denied for table merge/, 'no right to merge');
	value('SET ROLE owner_; GRANT INSERT, DELETE ON crm.merge TO rep_');
	like(try("SET ROLE rep_; $merge"), qr/^permission denied for table lead/, 'who may not change leads may not merge them');
	value('SET ROLE owner_; GRANT UPDATE (notes) ON crm.lead TO rep_; ALTER TABLE crm.lead ENABLE ROW LEVEL SECURITY;'
		. "CREATE POLICY own ON crm.lead TO rep_ USING (id <> $leads[1])");
	like(try("SET ROLE rep_; $merge"), qr/^row-level security of table "crm.lead" does not let you merge these leads/, 'nor leads that he does not see');
	value('SET ROLE owner_; ALTER POLICY own ON crm.lead USING (true)');
	is(try("SET ROLE rep_; $merge"), '', 'who may does, tables of others included');
	is(value("SELECT actor, login, (SELECT merged_into FROM crm.lead WHERE id = $leads[1]) FROM crm.merge"), "rep_|$superuser|$leads[0]", 'and it says who it was');
	value("SET ROLE owner_; ALTER POLICY own ON crm.lead USING (id <> $leads[1])");
	like(try('SET ROLE rep_; DELETE FROM crm.merge'), qr/^row-level security of table "crm.lead"/, 'to undo takes the same rights');
	value('SET ROLE owner_; ALTER TABLE crm.lead DISABLE ROW LEVEL SECURITY');
	is(try('SET ROLE rep_; DELETE FROM crm.merge'), '', 'who may undoes it');
	is(difference($whole, state('db')), '', 'all is as it was');
	like(try('SET ROLE rep_; SELECT FROM crm.merge_change'), qr/^permission denied for table merge_change/, 'the ledger is the owner\'s');
}

# ---- What the ledger says is not taken on trust -----------------------------------------------------------

{
	my @leads = leads();
	value('CREATE TABLE public.secret (lead_id bigint PRIMARY KEY); REVOKE ALL ON public.secret FROM PUBLIC; INSERT INTO public.secret VALUES (' . $leads[0] . ')');
	value("SET ROLE owner_; INSERT INTO crm.lead (id, contact_name, email) VALUES (9001, 'A', 'a9001\@example.com'), (9002, 'B', 'b9002\@example.com'); INSERT INTO crm.merge (master_id, duplicate_id) VALUES (9001, 9002)");
	value("SET ROLE owner_; INSERT INTO crm.merge_change (merge_id, kind, schema_name, table_name, columns, old_values, new_values, key_columns, keys)
		SELECT id, 'moved', 'public', 'secret', '{lead_id}', '{77}', '{$leads[0]}', '{lead_id}', '{$leads[0]}' FROM crm.merge");
	my $err;
	$node->psql('db', 'SET ROLE owner_; DELETE FROM crm.merge', stderr => \$err);
	like($err, qr/WARNING:\s+rows of table "public.secret" stay with the lead that was the master/, 'a table without a foreign key on lead is left alone');
	is(value('SELECT lead_id FROM public.secret'), $leads[0], 'whatever the ledger says');
}

$node->stop;
done_testing();
