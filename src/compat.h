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
#include "fmgr.h"

#if PG_VERSION_NUM < 150000
#error "lead_mgmt needs PostgreSQL 15 or later"
#endif

/* 18 names the module in its magic block and counts index searches */
#if PG_VERSION_NUM >= 180000
#define LEAD_MGMT_MODULE_MAGIC \
	PG_MODULE_MAGIC_EXT(.name = "lead_mgmt", .version = LEAD_MGMT_VERSION)
#define lead_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan(heap, index, snapshot, NULL, nkeys, 0)
#else
#define LEAD_MGMT_MODULE_MAGIC PG_MODULE_MAGIC
#define lead_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan(heap, index, snapshot, nkeys, 0)
#endif


#endif							/* LEAD_MGMT_COMPAT_H */
