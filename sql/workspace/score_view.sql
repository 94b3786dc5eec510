-- What scores say now, why, and what other models would say.  The functions
-- take a row of lead, so whoever may not see the lead learns nothing.

CREATE OR REPLACE VIEW @workspace@.score_explanation WITH (security_invoker = true) AS
SELECT l.id AS lead_id, e.dimension, e.rule_id, e.rule, e.points, e.given, e.times, e.first_at, e.last_at, e.reason
FROM @workspace@.lead l CROSS JOIN LATERAL lead_mgmt.explain_score(l::record) e;
COMMENT ON VIEW @workspace@.score_explanation IS 'Why a lead has its score: one row a rule that counted, and rows without rule_id for limits and rounding; sums to the score';
COMMENT ON COLUMN @workspace@.score_explanation.lead_id IS 'The lead';
COMMENT ON COLUMN @workspace@.score_explanation.dimension IS 'Dimension that the points count in; NULL for what concerns the whole';
COMMENT ON COLUMN @workspace@.score_explanation.rule_id IS 'The rule that gave the points; NULL for adjustments, limits and rounding';
COMMENT ON COLUMN @workspace@.score_explanation.rule IS 'Name of the rule, or what else changed the sum';
COMMENT ON COLUMN @workspace@.score_explanation.points IS 'Points that count: of a rule with a half-life what was left of them at scored_at, within max_points';
COMMENT ON COLUMN @workspace@.score_explanation.given IS 'Points that a rule on engagements gave in all, before max_points and decay';
COMMENT ON COLUMN @workspace@.score_explanation.times IS 'How many engagements the rule held for';
COMMENT ON COLUMN @workspace@.score_explanation.first_at IS 'When it first did; of an adjustment, when it was made';
COMMENT ON COLUMN @workspace@.score_explanation.last_at IS 'When it last did; of an adjustment, when it was made';
COMMENT ON COLUMN @workspace@.score_explanation.reason IS 'Why an adjustment was made';

CREATE OR REPLACE VIEW @workspace@.score_audit WITH (security_invoker = true) AS
SELECT l.id AS lead_id, l.score, r.score AS recomputed_score, l.grade, r.grade AS recomputed_grade, l.scored_at,
  l.demographic_score, r.demographic_score AS recomputed_demographic_score,
  l.behavioral_score, r.behavioral_score AS recomputed_behavioral_score,
  l.firmographic_score, r.firmographic_score AS recomputed_firmographic_score,
  l.score_adjustment, r.score_adjustment AS recomputed_score_adjustment,
  l.last_engaged_at, r.last_engaged_at AS recomputed_last_engaged_at
FROM @workspace@.lead l CROSS JOIN LATERAL lead_mgmt.recompute_score(l::record) r
WHERE l.merged_into IS NULL
  AND r.differs;
COMMENT ON VIEW @workspace@.score_audit IS 'Leads whose stored score differs from what the rules say now: empty unless rules were changed or triggers were off';
COMMENT ON COLUMN @workspace@.score_audit.lead_id IS 'The lead';
COMMENT ON COLUMN @workspace@.score_audit.score IS 'Score as stored';
COMMENT ON COLUMN @workspace@.score_audit.recomputed_score IS 'Score as it should be';
COMMENT ON COLUMN @workspace@.score_audit.grade IS 'Grade as stored';
COMMENT ON COLUMN @workspace@.score_audit.recomputed_grade IS 'Grade as it should be';
COMMENT ON COLUMN @workspace@.score_audit.scored_at IS 'When the stored score was made';
COMMENT ON COLUMN @workspace@.score_audit.demographic_score IS 'Demographic points as stored';
COMMENT ON COLUMN @workspace@.score_audit.recomputed_demographic_score IS 'Demographic points as they should be';
COMMENT ON COLUMN @workspace@.score_audit.behavioral_score IS 'Behavioral points as stored';
COMMENT ON COLUMN @workspace@.score_audit.recomputed_behavioral_score IS 'Behavioral points as they should be';
COMMENT ON COLUMN @workspace@.score_audit.firmographic_score IS 'Firmographic points as stored';
COMMENT ON COLUMN @workspace@.score_audit.recomputed_firmographic_score IS 'Firmographic points as they should be';
COMMENT ON COLUMN @workspace@.score_audit.score_adjustment IS 'Sum of the corrections as stored';
COMMENT ON COLUMN @workspace@.score_audit.recomputed_score_adjustment IS 'Sum of the corrections as it should be';
COMMENT ON COLUMN @workspace@.score_audit.last_engaged_at IS 'Last engagement as stored';
COMMENT ON COLUMN @workspace@.score_audit.recomputed_last_engaged_at IS 'Last engagement as it should be';

