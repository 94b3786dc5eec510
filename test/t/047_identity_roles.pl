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
	CREATE ROLE boss LOGIN; CREATE ROLE form LOGIN; CREATE ROLE mute_form LOGIN; CREATE ROLE clerk LOGIN; CREATE ROLE ana LOGIN; CREATE ROLE ben LOGIN;
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
	CREATE POLICY form ON crm.lead FOR INSERT TO form WITH CHECK (true);
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

$node->stop;
done_testing();
