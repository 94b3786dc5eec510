/*-------------------------------------------------------------------------
 *
 * touch.c
 *	  Leads that are scored anew since something about them has changed.
 *
 * An UPDATE of lead that changes no column is made, so that all triggers see
 * it, users' own too; the trigger that decides finds here what it is about.
 *
 *-------------------------------------------------------------------------
 */
#include "touch.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "cache.h"
#include "row_writer.h"

#define TOUCH_BATCH 1000

/* The batch whose UPDATE is running */
typedef struct TouchBatch
{
	Oid			lead_relid;
	Touch	  **touches;
	int			n;
} TouchBatch;

static TouchBatch *running = NULL;

static int
compare_touches(const void *a, const void *b)
{
	return compare_int64(&(*(Touch *const *) a)->history.lead_id,
						 &(*(Touch *const *) b)->history.lead_id);
}

static Touch *
find_touch(Touch **touches, int n, int64 lead_id)
{
	Touch		key = {.history = {.lead_id = lead_id}};
	Touch	   *pointer = &key;
	Touch	  **found = bsearch(&pointer, touches, n, sizeof(Touch *), compare_touches);

	return found == NULL ? NULL : *found;
}

Touch *
touch_apply(Oid lead_relid, int64 lead_id)
{
	Touch	   *touch;

	if (running == NULL || running->lead_relid != lead_relid)
		return NULL;
	touch = find_touch(running->touches, running->n, lead_id);
	/* what a user's trigger does to the lead meanwhile is not ours */
	if (touch == NULL || touch->applied)
		return NULL;
	touch->applied = true;
	return touch;
}

/* Read all there is about those that ask for it, once they are locked. */
static void
read_histories(Workspace *ws, Touch **touches, int n)
{
	LeadHistory *histories = palloc(n * sizeof(LeadHistory));
	int			nread = 0;

	for (int i = 0; i < n; i++)
		if (touches[i]->whole)
		{
			histories[nread].lead_id = touches[i]->history.lead_id;
			histories[nread++].until = DT_NOEND;
		}
	if (nread > 0)
		score_state_history(ws, ws->model, histories, nread, true);
	nread = 0;
	for (int i = 0; i < n; i++)
		if (touches[i]->whole)
		{
			touches[i]->history = histories[nread++];
			touches[i]->rule_version = ws->model->rule_version;
		}
}

static bool
any_whole(Touch **touches, int n)
{
	for (int i = 0; i < n; i++)
		if (touches[i]->whole)
			return true;
	return false;
}

/*
 * A user's trigger kept a lead from being scored; the next one who scores it
 * reads all that has happened.
 */
static void
report_lost(Workspace *ws, const int64 *lead_ids, int n)
{
	score_state_doubt(ws, lead_ids, n);
	ereport(WARNING,
			(errmsg("lead " INT64_FORMAT " was not scored", lead_ids[0]),
			 n == 1 ? 0 : errdetail("Nor were %d others.", n - 1),
			 errhint("A trigger of yours on table \"lead\" suppresses the update; score_audit shows such leads, lead_mgmt.rescore scores them.")));
}

/* Through a query, where the table has something that only a query does. */
static int
touch_by_query(Workspace *ws, Touch **touches, int n, Datum ids)
{
	int64	   *lost = palloc(n * sizeof(int64));
	int			touched;
	uint64		there;

	spi_begin();
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_TOUCH_LEADS), &ids, NULL, false, 0),
			  SPI_OK_UPDATE, "lead");
	touched = (int) SPI_processed;
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_EXISTING), &ids, NULL, false, 0),
			  SPI_OK_SELECT, "lead");
	there = SPI_processed;
	spi_end();
	if (there > (uint64) touched)
	{
		for (int i = 0; i < n; i++)
			lost[i] = touches[i]->history.lead_id;
		report_lost(ws, lost, n);
	}
	return touched;
}

/*
 * The row again, but for a time that is put right by who decides: an update
 * that changes nothing might be suppressed.
 */
static void
copy_row(Workspace *ws, RowWriter *writer)
{
	int			scored_at = ws->column[LEAD_SCORED_AT] - 1;

	workspace_borrow_row(writer->new, writer->old);
	writer->new->tts_values[scored_at] = TimestampTzGetDatum(GetCurrentTimestamp());
	writer->new->tts_isnull[scored_at] = false;
}

/* One after the other, each locked when it is its turn. */
static int
touch_by_row(Workspace *ws, Touch **touches, int n)
{
	RowWriter	writer;
	int			touched = 0;
	int64	   *lost = palloc(n * sizeof(int64));
	int			nlost = 0;

	row_writer_begin(&writer, ws->lead_relid, ws->column[LEAD_ID], false, ws->derived, ws->checks);
	for (int i = 0; i < n; i++)
	{
		if (!row_writer_lock(&writer, touches[i]->history.lead_id))
			continue;
		copy_row(ws, &writer);
		if (row_writer_update(&writer))
			touched++;
		else
			lost[nlost++] = touches[i]->history.lead_id;
	}
	row_writer_end(&writer);
	if (nlost > 0)
		report_lost(ws, lost, nlost);
	return touched;
}

static Datum
touch_ids(Touch **touches, int n)
{
	Datum	   *values = palloc(n * sizeof(Datum));

	for (int i = 0; i < n; i++)
		values[i] = Int64GetDatum(touches[i]->history.lead_id);
	return spi_array(values, NULL, n, INT8OID);
}

uint64
lock_leads(Workspace *ws, Datum ids)
{
	uint64		locked;

	spi_begin();
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_LOCK_LEADS), &ids, NULL, false, 0),
			  SPI_OK_SELECT, "lead");
	locked = SPI_processed;
	spi_end();
	return locked;
}

static int
touch_batch(Workspace *ws, bool by_row, Touch **touches, int n)
{
	TouchBatch	batch = {ws->lead_relid, touches, n};
	TouchBatch *volatile outer = running;
	volatile int touched = 0;
	volatile Datum ids = (Datum) 0;

	/* a query locks in whatever order it likes, and history is read locked */
	if (!by_row || any_whole(touches, n))
	{
		ids = touch_ids(touches, n);
		if (lock_leads(ws, ids) == 0)
			return 0;			/* deleted, and its history with it */
		read_histories(ws, touches, n);
	}

	running = &batch;
	PG_TRY();
	{
		touched = by_row ? touch_by_row(ws, touches, n) : touch_by_query(ws, touches, n, ids);
	}
	PG_FINALLY();
	{
		running = outer;
	}
	PG_END_TRY();
	return touched;
}

int
touch_leads(Oid lead_relid, Touch **touches, int n)
{
	/* locked before it is looked at: until then it may be altered */
	Relation	lead = table_open(lead_relid, RowExclusiveLock);
	bool		by_row = row_writer_serves(lead);
	OwnerSwitch saved = switch_to_owner(lead->rd_rel->relowner);
	int			touched = 0;
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(caller, "lead_mgmt touches",
												  ALLOCSET_DEFAULT_SIZES);

	qsort(touches, n, sizeof(Touch *), compare_touches);
	for (int first = 0; first < n; first += TOUCH_BATCH)
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(context);
		MemoryContextSwitchTo(context);
		touched += touch_batch(cache_workspace(lead_relid), by_row, touches + first,
							   Min(TOUCH_BATCH, n - first));
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	switch_back(saved);
	table_close(lead, NoLock);
	return touched;
}
