/*-------------------------------------------------------------------------
 *
 * merge.c
 *	  Leads merged into others: the triggers of the table merge.
 *
 * All merges of a statement are carried out at its end.  First the leads are
 * locked in the order of their ids, so that two merges cannot wait for each
 * other and nobody can add a row that refers to a duplicate meanwhile: who
 * does so holds a lock on the lead until he commits.  Then the merges are
 * sorted into waves: those of one wave have no lead in common, so that the
 * rows of all are moved by one query a table.  A chain takes as many waves as
 * it has links.
 *
 * What was done is written down in merge_change: which rows were moved, and
 * what the two leads had before and had after.  See merge_undo.c.
 *
 *-------------------------------------------------------------------------
 */
#include "merge_internal.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"

#include "attempt.h"
#include "cache.h"
#include "trigger.h"

PG_FUNCTION_INFO_V1(merge_check);
PG_FUNCTION_INFO_V1(merge_apply);
PG_FUNCTION_INFO_V1(merge_undo);
PG_FUNCTION_INFO_V1(merge_truncated);

/* ---- Queries ------------------------------------------------------------------- */

SPITupleTable *
merge_rows(int *n)
{
	*n = (int) SPI_processed;
	return SPI_tuptable;
}

/*
 * A query that writes, by what is committed now: under REPEATABLE READ what
 * the transaction's snapshot does not see is an error, as for the server's
 * own foreign keys, and not passed over.
 */
void
merge_execute(const char *query, int nargs, Oid *types, Datum *values, const char *nulls,
			  int expected)
{
	SPIPlanPtr	plan;

	if (!IsolationUsesXactSnapshot())
	{
		spi_check(SPI_execute_with_args(query, nargs, types, values, nulls, false, 0), expected, query);
		return;
	}
	plan = SPI_prepare(query, nargs, types);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare returned %s for query: %s", SPI_result_code_string(SPI_result), query);
	CommandCounterIncrement();
	spi_check(SPI_execute_snapshot(plan, values, nulls, GetLatestSnapshot(), GetTransactionSnapshot(),
								   false, true, 0), expected, query);
}

/* One that reads, by the same. */
void
merge_select(const char *query, int nargs, Oid *types, Datum *values)
{
	SPIPlanPtr	plan;

	if (!IsolationUsesXactSnapshot())
	{
		spi_check(SPI_execute_with_args(query, nargs, types, values, NULL, false, 0), SPI_OK_SELECT, query);
		return;
	}
	plan = SPI_prepare(query, nargs, types);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare returned %s for query: %s", SPI_result_code_string(SPI_result), query);
	CommandCounterIncrement();
	spi_check(SPI_execute_snapshot(plan, values, NULL, GetLatestSnapshot(), InvalidSnapshot,
								   false, true, 0), SPI_OK_SELECT, query);
}

/* ---- Values as text -------------------------------------------------------------- */

/* Texts that are read the same in every session. */
int
merge_begin_texts(void)
{
	static const char *const settings[][2] = {
		{"DateStyle", "ISO, MDY"}, {"IntervalStyle", "postgres"}, {"TimeZone", "UTC"},
		{"extra_float_digits", "1"}, {"bytea_output", "hex"}, {"xmloption", "content"},
		{"lc_monetary", "C"}
	};
	int			level = NewGUCNestLevel();

	for (int i = 0; i < count_of(settings); i++)
		(void) set_config_option(settings[i][0], settings[i][1], PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	return level;
}

void
merge_end_texts(int level)
{
	AtEOXact_GUC(true, level);
}

char *
merge_text(Oid type, Datum value)
{
	Oid			function;
	bool		varlena;

	getTypeOutputInfo(type, &function, &varlena);
	return OidOutputFunctionCall(function, value);
}

Datum
merge_value(Oid type, int32 typmod, char *text)
{
	Oid			function;
	Oid			parameter;

	getTypeInputInfo(type, &function, &parameter);
	return OidInputFunctionCall(function, text, parameter, typmod);
}

Datum
merge_text_array(char **texts, int n)
{
	Datum	   *values = palloc((n + 1) * sizeof(Datum));
	bool	   *nulls = palloc((n + 1) * sizeof(bool));

	for (int i = 0; i < n; i++)
	{
		nulls[i] = texts[i] == NULL;
		values[i] = nulls[i] ? (Datum) 0 : CStringGetTextDatum(texts[i]);
	}
	return spi_array(values, nulls, n, TEXTOID);
}

Datum
merge_bigint_array(const int64 *ids, int n)
{
	Datum	   *values = palloc((n + 1) * sizeof(Datum));

	for (int i = 0; i < n; i++)
		values[i] = Int64GetDatum(ids[i]);
	return spi_array(values, NULL, n, INT8OID);
}

/* ---- The ledger ------------------------------------------------------------------ */

void
merge_note_change(Workspace *ws, const MergeChange *change)
{
	char	   *query = psprintf("INSERT INTO %s.merge_change (merge_id, kind, schema_name, table_name, "
								 "columns, old_values, new_values, key_columns, keys) "
								 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", ws->schema);
	Oid			types[9] = {INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTARRAYOID, TEXTARRAYOID,
	TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID};
	Datum		values[9] = {Int64GetDatum(change->merge_id), CStringGetTextDatum(change->kind),
		change->schema == NULL ? (Datum) 0 : CStringGetTextDatum(change->schema),
		CStringGetTextDatum(change->table), change->columns, change->old_values,
	change->new_values, change->key_columns, change->keys};
	char		nulls[10];

	for (int i = 0; i < 9; i++)
		nulls[i] = i > 1 && values[i] == (Datum) 0 ? 'n' : ' ';
	nulls[9] = '\0';
	spi_check(SPI_execute_with_args(query, 9, types, values, nulls, false, 0), SPI_OK_INSERT, query);
}

/* ---- Who is at work -------------------------------------------------------------- */

/* The workspace whose rows are being moved, and nesting of that */
static Oid	moving = InvalidOid;

bool
merge_is_moving(Oid lead_relid)
{
	return OidIsValid(moving) && moving == lead_relid;
}

/* ---- Rights ---------------------------------------------------------------------- */

static void
refuse_invisible(Workspace *ws)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("row-level security of table \"%s.lead\" does not let you merge these leads", ws->schema),
			 errdetail("A merge changes both leads, and undoing it too."),
			 errhint("Ask somebody who may update both.")));
}

