/*-------------------------------------------------------------------------
 *
 * workspace.c
 *	  Finding the parts of a workspace from any of its tables.
 *
 * A workspace is a schema: its tables are found by their names in the schema
 * of the relation at hand, so renaming the schema or restoring a dump under
 * another name changes nothing.  Internal queries run as the owner of the
 * table whose trigger fires; therefore every sister must be a plain table of
 * that same owner.  A view in its place would run somebody's code as him.
 *
 *-------------------------------------------------------------------------
 */
#include "workspace.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/syscache.h"

const LeadColumn match_key_column[MATCH_KEYS] = {
	LEAD_EMAIL_KEY, LEAD_PHONE_KEY, LEAD_NAME_KEY
};

const char *const match_key_name[MATCH_KEYS] = {
	"email", "phone", "company_and_name"
};

/*
 * OID of the table "name" of a workspace; an error unless it is a plain or
 * partitioned table of the workspace's owner.
 */
Oid
sister_relation(Oid namespace, Oid owner, const char *name)
{
	Oid			relid = get_relname_relid(name, namespace);
	HeapTuple	tuple;
	Form_pg_class form;
	bool		sound;

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"%s.%s\" does not exist",
						get_namespace_name(namespace), name),
				 errdetail("It is a part of every workspace of lead_mgmt."),
				 errhint("Call lead_mgmt.upgrade_workspace to bring it back.")));

	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	form = (Form_pg_class) GETSTRUCT(tuple);
	sound = (form->relkind == RELKIND_RELATION ||
			 form->relkind == RELKIND_PARTITIONED_TABLE) &&
		form->relowner == owner;
	ReleaseSysCache(tuple);

	if (!sound)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("relation \"%s.%s\" cannot be used as a part of a workspace",
						get_namespace_name(namespace), name),
				 errdetail("It must be a table and belong to the owner of table \"lead\"."),
				 errhint("Let all tables of the workspace belong to one role.")));
	return relid;
}

/* The owner of a workspace's tables; an error if the schema is no workspace. */
Oid
workspace_owner(const char *schema, Oid namespace)
{
	Oid			relid = get_relname_relid("lead", namespace);
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("schema \"%s\" is not a workspace", schema),
				 errdetail("It has no table \"lead\"."),
				 errhint("lead_mgmt.create_workspace makes one; view lead_mgmt.workspace lists them.")));
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* The same, who the caller must be or act for. */
Oid
workspace_check_owner(const char *schema, Oid namespace)
{
	Oid			owner = workspace_owner(schema, namespace);

	if (!has_privs_of_role(GetUserId(), owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of workspace \"%s\"", schema)));
	return owner;
}

/* The table "lead" beside another table of the workspace. */
Oid
lead_of_sister(Relation relation)
{
	return sister_relation(RelationGetNamespace(relation),
						   relation->rd_rel->relowner, "lead");
}

/*
 * What was linked to a lead that left (either way) gets a link to the earliest
 * one that is still there: $1, $2 and $3 are who left, that one, and the key.
 */
#define RELINK_QUERY(name, column) \
	"INSERT INTO %1$s.duplicate_link (lead_id, other_id, rule, key, similarity, found_at) " \
	"SELECT DISTINCT n.id, u.earliest, $4, '" name "', 1, $5 " \
	"FROM (SELECT pg_catalog.unnest($1) AS departed, pg_catalog.unnest($2) AS earliest, " \
	"pg_catalog.unnest($3) AS old_key) u " \
	"CROSS JOIN LATERAL (SELECT k.lead_id AS id FROM %1$s.duplicate_link k " \
	"WHERE k.other_id OPERATOR(pg_catalog.=) u.departed AND k.key OPERATOR(pg_catalog.=) '" name "' " \
	"UNION SELECT k.other_id FROM %1$s.duplicate_link k " \
	"WHERE k.lead_id OPERATOR(pg_catalog.=) u.departed AND k.key OPERATOR(pg_catalog.=) '" name "') n " \
	"JOIN %1$s.lead s ON s.id OPERATOR(pg_catalog.=) n.id " \
	"WHERE s." column " OPERATOR(pg_catalog.=) u.old_key " \
	"AND n.id OPERATOR(pg_catalog.<>) u.earliest " \
	"AND NOT EXISTS (SELECT FROM %1$s.duplicate_link x " \
	"WHERE x.lead_id OPERATOR(pg_catalog.=) n.id AND x.other_id OPERATOR(pg_catalog.=) u.earliest " \
	"AND x.key OPERATOR(pg_catalog.=) '" name "')"

