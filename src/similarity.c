/*-------------------------------------------------------------------------
 *
 * similarity.c
 *	  The probability that two people are one.
 *
 * A model after Fellegi and Sunter ("A Theory for Record Linkage", 1969): each
 * field is evidence, counted in bits: the logarithm of how much more often it
 * compares so in two records of one person than in those of two strangers.
 * What is rare says more.
 *
 * Fields are not independent: a family shares name, address and telephone,
 * colleagues share company, domain and switchboard.  So there are three
 * accounts of the same evidence beside that of strangers, and the probability
 * is that of the first among all four.
 *
 * The figures come from reasoning about how often such things happen, not
 * from a body of data, and are rounded accordingly.
 *
 *-------------------------------------------------------------------------
 */
#include "person.h"

#include <math.h>

/* How much more likely than not two leads are strangers, before any evidence. */
#define STRANGERS	11.0

/* Pairs of a family, or of colleagues, for each pair of one person. */
#define RELATIVES	-1.0
#define COLLEAGUES	3.0

/* What is not all written the same is enough of a name. */
#define NAME_MOST	10.5

/* Evidence for each account, in bits. */
typedef struct Evidence
{
	double		same;			/* one person */
	double		relatives;		/* two of a family */
	double		colleagues;		/* two of a company */
} Evidence;

typedef struct Pair
{
	const Person *a;
	const Person *b;
	Evidence	evidence;
	bool		name_agrees;	/* no word of either contradicts */
	bool		names_differ;	/* some word of both contradicts */
	bool		given_differs;	/* and it is the first word */
	uint32		shared_a;		/* words of the name that the other has, too */
	uint32		shared_b;
	uint32		equal_a;		/* words of the name that the other has as they are */
	uint32		equal_b;
	double		domain;			/* evidence of the domains, if they are companies' */
	FieldAgreement *agreement;
} Pair;

static void
count_evidence(Pair *pair, double same, double relatives, double colleagues)
{
	pair->evidence.same += same;
	pair->evidence.relatives += relatives;
	pair->evidence.colleagues += colleagues;
}

/*
 * Evidence of two fields of which one implies the other, more or less: the
 * second counts for a part.
 */
static double
join_facts(double a, double b, double part)
{
	if (a > 0 && b > 0)
		return Max(a, b) + part * Min(a, b);
	if (a < 0 && b < 0)
		return Min(a, b) + part * Max(a, b);
	return a + b;
}

static bool
both_have(const Pair *pair, PersonPart part)
{
	return has_part(pair->a, part) && has_part(pair->b, part);
}

/* How many letters of a part that is one word differ; more than the limit: limit + 1. */
static int
part_distance(const Pair *pair, PersonPart part, int limit)
{
	return edit_distance(part_text(pair->a, part), pair->a->part[part].length,
						 part_text(pair->b, part), pair->b->part[part].length, limit);
}

/* Do so few letters differ that it may be a slip? */
static bool
part_near(const Pair *pair, PersonPart part)
{
	int			length = Min(pair->a->part[part].length, pair->b->part[part].length);
	int			limit = length < 4 ? 0 : length < 8 ? 1 : length < 12 ? 2 : 3;

	return limit > 0 && part_distance(pair, part, limit) <= limit;
}

/* Words on both sides that have no like: how bad is it? */
static double
name_contradiction(const Pair *pair, const Alignment *name)
{
	if (name->numbers_differ)
		return -14;
	if (name->sure > 0)
		return name->first_differs ? -6.5 : -5;

	/* One may be the given name, the other the family's. */
	if (pair->a->part[PART_NAME].words == 1 && pair->b->part[PART_NAME].words == 1)
		return -4.5;
	return -7.5;
}

/*
 * Strangers whose names have nothing or one word in common are so many more
 * than those whose names agree that all accounts but theirs lose.
 */
static double
name_handicap(const Pair *pair, const Alignment *name)
{
	if (name->sure > 0)
		return 5;
	if (pair->a->part[PART_NAME].words == 1 && pair->b->part[PART_NAME].words == 1)
		return 2;
	return 6;
}

