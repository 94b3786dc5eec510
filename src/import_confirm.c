/*-------------------------------------------------------------------------
 *
 * import_confirm.c
 *	  Rows that were reviewed become leads.
 *
 * A batch is confirmed page by page, in the order of its rows.  What became of
 * a row is written in the transaction that wrote its lead, and a row that has
 * an outcome is not looked at again: so each row counts once, however often
 * this is killed and called again.
 *
 * People are locked and looked up as web_form does it, a page at once, so that
 * files and forms of the same people can come at the same time.  A page is
 * stored in one go, in a subtransaction; if anything in it is refused, it is
 * done again row by row, to find out what.
 *
 *-------------------------------------------------------------------------
 */
#include "import.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "attempt.h"
#include "cache.h"
#include "import_stage.h"
#include "job.h"
#include "known.h"

PG_FUNCTION_INFO_V1(import_confirm);

/* Few enough for their locks to fit into the server's table of locks */
#define PAGE_ROWS 250

typedef struct ConfirmedRow
{
	int64		number;
	KnownRow	known;
	char	   *problem;		/* NULL: none */
} ConfirmedRow;

typedef struct Confirmation
{
	Job			job;
	int64		batch_id;
	int64		position;		/* all up to this row has been looked at */
	int64		failed;
} Confirmation;

/* A page of rows, in memory of its own */
typedef struct RowPage
{
	Workspace  *ws;
	Relation	lead;
	const char *schema;
	ImportBatch batch;
	ImportJudge judge;
	int			n;
	ConfirmedRow *rows;
	KnownRow  **known;			/* those without a problem so far */
	int			nknown;
	int64		counts[KNOWN_SUPPRESSED + 1];
	int64		failed;
	int64		retried;		/* had failed before */
} RowPage;

static const KnownField known_field[IMPORT_COLUMNS] = {
	[IMPORT_CONTACT_NAME] = KNOWN_CONTACT_NAME,
	[IMPORT_EMAIL] = KNOWN_EMAIL,
	[IMPORT_PHONE] = KNOWN_PHONE,
	[IMPORT_COMPANY] = KNOWN_COMPANY,
	[IMPORT_JOB_TITLE] = KNOWN_JOB_TITLE,
	[IMPORT_INDUSTRY] = KNOWN_INDUSTRY,
	[IMPORT_COMPANY_SIZE] = KNOWN_COMPANY_SIZE,
	[IMPORT_ANNUAL_REVENUE] = KNOWN_ANNUAL_REVENUE,
	[IMPORT_STREET] = KNOWN_STREET,
	[IMPORT_CITY] = KNOWN_CITY,
	[IMPORT_REGION] = KNOWN_REGION,
	[IMPORT_POSTAL_CODE] = KNOWN_POSTAL_CODE,
	[IMPORT_COUNTRY] = KNOWN_COUNTRY,
	[IMPORT_LOCATION] = KNOWN_LOCATION,
	[IMPORT_SOURCE] = KNOWN_SOURCE,
	[IMPORT_SOURCE_DETAIL] = KNOWN_SOURCE_DETAIL,
	[IMPORT_CAMPAIGN] = KNOWN_CAMPAIGN,
	[IMPORT_CHANNEL] = KNOWN_CHANNEL,
	[IMPORT_PRIORITY] = KNOWN_PRIORITY,
	[IMPORT_PRODUCT_INTEREST] = KNOWN_PRODUCT_INTEREST,
	[IMPORT_BIRTHDAY] = KNOWN_BIRTHDAY,
	[IMPORT_NOTES] = KNOWN_NOTES,
	[IMPORT_TAGS] = KNOWN_TAGS,
	[IMPORT_STATUS] = KNOWN_STATUS,
	[IMPORT_OWNER] = KNOWN_OWNER_ID,
	[IMPORT_BUDGET_CONFIRMED] = KNOWN_BUDGET_CONFIRMED,
	[IMPORT_AUTHORITY_CONFIRMED] = KNOWN_AUTHORITY_CONFIRMED,
	[IMPORT_NEED_CONFIRMED] = KNOWN_NEED_CONFIRMED,
	[IMPORT_TIMELINE_CONFIRMED] = KNOWN_TIMELINE_CONFIRMED,
	[IMPORT_BUDGET_AMOUNT] = KNOWN_BUDGET_AMOUNT,
	[IMPORT_DECISION_MAKER] = KNOWN_DECISION_MAKER,
	[IMPORT_NEED] = KNOWN_NEED,
	[IMPORT_TARGET_DATE] = KNOWN_TARGET_DATE,
	[IMPORT_NEXT_STEP] = KNOWN_NEXT_STEP,
	[IMPORT_NEXT_FOLLOW_UP_AT] = KNOWN_NEXT_FOLLOW_UP_AT,
	[IMPORT_ATTRIBUTES] = KNOWN_ATTRIBUTES,
	[IMPORT_CREATED_AT] = KNOWN_CREATED_AT,
};

