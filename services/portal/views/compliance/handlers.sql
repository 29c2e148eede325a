-- name: committee
-- A committee with its minimum and its own courses.
-- on: CommitteeConstituted
WITH constituted AS MATERIALIZED (
    SELECT * FROM kit.events($1), jsonb_to_record(data) AS fact (
        committee uuid, name text, kind text, safety_related boolean, places integer, minimum_partners integer,
        required_training jsonb, lead_contact uuid, constituted_on date
    )
), course AS (
    INSERT INTO committee_course AS kept (committee, course, organisation, required_by, sequence)
    SELECT DISTINCT ON (committee, course) committee, course, organisation, required_by, sequence
    FROM constituted, jsonb_to_recordset(required_training) AS required (course text, required_by date)
    ORDER BY committee, course, sequence DESC, required_by
    ON CONFLICT (committee, course) DO UPDATE SET
        required_by = excluded.required_by, sequence = excluded.sequence
    WHERE kept.sequence < excluded.sequence
)
INSERT INTO committee AS kept (
    committee, organisation, name, kind, safety_related, places, minimum_partners, lead_contact, constituted_on,
    sequence
)
SELECT DISTINCT ON (committee)
    committee, organisation, name, kind, safety_related, places, minimum_partners, lead_contact, constituted_on,
    sequence
FROM constituted
ORDER BY committee, sequence DESC
ON CONFLICT (committee) DO UPDATE SET
    name = excluded.name, kind = excluded.kind, safety_related = excluded.safety_related, places = excluded.places,
    minimum_partners = excluded.minimum_partners, lead_contact = excluded.lead_contact,
    constituted_on = excluded.constituted_on, sequence = excluded.sequence
WHERE kept.sequence < excluded.sequence;

-- name: seat
-- From which day to which a partner sits; each happens once to a seat.
-- on: SeatTaken SeatVacated
INSERT INTO seat AS kept (seat, organisation, committee, partner, person, valid_from, valid_to)
SELECT seat, organisation, committee, partner, person, max(taken_on), max(vacated_on)
FROM kit.events($1), jsonb_to_record(data) AS fact (
    seat uuid, committee uuid, partner uuid, person uuid, taken_on date, vacated_on date
)
GROUP BY seat, organisation, committee, partner, person
ON CONFLICT (seat) DO UPDATE SET
    valid_from = greatest(excluded.valid_from, kept.valid_from), valid_to = greatest(excluded.valid_to, kept.valid_to);

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

-- name: partner
-- The partner's newest name.
-- on: PartnerWelcomed PartnerReappointed
INSERT INTO partner AS kept (partner, organisation, name, sequence)
SELECT DISTINCT ON (partner) partner, organisation, name, sequence
FROM kit.events($1), jsonb_to_record(data) AS fact (partner uuid, name jsonb)
ORDER BY partner, sequence DESC
ON CONFLICT (partner) DO UPDATE SET name = excluded.name, sequence = excluded.sequence
WHERE kept.sequence < excluded.sequence;
