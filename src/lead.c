/*-------------------------------------------------------------------------
 *
 * lead.c
 *	  The triggers of the table lead.
 *
 * BEFORE ROW decides: it checks the row, then keys, score, status, owner and
 * due date, in this order, and gives the row its derived columns.  AFTER ROW
 * notes what has to be written down for a row that exists, and AFTER
 * STATEMENT (or a full batch) writes it.
 *
 *-------------------------------------------------------------------------
 */
#include "lead_row.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "assignment.h"
#include "cache.h"
#include "duplicate.h"
#include "fuzzy.h"
#include "key.h"
#include "ledger.h"
#include "lead.h"
#include "lead_check.h"
#include "lead_keys.h"
#include "lead_person.h"
#include "lead_score.h"
#include "lead_write.h"
#include "rule_failure.h"
#include "status.h"
#include "touch.h"
#include "trigger.h"

PG_FUNCTION_INFO_V1(lead_begin);
PG_FUNCTION_INFO_V1(lead_decide);
PG_FUNCTION_INFO_V1(lead_record);
PG_FUNCTION_INFO_V1(lead_finish);
PG_FUNCTION_INFO_V1(lead_truncated);

int			lead_recompute_depth = 0;

static TriggerData *
check_protocol(FunctionCallInfo fcinfo, const char *function, bool before, bool row)
{
	TriggerData *trigdata = trigger_data_of(fcinfo, function, before, row);

	if (TRIGGER_FIRED_BY_TRUNCATE(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must not be fired by TRUNCATE", function)));
	if (trigdata->tg_relation->rd_rel->relispartition ||
		trigdata->tg_relation->rd_rel->relkind != RELKIND_RELATION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("table \"%s\" cannot be partitioned or a partition",
						RelationGetRelationName(trigdata->tg_relation)),
				 errdetail("Leads are looked up by the indexes of one table.")));
	return trigdata;
}

/*
 * A statement within others (a user's trigger did it): what those have pending
 * is written first, for the ledgers' order and while the leads are there.  Not
 * of an outer subtransaction: it would be lost with this one.
 */
static void
flush_outer(Relation relation)
{
	Oid			relid = RelationGetRelid(relation);
	Statement  *next;

	for (Statement *s = statement_outermost(); s != NULL; s = next)
	{
		next = statement_inner(s);
		if (s->lead_relid == relid && s->subid == GetCurrentSubTransactionId())
			ledger_flush(cache_workspace(relid), relation, s);
	}
}

/* lead_begin(): BEFORE STATEMENT trigger; rules changed by others apply now. */
Datum
lead_begin(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = check_protocol(fcinfo, "lead_begin", true, false);
	Oid			relid = RelationGetRelid(trigdata->tg_relation);

	/* a transaction that has all its locks already would not notice */
	AcceptInvalidationMessages();
	flush_outer(trigdata->tg_relation);
	statement_begin(relid, trigdata->tg_event);
	rule_failure_report_broken(cache_workspace(relid));
	return PointerGetDatum(NULL);
}

static text *
text_value(const LeadRow *row, LeadColumn column)
{
	return lead_isnull(row, column) ? NULL : DatumGetTextPP(lead_value(row, column));
}

/* Has a column another value than before?  Always, for a new row. */
static bool
attribute_changed(const LeadRow *row, AttrNumber attno)
{
	Form_pg_attribute attr = TupleDescAttr(row->ws->tupdesc, attno - 1);
	bool		isnull = row->slot->tts_isnull[attno - 1];
	bool		old_isnull;
	Datum		old;

	if (row->old == NULL)
		return true;
	old = slot_getattr(row->old, attno, &old_isnull);
	if (isnull || old_isnull)
		return isnull != old_isnull;
	return !datum_image_eq(row->slot->tts_values[attno - 1], old,
						   attr->attbyval, attr->attlen);
}

static bool
changed(const LeadRow *row, LeadColumn column)
{
	return attribute_changed(row, row->ws->column[column]);
}

/* An empty form field is no address. */
static void
blank_is_null(LeadRow *row, LeadColumn column)
{
	if (!lead_isnull(row, column) && text_is_blank_of(text_value(row, column)))
		lead_set_null(row, column);
}

/* Refuse what cannot be a lead; of an UPDATE, only what it changed. */
static void
check_row(LeadRow *row)
{
	bool		email = changed(row, LEAD_EMAIL);
	bool		phone = changed(row, LEAD_PHONE);

	if (changed(row, LEAD_CONTACT_NAME))
		lead_check_name(row->ws, row->relation, text_value(row, LEAD_CONTACT_NAME));
	if (email)
		blank_is_null(row, LEAD_EMAIL);
	if (phone)
		blank_is_null(row, LEAD_PHONE);
	if (email || phone)
		lead_check_contact_method(row->ws, row->relation, text_value(row, LEAD_EMAIL),
								  text_value(row, LEAD_PHONE));
	if (email)
		lead_check_email(row->ws, row->relation, text_value(row, LEAD_EMAIL));
	if (phone)
		lead_check_phone(row->ws, row->relation, text_value(row, LEAD_PHONE));
	if (changed(row, LEAD_SOURCE))
		lead_check_source(row->ws, row->relation, text_value(row, LEAD_SOURCE));
}

static void
set_key(LeadRow *row, MatchKey which)
{
	text	   *key = lead_key(row->ws, which);

	if (key == NULL)
		lead_set_null(row, match_key_column[which]);
	else
		lead_set(row, match_key_column[which], PointerGetDatum(key));
}

static void
decide_keys(LeadRow *row, bool all)
{
	if (all || changed(row, LEAD_EMAIL))
		set_key(row, MATCH_EMAIL);
	if (all || changed(row, LEAD_PHONE) || changed(row, LEAD_COUNTRY))
		set_key(row, MATCH_PHONE);
	if (all || changed(row, LEAD_COMPANY) || changed(row, LEAD_CONTACT_NAME))
		set_key(row, MATCH_COMPANY_AND_NAME);
	lead_set(row, LEAD_PERSON_KEY, Int64GetDatum(person_stamp(row->ws, row->slot)));
}

static bool
score_columns_changed(LeadRow *row)
{
	int			attno = -1;

	while ((attno = bms_next_member(row->ws->model->columns, attno)) >= 0)
		if (attribute_changed(row, (AttrNumber) attno))
			return true;
	return false;
}

/* Of rules that reject: before the ticket is drawn, and before it is written. */
static void
check_duplicates(LeadRow *row)
{
	if (duplicate_suspended > 0)
		return;
	for (int key = 0; key < MATCH_KEYS; key++)
		if (row->ws->match[key].name != NULL && row->ws->match[key].reject &&
			changed(row, match_key_column[key]))
			duplicate_check(row, key);
}

/*
 * The time allowed begins with "from".  Its days are days of the workspace,
 * not of the session.
 */
static void
decide_response_due(LeadRow *row, Datum from)
{
	pg_tz	   *volatile session_zone = session_timezone;
	volatile Datum due = (Datum) 0;

	session_timezone = row->ws->settings.time_zone;
	PG_TRY();
	{
		due = DirectFunctionCall2(timestamptz_pl_interval, from,
								  IntervalPGetDatum(&row->ws->response_within));
	}
	PG_FINALLY();
	{
		session_timezone = session_zone;
	}
	PG_END_TRY();
	lead_set(row, LEAD_RESPONSE_DUE_AT, due);
}

static void
check_created_at(LeadRow *row)
{
	TimestampTz at = DatumGetTimestampTz(lead_value(row, LEAD_CREATED_AT));

	if (TIMESTAMP_IS_NOBEGIN(at))
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("lead is created before all time"),
				 errdetail("The lead is to be created at -infinity."),
				 errhint("Give the time at which it came in, or leave created_at alone for now."),
				 err_column_constraint(row->relation, row->ws->column[LEAD_CREATED_AT],
					   "lead_created_at")));
	if (at > row->statement->at && at > GetCurrentTimestamp())
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("lead is created in the future"),
				 errdetail("The lead is to be created at %s.", timestamptz_to_str(at)),
				 errhint("Give the time at which it came in, or leave created_at alone for now."),
				 err_column_constraint(row->relation, row->ws->column[LEAD_CREATED_AT],
					   "lead_created_at")));
}

