/*-------------------------------------------------------------------------
 *
 * duplicate_link.h
 *	  Links between duplicates, on their way into duplicate_link.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_DUPLICATE_LINK_H
#define LEAD_MGMT_DUPLICATE_LINK_H

#include "statement.h"

/* A lead, another that it is to be linked to, and what they have in common */
typedef struct LinkRow
{
	int64		lead_id;
	int64		other_id;
	Datum		rule;			/* name of the match rule */
	Datum		key;			/* its key; of a departure, the value left */
	double		similarity;
	int64		lead_stamp;		/* of fuzzy; else 0 */
	int64		other_stamp;
} LinkRow;

DEFINE_ROWS(LinkRow);

extern LinkRow *add_link(LinkRows *links, int64 lead_id, int64 other_id, Datum rule, Datum key);

/* The columns of rows as arrays, for SPI. */
extern void link_arrays(LinkRows *links, Datum *lead_ids, Datum *other_ids, Datum *rules, Datum *keys);

/* Write links of equal keys that are new. */
extern void write_links(Workspace *ws, LinkRows *links, TimestampTz at);

/* Write links that are not there yet, either way; returns how many were not. */
extern int64 write_missing_links(Workspace *ws, LinkRows *links, TimestampTz at);

/* Run a plan that is to see what others committed after the snapshot was taken. */
extern void execute_latest(Workspace *ws, WorkspacePlan which, Datum *values, int expected);

#endif							/* LEAD_MGMT_DUPLICATE_LINK_H */
