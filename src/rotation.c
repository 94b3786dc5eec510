/*-------------------------------------------------------------------------
 *
 * rotation.c
 *	  Round robin without a row that every writer must lock.
 *
 * A rotation is a sequence of tickets.  Rounds are as long as the sum of the
 * reps' weights, and each round serves every rep exactly as often as his
 * weight says; so while no ticket is lost, the counts of reps of equal weight
 * differ by at most one, whatever number of sessions draw at once.  nextval()
 * is the server's own counter that nobody waits for.
 *
 * What aborts must not cost anybody his turn: tickets of an aborted
 * (sub)transaction go to a list of the session, which is served first.  A
 * session that ends takes its list with it.  Were the order within a round
 * always the same, a regular pattern of such losses (insert, fail, retry)
 * could starve every second rep for ever; so it is another one in each round,
 * the same for all sessions since it is computed from the number of the round.
 *
 * Within a round the turns of a rep of weight w are spread evenly: his k-th
 * turn has its place at (k + u) / w, where u in [0, 1) is drawn for this rep
 * and round; the turns are served in the order of their places.
 *
 *-------------------------------------------------------------------------
 */
#include "rotation.h"

#include "access/xact.h"
#include "commands/sequence.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* Tickets from..to of one sequence, drawn in one (sub)transaction */
typedef struct TicketRange
{
	Oid			sequence;
	SubTransactionId subid;
	int64		from;
	int64		to;
} TicketRange;

typedef struct TicketList
{
	TicketRange *ranges;
	int			n;
	int			allocated;
} TicketList;

Workspace  *rotation_before = NULL;

static TicketList drawn;		/* in the transaction under way */
static TicketList returned;		/* to be served again, by this session */
static bool returned_in_order = true;
static TicketList passed_over;	/* to be returned when the transaction ends */

/* Beyond this many gaps a session gives lost tickets up. */
#define MAX_RETURNED 100000

static void
append_range(TicketList *list, TicketRange range)
{
	TicketRange *last = list->n > 0 ? &list->ranges[list->n - 1] : NULL;

	if (last != NULL && last->sequence == range.sequence &&
		last->subid == range.subid && last->to + 1 == range.from)
	{
		last->to = range.to;
		return;
	}
	if (list->ranges == NULL)
	{
		list->allocated = 64;
		list->ranges = MemoryContextAlloc(TopMemoryContext,
										  list->allocated * sizeof(TicketRange));
	}
	else if (list->n == list->allocated)
	{
		list->allocated *= 2;
		list->ranges = repalloc_huge(list->ranges,
									 list->allocated * sizeof(TicketRange));
	}
	list->ranges[list->n++] = range;
}

static void
remove_range(TicketList *list, int i)
{
	memmove(&list->ranges[i], &list->ranges[i + 1],
			(list->n - i - 1) * sizeof(TicketRange));
	list->n--;
}

static int
compare_ranges_descending(const void *a, const void *b)
{
	const TicketRange *x = a;
	const TicketRange *y = b;

	if (x->sequence != y->sequence)
		return x->sequence > y->sequence ? -1 : 1;
	return x->from > y->from ? -1 : x->from < y->from;
}

/* Keep the list in order as long as that is easy; see take_returned(). */
static void
give_back(TicketRange range)
{
	TicketRange *last = returned.n > 0 ? &returned.ranges[returned.n - 1] : NULL;

	range.subid = InvalidSubTransactionId;
	if (last != NULL && last->sequence == range.sequence && range.to + 1 == last->from)
		last->from = range.from;
	else if (returned.n < MAX_RETURNED)
	{
		returned_in_order = returned_in_order &&
			(last == NULL || compare_ranges_descending(last, &range) < 0);
		append_range(&returned, range);
	}
}

/* The lowest first at the end, and neighbors joined. */
static void
order_returned(void)
{
	int			kept = 0;

	qsort(returned.ranges, returned.n, sizeof(TicketRange), compare_ranges_descending);
	for (int i = 1; i < returned.n; i++)
	{
		TicketRange *last = &returned.ranges[kept];

		if (last->sequence == returned.ranges[i].sequence &&
			returned.ranges[i].to + 1 == last->from)
			last->from = returned.ranges[i].from;
		else
			returned.ranges[++kept] = returned.ranges[i];
	}
	returned.n = returned.n > 0 ? kept + 1 : 0;
	returned_in_order = true;
}