/* ---- Who may ------------------------------------------------------------------ */

/* The role that loaded the batch; NULL: there is no such batch. */
static char *
batch_role(const char *schema, Oid owner, int64 batch_id)
{
	char	   *query = psprintf("SELECT role FROM %s.import_load WHERE id OPERATOR(pg_catalog.=) " INT64_FORMAT,
								 quote_identifier(schema), batch_id);
	char	   *role = NULL;
	OwnerSwitch saved;

	(void) sister_relation(get_namespace_oid(schema, false), owner, "import_load");
	saved = switch_to_owner_restricted(owner);
	spi_check(SPI_execute(query, true, 1), SPI_OK_SELECT, query);
	if (SPI_processed > 0)
		role = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	switch_back(saved);
	return role;
}

/*
 * The owner of the workspace may confirm any batch.  Another may confirm what
 * he has loaded, if he may insert leads anyway: leads are written as the owner,
 * so that row security, which would hold him back, must not apply to him.
 */
static void
check_allowed(const char *schema, Oid owner, int64 batch_id)
{
	char	   *role = batch_role(schema, owner, batch_id);
	bool		is_owner = has_privs_of_role(GetUserId(), owner);
	Oid			lead = get_relname_relid("lead", get_namespace_oid(schema, false));

	if (role == NULL || (!is_owner && strcmp(role, GetUserNameFromId(GetUserId(), false)) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("import batch " INT64_FORMAT " of workspace \"%s\" does not exist", batch_id, schema),
				 errhint("View \"import_batch\" of the workspace lists the batches that you have loaded.")));
	if (is_owner)
		return;
	if (pg_class_aclcheck(lead, GetUserId(), ACL_INSERT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, "lead");
	if (check_enable_rls(lead, InvalidOid, true) != RLS_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of workspace \"%s\"", schema),
				 errdetail("Row-level security is enabled for table \"lead\", and leads are imported as its owner."),
				 errhint("Let the owner of the workspace confirm the batch.")));
}

/* ---- Reading a page -------------------------------------------------------------- */

#define PENDING \
	"r.batch_id OPERATOR(pg_catalog.=) " INT64_FORMAT " AND pg_catalog.cardinality(r.problems) OPERATOR(pg_catalog.=) 0 " \
	"AND NOT EXISTS (SELECT FROM %s.import_outcome o WHERE o.batch_id OPERATOR(pg_catalog.=) r.batch_id " \
	"AND o.\"row\" OPERATOR(pg_catalog.=) r.\"row\" AND o.outcome OPERATOR(pg_catalog.<>) 'failed')"

static int64
count_pending(const Job *job, int64 batch_id)
{
	const char *schema = job_quoted_schema(job);
	OwnerSwitch saved = switch_to_owner_restricted(job->owner);
	char	   *query = psprintf("SELECT pg_catalog.count(*) FROM %s.import_row r WHERE " PENDING,
								 schema, batch_id, schema);
	int			n;
	int64		count;

	import_execute_by_index(query, 0, NULL, NULL, SPI_OK_SELECT);
	count = spi_int64s(&n)[0];
	switch_back(saved);
	return count;
}

