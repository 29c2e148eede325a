-- name: hold
-- Keeps a view's schemas where they are until the transaction ends; many may hold them at once.
-- $1 view
SELECT pg_advisory_xact_lock_shared(hashtextextended('partners/view/' || $1, 0));

-- name: take
-- Waits until nobody holds a view's schemas and keeps others away until the transaction ends.
-- $1 view
SELECT pg_advisory_xact_lock(hashtextextended('partners/view/' || $1, 0));

-- name: versions
-- version, ready, rebuild_wanted, of a view, lowest first.
-- $1 view
SELECT version, ready_at IS NOT NULL AS ready, rebuild_wanted FROM kit.views WHERE view = $1 ORDER BY version;

-- name: standing
-- view, version, ready_at, rebuild_wanted, trouble, of every version of every view.
SELECT view, version, ready_at, rebuild_wanted, trouble FROM kit.views ORDER BY view, version;

-- name: note_version
-- Notes a version whose tables were just made.
-- $1 view, $2 version, $3 whether it may be read at once
INSERT INTO kit.views (view, version, ready_at) VALUES ($1, $2, CASE WHEN $3 THEN now() END);

-- name: forget_version
-- Forgets a version whose tables were dropped.
-- $1 view, $2 version
DELETE FROM kit.views WHERE view = $1 AND version = $2;

-- name: want_rebuild
-- Asks for the tables of a version to be filled anew.
-- $1 view, $2 version
UPDATE kit.views SET rebuild_wanted = true WHERE view = $1 AND version = $2;

-- name: make_schema
-- Makes a schema.
-- $1 its name
SELECT kit.make_schema($1);

-- name: drop_schema
-- Drops a schema and what is in it, if it is there.
-- $1 its name
SELECT kit.drop_schema($1);

-- name: discard_temporary
-- Drops the session's temporary tables.
DISCARD TEMP;
