-- name: insert_copies
-- Keeps bodies verbatim under their numbers.
-- $1 service, $2 organisation, $3 numbers, $4 bodies
INSERT INTO audit.copies (service, organisation, sequence, body)
SELECT $1, $2, given.sequence, given.body FROM unnest($3::bigint[], $4::text[]) AS given (sequence, body);

-- name: read
-- At most $4 bodies of the copy of log $1, $2 after number $3, in order.
SELECT body FROM audit.copies
WHERE service = $1 AND organisation = $2 AND sequence > $3
ORDER BY sequence LIMIT $4;

-- name: at
-- Number and body of those of the numbers $3 that the copy of log $1, $2 has.
SELECT sequence, body FROM audit.copies
WHERE service = $1 AND organisation = $2 AND sequence = ANY ($3::bigint[]);

-- name: tree_locked
-- Size and peaks of the tree over log $1, $2; held until the transaction ends.
SELECT size, peaks FROM audit.trees WHERE service = $1 AND organisation = $2 FOR NO KEY UPDATE;

-- name: tree
-- Size and peaks of the tree over log $1, $2.
SELECT size, peaks FROM audit.trees WHERE service = $1 AND organisation = $2;

-- name: trees
-- Service, organisation, size and peaks of every tree whose organisation is one of $1.
SELECT service, organisation, size, peaks FROM audit.trees
WHERE organisation = ANY ($1::text[]) ORDER BY organisation, service;

-- name: keep_tree
-- The tree over log $1, $2 has now size $3 and peaks $4.
INSERT INTO audit.trees (service, organisation, size, peaks) VALUES ($1, $2, $3, $4)
ON CONFLICT (service, organisation) DO UPDATE SET size = excluded.size, peaks = excluded.peaks;

-- name: insert_blocks
-- Keeps the roots $4 of the blocks numbered $3 of log $1, $2.
INSERT INTO audit.blocks (service, organisation, number, root)
SELECT $1, $2, given.number, given.root
FROM unnest($3::bigint[], $4::bytea[]) AS given (number, root);

-- name: blocks
-- Roots of the blocks of log $1, $2 from number $3 to before $4, in order.
SELECT root FROM audit.blocks
WHERE service = $1 AND organisation = $2 AND number >= $3 AND number < $4
ORDER BY number;
