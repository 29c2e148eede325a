-- name: act_as
-- What follows in this transaction is done as this role.
SELECT set_config('role', $1, true);

-- name: head_locked
-- The head of organisation $1's log, locked until the transaction ends; nothing where there is no such log.
SELECT sequence FROM log.heads WHERE organisation = $1 FOR UPDATE;

-- name: insert
-- Writes stamped bodies under their numbers, as only the owner of the tables may.
-- $1 organisation, $2 numbers, $3 streams, $4 versions, $5 types, $6 bodies
INSERT INTO log.events (organisation, sequence, stream, version, type, body)
SELECT $1, given.* FROM unnest($2::bigint[], $3::text[], $4::integer[], $5::text[], $6::text[]) AS given;

-- name: raise_head
-- The head of organisation $1's log now stands at number $2, system time $3; $4 whether the log is closed.
INSERT INTO log.heads AS head (organisation, sequence, recorded_at, closed) VALUES ($1, $2, $3, $4)
ON CONFLICT (organisation) DO UPDATE
    SET sequence = excluded.sequence,
        recorded_at = greatest(head.recorded_at, excluded.recorded_at),
        closed = head.closed OR excluded.closed;

-- name: set_deadlines
-- Writes deadlines; one that is there stays. A timer finds by itself that there is nothing left to do.
-- $1 organisations, $2 streams, $3 purposes, $4 due moments, $5 causes, $6 correlations, $7 traceparents.
INSERT INTO kit.deadlines (organisation, stream, purpose, due_at, cause, correlation, traceparent)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::uuid[], $6::uuid[], $7::text[])
ON CONFLICT DO NOTHING;

-- name: use_key
-- The command with causation $1 wrote the positions $2; those known of it from another log stay.
INSERT INTO kit.idempotency AS row (causation, status, positions) VALUES ($1, 201, $2::text[])
ON CONFLICT (causation) DO UPDATE SET positions = row.positions || excluded.positions WHERE row.digest IS NULL;

-- name: done_before
-- $1 consumers, $2 sources, $3 organisations, $4 numbers whose effects stand in the log.
INSERT INTO kit.done_before (consumer, source, organisation, sequence)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) ON CONFLICT DO NOTHING;

-- name: discard
-- Frees what consumer $1 was told to discard: source $2, organisation $3, number $4.
DELETE FROM kit.parked WHERE consumer = $1 AND source = $2 AND organisation = $3 AND sequence = $4;

-- name: destroy
-- Destroys, for organisation $1, the keys $2 at time $3.
SELECT keys.destroy($1, $2, $3);

-- name: forget
-- Forgets by which hashes organisation $1 knew person $2.
SELECT keys.forget($1, $2);

-- name: keys_there
-- How many of the keys $2 of organisation $1 there are.
SELECT count(*) FROM keys.find($1, $2);

-- name: log_stream
-- Identity of the log of organisation $1 and the last version in its own stream.
SELECT opened.stream, (
    SELECT max(event.version) FROM log.events AS event
    WHERE event.organisation = $1 AND event.stream = opened.stream
) AS version
FROM log.events AS opened WHERE opened.organisation = $1 AND opened.sequence = 1;
