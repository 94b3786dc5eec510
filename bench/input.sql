-- The leads to load: psql variable leads of them, the same on every run.
-- About one in twenty is an earlier person again, found by one key or by all.

CREATE TABLE bench.input AS
SELECT
  initcap(f.name) || ' ' || initcap(s.name) || p.n AS contact_name,
  CASE WHEN i % 60 = 0 THEN upper(p.mail) WHEN i % 20 <> 10 OR i % 3 <> 1 THEN p.mail ELSE 'new.' || p.mail END AS email,
  '+1 (2' || lpad((p.n::bigint * 7919 % 100)::text, 2, '0') || ') ' || lpad((p.n / 10000 % 1000)::text, 3, '0') || '-'
    || lpad((p.n % 10000)::text, 4, '0') AS phone,
  initcap(f.name) || ' & ' || initcap(s.name) || ' ' || p.n % 5000
    || (ARRAY['', ' Inc.', ' LLC', ' GmbH', ', Ltd.'])[1 + i % 5] AS company,
  (ARRAY['CEO', 'VP Marketing', 'Director of Operations', 'Marketing Manager', 'Software Engineer', 'Accountant',
    'Head of Sales', 'Student', 'Office Manager', 'Consultant'])[1 + p.n * 31 % 10] AS job_title,
  (ARRAY['Software', 'Marketing', 'Retail', 'Health Care', 'Manufacturing', 'Consulting', NULL])[1 + p.n % 7] AS industry,
  (p.n::bigint * 7919 % 2500)::integer AS company_size,
  (p.n::bigint * 104729 % 30000 * 1000)::numeric AS annual_revenue,
  p.n % 900 + 1 || ' Main Street' AS street,
  (ARRAY['New York', 'Boston', 'Chicago', 'Toronto', 'Berlin'])[1 + p.n % 5] AS city,
  (ARRAY['NY', 'MA', 'IL', 'ON', 'BE'])[1 + p.n % 5] AS region,
  lpad((p.n * 37 % 100000)::text, 5, '0') AS postal_code,
  (ARRAY['US', 'US', 'US', 'CA', 'DE'])[1 + p.n % 5] AS country,
  (ARRAY['Website', 'Email Campaign', 'Social Media', 'Referral', 'Trade Show', 'Cold Call', 'Advertisement',
    'Direct Mail'])[1 + i % 8] AS source,
  (ARRAY['spring', 'webinar-' || i % 10, 'autumn', NULL])[1 + i % 4] AS campaign,
  (ARRAY['low', 'medium', 'high', 'critical'])[1 + i % 4] AS priority,
  CASE WHEN i % 3 = 0 THEN 'Plan ' || i % 12 END AS product_interest,
  'Asked for a call back and for the price list, reference ' || i AS notes,
  i % 2 = 0 AS budget_confirmed,
  i % 3 = 0 AS authority_confirmed,
  i % 5 = 0 AS need_confirmed,
  i % 4 = 0 AS timeline_confirmed,
  CASE WHEN i % 4 < 2 THEN (i % 100 * 1000)::numeric END AS budget_amount,
  jsonb_build_object('growth_rate', (i % 50 - 10) / 100.0, 'technology', jsonb_build_array(
    (ARRAY['PostgreSQL', 'Oracle', 'SAP', 'Excel'])[1 + i % 4])) AS attributes
FROM generate_series(1, :leads) i
CROSS JOIN LATERAL (
  -- Who it is: i, or somebody well before
  SELECT CASE WHEN i % 20 = 10 THEN i / 2 + 1 ELSE i END AS n
) q
CROSS JOIN LATERAL (
  SELECT q.n, 'person.' || q.n || '@' || (ARRAY['example.com', 'gmail.com', 'example.org', 'firm' || q.n % 3000 || '.example'])[1 + q.n % 4] AS mail
) p
CROSS JOIN LATERAL (SELECT (ARRAY['ana', 'ben', 'carla', 'dmitri', 'emma', 'farid', 'grace', 'hugo'])[1 + p.n % 8]) f (name)
CROSS JOIN LATERAL (SELECT (ARRAY['archer', 'baker', 'cooper', 'dyer', 'fisher', 'glover', 'hunter'])[1 + p.n % 7]) s (name)
ORDER BY i;
