-- What a decision came to is written in one statement, which is a transaction by itself: no BEGIN, no COMMIT, and a log's
-- ordering lock is held while that statement runs and no longer.

-- What an entry must be is said once, in a trigger that keeps its plans: the server reads a CHECK anew for every
-- statement, which for one entry took as long as writing it. Each rule keeps its name.
CREATE FUNCTION log.refuse_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rule text;
BEGIN
    -- the stamp is joined to the writer's text, whose last brace it replaces: if the whole is one object
    -- with unique names, the writer's text was one too, not empty, and had no such members of its own
    IF NEW.version >= 1 AND (NEW.sequence = 1) = (NEW.type = 'LogOpened') AND octet_length(NEW.body) <= 262144
        AND NEW.body LIKE '{%}' AND NEW.body NOT LIKE E'%\n%' AND NEW.body NOT LIKE E'%\r%'
        AND NEW.body IS JSON OBJECT WITH UNIQUE KEYS
    THEN
        RETURN NEW;
    END IF;
    rule := CASE
        WHEN NEW.version < 1 THEN 'versions_count_from_one'
        WHEN (NEW.sequence = 1) <> (NEW.type = 'LogOpened') THEN 'the_first_event_opens_the_log'
        -- one record too big for Kafka would block its log for ever
        WHEN octet_length(NEW.body) > 262144 THEN 'the_body_fits_one_message'
        WHEN NOT NEW.body IS JSON OBJECT WITH UNIQUE KEYS THEN 'the_body_is_one_object'
        ELSE 'the_body_is_one_line'
    END;
    RAISE EXCEPTION 'An entry of log.events violates the rule "%".', rule
        USING ERRCODE = 'check_violation', SCHEMA = 'log', TABLE = 'events', CONSTRAINT = rule;
END
$$;
CREATE TRIGGER entries_keep_the_rules BEFORE INSERT ON log.events
    FOR EACH ROW EXECUTE FUNCTION log.refuse_entry();
ALTER TABLE log.events ENABLE ALWAYS TRIGGER entries_keep_the_rules;
ALTER TABLE log.events
    DROP CONSTRAINT versions_count_from_one,
    DROP CONSTRAINT the_first_event_opens_the_log,
    DROP CONSTRAINT the_body_fits_one_message,
    DROP CONSTRAINT the_body_is_one_object,
    DROP CONSTRAINT the_body_is_one_line;

-- The same for what heads may become.
CREATE FUNCTION log.refuse_fall() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sequence >= OLD.sequence AND NEW.recorded_at >= OLD.recorded_at AND NOT OLD.closed
        AND NEW.organisation = OLD.organisation
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'What a log holds is never changed: % on %.% is refused.', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
DROP TRIGGER heads_only_rise ON log.heads;
CREATE TRIGGER heads_only_rise BEFORE UPDATE ON log.heads FOR EACH ROW EXECUTE FUNCTION log.refuse_fall();
ALTER TABLE log.heads ENABLE ALWAYS TRIGGER heads_only_rise;

-- The stamp takes the place of the last brace. A text that ends otherwise is no object on one line and stays as it is,
-- for the table to refuse: what its last character was would be lost. Octets are counted, which is quicker than
-- characters: a brace is one octet, and no other character of UTF-8 has an octet like it.
CREATE OR REPLACE FUNCTION log.stamped(body text, sequence bigint, recordedtime text) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN body <> '' AND get_byte(convert_to(body, 'UTF8'), octet_length(body) - 1) = ascii('}')
        THEN convert_from(substring(convert_to(body, 'UTF8') FOR octet_length(body) - 1), 'UTF8')
            || ',"sequence":"' || lpad(sequence::text, 10, '0') || '","recordedtime":"' || recordedtime || '"}'
        ELSE body
    END;

-- Answers the first and the last number each log gave, in byte order of the organisation, and no longer the bodies.
DROP FUNCTION log.append(text[], text[], integer[], text[], text[], timestamptz, text[], text[], integer[]);

