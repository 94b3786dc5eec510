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
	"ab", "abee", "abp", "ad", "ae", "ag", "akcionarskodrustvo",
	"akcionernoeobshhestvo", "akciovaspolecnost", "akciovaspolocnost",
	"akcspol", "aksjeselskap", "aktiebolag", "aktiengesellschaft",
	"aktieselskab", "aktsiaselts", "aktsionernetovarystvo",
	"aktsionernodrujestvo",
	"aktsionernodruzhestvosusspetsialnainvestitsionnatsel",
	"allmennaksjeselskap", "amba", "anonimietaireia",
	"anonimiviomichanikiemborikietaireia", "anonimsirketi", "anpartsselskab",
	"ans", "aps", "as", "asa", "asbl", "atomikisepicheirisis", "ay", "berhad",
	"beslotenvennootschap", "betetitarsasag", "bhd", "bsc", "bt", "bv",
	"bvba", "cia", "cic", "cie", "cio", "cjsc", "clg", "co", "commv",
	"companhialimitada", "company", "congtycophan", "congtytnhh", "corp",
	"corporation", "cpora", "cpt", "cv", "cvba", "cvoa", "dac", "dd",
	"decapitalvariable", "decv", "derl", "derzhavneaktsionernetovarystvo",
	"dionickodrustvo", "dno", "doo", "dooel",
	"drujestvosogranichenaotgovornost", "drustvosaogranicenomodgovornoscu",
	"drustvosogranicenomodgovornoscu", "ead", "ednolichenturgovetz",
	"ednolichnoaktsionernodruzhestvo",
	"ednolichnodruzhestvosogranichenaotgovornost", "eeig", "eg", "egmbh",
	"ehf", "eingetragenegenossenschaftmitbeschrankterhaftpflicht", "eireli",
	"eirl", "ek", "ekonomiskforening", "eood", "epe",
	"etaireiaperiorismenisefthinis", "etcie", "eterorrithmietaireia", "eurl",
	"ev", "fie", "fizychnaosobapidpryyemets", "fmba", "fop", "fzc", "fzco",
	"fze", "fzllc", "gbr", "gesbr", "gesellschaftmitbeschrankterhaftung",
	"gesmbh", "ggmbh", "gie", "gk", "gmbh", "godogaisha", "godokaisha",
	"gufenyouxiangongsi", "haftungsbeschrankt", "handelsbolag", "hb", "hf",
	"idiotikikefalaiouchikietaireia", "ike", "iks", "inc", "incorporated",
	"intreprindereaindividuala", "intreprindereindividuala", "ivs", "jdoo",
	"jsc", "jtd", "kabushikigaisha", "kabushikikaisha", "kb", "kda", "kft",
	"kg", "kgaa", "kht", "kk", "kkt", "komanditnodrustvo",
	"komanditnodruzhestvo", "komanditnodruzhestvosaktzii",
	"komandytnetovarystvo", "kommanditgesellschaft",
	"korlatoltfelelossegutarsasag", "ks", "ksc", "kscc", "ky", "lda",
	"limitada", "limited", "limitedcompany", "limitedliabilitycompany",
	"limitedliabilitypartnership", "limitedpartnership", "limitedsirketi",
	"limitee", "llc", "lllp", "llp", "lp", "ltd", "ltda", "ltdsti", "ltee",
	"mb", "mbb", "mbh", "mchj", "mmc",
	"monoprosopietaireiaperiorismenisefthinis", "naamlozevennootschap", "npc",
	"nuf", "nv", "nyrt", "oao", "offenehandelsgesellschaft", "og", "ohf",
	"ohg", "ojsc", "omorrithmietaireia",
	"omorrithmiviomichanikiemborikietaireia", "ood", "ooo", "opc",
	"ortackodrustvo", "osakeyhtio", "osauhing", "osk", "ou", "oy", "oyab",
	"oyj", "pao", "partg", "partgmbb", "pcl", "perseroanterbatas",
	"persoanafizicaautorizata", "pfa", "pjsc", "plc", "pllc",
	"povnetovarystvo", "prat", "privatelimited", "proprietarylimited",
	"prytvatneaktsionernetovarystvo", "pryvatnepidpryyemstvo", "psa", "psc",
	"pte", "pteltd", "pty", "ptyltd", "publ", "publiccompanylimited",
	"publichneaktsionernetovarystvo", "publiclimitedcompany", "pvt", "pvtltd",
	"qsc", "reszvenytarsasag", "sa", "saa", "sab", "sabdecv",
	"sabiedribaarierobezotuatbildibu", "sac", "saci", "sadecv", "sae", "sagl",
	"saic", "sal", "sanayiveticaret", "sanvetic", "saoc", "saog", "sapa",
	"sapi", "sapidecv", "sarl", "sas", "sasu", "sau", "sca", "scarl", "sccl",
	"sce", "sci", "scoop", "scop", "scpa", "scrl", "scs", "sderl",
	"sderldecv", "sderlmi", "sdn", "sdnbhd", "se", "selarl", "selas", "senc",
	"sendirianberhad", "sgps", "sgr", "sha", "shpk", "sia", "sirketi", "ska",
	"sl", "sll", "slne", "slu", "smba", "snc", "soccoop", "sociedadanonima",
	"sociedadderesponsabilidadlimitada", "sociedadeanonima",
	"sociedadlimitada", "societaaresponsabilitalimitata", "societaperazioni",
	"societateacuraspunderelimitata",
	"societateacuraspunderelimitatacuproprietarunic",
	"societateaincomanditapeactiuni", "societateaincomanditasimpla",
	"societateainnumecolectiv", "societateapeactiuni",
	"societatecuraspunderelimitata", "societeanonyme",
	"societearesponsabilitelimitee", "societecivileimmobiliere",
	"societeparactionssimplifiee", "spa", "spj", "spk", "spol",
	"spolecnostsrucenimomezenym", "spolkaakcyjna", "spolkajawna",
	"spolkakomandytowa", "spolkazograniczonaodpowiedzialnoscia", "spolkazoo",
	"spolocnostsrucenimobmedzenym", "spolsro", "spp", "sprl", "spzoo", "srl",
	"srlcuproprietarunic", "srldecv", "srls", "sro", "sti",
	"subiratelnodruzhestvo", "tavarystvazabmezhavanajadkaznascyu", "tbk",
	"teo", "teoranta", "tmi", "tnhh", "tov",
	"tovarystvozobmezhenoiuvidpovidalnistiu", "tzov", "uab", "ug",
	"ughaftungsbeschrankt", "ulc", "ultd", "unipessoal", "unlimited", "unltd",
	"unternehmergesellschaft", "uzdarojiakcinebendrove",
	"vidkryteaktsionernetovarystvo", "vof", "vos", "vzw", "wll",
	"wuxianzerengongsi", "xxk", "yk", "youxiangongsi",
	"youxianzerengufengongsi", "yugengaisha", "yugenkaisha",
	"zakrytaeakcyyanernaetavarystva", "zakryteaktsionernetovarystvo",
	"zakrytoeakcionernoeobshhestvo", "zao", "zat", "zrt", "αβεε", "αε",
	"ανωνυμηβιομηχανικηεμπορικηεταιρεια", "ανωνυμηεταιρεια",
	"ατομικησεπιχειρησησ", "εε", "επε", "εταιρειαπεριορισμενησευθυνησ",
	"ετερορρυθμηεταιρια", "ιδιωτικηκεφαλαιουχικηεταιρεια", "ικε", "μεπε",
	"οε", "ομορρυθμηβιομηχανικηεμπορικηεταιρεια", "ομορρυθμηεταιρεια", "аат",
	"ад", "адкрытаеакцыянернаетаварыства", "акционернодружество",
	"акционерноеобщество", "акціонернетовариство", "ао", "ват", "гуп", "дат",
	"дд", "доо", "дружествосограниченаотговорност", "еад",
	"едноличентърговец", "едноличноакционернодружество",
	"едноличнодружествосограниченаотговорност", "еоод",
	"закрытаеакцыянернаетаварыства", "закрытоеакционерноеобщество", "зао",
	"зат", "индивидуальныипредприниматель", "ип", "казенноепредприятие", "кд",
	"кда", "командитнетовариство", "командитнодружество",
	"командитнодружествосакции", "коммандитноетоварищество",
	"крестьянскоехозяиство", "муп", "нко", "оао",
	"обществосдополнительноиответственностью",
	"обществосограниченноиответственностью", "одо", "оод", "ооо",
	"открытоеакционерноеобщество", "пао", "пат", "повнетовариство",
	"полноетоварищество", "прат", "приватнепідприємство",
	"производственныикооператив", "публичноеакционерноеобщество",
	"публичноправоваякомпания", "республиканскоеунитарноепредприятие", "сооо",
	"събирателнодружество", "таа", "таварыствазабмежаванаиадказнасцю",
	"таварыстваздадатковаиадказнасцю", "тдв", "тзов", "тов",
	"товариствозобмеженоювідповідальністю", "товариществонавере", "тоо",
	"унитарноепредприятие", "унітарнаепрадпрыемства", "фгуп",
	"федеральноеказенноепредприятие", "фермерскоехозяиство", "фоп",
	"фізичнаособапідприємець", "ххк", "частноепредприятие",
	"частноеторговоеунитарноепредприятие",
	"частноетранспортноеунитарноепредприятие", "частноеунитарноепредприятие",
	"чуп", "սպը", "փբը", "בעמ", "ذمم", "شمم",
	"\xe0\xb8\x88\xe0\xb9\x8d\xe0\xb8\xb2\xe0\xb8\x81\xe0\xb8\xb1\xe0\xb8\x94",	/* จำกัด */
	"სს", "შპს",
	"\xe1\x84\x8b\xe1\x85\xb2\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab\xe1\x84\x92\xe1\x85\xac\xe1\x84\x89\xe1\x85\xa1",	/* 유한회사 */
	"\xe1\x84\x8c\xe1\x85\xae",	/* 주 */
	"\xe1\x84\x8c\xe1\x85\xae\xe1\x84\x89\xe1\x85\xb5\xe1\x86\xa8\xe1\x84\x92\xe1\x85\xac\xe1\x84\x89\xe1\x85\xa1",	/* 주식회사 */
	"合同会社", "无限责任公司", "有", "有限会社", "有限公司", "有限合伙", "有限合夥", "有限責任公司",
	"有限責任股份公司", "有限责任", "有限责任公司", "有限责任股份公司", "株", "株式会社", "株式會社", "無限責任公司",
	"股份公司", "股份有限公司",
};

/* What a company's name begins with.  In byte order, too. */
static const char *const prefixes[] = {
	"ab", "aktiebolag", "aktsiaselts", "congtycophan", "congtytnhh", "cv",
	"eurl", "fop", "godokaisha", "kabushikigaisha", "kabushikikaisha", "oao",
	"ooo", "osauhing", "ou", "pao", "perseroanterbatas", "pt",
	"sabiedribaarierobezotuatbildibu", "sarl", "sia", "spolkazoo", "tov",
	"uab", "uzdarojiakcinebendrove", "yugenkaisha", "zao",
	"акционерноеобщество", "акціонернетовариство", "ао", "зао", "зат",
	"индивидуальныипредприниматель", "ип", "оао",
	"обществосограниченноиответственностью", "ооо", "пао", "пат", "пп",
	"прат", "приватнепідприємство", "публичноеакционерноеобщество", "таа",
	"тдв", "тов", "товариствозобмеженоювідповідальністю", "тоо", "фоп", "чп",
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
