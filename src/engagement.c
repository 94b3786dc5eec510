/*-------------------------------------------------------------------------
 *
 * engagement.c
 *	  What leads did, and corrections by hand: the triggers of both tables.
 *
 * AFTER ROW adds up, in memory and lead by lead, what the rules give for new
 * engagements; AFTER STATEMENT (or a full memory) has each lead scored once.
 * So a COPY of a million engagements writes as many leads as there are in it,
 * in the order of their ids, which keeps two of them from a deadlock.  (Beyond
 * half a million leads or so a statement does that in several runs.)
 *
 * An engagement that is changed or deleted cannot be taken out of a sum
 * without a loss of precision, so the lead's history is read again.  That
 * finds all rows that are in the table, also those of statements under way
 * whose AFTER triggers have not run; for the rest of these statements such a
 * lead is always read again, rather than added to.
 *
 *-------------------------------------------------------------------------
 */
#include "engagement.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "cache.h"
#include "key.h"
#include "lead_row.h"
#include "merge.h"
#include "submission.h"
#include "touch.h"
#include "trigger.h"

PG_FUNCTION_INFO_V1(engagement_begin);
PG_FUNCTION_INFO_V1(engagement_check);
PG_FUNCTION_INFO_V1(engagement_record);
PG_FUNCTION_INFO_V1(engagement_finish);
PG_FUNCTION_INFO_V1(engagement_truncated);
PG_FUNCTION_INFO_V1(adjustment_check);
PG_FUNCTION_INFO_V1(adjustment_record);

/* Memory that waiting leads may take before they are written */
#define PENDING_MEMORY ((Size) 256 * 1024 * 1024)

typedef struct PendingLead
{
	int64		lead_id;		/* hash key */
	Touch	   *touch;
	char		status;			/* simplehash's */
} PendingLead;

#define SH_PREFIX pending
#define SH_ELEMENT_TYPE PendingLead
#define SH_KEY_TYPE int64
#define SH_KEY lead_id
#define SH_HASH_KEY(tb, key) (hash_bytes_uint32((uint32) (key) ^ (uint32) ((uint64) (key) >> 32)))
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* A statement on engagement or score_adjustment */
typedef struct Pending
{
	struct Pending *outer;
	Oid			relid;
	Oid			lead_relid;
	TriggerEvent event;
	SubTransactionId subid;
	MemoryContext context;
	MemoryContext batch_context;	/* reset when leads have been scored */
	struct pending_hash *leads; /* in batch_context; NULL: none */
	TimestampTz at;
	SubmissionLock lock;
} Pending;

static Pending *innermost = NULL;

/* Leads to be read again for as long as any statement is under way */
static HTAB *read_again = NULL;

static void
discard(Pending **link)
{
	Pending    *pending = *link;

	*link = pending->outer;
	MemoryContextDelete(pending->context);
	if (innermost == NULL && read_again != NULL)
	{
		hash_destroy(read_again);
		read_again = NULL;
	}
}

static Pending *
pending_begin(Relation relation, TriggerEvent event)
{
	MemoryContext context = AllocSetContextCreate(TopTransactionContext, "lead_mgmt engagements",
												  ALLOCSET_SMALL_SIZES);
	Pending    *pending = MemoryContextAllocZero(context, sizeof(Pending));

	pending->relid = RelationGetRelid(relation);
	pending->lead_relid = lead_of_sister(relation);
	pending->event = event & TRIGGER_EVENT_OPMASK;
	pending->subid = GetCurrentSubTransactionId();
	pending->context = context;
	pending->batch_context = AllocSetContextCreate(context, "lead_mgmt engagements of a batch",
												   ALLOCSET_DEFAULT_SIZES);
	pending->at = GetCurrentTimestamp();
	pending->outer = innermost;
	innermost = pending;
	return pending;
}

/* The innermost statement of this kind on this table, or NULL. */
static Pending *
pending_find(Oid relid, TriggerEvent event)
{
	for (Pending *p = innermost; p != NULL; p = p->outer)
		if (p->relid == relid && p->event == (event & TRIGGER_EVENT_OPMASK))
			return p;
	return NULL;
}

