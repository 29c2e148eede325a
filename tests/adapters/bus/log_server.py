"""A small HTTP server that answers as a service's log API and as the audit service's copies."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from shared.infra import log
from shared.infra.database import Pool
from shared.kernel.moments import format_moment


@dataclass
class LogServer:
    """Answers from a service's database; organisations in `away` and `hanging` do not answer."""

    pool: Pool
    url: str = ""
    away: set[str] = field(default_factory=set)
    hanging: set[str] = field(default_factory=set)
    copies: bool = False
    """Whether it is the audit service."""
    asked: list[str] = field(default_factory=list)
    heads: dict[str, int] = field(default_factory=dict)
    """Heads to be told instead of the true ones."""

    _connections: set[asyncio.Task[None]] = field(default_factory=set)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)
        try:
            while line := await reader.readline():
                target = line.split()[1].decode()
                while (await reader.readline()).strip():
                    pass
                status, kind, content = await self._find(target)
                head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n"
                head += f"content-length: {len(content)}\r\n\r\n"
                writer.write(head.encode() + content)
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def hang_up(self) -> None:
        """End every connection, also those that wait for an answer that never comes."""
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _find(self, target: str) -> tuple[str, str, bytes]:
        self.asked.append(target)
        parts = urlsplit(target)
        path, query = parts.path.strip("/").split("/"), parse_qs(parts.query)
        organisation = path[2] if self.copies else path[1]
        if organisation in self.hanging:
            await asyncio.Event().wait()
        if organisation in self.away:
            return "503 Away", "text/plain", b""
        async with self.pool.acquire() as connection:
            if path[-1] == "head":
                found = await log.head(connection, organisation)
                if found is None:
                    return "404 Not Found", "text/plain", b""
                told = {
                    "organisation": organisation,
                    "sequence": self.heads.get(organisation, found.sequence),
                    "recordedtime": format_moment(found.recorded_at),
                }
                return "200 OK", "application/json", json.dumps(told).encode()
            after, limit = int(query["after"][0]), int(query["limit"][0])
            bodies = await log.read(connection, organisation, after, limit)
        return "200 OK", "application/x-ndjson", "".join(f"{b}\n" for b in bodies).encode()


@asynccontextmanager
async def serving(server: LogServer) -> AsyncIterator[LogServer]:
    """Serve while the block runs; `server.url` says where."""
    listening = await asyncio.start_server(server.answer, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    server.url = f"http://127.0.0.1:{port}"
    try:
        yield server
    finally:
        listening.close()
        await server.hang_up()
