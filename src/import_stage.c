/*-------------------------------------------------------------------------
 *
 * import_stage.c
 *	  Files that are loaded into lead_import, and corrected in import_review.
 *
 * A COPY into a view calls its INSTEAD OF trigger row by row.  Rows are judged
 * as they come, gathered, and put into import_row as COPY itself puts rows
 * into a table: many at once, past the executor.  That is done only as long as
 * import_row is as we made it; with triggers or checks of a user's on it rows
 * go their ordinary way.
 *
 * What can be told only when all of the file is there comes at the end of the
 * statement: rows that hang on how the others are written, and duplicates.
 *
 *-------------------------------------------------------------------------
 */
#include "import.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "cache.h"
#include "import_stage.h"
#include "trigger.h"

PG_FUNCTION_INFO_V1(import_begin);
PG_FUNCTION_INFO_V1(import_take);
PG_FUNCTION_INFO_V1(import_end);
PG_FUNCTION_INFO_V1(import_correct);
PG_FUNCTION_INFO_V1(import_option_changed);
PG_FUNCTION_INFO_V1(visible_lead);

/* Rows, and bytes of them, that are gathered before they are written */
#define ROWS_GATHERED 500
#define BYTES_GATHERED (4 * 1024 * 1024)

/* Columns of import_row beside those of the file */
typedef enum RowColumn
{
	ROW_BATCH_ID,
	ROW_ROW,
	ROW_PROBLEMS,
	ROW_UNSETTLED,
	ROW_EMAIL_KEY,
	ROW_PHONE_KEY
} RowColumn;
#define ROW_COLUMNS (ROW_PHONE_KEY + 1)

static const char *const row_column_name[ROW_COLUMNS] = {
	[ROW_BATCH_ID] = "batch_id",
	[ROW_ROW] = "row",
	[ROW_PROBLEMS] = "problems",
	[ROW_UNSETTLED] = "unsettled",
	[ROW_EMAIL_KEY] = "email_key",
	[ROW_PHONE_KEY] = "phone_key",
};

/* The table import_row, and where its columns are */
typedef struct RowTable
{
	Oid			relid;
	AttrNumber	column[ROW_COLUMNS];
	AttrNumber	value[IMPORT_COLUMNS];
} RowTable;

/* A batch that a statement writes */
typedef struct WrittenBatch
{
	ImportBatch batch;
	int64		rows;
	int64		good;			/* more, or fewer, than before */
	int64		failed;
	bool		keys_changed;
	struct WrittenBatch *next;
} WrittenBatch;

/* A statement on lead_import or import_review */
typedef struct ImportStatement
{
	struct ImportStatement *outer;
	Oid			relid;			/* of the view */
	Oid			lead_relid;
	Oid			owner;
	SubTransactionId subid;
	MemoryContext context;
	MemoryContext row_context;	/* of the row at hand */
	MemoryContext gather_context;	/* of the rows that wait */
	RowTable	table;
	AttrNumber	view[IMPORT_COLUMNS];	/* columns of the view */
	bool		corrects;		/* rows that are there */
	ImportJudge judge;
	WrittenBatch *batches;		/* the one at hand is the first */
	int			ngathered;
	Size		bytes;
	HeapTuple	gathered[ROWS_GATHERED];
} ImportStatement;

static ImportStatement *innermost = NULL;

/* ---- Statements ------------------------------------------------------------ */

static void
discard(ImportStatement **link)
{
	ImportStatement *statement = *link;

	*link = statement->outer;
	MemoryContextDelete(statement->context);
}

static void
subtransaction_ended(SubXactEvent event, SubTransactionId subid,
					 SubTransactionId parent pg_attribute_unused(),
					 void *arg pg_attribute_unused())
{
	ImportStatement **link = &innermost;

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

static void
transaction_ended(XactEvent event, void *arg pg_attribute_unused())
{
	if (event != XACT_EVENT_ABORT && event != XACT_EVENT_COMMIT && event != XACT_EVENT_PREPARE)
		return;
	while (innermost != NULL)
		discard(&innermost);
}

void
import_init(void)
{
	RegisterXactCallback(transaction_ended, NULL);
	RegisterSubXactCallback(subtransaction_ended, NULL);
}

static AttrNumber
column_of(Oid relid, const char *name, Oid type)
{
	AttrNumber	attno = get_attnum(relid, name);

	if (attno <= 0 || get_atttype(relid, attno) != type)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("relation \"%s.%s\" has no column \"%s\" of type %s",
						get_namespace_name(get_rel_namespace(relid)), get_rel_name(relid), name,
						format_type_be(type)),
				 errdetail("Its layout is not that of this version of lead_mgmt."),
				 errhint("Call lead_mgmt.upgrade_workspace to bring it back.")));
	return attno;
}

static void
find_columns(RowTable *table, Oid namespace, Oid owner)
{
	static const Oid types[ROW_COLUMNS] = {INT8OID, INT8OID, TEXTARRAYOID, BOOLOID, TEXTOID, TEXTOID};

	table->relid = sister_relation(namespace, owner, "import_row");
	for (int i = 0; i < ROW_COLUMNS; i++)
		table->column[i] = column_of(table->relid, row_column_name[i], types[i]);
	for (int i = 0; i < IMPORT_COLUMNS; i++)
		table->value[i] = column_of(table->relid, import_column_name[i], TEXTOID);
}

