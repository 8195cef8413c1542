-- A child that its parent waits for may have the parent's places of limits.
ALTER TABLE execution_children ADD COLUMN stands_in boolean NOT NULL DEFAULT false;
CREATE INDEX execution_children_stand_ins ON execution_children (parent_id, child_id) WHERE stands_in;
