/*-------------------------------------------------------------------------
 *
 * web_form.c
 *	  The capture door: what is inserted into the view web_form.
 *
 * Whoever may INSERT there needs no right to anything else: what becomes of
 * it is done as the owner of the workspace.  The view itself has no rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/formatting.h"
#include "utils/inval.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "cache.h"
#include "import_value.h"
#include "key.h"
#include "known.h"
#include "lead_check.h"
#include "trigger.h"

PG_FUNCTION_INFO_V1(web_form_submit);
PG_FUNCTION_INFO_V1(web_form_change);

/* Columns that are kept as they are in the properties of the engagement */
static const char *const kept_columns[] = {
	"message", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
	"referrer", "consent_text"
};

/* The row that is inserted into the view */
typedef struct Form
{
	Relation	view;
	TupleDesc	tupdesc;
	HeapTuple	tuple;
	TimestampTz at;
	KnownRow	row;
} Form;

/* ---- Reading it ---------------------------------------------------------------- */

/* A column by its name; false: it is NULL, or the view has none of that name. */
static bool
form_datum(const Form *form, const char *name, Oid *type, Datum *value)
{
	int			attno = SPI_fnumber(form->tupdesc, name);
	bool		isnull;

	if (attno <= 0)
		return false;
	*type = SPI_gettypeid(form->tupdesc, attno);
	*value = SPI_getbinval(form->tuple, form->tupdesc, attno, &isnull);
	return !isnull;
}

/* As it was given; NULL: not at all. */
static char *
form_string(const Form *form, const char *name)
{
	Oid			type;
	Datum		value;
	Oid			output;
	bool		is_varlena;

	if (!form_datum(form, name, &type, &value))
		return NULL;
	if (type == TEXTOID)
		return TextDatumGetCString(value);
	getTypeOutputInfo(type, &output, &is_varlena);
	return OidOutputFunctionCall(output, value);
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Without space around it; NULL where nothing is left: a field left empty. */
static text *
form_text(const Form *form, const char *name)
{
	char	   *string = form_string(form, name);
	int			length;
	text	   *result;

	if (string == NULL)
		return NULL;
	while (is_space(*string))
		string++;
	length = strlen(string);
	while (length > 0 && is_space(string[length - 1]))
		length--;
	result = cstring_to_text_with_len(string, length);
	return text_is_blank_of(result) ? NULL : result;
}

/* NULL: not given. */
static const char *
form_bool(const Form *form, const char *name)
{
	Oid			type;
	Datum		value;

	if (!form_datum(form, name, &type, &value) || type != BOOLOID)
		return NULL;
	return DatumGetBool(value) ? "true" : "false";
}

static void
refuse_value(const Form *form, const char *name, const char *value, const char *detail,
			 const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid value for column \"%s\": \"%s\"", name, value),
			 errdetail_internal("%s", detail),
			 errhint("%s", hint),
			 errtablecol(form->view, SPI_fnumber(form->tupdesc, name))));
}

/* What an integer column takes */
static bool
is_count(const char *number)
{
	char	   *end;
	long		value;

	errno = 0;
	value = strtol(number, &end, 10);
	return *end == '\0' && errno == 0 && value >= 0 && value <= PG_INT32_MAX;
}

/*
 * A number, or a range such as people choose from a list, as a number; it is
 * understood as in a file, where the decimal mark is a point.
 */
static void
read_number(Form *form, KnownField field, bool whole, const char *detail, const char *hint)
{
	Writing		writing = {.decimal_mark = '.'};
	char	   *value;
	char	   *number;

	if (form->row.values[field] == NULL)
		return;
	value = text_to_cstring(form->row.values[field]);
	if (import_number(value, &writing, whole, &number) != NULL ||
		(whole && !is_count(number)))
		refuse_value(form, known_field_name[field], value, detail, hint);
	form->row.values[field] = cstring_to_text(number);
}

/* What the type date reads, but no words such as today. */
static bool
is_date(const char *string)
{
	char	   *field[MAXDATEFIELDS];
	int			ftype[MAXDATEFIELDS];
	char		workbuf[MAXDATELEN + 1];
	int			nf;
	int			dtype;
	int			tz;
	fsec_t		fsec;
	struct pg_tm tm;

	return ParseDateTime(string, workbuf, sizeof(workbuf), field, ftype, MAXDATEFIELDS, &nf) == 0 &&
		lead_decode_date_time(field, ftype, nf, &dtype, &tm, &fsec, &tz) == 0 &&
		nf > 0 && (ftype[0] == DTK_DATE || ftype[0] == DTK_NUMBER) &&
		dtype == DTK_DATE && tm.tm_year >= 1 && tm.tm_year <= 9999;
}

