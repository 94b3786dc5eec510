/*-------------------------------------------------------------------------
 *
 * import_value.h
 *	  Numbers, dates, truth and lists as people write them into files.  Pure
 *	  functions of UTF-8 text: no catalog, no locale, no settings.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_IMPORT_VALUE_H
#define LEAD_MGMT_IMPORT_VALUE_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "pgtime.h"

/* In which order a file has the parts of a date such as 3/4/2026 */
typedef enum DayOrder
{
	DATE_ORDER_UNKNOWN,
	DATE_ORDER_DMY,
	DATE_ORDER_MDY
} DayOrder;

/*
 * How a file writes what can be read in two ways.  What one value shows about
 * the file is noted in "seen", so that it decides about the others.
 */
typedef struct WritingSeen
{
	bool		point;			/* 1,200.50: the decimal mark is a point */
	bool		comma;
	bool		dmy;			/* 17/3/2026 */
	bool		mdy;
} WritingSeen;

typedef struct Writing
{
	char		decimal_mark;	/* '.', ',' or 0: not known */
	DayOrder	date_order;
	WritingSeen seen;
	bool		unsettled;		/* some value depends on what is not known */
} Writing;

/* NULL, or why the value was not understood; a constant for a list of problems */
typedef const char *ValueProblem;

/* Without white space and invisible characters at either end; palloc'd. */
extern char *import_trim(const char *value, int length);

/*
 * A number or a range of numbers, as a decimal number that numeric_in takes;
 * of a range its lower end.  "whole": a number of people.
 */
extern ValueProblem import_number(const char *value, Writing *writing, bool whole, char **number);

/* The date alone; what a two-digit year is of, "today" decides. */
extern ValueProblem import_date(const char *value, Writing *writing, bool past, int today, int *date);

/*
 * A date, perhaps with a time: fields of "tm", and *zone in seconds east where
 * the value has one (*has_zone).
 */
extern ValueProblem import_time(const char *value, Writing *writing, int today,
								struct pg_tm *tm, fsec_t *fsec, int *zone, bool *has_zone);

extern ValueProblem import_boolean(const char *value, bool *truth);

/* "a; b, c": each once, in order; palloc'd */
extern char **import_list(const char *value, int *n);

/* Are they the same but for case? */
extern bool import_same_name(const char *a, const char *b);

#endif							/* LEAD_MGMT_IMPORT_VALUE_H */
