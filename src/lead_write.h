/*-------------------------------------------------------------------------
 *
 * lead_write.h
 *	  Updates of lead that may write what only the database decides.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_LEAD_WRITE_H
#define LEAD_MGMT_LEAD_WRITE_H

#include "touch.h"

/* What an UPDATE of ours does to one lead besides what its columns say */
typedef struct LeadWrite
{
	int64		lead_id;

	/*
	 * The person is back: a lead that was put aside is taken up again, one
	 * that was given up or nurtured is new again if it may be, and the time
	 * for a first response begins again.
	 */
	bool		reopen;

	/* derived columns, which are not taken from the row itself */
	int			nvalues;
	const LeadColumn *columns;
	const Datum *values;
	const bool *isnull;

	/*
	 * What the lead is given comes from one that is merged into it: keys are
	 * not looked up among others, and who merges writes the log.
	 */
	bool		merge;

	/* Its keys are computed anew, and where they meet others', nobody is refused. */
	bool		rekey;

	/* It is compared with others as before: what is new, the merged lead is compared by. */
	bool		same_person;

	/* The row is written as it is: nothing is decided, nothing written down. */
	bool		verbatim;

	Touch	   *touch;			/* what it is scored by; NULL: as any UPDATE */

	bool		applied;
	bool		recorded;
} LeadWrite;

/* Leads in the order of their ids */
typedef struct LeadWrites
{
	struct LeadWrites *outer;
	Oid			lead_relid;
	LeadWrite  *writes;
	int			n;
} LeadWrites;

/*
 * Run an UPDATE of lead with these writes pending, within SPI and as the
 * owner; sorts them by lead.  Returns how many rows it updated.
 */
extern uint64 lead_write_execute(Workspace *ws, LeadWrite *writes, int n,
								 SPIPlanPtr plan, Datum *values, const char *nulls);

/* The same in steps, for any query: between the two, in PG_TRY. */
extern void lead_write_begin(LeadWrites *writes);
extern void lead_write_end(LeadWrites *writes);

/* For the triggers of lead: is this UPDATE one of ours?  Once only each. */
extern LeadWrite *lead_write_apply(Oid lead_relid, int64 lead_id);
extern LeadWrite *lead_write_recorded(Oid lead_relid, int64 lead_id);

#endif							/* LEAD_MGMT_LEAD_WRITE_H */
