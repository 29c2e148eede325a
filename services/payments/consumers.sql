-- name: payment_days
-- The streams of the dates, from a day on, for which an organisation has counted a session.
-- $1 organisation, $2 day
SELECT DISTINCT stream FROM log.events
WHERE organisation = $1 AND type = 'SessionReckoned'
    AND (body::json #>> '{data,on}')::date >= $2
ORDER BY stream;
