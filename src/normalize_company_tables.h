/*-------------------------------------------------------------------------
 *
 * normalize_company_tables.h
 *	  Legal forms of companies, as normalize_name() leaves them.
 *
 * Without the spaces, so that "S.A.R.L.", "S A R L" and "SARL" are one entry.
 * Words that are as likely part of a name (such as "is", "da", "group") are
 * left out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_NORMALIZE_COMPANY_TABLES_H
#define LEAD_MGMT_NORMALIZE_COMPANY_TABLES_H

/* What ends a company's name.  In byte order, for binary search. */
static const char *const suffixes[] = {
	"ab", "abee", "abp", "ad", "ae", "ag", "akciovaspolecnost",
	"akciovaspolocnost", "akcspol", "aksjeselskap", "aktiebolag",
	"aktiengesellschaft", "aktieselskab", "aktsiaselts",
	"allmennaksjeselskap", "amba", "anonimsirketi", "anpartsselskab", "ans",
	"aps", "as", "asa", "asbl", "ay", "berhad", "beslotenvennootschap",
	"betetitarsasag", "bhd", "bsc", "bt", "bv", "bvba", "cia", "cic", "cie",
	"cio", "cjsc", "clg", "co", "companhialimitada", "company",
	"congtycophan", "congtytnhh", "corp", "corporation", "cpora", "cpt",
	"cv", "cvba", "dac", "dd", "decapitalvariable", "decv", "derl",
	"dionickodrustvo", "dno", "doo", "dooel",
	"drustvosogranicenomodgovornoscu", "ead", "eeig", "eg", "egmbh", "ehf",
	"eireli", "eirl", "ek", "ekonomiskforening", "eood", "epe", "etcie",
	"eurl", "ev", "fie", "fzc", "fzco", "fze", "fzllc", "gbr",
	"gesellschaftmitbeschrankterhaftung", "gesmbh", "ggmbh", "gie", "gk",
	"gmbh", "godogaisha", "godokaisha", "haftungsbeschrankt", "handelsbolag",
	"hb", "hf", "ike", "inc", "incorporated", "ivs", "jdoo", "jsc",
	"kabushikigaisha", "kabushikikaisha", "kb", "kft", "kg", "kgaa", "kk",
	"kkt", "kommanditgesellschaft", "korlatoltfelelossegutarsasag", "ks",
	"ksc", "kscc", "ky", "lda", "limitada", "limited", "limitedcompany",
	"limitedliabilitycompany", "limitedliabilitypartnership",
	"limitedpartnership", "limitedsirketi", "limitee", "llc", "lllp", "llp",
	"lp", "ltd", "ltda", "ltdsti", "ltee", "mb", "mbb", "mbh", "mchj", "mmc",
	"naamlozevennootschap", "npc", "nuf", "nv", "nyrt", "oao",
	"offenehandelsgesellschaft", "og", "ohf", "ohg", "ojsc", "ood", "ooo",
	"opc", "osakeyhtio", "osauhing", "osk", "ou", "oy", "oyab", "oyj", "pao",
	"partg", "partgmbb", "pcl", "perseroanterbatas", "pfa", "pjsc", "plc",
	"pllc", "privatelimited", "proprietarylimited", "psa", "psc", "pte",
	"pteltd", "pty", "ptyltd", "publ", "publiccompanylimited",
	"publiclimitedcompany", "pvt", "pvtltd", "qsc", "reszvenytarsasag", "sa",
	"saa", "sab", "sabdecv", "sabiedribaarierobezotuatbildibu", "sac",
	"saci", "sadecv", "sae", "sagl", "saic", "sal", "sanayiveticaret",
	"sanvetic", "saoc", "saog", "sapa", "sapi", "sapidecv", "sarl", "sas",
	"sasu", "sau", "sca", "scarl", "sce", "sci", "scoop", "scop", "scpa",
	"scrl", "scs", "sderl", "sderldecv", "sderlmi", "sdn", "sdnbhd", "se",
	"selarl", "selas", "senc", "sendirianberhad", "sgps", "sgr", "sha",
	"shpk", "sia", "sirketi", "ska", "sl", "sll", "slne", "slu", "smba",
	"snc", "soccoop", "sociedadanonima", "sociedadderesponsabilidadlimitada",
	"sociedadeanonima", "sociedadlimitada", "societaaresponsabilitalimitata",
	"societaperazioni", "societateacuraspunderelimitata",
	"societatecuraspunderelimitata", "societeanonyme",
	"societearesponsabilitelimitee", "societeparactionssimplifiee", "spa",
	"spj", "spk", "spol", "spolecnostsrucenimomezenym", "spolkaakcyjna",
	"spolkajawna", "spolkakomandytowa",
	"spolkazograniczonaodpowiedzialnoscia", "spolkazoo",
	"spolocnostsrucenimobmedzenym", "spolsro", "spp", "sprl", "spzoo", "srl",
	"srldecv", "srls", "sro", "sti", "tbk", "teo", "teoranta", "tmi", "tnhh",
	"tov", "uab", "ug", "ughaftungsbeschrankt", "ulc", "ultd", "unipessoal",
	"unltd", "unternehmergesellschaft", "uzdarojiakcinebendrove", "vof",
	"vos", "vzw", "wll", "xxk", "yk", "yugengaisha", "yugenkaisha", "zao",
	"zrt", "αβεε", "αε", "ανωνυμηεταιρεια", "εε", "επε", "ικε", "μεπε", "οε",
	"ад", "акционерноеобщество", "акціонернетовариство", "ао", "ват", "гуп",
	"дд", "доо", "еад", "еоод", "закрытоеакционерноеобщество", "зао", "зат",
	"индивидуальныипредприниматель", "ип", "муп", "нко", "оао",
	"обществосограниченноиответственностью", "одо", "оод", "ооо",
	"открытоеакционерноеобщество", "пао", "пат", "прат",
	"публичноеакционерноеобщество", "сооо", "тзов", "тов",
	"товариствозобмеженоювідповідальністю", "тоо", "фгуп", "фоп", "ххк",
	"чуп", "սպը", "փբը", "בעמ", "ذمم", "شمم",
	"\xe0\xb8\x88\xe0\xb9\x8d\xe0\xb8\xb2\xe0\xb8\x81\xe0\xb8\xb1\xe0\xb8\x94",	/* จำกัด */
	"სს", "შპს",
	"\xe1\x84\x8b\xe1\x85\xb2\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab\xe1\x84\x92\xe1\x85\xac\xe1\x84\x89\xe1\x85\xa1",	/* 유한회사 */
	"\xe1\x84\x8c\xe1\x85\xae",	/* 주 */
	"\xe1\x84\x8c\xe1\x85\xae\xe1\x84\x89\xe1\x85\xb5\xe1\x86\xa8\xe1\x84\x92\xe1\x85\xac\xe1\x84\x89\xe1\x85\xa1",	/* 주식회사 */
	"合同会社", "有", "有限会社", "有限公司", "有限責任公司", "有限责任公司", "株", "株式会社", "株式會社",
	"股份有限公司",
};