static void
stamp_update(LeadRow *row)
{
	lead_set(row, LEAD_UPDATED_AT, TimestampTzGetDatum(row->statement->at));
	lead_set_text(row, LEAD_UPDATED_BY, row->statement->actor);
}

static void
fill_defaults(LeadRow *row)
{
	static const LeadColumn unknown[] = {
		LEAD_FIRST_RESPONSE_AT, LEAD_LAST_ACTIVITY_AT, LEAD_LAST_ENGAGED_AT,
		LEAD_MERGED_INTO, LEAD_SCORE_ADJUSTMENT
	};

	for (int i = 0; i < count_of(unknown); i++)
		lead_set_null(row, unknown[i]);
	if (lead_isnull(row, LEAD_STATUS))
		lead_set_text(row, LEAD_STATUS, "new");
	if (lead_isnull(row, LEAD_CREATED_AT))
		lead_set(row, LEAD_CREATED_AT, TimestampTzGetDatum(row->statement->at));
	lead_set(row, LEAD_STATUS_SINCE, lead_value(row, LEAD_CREATED_AT));
	lead_set_text(row, LEAD_CREATED_BY, row->statement->actor);
	stamp_update(row);
}

static void
decide_insert(LeadRow *row)
{
	fill_defaults(row);
	check_created_at(row);
	check_row(row);
	decide_keys(row, true);
	lead_set_null(row, LEAD_SCORED_AT);
	lead_score_decide(row, NULL);
	status_check(row, NULL, lead_text(row, LEAD_STATUS));
	check_duplicates(row);
	decide_response_due(row, lead_value(row, LEAD_CREATED_AT));
	row->statement->drawn_rep_id = 0;
	if (lead_isnull(row, LEAD_OWNER_ID))
	{
		assignment_route(row);
		if (!lead_isnull(row, LEAD_OWNER_ID))
		{
			row->statement->drawn_lead_id = DatumGetInt64(lead_value(row, LEAD_ID));
			row->statement->drawn_rep_id = DatumGetInt64(lead_value(row, LEAD_OWNER_ID));
		}
	}
}

