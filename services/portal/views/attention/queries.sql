-- name: waiting
-- Everything that waits on somebody at a moment, the longest first; name is sealed.
-- $1 organisation, $2 the moment
SELECT step.kind, step.item,
    CASE
        -- of what must be done before a partner is active, some only the partner can do
        WHEN step.kind = 'complete-onboarding' AND (
            split_part(step.item, '/', 2) IN ('training', 'confidentiality-agreement', 'nolan-principles', 'interests')
        ) THEN 'partner'
        ELSE kind.turn
    END AS turn,
    coalesce(step.wakes_at, step.since) AS since, step.due_on, step.subject, named.name
FROM step JOIN kind USING (kind)
LEFT JOIN ended ON ended.organisation = step.organisation AND ended.root = step.root
LEFT JOIN LATERAL (
    SELECT subject.name FROM subject
    WHERE subject.organisation = step.organisation AND subject.subject = step.subject
    ORDER BY subject.source LIMIT 1
) AS named ON true
WHERE step.organisation = $1 AND step.opened_sequence > step.closed_sequence
    AND (step.wakes_at IS NULL OR step.wakes_at <= $2)
    AND (ended.sequence IS NULL OR ended.sequence <= step.opened_sequence)
ORDER BY since, step.kind, step.item;