#define RELINK_ARGUMENTS \
	5, {INT8ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, TEXTOID, TIMESTAMPTZOID}, false

/*
 * Leads of a key, as far as one looks at them: at some numbers half the world
 * can be called.
 */
#define KNOWN_COLUMNS \
	"l.id, l.merged_into, l.archived_at IS NOT NULL AS archived, " \
	"l.email IS NOT NULL AS has_email, l.contact_name "

#define KNOWN_BY_KEY(way, column, key) \
	"(SELECT " way "::pg_catalog.int8 AS way, " KNOWN_COLUMNS "FROM %1$s.lead l " \
	"WHERE l." column " OPERATOR(pg_catalog.=) u." key " ORDER BY l.id LIMIT 250)"

#define KNOWN_BY_ALIAS(way, key) \
	"(SELECT " way "::pg_catalog.int8 AS way, " KNOWN_COLUMNS "FROM %1$s.lead_alias a " \
	"JOIN %1$s.lead l ON l.id OPERATOR(pg_catalog.=) a.lead_id " \
	"WHERE a.key OPERATOR(pg_catalog.=) '" key "' AND a.value OPERATOR(pg_catalog.=) u." key " LIMIT 250)"

typedef struct PlanSource
{
	const char *query;			/* %1$s: the quoted schema */
	int			nargs;
	Oid			argtypes[10];
	bool		by_index;		/* planned as if tables were large already */
} PlanSource;

