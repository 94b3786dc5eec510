/*-------------------------------------------------------------------------
 *
 * condition_check.c
 *	  What a condition may contain.
 *
 * Everything here is a list of what is allowed; the rest is refused, what
 * future servers add included.  There are three occasions to look, because
 * what is dangerous differs:
 *
 * The raw tree, before anything is looked up.  Analysis turns literals into
 * values, so it runs input functions, and those of domains run whatever the
 * domain's constraints call.  So types that are named in the text are looked
 * at first, and a column hook does the same for types that columns bring in.
 *
 * The analysed tree, where names have become OIDs and nothing has been
 * simplified yet.  This is the whitelist.
 *
 * The planned tree, where functions have been inlined and constants computed.
 * All that is left to do there is to see what running it takes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "condition_internal.h"
#include "executor/spi.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/subscripting.h"
#include "parser/parse_func.h"
#include "parser/parse_type.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

#define IS_BUILTIN(oid)		((oid) < FirstNormalObjectId)

/*
 * Built-in functions that are stable because they depend on TimeZone or
 * DateStyle, which are fixed for conditions.
 */
static const Oid date_time_functions[] = {
	/* between date, timestamp and timestamptz */
	F_DATE_TIMESTAMPTZ, F_TIME_TIMESTAMPTZ, F_TIMETZ_TIMESTAMPTZ,
	F_TIMESTAMP_TIMESTAMPTZ, F_TIMESTAMPTZ_TIMESTAMP, F_TIMESTAMPTZ_DATE,
	F_TIMESTAMPTZ_DATE_TIME,
	F_DATE_CMP_TIMESTAMPTZ, F_DATE_EQ_TIMESTAMPTZ, F_DATE_NE_TIMESTAMPTZ,
	F_DATE_LT_TIMESTAMPTZ, F_DATE_LE_TIMESTAMPTZ, F_DATE_GT_TIMESTAMPTZ,
	F_DATE_GE_TIMESTAMPTZ,
	F_TIMESTAMPTZ_CMP_DATE, F_TIMESTAMPTZ_EQ_DATE, F_TIMESTAMPTZ_NE_DATE,
	F_TIMESTAMPTZ_LT_DATE, F_TIMESTAMPTZ_LE_DATE, F_TIMESTAMPTZ_GT_DATE,
	F_TIMESTAMPTZ_GE_DATE,
	F_TIMESTAMP_CMP_TIMESTAMPTZ, F_TIMESTAMP_EQ_TIMESTAMPTZ,
	F_TIMESTAMP_NE_TIMESTAMPTZ, F_TIMESTAMP_LT_TIMESTAMPTZ,
	F_TIMESTAMP_LE_TIMESTAMPTZ, F_TIMESTAMP_GT_TIMESTAMPTZ,
	F_TIMESTAMP_GE_TIMESTAMPTZ,
	F_TIMESTAMPTZ_CMP_TIMESTAMP, F_TIMESTAMPTZ_EQ_TIMESTAMP,
	F_TIMESTAMPTZ_NE_TIMESTAMP, F_TIMESTAMPTZ_LT_TIMESTAMP,
	F_TIMESTAMPTZ_LE_TIMESTAMP, F_TIMESTAMPTZ_GT_TIMESTAMP,
	F_TIMESTAMPTZ_GE_TIMESTAMP,
	/* arithmetic; a day is not always 24 hours */
	F_TIMESTAMPTZ_PL_INTERVAL, F_TIMESTAMPTZ_MI_INTERVAL,
	F_INTERVAL_PL_TIMESTAMPTZ,
	F_OVERLAPS_TIMESTAMPTZ_INTERVAL_TIMESTAMPTZ_INTERVAL,
	F_OVERLAPS_TIMESTAMPTZ_INTERVAL_TIMESTAMPTZ_TIMESTAMPTZ,
	F_OVERLAPS_TIMESTAMPTZ_TIMESTAMPTZ_TIMESTAMPTZ_INTERVAL,
#ifdef F_DATE_ADD_TIMESTAMPTZ_INTERVAL
	F_DATE_ADD_TIMESTAMPTZ_INTERVAL, F_DATE_SUBTRACT_TIMESTAMPTZ_INTERVAL,
#endif
	/* parts */
	F_DATE_PART_TEXT_TIMESTAMPTZ, F_EXTRACT_TEXT_TIMESTAMPTZ,
	F_DATE_TRUNC_TEXT_TIMESTAMPTZ, F_DATE_TRUNC_TEXT_TIMESTAMPTZ_TEXT,
	F_MAKE_TIMESTAMPTZ_INT4_INT4_INT4_INT4_INT4_FLOAT8,
	F_MAKE_TIMESTAMPTZ_INT4_INT4_INT4_INT4_INT4_FLOAT8_TEXT,
	/* AT LOCAL, since 17 */
#ifdef F_TIMEZONE_TIMESTAMPTZ
	F_TIMEZONE_TIMESTAMPTZ,
#endif
#ifdef F_TIMEZONE_TIMESTAMP
	F_TIMEZONE_TIMESTAMP,
#endif
	/* formatting; see check_format() */
	F_TO_CHAR_TIMESTAMP_TEXT, F_TO_CHAR_TIMESTAMPTZ_TEXT,
	F_TO_CHAR_INTERVAL_TEXT, F_TO_DATE, F_TO_TIMESTAMP_TEXT_TEXT
};

