/*-------------------------------------------------------------------------
 *
 * person.h
 *	  A person prepared for comparison, and the comparison of words.  What
 *	  person.c, name_compare.c, similarity.c and blocking.c share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_PERSON_H
#define LEAD_MGMT_PERSON_H

#include "similarity.h"

/* The parts of a prepared person that have words. */
typedef enum PersonPart
{
	PART_NAME,
	PART_LOCAL,					/* of the e-mail address: before the "@" */
	PART_DOMAIN,				/* and behind it */
	PART_PHONE,					/* digits */
	PART_COMPANY,
	PART_STREET,				/* without the number */
	PART_NUMBER,				/* numbers in the street */
	PART_CITY,
	PART_REGION,
	PART_POSTAL_CODE,
	PART_COUNTRY,
	PART_JOB_TITLE
} PersonPart;

#define PERSON_PARTS	(PART_JOB_TITLE + 1)

/* The most words of a part, and of a person. */
#define PART_WORDS		8
#define PERSON_WORDS	48

/* The most letters of a word; what follows is not looked at. */
#define WORD_LETTERS	32

/* The most groups of nicknames that a word can be in. */
#define WORD_GROUPS		3

/* Word.flags */
#define WORD_NUMBER		0x01	/* has a digit */
#define WORD_ASCII		0x02
#define WORD_KNOWN		0x04	/* a name that many have, or a nickname */
#define WORD_MINOR		0x08	/* says little: "van", "group", "street" */

/*
 * One word.  Its weight is the information in it: how surprising it is, in
 * quarters of a bit, that two strangers have it in common.
 */
typedef struct Word
{
	uint32		letters;		/* which letters are in it, as a bit set */
	uint16		offset;			/* in the text */
	uint8		length;			/* in bytes */
	uint8		flags;
	uint16		groups[WORD_GROUPS];	/* of nicknames, 0: none */
	uint8		weight;
} Word;

#define WEIGHT_UNIT		0.25

/* Words first..first + words - 1, which are also one text with spaces. */
typedef struct PartSpan
{
	uint16		offset;
	uint16		length;
	uint8		first;
	uint8		words;
} PartSpan;

struct Person
{
	uint32		size;
	uint16		words;
	int16		year;			/* of birth; 0: unknown */
	uint8		month;
	uint8		day;
	uint8		generation;		/* 1 senior, 2 junior, 3 third; 0: unknown */
	uint8		mailbox;		/* MAILBOX_... */
	PartSpan	part[PERSON_PARTS];
	Word		word[FLEXIBLE_ARRAY_MEMBER];	/* then the text */
};

/* Person.mailbox */
#define MAILBOX_FREE	0x01	/* the domain says nothing of its user */
#define MAILBOX_SHARED	0x02	/* info@, sales@ */
#define MAILBOX_NONE	0x04	/* the domain is reserved: an address made up for want of one */

static inline const char *
person_text(const Person *person)
{
	return (const char *) &person->word[person->words];
}

static inline const char *
part_text(const Person *person, PersonPart part)
{
	return person_text(person) + person->part[part].offset;
}

static inline bool
has_part(const Person *person, PersonPart part)
{
	return person->part[part].length > 0;
}

static inline bool
part_equal(const Person *a, const Person *b, PersonPart part)
{
	return a->part[part].length == b->part[part].length &&
		memcmp(part_text(a, part), part_text(b, part), a->part[part].length) == 0;
}

/* How two words compare, worst first. */
typedef enum WordMatch
{
	WORDS_DIFFER,
	WORDS_INITIAL,				/* one is the other's first letter */
	WORDS_ALIKE,				/* many letters are other ones */
	WORDS_BEGIN,				/* one is the other's beginning */
	WORDS_NICKNAME,
	WORDS_SIMILAR,				/* some letters are other ones */
	WORDS_NEAR,					/* a slip of the pen */
	WORDS_EQUAL
} WordMatch;

/* What became of the words of two texts; all in bits. */
typedef struct Alignment
{
	double		matched;		/* of words that found their like */
	double		best;			/* of the one that matched best */
	double		only_a;			/* of words that did not */
	double		only_b;
	int			pairs;			/* words that found their like */
	int			sure;			/* and by more than an initial */
	int			rest_a;			/* words that did not, minor ones aside */
	int			rest_b;
	uint32		done_a;			/* which words found their like, as bit sets */
	uint32		done_b;
	uint32		equal_a;		/* and which are the same, letter by letter */
	uint32		equal_b;
	bool		numbers_differ; /* both have numbers, other ones */
	bool		first_differs;	/* the first word of neither found its like */
} Alignment;

/* name_compare.c */
extern int	edit_distance(const char *a, int a_length, const char *b, int b_length, int limit);
extern double jaro_winkler(const char *a, int a_length, const char *b, int b_length);
extern WordMatch compare_words(const Person *a, const Word *wa,
							   const Person *b, const Word *wb);
extern void align_words(const Person *a, const Person *b, PersonPart part, Alignment *result);

/* nickname.c */
extern int	nickname_groups(const char *word, int length, uint16 *groups);
extern const char *nickname_root(uint16 group, int *length);
extern int	name_weight(const char *word, int length);	/* 0: not known */
extern bool is_minor_name(const char *word, int length);
extern bool is_no_name(const char *name, int length);
extern int	name_title(const char *word, int length);	/* 0: none, -1: title, else generation */
extern bool is_minor_company_word(const char *word, int length);
extern bool is_street_type(const char *word, int length);
extern bool is_big_city(const char *city, int length);
extern bool is_free_mail(const char *domain, int length);
extern bool is_shared_mailbox(const char *local, int length);

#endif							/* LEAD_MGMT_PERSON_H */
