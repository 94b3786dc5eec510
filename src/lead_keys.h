/*-------------------------------------------------------------------------
 *
 * lead_keys.h
 *	  The keys of a row of lead, by the settings of its workspace.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_LEAD_KEYS_H
#define LEAD_MGMT_LEAD_KEYS_H

#include "workspace.h"

/* What keys are made of; not toasted, NULL: not known */
typedef struct KeyTexts
{
	text	   *email;
	text	   *phone;
	text	   *country;
	text	   *company;
	text	   *contact_name;
} KeyTexts;

/* A key of what is, or will be, a lead; NULL: none.  In CurrentMemoryContext. */
extern text *key_of_texts(Workspace *ws, MatchKey key, const KeyTexts *texts);

/*
 * The key that the row in the workspace's slot should have; NULL: none.  In
 * CurrentMemoryContext.
 */
extern text *lead_key(Workspace *ws, MatchKey key);

/* Has the row in the workspace's slot other keys than these? */
extern bool lead_keys_differ(Workspace *ws, text *const *keys);

#endif							/* LEAD_MGMT_LEAD_KEYS_H */
