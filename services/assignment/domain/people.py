"""What a ticket needs, who there is, and who could take it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from shared.events.assignment import Role

HOLDS_TICKETS: Final = (Role.AGENT, Role.MANAGER)
"""Operators and admins look after the desk, not after tickets."""

_OFFLINE: Final = "offline"
_FULL: Final = "full"


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
    levels: tuple[tuple[str, int], ...] = ()
    """The lowest level of a skill that will do, where it is not any; by name."""
    strategy: str = ""
    """What a rule puts in the place of the team's own; empty: nothing."""
    owner: str = ""
    """The agent whom a rule has asked first."""
    rule: str = ""
    """The routing rule it comes from; empty: the ticket's topic alone."""


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
    levels: Mapping[str, int] = field(default_factory=dict)
    """How good they are at a skill, where it is more than 1."""
    away: str = ""
    """Why they are not at work now (`off shift`, `on leave`); empty if they are."""

    @property
    def full(self) -> bool:
        return self.load >= self.capacity

    @property
    def room(self) -> int:
        """Places that are free."""
        return max(self.capacity - self.load, 0)

    def weighs(self, weight: int) -> int:
        """Places that a ticket takes here: never more than there are, so that it fits once
        the agent has nothing else."""
        return max(min(weight, self.capacity), 1)

    def level(self, skill: str) -> int:
        """0 without the skill."""
        return self.levels.get(skill, 1) if skill in self.skills else 0


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
    if need.skills and not set(need.skills) <= set(agent.skills):
        lacking = sorted(set(need.skills) - set(agent.skills))
        return f"lacks skill {', '.join(lacking)}"
    for skill, level in need.levels:
        if agent.level(skill) < level:
            return f"skill {skill} only at level {agent.level(skill)}"
    if agent.tier < need.tier:
        return "tier too low"
    return None


def unavailable(agent: Agent, need: Need, weight: int = 1) -> str | None:
    """Why the agent can't take such a ticket now; None if they can."""
    why = unsuited(agent, need)
    if why is not None:
        return why
    if agent.agent_id in need.declined:
        return "gave it back"
    if not agent.online:
        return _OFFLINE
    if agent.away:
        return agent.away
    if agent.full:
        return _FULL
    return None if agent.weighs(weight) <= agent.room else f"{agent.room} free, it takes {weight}"


def passed_over(agent: Agent, need: Need) -> tuple[str, ...]:
    """What speaks against the agent, and a manager may pass over."""
    absent = _OFFLINE if not agent.online else agent.away
    return tuple(why for why in (unsuited(agent, need), absent) if why)


def without_ticket_of(
    candidates: Sequence[Agent], agent_id: str, weight: int = 1
) -> tuple[Agent, ...]:
    """The candidates as they are once `agent_id` has one ticket less."""
    return tuple(
        replace(a, load=max(a.load - weight, 0)) if a.agent_id == agent_id else a
        for a in candidates
    )


def next_tier(candidates: Iterable[Agent], need: Need, above: int) -> int | None:
    """The next tier at which anybody suits the ticket, busy or not; None above the highest."""
    higher = replace(need, tier=above + 1)
    return min((a.tier for a in candidates if unsuited(a, higher) is None), default=None)
