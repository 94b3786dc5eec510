/*-------------------------------------------------------------------------
 *
 * workspace_load.c
 *	  Reading a workspace's tables into memory.
 *
 * The tables are read with the latest snapshot, not the transaction's: a rule
 * that was changed applies from the next statement on, in REPEATABLE READ
 * too.  A rule that cannot be compiled any more (a column was renamed) is not
 * an error here, or nobody could repair anything: it counts as false, with a
 * warning and a row in rule_failure; a guard of a transition refuses.
 *
 *-------------------------------------------------------------------------
 */
#include "workspace.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_am.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/primnodes.h"
#include "common/hashfn.h"
#include "datatype/timestamp.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "cache.h"
#include "row_writer.h"
#include "rule_failure.h"
#include "score.h"
#include "score_memo.h"
#include "similarity.h"

/* As the check of team_member.weight has it */
#define MAX_WEIGHT 100

typedef struct ColumnInfo
{
	const char *name;
	Oid			type;
	bool		optional;		/* not there, or of another type: number 0 */
} ColumnInfo;

static const ColumnInfo lead_columns[LEAD_COLUMNS] = {
	[LEAD_ID] = {"id", INT8OID, false},
	[LEAD_CONTACT_NAME] = {"contact_name", TEXTOID, false},
	[LEAD_EMAIL] = {"email", TEXTOID, false},
	[LEAD_PHONE] = {"phone", TEXTOID, false},
	[LEAD_COMPANY] = {"company", TEXTOID, false},
	[LEAD_COUNTRY] = {"country", TEXTOID, false},
	[LEAD_SOURCE] = {"source", TEXTOID, false},
	[LEAD_STATUS] = {"status", TEXTOID, false},
	[LEAD_STATUS_SINCE] = {"status_since", TIMESTAMPTZOID, false},
	[LEAD_OWNER_ID] = {"owner_id", INT8OID, false},
	[LEAD_DEMOGRAPHIC_SCORE] = {"demographic_score", NUMERICOID, false},
	[LEAD_BEHAVIORAL_SCORE] = {"behavioral_score", NUMERICOID, false},
	[LEAD_FIRMOGRAPHIC_SCORE] = {"firmographic_score", NUMERICOID, false},
	[LEAD_SCORE_ADJUSTMENT] = {"score_adjustment", NUMERICOID, false},
	[LEAD_SCORE] = {"score", INT4OID, false},
	[LEAD_GRADE] = {"grade", TEXTOID, false},
	[LEAD_SCORED_AT] = {"scored_at", TIMESTAMPTZOID, false},
	[LEAD_RESPONSE_DUE_AT] = {"response_due_at", TIMESTAMPTZOID, false},
	[LEAD_FIRST_RESPONSE_AT] = {"first_response_at", TIMESTAMPTZOID, false},
	[LEAD_LAST_ACTIVITY_AT] = {"last_activity_at", TIMESTAMPTZOID, false},
	[LEAD_LAST_ENGAGED_AT] = {"last_engaged_at", TIMESTAMPTZOID, false},
	[LEAD_EMAIL_KEY] = {"email_key", TEXTOID, false},
	[LEAD_PHONE_KEY] = {"phone_key", TEXTOID, false},
	[LEAD_NAME_KEY] = {"name_key", TEXTOID, false},
	[LEAD_MERGED_INTO] = {"merged_into", INT8OID, false},
	[LEAD_ARCHIVED_AT] = {"archived_at", TIMESTAMPTZOID, false},
	[LEAD_CREATED_AT] = {"created_at", TIMESTAMPTZOID, false},
	[LEAD_CREATED_BY] = {"created_by", TEXTOID, false},
	[LEAD_UPDATED_AT] = {"updated_at", TIMESTAMPTZOID, false},
	[LEAD_UPDATED_BY] = {"updated_by", TEXTOID, false},
	[LEAD_PERSON_KEY] = {"person_key", INT8OID, false},
	[LEAD_JOB_TITLE] = {"job_title", TEXTOID, true},
	[LEAD_STREET] = {"street", TEXTOID, true},
	[LEAD_CITY] = {"city", TEXTOID, true},
	[LEAD_REGION] = {"region", TEXTOID, true},
	[LEAD_POSTAL_CODE] = {"postal_code", TEXTOID, true},
	[LEAD_BIRTHDAY] = {"birthday", DATEOID, true},
};

static const ColumnInfo engagement_columns[ENGAGEMENT_COLUMNS] = {
	[ENGAGEMENT_LEAD_ID] = {"lead_id", INT8OID, false},
	[ENGAGEMENT_KIND] = {"kind", TEXTOID, false},
	[ENGAGEMENT_AT] = {"at", TIMESTAMPTZOID, false},
	[ENGAGEMENT_SUBMISSION_ID] = {"submission_id", UUIDOID, false},
};

static const ColumnInfo state_columns[STATE_COLUMNS] = {
	[STATE_LEAD_ID] = {"lead_id", INT8OID, false},
	[STATE_RULE_VERSION] = {"rule_version", INT8OID, false},
	[STATE_RULE_ID] = {"rule_id", INT8ARRAYOID, false},
	[STATE_TIMES] = {"times", INT8ARRAYOID, false},
	[STATE_LEVEL] = {"level", FLOAT8ARRAYOID, false},
	[STATE_FIRST_AT] = {"first_at", TIMESTAMPTZARRAYOID, false},
	[STATE_LAST_AT] = {"last_at", TIMESTAMPTZARRAYOID, false},
	[STATE_READY_UNTIL] = {"ready_until", TIMESTAMPTZOID, false},
	[STATE_UNTOLD] = {"untold", BOOLOID, false},
};

const char *
lead_column_name(LeadColumn column)
{
	return lead_columns[column].name;
}

/*
 * Run one query over a table of the workspace; %s in it is the schema.  The
 * rows are in SPI_tuptable, columns in the order of the query.
 */
