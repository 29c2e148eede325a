-- Meetings, who is asked to them and who was there: engagement's log only.

CREATE TABLE meeting (
    meeting uuid PRIMARY KEY,
    organisation text NOT NULL,
    committee uuid,
    title text,
    "on" date,
    starts_at timestamptz,
    ends_at timestamptz,
    time_zone text,
    format text,
    venue text,
    carries_payment boolean,
    scheduled_sequence bigint,
    held_from timestamptz,
    held_to timestamptz,
    cancelled_at timestamptz,
    cancelled_because text
);
CREATE INDEX meeting_by_day ON meeting (organisation, "on");

CREATE TABLE invitation (
    meeting uuid NOT NULL,
    partner uuid NOT NULL,
    organisation text NOT NULL,
    person uuid NOT NULL,
    answer text,
    answer_sequence bigint,
    minutes integer,
    minutes_sequence bigint,
    PRIMARY KEY (meeting, partner)
);

CREATE TABLE partner (
    partner uuid PRIMARY KEY,
    organisation text NOT NULL,
    name jsonb,
    sequence bigint NOT NULL
);
