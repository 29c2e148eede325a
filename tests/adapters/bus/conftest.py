"""Worlds to consume in: a source with its topic and log API, and a service that reads it."""

from collections.abc import AsyncIterator, Callable

import pytest

from tests.adapters.bus.consuming import World, world
from tests.adapters.conftest import MakeDatabase
from tests.servers import BusServer


@pytest.fixture
async def one(
    make_database: MakeDatabase, broker: BusServer, organisation: str
) -> AsyncIterator[World]:
    """A world of one organisation."""
    async with world(make_database, broker, [organisation]) as made:
        yield made


@pytest.fixture
async def two(
    make_database: MakeDatabase, broker: BusServer, new_organisation: Callable[[], str]
) -> AsyncIterator[World]:
    """A world of two organisations."""
    async with world(make_database, broker, [new_organisation(), new_organisation()]) as made:
        yield made
