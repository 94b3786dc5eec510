# Who may do what with scores, and as whom it is done: a role with INSERT alone
# writes engagements and corrections; sums, events and jobs are written by
# nobody; who sees some leads learns of no others; and nothing that is put in the
# place of a table of ours is used.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');
my $started = $node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()');

# ---- Tools ----------------------------------------------------------------------

# Run as a role that logs in; what it prints and what it complains of.
sub as
{
	my ($role, $sql) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-U', $role, '-d', $node->connstr('work'), '-f', '-' ],
		'<', \"\\set VERBOSITY verbose\n$sql", '>', \$out, '2>', \$err);
	chomp $out;
	return ($out, $err);
}

sub gives
{
	my ($role, $sql, $expected, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($out, $err) = as($role, $sql);
	is($out, $expected, $name) or diag $err;
	return;
}

sub refused
{
	my ($role, $sql, $pattern, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($out, $err) = as($role, $sql);
	like($err, $pattern, $name) or diag $out;
	return;
}

sub does
{
	my ($role, $sql) = @_;
	my ($out, $err) = as($role, $sql);
	die $err if $err =~ /ERROR|FATAL/;
	return;
}

# ---- A workspace with engagements --------------------------------------------------

$node->safe_psql('postgres', q{
	CREATE ROLE boss LOGIN; CREATE ROLE tracker LOGIN; CREATE ROLE clerk LOGIN; CREATE ROLE seer LOGIN; CREATE ROLE mallory LOGIN;
	CREATE DATABASE work; GRANT CREATE ON DATABASE work TO boss, mallory;});
is((as('boss', q{
	CREATE EXTENSION lead_mgmt;
	SELECT lead_mgmt.create_workspace('crm');
	DELETE FROM crm.score_rule;
	INSERT INTO crm.score_rule (model_id, dimension, name, applies_to, condition, points, max_points, half_life)
	SELECT m.id, r.* FROM crm.score_model m, (VALUES
	  ('demographic', 'large', 'lead', 'company_size >= 50', 40, NULL, NULL),
	  ('behavioral', 'visit', 'engagement', $$kind = 'visit'$$, 3, 12, NULL),
	  ('behavioral', 'fails', 'engagement', $$(properties ->> 'n')::int > 5$$, 5, NULL, NULL),
	  ('behavioral', 'demo', 'engagement', $$kind = 'demo_request'$$, 25, NULL, interval '30 days')) r (d, n, a, c, p, m, h);
	UPDATE crm.setting SET sales_ready_score = 60;
	INSERT INTO crm.lead (contact_name, email, company_size) SELECT 'L' || i, i || '@example.com', i * 20 FROM generate_series(1, 4) i;
	INSERT INTO crm.engagement (lead_id, kind) VALUES (1, 'visit'), (2, 'visit'), (3, 'demo_request'), (4, 'demo_request');
	INSERT INTO crm.score_adjustment (lead_id, points, reason) VALUES (4, 2, 'secret reason');
	GRANT USAGE ON SCHEMA crm TO tracker, clerk, seer;
	GRANT INSERT ON crm.engagement TO tracker;
	GRANT INSERT ON crm.score_adjustment TO clerk;
	GRANT SELECT ON crm.lead TO seer;}))[1], '', 'a workspace of a plain user');

# ---- INSERT and nothing else -----------------------------------------------------------

gives('tracker', q{INSERT INTO crm.engagement (lead_id, kind, submission_id) VALUES (1, 'visit', 'b0000000-0000-0000-0000-000000000001'), (1, 'demo_request', NULL);
	INSERT INTO crm.engagement (lead_id, kind, submission_id) VALUES (2, 'visit', 'b0000000-0000-0000-0000-000000000001')}, '', 'a role with INSERT on engagement alone writes engagements');
gives('boss', q{SELECT score, behavioral_score > 30.9, last_engaged_at IS NOT NULL, updated_by, (SELECT count(*) FROM crm.engagement WHERE lead_id = 1),
	  (SELECT count(*) FROM crm.score_state WHERE lead_id = 1), (SELECT count(*) FROM crm.score_audit) FROM crm.lead WHERE id = 1}, '31|t|t|tracker|3|1|0',
	'the lead is scored, and the submission counts once');
gives('tracker', q{SET client_min_messages = error; INSERT INTO crm.engagement (lead_id, kind, properties) VALUES (3, 'visit', '{"n": "x"}'), (3, 'demo_request', NULL)}, '',
	'also where it becomes ready for sales, or a condition fails');
gives('boss', q{SELECT (SELECT count(*) FROM crm.lead_event WHERE lead_id = 3), (SELECT count(*) FROM crm.rule_failure WHERE rule = 'fails')}, '1|1',
	'event and failure are written');
refused('tracker', q{INSERT INTO crm.engagement (lead_id, kind) VALUES (77, 'visit')}, qr/23503/, 'for a lead that is not there it is refused');
refused('tracker', q{INSERT INTO crm.engagement (lead_id, kind) VALUES (1, 'unheard of')}, qr/23503.*engagement_kind_fkey/s, 'and for a kind that is not there');
refused('tracker', q{INSERT INTO crm.engagement (lead_id, kind, at) VALUES (1, 'visit', now() + interval '1 day')}, qr/23514.*engagement_at/s, 'and for the future');
refused('tracker', q{INSERT INTO crm.engagement (lead_id, kind) VALUES (1, 'visit') RETURNING id}, qr/42501/, 'it cannot read what it wrote');
refused('tracker', $_, qr/42501/, "it may not: $_")
  foreach 'SELECT FROM crm.engagement', 'DELETE FROM crm.engagement', q{UPDATE crm.engagement SET kind = 'visit'}, 'TRUNCATE crm.engagement',
  'SELECT FROM crm.score_state', 'SELECT FROM crm.lead', 'UPDATE crm.lead SET scored_at = scored_at', 'SELECT FROM crm.lead_event', 'SELECT FROM crm.job',
  'SELECT FROM crm.lead_now', 'SELECT FROM crm.score_explanation', 'SELECT FROM crm.hot_lead', 'SELECT FROM crm.score_adjustment', 'SELECT FROM crm.score_comparison',
  'SELECT FROM crm.score_model_quality', q{INSERT INTO crm.score_adjustment (lead_id, points, reason) VALUES (1, 50, 'x')},
  q{INSERT INTO crm.lead_event (lead_id, event) VALUES (1, 'sales_ready')}, q{CALL lead_mgmt.rescore('crm')}, q{SELECT lead_mgmt.upgrade_workspace('crm')},
  q{INSERT INTO crm.score_state VALUES (1, 1, '{}', '{}', '{}', '{}', '{}', 'infinity')}, 'DELETE FROM crm.score_state', q{UPDATE crm.score_state SET ready_until = 'infinity'},
  q{BEGIN; LOCK TABLE crm.score_state IN ACCESS SHARE MODE}, q{INSERT INTO crm.job_run (kind, started_at, resumed_at, reported_at, done, done_before, changed, total) VALUES ('rescore', now(), now(), now(), 0, 0, 0, 0)};

# Its own triggers' session settings do not reach what runs as the owner.
gives('tracker', q{SET search_path = pg_temp; CREATE TEMP TABLE score_state (lead_id bigint); CREATE TEMP TABLE lead (id bigint); CREATE TEMP TABLE engagement (lead_id bigint);
	CREATE FUNCTION pg_temp.eq(bigint, bigint) RETURNS bool LANGUAGE sql AS 'SELECT true'; CREATE OPERATOR pg_temp.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = pg_temp.eq);
	INSERT INTO crm.engagement (lead_id, kind) VALUES (2, 'visit');
	SELECT (SELECT count(*) FROM pg_temp.score_state) + (SELECT count(*) FROM pg_temp.lead)}, '0', 'tables and operators of its own are not used');
gives('boss', q{SELECT behavioral_score, (SELECT count(*) FROM crm.score_audit) FROM crm.lead WHERE id = 2}, '6|0', 'the lead is scored all the same');
gives('tracker', q{BEGIN READ WRITE; SAVEPOINT s; INSERT INTO crm.engagement (lead_id, kind) VALUES (2, 'visit'); ROLLBACK TO s; COMMIT; SELECT current_user}, 'tracker', 'undone, it leaves nothing');
gives('boss', q{SELECT behavioral_score, (SELECT count(*) FROM crm.score_audit) FROM crm.lead WHERE id = 2}, '6|0', 'not even in the sums');

# ---- Corrections ------------------------------------------------------------------------------

gives('clerk', q{
	INSERT INTO crm.score_adjustment (lead_id, points, reason, created_by) VALUES (1, 5, 'met them', 'boss');
	SET lead_mgmt.actor = 'zoë'; INSERT INTO crm.score_adjustment (lead_id, points, reason, created_by) VALUES (1, 1, 'again', 'boss')}, '',
	'a role with INSERT on score_adjustment corrects scores');
gives('boss', q{SELECT string_agg(created_by, ',' ORDER BY id) FROM crm.score_adjustment WHERE lead_id = 1; SELECT score_adjustment, (SELECT count(*) FROM crm.score_audit) FROM crm.lead WHERE id = 1},
	"clerk,zoë\n6|0", 'and it is noted that it was he, whatever he says');
gives($superuser, q{INSERT INTO crm.score_adjustment (lead_id, points, reason, created_by) VALUES (2, 1, 'by me', 'boss'); SELECT created_by = session_user FROM crm.score_adjustment WHERE lead_id = 2}, 't', 'or a superuser');
gives('boss', q{INSERT INTO crm.score_adjustment (lead_id, points, reason, created_by) VALUES (2, 1, 'by me', 'clerk'); SELECT created_by FROM crm.score_adjustment WHERE lead_id = 2 AND created_by <> 'x' ORDER BY id DESC LIMIT 1}, 'boss', 'or the owner');
refused('clerk', q{INSERT INTO crm.score_adjustment (lead_id, points, reason) VALUES (1, 5, ' ')}, qr/23514.*score_adjustment_reason_check/s, 'without a reason it is refused');
refused('clerk', q{INSERT INTO crm.score_adjustment (lead_id, points) VALUES (1, 5)}, qr/23502.*reason/s, 'or with none');
does('boss', 'GRANT SELECT, UPDATE, DELETE ON crm.score_adjustment TO clerk');
foreach my $role ('clerk', 'boss', $superuser)
{
	refused($role, q{UPDATE crm.score_adjustment SET created_by = 'boss' WHERE lead_id = 1}, qr/23001.*score_adjustment_append_only/s, "$role cannot forge who did it afterwards");
	refused($role, q{UPDATE crm.score_adjustment SET points = 50 WHERE lead_id = 1}, qr/23001.*HINT/s, "$role cannot change one");
	refused($role, q{DELETE FROM crm.score_adjustment WHERE lead_id = 1}, qr/23001.*HINT/s, "$role cannot delete one");
}
does('boss', 'REVOKE SELECT, UPDATE, DELETE ON crm.score_adjustment FROM clerk');
gives('boss', 'SELECT count(*), sum(points) FROM crm.score_adjustment WHERE lead_id = 1', '2|6', 'they are as they were');

# Derived columns are not taken from a writer.
does('boss', 'GRANT SELECT, UPDATE ON crm.lead TO clerk');
gives('clerk', q{UPDATE crm.lead SET score = 99, grade = 'hot', behavioral_score = 40, score_adjustment = 50, last_engaged_at = now() + interval '1 year', scored_at = now() + interval '1 year'
	WHERE id = 1 RETURNING score, grade, score_adjustment, last_engaged_at < now(), scored_at < now() + interval '1 hour'}, '37|warm|6|t|t', 'scores cannot be written');
gives('boss', 'SELECT count(*) FROM crm.score_audit', '0', 'nor spoiled');
does('boss', 'REVOKE ALL ON crm.lead FROM clerk');

# ---- Who sees some leads ---------------------------------------------------------------------------

does('boss', q{
	GRANT SELECT ON crm.lead_now, crm.score_explanation, crm.score_audit TO seer;
	ALTER TABLE crm.lead ENABLE ROW LEVEL SECURITY;
	CREATE POLICY first_two ON crm.lead FOR SELECT TO seer USING (id <= 2);});
gives('seer', q{SELECT string_agg(id || ':' || score, ' ' ORDER BY id) FROM crm.lead_now}, '1:37 2:8', 'who sees some leads sees those in lead_now, live');
gives('boss', q{SELECT string_agg(id || ':' || score, ' ' ORDER BY id) FROM crm.lead_now WHERE id <= 2}, '1:37 2:8', 'with the scores that the owner sees');
gives('seer', q{SELECT array_agg(DISTINCT lead_id), count(*) FILTER (WHERE rule = 'demo'), string_agg(reason, ',' ORDER BY reason) FROM crm.score_explanation}, '{1,2}|1|again,by me,by me,met them',
	'and those in score_explanation, with all that made their scores');
gives('boss', q{SELECT count(DISTINCT lead_id), count(*) FILTER (WHERE reason = 'secret reason') FROM crm.score_explanation}, '4|1', 'the owner sees them all');
gives('seer', 'SELECT count(*) FROM crm.score_audit', '0', 'score_audit can be read too');
refused('seer', $_, qr/42501/, "but not: $_")
  foreach 'SELECT FROM crm.engagement', 'SELECT FROM crm.score_adjustment', 'SELECT FROM crm.score_state', 'SELECT FROM crm.hot_lead', 'SELECT FROM crm.score_comparison';
does('boss', q{GRANT SELECT ON crm.hot_lead, crm.score_state, crm.lead_status, crm.setting TO seer});
gives('boss', 'SELECT string_agg(lead_id::text, \' \') FROM crm.hot_lead WHERE lead_id IN (3, 4)', '3 4', 'others are hot');
gives('seer', 'SELECT count(*) FROM crm.hot_lead', '0', 'hot_lead shows him none that he may not see');

# A row that he makes up himself: what he may not see must not come out of it,
# not even whether the lead is there.
my @calls = ('explain_score(%s)', 'recompute_score(%s)', 'score_at(%s, now())', 'score_reasons(%s, now())', 'grade_until(%s, now())', 'model_score(%s, 1, now())');
foreach my $call (@calls)
{
	foreach my $id (4, 4444)
	{
		my $made_up = qq{(SELECT jsonb_populate_record(NULL::crm.lead, to_jsonb(l) || '{"id": $id, "company_size": 0}') FROM crm.lead l WHERE id = 1)};
		refused('seer', 'SELECT lead_mgmt.' . sprintf($call, $made_up), qr/42501.*permission denied for lead $id\b/s, "$call of a row made up with id $id, which he may not see, is refused");
	}
	my ($told, $complaint) = as('seer', 'SELECT count(*) FROM (SELECT lead_mgmt.' . sprintf($call, 'l::record') . ' FROM crm.lead l) x');
	ok($complaint eq '' && $told >= 2, "$call of rows that he sees is answered") or diag $complaint;
}
does('boss', 'CREATE POLICY all_of_it ON crm.lead FOR SELECT TO clerk USING (true); GRANT SELECT (id, contact_name) ON crm.lead TO clerk');
gives('clerk', 'SELECT count(id) FROM crm.lead', '4', 'who may read some columns reads them');
refused('clerk', 'SELECT lead_mgmt.' . sprintf($_, q{jsonb_populate_record(NULL::crm.lead, '{"id": 4}')}), qr/42501/, "and is refused $_") foreach @calls;
does('boss', 'REVOKE ALL (id, contact_name) ON crm.lead FROM clerk');

# Rows of leads of a workspace that he may not use at all.
does('mallory', q{SELECT lead_mgmt.create_workspace('other'); INSERT INTO other.lead (contact_name, email) VALUES ('X', 'x@example.com')});
foreach my $role (qw(tracker clerk mallory))
{
	refused($role, "SELECT lead_mgmt.$_", qr/42501/, "$role may not call $_ on a row of crm.lead")
	  foreach 'explain_score(NULL::crm.lead)' =~ s/NULL::crm.lead/jsonb_populate_record(NULL::crm.lead, '{"id": 4}')/r,
	  q{score_at(jsonb_populate_record(NULL::crm.lead, '{"id": 4}'), now())}, q{model_score(jsonb_populate_record(NULL::crm.lead, '{"id": 4}'), 1, now())};
}
refused('seer', q{SELECT lead_mgmt.model_score(l::record, 999, now()) FROM crm.lead l}, qr/ERROR:  (?!XX000)/, 'a model that is not there is an error');

# ---- Rows of other types -----------------------------------------------------------------------------

does('mallory', 'CREATE SCHEMA m; CREATE TABLE m.lead (id bigint, status text); CREATE TABLE m.score_rule (id bigint); CREATE TABLE m.t (id bigint); INSERT INTO m.lead VALUES (1, \'x\');
	CREATE TYPE m.pair AS (id bigint, score int)');
foreach my $row ('ROW(1, 2)', 'ROW()', q{ROW('x'::text)}, '(SELECT c FROM pg_class c LIMIT 1)', '(SELECT l FROM m.lead l)', 'ROW(1, 2)::m.pair',
	'(SELECT s FROM other.setting s)', '(SELECT r FROM other.score_rule r LIMIT 1)')
{
	foreach my $call ("explain_score($row)", "recompute_score($row)", "score_at($row, now())", "grade_until($row, now())", "score_reasons($row, now())", "model_score($row, 1, now())")
	{
		my ($got, $complaint) = as('mallory', "SELECT lead_mgmt.$call");
		my ($state) = $complaint =~ /ERROR:  (\w{5})/;
		ok(defined $state && $state !~ /XX000|57P/, "$call is refused") or diag "$got $complaint";
	}
}
gives('mallory', 'SELECT lead_mgmt.score_at(NULL, now()), lead_mgmt.grade_until(NULL::m.lead, now())', '|', 'no row gives nothing');
refused('mallory', q{SELECT lead_mgmt.score_at(l, 'infinity') FROM other.lead l}, qr/22008/, 'an infinite time is refused');
# A row whose type was changed since it was made.
gives('mallory', q{
	CREATE TABLE m.kept AS SELECT l FROM other.lead l;
	ALTER TABLE other.setting ADD COLUMN extra text;
	SELECT (lead_mgmt.score_at(l, now())).score FROM m.kept}, '0', 'a row that was kept can be scored');

# ---- Something else in place of a table -----------------------------------------------------------------

does('boss', q{
	ALTER TABLE crm.lead DISABLE ROW LEVEL SECURITY;
	CREATE TABLE crm.trap (who text);
	GRANT INSERT ON crm.trap TO PUBLIC;
	CREATE FUNCTION crm.spring() RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO crm.trap VALUES (current_user); RETURN 'x'; END $$});
my %statement = (
	engagement => q{INSERT INTO crm.score_adjustment (lead_id, points, reason) VALUES (1, 1, 'x')},
	score_adjustment => q{INSERT INTO crm.engagement (lead_id, kind) VALUES (1, 'visit')},
	score_state => q{INSERT INTO crm.engagement (lead_id, kind) VALUES (1, 'visit')},
	lead_event => q{UPDATE crm.setting SET sales_ready_score = 90; INSERT INTO crm.score_adjustment (lead_id, points, reason) VALUES (1, 99, 'x')},
	lead => q{INSERT INTO crm.engagement (lead_id, kind) VALUES (1, 'visit')},
	engagement_kind => q{INSERT INTO crm.engagement (lead_id, kind) VALUES (1, 'visit')},
	job_run => q{CALL lead_mgmt.rescore('crm')});
foreach my $name (sort keys %statement)
{
	foreach my $role ('boss', $superuser)
	{
		refused($role, qq{
			BEGIN;
			SET LOCAL client_min_messages = error;
			ALTER TABLE crm.$name RENAME TO hidden;
			CREATE VIEW crm.$name AS SELECT h.*, crm.spring() FROM crm.hidden h;
			CREATE FUNCTION crm.instead() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN PERFORM crm.spring(); RETURN NULL; END \$\$;
			CREATE TRIGGER instead INSTEAD OF INSERT OR UPDATE ON crm.$name FOR EACH ROW EXECUTE FUNCTION crm.instead();
			$statement{$name}}, qr/42809.*crm\.$name" cannot be used.*DETAIL.*HINT/s, "a view in place of $name is an error for $role");
	}
	refused($superuser, qq{
		BEGIN;
		ALTER TABLE crm.$name OWNER TO mallory;
		$statement{$name}}, qr/42809.*cannot be used.*HINT/s, "a $name that is another's is an error");
	refused($superuser, qq{
		BEGIN;
		ALTER TABLE crm.$name RENAME TO hidden;
		$statement{$name}}, qr/42P01.*HINT:.*upgrade_workspace/s, "without $name an error says what to do");
}
foreach my $name (qw(engagement score_adjustment score_state))
{
	foreach my $query ('SELECT lead_mgmt.recompute_score(l::record) FROM crm.lead l', 'SELECT lead_mgmt.score_at(l::record, now()) FROM crm.lead l', 'SELECT lead_mgmt.explain_score(l::record) FROM crm.lead l')
	{
		refused($superuser, qq{
			BEGIN;
			ALTER TABLE crm.$name RENAME TO hidden;
			CREATE VIEW crm.$name AS SELECT h.*, crm.spring() FROM crm.hidden h;
			$query}, qr/42809.*crm\.$name" cannot be used/s, "a view in place of $name is not read: $query");
	}
}
gives('boss', 'SELECT count(*) FROM crm.trap', '0', 'none of them was read or written');

# ---- An owner who sets traps --------------------------------------------------------------------------------

$node->safe_psql('work', 'CREATE SCHEMA secret; CREATE TABLE secret.vault (v text)');
is((as('mallory', q{
	SET client_min_messages = error;
	CREATE TABLE other.loot (at text, who text, got text);
	GRANT ALL ON other.loot TO PUBLIC;
	CREATE FUNCTION other.attack() RETURNS trigger LANGUAGE plpgsql AS $$
	DECLARE got text := 'nothing';
	BEGIN
	  BEGIN INSERT INTO secret.vault VALUES (TG_TABLE_NAME); got := 'vault'; EXCEPTION WHEN OTHERS THEN NULL; END;
	  BEGIN RESET ROLE; INSERT INTO secret.vault VALUES ('reset'); got := 'reset'; EXCEPTION WHEN OTHERS THEN NULL; END;
	  BEGIN EXECUTE format('SET ROLE %I', session_user); INSERT INTO secret.vault VALUES ('role'); got := 'role'; EXCEPTION WHEN OTHERS THEN NULL; END;
	  BEGIN RESET SESSION AUTHORIZATION; INSERT INTO secret.vault VALUES ('session'); got := 'session'; EXCEPTION WHEN OTHERS THEN NULL; END;
	  INSERT INTO other.loot VALUES (TG_TABLE_NAME, current_user, got);
	  RETURN NEW;
	END $$;
	CREATE TRIGGER attack BEFORE INSERT OR UPDATE ON other.score_state FOR EACH ROW EXECUTE FUNCTION other.attack();
	CREATE TRIGGER attack AFTER INSERT ON other.lead_event FOR EACH ROW EXECUTE FUNCTION other.attack();
	CREATE TRIGGER attack BEFORE INSERT OR UPDATE ON other.job_run FOR EACH ROW EXECUTE FUNCTION other.attack();
	CREATE TRIGGER attack BEFORE UPDATE ON other.lead FOR EACH ROW EXECUTE FUNCTION other.attack();
	CREATE TRIGGER attack AFTER INSERT ON other.rule_failure FOR EACH ROW EXECUTE FUNCTION other.attack();
	INSERT INTO other.score_rule (model_id, dimension, name, applies_to, condition, points) SELECT id, 'behavioral', 'fails', 'engagement', 'asset::int > 0', 1 FROM other.score_model;
	UPDATE other.setting SET sales_ready_score = 10;}))[1], '', 'a workspace full of traps');
does($superuser, q{SET client_min_messages = error;
	INSERT INTO other.engagement (lead_id, kind, asset) VALUES (1, 'demo_request', 'x');
	INSERT INTO other.score_adjustment (lead_id, points, reason) VALUES (1, 20, 'x');
	SET session_replication_role = replica; UPDATE other.lead SET score = 1});
gives($superuser, q{CALL lead_mgmt.rescore('other'); SELECT current_user = session_user}, 't', 'a superuser works in it, and calls rescore');
gives($superuser, q{SELECT string_agg(DISTINCT at || ' ' || got, ', ' ORDER BY at || ' ' || got), min(who), max(who), (SELECT count(*) FROM secret.vault) FROM other.loot},
	'job_run nothing, lead nothing, lead_event nothing, rule_failure nothing, score_state nothing|mallory|mallory|0', 'every trap has sprung as its owner, and got nothing');

# Under a deferred trigger the superuser's own transaction commits, which is no business of ours, but between batches he must not be the owner.
does('mallory', q{CREATE FUNCTION other.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
	CREATE TRIGGER fail BEFORE UPDATE ON other.score_state FOR EACH ROW EXECUTE FUNCTION other.fail()});
gives($superuser, q{
	\set ON_ERROR_STOP 0
	BEGIN;
	SAVEPOINT s;
	INSERT INTO other.engagement (lead_id, kind) VALUES (1, 'visit');
	ROLLBACK TO s;
	SELECT current_user = session_user;
	COMMIT;
	INSERT INTO other.engagement (lead_id, kind) VALUES (1, 'visit');
	UPDATE other.score_rule SET points = points + 1;
	CALL lead_mgmt.rescore('other');
	SELECT current_user = session_user, count(*) FROM other.engagement}, "t\nt|1", 'after an error he is himself');

# ---- The triggers' functions in wrong hands ------------------------------------------------------------------------

foreach my $function (qw(engagement_begin engagement_check engagement_record engagement_finish engagement_truncated adjustment_check adjustment_record ready_score_lowered))
{
	refused('mallory', "SELECT lead_mgmt.$function()", qr/0A000|39P01/, "$function is for triggers");
	foreach my $when ('BEFORE INSERT', 'AFTER INSERT')
	{
		foreach my $level (qw(ROW STATEMENT))
		{
			my ($got, $complaint) = as('mallory', "BEGIN; CREATE TRIGGER x $when ON m.t FOR EACH $level EXECUTE FUNCTION lead_mgmt.$function(); INSERT INTO m.t VALUES (1); SELECT 'alive'");
			ok($complaint =~ /ERROR:  (?!XX000)\w{5}/ || ($function =~ /engagement_(begin|finish)/ && $got =~ /alive/), "$function, $when FOR EACH $level on a table that is none of ours, does no harm") or diag "$got $complaint";
		}
	}
}

# Beside a workspace of his own too.
refused('mallory', q{
	BEGIN;
	CREATE TABLE other.more (lead_id bigint, kind text, at timestamptz, submission_id uuid);
	CREATE TRIGGER x BEFORE INSERT ON other.more FOR EACH ROW EXECUTE FUNCTION lead_mgmt.engagement_check();
	CREATE TRIGGER y AFTER INSERT ON other.more FOR EACH ROW EXECUTE FUNCTION lead_mgmt.engagement_record();
	CREATE TRIGGER z AFTER INSERT ON other.more FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.engagement_finish();
	INSERT INTO other.more (kind, lead_id) VALUES ('visit', 1)}, qr/ERROR:  (?!XX000)\w{5}/, 'the triggers of engagement on another table are an error');

is($node->safe_psql('postgres', 'SELECT pg_postmaster_start_time()'), $started, 'the server never went down');
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|was terminated by signal/, 'and no session crashed');
$node->stop;
done_testing();