static FieldAgreement
judge_name(const Pair *pair, const Alignment *name)
{
	if (part_equal(pair->a, pair->b, PART_NAME))
		return FIELD_EQUAL;
	if (name->numbers_differ || (name->rest_a > 0 && name->rest_b > 0))
		return name->sure > 0 && !name->numbers_differ ? FIELD_PARTLY : FIELD_DIFFERS;
	if (name->pairs == 0)
		return FIELD_DIFFERS;
	return name->sure > 0 ? FIELD_NEAR : FIELD_PARTLY;
}

static void
compare_names(Pair *pair)
{
	Alignment	name;
	double		same;
	double		handicap;

	if (!both_have(pair, PART_NAME))
	{
		count_evidence(pair, -4, -4, -4);
		return;
	}
	align_words(pair->a, pair->b, PART_NAME, &name);
	same = Min(name.matched, NAME_MOST);
	if (name.numbers_differ || (name.rest_a > 0 && name.rest_b > 0))
		same += name_contradiction(pair, &name);
	else
	{
		same -= 0.5 * (name.rest_a + name.rest_b);
		pair->name_agrees = name.pairs > 0;
	}
	if (pair->a->generation != 0 && pair->b->generation != 0 &&
		pair->a->generation != pair->b->generation)
	{
		same -= 8;
		pair->name_agrees = false;
	}
	pair->names_differ = !pair->name_agrees;
	handicap = pair->name_agrees ? 0 : name_handicap(pair, &name);
	pair->given_differs = name.first_differs;
	pair->shared_a = name.done_a;
	pair->shared_b = name.done_b;
	pair->equal_a = name.equal_a;
	pair->equal_b = name.equal_b;
	count_evidence(pair, same - handicap,
				   Max(name.best - 0.5, Min(same, name.matched) - 5) - handicap, -handicap);
	pair->agreement[PERSON_NAME] = judge_name(pair, &name);
}

/* Is the text without its digits the same, and are there other digits? */
static bool
only_digits_differ(const char *a, int a_length, const char *b, int b_length)
{
	int			i = 0;
	int			j = 0;

	for (;;)
	{
		while (i < a_length && isdigit((unsigned char) a[i]))
			i++;
		while (j < b_length && isdigit((unsigned char) b[j]))
			j++;
		if (i == a_length || j == b_length)
			return i == a_length && j == b_length;
		if (a[i++] != b[j++])
			return false;
	}
}

/* Has the text of one part other digits than the other's? */
static bool
digits_differ(const Pair *pair, PersonPart part)
{
	const char *a = part_text(pair->a, part);
	const char *b = part_text(pair->b, part);
	const char *end_a = a + pair->a->part[part].length;
	const char *end_b = b + pair->b->part[part].length;

	for (;; a++, b++)
	{
		while (a < end_a && !isdigit((unsigned char) *a))
			a++;
		while (b < end_b && !isdigit((unsigned char) *b))
			b++;
		if (a == end_a || b == end_b)
			return a != end_a || b != end_b;
		if (*a != *b)
			return true;
	}
}

/* How many bytes of the text are the word: "muller" is in "mueller", too. */
static int
match_word(const char *text, int length, const char *word, int word_length)
{
	int			i = 0;

	for (int j = 0; j < word_length; j++, i++)
	{
		if (i < length && i > 0 && text[i] == 'e' && word[j] != 'e' &&
			strchr("aou", text[i - 1]) != NULL)
			i++;
		if (i >= length || text[i] != word[j])
			return 0;
	}
	return i;
}

/* What a mailbox tells of its owner's name. */
typedef enum MailboxName
{
	TELLS_NOTHING,
	TELLS_NAME,					/* has a word of the name */
	TELLS_OWN_NAME				/* has one that the other name has not, or its initial */
} MailboxName;

/* Is a word's initial what is left of the mailbox beside another word? */
static bool
is_initial_beside(const Person *person, const Word *word, const char *text, int length,
				  int start, int bytes)
{
	return length == bytes + 1 &&
		text[start == 0 ? bytes : 0] == person_text(person)[word->offset];
}

