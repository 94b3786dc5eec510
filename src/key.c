/*-------------------------------------------------------------------------
 *
 * key.c
 *	  The normal forms, between the server's texts and UTF-8, and as SQL
 *	  functions.
 *
 *-------------------------------------------------------------------------
 */
#include "key.h"

#include <math.h>

#include "common/md5.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/geo_decls.h"

#include "free_mail.h"
#include "normalize.h"
#include "similarity.h"

/* Radius of the earth in statute miles, as contrib/earthdistance has it */
#define EARTH_RADIUS_MILES 3958.747716

PG_FUNCTION_INFO_V1(email_key);
PG_FUNCTION_INFO_V1(email_key_options);
PG_FUNCTION_INFO_V1(phone_key);
PG_FUNCTION_INFO_V1(name_key);
PG_FUNCTION_INFO_V1(company_and_name_key);
PG_FUNCTION_INFO_V1(miles);

typedef struct Utf8
{
	char	   *data;
	int			length;
} Utf8;

/* A text in UTF-8; not copied in a database that has it anyway. */
static Utf8
to_utf8(text *value)
{
	Utf8		result;

	result.data = VARDATA_ANY(value);
	result.length = VARSIZE_ANY_EXHDR(value);
	if (GetDatabaseEncoding() != PG_UTF8 && GetDatabaseEncoding() != PG_SQL_ASCII)
	{
		char	   *converted = pg_server_to_any(result.data, result.length, PG_UTF8);

		if (converted != result.data)
		{
			result.data = converted;
			result.length = strlen(converted);
		}
	}
	return result;
}

static bool
is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if (IS_HIGHBIT_SET(*s))
			return false;
	return true;
}

/*
 * A key as a text of this database.  Normal forms can have characters that
 * its encoding lacks: such a key is a digest, which is as good to compare.
 */
static text *
from_utf8(char *key)
{
	char		digest[33];
	const char *error = NULL;

	if (key == NULL)
		return NULL;
	if (GetDatabaseEncoding() != PG_UTF8 && !is_ascii(key))
	{
		if (!pg_md5_hash(key, strlen(key), digest, &error))
			elog(ERROR, "could not compute %s hash: %s", "MD5", error);
		return cstring_to_text(digest);
	}
	return cstring_to_text(key);
}

/* Take "+tag" out of the part before the "@"; not of a quoted one. */
static void
remove_tag(char *key)
{
	char	   *at = strrchr(key, '@');
	char	   *plus = strchr(key, '+');

	if (at != NULL && plus != NULL && plus > key && plus < at && key[0] != '"')
		memmove(plus, at, strlen(at) + 1);
}

/* Take the dots out of the part before the "@" where the provider does. */
static char *
remove_dots(char *key)
{
	char	   *at = strrchr(key, '@');
	const char *domain = domain_without_dots(at + 1);
	char	   *target = key;

	if (domain == NULL || key[0] == '"')
		return key;
	for (const char *p = key; p < at; p++)
		if (*p != '.')
			*target++ = *p;
	*target = '\0';
	return psprintf("%s@%s", key, domain);
}

text *
email_key_of(text *email, bool ignores_tag, bool ignores_dots)
{
	Utf8		value = to_utf8(email);
	char	   *key = normalize_email(value.data, value.length);

	if (key != NULL && ignores_tag)
		remove_tag(key);
	if (key != NULL && ignores_dots)
		key = remove_dots(key);
	return from_utf8(key);
}

/* A NUL-terminated text in UTF-8 */
static char *
to_utf8_string(text *value)
{
	Utf8		utf8 = to_utf8(value);

	return pnstrdup(utf8.data, utf8.length);
}

text *
phone_key_in(text *phone, text *country, const char *default_country)
{
	Utf8		value = to_utf8(phone);

	/* a "+" says it all, and most numbers have one */
	if (value.length > 0 && value.data[0] == '+')
		return from_utf8(normalize_phone(value.data, value.length, NULL));
	if (country != NULL && !text_is_blank_of(country))
		default_country = to_utf8_string(country);
	return from_utf8(normalize_phone(value.data, value.length, default_country));
}

text *
phone_key_of(text *phone, text *country)
{
	return phone_key_in(phone, country, NULL);
}

text *
name_key_of(text *name)
{
	Utf8		value = to_utf8(name);

	return from_utf8(normalize_any_name(value.data, value.length));
}

text *
company_and_name_key_of(text *company, text *name)
{
	Utf8		c = to_utf8(company);
	Utf8		n = to_utf8(name);

	return from_utf8(normalize_company_and_name(c.data, c.length, n.data, n.length));
}

const char *
email_problem_of(text *email)
{
	Utf8		value = to_utf8(email);

	return email_problem(value.data, value.length);
}

const char *
phone_problem_of(text *phone)
{
	Utf8		value = to_utf8(phone);

	return phone_problem(value.data, value.length);
}

bool
text_is_blank_of(text *value)
{
	Utf8		utf8 = to_utf8(value);

	return text_is_blank(utf8.data, utf8.length);
}

bool
names_agree_of(text *a, text *b)
{
	Utf8		x = to_utf8(a);
	Utf8		y = to_utf8(b);

	return names_agree(x.data, x.length, y.data, y.length);
}

#define RETURN_KEY(key) \
	do { \
		text	   *key_ = (key); \
		if (key_ == NULL) \
			PG_RETURN_NULL(); \
		PG_RETURN_TEXT_P(key_); \
	} while (0)

Datum
email_key(PG_FUNCTION_ARGS)
{
	RETURN_KEY(email_key_of(PG_GETARG_TEXT_PP(0), false, false));
}

Datum
email_key_options(PG_FUNCTION_ARGS)
{
	RETURN_KEY(email_key_of(PG_GETARG_TEXT_PP(0), PG_GETARG_BOOL(1), PG_GETARG_BOOL(2)));
}

/* Not strict: the country may be NULL. */
Datum
phone_key(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	RETURN_KEY(phone_key_of(PG_GETARG_TEXT_PP(0),
							PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1)));
}

Datum
name_key(PG_FUNCTION_ARGS)
{
	RETURN_KEY(name_key_of(PG_GETARG_TEXT_PP(0)));
}

Datum
company_and_name_key(PG_FUNCTION_ARGS)
{
	RETURN_KEY(company_and_name_key_of(PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1)));
}

static double
radians_of(double degrees)
{
	return degrees * (M_PI / 180.0);
}

/*
 * miles(point, point): great-circle distance in statute miles between two
 * points given as (longitude, latitude) in degrees, by the haversine formula,
 * which is exact for small distances too (R. W. Sinnott, "Virtues of the
 * Haversine", Sky and Telescope 68, 1984).
 */
Datum
miles(PG_FUNCTION_ARGS)
{
	Point	   *a = PG_GETARG_POINT_P(0);
	Point	   *b = PG_GETARG_POINT_P(1);
	double		latitude = sin(radians_of(b->y - a->y) / 2);
	double		longitude = sin(radians_of(b->x - a->x) / 2);
	double		h = latitude * latitude +
		cos(radians_of(a->y)) * cos(radians_of(b->y)) * longitude * longitude;

	PG_RETURN_FLOAT8(2 * EARTH_RADIUS_MILES * asin(sqrt(Min(1.0, h))));
}
