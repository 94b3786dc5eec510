/*-------------------------------------------------------------------------
 *
 * job.h
 *	  Long work that commits in batches, shows its progress and can be resumed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_JOB_H
#define LEAD_MGMT_JOB_H

#include "workspace.h"

#include "storage/lock.h"

typedef struct Job
{
	const char *kind;
	int64		subject;		/* what it is about; 0: the whole workspace */
	const char *rows;			/* what it looks at, for messages */
	char	   *schema;			/* as the user writes it */
	Oid			namespace;
	Oid			owner;
	Oid			relid;			/* of job_run */
	bool		atomic;			/* cannot commit in between */
	int64		id;
	int64		rule_version;
	int64		done;
	int64		done_before;
	int64		changed;
	int64		total;
	int64		position;		/* all up to this id is done */
	TimestampTz resumed_at;
	TimestampTz reported_at;	/* to the table */
	TimestampTz noticed_at;		/* to the caller */
	bool		kind_locked;
	bool		row_locked;
} Job;

/*
 * Begin, or take up what was stopped if it went by the same rules: done,
 * changed and position are then as they were.  An error if somebody is at it.
 * Within SPI_connect_ext.
 */
extern void job_begin(Job *job, FunctionCallInfo fcinfo, const char *kind, const char *schema);

/*
 * The same about one thing of the workspace, such as a batch: others may be
 * done at the same time.  The caller has to see to it that he may.
 */
extern void job_begin_about(Job *job, FunctionCallInfo fcinfo, const char *kind, int64 subject,
							const char *rows, const char *schema, Oid owner);
extern void job_find(Job *job, int64 rule_version, int64 total);

/* A batch is done: write it down and commit, now and then tell the caller. */
extern void job_batch_done(Job *job, bool wrote);

/* All is to be done again, perhaps since the rules changed meanwhile. */
extern void job_restart(Job *job, int64 rule_version, bool rules_changed);

extern void job_finish(Job *job);

/* How many leads there are, and the last of them */
extern void job_count_leads(const Job *job, int64 *total, int64 *last_id);

/*
 * Transactions that have written a table of the workspace already, and whether
 * all of them have ended; waits for that until the deadline.
 */
extern VirtualTransactionId *job_writers(const Job *job, const char *table);
extern bool job_outlived(VirtualTransactionId *writers, TimestampTz deadline);

#define JOB_PATIENCE	(5 * USECS_PER_SEC)

/* Whatever happens */
extern void job_release(Job *job);

/* The workspace's name for queries; an error if it was dropped meanwhile. */
extern const char *job_quoted_schema(const Job *job);

#endif							/* LEAD_MGMT_JOB_H */
