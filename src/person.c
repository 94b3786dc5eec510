/*-------------------------------------------------------------------------
 *
 * person.c
 *	  A person prepared for comparison: words without case and accents, what
 *	  they weigh, and numbers as digits.
 *
 *-------------------------------------------------------------------------
 */
#include "person.h"

#include "normalize.h"
#include "normalize_text.h"

/* What is looked at of a field, and what is kept of a part; in bytes. */
#define FIELD_BYTES		256
#define PART_BYTES		128

#define PHONE_DIGITS	15

/* A person in the making. */
typedef struct Builder
{
	Person	   *head;			/* without words */
	Word		words[PERSON_WORDS];
	char		text[PERSON_PARTS * PART_BYTES];
	int			length;
} Builder;

/* At most so many bytes of a longer text, not cut inside of a character. */
static int
cut_length(const char *text, int length)
{
	while (length > 0 && IS_HIGHBIT_SET(text[length]) && (text[length] & 0x40) == 0)
		length--;
	return length;
}

/* A letter in ASCII, whatever the locale. */
static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* How many bytes of a field are looked at. */
static int
field_length(const PersonText *text, PersonField field)
{
	const char *data = text->data[field];
	int			length = text->length[field];

	if (data == NULL || length <= 0)
		return 0;
	return length <= FIELD_BYTES ? length : cut_length(data, FIELD_BYTES);
}

/* How many characters; which of them, as a bit set; and what kind. */
static int
inspect_word(Word *word, const char *text)
{
	const char *end = text + word->length;
	int			count = 0;

	word->letters = 0;
	word->flags = WORD_ASCII;
	while (text < end)
	{
		pg_wchar	c = next_character(&text, end);

		count++;
		if (c >= '0' && c <= '9')
			word->flags |= WORD_NUMBER;
		else if (c >= 0x80)
			word->flags &= ~WORD_ASCII;
		word->letters |= 1U << (c & 31);
	}
	return count;
}

/* Words of scripts with more letters than the alphabet say more. */
static double
plain_bits(const Word *word, int letters)
{
	if (!(word->flags & WORD_ASCII))
		return Min(6.0 + 2 * letters, 14);
	switch (letters)
	{
		case 1:
			return 3;
		case 2:
			return 5;
		case 3:
			return 6;
		default:
			return 8;
	}
}

static double
name_bits(Word *word, const char *text, int letters)
{
	int			known = name_weight(text, word->length);

	if (nickname_groups(text, word->length, word->groups) || known > 0)
		word->flags |= WORD_KNOWN;
	if (is_minor_name(text, word->length))
	{
		word->flags |= WORD_MINOR;
		return 1;
	}
	if (word->flags & WORD_NUMBER)
		return 3;
	return known > 0 ? known * WEIGHT_UNIT : plain_bits(word, letters);
}

static double
company_bits(Word *word, const char *text, int letters)
{
	int			known;

	if (is_minor_company_word(text, word->length))
	{
		word->flags |= WORD_MINOR;
		return 2;
	}
	known = name_weight(text, word->length);
	return known > 0 ? known * WEIGHT_UNIT : plain_bits(word, letters);
}

static double
street_bits(Word *word, const char *text, int letters)
{
	if (is_street_type(text, word->length))
	{
		word->flags |= WORD_MINOR;
		return 1;
	}
	return plain_bits(word, letters);
}

/* Weigh a word. */
static void
weigh_word(Word *word, PersonPart part, const char *text)
{
	int			letters = inspect_word(word, text);
	double		bits;

	memset(word->groups, 0, sizeof(word->groups));
	switch (part)
	{
		case PART_NAME:
			bits = name_bits(word, text, letters);
			break;
		case PART_COMPANY:
			bits = company_bits(word, text, letters);
			break;
		case PART_STREET:
			bits = street_bits(word, text, letters);
			break;
		default:
			bits = plain_bits(word, letters);
			break;
	}
	word->weight = bits / WEIGHT_UNIT;
}

/* Begin a part; words follow. */
static PartSpan *
begin_part(Builder *builder, PersonPart part)
{
	PartSpan   *span = &builder->head->part[part];

	span->offset = builder->length;
	span->first = builder->head->words;
	return span;
}

/* Append a word, as far as there is room. */
static void
add_word(Builder *builder, PersonPart part, const char *text, int length)
{
	PartSpan   *span = &builder->head->part[part];
	int			space = span->words > 0 ? 1 : 0;
	Word	   *word;

	if (length > WORD_LETTERS)
		length = cut_length(text, WORD_LETTERS);
	if (length == 0 || span->words == PART_WORDS || builder->head->words == PERSON_WORDS ||
		span->length + space + length > PART_BYTES)
		return;
	if (space)
		builder->text[builder->length++] = ' ';
	word = &builder->words[builder->head->words++];
	word->offset = builder->length;
	word->length = length;
	memcpy(builder->text + builder->length, text, length);
	builder->length += length;
	weigh_word(word, part, builder->text + word->offset);
	span->words++;
	span->length += space + length;
}

