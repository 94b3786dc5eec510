/*-------------------------------------------------------------------------
 *
 * duplicate_review.c
 *	  What the views about duplicates call: which of two leads is the better
 *	  master and what they agree in, who belongs together, and who may be told.
 *
 *-------------------------------------------------------------------------
 */
#include "workspace.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "cache.h"
#include "lead_person.h"

PG_FUNCTION_INFO_V1(compare_leads);
PG_FUNCTION_INFO_V1(pair_groups);
PG_FUNCTION_INFO_V1(duplicate_notices);

/* ---- Two leads side by side ------------------------------------------------------ */

/* What counts when two leads are to be one */
typedef struct Standing
{
	int64		lead_id;
	Person	   *person;
	bool		archived;
	char	   *status;
	int			stage;			/* how far it is; -1: nowhere */
	bool		owned;
	int			score;
	int			known;			/* columns that have a value */
	TimestampTz created_at;
} Standing;

/* Columns of each PersonField, in its order */
static const LeadColumn field_columns[PERSON_FIELDS] = {
	LEAD_CONTACT_NAME, LEAD_EMAIL, LEAD_PHONE, LEAD_COMPANY, LEAD_STREET, LEAD_CITY,
	LEAD_REGION, LEAD_POSTAL_CODE, LEAD_COUNTRY, LEAD_BIRTHDAY, LEAD_JOB_TITLE
};

typedef struct Stages
{
	int			n;
	char	  **statuses;
	int		   *stages;
} Stages;

/* Positions of the funnel stages of statuses, read once a query as the owner. */
static Stages *
get_stages(FunctionCallInfo fcinfo, Workspace *ws)
{
	Stages	   *stages = fcinfo->flinfo->fn_extra;
	MemoryContext context = fcinfo->flinfo->fn_mcxt;
	OwnerSwitch saved;
	char	   *query;

	if (stages != NULL)
		return stages;
	query = psprintf("SELECT s.name, COALESCE(f.\"position\", -1)::pg_catalog.int8 FROM %s.lead_status s "
					 "LEFT JOIN %s.funnel_stage f ON f.name OPERATOR(pg_catalog.=) s.funnel_stage",
					 ws->schema, ws->schema);
	saved = switch_to_owner(ws->owner);
	spi_begin();
	spi_check(SPI_execute(query, true, 0), SPI_OK_SELECT, query);
	stages = MemoryContextAllocZero(context, sizeof(Stages));
	stages->n = (int) SPI_processed;
	stages->statuses = MemoryContextAlloc(context, (stages->n + 1) * sizeof(char *));
	stages->stages = MemoryContextAlloc(context, (stages->n + 1) * sizeof(int));
	for (int i = 0; i < stages->n; i++)
	{
		bool		isnull;

		stages->statuses[i] = MemoryContextStrdup(context, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
		stages->stages[i] = (int) DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2, &isnull));
	}
	spi_end();
	switch_back(saved);
	fcinfo->flinfo->fn_extra = stages;
	return stages;
}

static int
stage_of(const Stages *stages, const char *status)
{
	for (int i = 0; status != NULL && i < stages->n; i++)
		if (strcmp(stages->statuses[i], status) == 0)
			return stages->stages[i];
	return -1;
}

static bool
slot_get(Workspace *ws, LeadColumn column, Datum *value)
{
	bool		isnull;

	*value = slot_getattr(ws->slot, ws->column[column], &isnull);
	return !isnull;
}

/* Any composite value may come here. */
static Workspace *
workspace_of_row(HeapTupleHeader header)
{
	Oid			relid = get_typ_typrelid(HeapTupleHeaderGetTypeId(header));

	if (!OidIsValid(relid) ||
		!OidIsValid(get_relname_relid("match_rule", get_rel_namespace(relid))))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("argument is not a row of table lead of a workspace"),
				 errdetail("Its type is %s.", format_type_be(HeapTupleHeaderGetTypeId(header))),
				 errhint("Give a row of the table itself.")));
	return cache_workspace(relid);
}