/* Who merges must be able to change both leads; asked as the caller. */
void
merge_check_rights(Workspace *ws, Relation lead, const int64 *ids, int n)
{
	Oid			relid = RelationGetRelid(lead);
	Oid			caller = GetUserId();
	Oid			type = INT8ARRAYOID;
	Datum		value;
	OwnerSwitch saved;

	if (pg_class_aclcheck(relid, caller, ACL_UPDATE) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(relid, caller, ACL_UPDATE, ACLMASK_ANY) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for table %s", RelationGetRelationName(lead)),
				 errdetail("A merge changes both leads, and undoing it too."),
				 errhint("Grant UPDATE on \"%s.lead\" to whoever merges.", ws->schema)));
	if (check_enable_rls(relid, caller, true) != RLS_ENABLED)
		return;
	/* all of them first: one after the other could be to wait in a circle */
	saved = switch_to_owner(ws->owner);
	merge_lock_leads(ws, ids, n);
	switch_back(saved);
	value = merge_bigint_array(ids, n);
	merge_select(psprintf("SELECT l.id FROM %s.lead l WHERE l.id OPERATOR(pg_catalog.=) ANY ($1) "
						  "ORDER BY l.id FOR UPDATE", ws->schema), 1, &type, &value);
	if (SPI_processed < (uint64) n)
		refuse_invisible(ws);
}

/* ---- Before a row ----------------------------------------------------------------- */

static int
merge_column(Relation relation, const char *name)
{
	int			attno = SPI_fnumber(RelationGetDescr(relation), name);

	if (attno <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist", name,
						RelationGetRelationName(relation)),
				 errhint("Call lead_mgmt.upgrade_workspace to bring it back.")));
	return attno;
}

static void
refuse_changes(TriggerData *trigdata)
{
	static const char *const names[] = {
		"id", "master_id", "duplicate_id", "at", "actor", "login", "position", "model_version"
	};
	TupleDesc	tupdesc = RelationGetDescr(trigdata->tg_relation);

	for (int i = 0; i < count_of(names); i++)
	{
		int			attno = merge_column(trigdata->tg_relation, names[i]);
		char	   *old = SPI_getvalue(trigdata->tg_trigtuple, tupdesc, attno);
		char	   *new = SPI_getvalue(trigdata->tg_newtuple, tupdesc, attno);

		if (old == NULL && new == NULL)
			continue;
		if (old == NULL || new == NULL || strcmp(old, new) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_RESTRICT_VIOLATION),
					 errmsg("cannot change column \"%s\" of a merge", names[i]),
					 errdetail("A merge is done when its row is inserted, and undone when it is deleted."),
					 errhint("Delete the row and insert another."),
					 err_column_constraint(trigdata->tg_relation, attno, "merge_unchangeable")));
	}
}

static void
check_leads(TriggerData *trigdata)
{
	static const char *const names[] = {"master_id", "duplicate_id"};
	Relation	relation = trigdata->tg_relation;
	Datum		ids[2];

	for (int i = 0; i < 2; i++)
	{
		int			attno = merge_column(relation, names[i]);
		bool		isnull;

		ids[i] = SPI_getbinval(trigdata->tg_trigtuple, RelationGetDescr(relation), attno, &isnull);
		if (isnull)
			ereport(ERROR,
					(errcode(ERRCODE_NOT_NULL_VIOLATION),
					 errmsg("null value in column \"%s\" of relation \"%s\" violates not-null constraint",
							names[i], RelationGetRelationName(relation)),
					 errdetail("A merge is about two leads."),
					 errhint("Give the ids of two leads that are there."),
					 errtablecol(relation, attno)));
	}
	if (DatumGetInt64(ids[0]) == DatumGetInt64(ids[1]))
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("cannot merge lead " INT64_FORMAT " into itself", DatumGetInt64(ids[0])),
				 errdetail("Both master_id and duplicate_id are " INT64_FORMAT ".", DatumGetInt64(ids[0])),
				 errhint("Give the ids of two leads that are there."),
				 errtableconstraint(relation, "merge_leads_check")));
}

/* merge_check(): BEFORE ROW trigger; who and when is the database's to say. */
Datum
merge_check(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_data_of(fcinfo, "merge_check", true, true);
	Relation	relation = trigdata->tg_relation;
	int			columns[5];
	Datum		values[5];
	bool		nulls[5] = {false, false, false, true, true};

	trigger_check_table(trigdata, "merge_check", "merge", NULL);
	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
	{
		if (!merge_is_moving(lead_of_sister(relation)))
			refuse_changes(trigdata);
		return PointerGetDatum(trigdata->tg_newtuple);
	}
	check_leads(trigdata);
	columns[0] = merge_column(relation, "at");
	columns[1] = merge_column(relation, "actor");
	columns[2] = merge_column(relation, "login");
	columns[3] = merge_column(relation, "position");
	columns[4] = merge_column(relation, "model_version");
	values[0] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[1] = CStringGetTextDatum(current_actor());
	values[2] = CStringGetTextDatum(current_login());
	values[3] = values[4] = (Datum) 0;
	return PointerGetDatum(heap_modify_tuple_by_cols(trigdata->tg_trigtuple, RelationGetDescr(relation),
													 5, columns, values, nulls));
}

