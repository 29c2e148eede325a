-- name: make_plain
-- A table for the bytes our log holds, without the log's rules.
CREATE TABLE plain (
    organisation text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    body text COLLATE "C" NOT NULL,
    PRIMARY KEY (organisation, sequence)
);

-- name: insert_plain
-- Keeps one body. $1 organisation, $2 sequence, $3 body
INSERT INTO plain (organisation, sequence, body) VALUES ($1, $2, $3);

-- name: a_key
-- A key of somebody's.
SELECT key FROM keys.person_keys LIMIT 1;
