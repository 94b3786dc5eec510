/*-------------------------------------------------------------------------
 *
 * lead_mgmt.h
 *	  What all parts of the extension share: its settings of a session and
 *	  a few helpers that belong to no capability.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_H
#define LEAD_MGMT_H

#include "compat.h"

#include "utils/rel.h"
#include "utils/timestamp.h"

/* lengthof() as a number that an int can be compared with */
#define count_of(array) ((int) lengthof(array))

/* GUC lead_mgmt.actor: who does it, where the application knows better */
extern char *lead_mgmt_actor;

/* GUC lead_mgmt.as_of: the day that ledger reports are of */
extern char *lead_mgmt_as_of;

/* Who writes, for the ledgers; palloc'd in CurrentMemoryContext. */
extern char *current_actor(void);
extern char *current_login(void);

/*
 * Who is to be told no more than he may see.  That is the current user, unless
 * what runs as the owner writes leads for somebody, whom lead_mgmt_writer
 * names for that time.
 */
extern Oid	lead_mgmt_writer;
extern Oid	current_writer(void);

/*
 * Run what follows as the owner of a table, as the server's own foreign keys
 * do; always paired, before any commit.
 */
typedef struct OwnerSwitch
{
	Oid			userid;
	int			sec_context;
} OwnerSwitch;

extern OwnerSwitch switch_to_owner(Oid owner);

/* As REINDEX does: nothing of the owner's may wait for who called this. */
extern OwnerSwitch switch_to_owner_restricted(Oid owner);
extern void switch_back(OwnerSwitch saved);

/* For ereport: the column and the constraint that a row violates. */
extern int	err_column_constraint(Relation relation, AttrNumber attno,
								  const char *constraint);

/* qsort and bsearch over int64 */
extern int	compare_int64(const void *a, const void *b);

/* An array of one of the types that go to SPI; nulls may be NULL. */
extern Datum spi_array(Datum *values, bool *nulls, int n, Oid type);

/* An SPI call that must give this result, or it is an error. */
extern void spi_check(int result, int expected, const char *query);

/* The first column, of type bigint and not null, of the rows just read. */
extern int64 *spi_int64s(int *n);

extern void spi_begin(void);
extern void spi_end(void);

#endif							/* LEAD_MGMT_H */
