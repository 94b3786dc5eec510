/*-------------------------------------------------------------------------
 *
 * find_duplicates.c
 *	  Looking through the whole base by all match rules.
 *
 * Leads are read page by page in the order of their ids, and each is looked up
 * among those before it, by the same code that looks up a lead that is written.
 * So the answers are those that the leads would have had, had they come in one
 * by one with the rules of today.
 *
 * Leads that come in meanwhile look for themselves, but not all that they look
 * for may be there yet: blocks are written as the leads of a page are read.  So
 * those are looked at too in the end, and transactions that began to write
 * before are waited for.
 *
 *-------------------------------------------------------------------------
 */
#include "lead_job.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "cache.h"
#include "duplicate.h"
#include "fuzzy.h"
#include "lead.h"
#include "lead_row.h"
#include "touch.h"

PG_FUNCTION_INFO_V1(find_duplicates);

#define PAGE_LEADS 1000

/* Passes after which rules that change all the time have won */
#define MAX_PASSES 10

/* A page of leads, in memory of its own */
typedef struct LeadPage
{
	int			n;
	ProbeRows	probes;			/* of leads that are not merged */
	FuzzyRows	people;
	Datum	   *unseen;			/* leads that no trigger has seen */
	int			nunseen;
} LeadPage;

static void
note_lead(Workspace *ws, LeadPage *page, HeapTupleHeader header, int64 *lead_id)
{
	bool		isnull;
	ProbeRow	probe = {0};

	ResetExprContext(ws->econtext);
	workspace_store_row(ws->slot, header);
	*lead_id = DatumGetInt64(slot_getattr(ws->slot, ws->column[LEAD_ID], &isnull));
	if (slot_attisnull(ws->slot, ws->column[LEAD_PERSON_KEY]))
		page->unseen[page->nunseen++] = Int64GetDatum(*lead_id);
	if (!slot_attisnull(ws->slot, ws->column[LEAD_MERGED_INTO]))
		return;

	probe.lead_id = *lead_id;
	ItemPointerSetInvalid(&probe.tid);
	for (int key = 0; key < MATCH_KEYS; key++)
		if (ws->match[key].name != NULL)
			probe.keys[key] = slot_text(ws->slot, ws->column[match_key_column[key]]);
	*append_row(&page->probes, CurrentMemoryContext) = probe;
	if (ws->fuzzy.name != NULL)
		fuzzy_row_read(ws, append_row(&page->people, CurrentMemoryContext), ws->slot);
}

static void
read_page(Workspace *ws, LeadPage *page, int64 position, int64 last_id, int64 *last_read)
{
	Datum		values[3] = {Int64GetDatum(position), Int64GetDatum(last_id),
	Int64GetDatum(PAGE_LEADS)};
	SPITupleTable *rows;

	memset(page, 0, sizeof(LeadPage));
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_LEAD_PAGE), values, NULL, false, 0),
			  SPI_OK_SELECT, "lead");
	rows = SPI_tuptable;
	page->n = (int) SPI_processed;
	page->unseen = palloc((page->n + 1) * sizeof(Datum));
	for (int i = 0; i < page->n; i++)
	{
		bool		isnull;

		note_lead(ws, page, DatumGetHeapTupleHeader(SPI_getbinval(rows->vals[i], rows->tupdesc, 1, &isnull)),
				  last_read);
	}
	SPI_freetuptable(rows);
}

/*
 * Leads that were loaded while triggers were off have no keys.  An UPDATE gives
 * them all that a lead has; looking them up comes after that.
 */
static void
show_to_triggers(Workspace *ws, LeadPage *page)
{
	Datum		ids = spi_array(page->unseen, NULL, page->nunseen, INT8OID);

	lock_leads(ws, ids);
	lead_recompute_depth++;
	duplicate_suspended++;
	PG_TRY();
	{
		spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_TOUCH_LEADS), &ids, NULL, false, 0),
				  SPI_OK_UPDATE, "lead");
	}
	PG_FINALLY();
	{
		duplicate_suspended--;
		lead_recompute_depth--;
	}
	PG_END_TRY();
}

static void
look_up_page(Workspace *ws, Relation lead, PersonCache *cache, LeadPage *page, LinkRows *links)
{
	FuzzyProbe *probe;

	duplicate_look_up(ws, lead, &page->probes, links);
	if (ws->fuzzy.name == NULL)
		return;
	probe = fuzzy_open(ws, lead, cache);
	fuzzy_write_lacking_blocks(probe, page->people.rows, page->people.n);
	for (int i = 0; i < page->people.n; i++)
		fuzzy_probe(probe, &page->people.rows[i], links);
	fuzzy_close(probe);
}

