# Engagements, their sums, corrections, drafts, events and jobs come back from a
# dump as they were, and are counted on from there; a workspace that has lost the
# extension, or that is of an older layout, is made good; what was committed
# before a crash is there.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use FindBin;
use lib $FindBin::RealBin;
use LeadMgmtTest qw(rows contents definitions same);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
# It is the server that dies here, not the machine.
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
my $folder = $node->basedir;
my $superuser = $node->safe_psql('postgres', 'SELECT current_user');

# ---- Tools ----------------------------------------------------------------------

sub value
{
	my ($db, $sql) = @_;
	return $node->safe_psql($db, $sql);
}

# Leads whose score is not what engagements, corrections and the few rules of
# this test say; and sums that are not those of the engagements.
sub wrong
{
	my ($schema) = @_;
	return qq{
	WITH should AS (
	  SELECT l.*, CASE WHEN company_size >= 50 THEN 30 ELSE 0 END AS d,
	    least(least(3 * (SELECT count(*) FROM $schema.engagement e WHERE e.lead_id = l.id AND kind = 'visit'), 12)
	      + (SELECT coalesce(sum(8 * exp(-ln(2) * extract(epoch FROM l.scored_at - at)::float8 / 864000)), 0)
	        FROM $schema.engagement e WHERE e.lead_id = l.id AND kind = 'download' AND url LIKE '%.pdf'), 40) AS b,
	    (SELECT coalesce(sum(points), 0) FROM $schema.score_adjustment a WHERE a.lead_id = l.id) AS a,
	    (SELECT max(at) FROM $schema.engagement e WHERE e.lead_id = l.id) AS engaged
	  FROM $schema.lead l
	)
	SELECT id || ': ' || concat_ws(' ', score, demographic_score, behavioral_score, score_adjustment, last_engaged_at, 'not', d, b, a, engaged) FROM should
	WHERE demographic_score IS DISTINCT FROM d OR score_adjustment IS DISTINCT FROM a OR behavioral_score IS NULL
	  OR abs(behavioral_score - b) > 1e-9 OR last_engaged_at IS DISTINCT FROM engaged OR firmographic_score IS DISTINCT FROM 0
	  OR score IS DISTINCT FROM floor(greatest(0, least(100, a + demographic_score + behavioral_score)) + 0.5)
	UNION ALL SELECT 'score_audit: ' || lead_id FROM $schema.score_audit
	UNION ALL SELECT 'sums of ' || id FROM $schema.lead l LEFT JOIN $schema.score_state s ON s.lead_id = l.id
	WHERE (SELECT jsonb_object_agg(name, n) FROM (
	    SELECT kind AS name, count(*) AS n FROM $schema.engagement e
	    WHERE e.lead_id = l.id AND (kind = 'visit' OR (kind = 'download' AND url LIKE '%.pdf')) GROUP BY kind) r)
	  IS DISTINCT FROM (SELECT jsonb_object_agg(r.name, u.n) FROM unnest(s.rule_id, s.times) AS u (id, n) JOIN $schema.score_rule r ON r.id = u.id)
	UNION ALL SELECT 'hot_lead: ' || coalesce(h.lead_id, l.id)
	FROM $schema.hot_lead h FULL JOIN (
	  SELECT id FROM $schema.lead_now WHERE score >= 42 AND status NOT IN ('converted', 'unqualified') AND archived_at IS NULL) l ON l.id = h.lead_id
	WHERE h.lead_id IS NULL OR l.id IS NULL};
}

