/*-------------------------------------------------------------------------
 *
 * lead_keys.c
 *	  The keys of a row of lead, by the settings of its workspace.
 *
 *-------------------------------------------------------------------------
 */
#include "lead_keys.h"

#include "key.h"

/* A text of the row; NULL for NULL. */
static text *
slot_value(Workspace *ws, LeadColumn column)
{
	int			index = ws->column[column] - 1;

	return ws->slot->tts_isnull[index] ? NULL : DatumGetTextPP(ws->slot->tts_values[index]);
}

text *
key_of_texts(Workspace *ws, MatchKey key, const KeyTexts *texts)
{
	switch (key)
	{
		case MATCH_EMAIL:
			return texts->email == NULL ? NULL :
				email_key_of(texts->email, ws->email_ignores_tag, ws->email_ignores_dots);
		case MATCH_PHONE:
			return texts->phone == NULL ? NULL :
				phone_key_in(texts->phone, texts->country, ws->default_country);
		case MATCH_COMPANY_AND_NAME:
			return texts->company == NULL || texts->contact_name == NULL ? NULL :
				company_and_name_key_of(texts->company, texts->contact_name);
	}
	return NULL;				/* keep compiler quiet */
}

text *
lead_key(Workspace *ws, MatchKey key)
{
	KeyTexts	texts = {.email = NULL};

	switch (key)
	{
		case MATCH_EMAIL:
			texts.email = slot_value(ws, LEAD_EMAIL);
			break;
		case MATCH_PHONE:
			texts.phone = slot_value(ws, LEAD_PHONE);
			texts.country = slot_value(ws, LEAD_COUNTRY);
			break;
		case MATCH_COMPANY_AND_NAME:
			texts.company = slot_value(ws, LEAD_COMPANY);
			texts.contact_name = slot_value(ws, LEAD_CONTACT_NAME);
			break;
	}
	return key_of_texts(ws, key, &texts);
}

static bool
texts_differ(text *a, text *b)
{
	if (a == NULL || b == NULL)
		return a != b;
	return VARSIZE_ANY_EXHDR(a) != VARSIZE_ANY_EXHDR(b) ||
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) != 0;
}

bool
lead_keys_differ(Workspace *ws, text *const *keys)
{
	for (int key = 0; key < MATCH_KEYS; key++)
		if (texts_differ(keys[key], slot_value(ws, match_key_column[key])))
			return true;
	return false;
}
