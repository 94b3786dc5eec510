-- The flat view that a CSV export reads, and one for spreadsheets.  As in
-- lead_now, columns that nothing else depends on are taken by their names.

CREATE OR REPLACE VIEW @workspace@.lead_export WITH (security_invoker = true) AS
SELECT
  l.id,
  lead_mgmt.lead_value(r.lead, 'contact_name', NULL::text) AS contact_name,
  lead_mgmt.lead_value(r.lead, 'email', NULL::text) AS email,
  lead_mgmt.lead_value(r.lead, 'phone', NULL::text) AS phone,
  lead_mgmt.lead_value(r.lead, 'company', NULL::text) AS company,
  lead_mgmt.lead_value(r.lead, 'job_title', NULL::text) AS job_title,
  lead_mgmt.lead_value(r.lead, 'industry', NULL::text) AS industry,
  lead_mgmt.lead_value(r.lead, 'company_size', NULL::integer) AS company_size,
  lead_mgmt.lead_value(r.lead, 'annual_revenue', NULL::numeric) AS annual_revenue,
  lead_mgmt.lead_value(r.lead, 'street', NULL::text) AS street,
  lead_mgmt.lead_value(r.lead, 'city', NULL::text) AS city,
  lead_mgmt.lead_value(r.lead, 'region', NULL::text) AS region,
  lead_mgmt.lead_value(r.lead, 'postal_code', NULL::text) AS postal_code,
  lead_mgmt.lead_value(r.lead, 'country', NULL::text) AS country,
  lead_mgmt.lead_value(r.lead, 'location', NULL::point) AS location,
  (lead_mgmt.lead_value(r.lead, 'location', NULL::point))[0] AS longitude,
  (lead_mgmt.lead_value(r.lead, 'location', NULL::point))[1] AS latitude,
  l.source,
  lead_mgmt.lead_value(r.lead, 'source_detail', NULL::text) AS source_detail,
  lead_mgmt.lead_value(r.lead, 'campaign', NULL::text) AS campaign,
  lead_mgmt.lead_value(r.lead, 'channel', NULL::text) AS channel,
  lead_mgmt.lead_value(r.lead, 'priority', NULL::text) AS priority,
  lead_mgmt.lead_value(r.lead, 'product_interest', NULL::text) AS product_interest,
  lead_mgmt.lead_value(r.lead, 'birthday', NULL::date) AS birthday,
  lead_mgmt.lead_value(r.lead, 'notes', NULL::text) AS notes,
  pg_catalog.array_to_string(lead_mgmt.lead_value(r.lead, 'tags', NULL::text[]), '; ') AS tags,
  l.status,
  l.status_since,
  l.owner_id,
  p.name AS owner,
  p.email AS owner_email,
  lead_mgmt.lead_value(r.lead, 'budget_confirmed', NULL::boolean) AS budget_confirmed,
  lead_mgmt.lead_value(r.lead, 'authority_confirmed', NULL::boolean) AS authority_confirmed,
  lead_mgmt.lead_value(r.lead, 'need_confirmed', NULL::boolean) AS need_confirmed,
  lead_mgmt.lead_value(r.lead, 'timeline_confirmed', NULL::boolean) AS timeline_confirmed,
  lead_mgmt.lead_value(r.lead, 'budget_amount', NULL::numeric) AS budget_amount,
  lead_mgmt.lead_value(r.lead, 'decision_maker', NULL::text) AS decision_maker,
  lead_mgmt.lead_value(r.lead, 'need', NULL::text) AS need,
  lead_mgmt.lead_value(r.lead, 'target_date', NULL::date) AS target_date,
  lead_mgmt.lead_value(r.lead, 'next_step', NULL::text) AS next_step,
  lead_mgmt.lead_value(r.lead, 'next_follow_up_at', NULL::timestamp with time zone) AS next_follow_up_at,
  s.demographic_score,
  s.behavioral_score,
  s.firmographic_score,
  lead_mgmt.lead_value(r.lead, 'score_adjustment', NULL::numeric) AS score_adjustment,
  s.score,
  s.grade,
  pg_catalog.now() AS scored_at,
  lead_mgmt.lead_value(r.lead, 'response_due_at', NULL::timestamp with time zone) AS response_due_at,
  lead_mgmt.lead_value(r.lead, 'first_response_at', NULL::timestamp with time zone) AS first_response_at,
  lead_mgmt.lead_value(r.lead, 'last_activity_at', NULL::timestamp with time zone) AS last_activity_at,
  lead_mgmt.lead_value(r.lead, 'last_engaged_at', NULL::timestamp with time zone) AS last_engaged_at,
  lead_mgmt.lead_value(r.lead, 'opted_out_at', NULL::timestamp with time zone) IS NOT NULL AS opted_out,
  lead_mgmt.lead_value(r.lead, 'opted_out_at', NULL::timestamp with time zone) AS opted_out_at,
  l.archived_at IS NOT NULL AS archived,
  l.archived_at,
  lead_mgmt.lead_value(r.lead, 'attributes', NULL::jsonb)::text AS attributes,
  l.created_at,
  lead_mgmt.lead_value(r.lead, 'created_by', NULL::text) AS created_by,
  lead_mgmt.lead_value(r.lead, 'updated_at', NULL::timestamp with time zone) AS updated_at,
  lead_mgmt.lead_value(r.lead, 'updated_by', NULL::text) AS updated_by@export_columns@