/* Take the next word of a normal form; its length, or 0 at the end. */
static int
next_word(const char **text)
{
	const char *start;

	while (**text == ' ')
		(*text)++;
	start = *text;
	while (**text != ' ' && **text != '\0')
		(*text)++;
	return *text - start;
}

static void
add_words(Builder *builder, PersonPart part, const char *text)
{
	int			length;

	begin_part(builder, part);
	while ((length = next_word(&text)) > 0)
		add_word(builder, part, text - length, length);
}

/* A field that is words and no more. */
static void
add_plain(Builder *builder, PersonPart part, const PersonText *text, PersonField field)
{
	int			length = field_length(text, field);
	char	   *normal = length == 0 ? NULL : normalize_name(text->data[field], length);

	if (normal == NULL)
		return;
	add_words(builder, part, normal);
	pfree(normal);
}

/*
 * Senior, junior, or third, if the name says so behind its first word.  Read
 * from the name as it is: the normal form goes without.
 */
static int
read_generation(const char *name, int length)
{
	char		word[8];
	int			letters = 0;
	int			words = 0;

	for (int i = 0; i <= length; i++)
	{
		char		c = i < length ? name[i] : ' ';
		int			title;

		if (is_letter(c))
		{
			if (letters < (int) sizeof(word))
				word[letters++] = c | 0x20;
			continue;
		}
		if (letters == 0)
			continue;
		title = name_title(word, letters);
		if (words++ > 0 && title > 0)
			return title;
		letters = 0;
	}
	return 0;
}

/* A particle stands before a name; what looks like one at the end is a name. */
static void
weigh_last_name(Builder *builder)
{
	const PartSpan *span = &builder->head->part[PART_NAME];
	Word	   *word;

	if (span->words < 2)
		return;
	word = &builder->words[span->first + span->words - 1];
	if (!(word->flags & WORD_MINOR))
		return;
	word->weight = plain_bits(word, word->length) / WEIGHT_UNIT;
	word->flags &= ~WORD_MINOR;
}

/* The words of a name, without titles unless there is nothing else. */
static void
add_name(Builder *builder, const PersonText *text)
{
	int			length = field_length(text, PERSON_NAME);
	char	   *normal = length == 0 ? NULL : normalize_name(text->data[PERSON_NAME], length);
	const char *rest = normal;

	if (normal == NULL)
		return;
	begin_part(builder, PART_NAME);
	if (is_no_name(normal, strlen(normal)))
		rest += strlen(normal);
	while ((length = next_word(&rest)) > 0)
	{
		if (name_title(rest - length, length) == 0)
			add_word(builder, PART_NAME, rest - length, length);
	}
	builder->head->generation = read_generation(text->data[PERSON_NAME],
												field_length(text, PERSON_NAME));
	if (builder->head->part[PART_NAME].words == 0 && !is_no_name(normal, strlen(normal)))
		add_words(builder, PART_NAME, normal);
	weigh_last_name(builder);
	pfree(normal);
}

static void
add_company(Builder *builder, const PersonText *text)
{
	int			length = field_length(text, PERSON_COMPANY);
	char	   *normal = length == 0 ? NULL : normalize_company(text->data[PERSON_COMPANY], length);

	if (normal == NULL)
		return;
	add_words(builder, PART_COMPANY, normal);
	pfree(normal);
}

static bool
has_digit(const char *text, int length)
{
	for (int i = 0; i < length; i++)
		if (text[i] >= '0' && text[i] <= '9')
			return true;
	return false;
}

/* A street's name and, apart, the numbers that are with it. */
static void
add_street(Builder *builder, const PersonText *text)
{
	int			length = field_length(text, PERSON_STREET);
	char	   *normal = length == 0 ? NULL : normalize_name(text->data[PERSON_STREET], length);

	if (normal == NULL)
		return;
	for (int numbers = 0; numbers <= 1; numbers++)
	{
		PersonPart	part = numbers ? PART_NUMBER : PART_STREET;
		const char *rest = normal;

		begin_part(builder, part);
		while ((length = next_word(&rest)) > 0)
			if (has_digit(rest - length, length) == (numbers == 1))
				add_word(builder, part, rest - length, length);
	}
	pfree(normal);
}

