-- The logs of one service: a head per organisation, and every event ever written.

CREATE TABLE log.heads (
    organisation text COLLATE "C" PRIMARY KEY,
    sequence bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    closed boolean NOT NULL DEFAULT false,
    -- the stamp has ten digits
    CONSTRAINT the_log_has_room CHECK (sequence BETWEEN 1 AND 9999999999)
) WITH (fillfactor = 20);

CREATE TABLE log.events (
    organisation text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    type text COLLATE "C" NOT NULL,
    body text COLLATE "C" NOT NULL,
    CONSTRAINT one_event_per_number PRIMARY KEY (organisation, sequence),
    -- optimistic concurrency: of two who decided on the same version, one is told to decide again
    CONSTRAINT one_event_per_version UNIQUE (organisation, stream, version),
    CONSTRAINT versions_count_from_one CHECK (version >= 1),
    -- one record too big for Kafka would block its log for ever
    CONSTRAINT the_body_fits_one_message CHECK (octet_length(body) <= 262144),
    -- the stamp is joined to the writer's text, whose last brace it replaces: if the whole is one object
    -- with unique names, the writer's text was one too, not empty, and had no such members of its own
    CONSTRAINT the_body_is_one_object CHECK (body IS JSON OBJECT WITH UNIQUE KEYS),
    CONSTRAINT the_body_is_one_line CHECK (
        starts_with(body, '{') AND right(body, 1) = '}' AND strpos(body, E'\n') = 0 AND strpos(body, E'\r') = 0
    ),
    CONSTRAINT the_first_event_opens_the_log CHECK ((sequence = 1) = (type = 'LogOpened'))
)
-- analysed while small, a log would be read whole by every prepared statement until it is analysed again
WITH (autovacuum_analyze_threshold = 10000);

CREATE FUNCTION log.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'What a log holds is never changed: % on %.% is refused.', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER events_are_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON log.events
    FOR EACH STATEMENT EXECUTE FUNCTION log.refuse_change();
CREATE TRIGGER heads_stay BEFORE DELETE OR TRUNCATE ON log.heads
    FOR EACH STATEMENT EXECUTE FUNCTION log.refuse_change();
CREATE TRIGGER heads_only_rise BEFORE UPDATE ON log.heads
    FOR EACH ROW WHEN (
        NEW.sequence < OLD.sequence OR NEW.recorded_at < OLD.recorded_at OR OLD.closed
        OR NEW.organisation <> OLD.organisation
    ) EXECUTE FUNCTION log.refuse_change();
-- ALWAYS: also under session_replication_role = replica
ALTER TABLE log.events ENABLE ALWAYS TRIGGER events_are_immutable;
ALTER TABLE log.heads ENABLE ALWAYS TRIGGER heads_stay;
ALTER TABLE log.heads ENABLE ALWAYS TRIGGER heads_only_rise;

-- The stamp takes the place of the last brace. A text that ends otherwise is no object on one line and stays as it
-- is, for the table to refuse: what its last character was would be lost.
CREATE FUNCTION log.stamped(body text, sequence bigint, recordedtime text) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN CASE right(body, 1) WHEN '}'
        THEN left(body, -1) || ',"sequence":"' || lpad(sequence::text, 10, '0')
            || '","recordedtime":"' || recordedtime || '"}'
        ELSE body
    END;

CREATE FUNCTION log.written(moment timestamptz) RETURNS text
    LANGUAGE sql STABLE
    RETURN to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

