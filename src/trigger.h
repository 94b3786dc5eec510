/*-------------------------------------------------------------------------
 *
 * trigger.h
 *	  What every trigger function asks first.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_TRIGGER_H
#define LEAD_MGMT_TRIGGER_H

#include "lead_mgmt.h"

#include "commands/trigger.h"

/* Anybody can call a trigger function: it is an error unless a trigger does. */
extern TriggerData *trigger_data(FunctionCallInfo fcinfo, const char *function);

/* The same, and it must be a trigger of this kind. */
extern TriggerData *trigger_data_of(FunctionCallInfo fcinfo, const char *function,
									bool before, bool row);

/*
 * The trigger must be on this table of a workspace ("or" is another one that
 * will do; NULL: none), and the table a plain one.
 */
extern void trigger_check_table(TriggerData *trigdata, const char *function,
								const char *table, const char *or);

#endif							/* LEAD_MGMT_TRIGGER_H */
