# Make examples/leads.csv: 2,000 leads as people really type them.
#
#   LC_ALL=C awk -f examples/make_leads.awk > examples/leads.csv
#
# Always the same file: the random numbers are made here, and upper and lower
# case is only asked of ASCII, on which all awks agree.  Nobody in it is real:
# companies are under the reserved top-level domain .example, and telephone
# numbers, where the country keeps a range for fiction, are from that range.

BEGIN {
	seed = 20261101
	leads = 2000
	# "visible form" or "visible form:ASCII form"
	names["en"] = "James Olivia Emma Liam Noah Ava Grace Henry Chloe Ethan Mia Lucas Sophie Jack Ruby Oscar Zoë:Zoe Renée:Renee Aaron Megan Kim Priya Wei Fatima Marcus Tamara Leo Hannah"
	names["de"] = "Jürgen:Juergen Anna Lukas Käthe:Kaethe Jörg:Joerg Sabine Matthias Heike Björn:Bjoern Lena Felix Ute"
	names["fr"] = "Chloé:Chloe Élodie:Elodie François:Francois Amélie:Amelie Luc Benoît:Benoit Camille Hélène:Helene Théo:Theo Inès:Ines"
	names["es"] = "José:Jose María:Maria Andrés:Andres Lucía:Lucia Íñigo:Inigo Carmen Javier Sofía:Sofia Raúl:Raul Elena"
	names["pl"] = "Łukasz:Lukasz Małgorzata:Malgorzata Paweł:Pawel Agnieszka Michał:Michal Żaneta:Zaneta Tomasz Zofia Jakub Bożena:Bozena"
	names["pt"] = "João:Joao Beatriz Tiago Conceição:Conceicao Luís:Luis Inês:Ines Rafael Larissa"
	names["sv"] = "Åsa:Asa Björn:Bjorn Linnéa:Linnea Lars Søren:Soren Maja Göran:Goran Freja"
	names["in"] = "Ananya Rohan Kavya Arjun Divya Vikram Meera Sanjay"
	family["en"] = "Smith O'Brien:OBrien Johnson Lee Brown D'Angelo:DAngelo Taylor Wilson Nguyen Walker Wright McDonald Clarke Carter Khan Patel Robinson Hughes Lewis Okafor Chen Garcia Turner Brontë:Bronte Ward Fraser MacLeod Bennett Sinclair Smith-Jones"
	family["de"] = "Müller:Mueller Schäfer:Schaefer Weiß:Weiss Schmidt Groß:Gross Köhler:Koehler Becker Jäger:Jaeger Wagner Krüger:Krueger Hoffmann Böhm:Boehm"
	family["fr"] = "Dubois Lefèvre:Lefevre Moreau Gauthier Beauséjour:Beausejour Laurent Garçon:Garcon Petit Béranger:Beranger Noël:Noel"
	family["es"] = "García:Garcia Núñez:Nunez Fernández:Fernandez Ibáñez:Ibanez López:Lopez Muñoz:Munoz Sánchez:Sanchez Ruiz Peña:Pena Ortega"
	family["pl"] = "Nowak Wójcik:Wojcik Kowalczyk Zieliński:Zielinski Dąbrowska:Dabrowska Wiśniewski:Wisniewski Król:Krol Błaszczyk:Blaszczyk"
	family["pt"] = "Araújo:Araujo Silva Gonçalves:Goncalves Magalhães:Magalhaes Souza Conceição:Conceicao Lima Simões:Simoes"
	family["sv"] = "Åkesson:Akesson Lindström:Lindstrom Sjöberg:Sjoberg Nilsson Østergaard:Ostergaard Håkansson:Hakansson Berg Nyström:Nystrom"
	family["in"] = "Sharma Iyer Reddy Banerjee Mehta Nair Kulkarni Singh"

	# city | region | country | longitude,latitude | people | weight | postal code | country code | area codes | form of the rest
	# In a form # is any digit, everything else itself.
	ncities = split( \
		"New York|NY|US|-74.0060,40.7128|en|12|100##|1|212 646 917 332|55501##;" \
		"Newark|NJ|US|-74.1724,40.7357|en|3|071##|1|973 862|55501##;" \
		"Philadelphia|PA|US|-75.1652,39.9526|en|4|191##|1|215 267|55501##;" \
		"Boston|MA|US|-71.0589,42.3601|en|5|021##|1|617 857|55501##;" \
		"Chicago|IL|US|-87.6298,41.8781|en|6|606##|1|312 773 872|55501##;" \
		"Austin|TX|US|-97.7431,30.2672|en|5|787##|1|512 737|55501##;" \
		"San Francisco|CA|US|-122.4194,37.7749|en|7|941##|1|415 628|55501##;" \
		"Los Angeles|CA|US|-118.2437,34.0522|en|5|900##|1|213 310 323|55501##;" \
		"Seattle|WA|US|-122.3321,47.6062|en|3|981##|1|206 253|55501##;" \
		"Denver|CO|US|-104.9903,39.7392|en|2|802##|1|303 720|55501##;" \
		"Miami|FL|US|-80.1918,25.7617|es|3|331##|1|305 786|55501##;" \
		"Toronto|ON|CA|-79.3832,43.6532|en|5|M5V #T#|1|416 647|55501##;" \
		"Montréal|QC|CA|-73.5673,45.5017|fr|2|H2Y #A#|1|514 438|55501##;" \
		"London|England|GB|-0.1276,51.5072|en|9|EC#A #BB|44|20|79460###;" \
		"Manchester|England|GB|-2.2426,53.4808|en|3|M# #EQ|44|161|4960###;" \
		"Edinburgh|Scotland|GB|-3.1883,55.9533|en|2|EH# #YL|44|131|4960###;" \
		"Dublin|Leinster|IE|-6.2603,53.3498|en|2|D0# X###|353|20|91#####;" \
		"Berlin|Berlin|DE|13.4050,52.5200|de|5|10###|49|30|23125###;" \
		"München|Bayern|DE|11.5820,48.1351|de|3|80###|49|89|99998###;" \
		"Köln|Nordrhein-Westfalen|DE|6.9603,50.9375|de|2|50###|49|221|4710###;" \
		"Paris|Île-de-France|FR|2.3522,48.8566|fr|4|750##|33|1|9900####;" \
		"Lyon|Auvergne-Rhône-Alpes|FR|4.8357,45.7640|fr|1|690##|33|4|6571####;" \
		"Málaga|Andalucía|ES|-4.4214,36.7213|es|2|290##|34|952|000###;" \
		"Madrid|Madrid|ES|-3.7038,40.4168|es|2|280##|34|910|000###;" \
		"Łódź|Łódzkie|PL|19.4560,51.7592|pl|2|90-0##|48|42|50000##;" \
		"Kraków|Małopolskie|PL|19.9450,50.0647|pl|2|30-0##|48|12|50000##;" \
		"São Paulo|SP|BR|-46.6333,-23.5505|pt|3|01###-000|55|11|555#0###;" \
		"Malmö|Skåne|SE|13.0038,55.6050|sv|1|211 ##|46|40|62804##;" \
		"Zürich|ZH|CH|8.5417,47.3769|de|2|80##|41|44|5550###;" \
		"Sydney|NSW|AU|151.2093,-33.8688|en|3|20##|61|2|5550####;" \
		"Bengaluru|Karnataka|IN|77.5946,12.9716|in|2|5600##|91|80|5550####", cities, ";")
	for (i = 1; i <= ncities; i++) {
		split(cities[i], part, "|")
		total_weight += part[6]
	}
	suffixes["US"] = "Inc.|LLC|Corp.|Co."; suffixes["CA"] = "Inc.|Ltd."; suffixes["GB"] = "Ltd|PLC|LLP"
	suffixes["IE"] = "Ltd"; suffixes["DE"] = "GmbH|AG|GmbH & Co. KG"; suffixes["FR"] = "SARL|SA|SAS"
	suffixes["ES"] = "S.L.|S.A."; suffixes["PL"] = "Sp. z o.o.|S.A."; suffixes["BR"] = "Ltda"
	suffixes["SE"] = "AB"; suffixes["CH"] = "AG"; suffixes["AU"] = "Pty Ltd"; suffixes["IN"] = "Pvt. Ltd."

	nstems = split("Kestrel|Larkspur|Copperleaf|Silverbrook|Blue Heron|Redwillow|Foxglove|Juniper|Marlin|Osprey|Granite|Halcyon|Lodestar|Meridian Hill|Northgate|Oakmoor|Pinecrest|Quillon|Ravenna|Saltmarsh|Thistle|Umber|Verdigris|Wayfarer|Yarrow|Zephyrine|Grünwald:Gruenwald|Peñasco:Penasco|Łąka:Laka|Bélier:Belier|Søholm:Soholm|Ashdown|Birchwood|Cinder|Driftwood|Elmstead", stems, "|")
	nnouns = split("Media|Analytics|Logistics|Software|Partners|Systems|Consulting|Foods|Studio|Health|Capital|Retail|Energy|Travel|Robotics|Education", nouns, "|")
	nindustries = split("Technology|Technology|Software|Software|Marketing|Marketing|Advertising|Public Relations|Financial Services|Finance|Healthcare|Manufacturing|Retail|Education|Consulting|Logistics|Real Estate|Hospitality|Non-profit", industries, "|")
	ntitles = split("CEO|CEO|Founder|Co-Founder|Owner|Managing Director|CTO|CMO|CFO|Chief Revenue Officer|President|VP Marketing|VP Sales|SVP Operations|Vice President of Finance|Director of Marketing|Director of IT|Director, Procurement|Head of Growth|Head of Digital|Marketing Manager|Marketing Manager|Sales Manager|Office Manager|Operations Supervisor|Team Lead Support|Product Manager|Account Executive|Business Analyst|Software Developer|Accountant|Consultant|Project Assistant|Specialist|Student|Intern|Geschäftsführer|Directrice commerciale|Dyrektor handlowy", titles, "|")
	nproducts = split("Starter|Team|Team|Enterprise|Analytics add-on|Training", products, "|")
	nfree = split("gmail.com|gmail.com|outlook.com|yahoo.com|hotmail.com|gmx.de|icloud.com", free, "|")
	ncampaigns = split("Spring launch|Summer webinar|Autumn offer|Newsletter 14|Retargeting", campaigns, "|")
	split("Website|Email Campaign|Social Media|Referral|Trade Show|Cold Call|Advertisement|Direct Mail|", sources, "|")
	split("30|14|12|13|8|7|9|3|4", source_weight, "|")

	print "contact_name,email,phone,company,job_title,industry,company_size,annual_revenue," \
		"city,region,postal_code,country,location,source,campaign,priority,product_interest," \
		"budget_amount,attributes,days_ago"
	for (n = 1; n <= leads; n++) {
		# more of them the nearer to today
		days_ago = 240 * (1 - sqrt((n - random()) / leads)) + 0.02
		if (n > 40 && random() < 0.063)
			make_repeated()
		else
			make_new()
		print_lead()
	}
}

