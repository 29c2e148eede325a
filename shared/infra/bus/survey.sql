-- name: one_body_of_each
-- One body of each log. $1 organisations, $2 a number for each
SELECT organisation, body FROM log.events
JOIN unnest($1::text[], $2::bigint[]) AS wanted (organisation, sequence) USING (organisation, sequence);

-- name: body
-- The body at a number, if the log has it. $1 organisation, $2 number
SELECT body FROM log.events WHERE organisation = $1 AND sequence = $2;

-- name: following
-- The bodies after a number, in order. $1 organisation, $2 number, $3 most
SELECT sequence, body FROM log.events WHERE organisation = $1 AND sequence > $2 ORDER BY sequence LIMIT $3;