sub all_right
{
	my ($db, $schema, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(value($db, 'SELECT * FROM (' . wrong($schema) . ') w LIMIT 5'), '', "$name: scores and sums are right");
	return;
}

# The scores as of one moment, whoever asks when.
sub scores_then
{
	my ($db, $schema) = @_;
	return [ rows($node, $db, "SELECT l.id, s.* FROM $schema.lead l CROSS JOIN LATERAL lead_mgmt.score_at(l::record, (SELECT max(scored_at) FROM $schema.lead WHERE id <= 300) + interval '3 days') s ORDER BY 1") ];
}

# ---- A workspace in use ---------------------------------------------------------------

$node->safe_psql('postgres', q{
	CREATE ROLE owner_ LOGIN;
	CREATE DATABASE source OWNER owner_; CREATE DATABASE whole OWNER owner_; CREATE DATABASE renamed OWNER owner_;
	CREATE DATABASE data OWNER owner_;});

my $rules = q{
	DELETE FROM crm.score_rule;
	INSERT INTO crm.score_rule (model_id, dimension, name, applies_to, condition, points, max_points, half_life)
	SELECT m.id, r.* FROM crm.score_model m, (VALUES
	  ('demographic', 'large', 'lead', 'company_size >= 50', 30, NULL, NULL),
	  ('behavioral', 'visit', 'engagement', $$kind = 'visit'$$, 3, 12, NULL),
	  ('behavioral', 'download', 'engagement', $$kind = 'download' AND url LIKE '%.pdf'$$, 8, NULL, interval '10 days')) r (d, n, a, c, p, m, h)
	WHERE m.state = 'active';
	UPDATE crm.setting SET sales_ready_score = 42;
};
$node->safe_psql('source', "SET ROLE owner_; SET client_min_messages = error;
	CREATE EXTENSION lead_mgmt; SELECT lead_mgmt.create_workspace('crm'); $rules" . q{
	INSERT INTO crm.engagement_kind (name) VALUES ('phoned "us" \ ''back''');
	INSERT INTO crm.lead (contact_name, email, company_size)
	SELECT 'L' || i, i || '@example.com', i % 100 FROM generate_series(1, 300) i;
	INSERT INTO crm.engagement (lead_id, kind, at, url, asset, campaign, properties, submission_id)
	SELECT 1 + i * 7 % 300, (ARRAY['visit', 'download', 'event', 'phoned "us" \ ''back'''])[1 + i % 4], now() - i * interval '5 hours',
	  CASE WHEN i % 3 > 0 THEN 'https://example.com/a.pdf' END, 'Zoë''s "guide"', NULL, jsonb_build_object('n', i),
	  CASE WHEN i % 5 = 0 THEN md5(i::text)::uuid END
	FROM generate_series(1, 1200) i;
	DELETE FROM crm.engagement WHERE id % 41 = 0;
	INSERT INTO crm.score_adjustment (lead_id, points, reason, created_at)
	SELECT i, i % 9 - 4.25, 'because of "' || i || '"', now() - i * interval '1 hour' FROM generate_series(10, 300, 10) i;
	INSERT INTO crm.score_model (name, copy_of) SELECT 'Bolder', id FROM crm.score_model;
	UPDATE crm.score_rule SET points = points * 2 WHERE model_id = (SELECT id FROM crm.score_model WHERE name = 'Bolder');
	DELETE FROM crm.lead WHERE id IN (3, 120);
	INSERT INTO crm.job_run (kind, started_at, resumed_at, reported_at, done, done_before, changed, total, "position", rule_version, pid, actor, login)
	VALUES ('rescore', now(), now(), now(), 10, 0, 3, 298, 12, 77, 1, 'ana', 'owner_');});
$node->safe_psql('source', q{SET ROLE owner_; CALL lead_mgmt.rescore('crm')});
all_right('source', 'crm', 'source');
is(value('source', q{
	SELECT (SELECT count(*) > 1000 FROM crm.engagement), (SELECT count(*) > 200 FROM crm.score_state), (SELECT count(*) FROM crm.score_adjustment),
	  (SELECT string_agg(state, ',' ORDER BY id) FROM crm.score_model), (SELECT count(*) > 20 FROM crm.lead_event),
	  (SELECT string_agg(state, ',' ORDER BY id) FROM crm.job), (SELECT count(*) > 20 FROM crm.hot_lead), (SELECT count(*) > 100 FROM crm.score_comparison)}),
	't|t|29|active,draft|t|abandoned,finished|t|t', 'there is something of everything to be lost');

