/*-------------------------------------------------------------------------
 *
 * ledger.c
 *	  Writing down what was decided.
 *
 * The rows of a statement go to SPI as arrays, one query a table and batch.
 *
 *-------------------------------------------------------------------------
 */
#include "ledger.h"

#include "catalog/pg_type.h"
#include "commands/async.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "duplicate.h"
#include "fuzzy.h"
#include "rule_failure.h"
#include "score_state.h"

/* A column of a batch on its way into an array */
typedef struct Column
{
	Datum	   *values;
	bool	   *nulls;
} Column;

static Column
new_column(int n)
{
	Column		column;

	column.values = palloc(n * sizeof(Datum));
	column.nulls = palloc0(n * sizeof(bool));
	return column;
}

static void
column_set(Column *column, int row, Datum value, bool isnull)
{
	column->values[row] = value;
	column->nulls[row] = isnull;
}

static Datum
column_array(Column *column, int n, Oid type)
{
	return spi_array(column->values, column->nulls, n, type);
}

/*
 * Texts of a batch repeat (statuses, methods, reasons) and come from the same
 * places in memory: the last one is used again.
 */
static void
column_set_text(Column *column, int row, const char *text, const char **last)
{
	if (text == NULL)
		column_set(column, row, (Datum) 0, true);
	else if (row > 0 && !column->nulls[row - 1] && *last == text)
		column_set(column, row, column->values[row - 1], false);
	else
		column_set(column, row, CStringGetTextDatum(text), false);
	*last = text;
}

static void
execute(Workspace *ws, WorkspacePlan which, Datum *values, const char *what)
{
	spi_check(SPI_execute_plan(workspace_plan(ws, which), values, NULL, false, 0),
			  SPI_OK_INSERT, what);
}

static void
write_status_changes(Workspace *ws, Statement *statement)
{
	int			n = statement->status_changes.n;
	Column		lead_ids,
				from,
				to,
				at,
				times;
	const char *last_from = NULL;
	const char *last_to = NULL;
	Datum		values[8];

	if (n == 0)
		return;
	lead_ids = new_column(n);
	from = new_column(n);
	to = new_column(n);
	at = new_column(n);
	times = new_column(n);
	for (int i = 0; i < n; i++)
	{
		StatusChangeRow *row = &statement->status_changes.rows[i];
		bool		first = (row->from_status == NULL);

		column_set(&lead_ids, i, Int64GetDatum(row->lead_id), false);
		column_set_text(&from, i, row->from_status, &last_from);
		column_set_text(&to, i, row->to_status, &last_to);
		column_set(&at, i, TimestampTzGetDatum(row->at), false);
		column_set(&times, i, first ? (Datum) 0 :
				   DirectFunctionCall2(timestamp_mi, TimestampTzGetDatum(row->at),
									   TimestampTzGetDatum(row->since)), first);
	}
	values[0] = column_array(&lead_ids, n, INT8OID);
	values[1] = column_array(&from, n, TEXTOID);
	values[2] = column_array(&to, n, TEXTOID);
	values[3] = column_array(&at, n, TIMESTAMPTZOID);
	values[4] = column_array(&times, n, INTERVALOID);
	values[5] = CStringGetTextDatum(statement->actor);
	values[6] = CStringGetTextDatum(statement->login);
	values[7] = TimestampTzGetDatum(statement->at);
	execute(ws, PLAN_STATUS_CHANGE, values, "status_change");
}

