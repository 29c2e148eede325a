"""Signs a checkpoint of every log that has grown, and never below or beside one that is known."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import structlog
from aiokafka.errors import KafkaError

from services.audit import checkpoints, copies
from services.audit.copies import Tree
from services.audit.notices import Notices
from services.audit.witnesses import Witnesses
from shared.infra.clock import Clock
from shared.infra.database import AWAY, Connection, Pool
from shared.infra.endless import is_asked_to_end
from shared.infra.metrics import Metrics
from shared.infra.signing import SigningKey
from shared.kernel.checkpoint import Checkpoint, Note, origin
from shared.kernel.identifiers import LogName

_PAGE: Final = 1_000
Signed: TypeAlias = tuple[Checkpoint, Note]
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
        witnesses: Witnesses,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._installation = installation
        self._organisations = organisations
        self._key = key
        self._notices = notices
        self._metrics = metrics
        self._witnesses = witnesses
        # trees and checkpoints that were found to agree: a log that rests is not looked at again
        self._agreed: dict[LogName, tuple[bytes, frozenset[Checkpoint]]] = {}
        self.refusals: dict[LogName, Refusal] = {}
        """The logs for which nothing may be signed, and why."""

    async def run(self, seconds: float) -> None:
        """Work for ever, a round every so many seconds; what is away is waited for."""
        while True:
            try:
                await self.work_off()
            except (*AWAY, KafkaError) as error:
                _log.warning("checkpoints wait", reason=type(error).__name__)
            if is_asked_to_end():
                # a client of the broker that is just closed keeps a cancellation to itself
                raise asyncio.CancelledError
            await asyncio.sleep(seconds)

    async def work_off(self) -> None:
        """One round: see what was signed, sign what has grown, have it cosigned, publish it."""
        await self._notices.refresh()
        async with self._pool.acquire() as connection:
            trees = await copies.trees(connection, self._organisations)
        seen = {tree.log: await self._witnesses.seen(tree.log) for tree in trees}
        signed: list[Tree] = []
        async with self._pool.acquire() as connection, connection.transaction():
            await checkpoints.only_signer(connection)
            for tree in trees:
                known = await self._known(connection, tree.log, seen[tree.log])
                refusal = await self._refusal(connection, tree, known)
                if refusal is None and await self._sign(connection, tree, known):
                    signed.append(tree)
                self._judge(tree, refusal)
        for tree in signed:
            await self._have_cosigned(tree, seen[tree.log])
        await self._publish(trees)

    async def _known(
        self, connection: Connection, log: LogName, seen: Mapping[str, Signed]
    ) -> list[Signed]:
        """The largest checkpoints of a log in the table, on the topic and at each witness."""
        kept = await checkpoints.largest(connection, log)
        noticed = self._notices.largest(origin(self._installation, log))
        return [found for found in (kept, noticed, *seen.values()) if found is not None]

    async def _refusal(
        self, connection: Connection, tree: Tree, known: Sequence[Signed]
    ) -> Refusal | None:
        if self._notices.forked(origin(self._installation, tree.log)):
            return Refusal("fork", f"Two different checkpoints of {tree.log} were published.")
        earlier = frozenset(checkpoint for checkpoint, _ in known)
        if self._agreed.get(tree.log) == (tree.root(), earlier):
            return None
        for checkpoint in earlier:
            if refusal := await self._against(connection, tree, checkpoint):
                return refusal
        self._agreed[tree.log] = (tree.root(), earlier)
        return None

    async def _sign(self, connection: Connection, tree: Tree, known: Sequence[Signed]) -> bool:
        """Sign the tree if it has grown; else keep the largest one known. Whether it was signed."""
        largest = max(known, key=lambda found: found[0].size, default=None)
        if largest is not None and largest[0].size == tree.size:
            await checkpoints.keep(connection, tree.log, *largest, self._clock.now())
            return False
        checkpoint = Checkpoint(origin(self._installation, tree.log), tree.size, tree.root())
        note = self._key.sign(checkpoint)
        await checkpoints.keep(connection, tree.log, checkpoint, note, self._clock.now())
        return True

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

    def _judge(self, tree: Tree, refusal: Refusal | None) -> None:
        before = self.refusals.pop(tree.log, None)
        if refusal is None:
            return
        self.refusals[tree.log] = refusal
        if before != refusal:
            self._metrics.alarms.labels(f"checkpoint-{refusal.kind}", str(tree.log)).inc()
            _log.error("no checkpoint is signed", log=str(tree.log), reason=refusal.sentence)

    async def _have_cosigned(self, tree: Tree, seen: Mapping[str, Signed]) -> None:
        """Ask every witness to cosign what was just signed; one that is away is passed over."""
        for url in self._witnesses.urls:
            earlier = seen[url][0].size if url in seen else 0
            async with self._pool.acquire() as connection:
                proof = await copies.consistency_proof(connection, tree.log, earlier, tree.size)
                kept = await checkpoints.largest(connection, tree.log)
            if kept is None or kept[0].size != tree.size:
                continue
            note = await self._witnesses.cosign(url, tree.log, kept[1], earlier, proof)
            async with self._pool.acquire() as connection:
                await checkpoints.cosigned(connection, tree.log, tree.size, note)

    async def _publish(self, trees: Sequence[Tree]) -> None:
        """Put on the topic what is kept and larger than what stands there."""
        waiting: list[tuple[str, str]] = []
        async with self._pool.acquire() as connection:
            for tree in trees:
                name = origin(self._installation, tree.log)
                noticed = self._notices.largest(name)
                above = noticed[0].size if noticed else 0
                kept = await checkpoints.after(connection, tree.log, above, _PAGE)
                waiting += [(name, found.note) for found in kept]
        if waiting:
            await self._notices.publish(waiting)
