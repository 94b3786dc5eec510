/*-------------------------------------------------------------------------
 *
 * import_value.c
 *	  Numbers, dates, truth and lists as people write them into files.
 *
 * What can be read in two ways is not guessed: 1.200 may be a thousand and
 * two hundred or a little more than one, 3/4 the third of April or the fourth
 * of March.  Such a value is read as the batch was told to, or as the other
 * values of the file are written, and is a problem where neither says how.
 *
 *-------------------------------------------------------------------------
 */
#include "import_value.h"

#include "datatype/timestamp.h"
#include "lib/stringinfo.h"
#include "utils/datetime.h"

#include "normalize_text.h"

#define NUMBER_PROBLEM	"number not understood"
#define AMBIGUOUS_NUMBER	"number can be read in two ways; set decimal_mark of the batch to \".\" or \",\""
#define DATE_PROBLEM	"date not understood"
#define AMBIGUOUS_DATE	"date can be read in two ways; set date_order of the batch to DMY or MDY"

/* More digits than any amount has; numeric itself would take many more. */
#define MAX_DIGITS 30

char *
import_trim(const char *value, int length)
{
	TextSpan	span = trim_text(value, length);

	return pnstrdup(span.start, span.end - span.start);
}

/* ---- Reading what stands at a place ------------------------------------- */

static void
skip_space(const char **p)
{
	const char *end = *p + strlen(*p);

	while (**p != '\0')
	{
		const char *next = *p;
		pg_wchar	c = next_character(&next, end);

		if (!is_space(c) && !is_invisible(c))
			break;
		*p = next;
	}
}

/* Take a word if it stands here, whatever its case, and what follows is no letter. */
static bool
take_word(const char **p, const char *word)
{
	const char *at = *p;
	const char *at_end;
	const char *word_end;
	bool		letters = false;

	/* most words are none that begins so */
	if (IS_HIGHBIT_SET(*at) != IS_HIGHBIT_SET(*word) ||
		(!IS_HIGHBIT_SET(*at) && pg_ascii_tolower(*at) != pg_ascii_tolower(*word)))
		return false;
	at_end = at + strlen(at);
	word_end = word + strlen(word);
	while (word < word_end)
	{
		pg_wchar	c = next_character(&word, word_end);

		if (at >= at_end || fold_case(next_character(&at, at_end)) != fold_case(c))
			return false;
		letters = word_class(c) == CLASS_WORD;
	}
	if (letters && at < at_end && (isalpha((unsigned char) *at) || IS_HIGHBIT_SET(*at)))
	{
		const char *next = at;
		pg_wchar	c = next_character(&next, at_end);

		if (word_class(c) == CLASS_WORD && !is_space(c))
			return false;
	}
	*p = at;
	return true;
}

static bool
take_any(const char **p, const char *const *words)
{
	for (; *words != NULL; words++)
		if (take_word(p, *words))
			return true;
	return false;
}

bool
import_same_name(const char *a, const char *b)
{
	const char *a_end = a + strlen(a);
	const char *b_end = b + strlen(b);

	while (a < a_end && b < b_end)
		if (fold_case(next_character(&a, a_end)) != fold_case(next_character(&b, b_end)))
			return false;
	return a == a_end && b == b_end;
}

/* ---- Numbers -------------------------------------------------------------- */

static const char *const currencies[] = {
	"us$", "a$", "c$", "$", "€", "£", "¥", "₹", "usd", "eur", "euro", "euros", "gbp", "chf", "jpy", "cad", "aud",
	"inr", "sek", "nok", "dkk", "pln", "czk", "brl", "cny", "dollars", "fr.", NULL
};

static const char *const about_words[] = {
	"~", "≈", "about", "approximately", "approx.", "approx", "around", "circa", "ca.", "ca", "c.", "etwa", "rund", NULL
};

static const char *const least_words[] = {
	">=", "≥", ">", "more than", "at least", "over", "from", "min.", "min", "above", "mehr als", "über", "ab", "mind.", "+", NULL
};

