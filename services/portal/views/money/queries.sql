-- name: totals
-- One row: the books of one organisation at the end of a day, in pence, and by how much each sentence of the
-- reconciliation is out (0 when the books balance).
-- $1 organisation, $2 the day
WITH books AS (
    SELECT coalesce(sum(due), 0)::bigint AS due, coalesce(sum(declined), 0)::bigint AS declined,
        coalesce(sum(reversed), 0)::bigint AS reversed, coalesce(sum(in_run), 0)::bigint AS in_run,
        coalesce(sum(waiting), 0)::bigint AS waiting, coalesce(sum(run_total), 0)::bigint AS run_total,
        coalesce(sum(settled), 0)::bigint AS settled, coalesce(sum(returned), 0)::bigint AS returned,
        coalesce(sum(in_flight), 0)::bigint AS in_flight, coalesce(sum(reissued), 0)::bigint AS reissued
    FROM posting WHERE organisation = $1 AND posted_on <= $2
)
SELECT due AS due_pence, declined AS declined_pence, reversed AS reversed_pence, in_run AS in_run_pence,
    waiting AS waiting_pence, run_total AS run_pence, settled AS settled_pence, returned AS returned_pence,
    in_flight AS in_flight_pence, reissued AS reissued_pence,
    due - (declined + reversed + in_run + waiting) AS payments_apart_pence,
    run_total - (settled + returned + in_flight) AS runs_apart_pence,
    in_run - (run_total - reissued) AS sides_apart_pence
FROM books;

-- name: payments
-- Every payment by the end of a day, in pence: what is owed, approved, in runs, settled and returned, and why.
-- name is sealed.
-- $1 organisation, $2 the day
WITH wanted AS (
    SELECT payment, sequence, posted_on, due, declined, reversed, in_run, waiting,
        sum(due - declined - reversed) OVER (PARTITION BY payment ORDER BY sequence)::bigint AS so_far
    FROM posting WHERE organisation = $1 AND payment IS NOT NULL AND posted_on <= $2
), summed AS (
    SELECT payment, sum(due)::bigint AS due, sum(declined)::bigint AS declined, sum(reversed)::bigint AS reversed,
        sum(in_run)::bigint AS in_run, sum(waiting)::bigint AS waiting
    FROM wanted GROUP BY payment
)
SELECT payment.payment, payment.person, payment.partner, payee.name, payment.earned_at, payment.earned_on,
    payment.session, payment.standing, payment.reason,
    coalesce(corrected.explanation, payment.explanation) AS explanation,
    coalesce(summed.due, 0) AS due_pence, coalesce(summed.declined, 0) AS declined_pence,
    coalesce(summed.reversed, 0) AS reversed_pence, coalesce(approved.pence, 0) AS approved_pence,
    coalesce(summed.in_run, 0) AS in_run_pence, coalesce(summed.waiting, 0) AS waiting_pence,
    coalesce(paid.settled, 0) AS settled_pence, coalesce(paid.returned, 0) AS returned_pence,
    payee.details AS payee_details
FROM payment
LEFT JOIN summed USING (payment)
LEFT JOIN LATERAL (
    SELECT explanation FROM correction
    WHERE correction.payment = payment.payment AND correction.posted_on <= $2 ORDER BY sequence DESC LIMIT 1
) AS corrected ON true
LEFT JOIN payee ON payee.organisation = payment.organisation AND payee.person = payment.person
LEFT JOIN LATERAL (
    -- what was approved, less what has been reversed or declined since
    SELECT least(last.approved, min(wanted.so_far))::bigint AS pence
    FROM (
        SELECT approval.approved, approval.sequence FROM approval
        WHERE approval.payment = payment.payment AND approval.posted_on <= $2
        ORDER BY approval.sequence DESC LIMIT 1
    ) AS last
    LEFT JOIN wanted ON wanted.payment = payment.payment AND wanted.sequence > last.sequence
    GROUP BY last.approved
) AS approved ON true
LEFT JOIN LATERAL (
    SELECT sum(amount) FILTER (WHERE stage = 'settled')::bigint AS settled,
        sum(amount) FILTER (WHERE stage = 'returned')::bigint AS returned
    FROM (
        SELECT DISTINCT ON (run) amount, stage FROM part
        WHERE part.payment = payment.payment AND part.posted_on <= $2 ORDER BY run, sequence DESC
    ) AS last
) AS paid ON true
WHERE payment.organisation = $1 AND payment.earned_on <= $2
ORDER BY payment.earned_on, payment.payment;

-- name: runs
-- Every payment run, the newest first, in pence.
-- $1 organisation
SELECT run.run, run.pay_on, run.line_count, run.total AS total_pence, run.left_out, run.frozen_at, run.approved_at,
    run.withdrawn_at, run.sent_at, run.file_name, run.file_sha256,
    coalesce(posted.settled, 0) AS settled_pence, coalesce(posted.returned, 0) AS returned_pence,
    coalesce(posted.in_flight, 0) AS in_flight_pence,
    CASE
        WHEN run.withdrawn_at IS NOT NULL THEN 'withdrawn'
        WHEN run.sent_at IS NOT NULL AND posted.in_flight = 0 THEN 'finished'
        WHEN run.sent_at IS NOT NULL THEN 'sent'
        WHEN run.file_sha256 IS NOT NULL THEN 'file-produced'
        WHEN run.approved_at IS NOT NULL THEN 'approved'
        ELSE 'frozen'
    END AS stage
FROM run
LEFT JOIN LATERAL (
    SELECT sum(settled)::bigint AS settled, sum(returned)::bigint AS returned, sum(in_flight)::bigint AS in_flight
    FROM posting WHERE posting.organisation = run.organisation AND posting.run = run.run
) AS posted ON true
WHERE run.organisation = $1
ORDER BY run.frozen_at DESC NULLS LAST, run.run;
