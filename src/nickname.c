/*-------------------------------------------------------------------------
 *
 * nickname.c
 *	  What is known of words: nicknames, names that many have, and words that
 *	  say little.
 *
 * Two strangers called Smith are no surprise, two called Wollstonecraft are.
 * How frequent a name is among the leads of a workspace would be better to
 * know, but would make the answer for two people depend on all others; so
 * there are small tables of what is frequent in the world.
 *
 *-------------------------------------------------------------------------
 */
#include "person.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#include "nickname_tables.h"

/* A word of the tables, in a hash table made at first use. */
typedef struct KnownWord
{
	const char *word;			/* in a table, followed by a space or NUL */
	uint8		length;
	uint8		weight;			/* of a name that many have, or 0 */
	uint16		groups[WORD_GROUPS];
	uint32		kinds;			/* 1 << WordKind */
} KnownWord;

typedef enum WordKind
{
	MINOR_NAME,
	NO_NAME,
	TITLE,
	SENIOR,
	JUNIOR,
	THIRD,
	MINOR_COMPANY_WORD,
	STREET_TYPE,
	BIG_CITY,
	FREE_MAIL,
	SHARED_MAILBOX
} WordKind;

#define KNOWN_WORDS		8192	/* a power of two, about twice what there are */

static KnownWord *known_words = NULL;

/* The place of a word in the hash table, or where it belongs. */
static KnownWord *
find_place(const char *word, int length)
{
	uint32		place = hash_bytes((const unsigned char *) word, length);

	for (;; place++)
	{
		KnownWord  *known = &known_words[place & (KNOWN_WORDS - 1)];

		if (known->word == NULL ||
			(known->length == length && memcmp(known->word, word, length) == 0))
			return known;
	}
}

static KnownWord *
add_word(const char *word, int length)
{
	KnownWord  *known = find_place(word, length);

	known->word = word;
	known->length = length;
	return known;
}

/* Take the next word of a list; its length, or 0 at the end. */
static int
next_word(const char **list, char separator)
{
	const char *word;

	while (**list == separator)
		(*list)++;
	word = *list;
	while (**list != separator && **list != '\0')
		(*list)++;
	return *list - word;
}

static void
add_kind(const char *list, char separator, WordKind kind)
{
	int			length;

	while ((length = next_word(&list, separator)) > 0)
		add_word(list - length, length)->kinds |= 1 << kind;
}

static void
add_weight(const char *list, double bits)
{
	int			length;

	while ((length = next_word(&list, ' ')) > 0)
	{
		KnownWord  *known = add_word(list - length, length);

		if (known->weight == 0)
			known->weight = bits / WEIGHT_UNIT;
	}
}

static void
add_group(const char *list, uint16 group)
{
	int			length;

	while ((length = next_word(&list, ' ')) > 0)
	{
		KnownWord  *known = add_word(list - length, length);

		for (int i = 0; i < WORD_GROUPS; i++)
		{
			if (known->groups[i] != 0)
				continue;
			known->groups[i] = group;
			break;
		}
	}
}

/* Read the tables. */
static void
load_words(void)
{
	/* For the rest of the session, and not lost in the middle. */
	KnownWord  *table = MemoryContextAllocZero(TopMemoryContext,
											   KNOWN_WORDS * sizeof(KnownWord));

	known_words = table;
	for (int i = 0; i < (int) lengthof(nicknames); i++)
		add_group(nicknames[i], i + 1);
	add_weight(most_frequent_names, 4);
	add_weight(frequent_names, 5.5);
	add_kind(minor_names, ' ', MINOR_NAME);
	add_kind(no_names, ' ', NO_NAME);
	add_kind(titles, ' ', TITLE);
	add_kind("sr senior snr", ' ', SENIOR);
	add_kind("jr junior jnr ii", ' ', JUNIOR);
	add_kind("iii 3rd", ' ', THIRD);
	add_kind(minor_company_words, ' ', MINOR_COMPANY_WORD);
	add_kind(street_types, ' ', STREET_TYPE);
	add_kind(big_cities, ',', BIG_CITY);
	add_kind(free_mail_domains, ' ', FREE_MAIL);
	add_kind(shared_mailboxes, ' ', SHARED_MAILBOX);
}

static const KnownWord *
find_word(const char *word, int length)
{
	const KnownWord *known;

	if (known_words == NULL)
		load_words();
	known = find_place(word, length);
	return known->word == NULL ? NULL : known;
}

static bool
is_kind(const char *word, int length, WordKind kind)
{
	const KnownWord *known = find_word(word, length);

	return known != NULL && (known->kinds & (1 << kind)) != 0;
}

/* The groups of nicknames that a word is in; WORD_GROUPS of them, 0: none. */
int
nickname_groups(const char *word, int length, uint16 *groups)
{
	const KnownWord *known = find_word(word, length);

	if (known == NULL)
		memset(groups, 0, WORD_GROUPS * sizeof(uint16));
	else
		memcpy(groups, known->groups, WORD_GROUPS * sizeof(uint16));
	return groups[0] != 0;
}

/* The name that a group is about; not NUL-terminated. */
const char *
nickname_root(uint16 group, int *length)
{
	const char *rest = nicknames[group - 1];

	*length = next_word(&rest, ' ');
	return nicknames[group - 1];
}

/* The weight of a name that many have, or 0. */
int
name_weight(const char *word, int length)
{
	const KnownWord *known = find_word(word, length);

	return known == NULL ? 0 : known->weight;
}

bool
is_minor_name(const char *word, int length)
{
	return is_kind(word, length, MINOR_NAME);
}

/* Is it what is typed where no name is known? */
bool
is_no_name(const char *name, int length)
{
	return is_kind(name, length, NO_NAME);
}

/* Is it no name but a title (-1), or a generation (1 senior, 2, 3)? */
int
name_title(const char *word, int length)
{
	const KnownWord *known = find_word(word, length);

	if (known == NULL)
		return 0;
	if (known->kinds & (1 << SENIOR))
		return 1;
	if (known->kinds & (1 << JUNIOR))
		return 2;
	if (known->kinds & (1 << THIRD))
		return 3;
	return known->kinds & (1 << TITLE) ? -1 : 0;
}

bool
is_minor_company_word(const char *word, int length)
{
	return is_kind(word, length, MINOR_COMPANY_WORD);
}

bool
is_street_type(const char *word, int length)
{
	return is_kind(word, length, STREET_TYPE);
}

bool
is_big_city(const char *city, int length)
{
	return is_kind(city, length, BIG_CITY);
}

bool
is_free_mail(const char *domain, int length)
{
	return is_kind(domain, length, FREE_MAIL);
}

bool
is_shared_mailbox(const char *local, int length)
{
	return is_kind(local, length, SHARED_MAILBOX);
}