# ---- chance -------------------------------------------------------------------
function random() {
	seed = (seed * 16807) % 2147483647
	return seed / 2147483647
}

function below(count) { return int(random() * count) }

function chance(percent) { return random() * 100 < percent }

function pick(list, count) { return list[1 + below(count)] }

# One of several in a text; sets ascii too.
function pick_word(text, separator,    words, count, form) {
	count = split(text, words, separator)
	if (split(pick(words, count), form, ":") == 2)
		ascii = form[2]
	else
		ascii = form[1]
	return form[1]
}

function fill(pattern,    i, result, c) {
	result = ""
	for (i = 1; i <= length(pattern); i++) {
		c = substr(pattern, i, 1)
		result = result (c == "#" ? below(10) : c)
	}
	return result
}

# ---- a person -------------------------------------------------------------------
function make_new(    i, weight, city, people, tries, size) {
	weight = random() * total_weight
	for (i = 1; i < ncities; i++) {
		split(cities[i], city, "|")
		if ((weight -= city[6]) < 0)
			break
	}
	split(cities[i], city, "|")
	people = chance(12) ? "en" : city[5]

	do {
		first = pick_word(names[people], " "); first_ascii = ascii
		last = pick_word(family[people], " "); last_ascii = ascii
		make_company(city[3])
	} while ((first_ascii, last_ascii, company_ascii) in known)
	known[first_ascii, last_ascii, company_ascii] = 1

	name = first " " last
	country_code = city[8]
	for (tries = 0; tries < 50; tries++) {
		area = pick_word(city[9], " ")
		rest = fill(city[10])
		if (!((country_code, area, rest) in number_known))
			break
	}
	phone = ""
	if (tries < 50) {
		number_known[country_code, area, rest] = 1
		phone = phone_as(below(20))
	}
	make_email()
	if (chance(9) && phone != "")
		email = ""
	else if (chance(13))
		phone = ""

	if (chance(4)) name = last ", " first
	else if (chance(4) && name == first_ascii " " last_ascii) name = toupper(name)
	else if (chance(4) && name == first_ascii " " last_ascii) name = tolower(name)
	else if (chance(2)) name = first "  " last
	title = messy(chance(14) ? "" : pick(titles, ntitles))
	industry = messy(chance(13) ? "" : pick(industries, nindustries))
	size = int(exp(random() * random() * 9.2 + 0.7))
	company_size = chance(17) ? "" : size
	revenue = chance(24) ? "" : sprintf("%.0f", size * (40 + below(260)) * 1000)
	place = 0
	city_name = city[1]; region = city[2]; postal = fill(city[7]); country = city[3]; location = "(" city[4] ")"
	if (chance(14)) { location = ""; postal = "" }
	if (chance(7)) city_name = region = postal = location = ""
	if (city_name == city[1] && city[1] ~ /^[A-Z a-z]+$/ && chance(5)) city_name = tolower(city_name)
	if (chance(4)) country = ""
	make_circumstances()
	remember()
}

