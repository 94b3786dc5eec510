/*-------------------------------------------------------------------------
 *
 * score_state.c
 *	  What engagements and adjustments add up to, lead by lead.
 *
 * The tables engagement and score_adjustment are the truth.  score_state keeps
 * the sums, one row a lead, so that a lead with a year of history is scored as
 * fast as one with a day of it.  Whoever writes a row of score_state holds the
 * lock of the lead's own row and has read the state after he got it, so that
 * no sum is lost; the row says by which rules it was made, and where these
 * have changed the history is read again.
 *
 *-------------------------------------------------------------------------
 */
#include "score_state.h"

#include <math.h>

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "row_writer.h"
#include "rule_failure.h"

/* Engagements read at a time */
#define HISTORY_BATCH 1000

RuleTotal *
score_state_nothing(const ScoreModel *model)
{
	return palloc0((model->engagement.n + 1) * sizeof(RuleTotal));
}

/* The primary key, opened; it must be what it was made as. */
static Relation
open_state_index(Workspace *ws, Relation state)
{
	Oid			oid = lead_primary_key(state);
	Relation	index;

	if (OidIsValid(oid))
	{
		index = index_open(oid, AccessShareLock);
		if (index->rd_index->indnkeyatts == 1 &&
			index->rd_index->indkey.values[0] == ws->state_column[STATE_LEAD_ID])
			return index;
		index_close(index, AccessShareLock);
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("table \"%s.score_state\" has no primary key on lead_id", ws->schema),
			 errdetail("Scores are looked up by it."),
			 errhint("Add it: ALTER TABLE %s.score_state ADD PRIMARY KEY (lead_id).", ws->schema)));
	return NULL;
}

static Datum *
state_array(Workspace *ws, TupleTableSlot *slot, StateColumn column, int *n)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, ws->state_column[column], &isnull);
	Datum	   *elements;
	bool	   *nulls;

	*n = 0;
	if (isnull)
		return NULL;
	/* all element types have eight bytes and are passed by value */
	deconstruct_array(DatumGetArrayTypeP(value), ARR_ELEMTYPE(DatumGetArrayTypeP(value)),
					  sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elements, &nulls, n);
	for (int i = 0; i < *n; i++)
		if (nulls[i])
			*n = 0;
	return elements;
}

static int
find_rule(const ScoreModel *model, int64 id, int guess)
{
	if (guess < model->engagement.n && model->engagement.rules[guess].rule.id == id)
		return guess;
	for (int i = 0; i < model->engagement.n; i++)
		if (model->engagement.rules[i].rule.id == id)
			return i;
	return -1;
}

/* The arrays of the row; false if it does not hold together. */
static bool
read_totals(Workspace *ws, TupleTableSlot *slot, RuleTotal *totals)
{
	int			n[5];
	Datum	   *ids = state_array(ws, slot, STATE_RULE_ID, &n[0]);
	Datum	   *times = state_array(ws, slot, STATE_TIMES, &n[1]);
	Datum	   *levels = state_array(ws, slot, STATE_LEVEL, &n[2]);
	Datum	   *first = state_array(ws, slot, STATE_FIRST_AT, &n[3]);
	Datum	   *last = state_array(ws, slot, STATE_LAST_AT, &n[4]);
	int			next = 0;

	if (n[1] != n[0] || n[2] != n[0] || n[3] != n[0] || n[4] != n[0])
		return false;
	for (int i = 0; i < n[0]; i++)
	{
		int			rule = find_rule(ws->model, DatumGetInt64(ids[i]), next);

		if (rule < 0)
			return false;
		totals[rule].times = DatumGetInt64(times[i]);
		totals[rule].level = DatumGetFloat8(levels[i]);
		totals[rule].first_at = DatumGetTimestampTz(first[i]);
		totals[rule].last_at = DatumGetTimestampTz(last[i]);
		next = rule + 1;
	}
	return true;
}