/* A statement's rows travel as arrays: one query, whatever their number. */
static const PlanSource plan_sources[WORKSPACE_PLANS] = {
	[PLAN_STATUS_CHANGE] = {
		"INSERT INTO %1$s.status_change (lead_id, from_status, to_status, at, time_in_status, actor, login, recorded_at) "
		"SELECT pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), "
		"pg_catalog.unnest($4), pg_catalog.unnest($5), $6, $7, $8",
		8, {INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID,
		INTERVALARRAYOID, TEXTOID, TEXTOID, TIMESTAMPTZOID}, false
	},
	[PLAN_FIRST_CHANGE] = {
		"SELECT pg_catalog.min(at) FROM %1$s.status_change "
		"WHERE lead_id OPERATOR(pg_catalog.=) $1 AND from_status IS NOT NULL AND merged_from IS NULL",
		1, {INT8OID}, false
	},
	[PLAN_EXISTING] = {
		"SELECT id FROM %1$s.lead WHERE id OPERATOR(pg_catalog.=) ANY ($1)",
		1, {INT8ARRAYOID}, false
	},
	[PLAN_MOVE_CREATION] = {
		"UPDATE %1$s.status_change SET at = $2 "
		"WHERE lead_id OPERATOR(pg_catalog.=) $1 AND from_status IS NULL AND merged_from IS NULL",
		2, {INT8OID, TIMESTAMPTZOID}, false
	},
	[PLAN_MOVE_FIRST_CHANGE] = {
		"UPDATE %1$s.status_change SET time_in_status = at OPERATOR(pg_catalog.-) $2 "
		"WHERE id OPERATOR(pg_catalog.=) (SELECT c.id FROM %1$s.status_change c "
		"WHERE c.lead_id OPERATOR(pg_catalog.=) $1 AND c.from_status IS NOT NULL AND c.merged_from IS NULL "
		"ORDER BY c.at, c.id LIMIT 1)",
		2, {INT8OID, TIMESTAMPTZOID}, false
	},
	[PLAN_ASSIGNMENT] = {
		"INSERT INTO %1$s.assignment (lead_id, rep_id, from_rep_id, rule_id, method, reason, skipped, actor, login, at) "
		"SELECT pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), "
		"pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6), pg_catalog.unnest($7), $8, $9, $10",
		10, {INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID,
		TEXTARRAYOID, TEXTARRAYOID, JSONBARRAYOID, TEXTOID, TEXTOID, TIMESTAMPTZOID}, false
	},
	[PLAN_DUPLICATE_LINK] = {
		"INSERT INTO %1$s.duplicate_link (lead_id, other_id, rule, key, similarity, found_at) "
		"SELECT pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), "
		"pg_catalog.unnest($4), 1, $5",
		5, {INT8ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZOID}, false
	},
	[PLAN_RULE_FAILURE] = {
		"INSERT INTO %1$s.rule_failure (rule_kind, rule_id, rule, sqlstate, message, at) "
		"VALUES ($1, $2, $3, $4, $5, $6)",
		6, {TEXTOID, INT8OID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID}, false
	},
	[PLAN_RELINK_EMAIL] = {
		RELINK_QUERY("email", "email_key"), RELINK_ARGUMENTS
	},
	[PLAN_RELINK_PHONE] = {
		RELINK_QUERY("phone", "phone_key"), RELINK_ARGUMENTS
	},
	[PLAN_RELINK_NAME] = {
		RELINK_QUERY("company_and_name", "name_key"), RELINK_ARGUMENTS
	},
	[PLAN_UNLINK] = {
		"DELETE FROM %1$s.duplicate_link WHERE lead_id OPERATOR(pg_catalog.=) ANY ($1)",
		1, {INT8ARRAYOID}, false
	},
	[PLAN_DUPLICATE_DECISION] = {
		"INSERT INTO %1$s.duplicate_decision AS d (lead_id, other_id, state, actor, login, at) "
		"VALUES ($1, $2, $3, $4, $5, $6) "
		"ON CONFLICT (lead_id, other_id) DO UPDATE SET state = EXCLUDED.state, "
		"actor = EXCLUDED.actor, login = EXCLUDED.login, at = EXCLUDED.at",
		6, {INT8OID, INT8OID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID}, false
	},
	[PLAN_LOCK_LEADS] = {
		"SELECT id FROM %1$s.lead WHERE id OPERATOR(pg_catalog.=) ANY ($1) "
		"ORDER BY id FOR NO KEY UPDATE",
		1, {INT8ARRAYOID}, true
	},
	[PLAN_TOUCH_LEADS] = {
		"UPDATE %1$s.lead SET scored_at = pg_catalog.clock_timestamp() WHERE id OPERATOR(pg_catalog.=) ANY ($1)",
		1, {INT8ARRAYOID}, true
	},
	[PLAN_ENGAGEMENTS] = {
		"SELECT e FROM %1$s.engagement e WHERE e.lead_id OPERATOR(pg_catalog.=) ANY ($1)",
		1, {INT8ARRAYOID}, true
	},
	[PLAN_ADJUSTMENTS] = {
		"SELECT a.lead_id, a.points::pg_catalog.numeric, a.created_at, a.reason "
		"FROM %1$s.score_adjustment a WHERE a.lead_id OPERATOR(pg_catalog.=) ANY ($1) "
		"ORDER BY a.created_at, a.id",
		1, {INT8ARRAYOID}, true
	},
	[PLAN_STATE_DELETE] = {
		"DELETE FROM %1$s.score_state WHERE lead_id OPERATOR(pg_catalog.=) $1",
		1, {INT8OID}, true
	},
	[PLAN_LEAD_PAGE] = {
		"SELECT l FROM %1$s.lead l WHERE l.id OPERATOR(pg_catalog.>) $1 "
		"AND l.id OPERATOR(pg_catalog.<=) $2 ORDER BY l.id LIMIT $3",
		3, {INT8OID, INT8OID, INT8OID}, true
	},
	[PLAN_READY_STATES] = {
		"SELECT s.lead_id FROM %1$s.score_state s WHERE s.lead_id OPERATOR(pg_catalog.>) $1 "
		"AND s.lead_id OPERATOR(pg_catalog.<=) $2 AND s.ready_until IS NOT NULL ORDER BY s.lead_id",
		2, {INT8OID, INT8OID}, true
	},
	[PLAN_LEAD_SEEN] = {
		"SELECT FROM %1$s.lead WHERE id OPERATOR(pg_catalog.=) $1",
		1, {INT8OID}, true
	},
	[PLAN_LEAD_ROWS] = {
		"SELECT l FROM %1$s.lead l WHERE l.id OPERATOR(pg_catalog.=) ANY ($1) ORDER BY l.id",
		1, {INT8ARRAYOID}, true
	},
	[PLAN_LINK_MISSING] = {
		/*
		 * Not if it is there already, either way; found when it was first
		 * found.  By the index on lead_id: what a lead was linked to when it
		 * was looked up is little, what was linked to it later can be much.
		 */
		"INSERT INTO %1$s.duplicate_link (lead_id, other_id, rule, key, similarity, lead_stamp, other_stamp, found_at) "
		"SELECT u.lead_id, u.other_id, u.rule, u.key, pg_catalog.round(u.similarity::pg_catalog.numeric, 4), u.lead_stamp, u.other_stamp, "
		"COALESCE((SELECT pg_catalog.min(x.found_at) FROM %1$s.duplicate_link x "
		"WHERE x.lead_id OPERATOR(pg_catalog.=) u.lead_id AND x.other_id IS NOT DISTINCT FROM u.other_id "
		"AND x.key OPERATOR(pg_catalog.=) u.key), $8) "
		"FROM (SELECT pg_catalog.unnest($1) AS lead_id, pg_catalog.unnest($2) AS other_id, pg_catalog.unnest($3) AS rule, "
		"pg_catalog.unnest($4) AS key, pg_catalog.unnest($5) AS similarity, pg_catalog.unnest($6) AS lead_stamp, "
		"pg_catalog.unnest($7) AS other_stamp) u "
		"WHERE NOT EXISTS (SELECT FROM %1$s.duplicate_link x "
		"WHERE x.lead_id OPERATOR(pg_catalog.=) u.lead_id AND x.other_id IS NOT DISTINCT FROM u.other_id "
		"AND x.key OPERATOR(pg_catalog.=) u.key AND x.lead_stamp IS NOT DISTINCT FROM u.lead_stamp "
		"AND x.other_stamp IS NOT DISTINCT FROM u.other_stamp) "
		"AND NOT EXISTS (SELECT FROM %1$s.duplicate_link x "
		"WHERE x.lead_id OPERATOR(pg_catalog.=) u.other_id AND x.other_id IS NOT DISTINCT FROM u.lead_id "
		"AND x.key OPERATOR(pg_catalog.=) u.key AND x.lead_stamp IS NOT DISTINCT FROM u.other_stamp "
		"AND x.other_stamp IS NOT DISTINCT FROM u.lead_stamp)",
		8, {INT8ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, FLOAT8ARRAYOID, INT8ARRAYOID,
		INT8ARRAYOID, TIMESTAMPTZOID}, true
	},
	[PLAN_FORGET_LINKS] = {
		"DELETE FROM %1$s.duplicate_link k USING (SELECT pg_catalog.unnest($1) AS lead_id, pg_catalog.unnest($2) AS stamp) u "
		"WHERE k.lead_id OPERATOR(pg_catalog.=) u.lead_id AND k.key OPERATOR(pg_catalog.=) 'fuzzy' "
		"AND k.lead_stamp IS DISTINCT FROM u.stamp",
		2, {INT8ARRAYOID, INT8ARRAYOID}, true
	},
	[PLAN_NEIGHBORS] = {
		"SELECT k.lead_id FROM %1$s.duplicate_link k WHERE k.other_id OPERATOR(pg_catalog.=) $1 "
		"AND k.key OPERATOR(pg_catalog.=) 'fuzzy' "
		"UNION SELECT k.other_id FROM %1$s.duplicate_link k WHERE k.lead_id OPERATOR(pg_catalog.=) $1 "
		"AND k.key OPERATOR(pg_catalog.=) 'fuzzy' ORDER BY 1 LIMIT $2",
		2, {INT8OID, INT8OID}, true
	},
	[PLAN_BLOCK_INSERT] = {
		"INSERT INTO %1$s.lead_block (block, lead_id) SELECT pg_catalog.unnest($1), pg_catalog.unnest($2)",
		2, {INT8ARRAYOID, INT8ARRAYOID}, false
	},
	[PLAN_BLOCK_DELETE] = {
		"DELETE FROM %1$s.lead_block b USING (SELECT pg_catalog.unnest($1) AS block, pg_catalog.unnest($2) AS lead_id) u "
		"WHERE b.block OPERATOR(pg_catalog.=) u.block AND b.lead_id OPERATOR(pg_catalog.=) u.lead_id",
		2, {INT8ARRAYOID, INT8ARRAYOID}, true
	},
	[PLAN_LEAD_EVENT] = {
		"INSERT INTO %1$s.lead_event (lead_id, event, at) SELECT pg_catalog.unnest($1), $2, $3",
		3, {INT8ARRAYOID, TEXTOID, TIMESTAMPTZOID}, false
	},
	[PLAN_SUBMISSIONS] = {
		"SELECT e.submission_id, e.lead_id FROM %1$s.engagement e "
		"WHERE e.submission_id OPERATOR(pg_catalog.=) ANY ($1)",
		1, {UUIDARRAYOID}, true
	},
	[PLAN_KNOWN] = {
		"SELECT u.n, c.way, c.id, c.merged_into, c.archived, c.has_email, c.contact_name "
		"FROM (SELECT pg_catalog.unnest($1) AS n, pg_catalog.unnest($2) AS email, "
		"pg_catalog.unnest($3) AS phone, pg_catalog.unnest($4) AS name) u CROSS JOIN LATERAL ("
		KNOWN_BY_KEY("0", "email_key", "email") " UNION ALL "
		KNOWN_BY_KEY("1", "phone_key", "phone") " UNION ALL "
		KNOWN_BY_KEY("2", "name_key", "name") " UNION ALL "
		KNOWN_BY_ALIAS("3", "email") " UNION ALL "
		KNOWN_BY_ALIAS("4", "phone") ") c",
		4, {INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID}, true
	},
	[PLAN_KNOWN_ALIAS] = {
		"INSERT INTO %1$s.lead_alias (lead_id, key, value) "
		"SELECT u.lead_id, u.key, u.value "
		"FROM (SELECT pg_catalog.unnest($1) AS lead_id, pg_catalog.unnest($2) AS key, "
		"pg_catalog.unnest($3) AS value) u "
		"WHERE NOT EXISTS (SELECT FROM %1$s.lead_alias a "
		"WHERE a.lead_id OPERATOR(pg_catalog.=) u.lead_id AND a.key OPERATOR(pg_catalog.=) u.key "
		"AND a.value OPERATOR(pg_catalog.=) u.value)",
		3, {INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID}, true
	},
	[PLAN_KNOWN_ENGAGEMENT] = {
		"INSERT INTO %1$s.engagement (lead_id, kind, at, url, campaign, properties, submission_id) "
		"SELECT pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), "
		"pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6), pg_catalog.unnest($7)",
		7, {INT8ARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
		JSONBARRAYOID, UUIDARRAYOID}, false
	},
};

