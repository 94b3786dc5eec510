/*-------------------------------------------------------------------------
 *
 * phone.c
 *	  The E.164 form of a phone number.
 *
 * A number that begins with "+" has it in itself.  For a national number the
 * module lead_mgmt_phone is asked, which knows the numbering plans of all
 * countries; a session loads it when it first meets such a number.  Where
 * lead_mgmt was built without it, or it cannot be loaded, national numbers
 * have no form, and a lead is not lost to that.
 *
 *-------------------------------------------------------------------------
 */
#include "lead_mgmt.h"

#include <unistd.h>

#include "miscadmin.h"

#include "country.h"
#include "normalize.h"
#include "phone.h"
#include "phone_module.h"

#define MODULE_NAME "lead_mgmt_phone"

/* What libphonenumber calls a country that is not known */
#define UNKNOWN_REGION "ZZ"

/* How this session stands to the module */
static bool looked_for = false;
static bool told = false;
static LeadMgmtPhoneE164 e164 = NULL;
static char *failure = NULL;

/* Why the module that is there cannot be loaded; NULL: it is loaded. */
static char *
load_module(void)
{
	MemoryContext caller = CurrentMemoryContext;
	char	   *volatile problem = NULL;

	/* nothing but the dynamic loader runs in here, which cleans up after itself */
	PG_TRY();
	{
		e164 = (LeadMgmtPhoneE164) load_external_function("$libdir/" MODULE_NAME,
														  LEAD_MGMT_PHONE_E164_NAME,
														  false, NULL);
		if (e164 == NULL)
			problem = MemoryContextStrdup(TopMemoryContext,
										  "The module " MODULE_NAME " is of another version.");
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		problem = MemoryContextStrdup(TopMemoryContext, error->message);
		FreeErrorData(error);
	}
	PG_END_TRY();
	return problem;
}

/* Look for the module, once a session. */
static void
find_module(void)
{
	char		path[MAXPGPATH];

	if (looked_for)
		return;
	looked_for = true;
	snprintf(path, sizeof(path), "%s/" MODULE_NAME "%s", pkglib_path, DLSUFFIX);
	if (access(path, F_OK) == 0)
		failure = load_module();
}

bool
phone_module_is_there(void)
{
	find_module();
	return e164 != NULL;
}

/* Once a session: why national numbers have no form. */
static void
tell_of_absence(void)
{
	if (told)
		return;
	told = true;
	ereport(NOTICE,
			(errmsg("national phone numbers are not compared"),
			 failure != NULL ?
			 errdetail_internal("%s", failure) :
			 errdetail("This lead_mgmt was built without libphonenumber, which knows the numbers of each country."),
			 errhint("Give numbers with + and the country code; or install libphonenumber, build lead_mgmt again, and call lead_mgmt.rekey.")));
}

/* Is it what people type for want of a number: 0000000, 1234567, 9876543? */
static bool
is_placeholder(const char *digits)
{
	const char *rest = digits;

	while (*rest == digits[0])
		rest++;
	return *rest == '\0' || strstr("01234567890", digits) != NULL ||
		strstr("09876543210", digits) != NULL;
}

/*
 * The library may be older than the numbers of a country, so one that it does
 * not know yet has a form, too, if it has as many digits as others there: but
 * not what people type for want of a number, and in North America neither area
 * codes nor exchanges have ever begun with 0 or 1.
 */
static bool
is_plausible(const char *number, const char *form)
{
	if (is_placeholder(number))
		return false;
	return form[1] != '1' || (form[2] >= '2' && form[5] >= '2');
}

/* Ask the module; NULL: it has no such number that is as good as "least". */
static char *
ask_module(const char *number, const char *region, int least)
{
	char		result[PHONE_SIZE];
	int			answer = e164(number, region, result, sizeof(result));

	if (answer == PHONE_NO_MEMORY)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("Failed while reading a phone number.")));
	if (answer == PHONE_UNKNOWN || answer < least ||
		(answer == PHONE_POSSIBLE && !is_plausible(number, result)))
		return NULL;
	return pstrdup(result);
}

/*
 * Numbers that came into a plan after the libraries that systems now have:
 * their digits follow the country code as they are.
 */
static char *
recent_form(const char *number, const char *region)
{
	static const struct
	{
		const char *region;
		const char *code;
		const char *beginning;
		int			digits;
	}			plans[] = {
		{"BJ", "229", "01", 10},	/* since November 2024 */
		{"UY", "598", "21", 5},
	};

	for (int i = 0; i < count_of(plans); i++)
	{
		if (strcmp(region, plans[i].region) == 0 &&
			(int) strlen(number) == plans[i].digits &&
			strncmp(number, plans[i].beginning, strlen(plans[i].beginning)) == 0)
			return psprintf("+%s%s", plans[i].code, number);
	}
	return NULL;
}

/* A number as it is dialled in a country, or with the prefix of most of them. */
static char *
national_form(const char *number, const char *country)
{
	const char *region = country == NULL ? UNKNOWN_REGION : country_code(country);
	char	   *result = NULL;
	bool		abroad;

	if (region == NULL)
		return NULL;			/* a country, but which? */
	if (!phone_module_is_there())
	{
		tell_of_absence();
		return NULL;
	}
	abroad = number[0] == '0' && number[1] == '0';
	if (country != NULL)
		result = ask_module(number, region, abroad ? PHONE_VALID : PHONE_POSSIBLE);
	if (result == NULL && abroad)
		result = ask_module(psprintf("+%s", number + 2), UNKNOWN_REGION, PHONE_POSSIBLE);
	if (result == NULL)
		result = recent_form(number, region);
	return result;
}

char *
normalize_phone(const char *phone, int length, const char *country)
{
	char		number[PHONE_SIZE];
	char	   *result = NULL;

	switch (read_phone(phone, length, number))
	{
		case PHONE_NONE:
			return NULL;
		case PHONE_INTERNATIONAL:
			return pstrdup(number);
		case PHONE_INTERNATIONAL_ODD:
			if (phone_module_is_there())
				result = ask_module(number, UNKNOWN_REGION, PHONE_VALID);
			return result == NULL ? pstrdup(number) : result;
		case PHONE_NATIONAL:
			return national_form(number, country);
	}
	return NULL;				/* keep compiler quiet */
}