static char *
quoted_schema(const ImportStatement *statement)
{
	return cache_workspace(statement->lead_relid)->schema;
}

/* The trigger must be on this view of a workspace. */
static void
check_view(TriggerData *trigdata, const char *function, const char *view, const char *or)
{
	Relation	relation = trigdata->tg_relation;
	const char *name = RelationGetRelationName(relation);

	if (relation->rd_rel->relkind != RELKIND_VIEW ||
		(strcmp(name, view) != 0 && (or == NULL || strcmp(name, or) != 0)))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" cannot be used on relation \"%s\"", function, name)));
}

static ImportStatement *
statement_begin(Oid relid, Oid namespace, Oid owner)
{
	MemoryContext context = AllocSetContextCreate(TopTransactionContext, "lead_mgmt import",
												  ALLOCSET_DEFAULT_SIZES);
	ImportStatement *statement = MemoryContextAllocZero(context, sizeof(ImportStatement));

	statement->relid = relid;
	statement->owner = owner;
	statement->lead_relid = sister_relation(namespace, owner, "lead");
	statement->subid = GetCurrentSubTransactionId();
	statement->context = context;
	statement->row_context = AllocSetContextCreate(context, "lead_mgmt import row", ALLOCSET_DEFAULT_SIZES);
	statement->gather_context = AllocSetContextCreate(context, "lead_mgmt import rows", ALLOCSET_DEFAULT_SIZES);
	statement->outer = innermost;
	innermost = statement;
	find_columns(&statement->table, namespace, owner);
	return statement;
}

static ImportStatement *
statement_current(Relation view)
{
	for (ImportStatement *s = innermost; s != NULL; s = s->outer)
		if (s->relid == RelationGetRelid(view))
			return s;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("view \"%s\" lacks a trigger", RelationGetRelationName(view)),
			 errdetail("The trigger before each statement was not fired."),
			 errhint("Call lead_mgmt.upgrade_workspace to bring it back.")));
	return NULL;
}

/* ---- Batches ------------------------------------------------------------------ */

static char *
batch_text(HeapTuple row, TupleDesc tupdesc, int column, MemoryContext context)
{
	char	   *value = SPI_getvalue(row, tupdesc, column);

	return value == NULL ? NULL : MemoryContextStrdup(context, value);
}

static DayOrder
date_order_of(const char *name)
{
	return name == NULL ? DATE_ORDER_UNKNOWN :
		strcmp(name, "DMY") == 0 ? DATE_ORDER_DMY : DATE_ORDER_MDY;
}

/* What is told, or else what the file shows */
bool
import_read_batch(const char *schema, int64 id, MemoryContext context, ImportBatch *batch)
{
	char	   *query = psprintf("SELECT source, country, on_known, COALESCE(date_order, seen_date_order), "
								 "COALESCE(decimal_mark, seen_decimal_mark) FROM %s.import_load "
								 "WHERE id OPERATOR(pg_catalog.=) " INT64_FORMAT " FOR NO KEY UPDATE", schema, id);
	HeapTuple	row;
	TupleDesc	tupdesc;
	char	   *mark;

	spi_check(SPI_execute(query, false, 1), SPI_OK_SELECT, query);
	if (SPI_processed == 0)
		return false;
	row = SPI_tuptable->vals[0];
	tupdesc = SPI_tuptable->tupdesc;
	memset(batch, 0, sizeof(*batch));
	batch->id = id;
	batch->source = batch_text(row, tupdesc, 1, context);
	batch->country = batch_text(row, tupdesc, 2, context);
	batch->update_known = strcmp(SPI_getvalue(row, tupdesc, 3), "skip") != 0;
	batch->writing.date_order = date_order_of(SPI_getvalue(row, tupdesc, 4));
	mark = SPI_getvalue(row, tupdesc, 5);
	batch->writing.decimal_mark = mark == NULL ? 0 : mark[0];
	return true;
}

static WrittenBatch *
add_batch(ImportStatement *statement)
{
	WrittenBatch *written = MemoryContextAllocZero(statement->context, sizeof(WrittenBatch));

	written->next = statement->batches;
	statement->batches = written;
	return written;
}

static void
create_batch(ImportStatement *statement)
{
	WrittenBatch *written = add_batch(statement);
	char	   *role = GetUserNameFromId(GetOuterUserId(), false);
	char	   *query = psprintf("INSERT INTO %s.import_load (role, actor, login) VALUES (%s, %s, %s) RETURNING id",
								 quoted_schema(statement), quote_literal_cstr(role),
								 quote_literal_cstr(current_actor()), quote_literal_cstr(current_login()));
	bool		isnull;

	spi_check(SPI_execute(query, false, 1), SPI_OK_INSERT_RETURNING, query);
	written->batch.id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	written->batch.update_known = true;
}

