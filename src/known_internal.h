/*-------------------------------------------------------------------------
 *
 * known_internal.h
 *	  Shared by the sources of known.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_KNOWN_INTERNAL_H
#define LEAD_MGMT_KNOWN_INTERNAL_H

#include "known.h"

/* A submission that is stored, and of whom */
typedef struct KnownSubmission
{
	pg_uuid_t	submission_id;
	int64		lead_id;
} KnownSubmission;

/* Which of the rows' submissions are stored; room for n in "found". */
extern int	known_submissions(Workspace *ws, KnownRow **rows, int n, KnownSubmission *found);
extern int64 known_submission_lead(const KnownSubmission *found, int n,
								   const pg_uuid_t *submission_id);

/* Are these names one person's? */
extern bool known_names_agree(text *a, text *b);

#endif							/* LEAD_MGMT_KNOWN_INTERNAL_H */
