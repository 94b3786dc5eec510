/*-------------------------------------------------------------------------
 *
 * import_row.c
 *	  What is wrong with a row of a file, and what it means.
 *
 * All problems of a row are found, not only the first: who loads a file wants
 * to correct it once.  A value that is understood is kept in the form that the
 * input function of its column takes, whatever the session's settings are.
 *
 *-------------------------------------------------------------------------
 */
#include "import.h"

#include <math.h>

#include "access/xact.h"
#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "attempt.h"
#include "key.h"
#include "lead_keys.h"

const char *const import_column_name[IMPORT_COLUMNS] = {
	[IMPORT_CONTACT_NAME] = "contact_name",
	[IMPORT_EMAIL] = "email",
	[IMPORT_PHONE] = "phone",
	[IMPORT_COMPANY] = "company",
	[IMPORT_JOB_TITLE] = "job_title",
	[IMPORT_INDUSTRY] = "industry",
	[IMPORT_COMPANY_SIZE] = "company_size",
	[IMPORT_ANNUAL_REVENUE] = "annual_revenue",
	[IMPORT_STREET] = "street",
	[IMPORT_CITY] = "city",
	[IMPORT_REGION] = "region",
	[IMPORT_POSTAL_CODE] = "postal_code",
	[IMPORT_COUNTRY] = "country",
	[IMPORT_LOCATION] = "location",
	[IMPORT_SOURCE] = "source",
	[IMPORT_SOURCE_DETAIL] = "source_detail",
	[IMPORT_CAMPAIGN] = "campaign",
	[IMPORT_CHANNEL] = "channel",
	[IMPORT_PRIORITY] = "priority",
	[IMPORT_PRODUCT_INTEREST] = "product_interest",
	[IMPORT_BIRTHDAY] = "birthday",
	[IMPORT_NOTES] = "notes",
	[IMPORT_TAGS] = "tags",
	[IMPORT_STATUS] = "status",
	[IMPORT_OWNER] = "owner",
	[IMPORT_BUDGET_CONFIRMED] = "budget_confirmed",
	[IMPORT_AUTHORITY_CONFIRMED] = "authority_confirmed",
	[IMPORT_NEED_CONFIRMED] = "need_confirmed",
	[IMPORT_TIMELINE_CONFIRMED] = "timeline_confirmed",
	[IMPORT_BUDGET_AMOUNT] = "budget_amount",
	[IMPORT_DECISION_MAKER] = "decision_maker",
	[IMPORT_NEED] = "need",
	[IMPORT_TARGET_DATE] = "target_date",
	[IMPORT_NEXT_STEP] = "next_step",
	[IMPORT_NEXT_FOLLOW_UP_AT] = "next_follow_up_at",
	[IMPORT_OPTED_OUT_AT] = "opted_out_at",
	[IMPORT_ATTRIBUTES] = "attributes",
	[IMPORT_CREATED_AT] = "created_at",
};

/* Characters a value may have: names go into indexes, notes may be letters. */
#define MAX_SHORT	500
#define MAX_LONG	100000

/* How much of a value a problem shows */
#define MAX_SHOWN	60

struct ImportRep
{
	char	   *id;
	char	   *names[3];		/* name, email, login; NULL: none */
};

/* The row that is being judged */
typedef struct JudgedRow
{
	ImportJudge *judge;
	ImportVerdict *verdict;
	ImportColumn column;
	char	   *value;			/* UTF-8, trimmed; not empty */
} JudgedRow;

typedef void (*JudgeColumn) (JudgedRow *row);

/* ---- Between the server's texts and UTF-8 ---------------------------------- */

static char *
to_utf8(const char *value, int length)
{
	return pg_server_to_any(value, length, PG_UTF8);
}

static text *
from_utf8(const char *value)
{
	return cstring_to_text(pg_any_to_server(value, strlen(value), PG_UTF8));
}

static void
set_value(JudgedRow *row, const char *value)
{
	row->verdict->values[row->column] = from_utf8(value);
}

/* Characters of a text in UTF-8 */
static int
count_characters(const char *value)
{
	int			n = 0;

	for (; *value != '\0'; value++)
		if (((unsigned char) *value & 0xC0) != 0x80)
			n++;
	return n;
}