static Standing
standing_of(Workspace *ws, HeapTupleHeader header, const Stages *stages)
{
	Standing	standing = {0};
	Datum		value;

	ResetExprContext(ws->econtext);
	workspace_store_row(ws->slot, header);
	if (slot_get(ws, LEAD_ID, &value))
		standing.lead_id = DatumGetInt64(value);
	standing.person = person_of_lead(ws, ws->slot);
	standing.archived = slot_get(ws, LEAD_ARCHIVED_AT, &value);
	if (slot_get(ws, LEAD_STATUS, &value))
		standing.status = TextDatumGetCString(value);
	standing.stage = stage_of(stages, standing.status);
	standing.owned = slot_get(ws, LEAD_OWNER_ID, &value);
	if (slot_get(ws, LEAD_SCORE, &value))
		standing.score = DatumGetInt32(value);
	if (slot_get(ws, LEAD_CREATED_AT, &value))
		standing.created_at = DatumGetTimestampTz(value);
	for (int i = 0; i < ws->tupdesc->natts; i++)
		standing.known += !ws->slot->tts_isnull[i];
	return standing;
}

/*
 * Is "a" the better one, and why?  An order of all leads, so that the best of
 * a group is the better one of each of its pairs.
 */
static bool
is_better(const Standing *a, const Standing *b, char **reason)
{
	bool		better;
	const Standing *one;
	const Standing *other;

	if (a->archived != b->archived)
	{
		*reason = pstrdup("the other one is archived");
		return b->archived;
	}
	better = a->stage != b->stage ? a->stage > b->stage :
		a->owned != b->owned ? a->owned :
		a->score != b->score ? a->score > b->score :
		a->known != b->known ? a->known > b->known :
		a->created_at != b->created_at ? a->created_at < b->created_at :
		a->lead_id < b->lead_id;
	one = better ? a : b;
	other = better ? b : a;
	if (a->stage != b->stage)
		*reason = psprintf("is further on: %s, not %s", one->status, other->status ? other->status : "(none)");
	else if (a->owned != b->owned)
		*reason = pstrdup("has an owner");
	else if (a->score != b->score)
		*reason = psprintf("has the higher score: %d, not %d", one->score, other->score);
	else if (a->known != b->known)
		*reason = pstrdup("more is known of it");
	else
		*reason = pstrdup("came in first");
	return better;
}

static Datum
text_array(Datum *names, int n)
{
	return PointerGetDatum(n == 0 ? construct_empty_array(TEXTOID) :
						   DatumGetArrayTypeP(spi_array(names, NULL, n, TEXTOID)));
}

/*
 * compare_leads(record, record): which is the better master and why, and the
 * fields in which the two agree, partly agree, and differ.
 */
Datum
compare_leads(PG_FUNCTION_ARGS)
{
	Workspace  *ws;
	const Stages *stages;
	Standing	a,
				b;
	TupleDesc	tupdesc;
	FieldAgreement agreement[PERSON_FIELDS];
	Datum		names[3][PERSON_FIELDS];
	int			n[3] = {0, 0, 0};
	char	   *reason;
	bool		better;
	Datum		values[5];
	bool		nulls[5] = {false};

	AcceptInvalidationMessages();
	ws = workspace_of_row(PG_GETARG_HEAPTUPLEHEADER(0));
	stages = get_stages(fcinfo, ws);
	ws = workspace_of_row(PG_GETARG_HEAPTUPLEHEADER(1));
	a = standing_of(ws, PG_GETARG_HEAPTUPLEHEADER(0), stages);
	b = standing_of(ws, PG_GETARG_HEAPTUPLEHEADER(1), stages);
	better = is_better(&a, &b, &reason);
	person_agreements(a.person, b.person, agreement);
	for (int field = 0; field < PERSON_FIELDS; field++)
	{
		int			kind = agreement[field] == FIELD_UNKNOWN ? -1 :
			agreement[field] >= FIELD_NEAR ? 0 : agreement[field] == FIELD_PARTLY ? 1 : 2;

		if (kind >= 0)
			names[kind][n[kind]++] = CStringGetTextDatum(lead_column_name(field_columns[field]));
	}

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Int64GetDatum(better ? a.lead_id : b.lead_id);
	values[1] = CStringGetTextDatum(reason);
	for (int kind = 0; kind < 3; kind++)
		values[2 + kind] = text_array(names[kind], n[kind]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}

/* ---- Groups ------------------------------------------------------------------------ */

static int64 *
int8_array(ArrayType *array, int *n)
{
	if (ARR_HASNULL(array) || ARR_NDIM(array) > 1 || ARR_ELEMTYPE(array) != INT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_ELEMENT_ERROR),
				 errmsg("array must have one dimension and no nulls")));
	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	return (int64 *) ARR_DATA_PTR(array);
}

