-- name: waiting
-- Everything that waits on somebody at a moment, the longest first; name is sealed.
-- $1 organisation, $2 the moment
SELECT CASE WHEN panel.scores_to_come THEN 'score-applicant' ELSE step.kind END AS kind, step.item,
    CASE
        -- of what must be done before a partner is active, some only the partner can do
        WHEN step.kind = 'complete-onboarding' AND (
            split_part(step.item, '/', 2) IN ('training', 'confidentiality-agreement', 'nolan-principles', 'interests')
        ) THEN 'partner'
        WHEN panel.scores_to_come THEN 'panel-member'
        ELSE kind.turn
    END AS turn,
    greatest(coalesce(step.wakes_at, step.since), panel.since) AS since, step.due_on, step.subject, named.name
FROM step JOIN kind USING (kind)
LEFT JOIN ended ON ended.organisation = step.organisation AND ended.root = step.root
LEFT JOIN LATERAL (
    SELECT subject.name FROM subject
    WHERE subject.organisation = step.organisation AND subject.subject = step.subject
    ORDER BY subject.source LIMIT 1
) AS named ON true
LEFT JOIN LATERAL (
    -- the shortlist waits on the panel while a member without an interest has not scored; then on the coordinator
    SELECT bool_or(silent.yes) AS scores_to_come,
        CASE WHEN bool_or(silent.yes) THEN min(joined_at) FILTER (WHERE silent.yes) ELSE max(sheet.changed_at) END AS since
    FROM panel_member AS member
    LEFT JOIN sheet ON sheet.organisation = member.organisation AND sheet.member = member.member
        AND sheet.application = step.subject
    CROSS JOIN LATERAL (
        SELECT sheet.member IS NULL OR NOT sheet.interested AND sheet.scored_sequence <= sheet.aside_sequence
    ) AS silent (yes)
    WHERE member.organisation = step.organisation AND member.campaign = step.campaign
        AND member.joined_sequence > member.left_sequence
) AS panel ON step.kind = 'shortlist-applicant'
WHERE step.organisation = $1 AND step.opened_sequence > step.closed_sequence
    AND (step.wakes_at IS NULL OR step.wakes_at <= $2)
    AND (ended.sequence IS NULL OR ended.sequence <= step.opened_sequence)
ORDER BY since, step.kind, step.item;
