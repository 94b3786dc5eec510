/*-------------------------------------------------------------------------
 *
 * lead_check.h
 *	  What the columns of a lead must be like.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_LEAD_CHECK_H
#define LEAD_MGMT_LEAD_CHECK_H

#include "workspace.h"

/*
 * Refuse a value that no lead can have; NULL: there is none.  The errors are
 * those of the table lead, whoever asks.
 */
extern void lead_check_name(Workspace *ws, Relation lead, text *name);
extern void lead_check_contact_method(Workspace *ws, Relation lead, text *email, text *phone);
extern void lead_check_email(Workspace *ws, Relation lead, text *email);
extern void lead_check_phone(Workspace *ws, Relation lead, text *phone);
extern void lead_check_source(Workspace *ws, Relation lead, text *source);

#endif							/* LEAD_MGMT_LEAD_CHECK_H */
