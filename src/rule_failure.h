/*-------------------------------------------------------------------------
 *
 * rule_failure.h
 *	  Conditions that failed: said once, and written down.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_RULE_FAILURE_H
#define LEAD_MGMT_RULE_FAILURE_H

#include "workspace.h"

/*
 * Warn that a condition failed on a row ("cannot_compile": that it cannot be
 * used at all), and note it to be written to rule_failure.  At most once per
 * rule, session and SQLSTATE.
 */
extern void rule_failure_report(Workspace *ws, const RuleName *rule,
								const ErrorData *error, bool cannot_compile);

/* The same for the rules that did not compile when the workspace was read. */
extern void rule_failure_report_broken(Workspace *ws);

/* Write what has been noted for this workspace; as its owner, within SPI. */
extern bool rule_failure_pending(Workspace *ws);
extern void rule_failure_flush(Workspace *ws);

/* Forget what an aborted (sub)transaction noted, so that it is said again. */
extern void rule_failure_aborted(SubTransactionId subid);
extern void rule_failure_committed(void);

#endif							/* LEAD_MGMT_RULE_FAILURE_H */
