/*-------------------------------------------------------------------------
 *
 * submission.c
 *	  The same submission counts once, however often and at once it comes.
 *
 * A unique index would make all but one writer of a submission fail, and ON
 * CONFLICT is for the writer to say.  So the trigger looks for itself, as the
 * index does: with a snapshot that sees what others have not committed yet,
 * waiting for them.  From this look until the row is in the index a lock keeps
 * others with the same submission from looking; it is held for the time of one
 * row, not of a transaction, so that a bulk load holds one at a time.
 *
 *-------------------------------------------------------------------------
 */
#include "submission.h"

#include "access/genam.h"
#include "access/tableam.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"
#include "utils/uuid.h"

static bool
index_is_on(Relation index, AttrNumber attno)
{
	return index->rd_index->indisunique && index->rd_index->indisvalid &&
		index->rd_index->indisready && index->rd_index->indnkeyatts == 1 &&
		index->rd_index->indkey.values[0] == attno &&
		RelationGetIndexPredicate(index) == NIL;
}

/* Opened; found by what it is on. */
static Relation
open_submission_index(Workspace *ws, Relation engagement)
{
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(engagement))
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		if (index_is_on(index, ws->engagement_column[ENGAGEMENT_SUBMISSION_ID]))
			return index;
		index_close(index, AccessShareLock);
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("table \"%s.engagement\" has no unique index on submission_id", ws->schema),
			 errdetail("Submissions that are there already are found by it."),
			 errhint("Add it: ALTER TABLE %s.engagement ADD UNIQUE (submission_id).", ws->schema)));
	return NULL;
}

typedef enum Presence
{
	ABSENT,
	PRESENT,
	UNDECIDED					/* another transaction will say */
} Presence;

/* One look; where it is undecided, waits for who decides. */
static Presence
look(Relation engagement, Relation index, Datum submission_id, SubmissionLock *lock)
{
	SnapshotData dirty;
	TupleTableSlot *slot = table_slot_create(engagement, NULL);
	IndexScanDesc scan;
	ScanKeyData key;
	bool		found;
	TransactionId xid;
	ItemPointerData tid;

	InitDirtySnapshot(dirty);
	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_UUID_EQ, submission_id);
	scan = lead_index_beginscan(engagement, index, &dirty, 1);
	index_rescan(scan, &key, 1, NULL, 0);
	found = index_getnext_slot(scan, ForwardScanDirection, slot);
	xid = TransactionIdIsValid(dirty.xmin) ? dirty.xmin : dirty.xmax;
	tid = slot->tts_tid;
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	if (!found || !TransactionIdIsValid(xid))
		return found ? PRESENT : ABSENT;

	submission_release(lock);
	if (TransactionIdIsValid(dirty.xmin) && dirty.speculativeToken != 0)
		SpeculativeInsertionWait(dirty.xmin, dirty.speculativeToken);
	else
		XactLockTableWait(xid, engagement, &tid, XLTW_InsertIndex);
	return UNDECIDED;
}

static void
set_tag(LOCKTAG *tag, const SubmissionLock *lock)
{
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, lock->relid, lock->hash, 0);
}

static void
acquire(SubmissionLock *lock, Relation engagement, Datum submission_id)
{
	LOCKTAG		tag;

	lock->relid = RelationGetRelid(engagement);
	lock->hash = hash_bytes(DatumGetUUIDP(submission_id)->data, UUID_LEN);
	set_tag(&tag, lock);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
	lock->held = true;
}

void
submission_release(SubmissionLock *lock)
{
	LOCKTAG		tag;

	if (!lock->held)
		return;
	set_tag(&tag, lock);
	(void) LockRelease(&tag, ExclusiveLock, false);
	lock->held = false;
}

bool
submission_exists(Workspace *ws, Relation engagement, Datum submission_id, SubmissionLock *lock)
{
	Relation	index = open_submission_index(ws, engagement);
	Presence	presence;

	do
	{
		CHECK_FOR_INTERRUPTS();
		if (!lock->held)
			acquire(lock, engagement, submission_id);
		presence = look(engagement, index, submission_id, lock);
	} while (presence == UNDECIDED);
	if (presence == PRESENT)
		submission_release(lock);
	index_close(index, NoLock);
	return presence == PRESENT;
}
