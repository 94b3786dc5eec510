/*-------------------------------------------------------------------------
 *
 * cache.c
 *	  The one place where a session keeps what it read, and forgets it.
 *
 * A workspace is read from its tables into memory once per session and used
 * for every row from then on.  Whoever changes a configuration table sends a
 * relcache invalidation of that very table (a statement trigger does it), and
 * so do ALTER TABLE and its kin on their own.  The callbacks below may run at
 * any moment at which locks are taken: they only set flags.  The next use
 * reads everything anew into a context of its own.  The old one is not freed
 * before the transaction ends, since a caller further up may be using it; it
 * is immutable but for working space, so that does no harm.
 *
 * Reading takes locks, so the world may change meanwhile: the generation is
 * read before and compared after.
 *
 *-------------------------------------------------------------------------
 */
#include "cache.h"

#include "access/xact.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

typedef struct CacheEntry
{
	Oid			lead_relid;		/* hash key */
	Workspace  *workspace;		/* NULL: not read yet */
} CacheEntry;

typedef struct Retired
{
	Workspace  *workspace;
	struct Retired *next;
} Retired;

static HTAB *entries = NULL;
static Retired *retired = NULL;
static uint64 generation = 0;

/* One relation changed, or (InvalidOid) perhaps all of them. */
static void
relation_changed(Datum arg pg_attribute_unused(), Oid relid)
{
	HASH_SEQ_STATUS scan;
	CacheEntry *entry;

	generation++;
	if (entries == NULL)
		return;

	hash_seq_init(&scan, entries);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		Workspace  *ws = entry->workspace;

		if (ws == NULL || ws->stale)
			continue;
		if (relid == InvalidOid || relid == ws->lead_relid)
			ws->stale = true;
		for (int i = 0; !ws->stale && i < ws->nrelids; i++)
			ws->stale = (ws->relids[i] == relid);
	}
}

/* A schema was renamed or given away: query texts name it. */
static void
namespace_changed(Datum arg pg_attribute_unused(),
				  lead_syscache_id cacheid pg_attribute_unused(), uint32 hashvalue)
{
	HASH_SEQ_STATUS scan;
	CacheEntry *entry;

	generation++;
	if (entries == NULL)
		return;

	hash_seq_init(&scan, entries);
	while ((entry = hash_seq_search(&scan)) != NULL)
		if (entry->workspace != NULL &&
			(hashvalue == 0 || hashvalue == entry->workspace->namespace_hash))
			entry->workspace->stale = true;
}

static void
workspace_free(Workspace *ws)
{
	for (int i = 0; i < WORKSPACE_PLANS; i++)
		if (ws->plans[i] != NULL)
			SPI_freeplan(ws->plans[i]);
	MemoryContextDelete(ws->context);
}

/*
 * What was read in a transaction that aborts may show what it had written,
 * even where no invalidation had been queued yet.
 */
static void
forget_read_since(SubTransactionId subid, bool committed)
{
	HASH_SEQ_STATUS scan;
	CacheEntry *entry;

	if (entries == NULL)
		return;
	hash_seq_init(&scan, entries);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		Workspace  *ws = entry->workspace;

		if (ws == NULL || ws->read_in == InvalidSubTransactionId)
			continue;
		if (committed)
			ws->read_in = InvalidSubTransactionId;
		else if (ws->read_in >= subid)
			ws->stale = true;
	}
}

static void
subtransaction_ended(SubXactEvent event, SubTransactionId subid,
					 SubTransactionId parent pg_attribute_unused(),
					 void *arg pg_attribute_unused())
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		forget_read_since(subid, false);
}

/* At the end of a transaction nobody uses what was replaced during it. */
static void
transaction_ended(XactEvent event, void *arg pg_attribute_unused())
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE)
		return;

	forget_read_since(TopSubTransactionId, event == XACT_EVENT_COMMIT);

	while (retired != NULL)
	{
		Retired    *item = retired;

		retired = item->next;
		workspace_free(item->workspace);
		pfree(item);
	}
}

void
cache_init(void)
{
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(NAMESPACEOID, namespace_changed, (Datum) 0);
	RegisterXactCallback(transaction_ended, NULL);
	RegisterSubXactCallback(subtransaction_ended, NULL);
}

static CacheEntry *
cache_entry(Oid lead_relid)
{
	CacheEntry *entry;
	bool		found;

	if (entries == NULL)
	{
		HASHCTL		ctl = {0};

		ctl.keysize = sizeof(Oid);
		ctl.entrysize = sizeof(CacheEntry);
		ctl.hcxt = CacheMemoryContext;
		entries = hash_create("lead_mgmt workspaces", 8, &ctl,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}

	entry = hash_search(entries, &lead_relid, HASH_ENTER, &found);
	if (!found)
		entry->workspace = NULL;
	return entry;
}

/* Read until nothing changes meanwhile; give up being sure after a few. */
static Workspace *
load_settled(Oid lead_relid)
{
	Workspace  *ws = NULL;

	for (int attempt = 0; attempt < 4; attempt++)
	{
		uint64		before = generation;

		if (ws != NULL)
			workspace_free(ws);
		ws = workspace_load(lead_relid);
		if (generation == before)
			return ws;
	}
	ws->unsettled = true;
	return ws;
}

Workspace *
cache_workspace(Oid lead_relid)
{
	CacheEntry *entry = cache_entry(lead_relid);
	Workspace  *ws;

	if (entry->workspace != NULL && !entry->workspace->stale)
		return entry->workspace;

	ws = load_settled(lead_relid);

	/* loading may have loaded: look the entry up again */
	entry = cache_entry(lead_relid);
	if (entry->workspace != NULL)
	{
		Retired    *item = MemoryContextAlloc(CacheMemoryContext, sizeof(Retired));

		item->workspace = entry->workspace;
		item->next = retired;
		retired = item;
	}
	entry->workspace = ws;
	ws->stale = ws->unsettled;
	MemoryContextSetParent(ws->context, CacheMemoryContext);
	return ws;
}

void
cache_announce(Oid relid)
{
	CacheInvalidateRelcacheByRelid(relid);
}
