/*-------------------------------------------------------------------------
 *
 * normalize_name.c
 *	  Names: what is left of them without case, accents and punctuation.
 *
 * ASCII and the Latin letters of European languages are looked up in tables,
 * ideographs stay as they are.  Whatever else there is goes through Unicode's
 * compatibility decomposition in pieces of bounded size, so that the time is
 * linear in the length of the name, and the memory is bounded.
 *
 *-------------------------------------------------------------------------
 */
#include "normalize.h"

#include "common/hashfn.h"
#include "common/md5.h"
#include "common/unicode_norm.h"
#include "miscadmin.h"
#include "normalize_name.h"
#include "normalize_text.h"

/* A longer key is replaced by its beginning and a digest. */
#define KEY_MAX				512
#define KEY_BEGINNING		200

/* What is longer than this while it is being read is replaced at once. */
#define KEY_READ_MAX		65536

#define DIGEST_LENGTH		32	/* hexadecimal digits */

/*
 * How many characters are decomposed at a time.  Combining marks are sorted in
 * quadratic time, so this is small, yet longer than any word that has many.
 */
#define PIECE_MAX			64

/* Characters to be decomposed. */
typedef struct NamePiece
{
	pg_wchar	text[PIECE_MAX + 1];
	int			length;
} NamePiece;

/*
 * Decompositions that are not wanted: of a trade mark's sign into letters, of
 * an acute accent in place of an apostrophe into a space.
 */
#define ACUTE_ACCENT	0x00B4
#define SERVICE_MARK	0x2120
#define TRADE_MARK		0x2122

#define FINAL_SIGMA		0x03C2
#define SIGMA			0x03C3

#define LATIN_FIRST		0x00C0
#define LATIN_LAST		0x017F

/* The base letters of Latin-1 and Latin Extended-A; "" separates words. */
static const char latin_letters[LATIN_LAST - LATIN_FIRST + 1][3] = {
	"a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e",
	"i", "i", "i", "i", "d", "n", "o", "o", "o", "o", "o", "",
	"o", "u", "u", "u", "u", "y", "th", "ss", "a", "a", "a", "a",
	"a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i",
	"d", "n", "o", "o", "o", "o", "o", "", "o", "u", "u", "u",
	"u", "y", "th", "y", "a", "a", "a", "a", "a", "a", "c", "c",
	"c", "c", "c", "c", "c", "c", "d", "d", "d", "d", "e", "e",
	"e", "e", "e", "e", "e", "e", "e", "e", "g", "g", "g", "g",
	"g", "g", "g", "g", "h", "h", "h", "h", "i", "i", "i", "i",
	"i", "i", "i", "i", "i", "i", "ij", "ij", "j", "j", "k", "k",
	"k", "l", "l", "l", "l", "l", "l", "l", "l", "l", "l", "n",
	"n", "n", "n", "n", "n", "n", "n", "n", "o", "o", "o", "o",
	"o", "o", "oe", "oe", "r", "r", "r", "r", "r", "r", "s", "s",
	"s", "s", "s", "s", "s", "s", "t", "t", "t", "t", "t", "t",
	"u", "u", "u", "u", "u", "u", "u", "u", "u", "u", "u", "u",
	"w", "w", "y", "y", "y", "z", "z", "z", "z", "z", "z", "s"
};

/* Make room for some more bytes. */
static inline void
reserve(NameKey *key, int length)
{
	if (key->length + length <= key->capacity)
		return;
	key->capacity = (key->length + length) * 2;
	key->text = repalloc(key->text, key->capacity);
}

/* Append some bytes that are part of a word. */
static void
append_word(NameKey *key, const char *bytes, int length)
{
	reserve(key, length + 5);
	if (key->space && key->length > 0)
	{
		key->text[key->length++] = ' ';
		if (key->and)
		{
			memcpy(key->text + key->length, "and ", 4);
			key->length += 4;
		}
	}
	key->space = false;
	key->and = false;
	memcpy(key->text + key->length, bytes, length);
	key->length += length;
	if (key->length > KEY_READ_MAX)
		shorten_name(key);
}

/* Append a character in ASCII. */
static inline void
append_ascii(NameKey *key, char c)
{
	if (c >= 'A' && c <= 'Z')
		c += 'a' - 'A';
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
	{
		if (key->space || key->length >= KEY_READ_MAX || key->length == key->capacity)
			append_word(key, &c, 1);
		else
			key->text[key->length++] = c;
	}
	else if (c != '\'' && c != '`')
	{
		key->space = true;
		if (c == '&' || c == '+')
			key->and = true;
	}
}

/* Append the base letter of a Latin letter. */
static void
append_latin(NameKey *key, pg_wchar c)
{
	const char *letters = latin_letters[c - LATIN_FIRST];

	if (letters[0] == '\0')
		key->space = true;
	else
		append_word(key, letters, letters[1] == '\0' ? 1 : 2);
}

/* Append a character outside ASCII and the Latin letters, unless it is a sign. */
static void
append_foreign(NameKey *key, pg_wchar c)
{
	char		class = word_class(c);
	char		bytes[CHARACTER_MAX];

	if (class == CLASS_WORD)
		append_word(key, bytes, put_character(bytes, c));
	else if (class == CLASS_SEPARATOR)
		key->space = true;
}