static const char *const most_words[] = {
	"<=", "≤", "<", "less than", "up to", "under", "below", "max.", "max", "at most", "weniger als", "bis zu", "bis", "unter", NULL
};

static const char *const range_words[] = {
	"–", "—", "‒", "−", "-", "...", "..", "…", "to", "bis", "and", "und", NULL
};

static const char *const people_words[] = {
	"employees", "employee", "people", "persons", "staff", "fte", "ftes", "emp.", "mitarbeiter", "mitarbeitende", "ma",
	"beschäftigte", "employés", "empleados", NULL
};

static const char *const per_year_words[] = {
	"per year", "per annum", "p.a.", "p. a.", "/year", "/yr", "a year", "annually", "pro jahr", "arr", NULL
};

typedef struct Multiplier
{
	const char *word;
	int			zeros;
} Multiplier;

/* Longer ones first where one begins with another that ends in a point. */
static const Multiplier multipliers[] = {
	{"thousand", 3}, {"tsd.", 3}, {"tsd", 3}, {"k", 3},
	{"millionen", 6}, {"millions", 6}, {"million", 6}, {"mill.", 6}, {"mill", 6}, {"mio.", 6}, {"mio", 6},
	{"mln.", 6}, {"mln", 6}, {"mn.", 6}, {"mn", 6}, {"mm", 6}, {"m", 6},
	{"milliarden", 9}, {"billions", 9}, {"billion", 9}, {"mrd.", 9}, {"mrd", 9}, {"bn.", 9}, {"bn", 9}, {"b", 9},
	{NULL, 0}
};

/* Digits and marks of one number, the marks that only group spaces included */
typedef struct Figures
{
	char		digits[MAX_DIGITS + 1];
	int			ndigits;
	int			points;
	int			commas;
	char		last_mark;		/* '.', ',' or 0 */
	int			before_first;	/* digits before the first point or comma */
	int			after_last;		/* digits behind the last one */
	int			first_group;	/* digits before the first group mark of any kind */
	bool		groups_of_three;	/* each group behind a mark has three digits */
	bool		groups_of_two;	/* or, as in India, two and the last one three */
	int			zeros;			/* of the multiplier; -1: there is none */
} Figures;

/* Is this a mark that groups thousands and can be nothing else? */
static bool
take_group_space(const char **p)
{
	const char *next = *p;
	const char *end = *p + strlen(*p);
	pg_wchar	c;

	if (*next == '\0')
		return false;
	c = next_character(&next, end);
	if (c != '\'' && c != 0x2019 && !is_space(c))
		return false;
	/* what follows is a group of its own */
	if (!(isdigit((unsigned char) next[0]) && isdigit((unsigned char) next[1]) &&
		  isdigit((unsigned char) next[2])) || isdigit((unsigned char) next[3]))
		return false;
	*p = next;
	return true;
}

static void
note_group(Figures *figures, int length, bool last)
{
	if (length != 3)
		figures->groups_of_three = false;
	if (length != (last ? 3 : 2))
		figures->groups_of_two = false;
}

/* A point or comma that stands between digits */
static bool
take_mark(const char **p, Figures *figures)
{
	char		c = **p;

	if ((c != '.' && c != ',') || !isdigit((unsigned char) (*p)[1]))
		return false;
	if (c == '.')
		figures->points++;
	else
		figures->commas++;
	if (figures->points + figures->commas == 1)
		figures->before_first = figures->ndigits;
	figures->last_mark = c;
	(*p)++;
	return true;
}

static bool
take_figures(const char **p, Figures *figures)
{
	int			group = 0;
	bool		grouped = false;

	memset(figures, 0, sizeof(*figures));
	figures->groups_of_three = figures->groups_of_two = true;
	figures->zeros = -1;
	if (!isdigit((unsigned char) **p) &&
		!((**p == '.' || **p == ',') && isdigit((unsigned char) (*p)[1])))
		return false;
	for (;;)
	{
		if (isdigit((unsigned char) **p))
		{
			if (figures->ndigits == MAX_DIGITS)
				return false;
			figures->digits[figures->ndigits++] = *(*p)++;
			group++;
			continue;
		}
		if (!take_mark(p, figures) && !take_group_space(p))
			break;
		if (grouped)
			note_group(figures, group, false);
		else
			figures->first_group = group;
		grouped = true;
		group = 0;
	}
	if (grouped)
		note_group(figures, group, true);
	figures->after_last = group;
	return true;
}