my $contents = contents($node, 'source', 'crm');
my $definitions = definitions($node, 'source', 'crm');
my $scores = scores_then('source', 'crm');
# Not those that speak of now().
my @views = qw(score_explanation job);
sub view_contents
{
	my ($db, $schema) = @_;
	return { map { $_ => [ rows($node, $db, "SELECT to_jsonb(v) FROM $schema.$_ v ORDER BY v::text COLLATE \"C\"") ] } @views };
}
my $shown = view_contents('source', 'crm');

# ---- Dumped and restored ------------------------------------------------------------------

sub restored
{
	my ($db, $schema, $name) = @_;
	same(contents($node, $db, $schema), $contents, "$name: every row and sequence is as it was");
	same(view_contents($db, $schema), $shown, "$name: explanations and jobs say what they said");
	same({ scores => scores_then($db, $schema) }, { scores => $scores }, "$name: scores decay as they would have");
	all_right($db, $schema, $name);
	return;
}

# New engagements are added to the sums that came with the dump.
sub goes_on
{
	my ($db, $schema, $name) = @_;
	my $seen = value($db, "SELECT submission_id FROM $schema.engagement WHERE submission_id IS NOT NULL ORDER BY id LIMIT 1");
	value($db, qq{SET ROLE owner_;
		INSERT INTO $schema.engagement (lead_id, kind, url, at)
		SELECT id, (ARRAY['visit', 'download', 'event'])[1 + id % 3], 'x.pdf', now() - id % 5 * interval '1 day' FROM $schema.lead;
		INSERT INTO $schema.engagement (lead_id, kind, at) VALUES (1, 'visit', now() - interval '3 years');
		DELETE FROM $schema.engagement WHERE id % 50 = 1;
		UPDATE $schema.engagement SET kind = 'download' WHERE id % 50 = 2;
		INSERT INTO $schema.score_adjustment (lead_id, points, reason) SELECT id, 2, 'later' FROM $schema.lead WHERE id % 6 = 0;
		UPDATE $schema.lead SET company_size = 99 - company_size WHERE id % 4 = 0});
	all_right($db, $schema, "$name, gone on");
	is(value($db, "SELECT count(*) FROM $schema.engagement WHERE lead_id > 300") , '0', "$name, gone on: no lead is new");
	my $n = value($db, "SELECT count(*) FROM $schema.engagement");
	value($db, "INSERT INTO $schema.engagement (lead_id, kind, submission_id) VALUES (2, 'visit', '$seen')");
	is(value($db, "SELECT count(*) FROM $schema.engagement"), $n, "$name, gone on: a submission from before the dump counts once");
	unlike(($node->psql($db, qq{SET ROLE owner_; CALL lead_mgmt.rescore('$schema')}))[2], qr/ERROR/, "$name, gone on: rescore");
	is(value($db, "SELECT changed, state FROM $schema.job ORDER BY id DESC LIMIT 1"), '0|finished', "$name, gone on: finds nothing to do");
	value($db, "SET ROLE owner_; UPDATE $schema.score_model SET state = 'active' WHERE name = 'Bolder'; CALL lead_mgmt.rescore('$schema')");
	is(value($db, "SELECT count(*) FROM $schema.score_audit"), '0', "$name, gone on: the draft can be made active");
	return;
}

sub dump_db
{
	my ($file, $user, @options) = @_;
	command_ok([ 'pg_dump', '-d', $node->connstr('source'), '-U', $user, '-f', "$folder/$file", @options ], "pg_dump @options as $user");
	return;
}