/* What the database decides is as it was, whatever the writer says. */
static void
restore_derived(LeadRow *row)
{
	static const LeadColumn derived[] = {
		LEAD_DEMOGRAPHIC_SCORE, LEAD_BEHAVIORAL_SCORE, LEAD_FIRMOGRAPHIC_SCORE,
		LEAD_SCORE_ADJUSTMENT, LEAD_SCORE, LEAD_GRADE, LEAD_SCORED_AT,
		LEAD_RESPONSE_DUE_AT, LEAD_FIRST_RESPONSE_AT, LEAD_LAST_ACTIVITY_AT,
		LEAD_LAST_ENGAGED_AT, LEAD_EMAIL_KEY, LEAD_PHONE_KEY, LEAD_NAME_KEY,
		LEAD_MERGED_INTO, LEAD_CREATED_BY, LEAD_PERSON_KEY
	};

	for (int i = 0; i < count_of(derived); i++)
	{
		int			index = lead_index(row, derived[i]);

		row->slot->tts_values[index] = slot_getattr(row->old, index + 1,
													&row->slot->tts_isnull[index]);
	}
}

static TimestampTz
old_status_since(LeadRow *row)
{
	bool		isnull;
	Datum		value = slot_getattr(row->old, row->ws->column[LEAD_STATUS_SINCE], &isnull);

	return isnull ? DT_NOBEGIN : DatumGetTimestampTz(value);
}

/*
 * The time at which a lead came in was corrected.  Its first status began
 * then, so it must not be after the first change; returns since when the lead
 * has the status that it had before this UPDATE.
 */
