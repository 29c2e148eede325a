-- name: left_out
-- position, of every event that this view's consumer has parked or was told to discard.
-- $1 consumer, $2 the schema it folds into
SELECT parked.source || '.' || parked.organisation || '/' || parked.sequence AS position
FROM kit.parked AS parked WHERE parked.consumer = $1 AND parked.schema = $2
UNION
SELECT event.body::jsonb -> 'data' ->> 'position'
FROM log.events AS event
WHERE event.type = 'EventDiscarded' AND event.body::jsonb -> 'data' ->> 'consumer' = $1;

-- name: standing
-- source, organisation, sequence, of every log folded into the tables of a schema.
-- $1 schema, $2 consumer
SELECT source, organisation, sequence FROM kit.watermarks_of($1) WHERE consumer = $2;
