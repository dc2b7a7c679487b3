"""The strategies: an order of those who are free, and in words why somebody comes later."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from services.assignment.domain.people import Agent
from shared.events.assignment import Strategy

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Rank:
    """An order of the free, and in words why somebody comes after the first."""

    def __init__(self, best: str, parts: Mapping[str, Callable[[Agent], Any]]) -> None:
        self.best = best
        self._parts = parts

    def of(self, agent: Agent) -> tuple[Any, ...]:
        """The least is chosen."""
        return tuple(part(agent) for part in self._parts.values())

    def behind(self, agent: Agent, chosen: Agent) -> str:
        """Why a free agent is not the one: the first thing in which they differ."""
        theirs, best = self.of(agent), self.of(chosen)
        if theirs < best:
            return "not asked first"
        different = (
            why for why, mine, first in zip(self._parts, theirs, best, strict=True) if mine != first
        )
        return next(different)


def _name(agent: Agent) -> str:
    return agent.agent_id


def _idle_since(agent: Agent) -> datetime:
    return agent.assigned_at or _LONG_AGO


def _share(agent: Agent) -> float:
    return agent.load / agent.capacity


RANKS: Final = {
    # A lower tier first, so that specialists stay free.
    Strategy.LEAST_LOADED: Rank(
        "least loaded",
        {
            "has more tickets": lambda a: a.load,
            "has less room": _share,
            "of a higher tier": lambda a: a.tier,
            "had a ticket more recently": _idle_since,
            "later by name": _name,
        },
    ),
    Strategy.MOST_SPARE: Rank(
        "most places free",
        {
            "has less room": lambda a: -a.room,
            "of a higher tier": lambda a: a.tier,
            "had a ticket more recently": _idle_since,
            "later by name": _name,
        },
    ),
    Strategy.ROUND_ROBIN: Rank(
        "waited longest",
        {"had a ticket more recently": _idle_since, "later by name": _name},
    ),
}
