-- name: make_plain
-- A table with a row for each event.
CREATE TABLE IF NOT EXISTS plain (
    source text COLLATE "C" NOT NULL,
    organisation text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    happened_at timestamptz NOT NULL,
    PRIMARY KEY (source, organisation, sequence)
);

-- name: empty_plain
-- Takes the rows away.
TRUNCATE plain;

-- name: upsert
-- A batch of rows. $1 sources, $2 organisations, $3 sequences, $4 streams, $5 types, $6 times
INSERT INTO plain (source, organisation, sequence, stream, type, happened_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[]::timestamptz[])
ON CONFLICT (source, organisation, sequence) DO UPDATE SET
    stream = excluded.stream, type = excluded.type, happened_at = excluded.happened_at;

-- name: analyse
-- What autovacuum would do in time: the statistics of a log that was filled in a minute.
ANALYZE;
