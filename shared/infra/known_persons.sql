-- name: remember
-- Remember that organisation $1 knows person $2 under the hashes $3.
SELECT keys.remember($1, $2, $3);

-- name: recall
-- The persons organisation $1 knows under any of the hashes $2.
SELECT person FROM keys.recall($1, $2) AS person;

-- name: forget
-- Forget what organisation $1 knows person $2 by.
SELECT keys.forget($1, $2);
