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

#include "access/table.h"
#include "access/xact.h"
#include "common/hashfn.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "cache.h"
#include "ledger.h"
#include "rotation.h"
#include "rule_failure.h"

#define HASH_INT64(key) (hash_bytes_uint32((uint32) (key) ^ (uint32) ((uint64) (key) >> 32)))

#define SH_PREFIX decision
#define SH_ELEMENT_TYPE Decision
#define SH_KEY_TYPE int64
#define SH_KEY lead_id
#define SH_HASH_KEY(tb, key) HASH_INT64(key)
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

#define SH_PREFIX scored
#define SH_ELEMENT_TYPE Scored
#define SH_KEY_TYPE int64
#define SH_KEY lead_id
#define SH_HASH_KEY(tb, key) HASH_INT64(key)
#define SH_EQUAL(tb, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

static Statement *innermost = NULL;

/*
 * Decisions on scores are numbered, and of those that were made while
 * statements nested the last one of each lead is known: the outer statement
 * may come to write what it decided before.
 */
typedef struct LastDecision
{
	int64		lead_id;		/* hash key */
	uint64		number;
} LastDecision;

static uint64 decisions_made = 0;
static HTAB *last_decisions = NULL;

static void
discard(Statement **link)
{
	Statement  *statement = *link;

	*link = statement->outer;
	MemoryContextDelete(statement->context);
	if (innermost == NULL && last_decisions != NULL)
	{
		hash_destroy(last_decisions);
		last_decisions = NULL;
	}
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

/*
 * Who runs an INSERT through SPI for its first rows only never gets to the
 * AFTER STATEMENT trigger: what it has pending is written before the commit.
 */
static void
write_what_is_left(void)
{
	for (Statement *s = innermost; s != NULL; s = s->outer)
	{
		Relation	lead;

		if (s->status_changes.n == 0 && s->assignments.n == 0 && s->departed.n == 0 && s->fuzzy.n == 0 &&
			s->states.n == 0 && s->events.n == 0)
			continue;
		lead = table_open(s->lead_relid, RowExclusiveLock);
		PushActiveSnapshot(GetTransactionSnapshot());
		ledger_flush(cache_workspace(s->lead_relid), lead, s);
		PopActiveSnapshot();
		table_close(lead, NoLock);
	}
}

static void
transaction_ended(XactEvent event, void *arg pg_attribute_unused())
{
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PRE_PREPARE)
		write_what_is_left();
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
	statement->deletions = ledger_deletions();
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

typedef struct TicketRows
{
	Ticket	   *rows;
	int			n;
	int			allocated;
} TicketRows;

static void
collect_ticket(Statement *statement, Decision *decision, TicketRows *tickets)
{
	Ticket	   *ticket;

	if (decision->recorded || !OidIsValid(decision->sequence))
		return;
	ticket = append_row(tickets, statement->context);
	ticket->sequence = decision->sequence;
	ticket->number = decision->ticket;
}

/* Tickets of rows that never came to be are drawn again. */
static void
return_tickets(Statement *statement)
{
	decision_iterator iterator;
	Decision   *decision;
	TicketRows	tickets = {0};

	decision_start_iterate(statement->decisions, &iterator);
	while ((decision = decision_iterate(statement->decisions, &iterator)) != NULL)
		collect_ticket(statement, decision, &tickets);
	for (int i = 0; i < statement->more_decisions.n; i++)
		collect_ticket(statement, &statement->more_decisions.rows[i], &tickets);
	if (tickets.n > 0)
		rotation_return(tickets.rows, tickets.n);
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

/*
 * The decision on a lead of this id that chose this rep and waits for its row.
 * There can be several: an id comes twice in one INSERT ... ON CONFLICT.
 */
static Decision *
find_decision(Statement *statement, int64 lead_id, int64 rep_id)
{
	Decision   *decision;

	if (statement->decisions == NULL)
		return NULL;
	decision = decision_lookup(statement->decisions, lead_id);
	if (decision == NULL)
		return NULL;
	for (int i = statement->more_decisions.n;;)
	{
		if (decision->lead_id == lead_id && decision->rep_id == rep_id && !decision->recorded)
			return decision;
		if (--i < 0)
			return NULL;
		decision = &statement->more_decisions.rows[i];
	}
}

/* A row is known not to come to be: its ticket is free at once. */
void
statement_undecide(Statement *statement, int64 lead_id, int64 rep_id)
{
	Decision   *decision = find_decision(statement, lead_id, rep_id);
	Ticket		ticket;

	if (decision == NULL)
		return;
	decision->recorded = true;	/* nothing is left to be done about it */
	ticket.sequence = decision->sequence;
	ticket.number = decision->ticket;
	if (OidIsValid(ticket.sequence))
		rotation_return(&ticket, 1);
}

void
statement_decide(Statement *statement, int64 lead_id, int64 rep_id,
				 const Outcome *outcome, Oid sequence, int64 ticket)
{
	Decision   *decision;
	bool		found;

	if (statement->decisions == NULL)
		statement->decisions = decision_create(statement->context, 16, NULL);

	decision = decision_insert(statement->decisions, lead_id, &found);
	if (found && !decision->recorded)
		decision = append_row(&statement->more_decisions, statement->context);
	decision->lead_id = lead_id;
	decision->rep_id = rep_id;
	decision->outcome = outcome;
	decision->sequence = sequence;
	decision->ticket = ticket;
	decision->recorded = false;
}

/* Pick up what was decided for a row that exists; NULL: nothing was. */
const Outcome *
statement_decided(Statement *statement, int64 lead_id, int64 rep_id)
{
	Decision   *decision = find_decision(statement, lead_id, rep_id);

	if (decision == NULL)
		return NULL;
	decision->recorded = true;
	return decision->outcome;
}

static bool
is_nested(const Statement *statement)
{
	for (Statement *s = innermost; s != NULL; s = s->outer)
		if (s != statement && s->lead_relid == statement->lead_relid)
			return true;
	return false;
}

static bool
has_scored(Statement *statement, int64 lead_id)
{
	if (statement->scored != NULL && scored_lookup(statement->scored, lead_id) != NULL)
		return true;
	for (int i = 0; i < statement->states.n; i++)
		if (statement->states.rows[i].lead_id == lead_id)
			return true;
	return false;
}

bool
statement_others_scored(Statement *statement, int64 lead_id)
{
	for (Statement *s = innermost; s != NULL; s = s->outer)
		if (s != statement && s->lead_relid == statement->lead_relid && has_scored(s, lead_id))
			return true;
	return false;
}

static void
remember_decision(int64 lead_id, uint64 number)
{
	LastDecision *last;

	if (last_decisions == NULL)
	{
		HASHCTL		ctl = {0};

		ctl.keysize = sizeof(int64);
		ctl.entrysize = sizeof(LastDecision);
		ctl.hcxt = TopTransactionContext;
		last_decisions = hash_create("lead_mgmt last decisions", 64, &ctl,
									 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	last = hash_search(last_decisions, &lead_id, HASH_ENTER, NULL);
	last->number = number;
}

bool
statement_superseded(int64 lead_id, uint64 decision)
{
	LastDecision *last = last_decisions == NULL ? NULL :
		hash_search(last_decisions, &lead_id, HASH_FIND, NULL);

	return last != NULL && last->number > decision;
}

void
statement_score(Statement *statement, const Scored *scored)
{
	Scored	   *entry;
	bool		found;
	char		status;

	if (statement->scored == NULL)
		statement->scored = scored_create(statement->context, 16, NULL);
	entry = scored_insert(statement->scored, scored->lead_id, &found);
	status = entry->status;
	*entry = *scored;
	entry->status = status;
	entry->state.decision = ++decisions_made;
	if (is_nested(statement))
		remember_decision(scored->lead_id, entry->state.decision);
}

/* false: there is nothing to be written about this row. */
bool
statement_scored(Statement *statement, int64 lead_id, Scored *scored)
{
	Scored	   *entry = statement->scored == NULL ? NULL :
		scored_lookup(statement->scored, lead_id);

	if (entry == NULL)
		return false;
	*scored = *entry;
	scored_delete(statement->scored, lead_id);
	return true;
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