static void
query_page(RowPage *page, int64 position)
{
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfoString(&query, "SELECT r.\"row\"");
	for (int i = 0; i < IMPORT_COLUMNS; i++)
		appendStringInfo(&query, ", r.%s", quote_identifier(import_column_name[i]));
	appendStringInfo(&query, " FROM %s.import_row r WHERE r.\"row\" OPERATOR(pg_catalog.>) " INT64_FORMAT
					 "::pg_catalog.int8 AND " PENDING " ORDER BY r.batch_id, r.\"row\" LIMIT %d",
					 page->schema, position, page->batch.id, page->schema, PAGE_ROWS);
	import_execute_by_index(query.data, 0, NULL, NULL, SPI_OK_SELECT);
}

/* Where the engagement comes from, and what it said. */
static Datum
properties_of(const RowPage *page, const ConfirmedRow *row, text **values)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"import_batch\": " INT64_FORMAT ", \"row\": " INT64_FORMAT,
					 page->batch.id, row->number);
	for (int i = 0; i < IMPORT_COLUMNS; i++)
	{
		if (values[i] == NULL)
			continue;
		appendStringInfo(&json, ", \"%s\": ", import_column_name[i]);
		escape_json(&json, text_to_cstring(values[i]));
	}
	appendStringInfoChar(&json, '}');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

