"""A service: what it is made of, and what it has at hand while it runs.

`app.py` of each service describes itself as a `Service` and calls `run`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.types import ASGIApp

from shared.admission import too_busy
from shared.body_limit import STRANGER_BYTES_MAX, KnownBytes
from shared.clock import Clock, monotonic_seconds, utc_now
from shared.decider import Context, Decider, Outcome, handle
from shared.doors import Doors
from shared.errors import NotYet, TicketParked
from shared.events import Event
from shared.events.access import PersonErased
from shared.followers.contracts import Projection, Reaction, Timer
from shared.followers.follower import Follower
from shared.followers.projection import position_of
from shared.followers.view import Table
from shared.inbox import Inbox
from shared.log import Claim, Log, Vector
from shared.log.log import QUERIES
from shared.metrics.page import Measure
from shared.postgres import Pool
from shared.privacy.eraser import Forget, nothing_else
from shared.settings import ServiceSettings


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
