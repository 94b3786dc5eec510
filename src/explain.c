/*-------------------------------------------------------------------------
 *
 * explain.c
 *	  Why a lead has its score, what it is at any time, and what it should
 *	  be: functions over a row of lead, which the views of scores call.
 *
 *-------------------------------------------------------------------------
 */
#include "score_state.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/typcache.h"

#include "cache.h"
#include "lead_keys.h"

PG_FUNCTION_INFO_V1(explain_score);
PG_FUNCTION_INFO_V1(recompute_score);
PG_FUNCTION_INFO_V1(recompute_keys);
PG_FUNCTION_INFO_V1(score_at);
PG_FUNCTION_INFO_V1(lead_score);
PG_FUNCTION_INFO_V1(model_score);
PG_FUNCTION_INFO_V1(grade_until);
PG_FUNCTION_INFO_V1(score_reasons);

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
				 errhint("Give a row of the table itself, as in: SELECT s.* FROM crm.lead l, lead_mgmt.score_at(l, now()) s.")));
	return relid;
}

/* The rules are told to whoever may read all of a lead, and to nobody else. */
static void
check_may_read(Oid relid)
{
	AclResult	result = pg_class_aclcheck(relid, GetUserId(), ACL_SELECT);

	if (result != ACLCHECK_OK)
		result = pg_attribute_aclcheck_all(relid, GetUserId(), ACL_SELECT, ACLMASK_ALL);
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_TABLE, get_rel_name(relid));
}

/*
 * A row can be made up, so where row security hides leads it is asked whether
 * the caller sees the one of this id; with his rights, not the owner's.
 */
static void
check_row_security(Workspace *ws, int64 lead_id)
{
	Datum		value = Int64GetDatum(lead_id);
	bool		seen;

	if (check_enable_rls(ws->lead_relid, InvalidOid, true) != RLS_ENABLED)
		return;
	spi_begin();
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_LEAD_SEEN), &value, NULL, true, 1),
			  SPI_OK_SELECT, "lead");
	seen = SPI_processed > 0;
	spi_end();
	if (!seen)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for lead " INT64_FORMAT, lead_id),
				 errdetail("Row security does not show it.")));
}

/* A row of lead as it was given, in the workspace's slot */
typedef struct Argument
{
	Workspace  *ws;
	ScoreModel *model;
	int64		lead_id;
	TimestampTz scored_at;
	TimestampTz at;				/* the time that is asked about */
	RuleTotal  *totals;
	Points		adjustment;
	TimestampTz last_engaged_at;
} Argument;

static void
read_argument(HeapTupleHeader header, Argument *argument)
{
	Workspace  *ws;
	HeapTupleData tuple;
	bool		isnull;

	AcceptInvalidationMessages();
	ws = cache_workspace(lead_relid_of(header));
	check_may_read(ws->lead_relid);
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	argument->lead_id = DatumGetInt64(heap_getattr(&tuple, ws->column[LEAD_ID], ws->tupdesc, &isnull));
	if (isnull)
		argument->lead_id = -1;	/* of nobody */

	/* policies may call us for other leads, so this comes first */
	check_row_security(ws, argument->lead_id);
	ws = cache_workspace(ws->lead_relid);

	ResetExprContext(ws->econtext);
	workspace_store_row(ws->slot, header);
	argument->ws = ws;
	argument->model = ws->model;
}

/* A column of the row; "missing" for NULL. */
static Datum
argument_value(const Argument *argument, LeadColumn column, Datum missing)
{
	int			index = argument->ws->column[column] - 1;

	return argument->ws->slot->tts_isnull[index] ? missing :
		argument->ws->slot->tts_values[index];
}

/* What had happened until a time, from the tables themselves. */
static void
take_history(Argument *argument, TimestampTz until)
{
	LeadHistory history = {.lead_id = argument->lead_id, .until = until};

	score_state_history(argument->ws, argument->model, &history, 1, false);
	argument->totals = history.totals;
	argument->adjustment = history.adjustment;
	argument->last_engaged_at = history.last_engaged_at;
}

/*
 * What is kept, where it can tell: from scored_at on, and by rules that are
 * still the same.
 */
static void
take_state(Argument *argument)
{
	ScoreState	state;
	Datum		zero = NumericGetDatum(int64_to_numeric(0));

	argument->last_engaged_at =
		DatumGetTimestampTz(argument_value(argument, LEAD_LAST_ENGAGED_AT,
										   TimestampTzGetDatum(DT_NOBEGIN)));
	if (argument->at < argument->scored_at)
	{
		take_history(argument, argument->at);
		return;
	}
	argument->adjustment =
		points_from_numeric(argument_value(argument, LEAD_SCORE_ADJUSTMENT, zero));
	if (argument->last_engaged_at == DT_NOBEGIN)
	{
		argument->totals = score_state_nothing(argument->model);
		return;
	}
	score_state_read(argument->ws, argument->lead_id, GetActiveSnapshot(), &state);
	argument->totals = state.totals;
	if (!state.current)
		take_history(argument, argument->at);
}

