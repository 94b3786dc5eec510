/*-------------------------------------------------------------------------
 *
 * phone_number.cc
 *	  National phone numbers, by libphonenumber.
 *
 * In a module of its own, so that only a session that meets a national number
 * loads the library and its tables.  Nothing of the server is called here, so
 * no error of its own jumps over C++; and no exception leaves.
 *
 *-------------------------------------------------------------------------
 */
#include <cstring>
#include <string>

#include <phonenumbers/logger.h>
#include <phonenumbers/phonenumberutil.h>

#include "phone_module.h"

using i18n::phonenumbers::NullLogger;
using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

/* The library, made quiet: its logger writes to the server's standard output. */
static PhoneNumberUtil *
phone_util()
{
	static PhoneNumberUtil *util = nullptr;

	if (util == nullptr)
	{
		PhoneNumberUtil *instance = PhoneNumberUtil::GetInstance();

		instance->SetLogger(new NullLogger());
		util = instance;
	}
	return util;
}

/* Write the E.164 form, if there is such a number. */
static int
write_e164(const char *text, const char *region, char *target, int size)
{
	PhoneNumberUtil *util = phone_util();
	PhoneNumber number;
	std::string result;

	bool valid;

	if (util->Parse(text, region, &number) != PhoneNumberUtil::NO_PARSING_ERROR)
		return PHONE_UNKNOWN;
	valid = util->IsValidNumber(number);
	/* a 0 that stays is one that the plan has nowhere */
	if (!valid && (number.italian_leading_zero() ||
				   util->IsPossibleNumberWithReason(number) != PhoneNumberUtil::IS_POSSIBLE))
		return PHONE_UNKNOWN;
	util->Format(number, PhoneNumberUtil::E164, &result);
	if (result.empty() || result.size() >= static_cast<size_t>(size))
		return PHONE_UNKNOWN;
	std::memcpy(target, result.c_str(), result.size() + 1);
	return valid ? PHONE_VALID : PHONE_POSSIBLE;
}

extern "C" int
lead_mgmt_phone_e164_1(const char *number, const char *region, char *target, int size)
{
	try
	{
		return write_e164(number, region, target, size);
	}
	catch (...)
	{
		return PHONE_NO_MEMORY;
	}
}
