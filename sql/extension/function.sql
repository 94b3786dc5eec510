-- Normal forms and helpers that conditions may call.

CREATE FUNCTION lead_mgmt.email_key(text) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'email_key';
COMMENT ON FUNCTION lead_mgmt.email_key(text) IS 'Normal form of an e-mail address that duplicates are found by; NULL where it is none';

CREATE FUNCTION lead_mgmt.email_key(text, ignores_tag boolean, ignores_dots boolean DEFAULT false) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'email_key_options';
COMMENT ON FUNCTION lead_mgmt.email_key(text, boolean, boolean) IS 'The same; where the second argument is true, a +tag before the @ does not count, where the third is, dots before @gmail.com and @googlemail.com do not, and both are one';

CREATE FUNCTION lead_mgmt.phone_key(text, country text) RETURNS text
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'phone_key'; -- not strict: the country may be NULL
COMMENT ON FUNCTION lead_mgmt.phone_key(text, text) IS 'Normal form (E.164) of a phone number as it is dialled in a country (its ISO 3166-1 code or English name), or with +; NULL where it has none';

CREATE FUNCTION lead_mgmt.name_key(text) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'name_key';
COMMENT ON FUNCTION lead_mgmt.name_key(text) IS 'Normal form of a name: case, accents, punctuation and company suffixes do not count';

CREATE FUNCTION lead_mgmt.company_and_name_key(company text, contact_name text) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'company_and_name_key';
COMMENT ON FUNCTION lead_mgmt.company_and_name_key(text, text) IS 'What the column name_key of lead is made of; NULL unless both have a normal form';

CREATE FUNCTION lead_mgmt.miles(point, point) RETURNS double precision
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'miles';
COMMENT ON FUNCTION lead_mgmt.miles(point, point) IS 'Great-circle distance in statute miles between two (longitude, latitude) points';

-- Triggers of a workspace's tables.  They look after privileges themselves:
-- were EXECUTE revoked, an owner could not restore his own workspace.

CREATE FUNCTION lead_mgmt.lead_begin() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'lead_begin';
COMMENT ON FUNCTION lead_mgmt.lead_begin() IS 'Trigger before a statement on lead: brings the rules up to date';

CREATE FUNCTION lead_mgmt.lead_decide() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'lead_decide';
COMMENT ON FUNCTION lead_mgmt.lead_decide() IS 'Trigger before each row of lead: checks it and decides keys, score, status, owner and due date';

CREATE FUNCTION lead_mgmt.lead_record() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'lead_record';
COMMENT ON FUNCTION lead_mgmt.lead_record() IS 'Trigger after each row of lead: notes what has to be written down';

CREATE FUNCTION lead_mgmt.lead_finish() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'lead_finish';
COMMENT ON FUNCTION lead_mgmt.lead_finish() IS 'Trigger after a statement on lead: writes ledgers, log and duplicates';

CREATE FUNCTION lead_mgmt.lead_truncated() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'lead_truncated';
COMMENT ON FUNCTION lead_mgmt.lead_truncated() IS 'Trigger after TRUNCATE of lead: removes the links between duplicates';

CREATE FUNCTION lead_mgmt.engagement_begin() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'engagement_begin';
COMMENT ON FUNCTION lead_mgmt.engagement_begin() IS 'Trigger before a statement on engagement or score_adjustment: brings the rules up to date';

CREATE FUNCTION lead_mgmt.engagement_check() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'engagement_check';
COMMENT ON FUNCTION lead_mgmt.engagement_check() IS 'Trigger before each row of engagement: checks it, and leaves out a submission that is there already';

CREATE FUNCTION lead_mgmt.engagement_record() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'engagement_record';
COMMENT ON FUNCTION lead_mgmt.engagement_record() IS 'Trigger after each row of engagement: adds up what the rules give for it';

CREATE FUNCTION lead_mgmt.engagement_finish() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'engagement_finish';
COMMENT ON FUNCTION lead_mgmt.engagement_finish() IS 'Trigger after a statement on engagement or score_adjustment: gives the leads their new scores';

CREATE FUNCTION lead_mgmt.engagement_truncated() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'engagement_truncated';
COMMENT ON FUNCTION lead_mgmt.engagement_truncated() IS 'Trigger after TRUNCATE of engagement or score_adjustment: scores the leads anew';

CREATE FUNCTION lead_mgmt.adjustment_check() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adjustment_check';
COMMENT ON FUNCTION lead_mgmt.adjustment_check() IS 'Trigger before each row of score_adjustment: rows are added and never changed';

CREATE FUNCTION lead_mgmt.adjustment_record() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'adjustment_record';
COMMENT ON FUNCTION lead_mgmt.adjustment_record() IS 'Trigger after each row of score_adjustment: notes the lead';

CREATE FUNCTION lead_mgmt.ready_score_lowered() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'ready_score_lowered';
COMMENT ON FUNCTION lead_mgmt.ready_score_lowered() IS 'Trigger after a change of setting.sales_ready_score: hot_lead looks at more leads';

