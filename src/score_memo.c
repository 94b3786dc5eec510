/*-------------------------------------------------------------------------
 *
 * score_memo.c
 *	  Answers of expensive rules about values that come again and again.
 *
 * Half of the time of scoring goes into regular expressions over columns such
 * as job_title, of which a company knows a few dozen values.  The condition
 * of a score rule is a function of the columns it reads and nothing else, so
 * where it reads one text column its answer can be looked up.  One look-up a
 * column gives the answers of all its rules, as bits.  Cheap conditions
 * (leakproof ones: comparisons) are not worth it, and neither is a column
 * whose values hardly ever come again: it is given up after a while.
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
	MemoEntry  *missed;			/* where the row's answers are to go */
	MemoEntry	entries[MEMO_ENTRIES];
};

/* The one text column that a condition reads; 0 if it is not so. */
static AttrNumber
only_text_column(Workspace *ws, Condition *condition)
{
	int			attno;
	Oid			type;

	if (!condition->can_fail || bms_membership(condition->columns) != BMS_SINGLETON)
		return 0;
	attno = bms_singleton_member(condition->columns);
	type = TupleDescAttr(ws->tupdesc, attno - 1)->atttypid;
	return type == TEXTOID || type == VARCHAROID ? attno : 0;
}

static ScoreMemo *
memo_of_column(ScoreModel *model, AttrNumber attno)
{
	ScoreMemo  *memo;

	for (int i = 0; i < model->nmemos; i++)
		if (model->memos[i]->column == attno - 1)
			return model->memos[i];

	memo = palloc0(sizeof(ScoreMemo));
	memo->column = attno - 1;
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
		AttrNumber	attno = only_text_column(ws, model->lead.conditions[i]);
		ScoreMemo  *memo = attno == 0 ? NULL : memo_of_column(model, attno);

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

static void
recall_column(Workspace *ws, ScoreModel *model, ScoreMemo *memo)
{
	struct varlena *value;
	uint32		hash;
	int			length;
	MemoEntry  *entry;

	memo->missed = NULL;
	if (memo->given_up || ws->slot->tts_isnull[memo->column] || !has_paid(memo))
		return;
	value = (struct varlena *) DatumGetPointer(ws->slot->tts_values[memo->column]);
	if (VARATT_IS_EXTERNAL(value) || VARATT_IS_COMPRESSED(value))
		return;
	length = VARSIZE_ANY_EXHDR(value);
	if (length > MEMO_VALUE)
		return;

	hash = hash_bytes((const unsigned char *) VARDATA_ANY(value), length);
	entry = &memo->entries[hash % MEMO_ENTRIES];
	memo->lookups++;
	if (entry->hash != hash || entry->length != length ||
		memcmp(entry->value, VARDATA_ANY(value), length) != 0)
	{
		entry->hash = hash;
		entry->length = -1;		/* until its answers are known */
		memcpy(entry->value, VARDATA_ANY(value), length);
		memo->missed = entry;
		return;
	}
	memo->hits++;
	for (int i = 0; i < memo->nrules; i++)
	{
		model->known[memo->rules[i]] = true;
		model->lead.holds[memo->rules[i]] = (entry->answers >> i) & 1;
	}
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
score_memo_learn(Workspace *ws, ScoreModel *model)
{
	for (int m = 0; m < model->nmemos; m++)
	{
		ScoreMemo  *memo = model->memos[m];
		struct varlena *value;

		if (memo->missed == NULL || any_failed(model, memo))
			continue;
		value = (struct varlena *) DatumGetPointer(ws->slot->tts_values[memo->column]);
		memo->missed->answers = 0;
		for (int i = 0; i < memo->nrules; i++)
			if (model->lead.holds[memo->rules[i]])
				memo->missed->answers |= UINT64CONST(1) << i;
		memo->missed->length = (int16) VARSIZE_ANY_EXHDR(value);
	}
}
