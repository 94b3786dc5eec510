/*-------------------------------------------------------------------------
 *
 * lead_score.h
 *	  The score of the row of lead that is being decided on.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_LEAD_SCORE_H
#define LEAD_MGMT_LEAD_SCORE_H

#include "lead_row.h"
#include "touch.h"

/*
 * Give the row its scores; "touch" says what has happened to the lead since,
 * or is NULL.  Returns whether it has become ready for sales.
 */
extern bool lead_score_decide(LeadRow *row, Touch *touch);

#endif							/* LEAD_MGMT_LEAD_SCORE_H */
