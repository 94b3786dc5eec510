/*-------------------------------------------------------------------------
 *
 * create_workspace.c
 *	  Making, upgrading and listing workspaces.
 *
 * What a workspace consists of is SQL: the scripts of sql/workspace, which
 * the module carries.  All of them can be run again, so that upgrading is
 * running them on what is there.
 *
 *-------------------------------------------------------------------------
 */
#include "workspace.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "cache.h"
#include "lead.h"
#include "rotation.h"
#include "workspace_sql.h"

PG_FUNCTION_INFO_V1(create_workspace);
PG_FUNCTION_INFO_V1(upgrade_workspace);
PG_FUNCTION_INFO_V1(workspaces);

/* Views that show the columns that users added to lead, at their marks */
typedef struct OwnColumns
{
	const char *mark;
	const char *view;
	const char *others;			/* columns that the script itself names */
	const char *expression;		/* format() of name, type and name */
	const char *number;			/* the same for numbers and booleans */
} OwnColumns;

#define BY_NAME ", lead_mgmt.lead_value(r.lead, %L, NULL::%s) AS %I"

static const OwnColumns own_columns[] = {
	{"@lead_columns@", "lead_now", lead_column_names, BY_NAME, BY_NAME},
	{"@export_columns@", "lead_export", export_column_names, BY_NAME, BY_NAME},
	{"@spreadsheet_columns@", "lead_export_spreadsheet", export_column_names,
		", pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, %1$L, NULL::pg_catalog.text), f.formula, $$'\\&$$) AS %1$I",
	BY_NAME},
};

/*
 * Columns that users added to lead: first those that the view has already,
 * since a view cannot lose a column, then the others.
 */
static void
append_own_columns(StringInfo sql, const char *schema, const OwnColumns *own)
{
	static const char *query =
		"SELECT pg_catalog.string_agg(pg_catalog.format("
		"CASE WHEN c.category IN ('N', 'B') THEN %5$s ELSE %4$s END, c.name, c.type, c.name), '' ORDER BY c.place, c.attnum) "
		"FROM ("
		"SELECT DISTINCT ON (a.attname) a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, "
		"t.typcategory AS category, "
		"CASE WHEN a.attrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass(%1$s) THEN 0 ELSE 1 END AS place, a.attnum "
		"FROM pg_catalog.pg_attribute a "
		"JOIN pg_catalog.pg_type t ON t.oid OPERATOR(pg_catalog.=) a.atttypid "
		"WHERE a.attrelid OPERATOR(pg_catalog.=) ANY (ARRAY[pg_catalog.to_regclass(%1$s), pg_catalog.to_regclass(%2$s)]) "
		"AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped "
		"AND a.attname OPERATOR(pg_catalog.<>) ALL (%3$s::pg_catalog.text[]) "
		"ORDER BY a.attname, place) c";
	char	   *view = quote_literal_cstr(psprintf("%s.%s", schema, own->view));
	char	   *table = quote_literal_cstr(psprintf("%s.lead", schema));
	char	   *columns;

	spi_check(SPI_execute(psprintf(query, view, table, quote_literal_cstr(own->others),
								   quote_literal_cstr(own->expression), quote_literal_cstr(own->number)),
						  true, 1),
			  SPI_OK_SELECT, query);
	columns = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	if (columns != NULL)
		appendStringInfoString(sql, columns);
}

static const OwnColumns *
find_own_columns(const char *script)
{
	for (int i = 0; i < count_of(own_columns); i++)
		if (strncmp(script, own_columns[i].mark, strlen(own_columns[i].mark)) == 0)
			return &own_columns[i];
	return NULL;
}

/* Put the schema's name and the version in their places; in one pass. */
static char *
fill_in(const char *script, const char *schema)
{
	StringInfoData sql;
	char	   *name = pstrdup(quote_identifier(schema));
	char	   *version = quote_literal_cstr(LEAD_MGMT_VERSION);

	initStringInfo(&sql);
	while (*script != '\0')
	{
		const OwnColumns *own = *script == '@' ? find_own_columns(script) : NULL;

		if (own != NULL)
		{
			append_own_columns(&sql, name, own);
			script += strlen(own->mark);
		}
		else if (strncmp(script, "@workspace@", 11) == 0)
		{
			appendStringInfoString(&sql, name);
			script += 11;
		}
		else if (strncmp(script, "@version@", 9) == 0)
		{
			appendStringInfoString(&sql, version);
			script += 9;
		}
		else
			appendStringInfoChar(&sql, *script++);
	}
	return sql.data;
}

