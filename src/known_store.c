/*-------------------------------------------------------------------------
 *
 * known_store.c
 *	  What becomes of people's data: new leads, or more about those we know.
 *
 * Nothing that a lead has is overwritten.  Its row is locked before it is
 * looked at, in the order of ids, so that what is empty stays empty until it
 * is filled.  If it is gone by then, or was merged, the row is looked up again.
 *
 *-------------------------------------------------------------------------
 */
#include "known_internal.h"

#include "access/xact.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "attempt.h"
#include "lead_write.h"

/* A lead as it was when it was locked */
typedef struct LockedLead
{
	int64		id;
	bool		merged;
	bool		put_aside;		/* archived, or of a status that is left */
	bool		opted_out;
	text	   *name;
	text	   *keys[MATCH_KEYS];
	bool		empty[KNOWN_FIELDS];
} LockedLead;

/* A row of a lead that is there, and what it adds to it */
typedef struct Addition
{
	KnownRow   *row;
	LockedLead *lead;
	bool		fills[KNOWN_FIELDS];
	bool		writes;			/* anything at all */
} Addition;

/* The column of a field; NULL where a user has taken it away. */
static Form_pg_attribute
field_attribute(Workspace *ws, KnownField field)
{
	AttrNumber	attno = get_attnum(ws->lead_relid, known_field_name[field]);
	Form_pg_attribute attribute;

	if (attno <= 0)
		return NULL;
	attribute = TupleDescAttr(ws->tupdesc, attno - 1);
	return attribute->attgenerated == '\0' ? attribute : NULL;
}

