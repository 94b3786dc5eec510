/*-------------------------------------------------------------------------
 *
 * score.c
 *	  What the rules of a model say about a lead.
 *
 * score = clamp(adjustment + sum over dimensions of clamp(sum of points,
 * lowest, highest), 0, 100), rounded half up once, at the end.
 *
 * A rule with a half-life h gives points * 2^(-age / h) for each engagement.
 * All its engagements decay at the same rate, so their sum at one time tells
 * their sum at any other ("forward decay": Cormode, Shkapenyuk, Srivastava and
 * Xu, ICDE 2009).  It is kept as of the newest engagement: then no factor
 * exceeds 1, so nothing overflows however long the history is.
 *
 *-------------------------------------------------------------------------
 */
#include "score.h"

#include <math.h>

#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "rule_failure.h"
#include "score_memo.h"

#define HIGHEST_SCORE (100 * POINT_SCALE)

Datum
points_to_numeric(Points points)
{
	int			decimals = POINT_DECIMALS;
	Points		digits = points;
	Datum		whole;
	Datum		rest;

	if (points == 0)
		decimals = 0;
	while (decimals > 0 && digits % 10 == 0)
	{
		digits /= 10;
		decimals--;
	}
	if (digits <= PG_INT64_MAX && digits >= PG_INT64_MIN)
		return NumericGetDatum(int64_div_fast_to_numeric((int64) digits, decimals));

	points = points_clamp(points, -(Points) PG_INT64_MAX * POINT_SCALE,
						  (Points) PG_INT64_MAX * POINT_SCALE);
	whole = NumericGetDatum(int64_to_numeric((int64) (points / POINT_SCALE)));
	rest = NumericGetDatum(int64_div_fast_to_numeric((int64) (points % POINT_SCALE), POINT_DECIMALS));
	return DirectFunctionCall2(numeric_add, whole, rest);
}

/* More decimals are rounded. */
Points
points_from_numeric(Datum value)
{
	Datum		whole = DirectFunctionCall2(numeric_trunc, value, Int32GetDatum(0));
	Datum		rest = DirectFunctionCall2(numeric_sub, value, whole);
	Datum		scale = NumericGetDatum(int64_to_numeric((int64) POINT_SCALE));

	return (Points) DatumGetInt64(DirectFunctionCall1(numeric_int8, whole)) * POINT_SCALE +
		DatumGetInt64(DirectFunctionCall1(numeric_int8,
										  DirectFunctionCall2(numeric_mul, rest, scale)));
}

#define DOUBLE_SCALE 1e12

Points
points_from_double(double value)
{
	double		scaled = rint(value * DOUBLE_SCALE);

	return (Points) points_clamp(scaled, -1e31, 1e31) * (POINT_SCALE / (Points) DOUBLE_SCALE);
}

static double
decay(const ScoreRule *rule, TimestampTz from, TimestampTz to)
{
	return to <= from ? 1 : exp2(-((double) to - (double) from) / rule->half_life);
}

void
score_total_add(const ScoreRule *rule, RuleTotal *total, TimestampTz at)
{
	RuleTotal	one = {1, 1, at, at};

	score_total_merge(rule, total, &one);
}

void
score_total_merge(const ScoreRule *rule, RuleTotal *total, const RuleTotal *more)
{
	if (more->times == 0)
		return;
	if (total->times == 0)
	{
		*total = *more;
		return;
	}
	total->times += more->times;
	if (rule->half_life == 0)
		total->level += more->level;
	else if (more->last_at >= total->last_at)
		total->level = total->level * decay(rule, total->last_at, more->last_at) + more->level;
	else
		total->level += more->level * decay(rule, more->last_at, total->last_at);
	total->first_at = Min(total->first_at, more->first_at);
	total->last_at = Max(total->last_at, more->last_at);
}

Points
score_lead_rule_points(const ScoreRule *rule)
{
	return points_clamp(rule->points, -rule->most, rule->most);
}

Points
score_rule_points(const ScoreRule *rule, const RuleTotal *total, TimestampTz at)
{
	Points		points;

	if (total->times == 0)
		return 0;
	if (rule->half_life == 0)
		points = rule->points * total->times;
	else
		points = points_from_double((double) rule->points / (double) POINT_SCALE *
									total->level * decay(rule, total->last_at, at));
	return points_clamp(points, -rule->most, rule->most);
}

bool
score_decays(const ScoreModel *model, const RuleTotal *totals)
{
	for (int i = 0; totals != NULL && i < model->engagement.n; i++)
		if (totals[i].times > 0 && model->engagement.rules[i].half_life > 0)
			return true;
	return false;
}

