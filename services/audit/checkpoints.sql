-- name: lock
-- One signer works on a database at a time, until its transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('partners/audit/signer', 0));

-- name: largest
-- Note of the largest checkpoint of log $1, $2.
SELECT note FROM audit.checkpoints WHERE service = $1 AND organisation = $2 ORDER BY size DESC LIMIT 1;

-- name: insert
-- Keeps the checkpoint of log $1, $2 of size $3 with root $4, as note $5, signed at $6.
INSERT INTO audit.checkpoints (service, organisation, size, root, note, signed_at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING;

-- name: cosigned
-- The note of the checkpoint of log $1, $2 of size $3 is now $4: it has another witness's line.
UPDATE audit.checkpoints SET note = $4 WHERE service = $1 AND organisation = $2 AND size = $3;

-- name: after
-- At most $4 checkpoints of log $1, $2 larger than $3, in order of size.
SELECT size, note, signed_at FROM audit.checkpoints
WHERE service = $1 AND organisation = $2 AND size > $3
ORDER BY size LIMIT $4;

-- name: covering
-- Note of the smallest checkpoint of log $1, $2 that covers number $3.
SELECT note FROM audit.checkpoints
WHERE service = $1 AND organisation = $2 AND size >= $3 ORDER BY size LIMIT 1;

-- name: witnessed
-- Note of the largest checkpoint cosigned here for the log with origin $1.
SELECT note FROM audit.witnessed WHERE origin = $1 FOR NO KEY UPDATE;

-- name: keep_witnessed
-- The largest checkpoint cosigned here for origin $1 has size $2, root $3 and note $4.
INSERT INTO audit.witnessed (origin, size, root, note) VALUES ($1, $2, $3, $4)
ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note;