static const char *
field_type(Form_pg_attribute attribute)
{
	return format_type_extended(attribute->atttypid, attribute->atttypmod,
								FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
}

/* unnest($n) for each field, named as the field is */
static void
append_unnested(StringInfo query, int first)
{
	for (int i = 0; i < KNOWN_FIELDS; i++)
		appendStringInfo(query, "%spg_catalog.unnest($%d) AS %s", i > 0 ? ", " : "",
						 first + i, known_field_name[i]);
}

/* $1 on: the fields; then opted_out_at */
static char *
build_insert(Workspace *ws)
{
	StringInfoData query;
	StringInfoData values;

	initStringInfo(&query);
	initStringInfo(&values);
	appendStringInfo(&query, "INSERT INTO %s.lead (opted_out_at", ws->schema);
	for (int i = 0; i < KNOWN_FIELDS; i++)
	{
		Form_pg_attribute attribute = field_attribute(ws, i);

		if (attribute == NULL)
			continue;
		appendStringInfo(&query, ", %s", known_field_name[i]);
		appendStringInfo(&values, ", u.%s::%s", known_field_name[i], field_type(attribute));
	}
	appendStringInfo(&query, ") SELECT u.opted_out_at%s FROM (SELECT ", values.data);
	append_unnested(&query, 1);
	appendStringInfo(&query, ", pg_catalog.unnest($%d) AS opted_out_at) u RETURNING id", KNOWN_FIELDS + 1);
	return query.data;
}

/* $1: ids.  An empty text, and an array of nothing, is nothing as well. */
static char *
build_lock_of(Workspace *ws, const char *condition, const char *waiting)
{
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfoString(&query, "SELECT l.id, l.merged_into IS NOT NULL, l.archived_at IS NOT NULL, "
						   "l.opted_out_at IS NOT NULL, l.status, l.contact_name, l.email_key, l.phone_key, l.name_key");
	for (int i = 0; i < KNOWN_FIELDS; i++)
	{
		if (field_attribute(ws, i) == NULL)
			appendStringInfoString(&query, ", false");
		else
			appendStringInfo(&query, ", COALESCE(pg_catalog.btrim(l.%s::pg_catalog.text) "
							 "OPERATOR(pg_catalog.=) ANY (ARRAY['', '{}']), true)", known_field_name[i]);
	}
	appendStringInfo(&query, " FROM %s.lead l WHERE l.id OPERATOR(pg_catalog.=) ANY ($1)%s "
					 "ORDER BY l.id FOR NO KEY UPDATE%s", ws->schema, condition, waiting);
	return query.data;
}

static char *
build_lock(Workspace *ws)
{
	return build_lock_of(ws, "", "");
}

/* Those that can be had at once */
static char *
build_lock_free(Workspace *ws)
{
	return build_lock_of(ws, " AND l.merged_into IS NULL", " SKIP LOCKED");
}

/* $1: ids; $2 on: the fields; then opted_out_at.  NULL leaves what is there. */
static char *
build_fill(Workspace *ws)
{
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(&query, "UPDATE %s.lead l SET opted_out_at = COALESCE(l.opted_out_at, u.opted_out_at)",
					 ws->schema);
	for (int i = 0; i < KNOWN_FIELDS; i++)
	{
		Form_pg_attribute attribute = field_attribute(ws, i);

		if (attribute != NULL)
			appendStringInfo(&query, ", %s = COALESCE(u.%s::%s, l.%s)", known_field_name[i],
							 known_field_name[i], field_type(attribute), known_field_name[i]);
	}
	appendStringInfoString(&query, " FROM (SELECT pg_catalog.unnest($1) AS id, ");
	append_unnested(&query, 2);
	appendStringInfo(&query, ", pg_catalog.unnest($%d) AS opted_out_at) u "
					 "WHERE l.id OPERATOR(pg_catalog.=) u.id", KNOWN_FIELDS + 2);
	return query.data;
}

static SPIPlanPtr
insert_plan(Workspace *ws)
{
	Oid			argtypes[KNOWN_FIELDS + 1];

	for (int i = 0; i < KNOWN_FIELDS; i++)
		argtypes[i] = TEXTARRAYOID;
	argtypes[KNOWN_FIELDS] = TIMESTAMPTZARRAYOID;
	return workspace_built_plan(ws, PLAN_KNOWN_INSERT, build_insert, lengthof(argtypes), argtypes);
}

static SPIPlanPtr
lock_plan(Workspace *ws)
{
	static const Oid argtypes[] = {INT8ARRAYOID};

	return workspace_built_plan(ws, PLAN_KNOWN_LOCK, build_lock, lengthof(argtypes), argtypes);
}

static SPIPlanPtr
lock_free_plan(Workspace *ws)
{
	static const Oid argtypes[] = {INT8ARRAYOID};

	return workspace_built_plan(ws, PLAN_KNOWN_LOCK_FREE, build_lock_free, lengthof(argtypes), argtypes);
}

static SPIPlanPtr
fill_plan(Workspace *ws)
{
	Oid			argtypes[KNOWN_FIELDS + 2];

	argtypes[0] = INT8ARRAYOID;
	for (int i = 0; i < KNOWN_FIELDS; i++)
		argtypes[1 + i] = TEXTARRAYOID;
	argtypes[KNOWN_FIELDS + 1] = TIMESTAMPTZARRAYOID;
	return workspace_built_plan(ws, PLAN_KNOWN_FILL, build_fill, lengthof(argtypes), argtypes);
}

/* ---- New leads ------------------------------------------------------------ */

/* The fields of rows as arrays; "fills" NULL: all that are given. */
static void
field_arrays(KnownRow **rows, const Addition *additions, int n, Datum *arrays)
{
	Datum	   *values = palloc(n * sizeof(Datum));
	bool	   *nulls = palloc(n * sizeof(bool));

	for (int field = 0; field < KNOWN_FIELDS; field++)
	{
		for (int i = 0; i < n; i++)
		{
			KnownRow   *row = additions != NULL ? additions[i].row : rows[i];

			values[i] = PointerGetDatum(row->values[field]);
			nulls[i] = row->values[field] == NULL ||
				(additions != NULL && !additions[i].fills[field]);
		}
		arrays[field] = spi_array(values, nulls, n, TEXTOID);
	}
	pfree(values);
	pfree(nulls);
}

static Datum
opt_out_array(KnownRow **rows, const Addition *additions, int n)
{
	Datum	   *values = palloc(n * sizeof(Datum));
	bool	   *nulls = palloc(n * sizeof(bool));
	TimestampTz now = GetCurrentTimestamp();

	for (int i = 0; i < n; i++)
	{
		KnownRow   *row = additions != NULL ? additions[i].row : rows[i];

		TimestampTz at = row->opted_out_at != 0 ? row->opted_out_at : row->at;

		values[i] = TimestampTzGetDatum(at != 0 ? Min(at, now) : now);
		nulls[i] = !row->opt_out;
	}
	return spi_array(values, nulls, n, TIMESTAMPTZOID);
}

/*
 * What a new lead has where nothing is given is the default of the column, as
 * with a plain INSERT.  It is evaluated here and not put into the query, whose
 * text would mean something else under another search_path.
 */
static void
fill_default(Relation lead, Form_pg_attribute attribute, KnownField field, KnownRow **rows, int n)
{
	Node	   *expression = attribute->atthasdef ? build_column_default(lead, attribute->attnum) : NULL;
	ExprContext *econtext;
	ExprState  *state;
	Oid			output;
	bool		is_varlena;

	if (expression == NULL)
		return;
	econtext = CreateStandaloneExprContext();
	state = ExecInitExpr(expression_planner((Expr *) expression), NULL);
	getTypeOutputInfo(attribute->atttypid, &output, &is_varlena);
	for (int i = 0; i < n; i++)
	{
		bool		isnull;
		Datum		value;

		if (rows[i]->values[field] != NULL)
			continue;
		value = ExecEvalExpr(state, econtext, &isnull);
		if (!isnull)
			rows[i]->values[field] = cstring_to_text(OidOutputFunctionCall(output, value));
	}
	FreeExprContext(econtext, true);
}

static void
fill_defaults(Workspace *ws, Relation lead, KnownRow **rows, int n)
{
	for (int field = 0; field < KNOWN_FIELDS; field++)
	{
		Form_pg_attribute attribute = field_attribute(ws, field);

		if (attribute != NULL)
			fill_default(lead, attribute, field, rows, n);
	}
}

/* Can a trigger of a user's, or a rule, keep a new lead from being written? */
static bool
inserts_surely(Relation lead)
{
	TriggerDesc *triggers = lead->trigdesc;
	int			before = 0;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		int16		type = triggers->triggers[i].tgtype;

		if (TRIGGER_FOR_ROW(type) && TRIGGER_FOR_BEFORE(type) && TRIGGER_FOR_INSERT(type))
			before++;
	}
	return before <= 1 && lead->rd_rules == NULL;
}

