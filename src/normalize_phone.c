/*-------------------------------------------------------------------------
 *
 * normalize_phone.c
 *	  Phone numbers: are they plausible, and when are two the same.
 *
 * One walk reads the digits, whatever they are separated by and written in.
 * A number that starts with "+" then has an E.164 form; what a national number
 * means depends on the country's numbering plan: see phone.c.
 *
 *-------------------------------------------------------------------------
 */
#include "normalize.h"
#include "normalize_text.h"

/*
 * An international number, country code included.  E.164 allows 15 digits and
 * names no least number; the shortest that are in use (company numbers such as
 * +98 9601) have 6.
 */
#define INTERNATIONAL_MIN	6
#define INTERNATIONAL_MAX	15

/* A national number as it is dialled: prefixes may come before it. */
#define NATIONAL_MIN		4
#define NATIONAL_MAX		20

/* A number in letters, such as 1-800-FLOWERS. */
#define VANITY_DIGITS_MIN	3
#define VANITY_MIN			7
#define VANITY_MAX			15

#define EXTENSION_MAX		11	/* digits */
#define INPUT_MAX			250 /* bytes */

/* What is read of a number. */
typedef struct PhoneNumber
{
	bool		international;	/* starts with "+" */
	bool		misplaced_plus; /* there is another "+" */
	bool		bad_character;	/* something that is not part of a number */
	char		digits[NATIONAL_MAX + 1];	/* the first ones; of letters, those of
										 * the keys that have them */
	int			digit_count;	/* all of them */
	int			letter_count;
	int			leading_digits; /* before the first letter */
} PhoneNumber;

/* Dashes, dots and brackets outside ASCII that people put between digits. */
static bool
is_foreign_separator(pg_wchar c)
{
	switch (c)
	{
		case 0x00B7:			/* middle dot */
		case 0x2022:			/* bullet */
		case 0x2043:			/* hyphen bullet */
		case 0x2044:			/* fraction slash */
		case 0x2053:			/* swung dash */
		case 0x2212:			/* minus sign */
		case 0x2215:			/* division slash */
		case 0x223C:			/* tilde operator */
		case 0x30FC:			/* katakana prolonged sound mark */
		case 0x301C:			/* wave dash */
		case 0xFE58:			/* small em dash */
		case 0xFE63:			/* small hyphen-minus */
			return true;
		default:
			return (c >= 0x2010 && c <= 0x2015) || is_space(c) || is_invisible(c);
	}
}

/*
 * The ASCII character that stands for the one at *position: digits of other
 * scripts and full-width forms have one, separators become a space, everything
 * else a "?".
 */
static char
next_phone_character(const char **position, const char *end)
{
	pg_wchar	c = next_character(position, end);

	if (c >= 0xFF01 && c <= 0xFF5E)
		c -= 0xFF01 - '!';
	if (c < 0x80)
		return is_space(c) || (c != 0 && strchr("-./[]~", (int) c) != NULL) ? ' ' : (char) c;
	if (c >= 0x0660 && c <= 0x0669) /* Arabic-Indic */
		return '0' + (c - 0x0660);
	if (c >= 0x06F0 && c <= 0x06F9) /* extended Arabic-Indic */
		return '0' + (c - 0x06F0);
	if (c >= 0x0966 && c <= 0x096F) /* Devanagari */
		return '0' + (c - 0x0966);
	return is_foreign_separator(c) ? ' ' : '?';
}

/* Write the number in ASCII, as above, without spaces at its beginning. */
static int
simplify(TextSpan span, char *target)
{
	int			length = 0;

	for (const char *p = span.start; p < span.end;)
	{
		char		c = next_phone_character(&p, span.end);

		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		if (c != ' ' || length > 0)
			target[length++] = c;
	}
	target[length] = '\0';
	return length;
}

/* Skip a word if the text begins with it. */
static const char *
skip_word(const char *text, const char *word)
{
	size_t		length = strlen(word);

	return strncmp(text, word, length) == 0 ? text + length : text;
}

/* Is the rest of the number an extension, with its mark? */
static bool
is_extension(const char *text)
{
	const char *rest = text;
	const char *word;
	int			digits = 0;

	if (*rest == ',' || *rest == ';')
		rest += strspn(rest, ",; ");
	else if (*rest == '#')
		rest++;
	word = skip_word(rest, "ext");
	if (word > rest)
	{
		rest = skip_word(word, "ension");
		if (rest == word)
			rest = skip_word(word, "n");
	}
	else
		rest = skip_word(rest, "x");
	if (rest == text)
		return false;
	for (; *rest != '\0'; rest++)
	{
		if (*rest >= '0' && *rest <= '9')
			digits++;
		else if (strchr(" :=()#", *rest) == NULL)
			return false;
	}
	return digits <= EXTENSION_MAX;
}

/* Are the digits exactly one of the country codes of the ITU? */
static bool
is_country_code(const char *digits, int count)
{
	static const char *const two_digits =
		"20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 "
		"51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 "
		"81 82 84 86 90 91 92 93 94 95 98 ";
	char		code[4] = {0};

	if (count < 1 || count > 3)
		return false;
	if (digits[0] == '1' || digits[0] == '7')
		return count == 1;
	if (count == 1)
		return false;
	memcpy(code, digits, 2);
	code[2] = ' ';
	return (strstr(two_digits, code) != NULL) == (count == 2);
}

