/*-------------------------------------------------------------------------
 *
 * rescore.c
 *	  Applying the active model to every lead.
 *
 * Leads are read page by page in the order of their ids, without locks, and
 * scored by what is in the tables: those whose score, grade or points are not
 * what they should be are then locked and touched, which decides on them anew
 * by what they are by then.  A lead that is written meanwhile by others is
 * scored by them, by the new rules, if their transaction began to write after
 * the rules were changed; so those that began before are waited for.
 *
 *-------------------------------------------------------------------------
 */
#include "lead_job.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "cache.h"
#include "touch.h"

PG_FUNCTION_INFO_V1(rescore);

#define PAGE_LEADS 1000

/* Passes after which rules that change all the time have won */
#define MAX_PASSES 10

/* A page of leads, in memory of its own */
typedef struct LeadPage
{
	int			n;
	HeapTupleHeader *rows;
	LeadHistory *histories;
	int			nready;			/* leads that score_state has as ready */
	int64	   *ready;			/* ascending */
} LeadPage;

static void
put_in_slot(Workspace *ws, HeapTupleHeader header)
{
	ResetExprContext(ws->econtext);
	workspace_store_row(ws->slot, header);
}

static TimestampTz
slot_time(Workspace *ws, LeadColumn column)
{
	int			index = ws->column[column] - 1;

	return ws->slot->tts_isnull[index] ? DT_NOBEGIN :
		DatumGetTimestampTz(ws->slot->tts_values[index]);
}

static int64
slot_id(Workspace *ws)
{
	return DatumGetInt64(ws->slot->tts_values[ws->column[LEAD_ID] - 1]);
}

/* Rows of the query just run, each with its history. */
static void
read_page(Workspace *ws, LeadPage *page)
{
	page->n = (int) SPI_processed;
	page->rows = palloc((page->n + 1) * sizeof(HeapTupleHeader));
	page->histories = palloc0((page->n + 1) * sizeof(LeadHistory));
	for (int i = 0; i < page->n; i++)
	{
		bool		isnull;

		page->rows[i] = DatumGetHeapTupleHeader(SPI_getbinval(SPI_tuptable->vals[i],
															  SPI_tuptable->tupdesc, 1, &isnull));
		put_in_slot(ws, page->rows[i]);
		page->histories[i].lead_id = slot_id(ws);
		page->histories[i].until = DT_NOEND;
	}
	if (page->n > 0)
		score_state_history(ws, ws->model, page->histories, page->n, true);
}

static void
read_ready_states(Workspace *ws, LeadPage *page, int64 position)
{
	Datum		values[2] = {Int64GetDatum(position)};

	page->nready = 0;
	if (page->n == 0)
		return;
	values[1] = Int64GetDatum(page->histories[page->n - 1].lead_id);
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_READY_STATES), values, NULL, false, 0),
			  SPI_OK_SELECT, "score_state");
	page->ready = spi_int64s(&page->nready);
}

typedef enum Verdict
{
	AS_IT_SHOULD_BE,
	STATE_DIFFERS,				/* the sums alone: the lead is not written */
	SCORE_DIFFERS
} Verdict;

/* To the day, being a bound that is found by halving from a time of its own. */
static bool
times_differ(TimestampTz a, TimestampTz b)
{
	if (TIMESTAMP_NOT_FINITE(a) || TIMESTAMP_NOT_FINITE(b))
		return a != b;
	return Max(a, b) - Min(a, b) > USECS_PER_DAY;
}