static void
insert_some(Workspace *ws, KnownRow **rows, int n)
{
	Datum		values[KNOWN_FIELDS + 1];
	int64	   *ids;
	int			inserted;

	field_arrays(rows, NULL, n, values);
	values[KNOWN_FIELDS] = opt_out_array(rows, NULL, n);
	spi_check(SPI_execute_plan(insert_plan(ws), values, NULL, false, 0),
			  SPI_OK_INSERT_RETURNING, "lead");
	ids = spi_int64s(&inserted);
	if (inserted != n && n > 1)
		elog(ERROR, "%d of %d leads were inserted", inserted, n);
	for (int i = 0; i < n; i++)
	{
		rows[i]->lead_id = inserted == n ? ids[i] : 0;
		rows[i]->outcome = inserted == n ? KNOWN_NEW : KNOWN_SUPPRESSED;
	}
}

/* In one statement where it is sure which row became which lead. */
static void
insert_leads(Workspace *ws, Relation lead, KnownRow **rows, int n)
{
	if (n == 0)
		return;
	fill_defaults(ws, lead, rows, n);
	if (inserts_surely(lead))
		insert_some(ws, rows, n);
	else
		for (int i = 0; i < n; i++)
			insert_some(ws, &rows[i], 1);
}

/* ---- Leads that are there -------------------------------------------------- */

static text *
locked_text(HeapTuple tuple, TupleDesc tupdesc, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(tuple, tupdesc, column, &isnull);

	return isnull ? NULL : DatumGetTextPP(value);
}

static bool
locked_bool(HeapTuple tuple, TupleDesc tupdesc, int column)
{
	bool		isnull;

	return DatumGetBool(SPI_getbinval(tuple, tupdesc, column, &isnull));
}

