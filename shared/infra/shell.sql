-- name: append
-- Appends as log.append() does and, in the same call, completes the idempotency row $7, if any, with the positions.
-- $8 status, $9 location, $10 the service; $11 organisations, $12 streams, $13 versions only read.
WITH appended AS MATERIALIZED (
    SELECT organisation, sequence FROM log.append($1, $2, $3, $4, $5, $6, $11, $12, $13)
), answered AS (
    UPDATE kit.idempotency AS row
    SET status = $8, location = $9, positions = (
        SELECT array_agg($10::text || '.' || organisation || '/' || sequence ORDER BY organisation COLLATE "C", sequence)
        FROM appended
    )
    WHERE row.causation = $7
)
SELECT organisation, sequence FROM appended ORDER BY organisation COLLATE "C", sequence;

-- name: append_one
-- The same for one event when nothing else was read: arrays cost more to send than values.
-- $1 organisation, $2 stream, $3 version, $4 type, $5 body, $6 the Clock's time, $7 to $10 as above.
WITH appended AS MATERIALIZED (
    SELECT organisation, sequence FROM log.append(
        ARRAY[$1::text], ARRAY[$2::text], ARRAY[$3::integer], ARRAY[$4::text], ARRAY[$5::text], $6
    )
), answered AS (
    UPDATE kit.idempotency AS row
    SET status = $8, location = $9, positions = (
        SELECT array_agg($10::text || '.' || organisation || '/' || sequence) FROM appended
    )
    WHERE row.causation = $7
)
SELECT organisation, sequence FROM appended;

-- name: set_deadlines
-- Writes deadlines; the same cause's deadline again changes nothing.
-- $1 organisations, $2 streams, $3 purposes, $4 due moments, $5 causes, $6 correlations, $7 traceparents.
INSERT INTO kit.deadlines (organisation, stream, purpose, due_at, cause, correlation, traceparent)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::uuid[], $6::uuid[], $7::text[])
ON CONFLICT DO NOTHING;
