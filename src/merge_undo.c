/*-------------------------------------------------------------------------
 *
 * merge_undo.c
 *	  Merges undone: both leads as they were, and what has happened since
 *	  stays with the master.
 *
 * Merges are undone in the reverse order in which they happened.  A merge that
 * is followed by another one of the same leads cannot be undone before that
 * one: what the later one moved or filled rests on it.
 *
 * A column is given its old value if it still has the one that the merge left
 * it with.  Where all have, nothing has happened to the lead since, and it is
 * written as it was, scores and all.  Else it is scored anew.
 *
 *-------------------------------------------------------------------------
 */
#include "merge_internal.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* ---- What is to be undone ------------------------------------------------------ */

static int64
row_int64(int row, int column, bool *isnull)
{
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);

	return *isnull ? 0 : DatumGetInt64(value);
}

/* The leads that are there; a merge of one that is not is nothing to be undone. */
static void
find_leads(MergeUndo *undo)
{
	int64	   *ids = palloc((2 * undo->n + 1) * sizeof(int64));
	OwnerSwitch saved = switch_to_owner(undo->ws->owner);
	Oid			type = INT8ARRAYOID;
	Datum		value;
	bool	   *needed;
	int			kept = 0;

	for (int i = 0; i < undo->n; i++)
	{
		ids[2 * i] = undo->steps[i].master_id;
		ids[2 * i + 1] = undo->steps[i].duplicate_id;
	}
	value = merge_bigint_array(ids, 2 * undo->n);
	merge_select(psprintf("SELECT l.id FROM %s.lead l WHERE l.id OPERATOR(pg_catalog.=) ANY ($1) ORDER BY l.id",
						  undo->ws->schema), 1, &type, &value);
	undo->leads = spi_int64s(&undo->nleads);
	switch_back(saved);

	needed = palloc0((undo->nleads + 1) * sizeof(bool));
	for (int i = 0; i < undo->n; i++)
	{
		UndoStep   *step = &undo->steps[i];
		int64	   *master = bsearch(&step->master_id, undo->leads, undo->nleads, sizeof(int64), compare_int64);
		int64	   *duplicate = bsearch(&step->duplicate_id, undo->leads, undo->nleads, sizeof(int64), compare_int64);

		step->gone = master == NULL || duplicate == NULL || step->position == 0;
		if (step->gone)
			continue;
		needed[master - undo->leads] = needed[duplicate - undo->leads] = true;
	}
	for (int i = 0; i < undo->nleads; i++)
		if (needed[i])
			undo->leads[kept++] = undo->leads[i];
	undo->nleads = kept;
}

/* false: there are none. */
bool
merge_undo_read(MergeUndo *undo, const char *table)
{
	char	   *query = psprintf("SELECT m.id, m.master_id, m.duplicate_id, m.position, m.model_version "
								 "FROM %s m ORDER BY m.position DESC NULLS LAST, m.id DESC", quote_identifier(table));

	spi_check(SPI_execute(query, false, 0), SPI_OK_SELECT, query);
	undo->n = (int) SPI_processed;
	undo->steps = palloc0((undo->n + 1) * sizeof(UndoStep));
	for (int i = 0; i < undo->n; i++)
	{
		bool		isnull;
		UndoStep   *step = &undo->steps[i];

		step->merge_id = row_int64(i, 1, &isnull);
		step->master_id = row_int64(i, 2, &isnull);
		step->duplicate_id = row_int64(i, 3, &isnull);
		step->position = row_int64(i, 4, &isnull);
		step->model_version = row_int64(i, 5, &isnull);
	}
	if (undo->n > 0)
		find_leads(undo);
	return undo->n > 0;
}

static void
refuse_order(int64 merge_id, int64 later_id, const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("cannot undo merge " INT64_FORMAT " before merge " INT64_FORMAT, merge_id, later_id),
			 errdetail("Merge " INT64_FORMAT " came later and is about the same %s.", later_id, what),
			 errhint("Delete that row of merge first, or both in one statement."),
			 err_generic_string(PG_DIAG_TABLE_NAME, "merge"),
			 err_generic_string(PG_DIAG_CONSTRAINT_NAME, "merge_order")));
}