-- Columns that nothing else depends on are taken by their names from the row:
-- a view that named them would keep their owner from altering them.
CREATE OR REPLACE VIEW @workspace@.lead_now WITH (security_invoker = true) AS
SELECT l.id,
  l.contact_name,
  l.email,
  l.phone,
  l.company,
  lead_mgmt.lead_value(r.lead, 'job_title', NULL::text) AS job_title,
  lead_mgmt.lead_value(r.lead, 'industry', NULL::text) AS industry,
  lead_mgmt.lead_value(r.lead, 'company_size', NULL::integer) AS company_size,
  lead_mgmt.lead_value(r.lead, 'annual_revenue', NULL::numeric) AS annual_revenue,
  lead_mgmt.lead_value(r.lead, 'street', NULL::text) AS street,
  lead_mgmt.lead_value(r.lead, 'city', NULL::text) AS city,
  l.region,
  lead_mgmt.lead_value(r.lead, 'postal_code', NULL::text) AS postal_code,
  l.country,
  lead_mgmt.lead_value(r.lead, 'location', NULL::point) AS location,
  l.source,
  lead_mgmt.lead_value(r.lead, 'source_detail', NULL::text) AS source_detail,
  lead_mgmt.lead_value(r.lead, 'campaign', NULL::text) AS campaign,
  lead_mgmt.lead_value(r.lead, 'channel', NULL::text) AS channel,
  lead_mgmt.lead_value(r.lead, 'priority', NULL::text) AS priority,
  lead_mgmt.lead_value(r.lead, 'product_interest', NULL::text) AS product_interest,
  lead_mgmt.lead_value(r.lead, 'birthday', NULL::date) AS birthday,
  lead_mgmt.lead_value(r.lead, 'notes', NULL::text) AS notes,
  lead_mgmt.lead_value(r.lead, 'tags', NULL::text[]) AS tags,
  l.status,
  l.status_since,
  l.owner_id,
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
  l.score_adjustment,
  s.score,
  s.grade,
  pg_catalog.now() AS scored_at,
  l.response_due_at,
  l.first_response_at,
  l.last_activity_at,
  l.last_engaged_at,
  l.opted_out_at,
  l.email_key,
  l.phone_key,
  l.name_key,
  l.merged_into,
  l.archived_at,
  lead_mgmt.lead_value(r.lead, 'attributes', NULL::jsonb) AS attributes,
  l.created_at,
  l.created_by,
  l.updated_at,
  l.updated_by,
  lead_mgmt.grade_until(r.lead, pg_catalog.now()) AS grade_until@lead_columns@
