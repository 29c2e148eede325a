"""Stands between a service and what it needs, and cuts the way when the storm says so."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import socket
from typing import Final

LOOK_SECONDS: Final = 0.05
OCTETS: Final = 65_536


class Cuts:
    """The ways that are cut now, in a file that the storm writes and the crossings read."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> frozenset[str]:
        """The ways that are cut."""
        try:
            return frozenset(self._file.read_text().splitlines())
        except FileNotFoundError:
            return frozenset()

    async def cut(self, way: str, seconds: float) -> None:
        """Cut a way for a while."""
        with self.cutting(way):
            await asyncio.sleep(seconds)

    @contextmanager
    def cutting(self, way: str) -> Iterator[None]:
        """Keep a way cut."""
        self._write(self.now() | {way})
        try:
            yield
        finally:
            self._write(self.now() - {way})

    def _write(self, ways: Collection[str]) -> None:
        aside = self._file.with_suffix(".new")
        aside.write_text("\n".join(sorted(ways)))
        aside.replace(self._file)


class Crossing:
    """One way: what comes to a listening socket goes on to the port `target` on loopback."""

    def __init__(self, way: str, entry: socket, target: int) -> None:
        self._way = way
        self._entry = entry
        self._target = target
        self._open: set[asyncio.StreamWriter] = set()
        self._cut = False

    async def serve(self, cuts: Cuts) -> None:
        """Let through, and look whether the way is cut, until cancelled."""
        async with await asyncio.start_server(self._accept, sock=self._entry):
            while True:
                self._cut = self._way in cuts.now()
                if self._cut:
                    for writer in self._open:
                        writer.transport.abort()
                await asyncio.sleep(LOOK_SECONDS)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.transport.abort()
            return
        try:
            there, thither = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, thither}
        self._open |= both
        try:
            await asyncio.gather(_carry(reader, thither), _carry(there, writer))
        finally:
            self._open -= both


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while octets := await reader.read(OCTETS):
            writer.write(octets)
            await writer.drain()
    writer.close()


def serve_all(entries: Mapping[str, socket], targets: Mapping[str, int], file: Path) -> None:
    """Run the crossings of these ways in this process."""

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            for way, entry in entries.items():
                group.create_task(Crossing(way, entry, targets[way]).serve(Cuts(file)))

    asyncio.run(run())