/* Ways that a plan may take */
typedef struct PlanWays
{
	bool		seqscan;
	bool		hashjoin;
	bool		mergejoin;
	bool		material;
} PlanWays;

static PlanWays
get_ways(void)
{
	return (PlanWays) {enable_seqscan, enable_hashjoin, enable_mergejoin, enable_material};
}

static void
set_ways(PlanWays ways)
{
	enable_seqscan = ways.seqscan;
	enable_hashjoin = ways.hashjoin;
	enable_mergejoin = ways.mergejoin;
	enable_material = ways.material;
}

static void
plan_now(SPIPlanPtr plan)
{
	ListCell   *lc;

	foreach(lc, SPI_plan_get_plan_sources(plan))
	{
		CachedPlan *cached = GetCachedPlan(lfirst(lc), NULL, CurrentResourceOwner, NULL);

		ReleaseCachedPlan(cached, CurrentResourceOwner);
	}
}

/*
 * Plan now, once for all arguments, and by the indexes: a plan that is kept
 * from when the table had ten rows would scan all of it for ever after, be it
 * through an index, for a join that wants to have it whole.
 */
static void
plan_by_index(SPIPlanPtr plan)
{
	PlanWays	saved = get_ways();

	set_ways((PlanWays) {false, false, false, false});
	PG_TRY();
	{
		plan_now(plan);
	}
	PG_FINALLY();
	{
		set_ways(saved);
	}
	PG_END_TRY();
}