/*
 * Those that also read the clock.  The ones about timetz do so to find out
 * whether daylight saving time is in force.
 */
static const Oid clock_functions[] = {
	F_NOW, F_TRANSACTION_TIMESTAMP, F_STATEMENT_TIMESTAMP,
	F_AGE_TIMESTAMP, F_AGE_TIMESTAMPTZ,
#ifdef F_TIMEZONE_TIMETZ
	F_TIMEZONE_TIMETZ,
#endif
	F_TIMETZ_TIME, F_TIMEZONE_TEXT_TIMETZ
};

/* The ones whose last argument is a format. */
static const Oid format_functions[] = {
	F_TO_CHAR_TIMESTAMP_TEXT, F_TO_CHAR_TIMESTAMPTZ_TEXT,
	F_TO_CHAR_INTERVAL_TEXT, F_TO_DATE, F_TO_TIMESTAMP_TEXT_TEXT
};

/* Types whose values are, or are written as, names of database objects. */
static const Oid name_lookup_types[] = {
	REGPROCOID, REGPROCEDUREOID, REGOPEROID, REGOPERATOROID, REGCLASSOID,
	REGTYPEOID, REGROLEOID, REGNAMESPACEOID, REGCONFIGOID, REGDICTIONARYOID,
	REGCOLLATIONOID, ACLITEMOID, XMLOID,
#ifdef REGDATABASEOID
	REGDATABASEOID
#endif
};

/* Columns that are filled only after the conditions of a kind have run. */
static const char *const late_for_score[] = {
	"demographic_score", "behavioral_score", "firmographic_score",
	"score_adjustment", "score", "grade", "scored_at", "owner_id",
	"response_due_at", "first_response_at", "last_activity_at",
	"last_engaged_at", "merged_into", "updated_at", "updated_by", NULL
};
static const char *const late_for_assignment[] = {
	"owner_id", "response_due_at", NULL
};
static const char *const late_for_transition[] = {
	"response_due_at", NULL
};
static const char *const late_for_none[] = {
	NULL
};

/* All that is particular to a kind of condition. */
static const struct
{
	const char *alias;			/* what the row is called */
	const char *what;			/* for messages */
	bool		clock;			/* may it read the clock? */
	const char *const *late;
}			kinds[] = {
	[CONDITION_SCORE_LEAD] = {"lead", "a score rule", false, late_for_score},
	[CONDITION_SCORE_ENGAGEMENT] = {"engagement", "a score rule", false, late_for_none},
	[CONDITION_ASSIGNMENT] = {"lead", "an assignment rule", true, late_for_assignment},
	[CONDITION_TRANSITION] = {"lead", "a status transition", true, late_for_transition}
};

static bool check_walker(Node *node, void *context);

const char *
condition_relation_name(ConditionKind kind)
{
	return kinds[kind].alias;
}

static bool
oid_in(Oid oid, const Oid *list, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (list[i] == oid)
			return true;
	}
	return false;
}

#define OID_IN(oid, list)	oid_in((oid), (list), lengthof(list))


/* ----------------------------------------------------------------
 *						Refusals
 * ----------------------------------------------------------------
 */

static int
allowed_hint(void)
{
	return errhint("Columns, constants, built-in operators and immutable built-in functions are allowed.");
}

static const char *
generated_column_name(ConditionCheck *check)
{
	return get_attname(RelationGetRelid(check->relation), check->generated,
					   false);
}

/*
 * Refuse something.  Inside a generated column's expression it is the column
 * that is to be named, for the text of the condition has nothing else to
 * point at; the message about its innards then becomes the detail.
 */
pg_noreturn static void
refuse(ConditionCheck *check, int code, int location, const char *message,
	   const char *detail, const char *hint)
{
	if (check->generated != InvalidAttrNumber)
		ereport(ERROR,
				(errcode(code),
				 errmsg("generated column \"%s\" is not allowed in a condition",
						generated_column_name(check)),
				 errdetail("In its generation expression: %s.", message),
				 hint ? errhint("%s", hint) : allowed_hint(),
				 parser_errposition(check->pstate, check->generated_location)));

	ereport(ERROR,
			(errcode(code),
			 errmsg_internal("%s", message),
			 detail ? errdetail_internal("%s", detail) : 0,
			 hint ? errhint("%s", hint) : allowed_hint(),
			 parser_errposition(check->pstate, location)));
}

/* The common case. */
pg_noreturn static void
refuse_feature(ConditionCheck *check, int location, const char *message,
			   const char *detail)
{
	refuse(check, ERRCODE_FEATURE_NOT_SUPPORTED, location, message, detail,
		   NULL);
}