/* Append a character of decomposed text. */
static void
append_decomposed(NameKey *key, pg_wchar c)
{
	if (c < 0x80)
	{
		append_ascii(key, (char) c);
		return;
	}
	c = fold_case(c);
	if (c == FINAL_SIGMA)
		c = SIGMA;
	if (c >= LATIN_FIRST && c <= LATIN_LAST)
		append_latin(key, c);
	else
		append_foreign(key, c);
}

/* Decompose and append what has been put aside. */
static void
flush_piece(NameKey *key, NamePiece *piece)
{
	pg_wchar   *decomposed;

	if (piece->length == 0)
		return;
	CHECK_FOR_INTERRUPTS();		/* there can be millions of pieces */
	piece->text[piece->length] = 0;
	decomposed = unicode_normalize(UNICODE_NFKD, piece->text);
	for (pg_wchar *c = decomposed; *c != 0; c++)
		append_decomposed(key, *c);
	pfree(decomposed);
	piece->length = 0;
}

/* Is it a combining mark that means an accent on whatever it follows? */
static inline bool
is_accent(pg_wchar c)
{
	return c >= 0x0300 && c <= 0x036F;
}

/* Is it one of the frequent characters that decompose into themselves? */
static inline bool
is_decomposed(pg_wchar c)
{
	return (c >= 0x4E00 && c <= 0x9FFF) ||	/* ideographs */
		(c >= 0x0410 && c <= 0x044F && (c | 0x20) != 0x0439) || /* Cyrillic */
		(c >= 0x0391 && c <= 0x03C9 && (c < 0x03AA || c > 0x03B0)) ||	/* Greek */
		(c >= 0x0627 && c <= 0x063A) || /* Arabic */
		(c >= 0x2012 && c <= 0x2022 && c != 0x2017) ||	/* dashes, quotes */
		c == 0x00AB || c == 0x00BB; /* more quotes */
}

/* Append a character outside ASCII, now or with the piece. */
static void
add_character(NameKey *key, NamePiece *piece, pg_wchar c)
{
	if ((c >= LATIN_FIRST && c <= LATIN_LAST) || is_decomposed(c))
	{
		flush_piece(key, piece);
		append_decomposed(key, c);
		return;
	}
	if (is_accent(c) || c == ACUTE_ACCENT || c == NOT_A_CHARACTER)
		return;
	if (c == SERVICE_MARK || c == TRADE_MARK)
		c = ' ';
	piece->text[piece->length++] = c;
	if (piece->length == PIECE_MAX)
		flush_piece(key, piece);
}

/* Begin a key, and read the name into it. */
void
read_name(NameKey *key, const char *name, int length)
{
	const char *end = name + length;
	NamePiece	piece;

	piece.length = 0;
	key->capacity = Min(length, KEY_READ_MAX) + 64;
	key->text = palloc(key->capacity);
	key->length = 0;
	key->space = false;
	key->and = false;
	while (name < end)
	{
		if (IS_HIGHBIT_SET(*name))
			add_character(key, &piece, next_character(&name, end));
		else
		{
			flush_piece(key, &piece);
			append_ascii(key, *name++);
		}
	}
	flush_piece(key, &piece);
}

/* Where to cut the text so that it has at most so many bytes, and no half characters. */
static int
cut_length(const NameKey *key, int length)
{
	while (length > 0 && IS_HIGHBIT_SET(key->text[length]) &&
		   (key->text[length] & 0x40) == 0)
		length--;
	return length;
}

/*
 * Write a digest of the key.  A server that is held to approved cryptography
 * has no MD5; it then must be another digest, for a key cannot fail.
 */
static void
write_digest(const NameKey *key, char *target)
{
	const unsigned char *bytes = (const unsigned char *) key->text;
	const char *failure = NULL;

	if (pg_md5_hash(key->text, key->length, target, &failure))
		return;
	snprintf(target, DIGEST_LENGTH + 1, "%016" INT64_MODIFIER "x%016" INT64_MODIFIER "x",
			 hash_bytes_extended(bytes, key->length, 0),
			 hash_bytes_extended(bytes, key->length, 1));
}

/* Replace a key by its beginning and a digest of the whole. */
void
shorten_name(NameKey *key)
{
	char		digest[DIGEST_LENGTH + 1];

	write_digest(key, digest);
	key->length = cut_length(key, KEY_BEGINNING);
	key->text[key->length++] = '#';
	memcpy(key->text + key->length, digest, DIGEST_LENGTH);
	key->length += DIGEST_LENGTH;
}

/* The finished key, or NULL if nothing is left of the name. */
char *
finish_name(NameKey *key)
{
	if (key->length == 0)
	{
		pfree(key->text);
		return NULL;
	}
	if (key->length > KEY_MAX)
		shorten_name(key);
	reserve(key, 1);
	key->text[key->length] = '\0';
	return key->text;
}

bool
is_in_name_table(const char *const *table, int size, const char *text, int length)
{
	int			low = 0;
	int			high = size;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		const char *entry = table[middle];
		int			order = (unsigned char) *text - (unsigned char) *entry;

		if (order == 0)
			order = strncmp(text, entry, length);
		if (order == 0 && entry[length] == '\0')
			return true;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}
