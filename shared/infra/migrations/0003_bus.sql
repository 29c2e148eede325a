-- What the bus keeps beside the log: how far each log is published, how far each consumer has read.

CREATE TABLE kit.published (
    organisation text COLLATE "C" PRIMARY KEY,
    -- the last number of the contiguous confirmed prefix, the offset it was acknowledged at, and the
    -- topic's end offset when last seen, which is compared only with its own past
    sequence bigint NOT NULL DEFAULT 0,
    last_offset bigint NOT NULL DEFAULT -1,
    end_offset bigint NOT NULL DEFAULT 0,
    -- what the active relay makes of the topic; other processes of the service read it here
    standing text NOT NULL DEFAULT 'publishing',
    CONSTRAINT standing_is_known CHECK (standing IN ('publishing', 'behind', 'two-writers'))
) WITH (fillfactor = 20);

CREATE TABLE kit.watermarks (
    consumer text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    organisation text COLLATE "C" NOT NULL,
    -- the last number whose effects are committed
    sequence bigint NOT NULL DEFAULT 0,
    -- for operators, raised with it
    duplicates bigint NOT NULL DEFAULT 0,
    repaired bigint NOT NULL DEFAULT 0,
    unknown bigint NOT NULL DEFAULT 0,
    conflicts bigint NOT NULL DEFAULT 0,
    CONSTRAINT one_watermark_per_log PRIMARY KEY (consumer, source, organisation)
) WITH (fillfactor = 20);

CREATE TABLE kit.parked (
    consumer text COLLATE "C" NOT NULL,
    -- where the consumer's watermarks are: two versions of a view park apart
    schema text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    organisation text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    body text COLLATE "C" NOT NULL,
    -- a sentence without personal data; events behind a parked one say so
    reason text NOT NULL,
    attempts integer NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT parked_once PRIMARY KEY (consumer, schema, source, organisation, sequence)
);
CREATE INDEX parked_by_stream ON kit.parked (consumer, schema, source, organisation, stream, sequence);

CREATE TABLE kit.foreign_records (
    topic text COLLATE "C" NOT NULL,
    hash bytea NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    key bytea,
    -- the raw bytes as they came; null for a record without a value
    value bytea,
    headers bytea NOT NULL,
    reason text NOT NULL,
    -- the first consumer that met it
    consumer text NOT NULL,
    seen integer NOT NULL DEFAULT 1,
    found_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT kept_once PRIMARY KEY (topic, hash)
);

-- Locks a consumer's watermark for one log until the transaction ends, making it at 0 if it is not there.
-- Read after the lock: the streams this consumer has parked, and the numbers it was told to discard.
CREATE FUNCTION kit.lock_watermark(
    schema text, consumer text, source text, organisation text,
    OUT sequence bigint, OUT parked text[], OUT discarded bigint[]
) LANGUAGE plpgsql AS $$
BEGIN
    LOOP
        EXECUTE format(
            'SELECT sequence FROM %I.watermarks'
            ' WHERE consumer = $1 AND source = $2 AND organisation = $3 FOR NO KEY UPDATE', schema
        ) INTO sequence USING consumer, source, organisation;
        EXIT WHEN sequence IS NOT NULL;
        EXECUTE format(
            'INSERT INTO %I.watermarks (consumer, source, organisation) VALUES ($1, $2, $3)'
            ' ON CONFLICT DO NOTHING', schema
        ) USING consumer, source, organisation;
    END LOOP;
    parked := ARRAY(
        SELECT DISTINCT row.stream FROM kit.parked AS row
        WHERE row.consumer = lock_watermark.consumer AND row.schema = lock_watermark.schema
            AND row.source = lock_watermark.source AND row.organisation = lock_watermark.organisation
    );
    discarded := ARRAY(
        SELECT split_part(event.body::jsonb #>> '{data,position}', '/', 2)::bigint
        FROM log.events AS event
        WHERE event.organisation = lock_watermark.organisation AND event.type = 'EventDiscarded'
            AND event.body::jsonb #>> '{data,consumer}' = lock_watermark.consumer
            AND split_part(event.body::jsonb #>> '{data,position}', '/', 1)
                = lock_watermark.source || '.' || lock_watermark.organisation
    );
END
$$;

-- All watermarks that lie in a schema.
CREATE FUNCTION kit.watermarks_of(schema text) RETURNS SETOF kit.watermarks LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT * FROM %I.watermarks', schema);
END
$$;

-- Raises a watermark, never lowers it, and adds to its counts.
CREATE FUNCTION kit.raise_watermark(
    schema text, consumer text, source text, organisation text, sequence bigint,
    duplicates bigint, repaired bigint, unknown bigint, conflicts bigint
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'UPDATE %I.watermarks SET sequence = greatest(sequence, $4), duplicates = duplicates + $5,'
        ' repaired = repaired + $6, unknown = unknown + $7, conflicts = conflicts + $8'
        ' WHERE consumer = $1 AND source = $2 AND organisation = $3', schema
    ) USING consumer, source, organisation, sequence, duplicates, repaired, unknown, conflicts;
END
$$;

-- discards are few and are looked for beside every transaction of a consumer
CREATE INDEX discarded_events ON log.events (organisation) WHERE type = 'EventDiscarded';

DO $$ BEGIN
    EXECUTE format(
        'GRANT SELECT, INSERT, UPDATE, DELETE ON kit.published, kit.watermarks, kit.parked,'
        ' kit.foreign_records TO %I',
        current_database() || '_service'
    );
    EXECUTE format(
        'GRANT EXECUTE ON FUNCTION kit.lock_watermark(text, text, text, text), kit.watermarks_of(text),'
        ' kit.raise_watermark(text, text, text, text, bigint, bigint, bigint, bigint, bigint) TO %I',
        current_database() || '_service'
    );
END $$;
