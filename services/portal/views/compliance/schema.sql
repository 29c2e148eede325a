-- Committees, who sits on them from which day to which, and the courses they hold: engagement's log only.

CREATE TABLE committee (
    committee uuid PRIMARY KEY,
    organisation text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    safety_related boolean NOT NULL,
    places integer NOT NULL,
    minimum_partners integer NOT NULL,
    lead_contact uuid,
    constituted_on date NOT NULL,
    sequence bigint NOT NULL
);
CREATE INDEX committee_by_organisation ON committee (organisation);

CREATE TABLE committee_course (
    committee uuid NOT NULL,
    course text NOT NULL,
    organisation text NOT NULL,
    required_by date NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (committee, course)
);

-- valid_to is the first day the seat is empty again
CREATE TABLE seat (
    seat uuid PRIMARY KEY,
    organisation text NOT NULL,
    committee uuid NOT NULL,
    partner uuid NOT NULL,
    person uuid NOT NULL,
    valid_from date,
    valid_to date
);
CREATE INDEX seat_by_committee ON seat (committee);

CREATE TABLE training (
    partner uuid NOT NULL,
    course text NOT NULL,
    completed_on date NOT NULL,
    organisation text NOT NULL,
    expires_on date,
    sequence bigint NOT NULL,
    PRIMARY KEY (partner, course, completed_on)
);

CREATE TABLE partner (
    partner uuid PRIMARY KEY,
    organisation text NOT NULL,
    name jsonb,
    sequence bigint NOT NULL
);
