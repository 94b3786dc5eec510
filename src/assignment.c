/*-------------------------------------------------------------------------
 *
 * assignment.c
 *	  Who gets a lead.
 *
 *-------------------------------------------------------------------------
 */
#include "assignment.h"

#include "rotation.h"
#include "rule_failure.h"

const Outcome assignment_manual = {0, "manual", "set by the writer", (Datum) 0};

static const Outcome no_rule_applies = {0, "none", "no assignment rule applies", (Datum) 0};

static bool
rule_applies(Workspace *ws, AssignmentRule *rule)
{
	ErrorData  *error = NULL;
	bool		holds;

	if (rule->condition == NULL)
		return true;
	holds = condition_holds_safely(rule->condition, ws->econtext, &ws->settings, &error);
	if (error != NULL)
		rule_failure_report(ws, &rule->rule, error, false);
	return holds;
}

static AssignmentRule *
deciding_rule(Workspace *ws)
{
	for (int i = 0; i < ws->nassignment_rules; i++)
		if (rule_applies(ws, &ws->assignment_rules[i]))
			return &ws->assignment_rules[i];
	return NULL;
}

static void
check_sequence(Workspace *ws, Rotation *rotation)
{
	if (!OidIsValid(rotation->sequence))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("sequence \"%s.rep_ticket\" does not exist", ws->schema),
				 errdetail("Round robin draws its tickets from it."),
				 errhint("Call lead_mgmt.upgrade_workspace to bring it back.")));
}

void
assignment_route(LeadRow *row)
{
	Workspace  *ws = row->ws;
	int64		lead_id = DatumGetInt64(lead_value(row, LEAD_ID));
	AssignmentRule *rule;
	Oid			sequence = InvalidOid;
	int64		ticket = 0;
	int64		rep_id;

	if (ws->nassignment_rules == 0)
		return;
	rule = deciding_rule(ws);
	if (rule == NULL)
	{
		statement_decide(row->statement, lead_id, &no_rule_applies, InvalidOid, 0);
		return;
	}

	rep_id = rule->rep_id;
	if (rule->rotation != NULL && rule->rotation->nreps > 0)
	{
		check_sequence(ws, rule->rotation);
		sequence = rule->rotation->sequence;
		rep_id = rotation_draw(rule->rotation, &ticket);
	}
	if (rep_id == 0)
	{
		statement_decide(row->statement, lead_id, &rule->nobody, InvalidOid, 0);
		return;
	}
	lead_set(row, LEAD_OWNER_ID, Int64GetDatum(rep_id));
	statement_decide(row->statement, lead_id, &rule->chosen, sequence, ticket);
}
