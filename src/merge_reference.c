/*-------------------------------------------------------------------------
 *
 * merge_reference.c
 *	  Rows that refer to a lead: found in the catalogue, moved to the master
 *	  when that lead is merged, and moved back when it is undone.
 *
 * Each table is written as its owner, as ON UPDATE CASCADE does, and its
 * triggers fire.  One query a foreign key moves the rows of many merges, and
 * tells which rows these were.
 *
 * Where a unique constraint lets only one of two rows refer to the master, a
 * row that says the same as the master's stays with the duplicate: nothing is
 * lost by that, and nothing has to be brought back.  Where they differ it is
 * for people to say which one is right, and the merge is refused.
 *
 *-------------------------------------------------------------------------
 */
#include "merge_internal.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_am.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

/* Tables of a workspace that refer to leads and are not moved; see there. */
static const char *const derived_tables[] = {
	"score_state",				/* computed anew */
	"duplicate_decision",		/* the view duplicate knows who is merged */
	"merge"						/* history */
};

/* Ledgers whose rows say which lead they were about at first */
static const char *const log_tables[] = {"status_change", "assignment"};

static bool
is_listed(const char *name, const char *const *list, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

static Form_pg_attribute
column_of(TupleDesc tupdesc, AttrNumber attno)
{
	return TupleDescAttr(tupdesc, attno - 1);
}

static const char *
column_name(const MergeReference *reference, AttrNumber attno)
{
	return NameStr(column_of(reference->tupdesc, attno)->attname);
}

static char *
quoted_column(const MergeReference *reference, AttrNumber attno)
{
	return pstrdup(quote_identifier(column_name(reference, attno)));
}

/* "OPERATOR(schema.=)", which no search_path changes */
static char *
operator_text(Oid oid)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(oid));
	Form_pg_operator form;
	char	   *text;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", oid);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	text = psprintf("OPERATOR(%s.%s)", quote_identifier(get_namespace_name(form->oprnamespace)),
					NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return text;
}

static char *
equality_of_type(Oid type)
{
	TypeCacheEntry *entry = lookup_type_cache(getBaseType(type), TYPECACHE_EQ_OPR);

	return OidIsValid(entry->eq_opr) ? operator_text(entry->eq_opr) : NULL;
}

/* One that is checked at once, of plain columns, over all rows */
static bool
is_plain_unique(Relation index)
{
	Form_pg_index form = index->rd_index;

	if (!form->indisunique || !form->indisvalid || index->rd_rel->relam != BTREE_AM_OID ||
		RelationGetIndexPredicate(index) != NIL)
		return false;
	for (int i = 0; i < form->indnkeyatts; i++)
		if (form->indkey.values[i] <= 0)
			return false;
	return true;
}

static char *
index_equality(Relation index, int column)
{
	return operator_text(get_opfamily_member(index->rd_opfamily[column], index->rd_opcintype[column],
											 index->rd_opcintype[column], BTEqualStrategyNumber));
}

static MergeUnique *
make_unique(Relation index)
{
	MergeUnique *unique = palloc0(sizeof(MergeUnique));

	unique->name = pstrdup(RelationGetRelationName(index));
	unique->n = index->rd_index->indnkeyatts;
	unique->nulls_equal = index->rd_index->indnullsnotdistinct;
	unique->columns = palloc(unique->n * sizeof(AttrNumber));
	unique->operators = palloc(unique->n * sizeof(char *));
	for (int i = 0; i < unique->n; i++)
	{
		unique->columns[i] = index->rd_index->indkey.values[i];
		unique->operators[i] = index_equality(index, i);
	}
	return unique;
}

static bool
refers_by(const MergeReference *reference, AttrNumber attno)
{
	for (int i = 0; i < reference->n; i++)
		if (reference->columns[i] == attno)
			return true;
	return false;
}

static bool
has_referring_column(const MergeReference *reference, Relation index)
{
	for (int i = 0; i < index->rd_index->indnkeyatts; i++)
		if (refers_by(reference, index->rd_index->indkey.values[i]))
			return true;
	return false;
}

static bool
columns_not_null(Relation relation, Relation index)
{
	for (int i = 0; i < index->rd_index->indnkeyatts; i++)
		if (!column_of(RelationGetDescr(relation), index->rd_index->indkey.values[i])->attnotnull)
			return false;
	return true;
}

/* What rows are known by later: the primary key, else another that is never null. */
static void
take_key(MergeReference *reference, Relation relation, Relation index)
{
	bool		primary = index->rd_index->indisprimary;

	if (!is_plain_unique(index) || !columns_not_null(relation, index) ||
		(reference->nkeys > 0 && !primary))
		return;
	reference->nkeys = index->rd_index->indnkeyatts;
	for (int i = 0; i < reference->nkeys; i++)
		reference->keys[i] = index->rd_index->indkey.values[i];
	if (primary && !has_referring_column(reference, index))
		for (int i = 0; i < reference->nkeys; i++)
			reference->surrogate = bms_add_member(reference->surrogate, reference->keys[i]);
}

static void
look_at_indexes(MergeReference *reference, Relation relation)
{
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(relation))
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		take_key(reference, relation, index);
		if (is_plain_unique(index) && has_referring_column(reference, index))
			reference->uniques = lappend(reference->uniques, make_unique(index));
		index_close(index, NoLock);
	}
}

