/*-------------------------------------------------------------------------
 *
 * merge_row.c
 *	  Rows of lead that are merged: what the master takes over from the
 *	  duplicate, and how both are written.
 *
 *-------------------------------------------------------------------------
 */
#include "merge_internal.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "lib/stringinfo.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "key.h"

/* The master keeps its own, or the database decides. */
static const LeadColumn kept_columns[] = {
	LEAD_ID, LEAD_STATUS, LEAD_STATUS_SINCE, LEAD_DEMOGRAPHIC_SCORE, LEAD_BEHAVIORAL_SCORE,
	LEAD_FIRMOGRAPHIC_SCORE, LEAD_SCORE_ADJUSTMENT, LEAD_SCORE, LEAD_GRADE, LEAD_SCORED_AT,
	LEAD_RESPONSE_DUE_AT, LEAD_FIRST_RESPONSE_AT, LEAD_LAST_ACTIVITY_AT, LEAD_LAST_ENGAGED_AT,
	LEAD_EMAIL_KEY, LEAD_PHONE_KEY, LEAD_NAME_KEY, LEAD_PERSON_KEY, LEAD_MERGED_INTO, LEAD_ARCHIVED_AT,
	LEAD_CREATED_AT, LEAD_CREATED_BY, LEAD_UPDATED_AT, LEAD_UPDATED_BY
};

static const char *const confirmations[] = {
	"budget_confirmed", "authority_confirmed", "need_confirmed", "timeline_confirmed"
};

typedef struct RowPlace
{
	int64		id;
	int			place;
} RowPlace;

static int
compare_places(const void *a, const void *b)
{
	return compare_int64(&((const RowPlace *) a)->id, &((const RowPlace *) b)->id);
}

/* Leads as they are now, no two the same; values are NULL of one that is gone. */
void
merge_read_rows(Workspace *ws, const int64 *ids, int n, MergeRow *rows)
{
	char	   *query = psprintf("SELECT l.id, l FROM %s.lead l WHERE l.id OPERATOR(pg_catalog.=) ANY ($1) "
								 "ORDER BY l.id", ws->schema);
	Oid			type = INT8ARRAYOID;
	Datum		value = merge_bigint_array(ids, n);
	RowPlace   *places = palloc((n + 1) * sizeof(RowPlace));
	SPITupleTable *found;
	int			nfound;

	merge_select(query, 1, &type, &value);
	found = merge_rows(&nfound);
	for (int i = 0; i < n; i++)
	{
		places[i].id = ids[i];
		places[i].place = i;
		rows[i].values = NULL;
	}
	qsort(places, n, sizeof(RowPlace), compare_places);
	for (int i = 0; i < nfound; i++)
	{
		bool		isnull;
		int64		id = DatumGetInt64(SPI_getbinval(found->vals[i], found->tupdesc, 1, &isnull));
		HeapTupleHeader header =
			DatumGetHeapTupleHeader(SPI_getbinval(found->vals[i], found->tupdesc, 2, &isnull));
		HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};

		RowPlace	key = {.id = id};
		RowPlace   *place = bsearch(&key, places, n, sizeof(RowPlace), compare_places);
		MergeRow   *row = &rows[place->place];

		row->id = id;
		row->values = palloc(ws->tupdesc->natts * sizeof(Datum));
		row->isnull = palloc(ws->tupdesc->natts * sizeof(bool));
		heap_deform_tuple(&tuple, ws->tupdesc, row->values, row->isnull);
	}
}

MergeRow
merge_copy_row(Workspace *ws, const MergeRow *row)
{
	MergeRow	copy = {.id = row->id};

	copy.values = palloc(ws->tupdesc->natts * sizeof(Datum));
	copy.isnull = palloc(ws->tupdesc->natts * sizeof(bool));
	memcpy(copy.values, row->values, ws->tupdesc->natts * sizeof(Datum));
	memcpy(copy.isnull, row->isnull, ws->tupdesc->natts * sizeof(bool));
	return copy;
}

static void
set_value(MergeRow *row, int index, Datum value)
{
	row->values[index] = value;
	row->isnull[index] = false;
}

