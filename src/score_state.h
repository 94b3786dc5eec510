/*-------------------------------------------------------------------------
 *
 * score_state.h
 *	  What engagements and adjustments add up to, lead by lead.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_SCORE_STATE_H
#define LEAD_MGMT_SCORE_STATE_H

#include "score.h"
#include "statement.h"

#include "utils/snapshot.h"

typedef struct ScoreState
{
	bool		exists;			/* there is a row */
	bool		current;		/* the totals are by the rules as they are */
	bool		untold;			/* ready since the limit was lowered, and no
								 * event says so */
	RuleTotal  *totals;			/* one a rule of model->engagement */
	bool		unknown;		/* something was written that it does not say */
	TimestampTz ready_until;	/* DT_NOBEGIN: not ready */
} ScoreState;

/* All that a lead's engagements and adjustments say */
typedef struct LeadHistory
{
	int64		lead_id;
	TimestampTz until;			/* what is later does not count */
	RuleTotal  *totals;
	TimestampTz last_engaged_at;	/* DT_NOBEGIN: there are no engagements */
	Points		adjustment;
} LeadHistory;

/* Totals of no engagement at all; in CurrentMemoryContext. */
extern RuleTotal *score_state_nothing(const ScoreModel *model);

/* Read the row of a lead as a snapshot sees it. */
extern void score_state_read(Workspace *ws, int64 lead_id, Snapshot snapshot, ScoreState *state);

/*
 * Read what has happened from the tables themselves; the n leads in ascending
 * order, each with its "until".  "now" reads what is committed now, else the
 * active snapshot is used.
 */
extern void score_state_history(Workspace *ws, ScoreModel *model, LeadHistory *leads, int n, bool now);

/* Do these scores differ from those of the row in ws->slot? */
extern bool score_row_differs(Workspace *ws, ScoreModel *model, const Score *score,
							  TimestampTz last_engaged_at);

/* Are these totals others than what is kept? */
extern bool score_state_differs(const ScoreModel *model, const ScoreState *state,
								const RuleTotal *totals);

/* When will the row in ws->slot, just evaluated, not be ready for sales any more? */
extern TimestampTz score_ready_until(Workspace *ws, const RuleTotal *totals, Points adjustment,
									 TimestampTz at);

/* A row of score_state as it is to be written; in "context". */
extern void score_state_row(ScoreModel *model, int64 lead_id, const ScoreState *state,
							bool keep, MemoryContext context, StateRow *row);

/* What is kept of these leads cannot be relied on any more. */
extern void score_state_doubt(Workspace *ws, const int64 *lead_ids, int n);

/* Write rows; within SPI, as the owner. */
extern void score_state_write(Workspace *ws, const StateRows *rows);

#endif							/* LEAD_MGMT_SCORE_STATE_H */
