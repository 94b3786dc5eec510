/*-------------------------------------------------------------------------
 *
 * assignment.h
 *	  Who gets a lead.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_ASSIGNMENT_H
#define LEAD_MGMT_ASSIGNMENT_H

#include "lead_row.h"

/* A choice by hand, for the log */
extern const Outcome assignment_manual;

/*
 * Let the rules choose an owner for the row, which has none.  Draws a ticket,
 * so it comes after every check that can fail.
 */
extern void assignment_route(LeadRow *row);

#endif							/* LEAD_MGMT_ASSIGNMENT_H */
