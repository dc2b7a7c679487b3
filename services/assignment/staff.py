"""Agents while several tickets are given away, before anything of it is appended."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from services.assignment.domain import choice
from services.assignment.domain.choice import Agent, Need


class Staff:
    """Agents as they were looked up, with the tickets given to them since."""

    def __init__(self, agents: Iterable[Agent]) -> None:
        self.look_again(agents)

    def look_again(self, agents: Iterable[Agent]) -> None:
        """Forget what was given away: these are the loads now."""
        self.agents = {agent.agent_id: agent for agent in agents}

    def of(self, team_id: str) -> tuple[Agent, ...]:
        """The agents of a team."""
        return tuple(a for a in self.agents.values() if team_id in a.team_ids)

    def room(self, need: Need) -> int:
        """How many more tickets with this need could be taken now."""
        free = (a for a in self.agents.values() if choice.unavailable(a, need) is None)
        return sum(agent.capacity - agent.load for agent in free)

    def is_anybody_ahead(self, need: Need, rank: int, queued: Iterable[tuple[Need, int]]) -> bool:
        """Whether a queued ticket at least as urgent waits for somebody who could take this one.

        Then this one goes behind it, and doesn't snatch the place away.
        """
        others = [other for other, their_rank in queued if their_rank >= rank]
        free = (a for a in self.agents.values() if choice.unavailable(a, need) is None)
        return any(choice.unavailable(agent, other) is None for agent in free for other in others)

    def took_one(self, agent_id: str, now: datetime) -> None:
        """The agent has one ticket more."""
        agent = self.agents[agent_id]
        self.agents[agent_id] = replace(agent, load=agent.load + 1, assigned_at=now)