static void
read_locked(Workspace *ws, HeapTuple tuple, TupleDesc tupdesc, LockedLead *lead)
{
	bool		isnull;
	char	   *status = SPI_getvalue(tuple, tupdesc, 5);

	lead->id = DatumGetInt64(SPI_getbinval(tuple, tupdesc, 1, &isnull));
	lead->merged = locked_bool(tuple, tupdesc, 2);
	lead->put_aside = locked_bool(tuple, tupdesc, 3) ||
		(status != NULL && workspace_has_name(ws->reopened, ws->nreopened, status));
	lead->opted_out = locked_bool(tuple, tupdesc, 4);
	lead->name = locked_text(tuple, tupdesc, 6);
	for (int key = 0; key < MATCH_KEYS; key++)
		lead->keys[key] = locked_text(tuple, tupdesc, 7 + key);
	for (int field = 0; field < KNOWN_FIELDS; field++)
		lead->empty[field] = locked_bool(tuple, tupdesc, 7 + MATCH_KEYS + field);
}

static int
compare_locked(const void *a, const void *b)
{
	return compare_int64(&((const LockedLead *) a)->id, &((const LockedLead *) b)->id);
}

/* Lock the leads of these rows; ascending by id. */
static LockedLead *
lock_known(Workspace *ws, KnownRow **rows, int n, SPIPlanPtr plan, int *nleads)
{
	Datum	   *ids = palloc(n * sizeof(Datum));
	Datum		value;
	LockedLead *leads;

	for (int i = 0; i < n; i++)
		ids[i] = Int64GetDatum(rows[i]->lead_id);
	value = spi_array(ids, NULL, n, INT8OID);
	spi_check(SPI_execute_plan(plan, &value, NULL, false, 0), SPI_OK_SELECT, "lead");
	*nleads = (int) SPI_processed;
	leads = palloc((*nleads + 1) * sizeof(LockedLead));
	for (int i = 0; i < *nleads; i++)
		read_locked(ws, SPI_tuptable->vals[i], SPI_tuptable->tupdesc, &leads[i]);
	return leads;
}

static void
refuse_invisible(int64 lead_id)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to concurrent update"),
			 errdetail("Lead " INT64_FORMAT " has been written since this transaction's snapshot.", lead_id),
			 errhint("The transaction might succeed if retried.")));
}

/* The lead of one row, which another transaction is writing */
typedef struct Wait
{
	Workspace  *ws;
	KnownRow   *row;
	LockedLead *leads;
	int			nleads;
} Wait;

/* false: the row is of another lead by now. */
static bool
wait_for_lead(void *argument)
{
	Wait	   *wait = argument;
	int64		lead_id = wait->row->lead_id;

	wait->leads = lock_known(wait->ws, &wait->row, 1, lock_plan(wait->ws), &wait->nleads);
	if (wait->nleads == 0 && IsolationUsesXactSnapshot())
		refuse_invisible(lead_id);
	known_find(wait->ws, &wait->row, 1);
	return wait->nleads == 1 && !wait->leads[0].merged && wait->row->lead_id == lead_id;
}

/* Rows that are of other leads by now, or of none, have none then. */
static void
check_again(Workspace *ws, KnownRow **rows, int n)
{
	int64	   *ids = palloc(n * sizeof(int64));

	for (int i = 0; i < n; i++)
		ids[i] = rows[i]->lead_id;
	known_find(ws, rows, n);
	for (int i = 0; i < n; i++)
		if (rows[i]->lead_id != ids[i])
			rows[i]->lead_id = 0;
	pfree(ids);
}

/*
 * Lock the leads of these rows.  Whoever was waited for may have merged or
 * changed the lead, or undone a merge, so that it is somebody else's row now.
 * A lead that turns out to be another's is let go of before the right one is
 * locked: to wait for that one while holding it could be to wait in a circle
 * with a merge.
 */