/* The words in "shared" are in both names. */
static MailboxName
mailbox_name(const Person *person, uint32 shared)
{
	const PartSpan *local = &person->part[PART_LOCAL];
	const PartSpan *name = &person->part[PART_NAME];
	const char *text = part_text(person, PART_LOCAL);
	MailboxName result = TELLS_NOTHING;

	for (int i = 0; i < name->words; i++)
	{
		const Word *word = &person->word[name->first + i];

		if (word->length < 2 || (word->length == 2 && local->length > 6))
			continue;
		for (int j = 0; j < local->length; j++)
		{
			int			bytes = match_word(text + j, local->length - j,
										   person_text(person) + word->offset, word->length);

			if (bytes == 0)
				continue;
			if (!(shared & (1 << i)))
				return TELLS_OWN_NAME;
			for (int k = 0; k < name->words; k++)
				if (!(shared & (1 << k)) &&
					is_initial_beside(person, &person->word[name->first + k], text,
									  local->length, j, bytes))
					return TELLS_OWN_NAME;
			result = TELLS_NAME;
		}
	}
	return result;
}

static bool
has_digit(const Person *person, PersonPart part)
{
	const PartSpan *span = &person->part[part];

	for (int i = 0; i < span->words; i++)
		if (person->word[span->first + i].flags & WORD_NUMBER)
			return true;
	return false;
}

/* One mailbox, at another provider: what is more than the name in it counts. */
static FieldAgreement
compare_same_mailbox(Pair *pair)
{
	int			length = pair->a->part[PART_LOCAL].length;
	bool		free = ((pair->a->mailbox | pair->b->mailbox) & MAILBOX_FREE) != 0;
	bool		named = mailbox_name(pair->a, ~0) != TELLS_NOTHING ||
		mailbox_name(pair->b, ~0) != TELLS_NOTHING;

	if (((pair->a->mailbox | pair->b->mailbox) & MAILBOX_SHARED) || (named && !free))
	{
		pair->domain = -1.5;
		return FIELD_PARTLY;
	}
	if (named)
		count_evidence(pair, has_digit(pair->a, PART_LOCAL) ? 4 : 0.5, 0, 0);
	else
		count_evidence(pair, length >= 6 ? 9 : length >= 4 ? 5 : 0, 2, 0);
	return FIELD_PARTLY;
}

/* Are two texts of a series, each with digits of its own? */
static bool
in_series(const Pair *pair, PersonPart part)
{
	return only_digits_differ(part_text(pair->a, part), pair->a->part[part].length,
							  part_text(pair->b, part), pair->b->part[part].length);
}

/* Two mailboxes in one name are told apart by their digits. */
static bool
numbered_apart(const Pair *pair)
{
	return digits_differ(pair, PART_LOCAL) &&
		mailbox_name(pair->a, ~0) != TELLS_NOTHING && mailbox_name(pair->b, ~0) != TELLS_NOTHING;
}

/*
 * Has each a mailbox in a name that is spelled his own way?  A slip of the pen
 * is not made twice, so that is how the two are called.
 */
static bool
spelled_apart(const Pair *pair)
{
	return mailbox_name(pair->a, pair->equal_a) == TELLS_OWN_NAME &&
		mailbox_name(pair->b, pair->equal_b) == TELLS_OWN_NAME;
}

/* Neither mailbox nor domain is the same; but nearly? */
static FieldAgreement
compare_near_mailboxes(Pair *pair, bool same_domain, bool near_domain)
{
	bool		free = (pair->a->mailbox & MAILBOX_FREE) != 0;

	int			either = pair->a->mailbox | pair->b->mailbox;
	MailboxName name_a = mailbox_name(pair->a, pair->shared_a);
	MailboxName name_b = mailbox_name(pair->b, pair->shared_b);

	/* Other names, and each has a mailbox in his own. */
	if (pair->names_differ && name_a == TELLS_OWN_NAME && name_b == TELLS_OWN_NAME)
	{
		pair->domain = same_domain && !free ? 2 : 0;
		count_evidence(pair, pair->given_differs ? -6 : -3, 0, 0);
		return FIELD_DIFFERS;
	}
	if ((same_domain || near_domain) && !in_series(pair, PART_LOCAL) &&
		part_near(pair, PART_LOCAL) && !spelled_apart(pair) && !numbered_apart(pair))
	{
		count_evidence(pair, 11, 2, free ? 0 : 7);
		return FIELD_NEAR;
	}
	if (same_domain && !free)
	{
		pair->domain = name_a != TELLS_NOTHING && name_b != TELLS_NOTHING ? 7 : 2;
		return FIELD_PARTLY;
	}
	if (either & MAILBOX_NONE)
		count_evidence(pair, -0.7, -0.2, -0.2);
	else if (!(either & MAILBOX_FREE))
		pair->domain = -4;
	else
		count_evidence(pair, -3, -2.3, -1.5);
	return FIELD_DIFFERS;
}

