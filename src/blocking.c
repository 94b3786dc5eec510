/*-------------------------------------------------------------------------
 *
 * blocking.c
 *	  The blocks of a person: whoever shares none with another is not compared
 *	  with him.
 *
 * Each block rests on other fields, so that a pair whose one or two fields are
 * wrong still shares one; and each is made of enough to be small in a large
 * base: never of a name, a city, or a company alone.
 *
 *-------------------------------------------------------------------------
 */
#include "person.h"

#include "common/hashfn.h"

#include "normalize_text.h"

/* What a block is made of; part of its hash. */
typedef enum BlockKind
{
	BLOCK_PHONE = 1,
	BLOCK_EMAIL,
	BLOCK_NAMES,
	BLOCK_BIRTHDAY,
	BLOCK_ADDRESS,
	BLOCK_NAME_AND_PLACE,
	BLOCK_NAME_AND_EMPLOYER,
	BLOCK_SINGLE_NAME,
	BLOCK_YEAR
} BlockKind;

typedef struct BlockList
{
	uint64	   *blocks;
	int			count;
} BlockList;

static uint64
hash_text(const char *text, int length, uint64 seed)
{
	return hash_bytes_extended((const unsigned char *) text, length, seed);
}

static void
add_block(BlockList *list, BlockKind kind, uint64 hash)
{
	hash = hash_combine64(hash, kind);
	for (int i = 0; i < list->count; i++)
		if (list->blocks[i] == hash)
			return;
	if (list->count < MAX_PERSON_BLOCKS)
		list->blocks[list->count++] = hash;
}

/*
 * The sound of a letter, or 0: vowels and what is often silent.  Coarse, for
 * many languages: b and p, d and t, g, k, and q, f, v, and w are one.
 */
static char
sound_of(char c)
{
	static const char sounds[] = "\0pkt\0fk\0\0\0klmn\0pkrst\0ffs\0s";

	return c >= 'a' && c <= 'z' ? sounds[c - 'a'] : c;
}

/* Letters that make one sound: their length and the sound, or 0. */
static int
read_cluster(const char *text, int length, char *sound)
{
	static const struct
	{
		const char *letters;
		char		sound;
	}			clusters[] = {
		{"tsch", 's'}, {"sch", 's'}, {"tch", 's'}, {"ch", 's'}, {"sh", 's'}, {"zh", 's'},
		{"cz", 's'}, {"sz", 's'}, {"tz", 's'}, {"ts", 's'}, {"hs", 's'}, {"ce", 's'}, {"ci", 's'},
		{"ck", 'k'}, {"gh", 0}, {"dg", 'k'}, {"ph", 'f'}, {"th", 't'}, {"dt", 't'}
	};

	for (int i = 0; i < (int) lengthof(clusters); i++)
	{
		int			letters = strlen(clusters[i].letters);

		if (letters <= length && text[0] == clusters[i].letters[0] &&
			memcmp(text, clusters[i].letters, letters) == 0)
		{
			*sound = clusters[i].sound;
			return letters;
		}
	}
	return 0;
}

#define SOUNDS	5

/* The sound of a word, as a hash; of other scripts the word itself. */
static uint64
sound_hash(const char *text, int length)
{
	char		sounds[SOUNDS];
	int			count = 0;
	char		last = 0;

	for (int i = 0; i < length && count < SOUNDS;)
	{
		char		sound = 0;
		int			letters = read_cluster(text + i, length - i, &sound);

		if (IS_HIGHBIT_SET(text[i]))
			return hash_text(text, length, 0);
		if (letters == 0)
		{
			sound = sound_of(text[i]);
			letters = 1;
		}
		if (sound == 0 && i == 0)
			sound = 'a';
		if (sound != 0 && sound != last)
			sounds[count++] = sound;
		if (sound != 0)
			last = sound;
		i += letters;
	}
	return hash_text(sounds, count, 0);
}

static uint64
word_hash(const Person *person, const Word *word)
{
	return sound_hash(person_text(person) + word->offset, word->length);
}

/* The sound of a name; a nickname sounds like what it stands for. */
static uint64
name_hash(const Person *person, const Word *word)
{
	int			length;
	const char *root;

	if (word->groups[0] == 0)
		return word_hash(person, word);
	root = nickname_root(word->groups[0], &length);
	return sound_hash(root, length);
}

/* The words of a name that count, first and last; how many there are. */
static int
main_names(const Person *person, const Word **names)
{
	const PartSpan *part = &person->part[PART_NAME];
	int			count = 0;

	for (int i = 0; i < part->words; i++)
	{
		const Word *word = &person->word[part->first + i];

		if (word->flags & WORD_MINOR)
			continue;
		names[Min(count, 1)] = word;
		count++;
	}
	return Min(count, 2);
}

static void
block_phone(BlockList *list, const Person *person)
{
	const PartSpan *part = &person->part[PART_PHONE];

	if (part->length >= 7)
		add_block(list, BLOCK_PHONE,
				  hash_text(part_text(person, PART_PHONE) + part->length - 7, 7, 0));
}

