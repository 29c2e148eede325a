-- name: prepare
-- A row for every log served. $1 organisations
INSERT INTO kit.published (organisation) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING;

-- name: published
-- How far each log is published and what its relay makes of the topic. $1 organisations
SELECT organisation, sequence, last_offset, end_offset FROM kit.published
WHERE organisation = ANY ($1::text[]);

-- name: ahead
-- What follows in each log, in its order. $1 organisations, $2 the number each has got to, $3 most per log
SELECT entry.organisation, entry.sequence, entry.stream, entry.type, entry.body
FROM unnest($1::text[], $2::bigint[]) AS place (organisation, after)
CROSS JOIN LATERAL (
    SELECT * FROM log.events AS event
    WHERE event.organisation = place.organisation COLLATE "C" AND event.sequence > place.after
    ORDER BY event.sequence LIMIT $3
) AS entry;

-- name: save
-- Keeps the confirmed prefix and standing of logs. $1 organisations, $2 sequences, $3 offsets, $4 ends, $5 standings
UPDATE kit.published AS row
SET sequence = new.sequence, last_offset = new.last_offset, end_offset = new.end_offset, standing = new.standing
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[])
    AS new (organisation, sequence, last_offset, end_offset, standing)
WHERE row.organisation = new.organisation COLLATE "C";
