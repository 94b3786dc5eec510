/*-------------------------------------------------------------------------
 *
 * name_compare.c
 *	  How alike two words are, and two texts of words.
 *
 * Words are compared letter by letter: slips of the pen by the edit distance
 * with transpositions (restricted: optimal string alignment), longer ones by
 * Jaro's and Winkler's measure too.  Texts are compared by finding for each
 * word its like, whatever the order.
 *
 *-------------------------------------------------------------------------
 */
#include "person.h"

#include "port/pg_bitutils.h"

#include "normalize_text.h"

/* The letters of a word, decoded. */
typedef struct Letters
{
	int			count;
	pg_wchar	letter[WORD_LETTERS];
} Letters;

static void
decode(const char *text, int length, Letters *letters)
{
	const char *end = text + length;

	letters->count = 0;
	while (text < end && letters->count < WORD_LETTERS)
		letters->letter[letters->count++] = next_character(&text, end);
}

/*
 * How many letters to insert, leave out, replace, or swap with the next one;
 * limit + 1 if it is more than the limit.
 */
static int
letters_distance(const Letters *a, const Letters *b, int limit)
{
	int			rows[3][WORD_LETTERS + 1];
	int		   *before = rows[0];
	int		   *above = rows[1];
	int		   *row = rows[2];

	if (abs(a->count - b->count) > limit)
		return limit + 1;
	for (int j = 0; j <= b->count; j++)
		above[j] = j;
	for (int i = 1; i <= a->count; i++)
	{
		int			least = row[0] = i;
		int		   *spare = before;

		for (int j = 1; j <= b->count; j++)
		{
			bool		same = a->letter[i - 1] == b->letter[j - 1];
			int			d = above[j - 1] + (same ? 0 : 1);

			d = Min(d, Min(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a->letter[i - 1] == b->letter[j - 2] &&
				a->letter[i - 2] == b->letter[j - 1])
				d = Min(d, before[j - 2] + 1);
			row[j] = d;
			least = Min(least, d);
		}
		if (least > limit)
			return limit + 1;
		before = above;
		above = row;
		row = spare;
	}
	return Min(above[b->count], limit + 1);
}

/* The same of two texts, of which no more than WORD_LETTERS letters count. */
int
edit_distance(const char *a, int a_length, const char *b, int b_length, int limit)
{
	Letters		la;
	Letters		lb;

	decode(a, a_length, &la);
	decode(b, b_length, &lb);
	return letters_distance(&la, &lb, limit);
}

/* Mark the letters that both have at about the same place; return how many. */
static int
common_letters(const Letters *a, const Letters *b, bool *in_a, bool *in_b)
{
	int			window = Max(Max(a->count, b->count) / 2 - 1, 0);
	int			common = 0;

	memset(in_a, 0, a->count);
	memset(in_b, 0, b->count);
	for (int i = 0; i < a->count; i++)
	{
		int			last = Min(i + window, b->count - 1);

		for (int j = Max(i - window, 0); j <= last; j++)
		{
			if (in_b[j] || a->letter[i] != b->letter[j])
				continue;
			in_a[i] = in_b[j] = true;
			common++;
			break;
		}
	}
	return common;
}

static double
letters_jaro_winkler(const Letters *a, const Letters *b)
{
	bool		in_a[WORD_LETTERS];
	bool		in_b[WORD_LETTERS];
	int			common = common_letters(a, b, in_a, in_b);
	int			swapped = 0;
	int			prefix = 0;
	double		jaro;

	if (common == 0)
		return 0;
	for (int i = 0, j = 0; i < a->count; i++)
	{
		if (!in_a[i])
			continue;
		while (!in_b[j])
			j++;
		if (a->letter[i] != b->letter[j++])
			swapped++;
	}
	jaro = ((double) common / a->count + (double) common / b->count +
			(double) (common - swapped / 2) / common) / 3;
	while (prefix < 4 && prefix < Min(a->count, b->count) &&
		   a->letter[prefix] == b->letter[prefix])
		prefix++;
	return jaro + prefix * 0.1 * (1 - jaro);
}

/* Jaro's and Winkler's measure, 0 to 1; of long texts the beginning counts. */
double
jaro_winkler(const char *a, int a_length, const char *b, int b_length)
{
	Letters		la;
	Letters		lb;

	decode(a, a_length, &la);
	decode(b, b_length, &lb);
	return letters_jaro_winkler(&la, &lb);
}

static bool
share_nickname(const Word *a, const Word *b)
{
	for (int i = 0; i < WORD_GROUPS && a->groups[i] != 0; i++)
		for (int j = 0; j < WORD_GROUPS && b->groups[j] != 0; j++)
			if (a->groups[i] == b->groups[j])
				return true;
	return false;
}

/* Does one word begin with all of the other?  Fewer letters can be more bytes. */
static WordMatch
compare_beginning(const char *shorter, int shorter_letters, int length,
				  const char *longer, int longer_length)
{
	if (length > longer_length || memcmp(shorter, longer, length) != 0)
		return WORDS_DIFFER;
	if (shorter_letters == 1)
		return WORDS_INITIAL;
	return shorter_letters >= 3 ? WORDS_BEGIN : WORDS_DIFFER;
}

/* Judge the distance of two words by their length. */
static WordMatch
judge_distance(const Letters *a, const Letters *b, bool known)
{
	int			length = Max(a->count, b->count);
	int			limit = length <= 2 ? 0 : length <= 4 ? 1 : length <= 7 ? 2 : 3;
	int			distance;

	if (limit == 0)
		return WORDS_DIFFER;
	distance = letters_distance(a, b, limit);
	if (distance > limit)
		return length >= 5 && !known && a->letter[0] == b->letter[0] &&
			letters_jaro_winkler(a, b) >= 0.8 ? WORDS_ALIKE : WORDS_DIFFER;

	/* Two names that exist, such as Maria and Mario, are rarely a slip. */
	if (known)
		return WORDS_DIFFER;
	if (length <= 4)
		return a->letter[0] == b->letter[0] ? WORDS_SIMILAR : WORDS_DIFFER;
	if (distance == 1)
		return a->letter[0] == b->letter[0] || a->letter[0] == b->letter[1] ||
			a->letter[1] == b->letter[0] ? WORDS_NEAR : WORDS_SIMILAR;
	if (letters_jaro_winkler(a, b) >= (length >= 8 && distance == 2 ? 0.85 : 0.9))
		return WORDS_SIMILAR;
	return a->letter[0] == b->letter[0] ? WORDS_ALIKE : WORDS_DIFFER;
}

/* Whatever is not equal: is it alike? */
static WordMatch
compare_letters(const Person *a, const Word *wa, const Person *b, const Word *wb)
{
	const char *ta = person_text(a) + wa->offset;
	const char *tb = person_text(b) + wb->offset;
	Letters		la;
	Letters		lb;
	WordMatch	match;

	/* A letter more or another one changes the set by one on either side. */
	if (wa->length > 1 && wb->length > 1 &&
		(pg_popcount32(wa->letters & ~wb->letters) > 3 ||
		 pg_popcount32(wb->letters & ~wa->letters) > 3) &&
		!(memcmp(ta, tb, 2) == 0))
		return WORDS_DIFFER;
	decode(ta, wa->length, &la);
	decode(tb, wb->length, &lb);
	if (la.count < lb.count)
		match = compare_beginning(ta, la.count, wa->length, tb, wb->length);
	else if (lb.count < la.count)
		match = compare_beginning(tb, lb.count, wb->length, ta, wa->length);
	else
		match = WORDS_DIFFER;
	if (match != WORDS_DIFFER)
		return match;
	return judge_distance(&la, &lb, (wa->flags & wb->flags & WORD_KNOWN) != 0);
}

WordMatch
compare_words(const Person *a, const Word *wa, const Person *b, const Word *wb)
{
	if (wa->length == wb->length && wa->letters == wb->letters &&
		memcmp(person_text(a) + wa->offset, person_text(b) + wb->offset, wa->length) == 0)
		return WORDS_EQUAL;
	if ((wa->flags | wb->flags) & WORD_NUMBER)
		return WORDS_DIFFER;	/* 17 is not 18, nor 117 */
	if (wa->groups[0] != 0 && wb->groups[0] != 0 && share_nickname(wa, wb))
		return WORDS_NICKNAME;
	return compare_letters(a, wa, b, wb);
}

/* How much of a word's weight a match is worth. */
static const double match_worth[] = {
	[WORDS_DIFFER] = 0,
	[WORDS_INITIAL] = 0.9,
	[WORDS_ALIKE] = 0.3,
	[WORDS_BEGIN] = 0.6,
	[WORDS_NICKNAME] = 0.7,
	[WORDS_SIMILAR] = 0.5,
	[WORDS_NEAR] = 0.85,
	[WORDS_EQUAL] = 1
};

typedef struct Aligning
{
	const Person *a;
	const Person *b;
	const PartSpan *pa;
	const PartSpan *pb;
	uint32		done_a;			/* words that found their like, as bit sets */
	uint32		done_b;
	uint32		equal_a;		/* and that are the same */
	uint32		equal_b;
} Aligning;

static const Word *
word_a(const Aligning *state, int i)
{
	return &state->a->word[state->pa->first + i];
}

static const Word *
word_b(const Aligning *state, int j)
{
	return &state->b->word[state->pb->first + j];
}

static void
take_match(Alignment *result, WordMatch match, double weight)
{
	double		worth = weight * match_worth[match];

	result->matched += worth;
	result->best = Max(result->best, worth);
	result->pairs++;
	if (match > WORDS_ALIKE)
		result->sure++;
}

/*
 * Of a short family name another letter makes another name; one that is missing
 * or has changed its place may still be a slip.
 */
static WordMatch
compare_in_place(const Aligning *state, int i, int j)
{
	const Word *a = word_a(state, i);
	const Word *b = word_b(state, j);
	WordMatch	match = compare_words(state->a, a, state->b, b);

	if (match == WORDS_SIMILAR && state->pa == &state->a->part[PART_NAME] &&
		i > 0 && i == state->pa->words - 1 && j > 0 && j == state->pb->words - 1 &&
		a->length <= 3 && a->length == b->length && a->letters != b->letters)
		return WORDS_DIFFER;
	return match;
}

/* Of all matches of words still free take the best, as long as there is one. */
static void
take_best_matches(Aligning *state, Alignment *result)
{
	uint8		match[PART_WORDS][PART_WORDS];

	for (int i = 0; i < state->pa->words; i++)
		for (int j = 0; j < state->pb->words; j++)
			match[i][j] = compare_in_place(state, i, j);
	for (;;)
	{
		double		best = 0;
		int			best_i = 0;
		int			best_j = 0;

		for (int i = 0; i < state->pa->words; i++)
		{
			if (state->done_a & (1 << i))
				continue;
			for (int j = 0; j < state->pb->words; j++)
			{
				double		worth;

				if (match[i][j] == WORDS_DIFFER || state->done_b & (1 << j))
					continue;
				worth = match[i][j] * 1000 + Min(word_a(state, i)->weight, word_b(state, j)->weight);
				if (i == j)
					worth += 0.5;
				if (worth > best)
				{
					best = worth;
					best_i = i;
					best_j = j;
				}
			}
		}
		if (best == 0)
			break;
		state->done_a |= 1 << best_i;
		state->done_b |= 1 << best_j;
		if (match[best_i][best_j] == WORDS_EQUAL)
		{
			state->equal_a |= 1 << best_i;
			state->equal_b |= 1 << best_j;
		}
		take_match(result, match[best_i][best_j],
				   WEIGHT_UNIT * Min(word_a(state, best_i)->weight,
									 word_b(state, best_j)->weight));
	}
}

/* Is a word of one side what two words in a row of the other side are together? */
static bool
is_joined(const char *one, int one_length, const char *first, int first_length,
		  const char *second, int second_length)
{
	char		joined[2 * WORD_LETTERS * CHARACTER_MAX];

	if (abs(one_length - first_length - second_length) > 1)
		return false;
	memcpy(joined, first, first_length);
	memcpy(joined + first_length, second, second_length);
	return edit_distance(one, one_length, joined, first_length + second_length,
						 one_length >= 6 ? 1 : 0) <= (one_length >= 6 ? 1 : 0);
}

/* Words of b that are two words of a. */
static void
take_joined(Aligning *state, Alignment *result)
{
	for (int j = 0; j < state->pb->words; j++)
	{
		const Word *whole = word_b(state, j);

		if (state->done_b & (1 << j) || whole->length < 4)
			continue;
		for (int i = 0; i + 1 < state->pa->words; i++)
		{
			const Word *first = word_a(state, i);
			const Word *second = word_a(state, i + 1);

			if (state->done_a & (3 << i) ||
				!is_joined(person_text(state->b) + whole->offset, whole->length,
						   person_text(state->a) + first->offset, first->length,
						   person_text(state->a) + second->offset, second->length))
				continue;
			state->done_a |= 3 << i;
			state->done_b |= 1 << j;
			take_match(result, WORDS_NEAR, WEIGHT_UNIT * whole->weight);
			break;
		}
	}
}

static void
turn_around(Aligning *state)
{
	Aligning	other = *state;

	state->a = other.b;
	state->b = other.a;
	state->pa = other.pb;
	state->pb = other.pa;
	state->done_a = other.done_b;
	state->done_b = other.done_a;
}

/* What is left over on one side. */
static void
count_rest(const Person *person, const PartSpan *part, uint32 done,
		   double *weight, int *words, bool *number)
{
	for (int i = 0; i < part->words; i++)
	{
		const Word *word = &person->word[part->first + i];

		if (done & (1 << i))
			continue;
		*weight += WEIGHT_UNIT * word->weight;
		if (word->flags & WORD_NUMBER)
			*number = true;
		if (!(word->flags & WORD_MINOR))
			(*words)++;
	}
}

/* Find for each word of a part its like. */
void
align_words(const Person *a, const Person *b, PersonPart part, Alignment *result)
{
	Aligning	state = {a, b, &a->part[part], &b->part[part], 0, 0, 0, 0};
	bool		number_a = false;
	bool		number_b = false;

	memset(result, 0, sizeof(Alignment));
	take_best_matches(&state, result);
	if (state.pa->words != state.pb->words || result->pairs < state.pa->words)
	{
		take_joined(&state, result);
		turn_around(&state);
		take_joined(&state, result);
		turn_around(&state);
	}
	result->done_a = state.done_a;
	result->done_b = state.done_b;
	result->equal_a = state.equal_a;
	result->equal_b = state.equal_b;
	count_rest(a, state.pa, state.done_a, &result->only_a, &result->rest_a, &number_a);
	count_rest(b, state.pb, state.done_b, &result->only_b, &result->rest_b, &number_b);
	result->numbers_differ = number_a && number_b;
	result->first_differs = !(state.done_a & 1) && !(state.done_b & 1);
}