dump_db('whole.dump', 'owner_', '-Fc');
command_ok([ 'pg_restore', '-e', '-U', 'owner_', '-d', $node->connstr('whole'), "$folder/whole.dump" ], 'pg_restore');
restored('whole', 'crm', 'restored');
same(definitions($node, 'whole', 'crm'), $definitions, 'restored: definitions are as they were');
# The comparison can fail.
value('whole', q{BEGIN; SET session_replication_role = replica; UPDATE crm.score_state SET times[1] = times[1] + 1 WHERE lead_id = 8; COMMIT});
isnt(join("\n", @{ contents($node, 'whole', 'crm')->{score_state} }), join("\n", @{ $contents->{score_state} }), 'a changed sum would be noticed');
isnt(value('whole', wrong('crm')), '', 'also by what the engagements say');
value('whole', q{SET session_replication_role = replica; UPDATE crm.score_state SET times[1] = times[1] - 1 WHERE lead_id = 8});
goes_on('whole', 'crm', 'restored');

# ---- Under another name ----------------------------------------------------------------------

$node->safe_psql('source', 'SET ROLE owner_; ALTER SCHEMA crm RENAME TO "Sales 2"');
dump_db('renamed.sql', 'owner_');
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-U', 'owner_', '-d', $node->connstr('renamed'), '-f', "$folder/renamed.sql" ], 'psql restores it');
$node->safe_psql('source', 'SET ROLE owner_; ALTER SCHEMA "Sales 2" RENAME TO crm');
restored('renamed', '"Sales 2"', 'under another name');
$node->safe_psql('renamed', 'ALTER SCHEMA "Sales 2" RENAME TO sales');
goes_on('renamed', 'sales', 'under another name');

# ---- Data alone ----------------------------------------------------------------------------------

dump_db('data.sql', $superuser, '--data-only', '--disable-triggers', '-n', 'crm');
$node->safe_psql('data', q{
	SET client_min_messages = error; SET ROLE owner_;
	CREATE EXTENSION lead_mgmt; SELECT lead_mgmt.create_workspace('crm', 'empty');
	DO $$ DECLARE t text; BEGIN
	  FOR t IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'r' LOOP
	    EXECUTE 'TRUNCATE ' || t || ' CASCADE';
	  END LOOP;
	END $$});
command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('data'), '-f', "$folder/data.sql" ], 'data alone is restored');
restored('data', 'crm', 'data alone');
$node->safe_psql('data', q{SET ROLE owner_; SELECT lead_mgmt.upgrade_workspace('crm')});
same(contents($node, 'data', 'crm'), $contents, 'data alone: upgrade_workspace finds nothing to repair');
goes_on('data', 'crm', 'data alone');

# ---- Without the extension for a while --------------------------------------------------------------

$node->safe_psql('source', q{SET client_min_messages = error; DROP EXTENSION lead_mgmt CASCADE});
my $after = contents($node, 'source', 'crm');
same($after, $contents, 'DROP EXTENSION CASCADE takes no row');
$node->safe_psql('source', q{SET ROLE owner_;
	INSERT INTO crm.engagement (lead_id, kind, url, at) VALUES
	  (1, 'visit', NULL, now()), (2, 'download', 'a.pdf', now()), (4, 'event', NULL, now()), (5, 'download', 'b.pdf', now() - interval '400 days'),
	  (6, 'visit', NULL, now() - interval '2 years'), (71, 'download', 'a.pdf', now()), (71, 'download', 'b.pdf', now());
	DELETE FROM crm.engagement WHERE lead_id IN (8, 9);
	UPDATE crm.engagement SET kind = 'visit' WHERE lead_id = 11;
	UPDATE crm.engagement SET lead_id = 13 WHERE lead_id = 12;
	INSERT INTO crm.score_adjustment (lead_id, points, reason) VALUES (14, 5, 'meanwhile');
	INSERT INTO crm.score_adjustment (lead_id, points, reason, created_at) VALUES (15, 5, 'earlier', now() - interval '9 days');
	INSERT INTO crm.lead (id, contact_name, email, company_size) VALUES (900, 'Meanwhile', 'm@example.com', 60), (901, 'Also', 'n@example.com', 1);
	INSERT INTO crm.engagement (lead_id, kind, url, at) VALUES (900, 'download', 'a.pdf', now() - interval '1 day'), (900, 'download', 'b.pdf', now() - interval '1 day'),
	  (901, 'visit', NULL, now() - interval '1 day');
	DELETE FROM crm.lead WHERE id = 20});
