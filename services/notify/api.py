"""HTTP: who was told what on a ticket, and how the mail is doing."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter

from services.notify.projection import QUERIES, Finder
from shared.events.assignment import Role
from shared.service import Runtime
from shared.web import After, Caller

PROJECTION: Final = "deliveries"


def routes(runtime: Runtime) -> APIRouter:
    """The inner API, called by the gateway."""
    router = APIRouter(prefix="/v1")
    finder = Finder(runtime.pool)

    @router.get("/tickets/{ticket_id}/notifications")
    async def notifications(
        ticket_id: UUID, caller: Caller, after: After = None
    ) -> dict[str, list[dict[str, Any]]]:
        """Every notification on a ticket, oldest first."""
        caller.require(Role.AGENT)
        await runtime.wait_for(ticket_id, after, projection=PROJECTION)
        rows = await finder.of_ticket(ticket_id)
        return {"notifications": [dict(row) for row in rows]}

    @router.get("/notifications/stats")
    async def stats(caller: Caller) -> dict[str, list[dict[str, Any]]]:
        """How many notifications are at each stage, and what the sender has in hand."""
        caller.require(Role.OPERATOR)
        outbox = await runtime.pool.fetch(QUERIES.outbox)
        return {
            "notifications": [dict(row) for row in await finder.stats()],
            "outbox": [dict(row) for row in outbox],
        }

    return router
