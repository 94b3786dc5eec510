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
 * A lead is linked to the earliest committed lead of its key and to those that
 * transactions in progress are writing or deleting.  That connects all of one
 * key with about one link each.  Who takes a lead away, or its key, does the
 * same for what was linked to it: whatever of the others goes or stays, what
 * stays is connected.  Where very many leads share a key (a placeholder for a phone number)
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
#include "access/subtrans.h"
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
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "cache.h"
#include "duplicate_link.h"

PG_FUNCTION_INFO_V1(duplicate_update);

int			duplicate_suspended = 0;
uint64		duplicate_tolerated = 0;

/* Leads visited from either end, and index entries that lead to none */
#define MAX_VISITED 64
#define MAX_DEAD 4096

/* Leads that transactions in progress are at, per look-up */
#define MAX_IN_PROGRESS 128

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
	bool		every;			/* all new leads of one transaction count */
} Probe;

/* A lead that another transaction is just writing, or just deleting */
typedef struct InProgress
{
	int64		lead_id;
	TransactionId xid;			/* to wait for: a subtransaction may end early */
	TransactionId top_xid;
	ItemPointerData tid;
	bool		leaving;		/* deleted, or given another key; perhaps neither */
} InProgress;

/* What a look-up found: other leads with this key */
typedef struct Found
{
	int64		earliest;		/* committed, or of this transaction; 0: none */
	int			n;				/* being written or deleted by others: */
	InProgress	in_progress[MAX_IN_PROGRESS];
} Found;

