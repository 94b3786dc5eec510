# What several tests need: the contents and definitions of a schema as lines to
# compare, and the search for disagreements between leads and ledgers.

package LeadMgmtTest;

use strict;
use warnings;

use Exporter qw(import);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

our @EXPORT_OK = qw(rows contents definitions same few_rules disagreements kill_all);

# ---- A schema before and after ----------------------------------------------------

# Each row of a query as one string.
sub rows
{
	my ($node, $db, $sql) = @_;
	return split /\n/, $node->safe_psql($db, "SET DateStyle = ISO; SET TimeZone = UTC; $sql");
}

# The contents of every table and sequence of a schema, by name.
sub contents
{
	my ($node, $db, $schema) = @_;
	my %content;
	foreach my $relation (rows($node, $db, qq{
		SELECT concat(relkind, ' ', relname) FROM pg_class
		WHERE relnamespace = '$schema'::regnamespace AND relkind IN ('r', 'p', 'S') ORDER BY relname}))
	{
		my ($kind, $name) = $relation =~ /^(.) (.*)$/;
		$content{$name} = $kind eq 'S'
		  ? [ rows($node, $db, "SELECT last_value, is_called FROM $schema.$name") ]
		  : [ rows($node, $db, "SELECT to_jsonb(t) FROM $schema.$name t ORDER BY t::text COLLATE \"C\"") ];
	}
	return \%content;
}

