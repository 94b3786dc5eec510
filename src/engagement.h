/*-------------------------------------------------------------------------
 *
 * engagement.h
 *	  What leads did, and corrections by hand: the triggers of both tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_ENGAGEMENT_H
#define LEAD_MGMT_ENGAGEMENT_H

#include "workspace.h"

extern void engagement_init(void);

/*
 * The history of a lead has been read from the tables.  If rows are in them
 * that wait to be added, adding them would count them twice.
 */
extern void engagement_was_read(Oid lead_relid, int64 lead_id);
extern bool engagement_must_read(int64 lead_id);

#endif							/* LEAD_MGMT_ENGAGEMENT_H */