static void
fill_known_row(const RowPage *page, ConfirmedRow *row, text **values, const ImportVerdict *verdict)
{
	KnownRow   *known = &row->known;

	for (int i = 0; i < IMPORT_COLUMNS; i++)
		if (i != IMPORT_OPTED_OUT_AT)
			known->values[known_field[i]] = verdict->values[i];
	if (verdict->values[IMPORT_OPTED_OUT_AT] != NULL)
	{
		known->opt_out = true;
		known->opted_out_at = DatumGetTimestampTz(
			DirectFunctionCall3(timestamptz_in,
								CStringGetDatum(text_to_cstring(verdict->values[IMPORT_OPTED_OUT_AT])),
								ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	}
	known->skip_known = !page->batch.update_known;
	known->stays_aside = true;
	/* a workspace may be without this kind */
	if (workspace_has_name(page->ws->kinds, page->ws->nkinds, "import"))
		known->kind = cstring_to_text("import");
	known->campaign = verdict->values[IMPORT_CAMPAIGN];
	known->properties = properties_of(page, row, values);
}

static void
read_row(RowPage *page, uint64 i, ConfirmedRow *row)
{
	text	   *values[IMPORT_COLUMNS];
	ImportVerdict verdict;
	bool		isnull;

	row->number = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
	for (int column = 0; column < IMPORT_COLUMNS; column++)
	{
		Datum		value = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2 + column, &isnull);

		values[column] = isnull ? NULL : DatumGetTextPP(value);
	}
	import_judge_row(&page->judge, values, &verdict);
	/* sources and reps may have gone since it was loaded */
	if (verdict.nproblems > 0)
		row->problem = TextDatumGetCString(verdict.problems[0]);
	else
		fill_known_row(page, row, values, &verdict);
}

static void
read_page(RowPage *page, int64 position)
{
	query_page(page, position);
	page->n = (int) SPI_processed;
	page->rows = palloc0((page->n + 1) * sizeof(ConfirmedRow));
	page->known = palloc((page->n + 1) * sizeof(KnownRow *));
	for (int i = 0; i < page->n; i++)
	{
		read_row(page, i, &page->rows[i]);
		if (page->rows[i].problem == NULL)
			page->known[page->nknown++] = &page->rows[i].known;
	}
}

/* ---- Storing it -------------------------------------------------------------------- */

/* A row of lead is no help where the row of the file is shown beside. */
static bool
shows_row(const ErrorData *error)
{
	return error->filename != NULL && strcmp(error->filename, "execMain.c") == 0;
}

static char *
describe(const ErrorData *error)
{
	return error->detail == NULL || shows_row(error) ? pstrdup(error->message) :
		psprintf("%s (%s)", error->message, error->detail);
}

typedef struct Storing
{
	RowPage    *page;
	KnownRow  **rows;
	int			n;
} Storing;

static void
store_rows(void *arg)
{
	Storing    *storing = arg;

	known_store(storing->page->ws, storing->page->lead, storing->rows, storing->n);
}

/* All or nothing; returns why not, or NULL. */
static char *
try_to_store(RowPage *page, KnownRow **rows, int n)
{
	Storing		storing = {page, rows, n};
	ErrorData  *error = attempt(store_rows, &storing);

	if (error == NULL)
		return NULL;
	page->ws = cache_workspace(RelationGetRelid(page->lead));
	return describe(error);
}

static void
forget_outcomes(RowPage *page)
{
	for (int i = 0; i < page->nknown; i++)
	{
		page->known[i]->outcome = KNOWN_UNDECIDED;
		page->known[i]->lead_id = 0;
	}
}

static void
store_page(RowPage *page)
{
	if (page->nknown == 0 || try_to_store(page, page->known, page->nknown) == NULL)
		return;
	forget_outcomes(page);
	for (int i = 0; i < page->n; i++)
	{
		KnownRow   *known = &page->rows[i].known;

		CHECK_FOR_INTERRUPTS();
		if (page->rows[i].problem == NULL)
			page->rows[i].problem = try_to_store(page, &known, 1);
	}
}

/* ---- Writing down what became of it --------------------------------------------------- */

static const char *
outcome_of(ConfirmedRow *row)
{
	if (row->problem == NULL && row->known.outcome == KNOWN_SUPPRESSED)
		row->problem = "a trigger did not let the lead be made";
	if (row->problem != NULL)
		return "failed";
	switch (row->known.outcome)
	{
		case KNOWN_NEW:
			return "new";
		case KNOWN_KNOWN:
			return "known";
		case KNOWN_SKIPPED:
			return "skipped";
		default:
			elog(ERROR, "unexpected outcome %d", (int) row->known.outcome);
	}
	return NULL;
}

static void
forget_failures(RowPage *page, Datum rows)
{
	static const Oid types[] = {INT8OID, INT8ARRAYOID};
	char	   *query = psprintf("DELETE FROM %s.import_outcome WHERE batch_id OPERATOR(pg_catalog.=) $1 "
								 "AND \"row\" OPERATOR(pg_catalog.=) ANY ($2)", page->schema);
	Datum		values[2] = {Int64GetDatum(page->batch.id), rows};

	spi_check(SPI_execute_with_args(query, 2, (Oid *) types, values, NULL, false, 0), SPI_OK_DELETE, query);
	page->retried = (int64) SPI_processed;
}

static void
write_outcomes(RowPage *page, bool any_failed_before)
{
	static const Oid types[] = {INT8OID, INT8ARRAYOID, TEXTARRAYOID, INT8ARRAYOID, TEXTARRAYOID};
	char	   *query = psprintf("INSERT INTO %s.import_outcome (batch_id, \"row\", outcome, lead_id, problem) "
								 "SELECT $1, pg_catalog.unnest($2), pg_catalog.unnest($3), "
								 "pg_catalog.unnest($4), pg_catalog.unnest($5)", page->schema);
	Datum	   *columns[4];
	bool	   *nulls = palloc0(page->n * sizeof(bool));
	bool	   *no_problem = palloc0(page->n * sizeof(bool));
	Datum		values[5] = {Int64GetDatum(page->batch.id)};

	for (int c = 0; c < count_of(columns); c++)
		columns[c] = palloc0(page->n * sizeof(Datum));
	for (int i = 0; i < page->n; i++)
	{
		ConfirmedRow *row = &page->rows[i];
		const char *outcome = outcome_of(row);

		columns[0][i] = Int64GetDatum(row->number);
		columns[1][i] = CStringGetTextDatum(outcome);
		columns[2][i] = Int64GetDatum(row->known.lead_id);
		nulls[i] = row->problem != NULL || row->known.lead_id == 0;
		no_problem[i] = row->problem == NULL;
		if (row->problem != NULL)
			columns[3][i] = CStringGetTextDatum(row->problem);
		if (row->problem != NULL)
			page->failed++;
		else
			page->counts[row->known.outcome]++;
	}
	values[1] = spi_array(columns[0], NULL, page->n, INT8OID);
	values[2] = spi_array(columns[1], NULL, page->n, TEXTOID);
	values[3] = spi_array(columns[2], nulls, page->n, INT8OID);
	values[4] = spi_array(columns[3], no_problem, page->n, TEXTOID);
	if (any_failed_before)
		forget_failures(page, values[1]);
	spi_check(SPI_execute_with_args(query, count_of(types), (Oid *) types, values, NULL, false, 0),
			  SPI_OK_INSERT, query);
}

static void
count_page(const RowPage *page)
{
	char	   *query = psprintf("UPDATE %s.import_load SET state = 'confirming', "
								 "imported = imported OPERATOR(pg_catalog.+) " INT64_FORMAT "::pg_catalog.int8, "
								 "updated = updated OPERATOR(pg_catalog.+) " INT64_FORMAT "::pg_catalog.int8, "
								 "skipped = skipped OPERATOR(pg_catalog.+) " INT64_FORMAT "::pg_catalog.int8, "
								 "failed = failed OPERATOR(pg_catalog.+) (" INT64_FORMAT ")::pg_catalog.int8, "
								 "good = good OPERATOR(pg_catalog.-) (" INT64_FORMAT ")::pg_catalog.int8 "
								 "WHERE id OPERATOR(pg_catalog.=) " INT64_FORMAT,
								 page->schema, page->counts[KNOWN_NEW], page->counts[KNOWN_KNOWN],
								 page->counts[KNOWN_SKIPPED], page->failed - page->retried,
								 page->failed - page->retried, page->batch.id);

	spi_check(SPI_execute(query, false, 0), SPI_OK_UPDATE, query);
}

/* ---- RowPage by page ----------------------------------------------------------------------- */

static void
refuse_deleted(const Confirmation *confirmation)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("import batch " INT64_FORMAT " of workspace \"%s\" was deleted meanwhile",
					confirmation->batch_id, confirmation->job.schema)));
}

