/*-------------------------------------------------------------------------
 *
 * import_stage.h
 *	  Files that are loaded into lead_import, and corrected in import_review.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_IMPORT_STAGE_H
#define LEAD_MGMT_IMPORT_STAGE_H

#include "import.h"

extern void import_init(void);

/*
 * Read a batch, and lock it: rows are not corrected while they are confirmed.
 * Within SPI, as the owner; false: it is not there.
 */
extern bool import_read_batch(const char *schema, int64 id, MemoryContext context,
							  ImportBatch *batch);

/*
 * Run a query over tables that have grown since anybody counted their rows:
 * planned for many, by their keys.  Within SPI.
 */
extern void import_execute_by_index(const char *query, int nargs, Oid *types, Datum *values,
									int expected);

#endif							/* LEAD_MGMT_IMPORT_STAGE_H */
