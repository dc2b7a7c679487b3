"""Assignment's inner HTTP API on tickets: commands in, what they came to out.

A claim that finds no room is decided again with candidates looked up anew, so that a
rejection names the load as it is.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from services.assignment.asked import by
from services.assignment.bodies import Body
from services.assignment.desk_api import add_desk
from services.assignment.directory import Directory
from services.assignment.domain.commands import (
    AddParticipant,
    AssignTicket,
    ClaimTicket,
    EscalateTicket,
    GiveBackTicket,
    RemoveParticipant,
    TicketCommand,
    TransferTicket,
)
from services.assignment.domain.decisions import TICKETS
from services.assignment.domain.moves import open_ticket
from services.assignment.domain.people import Agent
from services.assignment.domain.rejections import AgentUnknown
from services.assignment.leaving import add_leaving
from services.assignment.views import add_views
from shared.asked import Asked, ByAgent
from shared.decider import Outcome
from shared.errors import CapacityExceeded
from shared.service import Runtime
from shared.web import etag

CHOICES_MAX = 20
"""How often others may be first before a command gives up."""

ReasonText = Annotated[str, Field(min_length=1, max_length=2000)]
Make = Callable[[], Awaitable[TicketCommand]]


class Reason(Body):
    reason: ReasonText


class Assign(Body):
    agent_id: str
    reason: ReasonText


class Transfer(Body):
    team_id: str
    reason: ReasonText


class Escalate(Body):
    reason: ReasonText
    tier: int | None = Field(None, ge=1, description="The next one, if not said.")


class Participant(Body):
    agent_id: str


def routes(runtime: Runtime) -> APIRouter:
    """Every route of assignment but the core's own."""
    router = APIRouter(prefix="/v1")
    _add_holding(router, runtime)
    _add_moving(router, runtime)
    _add_participants(router, runtime)
    add_leaving(router, runtime)
    add_views(router, runtime)
    add_desk(router, runtime)
    return router


async def _carry_out(runtime: Runtime, ticket_id: UUID, make: Make, asked: Asked) -> Response:
    """Give the command once all that the caller knows is known here; tell what is new."""
    await runtime.wait_for(ticket_id, asked.after)
    outcome = await _with_room(runtime, ticket_id, make, asked)
    said = [type(event).__name__ for event in outcome.events]
    content = {"ticket_id": str(ticket_id), "events": said}
    return JSONResponse(content, headers=etag(outcome.vector))


async def _with_room(runtime: Runtime, ticket_id: UUID, make: Make, asked: Asked) -> Outcome:
    """Give the command that `make` makes, and make it anew when others took the room."""
    for _ in range(CHOICES_MAX - 1):
        try:
            return await _give(runtime, ticket_id, await make(), asked)
        except CapacityExceeded:
            continue
    return await _give(runtime, ticket_id, await make(), asked)


async def _give(runtime: Runtime, ticket_id: UUID, command: TicketCommand, asked: Asked) -> Outcome:
    return await runtime.handle(
        TICKETS,
        ticket_id,
        command,
        **asked.context(command),
    )


def _add_holding(router: APIRouter, runtime: Runtime) -> None:
    """Who has a ticket."""
    directory, now = Directory(runtime.pool, runtime.clock), runtime.clock

    @router.post("/tickets/{ticket_id}/claim")
    async def claim(ticket_id: UUID, asked: ByAgent) -> Response:
        async def make() -> TicketCommand:
            if asked.caller.agent_id is None:
                raise AgentUnknown(agent_id=asked.caller.actor)
            agent = await directory.agent(asked.caller.agent_id)
            return ClaimTicket(agent=agent, now=now(), policy=await directory.policy())

        return await _carry_out(runtime, ticket_id, make, asked)

    @router.post("/tickets/{ticket_id}/assign")
    async def assign(ticket_id: UUID, body: Assign, asked: ByAgent) -> Response:
        async def make() -> TicketCommand:
            agent = await directory.agent(body.agent_id)
            return AssignTicket(
                agent=agent,
                by=by(asked),
                reason=body.reason,
                now=now(),
                policy=await directory.policy(),
            )

        return await _carry_out(runtime, ticket_id, make, asked)


def _add_moving(router: APIRouter, runtime: Runtime) -> None:
    """Where a ticket goes when its agent can't go on."""
    directory, now = Directory(runtime.pool, runtime.clock), runtime.clock

    async def colleagues(ticket_id: UUID) -> tuple[Agent, ...]:
        past = await runtime.log.read(ticket_id)
        ticket = open_ticket(TICKETS.fold([recorded.event for recorded in past.events]))
        return await directory.agents_of(ticket.need.team_id)

    @router.post("/tickets/{ticket_id}/give-back")
    async def give_back(ticket_id: UUID, body: Reason, asked: ByAgent) -> Response:
        async def make() -> TicketCommand:
            candidates = await colleagues(ticket_id)
            return GiveBackTicket(
                candidates=candidates,
                by=by(asked),
                reason=body.reason,
                now=now(),
                policy=await directory.policy(),
            )

        return await _carry_out(runtime, ticket_id, make, asked)

    @router.post("/tickets/{ticket_id}/transfer")
    async def transfer(ticket_id: UUID, body: Transfer, asked: ByAgent) -> Response:
        async def make() -> TicketCommand:
            return TransferTicket(
                team=await directory.team(body.team_id),
                candidates=await directory.agents_of(body.team_id),
                by=by(asked),
                reason=body.reason,
                now=now(),
                policy=await directory.policy(),
            )

        return await _carry_out(runtime, ticket_id, make, asked)

    @router.post("/tickets/{ticket_id}/escalate")
    async def escalate(ticket_id: UUID, body: Escalate, asked: ByAgent) -> Response:
        async def make() -> TicketCommand:
            return EscalateTicket(
                candidates=await colleagues(ticket_id),
                by=by(asked),
                reason=body.reason,
                now=now(),
                tier=body.tier,
                policy=await directory.policy(),
            )

        return await _carry_out(runtime, ticket_id, make, asked)


def _add_participants(router: APIRouter, runtime: Runtime) -> None:
    """Who takes part beside the one who has the ticket."""
    directory, now = Directory(runtime.pool, runtime.clock), runtime.clock

    @router.post("/tickets/{ticket_id}/participants")
    async def add_participant(ticket_id: UUID, body: Participant, asked: ByAgent) -> Response:
        async def make() -> TicketCommand:
            agent = await directory.agent(body.agent_id)
            return AddParticipant(agent=agent, by=by(asked), now=now())

        return await _carry_out(runtime, ticket_id, make, asked)

    @router.delete("/tickets/{ticket_id}/participants/{agent_id}")
    async def remove_participant(ticket_id: UUID, agent_id: str, asked: ByAgent) -> Response:
        async def make() -> TicketCommand:
            return RemoveParticipant(agent_id=agent_id, by=by(asked), now=now())

        return await _carry_out(runtime, ticket_id, make, asked)
