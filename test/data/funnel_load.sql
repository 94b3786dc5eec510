-- Loads files in the format of the Olist marketing funnel into workspace crm.
-- psql variables: leads and deals, the two files.
--
-- The files have ids only: names and addresses are made up from them.  A deal
-- that is refused is noted in the table refused, and the others go in.

\set ON_ERROR_STOP on

CREATE TABLE raw_lead (
  mql_id text PRIMARY KEY,
  first_contact_date date NOT NULL,
  landing_page_id text,
  origin text
);
CREATE TABLE raw_deal (
  mql_id text, seller_id text, sdr_id text, sr_id text, won_date timestamp NOT NULL,
  business_segment text, lead_type text, lead_behaviour_profile text, has_company text, has_gtin text,
  average_stock text, business_type text, declared_product_catalog_size text, declared_monthly_revenue numeric
);
CREATE TABLE refused (mql_id text, sqlstate text, constraint_name text, message text, detail text, hint text);

-- \copy knows no variables.
\set copy_leads '\\copy raw_lead FROM ' :'leads' ' CSV HEADER'
\set copy_deals '\\copy raw_deal FROM ' :'deals' ' CSV HEADER'
:copy_leads
:copy_deals

INSERT INTO crm.lead_source (name)
SELECT DISTINCT origin FROM raw_lead WHERE origin IS NOT NULL;

INSERT INTO crm.lead (contact_name, email, source, source_detail, created_at)
SELECT 'Lead ' || mql_id, mql_id || '@example.com', origin, landing_page_id,
  first_contact_date::timestamp AT TIME ZONE 'UTC'
FROM raw_lead;

-- When a lead was qualified is not in the files: half-way to the deal.
DO $$
DECLARE
  deal record;
  state text;
  name text;
  message text;
  detail text;
  hint text;
BEGIN
  FOR deal IN
    SELECT d.mql_id, l.id, l.created_at, d.won_date AT TIME ZONE 'UTC' AS won_at
    FROM raw_deal d
    JOIN crm.lead l ON l.email = d.mql_id || '@example.com'
  LOOP
    BEGIN
      UPDATE crm.lead
      SET budget_confirmed = true, authority_confirmed = true, need_confirmed = true, timeline_confirmed = true,
        status = 'qualified', status_since = deal.created_at + (deal.won_at - deal.created_at) / 2
      WHERE id = deal.id;
      UPDATE crm.lead SET status = 'converted', status_since = deal.won_at WHERE id = deal.id;
    EXCEPTION WHEN check_violation THEN
      GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, name = CONSTRAINT_NAME,
        message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
      INSERT INTO refused VALUES (deal.mql_id, state, name, message, detail, hint);
      RAISE NOTICE 'deal % is refused: %', deal.mql_id, message;
    END;
  END LOOP;
END
$$;
