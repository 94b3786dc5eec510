-- What models are worth, before one of them is made active.

CREATE OR REPLACE VIEW @workspace@.score_comparison WITH (security_invoker = true) AS
SELECT l.id AS lead_id, m.id AS model_id, m.name AS model, a.score, a.grade,
  d.score AS draft_score, d.grade AS draft_grade, d.score OPERATOR(pg_catalog.-) a.score AS change
FROM @workspace@.score_model m
CROSS JOIN @workspace@.lead l
CROSS JOIN LATERAL lead_mgmt.score_at(l::record, pg_catalog.now()) a
CROSS JOIN LATERAL lead_mgmt.model_score(l::record, m.id, pg_catalog.now()) d
WHERE m.state OPERATOR(pg_catalog.=) 'draft' AND l.merged_into IS NULL;
COMMENT ON VIEW @workspace@.score_comparison IS 'What each draft would make of each lead, beside the active model, both as of now()';
COMMENT ON COLUMN @workspace@.score_comparison.lead_id IS 'The lead';
COMMENT ON COLUMN @workspace@.score_comparison.model_id IS 'The draft';
COMMENT ON COLUMN @workspace@.score_comparison.model IS 'Name of the draft';
COMMENT ON COLUMN @workspace@.score_comparison.score IS 'Score by the active model';
COMMENT ON COLUMN @workspace@.score_comparison.grade IS 'Grade by the active model';
COMMENT ON COLUMN @workspace@.score_comparison.draft_score IS 'Score by the draft';
COMMENT ON COLUMN @workspace@.score_comparison.draft_grade IS 'Grade by the draft';
COMMENT ON COLUMN @workspace@.score_comparison.change IS 'draft_score less score';

-- Each lead is rated as of the moment when its fate was decided, for what it
-- did afterwards, and decay since then, say nothing about the model.
CREATE OR REPLACE VIEW @workspace@.score_model_quality WITH (security_invoker = true) AS
WITH rated AS MATERIALIZED (
  SELECT m.id AS model_id, s.score, s.grade, c.at IS NOT NULL AS converted
  FROM @workspace@.score_model m
  CROSS JOIN @workspace@.lead l
  JOIN @workspace@.lead_status u ON u.name OPERATOR(pg_catalog.=) l.status
  LEFT JOIN (
    SELECT h.lead_id, pg_catalog.min(h.at) AS at FROM @workspace@.status_change h
    WHERE h.to_status OPERATOR(pg_catalog.=) 'converted' GROUP BY h.lead_id
  ) c ON c.lead_id OPERATOR(pg_catalog.=) l.id
  CROSS JOIN LATERAL lead_mgmt.model_score(l::record, m.id,
    COALESCE(c.at, CASE WHEN NOT u.is_open THEN l.status_since END, pg_catalog.now())) s
  WHERE l.merged_into IS NULL
), by_score AS (
  SELECT r.model_id, r.score, pg_catalog.count(*) FILTER (WHERE r.converted) AS positive,
    pg_catalog.count(*) FILTER (WHERE NOT r.converted) AS negative
  FROM rated r GROUP BY r.model_id, r.score
), ranked AS (
  SELECT b.model_id, b.positive, b.negative,
    pg_catalog.sum(b.negative) OVER (PARTITION BY b.model_id ORDER BY b.score) OPERATOR(pg_catalog.-) b.negative AS negative_below
  FROM by_score b
), whole AS (
  SELECT k.model_id, pg_catalog.sum(k.positive) AS positive, pg_catalog.sum(k.negative) AS negative,
    pg_catalog.sum(k.positive OPERATOR(pg_catalog.*) (k.negative_below OPERATOR(pg_catalog.+) (k.negative OPERATOR(pg_catalog./) 2.0))) AS pairs_won
  FROM ranked k GROUP BY k.model_id
), by_grade AS (
  SELECT r.model_id, r.grade, pg_catalog.count(*) AS leads, pg_catalog.count(*) FILTER (WHERE r.converted) AS converted
  FROM rated r GROUP BY r.model_id, r.grade
)
SELECT m.id AS model_id, m.name AS model, m.state,
  pg_catalog.round(w.pairs_won OPERATOR(pg_catalog./) NULLIF(w.positive OPERATOR(pg_catalog.*) w.negative, 0), 6) AS auc,
  g.name AS grade, COALESCE(b.leads, 0) AS leads, COALESCE(b.converted, 0) AS converted,
  b.converted::pg_catalog.numeric OPERATOR(pg_catalog./) b.leads AS conversion_rate,
  (b.converted::pg_catalog.numeric OPERATOR(pg_catalog./) b.leads)
    OPERATOR(pg_catalog./) NULLIF(w.positive OPERATOR(pg_catalog./) NULLIF(w.positive OPERATOR(pg_catalog.+) w.negative, 0), 0) AS lift
FROM @workspace@.score_model m
LEFT JOIN @workspace@.grade g ON true
LEFT JOIN whole w ON w.model_id OPERATOR(pg_catalog.=) m.id
LEFT JOIN by_grade b ON b.model_id OPERATOR(pg_catalog.=) m.id AND b.grade IS NOT DISTINCT FROM g.name
ORDER BY m.id, g.lowest DESC;
COMMENT ON VIEW @workspace@.score_model_quality IS 'How well each model tells leads that converted from those that did not; each lead is rated as of its conversion, its closing, or now()';
COMMENT ON COLUMN @workspace@.score_model_quality.model_id IS 'The model';
COMMENT ON COLUMN @workspace@.score_model_quality.model IS 'Name of the model';
COMMENT ON COLUMN @workspace@.score_model_quality.state IS 'draft, active or retired';
COMMENT ON COLUMN @workspace@.score_model_quality.auc IS 'Area under the ROC curve: how often a lead that converted scores higher than one that did not, ties half; 0.5 is chance; NULL without both';
COMMENT ON COLUMN @workspace@.score_model_quality.grade IS 'Grade by this model';
COMMENT ON COLUMN @workspace@.score_model_quality.leads IS 'Leads of this grade';
COMMENT ON COLUMN @workspace@.score_model_quality.converted IS 'Those of them that ever converted';
COMMENT ON COLUMN @workspace@.score_model_quality.conversion_rate IS 'converted / leads';
COMMENT ON COLUMN @workspace@.score_model_quality.lift IS 'conversion_rate over that of all leads';
