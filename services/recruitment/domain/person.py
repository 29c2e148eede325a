"""A person as recruitment knows them: linked identifiers, and the request to erase them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, assert_never
from uuid import UUID

from shared.contracts.recruitment import (
    ErasureRequested,
    PersonsLinked,
    PersonsUnlinked,
    RecruitmentEvent,
)
from shared.kernel.decider import Decider, Placed, Refused

# Commands


@dataclass(frozen=True, slots=True)
class LinkPersons:
    """Two identifiers are one person; the link stands in both persons' streams."""

    organisation: str
    person: UUID
    other: UUID


@dataclass(frozen=True, slots=True)
class UnlinkPersons:
    """The two are different people after all."""

    organisation: str
    person: UUID
    other: UUID


@dataclass(frozen=True, slots=True)
class RequestErasure:
    """Have what may be destroyed of this person destroyed; `linked` are their other identifiers."""

    person: UUID
    reason: Literal["asked-by-the-person", "retention-ended", "ordered"]
    linked: frozenset[UUID] = frozenset()


Command: TypeAlias = LinkPersons | UnlinkPersons | RequestErasure


# State


@dataclass(frozen=True, slots=True)
class Person:
    """Who else this person is directly linked with, and which identifiers are to be erased."""

    linked: frozenset[UUID] = frozenset()
    erasing: frozenset[UUID] = frozenset()


Answer: TypeAlias = Sequence[RecruitmentEvent | Placed[RecruitmentEvent]]


# Rules


class LinkedWithItself(Refused):
    """A person is linked with another identifier of theirs; name two different ones."""


def decide(state: Person, command: Command) -> Answer:
    """What a command does to what is known of a person."""
    match command:
        case LinkPersons():
            return _link(state, command)
        case UnlinkPersons():
            return _unlink(state, command)
        case RequestErasure():
            return _erase(state, command)
        case _:
            assert_never(command)


def _link(state: Person, command: LinkPersons) -> Answer:
    if command.person == command.other:
        raise LinkedWithItself
    if command.other in state.linked:
        return []
    return [
        PersonsLinked(person=command.person, other=command.other),
        Placed(
            command.organisation,
            f"person/{command.other}",
            PersonsLinked(person=command.other, other=command.person),
        ),
    ]


def _unlink(state: Person, command: UnlinkPersons) -> Answer:
    if command.other not in state.linked:
        return []
    return [
        PersonsUnlinked(person=command.person, other=command.other),
        Placed(
            command.organisation,
            f"person/{command.other}",
            PersonsUnlinked(person=command.other, other=command.person),
        ),
    ]


def _erase(state: Person, command: RequestErasure) -> Answer:
    if {command.person, *command.linked} <= state.erasing:
        return []
    linked = tuple(sorted(command.linked))
    return [ErasureRequested(person=command.person, linked=linked, reason=command.reason)]


# Evolve


def evolve(state: Person, event: RecruitmentEvent) -> Person:
    """What is known of the person after this event."""
    match event:
        case PersonsLinked():
            return replace(state, linked=state.linked | {event.other})
        case PersonsUnlinked():
            return replace(state, linked=state.linked - {event.other})
        case ErasureRequested():
            return replace(state, erasing=state.erasing | {event.person, *event.linked})
        case _:
            return state


PERSON: Decider[Person, Command, RecruitmentEvent] = Decider(Person(), decide, evolve)