static void
probe_open(Probe *probe, Workspace *ws, Relation lead, MatchKey key)
{
	probe->ws = ws;
	probe->lead = lead;
	probe->key = key;
	probe->rejects = ws->match[key].reject;
	probe->every = false;
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

/* How much of a key has been looked at */
typedef struct Visited
{
	int			leads;
	int			dead;			/* killed in the index by looking, if old enough */
} Visited;

/* The next lead with the key; the row at "own" is passed over. */
static bool
probe_next(Probe *probe, ScanDirection direction, ItemPointer own, Visited *visited)
{
	for (;;)
	{
		if (!probe->scan->xs_heap_continue)
		{
			ItemPointer tid;

			if (visited->leads >= MAX_VISITED || visited->dead >= MAX_DEAD)
				return false;
			tid = index_getnext_tid(probe->scan, direction);
			if (tid == NULL)
				return false;
			if (ItemPointerIsValid(own) && ItemPointerEquals(tid, own))
				continue;
		}
		if (index_fetch_heap(probe->scan, probe->slot))
		{
			visited->leads++;
			return true;
		}
		visited->dead++;
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

/*
 * For an arrival one new lead a transaction is enough.  When one departs, each
 * may hang on nobody else; and leaving ones may each stay.
 */
static void
note_in_progress(Probe *probe, int64 id, Found *found)
{
	bool		leaving = !TransactionIdIsValid(probe->dirty.xmin);
	TransactionId xid = leaving ? probe->dirty.xmax : probe->dirty.xmin;
	TransactionId top_xid = SubTransGetTopmostTransaction(xid);
	InProgress *item;

	for (int i = 0; i < found->n; i++)
		if (found->in_progress[i].lead_id == id ||
			(!probe->every && !leaving && !found->in_progress[i].leaving &&
			 found->in_progress[i].top_xid == top_xid))
			return;
	if (found->n == MAX_IN_PROGRESS)
		return;
	item = &found->in_progress[found->n++];
	item->lead_id = id;
	item->xid = xid;
	item->top_xid = top_xid;
	item->tid = probe->slot->tts_tid;
	item->leaving = leaving;
}

/* The lead that the one at hand was merged into; 0: none. */
static int64
merged_into(Probe *probe)
{
	bool		isnull;
	Datum		value = slot_getattr(probe->slot, probe->ws->column[LEAD_MERGED_INTO], &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

/* Add the lead that the scan stands at. */
static void
note_found(Probe *probe, ProbeRow *own, Found *found)
{
	int64		id = probe_lead_id(probe);

	if (id == own->lead_id)
		return;
	if (probe->rejects && merged_into(probe) != 0)
	{
		/* links name the merged lead, and the view the one it has become */
		id = merged_into(probe);
		if (id == own->lead_id)
			return;
	}
	/* a lead that was put aside is worth a note, but no reason to refuse one */
	else if (probe->rejects &&
			 !slot_attisnull(probe->slot, probe->ws->column[LEAD_ARCHIVED_AT]))
		return;
	if (TransactionIdIsValid(probe->dirty.xmin) || TransactionIdIsValid(probe->dirty.xmax))
		note_in_progress(probe, id, found);
	else if (id > own->lead_id && ItemPointerIsValid(&own->tid) && !probe->rejects &&
			 written_together(probe, own))
		return;
	else if (found->earliest == 0 || id < found->earliest)
		found->earliest = id;
}

/* All leads with this key but the row itself, as far as they matter. */
static void
probe_find(Probe *probe, ProbeRow *own, Found *found)
{
	Datum		value = CStringGetTextDatum(own->keys[probe->key]);
	Visited		visited = {0, 0};

	memset(found, 0, offsetof(Found, in_progress));
	probe_seek(probe, value);
	while (probe_next(probe, ForwardScanDirection, &own->tid, &visited))
		note_found(probe, own, found);

	if (visited.leads >= MAX_VISITED || visited.dead >= MAX_DEAD)
	{
		visited.leads = visited.dead = 0;
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
			refuse_duplicate(ws, row->relation, key, value, found.earliest, current_writer());
		if (found.n == 0)
			return;
		XactLockTableWait(found.in_progress[0].xid, row->relation,
						  &found.in_progress[0].tid, XLTW_InsertIndex);
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
 * who does not yields, since the other may be waiting for him.  Who deletes a
 * lead waits for nobody because of its key.
 */
static void
wait_or_yield(Probe *probe, ProbeRow *row, InProgress *other, Oid caller)
{
	LOCKTAG		tag;
	const char *value = row->keys[probe->key];

	key_lock_tag(&tag, probe->ws, probe->key, value);
	if (!other->leaving &&
		LockAcquire(&tag, ExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		refuse_duplicate(probe->ws, probe->lead, probe->key, value, 0, caller);
	XactLockTableWait(other->xid, probe->lead, &other->tid, XLTW_InsertIndex);
	if (!other->leaving)
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
		wait_or_yield(probe, row, &found.in_progress[0], caller);
	}
}

static void
probe_key(Workspace *ws, Relation lead, ProbeRows *rows, MatchKey key,
		  LinkRows *links, Oid caller)
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
		probe.rejects = ws->match[key].reject && !row->tolerated;
		if (probe.rejects)
		{
			reject_duplicates(&probe, row, caller);
			continue;
		}
		probe_find(&probe, row, &found);
		if (ws->match[key].reject && found.earliest != 0)
			duplicate_tolerated++;
		if (found.earliest != 0)
			add_link(links, row->lead_id, found.earliest, rule, name);
		for (int j = 0; j < found.n; j++)
			add_link(links, row->lead_id, found.in_progress[j].lead_id, rule, name);
	}
	probe_close(&probe);
}

void
duplicate_probe_batch(Workspace *ws, Relation lead, Statement *statement, Oid caller)
{
	LinkRows	links = {0};

	if (statement->probes.n == 0 || duplicate_suspended > 0)
		return;
	for (int key = 0; key < MATCH_KEYS; key++)
		if (ws->match[key].name != NULL)
			probe_key(ws, lead, &statement->probes, key, &links, caller);
	write_links(ws, &links, statement->at);
}

static void
look_up_key(Workspace *ws, Relation lead, ProbeRows *rows, MatchKey key, LinkRows *links)
{
	Datum		rule = CStringGetTextDatum(ws->match[key].name);
	Datum		name = CStringGetTextDatum(match_key_name[key]);
	Probe		probe;

	probe_open(&probe, ws, lead, key);
	probe.rejects = false;		/* it is too late for that */
	for (int i = 0; i < rows->n; i++)
	{
		ProbeRow   *row = &rows->rows[i];
		Found		found;

		if (row->keys[key] == NULL)
			continue;
		CHECK_FOR_INTERRUPTS();
		probe_find(&probe, row, &found);
		if (found.earliest != 0 && found.earliest < row->lead_id)
			add_link(links, row->lead_id, found.earliest, rule, name);
		for (int j = 0; j < found.n; j++)
			if (found.in_progress[j].lead_id < row->lead_id)
				add_link(links, row->lead_id, found.in_progress[j].lead_id, rule, name);
	}
	probe_close(&probe);
}

void
duplicate_look_up(Workspace *ws, Relation lead, ProbeRows *rows, LinkRows *links)
{
	for (int key = 0; key < MATCH_KEYS; key++)
		if (ws->match[key].name != NULL)
			look_up_key(ws, lead, rows, key, links);
}

/* Others are at all leads that remain: connect these with one another. */
static void
link_all(Found *found, Datum rule, Datum name, LinkRows *links)
{
	for (int i = 1; i < found->n; i++)
		for (int j = 0; j < i; j++)
			add_link(links, found->in_progress[i].lead_id,
					 found->in_progress[j].lead_id, rule, name);
}

/*
 * One lead has left a key.  Its neighbors get the earliest that stays, and so
 * do those of leads that others are just taking away: they do not see what
 * this transaction writes.  What others are just writing may have seen nobody
 * but the one that left.
 */
static void
find_departure(Probe *probe, DepartedRow *row, Datum rule, Datum name,
			   LinkRows *departures, LinkRows *links)
{
	ProbeRow	own = {0};
	Found		found;
	Datum		key = CStringGetTextDatum(row->keys[probe->key]);
	int64		center;

	own.lead_id = row->lead_id;
	own.keys[probe->key] = row->keys[probe->key];
	ItemPointerSetInvalid(&own.tid);
	probe_find(probe, &own, &found);
	if (found.earliest == 0 && found.n == 0)
		return;
	if (found.earliest == 0)
		link_all(&found, rule, name, links);

	center = found.earliest != 0 ? found.earliest : found.in_progress[0].lead_id;
	add_link(departures, row->lead_id, center, rule, key);
	for (int i = 0; i < found.n; i++)
	{
		if (found.in_progress[i].leaving)
			add_link(departures, found.in_progress[i].lead_id, center, rule, key);
		if (found.in_progress[i].lead_id != center)
			add_link(links, center, found.in_progress[i].lead_id, rule, name);
	}
}

static void
relink_key(Workspace *ws, Relation lead, Statement *statement, MatchKey key)
{
	static const WorkspacePlan plans[MATCH_KEYS] = {
		PLAN_RELINK_EMAIL, PLAN_RELINK_PHONE, PLAN_RELINK_NAME
	};
	Datum		rule = CStringGetTextDatum(ws->match[key].name);
	Datum		name = CStringGetTextDatum(match_key_name[key]);
	LinkRows	departures = {0};
	LinkRows	links = {0};
	Probe		probe;
	Datum		rules;
	Datum		values[5];

	probe_open(&probe, ws, lead, key);
	probe.every = true;
	for (int i = 0; i < statement->departed.n; i++)
		if (statement->departed.rows[i].keys[key] != NULL)
			find_departure(&probe, &statement->departed.rows[i], rule, name,
						   &departures, &links);
	probe_close(&probe);
	write_links(ws, &links, statement->at);
	if (departures.n == 0)
		return;

	link_arrays(&departures, &values[0], &values[1], &rules, &values[2]);
	values[3] = rule;
	values[4] = TimestampTzGetDatum(statement->at);
	execute_latest(ws, plans[key], values, SPI_OK_INSERT);
}

/* Only the links that a lead owns: nobody else deletes these at the same time. */
static void
delete_links(Workspace *ws, Statement *statement)
{
	Datum	   *ids = palloc(statement->departed.n * sizeof(Datum));
	int			n = 0;
	Datum		values[1];

	for (int i = 0; i < statement->departed.n; i++)
		if (statement->departed.rows[i].deleted)
			ids[n++] = Int64GetDatum(statement->departed.rows[i].lead_id);
	if (n == 0)
		return;
	values[0] = spi_array(ids, NULL, n, INT8OID);
	execute_latest(ws, PLAN_UNLINK, values, SPI_OK_DELETE);
}

void
duplicate_relink_batch(Workspace *ws, Relation lead, Statement *statement)
{
	if (statement->departed.n == 0)
		return;
	for (int key = 0; key < MATCH_KEYS; key++)
		if (ws->match[key].name != NULL)
			relink_key(ws, lead, statement, key);
	delete_links(ws, statement);
}

/* A column of a row of the view duplicate, by its name. */
static Datum
pair_value(TriggerData *trigdata, HeapTuple tuple, const char *name, Oid type)
{
	TupleDesc	tupdesc = RelationGetDescr(trigdata->tg_relation);
	int			attno = SPI_fnumber(tupdesc, name);
	bool		isnull;
	Datum		value;

	if (attno <= 0 || SPI_gettypeid(tupdesc, attno) != type)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("view \"%s\" has no column \"%s\" of type %s",
						RelationGetRelationName(trigdata->tg_relation), name, format_type_be(type)),
				 errhint("Call lead_mgmt.upgrade_workspace to bring the view duplicate back.")));
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
		if (DatumGetInt64(pair_value(trigdata, trigdata->tg_trigtuple, names[i], INT8OID)) !=
			DatumGetInt64(pair_value(trigdata, trigdata->tg_newtuple, names[i], INT8OID)))
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

	ws = cache_workspace(lead_of_sister(trigdata->tg_relation));
	check_nothing_else_changed(trigdata);
	values[0] = pair_value(trigdata, trigdata->tg_newtuple, "lead_id", INT8OID);
	values[1] = pair_value(trigdata, trigdata->tg_newtuple, "other_id", INT8OID);
	values[2] = pair_value(trigdata, trigdata->tg_newtuple, "state", TEXTOID);
	check_state(TextDatumGetCString(values[2]));
	values[3] = CStringGetTextDatum(current_actor());
	values[4] = CStringGetTextDatum(current_login());
	values[5] = TimestampTzGetDatum(GetCurrentTimestamp());

	saved = switch_to_owner(ws->owner);
	spi_begin();
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_DUPLICATE_DECISION), values,
							   NULL, false, 0),
			  SPI_OK_INSERT, "duplicate_decision");
	spi_end();
	switch_back(saved);
	return PointerGetDatum(trigdata->tg_newtuple);
}
