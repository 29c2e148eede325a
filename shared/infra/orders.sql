-- name: claim
-- Takes an idempotency key, waiting for a twin that holds it; no row when it was used within 30 days.
-- $1 causation, $2 digest of the body.
INSERT INTO kit.idempotency AS row (causation, digest) VALUES ($1, $2)
ON CONFLICT (causation) DO UPDATE
    SET digest = excluded.digest, status = NULL, location = NULL, positions = '{}', kept_from = excluded.kept_from
    WHERE row.kept_from < excluded.kept_from - interval '30 days'
RETURNING true;

-- name: earlier
-- What a used key was answered.
SELECT digest, status, location, positions FROM kit.idempotency WHERE causation = $1;

-- name: answer
-- Completes the row of a command that changed nothing. $1 causation, $2 status, $3 location.
UPDATE kit.idempotency SET status = $2, location = $3 WHERE causation = $1;

-- name: forget
-- Lets go of keys used more than 30 days ago, 10,000 at most; answers how many.
WITH forgotten AS (
    DELETE FROM kit.idempotency WHERE causation IN (
        SELECT causation FROM kit.idempotency WHERE kept_from < now() - interval '30 days' LIMIT 10000
    ) RETURNING 1
)
SELECT count(*) FROM forgotten;
