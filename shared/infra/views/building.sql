-- name: is_wanted
-- Whether there may be something to fill.
SELECT EXISTS (SELECT FROM kit.views WHERE rebuild_wanted OR ready_at IS NULL);

-- name: take
-- Waits until nobody holds a view's schemas and keeps others away until the transaction ends.
-- $1 view
SELECT pg_advisory_xact_lock(hashtextextended('partners/view/' || $1, 0));

-- name: try_to_build
-- Whether this session is the one that fills views from now on.
SELECT pg_try_advisory_lock(hashtextextended('partners/views/builder', 0));

-- name: build_no_more
-- Lets another session fill views.
SELECT pg_advisory_unlock(hashtextextended('partners/views/builder', 0));

-- name: version
-- ready, rebuild_wanted, of one version.
-- $1 view, $2 version
SELECT ready_at IS NOT NULL AS ready, rebuild_wanted FROM kit.views WHERE view = $1 AND version = $2;

-- name: current
-- The version that is read now.
-- $1 view
SELECT max(version) FROM kit.views WHERE view = $1 AND ready_at IS NOT NULL;

-- name: note_ready
-- Notes that a version has caught up, or was filled anew.
-- $1 view, $2 version
UPDATE kit.views SET ready_at = coalesce(ready_at, now()), rebuild_wanted = false, trouble = NULL
WHERE view = $1 AND version = $2;

-- name: note_trouble
-- Notes why filling was given up; an event that does not fit will not fit the next time either.
-- $1 view, $2 version, $3 a sentence
UPDATE kit.views SET rebuild_wanted = false, trouble = $3 WHERE view = $1 AND version = $2;

-- name: make_schema
-- Makes a schema.
-- $1 its name
SELECT kit.make_schema($1);

-- name: drop_schema
-- Drops a schema and what is in it, if it is there.
-- $1 its name
SELECT kit.drop_schema($1);

-- name: replace_schema
-- Puts the filled schema in the place of the current one.
-- $1 current, $2 filled
SELECT kit.replace_schema($1, $2);

-- name: freeze
-- Keeps consumers from folding into the tables the search path points at, until the transaction ends.
LOCK TABLE watermarks IN ACCESS EXCLUSIVE MODE;
