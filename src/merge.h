/*-------------------------------------------------------------------------
 *
 * merge.h
 *	  Leads merged into others, and that undone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_MERGE_H
#define LEAD_MGMT_MERGE_H

#include "workspace.h"

/*
 * Is a merge, or its undoing, just moving rows of this workspace?  Then tables
 * whose rows are never changed let it, and scores are looked after by it.
 */
extern bool merge_is_moving(Oid lead_relid);

#endif							/* LEAD_MGMT_MERGE_H */
