-- Which schema holds a view's rows now, and what a view's SQL is given to work with.

CREATE TABLE kit.views (
    view text COLLATE "C" PRIMARY KEY,
    version integer NOT NULL,
    schema text COLLATE "C" NOT NULL,
    -- real time: when this schema took over
    since timestamptz NOT NULL DEFAULT now(),
    rebuild_wanted boolean NOT NULL DEFAULT false
);

-- The events of a batch as a handler reads them. A body is parsed once, however many members are taken from it.
CREATE FUNCTION kit.events(bodies text[])
    RETURNS TABLE (organisation text, sequence bigint, stream text, happened_at timestamptz, actor text, data jsonb)
    LANGUAGE sql STABLE ROWS 1000
BEGIN ATOMIC
    SELECT parsed.body ->> 'organisation', (parsed.body ->> 'sequence')::bigint, parsed.body ->> 'subject',
        (parsed.body ->> 'time')::timestamptz, parsed.body ->> 'actor', parsed.body -> 'data'
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

DO $$
DECLARE
    service text := current_database() || '_service';
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON kit.views TO %I', service);
    EXECUTE format(
        'GRANT EXECUTE ON FUNCTION kit.events(text[]), kit.make_schema(text), kit.drop_schema(text) TO %I', service
    );
END
$$;
