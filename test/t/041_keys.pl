# Keys: numbers of all countries, addresses that are and are not, the same in
# databases of other locales and encodings; and CALL lead_mgmt.rekey stopped,
# taken up again, two at once, and beside other writers.
#
# Where the environment variable LEAD_MGMT_DATA names a folder with
# phone_examples.csv and validatorjs_vectors.json, these are read, too.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $data = abs_path(dirname(abs_path(__FILE__)) . '/../data');
my $facts = $ENV{LEAD_MGMT_DATA};

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION lead_mgmt');

sub value { return $node->safe_psql('postgres', $_[0]); }

sub slurp
{
	my ($file) = @_;
	open(my $in, '<', $file) or die "$file: $!";
	local $/;
	my $text = <$in>;
	close $in;
	return $text;
}

my $with_library = value(q{SET client_min_messages = error; SELECT lead_mgmt.phone_key('030 12345678', 'DE') IS NOT NULL}) eq 't';

# ---- Phone numbers ------------------------------------------------------------

value('CREATE TABLE number (country text, national text, international text, e164 text)');
value("\\copy number FROM '$data/phone_numbers.csv' CSV HEADER");
cmp_ok(value('SELECT count(DISTINCT country) FROM number'), '>', 240, 'there are numbers of all countries');
is(value(q{SELECT string_agg(international, ', ') FROM number WHERE lead_mgmt.phone_key(international, NULL) IS DISTINCT FROM e164}),
	'', 'as they are written abroad');
is(value(q{SELECT string_agg(e164, ', ') FROM number WHERE lead_mgmt.phone_key(e164, 'US') IS DISTINCT FROM e164}), '', 'and without spaces');
SKIP:
{
	skip 'built without libphonenumber', 3 unless $with_library;
	is(value(q{SELECT string_agg(country || ' ' || national, ', ') FROM number WHERE lead_mgmt.phone_key(national, country) IS DISTINCT FROM e164}),
		'', 'as they are written there');
	is(value(q{SELECT string_agg(country || ' ' || national, ', ') FROM number
		WHERE lead_mgmt.phone_key(national || ' ext. 12', lower(country)) IS DISTINCT FROM e164}), '', 'with an extension');
	# both ways of reading a number say the same: by the library, and without
	is(value(q{SELECT string_agg(country || ' ' || e164, ', ') FROM number
		WHERE lead_mgmt.phone_key('00' || substr(e164, 2), NULL) IS DISTINCT FROM e164}), '', 'with 00 and no country');
}

SKIP:
{
	skip 'LEAD_MGMT_DATA names no folder with phone_examples.csv', 2 unless defined $facts && -e "$facts/phone_examples.csv";
	value('CREATE TABLE example (region text, code text, prefix text, abroad text, beginning text, type text, national text, e164 text, pattern text)');
	value("\\copy example FROM '$facts/phone_examples.csv' CSV HEADER");
	is(value(q{SELECT string_agg(e164, ', ') FROM example WHERE lead_mgmt.phone_key(e164, region) IS DISTINCT FROM e164}),
		'', 'example numbers with +');
	skip 'built without libphonenumber', 1 unless $with_library;
	# 001 is no country: one national number stands for several there
	is(value(q{SELECT string_agg(region || ' ' || national, ', ') FROM example
		WHERE region <> '001' AND lead_mgmt.phone_key(national, region) IS DISTINCT FROM e164}), '', 'national example numbers');
}

# ---- E-mail addresses -----------------------------------------------------------

