-- Campaigns and applications, in the log of the organisation that leads the campaign.
-- A row may be begun by any event; what only one event can say stands without a sequence.

CREATE TABLE campaign (
    campaign uuid PRIMARY KEY,
    organisation text NOT NULL,
    title text,
    role_family text,
    hosts text[],
    places integer,
    opens_at timestamptz,
    closes_at timestamptz,
    drafted_title text,
    drafted_at timestamptz,
    published_at timestamptz,
    opened_at timestamptz,
    closed_at timestamptz,
    completed_at timestamptz,
    cancelled_at timestamptz
);
CREATE INDEX campaign_by_organisation ON campaign (organisation);

CREATE TABLE application (
    application uuid PRIMARY KEY,
    organisation text NOT NULL,
    campaign uuid NOT NULL,
    person uuid NOT NULL,
    name jsonb,
    channel text,
    received_at timestamptz,
    late boolean,
    admitted_at timestamptz,
    withdrawn_at timestamptz,
    shortlisted boolean,
    shortlisted_at timestamptz,
    shortlisted_sequence bigint,
    interview_at timestamptz,
    interview_sequence bigint,
    interviewed_at timestamptz,
    decision integer,
    successful boolean,
    reserve_until date,
    decided_at timestamptz,
    decision_sequence bigint,
    told_decision integer,
    told_at timestamptz,
    told_sequence bigint,
    clearance_at timestamptz,
    references_needed integer,
    checks_needed text[],
    clearance_sequence bigint,
    offer text,
    offer_at timestamptz,
    offer_sequence bigint,
    host text,
    appointed_at timestamptz
);
CREATE INDEX application_by_campaign ON application (organisation, campaign);

CREATE TABLE reference (
    reference uuid PRIMARY KEY,
    organisation text NOT NULL,
    application uuid NOT NULL,
    requested_at timestamptz,
    received_at timestamptz,
    satisfactory boolean,
    judged_sequence bigint
);
CREATE INDEX reference_by_application ON reference (application);

CREATE TABLE decided_check (
    application uuid NOT NULL,
    "check" text NOT NULL,
    organisation text NOT NULL,
    outcome text NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (application, "check")
);
