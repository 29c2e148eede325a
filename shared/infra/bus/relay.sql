-- name: try_to_lead
-- Whether this session is now the one relay of its database.
SELECT pg_try_advisory_lock(hashtextextended('relay', 0));

-- name: wake
-- Tells the relay of this database, wherever it runs, that something was appended.
SELECT pg_notify('partners_log', '');

-- name: standings
-- What the active relay makes of each topic. $1 organisations
SELECT organisation, standing FROM kit.published WHERE organisation = ANY ($1::text[]);
