/*-------------------------------------------------------------------------
 *
 * row_writer.c
 *	  Rows of one table found by their key and written without a query.
 *
 * An engagement that comes alone writes two rows of other tables.  Most of
 * the time that two UPDATEs through SPI take goes into starting and ending
 * the executor, and into parsing the table's CHECK constraints again.  So
 * these rows are written by what logical replication writes rows with: the
 * executor's functions for a single row, with triggers, constraints and
 * indexes as in any UPDATE.
 *
 *-------------------------------------------------------------------------
 */
#include "row_writer.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "commands/trigger.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

bool
row_writer_serves(Relation relation)
{
	TupleConstr *constr = RelationGetDescr(relation)->constr;
	TriggerDesc *triggers = relation->trigdesc;

	/* a trigger with transition tables must be shown all rows at once */
	if (triggers != NULL && (triggers->trig_update_old_table || triggers->trig_update_new_table))
		return false;
	return relation->rd_rel->relkind == RELKIND_RELATION &&
		!relation->rd_rel->relispartition &&
		!relation->rd_rel->relhassubclass &&
		relation->rd_rules == NULL &&
		OidIsValid(lead_primary_key(relation)) &&
		(constr == NULL || !constr->has_generated_stored);
}

static bool
is_users_function(Oid function, void *context pg_attribute_unused())
{
	return function >= FirstNormalObjectId;
}

/* Functions that may be replaced, and rows whose type may change */
static bool
may_change(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var) && ((Var *) node)->varattno == InvalidAttrNumber)
		return true;
	if (check_functions_in_node(node, is_users_function, context))
		return true;
	return expression_tree_walker(node, may_change, context);
}

ExprState **
row_writer_checks(TupleDesc tupdesc, MemoryContext context)
{
	TupleConstr *constr = tupdesc->constr;
	MemoryContext old;
	ExprState **checks;

	if (constr == NULL || constr->num_check == 0 || lead_has_virtual_columns(constr))
		return NULL;
	old = MemoryContextSwitchTo(context);
	checks = palloc(constr->num_check * sizeof(ExprState *));
	for (int i = 0; checks != NULL && i < constr->num_check; i++)
	{
		Node	   *expression = stringToNode(constr->check[i].ccbin);

		if (may_change(expression, NULL))
			checks = NULL;
		else
			checks[i] = ExecInitExpr(expression_planner((Expr *) expression), NULL);
	}
	MemoryContextSwitchTo(old);
	return checks;
}

static void
open_index(RowWriter *writer)
{
	writer->index = index_open(lead_primary_key(writer->relation), RowExclusiveLock);
	if (writer->index->rd_index->indnkeyatts != 1 ||
		!writer->index->rd_index->indimmediate ||
		writer->index->rd_index->indkey.values[0] != writer->key)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("primary key of table \"%s\" is not on column \"%s\" alone",
						RelationGetRelationName(writer->relation),
						get_attname(RelationGetRelid(writer->relation), writer->key, false)),
				 errhint("Bring the primary key back.")));
}

void
row_writer_begin(RowWriter *writer, Oid relid, AttrNumber key, bool guarded,
				 Bitmapset *columns, ExprState **checks)
{
	/* the snapshot comes after what may have to be waited for */
	writer->relation = table_open(relid, RowExclusiveLock);
	writer->key = key;
	open_index(writer);
	CommandCounterIncrement();
	PushActiveSnapshot(guarded ? GetLatestSnapshot() : GetTransactionSnapshot());

	writer->estate = CreateExecutorState();
	writer->estate->es_snapshot = RegisterSnapshot(GetActiveSnapshot());
	writer->estate->es_output_cid = GetCurrentCommandId(true);
	lead_init_range_table(writer->estate, writer->relation, columns);
	writer->result = makeNode(ResultRelInfo);
	InitResultRelInfo(writer->result, writer->relation, 1, NULL, 0);
	if (checks != NULL)
		writer->result->lead_check_exprs = checks;
	lead_epq_init(&writer->epqstate, writer->estate);
	ExecOpenIndices(writer->result, false);
	writer->old = table_slot_create(writer->relation, &writer->estate->es_tupleTable);
	writer->new = table_slot_create(writer->relation, &writer->estate->es_tupleTable);

	AfterTriggerBeginQuery();
	ExecBSUpdateTriggers(writer->estate, writer->result);
}

