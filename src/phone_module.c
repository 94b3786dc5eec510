/*-------------------------------------------------------------------------
 *
 * phone_module.c
 *	  By this the server knows the module lead_mgmt_phone for one of its own.
 *
 * What the module does is in phone_number.cc, which is C++ and knows nothing
 * of the server.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

LEAD_MGMT_MODULE_MAGIC;