/* Letters and digits alone, in lower case, as one word. */
static void
add_compact(Builder *builder, PersonPart part, const char *data, int length)
{
	const char *end = data + length;
	char		word[WORD_LETTERS + CHARACTER_MAX];
	int			bytes = 0;

	while (data < end && bytes < WORD_LETTERS)
	{
		pg_wchar	c = next_character(&data, end);

		if (c == NOT_A_CHARACTER || is_space(c) || is_invisible(c))
			continue;
		c = fold_case(c);
		if (c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			bytes += put_character(word + bytes, c);
	}
	begin_part(builder, part);
	add_word(builder, part, word, bytes);
}

/* The domain of an address, in lower case. */
static void
add_domain(Builder *builder, const char *data, int length)
{
	char		word[PART_BYTES];
	int			bytes = 0;

	for (int i = 0; i < length && bytes < PART_BYTES; i++)
	{
		char		c = data[i];

		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		if (c != ' ')
			word[bytes++] = c;
	}
	begin_part(builder, PART_DOMAIN);
	if (is_free_mail(word, bytes))
		builder->head->mailbox |= MAILBOX_FREE;
	add_word(builder, PART_DOMAIN, word, bytes);
}

/* Does the domain end with one that nobody can have? */
static bool
is_reserved(const char *domain, int length)
{
	static const char *const reserved[] = {
		"example.com", "example.net", "example.org", ".test", ".invalid", ".example", ".localhost",
		".local"
	};

	for (int i = 0; i < (int) lengthof(reserved); i++)
	{
		int			end = strlen(reserved[i]);

		if (length >= end && pg_strncasecmp(domain + length - end, reserved[i], end) == 0)
			return true;
	}
	return false;
}

static void
add_email(Builder *builder, const PersonText *text)
{
	int			length = field_length(text, PERSON_EMAIL);
	const char *email = text->data[PERSON_EMAIL];
	int			at = length;
	int			local = 0;

	while (at > 0 && email[at - 1] != '@')
		at--;
	if (at <= 1)
		return;
	while (local < at - 1 && (email[local] != '+' || local == 0))
		local++;
	add_compact(builder, PART_LOCAL, email, local);
	if (!has_part(builder->head, PART_LOCAL))
		return;
	if (is_shared_mailbox(builder->text + builder->head->part[PART_LOCAL].offset,
						  builder->head->part[PART_LOCAL].length))
		builder->head->mailbox |= MAILBOX_SHARED;
	add_domain(builder, email + at, length - at);
	if (is_reserved(email + at, length - at))
		builder->head->mailbox |= MAILBOX_FREE | MAILBOX_NONE;
}

/* The last digits of a number, without its extension. */
static void
add_phone(Builder *builder, const PersonText *text)
{
	int			length = field_length(text, PERSON_PHONE);
	const char *phone = text->data[PERSON_PHONE];
	char		digits[FIELD_BYTES];
	int			count = 0;
	int			start;

	for (int i = 0; i < length; i++)
	{
		if (phone[i] >= '0' && phone[i] <= '9')
			digits[count++] = phone[i];
		else if (count >= 7 && (is_letter(phone[i]) || phone[i] == '#' || phone[i] == ';'))
			break;
	}
	if (count < 5)
		return;
	start = Max(count - PHONE_DIGITS, 0);
	begin_part(builder, PART_PHONE);
	add_word(builder, PART_PHONE, digits + start, count - start);
}

/* A number of two to four digits and what follows it; -1: none. */
static int
read_number(const char **data, const char *end)
{
	int			value = 0;
	int			digits = 0;

	while (*data < end && **data >= '0' && **data <= '9' && digits < 4)
	{
		value = value * 10 + (*(*data)++ - '0');
		digits++;
	}
	if (*data < end && **data == '-')
		(*data)++;
	return digits == 0 ? -1 : value;
}

static void
add_birthday(Builder *builder, const PersonText *text)
{
	const char *data = text->data[PERSON_BIRTHDAY];
	const char *end = data + field_length(text, PERSON_BIRTHDAY);
	int			year;
	int			month;
	int			day;

	if (data == NULL)
		return;
	year = read_number(&data, end);
	month = read_number(&data, end);
	day = read_number(&data, end);
	if (data != end || year < 1 || month < 1 || month > 12 || day < 1 || day > 31)
		return;
	builder->head->year = year;
	builder->head->month = month;
	builder->head->day = day;
}

/* One chunk of what has been gathered. */
static Person *
finish_person(const Builder *builder)
{
	Size		words = builder->head->words * sizeof(Word);
	Size		size = MAXALIGN(offsetof(Person, word) + words + builder->length);
	Person	   *person = palloc0(size);

	memcpy(person, builder->head, offsetof(Person, word));
	memcpy(person->word, builder->words, words);
	memcpy((char *) person->word + words, builder->text, builder->length);
	person->size = size;
	pfree(builder->head);
	return person;
}

Person *
person_prepare(const PersonText *text)
{
	Builder		builder;

	builder.head = palloc0(sizeof(Person));
	builder.length = 0;
	add_name(&builder, text);
	add_email(&builder, text);
	add_phone(&builder, text);
	add_company(&builder, text);
	add_street(&builder, text);
	add_plain(&builder, PART_CITY, text, PERSON_CITY);
	add_plain(&builder, PART_REGION, text, PERSON_REGION);
	add_compact(&builder, PART_POSTAL_CODE, text->data[PERSON_POSTAL_CODE],
				field_length(text, PERSON_POSTAL_CODE));
	add_plain(&builder, PART_COUNTRY, text, PERSON_COUNTRY);
	add_plain(&builder, PART_JOB_TITLE, text, PERSON_JOB_TITLE);
	add_birthday(&builder, text);
	return finish_person(&builder);
}

Size
person_size(const Person *person)
{
	return person->size;
}