static TimestampTz
decide_created_at(LeadRow *row)
{
	TimestampTz created_at = DatumGetTimestampTz(lead_value(row, LEAD_CREATED_AT));
	TimestampTz first;

	if (!changed(row, LEAD_CREATED_AT))
		return old_status_since(row);

	check_created_at(row);
	decide_response_due(row, TimestampTzGetDatum(created_at));
	first = ledger_first_change(row->ws, DatumGetInt64(lead_value(row, LEAD_ID)));
	if (first == DT_NOEND)
		return created_at;
	if (created_at > first)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("lead is created after the first change of its status"),
				 errdetail("The lead is to be created at %s; its status first changed at %s.",
						   pstrdup(timestamptz_to_str(created_at)),
						   pstrdup(timestamptz_to_str(first))),
				 errhint("Give a time before that, or leave created_at alone."),
				 err_column_constraint(row->relation, row->ws->column[LEAD_CREATED_AT],
									   "lead_created_at")));
	return old_status_since(row);
}

/* A change may bring its own time; without a change there is none. */
static void
decide_status(LeadRow *row)
{
	TimestampTz last = decide_created_at(row);
	TimestampTz at = Max(row->statement->at, last);

	if (!changed(row, LEAD_STATUS))
	{
		lead_set(row, LEAD_STATUS_SINCE, TimestampTzGetDatum(last));
		return;
	}
	if (lead_isnull(row, LEAD_STATUS))
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("null value in column \"%s\" of relation \"%s\" violates not-null constraint",
						"status", RelationGetRelationName(row->relation)),
				 errdetail("Every lead has a status."),
				 errhint("Leave the status alone, or give one of lead_status."),
				 err_column_constraint(row->relation, row->ws->column[LEAD_STATUS],
									   "lead_status_transition")));
	if (!lead_isnull(row, LEAD_STATUS_SINCE) && changed(row, LEAD_STATUS_SINCE))
	{
		at = DatumGetTimestampTz(lead_value(row, LEAD_STATUS_SINCE));
		status_check_time(row, last, at);
	}
	lead_set(row, LEAD_STATUS_SINCE, TimestampTzGetDatum(at));
	status_check(row, slot_text(row->old, row->ws->column[LEAD_STATUS]),
				 lead_text(row, LEAD_STATUS));
}

/*
 * Did the row that an INSERT of this transaction last decided on come to be?
 * Then this UPDATE is one of a MERGE, or of a trigger, and no upsert's.
 */
static bool
was_inserted(LeadRow *row, int64 lead_id)
{
	Oid			index_oid = lead_primary_key(row->relation);
	bool		isnull;
	int64		own_id = DatumGetInt64(slot_getattr(row->old, row->ws->column[LEAD_ID],
													&isnull));
	Relation	index;
	IndexScanDesc scan;
	ScanKeyData key;
	TupleTableSlot *slot;
	bool		found = false;

	if (own_id == lead_id || !OidIsValid(index_oid))
		return false;
	index = index_open(index_oid, AccessShareLock);
	slot = table_slot_create(row->relation, NULL);
	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(lead_id));
	scan = lead_index_beginscan(row->relation, index, SnapshotSelf, 1);
	index_rescan(scan, &key, 1, NULL, 0);
	while (!found && index_getnext_slot(scan, ForwardScanDirection, slot))
	{
		Datum		xmin = slot_getsysattr(slot, MinTransactionIdAttributeNumber, &isnull);

		found = TransactionIdIsCurrentTransactionId(DatumGetTransactionId(xmin));
	}
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	index_close(index, NoLock);
	return found;
}

/*
 * An upsert that turned into an UPDATE finds in EXCLUDED the owner that was
 * drawn for the row that was not inserted: that one never replaces another.
 */
