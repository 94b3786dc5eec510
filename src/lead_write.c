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

/* Those whose UPDATE is running */
static LeadWrites *running = NULL;

static int
compare_writes(const void *a, const void *b)
{
	return compare_int64(&((const LeadWrite *) a)->lead_id, &((const LeadWrite *) b)->lead_id);
}

void
lead_write_begin(LeadWrites *writes)
{
	qsort(writes->writes, writes->n, sizeof(LeadWrite), compare_writes);
	writes->outer = running;
	running = writes;
}

void
lead_write_end(LeadWrites *writes)
{
	running = writes->outer;
}

static LeadWrite *
find_write(Oid lead_relid, int64 lead_id)
{
	LeadWrite	key = {.lead_id = lead_id};

	if (running == NULL || running->lead_relid != lead_relid)
		return NULL;
	return bsearch(&key, running->writes, running->n, sizeof(LeadWrite), compare_writes);
}

LeadWrite *
lead_write_apply(Oid lead_relid, int64 lead_id)
{
	LeadWrite  *write = find_write(lead_relid, lead_id);

	/* what a user's trigger does to the lead meanwhile is not ours */
	if (write == NULL || write->applied)
		return NULL;
	write->applied = true;
	return write;
}

LeadWrite *
lead_write_recorded(Oid lead_relid, int64 lead_id)
{
	LeadWrite  *write = find_write(lead_relid, lead_id);

	if (write == NULL || !write->applied || write->recorded)
		return NULL;
	write->recorded = true;
	return write;
}

uint64
lead_write_execute(Workspace *ws, LeadWrite *writes, int n,
				   SPIPlanPtr plan, Datum *values, const char *nulls)
{
	LeadWrites	pending = {.lead_relid = ws->lead_relid, .writes = writes, .n = n};

	lead_write_begin(&pending);
	PG_TRY();
	{
		spi_check(SPI_execute_plan(plan, values, nulls, false, 0), SPI_OK_UPDATE, "lead");
	}
	PG_FINALLY();
	{
		lead_write_end(&pending);
	}
	PG_END_TRY();
	return SPI_processed;
}
