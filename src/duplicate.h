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

#include "duplicate_link.h"

/* While this is not 0, leads that are written are not looked up. */
extern int	duplicate_suspended;

/* Of rules that reject: refuse the row before it is written, waiting if need be. */
extern void duplicate_check(LeadRow *row, MatchKey key);

/*
 * Look up all rows of a batch and write the links found.  Within SPI, as the
 * owner; "caller" is who wrote the rows, and what he may see.
 */
extern void duplicate_probe_batch(Workspace *ws, Relation lead, Statement *statement,
								  Oid caller);

/* Links of leads that were written before with those of lower ids */
extern void duplicate_look_up(Workspace *ws, Relation lead, ProbeRows *rows, LinkRows *links);

/* Link anew what was linked to leads that are gone or have other keys now. */
extern void duplicate_relink_batch(Workspace *ws, Relation lead, Statement *statement);

/*
 * Leads of this session that were linked to an earlier one under a rule that
 * rejects, since they were there already: see ProbeRow.
 */
extern uint64 duplicate_tolerated;

#endif							/* LEAD_MGMT_DUPLICATE_H */
