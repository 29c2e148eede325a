-- name: lock
-- sequence, parked streams and discarded numbers of a watermark, locked until the transaction ends.
-- $1 schema, $2 consumer, $3 source, $4 organisation
SELECT sequence, parked, discarded FROM kit.lock_watermark($1, $2, $3, $4);

-- name: raise_to
-- Raises a watermark and adds to its counts.
-- $1 schema, $2 consumer, $3 source, $4 organisation, $5 sequence, $6 duplicates, $7 repaired, $8 unknown, $9 conflicts
SELECT kit.raise_watermark($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: totals
-- duplicates, repaired, unknown, conflicts, of all consumers whose watermarks lie in a schema.
-- $1 schema
SELECT coalesce(sum(duplicates), 0)::bigint, coalesce(sum(repaired), 0)::bigint,
    coalesce(sum(unknown), 0)::bigint, coalesce(sum(conflicts), 0)::bigint
FROM kit.watermarks_of($1);

-- name: set_aside
-- How many events are parked and how many foreign records were kept.
SELECT (SELECT count(*) FROM kit.parked), (SELECT count(*) FROM kit.foreign_records);

-- name: reached
-- consumer, source, organisation, sequence and how many are parked, of the watermarks in a schema.
-- $1 schema
SELECT mark.consumer, mark.source, mark.organisation, mark.sequence, (
    SELECT count(*) FROM kit.parked AS row
    WHERE row.consumer = mark.consumer AND row.schema = $1
        AND row.source = mark.source AND row.organisation = mark.organisation
) AS parked
FROM kit.watermarks_of($1) AS mark
ORDER BY mark.consumer, mark.source, mark.organisation;
