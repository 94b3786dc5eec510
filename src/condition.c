/*-------------------------------------------------------------------------
 *
 * condition.c
 *	  Conditions: parsed, compiled and run.
 *
 * A condition is an SQL expression that one person stores in a table and that
 * runs when another person writes a row.  Three things follow.
 *
 * It must do nothing but look at the row.  We do not try to recognise bad
 * text.  The server's own parser reads the text in the mode in which PL/pgSQL
 * has its expressions read, so that there is no SELECT around it whose
 * parenthesis it could close and every error position is a position in the
 * text itself; of the resulting statement we accept only the shape "one
 * expression and nothing else"; and of the analysed expression only nodes,
 * functions, operators, types and collations that are on a list
 * (condition_check.c).  What nobody thought of is refused.  The same list is
 * applied each time a condition is compiled, not only when it is written,
 * because a dump or a replica session stores rules without running triggers.
 *
 * It must mean the same to everybody.  Names are looked up, literals are read
 * and the expression is run under fixed settings.  While compiling, what
 * concerns the lexer and the look-up of names is set through the GUC
 * machinery at a nest level of our own.  The settings that built-in functions
 * read while running (TimeZone, DateStyle and kin) are plain variables of the
 * backend, and those we swap directly: it costs nanoseconds, which is what
 * can be afforded once a row, and no GUC hook runs.
 *
 * It must be cheap and last.  A compiled condition is an ExprState, built once
 * per session and evaluated millions of times, across transactions.  So
 * nothing in it may depend on the life of a transaction or of an executor
 * state: functions in SQL must have been inlined (their executor state belongs
 * to a transaction), and whatever the executor keeps per query is kept in the
 * condition's own memory context.
 *
 * A condition that fails on a row must not lose the row.  Errors can only be
 * caught by rolling back a subtransaction.  We start one for all conditions of
 * a row that can fail at all; when one of them does, the work goes on behind
 * it in the next subtransaction, so that there are as many of them as
 * failures, plus one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "condition_internal.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "parser/scanner.h"
#include "parser/scansup.h"
#include "utils/array.h"
#include "utils/bytea.h"
#include "utils/float.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

/* Nobody writes longer ones by hand, and parsing must not eat the stack. */
#define MAX_CONDITION_LENGTH	10000

/* A Condition and what only we need to know of it. */
typedef struct CompiledCondition
{
	Condition	condition;		/* must be first */
	MemoryContext context;		/* the one that it lives in */
} CompiledCondition;

/* The backend's variables that running expressions read. */
typedef struct SessionSettings
{
	pg_tz	   *session_timezone;
	int			date_style;
	int			date_order;
	int			interval_style;
	int			extra_float_digits;
	int			bytea_output;
	bool		array_nulls;
} SessionSettings;

/* What evaluation borrows, to be given back whatever happens. */
typedef struct Loan
{
	SessionSettings settings;
	bool		settings_swapped;
	MemoryContext per_query_memory;
} Loan;


/* ----------------------------------------------------------------
 *						Settings
 * ----------------------------------------------------------------
 */

static void
save_session_settings(SessionSettings *saved)
{
	saved->session_timezone = session_timezone;
	saved->date_style = DateStyle;
	saved->date_order = DateOrder;
	saved->interval_style = IntervalStyle;
	saved->extra_float_digits = extra_float_digits;
	saved->bytea_output = bytea_output;
	saved->array_nulls = Array_nulls;
}

static void
restore_session_settings(const SessionSettings *saved)
{
	session_timezone = saved->session_timezone;
	DateStyle = saved->date_style;
	DateOrder = saved->date_order;
	IntervalStyle = saved->interval_style;
	extra_float_digits = saved->extra_float_digits;
	bytea_output = saved->bytea_output;
	Array_nulls = saved->array_nulls;
}

/* Nothing here can raise an error, so a caller may do it before PG_TRY. */
static void
use_condition_settings(const ConditionSettings *settings)
{
	session_timezone = settings->time_zone;
	DateStyle = USE_ISO_DATES;
	DateOrder = DATEORDER_MDY;
	IntervalStyle = INTSTYLE_POSTGRES;
	extra_float_digits = 1;
	bytea_output = BYTEA_OUTPUT_HEX;
	Array_nulls = true;
}

