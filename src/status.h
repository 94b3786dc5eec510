/*-------------------------------------------------------------------------
 *
 * status.h
 *	  Which status may follow which.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_STATUS_H
#define LEAD_MGMT_STATUS_H

#include "lead_row.h"

/* Refuse the row unless it may go from "from" (NULL: insert) to "to". */
extern void status_check(LeadRow *row, const char *from, const char *to);

/* May it? */
extern bool status_possible(LeadRow *row, const char *from, const char *to);

/* Refuse a time that a change of status brings along, unless it is possible. */
extern void status_check_time(LeadRow *row, TimestampTz last, TimestampTz at);

#endif							/* LEAD_MGMT_STATUS_H */