/* The row given as the first argument, and all that counts at a time. */
static void
begin(FunctionCallInfo fcinfo, Argument *argument)
{
	read_argument(PG_GETARG_HEAPTUPLEHEADER(0), argument);
	argument->scored_at =
		DatumGetTimestampTz(argument_value(argument, LEAD_SCORED_AT,
										   TimestampTzGetDatum(GetCurrentTimestamp())));
	argument->at = argument->scored_at;
}

static Score
score_argument(Argument *argument)
{
	score_evaluate(argument->ws, argument->model);
	return score_compute(argument->ws, argument->model, argument->totals,
						 argument->adjustment, argument->at);
}

#define EXPLANATION_COLUMNS 9

typedef struct ExplanationRow
{
	const char *dimension;		/* NULL: concerns the whole */
	int64		rule_id;		/* 0: none */
	const char *rule;
	Points		points;
	const RuleTotal *total;		/* NULL: it is not about engagements */
	Points		given;
	const char *reason;
	TimestampTz at;				/* of an adjustment */
} ExplanationRow;

static void
put_row(ReturnSetInfo *rsinfo, const ExplanationRow *row)
{
	Datum		values[EXPLANATION_COLUMNS] = {0};
	bool		nulls[EXPLANATION_COLUMNS];

	memset(nulls, true, sizeof(nulls));
	nulls[2] = nulls[3] = false;
	values[2] = CStringGetTextDatum(row->rule);
	values[3] = points_to_numeric(row->points);
	if (row->dimension != NULL)
	{
		nulls[0] = false;
		values[0] = CStringGetTextDatum(row->dimension);
	}
	if (row->rule_id != 0)
	{
		nulls[1] = false;
		values[1] = Int64GetDatum(row->rule_id);
	}
	if (row->total != NULL)
	{
		nulls[4] = nulls[5] = nulls[6] = nulls[7] = false;
		values[4] = points_to_numeric(row->given);
		values[5] = Int64GetDatum(row->total->times);
		values[6] = TimestampTzGetDatum(row->total->first_at);
		values[7] = TimestampTzGetDatum(row->total->last_at);
	}
	if (row->reason != NULL)
	{
		nulls[6] = nulls[7] = nulls[8] = false;
		values[6] = values[7] = TimestampTzGetDatum(row->at);
		values[8] = CStringGetTextDatum(row->reason);
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

static void
put_rules(ReturnSetInfo *rsinfo, const Argument *argument)
{
	ScoreModel *model = argument->model;

	for (int i = 0; i < model->lead.n; i++)
	{
		ScoreRule  *rule = &model->lead.rules[i];
		ExplanationRow row = {.dimension = model->dimensions[rule->dimension].name,
		.rule_id = rule->rule.id, .rule = rule->rule.name};

		row.points = score_lead_rule_points(rule);
		if (model->lead.holds[i])
			put_row(rsinfo, &row);
	}
	for (int i = 0; i < model->engagement.n; i++)
	{
		ScoreRule  *rule = &model->engagement.rules[i];
		ExplanationRow row = {.dimension = model->dimensions[rule->dimension].name,
		.rule_id = rule->rule.id, .rule = rule->rule.name};

		row.total = &argument->totals[i];
		row.points = score_rule_points(rule, row.total, argument->at);
		row.given = rule->points * row.total->times;
		if (row.total->times > 0)
			put_row(rsinfo, &row);
	}
}

/*
 * Each correction with its reason; they are few, and read now.  The sum of
 * the row that was given is what counts: what they do not explain is a row too.
 */
static void
put_adjustments(ReturnSetInfo *rsinfo, const Argument *argument)
{
	Workspace  *ws = argument->ws;
	Datum		value = Int64GetDatum(argument->lead_id);
	Datum		ids = spi_array(&value, NULL, 1, INT8OID);
	OwnerSwitch saved = switch_to_owner(ws->owner);
	Points		rest = argument->adjustment;
	ExplanationRow row = {.rule = "adjustment"};

	spi_begin();
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_ADJUSTMENTS), &ids, NULL, true, 0),
			  SPI_OK_SELECT, "score_adjustment");
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	tupdesc = SPI_tuptable->tupdesc;
		bool		isnull;

		row.points = points_from_numeric(SPI_getbinval(tuple, tupdesc, 2, &isnull));
		row.at = DatumGetTimestampTz(SPI_getbinval(tuple, tupdesc, 3, &isnull));
		row.reason = SPI_getvalue(tuple, tupdesc, 4);
		if (row.at > argument->at)
			continue;
		rest -= row.points;
		put_row(rsinfo, &row);
	}
	spi_end();
	switch_back(saved);
	row.points = rest;
	row.reason = NULL;
	if (rest != 0)
		put_row(rsinfo, &row);
}

