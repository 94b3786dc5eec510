/*-------------------------------------------------------------------------
 *
 * rule.c
 *	  Triggers of the tables that hold rules and settings.
 *
 *-------------------------------------------------------------------------
 */
#include "workspace.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "cache.h"
#include "rotation.h"
#include "trigger.h"

PG_FUNCTION_INFO_V1(rule_check);
PG_FUNCTION_INFO_V1(model_switch);
PG_FUNCTION_INFO_V1(model_required);
PG_FUNCTION_INFO_V1(ready_score_lowered);
PG_FUNCTION_INFO_V1(match_rule_check);
PG_FUNCTION_INFO_V1(setting_check);
PG_FUNCTION_INFO_V1(configuration_changed);
PG_FUNCTION_INFO_V1(rotation_changed);

static TriggerData *
after_row(FunctionCallInfo fcinfo, const char *function, const char *table)
{
	TriggerData *trigdata = trigger_data_of(fcinfo, function, false, true);

	trigger_check_table(trigdata, function, table, NULL);
	return trigdata;
}

static HeapTuple
new_tuple(TriggerData *trigdata)
{
	return TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
		trigdata->tg_newtuple : trigdata->tg_trigtuple;
}

/* A column of a row by its name, as text; NULL for NULL. */
static char *
tuple_text(TriggerData *trigdata, HeapTuple tuple, const char *name)
{
	TupleDesc	tupdesc = RelationGetDescr(trigdata->tg_relation);
	int			attno = SPI_fnumber(tupdesc, name);

	if (attno <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist",
						name, RelationGetRelationName(trigdata->tg_relation)),
				 errdetail("Every workspace of lead_mgmt has this column."),
				 errhint("Bring the column back under its name.")));
	return SPI_getvalue(tuple, tupdesc, attno);
}

/* The same of the new row */
static char *
column_text(TriggerData *trigdata, const char *name)
{
	return tuple_text(trigdata, new_tuple(trigdata), name);
}

/* What rule_check() is about, for the errors that it completes */
typedef struct RuleTable
{
	const char *table;
	ConditionKind kind;
	const char *name_column;
	const char *constraint;
	const char *hint;
} RuleTable;

static const RuleTable rule_tables[] = {
	{"score_rule", CONDITION_SCORE_LEAD, "name", "score_rule_condition",
	"Write one condition over the columns of lead (of engagement, where applies_to says so), such as industry = 'Marketing' AND company_size > 50."},
	{"assignment_rule", CONDITION_ASSIGNMENT, "name", "assignment_rule_condition",
	"Write one condition over the columns of lead, such as country = 'DE' AND score >= 70."},
	{"status_transition", CONDITION_TRANSITION, "to_status", "status_transition_condition",
	"Write one condition over the columns of lead, such as budget_confirmed AND need_confirmed."},
};

static const RuleTable *
rule_table(Relation relation)
{
	const char *name = RelationGetRelationName(relation);

	for (int i = 0; i < count_of(rule_tables); i++)
		if (strcmp(rule_tables[i].table, name) == 0)
			return &rule_tables[i];
	ereport(ERROR,
			(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
			 errmsg("function \"%s\" cannot be used on table \"%s\"", "rule_check", name)));
	return NULL;
}

/* Give an error of a condition the rule's name, constraint, detail and hint. */
static void
complete_and_rethrow(ErrorData *error, const RuleTable *table, Relation relation,
					 const char *rule)
{
	error->schema_name = get_namespace_name(RelationGetNamespace(relation));
	error->table_name = pstrdup(table->table);
	error->column_name = pstrdup("condition");
	error->constraint_name = pstrdup(table->constraint);
	if (error->detail == NULL)
		error->detail = psprintf("The condition of %s \"%s\" cannot be used.",
								 table->table, rule);
	else
		error->detail = psprintf("Condition of %s \"%s\": %s", table->table, rule,
								 error->detail);
	if (table->kind == CONDITION_SCORE_LEAD && error->sqlerrcode == ERRCODE_UNDEFINED_COLUMN)
		error->hint = psprintf("%s%sA rule reads the columns of lead, or of engagement where applies_to is engagement.",
							   error->hint ? error->hint : "", error->hint ? " " : "");
	if (error->hint == NULL)
		error->hint = pstrdup(table->hint);
	ReThrowError(error);
}

/*
 * A transition is called by both of its statuses.  Not inlined: its variables
 * would live across the caller's setjmp().
 */
