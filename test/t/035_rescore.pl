# CALL lead_mgmt.rescore: in batches, shown in the view job, stopped and taken up
# again, begun again when rules change, beside other writers; writing only leads
# whose result changes; for the owner and who acts for him.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
# It is the server that dies here, not the machine.
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off");
$node->start;
my $folder = $node->basedir;
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');

# ---- Tools ----------------------------------------------------------------------

sub value
{
	my ($sql) = @_;
	return $node->safe_psql('work', $sql);
}

# Run as a role that logs in; what it prints and what it complains of.
sub as
{
	my ($role, $sql) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'psql', '-X', '-q', '-A', '-t', '-U', $role, '-d', $node->connstr('work'), '-f', '-' ],
		'<', \"\\set VERBOSITY verbose\n$sql", '>', \$out, '2>', \$err);
	chomp $out;
	return ($out, $err);
}

# A session that goes on while others work.
sub session
{
	my ($role, $first) = @_;
	my %session = (in => "\\set VERBOSITY verbose\n", out => '', err => '', said => 0);
	$session{handle} = IPC::Run::start([ 'psql', '-X', '-q', '-A', '-t', '-U', $role, '-d', $node->connstr('work'), '-f', '-' ],
		'<', \$session{in}, '>', \$session{out}, '2>', \$session{err}, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default || 180));
	tell_it(\%session, $first) if defined $first;
	return \%session;
}

# Have it do something and wait until it is done.
sub tell_it
{
	my ($session, $sql) = @_;
	my $mark = 'mark ' . ++$session->{said};
	$session->{in} .= "$sql;\n\\echo $mark\n";
	IPC::Run::pump($session->{handle}) until $session->{out} =~ /^$mark$/m;
	return;
}

# Have it do something that may take long.
sub begin_it
{
	my ($session, $sql) = @_;
	$session->{in} .= "$sql;\n";
	IPC::Run::pump_nb($session->{handle});
	return;
}

# The same as the last thing it does.  A server that is started meanwhile holds
# the other end of psql's input, so the end of that would not be seen.
sub begin_last
{
	my ($session, $sql) = @_;
	$session->{quits} = 1;
	begin_it($session, "$sql;\n\\q\n--");
	return;
}

sub end_it
{
	my ($session) = @_;
	$session->{in} .= "\\q\n" unless $session->{quits};
	IPC::Run::finish($session->{handle});
	return $session->{err};
}

# A session that calls rescore, and is held at a lead whose row is locked.
sub held_at
{
	my ($id, $role) = @_;
	my $holder = session($superuser, "BEGIN; SELECT FROM crm.lead WHERE id = $id FOR UPDATE");
	my $caller = session($role || 'owner_');
	begin_last($caller, q{CALL lead_mgmt.rescore('crm')});
	wait_for_lock('transactionid');
	return ($holder, $caller);
}

# Until the session that calls rescore waits for a lock.
sub wait_for_lock
{
	my ($event) = @_;
	$node->poll_query_until('work', qq{
		SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE 'CALL%rescore%' AND state = 'active' AND wait_event_type = 'Lock'
		  AND wait_event IN ('$event', 'tuple')}) or die 'rescore does not wait';
	return;
}

sub last_job
{
	my ($columns) = @_;
	return value("SELECT $columns FROM crm.job ORDER BY id DESC LIMIT 1");
}

# ---- What is right, from the raw tables ---------------------------------------------------

# Leads whose points are not what the few rules below say, or whose score is not
# what the points add up to; limits are those of the preset.
my $wrong = q{
	WITH rule AS (
	  SELECT max(points) FILTER (WHERE name = 'large') AS large, max(points) FILTER (WHERE name = 'vip') AS vip,
	    max(points) FILTER (WHERE name = 'rich') AS rich, max(points) FILTER (WHERE name = 'visit') AS visit,
	    max(points) FILTER (WHERE name = 'download') AS download
	  FROM crm.score_rule WHERE active
	), should AS (
	  SELECT l.*,
	    least(CASE WHEN company_size >= 50 THEN rule.large ELSE 0 END, 40) AS d,
	    least(least(rule.visit * (SELECT count(*) FROM crm.engagement e WHERE e.lead_id = l.id AND kind = 'visit'), 10)
	      + least((SELECT coalesce(sum(rule.download::float8 * exp(-ln(2) * extract(epoch FROM l.scored_at - at)::float8 / 864000)), 0)
	        FROM crm.engagement e WHERE e.lead_id = l.id AND kind = 'download'), 20), 40) AS b,
	    least(CASE WHEN 'vip' = ANY (tags) THEN rule.vip ELSE 0 END + CASE WHEN annual_revenue > 1e6 THEN rule.rich ELSE 0 END, 20) AS f,
	    (SELECT coalesce(sum(points), 0) FROM crm.score_adjustment a WHERE a.lead_id = l.id) AS a,
	    (SELECT max(at) FROM crm.engagement e WHERE e.lead_id = l.id) AS engaged
	  FROM crm.lead l CROSS JOIN rule
	)
	SELECT id || ': ' || concat_ws(' ', score, demographic_score, behavioral_score, firmographic_score, 'not', d, b, f) FROM should
	WHERE demographic_score IS DISTINCT FROM d OR firmographic_score IS DISTINCT FROM f OR score_adjustment IS DISTINCT FROM a
	  OR abs(behavioral_score - b) > 1e-9 OR behavioral_score IS NULL OR last_engaged_at IS DISTINCT FROM engaged
	  OR score IS DISTINCT FROM floor(greatest(0, least(100, a + demographic_score + behavioral_score + firmographic_score)) + 0.5)
	  OR grade IS DISTINCT FROM (SELECT name FROM crm.grade g WHERE g.lowest <= score ORDER BY lowest DESC LIMIT 1)
	UNION ALL
	SELECT 'sums of ' || id FROM crm.lead l LEFT JOIN crm.score_state s ON s.lead_id = l.id
	WHERE (SELECT jsonb_object_agg(r.id, n) FROM (
	    SELECT r.id, count(*) AS n FROM crm.engagement e JOIN crm.score_rule r ON r.name = e.kind AND r.active WHERE e.lead_id = l.id GROUP BY r.id) r)
	  IS DISTINCT FROM (SELECT jsonb_object_agg(u.id, u.n) FROM unnest(s.rule_id, s.times) AS u (id, n))};