/* Can all its points, or all its commas, group thousands? */
static bool
is_grouped(const Figures *figures)
{
	return figures->first_group >= 1 && figures->first_group <= 3 &&
		(figures->groups_of_three || figures->groups_of_two);
}

/* The digits with a decimal point before the last "decimals" of them. */
static char *
compose(const Figures *figures, int decimals)
{
	StringInfoData number;

	initStringInfo(&number);
	appendBinaryStringInfo(&number, figures->digits, figures->ndigits - decimals);
	if (number.len == 0)
		appendStringInfoChar(&number, '0');
	if (figures->zeros > 0)
	{
		/* the point moves to the right */
		for (int i = 0; i < figures->zeros; i++)
		{
			appendStringInfoChar(&number, decimals > 0 ? figures->digits[figures->ndigits - decimals] : '0');
			decimals = Max(decimals - 1, 0);
		}
	}
	if (decimals > 0)
		appendStringInfo(&number, ".%.*s", decimals, figures->digits + figures->ndigits - decimals);
	return number.data;
}

/* Of "1,234,567.89": everything but the last mark groups. */
static ValueProblem
read_both_marks(const Figures *figures, Writing *writing, char **number)
{
	bool		point_last = figures->last_mark == '.';
	int			last = point_last ? figures->points : figures->commas;

	if (last != 1 || figures->first_group < 1 || figures->first_group > 3)
		return NUMBER_PROBLEM;
	if (writing->decimal_mark != 0 && writing->decimal_mark != figures->last_mark)
		return NUMBER_PROBLEM;
	if (point_last)
		writing->seen.point = true;
	else
		writing->seen.comma = true;
	*number = compose(figures, figures->after_last);
	return NULL;
}

/* Of "1,234,567": they group. */
static ValueProblem
read_groups(const Figures *figures, Writing *writing, char **number)
{
	if (!is_grouped(figures) || writing->decimal_mark == figures->last_mark)
		return NUMBER_PROBLEM;
	if (figures->last_mark == ',')
		writing->seen.point = true;
	else
		writing->seen.comma = true;
	*number = compose(figures, 0);
	return NULL;
}

/*
 * Of "1.200" or "12,5".  A comma before three digits groups unless the file
 * shows otherwise: hardly anybody writes amounts with three decimals so.
 * Programs do, with a point, and so that may be either.
 */
static ValueProblem
read_one_mark(const Figures *figures, Writing *writing, bool whole, char **number)
{
	bool		decimal = figures->after_last != 3 || figures->before_first > 3 ||
		figures->before_first == 0 || figures->digits[0] == '0';

	if (writing->decimal_mark != 0)
	{
		if (decimal && writing->decimal_mark != figures->last_mark)
			return NUMBER_PROBLEM;
		decimal = writing->decimal_mark == figures->last_mark;
	}
	else if (decimal)
	{
		if (figures->last_mark == '.')
			writing->seen.point = true;
		else
			writing->seen.comma = true;
	}
	else if (!whole || figures->zeros >= 0)
	{
		writing->unsettled = true;
		if (figures->last_mark == '.' || figures->zeros >= 0)
			return AMBIGUOUS_NUMBER;
	}
	*number = compose(figures, decimal ? figures->after_last : 0);
	return NULL;
}

static ValueProblem
read_figures(const Figures *figures, Writing *writing, bool whole, char **number)
{
	int			marks = figures->points + figures->commas;

	if (figures->points > 0 && figures->commas > 0)
		return read_both_marks(figures, writing, number);
	if (marks > 1)
		return read_groups(figures, writing, number);
	if (marks == 1)
		return read_one_mark(figures, writing, whole, number);
	*number = compose(figures, 0);
	return NULL;
}

