-- An agent whose key was alive on two hosts at once: since when, on which, and when somebody let the next one in.
ALTER TABLE agents ADD COLUMN quarantine TEXT CHECK (json_valid(quarantine));
