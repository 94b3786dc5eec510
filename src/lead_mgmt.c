/*-------------------------------------------------------------------------
 *
 * lead_mgmt.c
 *	  Loading of the module, its settings, and helpers that all parts use.
 *
 *-------------------------------------------------------------------------
 */
#include "lead_mgmt.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/uuid.h"

#include "cache.h"
#include "engagement.h"
#include "import_stage.h"
#include "rotation.h"
#include "statement.h"

LEAD_MGMT_MODULE_MAGIC;

char	   *lead_mgmt_actor = NULL;
char	   *lead_mgmt_as_of = NULL;
Oid			lead_mgmt_writer = InvalidOid;

void		_PG_init(void);

/* A day, or nothing: refused when it is set rather than when a report is read. */
static bool
check_as_of(char **newval, void **extra pg_attribute_unused(),
			GucSource source pg_attribute_unused())
{
	char	   *field[MAXDATEFIELDS];
	int			ftype[MAXDATEFIELDS];
	char		workbuf[MAXDATELEN + 1];
	int			nf;
	int			dtype;
	int			tz;
	fsec_t		fsec;
	struct pg_tm tm;

	if (*newval == NULL || **newval == '\0')
		return true;

	/* restricted to the ISO form, which no other setting changes */
	if (strlen(*newval) != 10 || (*newval)[4] != '-' || (*newval)[7] != '-' ||
		ParseDateTime(*newval, workbuf, sizeof(workbuf), field, ftype,
					  MAXDATEFIELDS, &nf) != 0 ||
		nf != 1 || ftype[0] != DTK_DATE ||
		lead_decode_date_time(field, ftype, nf, &dtype, &tm, &fsec, &tz) != 0)
	{
		GUC_check_errdetail("The value must be a date such as 2026-06-30, or empty.");
		return false;
	}
	return true;
}

void
_PG_init(void)
{
	DefineCustomStringVariable("lead_mgmt.actor",
							   "Who is acting, as the ledgers shall show it.",
							   "Empty means the current role.",
							   &lead_mgmt_actor, "",
							   PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("lead_mgmt.as_of",
							   "Day at the end of which ledger reports stand.",
							   "A date such as 2026-06-30; empty means now.",
							   &lead_mgmt_as_of, "",
							   PGC_USERSET, 0, check_as_of, NULL, NULL);
	MarkGUCPrefixReserved("lead_mgmt");

	cache_init();
	rotation_init();
	statement_init();
	engagement_init();
	import_init();
}

Oid
current_writer(void)
{
	return OidIsValid(lead_mgmt_writer) ? lead_mgmt_writer : GetUserId();
}

char *
current_actor(void)
{
	if (lead_mgmt_actor != NULL && lead_mgmt_actor[0] != '\0')
		return pstrdup(lead_mgmt_actor);
	/* not the definer of a function that happens to be running */
	return GetUserNameFromId(GetOuterUserId(), false);
}

char *
current_login(void)
{
	return GetUserNameFromId(GetSessionUserId(), false);
}

OwnerSwitch
switch_to_owner(Oid owner)
{
	OwnerSwitch saved;

	GetUserIdAndSecContext(&saved.userid, &saved.sec_context);
	SetUserIdAndSecContext(owner,
						   saved.sec_context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_NOFORCE_RLS);
	return saved;
}

OwnerSwitch
switch_to_owner_restricted(Oid owner)
{
	OwnerSwitch saved = switch_to_owner(owner);

	if (saved.userid != owner)
		SetUserIdAndSecContext(owner, saved.sec_context | SECURITY_LOCAL_USERID_CHANGE |
							   SECURITY_NOFORCE_RLS | SECURITY_RESTRICTED_OPERATION);
	return saved;
}

void
switch_back(OwnerSwitch saved)
{
	SetUserIdAndSecContext(saved.userid, saved.sec_context);
}

int
err_column_constraint(Relation relation, AttrNumber attno, const char *constraint)
{
	/* errtablecol() and errtableconstraint() both name the table */
	errtablecol(relation, attno);
	err_generic_string(PG_DIAG_CONSTRAINT_NAME, constraint);
	return 0;
}

int
compare_int64(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}

Datum
spi_array(Datum *values, bool *nulls, int n, Oid type)
{
	int			lower = 1;
	int16		length;
	bool		by_value;
	char		align;

	switch (type)
	{
		case INT8OID:
		case FLOAT8OID:
		case TIMESTAMPTZOID:
			length = sizeof(int64);
			by_value = FLOAT8PASSBYVAL;
			align = TYPALIGN_DOUBLE;
			break;
		case INTERVALOID:
			length = sizeof(Interval);
			by_value = false;
			align = TYPALIGN_DOUBLE;
			break;
		case UUIDOID:
			length = UUID_LEN;
			by_value = false;
			align = TYPALIGN_CHAR;
			break;
		case TEXTOID:
		case JSONBOID:
			length = -1;
			by_value = false;
			align = TYPALIGN_INT;
			break;
		default:
			elog(ERROR, "unexpected column type %u", type);
	}
	return PointerGetDatum(construct_md_array(values, nulls, 1,
											  &n, &lower, type, length, by_value, align));
}

void
spi_check(int result, int expected, const char *query)
{
	if (result != expected)
		elog(ERROR, "SPI returned %s for query: %s",
			 SPI_result_code_string(result), query);
}

int64 *
spi_int64s(int *n)
{
	int64	   *values = palloc_extended((SPI_processed + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	bool		isnull;

	*n = (int) SPI_processed;
	for (int i = 0; i < *n; i++)
		values[i] = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc,
												1, &isnull));
	return values;
}

void
spi_begin(void)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
}

void
spi_end(void)
{
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "SPI_finish failed");
}
