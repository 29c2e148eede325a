-- name: lock
-- One process makes roles and databases on a server at a time; the lock ends with the session.
SELECT pg_advisory_lock(hashtextextended('partners/provisioning', 0));

-- name: server_version
-- The server's version number: 160004 is 16.4.
SELECT current_setting('server_version_num')::integer;

-- name: role
-- The statement that makes or changes a role. $1 its name, $2 LOGIN or NOLOGIN, $3 its password or null.
SELECT format(
    '%s ROLE %I %s %s',
    CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = $1) THEN 'ALTER' ELSE 'CREATE' END,
    $1::text,
    $2::text,
    CASE WHEN $3::text IS NULL THEN '' ELSE format('PASSWORD %L', $3::text) END
);

-- name: memberships
-- The statements that let the owner $1 act as the keeper of keys $2 when it migrates, without reading keys by
-- itself, and the role connected here act as both where it is no superuser.
SELECT format('GRANT %I TO %I WITH INHERIT FALSE, SET TRUE', $2::text, $1::text)
UNION ALL
SELECT format('GRANT %I TO CURRENT_USER', role)
FROM unnest(ARRAY[$1::text, $2::text]) AS role
WHERE NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);

-- name: database
-- The statements for a database $1 that its owner $2 owns and only $3, the service, may otherwise enter, and at
-- no moment may not. A service stopped in a transaction would keep an organisation's head locked: the server
-- ends it after a minute.
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8''', $1::text, $2::text)
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = $1)
UNION ALL SELECT format('GRANT CONNECT ON DATABASE %I TO %I', $1::text, $3::text)
UNION ALL SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $1::text)
UNION ALL SELECT format(
    'ALTER ROLE %I IN DATABASE %I SET idle_in_transaction_session_timeout = ''60s''', $3::text, $1::text
);

-- name: rights
-- The statements that take from everybody what PostgreSQL gives by default, for owner $1 and keeper of keys $2.
SELECT 'REVOKE ALL ON SCHEMA public FROM PUBLIC'
UNION ALL SELECT format(
    'ALTER DEFAULT PRIVILEGES FOR ROLE %I, %I REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC', $1::text, $2::text
);

-- name: schema
-- The statements for schema $1, owned by $2, whose objects the service $3 may be granted.
SELECT format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', $1::text, $2::text)
UNION ALL SELECT format('GRANT USAGE ON SCHEMA %I TO %I', $1::text, $3::text);
