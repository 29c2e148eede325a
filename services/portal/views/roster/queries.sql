-- name: partners
-- Everybody who is or was a partner on a day, and who was appointed and is not welcomed yet; name is sealed.
-- $1 organisation, $2 the day
WITH status AS (
    -- being appointed again changes nothing for a partner who had not stood down
    SELECT DISTINCT ON (status.partner) status.partner,
        CASE WHEN status.status = 'stood-down' AND again.sequence > status.sequence THEN 'onboarding'
            ELSE status.status END AS status,
        CASE WHEN status.status = 'stood-down' AND again.sequence > status.sequence THEN again.valid_from
            ELSE status.valid_from END AS since
    FROM partner_status AS status
    LEFT JOIN LATERAL (
        SELECT later.sequence, later.valid_from FROM partner_status AS later
        WHERE later.partner = status.partner AND later.status = 'reappointed' AND later.valid_from <= $2
        ORDER BY later.sequence DESC LIMIT 1
    ) AS again ON true
    WHERE status.organisation = $1 AND status.status <> 'reappointed' AND status.valid_from <= $2
    ORDER BY status.partner, status.sequence DESC
), onboarding AS (
    SELECT partner.partner,
        count(*) FILTER (WHERE item LIKE 'training/%') AS training_required,
        count(*) FILTER (WHERE item LIKE 'training/%' AND (trained.holds OR waived.holds)) AS training_done,
        coalesce(
            array_agg(item ORDER BY item) FILTER (WHERE NOT (trained.holds OR waived.holds OR done.holds)), '{}'
        ) AS still_open
    FROM partner CROSS JOIN LATERAL unnest(partner.items) AS item
    CROSS JOIN LATERAL (
        SELECT EXISTS (
            SELECT FROM training
            WHERE training.partner = partner.partner AND 'training/' || training.course = item
                AND training.completed_on <= $2 AND (training.expires_on IS NULL OR $2 <= training.expires_on)
        ) AS holds
    ) AS trained
    CROSS JOIN LATERAL (
        SELECT EXISTS (
            SELECT FROM settled WHERE settled.partner = partner.partner AND settled.item = item.item
                AND settled.waived AND settled.settled_on <= $2
        ) AS holds
    ) AS waived
    CROSS JOIN LATERAL (
        SELECT EXISTS (
            SELECT FROM settled WHERE settled.partner = partner.partner AND settled.item = item.item
                AND NOT settled.waived AND settled.settled_on <= $2
        ) AS holds
    ) AS done
    WHERE partner.organisation = $1
    GROUP BY partner.partner
)
SELECT partner.partner, partner.person, partner.name, partner.role_family, partner.payer, status.status,
    status.since, term.starts_on AS term_starts_on, term.ends_on AS term_ends_on,
    coalesce(partner.lead_contact, appointment.lead_contact) AS lead_contact,
    coalesce(onboarding.training_required, 0) AS training_required,
    coalesce(onboarding.training_done, 0) AS training_done,
    coalesce(onboarding.still_open, '{}') AS still_open
FROM status JOIN partner USING (partner)
LEFT JOIN onboarding USING (partner)
LEFT JOIN LATERAL (
    SELECT starts_on, coalesce(ended_on, ends_on) AS ends_on FROM term
    WHERE term.partner = partner.partner AND starts_on <= $2 ORDER BY starts_on DESC LIMIT 1
) AS term ON true
LEFT JOIN LATERAL (
    SELECT held.lead_contact
    FROM partner_appointment JOIN appointment AS held USING (appointment)
    WHERE partner_appointment.partner = partner.partner ORDER BY held.appointed_at DESC LIMIT 1
) AS appointment ON true
UNION ALL
SELECT NULL, person, name, role_family, payer, 'appointed', (appointed_at AT TIME ZONE 'Europe/London')::date,
    term_starts_on, term_ends_on, lead_contact, 0, 0, '{}'
FROM appointment
WHERE organisation = $1 AND (appointed_at AT TIME ZONE 'Europe/London')::date <= $2
    AND NOT EXISTS (
        SELECT FROM partner_appointment JOIN partner_status USING (partner)
        WHERE partner_appointment.appointment = appointment.appointment AND partner_status.valid_from <= $2
    )
ORDER BY status, since, person;