FROM @workspace@.lead l
CROSS JOIN LATERAL (SELECT l::record AS lead OFFSET 0) r
CROSS JOIN LATERAL lead_mgmt.score_at(r.lead, pg_catalog.now()) s;
COMMENT ON VIEW @workspace@.lead_now IS 'Leads with their scores and grade as of now(); columns that were added to lead since come with lead_mgmt.upgrade_workspace';
COMMENT ON COLUMN @workspace@.lead_now.id IS 'Identity of the lead';
COMMENT ON COLUMN @workspace@.lead_now.contact_name IS 'Name of the person; required';
COMMENT ON COLUMN @workspace@.lead_now.email IS 'E-mail address; this or phone is required';
COMMENT ON COLUMN @workspace@.lead_now.phone IS 'Phone number as it was given; this or email is required';
COMMENT ON COLUMN @workspace@.lead_now.company IS 'Company the person works for';
COMMENT ON COLUMN @workspace@.lead_now.job_title IS 'What the person is there';
COMMENT ON COLUMN @workspace@.lead_now.industry IS 'Industry of the company';
COMMENT ON COLUMN @workspace@.lead_now.company_size IS 'Number of employees';
COMMENT ON COLUMN @workspace@.lead_now.annual_revenue IS 'Yearly revenue of the company';
COMMENT ON COLUMN @workspace@.lead_now.street IS 'Street and number';
COMMENT ON COLUMN @workspace@.lead_now.city IS 'City';
COMMENT ON COLUMN @workspace@.lead_now.region IS 'State, province or other region';
COMMENT ON COLUMN @workspace@.lead_now.postal_code IS 'Postal code';
COMMENT ON COLUMN @workspace@.lead_now.country IS 'Country, preferably ISO 3166-1 alpha-2';
COMMENT ON COLUMN @workspace@.lead_now.location IS 'Where: (longitude, latitude) in degrees';
COMMENT ON COLUMN @workspace@.lead_now.source IS 'Where the lead came from: a name of lead_source';
COMMENT ON COLUMN @workspace@.lead_now.source_detail IS 'Anything more precise about the source';
COMMENT ON COLUMN @workspace@.lead_now.campaign IS 'Campaign that brought the lead';
COMMENT ON COLUMN @workspace@.lead_now.channel IS 'Channel that the lead came through';
COMMENT ON COLUMN @workspace@.lead_now.priority IS 'low, medium, high or critical';
COMMENT ON COLUMN @workspace@.lead_now.product_interest IS 'What the person is interested in';
COMMENT ON COLUMN @workspace@.lead_now.birthday IS 'Birthday of the person';
COMMENT ON COLUMN @workspace@.lead_now.notes IS 'Anything else';
COMMENT ON COLUMN @workspace@.lead_now.tags IS 'Free labels';
COMMENT ON COLUMN @workspace@.lead_now.status IS 'A name of lead_status; changes only along status_transition';
COMMENT ON COLUMN @workspace@.lead_now.status_since IS 'Since when the lead has its status; may be brought along with a change of status, to load history';
COMMENT ON COLUMN @workspace@.lead_now.owner_id IS 'The rep who works on the lead; chosen by assignment_rule where the writer gives none';
COMMENT ON COLUMN @workspace@.lead_now.budget_confirmed IS 'BANT: is there a budget?';
COMMENT ON COLUMN @workspace@.lead_now.authority_confirmed IS 'BANT: do we talk to who decides?';
COMMENT ON COLUMN @workspace@.lead_now.need_confirmed IS 'BANT: is there a need?';
COMMENT ON COLUMN @workspace@.lead_now.timeline_confirmed IS 'BANT: is there a date?';
COMMENT ON COLUMN @workspace@.lead_now.budget_amount IS 'How large the budget is';
COMMENT ON COLUMN @workspace@.lead_now.decision_maker IS 'Who decides';
COMMENT ON COLUMN @workspace@.lead_now.need IS 'What is needed';
COMMENT ON COLUMN @workspace@.lead_now.target_date IS 'By when it is needed';
COMMENT ON COLUMN @workspace@.lead_now.next_step IS 'What was agreed to come next';
COMMENT ON COLUMN @workspace@.lead_now.next_follow_up_at IS 'When to follow up';
COMMENT ON COLUMN @workspace@.lead_now.demographic_score IS 'Points of the dimension demographic, within its limits, as of now()';
COMMENT ON COLUMN @workspace@.lead_now.behavioral_score IS 'Points of the dimension behavioral, within its limits, as of now()';
COMMENT ON COLUMN @workspace@.lead_now.firmographic_score IS 'Points of the dimension firmographic, within its limits, as of now()';
COMMENT ON COLUMN @workspace@.lead_now.score_adjustment IS 'Derived: sum of the corrections made by hand';
COMMENT ON COLUMN @workspace@.lead_now.score IS 'The score from 0 to 100 as of now()';
COMMENT ON COLUMN @workspace@.lead_now.grade IS 'The grade as of now()';
COMMENT ON COLUMN @workspace@.lead_now.scored_at IS 'now(): the time that the scores are of';
COMMENT ON COLUMN @workspace@.lead_now.response_due_at IS 'Derived: when the first response is due';
COMMENT ON COLUMN @workspace@.lead_now.first_response_at IS 'Derived: when we first responded';
COMMENT ON COLUMN @workspace@.lead_now.last_activity_at IS 'Derived: when we last did something';
COMMENT ON COLUMN @workspace@.lead_now.last_engaged_at IS 'Derived: when the lead last did something';
COMMENT ON COLUMN @workspace@.lead_now.opted_out_at IS 'When the person asked not to be contacted any more';
COMMENT ON COLUMN @workspace@.lead_now.email_key IS 'Derived: normal form of email that duplicates are found by';
COMMENT ON COLUMN @workspace@.lead_now.phone_key IS 'Derived: normal form (E.164) of phone that duplicates are found by';
COMMENT ON COLUMN @workspace@.lead_now.name_key IS 'Derived: normal form of company and contact_name that duplicates are found by';
COMMENT ON COLUMN @workspace@.lead_now.merged_into IS 'Derived: the lead that this one was merged into';
COMMENT ON COLUMN @workspace@.lead_now.archived_at IS 'When the lead was put aside; archived leads count in totals and rates, not in work lists';
COMMENT ON COLUMN @workspace@.lead_now.attributes IS 'Whatever else is known, as JSON';
COMMENT ON COLUMN @workspace@.lead_now.created_at IS 'When the lead came in; may be given, to load history';
COMMENT ON COLUMN @workspace@.lead_now.created_by IS 'Derived: who wrote the lead';
COMMENT ON COLUMN @workspace@.lead_now.updated_at IS 'Derived: when the lead was last written';
COMMENT ON COLUMN @workspace@.lead_now.updated_by IS 'Derived: who last wrote the lead';
COMMENT ON COLUMN @workspace@.lead_now.grade_until IS 'When the lead will leave this grade if nothing happens; NULL: never';

