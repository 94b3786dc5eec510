/*-------------------------------------------------------------------------
 *
 * normalize_person.c
 *	  Names of people: what is left of them without titles, degrees and
 *	  nicknames, and with the given name first.
 *
 * "Dr. Kim Lee", "LEE, Kim", "Kim (Kimmy) Lee" and "Kim Lee, Ph.D." are one
 * person to whoever looks for duplicates.  Particles such as "van der" stay:
 * they tell people apart.
 *
 *-------------------------------------------------------------------------
 */
#include "normalize.h"

#include "normalize_name.h"
#include "normalize_person_tables.h"
#include "normalize_text.h"

/* What is longer than this is no person: only its words count. */
#define PERSON_MAX		400
#define SEGMENTS_MAX	5

#define LETTERS_MAX		5		/* of a degree that is spelt */

/* What is understood; not all of it where it may be a company */
typedef struct NameRules
{
	bool		nicknames;
	bool		numerals;
	bool		signs;			/* around "Last, First" */
} NameRules;

static const NameRules person_rules = {true, true, true};
static const NameRules mixed_rules = {false, false, false};

/* Words with one space in between */
typedef struct Words
{
	char	   *text;
	int			length;
} Words;

#define WORD_IS_IN(table, text, length) \
	is_in_name_table(table, lengthof(table), text, length)

/* The closing sign of a nickname's opening one; 0: it is none. */
static pg_wchar
closing_sign(pg_wchar c)
{
	switch (c)
	{
		case '(':
			return ')';
		case '[':
			return ']';
		case '"':
			return '"';
		case '\'':
			return '\'';
		case 0xFF08:			/* full-width brackets */
			return 0xFF09;
		case 0x201C:			/* “ ” */
			return 0x201D;
		case 0x201E:			/* „ “ */
			return 0x201C;
		case 0x2018:			/* ‘ ’ */
			return 0x2019;
		case 0x00AB:			/* « » */
			return 0x00BB;
		default:
			return 0;
	}
}

static bool
begins_with_space(const char *text, const char *end)
{
	return is_space(next_character(&text, end));
}

/*
 * Where the nickname ends that begins here, else NULL.  A quote is one only
 * with a blank or nothing behind it: the next one may be an apostrophe.
 */
static const char *
skip_nickname(const char *text, const char *end)
{
	pg_wchar	closing = closing_sign(next_character(&text, end));

	if (closing == 0)
		return NULL;
	while (text < end)
	{
		if (next_character(&text, end) != closing)
			continue;
		if (text == end || *text == ',' || begins_with_space(text, end))
			return text;
	}
	return NULL;
}

/* The name without nicknames, in "target"; returns its length. */
static int
leave_out_nicknames(const char *name, int length, char *target)
{
	const char *end = name + length;
	int			written = 0;
	bool		between = true; /* at the beginning of a word */

	while (name < end)
	{
		const char *rest = between ? skip_nickname(name, end) : NULL;
		const char *start = name;

		if (rest != NULL)
		{
			name = rest;
			continue;
		}
		between = is_space(next_character(&name, end));
		memcpy(target + written, start, name - start);
		written += name - start;
	}
	return written;
}

/* The length of the first word. */
static int
first_word(Words words)
{
	const char *space = memchr(words.text, ' ', words.length);

	return space == NULL ? words.length : space - words.text;
}

/* Where the last word begins. */
static int
last_word(Words words)
{
	int			start = words.length;

	while (start > 0 && words.text[start - 1] != ' ')
		start--;
	return start;
}

/*
 * Where a degree at the end begins whose letters are words; -1: there is none.
 * Not before "least"; "apart": behind a comma.
 */
static int
find_spelt_degree(Words words, int least, bool apart)
{
	char		letters[LETTERS_MAX * 4];
	int			offset = sizeof(letters);
	int			found = -1;

	while (words.length > least)
	{
		int			start = last_word(words);
		int			length = words.length - start;

		if (start < least || length > 4 || offset < length)
			break;
		offset -= length;
		memcpy(letters + offset, words.text + start, length);
		if (WORD_IS_IN(spelt_degrees, letters + offset, (int) sizeof(letters) - offset) ||
			(apart && WORD_IS_IN(degrees_apart, letters + offset, (int) sizeof(letters) - offset)))
			found = start;
		words.length = Max(start - 1, 0);
	}
	return found;
}

/* Take titles away from the beginning, as long as something is left. */
static Words
strip_titles(Words words)
{
	for (;;)
	{
		int			length = first_word(words);

		if (length == words.length || !WORD_IS_IN(titles, words.text, length))
			return words;
		words.text += length + 1;
		words.length -= length + 1;
	}
}

static bool
is_degree(const NameRules *rules, const char *word, int length)
{
	return WORD_IS_IN(degrees, word, length) &&
		(rules->numerals || !WORD_IS_IN(numerals, word, length));
}

/* Take degrees away from the end, as long as something is left. */
static Words
strip_degrees(const NameRules *rules, Words words)
{
	for (;;)
	{
		int			start = last_word(words);

		if (start == 0)
			return words;
		if (!is_degree(rules, words.text + start, words.length - start))
			start = find_spelt_degree(words, 1, false);
		if (start < 0)
			return words;
		words.length = start - 1;
	}
}

