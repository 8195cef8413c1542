-- Calendars of days without work; jitter, pauses and queued due times of schedules; who asked for a firing.

CREATE TABLE calendars (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT NOT NULL COLLATE NOCASE UNIQUE,
    weekend    TEXT NOT NULL CHECK (json_valid(weekend)),
    days       TEXT NOT NULL CHECK (json_valid(days)),
    updated_by BLOB NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    revision   INTEGER NOT NULL
) STRICT;

ALTER TABLE schedules ADD COLUMN jitter_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE schedules ADD COLUMN calendar_id BLOB REFERENCES calendars (id);
ALTER TABLE schedules ADD COLUMN calendar_rule TEXT NOT NULL DEFAULT 'skip';
ALTER TABLE schedules ADD COLUMN pause_after_failures INTEGER;
ALTER TABLE schedules ADD COLUMN pause TEXT CHECK (json_valid(pause));
ALTER TABLE schedules ADD COLUMN resumed_at INTEGER;
ALTER TABLE schedules ADD COLUMN delay_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE schedules ADD COLUMN queued_due INTEGER;
DROP INDEX schedules_due;
CREATE INDEX schedules_fire ON schedules (next_due + delay_ms * 1000, id)
    WHERE is_active = 1 AND deleted_at IS NULL AND next_due IS NOT NULL;
CREATE INDEX schedules_queued ON schedules (queued_due, id) WHERE queued_due IS NOT NULL;
CREATE INDEX schedules_calendar ON schedules (calendar_id, id) WHERE calendar_id IS NOT NULL;

ALTER TABLE firings ADD COLUMN cause TEXT NOT NULL DEFAULT 'due';
ALTER TABLE firings ADD COLUMN requested_by BLOB;
ALTER TABLE firings ADD COLUMN due_times INTEGER NOT NULL DEFAULT 1;
ALTER TABLE firings ADD COLUMN schedule_revision INTEGER;

CREATE INDEX executions_schedule_ended ON executions (schedule_id, ended_at, id)
    WHERE schedule_id IS NOT NULL AND ended_at IS NOT NULL;

CREATE TRIGGER calendars_in_use BEFORE DELETE ON calendars
WHEN EXISTS (SELECT 1 FROM schedules WHERE calendar_id = OLD.id)
BEGIN
    SELECT RAISE(ABORT, 'calendar.in_use');
END;
