# What roles that have no more than the guides say can and cannot do with forms,
# imports, duplicates, merges and exports: a web form, a clerk who loads files,
# representatives who see their own leads, a reader of reports, a stranger.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\nautovacuum = off");
$node->start;

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
	is($out, $expected, "$role: $name") or diag $err;
	return;
}

# Refused with the words, and without any of what is nobody's business.
sub refused
{
	my ($role, $sql, $pattern, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my ($out, $err) = as($role, $sql);
	like($err, $pattern, "$role: $name") or diag $out;
	unlike("$out$err", qr/secret/i, "$role: $name tells nothing") if $name !~ /^tells/;
	return;
}

my $no = qr/ERROR:  42501: permission denied/;

# Every relation of the workspace but those that are named.
sub refuses_all_but
{
	my ($role, @known) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my %known = map { $_ => 1 } @known;
	my @open;
	my @relations = split /\n/, (as('boss', "SELECT relname FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') ORDER BY 1"))[0];
	cmp_ok(scalar(@relations), '>', 40, 'there are relations to refuse');
	foreach my $relation (grep { !$known{$_} } @relations)
	{
		my $err = (as($role, "SELECT * FROM crm.$relation LIMIT 1"))[1];
		push @open, "$relation: $err" if $err !~ $no;
	}
	is("@open", '', "$role: can read nothing but " . (@known ? "@known" : 'nothing'));
	return;
}

# ---- The workspace and its roles -----------------------------------------------------

$node->safe_psql('postgres', q{
	CREATE ROLE boss LOGIN; CREATE ROLE form LOGIN; CREATE ROLE mute_form LOGIN; CREATE ROLE clerk LOGIN; CREATE ROLE other_clerk LOGIN; CREATE ROLE ana LOGIN; CREATE ROLE ben LOGIN;
	CREATE ROLE analyst LOGIN; CREATE ROLE stranger LOGIN; CREATE ROLE outsider LOGIN;
	CREATE DATABASE work; GRANT CREATE ON DATABASE work TO boss;});
is((as('boss', q{
	CREATE EXTENSION lead_mgmt;
	SELECT lead_mgmt.create_workspace('crm') \g /dev/null
	INSERT INTO crm.rep (name, email, login) VALUES ('Ana', 'ana@example.com', 'ana'), ('Ben', 'ben@example.com', 'ben');
	INSERT INTO crm.lead (contact_name, email, phone, company, owner_id, notes) VALUES
	  ('Secret Kim', 'secret.kim@example.com', '+1 212 555 0143', 'Secret Acme', 2, 'secret note'),
	  ('Open Lou', 'lou@example.com', NULL, 'Globex', 1, NULL);
	CREATE POLICY mine ON crm.lead TO ana, ben USING (owner_id = (SELECT r.id FROM crm.rep r WHERE r.login = current_user));
	ALTER TABLE crm.lead ENABLE ROW LEVEL SECURITY;
	GRANT USAGE ON SCHEMA crm TO form, mute_form, clerk, ana, ben, analyst, stranger;
	GRANT INSERT, SELECT (lead_id, outcome) ON crm.web_form TO form;
	GRANT INSERT ON crm.web_form TO mute_form;
	GRANT SELECT ON crm.lead_source_analysis, crm.conversion_funnel, crm.rep_performance, crm.lead_aging TO analyst;
	}))[1], '', 'a workspace with row security');

# ---- The web form ----------------------------------------------------------------------

refuses_all_but('form');
gives('form', q{INSERT INTO crm.web_form (contact_name, email, message) VALUES ('Mia Sand', 'mia@example.com', 'hello') RETURNING outcome}, 'new', 'hands in a form');
gives('form', q{INSERT INTO crm.web_form (contact_name, email, company) VALUES ('Kim', 'SECRET.KIM@example.com', 'Other') RETURNING outcome}, 'known', 'also of somebody it cannot see');
gives('boss', q{SELECT contact_name, company, owner_id, updated_by FROM crm.lead WHERE id = 1}, 'Secret Kim|Secret Acme|2|form', 'nothing of him is overwritten');
gives('boss', q{SELECT created_by, (SELECT string_agg(DISTINCT actor || '/' || login, ' ') FROM crm.status_change c WHERE c.lead_id = l.id) FROM crm.lead l WHERE email = 'mia@example.com'},
	'form|form/form', 'who it was is the role of the form');
gives('form', q{SELECT count(lead_id) FROM crm.web_form}, '0', 'reads no row of the view');
gives('form', qq{COPY crm.web_form (contact_name, email) FROM STDIN;\nNed\tned\@example.com\n\\.\nSELECT 'done'}, 'done', 'may COPY');
foreach my $case (
	[ q{INSERT INTO crm.web_form (contact_name, email) VALUES ('Kim', 'secret.kim@example.com') RETURNING company}, $no, 'gets nothing else back' ],
	[ q{INSERT INTO crm.web_form (contact_name, email) VALUES ('Kim', 'secret.kim@example.com') RETURNING *}, $no, 'not even all of its own' ],
	[ q{UPDATE crm.web_form SET email = 'x@example.com'}, $no, 'updates no form' ],
	[ q{DELETE FROM crm.web_form}, $no, 'deletes no form' ],
	[ q{INSERT INTO crm.lead (contact_name, email) VALUES ('x', 'x@example.com')}, $no, 'writes no lead by hand' ],
	[ q{INSERT INTO crm.engagement (lead_id, kind) VALUES (1, 'visit')}, $no, 'writes no engagement by hand' ],
	[ q{UPDATE crm.match_rule SET action = 'off'}, $no, 'changes no rule' ],
	[ q{SELECT nextval('crm.lead_id_seq')}, $no, 'draws no number' ],
	[ q{SELECT lead_mgmt.upgrade_workspace('crm')}, qr/42501/, 'upgrades nothing' ],
	[ q{CALL lead_mgmt.rescore('crm')}, qr/42501/, 'calls no rescore' ],
	[ q{ALTER VIEW crm.web_form RENAME TO x}, qr/42501/, 'alters nothing' ],
	[ q{CREATE TABLE crm.x ()}, $no, 'makes nothing' ],
	[ q{INSERT INTO crm.web_form (contact_name, email, phone) VALUES ('x', 'x@example.com', 'letters')}, qr/23514.*lead_phone_check/s, 'is told what is wrong' ],
	[ q{INSERT INTO crm.web_form (contact_name, email, source) VALUES ('x', 'x@example.com', 'nowhere')}, qr/23503/, 'and where it comes from' ])
{
	refused('form', @$case);
}
gives('mute_form', q{INSERT INTO crm.web_form (contact_name, email) VALUES ('Ole', 'ole@example.com'); SELECT 'done'}, 'done', 'hands in a form without an answer');
refused('mute_form', q{INSERT INTO crm.web_form (contact_name, email) VALUES ('Ole', 'ole@example.com') RETURNING outcome}, $no, 'gets no answer');
refuses_all_but('mute_form');
refused('outsider', q{INSERT INTO crm.web_form (contact_name, email) VALUES ('Ole', 'ole@example.com')}, qr/permission denied for schema/, 'without USAGE there is nothing');

# A rule that refuses tells a form that a duplicate exists, and no more.
is((as('boss', q{UPDATE crm.match_rule SET action = 'reject' WHERE key IN ('email', 'phone')}))[1], '', 'rules that refuse');
refused('form', q{INSERT INTO crm.web_form (contact_name, email) VALUES ('x', 'Secret.Kim@example.com')}, qr/23505.*lead_duplicate/s, 'tells that there is one');
unlike((as('form', q{INSERT INTO crm.web_form (contact_name, phone) VALUES ('x', '+1 212 555 0143')}))[1], qr/lead 1\b|secret/i, 'form: but not which');
is((as('boss', q{UPDATE crm.match_rule SET action = 'attach' WHERE key IN ('email', 'phone')}))[1], '', 'rules that attach');

# ---- Representatives who see their own leads -------------------------------------------

is((as('boss', q{
	GRANT SELECT, INSERT, UPDATE ON crm.lead TO ana, ben;
	GRANT SELECT ON crm.rep, crm.setting, crm.lead_now, crm.lead_export, crm.lead_export_spreadsheet, crm.engagement TO ana, ben;
	GRANT SELECT, UPDATE (state) ON crm.duplicate TO ana, ben;
	GRANT SELECT ON crm.duplicate_link, crm.duplicate_decision, crm.duplicate_notice TO ana, ben;
	GRANT SELECT, INSERT, DELETE ON crm.merge TO ana;
	DROP POLICY mine ON crm.lead;
	CREATE POLICY mine ON crm.lead TO ana, ben USING (owner_id = (SELECT r.id FROM crm.rep r WHERE r.login = current_user)) WITH CHECK (true);
	DELETE FROM crm.lead WHERE id > 2;
	INSERT INTO crm.lead (contact_name, email, phone, company, owner_id) VALUES ('Open Lou', 'lou@example.com', NULL, 'Globex', 1);
	INSERT INTO crm.engagement (lead_id, kind, url) SELECT id, 'visit', 'https://example.com/secret' FROM crm.lead WHERE contact_name = 'Secret Kim'}))[1], '', 'what representatives need');

foreach my $view (qw(lead lead_now lead_export lead_export_spreadsheet))
{
	gives('ana', "SELECT DISTINCT contact_name FROM crm.$view", 'Open Lou', "sees own leads in $view");
	gives('ben', "SELECT DISTINCT contact_name FROM crm.$view", 'Secret Kim', "sees own leads in $view");
	my ($all, $err) = as('ana', "SELECT * FROM crm.$view");
	ok($all =~ /Open Lou/ && $all !~ /secret/i, "ana: every column of $view") or diag $err;
}
gives('ana', q{\copy (SELECT contact_name, owner FROM crm.lead_export) TO STDOUT (FORMAT csv)}, "Open Lou,Ana\nOpen Lou,Ana", 'exports own leads');
gives('ana', q{SELECT rules, state FROM crm.duplicate}, '{company_and_name,email}|open', 'sees pairs of own leads');
gives('ben', q{SELECT count(*) FROM crm.duplicate}, '0', 'sees no pairs of others');

# A lead of somebody whom another has already: she gets no error, and learns no more than that.
my ($id) = as('ana', q{INSERT INTO crm.lead (contact_name, email, owner_id) VALUES ('Kim', 'secret.kim@example.com', 1) RETURNING id});
like($id, qr/^\d+$/, 'ana: writes a lead that another has');
gives('boss', "SELECT lead_id, other_id FROM crm.duplicate WHERE $id IN (lead_id, other_id)", "$id|1", 'the pair is there');
my ($pair, $complaint) = as('ana', "SELECT * FROM crm.duplicate WHERE $id IN (lead_id, other_id)");
unlike("$pair$complaint", qr/secret/i, 'ana: is told nothing about that lead');

gives('ana', "SELECT others, hidden FROM crm.duplicate_notice WHERE lead_id = $id", '1|1', 'learns that there is one, and that it is hidden');
gives('ben', "SELECT count(*) FROM crm.duplicate_notice WHERE lead_id = $id", '0', 'learns nothing of a lead that is not his');

# Merges: both leads must be hers.
foreach my $case ([ "(2, 1)", 'a lead of another into her own' ], [ "(1, 2)", 'her own into that of another' ], [ "(2, 424242)", 'one that is not there, in the same words' ])
{
	refused('ana', "INSERT INTO crm.merge (master_id, duplicate_id) VALUES $case->[0]", qr/ERROR:  42501: row-level security of table "crm.lead"/, "merges not $case->[1]");
}
refused('ben', 'INSERT INTO crm.merge (master_id, duplicate_id) VALUES (1, 2)', $no, 'merges nothing without INSERT on merge');
gives('boss', 'SELECT count(*) FROM crm.merge', '0', 'nothing was merged');
gives('ana', q{
	INSERT INTO crm.merge (master_id, duplicate_id) SELECT min(id), max(id) FROM crm.lead WHERE contact_name = 'Open Lou';
	SELECT count(*), count(merged_into) FROM crm.lead WHERE contact_name = 'Open Lou';
	SELECT count(*) FROM crm.lead_export WHERE contact_name = 'Open Lou';
	DELETE FROM crm.merge;
	SELECT count(merged_into) FROM crm.lead}, "2|1\n1\n0", 'merges her own leads, and undoes it');
is((as('boss', "INSERT INTO crm.merge (master_id, duplicate_id) VALUES (1, $id)"))[1], '', 'boss merges over the border');
refused('ana', 'DELETE FROM crm.merge', qr/42501/, 'does not undo it');
refused('ana', 'UPDATE crm.merge SET master_id = 2', $no, 'changes no merge');
refused('ana', 'SELECT * FROM crm.merge_change', $no, 'does not read what merges noted');
refused('ana', 'SELECT * FROM crm.lead_alias', $no, 'does not read further addresses');
gives('boss', 'SELECT merged_into FROM crm.lead WHERE merged_into IS NOT NULL', '1', 'the merge stands');

# ---- A clerk who loads files ------------------------------------------------------------

is((as('boss', q{
	DELETE FROM crm.merge;
	GRANT USAGE ON SCHEMA crm TO other_clerk;
	GRANT INSERT ON crm.lead_import TO clerk, other_clerk;
	GRANT SELECT ON crm.import_batch, crm.import_review, crm.import_template TO clerk, other_clerk;
	GRANT UPDATE ON crm.import_review TO clerk, other_clerk;
	GRANT UPDATE (on_known, source), DELETE ON crm.import_batch TO clerk, other_clerk}))[1], '', 'what clerks need');
my $load = qq{COPY crm.lead_import (contact_name, email, company) FROM STDIN (FORMAT csv);\n"New Zoe",zoe\@example.com,Initech\nKim,SECRET.KIM\@example.com,Other\nBad,no address,Other\n\\.\n};
gives('clerk', "$load SELECT rows, good, state FROM crm.import_batch", '3|2|loaded', 'loads a file and sees it');
gives('clerk', q{SELECT "row", good, lead_id, known_lead_id, CASE WHEN good THEN problems::text END FROM crm.import_review ORDER BY 1}, qq{1|t|||{}\n2|t|||{"known lead"}\n3|f|||},
	'learns that somebody is known, and not who');
gives('other_clerk', q{SELECT count(*), (SELECT count(*) FROM crm.import_review) FROM crm.import_batch}, '0|0', 'sees no file of another');
gives('other_clerk', q{UPDATE crm.import_review SET email = 'evil@example.com'; DELETE FROM crm.import_batch; UPDATE crm.import_batch SET on_known = 'skip'; SELECT 'done'}, 'done', 'changes none');
my $batch = (as('clerk', 'SELECT id FROM crm.import_batch'))[0];
gives('clerk', q{SELECT on_known, (SELECT string_agg(email, ' ' ORDER BY "row") FROM crm.import_review) FROM crm.import_batch},
	'update|zoe@example.com SECRET.KIM@example.com no address', 'has the file as it was');
refuses_all_but('clerk', qw(import_batch import_review import_template));
refused('clerk', "CALL lead_mgmt.import_confirm('crm', $batch)", qr/ERROR:  42501/, 'confirms nothing without INSERT on lead');
refused('other_clerk', "CALL lead_mgmt.import_confirm('crm', $batch)", qr/ERROR:  42704/, 'nor what another has loaded');
is((as('boss', 'GRANT INSERT ON crm.lead TO clerk'))[1], '', 'INSERT on lead');
refused('clerk', "CALL lead_mgmt.import_confirm('crm', $batch)", qr/ERROR:  42501.*owner/s, 'nor past row security');
is((as('boss', 'ALTER TABLE crm.lead DISABLE ROW LEVEL SECURITY'))[1], '', 'no row security');
gives('clerk', "CALL lead_mgmt.import_confirm('crm', $batch); SELECT \"row\", outcome, lead_id FROM crm.import_review ORDER BY 1", "1|new|\n2|known|\n3||", 'confirms what it has loaded');
gives('boss', q{SELECT created_by FROM crm.lead WHERE email = 'zoe@example.com'; SELECT contact_name, company FROM crm.lead WHERE id = 1}, "clerk\nSecret Kim|Secret Acme", 'who it was is the clerk, and nobody was overwritten');
refuses_all_but('clerk', qw(import_batch import_review import_template));
is((as('boss', 'ALTER TABLE crm.lead ENABLE ROW LEVEL SECURITY'))[1], '', 'row security');

# ---- Readers of reports, and who has no business here -------------------------------------

gives('analyst', q{SELECT sum(leads) > 0 FROM crm.lead_source_analysis; SELECT entered > 0 FROM crm.conversion_funnel WHERE stage = 'Awareness';
	SELECT count(*) > 0 FROM crm.rep_performance; SELECT count(*) > 0 FROM crm.lead_aging}, "t\nt\nt\nt", 'reads totals');
refuses_all_but('analyst', qw(lead_source_analysis conversion_funnel rep_performance lead_aging));
refuses_all_but('stranger');
refuses_all_but('outsider');
my @procedures = split /\n/, (as('boss', q{SELECT format('CALL lead_mgmt.%I(%s)', proname, CASE pronargs WHEN 1 THEN $$'crm'$$ ELSE format($$'crm', %s$$, (SELECT max(id) FROM crm.import_batch)) END)
	FROM pg_proc WHERE pronamespace = 'lead_mgmt'::regnamespace AND prokind = 'p' ORDER BY 1}))[0];
cmp_ok(scalar(@procedures), '>=', 3, 'there are procedures');
foreach my $role (qw(form analyst stranger outsider))
{
	foreach my $statement (
		q{INSERT INTO crm.web_form (contact_name, email) VALUES ('x', 'x@example.com')},
		q{INSERT INTO crm.merge (master_id, duplicate_id) VALUES (2, 1)},
		q{SELECT lead_mgmt.upgrade_workspace('crm')},
		@procedures)
	{
		next if $role eq 'form' && $statement =~ /web_form/;
		# To who has loaded nothing there is no batch.
		refused($role, $statement, $statement =~ /import_confirm/ ? qr/ERROR:  42704/ : qr/ERROR:  42501/, "may not: $statement");
	}
}
gives('boss', q{SELECT count(*) FROM crm.lead WHERE email = 'x@example.com'}, '0', 'none of it happened');

# What is made is nobody's until it is granted, and runs with nobody else's rights.
gives('boss', "SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relacl::text ~ '[{,]='", '', 'nothing is for everybody');
gives('boss', q{SELECT string_agg(relname, ' ') FROM pg_class c WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v'
	AND relname IN ('lead_export', 'lead_export_spreadsheet', 'duplicate', 'duplicate_review', 'lead_now', 'hot_lead')
	AND NOT COALESCE('security_invoker=true' = ANY (reloptions), false)}, '', 'views of leads are read with the rights of the reader');
gives('boss', q{SELECT string_agg(proname, ' ') FROM pg_proc WHERE pronamespace = 'lead_mgmt'::regnamespace AND prosecdef}, '', 'no function runs as its owner');

$node->stop;
done_testing();
