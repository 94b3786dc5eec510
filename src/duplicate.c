/*-------------------------------------------------------------------------
 *
 * duplicate.c
 *	  Leads that share a key.
 *
 * A SELECT cannot see the lead that another session is just inserting, which
 * is how duplicates get in everywhere.  Here a lead is looked up after it was
 * written, through the index on its key, with a dirty snapshot: it sees what
 * others wrote and have not committed yet, as a unique index's own check does.
 * Of two that are written at once, whoever looks last sees the other; nobody
 * waits, and if one of them rolls back, its pair is not shown.
 *
 * A lead is linked to the earliest committed lead of its key and to those of
 * transactions in progress.  That connects all of one key with about one link
 * each.  Where very many leads share a key (a placeholder for a phone number)
 * only so many index entries are visited from either end: the earliest lead
 * stands at the one, what is just being written mostly at the other.
 *
 * A rule that rejects must wait for a writer in progress.  It does so before
 * the row is written, when nobody can be waiting for it in turn.  Two that
 * pass this at the same moment meet after writing: who finds the other and
 * gets the lock on their key waits, and who does not get it yields.
 *
 *-------------------------------------------------------------------------
 */
#include "duplicate.h"

#include "access/heapam.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "cache.h"

PG_FUNCTION_INFO_V1(duplicate_update);

/* Index entries visited from either end */
#define MAX_VISITED 64

/* Leads of transactions in progress that one lead is linked to at most */
#define MAX_IN_PROGRESS 32

/* Field 4 of the advisory lock tag; 1 and 2 are the SQL functions' */
#define KEY_LOCK_FIELD 3

/* An open scan of the index on one key */
typedef struct Probe
{
	Workspace  *ws;
	Relation	lead;
	Relation	index;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	SnapshotData dirty;
	MatchKey	key;
	bool		rejects;
} Probe;

/* What a look-up found: other leads with this key */
typedef struct Found
{
	int64		earliest;		/* committed, or of this transaction; 0: none */
	int			n;				/* in progress: */
	int64		in_progress[MAX_IN_PROGRESS];
	TransactionId xids[MAX_IN_PROGRESS];
	ItemPointerData tids[MAX_IN_PROGRESS];
} Found;

static void
probe_open(Probe *probe, Workspace *ws, Relation lead, MatchKey key)
{
	probe->ws = ws;
	probe->lead = lead;
	probe->key = key;
	probe->rejects = ws->match[key].reject;
	probe->index = index_open(ws->match[key].index, AccessShareLock);
	probe->slot = table_slot_create(lead, NULL);
	InitDirtySnapshot(probe->dirty);
	probe->scan = lead_index_beginscan(lead, probe->index, &probe->dirty, 1);
}

static void
probe_close(Probe *probe)
{
	index_endscan(probe->scan);
	ExecDropSingleTupleTableSlot(probe->slot);
	index_close(probe->index, NoLock);
}

static void
probe_seek(Probe *probe, Datum key)
{
	ScanKeyData scankey;

	ScanKeyEntryInitialize(&scankey, 0, 1, BTEqualStrategyNumber,
						   TEXTOID, probe->index->rd_indcollation[0],
						   F_TEXTEQ, key);
	index_rescan(probe->scan, &scankey, 1, NULL, 0);
}

/*
 * The next other lead with the key, dead ones and the row at "own" passed
 * over; counts index entries in *visited.
 */
static bool
probe_next(Probe *probe, ScanDirection direction, ItemPointer own, int *visited)
{
	for (;;)
	{
		if (!probe->scan->xs_heap_continue)
		{
			ItemPointer tid;

			if (*visited >= MAX_VISITED)
				return false;
			tid = index_getnext_tid(probe->scan, direction);
			if (tid == NULL)
				return false;
			if (ItemPointerEquals(tid, own))
				continue;
			(*visited)++;
		}
		if (index_fetch_heap(probe->scan, probe->slot))
			return true;
	}
}

static int64
probe_lead_id(Probe *probe)
{
	bool		isnull;

	return DatumGetInt64(slot_getattr(probe->slot, probe->ws->column[LEAD_ID], &isnull));
}

/*
 * Was the lead that the scan stands at written by the very command that wrote
 * the row?  Then it is looked up too, and the later one is linked.
 */