static LockedLead *
lock_surely(Workspace *ws, KnownRow **rows, int n, int *nleads)
{
	Wait		wait = {.ws = ws, .row = rows[0]};
	LockedLead *leads;

	if (n > 1)
	{
		leads = lock_known(ws, rows, n, lock_plan(ws), nleads);
		for (int i = 0; *nleads < n && IsolationUsesXactSnapshot() && i < n; i++)
		{
			LockedLead	key = {.id = rows[i]->lead_id};

			if (bsearch(&key, leads, *nleads, sizeof(LockedLead), compare_locked) == NULL)
				refuse_invisible(rows[i]->lead_id);
		}
		check_again(ws, rows, n);
		return leads;
	}
	leads = lock_known(ws, rows, 1, lock_free_plan(ws), nleads);
	if (*nleads == 1)
		return leads;
	if (!in_subtransaction(wait_for_lead, &wait))
		wait.nleads = 0;
	*nleads = wait.nleads;
	return wait.leads;
}

/* A value by which another lead would be a duplicate that a rule rejects */
static bool
is_taken(const KnownRow *row, KnownField field)
{
	switch (field)
	{
		case KNOWN_EMAIL:
			return row->taken[MATCH_EMAIL];
		case KNOWN_PHONE:
			return row->taken[MATCH_PHONE];
		case KNOWN_COMPANY:
			return row->taken[MATCH_COMPANY_AND_NAME];
		default:
			return false;
	}
}

static bool
reopens(const Addition *addition)
{
	return addition->lead->put_aside && !addition->row->stays_aside;
}

static Addition
addition_to(KnownRow *row, LockedLead *lead)
{
	Addition	addition = {row, lead, {false}, false};

	for (int field = 0; field < KNOWN_FIELDS; field++)
	{
		addition.fills[field] = row->values[field] != NULL && lead->empty[field] &&
			!is_taken(row, field);
		addition.writes = addition.writes || addition.fills[field];
	}
	if (reopens(&addition) || (row->opt_out && !lead->opted_out))
		addition.writes = true;
	return addition;
}

/* Fill what is empty, and take up again what was put aside. */
static void
fill_leads(Workspace *ws, Addition *additions, int n)
{
	Addition   *writing = palloc((n + 1) * sizeof(Addition));
	LeadWrite  *writes = palloc0((n + 1) * sizeof(LeadWrite));
	Datum	   *ids = palloc((n + 1) * sizeof(Datum));
	Datum		values[KNOWN_FIELDS + 2];
	int			nwriting = 0;

	for (int i = 0; i < n; i++)
		if (additions[i].writes)
			writing[nwriting++] = additions[i];
	if (nwriting == 0)
		return;
	for (int i = 0; i < nwriting; i++)
	{
		ids[i] = Int64GetDatum(writing[i].lead->id);
		writes[i].lead_id = writing[i].lead->id;
		writes[i].reopen = reopens(&writing[i]);
	}
	values[0] = spi_array(ids, NULL, nwriting, INT8OID);
	field_arrays(NULL, writing, nwriting, &values[1]);
	values[KNOWN_FIELDS + 1] = opt_out_array(NULL, writing, nwriting);
	(void) lead_write_execute(ws, writes, nwriting, fill_plan(ws), values, NULL);
}

static bool
same_text(text *a, text *b)
{
	return a != NULL && b != NULL && VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/* Is the row's key one that the lead is not found by otherwise? */
static bool
is_alias(Workspace *ws, const Addition *addition, MatchKey key)
{
	KnownField	field = key == MATCH_EMAIL ? KNOWN_EMAIL : KNOWN_PHONE;

	return addition->row->keys[key] != NULL && ws->match[key].attach &&
		!addition->fills[field] &&
		!same_text(addition->row->keys[key], addition->lead->keys[key]) &&
		known_names_agree(addition->row->values[KNOWN_CONTACT_NAME], addition->lead->name);
}

/* Other addresses and numbers of people we know */
static void
write_aliases(Workspace *ws, Addition *additions, int n)
{
	static const MatchKey keys[] = {MATCH_EMAIL, MATCH_PHONE};
	Datum	   *ids = palloc((2 * n + 1) * sizeof(Datum));
	Datum	   *kinds = palloc((2 * n + 1) * sizeof(Datum));
	Datum	   *aliases = palloc((2 * n + 1) * sizeof(Datum));
	int			naliases = 0;
	Datum		values[3];

	for (int i = 0; i < n; i++)
		for (int k = 0; k < count_of(keys); k++)
		{
			if (!is_alias(ws, &additions[i], keys[k]))
				continue;
			ids[naliases] = Int64GetDatum(additions[i].lead->id);
			kinds[naliases] = CStringGetTextDatum(match_key_name[keys[k]]);
			aliases[naliases++] = PointerGetDatum(additions[i].row->keys[keys[k]]);
		}
	if (naliases == 0)
		return;
	values[0] = spi_array(ids, NULL, naliases, INT8OID);
	values[1] = spi_array(kinds, NULL, naliases, TEXTOID);
	values[2] = spi_array(aliases, NULL, naliases, TEXTOID);
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_KNOWN_ALIAS), values, NULL, false, 0),
			  SPI_OK_INSERT, "lead_alias");
}

