/*-------------------------------------------------------------------------
 *
 * score.h
 *	  What the rules of a model say about a lead.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_SCORE_H
#define LEAD_MGMT_SCORE_H

#include "workspace.h"

/* What the engagements of a lead add up to by one rule */
typedef struct RuleTotal
{
	int64		times;
	double		level;			/* sum of 2 ^ (-age / half-life) at last_at */
	TimestampTz first_at;
	TimestampTz last_at;
} RuleTotal;

typedef struct Score
{
	Points	   *sums;			/* by dimension, before its limits */
	Points	   *limited;		/* by dimension, within its limits */
	Points		adjustment;
	Points		total;			/* before 0..100 and rounding */
	int			score;
	const char *grade;			/* NULL: there are no grades */
} Score;

/*
 * Evaluate the rules on lead for the row in ws->slot; leaves in
 * model->lead.holds which ones held.
 */
extern void score_evaluate(Workspace *ws, ScoreModel *model);

/*
 * The score that follows from that, and from what the engagements add up to
 * (one total a rule of model->engagement; NULL: there are none), as of a time
 * that is not before any of them.  In the per-tuple memory of ws->econtext.
 */
extern Score score_compute(Workspace *ws, ScoreModel *model, const RuleTotal *totals,
						   Points adjustment, TimestampTz at);

/*
 * Evaluate the rules on engagement for the row in ws->engagement_slot; leaves
 * in model->engagement.holds which ones held, and returns whether any did.
 */
extern bool score_evaluate_engagement(Workspace *ws, ScoreModel *model);

/* What one rule that holds gives, within max_points: on lead, on engagements. */
extern Points score_lead_rule_points(const ScoreRule *rule);
extern Points score_rule_points(const ScoreRule *rule, const RuleTotal *total, TimestampTz at);

/* Count one more engagement of a rule, or all that another total has. */
extern void score_total_add(const ScoreRule *rule, RuleTotal *total, TimestampTz at);
extern void score_total_merge(const ScoreRule *rule, RuleTotal *total, const RuleTotal *more);

/* Do these totals lose worth as time goes by? */
extern bool score_decays(const ScoreModel *model, const RuleTotal *totals);

/*
 * Until when is the score, as it decays, no less than this?  An upper bound,
 * for negative points count as if they were gone; DT_NOBEGIN if it is less
 * already, DT_NOEND if it will never be.
 */
extern TimestampTz score_reaches_until(Workspace *ws, ScoreModel *model, const RuleTotal *totals,
									   Points adjustment, TimestampTz from, int least);

/* When does the grade first differ from what it is?  DT_NOEND: never. */
extern TimestampTz score_grade_until(Workspace *ws, ScoreModel *model, const RuleTotal *totals,
									 Points adjustment, TimestampTz from);

#endif							/* LEAD_MGMT_SCORE_H */
