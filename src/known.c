/*-------------------------------------------------------------------------
 *
 * known.c
 *	  Whom do we know already?
 *
 * To look whether somebody is there, and then to insert, is how duplicates get
 * in.  So who brings a person's data first locks the person: a lock for each
 * key, and for the submission, all at once and in the order of their hashes.
 * Whoever is second waits here, where he holds nothing that anybody who has
 * locked his keys could want, and then sees what the first has committed: the
 * look-up takes the latest snapshot, in REPEATABLE READ too.
 *
 * A plain INSERT or COPY of leads takes no such lock, and nobody waits for it:
 * one that loads leads for an hour must not keep a web form waiting as long.
 * If it is just writing the same person, both leads come in, and the pair is
 * flagged as with two plain INSERTs.
 *
 * Who is known by one key is known by the others that he gives then: those the
 * lead has no room for are kept in lead_alias.
 *
 *-------------------------------------------------------------------------
 */
#include "known.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

#include "key.h"
#include "known_internal.h"
#include "lead_keys.h"

/* Field 4 of the advisory lock tag; 3 is that of rules that reject */
#define PERSON_LOCK_FIELD 4

const char *const known_field_name[KNOWN_FIELDS] = {
	[KNOWN_CONTACT_NAME] = "contact_name",
	[KNOWN_EMAIL] = "email",
	[KNOWN_PHONE] = "phone",
	[KNOWN_COMPANY] = "company",
	[KNOWN_JOB_TITLE] = "job_title",
	[KNOWN_INDUSTRY] = "industry",
	[KNOWN_COMPANY_SIZE] = "company_size",
	[KNOWN_ANNUAL_REVENUE] = "annual_revenue",
	[KNOWN_STREET] = "street",
	[KNOWN_CITY] = "city",
	[KNOWN_REGION] = "region",
	[KNOWN_POSTAL_CODE] = "postal_code",
	[KNOWN_COUNTRY] = "country",
	[KNOWN_SOURCE] = "source",
	[KNOWN_SOURCE_DETAIL] = "source_detail",
	[KNOWN_CAMPAIGN] = "campaign",
	[KNOWN_CHANNEL] = "channel",
	[KNOWN_PRODUCT_INTEREST] = "product_interest",
	[KNOWN_BIRTHDAY] = "birthday",
	[KNOWN_NOTES] = "notes",
	[KNOWN_TAGS] = "tags",
	[KNOWN_LOCATION] = "location",
	[KNOWN_PRIORITY] = "priority",
	[KNOWN_STATUS] = "status",
	[KNOWN_OWNER_ID] = "owner_id",
	[KNOWN_BUDGET_CONFIRMED] = "budget_confirmed",
	[KNOWN_AUTHORITY_CONFIRMED] = "authority_confirmed",
	[KNOWN_NEED_CONFIRMED] = "need_confirmed",
	[KNOWN_TIMELINE_CONFIRMED] = "timeline_confirmed",
	[KNOWN_BUDGET_AMOUNT] = "budget_amount",
	[KNOWN_DECISION_MAKER] = "decision_maker",
	[KNOWN_NEED] = "need",
	[KNOWN_TARGET_DATE] = "target_date",
	[KNOWN_NEXT_STEP] = "next_step",
	[KNOWN_NEXT_FOLLOW_UP_AT] = "next_follow_up_at",
	[KNOWN_ATTRIBUTES] = "attributes",
	[KNOWN_CREATED_AT] = "created_at",
};

/* Rules that only flag look for themselves, and wait for nobody. */
static bool
key_matters(Workspace *ws, MatchKey key)
{
	return ws->match[key].name != NULL && (ws->match[key].attach || ws->match[key].reject);
}

static text *
row_key(Workspace *ws, KnownRow *row, MatchKey key)
{
	KeyTexts	texts = {
		.email = row->values[KNOWN_EMAIL],
		.phone = row->values[KNOWN_PHONE],
		.country = row->values[KNOWN_COUNTRY],
		.company = row->values[KNOWN_COMPANY],
		.contact_name = row->values[KNOWN_CONTACT_NAME]
	};

	return key_matters(ws, key) ? key_of_texts(ws, key, &texts) : NULL;
}

static uint64
lock_of(Workspace *ws, int kind, const void *data, Size length)
{
	uint64		hash = hash_bytes_extended(data, (int) length,
										   ((uint64) ws->lead_relid << 8) | (uint64) kind);

	return hash == 0 ? 1 : hash;
}

static void
set_keys(Workspace *ws, KnownRow *row)
{
	for (int key = 0; key < MATCH_KEYS; key++)
	{
		row->keys[key] = row_key(ws, row, key);
		row->locks[key] = row->keys[key] == NULL ? 0 :
			lock_of(ws, key, VARDATA_ANY(row->keys[key]), VARSIZE_ANY_EXHDR(row->keys[key]));
	}
	row->locks[MATCH_KEYS] = row->submission_id == NULL ? 0 :
		lock_of(ws, MATCH_KEYS, row->submission_id->data, UUID_LEN);
}