/*
 * The lowest returned ticket of this sequence: so what one session has used
 * is always all of its tickets up to some number, and its shares are exact.
 */
static bool
take_returned(Oid sequence, int64 *ticket)
{
	if (!returned_in_order)
		order_returned();
	for (int i = returned.n - 1; i >= 0; i--)
	{
		TicketRange *range = &returned.ranges[i];

		if (range->sequence != sequence)
			continue;
		*ticket = range->from++;
		if (range->from > range->to)
			remove_range(&returned, i);
		return true;
	}
	return false;
}

/* Tickets drawn in an aborted (sub)transaction or its children come back. */
static void
return_since(SubTransactionId subid)
{
	int			kept = 0;

	for (int i = 0; i < drawn.n; i++)
	{
		if (drawn.ranges[i].subid >= subid)
			give_back(drawn.ranges[i]);
		else
			drawn.ranges[kept++] = drawn.ranges[i];
	}
	drawn.n = kept;
}

static void
subtransaction_ended(SubXactEvent event, SubTransactionId subid,
					 SubTransactionId parent pg_attribute_unused(),
					 void *arg pg_attribute_unused())
{
	if (event == SUBXACT_EVENT_ABORT_SUB && drawn.n > 0)
		return_since(subid);
}

static void
transaction_ended(XactEvent event, void *arg pg_attribute_unused())
{
	if (event == XACT_EVENT_ABORT)
		return_since(TopSubTransactionId);
	else if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE)
		drawn.n = 0;
	else
		return;

	rotation_before = NULL;
	for (int i = 0; i < passed_over.n; i++)
		give_back(passed_over.ranges[i]);
	passed_over.n = 0;
}

void
rotation_init(void)
{
	RegisterXactCallback(transaction_ended, NULL);
	RegisterSubXactCallback(subtransaction_ended, NULL);
}

typedef struct Turn
{
	double		place;
	int			rep;
} Turn;

static int
compare_turns(const void *a, const void *b)
{
	const Turn *x = a;
	const Turn *y = b;

	if (x->place != y->place)
		return x->place < y->place ? -1 : 1;
	return x->rep - y->rep;
}

/* The order in which a round serves its reps; see the top of this file. */
static void
order_round(Rotation *rotation, int64 round)
{
	Turn	   *turns = palloc(rotation->round_length * sizeof(Turn));
	int			n = 0;

	for (int r = 0; r < rotation->nreps; r++)
	{
		uint64		hash = hash_combine64(hash_bytes_extended((unsigned char *) &round,
															  sizeof(round), 0),
										  hash_bytes_extended((unsigned char *) &rotation->rep_ids[r],
															  sizeof(int64), 0));
		double		phase = (double) (hash >> 11) / (double) (UINT64CONST(1) << 53);

		for (int k = 0; k < rotation->weights[r]; k++)
		{
			turns[n].place = (k + phase) / rotation->weights[r];
			turns[n++].rep = r;
		}
	}
	qsort(turns, n, sizeof(Turn), compare_turns);
	for (int i = 0; i < n; i++)
		rotation->turns[i] = turns[i].rep;
	rotation->round = round;
	pfree(turns);
}

int64
rotation_draw(Rotation *rotation, int64 *ticket)
{
	TicketRange range;
	int64		round;

	if (!take_returned(rotation->sequence, ticket))
		*ticket = nextval_internal(rotation->sequence, false);

	if (*ticket < 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("sequence \"%s\" gives negative numbers", get_rel_name(rotation->sequence)),
				 errdetail("Round robin draws its tickets from it."),
				 errhint("Set its minimum to 0 and restart it.")));
	range.sequence = rotation->sequence;
	range.subid = GetCurrentSubTransactionId();
	range.from = range.to = *ticket;
	append_range(&drawn, range);

	round = *ticket / rotation->round_length;
	if (round != rotation->round)
		order_round(rotation, round);
	return rotation->rep_ids[rotation->turns[*ticket % rotation->round_length]];
}