static bool
might_suppress(Relation relation)
{
	TriggerDesc *triggers = relation->trigdesc;

	return relation->rd_rules != NULL || relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE ||
		(triggers != NULL && triggers->trig_update_before_row);
}

static void
look_at_table(MergeReference *reference, Workspace *ws, Relation relation)
{
	reference->relid = RelationGetRelid(relation);
	reference->owner = relation->rd_rel->relowner;
	reference->schema = get_namespace_name(RelationGetNamespace(relation));
	reference->table = pstrdup(RelationGetRelationName(relation));
	reference->tupdesc = CreateTupleDescCopyConstr(RelationGetDescr(relation));
	reference->partitioned = relation->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
	reference->target = psprintf("%s%s", reference->partitioned ? "" : "ONLY ",
								 quote_qualified_identifier(reference->schema, reference->table));
	reference->suppressible = might_suppress(relation);
	reference->of_lead = (reference->relid == ws->lead_relid);
	reference->log = RelationGetNamespace(relation) == ws->namespace &&
		is_listed(reference->table, log_tables, count_of(log_tables));
	look_at_indexes(reference, relation);
}

/* NULL: nothing to be moved */
static MergeReference *
make_reference(Workspace *ws, Oid constraint)
{
	MergeReference *reference = palloc0(sizeof(MergeReference));
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	Form_pg_constraint form;
	Oid			operators[INDEX_MAX_KEYS];
	Relation	relation;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for constraint %u", constraint);
	form = (Form_pg_constraint) GETSTRUCT(tuple);
	reference->constraint = pstrdup(NameStr(form->conname));
	DeconstructFkConstraintRow(tuple, &reference->n, reference->columns, reference->targets,
							   operators, NULL, NULL, NULL, NULL);
	relation = table_open(form->conrelid, RowExclusiveLock);
	ReleaseSysCache(tuple);
	if (RelationGetNamespace(relation) == ws->namespace &&
		is_listed(RelationGetRelationName(relation), derived_tables, count_of(derived_tables)))
		reference = NULL;
	else
	{
		for (int i = 0; i < reference->n; i++)
			reference->operators[i] = operator_text(operators[i]);
		look_at_table(reference, ws, relation);
		reference->early = reference->n == 1 && reference->targets[0] == ws->column[LEAD_ID];
	}
	table_close(relation, NoLock);
	return reference;
}

/* Does one foreign key of a table refer by some of the columns of another? */
static bool
is_covered(const MergeReference *wide, const MergeReference *narrow)
{
	if (wide->relid != narrow->relid || wide->n <= narrow->n)
		return false;
	for (int i = 0; i < narrow->n; i++)
		if (!refers_by(wide, narrow->columns[i]))
			return false;
	return true;
}

/*
 * Of two foreign keys that share a column, one after the other would violate
 * the one that waits: the narrow one finds the rows, and takes the columns of
 * the wide one along.
 */
static void
take_along(MergeReference *narrow, const MergeReference *wide)
{
	for (int i = 0; i < wide->n; i++)
	{
		if (refers_by(narrow, wide->columns[i]) || narrow->n >= INDEX_MAX_KEYS)
			continue;
		narrow->columns[narrow->n] = wide->columns[i];
		narrow->targets[narrow->n] = wide->targets[i];
		narrow->operators[narrow->n] = NULL;	/* not to find rows by */
		narrow->n++;
	}
	narrow->early = false;
}

static List *
join_references(List *references)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, references)
	{
		MergeReference *wide = lfirst(lc);
		ListCell   *other;
		bool		taken = false;

		foreach(other, references)
		{
			MergeReference *narrow = lfirst(other);

			if (narrow != wide && is_covered(wide, narrow) && !taken)
			{
				take_along(narrow, wide);
				taken = true;
			}
		}
		if (!taken)
			result = lappend(result, wide);
	}
	return result;
}

/* Where rows refer by several foreign keys, one may be part of what they are known by. */
static void
find_shared(List *references)
{
	ListCell   *lc;

	foreach(lc, references)
	{
		MergeReference *reference = lfirst(lc);
		ListCell   *other;

		foreach(other, references)
			if (lfirst(other) != reference && !reference->of_lead &&
				((MergeReference *) lfirst(other))->relid == reference->relid)
				reference->shared = true;
	}
}

/* All foreign keys on lead, by name; the caller has locked lead. */
List *
merge_references(Workspace *ws, Relation lead)
{
	static const char *query =
		"SELECT c.oid FROM pg_catalog.pg_constraint c "
		"JOIN pg_catalog.pg_class r ON r.oid OPERATOR(pg_catalog.=) c.conrelid "
		"JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) r.relnamespace "
		"WHERE c.contype OPERATOR(pg_catalog.=) 'f' AND c.confrelid OPERATOR(pg_catalog.=) $1 "
		"AND c.conparentid OPERATOR(pg_catalog.=) 0 "
		"ORDER BY n.nspname, r.relname, c.conname";
	Oid			type = OIDOID;
	Datum		value = ObjectIdGetDatum(RelationGetRelid(lead));
	List	   *result = NIL;
	SPITupleTable *rows;
	int			n;

	merge_select(query, 1, &type, &value);
	rows = merge_rows(&n);
	for (int i = 0; i < n; i++)
	{
		bool		isnull;
		MergeReference *reference =
			make_reference(ws, DatumGetObjectId(SPI_getbinval(rows->vals[i], rows->tupdesc, 1, &isnull)));

		if (reference != NULL)
			result = lappend(result, reference);
	}
	result = join_references(result);
	find_shared(result);
	return result;
}

