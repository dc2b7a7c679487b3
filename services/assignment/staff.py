"""Agents while several tickets are given away, before anything of it is appended."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from services.assignment.domain import people
from services.assignment.domain.line import Place
from services.assignment.domain.people import Agent, Need


class Staff:
    """Agents as they were looked up, with the tickets given to them since."""

    def __init__(self, agents: Iterable[Agent]) -> None:
        self._kept: set[str] = set()
        self.look_again(agents)

    def look_again(self, agents: Iterable[Agent]) -> None:
        """Forget what was given away: these are the loads now."""
        self.agents = {agent.agent_id: agent for agent in agents}

    def of(self, team_id: str) -> tuple[Agent, ...]:
        """The agents of a team, but for those who are kept free."""
        return tuple(
            a
            for a in self.agents.values()
            if team_id in a.team_ids and a.agent_id not in self._kept
        )

    def room(self, need: Need) -> int:
        """How many more places there are for tickets with this need."""
        return sum(agent.room for agent in self._free(need))

    def is_anybody_ahead(
        self, need: Need, place: Place, queued: Iterable[tuple[Need, Place]]
    ) -> bool:
        """Whether a queued ticket, whose turn is sooner, waits for somebody who is free for this.

        Then this one goes behind it, and doesn't snatch the place away.
        """
        others = [other for other, theirs in queued if theirs <= place]
        return bool(others) and any(
            people.unavailable(agent, other) is None
            for agent in self._free(need)
            for other in others
        )

    def took(self, agent_id: str, weight: int, now: datetime) -> None:
        """The agent has one ticket more."""
        agent = self.agents[agent_id]
        self.agents[agent_id] = replace(agent, load=agent.load + weight, assigned_at=now)

    def keep_for(self, need: Need) -> None:
        """Keep whoever has most room free for a ticket that needs more than that.

        Or lighter ones behind it would fill every place that frees, and it would wait for ever.
        """
        free = self._free(need)
        if free:
            self._kept.add(max(free, key=lambda agent: (agent.room, agent.agent_id)).agent_id)

    def _free(self, need: Need) -> list[Agent]:
        return [
            agent
            for agent in self.agents.values()
            if agent.agent_id not in self._kept and people.unavailable(agent, need) is None
        ]
