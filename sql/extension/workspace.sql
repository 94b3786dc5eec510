-- Workspaces.

CREATE FUNCTION lead_mgmt.create_workspace(name name, preset text DEFAULT 'standard') RETURNS void
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'create_workspace'; -- not strict: NULL is refused
COMMENT ON FUNCTION lead_mgmt.create_workspace(name, text) IS 'Makes a schema with everything for lead management in it; presets: standard, points, empty';

CREATE FUNCTION lead_mgmt.upgrade_workspace(name name) RETURNS void
  LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'upgrade_workspace'; -- not strict: NULL is refused
COMMENT ON FUNCTION lead_mgmt.upgrade_workspace(name) IS 'Brings an older or damaged workspace to this version; may be called at any time';

CREATE PROCEDURE lead_mgmt.rescore(workspace name)
  LANGUAGE C AS 'MODULE_PATHNAME', 'rescore';
COMMENT ON PROCEDURE lead_mgmt.rescore(name) IS 'Applies the active model to every lead, writing only what changed; in batches, shown in the view job, and taken up again where it was stopped';

CREATE PROCEDURE lead_mgmt.find_duplicates(workspace name)
  LANGUAGE C AS 'MODULE_PATHNAME', 'find_duplicates';
COMMENT ON PROCEDURE lead_mgmt.find_duplicates(name) IS 'Looks through the whole base by all match rules that are on; in batches, shown in the view job, and taken up again where it was stopped';

CREATE PROCEDURE lead_mgmt.import_confirm(workspace name, batch_id bigint)
  LANGUAGE C AS 'MODULE_PATHNAME', 'import_confirm';
COMMENT ON PROCEDURE lead_mgmt.import_confirm(name, bigint) IS 'Turns the good rows of a batch of import_batch into leads; in batches, shown in the view job, and taken up again where it was stopped';

CREATE PROCEDURE lead_mgmt.rekey(workspace name)
  LANGUAGE C AS 'MODULE_PATHNAME', 'rekey';
COMMENT ON PROCEDURE lead_mgmt.rekey(name) IS 'Computes the keys of every lead anew, after a change of settings or of libphonenumber, writing only what changed; in batches, shown in the view job, and taken up again where it was stopped';

CREATE FUNCTION lead_mgmt.workspaces(OUT name name, OUT owner name, OUT version text) RETURNS SETOF record
  LANGUAGE C STABLE STRICT PARALLEL UNSAFE ROWS 10 AS 'MODULE_PATHNAME', 'workspaces';
COMMENT ON FUNCTION lead_mgmt.workspaces() IS 'The workspaces of this database; read the view lead_mgmt.workspace';

CREATE VIEW lead_mgmt.workspace WITH (security_invoker = true) AS
SELECT w.name, w.owner, w.version FROM lead_mgmt.workspaces() w;
COMMENT ON VIEW lead_mgmt.workspace IS 'Workspaces that you may use';
COMMENT ON COLUMN lead_mgmt.workspace.name IS 'Schema of the workspace';
COMMENT ON COLUMN lead_mgmt.workspace.owner IS 'Role that owns it';
COMMENT ON COLUMN lead_mgmt.workspace.version IS 'Version of lead_mgmt that its layout is of';
GRANT SELECT ON lead_mgmt.workspace TO PUBLIC;