static uint64
read_rows(Workspace *ws, const char *query_format)
{
	char	   *query = psprintf(query_format, ws->schema);
	SPIPlanPtr	plan = SPI_prepare(query, 0, NULL);

	if (plan == NULL)
		elog(ERROR, "SPI_prepare returned %s for query: %s",
			 SPI_result_code_string(SPI_result), query);

	spi_check(SPI_execute_snapshot(plan, NULL, NULL, GetLatestSnapshot(),
								   InvalidSnapshot, true, false, 0),
			  SPI_OK_SELECT, query);
	return SPI_processed;
}

/*
 * A value of the rows read.  Types are checked: a user may have changed one,
 * and these tables may be anybody's own.
 */
static Datum
row_datum(uint64 row, int column, Oid type, bool *isnull)
{
	TupleDesc	tupdesc = SPI_tuptable->tupdesc;
	Oid			found = SPI_gettypeid(tupdesc, column);

	if (found != type && !(type == TEXTOID && found == VARCHAROID))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of a table of a workspace has type %s",
						SPI_fname(tupdesc, column), format_type_be(found)),
				 errdetail("lead_mgmt works with type %s there.", format_type_be(type)),
				 errhint("Change the type of the column back.")));
	return SPI_getbinval(SPI_tuptable->vals[row], tupdesc, column, isnull);
}

static int64
row_int64(uint64 row, int column)
{
	bool		isnull;
	Datum		value = row_datum(row, column, INT8OID, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

static bool
row_bool(uint64 row, int column)
{
	bool		isnull;
	Datum		value = row_datum(row, column, BOOLOID, &isnull);

	return !isnull && DatumGetBool(value);
}

/* A text, copied into the workspace; NULL for NULL. */
static char *
row_text(Workspace *ws, uint64 row, int column)
{
	bool		isnull;
	Datum		value = row_datum(row, column, TEXTOID, &isnull);
	MemoryContext old;
	char	   *result;

	if (isnull)
		return NULL;
	old = MemoryContextSwitchTo(ws->context);
	result = TextDatumGetCString(value);
	MemoryContextSwitchTo(old);
	return result;
}

/* The same of a column that is never NULL, unless somebody let it. */
static char *
row_name(Workspace *ws, uint64 row, int column)
{
	char	   *name = row_text(ws, row, column);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("column \"%s\" of a table of a workspace is null",
						SPI_fname(SPI_tuptable->tupdesc, column)),
				 errdetail("In a workspace as it is made this column is NOT NULL."),
				 errhint("Set the column, and make it NOT NULL again.")));
	return name;
}

static Datum
copy_jsonb(Workspace *ws, Datum value)
{
	MemoryContext old = MemoryContextSwitchTo(ws->context);
	Datum		copy = PointerGetDatum(DatumGetJsonbPCopy(value));

	MemoryContextSwitchTo(old);
	return copy;
}

static void *
allocate(Workspace *ws, uint64 n, Size size)
{
	/* one to spare: an empty array is still an array */
	return MemoryContextAllocZero(ws->context, (n + 1) * size);
}

/* Find columns by name: users may add, move and drop others. */
static void
find_columns(Workspace *ws, Relation relation, const ColumnInfo *columns, int n,
			 AttrNumber *found)
{
	const char *table = RelationGetRelationName(relation);

	for (int c = 0; c < n; c++)
	{
		AttrNumber	attno = get_attnum(RelationGetRelid(relation), columns[c].name);
		Oid			type;
		bool		fits;

		if (attno <= 0 && columns[c].optional)
		{
			found[c] = InvalidAttrNumber;
			continue;
		}
		if (attno <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of relation \"%s.%s\" does not exist",
							columns[c].name, ws->schema, table),
					 errdetail("Every workspace of lead_mgmt has this column."),
					 errhint("Bring the column back under its name, or call lead_mgmt.upgrade_workspace.")));
		type = TupleDescAttr(RelationGetDescr(relation), attno - 1)->atttypid;
		fits = type == columns[c].type || (columns[c].type == TEXTOID && type == VARCHAROID);
		if (!fits && columns[c].optional)
			attno = InvalidAttrNumber;
		else if (!fits)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" of relation \"%s.%s\" has type %s",
							columns[c].name, ws->schema, table, format_type_be(type)),
					 errdetail("lead_mgmt works with type %s there.",
							   format_type_be(columns[c].type)),
					 errhint("Change the type of the column back.")));
		found[c] = attno;
	}
}

static void
load_columns(Workspace *ws, Relation lead)
{
	static const LeadColumn touched[] = {
		LEAD_DEMOGRAPHIC_SCORE, LEAD_BEHAVIORAL_SCORE, LEAD_FIRMOGRAPHIC_SCORE,
		LEAD_SCORE_ADJUSTMENT, LEAD_SCORE, LEAD_GRADE, LEAD_SCORED_AT,
		LEAD_LAST_ENGAGED_AT, LEAD_OWNER_ID, LEAD_UPDATED_AT, LEAD_UPDATED_BY
	};
	MemoryContext caller;

	find_columns(ws, lead, lead_columns, LEAD_COLUMNS, ws->column);
	caller = MemoryContextSwitchTo(ws->context);
	ws->tupdesc = CreateTupleDescCopyConstr(RelationGetDescr(lead));
	ws->slot = MakeSingleTupleTableSlot(ws->tupdesc, &TTSOpsVirtual);
	ws->econtext = CreateStandaloneExprContext();
	ws->econtext->ecxt_scantuple = ws->slot;
	ws->checks = row_writer_checks(ws->tupdesc, ws->context);
	for (int i = 0; i < count_of(touched); i++)
		ws->derived = bms_add_member(ws->derived, ws->column[touched[i]] -
									 FirstLowInvalidHeapAttributeNumber);
	MemoryContextSwitchTo(caller);
}

