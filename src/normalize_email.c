/*-------------------------------------------------------------------------
 *
 * normalize_email.c
 *	  E-mail addresses: are they well-formed, and when are two the same.
 *
 * One walk does both.  An address in ASCII takes a path of its own that only
 * looks at bytes; any other is decoded, composed (NFC before the "@", NFKC
 * behind it), folded, and its domain written in the ASCII form of RFC 3492.
 *
 *-------------------------------------------------------------------------
 */
#include "normalize.h"

#include "common/unicode_norm.h"
#include "normalize_text.h"

#define ADDRESS_MAX			254 /* characters: RFC 5321, errata 1690 */
#define LOCAL_PART_MAX		64	/* bytes */
#define DOMAIN_MAX			253 /* bytes in the ASCII form */
#define LABEL_MAX			63	/* bytes in the ASCII form */

/* Composing and folding make at most three times as many bytes. */
#define LOCAL_KEY_MAX		(3 * LOCAL_PART_MAX)

/* Room for a key, and for the label that turns out to be too much. */
#define KEY_SIZE			(LOCAL_KEY_MAX + 1 + DOMAIN_MAX + 1 + LABEL_MAX + 1)

/* An address longer than this many bytes is too long whatever is in it. */
#define INPUT_MAX			(4 * ADDRESS_MAX)

/* Parameters of the punycode encoding: RFC 3492, section 5. */
#define PUNYCODE_BASE			36
#define PUNYCODE_TMIN			1
#define PUNYCODE_TMAX			26
#define PUNYCODE_SKEW			38
#define PUNYCODE_DAMP			700
#define PUNYCODE_INITIAL_BIAS	72
#define PUNYCODE_INITIAL_N		0x80

static const char too_long[] = "The address is longer than 254 characters.";
static const char no_at_sign[] = "There is no \"@\" in the address.";
static const char local_empty[] = "The part before \"@\" is empty.";
static const char local_too_long[] = "The part before \"@\" is longer than 64 bytes.";
static const char local_dots[] = "The part before \"@\" begins or ends with a dot, or has two dots in a row.";
static const char local_character[] = "The part before \"@\" contains a character that is not allowed there.";
static const char domain_empty[] = "The part after \"@\" is empty.";
static const char domain_no_dot[] = "The domain has no dot.";
static const char domain_dots[] = "The domain begins or ends with a dot, or has two dots in a row.";
static const char domain_too_long[] = "The domain is longer than 253 characters.";
static const char domain_character[] = "The domain contains a character that is not allowed there.";
static const char label_too_long[] = "A part of the domain is longer than 63 characters.";
static const char label_hyphen[] = "A part of the domain begins or ends with a hyphen.";
static const char top_level[] = "The domain must end in a name of at least two letters.";

/* A key under construction. */
typedef struct EmailKey
{
	char		text[KEY_SIZE];
	int			length;
} EmailKey;

/* A letter, digit or sign that may stand in a local part without quotes. */
static inline bool
is_atom_character(pg_wchar c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') ||
			(c > ' ' && c < 0x7F && strchr("!#$%&'*+-/=?^_`{|}~", (int) c) != NULL);
	if (is_space(c))
		return false;
	return (c >= 0xA1 && c <= 0xD7FF) || (c >= 0xF900 && c <= 0xFFEF);
}

/* Something that may stand between quotes as it is. */
static inline bool
is_quoted_character(pg_wchar c)
{
	if (c < 0x80)
		return c != '"' && c != '\\';
	return is_atom_character(c) || is_space(c);
}

/* Judge the part before the "@" if it stands in quotes. */
static const char *
quoted_part_problem(const pg_wchar *part, int length)
{
	for (int i = 1; i < length - 1; i++)
	{
		if (part[i] == '\\' && i + 1 < length - 1)
			i++;
		else if (!is_quoted_character(part[i]))
			return local_character;
	}
	return NULL;
}

/* Judge the part before the "@". */
static const char *
local_part_problem(const pg_wchar *part, int length)
{
	if (length == 0)
		return local_empty;
	if (length > 1 && part[0] == '"' && part[length - 1] == '"')
		return quoted_part_problem(part, length);
	for (int i = 0; i < length; i++)
	{
		if (part[i] == '.')
		{
			if (i == 0 || i == length - 1 || part[i - 1] == '.')
				return local_dots;
		}
		else if (!is_atom_character(part[i]))
			return local_character;
	}
	return NULL;
}