/* One page behind job->position; returns how many leads it had. */
static int
find_in_page(Job *job, Workspace *ws, Relation lead, int64 last_id, bool *wrote, void *cache)
{
	LeadPage		page;
	LinkRows	links = {0};
	int64		last_read = job->position;

	read_page(ws, &page, job->position, last_id, &last_read);
	if (page.nunseen > 0)
	{
		show_to_triggers(ws, &page);
		read_page(ws, &page, job->position, last_id, &last_read);
	}
	look_up_page(ws, lead, cache, &page, &links);
	job->changed += write_missing_links(ws, &links, GetCurrentTimestamp());
	job->position = last_read;
	job->done += page.n;
	*wrote = page.n > 0;
	return page.n;
}

/* A fingerprint of what the rules in force compare */
static int64
rule_version(Job *job)
{
	uint64		hash = 0;
	Workspace  *ws;

	PushActiveSnapshot(GetTransactionSnapshot());
	AcceptInvalidationMessages();
	ws = cache_workspace(sister_relation(job->namespace, job->owner, "lead"));
	for (int key = 0; key < MATCH_KEYS; key++)
		hash = hash_combine64(hash, ws->match[key].name != NULL);
	hash = hash_combine64(hash, ws->fuzzy.name != NULL);
	if (ws->fuzzy.name != NULL)
		hash = hash_combine64(hash, hash_bytes_extended((unsigned char *) &ws->fuzzy.min_similarity,
														sizeof(double), 0));
	PopActiveSnapshot();
	return (int64) hash;
}

/* One pass, up to the last lead there is when all others have been looked at */
static bool
find_in_all(Job *job, PersonCache *cache)
{
	VirtualTransactionId *before = NULL;
	VirtualTransactionId *meanwhile = NULL;
	bool		none_open = true;
	int64		last_id;

	if (!job->atomic)
	{
		before = job_writers(job, "lead");
		none_open = job_outlived(before, GetCurrentTimestamp() + JOB_PATIENCE);
	}
	job_count_leads(job, &job->total, &last_id);
	lead_job_pages(job, last_id, NULL, find_in_page, cache);
	if (!job->atomic)
	{
		meanwhile = job_writers(job, "lead");
		none_open = job_outlived(meanwhile, GetCurrentTimestamp() + JOB_PATIENCE) && none_open;
		job_count_leads(job, &job->total, &last_id);
		lead_job_pages(job, last_id, NULL, find_in_page, cache);
	}
	return none_open;
}

static void
find_all(Job *job)
{
	MemoryContext people = AllocSetContextCreate(PortalContext, "lead_mgmt people",
												 ALLOCSET_DEFAULT_SIZES);
	PersonCache *cache = person_cache_create(people, (Size) maintenance_work_mem * 1024);
	int64		total;
	int64		last_id;
	bool		none_open;

	job_count_leads(job, &total, &last_id);
	job_find(job, rule_version(job), total);
	for (int passes = 1;; passes++)
	{
		none_open = find_in_all(job, cache);
		if (rule_version(job) == job->rule_version)
			break;
		if (passes >= MAX_PASSES)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_IN_USE),
					 errmsg("match rules of workspace \"%s\" change faster than leads can be looked up", job->schema),
					 errdetail("They have changed during each of %d passes.", MAX_PASSES),
					 errhint("Call lead_mgmt.find_duplicates again when they are settled.")));
		job_restart(job, rule_version(job), true);
	}
	if (!none_open)
		lead_job_tell_of_writers(job, "If a match rule was off when they began, what they write is not looked up by it.",
								 "Call lead_mgmt.find_duplicates again when they have ended.");
	job_finish(job);
	ereport(NOTICE,
			(errmsg("%s of workspace \"%s\": " INT64_FORMAT " leads looked at, " INT64_FORMAT " links written",
					job->kind, job->schema, job->done, job->changed)));
	MemoryContextDelete(people);
}

/*
 * find_duplicates(workspace): looks up every lead by all match rules that are
 * on; for the owner of the workspace.
 */
Datum
find_duplicates(PG_FUNCTION_ARGS)
{
	return lead_job_call(fcinfo, "find_duplicates", find_all);
}
