/*-------------------------------------------------------------------------
 *
 * merge.h
 *	  Leads merged into others, and that undone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_MERGE_H
#define LEAD_MGMT_MERGE_H

#include "touch.h"

/*
 * Is a merge, or its undoing, just moving rows of this workspace?  Then tables
 * whose rows are never changed let it, and scores are looked after by it.
 */
extern bool merge_is_moving(Oid lead_relid);

/*
 * What was written for leads that are merged goes to their masters: these
 * leads have just been touched because of it.
 */
extern void merge_forward(Oid lead_relid, Touch **touches, int n);

#endif							/* LEAD_MGMT_MERGE_H */
