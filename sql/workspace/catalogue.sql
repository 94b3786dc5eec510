-- What every preset but empty starts with, after the life cycle.  All of it
-- belongs to the users from then on.

INSERT INTO @workspace@.lead_source (name, description) VALUES
  ('Website', 'Came through a form, chat or page of our site'),
  ('Email Campaign', 'Answered a mailing'),
  ('Social Media', 'Came through a social network, paid advertisements aside'),
  ('Referral', 'Was recommended by a customer, partner or colleague'),
  ('Trade Show', 'Met at a fair, conference or other event'),
  ('Cold Call', 'Was called by us without having asked'),
  ('Advertisement', 'Answered a paid advertisement, online or in print'),
  ('Direct Mail', 'Answered a letter or brochure');

INSERT INTO @workspace@.engagement_kind (name, description) VALUES
  ('email_open', 'Opened an e-mail of ours'),
  ('email_click', 'Followed a link in an e-mail of ours'),
  ('visit', 'Visited the web site'),
  ('pricing_page', 'Looked at the prices'),
  ('download', 'Downloaded a document'),
  ('form', 'Filled in a form'),
  ('webinar', 'Took part in a webinar'),
  ('event', 'Came to an event'),
  ('demo_request', 'Asked for a demonstration'),
  ('careers_page', 'Looked at the jobs we offer'),
  ('import', 'Was in a file that we imported'),
  ('unsubscribe', 'Asked for no more e-mails');

INSERT INTO @workspace@.grade (name, lowest) VALUES
  ('cold', 0),
  ('warm', 31),
  ('hot', 70);

INSERT INTO @workspace@.assignment_rule ("position", name, condition, method, team_id) VALUES
  (100, 'Every active rep', NULL, 'round_robin', NULL);

INSERT INTO @workspace@.match_rule (name, key, action) VALUES
  ('email', 'email', 'attach'),
  ('phone', 'phone', 'attach'),
  ('company_and_name', 'company_and_name', 'flag'),
  ('fuzzy', 'fuzzy', 'flag');
