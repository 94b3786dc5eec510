/*-------------------------------------------------------------------------
 *
 * score_memo.c
 *	  Answers of expensive rules about values that come again and again.
 *
 * Half of the time of scoring goes into regular expressions over columns such
 * as job_title, of which a company knows a few dozen values.  The condition
 * of a score rule is a function of the columns it reads and nothing else, so
 * where it reads one column its answer can be looked up by the bytes of the
 * value, or by there being none.  One look-up a column gives the answers of
 * all its rules, as bits.  Cheap conditions (leakproof ones: comparisons) are
 * not worth it, and neither is a column whose values hardly ever come again: it
 * is given up after a while, but for NULL.
 *
 *-------------------------------------------------------------------------
 */
#include "score_memo.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/memutils.h"

#define MEMO_ENTRIES 256		/* a power of two */
#define MEMO_VALUE 52			/* longer values are not kept */
#define MEMO_RULES 64
#define MEMO_TRIAL 2000			/* look-ups after which it must have paid */

typedef struct MemoEntry
{
	uint32		hash;
	int16		length;			/* -1: empty */
	char		value[MEMO_VALUE];
	uint64		answers;
} MemoEntry;

struct ScoreMemo
{
	int			column;			/* index into the row */
	int			nrules;
	int			rules[MEMO_RULES];
	bool		given_up;
	int			lookups;
	int			hits;
	int16		typlen;
	bool		typbyval;
	MemoEntry  *missed;			/* where the row's answers are to go */
	int16		missed_length;	/* of its value */
	MemoEntry	null;			/* length 0 once they are known */
	MemoEntry	entries[MEMO_ENTRIES];
};

/* The one column that a condition reads; 0 if it is not so. */
static AttrNumber
only_column(Condition *condition)
{
	if (!condition->can_fail || bms_membership(condition->columns) != BMS_SINGLETON)
		return 0;
	return bms_singleton_member(condition->columns);
}

static ScoreMemo *
memo_of_column(Workspace *ws, ScoreModel *model, AttrNumber attno)
{
	ScoreMemo  *memo;

	for (int i = 0; i < model->nmemos; i++)
		if (model->memos[i]->column == attno - 1)
			return model->memos[i];

	memo = palloc0(sizeof(ScoreMemo));
	memo->column = attno - 1;
	memo->typlen = TupleDescAttr(ws->tupdesc, attno - 1)->attlen;
	memo->typbyval = TupleDescAttr(ws->tupdesc, attno - 1)->attbyval;
	memo->null.length = -1;
	for (int i = 0; i < MEMO_ENTRIES; i++)
		memo->entries[i].length = -1;
	model->memos[model->nmemos++] = memo;
	return memo;
}

void
score_memo_prepare(Workspace *ws, ScoreModel *model)
{
	MemoryContext old = MemoryContextSwitchTo(ws->context);

	model->memos = palloc((model->lead.n + 1) * sizeof(ScoreMemo *));
	model->known = palloc0((model->lead.n + 1) * sizeof(bool));
	for (int i = 0; i < model->lead.n; i++)
	{
		AttrNumber	attno = only_column(model->lead.conditions[i]);
		ScoreMemo  *memo = attno == 0 ? NULL : memo_of_column(ws, model, attno);

		if (memo != NULL && memo->nrules < MEMO_RULES)
			memo->rules[memo->nrules++] = i;
	}
	MemoryContextSwitchTo(old);
}

/* A column whose values do not come again costs more than it saves. */
static bool
has_paid(ScoreMemo *memo)
{
	if (memo->lookups < MEMO_TRIAL)
		return true;
	memo->given_up = memo->hits < memo->lookups / 2;
	memo->lookups = memo->hits = 0;
	return !memo->given_up;
}

/* The bytes of a value; false if it is one that is not kept. */
static bool
value_bytes(ScoreMemo *memo, Datum *value, const char **bytes, int *length)
{
	struct varlena *varlena;

	if (memo->typbyval)
	{
		*bytes = (const char *) value;
		*length = sizeof(Datum);
		return true;
	}
	*bytes = DatumGetPointer(*value);
	*length = memo->typlen;
	if (memo->typlen != -1)
		return memo->typlen > 0 && memo->typlen <= MEMO_VALUE;
	varlena = (struct varlena *) DatumGetPointer(*value);
	if (VARATT_IS_EXTERNAL(varlena) || VARATT_IS_COMPRESSED(varlena))
		return false;
	*bytes = VARDATA_ANY(varlena);
	*length = VARSIZE_ANY_EXHDR(varlena);
	return *length <= MEMO_VALUE;
}

static void
answer(ScoreModel *model, ScoreMemo *memo, const MemoEntry *entry)
{
	for (int i = 0; i < memo->nrules; i++)
	{
		model->known[memo->rules[i]] = true;
		model->lead.holds[memo->rules[i]] = (entry->answers >> i) & 1;
	}
}

static void
recall_column(Workspace *ws, ScoreModel *model, ScoreMemo *memo)
{
	const char *bytes;
	uint32		hash;
	int			length;
	MemoEntry  *entry;

	memo->missed = NULL;
	if (ws->slot->tts_isnull[memo->column])
	{
		if (memo->null.length == 0)
			answer(model, memo, &memo->null);
		else
			memo->missed = &memo->null;
		return;
	}
	if (memo->given_up || !has_paid(memo) ||
		!value_bytes(memo, &ws->slot->tts_values[memo->column], &bytes, &length))
		return;

	hash = hash_bytes((const unsigned char *) bytes, length);
	entry = &memo->entries[hash % MEMO_ENTRIES];
	memo->lookups++;
	if (entry->hash == hash && entry->length == length &&
		memcmp(entry->value, bytes, length) == 0)
	{
		memo->hits++;
		answer(model, memo, entry);
		return;
	}
	entry->hash = hash;
	entry->length = -1;			/* until its answers are known */
	memcpy(entry->value, bytes, length);
	memo->missed_length = length;
	memo->missed = entry;
}

void
score_memo_recall(Workspace *ws, ScoreModel *model)
{
	memset(model->known, 0, model->lead.n * sizeof(bool));
	for (int m = 0; m < model->nmemos; m++)
		recall_column(ws, model, model->memos[m]);
}

/* A rule that failed has no answer, so neither has its column's value. */
static bool
any_failed(ScoreModel *model, ScoreMemo *memo)
{
	for (int i = 0; i < memo->nrules; i++)
		if (model->lead.failures[memo->rules[i]] != NULL)
			return true;
	return false;
}

void
score_memo_learn(ScoreModel *model)
{
	for (int m = 0; m < model->nmemos; m++)
	{
		ScoreMemo  *memo = model->memos[m];

		if (memo->missed == NULL || any_failed(model, memo))
			continue;
		memo->missed->answers = 0;
		for (int i = 0; i < memo->nrules; i++)
			if (model->lead.holds[memo->rules[i]])
				memo->missed->answers |= UINT64CONST(1) << i;
		memo->missed->length = memo->missed == &memo->null ? 0 : memo->missed_length;
	}
}
