/*-------------------------------------------------------------------------
 *
 * condition.h
 *	  The rule language: boolean SQL expressions over one row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_CONDITION_H
#define LEAD_MGMT_CONDITION_H

#include "postgres.h"

#include "access/htup.h"
#include "access/tupdesc.h"
#include "nodes/bitmapset.h"
#include "nodes/execnodes.h"
#include "pgtime.h"
#include "utils/rel.h"

/*
 * What a condition is for.  The kind decides which relation it reads, whether
 * it may read the clock, and which columns are decided too late for it.
 */
typedef enum ConditionKind
{
	CONDITION_SCORE_LEAD,		/* score rule over lead: no clock */
	CONDITION_SCORE_ENGAGEMENT, /* score rule over engagement: no clock */
	CONDITION_ASSIGNMENT,		/* assignment rule over lead */
	CONDITION_TRANSITION		/* guard of a status transition over lead */
} ConditionKind;

/* Name of the relation that conditions of this kind are over */
extern const char *condition_relation_name(ConditionKind kind);

/* Settings that every condition is compiled and run under. */
typedef struct ConditionSettings
{
	pg_tz	   *time_zone;		/* setting.time_zone */
	TupleDesc	setting_desc;	/* of table setting; NULL: not to be read */
	HeapTuple	setting_row;	/* NULL: there is none */
} ConditionSettings;

/* A compiled condition.  Lives in the memory context it was compiled in. */
typedef struct Condition
{
	ConditionKind kind;
	char	   *text;
	ExprState  *state;
	Bitmapset  *columns;		/* attribute numbers it reads, those behind
								 * generated columns included */
	bool		can_fail;		/* calls something that is not leakproof */
	bool		needs_settings; /* its answer depends on TimeZone and kin */
	bool		reads_setting;	/* it has constants from table setting */
} Condition;

/*
 * Parse, check and compile one condition in CurrentMemoryContext.  Raises an
 * error whose internal query is the condition and whose internal position
 * points into it; the caller adds which rule it is.
 */
extern Condition *condition_compile(Relation relation, ConditionKind kind,
									const char *text,
									const ConditionSettings *settings);

/*
 * Errors that are not the rule's: they are meant for the session or the whole
 * server, or tell the client to try the whole transaction again.
 */
extern bool condition_must_not_catch(const ErrorData *error);

/*
 * Does the condition hold for the row in econtext->ecxt_scantuple?  NULL is
 * false.  An error inside the expression is caught (in an internal
 * subtransaction, only where the condition can fail): returns false and sets
 * *failure to a copy of the error in CurrentMemoryContext.  Results are
 * allocated in econtext's per-tuple memory, which the caller resets.
 */
extern bool condition_holds_safely(Condition *condition, ExprContext *econtext,
								   const ConditionSettings *settings,
								   ErrorData **failure);

/*
 * Many at once: sets holds[i] for each of the n conditions but those whose
 * answer is known already (known[i]; may be NULL).  One internal
 * subtransaction serves them all; only where one raises does another begin.
 * failures[i] as above; failures may hold NULLs on entry and is left alone
 * where nothing failed.  Returns whether any failed.
 */
extern bool conditions_hold(Condition **conditions, int n, const bool *known,
							ExprContext *econtext,
							const ConditionSettings *settings,
							bool *holds, ErrorData **failures);

#endif							/* LEAD_MGMT_CONDITION_H */