/* What only the clock could answer. */
static void
check_clock(ConditionCheck *check, int location, const char *message,
			const char *hint)
{
	if (!kinds[check->kind].clock)
		refuse(check, ERRCODE_FEATURE_NOT_SUPPORTED, location, message,
			   "A score is computed when the row changes, so a score rule cannot depend on the time of day.",
			   hint ? hint :
			   "Compare columns with each other, or give the rule a half-life.");
}


/* ----------------------------------------------------------------
 *						Types
 * ----------------------------------------------------------------
 */

/*
 * The scalar type at the bottom of a domain, array, range or multirange: the
 * one whose input and output functions do the work.
 */
static Oid
bottom_type(Oid type)
{
	for (;;)
	{
		Oid			inner;

		type = getBaseType(type);
		switch (get_typtype(type))
		{
			case TYPTYPE_RANGE:
				inner = get_range_subtype(type);
				break;
			case TYPTYPE_MULTIRANGE:
				inner = get_multirange_range(type);
				break;
			default:
				inner = get_element_type(type);
				break;
		}
		if (!OidIsValid(inner))
			return type;
		type = inner;
	}
}

static bool
is_clock_type(Oid type)
{
	switch (bottom_type(type))
	{
		case DATEOID:
		case TIMEOID:
		case TIMETZOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return true;
		default:
			return false;
	}
}

static bool
is_builtin_type_allowed(Oid type)
{
	if (type == UNKNOWNOID)
		return true;			/* a literal that nothing has given a type */
	if (OID_IN(bottom_type(type), name_lookup_types))
		return false;
	switch (get_typtype(bottom_type(type)))
	{
		case TYPTYPE_BASE:
			return true;
		default:
			return false;		/* rows, pseudo-types */
	}
}

/*
 * Built-in types, enums, arrays of either, and domains over those.  Not
 * arrays of domains: to read a literal of such a type is to run the domain's
 * constraints.
 */
static bool
is_type_allowed(Oid type)
{
	Oid			element;

	type = getBaseType(type);
	if (IS_BUILTIN(type))
		return is_builtin_type_allowed(type);
	element = get_element_type(type);
	if (OidIsValid(element))
		type = element;
	return get_typtype(type) == TYPTYPE_ENUM;
}

static void
check_type(ConditionCheck *check, Oid type, int location)
{
	if (!is_type_allowed(type))
		refuse(check, ERRCODE_FEATURE_NOT_SUPPORTED, location,
			   psprintf("type %s is not allowed in a condition",
						format_type_be(type)),
			   IS_BUILTIN(type) ? NULL :
			   "Of user-defined types only enums, arrays of enums, and domains over allowed types can be read.",
			   NULL);
}


/* ----------------------------------------------------------------
 *						Columns
 * ----------------------------------------------------------------
 */

static void
check_not_late(ConditionCheck *check, const char *name, int location)
{
	for (const char *const *late = kinds[check->kind].late; *late; late++)
	{
		if (strcmp(*late, name) == 0)
			refuse(check, ERRCODE_INVALID_COLUMN_REFERENCE, location,
				   psprintf("column \"%s\" is not allowed in the condition of %s",
							name, kinds[check->kind].what),
				   psprintf("Column \"%s\" is decided after the condition of %s is evaluated.",
							name, kinds[check->kind].what),
				   "Read columns that are set before that.");
	}
}

/*
 * A generated column's expression, as the condition is to see it.  (In a
 * BEFORE trigger the column itself is not computed yet, and a virtual one
 * never is stored.)
 */
static Node *
generation_expression(ConditionCheck *check, AttrNumber attnum)
{
	Form_pg_attribute att = TupleDescAttr(RelationGetDescr(check->relation),
										  attnum - 1);
	Node	   *expression = build_column_default(check->relation, attnum);

	if (expression == NULL)
		elog(ERROR, "no generation expression found for column \"%s\"",
			 NameStr(att->attname));

	/* operators on top must see the column's collation */
	if (OidIsValid(att->attcollation) &&
		att->attcollation != exprCollation(expression))
	{
		CollateExpr *collate = makeNode(CollateExpr);

		collate->arg = (Expr *) expression;
		collate->collOid = att->attcollation;
		collate->location = -1;
		expression = (Node *) collate;
	}
	return expression;
}

/* Look through a generated column at what it is computed from. */
static void
check_generated(ConditionCheck *check, Var *var)
{
	if (check->generated != InvalidAttrNumber)
		refuse_feature(check, -1,
					   "a generated column that reads a generated column is not allowed in a condition",
					   NULL);
	check->generated = var->varattno;
	check->generated_location = var->location;
	(void) check_walker(generation_expression(check, var->varattno), check);
	check->generated = InvalidAttrNumber;
}

