/*-------------------------------------------------------------------------
 *
 * fuzzy.c
 *	  Leads that are similar.
 *
 * Whoever is similar has something in common: a word of the name and a part
 * of the address, say.  Such things are hashed into a few blocks a lead, which
 * are kept in lead_block.  A lead that is written is compared with those that
 * have a block in common with it; it and they are found as in duplicate.c,
 * blocks first, then a look, with what other transactions have not committed
 * yet in view: of two that are written at once, whoever looks last sees the
 * other, and nobody waits.  Blocks are read from the index alone: what is
 * out of date there costs a look at a lead, and changes no answer.
 *
 * What a lead costs has a limit.  Of a block so many entries are visited, the
 * lowest and the highest ids of it; of a block that has more (all who are
 * called Smith) only those count that have another block in common too; and of
 * all these, those that have most blocks in common are compared.
 *
 * A lead is linked to all that are similar, if they are few.  If they are
 * many, they are linked with one another already, and it is linked to the
 * earliest, and to those which that one does not stand for.
 *
 * A link says by lead.person_key what the two were like, and is shown while
 * they still are.  So nobody has to take another's link away, which might mean
 * to wait.
 *
 *-------------------------------------------------------------------------
 */
#include "fuzzy.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/relscan.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "duplicate.h"
#include "lead_person.h"

/*
 * Index entries that are visited for one lead: the first of each block, then,
 * of blocks that have more, so many that it makes this number in all.
 */
#define FIRST_VISITS 12
#define MAX_VISITS 80

/* And those of the same statement that are passed over, since they come later */
#define MAX_SKIPS 8

/* Leads that one is compared with */
#define MAX_CANDIDATES 16

/* So many similar leads are all linked with one another */
#define FULL_GROUP 10

/* Memory for people whom a batch reads */
#define MAX_BATCH_CACHE ((Size) 8 * 1024 * 1024)

/* Neighbors of a lead that changed, which look anew for one another */
#define MAX_NEIGHBORS 1000

/* A lead as it was found */
typedef struct KnownRow
{
	int64		lead_id;		/* hash key of PersonCache */
	int64		stamp;
	uint64		keys[MATCH_KEYS];
	Person	   *person;
	int64		merged_into;	/* 0: nothing */
	bool		own;			/* this transaction wrote it */
	CommandId	command;		/* by this command */
	bool		in_progress;	/* another transaction is at it */
	bool		by_key;			/* linked by an exact rule */
	double		similarity;
	char		status;			/* simplehash's */
} KnownRow;

DEFINE_ROWS(KnownRow);

/* An entry of a block */
typedef struct EntryRow
{
	int64		lead_id;
	bool		common;			/* the block has more than are visited */
} EntryRow;

DEFINE_ROWS(EntryRow);

/* A lead with blocks in common, and how many */
typedef struct CandidateRow
{
	int64		lead_id;
	int			blocks;
	bool		rare;			/* one of them is small */
} CandidateRow;

DEFINE_ROWS(CandidateRow);

struct FuzzyProbe
{
	Workspace  *ws;
	Relation	lead;
	Relation	lead_index;
	IndexScanDesc lead_scan;
	TupleTableSlot *slot;
	Relation	block;
	Relation	block_index;
	IndexScanDesc block_scans[MAX_PERSON_BLOCKS];	/* NULL: not begun yet */
	SnapshotData dirty;
	bool		lower;			/* only leads of lower ids are compared */
	int			skipped;		/* entries, for this row */
	int			nbatch;			/* leads of the same batch, ascending */
	int64	   *batch;
	PersonCache *cache;
	MemoryContext context;		/* of one row */
	MemoryContext scan_context; /* what scans allocate as they go */
	Datum		rule;
	Datum		key;
};

/* ---- People who were read lately ---------------------------------------------- */

#define SH_PREFIX known
#define SH_ELEMENT_TYPE KnownRow
#define SH_KEY_TYPE int64
#define SH_KEY lead_id
#define SH_HASH_KEY(tb, key) murmurhash32((uint32) (key) ^ (uint32) ((uint64) (key) >> 32))
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* Two halves: when the younger one is full, the elder is forgotten. */
struct PersonCache
{
	MemoryContext parent;
	Size		limit;			/* of a half */
	Size		used;			/* of the younger */
	MemoryContext contexts[2];
	known_hash *halves[2];		/* younger, elder; NULL: none */
};