/* ---- What is to be merged -------------------------------------------------------- */

/* A lead as far as merges of this statement are concerned */
typedef struct Standing
{
	int64		id;				/* hash key */
	int64		merged_into;	/* 0: not merged */
	int			wave;			/* the last one that is about it */
} Standing;

/* All merges of a statement */
typedef struct MergeRun
{
	Workspace  *ws;
	Relation	lead;
	int			n;
	MergeStep  *steps;
	int			waves;
	HTAB	   *standings;
	List	   *references;
	TimestampTz at;
} MergeRun;

static void
read_steps(MergeRun *run, const char *table)
{
	char	   *query = psprintf("SELECT m.id, m.master_id, m.duplicate_id FROM %s m", quote_identifier(table));
	int			n;
	SPITupleTable *rows;

	spi_check(SPI_execute(query, false, 0), SPI_OK_SELECT, query);
	rows = merge_rows(&n);
	run->n = n;
	run->steps = palloc0((n + 1) * sizeof(MergeStep));
	for (int i = 0; i < n; i++)
	{
		bool		isnull;
		MergeStep  *step = &run->steps[i];

		step->merge_id = DatumGetInt64(SPI_getbinval(rows->vals[i], rows->tupdesc, 1, &isnull));
		step->given_id = DatumGetInt64(SPI_getbinval(rows->vals[i], rows->tupdesc, 2, &isnull));
		step->duplicate_id = DatumGetInt64(SPI_getbinval(rows->vals[i], rows->tupdesc, 3, &isnull));
	}
	SPI_freetuptable(rows);
}

/* Both leads of each step, each once, ascending. */
static int64 *
leads_of(const MergeRun *run, int *n)
{
	int64	   *ids = palloc((2 * run->n + 1) * sizeof(int64));
	int			kept = 0;

	for (int i = 0; i < run->n; i++)
	{
		ids[2 * i] = run->steps[i].given_id;
		ids[2 * i + 1] = run->steps[i].duplicate_id;
	}
	qsort(ids, 2 * run->n, sizeof(int64), compare_int64);
	for (int i = 0; i < 2 * run->n; i++)
		if (kept == 0 || ids[kept - 1] != ids[i])
			ids[kept++] = ids[i];
	*n = kept;
	return ids;
}

/* These leads, what they were merged into, and what was merged into them; ascending. */
static int64 *
find_related(Workspace *ws, Datum ids, int *n)
{
	char	   *query = psprintf("SELECT l.id FROM %1$s.lead l WHERE l.id OPERATOR(pg_catalog.=) ANY ($1) "
								 "UNION SELECT l.merged_into FROM %1$s.lead l WHERE l.id OPERATOR(pg_catalog.=) ANY ($1) "
								 "AND l.merged_into IS NOT NULL "
								 "UNION SELECT l.id FROM %1$s.lead l WHERE l.merged_into OPERATOR(pg_catalog.=) ANY ($1)",
								 ws->schema);
	Oid			type = INT8ARRAYOID;
	int64	   *related;

	merge_select(query, 1, &type, &ids);
	related = spi_int64s(n);
	qsort(related, *n, sizeof(int64), compare_int64);
	return related;
}

/* By the transaction's snapshot: what has changed since is an error. */
static void
lock_ascending(Workspace *ws, const int64 *ids, int n)
{
	char	   *query = psprintf("SELECT l.id FROM %s.lead l WHERE l.id OPERATOR(pg_catalog.=) ANY ($1) "
								 "ORDER BY l.id FOR UPDATE", ws->schema);
	Oid			type = INT8ARRAYOID;
	Datum		value = merge_bigint_array(ids, n);

	spi_check(SPI_execute_with_args(query, 1, &type, &value, NULL, false, 0), SPI_OK_SELECT, query);
}

/* Leads that are to be locked with all that belong to them */
typedef struct LeadLock
{
	Workspace  *ws;
	Datum		ids;
} LeadLock;

/* false: while this waited others joined them, or left. */
static bool
try_to_lock(void *argument)
{
	LeadLock   *lock = argument;
	int			n;
	int			nnow;
	int64	   *related = find_related(lock->ws, lock->ids, &n);
	int64	   *now;

	lock_ascending(lock->ws, related, n);
	now = find_related(lock->ws, lock->ids, &nnow);
	return nnow == n && memcmp(now, related, n * sizeof(int64)) == 0;
}

/*
 * Lock these leads, what they were merged into, and what was merged into
 * them, in the order of their ids.  Where others join them while this waits,
 * it lets go of all and begins anew: to wait for one more while holding the
 * rest could be to wait in a circle.
 */
void
merge_lock_leads(Workspace *ws, const int64 *ids, int n)
{
	LeadLock	lock = {.ws = ws, .ids = merge_bigint_array(ids, n)};

	while (!in_subtransaction(try_to_lock, &lock))
		CHECK_FOR_INTERRUPTS();
}

