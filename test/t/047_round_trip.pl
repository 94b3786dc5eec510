# What lead_export writes, lead_import reads: leads of one workspace, written to
# a file and read into another, are the same there.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "fsync = off\ntimezone = 'Asia/Kathmandu'");
$node->start;
my $file = "$PostgreSQL::Test::Utils::tmp_check/leads.csv";

$node->safe_psql('postgres', q{
	CREATE EXTENSION lead_mgmt;
	SELECT lead_mgmt.create_workspace('a'), lead_mgmt.create_workspace('b');
	INSERT INTO a.rep (name, email) VALUES ('Ana', 'ana@example.com'), ('Ben "B." O''Hara', 'ben@example.com');
	INSERT INTO b.rep (id, name, email) SELECT id + 10, name, email FROM a.rep;
	-- Each lead has some columns and lacks others, with whatever a file could stumble over.
	INSERT INTO a.lead (contact_name, email, phone, company, job_title, industry, company_size, annual_revenue, street, city, region, postal_code, country,
	  location, source, source_detail, campaign, channel, priority, product_interest, birthday, notes, tags, status, owner_id, budget_confirmed, authority_confirmed,
	  need_confirmed, timeline_confirmed, budget_amount, decision_maker, need, target_date, next_step, next_follow_up_at, opted_out_at, attributes, created_at)
	SELECT 'Person ' || chr(65 + i % 26) || chr(97 + i / 26) || 'x', 'p' || i || '@example.com', CASE WHEN i % 3 = 0 THEN '+1 212 555 ' || lpad(i::text, 4, '0') END,
	  CASE i % 7 WHEN 0 THEN 'Acme, "Inc."' WHEN 1 THEN E'Two\nlines' WHEN 2 THEN 'a;b' WHEN 3 THEN U&'M\00FCller \4E2D\6587' WHEN 4 THEN 'null' WHEN 5 THEN '\N' END,
	  CASE WHEN i % 4 = 0 THEN '''quoted' || i END, CASE WHEN i % 5 = 0 THEN 'Marketing' END,
	  CASE WHEN i % 2 = 0 THEN (i * 7919) % 100000 END, CASE i % 3 WHEN 0 THEN i * 1234.56 WHEN 1 THEN i * 1000000 END,
	  CASE WHEN i % 4 = 1 THEN i || ' Main St' END, 'City' || i % 9, CASE WHEN i % 3 = 2 THEN 'NY' END, lpad(i::text, 5, '0'), CASE i % 3 WHEN 0 THEN 'US' WHEN 1 THEN 'DE' END,
	  CASE WHEN i % 3 = 1 THEN point(i / 7.0 - 20, i / 13.0) END, (ARRAY['Website', 'Referral', 'Trade Show', NULL])[1 + i % 4], CASE WHEN i % 6 = 0 THEN '=1+1' END,
	  CASE WHEN i % 5 = 3 THEN 'spring' END, CASE WHEN i % 5 = 1 THEN '@ads' END, (ARRAY['low', 'medium', 'high', 'critical'])[1 + i % 4], CASE WHEN i % 9 = 0 THEN 'Widgets' END,
	  CASE WHEN i % 3 = 0 THEN date '1960-01-01' + i * 37 END, CASE WHEN i % 4 = 2 THEN E'a "note"\r\nof two lines' END,
	  CASE i % 5 WHEN 0 THEN ARRAY['vip'] WHEN 1 THEN ARRAY['two words', 'x'] END, (ARRAY['new', 'contacted', 'nurture', 'unqualified'])[1 + i % 4], 1 + i % 2,
	  i % 2 = 0, i % 3 = 0, i % 5 = 0, i % 7 = 0, CASE WHEN i % 5 = 2 THEN i * 99.99 END, CASE WHEN i % 6 = 1 THEN 'Lou' END,
	  CASE WHEN i % 6 = 2 THEN 'a lot' END, CASE WHEN i % 4 = 3 THEN date '2031-01-01' + i END, CASE WHEN i % 4 = 3 THEN 'call' END,
	  CASE WHEN i % 4 = 3 THEN timestamptz '2031-01-15 09:30:00.25-05' + i * interval '1 hour' END, CASE WHEN i % 11 = 0 THEN timestamptz '2026-02-01 10:00+00' END,
	  CASE WHEN i % 8 = 0 THEN jsonb_build_object('shoe', i, 'note', 'a "b", c') ELSE '{}' END, timestamptz '2025-06-01 00:00:00.123456+00' + i * interval '17 minutes'
	FROM generate_series(1, 300) i});

# The columns of a file, as it has them
my $columns = $node->safe_psql('postgres', q{SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'a.import_template'::regclass AND attnum > 0});
like($columns, qr/^contact_name, email,/, 'the template has columns');
is($node->safe_psql('postgres', qq{SELECT count(*) FROM (SELECT $columns FROM a.lead_export) e}), '300', 'the export has all of them');

sub load
{
	my ($options, $written) = (@_, '');
	$node->safe_psql('postgres', qq{\\copy (SELECT $columns FROM a.lead_export ORDER BY id) TO '$file' WITH (FORMAT csv, HEADER$options$written)});
	$node->safe_psql('postgres', qq{\\copy b.lead_import FROM '$file' WITH (FORMAT csv, HEADER MATCH$options)});
	is($node->safe_psql('postgres', q{SELECT string_agg(problems::text, ' ') FROM b.import_review WHERE NOT good OR cardinality(problems) > 0}), '', "no row is a problem$options");
	$node->safe_psql('postgres', q{SELECT max(id) AS batch FROM b.import_batch \gset
		CALL lead_mgmt.import_confirm('b', :batch)});
	is($node->safe_psql('postgres', 'SELECT count(*) FROM b.lead'), '300', "all are leads$options");
	is($node->safe_psql('postgres', qq{
		SELECT string_agg(k || ': ' || coalesce(x.v::text, '(none)') || ' became ' || coalesce(y.v::text, '(none)'), E'\\n')
		FROM (SELECT e.email, p.k, p.v FROM (SELECT $columns FROM a.lead_export) e, jsonb_each(to_jsonb(e)) AS p (k, v)) x
		FULL JOIN (SELECT e.email, p.k, p.v FROM (SELECT $columns FROM b.lead_export) e, jsonb_each(to_jsonb(e)) AS p (k, v)) y USING (email, k)
		WHERE x.v IS DISTINCT FROM y.v}), '', "with the same values$options");
	$node->safe_psql('postgres', 'DELETE FROM b.lead; DELETE FROM b.import_batch');
	return;
}

load('');
load(q{, DELIMITER ';'}, ', FORCE_QUOTE *');
load(q{, DELIMITER E'\t', ENCODING 'UTF8'});

$node->stop;
done_testing();
