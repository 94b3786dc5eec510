/*-------------------------------------------------------------------------
 *
 * lead_write.c
 *	  Updates of lead that may write what only the database decides.
 *
 * A writer's value in a derived column is ignored, and a status changes only
 * where a transition allows it.  What the extension itself has to write there
 * goes through an ordinary UPDATE all the same, so that all triggers see it;
 * the trigger that decides finds here what is meant.
 *
 *-------------------------------------------------------------------------
 */
#include "lead_write.h"

/* The writes whose UPDATE is running */
typedef struct PendingWrites
{
	Oid			lead_relid;
	LeadWrite  *writes;
	int			n;
} PendingWrites;

static PendingWrites *running = NULL;

static int
compare_writes(const void *a, const void *b)
{
	return compare_int64(&((const LeadWrite *) a)->lead_id, &((const LeadWrite *) b)->lead_id);
}

LeadWrite *
lead_write_apply(Oid lead_relid, int64 lead_id)
{
	LeadWrite	key = {.lead_id = lead_id};
	LeadWrite  *write;

	if (running == NULL || running->lead_relid != lead_relid)
		return NULL;
	write = bsearch(&key, running->writes, running->n, sizeof(LeadWrite), compare_writes);
	/* what a user's trigger does to the lead meanwhile is not ours */
	if (write == NULL || write->applied)
		return NULL;
	write->applied = true;
	return write;
}

uint64
lead_write_execute(Workspace *ws, LeadWrite *writes, int n,
				   SPIPlanPtr plan, Datum *values, const char *nulls)
{
	PendingWrites pending = {ws->lead_relid, writes, n};
	PendingWrites *volatile outer = running;

	qsort(writes, n, sizeof(LeadWrite), compare_writes);
	running = &pending;
	PG_TRY();
	{
		spi_check(SPI_execute_plan(plan, values, nulls, false, 0), SPI_OK_UPDATE, "lead");
	}
	PG_FINALLY();
	{
		running = outer;
	}
	PG_END_TRY();
	return SPI_processed;
}
