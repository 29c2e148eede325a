"""The numbers an operator watches: lag, parking, refusals and what each message cost."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """Prometheus metrics of one process, in its own registry. Labels carry codes, no persons."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.head = Gauge(
            "partners_log_head", "Last number of a log", ["log"], registry=self.registry
        )
        self.published = Gauge(
            "partners_log_published",
            "Last number confirmed on the bus",
            ["log"],
            registry=self.registry,
        )
        self.watermark = Gauge(
            "partners_watermark",
            "Last number a consumer has applied",
            ["consumer", "log"],
            registry=self.registry,
        )
        self.lag = Gauge(
            "partners_consumer_lag",
            "Numbers a consumer is behind its source's head",
            ["consumer", "log"],
            registry=self.registry,
        )
        self.parked = Gauge(
            "partners_parked",
            "Events parked and not yet retried",
            ["consumer"],
            registry=self.registry,
        )
        self.foreign = Gauge(
            "partners_foreign_records", "Foreign records kept", ["topic"], registry=self.registry
        )
        self.alarms = Counter(
            "partners_alarms", "Alarms by kind", ["kind", "log"], registry=self.registry
        )
        self.handled = Counter(
            "partners_messages_handled",
            "Messages by consumer and outcome",
            ["consumer", "outcome"],
            registry=self.registry,
        )
        self.commands = Counter(
            "partners_commands",
            "Commands by route and status",
            ["route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "partners_command_seconds",
            "Time to answer a command",
            ["route"],
            registry=self.registry,
        )