/* The same, begun now where the statement trigger did not do it. */
static Pending *
pending_current(Relation relation, TriggerEvent event)
{
	Pending    *pending = pending_find(RelationGetRelid(relation), event);

	return pending != NULL ? pending : pending_begin(relation, event);
}

void
engagement_was_read(Oid lead_relid, int64 lead_id)
{
	bool		waiting = false;

	for (Pending *p = innermost; p != NULL; p = p->outer)
		waiting = waiting || p->lead_relid == lead_relid;
	if (!waiting)
		return;
	if (read_again == NULL)
	{
		HASHCTL		ctl = {0};

		ctl.keysize = sizeof(int64);
		ctl.entrysize = sizeof(int64);
		ctl.hcxt = TopTransactionContext;
		read_again = hash_create("lead_mgmt leads to be read again", 256, &ctl,
								 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	(void) hash_search(read_again, &lead_id, HASH_ENTER, NULL);
}

bool
engagement_must_read(int64 lead_id)
{
	return read_again != NULL && hash_search(read_again, &lead_id, HASH_FIND, NULL) != NULL;
}

/* Have all leads that wait scored. */
static void
pending_flush(Pending *pending)
{
	struct pending_hash *leads = pending->leads;
	MemoryContext batch_context = pending->batch_context;
	pending_iterator iterator;
	PendingLead *lead;
	Touch	  **touches;
	int			n = 0;

	if (leads == NULL)
		return;

	/* scoring a lead can run a user's trigger that writes engagements */
	pending->leads = NULL;
	pending->batch_context = AllocSetContextCreate(pending->context,
												   "lead_mgmt engagements of a batch",
												   ALLOCSET_DEFAULT_SIZES);
	touches = MemoryContextAllocHuge(batch_context, leads->members * sizeof(Touch *));
	pending_start_iterate(leads, &iterator);
	while ((lead = pending_iterate(leads, &iterator)) != NULL)
	{
		touches[n++] = lead->touch;
		if (engagement_must_read(lead->lead_id))
			lead->touch->whole = true;
	}
	touch_leads(pending->lead_relid, touches, n);
	merge_forward(pending->lead_relid, touches, n);
	MemoryContextDelete(batch_context);
}

static void
subtransaction_ended(SubXactEvent event, SubTransactionId subid,
					 SubTransactionId parent pg_attribute_unused(),
					 void *arg pg_attribute_unused())
{
	Pending   **link = &innermost;

	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	while (*link != NULL)
	{
		if ((*link)->subid >= subid)
			discard(link);
		else
			link = &(*link)->outer;
	}
}

/* Of statements that never got to their AFTER STATEMENT trigger; see statement.c */
static void
transaction_ended(XactEvent event, void *arg pg_attribute_unused())
{
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE)
	{
		for (Pending *p = innermost; p != NULL; p = p->outer)
		{
			if (p->leads == NULL)
				continue;
			PushActiveSnapshot(GetTransactionSnapshot());
			pending_flush(p);
			PopActiveSnapshot();
		}
		return;
	}
	if (event != XACT_EVENT_ABORT && event != XACT_EVENT_COMMIT && event != XACT_EVENT_PREPARE)
		return;
	while (innermost != NULL)
		discard(&innermost);
}

void
engagement_init(void)
{
	RegisterXactCallback(transaction_ended, NULL);
	RegisterSubXactCallback(subtransaction_ended, NULL);
}

/* A trigger of this kind, on either table or on one of them */
static TriggerData *
check_protocol(FunctionCallInfo fcinfo, const char *function, bool before, bool row,
			   const char *table, const char *or)
{
	TriggerData *trigdata = trigger_data_of(fcinfo, function, before, row);

	trigger_check_table(trigdata, function, table, or);
	return trigdata;
}

/* engagement_begin(): BEFORE STATEMENT trigger; rules changed by others apply now. */
Datum
engagement_begin(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = check_protocol(fcinfo, "engagement_begin", true, false,
										   "engagement", "score_adjustment");

	AcceptInvalidationMessages();
	pending_begin(trigdata->tg_relation, trigdata->tg_event);
	return PointerGetDatum(NULL);
}

/* The row that a BEFORE ROW trigger decides on */
typedef struct NewRow
{
	TriggerData *trigdata;
	TupleDesc	tupdesc;
	TupleTableSlot *slot;
	TupleTableSlot *old;		/* NULL at INSERT */
	HeapTuple	tuple;			/* to be returned */
} NewRow;

static NewRow
new_row(TriggerData *trigdata)
{
	bool		update = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event);
	NewRow		row;

	row.trigdata = trigdata;
	row.tupdesc = RelationGetDescr(trigdata->tg_relation);
	row.slot = update ? trigdata->tg_newslot : trigdata->tg_trigslot;
	row.old = update ? trigdata->tg_trigslot : NULL;
	row.tuple = update ? trigdata->tg_newtuple : trigdata->tg_trigtuple;
	return row;
}