/* The batch of a row, locked, so that nobody confirms it meanwhile. */
static WrittenBatch *
use_batch(ImportStatement *statement, int64 id)
{
	WrittenBatch **link;
	WrittenBatch *written;

	for (link = &statement->batches; (written = *link) != NULL; link = &written->next)
		if (written->batch.id == id)
		{
			*link = written->next;
			written->next = statement->batches;
			statement->batches = written;
			return written;
		}
	written = add_batch(statement);
	if (!import_read_batch(quoted_schema(statement), id, statement->context, &written->batch))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("import batch " INT64_FORMAT " was deleted meanwhile", id),
				 errhint("The statement might succeed if retried.")));
	return written;
}

static void
judge_begin(ImportStatement *statement)
{
	MemoryContext old = MemoryContextSwitchTo(statement->context);

	import_judge_begin(&statement->judge, cache_workspace(statement->lead_relid), NULL);
	MemoryContextSwitchTo(old);
}

/* import_begin(): BEFORE STATEMENT trigger */
Datum
import_begin(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_data_of(fcinfo, "import_begin", true, false);
	Relation	view = trigdata->tg_relation;
	ImportStatement *statement;
	OwnerSwitch saved;

	check_view(trigdata, "import_begin", "lead_import", "import_review");
	AcceptInvalidationMessages();
	statement = statement_begin(RelationGetRelid(view), RelationGetNamespace(view), view->rd_rel->relowner);
	for (int i = 0; i < IMPORT_COLUMNS; i++)
		statement->view[i] = column_of(RelationGetRelid(view), import_column_name[i], TEXTOID);
	saved = switch_to_owner(statement->owner);
	spi_begin();
	judge_begin(statement);
	statement->corrects = !TRIGGER_FIRED_BY_INSERT(trigdata->tg_event);
	if (!statement->corrects)
		create_batch(statement);
	spi_end();
	switch_back(saved);
	return PointerGetDatum(NULL);
}

/* ---- Rows of import_row ------------------------------------------------------- */

Datum
import_text_array(Datum *texts, int n)
{
	return spi_array(texts, NULL, n, TEXTOID);
}

/* A row of import_row; in the memory at hand. */
static HeapTuple
form_row(const RowTable *table, TupleDesc tupdesc, int64 batch_id, int64 row,
		 text **values, ImportVerdict *verdict)
{
	Datum	   *datums = palloc0(tupdesc->natts * sizeof(Datum));
	bool	   *nulls = palloc(tupdesc->natts * sizeof(bool));

#define PUT(attno, datum) (datums[(attno) - 1] = (datum), nulls[(attno) - 1] = false)
	memset(nulls, true, tupdesc->natts * sizeof(bool));
	PUT(table->column[ROW_BATCH_ID], Int64GetDatum(batch_id));
	PUT(table->column[ROW_ROW], Int64GetDatum(row));
	PUT(table->column[ROW_PROBLEMS], import_text_array(verdict->problems, verdict->nproblems));
	PUT(table->column[ROW_UNSETTLED], BoolGetDatum(verdict->unsettled));
	if (verdict->email_key != NULL)
		PUT(table->column[ROW_EMAIL_KEY], PointerGetDatum(verdict->email_key));
	if (verdict->phone_key != NULL)
		PUT(table->column[ROW_PHONE_KEY], PointerGetDatum(verdict->phone_key));
	for (int i = 0; i < IMPORT_COLUMNS; i++)
		if (values[i] != NULL)
			PUT(table->value[i], PointerGetDatum(values[i]));
#undef PUT
	return heap_form_tuple(tupdesc, datums, nulls);
}

/* As we made it: with nothing on it that an INSERT would do more. */
static bool
is_plain(Relation relation)
{
	TupleConstr *constr = RelationGetDescr(relation)->constr;
	TriggerDesc *triggers = relation->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
		if (!triggers->triggers[i].tgisinternal && TRIGGER_FOR_INSERT(triggers->triggers[i].tgtype))
			return false;
	return relation->rd_rel->relkind == RELKIND_RELATION && !relation->rd_rel->relispartition &&
		!relation->rd_rel->relrowsecurity && relation->rd_rules == NULL &&
		(constr == NULL || (constr->num_check == 0 && !constr->has_generated_stored));
}

/*
 * Many at once.  That their batch exists needs no check: this transaction made
 * it.
 */
static void
insert_plainly(Relation relation, HeapTuple *tuples, int n)
{
	EState	   *estate = CreateExecutorState();
	ResultRelInfo *result = makeNode(ResultRelInfo);
	TupleTableSlot **slots = palloc(n * sizeof(TupleTableSlot *));
	BulkInsertState bulk = GetBulkInsertState();
	CommandId	command = GetCurrentCommandId(true);

	lead_init_range_table(estate, relation, NULL);
	InitResultRelInfo(result, relation, 1, NULL, 0);
	ExecOpenIndices(result, false);
	for (int i = 0; i < n; i++)
	{
		slots[i] = MakeSingleTupleTableSlot(RelationGetDescr(relation), &TTSOpsHeapTuple);
		ExecStoreHeapTuple(tuples[i], slots[i], false);
	}
	table_multi_insert(relation, slots, n, command, 0, bulk);
	for (int i = 0; i < n; i++)
	{
		(void) lead_insert_index_tuples(result, slots[i], estate);
		ResetPerTupleExprContext(estate);
		ExecDropSingleTupleTableSlot(slots[i]);
	}
	FreeBulkInsertState(bulk);
	ExecCloseIndices(result);
	FreeExecutorState(estate);
}

