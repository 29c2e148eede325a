"""What a piece of work is given: streams to read, deciders to ask, one database transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import TypeVar
from uuid import UUID

from shared.contracts.envelope import Cause, Draft, replay
from shared.contracts.event import Event
from shared.infra import log
from shared.infra.database import Connection
from shared.infra.identifiers import new_event_id
from shared.infra.orders import Claim
from shared.infra.policies import POLICY, policy_stream
from shared.infra.unit import Unit
from shared.kernel.decider import Decider, Placed
from shared.kernel.identifiers import LogName, derive
from shared.kernel.policies import PolicyVersion, in_force

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E", bound=Event)
_log = lru_cache(maxsize=1_000)(LogName)


@dataclass(slots=True)
class _Stream:
    events: list[Event]
    version: int
    written: bool = False

    def add(self, event: Event) -> int:
        self.written = True
        self.events.append(event)
        self.version += 1
        return self.version


class Transaction:
    """One decision: what it read, and the drafts it will append. No network call belongs in it.

    The work is run again when another decision came first, so it keeps nothing outside.
    """

    def __init__(
        self, unit: Unit, service: str, cause: Cause, now: datetime, claim: Claim | None = None
    ) -> None:
        self.unit = unit
        self.service = service
        self.cause = cause
        self.now = now
        self.drafts: list[Draft] = []
        self._streams: dict[tuple[str, str], _Stream] = {}
        self._claim = claim

    async def begin(self) -> Connection:
        """The connection, for what is read or written beside the log: all of it is one transaction.

        Raises AnsweredBefore when there is a command and it was answered.
        """
        connection = await self.unit.begin()
        if self._claim is not None:
            await self._claim.look(connection)
            self._claim = None
        return connection

    async def state(self, decider: Decider[S, C, E], organisation: str, stream: str) -> S:
        """What is known of a stream, this transaction's own events included."""
        found = await self._stream(organisation, stream)
        return decider.fold(found.events)  # type: ignore[arg-type]  # a stream holds one decider's events

    async def decide(
        self,
        decider: Decider[S, C, E],
        organisation: str,
        stream: str,
        command: C,
        *,
        at: datetime | None = None,
    ) -> Sequence[Event]:
        """Ask the decider and remember what it answers, to be appended; `at` is the business time.

        A `Placed` event goes to the stream it names. Answers the events, all of them.
        """
        decided = decider.decide(await self.state(decider, organisation, stream), command)
        events: list[Event] = []
        for one in decided:
            match one:
                case Placed():
                    await self.record(one.organisation, one.stream, one.event, at=at)
                    events.append(one.event)
                case _:
                    await self.record(organisation, stream, one, at=at)
                    events.append(one)
        return events

    async def record(
        self,
        organisation: str,
        stream: str,
        event: Event,
        *,
        at: datetime | None = None,
        new: bool = False,
    ) -> None:
        """Remember an event to be appended without asking anybody.

        A `new` stream, whose identifier was made just now, is not looked for in the log.
        """
        if new and (organisation, stream) not in self._streams:
            found = self._streams[organisation, stream] = _Stream([], 0)
        else:
            found = await self._stream(organisation, stream)
        self.drafts.append(
            Draft(
                log=_log(self.service, organisation),
                stream=stream,
                version=found.add(event),
                event=event,
                id=new_event_id(self.now),
                time=at or self.now,
                cause=self.cause,
            )
        )

    async def policy(self, organisation: str, kind: str, on: date) -> PolicyVersion | None:
        """The policy version in force on that business date; None when there was none yet."""
        return in_force(await self.state(POLICY, organisation, policy_stream(kind)), on)

    async def policies(self, organisation: str, kind: str) -> Sequence[PolicyVersion]:
        """Every adopted version of a policy, oldest first."""
        return await self.state(POLICY, organisation, policy_stream(kind))

    def only_read(self) -> Sequence[tuple[str, str, int]]:
        """Organisation, stream and version of what was read and not written to."""
        return [
            (organisation, stream, found.version)
            for (organisation, stream), found in self._streams.items()
            if not found.written
        ]

    def organisations(self) -> set[str]:
        """The organisations whose logs it read or will write to."""
        return {organisation for organisation, _ in self._streams}

    def derive(self, purpose: str) -> UUID:
        """The identifier of what this cause makes for `purpose`; running again makes the same."""
        return derive(self.cause.id, purpose)

    async def _stream(self, organisation: str, stream: str) -> _Stream:
        found = self._streams.get((organisation, stream))
        if found is None:
            told = [replay(body) for body in await self._read_stream(organisation, stream)]
            # not their count: an event that was lost for ever leaves a hole
            found = _Stream([event for _, event in told], told[-1][0] if told else 0)
            self._streams[organisation, stream] = found
        return found

    async def _read_stream(self, organisation: str, stream: str) -> list[str]:
        """The bodies of a stream; the first look for a command's answer costs no way of its own."""
        if self._claim is None:
            return await log.read_stream(self.unit.connection, organisation, stream)
        bodies = await self._claim.read_stream(self.unit.connection, organisation, stream)
        self._claim = None
        return bodies