/* ---- Moving ------------------------------------------------------------------ */

/* Arguments of a query over steps, and the FROM item that unfolds them as "p". */
typedef struct StepArguments
{
	int			n;
	Oid			types[2 * INDEX_MAX_KEYS + 4];
	Datum		values[2 * INDEX_MAX_KEYS + 4];
	StringInfoData functions;
	StringInfoData names;
} StepArguments;

static Datum
array_of(Oid type, Datum *values, bool *nulls, int n)
{
	int16		length;
	bool		by_value;
	char		align;
	int			lower = 1;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	return PointerGetDatum(construct_md_array(values, nulls, 1, &n, &lower, type, length, by_value, align));
}

static void
add_argument(StepArguments *arguments, Oid type, Datum array, const char *name)
{
	Oid			array_type = get_array_type(type);

	if (!OidIsValid(array_type))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("could not find array type for data type %s", format_type_be(type))));
	if (arguments->n == 0)
	{
		initStringInfo(&arguments->functions);
		initStringInfo(&arguments->names);
	}
	arguments->types[arguments->n] = array_type;
	arguments->values[arguments->n++] = array;
	appendStringInfo(&arguments->functions, "%spg_catalog.unnest($%d)",
					 arguments->n > 1 ? ", " : "", arguments->n);
	appendStringInfo(&arguments->names, "%s%s", arguments->n > 1 ? ", " : "", name);
}

static char *
from_arguments(const StepArguments *arguments, const char *alias)
{
	return psprintf("ROWS FROM (%s) AS %s (%s)", arguments->functions.data, alias, arguments->names.data);
}

/* What one column of lead has, in the rows of all steps. */
static Datum
step_column(const MergeReference *reference, MergeStep **steps, int n, int column, bool of_master,
			Oid type)
{
	Datum	   *values = palloc(n * sizeof(Datum));
	bool	   *nulls = palloc(n * sizeof(bool));
	int			index = reference->targets[column] - 1;

	for (int i = 0; i < n; i++)
	{
		MergeRow   *row = of_master ? &steps[i]->master : &steps[i]->duplicate;

		values[i] = row->values[index];
		nulls[i] = row->isnull[index];
	}
	return array_of(type, values, nulls, n);
}

/*
 * p.n and p.master, and for each column p.d0, p.m0, ...: what the duplicate
 * and the master have.
 */
static void
step_arguments(StepArguments *arguments, const MergeReference *reference, TupleDesc lead,
			   MergeStep **steps, int n)
{
	Datum	   *numbers = palloc(n * sizeof(Datum));

	arguments->n = 0;
	for (int i = 0; i < n; i++)
		numbers[i] = Int64GetDatum(i);
	add_argument(arguments, INT8OID, array_of(INT8OID, numbers, NULL, n), "n");
	for (int i = 0; i < n; i++)
		numbers[i] = Int64GetDatum(steps[i]->master_id);
	add_argument(arguments, INT8OID, array_of(INT8OID, numbers, NULL, n), "master");
	for (int c = 0; c < reference->n; c++)
	{
		Oid			type = column_of(lead, reference->targets[c])->atttypid;

		add_argument(arguments, type, step_column(reference, steps, n, c, false, type),
					 psprintf("d%d", c));
		add_argument(arguments, type, step_column(reference, steps, n, c, true, type),
					 psprintf("m%d", c));
	}
}

/* Does row r refer to the duplicate? */
static void
append_refers(StringInfo sql, const MergeReference *reference)
{
	bool		first = true;

	for (int c = 0; c < reference->n; c++)
	{
		if (reference->operators[c] == NULL)
			continue;
		appendStringInfo(sql, "%sp.d%d %s r.%s", first ? "" : " AND ", c, reference->operators[c],
						 quoted_column(reference, reference->columns[c]));
		first = false;
	}
	/* a master that refers to its own duplicate would refer to itself */
	if (reference->of_lead)
		appendStringInfoString(sql, " AND r.id OPERATOR(pg_catalog.<>) p.master");
}

static int
referring_place(const MergeReference *reference, AttrNumber attno)
{
	for (int c = 0; c < reference->n; c++)
		if (reference->columns[c] == attno)
			return c;
	return -1;
}

/* Would row r collide with row s, were it moved? */
static void
append_collides(StringInfo sql, const MergeReference *reference, const MergeUnique *unique)
{
	for (int i = 0; i < unique->n; i++)
	{
		int			place = referring_place(reference, unique->columns[i]);
		char	   *column = quoted_column(reference, unique->columns[i]);

		if (i > 0)
			appendStringInfoString(sql, " AND ");
		if (place >= 0 && reference->operators[place] != NULL)
			appendStringInfo(sql, "p.m%d %s s.%s", place, reference->operators[place], column);
		else if (place >= 0)
			appendStringInfo(sql, "p.m%d %s s.%s", place, unique->operators[i], column);
		else if (unique->nulls_equal)
			appendStringInfo(sql, "(r.%s %s s.%s OR (r.%s IS NULL AND s.%s IS NULL))",
							 column, unique->operators[i], column, column, column);
		else
			appendStringInfo(sql, "r.%s %s s.%s", column, unique->operators[i], column);
	}
}

