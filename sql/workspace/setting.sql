-- The one row of settings, and the catalogues that leads refer to.

CREATE TABLE IF NOT EXISTS @workspace@.setting (
  singleton boolean DEFAULT true NOT NULL,
  workspace_version text NOT NULL,
  default_country text DEFAULT 'US' NOT NULL,
  time_zone text DEFAULT 'UTC' NOT NULL,
  sales_ready_score integer DEFAULT 70 NOT NULL,
  response_within interval DEFAULT '00:05:00' NOT NULL,
  email_ignores_tag boolean DEFAULT false NOT NULL,
  location point,
  notify boolean DEFAULT false NOT NULL,
  email_ignores_dots boolean DEFAULT false NOT NULL,
  CONSTRAINT setting_pkey PRIMARY KEY (singleton),
  CONSTRAINT setting_singleton_check CHECK (singleton),
  CONSTRAINT setting_default_country_check CHECK (default_country OPERATOR(pg_catalog.~) '^[A-Z]{2}$'),
  CONSTRAINT setting_sales_ready_score_check CHECK (sales_ready_score BETWEEN 0 AND 100),
  CONSTRAINT setting_response_within_check CHECK (response_within BETWEEN '00:00:00'::pg_catalog.interval AND '10 years'::pg_catalog.interval)
);
ALTER TABLE @workspace@.setting ADD COLUMN IF NOT EXISTS email_ignores_dots boolean DEFAULT false NOT NULL;
COMMENT ON TABLE @workspace@.setting IS 'The settings of this workspace: always one row';
COMMENT ON COLUMN @workspace@.setting.singleton IS 'Always true: there is one row';
COMMENT ON COLUMN @workspace@.setting.workspace_version IS 'Version of lead_mgmt that the layout of this workspace is of; see lead_mgmt.upgrade_workspace';
COMMENT ON COLUMN @workspace@.setting.default_country IS 'Country (ISO 3166-1 alpha-2) that a national phone number of a lead without one is read in; after a change call lead_mgmt.rekey';
COMMENT ON COLUMN @workspace@.setting.time_zone IS 'Time zone of conditions and of the days and months in reports';
COMMENT ON COLUMN @workspace@.setting.sales_ready_score IS 'Score from which a lead is ready for sales, 0 to 100; events and routing of leads that are there follow with lead_mgmt.rescore';
COMMENT ON COLUMN @workspace@.setting.response_within IS 'A new lead must have a first response within this time';
COMMENT ON COLUMN @workspace@.setting.email_ignores_tag IS 'Are kim+news@example.com and kim@example.com one address?  After a change call lead_mgmt.rekey';
COMMENT ON COLUMN @workspace@.setting.email_ignores_dots IS 'Are kim.lee@gmail.com and kimlee@googlemail.com one address, as they are at that provider?  After a change call lead_mgmt.rekey';
COMMENT ON COLUMN @workspace@.setting.location IS 'Where we are: (longitude, latitude) in degrees; conditions may read it, and any other column of this table, as setting.location';
COMMENT ON COLUMN @workspace@.setting.notify IS 'Send NOTIFY lead_mgmt when a lead becomes ready for sales?  Only one transaction that notifies can commit at a time';

CREATE TABLE IF NOT EXISTS @workspace@.lead_source (
  name text NOT NULL,
  description text,
  CONSTRAINT lead_source_pkey PRIMARY KEY (name),
  CONSTRAINT lead_source_name_check CHECK (pg_catalog.btrim(name) OPERATOR(pg_catalog.<>) '')
);
COMMENT ON TABLE @workspace@.lead_source IS 'Where leads come from';
COMMENT ON COLUMN @workspace@.lead_source.name IS 'Name of the source; renaming it renames it on every lead';
COMMENT ON COLUMN @workspace@.lead_source.description IS 'What counts as this source';

CREATE TABLE IF NOT EXISTS @workspace@.funnel_stage (
  name text NOT NULL,
  "position" integer NOT NULL,
  CONSTRAINT funnel_stage_pkey PRIMARY KEY (name),
  CONSTRAINT funnel_stage_position_key UNIQUE ("position") DEFERRABLE
);
COMMENT ON TABLE @workspace@.funnel_stage IS 'The stages of the funnel, in order';
COMMENT ON COLUMN @workspace@.funnel_stage.name IS 'Name of the stage';
COMMENT ON COLUMN @workspace@.funnel_stage."position" IS 'Order of the stage: a lead advances to higher positions';

CREATE TABLE IF NOT EXISTS @workspace@.lead_status (
  name text NOT NULL,
  "position" integer DEFAULT 100 NOT NULL,
  description text,
  next_action text,
  funnel_stage text,
  is_open boolean DEFAULT true NOT NULL,
  CONSTRAINT lead_status_pkey PRIMARY KEY (name),
  CONSTRAINT lead_status_funnel_stage_fkey FOREIGN KEY (funnel_stage) REFERENCES @workspace@.funnel_stage (name) ON UPDATE CASCADE
);
CREATE INDEX IF NOT EXISTS lead_status_funnel_stage_idx ON @workspace@.lead_status USING btree (funnel_stage);
COMMENT ON TABLE @workspace@.lead_status IS 'The statuses a lead can have';
COMMENT ON COLUMN @workspace@.lead_status.name IS 'Name of the status';
COMMENT ON COLUMN @workspace@.lead_status."position" IS 'Order in lists';
COMMENT ON COLUMN @workspace@.lead_status.description IS 'What the status means';
COMMENT ON COLUMN @workspace@.lead_status.next_action IS 'What to do next with a lead in this status';
COMMENT ON COLUMN @workspace@.lead_status.funnel_stage IS 'Stage of the funnel that this status belongs to; NULL for none';
COMMENT ON COLUMN @workspace@.lead_status.is_open IS 'Is a lead in this status still being worked on?';

CREATE TABLE IF NOT EXISTS @workspace@.grade (
  name text NOT NULL,
  lowest integer NOT NULL,
  CONSTRAINT grade_pkey PRIMARY KEY (name),
  CONSTRAINT grade_lowest_key UNIQUE (lowest) DEFERRABLE,
  CONSTRAINT grade_lowest_check CHECK (lowest BETWEEN 0 AND 100)
);
COMMENT ON TABLE @workspace@.grade IS 'Names for ranges of the score';
COMMENT ON COLUMN @workspace@.grade.name IS 'Name of the grade';
COMMENT ON COLUMN @workspace@.grade.lowest IS 'Lowest score of the grade; a lead has the highest grade that it reaches';
