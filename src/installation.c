/*-------------------------------------------------------------------------
 *
 * installation.c
 *	  What CREATE EXTENSION checks before it installs anything.
 *
 *-------------------------------------------------------------------------
 */
#include "lead_mgmt.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(check_installation);

/* Who is installing: the script itself runs as a superuser. */
static Oid
extension_owner(void)
{
	Relation	catalog = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			owner = InvalidOid;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum("lead_mgmt"));
	scan = systable_beginscan(catalog, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		owner = ((Form_pg_extension) GETSTRUCT(tuple))->extowner;
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return owner;
}

/*
 * check_installation(): refuses to install into a schema of somebody else,
 * who could add to it what workspaces would find there.
 */
Datum
check_installation(PG_FUNCTION_ARGS)
{
	Oid			namespace = get_namespace_oid("lead_mgmt", false);
	HeapTuple	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(namespace));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for schema %u", namespace);
	owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
	ReleaseSysCache(tuple);

	if (owner != extension_owner() && !superuser_arg(owner))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("schema \"lead_mgmt\" belongs to \"%s\"", GetUserNameFromId(owner, false)),
				 errdetail("The extension is installed into a schema that belongs to who installs it."),
				 errhint("Drop the schema, or let its owner install the extension.")));
	PG_RETURN_VOID();
}