# Where the lead came from and what it wants: not a property of the person.
function make_circumstances(    i, weight) {
	weight = random() * 100
	for (i = 1; i < 9; i++)
		if ((weight -= source_weight[i]) < 0)
			break
	source = sources[i]
	campaign = source ~ /Email|Social|Advert/ && chance(80) ? pick(campaigns, ncampaigns) : ""
	priority = chance(88) ? "" : pick_word("low|high|high|critical", "|")
	product = chance(35) ? "" : pick(products, nproducts)
	budget = chance(85) ? "" : (1 + below(60)) * 500
	attributes = ""
	if (chance(22)) attributes = "\"growth_rate\": " sprintf("%.2f", random() * 0.5 - 0.12)
	if (chance(18)) attributes = attributes (attributes == "" ? "" : ", ") "\"technology\": [\"" \
		pick_word("PostgreSQL|Salesforce|HubSpot|SAP|Excel|Excel", "|") "\"]"
	if (attributes != "") attributes = "{" attributes "}"
}

function make_company(of_country,    stem, noun) {
	if (chance(9)) {
		company = company_ascii = domain = unicode_domain = ""
		return
	}
	stem = pick_word(stems_text(), "|")
	company_ascii = ascii
	noun = pick(nouns, nnouns)
	company = stem " " noun
	company_ascii = company_ascii " " noun
	domain = tolower(company_ascii); gsub(/ /, "", domain)
	unicode_domain = stem == ascii ? domain : unicode_lower(stem) tolower(noun)
	domain = domain ".example"; unicode_domain = unicode_domain ".example"
	suffix = pick_word(suffixes[of_country], "|")
	if (chance(80)) company = company (chance(15) ? ", " : " ") suffix
	if (company ~ /^[A-Za-z .,&]+$/ && chance(5)) company = toupper(company)
}

