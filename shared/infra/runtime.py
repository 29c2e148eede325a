"""Turns what a service says of itself into a running process, and ends it in order."""

import asyncio
import os
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

import structlog
import uvicorn
import uvloop
from fastapi import APIRouter

from shared.infra import log
from shared.infra.bus.access import BusAccess
from shared.infra.bus.consumers import Consumers
from shared.infra.bus.relay import Relay
from shared.infra.bus.sources import Sources
from shared.infra.clock import Clock, SimulatedClock, SystemClock
from shared.infra.database import AWAY, Pool, open_pool
from shared.infra.deadlines import Scheduler
from shared.infra.endless import endless
from shared.infra.garbage import settle
from shared.infra.http import (
    health,
    keys_api,
    log_api,
    me_api,
    operations_api,
    parked_api,
    policies_api,
)
from shared.infra.http.app import make_app
from shared.infra.http.tokens import TokenVerifier
from shared.infra.keys import Keys
from shared.infra.kit import Kit
from shared.infra.logging import configure_logging
from shared.infra.metrics import Metrics
from shared.infra.opening import Opener
from shared.infra.register import read_register
from shared.infra.service import Service
from shared.infra.settings import ServiceSettings
from shared.infra.shell import Shell

_PAUSE_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 5
_LEAVE_SECONDS: Final = 15
"""After the first part has ended; what has not let go by then is left behind."""
_log = structlog.get_logger()


def run(service: Service) -> None:
    """Run the service with the settings of this process's environment until it is told to stop."""
    settings = service.settings()
    configure_logging(settings.log_level, service=service.name, deployment=settings.deployment)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(service, settings))


async def serve(service: Service, settings: ServiceSettings) -> None:
    """Everything the service does, in one task group: if one part fails, the process ends."""
    async with AsyncExitStack() as closing:
        pool = await _reach_database(settings)
        closing.push_async_callback(pool.close)
        kit, relay = assemble(service, settings, pool)
        closing.push_async_callback(kit.opener.close)
        closing.push_async_callback(kit.sources.close)
        await _open_logs(kit)
        if service.prepare:
            await service.prepare(kit)
        reactions, folds = service.reactions(kit), service.folds(kit)
        consumers = Consumers(kit, reactions, folds)
        operations = operations_api.router(kit, relay, [*reactions, *folds])
        server = _server(service, kit, relay, consumers, operations)
        timers = Scheduler(kit.shell, pool, kit.organisations, service.every_timer(kit))
        parts = [relay.run(), consumers.run(), timers.run(), *service.background(kit)]
        settle()
        await _until_stopped(server, parts)


def assemble(service: Service, settings: ServiceSettings, pool: Pool) -> tuple[Kit, Relay]:
    """What every part of the service is given, and its relay; nothing runs yet."""
    clock, metrics, sources = _clock(settings), Metrics(), Sources(settings)
    relay = Relay(
        settings.database_url.get_secret_value(),
        service.name,
        settings.organisations,
        BusAccess.of(settings),
        metrics,
        sources.copy_size,
    )
    keys = Keys.of(settings, clock)
    shell = Shell(
        pool,
        service.name,
        clock,
        idempotency_secret=settings.idempotency_secret.get_secret_value().encode(),
        sealer=keys,
        deadlines_of=service.every_deadline_of,
        wake=relay.wake,
        may_write=relay.may_write,
    )
    kit = Kit(
        service=service.name,
        settings=settings,
        pool=pool,
        clock=clock,
        shell=shell,
        keys=keys,
        opener=Opener(service.name, settings, shell, pool, keys),
        sources=sources,
        metrics=metrics,
        register=read_register(settings.register_folder),
    )
    return kit, relay


def _clock(settings: ServiceSettings) -> Clock:
    return SimulatedClock(settings.clock_file) if settings.clock_file else SystemClock()


async def _reach_database(settings: ServiceSettings) -> Pool:
    while True:
        try:
            return await open_pool(
                settings.database_url.get_secret_value(),
                name=settings.deployment,
                largest=settings.database_pool_size,
            )
        except AWAY as error:
            _log.warning("the database does not answer yet", reason=type(error).__name__)
            await asyncio.sleep(_PAUSE_SECONDS)


async def _open_logs(kit: Kit) -> None:
    async with kit.pool.acquire() as connection:
        for organisation in kit.organisations:
            await log.open_log(
                connection,
                kit.service,
                organisation,
                kit.settings.installation,
                kit.clock.now(),
            )


def _server(
    service: Service, kit: Kit, relay: Relay, consumers: Consumers, operations: APIRouter
) -> uvicorn.Server:
    routers: Sequence[APIRouter] = (
        service.router(kit),
        policies_api.router(kit, service.every_policy()),
        log_api.router(kit, service.log_readers),
        keys_api.router(kit),
        me_api.router(),
        parked_api.router(kit, consumers),
        operations,
        health.router(kit, relay, consumers),
    )
    app = make_app(kit, TokenVerifier(kit.settings), routers, examples=service.examples)
    config = uvicorn.Config(
        app,
        host=kit.settings.http_host,
        port=kit.settings.http_port,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    return uvicorn.Server(config)


class _Stopped(Exception):
    """The process was asked to stop: all parts end."""


async def _until_stopped(
    server: uvicorn.Server, parts: Sequence[Coroutine[Any, Any, None]]
) -> None:
    async def listen() -> None:
        await server.serve()
        raise _Stopped

    loop = asyncio.get_running_loop()
    try:
        async with asyncio.TaskGroup() as group:
            for part in (listen(), *map(endless, parts)):
                # a process that neither works nor ends would never be started again
                group.create_task(part).add_done_callback(
                    lambda _: loop.call_later(_LEAVE_SECONDS, os._exit, 1)
                )
    except* _Stopped:
        _log.info("stopped")
