/*-------------------------------------------------------------------------
 *
 * fuzzy.h
 *	  Leads that are similar.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_FUZZY_H
#define LEAD_MGMT_FUZZY_H

#include "duplicate_link.h"

/* Note a row that was written ("new") or was there before ("old"), or both. */
extern void fuzzy_row_fill(Workspace *ws, FuzzyRow *row, TupleTableSlot *new, TupleTableSlot *old);

/* The same of a row that is read: nothing is known of who wrote it. */
extern void fuzzy_row_read(Workspace *ws, FuzzyRow *row, TupleTableSlot *slot);

/* Compare what a statement wrote with the others; within SPI, as the owner. */
extern void fuzzy_batch(Workspace *ws, Relation lead, Statement *statement);

typedef struct FuzzyProbe FuzzyProbe;
typedef struct PersonCache PersonCache;

/*
 * For looking through all leads in the order of their ids: each is compared
 * with those before it.  The cache may be NULL.
 */
extern FuzzyProbe *fuzzy_open(Workspace *ws, Relation lead, PersonCache *cache);
extern void fuzzy_probe(FuzzyProbe *probe, FuzzyRow *row, LinkRows *links);
extern void fuzzy_close(FuzzyProbe *probe);

/* People who were read lately, in so much memory */
extern PersonCache *person_cache_create(MemoryContext parent, Size limit);

/* Write the blocks that rows lack. */
extern void fuzzy_write_lacking_blocks(FuzzyProbe *probe, FuzzyRow *rows, int n);

#endif							/* LEAD_MGMT_FUZZY_H */