static int
find_root(int *parent, int i)
{
	while (parent[i] != i)
	{
		parent[i] = parent[parent[i]];
		i = parent[i];
	}
	return i;
}

static int
place_of(const int64 *ids, int n, int64 id)
{
	return (int) ((const int64 *) bsearch(&id, ids, n, sizeof(int64), compare_int64) - ids);
}

/* All ids of the pairs, each once, ascending */
static int64 *
collect_ids(const int64 *a, const int64 *b, int npairs, int *n)
{
	int64	   *ids = palloc_extended((2 * (Size) npairs + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	int			kept = 0;

	memcpy(ids, a, npairs * sizeof(int64));
	memcpy(ids + npairs, b, npairs * sizeof(int64));
	qsort(ids, 2 * npairs, sizeof(int64), compare_int64);
	for (int i = 0; i < 2 * npairs; i++)
		if (kept == 0 || ids[i] != ids[kept - 1])
			ids[kept++] = ids[i];
	*n = kept;
	return ids;
}

/*
 * pair_groups(bigint[], bigint[]): who belongs together, if the pairs do.  A
 * group is known by the lowest id in it.
 */
Datum
pair_groups(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int			npairs,
				nothers,
				n;
	int64	   *a = int8_array(PG_GETARG_ARRAYTYPE_P(0), &npairs);
	int64	   *b = int8_array(PG_GETARG_ARRAYTYPE_P(1), &nothers);
	int64	   *ids;
	int		   *parent;
	int		   *size;

	if (npairs != nothers)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("arrays must have the same length")));
	InitMaterializedSRF(fcinfo, 0);
	ids = collect_ids(a, b, npairs, &n);
	parent = palloc_extended((n + 1) * sizeof(int), MCXT_ALLOC_HUGE);
	size = palloc_extended((n + 1) * sizeof(int), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	for (int i = 0; i < n; i++)
		parent[i] = i;
	for (int i = 0; i < npairs; i++)
	{
		int			x = find_root(parent, place_of(ids, n, a[i]));
		int			y = find_root(parent, place_of(ids, n, b[i]));

		/* the lower id is the root */
		parent[Max(x, y)] = Min(x, y);
	}
	for (int i = 0; i < n; i++)
		size[find_root(parent, i)]++;
	for (int i = 0; i < n; i++)
	{
		int			root = find_root(parent, i);
		Datum		values[3] = {Int64GetDatum(ids[i]), Int64GetDatum(ids[root]), Int32GetDatum(size[root])};
		bool		nulls[3] = {false};

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* ---- Who may be told ---------------------------------------------------------------- */

typedef struct PairRow
{
	int64		lead_id;
	int64		other_id;
	Datum		rules;
} PairRow;

/* A view of that name is run as the owner: it must be his. */
static void
check_view(Workspace *ws)
{
	Oid			relid = get_relname_relid("duplicate", ws->namespace);
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool		sound = HeapTupleIsValid(tuple) &&
		((Form_pg_class) GETSTRUCT(tuple))->relkind == RELKIND_VIEW &&
		((Form_pg_class) GETSTRUCT(tuple))->relowner == ws->owner;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	if (!sound)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("relation \"%s.duplicate\" cannot be used as a part of a workspace", ws->schema),
				 errdetail("It must be a view and belong to the owner of table \"lead\"."),
				 errhint("Call lead_mgmt.upgrade_workspace to bring it back.")));
}

/* The pairs that nobody said were none, in the SPI memory of the caller */
static PairRow *
read_pairs(Workspace *ws, int *n)
{
	OwnerSwitch saved = switch_to_owner(ws->owner);
	char	   *query = psprintf("SELECT lead_id, other_id, rules FROM %s.duplicate "
								 "WHERE state OPERATOR(pg_catalog.<>) 'not_duplicate'", ws->schema);
	PairRow    *pairs;

	spi_check(SPI_execute(query, true, 0), SPI_OK_SELECT, query);
	switch_back(saved);
	*n = (int) SPI_processed;
	pairs = palloc_extended((*n + 1) * sizeof(PairRow), MCXT_ALLOC_HUGE);
	for (int i = 0; i < *n; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	tupdesc = SPI_tuptable->tupdesc;
		bool		isnull;

		pairs[i].lead_id = DatumGetInt64(SPI_getbinval(row, tupdesc, 1, &isnull));
		pairs[i].other_id = DatumGetInt64(SPI_getbinval(row, tupdesc, 2, &isnull));
		pairs[i].rules = SPI_getbinval(row, tupdesc, 3, &isnull);
	}
	return pairs;
}

/* Those of the leads that a query finds, ascending */
static int64 *
find_leads(const char *query, Datum ids, const char *caller, int *n)
{
	Datum		values[2] = {ids, CStringGetTextDatum(caller)};
	Oid			types[2] = {INT8ARRAYOID, TEXTOID};
	int64	   *found;

	spi_check(SPI_execute_with_args(query, 2, types, values, NULL, true, 0), SPI_OK_SELECT, query);
	found = spi_int64s(n);
	qsort(found, *n, sizeof(int64), compare_int64);
	return found;
}

typedef struct KnownLeads
{
	int64	   *seen;			/* with the caller's own rights */
	int			nseen;
	int64	   *brought;		/* that his role brought in: many may share a login */
	int			nbrought;
} KnownLeads;

static bool
is_known(const KnownLeads *known, int64 id)
{
	return bsearch(&id, known->seen, known->nseen, sizeof(int64), compare_int64) != NULL ||
		bsearch(&id, known->brought, known->nbrought, sizeof(int64), compare_int64) != NULL;
}

static void
find_known(Workspace *ws, const PairRow *pairs, int npairs, KnownLeads *known)
{
	Datum	   *values = palloc_extended((2 * (Size) npairs + 1) * sizeof(Datum), MCXT_ALLOC_HUGE);
	char	   *caller = GetUserNameFromId(GetUserId(), false);
	OwnerSwitch saved;
	Datum		ids;

	for (int i = 0; i < npairs; i++)
	{
		values[2 * i] = Int64GetDatum(pairs[i].lead_id);
		values[2 * i + 1] = Int64GetDatum(pairs[i].other_id);
	}
	ids = spi_array(values, NULL, 2 * npairs, INT8OID);
	if (pg_class_aclcheck(ws->lead_relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK ||
		pg_attribute_aclcheck(ws->lead_relid, ws->column[LEAD_ID], GetUserId(), ACL_SELECT) == ACLCHECK_OK)
		known->seen = find_leads(psprintf("SELECT id FROM %s.lead WHERE id OPERATOR(pg_catalog.=) ANY ($1) AND $2 IS NOT NULL",
										  ws->schema), ids, caller, &known->nseen);
	saved = switch_to_owner(ws->owner);
	known->brought = find_leads(psprintf("SELECT id FROM %s.lead WHERE id OPERATOR(pg_catalog.=) ANY ($1) "
										 "AND created_by OPERATOR(pg_catalog.=) $2", ws->schema),
								ids, caller, &known->nbrought);
	switch_back(saved);
}

static void
put_notice(ReturnSetInfo *rsinfo, const KnownLeads *known, int pair, int64 lead_id, int64 other_id, Datum rules)
{
	Datum		values[4] = {Int64GetDatum(lead_id), Int64GetDatum(pair), BoolGetDatum(is_known(known, other_id)), rules};
	bool		nulls[4] = {false};

	if (is_known(known, lead_id))
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * duplicate_notices(oid): a row for each end of a pair that the caller sees or
 * has brought in, without a word about the other end but whether he knows it.
 */
Datum
duplicate_notices(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	Oid			lead_relid = get_relname_relid("lead", get_rel_namespace(relid));
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	KnownLeads	known = {0};
	Workspace  *ws;
	PairRow    *pairs;
	int			npairs;

	if (!OidIsValid(lead_relid) ||
		!OidIsValid(get_relname_relid("match_rule", get_rel_namespace(relid))))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("argument is not a table of a workspace"),
				 errhint("Read the view duplicate_notice.")));
	InitMaterializedSRF(fcinfo, 0);
	AcceptInvalidationMessages();
	ws = cache_workspace(lead_relid);
	check_view(ws);
	spi_begin();
	pairs = read_pairs(ws, &npairs);
	find_known(ws, pairs, npairs, &known);
	for (int i = 0; i < npairs; i++)
	{
		put_notice(rsinfo, &known, i, pairs[i].lead_id, pairs[i].other_id, pairs[i].rules);
		put_notice(rsinfo, &known, i, pairs[i].other_id, pairs[i].lead_id, pairs[i].rules);
	}
	spi_end();
	return (Datum) 0;
}