static void
read_standings(MergeRun *run, const int64 *ids, int n)
{
	HASHCTL		ctl = {.keysize = sizeof(int64), .entrysize = sizeof(Standing), .hcxt = CurrentMemoryContext};
	char	   *query = psprintf("SELECT l.id, COALESCE(l.merged_into, 0) FROM %s.lead l "
								 "WHERE l.id OPERATOR(pg_catalog.=) ANY ($1)", run->ws->schema);
	Oid			type = INT8ARRAYOID;
	Datum		value = merge_bigint_array(ids, n);

	run->standings = hash_create("lead_mgmt merges", Max(n, 16), &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	merge_select(query, 1, &type, &value);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		int64		id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
		Standing   *standing = hash_search(run->standings, &id, HASH_ENTER, NULL);

		standing->merged_into = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2, &isnull));
		standing->wave = 0;
	}
}

static Standing *
find_standing(MergeRun *run, int64 id, const char *column)
{
	Standing   *standing = hash_search(run->standings, &id, HASH_FIND, NULL);

	if (standing == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
				 errmsg("lead " INT64_FORMAT " does not exist", id),
				 errdetail("Key (%s)=(" INT64_FORMAT ") is not present in table \"lead\".", column, id),
				 errhint("Give the ids of two leads that are there."),
				 err_generic_string(PG_DIAG_TABLE_NAME, "merge"),
				 err_generic_string(PG_DIAG_COLUMN_NAME, column),
				 err_generic_string(PG_DIAG_CONSTRAINT_NAME, psprintf("merge_%s_fkey", column))));
	return standing;
}

/* The master that a lead ends up with, as merges of this statement go. */
static Standing *
resolve(MergeRun *run, int64 id)
{
	Standing   *standing = find_standing(run, id, "master_id");

	while (standing->merged_into != 0)
	{
		bool		found;
		int64		next = standing->merged_into;

		standing = hash_search(run->standings, &next, HASH_ENTER, &found);
		if (!found)
		{
			standing->merged_into = 0;
			standing->wave = 0;
		}
	}
	return standing;
}

static void
refuse_merged(const MergeStep *step, int64 master_id)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNIQUE_VIOLATION),
			 errmsg("lead " INT64_FORMAT " has been merged already", step->duplicate_id),
			 errdetail("It was merged into lead " INT64_FORMAT ".", master_id),
			 errhint("Merge lead " INT64_FORMAT ", or undo that merge first: DELETE FROM merge WHERE duplicate_id = " INT64_FORMAT ".",
					 master_id, step->duplicate_id),
			 err_generic_string(PG_DIAG_TABLE_NAME, "merge"),
			 err_generic_string(PG_DIAG_CONSTRAINT_NAME, "merge_duplicate")));
}

static void
refuse_circle(const MergeStep *step)
{
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("cannot merge lead " INT64_FORMAT " into itself", step->duplicate_id),
			 errdetail("Lead " INT64_FORMAT " has been merged into lead " INT64_FORMAT ".",
					   step->given_id, step->duplicate_id),
			 errhint("Undo that merge first, if lead " INT64_FORMAT " shall be the master.", step->given_id),
			 err_generic_string(PG_DIAG_TABLE_NAME, "merge"),
			 err_generic_string(PG_DIAG_CONSTRAINT_NAME, "merge_circle")));
}

/* false: another merge of this statement has its duplicate. */
static bool
place_step(MergeRun *run, MergeStep *step)
{
	Standing   *duplicate = find_standing(run, step->duplicate_id, "duplicate_id");
	Standing   *master = resolve(run, step->given_id);

	if (duplicate->merged_into != 0 && duplicate->wave > 0)
		return false;
	if (duplicate->merged_into != 0)
		refuse_merged(step, resolve(run, step->duplicate_id)->id);
	if (master->id == step->duplicate_id)
		refuse_circle(step);
	step->master_id = master->id;
	step->wave = Max(master->wave, duplicate->wave) + 1;
	master->wave = duplicate->wave = step->wave;
	duplicate->merged_into = master->id;
	run->waves = Max(run->waves, step->wave);
	return true;
}

static void
forget_needless(MergeRun *run, const int64 *ids, int n)
{
	char	   *query = psprintf("DELETE FROM %s.merge WHERE id OPERATOR(pg_catalog.=) ANY ($1)", run->ws->schema);
	Oid			type = INT8ARRAYOID;
	Datum		value = merge_bigint_array(ids, n);

	spi_check(SPI_execute_with_args(query, 1, &type, &value, NULL, false, 0), SPI_OK_DELETE, query);
	ereport(NOTICE,
			(errmsg_plural("%d row is of leads that other rows of the statement merge, and is left out",
						   "%d rows are of leads that other rows of the statement merge, and are left out", n, n)));
}

/*
 * One after the other, as if each were a statement of its own.  But where all
 * pairs of a group are given, the last of them say nothing new.
 */
static void
sort_into_waves(MergeRun *run)
{
	MergeStep **later = palloc((run->n + 1) * sizeof(MergeStep *));
	int64	   *needless = palloc((run->n + 1) * sizeof(int64));
	int			nlater = 0;
	int			kept = 0;

	for (int i = 0; i < run->n; i++)
		if (!place_step(run, &run->steps[i]))
			later[nlater++] = &run->steps[i];
	for (int i = 0; i < nlater; i++)
	{
		int64		master_id = resolve(run, later[i]->duplicate_id)->id;

		if (resolve(run, later[i]->given_id)->id != master_id)
			refuse_merged(later[i], master_id);
		needless[i] = later[i]->merge_id;
	}
	for (int i = 0; i < run->n; i++)
		if (run->steps[i].wave > 0)
			run->steps[kept++] = run->steps[i];
	run->n = kept;
	if (nlater > 0)
		forget_needless(run, needless, nlater);
}

/* ---- Carrying it out -------------------------------------------------------------- */

