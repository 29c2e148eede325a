"""Linked identifiers and the request to erase."""

from services.recruitment.domain.person import (
    PERSON,
    LinkedWithItself,
    LinkPersons,
    RequestErasure,
    UnlinkPersons,
)
from shared.contracts.recruitment import ErasureRequested, PersonsLinked, PersonsUnlinked
from shared.kernel.decider import Placed
from tests.rules.given import given
from tests.rules.recruitment.examples import ANN, BOB, LEAD

LINKED = PersonsLinked(person=ANN, other=BOB)
UNLINKED = PersonsUnlinked(person=ANN, other=BOB)
ASKING = RequestErasure(ANN, "asked-by-the-person")
ASKED = ErasureRequested(person=ANN, reason="asked-by-the-person")


def test_a_link_stands_with_both() -> None:
    back = PersonsLinked(person=BOB, other=ANN)
    given(PERSON).when(LinkPersons(LEAD, ANN, BOB)).then(
        LINKED, Placed(LEAD, f"person/{BOB}", back)
    )


def test_linked_is_linked() -> None:
    given(PERSON, LINKED).when(LinkPersons(LEAD, ANN, BOB)).then_nothing()


def test_nobody_is_linked_with_themselves() -> None:
    given(PERSON).when(LinkPersons(LEAD, ANN, ANN)).then_refused(LinkedWithItself)


def test_a_link_is_taken_back_with_both() -> None:
    back = PersonsUnlinked(person=BOB, other=ANN)
    given(PERSON, LINKED).when(UnlinkPersons(LEAD, ANN, BOB)).then(
        UNLINKED, Placed(LEAD, f"person/{BOB}", back)
    )


def test_unlinked_is_unlinked() -> None:
    given(PERSON, LINKED, UNLINKED).when(UnlinkPersons(LEAD, ANN, BOB)).then_nothing()


def test_erasure_is_asked_for() -> None:
    given(PERSON).when(ASKING).then(ASKED)


def test_once() -> None:
    given(PERSON, ASKED).when(ASKING).then_nothing()


def test_and_again_for_an_identifier_linked_since() -> None:
    command = RequestErasure(ANN, "asked-by-the-person", frozenset({BOB}))
    asked = ErasureRequested(person=ANN, linked=(BOB,), reason="asked-by-the-person")
    given(PERSON, ASKED, LINKED).when(command).then(asked)
