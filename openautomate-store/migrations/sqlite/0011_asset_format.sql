-- What the value of an asset is.

ALTER TABLE assets ADD COLUMN format TEXT NOT NULL CHECK (format IN ('text', 'json', 'credential')) DEFAULT 'text';
