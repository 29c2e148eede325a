"""Records on our topics that are not ours: kept once with their raw bytes, counted, told of."""

import hashlib
import json
from base64 import b64encode
from typing import Final

from aiokafka import ConsumerRecord

from shared.infra.database import Connection
from shared.infra.sql import load

_SQL: Final = load(__file__)


async def keep(connection: Connection, record: ConsumerRecord, consumer: str, reason: str) -> bool:
    """Keep a foreign record; whether it is the first time it is seen."""
    headers = json.dumps(
        [
            [name, None if value is None else b64encode(value).decode()]
            for name, value in record.headers
        ]
    ).encode()
    first: bool = await connection.fetchval(
        _SQL["keep"],
        record.topic,
        _hash(record.key, record.value, headers),
        record.partition,
        record.offset,
        record.key,
        record.value,
        headers,
        reason,
        consumer,
    )
    return first


def _hash(*parts: bytes | None) -> bytes:
    """SHA-256 over the parts, each with its length, so that no two records run together."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"-" if part is None else b"%d:" % len(part) + part)
    return digest.digest()