-- Appends the entries, each organisation's in the order given; answers the number and stamped body of each.
-- A head's row lock is the ordering lock: it is held until commit, so numbers, times and commits have one order.
-- The streams named last are those the decision only read: the append is refused when one of them has grown beyond
-- the version read, so what was decided is as true in the log as it was when it was decided.
CREATE FUNCTION log.append(
    organisations text[], streams text[], versions integer[], types text[], bodies text[], at timestamptz,
    organisations_read text[] = '{}', streams_read text[] = '{}', versions_read integer[] = '{}'
) RETURNS TABLE (organisation text, sequence bigint, body text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    -- planning anew for the length of every array takes longer than the work; and a plan made while the log is
    -- small must not read the whole log when it has grown
    SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    codes text[] := organisations[1:1];
    code text;
    last bigint;
    recordedtime text;
BEGIN
    IF NOT organisations[1] = ALL (organisations) THEN
        SELECT array_agg(DISTINCT given COLLATE "C" ORDER BY given COLLATE "C") INTO codes
        FROM unnest(organisations) AS given;
    END IF;
    FOREACH code IN ARRAY codes LOOP
        UPDATE log.heads AS head
        SET sequence = head.sequence + cardinality(array_positions(organisations, code)),
            recorded_at = greatest(head.recorded_at, at)
        WHERE head.organisation = code AND NOT head.closed
        RETURNING head.sequence - cardinality(array_positions(organisations, code)), log.written(head.recorded_at)
        INTO last, recordedtime;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'The log of % is not open.', code USING ERRCODE = 'LG001', DETAIL = code;
        END IF;
        RETURN QUERY
            INSERT INTO log.events AS event (organisation, sequence, stream, version, type, body)
            SELECT code, last + given.nth, given.stream, given.version, given.type,
                log.stamped(given.body, last + given.nth, recordedtime)
            FROM (
                SELECT one.*, row_number() OVER (ORDER BY one.place) AS nth
                FROM unnest(organisations, streams, versions, types, bodies)
                    WITH ORDINALITY AS one (organisation, stream, version, type, body, place)
                WHERE one.organisation = code
            ) AS given
            RETURNING event.organisation, event.sequence, event.body;
    END LOOP;
    IF cardinality(streams_read) > 0 AND EXISTS (
        SELECT FROM unnest(organisations_read, streams_read, versions_read) AS decided (organisation, stream, version)
        -- ORDER BY and LIMIT make this one look into the right index for each stream, however the log grows
        CROSS JOIN LATERAL (
            SELECT FROM log.events AS event
            WHERE event.organisation = decided.organisation
                AND event.stream = decided.stream AND event.version > decided.version
            ORDER BY event.version LIMIT 1
        ) AS grown
    ) THEN
        RAISE EXCEPTION 'A stream this decision read has grown.' USING ERRCODE = 'LG002';
    END IF;
    IF 'LogClosed' = ANY (types) THEN
        UPDATE log.heads AS head SET closed = true
        WHERE (head.organisation, 'LogClosed') IN (
            SELECT one.organisation, one.type FROM unnest(organisations, types) AS one (organisation, type)
        );
    END IF;
END
$$;

-- Writes event 1 of a log and so opens it; false when it is open already.
CREATE FUNCTION log.open(organisation text, stream text, body text, at timestamptz) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO log.heads (organisation, sequence, recorded_at)
    VALUES (open.organisation, 1, open.at) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO log.events (organisation, sequence, stream, version, type, body)
    VALUES (open.organisation, 1, open.stream, 1, 'LogOpened', log.stamped(open.body, 1, log.written(open.at)));
    RETURN true;
END
$$;

-- Takes the ordering locks of these logs until the transaction ends, in the order append() takes them.
CREATE FUNCTION log.hold(organisations text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM log.heads AS head WHERE head.organisation = ANY (organisations)
        ORDER BY head.organisation FOR NO KEY UPDATE;
END
$$;

DO $$
DECLARE
    service text := current_database() || '_service';
BEGIN
    EXECUTE format('GRANT SELECT ON log.heads, log.events TO %I', service);
    EXECUTE format(
        'GRANT EXECUTE ON FUNCTION log.append(text[], text[], integer[], text[], text[], timestamptz,'
        ' text[], text[], integer[]),'
        ' log.open(text, text, text, timestamptz), log.hold(text[]) TO %I', service
    );
END
$$;