static void
keep_owner_of_upsert(LeadRow *row)
{
	Statement  *insert = statement_find(row->statement->lead_relid, TRIGGER_EVENT_INSERT);
	int			index = lead_index(row, LEAD_OWNER_ID);

	if (insert == NULL || insert->drawn_rep_id == 0 || row->statement->outer != insert ||
		was_inserted(row, insert->drawn_lead_id))
		return;
	statement_undecide(insert, insert->drawn_lead_id, insert->drawn_rep_id);
	if (!lead_isnull(row, LEAD_OWNER_ID) &&
		DatumGetInt64(lead_value(row, LEAD_OWNER_ID)) == insert->drawn_rep_id)
		row->slot->tts_values[index] = slot_getattr(row->old, index + 1,
													&row->slot->tts_isnull[index]);
	insert->drawn_rep_id = 0;
}

static void
keep_old(LeadRow *row, LeadColumn column)
{
	int			index = lead_index(row, column);

	row->slot->tts_values[index] = slot_getattr(row->old, index + 1, &row->slot->tts_isnull[index]);
}

/* The person is back; see LeadWrite. */
static bool
reopen(LeadRow *row)
{
	char	   *status = slot_text(row->old, row->ws->column[LEAD_STATUS]);
	bool		given_up = status != NULL &&
		workspace_has_name(row->ws->reopened, row->ws->nreopened, status);

	if (!given_up && lead_isnull(row, LEAD_ARCHIVED_AT))
		return false;
	lead_set_null(row, LEAD_ARCHIVED_AT);
	lead_set_null(row, LEAD_FIRST_RESPONSE_AT);
	decide_response_due(row, TimestampTzGetDatum(row->statement->at));
	/* what the person says must not be lost because a guard does not hold */
	if (given_up && status_possible(row, status, "new"))
		lead_set_text(row, LEAD_STATUS, "new");
	return true;
}

/* What an UPDATE of ours does besides; returns whether the lead was reopened. */
static bool
apply_write(LeadRow *row, const LeadWrite *write)
{
	for (int i = 0; i < write->nvalues; i++)
	{
		if (write->isnull[i])
			lead_set_null(row, write->columns[i]);
		else
			lead_set(row, write->columns[i], write->values[i]);
	}
	return write->reopen && reopen(row);
}

static void
decide_update(LeadRow *row)
{
	bool		all = lead_recompute_depth > 0;
	int64		lead_id = DatumGetInt64(lead_value(row, LEAD_ID));
	Touch	   *touch;
	LeadWrite  *write;
	bool		became_ready = false;
	bool		reopened = false;
	bool		rekey;

	write = lead_write_apply(row->ws->lead_relid, lead_id);
	if (write != NULL && write->verbatim)
		return;
	restore_derived(row);
	touch = touch_apply(row->ws->lead_relid, lead_id);
	if (write != NULL && write->touch != NULL)
		touch = write->touch;
	if (touch != NULL && !lead_isnull(row, LEAD_MERGED_INTO))
		touch->merged_into = DatumGetInt64(lead_value(row, LEAD_MERGED_INTO));
	if (write != NULL)
		reopened = apply_write(row, write);
	if (lead_isnull(row, LEAD_CREATED_AT))
		lead_set(row, LEAD_CREATED_AT, TimestampTzGetDatum(row->statement->at));
	stamp_update(row);
	check_row(row);
	rekey = all || (write != NULL && write->rekey);
	decide_keys(row, rekey);
	if (write != NULL && write->same_person)
		keep_old(row, LEAD_PERSON_KEY);
	if (all || touch != NULL || lead_isnull(row, LEAD_SCORE) || score_columns_changed(row))
		became_ready = lead_score_decide(row, touch);
	if (lead_isnull(row, LEAD_RESPONSE_DUE_AT))
		decide_response_due(row, lead_value(row, LEAD_CREATED_AT));
	keep_owner_of_upsert(row);
	decide_status(row);
	if (!rekey && (write == NULL || !write->merge))
		check_duplicates(row);
	if ((became_ready || reopened) && lead_isnull(row, LEAD_OWNER_ID) &&
		!changed(row, LEAD_OWNER_ID))
		assignment_route(row);
}