static void
check_types(Form *form)
{
	const KnownRow *row = &form->row;
	char	   *value;

	read_number(form, KNOWN_COMPANY_SIZE, true, "It is not a whole number from 0 to 2147483647.",
				"Give the number of employees, such as 80 or 51-200, or none.");
	read_number(form, KNOWN_ANNUAL_REVENUE, false, "It is not a number.",
				"Give an amount, such as 1250000 or $1M-$5M, or none.");
	if (row->values[KNOWN_BIRTHDAY] != NULL &&
		!is_date(value = text_to_cstring(row->values[KNOWN_BIRTHDAY])))
		refuse_value(form, "birthday", value, "It is not a date.",
					 "Give a date such as 1990-12-31, or none.");
}

/*
 * A source is written as lead_source has it.  One that nobody knows is left as
 * it is, to be refused.
 */
static void
match_source(Workspace *ws, KnownRow *row)
{
	text	   *source = row->values[KNOWN_SOURCE];
	char	   *name;
	char	   *lower;

	if (source == NULL)
		return;
	name = text_to_cstring(source);
	if (workspace_has_name(ws->sources, ws->nsources, name))
		return;
	lower = str_tolower(name, strlen(name), DEFAULT_COLLATION_OID);
	for (int i = 0; i < ws->nsources; i++)
		if (strcmp(lower, str_tolower(ws->sources[i], strlen(ws->sources[i]),
									  DEFAULT_COLLATION_OID)) == 0)
		{
			row->values[KNOWN_SOURCE] = cstring_to_text(ws->sources[i]);
			return;
		}
}

/* ---- The engagement's properties ------------------------------------------------ */

static void
append_name(StringInfo json, const char *name)
{
	if (json->data[json->len - 1] != '{')
		appendStringInfoChar(json, ',');
	escape_json(json, name);
	appendStringInfoChar(json, ':');
}

static void
append_kept(StringInfo json, const Form *form)
{
	const char *consent = form_bool(form, "consent");
	const char *opt_out = form_bool(form, "opt_out");
	char		at[MAXDATELEN + 1];

	for (int i = 0; i < count_of(kept_columns); i++)
	{
		char	   *value = form_string(form, kept_columns[i]);

		if (value == NULL || value[0] == '\0')
			continue;
		append_name(json, kept_columns[i]);
		escape_json(json, value);
	}
	if (consent != NULL)
	{
		append_name(json, "consent");
		appendStringInfoString(json, consent);
		append_name(json, "consent_at");
		JsonEncodeDateTime(at, TimestampTzGetDatum(form->at), TIMESTAMPTZOID, NULL);
		escape_json(json, at);
	}
	if (opt_out != NULL)
	{
		append_name(json, "opt_out");
		appendStringInfoString(json, opt_out);
	}
}

/* What was given for the lead itself, word by word: it may not get there. */
static void
append_submitted(StringInfo json, const Form *form)
{
	append_name(json, "submitted");
	appendStringInfoChar(json, '{');
	for (int i = 0; i < KNOWN_FIELDS; i++)
	{
		char	   *value = form_string(form, known_field_name[i]);

		if (value == NULL || value[0] == '\0')
			continue;
		append_name(json, known_field_name[i]);
		escape_json(json, value);
	}
	appendStringInfoChar(json, '}');
}

static Datum
form_properties(const Form *form)
{
	StringInfoData json;
	Oid			type;
	Datum		given;
	bool		is_object;
	Datum		ours;

	if (!form_datum(form, "properties", &type, &given) || type != JSONBOID)
		given = (Datum) 0;
	is_object = given != (Datum) 0 && JB_ROOT_IS_OBJECT(DatumGetJsonbP(given));

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	append_kept(&json, form);
	append_submitted(&json, form);
	if (given != (Datum) 0 && !is_object)
	{
		/* a list, or a single value */
		append_name(&json, "properties");
		appendStringInfoString(&json, DatumGetCString(DirectFunctionCall1(jsonb_out, given)));
	}
	appendStringInfoChar(&json, '}');
	ours = DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
	return is_object ? DirectFunctionCall2(jsonb_concat, given, ours) : ours;
}

static void
read_form(Form *form, TriggerData *trigdata)
{
	const char *opt_out;
	Oid			type;
	Datum		value;

	memset(form, 0, sizeof(*form));
	form->view = trigdata->tg_relation;
	form->tupdesc = RelationGetDescr(trigdata->tg_relation);
	form->tuple = trigdata->tg_trigtuple;
	form->at = GetCurrentTimestamp();
	for (int i = 0; i < KNOWN_FIELDS; i++)
		form->row.values[i] = form_text(form, known_field_name[i]);
	opt_out = form_bool(form, "opt_out");
	form->row.opt_out = opt_out != NULL && strcmp(opt_out, "true") == 0;
	form->row.kind = cstring_to_text("form");
	form->row.engage_new = true;
	form->row.url = form_text(form, "url");
	form->row.campaign = form->row.values[KNOWN_CAMPAIGN];
	form->row.properties = form_properties(form);
	if (form_datum(form, "submission_id", &type, &value) && type == UUIDOID)
		form->row.submission_id = DatumGetUUIDP(value);
}

