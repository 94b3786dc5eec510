/*-------------------------------------------------------------------------
 *
 * statement.h
 *	  What a statement on lead decided and has still to write down.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_STATEMENT_H
#define LEAD_MGMT_STATEMENT_H

#include "workspace.h"

#include "commands/trigger.h"

/* What the BEFORE trigger decided for one row, until the row exists */
typedef struct Decision
{
	int64		lead_id;		/* hash key */
	int64		rep_id;			/* 0: nobody */
	const Outcome *outcome;
	Oid			sequence;		/* of the ticket; InvalidOid: none was drawn */
	int64		ticket;
	char		status;			/* simplehash's */
	bool		recorded;		/* the row exists and is in the ledger */
} Decision;

typedef struct StatusChangeRow
{
	int64		lead_id;
	char	   *from_status;
	char	   *to_status;
	TimestampTz at;
	TimestampTz since;			/* of from_status */
} StatusChangeRow;

typedef struct AssignmentRow
{
	int64		lead_id;
	int64		rep_id;			/* 0: nobody */
	int64		from_rep_id;	/* 0: nobody */
	const Outcome *outcome;
} AssignmentRow;

/* A row whose keys are to be looked up among the others */
typedef struct ProbeRow
{
	int64		lead_id;
	ItemPointerData tid;
	CommandId	command;		/* that wrote it */
	bool		tolerated;		/* was there already: no rule rejects it */
	char	   *keys[MATCH_KEYS];	/* NULL: nothing to look up */
} ProbeRow;

/* A row that left the keys it had: deleted, or given other ones */
typedef struct DepartedRow
{
	int64		lead_id;
	bool		deleted;
	char	   *keys[MATCH_KEYS];	/* that it had; NULL: none, or has it still */
} DepartedRow;

/* A row that is to be compared with others, or was; see fuzzy.c */
typedef struct FuzzyRow
{
	int64		lead_id;
	bool		arrives;		/* it is there */
	bool		departs;		/* it was there before */
	CommandId	command;		/* that wrote it */
	int64		stamp;			/* lead.person_key */
	uint64		keys[MATCH_KEYS];	/* hashes; 0: none, or the rule is off */
	struct Person *person;
	struct Person *old_person;
} FuzzyRow;

/* A row of score_state to be written; see score_state.c */
typedef struct StateRow
{
	int64		lead_id;
	int64		rule_version;
	bool		exists;			/* as far as one could see */
	bool		gone;			/* nothing is left to be kept */
	bool		untold;
	uint64		decision;		/* by which it is superseded; see statement.c */
	int			ntotals;
	int64	   *rule_ids;
	struct RuleTotal *totals;
	TimestampTz ready_until;	/* DT_NOBEGIN: not ready */
} StateRow;

/* A lead that reached the score for sales */
typedef struct EventRow
{
	int64		lead_id;
} EventRow;

/* What scoring a row decided, until the row exists */
typedef struct Scored
{
	int64		lead_id;		/* hash key */
	bool		write_state;
	bool		became_ready;
	StateRow	state;
	char		status;			/* simplehash's */
} Scored;

#define DEFINE_ROWS(Type) \
	typedef struct Type##s { Type *rows; int n; int allocated; } Type##s

DEFINE_ROWS(StatusChangeRow);
DEFINE_ROWS(AssignmentRow);
DEFINE_ROWS(ProbeRow);
DEFINE_ROWS(Decision);
DEFINE_ROWS(DepartedRow);
DEFINE_ROWS(FuzzyRow);
DEFINE_ROWS(StateRow);
DEFINE_ROWS(EventRow);

typedef struct Statement
{
	struct Statement *outer;
	Oid			lead_relid;
	TriggerEvent event;			/* TRIGGER_EVENT_INSERT and kin */
	SubTransactionId subid;
	MemoryContext context;		/* of the statement itself */
	MemoryContext batch_context;	/* reset at each flush */
	TimestampTz at;				/* one time for all its rows */
	char	   *actor;
	char	   *login;
	struct decision_hash *decisions;
	Decisions	more_decisions; /* on leads of an id that has one already */
	struct scored_hash *scored;
	uint64		deletions;		/* of leads in this session when it began */

	/*
	 * The last row this INSERT decided an owner for: an upsert that turns into
	 * an UPDATE finds that owner in EXCLUDED.
	 */
	int64		drawn_lead_id;
	int64		drawn_rep_id;	/* 0: none */

	/* reps that this transaction's snapshot sees; only if it has one for good */
	int			nvisible_reps;
	int64	   *visible_reps;	/* ascending; NULL: not read yet */

	StatusChangeRows status_changes;
	AssignmentRows assignments;
	ProbeRows	probes;
	DepartedRows departed;
	FuzzyRows	fuzzy;
	StateRows	states;
	EventRows	events;
} Statement;

extern void statement_init(void);
extern Statement *statement_begin(Oid lead_relid, TriggerEvent event);
extern Statement *statement_find(Oid lead_relid, TriggerEvent event);
extern Statement *statement_current(Oid lead_relid, TriggerEvent event);
extern void statement_end(Statement *statement);
extern Statement *statement_outermost(void);
extern Statement *statement_inner(Statement *statement);

extern void statement_decide(Statement *statement, int64 lead_id, int64 rep_id,
							 const Outcome *outcome, Oid sequence, int64 ticket);
extern void statement_undecide(Statement *statement, int64 lead_id, int64 rep_id);
extern const Outcome *statement_decided(Statement *statement, int64 lead_id, int64 rep_id);

/* Note what scoring a row decided, and pick it up once the row exists. */
extern void statement_score(Statement *statement, const Scored *scored);
extern bool statement_scored(Statement *statement, int64 lead_id, Scored *scored);

/*
 * Statements nest: has another one decided on this lead, and not written it
 * yet?  Then what is in score_state is not the last word.
 */
extern bool statement_others_scored(Statement *statement, int64 lead_id);

/* Has a later decision on this lead been made than this one? */
extern bool statement_superseded(int64 lead_id, uint64 decision);

/* Room for one more row of a batch; grows it in "context". */
#define append_row(list, context) \
	((list)->n == (list)->allocated ? \
	 ((list)->rows = grow_rows((list)->rows, &(list)->allocated, \
							   sizeof(*(list)->rows), context), \
	  &(list)->rows[(list)->n++]) : &(list)->rows[(list)->n++])

extern void *grow_rows(void *rows, int *allocated, Size size, MemoryContext context);

#endif							/* LEAD_MGMT_STATEMENT_H */
