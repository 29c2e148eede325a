"""Committees constituted, seats offered, taken, declined and vacated; no place given twice."""

from dataclasses import replace
from datetime import date

from services.engagement.domain.committee import (
    COMMITTEE as DECIDER,
)
from services.engagement.domain.committee import (
    CommitteePolicyMissing,
    CommitteeUnknown,
    ConstituteCommittee,
    DeclineSeat,
    NoPlaceFree,
    NoReasonForInvolvement,
    NoSeatOffered,
    NotSeated,
    OfferSeat,
    PartnerCannotBeSeated,
    SeatAlreadyTaken,
    TakeSeat,
    TooFewPlaces,
    VacatedBeforeTaken,
    VacateSeat,
)
from shared.contracts.engagement import (
    CommitteeConstituted,
    RequiredTraining,
    SeatDeclined,
    SeatOffered,
    SeatTaken,
    SeatVacated,
)
from shared.contracts.personal import Clear
from tests.rules.engagement.people import (
    COMMITTEE,
    COMMITTEE_POLICY,
    EARLIER,
    OTHER,
    OTHER_PERSON,
    PARTNER,
    PERSON,
    SEAT,
    THIRD,
    TODAY,
    active,
    inactive,
)
from tests.rules.given import given

TRAINING = (RequiredTraining(course="reading-a-safety-report", required_by=date(2024, 6, 30)),)
CONSTITUTE = ConstituteCommittee(
    committee=COMMITTEE,
    name="Quality and Safety Committee",
    kind="committee",
    safety_related=True,
    reason_for_involvement="The patient's view in every safety decision",
    role_category=4,
    places=2,
    on=EARLIER,
    policy=COMMITTEE_POLICY,
    required_training=TRAINING,
)
CONSTITUTED = CommitteeConstituted(
    committee=COMMITTEE,
    name="Quality and Safety Committee",
    kind="committee",
    safety_related=True,
    reason_for_involvement="The patient's view in every safety decision",
    role_category=4,
    places=2,
    minimum_partners=2,
    required_training=TRAINING,
    constituted_on=EARLIER,
)
OFFER = OfferSeat(SEAT, active(), TODAY)
OFFERED = SeatOffered(
    committee=COMMITTEE,
    committee_name=CONSTITUTED.name,
    seat=SEAT,
    partner=PARTNER,
    person=PERSON,
    offered_on=TODAY,
)
TAKE = TakeSeat(active(), TODAY, Clear("Sister works on the ward"))
TAKEN = SeatTaken(
    committee=COMMITTEE,
    seat=SEAT,
    partner=PARTNER,
    person=PERSON,
    taken_on=TODAY,
    conflict=Clear("Sister works on the ward"),
)
DECLINED = SeatDeclined(
    committee=COMMITTEE, seat=SEAT, partner=PARTNER, person=PERSON, declined_on=TODAY
)
VACATE = VacateSeat(PARTNER, TODAY, "own-wish", Clear("Too many papers"))
VACATED = SeatVacated(
    committee=COMMITTEE,
    seat=SEAT,
    partner=PARTNER,
    person=PERSON,
    vacated_on=TODAY,
    cause="own-wish",
    reason=Clear("Too many papers"),
)
OTHER_TAKEN = TAKEN.model_copy(
    update={"seat": OTHER, "partner": OTHER, "person": OTHER_PERSON, "conflict": None}
)


def test_a_safety_committee_must_have_two_partners_unless_it_says_otherwise() -> None:
    given(DECIDER).when(CONSTITUTE).then(CONSTITUTED)
    given(DECIDER).when(replace(CONSTITUTE, minimum_partners=1, policy=None)).then(
        CONSTITUTED.model_copy(update={"minimum_partners": 1})
    )
    given(DECIDER).when(replace(CONSTITUTE, safety_related=False)).then(
        CONSTITUTED.model_copy(update={"safety_related": False, "minimum_partners": 1})
    )


def test_a_committee_is_constituted_once() -> None:
    given(DECIDER, CONSTITUTED).when(CONSTITUTE).then_nothing()


def test_its_terms_of_reference_say_why_partners_are_involved() -> None:
    given(DECIDER).when(replace(CONSTITUTE, reason_for_involvement=" ")).then_refused(
        NoReasonForInvolvement
    )