PersonCache *
person_cache_create(MemoryContext parent, Size limit)
{
	PersonCache *cache = MemoryContextAllocZero(parent, sizeof(PersonCache));

	cache->parent = parent;
	cache->limit = limit / 2;
	return cache;
}

static void
cache_grow_old(PersonCache *cache)
{
	if (cache->contexts[1] != NULL)
		MemoryContextDelete(cache->contexts[1]);
	cache->contexts[1] = cache->contexts[0];
	cache->halves[1] = cache->halves[0];
	cache->contexts[0] = AllocSetContextCreate(cache->parent, "lead_mgmt people", ALLOCSET_DEFAULT_SIZES);
	cache->halves[0] = known_create(cache->contexts[0], 1024, NULL);
	cache->used = 0;
}

static void
cache_put(PersonCache *cache, const KnownRow *known)
{
	Size		size = person_size(known->person);
	KnownRow	   *entry;
	bool		found;

	if (cache->halves[0] == NULL || cache->used >= cache->limit)
		cache_grow_old(cache);
	entry = known_insert(cache->halves[0], known->lead_id, &found);
	if (!found)
	{
		char		status = entry->status;

		*entry = *known;
		entry->status = status;
		entry->person = MemoryContextAlloc(cache->contexts[0], size);
		memcpy(entry->person, known->person, size);
		/* with the overhead of an allocation, and of a table that is half full */
		cache->used += size + 16 + 2 * sizeof(KnownRow);
	}
}

/* A copy in CurrentMemoryContext: the cache may forget it at any time. */
static bool
cache_get(PersonCache *cache, int64 lead_id, KnownRow *known)
{
	KnownRow   *entry = NULL;
	bool		elder;

	if (cache == NULL || cache->halves[0] == NULL)
		return false;
	entry = known_lookup(cache->halves[0], lead_id);
	elder = entry == NULL && cache->halves[1] != NULL;
	if (elder)
		entry = known_lookup(cache->halves[1], lead_id);
	if (entry == NULL)
		return false;
	*known = *entry;
	known->person = palloc(person_size(entry->person));
	memcpy(known->person, entry->person, person_size(entry->person));
	if (elder)
		cache_put(cache, known);
	return true;
}

/* ---- A probe ------------------------------------------------------------------- */

static void
check_primary_key(FuzzyProbe *probe)
{
	Form_pg_index form = probe->lead_index->rd_index;

	if (form->indnkeyatts != 1 || form->indkey.values[0] != probe->ws->column[LEAD_ID])
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("primary key of table \"%s\" is not on column \"%s\" alone",
						RelationGetRelationName(probe->lead), lead_column_name(LEAD_ID)),
				 errhint("Bring the primary key back.")));
}

static Relation
open_primary_key(Relation lead)
{
	Oid			oid = lead_primary_key(lead);

	if (!OidIsValid(oid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table \"%s\" has no primary key", RelationGetRelationName(lead)),
				 errhint("Bring the primary key back.")));
	return index_open(oid, AccessShareLock);
}

FuzzyProbe *
fuzzy_open(Workspace *ws, Relation lead, PersonCache *cache)
{
	FuzzyProbe *probe = palloc0(sizeof(FuzzyProbe));

	probe->ws = ws;
	probe->lead = lead;
	probe->cache = cache;
	probe->lower = true;
	probe->lead_index = open_primary_key(lead);
	check_primary_key(probe);
	probe->block = table_open(ws->fuzzy.block_relid, RowExclusiveLock);
	probe->block_index = index_open(ws->fuzzy.block_index, AccessShareLock);
	probe->slot = table_slot_create(lead, NULL);
	InitDirtySnapshot(probe->dirty);
	probe->lead_scan = lead_index_beginscan(lead, probe->lead_index, &probe->dirty, 1);
	probe->scan_context = CurrentMemoryContext;
	probe->context = AllocSetContextCreate(CurrentMemoryContext, "lead_mgmt fuzzy", ALLOCSET_DEFAULT_SIZES);
	probe->rule = CStringGetTextDatum(ws->fuzzy.name);
	probe->key = CStringGetTextDatum("fuzzy");
	return probe;
}

