-- What finance works through, folded from the payments log: it can be made again from there.

-- Payments with something to approve, or to put into a run.
CREATE TABLE payments.open_payments (
    organisation text COLLATE "C" NOT NULL,
    payment uuid NOT NULL,
    payee uuid NOT NULL,
    person uuid NOT NULL,
    worked_on date NOT NULL,
    wanted_pence bigint NOT NULL,
    unapproved_pence bigint NOT NULL,
    payable_pence bigint NOT NULL,
    CONSTRAINT one_row_per_payment PRIMARY KEY (organisation, payment)
);

-- Everybody the organisation pays, and whether they can be paid.
CREATE TABLE payments.payees (
    organisation text COLLATE "C" NOT NULL,
    payee uuid NOT NULL,
    person uuid NOT NULL,
    number integer NOT NULL,
    details text NOT NULL,
    CONSTRAINT one_row_per_payee PRIMARY KEY (organisation, payee)
);

-- The books of each organisation, in pence; `sequence` is the last event in them.
CREATE TABLE payments.books (
    organisation text COLLATE "C" PRIMARY KEY,
    sequence bigint NOT NULL,
    due bigint NOT NULL,
    declined bigint NOT NULL,
    reversed bigint NOT NULL,
    in_run bigint NOT NULL,
    waiting bigint NOT NULL,
    approved bigint NOT NULL,
    run bigint NOT NULL,
    settled bigint NOT NULL,
    returned bigint NOT NULL,
    in_flight bigint NOT NULL,
    reissued bigint NOT NULL
) WITH (fillfactor = 50);

DO $$ BEGIN
    EXECUTE format(
        'GRANT SELECT, INSERT, UPDATE, DELETE'
        ' ON payments.open_payments, payments.payees, payments.books TO %I',
        current_database() || '_service'
    );
END $$;