/* Is what stands behind a comma nothing but titles and degrees? */
static bool
is_addition(Words words, bool whole_name)
{
	while (words.length > 0)
	{
		int			length = first_word(words);
		int			next = Min(length + 1, words.length);

		if (!WORD_IS_IN(degrees, words.text, length) &&
			!WORD_IS_IN(titles, words.text, length) &&
			!(whole_name && WORD_IS_IN(degrees_apart, words.text, length)) &&
			!WORD_IS_IN(spelt_degrees, words.text, length))
			break;
		words.text += next;
		words.length -= next;
	}
	return words.length == 0 || find_spelt_degree(words, 0, whole_name) == 0;
}

static Words
read_segment(const NameRules *rules, const char *text, int length)
{
	NameKey		key;

	read_name(&key, text, length);
	return strip_degrees(rules, strip_titles((Words) {key.text, key.length}));
}

/* The parts of a name between commas that count; returns how many, or -1. */
static int
read_segments(const NameRules *rules, const char *name, int length, Words *segments)
{
	const char *end = name + length;
	int			n = 0;

	for (;;)
	{
		const char *comma = memchr(name, ',', end - name);
		Words		words = read_segment(rules, name, (comma == NULL ? end : comma) - name);

		if (words.length > 0 &&
			(n == 0 || !is_addition(words, memchr(segments[0].text, ' ', segments[0].length) != NULL)))
		{
			if (n == SEGMENTS_MAX)
				return -1;
			segments[n++] = words;
		}
		if (comma == NULL)
			return n;
		name = comma + 1;
	}
}

static bool
has_and(Words words)
{
	for (int i = 0; i + 5 <= words.length; i++)
	{
		if (memcmp(words.text + i, " and ", 5) == 0)
			return true;
	}
	return false;
}

/* Append with a space before it. */
static void
append_words(Words *target, Words words)
{
	if (target->length > 0)
		target->text[target->length++] = ' ';
	memcpy(target->text + target->length, words.text, words.length);
	target->length += words.length;
}

/* Nothing but what names are written with? */
static bool
is_plain(const char *name, int length)
{
	for (int i = 0; i < length; i++)
	{
		unsigned char c = (unsigned char) name[i];

		if (c < 0x80 && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && strchr(" .,'-", c) == NULL)
			return false;
	}
	return true;
}

/* Put the given name first: of "Last, First", and only of that. */
static Words
join_segments(const Words *segments, int n, bool may_turn)
{
	Words		result = {NULL, 0};
	int			total = 0;
	bool		turn = n == 2 && may_turn && !has_and(segments[0]) && !has_and(segments[1]);

	for (int i = 0; i < n; i++)
		total += segments[i].length + 1;
	result.text = palloc(total + 1);
	for (int i = 0; i < n; i++)
		append_words(&result, segments[turn ? n - 1 - i : i]);
	return result;
}

/* The words of a name by which it is compared; NULL: too long to be a person's. */
static char *
read_person(const NameRules *rules, const char *name, int length, int *result_length)
{
	char		plain[PERSON_MAX];
	Words		segments[SEGMENTS_MAX];
	Words		words;
	int			n;

	if (length > PERSON_MAX)
		return NULL;
	if (rules->nicknames)
	{
		int			rest = leave_out_nicknames(name, length, plain);

		if (!text_is_blank(plain, rest))
		{
			name = plain;
			length = rest;
		}
	}
	n = read_segments(rules, name, length, segments);
	if (n <= 0)
		return NULL;
	words = n == 1 ? segments[0] : join_segments(segments, n, rules->signs || is_plain(name, length));
	words = strip_degrees(rules, strip_titles(words));
	*result_length = words.length;
	return words.text;
}

/* A key of words that are read already. */
static char *
finish_words(const char *words, int length)
{
	NameKey		key;

	memset(&key, 0, sizeof(key));
	key.text = pnstrdup(words, length);
	key.length = length;
	key.capacity = length + 1;
	return finish_name(&key);
}

char *
normalize_name(const char *name, int length)
{
	NameKey		key;
	int			result_length;
	char	   *words = read_person(&person_rules, name, length, &result_length);

	if (words != NULL)
		return finish_words(words, result_length);
	read_name(&key, name, length);
	return finish_name(&key);
}

/* Taken away once: what is left may have a title or a legal form again. */
static char *
reduce_any_name(const char *name, int length)
{
	int			result_length;
	char	   *words;

	if (!has_legal_form(name, length) &&
		(words = read_person(&mixed_rules, name, length, &result_length)) != NULL)
		return normalize_company(words, result_length);
	return normalize_company(name, length);
}

char *
normalize_any_name(const char *name, int length)
{
	char	   *key = reduce_any_name(name, length);

	/* a digest has nothing to take away; each time some bytes go */
	while (key != NULL && strchr(key, '#') == NULL)
	{
		char	   *next = reduce_any_name(key, strlen(key));

		if (next == NULL || strlen(next) >= strlen(key))
			break;
		pfree(key);
		key = next;
	}
	return key;
}