/* lead_decide(): BEFORE ROW trigger */
Datum
lead_decide(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = check_protocol(fcinfo, "lead_decide", true, true);
	bool		insert = TRIGGER_FIRED_BY_INSERT(trigdata->tg_event);
	LeadRow		row;
	HeapTuple	result;

	if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired for INSERT or UPDATE", "lead_decide")));
	row.relation = trigdata->tg_relation;
	row.ws = cache_workspace(RelationGetRelid(row.relation));
	row.statement = statement_current(row.ws->lead_relid, trigdata->tg_event);
	row.slot = row.ws->slot;
	row.old = insert ? NULL : trigdata->tg_trigslot;

	ResetExprContext(row.ws->econtext);
	workspace_borrow_row(row.slot, insert ? trigdata->tg_trigslot : trigdata->tg_newslot);
	if (insert)
		decide_insert(&row);
	else
		decide_update(&row);

	result = heap_form_tuple(row.ws->tupdesc, row.slot->tts_values, row.slot->tts_isnull);
	if (!insert)
	{
		result->t_self = trigdata->tg_newtuple->t_self;
		result->t_tableOid = trigdata->tg_newtuple->t_tableOid;
	}
	ExecClearTuple(row.slot);
	return PointerGetDatum(result);
}

/* What AFTER ROW works with */
typedef struct RecordContext
{
	Workspace  *ws;
	Statement  *statement;
	TupleTableSlot *new;
	TupleTableSlot *old;
	int64		lead_id;
	bool		merge;			/* who merges leads looks after logs; see lead_write.h */
	bool		tolerated;		/* the same of rules that reject */
	bool		same_person;
} RecordContext;

static Datum
get_value(RecordContext *context, TupleTableSlot *slot, LeadColumn column, bool *isnull)
{
	return slot_getattr(slot, context->ws->column[column], isnull);
}

static char *
get_text(RecordContext *context, TupleTableSlot *slot, LeadColumn column)
{
	return slot == NULL ? NULL : slot_text(slot, context->ws->column[column]);
}