/* Statement by statement, so that an error shows the one that it is about. */
static void
run_script(const char *script, const char *schema)
{
	char	   *sql = fill_in(script, schema);
	List	   *statements = raw_parser(sql, RAW_PARSE_DEFAULT);
	ListCell   *lc;

	foreach(lc, statements)
	{
		RawStmt    *raw = lfirst_node(RawStmt, lc);
		const char *start = sql + raw->stmt_location;
		char	   *statement = raw->stmt_len == 0 ? pstrdup(start) :
			pnstrdup(start, raw->stmt_len);
		int			result = SPI_execute(statement, false, 0);

		if (result < 0)
			elog(ERROR, "SPI_execute returned %s", SPI_result_code_string(result));
		pfree(statement);
	}
	pfree(sql);
}

static void
set_option(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

/* Scripts mean the same whatever the session has set. */
static int
begin_scripts(void)
{
	int			level = NewGUCNestLevel();

	set_option("search_path", "pg_catalog, pg_temp");
	set_option("standard_conforming_strings", "on");
	set_option("client_min_messages", "warning");
	set_option("default_table_access_method", "heap");
	spi_begin();
	return level;
}

static void
end_scripts(int level)
{
	spi_end();
	AtEOXact_GUC(true, level);
}

static void
run_parts(const char *schema)
{
	for (int i = 0; i < count_of(workspace_scripts); i++)
		run_script(workspace_scripts[i].sql, schema);
}

typedef struct Preset
{
	const char *name;
	const char *sql;
	bool		catalogues;		/* with sources, grades and standard rules */
} Preset;

static const Preset presets[] = {
	{"standard", preset_standard_sql, true},
	{"points", preset_points_sql, true},
	{"empty", preset_empty_sql, false},
};

static const Preset *
find_preset(const char *name)
{
	for (int i = 0; i < count_of(presets); i++)
		if (strcmp(presets[i].name, name) == 0)
			return &presets[i];
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("preset \"%s\" does not exist", name),
			 errdetail("A preset says what a new workspace starts with."),
			 errhint("The presets are standard, points and empty.")));
	return NULL;
}

static char *
workspace_name(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0) || NameStr(*PG_GETARG_NAME(0))[0] == '\0')
		ereport(ERROR,
				(errcode(PG_ARGISNULL(0) ? ERRCODE_NULL_VALUE_NOT_ALLOWED : ERRCODE_INVALID_NAME),
				 errmsg("name of a workspace cannot be empty"),
				 errhint("Give the name of a schema.")));
	return pstrdup(NameStr(*PG_GETARG_NAME(0)));
}

/*
 * create_workspace(name, preset): makes the schema and all that belongs to a
 * workspace, owned by the caller, who needs CREATE on the database.
 */
Datum
create_workspace(PG_FUNCTION_ARGS)
{
	char	   *schema = workspace_name(fcinfo);
	const Preset *preset;
	int			level;

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("preset of a workspace cannot be null"),
				 errhint("The presets are standard, points and empty.")));
	preset = find_preset(text_to_cstring(PG_GETARG_TEXT_PP(1)));

	if (OidIsValid(get_namespace_oid(schema, true)))
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_SCHEMA),
				 errmsg("schema \"%s\" already exists", schema),
				 errdetail("A workspace is made in a schema of its own."),
				 errhint("Choose another name; lead_mgmt.upgrade_workspace repairs a workspace that is there.")));

	level = begin_scripts();
	run_script("CREATE SCHEMA @workspace@;"
			   "COMMENT ON SCHEMA @workspace@ IS 'Lead management: a workspace of lead_mgmt'", schema);
	run_parts(schema);
	run_script(preset->sql, schema);
	run_script(lifecycle_sql, schema);
	if (preset->catalogues)
		run_script(catalogue_sql, schema);
	end_scripts(level);
	PG_RETURN_VOID();
}

/* Version numbers, part by part; a missing part is 0. */
static int
compare_versions(const char *a, const char *b)
{
	while (*a != '\0' || *b != '\0')
	{
		char	   *a_end;
		char	   *b_end;
		long		x = strtol(a, &a_end, 10);
		long		y = strtol(b, &b_end, 10);

		if (x != y)
			return x < y ? -1 : 1;
		if (a_end == a && b_end == b)
			return strcmp(a, b);
		a = *a_end == '.' ? a_end + 1 : a_end;
		b = *b_end == '.' ? b_end + 1 : b_end;
	}
	return 0;
}

static void
check_not_newer(const char *schema)
{
	char	   *query = psprintf("SELECT workspace_version FROM %s.setting",
								 quote_identifier(schema));
	char	   *version;

	spi_check(SPI_execute(query, false, 1), SPI_OK_SELECT, query);
	if (SPI_processed == 0)
		return;
	version = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	if (version == NULL)
		return;
	if (compare_versions(version, LEAD_MGMT_VERSION) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("workspace \"%s\" is of version %s, newer than this lead_mgmt", schema, version),
				 errdetail("This is lead_mgmt %s.", LEAD_MGMT_VERSION),
				 errhint("Install that version of the extension and run ALTER EXTENSION lead_mgmt UPDATE.")));
}

