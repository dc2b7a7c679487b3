"""Why somebody has a ticket, or nobody; and all tickets of an agent who leaves."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.gateway.auth import identity_of
from services.gateway.context import Gateway
from services.gateway.forwarding import forward, request_body
from services.gateway.http import SignedIn, TicketName, problems
from services.gateway.rows import AgentRow
from shared.events.assignment import Role


class Candidate(BaseModel):
    """An agent who was looked at, with what was true at that moment."""

    agent_id: str
    load: int
    capacity: int
    verdict: str


class Assignment(BaseModel):
    """Who has a ticket and why, or why nobody; and all that it was decided from."""

    model_config = ConfigDict(extra="allow")

    ticket_id: str
    told: list[str] = Field(description="The same in sentences.")
    agent_id: str | None
    reason: str
    how: str = Field(description="The strategy that found the agent.")
    weight: int = Field(description="Places that it takes of the agent's capacity.")
    ahead: int = Field(description="Tickets before it in line, with the same need.")
    candidates: list[Candidate]


class HandOn(BaseModel):
    reason: str = Field(min_length=1, max_length=2000)


class HandedOn(BaseModel):
    agent_id: str
    tickets: dict[str, str | None] = Field(description="Who has each now; null: it is queued.")


def add_assigning(router: APIRouter, gateway: Gateway, reader: SignedIn, agent: SignedIn) -> None:
    """Both go to assignment, signed."""
    read: Any = Depends(reader)
    act: Any = Depends(agent)

    @router.get(
        "/tickets/{ticket}/assignment",
        tags=["tickets"],
        response_model=Assignment,
        responses=problems(401, 404, 503),
    )
    async def why(request: Request, ticket: TicketName, me: AgentRow = read) -> Response:
        """Why this agent has it, or why it still waits: rule, strategy, candidates, loads."""
        ticket_id = await gateway.finders.ticket_id(ticket)
        return await forward(gateway, me, request, "assignment", f"/v1/tickets/{ticket_id}/why")

    @router.post(
        "/agents/{agent_id}/hand-on",
        tags=["desk"],
        response_model=HandedOn,
        responses=problems(401, 403, 404, 413, 503),
        openapi_extra=request_body(HandOn, {"reason": "On leave until Monday."}),
    )
    async def hand_on(request: Request, agent_id: str, me: AgentRow = act) -> Response:
        """Give all tickets of an agent to others: your own, or as a manager anybody's."""
        if me.agent_id != agent_id:
            identity_of(me).require(Role.MANAGER)
        path = f"/v1/agents/{quote(agent_id, safe='')}/hand-on"
        return await forward(gateway, me, request, "assignment", path)