static int64
get_int64(RecordContext *context, TupleTableSlot *slot, LeadColumn column)
{
	bool		isnull = true;
	Datum		value = slot == NULL ? (Datum) 0 : get_value(context, slot, column, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

/* Statuses are few: use the one in memory rather than a copy a row. */
static char *
shared_status(RecordContext *context, char *status)
{
	for (int i = 0; i < context->ws->nstatuses; i++)
		if (strcmp(context->ws->statuses[i], status) == 0)
			return context->ws->statuses[i];
	return MemoryContextStrdup(context->statement->batch_context, status);
}

/* Since when it had the old status; the first one moves with created_at. */
static TimestampTz
old_since(RecordContext *context)
{
	TimestampTz since = get_int64(context, context->old, LEAD_STATUS_SINCE);

	if (context->old != NULL && since == get_int64(context, context->old, LEAD_CREATED_AT))
		since = get_int64(context, context->new, LEAD_CREATED_AT);
	return since;
}

static void
record_creation(RecordContext *context)
{
	TimestampTz at = get_int64(context, context->new, LEAD_CREATED_AT);

	if (context->old != NULL && at != get_int64(context, context->old, LEAD_CREATED_AT))
		ledger_move_creation(context->ws, context->lead_id, at);
}

static void
record_status(RecordContext *context)
{
	char	   *from = get_text(context, context->old, LEAD_STATUS);
	char	   *to = get_text(context, context->new, LEAD_STATUS);
	StatusChangeRow *row;

	if (to == NULL || (from != NULL && strcmp(from, to) == 0))
		return;
	row = append_row(&context->statement->status_changes, context->statement->batch_context);
	row->lead_id = context->lead_id;
	row->from_status = from == NULL ? NULL : shared_status(context, from);
	row->to_status = shared_status(context, to);
	row->at = get_int64(context, context->new, LEAD_STATUS_SINCE);
	row->since = old_since(context);
}

static void
record_owner(RecordContext *context)
{
	int64		to = get_int64(context, context->new, LEAD_OWNER_ID);
	int64		from = get_int64(context, context->old, LEAD_OWNER_ID);
	const Outcome *outcome = statement_decided(context->statement, context->lead_id, to);
	AssignmentRow *row;

	if (outcome == NULL && (from == to || context->merge))
		return;
	row = append_row(&context->statement->assignments, context->statement->batch_context);
	row->lead_id = context->lead_id;
	row->rep_id = to;
	row->from_rep_id = from;
	row->outcome = outcome != NULL ? outcome : &assignment_manual;
}

static bool
int64_changed(RecordContext *context, LeadColumn column)
{
	bool		new_isnull,
				old_isnull;
	Datum		new_value = get_value(context, context->new, column, &new_isnull);
	Datum		old_value = get_value(context, context->old, column, &old_isnull);

	return new_isnull || old_isnull ? new_isnull != old_isnull :
		DatumGetInt64(new_value) != DatumGetInt64(old_value);
}

static bool
key_changed(RecordContext *context, LeadColumn column)
{
	bool		new_isnull,
				old_isnull;
	Datum		new_value,
				old_value;

	if (context->old == NULL)
		return true;
	new_value = get_value(context, context->new, column, &new_isnull);
	old_value = get_value(context, context->old, column, &old_isnull);
	if (new_isnull || old_isnull)
		return new_isnull != old_isnull;
	return !datum_image_eq(new_value, old_value, false, -1);
}

static char *
old_key(RecordContext *context, MatchKey key)
{
	return context->ws->match[key].name == NULL ? NULL :
		get_text(context, context->old, match_key_column[key]);
}

/* Others may have been linked to this lead by keys that it has no more. */
static void
record_departure(RecordContext *context)
{
	MemoryContext old = MemoryContextSwitchTo(context->statement->batch_context);
	DepartedRow row = {context->lead_id, context->new == NULL, {NULL}};
	bool		any = row.deleted;

	if (row.deleted)
		ledger_lead_deleted();

	for (int key = 0; key < MATCH_KEYS; key++)
	{
		if (context->new != NULL && !key_changed(context, match_key_column[key]))
			continue;
		row.keys[key] = old_key(context, key);
		any = any || row.keys[key] != NULL;
	}
	if (any)
		*append_row(&context->statement->departed, context->statement->batch_context) = row;
	MemoryContextSwitchTo(old);
}

static CommandId
slot_command(TupleTableSlot *slot)
{
	bool		isnull;

	return DatumGetCommandId(slot_getsysattr(slot, MinCommandIdAttributeNumber, &isnull));
}

static void
record_keys(RecordContext *context)
{
	MemoryContext old = MemoryContextSwitchTo(context->statement->batch_context);
	ProbeRow	row;
	bool		any = false;

	for (int key = 0; key < MATCH_KEYS; key++)
	{
		row.keys[key] = NULL;
		if (context->ws->match[key].name == NULL ||
			!key_changed(context, match_key_column[key]))
			continue;
		row.keys[key] = get_text(context, context->new, match_key_column[key]);
		any = any || row.keys[key] != NULL;
	}
	if (any)
	{
		row.lead_id = context->lead_id;
		row.tid = context->new->tts_tid;
		row.command = slot_command(context->new);
		row.tolerated = context->tolerated;
		*append_row(&context->statement->probes, context->statement->batch_context) = row;
	}
	MemoryContextSwitchTo(old);
}

/* The same for the rule that compares by similarity. */
static void
record_person(RecordContext *context)
{
	Statement  *statement = context->statement;
	MemoryContext old;

	if (context->ws->fuzzy.name == NULL ||
		(context->new != NULL && context->old != NULL && !int64_changed(context, LEAD_PERSON_KEY)))
		return;
	old = MemoryContextSwitchTo(statement->batch_context);
	fuzzy_row_fill(context->ws, append_row(&statement->fuzzy, statement->batch_context),
				   context->new, context->old);
	MemoryContextSwitchTo(old);
}

/* What was kept in the statement's memory moves to the batch. */
static void
record_score(RecordContext *context)
{
	Statement  *statement = context->statement;
	Scored		scored;

	if (!statement_scored(statement, context->lead_id, &scored))
		return;
	if (scored.write_state)
		*append_row(&statement->states, statement->batch_context) = scored.state;
	if (scored.became_ready)
		append_row(&statement->events, statement->batch_context)->lead_id = context->lead_id;
}

static bool
batch_is_full(Statement *statement)
{
	return statement->status_changes.n >= LEDGER_BATCH ||
		statement->assignments.n >= LEDGER_BATCH ||
		statement->probes.n >= LEDGER_BATCH ||
		statement->departed.n >= LEDGER_BATCH ||
		statement->fuzzy.n >= LEDGER_BATCH ||
		statement->states.n >= LEDGER_BATCH;
}

/* What kind of UPDATE of ours this is, if it is one. */
static void
look_at_write(RecordContext *context)
{
	LeadWrite  *write = NULL;

	if (context->old != NULL && context->new != NULL)
		write = lead_write_recorded(context->ws->lead_relid, context->lead_id);
	context->merge = write != NULL && (write->merge || write->verbatim);
	context->tolerated = lead_recompute_depth > 0 || (write != NULL && write->rekey);
	context->same_person = write != NULL && write->same_person;
}

/* lead_record(): AFTER ROW trigger; notes what is to be written down. */
Datum
lead_record(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = check_protocol(fcinfo, "lead_record", false, true);
	RecordContext context;

	context.ws = cache_workspace(RelationGetRelid(trigdata->tg_relation));
	context.statement = statement_current(context.ws->lead_relid, trigdata->tg_event);
	context.old = TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) ? NULL : trigdata->tg_trigslot;
	context.new = TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) ? trigdata->tg_trigslot :
		TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ? trigdata->tg_newslot : NULL;
	context.lead_id = get_int64(&context, context.new ? context.new : context.old, LEAD_ID);

	look_at_write(&context);

	context.statement->drawn_rep_id = 0;	/* no more upserts now */
	if (context.old != NULL)
		record_departure(&context);
	if (context.new != NULL)
	{
		record_creation(&context);
		record_status(&context);
		record_owner(&context);
		record_score(&context);
		/* who shared a key with a merged lead is linked to that one */
		if (!context.merge)
			record_keys(&context);
	}
	if (!context.same_person)
		record_person(&context);
	if (batch_is_full(context.statement))
		ledger_flush(context.ws, trigdata->tg_relation, context.statement);
	return PointerGetDatum(NULL);
}

