-- name: keep
-- Keeps a record once; whether it is new.
-- $1 topic, $2 hash, $3 partition, $4 offset, $5 key, $6 value, $7 headers, $8 reason, $9 consumer
INSERT INTO kit.foreign_records (topic, hash, partition, "offset", key, value, headers, reason, consumer)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (topic, hash) DO UPDATE SET seen = foreign_records.seen + 1
RETURNING seen = 1;