/* Later merges of the same leads that are to stay */
static void
check_order(MergeUndo *undo)
{
	char	   *query = psprintf("SELECT p.id, m.id FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), "
								 "pg_catalog.unnest($3), pg_catalog.unnest($4)) AS p (id, place, a, b) "
								 "JOIN %1$s.merge m ON (m.master_id OPERATOR(pg_catalog.=) p.a OR m.master_id OPERATOR(pg_catalog.=) p.b "
								 "OR m.duplicate_id OPERATOR(pg_catalog.=) p.a OR m.duplicate_id OPERATOR(pg_catalog.=) p.b) "
								 "AND m.position OPERATOR(pg_catalog.>) p.place ORDER BY m.position DESC, p.place LIMIT 1",
								 undo->ws->schema);
	Oid			types[4] = {INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID};
	Datum		values[4];
	int64	   *ids = palloc((4 * undo->n + 1) * sizeof(int64));
	int			n = 0;
	bool		isnull;

	for (int i = 0; i < undo->n; i++)
		if (!undo->steps[i].gone)
			n++;
	for (int i = 0, j = 0; i < undo->n; i++)
	{
		if (undo->steps[i].gone)
			continue;
		ids[j] = undo->steps[i].merge_id;
		ids[n + j] = undo->steps[i].position;
		ids[2 * n + j] = undo->steps[i].master_id;
		ids[3 * n + j++] = undo->steps[i].duplicate_id;
	}
	for (int i = 0; i < 4; i++)
		values[i] = merge_bigint_array(ids + i * n, n);
	merge_select(query, 4, types, values);
	if (SPI_processed > 0)
		refuse_order(row_int64(0, 1, &isnull), row_int64(0, 2, &isnull), "leads");
}

/* ---- The ledger read again ------------------------------------------------------- */

static char **
row_texts(HeapTuple row, TupleDesc tupdesc, int column, int *n)
{
	bool		isnull;
	Datum		value = SPI_getbinval(row, tupdesc, column, &isnull);
	Datum	   *elements;
	bool	   *nulls;
	char	  **texts;

	*n = 0;
	if (isnull)
		return NULL;
	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, n);
	texts = palloc((*n + 1) * sizeof(char *));
	for (int i = 0; i < *n; i++)
		texts[i] = nulls[i] ? NULL : TextDatumGetCString(elements[i]);
	return texts;
}

static MergeRecord *
read_records(Workspace *ws, int64 merge_id, int *n)
{
	char	   *query = psprintf("SELECT c.kind, c.schema_name, c.table_name, c.columns, c.old_values, c.new_values, "
								 "c.key_columns, c.keys FROM %s.merge_change c "
								 "WHERE c.merge_id OPERATOR(pg_catalog.=) $1 ORDER BY c.id DESC", ws->schema);
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(merge_id);
	MergeRecord *records;
	SPITupleTable *rows;

	merge_select(query, 1, &type, &value);
	rows = merge_rows(n);
	records = palloc0((*n + 1) * sizeof(MergeRecord));
	for (int i = 0; i < *n; i++)
	{
		MergeRecord *record = &records[i];
		HeapTuple	row = rows->vals[i];
		int			nold;
		int			nnew;

		record->kind = SPI_getvalue(row, rows->tupdesc, 1);
		record->schema = SPI_getvalue(row, rows->tupdesc, 2);
		record->table = SPI_getvalue(row, rows->tupdesc, 3);
		record->columns = row_texts(row, rows->tupdesc, 4, &record->ncolumns);
		record->old_values = row_texts(row, rows->tupdesc, 5, &nold);
		record->new_values = row_texts(row, rows->tupdesc, 6, &nnew);
		record->key_columns = row_texts(row, rows->tupdesc, 7, &record->nkey_columns);
		record->keys = row_texts(row, rows->tupdesc, 8, &record->nkeys);
		if ((record->old_values != NULL && nold != record->ncolumns) ||
			(record->new_values != NULL && nnew != record->ncolumns) ||
			(record->nkey_columns > 0 && record->nkeys % record->nkey_columns != 0))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("rows of table \"%s.merge_change\" do not hold together", ws->schema),
					 errdetail("They are about merge " INT64_FORMAT ".", merge_id)));
	}
	SPI_freetuptable(rows);
	return records;
}

