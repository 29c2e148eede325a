-- name: stream_unless_answered
-- The bodies of a stream, oldest first; before them the answer to a command, if it was answered within 30 days: a row
-- whose body is null. $1 organisation, $2 stream, $3 causation of the command.
SELECT 0 AS version, NULL::text AS body, digest, status, location, positions FROM kit.idempotency
WHERE causation = $3 AND kept_from >= now() - interval '30 days'
UNION ALL
SELECT version, body, NULL, NULL, NULL, NULL FROM log.events WHERE organisation = $1 AND stream = $2
ORDER BY version;

-- name: answered
-- What a command was answered within 30 days. $1 causation.
SELECT digest, status, location, positions FROM kit.idempotency
WHERE causation = $1 AND kept_from >= now() - interval '30 days';

-- name: note
-- Notes the answer to a command that wrote nothing. $1 causation, $2 digest, $3 status, $4 location.
SELECT kit.note_answer($1, $2, $3, $4, '{}');

-- name: let_go
-- Lets go of one key if it was used more than 30 days ago. $1 causation.
DELETE FROM kit.idempotency WHERE causation = $1 AND kept_from < now() - interval '30 days';

-- name: forget
-- Lets go of keys used more than 30 days ago, 10,000 at most; answers how many.
WITH forgotten AS (
    DELETE FROM kit.idempotency WHERE causation IN (
        SELECT causation FROM kit.idempotency WHERE kept_from < now() - interval '30 days' LIMIT 10000
    ) RETURNING 1
)
SELECT count(*) FROM forgotten;
