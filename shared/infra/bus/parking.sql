-- name: park
-- Sets an event aside.
-- $1 consumer, $2 schema, $3 source, $4 organisation, $5 sequence, $6 stream, $7 type, $8 body, $9 reason, $10 attempts
INSERT INTO kit.parked (consumer, schema, source, organisation, sequence, stream, type, body, reason, attempts)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING;

-- name: lock_stream
-- Waits for others at work on a stream's parked events and keeps them away until the transaction ends.
-- $1 consumer, $2 schema, $3 log, $4 stream
SELECT pg_advisory_xact_lock(hashtextextended(concat_ws('|', 'parked', $1::text, $2::text, $3::text, $4::text), 0));

-- name: first
-- The first parked event of a stream.
-- $1 consumer, $2 schema, $3 source, $4 organisation, $5 stream
SELECT consumer, schema, source, organisation, sequence, stream, type, body, reason, attempts, parked_at
FROM kit.parked
WHERE consumer = $1 AND schema = $2 AND source = $3 AND organisation = $4 AND stream = $5
ORDER BY sequence LIMIT 1;

-- name: free
-- Takes an event from the list.
-- $1 consumer, $2 schema, $3 source, $4 organisation, $5 sequence
DELETE FROM kit.parked
WHERE consumer = $1 AND schema = $2 AND source = $3 AND organisation = $4 AND sequence = $5;

-- name: failed_again
-- Notes that a retry did not help.
-- $1 consumer, $2 schema, $3 source, $4 organisation, $5 sequence, $6 reason
UPDATE kit.parked SET attempts = attempts + 1, reason = $6
WHERE consumer = $1 AND schema = $2 AND source = $3 AND organisation = $4 AND sequence = $5;

-- name: listed
-- What is parked, without leaving anything out.
-- $1 consumer or null for all, $2 organisation or null for all
SELECT consumer, schema, source, organisation, sequence, stream, type, body, reason, attempts, parked_at
FROM kit.parked
WHERE ($1::text IS NULL OR consumer = $1) AND ($2::text IS NULL OR organisation = $2)
ORDER BY consumer, schema, source, organisation, sequence;

-- name: shown
-- One parked event, for each schema it is parked for.
-- $1 consumer, $2 source, $3 organisation, $4 sequence
SELECT consumer, schema, source, organisation, sequence, stream, type, body, reason, attempts, parked_at
FROM kit.parked WHERE consumer = $1 AND source = $2 AND organisation = $3 AND sequence = $4
ORDER BY schema;

-- name: log_stream
-- The stream of the log's own events.
-- $1 organisation
SELECT stream FROM log.events WHERE organisation = $1 AND sequence = 1;
