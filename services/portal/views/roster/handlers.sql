-- name: appointment
-- Who was appointed to this organisation.
-- on: PartnerAppointed
INSERT INTO appointment (
    appointment, organisation, person, name, payer, role_family, lead_contact, term_starts_on, term_ends_on,
    appointed_at
)
SELECT DISTINCT ON (appointment)
    appointment, organisation, person, name, payer, role_family, lead_contact, term_starts_on, term_ends_on,
    happened_at
FROM kit.events($1), jsonb_to_record(data) AS fact (
    appointment uuid, person uuid, name jsonb, payer text, role_family text, lead_contact uuid,
    term_starts_on date, term_ends_on date
)
ORDER BY appointment, sequence
ON CONFLICT (appointment) DO NOTHING;

-- name: welcome
-- Who the partner is, the newest details, and the day onboarding began.
-- on: PartnerWelcomed PartnerReappointed
WITH welcomed AS MATERIALIZED (
    SELECT * FROM kit.events($1), jsonb_to_record(data) AS fact (
        partner uuid, person uuid, appointment uuid, payer text, role_family text, contact_channel text,
        lead_contact uuid, name jsonb
    )
), stood AS (
    INSERT INTO partner_status (partner, sequence, organisation, status, valid_from)
    SELECT partner, sequence, organisation,
        CASE type WHEN 'PartnerWelcomed' THEN 'onboarding' ELSE 'reappointed' END,
        (happened_at AT TIME ZONE 'Europe/London')::date
    FROM welcomed
    ON CONFLICT (partner, sequence) DO NOTHING
), appointed AS (
    INSERT INTO partner_appointment (appointment, organisation, partner)
    SELECT appointment, organisation, partner FROM welcomed
    ON CONFLICT (appointment) DO NOTHING
)
INSERT INTO partner AS kept (
    partner, organisation, person, name, payer, role_family, contact_channel, details_sequence
)
SELECT DISTINCT ON (partner)
    partner, organisation, person, name, payer, role_family, contact_channel, sequence
FROM welcomed
ORDER BY partner, sequence DESC
ON CONFLICT (partner) DO UPDATE SET
    name = excluded.name, payer = excluded.payer, role_family = excluded.role_family,
    contact_channel = excluded.contact_channel, details_sequence = excluded.details_sequence
WHERE kept.details_sequence IS NULL OR kept.details_sequence < excluded.details_sequence;

-- name: status
-- From which day a partner is active, paused or has stood down.
-- on: PartnerActivated PartnerPaused PartnerResumed PartnerStoodDown
INSERT INTO partner_status (partner, sequence, organisation, status, valid_from)
SELECT partner, sequence, organisation,
    CASE type WHEN 'PartnerPaused' THEN 'paused' WHEN 'PartnerStoodDown' THEN 'stood-down' ELSE 'active' END,
    coalesce(active_on, paused_on, resumed_on, stood_down_on)
FROM kit.events($1), jsonb_to_record(data) AS fact (
    partner uuid, active_on date, paused_on date, resumed_on date, stood_down_on date
)
ON CONFLICT (partner, sequence) DO NOTHING;

-- name: plan
-- What must be done before the partner is active.
-- on: OnboardingPlanned
INSERT INTO partner AS kept (partner, organisation, person, items, policy_version, items_sequence)
SELECT DISTINCT ON (partner) partner, organisation, person, items, policy_version, sequence
FROM kit.events($1), jsonb_to_record(data) AS fact (
    partner uuid, person uuid, items text[], policy_version integer
)
ORDER BY partner, sequence DESC
ON CONFLICT (partner) DO UPDATE SET
    items = excluded.items, policy_version = excluded.policy_version, items_sequence = excluded.items_sequence
WHERE kept.items_sequence IS NULL OR kept.items_sequence < excluded.items_sequence;