void
fuzzy_close(FuzzyProbe *probe)
{
	for (int i = 0; i < MAX_PERSON_BLOCKS; i++)
		if (probe->block_scans[i] != NULL)
			index_endscan(probe->block_scans[i]);
	index_endscan(probe->lead_scan);
	ExecDropSingleTupleTableSlot(probe->slot);
	index_close(probe->block_index, NoLock);
	index_close(probe->lead_index, NoLock);
	table_close(probe->block, NoLock);
	MemoryContextDelete(probe->context);
	pfree(probe);
}

/* ---- Candidates ---------------------------------------------------------------- */

/* A block that is being visited */
typedef struct Visit
{
	uint64		block;
	IndexScanDesc scan;
	int64		behind;			/* entries up to this one have been visited */
	int			first;			/* where its entries begin, and their number */
	int			n;
	bool		more;			/* there may be more of them */
} Visit;

/* Each block has a scan of its own, which goes on where it stopped. */
static IndexScanDesc
block_scan(FuzzyProbe *probe, int i)
{
	if (probe->block_scans[i] == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(probe->scan_context);

		probe->block_scans[i] = lead_index_beginscan(probe->block, probe->block_index, &probe->dirty, 3);
		probe->block_scans[i]->xs_want_itup = true;
		MemoryContextSwitchTo(caller);
	}
	return probe->block_scans[i];
}

/* Entries of a block behind one id and before another */
static void
seek_block(FuzzyProbe *probe, const Visit *visit, int64 behind, int64 before)
{
	MemoryContext caller = MemoryContextSwitchTo(probe->scan_context);
	ScanKeyData keys[3];

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum((int64) visit->block));
	ScanKeyInit(&keys[1], 2, BTGreaterStrategyNumber, F_INT8GT, Int64GetDatum(behind));
	ScanKeyInit(&keys[2], 2, BTLessStrategyNumber, F_INT8LT, Int64GetDatum(before));
	index_rescan(visit->scan, keys, 3, NULL, 0);
	MemoryContextSwitchTo(caller);
}

/* The next entry's lead; only what the index says of it. */
static bool
next_entry(FuzzyProbe *probe, const Visit *visit, ScanDirection direction, int64 *lead_id)
{
	MemoryContext caller = MemoryContextSwitchTo(probe->scan_context);
	bool		found = index_getnext_tid(visit->scan, direction) != NULL;
	bool		isnull;

	if (found)
		*lead_id = DatumGetInt64(index_getattr(visit->scan->xs_itup, 2,
											   RelationGetDescr(probe->block_index), &isnull));
	MemoryContextSwitchTo(caller);
	return found;
}

/* Written by the same statement, and later: that one looks for this one. */
static bool
comes_later(FuzzyProbe *probe, const FuzzyRow *row, int64 lead_id)
{
	return lead_id > row->lead_id && row->arrives && probe->nbatch > 0 &&
		bsearch(&lead_id, probe->batch, probe->nbatch, sizeof(int64), compare_int64) != NULL;
}

/* Pass over all of the same statement that come later, and what is between. */
static void
leap(FuzzyProbe *probe, const FuzzyRow *row, const Visit *visit, ScanDirection direction, int64 before)
{
	if (ScanDirectionIsForward(direction))
		seek_block(probe, visit, probe->batch[probe->nbatch - 1], before);
	else
		seek_block(probe, visit, visit->behind, Min(before, row->lead_id));
}

/*
 * Visit up to "most" entries before an id, from where the scan stands; false:
 * that was all.
 */
static bool
visit_entries(FuzzyProbe *probe, const FuzzyRow *row, Visit *visit, ScanDirection direction,
			  int64 before, int most, EntryRows *entries)
{
	int64		previous = row->lead_id;
	int64		lead_id;

	for (int n = 0; n < most;)
	{
		EntryRow   *entry;

		if (!next_entry(probe, visit, direction, &lead_id))
			return false;
		if (comes_later(probe, row, lead_id))
		{
			if (++probe->skipped >= MAX_SKIPS)
				leap(probe, row, visit, direction, before);
			continue;
		}
		if (lead_id == row->lead_id || lead_id == previous)
			continue;
		entry = append_row(entries, CurrentMemoryContext);
		entry->lead_id = previous = lead_id;
		entry->common = false;
		if (ScanDirectionIsForward(direction))
			visit->behind = lead_id;
		n++;
	}
	return true;
}