sub all_right
{
	my ($name) = @_;
	is(value("SELECT * FROM ($wrong) w LIMIT 5"), '', "$name: every lead has the score that the rules give it");
	is(value('SELECT lead_id FROM crm.score_audit LIMIT 5'), '', "$name: score_audit is empty");
	return;
}

# The rule "vip" gives other points; returns which leads have another result.
my $affected = q{SELECT id FROM crm.lead WHERE 'vip' = ANY (tags) AND annual_revenue IS NULL};
sub change_rule
{
	my ($points) = @_;
	value("UPDATE crm.score_rule SET points = $points WHERE name = 'vip'");
	return value("SELECT count(*) FROM ($affected) a");
}
sub remember
{
	value(q{
		DROP TABLE IF EXISTS public.before;
		CREATE TABLE public.before AS SELECT id, xmin::text AS x, ctid::text AS c, updated_at, score FROM crm.lead;
		DROP TABLE IF EXISTS public.states;
		CREATE TABLE public.states AS SELECT lead_id, xmin::text AS x FROM crm.score_state});
	return;
}

# Leads that have been written since.
my $written = q{SELECT l.id FROM crm.lead l JOIN public.before b USING (id)
	WHERE l.xmin::text <> b.x OR l.ctid::text <> b.c OR l.updated_at IS DISTINCT FROM b.updated_at};

sub only_affected
{
	my ($name) = @_;
	is(value("SELECT count(*) FROM (($written EXCEPT ($affected)) UNION ALL (($affected) EXCEPT $written)) x"), '0',
		"$name: only leads whose result changed were written, and all of them");
	return;
}

# ---- Some thousand leads -------------------------------------------------------------------

$node->safe_psql('postgres', q{
	CREATE ROLE owner_ LOGIN; CREATE ROLE member LOGIN; CREATE ROLE other LOGIN; GRANT owner_ TO member;
	CREATE DATABASE work OWNER owner_});
my ($out, $err) = as('owner_', q{
	SET client_min_messages = warning;
	CREATE EXTENSION lead_mgmt;
	SELECT lead_mgmt.create_workspace('crm');
	DELETE FROM crm.score_rule;
	INSERT INTO crm.score_rule (model_id, dimension, name, applies_to, condition, points, max_points, half_life)
	SELECT m.id, r.* FROM crm.score_model m, (VALUES
	  ('demographic', 'large', 'lead', 'company_size >= 50', 30, NULL, NULL),
	  ('firmographic', 'vip', 'lead', $$'vip' = ANY (tags)$$, 10, NULL, NULL),
	  ('firmographic', 'rich', 'lead', 'annual_revenue > 1e6', 10, NULL, NULL),
	  ('behavioral', 'visit', 'engagement', $$kind = 'visit'$$, 2, 10, NULL),
	  ('behavioral', 'download', 'engagement', $$kind = 'download'$$, 8, 20, interval '10 days')) r (d, n, a, c, p, m, h);
	UPDATE crm.setting SET sales_ready_score = 45;
	INSERT INTO crm.lead (id, contact_name, email, company_size, tags, annual_revenue)
	SELECT i, 'L' || i, i || '@example.com', i % 100, CASE WHEN i % 7 = 0 THEN '{vip}'::text[] END, CASE WHEN i % 5 = 0 THEN 2e6 END
	FROM generate_series(1, 6000) i;
	ALTER SEQUENCE crm.lead_id_seq RESTART 6001;
	-- No sum of these is a hair above one half, so none is rounded otherwise a minute later.
	INSERT INTO crm.engagement (lead_id, kind, at)
	SELECT i, 'download', now() - d * interval '10 days' FROM generate_series(3, 6000, 3) i, generate_series(1, 1 + i % 2) d
	UNION ALL SELECT i, 'visit', now() - v * interval '1 hour' FROM generate_series(4, 6000, 4) i, generate_series(1, 1 + i % 8) v
	UNION ALL SELECT i, 'event', now() - interval '3 days' FROM generate_series(11, 6000, 11) i;
	INSERT INTO crm.score_adjustment (lead_id, points, reason) SELECT i, i % 21 - 10, 'met them' FROM generate_series(13, 6000, 13) i;});