static void
confirm_rows(Confirmation *confirmation, RowPage *page)
{
	MemoryContext context = CurrentMemoryContext;

	page->schema = page->ws->schema;
	spi_begin();
	MemoryContextSwitchTo(context);
	if (!import_read_batch(page->schema, confirmation->batch_id, context, &page->batch))
		refuse_deleted(confirmation);
	import_judge_begin(&page->judge, page->ws, &page->batch);
	read_page(page, confirmation->position);
	if (page->n > 0)
	{
		/* in one transaction the table is locked: see confirm_all() */
		if (confirmation->job.atomic)
			known_keys(page->ws, page->known, page->nknown);
		else
			known_lock(page->ws, page->known, page->nknown);
		store_page(page);
		write_outcomes(page, confirmation->failed > 0);
		count_page(page);
		confirmation->position = page->rows[page->n - 1].number;
	}
	spi_end();
}

static int
confirm_page(Confirmation *confirmation)
{
	Job		   *job = &confirmation->job;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "lead_mgmt import page",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	RowPage	   *page = palloc0(sizeof(RowPage));
	OwnerSwitch saved;
	int			n;

	page->lead = table_open(sister_relation(job->namespace, job->owner, "lead"), RowExclusiveLock);
	PushActiveSnapshot(GetTransactionSnapshot());
	page->ws = cache_workspace(RelationGetRelid(page->lead));
	saved = switch_to_owner_restricted(job->owner);
	confirm_rows(confirmation, page);
	switch_back(saved);
	PopActiveSnapshot();
	table_close(page->lead, NoLock);
	n = page->n;
	job->done += n;
	job->changed += page->counts[KNOWN_NEW] + page->counts[KNOWN_KNOWN];
	job->position = confirmation->position;
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	job_batch_done(job, false);
	return n;
}

