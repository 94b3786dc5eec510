/*-------------------------------------------------------------------------
 *
 * phone_module.h
 *	  What the module lead_mgmt_phone has for lead_mgmt: C on either side.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_PHONE_MODULE_H
#define LEAD_MGMT_PHONE_MODULE_H

#ifdef __cplusplus
extern "C"
{
#endif

/*
 * Write the E.164 form of a number that is dialled in a region (ISO 3166-1
 * alpha-2; "ZZ": not known) or begins with "+", with a NUL at its end.
 */
#define PHONE_VALID			2	/* the numbering plan has it */
#define PHONE_POSSIBLE		1	/* it has as many digits as numbers there have */
#define PHONE_UNKNOWN		0	/* nothing was written */
#define PHONE_NO_MEMORY		(-1)

typedef int (*LeadMgmtPhoneE164) (const char *number, const char *region,
								  char *target, int size);

/*
 * Found by its name, which has a number: an older module that is left lying
 * about does not have it.
 */
#define LEAD_MGMT_PHONE_E164_NAME "lead_mgmt_phone_e164_1"

__attribute__((visibility("default")))
extern int	lead_mgmt_phone_e164_1(const char *number, const char *region,
								   char *target, int size);

#ifdef __cplusplus
}
#endif

#endif							/* LEAD_MGMT_PHONE_MODULE_H */
