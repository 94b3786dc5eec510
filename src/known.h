/*-------------------------------------------------------------------------
 *
 * known.h
 *	  People who give their data: whom we know, and what becomes of it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_KNOWN_H
#define LEAD_MGMT_KNOWN_H

#include "workspace.h"

#include "utils/uuid.h"

/* Columns of lead that people give */
typedef enum KnownField
{
	KNOWN_CONTACT_NAME,
	KNOWN_EMAIL,
	KNOWN_PHONE,
	KNOWN_COMPANY,
	KNOWN_JOB_TITLE,
	KNOWN_INDUSTRY,
	KNOWN_COMPANY_SIZE,
	KNOWN_ANNUAL_REVENUE,
	KNOWN_STREET,
	KNOWN_CITY,
	KNOWN_REGION,
	KNOWN_POSTAL_CODE,
	KNOWN_COUNTRY,
	KNOWN_SOURCE,
	KNOWN_SOURCE_DETAIL,
	KNOWN_CAMPAIGN,
	KNOWN_CHANNEL,
	KNOWN_PRODUCT_INTEREST,
	KNOWN_BIRTHDAY,
	KNOWN_NOTES,
	KNOWN_TAGS,
	KNOWN_LOCATION,
	KNOWN_PRIORITY,
	KNOWN_STATUS,
	KNOWN_OWNER_ID,
	KNOWN_BUDGET_CONFIRMED,
	KNOWN_AUTHORITY_CONFIRMED,
	KNOWN_NEED_CONFIRMED,
	KNOWN_TIMELINE_CONFIRMED,
	KNOWN_BUDGET_AMOUNT,
	KNOWN_DECISION_MAKER,
	KNOWN_NEED,
	KNOWN_TARGET_DATE,
	KNOWN_NEXT_STEP,
	KNOWN_NEXT_FOLLOW_UP_AT,
	KNOWN_ATTRIBUTES,
	KNOWN_CREATED_AT
} KnownField;
#define KNOWN_FIELDS (KNOWN_CREATED_AT + 1)

typedef enum KnownOutcome
{
	KNOWN_UNDECIDED,
	KNOWN_NEW,					/* a lead was made */
	KNOWN_KNOWN,				/* it is of a lead that was there */
	KNOWN_REPLAYED,				/* its submission was there */
	KNOWN_SKIPPED,				/* of a lead that was there, and left alone */
	KNOWN_SUPPRESSED			/* a trigger of the user's did not let a lead be made */
} KnownOutcome;

/* Keys, and the submission, that a row is locked by */
#define KNOWN_LOCKS (MATCH_KEYS + 1)

/* One person's data.  Zero what is not given. */
typedef struct KnownRow
{
	text	   *values[KNOWN_FIELDS];	/* as the type's input takes them; NULL:
										 * not given */
	bool		opt_out;
	TimestampTz opted_out_at;	/* 0: now */

	/* the engagement that it becomes */
	text	   *kind;			/* NULL: none */
	bool		engage_new;		/* of a new lead too */
	bool		skip_known;		/* leave a lead that is there alone */
	bool		stays_aside;	/* do not take up again what was put aside */
	TimestampTz at;				/* 0: now */
	text	   *url;
	text	   *campaign;
	Datum		properties;		/* jsonb; 0: none */
	pg_uuid_t  *submission_id;

	/* what became of it */
	KnownOutcome outcome;
	int64		lead_id;		/* 0: nobody we know, so far */

	/* kept by known.c */
	text	   *keys[MATCH_KEYS];
	bool		taken[MATCH_KEYS];	/* another's, by a rule that rejects */
	uint64		locks[KNOWN_LOCKS]; /* 0: none */
} KnownRow;

extern const char *const known_field_name[KNOWN_FIELDS];

/*
 * How to use it: within SPI and as the owner of the workspace, lead being
 * open with RowExclusiveLock,
 *
 *	known_lock(ws, rows, n);		before anything else is locked or looked at
 *	known_replayed(ws, rows, n);	where rows have submission_id
 *	... check the rows; drop those that are replayed or refused ...
 *	known_store(ws, lead, rows, n);
 *
 * known_find() alone says whom the rows are of, without doing anything.
 *
 * Locks are held to the end of the transaction.  Two that lock all keys of
 * their rows at once cannot wait for each other; who calls known_lock() twice
 * in a transaction may.
 */

/* Compute the keys of the rows and lock them, in one order for all sessions. */
extern void known_lock(Workspace *ws, KnownRow **rows, int n);

/* Compute the keys alone, where nobody else can write leads anyway. */
extern void known_keys(Workspace *ws, KnownRow **rows, int n);

/* Give rows whose submission is stored already its lead_id and outcome. */
extern void known_replayed(Workspace *ws, KnownRow **rows, int n);

/* Give rows of people we know their lead_id; 0 for the others. */
extern void known_find(Workspace *ws, KnownRow **rows, int n);

/*
 * Make leads of people we do not know; for the others fill what is empty,
 * take up again what was put aside, and write the engagements.  Rows with an
 * outcome are passed over.  Rows may be of one person: they are taken in turn.
 */
extern void known_store(Workspace *ws, Relation lead, KnownRow **rows, int n);

#endif							/* LEAD_MGMT_KNOWN_H */
