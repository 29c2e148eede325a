-- name: campaigns
-- Every campaign with its stage and how many applications stand where, the newest first.
-- $1 organisation
SELECT campaign.campaign, coalesce(campaign.title, campaign.drafted_title) AS title, campaign.role_family,
    campaign.hosts, campaign.places, campaign.opens_at, campaign.closes_at, campaign.closed_at,
    CASE
        WHEN campaign.cancelled_at IS NOT NULL THEN 'cancelled'
        WHEN campaign.completed_at IS NOT NULL THEN 'completed'
        WHEN campaign.closed_at IS NOT NULL THEN 'closed'
        WHEN campaign.opened_at IS NOT NULL THEN 'open'
        WHEN campaign.published_at IS NOT NULL THEN 'published'
        ELSE 'draft'
    END AS stage,
    counted.*
FROM campaign CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE received_at IS NOT NULL) AS received,
        count(*) FILTER (WHERE late) AS late,
        count(*) FILTER (WHERE late AND admitted_at IS NOT NULL) AS admitted,
        count(*) FILTER (WHERE withdrawn_at IS NOT NULL) AS withdrawn,
        count(*) FILTER (WHERE shortlisted) AS shortlisted,
        count(*) FILTER (WHERE successful) AS successful,
        count(*) FILTER (WHERE NOT successful) AS unsuccessful,
        count(*) FILTER (WHERE appointed_at IS NOT NULL) AS appointed,
        count(*) FILTER (WHERE told_decision >= decision) AS told,
        count(*) FILTER (WHERE withdrawn_at IS NULL AND told_decision IS DISTINCT FROM greatest(decision, 1))
            AS untold
    FROM application
    WHERE application.organisation = campaign.organisation AND application.campaign = campaign.campaign
) AS counted
WHERE campaign.organisation = $1
ORDER BY coalesce(campaign.published_at, campaign.drafted_at) DESC NULLS LAST, campaign.campaign;

-- name: applications
-- Every application with its stage and since when it has been there; name is sealed.
-- $1 organisation
SELECT application.application, application.campaign, application.person, application.name,
    application.channel, application.received_at, coalesce(application.late, false) AS late,
    application.admitted_at IS NOT NULL AS admitted, stood.stage, stood.since, application.successful,
    coalesce(application.told_decision >= application.decision, false) AS told, application.told_at,
    application.host, coalesce(application.references_needed, 0) AS references_needed,
    (
        SELECT count(*) FROM reference
        WHERE reference.application = application.application AND reference.satisfactory
    ) AS references_satisfactory,
    coalesce(cardinality(application.checks_needed), 0) AS checks_needed,
    (
        SELECT count(*) FROM decided_check
        WHERE decided_check.application = application.application
            AND decided_check."check" = ANY (application.checks_needed)
            AND decided_check.outcome <> 'not-clear'
    ) AS checks_done
FROM application CROSS JOIN LATERAL (
    SELECT reached.stage, reached.since
    FROM (VALUES
        (1, 'appointed', appointed_at, appointed_at IS NOT NULL),
        (2, 'withdrawn', withdrawn_at, withdrawn_at IS NOT NULL),
        (3, 'reserve', decided_at, NOT successful AND reserve_until IS NOT NULL),
        (4, 'unsuccessful', decided_at, NOT successful),
        (5, 'offer-' || offer, offer_at, offer_sequence > decision_sequence),
        (6, 'clearance', clearance_at, clearance_sequence > decision_sequence),
        (7, 'successful', decided_at, successful),
        (8, 'interviewed', interviewed_at, interviewed_at IS NOT NULL),
        (9, 'interview', interview_at, interview_at IS NOT NULL),
        (10, 'shortlisted', shortlisted_at, shortlisted),
        (11, 'not-shortlisted', shortlisted_at, NOT shortlisted),
        (12, 'admitted', admitted_at, admitted_at IS NOT NULL),
        (13, 'late', received_at, late),
        (14, 'received', received_at, true)
    ) AS reached (place, stage, since, holds)
    WHERE reached.holds ORDER BY reached.place LIMIT 1
) AS stood
WHERE application.organisation = $1
ORDER BY application.received_at, application.application;
