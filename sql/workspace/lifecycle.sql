-- The life cycle that every preset starts with: a workspace without it could
-- not take a lead.

INSERT INTO @workspace@.funnel_stage (name, "position") VALUES
  ('Awareness', 1),
  ('Consideration', 2),
  ('Decision', 3),
  ('Action', 4);

INSERT INTO @workspace@.lead_status (name, "position", description, next_action, funnel_stage, is_open) VALUES
  ('new', 1, 'Came in; nobody has spoken to them yet', 'Make the first contact before it is due', 'Awareness', true),
  ('contacted', 2, 'We are in touch', 'Find out budget, authority, need and timeline', 'Consideration', true),
  ('nurture', 3, 'Interested, but not now', 'Keep in touch until the time is right', 'Consideration', true),
  ('qualified', 4, 'Budget, authority, need and timeline are confirmed', 'Make an offer', 'Decision', true),
  ('converted', 5, 'Has become a customer or an opportunity', 'Hand over to whoever looks after the customer', 'Action', false),
  ('unqualified', 6, 'Does not fit', 'None; reopen it if something changes', NULL, false);

INSERT INTO @workspace@.status_transition (from_status, to_status, condition, message)
SELECT t.from_status, t.to_status, g.condition, g.message
FROM (VALUES
    (NULL, 'new'),
    (NULL, 'contacted'),
    (NULL, 'nurture'),
    (NULL, 'qualified'),
    (NULL, 'unqualified'),
    ('new', 'contacted'),
    ('new', 'qualified'),
    ('new', 'nurture'),
    ('new', 'unqualified'),
    ('contacted', 'qualified'),
    ('contacted', 'nurture'),
    ('contacted', 'unqualified'),
    ('nurture', 'new'),
    ('nurture', 'contacted'),
    ('nurture', 'qualified'),
    ('nurture', 'unqualified'),
    ('qualified', 'nurture'),
    ('qualified', 'unqualified'),
    ('qualified', 'converted'),
    ('unqualified', 'new'),
    ('unqualified', 'nurture')
  ) AS t (from_status, to_status)
LEFT JOIN (VALUES
    ('qualified', 'budget_confirmed AND authority_confirmed AND need_confirmed AND timeline_confirmed',
     'Budget, authority, need and timeline must all be confirmed first.')
  ) AS g (to_status, condition, message) ON g.to_status = t.to_status;