static int64 *
wave_leads(MergeStep **steps, int n)
{
	int64	   *ids = palloc(2 * n * sizeof(int64));

	for (int i = 0; i < n; i++)
	{
		ids[2 * i] = steps[i]->master_id;
		ids[2 * i + 1] = steps[i]->duplicate_id;
	}
	return ids;
}

static void
read_wave(MergeRun *run, MergeStep **steps, int n)
{
	MergeRow   *rows = palloc(2 * n * sizeof(MergeRow));

	merge_read_rows(run->ws, wave_leads(steps, n), 2 * n, rows);
	for (int i = 0; i < n; i++)
	{
		steps[i]->master = steps[i]->master_before = rows[2 * i];
		steps[i]->duplicate = steps[i]->duplicate_before = rows[2 * i + 1];
	}
}

/* Rows of lead itself first: what follows builds on what they have then. */
static void
move_references(MergeRun *run, MergeStep **steps, int n, bool of_lead, bool early)
{
	ListCell   *lc;

	foreach(lc, run->references)
	{
		MergeReference *reference = lfirst(lc);

		if (!reference->shared && reference->of_lead == of_lead && (of_lead || reference->early == early))
			merge_move(run->ws, reference, steps, n);
	}
}

/*
 * A row may be moved by two merges of one wave, and is known by what it has in
 * between: one merge after the other, as they are undone.
 */
static void
move_shared(MergeRun *run, MergeStep **steps, int n)
{
	ListCell   *lc;

	for (int i = 0; i < n; i++)
		foreach(lc, run->references)
			if (((MergeReference *) lfirst(lc))->shared)
				merge_move(run->ws, lfirst(lc), &steps[i], 1);
}

static void
check_references(MergeRun *run, MergeStep **steps, int n, bool of_lead)
{
	ListCell   *lc;

	foreach(lc, run->references)
		if (((MergeReference *) lfirst(lc))->of_lead == of_lead)
			merge_check_reference(run->ws, lfirst(lc), steps, n);
}

static int
compare_histories(const void *a, const void *b)
{
	return compare_int64(&((const LeadHistory *) a)->lead_id, &((const LeadHistory *) b)->lead_id);
}

/* Have leads scored by their histories as they are now that rows were moved. */
void
merge_score_writes(Workspace *ws, LeadWrite **writes, int n)
{
	LeadHistory *histories = palloc0((n + 1) * sizeof(LeadHistory));

	for (int i = 0; i < n; i++)
	{
		histories[i].lead_id = writes[i]->lead_id;
		histories[i].until = DT_NOEND;
	}
	qsort(histories, n, sizeof(LeadHistory), compare_histories);
	if (n > 0)
		score_state_history(ws, ws->model, histories, n, true);
	for (int i = 0; i < n; i++)
	{
		LeadHistory key = {.lead_id = writes[i]->lead_id};
		Touch	   *touch = palloc0(sizeof(Touch));

		touch->history = *(LeadHistory *) bsearch(&key, histories, n, sizeof(LeadHistory), compare_histories);
		touch->whole = true;
		touch->rule_version = ws->model->rule_version;
		writes[i]->touch = touch;
	}
}

static void
write_wave(MergeRun *run, MergeStep **steps, int n)
{
	MergeRow   *rows = palloc(2 * n * sizeof(MergeRow));
	LeadWrite  *writes = palloc0(2 * n * sizeof(LeadWrite));
	LeadWrite **pointers = palloc(2 * n * sizeof(LeadWrite *));

	for (int i = 0; i < n; i++)
	{
		pointers[2 * i] = &writes[2 * i];
		pointers[2 * i + 1] = &writes[2 * i + 1];
		rows[2 * i] = steps[i]->master;
		rows[2 * i + 1] = steps[i]->duplicate;
		writes[2 * i].lead_id = steps[i]->master_id;
		writes[2 * i + 1].lead_id = steps[i]->duplicate_id;
		writes[2 * i].same_person = writes[2 * i + 1].same_person = true;
	}
	merge_score_writes(run->ws, pointers, 2 * n);
	merge_write_rows(run->ws, run->lead, rows, writes, 2 * n);
}

/* An owner that came from the duplicate is in the log as any other. */
static void
log_owners(MergeRun *run, MergeStep **steps, int n)
{
	int			owner = run->ws->column[LEAD_OWNER_ID] - 1;
	char	   *query = psprintf("INSERT INTO %s.assignment (lead_id, rep_id, method, reason, actor, login, at) "
								 "VALUES ($1, $2, 'merge', $3, $4, $5, $6)", run->ws->schema);
	Oid			types[6] = {INT8OID, INT8OID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID};

	for (int i = 0; i < n; i++)
	{
		Datum		values[6];

		if (!steps[i]->master_before.isnull[owner] || steps[i]->master.isnull[owner])
			continue;
		values[0] = Int64GetDatum(steps[i]->master_id);
		values[1] = steps[i]->master.values[owner];
		values[2] = CStringGetTextDatum(psprintf("owner of lead " INT64_FORMAT ", which was merged into this one",
												 steps[i]->duplicate_id));
		values[3] = CStringGetTextDatum(current_actor());
		values[4] = CStringGetTextDatum(current_login());
		values[5] = TimestampTzGetDatum(run->at);
		spi_check(SPI_execute_with_args(query, 6, types, values, NULL, false, 0), SPI_OK_INSERT, query);
	}
}

/* Ledgers that scoring and routing add to when the leads are written */
static const char *const added_to[] = {"assignment", "lead_event"};

typedef struct Added
{
	int64		id;
	int64		lead_id;
} Added;