static void
read_row(Workspace *ws, TupleTableSlot *slot, ScoreState *state)
{
	bool		isnull;
	Datum		version = slot_getattr(slot, ws->state_column[STATE_RULE_VERSION], &isnull);
	Datum		until;

	state->exists = true;
	state->unknown = isnull || DatumGetInt64(version) == SCORE_STATE_UNKNOWN;
	state->current = !isnull && DatumGetInt64(version) == ws->model->rule_version &&
		read_totals(ws, slot, state->totals);
	until = slot_getattr(slot, ws->state_column[STATE_READY_UNTIL], &isnull);
	if (!isnull)
		state->ready_until = DatumGetTimestampTz(until);
	state->untold = DatumGetBool(slot_getattr(slot, ws->state_column[STATE_UNTOLD], &isnull)) && !isnull;
}

/*
 * The caller works with what it knew of a table before it had the lock; if
 * that has changed while it waited, it must begin again.
 */
static void
check_layout(Relation relation, TupleDesc known)
{
	if (!equalTupleDescs(RelationGetDescr(relation), known))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("table \"%s\" was altered meanwhile", RelationGetRelationName(relation)),
				 errhint("The transaction might succeed if retried.")));
}

void
score_state_read(Workspace *ws, int64 lead_id, Snapshot snapshot, ScoreState *state)
{
	Relation	relation = table_open(ws->state_relid, AccessShareLock);
	Relation	index = open_state_index(ws, relation);
	TupleTableSlot *slot = table_slot_create(relation, NULL);
	IndexScanDesc scan;
	ScanKeyData key;

	check_layout(relation, ws->state_tupdesc);
	state->exists = state->current = state->untold = state->unknown = false;
	state->totals = score_state_nothing(ws->model);
	state->ready_until = DT_NOBEGIN;

	snapshot = RegisterSnapshot(snapshot);
	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(lead_id));
	scan = lead_index_beginscan(relation, index, snapshot, 1);
	index_rescan(scan, &key, 1, NULL, 0);
	if (index_getnext_slot(scan, ForwardScanDirection, slot))
		read_row(ws, slot, state);
	index_endscan(scan);
	UnregisterSnapshot(snapshot);
	ExecDropSingleTupleTableSlot(slot);
	index_close(index, NoLock);
	table_close(relation, NoLock);
}

static int
compare_histories(const void *a, const void *b)
{
	return compare_int64(&((const LeadHistory *) a)->lead_id, &((const LeadHistory *) b)->lead_id);
}

static LeadHistory *
find_history(LeadHistory *leads, int n, int64 lead_id)
{
	LeadHistory key = {.lead_id = lead_id};

	return bsearch(&key, leads, n, sizeof(LeadHistory), compare_histories);
}

static void
count_engagement(Workspace *ws, ScoreModel *model, LeadHistory *leads, int n, HeapTupleHeader header)
{
	TupleTableSlot *slot = ws->engagement_slot;
	LeadHistory *lead;
	TimestampTz at;

	ResetExprContext(ws->engagement_econtext);
	workspace_store_row(slot, header);

	lead = find_history(leads, n,
						DatumGetInt64(slot->tts_values[ws->engagement_column[ENGAGEMENT_LEAD_ID] - 1]));
	at = DatumGetTimestampTz(slot->tts_values[ws->engagement_column[ENGAGEMENT_AT] - 1]);
	if (lead == NULL || at > lead->until)
		return;
	lead->last_engaged_at = Max(lead->last_engaged_at, at);
	if (!score_evaluate_engagement(ws, model))
		return;
	for (int i = 0; i < model->engagement.n; i++)
		if (model->engagement.holds[i])
			score_total_add(&model->engagement.rules[i], &lead->totals[i], at);
}