$node->safe_psql('source', q{SET ROLE owner_; CREATE EXTENSION lead_mgmt; SELECT lead_mgmt.upgrade_workspace('crm')});
same({ triggers => definitions($node, 'source', 'crm')->{triggers}, views => definitions($node, 'source', 'crm')->{views} },
	{ triggers => $definitions->{triggers}, views => $definitions->{views} }, 'upgrade_workspace brings back triggers and views');
all_right('source', 'crm', 'after upgrade_workspace');
is(value('source', 'SELECT count(*) FROM crm.lead WHERE id IN (900, 901) AND last_engaged_at IS NOT NULL AND score > 0'), '2', 'leads that came meanwhile too');
$contents = contents($node, 'source', 'crm');
$node->safe_psql('source', q{SET ROLE owner_; SELECT lead_mgmt.upgrade_workspace('crm')});
same(contents($node, 'source', 'crm'), $contents, 'upgrade_workspace again changes no row');
$node->safe_psql('source', q{SET ROLE owner_;
	INSERT INTO crm.engagement (lead_id, kind, url) SELECT id, 'download', 'a.pdf' FROM crm.lead WHERE id < 80 OR id >= 900});
all_right('source', 'crm', 'engagements after upgrade_workspace');

# ---- An older layout ------------------------------------------------------------------------------------

# As if scoring had never known engagements: their tables, views, columns and
# triggers are not there.
my $fresh = definitions($node, 'source', 'crm');
my $ready = value('source', 'SELECT count(*) FROM crm.lead WHERE company_size >= 50 AND score >= 42 AND NOT EXISTS (SELECT FROM crm.engagement e WHERE e.lead_id = lead.id)');
$node->safe_psql('source', q{
	SET client_min_messages = error; SET ROLE owner_;
	DROP VIEW crm.score_explanation, crm.score_audit, crm.lead_now, crm.hot_lead, crm.job, crm.score_comparison, crm.score_model_quality;
	DROP TABLE crm.engagement, crm.engagement_kind, crm.score_adjustment, crm.score_state, crm.lead_event, crm.job_run;
	DROP TRIGGER "~lead_mgmt_ready_score" ON crm.setting; DROP TRIGGER "!lead_mgmt_switch" ON crm.score_model;
	ALTER TABLE crm.setting DROP COLUMN location, DROP COLUMN notify;
	ALTER TABLE crm.score_model DROP COLUMN copy_of;
	CREATE VIEW crm.score_explanation WITH (security_invoker = true) AS
	SELECT l.id AS lead_id, NULL::text AS dimension, NULL::bigint AS rule_id, NULL::text AS rule, l.score::numeric AS points FROM crm.lead l;
	UPDATE crm.setting SET workspace_version = '0.9.0'});
$node->safe_psql('source', q{
	SET session_replication_role = replica;
	UPDATE crm.lead SET last_engaged_at = NULL, score_adjustment = 0, behavioral_score = 0, demographic_score = CASE WHEN company_size >= 50 THEN 30 ELSE 0 END,
	  score = CASE WHEN company_size >= 50 THEN 30 ELSE 0 END, grade = 'cold';
	DELETE FROM crm.score_rule WHERE applies_to = 'engagement';
	UPDATE crm.score_rule SET points = 50 WHERE name = 'large' AND model_id = (SELECT id FROM crm.score_model WHERE state = 'active');
	UPDATE crm.score_dimension SET highest = 60 WHERE name = 'demographic';
	UPDATE crm.lead SET demographic_score = 50, score = 50, grade = 'warm' WHERE company_size >= 50});
my $err;
$node->psql('source', q{\set VERBOSITY verbose
	INSERT INTO crm.lead (contact_name, email) VALUES ('Old', 'old@example.com')}, stderr => \$err);
