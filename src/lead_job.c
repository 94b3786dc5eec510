/*-------------------------------------------------------------------------
 *
 * lead_job.c
 *	  Jobs that go through all leads, page by page in the order of their ids.
 *
 *-------------------------------------------------------------------------
 */
#include "lead_job.h"

#include "access/table.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "cache.h"

Datum
lead_job_call(FunctionCallInfo fcinfo, const char *kind, void (*work) (Job *job))
{
	Job			job;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name of a workspace cannot be empty"),
				 errhint("View lead_mgmt.workspace lists them.")));
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	job_begin(&job, fcinfo, kind, NameStr(*PG_GETARG_NAME(0)));
	PG_TRY();
	{
		work(&job);
	}
	PG_FINALLY();
	{
		job_release(&job);
	}
	PG_END_TRY();
	spi_end();
	return (Datum) 0;
}

static int
do_page(Job *job, int64 last_id, const char *also, LeadPageWork work, void *arg)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "lead_mgmt page of leads",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	Relation	lead;
	Relation	other = NULL;
	Workspace  *ws;
	OwnerSwitch saved;
	bool		wrote = false;
	int			n;

	/* locked before they are looked at: until then they may be altered */
	lead = table_open(sister_relation(job->namespace, job->owner, "lead"), RowExclusiveLock);
	if (also != NULL)
		other = table_open(sister_relation(job->namespace, job->owner, also), AccessShareLock);
	PushActiveSnapshot(GetTransactionSnapshot());
	AcceptInvalidationMessages();
	ws = cache_workspace(RelationGetRelid(lead));
	saved = switch_to_owner_restricted(job->owner);
	spi_begin();
	/* what spi_begin() switched to lives as long */
	n = work(job, ws, lead, last_id, &wrote, arg);
	spi_end();
	switch_back(saved);
	PopActiveSnapshot();
	if (other != NULL)
		table_close(other, NoLock);
	table_close(lead, NoLock);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	job_batch_done(job, wrote);
	return n;
}

void
lead_job_pages(Job *job, int64 last_id, const char *also, LeadPageWork work, void *arg)
{
	while (do_page(job, last_id, also, work, arg) > 0)
		 /* next page */ ;
}

void
lead_job_tell_of_writers(const Job *job, const char *detail, const char *hint)
{
	ereport(NOTICE,
			(errmsg("transactions that began to write leads before %s are still open", job->kind),
			 errdetail_internal("%s", detail),
			 errhint("%s", hint)));
}