-- One number decides who is shown and in which order; all that is dear is
-- computed for those who are shown.  OFFSET 0 keeps the planner to looking the
-- leads up one by one: however many are ready, they are few among all.
CREATE OR REPLACE VIEW @workspace@.hot_lead WITH (security_invoker = true) AS
SELECT l.id, l.id AS lead_id, l.contact_name, l.company, l.email, l.phone, l.status, l.owner_id, s.score,
  (lead_mgmt.score_at(l.lead, pg_catalog.now())).grade AS grade,
  lead_mgmt.grade_until(l.lead, pg_catalog.now()) AS grade_until,
  lead_mgmt.score_reasons(l.lead, pg_catalog.now()) AS reasons,
  l.last_engaged_at
FROM @workspace@.score_state t
CROSS JOIN LATERAL (
  SELECT x.id, x.contact_name, x.company, x.email, x.phone, x.status, x.owner_id, x.last_engaged_at, x::record AS lead
  FROM @workspace@.lead x
  WHERE x.id OPERATOR(pg_catalog.=) t.lead_id
    AND x.archived_at IS NULL AND x.merged_into IS NULL AND x.opted_out_at IS NULL
  OFFSET 0
) l
JOIN @workspace@.lead_status u ON u.name OPERATOR(pg_catalog.=) l.status AND u.is_open
CROSS JOIN LATERAL (SELECT lead_mgmt.lead_score(l.lead, pg_catalog.now()) AS score OFFSET 0) s
WHERE t.ready_until OPERATOR(pg_catalog.>) pg_catalog.now()
  AND s.score OPERATOR(pg_catalog.>=) (SELECT g.sales_ready_score FROM @workspace@.setting g)
ORDER BY s.score DESC, l.last_engaged_at DESC NULLS LAST, l.id;
COMMENT ON VIEW @workspace@.hot_lead IS 'The leads to call now, best first: open, not archived or opted out, and ready for sales as of now(); after a change of rules, once lead_mgmt.rescore has run';
COMMENT ON COLUMN @workspace@.hot_lead.id IS 'The lead';
COMMENT ON COLUMN @workspace@.hot_lead.lead_id IS 'The lead, by the name that other views have for it';
COMMENT ON COLUMN @workspace@.hot_lead.contact_name IS 'Name of the person';
COMMENT ON COLUMN @workspace@.hot_lead.company IS 'Company the person works for';
COMMENT ON COLUMN @workspace@.hot_lead.email IS 'E-mail address';
COMMENT ON COLUMN @workspace@.hot_lead.phone IS 'Phone number';
COMMENT ON COLUMN @workspace@.hot_lead.status IS 'Status of the lead';
COMMENT ON COLUMN @workspace@.hot_lead.owner_id IS 'The rep who works on it';
COMMENT ON COLUMN @workspace@.hot_lead.score IS 'Score as of now()';
COMMENT ON COLUMN @workspace@.hot_lead.grade IS 'Grade as of now()';
COMMENT ON COLUMN @workspace@.hot_lead.grade_until IS 'When it will leave this grade if nothing happens; NULL: never';
COMMENT ON COLUMN @workspace@.hot_lead.reasons IS 'The three rules that give it most points now, or adjustment';
COMMENT ON COLUMN @workspace@.hot_lead.last_engaged_at IS 'When the lead last did something';