def test_it_has_places_for_those_it_must_have() -> None:
    given(DECIDER).when(replace(CONSTITUTE, places=1)).then_refused(
        TooFewPlaces, "It must have 2 and has places for 1."
    )
    given(DECIDER).when(replace(CONSTITUTE, places=0, minimum_partners=0)).then_refused(
        TooFewPlaces
    )


def test_its_minimum_comes_from_somewhere() -> None:
    given(DECIDER).when(replace(CONSTITUTE, policy=None)).then_refused(CommitteePolicyMissing)


def test_a_seat_is_offered_and_taken() -> None:
    given(DECIDER, CONSTITUTED).when(OFFER).then(OFFERED)
    given(DECIDER, CONSTITUTED, OFFERED).when(TAKE).then(TAKEN)


def test_offered_and_taken_once() -> None:
    given(DECIDER, CONSTITUTED, OFFERED).when(OFFER).then_nothing()
    given(DECIDER, CONSTITUTED, OFFERED, TAKEN).when(OFFER).then_nothing()
    given(DECIDER, CONSTITUTED, OFFERED, TAKEN).when(TAKE).then_nothing()


def test_there_are_no_seats_without_a_committee() -> None:
    for command in (OFFER, TAKE, DeclineSeat(PARTNER, TODAY), VACATE):
        given(DECIDER).when(command).then_refused(CommitteeUnknown)


def test_only_an_active_partner_is_seated() -> None:
    given(DECIDER, CONSTITUTED).when(replace(OFFER, partner=inactive())).then_refused(
        PartnerCannotBeSeated
    )
    given(DECIDER, CONSTITUTED, OFFERED).when(replace(TAKE, partner=inactive())).then_refused(
        PartnerCannotBeSeated
    )


def test_the_last_seat_is_not_given_twice() -> None:
    third = replace(OFFER, partner=active(THIRD, THIRD))
    full = given(DECIDER, CONSTITUTED, OFFERED, OTHER_TAKEN)
    full.when(third).then_refused(NoPlaceFree, "There are 2 places.")
    offered = OFFERED.model_copy(update={"partner": THIRD, "person": THIRD})
    given(DECIDER, CONSTITUTED, OTHER_TAKEN, OFFERED, DECLINED).when(third).then(offered)
    given(DECIDER, CONSTITUTED, OTHER_TAKEN, TAKEN, VACATED).when(third).then(offered)


def test_only_an_offered_seat_is_taken() -> None:
    given(DECIDER, CONSTITUTED).when(TAKE).then_refused(NoSeatOffered)
    given(DECIDER, CONSTITUTED, OFFERED, DECLINED).when(TAKE).then_refused(NoSeatOffered)
    given(DECIDER, CONSTITUTED, OFFERED, TAKEN, VACATED).when(TAKE).then_refused(NoSeatOffered)


def test_an_offer_is_declined_once_and_a_taken_seat_not() -> None:
    decline = DeclineSeat(PARTNER, TODAY)
    given(DECIDER, CONSTITUTED, OFFERED).when(decline).then(DECLINED)
    given(DECIDER, CONSTITUTED, OFFERED, DECLINED).when(decline).then_nothing()
    given(DECIDER, CONSTITUTED, OFFERED, TAKEN).when(decline).then_refused(SeatAlreadyTaken)
    given(DECIDER, CONSTITUTED).when(decline).then_refused(NoSeatOffered)


def test_a_seat_is_vacated_by_who_sits_on_it() -> None:
    given(DECIDER, CONSTITUTED, OFFERED, TAKEN).when(VACATE).then(VACATED)
    given(DECIDER, CONSTITUTED, OFFERED, TAKEN, VACATED).when(VACATE).then_nothing()
    given(DECIDER, CONSTITUTED, OFFERED).when(VACATE).then_refused(NotSeated)


def test_a_seat_is_not_vacated_before_it_was_taken() -> None:
    given(DECIDER, CONSTITUTED, OFFERED, TAKEN).when(replace(VACATE, on=EARLIER)).then_refused(
        VacatedBeforeTaken, "It was taken on 2024-04-15."
    )