/*
 * Where a "(0)" ends that begins here and is to be left out, else NULL.  It is
 * the prefix of calls inside the country, as in +49 (0)30.  In Italy the 0 is
 * part of the number itself.
 */
static const char *
skip_trunk_prefix(const PhoneNumber *number, const char *text)
{
	if (!number->international || *text != '(' ||
		!is_country_code(number->digits, number->digit_count) ||
		strncmp(number->digits, "39", 2) == 0)
		return NULL;
	text++;
	text += strspn(text, " ");
	if (*text++ != '0')
		return NULL;
	text += strspn(text, " ");
	return *text == ')' ? text + 1 : NULL;
}

/* Keep a digit, if there is still room. */
static void
put_digit(PhoneNumber *number, char digit)
{
	int			place = number->digit_count + number->letter_count;

	if (place < NATIONAL_MAX)
		number->digits[place] = digit;
}

/* Count a digit or a letter. */
static void
add_symbol(PhoneNumber *number, char c)
{
	/* the keys of a telephone that have the letters: ITU-T E.161 */
	static const char keypad[] = "22233344455566677778889999";

	if (c >= '0' && c <= '9')
	{
		put_digit(number, c);
		number->digit_count++;
		if (number->letter_count == 0)
			number->leading_digits++;
	}
	else if (c >= 'a' && c <= 'z')
	{
		put_digit(number, keypad[c - 'a']);
		number->letter_count++;
	}
	else if (c == '+')
		number->misplaced_plus = true;
	else if (strchr(" ()", c) == NULL)
		number->bad_character = true;
}

/* Skip what may come before the first digit; notes a "+". */
static const char *
skip_beginning(PhoneNumber *number, const char *text)
{
	text = skip_word(text, "tel:");
	text += strspn(text, " (");
	number->international = *text == '+';
	return number->international ? text + 1 : text;
}

/* Read a number in simplified writing. */
static void
read_symbols(const char *text, PhoneNumber *number)
{
	memset(number, 0, sizeof(PhoneNumber));
	text = skip_beginning(number, text);
	while (*text != '\0')
	{
		const char *rest;

		if (*text == ' ' || (*text >= '0' && *text <= '9'))
			add_symbol(number, *text++);
		else if (number->digit_count > 0 && is_extension(text))
			break;
		else if ((rest = skip_trunk_prefix(number, text)) != NULL)
			text = rest;
		else
			add_symbol(number, *text++);
	}
	number->digits[Min(number->digit_count + number->letter_count, NATIONAL_MAX)] = '\0';
}

/* Judge the count of digits and letters. */
static const char *
count_problem(const PhoneNumber *number)
{
	int			total = number->digit_count + number->letter_count;

	if (number->letter_count > 0)
	{
		if (number->leading_digits >= VANITY_DIGITS_MIN &&
			total >= VANITY_MIN && total <= VANITY_MAX)
			return NULL;
		return "The number contains letters.";
	}
	if (number->international)
	{
		if (total < INTERNATIONAL_MIN || total > INTERNATIONAL_MAX)
			return "An international number has 6 to 15 digits.";
		if (number->digits[0] == '0')
			return "No country code begins with 0.";
		return NULL;
	}
	if (total < NATIONAL_MIN)
		return "The number has fewer than 4 digits.";
	if (total > NATIONAL_MAX)
		return "The number has more than 20 digits.";
	return NULL;
}

/* Read and judge a number. */
static const char *
read_number(const char *phone, int length, PhoneNumber *number)
{
	TextSpan	span = trim_text(phone, length);
	char		simple[INPUT_MAX + 1];

	if (span.start == span.end)
		return "The number is empty.";
	if (span.end - span.start > INPUT_MAX)
		return "The number is longer than 250 bytes.";
	simplify(span, simple);
	read_symbols(simple, number);
	if (number->bad_character)
		return "The number contains a character that is not allowed there.";
	if (number->misplaced_plus)
		return "There is a \"+\" that is not at the beginning of the number.";
	return count_problem(number);
}

/*
 * Does the part behind the country code begin with what is dialled only inside
 * the country?  Perhaps: the 0 belongs to the number in some countries.
 */
static bool
may_have_trunk_prefix(const char *digits)
{
	static const char *const beginnings[] = {
		"11", "521", "78", "3708", "3758", "9938", "9988"
	};

	for (int i = 0; i < (int) lengthof(beginnings); i++)
	{
		if (skip_word(digits, beginnings[i]) > digits)
			return true;
	}
	for (int length = 1; length <= 3; length++)
	{
		if (is_country_code(digits, length))
			return digits[length] == '0';
	}
	return false;
}

PhoneForm
read_phone(const char *phone, int length, char *result)
{
	PhoneNumber number;

	if (read_number(phone, length, &number) != NULL)
		return PHONE_NONE;
	if (!number.international)
	{
		strlcpy(result, number.digits, PHONE_SIZE);
		return PHONE_NATIONAL;
	}
	if (number.digits[0] == '0')
		return PHONE_NONE;
	result[0] = '+';
	strlcpy(result + 1, number.digits, PHONE_SIZE - 1);
	return may_have_trunk_prefix(number.digits) ? PHONE_INTERNATIONAL_ODD : PHONE_INTERNATIONAL;
}

/* What is wrong with a phone number, or NULL. */
const char *
phone_problem(const char *phone, int length)
{
	PhoneNumber number;

	return read_number(phone, length, &number);
}
