-- Prints docs/reference.md from the catalog's own comments: scripts/reference.sh
-- runs it.  The workspace that it describes is made for that and rolled back.

\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
\pset footer off
\pset null ''
SET client_min_messages = warning;
BEGIN;
SET LOCAL search_path = pg_catalog;
CREATE EXTENSION IF NOT EXISTS lead_mgmt;
SELECT 1 FROM lead_mgmt.create_workspace('lead_mgmt_reference') \g /dev/null
-- Names of its parts are then written without the schema.
SET LOCAL search_path = lead_mgmt_reference, pg_catalog;

\echo '# Reference'
\echo
\echo 'Every relation of a workspace and every function and procedure of the schema `lead_mgmt`, with the comments that are in'
\echo 'the catalog: `\\d+ crm.lead` and `\\df+ lead_mgmt.*` in psql show the same. This page is made by'
\echo '`scripts/reference.sh`; change the comments in `sql/` and run it again. What is refused, with which SQLSTATE'
\echo 'and constraint name, is in [Errors](errors.md).'
\echo
\echo '## Functions and procedures to call'

CREATE TEMP VIEW documented_function AS
SELECT p.oid, p.proname::text AS name,
  format('%slead_mgmt.%s(%s)', CASE p.prokind WHEN 'p' THEN 'CALL ' ELSE '' END, quote_ident(p.proname),
    regexp_replace(regexp_replace(pg_get_function_arguments(p.oid), '^IN ', ''), '(, )?OUT .*$', '')) AS signature,
  -- what a function with output columns returns is these
  COALESCE((SELECT CASE WHEN p.proretset THEN 'SETOF ' ELSE '' END || '('
      || string_agg(concat_ws(' ', quote_ident(a.name), format_type(a.type, NULL)), ', ' ORDER BY a.place) || ')'
    FROM unnest(p.proargnames, p.proallargtypes, p.proargmodes) WITH ORDINALITY AS a (name, type, mode, place)
    WHERE a.mode = 'o' HAVING count(*) > 0), pg_get_function_result(p.oid)) AS result, p.provolatile,
  p.prorettype = 'trigger'::regtype AS is_trigger,
  -- what only views call
  p.proname IN ('compare_leads', 'pair_groups', 'duplicate_notices', 'workspaces', 'explain_score', 'recompute_score') AS is_internal,
  obj_description(p.oid, 'pg_proc') AS description
FROM pg_proc p
WHERE p.pronamespace = 'lead_mgmt'::regnamespace;

CREATE FUNCTION pg_temp.cell(text) RETURNS text LANGUAGE sql AS
$$SELECT replace(replace(COALESCE($1, ''), '|', '\|'), E'\n', ' ')$$;
CREATE FUNCTION pg_temp.code(text) RETURNS text LANGUAGE sql AS
$$SELECT CASE WHEN COALESCE($1, '') = '' THEN '' ELSE '`' || pg_temp.cell($1) || '`' END$$;

\echo
\echo 'A function that takes `lead record` takes a row of the table `lead`:'
\echo '`SELECT s.* FROM crm.lead l, lead_mgmt.score_at(l, now()) s`.'
\echo
\echo '| function | returns | what it does |'
\echo '|---|---|---|'
SELECT format('| %s | %s | %s |', pg_temp.code(signature), pg_temp.code(result), pg_temp.cell(description))
FROM documented_function WHERE NOT is_trigger AND NOT is_internal ORDER BY oid;

\echo
\echo '## Views in schema lead_mgmt'
\echo
SELECT format(E'### lead_mgmt.%s\n\n%s.\n\n| column | type | description |\n|---|---|---|\n%s\n',
  c.relname, obj_description(c.oid, 'pg_class'),
  (SELECT string_agg(format('| `%s` | %s | %s |', a.attname, pg_temp.code(format_type(a.atttypid, a.atttypmod)),
        pg_temp.cell(col_description(c.oid, a.attnum))), E'\n' ORDER BY a.attnum)
   FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))
FROM pg_class c
WHERE c.relnamespace = 'lead_mgmt'::regnamespace AND c.relkind = 'v'
ORDER BY c.oid;

\echo '## Settings'
\echo
\echo '| parameter | what it is |'
\echo '|---|---|'
-- The module defines them when it is loaded, which create_workspace has done.
SELECT format('| %s | %s %s |', pg_temp.code(name), pg_temp.cell(short_desc), pg_temp.cell(extra_desc))
FROM pg_settings WHERE name LIKE 'lead_mgmt.%' ORDER BY name;

\echo
\echo '## Relations of a workspace'
\echo
SELECT format('[%s](#%s)', relname, relname)
  || CASE WHEN lead(relname) OVER (ORDER BY oid) IS NULL THEN '' ELSE ',' END
FROM pg_class
WHERE relnamespace = 'lead_mgmt_reference'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
ORDER BY oid;
\echo
SELECT format(E'### %s\n\n%s. %s.\n\n| column | type | default | description |\n|---|---|---|---|\n%s\n%s',
  c.relname,
  CASE c.relkind WHEN 'v' THEN 'View' WHEN 'm' THEN 'Materialized view' ELSE 'Table' END,
  obj_description(c.oid, 'pg_class'),
  (SELECT string_agg(format('| `%s` | %s | %s | %s |', a.attname,
        pg_temp.code(format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END),
        pg_temp.code(CASE WHEN a.attidentity <> '' THEN 'identity' ELSE pg_get_expr(d.adbin, d.adrelid) END),
        pg_temp.cell(col_description(c.oid, a.attnum))), E'\n' ORDER BY a.attnum)
   FROM pg_attribute a
   LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  COALESCE((SELECT E'\n| constraint | definition |\n|---|---|\n'
      || string_agg(format('| `%s` | %s |', k.conname, pg_temp.code(pg_get_constraintdef(k.oid, true))), E'\n'
        ORDER BY array_position('{p,u,x,f,c}', k.contype::text), k.conname COLLATE "C") || E'\n'
    FROM pg_constraint k
    WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x', 'f', 'c')), ''))
FROM pg_class c
WHERE c.relnamespace = 'lead_mgmt_reference'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
ORDER BY c.oid;

\echo '## Sequences of a workspace'
\echo
\echo 'Beside those of the identity columns. Each team has one more, `team_ticket_<id of the team>`.'
\echo
\echo '| sequence | what it is |'
\echo '|---|---|'
SELECT format('| `%s` | %s |', c.relname, pg_temp.cell(obj_description(c.oid, 'pg_class')))
FROM pg_class c
WHERE c.relnamespace = 'lead_mgmt_reference'::regnamespace AND c.relkind = 'S'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'i')
ORDER BY c.oid;

\echo
\echo '## Functions that triggers and views call'
\echo
\echo 'Not for calling by hand. They look after privileges themselves.'
\echo
\echo '| function | what it does |'
\echo '|---|---|'
SELECT format('| %s | %s |', pg_temp.code(signature), pg_temp.cell(description))
FROM documented_function WHERE is_trigger OR is_internal ORDER BY oid;

ROLLBACK;
