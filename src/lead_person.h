/*-------------------------------------------------------------------------
 *
 * lead_person.h
 *	  What a row of lead says about a person, for comparison with others.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_LEAD_PERSON_H
#define LEAD_MGMT_LEAD_PERSON_H

#include "workspace.h"

#include "similarity.h"

/*
 * A fingerprint of all that is compared; never 0.  A pair is shown as long as
 * both have the fingerprints that they had when they were compared.
 */
extern int64 person_stamp(Workspace *ws, TupleTableSlot *slot);

/* The person, prepared for comparison, in CurrentMemoryContext */
extern Person *person_of_lead(Workspace *ws, TupleTableSlot *slot);

/* Hashes of the keys that exact rules compare; 0: none, or no rule is on. */
extern void lead_key_hashes(Workspace *ws, TupleTableSlot *slot, uint64 *keys);

#endif							/* LEAD_MGMT_LEAD_PERSON_H */
