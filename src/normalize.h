/*-------------------------------------------------------------------------
 *
 * normalize.h
 *	  The normal forms that duplicates are found by, and the checks of what
 *	  people type.  Pure functions of UTF-8 text: no catalog, no locale, no
 *	  settings; the same answer in every database.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_NORMALIZE_H
#define LEAD_MGMT_NORMALIZE_H

#include "postgres.h"

/*
 * All functions take UTF-8 (not NUL-terminated, length in bytes) and return a
 * palloc'd NUL-terminated UTF-8 string in CurrentMemoryContext, or NULL where
 * the input has no such form.  None raises an error for any input.
 */
extern char *normalize_email(const char *email, int length);
extern char *normalize_name(const char *name, int length);	/* a person's */
extern char *normalize_company(const char *name, int length);

/* One that may be either's: less is taken away than where it is known. */
extern char *normalize_any_name(const char *name, int length);

/*
 * A phone number by the country it is dialled in (as people write it; NULL:
 * not known).  Of a national number by libphonenumber, if it is there: this
 * one is in phone.c.
 */
extern char *normalize_phone(const char *phone, int length, const char *country);

/* What a lead's company-and-name key is made of; NULL unless both have a form. */
extern char *normalize_company_and_name(const char *company, int company_length,
										const char *name, int name_length);

/*
 * NULL if well-formed, else a constant English phrase for errdetail, such as
 * "The part before \"@\" is empty.".
 */
extern const char *email_problem(const char *email, int length);
extern const char *phone_problem(const char *phone, int length);

/* What the text of a phone number says by itself. */
typedef enum PhoneForm
{
	PHONE_NONE,					/* it is none */
	PHONE_NATIONAL,				/* its digits, as dialled in some country */
	PHONE_INTERNATIONAL,		/* "+" and digits: the E.164 form */
	PHONE_INTERNATIONAL_ODD		/* the same, perhaps with a prefix too many */
} PhoneForm;

#define PHONE_SIZE 24			/* of the longest, with its end */

/* Writes the digits, without an extension, to "result". */
extern PhoneForm read_phone(const char *phone, int length, char *result);

/* Nothing but white space (Unicode's), or nothing at all? */
extern bool text_is_blank(const char *text, int length);

#endif							/* LEAD_MGMT_NORMALIZE_H */
