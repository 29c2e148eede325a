-- name: meetings
-- Meetings of a stretch of days, both included, with the answers of those invited.
-- $1 organisation, $2 first day, $3 last day
SELECT meeting.meeting, meeting.committee, meeting.title, meeting."on", meeting.starts_at, meeting.ends_at,
    meeting.time_zone, meeting.format, meeting.venue, meeting.carries_payment, meeting.held_from, meeting.held_to,
    meeting.cancelled_because,
    CASE
        WHEN meeting.cancelled_at IS NOT NULL THEN 'cancelled'
        WHEN meeting.held_from IS NOT NULL THEN 'held'
        ELSE 'scheduled'
    END AS stage,
    counted.*
FROM meeting CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE answer IS NOT NULL) AS invited,
        count(*) FILTER (WHERE answer = 'accepted') AS accepted,
        count(*) FILTER (WHERE answer = 'apologies') AS apologies,
        count(*) FILTER (WHERE minutes IS NOT NULL) AS attended,
        coalesce(sum(minutes), 0) AS minutes
    FROM invitation WHERE invitation.meeting = meeting.meeting
) AS counted
WHERE meeting.organisation = $1 AND meeting."on" BETWEEN $2 AND $3
ORDER BY meeting.starts_at, meeting.meeting;

-- name: invitations
-- Who is asked to the meetings of a stretch of days, what they answered and how long they were there; name is sealed.
-- $1 organisation, $2 first day, $3 last day
SELECT invitation.meeting, invitation.partner, invitation.person, partner.name, invitation.answer, invitation.minutes
FROM invitation JOIN meeting USING (meeting) LEFT JOIN partner ON partner.partner = invitation.partner
WHERE meeting.organisation = $1 AND meeting."on" BETWEEN $2 AND $3
ORDER BY meeting.starts_at, invitation.meeting, invitation.partner;
