"""The desk's part of the HTTP API: who works here, and who takes tickets now."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from services.assignment.bodies import Body
from services.assignment.directory import Directory
from services.assignment.domain.desk import (
    AGENTS,
    ROUTING,
    TEAMS,
    DefineAgent,
    DefineRouting,
    DefineTeam,
    RetireAgent,
    SetPresence,
)
from shared.asked import Asked, ByAgent
from shared.business_time.hours import calendar_of
from shared.decider import Decider, Outcome
from shared.errors import NotYet
from shared.events.assignment import (
    AgentDefined,
    Leave,
    Role,
    RoutingDefined,
    RoutingRule,
    Shift,
    Strategy,
    TeamDefined,
)
from shared.events.sla import CalendarValues
from shared.ids import desk_id
from shared.service import Runtime
from shared.web import etag


class Presence(Body):
    online: bool


class TeamPart(Body):
    team_id: str = Field(min_length=1)
    name: str = Field(min_length=1)
    email: str = ""
    strategy: Strategy = Strategy.LEAST_LOADED


class AgentPart(Body):
    agent_id: str = Field(min_length=1)
    name: str = Field(min_length=1)
    email: str
    role: Role = Role.AGENT
    team_ids: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    tier: int = Field(1, ge=1)
    capacity: int = Field(10, ge=0)
    token_hash: str = ""
    active: bool = True
    levels: dict[str, int] = {}
    timezone: str = "UTC"
    shifts: dict[str, tuple[Shift, ...]] = {}
    leave: tuple[Leave, ...] = ()


class RoutingPart(Body):
    rules: tuple[RoutingRule, ...] = ()
    weights: dict[str, int] = {}
    same_agent: bool = True
    untouched_queued_minutes: float = Field(0, ge=0)
    untouched_assigned_minutes: float = Field(0, ge=0)
    untouched_calendar_id: str = ""
    untouched_calendar: CalendarValues | None = None


class DeskPart(Body):
    """Teams, and all agents of the desk: who is not named no longer works here."""

    revision: int = Field(ge=0)
    teams: tuple[TeamPart, ...] = ()
    agents: tuple[AgentPart, ...] | None = None
    """None leaves them as they are."""
    routing: RoutingPart | None = None
    """None leaves it as it is."""


def add_desk(router: APIRouter, runtime: Runtime) -> None:
    """Presence, and the desk's configuration."""

    @router.put("/agents/{agent_id}/presence")
    async def presence(agent_id: str, body: Presence, asked: ByAgent) -> Response:
        if asked.caller.agent_id != agent_id:
            asked.caller.require(Role.MANAGER)
        outcome = await runtime.handle(
            AGENTS,
            desk_id("agent", agent_id),
            SetPresence(agent_id=agent_id, online=body.online, now=runtime.clock()),
            actor=asked.caller.actor,
        )
        said = [type(event).__name__ for event in outcome.events]
        return JSONResponse({"agent_id": agent_id, "events": said}, headers=etag(outcome.vector))

    @router.get("/desk")
    async def show(asked: ByAgent) -> dict[str, Any]:
        """Teams and agents as last defined, and how many open tickets each has."""
        asked.caller.require(Role.ADMIN)
        return await _defined(runtime)

    @router.put("/desk")
    async def apply(body: DeskPart, asked: ByAgent) -> dict[str, Any]:
        asked.caller.require(Role.ADMIN)
        """What it says is in force when this answers, unless this service is far behind."""
        if body.routing is not None and body.routing.untouched_calendar is not None:
            calendar_of(body.routing.untouched_calendar)  # or it is refused, and nothing said
        outcomes = await _apply(runtime, body, asked)
        if outcomes:
            with suppress(NotYet):
                await runtime.wait_for(outcomes[-1].subject, outcomes[-1].vector, "queues")
        said = [type(event).__name__ for outcome in outcomes for event in outcome.events]
        return {"revision": body.revision, "events": said}


async def _defined(runtime: Runtime) -> dict[str, Any]:
    directory = Directory(runtime.pool, runtime.clock)
    teams = [desk_id("team", team.team_id) for team in await directory.teams()]
    agents = await directory.agents()
    pasts = await runtime.log.read_many(
        [*teams, *(desk_id("agent", agent.agent_id) for agent in agents)]
    )
    events = [recorded.event for past in pasts.values() for recorded in past.events]
    teams_by_id = {e.team_id: e for e in events if isinstance(e, TeamDefined)}
    agents_by_id = {e.agent_id: e for e in events if isinstance(e, AgentDefined)}
    routing = await runtime.log.read(desk_id("routing", "desk"))
    last = routing.events[-1].event if routing.events else None
    return {
        "routing": last.model_dump(mode="json") if isinstance(last, RoutingDefined) else None,
        "teams": [event.model_dump(mode="json") for event in teams_by_id.values()],
        "agents": [
            event.model_dump(mode="json", exclude={"token_hash"}) for event in agents_by_id.values()
        ],
        "open_tickets_of_teams": await directory.open_by_team(),
        "open_tickets_of_agents": {agent.agent_id: agent.load for agent in agents},
    }


async def _apply(runtime: Runtime, part: DeskPart, asked: Asked) -> list[Outcome]:
    """Say what differs from the desk as last defined."""
    now = runtime.clock()

    async def say(decider: Decider[Any, Any], subject: UUID, command: object) -> Outcome:
        return await runtime.handle(
            decider, subject, command, actor=asked.caller.actor, revision=part.revision
        )

    outcomes = []
    for team in part.teams:
        definition = TeamDefined(**team.model_dump(), revision=part.revision)
        subject = desk_id("team", team.team_id)
        outcomes.append(await say(TEAMS, subject, DefineTeam(definition)))
    if part.routing is not None:
        routing = RoutingDefined(**part.routing.model_dump(), revision=part.revision)
        outcomes.append(await say(ROUTING, desk_id("routing", "desk"), DefineRouting(routing)))
    if part.agents is None:
        return outcomes
    for agent in part.agents:
        defined = AgentDefined(**agent.model_dump(), revision=part.revision)
        subject = desk_id("agent", agent.agent_id)
        outcomes.append(await say(AGENTS, subject, DefineAgent(defined, now)))
    for agent_id in await _left(runtime, [agent.agent_id for agent in part.agents]):
        retire = RetireAgent(agent_id, part.revision, now)
        outcomes.append(await say(AGENTS, desk_id("agent", agent_id), retire))
    return outcomes


async def _left(runtime: Runtime, named: Sequence[str]) -> list[str]:
    """Agents who are not named, and work here as far as is known."""
    known = await Directory(runtime.pool, runtime.clock).agents()
    return [agent.agent_id for agent in known if agent.active and agent.agent_id not in named]