static const MergeRecord *
find_record(const MergeRecord *records, int n, const char *table, int64 id)
{
	char	   *text = psprintf(INT64_FORMAT, id);

	for (int i = 0; i < n; i++)
		if (strcmp(records[i].kind, "changed") == 0 && strcmp(records[i].table, table) == 0 &&
			records[i].nkeys == 1 && records[i].keys[0] != NULL && strcmp(records[i].keys[0], text) == 0)
			return &records[i];
	return NULL;
}

/* ---- One lead ----------------------------------------------------------------------- */

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static Form_pg_attribute
lead_attribute(Workspace *ws, const char *name)
{
	for (int i = 0; i < ws->tupdesc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(ws->tupdesc, i);

		if (!attr->attisdropped && attr->attgenerated == '\0' && strcmp(NameStr(attr->attname), name) == 0)
			return attr;
	}
	return NULL;
}

static bool
state_is_as_left(Workspace *ws, const MergeRecord *record, int64 lead_id)
{
	char	  **texts = merge_read_state(ws, lead_id);
	int			n;
	char	  **names = merge_state_columns(ws, &n);

	if (record == NULL || record->new_values == NULL || texts == NULL)
		return texts == NULL && (record == NULL || record->new_values == NULL);
	if (record->ncolumns != n)
		return false;
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], record->columns[i]) != 0 || !same_text(texts[i], record->new_values[i]))
			return false;
	return true;
}

/* Dropped or renamed since */
static void
warn_of_column(Workspace *ws, const char *name)
{
	ereport(WARNING,
			(errmsg("column \"%s\" of table \"%s.lead\" is not given back", name,
					get_namespace_name(ws->namespace)),
			 errdetail("There is no column of this name any more that could be written.")));
}

/* Give back what the merge changed; false if anything has been changed since. */
static bool
restore_values(Workspace *ws, const MergeRecord *record, MergeRow *row)
{
	bool		untouched = true;
	int			level = merge_begin_texts();

	for (int c = 0; record != NULL && c < record->ncolumns; c++)
	{
		Form_pg_attribute attr = lead_attribute(ws, record->columns[c]);
		int			index;
		char	   *current;

		if (attr == NULL)
		{
			warn_of_column(ws, record->columns[c]);
			continue;
		}
		index = attr->attnum - 1;
		current = row->isnull[index] ? NULL : merge_text(attr->atttypid, row->values[index]);
		if (!same_text(current, record->new_values[c]))
			untouched = false;
		else
		{
			row->isnull[index] = record->old_values[c] == NULL;
			if (!row->isnull[index])
				row->values[index] = merge_value(attr->atttypid, attr->atttypmod, record->old_values[c]);
		}
	}
	merge_end_texts(level);
	return untouched;
}

/* Somebody took away one address, and the merge had brought the other. */
static void
keep_reachable(Workspace *ws, MergeRow *row, const MergeRow *current)
{
	int			email = ws->column[LEAD_EMAIL] - 1;
	int			phone = ws->column[LEAD_PHONE] - 1;

	if (!row->isnull[email] || !row->isnull[phone])
		return;
	row->values[email] = current->values[email];
	row->isnull[email] = current->isnull[email];
	row->values[phone] = current->values[phone];
	row->isnull[phone] = current->isnull[phone];
}

static void
restore_state(Workspace *ws, const MergeRecord *record, int64 lead_id)
{
	char	   *query = psprintf("DELETE FROM %s.score_state WHERE lead_id OPERATOR(pg_catalog.=) $1", ws->schema);
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(lead_id);
	StringInfoData sql;
	StringInfoData places;
	Oid		   *types;
	Datum	   *values;
	char	   *nulls;
	int			level;

	if (record == NULL)
		return;					/* neither before nor after */
	merge_execute(query, 1, &type, &value, NULL, SPI_OK_DELETE);
	if (record->old_values == NULL)
		return;
	types = palloc(record->ncolumns * sizeof(Oid));
	values = palloc(record->ncolumns * sizeof(Datum));
	nulls = palloc0(record->ncolumns + 1);
	initStringInfo(&sql);
	initStringInfo(&places);
	appendStringInfo(&sql, "INSERT INTO %s.score_state (", ws->schema);
	level = merge_begin_texts();
	for (int i = 0; i < record->ncolumns; i++)
	{
		AttrNumber	attno = get_attnum(ws->state_relid, record->columns[i]);
		Form_pg_attribute attr = TupleDescAttr(ws->state_tupdesc, attno - 1);

		appendStringInfo(&sql, "%s%s", i > 0 ? ", " : "", quote_identifier(record->columns[i]));
		appendStringInfo(&places, "%s$%d", i > 0 ? ", " : "", i + 1);
		types[i] = attr->atttypid;
		nulls[i] = record->old_values[i] == NULL ? 'n' : ' ';
		values[i] = record->old_values[i] == NULL ? (Datum) 0 :
			merge_value(attr->atttypid, attr->atttypmod, record->old_values[i]);
	}
	merge_end_texts(level);
	appendStringInfo(&sql, ") VALUES (%s)", places.data);
	merge_execute(sql.data, record->ncolumns, types, values, nulls, SPI_OK_INSERT);
}

