-- Who was appointed here (recruitment's log), and the partners with their terms, onboarding and
-- training (engagement's). What holds over time is kept by the day it begins.

CREATE TABLE appointment (
    appointment uuid PRIMARY KEY,
    organisation text NOT NULL,
    person uuid NOT NULL,
    name jsonb,
    payer text,
    role_family text,
    lead_contact uuid,
    term_starts_on date,
    term_ends_on date,
    appointed_at timestamptz NOT NULL
);
CREATE INDEX appointment_by_organisation ON appointment (organisation);

CREATE TABLE partner (
    partner uuid PRIMARY KEY,
    organisation text NOT NULL,
    person uuid NOT NULL,
    name jsonb,
    payer text,
    role_family text,
    contact_channel text,
    details_sequence bigint,
    lead_contact uuid,
    lead_contact_sequence bigint,
    items text[],
    policy_version integer,
    items_sequence bigint
);
CREATE INDEX partner_by_organisation ON partner (organisation);

-- every appointment of a partner: reappointment adds one
CREATE TABLE partner_appointment (
    appointment uuid PRIMARY KEY,
    organisation text NOT NULL,
    partner uuid NOT NULL
);

CREATE TABLE partner_status (
    partner uuid NOT NULL,
    sequence bigint NOT NULL,
    organisation text NOT NULL,
    status text NOT NULL,
    valid_from date NOT NULL,
    PRIMARY KEY (partner, sequence)
);

CREATE TABLE term (
    term uuid PRIMARY KEY,
    organisation text NOT NULL,
    partner uuid NOT NULL,
    starts_on date,
    ends_on date,
    ends_sequence bigint,
    ended_on date,
    cause text
);
CREATE INDEX term_by_partner ON term (partner);

CREATE TABLE training (
    partner uuid NOT NULL,
    course text NOT NULL,
    completed_on date NOT NULL,
    organisation text NOT NULL,
    expires_on date,
    sequence bigint NOT NULL,
    PRIMARY KEY (partner, course, completed_on)
);

-- items done or waived, each with the day from which it counts
CREATE TABLE settled (
    partner uuid NOT NULL,
    item text NOT NULL,
    settled_on date NOT NULL,
    organisation text NOT NULL,
    waived boolean NOT NULL,
    PRIMARY KEY (partner, item, settled_on, waived)
);