/* Keys, scores, ledger and log of rows that no trigger has seen. */
static void
repair_rows(const char *schema)
{
	lead_recompute_depth++;
	PG_TRY();
	{
		run_script(repair_sql, schema);
	}
	PG_FINALLY();
	{
		lead_recompute_depth--;
	}
	PG_END_TRY();
}

/*
 * upgrade_workspace(name): brings back what is missing, brings the layout to
 * this version and repairs rows written meanwhile.  For the owner.
 */
Datum
upgrade_workspace(PG_FUNCTION_ARGS)
{
	char	   *schema = workspace_name(fcinfo);
	Oid			namespace = get_namespace_oid(schema, false);
	Oid			owner = workspace_check_owner(schema, namespace);
	OwnerSwitch saved = switch_to_owner_restricted(owner);
	int			level = begin_scripts();

	/* one at a time, and nobody writes leads that half a workspace decides on */
	run_script("LOCK TABLE @workspace@.lead IN SHARE ROW EXCLUSIVE MODE", schema);
	run_script(columns_sql, schema);
	run_script(workspace_scripts[0].sql, schema);	/* setting */
	check_not_newer(schema);
	run_parts(schema);
	run_script("INSERT INTO @workspace@.setting (workspace_version) VALUES (@version@) "
			   "ON CONFLICT (singleton) DO UPDATE SET workspace_version = EXCLUDED.workspace_version",
			   schema);
	CommandCounterIncrement();
	rotation_create_sequences(cache_workspace(get_relname_relid("lead", namespace)));
	repair_rows(schema);
	end_scripts(level);
	switch_back(saved);
	PG_RETURN_VOID();
}

/* The version of one workspace, read as its owner: its table is a plain one. */
static char *
read_version(const char *schema, Oid namespace, Oid owner)
{
	OwnerSwitch saved;
	char	   *query = psprintf("SELECT workspace_version FROM %s.setting",
								 quote_identifier(schema));
	char	   *version = NULL;

	sister_relation(namespace, owner, "setting");
	saved = switch_to_owner(owner);
	spi_check(SPI_execute(query, true, 1), SPI_OK_SELECT, query);
	if (SPI_processed > 0)
		version = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	switch_back(saved);
	return version;
}

static void
put_workspace(ReturnSetInfo *rsinfo, HeapTuple row, TupleDesc tupdesc)
{
	Datum		values[3];
	bool		nulls[3] = {false};
	bool		isnull;
	char	   *schema = SPI_getvalue(row, tupdesc, 2);
	char	   *version;

	version = read_version(schema,
						   DatumGetObjectId(SPI_getbinval(row, tupdesc, 1, &isnull)),
						   DatumGetObjectId(SPI_getbinval(row, tupdesc, 3, &isnull)));
	values[0] = SPI_getbinval(row, tupdesc, 2, &isnull);
	values[1] = SPI_getbinval(row, tupdesc, 4, &isnull);
	nulls[2] = (version == NULL);
	values[2] = version == NULL ? (Datum) 0 : CStringGetTextDatum(version);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * workspaces(): schemas that have the tables of a workspace, as far as the
 * caller may use them.  There is no registry that a dump could lose.
 */
Datum
workspaces(PG_FUNCTION_ARGS)
{
	static const char *query =
		"SELECT n.oid, n.nspname, s.relowner, r.rolname "
		"FROM pg_catalog.pg_namespace n "
		"JOIN pg_catalog.pg_class s ON s.relnamespace OPERATOR(pg_catalog.=) n.oid "
		"AND s.relname OPERATOR(pg_catalog.=) 'setting' AND s.relkind OPERATOR(pg_catalog.=) 'r' "
		"JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) s.oid "
		"AND a.attname OPERATOR(pg_catalog.=) 'workspace_version' AND NOT a.attisdropped "
		"JOIN pg_catalog.pg_class l ON l.relnamespace OPERATOR(pg_catalog.=) n.oid "
		"AND l.relname OPERATOR(pg_catalog.=) 'lead' AND l.relowner OPERATOR(pg_catalog.=) s.relowner "
		"JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) s.relowner "
		"WHERE pg_catalog.has_schema_privilege(n.oid, 'USAGE') "
		"ORDER BY n.nspname";
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	SPITupleTable *rows;
	uint64		n;

	InitMaterializedSRF(fcinfo, 0);
	spi_begin();
	spi_check(SPI_execute(query, true, 0), SPI_OK_SELECT, query);
	rows = SPI_tuptable;
	n = SPI_processed;
	for (uint64 i = 0; i < n; i++)
		put_workspace(rsinfo, rows->vals[i], rows->tupdesc);
	spi_end();
	return (Datum) 0;
}