static void
replace_value(NewRow *row, AttrNumber attno, Datum value)
{
	int			column = attno;
	bool		isnull = false;

	row->tuple = heap_modify_tuple_by_cols(row->tuple, row->tupdesc, 1, &column, &value, &isnull);
}

/* The same value as before?  Never, for a new row. */
static bool
unchanged(NewRow *row, AttrNumber attno)
{
	Form_pg_attribute attr = TupleDescAttr(row->tupdesc, attno - 1);
	bool		isnull,
				old_isnull;
	Datum		value = slot_getattr(row->slot, attno, &isnull);
	Datum		old;

	if (row->old == NULL)
		return false;
	old = slot_getattr(row->old, attno, &old_isnull);
	if (isnull || old_isnull)
		return isnull == old_isnull;
	return datum_image_eq(value, old, attr->attbyval, attr->attlen);
}

/* A column of score_adjustment by its name, which must be of this type. */
static AttrNumber
column_number(Relation relation, const char *name, Oid type)
{
	AttrNumber	attno = get_attnum(RelationGetRelid(relation), name);

	if (attno <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist",
						name, RelationGetRelationName(relation)),
				 errdetail("Every workspace of lead_mgmt has this column."),
				 errhint("Bring the column back under its name.")));
	if (TupleDescAttr(RelationGetDescr(relation), attno - 1)->atttypid != type)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s\" is not of type %s",
						name, RelationGetRelationName(relation), format_type_be(type)),
				 errhint("Change the type of the column back.")));
	return attno;
}

/* Clocks of others are ahead now and then. */
#define CLOCK_TOLERANCE (5 * USECS_PER_MINUTE)

/*
 * A time that is not given with a new row is now, and so is one just ahead;
 * one to come is refused.
 */
static void
check_time(NewRow *row, AttrNumber attno, TimestampTz now, const char *constraint)
{
	Relation	relation = row->trigdata->tg_relation;
	bool		isnull;
	Datum		value = slot_getattr(row->slot, attno, &isnull);
	TimestampTz at = isnull ? now : DatumGetTimestampTz(value);

	if (isnull && row->old != NULL)
		return;					/* refused by NOT NULL */
	if (at > now)
		now = GetCurrentTimestamp();
	if (isnull || (at > now && at <= now + CLOCK_TOLERANCE))
		replace_value(row, attno, TimestampTzGetDatum(now));
	else if (at > now)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("row of table \"%s\" is in the future", RelationGetRelationName(relation)),
				 errdetail("Column %s is %s.",
						   NameStr(TupleDescAttr(row->tupdesc, attno - 1)->attname),
						   timestamptz_to_str(at)),
				 errhint("Give the time at which it happened, or leave the column alone for now."),
				 err_column_constraint(relation, attno, constraint)));
}

