/*-------------------------------------------------------------------------
 *
 * normalize_name.h
 *	  The key of a name under construction, for people's and companies' alike.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_NORMALIZE_NAME_H
#define LEAD_MGMT_NORMALIZE_NAME_H

#include "postgres.h"

/* Words in lower case with one space in between; not NUL-terminated. */
typedef struct NameKey
{
	char	   *text;
	int			length;
	int			capacity;
	bool		space;			/* a space is due before the next character */
	bool		and;			/* and so is "and" */
} NameKey;

extern void read_name(NameKey *key, const char *name, int length);
extern void shorten_name(NameKey *key);
extern char *finish_name(NameKey *key);

/* Is the text one of the entries of a sorted table? */
extern bool is_in_name_table(const char *const *table, int size, const char *text, int length);

/* Is there a legal form in the name that its key as a company's has not? */
extern bool has_legal_form(const char *name, int length);

#endif							/* LEAD_MGMT_NORMALIZE_NAME_H */