static SPIPlanPtr
prepare(char *query, int nargs, const Oid *argtypes, bool by_index)
{
	Oid		   *types = palloc((nargs + 1) * sizeof(Oid));
	SPIPlanPtr	plan;

	memcpy(types, argtypes, nargs * sizeof(Oid));
	plan = SPI_prepare_cursor(query, nargs, types, by_index ? CURSOR_OPT_GENERIC_PLAN : 0);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare returned %s for query: %s",
			 SPI_result_code_string(SPI_result), query);
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "SPI_keepplan failed");
	pfree(query);
	return plan;
}

/*
 * A prepared statement of the workspace, kept with it.  Must be called within
 * SPI_connect, as the owner.
 */
SPIPlanPtr
workspace_plan(Workspace *ws, WorkspacePlan which)
{
	const PlanSource *source = &plan_sources[which];

	if (ws->plans[which] == NULL)
		ws->plans[which] = prepare(psprintf(source->query, ws->schema), source->nargs,
								   source->argtypes, source->by_index);
	/* each time: many a thing makes the server plan again, a search_path too */
	if (source->by_index)
		plan_by_index(ws->plans[which]);
	return ws->plans[which];
}

SPIPlanPtr
workspace_built_plan(Workspace *ws, WorkspacePlan which, char *(*build) (Workspace *ws),
					 int nargs, const Oid *argtypes)
{
	if (ws->plans[which] == NULL)
		ws->plans[which] = prepare(build(ws), nargs, argtypes, true);
	plan_by_index(ws->plans[which]);
	return ws->plans[which];
}

