/*-------------------------------------------------------------------------
 *
 * merge_internal.h
 *	  What the files of the capability "merge" share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_MERGE_INTERNAL_H
#define LEAD_MGMT_MERGE_INTERNAL_H

#include "merge.h"

#include "access/attnum.h"
#include "lead_write.h"

/* A row of lead, in memory */
typedef struct MergeRow
{
	int64		id;
	Datum	   *values;			/* by attribute of lead, dropped ones too */
	bool	   *isnull;
} MergeRow;

/* One row of merge that is being carried out */
typedef struct MergeStep
{
	int64		merge_id;
	int64		master_id;		/* resolved: not merged itself */
	int64		given_id;		/* the master as it was given */
	int64		duplicate_id;
	int64		position;
	int			wave;			/* steps of one wave have no lead in common */
	MergeRow	master_before;
	MergeRow	duplicate_before;
	MergeRow	master;			/* as they are to become */
	MergeRow	duplicate;
} MergeStep;

/* A unique constraint that moving rows might violate */
typedef struct MergeUnique
{
	char	   *name;
	int			n;
	AttrNumber *columns;
	char	  **operators;		/* equality, qualified */
	bool		nulls_equal;
} MergeUnique;

/* A foreign key on lead, and what moving its rows takes */
typedef struct MergeReference
{
	Oid			relid;
	Oid			owner;
	char	   *schema;			/* names as they are */
	char	   *table;
	char	   *constraint;
	char	   *target;			/* quoted, for FROM and UPDATE */
	TupleDesc	tupdesc;
	bool		partitioned;
	bool		suppressible;	/* a trigger or rule might keep rows */
	bool		log;			/* a ledger that says where its rows came from */
	bool		of_lead;		/* lead refers to itself */
	bool		early;			/* refers to nothing but id */
	bool		shared;			/* rows may refer to several leads */
	int			n;
	AttrNumber	columns[INDEX_MAX_KEYS];	/* that refer, ... */
	AttrNumber	targets[INDEX_MAX_KEYS];	/* ... to these of lead */
	char	   *operators[INDEX_MAX_KEYS];	/* lead's = table's */
	int			nkeys;			/* 0: rows are known by all they have */
	AttrNumber	keys[INDEX_MAX_KEYS];
	Bitmapset  *surrogate;		/* key columns that say nothing else */
	List	   *uniques;		/* of MergeUnique */
} MergeReference;

/* Rows that were moved by one step */
typedef struct MovedRows
{
	int			n;				/* texts, nkeys of them (or one) a row */
	int			allocated;
	Datum	   *keys;
} MovedRows;

/* A row of merge_change */
typedef struct MergeChange
{
	int64		merge_id;
	const char *kind;
	const char *schema;			/* NULL: the workspace */
	const char *table;
	Datum		columns;		/* text[]; 0: NULL, as for the others */
	Datum		old_values;
	Datum		new_values;
	Datum		key_columns;
	Datum		keys;
} MergeChange;

/* The same as it is read again */
typedef struct MergeRecord
{
	char	   *kind;
	char	   *schema;			/* NULL: the workspace */
	char	   *table;
	char	  **columns;
	int			ncolumns;
	char	  **old_values;		/* NULL: there are none */
	char	  **new_values;
	char	  **key_columns;
	int			nkey_columns;
	char	  **keys;
	int			nkeys;
} MergeRecord;

/* merge.c */
extern SPITupleTable *merge_rows(int *n);
extern void merge_execute(const char *query, int nargs, Oid *types, Datum *values,
						  const char *nulls, int expected);
extern void merge_select(const char *query, int nargs, Oid *types, Datum *values);
extern int	merge_begin_texts(void);
extern void merge_end_texts(int level);
extern char *merge_text(Oid type, Datum value);
extern Datum merge_value(Oid type, int32 typmod, char *text);
extern Datum merge_bigint_array(const int64 *ids, int n);
extern Datum merge_text_array(char **texts, int n);
extern void merge_note_change(Workspace *ws, const MergeChange *change);
extern void merge_lock_leads(Workspace *ws, const int64 *ids, int n);
extern void merge_score_writes(Workspace *ws, LeadWrite **writes, int n);
extern char **merge_read_state(Workspace *ws, int64 lead_id);
extern char **merge_state_columns(Workspace *ws, int *n);
extern void merge_check_rights(Workspace *ws, Relation lead, const int64 *ids, int n);

/* merge_row.c: rows of lead */
extern void merge_read_rows(Workspace *ws, const int64 *ids, int n, MergeRow *rows);
extern MergeRow merge_copy_row(Workspace *ws, const MergeRow *row);
extern void merge_fill(Workspace *ws, Relation lead, MergeStep *step, TimestampTz at);
extern void merge_write_rows(Workspace *ws, Relation lead, const MergeRow *rows,
							 LeadWrite *writes, int n);
extern void merge_note_row(Workspace *ws, int64 merge_id, const MergeRow *before,
						   const MergeRow *after);

/* merge_reference.c: rows that refer to leads */
extern List *merge_references(Workspace *ws, Relation lead);
extern void merge_check_reference(Workspace *ws, const MergeReference *reference,
								  MergeStep **steps, int n);
extern void merge_move(Workspace *ws, const MergeReference *reference, MergeStep **steps, int n);
extern bool merge_rows_are_shared(Workspace *ws, List *references, const MergeRecord *record);
extern bool merge_leads_refer(Workspace *ws, List *references);
extern void merge_move_back(Workspace *ws, List *references, const MergeRecord *record,
							int64 duplicate_id);

/* Merges that are being undone */
typedef struct UndoStep
{
	int64		merge_id;
	int64		master_id;
	int64		duplicate_id;
	int64		position;
	int64		model_version;	/* 0: not known */
	bool		gone;			/* a lead is deleted: nothing to be undone */
} UndoStep;

typedef struct MergeUndo
{
	Workspace  *ws;
	Relation	lead;
	int			n;
	UndoStep   *steps;			/* latest first */
	int			nleads;			/* that are there; ascending */
	int64	   *leads;
} MergeUndo;

/* merge_undo.c */
extern bool merge_undo_read(MergeUndo *undo, const char *table);
extern void merge_undo_all(MergeUndo *undo);

#endif							/* LEAD_MGMT_MERGE_INTERNAL_H */