/*
 * Set one configuration parameter at the current nest level.  One that has
 * its value already is left alone, and so is one that this server no longer
 * has.
 */
static void
set_parameter(const char *name, const char *value)
{
	const char *current = GetConfigOption(name, true, false);

	if (current == NULL || strcmp(current, value) == 0)
		return;
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

/*
 * The parameters that decide how text is read and names are found.  An error
 * further on undoes them with the transaction or subtransaction it aborts.
 */
static void
set_compile_parameters(void)
{
	set_parameter("search_path", "pg_catalog, pg_temp");
	set_parameter("standard_conforming_strings", "on");
	set_parameter("backslash_quote", "safe_encoding");
	set_parameter("transform_null_equals", "off");
	set_parameter("lc_monetary", "C");
	set_parameter("timezone_abbreviations", "Default");
}


/* ----------------------------------------------------------------
 *						Reading the text
 * ----------------------------------------------------------------
 */

/*
 * Make an error's position one in the condition rather than one in whatever
 * statement the client happens to run.
 */
static void
condition_error_callback(void *arg)
{
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
	}
	internalerrquery((const char *) arg);
}

/* Between two tokens there may be white space, but no comment. */
static void
check_gap(ParseState *pstate, int from, int to)
{
	const char *text = pstate->p_sourcetext;

	for (int i = from; i < to; i++)
	{
		if (!scanner_isspace(text[i]))
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("comment is not allowed in a condition"),
					 parser_errposition(pstate, i)));
	}
}

/*
 * A string literal may be continued on the next line, and the scanner takes a
 * comment in between for part of the literal.  Given a token's text, look
 * into the gaps between its quoted parts.  (A doubled quote leaves a gap of
 * no length, which is as good as none.)
 */
static void
check_string_gaps(ParseState *pstate, int from, int to)
{
	const char *text = pstate->p_sourcetext;
	bool		has_escapes = (text[from] == 'e' || text[from] == 'E');
	bool		inside = false;
	int			gap = -1;

	for (int i = from; i < to; i++)
	{
		if (!inside && gap < 0 && (text[i] == '"' || text[i] == '$'))
			return;				/* quoted identifier or dollar quotes */
		if (inside && has_escapes && text[i] == '\\')
			i++;
		else if (text[i] == '\'' && !inside)
		{
			if (gap >= 0)
				check_gap(pstate, gap, i);
			inside = true;
		}
		else if (text[i] == '\'')
		{
			inside = false;
			gap = i + 1;
		}
		else if (!inside && gap >= 0 && !scanner_isspace(text[i]))
			check_gap(pstate, i, i + 1);
	}
}

/*
 * SELECT may be followed by ALL, which leaves no trace in the parse tree.  No
 * expression can begin with that word.
 */
static void
check_first_token(ParseState *pstate, int from, int to)
{
	if (to - from == 3 && pg_strncasecmp(pstate->p_sourcetext + from, "all", 3) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("%s is not allowed in a condition", "ALL"),
				 errdetail("A condition is a single expression."),
				 parser_errposition(pstate, from)));
}

/* Look at the text token by token: there must be some, and no comments. */
static void
check_tokens(ParseState *pstate)
{
	const char *text = pstate->p_sourcetext;
	core_yy_extra_type extra;
	core_YYSTYPE value;
	YYLTYPE		location = 0;
	core_yyscan_t scanner;
	int			end = 0;
	bool		found = false;

	scanner = scanner_init(text, &extra, &ScanKeywords, ScanKeywordTokens);
	while (core_yylex(&value, &location, scanner) != 0)
	{
		check_gap(pstate, end, location);
		/* the scanner keeps a zero byte behind the token it has returned */
		end = location + (int) strlen(extra.scanbuf + location);
		check_string_gaps(pstate, location, end);
		if (!found)
			check_first_token(pstate, location, end);
		found = true;
	}
	check_gap(pstate, end, (int) strlen(text));
	scanner_finish(scanner);

	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("condition is empty"),
				 errhint("Write %s for a condition that always holds.", "true")));
}

