"""Choosing an agent for a ticket: the least loaded of those who can take it.

Equally loaded are told apart by the share of their capacity, then the lower tier (so that
specialists stay free), then by who has waited longest for a ticket.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from shared.events.assignment import Candidate, Role

HOLDS_TICKETS: Final = frozenset({Role.AGENT, Role.MANAGER})
"""Operators and admins look after the desk, not after tickets."""

CANDIDATES_MAX: Final = 25
"""Candidates an event names; the reason counts all of them."""

_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)

_CHOSEN: Final = "chosen"
_OFFLINE: Final = "offline"
_FULL: Final = "full"
_FREE: Final = "free"
_NOT_PREFERRED: Final = "did not have the ticket before"
_BEHIND: Final = (
    "has more tickets",
    "has less room",
    "of a higher tier",
    "had a ticket more recently",
    "later by name",
)
"""Why a free agent is not the one, for each part of the rank."""


@dataclass(frozen=True)
class Need:
    """What an agent must be, to take a ticket."""

    team_id: str
    team_name: str
    skills: tuple[str, ...] = ()
    tier: int = 1
    """The lowest tier that will do."""
    declined: tuple[str, ...] = ()
    """Agents who gave the ticket back: they are not chosen for it again."""


@dataclass(frozen=True)
class Team:
    """A team, as defined."""

    team_id: str
    name: str


@dataclass(frozen=True)
class Agent:
    """An agent at one moment: as defined, whether online, and how loaded."""

    agent_id: str
    name: str
    role: Role = Role.AGENT
    team_ids: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    tier: int = 1
    capacity: int = 10
    load: int = 0
    online: bool = True
    active: bool = True
    assigned_at: datetime | None = None
    """When a ticket came last; None if never."""

    @property
    def full(self) -> bool:
        return self.load >= self.capacity


def capacity_of(agent_id: str) -> str:
    """The limited resource that a ticket takes a place of."""
    return f"agent:{agent_id}"


def holds_tickets(agent: Agent) -> bool:
    """Whether the agent may have any ticket at all."""
    return agent.active and agent.role in HOLDS_TICKETS


def unsuited(agent: Agent, need: Need) -> str | None:
    """Why the agent could never take such a ticket; None if they could."""
    if not agent.active:
        return "no longer at this desk"
    if agent.role not in HOLDS_TICKETS:
        return f"an {agent.role.value} takes no tickets"
    if need.team_id not in agent.team_ids:
        return "wrong team"
    lacking = sorted(set(need.skills) - set(agent.skills))
    if lacking:
        return f"lacks skill {', '.join(lacking)}"
    if agent.tier < need.tier:
        return "tier too low"
    return None


def unavailable(agent: Agent, need: Need) -> str | None:
    """Why the agent can't take such a ticket now; None if they can."""
    why = unsuited(agent, need)
    if why is not None:
        return why
    if agent.agent_id in need.declined:
        return "gave it back"
    if not agent.online:
        return _OFFLINE
    return _FULL if agent.full else None


def choose(
    candidates: Iterable[Agent], need: Need, prefer: str | None = None
) -> tuple[Agent | None, list[Candidate]]:
    """Who takes the ticket, if anybody can, and what was found of each candidate.

    `prefer` is chosen before any other, if they can take it now. The chosen one is
    first in the list, then those who were free, then the others by name.
    """
    looked_at = {agent.agent_id: agent for agent in candidates}.values()
    why_not = {agent.agent_id: unavailable(agent, need) for agent in looked_at}
    free = sorted((a for a in looked_at if why_not[a.agent_id] is None), key=_rank)
    chosen = next((a for a in free if a.agent_id == prefer), free[0] if free else None)
    if chosen is None:
        others = sorted(looked_at, key=lambda agent: agent.agent_id)
        return None, [_found(a, why_not[a.agent_id] or "") for a in others]
    verdicts = [_found(chosen, _CHOSEN)]
    verdicts += [_found(a, _behind(a, chosen)) for a in free if a is not chosen]
    busy = sorted((a for a in looked_at if a not in free), key=lambda agent: agent.agent_id)
    verdicts += [_found(a, why_not[a.agent_id] or "") for a in busy]
    return chosen, verdicts


def without_ticket_of(candidates: Sequence[Agent], agent_id: str) -> tuple[Agent, ...]:
    """The candidates as they are once `agent_id` has one ticket less."""
    return tuple(
        replace(a, load=max(a.load - 1, 0)) if a.agent_id == agent_id else a for a in candidates
    )


def why_chosen(chosen: Agent, verdicts: Sequence[Candidate], prefer: str | None = None) -> str:
    """One sentence: why this agent has the ticket."""
    load = f"{chosen.load} of {chosen.capacity} tickets"
    if chosen.agent_id == prefer:
        return f"had the ticket before, {load}"
    free = 1 + sum(_was_free(verdict) for verdict in verdicts)
    return f"least loaded of {free} free, {load}" if free > 1 else f"the only one free, {load}"


def why_queued(need: Need, verdicts: Sequence[Candidate]) -> str:
    """One sentence: why nobody has the ticket."""
    counts = Counter(verdict.verdict for verdict in verdicts)
    if not counts:
        return f"there is nobody in {need.team_name}"
    found = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    return f"nobody in {need.team_name} is free: {found}"


def told(verdicts: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The candidates that an event names."""
    return tuple(verdicts[:CANDIDATES_MAX])


def next_tier(candidates: Iterable[Agent], need: Need, above: int) -> int | None:
    """The next tier at which anybody suits the ticket, busy or not; None above the highest."""
    higher = replace(need, tier=above + 1)
    return min((a.tier for a in candidates if unsuited(a, higher) is None), default=None)


def _behind(agent: Agent, chosen: Agent) -> str:
    """Why a free agent is not the one: the first thing in which the ranks differ."""
    theirs, best = _rank(agent), _rank(chosen)
    if theirs < best:
        return f"{_FREE}, {_NOT_PREFERRED}"
    different = (place for place in range(len(best)) if theirs[place] != best[place])
    return f"{_FREE}, {_BEHIND[next(different)]}"


def _was_free(candidate: Candidate) -> bool:
    return candidate.verdict.startswith(_FREE)


def _rank(agent: Agent) -> tuple[int, float, int, datetime, str]:
    share = agent.load / agent.capacity
    return agent.load, share, agent.tier, agent.assigned_at or _LONG_AGO, agent.agent_id


def _found(agent: Agent, verdict: str) -> Candidate:
    return Candidate(
        agent_id=agent.agent_id, load=agent.load, capacity=agent.capacity, verdict=verdict
    )
