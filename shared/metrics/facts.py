"""Where a service stands: what `/metrics`, health and the command line all say.

A handful of short queries, none of which looks at more of the log than one row a follower.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from shared.clock import Clock
from shared.followers.follower import Follower
from shared.hearing import Hearing
from shared.log import Log
from shared.sql import load_queries
from shared.timers import TimerFollower

QUERIES = load_queries(__file__)

WAITING_COUNTED_MAX: Final = 10_000
"""More waiting events than this are not counted: it is enough to know that there are many."""

NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When a partition was read to its end that has never been."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one follower stands."""

    name: str
    generation: int
    position: int
    lag_events: int
    lag_seconds: float
    """Age of the first event that it has not handled."""
    leading: bool
    """This process leads it."""
    led: bool
    """Some process leads it."""
    failing: str
    """What it fails at, in this process, or why it was stopped, in all."""


@dataclass(frozen=True, slots=True)
class ParkedFor:
    """What one follower has parked for one reason."""

    follower: str
    reason: str
    subjects: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Facts:
    """Where a service stands at an instant."""

    log_end: int
    followers: Sequence[Standing]
    parked: Sequence[ParkedFor]
    waiting_events: int
    waiting_oldest_seconds: float
    heard_to_seconds: float | None
    """Age of the instant up to which everything said has been heard; None before a look."""
    timers_due_seconds: float | None
    """How long ago the first timer was due that has not fired; None without timers."""


async def gather(
    event_log: Log, followers: Sequence[Follower], hearing: Hearing | None, clock: Clock
) -> Facts:
    """Look everything up. Raises what the database raises."""
    fetch = event_log.pool.fetch
    end = await event_log.end()
    parked = [ParkedFor(*row) for row in await fetch(QUERIES.parked_summary)]
    waiting = (await fetch(QUERIES.waiting_at_most, WAITING_COUNTED_MAX))[0]
    return Facts(
        log_end=end,
        followers=await _standings(event_log, followers, end),
        parked=parked,
        waiting_events=waiting["events"],
        waiting_oldest_seconds=waiting["oldest_seconds"],
        heard_to_seconds=await _heard_to(event_log, clock) if hearing is not None else None,
        timers_due_seconds=await _timers_due(event_log, followers, clock),
    )


async def _standings(event_log: Log, followers: Sequence[Follower], end: int) -> list[Standing]:
    live = {(f.name, f.generation): f for f in followers}
    ahead = [(f.name, f.generation, f.position) for f in followers if f.leading]
    columns = [list(column) for column in zip(*ahead, strict=True)] or [[], [], []]
    found = []
    for row in await event_log.pool.fetch(QUERIES.standings, *columns):
        follower = live.get((row["name"], row["generation"]))
        # What timers do depends on the time, not on the log.
        timers = isinstance(follower, TimerFollower)
        found.append(
            Standing(
                name=row["name"],
                generation=row["generation"],
                position=row["position"],
                lag_events=0 if timers else max(end - row["position"], 0),
                lag_seconds=0.0 if timers else row["lag_seconds"],
                leading=follower is not None and follower.leading,
                led=row["led"],
                failing=row["stopped"] or (follower.failing if follower is not None else ""),
            )
        )
    return found


async def _heard_to(event_log: Log, clock: Clock) -> float | None:
    instant: datetime | None = await event_log.pool.fetchval(QUERIES.heard_to)
    if instant is None or instant <= NEVER:
        return None
    return max((clock() - instant).total_seconds(), 0.0)


async def _timers_due(event_log: Log, followers: Sequence[Follower], clock: Clock) -> float | None:
    oldest: float | None = None
    for follower in followers:
        if not isinstance(follower, TimerFollower):
            continue
        now = clock()
        query = QUERIES.render("oldest_due", schema=follower.projection)
        due_at: datetime | None = await event_log.pool.fetchval(query, now)
        late = 0.0 if due_at is None else (now - due_at).total_seconds()
        oldest = max(oldest or 0.0, late)
    return oldest
