-- Preset empty: the life cycle alone.  No sources, scores, grades, routing or
-- match rules: everything is for the user to say.

INSERT INTO @workspace@.setting (workspace_version) VALUES (@version@);