static void
take_multiplier(const char **p, Figures *figures)
{
	skip_space(p);
	for (const Multiplier *m = multipliers; m->word != NULL; m++)
		if (take_word(p, m->word))
		{
			figures->zeros = m->zeros;
			return;
		}
}

/* Currency, words and all, until nothing more is understood. */
static void
skip_decoration(const char **p, bool whole)
{
	const char *before;

	do
	{
		before = *p;
		skip_space(p);
		(void) take_any(p, currencies);
		(void) take_any(p, per_year_words);
		if (whole)
			(void) take_any(p, people_words);
	} while (*p != before);
}

static bool
take_number(const char **p, Figures *figures, bool whole)
{
	skip_decoration(p, false);
	(void) take_any(p, about_words);
	skip_decoration(p, false);
	if (!take_figures(p, figures))
		return false;
	take_multiplier(p, figures);
	skip_decoration(p, whole);
	return true;
}

/* Compares two decimal numbers without a sign. */
static int
compare_numbers(const char *a, const char *b)
{
	size_t		a_whole;
	size_t		b_whole;

	a += strspn(a, "0");
	b += strspn(b, "0");
	a_whole = strcspn(a, ".");
	b_whole = strcspn(b, ".");
	if (a_whole != b_whole)
		return a_whole < b_whole ? -1 : 1;
	return strcmp(a, b);
}

/*
 * The upper end is read to be sure that it is a range.  A multiplier that only
 * the upper end has is meant for both, if it can be: $1-5M, but 500-1M.
 */
static ValueProblem
read_range(Figures *low, Figures *high, Writing *writing, bool whole, char **number)
{
	char	   *upper;
	ValueProblem problem = read_figures(high, writing, whole, &upper);

	if (problem != NULL)
		return problem;
	if (low->zeros < 0 && high->zeros > 0)
	{
		Figures		same = *low;

		same.zeros = high->zeros;
		problem = read_figures(&same, writing, whole, number);
		if (problem != NULL || compare_numbers(*number, upper) <= 0)
			return problem;
	}
	problem = read_figures(low, writing, whole, number);
	if (problem == NULL && compare_numbers(*number, upper) > 0)
		return "range ends before it begins";
	return problem;
}

/* A number of people has no fraction. */
static ValueProblem
check_whole(char *number)
{
	char	   *point = strchr(number, '.');

	if (point == NULL)
		return NULL;
	if (strspn(point + 1, "0") != strlen(point + 1))
		return "number is not whole";
	*point = '\0';
	return NULL;
}

static ValueProblem
read_number(const char *p, Writing *writing, bool whole, char **number)
{
	Figures		low;
	Figures		high;
	ValueProblem problem;
	bool		least;
	bool		most;

	skip_decoration(&p, false);
	(void) take_any(&p, about_words);
	skip_space(&p);
	if (*p == '-' || strncmp(p, "−", strlen("−")) == 0)
		return "number is negative";
	most = take_any(&p, most_words);
	least = !most && take_any(&p, least_words);
	if (!take_number(&p, &low, whole))
		return NUMBER_PROBLEM;
	if (*p == '+' && !least && !most)
	{
		p++;
		take_multiplier(&p, &low);
		skip_decoration(&p, whole);
	}
	else if (!least && !most && take_any(&p, range_words))
	{
		if (!take_number(&p, &high, whole))
			return NUMBER_PROBLEM;
		if (*p != '\0')
			return NUMBER_PROBLEM;
		return read_range(&low, &high, writing, whole, number);
	}
	(void) take_any(&p, about_words);
	skip_space(&p);
	if (*p != '\0')
		return NUMBER_PROBLEM;
	problem = read_figures(&low, writing, whole, number);
	/* "up to 10" begins where "1-10" does */
	if (problem == NULL && most)
		*number = pstrdup(whole ? "1" : "0");
	return problem;
}

ValueProblem
import_number(const char *value, Writing *writing, bool whole, char **number)
{
	ValueProblem problem = read_number(value, writing, whole, number);

	if (problem == NULL && whole)
		problem = check_whole(*number);
	return problem;
}