FROM @workspace@.lead l
CROSS JOIN LATERAL (SELECT l::record AS lead OFFSET 0) r
CROSS JOIN LATERAL lead_mgmt.score_at(r.lead, pg_catalog.now()) s
LEFT JOIN @workspace@.rep p ON p.id OPERATOR(pg_catalog.=) l.owner_id
WHERE l.merged_into IS NULL;
COMMENT ON VIEW @workspace@.lead_export IS 'Leads as plain columns, for COPY to a file: all but merged ones, scores as of now(); columns that were added to lead since come with lead_mgmt.upgrade_workspace';
COMMENT ON COLUMN @workspace@.lead_export.id IS 'Identity of the lead';
COMMENT ON COLUMN @workspace@.lead_export.contact_name IS 'Name of the person';
COMMENT ON COLUMN @workspace@.lead_export.email IS 'E-mail address';
COMMENT ON COLUMN @workspace@.lead_export.phone IS 'Phone number as it was given';
COMMENT ON COLUMN @workspace@.lead_export.company IS 'Company the person works for';
COMMENT ON COLUMN @workspace@.lead_export.job_title IS 'What the person is there';
COMMENT ON COLUMN @workspace@.lead_export.industry IS 'Industry of the company';
COMMENT ON COLUMN @workspace@.lead_export.company_size IS 'Number of employees';
COMMENT ON COLUMN @workspace@.lead_export.annual_revenue IS 'Yearly revenue of the company';
COMMENT ON COLUMN @workspace@.lead_export.street IS 'Street and number';
COMMENT ON COLUMN @workspace@.lead_export.city IS 'City';
COMMENT ON COLUMN @workspace@.lead_export.region IS 'State, province or other region';
COMMENT ON COLUMN @workspace@.lead_export.postal_code IS 'Postal code';
COMMENT ON COLUMN @workspace@.lead_export.country IS 'Country, preferably ISO 3166-1 alpha-2';
COMMENT ON COLUMN @workspace@.lead_export.location IS 'Where: (longitude, latitude) in degrees';
COMMENT ON COLUMN @workspace@.lead_export.longitude IS 'The same as a number: degrees to the east';
COMMENT ON COLUMN @workspace@.lead_export.latitude IS 'The same as a number: degrees to the north';
COMMENT ON COLUMN @workspace@.lead_export.source IS 'Where the lead came from';
COMMENT ON COLUMN @workspace@.lead_export.source_detail IS 'Anything more precise about the source';
COMMENT ON COLUMN @workspace@.lead_export.campaign IS 'Campaign that brought the lead';
COMMENT ON COLUMN @workspace@.lead_export.channel IS 'Channel that the lead came through';
COMMENT ON COLUMN @workspace@.lead_export.priority IS 'Low, medium, high or critical';
COMMENT ON COLUMN @workspace@.lead_export.product_interest IS 'What the person is interested in';
COMMENT ON COLUMN @workspace@.lead_export.birthday IS 'Birthday of the person';
COMMENT ON COLUMN @workspace@.lead_export.notes IS 'Anything else';
COMMENT ON COLUMN @workspace@.lead_export.tags IS 'Free labels, joined with "; "';
COMMENT ON COLUMN @workspace@.lead_export.status IS 'Status of the lead';
COMMENT ON COLUMN @workspace@.lead_export.status_since IS 'Since when';
COMMENT ON COLUMN @workspace@.lead_export.owner_id IS 'The rep who works on the lead';
COMMENT ON COLUMN @workspace@.lead_export.owner IS 'Name of that rep';
COMMENT ON COLUMN @workspace@.lead_export.owner_email IS 'E-mail address of that rep';
COMMENT ON COLUMN @workspace@.lead_export.budget_confirmed IS 'BANT: is there a budget?';
COMMENT ON COLUMN @workspace@.lead_export.authority_confirmed IS 'BANT: do we talk to who decides?';
COMMENT ON COLUMN @workspace@.lead_export.need_confirmed IS 'BANT: is there a need?';
COMMENT ON COLUMN @workspace@.lead_export.timeline_confirmed IS 'BANT: is there a date?';
COMMENT ON COLUMN @workspace@.lead_export.budget_amount IS 'How large the budget is';
COMMENT ON COLUMN @workspace@.lead_export.decision_maker IS 'Who decides';
COMMENT ON COLUMN @workspace@.lead_export.need IS 'What is needed';
COMMENT ON COLUMN @workspace@.lead_export.target_date IS 'By when it is needed';
COMMENT ON COLUMN @workspace@.lead_export.next_step IS 'What was agreed to come next';
COMMENT ON COLUMN @workspace@.lead_export.next_follow_up_at IS 'When to follow up';
COMMENT ON COLUMN @workspace@.lead_export.demographic_score IS 'Points of the dimension demographic, within its limits, as of now()';
COMMENT ON COLUMN @workspace@.lead_export.behavioral_score IS 'Points of the dimension behavioral, within its limits, as of now()';
COMMENT ON COLUMN @workspace@.lead_export.firmographic_score IS 'Points of the dimension firmographic, within its limits, as of now()';
COMMENT ON COLUMN @workspace@.lead_export.score_adjustment IS 'Sum of the corrections made by hand';
COMMENT ON COLUMN @workspace@.lead_export.score IS 'The score from 0 to 100 as of now()';
COMMENT ON COLUMN @workspace@.lead_export.grade IS 'The grade as of now()';
COMMENT ON COLUMN @workspace@.lead_export.scored_at IS 'now(): the time that the scores are of';
COMMENT ON COLUMN @workspace@.lead_export.response_due_at IS 'When the first response is due';
COMMENT ON COLUMN @workspace@.lead_export.first_response_at IS 'When we first responded';
COMMENT ON COLUMN @workspace@.lead_export.last_activity_at IS 'When we last did something';
COMMENT ON COLUMN @workspace@.lead_export.last_engaged_at IS 'When the lead last did something';
COMMENT ON COLUMN @workspace@.lead_export.opted_out IS 'Has the person asked not to be contacted any more?';
COMMENT ON COLUMN @workspace@.lead_export.opted_out_at IS 'When they did';
COMMENT ON COLUMN @workspace@.lead_export.archived IS 'Was the lead put aside?';
COMMENT ON COLUMN @workspace@.lead_export.archived_at IS 'When it was';
COMMENT ON COLUMN @workspace@.lead_export.attributes IS 'Whatever else is known, as JSON text';
COMMENT ON COLUMN @workspace@.lead_export.created_at IS 'When the lead came in';
COMMENT ON COLUMN @workspace@.lead_export.created_by IS 'Who wrote the lead';
COMMENT ON COLUMN @workspace@.lead_export.updated_at IS 'When the lead was last written';
COMMENT ON COLUMN @workspace@.lead_export.updated_by IS 'Who last wrote the lead';

