/*-------------------------------------------------------------------------
 *
 * country.h
 *	  Countries as people write them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_COUNTRY_H
#define LEAD_MGMT_COUNTRY_H

/*
 * The two-letter code (ISO 3166-1 alpha-2) of a country in UTF-8: such a
 * code, the one of three letters, or a common name of it.  NULL: unknown.
 */
extern const char *country_code(const char *country);

#endif							/* LEAD_MGMT_COUNTRY_H */