bool
row_writer_find(RowWriter *writer, int64 key)
{
	IndexScanDesc scan;
	ScanKeyData scankey;
	bool		found;

	ScanKeyInit(&scankey, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(key));
	scan = lead_index_beginscan(writer->relation, writer->index, writer->estate->es_snapshot, 1);
	index_rescan(scan, &scankey, 1, NULL, 0);
	found = index_getnext_slot(scan, ForwardScanDirection, writer->old);
	if (found)
		ExecMaterializeSlot(writer->old);
	index_endscan(scan);
	return found;
}

static void
refuse_stale(RowWriter *writer)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to concurrent update"),
			 errdetail("A row of table \"%s\" has been changed since this transaction's snapshot.",
					   RelationGetRelationName(writer->relation)),
			 errhint("The transaction might succeed if retried.")));
}

/* The latest version of the row may have been given another key. */
static bool
has_key(RowWriter *writer, int64 key)
{
	bool		isnull;
	Datum		value = slot_getattr(writer->old, writer->key, &isnull);

	return !isnull && DatumGetInt64(value) == key;
}

bool
row_writer_lock(RowWriter *writer, int64 key)
{
	bool		fixed = IsolationUsesXactSnapshot();
	ItemPointerData tid;
	TM_FailureData failure;

	if (!row_writer_find(writer, key))
		return false;
	tid = writer->old->tts_tid;
	switch (table_tuple_lock(writer->relation, &tid, writer->estate->es_snapshot, writer->old,
							 writer->estate->es_output_cid, LockTupleNoKeyExclusive, LockWaitBlock,
							 fixed ? 0 : TUPLE_LOCK_FLAG_FIND_LAST_VERSION, &failure))
	{
		case TM_Ok:
			return has_key(writer, key);
		case TM_Updated:
			refuse_stale(writer);
			break;
		case TM_Deleted:
			if (fixed)
				refuse_stale(writer);
			return false;
		case TM_SelfModified:
			ereport(ERROR,
					(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
					 errmsg("tuple to be updated was already modified by an operation triggered by the current command"),
					 errdetail("It is a row of table \"%s\".", RelationGetRelationName(writer->relation)),
					 errhint("Consider using an AFTER trigger instead of a BEFORE trigger to propagate changes to other rows.")));
			break;
		default:
			break;
	}
	elog(ERROR, "could not lock a row of table \"%s\"", RelationGetRelationName(writer->relation));
	return false;
}

bool
row_writer_update(RowWriter *writer)
{
	ItemPointerSetInvalid(&writer->new->tts_tid);
	ExecSimpleRelationUpdate(writer->result, writer->estate, &writer->epqstate,
							 writer->old, writer->new);
	ResetPerTupleExprContext(writer->estate);
	return ItemPointerIsValid(&writer->new->tts_tid);
}

void
row_writer_insert(RowWriter *writer)
{
	ExecSimpleRelationInsert(writer->result, writer->estate, writer->new);
	ResetPerTupleExprContext(writer->estate);
}

void
row_writer_end(RowWriter *writer)
{
	ExecASUpdateTriggers(writer->estate, writer->result, NULL);
	AfterTriggerEndQuery(writer->estate);

	EvalPlanQualEnd(&writer->epqstate);
	ExecCloseIndices(writer->result);
	ExecResetTupleTable(writer->estate->es_tupleTable, false);
	ExecCloseResultRelations(writer->estate);
	UnregisterSnapshot(writer->estate->es_snapshot);
	FreeExecutorState(writer->estate);
	index_close(writer->index, NoLock);
	table_close(writer->relation, NoLock);
	PopActiveSnapshot();
	CommandCounterIncrement();
}
