/*-------------------------------------------------------------------------
 *
 * normalize_company.c
 *	  Company names: what is left of them without their legal form.
 *
 * "Acme, Inc.", "ACME" and "The Acme Co. Ltd." are one company to whoever
 * looks for duplicates.  Legal forms are taken away from either end as long as
 * something is left.
 *
 *-------------------------------------------------------------------------
 */
#include "normalize.h"

#include "normalize_company_tables.h"
#include "normalize_name.h"

/* Words of the longest legal form: "s. de r. l. de c. v." */
#define FORM_WORDS_MAX	7

/* Bytes of the longest legal form, and some. */
#define FORM_MAX		96

/*
 * Where the legal form at the end of a name begins, or 0.  The most words are
 * tried first, so that "de c. v." does not lose its "c. v." alone; the first
 * word of a name is never part of it.
 */
static int
find_suffix(const char *text, int length)
{
	char		joined[FORM_MAX];
	int			beginnings[FORM_WORDS_MAX];
	int			offsets[FORM_WORDS_MAX];
	int			words = 0;
	int			offset = FORM_MAX;
	int			i;

	for (i = length - 1; i > 0 && offset > 0 && words < FORM_WORDS_MAX; i--)
	{
		if (text[i] != ' ')
			joined[--offset] = text[i];
		else
		{
			beginnings[words] = i + 1;
			offsets[words++] = offset;
		}
	}
	while (--words >= 0)
	{
		if (is_in_name_table(suffixes, lengthof(suffixes),
						joined + offsets[words], FORM_MAX - offsets[words]))
			return beginnings[words];
	}
	return 0;
}

/* The length of a name without the legal form that is attached to its end. */
static int
cut_attached_end(const char *text, int length)
{
	for (int i = 0; i < (int) lengthof(attached_ends); i++)
	{
		int			end = length - (int) strlen(attached_ends[i]);

		if (end > 0 && memcmp(text + end, attached_ends[i], length - end) == 0)
			return end;
	}
	return length;
}

/* The length of a name without one legal form at its end. */
static int
cut_suffix(const char *text, int length)
{
	int			start = find_suffix(text, length);

	if (start == 0)
		return IS_HIGHBIT_SET(text[length - 1]) ? cut_attached_end(text, length) : length;
	length = start - 1;
	if (length > 4 && memcmp(text + length - 4, " and", 4) == 0)
		length -= 4;
	return length;
}

/* Where a name begins without the legal form that is attached to its beginning. */
static int
skip_attached_beginning(const char *text, int length)
{
	for (int i = 0; i < (int) lengthof(attached_beginnings); i++)
	{
		int			form = strlen(attached_beginnings[i]);

		if (form < length && memcmp(text, attached_beginnings[i], form) == 0)
			return form + (text[form] == ' ' ? 1 : 0);
	}
	return 0;
}

/* Where a name begins without one legal form at its beginning. */
static int
skip_prefix(const char *text, int length)
{
	char		joined[FORM_MAX];
	int			found = 0;
	int			words = 0;
	int			joined_length = 0;

	for (int i = 0; i < length && joined_length < FORM_MAX && words < FORM_WORDS_MAX; i++)
	{
		if (text[i] != ' ')
			joined[joined_length++] = text[i];
		else
		{
			words++;
			if (is_in_name_table(prefixes, lengthof(prefixes), joined, joined_length))
				found = i + 1;
		}
	}
	if (found == 0 && IS_HIGHBIT_SET(text[0]))
		found = skip_attached_beginning(text, length);
	return found;
}

/* Take away what a company's name begins and ends with. */
static void
strip_legal_forms(NameKey *key)
{
	int			start = 0;
	int			end = key->length;

	if (end > 4 && memcmp(key->text, "the ", 4) == 0)
		start = 4;
	for (int cut; (cut = cut_suffix(key->text + start, end - start)) < end - start;)
		end = start + cut;
	for (int skip; (skip = skip_prefix(key->text + start, end - start)) > 0;)
		start += skip;
	key->length = end - start;
	memmove(key->text, key->text + start, key->length);
}

bool
has_legal_form(const char *name, int length)
{
	NameKey		key;
	int			before;

	read_name(&key, name, length);
	before = key.length;
	if (before > 0)
		strip_legal_forms(&key);
	pfree(key.text);
	return key.length < before;
}

/* The form by which names of companies are compared, or NULL. */
char *
normalize_company(const char *name, int length)
{
	NameKey		key;

	read_name(&key, name, length);
	if (key.length > 0)
		strip_legal_forms(&key);
	return finish_name(&key);
}

/* The form of a person in a company, or NULL unless both have one. */
char *
normalize_company_and_name(const char *company, int company_length,
						   const char *name, int name_length)
{
	NameKey		key;
	char	   *company_key = normalize_company(company, company_length);
	char	   *name_key;

	if (company_key == NULL)
		return NULL;
	name_key = normalize_name(name, name_length);
	if (name_key == NULL)
	{
		pfree(company_key);
		return NULL;
	}
	key.text = psprintf("%s|%s", company_key, name_key);
	pfree(company_key);
	pfree(name_key);
	key.length = strlen(key.text);
	key.capacity = key.length + 1;
	return finish_name(&key);
}