function stems_text(    i) {
	if (stem_list == "")
		for (i = 1; i <= nstems; i++)
			stem_list = stem_list (i > 1 ? "|" : "") stems[i]
	return stem_list
}

# The few capitals outside ASCII that begin a company's name
function unicode_lower(text) {
	sub(/^Ł/, "ł", text)
	return tolower_ascii(text)
}

function tolower_ascii(text,    i, c, at, result) {
	result = ""
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		at = index("ABCDEFGHIJKLMNOPQRSTUVWXYZ", c)
		result = result (at ? substr("abcdefghijklmnopqrstuvwxyz", at, 1) : c)
	}
	return result
}

function make_email(    local, tries) {
	for (tries = 0; ; tries++) {
		local = tolower(first_ascii)
		if (domain == "" || chance(8))
			email = local "." tolower(last_ascii) ".example" (1 + below(999)) "@" pick(free, nfree)
		else {
			if (chance(30)) local = substr(local, 1, 1)
			local = local (chance(70) ? "." : "") tolower(last_ascii) (tries ? tries : "")
			email = local (chance(3) ? "+news" : "") "@" (chance(30) ? unicode_domain : domain)
		}
		if (!(email in email_known))
			break
	}
	email_known[email] = 1
	plain_email = email
	email = email_as(below(20))
}

