-- name: forget_published
-- Lets the relay begin again as on a first start.
TRUNCATE kit.published;

-- name: is_published
-- Whether everything in these logs is confirmed. $1 organisations
SELECT count(*) = cardinality($1::text[]) AND bool_and(published.sequence = head.sequence)
FROM log.heads AS head JOIN kit.published AS published USING (organisation)
WHERE head.organisation = ANY ($1::text[]);

-- name: records
-- What a producer is given of these logs. $1 organisations
SELECT organisation, sequence, stream, type, body FROM log.events
WHERE organisation = ANY ($1::text[]) ORDER BY organisation, sequence;
