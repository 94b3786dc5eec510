/*-------------------------------------------------------------------------
 *
 * duplicate.h
 *	  Leads that share a key.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_DUPLICATE_H
#define LEAD_MGMT_DUPLICATE_H

#include "lead_row.h"

/* Of rules that reject: refuse the row before it is written, waiting if need be. */
extern void duplicate_check(LeadRow *row, MatchKey key);

/*
 * Look up all rows of a batch and write the links found.  Within SPI, as the
 * owner; "caller" is who wrote the rows, and what he may see.
 */
extern void duplicate_probe_batch(Workspace *ws, Relation lead, Statement *statement,
								  Oid caller);

/* Link anew what was linked to leads that are gone or have other keys now. */
extern void duplicate_relink_batch(Workspace *ws, Relation lead, Statement *statement);

#endif							/* LEAD_MGMT_DUPLICATE_H */
