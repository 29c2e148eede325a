-- Which versions of which views there are, and what a view's SQL is given to work with.

CREATE TABLE kit.views (
    view text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    -- when it had caught up and was first read from; the highest version that has is the one to read
    ready_at timestamptz,
    rebuild_wanted boolean NOT NULL DEFAULT false,
    -- why the last attempt to fill it was given up, a sentence without personal data
    trouble text,
    CONSTRAINT one_row_per_version PRIMARY KEY (view, version)
);

-- The events of a batch as a handler reads them. A body is parsed once, however many members are taken from it.
CREATE FUNCTION kit.events(bodies text[])
    RETURNS TABLE (type text, organisation text, sequence bigint, happened_at timestamptz, data jsonb)
    LANGUAGE sql STABLE ROWS 1000
BEGIN ATOMIC
    SELECT parsed.body ->> 'type', parsed.body ->> 'organisation', (parsed.body ->> 'sequence')::bigint,
        (parsed.body ->> 'time')::timestamptz, parsed.body -> 'data'
    FROM (SELECT body::jsonb AS body FROM unnest(bodies) AS body OFFSET 0) AS parsed;
END;

-- A schema's name is data here: each version of a view fills one of its own.
CREATE FUNCTION kit.make_schema(schema text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE SCHEMA %I', schema);
END
$$;

CREATE FUNCTION kit.drop_schema(schema text) RETURNS void LANGUAGE plpgsql SET client_min_messages = warning AS $$
BEGIN
    EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', schema);
END
$$;

-- Puts `filled` in the place and under the name of `current`, which is dropped.
CREATE FUNCTION kit.replace_schema(current text, filled text) RETURNS void LANGUAGE plpgsql
    SET client_min_messages = warning AS $$
BEGIN
    EXECUTE format('DROP SCHEMA %I CASCADE', current);
    EXECUTE format('ALTER SCHEMA %I RENAME TO %I', filled, current);
END
$$;

DO $$
DECLARE
    service text := current_database() || '_service';
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON kit.views TO %I', service);
    EXECUTE format(
        'GRANT EXECUTE ON FUNCTION kit.events(text[]), kit.make_schema(text), kit.drop_schema(text),'
        ' kit.replace_schema(text, text) TO %I',
        service
    );
END
$$;
