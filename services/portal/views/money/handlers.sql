-- name: posting
-- What each event adds to the books.
-- on: PaymentDue PaymentCorrected PaymentDeclined PaymentReduced PaymentRejected
-- on: PaymentPutInRun PaymentTakenFromRun PaymentReissued
-- on: PaymentRunFrozen PaymentRunWithdrawn RunLineSettled RunLineReturned RunLineReissued
INSERT INTO posting (
    organisation, sequence, posted_on, payment, run, due, declined, reversed, in_run, waiting, run_total, settled,
    returned, in_flight, reissued
)
SELECT organisation, sequence, (happened_at AT TIME ZONE 'Europe/London')::date, payment, run, booked.*
FROM kit.events($1), jsonb_to_record(data) AS fact (
    payment uuid, run uuid, amount_pence bigint, declined_pence bigint, difference_pence bigint,
    declined_difference_pence bigint, total_pence bigint, was_settled boolean
), LATERAL (
    SELECT coalesce(sum(due), 0), coalesce(sum(declined), 0), coalesce(sum(reversed), 0), coalesce(sum(in_run), 0),
        coalesce(sum(waiting), 0), coalesce(sum(run_total), 0), coalesce(sum(settled), 0), coalesce(sum(returned), 0),
        coalesce(sum(in_flight), 0), coalesce(sum(reissued), 0)
    FROM (VALUES
        ('PaymentDue', amount_pence, 0, 0, 0, amount_pence, 0, 0, 0, 0, 0),
        ('PaymentCorrected', greatest(difference_pence, 0), declined_difference_pence, greatest(-difference_pence, 0),
            0, difference_pence - declined_difference_pence, 0, 0, 0, 0, 0),
        ('PaymentDeclined', 0, declined_pence, 0, 0, -declined_pence, 0, 0, 0, 0, 0),
        ('PaymentReduced', 0, declined_pence, 0, 0, -declined_pence, 0, 0, 0, 0, 0),
        ('PaymentRejected', 0, 0, amount_pence, 0, -amount_pence, 0, 0, 0, 0, 0),
        ('PaymentPutInRun', 0, 0, 0, amount_pence, -amount_pence, 0, 0, 0, 0, 0),
        ('PaymentTakenFromRun', 0, 0, 0, -amount_pence, amount_pence, 0, 0, 0, 0, 0),
        ('PaymentReissued', 0, 0, 0, -amount_pence, amount_pence, 0, 0, 0, 0, 0),
        ('PaymentRunFrozen', 0, 0, 0, 0, 0, total_pence, 0, 0, total_pence, 0),
        ('PaymentRunWithdrawn', 0, 0, 0, 0, 0, -total_pence, 0, 0, -total_pence, 0),
        ('RunLineSettled', 0, 0, 0, 0, 0, 0, amount_pence, 0, -amount_pence, 0),
        ('RunLineReturned', 0, 0, 0, 0, 0, 0, CASE WHEN was_settled THEN -amount_pence ELSE 0 END, amount_pence,
            CASE WHEN was_settled THEN 0 ELSE -amount_pence END, 0),
        ('RunLineReissued', 0, 0, 0, 0, 0, 0, 0, 0, 0, amount_pence)
    ) AS book (of, due, declined, reversed, in_run, waiting, run_total, settled, returned, in_flight, reissued)
    WHERE book.of = type
) AS booked
ON CONFLICT (organisation, sequence) DO NOTHING;

-- name: payment
-- A payment: what it is for, and whether it is due.
-- on: PaymentDue PaymentNotDue PaymentUndetermined
INSERT INTO payment AS kept (
    payment, organisation, person, partner, earned_at, session, earned_on, standing, explanation, reason, sequence
)
SELECT DISTINCT ON (payment) payment, organisation, person, partner, earned_at, session, "on",
    CASE type WHEN 'PaymentDue' THEN 'due' WHEN 'PaymentNotDue' THEN 'not-due' ELSE 'undetermined' END,
    explanation, reason, sequence
FROM kit.events($1), jsonb_to_record(data) AS fact (
    payment uuid, person uuid, partner uuid, earned_at text, session text, "on" date, explanation jsonb, reason text
)
ORDER BY payment, sequence DESC
ON CONFLICT (payment) DO UPDATE SET
    partner = excluded.partner, earned_at = excluded.earned_at, session = excluded.session,
    earned_on = excluded.earned_on, standing = excluded.standing, explanation = excluded.explanation,
    reason = excluded.reason, sequence = excluded.sequence
WHERE kept.sequence < excluded.sequence;

-- name: correction
-- Why a corrected payment is worth what it is worth.
-- on: PaymentCorrected
INSERT INTO correction (payment, sequence, organisation, explanation, posted_on)
SELECT payment, sequence, organisation, explanation, (happened_at AT TIME ZONE 'Europe/London')::date
FROM kit.events($1), jsonb_to_record(data) AS fact (payment uuid, explanation jsonb)
ON CONFLICT (payment, sequence) DO NOTHING;

