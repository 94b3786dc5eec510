-- The 30 score rules of the benchmark, once for both sides: the extension gets
-- the conditions without "NEW.", and the trigger of plpgsql.sql as they are.

CREATE TABLE bench.rule (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  dimension text NOT NULL,
  points integer NOT NULL,
  condition text NOT NULL
);
INSERT INTO bench.rule (dimension, points, condition) VALUES
  ('demographic', 25, $$NEW.job_title ~* '\m(c[efotimr]o|chief|founder|owner|president)\M'$$),
  ('demographic', 20, $$NEW.job_title ~* '\m(vp|vice president|director|head of)\M'$$),
  ('demographic', 10, $$NEW.job_title ~* '\m(manager|supervisor|team lead)\M'$$),
  ('demographic', -20, $$NEW.job_title ~* '\m(student|intern|trainee)\M'$$),
  ('demographic', 5, $$NEW.authority_confirmed$$),
  ('demographic', 5, $$NEW.budget_confirmed$$),
  ('demographic', 3, $$NEW.need_confirmed AND NEW.timeline_confirmed$$),
  ('demographic', 5, $$NEW.budget_amount >= 10000$$),
  ('demographic', 3, $$NEW.budget_amount >= 50000$$),
  ('demographic', 2, $$NEW.company_size BETWEEN 1 AND 9$$),
  ('demographic', 6, $$NEW.company_size BETWEEN 10 AND 49$$),
  ('demographic', 12, $$NEW.company_size BETWEEN 50 AND 999$$),
  ('demographic', 8, $$NEW.company_size >= 1000$$),
  ('demographic', 3, $$NEW.industry <> ''$$),
  ('demographic', 5, $$NEW.country IN ('US', 'CA', 'GB')$$),
  ('demographic', 4, $$NEW.country = 'US' AND NEW.region IN ('NY', 'CA', 'MA')$$),
  ('demographic', -5, $$lower(split_part(NEW.email, '@', 2)) IN ('gmail.com', 'yahoo.com', 'hotmail.com', 'outlook.com')$$),
  ('demographic', 2, $$NEW.phone IS NOT NULL$$),
  ('behavioral', 10, $$NEW.campaign = 'spring'$$),
  ('behavioral', 5, $$NEW.campaign LIKE 'webinar%'$$),
  ('behavioral', 8, $$NEW.source IN ('Referral', 'Trade Show')$$),
  ('behavioral', 4, $$NEW.source = 'Website' AND NEW.priority IN ('high', 'critical')$$),
  ('behavioral', -3, $$NEW.source = 'Cold Call'$$),
  ('behavioral', 6, $$NEW.product_interest IS NOT NULL$$),
  ('firmographic', 5, $$NEW.annual_revenue >= 1000000 AND NEW.annual_revenue < 10000000$$),
  ('firmographic', 8, $$NEW.annual_revenue >= 10000000$$),
  ('firmographic', 6, $$NEW.industry IN ('Software', 'Marketing', 'Advertising', 'Consulting')$$),
  ('firmographic', 5, $$NEW.attributes @@ '$.growth_rate >= 0.1'$$),
  ('firmographic', -5, $$NEW.attributes @@ '$.growth_rate < 0'$$),
  ('firmographic', 4, $$NEW.attributes -> 'technology' ?| ARRAY['PostgreSQL', 'SAP']$$);
