"""A payee: whom the organisation pays, and the bank details a second person has checked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, assert_never
from uuid import UUID

from services.payments.domain import people
from shared.contracts.payments import (
    PayeeDetailsDoubted,
    PayeeDetailsGiven,
    PayeeDetailsVerified,
    PayeeParticularsChanged,
    PayeeRegistered,
    PayeeSignInLinked,
)
from shared.contracts.personal import Clear
from shared.kernel.decider import Decider, Refused
from shared.kernel.identifiers import Position, derive

# --- commands


@dataclass(frozen=True, slots=True)
class RegisterPayee:
    """Somebody is a partner this organisation pays; `source` is the position that says so."""

    payee: UUID
    person: UUID
    contact_channel: str
    source: str
    name: Clear | None = None
    email: Clear | None = None
    address: Clear | None = None


@dataclass(frozen=True, slots=True)
class GiveDetails:
    """Bank details; `account` is an object of account_name, sort_code and account_number."""

    account: Clear
    by: str


@dataclass(frozen=True, slots=True)
class VerifyDetails:
    """A second person has checked the details of this number."""

    number: int
    by: str


@dataclass(frozen=True, slots=True)
class DoubtDetails:
    """The bank or somebody else says that the details are wrong."""

    reason: str


@dataclass(frozen=True, slots=True)
class LinkSignIn:
    """The payee signs in as this identity of the directory."""

    identity: UUID
    by: str


Command: TypeAlias = RegisterPayee | GiveDetails | VerifyDetails | DoubtDetails | LinkSignIn
Event: TypeAlias = (
    PayeeRegistered
    | PayeeParticularsChanged
    | PayeeDetailsGiven
    | PayeeDetailsVerified
    | PayeeDetailsDoubted
    | PayeeSignInLinked
)

# --- state


@dataclass(frozen=True, slots=True)
class Unregistered:
    """Nobody is known here."""


@dataclass(frozen=True, slots=True)
class Payee:
    """`number` counts the details given; `source` is the last position that told of the payee."""

    payee: UUID
    person: UUID
    source: str
    number: int = 0
    details: Literal["none", "given", "verified", "doubted"] = "none"
    given_by: str = ""
    identities: frozenset[UUID] = frozenset()

    @property
    def payable_to(self) -> int | None:
        """The number of the details that may be paid to."""
        return self.number if self.details == "verified" else None


State: TypeAlias = Unregistered | Payee
UNREGISTERED: Final = Unregistered()


def payee_of(person: UUID, payer: str) -> UUID:
    """The payee a person is at the organisation that pays them."""
    return derive(person, f"payee of {payer}")


# --- rules


class PayeeUnknown(Refused):
    """Bank details belong to a partner; wait until this one has been welcomed by the host."""


class NoSuchDetails(Refused):
    """Only the bank details given last can be verified; look at them again."""


class GiverCannotVerify(Refused):
    """Bank details are verified by somebody other than whoever entered them; ask a colleague."""


class PayeeCannotVerify(Refused):
    """Nobody verifies their own bank details; ask a colleague."""


def decide(state: State, command: Command) -> Sequence[Event]:
    """What happens to the payee."""
    match command:
        case RegisterPayee():
            return _register(state, command)
        case GiveDetails():
            return _give(_known(state), command)
        case VerifyDetails():
            return _verify(_known(state), command)
        case DoubtDetails():
            return _doubt(_known(state), command)
        case LinkSignIn():
            return _link(_known(state), command)
        case _:
            assert_never(command)


def _known(state: State) -> Payee:
    if not isinstance(state, Payee):
        raise PayeeUnknown
    return state


def _register(state: State, command: RegisterPayee) -> Sequence[Event]:
    particulars = {
        "payee": command.payee,
        "person": command.person,
        "contact_channel": command.contact_channel,
        "source": command.source,
        "name": command.name,
        "email": command.email,
        "address": command.address,
    }
    if isinstance(state, Unregistered):
        return [PayeeRegistered.model_validate(particulars)]
    if not _is_news(command.source, state.source):
        return []
    return [PayeeParticularsChanged.model_validate(particulars)]


def _is_news(source: str, known: str) -> bool:
    """Another organisation's word is always news; of one log only what stands later."""
    told, before = Position.parse(source), Position.parse(known)
    return told.log != before.log or told.sequence > before.sequence


def _give(state: Payee, command: GiveDetails) -> Sequence[Event]:
    return [
        PayeeDetailsGiven(
            payee=state.payee,
            person=state.person,
            number=state.number + 1,
            account=command.account,
            given_by=command.by,
        )
    ]


def _verify(state: Payee, command: VerifyDetails) -> Sequence[Event]:
    if command.number != state.number or state.details == "none":
        raise NoSuchDetails
    if people.same(command.by, state.given_by):
        raise GiverCannotVerify
    if people.is_one_of(command.by, state.identities | {state.person}):
        raise PayeeCannotVerify
    if state.details == "verified":
        return []
    return [
        PayeeDetailsVerified(
            payee=state.payee, person=state.person, number=state.number, verified_by=command.by
        )
    ]


def _doubt(state: Payee, command: DoubtDetails) -> Sequence[Event]:
    if state.details not in ("given", "verified"):
        return []
    return [
        PayeeDetailsDoubted(
            payee=state.payee, person=state.person, number=state.number, reason=command.reason
        )
    ]


def _link(state: Payee, command: LinkSignIn) -> Sequence[Event]:
    if command.identity in state.identities:
        return []
    return [
        PayeeSignInLinked(
            payee=state.payee,
            person=state.person,
            identity=command.identity,
            linked_by=command.by,
        )
    ]


# --- evolve


def evolve(state: State, event: Event) -> State:
    """The payee after this event."""
    if isinstance(event, PayeeRegistered):
        return Payee(event.payee, event.person, event.source)
    if isinstance(state, Unregistered):
        return state
    match event:
        case PayeeParticularsChanged():
            after = replace(state, source=event.source)
        case PayeeDetailsGiven():
            after = replace(state, number=event.number, details="given", given_by=event.given_by)
        case PayeeDetailsVerified():
            after = replace(state, details="verified")
        case PayeeDetailsDoubted():
            after = replace(state, details="doubted")
        case PayeeSignInLinked():
            after = replace(state, identities=state.identities | {event.identity})
        case _:
            assert_never(event)
    return after


PAYEE: Decider[State, Command, Event] = Decider(UNREGISTERED, decide, evolve)