/* A letter as the last part of a domain has them? */
static inline bool
is_top_level_letter(pg_wchar c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
	return is_atom_character(c) && c != 0xA9;
}

/* Judge the last part of a domain: letters only, or the ASCII form of some. */
static const char *
top_level_problem(const pg_wchar *label, int length)
{
	if (length > 4 && (label[0] | 0x20) == 'x' && (label[1] | 0x20) == 'n' &&
		label[2] == '-' && label[3] == '-')
		return NULL;
	if (length < 2)
		return top_level;
	for (int i = 0; i < length; i++)
	{
		if (!is_top_level_letter(label[i]))
			return top_level;
	}
	return NULL;
}

/* May the character stand in a domain? */
static inline bool
is_domain_character(pg_wchar c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '-';
	return c >= 0xA1 && !is_space(c) && c != NOT_A_CHARACTER &&
		!(c >= 0xFF01 && c <= 0xFF5E);
}

/* Judge one part of a domain. */
static const char *
label_problem(const pg_wchar *label, int length)
{
	if (length == 0)
		return domain_dots;
	if (length > LABEL_MAX)
		return label_too_long;
	for (int i = 0; i < length; i++)
	{
		if (!is_domain_character(label[i]))
			return domain_character;
	}
	if (label[0] == '-' || label[length - 1] == '-')
		return label_hyphen;
	return NULL;
}

/* How punycode adapts its bias: RFC 3492, section 6.1. */
static uint32
punycode_adapt(uint32 delta, uint32 points, bool first)
{
	uint32		k = 0;

	delta = first ? delta / PUNYCODE_DAMP : delta / 2;
	delta += delta / points;
	while (delta > ((PUNYCODE_BASE - PUNYCODE_TMIN) * PUNYCODE_TMAX) / 2)
	{
		delta /= PUNYCODE_BASE - PUNYCODE_TMIN;
		k += PUNYCODE_BASE;
	}
	return k + (PUNYCODE_BASE - PUNYCODE_TMIN + 1) * delta / (delta + PUNYCODE_SKEW);
}

/* Append a byte unless the label is full; return whether it was not. */
static inline bool
label_put(char *target, int *length, char c)
{
	if (*length >= LABEL_MAX)
		return false;
	target[(*length)++] = c;
	return true;
}

/* Append a number in punycode's digits of varying weight. */
static bool
punycode_put_number(char *target, int *length, uint32 number, uint32 bias)
{
	for (uint32 k = PUNYCODE_BASE;; k += PUNYCODE_BASE)
	{
		uint32		t = k <= bias ? PUNYCODE_TMIN :
			Min(k - bias, PUNYCODE_TMAX);
		uint32		digit = number < t ? number : t + (number - t) % (PUNYCODE_BASE - t);

		if (!label_put(target, length, digit < 26 ? 'a' + digit : '0' + digit - 26))
			return false;
		if (number < t)
			return true;
		number = (number - t) / (PUNYCODE_BASE - t);
	}
}

/* The lowest character of the label that is not below the given one. */
static pg_wchar
lowest_character(const pg_wchar *label, int length, pg_wchar least)
{
	pg_wchar	lowest = NOT_A_CHARACTER;

	for (int i = 0; i < length; i++)
	{
		if (label[i] >= least)
			lowest = Min(lowest, label[i]);
	}
	return lowest;
}

/*
 * Write a label of at most LABEL_MAX characters in ASCII form: RFC 3492,
 * section 6.3.  Returns its length, or 0 where that is more than LABEL_MAX.
 * Nothing overflows: a delta is below 64 times the number of characters in
 * Unicode.
 */
