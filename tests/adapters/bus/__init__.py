"""The bus on real servers, and what other adapter tests borrow from here."""

from tests.adapters.bus.writers import SERVICE, producer, relay, running, until

__all__ = ["SERVICE", "producer", "relay", "running", "until"]