like($err, qr/ERROR.*HINT:.*upgrade_workspace/s, 'an older layout is an error that says what to do');
$node->psql('source', q{SET ROLE owner_; CALL lead_mgmt.rescore('crm')}, stderr => \$err);
like($err, qr/ERROR.*HINT:.*upgrade_workspace/s, 'for rescore too');
$node->safe_psql('source', q{SET ROLE owner_; SELECT lead_mgmt.upgrade_workspace('crm')});
my $made = definitions($node, 'source', 'crm');
# Columns that were added stand last where they were not last before.
same({ map { $_ => [ sort map { s/^(\w+\|)\d+\|/$1/r } @{ $made->{$_} } ] } qw(relations columns triggers constraints indexes views sequences) },
	{ map { $_ => [ sort map { s/^(\w+\|)\d+\|/$1/r } @{ $fresh->{$_} } ] } qw(relations columns triggers constraints indexes views sequences) },
	'upgrade_workspace makes what an older layout lacks');
is(value('source', 'SELECT count(*) FROM crm.score_audit'), '0', 'older layout: scores are right');
cmp_ok(value('source', 'SELECT count(*) FROM crm.lead WHERE score >= 42'), '>', 100, 'older layout: leads were ready for sales');
is(value('source', q{SELECT count(*) FROM crm.lead l WHERE score >= 42 AND archived_at IS NULL AND status = 'new' AND NOT EXISTS (SELECT FROM crm.hot_lead h WHERE h.lead_id = l.id)}),
	'0', 'older layout: hot_lead shows who was ready for sales before');
is(value('source', "SET ROLE owner_; UPDATE crm.score_rule SET points = 30 WHERE name = 'large'; UPDATE crm.score_dimension SET highest = 40 WHERE name = 'demographic';
	INSERT INTO crm.engagement_kind (name) VALUES ('visit'), ('download') ON CONFLICT DO NOTHING; $rules
	CALL lead_mgmt.rescore('crm');
	INSERT INTO crm.engagement (lead_id, kind, url) SELECT id, CASE WHEN id % 2 = 0 THEN 'visit' ELSE 'download' END, 'a.pdf' FROM crm.lead;
	SELECT count(*) > 200 FROM crm.score_state"), 't', 'older layout: engagements are counted');
all_right('source', 'crm', 'older layout');

# ---- After a crash -------------------------------------------------------------------------------------------

my @acknowledged;
my $file = "$folder/inserts.sql";
open(my $fh, '>', $file) or die "$file: $!";
print $fh map { "INSERT INTO crm.engagement (lead_id, kind, url) VALUES (1 + $_ % 2, '" . ($_ % 2 ? 'visit' : 'download') . "', 'c.pdf') RETURNING 'engagement ' || id;\n" } 1 .. 20000;
close $fh;
my ($out, $complaint) = ('', '');
my $n = value('source', 'SELECT count(*) FROM crm.engagement');
my $writer = IPC::Run::start([ 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('source'), '-f', $file ],
	'<', \undef, '>', \$out, '2>', \$complaint);
ok($node->poll_query_until('source', "SELECT count(*) > $n + 200 FROM crm.engagement"), 'engagements are coming in');
$node->stop('immediate');
IPC::Run::finish($writer);
like($complaint, qr/server closed the connection|connection to server was lost|terminating connection/, 'the server crashes meanwhile');
$node->start;
@acknowledged = $out =~ /^engagement (\d+)$/mg;
cmp_ok(scalar @acknowledged, '>', 100, 'many were acknowledged');
is(value('source', 'SELECT count(*) FROM unnest(ARRAY[' . join(',', @acknowledged) . ']) AS a (id) WHERE NOT EXISTS (SELECT FROM crm.engagement e WHERE e.id = a.id)'),
	'0', 'they are there');
all_right('source', 'crm', 'after a crash');

$node->stop;
done_testing();