static void
put_limits(ReturnSetInfo *rsinfo, const Argument *argument, const Score *score)
{
	ScoreModel *model = argument->model;
	Points		within = points_clamp(score->total, 0, 100 * POINT_SCALE);
	Points		rounded = score->score * POINT_SCALE;
	ExplanationRow row = {.dimension = NULL};

	for (int d = 0; d < model->ndimensions; d++)
	{
		row.dimension = model->dimensions[d].name;
		row.rule = psprintf("limit of %s", row.dimension);
		row.points = score->limited[d] - score->sums[d];
		if (row.points != 0)
			put_row(rsinfo, &row);
	}
	put_adjustments(rsinfo, argument);
	row.dimension = NULL;
	row.rule = "limit 0..100";
	row.points = within - score->total;
	if (row.points != 0)
		put_row(rsinfo, &row);
	row.rule = "rounding";
	row.points = rounded - within;
	/* of a lead that nothing counts for as well, so that it sums to its score */
	if (row.points != 0 || tuplestore_tuple_count(rsinfo->setResult) == 0)
		put_row(rsinfo, &row);
}

/*
 * explain_score(record): one row for each rule that counts for this row of
 * lead as of its scored_at, and rows without rule_id for corrections, limits
 * and rounding; the points sum to the score.
 */
Datum
explain_score(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Argument	argument;
	Score		score;

	InitMaterializedSRF(fcinfo, 0);
	begin(fcinfo, &argument);
	take_state(&argument);
	score = score_argument(&argument);
	put_rules(rsinfo, &argument);
	put_limits(rsinfo, &argument, &score);
	return (Datum) 0;
}

/* The score, grade and dimensions that have a column: the first five values. */
static void
score_values(const Argument *argument, const Score *score, Datum *values, bool *nulls)
{
	ScoreModel *model = argument->model;

	values[0] = Int32GetDatum(score->score);
	nulls[1] = (score->grade == NULL);
	values[1] = score->grade == NULL ? (Datum) 0 : CStringGetTextDatum(score->grade);
	for (int i = 0; i < 3; i++)
		values[2 + i] = points_to_numeric(0);
	for (int d = 0; d < model->ndimensions; d++)
		if (model->dimensions[d].column >= 0)
			values[2 + model->dimensions[d].column - LEAD_DEMOGRAPHIC_SCORE] =
				points_to_numeric(score->limited[d]);
}

static Datum
composite(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc	tupdesc;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls));
}

/*
 * Are the sums that are kept others than those just made?  Where they are of
 * rules that have changed since, they are not used, so that is no difference.
 */
static bool
sums_differ(const Argument *argument, const Score *score)
{
	Workspace  *ws = argument->ws;
	ScoreState	state;

	if (argument->last_engaged_at == DT_NOBEGIN && score->score < ws->sales_ready_score)
		return false;
	score_state_read(ws, argument->lead_id, GetActiveSnapshot(), &state);
	if (!state.exists)
		return true;
	return state.current && score_state_differs(ws->model, &state, argument->totals);
}

/*
 * recompute_score(record): what the scores of this row of lead should be, from
 * its engagements and corrections as of its scored_at.
 */
Datum
recompute_score(PG_FUNCTION_ARGS)
{
	Argument	argument;
	Score		score;
	Datum		values[8];
	bool		nulls[8] = {false};

	begin(fcinfo, &argument);
	/* what is later than the score is missing in it */
	take_history(&argument, DT_NOEND);
	argument.at = Max(argument.at, argument.last_engaged_at);
	score = score_argument(&argument);
	score_values(&argument, &score, values, nulls);
	values[5] = points_to_numeric(score.adjustment);
	nulls[6] = (argument.last_engaged_at == DT_NOBEGIN);
	values[6] = TimestampTzGetDatum(argument.last_engaged_at);
	values[7] = BoolGetDatum(score_row_differs(argument.ws, argument.model, &score,
											   argument.last_engaged_at) ||
							 sums_differ(&argument, &score));
	return composite(fcinfo, values, nulls);
}