static void
load_engagement_columns(Workspace *ws, Relation engagement)
{
	MemoryContext caller;

	if (engagement->rd_rel->relkind != RELKIND_RELATION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("table \"%s.engagement\" cannot be partitioned", ws->schema),
				 errdetail("Its rows are looked up by the indexes of one table.")));
	find_columns(ws, engagement, engagement_columns, ENGAGEMENT_COLUMNS, ws->engagement_column);
	caller = MemoryContextSwitchTo(ws->context);
	ws->engagement_tupdesc = CreateTupleDescCopyConstr(RelationGetDescr(engagement));
	ws->engagement_slot = MakeSingleTupleTableSlot(ws->engagement_tupdesc, &TTSOpsVirtual);
	ws->engagement_econtext = CreateStandaloneExprContext();
	ws->engagement_econtext->ecxt_scantuple = ws->engagement_slot;
	MemoryContextSwitchTo(caller);
}

/* It is read without SPI, so it must be a plain table. */
static void
load_state_columns(Workspace *ws)
{
	Relation	state = table_open(ws->state_relid, AccessShareLock);
	MemoryContext caller;

	if (state->rd_rel->relkind != RELKIND_RELATION)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("table \"%s.score_state\" cannot be partitioned", ws->schema),
				 errdetail("It is looked up by the index of one table.")));
	find_columns(ws, state, state_columns, STATE_COLUMNS, ws->state_column);
	caller = MemoryContextSwitchTo(ws->context);
	ws->state_tupdesc = CreateTupleDescCopyConstr(RelationGetDescr(state));
	ws->state_checks = row_writer_checks(ws->state_tupdesc, ws->context);
	MemoryContextSwitchTo(caller);
	table_close(state, NoLock);
}

/* Interpret setting.time_zone; a zone that is not known any more is UTC. */
static pg_tz *
time_zone_of(const char *name)
{
	pg_tz	   *zone = name == NULL ? NULL : pg_tzset(name);

	return zone != NULL ? zone : pg_tzset("UTC");
}

/* The row of settings, for conditions that read it; in CurrentMemoryContext. */
static void
keep_settings(ConditionSettings *settings, MemoryContext context)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	AttrNumber	attno;
	char	   *zone = NULL;

	settings->setting_desc = CreateTupleDescCopy(SPI_tuptable->tupdesc);
	settings->setting_row = SPI_processed == 0 ? NULL : heap_copytuple(SPI_tuptable->vals[0]);
	attno = SPI_fnumber(settings->setting_desc, "time_zone");
	if (settings->setting_row != NULL && attno > 0)
		zone = SPI_getvalue(settings->setting_row, settings->setting_desc, attno);
	settings->time_zone = time_zone_of(zone);
	MemoryContextSwitchTo(caller);
}

static void
load_setting(Workspace *ws)
{
	uint64		n;
	bool		isnull;
	Datum		within;

	read_rows(ws, "SELECT * FROM %s.setting LIMIT 1");
	keep_settings(&ws->settings, ws->context);
	n = read_rows(ws, "SELECT sales_ready_score::pg_catalog.int8, response_within, email_ignores_tag, notify, "
				  "email_ignores_dots, default_country "
				  "FROM %s.setting LIMIT 1");
	ws->sales_ready_score = 70;
	ws->response_within.time = 5 * USECS_PER_MINUTE;
	if (n == 0)
		return;

	ws->sales_ready_score = (int) row_int64(0, 1);
	within = row_datum(0, 2, INTERVALOID, &isnull);
	if (!isnull)
		ws->response_within = *DatumGetIntervalP(within);
	ws->email_ignores_tag = row_bool(0, 3);
	ws->notify = row_bool(0, 4);
	ws->email_ignores_dots = row_bool(0, 5);
	ws->default_country = row_name(ws, 0, 6);
}