is($err, '', 'leads, engagements and corrections are there');
all_right('before');
my $vips = value("SELECT count(*) FROM ($affected) a");
cmp_ok($vips, '>', 500, 'there are leads to change');

# ---- Nothing to do ---------------------------------------------------------------------------

remember();
($out, $err) = as('owner_', q{CALL lead_mgmt.rescore('crm')});
like($err, qr/NOTICE.*6000 leads looked at, 0 written/, 'where all is right nothing is written');
is(value("SELECT count(*) FROM ($written) w"), '0', 'not one lead');
is(value('SELECT count(*) FROM crm.score_state s FULL JOIN public.states b USING (lead_id) WHERE s.xmin::text IS DISTINCT FROM b.x'), '0', 'nor any sum');
is(last_job('kind, done, total, changed, state, actor, finished_at >= started_at, time_left IS NULL'), 'rescore|6000|6000|0|finished|owner_|t|t', 'and the job says so');

# ---- Only what changes, in batches --------------------------------------------------------------

change_rule(15);
is(value("SELECT count(*) FROM ($wrong) w"), $vips, 'a rule was changed: scores are not right');
is(value('SELECT count(*) FROM crm.score_audit'), $vips, 'score_audit shows them all');
remember();
($out, $err) = as('owner_', q{CALL lead_mgmt.rescore('crm')});
like($err, qr/NOTICE.*6000 leads looked at, $vips written/, 'rescore says how many it has written');
all_right('rescore');
only_affected('rescore');
is(last_job('done, changed, state'), "6000|$vips|finished", 'the job counts them');
cmp_ok(value("SELECT count(DISTINCT l.xmin::text) FROM crm.lead l WHERE id IN ($affected)"), '>=', 4, 'they were committed in batches');
is(value(q{SELECT count(*) FROM (
	  SELECT l.id FROM crm.lead l JOIN public.before b USING (id) WHERE b.score < 45 AND l.score >= 45
	  EXCEPT ALL SELECT e.lead_id FROM crm.lead_event e WHERE e.at > (SELECT started_at FROM crm.job ORDER BY id DESC LIMIT 1)) x}), '0',
	'who became ready for sales is noted');
cmp_ok(value('SELECT count(*) FROM crm.lead l JOIN public.before b USING (id) WHERE b.score < 45 AND l.score >= 45'), '>', 50, 'and some did');

# A correction or an engagement that came in without triggers is found too.
value(q{SET session_replication_role = replica;
	INSERT INTO crm.engagement (lead_id, kind, at) VALUES (50, 'visit', now() - interval '1 day'), (51, 'event', now() - interval '1 day');
	INSERT INTO crm.score_adjustment (lead_id, points, reason, created_at) VALUES (52, 7, 'by a replica', now() - interval '1 day');
	UPDATE crm.lead SET score = 99, grade = 'hot' WHERE id = 53;
	UPDATE crm.lead SET scored_at = now() WHERE id IN (50, 51, 52);
	DELETE FROM crm.score_state WHERE lead_id = 3;
	UPDATE crm.score_state SET level = level_, times = times_ FROM (SELECT array_agg(0.5::float8) AS level_, array_agg(9::bigint) AS times_) x WHERE lead_id = 9});