static bool
written_together(Probe *probe, ProbeRow *own)
{
	bool		isnull;
	Datum		xmin;
	Datum		cmin;

	xmin = slot_getsysattr(probe->slot, MinTransactionIdAttributeNumber, &isnull);
	if (!TransactionIdIsCurrentTransactionId(DatumGetTransactionId(xmin)))
		return false;
	cmin = slot_getsysattr(probe->slot, MinCommandIdAttributeNumber, &isnull);
	return DatumGetCommandId(cmin) == own->command;
}

/* Add the lead that the scan stands at. */
static void
note_found(Probe *probe, ProbeRow *own, Found *found)
{
	int64		id = probe_lead_id(probe);
	TransactionId xid = probe->dirty.xmin;

	if (id == own->lead_id ||
		!slot_attisnull(probe->slot, probe->ws->column[LEAD_MERGED_INTO]))
		return;
	if (id > own->lead_id && ItemPointerIsValid(&own->tid) && !probe->rejects &&
		written_together(probe, own))
		return;

	if (!TransactionIdIsValid(xid))
	{
		if (found->earliest == 0 || id < found->earliest)
			found->earliest = id;
		return;
	}
	for (int i = 0; i < found->n; i++)
		if (found->xids[i] == xid)
			return;				/* that transaction is linked to already */
	if (found->n < MAX_IN_PROGRESS)
	{
		found->in_progress[found->n] = id;
		found->tids[found->n] = probe->slot->tts_tid;
		found->xids[found->n++] = xid;
	}
}

/* All leads with this key but the row itself, as far as they matter. */
static void
probe_find(Probe *probe, ProbeRow *own, Found *found)
{
	Datum		value = CStringGetTextDatum(own->keys[probe->key]);
	int			visited = 0;

	memset(found, 0, offsetof(Found, in_progress));
	probe_seek(probe, value);
	while (probe_next(probe, ForwardScanDirection, &own->tid, &visited))
		note_found(probe, own, found);

	if (visited >= MAX_VISITED)
	{
		visited = 0;
		probe_seek(probe, value);
		while (probe_next(probe, BackwardScanDirection, &own->tid, &visited))
			note_found(probe, own, found);
	}
	pfree(DatumGetPointer(value));
}

/* May this role see all leads, so that it may be told which one? */
static bool
may_see_leads(Relation lead, Oid role)
{
	Oid			relid = RelationGetRelid(lead);

	return pg_class_aclcheck(relid, role, ACL_SELECT) == ACLCHECK_OK &&
		check_enable_rls(relid, role, true) != RLS_ENABLED;
}

static void
refuse_duplicate(Workspace *ws, Relation lead, MatchKey key, const char *value,
				 int64 other_id, Oid caller)
{
	bool		visible = other_id != 0 && may_see_leads(lead, caller);

	ereport(ERROR,
			(errcode(ERRCODE_UNIQUE_VIOLATION),
			 errmsg("lead is a duplicate by match rule \"%s\"", ws->match[key].name),
			 visible ?
			 errdetail("Key (%s)=(%s) is that of lead " INT64_FORMAT ".",
					   lead_column_name(match_key_column[key]), value, other_id) :
			 errdetail("Another lead has the same key."),
			 errhint("Work on the lead that is there, or set the action of match rule \"%s\" to flag.",
					 ws->match[key].name),
			 err_column_constraint(lead, ws->column[match_key_column[key]],
					   "lead_duplicate")));
}

void
duplicate_check(LeadRow *row, MatchKey key)
{
	Workspace  *ws = row->ws;
	char	   *value = lead_text(row, match_key_column[key]);
	ProbeRow	own = {0};

	if (value == NULL)
		return;
	own.lead_id = DatumGetInt64(lead_value(row, LEAD_ID));
	own.keys[key] = value;
	ItemPointerSetInvalid(&own.tid);
	for (;;)
	{
		Probe		probe;
		Found		found;

		CHECK_FOR_INTERRUPTS();
		probe_open(&probe, ws, row->relation, key);
		probe_find(&probe, &own, &found);
		probe_close(&probe);
		if (found.earliest != 0)
			refuse_duplicate(ws, row->relation, key, value, found.earliest, GetUserId());
		if (found.n == 0)
			return;
		XactLockTableWait(found.xids[0], row->relation, &found.tids[0], XLTW_InsertIndex);
	}
}

