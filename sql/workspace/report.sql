-- The reports.  Built-in functions only, so that they outlive the extension;
-- rights are those of the owner, so that whoever may read a report sees the
-- totals over all leads.
--
-- lead_mgmt.as_of holds a day at whose end the ledger reports stand; empty
-- or unset means now.  The end of that day is computed once a query, and
-- 'infinity' where none is set.  What only a past day needs is in branches
-- whose one condition is on the setting: the executor skips them unread.

CREATE OR REPLACE VIEW @workspace@.lead_source_analysis AS
WITH horizon AS NOT MATERIALIZED (
  SELECT COALESCE((NULLIF(current_setting('lead_mgmt.as_of', true), '')::date + 1)::timestamp
      AT TIME ZONE COALESCE((SELECT s.time_zone FROM @workspace@.setting s), 'UTC'), 'infinity') AS before
), reached AS (
  SELECT c.lead_id, bool_or(c.to_status = 'converted') AS converted
  FROM @workspace@.status_change c
  WHERE c.to_status IN ('qualified', 'converted')
    AND c.at < (SELECT h.before FROM horizon h)
  GROUP BY c.lead_id
), counted AS (
  SELECT l.source, count(*) AS leads, count(r.lead_id) AS qualified,
    count(*) FILTER (WHERE r.converted) AS converted, avg(l.score) AS average_score
  FROM @workspace@.lead l
  LEFT JOIN reached r ON r.lead_id = l.id
  WHERE l.merged_into IS NULL
    AND l.created_at < (SELECT h.before FROM horizon h)
  GROUP BY l.source
)
SELECT COALESCE(s.name, n.source) AS source,
  COALESCE(n.leads, 0) AS leads,
  COALESCE(n.qualified, 0) AS qualified,
  COALESCE(n.converted, 0) AS converted,
  n.converted::numeric / n.leads AS conversion_rate,
  n.average_score,
  NULL::numeric AS cost,
  NULL::numeric AS cost_per_lead,
  NULL::numeric AS pipeline
FROM @workspace@.lead_source s
FULL JOIN counted n ON n.source = s.name
ORDER BY leads DESC, source;
COMMENT ON VIEW @workspace@.lead_source_analysis IS 'Sources compared: leads, how many came to something, and what they cost';
COMMENT ON COLUMN @workspace@.lead_source_analysis.source IS 'The source; NULL for leads without one, if there are any';
COMMENT ON COLUMN @workspace@.lead_source_analysis.leads IS 'Leads from it, merged ones aside';
COMMENT ON COLUMN @workspace@.lead_source_analysis.qualified IS 'Leads that were ever qualified or converted';
COMMENT ON COLUMN @workspace@.lead_source_analysis.converted IS 'Leads that were ever converted';
COMMENT ON COLUMN @workspace@.lead_source_analysis.conversion_rate IS 'converted / leads, 0 to 1; NULL without leads';
COMMENT ON COLUMN @workspace@.lead_source_analysis.average_score IS 'Average of the scores as they are now';
COMMENT ON COLUMN @workspace@.lead_source_analysis.cost IS 'What the source cost; NULL until costs are recorded';
COMMENT ON COLUMN @workspace@.lead_source_analysis.cost_per_lead IS 'cost / leads; NULL until costs are recorded';
COMMENT ON COLUMN @workspace@.lead_source_analysis.pipeline IS 'Worth of the open opportunities; NULL until there are opportunities';