/* The last visits go to those that came last. */
static void
visit_more(FuzzyProbe *probe, const FuzzyRow *row, Visit *visit, int64 before, int most, EntryRows *entries)
{
	int			first = entries->n;
	int			last = most / 4;

	if (!visit_entries(probe, row, visit, ForwardScanDirection, before, most - last, entries))
		return;
	seek_block(probe, visit, visit->behind, before);
	if (!visit_entries(probe, row, visit, BackwardScanDirection, before, last, entries))
		return;
	for (int i = visit->first; i < visit->first + visit->n; i++)
		entries->rows[i].common = true;
	for (int i = first; i < entries->n; i++)
		entries->rows[i].common = true;
}

static void
collect_entries(FuzzyProbe *probe, const FuzzyRow *row, const uint64 *blocks, int nblocks, EntryRows *entries)
{
	Visit		visits[MAX_PERSON_BLOCKS];
	int64		before = probe->lower ? row->lead_id : PG_INT64_MAX;
	int			nmore = 0;
	int			most;

	probe->skipped = 0;
	for (int i = 0; i < nblocks; i++)
	{
		Visit	   *visit = &visits[i];

		visit->block = blocks[i];
		visit->scan = block_scan(probe, i);
		visit->behind = PG_INT64_MIN;
		visit->first = entries->n;
		seek_block(probe, visit, PG_INT64_MIN, before);
		visit->more = visit_entries(probe, row, visit, ForwardScanDirection, before, FIRST_VISITS, entries);
		visit->n = entries->n - visit->first;
		nmore += visit->more;
	}
	if (nmore == 0)
		return;
	most = Max(MAX_VISITS - entries->n, 0) / nmore;
	for (int i = 0; i < nblocks; i++)
		if (visits[i].more)
			visit_more(probe, row, &visits[i], before, most, entries);
}

static int
compare_entries(const void *a, const void *b)
{
	return compare_int64(&((const EntryRow *) a)->lead_id, &((const EntryRow *) b)->lead_id);
}

/* Most blocks in common first, then the earliest. */
static int
compare_candidates(const void *a, const void *b)
{
	const CandidateRow *x = a;
	const CandidateRow *y = b;

	if (x->blocks != y->blocks)
		return y->blocks - x->blocks;
	return compare_int64(&x->lead_id, &y->lead_id);
}

static void
count_entries(EntryRows *entries, CandidateRows *candidates)
{
	CandidateRow  *candidate = NULL;

	qsort(entries->rows, entries->n, sizeof(EntryRow), compare_entries);
	for (int i = 0; i < entries->n; i++)
	{
		EntryRow	   *entry = &entries->rows[i];

		if (candidate == NULL || candidate->lead_id != entry->lead_id)
		{
			candidate = append_row(candidates, CurrentMemoryContext);
			candidate->lead_id = entry->lead_id;
			candidate->blocks = 0;
			candidate->rare = false;
		}
		candidate->blocks++;
		candidate->rare |= !entry->common;
	}
}

/* Leave out those that have one block in common which very many have. */
static void
drop_common(CandidateRows *candidates)
{
	int			kept = 0;

	for (int i = 0; i < candidates->n; i++)
		if (candidates->rows[i].rare || candidates->rows[i].blocks > 1)
			candidates->rows[kept++] = candidates->rows[i];
	if (kept > 0)
		candidates->n = kept;
}

static void
find_candidates(FuzzyProbe *probe, const FuzzyRow *row, const Person *person, CandidateRows *candidates)
{
	uint64		blocks[MAX_PERSON_BLOCKS];
	int			nblocks = person_blocks(person, blocks);
	EntryRows	entries = {0};

	collect_entries(probe, row, blocks, nblocks, &entries);
	if (entries.n == 0)
		return;
	count_entries(&entries, candidates);
	drop_common(candidates);
	qsort(candidates->rows, candidates->n, sizeof(CandidateRow), compare_candidates);
	candidates->n = Min(candidates->n, MAX_CANDIDATES);
}

/* ---- What the candidates are ------------------------------------------------------ */

static void
seek_lead(FuzzyProbe *probe, int64 lead_id)
{
	MemoryContext caller = MemoryContextSwitchTo(probe->scan_context);
	ScanKeyData key;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(lead_id));
	index_rescan(probe->lead_scan, &key, 1, NULL, 0);
	MemoryContextSwitchTo(caller);
}

static bool
next_lead(FuzzyProbe *probe)
{
	MemoryContext caller = MemoryContextSwitchTo(probe->scan_context);
	bool		found = index_getnext_slot(probe->lead_scan, ForwardScanDirection, probe->slot);

	MemoryContextSwitchTo(caller);
	return found;
}