-- name: approval
-- How much of a payment a second person has approved in all.
-- on: PaymentApproved
INSERT INTO approval (payment, sequence, organisation, approved, posted_on)
SELECT payment, sequence, organisation, approved_pence, (happened_at AT TIME ZONE 'Europe/London')::date
FROM kit.events($1), jsonb_to_record(data) AS fact (payment uuid, approved_pence bigint)
ON CONFLICT (payment, sequence) DO NOTHING;

-- name: part
-- What of a payment is in which run, and what became of it.
-- on: PaymentPutInRun PaymentTakenFromRun PaymentReissued PaymentSettled PaymentReturned
INSERT INTO part (payment, run, sequence, organisation, amount, stage, posted_on)
SELECT payment, run, sequence, organisation, amount_pence,
    CASE type
        WHEN 'PaymentPutInRun' THEN 'in-run'
        WHEN 'PaymentSettled' THEN 'settled'
        WHEN 'PaymentReturned' THEN 'returned'
        ELSE 'taken-out'
    END,
    (happened_at AT TIME ZONE 'Europe/London')::date
FROM kit.events($1), jsonb_to_record(data) AS fact (payment uuid, run uuid, amount_pence bigint)
ON CONFLICT (payment, run, sequence) DO NOTHING;

-- name: run_frozen
-- What a payment run holds.
-- on: PaymentRunFrozen
INSERT INTO run (run, organisation, pay_on, line_count, total, left_out, frozen_at)
SELECT DISTINCT ON (run)
    run, organisation, pay_on, line_count, total_pence, jsonb_array_length(left_out), happened_at
FROM kit.events($1), jsonb_to_record(data) AS fact (
    run uuid, pay_on date, line_count integer, total_pence bigint, left_out jsonb
)
ORDER BY run, sequence DESC
ON CONFLICT (run) DO UPDATE SET
    pay_on = excluded.pay_on, line_count = excluded.line_count, total = excluded.total,
    left_out = excluded.left_out, frozen_at = excluded.frozen_at;

-- name: run_steps
-- When a run came how far; each of these happens once.
-- on: PaymentRunApproved PaymentRunWithdrawn PaymentRunSent
INSERT INTO run AS kept (run, organisation, approved_at, withdrawn_at, sent_at)
SELECT run, organisation,
    max(happened_at) FILTER (WHERE type = 'PaymentRunApproved'),
    max(happened_at) FILTER (WHERE type = 'PaymentRunWithdrawn'),
    max(sent_at) FILTER (WHERE type = 'PaymentRunSent')
FROM kit.events($1), jsonb_to_record(data) AS fact (run uuid, sent_at timestamptz)
GROUP BY run, organisation
ON CONFLICT (run) DO UPDATE SET
    approved_at = greatest(excluded.approved_at, kept.approved_at),
    withdrawn_at = greatest(excluded.withdrawn_at, kept.withdrawn_at),
    sent_at = greatest(excluded.sent_at, kept.sent_at);

-- name: run_file
-- The file for the bank, the last one produced.
-- on: PaymentFileProduced
INSERT INTO run AS kept (run, organisation, file_name, file_sha256, file_sequence)
SELECT DISTINCT ON (run) run, organisation, file_name, sha256, sequence
FROM kit.events($1), jsonb_to_record(data) AS fact (run uuid, file_name text, sha256 text)
ORDER BY run, sequence DESC
ON CONFLICT (run) DO UPDATE SET
    file_name = excluded.file_name, file_sha256 = excluded.file_sha256, file_sequence = excluded.file_sequence
WHERE kept.file_sequence IS NULL OR kept.file_sequence < excluded.file_sequence;

-- name: payee
-- Whom the organisation pays: the newest name that is given.
-- on: PayeeRegistered PayeeParticularsChanged
INSERT INTO payee AS kept (organisation, person, name, name_sequence)
SELECT DISTINCT ON (organisation, person) organisation, person, name, sequence
FROM kit.events($1), jsonb_to_record(data) AS fact (person uuid, name jsonb)
WHERE name IS NOT NULL
ORDER BY organisation, person, sequence DESC
ON CONFLICT (organisation, person) DO UPDATE SET name = excluded.name, name_sequence = excluded.name_sequence
WHERE kept.name_sequence IS NULL OR kept.name_sequence < excluded.name_sequence;

-- name: payee_details
-- Whether there are bank details to pay to.
-- on: PayeeDetailsGiven PayeeDetailsVerified PayeeDetailsDoubted
INSERT INTO payee AS kept (organisation, person, details, details_sequence)
SELECT DISTINCT ON (organisation, person)
    organisation, person, lower(replace(type, 'PayeeDetails', '')), sequence
FROM kit.events($1), jsonb_to_record(data) AS fact (person uuid)
ORDER BY organisation, person, sequence DESC
ON CONFLICT (organisation, person) DO UPDATE SET
    details = excluded.details, details_sequence = excluded.details_sequence
WHERE kept.details_sequence IS NULL OR kept.details_sequence < excluded.details_sequence;
