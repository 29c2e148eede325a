"""How a person is reached: as they last said, until they ask to be erased."""

from dataclasses import replace

import pytest

from services.notifications.domain.contact import (
    CONTACT,
    Contact,
    ForgetContact,
    LearnContact,
)
from shared.contracts.notifications import ContactForgotten, ContactLearned
from shared.contracts.personal import Clear
from tests.rules.given import given
from tests.rules.notifications.story import PERSON

NAME, EMAIL, ADDRESS = Clear("Amara Okafor"), Clear("amara@example.org"), Clear("1 Mill Lane")
LEARN = LearnContact(PERSON, "email", "recruitment.QH8/5", NAME, EMAIL, ADDRESS)
FORGET = ForgetContact(PERSON, "recruitment.QH8/90")


def learned(source: str = "recruitment.QH8/5", case: str = "episode/1") -> ContactLearned:
    return ContactLearned(
        person=PERSON,
        case=case,
        channel="email",
        source=source,
        name=NAME,
        email=EMAIL,
        address=ADDRESS,
    )


FORGOTTEN = ContactForgotten(person=PERSON, request="recruitment.QH8/90")


def test_a_contact_is_learned_once_from_each_event() -> None:
    given(CONTACT).when(LEARN).then(learned())
    given(CONTACT, learned()).when(LEARN).then_nothing()
    given(CONTACT, learned()).when(replace(LEARN, source="recruitment.QH8/4")).then_nothing()


def test_what_is_said_later_or_elsewhere_replaces_it() -> None:
    for source in ("recruitment.QH8/6", "engagement.QH8/2"):
        given(CONTACT, learned()).when(replace(LEARN, source=source)).then(learned(source))
    later = learned("engagement.QH8/2")
    given(CONTACT, learned(), later).when(LEARN).then_nothing()


def test_without_any_address_nothing_is_learned() -> None:
    given(CONTACT).when(replace(LEARN, email=None, address=None)).then_nothing()


def test_a_forgotten_person_is_forgotten_once() -> None:
    given(CONTACT, learned()).when(FORGET).then(FORGOTTEN)
    given(CONTACT, learned(), FORGOTTEN).when(FORGET).then_nothing()
    given(CONTACT).when(FORGET).then_nothing()


def test_a_person_who_comes_back_begins_a_new_episode_under_new_keys() -> None:
    given(CONTACT, learned(), FORGOTTEN).when(LEARN).then_nothing()
    again = replace(LEARN, source="recruitment.QH8/95")
    given(CONTACT, learned(), FORGOTTEN).when(again).then(
        learned("recruitment.QH8/95", "episode/2")
    )


@pytest.mark.parametrize(
    ("channel", "email", "address", "route"),
    [
        ("email", EMAIL, ADDRESS, "email"),
        ("post", EMAIL, ADDRESS, "post"),
        ("post", EMAIL, None, "email"),
        ("email", None, ADDRESS, "post"),
        ("telephone", EMAIL, ADDRESS, "email"),
        ("sms", None, ADDRESS, "post"),
    ],
)
def test_people_are_reached_as_they_chose_or_else_as_it_is_possible(
    channel: str, email: Clear | None, address: Clear | None, route: str
) -> None:
    command = replace(LEARN, channel=channel, email=email, address=address)
    state = CONTACT.evolve(CONTACT.initial, CONTACT.decide(CONTACT.initial, command)[0])  # type: ignore[arg-type]
    assert isinstance(state, Contact)
    assert state.route == route
