/*-------------------------------------------------------------------------
 *
 * score_memo.h
 *	  Answers of expensive rules about values that come again and again.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_SCORE_MEMO_H
#define LEAD_MGMT_SCORE_MEMO_H

#include "workspace.h"

/* Find the rules that it is for; in the workspace's context. */
extern void score_memo_prepare(Workspace *ws, ScoreModel *model);

/*
 * Answer what is known of the row in ws->slot: sets model->lead.holds and
 * model->known for those rules, and clears the latter for the others.
 */
extern void score_memo_recall(Workspace *ws, ScoreModel *model);

/* Remember what has been found out about the row just recalled. */
extern void score_memo_learn(ScoreModel *model);

#endif							/* LEAD_MGMT_SCORE_MEMO_H */