/* A link names the merged lead, and the view what it has become. */
static int64
merged_into(FuzzyProbe *probe)
{
	bool		isnull;
	Datum		value = slot_getattr(probe->slot, probe->ws->column[LEAD_MERGED_INTO], &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

/* Who wrote the version in the slot */
static void
read_writer(FuzzyProbe *probe, KnownRow *known)
{
	bool		isnull;
	Datum		value = slot_getsysattr(probe->slot, MinTransactionIdAttributeNumber, &isnull);

	known->own = TransactionIdIsCurrentTransactionId(DatumGetTransactionId(value));
	if (!known->own)
		return;
	value = slot_getsysattr(probe->slot, MinCommandIdAttributeNumber, &isnull);
	known->command = DatumGetCommandId(value);
}

static void
read_known(FuzzyProbe *probe, int64 lead_id, KnownRow *known)
{
	memset(known, 0, sizeof(KnownRow));
	known->lead_id = lead_id;
	known->stamp = person_stamp(probe->ws, probe->slot);
	known->person = person_of_lead(probe->ws, probe->slot);
	known->merged_into = merged_into(probe);
	known->in_progress = TransactionIdIsValid(probe->dirty.xmin) || TransactionIdIsValid(probe->dirty.xmax);
	read_writer(probe, known);
	lead_key_hashes(probe->ws, probe->slot, known->keys);
}

/*
 * Is it for the row to look at?  Not what is merged into it, nor what the very
 * command that wrote it wrote later: that one looks for the row.
 */
static bool
concerns(const FuzzyRow *row, const KnownRow *known)
{
	if (row == NULL)
		return true;
	if (known->merged_into == row->lead_id)
		return false;
	return !(row->arrives && known->lead_id > row->lead_id && known->own &&
			 known->command == row->command);
}

/*
 * The versions of a lead that are there, or will be if another transaction
 * commits, or if it does not.  The row looks for them; NULL: nobody does.
 */
static void
fetch_known(FuzzyProbe *probe, const FuzzyRow *row, int64 lead_id, KnownRows *found)
{
	KnownRow	known;
	int			versions = 0;

	if (cache_get(probe->cache, lead_id, &known))
	{
		if (concerns(row, &known))
			*append_row(found, CurrentMemoryContext) = known;
		return;
	}
	seek_lead(probe, lead_id);
	while (next_lead(probe))
	{
		read_known(probe, lead_id, &known);
		versions++;
		if (concerns(row, &known))
			*append_row(found, CurrentMemoryContext) = known;
	}
	if (probe->cache != NULL && versions == 1 && !known.in_progress)
		cache_put(probe->cache, &known);
}

static bool
share_key(const uint64 *a, const uint64 *b)
{
	for (int key = 0; key < MATCH_KEYS; key++)
		if (a[key] != 0 && a[key] == b[key])
			return true;
	return false;
}

static bool
is_similar(FuzzyProbe *probe, const Person *a, const Person *b, double *similarity)
{
	*similarity = person_similarity(a, b);
	return *similarity >= probe->ws->fuzzy.min_similarity;
}

static int
compare_known(const void *a, const void *b)
{
	return compare_int64(&((const KnownRow *) a)->lead_id, &((const KnownRow *) b)->lead_id);
}

/* The leads that a person is similar to or has a key in common with, by id. */
static void
find_matches(FuzzyProbe *probe, const FuzzyRow *row, const Person *person, KnownRows *matches)
{
	CandidateRows candidates = {0};
	int			kept = 0;

	find_candidates(probe, row, person, &candidates);
	for (int i = 0; i < candidates.n; i++)
		fetch_known(probe, row, candidates.rows[i].lead_id, matches);
	for (int i = 0; i < matches->n; i++)
	{
		KnownRow	   *known = &matches->rows[i];

		known->by_key = share_key(row->keys, known->keys);
		if (known->by_key || is_similar(probe, person, known->person, &known->similarity))
			matches->rows[kept++] = *known;
	}
	matches->n = kept;
	if (kept > 1)
		qsort(matches->rows, kept, sizeof(KnownRow), compare_known);
}

/* ---- Which of them are linked ------------------------------------------------------ */

static void
link_known(FuzzyProbe *probe, const FuzzyRow *row, const KnownRow *known, LinkRows *links)
{
	LinkRow    *link = add_link(links, row->lead_id, known->lead_id, probe->rule, probe->key);

	link->similarity = known->similarity;
	link->lead_stamp = row->stamp;
	link->other_stamp = known->stamp;
}

/* Is it connected with one that the row is linked to? */
static bool
is_stood_for(FuzzyProbe *probe, const KnownRows *matches, const bool *linked, int i)
{
	const KnownRow *known = &matches->rows[i];
	double		similarity;

	for (int j = 0; j < i; j++)
		if (linked[j] && (share_key(matches->rows[j].keys, known->keys) ||
						  is_similar(probe, matches->rows[j].person, known->person, &similarity)))
			return true;
	return false;
}

static int
count_stable(const KnownRows *matches)
{
	int			n = 0;

	for (int i = 0; i < matches->n; i++)
		n += !matches->rows[i].in_progress;
	return n;
}

/*
 * What another transaction is at may come or go: it is linked, and stands for
 * nobody.
 */
static void
link_matches(FuzzyProbe *probe, const FuzzyRow *row, const KnownRows *matches, LinkRows *links)
{
	bool		few = count_stable(matches) <= FULL_GROUP;
	bool	   *linked = palloc0((matches->n + 1) * sizeof(bool));

	for (int i = 0; i < matches->n; i++)
	{
		KnownRow	   *known = &matches->rows[i];

		if (!few && !known->by_key && !known->in_progress &&
			is_stood_for(probe, matches, linked, i))
			continue;
		linked[i] = !known->in_progress;
		if (!known->by_key)
			link_known(probe, row, known, links);
	}
}

/* Of what a statement wrote, a trigger may have made something else by now. */
static void
note_in_cache(FuzzyProbe *probe, const FuzzyRow *row)
{
	KnownRow		known = {0};

	if (probe->cache == NULL || !probe->lower)
		return;
	known.lead_id = row->lead_id;
	known.stamp = row->stamp;
	known.person = row->person;
	memcpy(known.keys, row->keys, sizeof(known.keys));
	cache_put(probe->cache, &known);
}

void
fuzzy_probe(FuzzyProbe *probe, FuzzyRow *row, LinkRows *links)
{
	MemoryContext caller = MemoryContextSwitchTo(probe->context);
	KnownRows	matches = {0};
	LinkRows	found = {0};

	CHECK_FOR_INTERRUPTS();
	find_matches(probe, row, row->person, &matches);
	link_matches(probe, row, &matches, &found);
	note_in_cache(probe, row);
	MemoryContextSwitchTo(caller);
	for (int i = 0; i < found.n; i++)
		*append_row(links, caller) = found.rows[i];
	MemoryContextReset(probe->context);
}

/* ---- Blocks ----------------------------------------------------------------------- */

typedef struct BlockRow
{
	int64		block;
	int64		lead_id;
} BlockRow;

DEFINE_ROWS(BlockRow);

static bool
has_block(const uint64 *blocks, int n, uint64 block)
{
	for (int i = 0; i < n; i++)
		if (blocks[i] == block)
			return true;
	return false;
}

/* The blocks that a lead has with one person and not with the other. */
static void
add_blocks(BlockRows *rows, int64 lead_id, const Person *person, const Person *other)
{
	uint64		blocks[MAX_PERSON_BLOCKS];
	uint64		others[MAX_PERSON_BLOCKS];
	int			n = person == NULL ? 0 : person_blocks(person, blocks);
	int			nothers = other == NULL ? 0 : person_blocks(other, others);

	for (int i = 0; i < n; i++)
	{
		BlockRow   *row;

		if (has_block(others, nothers, blocks[i]))
			continue;
		row = append_row(rows, CurrentMemoryContext);
		row->block = (int64) blocks[i];
		row->lead_id = lead_id;
	}
}

static int
compare_blocks(const void *a, const void *b)
{
	const BlockRow *x = a;
	const BlockRow *y = b;
	int			result = compare_int64(&x->block, &y->block);

	return result != 0 ? result : compare_int64(&x->lead_id, &y->lead_id);
}

/* In the order of the index, where they lie beside each other. */
static void
run_blocks(Workspace *ws, WorkspacePlan which, BlockRows *rows, int expected)
{
	Datum	   *column = palloc((rows->n + 1) * sizeof(Datum));
	Datum		values[2];

	if (rows->n == 0)
		return;
	qsort(rows->rows, rows->n, sizeof(BlockRow), compare_blocks);
	for (int i = 0; i < rows->n; i++)
		column[i] = Int64GetDatum(rows->rows[i].block);
	values[0] = spi_array(column, NULL, rows->n, INT8OID);
	for (int i = 0; i < rows->n; i++)
		column[i] = Int64GetDatum(rows->rows[i].lead_id);
	values[1] = spi_array(column, NULL, rows->n, INT8OID);
	spi_check(SPI_execute_plan(workspace_plan(ws, which), values, NULL, false, 0),
			  expected, "lead_block");
}

static void
write_blocks(Workspace *ws, FuzzyRows *rows)
{
	BlockRows	added = {0};
	BlockRows	removed = {0};

	for (int i = 0; i < rows->n; i++)
	{
		FuzzyRow   *row = &rows->rows[i];
		Person	   *new = row->arrives ? row->person : NULL;

		add_blocks(&added, row->lead_id, new, row->old_person);
		add_blocks(&removed, row->lead_id, row->old_person, new);
	}
	run_blocks(ws, PLAN_BLOCK_INSERT, &added, SPI_OK_INSERT);
	run_blocks(ws, PLAN_BLOCK_DELETE, &removed, SPI_OK_DELETE);
}

/* Is this very entry there? */
static bool
block_is_there(IndexScanDesc scan, TupleTableSlot *slot, const BlockRow *row)
{
	ScanKeyData keys[2];

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(row->block));
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(row->lead_id));
	index_rescan(scan, keys, 2, NULL, 0);
	return index_getnext_slot(scan, ForwardScanDirection, slot);
}