# ---- how people write it ---------------------------------------------------------
function email_as(style,    at) {
	at = index(plain_email, "@")
	if (style == 0 && plain_email ~ /^[a-z0-9.+@-]+$/) return toupper(plain_email)
	if (style <= 3) return toupper(substr(plain_email, 1, 1)) substr(plain_email, 2, at - 1) substr(plain_email, at + 1)
	if (style == 4) return " " plain_email " "
	return plain_email
}

function phone_as(style,    head, tail, middle) {
	middle = int((length(rest) - 1) / 2)
	head = substr(rest, 1, middle)
	tail = substr(rest, middle + 1)
	if (style <= 5) return "+" country_code " " area " " head " " tail
	if (style <= 8) return "+" country_code "-" area "-" head "-" tail
	if (style <= 11) return "+" country_code area rest
	if (style <= 13) return "+" country_code " (" area ") " head "-" tail
	if (style == 14) return "+" country_code "." area "." head "." tail
	if (style == 15) return "+" country_code " " area " " head tail " ext. " (10 + below(80))
	# as dialled inside the country
	if (country_code == 1) return "(" area ") " head "-" tail
	if (country_code == 34 || country_code == 48) return area " " head " " tail
	if (style == 16) return "0" area "/" rest
	return "0" area " " head " " tail
}

function messy(text) {
	if (text ~ /^[A-Za-z ,-]+$/) {
		if (chance(5)) return tolower(text)
		if (chance(3)) return toupper(text)
		if (chance(2)) return text " "
	}
	return text
}

# ---- a person who came before ------------------------------------------------------
function remember() {
	nkept++
	kept[nkept] = first SUBSEP last SUBSEP first_ascii SUBSEP last_ascii SUBSEP company SUBSEP company_ascii \
		SUBSEP domain SUBSEP unicode_domain SUBSEP (email == "" ? "" : plain_email) SUBSEP country_code SUBSEP area \
		SUBSEP (phone ~ /^\+/ ? rest : "") SUBSEP title SUBSEP industry SUBSEP company_size SUBSEP revenue SUBSEP city_name \
		SUBSEP region SUBSEP postal SUBSEP country SUBSEP location
}

function make_repeated(    was, kind, i) {
	do {
		i = nkept - below(nkept < 500 ? nkept : 500)
		kind = below(3)
		split(kept[i], was, SUBSEP)
	} while ((kind == 0 && was[9] == "") || (kind == 1 && was[12] == "") || (kind == 2 && was[6] == ""))
	first = was[1]; last = was[2]; first_ascii = was[3]; last_ascii = was[4]
	company = was[5]; company_ascii = was[6]; domain = was[7]; unicode_domain = was[8]
	plain_email = was[9]; country_code = was[10]; area = was[11]; rest = was[12]
	title = was[13]; industry = was[14]; company_size = was[15]; revenue = was[16]
	city_name = was[17]; region = was[18]; postal = was[19]; country = was[20]; location = was[21]
	name = first " " last
	email = phone = ""
	if (kind == 0) {
		email = email_as(below(5))
		if (chance(50)) company = ""
		if (chance(40)) name = first_ascii " " last_ascii
	} else if (kind == 1) {
		phone = phone_as(below(15))
		if (chance(60)) name = first
		if (chance(50)) title = industry = company = ""
	} else {
		make_email()
		name = chance(50) ? toupper(first_ascii " " last_ascii) : first_ascii " " last_ascii
		company = chance(50) ? company_ascii : toupper(company_ascii) (chance(50) ? ", INC" : "")
	}
	if (chance(50)) city_name = region = postal = location = ""
	make_circumstances()
}

# ---- the file ------------------------------------------------------------------------
function field(text) {
	if (text ~ /[",]/ || text ~ /^ / || text ~ / $/) {
		gsub(/"/, "\"\"", text)
		return "\"" text "\""
	}
	return text
}

function print_lead() {
	print field(name) "," field(email) "," field(phone) "," field(company) "," field(title) "," field(industry) "," \
		company_size "," revenue "," field(city_name) "," field(region) "," field(postal) "," country "," \
		field(location) "," source "," field(campaign) "," priority "," field(product) "," budget "," \
		field(attributes) "," sprintf("%.3f", days_ago)
}
