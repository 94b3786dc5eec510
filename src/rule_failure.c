/*-------------------------------------------------------------------------
 *
 * rule_failure.c
 *	  Conditions that failed: said once, and written down.
 *
 * A lead is never lost to a rule: a condition that fails counts as false.
 * The warning and the row in rule_failure come once per rule, session and
 * SQLSTATE, or a bulk load would drown in them.  What an aborted transaction
 * noted is forgotten with it, since its row is gone too.
 *
 *-------------------------------------------------------------------------
 */
#include "rule_failure.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

typedef struct Failure
{
	Oid			lead_relid;
	const char *kind;
	int64		rule_id;
	int			sqlstate;
	char	   *rule;
	char	   *message;
	TimestampTz at;
	SubTransactionId subid;		/* invalid once committed */
	bool		written;
	struct Failure *next;
} Failure;

/* Everything this session has ever reported; not more than rules times kinds */
static Failure *failures = NULL;

static Failure *
find_failure(Workspace *ws, const RuleName *rule, int sqlstate)
{
	for (Failure *f = failures; f != NULL; f = f->next)
		if (f->lead_relid == ws->lead_relid && f->rule_id == rule->id &&
			f->sqlstate == sqlstate && strcmp(f->kind, rule->kind) == 0)
			return f;
	return NULL;
}

void
rule_failure_report(Workspace *ws, const RuleName *rule,
					const ErrorData *error, bool cannot_compile)
{
	MemoryContext old;
	Failure    *f;

	if (find_failure(ws, rule, error->sqlerrcode) != NULL)
		return;

	old = MemoryContextSwitchTo(TopMemoryContext);
	f = palloc0(sizeof(Failure));
	f->lead_relid = ws->lead_relid;
	f->kind = rule->kind;
	f->rule_id = rule->id;
	f->sqlstate = error->sqlerrcode;
	f->rule = pstrdup(rule->name);
	f->message = pstrdup(error->message ? error->message : "");
	f->at = GetCurrentTimestamp();
	f->subid = GetCurrentSubTransactionId();
	f->next = failures;
	failures = f;
	MemoryContextSwitchTo(old);

	if (cannot_compile)
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("%s \"%s\" of workspace %s cannot be used", rule->kind, rule->name, ws->schema),
				 errdetail("%s", f->message),
				 errhint("Correct the condition of the rule, or set the rule inactive.")));
	else
		ereport(WARNING,
				(errcode(error->sqlerrcode),
				 errmsg("condition of %s \"%s\" failed on a row and counts as false", rule->kind, rule->name),
				 errdetail("%s", f->message),
				 errhint("Let the condition test what it converts or divides by; see rule_failure.")));
}

void
rule_failure_report_broken(Workspace *ws)
{
	ListCell   *lc;

	foreach(lc, ws->broken_rules)
	{
		BrokenRule *broken = lfirst(lc);

		rule_failure_report(ws, broken->rule, broken->error, true);
	}
}

bool
rule_failure_pending(Workspace *ws)
{
	for (Failure *f = failures; f != NULL; f = f->next)
		if (!f->written && f->lead_relid == ws->lead_relid)
			return true;
	return false;
}

static void
write_failure(Workspace *ws, Failure *f)
{
	Datum		values[6];

	values[0] = CStringGetTextDatum(f->kind);
	values[1] = Int64GetDatum(f->rule_id);
	values[2] = CStringGetTextDatum(f->rule);
	values[3] = CStringGetTextDatum(unpack_sql_state(f->sqlstate));
	values[4] = CStringGetTextDatum(f->message);
	values[5] = TimestampTzGetDatum(f->at);
	f->written = true;
	f->subid = GetCurrentSubTransactionId();
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_RULE_FAILURE), values,
							   NULL, false, 0),
			  SPI_OK_INSERT, "rule_failure");
}

void
rule_failure_flush(Workspace *ws)
{
	for (Failure *f = failures; f != NULL; f = f->next)
		if (!f->written && f->lead_relid == ws->lead_relid)
			write_failure(ws, f);
}

void
rule_failure_aborted(SubTransactionId subid)
{
	Failure   **link = &failures;

	while (*link != NULL)
	{
		Failure    *f = *link;

		if (f->subid != InvalidSubTransactionId && f->subid >= subid)
		{
			*link = f->next;
			pfree(f->rule);
			pfree(f->message);
			pfree(f);
		}
		else
			link = &f->next;
	}
}

void
rule_failure_committed(void)
{
	for (Failure *f = failures; f != NULL; f = f->next)
		f->subid = InvalidSubTransactionId;
}