-- Appends the entries, each organisation's in the order given.
-- A head's row lock is the ordering lock: it is held until commit, so numbers, times and commits have one order.
-- The streams named last are those the decision only read: the append is refused when one of them has grown beyond
-- the version read, so what was decided is as true in the log as it was when it was decided.
CREATE FUNCTION log.append(
    organisations text[], streams text[], versions integer[], types text[], bodies text[], at timestamptz,
    organisations_read text[] = '{}', streams_read text[] = '{}', versions_read integer[] = '{}'
) RETURNS TABLE (organisation text, first bigint, last bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    -- planning anew for the length of every array takes longer than the work; and a plan made while the log is
    -- small must not read the whole log when it has grown
    SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    codes text[] := organisations[1:1];
    code text;
    before bigint;
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
        RETURNING head.organisation, head.sequence - cardinality(array_positions(organisations, code)), head.sequence,
            log.written(head.recorded_at)
        INTO append.organisation, before, append.last, recordedtime;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'The log of % is not open.', code USING ERRCODE = 'LG001', DETAIL = code;
        END IF;
        INSERT INTO log.events (organisation, sequence, stream, version, type, body)
        SELECT code, before + given.nth, given.stream, given.version, given.type,
            log.stamped(given.body, before + given.nth, recordedtime)
        FROM (
            SELECT one.*, row_number() OVER (ORDER BY one.place) AS nth
            FROM unnest(organisations, streams, versions, types, bodies)
                WITH ORDINALITY AS one (organisation, stream, version, type, body, place)
            WHERE one.organisation = code
        ) AS given;
        first := before + 1;
        RETURN NEXT;
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

-- Appends one entry and answers its number: what most commands come to, without an array for each value.
CREATE FUNCTION log.append_one(
    organisation text, stream text, version integer, type text, body text, at timestamptz
) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    number bigint;
    recordedtime text;
BEGIN
    UPDATE log.heads AS head
    SET sequence = head.sequence + 1, recorded_at = greatest(head.recorded_at, append_one.at)
    WHERE head.organisation = append_one.organisation AND NOT head.closed
    RETURNING head.sequence, log.written(head.recorded_at) INTO number, recordedtime;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'The log of % is not open.', append_one.organisation
            USING ERRCODE = 'LG001', DETAIL = append_one.organisation;
    END IF;
    INSERT INTO log.events (organisation, sequence, stream, version, type, body)
    VALUES (
        append_one.organisation, number, append_one.stream, append_one.version, append_one.type,
        log.stamped(append_one.body, number, recordedtime)
    );
    IF append_one.type = 'LogClosed' THEN
        UPDATE log.heads AS head SET closed = true WHERE head.organisation = append_one.organisation;
    END IF;
    RETURN number;
END
$$;

-- Notes what a command was answered. The row is the command's idempotency key: a twin that comes first is waited for,
-- and LG003 says that it was answered already.
CREATE FUNCTION kit.note_answer(
    of_causation uuid, of_digest bytea, of_status smallint, of_location text, of_positions text[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO kit.idempotency AS row (causation, digest, status, location, positions)
    VALUES (of_causation, of_digest, of_status, of_location, of_positions)
    ON CONFLICT (causation) DO UPDATE
        SET digest = excluded.digest, status = excluded.status, location = excluded.location,
            positions = excluded.positions, kept_from = excluded.kept_from
        WHERE row.kept_from < excluded.kept_from - interval '30 days';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'This command was answered already.' USING ERRCODE = 'LG003';
    END IF;
END
$$;

-- Appends one entry, sealed under `key` if that is given, and notes the answer to command `causation` if that is given.
-- LG004: the key is not here any more.
CREATE FUNCTION kit.write_one(
    organisation text, stream text, version integer, type text, body text, at timestamptz,
    causation uuid, digest bytea, status smallint, location text, service text, key uuid
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    number bigint;
BEGIN
    IF key IS NOT NULL AND NOT keys.is_held(key) THEN
        RAISE EXCEPTION 'A key this was sealed under is not here any more.' USING ERRCODE = 'LG004';
    END IF;
    number := log.append_one(organisation, stream, version, type, body, at);
    IF causation IS NOT NULL THEN
        PERFORM kit.note_answer(
            causation, digest, status, location, ARRAY[service || '.' || organisation || '/' || number]
        );
    END IF;
    RETURN number;
END
$$;

-- The same for any number of entries, with the streams that were only read and the deadlines that the entries set;
-- answers what log.append() does.
CREATE FUNCTION kit.write(
    organisations text[], streams text[], versions integer[], types text[], bodies text[], at timestamptz,
    causation uuid, digest bytea, status smallint, location text, service text, sealed_under uuid[],
    organisations_read text[], streams_read text[], versions_read integer[],
    deadline_organisations text[], deadline_streams text[], purposes text[], due_moments timestamptz[],
    causes uuid[], correlations uuid[], traceparents text[]
) RETURNS TABLE (organisation text, first bigint, last bigint)
    LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    positions text[] := '{}';
BEGIN
    IF cardinality(sealed_under) > 0 AND NOT keys.are_held(sealed_under) THEN
        RAISE EXCEPTION 'A key this was sealed under is not here any more.' USING ERRCODE = 'LG004';
    END IF;
    FOR organisation, first, last IN
        SELECT * FROM log.append(
            organisations, streams, versions, types, bodies, at, organisations_read, streams_read, versions_read
        )
    LOOP
        positions := positions || ARRAY(
            SELECT service || '.' || organisation || '/' || number FROM generate_series(first, last) AS number
        );
        RETURN NEXT;
    END LOOP;
    IF cardinality(purposes) > 0 THEN
        INSERT INTO kit.deadlines (organisation, stream, purpose, due_at, cause, correlation, traceparent)
        SELECT * FROM unnest(
            deadline_organisations, deadline_streams, purposes, due_moments, causes, correlations, traceparents
        )
        -- the same cause's deadline again changes nothing
        ON CONFLICT DO NOTHING;
    END IF;
    IF causation IS NOT NULL THEN
        PERFORM kit.note_answer(causation, digest, status, location, positions);
    END IF;
END
$$;

DO $$
DECLARE
    service text := current_database() || '_service';
BEGIN
    EXECUTE format(
        'GRANT EXECUTE ON FUNCTION'
        ' log.append(text[], text[], integer[], text[], text[], timestamptz, text[], text[], integer[]),'
        ' log.append_one(text, text, integer, text, text, timestamptz),'
        ' kit.note_answer(uuid, bytea, smallint, text, text[]),'
        ' kit.write_one(text, text, integer, text, text, timestamptz, uuid, bytea, smallint, text, text, uuid),'
        ' kit.write(text[], text[], integer[], text[], text[], timestamptz, uuid, bytea, smallint, text,'
        ' text, uuid[], text[], text[], integer[], text[], text[], text[], timestamptz[], uuid[], uuid[], text[]) TO %I', service
    );
END $$;

DO $$ BEGIN EXECUTE format('SET LOCAL ROLE %I', current_database() || '_keys'); END $$;

-- Whether all of these keys are here and not destroyed.
CREATE FUNCTION keys.are_held(asked uuid[]) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    -- as for log.append(): no planning for every array, and no plan for a table that is small only at first
    SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
BEGIN
    RETURN (
        SELECT count(*) FROM keys.person_keys AS held WHERE held.key = ANY (asked) AND held.wrapped IS NOT NULL
    ) = cardinality(asked);
END
$$;

-- The same of one key.
CREATE FUNCTION keys.is_held(asked uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
BEGIN
    RETURN EXISTS (SELECT FROM keys.person_keys AS held WHERE held.key = asked AND held.wrapped IS NOT NULL);
END
$$;

DO $$ BEGIN
    EXECUTE format(
        'GRANT EXECUTE ON FUNCTION keys.are_held(uuid[]), keys.is_held(uuid) TO %I', current_database() || '_service'
    );
END $$;