remember();
as('owner_', q{CALL lead_mgmt.rescore('crm')});
all_right('rows without triggers');
is(value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM ($written) w"), '50 51 52 53', 'where the sums alone were wrong the lead is not written');

# ---- What others see meanwhile ------------------------------------------------------------------------

change_rule(10);
remember();
my ($first, $caller) = held_at(308);
is(last_job('done, state'), '0|running', 'the job can be seen before its first batch is done');
my $second = session($superuser, 'BEGIN; SELECT FROM crm.lead WHERE id = 2513 FOR UPDATE');
my $third = session($superuser, 'BEGIN; SELECT FROM crm.lead WHERE id = 4508 FOR UPDATE');
my $done = 0;
foreach my $step ([ $first, 308, 2513 ], [ $second, 2513, 4508 ])
{
	my ($holder, $at, $next) = @$step;
	tell_it($holder, 'COMMIT');
	$node->poll_query_until('work', "SELECT done > $done FROM crm.job ORDER BY id DESC LIMIT 1");
	wait_for_lock('transactionid');
	like(last_job(q{state || ' ' || kind || ' ' || total || ' ' || (finished_at IS NULL) || ' ' || actor}), qr/^running rescore 6000 true owner_$/,
		"held at $next: it is shown as running");
	is(last_job(q{rate > 0, time_left > '0', pid = (SELECT pid FROM pg_stat_activity WHERE query LIKE 'CALL%rescore%' AND state = 'active')}), 't|t|t',
		"held at $next: with its rate, the time left and its process");
	my $now = last_job('done');
	cmp_ok($now, '>', $done, "held at $next: it has got on");
	cmp_ok($now, '<', $next, "held at $next: and counts what is done");
	is(value("SELECT count(*) FROM (SELECT id FROM crm.lead WHERE id <= $now AND id IN ($affected) EXCEPT $written) x"), '0',
		"held at $next: what is done can be seen");
	$done = $now;
}
# Other leads are not locked.
is(value(q{SET lock_timeout = '10s'; UPDATE crm.lead SET notes = 'seen' WHERE id IN (1, 5999) RETURNING id}), "1\n5999", 'leads elsewhere can be written meanwhile');
my ($ignored, $refusal) = as('owner_', q{CALL lead_mgmt.rescore('crm')});
like($refusal, qr/55006.*rescore of workspace "crm" is under way already.*HINT/s, 'a second call is refused');
is(value('SELECT count(*) FROM crm.job WHERE state = \'running\''), '1', 'and leaves no job');
as('owner_', q{SELECT lead_mgmt.create_workspace('crm2'); INSERT INTO crm2.lead (contact_name, email) VALUES ('A', 'a@example.com')});
like((as('owner_', q{CALL lead_mgmt.rescore('crm2')}))[1], qr/1 leads looked at/, 'one of another workspace is not');
tell_it($third, 'COMMIT');
like(end_it($caller), qr/NOTICE.*6000 leads looked at, $vips written/, 'in the end all are done');
end_it($_) foreach $first, $second, $third;
is(last_job('done, total, changed, state, time_left'), "6000|6000|$vips|finished|", 'and the job says so');
all_right('held three times');
like((as('owner_', q{CALL lead_mgmt.rescore('crm')}))[1], qr/6000 leads looked at, 0 written/, 'now it can be called again');

# ---- Stopped and taken up again ---------------------------------------------------------------------------

my %stop = (
	cancel => sub {
		value(q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CALL%rescore%' AND state = 'active'});
	},
	terminate => sub {
		value(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CALL%rescore%' AND state = 'active'});
	},
	crash => sub {
		$node->stop('immediate');
		$node->start;
	});
my $points = 10;
foreach my $how (qw(cancel terminate crash))
{
	$points = 25 - $points;
	change_rule($points);
	remember();
	my $jobs = value('SELECT count(*) FROM crm.job');
	my ($holder, $stopped) = held_at(2513);
	my $so_far = last_job('done');
	$stop{$how}->();
	like(end_it($stopped), qr/canceling statement|terminating connection|server closed the connection/, "$how: it was stopped");
	end_it($holder);
	$node->poll_query_until('work', q{SELECT count(*) = 0 FROM pg_stat_activity WHERE query LIKE 'CALL%rescore%' AND pid <> pg_backend_pid()});
	my ($id, $changed) = split /\|/, last_job('id, changed');
	is(last_job('state, done, total, finished_at'), "stopped|$so_far|6000|", "$how: the job says so, and how far it is");
	is(last_job('changed'), value("SELECT count(*) FROM ($written) w"), "$how: and how many leads have been written");
	cmp_ok($changed, '>', 0, "$how: which are some");
	cmp_ok($changed, '<', $vips, "$how: but not all");
	my $position = value("SELECT position FROM crm.job_run WHERE id = $id");
	is(value("SELECT count(*) FROM ($written) w WHERE id > $position"), '0', "$how: none behind where it stopped");
	($out, $err) = as($how eq 'cancel' ? 'member' : 'owner_', q{CALL lead_mgmt.rescore('crm')});
	like($err, qr/NOTICE.*resuming rescore of workspace "crm" behind id $position\b/, "$how: calling it again takes it up");
	like($err, qr/NOTICE.*6000 leads looked at, $vips written/, "$how: and counts go on");
	is(last_job('id, done, total, changed, state'), "$id|6000|6000|$vips|finished", "$how: it is the same job");
	is(value('SELECT count(*) FROM crm.job'), $jobs + 1, "$how: there is no other");
	all_right($how);
	only_affected($how);
	is(value("SELECT count(*) FROM (SELECT lead_id FROM crm.lead_event GROUP BY lead_id, event, at HAVING count(*) > 1) x"), '0', "$how: no event was noted twice");
}
is(last_job('actor'), 'owner_', 'the job says who took it up last');

# An error in the middle, here of a user's own trigger, stops it as well.
as('owner_', q{
	CREATE FUNCTION crm.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	  IF current_setting('application_name') = 'fails' THEN RAISE EXCEPTION 'not this one'; END IF; RETURN NEW; END $$;
	CREATE TRIGGER fail AFTER UPDATE ON crm.lead FOR EACH ROW WHEN (NEW.id = 2513) EXECUTE FUNCTION crm.fail();
	CREATE CONSTRAINT TRIGGER fail_late AFTER UPDATE ON crm.lead DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.id = 3514) EXECUTE FUNCTION crm.fail();});
foreach my $case ([ 'an error', 2513 ], [ 'an error at commit', 3514 ])
{
	my ($name, $id) = @$case;
	as('owner_', 'ALTER TABLE crm.lead DISABLE TRIGGER fail') if $id == 3514;
	$points = 25 - $points;
	change_rule($points);
	($out, $err) = as('owner_', q{SET application_name = fails; CALL lead_mgmt.rescore('crm'); SELECT current_user, session_user});
	like($err, qr/P0001.*not this one/s, "$name stops it");
	unlike($err, qr/WARNING/, "$name: without a warning");
	is($out, 'owner_|owner_', "$name: the session is who it was");
	is(last_job("state, done > 0, done < $id"), 'stopped|t|t', "$name: the job is stopped");
	like((as('owner_', q{CALL lead_mgmt.rescore('crm')}))[1], qr/resuming.*6000 leads looked at, $vips written/s, "$name: and taken up");
	all_right($name);
}
as('owner_', 'DROP TRIGGER fail ON crm.lead; DROP TRIGGER fail_late ON crm.lead');

# ---- Rules that change meanwhile -------------------------------------------------------------------------------

$points = 25 - $points;
change_rule($points);
my ($holder, $changing) = held_at(2513);
value(q{UPDATE crm.score_rule SET points = 26 WHERE name = 'large'; UPDATE crm.score_rule SET points = 3 WHERE name = 'visit'});
tell_it($holder, 'COMMIT');
like(end_it($changing), qr/NOTICE.*begins again: the rules were changed/, 'rules were changed: it begins again');
end_it($holder);
all_right('rules changed meanwhile');
is(last_job('done, total, state'), '6000|6000|finished', 'and is done when all are done');

# Stopped, taken up, and begun again: what the job says is about now.
$points = 25 - $points;
change_rule($points);
($holder, $changing) = held_at(4508);
$stop{cancel}->();
end_it($changing);
end_it($holder);
($holder, $changing) = held_at(4508);
$second = session($superuser, 'BEGIN; SELECT FROM crm.lead WHERE id = 2563 FOR UPDATE');
value(q{UPDATE crm.score_rule SET points = 30 WHERE name = 'large'; UPDATE crm.score_rule SET points = 2 WHERE name = 'visit'});
tell_it($holder, 'COMMIT');
$node->poll_query_until('work', 'SELECT done BETWEEN 1 AND 2512 FROM crm.job ORDER BY id DESC LIMIT 1') or diag last_job('*');
wait_for_lock('transactionid');
is(last_job(q{state, rate > 0, time_left > '0'}), 'running|t|t', 'after it began again rate and time left are those of the new run');
tell_it($second, 'COMMIT');
like(end_it($changing), qr/resuming.*begins again/s, 'a job that was stopped is taken up, and begun again');
end_it($_) foreach $holder, $second;
all_right('taken up and begun again');
is(last_job('done, total, state, rate > 0'), '6000|6000|finished|t', 'and was done');

# Stopped under rules that are the same again, after others were in force meanwhile.
$points = 25 - $points;
change_rule($points);
($holder, $changing) = held_at(2513);
$stop{cancel}->();
end_it($changing);
end_it($holder);
value(qq{
	UPDATE crm.score_rule SET points = 1 WHERE name = 'vip';
	UPDATE crm.lead SET tags = '{vip,late}' WHERE id IN (7, 14, 21);
	INSERT INTO crm.lead (id, contact_name, email, tags) VALUES (-5, 'Low', 'low\@example.com', '{vip}');
	UPDATE crm.score_rule SET points = $points WHERE name = 'vip'});
as('owner_', q{CALL lead_mgmt.rescore('crm')});
all_right('other rules in between');

# The same while it runs.
$points = 25 - $points;
change_rule($points);
($holder, $changing) = held_at(2513);
value(qq{
	UPDATE crm.score_rule SET points = 1 WHERE name = 'vip';
	UPDATE crm.lead SET tags = '{vip,later}' WHERE id IN (7, 14, 21);
	UPDATE crm.score_rule SET points = $points WHERE name = 'vip'});
tell_it($holder, 'COMMIT');
end_it($_) foreach $changing, $holder;
all_right('other rules in between while it runs');
value('DELETE FROM crm.lead WHERE id = -5');

# ---- A writer that began under the old rules --------------------------------------------------------------------------

# Its leads cannot be seen yet, and need not be locked by anybody.
foreach my $case ([ 'it ends before the first batch', 0 ], [ 'it ends in the middle', 1 ], [ 'it goes on', 2 ])
{
	my ($name, $when) = @$case;
	# Other leads each time, to which the change of rules makes no difference before.
	my $id = (6, 9, 10)[$when];
	my $visitor = (1, 2, 5)[$when];
	my $old = session($superuser, qq{BEGIN;
		UPDATE crm.lead SET tags = '{vip}', annual_revenue = NULL WHERE id = $id;
		INSERT INTO crm.lead (id, contact_name, email, tags) VALUES (6001 + $when, 'Under way', 'way$when\@example.com', '{vip}');
		INSERT INTO crm.engagement (lead_id, kind, at) VALUES ($visitor, 'visit', now())});
	$points = 25 - $points;
	value("UPDATE crm.score_rule SET points = $points WHERE name = 'vip'; UPDATE crm.score_rule SET points = 5 - points WHERE name = 'visit'");
	$holder = session($superuser, 'BEGIN; SELECT FROM crm.lead WHERE id = 2513 FOR UPDATE');
	$caller = session('owner_');
	begin_last($caller, q{CALL lead_mgmt.rescore('crm')});
	$node->poll_query_until('work', q{SELECT state = 'running' FROM crm.job ORDER BY id DESC LIMIT 1});
	tell_it($old, 'COMMIT') if $when == 0;
	wait_for_lock('transactionid');
	tell_it($old, 'COMMIT') if $when == 1;
	tell_it($holder, 'COMMIT');
	my $said = end_it($caller);
	if ($when == 2)
	{
		like($said, qr/NOTICE.*transactions that began to write leads before rescore are still open.*HINT.*call lead_mgmt.rescore again/s,
			"a writer from before the change: $name: a notice says so");
		tell_it($old, 'COMMIT');
		as('owner_', q{CALL lead_mgmt.rescore('crm')});
	}
	else
	{
		unlike($said, qr/still open/, "a writer from before the change: $name: no notice");
	}
	end_it($_) foreach $old, $holder;
	all_right("a writer from before the change: $name");
}

# ---- In a transaction -----------------------------------------------------------------------------------------------------

my $jobs = value('SELECT count(*) FROM crm.job');
$points = 25 - $points;
change_rule($points);
$vips = value("SELECT count(*) FROM ($affected) a");
remember();
($out, $err) = as('owner_', q{BEGIN; CALL lead_mgmt.rescore('crm'); SELECT count(*) FROM crm.score_audit; ROLLBACK;});
like($err, qr/NOTICE.*rescore runs in one transaction.*DETAIL.*HINT/s, 'in a transaction block a notice says what that means');
is($out, '0', 'there all is right');
is(value("SELECT count(*) FROM ($written) w"), '0', 'rolled back, nothing is');
is(value('SELECT count(*) FROM crm.score_audit'), $vips, 'not one lead');
is(value('SELECT count(*) FROM crm.job'), $jobs, 'and there was no job');
my $block = session('owner_', q{BEGIN; CALL lead_mgmt.rescore('crm')});
is(value("SELECT count(*) FROM ($written) w"), '0', 'before it is committed others see nothing');
like((as('owner_', q{CALL lead_mgmt.rescore('crm')}))[1], qr/55006/, 'a call meanwhile is refused')
  if value(q{SELECT count(*) FROM pg_locks WHERE locktype = 'object' AND objsubid = 1 AND classid = 'crm.job_run'::regclass}) > 0;
tell_it($block, 'COMMIT');
end_it($block);
all_right('one transaction');
only_affected('one transaction');
is(value("SELECT count(DISTINCT l.xmin::text) FROM crm.lead l WHERE id IN ($affected)"), '1', 'it was one transaction');
is(last_job('done, changed, state'), value('SELECT count(*) FROM crm.lead') . "|$vips|finished", 'and one job');

# Cut off in the middle it leaves nothing.
$points = 25 - $points;
change_rule($points);
remember();
$jobs = value('SELECT count(*) FROM crm.job');
$holder = session($superuser, 'BEGIN; SELECT FROM crm.lead WHERE id = 4508 FOR UPDATE');
$block = session('owner_', 'BEGIN');
begin_it($block, q{CALL lead_mgmt.rescore('crm')});
wait_for_lock('transactionid');
$stop{cancel}->();
tell_it($block, 'COMMIT');
end_it($_) foreach $block, $holder;
is(value("SELECT count(*) FROM ($written) w") . value('SELECT count(*) FROM crm.job'), "0$jobs", 'one that is cut off leaves nothing');
$points = 25 - $points;
change_rule($points);
all_right('with the rules as they were');

# From a procedure or a block it commits, but not where that is impossible.
as('owner_', q{
	CREATE PROCEDURE crm.nightly() LANGUAGE plpgsql AS $$ BEGIN CALL lead_mgmt.rescore('crm'); END $$;
	CREATE PROCEDURE crm.with_set() LANGUAGE plpgsql SET work_mem = '8MB' AS $$ BEGIN CALL lead_mgmt.rescore('crm'); END $$;});
foreach my $case (
	[ 'a procedure', 'CALL crm.nightly()', 0 ],
	[ 'a DO block', q{DO $$ BEGIN CALL lead_mgmt.rescore('crm'); END $$}, 0 ],
	[ 'a SET clause', 'CALL crm.with_set()', 1 ],
	[ 'an exception handler', q{DO $$ BEGIN CALL lead_mgmt.rescore('crm'); EXCEPTION WHEN division_by_zero THEN NULL; END $$}, 1 ])
{
	my ($name, $sql, $one) = @$case;
	$points = 25 - $points;
	change_rule($points);
	($out, $err) = as('owner_', $sql);
	unlike($err, qr/ERROR/, "within $name: no error");
	is($err =~ /runs in one transaction/ ? 1 : 0, $one, "within $name: " . ($one ? 'it says that it cannot commit' : 'it can commit'));
	is(value("SELECT count(DISTINCT l.xmin::text) > 1 FROM crm.lead l WHERE id IN ($affected)"), $one ? 'f' : 't',
		"within $name: " . ($one ? 'one transaction' : 'several transactions'));
	all_right("within $name");
}

# ---- Leads that go ---------------------------------------------------------------------------------------------------------------

$points = 25 - $points;
change_rule($points);
$holder = session($superuser, 'BEGIN; DELETE FROM crm.lead WHERE id = 2513');
$caller = session('owner_');
begin_last($caller, q{CALL lead_mgmt.rescore('crm')});
wait_for_lock('transactionid');
value('DELETE FROM crm.lead WHERE id IN (7, 2527, 4508) OR id > 5500');
tell_it($holder, 'COMMIT');
unlike(end_it($caller), qr/ERROR|WARNING/, 'leads that are deleted meanwhile do no harm');
end_it($holder);
all_right('deleted leads');
is(last_job('state, done <= total'), 'finished|t', 'the job is done');

# ---- Beside other writers -----------------------------------------------------------------------------------------------------------

my $script = "$folder/traffic.sql";
open(my $fh, '>', $script) or die "$script: $!";
print $fh q{
	\set id random(1, 5500)
	\set other random(1, 5500)
	\set size random(0, 99)
	\set what random(1, 9)
	\if :what = 1
	INSERT INTO crm.lead (contact_name, email, company_size, tags) VALUES ('T', 't' || random() || '@example.com', :size, '{vip}');
	\elif :what = 2
	UPDATE crm.lead SET company_size = :size, tags = CASE WHEN :size % 2 = 0 THEN '{vip}'::text[] END WHERE id = :id;
	\elif :what = 3
	INSERT INTO crm.engagement (lead_id, kind, at) SELECT id, (ARRAY['visit', 'download', 'event'])[1 + :size % 3], now() - :size * interval '1 day'
	FROM crm.lead WHERE id IN (:id, :other) FOR KEY SHARE;
	\elif :what = 4
	DELETE FROM crm.engagement WHERE id = :id;
	\elif :what = 5
	UPDATE crm.engagement SET kind = 'download', at = now() - :size * interval '1 day' WHERE id = :other;
	\elif :what = 6
	INSERT INTO crm.score_adjustment (lead_id, points, reason) SELECT id, :size % 5 - 2, 'so' FROM crm.lead WHERE id = :id FOR KEY SHARE;
	\elif :what = 7
	DELETE FROM crm.lead WHERE id = :id AND :size < 10;
	\elif :what = 8
	BEGIN;
	UPDATE crm.lead SET annual_revenue = CASE WHEN :size < 50 THEN 2e6 END WHERE id = :id;
	INSERT INTO crm.engagement (lead_id, kind) SELECT id, 'visit' FROM crm.lead WHERE id = :id;
	COMMIT;
	\else
	UPDATE crm.engagement SET lead_id = (SELECT id FROM crm.lead WHERE id <= :id ORDER BY id DESC LIMIT 1 FOR KEY SHARE) WHERE id = :other;
	\endif
};
close $fh;
my ($bench_out, $bench_err) = ('', '');
my $bench = IPC::Run::start([ 'pgbench', '-n', '-c', '3', '-t', '700', '-f', $script, $node->connstr('work') ], '>', \$bench_out, '2>', \$bench_err);
my $calls = 0;
my $complaints = '';
while (IPC::Run::pumpable($bench) && $calls < 200)
{
	$points = 25 - $points;
	value("UPDATE crm.score_rule SET points = $points WHERE name = 'vip'; UPDATE crm.score_rule SET points = 17 - $points / 5 WHERE name = 'download'");
	$complaints .= join "\n", grep { /ERROR|WARNING/ } (as('owner_', q{CALL lead_mgmt.rescore('crm')}))[1];
	$calls++;
	IPC::Run::pump_nb($bench);
}
ok(IPC::Run::finish($bench), 'other clients go on beside it') or diag $bench_err;
like($bench_out, qr{actually processed: 2100/2100}, 'all that they did was done');
unlike($bench_err, qr/ERROR|deadlock/, 'without an error or a deadlock') or diag $bench_err;
cmp_ok($calls, '>', 2, 'leads were scored anew more than twice meanwhile');
is($complaints, '', 'without an error');
all_right('beside other writers');

# ---- No leads --------------------------------------------------------------------------------------------------------------------------

as('owner_', q{DELETE FROM crm2.lead});
($out, $err) = as('owner_', q{CALL lead_mgmt.rescore('crm2')});
like($err, qr/0 leads looked at, 0 written/, 'a workspace without leads');
is(value('SELECT done, total, state FROM crm2.job ORDER BY id DESC LIMIT 1'), '0|0|finished', 'is done at once');
as('owner_', q{SELECT lead_mgmt.create_workspace('bare', 'empty'); INSERT INTO bare.lead (contact_name, email) VALUES ('A', 'a@example.com')});
like((as('owner_', q{CALL lead_mgmt.rescore('bare')}))[1], qr/1 leads looked at, 0 written/, 'one without rules too');
is(value('SELECT score, grade FROM bare.lead'), '0|', 'where every score is 0');

# ---- Whose it is -------------------------------------------------------------------------------------------------------------------------

value('GRANT ALL ON SCHEMA crm TO other; GRANT ALL ON ALL TABLES IN SCHEMA crm TO other; GRANT ALL ON ALL SEQUENCES IN SCHEMA crm TO other');
$jobs = value('SELECT count(*) FROM crm.job');
like((as('other', q{CALL lead_mgmt.rescore('crm')}))[1], qr/42501.*must be owner of workspace "crm"/s, 'who has every right on the tables may not call it');
is(value('SELECT count(*) FROM crm.job'), $jobs, 'and leaves no job');
foreach my $role ('owner_', 'member', $superuser)
{
	$points = 25 - $points;
	change_rule($points);
	($out, $err) = as($role, q{CALL lead_mgmt.rescore('crm'); SELECT current_user = session_user});
	unlike($err, qr/ERROR|WARNING/, "$role may call it");
	is($out, 't', "$role is who he was");
	all_right("called by $role");
	is(last_job('actor, state'), "$role|finished", "the job says that it was $role");
}
($out, $err) = as('owner_', q{SET lead_mgmt.actor = 'Zoë '' \ "'; CALL lead_mgmt.rescore('crm')});
is(last_job('actor') . '|' . value('SELECT login FROM crm.job_run ORDER BY id DESC LIMIT 1'), q{Zoë ' \ "|owner_}, 'or who the application says it was');
like((as('owner_', q{CALL lead_mgmt.rescore('nowhere')}))[1], qr/3F000/, 'a schema that is not there');
like((as('owner_', q{CALL lead_mgmt.rescore('public')}))[1], qr/42704.*is not a workspace/s, 'a schema that is no workspace');
like((as('owner_', q{CALL lead_mgmt.rescore(NULL)}))[1], qr/22004.*HINT/s, 'no name');

# Row security does not keep leads from it.
as('owner_', q{ALTER TABLE crm.lead ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; ALTER TABLE crm.engagement ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
	ALTER TABLE crm.job_run ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; ALTER TABLE crm.score_state ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY});
$points = 25 - $points;
change_rule($points);
is((as('owner_', 'SELECT count(*) FROM crm.lead'))[0], '0', 'an owner who sees no lead');
unlike((as('owner_', q{CALL lead_mgmt.rescore('crm')}))[1], qr/ERROR/, 'calls it');
all_right('under row security');

# ---- Things that are moved away under it ----------------------------------------------------------------------------------------------------

as('owner_', q{ALTER TABLE crm.lead DISABLE ROW LEVEL SECURITY; ALTER TABLE crm.engagement DISABLE ROW LEVEL SECURITY;
	ALTER TABLE crm.job_run DISABLE ROW LEVEL SECURITY; ALTER TABLE crm.score_state DISABLE ROW LEVEL SECURITY;
	INSERT INTO crm.lead (id, contact_name, email, tags) VALUES (2513, 'Back', 'back@example.com', '{vip}') ON CONFLICT (id) DO UPDATE SET tags = '{vip}', annual_revenue = NULL});
$points = 25 - $points;
change_rule($points);
($holder, $caller) = held_at(2513);
my $renaming = session('owner_', q{ALTER SCHEMA crm RENAME TO sales});
tell_it($holder, 'COMMIT');
my $said = end_it($caller);
end_it($_) foreach $holder, $renaming;
value('ALTER SCHEMA sales RENAME TO crm');
# The batch under way names the schema as it was; the job can be taken up.
unlike($said, qr/ERROR(?!.*relation "crm\.\w+" does not exist)|WARNING/, 'the schema may be renamed meanwhile');
as('owner_', q{CALL lead_mgmt.rescore('crm')});
all_right('renamed meanwhile');
is(last_job('state'), 'finished', 'a job that was stopped by it is taken up');

$points = 25 - $points;
change_rule($points);
($holder, $caller) = held_at(2513);
my $dropping = session('owner_');
begin_last($dropping, 'SET client_min_messages = error; DROP SCHEMA crm CASCADE');
$node->poll_query_until('work', q{SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE 'DROP SCHEMA%' AND wait_event_type = 'Lock'});
tell_it($holder, 'COMMIT');
like(end_it($caller), qr/ERROR/, 'when the workspace is dropped meanwhile it ends with an error');
end_it($_) foreach $holder, $dropping;
is(value(q{SELECT count(*) FROM pg_namespace WHERE nspname = 'crm'}), '0', 'and the workspace is gone');

# ---- A hostile name ---------------------------------------------------------------------------------------------------------------------------

($out, $err) = as('owner_', q{
	SET client_min_messages = warning;
	SELECT lead_mgmt.create_workspace('o''"brien; DROP');
	INSERT INTO "o'""brien; DROP".lead (contact_name, email, company_size) SELECT 'L', i || '@example.com', i FROM generate_series(1, 1500) i;
	UPDATE "o'""brien; DROP".score_rule SET points = points - 1 WHERE condition LIKE '%company_size%';});
my $named = value(q{SELECT count(*) FROM "o'""brien; DROP".score_audit});
cmp_ok($named, '>', 1000, 'a hostile name: scores are not right');
($out, $err) = as('owner_', q{CALL lead_mgmt.rescore('o''"brien; DROP')});
like($err, qr/rescore of workspace "o'"brien; DROP": 1500 leads looked at, $named written/, 'a hostile name: rescore');
is(value(q{SELECT (SELECT count(*) FROM "o'""brien; DROP".score_audit), done, changed, state FROM "o'""brien; DROP".job}), "0|1500|$named|finished",
	'a hostile name: they are');

$node->stop;
done_testing();