static void
compare_emails(Pair *pair)
{
	bool		same_local;
	bool		same_domain;
	bool		near_domain = false;
	bool		shared = ((pair->a->mailbox | pair->b->mailbox) & MAILBOX_SHARED) != 0;
	FieldAgreement *agreement = &pair->agreement[PERSON_EMAIL];

	if (!both_have(pair, PART_LOCAL))
		return;
	same_local = part_equal(pair->a, pair->b, PART_LOCAL);
	same_domain = part_equal(pair->a, pair->b, PART_DOMAIN);
	if (!same_domain && !(has_digit(pair->a, PART_DOMAIN) && has_digit(pair->b, PART_DOMAIN) &&
						  in_series(pair, PART_DOMAIN)))
		near_domain = part_distance(pair, PART_DOMAIN, 2) <= (part_text(pair->a, PART_DOMAIN)[0] ==
															  part_text(pair->b, PART_DOMAIN)[0] ? 2 : 1);
	if (same_local && same_domain)
	{
		count_evidence(pair, shared ? 9 : 19, shared ? 4 : pair->names_differ ? 16.5 : 14,
					   shared ? 12 : 11);
		*agreement = FIELD_EQUAL;
	}
	else if (same_local && near_domain && !shared)
	{
		count_evidence(pair, 11, 4, 4);
		*agreement = FIELD_NEAR;
	}
	else if (same_local)
		*agreement = compare_same_mailbox(pair);
	else
		*agreement = compare_near_mailboxes(pair, same_domain, near_domain);
}

/* Equal from the end on: one has a country's prefix, the other has not? */
static bool
same_end(const Pair *pair, PersonPart part, int length)
{
	int			la = pair->a->part[part].length;
	int			lb = pair->b->part[part].length;
	int			common = Min(la, lb);

	return common >= length &&
		memcmp(part_text(pair->a, part) + la - length,
			   part_text(pair->b, part) + lb - length, length) == 0;
}

static void
compare_phones(Pair *pair)
{
	FieldAgreement *agreement = &pair->agreement[PERSON_PHONE];

	if (!both_have(pair, PART_PHONE))
		return;
	if (part_equal(pair->a, pair->b, PART_PHONE))
	{
		count_evidence(pair, 16, 15.5, 14);
		*agreement = FIELD_EQUAL;
	}
	else if (same_end(pair, PART_PHONE, 7) &&
			 pair->a->part[PART_PHONE].length != pair->b->part[PART_PHONE].length)
	{
		count_evidence(pair, 13, 12, 11);
		*agreement = FIELD_NEAR;
	}
	else if (part_distance(pair, PART_PHONE, 1) <= 1)
	{
		/* Perhaps a slip, perhaps the next number of a series. */
		count_evidence(pair, 3, 1, 3);
		*agreement = FIELD_PARTLY;
	}
	else
	{
		count_evidence(pair, -2.5, -1.8, -1.5);
		*agreement = FIELD_DIFFERS;
	}
}

/* Dates that are typed for want of a better. */
static bool
is_placeholder(const Person *person)
{
	return person->month == 1 && person->day == 1;
}

/* How many of the eight digits of two dates differ, a swap of neighbours being one. */
static int
birthday_distance(const Person *a, const Person *b)
{
	char		ta[16];
	char		tb[16];

	for (int i = 0; i < 2; i++)
	{
		const Person *person = i == 0 ? a : b;
		char	   *text = i == 0 ? ta : tb;
		int			number = person->year % 10000 * 10000 + person->month * 100 + person->day;

		for (int j = 7; j >= 0; j--)
		{
			text[j] = '0' + number % 10;
			number /= 10;
		}
	}
	return edit_distance(ta, 8, tb, 8, 2);
}

/* About how many days lie between two dates? */
static int
days_between(const Person *a, const Person *b)
{
	return abs((a->year - b->year) * 365 + (a->month - b->month) * 30 + (a->day - b->day));
}

