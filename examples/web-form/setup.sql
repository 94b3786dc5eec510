-- What the web form needs of the database: the workspace, and a role that can
-- hand in forms and nothing else.
--
--   psql -d mydatabase -v password=secret -f setup.sql
--
-- Run it as somebody who may create roles; it can be run again.
\set ON_ERROR_STOP on
\if :{?workspace} \else \set workspace crm \endif
\if :{?role} \else \set role web_form \endif

CREATE EXTENSION IF NOT EXISTS lead_mgmt;
SELECT lead_mgmt.create_workspace(:'workspace')
WHERE pg_catalog.to_regnamespace(pg_catalog.quote_ident(:'workspace')) IS NULL;

SELECT pg_catalog.format('CREATE ROLE %I LOGIN', :'role')
WHERE pg_catalog.to_regrole(pg_catalog.quote_ident(:'role')) IS NULL \gexec
\if :{?password}
ALTER ROLE :"role" PASSWORD :'password';
\endif

-- It adds forms and is told what became of them.  It reads no lead.
GRANT USAGE ON SCHEMA :"workspace" TO :"role";
GRANT INSERT, SELECT (lead_id, outcome) ON :"workspace".web_form TO :"role";
