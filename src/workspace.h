/*-------------------------------------------------------------------------
 *
 * workspace.h
 *	  A workspace as a session keeps it in memory: where its tables are, and
 *	  what its rules say, ready to be applied.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_WORKSPACE_H
#define LEAD_MGMT_WORKSPACE_H

#include "lead_mgmt.h"

#include "executor/spi.h"
#include "nodes/execnodes.h"
#include "utils/rel.h"

#include "condition.h"
#include "points.h"

/* A rule that does not compile: said again until it could be written down */
typedef struct BrokenRule
{
	const struct RuleName *rule;
	ErrorData  *error;
} BrokenRule;

/* Columns of lead that code reads or writes, found by name at each load. */
typedef enum LeadColumn
{
	LEAD_ID,
	LEAD_CONTACT_NAME,
	LEAD_EMAIL,
	LEAD_PHONE,
	LEAD_COMPANY,
	LEAD_COUNTRY,
	LEAD_SOURCE,
	LEAD_STATUS,
	LEAD_STATUS_SINCE,
	LEAD_OWNER_ID,
	LEAD_DEMOGRAPHIC_SCORE,
	LEAD_BEHAVIORAL_SCORE,
	LEAD_FIRMOGRAPHIC_SCORE,
	LEAD_SCORE_ADJUSTMENT,
	LEAD_SCORE,
	LEAD_GRADE,
	LEAD_SCORED_AT,
	LEAD_RESPONSE_DUE_AT,
	LEAD_FIRST_RESPONSE_AT,
	LEAD_LAST_ACTIVITY_AT,
	LEAD_LAST_ENGAGED_AT,
	LEAD_EMAIL_KEY,
	LEAD_PHONE_KEY,
	LEAD_NAME_KEY,
	LEAD_MERGED_INTO,
	LEAD_ARCHIVED_AT,
	LEAD_CREATED_AT,
	LEAD_CREATED_BY,
	LEAD_UPDATED_AT,
	LEAD_UPDATED_BY,
	LEAD_PERSON_KEY,

	/* may be missing: then nothing is known of it */
	LEAD_JOB_TITLE,
	LEAD_STREET,
	LEAD_CITY,
	LEAD_REGION,
	LEAD_POSTAL_CODE,
	LEAD_BIRTHDAY
} LeadColumn;
#define LEAD_COLUMNS (LEAD_BIRTHDAY + 1)

/* The same of engagement */
typedef enum EngagementColumn
{
	ENGAGEMENT_LEAD_ID,
	ENGAGEMENT_KIND,
	ENGAGEMENT_AT,
	ENGAGEMENT_SUBMISSION_ID
} EngagementColumn;
#define ENGAGEMENT_COLUMNS (ENGAGEMENT_SUBMISSION_ID + 1)

/* The same of score_state */
typedef enum StateColumn
{
	STATE_LEAD_ID,
	STATE_RULE_VERSION,
	STATE_RULE_ID,
	STATE_TIMES,
	STATE_LEVEL,
	STATE_FIRST_AT,
	STATE_LAST_AT,
	STATE_READY_UNTIL,
	STATE_UNTOLD
} StateColumn;
#define STATE_COLUMNS (STATE_UNTOLD + 1)

/* A rule's identity, for messages and rule_failure */
typedef struct RuleName
{
	const char *kind;			/* relation it is a row of */
	int64		id;
	char	   *name;
} RuleName;

typedef struct ScoreRule
{
	RuleName	rule;
	int			dimension;
	Points		points;			/* each time that it holds */
	Points		most;			/* in all, either way */
	double		half_life;		/* microseconds; 0: points last */
} ScoreRule;

typedef struct ScoreMemo ScoreMemo; /* see score_memo.c */

typedef struct ScoreDimension
{
	char	   *name;
	Points		lowest;
	Points		highest;
	int			column;			/* LeadColumn it is stored in, or -1 */
} ScoreDimension;

/* Rules over one relation, and working space of their evaluation */
typedef struct ScoreRules
{
	int			n;
	ScoreRule  *rules;
	Condition **conditions;		/* same order */
	bool	   *holds;
	ErrorData **failures;
} ScoreRules;

/* score_state.rule_version: what the row says cannot be relied on */
#define SCORE_STATE_UNKNOWN	INT64CONST(0)

