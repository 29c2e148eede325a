-- name: step
-- Opens, closes and ends what the rules say.
-- on: CampaignDrafted CampaignPublished CampaignClosed CampaignCompleted CampaignCancelled ApplicationReceived
-- on: ApplicationAdmitted ApplicationWithdrawn ApplicantShortlisted InterviewOffered InterviewArranged InterviewHeld
-- on: OutcomeDecided ApplicantTold ClearanceOpened ReferenceRequested ReferenceReceived ReferenceJudged CheckDecided
-- on: OfferMade OfferAccepted OfferDeclined ClearanceCompleted PartnerWelcomed PartnerActivated PartnerStoodDown
-- on: OnboardingPlanned OnboardingItemDone OnboardingItemWaived LeadContactNominated IncomeAdviceGiven
-- on: ConfidentialityAgreed NolanPrinciplesAcknowledged InterestsDeclared AccessNeedsRecorded TrainingCompleted
-- on: TrainingExpiring TrainingExpired AppointmentSetAside TermStarted TermEnding TermExtended TermEnded SeatOffered
-- on: SeatTaken SeatDeclined MeetingScheduled PartnerInvited InvitationAccepted ApologiesSent MeetingHeld
-- on: MeetingCancelled SessionEntered SessionStruckOut ContributionRecorded ContributionAnswered PaymentUndetermined
-- on: PaymentNotDue PaymentDue PaymentCorrected PaymentApproved PaymentDeclined PaymentRejected PayeeRegistered
-- on: PayeeDetailsGiven PayeeDetailsVerified PayeeDetailsDoubted PaymentRunFrozen PaymentRunApproved PaymentRunSent
-- on: PaymentRunWithdrawn RunLineReturned RunLineReissued PaymentReduced MessageFailed MessageSent ContactForgotten
WITH fact AS MATERIALIZED (
    SELECT event.organisation, event.sequence, event.happened_at, event.data, rule.act, rule.kind,
        concat_ws(
            '/',
            CASE WHEN starts_with(item[1], '=') THEN substr(item[1], 2) ELSE event.data ->> item[1] END,
            CASE WHEN starts_with(item[2], '=') THEN substr(item[2], 2) ELSE event.data ->> item[2] END,
            CASE WHEN starts_with(item[3], '=') THEN substr(item[3], 2) ELSE event.data ->> item[3] END,
            element.value
        ) AS item
    FROM kit.events($1) AS event
    JOIN rule ON rule.type = event.type AND (rule.given IS NULL OR event.data @@ rule.given)
    LEFT JOIN LATERAL jsonb_array_elements_text(event.data -> rule.each) AS element (value) ON rule.each IS NOT NULL
    WHERE rule.each IS NULL OR element.value IS NOT NULL
), opened AS (
    SELECT DISTINCT ON (organisation, kind, item) organisation, kind, item, sequence, happened_at AS since,
        (data ->> kind.wakes_at)::timestamptz AS wakes_at,
        CASE length(data ->> kind.due_on)
            WHEN 10 THEN (data ->> kind.due_on)::date
            ELSE ((data ->> kind.due_on)::timestamptz AT TIME ZONE 'Europe/London')::date
        END AS due_on,
        (data ->> kind.subject)::uuid AS subject, (data ->> 'campaign')::uuid AS campaign,
        nullif(concat_ws(
            '/',
            CASE WHEN starts_with(root[1], '=') THEN substr(root[1], 2) ELSE data ->> root[1] END,
            CASE WHEN starts_with(root[2], '=') THEN substr(root[2], 2) ELSE data ->> root[2] END
        ), '') AS root
    FROM fact JOIN kind USING (kind)
    WHERE act = 'opens'
    ORDER BY organisation, kind, item, sequence DESC
), closed AS (
    SELECT organisation, kind, item, max(CASE act WHEN 'closes' THEN sequence ELSE 9999999999 END) AS sequence
    FROM fact WHERE act IN ('closes', 'closes for good') GROUP BY organisation, kind, item
), now_ended AS (
    INSERT INTO ended AS kept (organisation, root, sequence)
    SELECT organisation, item, max(sequence) FROM fact WHERE act = 'ends' GROUP BY organisation, item
    ON CONFLICT (organisation, root) DO UPDATE SET sequence = greatest(kept.sequence, excluded.sequence)
)
INSERT INTO step AS kept (
    organisation, kind, item, since, wakes_at, due_on, subject, campaign, root, opened_sequence, closed_sequence
)
SELECT organisation, kind, item, since, wakes_at, due_on, subject, campaign, root, coalesce(opened.sequence, 0),
    coalesce(closed.sequence, 0)
