-- name: committees
-- Every committee on a day: partners seated, how many hold all its courses, how many lack one that is overdue;
-- whether that is enough, and if not, since which day it has not been.
-- $1 organisations, $2 the day
WITH chosen AS (
    SELECT * FROM committee WHERE organisation = ANY ($1) AND constituted_on <= $2
), day AS (
    -- the days on which an answer may change, and the day asked about
    SELECT committee, constituted_on AS day FROM chosen
    UNION SELECT committee, $2 FROM chosen
    UNION SELECT committee, valid_from FROM seat JOIN chosen USING (committee)
    UNION SELECT committee, valid_to FROM seat JOIN chosen USING (committee)
    UNION SELECT committee, required_by + 1 FROM committee_course JOIN chosen USING (committee)
    UNION SELECT seat.committee, changed.day
    FROM seat JOIN chosen USING (committee)
    JOIN committee_course USING (committee)
    JOIN training ON training.partner = seat.partner AND training.course = committee_course.course
    CROSS JOIN LATERAL (VALUES (training.completed_on), (training.expires_on + 1)) AS changed (day)
), seated AS (
    SELECT chosen.committee, day.day, seat.partner, lacking.courses, lacking.overdue
    FROM chosen JOIN day USING (committee)
    LEFT JOIN seat ON seat.committee = chosen.committee
        AND seat.valid_from <= day.day AND (seat.valid_to IS NULL OR day.day < seat.valid_to)
    LEFT JOIN LATERAL (
        SELECT count(*) AS courses, count(*) FILTER (WHERE required.required_by < day.day) AS overdue
        FROM committee_course AS required
        WHERE required.committee = chosen.committee AND NOT EXISTS (
            SELECT FROM training
            WHERE training.partner = seat.partner AND training.course = required.course
                AND training.completed_on <= day.day
                AND (training.expires_on IS NULL OR day.day <= training.expires_on)
        )
    ) AS lacking ON seat.partner IS NOT NULL
    WHERE day.day BETWEEN chosen.constituted_on AND $2
), counted AS (
    SELECT seated.committee, seated.day, count(partner) AS seated,
        count(*) FILTER (WHERE courses = 0) AS trained,
        count(*) FILTER (WHERE overdue > 0) AS overdue,
        count(*) FILTER (WHERE overdue = 0) >= min(chosen.minimum_partners) AS enough
    FROM seated JOIN chosen USING (committee)
    GROUP BY seated.committee, seated.day
)
SELECT chosen.organisation, chosen.committee, chosen.name, chosen.kind, chosen.safety_related, chosen.places,
    chosen.minimum_partners, today.seated, today.trained, today.overdue, today.enough,
    CASE WHEN NOT today.enough THEN (
        SELECT min(counted.day) FROM counted
        WHERE counted.committee = chosen.committee AND counted.day > coalesce(
            (SELECT max(good.day) FROM counted AS good WHERE good.committee = chosen.committee AND good.enough),
            '-infinity'
        )
    ) END AS not_since
FROM chosen JOIN counted AS today ON today.committee = chosen.committee AND today.day = $2
ORDER BY chosen.organisation, chosen.name, chosen.committee;

-- name: members
-- Who sits on each committee on a day, and which of its courses each lacks; name is sealed.
-- $1 organisation, $2 the day
SELECT seat.committee, seat.partner, seat.person, partner.name, seat.valid_from AS seated_on,
    coalesce((
        SELECT array_agg(required.course ORDER BY required.course)
        FROM committee_course AS required
        WHERE required.committee = seat.committee AND NOT EXISTS (
            SELECT FROM training
            WHERE training.partner = seat.partner AND training.course = required.course
                AND training.completed_on <= $2 AND (training.expires_on IS NULL OR $2 <= training.expires_on)
        )
    ), '{}') AS courses_lacking
FROM seat LEFT JOIN partner USING (partner)
WHERE seat.organisation = $1 AND seat.valid_from <= $2 AND (seat.valid_to IS NULL OR $2 < seat.valid_to)
ORDER BY seat.committee, seat.valid_from, seat.partner;
