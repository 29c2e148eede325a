-- name: drop
-- The statement that drops database $1 if there is one.
SELECT format('DROP DATABASE IF EXISTS %I WITH (FORCE)', $1::text);

-- name: copy
-- The statement that makes database $1 a copy of $2, owned by $3.
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE %I STRATEGY file_copy', $1::text, $3::text, $2::text);

-- name: rename
-- The statement that gives database $1 the name $2.
SELECT format('ALTER DATABASE %I RENAME TO %I', $1::text, $2::text);

-- name: close
-- The statement that lets nobody but administrators into database $1.
SELECT format('ALTER DATABASE %I CONNECTION LIMIT 0', $1::text);

-- name: open
-- The statement that lets everybody into database $1 again who may.
SELECT format('ALTER DATABASE %I CONNECTION LIMIT -1', $1::text);

-- name: throw_out
-- Ends every session of database $1.
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1;

-- name: sessions
-- How many sessions database $1 has.
SELECT count(*) FROM pg_stat_activity WHERE datname = $1;

-- name: forget_keys
-- Empties the schema of keys, to be filled from a newer copy.
TRUNCATE keys.wrapping, keys.person_keys, keys.known_persons;

-- name: wrapping
-- The key-encryption keys in use.
SELECT * FROM keys.wrapping;

-- name: person_keys
-- The keys of persons.
SELECT * FROM keys.person_keys;

-- name: known_persons
-- By which hashes persons are known.
SELECT * FROM keys.known_persons;
