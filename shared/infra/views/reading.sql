-- name: positions
-- source, organisation, sequence, of every log folded into the tables the search path points at.
-- $1 consumer
SELECT source, organisation, sequence FROM watermarks WHERE consumer = $1 ORDER BY source, organisation;

-- name: reached
-- folded: the watermark is there; parked: the event was set aside and is not in the tables.
-- $1 consumer, $2 source, $3 organisation, $4 sequence, $5 schema
SELECT
    EXISTS (
        SELECT FROM watermarks
        WHERE consumer = $1 AND source = $2 AND organisation = $3 AND sequence >= $4
    ) AS folded,
    EXISTS (
        SELECT FROM kit.parked
        WHERE consumer = $1 AND schema = $5 AND source = $2 AND organisation = $3 AND sequence = $4
    ) AS parked;
