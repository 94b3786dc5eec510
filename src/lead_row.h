/*-------------------------------------------------------------------------
 *
 * lead_row.h
 *	  The row of lead that is being decided on.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_LEAD_ROW_H
#define LEAD_MGMT_LEAD_ROW_H

#include "workspace.h"

#include "executor/tuptable.h"
#include "utils/builtins.h"

#include "statement.h"

/*
 * The row as it will be written, in the workspace's own slot, which
 * conditions read.  "old" is NULL at INSERT.
 */
typedef struct LeadRow
{
	Workspace  *ws;
	Relation	relation;
	Statement  *statement;
	TupleTableSlot *slot;
	TupleTableSlot *old;
} LeadRow;

static inline int
lead_index(const LeadRow *row, LeadColumn column)
{
	return row->ws->column[column] - 1;
}

static inline bool
lead_isnull(const LeadRow *row, LeadColumn column)
{
	return row->slot->tts_isnull[lead_index(row, column)];
}

static inline Datum
lead_value(const LeadRow *row, LeadColumn column)
{
	return row->slot->tts_values[lead_index(row, column)];
}

static inline void
lead_set(LeadRow *row, LeadColumn column, Datum value)
{
	row->slot->tts_values[lead_index(row, column)] = value;
	row->slot->tts_isnull[lead_index(row, column)] = false;
}

static inline void
lead_set_null(LeadRow *row, LeadColumn column)
{
	row->slot->tts_values[lead_index(row, column)] = (Datum) 0;
	row->slot->tts_isnull[lead_index(row, column)] = true;
}

static inline void
lead_set_text(LeadRow *row, LeadColumn column, const char *value)
{
	if (value == NULL)
		lead_set_null(row, column);
	else
		lead_set(row, column, CStringGetTextDatum(value));
}

/* A text as a C string; NULL for NULL. */
static inline char *
slot_text(TupleTableSlot *slot, AttrNumber attno)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, attno, &isnull);

	return isnull ? NULL : TextDatumGetCString(value);
}

static inline char *
lead_text(const LeadRow *row, LeadColumn column)
{
	return lead_isnull(row, column) ? NULL : TextDatumGetCString(lead_value(row, column));
}

#endif							/* LEAD_MGMT_LEAD_ROW_H */