static void
check_var(ConditionCheck *check, Var *var)
{
	Form_pg_attribute att;

	if (var->varlevelsup != 0 || var->varno != 1)
		elog(ERROR, "unexpected variable in a condition");
	if (var->varattno == InvalidAttrNumber)
		refuse(check, ERRCODE_INVALID_COLUMN_REFERENCE, var->location,
			   "whole-row reference is not allowed in a condition", NULL,
			   "Name the columns.");
	if (var->varattno < InvalidAttrNumber)
		refuse(check, ERRCODE_INVALID_COLUMN_REFERENCE, var->location,
			   "system column is not allowed in a condition", NULL, NULL);

	att = TupleDescAttr(RelationGetDescr(check->relation), var->varattno - 1);
	check_not_late(check, NameStr(att->attname), var->location);
	if (!is_type_allowed(att->atttypid))
		refuse_feature(check, var->location,
					   psprintf("column \"%s\" of type %s is not allowed in a condition",
								NameStr(att->attname),
								format_type_be(att->atttypid)),
					   "Columns can be of built-in types, enums, arrays of these, and domains over these.");
	if (att->attgenerated != '\0')
		check_generated(check, var);
	else
		check->columns = bms_add_member(check->columns, var->varattno);
}

/*
 * "setting.location": a column of the one row of settings, as a constant, for
 * conditions are compiled anew when settings change.  NULL: it is none.
 */
static Node *
setting_constant(ConditionCheck *check, ColumnRef *cref)
{
	TupleDesc	tupdesc = check->settings->setting_desc;
	Form_pg_attribute att;
	const char *name;
	AttrNumber	attno;
	Datum		value = (Datum) 0;
	bool		isnull = true;

	if (tupdesc == NULL || list_length(cref->fields) != 2 ||
		!IsA(lsecond(cref->fields), String) ||
		strcmp(strVal(linitial(cref->fields)), "setting") != 0)
		return NULL;
	name = strVal(lsecond(cref->fields));
	attno = SPI_fnumber(tupdesc, name);
	if (attno <= 0)
		refuse(check, ERRCODE_UNDEFINED_COLUMN, cref->location,
			   psprintf("column \"%s\" of table \"setting\" does not exist", name),
			   NULL, "setting.location and kin are columns of the row of settings.");

	check->reads_setting = true;
	att = TupleDescAttr(tupdesc, attno - 1);
	if (!IS_BUILTIN(att->atttypid) || !is_type_allowed(att->atttypid))
		refuse_feature(check, cref->location,
					   psprintf("column \"%s\" of type %s is not allowed in a condition",
								name, format_type_be(att->atttypid)),
					   "Settings can be of built-in types.");
	if (check->settings->setting_row != NULL)
		value = heap_getattr(check->settings->setting_row, attno, tupdesc, &isnull);
	if (!isnull && att->attlen == -1)
		value = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
	return (Node *) makeConst(att->atttypid, att->atttypmod, att->attcollation,
							  att->attlen, value, isnull, att->attbyval);
}

/*
 * Called by the analysis for each column.  One of a domain is made to look as
 * if it was of the domain's base type, for otherwise ARRAY[column] = '{1}'
 * would have the analysis read the literal as an array of the domain, and so
 * run the domain's constraints.  base_column() puts that right afterwards.
 */
Node *
condition_check_column_hook(ParseState *pstate, ColumnRef *cref, Node *node)
{
	ConditionCheck *check = (ConditionCheck *) pstate->p_ref_hook_state;

	if (node != NULL && IsA(node, Var))
	{
		Var		   *var = (Var *) node;

		check_var(check, var);
		var->vartype = getBaseTypeAndTypmod(var->vartype, &var->vartypmod);
	}
	return node == NULL ? setting_constant(check, cref) : NULL;
}

/* A column as it is stored, relabelled as the analysis has seen it. */
static Node *
base_column(Var *var, Form_pg_attribute att)
{
	Var		   *stored;

	if (var->vartype == att->atttypid)
		return (Node *) var;
	stored = copyObject(var);
	stored->vartype = att->atttypid;
	stored->vartypmod = att->atttypmod;
	return (Node *) makeRelabelType((Expr *) stored, var->vartype,
									var->vartypmod, var->varcollid,
									COERCE_IMPLICIT_CAST);
}

static Node *
expand_mutator(Node *node, void *context)
{
	ConditionCheck *check = (ConditionCheck *) context;

	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(check->relation),
											  var->varattno - 1);

		if (att->attgenerated != '\0')
			return generation_expression(check, var->varattno);
		return base_column(var, att);
	}
	return expression_tree_mutator(node, expand_mutator, context);
}

/* The whitelist has been passed when this is called. */
Node *
condition_finish_columns(ConditionCheck *check, Node *node)
{
	return expand_mutator(node, check);
}


/* ----------------------------------------------------------------
 *						Functions and operators
 * ----------------------------------------------------------------
 */

/* The parts of a pg_proc row that matter here. */
typedef struct FunctionFacts
{
	char		volatility;
	bool		leakproof;
	bool		returns_set;
	Oid			language;
} FunctionFacts;