/* Columns that no two leads may have the same in, but with their ids */
static Bitmapset *
unique_columns(Workspace *ws, Relation lead)
{
	Bitmapset  *result = NULL;
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(lead))
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);
		Bitmapset  *columns = NULL;

		if (index->rd_index->indisunique || index->rd_index->indisexclusion)
		{
			for (int i = 0; i < index->rd_index->indnkeyatts; i++)
				if (index->rd_index->indkey.values[i] > 0)
					columns = bms_add_member(columns, index->rd_index->indkey.values[i] -
											 FirstLowInvalidHeapAttributeNumber);
			pull_varattnos((Node *) RelationGetIndexExpressions(index), 1, &columns);
			if (!bms_is_member(ws->column[LEAD_ID] - FirstLowInvalidHeapAttributeNumber, columns))
				result = bms_add_members(result, columns);
		}
		index_close(index, NoLock);
	}
	return result;
}

static bool
is_kept(Workspace *ws, AttrNumber attno)
{
	for (int i = 0; i < count_of(kept_columns); i++)
		if (ws->column[kept_columns[i]] == attno)
			return true;
	return false;
}

/* NULL, or nothing but white space */
static bool
is_empty(Form_pg_attribute attr, const MergeRow *row)
{
	int			index = attr->attnum - 1;

	if (row->isnull[index])
		return true;
	return (attr->atttypid == TEXTOID || attr->atttypid == VARCHAROID) &&
		text_is_blank_of(DatumGetTextPP(row->values[index]));
}

static AttrNumber
column_by_name(Workspace *ws, const char *name, Oid type)
{
	for (int i = 0; i < ws->tupdesc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(ws->tupdesc, i);

		if (!attr->attisdropped && attr->atttypid == type && strcmp(NameStr(attr->attname), name) == 0)
			return attr->attnum;
	}
	return InvalidAttrNumber;
}

/* The tags of both: the master's first, then what the duplicate has besides. */
static void
unite_tags(Workspace *ws, MergeStep *step)
{
	AttrNumber	attno = column_by_name(ws, "tags", TEXTARRAYOID);
	Datum	   *tags[2];
	bool	   *nulls[2];
	int			n[2];
	Datum	   *all;
	int			nall;

	if (attno == InvalidAttrNumber || step->master.isnull[attno - 1] || step->duplicate.isnull[attno - 1])
		return;
	deconstruct_array(DatumGetArrayTypeP(step->master.values[attno - 1]), TEXTOID, -1, false,
					  TYPALIGN_INT, &tags[0], &nulls[0], &n[0]);
	deconstruct_array(DatumGetArrayTypeP(step->duplicate.values[attno - 1]), TEXTOID, -1, false,
					  TYPALIGN_INT, &tags[1], &nulls[1], &n[1]);
	all = palloc((n[0] + n[1] + 1) * sizeof(Datum));
	memcpy(all, tags[0], n[0] * sizeof(Datum));
	nall = n[0];
	for (int i = 0; i < n[0]; i++)
		if (nulls[0][i])
			return;				/* a list of somebody's own making */
	for (int i = 0; i < n[1]; i++)
	{
		bool		found = nulls[1][i];

		for (int j = 0; !found && j < nall; j++)
			found = datum_image_eq(tags[1][i], all[j], false, -1);
		if (!found)
			all[nall++] = tags[1][i];
	}
	if (nall > n[0])
		set_value(&step->master, attno - 1, spi_array(all, NULL, nall, TEXTOID));
}

/* Attributes of both, key by key; where both have one, the master's. */
static void
unite_attributes(Workspace *ws, MergeStep *step)
{
	AttrNumber	attno = column_by_name(ws, "attributes", JSONBOID);
	Datum		mine;
	Datum		other;

	if (attno == InvalidAttrNumber || step->master.isnull[attno - 1] || step->duplicate.isnull[attno - 1])
		return;
	mine = step->master.values[attno - 1];
	other = step->duplicate.values[attno - 1];
	if (!JB_ROOT_IS_OBJECT(DatumGetJsonbP(mine)) || !JB_ROOT_IS_OBJECT(DatumGetJsonbP(other)) ||
		JB_ROOT_COUNT(DatumGetJsonbP(other)) == 0)
		return;
	set_value(&step->master, attno - 1, DirectFunctionCall2(jsonb_concat, other, mine));
}

