/*-------------------------------------------------------------------------
 *
 * country.c
 *	  Countries as people write them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "country.h"
#include "country_table.h"
#include "normalize_name.h"

static int
compare_country(const void *name, const void *entry)
{
	return strcmp(name, ((const CountryName *) entry)->name);
}

/* The name as the table has it; false: it is longer than any country's. */
static bool
simplify(const char *country, char *name)
{
	NameKey		key;
	int			length = 0;

	read_name(&key, country, strlen(country));
	for (int i = 0; i < key.length; i++)
	{
		if (i == 0 && key.length > 4 && memcmp(key.text, "the ", 4) == 0)
			i = 4;
		if (key.text[i] == ' ')
			continue;
		if (length == COUNTRY_NAME_MAX)
			break;
		name[length++] = key.text[i];
	}
	name[length] = '\0';
	pfree(key.text);
	return length < COUNTRY_NAME_MAX;
}

const char *
country_code(const char *country)
{
	char		name[COUNTRY_NAME_MAX + 1];
	const CountryName *entry;

	if (!simplify(country, name))
		return NULL;
	entry = bsearch(name, country_names, lengthof(country_names), sizeof(CountryName),
					compare_country);
	return entry == NULL ? NULL : entry->code;
}
