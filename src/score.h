/*-------------------------------------------------------------------------
 *
 * score.h
 *	  What the rules of the active model say about a row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_SCORE_H
#define LEAD_MGMT_SCORE_H

#include "workspace.h"

typedef struct Score
{
	int64	   *sums;			/* by dimension, before its limits */
	int64	   *limited;		/* by dimension, within its limits */
	int64		adjustment;
	int64		total;			/* before 0..100 and rounding */
	int			score;
	const char *grade;			/* NULL: there are no grades */
} Score;

/*
 * Score the row in ws->econtext's slot; "adjustment" in millionths.  Leaves
 * in ws->score_holds which rules held.  Results are in the per-tuple memory
 * of ws->econtext.
 */
extern Score score_row(Workspace *ws, int64 adjustment);

/* Points (millionths) as numeric, without trailing zeros, and back. */
extern Datum points_to_numeric(int64 points);
extern int64 points_from_numeric(Datum value);

#endif							/* LEAD_MGMT_SCORE_H */