static void
check_kind(Workspace *ws, NewRow *row)
{
	AttrNumber	attno = ws->engagement_column[ENGAGEMENT_KIND];
	char	   *kind = slot_text(row->slot, attno);

	if (kind == NULL || unchanged(row, attno) ||
		workspace_has_name(ws->kinds, ws->nkinds, kind))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
			 errmsg("engagement kind \"%s\" does not exist", kind),
			 errdetail("Key (kind)=(%s) is not present in table \"engagement_kind\".", kind),
			 ws->nkinds > 0 ?
			 errhint("Add it to engagement_kind, or use one of %s.", workspace_list_names(ws->kinds, ws->nkinds)) :
			 errhint("Add it to engagement_kind."),
			 err_column_constraint(row->trigdata->tg_relation, attno, "engagement_kind_fkey")));
}

/* engagement_check(): BEFORE ROW trigger */
Datum
engagement_check(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = check_protocol(fcinfo, "engagement_check", true, true,
										   "engagement", NULL);
	Pending    *pending = pending_current(trigdata->tg_relation, trigdata->tg_event);
	Workspace  *ws = cache_workspace(pending->lead_relid);
	NewRow		row = new_row(trigdata);
	Datum		submission_id;
	bool		isnull;

	check_time(&row, ws->engagement_column[ENGAGEMENT_AT], pending->at, "engagement_at");
	check_kind(ws, &row);

	/* the row before this one is in the index by now */
	submission_release(&pending->lock);
	submission_id = slot_getattr(row.slot, ws->engagement_column[ENGAGEMENT_SUBMISSION_ID], &isnull);
	if (!isnull && row.old == NULL &&
		submission_exists(ws, trigdata->tg_relation, submission_id, &pending->lock))
		return PointerGetDatum(NULL);
	return PointerGetDatum(row.tuple);
}

static Touch *
pending_touch(Pending *pending, int64 lead_id)
{
	PendingLead *lead;
	bool		found;

	if (pending->leads == NULL)
		pending->leads = pending_create(pending->batch_context, 16, NULL);
	lead = pending_insert(pending->leads, lead_id, &found);
	if (!found)
	{
		lead->touch = MemoryContextAllocZero(pending->batch_context, sizeof(Touch));
		lead->touch->history.lead_id = lead_id;
		lead->touch->history.last_engaged_at = DT_NOBEGIN;
	}
	return lead->touch;
}

/* What the rules give for one new engagement. */
static void
add_engagement(Workspace *ws, Pending *pending, TupleTableSlot *source)
{
	TupleTableSlot *slot = ws->engagement_slot;
	ScoreModel *model = ws->model;
	TimestampTz at;
	Touch	   *touch;
	LeadHistory *history;

	ResetExprContext(ws->engagement_econtext);
	workspace_borrow_row(slot, source);

	at = DatumGetTimestampTz(slot->tts_values[ws->engagement_column[ENGAGEMENT_AT] - 1]);
	touch = pending_touch(pending,
						  DatumGetInt64(slot->tts_values[ws->engagement_column[ENGAGEMENT_LEAD_ID] - 1]));
	history = &touch->history;
	if (history->last_engaged_at == DT_NOBEGIN)
		touch->rule_version = model->rule_version;
	else if (touch->rule_version != model->rule_version)
		touch->whole = true;	/* the rules changed half way */
	history->last_engaged_at = Max(history->last_engaged_at, at);
	if (touch->whole || !score_evaluate_engagement(ws, model))
		return;
	if (history->totals == NULL)
		history->totals = MemoryContextAllocZero(pending->batch_context,
												 model->engagement.n * sizeof(RuleTotal));
	for (int i = 0; i < model->engagement.n; i++)
		if (model->engagement.holds[i])
			score_total_add(&model->engagement.rules[i], &history->totals[i], at);
}

static void
read_whole(Workspace *ws, Pending *pending, TupleTableSlot *slot)
{
	bool		isnull;
	Datum		lead_id = slot_getattr(slot, ws->engagement_column[ENGAGEMENT_LEAD_ID], &isnull);

	if (!isnull)
		pending_touch(pending, DatumGetInt64(lead_id))->whole = true;
}

static void
flush_if_full(Pending *pending)
{
	if (MemoryContextMemAllocated(pending->batch_context, true) > PENDING_MEMORY)
		pending_flush(pending);
}

