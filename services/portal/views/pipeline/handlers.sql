-- name: campaign_published
-- What a campaign is: fixed when it is published.
-- on: CampaignPublished
INSERT INTO campaign (campaign, organisation, title, role_family, hosts, places, opens_at, closes_at, published_at)
SELECT DISTINCT ON (campaign)
    campaign, organisation, title, role_family, hosts, places, opens_at, closes_at, happened_at
FROM kit.events($1), jsonb_to_record(data) AS fact (
    campaign uuid, title text, role_family text, hosts text[], places integer,
    opens_at timestamptz, closes_at timestamptz
)
ORDER BY campaign, sequence DESC
ON CONFLICT (campaign) DO UPDATE SET
    title = excluded.title, role_family = excluded.role_family, hosts = excluded.hosts, places = excluded.places,
    opens_at = excluded.opens_at, closes_at = excluded.closes_at, published_at = excluded.published_at;

-- name: campaign_steps
-- When a campaign came how far; the last time counts where it happens again.
-- on: CampaignDrafted CampaignOpened CampaignClosed CampaignCompleted CampaignCancelled
INSERT INTO campaign AS kept (
    campaign, organisation, drafted_title, drafted_at, opened_at, closed_at, completed_at, cancelled_at
)
SELECT campaign, organisation,
    max(title) FILTER (WHERE type = 'CampaignDrafted'),
    max(happened_at) FILTER (WHERE type = 'CampaignDrafted'),
    max(happened_at) FILTER (WHERE type = 'CampaignOpened'),
    max(closed_at) FILTER (WHERE type = 'CampaignClosed'),
    max(happened_at) FILTER (WHERE type = 'CampaignCompleted'),
    max(happened_at) FILTER (WHERE type = 'CampaignCancelled')
FROM kit.events($1), jsonb_to_record(data) AS fact (campaign uuid, title text, closed_at timestamptz)
GROUP BY campaign, organisation
ON CONFLICT (campaign) DO UPDATE SET
    drafted_title = greatest(excluded.drafted_title, kept.drafted_title),
    drafted_at = greatest(excluded.drafted_at, kept.drafted_at),
    opened_at = greatest(excluded.opened_at, kept.opened_at),
    closed_at = greatest(excluded.closed_at, kept.closed_at),
    completed_at = greatest(excluded.completed_at, kept.completed_at),
    cancelled_at = greatest(excluded.cancelled_at, kept.cancelled_at);

-- name: application_received
-- Who applied, how and when.
-- on: ApplicationReceived
INSERT INTO application (application, organisation, campaign, person, name, channel, received_at, late)
SELECT DISTINCT ON (application) application, organisation, campaign, person, name, channel, received_at, late
FROM kit.events($1), jsonb_to_record(data) AS fact (
    application uuid, campaign uuid, person uuid, name jsonb, channel text, received_at timestamptz, late boolean
)
ORDER BY application, sequence DESC
ON CONFLICT (application) DO UPDATE SET
    name = excluded.name, channel = excluded.channel, received_at = excluded.received_at, late = excluded.late;

-- name: application_steps
-- When an application came how far; the last time counts where it happens again.
-- on: ApplicationAdmitted ApplicationWithdrawn InterviewHeld ClearanceCompleted
INSERT INTO application AS kept (
    application, organisation, campaign, person, admitted_at, withdrawn_at, interviewed_at, appointed_at
)
SELECT application, organisation, campaign, person,
    max(happened_at) FILTER (WHERE type = 'ApplicationAdmitted'),
    max(happened_at) FILTER (WHERE type = 'ApplicationWithdrawn'),
    max(happened_at) FILTER (WHERE type = 'InterviewHeld'),
    max(happened_at) FILTER (WHERE type = 'ClearanceCompleted')
FROM kit.events($1), jsonb_to_record(data) AS fact (application uuid, campaign uuid, person uuid)
GROUP BY application, organisation, campaign, person
ON CONFLICT (application) DO UPDATE SET
    admitted_at = greatest(excluded.admitted_at, kept.admitted_at),
    withdrawn_at = greatest(excluded.withdrawn_at, kept.withdrawn_at),
    interviewed_at = greatest(excluded.interviewed_at, kept.interviewed_at),
    appointed_at = greatest(excluded.appointed_at, kept.appointed_at);

-- name: shortlisting
-- Whether the panel put an applicant on the shortlist.
-- on: ApplicantShortlisted
INSERT INTO application AS kept (
    application, organisation, campaign, person, shortlisted, shortlisted_at, shortlisted_sequence
)
SELECT DISTINCT ON (application) application, organisation, campaign, person, shortlisted, happened_at, sequence
FROM kit.events($1), jsonb_to_record(data) AS fact (
    application uuid, campaign uuid, person uuid, shortlisted boolean
)
ORDER BY application, sequence DESC
ON CONFLICT (application) DO UPDATE SET
    shortlisted = excluded.shortlisted, shortlisted_at = excluded.shortlisted_at,
    shortlisted_sequence = excluded.shortlisted_sequence
WHERE kept.shortlisted_sequence IS NULL OR kept.shortlisted_sequence < excluded.shortlisted_sequence;

-- name: interview
-- When the interview is.
-- on: InterviewArranged
INSERT INTO application AS kept (application, organisation, campaign, person, interview_at, interview_sequence)
SELECT DISTINCT ON (application) application, organisation, campaign, person, starts_at, sequence
FROM kit.events($1), jsonb_to_record(data) AS fact (
    application uuid, campaign uuid, person uuid, starts_at timestamptz
)
ORDER BY application, sequence DESC
ON CONFLICT (application) DO UPDATE SET
    interview_at = excluded.interview_at, interview_sequence = excluded.interview_sequence
