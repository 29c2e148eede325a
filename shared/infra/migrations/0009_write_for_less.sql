-- What was decided is checked, stamped and noted for less; nothing it must be has changed.

-- Octets are looked at, which is quicker than characters: a brace is one octet, and no other character of UTF-8 has an
-- octet like it. STABLE, as convert_to is: the server writes a function into the statement that calls it only when its
-- volatility is not less than that of what it calls.
CREATE FUNCTION log.ends_with_brace(body text) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN body <> '' AND get_byte(convert_to(body, 'UTF8'), octet_length(body) - 1) = ascii('}');

CREATE OR REPLACE FUNCTION log.refuse_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rule text;
BEGIN
    -- the stamp is joined to the writer's text, whose last brace it replaces: if the whole is one object
    -- with unique names, the writer's text was one too, not empty, and had no such members of its own
    IF NEW.version >= 1 AND (NEW.sequence = 1) = (NEW.type = 'LogOpened') AND octet_length(NEW.body) <= 262144
        AND log.ends_with_brace(NEW.body) AND starts_with(NEW.body, '{')
        AND strpos(NEW.body, E'\n') = 0 AND strpos(NEW.body, E'\r') = 0
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

-- The one CHECK left on heads was read anew for every statement too: its rule moves into the trigger, under its name.
CREATE OR REPLACE FUNCTION log.refuse_fall() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.sequence BETWEEN OLD.sequence AND 9999999999 AND NEW.recorded_at >= OLD.recorded_at AND NOT OLD.closed
        AND NEW.organisation = OLD.organisation
    THEN
        RETURN NEW;
    END IF;
    -- the stamp has ten digits
    IF NEW.sequence > 9999999999 THEN
        RAISE EXCEPTION 'The log of % is full.', NEW.organisation
            USING ERRCODE = 'check_violation', SCHEMA = 'log', TABLE = 'heads', CONSTRAINT = 'the_log_has_room';
    END IF;
    RAISE EXCEPTION 'What a log holds is never changed: % on %.% is refused.', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;
ALTER TABLE log.heads DROP CONSTRAINT the_log_has_room;
CREATE TRIGGER heads_begin_in_range BEFORE INSERT ON log.heads
    FOR EACH ROW WHEN (NEW.sequence NOT BETWEEN 1 AND 9999999999) EXECUTE FUNCTION log.refuse_change();
ALTER TABLE log.heads ENABLE ALWAYS TRIGGER heads_begin_in_range;

-- The stamp takes the place of the last brace. A text that ends otherwise is no object on one line and stays as it is,
-- for the table to refuse: what its last character was would be lost. The stamp is made first, by itself: each joining
-- copies the whole body.
CREATE OR REPLACE FUNCTION log.stamped(body text, sequence bigint, recordedtime text) RETURNS text
    LANGUAGE sql STABLE
    RETURN CASE WHEN log.ends_with_brace(body)
        THEN convert_from(substring(convert_to(body, 'UTF8') FOR octet_length(body) - 1), 'UTF8')
            || (',"sequence":"' || lpad(sequence::text, 10, '0') || '","recordedtime":"' || recordedtime || '"}')
        ELSE body
    END;

-- Notes what a command was answered. The row is the command's idempotency key: a twin that comes first is waited for, and
-- then one_answer_per_command refuses the second. So it refuses a key older than 30 days that is still there, which
-- the command that meets it lets go of.
ALTER TABLE kit.idempotency RENAME CONSTRAINT idempotency_pkey TO one_answer_per_command;
CREATE OR REPLACE FUNCTION kit.note_answer(
    of_causation uuid, of_digest bytea, of_status smallint, of_location text, of_positions text[]
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO kit.idempotency (causation, digest, status, location, positions)
    VALUES (of_causation, of_digest, of_status, of_location, of_positions);
END
$$;