static int
compare_added(const void *a, const void *b)
{
	return compare_int64(&((const Added *) a)->id, &((const Added *) b)->id);
}

static Added *
read_ledger(Workspace *ws, const char *table, const int64 *leads, int nleads, int *n)
{
	char	   *query = psprintf("SELECT t.id, t.lead_id FROM %s.%s t WHERE t.lead_id OPERATOR(pg_catalog.=) ANY ($1) "
								 "ORDER BY t.id", ws->schema, table);
	Oid			type = INT8ARRAYOID;
	Datum		value = merge_bigint_array(leads, nleads);
	Added	   *added;

	merge_select(query, 1, &type, &value);
	*n = (int) SPI_processed;
	added = palloc((*n + 1) * sizeof(Added));
	for (int i = 0; i < *n; i++)
	{
		bool		isnull;

		added[i].id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
		added[i].lead_id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
	return added;
}

/* By lead, and then by id */
static int
compare_added_lead(const void *a, const void *b)
{
	int			result = compare_int64(&((const Added *) a)->lead_id, &((const Added *) b)->lead_id);

	return result != 0 ? result : compare_added(a, b);
}

/* Those of "after" that are not in "before", by lead; returns how many. */
static int
find_added(const Added *before, int nbefore, const Added *after, int nafter, Added *added)
{
	int			n = 0;

	for (int i = 0; i < nafter; i++)
		if (bsearch(&after[i], before, nbefore, sizeof(Added), compare_added) == NULL)
			added[n++] = after[i];
	qsort(added, n, sizeof(Added), compare_added_lead);
	return n;
}

/* The ids of those of a lead */
static char **
added_of_lead(const Added *added, int n, int64 lead_id, char **keys)
{
	int			low = 0;
	int			high = n;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (added[middle].lead_id < lead_id)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < n && added[low].lead_id == lead_id; low++)
		*keys++ = psprintf(INT64_FORMAT, added[low].id);
	return keys;
}

static void
note_added(Workspace *ws, const char *table, MergeStep **steps, int n, const Added *before,
		   int nbefore, const Added *after, int nafter)
{
	char	   *key = "id";
	Added	   *added = palloc((nafter + 1) * sizeof(Added));
	int			nadded = find_added(before, nbefore, after, nafter, added);
	char	  **keys = palloc((nadded + 1) * sizeof(char *));

	for (int i = 0; nadded > 0 && i < n; i++)
	{
		MergeChange change = {.merge_id = steps[i]->merge_id, .kind = "added", .table = table};
		char	  **end = added_of_lead(added, nadded, steps[i]->master_id, keys);

		end = added_of_lead(added, nadded, steps[i]->duplicate_id, end);
		if (end == keys)
			continue;
		change.key_columns = merge_text_array(&key, 1);
		change.keys = merge_text_array(keys, (int) (end - keys));
		merge_note_change(ws, &change);
	}
	pfree(added);
	pfree(keys);
}

/* By attribute of score_state; NULL: there is no such row. */
char	  **
merge_read_state(Workspace *ws, int64 lead_id)
{
	char	   *query = psprintf("SELECT s.* FROM %s.score_state s WHERE s.lead_id OPERATOR(pg_catalog.=) $1",
								 ws->schema);
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum(lead_id);
	char	  **texts = NULL;
	int			level;

	merge_select(query, 1, &type, &value);
	if (SPI_processed > 0)
	{
		TupleDesc	tupdesc = SPI_tuptable->tupdesc;

		level = merge_begin_texts();
		texts = palloc(tupdesc->natts * sizeof(char *));
		for (int i = 0; i < tupdesc->natts; i++)
			texts[i] = SPI_getvalue(SPI_tuptable->vals[0], tupdesc, i + 1);
		merge_end_texts(level);
	}
	SPI_freetuptable(SPI_tuptable);
	return texts;
}

/* Its columns, in the order of the above. */
char	  **
merge_state_columns(Workspace *ws, int *n)
{
	char	  **names = palloc(ws->state_tupdesc->natts * sizeof(char *));

	*n = 0;
	for (int i = 0; i < ws->state_tupdesc->natts; i++)
		if (!TupleDescAttr(ws->state_tupdesc, i)->attisdropped)
			names[(*n)++] = NameStr(TupleDescAttr(ws->state_tupdesc, i)->attname);
	return names;
}

static void
note_state(Workspace *ws, int64 merge_id, int64 lead_id, char **before, char **after)
{
	MergeChange change = {.merge_id = merge_id, .kind = "changed", .table = "score_state"};
	char	   *key = "lead_id";
	char	   *id = psprintf(INT64_FORMAT, lead_id);
	int			n;
	char	  **names = merge_state_columns(ws, &n);

	if (before == NULL && after == NULL)
		return;
	change.columns = merge_text_array(names, n);
	change.old_values = before == NULL ? (Datum) 0 : merge_text_array(before, n);
	change.new_values = after == NULL ? (Datum) 0 : merge_text_array(after, n);
	change.key_columns = merge_text_array(&key, 1);
	change.keys = merge_text_array(&id, 1);
	merge_note_change(ws, &change);
}

static void
note_rows(MergeRun *run, MergeStep **steps, int n, char ***states)
{
	MergeRow   *rows = palloc(2 * n * sizeof(MergeRow));

	merge_read_rows(run->ws, wave_leads(steps, n), 2 * n, rows);
	for (int i = 0; i < n; i++)
	{
		int64		id = steps[i]->merge_id;

		merge_note_row(run->ws, id, &steps[i]->master_before, &rows[2 * i]);
		merge_note_row(run->ws, id, &steps[i]->duplicate_before, &rows[2 * i + 1]);
		note_state(run->ws, id, steps[i]->master_id, states[2 * i],
				   merge_read_state(run->ws, steps[i]->master_id));
		note_state(run->ws, id, steps[i]->duplicate_id, states[2 * i + 1],
				   merge_read_state(run->ws, steps[i]->duplicate_id));
	}
}