static void
key_lock_tag(LOCKTAG *tag, Workspace *ws, MatchKey key, const char *value)
{
	uint64		hash = hash_bytes_extended((const unsigned char *) value,
										   (int) strlen(value), ws->lead_relid);

	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, (uint32) (hash >> 32),
						 (uint32) hash ^ (uint32) key, KEY_LOCK_FIELD);
}

/*
 * A row that is written met another of a transaction in progress, under a
 * rule that rejects.  Who has the lock on the key waits for the other to end;
 * who does not yields, since the other may be waiting for him.
 */
static void
wait_or_yield(Probe *probe, ProbeRow *row, Found *found, Oid caller)
{
	LOCKTAG		tag;
	const char *value = row->keys[probe->key];

	key_lock_tag(&tag, probe->ws, probe->key, value);
	if (LockAcquire(&tag, ExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		refuse_duplicate(probe->ws, probe->lead, probe->key, value, 0, caller);
	XactLockTableWait(found->xids[0], probe->lead, &found->tids[0], XLTW_InsertIndex);
	LockRelease(&tag, ExclusiveLock, false);
}

static void
reject_duplicates(Probe *probe, ProbeRow *row, Oid caller)
{
	for (;;)
	{
		Found		found;

		CHECK_FOR_INTERRUPTS();
		probe_find(probe, row, &found);
		if (found.earliest != 0)
			refuse_duplicate(probe->ws, probe->lead, probe->key,
							 row->keys[probe->key], found.earliest, caller);
		if (found.n == 0)
			return;
		wait_or_yield(probe, row, &found, caller);
	}
}

/* Links found, as columns */
typedef struct Links
{
	int			n;
	int			allocated;
	Datum	   *lead_ids;
	Datum	   *other_ids;
	Datum	   *rules;
	Datum	   *keys;
} Links;

static void
add_link(Links *links, int64 lead_id, int64 other_id, Datum rule, Datum key)
{
	if (links->n == links->allocated)
	{
		links->allocated = links->allocated == 0 ? 16 : links->allocated * 2;
#define GROW(array) \
		(array) = (array) == NULL ? palloc(links->allocated * sizeof(Datum)) : \
			repalloc((array), links->allocated * sizeof(Datum))
		GROW(links->lead_ids);
		GROW(links->other_ids);
		GROW(links->rules);
		GROW(links->keys);
#undef GROW
	}
	links->lead_ids[links->n] = Int64GetDatum(lead_id);
	links->other_ids[links->n] = Int64GetDatum(other_id);
	links->rules[links->n] = rule;
	links->keys[links->n++] = key;
}

static void
probe_key(Workspace *ws, Relation lead, ProbeRows *rows, MatchKey key,
		  Links *links, Oid caller)
{
	Datum		rule = CStringGetTextDatum(ws->match[key].name);
	Datum		name = CStringGetTextDatum(match_key_name[key]);
	Probe		probe;

	probe_open(&probe, ws, lead, key);
	for (int i = 0; i < rows->n; i++)
	{
		ProbeRow   *row = &rows->rows[i];
		Found		found;

		if (row->keys[key] == NULL)
			continue;
		if (ws->match[key].reject)
		{
			reject_duplicates(&probe, row, caller);
			continue;
		}
		probe_find(&probe, row, &found);
		if (found.earliest != 0)
			add_link(links, row->lead_id, found.earliest, rule, name);
		for (int j = 0; j < found.n; j++)
			add_link(links, row->lead_id, found.in_progress[j], rule, name);
	}
	probe_close(&probe);
}

static Datum
text_array(Datum *values, int n)
{
	return PointerGetDatum(construct_array(values, n, TEXTOID, -1, false, TYPALIGN_INT));
}

static Datum
int8_array(Datum *values, int n)
{
	return PointerGetDatum(construct_array(values, n, INT8OID, sizeof(int64),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

void
duplicate_probe_batch(Workspace *ws, Relation lead, Statement *statement, Oid caller)
{
	Links		links = {0};
	Datum		values[5];

	if (statement->probes.n == 0)
		return;
	for (int key = 0; key < MATCH_KEYS; key++)
		if (ws->match[key].name != NULL)
			probe_key(ws, lead, &statement->probes, key, &links, caller);
	if (links.n == 0)
		return;

	values[0] = int8_array(links.lead_ids, links.n);
	values[1] = int8_array(links.other_ids, links.n);
	values[2] = text_array(links.rules, links.n);
	values[3] = text_array(links.keys, links.n);
	values[4] = TimestampTzGetDatum(statement->at);
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_DUPLICATE_LINK), values,
							   NULL, false, 0),
			  SPI_OK_INSERT, "duplicate_link");
}

void
duplicate_relink(Workspace *ws, Statement *statement)
{
	static const WorkspacePlan plans[MATCH_KEYS] = {
		PLAN_RELINK_EMAIL, PLAN_RELINK_PHONE, PLAN_RELINK_NAME
	};
	int64s	   *ids = &statement->unlinked;
	Datum	   *datums;
	Datum		values[3];

	if (ids->n == 0)
		return;
	datums = palloc(ids->n * sizeof(Datum));
	for (int i = 0; i < ids->n; i++)
		datums[i] = Int64GetDatum(ids->rows[i]);
	values[0] = int8_array(datums, ids->n);
	values[2] = TimestampTzGetDatum(statement->at);
	for (int key = 0; key < MATCH_KEYS; key++)
	{
		if (ws->match[key].name == NULL)
			continue;
		values[1] = CStringGetTextDatum(ws->match[key].name);
		spi_check(SPI_execute_plan(workspace_plan(ws, plans[key]), values,
								   NULL, false, 0),
				  SPI_OK_INSERT, "duplicate_link");
	}
}

/* A column of a row of the view duplicate, by its name. */
static Datum
pair_value(TriggerData *trigdata, HeapTuple tuple, const char *name)
{
	TupleDesc	tupdesc = RelationGetDescr(trigdata->tg_relation);
	int			attno = SPI_fnumber(tupdesc, name);
	bool		isnull;
	Datum		value;

	if (attno <= 0)
		elog(ERROR, "view \"duplicate\" has no column \"%s\"", name);
	value = SPI_getbinval(tuple, tupdesc, attno, &isnull);
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("column \"%s\" of view \"%s\" cannot be set to null", name,
						RelationGetRelationName(trigdata->tg_relation)),
				 errhint("The states are open, confirmed and not_duplicate.")));
	return value;
}

