-- What people look at to decide about duplicates, and what those are told who
-- may not see the other lead.  As in lead_now, columns that nothing else depends
-- on are taken by their names.

CREATE OR REPLACE VIEW @workspace@.duplicate_review WITH (security_invoker = true) AS
WITH pair AS MATERIALIZED (
  SELECT d.lead_id, d.other_id, d.rules, d.similarity, d.state, d.found_at
  FROM @workspace@.duplicate d WHERE d.state OPERATOR(pg_catalog.<>) 'not_duplicate'
), together AS MATERIALIZED (
  SELECT g.lead_id, g.group_id, g.group_size
  FROM (SELECT pg_catalog.array_agg(p.lead_id) AS lead_ids, pg_catalog.array_agg(p.other_id) AS other_ids FROM pair p) a
  CROSS JOIN LATERAL lead_mgmt.pair_groups(a.lead_ids, a.other_ids) g
)
SELECT p.lead_id, p.other_id,
  c.master_id, CASE WHEN c.master_id OPERATOR(pg_catalog.=) p.lead_id THEN p.other_id ELSE p.lead_id END AS duplicate_id,
  c.master_reason, p.rules, p.similarity, c.agreeing, c.partly, c.differing,
  lead_mgmt.lead_value(a.lead, 'contact_name', NULL::text) AS contact_name,
  lead_mgmt.lead_value(b.lead, 'contact_name', NULL::text) AS other_contact_name,
  lead_mgmt.lead_value(a.lead, 'email', NULL::text) AS email,
  lead_mgmt.lead_value(b.lead, 'email', NULL::text) AS other_email,
  lead_mgmt.lead_value(a.lead, 'phone', NULL::text) AS phone,
  lead_mgmt.lead_value(b.lead, 'phone', NULL::text) AS other_phone,
  lead_mgmt.lead_value(a.lead, 'company', NULL::text) AS company,
  lead_mgmt.lead_value(b.lead, 'company', NULL::text) AS other_company,
  lead_mgmt.lead_value(a.lead, 'city', NULL::text) AS city,
  lead_mgmt.lead_value(b.lead, 'city', NULL::text) AS other_city,
  lead_mgmt.lead_value(a.lead, 'status', NULL::text) AS status,
  lead_mgmt.lead_value(b.lead, 'status', NULL::text) AS other_status,
  lead_mgmt.lead_value(a.lead, 'owner_id', NULL::bigint) AS owner_id,
  lead_mgmt.lead_value(b.lead, 'owner_id', NULL::bigint) AS other_owner_id,
  lead_mgmt.lead_value(a.lead, 'score', NULL::integer) AS score,
  lead_mgmt.lead_value(b.lead, 'score', NULL::integer) AS other_score,
  lead_mgmt.lead_value(a.lead, 'created_at', NULL::timestamp with time zone) AS created_at,
  lead_mgmt.lead_value(b.lead, 'created_at', NULL::timestamp with time zone) AS other_created_at,
  t.group_id, t.group_size, p.found_at
