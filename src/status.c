/*-------------------------------------------------------------------------
 *
 * status.c
 *	  Which status may follow which.
 *
 *-------------------------------------------------------------------------
 */
#include "status.h"

#include "lib/stringinfo.h"

static bool
same_status(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

static bool
starts_at(const Transition *transition, const char *from)
{
	return same_status(transition->from_status, from);
}

static Transition *
find_transition(Workspace *ws, const char *from, const char *to)
{
	for (int i = 0; i < ws->ntransitions; i++)
		if (starts_at(&ws->transitions[i], from) &&
			strcmp(ws->transitions[i].to_status, to) == 0)
			return &ws->transitions[i];
	return NULL;
}

static bool
known_status(Workspace *ws, const char *name)
{
	for (int i = 0; i < ws->nstatuses; i++)
		if (strcmp(ws->statuses[i], name) == 0)
			return true;
	return false;
}

/* Does the guard of a transition hold?  *failure says why it could not be asked. */
static bool
guard_holds(Workspace *ws, Transition *transition, char **failure)
{
	ErrorData  *error = NULL;
	bool		holds;

	*failure = NULL;
	if (transition->condition_text == NULL)
		return true;
	if (transition->condition == NULL)
	{
		*failure = transition->broken;
		return false;
	}
	holds = condition_holds_safely(transition->condition, ws->econtext,
								   &ws->settings, &error);
	if (error != NULL)
		*failure = error->message;
	return holds;
}

/* The statuses that this row could take now, as a list of names. */
static char *
possible_now(Workspace *ws, const char *from)
{
	StringInfoData names;
	char	   *failure;

	initStringInfo(&names);
	for (int i = 0; i < ws->ntransitions; i++)
		if (starts_at(&ws->transitions[i], from) &&
			guard_holds(ws, &ws->transitions[i], &failure))
			appendStringInfo(&names, "%s\"%s\"", names.len > 0 ? ", " : "",
							 ws->transitions[i].to_status);
	return names.data;
}

static char *
list_statuses(Workspace *ws)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < ws->nstatuses; i++)
		appendStringInfo(&names, "%s\"%s\"", i > 0 ? ", " : "", ws->statuses[i]);
	return names.data;
}

static void
refuse_unknown(LeadRow *row, const char *to)
{
	ereport(ERROR,
			(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
			 errmsg("lead status \"%s\" does not exist", to),
			 errdetail("Key (status)=(%s) is not present in table \"lead_status\".", to),
			 errhint("The statuses are %s.", list_statuses(row->ws)),
			 err_column_constraint(row->relation, row->ws->column[LEAD_STATUS],
					   "lead_status_fkey")));
}

static bool
ends_sentence(const char *message)
{
	Size		length = strlen(message);

	return length > 0 && strchr(".!?", message[length - 1]) != NULL;
}

static const char *
refusal_detail(const char *from, const char *to, Transition *transition,
			   const char *failure)
{
	if (transition == NULL)
		return from == NULL ?
			psprintf("Table \"status_transition\" has no transition at insert to \"%s\".", to) :
			psprintf("Table \"status_transition\" has no transition from \"%s\" to \"%s\".", from, to);
	if (failure != NULL)
		return psprintf("The condition of the transition failed: %s: %s",
						failure, transition->condition_text);
	if (transition->message != NULL)
		return psprintf("%s%s Unmet condition: %s", transition->message,
						ends_sentence(transition->message) ? "" : ".",
						transition->condition_text);
	return psprintf("Unmet condition: %s", transition->condition_text);
}

static void
refuse(LeadRow *row, const char *from, const char *to, Transition *transition,
	   const char *failure)
{
	const char *names = possible_now(row->ws, from);

	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 from == NULL ?
			 errmsg("new lead cannot have status \"%s\"", to) :
			 errmsg("lead " INT64_FORMAT " cannot change from status \"%s\" to \"%s\"",
					DatumGetInt64(lead_value(row, LEAD_ID)), from, to),
			 errdetail_internal("%s", refusal_detail(from, to, transition, failure)),
			 names[0] != '\0' ?
			 errhint("Possible now: %s.", names) :
			 errhint("No other status is possible now."),
			 err_column_constraint(row->relation, row->ws->column[LEAD_STATUS],
					   "lead_status_transition")));
}

bool
status_possible(LeadRow *row, const char *from, const char *to)
{
	Transition *transition = find_transition(row->ws, from, to);
	char	   *failure;

	return transition != NULL && guard_holds(row->ws, transition, &failure);
}

void
status_check(LeadRow *row, const char *from, const char *to)
{
	Transition *transition = find_transition(row->ws, from, to);
	char	   *failure = NULL;

	if (transition != NULL && guard_holds(row->ws, transition, &failure))
		return;
	if (!known_status(row->ws, to))
		refuse_unknown(row, to);
	refuse(row, from, to, transition, failure);
}

void
status_check_time(LeadRow *row, TimestampTz last, TimestampTz at)
{
	if (at < last)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("change of status of lead " INT64_FORMAT " is before the last one",
						DatumGetInt64(lead_value(row, LEAD_ID))),
				 errdetail("The lead has its status since %s; the change is to be at %s.",
						   pstrdup(timestamptz_to_str(last)),
						   pstrdup(timestamptz_to_str(at))),
				 errhint("Load history in the order in which it happened, or leave status_since alone for now."),
				 err_column_constraint(row->relation, row->ws->column[LEAD_STATUS_SINCE],
					   "lead_status_since")));
	if (at > row->statement->at && at > GetCurrentTimestamp())
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("change of status of lead " INT64_FORMAT " is in the future",
						DatumGetInt64(lead_value(row, LEAD_ID))),
				 errdetail("The change is to be at %s.", pstrdup(timestamptz_to_str(at))),
				 errhint("Give the time at which it happened, or leave status_since alone for now."),
				 err_column_constraint(row->relation, row->ws->column[LEAD_STATUS_SINCE],
					   "lead_status_since")));
}
