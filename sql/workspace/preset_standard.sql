-- Preset standard: three dimensions with limits, ready for sales at 70.

INSERT INTO @workspace@.setting (workspace_version) VALUES (@version@);

INSERT INTO @workspace@.score_model (name, state) VALUES ('Standard', 'active');

INSERT INTO @workspace@.score_dimension (model_id, name, lowest, highest)
SELECT m.id, d.name, d.lowest, d.highest
FROM @workspace@.score_model m
CROSS JOIN (VALUES
    ('demographic', 0, 40),
    ('behavioral', 0, 40),
    ('firmographic', 0, 20)
  ) AS d (name, lowest, highest)
WHERE m.name = 'Standard';

-- Conditions that cannot fail on any data: nothing is cast, and JSON is read
-- by operators that take a missing or odd value for no match.
INSERT INTO @workspace@.score_rule (model_id, dimension, name, points, condition)
SELECT m.id, r.dimension, r.name, r.points, r.condition
FROM @workspace@.score_model m
CROSS JOIN (VALUES
    ('demographic', 'Job title: head of the company', 25,
     $$job_title ~* '\m(c[efotimr]o|chief|(co-?)?founder|owner|(?<!vice[ -])president|proprietor|managing (director|partner))\M'$$),
    ('demographic', 'Job title: vice president, director or head of', 20,
     $$job_title ~* '\m([es]?vp|vice[ -]president|(?<!managing )director|head of)\M'$$),
    ('demographic', 'Job title: manager or team lead', 10,
     $$job_title ~* '\m(manager|supervisor|team lead(er)?)\M'$$),
    ('demographic', 'Job title: student or intern', -20,
     $$job_title ~* '\m(student|intern|trainee|apprentice)\M'$$),
    ('demographic', 'Authority confirmed', 5,
     $$authority_confirmed$$),
    ('demographic', 'Budget confirmed', 5,
     $$budget_confirmed$$),
    ('demographic', 'Budget of 10,000 or more', 5,
     $$budget_amount >= 10000$$),
    ('demographic', 'Company size 10 to 49', 6,
     $$company_size BETWEEN 10 AND 49$$),
    ('demographic', 'Company size 50 to 999', 12,
     $$company_size BETWEEN 50 AND 999$$),
    ('demographic', 'Company size 1,000 or more', 8,
     $$company_size >= 1000$$),
    ('demographic', 'Industry is known', 3,
     $$industry <> ''$$),
    ('demographic', 'Location: a country we sell to (put your own into the condition)', 5,
     $$country IN ('US', 'USA', 'United States', 'CA', 'Canada', 'GB', 'UK', 'United Kingdom')$$),
    ('demographic', 'Within 100 miles of setting.location', 5,
     $$lead_mgmt.miles(location, setting.location) <= 100$$),
    ('demographic', 'Free-mail address', -5,
     $$lower(split_part(btrim(email), '@', 2)) IN ('gmail.com', 'googlemail.com', 'yahoo.com', 'hotmail.com', 'outlook.com', 'live.com', 'msn.com', 'aol.com', 'icloud.com', 'me.com', 'gmx.com', 'gmx.de', 'web.de', 'mail.com', 'proton.me', 'protonmail.com', 'qq.com', '163.com')$$),
    ('firmographic', 'Revenue of 1 to 10 million', 5,
     $$annual_revenue >= 1000000 AND annual_revenue < 10000000$$),
    ('firmographic', 'Revenue of 10 million or more', 8,
     $$annual_revenue >= 10000000$$),
    ('firmographic', 'Industry match (put your own into the condition)', 6,
     $$lower(industry) IN ('software', 'technology', 'information technology', 'marketing', 'advertising', 'financial services', 'consulting')$$),
    ('firmographic', 'Growing by a tenth a year or more', 5,
     $$attributes @@ '$.growth_rate >= 0.1'$$),
    ('firmographic', 'Shrinking', -5,
     $$attributes @@ '$.growth_rate < 0'$$),
    ('firmographic', 'Uses a technology we work with (put your own into the condition)', 4,
     $$attributes -> 'technology' ?| ARRAY['PostgreSQL', 'Salesforce', 'HubSpot', 'SAP']$$)
  ) AS r (dimension, name, points, condition)
WHERE m.name = 'Standard';

-- What a lead did last month says less than what it did today, and the tenth
-- mail it opened less than the first.
INSERT INTO @workspace@.score_rule (model_id, dimension, name, applies_to, points, max_points, half_life, condition)
SELECT m.id, 'behavioral', r.name, 'engagement', r.points, r.max_points, r.half_life::pg_catalog.interval, r.condition
FROM @workspace@.score_model m
CROSS JOIN (VALUES
    ('Opened an e-mail', 1, 5, '14 days', $$kind = 'email_open'$$),
    ('Followed a link in an e-mail', 3, 12, '14 days', $$kind = 'email_click'$$),
    ('Visited the web site', 2, 10, '14 days', $$kind = 'visit'$$),
    ('Looked at the prices', 8, 16, '14 days', $$kind = 'pricing_page'$$),
    ('Downloaded a document', 6, 18, '30 days', $$kind = 'download'$$),
    ('Filled in a form', 10, 20, '30 days', $$kind = 'form'$$),
    ('Took part in a webinar', 10, 20, '30 days', $$kind = 'webinar'$$),
    ('Came to an event', 12, 24, '60 days', $$kind = 'event'$$),
    ('Asked for a demonstration', 25, 25, '30 days', $$kind = 'demo_request'$$),
    ('Looked at the jobs we offer', -10, 20, '30 days', $$kind = 'careers_page'$$),
    ('Asked for no more e-mails', -25, 25, NULL, $$kind = 'unsubscribe'$$)
  ) AS r (name, points, max_points, half_life, condition)
WHERE m.name = 'Standard';
