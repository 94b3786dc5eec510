-- What makes the tables work.  The BEFORE triggers of lead sort last, so that
-- what users' own triggers changed is what is decided on; the AFTER row
-- triggers sort first, so that ledgers stay in order when users' triggers
-- write leads themselves.

CREATE OR REPLACE TRIGGER "~lead_mgmt_begin" BEFORE INSERT OR UPDATE OR DELETE ON @workspace@.lead
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.lead_begin();
CREATE OR REPLACE TRIGGER "~lead_mgmt_decide" BEFORE INSERT OR UPDATE ON @workspace@.lead
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.lead_decide();
CREATE OR REPLACE TRIGGER "!lead_mgmt_record" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.lead
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.lead_record();
CREATE OR REPLACE TRIGGER "~lead_mgmt_finish" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.lead
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.lead_finish();

CREATE OR REPLACE TRIGGER "~lead_mgmt_truncated" AFTER TRUNCATE ON @workspace@.lead
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.lead_truncated();

-- Engagements and adjustments change the scores of their leads.
CREATE OR REPLACE TRIGGER "~lead_mgmt_begin" BEFORE INSERT OR UPDATE OR DELETE ON @workspace@.engagement
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.engagement_begin();
CREATE OR REPLACE TRIGGER "~lead_mgmt_check" BEFORE INSERT OR UPDATE ON @workspace@.engagement
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.engagement_check();
CREATE OR REPLACE TRIGGER "!lead_mgmt_record" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.engagement
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.engagement_record();
CREATE OR REPLACE TRIGGER "~lead_mgmt_finish" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.engagement
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.engagement_finish();
CREATE OR REPLACE TRIGGER "~lead_mgmt_truncated" AFTER TRUNCATE ON @workspace@.engagement
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.engagement_truncated();
CREATE OR REPLACE TRIGGER "~lead_mgmt_begin" BEFORE INSERT OR UPDATE OR DELETE ON @workspace@.score_adjustment
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.engagement_begin();
CREATE OR REPLACE TRIGGER "~lead_mgmt_check" BEFORE INSERT OR UPDATE OR DELETE ON @workspace@.score_adjustment
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.adjustment_check();
CREATE OR REPLACE TRIGGER "!lead_mgmt_record" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.score_adjustment
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.adjustment_record();
CREATE OR REPLACE TRIGGER "~lead_mgmt_finish" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.score_adjustment
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.engagement_finish();
CREATE OR REPLACE TRIGGER "~lead_mgmt_truncated" AFTER TRUNCATE ON @workspace@.score_adjustment
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.engagement_truncated();

CREATE OR REPLACE TRIGGER "~lead_mgmt_ready_score" AFTER UPDATE OF sales_ready_score ON @workspace@.setting
  FOR EACH ROW WHEN (NEW.sales_ready_score OPERATOR(pg_catalog.<) OLD.sales_ready_score)
  EXECUTE FUNCTION lead_mgmt.ready_score_lowered();

CREATE OR REPLACE TRIGGER "~lead_mgmt_check" BEFORE INSERT OR UPDATE ON @workspace@.score_rule
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.rule_check();
CREATE OR REPLACE TRIGGER "~lead_mgmt_check" BEFORE INSERT OR UPDATE ON @workspace@.assignment_rule
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.rule_check();
CREATE OR REPLACE TRIGGER "~lead_mgmt_check" BEFORE INSERT OR UPDATE ON @workspace@.status_transition
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.rule_check();
-- Its name sorts before that of the constraint that one model is active.
CREATE OR REPLACE TRIGGER "!lead_mgmt_switch" AFTER INSERT OR UPDATE ON @workspace@.score_model
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.model_switch();
-- At the end of the transaction, so that one may leave before the other comes.
DROP TRIGGER IF EXISTS "~lead_mgmt_active" ON @workspace@.score_model;
CREATE CONSTRAINT TRIGGER "~lead_mgmt_active" AFTER UPDATE OR DELETE ON @workspace@.score_model
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION lead_mgmt.model_required();
CREATE OR REPLACE TRIGGER "~lead_mgmt_check" BEFORE INSERT OR UPDATE ON @workspace@.match_rule
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.match_rule_check();
CREATE OR REPLACE TRIGGER "~lead_mgmt_check" BEFORE INSERT OR UPDATE OR DELETE ON @workspace@.setting
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.setting_check();

