-- What a log brought back after a loss needs beside it.

-- the command's body is not in the log: a key derived from its events has no digest and no location
ALTER TABLE kit.idempotency ALTER COLUMN digest DROP NOT NULL;

-- Events of a source whose effects stand in the recovered log already, beyond a reaction's restored watermark.
CREATE TABLE kit.done_before (
    consumer text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    organisation text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT done_once PRIMARY KEY (consumer, source, organisation, sequence)
);

-- As before, and what was done before is passed by like what is to be discarded.
CREATE OR REPLACE FUNCTION kit.lock_watermark(
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
        UNION ALL
        SELECT row.sequence FROM kit.done_before AS row
        WHERE row.consumer = lock_watermark.consumer AND row.source = lock_watermark.source
            AND row.organisation = lock_watermark.organisation AND row.sequence > lock_watermark.sequence
    );
END
$$;

DO $$ BEGIN
    EXECUTE format('GRANT SELECT ON kit.done_before TO %I', current_database() || '_service');
END $$;
