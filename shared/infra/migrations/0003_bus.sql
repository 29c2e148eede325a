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

-- discards are few and are looked for beside every transaction of a consumer
CREATE INDEX discarded_events ON log.events (organisation) WHERE type = 'EventDiscarded';

DO $$ BEGIN
    EXECUTE format(
        'GRANT SELECT, INSERT, UPDATE, DELETE ON kit.published, kit.watermarks, kit.parked,'
        ' kit.foreign_records TO %I',
        current_database() || '_service'
    );
END $$;
