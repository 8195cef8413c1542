-- Roles that a person has in single environments.

-- One entry an environment, with roles as in `roles` and ids as in `custom_roles`.
ALTER TABLE users ADD COLUMN environment_roles text NOT NULL DEFAULT '[]';
