-- What the shell keeps beside the log; all of it can be derived from the log again.

CREATE TABLE kit.idempotency (
    -- UUIDv5 of organisation, actor, route and Idempotency-Key, which is also the causation of its events
    causation uuid PRIMARY KEY,
    digest bytea NOT NULL,
    status smallint,
    location text,
    positions text[] NOT NULL DEFAULT '{}',
    -- real time, whatever the Clock says: how long a key is good for is promised to the client
    kept_from timestamptz NOT NULL DEFAULT now()
)
-- as for the log: no plan is made for a table that is small only at first
WITH (autovacuum_analyze_threshold = 10000);
CREATE INDEX idempotency_by_age ON kit.idempotency (kept_from);

CREATE TABLE kit.deadlines (
    organisation text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    purpose text COLLATE "C" NOT NULL,
    due_at timestamptz NOT NULL,
    -- the event that set it, and what the events it leads to carry on from it
    cause uuid NOT NULL,
    correlation uuid NOT NULL,
    traceparent text NOT NULL,
    tries integer NOT NULL DEFAULT 0,
    -- real time, for the back-off after a failure
    next_try_at timestamptz NOT NULL DEFAULT '-infinity',
    -- the same event gives the same deadlines, however often they are derived from it
    CONSTRAINT one_deadline_per_cause PRIMARY KEY (cause, organisation, stream, purpose, due_at)
);
CREATE INDEX deadlines_by_due_at ON kit.deadlines (due_at, cause);

DO $$ BEGIN
    EXECUTE format(
        'GRANT SELECT, INSERT, UPDATE, DELETE ON kit.idempotency, kit.deadlines TO %I',
        current_database() || '_service'
    );
END $$;
