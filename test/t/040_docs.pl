# The documentation says what is so: its examples are run and give the answers
# that are printed there, its reference is what the catalog says now, and its
# links lead somewhere.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $project = abs_path(dirname(abs_path(__FILE__)) . '/../..');
my @documents = ("$project/README.md", glob "$project/docs/*.md");

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "timezone = 'Asia/Tokyo'\nfsync = off");
$node->start;
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;

sub slurp
{
	my ($file) = @_;
	open(my $in, '<', $file) or die "$file: $!";
	local $/;
	my $text = <$in>;
	close $in;
	return $text;
}

# The last line says how many examples were run.
sub examples
{
	my ($document) = @_;
	my ($out, $err) = ('', '');
	my $ok = IPC::Run::run([ "$project/scripts/doc_examples.sh", $document ], '>', \$out, '2>', \$err);
	return ($ok, $out, $err);
}

# ---- Examples ---------------------------------------------------------------

foreach my $document (@documents)
{
	my $marked = () = slurp($document) =~ /^(?:```|<!-- )sql run$/mg;
	next if $marked == 0;
	my ($ok, $out, $err) = examples($document);
	ok($ok, 'examples of ' . basename($document)) or diag $err;
	like($out, qr/: \Q$marked\E examples, 0 differ$/, 'all of them are run');
}

# A check that finds nothing wrong in anything would be none.
my $broken = "$PostgreSQL::Test::Utils::tmp_check/broken.md";
foreach my $case (
	[ 'a wrong answer',    "```sql run\nSELECT 1 AS a;\n```\n```output\n a\n---\n 2\n(1 row)\n```\n" ],
	[ 'a missing answer',  "```sql run\nSELECT 1 AS a;\n```\n```output\n```\n" ],
	[ 'an error',          "```sql run\nSELECT 1 / 0;\n```\n" ],
	[ 'a hidden error',    "<!-- sql run\nSELECT 1 / 0;\n-->\n" ],
	[ 'an end too early',  "```sql run\n\\q\n```\n\n```sql run\nSELECT 1;\n```\n" ],
	[ 'another whole time', "```sql run\nSELECT '2025-01-01 00:00+00'::timestamptz AS a;\n```\n"
		  . "```output\n a\n---\n 2025-01-02 00:00:00+00\n(1 row)\n```\n" ])
{
	my ($name, $text) = @$case;
	open(my $file, '>', $broken) or die "$broken: $!";
	print $file $text;
	close $file;
	my ($ok) = examples($broken);
	ok(!$ok, "$name is noticed");
}

# ---- Reference --------------------------------------------------------------

# Lines that only one of two texts has.
sub differences
{
	my ($old, $new) = map { [ split /\n/ ] } @_;
	my %old = map { $_ => 1 } @$old;
	my %new = map { $_ => 1 } @$new;
	return join '', map { "$_\n" } (map { "- $_" } grep { !$new{$_} } @$old), map { "+ $_" } grep { !$old{$_} } @$new;
}

my ($reference, $err) = ('', '');
ok(IPC::Run::run([ "$project/scripts/reference.sh" ], '>', \$reference, '2>', \$err),
	'scripts/reference.sh runs') or diag $err;
# What a constraint or a default looks like is for each server to say.
if ($node->pg_version->major == 15)
{
	my $stored = slurp("$project/docs/reference.md");
	ok($reference eq $stored, 'docs/reference.md is what it prints')
	  or diag "run scripts/reference.sh > docs/reference.md; these lines differ:\n" . differences($stored, $reference);
}
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_extension WHERE extname = 'lead_mgmt'"),
	'0', 'and leaves nothing behind');
unlike($reference, qr/^\|[^|]*\|[^|]*\|[^|]*\| +\|$/m, 'every column has a description');
unlike($reference, qr/^(?:Table|View)\. \.$/m, 'every relation has one');

# ---- Links ------------------------------------------------------------------

# Headings as they are linked to.
sub anchors
{
	my ($text) = @_;
	$text =~ s/^```.*?^```$//msg;
	return map {
		my $heading = lc $_;
		$heading =~ s/[^\w\- ]//g;
		$heading =~ tr/ /-/;
		($heading => 1)
	} $text =~ /^#+ +(.+?) *$/mg;
}

foreach my $document (@documents)
{
	my @dead;
	my $text = slurp($document);
	$text =~ s/^```.*?^```$//msg;
	while ($text =~ /\]\(([^)\s]+)\)/g)
	{
		my ($file, $anchor) = split /#/, $1, 2;
		next if $file =~ /^https?:/;
		my $target = $file eq '' ? $document : dirname($document) . "/$file";
		my %anchor = -f $target ? anchors(slurp($target)) : ();
		push @dead, $1 if !-f $target || (defined $anchor && !$anchor{$anchor});
	}
	is("@dead", '', 'links of ' . basename($document));
}

$node->stop;
done_testing();
