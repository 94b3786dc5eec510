/*-------------------------------------------------------------------------
 *
 * lead_check.c
 *	  What the columns of a lead must be like.
 *
 *-------------------------------------------------------------------------
 */
#include "lead_check.h"

#include "utils/builtins.h"

#include "key.h"

void
lead_check_name(Workspace *ws, Relation lead, text *name)
{
	AttrNumber	attno = ws->column[LEAD_CONTACT_NAME];

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("null value in column \"%s\" of relation \"%s\" violates not-null constraint",
						"contact_name", RelationGetRelationName(lead)),
				 errdetail("Every lead has the name of a person."),
				 errhint("Give the name of the person."),
				 err_column_constraint(lead, attno, "lead_contact_name_check")));
	if (text_is_blank_of(name))
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("contact name of a lead cannot be blank"),
				 errdetail("Column contact_name has nothing but white space."),
				 errhint("Give the name of the person."),
				 err_column_constraint(lead, attno, "lead_contact_name_check")));
}

void
lead_check_contact_method(Workspace *ws, Relation lead, text *email, text *phone)
{
	if (email == NULL && phone == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("lead has no way to be contacted"),
				 errdetail("Both email and phone are empty."),
				 errhint("Give an e-mail address or a phone number."),
				 err_column_constraint(lead, ws->column[LEAD_EMAIL], "lead_contact_method_check")));
}

void
lead_check_email(Workspace *ws, Relation lead, text *email)
{
	const char *problem = email == NULL ? NULL : email_problem_of(email);

	if (problem != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("invalid e-mail address: \"%s\"", text_to_cstring(email)),
				 errdetail_internal("%s", problem),
				 errhint("Give an address such as kim@example.com, or none."),
				 err_column_constraint(lead, ws->column[LEAD_EMAIL], "lead_email_check")));
}

void
lead_check_phone(Workspace *ws, Relation lead, text *phone)
{
	const char *problem = phone == NULL ? NULL : phone_problem_of(phone);

	if (problem != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("invalid phone number: \"%s\"", text_to_cstring(phone)),
				 errdetail_internal("%s", problem),
				 errhint("Give a number such as +1 212 555 0143, or none."),
				 err_column_constraint(lead, ws->column[LEAD_PHONE], "lead_phone_check")));
}

void
lead_check_source(Workspace *ws, Relation lead, text *source)
{
	char	   *name = source == NULL ? NULL : text_to_cstring(source);

	if (name == NULL || workspace_has_name(ws->sources, ws->nsources, name))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
			 errmsg("lead source \"%s\" does not exist", name),
			 errdetail("Key (source)=(%s) is not present in table \"lead_source\".", name),
			 ws->nsources > 0 ?
			 errhint("Add it to lead_source, or use one of %s.", workspace_list_names(ws->sources, ws->nsources)) :
			 errhint("Add it to lead_source."),
			 err_column_constraint(lead, ws->column[LEAD_SOURCE], "lead_source_fkey")));
}
