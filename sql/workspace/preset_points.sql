-- Preset points: points without limits by dimension, ready for sales at 60.

INSERT INTO @workspace@.setting (workspace_version, sales_ready_score) VALUES (@version@, 60);

INSERT INTO @workspace@.score_model (name, state) VALUES ('Points', 'active');

INSERT INTO @workspace@.score_dimension (model_id, name, lowest, highest)
SELECT m.id, d.name, NULL, NULL
FROM @workspace@.score_model m
CROSS JOIN (VALUES ('demographic'), ('behavioral'), ('firmographic')) AS d (name)
WHERE m.name = 'Points';

INSERT INTO @workspace@.score_rule (model_id, dimension, name, points, condition)
SELECT m.id, r.dimension, r.name, r.points, r.condition
FROM @workspace@.score_model m
CROSS JOIN (VALUES
    ('demographic', 'Industry: marketing, advertising or public relations', 10,
     $$lower(industry) IN ('marketing', 'advertising', 'public relations')$$),
    ('demographic', 'Company size 50 to 100', 10,
     $$company_size BETWEEN 50 AND 100$$),
    ('demographic', 'Within 100 miles of setting.location', 10,
     $$lead_mgmt.miles(location, setting.location) <= 100$$)
  ) AS r (dimension, name, points, condition)
WHERE m.name = 'Points';

INSERT INTO @workspace@.score_rule (model_id, dimension, name, applies_to, points, condition)
SELECT m.id, 'behavioral', r.name, 'engagement', r.points, r.condition
FROM @workspace@.score_model m
CROSS JOIN (VALUES
    ('Opened an e-mail', 2, $$kind = 'email_open'$$),
    ('Followed a link in an e-mail', 4, $$kind = 'email_click'$$),
    ('Visited the web site', 5, $$kind = 'visit'$$),
    ('Downloaded a document', 10, $$kind = 'download'$$),
    ('Looked at the prices', 10, $$kind = 'pricing_page'$$),
    ('Came to an event', 25, $$kind = 'event'$$)
  ) AS r (name, points, condition)
WHERE m.name = 'Points';
