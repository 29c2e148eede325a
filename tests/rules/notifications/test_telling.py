"""Which event tells whom what, in words that can be read."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from services.notifications.domain.contacts import CONTACTS, contact_in, personal_fields
from services.notifications.domain.telling import TELLINGS, Said, Telling, tellings
from services.notifications.domain.text import Text, TextUnusable, placeholders, write
from services.notifications.domain.wording import clock_time, day, from_to, moment, title
from services.notifications.texts import texts
from shared.contracts import engagement, payments, recruitment
from shared.contracts.event import Event
from shared.contracts.personal import Clear
from tests.rules.notifications.story import NAMES, NOW, OTHER, PARTNER, PERSON, REFEREE, THING
from tests.rules.payments.story import PAYEE, due, explanation

NAME = Clear("Amara Okafor")
ON = date(2024, 3, 4)
STARTS, ENDS = datetime(2024, 3, 4, 10, tzinfo=UTC), datetime(2024, 3, 4, 12, 30, tzinfo=UTC)


def received(*, late: bool = False) -> recruitment.ApplicationReceived:
    return recruitment.ApplicationReceived(
        application=THING,
        campaign=OTHER,
        lead="QH8",
        person=PERSON,
        opportunities=(THING,),
        channel="online",
        received_at=NOW,
        late=late,
        name=NAME,
        contact_channel="email",
        answers=Clear([]),
    )


def outcome(*, successful: bool, reserve: bool = False) -> recruitment.OutcomeDecided:
    return recruitment.OutcomeDecided(
        application=THING,
        campaign=OTHER,
        person=PERSON,
        decision=1,
        successful=successful,
        next_steps="We will ask for two references." if successful else "",
        reserve_until=date(2024, 8, 6) if reserve else None,
    )


def appointed(*, carries_payment: bool = True) -> recruitment.PartnerAppointed:
    return recruitment.PartnerAppointed(
        appointment=THING,
        person=PERSON,
        campaign=OTHER,
        application=OTHER,
        opportunity=OTHER,
        lead="QH8",
        host="RAJ",
        payer="QH8",
        role_family="patient-safety-partner",
        carries_payment=carries_payment,
        term_starts_on=date(2024, 4, 1),
        term_ends_on=date(2025, 9, 30),
        lead_contact=OTHER,
        name=NAME,
        contact_channel="email",
    )


def requested() -> recruitment.ReferenceRequested:
    return recruitment.ReferenceRequested(
        reference=THING,
        application=OTHER,
        person=PERSON,
        referee=REFEREE,
        referee_name=Clear("Bola Adeyemi"),
        applicant_name=NAME,
        remind_at=NOW,
    )


def invited(*, carries_payment: bool = True) -> engagement.PartnerInvited:
    return engagement.PartnerInvited(
        meeting=THING,
        committee=None,
        partner=PARTNER,
        person=PERSON,
        payer="QH8",
        title="Quality and Safety Committee",
        on=ON,
        starts_at=STARTS,
        ends_at=ENDS,
        format="face-to-face",
        venue="Room 2, Broomfield",
        access_notes="Step-free from the main entrance",
        carries_payment=carries_payment,
    )


def corrected(difference: int, declined: int = 0) -> payments.PaymentCorrected:
    return payments.PaymentCorrected(
        payment=THING,
        person=PERSON,
        difference_pence=difference,
        declined_difference_pence=declined,
        amount_pence=7_500,
        explanation=explanation(),
    )


def seat_offered(name: str | None = "Quality and Safety Committee") -> engagement.SeatOffered:
    return engagement.SeatOffered(
        committee=OTHER,
        committee_name=name,
        seat=THING,
        partner=PARTNER,
        person=PERSON,
        offered_on=ON,
    )


def extended() -> engagement.TermExtended:
    return engagement.TermExtended(
        term=THING,
        partner=PARTNER,
        person=PERSON,
        previous_ends_on=date(2025, 9, 30),
        ends_on=date(2026, 3, 31),
        reason=Clear("The programme goes on."),
        policy_version=1,
    )


def reissued() -> payments.RunLineReissued:
    return payments.RunLineReissued(
        run=THING, payee=PAYEE, person=PERSON, amount_pence=15_000, reissued_by="finance-preparer/x"
    )


def offer_declined() -> recruitment.OfferDeclined:
    return recruitment.OfferDeclined(application=THING, campaign=OTHER, person=PERSON)


def details(number: int) -> payments.PayeeDetailsGiven:
    return payments.PayeeDetailsGiven(
        payee=PAYEE, person=PERSON, number=number, account=Clear({}), given_by="partner/x"
    )


def told(event: Event, opened: Mapping[str, str] | None = None) -> list[Telling]:
    return list(tellings(Said(event, opened or {}, NAMES)))


def text_of(telling: Telling, name: str | None = "Amara Okafor") -> Text:
    template = texts().by_reference[texts().current(telling.template)]
    facts = {**telling.facts, "organisation": "NHS Mid and South Essex ICB"}
    return write(template, facts, name)


@pytest.mark.parametrize(
    ("event", "kind", "template"),
    [
        (received(), "acknowledgement", "acknowledgement"),
        (received(late=True), "acknowledgement", "acknowledgement-late"),
        (outcome(successful=True), "outcome", "outcome-successful"),
        (outcome(successful=False), "outcome", "outcome-unsuccessful"),
        (outcome(successful=False, reserve=True), "outcome", "outcome-reserve"),
        (appointed(), "appointment", "appointment"),
        (appointed(carries_payment=False), "appointment", "appointment-expenses"),
        (invited(), "meeting-invitation", "meeting-invitation"),
        (corrected(7_500), "payment-corrected", "payment-corrected"),
        (details(2), "bank-details-changed", "bank-details-changed"),
        (seat_offered(), "seat-offer", "seat-offer"),
        (extended(), "term-extended", "term-extended"),
        (reissued(), "payment-reissued", "payment-reissued"),
        (offer_declined(), "offer-declined", "offer-declined"),
    ],
)
def test_the_person_is_told_in_the_fitting_words(event: Event, kind: str, template: str) -> None:
    (telling,) = told(event)
    assert (telling.kind, telling.person, telling.template) == (kind, PERSON, template)


def test_an_offered_seat_names_its_committee() -> None:
    (telling,) = told(seat_offered())
    assert text_of(telling).subject == "A seat on Quality and Safety Committee"
    (before_names_were_in_it,) = told(seat_offered(None))
    assert text_of(before_names_were_in_it).subject == "A seat on a committee"


def test_what_tells_nobody_anything_tells_nobody() -> None:
    assert told(details(1)) == []
    # a correction of what was declined changes nothing for the partner
    assert told(corrected(-7_500, -7_500)) == []
    assert told(recruitment.CampaignOpened(campaign=THING)) == []


def test_a_referee_is_asked_in_the_applicants_name() -> None:
    (telling,) = told(requested(), {"applicant_name": "Amara Okafor"})
    assert (telling.kind, telling.person) == ("reference-request", REFEREE)
    text = text_of(telling, "Bola Adeyemi")
    assert text.body.startswith("Dear Bola Adeyemi,\n\nAmara Okafor has applied")


def test_everybody_expected_hears_of_a_cancelled_meeting() -> None:
    expected = [
        engagement.ExpectedPartner(
            partner=PARTNER, person=who, payer="QH8", carries_payment=True, accepted=True
        )
        for who in (PERSON, OTHER)
    ]
    event = engagement.MeetingCancelled(
        meeting=THING,
        committee=None,
        on=ON,
        starts_at=STARTS,
        minutes=150,
        cancelled_at=NOW,
        reason="The chair is ill.",
        role_category=4,
        activity_kind="committee-meeting",
        carries_payment=True,
        expected=tuple(expected),
    )
    assert [telling.person for telling in told(event)] == [PERSON, OTHER]


def test_an_appointment_carries_the_income_notice() -> None:
    text = text_of(told(appointed())[0])
    assert text.subject == "You are appointed as Patient Safety Partner"
    body = " ".join(text.body.split())
    for part in (
        "Mid and South Essex NHS Foundation Trust",
        "begins on Monday 1 April 2024 and ends on Tuesday 30 September 2025",
        "the Job Centre and insurance companies see involvement payments as income",
        "We have a duty to tell you this. We cannot advise you.",
        "Please take independent advice before you accept a payment",
        "You can decline a payment, or take less",
        "This is not a contract of employment.",
    ):
        assert part in body


def test_expenses_only_come_without_the_income_notice() -> None:
    text = text_of(told(appointed(carries_payment=False))[0])
    assert "as income" not in text.body
    assert "Money you get back for expenses is not income." in text.body


def test_the_successful_hear_the_next_steps() -> None:
    text = text_of(told(outcome(successful=True))[0])
    assert "What happens next\n\nWe will ask for two references." in text.body


def test_an_invitation_says_when_where_and_whether_it_is_paid() -> None:
    body = text_of(told(invited())[0]).body
    assert "Monday 4 March 2024, 10am to 12.30pm" in body
    assert "How: face to face\nWhere: Room 2, Broomfield\nAccess: Step-free" in body
    assert "This meeting carries an involvement payment." in body
    unpaid = text_of(told(invited(carries_payment=False))[0]).body
    assert "This meeting pays expenses only." in unpaid


def test_a_payment_comes_with_its_explanation() -> None:
    (telling,) = told(due())
    text = text_of(telling)
    assert text.subject == "A payment of £75.00 is due to you"
    assert "On 4 March 2024, 2 hours is a half day: £75.00." in text.body
    assert "£75.00 less than before" in text_of(told(corrected(-7_500))[0]).body


def test_every_template_that_is_named_exists_and_gets_every_fact_it_needs() -> None:
    for event, names in _named_templates().items():
        for name, facts in names.items():
            needed = placeholders(texts().by_reference[texts().current(name)])
            assert needed <= facts | {"greeting", "organisation"}, f"{event}: {name}"


def test_no_template_is_left_over() -> None:
    used = {name for names in _named_templates().values() for name in names}
    assert set(texts().names()) == used


@pytest.mark.parametrize("reference", sorted(texts().by_reference))
def test_templates_are_plain_and_name_nobody(reference: str) -> None:
    template = texts().by_reference[reference]
    assert template.startswith("Subject: ")
    assert "\n\n$greeting\n\n" in template
    assert template.endswith("With kind regards\n$organisation\n")
    assert "@" not in template
    assert not any(character.isdigit() for character in template)
    assert "$organisation" in template


def test_a_greeting_without_a_name_is_still_one() -> None:
    template = "Subject: Hello\n\n$greeting\n\nWe have $what."
    assert write(template, {"what": "it"}, None).body == "Hello,\n\nWe have it.\n"
    assert write(template, {"what": "it"}, " ").body.startswith("Hello,")
    assert write(template, {"what": "it"}, "A\nB").body.startswith("Dear A B,")


def test_a_subject_is_one_line_whatever_the_facts() -> None:
    text = write("Subject: About $what\n\nBody", {"what": "this\r\nBcc: all@example.org"}, None)
    assert text.subject == "About this Bcc: all@example.org"


@pytest.mark.parametrize(
    "template", ["No subject\n\nBody", "Subject: Only", "Subject: A\n\n$missing", "Subject: A\n\n$"]
)
def test_a_template_that_does_not_fit_is_said_to(template: str) -> None:
    with pytest.raises(TextUnusable):
        write(template, {}, None)


def test_contacts_are_found_where_events_have_them() -> None:
    opened = {"referee_name": "Bola Adeyemi", "referee_email": "bola@example.org"}
    learned = contact_in(requested(), opened, "recruitment.QH8/7")
    assert learned is not None
    assert (learned.person, learned.channel) == (REFEREE, "email")
    assert (learned.name, learned.address) == (Clear("Bola Adeyemi"), None)
    assert contact_in(outcome(successful=True), {}, "recruitment.QH8/8") is None


def test_only_what_a_message_needs_is_opened() -> None:
    assert personal_fields(received()) == {"name", "email", "address"}
    assert personal_fields(outcome(successful=True)) == frozenset()
    assert "applicant_name" in personal_fields(requested())


def test_fields_named_for_contacts_are_there() -> None:
    for event, fields in CONTACTS.items():
        named = {fields.person, fields.name, fields.email, fields.address}
        assert named | ({fields.channel} if fields.channel else set()) <= set(event.model_fields)


def test_moments_read_as_people_say_them() -> None:
    assert moment(NOW) == "5pm on Tuesday 6 February 2024"
    assert clock_time(datetime(2024, 7, 1, 8, 5, tzinfo=UTC)) == "9.05am"
    assert clock_time(datetime(2024, 1, 1, 0, 0, tzinfo=UTC)) == "12am"
    assert clock_time(datetime(2024, 1, 1, 12, 30, tzinfo=UTC)) == "12.30pm"
    assert from_to(STARTS, ENDS) == "Monday 4 March 2024, 10am to 12.30pm"
    assert day(ON) == "Monday 4 March 2024"
    assert title("patient-safety-partner") == "Patient Safety Partner"


def _named_templates() -> dict[str, dict[str, set[str]]]:
    """The templates each event names, with the facts it gives, over both sides of every choice."""
    events = [_filled(one, choice=choice) for one in TELLINGS for choice in (False, True)]
    found: dict[str, dict[str, set[str]]] = {}
    for event in (*events, outcome(successful=True), corrected(7_500)):
        named = found.setdefault(type(event).__name__, {})
        named |= {telling.template: set(telling.facts) for telling in told(event)}
    assert len(found) == len(TELLINGS)
    return found


def _filled(model: type[BaseModel], *, choice: bool) -> Any:
    """An event with something in every field; optional ones only where `choice` is true."""
    values: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        values[name] = _value(name, str(field.annotation), choice=choice)
    if model is recruitment.OutcomeDecided:
        values["successful"] = False
    return model.model_construct(**values)


def _value(name: str, annotation: str, *, choice: bool) -> Any:
    if "None" in annotation and not choice:
        return None
    if "ExpectedPartner" in annotation:
        return (_filled(engagement.ExpectedPartner, choice=choice),)
    for kind, value in {
        "bool": choice,
        "Explanation": explanation(),
        "UUID": UUID(int=1),
        "datetime.datetime": NOW,
        "datetime.date": ON,
        "int": 2 if choice else 3,
    }.items():
        if kind in annotation:
            return value
    return f"a-{name}".replace("_", "-")
