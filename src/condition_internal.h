/*-------------------------------------------------------------------------
 *
 * condition_internal.h
 *	  What condition.c and condition_check.c share, and nobody else needs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_CONDITION_INTERNAL_H
#define LEAD_MGMT_CONDITION_INTERNAL_H

#include "condition.h"

#include "catalog/namespace.h"
#include "nodes/pg_list.h"
#include "nodes/primnodes.h"
#include "parser/parse_node.h"

/*
 * Version differences (to be merged into the one compatibility header).
 *
 * Before 16 the tree walkers took an unprototyped callback; since then they
 * are macros that cast.  A callback declared (Node *, void *) suits both.
 * Since 18 a generated column may be virtual; any value of attgenerated is
 * treated alike here, so nothing depends on the macro for it.
 */
#if PG_VERSION_NUM < 150000
#error "lead_mgmt needs PostgreSQL 15 or later"
#endif

/* Since 18 the marker precedes the declaration. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* All functions of a name, whatever their arguments. */
static inline FuncCandidateList
function_candidates(List *name)
{
#if PG_VERSION_NUM >= 190000
	int			flags;

	return FuncnameGetCandidates(name, -1, NIL, false, false, false, true,
								 &flags);
#else
	return FuncnameGetCandidates(name, -1, NIL, false, false, false, true);
#endif
}

/* The extension whose own functions conditions may call. */
#ifndef LEAD_MGMT_EXTENSION_NAME
#define LEAD_MGMT_EXTENSION_NAME "lead_mgmt"
#endif

/* A string literal of the condition: where it stands and what it says. */
typedef struct ConditionLiteral
{
	int			location;
	const char *string;
} ConditionLiteral;

/* The state of checking one condition. */
typedef struct ConditionCheck
{
	Relation	relation;
	ConditionKind kind;
	const ConditionSettings *settings;
	bool		reads_setting;	/* found so far */
	ParseState *pstate;
	List	   *literals;		/* of ConditionLiteral, from the raw tree */
	Bitmapset  *columns;		/* base columns found so far */
	AttrNumber	generated;		/* generated column being looked into, or 0 */
	int			generated_location; /* where the condition names it */
} ConditionCheck;

/* What one can tell of the finished expression. */
typedef struct ConditionTraits
{
	ParseState *pstate;
	bool		can_fail;
	bool		needs_settings;
} ConditionTraits;

/* Before analysis: refuse what analysis itself must not be let near. */
extern void condition_check_raw(ConditionCheck *check, Node *raw);

/* During analysis: refuse a column before anything is coerced to its type. */
extern Node *condition_check_column_hook(ParseState *pstate, ColumnRef *cref,
										 Node *node);

/* After analysis: the whitelist.  Collects check->columns. */
extern void condition_check_expression(ConditionCheck *check, Node *node);

/* Then: what columns the executor is to read, and how. */
extern Node *condition_finish_columns(ConditionCheck *check, Node *node);

/* After planning: what the executor will have to reckon with. */
extern void condition_find_traits(ConditionTraits *traits, Node *node);

#endif							/* LEAD_MGMT_CONDITION_INTERNAL_H */