/* ---- One merge ------------------------------------------------------------------------ */

static void
write_leads(MergeUndo *undo, const UndoStep *step, const MergeRecord *records, int n)
{
	Workspace  *ws = undo->ws;
	int64		ids[2] = {step->master_id, step->duplicate_id};
	MergeRow	current[2];
	MergeRow	rows[2];
	LeadWrite	writes[2] = {{0}};
	const MergeRecord *states[2];
	LeadWrite  *decided[2];
	int			ndecided = 0;
	bool		same_rules = step->model_version == ws->model->formula_version;

	merge_read_rows(ws, ids, 2, current);
	for (int i = 0; i < 2; i++)
	{
		bool		untouched;

		rows[i] = merge_copy_row(ws, &current[i]);
		states[i] = find_record(records, n, "score_state", ids[i]);
		untouched = restore_values(ws, find_record(records, n, "lead", ids[i]), &rows[i]);
		writes[i].lead_id = ids[i];
		writes[i].verbatim = untouched && same_rules && state_is_as_left(ws, states[i], ids[i]);
		if (writes[i].verbatim)
			continue;
		keep_reachable(ws, &rows[i], &current[i]);
		decided[ndecided++] = &writes[i];
	}
	merge_score_writes(ws, decided, ndecided);
	for (int i = 0; i < 2; i++)
		if (writes[i].verbatim)
			restore_state(ws, states[i], ids[i]);
	merge_write_rows(ws, undo->lead, rows, writes, 2);
}

/* Rows that the merge added to ledgers; only to those that it does add to. */
static void
delete_added(Workspace *ws, const MergeRecord *record)
{
	char	   *query;
	Oid			type = INT8ARRAYOID;
	int64	   *ids = palloc((record->nkeys + 1) * sizeof(int64));
	Datum		value;

	if (strcmp(record->table, "assignment") != 0 && strcmp(record->table, "lead_event") != 0)
		return;
	for (int i = 0; i < record->nkeys; i++)
		ids[i] = DatumGetInt64(merge_value(INT8OID, -1, record->keys[i]));
	value = merge_bigint_array(ids, record->nkeys);
	query = psprintf("DELETE FROM %s.%s WHERE id OPERATOR(pg_catalog.=) ANY ($1)", ws->schema, record->table);
	merge_execute(query, 1, &type, &value, NULL, SPI_OK_DELETE);
}

static bool
is_moved(const MergeRecord *record)
{
	return strcmp(record->kind, "moved") == 0;
}

/* A row of lead itself? */
static bool
is_of_lead(const MergeRecord *record)
{
	return record->schema == NULL && strcmp(record->table, "lead") == 0;
}

/*
 * Of merges of other leads: one that moved rows that this one has moved too,
 * by another column, so that they are not known by what was written down.
 */
