"""The scenario language itself: it fails where a rule does not answer as told."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from shared.kernel.decider import Decider, Placed, Refused
from tests.rules.given import given


@dataclass(frozen=True, slots=True)
class Switch:
    on: bool


@dataclass(frozen=True, slots=True)
class Switched:
    on: bool


class Stuck(Refused):
    """A switch that is on stays on."""


class Broken(Refused):
    """A broken switch does nothing."""


def _decide(state: bool, command: Switch) -> Sequence[Switched | Placed[Switched]]:
    if state and not command.on:
        raise Stuck("Leave it on.")
    return [] if command.on == state else [Switched(command.on)]


SWITCH: Decider[bool, Switch, Switched] = Decider(False, _decide, lambda _, event: event.on)


def test_yes_answers_the_state_after() -> None:
    assert given(SWITCH).when(Switch(on=True)).then(Switched(on=True)) is True


def test_quiet() -> None:
    given(SWITCH, Switched(on=True)).when(Switch(on=True)).then_nothing()


def test_no_with_its_sentence() -> None:
    no = given(SWITCH, Switched(on=True)).when(Switch(on=False))
    no.then_refused(Stuck, "stays on. Leave it on.")


def test_other_answers_fail() -> None:
    yes = given(SWITCH).when(Switch(on=True))
    no = given(SWITCH, Switched(on=True)).when(Switch(on=False))
    with pytest.raises(AssertionError):
        yes.then(Switched(on=False))
    with pytest.raises(AssertionError):
        yes.then_nothing()
    with pytest.raises(AssertionError, match="should have refused"):
        yes.then_refused(Stuck)
    with pytest.raises(AssertionError, match="Refused by Stuck"):
        no.then_refused(Broken)
    with pytest.raises(AssertionError):
        no.then_refused(Stuck, "another sentence")
    with pytest.raises(Stuck):
        no.then_nothing()