static void
read_engagements(Workspace *ws, ScoreModel *model, LeadHistory *leads, int n, Datum ids, bool now)
{
	Portal		portal = SPI_cursor_open(NULL, workspace_plan(ws, PLAN_ENGAGEMENTS), &ids, NULL, !now);

	for (;;)
	{
		SPI_cursor_fetch(portal, true, HISTORY_BATCH);
		if (SPI_processed == 0)
			break;
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			bool		isnull;
			Datum		row = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);
			SPITupleTable *rows = SPI_tuptable;
			uint64		processed = SPI_processed;

			count_engagement(ws, model, leads, n, DatumGetHeapTupleHeader(row));
			SPI_tuptable = rows;	/* reporting a failure may have used SPI */
			SPI_processed = processed;
		}
		SPI_freetuptable(SPI_tuptable);
	}
	SPI_cursor_close(portal);
}

static void
read_adjustments(Workspace *ws, LeadHistory *leads, int n, Datum ids, bool now)
{
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_ADJUSTMENTS), &ids, NULL, !now, 0),
			  SPI_OK_SELECT, "score_adjustment");
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	tupdesc = SPI_tuptable->tupdesc;
		bool		isnull;
		LeadHistory *lead = find_history(leads, n, DatumGetInt64(SPI_getbinval(row, tupdesc, 1, &isnull)));
		TimestampTz at = DatumGetTimestampTz(SPI_getbinval(row, tupdesc, 3, &isnull));

		if (lead != NULL && at <= lead->until)
			lead->adjustment += points_from_numeric(SPI_getbinval(row, tupdesc, 2, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
}

void
score_state_history(Workspace *ws, ScoreModel *model, LeadHistory *leads, int n, bool now)
{
	Datum	   *values = palloc(n * sizeof(Datum));
	Relation	engagement;
	OwnerSwitch saved;
	Datum		ids;

	for (int i = 0; i < n; i++)
	{
		values[i] = Int64GetDatum(leads[i].lead_id);
		leads[i].totals = score_state_nothing(model);
		leads[i].last_engaged_at = DT_NOBEGIN;
		leads[i].adjustment = 0;
	}
	ids = spi_array(values, NULL, n, INT8OID);
	engagement = table_open(ws->engagement_relid, AccessShareLock);
	check_layout(engagement, ws->engagement_tupdesc);
	saved = switch_to_owner(ws->owner);
	spi_begin();
	read_engagements(ws, model, leads, n, ids, now);
	read_adjustments(ws, leads, n, ids, now);
	spi_end();
	switch_back(saved);
	table_close(engagement, NoLock);
}

/* Sums are made in another order than they were kept in. */
#define TOLERANCE (POINT_SCALE / 1000000000)

static bool
points_differ(Workspace *ws, LeadColumn column, Points recomputed)
{
	int			index = ws->column[column] - 1;
	Datum		difference;

	if (ws->slot->tts_isnull[index])
		return true;
	difference = DirectFunctionCall2(numeric_sub, ws->slot->tts_values[index],
									 points_to_numeric(recomputed));
	return DatumGetBool(DirectFunctionCall2(numeric_gt,
											DirectFunctionCall1(numeric_abs, difference),
											points_to_numeric(TOLERANCE)));
}

static bool
grade_differs(Workspace *ws, const char *grade)
{
	int			index = ws->column[LEAD_GRADE] - 1;

	if (ws->slot->tts_isnull[index] || grade == NULL)
		return ws->slot->tts_isnull[index] != (grade == NULL);
	return strcmp(TextDatumGetCString(ws->slot->tts_values[index]), grade) != 0;
}

static bool
dimensions_differ(Workspace *ws, ScoreModel *model, const Score *score)
{
	Points		points[3] = {0};

	for (int d = 0; d < model->ndimensions; d++)
		if (model->dimensions[d].column >= 0)
			points[model->dimensions[d].column - LEAD_DEMOGRAPHIC_SCORE] = score->limited[d];
	for (int i = 0; i < 3; i++)
		if (points_differ(ws, LEAD_DEMOGRAPHIC_SCORE + i, points[i]))
			return true;
	return false;
}

bool
score_row_differs(Workspace *ws, ScoreModel *model, const Score *score, TimestampTz last_engaged_at)
{
	TupleTableSlot *slot = ws->slot;
	int			index = ws->column[LEAD_SCORE] - 1;
	int			engaged = ws->column[LEAD_LAST_ENGAGED_AT] - 1;

	return slot->tts_isnull[index] || DatumGetInt32(slot->tts_values[index]) != score->score ||
		grade_differs(ws, score->grade) ||
		dimensions_differ(ws, model, score) ||
		points_differ(ws, LEAD_SCORE_ADJUSTMENT, score->adjustment) ||
		(slot->tts_isnull[engaged] ? DT_NOBEGIN :
		 DatumGetTimestampTz(slot->tts_values[engaged])) != last_engaged_at;
}

bool
score_state_differs(const ScoreModel *model, const ScoreState *state, const RuleTotal *totals)
{
	if (!state->current)
		return true;
	for (int i = 0; i < model->engagement.n; i++)
	{
		const RuleTotal *a = &state->totals[i];
		const RuleTotal *b = &totals[i];

		if (a->times != b->times || a->first_at != b->first_at || a->last_at != b->last_at ||
			fabs(a->level - b->level) > 1e-12 * Max(1, fabs(b->level)))
			return true;
	}
	return false;
}

TimestampTz
score_ready_until(Workspace *ws, const RuleTotal *totals, Points adjustment, TimestampTz at)
{
	if (!score_decays(ws->model, totals))
		return score_compute(ws, ws->model, totals, adjustment, at).score >= ws->sales_ready_score ?
			DT_NOEND : DT_NOBEGIN;
	return score_reaches_until(ws, ws->model, totals, adjustment, at, ws->sales_ready_score);
}

void
score_state_row(ScoreModel *model, int64 lead_id, const ScoreState *state, bool keep,
				MemoryContext context, StateRow *row)
{
	int			n = 0;

	for (int i = 0; i < model->engagement.n; i++)
		if (state->totals[i].times > 0)
			n++;
	row->rule_ids = MemoryContextAlloc(context, (n + 1) * sizeof(int64));
	row->totals = MemoryContextAlloc(context, (n + 1) * sizeof(RuleTotal));
	row->untold = false;
	n = 0;
	row->lead_id = lead_id;
	row->rule_version = model->rule_version;
	row->decision = PG_UINT64_MAX;	/* unless a statement says */
	row->exists = state->exists;
	row->ready_until = state->ready_until;
	row->gone = !keep && state->ready_until == DT_NOBEGIN;
	for (int i = 0; i < model->engagement.n; i++)
	{
		if (state->totals[i].times == 0)
			continue;
		row->rule_ids[n] = model->engagement.rules[i].rule.id;
		row->totals[n++] = state->totals[i];
	}
	row->ntotals = n;
}

static Datum
write_array(const StateRow *row, Datum (*element) (const StateRow *row, int i), Oid type)
{
	Datum	   *values = palloc((row->ntotals + 1) * sizeof(Datum));

	for (int i = 0; i < row->ntotals; i++)
		values[i] = element(row, i);
	return spi_array(values, NULL, row->ntotals, type);
}

static Datum
rule_id_of(const StateRow *row, int i)
{
	return Int64GetDatum(row->rule_ids[i]);
}

static Datum
times_of(const StateRow *row, int i)
{
	return Int64GetDatum(row->totals[i].times);
}

static Datum
level_of(const StateRow *row, int i)
{
	return Float8GetDatum(row->totals[i].level);
}

static Datum
first_at_of(const StateRow *row, int i)
{
	return TimestampTzGetDatum(row->totals[i].first_at);
}

static Datum
last_at_of(const StateRow *row, int i)
{
	return TimestampTzGetDatum(row->totals[i].last_at);
}

static void
set_value(Workspace *ws, TupleTableSlot *slot, StateColumn column, Datum value)
{
	slot->tts_values[ws->state_column[column] - 1] = value;
	slot->tts_isnull[ws->state_column[column] - 1] = false;
}

/* The row over what the slot has; columns that users added stay. */
static void
fill_slot(Workspace *ws, TupleTableSlot *slot, const StateRow *row)
{
	bool		superseded = statement_superseded(row->lead_id, row->decision);

	set_value(ws, slot, STATE_LEAD_ID, Int64GetDatum(row->lead_id));
	set_value(ws, slot, STATE_RULE_VERSION,
			  Int64GetDatum(superseded ? SCORE_STATE_UNKNOWN : row->rule_version));
	set_value(ws, slot, STATE_RULE_ID, write_array(row, rule_id_of, INT8OID));
	set_value(ws, slot, STATE_TIMES, write_array(row, times_of, INT8OID));
	set_value(ws, slot, STATE_LEVEL, write_array(row, level_of, FLOAT8OID));
	set_value(ws, slot, STATE_FIRST_AT, write_array(row, first_at_of, TIMESTAMPTZOID));
	set_value(ws, slot, STATE_LAST_AT, write_array(row, last_at_of, TIMESTAMPTZOID));
	set_value(ws, slot, STATE_READY_UNTIL, TimestampTzGetDatum(row->ready_until));
	slot->tts_isnull[ws->state_column[STATE_READY_UNTIL] - 1] = (row->ready_until == DT_NOBEGIN);
	set_value(ws, slot, STATE_UNTOLD, BoolGetDatum(row->untold));
	if (superseded)
		set_value(ws, slot, STATE_READY_UNTIL, TimestampTzGetDatum(DT_NOEND));
}

static void
write_row(Workspace *ws, RowWriter *writer, const StateRow *row)
{
	bool		found = row_writer_find(writer, row->lead_id);

	if (found)
		workspace_borrow_row(writer->new, writer->old);
	else
		ExecStoreAllNullTuple(writer->new);
	fill_slot(ws, writer->new, row);
	if (found)
		row_writer_update(writer);
	else
		row_writer_insert(writer);
}

/* No row is kept of it, unless a later decision makes it one to doubt. */
static bool
is_gone(const StateRow *row)
{
	return row->gone && !statement_superseded(row->lead_id, row->decision);
}

static void
delete_row(Workspace *ws, int64 lead_id)
{
	Datum		value = Int64GetDatum(lead_id);

	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_STATE_DELETE), &value, NULL, false, 0),
			  SPI_OK_DELETE, "score_state");
}