/* ---- Problems ---------------------------------------------------------------- */

/* "column: what is wrong"; the message is in UTF-8. */
static void
add_problem(ImportVerdict *verdict, ImportColumn column, const char *message)
{
	verdict->problems[verdict->nproblems++] =
		PointerGetDatum(from_utf8(psprintf("%s: %s", import_column_name[column], message)));
}

static char *
shown(const char *value)
{
	int			length = strlen(value);
	int			clipped = pg_encoding_mbcliplen(PG_UTF8, value, length, MAX_SHOWN);

	return psprintf("\"%.*s%s\"", clipped, value, clipped < length ? "..." : "");
}

static void
refuse(JudgedRow *row, const char *message)
{
	add_problem(row->verdict, row->column, psprintf("%s: %s", message, shown(row->value)));
}

static void
refuse_because(JudgedRow *row, const char *message, const char *reason)
{
	add_problem(row->verdict, row->column,
				psprintf("%s: %s (%s)", message, shown(row->value), reason));
}

/* ---- Columns ------------------------------------------------------------------ */

static void
judge_plain(JudgedRow *row)
{
	set_value(row, row->value);
}

static void
judge_email(JudgedRow *row)
{
	text	   *email = from_utf8(row->value);
	const char *problem = email_problem_of(email);

	if (problem != NULL)
		refuse_because(row, "invalid e-mail address", problem);
	else
		row->verdict->values[row->column] = email;
}

static void
judge_phone(JudgedRow *row)
{
	text	   *phone;
	const char *problem;

	/* spreadsheets are told by an apostrophe that it is no number */
	if (row->value[0] == '\'')
		row->value = import_trim(row->value + 1, strlen(row->value + 1));
	phone = from_utf8(row->value);
	problem = phone_problem_of(phone);
	if (problem != NULL)
		refuse_because(row, "invalid phone number", problem);
	else
		row->verdict->values[row->column] = phone;
}

static Writing *
writing_of(JudgedRow *row)
{
	return &row->judge->batch->writing;
}

static void
judge_number(JudgedRow *row, bool whole)
{
	char	   *number;
	ValueProblem problem = import_number(row->value, writing_of(row), whole, &number);

	if (problem == NULL && whole && (strlen(number) > 10 || atoll(number) > PG_INT32_MAX))
		problem = "number is too large";
	if (problem != NULL)
		refuse(row, problem);
	else
		set_value(row, number);
}

static void
judge_size(JudgedRow *row)
{
	judge_number(row, true);
}

static void
judge_amount(JudgedRow *row)
{
	judge_number(row, false);
}

static void
judge_day(JudgedRow *row, bool past)
{
	int			date;
	int			year;
	int			month;
	int			day;
	ValueProblem problem = import_date(row->value, writing_of(row), past, row->judge->today, &date);

	if (problem != NULL)
	{
		refuse(row, problem);
		return;
	}
	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	set_value(row, psprintf("%04d-%02d-%02d", year, month, day));
}

static void
judge_birthday(JudgedRow *row)
{
	judge_day(row, true);
}

static void
judge_date(JudgedRow *row)
{
	judge_day(row, false);
}

/* A time without a zone is one of the workspace. */
static bool
read_timestamp(JudgedRow *row, TimestampTz *result)
{
	struct pg_tm tm;
	fsec_t		fsec;
	int			zone;
	bool		has_zone;
	ValueProblem problem = import_time(row->value, writing_of(row), row->judge->today,
									   &tm, &fsec, &zone, &has_zone);

	if (problem == NULL)
	{
		int			west = has_zone ? -zone :
			DetermineTimeZoneOffset(&tm, row->judge->ws->settings.time_zone);

		if (tm2timestamp(&tm, fsec, &west, result) != 0)
			problem = "date not understood";
	}
	if (problem != NULL)
		refuse(row, problem);
	return problem == NULL;
}

static void
set_timestamp(JudgedRow *row, TimestampTz at)
{
	struct pg_tm tm;
	fsec_t		fsec;

	if (timestamp2tm(at, NULL, &tm, &fsec, NULL, NULL) != 0)
		elog(ERROR, "timestamp out of range");
	set_value(row, psprintf("%04d-%02d-%02d %02d:%02d:%02d.%06d+00", tm.tm_year, tm.tm_mon, tm.tm_mday,
							tm.tm_hour, tm.tm_min, tm.tm_sec, (int) fsec));
}

