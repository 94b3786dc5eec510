-- Exact types everywhere: a function that somebody added to the schema of the
-- extension must not match better than ours.
--
-- Rows that were written while the triggers were not there: keys and scores
-- (the UPDATE's own triggers look for duplicates too), ledger and log.

UPDATE @workspace@.lead l SET status_since = l.status_since
WHERE l.score IS NULL
  OR l.person_key IS NULL
  OR EXISTS (
    SELECT FROM lead_mgmt.recompute_keys(l::record) k
    WHERE k.differs)
  OR EXISTS (
    SELECT FROM lead_mgmt.recompute_score(l::record) r
    WHERE r.differs);

INSERT INTO @workspace@.status_change (lead_id, from_status, to_status, at, actor, login, time_in_status)
SELECT l.id, c.to_status, l.status, GREATEST(l.status_since, c.at), SESSION_USER::text, SESSION_USER::text,
  GREATEST(l.status_since, c.at) - c.at
FROM @workspace@.lead l
LEFT JOIN (
  SELECT DISTINCT ON (s.lead_id) s.lead_id, s.to_status, s.at
  FROM @workspace@.status_change s WHERE s.merged_from IS NULL ORDER BY s.lead_id, s.at DESC, s.id DESC
) c ON c.lead_id = l.id
WHERE c.to_status IS DISTINCT FROM l.status AND l.merged_into IS NULL;

INSERT INTO @workspace@.assignment (lead_id, rep_id, from_rep_id, method, reason, actor, login)
SELECT l.id, l.owner_id, a.rep_id, 'manual', 'found by upgrade_workspace', SESSION_USER::text, SESSION_USER::text
FROM @workspace@.lead l
LEFT JOIN (
  SELECT DISTINCT ON (s.lead_id) s.lead_id, s.rep_id
  FROM @workspace@.assignment s WHERE s.merged_from IS NULL ORDER BY s.lead_id, s.id DESC
) a ON a.lead_id = l.id
WHERE a.rep_id IS DISTINCT FROM l.owner_id AND l.merged_into IS NULL;