value("SELECT lead_mgmt.create_workspace('crm')");
# Whether a lead is refused for its address
value(q{CREATE FUNCTION accepts(address text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO crm.lead (contact_name, email) VALUES ('Kim', address);
  DELETE FROM crm.lead;
  RETURN true;
EXCEPTION WHEN check_violation THEN RETURN false;
END$$});
value('CREATE TABLE address (address text, valid boolean, note text)');
value("\\copy address FROM '$data/email_addresses.csv' CSV HEADER");
is(value(q{SELECT string_agg(address, ', ') FROM address WHERE accepts(address) <> valid}), '', 'addresses are accepted and refused');
is(value(q{SELECT string_agg(address, ', ') FROM address WHERE (lead_mgmt.email_key(address) IS NOT NULL) <> valid}), '', 'and have keys or not');

SKIP:
{
	skip 'LEAD_MGMT_DATA names no folder with validatorjs_vectors.json', 1
	  unless defined $facts && -e "$facts/validatorjs_vectors.json";
	my @wrong;
	my $tried = 0;
	my $vectors = JSON::PP->new->utf8->decode(slurp("$facts/validatorjs_vectors.json"))->{isEmail};
	foreach my $set (grep { !@{ $_->{args} } } @$vectors)
	{
		foreach my $kind ('valid', 'invalid')
		{
			foreach my $address (@{ $set->{$kind} })
			{
				# half a character is no text for any database
				next if $address =~ /[\x{d800}-\x{dfff}]/;
				utf8::encode(my $bytes = $address);
				my $hex = unpack 'H*', $bytes;
				my $accepted = value("SELECT accepts(convert_from('\\x$hex', 'UTF8'))") eq 't';
				$tried++;
				push @wrong, "$kind: $bytes" if $accepted != ($kind eq 'valid');
			}
		}
	}
	is(join("\n", @wrong), '', "$tried addresses of others' tests are accepted and refused");
}

# ---- Other databases ----------------------------------------------------------------

my @locales = grep { value("SELECT count(*) FROM pg_collation WHERE collname = '$_'") > 0 } ('tr_TR.utf8', 'de_DE.utf8', 'C.utf8', 'en_US.utf8');
my $sample = q{SELECT md5(string_agg(concat_ws('|', lead_mgmt.name_key(n), lead_mgmt.company_and_name_key(n, n), lead_mgmt.email_key(n || '@Example.COM'),
	lead_mgmt.phone_key('+49 30 12345678', n)), E'\n'))
	FROM unnest(ARRAY['İstanbul Ilık I.Ş.', 'ΌΜΙΛΟΣ Α.Ε.', 'Straße, Jörg', 'TITLE', 'Dr. Ångström, PhD', 'ООО Ёлка', '株式会社トヨタ']) n};
my $expected = value($sample);
foreach my $locale (@locales)
{
	(my $name = lc $locale) =~ s/\W/_/g;
	$node->safe_psql('postgres', "CREATE DATABASE $name TEMPLATE template0 ENCODING 'UTF8' LOCALE '$locale'");
	$node->safe_psql($name, 'CREATE EXTENSION lead_mgmt');
	is($node->safe_psql($name, $sample), $expected, "keys are the same under $locale");
}

# ---- rekey ------------------------------------------------------------------------------

my $wrong = q{SELECT count(*) FROM crm.lead l, lead_mgmt.recompute_keys(l) k WHERE k.differs};
value(q{UPDATE crm.match_rule SET action = 'off' WHERE key = 'fuzzy';
	INSERT INTO crm.lead (contact_name, email) SELECT 'Kim', 'kim' || i % 4000 || '+' || i || '@example.com' FROM generate_series(1, 8000) i});
value('UPDATE crm.setting SET email_ignores_tag = true');
is(value($wrong), '8000', 'after a change of settings all keys are to be computed anew');

# Somebody holds a lead in the middle: rekey stops there, with what is before it committed.
my $id = value('SELECT id FROM crm.lead ORDER BY id OFFSET 4500 LIMIT 1');
my $holder = $node->background_psql('postgres');
$holder->query_safe("BEGIN; SELECT 1 FROM crm.lead WHERE id = $id FOR UPDATE");
my ($out, $err) = ('', '');
my $runner = IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), '-c', q{CALL lead_mgmt.rekey('crm')} ], '>', \$out, '2>', \$err);
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE 'CALL%rekey%' AND wait_event_type = 'Lock'}) or die;
is(value(q{SELECT state, done, changed FROM crm.job WHERE kind = 'rekey'}), 'running|4000|4000', 'what is done is committed, and shown');
my ($status, undef, $second) = $node->psql('postgres', q{CALL lead_mgmt.rekey('crm')});
isnt($status, 0, 'a second one at the same time is refused');
like($second, qr/rekey of workspace "crm" is under way already/, 'and told why');
# other writers do not wait for it
value(q{INSERT INTO crm.lead (contact_name, email) VALUES ('Sam', 'sam+new@example.com')});
is(value(q{SELECT email_key FROM crm.lead WHERE contact_name = 'Sam'}), 'sam@example.com', 'what is written meanwhile goes by the new settings');

# it is killed; and taken up where it was
value(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CALL%rekey%' AND pid <> pg_backend_pid()});
$runner->finish;
$holder->query_safe('COMMIT');
$holder->quit;
$node->poll_query_until('postgres', q{SELECT state = 'stopped' FROM crm.job WHERE kind = 'rekey'}) or die;
is(value($wrong), '4000', 'the rest is still to do');
(undef, undef, $err) = $node->psql('postgres', q{CALL lead_mgmt.rekey('crm')});
like($err, qr/resuming rekey of workspace "crm" behind id \d+/, 'it is taken up');
like($err, qr/8001 leads looked at, 8000 written/, 'and all is done, each once');
is(value($wrong), '0', 'all keys are right');
is(value('SELECT count(*) FROM crm.duplicate'), '4000', 'and each pair is found');
is(value(q{SELECT count(*) FROM (SELECT lead_id FROM crm.duplicate GROUP BY 1 HAVING count(*) > 1) d}), '0', 'once');

# a crash of the server
value('UPDATE crm.setting SET email_ignores_tag = false');
$holder = $node->background_psql('postgres');
$holder->query_safe("BEGIN; SELECT 1 FROM crm.lead WHERE id = $id FOR UPDATE");
$runner = IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('postgres'), '-c', q{CALL lead_mgmt.rekey('crm')} ], '>', \$out, '2>', \$err);
$node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE 'CALL%rekey%' AND wait_event_type = 'Lock'}) or die;
$node->stop('immediate');
$runner->finish;
eval { $holder->quit };
$node->start;
is(value(q{SELECT state FROM crm.job WHERE kind = 'rekey' ORDER BY id DESC LIMIT 1}), 'stopped', 'after a crash it is stopped');
(undef, undef, $err) = $node->psql('postgres', q{CALL lead_mgmt.rekey('crm')});
like($err, qr/resuming.*8001 leads looked at, 8001 written/s, 'and taken up');
is(value($wrong), '0', 'all keys are right again');
is(value('SELECT count(*) FROM crm.duplicate'), '0', 'and no pair is left');

$node->stop;
done_testing();
