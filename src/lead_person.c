/*-------------------------------------------------------------------------
 *
 * lead_person.c
 *	  What a row of lead says about a person, for comparison with others.
 *
 *-------------------------------------------------------------------------
 */
#include "lead_person.h"

#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"

/* Where a field is read: from the first of these that is there and not null */
typedef struct FieldSource
{
	LeadColumn	normal;
	LeadColumn	column;
} FieldSource;

static const FieldSource sources[PERSON_FIELDS] = {
	[PERSON_NAME] = {LEAD_CONTACT_NAME, LEAD_CONTACT_NAME},
	[PERSON_EMAIL] = {LEAD_EMAIL_KEY, LEAD_EMAIL},
	[PERSON_PHONE] = {LEAD_PHONE_KEY, LEAD_PHONE},
	[PERSON_COMPANY] = {LEAD_COMPANY, LEAD_COMPANY},
	[PERSON_STREET] = {LEAD_STREET, LEAD_STREET},
	[PERSON_CITY] = {LEAD_CITY, LEAD_CITY},
	[PERSON_REGION] = {LEAD_REGION, LEAD_REGION},
	[PERSON_POSTAL_CODE] = {LEAD_POSTAL_CODE, LEAD_POSTAL_CODE},
	[PERSON_COUNTRY] = {LEAD_COUNTRY, LEAD_COUNTRY},
	[PERSON_BIRTHDAY] = {LEAD_BIRTHDAY, LEAD_BIRTHDAY},
	[PERSON_JOB_TITLE] = {LEAD_JOB_TITLE, LEAD_JOB_TITLE},
};

/* false: it is NULL, or there is no such column */
static bool
get_column(Workspace *ws, TupleTableSlot *slot, LeadColumn column, Datum *value)
{
	bool		isnull;

	if (ws->column[column] == InvalidAttrNumber)
		return false;
	*value = slot_getattr(slot, ws->column[column], &isnull);
	return !isnull;
}

static bool
get_field(Workspace *ws, TupleTableSlot *slot, PersonField field, Datum *value)
{
	const FieldSource *source = &sources[field];

	return get_column(ws, slot, source->normal, value) ||
		(source->column != source->normal && get_column(ws, slot, source->column, value));
}

int64
person_stamp(Workspace *ws, TupleTableSlot *slot)
{
	uint64		hash = 1;

	for (int field = 0; field < PERSON_FIELDS; field++)
	{
		Datum		value;
		text	   *string;

		if (!get_field(ws, slot, field, &value))
			continue;
		if (field == PERSON_BIRTHDAY)
		{
			hash = hash_combine64(hash, hash_bytes_uint32_extended((uint32) DatumGetDateADT(value), field + 1));
			continue;
		}
		string = DatumGetTextPP(value);
		hash = hash_combine64(hash, hash_bytes_extended((unsigned char *) VARDATA_ANY(string),
														VARSIZE_ANY_EXHDR(string), field + 1));
		if (PointerGetDatum(string) != value)
			pfree(string);
	}
	return hash == 0 ? 1 : (int64) hash;
}

/* yyyy-mm-dd; nothing for dates that no person is born on */
static void
put_birthday(PersonText *person, DateADT date)
{
	int			year,
				month,
				day;
	char	   *iso;

	if (DATE_NOT_FINITE(date))
		return;
	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	if (year < 1 || year > 9999)
		return;
	iso = psprintf("%04d-%02d-%02d", year, month, day);
	person->data[PERSON_BIRTHDAY] = iso;
	person->length[PERSON_BIRTHDAY] = (int) strlen(iso);
}

static void
put_text(PersonText *person, PersonField field, text *value)
{
	char	   *data = VARDATA_ANY(value);
	int			length = VARSIZE_ANY_EXHDR(value);

	if (GetDatabaseEncoding() != PG_UTF8 && GetDatabaseEncoding() != PG_SQL_ASCII)
	{
		char	   *converted = pg_server_to_any(data, length, PG_UTF8);

		if (converted != data)
		{
			data = converted;
			length = (int) strlen(converted);
		}
	}
	person->data[field] = data;
	person->length[field] = length;
}

Person *
person_of_lead(Workspace *ws, TupleTableSlot *slot)
{
	PersonText	person = {{NULL}, {0}};

	for (int field = 0; field < PERSON_FIELDS; field++)
	{
		Datum		value;

		if (!get_field(ws, slot, field, &value))
			continue;
		if (field == PERSON_BIRTHDAY)
			put_birthday(&person, DatumGetDateADT(value));
		else
			put_text(&person, field, DatumGetTextPP(value));
	}
	return person_prepare(&person);
}

void
lead_key_hashes(Workspace *ws, TupleTableSlot *slot, uint64 *keys)
{
	for (int key = 0; key < MATCH_KEYS; key++)
	{
		Datum		value;
		text	   *string;

		keys[key] = 0;
		if (ws->match[key].name == NULL || !get_column(ws, slot, match_key_column[key], &value))
			continue;
		string = DatumGetTextPP(value);
		keys[key] = hash_bytes_extended((unsigned char *) VARDATA_ANY(string),
										VARSIZE_ANY_EXHDR(string), key) | 1;
		if (PointerGetDatum(string) != value)
			pfree(string);
	}
}
