-- What the paying organisation owes, pays and is asked not to pay: payments' log only.

-- One row per event that moves money, in the columns of the books: what is due is declined, reversed, in a run
-- or waiting; what runs hold is settled, returned or in flight. Whole pence.
CREATE TABLE posting (
    organisation text NOT NULL,
    sequence bigint NOT NULL,
    posted_on date NOT NULL,
    payment uuid,
    run uuid,
    due bigint NOT NULL DEFAULT 0,
    declined bigint NOT NULL DEFAULT 0,
    reversed bigint NOT NULL DEFAULT 0,
    in_run bigint NOT NULL DEFAULT 0,
    waiting bigint NOT NULL DEFAULT 0,
    run_total bigint NOT NULL DEFAULT 0,
    settled bigint NOT NULL DEFAULT 0,
    returned bigint NOT NULL DEFAULT 0,
    in_flight bigint NOT NULL DEFAULT 0,
    reissued bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation, sequence)
);
CREATE INDEX posting_by_payment ON posting (payment, sequence);

-- how much was approved of a payment in all, each time a second person said so
CREATE TABLE approval (
    payment uuid NOT NULL,
    sequence bigint NOT NULL,
    organisation text NOT NULL,
    approved bigint NOT NULL,
    posted_on date NOT NULL,
    PRIMARY KEY (payment, sequence)
);

CREATE TABLE payment (
    payment uuid PRIMARY KEY,
    organisation text NOT NULL,
    person uuid NOT NULL,
    partner uuid,
    earned_at text,
    session text,
    earned_on date,
    standing text,
    explanation jsonb,
    reason text,
    sequence bigint
);
CREATE INDEX payment_by_organisation ON payment (organisation, earned_on);

-- why it is worth what it is worth since it was corrected
CREATE TABLE correction (
    payment uuid NOT NULL,
    sequence bigint NOT NULL,
    organisation text NOT NULL,
    explanation jsonb NOT NULL,
    posted_on date NOT NULL,
    PRIMARY KEY (payment, sequence)
);

-- what of a payment went into a run, and what became of it: the last row of a run holds
CREATE TABLE part (
    payment uuid NOT NULL,
    run uuid NOT NULL,
    sequence bigint NOT NULL,
    organisation text NOT NULL,
    amount bigint NOT NULL,
    stage text NOT NULL,
    posted_on date NOT NULL,
    PRIMARY KEY (payment, run, sequence)
);

CREATE TABLE payee (
    organisation text NOT NULL,
    person uuid NOT NULL,
    name jsonb,
    name_sequence bigint,
    details text,
    details_sequence bigint,
    PRIMARY KEY (organisation, person)
);

CREATE TABLE run (
    run uuid PRIMARY KEY,
    organisation text NOT NULL,
    pay_on date,
    line_count integer,
    total bigint,
    left_out integer,
    frozen_at timestamptz,
    approved_at timestamptz,
    withdrawn_at timestamptz,
    file_name text,
    file_sha256 text,
    file_sequence bigint,
    sent_at timestamptz
);
CREATE INDEX run_by_organisation ON run (organisation);
