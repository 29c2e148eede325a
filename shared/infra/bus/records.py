"""One event as a Kafka record (BYTES, on Kafka): the value is the body, headers are hints."""

from dataclasses import dataclass
from re import compile as pattern
from typing import Final

from shared.contracts.envelope import CONTENT_TYPE

# compose() writes these members before `data`, so the first occurrence is the envelope's own
_ID = pattern(r'"id":"([0-9a-f-]{36})"')
_TRACEPARENT = pattern(r'"traceparent":"([0-9a-f-]{1,64})"')
_CONTENT_TYPE: Final = ("content-type", CONTENT_TYPE.encode())


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record about to be sent to partition 0 of its log's topic."""

    sequence: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def outgoing(organisation: str, sequence: int, stream: str, kind: str, body: str) -> Outgoing:
    """The record of one stored event. Headers repeat what routing needs; the body decides."""
    found, trace = _ID.search(body), _TRACEPARENT.search(body)
    headers = [
        _CONTENT_TYPE,
        ("ce_type", kind.encode()),
        ("organisation", organisation.encode()),
        ("sequence", b"%010d" % sequence),
    ]
    if found:
        headers.append(("ce_id", found[1].encode()))
    if trace:
        headers.append(("traceparent", trace[1].encode()))
    return Outgoing(sequence, stream.encode(), body.encode(), headers)
