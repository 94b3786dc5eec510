/*-------------------------------------------------------------------------
 *
 * points.h
 *	  Points of a score: exact sums of what may be very small or very large.
 *
 * Rules give points with up to eighteen decimals, as many as a number that was
 * a double has.  What decays is kept to twelve, so that sums are exact from
 * there on and do not depend on their order.  128 bits hold a million points
 * given for each of a hundred million million engagements.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_POINTS_H
#define LEAD_MGMT_POINTS_H

#include "postgres.h"

#ifndef HAVE_INT128
#error "lead_mgmt needs a compiler with 128-bit integers"
#endif

typedef int128 Points;

#define POINT_DECIMALS	18
#define POINT_SCALE		((Points) INT64CONST(1000000000000000000))

/* No limit: more than any sum */
#define POINTS_MAX		((Points) PG_INT64_MAX * PG_INT64_MAX)

#define points_clamp(value, lowest, highest) \
	((value) < (lowest) ? (lowest) : (value) > (highest) ? (highest) : (value))

/* Points as numeric, without trailing zeros, and back. */
extern Datum points_to_numeric(Points points);
extern Points points_from_numeric(Datum value);

/* To twelve decimals: more would show the noise of a double */
extern Points points_from_double(double value);

#endif							/* LEAD_MGMT_POINTS_H */
