/*-------------------------------------------------------------------------
 *
 * rekey.c
 *	  Giving every lead the keys that it should have.
 *
 * Keys depend on the settings of the workspace, on this version of lead_mgmt
 * and on libphonenumber.  Leads are read page by page in the order of their
 * ids, without locks; those with other keys than they should have are then
 * locked and written, and the triggers find their duplicates.
 *
 * No lead stops the others: where a rule rejects, two leads that come to share
 * a key both stay, and are noted as a pair; one that cannot be written, since
 * a constraint or a trigger of the user's refuses it, keeps its old keys.
 *
 *-------------------------------------------------------------------------
 */
#include "lead_job.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"

#include "attempt.h"
#include "cache.h"
#include "duplicate.h"
#include "lead_keys.h"
#include "lead_write.h"
#include "phone.h"

PG_FUNCTION_INFO_V1(rekey);

#define PAGE_LEADS 1000

/* Passes after which settings that change all the time have won */
#define MAX_PASSES 10

/* Leads that are named because they could not be written */
#define WARNINGS 20

typedef struct Rekey
{
	Job		   *job;
	int64		failed;			/* leads that could not be written */
	uint64		tolerated;		/* pairs under a rule that rejects, before */
} Rekey;

static bool
keys_are_wrong(Workspace *ws)
{
	text	   *keys[MATCH_KEYS];

	for (int key = 0; key < MATCH_KEYS; key++)
		keys[key] = lead_key(ws, key);
	return lead_keys_differ(ws, keys);
}

static uint64
write_leads(Workspace *ws, int64 *ids, int n)
{
	LeadWrite  *writes = palloc0(n * sizeof(LeadWrite));
	Datum	   *values = palloc(n * sizeof(Datum));
	Datum		array;

	for (int i = 0; i < n; i++)
	{
		writes[i].lead_id = ids[i];
		writes[i].rekey = true;
		values[i] = Int64GetDatum(ids[i]);
	}
	array = spi_array(values, NULL, n, INT8OID);
	lock_leads(ws, array);
	return lead_write_execute(ws, writes, n, workspace_plan(ws, PLAN_TOUCH_LEADS), &array, NULL);
}

typedef struct Writing
{
	Workspace  *ws;
	int64	   *ids;
	int			n;
	uint64		written;
} Writing;

static void
write_all(void *arg)
{
	Writing    *writing = arg;

	writing->written = write_leads(writing->ws, writing->ids, writing->n);
}

/* Write these leads, or none of them: the error is then returned. */
static ErrorData *
try_leads(Workspace *ws, int64 *ids, int n, int64 *written)
{
	Writing		writing = {ws, ids, n, 0};
	ErrorData  *error = attempt(write_all, &writing);

	/* not about the lead: it would hit the next one, too */
	if (error != NULL && error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE)
		ReThrowError(error);
	if (error == NULL)
		*written += writing.written;
	return error;
}

static void
tell_of_failure(Rekey *rekey, int64 lead_id, const ErrorData *error)
{
	if (++rekey->failed > WARNINGS)
		return;
	ereport(WARNING,
			(errcode(error->sqlerrcode),
			 errmsg("lead " INT64_FORMAT " keeps its old keys", lead_id),
			 errdetail_internal("%s", error->message),
			 errhint("Correct the lead, or what refuses it, and call lead_mgmt.rekey again.")));
}

/* All at once; if one of them cannot be written, one by one. */
static void
write_page(Rekey *rekey, Workspace *ws, int64 *ids, int n)
{
	if (n == 0 || try_leads(ws, ids, n, &rekey->job->changed) == NULL)
		return;
	for (int i = 0; i < n; i++)
	{
		ErrorData  *error = try_leads(ws, &ids[i], 1, &rekey->job->changed);

		CHECK_FOR_INTERRUPTS();
		if (error != NULL)
			tell_of_failure(rekey, ids[i], error);
	}
}

/* One page behind job->position; returns how many leads it had. */
static int
rekey_page(Job *job, Workspace *ws, Relation lead pg_attribute_unused(), int64 last_id,
		   bool *wrote, void *arg)
{
	Datum		values[3] = {Int64GetDatum(job->position), Int64GetDatum(last_id),
	Int64GetDatum(PAGE_LEADS)};
	int64	   *ids = palloc(PAGE_LEADS * sizeof(int64));
	int			nleads;
	int			n = 0;

	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_LEAD_PAGE), values, NULL, false, 0),
			  SPI_OK_SELECT, "lead");
	nleads = (int) SPI_processed;
	for (int i = 0; i < nleads; i++)
	{
		bool		isnull;
		Datum		row = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);

		CHECK_FOR_INTERRUPTS();
		ResetExprContext(ws->econtext);
		workspace_store_row(ws->slot, DatumGetHeapTupleHeader(row));
		job->position = DatumGetInt64(ws->slot->tts_values[ws->column[LEAD_ID] - 1]);
		if (keys_are_wrong(ws))
			ids[n++] = job->position;
	}
	write_page((Rekey *) arg, ws, ids, n);
	job->done += nleads;
	*wrote = n > 0;
	return nleads;
}