static Verdict
judge(Workspace *ws, const LeadPage *page, int i, TimestampTz now)
{
	const LeadHistory *history = &page->histories[i];
	TimestampTz at;
	Score		score;
	ScoreState	state;

	put_in_slot(ws, page->rows[i]);
	at = Max(slot_time(ws, LEAD_SCORED_AT), history->last_engaged_at);
	if (slot_time(ws, LEAD_SCORED_AT) == DT_NOBEGIN)
		return SCORE_DIFFERS;
	score_evaluate(ws, ws->model);
	score = score_compute(ws, ws->model, history->totals, history->adjustment, at);
	if (score_row_differs(ws, ws->model, &score, history->last_engaged_at))
		return SCORE_DIFFERS;
	if (score_decays(ws->model, history->totals) && now > at &&
		score_compute(ws, ws->model, history->totals, history->adjustment, now).score != score.score)
		return SCORE_DIFFERS;

	if (history->last_engaged_at == DT_NOBEGIN && score.score < ws->sales_ready_score &&
		bsearch(&history->lead_id, page->ready, page->nready, sizeof(int64), compare_int64) == NULL)
		return AS_IT_SHOULD_BE;
	score_state_read(ws, history->lead_id, GetActiveSnapshot(), &state);
	if (!state.exists)
		return STATE_DIFFERS;
	if (state.untold && score.score >= ws->sales_ready_score)
		return SCORE_DIFFERS;
	if (history->last_engaged_at != DT_NOBEGIN &&
		score_state_differs(ws->model, &state, history->totals))
		return STATE_DIFFERS;
	if (times_differ(state.ready_until,
					 score_ready_until(ws, history->totals, history->adjustment, at)))
		return STATE_DIFFERS;
	return AS_IT_SHOULD_BE;
}

/* Leads whose sums alone are to be written; they are locked. */
static void
refresh_states(Workspace *ws, const int64 *ids, int n)
{
	Datum	   *values = palloc(n * sizeof(Datum));
	StateRows	rows = {0};
	Datum		array;
	LeadPage	page;

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
		values[i] = Int64GetDatum(ids[i]);
	array = spi_array(values, NULL, n, INT8OID);
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_LEAD_ROWS), &array, NULL, false, 0),
			  SPI_OK_SELECT, "lead");
	read_page(ws, &page);
	for (int i = 0; i < page.n; i++)
	{
		LeadHistory *history = &page.histories[i];
		ScoreState	state;
		TimestampTz at;

		put_in_slot(ws, page.rows[i]);
		at = Max(slot_time(ws, LEAD_SCORED_AT), history->last_engaged_at);
		score_state_read(ws, history->lead_id, GetLatestSnapshot(), &state);
		score_evaluate(ws, ws->model);
		state.totals = history->totals;
		state.ready_until = score_ready_until(ws, history->totals, history->adjustment, at);
		score_state_row(ws->model, history->lead_id, &state, history->last_engaged_at != DT_NOBEGIN,
						CurrentMemoryContext, append_row(&rows, CurrentMemoryContext));
		rows.rows[rows.n - 1].untold = state.untold;
	}
	score_state_write(ws, &rows);
}

/* One page behind "position"; returns how many leads it had. */
static int
rescore_page(Job *job, Workspace *ws, Relation lead pg_attribute_unused(), int64 last_id,
			 bool *wrote, void *arg pg_attribute_unused())
{
	Datum		values[3] = {Int64GetDatum(job->position), Int64GetDatum(last_id),
	Int64GetDatum(PAGE_LEADS)};
	TimestampTz now = GetCurrentTimestamp();
	Touch	   *touches = palloc0(PAGE_LEADS * sizeof(Touch));
	Touch	  **pointers = palloc(PAGE_LEADS * sizeof(Touch *));
	int64	   *states = palloc(PAGE_LEADS * sizeof(int64));
	Datum	   *locks = palloc(PAGE_LEADS * sizeof(Datum));
	int			nlocks = 0;
	int			ntouches = 0;
	int			nstates = 0;
	LeadPage	page;

	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_LEAD_PAGE), values, NULL, false, 0),
			  SPI_OK_SELECT, "lead");
	read_page(ws, &page);
	read_ready_states(ws, &page, job->position);
	for (int i = 0; i < page.n; i++)
	{
		Verdict		verdict = judge(ws, &page, i, now);

		CHECK_FOR_INTERRUPTS();
		job->position = page.histories[i].lead_id;
		if (verdict != AS_IT_SHOULD_BE)
			locks[nlocks++] = Int64GetDatum(job->position);
		if (verdict == STATE_DIFFERS)
			states[nstates++] = job->position;
		if (verdict != SCORE_DIFFERS)
			continue;
		touches[ntouches].history.lead_id = job->position;
		touches[ntouches].whole = true;
		pointers[ntouches] = &touches[ntouches];
		ntouches++;
	}
	/* all at once, so that every lock is taken in the order of the ids */
	if (nlocks > 0)
		lock_leads(ws, spi_array(locks, NULL, nlocks, INT8OID));
	if (ntouches > 0)
		job->changed += touch_leads(ws->lead_relid, pointers, ntouches);
	refresh_states(ws, states, nstates);
	job->done += page.n;
	*wrote = ntouches > 0 || nstates > 0;
	return page.n;
}