static FunctionFacts
function_facts(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	FunctionFacts facts;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	form = (Form_pg_proc) GETSTRUCT(tuple);
	facts.volatility = form->provolatile;
	facts.leakproof = form->proleakproof;
	facts.returns_set = form->proretset;
	facts.language = form->prolang;
	ReleaseSysCache(tuple);
	return facts;
}

/* Is it one of our own?  By membership: anybody can make a schema's name. */
static bool
is_own_function(Oid function)
{
	Oid			extension = getExtensionOfObject(ProcedureRelationId, function);

	return OidIsValid(extension) &&
		extension == get_extension_oid(LEAD_MGMT_EXTENSION_NAME, true);
}

static bool
is_callable_function(Oid function)
{
	return IS_BUILTIN(function) || is_own_function(function);
}

/* What to call it: by its operator if it was called as one. */
static const char *
call_name(Oid function, Oid op)
{
	if (OidIsValid(op))
		return psprintf("operator %s", format_operator(op));
	return psprintf("function %s", format_procedure(function));
}

pg_noreturn static void
refuse_call(ConditionCheck *check, Oid function, Oid op, int location,
			const char *detail)
{
	refuse_feature(check, location,
				   psprintf("%s is not allowed in a condition",
							call_name(function, op)),
				   detail);
}

/* May this function be called, be it directly or by way of an operator? */
static void
check_function(ConditionCheck *check, Oid function, Oid op, int location)
{
	FunctionFacts facts = function_facts(function);

	if (!IS_BUILTIN(op))
		refuse_call(check, function, op, location,
					"User-defined operators are not allowed.");
	if (!is_callable_function(function))
		refuse_call(check, function, op, location,
					"User-defined functions are not allowed.");
	if (facts.returns_set)
		refuse_call(check, function, op, location,
					"Set-returning functions are not allowed.");
	if (facts.volatility == PROVOLATILE_IMMUTABLE)
		return;
	if (facts.volatility == PROVOLATILE_VOLATILE)
		refuse_call(check, function, op, location,
					"Volatile functions are not allowed.");
	if (OID_IN(function, date_time_functions))
		return;
	if (!OID_IN(function, clock_functions))
		refuse_call(check, function, op, location,
					"Of stable functions only those on dates and times are allowed.");
	check_clock(check, location,
				psprintf("%s is not allowed in the condition of %s",
						 call_name(function, op), kinds[check->kind].what),
				NULL);
}

/*
 * Names of months and days follow lc_time, which is the session's own, if the
 * format asks for them with TM.  So the format has to be known.
 */
static void
check_format(ConditionCheck *check, FuncExpr *call)
{
	Node	   *format;
	const char *p;

	if (!OID_IN(call->funcid, format_functions))
		return;
	format = (Node *) llast(call->args);
	if (!IsA(format, Const))
		refuse(check, ERRCODE_FEATURE_NOT_SUPPORTED, exprLocation(format),
			   psprintf("format of function %s must be a constant in a condition",
						format_procedure(call->funcid)),
			   NULL, "Write the format as a string literal.");
	if (((Const *) format)->constisnull)
		return;
	for (p = TextDatumGetCString(((Const *) format)->constvalue); *p; p++)
	{
		if (pg_strncasecmp(p, "TM", 2) == 0)
			refuse(check, ERRCODE_FEATURE_NOT_SUPPORTED, exprLocation(format),
				   "format modifier TM is not allowed in a condition",
				   "It depends on the session's locale.",
				   "Compare numbers of days or months instead of names.");
	}
}

static void
check_operator(ConditionCheck *check, Oid op, int location)
{
	check_function(check, get_opcode(op), op, location);
}


/* ----------------------------------------------------------------
 *						The raw tree
 * ----------------------------------------------------------------
 */

/* A type that the text wants something to be converted to. */
static void
check_target_type(ConditionCheck *check, Oid type, int location)
{
	if (get_typtype(type) == TYPTYPE_DOMAIN)
		refuse(check, ERRCODE_FEATURE_NOT_SUPPORTED, location,
			   psprintf("cast to domain %s is not allowed in a condition",
						format_type_be(type)),
			   "The constraints of a domain may call user-defined functions.",
			   "Cast to the domain's base type.");
	check_type(check, type, location);
}

/* A type name that does not exist is for the analysis to complain about. */
static void
check_type_name(ConditionCheck *check, TypeName *name, int location)
{
	TypeName   *bare = copyObject(name);
	Type		type;
	Oid			oid;

	bare->typmods = NIL;		/* those run functions of the type */
	type = LookupTypeName(check->pstate, bare, NULL, true);
	if (type == NULL)
		return;
	oid = typeTypeId(type);
	ReleaseSysCache(type);
	check_target_type(check, oid, location);
}

/*
 * A function that will be refused anyway must not get its arguments coerced
 * to its types first; and a call may also be a cast in disguise.  Only
 * schema-qualified names matter, since whatever can be found without a schema
 * is built-in.
 */