typedef struct ScoreModel
{
	int64		id;				/* 0: there is no active model */
	int			ndimensions;
	ScoreDimension *dimensions;
	ScoreRules	lead;
	ScoreRules	engagement;		/* by id */
	int64		rule_version;	/* fingerprint of the latter */
	int64		version;		/* fingerprint of all that makes a score */
	int64		formula_version;	/* the same, also in a dump restored elsewhere */
	Bitmapset  *columns;		/* of lead that the rules read */
	bool	   *known;			/* see score_memo.c */
	int			nmemos;
	ScoreMemo **memos;
} ScoreModel;

typedef struct Grade
{
	char	   *name;
	int			lowest;
} Grade;

typedef struct Transition
{
	RuleName	rule;
	char	   *from_status;	/* NULL: at insert */
	char	   *to_status;
	char	   *condition_text; /* NULL: none */
	Condition  *condition;		/* NULL with a text: it did not compile */
	char	   *broken;			/* why it did not compile */
	char	   *message;
} Transition;

/* Reps that take turns; see rotation.c */
typedef struct Rotation
{
	int64		team_id;		/* 0: every active rep */
	Oid			sequence;		/* InvalidOid: not there */
	int			nreps;
	int64	   *rep_ids;
	int		   *weights;		/* reduced by their common divisor */
	int			round_length;	/* sum of weights */
	int64		round;			/* whose order is in "turns"; -1: none */
	int		   *turns;
	Datum		skipped;		/* jsonb of who is passed over, or 0 */
} Rotation;

/* How an owner was chosen: shared by all rows that a rule decides */
typedef struct Outcome
{
	int64		rule_id;		/* 0: no rule */
	const char *method;
	const char *reason;
	Datum		skipped;		/* jsonb, or 0 */
} Outcome;

typedef struct AssignmentRule
{
	RuleName	rule;
	Condition  *condition;		/* NULL: always */
	int64		rep_id;			/* fixed; 0: the rep is not available */
	Rotation   *rotation;		/* round robin; NULL: fixed */
	Outcome		chosen;
	Outcome		nobody;
} AssignmentRule;

typedef enum MatchKey
{
	MATCH_EMAIL,
	MATCH_PHONE,
	MATCH_COMPANY_AND_NAME
} MatchKey;
#define MATCH_KEYS (MATCH_COMPANY_AND_NAME + 1)

typedef struct MatchRule
{
	char	   *name;			/* NULL: no rule for this key, or it is off */
	bool		reject;
	bool		attach;			/* a submission with this key is that person's */
	Oid			index;			/* on (key, id) of lead */
} MatchRule;

/* The rule that compares by similarity */
typedef struct FuzzyRule
{
	char	   *name;			/* NULL: there is none, or it is off */
	double		min_similarity;
	Oid			block_relid;	/* lead_block */
	Oid			block_index;	/* on (block, lead_id) of it */
} FuzzyRule;

/* Statements that write sister tables; prepared when first needed */
typedef enum WorkspacePlan
{
	PLAN_STATUS_CHANGE,
	PLAN_FIRST_CHANGE,
	PLAN_EXISTING,
	PLAN_MOVE_CREATION,
	PLAN_MOVE_FIRST_CHANGE,
	PLAN_ASSIGNMENT,
	PLAN_DUPLICATE_LINK,
	PLAN_RULE_FAILURE,
	PLAN_RELINK_EMAIL,
	PLAN_RELINK_PHONE,
	PLAN_RELINK_NAME,
	PLAN_UNLINK,
	PLAN_DUPLICATE_DECISION,
	PLAN_LOCK_LEADS,
	PLAN_TOUCH_LEADS,
	PLAN_ENGAGEMENTS,
	PLAN_ADJUSTMENTS,
	PLAN_STATE_DELETE,
	PLAN_LEAD_PAGE,
	PLAN_LEAD_ROWS,
	PLAN_LEAD_SEEN,
	PLAN_READY_STATES,
	PLAN_LEAD_EVENT,
	PLAN_SUBMISSIONS,
	PLAN_KNOWN,
	PLAN_KNOWN_ALIAS,
	PLAN_KNOWN_ENGAGEMENT,
	PLAN_KNOWN_INSERT,			/* this and the next are built, see known_store.c */
	PLAN_KNOWN_LOCK,
	PLAN_KNOWN_LOCK_FREE,
	PLAN_KNOWN_FILL,
	PLAN_LINK_MISSING,
	PLAN_FORGET_LINKS,
	PLAN_NEIGHBORS,
	PLAN_BLOCK_INSERT,
	PLAN_BLOCK_DELETE
} WorkspacePlan;
#define WORKSPACE_PLANS (PLAN_BLOCK_DELETE + 1)

