-- What the value of an asset is.

ALTER TABLE assets ADD COLUMN format text NOT NULL CHECK (format IN ('text', 'json', 'credential')) DEFAULT 'text';
