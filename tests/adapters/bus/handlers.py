"""What the consuming service of these tests does with events, and how it is made to fail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.contracts.envelope import Recorded
from shared.infra.bus.consumers import Consumers, Fold, Handler, Reaction
from shared.infra.database import Connection
from shared.infra.transaction import Transaction
from shared.kernel.identifiers import LogName
from tests.adapters.bus.writers import SERVICE, Kit


@dataclass(kw_only=True)
class Consuming:
    """A fold that writes rows and a reaction that echoes events."""

    kit: Kit
    failing: set[int] = field(default_factory=set)
    """Numbers at which the handlers fail."""
    failing_in: str | None = None
    """The organisation in which they fail; all without it."""
    failure: Callable[[], BaseException] = lambda: RuntimeError("a bug")
    failures: int = 0
    failures_left: int | None = None

    async def apply(
        self, connection: Connection, name: LogName, events: Sequence[Recorded]
    ) -> None:
        """A fold's handler: one row per event, with no key that would hide a second one."""
        for event in events:
            self.fail_at(event)
            event.event()
        await connection.executemany(
            "INSERT INTO seen.events (consumer, organisation, sequence, body)"
            " VALUES ('fold', $1, $2, $3)",
            [(name.organisation, event.sequence, event.body) for event in events],
        )

    async def react(self, work: Transaction, event: Recorded, _: Mapping[str, object]) -> None:
        """A reaction's handler: an event of our own for each of theirs."""
        self.fail_at(event)
        await work.record(event.log.organisation, f"echo/{work.derive('echo')}", event.event())

    def fail_at(self, event: Recorded) -> None:
        """Fail where the test wants it."""
        here = self.failing_in in (None, event.log.organisation)
        if event.sequence not in self.failing or not here or self.failures == self.failures_left:
            return
        self.failures += 1
        raise self.failure()

    def fail_so_often(self, number: int, times: int) -> None:
        """Fail at this number, but not for ever."""
        self.failing.add(number)
        self.failures_left = times

    def fold(self, **options: object) -> Fold:
        """A fold into seen.events."""
        return Fold("payments.seen", (SERVICE,), "kit", self.apply, **options)  # type: ignore[arg-type]

    def reaction(self, *types: str) -> Reaction:
        """A reaction that echoes events."""
        handlers = {name: Handler(self.react) for name in types or ("NumberLost",)}
        return Reaction("payments.echo", SERVICE, handlers)

    def consumers(self, *consumers: Fold | Reaction, tries: int = 2) -> Consumers:
        """Consumers of one process; more of them share the group."""
        return Consumers(
            self.kit,
            [one for one in consumers if isinstance(one, Reaction)],
            [one for one in consumers if isinstance(one, Fold)],
            retry_seconds=(0.05,) * tries,
        )
