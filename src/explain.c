/*-------------------------------------------------------------------------
 *
 * explain.c
 *	  Why a lead has its score, and what it should be: functions over a row
 *	  of lead, which the views score_explanation and score_audit call.
 *
 *-------------------------------------------------------------------------
 */
#include "score.h"

#include "access/htup_details.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "cache.h"

PG_FUNCTION_INFO_V1(explain_score);
PG_FUNCTION_INFO_V1(recompute_score);

/* Is this the table lead of a workspace?  Any composite value may come here. */
static Oid
lead_relid_of(HeapTupleHeader header)
{
	Oid			relid = get_typ_typrelid(HeapTupleHeaderGetTypeId(header));

	if (!OidIsValid(relid) ||
		!OidIsValid(get_relname_relid("score_rule", get_rel_namespace(relid))))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("argument is not a row of table lead of a workspace"),
				 errdetail("Its type is %s.",
						   format_type_be(HeapTupleHeaderGetTypeId(header))),
				 errhint("Read the views score_explanation and score_audit instead.")));
	return relid;
}

/* The rules are told to whoever may read a lead, and to nobody else. */
static void
check_may_read(Oid relid)
{
	AclResult	result = pg_class_aclcheck(relid, GetUserId(), ACL_SELECT);

	if (result != ACLCHECK_OK)
		result = pg_attribute_aclcheck_all(relid, GetUserId(), ACL_SELECT, ACLMASK_ANY);
	aclcheck_error(result, OBJECT_TABLE, get_rel_name(relid));
}

/* Score the row given, leaving it in the workspace's slot. */
static Workspace *
score_argument(HeapTupleHeader header, Score *score)
{
	Workspace  *ws;
	HeapTupleData tuple;
	AttrNumber	attno;
	int64		adjustment = 0;

	AcceptInvalidationMessages();
	ws = cache_workspace(lead_relid_of(header));
	check_may_read(ws->lead_relid);
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;

	ResetExprContext(ws->econtext);
	ExecClearTuple(ws->slot);
	heap_deform_tuple(&tuple, ws->tupdesc, ws->slot->tts_values, ws->slot->tts_isnull);
	ExecStoreVirtualTuple(ws->slot);

	attno = ws->column[LEAD_SCORE_ADJUSTMENT];
	if (!ws->slot->tts_isnull[attno - 1])
		adjustment = points_from_numeric(ws->slot->tts_values[attno - 1]);
	*score = score_row(ws, adjustment);
	return ws;
}

static void
put_row(ReturnSetInfo *rsinfo, const char *dimension, int64 rule_id,
		const char *rule, int64 points)
{
	Datum		values[4];
	bool		nulls[4] = {false};

	nulls[0] = (dimension == NULL);
	values[0] = dimension == NULL ? (Datum) 0 : CStringGetTextDatum(dimension);
	nulls[1] = (rule_id == 0);
	values[1] = Int64GetDatum(rule_id);
	values[2] = CStringGetTextDatum(rule);
	values[3] = points_to_numeric(points);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

static void
put_rules(ReturnSetInfo *rsinfo, Workspace *ws)
{
	for (int i = 0; i < ws->nscore_rules; i++)
	{
		ScoreRule  *rule = &ws->score_rules[i];

		if (ws->score_holds[i])
			put_row(rsinfo, ws->dimensions[rule->dimension].name, rule->rule.id,
					rule->rule.name, rule->points);
	}
}

static void
put_limits(ReturnSetInfo *rsinfo, Workspace *ws, const Score *score)
{
	int64		within = Max(0, Min(score->total, 100 * POINT_SCALE));
	int64		rounded = score->score * POINT_SCALE;

	for (int d = 0; d < ws->ndimensions; d++)
		if (score->limited[d] != score->sums[d])
			put_row(rsinfo, ws->dimensions[d].name, 0,
					psprintf("limit of %s", ws->dimensions[d].name),
					score->limited[d] - score->sums[d]);
	if (score->adjustment != 0)
		put_row(rsinfo, NULL, 0, "adjustment", score->adjustment);
	if (within != score->total)
		put_row(rsinfo, NULL, 0, "limit 0..100", within - score->total);
	if (rounded != within)
		put_row(rsinfo, NULL, 0, "rounding", rounded - within);
}

/*
 * explain_score(record): one row for each rule that holds for this row of
 * lead, and rows without rule_id for limits and rounding; the points sum to
 * the score.
 */
Datum
explain_score(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Workspace  *ws;
	Score		score;

	InitMaterializedSRF(fcinfo, 0);
	ws = score_argument(PG_GETARG_HEAPTUPLEHEADER(0), &score);
	put_rules(rsinfo, ws);
	put_limits(rsinfo, ws, &score);
	return (Datum) 0;
}

/* recompute_score(record): what the scores of this row of lead should be. */
Datum
recompute_score(PG_FUNCTION_ARGS)
{
	TupleDesc	tupdesc;
	Workspace  *ws;
	Score		score;
	Datum		values[5];
	bool		nulls[5] = {false};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	ws = score_argument(PG_GETARG_HEAPTUPLEHEADER(0), &score);

	values[0] = Int32GetDatum(score.score);
	nulls[1] = (score.grade == NULL);
	values[1] = score.grade == NULL ? (Datum) 0 : CStringGetTextDatum(score.grade);
	for (int i = 0; i < 3; i++)
		values[2 + i] = points_to_numeric(0);
	for (int d = 0; d < ws->ndimensions; d++)
		if (ws->dimensions[d].column >= 0)
			values[2 + ws->dimensions[d].column - LEAD_DEMOGRAPHIC_SCORE] =
				points_to_numeric(score.limited[d]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}
