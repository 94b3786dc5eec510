/*-------------------------------------------------------------------------
 *
 * job.c
 *	  Long work that commits in batches, shows its progress and can be resumed.
 *
 * A job is a row of job_run, which is written with each batch, so that what it
 * says is what is committed.  As long as the procedure runs its session holds
 * two locks: one that only one job of a kind can have, and one on the row, by
 * which the view job tells a job that runs from one that was stopped.  Nothing
 * has to be written when a job dies.
 *
 *-------------------------------------------------------------------------
 */
#include "job.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#define REPORT_EVERY	USECS_PER_SEC
#define NOTICE_EVERY	(5 * USECS_PER_SEC)

static void
kind_tag(const Job *job, LOCKTAG *tag)
{
	uint32		hash = hash_bytes((const unsigned char *) job->kind, (int) strlen(job->kind));

	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, job->relid, hash_combine(hash, (uint32) job->subject), 1);
}

static void
row_tag(const Job *job, LOCKTAG *tag)
{
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, job->relid, (uint32) job->id, 0);
}

/* " of batch 7 of workspace ..." has its place in messages. */
static char *
job_name(const Job *job)
{
	return job->subject == 0 ? pstrdup(job->kind) :
		psprintf("%s of batch " INT64_FORMAT, job->kind, job->subject);
}

void
job_begin_about(Job *job, FunctionCallInfo fcinfo, const char *kind, int64 subject,
				const char *rows, const char *schema, Oid owner)
{
	LOCKTAG		tag;

	memset(job, 0, sizeof(*job));
	job->kind = kind;
	job->subject = subject;
	job->rows = rows;
	job->schema = MemoryContextStrdup(PortalContext, schema);
	job->namespace = get_namespace_oid(schema, false);
	job->owner = owner;
	job->relid = sister_relation(job->namespace, job->owner, "job_run");
	job->atomic = fcinfo->context == NULL || !IsA(fcinfo->context, CallContext) ||
		((CallContext *) fcinfo->context)->atomic;
	if (job->atomic)
		ereport(NOTICE,
				(errmsg("%s runs in one transaction", kind),
				 errdetail("It was called within a transaction, so it cannot commit in between, and its progress cannot be seen."),
				 errhint("Call it outside of a transaction block.")));
	kind_tag(job, &tag);
	if (LockAcquire(&tag, ExclusiveLock, true, true) == LOCKACQUIRE_NOT_AVAIL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("%s of workspace \"%s\" is under way already", job_name(job), schema),
				 errhint("View \"job\" of the workspace shows how far it is.")));
	job->kind_locked = true;
}

void
job_begin(Job *job, FunctionCallInfo fcinfo, const char *kind, const char *schema)
{
	Oid			owner = workspace_check_owner(schema, get_namespace_oid(schema, false));

	job_begin_about(job, fcinfo, kind, 0, "leads", schema, owner);
}

/* Run a query about the row of job_run as the owner of the table. */
static void
run(const Job *job, const char *query, int expected)
{
	OwnerSwitch saved = switch_to_owner_restricted(job->owner);

	spi_check(SPI_execute(query, false, 0), expected, query);
	switch_back(saved);
}

const char *
job_quoted_schema(const Job *job)
{
	char	   *name = get_namespace_name(job->namespace);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_SCHEMA),
				 errmsg("schema \"%s\" was dropped meanwhile", job->schema)));
	return quote_identifier(name);
}