WHERE kept.interview_sequence IS NULL OR kept.interview_sequence < excluded.interview_sequence;

-- name: outcome
-- The last outcome decided.
-- on: OutcomeDecided
INSERT INTO application AS kept (
    application, organisation, campaign, person, decision, successful, reserve_until, decided_at, decision_sequence
)
SELECT DISTINCT ON (application)
    application, organisation, campaign, person, decision, successful, reserve_until, happened_at, sequence
FROM kit.events($1), jsonb_to_record(data) AS fact (
    application uuid, campaign uuid, person uuid, decision integer, successful boolean, reserve_until date
)
ORDER BY application, sequence DESC
ON CONFLICT (application) DO UPDATE SET
    decision = excluded.decision, successful = excluded.successful, reserve_until = excluded.reserve_until,
    decided_at = excluded.decided_at, decision_sequence = excluded.decision_sequence
WHERE kept.decision_sequence IS NULL OR kept.decision_sequence < excluded.decision_sequence;

-- name: told
-- Which outcome the applicant was last told.
-- on: ApplicantTold
INSERT INTO application AS kept (
    application, organisation, campaign, person, told_decision, told_at, told_sequence
)
SELECT DISTINCT ON (application) application, organisation, campaign, person, decision, happened_at, sequence
FROM kit.events($1), jsonb_to_record(data) AS fact (
    application uuid, campaign uuid, person uuid, decision integer
)
ORDER BY application, sequence DESC
ON CONFLICT (application) DO UPDATE SET
    told_decision = excluded.told_decision, told_at = excluded.told_at, told_sequence = excluded.told_sequence
WHERE kept.told_sequence IS NULL OR kept.told_sequence < excluded.told_sequence;

-- name: clearance
-- What must be done before starting, and at which host.
-- on: ClearanceOpened
INSERT INTO application AS kept (
    application, organisation, campaign, person, host, clearance_at, references_needed, checks_needed,
    clearance_sequence
)
SELECT DISTINCT ON (application)
    application, organisation, campaign, person, host, happened_at, references_needed, checks_needed, sequence
FROM kit.events($1), jsonb_to_record(data) AS fact (
    application uuid, campaign uuid, person uuid, host text, references_needed integer, checks_needed text[]
)
ORDER BY application, sequence DESC
ON CONFLICT (application) DO UPDATE SET
    host = excluded.host, clearance_at = excluded.clearance_at, references_needed = excluded.references_needed,
    checks_needed = excluded.checks_needed, clearance_sequence = excluded.clearance_sequence
WHERE kept.clearance_sequence IS NULL OR kept.clearance_sequence < excluded.clearance_sequence;

-- name: offer
-- Whether the role was offered and what the applicant answered.
-- on: OfferMade OfferAccepted OfferDeclined
INSERT INTO application AS kept (application, organisation, campaign, person, offer, offer_at, offer_sequence)
SELECT DISTINCT ON (application)
    application, organisation, campaign, person, lower(replace(type, 'Offer', '')), happened_at, sequence
FROM kit.events($1), jsonb_to_record(data) AS fact (application uuid, campaign uuid, person uuid)
ORDER BY application, sequence DESC
ON CONFLICT (application) DO UPDATE SET
    offer = excluded.offer, offer_at = excluded.offer_at, offer_sequence = excluded.offer_sequence
WHERE kept.offer_sequence IS NULL OR kept.offer_sequence < excluded.offer_sequence;

-- name: reference
-- References asked for, received and judged.
-- on: ReferenceRequested ReferenceReceived ReferenceJudged
WITH fact AS MATERIALIZED (
    SELECT * FROM kit.events($1), jsonb_to_record(data) AS fact (
        reference uuid, application uuid, received_at timestamptz, satisfactory boolean
    )
), judged AS (
    SELECT DISTINCT ON (reference) reference, satisfactory, sequence
    FROM fact WHERE type = 'ReferenceJudged' ORDER BY reference, sequence DESC
)
INSERT INTO reference AS kept (
    reference, organisation, application, requested_at, received_at, satisfactory, judged_sequence
)
SELECT fact.reference, fact.organisation, fact.application,
    max(fact.happened_at) FILTER (WHERE fact.type = 'ReferenceRequested'), max(fact.received_at),
    bool_or(judged.satisfactory), max(judged.sequence)
FROM fact LEFT JOIN judged USING (reference)
GROUP BY fact.reference, fact.organisation, fact.application
ON CONFLICT (reference) DO UPDATE SET
    requested_at = greatest(excluded.requested_at, kept.requested_at),
    received_at = greatest(excluded.received_at, kept.received_at),
    satisfactory = CASE
        WHEN coalesce(kept.judged_sequence, 0) < excluded.judged_sequence THEN excluded.satisfactory
        ELSE kept.satisfactory
    END,
    judged_sequence = greatest(excluded.judged_sequence, kept.judged_sequence);

-- name: decided_check
-- How each check ended, or that it is not needed.
-- on: CheckDecided
INSERT INTO decided_check AS kept (application, "check", organisation, outcome, sequence)
SELECT DISTINCT ON (application, "check") application, "check", organisation, outcome, sequence
FROM kit.events($1), jsonb_to_record(data) AS fact (application uuid, "check" text, outcome text)
ORDER BY application, "check", sequence DESC
ON CONFLICT (application, "check") DO UPDATE SET outcome = excluded.outcome, sequence = excluded.sequence
WHERE kept.sequence < excluded.sequence;