/* What a company's name begins with.  In byte order, too. */
static const char *const prefixes[] = {
	"congtycophan", "congtytnhh", "eurl", "godokaisha", "kabushikigaisha",
	"kabushikikaisha", "oao", "ooo", "pao", "pt", "sarl", "tov",
	"yugenkaisha", "zao", "акционерноеобщество", "ао", "зао",
	"индивидуальныипредприниматель", "ип", "оао",
	"обществосограниченноиответственностью", "ооо", "пао",
	"публичноеакционерноеобщество", "тов",
	"товариствозобмеженоювідповідальністю", "тоо",
	"\xe0\xb8\x9a\xe0\xb8\xa3\xe0\xb8\xb4\xe0\xb8\xa9\xe0\xb8\xb1\xe0\xb8\x97",	/* บริษัท */
	"შპს",
	"\xe1\x84\x8b\xe1\x85\xb2\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab\xe1\x84\x92\xe1\x85\xac\xe1\x84\x89\xe1\x85\xa1",	/* 유한회사 */
	"\xe1\x84\x8c\xe1\x85\xae",	/* 주 */
	"\xe1\x84\x8c\xe1\x85\xae\xe1\x84\x89\xe1\x85\xb5\xe1\x86\xa8\xe1\x84\x92\xe1\x85\xac\xe1\x84\x89\xe1\x85\xa1",	/* 주식회사 */
	"合同会社", "有", "有限会社", "株", "株式会社", "株式會社",
};

/* Those that are written without a space before them; longer ones first. */
static const char *const attached_ends[] = {
	"株式会社", "株式會社", "有限会社", "合同会社", "股份有限公司", "有限责任公司", "有限責任公司", "有限公司",
	"\xe1\x84\x8c\xe1\x85\xae\xe1\x84\x89\xe1\x85\xb5\xe1\x86\xa8\xe1\x84\x92\xe1\x85\xac\xe1\x84\x89\xe1\x85\xa1",	/* 주식회사 */
	"\xe1\x84\x8b\xe1\x85\xb2\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab\xe1\x84\x92\xe1\x85\xac\xe1\x84\x89\xe1\x85\xa1",	/* 유한회사 */
	"\xe0\xb8\x88\xe0\xb9\x8d\xe0\xb8\xb2\xe0\xb8\x81\xe0\xb8\xb1\xe0\xb8\x94",	/* จำกัด */
};

/* And those without a space behind them. */
static const char *const attached_beginnings[] = {
	"株式会社", "株式會社", "有限会社", "合同会社",
	"\xe1\x84\x8c\xe1\x85\xae\xe1\x84\x89\xe1\x85\xb5\xe1\x86\xa8\xe1\x84\x92\xe1\x85\xac\xe1\x84\x89\xe1\x85\xa1",	/* 주식회사 */
	"\xe1\x84\x8b\xe1\x85\xb2\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab\xe1\x84\x92\xe1\x85\xac\xe1\x84\x89\xe1\x85\xa1",	/* 유한회사 */
	"\xe0\xb8\x9a\xe0\xb8\xa3\xe0\xb8\xb4\xe0\xb8\xa9\xe0\xb8\xb1\xe0\xb8\x97",	/* บริษัท */
};

#endif							/* LEAD_MGMT_NORMALIZE_COMPANY_TABLES_H */