/* Do rows r and s say the same but for the lead, and a number of their own? */
static void
append_same(StringInfo sql, const MergeReference *reference)
{
	StringInfoData left;
	StringInfoData right;

	initStringInfo(&left);
	initStringInfo(&right);
	for (int attno = 1; attno <= reference->tupdesc->natts; attno++)
	{
		char	   *column;

		if (column_of(reference->tupdesc, attno)->attisdropped || refers_by(reference, attno) ||
			bms_is_member(attno, reference->surrogate))
			continue;
		column = quoted_column(reference, attno);
		appendStringInfo(&left, "%sr.%s", left.len > 0 ? ", " : "", column);
		appendStringInfo(&right, "%ss.%s", right.len > 0 ? ", " : "", column);
	}
	if (left.len == 0)
		appendStringInfoString(sql, "true");
	else
		appendStringInfo(sql, "ROW(%s)::pg_catalog.record OPERATOR(pg_catalog.*=) ROW(%s)::pg_catalog.record",
						 left.data, right.data);
}

/* Rows that stay with the duplicate since the master has the same already */
static void
append_stays(StringInfo sql, const MergeReference *reference)
{
	ListCell   *lc;
	bool		first = true;

	appendStringInfoChar(sql, '(');
	foreach(lc, reference->uniques)
	{
		appendStringInfo(sql, "%sEXISTS (SELECT FROM %s AS s WHERE ", first ? "" : " OR ", reference->target);
		append_collides(sql, reference, lfirst(lc));
		appendStringInfoString(sql, " AND ");
		append_same(sql, reference);
		appendStringInfoChar(sql, ')');
		first = false;
	}
	if (first)
		appendStringInfoString(sql, "false");
	appendStringInfoChar(sql, ')');
}

static int
first_step_found(void)
{
	bool		isnull;

	return SPI_processed == 0 ? -1 :
		(int) DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
}

/* Run a query over steps as the owner of the table; the first step that it finds, or -1. */
static int
find_step(const MergeReference *reference, StepArguments *arguments, const char *query)
{
	OwnerSwitch saved = switch_to_owner(reference->owner);
	int			found;

	merge_select(query, arguments->n, arguments->types, arguments->values);
	found = first_step_found();
	switch_back(saved);
	return found;
}

static void
check_unique(const MergeReference *reference, const MergeUnique *unique, StepArguments *arguments,
			 MergeStep **steps)
{
	StringInfoData sql;
	int			found;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT p.n FROM %s JOIN %s AS r ON ", from_arguments(arguments, "p"),
					 reference->target);
	append_refers(&sql, reference);
	appendStringInfo(&sql, " JOIN %s AS s ON ", reference->target);
	append_collides(&sql, reference, unique);
	appendStringInfoString(&sql, " WHERE NOT (");
	append_same(&sql, reference);
	appendStringInfoString(&sql, ") ORDER BY p.n LIMIT 1");
	found = find_step(reference, arguments, sql.data);
	if (found >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNIQUE_VIOLATION),
				 errmsg("cannot merge lead " INT64_FORMAT " into lead " INT64_FORMAT,
						steps[found]->duplicate_id, steps[found]->master_id),
				 errdetail("Both have a row in table \"%s.%s\", which differ, and unique constraint \"%s\" allows only one.",
						   reference->schema, reference->table, unique->name),
				 errhint("Delete one of the two rows, or make them the same, and merge again."),
				 err_generic_string(PG_DIAG_SCHEMA_NAME, reference->schema),
				 err_generic_string(PG_DIAG_TABLE_NAME, reference->table),
				 err_generic_string(PG_DIAG_CONSTRAINT_NAME, unique->name)));
}

/* Any rows at all that refer to a duplicate of these steps? */
static int
find_referring(const MergeReference *reference, StepArguments *arguments, const char *condition)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT p.n FROM %s JOIN %s AS r ON ", from_arguments(arguments, "p"),
					 reference->target);
	append_refers(&sql, reference);
	appendStringInfo(&sql, " WHERE %s ORDER BY p.n LIMIT 1", condition);
	return find_step(reference, arguments, sql.data);
}

/* A column that is computed cannot be pointed elsewhere. */
static void
check_computed(const MergeReference *reference, StepArguments *arguments, MergeStep **steps)
{
	for (int c = 0; c < reference->n; c++)
	{
		Form_pg_attribute attr = column_of(reference->tupdesc, reference->columns[c]);
		int			found;

		if (attr->attgenerated == '\0' && attr->attidentity != ATTRIBUTE_IDENTITY_ALWAYS)
			continue;
		found = find_referring(reference, arguments, "true");
		if (found >= 0)
			ereport(ERROR,
					(errcode(ERRCODE_GENERATED_ALWAYS),
					 errmsg("cannot merge lead " INT64_FORMAT " into lead " INT64_FORMAT,
							steps[found]->duplicate_id, steps[found]->master_id),
					 errdetail("Column \"%s\" of table \"%s.%s\" refers to it by foreign key \"%s\" and is generated.",
							   NameStr(attr->attname), reference->schema, reference->table,
							   reference->constraint),
					 errhint("Let the row refer to the other lead first."),
					 err_generic_string(PG_DIAG_TABLE_NAME, reference->table),
					 err_generic_string(PG_DIAG_CONSTRAINT_NAME, reference->constraint)));
	}
}

