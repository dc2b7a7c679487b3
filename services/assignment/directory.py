"""Who there is, and how loaded: agents from the read model, loads from the log's count.

The loads are as of the last append, so that a choice is out of date only if another was
made meanwhile; then its claim finds no room, and candidates are looked up anew.
"""

from typing import Any

from services.assignment.domain.choice import Agent, Need, Team
from services.assignment.domain.rejections import AgentUnknown, TeamUnknown
from services.assignment.rows import need_of
from shared.events.assignment import Role
from shared.postgres import Pool
from shared.sql import load_queries

QUERIES = load_queries(__file__)


class Directory:
    """Agents and teams, as they are now."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def agents(self) -> tuple[Agent, ...]:
        """Every agent."""
        return tuple(_agent(row) for row in await self._pool.fetch(QUERIES.agents))

    async def agents_of(self, team_id: str) -> tuple[Agent, ...]:
        """The agents of one team."""
        return tuple(_agent(row) for row in await self._pool.fetch(QUERIES.agents_of, team_id))

    async def queued(self) -> list[tuple[Need, int]]:
        """What queued tickets need, and how urgent the first in line for each is."""
        rows = await self._pool.fetch(QUERIES.queued_needs)
        return [(need_of(row["need"]), row["rank"]) for row in rows]

    async def agent(self, agent_id: str) -> Agent:
        """One agent; raises `AgentUnknown`."""
        row = await self._pool.fetchrow(QUERIES.agent, agent_id)
        if row is None:
            raise AgentUnknown(agent_id=agent_id)
        return _agent(row)

    async def teams(self) -> tuple[Team, ...]:
        """Every team."""
        return tuple(Team(*row) for row in await self._pool.fetch(QUERIES.teams))

    async def open_by_team(self) -> dict[str, int]:
        """How many open tickets each team has."""
        rows = await self._pool.fetch(QUERIES.open_by_team)
        return {row["team_id"]: row["tickets"] for row in rows}

    async def team(self, team_id: str) -> Team:
        """One team; raises `TeamUnknown`."""
        row = await self._pool.fetchrow(QUERIES.team, team_id)
        if row is None:
            raise TeamUnknown(team_id=team_id)
        return Team(*row)


def _agent(row: Any) -> Agent:
    return Agent(
        agent_id=row["agent_id"],
        name=row["name"],
        role=Role(row["role"]),
        team_ids=tuple(row["team_ids"]),
        skills=tuple(row["skills"]),
        tier=row["tier"],
        capacity=row["capacity"],
        load=row["load"],
        online=row["online"],
        active=row["active"],
        assigned_at=row["assigned_at"],
    )
