"""Asks everybody who may have seen a log beyond its database: topic, auditor, consumers."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from aiokafka import ConsumerRecord

from shared.contracts.envelope import Malformed, Recorded, read
from shared.infra.bus.access import BusAccess
from shared.infra.bus.reading import CHUNK, TopicReader
from shared.infra.bus.sources import LARGEST_PAGE, Sources
from shared.infra.bus.topics import make_topics
from shared.infra.recovery.findings import CannotRecover, Findings
from shared.infra.signing import MalformedNote, NotSigned, VerifyingKey, read_signed_by
from shared.kernel.checkpoint import TOPIC, origin
from shared.kernel.identifiers import SERVICES, LogName

_COPY: Final = "the auditor's copy"


async def ask_topic(access: BusAccess, findings: Findings) -> None:
    """Every well-formed event of this log on its topic; nothing where the bus lost it."""
    events: list[Recorded] = []
    async for record in _records(access, str(findings.name)):
        event = _own(record.value, findings.name)
        if event is not None:
            events.append(event)
        if len(events) == CHUNK:
            await findings.take(events, "the topic")
            events = []
    await findings.take(events, "the topic")


async def ask_auditor(sources: Sources, findings: Findings) -> None:
    """The auditor's whole copy of this log. Raises SourceAway."""
    at = 0
    while bodies := await sources.copied(findings.name, at, LARGEST_PAGE):
        events = [_numbered(body, number, findings) for number, body in enumerate(bodies, at + 1)]
        await findings.take(events, _COPY)
        at += len(bodies)


async def ask_checkpoints(
    access: BusAccess,
    sources: Sources | None,
    installation: str,
    publics: Sequence[bytes],
    findings: Findings,
) -> None:
    """Every checkpoint signed over this log, kept by the auditor or published."""
    ours = origin(installation, findings.name)
    notes = [] if sources is None else await _kept_notes(sources, findings.name)
    async for record in _records(access, TOPIC):
        notes.append((record.value or b"").decode(errors="replace"))
    for note in notes:
        try:
            checkpoint, _ = read_signed_by(note, publics)
        except (MalformedNote, NotSigned):
            # whoever may write to the topic may put anything there
            continue
        if checkpoint.origin == ours:
            findings.signed(checkpoint)


async def publics_of(sources: Sources, name: LogName) -> list[bytes]:
    """The public keys that sign this log's checkpoints, on the auditor's own word."""
    path = f"/organisations/{name.organisation}/verifier-keys"
    reply = await sources.get("audit", name.organisation, path, {"service": name.service})
    return [VerifyingKey.parse(key).public for key in reply.json()] if reply else []


async def ask_consumers(sources: Sources, findings: Findings) -> None:
    """How far every other service has read this log. Raises SourceAway."""
    name = findings.name
    for service in SERVICES:
        if service == name.service or not sources.knows(service, name.organisation):
            continue
        reply = await sources.get(service, name.organisation, "/operations", {"counts": "false"})
        for each in reply.json()["consumers"] if reply else []:
            if each["log"] == str(name):
                findings.saw(each["watermark"], each["consumer"])


async def _kept_notes(sources: Sources, name: LogName) -> list[str]:
    notes: list[str] = []
    after = 0
    path = f"/organisations/{name.organisation}/checkpoints"
    while True:
        query = {"service": name.service, "after": str(after), "limit": str(LARGEST_PAGE)}
        reply = await sources.get("audit", name.organisation, path, query)
        page = reply.json() if reply else []
        if not page:
            return notes
        notes += [found["note"] for found in page]
        after = page[-1]["size"]


async def _records(access: BusAccess, topic: str) -> AsyncIterator[ConsumerRecord]:
    await make_topics(access, [topic])
    async with TopicReader(access, [topic]) as reader:
        last = (await reader.last(await reader.ends())).get(topic)
        if last is None:
            return
        async for record in reader.forwards(topic, await reader.beginning(topic), last.offset + 1):
            yield record


def _own(value: bytes | None, name: LogName) -> Recorded | None:
    try:
        event = read(value or b"")
    except Malformed:
        return None
    return event if event.log == name else None


def _numbered(body: str, number: int, findings: Findings) -> Recorded:
    try:
        event = read(body)
    except Malformed as error:
        raise CannotRecover(f"{findings.name}/{number} in {_COPY}: {error}") from None
    if event.log != findings.name or event.sequence != number:
        raise CannotRecover(f"{findings.name}/{number}: {_COPY} has {event.position} there.")
    return event