CREATE FUNCTION lead_mgmt.rule_check() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rule_check';
COMMENT ON FUNCTION lead_mgmt.rule_check() IS 'Trigger before each row of a table with conditions: refuses those that cannot be used';

CREATE FUNCTION lead_mgmt.model_switch() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'model_switch';
COMMENT ON FUNCTION lead_mgmt.model_switch() IS 'Trigger after each row of score_model: a model that becomes active retires the one that was, and a copy gets its rules';

CREATE FUNCTION lead_mgmt.model_required() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'model_required';
COMMENT ON FUNCTION lead_mgmt.model_required() IS 'Trigger at the end of a transaction that changed score_model: one model is active, unless there is none';

CREATE FUNCTION lead_mgmt.match_rule_check() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'match_rule_check';
COMMENT ON FUNCTION lead_mgmt.match_rule_check() IS 'Trigger before each row of match_rule';

CREATE FUNCTION lead_mgmt.merge_check() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'merge_check';
COMMENT ON FUNCTION lead_mgmt.merge_check() IS 'Trigger before each row of merge: who and when; nothing of it is changed later';

CREATE FUNCTION lead_mgmt.merge_apply() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'merge_apply';
COMMENT ON FUNCTION lead_mgmt.merge_apply() IS 'Trigger after INSERT into merge: merges the leads';

CREATE FUNCTION lead_mgmt.merge_undo() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'merge_undo';
COMMENT ON FUNCTION lead_mgmt.merge_undo() IS 'Trigger after DELETE from merge: undoes the merges';

CREATE FUNCTION lead_mgmt.merge_truncated() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'merge_truncated';
COMMENT ON FUNCTION lead_mgmt.merge_truncated() IS 'Trigger after TRUNCATE of merge: refused while leads are merged';

CREATE FUNCTION lead_mgmt.setting_check() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'setting_check';
COMMENT ON FUNCTION lead_mgmt.setting_check() IS 'Trigger before each row of setting';

CREATE FUNCTION lead_mgmt.configuration_changed() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'configuration_changed';
COMMENT ON FUNCTION lead_mgmt.configuration_changed() IS 'Trigger after a statement on rules, catalogues or reps: tells every session';

CREATE FUNCTION lead_mgmt.rotation_changed() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rotation_changed';
COMMENT ON FUNCTION lead_mgmt.rotation_changed() IS 'Trigger before and after a statement on reps and teams: begins a new round where others take turns';

CREATE FUNCTION lead_mgmt.duplicate_update() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'duplicate_update';
COMMENT ON FUNCTION lead_mgmt.duplicate_update() IS 'Trigger instead of an update of the view duplicate: remembers what was decided about a pair';

CREATE FUNCTION lead_mgmt.web_form_submit() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'web_form_submit';
COMMENT ON FUNCTION lead_mgmt.web_form_submit() IS 'Trigger instead of an insert into the view web_form: makes a lead, or an engagement of a known one';

CREATE FUNCTION lead_mgmt.web_form_change() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'web_form_change';
COMMENT ON FUNCTION lead_mgmt.web_form_change() IS 'Trigger before an update or delete of the view web_form: refuses it';

-- What views of a workspace call.  Unsafe in parallel plans: reading rules
-- takes a snapshot and conditions run in a subtransaction.

CREATE FUNCTION lead_mgmt.explain_score(lead record, OUT dimension text, OUT rule_id bigint, OUT rule text, OUT points numeric,
    OUT given numeric, OUT times bigint, OUT first_at timestamp with time zone, OUT last_at timestamp with time zone, OUT reason text)
  RETURNS SETOF record
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 50 ROWS 10 AS 'MODULE_PATHNAME', 'explain_score';
COMMENT ON FUNCTION lead_mgmt.explain_score(record) IS 'Why a row of lead has its score; read the view score_explanation';

CREATE FUNCTION lead_mgmt.recompute_score(lead record, OUT score integer, OUT grade text, OUT demographic_score numeric, OUT behavioral_score numeric, OUT firmographic_score numeric,
    OUT score_adjustment numeric, OUT last_engaged_at timestamp with time zone, OUT differs boolean)
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 200 AS 'MODULE_PATHNAME', 'recompute_score';
COMMENT ON FUNCTION lead_mgmt.recompute_score(record) IS 'What the scores of a row of lead should be, from its engagements and adjustments as of scored_at; read the view score_audit';

CREATE FUNCTION lead_mgmt.recompute_keys(lead record, OUT email_key text, OUT phone_key text, OUT name_key text, OUT differs boolean)
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 50 AS 'MODULE_PATHNAME', 'recompute_keys';
COMMENT ON FUNCTION lead_mgmt.recompute_keys(record) IS 'What the keys of a row of lead should be by the settings of its workspace, and whether it has others';

CREATE FUNCTION lead_mgmt.score_at(lead record, at timestamp with time zone, OUT score integer, OUT grade text, OUT demographic_score numeric, OUT behavioral_score numeric, OUT firmographic_score numeric)
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 50 AS 'MODULE_PATHNAME', 'score_at';
COMMENT ON FUNCTION lead_mgmt.score_at(record, timestamp with time zone) IS 'The scores of a row of lead as of any time; before scored_at, by what had happened until then';