static int
punycode_encode(const pg_wchar *label, int length, char *target)
{
	int			written = 4;
	int			basic = 0;
	int			handled;
	uint32		delta = 0;
	uint32		bias = PUNYCODE_INITIAL_BIAS;
	pg_wchar	n = PUNYCODE_INITIAL_N;

	memcpy(target, "xn--", 4);
	for (int i = 0; i < length; i++)
	{
		if (label[i] >= 0x80)
			continue;
		if (!label_put(target, &written, (char) label[i]))
			return 0;
		basic++;
	}
	handled = basic;
	if (basic > 0 && !label_put(target, &written, '-'))
		return 0;

	for (; handled < length; n++, delta++)
	{
		pg_wchar	lowest = lowest_character(label, length, n);

		delta += (lowest - n) * (handled + 1);
		n = lowest;
		for (int i = 0; i < length; i++)
		{
			if (label[i] < n)
				delta++;
			if (label[i] != n)
				continue;
			if (!punycode_put_number(target, &written, delta, bias))
				return 0;
			bias = punycode_adapt(delta, handled + 1, handled == basic);
			delta = 0;
			handled++;
		}
	}
	return written;
}

/* Append a label of a domain in lower case and ASCII. */
static const char *
append_label(EmailKey *key, const pg_wchar *label, int length)
{
	bool		ascii = true;

	for (int i = 0; i < length; i++)
		ascii &= label[i] < 0x80;
	if (!ascii)
	{
		int			written = punycode_encode(label, length, key->text + key->length);

		if (written == 0)
			return label_too_long;
		key->length += written;
		return NULL;
	}
	for (int i = 0; i < length; i++)
		key->text[key->length++] = (char) label[i];
	return NULL;
}

/* Where the label that begins at start ends. */
static int
label_end(const pg_wchar *domain, int length, int start)
{
	while (start < length && domain[start] != '.')
		start++;
	return start;
}

/* Judge a domain as it was typed, with "." for the dots of all scripts. */
static const char *
domain_problem(const pg_wchar *domain, int length)
{
	int			start = 0;
	int			end;
	const char *problem;

	if (length == 0)
		return domain_empty;
	if (label_end(domain, length, 0) == length)
		return domain_no_dot;
	for (;;)
	{
		end = label_end(domain, length, start);
		if ((problem = label_problem(domain + start, end - start)) != NULL)
			return problem;
		if (end == length)
			return top_level_problem(domain + start, end - start);
		start = end + 1;
	}
}

/*
 * Append a domain that is composed and in lower case.  It is judged once more:
 * composing may have brought in what may not stand in a domain.
 */
static const char *
append_domain(EmailKey *key, const pg_wchar *domain, int length)
{
	int			start = 0;
	int			first = key->length;

	for (;;)
	{
		int			end = label_end(domain, length, start);
		const char *problem = label_problem(domain + start, end - start);

		if (problem == NULL)
			problem = append_label(key, domain + start, end - start);
		if (problem != NULL)
			return problem;
		if (key->length - first > DOMAIN_MAX)
			return domain_too_long;
		if (end == length)
			return NULL;
		key->text[key->length++] = '.';
		start = end + 1;
	}
}

/* Is the text in all normal forms?  False for much that is, too. */
static bool
is_plainly_normal(const pg_wchar *text, int length)
{
	for (int i = 0; i < length; i++)
	{
		/* letters with accents, up to the first that stands for two */
		if (text[i] >= 0x80 && (text[i] < 0xC0 || text[i] > 0x0131))
			return false;
	}
	return true;
}

/* The normal form of some characters in lower case; palloc'd. */
static pg_wchar *
compose_and_fold(UnicodeNormalizationForm form, const pg_wchar *text, int length,
				 int *new_length)
{
	pg_wchar   *result = palloc((length + 1) * sizeof(pg_wchar));

	memcpy(result, text, length * sizeof(pg_wchar));
	result[length] = 0;
	if (!is_plainly_normal(text, length))
	{
		pg_wchar   *composed = unicode_normalize(form, result);

		pfree(result);
		result = composed;
		for (length = 0; result[length] != 0; length++)
			;
	}
	for (int i = 0; i < length; i++)
		result[i] = fold_case(result[i]);
	*new_length = length;
	return result;
}

/* Write the key of an address whose two parts are well-formed. */
static const char *
append_parts(EmailKey *key, const pg_wchar *local, int local_length,
			 const pg_wchar *domain, int domain_length)
{
	const char *problem;
	int			length;
	pg_wchar   *text = compose_and_fold(UNICODE_NFC, local, local_length, &length);

	for (int i = 0; i < length && key->length <= LOCAL_KEY_MAX - CHARACTER_MAX; i++)
		key->length += put_character(key->text + key->length, text[i]);
	pfree(text);
	key->text[key->length++] = '@';

	text = compose_and_fold(UNICODE_NFKC, domain, domain_length, &length);
	problem = append_domain(key, text, length);
	pfree(text);
	key->text[key->length] = '\0';
	return problem;
}

