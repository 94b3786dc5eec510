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

/* Through a query, where the table has something that only a query does. */
static int
touch_by_query(Workspace *ws, Datum ids)
{
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_TOUCH_LEADS), &ids, NULL, false, 0),
			  SPI_OK_UPDATE, "lead");
	return (int) SPI_processed;
}

/* One after the other, each locked when it is its turn. */
static int
touch_by_row(Workspace *ws, Touch **touches, int n)
{
	RowWriter	writer;
	int			touched = 0;

	row_writer_begin(&writer, ws->lead_relid, ws->column[LEAD_ID], true, ws->derived, ws->checks);
	for (int i = 0; i < n; i++)
	{
		if (!row_writer_lock(&writer, touches[i]->history.lead_id))
			continue;
		ExecCopySlot(writer.new, writer.old);
		row_writer_update(&writer);
		touched++;
	}
	row_writer_end(&writer);
	return touched;
}

static bool
can_touch_by_row(Workspace *ws)
{
	Relation	lead = table_open(ws->lead_relid, RowExclusiveLock);
	bool		result = row_writer_serves(lead);

	table_close(lead, NoLock);
	return result;
}

static int
touch_batch(Workspace *ws, Touch **touches, int n)
{
	Datum	   *values = palloc(n * sizeof(Datum));
	TouchBatch	batch = {ws->lead_relid, touches, n};
	TouchBatch *volatile outer = running;
	volatile int touched = 0;
	bool		by_row = can_touch_by_row(ws);
	Datum		ids;

	for (int i = 0; i < n; i++)
		values[i] = Int64GetDatum(touches[i]->history.lead_id);
	ids = spi_array(values, NULL, n, INT8OID);

	/* a query locks in whatever order it likes, and history is read locked */
	if (!by_row || any_whole(touches, n))
	{
		spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_LOCK_LEADS), &ids, NULL, false, 0),
				  SPI_OK_SELECT, "lead");
		if (SPI_processed == 0)
			return 0;			/* deleted, and its history with it */
		read_histories(ws, touches, n);
	}

	running = &batch;
	PG_TRY();
	{
		touched = by_row ? touch_by_row(ws, touches, n) : touch_by_query(ws, ids);
	}
	PG_FINALLY();
	{
		running = outer;
	}
	PG_END_TRY();
	return touched;
}

int
touch_leads(Workspace *ws, Touch **touches, int n)
{
	OwnerSwitch saved = switch_to_owner(ws->owner);
	int			touched = 0;

	spi_begin();
	for (int first = 0; first < n; first += TOUCH_BATCH)
	{
		CHECK_FOR_INTERRUPTS();
		touched += touch_batch(ws, touches + first, Min(TOUCH_BATCH, n - first));
	}
	spi_end();
	switch_back(saved);
	return touched;
}
