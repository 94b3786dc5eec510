/*-------------------------------------------------------------------------
 *
 * similarity.h
 *	  How alike two people are, by what is known of them.
 *
 * Pure functions of UTF-8 text, as those of normalize.h: no catalog, no
 * locale, no settings; the same answer in every database.  None raises an
 * error for any input, and the work for one is bounded: of a long text only
 * the beginning is looked at.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_SIMILARITY_H
#define LEAD_MGMT_SIMILARITY_H

#include "postgres.h"

/* What people are compared by. */
typedef enum PersonField
{
	PERSON_NAME,
	PERSON_EMAIL,
	PERSON_PHONE,				/* the key, where there is one */
	PERSON_COMPANY,
	PERSON_STREET,
	PERSON_CITY,
	PERSON_REGION,
	PERSON_POSTAL_CODE,
	PERSON_COUNTRY,
	PERSON_BIRTHDAY,			/* yyyy-mm-dd */
	PERSON_JOB_TITLE
} PersonField;

#define PERSON_FIELDS	(PERSON_JOB_TITLE + 1)

/* A person as text in UTF-8, not NUL-terminated; data NULL: unknown. */
typedef struct PersonText
{
	const char *data[PERSON_FIELDS];
	int			length[PERSON_FIELDS];
} PersonText;

/*
 * A person prepared for comparison: one palloc'd chunk without pointers, of
 * person_size() bytes, which is a multiple of the maximum alignment.  So it can
 * be copied, kept in arrays and written to files (of one server).
 */
typedef struct Person Person;

/* How a field of two people compares. */
typedef enum FieldAgreement
{
	FIELD_UNKNOWN,				/* at least one side has none */
	FIELD_DIFFERS,
	FIELD_PARTLY,				/* neither: initials, a part, another domain */
	FIELD_NEAR,					/* the same but for how it is written */
	FIELD_EQUAL
} FieldAgreement;

/* Pairs at least as similar as this are duplicates, where nothing else is said. */
#define FUZZY_DEFAULT_SIMILARITY	0.5

/* The most blocks that one person is in; most are in about five. */
#define MAX_PERSON_BLOCKS	8

extern Person *person_prepare(const PersonText *text);
extern Size person_size(const Person *person);

/*
 * The probability that two are one person, between 0 and 1.  Symmetric.
 */
extern double person_similarity(const Person *a, const Person *b);

/*
 * How each field compares; out has PERSON_FIELDS elements.  Returns how many
 * fields are near or equal.
 */
extern int	person_agreements(const Person *a, const Person *b, FieldAgreement *out);

/*
 * The blocks of a person: hashes, distinct, at most MAX_PERSON_BLOCKS.  Only
 * people who share a block need be compared.  Returns how many.
 */
extern int	person_blocks(const Person *person, uint64 *blocks);

/*
 * Can two names be one person's, written differently?  "Kim Lee", "LEE, KIM",
 * "K. Lee" and "Lee" can, "Kim Lee" and "Ana Lee" cannot.
 */
extern bool names_agree(const char *a, int a_length, const char *b, int b_length);

#endif							/* LEAD_MGMT_SIMILARITY_H */