FROM pair p
JOIN (SELECT l.id, l::record AS lead FROM @workspace@.lead l) a ON a.id OPERATOR(pg_catalog.=) p.lead_id
JOIN (SELECT l.id, l::record AS lead FROM @workspace@.lead l) b ON b.id OPERATOR(pg_catalog.=) p.other_id
JOIN together t ON t.lead_id OPERATOR(pg_catalog.=) p.lead_id
CROSS JOIN LATERAL lead_mgmt.compare_leads(a.lead, b.lead) c
WHERE p.state OPERATOR(pg_catalog.=) 'open'
ORDER BY t.group_size DESC, t.group_id, p.similarity DESC, p.lead_id, p.other_id;
COMMENT ON VIEW @workspace@.duplicate_review IS 'Open pairs of duplicates side by side: which of the two is the better master and why, what they agree in, and which pairs are about one person.  To read it takes what duplicate takes';
COMMENT ON COLUMN @workspace@.duplicate_review.lead_id IS 'The later lead';
COMMENT ON COLUMN @workspace@.duplicate_review.other_id IS 'The earlier lead';
COMMENT ON COLUMN @workspace@.duplicate_review.master_id IS 'The one of the two that should stay';
COMMENT ON COLUMN @workspace@.duplicate_review.duplicate_id IS 'The one that should be merged into it';
COMMENT ON COLUMN @workspace@.duplicate_review.master_reason IS 'Why: it is not archived, is further on, has an owner, has the higher score, has more columns filled, or came in first; the first of these in which the two differ';
COMMENT ON COLUMN @workspace@.duplicate_review.rules IS 'Names of the match rules that found the pair';
COMMENT ON COLUMN @workspace@.duplicate_review.similarity IS 'How alike, 0 to 1; 1 for equal keys';
COMMENT ON COLUMN @workspace@.duplicate_review.agreeing IS 'Columns that say the same, however it is written';
COMMENT ON COLUMN @workspace@.duplicate_review.partly IS 'Columns that say the same in part: initials, another domain';
COMMENT ON COLUMN @workspace@.duplicate_review.differing IS 'Columns that say something else; those that one of the two lacks are in none of the three';
COMMENT ON COLUMN @workspace@.duplicate_review.contact_name IS 'Name of the later lead';
COMMENT ON COLUMN @workspace@.duplicate_review.other_contact_name IS 'The same of the earlier lead';
COMMENT ON COLUMN @workspace@.duplicate_review.email IS 'E-mail address of the later lead';
COMMENT ON COLUMN @workspace@.duplicate_review.other_email IS 'The same of the earlier lead';
COMMENT ON COLUMN @workspace@.duplicate_review.phone IS 'Phone number of the later lead';
COMMENT ON COLUMN @workspace@.duplicate_review.other_phone IS 'The same of the earlier lead';
COMMENT ON COLUMN @workspace@.duplicate_review.company IS 'Company of the later lead';
COMMENT ON COLUMN @workspace@.duplicate_review.other_company IS 'The same of the earlier lead';
COMMENT ON COLUMN @workspace@.duplicate_review.city IS 'City of the later lead';
COMMENT ON COLUMN @workspace@.duplicate_review.other_city IS 'The same of the earlier lead';
COMMENT ON COLUMN @workspace@.duplicate_review.status IS 'Status of the later lead';
COMMENT ON COLUMN @workspace@.duplicate_review.other_status IS 'The same of the earlier lead';
COMMENT ON COLUMN @workspace@.duplicate_review.owner_id IS 'Owner of the later lead';
COMMENT ON COLUMN @workspace@.duplicate_review.other_owner_id IS 'The same of the earlier lead';
COMMENT ON COLUMN @workspace@.duplicate_review.score IS 'Score of the later lead';
COMMENT ON COLUMN @workspace@.duplicate_review.other_score IS 'The same of the earlier lead';
COMMENT ON COLUMN @workspace@.duplicate_review.created_at IS 'When it came in of the later lead';
COMMENT ON COLUMN @workspace@.duplicate_review.other_created_at IS 'The same of the earlier lead';
COMMENT ON COLUMN @workspace@.duplicate_review.group_id IS 'Pairs with the same number are about one person: the lowest id of all leads that open and confirmed pairs connect';
COMMENT ON COLUMN @workspace@.duplicate_review.group_size IS 'How many leads these are';
COMMENT ON COLUMN @workspace@.duplicate_review.found_at IS 'When the pair was first found';

-- Not the caller's rights: the function asks what he may know.
CREATE OR REPLACE VIEW @workspace@.duplicate_notice WITH (security_barrier = true) AS
SELECT n.lead_id, pg_catalog.array_agg(DISTINCT r.rule ORDER BY r.rule) AS rules,
  pg_catalog.count(DISTINCT n.pair) AS others,
  pg_catalog.count(DISTINCT n.pair) FILTER (WHERE NOT n.known) AS hidden
FROM (SELECT s.tableoid FROM @workspace@.setting s LIMIT 1) s
CROSS JOIN LATERAL lead_mgmt.duplicate_notices(s.tableoid) n
CROSS JOIN LATERAL pg_catalog.unnest(n.rules) AS r (rule)
GROUP BY n.lead_id;
COMMENT ON VIEW @workspace@.duplicate_notice IS 'How many duplicates the leads have that you may see or have brought in yourself, and no more: for those who may not see the other leads';
COMMENT ON COLUMN @workspace@.duplicate_notice.lead_id IS 'A lead that you may see, or that your role brought in (created_by)';
COMMENT ON COLUMN @workspace@.duplicate_notice.rules IS 'Names of the match rules that found others';
COMMENT ON COLUMN @workspace@.duplicate_notice.others IS 'How many other leads look like the same person';
COMMENT ON COLUMN @workspace@.duplicate_notice.hidden IS 'How many of these you may not see: ask who may';