static int
compare_locks(const void *a, const void *b)
{
	uint64		x = *(const uint64 *) a;
	uint64		y = *(const uint64 *) b;

	return x < y ? -1 : x > y;
}

static void
acquire(uint64 hash)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) (hash >> 32), (uint32) hash,
						 PERSON_LOCK_FIELD);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
}

void
known_keys(Workspace *ws, KnownRow **rows, int n)
{
	for (int i = 0; i < n; i++)
		set_keys(ws, rows[i]);
}

void
known_lock(Workspace *ws, KnownRow **rows, int n)
{
	uint64	   *locks = palloc(n * KNOWN_LOCKS * sizeof(uint64));
	int			nlocks = 0;

	for (int i = 0; i < n; i++)
	{
		set_keys(ws, rows[i]);
		for (int j = 0; j < KNOWN_LOCKS; j++)
			if (rows[i]->locks[j] != 0)
				locks[nlocks++] = rows[i]->locks[j];
	}
	qsort(locks, nlocks, sizeof(uint64), compare_locks);
	for (int i = 0; i < nlocks; i++)
		if (i == 0 || locks[i] != locks[i - 1])
			acquire(locks[i]);
	pfree(locks);
}

/* What others committed since this transaction's snapshot counts too. */
static void
select_latest(Workspace *ws, WorkspacePlan which, Datum *values)
{
	CommandCounterIncrement();
	spi_check(SPI_execute_snapshot(workspace_plan(ws, which), values, NULL,
								   GetLatestSnapshot(), InvalidSnapshot, true, false, 0),
			  SPI_OK_SELECT, "lead");
}

static Datum
result_value(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

static int64
result_int64(uint64 row, int column)
{
	bool		isnull;
	Datum		value = result_value(row, column, &isnull);

	return isnull ? 0 : DatumGetInt64(value);
}

static bool
result_bool(uint64 row, int column)
{
	bool		isnull;
	Datum		value = result_value(row, column, &isnull);

	return !isnull && DatumGetBool(value);
}

static text *
result_text(uint64 row, int column)
{
	bool		isnull;
	Datum		value = result_value(row, column, &isnull);

	return isnull ? NULL : DatumGetTextPP(value);
}

int
known_submissions(Workspace *ws, KnownRow **rows, int n, KnownSubmission *found)
{
	Datum	   *ids = palloc(n * sizeof(Datum));
	int			nids = 0;
	Datum		value;

	for (int i = 0; i < n; i++)
		if (rows[i]->submission_id != NULL)
			ids[nids++] = UUIDPGetDatum(rows[i]->submission_id);
	if (nids == 0)
		return 0;
	value = spi_array(ids, NULL, nids, UUIDOID);
	select_latest(ws, PLAN_SUBMISSIONS, &value);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;

		found[i].submission_id = *DatumGetUUIDP(result_value(i, 1, &isnull));
		found[i].lead_id = result_int64(i, 2);
	}
	return (int) SPI_processed;
}

int64
known_submission_lead(const KnownSubmission *found, int n, const pg_uuid_t *submission_id)
{
	for (int i = 0; i < n; i++)
		if (memcmp(&found[i].submission_id, submission_id, UUID_LEN) == 0)
			return found[i].lead_id;
	return 0;
}

void
known_replayed(Workspace *ws, KnownRow **rows, int n)
{
	KnownSubmission *found = palloc(n * sizeof(KnownSubmission));
	int			nfound = known_submissions(ws, rows, n, found);

	for (int i = 0; nfound > 0 && i < n; i++)
	{
		int64		lead_id;

		if (rows[i]->submission_id == NULL)
			continue;
		lead_id = known_submission_lead(found, nfound, rows[i]->submission_id);
		if (lead_id == 0)
			continue;
		rows[i]->lead_id = lead_id;
		rows[i]->outcome = KNOWN_REPLAYED;
	}
	pfree(found);
}

/* How a lead was found, as PLAN_KNOWN numbers it */
typedef enum Way
{
	BY_EMAIL,
	BY_PHONE,
	BY_NAME,
	BY_EMAIL_ALIAS,
	BY_PHONE_ALIAS
} Way;

static const MatchKey way_key[] = {
	[BY_EMAIL] = MATCH_EMAIL,
	[BY_PHONE] = MATCH_PHONE,
	[BY_NAME] = MATCH_COMPANY_AND_NAME,
	[BY_EMAIL_ALIAS] = MATCH_EMAIL,
	[BY_PHONE_ALIAS] = MATCH_PHONE,
};

/* A lead that shares a key with a row */
typedef struct Candidate
{
	int			row;
	Way			way;
	int64		id;
	int64		merged_into;	/* 0: it was not */
	bool		archived;
	bool		has_email;
	text	   *name;
} Candidate;