-- Whoever takes turns is compared before and after.
CREATE OR REPLACE TRIGGER "~lead_mgmt_rotation_before" BEFORE INSERT OR UPDATE OR DELETE ON @workspace@.rep
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.rotation_changed();
CREATE OR REPLACE TRIGGER "~lead_mgmt_rotation" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.rep
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.rotation_changed();
CREATE OR REPLACE TRIGGER "~lead_mgmt_rotation_before" BEFORE INSERT OR UPDATE OR DELETE ON @workspace@.team
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.rotation_changed();
CREATE OR REPLACE TRIGGER "~lead_mgmt_rotation" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.team
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.rotation_changed();
CREATE OR REPLACE TRIGGER "~lead_mgmt_rotation_before" BEFORE INSERT OR UPDATE OR DELETE ON @workspace@.team_member
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.rotation_changed();
CREATE OR REPLACE TRIGGER "~lead_mgmt_rotation" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.team_member
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.rotation_changed();

CREATE OR REPLACE TRIGGER "~lead_mgmt_decide" INSTEAD OF UPDATE ON @workspace@.duplicate
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.duplicate_update();

-- The capture door opens one way.
CREATE OR REPLACE TRIGGER "~lead_mgmt_submit" INSTEAD OF INSERT ON @workspace@.web_form
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.web_form_submit();
CREATE OR REPLACE TRIGGER "~lead_mgmt_change" INSTEAD OF UPDATE OR DELETE ON @workspace@.web_form
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.web_form_change();
CREATE OR REPLACE TRIGGER "~lead_mgmt_refuse" BEFORE UPDATE OR DELETE ON @workspace@.web_form
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.web_form_change();

-- Merges are carried out, and undone, at the end of a statement.
CREATE OR REPLACE TRIGGER "~lead_mgmt_check" BEFORE INSERT OR UPDATE ON @workspace@.merge
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.merge_check();
CREATE OR REPLACE TRIGGER "~lead_mgmt_apply" AFTER INSERT ON @workspace@.merge
  REFERENCING NEW TABLE AS lead_mgmt_merge FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.merge_apply();
CREATE OR REPLACE TRIGGER "~lead_mgmt_undo" AFTER DELETE ON @workspace@.merge
  REFERENCING OLD TABLE AS lead_mgmt_merge FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.merge_undo();
CREATE OR REPLACE TRIGGER "~lead_mgmt_truncated" AFTER TRUNCATE ON @workspace@.merge
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.merge_truncated();

-- Every table that a session keeps in memory tells the others of changes, also
-- where a replica session or an apply worker makes them, which fires nothing
-- but what is enabled always and by row: these triggers have no other effect.
-- They sort before those of foreign keys, which pass a new name on.
CREATE OR REPLACE TRIGGER "!lead_mgmt_changed" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.setting
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "~lead_mgmt_truncated" AFTER TRUNCATE ON @workspace@.setting
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "!lead_mgmt_changed" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.lead_source
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "~lead_mgmt_truncated" AFTER TRUNCATE ON @workspace@.lead_source
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "!lead_mgmt_changed" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.engagement_kind
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "~lead_mgmt_truncated" AFTER TRUNCATE ON @workspace@.engagement_kind
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "!lead_mgmt_changed" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.lead_status
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "~lead_mgmt_truncated" AFTER TRUNCATE ON @workspace@.lead_status
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "!lead_mgmt_changed" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.grade
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "~lead_mgmt_truncated" AFTER TRUNCATE ON @workspace@.grade
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "!lead_mgmt_changed" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.rep
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "~lead_mgmt_truncated" AFTER TRUNCATE ON @workspace@.rep
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "!lead_mgmt_changed" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.team
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "~lead_mgmt_truncated" AFTER TRUNCATE ON @workspace@.team
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "!lead_mgmt_changed" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.team_member
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "~lead_mgmt_truncated" AFTER TRUNCATE ON @workspace@.team_member
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "!lead_mgmt_changed" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.score_model
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "~lead_mgmt_truncated" AFTER TRUNCATE ON @workspace@.score_model
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "!lead_mgmt_changed" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.score_dimension
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "~lead_mgmt_truncated" AFTER TRUNCATE ON @workspace@.score_dimension
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "!lead_mgmt_changed" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.score_rule
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "~lead_mgmt_truncated" AFTER TRUNCATE ON @workspace@.score_rule
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "!lead_mgmt_changed" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.status_transition
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "~lead_mgmt_truncated" AFTER TRUNCATE ON @workspace@.status_transition
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "!lead_mgmt_changed" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.assignment_rule
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "~lead_mgmt_truncated" AFTER TRUNCATE ON @workspace@.assignment_rule
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "!lead_mgmt_changed" AFTER INSERT OR UPDATE OR DELETE ON @workspace@.match_rule
  FOR EACH ROW EXECUTE FUNCTION lead_mgmt.configuration_changed();
