-- Calendars of days without work; jitter, pauses and queued due times of schedules; who asked for a firing.

CREATE TABLE calendars (
    id         uuid NOT NULL PRIMARY KEY,
    name       text NOT NULL COLLATE "C",
    weekend    text NOT NULL,
    days       text NOT NULL,
    updated_by uuid NOT NULL REFERENCES users (id),
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    revision   bigint NOT NULL
);
CREATE UNIQUE INDEX calendars_name ON calendars (lower(name));

ALTER TABLE schedules ADD COLUMN jitter_ms bigint NOT NULL DEFAULT 0;
ALTER TABLE schedules ADD COLUMN calendar_id uuid REFERENCES calendars (id);
ALTER TABLE schedules ADD COLUMN calendar_rule text NOT NULL DEFAULT 'skip';
ALTER TABLE schedules ADD COLUMN pause_after_failures bigint;
ALTER TABLE schedules ADD COLUMN pause text;
ALTER TABLE schedules ADD COLUMN resumed_at bigint;
ALTER TABLE schedules ADD COLUMN delay_ms bigint NOT NULL DEFAULT 0;
ALTER TABLE schedules ADD COLUMN queued_due bigint;
-- The index schedules_due stays for servers of the release before.
CREATE INDEX schedules_fire ON schedules ((next_due + delay_ms * 1000), id)
    WHERE is_active AND deleted_at IS NULL AND next_due IS NOT NULL;
CREATE INDEX schedules_queued ON schedules (queued_due, id) WHERE queued_due IS NOT NULL;
CREATE INDEX schedules_calendar ON schedules (calendar_id, id) WHERE calendar_id IS NOT NULL;

ALTER TABLE firings ADD COLUMN cause text NOT NULL DEFAULT 'due';
ALTER TABLE firings ADD COLUMN requested_by uuid;
ALTER TABLE firings ADD COLUMN due_times bigint NOT NULL DEFAULT 1;
ALTER TABLE firings ADD COLUMN schedule_revision bigint;

CREATE INDEX executions_schedule_ended ON executions (schedule_id, ended_at, id)
    WHERE schedule_id IS NOT NULL AND ended_at IS NOT NULL;

-- Who begins to use a calendar holds its row by the foreign key, and who removes it waits for that.
CREATE FUNCTION refuse_removal_of_used_calendar() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM schedules WHERE calendar_id = OLD.id) THEN
        RAISE EXCEPTION USING MESSAGE = 'calendar.in_use';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER calendars_in_use BEFORE DELETE ON calendars FOR EACH ROW
EXECUTE FUNCTION refuse_removal_of_used_calendar();
