/*-------------------------------------------------------------------------
 *
 * lead_score.c
 *	  The score of the row of lead that is being decided on.
 *
 *-------------------------------------------------------------------------
 */
#include "lead_score.h"

#include "utils/snapmgr.h"

#include "engagement.h"
#include "lead.h"

static void
set_score(LeadRow *row, const Score *score, TimestampTz at)
{
	ScoreModel *model = row->ws->model;
	Datum		zero = points_to_numeric(0);

	lead_set(row, LEAD_DEMOGRAPHIC_SCORE, zero);
	lead_set(row, LEAD_BEHAVIORAL_SCORE, zero);
	lead_set(row, LEAD_FIRMOGRAPHIC_SCORE, zero);
	for (int d = 0; d < model->ndimensions; d++)
		if (model->dimensions[d].column >= 0 && score->limited[d] != 0)
			lead_set(row, model->dimensions[d].column, points_to_numeric(score->limited[d]));
	lead_set(row, LEAD_SCORE_ADJUSTMENT, points_to_numeric(score->adjustment));
	lead_set(row, LEAD_SCORE, Int32GetDatum(score->score));
	lead_set_text(row, LEAD_GRADE, score->grade);
	lead_set(row, LEAD_SCORED_AT, TimestampTzGetDatum(at));
}

/* What a score is made of besides the row itself */
typedef struct Standing
{
	ScoreState	state;
	Points		adjustment;
	bool		changed;		/* since what is in score_state */
} Standing;

static TimestampTz
lead_time(LeadRow *row, LeadColumn column)
{
	return lead_isnull(row, column) ? DT_NOBEGIN : DatumGetTimestampTz(lead_value(row, column));
}

static int
stored_score(LeadRow *row)
{
	bool		isnull;
	Datum		value = slot_getattr(row->old, row->ws->column[LEAD_SCORE], &isnull);

	return isnull ? -1 : DatumGetInt32(value);
}

/*
 * What is kept of this lead.  Most leads have nothing, and that can be told
 * without looking: they never engaged, and were not ready for sales.
 */
static void
read_standing(LeadRow *row, Touch *touch, Standing *standing)
{
	Workspace  *ws = row->ws;
	bool		engaged = !lead_isnull(row, LEAD_LAST_ENGAGED_AT);

	memset(standing, 0, sizeof(*standing));
	standing->state.ready_until = DT_NOBEGIN;
	if (!lead_isnull(row, LEAD_SCORE_ADJUSTMENT))
		standing->adjustment = points_from_numeric(lead_value(row, LEAD_SCORE_ADJUSTMENT));
	if (row->old != NULL &&
		statement_others_scored(row->statement, DatumGetInt64(lead_value(row, LEAD_ID))))
	{
		/* to be read from the tables; what is written later is a guess */
		standing->state.exists = true;
		standing->state.totals = score_state_nothing(ws->model);
		return;
	}
	if (row->old == NULL || (touch == NULL && !engaged && stored_score(row) < ws->sales_ready_score))
	{
		standing->state.totals = score_state_nothing(ws->model);
		standing->state.current = true;
		return;
	}
	score_state_read(ws, DatumGetInt64(lead_value(row, LEAD_ID)), GetLatestSnapshot(),
					 &standing->state);
	if (!engaged && !standing->state.unknown)
		standing->state.current = true;
}

static void
set_last_engaged_at(LeadRow *row, TimestampTz at)
{
	if (at == DT_NOBEGIN)
		lead_set_null(row, LEAD_LAST_ENGAGED_AT);
	else
		lead_set(row, LEAD_LAST_ENGAGED_AT, TimestampTzGetDatum(at));
}

/* Take everything from what is in the tables now. */
static void
take_history(LeadRow *row, const LeadHistory *history, Standing *standing)
{
	standing->state.totals = history->totals;
	standing->state.current = true;
	standing->adjustment = history->adjustment;
	standing->changed = true;
	set_last_engaged_at(row, history->last_engaged_at);
	engagement_was_read(row->ws->lead_relid, history->lead_id);
}

static void
read_history(LeadRow *row, Standing *standing)
{
	LeadHistory history = {.lead_id = DatumGetInt64(lead_value(row, LEAD_ID)), .until = DT_NOEND};

	score_state_history(row->ws, row->ws->model, &history, 1, true);
	take_history(row, &history, standing);
}

/* Not if rules have changed since, or others have read it meanwhile. */
static bool
can_be_added(const ScoreModel *model, const Touch *touch)
{
	return !touch->whole && !engagement_must_read(touch->history.lead_id) &&
		(touch->rule_version == model->rule_version ||
		 touch->history.last_engaged_at == DT_NOBEGIN);
}

