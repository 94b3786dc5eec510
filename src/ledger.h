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

/* A lead is deleted: rows that are pending for it must not be written. */
extern void ledger_lead_deleted(void);
extern uint64 ledger_deletions(void);

/* Write what a statement has pending, as the owner of the workspace. */
extern void ledger_flush(Workspace *ws, Relation lead, Statement *statement);

/*
 * When did the lead first change its status after it came in?  DT_NOEND if it
 * never did.
 */
extern TimestampTz ledger_first_change(Workspace *ws, int64 lead_id);

/* The lead came in at another time than it was thought to. */
extern void ledger_move_creation(Workspace *ws, int64 lead_id, TimestampTz at);

#endif							/* LEAD_MGMT_LEDGER_H */