/* Rows that stay undecided are to be looked up again. */
static void
add_to_leads(Workspace *ws, KnownRow **rows, int n)
{
	Addition   *additions = palloc((n + 1) * sizeof(Addition));
	LockedLead *leads;
	int			nleads;
	int			nadditions = 0;

	if (n == 0)
		return;
	leads = lock_surely(ws, rows, n, &nleads);
	for (int i = 0; i < n; i++)
	{
		LockedLead	key = {.id = rows[i]->lead_id};
		LockedLead *lead = nleads == 0 ? NULL :
			bsearch(&key, leads, nleads, sizeof(LockedLead), compare_locked);

		if (lead == NULL || lead->merged)
			continue;
		additions[nadditions++] = addition_to(rows[i], lead);
		rows[i]->outcome = KNOWN_KNOWN;
	}
	fill_leads(ws, additions, nadditions);
	write_aliases(ws, additions, nadditions);
}

/* ---- Engagements ------------------------------------------------------------ */

static bool
engages(const KnownRow *row)
{
	return row->kind != NULL &&
		(row->outcome == KNOWN_KNOWN || (row->outcome == KNOWN_NEW && row->engage_new));
}

/*
 * A plain INSERT that was under way when we looked has stored a submission by
 * now, of somebody else: as if its key were unique.
 */
static void
check_submissions(Workspace *ws, KnownRow **rows, int n)
{
	KnownSubmission *found = palloc(n * sizeof(KnownSubmission));
	int			nfound = known_submissions(ws, rows, n, found);

	for (int i = 0; i < n; i++)
	{
		int64		lead_id = rows[i]->submission_id == NULL ? 0 :
			known_submission_lead(found, nfound, rows[i]->submission_id);

		if (lead_id != 0 && lead_id != rows[i]->lead_id)
			ereport(ERROR,
					(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					 errmsg("could not serialize access due to concurrent update"),
					 errdetail("The submission has been stored by another transaction."),
					 errhint("The transaction might succeed if retried.")));
	}
}

static void
write_engagements(Workspace *ws, KnownRow **all, int nall)
{
	KnownRow  **rows = palloc((nall + 1) * sizeof(KnownRow *));
	Datum	   *columns[7];
	bool	   *nulls[7];
	Datum		values[7];
	static const Oid types[] = {INT8OID, TEXTOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, JSONBOID, UUIDOID};
	int			n = 0;

	for (int i = 0; i < nall; i++)
		if (engages(all[i]))
			rows[n++] = all[i];
	if (n == 0)
		return;
	for (int c = 0; c < count_of(types); c++)
	{
		columns[c] = palloc(n * sizeof(Datum));
		nulls[c] = palloc0(n * sizeof(bool));
	}
	for (int i = 0; i < n; i++)
	{
		columns[0][i] = Int64GetDatum(rows[i]->lead_id);
		columns[1][i] = PointerGetDatum(rows[i]->kind);
		columns[2][i] = TimestampTzGetDatum(rows[i]->at);
		nulls[2][i] = rows[i]->at == 0;
		columns[3][i] = PointerGetDatum(rows[i]->url);
		nulls[3][i] = rows[i]->url == NULL;
		columns[4][i] = PointerGetDatum(rows[i]->campaign);
		nulls[4][i] = rows[i]->campaign == NULL;
		columns[5][i] = rows[i]->properties;
		nulls[5][i] = rows[i]->properties == (Datum) 0;
		columns[6][i] = UUIDPGetDatum(rows[i]->submission_id);
		nulls[6][i] = rows[i]->submission_id == NULL;
	}
	for (int c = 0; c < count_of(types); c++)
		values[c] = spi_array(columns[c], nulls[c], n, types[c]);
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_KNOWN_ENGAGEMENT), values, NULL, false, 0),
			  SPI_OK_INSERT, "engagement");
	if (SPI_processed < (uint64) n)
		check_submissions(ws, rows, n);
}