void
fuzzy_write_lacking_blocks(FuzzyProbe *probe, FuzzyRow *rows, int n)
{
	IndexScanDesc scan = lead_index_beginscan(probe->block, probe->block_index, GetActiveSnapshot(), 2);
	TupleTableSlot *slot = table_slot_create(probe->block, NULL);
	BlockRows	all = {0};
	BlockRows	lacking = {0};

	for (int i = 0; i < n; i++)
		add_blocks(&all, rows[i].lead_id, rows[i].person, NULL);
	if (all.n > 0)
		qsort(all.rows, all.n, sizeof(BlockRow), compare_blocks);
	for (int i = 0; i < all.n; i++)
		if (!block_is_there(scan, slot, &all.rows[i]))
			*append_row(&lacking, CurrentMemoryContext) = all.rows[i];
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	run_blocks(probe->ws, PLAN_BLOCK_INSERT, &lacking, SPI_OK_INSERT);
}

/* ---- What a statement wrote ---------------------------------------------------------- */

void
fuzzy_row_read(Workspace *ws, FuzzyRow *row, TupleTableSlot *slot)
{
	bool		isnull;

	memset(row, 0, sizeof(FuzzyRow));
	row->lead_id = DatumGetInt64(slot_getattr(slot, ws->column[LEAD_ID], &isnull));
	row->stamp = person_stamp(ws, slot);
	row->person = person_of_lead(ws, slot);
	lead_key_hashes(ws, slot, row->keys);
}

