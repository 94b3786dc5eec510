/*-------------------------------------------------------------------------
 *
 * score.c
 *	  What the rules of the active model say about a row.
 *
 * score = clamp(adjustment + sum over dimensions of clamp(sum of points,
 * lowest, highest), 0, 100), rounded half up once, at the end.  Points are
 * kept in millionths in 64 bits: the tables allow no finer and no larger
 * ones, so that all sums are exact.
 *
 *-------------------------------------------------------------------------
 */
#include "score.h"

#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "rule_failure.h"
#include "score_memo.h"

#define HIGHEST_SCORE (100 * POINT_SCALE)

Datum
points_to_numeric(int64 points)
{
	int			decimals = POINT_DECIMALS;

	if (points == 0)
		decimals = 0;
	while (decimals > 0 && points % 10 == 0)
	{
		points /= 10;
		decimals--;
	}
	return NumericGetDatum(int64_div_fast_to_numeric(points, decimals));
}

int64
points_from_numeric(Datum value)
{
	Datum		scaled = DirectFunctionCall2(numeric_mul, value,
											 NumericGetDatum(int64_to_numeric(POINT_SCALE)));

	return DatumGetInt64(DirectFunctionCall1(numeric_int8, scaled));
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

static void
report_failures(Workspace *ws)
{
	for (int i = 0; i < ws->nscore_rules; i++)
		if (ws->score_failures[i] != NULL)
		{
			rule_failure_report(ws, &ws->score_rules[i].rule,
								ws->score_failures[i], false);
			ws->score_failures[i] = NULL;
		}
}

static int
round_half_up(int64 total)
{
	int64		within = Max(0, Min(total, HIGHEST_SCORE));

	return (int) ((within + POINT_SCALE / 2) / POINT_SCALE);
}

Score
score_row(Workspace *ws, int64 adjustment)
{
	Score		result;
	bool		failed;
	MemoryContext old = MemoryContextSwitchTo(ws->econtext->ecxt_per_tuple_memory);

	result.sums = palloc0((ws->ndimensions + 1) * sizeof(int64));
	result.limited = palloc((ws->ndimensions + 1) * sizeof(int64));

	/* a row before this one may have been cancelled half way */
	memset(ws->score_failures, 0, ws->nscore_rules * sizeof(ErrorData *));
	score_memo_recall(ws);
	failed = conditions_hold(ws->score_conditions, ws->nscore_rules, ws->score_known,
							 ws->econtext, &ws->settings, ws->score_holds,
							 ws->score_failures);
	score_memo_learn(ws);
	if (failed)
		report_failures(ws);

	for (int i = 0; i < ws->nscore_rules; i++)
		if (ws->score_holds[i])
			result.sums[ws->score_rules[i].dimension] += ws->score_rules[i].points;

	result.adjustment = adjustment;
	result.total = adjustment;
	for (int d = 0; d < ws->ndimensions; d++)
	{
		result.limited[d] = Max(ws->dimensions[d].lowest,
								Min(result.sums[d], ws->dimensions[d].highest));
		result.total += result.limited[d];
	}
	result.score = round_half_up(result.total);
	result.grade = grade_of(ws, result.score);
	MemoryContextSwitchTo(old);
	return result;
}
