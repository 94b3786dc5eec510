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
#include "fmgr.h"
#if PG_VERSION_NUM >= 160000
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

/* 19 gave catalog caches a type of their own */
#if PG_VERSION_NUM >= 190000
typedef SysCacheIdentifier lead_syscache_id;
#else
typedef int lead_syscache_id;
#endif


#endif							/* LEAD_MGMT_COMPAT_H */