/* What is confirmed of either is confirmed. */
static void
unite_confirmations(Workspace *ws, MergeStep *step)
{
	for (int i = 0; i < count_of(confirmations); i++)
	{
		AttrNumber	attno = column_by_name(ws, confirmations[i], BOOLOID);

		if (attno != InvalidAttrNumber && !step->duplicate.isnull[attno - 1] &&
			DatumGetBool(step->duplicate.values[attno - 1]))
			set_value(&step->master, attno - 1, BoolGetDatum(true));
	}
}

/* The earlier or the later of two times, of which either may be unknown. */
static void
unite_time(MergeStep *step, AttrNumber attno, bool earlier)
{
	int			index = attno - 1;
	TimestampTz mine;
	TimestampTz other;

	if (attno == InvalidAttrNumber || step->duplicate.isnull[index])
		return;
	other = DatumGetTimestampTz(step->duplicate.values[index]);
	mine = step->master.isnull[index] ? other : DatumGetTimestampTz(step->master.values[index]);
	set_value(&step->master, index, TimestampTzGetDatum(earlier ? Min(mine, other) : Max(mine, other)));
}

static void
fill_empty(Workspace *ws, Relation lead, MergeStep *step)
{
	Bitmapset  *unique = unique_columns(ws, lead);

	for (int i = 0; i < ws->tupdesc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(ws->tupdesc, i);

		if (attr->attisdropped || attr->attgenerated != '\0' || attr->attidentity != '\0' ||
			is_kept(ws, attr->attnum) ||
			bms_is_member(attr->attnum - FirstLowInvalidHeapAttributeNumber, unique))
			continue;
		if (is_empty(attr, &step->master) && !is_empty(attr, &step->duplicate))
			set_value(&step->master, i, step->duplicate.values[i]);
	}
	bms_free(unique);
}

/* The master takes over what it lacks; the duplicate is put aside. */
void
merge_fill(Workspace *ws, Relation lead, MergeStep *step, TimestampTz at)
{
	int			archived = ws->column[LEAD_ARCHIVED_AT] - 1;

	step->master = merge_copy_row(ws, &step->master_before);
	step->duplicate = merge_copy_row(ws, &step->duplicate_before);
	unite_tags(ws, step);
	unite_attributes(ws, step);
	unite_confirmations(ws, step);
	unite_time(step, column_by_name(ws, "opted_out_at", TIMESTAMPTZOID), true);
	unite_time(step, ws->column[LEAD_FIRST_RESPONSE_AT], true);
	unite_time(step, ws->column[LEAD_LAST_ACTIVITY_AT], false);
	fill_empty(ws, lead, step);

	/* a person whom we work with is not put aside */
	if (step->duplicate.isnull[archived])
	{
		step->master.isnull[archived] = true;
		set_value(&step->duplicate, archived, TimestampTzGetDatum(at));
	}
	set_value(&step->duplicate, ws->column[LEAD_MERGED_INTO] - 1, Int64GetDatum(step->master_id));
}

/* All columns that can be written, from rows of the table's own type. */
static char *
write_query(Workspace *ws)
{
	StringInfoData sql;
	bool		first = true;

	initStringInfo(&sql);
	appendStringInfo(&sql, "UPDATE %s.lead AS l SET ", ws->schema);
	for (int i = 0; i < ws->tupdesc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(ws->tupdesc, i);
		const char *column;

		if (attr->attisdropped || attr->attgenerated != '\0' ||
			attr->attidentity == ATTRIBUTE_IDENTITY_ALWAYS || attr->attnum == ws->column[LEAD_ID])
			continue;
		column = quote_identifier(NameStr(attr->attname));
		appendStringInfo(&sql, "%s%s = r.%s", first ? "" : ", ", column, column);
		first = false;
	}
	appendStringInfoString(&sql, " FROM pg_catalog.unnest($1) AS r WHERE l.id OPERATOR(pg_catalog.=) r.id");
	return sql.data;
}