/* ---- Dates ----------------------------------------------------------------- */

static const char *const month_names[12][6] = {
	{"january", "jan.", "jan", "januar", "janvier", NULL},
	{"february", "feb.", "feb", "februar", "février", NULL},
	{"march", "mar.", "mar", "märz", "mars", NULL},
	{"april", "apr.", "apr", "avril", NULL},
	{"may", "mai", NULL},
	{"june", "jun.", "jun", "juni", "juin", NULL},
	{"july", "jul.", "jul", "juli", "juillet", NULL},
	{"august", "aug.", "aug", "août", NULL},
	{"september", "sept.", "sept", "sep.", "sep", NULL},
	{"october", "oct.", "oct", "oktober", "okt", NULL},
	{"november", "nov.", "nov", "novembre", NULL},
	{"december", "dec.", "dec", "dezember", "dez", NULL},
};

/* A number of at most "most" digits; how many it had, or 0. */
static int
take_digits(const char **p, int most, int *number)
{
	int			n = 0;

	*number = 0;
	while (n < most && isdigit((unsigned char) **p))
	{
		*number = *number * 10 + (*(*p)++ - '0');
		n++;
	}
	return isdigit((unsigned char) **p) ? 0 : n;
}

static int
take_month_name(const char **p)
{
	for (int month = 0; month < 12; month++)
		if (take_any(p, month_names[month]))
			return month + 1;
	return 0;
}

/* A year of two digits: of a birthday the last such year, else of this century. */
static int
full_year(int year, int digits, bool past, int today)
{
	int			this_year;
	int			month;
	int			day;

	if (digits != 2)
		return year;
	j2date(today + POSTGRES_EPOCH_JDATE, &this_year, &month, &day);
	if (past)
		return year > this_year % 100 ? year + 1900 : year + 2000;
	return year >= 70 ? year + 1900 : year + 2000;
}

static ValueProblem
make_date(int year, int month, int day, struct pg_tm *tm)
{
	if (year < 1 || year > 9999)
		return DATE_PROBLEM;
	if (month < 1 || month > 12 || day < 1 || day > day_tab[isleap(year)][month - 1])
		return "there is no such day";
	tm->tm_year = year;
	tm->tm_mon = month;
	tm->tm_mday = day;
	return NULL;
}

/* Two numbers, of which one is the day: which, if that can be told? */
static ValueProblem
order_parts(int first, int second, bool german, Writing *writing, int *day, int *month)
{
	DayOrder	order = german ? DATE_ORDER_DMY : writing->date_order;

	if (german)
		 /* the point is written by those who write the day first */ ;
	else if (first > 12 && second <= 12)
	{
		writing->seen.dmy = true;
		order = DATE_ORDER_DMY;
	}
	else if (second > 12 && first <= 12)
	{
		writing->seen.mdy = true;
		order = DATE_ORDER_MDY;
	}
	else if (first != second && order == DATE_ORDER_UNKNOWN)
	{
		writing->unsettled = true;
		return AMBIGUOUS_DATE;
	}
	*day = order == DATE_ORDER_MDY ? second : first;
	*month = order == DATE_ORDER_MDY ? first : second;
	return NULL;
}

static bool
take_separator(const char **p, char separator)
{
	skip_space(p);
	if (**p != separator)
		return false;
	(*p)++;
	skip_space(p);
	return true;
}

/* "17 March 2026", "17. März 2026", "17-Mar-26": behind the day */
static ValueProblem
take_named_date(const char **p, int day, int month, bool past, int today, struct pg_tm *tm)
{
	int			year;
	int			digits;

	skip_space(p);
	if (**p == '-' || **p == ',' || **p == '/')
		(*p)++;
	skip_space(p);
	digits = take_digits(p, 4, &year);
	if (digits != 2 && digits != 4)
		return DATE_PROBLEM;
	return make_date(full_year(year, digits, past, today), month, day, tm);
}

