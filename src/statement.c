/*-------------------------------------------------------------------------
 *
 * statement.c
 *	  What a statement on lead decided and has still to write down.
 *
 * BEFORE ROW triggers decide, but whether a row comes to exist is known only
 * to AFTER triggers: ON CONFLICT, a user's trigger that returns NULL or an
 * error may be in between.  So decisions wait here, by lead, until the AFTER
 * ROW trigger picks them up; those that nobody picked up by the end of the
 * statement did not happen, and their tickets are drawn again.
 *
 * Statements nest (a user's trigger inserts another lead), and one statement
 * can be two of ours (an upsert is an INSERT and an UPDATE), ended in any
 * order.  So this is a list, searched from its innermost end.  Whatever
 * belongs to an aborted subtransaction is dropped: subtransaction ids grow,
 * so it is all that has an id no less than the aborted one's.
 *
 *-------------------------------------------------------------------------
 */
#include "statement.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "utils/memutils.h"

#include "rotation.h"
#include "rule_failure.h"

#define SH_PREFIX decision
#define SH_ELEMENT_TYPE Decision
#define SH_KEY_TYPE int64
#define SH_KEY lead_id
#define SH_HASH_KEY(tb, key) (hash_bytes_uint32((uint32) (key) ^ (uint32) ((uint64) (key) >> 32)))
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

static Statement *innermost = NULL;

static void
discard(Statement **link)
{
	Statement  *statement = *link;

	*link = statement->outer;
	MemoryContextDelete(statement->context);
}

static void
subtransaction_ended(SubXactEvent event, SubTransactionId subid,
					 SubTransactionId parent pg_attribute_unused(),
					 void *arg pg_attribute_unused())
{
	Statement **link = &innermost;

	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	while (*link != NULL)
	{
		if ((*link)->subid >= subid)
			discard(link);
		else
			link = &(*link)->outer;
	}
	rule_failure_aborted(subid);
}

static void
transaction_ended(XactEvent event, void *arg pg_attribute_unused())
{
	if (event == XACT_EVENT_ABORT)
		rule_failure_aborted(TopSubTransactionId);
	else if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE)
		rule_failure_committed();
	else
		return;

	while (innermost != NULL)
		discard(&innermost);
}

void
statement_init(void)
{
	RegisterXactCallback(transaction_ended, NULL);
	RegisterSubXactCallback(subtransaction_ended, NULL);
}

Statement *
statement_begin(Oid lead_relid, TriggerEvent event)
{
	MemoryContext context = AllocSetContextCreate(TopTransactionContext,
												  "lead_mgmt statement",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	Statement  *statement = palloc0(sizeof(Statement));

	statement->lead_relid = lead_relid;
	statement->event = event & TRIGGER_EVENT_OPMASK;
	statement->subid = GetCurrentSubTransactionId();
	statement->context = context;
	statement->batch_context = AllocSetContextCreate(context, "lead_mgmt batch",
													 ALLOCSET_DEFAULT_SIZES);
	statement->at = GetCurrentTimestamp();
	statement->actor = current_actor();
	statement->login = current_login();
	statement->outer = innermost;
	innermost = statement;
	MemoryContextSwitchTo(old);
	return statement;
}

/* The innermost statement of this kind on this table, or NULL. */
Statement *
statement_find(Oid lead_relid, TriggerEvent event)
{
	for (Statement *s = innermost; s != NULL; s = s->outer)
		if (s->lead_relid == lead_relid &&
			s->event == (event & TRIGGER_EVENT_OPMASK))
			return s;
	return NULL;
}

/* The same, begun now where the statement trigger did not do it. */
Statement *
statement_current(Oid lead_relid, TriggerEvent event)
{
	Statement  *statement = statement_find(lead_relid, event);

	return statement != NULL ? statement : statement_begin(lead_relid, event);
}

Statement *
statement_outermost(void)
{
	Statement  *s = innermost;

	while (s != NULL && s->outer != NULL)
		s = s->outer;
	return s;
}

/* The next one inwards; statements are few. */
Statement *
statement_inner(Statement *statement)
{
	Statement  *s = innermost;

	if (s == statement)
		return NULL;
	while (s->outer != statement)
		s = s->outer;
	return s;
}

/* Tickets of rows that never came to be are drawn again. */
static void
return_tickets(Statement *statement)
{
	decision_iterator iterator;
	Decision   *decision;
	Ticket	   *tickets = NULL;
	int			allocated = 0;
	int			n = 0;

	decision_start_iterate(statement->decisions, &iterator);
	while ((decision = decision_iterate(statement->decisions, &iterator)) != NULL)
	{
		if (decision->recorded || !OidIsValid(decision->sequence))
			continue;
		if (n == allocated)
			tickets = grow_rows(tickets, &allocated, sizeof(Ticket), statement->context);
		tickets[n].sequence = decision->sequence;
		tickets[n++].number = decision->ticket;
	}
	if (n > 0)
		rotation_return(tickets, n);
}

void
statement_end(Statement *statement)
{
	Statement **link = &innermost;

	if (statement->decisions != NULL)
		return_tickets(statement);
	while (*link != statement)
		link = &(*link)->outer;
	discard(link);
}

static void
return_ticket(Decision *decision)
{
	Ticket		ticket = {decision->sequence, decision->ticket};

	if (!decision->recorded && OidIsValid(decision->sequence))
		rotation_return(&ticket, 1);
}

/* A row is known not to come to be: its ticket is free at once. */
void
statement_undecide(Statement *statement, int64 lead_id)
{
	Decision   *decision = statement->decisions == NULL ? NULL :
		decision_lookup(statement->decisions, lead_id);

	if (decision == NULL)
		return;
	return_ticket(decision);
	decision_delete_item(statement->decisions, decision);
}

void
statement_decide(Statement *statement, int64 lead_id, const Outcome *outcome,
				 Oid sequence, int64 ticket)
{
	Decision   *decision;
	bool		found;

	if (statement->decisions == NULL)
		statement->decisions = decision_create(statement->context, 16, NULL);

	decision = decision_insert(statement->decisions, lead_id, &found);
	if (found)
		return_ticket(decision);
	decision->outcome = outcome;
	decision->sequence = sequence;
	decision->ticket = ticket;
	decision->recorded = false;
}

/* Pick up what was decided for a row that exists; NULL: nothing was. */
const Outcome *
statement_decided(Statement *statement, int64 lead_id)
{
	Decision   *decision;

	if (statement->decisions == NULL)
		return NULL;
	decision = decision_lookup(statement->decisions, lead_id);
	if (decision == NULL || decision->recorded)
		return NULL;
	decision->recorded = true;
	return decision->outcome;
}

void *
grow_rows(void *rows, int *allocated, Size size, MemoryContext context)
{
	if (rows == NULL)
	{
		*allocated = 8;
		return MemoryContextAlloc(context, *allocated * size);
	}
	*allocated *= 2;
	return repalloc_huge(rows, *allocated * size);
}
