"""The page that says why each promise of a ticket is due when it is."""

from fastapi import APIRouter, Request, Response

from services.gateway.context import Gateway
from services.gateway.panel.frame import frame
from services.gateway.panel.guard import visitor
from services.gateway.panel.rendering import render
from shared.errors import NotFound


def add(router: APIRouter, gateway: Gateway) -> None:
    """One page a ticket."""

    @router.get("/tickets/{ticket}/promises")
    async def promises(request: Request, ticket: str) -> Response:
        who = await visitor(gateway, request)
        row = await gateway.look(ticket, who.agent, None)
        answer = await gateway.send(who.agent, "sla", "GET", f"/v1/tickets/{row.subject}/clocks")
        if answer.status == 404:
            raise NotFound(what="plan of this ticket")
        told = answer.json()
        problem = "" if answer.ok else told.get("detail", "The SLA service did not answer.")
        values = {"ticket": row, "told": told if answer.ok else None, "problem": problem}
        return render("promises.html", **await frame(gateway, who), **values)
