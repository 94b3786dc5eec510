/*-------------------------------------------------------------------------
 *
 * rotation.h
 *	  Round robin without a row that every writer must lock.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_ROTATION_H
#define LEAD_MGMT_ROTATION_H

#include "workspace.h"

extern void rotation_init(void);

/* Draw the next ticket: the rep whose turn it is.  nreps must not be 0. */
extern int64 rotation_draw(Rotation *rotation, int64 *ticket);

/* Give back a ticket whose lead did not come to be. */
extern void rotation_return(Oid sequence, int64 ticket);

/* Let the next ticket begin a new round: who takes turns has changed. */
extern void rotation_begin_round(Rotation *rotation);

#endif							/* LEAD_MGMT_ROTATION_H */
