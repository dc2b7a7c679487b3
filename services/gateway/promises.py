"""Why something is due when it is, and when it would be: sla answers, the gateway passes it on."""

from typing import Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.gateway.auth import identity_of
from services.gateway.context import Gateway
from services.gateway.forwarding import forward, request_body
from services.gateway.http import Seen, SignedIn, TicketName, problems
from services.gateway.rows import AgentRow
from shared.events import Priority
from shared.events.assignment import Role


class Preview(BaseModel):
    """A ticket that might be."""

    model_config = ConfigDict(extra="forbid")

    plan_id: str
    priority: Priority
    start: AwareDatetime = Field(description="When it would be opened.")


class Reapplied(BaseModel):
    """Why a plan is to hold for tickets that are open, too."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=2000)


EXAMPLE: Final = {"plan_id": "standard", "priority": "high", "start": "2026-12-23T14:30:00+01:00"}


REAPPLY_SECONDS_MAX: Final = 120.0
"""A plan's open tickets are gone through one by one."""


def add_promises(router: APIRouter, gateway: Gateway, reader: SignedIn, agent: SignedIn) -> None:
    """Explained and previewed due times; and plans that are applied to open tickets anew."""
    me: Any = Depends(reader)
    person: Any = Depends(agent)

    @router.get("/tickets/{ticket}/clocks/why", tags=["tickets"], responses=problems(401, 404, 503))
    async def why(request: Request, ticket: TicketName, seen: Seen, me: AgentRow = me) -> Response:
        """Each due time with its plan version, business hours, pauses, moves and events."""
        row = await gateway.look(ticket, me, seen)
        return await forward(gateway, me, request, "sla", f"/v1/tickets/{row.subject}/clocks")

    @router.post(
        "/due-times",
        tags=["desk"],
        responses=problems(401, 404, 413),
        openapi_extra=request_body(Preview, EXAMPLE),
    )
    async def preview(request: Request, me: AgentRow = me) -> Response:
        """When a ticket under a plan would be due; nothing is done."""
        return await forward(gateway, me, request, "sla", "/v1/calc")

    @router.post(
        "/plans/{plan_id}/reapply",
        tags=["desk"],
        responses=problems(401, 403, 404, 413, 422, 503),
        openapi_extra=request_body(Reapplied, {"reason": "The contract has changed."}),
    )
    async def reapply(request: Request, plan_id: str, me: AgentRow = person) -> Response:
        """Let a plan hold for its open tickets as it, and its calendar, are defined now: their
        clocks move. Answers how many tickets that changed; again, it changes none. Takes at least
        the role admin."""
        identity_of(me).require(Role.ADMIN)
        path = f"/v1/plans/{quote(plan_id, safe='')}/reapply"
        return await forward(gateway, me, request, "sla", path, REAPPLY_SECONDS_MAX)