/* lead_finish(): AFTER STATEMENT trigger; writes it down. */
Datum
lead_finish(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = check_protocol(fcinfo, "lead_finish", false, false);
	Oid			relid = RelationGetRelid(trigdata->tg_relation);
	Statement  *own = statement_find(relid, trigdata->tg_event);

	if (own == NULL)
		return PointerGetDatum(NULL);
	ledger_flush(cache_workspace(relid), trigdata->tg_relation, own);
	statement_end(own);
	return PointerGetDatum(NULL);
}

/*
 * lead_truncated(): AFTER TRUNCATE trigger.  Ledgers go by their foreign keys,
 * but links between duplicates have none, and ids may come again.
 */
Datum
lead_truncated(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	Workspace  *ws;
	OwnerSwitch saved;
	char	   *query;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BY_TRUNCATE(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired AFTER TRUNCATE", "lead_truncated")));

	ws = cache_workspace(RelationGetRelid(trigdata->tg_relation));
	saved = switch_to_owner(ws->owner);
	spi_begin();
	query = psprintf("DELETE FROM %s.duplicate_link", ws->schema);
	spi_check(SPI_execute(query, false, 0), SPI_OK_DELETE, query);
	query = psprintf("TRUNCATE %s.lead_block", ws->schema);
	spi_check(SPI_execute(query, false, 0), SPI_OK_UTILITY, query);
	spi_end();
	switch_back(saved);
	return PointerGetDatum(NULL);
}
