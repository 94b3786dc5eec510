/*-------------------------------------------------------------------------
 *
 * assignment.c
 *	  Who gets a lead.
 *
 *-------------------------------------------------------------------------
 */
#include "assignment.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/snapmgr.h"

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

/*
 * In REPEATABLE READ the server's own foreign key looks for the rep with the
 * transaction's snapshot, and would refuse one that is newer.
 */
static void
read_visible_reps(Workspace *ws, Statement *statement)
{
	char	   *query = psprintf("SELECT id FROM %s.rep ORDER BY id", ws->schema);
	OwnerSwitch saved = switch_to_owner(ws->owner);

	spi_begin();
	spi_check(SPI_execute_snapshot(SPI_prepare(query, 0, NULL), NULL, NULL,
								   GetTransactionSnapshot(), InvalidSnapshot, true, false, 0),
			  SPI_OK_SELECT, query);
	statement->visible_reps = MemoryContextAlloc(statement->context,
												 (SPI_processed + 1) * sizeof(int64));
	statement->nvisible_reps = (int) SPI_processed;
	if (SPI_gettypeid(SPI_tuptable->tupdesc, 1) != INT8OID)
		elog(ERROR, "column \"id\" of table \"rep\" is not of type bigint");
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;

		statement->visible_reps[i] =
			DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
	}
	spi_end();
	switch_back(saved);
}

static bool
rep_is_visible(LeadRow *row, int64 rep_id)
{
	Statement  *statement = row->statement;

	if (!IsolationUsesXactSnapshot())
		return true;
	if (statement->visible_reps == NULL)
		read_visible_reps(row->ws, statement);
	return bsearch(&rep_id, statement->visible_reps, statement->nvisible_reps,
				   sizeof(int64), compare_int64) != NULL;
}

static void
refuse_unseen_reps(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not serialize access due to a concurrent change of reps"),
			 errdetail("All reps that could get the lead are newer than this transaction's snapshot."),
			 errhint("The transaction might succeed if retried.")));
}

/* Draw until it is the turn of a rep who can be given a lead here. */
static int64
draw_visible(LeadRow *row, Rotation *rotation, int64 *ticket)
{
	int64		rep_id = rotation_draw(rotation, ticket);

	/* a round has everybody's turn, but this one may have begun already */
	for (int i = 0; !rep_is_visible(row, rep_id); i++)
	{
		if (i >= 2 * rotation->round_length)
			refuse_unseen_reps();
		rotation_pass_over(rotation, *ticket);
		rep_id = rotation_draw(rotation, ticket);
	}
	return rep_id;
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
		statement_decide(row->statement, lead_id, 0, &no_rule_applies, InvalidOid, 0);
		return;
	}

	rep_id = rule->rep_id;
	if (rule->rotation != NULL && rule->rotation->nreps > 0)
	{
		check_sequence(ws, rule->rotation);
		sequence = rule->rotation->sequence;
		rep_id = draw_visible(row, rule->rotation, &ticket);
	}
	if (rep_id == 0)
	{
		statement_decide(row->statement, lead_id, 0, &rule->nobody, InvalidOid, 0);
		return;
	}
	if (sequence == InvalidOid && !rep_is_visible(row, rep_id))
		refuse_unseen_reps();
	lead_set(row, LEAD_OWNER_ID, Int64GetDatum(rep_id));
	statement_decide(row->statement, lead_id, rep_id, &rule->chosen, sequence, ticket);
}
