/*-------------------------------------------------------------------------
 *
 * normalize.c
 *	  What the normal forms have in common: UTF-8, white space, case.
 *
 * Nothing in here asks the locale or the server's settings, so that a key is
 * the same in every database.
 *
 *-------------------------------------------------------------------------
 */
#include "normalize.h"
#include "normalize_tables.h"
#include "normalize_text.h"

/*
 * Take one character and move on.  A byte that begins no character is skipped
 * alone, so that whatever follows it is found.
 */
pg_wchar
next_character(const char **position, const char *end)
{
	const unsigned char *p = (const unsigned char *) *position;
	int			length;

	if (*p < 0x80)
	{
		(*position)++;
		return *p;
	}
	length = pg_utf_mblen(p);
	if (length > end - *position || !pg_utf8_islegal(p, length))
	{
		(*position)++;
		return NOT_A_CHARACTER;
	}
	*position += length;
	return utf8_to_unicode(p);
}

/* Write one character, which takes at most CHARACTER_MAX bytes; return how many. */
int
put_character(char *target, pg_wchar c)
{
	if (c < 0x80)
	{
		*target = (char) c;
		return 1;
	}
	unicode_to_utf8(c, (unsigned char *) target);
	return pg_utf_mblen((unsigned char *) target);
}

/* Does the character take no room and have no meaning of its own? */
bool
is_invisible(pg_wchar c)
{
	switch (c)
	{
		case 0x00AD:			/* soft hyphen */
		case 0x034F:			/* combining grapheme joiner */
		case 0x061C:			/* Arabic letter mark */
		case 0x180E:			/* Mongolian vowel separator */
		case 0xFEFF:			/* byte order mark */
			return true;
		default:
			return (c >= 0x200B && c <= 0x200F) ||	/* zero width, direction */
				(c >= 0x202A && c <= 0x202E) || /* direction */
				(c >= 0x2060 && c <= 0x206F);	/* word joiner and others */
	}
}

/* Is the character white space, by Unicode's White_Space property? */
bool
is_space(pg_wchar c)
{
	if (c < 0x80)
		return c == ' ' || (c >= '\t' && c <= '\r');
	switch (c)
	{
		case 0x0085:
		case 0x00A0:
		case 0x1680:
		case 0x2028:
		case 0x2029:
		case 0x202F:
		case 0x205F:
		case 0x3000:
			return true;
		default:
			return c >= 0x2000 && c <= 0x200A;
	}
}

/* Leave out what is blank at the end of the span. */
static const char *
skip_blanks_backward(const char *start, const char *end)
{
	while (end > start)
	{
		const char *character = end - 1;
		const char *position;
		pg_wchar	c;

		while (character > start && end - character < CHARACTER_MAX &&
			   IS_HIGHBIT_SET(*character) && (*character & 0x40) == 0)
			character--;
		position = character;
		c = next_character(&position, end);
		if (position != end || !(is_space(c) || is_invisible(c)))
			break;
		end = character;
	}
	return end;
}

/* The text without white space and invisible characters around it. */
TextSpan
trim_text(const char *text, int length)
{
	TextSpan	span = {text, text + length};

	while (span.start < span.end)
	{
		const char *position = span.start;
		pg_wchar	c = next_character(&position, span.end);

		if (!is_space(c) && !is_invisible(c))
			break;
		span.start = position;
	}
	span.end = skip_blanks_backward(span.start, span.end);
	return span;
}

/* Nothing but ASCII? */
bool
span_is_ascii(TextSpan span)
{
	for (const char *p = span.start; p < span.end; p++)
	{
		if (IS_HIGHBIT_SET(*p))
			return false;
	}
	return true;
}

/* The lower case of a character; most are their own. */
pg_wchar
fold_case(pg_wchar c)
{
	int			low = 0;
	int			high = lengthof(case_ranges);

	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
	while (low < high)
	{
		int			middle = (low + high) / 2;
		const CaseRange *range = &case_ranges[middle];

		if (c < range->first)
			high = middle;
		else if (c > range->last)
			low = middle + 1;
		else
			return (c - range->first) % range->step == 0 ? c + range->delta : c;
	}
	return c;
}

/* What a character outside ASCII is for a name; the text is decomposed. */
char
word_class(pg_wchar c)
{
	int			low = 0;
	int			high = lengthof(class_ranges);

	while (low < high)
	{
		int			middle = (low + high) / 2;
		const ClassRange *range = &class_ranges[middle];

		if (c < range->first)
			high = middle;
		else if (c > range->last)
			low = middle + 1;
		else
			return range->class;
	}
	return CLASS_WORD;
}

/* Is there nothing to be seen in the text? */
bool
text_is_blank(const char *text, int length)
{
	TextSpan	span = trim_text(text, length);

	return span.start == span.end;
}