CREATE OR REPLACE VIEW @workspace@.conversion_funnel AS
WITH horizon AS NOT MATERIALIZED (
  SELECT COALESCE((NULLIF(current_setting('lead_mgmt.as_of', true), '')::date + 1)::timestamp
      AT TIME ZONE COALESCE((SELECT s.time_zone FROM @workspace@.setting s), 'UTC'), 'infinity') AS before
), status_stage AS (
  SELECT s.name AS status, g."position", s.is_open
  FROM @workspace@.lead_status s
  JOIN @workspace@.funnel_stage g ON g.name = s.funnel_stage
), absent AS (
  SELECT l.id FROM @workspace@.lead l WHERE l.merged_into IS NOT NULL
  UNION ALL
  SELECT l.id FROM @workspace@.lead l
  WHERE NULLIF(current_setting('lead_mgmt.as_of', true), '') IS NOT NULL
    AND l.merged_into IS NULL AND l.created_at >= (SELECT h.before FROM horizon h)
), first_entry AS (
  SELECT DISTINCT ON (c.lead_id, t."position") c.lead_id, t."position", c.at
  FROM @workspace@.status_change c
  JOIN status_stage t ON t.status = c.to_status
  WHERE c.at < (SELECT h.before FROM horizon h)
    AND NOT EXISTS (SELECT FROM absent a WHERE a.id = c.lead_id)
  ORDER BY c.lead_id, t."position" DESC, c.at
), passage AS (
  -- later is NULL in the row of a lead's highest stage, and only there
  SELECT e.lead_id, e."position", e.at,
    min(e.at) OVER (PARTITION BY e.lead_id ORDER BY e."position" DESC
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS later
  FROM first_entry e
), highest AS (
  SELECT p."position", count(*) FILTER (WHERE p.later IS NULL) AS leads,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY
      -- Who had been further before coming here: what counts is the next time.
      CASE WHEN p.later < p.at THEN (
          SELECT min(c.at)
          FROM @workspace@.status_change c
          JOIN status_stage t ON t.status = c.to_status
          WHERE c.lead_id = p.lead_id AND t."position" > p."position"
            AND c.at >= p.at AND c.at < (SELECT h.before FROM horizon h))
        ELSE p.later
      END - p.at) AS median_time
  FROM passage p
  GROUP BY p."position"
), present AS (
  SELECT t."position", sum(n.leads)::bigint AS leads
  FROM (
    SELECT l.status, count(*) AS leads
    FROM @workspace@.lead l
    WHERE NULLIF(current_setting('lead_mgmt.as_of', true), '') IS NULL
      AND l.merged_into IS NULL AND l.archived_at IS NULL
    GROUP BY l.status
    UNION ALL
    SELECT c.status, count(*) AS leads
    FROM (
      SELECT DISTINCT ON (d.lead_id) d.lead_id, d.to_status AS status
      FROM @workspace@.status_change d
      WHERE d.at < (SELECT h.before FROM horizon h) AND d.merged_from IS NULL
      ORDER BY d.lead_id, d.at DESC, d.id DESC
    ) c
    JOIN @workspace@.lead l ON l.id = c.lead_id
    WHERE NULLIF(current_setting('lead_mgmt.as_of', true), '') IS NOT NULL
      AND l.merged_into IS NULL AND l.created_at < (SELECT h.before FROM horizon h)
      AND (l.archived_at IS NULL OR l.archived_at >= (SELECT h.before FROM horizon h))
    GROUP BY c.status
  ) n
  JOIN status_stage t ON t.status = n.status
  WHERE t.is_open
  GROUP BY t."position"
), stage AS (
  -- entered means this stage or a later one
  SELECT g."position", g.name,
    COALESCE(sum(h.leads) OVER (ORDER BY g."position" DESC), 0)::bigint AS entered,
    COALESCE(sum(h.leads) OVER (ORDER BY g."position" DESC
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint AS advanced,
    h.median_time
  FROM @workspace@.funnel_stage g
  LEFT JOIN highest h ON h."position" = g."position"
)
SELECT g."position", g.name AS stage, g.entered,
  COALESCE(p.leads, 0) AS current,
  g.advanced,
  g.advanced::numeric / NULLIF(g.entered, 0) AS conversion_rate,
  g.median_time
FROM stage g
LEFT JOIN present p ON p."position" = g."position"
ORDER BY g."position";
COMMENT ON VIEW @workspace@.conversion_funnel IS 'The funnel: how many leads reached each stage, are there now, went on, and how fast';
COMMENT ON COLUMN @workspace@.conversion_funnel."position" IS 'Order of the stage';
COMMENT ON COLUMN @workspace@.conversion_funnel.stage IS 'Name of the stage';
COMMENT ON COLUMN @workspace@.conversion_funnel.entered IS 'Leads that ever reached this stage or a later one';
COMMENT ON COLUMN @workspace@.conversion_funnel.current IS 'Open leads, archived ones aside, whose status is of this stage';
COMMENT ON COLUMN @workspace@.conversion_funnel.advanced IS 'Leads that ever reached a later stage';
COMMENT ON COLUMN @workspace@.conversion_funnel.conversion_rate IS 'advanced / entered, 0 to 1; NULL where nobody entered';
COMMENT ON COLUMN @workspace@.conversion_funnel.median_time IS 'Median of the time from first entering this stage to the first entry of a later one after that, of leads that went on; exact';

CREATE OR REPLACE VIEW @workspace@.rep_performance AS
WITH converted AS (
  SELECT DISTINCT c.lead_id
  FROM @workspace@.status_change c
  WHERE c.to_status = 'converted'
), counted AS (
  SELECT l.owner_id, count(*) AS leads,
    count(*) FILTER (WHERE s.is_open AND l.archived_at IS NULL) AS open_leads,
    count(c.lead_id) AS converted,
    count(l.first_response_at) AS responded,
    count(*) FILTER (WHERE l.first_response_at <= l.response_due_at) AS within,
    count(*) FILTER (WHERE l.response_due_at IS NOT NULL
      AND (l.first_response_at IS NOT NULL OR l.response_due_at < now())) AS due
  FROM @workspace@.lead l
  JOIN @workspace@.lead_status s ON s.name = l.status
  LEFT JOIN converted c ON c.lead_id = l.id
  WHERE l.merged_into IS NULL AND l.owner_id IS NOT NULL
  GROUP BY l.owner_id
), response AS (
  SELECT l.owner_id,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY l.first_response_at - l.created_at) AS median_response
  FROM @workspace@.lead l
  WHERE l.merged_into IS NULL AND l.owner_id IS NOT NULL AND l.first_response_at IS NOT NULL
  GROUP BY l.owner_id
)
SELECT r.id AS rep_id, r.name AS rep,
  COALESCE(n.leads, 0) AS leads,
  COALESCE(n.open_leads, 0) AS open_leads,
  NULL::bigint AS activities,
  COALESCE(n.converted, 0) AS converted,
  n.converted::numeric / n.leads AS conversion_rate,
  p.median_response,
  -- Where nobody records responses, a late one and an unrecorded one look the same.
  CASE WHEN sum(n.responded) OVER () > 0 THEN n.within::numeric / NULLIF(n.due, 0) END AS within_sla,
  NULL::numeric AS pipeline,
  NULL::numeric AS won_amount
FROM @workspace@.rep r
LEFT JOIN counted n ON n.owner_id = r.id
LEFT JOIN response p ON p.owner_id = r.id
WHERE r.active OR n.leads > 0
ORDER BY r.name, r.id;
COMMENT ON VIEW @workspace@.rep_performance IS 'Reps compared: every active one, and those who still own leads; credit goes to the owner now';
COMMENT ON COLUMN @workspace@.rep_performance.rep_id IS 'The rep';
COMMENT ON COLUMN @workspace@.rep_performance.rep IS 'Name of the rep';
COMMENT ON COLUMN @workspace@.rep_performance.leads IS 'Leads that the rep owns, merged ones aside';
COMMENT ON COLUMN @workspace@.rep_performance.open_leads IS 'Those that are open and not archived';
COMMENT ON COLUMN @workspace@.rep_performance.activities IS 'Activities of the rep; NULL until activities are recorded';
COMMENT ON COLUMN @workspace@.rep_performance.converted IS 'Leads of the rep that were ever converted';
COMMENT ON COLUMN @workspace@.rep_performance.conversion_rate IS 'converted / leads, 0 to 1; NULL without leads';
COMMENT ON COLUMN @workspace@.rep_performance.median_response IS 'Median of the time from capture to first response, of leads that got one; exact';
COMMENT ON COLUMN @workspace@.rep_performance.within_sla IS 'Share of first responses made in time, 0 to 1, of those made or due by now; NULL until a response to any lead is recorded';
COMMENT ON COLUMN @workspace@.rep_performance.pipeline IS 'Worth of the open opportunities; NULL until there are opportunities';
COMMENT ON COLUMN @workspace@.rep_performance.won_amount IS 'Worth of the opportunities won; NULL until there are opportunities';

CREATE OR REPLACE VIEW @workspace@.lead_aging AS
WITH aged AS (
  -- A quantile of ages is one of times seen from now, and numbers sort fastest.
  SELECT l.status, count(*) AS leads, min(l.status_since) AS oldest_since,
    percentile_cont(ARRAY[0.5::double precision, 0.1::double precision]) WITHIN GROUP (ORDER BY date_part('epoch', l.status_since)) AS since
  FROM @workspace@.lead l
  WHERE l.merged_into IS NULL AND l.archived_at IS NULL
  GROUP BY l.status
)
SELECT s.name AS status,
  COALESCE(a.leads, 0) AS leads,
  now() - to_timestamp(a.since[1]) AS median_age,
  now() - to_timestamp(a.since[2]) AS p90_age,
  now() - a.oldest_since AS oldest
FROM @workspace@.lead_status s
LEFT JOIN aged a ON a.status = s.name
ORDER BY s."position";
COMMENT ON VIEW @workspace@.lead_aging IS 'How long leads have been in their present status, archived and merged ones aside';
COMMENT ON COLUMN @workspace@.lead_aging.status IS 'The status';
COMMENT ON COLUMN @workspace@.lead_aging.leads IS 'Leads in it';
COMMENT ON COLUMN @workspace@.lead_aging.median_age IS 'Median of the time since they came to it; exact';
COMMENT ON COLUMN @workspace@.lead_aging.p90_age IS 'Time that nine of ten have not been longer in it; exact';
COMMENT ON COLUMN @workspace@.lead_aging.oldest IS 'Longest time in it';
