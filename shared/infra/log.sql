-- name: append
-- Appends entries in one call; answers the first and the last number given in each log.
-- $1 organisations, $2 streams, $3 versions, $4 types, $5 bodies, $6 the Clock's time.
SELECT organisation, first, last FROM log.append($1, $2, $3, $4, $5, $6);

-- name: open
-- Opens a log with its first event; false when it is open already.
-- $1 organisation, $2 stream, $3 body, $4 the Clock's time.
SELECT log.open($1, $2, $3, $4);

-- name: hold
-- Takes the ordering locks of these organisations' logs until the transaction ends.
SELECT log.hold($1);

-- name: read_stream
-- The bodies of one stream, oldest first.
SELECT body FROM log.events WHERE organisation = $1 AND stream = $2 ORDER BY version;

-- name: read
-- At most $3 bodies of a log after number $2, in order.
SELECT body FROM log.events WHERE organisation = $1 AND sequence > $2 ORDER BY sequence LIMIT $3;

-- name: head
-- The last number given in a log, and when.
SELECT organisation, sequence, recorded_at FROM log.heads WHERE organisation = $1;

-- name: heads
-- The heads of all logs kept here, in byte order of the organisation.
SELECT organisation, sequence, recorded_at FROM log.heads ORDER BY organisation;
