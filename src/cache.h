/*-------------------------------------------------------------------------
 *
 * cache.h
 *	  The one place where a session keeps what it read, and forgets it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_CACHE_H
#define LEAD_MGMT_CACHE_H

#include "workspace.h"

extern void cache_init(void);

/* The workspace that this lead table belongs to, as it stands now. */
extern Workspace *cache_workspace(Oid lead_relid);

/* Announce a change of a configuration table to every session. */
extern void cache_announce(Oid relid);

#endif							/* LEAD_MGMT_CACHE_H */