static void
judge_time(JudgedRow *row)
{
	TimestampTz at;

	if (read_timestamp(row, &at))
		set_timestamp(row, at);
}

static void
judge_created_at(JudgedRow *row)
{
	TimestampTz at;

	if (!read_timestamp(row, &at))
		return;
	if (at > row->judge->now)
		refuse(row, "date is in the future");
	else
		set_timestamp(row, at);
}

/* When, or only that. */
static void
judge_opt_out(JudgedRow *row)
{
	bool		truth;
	TimestampTz at;

	if (import_boolean(row->value, &truth) == NULL)
	{
		if (truth)
			set_timestamp(row, row->judge->now);
	}
	else if (read_timestamp(row, &at))
		set_timestamp(row, Min(at, row->judge->now));
}

static void
judge_boolean(JudgedRow *row)
{
	bool		truth;
	ValueProblem problem = import_boolean(row->value, &truth);

	if (problem != NULL)
		refuse(row, problem);
	else
		set_value(row, truth ? "true" : "false");
}

static void
judge_list(JudgedRow *row)
{
	int			n;
	char	  **items = import_list(row->value, &n);
	Datum	   *texts = palloc((n + 1) * sizeof(Datum));
	FmgrInfo	output;

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
		texts[i] = PointerGetDatum(from_utf8(items[i]));
	fmgr_info(F_ARRAY_OUT, &output);
	row->verdict->values[row->column] =
		cstring_to_text(OutputFunctionCall(&output, import_text_array(texts, n)));
}

/* The name in a catalogue that this one is but for case, or NULL */
static const char *
find_name(char **names, int n, const char *value)
{
	for (int i = 0; i < n; i++)
		if (import_same_name(to_utf8(names[i], strlen(names[i])), value))
			return names[i];
	return NULL;
}

static void
judge_source(JudgedRow *row)
{
	Workspace  *ws = row->judge->ws;
	const char *name = find_name(ws->sources, ws->nsources, row->value);

	if (name == NULL)
		refuse(row, "unknown source");
	else
		row->verdict->values[row->column] = cstring_to_text(name);
}

static bool
can_begin_with(Workspace *ws, const char *status)
{
	for (int i = 0; i < ws->ntransitions; i++)
		if (ws->transitions[i].from_status == NULL &&
			strcmp(ws->transitions[i].to_status, status) == 0)
			return true;
	return false;
}

static void
judge_status(JudgedRow *row)
{
	Workspace  *ws = row->judge->ws;
	const char *name = find_name(ws->statuses, ws->nstatuses, row->value);

	if (name == NULL)
		refuse(row, "unknown status");
	else if (!can_begin_with(ws, name))
		refuse(row, "a new lead cannot have this status");
	else
		row->verdict->values[row->column] = cstring_to_text(name);
}

static void
judge_priority(JudgedRow *row)
{
	static char *priorities[] = {"low", "medium", "high", "critical"};
	const char *name = find_name(priorities, count_of(priorities), row->value);

	if (name == NULL)
		refuse(row, "neither low, medium, high nor critical");
	else
		set_value(row, name);
}

static bool
is_rep(const ImportRep *rep, const char *value)
{
	for (int i = 0; i < count_of(rep->names); i++)
		if (rep->names[i] != NULL && import_same_name(rep->names[i], value))
			return true;
	return strcmp(rep->id, value) == 0;
}

static void
judge_owner(JudgedRow *row)
{
	const ImportRep *found = NULL;

	for (int i = 0; i < row->judge->nreps; i++)
	{
		const ImportRep *rep = &row->judge->reps[i];

		if (!is_rep(rep, row->value))
			continue;
		if (found != NULL)
		{
			refuse(row, "more than one rep is called so; give the e-mail address");
			return;
		}
		found = rep;
	}
	if (found == NULL)
		refuse(row, "unknown owner");
	else
		set_value(row, found->id);
}

