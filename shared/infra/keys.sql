-- name: held
-- The keys of those holders that have one: place (from 1), key, wrapping and wrapped bytes, null when destroyed.
-- $1 organisations, $2 persons, $3 classes, $4 cases
SELECT place, key, wrapping, wrapped FROM keys.held($1, $2, $3, $4) ORDER BY place;

-- name: held_by
-- The same of one holder. $1 organisation, $2 person, $3 class, $4 case
SELECT place, key, wrapping, wrapped FROM keys.held(ARRAY[$1::text], ARRAY[$2::uuid], ARRAY[$3::text], ARRAY[$4::text]);

-- name: obtain
-- One row per holder in the order given: place (from 1), key, wrapping and wrapped bytes, null when destroyed.
-- $1 organisations, $2 persons, $3 classes, $4 cases: the holders, each once
-- $5 candidates, $6 their wrapped bytes: the keys to make where there is none
-- $7 the key-encryption key that wrapped them, $8 the time
SELECT place, key, wrapping, wrapped
FROM keys.obtain($1, $2, $3, $4, $5, $6, $7, $8)
ORDER BY place;

-- name: find
-- The keys of organisation $1 among the ids $2.
SELECT key, organisation, person, retention_class, case_name, wrapping, wrapped FROM keys.find($1, $2);

-- name: of_person
-- What organisation $1 keeps of person $2 and has not destroyed.
SELECT key, retention_class, case_name, made_at, wrapping_used_from FROM keys.of_person($1, $2);

-- name: destroy
-- Destroy, for organisation $1, the keys $2 at time $3; the ids of those that were still there.
SELECT destroyed FROM keys.destroy($1, $2, $3) AS destroyed;

-- name: to_rewrap
-- At most $2 keys that are not wrapped by $1.
SELECT key, organisation, person, retention_class, case_name, wrapping, wrapped FROM keys.to_rewrap($1, $2);

-- name: rewrap
-- Put keys $1, wrapped by $2, into the new wrapping $3 by key-encryption key $4 at time $5; how many.
SELECT keys.rewrap($1, $2, $3, $4, $5);

-- name: wrappings
-- The key-encryption keys known to this database, oldest first, and how many keys each wraps.
SELECT name, first_used_at, keys FROM keys.wrappings();