# What the catalogue says about a schema, apart from numbers of its own.
sub definitions
{
	my ($node, $db, $schema) = @_;
	my $of = "c.relnamespace = '$schema'::regnamespace";
	my %query = (
		schema => "SELECT n.nspowner::regrole, n.nspacl, obj_description(n.oid) FROM pg_namespace n WHERE nspname = '$schema'",
		relations => "SELECT c.relname, c.relkind, c.relowner::regrole, c.relacl, c.reloptions, c.relrowsecurity,
			obj_description(c.oid, 'pg_class') FROM pg_class c WHERE $of ORDER BY 1",
		columns => "SELECT c.relname, row_number() OVER (PARTITION BY c.oid ORDER BY attnum) AS n, attname,
			format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attcollation::regcollation, attacl,
			pg_get_expr(adbin, adrelid), col_description(c.oid, attnum)
			FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
			LEFT JOIN pg_attrdef d ON adrelid = attrelid AND adnum = attnum
			WHERE $of AND relkind IN ('r', 'p', 'v', 'm') ORDER BY 1, 2",
		triggers => "SELECT c.relname, tgname, pg_get_triggerdef(t.oid), tgenabled, obj_description(t.oid, 'pg_trigger')
			FROM pg_class c JOIN pg_trigger t ON tgrelid = c.oid WHERE $of AND NOT tgisinternal ORDER BY 1, 2",
		constraints => "SELECT c.relname, conname, pg_get_constraintdef(k.oid), convalidated, obj_description(k.oid, 'pg_constraint')
			FROM pg_class c JOIN pg_constraint k ON conrelid = c.oid WHERE $of ORDER BY 1, 2",
		indexes => "SELECT c.relname, pg_get_indexdef(c.oid), indisvalid FROM pg_class c JOIN pg_index ON indexrelid = c.oid
			WHERE $of ORDER BY 1",
		views => "SELECT c.relname, pg_get_viewdef(c.oid) FROM pg_class c WHERE $of AND relkind IN ('v', 'm') ORDER BY 1",
		sequences => "SELECT c.relname, seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax, seqcache, seqcycle,
			(SELECT refobjid::regclass || '.' || refobjsubid FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid
			  AND refobjsubid > 0)
			FROM pg_class c JOIN pg_sequence ON seqrelid = c.oid WHERE $of ORDER BY 1",
		functions => "SELECT p.oid::regprocedure, proacl, pg_get_functiondef(p.oid) FROM pg_proc p
			WHERE pronamespace = '$schema'::regnamespace ORDER BY 1");
	return { map { $_ => [ rows($node, $db, $query{$_}) ] } keys %query };
}

# Compare two such collections; show the first line in which they differ.
sub same
{
	my ($got, $expected, $name) = @_;
	# A failure is reported where the test stands.
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my @differences;
	foreach my $key (sort keys %{ { %$got, %$expected } })
	{
		my @g = @{ $got->{$key} || ['(is not there)'] };
		my @e = @{ $expected->{$key} || ['(is not there)'] };
		for my $i (0 .. ($#g > $#e ? $#g : $#e))
		{
			my ($a, $b) = map { defined $_ ? $_ : '(no more)' } $g[$i], $e[$i];
			next if $a eq $b;
			push @differences, "$key, line $i:\n  got      $a\n  expected $b";
			last;
		}
	}
	is(join("\n", @differences), '', $name);
	return;
}

# ---- Leads and ledgers ----------------------------------------------------------------

# Rules that are few enough to score a lead by head; disagreements() does it with
# plain SQL, so it is for a workspace "crm" that has these and no others.
sub few_rules
{
	return q{
	DELETE FROM crm.score_rule;
	INSERT INTO crm.score_rule (model_id, dimension, name, condition, points)
	SELECT m.id, r.* FROM crm.score_model m, (VALUES
	  ('demographic', 'large', 'company_size >= 50', 30),
	  ('firmographic', 'vip', $$'vip' = ANY (tags)$$, 20),
	  ('demographic', 'student', $$job_title = 'student'$$, -5)) r;};
}

# Everything about which leads and ledgers could disagree, from the raw tables: a
# query that finds nothing where they agree.
sub disagreements
{
	return q{
	WITH chain AS (
	  SELECT c.*, lag(to_status) OVER w AS previous, lag(at) OVER w AS previous_at,
	    row_number() OVER w AS nth, row_number() OVER (PARTITION BY lead_id ORDER BY id DESC) AS nth_last
	  FROM crm.status_change c WINDOW w AS (PARTITION BY lead_id ORDER BY id)
	), log AS (
	  SELECT a.*, lag(rep_id) OVER w AS previous, row_number() OVER w AS nth,
	    row_number() OVER (PARTITION BY lead_id ORDER BY id DESC) AS nth_last
	  FROM crm.assignment a WINDOW w AS (PARTITION BY lead_id ORDER BY id)
	), keyed AS (
	  SELECT id, 'email' AS rule, email_key AS key FROM crm.lead WHERE email_key IS NOT NULL
	  UNION ALL SELECT id, 'phone', phone_key FROM crm.lead WHERE phone_key IS NOT NULL
	  UNION ALL SELECT id, 'company_and_name', name_key FROM crm.lead WHERE name_key IS NOT NULL
	), shared AS (
	  SELECT *, count(*) OVER (PARTITION BY rule, key) AS n FROM keyed
	), pair AS (
	  SELECT d.lead_id, d.other_id, r.rule FROM crm.duplicate d, unnest(d.rules) AS r (rule)
	)
	SELECT 'ledger row without a lead: ' || lead_id FROM crm.status_change
	WHERE lead_id NOT IN (SELECT id FROM crm.lead)
	UNION ALL SELECT 'log row without a lead: ' || lead_id FROM crm.assignment
	WHERE lead_id NOT IN (SELECT id FROM crm.lead)
	UNION ALL SELECT 'lead without a ledger: ' || id FROM crm.lead
	WHERE id NOT IN (SELECT lead_id FROM crm.status_change)
	UNION ALL SELECT 'broken chain: ' || lead_id || ' at ' || nth FROM chain
	WHERE from_status IS DISTINCT FROM previous OR time_in_status IS DISTINCT FROM at - previous_at
	  OR at < previous_at OR (nth > 1 AND from_status IS NULL)
	UNION ALL SELECT 'status is not the last of the ledger: ' || l.id FROM crm.lead l
	JOIN chain c ON c.lead_id = l.id AND c.nth_last = 1 WHERE c.to_status <> l.status OR c.at <> l.status_since
	UNION ALL SELECT 'broken log: ' || lead_id || ' at ' || nth FROM log WHERE from_rep_id IS DISTINCT FROM previous
	UNION ALL SELECT 'owner is not the last of the log: ' || l.id FROM crm.lead l
	LEFT JOIN log a ON a.lead_id = l.id AND a.nth_last = 1 WHERE a.rep_id IS DISTINCT FROM l.owner_id
	UNION ALL SELECT 'wrong score: ' || id || ' has ' || coalesce(score::text, 'none') FROM crm.lead
	WHERE score IS DISTINCT FROM greatest(CASE WHEN company_size >= 50 THEN 30 ELSE 0 END
	  - CASE WHEN job_title = 'student' THEN 5 ELSE 0 END, 0) + CASE WHEN 'vip' = ANY (tags) THEN 20 ELSE 0 END
	UNION ALL SELECT 'score_audit: ' || lead_id FROM crm.score_audit
	UNION ALL SELECT 'wrong email key: ' || id FROM crm.lead WHERE email_key IS DISTINCT FROM lower(btrim(email))
	UNION ALL SELECT 'nobody is told of ' || s.rule || ' ' || left(s.key, 40) || ' of ' || s.id FROM shared s
	WHERE n > 1 AND NOT EXISTS (SELECT FROM pair p WHERE p.rule = s.rule AND s.id IN (p.lead_id, p.other_id))
	UNION ALL SELECT 'no duplicates: ' || p.lead_id || ' and ' || p.other_id || ' by ' || p.rule FROM pair p
	WHERE NOT EXISTS (SELECT FROM keyed a JOIN keyed b USING (rule, key)
	  WHERE a.id = p.lead_id AND b.id = p.other_id AND a.rule = p.rule)};
}

# ---- A server that dies ------------------------------------------------------------

# All processes of the server at once, as when power fails.
sub kill_all
{
	my ($node) = @_;
	my ($postmaster) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
	my @children = map { /^\s*(\d+)\s+(\d+)/ && $2 == $postmaster ? $1 : () } split /\n/, `ps -A -o pid= -o ppid=`;
	$node->kill9;
	kill 'KILL', @children;
	# Their shared memory is gone when they are.
	foreach my $pid ($postmaster, @children)
	{
		for (1 .. 600)
		{
			# One whose parent has not collected it yet is dead all the same.
			last if !kill(0, $pid) || `ps -o stat= -p $pid` =~ /^\s*(Z|$)/;
			usleep(100_000);
		}
	}
	# Such a one would look alive to the next server, which a lock file names.
	unlink $node->data_dir . '/postmaster.pid', glob($node->host . '/.s.PGSQL.*.lock');
	return scalar @children;
}

1;