static void
judge_location(JudgedRow *row)
{
	const char *p = row->value;
	double		place[2];

	p += strspn(p, " (");
	for (int i = 0; i < 2; i++)
	{
		char	   *end;

		place[i] = strtod(p, &end);
		if (end == p || !(fabs(place[i]) <= (i == 0 ? 180 : 90)))
		{
			refuse(row, "location is not (longitude, latitude) in degrees");
			return;
		}
		p = end + strspn(end, i == 0 ? " ,;" : " )");
	}
	if (*p != '\0')
		refuse(row, "location is not (longitude, latitude) in degrees");
	else
	{
		char		longitude[DOUBLE_SHORTEST_DECIMAL_LEN];
		char		latitude[DOUBLE_SHORTEST_DECIMAL_LEN];

		double_to_shortest_decimal_buf(place[0], longitude);
		double_to_shortest_decimal_buf(place[1], latitude);
		set_value(row, psprintf("(%s,%s)", longitude, latitude));
	}
}

typedef struct ReadJson
{
	const char *value;
	bool		is_object;
} ReadJson;

static void
read_json(void *arg)
{
	ReadJson   *read = arg;
	Datum		json = DirectFunctionCall1(jsonb_in, CStringGetDatum(read->value));

	read->is_object = JB_ROOT_IS_OBJECT(DatumGetJsonbP(json));
}

/* What the input function of jsonb says; it raises errors. */
static const char *
json_problem(const char *value)
{
	ReadJson	read = {value, false};

	return attempt(read_json, &read) == NULL && read.is_object ? NULL : "not a JSON object";
}

static void
judge_json(JudgedRow *row)
{
	text	   *json = from_utf8(row->value);
	const char *problem = json_problem(text_to_cstring(json));

	if (problem != NULL)
		refuse(row, problem);
	else
		row->verdict->values[row->column] = json;
}

typedef struct ColumnRule
{
	JudgeColumn judge;			/* NULL: judge_plain */
	int			limit;			/* characters; 0: MAX_SHORT */
} ColumnRule;

static const ColumnRule column_rules[IMPORT_COLUMNS] = {
	[IMPORT_EMAIL] = {judge_email, 0},
	[IMPORT_PHONE] = {judge_phone, 0},
	[IMPORT_COMPANY_SIZE] = {judge_size, 0},
	[IMPORT_ANNUAL_REVENUE] = {judge_amount, 0},
	[IMPORT_LOCATION] = {judge_location, 0},
	[IMPORT_SOURCE] = {judge_source, 0},
	[IMPORT_PRIORITY] = {judge_priority, 0},
	[IMPORT_BIRTHDAY] = {judge_birthday, 0},
	[IMPORT_PRODUCT_INTEREST] = {NULL, MAX_LONG},
	[IMPORT_NOTES] = {NULL, MAX_LONG},
	[IMPORT_TAGS] = {judge_list, 10000},
	[IMPORT_STATUS] = {judge_status, 0},
	[IMPORT_OWNER] = {judge_owner, 0},
	[IMPORT_BUDGET_CONFIRMED] = {judge_boolean, 0},
	[IMPORT_AUTHORITY_CONFIRMED] = {judge_boolean, 0},
	[IMPORT_NEED_CONFIRMED] = {judge_boolean, 0},
	[IMPORT_TIMELINE_CONFIRMED] = {judge_boolean, 0},
	[IMPORT_BUDGET_AMOUNT] = {judge_amount, 0},
	[IMPORT_NEED] = {NULL, MAX_LONG},
	[IMPORT_TARGET_DATE] = {judge_date, 0},
	[IMPORT_NEXT_STEP] = {NULL, MAX_LONG},
	[IMPORT_NEXT_FOLLOW_UP_AT] = {judge_time, 0},
	[IMPORT_OPTED_OUT_AT] = {judge_opt_out, 0},
	[IMPORT_ATTRIBUTES] = {judge_json, MAX_LONG},
	[IMPORT_CREATED_AT] = {judge_created_at, 0},
};