/* A master that has nothing in a column that is referred to */
static void
check_missing(const MergeReference *reference, StepArguments *arguments, MergeStep **steps,
			  TupleDesc lead)
{
	for (int c = 0; c < reference->n; c++)
	{
		int			found;

		if (column_of(lead, reference->targets[c])->attnotnull)
			continue;
		found = find_referring(reference, arguments,
							   psprintf("p.m%d IS NULL AND r.%s IS NOT NULL", c,
										quoted_column(reference, reference->columns[c])));
		if (found >= 0)
			ereport(ERROR,
					(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
					 errmsg("cannot merge lead " INT64_FORMAT " into lead " INT64_FORMAT,
							steps[found]->duplicate_id, steps[found]->master_id),
					 errdetail("A row of table \"%s.%s\" refers to column \"%s\" by foreign key \"%s\", and lead " INT64_FORMAT " has no value there.",
							   reference->schema, reference->table,
							   NameStr(column_of(lead, reference->targets[c])->attname),
							   reference->constraint, steps[found]->master_id),
					 errhint("Give that lead a value in this column first."),
					 err_generic_string(PG_DIAG_TABLE_NAME, reference->table),
					 err_generic_string(PG_DIAG_CONSTRAINT_NAME, reference->constraint)));
	}
}

/* All that would keep rows from being moved, before anything is. */
void
merge_check_reference(Workspace *ws, const MergeReference *reference, MergeStep **steps, int n)
{
	StepArguments arguments;
	ListCell   *lc;

	step_arguments(&arguments, reference, ws->tupdesc, steps, n);
	check_computed(reference, &arguments, steps);
	check_missing(reference, &arguments, steps, ws->tupdesc);
	foreach(lc, reference->uniques)
		check_unique(reference, lfirst(lc), &arguments, steps);
}

static char *
move_query(const MergeReference *reference, StepArguments *arguments)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "UPDATE %s AS r SET ", reference->target);
	for (int c = 0; c < reference->n; c++)
	{
		char	   *column = quoted_column(reference, reference->columns[c]);

		if (reference->operators[c] != NULL)
			appendStringInfo(&sql, "%s%s = p.m%d", c > 0 ? ", " : "", column, c);
		else					/* what refers to nothing stays so */
			appendStringInfo(&sql, "%s%s = CASE WHEN r.%s IS NOT NULL THEN p.m%d END",
							 c > 0 ? ", " : "", column, column, c);
	}
	if (reference->log)
		appendStringInfoString(&sql, ", merged_from = COALESCE(r.merged_from, r.lead_id)");
	appendStringInfo(&sql, " FROM %s WHERE ", from_arguments(arguments, "p"));
	append_refers(&sql, reference);
	if (reference->uniques != NIL)
	{
		appendStringInfoString(&sql, " AND NOT ");
		append_stays(&sql, reference);
	}
	appendStringInfoString(&sql, " RETURNING p.n");
	for (int i = 0; i < reference->nkeys; i++)
		appendStringInfo(&sql, ", r.%s", quoted_column(reference, reference->keys[i]));
	if (reference->nkeys == 0)
		appendStringInfoString(&sql, ", (r.*)::pg_catalog.text");
	return sql.data;
}

static void
add_key(MovedRows *moved, char *text)
{
	if (moved->n == moved->allocated)
	{
		moved->allocated = Max(16, moved->allocated * 2);
		moved->keys = moved->keys == NULL ? palloc(moved->allocated * sizeof(Datum)) :
			repalloc_huge(moved->keys, moved->allocated * sizeof(Datum));
	}
	moved->keys[moved->n++] = CStringGetTextDatum(text);
}

/* Sort what the query returned by step. */
static MovedRows *
collect_moved(const MergeReference *reference, int nsteps)
{
	MovedRows  *moved = palloc0(nsteps * sizeof(MovedRows));
	int			nrows;
	SPITupleTable *rows = merge_rows(&nrows);
	int			level = merge_begin_texts();

	for (int i = 0; i < nrows; i++)
	{
		bool		isnull;
		int			step = (int) DatumGetInt64(SPI_getbinval(rows->vals[i], rows->tupdesc, 1, &isnull));

		for (int k = 0; k < Max(reference->nkeys, 1); k++)
		{
			Datum		value = SPI_getbinval(rows->vals[i], rows->tupdesc, k + 2, &isnull);

			add_key(&moved[step], merge_text(TupleDescAttr(rows->tupdesc, k + 1)->atttypid, value));
		}
	}
	merge_end_texts(level);
	SPI_freetuptable(rows);
	return moved;
}

