-- name: folded
-- How far the pipeline view has folded recruitment's log. $1 organisation
SELECT sequence FROM pipeline_v1.watermarks WHERE source = 'recruitment' AND organisation = $1;

-- name: make_plain
-- A table for what a commit writes.
CREATE TABLE plain (number bigint PRIMARY KEY, body text NOT NULL);

-- name: insert
-- One row. $1 number, $2 body
INSERT INTO plain (number, body) VALUES ($1, $2);
