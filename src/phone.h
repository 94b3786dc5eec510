/*-------------------------------------------------------------------------
 *
 * phone.h
 *	  Whether national phone numbers can be read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef LEAD_MGMT_PHONE_H
#define LEAD_MGMT_PHONE_H

/* Is the module there that reads them?  Loads it. */
extern bool phone_module_is_there(void);

#endif							/* LEAD_MGMT_PHONE_H */
