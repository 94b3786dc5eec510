/*-------------------------------------------------------------------------
 *
 * normalize_person_tables.h
 *	  Titles and degrees that people write with their names.
 *
 * As read_name() leaves them, in byte order.  What is as likely a name itself
 * (such as "don", "maj", "pan"; "ma" and "do" behind one) is left out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_NORMALIZE_PERSON_TABLES_H
#define LEAD_MGMT_NORMALIZE_PERSON_TABLES_H

/* What stands before a name. */
static const char *const titles[] = {
	"capt", "captain", "col", "colonel", "dame", "dhr", "dipl", "doctor",
	"dott", "dottor", "dottore", "dottoressa", "dottssa", "dr", "dra", "drs",
	"engr", "fr", "frau", "frk", "fru", "herr", "herrn", "hon", "hr", "ing",
	"ir", "lic", "licda", "lord", "lt", "madame", "mademoiselle", "mag",
	"messrs", "mevr", "miss", "mister", "mlle", "mme", "monsieur", "mr",
	"mrs", "ms", "mw", "mx", "pani", "prof", "profa", "professor",
	"professorin", "rev", "reverend", "senhor", "senhora", "senor", "senora",
	"senorita", "sgt", "shri", "sig", "signor", "signora", "signorina",
	"sigra", "sir", "smt", "sr", "sra", "srta", "господин", "госпожа", "проф",
};

/* What stands behind it. */
static const char *const degrees[] = {
	"beng", "bsc", "ceng", "cfa", "cpa", "dds", "dmd", "dphil", "dvm", "edd",
	"esq", "esquire", "fca", "fracs", "frcs", "ii", "iii", "iv", "jd", "jnr",
	"jr", "junior", "llb", "llm", "mba", "md", "meng", "mph", "mphil", "msc",
	"msw", "obe", "pe", "pharmd", "phd", "pmp", "psyd", "qc", "rn", "senior",
	"snr", "sr",
};

/* The same, only behind a comma and a whole name: "Kim Lee, MA". */
static const char *const degrees_apart[] = {
	"ba", "be", "bs", "ca", "cbe", "do", "kc", "kcb", "ma", "mbe", "ms", "v",
};

/* Those of letters that are written apart: "Ph. D.", "M.D.". */
static const char *const spelt_degrees[] = {
	"beng", "bsc", "dds", "dphil", "edd", "jd", "llb", "llm", "mba", "md",
	"meng", "mph", "mphil", "msc", "phd", "psyd",
};

/* Those that tell one company from another, too: "Fund II". */
static const char *const numerals[] = {
	"ii", "iii", "iv", "junior", "senior",
};

#endif							/* LEAD_MGMT_NORMALIZE_PERSON_TABLES_H */