FROM opened FULL JOIN closed USING (organisation, kind, item)
ON CONFLICT (organisation, kind, item) DO UPDATE SET
    since = CASE WHEN kept.opened_sequence < excluded.opened_sequence THEN excluded.since ELSE kept.since END,
    wakes_at = CASE WHEN kept.opened_sequence < excluded.opened_sequence THEN excluded.wakes_at ELSE kept.wakes_at END,
    due_on = CASE WHEN kept.opened_sequence < excluded.opened_sequence THEN excluded.due_on ELSE kept.due_on END,
    subject = CASE WHEN kept.opened_sequence < excluded.opened_sequence THEN excluded.subject ELSE kept.subject END,
    campaign = CASE WHEN kept.opened_sequence < excluded.opened_sequence THEN excluded.campaign ELSE kept.campaign END,
    root = CASE WHEN kept.opened_sequence < excluded.opened_sequence THEN excluded.root ELSE kept.root END,
    opened_sequence = greatest(kept.opened_sequence, excluded.opened_sequence),
    closed_sequence = greatest(kept.closed_sequence, excluded.closed_sequence);

-- name: panel_member
-- Who joined a campaign's panel, and who left it.
-- on: PanelConvened PanelMemberReplaced
INSERT INTO panel_member AS kept (organisation, campaign, member, joined_sequence, left_sequence, joined_at)
SELECT organisation, campaign, member,
    coalesce(max(sequence) FILTER (WHERE joins), 0), coalesce(max(sequence) FILTER (WHERE NOT joins), 0),
    max(happened_at) FILTER (WHERE joins)
FROM kit.events($1), jsonb_to_record(data) AS fact (campaign uuid, members uuid[], "left" uuid, joined uuid)
CROSS JOIN LATERAL (
    SELECT unnest(members || joined), true UNION ALL SELECT "left", false
) AS change (member, joins)
WHERE member IS NOT NULL
GROUP BY organisation, campaign, member
ON CONFLICT (organisation, campaign, member) DO UPDATE SET
    joined_sequence = greatest(kept.joined_sequence, excluded.joined_sequence),
    left_sequence = greatest(kept.left_sequence, excluded.left_sequence),
    joined_at = greatest(kept.joined_at, excluded.joined_at);

-- name: sheet
-- Which member has scored which applicant, or has an interest in them.
-- on: InterestDeclared ApplicantScored ScoreSetAside
INSERT INTO sheet AS kept (
    organisation, application, member, interested, scored_sequence, aside_sequence, changed_at
)
SELECT organisation, application, member, bool_or(type = 'InterestDeclared'),
    coalesce(max(sequence) FILTER (WHERE type = 'ApplicantScored'), 0),
    coalesce(max(sequence) FILTER (WHERE type = 'ScoreSetAside'), 0),
    max(happened_at)
FROM kit.events($1), jsonb_to_record(data) AS fact (application uuid, member uuid)
GROUP BY organisation, application, member
ON CONFLICT (organisation, application, member) DO UPDATE SET
    interested = kept.interested OR excluded.interested,
    scored_sequence = greatest(kept.scored_sequence, excluded.scored_sequence),
    aside_sequence = greatest(kept.aside_sequence, excluded.aside_sequence),
    changed_at = greatest(kept.changed_at, excluded.changed_at);

-- name: subject
-- Keeps the newest name that is given, per log.
-- on: ApplicationReceived ReferenceRequested PartnerWelcomed PartnerReappointed PayeeRegistered
-- on: PayeeParticularsChanged ContactLearned
WITH fact AS MATERIALIZED (
    SELECT organisation, sequence, coalesce(referee_name, name) AS name,
        CASE
            WHEN type IN ('ApplicationReceived', 'ReferenceRequested') THEN 'recruitment'
            WHEN type IN ('PartnerWelcomed', 'PartnerReappointed') THEN 'engagement'
            WHEN type = 'ContactLearned' THEN 'notifications'
            ELSE 'payments'
        END AS source,
        CASE
            WHEN type = 'ApplicationReceived' THEN application
            WHEN type = 'ReferenceRequested' THEN referee
            WHEN type IN ('PartnerWelcomed', 'PartnerReappointed') THEN partner
            ELSE person
        END AS subject
    FROM kit.events($1), jsonb_to_record(data) AS fact (
        application uuid, referee uuid, partner uuid, person uuid, name jsonb, referee_name jsonb
    )
)
INSERT INTO subject AS kept (organisation, source, subject, name, sequence)
SELECT DISTINCT ON (organisation, source, subject) organisation, source, subject, name, sequence
FROM fact WHERE name IS NOT NULL
ORDER BY organisation, source, subject, sequence DESC
ON CONFLICT (organisation, source, subject) DO UPDATE SET name = excluded.name, sequence = excluded.sequence
WHERE kept.sequence < excluded.sequence;
