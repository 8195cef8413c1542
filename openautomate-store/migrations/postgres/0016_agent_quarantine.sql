-- An agent whose key was alive on two hosts at once: since when, on which, and when somebody let the next one in.
ALTER TABLE agents ADD COLUMN quarantine text;