static Datum
row_array(Oid relid, HeapTuple *tuples, int n, TupleDesc tupdesc, Oid *type)
{
	Oid			row_type = get_rel_type_id(relid);
	Datum	   *datums = palloc(n * sizeof(Datum));

	for (int i = 0; i < n; i++)
		datums[i] = heap_copy_tuple_as_datum(tuples[i], tupdesc);
	*type = get_array_type(row_type);
	return PointerGetDatum(construct_array(datums, n, row_type, -1, false, TYPALIGN_DOUBLE));
}

/* The columns of a table that are there, for the alias of a function's result. */
static char *
column_names(Relation relation)
{
	TupleDesc	tupdesc = RelationGetDescr(relation);
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < tupdesc->natts; i++)
		if (!TupleDescAttr(tupdesc, i)->attisdropped)
			appendStringInfo(&names, "%s%s", names.len > 0 ? ", " : "",
							 quote_identifier(NameStr(TupleDescAttr(tupdesc, i)->attname)));
	return names.data;
}

static void
insert_by_query(ImportStatement *statement, Relation relation, HeapTuple *tuples, int n)
{
	Oid			type;
	Datum		value = row_array(RelationGetRelid(relation), tuples, n, RelationGetDescr(relation), &type);
	StringInfoData columns;
	char	   *query;

	initStringInfo(&columns);
	for (int i = 0; i < ROW_COLUMNS; i++)
		appendStringInfo(&columns, "%s, ", quote_identifier(row_column_name[i]));
	for (int i = 0; i < IMPORT_COLUMNS; i++)
		appendStringInfo(&columns, "%s%s", i > 0 ? ", " : "", quote_identifier(import_column_name[i]));
	query = psprintf("INSERT INTO %s.import_row (%s) SELECT %s FROM pg_catalog.unnest($1)",
					 quoted_schema(statement), columns.data, columns.data);
	spi_begin();
	spi_check(SPI_execute_with_args(query, 1, &type, &value, NULL, false, 0), SPI_OK_INSERT, query);
	spi_end();
}

static void correct_gathered(ImportStatement *statement);

static void
write_gathered(ImportStatement *statement)
{
	Relation	relation;
	MemoryContext old;
	OwnerSwitch saved;

	if (statement->ngathered == 0)
		return;
	old = MemoryContextSwitchTo(statement->gather_context);
	saved = switch_to_owner(statement->owner);
	relation = table_open(statement->table.relid, RowExclusiveLock);
	if (statement->corrects)
		correct_gathered(statement);
	else if (is_plain(relation))
		insert_plainly(relation, statement->gathered, statement->ngathered);
	else
		insert_by_query(statement, relation, statement->gathered, statement->ngathered);
	table_close(relation, NoLock);
	switch_back(saved);
	MemoryContextSwitchTo(old);
	statement->ngathered = 0;
	statement->bytes = 0;
	MemoryContextReset(statement->gather_context);
}

static void
view_values(ImportStatement *statement, TupleTableSlot *slot, text **values)
{
	for (int i = 0; i < IMPORT_COLUMNS; i++)
	{
		bool		isnull;
		Datum		value = slot_getattr(slot, statement->view[i], &isnull);

		values[i] = isnull ? NULL : DatumGetTextPP(value);
	}
}

static void
judge_row(ImportStatement *statement, WrittenBatch *written, text **values, ImportVerdict *verdict)
{
	statement->judge.ws = cache_workspace(statement->lead_relid);
	statement->judge.batch = &written->batch;
	import_judge_row(&statement->judge, values, verdict);
}

static void
gather(ImportStatement *statement, HeapTuple tuple)
{
	MemoryContext old = MemoryContextSwitchTo(statement->gather_context);

	statement->gathered[statement->ngathered++] = heap_copytuple(tuple);
	statement->bytes += tuple->t_len;
	MemoryContextSwitchTo(old);
	if (statement->ngathered == ROWS_GATHERED || statement->bytes >= BYTES_GATHERED)
		write_gathered(statement);
}