static pg_noinline const char *
rule_name(TriggerData *trigdata, const RuleTable *table)
{
	const char *name = column_text(trigdata, table->name_column);
	const char *from;

	if (table->kind != CONDITION_TRANSITION)
		return name;
	from = column_text(trigdata, "from_status");
	return psprintf("%s to %s", from ? from : "insert", name ? name : "");
}

/* Not inlined, for the same reason. */
static pg_noinline ConditionKind
condition_kind(TriggerData *trigdata, const RuleTable *table)
{
	const char *applies_to;

	if (table->kind != CONDITION_SCORE_LEAD)
		return table->kind;
	applies_to = column_text(trigdata, "applies_to");
	return applies_to != NULL && strcmp(applies_to, "engagement") == 0 ?
		CONDITION_SCORE_ENGAGEMENT : CONDITION_SCORE_LEAD;
}

static void
check_condition(TriggerData *trigdata, const RuleTable *table, const char *text)
{
	Relation	relation = trigdata->tg_relation;
	const char *rule = rule_name(trigdata, table);
	ConditionKind kind = condition_kind(trigdata, table);
	Relation	subject = table_open(sister_relation(RelationGetNamespace(relation),
													 relation->rd_rel->relowner,
													 condition_relation_name(kind)),
									 AccessShareLock);
	char	   *schema = pstrdup(quote_identifier(get_namespace_name(RelationGetNamespace(relation))));
	MemoryContext caller = CurrentMemoryContext;
	ConditionSettings settings;

	workspace_settings(RelationGetNamespace(relation), relation->rd_rel->relowner, schema, &settings);
	PG_TRY();
	{
		condition_compile(subject, kind, text, &settings);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		if (condition_must_not_catch(error))
			ReThrowError(error);
		complete_and_rethrow(error, table, relation, rule ? rule : "");
	}
	PG_END_TRY();
	table_close(subject, NoLock);
}

static bool
is_true(const char *value)
{
	return value != NULL && strcmp(value, "t") == 0;
}

static bool
applies_to_changed(TriggerData *trigdata)
{
	const char *old = tuple_text(trigdata, trigdata->tg_trigtuple, "applies_to");
	const char *new = column_text(trigdata, "applies_to");

	return old == NULL || new == NULL || strcmp(old, new) != 0;
}

/*
 * A rule that cannot be used any more, since a column was dropped, can still
 * be renamed or set inactive; only what comes into use is checked.
 */
static bool
condition_is_new(TriggerData *trigdata, const RuleTable *table, const char *text)
{
	const char *old;

	if (!TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		return true;
	old = tuple_text(trigdata, trigdata->tg_trigtuple, "condition");
	if (old == NULL || strcmp(old, text) != 0)
		return true;
	if (table->kind == CONDITION_TRANSITION)
		return false;
	if (table->kind == CONDITION_SCORE_LEAD && applies_to_changed(trigdata))
		return true;
	return is_true(column_text(trigdata, "active")) &&
		!is_true(tuple_text(trigdata, trigdata->tg_trigtuple, "active"));
}

static void
check_method(TriggerData *trigdata)
{
	const char *method = column_text(trigdata, "method");

	if (method == NULL || strcmp(method, "round_robin") == 0 || strcmp(method, "fixed") == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("assignment method \"%s\" is not supported", method),
			 errdetail("This version of lead_mgmt routes by round_robin and fixed."),
			 errhint("Use round_robin over a team."),
			 errtableconstraint(trigdata->tg_relation, "assignment_rule_method_check")));
}

static void
check_half_life(TriggerData *trigdata)
{
	const char *applies_to = column_text(trigdata, "applies_to");

	if (column_text(trigdata, "half_life") == NULL ||
		(applies_to != NULL && strcmp(applies_to, "engagement") == 0))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("half-life of a rule over the lead has no meaning"),
			 errdetail("Points decay from the time of an engagement; what a lead is has none."),
			 errhint("Leave half_life empty, or set applies_to to engagement."),
			 errtableconstraint(trigdata->tg_relation, "score_rule_half_life_check")));
}