/* ---- All of it ---------------------------------------------------------------- */

static bool
is_first(HTAB *seen, uint64 key)
{
	bool		found;

	(void) hash_search(seen, &key, HASH_ENTER, &found);
	return !found;
}

/*
 * The rows that can be stored together: no two that might be one person's.
 * Returns how many.
 */
static int
choose_rows(KnownRow **rows, int n, KnownRow **chosen)
{
	HASHCTL		ctl = {.keysize = sizeof(uint64), .entrysize = sizeof(uint64), .hcxt = CurrentMemoryContext};
	HTAB	   *seen;
	int			nchosen = 0;

	if (n == 1)
	{
		chosen[0] = rows[0];
		return 1;
	}
	seen = hash_create("lead_mgmt people", 4 * n, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	for (int i = 0; i < n; i++)
	{
		bool		first = rows[i]->lead_id == 0 || is_first(seen, (uint64) rows[i]->lead_id);

		for (int j = 0; j < KNOWN_LOCKS; j++)
			if (rows[i]->locks[j] != 0 && !is_first(seen, rows[i]->locks[j]))
				first = false;
		if (first)
			chosen[nchosen++] = rows[i];
	}
	hash_destroy(seen);
	return nchosen;
}

static void
store_together(Workspace *ws, Relation lead, KnownRow **rows, int n)
{
	KnownRow  **known = palloc(n * sizeof(KnownRow *));
	KnownRow  **new = palloc(n * sizeof(KnownRow *));
	int			nknown = 0;
	int			nnew = 0;

	for (int i = 0; i < n; i++)
	{
		if (rows[i]->lead_id == 0)
			new[nnew++] = rows[i];
		else if (rows[i]->skip_known)
			rows[i]->outcome = KNOWN_SKIPPED;
		else
			known[nknown++] = rows[i];
	}
	add_to_leads(ws, known, nknown);
	insert_leads(ws, lead, new, nnew);
	write_engagements(ws, rows, n);
}

/* Two rows of one submission, of whatever persons: the first one counts. */
static void
replay_within(KnownRow **rows, int n, KnownRow *stored)
{
	if (stored->submission_id == NULL || stored->outcome == KNOWN_SUPPRESSED)
		return;
	for (int i = 0; i < n; i++)
		if (rows[i]->outcome == KNOWN_UNDECIDED && rows[i]->submission_id != NULL &&
			memcmp(rows[i]->submission_id, stored->submission_id, UUID_LEN) == 0)
		{
			rows[i]->outcome = KNOWN_REPLAYED;
			rows[i]->lead_id = stored->lead_id;
		}
}

void
known_store(Workspace *ws, Relation lead, KnownRow **rows, int n)
{
	KnownRow  **pending = palloc((n + 1) * sizeof(KnownRow *));
	KnownRow  **chosen = palloc((n + 1) * sizeof(KnownRow *));

	for (;;)
	{
		int			npending = 0;
		int			nchosen;

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < n; i++)
			if (rows[i]->outcome == KNOWN_UNDECIDED)
				pending[npending++] = rows[i];
		if (npending == 0)
			break;
		known_find(ws, pending, npending);
		nchosen = choose_rows(pending, npending, chosen);
		store_together(ws, lead, chosen, nchosen);
		for (int i = 0; npending > nchosen && i < nchosen; i++)
			if (chosen[i]->outcome != KNOWN_UNDECIDED)
				replay_within(pending, npending, chosen[i]);
	}
	pfree(pending);
	pfree(chosen);
}