/* import_take(): INSTEAD OF INSERT trigger of lead_import */
Datum
import_take(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_data(fcinfo, "import_take");
	ImportStatement *statement;
	MemoryContext old;
	WrittenBatch *written;
	ImportVerdict verdict;
	text	   *values[IMPORT_COLUMNS];
	Relation	relation;

	check_view(trigdata, "import_take", "lead_import", NULL);
	if (!TRIGGER_FIRED_INSTEAD(trigdata->tg_event) || !TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired INSTEAD OF INSERT", "import_take")));
	statement = statement_current(trigdata->tg_relation);
	written = statement->batches;
	old = MemoryContextSwitchTo(statement->row_context);
	view_values(statement, trigdata->tg_trigslot, values);
	judge_row(statement, written, values, &verdict);
	written->rows++;
	if (verdict.nproblems == 0)
		written->good++;
	relation = table_open(statement->table.relid, RowExclusiveLock);
	gather(statement, form_row(&statement->table, RelationGetDescr(relation),
							   written->batch.id, written->rows, values, &verdict));
	table_close(relation, NoLock);
	MemoryContextSwitchTo(old);
	MemoryContextReset(statement->row_context);
	return PointerGetDatum(trigdata->tg_trigtuple);
}

/* ---- Judging rows again ------------------------------------------------------- */

static void
set_option(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

static void
execute_without(const char *const *off, int noff, const char *query, int nargs, Oid *types, Datum *values,
				int expected)
{
	int			level = NewGUCNestLevel();

	for (int i = 0; i < noff; i++)
		set_option(off[i], "off");
	spi_check(SPI_execute_with_args(query, nargs, types, values, NULL, false, 0), expected, query);
	AtEOXact_GUC(true, level);
}

void
import_execute_by_index(const char *query, int nargs, Oid *types, Datum *values, int expected)
{
	static const char *const off[] = {"enable_seqscan", "enable_hashjoin", "enable_mergejoin", "enable_bitmapscan"};

	execute_without(off, count_of(off), query, nargs, types, values, expected);
}

static void
update_rows(ImportStatement *statement, HeapTuple *tuples, int n)
{
	Relation	relation = table_open(statement->table.relid, RowExclusiveLock);
	StringInfoData query;
	Oid			type;
	Datum		value = row_array(statement->table.relid, tuples, n, RelationGetDescr(relation), &type);

	initStringInfo(&query);
	appendStringInfo(&query, "UPDATE %s.import_row r SET problems = n.problems, unsettled = n.unsettled, "
					 "email_key = n.email_key, phone_key = n.phone_key", quoted_schema(statement));
	for (int i = 0; i < IMPORT_COLUMNS; i++)
		appendStringInfo(&query, ", %s = n.%s", quote_identifier(import_column_name[i]),
						 quote_identifier(import_column_name[i]));
	appendStringInfoString(&query, " FROM pg_catalog.unnest($1) n WHERE r.batch_id OPERATOR(pg_catalog.=) n.batch_id "
						   "AND r.\"row\" OPERATOR(pg_catalog.=) n.\"row\"");
	import_execute_by_index(query.data, 1, &type, &value, SPI_OK_UPDATE);
	table_close(relation, NoLock);
}

static bool
same_text(Datum a, bool a_null, text *b)
{
	if (a_null || b == NULL)
		return a_null && b == NULL;
	return datum_image_eq(a, PointerGetDatum(b), false, -1);
}

/* A row as it lies there, judged again; the tuple to write, or NULL: it is as it was. */
static HeapTuple
judge_again(ImportStatement *statement, WrittenBatch *written, HeapTuple row, TupleDesc tupdesc)
{
	const RowTable *table = &statement->table;
	text	   *values[IMPORT_COLUMNS];
	ImportVerdict verdict;
	bool		isnull;
	bool		email_null;
	bool		phone_null;
	Datum		problems = heap_getattr(row, table->column[ROW_PROBLEMS], tupdesc, &isnull);
	Datum		email_key = heap_getattr(row, table->column[ROW_EMAIL_KEY], tupdesc, &email_null);
	Datum		phone_key = heap_getattr(row, table->column[ROW_PHONE_KEY], tupdesc, &phone_null);
	bool		was_good = ArrayGetNItems(ARR_NDIM(DatumGetArrayTypeP(problems)),
										  ARR_DIMS(DatumGetArrayTypeP(problems))) == 0;
	bool		unsettled = DatumGetBool(heap_getattr(row, table->column[ROW_UNSETTLED], tupdesc, &isnull));
	int64		number = DatumGetInt64(heap_getattr(row, table->column[ROW_ROW], tupdesc, &isnull));

	for (int i = 0; i < IMPORT_COLUMNS; i++)
	{
		Datum		value = heap_getattr(row, table->value[i], tupdesc, &isnull);

		values[i] = isnull ? NULL : DatumGetTextPP(value);
	}
	judge_row(statement, written, values, &verdict);
	if (!same_text(email_key, email_null, verdict.email_key) ||
		!same_text(phone_key, phone_null, verdict.phone_key))
		written->keys_changed = true;
	else if (unsettled == verdict.unsettled &&
			 datum_image_eq(problems, import_text_array(verdict.problems, verdict.nproblems), false, -1))
		return NULL;
	written->good += (verdict.nproblems == 0) - was_good;
	return form_row(table, tupdesc, written->batch.id, number, values, &verdict);
}

/* Rows of a batch that are not leads yet; "where" may leave some out. */
static void
judge_batch_again(ImportStatement *statement, WrittenBatch *written, const char *where)
{
	char	   *query = psprintf("SELECT r FROM %s.import_row r WHERE r.batch_id OPERATOR(pg_catalog.=) " INT64_FORMAT "%s "
								 "AND NOT EXISTS (SELECT FROM %s.import_outcome o WHERE o.batch_id OPERATOR(pg_catalog.=) r.batch_id "
								 "AND o.\"row\" OPERATOR(pg_catalog.=) r.\"row\")",
								 quoted_schema(statement), written->batch.id, where, quoted_schema(statement));
	Portal		portal = SPI_cursor_open_with_args(NULL, query, 0, NULL, NULL, NULL, false, 0);
	Relation	relation = table_open(statement->table.relid, RowExclusiveLock);

	for (;;)
	{
		MemoryContext old;
		HeapTuple	changed[ROWS_GATHERED];
		int			n = 0;

		SPI_cursor_fetch(portal, true, ROWS_GATHERED);
		if (SPI_processed == 0)
			break;
		old = MemoryContextSwitchTo(statement->row_context);
		for (uint64 i = 0; i < SPI_processed; i++)
		{
			bool		isnull;
			HeapTupleHeader header = DatumGetHeapTupleHeader(SPI_getbinval(SPI_tuptable->vals[i],
																			SPI_tuptable->tupdesc, 1, &isnull));
			HeapTupleData row = {HeapTupleHeaderGetDatumLength(header), {{0, 0}, 0}, InvalidOid, header};

			changed[n] = judge_again(statement, written, &row, RelationGetDescr(relation));
			if (changed[n] != NULL)
				n++;
		}
		SPI_freetuptable(SPI_tuptable);
		if (n > 0)
			update_rows(statement, changed, n);
		MemoryContextSwitchTo(old);
		MemoryContextReset(statement->row_context);
	}
	SPI_cursor_close(portal);
	table_close(relation, NoLock);
}

/* ---- The end of a statement ------------------------------------------------- */

/* What the file shows about itself decides what hangs on it. */
static void
settle_writing(ImportStatement *statement, WrittenBatch *written)
{
	Writing    *writing = &written->batch.writing;
	WritingSeen seen = writing->seen;

	if (seen.point != seen.comma)
		writing->decimal_mark = seen.point ? '.' : ',';
	if (seen.dmy != seen.mdy)
		writing->date_order = seen.dmy ? DATE_ORDER_DMY : DATE_ORDER_MDY;
	if (writing->decimal_mark != 0 || writing->date_order != DATE_ORDER_UNKNOWN)
		judge_batch_again(statement, written, " AND r.unsettled");
}

static void
find_duplicates_by(ImportStatement *statement, WrittenBatch *written, const char *what)
{
	static const char *const off[] = {"enable_nestloop"};
	char	   *query = psprintf("UPDATE %1$s.import_row r SET same_%2$s = f.first FROM "
								 "(SELECT i.%2$s_key, pg_catalog.min(i.\"row\") AS first FROM %1$s.import_row i "
								 "WHERE i.batch_id OPERATOR(pg_catalog.=) %3$s AND i.%2$s_key IS NOT NULL "
								 "GROUP BY i.%2$s_key HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 1) f "
								 "WHERE r.batch_id OPERATOR(pg_catalog.=) %3$s "
								 "AND r.%2$s_key OPERATOR(pg_catalog.=) f.%2$s_key AND r.\"row\" OPERATOR(pg_catalog.<>) f.first",
								 quoted_schema(statement), what, psprintf(INT64_FORMAT, written->batch.id));

	execute_without(off, count_of(off), query, 0, NULL, NULL, SPI_OK_UPDATE);
}

static void
find_duplicates_in_file(ImportStatement *statement, WrittenBatch *written)
{
	find_duplicates_by(statement, written, "email");
	find_duplicates_by(statement, written, "phone");
}

static void
forget_duplicates(ImportStatement *statement, WrittenBatch *written)
{
	char	   *query = psprintf("UPDATE %s.import_row SET same_email = NULL, same_phone = NULL "
								 "WHERE batch_id OPERATOR(pg_catalog.=) " INT64_FORMAT
								 " AND (same_email IS NOT NULL OR same_phone IS NOT NULL)",
								 quoted_schema(statement), written->batch.id);

	spi_check(SPI_execute(query, false, 0), SPI_OK_UPDATE, query);
}

static const char *
seen_date_order(WritingSeen seen)
{
	return seen.dmy == seen.mdy ? "seen_date_order" : seen.dmy ? "'DMY'" : "'MDY'";
}

static const char *
seen_decimal_mark(WritingSeen seen)
{
	return seen.point == seen.comma ? "seen_decimal_mark" : seen.point ? "'.'" : "','";
}

static void
write_counts(ImportStatement *statement, WrittenBatch *written)
{
	WritingSeen seen = written->batch.writing.seen;
	char	   *query = psprintf("UPDATE %s.import_load SET rows = rows OPERATOR(pg_catalog.+) " INT64_FORMAT "::pg_catalog.int8, "
								 "good = good OPERATOR(pg_catalog.+) (" INT64_FORMAT ")::pg_catalog.int8, "
								 "failed = failed OPERATOR(pg_catalog.+) (" INT64_FORMAT ")::pg_catalog.int8, "
								 "seen_date_order = %s, seen_decimal_mark = %s "
								 "WHERE id OPERATOR(pg_catalog.=) " INT64_FORMAT,
								 quoted_schema(statement), written->rows, written->good, written->failed,
								 written->rows > 0 ? seen_date_order(seen) : "seen_date_order",
								 written->rows > 0 ? seen_decimal_mark(seen) : "seen_decimal_mark",
								 written->batch.id);

	spi_check(SPI_execute(query, false, 0), SPI_OK_UPDATE, query);
}

static void
finish_batch(ImportStatement *statement, WrittenBatch *written)
{
	if (written->rows > 0)
	{
		settle_writing(statement, written);
		find_duplicates_in_file(statement, written);
	}
	else if (written->keys_changed)
	{
		forget_duplicates(statement, written);
		find_duplicates_in_file(statement, written);
	}
	write_counts(statement, written);
}

static void
statement_finish(ImportStatement *statement)
{
	OwnerSwitch saved;

	write_gathered(statement);
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	saved = switch_to_owner(statement->owner);
	spi_begin();
	for (WrittenBatch *written = statement->batches; written != NULL; written = written->next)
		finish_batch(statement, written);
	spi_end();
	switch_back(saved);
	PopActiveSnapshot();
	for (ImportStatement **link = &innermost; *link != NULL; link = &(*link)->outer)
		if (*link == statement)
		{
			discard(link);
			break;
		}
}

/* import_end(): AFTER STATEMENT trigger of lead_import and import_review */
Datum
import_end(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_data_of(fcinfo, "import_end", false, false);

	check_view(trigdata, "import_end", "lead_import", "import_review");
	statement_finish(statement_current(trigdata->tg_relation));
	return PointerGetDatum(NULL);
}

/* ---- Corrections ------------------------------------------------------------- */

static int64
view_int64(TupleTableSlot *slot, const char *column)
{
	AttrNumber	attno = InvalidAttrNumber;
	bool		isnull;

	for (int i = 0; i < slot->tts_tupleDescriptor->natts; i++)
		if (strcmp(NameStr(TupleDescAttr(slot->tts_tupleDescriptor, i)->attname), column) == 0)
			attno = (AttrNumber) (i + 1);
	if (attno == InvalidAttrNumber)
		elog(ERROR, "view has no column \"%s\"", column);
	return DatumGetInt64(slot_getattr(slot, attno, &isnull));
}

static bool
values_differ(text **a, text **b)
{
	for (int i = 0; i < IMPORT_COLUMNS; i++)
		if (!same_text(PointerGetDatum(a[i]), a[i] == NULL, b[i]))
			return true;
	return false;
}

/* What is a lead already is corrected there; what failed may be tried again. */
static void
reopen_row(ImportStatement *statement, WrittenBatch *written, int64 row)
{
	char	   *query = psprintf("DELETE FROM %s.import_outcome WHERE batch_id OPERATOR(pg_catalog.=) " INT64_FORMAT
								 " AND \"row\" OPERATOR(pg_catalog.=) " INT64_FORMAT " RETURNING outcome",
								 quoted_schema(statement), written->batch.id, row);

	spi_check(SPI_execute(query, false, 0), SPI_OK_DELETE_RETURNING, query);
	if (SPI_processed == 0)
		return;
	if (strcmp(SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1), "failed") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("row " INT64_FORMAT " of import batch " INT64_FORMAT " has been imported already",
						row, written->batch.id),
				 errdetail("It cannot be corrected any more."),
				 errhint("Correct the lead, or leave out rows that have an outcome.")));
	written->failed--;
	written->good++;			/* as it was before it failed */
}

