-- name: bodies
-- The bodies of these streams of an organisation's log, each stream's in order.
-- $1 organisation, $2 streams
SELECT body FROM log.events WHERE organisation = $1 AND stream = ANY ($2) ORDER BY stream, version;

-- name: forget
-- Takes payments off the list.
-- $1 organisation, $2 payments
DELETE FROM payments.open_payments WHERE organisation = $1 AND payment = ANY ($2);

-- name: keep
-- Puts payments on the list, or keeps what they are now.
-- $1 organisation, $2 payments, $3 payees, $4 persons, $5 days, $6 wanted, $7 unapproved, $8 payable
INSERT INTO payments.open_payments (
    organisation, payment, payee, person, worked_on, wanted_pence, unapproved_pence, payable_pence
)
SELECT $1, *
FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::date[], $6::bigint[], $7::bigint[], $8::bigint[])
ON CONFLICT (organisation, payment) DO UPDATE SET
    wanted_pence = excluded.wanted_pence,
    unapproved_pence = excluded.unapproved_pence,
    payable_pence = excluded.payable_pence;

-- name: keep_payees
-- Puts payees on their list, or keeps what they are now.
-- $1 organisation, $2 payees, $3 persons, $4 numbers of their last details, $5 how these stand
INSERT INTO payments.payees (organisation, payee, person, number, details)
SELECT $1, * FROM unnest($2::uuid[], $3::uuid[], $4::integer[], $5::text[])
ON CONFLICT (organisation, payee) DO UPDATE SET
    number = excluded.number, details = excluded.details;

-- name: payees
-- The payees on the list after one of them.
-- $1 organisation, $2 payee, $3 limit
SELECT payee, person, number, details FROM payments.payees
WHERE organisation = $1 AND payee > $2::uuid
ORDER BY payee LIMIT $3;

-- name: post
-- Adds to an organisation's books and notes the last event that is in them.
-- $1 organisation, $2 sequence, $3 due, $4 declined, $5 reversed, $6 in_run, $7 waiting, $8 approved,
-- $9 run, $10 settled, $11 returned, $12 in_flight, $13 reissued
INSERT INTO payments.books AS books (
    organisation, sequence, due, declined, reversed, in_run, waiting, approved,
    run, settled, returned, in_flight, reissued
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (organisation) DO UPDATE SET
    sequence = excluded.sequence,
    due = books.due + excluded.due,
    declined = books.declined + excluded.declined,
    reversed = books.reversed + excluded.reversed,
    in_run = books.in_run + excluded.in_run,
    waiting = books.waiting + excluded.waiting,
    approved = books.approved + excluded.approved,
    run = books.run + excluded.run,
    settled = books.settled + excluded.settled,
    returned = books.returned + excluded.returned,
    in_flight = books.in_flight + excluded.in_flight,
    reissued = books.reissued + excluded.reissued;

-- name: books
-- An organisation's books and the last event in them.
-- $1 organisation
SELECT sequence, due, declined, reversed, in_run, waiting, approved,
    run, settled, returned, in_flight, reissued
FROM payments.books WHERE organisation = $1;

-- name: open_payments
-- The payments on the list after one of them, oldest work first.
-- $1 organisation, $2 day, $3 payment, $4 limit
SELECT payment, payee, person, worked_on, wanted_pence, unapproved_pence, payable_pence
FROM payments.open_payments
WHERE organisation = $1 AND (worked_on, payment) > ($2::date, $3::uuid)
ORDER BY worked_on, payment
LIMIT $4;

-- name: payable
-- The streams of payments that may have something to pay: by the list, or changed since it was made.
-- $1 organisation
SELECT 'payment/' || payment AS stream
FROM payments.open_payments WHERE organisation = $1 AND payable_pence <> 0
UNION
SELECT stream FROM log.events
WHERE organisation = $1 AND starts_with(stream, 'payment/')
    AND sequence > coalesce((SELECT sequence FROM payments.books WHERE organisation = $1), 0);
