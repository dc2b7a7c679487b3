"""A service: what it is made of, and how it runs.

`app.py` of each service describes itself as a `Service` and calls `run`. Everything that
lives is built here, in one place, in this order: pool, log, followers, inbox, HTTP.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
from fastapi import APIRouter

from shared.clock import Clock
from shared.decider import Context, Decider, Outcome, handle
from shared.events import Event
from shared.followers.contracts import Projection, Reaction, Timer
from shared.followers.view import Table
from shared.identity import Identity
from shared.log import Log, Vector
from shared.settings import ServiceSettings


@dataclass
class Runtime:
    """What a running service has: handed to its routes, reactions and tasks."""

    name: str
    settings: ServiceSettings
    pool: asyncpg.Pool[Any]
    log: Log
    clock: Clock

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
        now = self.clock()
        made = Context(actor=actor, now=now, seen=seen, **context)
        return await handle(self.log, decider, subject, command, made)

    async def wait_for(self, subject: UUID, seen: Vector, projection: str | None = None) -> None:
        """Wait until this service, and its `projection`, know what the caller has seen.

        Raises `NotYet` after `settings.wait_seconds_max`, `TicketParked` at once if the
        projection parked the subject.
        """
        raise NotImplementedError


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


TIMERS: Table[Timer] = Table("timers", Timer, key="id")
"""The table of a projection that keeps timers; columns as the fields of `Timer`."""


@dataclass(frozen=True)
class Service:
    """What a service is made of."""

    name: str
    hears: frozenset[type[Event]]
    """Events stored in its log when others say them."""
    says: frozenset[type[Event]]
    projections: Sequence[Projection] = ()
    reactions: Callable[[Runtime], Sequence[Reacts]] = field(default=lambda _: ())
    timers: Timers | None = None
    routers: Callable[[Runtime], Sequence[APIRouter]] = field(default=lambda _: ())
    tasks: Callable[[Runtime], Sequence[Callable[[], Awaitable[None]]]] = field(
        default=lambda _: ()
    )
    """Background work besides the followers, e.g. an SMTP server: run until cancelled."""


def run(service: Service, settings: ServiceSettings) -> None:
    """Run the service until it is told to stop (SIGTERM, SIGINT)."""
    raise NotImplementedError


def caller(identity: Identity) -> str:
    """The actor of what an identity commands."""
    return identity.actor