/* The row as it lies there, with the values of the corrected one. */
static HeapTuple
with_values(const RowTable *table, HeapTuple row, HeapTuple corrected, TupleDesc tupdesc)
{
	int			columns[IMPORT_COLUMNS];
	Datum		datums[IMPORT_COLUMNS];
	bool		nulls[IMPORT_COLUMNS];

	for (int i = 0; i < IMPORT_COLUMNS; i++)
	{
		columns[i] = table->value[i];
		datums[i] = heap_getattr(corrected, table->value[i], tupdesc, &nulls[i]);
	}
	return heap_modify_tuple_by_cols(row, tupdesc, IMPORT_COLUMNS, columns, datums, nulls);
}

/* Rows that were corrected are judged and written some hundreds at a time. */
static void
correct_gathered(ImportStatement *statement)
{
	WrittenBatch *written = statement->batches;
	TupleDesc	tupdesc;
	Relation	relation = table_open(statement->table.relid, RowExclusiveLock);
	char	   *query = psprintf("SELECT r, n.place FROM pg_catalog.unnest($1) WITH ORDINALITY n "
								 "(%s, place) JOIN %s.import_row r ON r.batch_id OPERATOR(pg_catalog.=) n.batch_id "
								 "AND r.\"row\" OPERATOR(pg_catalog.=) n.\"row\"",
								 column_names(relation), quoted_schema(statement));
	HeapTuple	changed[ROWS_GATHERED];
	Oid			type;
	Datum		value;
	int			n;
	MemoryContext context = CurrentMemoryContext;

	tupdesc = RelationGetDescr(relation);
	value = row_array(statement->table.relid, statement->gathered, statement->ngathered, tupdesc, &type);
	spi_begin();
	MemoryContextSwitchTo(context);
	import_execute_by_index(query, 1, &type, &value, SPI_OK_SELECT);
	n = (int) SPI_processed;
	for (int i = 0; i < n; i++)
	{
		bool		isnull;
		HeapTupleHeader header = DatumGetHeapTupleHeader(SPI_getbinval(SPI_tuptable->vals[i],
																		SPI_tuptable->tupdesc, 1, &isnull));
		int64		place = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2, &isnull));
		HeapTupleData row = {HeapTupleHeaderGetDatumLength(header), {{0, 0}, 0}, InvalidOid, header};
		HeapTuple	corrected = with_values(&statement->table, &row, statement->gathered[place - 1], tupdesc);

		changed[i] = judge_again(statement, written, corrected, tupdesc);
		if (changed[i] == NULL)
			changed[i] = corrected;
	}
	if (n > 0)
		update_rows(statement, changed, n);
	spi_end();
	table_close(relation, NoLock);
}

