"""`partners log recover`: a service's logs brought back, from the first question to the commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from shared.contracts.envelope import Recorded, read
from shared.contracts.openings import PersonalDataOpened
from shared.infra import log
from shared.infra.bus.access import BusAccess
from shared.infra.bus.handling import Reaction
from shared.infra.bus.watermarks import reached
from shared.infra.database import Connection
from shared.infra.kit import Kit
from shared.infra.provisioning import Roles
from shared.infra.recovery import asking, restoring
from shared.infra.recovery.findings import Findings
from shared.infra.recovery.restoring import Done
from shared.infra.recovery.run import Opening, Run, run_of
from shared.infra.service import Service
from shared.infra.sql import load
from shared.kernel.identifiers import LogName

_SQL = load(restoring.__file__)
_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Recovered:
    """What became of one log: it stood at `head` and stands at `end`; `lost` were kept by nobody.

    `signed` is the largest size at which it has the root the auditor signed.
    """

    log: str
    head: int
    end: int
    lost: tuple[int, ...]
    signed: int
    seen_by: str


@dataclass(frozen=True, slots=True)
class Recovery:
    """What became of a service's logs."""

    logs: tuple[Recovered, ...]
    passed_by: int
    """Events of other logs whose effects stand in these already."""
    keys_lost: int
    """Keys made since the backup: what they seal cannot be read any more."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Who is asked and believed; without `auditor`, only the topic and the consumers."""

    auditor: bool = True
    publics: Sequence[bytes] | None = None
    """The keys that sign checkpoints; else the auditor's own word is taken."""


async def recover(
    service: Service,
    kit: Kit,
    connection: Connection,
    database: str,
    organisations: Sequence[str],
    trust: Trust,
) -> Recovery:
    """Bring back what the logs of these organisations lack; all or nothing.

    `connection` may act as the database's owner and as its keeper of keys. Raises CannotRecover,
    and SourceAway when somebody who must be asked does not answer.
    """
    roles = Roles.of(database)
    runs: list[Run] = []
    found: list[Recovered] = []
    for code in sorted(organisations):
        findings = await _look(kit, connection, LogName(service.name, code), trust)
        signed = await findings.check_against_checkpoints()
        if findings.seen == findings.head:
            continue
        opening = await _opening(connection, code)
        run = run_of(findings.name, findings.head, findings.beyond, findings.seen, opening)
        runs.append(run)
        lost = tuple(run.lost)
        name = str(run.name)
        found.append(Recovered(name, run.head, run.end, lost, signed, findings.seen_by))
    if not runs:
        return Recovery((), 0, 0)
    done = await _done_before(service, kit, connection, runs)
    async with connection.transaction():
        await restoring.write(connection, roles, runs)
        now = kit.clock.now()
        await restoring.derive_again(connection, roles, runs, service.every_deadline_of, done, now)
        missing = await restoring.keys_lost(connection, roles, runs)
    return Recovery(tuple(found), len(done), missing)


async def _look(kit: Kit, connection: Connection, name: LogName, trust: Trust) -> Findings:
    head = await log.head(connection, name.organisation)
    findings = Findings(connection, name, head.sequence if head else 0)
    access, sources = BusAccess.of(kit.settings), kit.sources
    await asking.ask_topic(access, findings)
    publics = trust.publics or ()
    if trust.auditor:
        await asking.ask_auditor(sources, findings)
        publics = trust.publics or await asking.publics_of(sources, name)
    await asking.ask_checkpoints(
        access, sources if trust.auditor else None, kit.settings.installation, publics, findings
    )
    await asking.ask_consumers(sources, findings)
    return findings


async def _opening(connection: Connection, organisation: str) -> Opening | None:
    row = await connection.fetchrow(_SQL["log_stream"], organisation)
    head = await log.head(connection, organisation)
    if row is None or head is None:
        return None
    log_id = UUID(row["stream"].partition("/")[2])
    return Opening(log_id, head.recorded_at, row["version"])


async def _done_before(
    service: Service, kit: Kit, connection: Connection, runs: Sequence[Run]
) -> list[Done]:
    """What this service's reactions did, as far as its own log shows it.

    An event of ours names the event it was decided on; a recorded opening came before a decision
    and shows none.
    """
    causes = {
        event.causation_id
        for run in runs
        for event in run.whole_decisions()
        if event.type != PersonalDataOpened.__name__
    }
    reactions = service.reactions(kit)
    marks = {(mark.consumer, mark.log): mark.sequence for mark in await reached(connection)}
    done: list[Done] = []
    for reaction in reactions:
        for code in kit.organisations:
            source = LogName(reaction.source, code)
            after = marks.get((reaction.consumer, source), 0)
            done += [
                (reaction.consumer, source, event.sequence)
                for event in await _after(kit, connection, source, after, runs)
                if event.id in causes and _only(service, reaction, reactions, event)
            ]
    return done


def _only(
    service: Service, reaction: Reaction, reactions: Sequence[Reaction], event: Recorded
) -> bool:
    """Whether nothing but this reaction can have written what the event caused in our log."""
    if event.type not in reaction.handlers:
        return False
    others = [
        other
        for other in reactions
        if other is not reaction
        and other.source == reaction.source
        and event.type in other.handlers
    ]
    own = event.log.service == service.name
    return not others and not (
        own
        and service.every_deadline_of(
            event.log.organisation, event.stream, event.event(), event.time
        )
    )


async def _after(
    kit: Kit, connection: Connection, source: LogName, after: int, runs: Sequence[Run]
) -> list[Recorded]:
    """The events of a source beyond a watermark; of a log that is brought back, those too."""
    events: list[Recorded] = []
    own = source.service == kit.service
    while True:
        at = after + len(events)
        bodies = (
            await log.read(connection, source.organisation, at, _PAGE)
            if own
            else await kit.sources.read(source, at, _PAGE)
        )
        if not bodies:
            break
        events += map(read, bodies)
    back = [run.events for run in runs if run.name == source]
    return [*events, *(event for run in back for event in run if event.sequence > after)]
