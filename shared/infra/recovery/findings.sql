-- name: bodies_at
-- Number and body of those of the numbers $2 that the log of organisation $1 has.
SELECT sequence, body FROM log.events WHERE organisation = $1 AND sequence = ANY ($2::bigint[]);
