"""What can be looked at: agents and their loads, queues in numbers, and why."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from services.assignment.directory import QUERIES, Directory
from services.assignment.domain import choice, people
from services.assignment.domain.people import Agent, Need
from services.assignment.domain.policy import Policy
from services.assignment.domain.rejections import TicketNotFound
from services.assignment.explaining import told
from services.assignment.rows import facts_of, need_of
from shared.asked import ByAgent
from shared.events import Priority
from shared.service import Runtime


def add_views(router: APIRouter, runtime: Runtime) -> None:
    """Read-only routes."""
    directory = Directory(runtime.pool, runtime.clock)

    @router.get("/agents")
    async def agents(_asked: ByAgent) -> dict[str, Any]:
        return {"agents": [_shown(agent) for agent in await directory.agents()]}

    @router.get("/queues")
    async def queues(_asked: ByAgent) -> dict[str, Any]:
        return {"queues": await _queues(runtime, directory)}

    @router.get("/tickets/{ticket_id}/why")
    async def why(ticket_id: UUID, asked: ByAgent) -> dict[str, Any]:
        await runtime.wait_for(ticket_id, asked.after, projection="queues")
        return await _why(runtime, directory, ticket_id)


def _shown(agent: Agent) -> dict[str, Any]:
    return {
        "agent_id": agent.agent_id,
        "name": agent.name,
        "role": agent.role.value,
        "team_ids": list(agent.team_ids),
        "skills": list(agent.skills),
        "tier": agent.tier,
        "capacity": agent.capacity,
        "load": agent.load,
        "online": agent.online,
        "active": agent.active,
        "away": agent.away,
        "levels": dict(agent.levels),
    }


async def _queues(runtime: Runtime, directory: Directory) -> list[dict[str, Any]]:
    """For each team: how many wait, by priority and since when; how many are held; room."""
    queued = await runtime.pool.fetch(QUERIES.queued_counts)
    held = {row["team_id"]: row["tickets"] for row in await runtime.pool.fetch(QUERIES.held_counts)}
    names = {team.team_id: team.name for team in await directory.teams()}
    staff = await directory.agents()
    team_ids = [*names, *sorted({row["team_id"] for row in queued} - names.keys())]
    result = []
    for team_id in team_ids:
        rows = [row for row in queued if row["team_id"] == team_id]
        need = Need(team_id, names.get(team_id, team_id))
        free = [agent for agent in staff if people.unavailable(agent, need) is None]
        counts = {p.value: sum(r["tickets"] for r in rows if r["rank"] == p.rank) for p in Priority}
        result.append(
            {
                "team_id": team_id,
                "team_name": need.team_name,
                "queued": sum(counts.values()),
                "queued_by_priority": counts,
                "oldest_queued_since": min((row["oldest"] for row in rows), default=None),
                "held": held.get(team_id, 0),
                "agents_free": len(free),
                "room": sum(agent.capacity - agent.load for agent in free),
            }
        )
    return result


async def _why(runtime: Runtime, directory: Directory, ticket_id: UUID) -> dict[str, Any]:
    """What was last decided and why; and while it waits, how candidates stand now."""
    row = await runtime.pool.fetchrow(QUERIES.why, ticket_id)
    if row is None:
        raise TicketNotFound
    waits = row["stage"] == "waiting" and not row["closed"]
    policy = await directory.policy()
    ahead = await runtime.pool.fetchval(QUERIES.ahead, ticket_id) if waits else 0
    rule = policy.rule_name(row["wants"].get("rule", ""))
    answer = {"ticket_id": str(ticket_id), **dict(row), "ahead": ahead, "now": None}
    answer["told"] = told(dict(row), rule, ahead)
    if waits:
        answer["now"] = await _now(directory, policy, row)
    return answer


async def _now(directory: Directory, policy: Policy, row: Any) -> dict[str, Any]:
    """How candidates stand at this moment."""
    need, facts = need_of(row["need"]), facts_of(row["facts"])
    strategy, weight = policy.strategy(need), policy.weight(facts)
    chosen, found = choice.choose(
        await directory.agents_of(need.team_id), need, weight=weight, strategy=strategy
    )
    return {
        "reason": choice.why_queued(need, found) if chosen is None else "about to be taken up",
        "strategy": strategy.value,
        "weight": weight,
        "candidates": [candidate.model_dump() for candidate in choice.told(found)],
    }