static Datum
column_names(const MergeReference *reference, const AttrNumber *columns, int n)
{
	char	  **names = palloc((n + 1) * sizeof(char *));

	for (int i = 0; i < n; i++)
		names[i] = pstrdup(column_name(reference, columns[i]));
	return merge_text_array(names, n);
}

/* What the columns of the foreign key have, as text. */
static Datum
reference_values(const MergeReference *reference, TupleDesc lead, const MergeRow *row)
{
	char	  **texts = palloc(reference->n * sizeof(char *));

	for (int c = 0; c < reference->n; c++)
	{
		int			index = reference->targets[c] - 1;

		texts[c] = row->isnull[index] ? NULL :
			merge_text(TupleDescAttr(lead, index)->atttypid, row->values[index]);
	}
	return merge_text_array(texts, reference->n);
}

static void
note_moved(Workspace *ws, const MergeReference *reference, const MergeStep *step, MovedRows *moved)
{
	MergeChange change = {.merge_id = step->merge_id, .kind = "moved", .table = reference->table};
	int			level = merge_begin_texts();

	change.schema = get_rel_namespace(reference->relid) == ws->namespace ? NULL : reference->schema;
	change.columns = column_names(reference, reference->columns, reference->n);
	change.old_values = reference_values(reference, ws->tupdesc, &step->duplicate);
	change.new_values = reference_values(reference, ws->tupdesc, &step->master);
	if (reference->nkeys > 0)
		change.key_columns = column_names(reference, reference->keys, reference->nkeys);
	change.keys = spi_array(moved->keys, NULL, moved->n, TEXTOID);
	merge_end_texts(level);
	merge_note_change(ws, &change);
}

/* Users' triggers and rules may have kept rows where they were. */
static void
check_moved(const MergeReference *reference, StepArguments *arguments, MergeStep **steps)
{
	StringInfoData condition;
	int			found;

	initStringInfo(&condition);
	appendStringInfoString(&condition, "NOT ");
	append_stays(&condition, reference);
	found = find_referring(reference, arguments, condition.data);
	if (found >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
				 errmsg("cannot merge lead " INT64_FORMAT " into lead " INT64_FORMAT,
						steps[found]->duplicate_id, steps[found]->master_id),
				 errdetail("A trigger or a rule keeps a row of table \"%s.%s\" from referring to another lead.",
						   reference->schema, reference->table),
				 errhint("Let updates of the columns of foreign key \"%s\" happen.", reference->constraint),
				 err_generic_string(PG_DIAG_TABLE_NAME, reference->table),
				 err_generic_string(PG_DIAG_CONSTRAINT_NAME, reference->constraint)));
}

/*
 * Leads that refer to a duplicate, if the table is lead itself: nothing else
 * about them changes, and nothing is decided anew.
 */
static void
begin_lead_writes(Workspace *ws, const MergeReference *reference, StepArguments *arguments,
				  LeadWrites *writes)
{
	StringInfoData sql;
	int64	   *ids;

	memset(writes, 0, sizeof(*writes));
	writes->lead_relid = ws->lead_relid;
	if (reference->of_lead)
	{
		initStringInfo(&sql);
		appendStringInfo(&sql, "SELECT DISTINCT r.id FROM %s JOIN %s AS r ON ",
						 from_arguments(arguments, "p"), reference->target);
		append_refers(&sql, reference);
		appendStringInfoString(&sql, " ORDER BY r.id");
		merge_select(sql.data, arguments->n, arguments->types, arguments->values);
		ids = spi_int64s(&writes->n);
		writes->writes = palloc0((writes->n + 1) * sizeof(LeadWrite));
		for (int i = 0; i < writes->n; i++)
		{
			writes->writes[i].lead_id = ids[i];
			writes->writes[i].verbatim = true;
		}
	}
	lead_write_begin(writes);
}

static MovedRows *
move_rows(Workspace *ws, const MergeReference *reference, StepArguments *arguments, int nsteps)
{
	OwnerSwitch saved = switch_to_owner(reference->owner);
	LeadWrites	writes;
	MovedRows  *volatile moved = NULL;
	int			level = reference->nkeys == 0 ? merge_begin_texts() : 0;

	begin_lead_writes(ws, reference, arguments, &writes);
	PG_TRY();
	{
		merge_execute(move_query(reference, arguments), arguments->n, arguments->types,
					  arguments->values, NULL, SPI_OK_UPDATE_RETURNING);
		moved = collect_moved(reference, nsteps);
	}
	PG_FINALLY();
	{
		lead_write_end(&writes);
	}
	PG_END_TRY();
	if (level != 0)
		merge_end_texts(level);
	switch_back(saved);
	return moved;
}

void
merge_move(Workspace *ws, const MergeReference *reference, MergeStep **steps, int n)
{
	StepArguments arguments;
	MovedRows  *moved;

	step_arguments(&arguments, reference, ws->tupdesc, steps, n);
	moved = move_rows(ws, reference, &arguments, n);
	if (reference->suppressible)
		check_moved(reference, &arguments, steps);
	for (int i = 0; i < n; i++)
		if (moved[i].n > 0)
			note_moved(ws, reference, steps[i], &moved[i]);
}

/* ---- Moving back --------------------------------------------------------------- */

