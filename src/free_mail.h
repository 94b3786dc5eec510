/*-------------------------------------------------------------------------
 *
 * free_mail.h
 *	  Providers where anybody can have an address.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_FREE_MAIL_H
#define LEAD_MGMT_FREE_MAIL_H

#include "postgres.h"

/*
 * Is the domain, as a key of an address has it, one of theirs?  An address
 * there says nothing about a company.
 */
extern bool domain_is_free_mail(const char *domain);

/*
 * The domain that this one is another name of, where dots before the "@" do
 * not count; NULL: they do.
 */
extern const char *domain_without_dots(const char *domain);

#endif							/* LEAD_MGMT_FREE_MAIL_H */
