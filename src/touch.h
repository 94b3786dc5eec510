/*-------------------------------------------------------------------------
 *
 * touch.h
 *	  Leads that are scored anew since something about them has changed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_TOUCH_H
#define LEAD_MGMT_TOUCH_H

#include "score_state.h"

typedef struct Touch
{
	LeadHistory history;		/* of this lead: what has been added, or ... */
	bool		whole;			/* ... all there is, to be read first */
	int64		rule_version;	/* of the model that its totals are by */
	bool		applied;
	int64		merged_into;	/* found then: the lead is merged into this one */
} Touch;

/*
 * Give these leads their new scores, in batches, each locked in the order of
 * their ids; leads that are not there are left out.  Returns how many there
 * were.
 */
extern int	touch_leads(Oid lead_relid, Touch **touches, int n);

/* Lock them in the order of their ids; returns how many there are. */
extern uint64 lock_leads(Workspace *ws, Datum ids);

/* For the trigger of lead: is this UPDATE one of touch_leads()?  Once only. */
extern Touch *touch_apply(Oid lead_relid, int64 lead_id);

#endif							/* LEAD_MGMT_TOUCH_H */