static void
refuse_clause(ParseState *pstate, const char *clause, Node *node)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("%s is not allowed in a condition", clause),
			 errdetail("A condition is a single expression."),
			 parser_errposition(pstate, exprLocation(node))));
}

/*
 * The grammar reads an expression as the part of a SELECT that follows the
 * word.  Refuse all that makes it more than an expression.
 */
static void
check_only_expression(ParseState *pstate, SelectStmt *stmt)
{
	struct
	{
		const char *name;
		void	   *node;
	}			clauses[] =
	{
		{"DISTINCT", stmt->distinctClause},
		{"INTO", stmt->intoClause},
		{"FROM", stmt->fromClause},
		{"WHERE", stmt->whereClause},
		{"GROUP BY", stmt->groupClause},
		{"HAVING", stmt->havingClause},
		{"WINDOW", stmt->windowClause},
		{"VALUES", stmt->valuesLists},
		{"ORDER BY", stmt->sortClause},
		{"OFFSET", stmt->limitOffset},
		{"LIMIT", stmt->limitCount},
		{"FOR UPDATE/SHARE", stmt->lockingClause},
		{"WITH", stmt->withClause},
		{"UNION", stmt->larg}
	};
	SelectStmt *bare = makeNode(SelectStmt);

	for (int i = 0; i < (int) lengthof(clauses); i++)
	{
		if (clauses[i].node != NULL)
			refuse_clause(pstate, clauses[i].name, (Node *) clauses[i].node);
	}

	/* and what later servers may add, such as GROUP BY ALL */
	bare->targetList = stmt->targetList;
	if (!equal(stmt, bare))
		refuse_clause(pstate, "SELECT clause", NULL);
}

/* The one expression of the statement's target list. */
static Node *
single_target(ParseState *pstate, List *targets)
{
	ResTarget  *target;

	if (targets == NIL)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("condition is empty")));
	if (list_length(targets) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("list of expressions is not allowed in a condition"),
				 errdetail("A condition is a single expression."),
				 errhint("Combine expressions with AND or OR."),
				 parser_errposition(pstate, exprLocation(lsecond(targets)))));

	target = linitial_node(ResTarget, targets);
	if (target->name != NULL || target->indirection != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("syntax error at or near \"%s\"",
						target->name ? target->name : "."),
				 errdetail("It stands behind a complete expression; a condition is a single one."),
				 parser_errposition(pstate, target->location)));
	if (IsA(target->val, ColumnRef) &&
		IsA(llast(((ColumnRef *) target->val)->fields), A_Star))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
				 errmsg("\"*\" is not allowed in a condition"),
				 parser_errposition(pstate, target->location)));
	return target->val;
}

/* From text to the raw tree of one expression. */
static Node *
parse_condition(ParseState *pstate)
{
	const char *text = pstate->p_sourcetext;
	size_t		length = strlen(text);
	List	   *statements;
	RawStmt    *raw;
	SelectStmt *stmt;

	if (length > MAX_CONDITION_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("condition is too long"),
				 errdetail("It has %zu bytes; at most %d are allowed.",
						   length, MAX_CONDITION_LENGTH)));

	check_tokens(pstate);
	statements = raw_parser(text, RAW_PARSE_PLPGSQL_EXPR);
	if (list_length(statements) != 1)
		elog(ERROR, "condition was parsed into %d statements",
			 list_length(statements));
	raw = linitial_node(RawStmt, statements);
	stmt = castNode(SelectStmt, raw->stmt);

	check_only_expression(pstate, stmt);
	return single_target(pstate, stmt->targetList);
}


/* ----------------------------------------------------------------
 *						Compiling
 * ----------------------------------------------------------------
 */

/* A parse state that knows the one relation, by the name of its kind. */
static ParseState *
make_condition_parsestate(ConditionCheck *check, const char *text)
{
	ParseState *pstate = make_parsestate(NULL);
	Alias	   *alias = makeNode(Alias);
	ParseNamespaceItem *item;

	alias->aliasname = pstrdup(condition_relation_name(check->kind));
	pstate->p_sourcetext = text;
	pstate->p_post_columnref_hook = condition_check_column_hook;
	pstate->p_ref_hook_state = check;
	item = addRangeTableEntryForRelation(pstate, check->relation,
										 AccessShareLock, alias, false, false);
	addNSItemToQuery(pstate, item, false, true, true);
	return pstate;
}

