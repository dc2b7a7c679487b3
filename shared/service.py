"""A service: what it is made of, and how it runs.

`app.py` of each service describes itself as a `Service` and calls `run`. Everything that
lives is built here, in this order: pool, log, followers, inbox, HTTP, background tasks.
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import structlog
import uvicorn
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from shared.admission import Admission, Limit, too_busy
from shared.body_limit import STRANGER_BYTES_MAX, BodyLimit, KnownBytes
from shared.clock import Clock, monotonic_seconds, utc_now
from shared.decider import Context, Decider, Outcome, handle
from shared.doors import Doors, Entrance
from shared.errors import NotYet, TicketParked
from shared.events import KEYS, Event
from shared.events.intake import PersonErased
from shared.followers.contracts import Projection, Reaction, Timer
from shared.followers.follower import Follower
from shared.followers.projection import ProjectionFollower, position_of
from shared.followers.reaction import ReactionFollower
from shared.followers.rebuilding import Generations
from shared.followers.relay import Relay
from shared.followers.view import Table
from shared.generation_routes import generation_routes, republish_routes
from shared.health import Health, health_routes
from shared.hearing import LOOK_SECONDS, LOOK_SECONDS_WITH_TIMERS, Hearing
from shared.inbox import Inbox, sweep_regularly
from shared.leaving import Leaving
from shared.log import Claim, Log, Vector
from shared.log.log import QUERIES
from shared.logging import configure_logging, kind_of
from shared.loop import make_runner
from shared.memory import settle_memory
from shared.metrics.facts import gather
from shared.metrics.page import Measure, metrics_page
from shared.operations import operations
from shared.outages import OUTAGES
from shared.postgres import Pool, open_pool
from shared.privacy.eraser import Eraser, Forget, nothing_else
from shared.privacy.keyring import Keyring
from shared.privacy.master import MasterKeys
from shared.privacy.routes import privacy_routes
from shared.recovery import Recovery
from shared.republish import Republisher
from shared.settings import ServiceSettings
from shared.telemetry import open_traces
from shared.timers import TimerFollower
from shared.watched import Watched, watch_loop
from shared.web import install_errors

log = structlog.get_logger()

POSTGRES_WAIT_SECONDS = 60
"""How long a starting service waits for its database."""


@dataclass
class Runtime:
    """What a running service has: handed to its routes, reactions and tasks."""

    service: "Service"
    settings: ServiceSettings
    pool: Pool
    log: Log
    clock: Clock = utc_now
    followers: list[Follower] = field(default_factory=list)
    inbox: Inbox | None = None
    doors: Doors = field(default_factory=dict)
    """What is answered before the application looks: filled by the service's routers."""
    troubles: dict[str, str] = field(default_factory=dict)
    """What fails while the service serves, by part: for `Health` to tell."""

    @property
    def name(self) -> str:
        """The service's name, which is what it says events as."""
        return self.service.name

    async def handle(
        self,
        decider: Decider[Any, Any],
        subject: UUID,
        command: object,
        *,
        actor: str,
        seen: Vector | None = None,
        **context: Any,
    ) -> Outcome:
        """Decide a command now: `shared.decider.handle` with this service's log and clock."""
        now = context.pop("now", None) or self.clock()
        made = Context(actor=actor, now=now, seen=self.hearable(seen), **context)
        return await handle(self.log, decider, subject, command, made)

    def hearable(self, seen: Vector | None) -> Vector | None:
        """What of `seen` this service can know: what it says and what it subscribes to.

        Access records stand on a topic of their own, which only audit hears.
        """
        return None if seen is None else seen.without("gateway")

    async def wait_for(
        self,
        subject: UUID,
        seen: Vector | None,
        projection: str | None = None,
        seconds_max: float | None = None,
    ) -> None:
        """Wait until this service, and its `projection`, know what the caller has seen.

        Raises `NotYet` after `seconds_max`, or `settings.wait_seconds_max`, `TicketParked` at
        once if the subject is parked. `seen` None waits for nothing.
        """
        wanted = self.hearable(seen)
        if wanted is None:
            return
        most = self.settings.wait_seconds_max if seconds_max is None else seconds_max
        give_up_at = monotonic_seconds() + most
        end: int | None = None
        while True:
            if await self.pool.fetchval(QUERIES.is_parked, subject, projection or "inbox"):
                raise TicketParked
            if end is None and (await self.log.vector(subject)).covers(wanted):
                end = await self.log.end()
            if end is not None and (projection is None or await self._position(projection) >= end):
                return
            if monotonic_seconds() > give_up_at:
                raise NotYet
            await asyncio.sleep(0.015)

    async def _position(self, projection: str) -> int:
        for follower in self.followers:
            if follower.name == projection and follower.leading:
                return follower.position
        return await position_of(self.pool, projection)


@dataclass(frozen=True)
class Reacts:
    """A reaction, and the decider its commands are for."""

    reaction: Reaction[Any]
    decider: Decider[Any, Any]
    actor: str = "system"


@dataclass(frozen=True)
class Timers:
    """The read model that holds what is due, and what to do about it."""

    projection: str
    """Name of the projection whose table `timers` holds `Timer` rows."""
    command: Callable[[Timer], object]
    decider: Decider[Any, Any]
    actor: str = "timer"