CREATE FUNCTION lead_mgmt.lead_score(lead record, at timestamp with time zone) RETURNS integer
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 50 AS 'MODULE_PATHNAME', 'lead_score';
COMMENT ON FUNCTION lead_mgmt.lead_score(record, timestamp with time zone) IS 'The score alone of a row of lead as of any time; see score_at';

CREATE FUNCTION lead_mgmt.lead_value(lead record, name text, type anyelement) RETURNS anyelement
  LANGUAGE C STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'lead_value'; -- not strict: the type comes as a NULL
COMMENT ON FUNCTION lead_mgmt.lead_value(record, text, anyelement) IS 'A column of a row by its name, in the type of the third argument; NULL where the row has none';

CREATE FUNCTION lead_mgmt.grade_until(lead record, at timestamp with time zone) RETURNS timestamp with time zone
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 200 AS 'MODULE_PATHNAME', 'grade_until';
COMMENT ON FUNCTION lead_mgmt.grade_until(record, timestamp with time zone) IS 'When a row of lead leaves the grade that it has at a time, if nothing happens; NULL: never';

CREATE FUNCTION lead_mgmt.score_reasons(lead record, at timestamp with time zone) RETURNS text[]
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 200 AS 'MODULE_PATHNAME', 'score_reasons';
COMMENT ON FUNCTION lead_mgmt.score_reasons(record, timestamp with time zone) IS 'The three rules that give a row of lead most points at a time; corrections count as one, adjustment';

CREATE FUNCTION lead_mgmt.model_score(lead record, model_id bigint, at timestamp with time zone, OUT score integer, OUT grade text)
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 200 AS 'MODULE_PATHNAME', 'model_score';
COMMENT ON FUNCTION lead_mgmt.model_score(record, bigint, timestamp with time zone) IS 'The score of a row of lead by any model, by what had happened until a time; read the view score_comparison';

-- Import of files.

CREATE FUNCTION lead_mgmt.import_begin() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'import_begin';
COMMENT ON FUNCTION lead_mgmt.import_begin() IS 'Trigger before a statement on the views lead_import and import_review';

CREATE FUNCTION lead_mgmt.import_take() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'import_take';
COMMENT ON FUNCTION lead_mgmt.import_take() IS 'Trigger instead of each row of the view lead_import: judges it and keeps it';

CREATE FUNCTION lead_mgmt.import_end() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'import_end';
COMMENT ON FUNCTION lead_mgmt.import_end() IS 'Trigger after a statement on the views lead_import and import_review: looks for duplicates in the file';

CREATE FUNCTION lead_mgmt.import_correct() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'import_correct';
COMMENT ON FUNCTION lead_mgmt.import_correct() IS 'Trigger instead of an update of the view import_review: keeps what was corrected and judges the row again';

CREATE FUNCTION lead_mgmt.import_option_changed() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'import_option_changed';
COMMENT ON FUNCTION lead_mgmt.import_option_changed() IS 'Trigger after an update of the options of a batch: judges its rows again';

CREATE FUNCTION lead_mgmt.visible_lead(relation oid, lead_id bigint) RETURNS bigint
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 10 AS 'MODULE_PATHNAME', 'visible_lead';
COMMENT ON FUNCTION lead_mgmt.visible_lead(oid, bigint) IS 'The id of a lead of the workspace that a table belongs to, if the caller may see the lead; NULL if not';

-- Duplicates, for views.

CREATE FUNCTION lead_mgmt.compare_leads(lead record, other record, OUT master_id bigint, OUT master_reason text, OUT agreeing text[], OUT partly text[], OUT differing text[])
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 200 AS 'MODULE_PATHNAME', 'compare_leads';
COMMENT ON FUNCTION lead_mgmt.compare_leads(record, record) IS 'Which of two rows of lead is the better master and why, and in which columns they agree, partly agree and differ; read the view duplicate_review';

CREATE FUNCTION lead_mgmt.pair_groups(lead_ids bigint[], other_ids bigint[], OUT lead_id bigint, OUT group_id bigint, OUT group_size integer)
  RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 1000 AS 'MODULE_PATHNAME', 'pair_groups';
COMMENT ON FUNCTION lead_mgmt.pair_groups(bigint[], bigint[]) IS 'Who belongs together if each of the first belongs with the one of the second that stands at its place; a group is known by its lowest id';

CREATE FUNCTION lead_mgmt.duplicate_notices(workspace_table oid, OUT lead_id bigint, OUT pair bigint, OUT known boolean, OUT rules text[])
  RETURNS SETOF record
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 1000 ROWS 1000 AS 'MODULE_PATHNAME', 'duplicate_notices';
COMMENT ON FUNCTION lead_mgmt.duplicate_notices(oid) IS 'Pairs of duplicates of which the caller may know the one lead, and whether he knows the other; read the view duplicate_notice';