/* A rule that nobody named is called by what it says. */
static HeapTuple
named_rule(TriggerData *trigdata, const RuleTable *table, const char *text)
{
	TupleDesc	tupdesc = RelationGetDescr(trigdata->tg_relation);
	int			attno = SPI_fnumber(tupdesc, table->name_column);
	bool		isnull = false;
	Datum		value;

	if (table->kind == CONDITION_TRANSITION || column_text(trigdata, table->name_column) != NULL)
		return new_tuple(trigdata);
	if (text == NULL)
		text = table->kind == CONDITION_ASSIGNMENT ? column_text(trigdata, "method") : "always";
	if (text == NULL)
		return new_tuple(trigdata);
	if (SPI_gettypeid(tupdesc, attno) != TEXTOID && SPI_gettypeid(tupdesc, attno) != VARCHAROID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s\" is not of type text",
						table->name_column, RelationGetRelationName(trigdata->tg_relation)),
				 errhint("Change the type of the column back.")));
	value = CStringGetTextDatum(text);
	return heap_modify_tuple_by_cols(new_tuple(trigdata), tupdesc, 1, &attno, &value, &isnull);
}

/* rule_check(): BEFORE ROW trigger of tables with conditions */
Datum
rule_check(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_data_of(fcinfo, "rule_check", true, true);
	const RuleTable *table = rule_table(trigdata->tg_relation);
	char	   *text = column_text(trigdata, "condition");

	if (table->kind == CONDITION_ASSIGNMENT)
		check_method(trigdata);
	if (table->kind == CONDITION_SCORE_LEAD)
		check_half_life(trigdata);
	if (text != NULL && condition_is_new(trigdata, table, text))
		check_condition(trigdata, table, text);
	return PointerGetDatum(named_rule(trigdata, table, text));
}

static void
run_on_workspace(Relation relation, char *query)
{
	OwnerSwitch saved;

	saved = switch_to_owner(relation->rd_rel->relowner);
	spi_begin();
	if (SPI_execute(query, false, 0) < 0)
		elog(ERROR, "SPI_execute returned %s for query: %s",
			 SPI_result_code_string(SPI_result), query);
	spi_end();
	switch_back(saved);
}

/* Two that become active in one statement would each retire the other. */
static void
check_still_active(Relation relation, const char *schema, const char *id)
{
	if (workspace_finds(relation,
						psprintf("SELECT FROM %s.score_model WHERE id OPERATOR(pg_catalog.=) %s::pg_catalog.int8 "
								 "AND state OPERATOR(pg_catalog.=) 'active'", schema, quote_literal_cstr(id))))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_UNIQUE_VIOLATION),
			 errmsg("more than one score model would be active"),
			 errdetail("Leads are scored by one model."),
			 errhint("Set the state of one model to active."),
			 errtableconstraint(relation, "score_model_active_key")));
}

static void
retire_others(Relation relation, const char *schema, const char *id)
{
	check_still_active(relation, schema, id);
	run_on_workspace(relation,
					 psprintf("UPDATE %s.score_model SET state = 'retired' "
							  "WHERE state OPERATOR(pg_catalog.=) 'active' "
							  "AND id OPERATOR(pg_catalog.<>) %s::pg_catalog.int8",
							  schema, quote_literal_cstr(id)));
}

static void
check_model_exists(Relation relation, const char *schema, const char *id)
{
	if (!workspace_finds(relation,
						 psprintf("SELECT FROM %s.score_model WHERE id OPERATOR(pg_catalog.=) %s::pg_catalog.int8",
								  schema, quote_literal_cstr(id))))
		ereport(ERROR,
				(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
				 errmsg("score model %s does not exist", id),
				 errdetail("Key (copy_of)=(%s) is not present in table \"score_model\".", id),
				 errhint("Give the id of the model whose dimensions and rules are to be copied."),
				 errtableconstraint(relation, "score_model_copy_of_fkey")));
}

static void
refuse_late_copy(Relation relation)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("rules are copied into new score models only"),
			 errdetail("Column copy_of has a meaning at INSERT."),
			 errhint("Insert a model with copy_of instead."),
			 errtableconstraint(relation, "score_model_copy_of_fkey")));
}

/* The action is done once: what is loaded from a dump has its rules already. */
static void
copy_model(Relation relation, const char *schema, const char *id, const char *from)
{
	const char *to_literal = quote_literal_cstr(id);
	const char *from_literal = quote_literal_cstr(from);

	sister_relation(RelationGetNamespace(relation), relation->rd_rel->relowner, "score_dimension");
	sister_relation(RelationGetNamespace(relation), relation->rd_rel->relowner, "score_rule");
	check_model_exists(relation, schema, from);
	run_on_workspace(relation,
					 psprintf("INSERT INTO %1$s.score_dimension (model_id, name, lowest, highest) "
							  "SELECT %2$s::pg_catalog.int8, d.name, d.lowest, d.highest FROM %1$s.score_dimension d "
							  "WHERE d.model_id OPERATOR(pg_catalog.=) %3$s::pg_catalog.int8",
							  schema, to_literal, from_literal));
	run_on_workspace(relation,
					 psprintf("INSERT INTO %1$s.score_rule (model_id, dimension, name, applies_to, condition, "
							  "points, max_points, half_life, active) "
							  "SELECT %2$s::pg_catalog.int8, r.dimension, r.name, r.applies_to, r.condition, "
							  "r.points, r.max_points, r.half_life, r.active FROM %1$s.score_rule r "
							  "WHERE r.model_id OPERATOR(pg_catalog.=) %3$s::pg_catalog.int8 ORDER BY r.id",
							  schema, to_literal, from_literal));
	run_on_workspace(relation,
					 psprintf("UPDATE %1$s.score_model SET copy_of = NULL "
							  "WHERE id OPERATOR(pg_catalog.=) %2$s::pg_catalog.int8",
							  schema, to_literal));
}