/*
 * Users' triggers have no business on a derived table, so which kind of
 * statement this is does not matter.
 */
static void
write_rows(Workspace *ws, const StateRows *rows)
{
	RowWriter	writer;

	row_writer_begin(&writer, ws->state_relid, ws->state_column[STATE_LEAD_ID], true, NULL,
					 ws->state_checks);
	check_layout(writer.relation, ws->state_tupdesc);
	for (int i = 0; i < rows->n; i++)
		if (!is_gone(&rows->rows[i]))
			write_row(ws, &writer, &rows->rows[i]);
	row_writer_end(&writer);
}

void
score_state_doubt(Workspace *ws, const int64 *lead_ids, int n)
{
	StateRows	rows = {0};

	for (int i = 0; i < n; i++)
	{
		StateRow   *row = append_row(&rows, CurrentMemoryContext);

		memset(row, 0, sizeof(*row));
		row->lead_id = lead_ids[i];
		row->rule_version = SCORE_STATE_UNKNOWN;
		row->ready_until = DT_NOEND;
		row->decision = PG_UINT64_MAX;
	}
	if (n > 0)
		write_rows(ws, &rows);
}

void
score_state_write(Workspace *ws, const StateRows *rows)
{
	int			nwrites = 0;

	for (int i = 0; i < rows->n; i++)
	{
		if (!is_gone(&rows->rows[i]))
			nwrites++;
		else if (rows->rows[i].exists)
			delete_row(ws, rows->rows[i].lead_id);
	}
	if (nwrites > 0)
		write_rows(ws, rows);
}