/* A fingerprint of what keys depend on */
static int64
key_version(Job *job)
{
	Workspace  *ws;
	uint64		hash;

	PushActiveSnapshot(GetTransactionSnapshot());
	AcceptInvalidationMessages();
	ws = cache_workspace(sister_relation(job->namespace, job->owner, "lead"));
	hash = hash_bytes_extended((const unsigned char *) LEAD_MGMT_VERSION,
							   (int) strlen(LEAD_MGMT_VERSION), 0);
	if (ws->default_country != NULL)
		hash = hash_combine64(hash, hash_bytes_extended((unsigned char *) ws->default_country,
														(int) strlen(ws->default_country), 0));
	hash = hash_combine64(hash, ws->email_ignores_tag);
	hash = hash_combine64(hash, ws->email_ignores_dots);
	hash = hash_combine64(hash, phone_module_is_there());
	PopActiveSnapshot();
	return (int64) hash;
}

/* Up to the last lead there is; false: earlier writers are still at it. */
static bool
rekey_pass(Rekey *rekey)
{
	Job		   *job = rekey->job;
	bool		none_open = true;
	int64		last_id;

	/* who began to write before the settings were changed goes by the old ones */
	if (!job->atomic)
		none_open = job_outlived(job_writers(job, "lead"), GetCurrentTimestamp() + JOB_PATIENCE);
	job_count_leads(job, &job->total, &last_id);
	lead_job_pages(job, last_id, NULL, rekey_page, rekey);
	return none_open;
}

/*
 * What people are known by besides their lead's own keys.  Of these only the
 * key is there: what is to be left out of addresses from now on can be.
 */
static void
rekey_aliases(Job *job)
{
	Workspace  *ws;
	OwnerSwitch saved;
	const char *query;

	PushActiveSnapshot(GetTransactionSnapshot());
	ws = cache_workspace(sister_relation(job->namespace, job->owner, "lead"));
	query = psprintf("UPDATE %s.lead_alias SET value = lead_mgmt.email_key(value::pg_catalog.text, %s::pg_catalog.bool, %s::pg_catalog.bool)"
					 " WHERE key OPERATOR(pg_catalog.=) 'email'"
					 " AND value OPERATOR(pg_catalog.<>) lead_mgmt.email_key(value::pg_catalog.text, %s::pg_catalog.bool, %s::pg_catalog.bool)",
					 ws->schema,
					 ws->email_ignores_tag ? "true" : "false", ws->email_ignores_dots ? "true" : "false",
					 ws->email_ignores_tag ? "true" : "false", ws->email_ignores_dots ? "true" : "false");
	sister_relation(job->namespace, job->owner, "lead_alias");
	saved = switch_to_owner_restricted(job->owner);
	spi_begin();
	spi_check(SPI_execute(query, false, 0), SPI_OK_UPDATE, query);
	spi_end();
	switch_back(saved);
	PopActiveSnapshot();
	job_batch_done(job, true);
}

static void
tell_result(const Rekey *rekey)
{
	uint64		pairs = duplicate_tolerated - rekey->tolerated;

	ereport(NOTICE,
			(errmsg("%s of workspace \"%s\": " INT64_FORMAT " leads looked at, " INT64_FORMAT " written",
					rekey->job->kind, rekey->job->schema, rekey->job->done, rekey->job->changed),
			 rekey->failed > 0 ?
			 errdetail(INT64_FORMAT " leads could not be written and keep their old keys.", rekey->failed) :
			 pairs > 0 ?
			 errdetail("Leads now share keys that a match rule rejects; all stay, and the view \"duplicate\" shows the pairs.") : 0));
}

static void
rekey_all(Job *job)
{
	Rekey		rekey = {job, 0, duplicate_tolerated};
	int64		total;
	int64		last_id;
	bool		none_open;

	/* in one transaction locks are kept, so there must be no second pass */
	if (job->atomic)
		LockRelationOid(sister_relation(job->namespace, job->owner, "setting"), ShareLock);
	job_count_leads(job, &total, &last_id);
	job_find(job, key_version(job), total);
	for (int passes = 1;; passes++)
	{
		none_open = rekey_pass(&rekey);
		if (key_version(job) == job->rule_version)
			break;
		if (passes >= MAX_PASSES)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_IN_USE),
					 errmsg("settings of workspace \"%s\" change faster than keys can be computed", job->schema),
					 errdetail("They have changed during each of %d passes.", MAX_PASSES),
					 errhint("Call lead_mgmt.rekey again when they are settled.")));
		job_restart(job, key_version(job), true);
	}
	rekey_aliases(job);
	job_finish(job);
	if (!none_open)
		lead_job_tell_of_writers(job, "What they write has keys by the settings that were in force when they began.",
								 "If settings were changed meanwhile, call lead_mgmt.rekey again when they have ended.");
	tell_result(&rekey);
}

/*
 * rekey(workspace): computes the keys of every lead anew, after a change of
 * settings, of this extension or of libphonenumber; for the owner of the
 * workspace.  Writes only the leads whose keys are others then.
 */
Datum
rekey(PG_FUNCTION_ARGS)
{
	return lead_job_call(fcinfo, "rekey", rekey_all);
}