static void
correct_row(ImportStatement *statement, int64 batch_id, int64 number, text **old, text **values)
{
	WrittenBatch *written;
	ImportVerdict none = {0};
	Relation	relation;

	/* what is gathered is of one batch */
	if (statement->batches != NULL && statement->batches->batch.id != batch_id)
		write_gathered(statement);
	written = use_batch(statement, batch_id);
	if (values_differ(old, values))
		reopen_row(statement, written, number);
	relation = table_open(statement->table.relid, RowExclusiveLock);
	gather(statement, form_row(&statement->table, RelationGetDescr(relation), batch_id, number, values, &none));
	table_close(relation, NoLock);
}

/* import_correct(): INSTEAD OF UPDATE trigger of import_review */
Datum
import_correct(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_data(fcinfo, "import_correct");
	ImportStatement *statement;
	MemoryContext old_context;
	text	   *old[IMPORT_COLUMNS];
	text	   *values[IMPORT_COLUMNS];
	OwnerSwitch saved;

	check_view(trigdata, "import_correct", "import_review", NULL);
	if (!TRIGGER_FIRED_INSTEAD(trigdata->tg_event) || !TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired INSTEAD OF UPDATE", "import_correct")));
	statement = statement_current(trigdata->tg_relation);
	view_values(statement, trigdata->tg_trigslot, old);
	view_values(statement, trigdata->tg_newslot, values);
	saved = switch_to_owner(statement->owner);
	spi_begin();
	old_context = MemoryContextSwitchTo(statement->row_context);
	correct_row(statement, view_int64(trigdata->tg_trigslot, "batch_id"),
				view_int64(trigdata->tg_trigslot, "row"), old, values);
	MemoryContextSwitchTo(old_context);
	spi_end();
	switch_back(saved);
	MemoryContextReset(statement->row_context);
	return PointerGetDatum(trigdata->tg_newtuple);
}

/* import_option_changed(): AFTER UPDATE trigger of import_load */
Datum
import_option_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_data_of(fcinfo, "import_option_changed", false, true);
	Relation	relation = trigdata->tg_relation;
	ImportStatement *statement;
	bool		isnull;
	int64		id;
	OwnerSwitch saved;

	trigger_check_table(trigdata, "import_option_changed", "import_load", NULL);
	id = DatumGetInt64(slot_getattr(trigdata->tg_newslot, column_of(RelationGetRelid(relation), "id", INT8OID), &isnull));
	statement = statement_begin(RelationGetRelid(relation), RelationGetNamespace(relation),
								relation->rd_rel->relowner);
	saved = switch_to_owner(statement->owner);
	spi_begin();
	judge_begin(statement);
	judge_batch_again(statement, use_batch(statement, id), "");
	spi_end();
	switch_back(saved);
	statement_finish(statement);
	return PointerGetDatum(NULL);
}

