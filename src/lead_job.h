/*-------------------------------------------------------------------------
 *
 * lead_job.h
 *	  Jobs that go through all leads, page by page in the order of their ids.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_LEAD_JOB_H
#define LEAD_MGMT_LEAD_JOB_H

#include "job.h"

/* The procedure (workspace name): does the work as a job of this kind. */
extern Datum lead_job_call(FunctionCallInfo fcinfo, const char *kind,
						   void (*work) (Job *job));

/*
 * A page behind job->position, up to this lead: as the owner, within SPI, in
 * memory of its own; counts in job->done, and says whether it wrote.  Returns
 * how many leads it had.
 */
typedef int (*LeadPageWork) (Job *job, Workspace *ws, Relation lead, int64 last_id,
							 bool *wrote, void *arg);

/* Pages until there are no more; "also" is another table to be read, or NULL. */
extern void lead_job_pages(Job *job, int64 last_id, const char *also,
						   LeadPageWork work, void *arg);

/* Who was still writing: what that means, and what may call for another run */
extern void lead_job_tell_of_writers(const Job *job, const char *detail, const char *hint);

#endif							/* LEAD_MGMT_LEAD_JOB_H */