/* Decode an address without its invisible characters; -1 if it is too long. */
static int
decode_address(TextSpan span, pg_wchar *address)
{
	int			length = 0;

	for (const char *p = span.start; p < span.end;)
	{
		pg_wchar	c = next_character(&p, span.end);

		if (is_invisible(c) && c != 0x200C && c != 0x200D)
			continue;
		if (length == ADDRESS_MAX)
			return -1;
		address[length++] = c;
	}
	return length;
}

/* Turn the dots of other scripts into ".". */
static void
unify_dots(pg_wchar *domain, int length)
{
	for (int i = 0; i < length; i++)
	{
		if (domain[i] == 0x3002 || domain[i] == 0xFF0E || domain[i] == 0xFF61)
			domain[i] = '.';
	}
}

/* How many bytes the characters take in UTF-8. */
static int
encoded_length(const pg_wchar *text, int length)
{
	char		buffer[CHARACTER_MAX];
	int			result = 0;

	for (int i = 0; i < length; i++)
		result += text[i] == NOT_A_CHARACTER ? 1 : put_character(buffer, text[i]);
	return result;
}

/* Judge an address that is not all ASCII, and write its key. */
static const char *
read_unicode_address(TextSpan span, EmailKey *key)
{
	pg_wchar	address[ADDRESS_MAX];
	pg_wchar   *domain;
	int			length = decode_address(span, address);
	int			at;
	int			domain_length;
	const char *problem;

	if (length < 0)
		return too_long;
	for (at = length - 1; at >= 0 && address[at] != '@'; at--)
		;
	if (at < 0)
		return no_at_sign;
	domain = address + at + 1;
	domain_length = length - at - 1;
	unify_dots(domain, domain_length);
	if (encoded_length(address, at) > LOCAL_PART_MAX)
		return local_too_long;
	if ((problem = local_part_problem(address, at)) != NULL ||
		(problem = domain_problem(domain, domain_length)) != NULL)
		return problem;
	return append_parts(key, address, at, domain, domain_length);
}

/* Judge the two parts of an address in ASCII. */
static const char *
ascii_problem(TextSpan span, int at)
{
	pg_wchar	address[ADDRESS_MAX];
	int			length = span.end - span.start;
	const char *problem;

	for (int i = 0; i < length; i++)
		address[i] = (unsigned char) span.start[i];
	if (at > LOCAL_PART_MAX)
		return local_too_long;
	if ((problem = local_part_problem(address, at)) != NULL)
		return problem;
	return domain_problem(address + at + 1, length - at - 1);
}

/* Judge an address in ASCII, and write its key. */
static const char *
read_ascii_address(TextSpan span, EmailKey *key)
{
	int			length = span.end - span.start;
	int			at;
	const char *problem;

	if (length > ADDRESS_MAX)
		return too_long;
	for (at = length - 1; at >= 0 && span.start[at] != '@'; at--)
		;
	if (at < 0)
		return no_at_sign;
	if ((problem = ascii_problem(span, at)) != NULL)
		return problem;
	for (int i = 0; i < length; i++)
		key->text[i] = (char) fold_case((unsigned char) span.start[i]);
	key->length = length;
	key->text[length] = '\0';
	return NULL;
}

/* Judge an address, and write its key where there is nothing to object to. */
static const char *
read_address(const char *email, int length, EmailKey *key)
{
	TextSpan	span = trim_text(email, length);

	key->length = 0;
	if (span.start == span.end)
		return "The address is empty.";
	if (span.end - span.start > INPUT_MAX)
		return too_long;
	if (span_is_ascii(span))
		return read_ascii_address(span, key);
	return read_unicode_address(span, key);
}

/* The form by which e-mail addresses are compared, or NULL. */
char *
normalize_email(const char *email, int length)
{
	EmailKey	key;

	if (read_address(email, length, &key) != NULL)
		return NULL;
	return pnstrdup(key.text, key.length);
}

/* What is wrong with an e-mail address, or NULL. */
const char *
email_problem(const char *email, int length)
{
	EmailKey	key;

	return read_address(email, length, &key);
}