static void
check_call_name(ConditionCheck *check, FuncCall *call)
{
	FuncCandidateList candidate;

	if (list_length(call->funcname) < 2)
		return;
	check_type_name(check, makeTypeNameFromNameList(call->funcname),
					call->location);
	for (candidate = function_candidates(call->funcname); candidate;
		 candidate = candidate->next)
	{
		if (!is_callable_function(candidate->oid))
			refuse_call(check, candidate->oid, InvalidOid, call->location,
						"User-defined functions are not allowed.");
	}
}

/* The same for operators, none of which is ours. */
static void
check_operator_name(ConditionCheck *check, A_Expr *expr)
{
	char	   *schema;
	char	   *name;

	if (list_length(expr->name) < 2)
		return;
	DeconstructQualifiedName(expr->name, &schema, &name);
	if (strcmp(schema, "pg_catalog") != 0)
		refuse_feature(check, expr->location,
					   psprintf("operator %s.%s is not allowed in a condition",
								quote_identifier(schema), name),
					   "User-defined operators are not allowed.");
}

static void
remember_literal(ConditionCheck *check, A_Const *constant)
{
	ConditionLiteral *literal;

	if (constant->isnull || !IsA(&constant->val, String))
		return;
	literal = palloc_object(ConditionLiteral);
	literal->location = constant->location;
	literal->string = strVal(&constant->val);
	check->literals = lappend(check->literals, literal);
}

static bool
raw_walker(Node *node, void *context)
{
	ConditionCheck *check = (ConditionCheck *) context;

	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_SubLink:
			refuse_feature(check, ((SubLink *) node)->location,
						   "subquery is not allowed in a condition", NULL);
			break;
		case T_ParamRef:
			refuse_feature(check, ((ParamRef *) node)->location,
						   "parameter is not allowed in a condition", NULL);
			break;
		case T_TypeName:
			check_type_name(check, (TypeName *) node,
							((TypeName *) node)->location);
			break;
		case T_A_Expr:
			if (((A_Expr *) node)->kind == AEXPR_OP ||
				((A_Expr *) node)->kind == AEXPR_OP_ANY ||
				((A_Expr *) node)->kind == AEXPR_OP_ALL)
				check_operator_name(check, (A_Expr *) node);
			break;
		case T_FuncCall:
			check_call_name(check, (FuncCall *) node);
			break;
		case T_A_Const:
			remember_literal(check, (A_Const *) node);
			break;
		default:
			break;
	}
	return raw_expression_tree_walker(node, raw_walker, context);
}

void
condition_check_raw(ConditionCheck *check, Node *raw)
{
	(void) raw_walker(raw, check);
}


/* ----------------------------------------------------------------
 *						Literals and conversions
 * ----------------------------------------------------------------
 */

/*
 * Does a date/time string, or one of an array or range of such, stand for a
 * time that moves?  The words are compared as the server's date/time parser
 * does, as runs of letters; the quotes and backslashes that array and range
 * literals may have anywhere are skipped.
 */
static bool
is_moving(const char *string)
{
	static const char *const words[] = {"now", "today", "tomorrow", "yesterday"};
	StringInfoData word;

	initStringInfo(&word);
	for (const char *p = string;; p++)
	{
		if (*p == '"' || *p == '\\')
			continue;
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z'))
		{
			appendStringInfoChar(&word, *p);
			continue;
		}
		for (int i = 0; i < (int) lengthof(words); i++)
		{
			if (pg_strcasecmp(word.data, words[i]) == 0)
				return true;
		}
		resetStringInfo(&word);
		if (*p == '\0')
			return false;
	}
}

static void
check_moving(ConditionCheck *check, const char *string, int location)
{
	if (!is_moving(string))
		return;
	refuse(check, ERRCODE_FEATURE_NOT_SUPPORTED, location,
		   psprintf("date/time constant \"%s\" is not allowed in a condition",
					string),
		   "It would stand for the time at which the condition was read.",
		   kinds[check->kind].clock ?
		   "Use now(), CURRENT_DATE or CURRENT_TIMESTAMP." :
		   "A score rule cannot depend on the time of day.");
}

/*
 * A time with time zone that gives neither offset nor date gets today's
 * offset of the time zone.
 */
static void
check_timetz(ConditionCheck *check, Oid type, const char *string, int location)
{
	if (bottom_type(type) == TIMETZOID && strpbrk(string, "+-") == NULL)
		refuse(check, ERRCODE_FEATURE_NOT_SUPPORTED, location,
			   psprintf("time with time zone \"%s\" is not allowed in a condition",
						string),
			   "Without an offset from UTC it would depend on the day.",
			   "Write the offset, as in 12:00+00, or use type time.");
}

static const char *
literal_at(ConditionCheck *check, int location)
{
	ListCell   *lc;

	foreach(lc, check->literals)
	{
		ConditionLiteral *literal = (ConditionLiteral *) lfirst(lc);

		if (literal->location == location)
			return literal->string;
	}
	return NULL;
}

/*
 * A constant is harmless, but it may have been made from a string that reads
 * the clock.  (Not in a generated column: there it was made long ago.)
 */