-- name: lead_contact
-- Whom the partner turns to.
-- on: LeadContactNominated
INSERT INTO partner AS kept (partner, organisation, person, lead_contact, lead_contact_sequence)
SELECT DISTINCT ON (partner) partner, organisation, person, lead_contact, sequence
FROM kit.events($1), jsonb_to_record(data) AS fact (partner uuid, person uuid, lead_contact uuid)
ORDER BY partner, sequence DESC
ON CONFLICT (partner) DO UPDATE SET
    lead_contact = excluded.lead_contact, lead_contact_sequence = excluded.lead_contact_sequence
WHERE kept.lead_contact_sequence IS NULL OR kept.lead_contact_sequence < excluded.lead_contact_sequence;

-- name: settled
-- Items done or waived.
-- on: OnboardingItemDone OnboardingItemWaived LeadContactNominated IncomeAdviceGiven
-- on: ConfidentialityAgreed NolanPrinciplesAcknowledged InterestsDeclared AccessNeedsRecorded
INSERT INTO settled (partner, item, settled_on, organisation, waived)
SELECT partner,
    CASE type
        WHEN 'LeadContactNominated' THEN 'lead-contact'
        WHEN 'IncomeAdviceGiven' THEN 'income-advice'
        WHEN 'ConfidentialityAgreed' THEN 'confidentiality-agreement'
        WHEN 'NolanPrinciplesAcknowledged' THEN 'nolan-principles'
        WHEN 'InterestsDeclared' THEN 'interests'
        WHEN 'AccessNeedsRecorded' THEN 'access-needs'
        ELSE item
    END,
    coalesce(
        done_on, nominated_on, given_on, signed_on, acknowledged_on, declared_on, recorded_on,
        (happened_at AT TIME ZONE 'Europe/London')::date
    ),
    organisation, type = 'OnboardingItemWaived'
FROM kit.events($1), jsonb_to_record(data) AS fact (
    partner uuid, item text, done_on date, nominated_on date, given_on date, signed_on date, acknowledged_on date,
    declared_on date, recorded_on date
)
ON CONFLICT (partner, item, settled_on, waived) DO NOTHING;

-- name: training
-- Courses completed, by the day they were.
-- on: TrainingCompleted
INSERT INTO training AS kept (partner, course, completed_on, organisation, expires_on, sequence)
SELECT DISTINCT ON (partner, course, completed_on)
    partner, course, completed_on, organisation, expires_on, sequence
FROM kit.events($1), jsonb_to_record(data) AS fact (
    partner uuid, course text, completed_on date, expires_on date
)
ORDER BY partner, course, completed_on, sequence DESC
ON CONFLICT (partner, course, completed_on) DO UPDATE SET
    expires_on = excluded.expires_on, sequence = excluded.sequence
WHERE kept.sequence < excluded.sequence;

-- name: term
-- Terms: begun, extended, ended.
-- on: TermStarted TermExtended TermEnded
WITH fact AS MATERIALIZED (
    SELECT * FROM kit.events($1), jsonb_to_record(data) AS fact (
        term uuid, partner uuid, starts_on date, ends_on date, ended_on date, cause text
    )
), agreed AS (
    SELECT DISTINCT ON (term) term, ends_on, sequence
    FROM fact WHERE type IN ('TermStarted', 'TermExtended') ORDER BY term, sequence DESC
)
INSERT INTO term AS kept (term, organisation, partner, starts_on, ends_on, ends_sequence, ended_on, cause)
SELECT fact.term, fact.organisation, fact.partner, max(fact.starts_on), max(agreed.ends_on), max(agreed.sequence),
    max(fact.ended_on), max(fact.cause)
FROM fact LEFT JOIN agreed USING (term)
GROUP BY fact.term, fact.organisation, fact.partner
ON CONFLICT (term) DO UPDATE SET
    starts_on = greatest(excluded.starts_on, kept.starts_on),
    ends_on = CASE
        WHEN coalesce(kept.ends_sequence, 0) < excluded.ends_sequence THEN excluded.ends_on ELSE kept.ends_on
    END,
    ends_sequence = greatest(kept.ends_sequence, excluded.ends_sequence),
    ended_on = greatest(excluded.ended_on, kept.ended_on),
    cause = greatest(excluded.cause, kept.cause);
