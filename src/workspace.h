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

/* A rule that does not compile: said again until it could be written down */
typedef struct BrokenRule
{
	const struct RuleName *rule;
	ErrorData  *error;
} BrokenRule;

/* Points are exact: millionths in 64 bits; the tables' checks keep to that. */
#define POINT_SCALE		INT64CONST(1000000)
#define POINT_DECIMALS	6

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
	LEAD_UPDATED_BY
} LeadColumn;
#define LEAD_COLUMNS (LEAD_UPDATED_BY + 1)

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
	int64		points;			/* within max_points, in millionths */
} ScoreRule;

typedef struct ScoreMemo ScoreMemo; /* see score_memo.c */

typedef struct ScoreDimension
{
	char	   *name;
	int64		lowest;			/* in millionths */
	int64		highest;
	int			column;			/* LeadColumn it is stored in, or -1 */
} ScoreDimension;

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
	Oid			index;			/* on (key, id) of lead */
} MatchRule;

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
	PLAN_DUPLICATE_DECISION
} WorkspacePlan;
#define WORKSPACE_PLANS (PLAN_DUPLICATE_DECISION + 1)

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

	/* setting */
	ConditionSettings settings;
	int			sales_ready_score;
	Interval	response_within;
	bool		email_ignores_tag;

	/* catalogues, sorted by strcmp */
	int			nsources;
	char	  **sources;
	int			nstatuses;
	char	  **statuses;

	/* scoring */
	int			ndimensions;
	ScoreDimension *dimensions;
	int			nscore_rules;
	ScoreRule  *score_rules;
	Condition **score_conditions;	/* same order */
	bool	   *score_holds;	/* working space of the evaluation */
	bool	   *score_known;
	ErrorData **score_failures;
	int			nscore_memos;
	ScoreMemo **score_memos;
	Bitmapset  *score_columns;	/* what the rules read */
	int			ngrades;
	Grade	   *grades;			/* by lowest, ascending */

	int			ntransitions;
	Transition *transitions;

	int			nassignment_rules;
	AssignmentRule *assignment_rules;
	int			nrotations;
	Rotation  **rotations;

	MatchRule	match[MATCH_KEYS];

	List	   *broken_rules;	/* of BrokenRule */

	SPIPlanPtr	plans[WORKSPACE_PLANS];
} Workspace;

/* Column of the key in lead, and the name of the key in match_rule */
extern const LeadColumn match_key_column[MATCH_KEYS];
extern const char *const match_key_name[MATCH_KEYS];
extern const char *lead_column_name(LeadColumn column);

/* workspace.c: finding the parts of a workspace */
extern Oid	sister_relation(Oid namespace, Oid owner, const char *name);
extern Oid	lead_of_sister(Relation relation);
extern Rotation *workspace_rotation(Workspace *ws, int64 team_id);
extern SPIPlanPtr workspace_plan(Workspace *ws, WorkspacePlan which);

/* workspace_load.c: reading it */
extern Workspace *workspace_load(Oid lead_relid);
extern pg_tz *workspace_time_zone(Oid namespace, Oid owner, const char *schema);

#endif							/* LEAD_MGMT_WORKSPACE_H */
