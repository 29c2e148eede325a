-- name: meeting
-- A meeting as it was last announced.
-- on: MeetingScheduled
INSERT INTO meeting AS kept (
    meeting, organisation, committee, title, "on", starts_at, ends_at, time_zone, format, venue, carries_payment,
    scheduled_sequence
)
SELECT DISTINCT ON (meeting)
    meeting, organisation, committee, title, "on", starts_at, ends_at, coalesce(time_zone, 'Europe/London'), format,
    venue, carries_payment, sequence
FROM kit.events($1), jsonb_to_record(data) AS fact (
    meeting uuid, committee uuid, title text, "on" date, starts_at timestamptz, ends_at timestamptz, time_zone text, format text,
    venue text, carries_payment boolean
)
ORDER BY meeting, sequence DESC
ON CONFLICT (meeting) DO UPDATE SET
    committee = excluded.committee, title = excluded.title, "on" = excluded."on", starts_at = excluded.starts_at,
    ends_at = excluded.ends_at, time_zone = excluded.time_zone, format = excluded.format, venue = excluded.venue,
    carries_payment = excluded.carries_payment, scheduled_sequence = excluded.scheduled_sequence
WHERE kept.scheduled_sequence IS NULL OR kept.scheduled_sequence < excluded.scheduled_sequence;

-- name: outcome
-- That a meeting was held, or called off; either happens once.
-- on: MeetingHeld MeetingCancelled
INSERT INTO meeting AS kept (meeting, organisation, held_from, held_to, cancelled_at, cancelled_because)
SELECT meeting, organisation, max(started_at), max(ended_at), max(cancelled_at), max(reason)
FROM kit.events($1), jsonb_to_record(data) AS fact (
    meeting uuid, started_at timestamptz, ended_at timestamptz, cancelled_at timestamptz, reason text
)
GROUP BY meeting, organisation
ON CONFLICT (meeting) DO UPDATE SET
    held_from = greatest(excluded.held_from, kept.held_from), held_to = greatest(excluded.held_to, kept.held_to),
    cancelled_at = greatest(excluded.cancelled_at, kept.cancelled_at),
    cancelled_because = greatest(excluded.cancelled_because, kept.cancelled_because);

-- name: invitation
-- Who is asked, and what they last answered.
-- on: PartnerInvited InvitationAccepted ApologiesSent
INSERT INTO invitation AS kept (meeting, partner, organisation, person, answer, answer_sequence)
SELECT DISTINCT ON (meeting, partner)
    meeting, partner, organisation, person,
    CASE type WHEN 'InvitationAccepted' THEN 'accepted' WHEN 'ApologiesSent' THEN 'apologies' ELSE 'invited' END,
    sequence
FROM kit.events($1), jsonb_to_record(data) AS fact (meeting uuid, partner uuid, person uuid)
ORDER BY meeting, partner, sequence DESC
ON CONFLICT (meeting, partner) DO UPDATE SET
    answer = excluded.answer, answer_sequence = excluded.answer_sequence
WHERE kept.answer_sequence IS NULL OR kept.answer_sequence < excluded.answer_sequence;

-- name: attendance
-- How long a partner was there; null when a correction says they were not.
-- on: MeetingAttended AttendanceCorrected
INSERT INTO invitation AS kept (meeting, partner, organisation, person, minutes, minutes_sequence)
SELECT DISTINCT ON (meeting, partner)
    meeting, partner, organisation, person, CASE WHEN attended IS NOT false THEN minutes END, sequence
FROM kit.events($1), jsonb_to_record(data) AS fact (meeting uuid, partner uuid, person uuid, minutes integer, attended boolean)
ORDER BY meeting, partner, sequence DESC
ON CONFLICT (meeting, partner) DO UPDATE SET
    minutes = excluded.minutes, minutes_sequence = excluded.minutes_sequence
WHERE kept.minutes_sequence IS NULL OR kept.minutes_sequence < excluded.minutes_sequence;

-- name: partner
-- The partner's newest name.
-- on: PartnerWelcomed PartnerReappointed
INSERT INTO partner AS kept (partner, organisation, name, sequence)
SELECT DISTINCT ON (partner) partner, organisation, name, sequence
FROM kit.events($1), jsonb_to_record(data) AS fact (partner uuid, name jsonb)
ORDER BY partner, sequence DESC
ON CONFLICT (partner) DO UPDATE SET name = excluded.name, sequence = excluded.sequence
WHERE kept.sequence < excluded.sequence;
