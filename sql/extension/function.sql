-- Normal forms and helpers that conditions may call.

CREATE FUNCTION lead_mgmt.email_key(text) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'email_key';
COMMENT ON FUNCTION lead_mgmt.email_key(text) IS 'Normal form of an e-mail address that duplicates are found by; NULL where it is none';

CREATE FUNCTION lead_mgmt.email_key(text, ignores_tag boolean) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'email_key_tag';
COMMENT ON FUNCTION lead_mgmt.email_key(text, boolean) IS 'The same; where the second argument is true, a +tag before the @ does not count';

CREATE FUNCTION lead_mgmt.phone_key(text, country text) RETURNS text
  LANGUAGE C IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'phone_key'; -- not strict: the country may be NULL
COMMENT ON FUNCTION lead_mgmt.phone_key(text, text) IS 'Normal form (E.164) of a phone number that starts with +; NULL for others';

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

CREATE FUNCTION lead_mgmt.rule_check() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'rule_check';
COMMENT ON FUNCTION lead_mgmt.rule_check() IS 'Trigger before each row of a table with conditions: refuses those that cannot be used';

CREATE FUNCTION lead_mgmt.model_switch() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'model_switch';
COMMENT ON FUNCTION lead_mgmt.model_switch() IS 'Trigger before each row of score_model: a model that becomes active retires the one that was';

CREATE FUNCTION lead_mgmt.match_rule_check() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'match_rule_check';
COMMENT ON FUNCTION lead_mgmt.match_rule_check() IS 'Trigger before each row of match_rule';

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

-- What views of a workspace call.  Unsafe in parallel plans: reading rules
-- takes a snapshot and conditions run in a subtransaction.

CREATE FUNCTION lead_mgmt.explain_score(lead record, OUT dimension text, OUT rule_id bigint, OUT rule text, OUT points numeric)
  RETURNS SETOF record
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 50 ROWS 10 AS 'MODULE_PATHNAME', 'explain_score';
COMMENT ON FUNCTION lead_mgmt.explain_score(record) IS 'Why a row of lead has its score; read the view score_explanation';

CREATE FUNCTION lead_mgmt.recompute_score(lead record, OUT score integer, OUT grade text, OUT demographic_score numeric, OUT behavioral_score numeric, OUT firmographic_score numeric)
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE COST 50 AS 'MODULE_PATHNAME', 'recompute_score';
COMMENT ON FUNCTION lead_mgmt.recompute_score(record) IS 'What the scores of a row of lead should be; read the view score_audit';

