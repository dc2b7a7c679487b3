"""The strategies: an order of those who are free, and in words why somebody comes later."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from services.assignment.domain.people import Agent
from shared.events.assignment import Strategy

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Rank(NamedTuple):
    """An order of the free, and in words why somebody comes after the first."""

    best: str
    of: Callable[[Agent], tuple[Any, ...]]
    """The least is chosen."""
    later: tuple[str, ...]
    """Why somebody comes later, for each part of the order."""

    def behind(self, agent: Agent, chosen: Agent) -> str:
        """Why a free agent is not the one: the first thing in which they differ."""
        theirs, best = self.of(agent), self.of(chosen)
        if theirs < best:
            return "not asked first"
        different = zip(self.later, theirs, best, strict=True)
        return next(why for why, mine, first in different if mine != first)


RANKS: Final = {
    # A lower tier first, so that specialists stay free.
    Strategy.LEAST_LOADED: Rank(
        "least loaded",
        lambda a: (
            a.load,
            a.load / a.capacity,
            a.tier,
            a.assigned_at or _LONG_AGO,
            a.agent_id,
        ),
        (
            "has more tickets",
            "has less room",
            "of a higher tier",
            "had a ticket more recently",
            "later by name",
        ),
    ),
    Strategy.MOST_SPARE: Rank(
        "most places free",
        lambda a: (-a.room, a.tier, a.assigned_at or _LONG_AGO, a.agent_id),
        ("has less room", "of a higher tier", "had a ticket more recently", "later by name"),
    ),
    Strategy.ROUND_ROBIN: Rank(
        "waited longest",
        lambda a: (a.assigned_at or _LONG_AGO, a.agent_id),
        ("had a ticket more recently", "later by name"),
    ),
}