/* Those who take turns in a team, or (0) all active reps; NULL: no such team. */
Rotation *
workspace_rotation(Workspace *ws, int64 team_id)
{
	for (int i = 0; i < ws->nrotations; i++)
		if (ws->rotations[i]->team_id == team_id)
			return ws->rotations[i];
	return NULL;
}

bool
workspace_finds(Relation relation, const char *query)
{
	OwnerSwitch saved = switch_to_owner(relation->rd_rel->relowner);
	bool		found;

	spi_begin();
	spi_check(SPI_execute(query, false, 1), SPI_OK_SELECT, query);
	found = SPI_processed > 0;
	spi_end();
	switch_back(saved);
	return found;
}

void
workspace_store_row(TupleTableSlot *slot, HeapTupleHeader row)
{
	HeapTupleData tuple;

	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	ExecClearTuple(slot);
	heap_deform_tuple(&tuple, slot->tts_tupleDescriptor, slot->tts_values, slot->tts_isnull);
	ExecStoreVirtualTuple(slot);
}

void
workspace_borrow_row(TupleTableSlot *slot, TupleTableSlot *source)
{
	int			natts = slot->tts_tupleDescriptor->natts;

	slot_getallattrs(source);
	ExecClearTuple(slot);
	memcpy(slot->tts_values, source->tts_values, natts * sizeof(Datum));
	memcpy(slot->tts_isnull, source->tts_isnull, natts * sizeof(bool));
	ExecStoreVirtualTuple(slot);
}

#define NAMES_LISTED 20

char *
workspace_list_names(char **names, int n)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < n && i < NAMES_LISTED; i++)
		appendStringInfo(&list, "%s\"%s\"", i > 0 ? ", " : "", names[i]);
	if (n > NAMES_LISTED)
		appendStringInfoString(&list, ", ...");
	return list.data;
}

static int
compare_name(const void *a, const void *b)
{
	return strcmp((const char *) a, *(char *const *) b);
}

/* The names are sorted by strcmp. */
bool
workspace_has_name(char **names, int n, const char *name)
{
	return bsearch(name, names, n, sizeof(char *), compare_name) != NULL;
}