static int64
result_int64(int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

static bool
take_up(Job *job)
{
	run(job, psprintf("SELECT id, done, changed, \"position\" FROM %s.job_run "
					  "WHERE kind OPERATOR(pg_catalog.=) '%s' AND finished_at IS NULL "
					  "AND rule_version OPERATOR(pg_catalog.=) " INT64_FORMAT
					  " AND \"position\" IS NOT NULL AND id OPERATOR(pg_catalog.=) "
					  "(SELECT pg_catalog.max(x.id) FROM %s.job_run x WHERE x.kind OPERATOR(pg_catalog.=) '%s' "
					  "AND COALESCE(x.subject, 0) OPERATOR(pg_catalog.=) " INT64_FORMAT ")",
					  job_quoted_schema(job), job->kind, job->rule_version, job_quoted_schema(job), job->kind,
					  job->subject),
		SPI_OK_SELECT);
	if (SPI_processed == 0)
		return false;
	job->id = result_int64(1);
	job->done = job->done_before = result_int64(2);
	job->changed = result_int64(3);
	job->position = result_int64(4);
	ereport(NOTICE,
			(errmsg("resuming %s of workspace \"%s\" behind %s " INT64_FORMAT,
					job_name(job), job->schema, job->subject == 0 ? "id" : "row", job->position)));
	return true;
}

static void
commit(Job *job)
{
	if (job->atomic)
		return;
	SPI_commit();
}

void
job_find(Job *job, int64 rule_version, int64 total)
{
	const char *actor = quote_literal_cstr(current_actor());
	const char *login = quote_literal_cstr(current_login());
	LOCKTAG		tag;

	job->rule_version = rule_version;
	job->total = total;
	job->position = PG_INT64_MIN;
	job->resumed_at = job->reported_at = job->noticed_at = GetCurrentTimestamp();
	if (take_up(job))
		run(job, psprintf("UPDATE %s.job_run SET resumed_at = pg_catalog.clock_timestamp(), reported_at = pg_catalog.clock_timestamp(), "
						  "done_before = done, total = " INT64_FORMAT ", pid = %d, actor = %s, login = %s "
						  "WHERE id OPERATOR(pg_catalog.=) " INT64_FORMAT,
						  job_quoted_schema(job), total, MyProcPid, actor, login, job->id),
			SPI_OK_UPDATE);
	else
	{
		run(job, psprintf("INSERT INTO %s.job_run (kind, started_at, resumed_at, reported_at, done, done_before, "
						  "changed, total, rule_version, pid, actor, login, subject) "
						  "VALUES ('%s', pg_catalog.clock_timestamp(), pg_catalog.clock_timestamp(), pg_catalog.clock_timestamp(), "
						  "0, 0, 0, " INT64_FORMAT ", " INT64_FORMAT ", %d, %s, %s, "
						  "NULLIF(" INT64_FORMAT "::pg_catalog.int8, 0)) RETURNING id",
						  job_quoted_schema(job), job->kind, total, rule_version, MyProcPid, actor, login, job->subject),
			SPI_OK_INSERT_RETURNING);
		job->id = result_int64(1);
	}
	row_tag(job, &tag);
	(void) LockAcquire(&tag, ExclusiveLock, true, false);
	job->row_locked = true;
	commit(job);				/* others see it while its first batch is under way */
}

static void
report(Job *job, bool finished)
{
	job->reported_at = GetCurrentTimestamp();
	run(job, psprintf("UPDATE %s.job_run SET done = " INT64_FORMAT ", changed = " INT64_FORMAT
					  ", total = GREATEST(total, " INT64_FORMAT "), rule_version = " INT64_FORMAT
					  ", \"position\" = %s, done_before = " INT64_FORMAT
					  ", reported_at = pg_catalog.clock_timestamp()%s WHERE id OPERATOR(pg_catalog.=) " INT64_FORMAT,
					  job_quoted_schema(job), job->done, job->changed, job->done, job->rule_version,
					  job->position == PG_INT64_MIN ? "NULL" : psprintf(INT64_FORMAT, job->position),
					  job->done_before,
					  finished ? ", finished_at = pg_catalog.clock_timestamp()" : "", job->id),
		SPI_OK_UPDATE);
}

static void
tell(Job *job)
{
	TimestampTz now = GetCurrentTimestamp();
	int64		done = job->done - job->done_before;
	double		seconds = (double) (now - job->resumed_at) / USECS_PER_SEC;

	if (now - job->noticed_at < NOTICE_EVERY || done <= 0)
		return;
	job->noticed_at = now;
	ereport(NOTICE,
			(errmsg("%s: " INT64_FORMAT " of " INT64_FORMAT " %s, " INT64_FORMAT " written, %.0f a second, about %.0f s left",
					job->kind, job->done, job->total, job->rows, job->changed, done / seconds,
					Max(job->total - job->done, 0) * seconds / done)));
}

void
job_batch_done(Job *job, bool wrote)
{
	bool		due = GetCurrentTimestamp() - job->reported_at >= REPORT_EVERY;

	if (wrote || due)
		report(job, false);
	commit(job);
	tell(job);
}

void
job_restart(Job *job, int64 rule_version, bool rules_changed)
{
	ereport(NOTICE,
			(rules_changed ?
			 errmsg("%s begins again: the rules were changed meanwhile", job->kind) :
			 errmsg("%s looks again: transactions that began before have ended", job->kind)));
	job->rule_version = rule_version;
	job->position = PG_INT64_MIN;
	job->done = job->done_before = 0;
	job->resumed_at = job->noticed_at = GetCurrentTimestamp();
	report(job, false);
	run(job, psprintf("UPDATE %s.job_run SET resumed_at = reported_at WHERE id OPERATOR(pg_catalog.=) " INT64_FORMAT,
					  job_quoted_schema(job), job->id), SPI_OK_UPDATE);
	commit(job);
}

void
job_finish(Job *job)
{
	report(job, true);
	commit(job);
}

void
job_count_leads(const Job *job, int64 *total, int64 *last_id)
{
	OwnerSwitch saved = switch_to_owner_restricted(job->owner);
	char	   *query = psprintf("SELECT pg_catalog.count(*), pg_catalog.max(id) FROM %s.lead",
								 job_quoted_schema(job));
	bool		isnull;
	Datum		value;

	spi_check(SPI_execute(query, true, 0), SPI_OK_SELECT, query);
	*total = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull);
	*last_id = isnull ? PG_INT64_MIN : DatumGetInt64(value);
	switch_back(saved);
}

VirtualTransactionId *
job_writers(const Job *job, const char *table)
{
	MemoryContext caller = MemoryContextSwitchTo(PortalContext);
	VirtualTransactionId *writers;
	LOCKTAG		tag;
	int			n;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, sister_relation(job->namespace, job->owner, table));
	writers = GetLockConflicts(&tag, ShareLock, &n);
	MemoryContextSwitchTo(caller);
	return writers;
}

#define POLL_INTERVAL	20000L	/* microseconds */

bool
job_outlived(VirtualTransactionId *writers, TimestampTz deadline)
{
	for (; VirtualTransactionIdIsValid(*writers); writers++)
		while (!VirtualXactLock(*writers, false))
		{
			CHECK_FOR_INTERRUPTS();
			if (GetCurrentTimestamp() >= deadline)
				return false;
			pg_usleep(POLL_INTERVAL);
		}
	return true;
}

void
job_release(Job *job)
{
	LOCKTAG		tag;

	/* an error at a commit has released them already */
	row_tag(job, &tag);
	if (job->row_locked && lead_lock_held(&tag, ExclusiveLock))
		(void) LockRelease(&tag, ExclusiveLock, true);
	kind_tag(job, &tag);
	if (job->kind_locked && lead_lock_held(&tag, ExclusiveLock))
		(void) LockRelease(&tag, ExclusiveLock, true);
}