static bool
is_active(const char *state)
{
	return state != NULL && strcmp(state, "active") == 0;
}

/*
 * model_switch(): AFTER ROW trigger of score_model; a model that becomes
 * active retires the one that was, in the same transaction, and one that is a
 * copy gets its dimensions and rules.
 */
Datum
model_switch(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = after_row(fcinfo, "model_switch", "score_model");
	Relation	relation = trigdata->tg_relation;
	const char *schema = quote_identifier(get_namespace_name(RelationGetNamespace(relation)));
	bool		insert = TRIGGER_FIRED_BY_INSERT(trigdata->tg_event);
	bool		was_active = !insert && is_active(tuple_text(trigdata, trigdata->tg_trigtuple, "state"));
	const char *id = column_text(trigdata, "id");
	const char *copy_of = column_text(trigdata, "copy_of");

	sister_relation(RelationGetNamespace(relation), relation->rd_rel->relowner, "score_model");
	if (is_active(column_text(trigdata, "state")) && !was_active)
		retire_others(relation, schema, id);
	if (copy_of != NULL && !insert)
		refuse_late_copy(relation);
	if (copy_of != NULL)
		copy_model(relation, schema, id, copy_of);
	return PointerGetDatum(NULL);
}

/*
 * model_required(): constraint trigger of score_model; the active model leaves
 * only for another one, or with all of them.
 */
Datum
model_required(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = after_row(fcinfo, "model_required", "score_model");
	Relation	relation = trigdata->tg_relation;
	const char *schema = quote_identifier(get_namespace_name(RelationGetNamespace(relation)));

	if (!is_active(tuple_text(trigdata, trigdata->tg_trigtuple, "state")))
		return PointerGetDatum(NULL);
	sister_relation(RelationGetNamespace(relation), relation->rd_rel->relowner, "score_model");
	if (workspace_finds(relation,
						psprintf("SELECT FROM %1$s.score_model HAVING pg_catalog.count(*) OPERATOR(pg_catalog.>) 0 "
								 "AND pg_catalog.count(*) FILTER (WHERE state OPERATOR(pg_catalog.=) 'active') "
								 "OPERATOR(pg_catalog.=) 0", schema)))
		ereport(ERROR,
				(errcode(ERRCODE_RESTRICT_VIOLATION),
				 errmsg("no score model would be active"),
				 errdetail("Leads are scored by the one that is."),
				 errhint("Set the state of another model to active: that retires this one."),
				 errtableconstraint(relation, "score_model_active_key")));
	return PointerGetDatum(NULL);
}

/*
 * ready_score_lowered(): AFTER ROW trigger of setting; hot_lead looks at leads
 * that are ready now by the score that they have.  Nobody has been told of
 * them: whoever scores them next does.  They are locked as everybody does who
 * writes score_state, in the order of their ids.
 */
Datum
ready_score_lowered(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = after_row(fcinfo, "ready_score_lowered", "setting");
	Relation	relation = trigdata->tg_relation;
	const char *schema = quote_identifier(get_namespace_name(RelationGetNamespace(relation)));
	const char *score = column_text(trigdata, "sales_ready_score");

	sister_relation(RelationGetNamespace(relation), relation->rd_rel->relowner, "score_state");
	run_on_workspace(relation,
					 psprintf("WITH l AS MATERIALIZED (SELECT id FROM %1$s.lead "
							  "WHERE score OPERATOR(pg_catalog.>=) %2$s::pg_catalog.int4 ORDER BY id FOR NO KEY UPDATE) "
							  "INSERT INTO %1$s.score_state AS s (lead_id, rule_version, rule_id, times, level, "
							  "first_at, last_at, ready_until, untold) "
							  "SELECT l.id, 0, '{}', '{}', '{}', '{}', '{}', 'infinity', true FROM l "
							  "ON CONFLICT (lead_id) DO UPDATE SET ready_until = EXCLUDED.ready_until, "
							  "untold = s.untold OR s.ready_until IS NULL OR s.ready_until OPERATOR(pg_catalog.<=) pg_catalog.now()",
							  schema, quote_literal_cstr(score)));
	return PointerGetDatum(NULL);
}