static bool
is_of(const MergeReference *reference, Workspace *ws, const MergeRecord *record)
{
	const char *schema = record->schema;

	if (strcmp(reference->table, record->table) != 0 || reference->n != record->ncolumns)
		return false;
	if (schema == NULL ? get_rel_namespace(reference->relid) != ws->namespace :
		strcmp(reference->schema, schema) != 0)
		return false;
	for (int c = 0; c < reference->n; c++)
		if (strcmp(column_name(reference, reference->columns[c]), record->columns[c]) != 0)
			return false;
	return true;
}

/*
 * The foreign key that the rows were moved by.  It must be there still: the
 * ledger is the workspace owner's to write, other tables are not.
 */
static const MergeReference *
find_reference(List *references, Workspace *ws, const MergeRecord *record)
{
	ListCell   *lc;

	foreach(lc, references)
		if (is_of(lfirst(lc), ws, record))
			return lfirst(lc);
	return NULL;
}

static bool
is_key_column(const MergeReference *reference, AttrNumber attno, const MergeRecord *record)
{
	for (int i = 0; i < record->nkey_columns; i++)
		if (strcmp(column_name(reference, attno), record->key_columns[i]) == 0)
			return true;
	return record->nkey_columns == 0;
}

/*
 * Might another merge have changed what these rows are known by?  It might
 * where they refer to a second lead.
 */
bool
merge_rows_are_shared(Workspace *ws, List *references, const MergeRecord *record)
{
	const MergeReference *own = find_reference(references, ws, record);
	ListCell   *lc;

	foreach(lc, references)
	{
		const MergeReference *other = lfirst(lc);

		if (own == NULL || other == own || other->relid != own->relid)
			continue;
		for (int c = 0; c < other->n; c++)
			if (is_key_column(other, other->columns[c], record))
				return true;
	}
	return false;
}

/* Do leads refer to others by columns that users added? */
bool
merge_leads_refer(Workspace *ws, List *references)
{
	ListCell   *lc;

	foreach(lc, references)
	{
		const MergeReference *reference = lfirst(lc);

		if (reference->of_lead &&
			(reference->n > 1 || reference->columns[0] != ws->column[LEAD_MERGED_INTO]))
			return true;
	}
	return false;
}

/* Columns that rows were known by; false if the table lacks one by now. */
static bool
find_keys(const MergeReference *reference, const MergeRecord *record, AttrNumber *keys)
{
	for (int i = 0; i < record->nkey_columns; i++)
	{
		keys[i] = get_attnum(reference->relid, record->key_columns[i]);
		if (keys[i] <= 0 ||
			equality_of_type(column_of(reference->tupdesc, keys[i])->atttypid) == NULL)
			return false;
	}
	return true;
}

static Datum
column_value(const MergeReference *reference, AttrNumber attno, char *text)
{
	Form_pg_attribute attr = column_of(reference->tupdesc, attno);

	return merge_value(attr->atttypid, attr->atttypmod, text);
}

/* Arguments of the query that moves back: old values, new ones, then keys */
typedef struct BackArguments
{
	int			n;
	Oid			types[3 * INDEX_MAX_KEYS + 2];
	Datum		values[3 * INDEX_MAX_KEYS + 2];
	char		nulls[3 * INDEX_MAX_KEYS + 2];
} BackArguments;

static int
add_value(BackArguments *arguments, Oid type, Datum value, bool isnull)
{
	arguments->types[arguments->n] = type;
	arguments->values[arguments->n] = value;
	arguments->nulls[arguments->n] = isnull ? 'n' : ' ';
	return ++arguments->n;
}

static int
add_column_value(BackArguments *arguments, const MergeReference *reference, int column, char *text)
{
	AttrNumber	attno = reference->columns[column];

	return add_value(arguments, column_of(reference->tupdesc, attno)->atttypid,
					 text == NULL ? (Datum) 0 : column_value(reference, attno, text), text == NULL);
}

/* "SET ...", and in "where" that the row refers to the master still. */
static char *
back_assignments(const MergeReference *reference, const MergeRecord *record, int64 duplicate_id,
				 BackArguments *arguments, StringInfo where)
{
	StringInfoData sql;

	initStringInfo(&sql);
	initStringInfo(where);
	for (int c = 0; c < reference->n; c++)
	{
		char	   *column = quoted_column(reference, reference->columns[c]);
		int			old = add_column_value(arguments, reference, c, record->old_values[c]);
		int			new;

		if (reference->operators[c] == NULL)
		{
			appendStringInfo(&sql, "%s%s = CASE WHEN r.%s IS NOT NULL THEN $%d END",
							 c > 0 ? ", " : "", column, column, old);
			continue;
		}
		new = add_column_value(arguments, reference, c, record->new_values[c]);
		appendStringInfo(&sql, "%s%s = $%d", c > 0 ? ", " : "", column, old);
		appendStringInfo(where, "%sr.%s %s $%d", where->len > 0 ? " AND " : "", column,
						 equality_of_type(column_of(reference->tupdesc, reference->columns[c])->atttypid),
						 new);
	}
	if (reference->log)
		appendStringInfo(&sql, ", merged_from = NULLIF(r.merged_from, $%d)",
						 add_value(arguments, INT8OID, Int64GetDatum(duplicate_id), false));
	return sql.data;
}

