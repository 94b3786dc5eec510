-- What a careful user would write instead of the extension, for a workspace
-- whose triggers are off: the same keys, scores, owners, ledgers and
-- duplicates, by the cheapest means that PL/pgSQL has.
--
--  * One BEFORE ROW trigger of assignments that need no query: PL/pgSQL
--    evaluates such expressions without a trip through the executor.
--  * The rules written out as one sum of CASE for each dimension.
--  * What changes rarely is read once a statement and handed on in a setting.
--  * Ledgers and duplicates from the transition table, a statement each.
--
-- It knows only what this benchmark needs: it does not see other transactions'
-- uncommitted rows, a change of rules means changing the function, and names
-- are normalised for ASCII only.

CREATE SEQUENCE bench_plpgsql.ticket;

CREATE FUNCTION bench_plpgsql.begin_statement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('bench.rep', (SELECT array_agg(id ORDER BY id)::text FROM bench_plpgsql.rep WHERE active), true),
    set_config('bench.within', (SELECT response_within::text FROM bench_plpgsql.setting), true);
  RETURN NULL;
END
$$;

-- The body is put together from bench.rule, so that nobody has to keep two
-- lists of rules the same; what comes out is what one would write by hand.
SELECT format($format$
CREATE FUNCTION bench_plpgsql.decide() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
  reps bigint[];
BEGIN
  NEW.email_key := lower(btrim(NEW.email));
  NEW.phone_key := CASE WHEN NEW.phone LIKE '+%%' THEN translate(NEW.phone, ' ()-./', '') END;
  NEW.name_key := regexp_replace(translate(lower(NEW.company), '.,&', ''), ' (inc|llc|gmbh|ltd)$', '') || '/' || lower(NEW.contact_name);
  IF NEW.status <> 'new' AND NOT EXISTS (
    SELECT FROM bench_plpgsql.status_transition t WHERE t.from_status IS NULL AND t.to_status = NEW.status) THEN
    RAISE EXCEPTION 'a lead cannot start as %%', NEW.status USING ERRCODE = 'check_violation';
  END IF;
  NEW.status_since := NEW.created_at;
  NEW.demographic_score := greatest(0, least(40, %s));
  NEW.behavioral_score := greatest(0, least(40, %s));
  NEW.firmographic_score := greatest(0, least(20, %s));
  NEW.score_adjustment := 0;
  NEW.score := greatest(0, least(100, NEW.demographic_score + NEW.behavioral_score + NEW.firmographic_score));
  NEW.grade := CASE WHEN NEW.score >= 70 THEN 'hot' WHEN NEW.score >= 31 THEN 'warm' ELSE 'cold' END;
  NEW.scored_at := now();
  IF NEW.owner_id IS NULL THEN
    reps := current_setting('bench.rep')::bigint[];
    NEW.owner_id := reps[1 + nextval('bench_plpgsql.ticket') %% cardinality(reps)];
  END IF;
  NEW.response_due_at := NEW.created_at + current_setting('bench.within')::interval;
  NEW.created_by := current_user;
  NEW.updated_at := NEW.scored_at;
  NEW.updated_by := NEW.created_by;
  RETURN NEW;
END
$body$
$format$,
  string_agg(format('CASE WHEN %s THEN %s ELSE 0 END', condition, points), E'\n    + ' ORDER BY id) FILTER (WHERE dimension = 'demographic'),
  string_agg(format('CASE WHEN %s THEN %s ELSE 0 END', condition, points), E'\n    + ' ORDER BY id) FILTER (WHERE dimension = 'behavioral'),
  string_agg(format('CASE WHEN %s THEN %s ELSE 0 END', condition, points), E'\n    + ' ORDER BY id) FILTER (WHERE dimension = 'firmographic'))
FROM bench.rule
\gexec

CREATE FUNCTION bench_plpgsql.record() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO bench_plpgsql.status_change (lead_id, to_status, at, actor, login)
  SELECT id, status, status_since, current_user, session_user FROM added;

  INSERT INTO bench_plpgsql.assignment (lead_id, rep_id, rule_id, method, reason, actor, login)
  SELECT a.id, a.owner_id, r.id, r.method, r.name, current_user, session_user
  FROM added a
  CROSS JOIN (SELECT id, method, name FROM bench_plpgsql.assignment_rule WHERE active ORDER BY "position", id LIMIT 1) r;

  -- Ready for sales: an event, and a row for the list of the hottest
  INSERT INTO bench_plpgsql.lead_event (lead_id, event, at)
  SELECT id, 'sales_ready', scored_at FROM added WHERE score >= 70;
  INSERT INTO bench_plpgsql.score_state (lead_id, rule_version, rule_id, times, level, first_at, last_at, ready_until)
  SELECT id, 1, '{}', '{}', '{}', '{}', '{}', 'infinity' FROM added WHERE score >= 70;

  -- The earliest lead of each key, by an index on (key, id)
  INSERT INTO bench_plpgsql.duplicate_link (lead_id, other_id, rule, key, similarity)
  SELECT a.id, o.id, 'email', 'email', 1
  FROM added a
  CROSS JOIN LATERAL (SELECT l.id FROM bench_plpgsql.lead l WHERE l.email_key = a.email_key AND l.id < a.id ORDER BY l.id LIMIT 1) o
  UNION ALL
  SELECT a.id, o.id, 'phone', 'phone', 1
  FROM added a
  CROSS JOIN LATERAL (SELECT l.id FROM bench_plpgsql.lead l WHERE l.phone_key = a.phone_key AND l.id < a.id ORDER BY l.id LIMIT 1) o
  UNION ALL
  SELECT a.id, o.id, 'company_and_name', 'company_and_name', 1
  FROM added a
  CROSS JOIN LATERAL (SELECT l.id FROM bench_plpgsql.lead l WHERE l.name_key = a.name_key AND l.id < a.id ORDER BY l.id LIMIT 1) o;
  RETURN NULL;
END
$$;

CREATE TRIGGER begin_statement BEFORE INSERT ON bench_plpgsql.lead
  FOR EACH STATEMENT EXECUTE FUNCTION bench_plpgsql.begin_statement();
CREATE TRIGGER decide BEFORE INSERT ON bench_plpgsql.lead
  FOR EACH ROW EXECUTE FUNCTION bench_plpgsql.decide();
CREATE TRIGGER record AFTER INSERT ON bench_plpgsql.lead
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION bench_plpgsql.record();