static void
read_candidate(uint64 i, Candidate *candidate)
{
	candidate->row = (int) result_int64(i, 1);
	candidate->way = (Way) result_int64(i, 2);
	candidate->id = result_int64(i, 3);
	candidate->merged_into = result_int64(i, 4);
	candidate->archived = result_bool(i, 5);
	candidate->has_email = result_bool(i, 6);
	candidate->name = result_text(i, 7);
}

bool
known_names_agree(text *a, text *b)
{
	return a != NULL && b != NULL && names_agree_of(a, b);
}

/* Worse than anything that makes a person known */
#define NOBODY 100

/*
 * How well a lead fits; less is better.  Many people may answer at one phone
 * number: it is somebody's own where the names agree, and where there is no
 * address that says otherwise.
 */
static int
rank_of(Workspace *ws, const KnownRow *row, const Candidate *candidate)
{
	int			rank = NOBODY;

	if (!ws->match[way_key[candidate->way]].attach)
		return NOBODY;
	switch (candidate->way)
	{
		case BY_EMAIL:
			rank = 0;
			break;
		case BY_PHONE:
			if (known_names_agree(row->values[KNOWN_CONTACT_NAME], candidate->name))
				rank = 1;
			else if (row->values[KNOWN_EMAIL] == NULL || !candidate->has_email)
				rank = 4;
			break;
		case BY_EMAIL_ALIAS:
		case BY_PHONE_ALIAS:
			if (known_names_agree(row->values[KNOWN_CONTACT_NAME], candidate->name))
				rank = candidate->way == BY_EMAIL_ALIAS ? 2 : 3;
			break;
		case BY_NAME:
			rank = 5;
			break;
	}
	if (rank == NOBODY)
		return NOBODY;
	/* of several, one that is being worked on */
	return rank * 4 + (candidate->merged_into != 0 ? 1 : candidate->archived ? 2 : 0);
}

static int64
candidate_lead(const Candidate *candidate)
{
	return candidate->merged_into != 0 ? candidate->merged_into : candidate->id;
}

static Datum
key_array(KnownRow **rows, int n, MatchKey key)
{
	Datum	   *values = palloc(n * sizeof(Datum));
	bool	   *nulls = palloc(n * sizeof(bool));

	for (int i = 0; i < n; i++)
	{
		values[i] = PointerGetDatum(rows[i]->keys[key]);
		nulls[i] = rows[i]->keys[key] == NULL;
	}
	return spi_array(values, nulls, n, TEXTOID);
}

static bool
any_key(KnownRow **rows, int n)
{
	for (int i = 0; i < n; i++)
		for (int key = 0; key < MATCH_KEYS; key++)
			if (rows[i]->keys[key] != NULL)
				return true;
	return false;
}

static void
look_up(Workspace *ws, KnownRow **rows, int n)
{
	Datum		values[1 + MATCH_KEYS];
	Datum	   *numbers = palloc(n * sizeof(Datum));

	for (int i = 0; i < n; i++)
		numbers[i] = Int64GetDatum(i);
	values[0] = spi_array(numbers, NULL, n, INT8OID);
	for (int key = 0; key < MATCH_KEYS; key++)
		values[1 + key] = key_array(rows, n, key);
	select_latest(ws, PLAN_KNOWN, values);
}

/* A value that another lead has, by a rule that rejects, cannot be filled in. */
static void
note_taken(Workspace *ws, KnownRow *row, const Candidate *candidate)
{
	MatchKey	key = way_key[candidate->way];

	if (ws->match[key].reject && candidate->way <= BY_NAME &&
		candidate->merged_into == 0 && !candidate->archived && candidate->id != row->lead_id)
		row->taken[key] = true;
}

void
known_find(Workspace *ws, KnownRow **rows, int n)
{
	int		   *best = palloc(n * sizeof(int));
	Candidate  *candidates;
	int			ncandidates;

	for (int i = 0; i < n; i++)
	{
		rows[i]->lead_id = 0;
		memset(rows[i]->taken, 0, sizeof(rows[i]->taken));
		best[i] = NOBODY;
	}
	if (!any_key(rows, n))
		return;
	look_up(ws, rows, n);
	ncandidates = (int) SPI_processed;
	candidates = palloc((ncandidates + 1) * sizeof(Candidate));
	for (int i = 0; i < ncandidates; i++)
	{
		Candidate  *candidate = &candidates[i];
		KnownRow   *row;
		int			rank;

		read_candidate(i, candidate);
		row = rows[candidate->row];
		rank = rank_of(ws, row, candidate);
		if (rank > best[candidate->row] || rank == NOBODY ||
			(rank == best[candidate->row] && candidate_lead(candidate) >= row->lead_id))
			continue;
		best[candidate->row] = rank;
		row->lead_id = candidate_lead(candidate);
	}
	for (int i = 0; i < ncandidates; i++)
		note_taken(ws, rows[candidates[i].row], &candidates[i]);
}