void
fuzzy_row_fill(Workspace *ws, FuzzyRow *row, TupleTableSlot *new, TupleTableSlot *old)
{
	bool		isnull;

	fuzzy_row_read(ws, row, new != NULL ? new : old);
	row->arrives = new != NULL;
	row->departs = old != NULL;
	if (new == NULL)
		row->old_person = row->person;
	else if (old != NULL)
		row->old_person = person_of_lead(ws, old);
	if (new != NULL)
		row->command = DatumGetCommandId(slot_getsysattr(new, MinCommandIdAttributeNumber, &isnull));
}

typedef struct Ids
{
	int64	   *rows;
	int			n;
	int			allocated;
} Ids;

static void
add_neighbors(FuzzyProbe *probe, int64 lead_id, Ids *ids)
{
	Datum		values[2] = {Int64GetDatum(lead_id), Int64GetDatum(MAX_NEIGHBORS)};
	int64	   *neighbors;
	int			n;

	spi_check(SPI_execute_plan(workspace_plan(probe->ws, PLAN_NEIGHBORS), values, NULL, false, 0),
			  SPI_OK_SELECT, "duplicate_link");
	neighbors = spi_int64s(&n);
	for (int i = 0; i < n; i++)
		*append_row(ids, CurrentMemoryContext) = neighbors[i];
}