/* Add the engagements and adjustments that this UPDATE is about. */
static void
bring_up_to_date(LeadRow *row, Touch *touch, Standing *standing)
{
	ScoreModel *model = row->ws->model;

	if (touch != NULL && touch->whole && touch->rule_version == model->rule_version)
	{
		take_history(row, &touch->history, standing);
		return;
	}
	if (lead_recompute_depth > 0 || !standing->state.current ||
		(touch != NULL && !can_be_added(model, touch)))
	{
		read_history(row, standing);
		return;
	}
	if (touch == NULL)
		return;
	for (int i = 0; touch->history.totals != NULL && i < model->engagement.n; i++)
		score_total_merge(&model->engagement.rules[i], &standing->state.totals[i],
						  &touch->history.totals[i]);
	standing->adjustment += touch->history.adjustment;
	set_last_engaged_at(row, Max(lead_time(row, LEAD_LAST_ENGAGED_AT),
								 touch->history.last_engaged_at));
	standing->changed = true;
}

/* The rules on lead for the row as it was, whose values are put in its place. */
static void
evaluate_old(LeadRow *row)
{
	int			natts = row->ws->tupdesc->natts;
	TupleTableSlot *slot = row->slot;
	Datum	   *values = palloc(natts * sizeof(Datum));
	bool	   *isnull = palloc(natts * sizeof(bool));

	slot_getallattrs(row->old);
	memcpy(values, slot->tts_values, natts * sizeof(Datum));
	memcpy(isnull, slot->tts_isnull, natts * sizeof(bool));
	memcpy(slot->tts_values, row->old->tts_values, natts * sizeof(Datum));
	memcpy(slot->tts_isnull, row->old->tts_isnull, natts * sizeof(bool));
	score_evaluate(row->ws, row->ws->model);
	memcpy(slot->tts_values, values, natts * sizeof(Datum));
	memcpy(slot->tts_isnull, isnull, natts * sizeof(bool));
}

/*
 * The score just before: a lead that was ready last month need not be any
 * more, though nobody has written that down.
 */
static int
score_before(LeadRow *row, const Standing *standing, TimestampTz at)
{
	Workspace  *ws = row->ws;
	int			stored = row->old == NULL ? -1 : stored_score(row);

	if (stored >= ws->sales_ready_score && standing->state.untold)
		return ws->sales_ready_score - 1;
	if (stored < ws->sales_ready_score || !standing->state.current ||
		!score_decays(ws->model, standing->state.totals))
		return stored;
	evaluate_old(row);
	return score_compute(ws, ws->model, standing->state.totals, standing->adjustment, at).score;
}

/* Leave word for when the row exists. */
static void
note_scored(LeadRow *row, Standing *standing, const Score *score, int before, TimestampTz at)
{
	Workspace  *ws = row->ws;
	TimestampTz until = score_ready_until(ws, standing->state.totals, standing->adjustment, at);
	bool		keep = !lead_isnull(row, LEAD_LAST_ENGAGED_AT);
	Scored		scored = {.lead_id = DatumGetInt64(lead_value(row, LEAD_ID))};

	scored.became_ready = before < ws->sales_ready_score && score->score >= ws->sales_ready_score;
	scored.write_state = standing->changed || standing->state.untold || standing->state.unknown ||
		until != standing->state.ready_until;
	if (!scored.write_state && !scored.became_ready)
		return;
	standing->state.ready_until = until;
	score_state_row(ws->model, scored.lead_id, &standing->state, keep,
					row->statement->context, &scored.state);
	statement_score(row->statement, &scored);
}

bool
lead_score_decide(LeadRow *row, Touch *touch)
{
	Workspace  *ws = row->ws;
	MemoryContext caller = MemoryContextSwitchTo(ws->econtext->ecxt_per_tuple_memory);
	TimestampTz at = row->statement->at;
	Standing	standing;
	Score		score;
	int			before;

	read_standing(row, touch, &standing);
	at = Max(at, lead_time(row, LEAD_SCORED_AT));
	before = score_before(row, &standing, at);
	if (row->old != NULL)
		bring_up_to_date(row, touch, &standing);
	at = Max(at, lead_time(row, LEAD_LAST_ENGAGED_AT));

	score_evaluate(ws, ws->model);
	score = score_compute(ws, ws->model, standing.state.totals, standing.adjustment, at);
	set_score(row, &score, at);
	note_scored(row, &standing, &score, before, at);
	MemoryContextSwitchTo(caller);
	return before < ws->sales_ready_score && score.score >= ws->sales_ready_score;
}
