-- name: posting
-- What each event adds to the books, column by column.
-- on: PaymentDue PaymentCorrected PaymentDeclined PaymentReduced PaymentRejected
-- on: PaymentPutInRun PaymentTakenFromRun PaymentReissued
-- on: PaymentRunFrozen PaymentRunWithdrawn RunLineSettled RunLineReturned RunLineReissued
INSERT INTO posting (
    organisation, sequence, posted_on, payment, run, due, declined, reversed, in_run, waiting, run_total, settled,
    returned, in_flight, reissued
)
SELECT organisation, sequence, (happened_at AT TIME ZONE 'Europe/London')::date, payment, run,
    CASE type -- due
        WHEN 'PaymentDue' THEN amount_pence
        WHEN 'PaymentCorrected' THEN greatest(difference_pence, 0)
        ELSE 0
    END,
    CASE -- declined
        WHEN type = 'PaymentCorrected' THEN declined_difference_pence
        WHEN type IN ('PaymentDeclined', 'PaymentReduced') THEN declined_pence
        ELSE 0
    END,
    CASE type -- reversed
        WHEN 'PaymentCorrected' THEN greatest(-difference_pence, 0)
        WHEN 'PaymentRejected' THEN amount_pence
        ELSE 0
    END,
    CASE -- in a run
        WHEN type = 'PaymentPutInRun' THEN amount_pence
        WHEN type IN ('PaymentTakenFromRun', 'PaymentReissued') THEN -amount_pence
        ELSE 0
    END,
    CASE -- waiting
        WHEN type IN ('PaymentDue', 'PaymentTakenFromRun', 'PaymentReissued') THEN amount_pence
        WHEN type IN ('PaymentRejected', 'PaymentPutInRun') THEN -amount_pence
        WHEN type = 'PaymentCorrected' THEN difference_pence - declined_difference_pence
        WHEN type IN ('PaymentDeclined', 'PaymentReduced') THEN -declined_pence
        ELSE 0
    END,
    CASE type WHEN 'PaymentRunFrozen' THEN total_pence WHEN 'PaymentRunWithdrawn' THEN -total_pence ELSE 0 END,
    CASE -- settled
        WHEN type = 'RunLineSettled' THEN amount_pence
        WHEN type = 'RunLineReturned' AND was_settled THEN -amount_pence
        ELSE 0
    END,
    CASE type WHEN 'RunLineReturned' THEN amount_pence ELSE 0 END,
    CASE -- in flight
        WHEN type = 'PaymentRunFrozen' THEN total_pence
        WHEN type = 'PaymentRunWithdrawn' THEN -total_pence
        WHEN type = 'RunLineSettled' OR (type = 'RunLineReturned' AND NOT was_settled) THEN -amount_pence
        ELSE 0
    END,
    CASE type WHEN 'RunLineReissued' THEN amount_pence ELSE 0 END
FROM kit.events($1), jsonb_to_record(data) AS fact (
    payment uuid, run uuid, amount_pence bigint, declined_pence bigint, difference_pence bigint,
    declined_difference_pence bigint, total_pence bigint, was_settled boolean
)
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