/* recompute_keys(record): what the keys of this row of lead should be. */
Datum
recompute_keys(PG_FUNCTION_ARGS)
{
	Argument	argument;
	text	   *keys[MATCH_KEYS];
	Datum		values[MATCH_KEYS + 1];
	bool		nulls[MATCH_KEYS + 1] = {false};

	read_argument(PG_GETARG_HEAPTUPLEHEADER(0), &argument);
	for (int key = 0; key < MATCH_KEYS; key++)
	{
		keys[key] = lead_key(argument.ws, key);
		nulls[key] = keys[key] == NULL;
		values[key] = PointerGetDatum(keys[key]);
	}
	values[MATCH_KEYS] = BoolGetDatum(lead_keys_differ(argument.ws, keys));
	return composite(fcinfo, values, nulls);
}

/* The time that is asked about is the second or third argument. */
static void
set_time(Argument *argument, TimestampTz at)
{
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("score cannot be told for an infinite time")));
	argument->at = at;
}

/* The row that score_at and model_score return. */
static Datum
scores_of(FunctionCallInfo fcinfo, Argument *argument)
{
	Score		score = score_argument(argument);
	Datum		values[5];
	bool		nulls[5] = {false};

	score_values(argument, &score, values, nulls);
	return composite(fcinfo, values, nulls);
}

/* score_at(record, timestamptz): the scores of a row of lead at any time. */
Datum
score_at(PG_FUNCTION_ARGS)
{
	Argument	argument;

	begin(fcinfo, &argument);
	set_time(&argument, PG_GETARG_TIMESTAMPTZ(1));
	take_state(&argument);
	return scores_of(fcinfo, &argument);
}

/* lead_score(record, timestamptz): the score alone */
Datum
lead_score(PG_FUNCTION_ARGS)
{
	Argument	argument;

	begin(fcinfo, &argument);
	set_time(&argument, PG_GETARG_TIMESTAMPTZ(1));
	take_state(&argument);
	PG_RETURN_INT32(score_argument(&argument).score);
}

/* model_score(record, bigint, timestamptz): the same by any model. */
Datum
model_score(PG_FUNCTION_ARGS)
{
	Argument	argument;

	begin(fcinfo, &argument);
	argument.model = workspace_model(argument.ws, PG_GETARG_INT64(1));
	set_time(&argument, PG_GETARG_TIMESTAMPTZ(2));
	take_history(&argument, argument.at);
	return scores_of(fcinfo, &argument);
}

/*
 * grade_until(record, timestamptz): when the grade that the row has at a time
 * changes if nothing happens; NULL: never.
 */
Datum
grade_until(PG_FUNCTION_ARGS)
{
	Argument	argument;
	TimestampTz until;

	begin(fcinfo, &argument);
	set_time(&argument, PG_GETARG_TIMESTAMPTZ(1));
	take_state(&argument);
	score_evaluate(argument.ws, argument.model);
	until = score_grade_until(argument.ws, argument.model, argument.totals,
							  argument.adjustment, argument.at);
	if (until == DT_NOEND)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(until);
}

typedef struct Reason
{
	const char *rule;
	Points		points;
} Reason;

static int
compare_reasons(const void *a, const void *b)
{
	const Reason *x = a;
	const Reason *y = b;

	if (x->points != y->points)
		return x->points < y->points ? 1 : -1;
	return strcmp(x->rule, y->rule);
}

#define REASONS 3

/* score_reasons(record, timestamptz): the rules that give most points. */
Datum
score_reasons(PG_FUNCTION_ARGS)
{
	Argument	argument;
	ScoreModel *model;
	Reason	   *reasons;
	Datum		names[REASONS];
	int			n = 0;

	begin(fcinfo, &argument);
	set_time(&argument, PG_GETARG_TIMESTAMPTZ(1));
	take_state(&argument);
	model = argument.model;
	score_evaluate(argument.ws, model);
	reasons = palloc((model->lead.n + model->engagement.n + 2) * sizeof(Reason));
	if (argument.adjustment > 0)
	{
		reasons[n].rule = "adjustment";
		reasons[n++].points = argument.adjustment;
	}
	for (int i = 0; i < model->lead.n; i++)
		if (model->lead.holds[i] && model->lead.rules[i].points > 0)
		{
			reasons[n].rule = model->lead.rules[i].rule.name;
			reasons[n++].points = score_lead_rule_points(&model->lead.rules[i]);
		}
	for (int i = 0; i < model->engagement.n; i++)
	{
		reasons[n].rule = model->engagement.rules[i].rule.name;
		reasons[n].points = score_rule_points(&model->engagement.rules[i], &argument.totals[i],
											  argument.at);
		if (reasons[n].points > 0)
			n++;
	}
	qsort(reasons, n, sizeof(Reason), compare_reasons);
	n = Min(n, REASONS);
	for (int i = 0; i < n; i++)
		names[i] = CStringGetTextDatum(reasons[i].rule);
	PG_RETURN_DATUM(spi_array(names, NULL, n, TEXTOID));
}