static void
check_const(ConditionCheck *check, Const *constant)
{
	const char *string;

	if (constant->constisnull || check->generated != InvalidAttrNumber ||
		!is_clock_type(constant->consttype))
		return;
	string = literal_at(check, constant->location);
	if (string == NULL)
		refuse_feature(check, constant->location,
					   psprintf("constant of type %s is not allowed here in a condition",
								format_type_be(constant->consttype)),
					   "It has not been written as a string literal.");
	check_moving(check, string, constant->location);
	check_timetz(check, constant->consttype, string, constant->location);
}

/*
 * May a value of this type be read from, or written as, text?  Given the
 * type's input or output function.  Those of arrays and ranges pass the work
 * on, so look at the bottom.
 */
static bool
is_text_conversion_allowed(Oid type, bool input)
{
	Oid			bottom = bottom_type(type);
	Oid			function;
	Oid			typioparam;
	bool		typisvarlena;

	if (!is_type_allowed(type))
		return false;
	if (is_clock_type(bottom) || bottom == INTERVALOID ||
		get_typtype(bottom) == TYPTYPE_ENUM)
		return true;
	if (input)
		getTypeInputInfo(bottom, &function, &typioparam);
	else
		getTypeOutputInfo(bottom, &function, &typisvarlena);
	return IS_BUILTIN(function) &&
		func_volatile(function) == PROVOLATILE_IMMUTABLE;
}

static Node *
strip_relabel(Node *node)
{
	while (node != NULL && IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	return node;
}

/* A cast that goes by way of text. */
static void
check_coerce_via_io(ConditionCheck *check, CoerceViaIO *coerce)
{
	Node	   *arg = strip_relabel((Node *) coerce->arg);
	Oid			from = exprType((Node *) coerce->arg);
	const char *cast = psprintf("cast from type %s to type %s",
								format_type_be(from),
								format_type_be(coerce->resulttype));

	if (!is_text_conversion_allowed(from, false) ||
		!is_text_conversion_allowed(coerce->resulttype, true))
		refuse_feature(check, coerce->location,
					   psprintf("%s is not allowed in a condition", cast),
					   NULL);
	if (!is_clock_type(coerce->resulttype))
		return;

	if (IsA(arg, Const) && !((Const *) arg)->constisnull &&
		((Const *) arg)->consttype == TEXTOID)
		check_moving(check, TextDatumGetCString(((Const *) arg)->constvalue),
					 coerce->location);
	check_clock(check, coerce->location,
				psprintf("%s is not allowed in the condition of %s", cast,
						 kinds[check->kind].what),
				"Use to_date, to_timestamp, make_date or make_timestamptz, to which \"now\" means nothing.");
}

static void
check_sql_value(ConditionCheck *check, SQLValueFunction *value)
{
	switch (value->op)
	{
		case SVFOP_CURRENT_DATE:
		case SVFOP_CURRENT_TIME:
		case SVFOP_CURRENT_TIME_N:
		case SVFOP_CURRENT_TIMESTAMP:
		case SVFOP_CURRENT_TIMESTAMP_N:
		case SVFOP_LOCALTIME:
		case SVFOP_LOCALTIME_N:
		case SVFOP_LOCALTIMESTAMP:
		case SVFOP_LOCALTIMESTAMP_N:
			check_clock(check, value->location,
						psprintf("current date or time is not allowed in the condition of %s",
								 kinds[check->kind].what),
						NULL);
			break;
		default:
			refuse_feature(check, value->location,
						   "name of the current user, role, database or schema is not allowed in a condition",
						   "A condition must have the same answer for everybody.");
	}
}


/* ----------------------------------------------------------------
 *						The whitelist
 * ----------------------------------------------------------------
 */

static void
check_collation(ConditionCheck *check, Oid collation, int location)
{
	if (!IS_BUILTIN(collation))
		refuse(check, ERRCODE_FEATURE_NOT_SUPPORTED, location,
			   "user-defined collation is not allowed in a condition", NULL,
			   "Add a COLLATE clause with a built-in collation.");
}

static void
check_subscript(ConditionCheck *check, SubscriptingRef *ref)
{
	if (ref->refassgnexpr != NULL)
		elog(ERROR, "unexpected assignment in a condition");
	check_type(check, ref->refcontainertype, exprLocation((Node *) ref));
}

static void
check_row_compare(ConditionCheck *check, RowCompareExpr *compare)
{
	ListCell   *lc;

	foreach(lc, compare->opnos)
		check_operator(check, lfirst_oid(lc), exprLocation((Node *) compare));
	foreach(lc, compare->inputcollids)
		check_collation(check, lfirst_oid(lc), exprLocation((Node *) compare));
}

/* What the default: refuses, in words where we have them. */
static const char *
node_description(Node *node)
{
	switch (nodeTag(node))
	{
		case T_SubLink:
		case T_SubPlan:
			return "subquery";
		case T_Aggref:
		case T_GroupingFunc:
			return "aggregate function";
		case T_WindowFunc:
			return "window function";
		case T_Param:
			return "parameter";
		case T_RowExpr:
			return "row constructor";
		case T_FieldSelect:
			return "field of a composite value";
		case T_CoerceToDomain:
		case T_CoerceToDomainValue:
			return "cast to a domain";
		case T_ConvertRowtypeExpr:
			return "cast to a row type";
		case T_XmlExpr:
			return "XML expression";
		default:
			return "this kind of expression";
	}
}

/* One node by itself; its sub-expressions are the walker's business. */
static void
check_node(ConditionCheck *check, Node *node)
{
	int			location = exprLocation(node);

	switch (nodeTag(node))
	{
		case T_BoolExpr:
		case T_CaseExpr:
		case T_CaseTestExpr:
		case T_CoalesceExpr:
		case T_ArrayExpr:
		case T_NullTest:
		case T_BooleanTest:
		case T_RelabelType:
		case T_NamedArgExpr:
		case T_MinMaxExpr:
		case T_ArrayCoerceExpr:
			/* types and collations are all there is to check */
			break;
		case T_Var:
			check_var(check, (Var *) node);
			break;
		case T_Const:
			check_const(check, (Const *) node);
			break;
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
			check_operator(check, ((OpExpr *) node)->opno, location);
			break;
		case T_ScalarArrayOpExpr:
			check_operator(check, ((ScalarArrayOpExpr *) node)->opno, location);
			break;
		case T_RowCompareExpr:
			check_row_compare(check, (RowCompareExpr *) node);
			break;
		case T_FuncExpr:
			check_function(check, ((FuncExpr *) node)->funcid, InvalidOid,
						   location);
			check_format(check, (FuncExpr *) node);
			break;
		case T_CoerceViaIO:
			check_coerce_via_io(check, (CoerceViaIO *) node);
			break;
		case T_SubscriptingRef:
			check_subscript(check, (SubscriptingRef *) node);
			break;
		case T_CollateExpr:
			check_collation(check, ((CollateExpr *) node)->collOid, location);
			break;
		case T_SQLValueFunction:
			check_sql_value(check, (SQLValueFunction *) node);
			break;
		default:
			refuse_feature(check, location,
						   psprintf("%s is not allowed in a condition",
									node_description(node)),
						   NULL);
	}
	check_type(check, exprType(node), location);
	check_collation(check, exprInputCollation(node), location);
}

static bool
check_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (!IsA(node, List))
		check_node((ConditionCheck *) context, node);
	return expression_tree_walker(node, check_walker, context);
}

