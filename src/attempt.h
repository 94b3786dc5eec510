/*-------------------------------------------------------------------------
 *
 * attempt.h
 *	  Work that may fail without stopping the rest.
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

#endif							/* LEAD_MGMT_ATTEMPT_H */