/*
 * A lead is not what it was.  Some of those that were similar to it may be
 * linked to nobody else; how many there were cannot be told when others have
 * gone with the same statement.
 */
static void
add_departure(FuzzyProbe *probe, const FuzzyRow *row, Ids *ids)
{
	FuzzyRow	gone = {.lead_id = row->lead_id};
	KnownRows	matches = {0};

	find_matches(probe, &gone, row->old_person, &matches);
	for (int i = 0; i < matches.n; i++)
		*append_row(ids, CurrentMemoryContext) = matches.rows[i].lead_id;
	add_neighbors(probe, row->lead_id, ids);
}

/* Have a lead look anew, whatever becomes of its versions. */
static void
probe_again(FuzzyProbe *probe, int64 lead_id, LinkRows *links)
{
	KnownRows	versions = {0};

	fetch_known(probe, NULL, lead_id, &versions);
	for (int i = 0; i < versions.n; i++)
	{
		FuzzyRow	row = {.lead_id = lead_id};

		row.stamp = versions.rows[i].stamp;
		row.person = versions.rows[i].person;
		memcpy(row.keys, versions.rows[i].keys, sizeof(row.keys));
		fuzzy_probe(probe, &row, links);
	}
}

static void
probe_departures(FuzzyProbe *probe, FuzzyRows *rows, LinkRows *links)
{
	Ids			ids = {0};

	for (int i = 0; i < rows->n; i++)
		if (rows->rows[i].departs)
			add_departure(probe, &rows->rows[i], &ids);
	if (ids.n == 0)
		return;
	qsort(ids.rows, ids.n, sizeof(int64), compare_int64);
	for (int i = 0; i < ids.n; i++)
		if (i == 0 || ids.rows[i] != ids.rows[i - 1])
			probe_again(probe, ids.rows[i], links);
}

/* Of leads that changed, links that are out of date; nobody else deletes these. */
static void
forget_links(Workspace *ws, FuzzyRows *rows)
{
	Datum	   *ids = palloc((rows->n + 1) * sizeof(Datum));
	Datum	   *stamps = palloc((rows->n + 1) * sizeof(Datum));
	Datum		values[2];
	int			n = 0;

	for (int i = 0; i < rows->n; i++)
		if (rows->rows[i].arrives && rows->rows[i].departs)
		{
			ids[n] = Int64GetDatum(rows->rows[i].lead_id);
			stamps[n++] = Int64GetDatum(rows->rows[i].stamp);
		}
	if (n == 0)
		return;
	values[0] = spi_array(ids, NULL, n, INT8OID);
	values[1] = spi_array(stamps, NULL, n, INT8OID);
	execute_latest(ws, PLAN_FORGET_LINKS, values, SPI_OK_DELETE);
}

static void
collect_batch(FuzzyProbe *probe, FuzzyRows *rows)
{
	probe->batch = palloc((rows->n + 1) * sizeof(int64));
	for (int i = 0; i < rows->n; i++)
		if (rows->rows[i].arrives)
			probe->batch[probe->nbatch++] = rows->rows[i].lead_id;
	qsort(probe->batch, probe->nbatch, sizeof(int64), compare_int64);
}

/*
 * What one row read serves the others too: all of them are written, so whoever
 * changes a lead behind our back finds them.
 */
static PersonCache *
batch_cache(const FuzzyRows *rows)
{
	return rows->n < 2 ? NULL :
		person_cache_create(CurrentMemoryContext, Min((Size) work_mem * 1024, MAX_BATCH_CACHE));
}

void
fuzzy_batch(Workspace *ws, Relation lead, Statement *statement)
{
	FuzzyRows  *rows = &statement->fuzzy;
	FuzzyProbe *probe;
	LinkRows	links = {0};

	if (rows->n == 0 || ws->fuzzy.name == NULL || duplicate_suspended > 0)
		return;
	write_blocks(ws, rows);
	probe = fuzzy_open(ws, lead, batch_cache(rows));
	probe->lower = false;
	collect_batch(probe, rows);
	for (int i = 0; i < rows->n; i++)
		if (rows->rows[i].arrives)
			fuzzy_probe(probe, &rows->rows[i], &links);
	probe_departures(probe, rows, &links);
	fuzzy_close(probe);
	write_missing_links(ws, &links, statement->at);
	forget_links(ws, rows);
}