static void
compare_birthdays(Pair *pair)
{
	const Person *a = pair->a;
	const Person *b = pair->b;
	FieldAgreement *agreement = &pair->agreement[PERSON_BIRTHDAY];
	int			distance;

	if (a->year == 0 || b->year == 0)
		return;
	if (a->year == b->year && a->month == b->month && a->day == b->day)
	{
		count_evidence(pair, is_placeholder(a) ? 6 : 14, is_placeholder(a) ? 4 : 6.5, 0);
		*agreement = FIELD_EQUAL;
		return;
	}
	distance = birthday_distance(a, b);
	if (distance == 1 || (a->year == b->year && a->month == b->day && a->day == b->month))
	{
		count_evidence(pair, 7, 0.5, 0);
		*agreement = FIELD_NEAR;
	}
	else if (distance == 2 || (a->month == b->month && a->day == b->day) ||
			 (abs(a->year - b->year) <= 1 && abs(a->month - b->month) <= 1 &&
			  abs(a->day - b->day) <= 2) || days_between(a, b) <= 40)
	{
		count_evidence(pair, 3, 0, 0);
		*agreement = FIELD_PARTLY;
	}
	else
	{
		count_evidence(pair, -3, 0, 0);
		*agreement = FIELD_DIFFERS;
	}
}

/* Do the first letters of one side's words make the other's only word? */
static bool
is_acronym(const Person *a, const Person *b, PersonPart part)
{
	const PartSpan *words = &a->part[part];
	const PartSpan *acronym = &b->part[part];
	const char *letters = part_text(b, part);

	if (acronym->words != 1 || words->words < 2 || acronym->length != words->words)
		return false;
	for (int i = 0; i < words->words; i++)
		if (person_text(a)[a->word[words->first + i].offset] != letters[i])
			return false;
	return true;
}

static double
compare_companies(Pair *pair)
{
	Alignment	company;
	FieldAgreement *agreement = &pair->agreement[PERSON_COMPANY];

	if (!both_have(pair, PART_COMPANY))
		return 0;
	if (part_equal(pair->a, pair->b, PART_COMPANY))
	{
		*agreement = FIELD_EQUAL;
		return 10;
	}
	align_words(pair->a, pair->b, PART_COMPANY, &company);
	if (is_acronym(pair->a, pair->b, PART_COMPANY) || is_acronym(pair->b, pair->a, PART_COMPANY))
	{
		*agreement = FIELD_NEAR;
		return 6;
	}
	if (company.matched >= 4 && company.sure == company.pairs &&
		(company.rest_a == 0 || company.rest_b == 0) && !company.numbers_differ)
	{
		double		bits = Min(company.matched, 9) - 0.5 * (company.rest_a + company.rest_b);

		*agreement = FIELD_NEAR;

		/* "Lopez Consulting" and "Lopez Media" may be two companies. */
		return company.only_a > 0 && company.only_b > 0 ? bits / 2 : bits;
	}
	if (company.sure > 0 && company.matched >= 4)
	{
		*agreement = FIELD_PARTLY;
		return 1;
	}
	*agreement = FIELD_DIFFERS;
	return -4;
}

/* Where they work: a company has its domain, so one of the two counts. */
static void
compare_affiliations(Pair *pair)
{
	double		company = compare_companies(pair);
	double		bits;

	bits = join_facts(company, pair->domain, 0.2);
	if (bits < 0)
		count_evidence(pair, bits, bits + 0.7, 2 * bits);
	else if (bits > 0)
		count_evidence(pair, bits, 0, Max(bits + 1, pair->domain > 0 ? 9 : 0));
}

/* Evidence of the town's name. */
static double
compare_cities(Pair *pair)
{
	Alignment	city;
	FieldAgreement *agreement = &pair->agreement[PERSON_CITY];
	double		bits = 5;

	if (!both_have(pair, PART_CITY))
		return 0;
	if (is_big_city(part_text(pair->a, PART_CITY), pair->a->part[PART_CITY].length) ||
		is_big_city(part_text(pair->b, PART_CITY), pair->b->part[PART_CITY].length))
		bits = 2.5;
	if (part_equal(pair->a, pair->b, PART_CITY))
	{
		*agreement = FIELD_EQUAL;
		return bits;
	}
	align_words(pair->a, pair->b, PART_CITY, &city);
	if (city.sure > 0 && (city.rest_a == 0 || city.rest_b == 0))
	{
		*agreement = FIELD_NEAR;
		return bits - 1;
	}
	*agreement = city.pairs > 0 ? FIELD_PARTLY : FIELD_DIFFERS;
	return city.pairs == 0 ? -2.5 : city.sure > 0 ? 0 : 2;
}