void
condition_check_expression(ConditionCheck *check, Node *node)
{
	(void) check_walker(node, check);
}


/* ----------------------------------------------------------------
 *						The planned tree
 * ----------------------------------------------------------------
 */

/*
 * One function that will be called.  One in SQL that the planner has not
 * inlined would bring an executor state whose life is bound to a transaction.
 */
static bool
note_function(Oid function, void *context)
{
	ConditionTraits *traits = (ConditionTraits *) context;
	FunctionFacts facts = function_facts(function);

	if (facts.volatility != PROVOLATILE_IMMUTABLE)
		traits->needs_settings = true;
	if (!facts.leakproof)
		traits->can_fail = true;
	return facts.language == SQLlanguageId;
}

static void
note_functions(ConditionTraits *traits, Node *node)
{
	if (check_functions_in_node(node, note_function, traits))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("function or operator is not allowed with these arguments in a condition"),
				 errdetail("It is written in SQL and could not be simplified."),
				 errhint("Use it with simpler arguments."),
				 parser_errposition(traits->pstate, exprLocation(node))));
}

static bool
traits_walker(Node *node, void *context)
{
	ConditionTraits *traits = (ConditionTraits *) context;

	if (node == NULL)
		return false;
	note_functions(traits, node);
	switch (nodeTag(node))
	{
		case T_Var:
		case T_Const:
		case T_BoolExpr:
		case T_CaseExpr:
		case T_CaseTestExpr:
		case T_CoalesceExpr:
		case T_ArrayExpr:
		case T_NullTest:
		case T_BooleanTest:
		case T_RelabelType:
		case T_CollateExpr:
		case T_List:
		case T_FuncExpr:
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
		case T_ScalarArrayOpExpr:
		case T_RowCompareExpr:
			/* functions in them have been noted */
			break;
		case T_SubscriptingRef:
			if (!getSubscriptingRoutines(((SubscriptingRef *) node)->refcontainertype,
										 NULL)->fetch_leakproof)
				traits->can_fail = true;
			break;
		case T_SQLValueFunction:
			traits->needs_settings = true;
			break;
		default:
			/* conversions by way of text, and what we do not know better */
			traits->can_fail = true;
			traits->needs_settings = true;
			break;
	}
	return expression_tree_walker(node, traits_walker, context);
}

void
condition_find_traits(ConditionTraits *traits, Node *node)
{
	(void) traits_walker(node, traits);
}
