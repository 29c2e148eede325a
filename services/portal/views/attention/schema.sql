-- Whatever waits on somebody: opened by one event, closed by another of the same log.
-- What opens and closes what is said in the two tables of rules; events only fill the other three.

CREATE TABLE step (
    organisation text NOT NULL,
    kind text NOT NULL,
    item text NOT NULL,
    since timestamptz,
    wakes_at timestamptz,
    due_on date,
    subject uuid,
    campaign uuid,
    root text,
    opened_sequence bigint NOT NULL DEFAULT 0,
    closed_sequence bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (organisation, kind, item)
);
CREATE INDEX step_open ON step (organisation) WHERE opened_sequence > closed_sequence;

-- what steps belong to: an application withdrawn, a partner stood down, a meeting held
CREATE TABLE ended (
    organisation text NOT NULL,
    root text NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (organisation, root)
);

-- who sits on a campaign's panel: those who joined it after they last left it
CREATE TABLE panel_member (
    organisation text NOT NULL,
    campaign uuid NOT NULL,
    member uuid NOT NULL,
    joined_sequence bigint NOT NULL,
    left_sequence bigint NOT NULL,
    joined_at timestamptz,
    PRIMARY KEY (organisation, campaign, member)
);

-- what a member has said of an applicant: an interest, or scores, which may be set aside again
CREATE TABLE sheet (
    organisation text NOT NULL,
    application uuid NOT NULL,
    member uuid NOT NULL,
    interested boolean NOT NULL,
    scored_sequence bigint NOT NULL,
    aside_sequence bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (organisation, application, member)
);

-- names, sealed, as each log has them
CREATE TABLE subject (
    organisation text NOT NULL,
    source text NOT NULL,
    subject uuid NOT NULL,
    name jsonb,
    sequence bigint NOT NULL,
    PRIMARY KEY (organisation, source, subject)
);

-- How a kind of step reads: whose turn it is, and which members of the opening event say whom it is about, what
-- it belongs to (as `item` below), from when on it is shown (a meeting is recorded after it, not before) and until
-- when it should be done.
CREATE TABLE kind (
    kind text PRIMARY KEY,
    turn text NOT NULL,
    subject text,
    root text[] CHECK (cardinality(root) <= 2),
    wakes_at text,
    due_on text
);

INSERT INTO kind (kind, turn, subject, root, wakes_at, due_on) VALUES
    ('publish-campaign', 'coordinator', NULL, NULL, NULL, NULL),
    ('complete-campaign', 'coordinator', NULL, NULL, NULL, NULL),
    ('admit-late-application', 'coordinator', 'application', '{application}', NULL, NULL),
    -- until the panel's scores are in it is the panel's turn (queries.sql)
    ('shortlist-applicant', 'coordinator', 'application', '{application}', NULL, NULL),
    ('offer-interview', 'coordinator', 'application', '{application}', NULL, NULL),
    ('arrange-interview', 'coordinator', 'application', '{application}', NULL, NULL),
    ('hold-interview', 'coordinator', 'application', '{application}', 'starts_at', 'starts_at'),
    ('decide-outcome', 'coordinator', 'application', '{application}', NULL, NULL),
    ('tell-applicant', 'coordinator', 'application', '{application}', NULL, NULL),
    ('open-clearance', 'coordinator', 'application', '{application}', NULL, NULL),
    ('ask-for-reference', 'coordinator', 'application', '{application}', NULL, NULL),
    ('give-reference', 'referee', 'referee', '{application}', NULL, 'remind_at'),
    ('judge-reference', 'coordinator', 'application', '{application}', NULL, NULL),
    ('decide-check', 'coordinator', 'application', '{application}', NULL, NULL),
    ('make-offer', 'coordinator', 'application', '{application}', NULL, NULL),
    ('answer-offer', 'applicant', 'application', '{application}', NULL, NULL),
    ('appoint', 'coordinator', 'application', '{application}', NULL, NULL),
    ('activate-partner', 'coordinator', 'partner', '{partner}', NULL, NULL),
    ('complete-onboarding', 'coordinator', 'partner', '{=onboarding,partner}', NULL, NULL),
    ('renew-training', 'partner', 'partner', '{partner}', NULL, 'expires_on'),
    ('repeat-training', 'partner', 'partner', '{partner}', NULL, 'expires_on'),
    ('settle-appointment', 'coordinator', 'partner', '{partner}', NULL, NULL),
    ('extend-or-end-term', 'coordinator', 'partner', '{partner}', NULL, 'ends_on'),
    ('answer-seat', 'partner', 'partner', '{partner}', NULL, NULL),
    ('answer-invitation', 'partner', 'partner', '{meeting}', NULL, 'on'),
    ('record-meeting', 'coordinator', NULL, NULL, 'ends_at', 'ends_at'),
    ('settle-overlap', 'coordinator', 'partner', '{partner}', NULL, NULL),
    ('answer-contribution', 'coordinator', 'partner', NULL, NULL, NULL),
    ('determine-payment', 'finance-preparer', 'person', NULL, NULL, NULL),
    ('approve-payment', 'finance-approver', 'person', NULL, NULL, NULL),
    ('give-bank-details', 'partner', 'person', NULL, NULL, NULL),
    ('verify-bank-details', 'finance-approver', 'person', NULL, NULL, NULL),
    ('approve-run', 'finance-approver', NULL, '{run}', NULL, 'pay_on'),
    ('send-run', 'finance-preparer', NULL, '{run}', NULL, NULL),
    ('reissue-payment', 'finance-preparer', 'person', NULL, NULL, NULL),
    ('tell-another-way', 'coordinator', 'person', '{=messages,person}', NULL, NULL);

