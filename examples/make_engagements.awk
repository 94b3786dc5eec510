# Make examples/engagements.csv: what the 2,000 leads of leads.csv did.
#
#   LC_ALL=C awk -f examples/make_engagements.awk examples/leads.csv > examples/engagements.csv
#
# Always the same file; random numbers as in make_leads.awk.  Leads are
# numbered as they stand in leads.csv.  Rows are in the order in which things
# happened, and some come twice with one submission_id, as forms do when
# people click twice.

BEGIN {
	FS = ","
	seed = 20261122
	nrows = 0
}

FNR > 1 {
	lead = FNR - 1
	came = $NF + 0
	if (chance(30))
		next
	# how much they want it: few of them much
	interest = 1 + int(9 * random() * random())
	first_days(came)
	if (chance(14) && came > 20)
		come_back()
}

END {
	sort_rows(1, nrows)
	print "lead,kind,days_ago,url,asset,campaign,submission_id"
	for (i = 1; i <= nrows; i++) {
		print text[rows[i]]
		if (text[rows[i]] ~ /-4000-/ && chance(10))
			print text[rows[i]]
	}
}

# What they do in the weeks after they came.
function first_days(came,    i, days_ago) {
	days_ago = came
	for (i = 0; i < interest; i++) {
		days_ago -= random() * random() * 9
		if (days_ago < 0.02)
			return
		something(days_ago, i)
	}
	if (chance(4) && days_ago > 3)
		row("unsubscribe", days_ago - 2 * random())
	else if (chance(5) && days_ago > 3)
		row("careers_page", days_ago - 2 * random())
}

# Long after, something wakes them up.
function come_back(    i, days_ago) {
	days_ago = 0.5 + random() * 12
	for (i = 0; i < 1 + interest / 3; i++) {
		something(days_ago, i + 1)
		days_ago *= 0.6
	}
}

function something(days_ago, step,    luck) {
	luck = random() * 100
	if (luck < 28 - 2 * step) row("email_open", days_ago)
	else if (luck < 40) row("email_click", days_ago)
	else if (luck < 62) row("visit", days_ago)
	else if (luck < 73) row("pricing_page", days_ago)
	else if (luck < 83) row("download", days_ago)
	else if (luck < 89) row("form", days_ago)
	else if (luck < 94) row("webinar", days_ago)
	else if (luck < 96) row("event", days_ago)
	else if (luck < 96 + step) row("demo_request", days_ago)
	else row("visit", days_ago)
}

function row(kind, days_ago,    url, asset, campaign, submission_id) {
	url = asset = campaign = submission_id = ""
	if (kind ~ /^email/ && chance(70)) campaign = chance(50) ? "Spring launch" : "Newsletter"
	else if (kind == "visit") url = chance(50) ? "/" : "/product"
	else if (kind == "pricing_page") url = "/prices"
	else if (kind == "careers_page") url = "/jobs"
	else if (kind == "download") asset = chance(50) ? "Buyer's guide" : "Price list"
	else if (kind == "webinar") asset = "Summer webinar"
	else if (kind == "event") asset = "Trade fair"
	if (kind == "form" || kind == "demo_request")
		submission_id = sprintf("%08x-0000-4000-8000-%012x", nrows + 1, lead)
	nrows++
	age[nrows] = days_ago
	rows[nrows] = nrows
	text[nrows] = lead "," kind "," sprintf("%.3f", days_ago) "," url "," asset "," campaign "," submission_id
}

# The oldest first: merge sort, for awk has no sort of its own.
function sort_rows(from, to,    middle, i, j, k) {
	if (from >= to)
		return
	middle = int((from + to) / 2)
	sort_rows(from, middle)
	sort_rows(middle + 1, to)
	for (i = from; i <= to; i++)
		before[i] = rows[i]
	j = middle + 1
	i = from
	for (k = from; k <= to; k++)
		rows[k] = (j > to || (i <= middle && age[before[i]] >= age[before[j]])) ? before[i++] : before[j++]
}

function random() {
	seed = (seed * 16807) % 2147483647
	return seed / 2147483647
}

function chance(percent) { return random() * 100 < percent }
