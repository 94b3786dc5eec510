/*-------------------------------------------------------------------------
 *
 * key.h
 *	  The normal forms, between the server's texts and UTF-8.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_KEY_H
#define LEAD_MGMT_KEY_H

#include "lead_mgmt.h"

/* All take texts that are not toasted; NULL where there is no such form. */
extern text *email_key_of(text *email, bool ignores_tag, bool ignores_dots);
extern text *phone_key_of(text *phone, text *country);
extern text *phone_key_in(text *phone, text *country, const char *default_country);
extern text *name_key_of(text *name);
extern text *company_and_name_key_of(text *company, text *name);

/* What is wrong with it, as an errdetail; NULL: nothing. */
extern const char *email_problem_of(text *email);
extern const char *phone_problem_of(text *phone);
extern bool text_is_blank_of(text *value);

/* Could these names be one person's? */
extern bool names_agree_of(text *a, text *b);

#endif							/* LEAD_MGMT_KEY_H */
