"""What is kept of a ticket's page: drafts while they are typed, and its case file to take away."""

from typing import Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.gateway.casefile import as_file
from services.gateway.context import Gateway
from services.gateway.panel.forms import FORMS, Form, Typed
from services.gateway.panel.guard import Visitor, check_form, visitor
from services.gateway.rows import TicketRow
from shared.errors import NotFound


def add(router: APIRouter, gateway: Gateway) -> None:
    """The routes that scripts keep drafts by, and the links to the case file."""

    @router.post("/tickets/{ticket}/draft/{name}")
    async def draft(request: Request, ticket: str, name: str) -> Response:
        """Keep what is being typed; `drop` throws it away."""
        who = await visitor(gateway, request)
        form = FORMS.get(name)
        if form is None:
            raise NotFound(what="form")
        row = await gateway.find(ticket)
        async with request.form(max_files=0) as data:
            typed = Typed.of(data)
        check_form(gateway, who, typed.get("form_token"))
        if "drop" in typed.fields:
            await gateway.drafts.drop(who.agent.agent_id, row.subject, name)
            return RedirectResponse(f"/tickets/{row.number}", 303, {"Cache-Control": "no-store"})
        await keep(gateway, who, row, form, typed)
        return Response(status_code=204, headers={"Cache-Control": "no-store"})

    @router.get("/tickets/{ticket}/case-file")
    async def case(
        request: Request,
        ticket: str,
        kind: Literal["json", "html"] = Query("html", alias="format"),
    ) -> Response:
        who = await visitor(gateway, request)
        return await as_file(gateway, await gateway.look(ticket, who.agent), who.agent, kind)


async def keep(gateway: Gateway, who: Visitor, row: TicketRow, form: Form, typed: Typed) -> bool:
    """Keep what was typed, in case the page is left."""
    now = gateway.runtime.clock()
    agent_id = who.agent.agent_id
    return await gateway.drafts.keep(agent_id, row.subject, form.name, typed.fields, now)