static int64
model_version(Job *job)
{
	int64		version;

	PushActiveSnapshot(GetTransactionSnapshot());
	AcceptInvalidationMessages();
	version = cache_workspace(sister_relation(job->namespace, job->owner, "lead"))->model->version;
	PopActiveSnapshot();
	return version;
}

/*
 * Who began to write before the rules were changed scores by the old ones, and
 * his leads cannot be seen before he commits.  Wait for such transactions, but
 * not for ever: one that is forgotten must not keep everybody from scoring.
 * Those that are still open then are left in "writers"; true if there are none.
 */
static bool
wait_for_earlier_writers(Job *job, VirtualTransactionId **writers)
{
	TimestampTz deadline = GetCurrentTimestamp() + JOB_PATIENCE;

	writers[0] = job_writers(job, "lead");
	writers[1] = job_writers(job, "engagement");
	return job_outlived(writers[0], deadline) && job_outlived(writers[1], deadline);
}

/*
 * In one transaction locks are kept until its end, so there must be no second
 * pass: it would take those of low ids after those of high ones.
 */
static void
keep_rules(Job *job)
{
	static const char *const tables[] = {
		"setting", "grade", "score_model", "score_dimension", "score_rule"
	};

	for (int i = 0; i < count_of(tables); i++)
		LockRelationOid(sister_relation(job->namespace, job->owner, tables[i]), ShareLock);
}

static void
rescore_all(Job *job)
{
	int64		total;
	int64		last_id;
	VirtualTransactionId *writers[2];
	bool		none_open = true;
	int			passes = 0;

	if (job->atomic)
		keep_rules(job);
	job_count_leads(job, &total, &last_id);
	job_find(job, model_version(job), total);
	for (;;)
	{
		if (!job->atomic)
		{
			none_open = wait_for_earlier_writers(job, writers);
			job_count_leads(job, &total, &last_id);
		}
		lead_job_pages(job, last_id, "engagement", rescore_page, NULL);
		if (++passes > MAX_PASSES)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_IN_USE),
					 errmsg("rules of workspace \"%s\" change faster than leads can be scored", job->schema),
					 errdetail("They have changed during each of %d passes.", MAX_PASSES),
					 errhint("Call lead_mgmt.rescore again when they are settled; a trigger on \"lead\" must not change them.")));
		if (model_version(job) != job->rule_version)
			job_restart(job, model_version(job), true);
		else if (!none_open && job_outlived(writers[0], 0) && job_outlived(writers[1], 0))
			job_restart(job, job->rule_version, false); /* theirs can be seen now */
		else
			break;
	}
	if (!none_open)
		lead_job_tell_of_writers(job, "What they write is scored by the rules that were in force when they began.",
								 "If rules were changed meanwhile, call lead_mgmt.rescore again when they have ended.");
	job_finish(job);
	ereport(NOTICE,
			(errmsg("%s of workspace \"%s\": " INT64_FORMAT " leads looked at, " INT64_FORMAT " written",
					job->kind, job->schema, job->done, job->changed)));
}

/*
 * rescore(workspace): applies the active model to every lead; for the owner
 * of the workspace.  Writes the leads whose score, grade or points are not
 * what the rules and the lead's history say, or whose score has decayed.
 */
Datum
rescore(PG_FUNCTION_ARGS)
{
	return lead_job_call(fcinfo, "rescore", rescore_all);
}
