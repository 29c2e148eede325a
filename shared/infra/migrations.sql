-- name: lock
-- One process migrates a database at a time; the lock ends with the session or `unlock`.
SELECT pg_advisory_lock(hashtextextended('partners/migrations', 0));

-- name: unlock
-- Let the next one migrate.
SELECT pg_advisory_unlock(hashtextextended('partners/migrations', 0));

-- name: act_as
-- What follows is done as this role.
SELECT set_config('role', $1, false);

-- name: act_as_oneself
-- What follows is done as the role that logged in.
RESET ROLE;

-- name: create_record
-- The table of what was applied; it exists before the first migration.
CREATE TABLE IF NOT EXISTS kit.migrations (
    module text NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (module, number)
);

-- name: applied
-- What was applied to this database for one module, in order.
SELECT number, name, checksum FROM kit.migrations WHERE module = $1 ORDER BY number;

-- name: record
-- Remember one migration as applied.
INSERT INTO kit.migrations (module, number, name, checksum) VALUES ($1, $2, $3, $4);
