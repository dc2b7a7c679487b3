"""The page that says why somebody has a ticket, or why nobody."""

from typing import Final

from fastapi import APIRouter, Request, Response

from services.gateway.context import Gateway
from services.gateway.panel.frame import frame
from services.gateway.panel.guard import visitor
from services.gateway.panel.rendering import render

NO_ANSWER: Final = "The service that assigns tickets does not answer."


def add(router: APIRouter, gateway: Gateway) -> None:
    """One page, asked of assignment when it is opened."""

    @router.get("/tickets/{ticket}/assignment")
    async def page(request: Request, ticket: str) -> Response:
        who = await visitor(gateway, request)
        row = await gateway.look(ticket, who.agent)
        path = f"/v1/tickets/{row.subject}/why"
        answer = await gateway.send(who.agent, "assignment", "GET", path)
        if not answer.ok:
            message = answer.json().get("detail", NO_ANSWER)
            return render("trouble.html", answer.status, message=message, status=answer.status)
        why = answer.json()
        return render(
            "assignment.html",
            **await frame(gateway, who),
            ticket=row,
            told=why["told"],
            waits_now=why["now"],
            candidates=why["candidates"],
        )
