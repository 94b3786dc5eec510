/*-------------------------------------------------------------------------
 *
 * attempt.h
 *	  Work that may fail, or be in vain, without stopping the rest.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_ATTEMPT_H
#define LEAD_MGMT_ATTEMPT_H

#include "lead_mgmt.h"

/*
 * Do the work in a subtransaction, all of it or nothing: NULL, or the error
 * that stopped it, in the caller's memory context.  Errors that are not about
 * the work, such as a cancel request or a deadlock, are raised again.
 */
extern ErrorData *attempt(void (*work) (void *), void *arg);

/*
 * Do some work in a subtransaction, which is kept if the work returns true and
 * rolled back if it returns false or fails.  Returns what the work did.
 */
extern bool in_subtransaction(bool (*work) (void *argument), void *argument);

#endif							/* LEAD_MGMT_ATTEMPT_H */