static ValueProblem
take_month_first(const char **p, int month, bool past, int today, struct pg_tm *tm)
{
	static const char *const ordinals[] = {"st", "nd", "rd", "th", ".", NULL};
	int			day;

	skip_space(p);
	if (take_digits(p, 2, &day) == 0)
		return DATE_PROBLEM;
	(void) take_any(p, ordinals);
	return take_named_date(p, day, month, past, today, tm);
}

static ValueProblem
take_compact_date(int number, struct pg_tm *tm)
{
	return make_date(number / 10000, number / 100 % 100, number % 100, tm);
}

static ValueProblem
take_date(const char **p, Writing *writing, bool past, int today, struct pg_tm *tm)
{
	static const char *const ordinals[] = {"st", "nd", "rd", "th", NULL};
	int			first;
	int			second;
	int			third;
	int			month = take_month_name(p);
	int			digits;
	char		separator;
	ValueProblem problem;

	if (month > 0)
		return take_month_first(p, month, past, today, tm);
	digits = take_digits(p, 8, &first);
	if (digits == 8)
		return take_compact_date(first, tm);
	if (digits == 0 || digits > 4)
		return DATE_PROBLEM;
	(void) take_any(p, ordinals);
	separator = **p;
	if (separator == '.' || separator == '-')
		(*p)++;
	skip_space(p);
	month = take_month_name(p);
	if (month > 0 && digits <= 2)
		return take_named_date(p, first, month, past, today, tm);
	if (separator == '/')
		(*p)++;
	else if (separator != '.' && separator != '-')
		return DATE_PROBLEM;
	skip_space(p);
	if (take_digits(p, 2, &second) == 0 || !take_separator(p, separator))
		return DATE_PROBLEM;
	if (digits == 4)
		return take_digits(p, 2, &third) == 0 ? DATE_PROBLEM : make_date(first, second, third, tm);
	if (digits == 3)
		return DATE_PROBLEM;
	digits = take_digits(p, 4, &third);
	if (digits != 2 && digits != 4)
		return DATE_PROBLEM;
	problem = order_parts(first, second, separator == '.', writing, &first, &second);
	if (problem != NULL)
		return problem;
	return make_date(full_year(third, digits, past, today), second, first, tm);
}

static bool
take_zone(const char **p, int *zone, bool *has_zone)
{
	static const char *const utc[] = {"z", "utc", "gmt", NULL};
	int			sign;
	int			hours;
	int			minutes = 0;
	int			digits;

	skip_space(p);
	*has_zone = true;
	*zone = 0;
	if (take_any(p, utc))
		return true;
	if (**p != '+' && **p != '-')
	{
		*has_zone = false;
		return true;
	}
	sign = *(*p)++ == '-' ? -1 : 1;
	digits = take_digits(p, 4, &hours);
	if (digits == 4)
	{
		minutes = hours % 100;
		hours /= 100;
	}
	else if (digits == 0 || digits > 2)
		return false;
	else if (**p == ':')
	{
		(*p)++;
		if (take_digits(p, 2, &minutes) != 2)
			return false;
	}
	*zone = sign * (hours * 3600 + minutes * 60);
	return hours <= 15 && minutes < 60;
}

static bool
take_fraction(const char **p, fsec_t *fsec)
{
	int			unit = 100000;

	*fsec = 0;
	if (**p != '.' && **p != ',')
		return true;
	(*p)++;
	if (!isdigit((unsigned char) **p))
		return false;
	for (; isdigit((unsigned char) **p); (*p)++, unit /= 10)
		*fsec += (**p - '0') * unit;
	return true;
}