static void
judge_value(JudgedRow *row, text *value)
{
	const ColumnRule *rule = &column_rules[row->column];
	int			limit = rule->limit == 0 ? MAX_SHORT : rule->limit;
	char	   *utf8 = to_utf8(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	int			length = utf8 == VARDATA_ANY(value) ? (int) VARSIZE_ANY_EXHDR(value) : (int) strlen(utf8);

	row->value = import_trim(utf8, length);
	if (row->value[0] == '\0')
		return;
	length = strlen(row->value);
	if (length > limit && count_characters(row->value) > limit)
		refuse_because(row, "too long", psprintf("%d characters at most", limit));
	else if (rule->judge != NULL)
		rule->judge(row);
	else
		judge_plain(row);
}

/* What must be there, and what the batch gives to rows that say nothing. */
static void
judge_whole(ImportJudge *judge, text **values, ImportVerdict *verdict)
{
	text	  **understood = verdict->values;

	if (understood[IMPORT_COUNTRY] == NULL && judge->batch->country != NULL)
		understood[IMPORT_COUNTRY] = cstring_to_text(judge->batch->country);
	if (judge->batch->source != NULL &&
		(values[IMPORT_SOURCE] == NULL || text_is_blank_of(values[IMPORT_SOURCE])))
		understood[IMPORT_SOURCE] = cstring_to_text(judge->batch->source);
	if (values[IMPORT_CONTACT_NAME] == NULL || text_is_blank_of(values[IMPORT_CONTACT_NAME]))
		add_problem(verdict, IMPORT_CONTACT_NAME, "missing");
	if ((values[IMPORT_EMAIL] == NULL || text_is_blank_of(values[IMPORT_EMAIL])) &&
		(values[IMPORT_PHONE] == NULL || text_is_blank_of(values[IMPORT_PHONE])))
		add_problem(verdict, IMPORT_EMAIL, "missing, and phone too: there is no way to contact the person");
}

static void
find_keys(ImportJudge *judge, ImportVerdict *verdict)
{
	KeyTexts	texts = {0};

	texts.email = verdict->values[IMPORT_EMAIL];
	texts.phone = verdict->values[IMPORT_PHONE];
	texts.country = verdict->values[IMPORT_COUNTRY];
	verdict->email_key = key_of_texts(judge->ws, MATCH_EMAIL, &texts);
	verdict->phone_key = key_of_texts(judge->ws, MATCH_PHONE, &texts);
}

void
import_judge_row(ImportJudge *judge, text **values, ImportVerdict *verdict)
{
	JudgedRow	row = {judge, verdict, 0, NULL};

	memset(verdict, 0, sizeof(*verdict));
	judge->batch->writing.unsettled = false;
	for (int i = 0; i < IMPORT_COLUMNS; i++)
	{
		row.column = (ImportColumn) i;
		if (values[i] != NULL)
			judge_value(&row, values[i]);
	}
	judge_whole(judge, values, verdict);
	find_keys(judge, verdict);
	verdict->unsettled = judge->batch->writing.unsettled;
}

static char *
rep_name(HeapTuple row, TupleDesc tupdesc, int column)
{
	char	   *name = SPI_getvalue(row, tupdesc, column);

	return name == NULL ? NULL : import_trim(to_utf8(name, strlen(name)), strlen(to_utf8(name, strlen(name))));
}

static void
read_reps(ImportJudge *judge)
{
	char	   *query = psprintf("SELECT id, name, email, login FROM %s.rep ORDER BY id", judge->ws->schema);
	MemoryContext caller = CurrentMemoryContext;
	SPITupleTable *table;

	spi_check(SPI_execute(query, true, 0), SPI_OK_SELECT, query);
	MemoryContextSwitchTo(caller);	/* SPI is in its own, which ends earlier */
	table = SPI_tuptable;
	judge->nreps = (int) SPI_processed;
	judge->reps = palloc((judge->nreps + 1) * sizeof(ImportRep));
	for (int i = 0; i < judge->nreps; i++)
	{
		judge->reps[i].id = SPI_getvalue(table->vals[i], table->tupdesc, 1);
		for (int j = 0; j < 3; j++)
			judge->reps[i].names[j] = rep_name(table->vals[i], table->tupdesc, 2 + j);
	}
	SPI_freetuptable(table);
}

void
import_judge_begin(ImportJudge *judge, Workspace *ws, ImportBatch *batch)
{
	judge->ws = ws;
	judge->batch = batch;
	judge->now = GetCurrentTransactionStartTimestamp();
	judge->today = DatumGetDateADT(DirectFunctionCall1(timestamptz_date, TimestampTzGetDatum(judge->now)));
	read_reps(judge);
}