/* From text to an expression that the planner has been over. */
static Node *
plan_condition(ConditionCheck *check, const char *text)
{
	Node	   *node;

	check->pstate = make_condition_parsestate(check, text);

	node = parse_condition(check->pstate);
	condition_check_raw(check, node);
	node = transformExpr(check->pstate, node, EXPR_KIND_WHERE);
	node = coerce_to_boolean(check->pstate, node, "condition");
	assign_expr_collations(check->pstate, node);
	condition_check_expression(check, node);

	node = condition_finish_columns(check, node);
	node = (Node *) expression_planner((Expr *) node);
	/* the planner proper would do this for a query: long IN lists are hashed */
	convert_saop_to_hashed_saop(node);
	return node;
}

/* Make the lasting form of a planned expression in the given context. */
static Condition *
build_condition(MemoryContext context, ConditionCheck *check, Node *planned,
				const char *text)
{
	MemoryContext oldcontext;
	CompiledCondition *compiled;
	Condition  *condition;
	ConditionTraits traits = {.pstate = check->pstate};

	condition_find_traits(&traits, planned);

	oldcontext = MemoryContextSwitchTo(context);
	compiled = palloc0_object(CompiledCondition);
	compiled->context = context;
	condition = &compiled->condition;
	condition->kind = check->kind;
	condition->text = pstrdup(text);
	condition->columns = bms_copy(check->columns);
	condition->can_fail = traits.can_fail;
	condition->needs_settings = traits.needs_settings;
	condition->reads_setting = check->reads_setting;
	condition->state = ExecInitExpr((Expr *) copyObject(planned), NULL);
	MemoryContextSwitchTo(oldcontext);
	return condition;
}

Condition *
condition_compile(Relation relation, ConditionKind kind, const char *text,
				  const ConditionSettings *settings)
{
	MemoryContext context = CurrentMemoryContext;
	MemoryContext scratch;
	ErrorContextCallback callback;
	SessionSettings saved;
	ConditionCheck check = {.relation = relation, .kind = kind, .settings = settings};
	Condition  *volatile condition = NULL;
	int			nestlevel;

	/*
	 * What an error leaves behind must go with the transaction, for the
	 * caller's context is likely to outlive it.
	 */
	scratch = AllocSetContextCreate(CurTransactionContext, "condition",
									ALLOCSET_DEFAULT_SIZES);

	callback.callback = condition_error_callback;
	callback.arg = unconstify(char *, text);
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	nestlevel = NewGUCNestLevel();
	set_compile_parameters();
	save_session_settings(&saved);
	use_condition_settings(settings);
	PG_TRY();
	{
		Node	   *planned;

		MemoryContextSwitchTo(scratch);
		planned = plan_condition(&check, text);
		condition = build_condition(context, &check, planned, text);
	}
	PG_FINALLY();
	{
		restore_session_settings(&saved);
		MemoryContextSwitchTo(context);
	}
	PG_END_TRY();
	AtEOXact_GUC(true, nestlevel);

	error_context_stack = callback.previous;
	MemoryContextDelete(scratch);
	return condition;
}


/* ----------------------------------------------------------------
 *						Evaluation
 * ----------------------------------------------------------------
 */

/* Not inlined: what it computes must not live across the caller's setjmp(). */
static pg_noinline void
borrow(Loan *loan, ExprContext *econtext, const ConditionSettings *settings,
	   bool needs_settings)
{
	loan->per_query_memory = econtext->ecxt_per_query_memory;
	loan->settings_swapped = needs_settings;
	if (needs_settings)
	{
		save_session_settings(&loan->settings);
		use_condition_settings(settings);
	}
}

static void
give_back(Loan *loan, ExprContext *econtext)
{
	econtext->ecxt_per_query_memory = loan->per_query_memory;
	if (loan->settings_swapped)
		restore_session_settings(&loan->settings);
}

/*
 * Run one condition.  What the executor caches for "the query", such as the
 * hash table of a long IN list, hangs off the ExprState, so it must live as
 * long as that and not as long as the caller's econtext.
 */