static bool
take_time_of_day(const char **p, struct pg_tm *tm, fsec_t *fsec)
{
	static const char *const am[] = {"am", "a.m.", NULL};
	static const char *const pm[] = {"pm", "p.m.", NULL};

	if (take_digits(p, 2, &tm->tm_hour) == 0 || *(*p)++ != ':' ||
		take_digits(p, 2, &tm->tm_min) != 2)
		return false;
	if (**p == ':')
	{
		(*p)++;
		if (take_digits(p, 2, &tm->tm_sec) != 2 || !take_fraction(p, fsec))
			return false;
	}
	skip_space(p);
	if (take_any(p, am))
	{
		if (tm->tm_hour < 1 || tm->tm_hour > 12)
			return false;
		tm->tm_hour %= 12;
	}
	else if (take_any(p, pm))
	{
		if (tm->tm_hour < 1 || tm->tm_hour > 12)
			return false;
		tm->tm_hour = tm->tm_hour % 12 + 12;
	}
	return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 60;
}

static ValueProblem
read_time(const char *value, Writing *writing, bool past, int today,
		  struct pg_tm *tm, fsec_t *fsec, int *zone, bool *has_zone)
{
	const char *p = value;
	ValueProblem problem;

	memset(tm, 0, sizeof(*tm));
	*fsec = 0;
	*has_zone = false;
	problem = take_date(&p, writing, past, today, tm);
	if (problem != NULL)
		return problem;
	if (*p == 'T' || *p == 't')
		p++;
	else if (*p == ',')
		p++;
	skip_space(&p);
	if (*p == '\0')
		return NULL;
	if (!take_time_of_day(&p, tm, fsec) || !take_zone(&p, zone, has_zone))
		return DATE_PROBLEM;
	skip_space(&p);
	return *p == '\0' ? NULL : DATE_PROBLEM;
}

ValueProblem
import_time(const char *value, Writing *writing, int today,
			struct pg_tm *tm, fsec_t *fsec, int *zone, bool *has_zone)
{
	return read_time(value, writing, false, today, tm, fsec, zone, has_zone);
}

ValueProblem
import_date(const char *value, Writing *writing, bool past, int today, int *date)
{
	struct pg_tm tm;
	fsec_t		fsec;
	int			zone;
	bool		has_zone;
	ValueProblem problem = read_time(value, writing, past, today, &tm, &fsec, &zone, &has_zone);

	if (problem == NULL)
		*date = date2j(tm.tm_year, tm.tm_mon, tm.tm_mday) - POSTGRES_EPOCH_JDATE;
	return problem;
}

/* ---- Truth and lists --------------------------------------------------------- */

ValueProblem
import_boolean(const char *value, bool *truth)
{
	static const char *const yes[] = {
		"yes", "y", "true", "t", "1", "x", "on", "ja", "j", "oui", "si", "sí", "✓", "✔", "☑", "wahr", NULL
	};
	static const char *const no[] = {
		"no", "n", "false", "f", "0", "off", "nein", "non", "-", "✗", "☐", "falsch", NULL
	};

	for (int i = 0; yes[i] != NULL; i++)
		if (import_same_name(value, yes[i]))
		{
			*truth = true;
			return NULL;
		}
	for (int i = 0; no[i] != NULL; i++)
		if (import_same_name(value, no[i]))
		{
			*truth = false;
			return NULL;
		}
	return "neither yes nor no";
}

static bool
is_listed(char **items, int n, const char *item)
{
	for (int i = 0; i < n; i++)
		if (strcmp(items[i], item) == 0)
			return true;
	return false;
}

char	  **
import_list(const char *value, int *n)
{
	int			length = strlen(value);
	char	  **items = palloc((length / 2 + 2) * sizeof(char *));
	const char *end;

	/* an array as PostgreSQL writes it */
	if (length >= 2 && value[0] == '{' && value[length - 1] == '}')
	{
		value++;
		length -= 2;
	}
	end = value + length;
	*n = 0;
	while (value <= end)
	{
		int			stretch = 0;
		char	   *item;
		int			item_length;

		while (value + stretch < end && strchr(";,|\n", value[stretch]) == NULL)
			stretch++;
		item = import_trim(value, stretch);
		item_length = strlen(item);
		if (item_length >= 2 && item[0] == '"' && item[item_length - 1] == '"')
			item = import_trim(item + 1, item_length - 2);
		if (item[0] != '\0' && !is_listed(items, *n, item))
			items[(*n)++] = item;
		value += stretch + 1;
	}
	return items;
}