typedef struct Workspace
{
	Oid			lead_relid;
	bool		stale;			/* set by invalidation, nothing else */
	bool		unsettled;		/* something changed while it was loaded */
	SubTransactionId read_in;	/* may show what that wrote; invalid once it
								 * has committed */
	MemoryContext context;		/* all of it lives here */

	Oid			namespace;
	uint32		namespace_hash;
	Oid			owner;
	char	   *schema;			/* quoted, for queries */

	/* relations whose change makes this stale */
	int			nrelids;
	Oid		   *relids;

	/* the row */
	TupleDesc	tupdesc;
	AttrNumber	column[LEAD_COLUMNS];
	TupleTableSlot *slot;
	ExprContext *econtext;
	ExprState **checks;			/* CHECK constraints of lead; NULL: none */
	Bitmapset  *derived;		/* what a touch may change, as updated columns */

	/* a row of engagement */
	Oid			engagement_relid;
	TupleDesc	engagement_tupdesc;
	AttrNumber	engagement_column[ENGAGEMENT_COLUMNS];
	TupleTableSlot *engagement_slot;
	ExprContext *engagement_econtext;

	/* a row of score_state */
	Oid			state_relid;
	AttrNumber	state_column[STATE_COLUMNS];
	TupleDesc	state_tupdesc;
	ExprState **state_checks;

	/* setting */
	ConditionSettings settings;
	int			sales_ready_score;
	Interval	response_within;
	bool		email_ignores_tag;
	bool		email_ignores_dots;
	char	   *default_country;	/* of phone numbers; NULL: none */
	bool		notify;

	/* catalogues, sorted by strcmp */
	int			nkinds;
	char	  **kinds;
	int			nsources;
	char	  **sources;
	int			nstatuses;
	char	  **statuses;
	int			nreopened;		/* statuses that who comes back leaves */
	char	  **reopened;

	/* scoring */
	ScoreModel *model;			/* the active one */
	List	   *drafts;			/* others, read when they were asked for */
	int			ngrades;
	Grade	   *grades;			/* by lowest, ascending */

	int			ntransitions;
	Transition *transitions;

	int			nassignment_rules;
	AssignmentRule *assignment_rules;
	int			nrotations;
	Rotation  **rotations;

	MatchRule	match[MATCH_KEYS];
	FuzzyRule	fuzzy;

	List	   *broken_rules;	/* of BrokenRule */

	SPIPlanPtr	plans[WORKSPACE_PLANS];
} Workspace;

/* Column of the key in lead, and the name of the key in match_rule */
extern const LeadColumn match_key_column[MATCH_KEYS];
extern const char *const match_key_name[MATCH_KEYS];
extern const char *lead_column_name(LeadColumn column);

/* workspace.c: finding the parts of a workspace */
extern Oid	sister_relation(Oid namespace, Oid owner, const char *name);
extern Oid	workspace_owner(const char *schema, Oid namespace);
extern Oid	workspace_check_owner(const char *schema, Oid namespace);
extern Oid	lead_of_sister(Relation relation);

/* As its owner, does a query over the workspace of this table find anything? */
extern bool workspace_finds(Relation relation, const char *query);
extern Rotation *workspace_rotation(Workspace *ws, int64 team_id);
extern SPIPlanPtr workspace_plan(Workspace *ws, WorkspacePlan which);

/* The same for a query that "build" makes; planned as if tables were large. */
extern SPIPlanPtr workspace_built_plan(Workspace *ws, WorkspacePlan which,
									   char *(*build) (Workspace *ws),
									   int nargs, const Oid *argtypes);

/* A row that came as a composite value, into a slot of its table. */
extern void workspace_store_row(TupleTableSlot *slot, HeapTupleHeader row);

/*
 * The values of a row into another slot of its table, where they may be
 * changed; what they point to stays the source's.
 */
extern void workspace_borrow_row(TupleTableSlot *slot, TupleTableSlot *source);

/* For hints: the first names of a catalogue, quoted */
extern char *workspace_list_names(char **names, int n);
extern bool workspace_has_name(char **names, int n, const char *name);

/* workspace_load.c: reading it */
extern Workspace *workspace_load(Oid lead_relid);
extern ScoreModel *workspace_model(Workspace *ws, int64 model_id);
extern void workspace_settings(Oid namespace, Oid owner, const char *schema,
							   ConditionSettings *settings);

#endif							/* LEAD_MGMT_WORKSPACE_H */
