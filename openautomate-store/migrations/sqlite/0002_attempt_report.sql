-- What the agent saw of a run from outside, as JSON: isolation, and the proof of its stop.
ALTER TABLE attempts ADD COLUMN report TEXT;
