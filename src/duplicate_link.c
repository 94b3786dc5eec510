/*-------------------------------------------------------------------------
 *
 * duplicate_link.c
 *	  Links between duplicates, on their way into duplicate_link.
 *
 *-------------------------------------------------------------------------
 */
#include "duplicate_link.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

LinkRow *
add_link(LinkRows *links, int64 lead_id, int64 other_id, Datum rule, Datum key)
{
	LinkRow    *link = append_row(links, CurrentMemoryContext);

	memset(link, 0, sizeof(LinkRow));
	link->lead_id = lead_id;
	link->other_id = other_id;
	link->rule = rule;
	link->key = key;
	link->similarity = 1;
	return link;
}

/* The columns of rows as arrays, for SPI. */
void
link_arrays(LinkRows *links, Datum *lead_ids, Datum *other_ids, Datum *rules, Datum *keys)
{
	Datum	   *column = palloc(links->n * sizeof(Datum));

	for (int i = 0; i < links->n; i++)
		column[i] = Int64GetDatum(links->rows[i].lead_id);
	*lead_ids = spi_array(column, NULL, links->n, INT8OID);
	for (int i = 0; i < links->n; i++)
		column[i] = Int64GetDatum(links->rows[i].other_id);
	*other_ids = spi_array(column, NULL, links->n, INT8OID);
	for (int i = 0; i < links->n; i++)
		column[i] = links->rows[i].rule;
	*rules = spi_array(column, NULL, links->n, TEXTOID);
	for (int i = 0; i < links->n; i++)
		column[i] = links->rows[i].key;
	*keys = spi_array(column, NULL, links->n, TEXTOID);
	pfree(column);
}

void
write_links(Workspace *ws, LinkRows *links, TimestampTz at)
{
	Datum		values[5];

	if (links->n == 0)
		return;
	link_arrays(links, &values[0], &values[1], &values[2], &values[3]);
	values[4] = TimestampTzGetDatum(at);
	spi_check(SPI_execute_plan(workspace_plan(ws, PLAN_DUPLICATE_LINK), values,
							   NULL, false, 0),
			  SPI_OK_INSERT, "duplicate_link");
}

/* Links that others committed after this transaction's snapshot count too. */
void
execute_latest(Workspace *ws, WorkspacePlan which, Datum *values, int expected)
{
	CommandCounterIncrement();
	spi_check(SPI_execute_snapshot(workspace_plan(ws, which), values, NULL,
								   GetLatestSnapshot(), InvalidSnapshot,
								   false, true, 0),
			  expected, "duplicate_link");
}

int64
write_missing_links(Workspace *ws, LinkRows *links, TimestampTz at)
{
	int			n = links->n;
	Datum	   *column = palloc((n + 1) * sizeof(Datum));
	bool	   *nulls = palloc((n + 1) * sizeof(bool));
	Datum		values[8];

	if (n == 0)
		return 0;
	link_arrays(links, &values[0], &values[1], &values[2], &values[3]);
	for (int i = 0; i < n; i++)
		column[i] = Float8GetDatum(links->rows[i].similarity);
	values[4] = spi_array(column, NULL, n, FLOAT8OID);
	for (int i = 0; i < n; i++)
		nulls[i] = links->rows[i].lead_stamp == 0;
	for (int i = 0; i < n; i++)
		column[i] = Int64GetDatum(links->rows[i].lead_stamp);
	values[5] = spi_array(column, nulls, n, INT8OID);
	for (int i = 0; i < n; i++)
		column[i] = Int64GetDatum(links->rows[i].other_stamp);
	values[6] = spi_array(column, nulls, n, INT8OID);
	values[7] = TimestampTzGetDatum(at);
	execute_latest(ws, PLAN_LINK_MISSING, values, SPI_OK_INSERT);
	pfree(column);
	pfree(nulls);
	return (int64) SPI_processed;
}
