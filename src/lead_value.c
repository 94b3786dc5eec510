/*-------------------------------------------------------------------------
 *
 * lead_value.c
 *	  A column of a row by its name.
 *
 * A view that names a column keeps it from being dropped or given another
 * type, which is its owner's right.  So views that want to show every column
 * take from the whole row, by name, those that nothing else needs.
 *
 *-------------------------------------------------------------------------
 */
#include "lead_mgmt.h"

#include "access/htup_details.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(lead_value);

/* Where the column is in rows of the type met last */
typedef struct Found
{
	Oid			row_type;
	int32		row_typmod;
	int			natts;
	char	   *name;
	TupleDesc	tupdesc;
	int			attno;			/* 0: there is none */
	bool		convert;		/* it has another type than is asked for */
	FmgrInfo	output;
	FmgrInfo	input;
	Oid			ioparam;
} Found;

static Found *
find_column(FunctionCallInfo fcinfo, HeapTupleHeader row)
{
	Found	   *found = fcinfo->flinfo->fn_extra;
	Oid			type = get_fn_expr_rettype(fcinfo->flinfo);
	MemoryContext old;
	Oid			function;
	bool		varlena;

	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(1));

	if (found != NULL && strcmp(found->name, name) == 0 && found->row_type == HeapTupleHeaderGetTypeId(row) &&
		found->row_typmod == HeapTupleHeaderGetTypMod(row) &&
		found->natts == HeapTupleHeaderGetNatts(row))
		return found;

	old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	found = palloc0(sizeof(Found));
	found->row_type = HeapTupleHeaderGetTypeId(row);
	found->row_typmod = HeapTupleHeaderGetTypMod(row);
	found->natts = HeapTupleHeaderGetNatts(row);
	found->tupdesc = lookup_rowtype_tupdesc_copy(found->row_type, found->row_typmod);
	found->name = pstrdup(name);
	found->attno = Max(0, SPI_fnumber(found->tupdesc, name));
	if (found->attno == 0)
		ereport(WARNING,
				(errmsg("column \"%s\" does not exist", name),
				 errdetail("The view shows NULL in its place; the column was dropped or renamed."),
				 errhint("Call lead_mgmt.upgrade_workspace, which adds columns that the view lacks and brings back those that every workspace has.")));
	if (found->attno > 0 && TupleDescAttr(found->tupdesc, found->attno - 1)->atttypid != type)
	{
		found->convert = true;
		getTypeOutputInfo(TupleDescAttr(found->tupdesc, found->attno - 1)->atttypid,
						  &function, &varlena);
		fmgr_info_cxt(function, &found->output, fcinfo->flinfo->fn_mcxt);
		getTypeInputInfo(type, &function, &found->ioparam);
		fmgr_info_cxt(function, &found->input, fcinfo->flinfo->fn_mcxt);
	}
	MemoryContextSwitchTo(old);
	fcinfo->flinfo->fn_extra = found;
	return found;
}

/*
 * lead_value(record, text, anyelement): the column of that name in the type of
 * the third argument; NULL where the row has no such column.
 */
Datum
lead_value(PG_FUNCTION_ARGS)
{
	HeapTupleHeader row;
	HeapTupleData tuple;
	Found	   *found;
	Datum		value;
	bool		isnull;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	row = PG_GETARG_HEAPTUPLEHEADER(0);
	found = find_column(fcinfo, row);
	if (found->attno == 0)
		PG_RETURN_NULL();
	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	value = heap_getattr(&tuple, found->attno, found->tupdesc, &isnull);
	if (isnull)
		PG_RETURN_NULL();
	if (found->convert)
		value = InputFunctionCall(&found->input, OutputFunctionCall(&found->output, value),
								  found->ioparam, -1);
	PG_RETURN_DATUM(value);
}
