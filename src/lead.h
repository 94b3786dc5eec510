/*-------------------------------------------------------------------------
 *
 * lead.h
 *	  What others tell the triggers of lead.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_LEAD_H
#define LEAD_MGMT_LEAD_H

/*
 * While this is not 0, an UPDATE computes all derived columns anew, whether
 * or not what they come from has changed.
 */
extern int	lead_recompute_depth;

#endif							/* LEAD_MGMT_LEAD_H */
