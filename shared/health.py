"""Health: whether this process lives, whether it may be asked, and what it lacks meanwhile.

    live       its event loop answers and none of its tasks has ended: else start it anew
    ready      it can do what callers ask of it: else send them elsewhere
    degraded   it can, and something behind it fails: tell an operator, send nobody away

What makes a service not ready: its database is away (nothing can be accepted, nor read); its
log is held, so that it may say nothing yet; or it has just started and is still far behind its
own log or Kafka, so that it would deny tickets that exist.

What only degrades it: Kafka is away, or a follower fails. Every service accepts into its own
log and answers from its own read models without either, and all replicas would be away at
once: to call them not ready would turn late news into no help desk at all. So intake takes
tickets while Kafka is away, and says so here.

Anybody may ask: reasons are names from the code, and types of errors, never their texts.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
from fastapi import APIRouter
from fastapi.responses import JSONResponse

from shared.clock import monotonic_seconds
from shared.followers.follower import Follower, FollowerStopped
from shared.followers.projection import ProjectionFollower
from shared.hearing import Hearing
from shared.log import Log
from shared.log.log import QUERIES
from shared.outages import OUTAGES
from shared.reading import NOT_CONNECTED

DATABASE_SECONDS_MAX: Final = 2.0
"""A database that takes longer than this to say one is away."""

FAR_BEHIND: Final = 1_000
"""A process that starts with more than this to catch up is not ready yet."""

FIRST_LOOK_SECONDS: Final = 30.0
"""How long a process that has just started is given to find out how far behind Kafka it is."""

STALLED_SECONDS: Final = 60.0
"""Records that wait on Kafka this long, none of them read, mean that the consumer is dead."""


@dataclass
class Health:
    """The health of one process of a service."""

    log: Log
    followers: Sequence[Follower]
    hearing: Hearing | None
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    """Everything that runs, and would end the process if it ended."""
    troubles: dict[str, str] = field(default_factory=dict)
    """What else fails: set and taken away by the parts that notice, e.g. the mail sender."""
    _began: float = field(default_factory=monotonic_seconds)
    _caught_up: bool = False
    _stall: tuple[int, float] = (0, 0.0)
    """How far Kafka had been read, and when that last changed."""

    def dead(self) -> list[str]:
        """Tasks that have ended: this process does not do all of its work any more."""
        return [task.get_name() for task in self.tasks if task.done()]

    async def not_ready(self) -> list[str]:
        """Why callers should be sent elsewhere; empty when they are welcome."""
        try:
            async with asyncio.timeout(DATABASE_SECONDS_MAX):
                end = await self.log.end()
                behind = [] if self._caught_up else await self._behind(end)
        except (*OUTAGES, asyncpg.PostgresError) as error:
            return [f"postgres: {type(error).__name__}"]
        self._caught_up = not behind
        reasons = [f"{name}: has ended" for name in self.dead()]
        if self.log.hold.on:
            reasons.append("log: looks for what it had said before it started")
        return reasons + behind

    def lacks(self) -> list[str]:
        """What fails while this process serves."""
        found = [f"{f.name}: {_kind(f.failing)}" for f in self.followers if f.failing]
        found += [f"{f.name}: {FollowerStopped.__name__}" for f in self.followers if f.stopped]
        if self.hearing is not None and self.hearing.failing:
            found.append(f"inbox: {_kind(self.hearing.failing)}")
        elif self._stalled():
            found.append("inbox: records wait on Kafka and none is read")
        return found + [f"{part}: {what}" for part, what in self.troubles.items()]

    async def _behind(self, end: int) -> list[str]:
        """What a process that has just started must first catch up with.

        Where a read model stands is asked of the database, whichever replica leads it; one that
        was stopped is not waited for.
        """
        rows = await self.log.pool.fetch(QUERIES.cursors)
        stands = {row["name"]: end if row["stopped"] else row["position"] for row in rows}
        projections = [f.name for f in self.followers if isinstance(f, ProjectionFollower)]
        found = [
            f"{name}: {end - stands.get(name, 0)} events behind"
            for name in projections
            if end - stands.get(name, 0) > FAR_BEHIND
        ]
        kafka = self.hearing
        if kafka is None:
            return found
        waited = monotonic_seconds() - self._began
        if kafka.failing == NOT_CONNECTED and waited < FIRST_LOOK_SECONDS:
            found.append("inbox: has not looked at Kafka yet")
        elif sum(kafka.behind.values()) > FAR_BEHIND and not kafka.failing:
            found.append(f"inbox: {sum(kafka.behind.values())} records behind")
        return found

    def _stalled(self) -> bool:
        if self.hearing is None or not any(self.hearing.behind.values()):
            self._stall = (0, 0.0)
            return False
        read, now = self.hearing.read, monotonic_seconds()
        if self._stall[1] == 0.0 or self._stall[0] != read:
            self._stall = (read, now)
        return now - self._stall[1] > STALLED_SECONDS


def _kind(failing: str) -> str:
    """The type of an error, without what it says."""
    return failing.partition(":")[0]


def health_routes(health: Health) -> APIRouter:
    """The routes that every service has, for whoever starts it and sends requests to it."""
    router = APIRouter(tags=["operations"])

    @router.get("/health/live")
    async def live() -> JSONResponse:
        dead = health.dead()
        content: dict[str, Any] = {"status": "dead" if dead else "live", "ended": dead}
        return JSONResponse(content, 503 if dead else 200)

    @router.get("/health/ready")
    async def ready() -> JSONResponse:
        missing, lacks = await health.not_ready(), health.lacks()
        status = "not ready" if missing else "degraded" if lacks else "ready"
        content = {"status": status, "reasons": [*missing, *lacks]}
        return JSONResponse(content, 503 if missing else 200)

    return router
