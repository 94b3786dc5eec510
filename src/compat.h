/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  Differences between server versions 15 to 19, in one place.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_COMPAT_H
#define LEAD_MGMT_COMPAT_H

#include "postgres.h"

#include "access/genam.h"
#include "access/relscan.h"
#include "utils/syscache.h"
#include "access/tableam.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "storage/lockdefs.h"
#include "utils/rel.h"
#if PG_VERSION_NUM >= 160000
#include "parser/parse_relation.h"
#include "varatt.h"
#endif

#if PG_VERSION_NUM < 150000
#error "lead_mgmt needs PostgreSQL 15 or later"
#endif

/* 18 names the module in its magic block */
#if PG_VERSION_NUM >= 180000
#define LEAD_MGMT_MODULE_MAGIC \
	PG_MODULE_MAGIC_EXT(.name = "lead_mgmt", .version = LEAD_MGMT_VERSION)
#else
#define LEAD_MGMT_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/* 18 counts index searches, 19 has flags for scans */
#if PG_VERSION_NUM >= 190000
#define lead_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan(heap, index, snapshot, NULL, nkeys, 0, SO_NONE)
#elif PG_VERSION_NUM >= 180000
#define lead_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan(heap, index, snapshot, NULL, nkeys, 0)
#else
#define lead_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan(heap, index, snapshot, nkeys, 0)
#endif

/* 16 moved permissions out of range table entries, 18 looks at pruned ones */
static inline void
lead_init_range_table(EState *estate, Relation relation, Bitmapset *updated_columns)
{
	RangeTblEntry *rte = makeNode(RangeTblEntry);
#if PG_VERSION_NUM >= 160000
	List	   *permissions = NIL;
	RTEPermissionInfo *permission;
#endif

	rte->rtekind = RTE_RELATION;
	rte->relid = RelationGetRelid(relation);
	rte->relkind = relation->rd_rel->relkind;
	rte->rellockmode = RowExclusiveLock;
#if PG_VERSION_NUM >= 160000
	permission = addRTEPermissionInfo(&permissions, rte);
	permission->updatedCols = updated_columns;
#else
	rte->updatedCols = updated_columns;
#endif
#if PG_VERSION_NUM >= 180000
	ExecInitRangeTable(estate, list_make1(rte), permissions, bms_make_singleton(1));
#elif PG_VERSION_NUM >= 160000
	ExecInitRangeTable(estate, list_make1(rte), permissions);
#else
	ExecInitRangeTable(estate, list_make1(rte));
#endif
}

/* 16 wants to know which relations results go to; none, for us */
#if PG_VERSION_NUM >= 160000
#define lead_epq_init(epqstate, estate) EvalPlanQualInit(epqstate, estate, NULL, NIL, -1, NIL)
#else
#define lead_epq_init(epqstate, estate) EvalPlanQualInit(epqstate, estate, NULL, NIL, -1)
#endif

/* 18 has generated columns that are not stored, which CHECK may read */
#if PG_VERSION_NUM >= 180000
#define lead_has_virtual_columns(constr) ((constr)->has_generated_virtual)
#else
#define lead_has_virtual_columns(constr) false
#endif

/* 18 renamed the compiled CHECK constraints of a result relation */
#if PG_VERSION_NUM >= 180000
#define lead_check_exprs ri_CheckConstraintExprs
#else
#define lead_check_exprs ri_ConstraintExprs
#endif

/* 18 can leave out one that is checked late, and so does not arbitrate */
#if PG_VERSION_NUM >= 180000
#define lead_primary_key(relation) RelationGetPrimaryKeyIndex(relation, false)
#else
#define lead_primary_key(relation) RelationGetPrimaryKeyIndex(relation)
#endif

/* 16 says whether only summarizing indexes are to be updated, 19 has flags */
#if PG_VERSION_NUM >= 190000
#define lead_insert_index_tuples(result, slot, estate) \
	ExecInsertIndexTuples(result, estate, 0, slot, NIL, NULL)
#elif PG_VERSION_NUM >= 160000
#define lead_insert_index_tuples(result, slot, estate) \
	ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL, false)
#else
#define lead_insert_index_tuples(result, slot, estate) \
	ExecInsertIndexTuples(result, slot, estate, false, false, NULL, NIL)
#endif

/* 16 has one function for the privileges on objects of any kind */
#if PG_VERSION_NUM >= 160000
#define lead_schema_usable(namespace) \
	(object_aclcheck(NamespaceRelationId, namespace, GetUserId(), ACL_USAGE) == ACLCHECK_OK)
#else
#define lead_schema_usable(namespace) \
	(pg_namespace_aclcheck(namespace, GetUserId(), ACL_USAGE) == ACLCHECK_OK)
#endif

/* 17 asks whether a stronger lock would do */
#if PG_VERSION_NUM >= 170000
#define lead_lock_held(tag, mode) LockHeldByMe(tag, mode, false)
#else
#define lead_lock_held(tag, mode) LockHeldByMe(tag, mode)
#endif

/* 16 says more about what it could not read */
#if PG_VERSION_NUM >= 160000
#define lead_decode_date_time(field, ftype, nf, dtype, tm, fsec, tz) \
	DecodeDateTime(field, ftype, nf, dtype, tm, fsec, tz, NULL)
#else
#define lead_decode_date_time(field, ftype, nf, dtype, tm, fsec, tz) \
	DecodeDateTime(field, ftype, nf, dtype, tm, fsec, tz)
#endif

/* 19 gave catalog caches a type of their own */
#if PG_VERSION_NUM >= 190000
typedef SysCacheIdentifier lead_syscache_id;
#else
typedef int lead_syscache_id;
#endif


#endif							/* LEAD_MGMT_COMPAT_H */