CREATE OR REPLACE TRIGGER "~lead_mgmt_truncated" AFTER TRUNCATE ON @workspace@.match_rule
  FOR EACH STATEMENT EXECUTE FUNCTION lead_mgmt.configuration_changed();
ALTER TABLE @workspace@.setting ENABLE ALWAYS TRIGGER "!lead_mgmt_changed", ENABLE ALWAYS TRIGGER "~lead_mgmt_truncated";
ALTER TABLE @workspace@.lead_source ENABLE ALWAYS TRIGGER "!lead_mgmt_changed", ENABLE ALWAYS TRIGGER "~lead_mgmt_truncated";
ALTER TABLE @workspace@.engagement_kind ENABLE ALWAYS TRIGGER "!lead_mgmt_changed", ENABLE ALWAYS TRIGGER "~lead_mgmt_truncated";
ALTER TABLE @workspace@.lead_status ENABLE ALWAYS TRIGGER "!lead_mgmt_changed", ENABLE ALWAYS TRIGGER "~lead_mgmt_truncated";
ALTER TABLE @workspace@.grade ENABLE ALWAYS TRIGGER "!lead_mgmt_changed", ENABLE ALWAYS TRIGGER "~lead_mgmt_truncated";
ALTER TABLE @workspace@.rep ENABLE ALWAYS TRIGGER "!lead_mgmt_changed", ENABLE ALWAYS TRIGGER "~lead_mgmt_truncated";
ALTER TABLE @workspace@.team ENABLE ALWAYS TRIGGER "!lead_mgmt_changed", ENABLE ALWAYS TRIGGER "~lead_mgmt_truncated";
ALTER TABLE @workspace@.team_member ENABLE ALWAYS TRIGGER "!lead_mgmt_changed", ENABLE ALWAYS TRIGGER "~lead_mgmt_truncated";
ALTER TABLE @workspace@.score_model ENABLE ALWAYS TRIGGER "!lead_mgmt_changed", ENABLE ALWAYS TRIGGER "~lead_mgmt_truncated";
ALTER TABLE @workspace@.score_dimension ENABLE ALWAYS TRIGGER "!lead_mgmt_changed", ENABLE ALWAYS TRIGGER "~lead_mgmt_truncated";
ALTER TABLE @workspace@.score_rule ENABLE ALWAYS TRIGGER "!lead_mgmt_changed", ENABLE ALWAYS TRIGGER "~lead_mgmt_truncated";
ALTER TABLE @workspace@.status_transition ENABLE ALWAYS TRIGGER "!lead_mgmt_changed", ENABLE ALWAYS TRIGGER "~lead_mgmt_truncated";
ALTER TABLE @workspace@.assignment_rule ENABLE ALWAYS TRIGGER "!lead_mgmt_changed", ENABLE ALWAYS TRIGGER "~lead_mgmt_truncated";
ALTER TABLE @workspace@.match_rule ENABLE ALWAYS TRIGGER "!lead_mgmt_changed", ENABLE ALWAYS TRIGGER "~lead_mgmt_truncated";