static void
check_shared_rows(MergeUndo *undo, const UndoStep *step, const MergeRecord *record)
{
	char	   *query = psprintf("SELECT m.id FROM %1$s.merge_change c "
								 "JOIN %1$s.merge m ON m.id OPERATOR(pg_catalog.=) c.merge_id "
								 "WHERE c.kind OPERATOR(pg_catalog.=) 'moved' AND c.table_name OPERATOR(pg_catalog.=) $1 "
								 "AND COALESCE(c.schema_name, '') OPERATOR(pg_catalog.=) $2 AND c.columns OPERATOR(pg_catalog.<>) $3 "
								 "AND m.position OPERATOR(pg_catalog.>) $4%2$s ORDER BY m.position DESC LIMIT 1",
								 undo->ws->schema,
								 record->nkey_columns > 0 ? " AND c.old_values OPERATOR(pg_catalog.&&) $5" : "");
	Oid			types[5] = {TEXTOID, TEXTOID, TEXTARRAYOID, INT8OID, TEXTARRAYOID};
	Datum		values[5];
	bool		isnull;

	values[0] = CStringGetTextDatum(record->table);
	values[1] = CStringGetTextDatum(record->schema != NULL ? record->schema : "");
	values[2] = merge_text_array(record->columns, record->ncolumns);
	values[3] = Int64GetDatum(step->position);
	values[4] = merge_text_array(record->keys, record->nkeys);
	merge_select(query, record->nkey_columns > 0 ? 5 : 4, types, values);
	if (SPI_processed > 0)
		refuse_order(step->merge_id, row_int64(0, 1, &isnull), "rows");
}

/* One that let one of the two leads refer to another lead. */
static void
check_leads_changed(MergeUndo *undo, const UndoStep *step)
{
	char	   *query = psprintf("SELECT m.id FROM %1$s.merge_change c "
								 "JOIN %1$s.merge m ON m.id OPERATOR(pg_catalog.=) c.merge_id "
								 "WHERE c.kind OPERATOR(pg_catalog.=) 'moved' AND c.table_name OPERATOR(pg_catalog.=) 'lead' "
								 "AND c.schema_name IS NULL AND c.keys OPERATOR(pg_catalog.&&) $1 "
								 "AND m.position OPERATOR(pg_catalog.>) $2 ORDER BY m.position DESC LIMIT 1",
								 undo->ws->schema);
	char	   *leads[2] = {psprintf(INT64_FORMAT, step->master_id), psprintf(INT64_FORMAT, step->duplicate_id)};
	Oid			types[2] = {TEXTARRAYOID, INT8OID};
	Datum		values[2] = {merge_text_array(leads, 2), Int64GetDatum(step->position)};
	bool		isnull;

	merge_select(query, 2, types, values);
	if (SPI_processed > 0)
		refuse_order(step->merge_id, row_int64(0, 1, &isnull), "leads");
}

static void
undo_one(MergeUndo *undo, const UndoStep *step, List *references)
{
	int			n;
	MergeRecord *records = read_records(undo->ws, step->merge_id, &n);

	if (merge_leads_refer(undo->ws, references))
		check_leads_changed(undo, step);
	for (int i = 0; i < n; i++)
		if (is_moved(&records[i]) && merge_rows_are_shared(undo->ws, references, &records[i]))
			check_shared_rows(undo, step, &records[i]);
	for (int i = 0; i < n; i++)
		if (is_moved(&records[i]) && !is_of_lead(&records[i]))
			merge_move_back(undo->ws, references, &records[i], step->duplicate_id);
	for (int i = 0; i < n; i++)
		if (strcmp(records[i].kind, "added") == 0)
			delete_added(undo->ws, &records[i]);
	write_leads(undo, step, records, n);
	for (int i = 0; i < n; i++)
		if (is_moved(&records[i]) && is_of_lead(&records[i]))
			merge_move_back(undo->ws, references, &records[i], step->duplicate_id);
}

static void
forget_changes(MergeUndo *undo)
{
	char	   *query = psprintf("DELETE FROM %s.merge_change WHERE merge_id OPERATOR(pg_catalog.=) ANY ($1)",
								 undo->ws->schema);
	Oid			type = INT8ARRAYOID;
	int64	   *ids = palloc((undo->n + 1) * sizeof(int64));
	Datum		value;

	for (int i = 0; i < undo->n; i++)
		ids[i] = undo->steps[i].merge_id;
	value = merge_bigint_array(ids, undo->n);
	merge_execute(query, 1, &type, &value, NULL, SPI_OK_DELETE);
}

void
merge_undo_all(MergeUndo *undo)
{
	List	   *references;

	if (undo->nleads > 0)
	{
		merge_lock_leads(undo->ws, undo->leads, undo->nleads);
		check_order(undo);
		references = merge_references(undo->ws, undo->lead);
		for (int i = 0; i < undo->n; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (!undo->steps[i].gone)
				undo_one(undo, &undo->steps[i], references);
		}
	}
	forget_changes(undo);
}