static inline bool
evaluate(Condition *condition, ExprContext *econtext)
{
	bool		isnull;
	Datum		result;

	econtext->ecxt_per_query_memory = ((CompiledCondition *) condition)->context;
	result = ExecEvalExprSwitchContext(condition->state, econtext, &isnull);
	return !isnull && DatumGetBool(result);
}

bool
condition_must_not_catch(const ErrorData *error)
{
	switch (ERRCODE_TO_CATEGORY(error->sqlerrcode))
	{
		case ERRCODE_TRANSACTION_ROLLBACK:
		case ERRCODE_INSUFFICIENT_RESOURCES:
		case ERRCODE_OPERATOR_INTERVENTION:
		case ERRCODE_SYSTEM_ERROR:
		case ERRCODE_INTERNAL_ERROR:
			return true;
		default:
			return error->sqlerrcode == ERRCODE_ASSERT_FAILURE;
	}
}

/* Does it have to run in a subtransaction? */
static inline bool
is_protected(Condition **conditions, int i, const bool *known)
{
	return conditions[i]->can_fail && (known == NULL || !known[i]);
}

/*
 * Evaluate those that can fail, from the first one on, in a subtransaction.
 * Returns n if all went well, else the index of the one that failed, with
 * *failure set.
 */
static int
evaluate_protected(Condition **conditions, int first, int n, const bool *known,
				   ExprContext *econtext, bool *holds, ErrorData **failure)
{
	MemoryContext oldcontext = CurrentMemoryContext;
	ResourceOwner oldowner = CurrentResourceOwner;
	volatile int i = first;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(oldcontext);
	PG_TRY();
	{
		for (; i < n; i++)
		{
			if (is_protected(conditions, i, known))
				holds[i] = evaluate(conditions[i], econtext);
		}
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(oldcontext);
		CurrentResourceOwner = oldowner;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(oldcontext);
		*failure = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(oldcontext);
		CurrentResourceOwner = oldowner;
		if (i >= n || condition_must_not_catch(*failure))
			ReThrowError(*failure);
	}
	PG_END_TRY();
	return i;
}

/* All of them, within whatever the caller has borrowed. */
static bool
evaluate_all(Condition **conditions, int n, const bool *known,
			 ExprContext *econtext, bool *holds, ErrorData **failures)
{
	bool		any_failed = false;
	int			next = n;

	for (int i = n - 1; i >= 0; i--)
	{
		if (is_protected(conditions, i, known))
			next = i;
		else if (known == NULL || !known[i])
			holds[i] = evaluate(conditions[i], econtext);
	}

	while (next < n)
	{
		ErrorData  *failure = NULL;
		int			stopped;

		stopped = evaluate_protected(conditions, next, n, known, econtext,
									 holds, &failure);
		if (stopped < n)
		{
			holds[stopped] = false;
			failures[stopped] = failure;
			any_failed = true;
		}
		next = stopped + 1;
		while (next < n && !is_protected(conditions, next, known))
			next++;
	}
	return any_failed;
}

static pg_noinline bool
any_needs_settings(Condition **conditions, int n)
{
	for (int i = 0; i < n; i++)
		if (conditions[i]->needs_settings)
			return true;
	return false;
}

bool
conditions_hold(Condition **conditions, int n, const bool *known,
				ExprContext *econtext, const ConditionSettings *settings,
				bool *holds, ErrorData **failures)
{
	Loan		loan;
	volatile bool any_failed = false;

	borrow(&loan, econtext, settings, any_needs_settings(conditions, n));
	PG_TRY();
	{
		any_failed = evaluate_all(conditions, n, known, econtext, holds,
								  failures);
	}
	PG_FINALLY();
	{
		give_back(&loan, econtext);
	}
	PG_END_TRY();
	return any_failed;
}

bool
condition_holds_safely(Condition *condition, ExprContext *econtext,
					   const ConditionSettings *settings,
					   ErrorData **failure)
{
	bool		holds = false;

	*failure = NULL;
	(void) conditions_hold(&condition, 1, NULL, econtext, settings, &holds,
						   failure);
	return holds;
}
