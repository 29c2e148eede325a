"""How this deployment reaches the broker: one description, from which every client is made."""

import ssl
from dataclasses import dataclass
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from faststream.security import BaseSecurity, SASLScram512

from shared.infra.settings import BrokerSettings

LARGEST_BATCH_OCTETS = 262_144
REQUEST_TIMEOUT_MILLISECONDS = 10_000
FORGETFUL_TIMEOUT_MILLISECONDS = 2_000


@dataclass(frozen=True, slots=True)
class BusAccess:
    """Addresses, credentials and the waits that differ between brokers."""

    bootstrap_servers: str
    idempotence: bool = True
    replication: int = 1
    session_timeout_milliseconds: int = 10_000
    heartbeat_interval_milliseconds: int = 3_000
    fetch_wait_milliseconds: int = 500
    forgetful: bool = False
    """The embedded broker: all in memory, and after a death it may show records it cannot give."""
    security_protocol: str = "PLAINTEXT"
    ssl_context: ssl.SSLContext | None = None
    username: str | None = None
    password: str | None = None

    @classmethod
    def of(cls, settings: BrokerSettings) -> Self:
        """What the settings say of the broker."""
        encrypted = settings.broker_security in ("SSL", "SASL_SSL")
        secret = settings.broker_password
        return cls(
            bootstrap_servers=settings.bootstrap_servers,
            idempotence=settings.broker_idempotence,
            replication=settings.broker_replication,
            session_timeout_milliseconds=settings.session_timeout_milliseconds,
            heartbeat_interval_milliseconds=settings.heartbeat_interval_milliseconds,
            fetch_wait_milliseconds=settings.fetch_wait_milliseconds,
            forgetful=settings.embedded,
            security_protocol=settings.broker_security,
            ssl_context=ssl.create_default_context(cafile=settings.broker_ca_file)
            if encrypted
            else None,
            username=settings.broker_username,
            password=secret.get_secret_value() if secret else None,
        )

    def client(self) -> dict[str, Any]:
        """The arguments every aiokafka client takes."""
        plain = self.username is None
        return {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
            "ssl_context": self.ssl_context,
            "sasl_mechanism": "PLAIN" if plain else "SCRAM-SHA-512",
            "sasl_plain_username": self.username,
            "sasl_plain_password": self.password,
        }

    def security(self) -> BaseSecurity | None:
        """The same for FastStream; None where nothing is needed."""
        encrypted = self.ssl_context is not None
        if self.username is not None and self.password is not None:
            return SASLScram512(
                self.username, self.password, ssl_context=self.ssl_context, use_ssl=encrypted
            )
        return BaseSecurity(ssl_context=self.ssl_context, use_ssl=True) if encrypted else None

    def producer(self) -> AIOKafkaProducer:
        """A producer that waits for every replica and keeps order within a topic."""
        return AIOKafkaProducer(
            **self.client(),
            acks="all",
            enable_idempotence=self.idempotence,
            max_batch_size=LARGEST_BATCH_OCTETS,
            request_timeout_ms=self._request_timeout_milliseconds,
        )

    def reader(self) -> AIOKafkaConsumer:
        """A consumer without a group, which reads where it is told and commits nothing."""
        return AIOKafkaConsumer(
            **self.client(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=50,
            request_timeout_ms=self._request_timeout_milliseconds,
        )

    def administrator(self) -> AIOKafkaAdminClient:
        """A client that makes and removes topics."""
        return AIOKafkaAdminClient(
            **self.client(), request_timeout_ms=self._request_timeout_milliseconds
        )

    @property
    def metadata_age_milliseconds(self) -> int:
        """After how long a consumer looks for topics that are new."""
        return 1_000 if self.forgetful else 15_000

    @property
    def _request_timeout_milliseconds(self) -> int:
        # it answers at once or, after a death, never
        return FORGETFUL_TIMEOUT_MILLISECONDS if self.forgetful else REQUEST_TIMEOUT_MILLISECONDS