static void
write_assignments(Workspace *ws, Statement *statement)
{
	int			n = statement->assignments.n;
	Column		lead_ids,
				reps,
				from_reps,
				rules,
				methods,
				reasons,
				skipped;
	const char *last_method = NULL;
	const char *last_reason = NULL;
	Datum		values[10];

	if (n == 0)
		return;
	lead_ids = new_column(n);
	reps = new_column(n);
	from_reps = new_column(n);
	rules = new_column(n);
	methods = new_column(n);
	reasons = new_column(n);
	skipped = new_column(n);
	for (int i = 0; i < n; i++)
	{
		AssignmentRow *row = &statement->assignments.rows[i];
		const Outcome *outcome = row->outcome;

		column_set(&lead_ids, i, Int64GetDatum(row->lead_id), false);
		column_set(&reps, i, Int64GetDatum(row->rep_id), row->rep_id == 0);
		column_set(&from_reps, i, Int64GetDatum(row->from_rep_id), row->from_rep_id == 0);
		column_set(&rules, i, Int64GetDatum(outcome->rule_id), outcome->rule_id == 0);
		column_set_text(&methods, i, outcome->method, &last_method);
		column_set_text(&reasons, i, outcome->reason, &last_reason);
		column_set(&skipped, i, outcome->skipped, outcome->skipped == (Datum) 0);
	}
	values[0] = column_array(&lead_ids, n, INT8OID);
	values[1] = column_array(&reps, n, INT8OID);
	values[2] = column_array(&from_reps, n, INT8OID);
	values[3] = column_array(&rules, n, INT8OID);
	values[4] = column_array(&methods, n, TEXTOID);
	values[5] = column_array(&reasons, n, TEXTOID);
	values[6] = column_array(&skipped, n, JSONBOID);
	values[7] = CStringGetTextDatum(statement->actor);
	values[8] = CStringGetTextDatum(statement->login);
	values[9] = TimestampTzGetDatum(statement->at);
	execute(ws, PLAN_ASSIGNMENT, values, "assignment");
}

/*
 * Leads that became ready for sales.  The payload of the notification is the
 * same each time, so the server sends it once a transaction.
 */
static void
write_events(Workspace *ws, Statement *statement)
{
	int			n = statement->events.n;
	Column		lead_ids;
	Datum		values[3];
	StringInfoData payload;

	if (n == 0)
		return;
	lead_ids = new_column(n);
	for (int i = 0; i < n; i++)
		column_set(&lead_ids, i, Int64GetDatum(statement->events.rows[i].lead_id), false);
	values[0] = column_array(&lead_ids, n, INT8OID);
	values[1] = CStringGetTextDatum("sales_ready");
	values[2] = TimestampTzGetDatum(statement->at);
	execute(ws, PLAN_LEAD_EVENT, values, "lead_event");
	if (!ws->notify)
		return;
	initStringInfo(&payload);
	appendStringInfoString(&payload, "{\"event\": \"sales_ready\", \"workspace\": ");
	escape_json(&payload, get_namespace_name(ws->namespace));
	appendStringInfoChar(&payload, '}');
	Async_Notify("lead_mgmt", payload.data);
}

/* Leads that this session has deleted, rolled back or not */
static uint64 deletions = 0;

void
ledger_lead_deleted(void)
{
	deletions++;
}

uint64
ledger_deletions(void)
{
	return deletions;
}

static bool
is_there(int64 lead_id, const int64 *ids, int n)
{
	return bsearch(&lead_id, ids, n, sizeof(int64), compare_int64) != NULL;
}

#define KEEP_ROWS(list, ids, count) \
	do { \
		int			kept_ = 0; \
		for (int i_ = 0; i_ < (list).n; i_++) \
			if (is_there((list).rows[i_].lead_id, ids, count)) \
				(list).rows[kept_++] = (list).rows[i_]; \
		(list).n = kept_; \
	} while (0)

/*
 * A user's trigger deleted leads while this batch was waiting: leave out what
 * is about leads that are gone.
 */
static void
drop_deleted(Workspace *ws, Statement *batch)
{
	int			n = batch->status_changes.n + batch->assignments.n + batch->probes.n +
		batch->fuzzy.n + batch->states.n + batch->events.n;
	Column		column = new_column(n);
	Datum		values[1];
	int64	   *ids;
	int			nids;

	if (n == 0)
		return;
	n = 0;
	for (int i = 0; i < batch->status_changes.n; i++)
		column.values[n++] = Int64GetDatum(batch->status_changes.rows[i].lead_id);
	for (int i = 0; i < batch->assignments.n; i++)
		column.values[n++] = Int64GetDatum(batch->assignments.rows[i].lead_id);
	for (int i = 0; i < batch->probes.n; i++)
		column.values[n++] = Int64GetDatum(batch->probes.rows[i].lead_id);
	for (int i = 0; i < batch->fuzzy.n; i++)
		column.values[n++] = Int64GetDatum(batch->fuzzy.rows[i].lead_id);
	for (int i = 0; i < batch->states.n; i++)
		column.values[n++] = Int64GetDatum(batch->states.rows[i].lead_id);
	for (int i = 0; i < batch->events.n; i++)
		column.values[n++] = Int64GetDatum(batch->events.rows[i].lead_id);
	values[0] = column_array(&column, n, INT8OID);
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_EXISTING), values, NULL, false, 0),
			  SPI_OK_SELECT, "lead");

	ids = spi_int64s(&nids);
	qsort(ids, nids, sizeof(int64), compare_int64);
	KEEP_ROWS(batch->status_changes, ids, nids);
	KEEP_ROWS(batch->assignments, ids, nids);
	KEEP_ROWS(batch->probes, ids, nids);
	for (int i = 0; i < batch->fuzzy.n; i++)
		if (!is_there(batch->fuzzy.rows[i].lead_id, ids, nids))
			batch->fuzzy.rows[i].arrives = false;
	KEEP_ROWS(batch->states, ids, nids);
	KEEP_ROWS(batch->events, ids, nids);
}