/* As it stands in the table, and whether rows have failed before. */
static void
set_state(Confirmation *confirmation, const char *state)
{
	const Job  *job = &confirmation->job;
	OwnerSwitch saved = switch_to_owner_restricted(job->owner);
	char	   *query = psprintf("UPDATE %s.import_load SET state = '%s'%s WHERE id OPERATOR(pg_catalog.=) " INT64_FORMAT
								 " RETURNING failed", job_quoted_schema(job), state,
								 strcmp(state, "confirmed") == 0 ? ", confirmed_at = pg_catalog.clock_timestamp()" : "",
								 confirmation->batch_id);
	int			n;

	spi_check(SPI_execute(query, false, 0), SPI_OK_UPDATE_RETURNING, query);
	if (SPI_processed == 0)
		refuse_deleted(confirmation);
	confirmation->failed = spi_int64s(&n)[0];
	switch_back(saved);
}

static void
tell_result(const Confirmation *confirmation)
{
	const Job  *job = &confirmation->job;
	OwnerSwitch saved = switch_to_owner_restricted(job->owner);
	char	   *query = psprintf("SELECT imported, updated, skipped, rows OPERATOR(pg_catalog.-) good FROM %s.import_load "
								 "WHERE id OPERATOR(pg_catalog.=) " INT64_FORMAT, job_quoted_schema(job),
								 confirmation->batch_id);

	spi_check(SPI_execute(query, false, 1), SPI_OK_SELECT, query);
	if (SPI_processed > 0)
	{
		HeapTuple	row = SPI_tuptable->vals[0];
		TupleDesc	tupdesc = SPI_tuptable->tupdesc;

		ereport(NOTICE,
				(errmsg("import batch " INT64_FORMAT " of workspace \"%s\": %s new, %s known, %s skipped, %s with problems",
						confirmation->batch_id, job->schema, SPI_getvalue(row, tupdesc, 1),
						SPI_getvalue(row, tupdesc, 2), SPI_getvalue(row, tupdesc, 3),
						SPI_getvalue(row, tupdesc, 4))));
	}
	switch_back(saved);
}

/*
 * In one transaction the locks of all people would be held at once, more than
 * the server has room for.  One lock that keeps other writers of leads out
 * serves for all of them.
 */
static void
confirm_all(Confirmation *confirmation)
{
	Job		   *job = &confirmation->job;

	if (job->atomic)
		LockRelationOid(sister_relation(job->namespace, job->owner, "lead"), ShareRowExclusiveLock);
	set_state(confirmation, "confirming");
	job_find(job, 0, count_pending(job, confirmation->batch_id));
	job->total += job->done;
	confirmation->position = 0;
	while (confirm_page(confirmation) > 0)
		 /* next page */ ;
	set_state(confirmation, "confirmed");
	job_finish(job);
	tell_result(confirmation);
}

/* import_confirm(workspace, batch_id): see check_allowed() for who may. */
Datum
import_confirm(PG_FUNCTION_ARGS)
{
	Confirmation confirmation = {0};
	char	   *schema;
	Oid			owner;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("name of a workspace cannot be empty"),
				 errhint("View lead_mgmt.workspace lists them.")));
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("id of an import batch cannot be null"),
				 errhint("View \"import_batch\" of the workspace lists the batches that you have loaded.")));
	schema = pstrdup(NameStr(*PG_GETARG_NAME(0)));
	confirmation.batch_id = PG_GETARG_INT64(1);
	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	owner = workspace_owner(schema, get_namespace_oid(schema, false));
	check_allowed(schema, owner, confirmation.batch_id);
	job_begin_about(&confirmation.job, fcinfo, "import_confirm", confirmation.batch_id, "rows", schema, owner);
	PG_TRY();
	{
		confirm_all(&confirmation);
	}
	PG_FINALLY();
	{
		job_release(&confirmation.job);
	}
	PG_END_TRY();
	spi_end();
	return (Datum) 0;
}