/* What conditions are compiled under where no workspace has been read. */
void
workspace_settings(Oid namespace, Oid owner, const char *schema, ConditionSettings *settings)
{
	char	   *query = psprintf("SELECT * FROM %s.setting LIMIT 1", schema);
	MemoryContext caller = CurrentMemoryContext;
	OwnerSwitch saved;

	sister_relation(namespace, owner, "setting");
	saved = switch_to_owner(owner);
	spi_begin();
	spi_check(SPI_execute(query, true, 1), SPI_OK_SELECT, query);
	keep_settings(settings, caller);
	spi_end();
	switch_back(saved);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static char **
load_names(Workspace *ws, const char *query, int *count)
{
	uint64		n = read_rows(ws, query);
	char	  **names = allocate(ws, n, sizeof(char *));

	for (uint64 i = 0; i < n; i++)
		names[i] = row_name(ws, i, 1);
	qsort(names, n, sizeof(char *), compare_names);
	*count = (int) n;
	return names;
}

static void
load_grades(Workspace *ws)
{
	uint64		n = read_rows(ws, "SELECT name, lowest::pg_catalog.int8 FROM %s.grade ORDER BY lowest");

	ws->grades = allocate(ws, n, sizeof(Grade));
	ws->ngrades = (int) n;
	for (uint64 i = 0; i < n; i++)
	{
		ws->grades[i].name = row_name(ws, i, 1);
		ws->grades[i].lowest = (int) row_int64(i, 2);
	}
}

static void
note_broken(Workspace *ws, const RuleName *rule, ErrorData *error)
{
	MemoryContext old = MemoryContextSwitchTo(ws->context);
	BrokenRule *broken = palloc(sizeof(BrokenRule));
	RuleName   *copy = palloc(sizeof(RuleName));

	*copy = *rule;				/* the place of a rule may be used again */
	broken->rule = copy;
	broken->error = error;
	ws->broken_rules = lappend(ws->broken_rules, broken);
	MemoryContextSwitchTo(old);
}

/*
 * Compile a condition where a failure to do so must not stop anybody.  NULL
 * and a message in *broken if it cannot be.
 */
static Condition *
compile_or_report(Workspace *ws, Relation relation, ConditionKind kind,
				  const RuleName *rule, const char *text, char **broken)
{
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	Condition  *volatile condition = NULL;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(ws->context);
	PG_TRY();
	{
		condition = condition_compile(relation, kind, text, &ws->settings);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(ws->context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;

	if (error != NULL)
	{
		if (condition_must_not_catch(error))
			ReThrowError(error);
		*broken = error->message;
		note_broken(ws, rule, error);
	}
	return condition;
}

/* Points from a numeric column; "missing" for NULL. */
static Points
row_points(uint64 row, int column, Points missing)
{
	bool		isnull;
	Datum		value = row_datum(row, column, NUMERICOID, &isnull);

	return isnull ? missing : points_from_numeric(value);
}

static int
dimension_column(const char *name)
{
	if (strcmp(name, "demographic") == 0)
		return LEAD_DEMOGRAPHIC_SCORE;
	if (strcmp(name, "behavioral") == 0)
		return LEAD_BEHAVIORAL_SCORE;
	if (strcmp(name, "firmographic") == 0)
		return LEAD_FIRMOGRAPHIC_SCORE;
	return -1;
}

static void
load_dimensions(Workspace *ws, ScoreModel *model)
{
	uint64		n = read_rows(ws, psprintf("SELECT d.name, d.lowest::pg_catalog.numeric, d.highest::pg_catalog.numeric "
										   "FROM %%1$s.score_dimension d "
										   "WHERE d.model_id OPERATOR(pg_catalog.=) " INT64_FORMAT
										   " ORDER BY d.name", model->id));

	model->dimensions = allocate(ws, n, sizeof(ScoreDimension));
	model->ndimensions = (int) n;
	for (uint64 i = 0; i < n; i++)
	{
		ScoreDimension *dimension = &model->dimensions[i];

		dimension->name = row_name(ws, i, 1);
		dimension->lowest = row_points(i, 2, -POINTS_MAX);
		dimension->highest = row_points(i, 3, POINTS_MAX);
		dimension->column = dimension_column(dimension->name);
	}
}

static int
find_dimension(ScoreModel *model, const char *name)
{
	for (int i = 0; i < model->ndimensions; i++)
		if (strcmp(model->dimensions[i].name, name) == 0)
			return i;
	return -1;
}

/* In microseconds; months and years as EXTRACT(epoch) counts them. */
static double
row_half_life(uint64 row, int column)
{
	bool		isnull;
	Datum		value = row_datum(row, column, INTERVALOID, &isnull);
	Interval   *interval;

	if (isnull)
		return 0;
	interval = DatumGetIntervalP(value);
	return (double) interval->time +
		(double) interval->day * USECS_PER_DAY +
		(double) (interval->month / MONTHS_PER_YEAR) * DAYS_PER_YEAR * USECS_PER_DAY +
		(double) (interval->month % MONTHS_PER_YEAR) * DAYS_PER_MONTH * USECS_PER_DAY;
}

/* One row of score_rule into the next free place; false if it is no use. */
static bool
load_score_rule(Workspace *ws, ScoreModel *model, Relation relation, ConditionKind kind,
				ScoreRules *rules, uint64 row)
{
	ScoreRule  *rule = &rules->rules[rules->n];
	char	   *dimension = row_name(ws, row, 3);
	char	   *text = row_text(ws, row, 4);
	char	   *broken;

	rule->rule.kind = "score_rule";
	rule->rule.id = row_int64(row, 1);
	rule->rule.name = row_name(ws, row, 2);
	rule->dimension = find_dimension(model, dimension);
	rule->points = row_points(row, 5, 0);
	rule->most = row_points(row, 6, POINTS_MAX);
	rule->half_life = row_half_life(row, 7);
	if (rule->dimension < 0 || rule->half_life < 0)
		return false;

	rules->conditions[rules->n] = compile_or_report(ws, relation, kind, &rule->rule,
													text != NULL ? text : "true", &broken);
	return rules->conditions[rules->n] != NULL;
}

static void
load_score_rules(Workspace *ws, ScoreModel *model, Relation relation, ConditionKind kind,
				 ScoreRules *rules)
{
	uint64		n = read_rows(ws, psprintf("SELECT r.id, r.name, r.dimension, r.condition, "
										   "r.points::pg_catalog.numeric, r.max_points::pg_catalog.numeric, r.half_life "
										   "FROM %%1$s.score_rule r "
										   "WHERE r.model_id OPERATOR(pg_catalog.=) " INT64_FORMAT " AND r.active "
										   "AND r.applies_to OPERATOR(pg_catalog.=) '%s' ORDER BY r.id",
										   model->id, condition_relation_name(kind)));
	SPITupleTable *rows = SPI_tuptable;

	rules->rules = allocate(ws, n, sizeof(ScoreRule));
	rules->conditions = allocate(ws, n, sizeof(Condition *));
	rules->holds = allocate(ws, n, sizeof(bool));
	rules->failures = allocate(ws, n, sizeof(ErrorData *));
	for (uint64 i = 0; i < n; i++)
	{
		SPI_tuptable = rows;	/* reporting a failure may have used SPI */
		if (load_score_rule(ws, model, relation, kind, rules, i))
			rules->n++;
	}
}

static void
append_rules(StringInfo text, const ScoreRules *rules, bool points)
{
	for (int i = 0; i < rules->n; i++)
	{
		const ScoreRule *rule = &rules->rules[i];

		appendStringInfo(text, INT64_FORMAT " %.17g %s\n", rule->rule.id, rule->half_life,
						 rules->conditions[i]->text);
		if (!points)
			continue;
		appendStringInfo(text, "%d ", rule->dimension);
		appendBinaryStringInfo(text, (const char *) &rule->points, sizeof(Points));
		appendBinaryStringInfo(text, (const char *) &rule->most, sizeof(Points));
	}
}

static int64
fingerprint(StringInfo text)
{
	int64		hash = (int64) DatumGetUInt64(hash_any_extended((unsigned char *) text->data, text->len, 0));

	return hash == SCORE_STATE_UNKNOWN ? 1 : hash;
}

static bool
any_reads_setting(const ScoreRules *rules)
{
	for (int i = 0; i < rules->n; i++)
		if (rules->conditions[i]->reads_setting)
			return true;
	return false;
}

/* A change leaves a trace here, also one that was taken back. */
static void
append_row_versions(Workspace *ws, StringInfo text)
{
	uint64		n = read_rows(ws, "SELECT xmin::pg_catalog.text FROM %1$s.setting "
							  "UNION ALL SELECT xmin::pg_catalog.text FROM %1$s.grade "
							  "UNION ALL SELECT xmin::pg_catalog.text FROM %1$s.score_model "
							  "UNION ALL SELECT xmin::pg_catalog.text FROM %1$s.score_dimension "
							  "UNION ALL SELECT xmin::pg_catalog.text FROM %1$s.score_rule ORDER BY 1");

	for (uint64 i = 0; i < n; i++)
		appendStringInfo(text, "%s ", SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
}

/* What rules and settings say, whenever and wherever they were written */
static int64
formula_fingerprint(Workspace *ws, ScoreModel *model, StringInfoData text)
{
	StringInfoData whole;
	HeapTuple	setting = ws->settings.setting_row;

	initStringInfo(&whole);
	appendBinaryStringInfo(&whole, text.data, text.len);
	appendStringInfo(&whole, "%d ", ws->sales_ready_score);
	if (setting != NULL && (any_reads_setting(&model->engagement) || any_reads_setting(&model->lead)))
		appendBinaryStringInfo(&whole, (char *) setting->t_data + SizeofHeapTupleHeader,
							   setting->t_len - SizeofHeapTupleHeader);
	return fingerprint(&whole);
}

/*
 * Fingerprints: of the rules that what is kept of engagements depends on, and
 * of all that a score depends on.  Settings are constants in conditions.
 */
static void
set_versions(Workspace *ws, ScoreModel *model)
{
	StringInfoData text;
	HeapTuple	setting = ws->settings.setting_row;

	initStringInfo(&text);
	append_rules(&text, &model->engagement, false);
	appendStringInfo(&text, "%s ", pg_get_timezone_name(ws->settings.time_zone));
	if (setting != NULL && any_reads_setting(&model->engagement))
		appendBinaryStringInfo(&text, (char *) setting->t_data + SizeofHeapTupleHeader,
							   setting->t_len - SizeofHeapTupleHeader);
	model->rule_version = fingerprint(&text);

	append_rules(&text, &model->engagement, true);
	append_rules(&text, &model->lead, true);
	for (int i = 0; i < model->ndimensions; i++)
	{
		appendStringInfo(&text, "%s ", model->dimensions[i].name);
		appendBinaryStringInfo(&text, (char *) &model->dimensions[i].lowest, sizeof(Points));
		appendBinaryStringInfo(&text, (char *) &model->dimensions[i].highest, sizeof(Points));
	}
	for (int i = 0; i < ws->ngrades; i++)
		appendStringInfo(&text, "%s %d\n", ws->grades[i].name, ws->grades[i].lowest);
	model->formula_version = formula_fingerprint(ws, model, text);
	append_row_versions(ws, &text);
	model->version = fingerprint(&text);
}

static ScoreModel *
load_model(Workspace *ws, int64 model_id, Relation lead, Relation engagement)
{
	ScoreModel *model = allocate(ws, 1, sizeof(ScoreModel));
	MemoryContext caller;

	model->id = model_id;
	load_dimensions(ws, model);
	load_score_rules(ws, model, lead, CONDITION_SCORE_LEAD, &model->lead);
	load_score_rules(ws, model, engagement, CONDITION_SCORE_ENGAGEMENT, &model->engagement);
	set_versions(ws, model);
	score_memo_prepare(ws, model);

	caller = MemoryContextSwitchTo(ws->context);
	for (int i = 0; i < model->lead.n; i++)
		model->columns = bms_add_members(model->columns, model->lead.conditions[i]->columns);
	MemoryContextSwitchTo(caller);
	return model;
}

static int64
active_model_id(Workspace *ws)
{
	uint64		n = read_rows(ws, "SELECT id FROM %s.score_model WHERE state OPERATOR(pg_catalog.=) 'active'");

	return n == 0 ? 0 : row_int64(0, 1);
}

/* Another model than the active one: a draft that is tried, or one of before. */
static ScoreModel *
load_other_model(Workspace *ws, int64 model_id)
{
	Relation	lead = table_open(ws->lead_relid, AccessShareLock);
	Relation	engagement = table_open(ws->engagement_relid, AccessShareLock);
	OwnerSwitch saved = switch_to_owner(ws->owner);
	ScoreModel *model;
	MemoryContext caller;

	spi_begin();
	if (read_rows(ws, psprintf("SELECT FROM %%s.score_model WHERE id OPERATOR(pg_catalog.=) "
							   INT64_FORMAT, model_id)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("score model " INT64_FORMAT " does not exist", model_id),
				 errhint("Table \"score_model\" of the workspace lists the models.")));
	model = load_model(ws, model_id, lead, engagement);
	spi_end();
	switch_back(saved);
	table_close(engagement, NoLock);
	table_close(lead, NoLock);

	caller = MemoryContextSwitchTo(ws->context);
	ws->drafts = lappend(ws->drafts, model);
	MemoryContextSwitchTo(caller);
	rule_failure_report_broken(ws);
	return model;
}

ScoreModel *
workspace_model(Workspace *ws, int64 model_id)
{
	ListCell   *lc;

	if (model_id == ws->model->id)
		return ws->model;
	foreach(lc, ws->drafts)
	{
		ScoreModel *model = lfirst(lc);

		if (model->id == model_id)
			return model;
	}
	return load_other_model(ws, model_id);
}

static void
load_transitions(Workspace *ws, Relation lead)
{
	uint64		n = read_rows(ws, "SELECT t.id, t.from_status, t.to_status, t.condition, t.message "
							  "FROM %1$s.status_transition t "
							  "JOIN %1$s.lead_status s ON s.name OPERATOR(pg_catalog.=) t.to_status "
							  "ORDER BY s.\"position\", t.id");
	SPITupleTable *rows = SPI_tuptable;

	ws->transitions = allocate(ws, n, sizeof(Transition));
	ws->ntransitions = (int) n;
	for (uint64 i = 0; i < n; i++)
	{
		Transition *transition = &ws->transitions[i];

		SPI_tuptable = rows;
		transition->rule.kind = "status_transition";
		transition->rule.id = row_int64(i, 1);
		transition->from_status = row_text(ws, i, 2);
		transition->to_status = row_name(ws, i, 3);
		transition->condition_text = row_text(ws, i, 4);
		transition->message = row_text(ws, i, 5);
		transition->rule.name =
			MemoryContextStrdup(ws->context,
								psprintf("%s to %s",
										 transition->from_status ? transition->from_status : "insert",
										 transition->to_status));
		if (transition->condition_text != NULL)
			transition->condition = compile_or_report(ws, lead, CONDITION_TRANSITION,
													  &transition->rule,
													  transition->condition_text,
													  &transition->broken);
	}
}

static int
greatest_common_divisor(int a, int b)
{
	while (b != 0)
	{
		int			rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/*
 * A sequence of tickets; InvalidOid if there is none of that name.  Somebody
 * else's would let him say who gets the leads.
 */
static Oid
ticket_sequence(Workspace *ws, const char *name)
{
	Oid			relid = get_relname_relid(name, ws->namespace);
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool		sound;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	sound = ((Form_pg_class) GETSTRUCT(tuple))->relkind == RELKIND_SEQUENCE &&
		((Form_pg_class) GETSTRUCT(tuple))->relowner == ws->owner;
	ReleaseSysCache(tuple);
	if (!sound)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("relation \"%s.%s\" cannot be used as a part of a workspace",
						ws->schema, name),
				 errdetail("It must be a sequence and belong to the owner of table \"lead\"."),
				 errhint("Drop it and call lead_mgmt.upgrade_workspace.")));
	return relid;
}

/* The tickets of a team, or everybody's where it has none of its own. */
static Oid
rotation_sequence(Workspace *ws, int64 team_id)
{
	Oid			relid = InvalidOid;

	if (team_id != 0)
		relid = ticket_sequence(ws, psprintf("team_ticket_" INT64_FORMAT, team_id));
	if (!OidIsValid(relid))
		relid = ticket_sequence(ws, "rep_ticket");
	return relid;
}

/* Rounds are as long as the sum of weights, so weights are kept small. */
static int
row_weight(uint64 row, int column)
{
	int64		weight = row_int64(row, column);

	if (weight < 1 || weight > MAX_WEIGHT)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("weight " INT64_FORMAT " of a team member is out of range", weight),
				 errdetail("Weights are from 0 to %d.", MAX_WEIGHT),
				 errhint("Correct column weight of team_member.")));
	return (int) weight;
}

/* Who takes turns: rep, weight and whether available, in order of rep. */
static Rotation *
load_rotation(Workspace *ws, int64 team_id)
{
	Rotation   *rotation = allocate(ws, 1, sizeof(Rotation));
	char	   *query;
	uint64		n;
	int			divisor = 0;
	bool		isnull;
	Datum		skipped;

	rotation->team_id = team_id;
	rotation->sequence = rotation_sequence(ws, team_id);
	rotation->round = -1;

	if (team_id == 0)
		query = "SELECT id, 1::pg_catalog.int8 FROM %s.rep WHERE active ORDER BY id";
	else
		query = psprintf("SELECT r.id, m.weight::pg_catalog.int8 FROM %%1$s.team_member m "
						 "JOIN %%1$s.rep r ON r.id OPERATOR(pg_catalog.=) m.rep_id "
						 "WHERE m.team_id OPERATOR(pg_catalog.=) " INT64_FORMAT
						 " AND r.active AND m.weight::pg_catalog.int8 OPERATOR(pg_catalog.>) 0 ORDER BY r.id",
						 team_id);
	n = read_rows(ws, query);
	rotation->nreps = (int) n;
	rotation->rep_ids = allocate(ws, n, sizeof(int64));
	rotation->weights = allocate(ws, n, sizeof(int));
	for (uint64 i = 0; i < n; i++)
	{
		rotation->rep_ids[i] = row_int64(i, 1);
		rotation->weights[i] = row_weight(i, 2);
		divisor = greatest_common_divisor(rotation->weights[i], divisor);
	}
	for (uint64 i = 0; i < n; i++)
	{
		rotation->weights[i] /= divisor;
		rotation->round_length += rotation->weights[i];
	}
	rotation->turns = allocate(ws, rotation->round_length, sizeof(int));

	if (team_id == 0 && n > 0)
		return rotation;		/* it is over the active ones, nobody is passed over */
	if (team_id == 0)
		query = "SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object("
			"'rep_id', id, 'rep', name, 'reason', 'inactive') ORDER BY id) FROM %s.rep";
	else
		query = psprintf("SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object("
					 "'rep_id', r.id, 'rep', r.name, 'reason', "
					 "CASE WHEN r.active THEN 'weight 0' ELSE 'inactive' END) ORDER BY r.id) "
					 "FROM %%1$s.team_member m "
					 "JOIN %%1$s.rep r ON r.id OPERATOR(pg_catalog.=) m.rep_id "
					 "WHERE m.team_id OPERATOR(pg_catalog.=) " INT64_FORMAT
					 " AND NOT (r.active AND m.weight OPERATOR(pg_catalog.>) 0)",
					 team_id);
	read_rows(ws, query);
	skipped = row_datum(0, 1, JSONBOID, &isnull);
	if (!isnull)
		rotation->skipped = copy_jsonb(ws, skipped);
	return rotation;
}

static void
load_rotations(Workspace *ws)
{
	uint64		n = read_rows(ws, "SELECT id FROM %s.team ORDER BY id");
	int64	   *team_ids = palloc((n + 1) * sizeof(int64));

	team_ids[0] = 0;
	for (uint64 i = 0; i < n; i++)
		team_ids[i + 1] = row_int64(i, 1);

	ws->rotations = allocate(ws, n + 1, sizeof(Rotation *));
	for (uint64 i = 0; i <= n; i++)
		ws->rotations[i] = load_rotation(ws, team_ids[i]);
	ws->nrotations = (int) n + 1;
}

static char *
workspace_strdup(Workspace *ws, char *text)
{
	return MemoryContextStrdup(ws->context, text);
}

/* One row of assignment_rule; false if it is no use. */
static bool
load_assignment_rule(Workspace *ws, Relation lead, uint64 row, AssignmentRule *rule)
{
	char	   *text = row_text(ws, row, 3);
	char	   *broken;
	bool		isnull;

	memset(rule, 0, sizeof(*rule));
	rule->rule.kind = "assignment_rule";
	rule->rule.id = rule->chosen.rule_id = rule->nobody.rule_id = row_int64(row, 1);
	rule->rule.name = row_name(ws, row, 2);
	rule->chosen.method = rule->nobody.method = row_name(ws, row, 4);
	rule->chosen.reason = workspace_strdup(ws, psprintf("rule \"%s\"", rule->rule.name));
	rule->nobody.reason = workspace_strdup(ws, psprintf("rule \"%s\": no rep is available",
														 rule->rule.name));
	if (strcmp(rule->chosen.method, "round_robin") == 0)
	{
		rule->rotation = workspace_rotation(ws, row_int64(row, 5));
		if (rule->rotation == NULL)
			return false;
		rule->chosen.skipped = rule->nobody.skipped = rule->rotation->skipped;
	}
	else if (row_bool(row, 7))
		rule->rep_id = row_int64(row, 6);
	else
		rule->nobody.skipped = copy_jsonb(ws, row_datum(row, 8, JSONBOID, &isnull));

	if (text != NULL)
		rule->condition = compile_or_report(ws, lead, CONDITION_ASSIGNMENT,
											&rule->rule, text, &broken);
	return text == NULL || rule->condition != NULL;
}

static void
load_assignment_rules(Workspace *ws, Relation lead)
{
	uint64		n = read_rows(ws, "SELECT a.id, a.name, a.condition, a.method, a.team_id, a.rep_id, "
							  "COALESCE(r.active, false), "
							  "pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object("
							  "'rep_id', r.id, 'rep', r.name, 'reason', 'inactive')) "
							  "FROM %1$s.assignment_rule a "
							  "LEFT JOIN %1$s.rep r ON r.id OPERATOR(pg_catalog.=) a.rep_id "
							  "WHERE a.active AND a.method OPERATOR(pg_catalog.=) ANY (ARRAY['round_robin', 'fixed']) "
							  "ORDER BY a.\"position\", a.id");
	SPITupleTable *rows = SPI_tuptable;
	int			used = 0;

	ws->assignment_rules = allocate(ws, n, sizeof(AssignmentRule));
	for (uint64 i = 0; i < n; i++)
	{
		SPI_tuptable = rows;
		if (load_assignment_rule(ws, lead, i, &ws->assignment_rules[used]))
			used++;
	}
	ws->nassignment_rules = used;
}

/* Is the index predicate nothing but "this column IS NOT NULL", or none? */
static bool
predicate_is_not_null(Relation index, AttrNumber attno)
{
	List	   *predicate = RelationGetIndexPredicate(index);
	NullTest   *test;

	if (predicate == NIL)
		return true;
	if (list_length(predicate) != 1 || !IsA(linitial(predicate), NullTest))
		return false;
	test = linitial_node(NullTest, predicate);
	return test->nulltesttype == IS_NOT_NULL && IsA(test->arg, Var) &&
		((Var *) test->arg)->varattno == attno;
}

/* A usable btree on exactly (key, id), ascending, in the key's own collation. */
static bool
index_serves(Relation index, AttrNumber key, AttrNumber id)
{
	Form_pg_index form = index->rd_index;

	return form->indisvalid && form->indisready && form->indislive &&
		index->rd_rel->relam == BTREE_AM_OID &&
		form->indnkeyatts >= 2 &&
		form->indkey.values[0] == key && form->indkey.values[1] == id &&
		index->rd_indoption[0] == 0 && index->rd_indoption[1] == 0 &&
		predicate_is_not_null(index, key);
}

/* Indexes are found by what they are on: REINDEX CONCURRENTLY gives new ones. */
static Oid
find_index(Workspace *ws, Relation table, const char *key, const char *id)
{
	Oid			relid = RelationGetRelid(table);
	List	   *indexes = RelationGetIndexList(table);
	ListCell   *lc;

	foreach(lc, indexes)
	{
		Oid			oid = lfirst_oid(lc);
		Relation	index = index_open(oid, AccessShareLock);
		bool		found = index_serves(index, get_attnum(relid, key), get_attnum(relid, id));

		index_close(index, AccessShareLock);
		if (found)
			return oid;
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("table \"%s.%s\" has no index on (%s, %s)",
					ws->schema, RelationGetRelationName(table), key, id),
			 errdetail("Duplicates are found by it."),
			 errhint("Call lead_mgmt.upgrade_workspace to bring it back, or switch the match rule off.")));
	return InvalidOid;
}

static void
load_fuzzy_rule(Workspace *ws, const char *name, double min_similarity)
{
	Relation	block;

	ws->fuzzy.name = MemoryContextStrdup(ws->context, name);
	ws->fuzzy.min_similarity = min_similarity;
	ws->fuzzy.block_relid = sister_relation(ws->namespace, ws->owner, "lead_block");
	block = table_open(ws->fuzzy.block_relid, AccessShareLock);
	ws->fuzzy.block_index = find_index(ws, block, "block", "lead_id");
	table_close(block, NoLock);
}

static double
row_similarity(uint64 row, int column)
{
	bool		isnull;
	Datum		value = row_datum(row, column, FLOAT8OID, &isnull);

	return isnull ? FUZZY_DEFAULT_SIMILARITY : DatumGetFloat8(value);
}

/* Of several rules on one key the strictest counts, then the first by name. */
static void
load_match_rules(Workspace *ws, Relation lead)
{
	uint64		n = read_rows(ws, "SELECT name, key, action, min_similarity::pg_catalog.float8 FROM %s.match_rule "
							  "WHERE action OPERATOR(pg_catalog.<>) 'off' "
							  "ORDER BY pg_catalog.array_position(ARRAY['flag', 'attach', 'reject'], action), name DESC");

	for (uint64 i = 0; i < n; i++)
	{
		char	   *key = row_name(ws, i, 2);
		char	   *action = row_name(ws, i, 3);

		/* the least similarity that any of them asks for */
		if (strcmp(key, "fuzzy") == 0)
		{
			double		least = row_similarity(i, 4);

			if (ws->fuzzy.name == NULL || least <= ws->fuzzy.min_similarity)
				load_fuzzy_rule(ws, row_name(ws, i, 1), least);
		}
		for (int k = 0; k < MATCH_KEYS; k++)
			if (strcmp(key, match_key_name[k]) == 0)
			{
				ws->match[k].name = row_name(ws, i, 1);
				ws->match[k].reject = (strcmp(action, "reject") == 0);
				ws->match[k].attach = (strcmp(action, "attach") == 0);
				ws->match[k].index = find_index(ws, lead, lead_column_name(match_key_column[k]), "id");
			}
	}
}

/*
 * The tables that are kept in memory, and those that queries run as the owner
 * name: each must be the owner's.
 */
static void
load_relids(Workspace *ws)
{
	static const char *const names[] = {
		"setting", "lead_source", "lead_status", "grade", "rep", "team",
		"team_member", "score_model", "score_dimension", "score_rule",
		"status_transition", "assignment_rule", "match_rule",
		"status_change", "assignment", "duplicate_link", "rule_failure",
		"duplicate_decision", "funnel_stage", "engagement_kind", "engagement",
		"score_adjustment", "score_state", "lead_event", "lead_alias", "lead_block"
	};

	if (sister_relation(ws->namespace, ws->owner, "lead") != ws->lead_relid)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("relation \"%s\" is not table \"lead\" of its workspace",
						get_rel_name(ws->lead_relid)),
				 errhint("Give the table its name back.")));

	ws->relids = allocate(ws, lengthof(names), sizeof(Oid));
	for (int i = 0; i < count_of(names); i++)
		ws->relids[i] = sister_relation(ws->namespace, ws->owner, names[i]);
	ws->nrelids = count_of(names);
	ws->engagement_relid = sister_relation(ws->namespace, ws->owner, "engagement");
	ws->state_relid = sister_relation(ws->namespace, ws->owner, "score_state");
}