HEARD_BY_ALL: frozenset[type[Event]] = frozenset({PersonErased})
"""What the core itself does something about, in every service."""

TIMERS: Table[Timer] = Table("timers", Timer, key="id")
"""The table of a projection that keeps timers; columns as the fields of `Timer`."""

Task = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Service:
    """What a service is made of."""

    name: str
    hears: frozenset[type[Event]]
    """Events stored in its log when others say them."""
    says: frozenset[type[Event]]
    projections: Sequence[Projection] = ()
    reactions: Callable[[Runtime], Sequence[Reacts]] = field(default=lambda _: ())
    followers: Callable[[Runtime], Sequence[Follower]] = field(default=lambda _: ())
    """What follows its log besides, from the log's beginning."""
    timers: Timers | None = None
    claims: Sequence[Callable[[Event], Sequence[Claim]]] = ()
    """What its events take of limited resources: its deciders', to count again after a restore."""
    routers: Callable[[Runtime], Sequence[APIRouter]] = field(default=lambda _: ())
    tasks: Callable[[Runtime], Sequence[Task]] = field(default=lambda _: ())
    """Background work besides the followers, e.g. an SMTP server: run until cancelled."""
    measures: Callable[[Runtime], Sequence[Measure]] = field(default=lambda _: ())
    """What only this service can tell Prometheus."""
    stranger_bytes_max: int = STRANGER_BYTES_MAX
    """Largest body of a request that neither gateway nor portal signed."""
    known_bytes_max: Callable[[Runtime], KnownBytes] | None = None
    """Who may send more than a stranger, besides whom gateway or portal signed for."""
    unlimited_paths: frozenset[str] = frozenset()
    """Routes that bound their own bodies."""
    measured_paths: frozenset[str] = frozenset()
    """Routes whose slow answers mean that less is to be taken at once."""
    busy: Callable[[Runtime], ASGIApp] = field(default=lambda _: too_busy())
    """The answer to whom there is no place for."""
    forget: Callable[[Runtime], Forget] = field(default=lambda _: nothing_else)
    """Does away with what it keeps of people besides its log and its projections."""
    other_tables: Sequence[str] = ()
    """Tables that hold people's texts besides those of its projections."""


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
    limit = _limit(service, runtime)
    app = _app(service, runtime, hearing, health, limit)
    app.include_router(privacy_routes(event_log, keys))
    built, recovery = _with_its_past(service, runtime, app)
    server = _server(settings, _entrance(service, runtime, app, limit))
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


def _server(settings: ServiceSettings, entrance: ASGIApp) -> "_Server":
    return _Server(
        uvicorn.Config(
            entrance,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=5,
        )
    )


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are `_run`'s."""
        yield


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


def _limit(service: Service, runtime: Runtime) -> Limit:
    settings = runtime.settings
    slow = settings.slow_answer_seconds if service.measured_paths else None
    return Limit(settings.requests_in_flight_max, slow)


def _entrance(service: Service, runtime: Runtime, app: FastAPI, limit: Limit) -> ASGIApp:
    """Where requests come in: doors have what all have in common, in the same order."""

    def around(door: ASGIApp) -> ASGIApp:
        placed = Admission(
            door,
            limit=limit,
            measured_paths=service.measured_paths,
            busy=lambda: service.busy(runtime),
        )
        return Watched(Leaving(placed), event_log=runtime.log)

    return Entrance(app, runtime.doors, around)


def _app(
    service: Service, runtime: Runtime, hearing: Hearing | None, health: Health, limit: Limit
) -> FastAPI:
    app = FastAPI(
        title=f"Ledgerdesk {service.name}",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        # It would tell a collector whole paths, and some of them are links that act.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.identity_secret = runtime.settings.identity_secret
    app.state.service_name = service.name
    install_errors(app)
    app.add_middleware(
        BodyLimit,
        secret=runtime.settings.identity_secret,
        audience=service.name,
        stranger_bytes_max=service.stranger_bytes_max,
        known_bytes_max=service.known_bytes_max(runtime) if service.known_bytes_max else None,
        unlimited_paths=service.unlimited_paths,
    )
    app.add_middleware(
        Admission,
        limit=limit,
        measured_paths=service.measured_paths,
        busy=lambda: service.busy(runtime),
    )
    app.add_middleware(Leaving)
    app.add_middleware(Watched, event_log=runtime.log)
    for router in service.routers(runtime):
        app.include_router(router)
    app.include_router(health_routes(health))
    app.include_router(_metrics(service, runtime, hearing, health))
    app.include_router(
        operations(
            service.name, runtime.log, runtime.followers, hearing, runtime.clock, runtime.inbox
        )
    )
    return app


def _metrics(
    service: Service, runtime: Runtime, hearing: Hearing | None, health: Health
) -> APIRouter:
    return metrics_page(
        runtime.log,
        runtime.settings.metrics_token,
        lambda: gather(runtime.log, runtime.followers, hearing, runtime.clock),
        health,
        service.measures(runtime),
    )