/* engagement_record(): AFTER ROW trigger */
Datum
engagement_record(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = check_protocol(fcinfo, "engagement_record", false, true,
										   "engagement", NULL);
	Pending    *pending = pending_current(trigdata->tg_relation, trigdata->tg_event);
	Workspace  *ws = cache_workspace(pending->lead_relid);

	submission_release(&pending->lock);
	if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		add_engagement(ws, pending, trigdata->tg_trigslot);
	else if (!merge_is_moving(ws->lead_relid))	/* which scores both leads */
	{
		read_whole(ws, pending, trigdata->tg_trigslot);
		if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
			read_whole(ws, pending, trigdata->tg_newslot);
	}
	flush_if_full(pending);
	return PointerGetDatum(NULL);
}

/* engagement_finish(): AFTER STATEMENT trigger of both tables */
Datum
engagement_finish(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = check_protocol(fcinfo, "engagement_finish", false, false,
										   "engagement", "score_adjustment");
	Pending    *pending = pending_find(RelationGetRelid(trigdata->tg_relation), trigdata->tg_event);
	Pending   **link = &innermost;

	if (pending == NULL)
		return PointerGetDatum(NULL);
	submission_release(&pending->lock);
	while (pending->leads != NULL)
		pending_flush(pending);
	while (*link != pending)
		link = &(*link)->outer;
	discard(link);
	return PointerGetDatum(NULL);
}

static void
refuse_ledger_change(Relation relation)
{
	ereport(ERROR,
			(errcode(ERRCODE_RESTRICT_VIOLATION),
			 errmsg("corrections of a score cannot be changed or deleted"),
			 errdetail("Table \"score_adjustment\" is a ledger: rows are only added."),
			 errhint("Add a row that takes the points back."),
			 errtableconstraint(relation, "score_adjustment_append_only")));
}

/* Leads that anything is kept of: all of them are read again. */
static void
touch_all(Workspace *ws)
{
	char	   *query = psprintf("SELECT id FROM %s.lead WHERE last_engaged_at IS NOT NULL "
								 "OR score_adjustment OPERATOR(pg_catalog.<>) 0 ORDER BY id", ws->schema);
	OwnerSwitch saved = switch_to_owner(ws->owner);
	int64	   *ids;
	Touch	   *touches;
	Touch	  **pointers;
	int			n;

	spi_begin();
	spi_check(SPI_execute(query, false, 0), SPI_OK_SELECT, query);
	ids = spi_int64s(&n);
	touches = palloc_extended((n + 1) * sizeof(Touch), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	pointers = palloc_extended((n + 1) * sizeof(Touch *), MCXT_ALLOC_HUGE);
	for (int i = 0; i < n; i++)
	{
		touches[i].history.lead_id = ids[i];
		touches[i].whole = true;
		pointers[i] = &touches[i];
	}
	touch_leads(ws->lead_relid, pointers, n);
	spi_end();
	switch_back(saved);
}

/* Corrections go with all leads, and not without them. */
static void
refuse_truncate(Workspace *ws, Relation relation)
{
	if (workspace_finds(relation, psprintf("SELECT FROM %s.lead LIMIT 1", ws->schema)))
		refuse_ledger_change(relation);
}

/* engagement_truncated(): AFTER TRUNCATE trigger of both tables */
Datum
engagement_truncated(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = check_protocol(fcinfo, "engagement_truncated", false, false,
										   "engagement", "score_adjustment");
	Workspace  *ws = cache_workspace(lead_of_sister(trigdata->tg_relation));

	if (strcmp(RelationGetRelationName(trigdata->tg_relation), "score_adjustment") == 0)
		refuse_truncate(ws, trigdata->tg_relation);
	else
		touch_all(ws);
	return PointerGetDatum(NULL);
}

static void
check_reason(NewRow *row)
{
	Relation	relation = row->trigdata->tg_relation;
	AttrNumber	attno = column_number(relation, "reason", TEXTOID);
	bool		isnull;
	Datum		reason = slot_getattr(row->slot, attno, &isnull);

	if (isnull || text_is_blank_of(DatumGetTextPP(reason)))
		ereport(ERROR,
				(errcode(isnull ? ERRCODE_NOT_NULL_VIOLATION : ERRCODE_CHECK_VIOLATION),
				 errmsg("correction of a score has no reason"),
				 errdetail("Column reason is empty."),
				 errhint("Say in a few words why; score_explanation shows it."),
				 err_column_constraint(relation, attno, "score_adjustment_reason_check")));
}

static bool
lead_exists(Workspace *ws, int64 lead_id)
{
	Datum		value = Int64GetDatum(lead_id);
	Datum		ids = spi_array(&value, NULL, 1, INT8OID);
	OwnerSwitch saved = switch_to_owner(ws->owner);
	bool		found;

	spi_begin();
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_EXISTING), &ids, NULL, false, 0),
			  SPI_OK_SELECT, "lead");
	found = SPI_processed > 0;
	spi_end();
	switch_back(saved);
	return found;
}

