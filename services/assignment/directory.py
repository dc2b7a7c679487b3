"""Who there is, and how loaded: agents from the read model, loads from the log's count.

The loads are as of the last append, so that a choice is out of date only if another was
made meanwhile; then its claim finds no room, and candidates are looked up anew.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.assignment.domain.hours import away
from services.assignment.domain.line import Place
from services.assignment.domain.people import Agent, Need, Team
from services.assignment.domain.policy import Policy
from services.assignment.domain.rejections import AgentUnknown, TeamUnknown
from services.assignment.rows import need_of
from shared.clock import Clock, utc_now
from shared.events.assignment import Role, RoutingDefined, Strategy
from shared.postgres import Pool
from shared.sql import load_queries

QUERIES = load_queries(__file__)


class Directory:
    """Agents and teams, as they are now."""

    def __init__(self, pool: Pool, clock: Clock = utc_now) -> None:
        self._pool = pool
        self._clock = clock

    async def agents(self) -> tuple[Agent, ...]:
        """Every agent."""
        now = self._clock()
        return tuple(_agent(row, now) for row in await self._pool.fetch(QUERIES.agents))

    async def agents_of(self, team_id: str) -> tuple[Agent, ...]:
        """The agents of one team."""
        now = self._clock()
        rows = await self._pool.fetch(QUERIES.agents_of, team_id)
        return tuple(_agent(row, now) for row in rows)

    async def queued(self) -> list[tuple[Need, Place]]:
        """What queued tickets need, and the place in line of the first for each."""
        rows = await self._pool.fetch(QUERIES.queued_needs)
        return [(need_of(row["need"]), (row["line_at"], -row["rank"])) for row in rows]

    async def policy(self) -> Policy:
        """How the desk routes."""
        row = await self._pool.fetchrow(QUERIES.policy)
        assert row is not None
        strategies = {team: Strategy(each) for team, each in (row["strategies"] or {}).items()}
        if row["routing"] is None:
            return Policy(strategies=strategies)
        defined = RoutingDefined.model_validate(row["routing"])
        return Policy(
            rules=defined.rules,
            weights=defined.weights,
            strategies=strategies,
            same_agent=defined.same_agent,
            untouched_queued_minutes=defined.untouched_queued_minutes,
            untouched_assigned_minutes=defined.untouched_assigned_minutes,
            untouched_calendar=defined.untouched_calendar,
        )

    async def helped_before(self, requesters: Mapping[UUID, UUID]) -> dict[UUID, str]:
        """By ticket: who last had another one of its requester."""
        if not requesters:
            return {}
        arguments = list(requesters), list(requesters.values())
        rows = await self._pool.fetch(QUERIES.helped_before, *arguments)
        return {row["subject"]: row["last_agent_id"] for row in rows}

    async def agent(self, agent_id: str) -> Agent:
        """One agent; raises `AgentUnknown`."""
        row = await self._pool.fetchrow(QUERIES.agent, agent_id)
        if row is None:
            raise AgentUnknown(agent_id=agent_id)
        return _agent(row, self._clock())

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


def _agent(row: Any, now: datetime) -> Agent:
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
        levels=row["levels"],
        away=away(now, row["timezone"], row["shifts"], row["leave"]),
    )