static int
compare_tickets(const void *a, const void *b)
{
	const Ticket *x = a;
	const Ticket *y = b;

	if (x->sequence != y->sequence)
		return x->sequence < y->sequence ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* The first of the sorted tickets that is not below this one. */
static int
find_ticket(Ticket *tickets, int n, Oid sequence, int64 number)
{
	Ticket		sought = {sequence, number};
	int			low = 0;
	int			high = n;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (compare_tickets(&tickets[middle], &sought) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* One range less the tickets in it that are put elsewhere. */
static void
split_range(TicketRange range, Ticket *tickets, int n, TicketList *kept,
			void (*put) (TicketRange))
{
	for (int i = find_ticket(tickets, n, range.sequence, range.from);
		 i < n && tickets[i].sequence == range.sequence && tickets[i].number <= range.to; i++)
	{
		TicketRange part = range;

		part.to = tickets[i].number - 1;
		if (part.from <= part.to)
			append_range(kept, part);
		range.from = tickets[i].number + 1;
		part.from = part.to = tickets[i].number;
		put(part);
	}
	if (range.from <= range.to)
		append_range(kept, range);
}

/* Take tickets, which it sorts, out of what this transaction has drawn. */
static void
take_out(Ticket *tickets, int n, void (*put) (TicketRange))
{
	TicketList	kept = {0};

	qsort(tickets, n, sizeof(Ticket), compare_tickets);
	for (int i = 0; i < drawn.n; i++)
		split_range(drawn.ranges[i], tickets, n, &kept, put);
	if (drawn.ranges != NULL)
		pfree(drawn.ranges);
	drawn = kept;
}

void
rotation_return(Ticket *tickets, int n)
{
	take_out(tickets, n, give_back);
}

static void
put_passed_over(TicketRange range)
{
	append_range(&passed_over, range);
}

void
rotation_pass_over(Rotation *rotation, int64 ticket)
{
	Ticket		passed = {rotation->sequence, ticket};

	take_out(&passed, 1, put_passed_over);
}

/*
 * The next ticket shall be the first of a round, so that a round is never
 * shared by an old and a new set of reps.  Who draws in this very moment, or
 * before the change is committed, may get a turn of the new round.
 */
void
rotation_begin_round(Rotation *rotation)
{
	int64		next;
	int64		rest;

	if (!OidIsValid(rotation->sequence) || rotation->round_length == 0)
		return;

	next = nextval_internal(rotation->sequence, false);
	rest = next % rotation->round_length;
	if (rest != 0)
		next += rotation->round_length - rest;
	DirectFunctionCall3(setval3_oid, ObjectIdGetDatum(rotation->sequence),
						Int64GetDatum(next), BoolGetDatum(false));

	/* lost turns of the old set are not owed to the new one */
	for (int i = returned.n - 1; i >= 0; i--)
		if (returned.ranges[i].sequence == rotation->sequence)
			remove_range(&returned, i);
}

/* Within SPI, as the owner. */
void
rotation_create_sequences(Workspace *ws)
{
	for (int i = 0; i < ws->nrotations; i++)
	{
		int64		team_id = ws->rotations[i]->team_id;
		char	   *name = psprintf("team_ticket_" INT64_FORMAT, team_id);
		const char *quoted;
		char	   *query;

		if (team_id == 0 || OidIsValid(get_relname_relid(name, ws->namespace)))
			continue;
		quoted = quote_identifier(name);
		query = psprintf("CREATE SEQUENCE %s.%s AS bigint MINVALUE 0 START WITH 0 OWNED BY %s.team.id",
						 ws->schema, quoted, ws->schema);
		spi_check(SPI_execute(query, false, 0), SPI_OK_UTILITY, query);
		query = psprintf("COMMENT ON SEQUENCE %s.%s IS 'Round robin tickets of a team'",
						 ws->schema, quoted);
		spi_check(SPI_execute(query, false, 0), SPI_OK_UTILITY, query);
		ws->rotations[i]->sequence = get_relname_relid(name, ws->namespace);
	}
}