/* match_rule_check(): BEFORE ROW trigger of match_rule */
Datum
match_rule_check(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_data_of(fcinfo, "match_rule_check", true, true);
	const char *key = column_text(trigdata, "key");
	const char *action = column_text(trigdata, "action");
	bool		fuzzy = key != NULL && strcmp(key, "fuzzy") == 0;

	if (fuzzy && action != NULL && (strcmp(action, "attach") == 0 || strcmp(action, "reject") == 0))
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("match rule \"%s\" cannot have the action \"%s\"", column_text(trigdata, "name"), action),
				 errdetail("Who is similar need not be the same: such pairs can only be flagged."),
				 errhint("Set the action to flag or off."),
				 errtableconstraint(trigdata->tg_relation, "match_rule_action_check")));
	if (!fuzzy && column_text(trigdata, "min_similarity") != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("match rule \"%s\" cannot have a least similarity", column_text(trigdata, "name")),
				 errdetail("Keys are equal or they are not; only the key fuzzy knows degrees."),
				 errhint("Leave min_similarity null, or set the key to fuzzy."),
				 errtableconstraint(trigdata->tg_relation, "match_rule_min_similarity_check")));
	return PointerGetDatum(new_tuple(trigdata));
}

/* setting_check(): BEFORE ROW trigger of setting */
Datum
setting_check(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_data_of(fcinfo, "setting_check", true, true);
	const char *zone;
	pg_tz	   *tz;

	if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_RESTRICT_VIOLATION),
				 errmsg("settings of a workspace cannot be deleted"),
				 errdetail("Table \"setting\" always has one row."),
				 errhint("Update the row instead."),
				 errtableconstraint(trigdata->tg_relation, "setting_singleton_check")));
	zone = column_text(trigdata, "time_zone");
	tz = zone == NULL ? NULL : pg_tzset(zone);

	if (zone != NULL && (tz == NULL || !pg_tz_acceptable(tz)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" not recognized", zone),
				 errdetail("Conditions and reports are evaluated in this time zone."),
				 errhint("Use a name of pg_timezone_names, such as Europe/Berlin."),
				 errtableconstraint(trigdata->tg_relation, "setting_time_zone_check")));
	return PointerGetDatum(new_tuple(trigdata));
}

/* configuration_changed(): AFTER trigger of what sessions remember */
Datum
configuration_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_data(fcinfo, "configuration_changed");

	cache_announce(RelationGetRelid(trigdata->tg_relation));
	return PointerGetDatum(NULL);
}

static bool
same_turns(Rotation *a, Rotation *b)
{
	return a->nreps == b->nreps &&
		memcmp(a->rep_ids, b->rep_ids, a->nreps * sizeof(int64)) == 0 &&
		memcmp(a->weights, b->weights, a->nreps * sizeof(int)) == 0;
}

/*
 * rotation_changed(): STATEMENT trigger of rep, team and team_member, BEFORE
 * and AFTER; where other reps take turns than before, a new round begins.
 */
Datum
rotation_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_data(fcinfo, "rotation_changed");
	Oid			lead_relid = lead_of_sister(trigdata->tg_relation);
	Workspace  *before = rotation_before != NULL &&
		rotation_before->lead_relid == lead_relid ? rotation_before : NULL;
	Workspace  *after;
	OwnerSwitch saved;

	if (TRIGGER_FIRED_BEFORE(trigdata->tg_event))
	{
		rotation_before = cache_workspace(lead_relid);
		return PointerGetDatum(NULL);
	}
	cache_announce(RelationGetRelid(trigdata->tg_relation));
	CommandCounterIncrement();
	after = cache_workspace(lead_relid);

	saved = switch_to_owner(after->owner);
	spi_begin();
	rotation_create_sequences(after);
	for (int i = 0; i < after->nrotations; i++)
	{
		Rotation   *old = before == NULL ? NULL :
			workspace_rotation(before, after->rotations[i]->team_id);

		if (old == NULL || !same_turns(old, after->rotations[i]))
			rotation_begin_round(after->rotations[i]);
	}
	spi_end();
	switch_back(saved);
	return PointerGetDatum(NULL);
}