static Datum
row_array(Workspace *ws, Oid rowtype, const MergeRow *rows, int n)
{
	Datum	   *values = palloc(n * sizeof(Datum));
	TupleDesc	tupdesc = CreateTupleDescCopy(ws->tupdesc);
	int			lower = 1;

	tupdesc->tdtypeid = rowtype;
	tupdesc->tdtypmod = -1;
	for (int i = 0; i < n; i++)
		values[i] = heap_copy_tuple_as_datum(heap_form_tuple(tupdesc, rows[i].values, rows[i].isnull),
											 tupdesc);
	return PointerGetDatum(construct_md_array(values, NULL, 1, &n, &lower, rowtype, -1, false,
											  TYPALIGN_DOUBLE));
}

/* What the database decides and a merge brings along */
static const LeadColumn given_columns[] = {
	LEAD_FIRST_RESPONSE_AT, LEAD_LAST_ACTIVITY_AT, LEAD_MERGED_INTO
};

static void
give_columns(Workspace *ws, LeadWrite *write, const MergeRow *row)
{
	Datum	   *values = palloc(count_of(given_columns) * sizeof(Datum));
	bool	   *isnull = palloc(count_of(given_columns) * sizeof(bool));

	for (int i = 0; i < count_of(given_columns); i++)
	{
		int			index = ws->column[given_columns[i]] - 1;

		values[i] = row->values[index];
		isnull[i] = row->isnull[index];
	}
	write->merge = true;
	write->nvalues = count_of(given_columns);
	write->columns = given_columns;
	write->values = values;
	write->isnull = isnull;
}

/* Write leads whole, each as the LeadWrite at its place says. */
void
merge_write_rows(Workspace *ws, Relation lead, const MergeRow *rows, LeadWrite *writes, int n)
{
	Oid			type = get_array_type(lead->rd_rel->reltype);
	Datum		value = row_array(ws, lead->rd_rel->reltype, rows, n);
	LeadWrites	running = {.lead_relid = ws->lead_relid, .writes = writes, .n = n};
	volatile uint64 written = 0;

	for (int i = 0; i < n; i++)
		if (!writes[i].verbatim)
			give_columns(ws, &writes[i], &rows[i]);
	lead_write_begin(&running);
	PG_TRY();
	{
		merge_execute(write_query(ws), 1, &type, &value, NULL, SPI_OK_UPDATE);
		written = SPI_processed;
	}
	PG_FINALLY();
	{
		lead_write_end(&running);
	}
	PG_END_TRY();
	if (written != (uint64) n)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("leads could not be written"),
				 errdetail("A trigger or a rule of yours on table \"%s.lead\" suppresses the update.", ws->schema),
				 errhint("Let updates of leads that are merged happen.")));
}

static char *
row_text(Workspace *ws, const MergeRow *row, int index)
{
	return row->isnull[index] ? NULL :
		merge_text(TupleDescAttr(ws->tupdesc, index)->atttypid, row->values[index]);
}

static bool
texts_differ(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

/* What a merge changed about one lead. */
void
merge_note_row(Workspace *ws, int64 merge_id, const MergeRow *before, const MergeRow *after)
{
	int			natts = ws->tupdesc->natts;
	char	  **names = palloc(natts * sizeof(char *));
	char	  **old_texts = palloc(natts * sizeof(char *));
	char	  **new_texts = palloc(natts * sizeof(char *));
	char	   *id = psprintf(INT64_FORMAT, before->id);
	char	   *key = "id";
	MergeChange change = {.merge_id = merge_id, .kind = "changed", .table = "lead"};
	int			level = merge_begin_texts();
	int			n = 0;

	for (int i = 0; i < natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(ws->tupdesc, i);

		if (attr->attisdropped || attr->attgenerated != '\0')
			continue;
		old_texts[n] = row_text(ws, before, i);
		new_texts[n] = row_text(ws, after, i);
		if (!texts_differ(old_texts[n], new_texts[n]))
			continue;
		names[n++] = NameStr(attr->attname);
	}
	merge_end_texts(level);
	change.columns = merge_text_array(names, n);
	change.old_values = merge_text_array(old_texts, n);
	change.new_values = merge_text_array(new_texts, n);
	change.key_columns = merge_text_array(&key, 1);
	change.keys = merge_text_array(&id, 1);
	merge_note_change(ws, &change);
}
