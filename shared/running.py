"""A service as it runs.

Everything that lives is built here, in this order: pool, log, followers, inbox, HTTP, background
tasks.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import asyncpg
import structlog
from fastapi import FastAPI

from shared.clock import Clock, monotonic_seconds, utc_now
from shared.events import KEYS
from shared.followers.follower import Follower
from shared.followers.projection import ProjectionFollower
from shared.followers.reaction import ReactionFollower
from shared.followers.rebuilding import Generations
from shared.followers.relay import Relay
from shared.generation_routes import generation_routes, republish_routes
from shared.health import Health
from shared.hearing import LOOK_SECONDS, LOOK_SECONDS_WITH_TIMERS, Hearing
from shared.inbox import Inbox, sweep_regularly
from shared.log import Log
from shared.logging import configure_logging, kind_of
from shared.loop import make_runner
from shared.memory import settle_memory
from shared.outages import OUTAGES
from shared.postgres import Pool, open_pool
from shared.privacy.eraser import Eraser
from shared.privacy.keyring import Keyring
from shared.privacy.master import MasterKeys
from shared.privacy.routes import privacy_routes
from shared.recovery import Recovery
from shared.republish import Republisher
from shared.service import HEARD_BY_ALL, Runtime, Service, Task
from shared.serving import app_of, entrance_of, limit_of, server_of
from shared.settings import ServiceSettings
from shared.telemetry import open_traces
from shared.timers import TimerFollower
from shared.watched import watch_loop

log = structlog.get_logger()

POSTGRES_WAIT_SECONDS = 60
"""How long a starting service waits for its database."""


def run(service: Service, settings: ServiceSettings) -> None:
    """Run the service until it is told to stop (SIGTERM, SIGINT)."""
    configure_logging(service.name, settings.log_level)
    with make_runner() as runner:
        runner.run(_run(service, settings))


async def _run(service: Service, settings: ServiceSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(service, settings) as live:
        settle_memory()
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait({waiting, *live.tasks}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        for task in live.tasks:
            if task.done():
                log.error("task_ended", task=task.get_name(), exc_info=task.exception())
                raise SystemExit(1)
        log.info("stopping")


@dataclass
class Running:
    """A service that runs, in this process."""

    runtime: Runtime
    app: FastAPI
    tasks: list["asyncio.Task[None]"]


@asynccontextmanager
async def running(
    service: Service, settings: ServiceSettings, clock: Clock = utc_now
) -> AsyncIterator[Running]:
    """The service, running until the block ends: followers, inbox, HTTP and all."""
    pool = await _pool(service, settings)
    masters = MasterKeys(settings.master_key, settings.master_key_file)
    keys = Keyring(pool, service.name, masters)
    event_log = Log(pool, service.name, keys)
    event_log.traces = open_traces(service.name, settings)
    runtime = Runtime(service, settings, pool, event_log, clock)
    relay = Relay(event_log, settings, keys)
    followers = await make_followers(service, runtime, relay)
    followers.append(await _eraser(service, runtime, keys, followers))
    runtime.followers = followers
    hears = service.hears | HEARD_BY_ALL
    inbox = runtime.inbox = Inbox(event_log, [cls.__name__ for cls in hears], keys)
    # Also what it says: after a restore it hears itself.
    topics = sorted({cls.topic for cls in hears} | {KEYS} | set(_said_on(service)))
    look_seconds = LOOK_SECONDS_WITH_TIMERS if service.timers else LOOK_SECONDS
    hearing = Hearing(event_log, inbox, settings, topics, clock, look_seconds)
    health = Health(event_log, followers, hearing, troubles=runtime.troubles)
    limit = limit_of(service, runtime)
    app = app_of(service, runtime, hearing, health, limit)
    app.include_router(privacy_routes(event_log, keys))
    built, recovery = _with_its_past(service, runtime, app)
    server = server_of(settings, entrance_of(service, runtime, app, limit))
    work: list[tuple[str, Task]] = [(f"follow:{f.name}", f.run) for f in followers]
    work.append(("http", server.serve))
    work.append(("watch", lambda: persistently(event_log.watch)))
    work.append(("loop", lambda: watch_loop(event_log.metrics)))
    work.append(("sweep", lambda: persistently(lambda: sweep_regularly(inbox))))
    work.append(("hear", hearing.run))
    work.append(("keys", lambda: persistently(keys.watch)))
    work.append(("recover", lambda: _once(recovery.run)))
    work += [(f"task:{number}", task) for number, task in enumerate(service.tasks(runtime))]
    tasks = [asyncio.create_task(_as_coroutine(start), name=name) for name, start in work]
    health.tasks = tasks
    log.info("started", port=settings.port)
    try:
        yield Running(runtime, app, tasks)
    finally:
        server.should_exit = True
        await _stop([task for task in tasks if task.get_name() == "http"], wait_seconds=6)
        await _stop(tasks)
        await built.close()
        for follower in followers:
            with suppress(Exception):
                await follower.release()
        await relay.close()
        await event_log.close()
        await event_log.traces.close()
        with suppress(Exception):
            async with asyncio.timeout(5):
                await pool.close()


def _with_its_past(
    service: Service, runtime: Runtime, app: FastAPI
) -> tuple[Generations, Recovery]:
    """What rebuilds, replays and republishes it, and what holds the log until it is whole."""
    event_log, settings = runtime.log, runtime.settings
    built = Generations(event_log, service.projections, settings.database_url)
    app.include_router(generation_routes(built))
    app.include_router(republish_routes(Republisher(event_log, settings)))
    event_log.hold.put_on(settings.wait_seconds_max)
    return built, Recovery(event_log, settings, _said_on(service), service.claims)


def _said_on(service: Service) -> list[str]:
    return sorted({cls.topic for cls in service.says})


async def _as_coroutine(start: Task) -> None:
    await start()


async def _once(start: Task) -> None:
    """Do it, in spite of outages, and then rest until cancelled."""

    async def do_and_rest() -> None:
        await start()
        await asyncio.Event().wait()

    await persistently(do_and_rest)


async def persistently(start: Task) -> None:
    """Begin anew after an outage, until cancelled."""
    while True:
        try:
            await start()
        except (*OUTAGES, asyncpg.PostgresError) as error:
            log.warning("task_failing", error=kind_of(error))
            await asyncio.sleep(1)


async def _stop(tasks: Sequence["asyncio.Task[None]"], wait_seconds: float = 0) -> None:
    if wait_seconds and tasks:
        await asyncio.wait(tasks, timeout=wait_seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _pool(service: Service, settings: ServiceSettings) -> Pool:
    give_up_at = monotonic_seconds() + POSTGRES_WAIT_SECONDS
    while True:
        try:
            return await open_pool(settings.database_url, settings.pool_size_max, service.name)
        except OUTAGES as error:
            log.warning("postgres_away", error=kind_of(error))
            if monotonic_seconds() > give_up_at:
                raise
            await asyncio.sleep(0.5)


async def make_followers(service: Service, runtime: Runtime, relay: Relay) -> list[Follower]:
    """All that follows the service's log, each with its cursor."""
    instance = runtime.settings.instance
    event_log, clock = runtime.log, runtime.clock
    from_the_start: list[Follower] = [relay]
    from_the_start += [ProjectionFollower(event_log, p, instance) for p in service.projections]
    if service.timers is not None:
        timers = service.timers
        from_the_start.append(
            TimerFollower(
                event_log,
                timers.projection,
                timers.command,
                timers.decider,
                clock,
                instance,
                timers.actor,
            )
        )
    from_the_start += service.followers(runtime)
    from_birth: list[Follower] = [
        ReactionFollower(event_log, r.reaction, r.decider, clock, instance, r.actor)
        for r in service.reactions(runtime)
    ]
    for follower in from_the_start:
        await follower.create(born=0)
    for follower in from_birth:
        await follower.create()
    return from_the_start + from_birth


async def _eraser(
    service: Service, runtime: Runtime, keys: Keyring, followers: Sequence[Follower]
) -> Follower:
    eraser = Eraser(
        runtime.log,
        keys,
        [follower for follower in followers if isinstance(follower, ProjectionFollower)],
        service.forget(runtime),
        service.other_tables,
        runtime.clock,
        runtime.settings.instance,
    )
    await eraser.create(born=0)
    return eraser