-- What an event does: opens, closes, or closes for good a step of a kind, or ends what steps belong to (kind is
-- null). `item` names members of the event, joined by a stroke; one that begins with = is taken as it stands.
-- A rule may hold only for events whose data fit `given`. With `each` there is a step for every element of that member.
CREATE TABLE rule (
    type text NOT NULL,
    act text NOT NULL,
    kind text,
    item text[] NOT NULL CHECK (cardinality(item) <= 3),
    given jsonpath,
    each text
);

INSERT INTO rule (type, act, kind, item, given, each) VALUES
    ('CampaignDrafted', 'opens', 'publish-campaign', '{campaign}', NULL, NULL),
    ('CampaignPublished', 'closes', 'publish-campaign', '{campaign}', NULL, NULL),
    ('CampaignClosed', 'opens', 'complete-campaign', '{campaign}', NULL, NULL),
    ('CampaignCompleted', 'closes', 'complete-campaign', '{campaign}', NULL, NULL),
    ('CampaignCancelled', 'closes', 'publish-campaign', '{campaign}', NULL, NULL),
    ('CampaignCancelled', 'closes', 'complete-campaign', '{campaign}', NULL, NULL),
    ('ApplicationReceived', 'opens', 'admit-late-application', '{application}', '$.late == true', NULL),
    ('ApplicationReceived', 'opens', 'shortlist-applicant', '{application}', '$.late == false', NULL),
    ('ApplicationAdmitted', 'closes', 'admit-late-application', '{application}', NULL, NULL),
    ('ApplicationAdmitted', 'opens', 'shortlist-applicant', '{application}', NULL, NULL),
    ('ApplicationWithdrawn', 'ends', NULL, '{application}', NULL, NULL),
    ('ApplicantShortlisted', 'closes', 'shortlist-applicant', '{application}', NULL, NULL),
    ('ApplicantShortlisted', 'opens', 'offer-interview', '{application}', '$.shortlisted == true', NULL),
    ('ApplicantShortlisted', 'closes', 'offer-interview', '{application}', '$.shortlisted == false', NULL),
    ('ApplicantShortlisted', 'opens', 'decide-outcome', '{application}', '$.shortlisted == false', NULL),
    ('ApplicantShortlisted', 'closes', 'decide-outcome', '{application}', '$.shortlisted == true', NULL),
    ('InterviewOffered', 'closes', 'offer-interview', '{application}', NULL, NULL),
    ('InterviewOffered', 'opens', 'arrange-interview', '{application}', NULL, NULL),
    ('InterviewArranged', 'closes', 'arrange-interview', '{application}', NULL, NULL),
    ('InterviewArranged', 'opens', 'hold-interview', '{application}', NULL, NULL),
    ('InterviewHeld', 'closes', 'arrange-interview', '{application}', NULL, NULL),
    ('InterviewHeld', 'closes', 'hold-interview', '{application}', NULL, NULL),
    ('InterviewHeld', 'opens', 'decide-outcome', '{application}', NULL, NULL),
    ('OutcomeDecided', 'ends', NULL, '{application}', NULL, NULL),
    ('OutcomeDecided', 'opens', 'tell-applicant', '{application}', NULL, NULL),
    ('OutcomeDecided', 'opens', 'open-clearance', '{application}', '$.successful == true', NULL),
    ('ApplicantTold', 'closes', 'tell-applicant', '{application}', NULL, NULL),
    ('ClearanceOpened', 'closes', 'open-clearance', '{application}', NULL, NULL),
    ('ClearanceOpened', 'opens', 'ask-for-reference', '{application}', NULL, NULL),
    ('ClearanceOpened', 'closes', 'ask-for-reference', '{application}', '$.references_needed == 0', NULL),
    ('ClearanceOpened', 'opens', 'decide-check', '{application}', NULL, 'checks_needed'),
    ('ClearanceOpened', 'opens', 'make-offer', '{application}', NULL, NULL),
    ('ReferenceRequested', 'closes', 'ask-for-reference', '{application}', '$.still_to_ask == 0', NULL),
    -- before it was said how many are still to be asked
    ('ReferenceRequested', 'closes', 'ask-for-reference', '{application}', '!exists($.still_to_ask)', NULL),
    ('ReferenceRequested', 'opens', 'give-reference', '{reference}', NULL, NULL),
    ('ReferenceReceived', 'closes', 'give-reference', '{reference}', NULL, NULL),
    ('ReferenceReceived', 'opens', 'judge-reference', '{reference}', NULL, NULL),
    ('ReferenceJudged', 'closes', 'judge-reference', '{reference}', NULL, NULL),
    ('ReferenceJudged', 'opens', 'ask-for-reference', '{application}', '$.satisfactory == false', NULL),
    ('CheckDecided', 'closes', 'decide-check', '{application,check}', NULL, NULL),
    ('OfferMade', 'closes', 'make-offer', '{application}', NULL, NULL),
    ('OfferMade', 'opens', 'answer-offer', '{application}', NULL, NULL),
    ('OfferAccepted', 'closes', 'answer-offer', '{application}', NULL, NULL),
    ('OfferAccepted', 'opens', 'appoint', '{application}', NULL, NULL),
    ('OfferDeclined', 'ends', NULL, '{application}', NULL, NULL),
    ('ClearanceCompleted', 'ends', NULL, '{application}', NULL, NULL),

    ('PartnerWelcomed', 'opens', 'activate-partner', '{partner}', NULL, NULL),
    ('PartnerActivated', 'closes', 'activate-partner', '{partner}', NULL, NULL),
    ('PartnerActivated', 'ends', NULL, '{=onboarding,partner}', NULL, NULL),
    ('PartnerStoodDown', 'ends', NULL, '{partner}', NULL, NULL),
    ('PartnerStoodDown', 'ends', NULL, '{=onboarding,partner}', NULL, NULL),
    ('OnboardingPlanned', 'ends', NULL, '{=onboarding,partner}', NULL, NULL),
    ('OnboardingPlanned', 'opens', 'complete-onboarding', '{partner}', NULL, 'items'),
    ('OnboardingItemDone', 'closes for good', 'complete-onboarding', '{partner,item}', NULL, NULL),
    ('OnboardingItemWaived', 'closes for good', 'complete-onboarding', '{partner,item}', NULL, NULL),
    ('LeadContactNominated', 'closes for good', 'complete-onboarding', '{partner,=lead-contact}', NULL, NULL),
    ('IncomeAdviceGiven', 'closes for good', 'complete-onboarding', '{partner,=income-advice}', NULL, NULL),
    ('ConfidentialityAgreed', 'closes for good', 'complete-onboarding',
        '{partner,=confidentiality-agreement}', NULL, NULL),
    ('NolanPrinciplesAcknowledged', 'closes for good', 'complete-onboarding',
        '{partner,=nolan-principles}', NULL, NULL),
    ('InterestsDeclared', 'closes for good', 'complete-onboarding', '{partner,=interests}', NULL, NULL),
    ('AccessNeedsRecorded', 'closes for good', 'complete-onboarding', '{partner,=access-needs}', NULL, NULL),
    ('TrainingCompleted', 'closes for good', 'complete-onboarding', '{partner,=training,course}', NULL, NULL),
    ('TrainingCompleted', 'closes', 'renew-training', '{partner,course}', NULL, NULL),
    ('TrainingCompleted', 'closes', 'repeat-training', '{partner,course}', NULL, NULL),
    ('TrainingExpiring', 'opens', 'renew-training', '{partner,course}', NULL, NULL),
    ('TrainingExpired', 'closes', 'renew-training', '{partner,course}', NULL, NULL),
    ('TrainingExpired', 'opens', 'repeat-training', '{partner,course}', NULL, NULL),
    ('AppointmentSetAside', 'opens', 'settle-appointment', '{appointment}', NULL, NULL),
    ('TermStarted', 'closes', 'settle-appointment', '{appointment}', NULL, NULL),
    ('TermEnding', 'opens', 'extend-or-end-term', '{term}', NULL, NULL),
    ('TermExtended', 'closes', 'extend-or-end-term', '{term}', NULL, NULL),
    ('TermEnded', 'closes', 'extend-or-end-term', '{term}', NULL, NULL),
    ('SeatOffered', 'opens', 'answer-seat', '{seat}', NULL, NULL),
    ('SeatTaken', 'closes', 'answer-seat', '{seat}', NULL, NULL),
    ('SeatDeclined', 'closes', 'answer-seat', '{seat}', NULL, NULL),
    ('MeetingScheduled', 'opens', 'record-meeting', '{meeting}', NULL, NULL),
    ('PartnerInvited', 'opens', 'answer-invitation', '{meeting,partner}', NULL, NULL),
    ('InvitationAccepted', 'closes', 'answer-invitation', '{meeting,partner}', NULL, NULL),
    ('ApologiesSent', 'closes', 'answer-invitation', '{meeting,partner}', NULL, NULL),
    ('MeetingHeld', 'closes', 'record-meeting', '{meeting}', NULL, NULL),
    ('MeetingHeld', 'ends', NULL, '{meeting}', NULL, NULL),
    ('MeetingCancelled', 'closes', 'record-meeting', '{meeting}', NULL, NULL),
    ('MeetingCancelled', 'ends', NULL, '{meeting}', NULL, NULL),
    ('SessionEntered', 'closes', 'settle-overlap', '{partner,meeting}', '$.overlaps.size() == 0', NULL),
    ('SessionEntered', 'opens', 'settle-overlap', '{partner,meeting}', '$.overlaps.size() > 0', NULL),
    ('SessionStruckOut', 'closes', 'settle-overlap', '{partner,meeting}', NULL, NULL),
    ('ContributionRecorded', 'opens', 'answer-contribution', '{contribution}', NULL, NULL),
    ('ContributionAnswered', 'closes', 'answer-contribution', '{contribution}', NULL, NULL),

    ('PaymentUndetermined', 'opens', 'determine-payment', '{payment}', NULL, NULL),
    ('PaymentNotDue', 'closes', 'determine-payment', '{payment}', NULL, NULL),
    ('PaymentDue', 'closes', 'determine-payment', '{payment}', NULL, NULL),
    ('PaymentDue', 'opens', 'approve-payment', '{payment}', NULL, NULL),
    ('PaymentCorrected', 'opens', 'approve-payment', '{payment}', '$.unapproved_pence > 0', NULL),
    ('PaymentCorrected', 'closes', 'approve-payment', '{payment}', '$.unapproved_pence == 0', NULL),
    -- before it was said what waits for approval
    ('PaymentCorrected', 'opens', 'approve-payment', '{payment}',
        '!exists($.unapproved_pence) && $.difference_pence > $.declined_difference_pence', NULL),
    ('PaymentReduced', 'closes', 'approve-payment', '{payment}', '$.unapproved_pence == 0', NULL),
    ('PaymentApproved', 'closes', 'approve-payment', '{payment}', NULL, NULL),
    ('PaymentDeclined', 'closes', 'approve-payment', '{payment}', NULL, NULL),
    ('PaymentRejected', 'closes', 'approve-payment', '{payment}', NULL, NULL),
    ('PayeeRegistered', 'opens', 'give-bank-details', '{payee}', NULL, NULL),
    ('PayeeDetailsGiven', 'closes', 'give-bank-details', '{payee}', NULL, NULL),
    ('PayeeDetailsGiven', 'opens', 'verify-bank-details', '{payee}', NULL, NULL),
    ('PayeeDetailsVerified', 'closes', 'verify-bank-details', '{payee}', NULL, NULL),
    ('PayeeDetailsDoubted', 'opens', 'verify-bank-details', '{payee}', NULL, NULL),
    ('PaymentRunFrozen', 'opens', 'approve-run', '{run}', NULL, NULL),
    ('PaymentRunApproved', 'closes', 'approve-run', '{run}', NULL, NULL),
    ('PaymentRunApproved', 'opens', 'send-run', '{run}', NULL, NULL),
    ('PaymentRunSent', 'closes', 'send-run', '{run}', NULL, NULL),
    ('PaymentRunWithdrawn', 'ends', NULL, '{run}', NULL, NULL),
    ('RunLineReturned', 'opens', 'reissue-payment', '{run,payee}', NULL, NULL),
    ('RunLineReissued', 'closes', 'reissue-payment', '{run,payee}', NULL, NULL),

    ('MessageFailed', 'opens', 'tell-another-way', '{message}',
        '$.reason != "forgotten" && $.reason != "unreadable"', NULL),
    ('MessageSent', 'closes', 'tell-another-way', '{message}', NULL, NULL),
    -- who asked to be erased is told nothing more, by nobody
    ('ContactForgotten', 'ends', NULL, '{=messages,person}', NULL, NULL);