static void
check_state(const char *state)
{
	if (strcmp(state, "open") != 0 && strcmp(state, "confirmed") != 0 &&
		strcmp(state, "not_duplicate") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("invalid state of a pair of duplicates: \"%s\"", state),
				 errhint("The states are open, confirmed and not_duplicate.")));
}

/* Only the state of a pair is anybody's to change. */
static void
check_nothing_else_changed(TriggerData *trigdata)
{
	static const char *const names[] = {"lead_id", "other_id"};

	for (int i = 0; i < count_of(names); i++)
		if (DatumGetInt64(pair_value(trigdata, trigdata->tg_trigtuple, names[i])) !=
			DatumGetInt64(pair_value(trigdata, trigdata->tg_newtuple, names[i])))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("cannot update column \"%s\" of view \"%s\"", names[i],
							RelationGetRelationName(trigdata->tg_relation)),
					 errdetail("Only the state of a pair can be changed.")));
}

/*
 * duplicate_update(): INSTEAD OF UPDATE trigger of the view duplicate; notes
 * what was decided about a pair, so that it is remembered.
 */
Datum
duplicate_update(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	Workspace  *ws;
	OwnerSwitch saved;
	Datum		values[6];

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_INSTEAD(trigdata->tg_event) ||
		!TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired INSTEAD OF UPDATE", "duplicate_update")));

	check_nothing_else_changed(trigdata);
	values[0] = pair_value(trigdata, trigdata->tg_newtuple, "lead_id");
	values[1] = pair_value(trigdata, trigdata->tg_newtuple, "other_id");
	values[2] = pair_value(trigdata, trigdata->tg_newtuple, "state");
	check_state(TextDatumGetCString(values[2]));
	values[3] = CStringGetTextDatum(current_actor());
	values[4] = CStringGetTextDatum(current_login());
	values[5] = TimestampTzGetDatum(GetCurrentTimestamp());

	ws = cache_workspace(lead_of_sister(trigdata->tg_relation));
	saved = switch_to_owner(ws->owner);
	spi_begin();
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_DUPLICATE_DECISION), values,
							   NULL, false, 0),
			  SPI_OK_INSERT, "duplicate_decision");
	spi_end();
	switch_back(saved);
	return PointerGetDatum(trigdata->tg_newtuple);
}
