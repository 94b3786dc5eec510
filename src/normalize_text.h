/*-------------------------------------------------------------------------
 *
 * normalize_text.h
 *	  Reading and writing UTF-8, character by character, for the normal forms.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_NORMALIZE_TEXT_H
#define LEAD_MGMT_NORMALIZE_TEXT_H

#include "postgres.h"

#include "mb/pg_wchar.h"

/* What next_character() answers for a byte that begins no character. */
#define NOT_A_CHARACTER		((pg_wchar) 0xFFFFFFFF)

/* The most bytes that one character takes. */
#define CHARACTER_MAX		4

/* What a character is for a name: see normalize_tables.h. */
#define CLASS_WORD			'w'
#define CLASS_SEPARATOR		's'
#define CLASS_DROPPED		'd'

/* A stretch of text that is not ours. */
typedef struct TextSpan
{
	const char *start;
	const char *end;			/* behind the last byte */
} TextSpan;

extern pg_wchar next_character(const char **position, const char *end);
extern int	put_character(char *target, pg_wchar c);
extern TextSpan trim_text(const char *text, int length);
extern bool span_is_ascii(TextSpan span);
extern bool is_space(pg_wchar c);
extern bool is_invisible(pg_wchar c);
extern pg_wchar fold_case(pg_wchar c);
extern char word_class(pg_wchar c);

#endif							/* LEAD_MGMT_NORMALIZE_TEXT_H */
