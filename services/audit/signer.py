"""Signs a checkpoint of every log that has grown, and never below or beside one that is known."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from services.audit import checkpoints, copies
from services.audit.copies import Tree
from services.audit.notices import Notices
from shared.infra.clock import Clock
from shared.infra.database import AWAY, Connection, Pool
from shared.infra.metrics import Metrics
from shared.infra.signing import SigningKey
from shared.kernel.checkpoint import Checkpoint, Note, origin
from shared.kernel.identifiers import LogName

_PAGE: Final = 1_000
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is signed for a log until an operator has looked."""

    kind: str
    sentence: str


class Signer:
    """The auditor's hand. It works only when it has seen everything it signed before."""

    def __init__(
        self,
        pool: Pool,
        clock: Clock,
        installation: str,
        organisations: Sequence[str],
        key: SigningKey,
        notices: Notices,
        metrics: Metrics,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._installation = installation
        self._organisations = organisations
        self._key = key
        self._notices = notices
        self._metrics = metrics
        self.refusals: dict[LogName, Refusal] = {}
        """The logs for which nothing may be signed, and why."""

    async def run(self, seconds: float) -> None:
        """Work for ever, a round every so many seconds; what is away is waited for."""
        while True:
            try:
                await self.work_off()
            except (*AWAY, KafkaError) as error:
                _log.warning("checkpoints wait", reason=type(error).__name__)
            await asyncio.sleep(seconds)

    async def work_off(self) -> None:
        """One round: read the topic, sign what has grown, publish what the topic lacks."""
        await self._notices.refresh()
        async with self._pool.acquire() as connection, connection.transaction():
            await checkpoints.only_signer(connection)
            trees = await copies.trees(connection, self._organisations)
            for tree in trees:
                self._judge(tree, await self._sign(connection, tree))
        async with self._pool.acquire() as connection:
            waiting = [note for tree in trees for note in await self._unpublished(connection, tree)]
        if waiting:
            await self._notices.publish(waiting)

    async def _sign(self, connection: Connection, tree: Tree) -> Refusal | None:
        name = origin(self._installation, tree.log)
        kept = await checkpoints.largest(connection, tree.log)
        noticed = self._notices.largest(name)
        if self._notices.forked(name):
            return Refusal("fork", f"Two different checkpoints of {tree.log} were published.")
        known = [found for found in (kept, noticed) if found is not None]
        for checkpoint, _ in known:
            if refusal := await self._against(connection, tree, checkpoint):
                return refusal
        largest = max((checkpoint.size for checkpoint, _ in known), default=0)
        if noticed and noticed[0].size == largest and (not kept or kept[0].size < largest):
            await self._keep(connection, tree.log, *noticed)
        if tree.size > largest:
            checkpoint = Checkpoint(name, tree.size, tree.root())
            await self._keep(connection, tree.log, checkpoint, self._key.sign(checkpoint))
        return None

    async def _against(
        self, connection: Connection, tree: Tree, known: Checkpoint
    ) -> Refusal | None:
        """Whether the tree extends a checkpoint that was signed before."""
        if known.size > tree.size:
            return Refusal(
                "behind",
                f"The copy of {tree.log} has {tree.size} events, "
                f"but a checkpoint of {known.size} was signed: the copy is behind.",
            )
        if await copies.root_at(connection, tree.log, known.size) != known.root:
            return Refusal(
                "beside",
                f"The copy of {tree.log} does not extend the checkpoint signed at {known.size}.",
            )
        return None

    async def _keep(
        self, connection: Connection, log: LogName, checkpoint: Checkpoint, note: Note
    ) -> None:
        await checkpoints.keep(connection, log, checkpoint, note, self._clock.now())

    def _judge(self, tree: Tree, refusal: Refusal | None) -> None:
        before = self.refusals.pop(tree.log, None)
        if refusal is None:
            return
        self.refusals[tree.log] = refusal
        if before != refusal:
            self._metrics.alarms.labels(f"checkpoint-{refusal.kind}", str(tree.log)).inc()
            _log.error("no checkpoint is signed", log=str(tree.log), reason=refusal.sentence)

    async def _unpublished(self, connection: Connection, tree: Tree) -> list[tuple[str, str]]:
        """Origin and note of the kept checkpoints that the topic does not have."""
        name = origin(self._installation, tree.log)
        noticed = self._notices.largest(name)
        above = noticed[0].size if noticed else 0
        kept = await checkpoints.after(connection, tree.log, above, _PAGE)
        return [(name, found.note) for found in kept]
