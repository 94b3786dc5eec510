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

/*
 * The workspace as it was before the statement on reps under way; it is not
 * freed before the transaction ends.
 */
extern Workspace *rotation_before;

typedef struct Ticket
{
	Oid			sequence;
	int64		number;
} Ticket;

/*
 * Leave out a ticket for the rest of the transaction, which cannot use it; then
 * it is drawn again.
 */
extern void rotation_pass_over(Rotation *rotation, int64 ticket);

/* Give back tickets whose leads did not come to be; sorts them. */
extern void rotation_return(Ticket *tickets, int n);

/* Let the next ticket begin a new round: who takes turns has changed. */
extern void rotation_begin_round(Rotation *rotation);

/* Teams take turns by tickets of their own: make the sequences that lack. */
extern void rotation_create_sequences(Workspace *ws);

#endif							/* LEAD_MGMT_ROTATION_H */
