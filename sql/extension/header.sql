-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION lead_mgmt" to load this file. \quit

SET LOCAL search_path TO pg_catalog, pg_temp;

-- A schema that somebody made beforehand would stay his to add functions to.
CREATE FUNCTION lead_mgmt.check_installation() RETURNS void
  LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'check_installation';
SELECT lead_mgmt.check_installation();
DROP FUNCTION lead_mgmt.check_installation();

COMMENT ON SCHEMA lead_mgmt IS 'Functions of the extension lead_mgmt: workspaces for lead management';

-- Conditions and views of any workspace call what is here; the functions
-- check for themselves what the caller may do.
GRANT USAGE ON SCHEMA lead_mgmt TO PUBLIC;