static bool
nothing_pending(Workspace *ws, Statement *statement)
{
	return statement->status_changes.n == 0 && statement->assignments.n == 0 &&
		statement->probes.n == 0 && statement->departed.n == 0 && statement->fuzzy.n == 0 &&
		statement->states.n == 0 && statement->events.n == 0 &&
		!rule_failure_pending(ws);
}

/* The rows of a batch lived in its context. */
static void
forget_batch(Statement *statement)
{
	memset(&statement->status_changes, 0, sizeof(statement->status_changes));
	memset(&statement->assignments, 0, sizeof(statement->assignments));
	memset(&statement->probes, 0, sizeof(statement->probes));
	memset(&statement->departed, 0, sizeof(statement->departed));
	memset(&statement->fuzzy, 0, sizeof(statement->fuzzy));
	memset(&statement->states, 0, sizeof(statement->states));
	memset(&statement->events, 0, sizeof(statement->events));
	MemoryContextReset(statement->batch_context);
}

void
ledger_flush(Workspace *ws, Relation lead, Statement *statement)
{
	Oid			caller = current_writer();
	OwnerSwitch saved;
	Statement	batch = *statement;
	MemoryContext batch_context = statement->batch_context;

	if (nothing_pending(ws, statement))
		return;

	/*
	 * Writing a ledger can run a user's trigger that writes a lead, which
	 * comes here again: what is being written must not be written twice.
	 */
	statement->batch_context = AllocSetContextCreate(statement->context,
													 "lead_mgmt batch",
													 ALLOCSET_DEFAULT_SIZES);
	forget_batch(statement);

	saved = switch_to_owner(ws->owner);
	spi_begin();
	if (batch.deletions != deletions)
		drop_deleted(ws, &batch);
	/* first, for a trigger on one of the others may read it */
	score_state_write(ws, &batch.states);
	write_status_changes(ws, &batch);
	write_assignments(ws, &batch);
	write_events(ws, &batch);
	duplicate_probe_batch(ws, lead, &batch, caller);
	duplicate_relink_batch(ws, lead, &batch);
	fuzzy_batch(ws, lead, &batch);
	rule_failure_flush(ws);
	spi_end();
	switch_back(saved);
	MemoryContextDelete(batch_context);
}

TimestampTz
ledger_first_change(Workspace *ws, int64 lead_id)
{
	OwnerSwitch saved = switch_to_owner(ws->owner);
	Datum		values[1] = {Int64GetDatum(lead_id)};
	TimestampTz first = DT_NOEND;
	bool		isnull;
	Datum		value;

	spi_begin();
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_FIRST_CHANGE), values, NULL, true, 0),
			  SPI_OK_SELECT, "status_change");
	value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	if (!isnull)
		first = DatumGetTimestampTz(value);
	spi_end();
	switch_back(saved);
	return first;
}

void
ledger_move_creation(Workspace *ws, int64 lead_id, TimestampTz at)
{
	OwnerSwitch saved = switch_to_owner(ws->owner);
	Datum		values[2] = {Int64GetDatum(lead_id), TimestampTzGetDatum(at)};

	spi_begin();
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_MOVE_CREATION), values, NULL, false, 0),
			  SPI_OK_UPDATE, "status_change");
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_MOVE_FIRST_CHANGE), values, NULL, false, 0),
			  SPI_OK_UPDATE, "status_change");
	spi_end();
	switch_back(saved);
}