/* The highest grade whose lowest score is reached. */
static const char *
grade_of(Workspace *ws, int score)
{
	const char *grade = NULL;

	for (int i = 0; i < ws->ngrades && ws->grades[i].lowest <= score; i++)
		grade = ws->grades[i].name;
	return grade;
}

/* Half up, within 0..100 */
static int
round_half_up(Points total)
{
	total = points_clamp(total, 0, HIGHEST_SCORE);
	return (int) ((total + POINT_SCALE / 2) / POINT_SCALE);
}

static void
report_failures(Workspace *ws, ScoreRules *rules)
{
	for (int i = 0; i < rules->n; i++)
		if (rules->failures[i] != NULL)
			rule_failure_report(ws, &rules->rules[i].rule, rules->failures[i], false);
}

/* Returns whether any failed; they are left in rules->failures. */
static bool
evaluate_rules(Workspace *ws, ScoreRules *rules, const bool *known, ExprContext *econtext)
{
	/* a row before this one may have been cancelled half way */
	memset(rules->failures, 0, rules->n * sizeof(ErrorData *));
	return conditions_hold(rules->conditions, rules->n, known, econtext,
						   &ws->settings, rules->holds, rules->failures);
}

void
score_evaluate(Workspace *ws, ScoreModel *model)
{
	MemoryContext old = MemoryContextSwitchTo(ws->econtext->ecxt_per_tuple_memory);
	bool		failed;

	score_memo_recall(ws, model);
	failed = evaluate_rules(ws, &model->lead, model->known, ws->econtext);
	score_memo_learn(model);
	if (failed)
		report_failures(ws, &model->lead);
	MemoryContextSwitchTo(old);
}

bool
score_evaluate_engagement(Workspace *ws, ScoreModel *model)
{
	ScoreRules *rules = &model->engagement;
	MemoryContext old = MemoryContextSwitchTo(ws->engagement_econtext->ecxt_per_tuple_memory);
	bool		any = false;

	if (evaluate_rules(ws, rules, NULL, ws->engagement_econtext))
		report_failures(ws, rules);
	MemoryContextSwitchTo(old);

	for (int i = 0; i < rules->n; i++)
		any = any || rules->holds[i];
	return any;
}

static void
sum_lead_points(ScoreModel *model, Points *sums)
{
	for (int i = 0; i < model->lead.n; i++)
	{
		const ScoreRule *rule = &model->lead.rules[i];

		if (model->lead.holds[i])
			sums[rule->dimension] += score_lead_rule_points(rule);
	}
}

/* The points of all rules by dimension */
static void
sum_points(ScoreModel *model, const RuleTotal *totals, TimestampTz at, Points *sums)
{
	sum_lead_points(model, sums);
	for (int i = 0; totals != NULL && i < model->engagement.n; i++)
	{
		const ScoreRule *rule = &model->engagement.rules[i];

		sums[rule->dimension] += score_rule_points(rule, &totals[i], at);
	}
}

static Points
total_within_limits(ScoreModel *model, const Points *sums, Points adjustment, Points *limited)
{
	Points		total = adjustment;

	for (int d = 0; d < model->ndimensions; d++)
	{
		Points		value = points_clamp(sums[d], model->dimensions[d].lowest,
										 model->dimensions[d].highest);

		if (limited != NULL)
			limited[d] = value;
		total += value;
	}
	return total;
}

Score
score_compute(Workspace *ws, ScoreModel *model, const RuleTotal *totals,
			  Points adjustment, TimestampTz at)
{
	MemoryContext old = MemoryContextSwitchTo(ws->econtext->ecxt_per_tuple_memory);
	Score		result;

	result.sums = palloc0((model->ndimensions + 1) * sizeof(Points));
	result.limited = palloc0((model->ndimensions + 1) * sizeof(Points));
	result.adjustment = adjustment;
	sum_points(model, totals, at, result.sums);
	result.total = total_within_limits(model, result.sums, adjustment, result.limited);
	result.score = round_half_up(result.total);
	result.grade = grade_of(ws, result.score);
	MemoryContextSwitchTo(old);
	return result;
}

/* A score that is asked for at many times: what does not decay is summed once. */
typedef struct Curve
{
	Workspace  *ws;
	ScoreModel *model;
	const RuleTotal *totals;
	Points		adjustment;
	bool		bound;			/* of this and all later times */
	Points	   *lasting;		/* by dimension */
	Points	   *sums;			/* working space */
} Curve;

