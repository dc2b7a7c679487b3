"""Why something is due when it is, and when it would be: sla answers, the gateway passes it on."""

from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.gateway.context import Gateway
from services.gateway.forwarding import forward, request_body
from services.gateway.http import Seen, SignedIn, TicketName, problems
from services.gateway.rows import AgentRow
from shared.events import Priority


class Preview(BaseModel):
    """A ticket that might be."""

    model_config = ConfigDict(extra="forbid")

    plan_id: str
    priority: Priority
    start: AwareDatetime = Field(description="When it would be opened.")


EXAMPLE: Final = {"plan_id": "standard", "priority": "high", "start": "2026-12-23T14:30:00+01:00"}


def add_promises(router: APIRouter, gateway: Gateway, agent: SignedIn) -> None:
    """Explained and previewed due times."""
    me: Any = Depends(agent)

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
