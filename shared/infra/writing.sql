-- name: write
-- Writes what was decided, all of it or nothing; answers the first and the last number given in each log.
-- $1 organisations, $2 streams, $3 versions, $4 types, $5 bodies, $6 the Clock's time;
-- $7 causation, $8 digest, $9 status, $10 location of a command's answer, null where there is none; $11 the service;
-- $12 keys relied on that were not looked up; $13 organisations, $14 streams, $15 versions that were only read;
-- deadlines: $16 organisations, $17 streams, $18 purposes, $19 due moments, $20 causes, $21 correlations,
-- $22 traceparents.
SELECT organisation, first, last FROM kit.write(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22
);

-- name: write_one
-- The same for one event that sets no deadline, when nothing else was read; answers its number.
-- $1 organisation, $2 stream, $3 version, $4 type, $5 body, $6 to $11 as above, $12 the key relied on, or null.
SELECT kit.write_one($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);