static double
compare_postal_codes(Pair *pair)
{
	FieldAgreement *agreement = &pair->agreement[PERSON_POSTAL_CODE];

	if (!both_have(pair, PART_POSTAL_CODE))
		return 0;
	if (part_equal(pair->a, pair->b, PART_POSTAL_CODE))
	{
		*agreement = FIELD_EQUAL;
		return 8;
	}
	if (part_distance(pair, PART_POSTAL_CODE, 1) <= 1)
	{
		*agreement = FIELD_NEAR;
		return 3;
	}
	*agreement = FIELD_DIFFERS;
	return -2;
}

static double
compare_regions(Pair *pair)
{
	FieldAgreement *agreement = &pair->agreement[PERSON_REGION];

	if (!both_have(pair, PART_REGION))
		return 0;
	if (part_equal(pair->a, pair->b, PART_REGION))
	{
		*agreement = FIELD_EQUAL;
		return both_have(pair, PART_CITY) ? 0.5 : 2;
	}

	/* "CA" is as likely California as it is not. */
	if (Min(pair->a->part[PART_REGION].length, pair->b->part[PART_REGION].length) <= 3 &&
		pair->a->part[PART_REGION].length != pair->b->part[PART_REGION].length)
	{
		*agreement = FIELD_PARTLY;
		return 0;
	}
	*agreement = FIELD_DIFFERS;
	return -1;
}

static double
compare_countries(Pair *pair)
{
	FieldAgreement *agreement = &pair->agreement[PERSON_COUNTRY];

	if (!both_have(pair, PART_COUNTRY))
		return 0;
	if (part_equal(pair->a, pair->b, PART_COUNTRY))
	{
		*agreement = FIELD_EQUAL;
		return 0;
	}
	if (pair->a->part[PART_COUNTRY].length != pair->b->part[PART_COUNTRY].length)
	{
		*agreement = FIELD_PARTLY;
		return 0;
	}
	*agreement = FIELD_DIFFERS;
	return -3;
}

/* Evidence of the number of the house. */
static double
compare_numbers(const Pair *pair)
{
	Alignment	number;

	if (!both_have(pair, PART_NUMBER))
		return 0;
	align_words(pair->a, pair->b, PART_NUMBER, &number);
	if (number.pairs > 0)
		return 3;
	return part_distance(pair, PART_NUMBER, 1) <= 1 ? -1 : -3;
}

static double
compare_streets(Pair *pair)
{
	Alignment	street;
	FieldAgreement *agreement = &pair->agreement[PERSON_STREET];
	double		number = compare_numbers(pair);

	if (!both_have(pair, PART_STREET))
		return number;
	if (part_equal(pair->a, pair->b, PART_STREET))
	{
		*agreement = number == 3 && part_equal(pair->a, pair->b, PART_NUMBER) ? FIELD_EQUAL :
			number < -1 ? FIELD_PARTLY : FIELD_NEAR;
		return 10 + number;
	}
	align_words(pair->a, pair->b, PART_STREET, &street);
	if (street.matched >= 4)
	{
		bool		whole = street.rest_a == 0 || street.rest_b == 0;

		*agreement = whole && number >= -1 ? FIELD_NEAR : FIELD_PARTLY;
		return (whole ? Min(street.matched, 9) : Min(street.matched, 9) * 0.6) + number;
	}
	*agreement = FIELD_DIFFERS;
	return -2.5;
}

static void
compare_addresses(Pair *pair)
{
	double		city = compare_cities(pair);
	double		bits = join_facts(city, compare_postal_codes(pair), 0.35) + compare_streets(pair) +
		compare_regions(pair) + compare_countries(pair);

	/* People move, and have an office. */
	if (bits < 0)
		count_evidence(pair, Max(bits, -4), bits * 2, bits / 2);
	else
		count_evidence(pair, Min(bits, 20), Min(bits, 20), bits * (pair->agreement[PERSON_COMPANY] >= FIELD_NEAR ? 0.9 : 0.7));
}