/* ---- Storing it -------------------------------------------------------------------- */

/* What a plain INSERT of a lead refuses is refused, known or not. */
static void
check_form(Workspace *ws, Relation lead, Form *form)
{
	KnownRow   *row = &form->row;

	lead_check_name(ws, lead, row->values[KNOWN_CONTACT_NAME]);
	lead_check_contact_method(ws, lead, row->values[KNOWN_EMAIL], row->values[KNOWN_PHONE]);
	lead_check_email(ws, lead, row->values[KNOWN_EMAIL]);
	lead_check_phone(ws, lead, row->values[KNOWN_PHONE]);
	match_source(ws, row);
	lead_check_source(ws, lead, row->values[KNOWN_SOURCE]);
	check_types(form);
}

static void
store_form(Workspace *ws, Relation lead, Form *form)
{
	KnownRow   *row = &form->row;

	known_lock(ws, &row, 1);
	known_replayed(ws, &row, 1);
	if (row->outcome != KNOWN_UNDECIDED)
		return;
	check_form(ws, lead, form);
	known_store(ws, lead, &row, 1);
}

static void
store_as_owner(Workspace *ws, Form *form)
{
	Relation	lead = table_open(ws->lead_relid, RowExclusiveLock);
	Oid			writer = lead_mgmt_writer;
	OwnerSwitch saved;

	lead_mgmt_writer = current_writer();
	PG_TRY();
	{
		saved = switch_to_owner(ws->owner);
		spi_begin();
		store_form(ws, lead, form);
		spi_end();
		switch_back(saved);
	}
	PG_FINALLY();
	{
		lead_mgmt_writer = writer;
	}
	PG_END_TRY();
	table_close(lead, NoLock);
}

/* The row as RETURNING shows it */
static HeapTuple
form_result(const Form *form)
{
	static const char *const outcomes[] = {
		[KNOWN_NEW] = "new",
		[KNOWN_KNOWN] = "known",
		[KNOWN_REPLAYED] = "replayed",
	};
	int			columns[2];
	Datum		values[2];
	bool		nulls[2] = {false, false};

	columns[0] = SPI_fnumber(form->tupdesc, "lead_id");
	columns[1] = SPI_fnumber(form->tupdesc, "outcome");
	if (columns[0] <= 0 || SPI_gettypeid(form->tupdesc, columns[0]) != INT8OID ||
		columns[1] <= 0 || SPI_gettypeid(form->tupdesc, columns[1]) != TEXTOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("view \"%s\" is not as it is made in a workspace",
						RelationGetRelationName(form->view)),
				 errdetail("Columns lead_id and outcome are missing, or of other types."),
				 errhint("Drop the view, and call lead_mgmt.upgrade_workspace to bring it back.")));
	values[0] = Int64GetDatum(form->row.lead_id);
	values[1] = CStringGetTextDatum(outcomes[form->row.outcome]);
	return heap_modify_tuple_by_cols(form->tuple, form->tupdesc, 2, columns, values, nulls);
}

/* web_form_submit(): INSTEAD OF INSERT trigger of the view web_form */
Datum
web_form_submit(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_data(fcinfo, "web_form_submit");
	Workspace  *ws;
	Form		form;

	if (!TRIGGER_FIRED_INSTEAD(trigdata->tg_event) || !TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired INSTEAD OF INSERT", "web_form_submit")));

	AcceptInvalidationMessages();
	ws = cache_workspace(lead_of_sister(trigdata->tg_relation));
	read_form(&form, trigdata);
	store_as_owner(ws, &form);
	if (form.row.outcome == KNOWN_SUPPRESSED)
		return PointerGetDatum(NULL);
	return PointerGetDatum(form_result(&form));
}

/* web_form_change(): trigger of the view web_form that lets nothing through */
Datum
web_form_change(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_data(fcinfo, "web_form_change");

	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot update or delete rows of view \"%s\"",
					RelationGetRelationName(trigdata->tg_relation)),
			 errdetail("What is inserted there becomes a lead and an engagement; the view itself has no rows."),
			 errhint("Change table \"lead\" or \"engagement\" instead.")));
	return PointerGetDatum(NULL);
}