-- A spreadsheet takes a text that begins with = + - or @ for a formula, white
-- space before it or not, and runs it: an apostrophe makes it a text.  Numbers
-- stay numbers.  Times have no offset, which spreadsheets cannot read.
CREATE OR REPLACE VIEW @workspace@.lead_export_spreadsheet WITH (security_invoker = true) AS
SELECT
  l.id,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'contact_name', NULL::text), f.formula, '''\&') AS contact_name,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'email', NULL::text), f.formula, '''\&') AS email,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'phone', NULL::text), f.formula, '''\&') AS phone,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'company', NULL::text), f.formula, '''\&') AS company,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'job_title', NULL::text), f.formula, '''\&') AS job_title,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'industry', NULL::text), f.formula, '''\&') AS industry,
  lead_mgmt.lead_value(r.lead, 'company_size', NULL::integer) AS company_size,
  lead_mgmt.lead_value(r.lead, 'annual_revenue', NULL::numeric) AS annual_revenue,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'street', NULL::text), f.formula, '''\&') AS street,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'city', NULL::text), f.formula, '''\&') AS city,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'region', NULL::text), f.formula, '''\&') AS region,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'postal_code', NULL::text), f.formula, '''\&') AS postal_code,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'country', NULL::text), f.formula, '''\&') AS country,
  lead_mgmt.lead_value(r.lead, 'location', NULL::point)::text AS location,
  (lead_mgmt.lead_value(r.lead, 'location', NULL::point))[0] AS longitude,
  (lead_mgmt.lead_value(r.lead, 'location', NULL::point))[1] AS latitude,
  pg_catalog.regexp_replace(l.source, f.formula, '''\&') AS source,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'source_detail', NULL::text), f.formula, '''\&') AS source_detail,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'campaign', NULL::text), f.formula, '''\&') AS campaign,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'channel', NULL::text), f.formula, '''\&') AS channel,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'priority', NULL::text), f.formula, '''\&') AS priority,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'product_interest', NULL::text), f.formula, '''\&') AS product_interest,
  pg_catalog.to_char(lead_mgmt.lead_value(r.lead, 'birthday', NULL::date), 'YYYY-MM-DD') AS birthday,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'notes', NULL::text), f.formula, '''\&') AS notes,
  pg_catalog.regexp_replace(pg_catalog.array_to_string(lead_mgmt.lead_value(r.lead, 'tags', NULL::text[]), '; '), f.formula, '''\&') AS tags,
  pg_catalog.regexp_replace(l.status, f.formula, '''\&') AS status,
  pg_catalog.to_char(l.status_since AT TIME ZONE f.time_zone, 'YYYY-MM-DD HH24:MI:SS') AS status_since,
  l.owner_id,
  pg_catalog.regexp_replace(p.name, f.formula, '''\&') AS owner,
  pg_catalog.regexp_replace(p.email, f.formula, '''\&') AS owner_email,
  CASE lead_mgmt.lead_value(r.lead, 'budget_confirmed', NULL::boolean) WHEN true THEN 'yes' WHEN false THEN 'no' END AS budget_confirmed,
  CASE lead_mgmt.lead_value(r.lead, 'authority_confirmed', NULL::boolean) WHEN true THEN 'yes' WHEN false THEN 'no' END AS authority_confirmed,
  CASE lead_mgmt.lead_value(r.lead, 'need_confirmed', NULL::boolean) WHEN true THEN 'yes' WHEN false THEN 'no' END AS need_confirmed,
  CASE lead_mgmt.lead_value(r.lead, 'timeline_confirmed', NULL::boolean) WHEN true THEN 'yes' WHEN false THEN 'no' END AS timeline_confirmed,
  lead_mgmt.lead_value(r.lead, 'budget_amount', NULL::numeric) AS budget_amount,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'decision_maker', NULL::text), f.formula, '''\&') AS decision_maker,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'need', NULL::text), f.formula, '''\&') AS need,
  pg_catalog.to_char(lead_mgmt.lead_value(r.lead, 'target_date', NULL::date), 'YYYY-MM-DD') AS target_date,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'next_step', NULL::text), f.formula, '''\&') AS next_step,
  pg_catalog.to_char(lead_mgmt.lead_value(r.lead, 'next_follow_up_at', NULL::timestamp with time zone) AT TIME ZONE f.time_zone, 'YYYY-MM-DD HH24:MI:SS') AS next_follow_up_at,
  s.demographic_score,
  s.behavioral_score,
  s.firmographic_score,
  lead_mgmt.lead_value(r.lead, 'score_adjustment', NULL::numeric) AS score_adjustment,
  s.score,
  pg_catalog.regexp_replace(s.grade, f.formula, '''\&') AS grade,
  pg_catalog.to_char(pg_catalog.now() AT TIME ZONE f.time_zone, 'YYYY-MM-DD HH24:MI:SS') AS scored_at,
  pg_catalog.to_char(lead_mgmt.lead_value(r.lead, 'response_due_at', NULL::timestamp with time zone) AT TIME ZONE f.time_zone, 'YYYY-MM-DD HH24:MI:SS') AS response_due_at,
  pg_catalog.to_char(lead_mgmt.lead_value(r.lead, 'first_response_at', NULL::timestamp with time zone) AT TIME ZONE f.time_zone, 'YYYY-MM-DD HH24:MI:SS') AS first_response_at,
  pg_catalog.to_char(lead_mgmt.lead_value(r.lead, 'last_activity_at', NULL::timestamp with time zone) AT TIME ZONE f.time_zone, 'YYYY-MM-DD HH24:MI:SS') AS last_activity_at,
  pg_catalog.to_char(lead_mgmt.lead_value(r.lead, 'last_engaged_at', NULL::timestamp with time zone) AT TIME ZONE f.time_zone, 'YYYY-MM-DD HH24:MI:SS') AS last_engaged_at,
  CASE WHEN lead_mgmt.lead_value(r.lead, 'opted_out_at', NULL::timestamp with time zone) IS NOT NULL THEN 'yes' ELSE 'no' END AS opted_out,
  pg_catalog.to_char(lead_mgmt.lead_value(r.lead, 'opted_out_at', NULL::timestamp with time zone) AT TIME ZONE f.time_zone, 'YYYY-MM-DD HH24:MI:SS') AS opted_out_at,
  CASE WHEN l.archived_at IS NOT NULL THEN 'yes' ELSE 'no' END AS archived,
  pg_catalog.to_char(l.archived_at AT TIME ZONE f.time_zone, 'YYYY-MM-DD HH24:MI:SS') AS archived_at,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'attributes', NULL::jsonb)::text, f.formula, '''\&') AS attributes,
  pg_catalog.to_char(l.created_at AT TIME ZONE f.time_zone, 'YYYY-MM-DD HH24:MI:SS') AS created_at,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'created_by', NULL::text), f.formula, '''\&') AS created_by,
  pg_catalog.to_char(lead_mgmt.lead_value(r.lead, 'updated_at', NULL::timestamp with time zone) AT TIME ZONE f.time_zone, 'YYYY-MM-DD HH24:MI:SS') AS updated_at,
  pg_catalog.regexp_replace(lead_mgmt.lead_value(r.lead, 'updated_by', NULL::text), f.formula, '''\&') AS updated_by@spreadsheet_columns@
FROM @workspace@.lead l
CROSS JOIN LATERAL (SELECT l::record AS lead OFFSET 0) r
CROSS JOIN LATERAL lead_mgmt.score_at(r.lead, pg_catalog.now()) s
LEFT JOIN @workspace@.rep p ON p.id OPERATOR(pg_catalog.=) l.owner_id
CROSS JOIN (
  SELECT '^([\t\n\r]|[\s\u00A0\u200B\uFEFF]*[-=+@\uFF0D\uFF1D\uFF0B\uFF20])'::text AS formula,
    COALESCE((SELECT g.time_zone FROM @workspace@.setting g), 'UTC') AS time_zone
  OFFSET 0
) f
WHERE l.merged_into IS NULL;
COMMENT ON VIEW @workspace@.lead_export_spreadsheet IS 'lead_export for a spreadsheet: texts that it would run as formulas begin with an apostrophe, times are of setting.time_zone';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.id IS 'Identity of the lead';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.contact_name IS 'Name of the person';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.email IS 'E-mail address';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.phone IS 'Phone number as it was given';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.company IS 'Company the person works for';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.job_title IS 'What the person is there';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.industry IS 'Industry of the company';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.company_size IS 'Number of employees';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.annual_revenue IS 'Yearly revenue of the company';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.street IS 'Street and number';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.city IS 'City';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.region IS 'State, province or other region';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.postal_code IS 'Postal code';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.country IS 'Country, preferably ISO 3166-1 alpha-2';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.location IS 'Where: (longitude, latitude) in degrees';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.longitude IS 'The same as a number: degrees to the east';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.latitude IS 'The same as a number: degrees to the north';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.source IS 'Where the lead came from';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.source_detail IS 'Anything more precise about the source';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.campaign IS 'Campaign that brought the lead';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.channel IS 'Channel that the lead came through';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.priority IS 'Low, medium, high or critical';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.product_interest IS 'What the person is interested in';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.birthday IS 'Birthday of the person';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.notes IS 'Anything else';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.tags IS 'Free labels, joined with "; "';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.status IS 'Status of the lead';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.status_since IS 'Since when';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.owner_id IS 'The rep who works on the lead';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.owner IS 'Name of that rep';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.owner_email IS 'E-mail address of that rep';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.budget_confirmed IS 'BANT: is there a budget?';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.authority_confirmed IS 'BANT: do we talk to who decides?';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.need_confirmed IS 'BANT: is there a need?';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.timeline_confirmed IS 'BANT: is there a date?';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.budget_amount IS 'How large the budget is';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.decision_maker IS 'Who decides';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.need IS 'What is needed';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.target_date IS 'By when it is needed';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.next_step IS 'What was agreed to come next';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.next_follow_up_at IS 'When to follow up';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.demographic_score IS 'Points of the dimension demographic, within its limits, as of now()';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.behavioral_score IS 'Points of the dimension behavioral, within its limits, as of now()';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.firmographic_score IS 'Points of the dimension firmographic, within its limits, as of now()';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.score_adjustment IS 'Sum of the corrections made by hand';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.score IS 'The score from 0 to 100 as of now()';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.grade IS 'The grade as of now()';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.scored_at IS 'now(): the time that the scores are of';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.response_due_at IS 'When the first response is due';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.first_response_at IS 'When we first responded';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.last_activity_at IS 'When we last did something';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.last_engaged_at IS 'When the lead last did something';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.opted_out IS 'Has the person asked not to be contacted any more?';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.opted_out_at IS 'When they did';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.archived IS 'Was the lead put aside?';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.archived_at IS 'When it was';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.attributes IS 'Whatever else is known, as JSON text';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.created_at IS 'When the lead came in';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.created_by IS 'Who wrote the lead';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.updated_at IS 'When the lead was last written';
COMMENT ON COLUMN @workspace@.lead_export_spreadsheet.updated_by IS 'Who last wrote the lead';
