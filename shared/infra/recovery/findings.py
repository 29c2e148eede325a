"""What others kept of one log: compared with its database within its head, collected beyond."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from shared.contracts.envelope import Recorded
from shared.infra import log
from shared.infra.database import Connection
from shared.infra.sql import load
from shared.kernel.checkpoint import Checkpoint
from shared.kernel.identifiers import LogName
from shared.kernel.merkle import Frontier, leaf_hash

_SQL = load(__file__)
_PAGE: Final = 1_000


class CannotRecover(Exception):
    """What was found does not allow a recovery; nothing was changed."""


class Findings:
    """One log: how far its database goes, the events beyond, and every number that was seen."""

    def __init__(self, connection: Connection, name: LogName, head: int) -> None:
        self.name = name
        self.head = head
        self.seen = head
        """The largest number anybody has seen."""
        self.seen_by = "the database itself"
        self.checkpoints: dict[int, Checkpoint] = {}
        self._connection = connection
        self._beyond: dict[int, tuple[Recorded, str]] = {}

    @property
    def beyond(self) -> Mapping[int, Recorded]:
        """The events the database lacks, by number, as far as somebody kept them."""
        return MappingProxyType({number: found for number, (found, _) in self._beyond.items()})

    async def take(self, events: Sequence[Recorded], keeper: str) -> None:
        """Events of this log that `keeper` has. Raises CannotRecover where two have other bytes."""
        within = [event for event in events if event.sequence <= self.head]
        numbers = [event.sequence for event in within]
        rows = await self._connection.fetch(_SQL["bodies_at"], self.name.organisation, numbers)
        ours = {row["sequence"]: row["body"] for row in rows}
        for event in within:
            if ours.get(event.sequence) != event.body:
                raise CannotRecover(
                    f"{event.position}: {keeper} has another event there than the database. Two "
                    "databases write under one name; find out which is the organisation's own."
                )
        for event in events:
            if event.sequence > self.head:
                self._keep(event, keeper)

    def saw(self, number: int, who: str) -> None:
        """Somebody knows of this number, whether they kept its event or not."""
        if number > self.seen:
            self.seen, self.seen_by = number, who

    def signed(self, checkpoint: Checkpoint) -> None:
        """A checkpoint over this log, signed by its auditor."""
        known = self.checkpoints.setdefault(checkpoint.size, checkpoint)
        if known.root != checkpoint.root:
            raise CannotRecover(
                f"Two different checkpoints of {self.name} were signed at {checkpoint.size}."
            )
        self.saw(checkpoint.size, "a signed checkpoint")

    async def check_against_checkpoints(self) -> int:
        """Build the tree over all there is; answers the largest size whose signed root it has.

        Raises CannotRecover at the first checkpoint it does not fit.
        """
        tree, fits = Frontier(), 0
        sizes = sorted(self.checkpoints)
        for size in sizes:
            tree = await self._grown(tree, size)
            if tree.size < size:
                break
            if tree.root() != self.checkpoints[size].root:
                raise CannotRecover(
                    f"{self.name}: the checkpoint signed at {size} fits neither the database nor "
                    f"what was kept beyond it: something was changed after {fits}."
                )
            fits = size
        return fits

    def _keep(self, event: Recorded, keeper: str) -> None:
        known, other = self._beyond.setdefault(event.sequence, (event, keeper))
        if known.body != event.body:
            raise CannotRecover(
                f"{event.position}: {other} and {keeper} have different events there, and the "
                "database has none; `partners audit verify` may say which was changed."
            )
        self.saw(event.sequence, keeper)

    async def _grown(self, tree: Frontier, size: int) -> Frontier:
        while tree.size < size:
            if tree.size < self.head:
                most = min(_PAGE, min(size, self.head) - tree.size)
                bodies = await log.read(self._connection, self.name.organisation, tree.size, most)
            else:
                found = self._beyond.get(tree.size + 1)
                bodies = [found[0].body] if found else []
            if not bodies:
                return tree
            tree = tree.extend(leaf_hash(body.encode()) for body in bodies)
        return tree
