/*-------------------------------------------------------------------------
 *
 * ledger.h
 *	  Writing down what was decided.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_LEDGER_H
#define LEAD_MGMT_LEDGER_H

#include "statement.h"

/* Rows of a statement are written in batches of this size. */
#define LEDGER_BATCH 1000

/* Write what a statement has pending, as the owner of the workspace. */
extern void ledger_flush(Workspace *ws, Relation lead, Statement *statement);

#endif							/* LEAD_MGMT_LEDGER_H */