/* A merge lets the correction be of another lead. */
static bool
only_lead_changed(TriggerData *trigdata, AttrNumber lead_id)
{
	TupleDesc	tupdesc = RelationGetDescr(trigdata->tg_relation);

	for (int i = 0; i < tupdesc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(tupdesc, i);
		bool		isnull,
					old_isnull;
		Datum		value,
					old;

		if (attr->attisdropped || attr->attgenerated != '\0' || i + 1 == lead_id)
			continue;
		value = slot_getattr(trigdata->tg_newslot, i + 1, &isnull);
		old = slot_getattr(trigdata->tg_trigslot, i + 1, &old_isnull);
		if (isnull != old_isnull || (!isnull && !datum_image_eq(value, old, attr->attbyval, attr->attlen)))
			return false;
	}
	return true;
}

/* Only with its lead does a correction go, or to another lead in a merge. */
static void
refuse_change(Workspace *ws, TriggerData *trigdata)
{
	AttrNumber	attno = column_number(trigdata->tg_relation, "lead_id", INT8OID);
	bool		isnull;
	int64		lead_id = DatumGetInt64(slot_getattr(trigdata->tg_trigslot, attno, &isnull));

	if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) && !lead_exists(ws, lead_id))
		return;
	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) && merge_is_moving(ws->lead_relid) &&
		only_lead_changed(trigdata, attno))
		return;
	refuse_ledger_change(trigdata->tg_relation);
}

/* adjustment_check(): BEFORE ROW trigger */
Datum
adjustment_check(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = check_protocol(fcinfo, "adjustment_check", true, true,
										   "score_adjustment", NULL);
	Pending    *pending = pending_current(trigdata->tg_relation, trigdata->tg_event);
	NewRow		row;

	if (!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
	{
		refuse_change(cache_workspace(pending->lead_relid), trigdata);
		return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
							   trigdata->tg_newtuple : trigdata->tg_trigtuple);
	}
	row = new_row(trigdata);
	check_reason(&row);
	check_time(&row, column_number(trigdata->tg_relation, "created_at", TIMESTAMPTZOID), pending->at,
			   "score_adjustment_created_at");
	replace_value(&row, column_number(trigdata->tg_relation, "created_by", TEXTOID),
				  CStringGetTextDatum(current_actor()));
	return PointerGetDatum(row.tuple);
}

/* adjustment_record(): AFTER ROW trigger */
Datum
adjustment_record(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = check_protocol(fcinfo, "adjustment_record", false, true,
										   "score_adjustment", NULL);
	Pending    *pending = pending_current(trigdata->tg_relation, trigdata->tg_event);
	TupleTableSlot *slot = trigdata->tg_trigslot;
	bool		isnull;
	Touch	   *touch;
	Datum		points;

	if (!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		return PointerGetDatum(NULL);
	touch = pending_touch(pending,
						  DatumGetInt64(slot_getattr(slot, column_number(trigdata->tg_relation, "lead_id", INT8OID), &isnull)));
	points = slot_getattr(slot, column_number(trigdata->tg_relation, "points", NUMERICOID), &isnull);
	touch->history.adjustment += points_from_numeric(points);
	flush_if_full(pending);
	return PointerGetDatum(NULL);
}