static void
take_positions(MergeRun *run, MergeStep **steps, int n)
{
	char	   *query = psprintf("SELECT pg_catalog.nextval(%s::pg_catalog.regclass) FROM pg_catalog.generate_series(1, $1)",
								 quote_literal_cstr(psprintf("%s.merge_position_seq", run->ws->schema)));
	Oid			type = INT4OID;
	Datum		value = Int32GetDatum(n);

	spi_check(SPI_execute_with_args(query, 1, &type, &value, NULL, false, 0), SPI_OK_SELECT, query);
	for (int i = 0; i < n; i++)
	{
		bool		isnull;

		steps[i]->position = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
	}
}

static void
merge_wave(MergeRun *run, MergeStep **steps, int n)
{
	Workspace  *ws = run->ws;
	int64	   *ids = wave_leads(steps, n);
	Added	   *before[lengthof(added_to)];
	int			nbefore[lengthof(added_to)];
	char	 ***states = palloc(2 * n * sizeof(char **));

	take_positions(run, steps, n);
	read_wave(run, steps, n);
	check_references(run, steps, n, true);
	move_references(run, steps, n, true, true);
	read_wave(run, steps, n);
	for (int i = 0; i < n; i++)
		merge_fill(ws, run->lead, steps[i], run->at);
	check_references(run, steps, n, false);
	for (int i = 0; i < count_of(added_to); i++)
		before[i] = read_ledger(ws, added_to[i], ids, 2 * n, &nbefore[i]);
	for (int i = 0; i < 2 * n; i++)
		states[i] = merge_read_state(ws, ids[i]);

	move_references(run, steps, n, false, true);
	write_wave(run, steps, n);
	move_references(run, steps, n, false, false);
	move_shared(run, steps, n);
	log_owners(run, steps, n);

	for (int i = 0; i < count_of(added_to); i++)
	{
		int			nafter;
		Added	   *after = read_ledger(ws, added_to[i], ids, 2 * n, &nafter);

		note_added(ws, added_to[i], steps, n, before[i], nbefore[i], after, nafter);
	}
	note_rows(run, steps, n, states);
}

/* Which lead it really was, and in which order, and by which rules */
static void
complete_rows(MergeRun *run)
{
	char	   *query = psprintf("UPDATE %s.merge AS m SET master_id = p.master_id, \"position\" = p.place, model_version = $4 "
								 "FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3)) "
								 "AS p (id, master_id, place) WHERE m.id OPERATOR(pg_catalog.=) p.id", run->ws->schema);
	Oid			types[4] = {INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT8OID};
	int64	   *ids = palloc(3 * run->n * sizeof(int64));
	Datum		values[4];

	for (int i = 0; i < run->n; i++)
	{
		ids[i] = run->steps[i].merge_id;
		ids[run->n + i] = run->steps[i].master_id;
		ids[2 * run->n + i] = run->steps[i].position;
	}
	for (int i = 0; i < 3; i++)
		values[i] = merge_bigint_array(ids + i * run->n, run->n);
	values[3] = Int64GetDatum(run->ws->model->formula_version);
	spi_check(SPI_execute_with_args(query, 4, types, values, NULL, false, 0), SPI_OK_UPDATE, query);
}

static void
merge_all(MergeRun *run)
{
	MergeStep **wave = palloc(run->n * sizeof(MergeStep *));

	run->references = merge_references(run->ws, run->lead);
	for (int number = 1; number <= run->waves; number++)
	{
		int			n = 0;

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < run->n; i++)
			if (run->steps[i].wave == number)
				wave[n++] = &run->steps[i];
		merge_wave(run, wave, n);
	}
	complete_rows(run);
}

/* Do it as the owner, and let ledgers know that it is a merge. */
static void
run_as_owner(Workspace *ws, void (*work) (void *), void *argument)
{
	OwnerSwitch saved = switch_to_owner(ws->owner);
	Oid			outer = moving;

	moving = ws->lead_relid;
	PG_TRY();
	{
		work(argument);
	}
	PG_FINALLY();
	{
		moving = outer;
	}
	PG_END_TRY();
	switch_back(saved);
}

static void
do_merges(void *argument)
{
	MergeRun   *run = argument;
	int			n;
	int64	   *ids = leads_of(run, &n);

	merge_lock_leads(run->ws, ids, n);
	read_standings(run, ids, n);
	sort_into_waves(run);
	merge_all(run);
}

static void
check_after_statement(TriggerData *trigdata, const char *function, const char *name)
{
	trigger_check_table(trigdata, function, "merge", NULL);
	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" needs a transition table", function)));
}

/* merge_apply(): AFTER STATEMENT trigger of INSERT */
Datum
merge_apply(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_data_of(fcinfo, "merge_apply", false, false);
	MergeRun	run = {0};
	int			n;
	int64	   *ids;

	check_after_statement(trigdata, "merge_apply", trigdata->tg_trigger->tgnewtable);
	/* locked before it is looked at: until then it may be altered */
	run.lead = table_open(lead_of_sister(trigdata->tg_relation), RowExclusiveLock);
	AcceptInvalidationMessages();
	run.ws = cache_workspace(RelationGetRelid(run.lead));
	run.at = GetCurrentTimestamp();
	spi_begin();
	if (SPI_register_trigger_data(trigdata) != SPI_OK_TD_REGISTER)
		elog(ERROR, "SPI_register_trigger_data failed");
	read_steps(&run, trigdata->tg_trigger->tgnewtable);
	if (run.n > 0)
	{
		ids = leads_of(&run, &n);
		merge_check_rights(run.ws, run.lead, ids, n);
		run_as_owner(run.ws, do_merges, &run);
	}
	spi_end();
	table_close(run.lead, NoLock);
	return PointerGetDatum(NULL);
}

