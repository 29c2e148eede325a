-- name: positions
-- source, organisation, sequence, of every log folded into the tables of a schema.
-- $1 schema, $2 consumer
SELECT source, organisation, sequence FROM kit.watermarks_of($1) WHERE consumer = $2 ORDER BY source, organisation;

-- name: reached
-- folded: the watermark is there; parked: the event was set aside and is not in the tables.
-- $1 schema, $2 consumer, $3 source, $4 organisation, $5 sequence
SELECT
    EXISTS (
        SELECT FROM kit.watermarks_of($1)
        WHERE consumer = $2 AND source = $3 AND organisation = $4 AND sequence >= $5
    ) AS folded,
    EXISTS (
        SELECT FROM kit.parked
        WHERE schema = $1 AND consumer = $2 AND source = $3 AND organisation = $4 AND sequence = $5
    ) AS parked;