static void
compare_job_titles(Pair *pair)
{
	Alignment	title;
	FieldAgreement *agreement = &pair->agreement[PERSON_JOB_TITLE];

	if (!both_have(pair, PART_JOB_TITLE))
		return;
	if (part_equal(pair->a, pair->b, PART_JOB_TITLE))
	{
		count_evidence(pair, 2, 0, 0);
		*agreement = FIELD_EQUAL;
		return;
	}
	align_words(pair->a, pair->b, PART_JOB_TITLE, &title);
	if (title.sure > 0 && (title.rest_a == 0 || title.rest_b == 0))
	{
		count_evidence(pair, 1, 0, 0);
		*agreement = FIELD_NEAR;
	}
	else
	{
		count_evidence(pair, -0.5, 0, 0);
		*agreement = title.sure > 0 ? FIELD_PARTLY : FIELD_DIFFERS;
	}
}

/* Gather all evidence. */
static void
compare_people(Pair *pair)
{
	memset(&pair->evidence, 0, sizeof(Evidence));
	pair->name_agrees = false;
	pair->names_differ = false;
	pair->given_differs = false;
	pair->shared_a = pair->shared_b = ~0;
	pair->equal_a = pair->equal_b = ~0;
	pair->domain = 0;
	for (int i = 0; i < PERSON_FIELDS; i++)
		pair->agreement[i] = FIELD_UNKNOWN;
	compare_names(pair);
	compare_emails(pair);
	compare_phones(pair);
	compare_birthdays(pair);
	compare_affiliations(pair);
	compare_addresses(pair);
	compare_job_titles(pair);
}

static double
evidence_probability(const Evidence *evidence)
{
	double		against = exp2(STRANGERS - evidence->same) +
		exp2(RELATIVES + evidence->relatives - evidence->same) +
		exp2(COLLEAGUES + evidence->colleagues - evidence->same);

	return 1 / (1 + against);
}

/*
 * The answer must not depend on who is named first, yet of two ways to align
 * words that are as good the first one found is taken: so always ask in the
 * same order.
 */
static Pair
make_pair(const Person *a, const Person *b, FieldAgreement *agreement)
{
	Pair		pair = {.a = a,.b = b,.agreement = agreement};
	int			order = a->size != b->size ? (a->size < b->size ? -1 : 1) :
		memcmp(a, b, a->size);

	if (order > 0)
	{
		pair.a = b;
		pair.b = a;
	}
	return pair;
}

double
person_similarity(const Person *a, const Person *b)
{
	FieldAgreement agreement[PERSON_FIELDS];
	Pair		pair = make_pair(a, b, agreement);

	compare_people(&pair);
	return evidence_probability(&pair.evidence);
}

int
person_agreements(const Person *a, const Person *b, FieldAgreement *out)
{
	Pair		pair = make_pair(a, b, out);
	int			agreeing = 0;

	compare_people(&pair);
	for (int i = 0; i < PERSON_FIELDS; i++)
		if (out[i] >= FIELD_NEAR)
			agreeing++;
	return agreeing;
}

/* A person of whom nothing but the name is known. */
static Person *
prepare_name(const char *name, int length)
{
	PersonText	text;

	memset(&text, 0, sizeof(text));
	text.data[PERSON_NAME] = name;
	text.length[PERSON_NAME] = length;
	return person_prepare(&text);
}

/* Do the words of the shorter name all find their like, one by more than an initial? */
static bool
words_agree(const Person *a, const Person *b)
{
	Alignment	name;

	if (!has_part(a, PART_NAME) || !has_part(b, PART_NAME))
		return false;
	if (a->generation != 0 && b->generation != 0 && a->generation != b->generation)
		return false;
	if (part_equal(a, b, PART_NAME))
		return true;
	align_words(a, b, PART_NAME, &name);
	return name.sure > 0 && !name.numbers_differ && (name.rest_a == 0 || name.rest_b == 0);
}

bool
names_agree(const char *a, int a_length, const char *b, int b_length)
{
	Person	   *pa;
	Person	   *pb;
	bool		agree;

	if (a == NULL || b == NULL)
		return false;
	if (a_length == b_length && memcmp(a, b, a_length) == 0)
		return true;
	pa = prepare_name(a, a_length);
	pb = prepare_name(b, b_length);
	agree = words_agree(pa, pb);
	pfree(pa);
	pfree(pb);
	return agree;
}