/* The address without the domain: people have the same name with many providers. */
static void
block_email(BlockList *list, const Person *person)
{
	const PartSpan *part = &person->part[PART_LOCAL];
	uint64		hash;

	if (part->length == 0)
		return;
	hash = hash_text(part_text(person, PART_LOCAL), part->length, 0);
	if (part->length < 5 || person->mailbox & MAILBOX_SHARED)
		hash = hash_combine64(hash, hash_text(part_text(person, PART_DOMAIN),
											  person->part[PART_DOMAIN].length, 0));
	add_block(list, BLOCK_EMAIL, hash);
}

static void
block_names(BlockList *list, const Word **names, int count, const uint64 *hashes)
{
	if (count == 2)
		add_block(list, BLOCK_NAMES,
				  hash_combine64(Min(hashes[0], hashes[1]), Max(hashes[0], hashes[1])));
	else if (count == 1 && names[0]->length > 4)
		add_block(list, BLOCK_SINGLE_NAME, hashes[0]);
}

static void
block_birthday(BlockList *list, const Person *person)
{
	if (person->year != 0)
		add_block(list, BLOCK_BIRTHDAY,
				  hash_combine64(person->year * 512 + person->month * 32 + person->day, 1));
}

/* The first letters of both names in any order, or the sound of the only one. */
static uint64
initials_hash(const Person *person, const Word **names, int count, const uint64 *hashes)
{
	const char *text = person_text(person);
	unsigned char a;
	unsigned char b;

	if (count == 1)
		return hashes[0];
	a = text[names[0]->offset];
	b = text[names[1]->offset];
	return Min(a, b) * 256 + Max(a, b);
}

/* With the year of birth alone: names may have slips and so may the day. */
static void
block_year(BlockList *list, const Person *person, const Word **names, int count,
		   const uint64 *hashes)
{
	if (person->year != 0 && count > 0)
		add_block(list, BLOCK_YEAR,
				  hash_combine64(person->year, initials_hash(person, names, count, hashes)));
}

/* The postal code with the number of the house, or the beginning of its street. */
static void
block_address(BlockList *list, const Person *person)
{
	uint64		postal = hash_text(part_text(person, PART_POSTAL_CODE),
								   person->part[PART_POSTAL_CODE].length, 0);
	PersonPart	part = has_part(person, PART_NUMBER) ? PART_NUMBER : PART_STREET;
	const Word *word = &person->word[person->part[part].first];

	if (!has_part(person, PART_POSTAL_CODE) || !has_part(person, part))
		return;
	add_block(list, BLOCK_ADDRESS,
			  hash_combine64(postal, hash_text(person_text(person) + word->offset,
											   Min(word->length, 4), 0)));
}

/* Either name with something else. */
static void
block_names_and(BlockList *list, BlockKind kind, uint64 other, int count, const uint64 *hashes)
{
	for (int i = 0; i < count; i++)
		add_block(list, kind, hash_combine64(other, hashes[i]));
}

/* The letters that begin the names of a company and of its domain. */
#define EMPLOYER_LETTERS	5

/* The beginning of a company's name, or a domain's; they often are the same. */
static uint64
employer_hash(const Person *person, PersonPart part)
{
	const char *text = part_text(person, part);
	int			length = person->part[part].length;
	char		letters[EMPLOYER_LETTERS];
	int			count = 0;

	for (int i = 0; i < length && count < EMPLOYER_LETTERS; i++)
	{
		if (part == PART_DOMAIN && text[i] == '.')
			break;
		if (text[i] != ' ' && text[i] != '-')
			letters[count++] = text[i];
	}
	return hash_text(letters, count, 0);
}

static void
block_employer(BlockList *list, const Person *person, int count, const uint64 *hashes)
{
	if (has_part(person, PART_COMPANY))
		block_names_and(list, BLOCK_NAME_AND_EMPLOYER, employer_hash(person, PART_COMPANY),
						count, hashes);
	if (has_part(person, PART_DOMAIN) && !(person->mailbox & MAILBOX_FREE))
		block_names_and(list, BLOCK_NAME_AND_EMPLOYER, employer_hash(person, PART_DOMAIN),
						count, hashes);
}

static void
block_place(BlockList *list, const Person *person, int count, const uint64 *hashes)
{
	const PartSpan *city = &person->part[PART_CITY];
	const Word *word = &person->word[city->first];

	if (city->words > 0)
		block_names_and(list, BLOCK_NAME_AND_PLACE, word_hash(person, word), count, hashes);
}

int
person_blocks(const Person *person, uint64 *blocks)
{
	BlockList	list = {blocks, 0};
	const Word *names[2];
	uint64		hashes[2];
	int			count = main_names(person, names);

	for (int i = 0; i < count; i++)
		hashes[i] = name_hash(person, names[i]);
	block_phone(&list, person);
	block_email(&list, person);
	block_names(&list, names, count, hashes);
	block_birthday(&list, person);
	block_address(&list, person);
	block_year(&list, person, names, count, hashes);
	block_employer(&list, person, count, hashes);
	block_place(&list, person, count, hashes);
	return list.count;
}
