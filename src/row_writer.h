/*-------------------------------------------------------------------------
 *
 * row_writer.h
 *	  Rows of one table found by their key and written without a query.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_ROW_WRITER_H
#define LEAD_MGMT_ROW_WRITER_H

#include "workspace.h"

#include "executor/executor.h"

typedef struct RowWriter
{
	Relation	relation;
	Relation	index;			/* the primary key, on one bigint */
	AttrNumber	key;
	EState	   *estate;
	ResultRelInfo *result;
	EPQState	epqstate;
	TupleTableSlot *old;		/* the row that was found */
	TupleTableSlot *new;		/* what it is to become */
} RowWriter;

/* Can rows of this table be written so?  Not where a query would do more. */
extern bool row_writer_serves(Relation relation);

/*
 * Begin an UPDATE, as one command with its statement triggers; as the owner.
 * "columns" are those that it may change, as updated columns of a range table
 * entry; "checks" saves the parsing of the table's CHECK constraints.
 * "guarded": the rows are protected by something else than the transaction's
 * snapshot, and what is committed now is what counts.
 */
extern void row_writer_begin(RowWriter *writer, Oid relid, AttrNumber key, bool guarded,
							 Bitmapset *columns, ExprState **checks);

/* Find a row and lock it, as UPDATE does; waits.  false: it is not there. */
extern bool row_writer_lock(RowWriter *writer, int64 key);

/* The same without a lock, for rows that something else protects. */
extern bool row_writer_find(RowWriter *writer, int64 key);

/*
 * Write writer->new in the place of the row found, or as a row of its own.
 * false: a trigger of a user's suppressed it.
 */
extern bool row_writer_update(RowWriter *writer);
extern void row_writer_insert(RowWriter *writer);

extern void row_writer_end(RowWriter *writer);

/*
 * The CHECK constraints of a table, ready to be evaluated; in "context".  NULL
 * where they cannot be kept, since they call what somebody may replace.
 */
extern ExprState **row_writer_checks(TupleDesc tupdesc, MemoryContext context);

#endif							/* LEAD_MGMT_ROW_WRITER_H */