/* ---- Who may see a lead --------------------------------------------------------- */

static bool
may_read_ids(Oid lead_relid)
{
	return lead_schema_usable(get_rel_namespace(lead_relid)) &&
		(pg_class_aclcheck(lead_relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK ||
		 pg_attribute_aclcheck(lead_relid, get_attnum(lead_relid, "id"), GetUserId(), ACL_SELECT) == ACLCHECK_OK);
}

static bool
sees_row(Oid lead_relid, int64 lead_id)
{
	char	   *query;
	bool		found;

	if (check_enable_rls(lead_relid, InvalidOid, true) == RLS_NONE)
		return true;
	query = psprintf("SELECT FROM %s.lead WHERE id OPERATOR(pg_catalog.=) " INT64_FORMAT,
					 quote_identifier(get_namespace_name(get_rel_namespace(lead_relid))), lead_id);
	spi_begin();
	spi_check(SPI_execute(query, true, 1), SPI_OK_SELECT, query);
	found = SPI_processed > 0;
	spi_end();
	return found;
}

/*
 * visible_lead(relation, lead_id): the id, if who asks may see the lead of the
 * workspace that the relation is in; else NULL.
 */
Datum
visible_lead(PG_FUNCTION_ARGS)
{
	Oid			relid = PG_GETARG_OID(0);
	int64		lead_id = PG_GETARG_INT64(1);
	Oid			lead_relid = get_relname_relid("lead", get_rel_namespace(relid));

	if (!OidIsValid(lead_relid) || !may_read_ids(lead_relid) || !sees_row(lead_relid, lead_id))
		PG_RETURN_NULL();
	PG_RETURN_INT64(lead_id);
}
