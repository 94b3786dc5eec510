/*-------------------------------------------------------------------------
 *
 * submission.h
 *	  The same submission counts once, however often and at once it comes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_SUBMISSION_H
#define LEAD_MGMT_SUBMISSION_H

#include "workspace.h"

/*
 * Nobody else is between looking for a submission and writing it while this
 * is held.  Zero: not held.
 */
typedef struct SubmissionLock
{
	bool		held;
	uint32		hash;
	Oid			relid;
} SubmissionLock;

/*
 * Is there a row with this submission?  Waits for transactions that may write
 * one.  If there is none, takes the lock, which is to be released when the row
 * has been written.
 */
extern bool submission_exists(Workspace *ws, Relation engagement, Datum submission_id,
							  SubmissionLock *lock);
extern void submission_release(SubmissionLock *lock);

#endif							/* LEAD_MGMT_SUBMISSION_H */
