-- name: claim
-- Takes the earliest deadline due at $1 of the organisations $2 that no other scheduler has in hand; it is
-- gone for ever when the transaction commits.
DELETE FROM kit.deadlines WHERE ctid = (
    SELECT ctid FROM kit.deadlines
    WHERE due_at <= $1 AND organisation = ANY ($2) AND next_try_at <= now()
    ORDER BY due_at, cause
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING organisation, stream, purpose, due_at, cause, correlation, traceparent;

-- name: postpone
-- After a failure: try again later, each time after a longer while, an hour at most; answers the tries.
-- $1 organisation, $2 stream, $3 purpose, $4 due moment, $5 cause.
UPDATE kit.deadlines
SET tries = tries + 1,
    next_try_at = clock_timestamp() + least(interval '1 hour', interval '1 second' * 2 ^ least(tries, 12))
WHERE organisation = $1 AND stream = $2 AND purpose = $3 AND due_at = $4 AND cause = $5
RETURNING tries;

-- name: next
-- The earliest deadline of these organisations, or null.
SELECT min(due_at) FROM kit.deadlines WHERE organisation = ANY ($1);
