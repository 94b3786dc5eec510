/*-------------------------------------------------------------------------
 *
 * import.h
 *	  Rows of files: what the columns mean, and what is wrong with a row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_IMPORT_H
#define LEAD_MGMT_IMPORT_H

#include "workspace.h"

#include "import_value.h"

/* Columns of lead_import, in the order of import_template */
typedef enum ImportColumn
{
	IMPORT_CONTACT_NAME,
	IMPORT_EMAIL,
	IMPORT_PHONE,
	IMPORT_COMPANY,
	IMPORT_JOB_TITLE,
	IMPORT_INDUSTRY,
	IMPORT_COMPANY_SIZE,
	IMPORT_ANNUAL_REVENUE,
	IMPORT_STREET,
	IMPORT_CITY,
	IMPORT_REGION,
	IMPORT_POSTAL_CODE,
	IMPORT_COUNTRY,
	IMPORT_LOCATION,
	IMPORT_SOURCE,
	IMPORT_SOURCE_DETAIL,
	IMPORT_CAMPAIGN,
	IMPORT_CHANNEL,
	IMPORT_PRIORITY,
	IMPORT_PRODUCT_INTEREST,
	IMPORT_BIRTHDAY,
	IMPORT_NOTES,
	IMPORT_TAGS,
	IMPORT_STATUS,
	IMPORT_OWNER,
	IMPORT_BUDGET_CONFIRMED,
	IMPORT_AUTHORITY_CONFIRMED,
	IMPORT_NEED_CONFIRMED,
	IMPORT_TIMELINE_CONFIRMED,
	IMPORT_BUDGET_AMOUNT,
	IMPORT_DECISION_MAKER,
	IMPORT_NEED,
	IMPORT_TARGET_DATE,
	IMPORT_NEXT_STEP,
	IMPORT_NEXT_FOLLOW_UP_AT,
	IMPORT_OPTED_OUT_AT,
	IMPORT_ATTRIBUTES,
	IMPORT_CREATED_AT
} ImportColumn;
#define IMPORT_COLUMNS (IMPORT_CREATED_AT + 1)

extern const char *const import_column_name[IMPORT_COLUMNS];

/* What a batch was told; see table import_load */
typedef struct ImportBatch
{
	int64		id;
	char	   *source;			/* NULL: none */
	char	   *country;
	bool		update_known;
	Writing		writing;
} ImportBatch;

typedef struct ImportRep ImportRep;

/* What all rows of a statement are judged by */
typedef struct ImportJudge
{
	Workspace  *ws;
	ImportBatch *batch;
	int			today;			/* as a date */
	TimestampTz now;
	int			nreps;
	ImportRep  *reps;
} ImportJudge;

/* A row as it was understood */
typedef struct ImportVerdict
{
	text	   *values[IMPORT_COLUMNS]; /* as the type's input takes them; NULL: none */
	text	   *email_key;
	text	   *phone_key;
	int			nproblems;		/* for which it cannot be a lead */
	Datum		problems[IMPORT_COLUMNS + 1];	/* texts */
	bool		unsettled;		/* hangs on how the rest of the file is written */
} ImportVerdict;

/* Within SPI, as the owner. */
extern void import_judge_begin(ImportJudge *judge, Workspace *ws, ImportBatch *batch);

/* Never an error, whatever the values are; in CurrentMemoryContext. */
extern void import_judge_row(ImportJudge *judge, text **values, ImportVerdict *verdict);

/* An array of texts */
extern Datum import_text_array(Datum *texts, int n);

#endif							/* LEAD_MGMT_IMPORT_H */
