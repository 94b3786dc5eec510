/*-------------------------------------------------------------------------
 *
 * trigger.c
 *	  What every trigger function asks first.
 *
 *-------------------------------------------------------------------------
 */
#include "trigger.h"

#include "catalog/pg_class.h"
#include "utils/rel.h"

#include "workspace.h"

TriggerData *
trigger_data(FunctionCallInfo fcinfo, const char *function)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager", function)));
	return (TriggerData *) fcinfo->context;
}

TriggerData *
trigger_data_of(FunctionCallInfo fcinfo, const char *function, bool before, bool row)
{
	TriggerData *trigdata = trigger_data(fcinfo, function);

	if ((TRIGGER_FIRED_BEFORE(trigdata->tg_event) != 0) != before ||
		(TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) != 0) != row)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired %s %s", function,
						before ? "BEFORE" : "AFTER", row ? "ROW" : "STATEMENT")));
	return trigdata;
}

void
trigger_check_table(TriggerData *trigdata, const char *function, const char *table, const char *or)
{
	Relation	relation = trigdata->tg_relation;
	const char *name = RelationGetRelationName(relation);

	if (strcmp(name, table) != 0 && (or == NULL || strcmp(name, or) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" cannot be used on table \"%s\"", function, name)));
	if (relation->rd_rel->relispartition || relation->rd_rel->relkind != RELKIND_RELATION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("table \"%s\" cannot be partitioned or a partition", name),
				 errdetail("Its rows are looked up by the indexes of one table.")));
	/* beside a table lead, of the same owner */
	(void) lead_of_sister(relation);
}