/* ---- What comes later -------------------------------------------------------------- */

/* Leads that are merged, and their masters */
typedef struct Forward
{
	Workspace  *ws;
	int			n;
	int64	   *ids;
	int64	   *masters;
} Forward;

static void
score_again(const Forward *forward)
{
	int64	   *ids = palloc(2 * forward->n * sizeof(int64));
	Touch	  **touches = palloc(2 * forward->n * sizeof(Touch *));
	int			n = 0;

	memcpy(ids, forward->ids, forward->n * sizeof(int64));
	memcpy(ids + forward->n, forward->masters, forward->n * sizeof(int64));
	qsort(ids, 2 * forward->n, sizeof(int64), compare_int64);
	for (int i = 0; i < 2 * forward->n; i++)
	{
		if (i > 0 && ids[i] == ids[i - 1])
			continue;
		touches[n] = palloc0(sizeof(Touch));
		touches[n]->history.lead_id = ids[i];
		touches[n++]->whole = true;
	}
	touch_leads(forward->ws->lead_relid, touches, n);
}

static void
do_forward(void *argument)
{
	static const char *const tables[] = {"engagement", "score_adjustment"};
	Forward    *forward = argument;
	Oid			types[2] = {INT8ARRAYOID, INT8ARRAYOID};
	Datum		values[2] = {merge_bigint_array(forward->ids, forward->n),
	merge_bigint_array(forward->masters, forward->n)};

	for (int i = 0; i < count_of(tables); i++)
		merge_execute(psprintf("UPDATE %s.%s AS r SET lead_id = p.master "
							   "FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS p (id, master) "
							   "WHERE r.lead_id OPERATOR(pg_catalog.=) p.id", forward->ws->schema, tables[i]),
					  2, types, values, NULL, SPI_OK_UPDATE);
	score_again(forward);
}

void
merge_forward(Oid lead_relid, Touch **touches, int n)
{
	Forward		forward = {0};
	int			found = 0;

	for (int i = 0; i < n; i++)
		if (touches[i]->merged_into != 0)
			found++;
	if (found == 0)
		return;
	spi_begin();
	forward.ws = cache_workspace(lead_relid);
	forward.ids = palloc(found * sizeof(int64));
	forward.masters = palloc(found * sizeof(int64));
	for (int i = 0; i < n; i++)
	{
		if (touches[i]->merged_into == 0)
			continue;
		forward.ids[forward.n] = touches[i]->history.lead_id;
		forward.masters[forward.n++] = touches[i]->merged_into;
	}
	run_as_owner(forward.ws, do_forward, &forward);
	spi_end();
}

/* ---- Undoing --------------------------------------------------------------------- */

static void
do_undo(void *argument)
{
	merge_undo_all(argument);
}

/* merge_undo(): AFTER STATEMENT trigger of DELETE */
Datum
merge_undo(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_data_of(fcinfo, "merge_undo", false, false);
	MergeUndo	undo = {0};

	check_after_statement(trigdata, "merge_undo", trigdata->tg_trigger->tgoldtable);
	undo.lead = table_open(lead_of_sister(trigdata->tg_relation), RowExclusiveLock);
	AcceptInvalidationMessages();
	undo.ws = cache_workspace(RelationGetRelid(undo.lead));
	spi_begin();
	if (SPI_register_trigger_data(trigdata) != SPI_OK_TD_REGISTER)
		elog(ERROR, "SPI_register_trigger_data failed");
	if (merge_undo_read(&undo, trigdata->tg_trigger->tgoldtable))
	{
		merge_check_rights(undo.ws, undo.lead, undo.leads, undo.nleads);
		run_as_owner(undo.ws, do_undo, &undo);
	}
	spi_end();
	table_close(undo.lead, NoLock);
	return PointerGetDatum(NULL);
}

/*
 * merge_truncated(): AFTER TRUNCATE trigger; merges go with all leads, and not
 * without them.
 */
Datum
merge_truncated(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_data_of(fcinfo, "merge_truncated", false, false);
	Workspace  *ws;
	OwnerSwitch saved;
	char	   *query;

	trigger_check_table(trigdata, "merge_truncated", "merge", NULL);
	ws = cache_workspace(lead_of_sister(trigdata->tg_relation));
	if (workspace_finds(trigdata->tg_relation,
						psprintf("SELECT FROM %s.lead WHERE merged_into IS NOT NULL LIMIT 1", ws->schema)))
		ereport(ERROR,
				(errcode(ERRCODE_RESTRICT_VIOLATION),
				 errmsg("cannot truncate merges while there are merged leads"),
				 errdetail("Nothing could be undone any more."),
				 errhint("DELETE the rows to undo the merges, or truncate \"lead\" with CASCADE."),
				 errtableconstraint(trigdata->tg_relation, "merge_unchangeable")));
	query = psprintf("DELETE FROM %s.merge_change", ws->schema);
	saved = switch_to_owner(ws->owner);
	spi_begin();
	spi_check(SPI_execute(query, false, 0), SPI_OK_DELETE, query);
	spi_end();
	switch_back(saved);
	return PointerGetDatum(NULL);
}