/* FROM and WHERE for rows that are known by a key. */
static char *
by_key(const MergeReference *reference, const MergeRecord *record, const AttrNumber *keys,
	   BackArguments *arguments)
{
	StringInfoData functions;
	StringInfoData names;
	StringInfoData where;
	int			nkeys = record->nkey_columns;
	int			nrows = record->nkeys / nkeys;
	Datum	   *values = palloc((nrows + 1) * sizeof(Datum));

	initStringInfo(&functions);
	initStringInfo(&names);
	initStringInfo(&where);
	for (int k = 0; k < nkeys; k++)
	{
		Oid			type = column_of(reference->tupdesc, keys[k])->atttypid;
		const char *separator = k > 0 ? ", " : "";
		int			argument;

		for (int i = 0; i < nrows; i++)
			values[i] = column_value(reference, keys[k], record->keys[i * nkeys + k]);
		argument = add_value(arguments, get_array_type(type), array_of(type, values, NULL, nrows), false);
		appendStringInfo(&functions, "%spg_catalog.unnest($%d)", separator, argument);
		appendStringInfo(&names, "%sk%d", separator, k);
		appendStringInfo(&where, " AND r.%s %s k.k%d", quoted_column(reference, keys[k]),
						 equality_of_type(type), k);
	}
	return psprintf(" FROM ROWS FROM (%s) AS k (%s) WHERE true%s", functions.data, names.data, where.data);
}

/* The same for rows that are known by all they have: as many as there were. */
static char *
by_content(const MergeReference *reference, const MergeRecord *record, BackArguments *arguments,
		   const char *refers)
{
	int			argument = add_value(arguments, TEXTARRAYOID,
									 merge_text_array(record->keys, record->nkeys), false);

	return psprintf(" FROM (SELECT r.tableoid AS t, r.ctid AS c, (r.*)::pg_catalog.text AS line, "
					"pg_catalog.row_number() OVER (PARTITION BY (r.*)::pg_catalog.text) AS i "
					"FROM %s AS r WHERE %s) AS f "
					"JOIN (SELECT u.line, pg_catalog.count(*) AS n FROM pg_catalog.unnest($%d) AS u (line) "
					"GROUP BY u.line) AS k ON k.line OPERATOR(pg_catalog.=) f.line "
					"AND f.i OPERATOR(pg_catalog.<=) k.n "
					"WHERE r.tableoid OPERATOR(pg_catalog.=) f.t AND r.ctid OPERATOR(pg_catalog.=) f.c",
					reference->target, refers, argument);
}

static void
write_back(Workspace *ws, const MergeReference *reference, const char *sql, BackArguments *arguments,
		   const MergeRecord *record)
{
	OwnerSwitch saved = switch_to_owner(reference->owner);
	LeadWrites	writes = {.lead_relid = ws->lead_relid};

	if (reference->of_lead)
	{
		writes.n = record->nkeys;
		writes.writes = palloc0((writes.n + 1) * sizeof(LeadWrite));
		for (int i = 0; i < writes.n; i++)
		{
			writes.writes[i].lead_id = DatumGetInt64(merge_value(INT8OID, -1, record->keys[i]));
			writes.writes[i].verbatim = true;
		}
	}
	lead_write_begin(&writes);
	PG_TRY();
	{
		merge_execute(sql, arguments->n, arguments->types, arguments->values, arguments->nulls,
					  SPI_OK_UPDATE);
	}
	PG_FINALLY();
	{
		lead_write_end(&writes);
	}
	PG_END_TRY();
	switch_back(saved);
}

static void
warn_of_rows_left(Workspace *ws, const MergeRecord *record)
{
	ereport(WARNING,
			(errmsg("rows of table \"%s.%s\" stay with the lead that was the master",
					record->schema != NULL ? record->schema : get_namespace_name(ws->namespace),
					record->table),
			 errdetail("The table, or what they referred to the lead by, is not there any more.")));
}

/* Rows that are there still, and refer to the master still. */
void
merge_move_back(Workspace *ws, List *references, const MergeRecord *record, int64 duplicate_id)
{
	const MergeReference *reference = find_reference(references, ws, record);
	BackArguments arguments = {0};
	AttrNumber	keys[INDEX_MAX_KEYS];
	StringInfoData refers;
	StringInfoData sql;
	int			level;

	if (reference == NULL || record->old_values == NULL || record->new_values == NULL ||
		record->nkey_columns > INDEX_MAX_KEYS || !find_keys(reference, record, keys))
	{
		warn_of_rows_left(ws, record);
		return;
	}
	level = merge_begin_texts();
	initStringInfo(&sql);
	appendStringInfo(&sql, "UPDATE %s AS r SET %s", reference->target,
					 back_assignments(reference, record, duplicate_id, &arguments, &refers));
	if (record->nkey_columns > 0)
	{
		appendStringInfoString(&sql, by_key(reference, record, keys, &arguments));
		merge_end_texts(level);
		level = 0;
	}
	else
		appendStringInfoString(&sql, by_content(reference, record, &arguments, refers.data));
	appendStringInfo(&sql, " AND %s", refers.data);
	write_back(ws, reference, sql.data, &arguments, record);
	if (level != 0)
		merge_end_texts(level);
}