/* In the per-tuple memory of ws->econtext. */
static void
begin_curve(Curve *curve, Workspace *ws, ScoreModel *model, const RuleTotal *totals,
			Points adjustment, bool bound)
{
	MemoryContext old = MemoryContextSwitchTo(ws->econtext->ecxt_per_tuple_memory);

	curve->ws = ws;
	curve->model = model;
	curve->totals = totals;
	curve->adjustment = adjustment;
	curve->bound = bound;
	curve->lasting = palloc0((model->ndimensions + 1) * sizeof(Points));
	curve->sums = palloc((model->ndimensions + 1) * sizeof(Points));
	sum_lead_points(model, curve->lasting);
	for (int i = 0; totals != NULL && i < model->engagement.n; i++)
		if (model->engagement.rules[i].half_life == 0)
			curve->lasting[model->engagement.rules[i].dimension] +=
				score_rule_points(&model->engagement.rules[i], &totals[i], 0);
	MemoryContextSwitchTo(old);
}

static int
score_then(const Curve *curve, TimestampTz at)
{
	ScoreModel *model = curve->model;

	memcpy(curve->sums, curve->lasting, model->ndimensions * sizeof(Points));
	for (int i = 0; curve->totals != NULL && i < model->engagement.n; i++)
	{
		const ScoreRule *rule = &model->engagement.rules[i];

		if (rule->half_life > 0 && !(curve->bound && rule->points < 0))
			curve->sums[rule->dimension] += score_rule_points(rule, &curve->totals[i], at);
	}
	return round_half_up(total_within_limits(model, curve->sums, curve->adjustment, NULL));
}

/* Half-lives after which nothing that matters is left, of a billion points */
#define HALF_LIVES_LEFT 64

/* From when on nothing changes any more */
static TimestampTz
settled_at(ScoreModel *model, const RuleTotal *totals, TimestampTz from)
{
	double		longest = 0;
	double		limit = (double) (END_TIMESTAMP - 1) - (double) from;

	for (int i = 0; i < model->engagement.n; i++)
		if (totals[i].times > 0)
			longest = Max(longest, model->engagement.rules[i].half_life);
	return from + (int64) Min(longest * HALF_LIVES_LEFT, limit);
}

/* An upper bound need not be exact. */
#define BOUND_PRECISION USECS_PER_HOUR

TimestampTz
score_reaches_until(Workspace *ws, ScoreModel *model, const RuleTotal *totals,
					Points adjustment, TimestampTz from, int least)
{
	Curve		curve;
	TimestampTz low = from;
	TimestampTz high;

	begin_curve(&curve, ws, model, totals, adjustment, true);
	if (score_then(&curve, from) < least)
		return DT_NOBEGIN;
	if (!score_decays(model, totals))
		return DT_NOEND;
	high = settled_at(model, totals, from);
	if (score_then(&curve, high) >= least)
		return DT_NOEND;
	while (high - low > BOUND_PRECISION)
	{
		TimestampTz middle = low + (high - low) / 2;

		if (score_then(&curve, middle) >= least)
			low = middle;
		else
			high = middle;
	}
	return high;
}

static bool
same_grade(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static const char *
grade_then(const Curve *curve, TimestampTz at)
{
	return grade_of(curve->ws, score_then(curve, at));
}

/* Do all that decays have one sign?  Then the score moves in one direction. */
static bool
moves_one_way(const ScoreModel *model, const RuleTotal *totals)
{
	bool		gains = false;
	bool		losses = false;

	for (int i = 0; i < model->engagement.n; i++)
	{
		if (totals[i].times == 0 || model->engagement.rules[i].half_life == 0)
			continue;
		gains = gains || model->engagement.rules[i].points > 0;
		losses = losses || model->engagement.rules[i].points < 0;
	}
	return !(gains && losses);
}

/* Steps of a second, each a twentieth longer than the one before. */
#define FIRST_STEP	USECS_PER_SEC
#define STEP_GROWTH	1.05

/*
 * Where points of both signs decay the score may fall and rise, so the first
 * change is looked for step by step, and then within the step.
 */
TimestampTz
score_grade_until(Workspace *ws, ScoreModel *model, const RuleTotal *totals,
				  Points adjustment, TimestampTz from)
{
	Curve		curve;
	const char *grade;
	TimestampTz low = from;
	TimestampTz high = from;
	TimestampTz end;
	double		step = FIRST_STEP;

	if (!score_decays(model, totals))
		return DT_NOEND;
	begin_curve(&curve, ws, model, totals, adjustment, false);
	grade = grade_then(&curve, from);
	end = settled_at(model, totals, from);
	if (moves_one_way(model, totals))
		step = (double) (end - from);
	while (same_grade(grade_then(&curve, high), grade))
	{
		if (high >= end)
			return DT_NOEND;
		low = high;
		high = (double) high + step < (double) end ? high + (int64) step : end;
		step *= STEP_GROWTH;
	}
	while (high - low > 1)
	{
		TimestampTz middle = low + (high - low) / 2;

		if (same_grade(grade_then(&curve, middle), grade))
			low = middle;
		else
			high = middle;
	}
	return high;
}