static Workspace *
new_workspace(Relation lead)
{
	MemoryContext context = AllocSetContextCreate(CurTransactionContext,
												  "lead_mgmt workspace",
												  ALLOCSET_DEFAULT_SIZES);
	Workspace  *ws = MemoryContextAllocZero(context, sizeof(Workspace));

	ws->context = context;
	ws->lead_relid = RelationGetRelid(lead);
	ws->read_in = GetCurrentSubTransactionId();
	ws->namespace = RelationGetNamespace(lead);
	ws->namespace_hash = GetSysCacheHashValue1(NAMESPACEOID,
											   ObjectIdGetDatum(ws->namespace));
	ws->owner = lead->rd_rel->relowner;
	ws->schema = MemoryContextStrdup(context,
									 quote_identifier(get_namespace_name(ws->namespace)));
	return ws;
}

/* Everything that has conditions comes last: the row must be known. */
static void
load_configuration(Workspace *ws, Relation lead, Relation engagement)
{
	load_setting(ws);
	ws->sources = load_names(ws, "SELECT name FROM %s.lead_source", &ws->nsources);
	ws->statuses = load_names(ws, "SELECT name FROM %s.lead_status", &ws->nstatuses);
	/* nobody works on these leads; a closed one with a stage has got there */
	ws->reopened = load_names(ws, "SELECT name FROM %s.lead_status "
							  "WHERE name OPERATOR(pg_catalog.=) 'nurture' "
							  "OR (NOT is_open AND funnel_stage IS NULL AND name OPERATOR(pg_catalog.<>) 'converted')",
							  &ws->nreopened);
	ws->kinds = load_names(ws, "SELECT name FROM %s.engagement_kind", &ws->nkinds);
	load_grades(ws);
	ws->model = load_model(ws, active_model_id(ws), lead, engagement);
	load_transitions(ws, lead);
	load_rotations(ws);
	load_assignment_rules(ws, lead);
	load_match_rules(ws, lead);
}

/*
 * Read everything about the workspace of a lead table.  The result lives in
 * ws->context, a child of CurTransactionContext until the cache adopts it.
 */
Workspace *
workspace_load(Oid lead_relid)
{
	MemoryContext caller = CurrentMemoryContext;
	Relation	lead = table_open(lead_relid, AccessShareLock);
	Workspace  *ws = new_workspace(lead);
	Relation	engagement;
	OwnerSwitch saved;

	load_relids(ws);
	load_columns(ws, lead);
	engagement = table_open(ws->engagement_relid, AccessShareLock);
	load_engagement_columns(ws, engagement);
	load_state_columns(ws);
	saved = switch_to_owner(ws->owner);
	spi_begin();
	load_configuration(ws, lead, engagement);
	spi_end();
	switch_back(saved);
	table_close(engagement, NoLock);
	table_close(lead, NoLock);
	MemoryContextSwitchTo(caller);
	return ws;
}
