"""A new link for somebody who lost the mail: it goes to the address on record only.

The answer is the same whether there is such a ticket or not, so that nobody can find out.
"""

import asyncio
from typing import Final

from fastapi import APIRouter, Request, Response

from services.portal.context import Portal
from services.portal.forms import Filled, FormTooOld, Problems
from services.portal.guard import page_route
from services.portal.limits import minutes
from shared.admission import leave_place
from shared.ids import person_id
from shared.numbers import normalise

PURPOSE: Final = "find"
ANSWER_SECONDS: Final = 1.0
"""Every answer takes as long, so that its time tells nothing either."""


def routes(portal: Portal) -> APIRouter:
    """The form, and what is said once it was sent."""
    router = APIRouter(include_in_schema=False, route_class=page_route(portal.desk))

    @router.get("/find")
    async def form() -> Response:
        return _page(portal, Filled({}, (), ()))

    @router.post("/find")
    async def send(request: Request) -> Response:
        filled = await portal.form(request, with_files=False)
        try:
            key = portal.tokens.read(PURPOSE, filled.get("form"))
        except FormTooOld as old:
            return _page(portal, filled, Problems(message=old.message), 403)
        problems = _problems(filled)
        if problems:
            return _page(portal, filled, problems, 422)
        wait = portal.limits.wait_seconds(request, filled.get("email"))
        if wait:
            many = Problems(
                message=f"Too many were asked for. Please try again in {minutes(wait)}."
            )
            return _page(portal, filled, many, 429)
        answered = asyncio.get_running_loop().time() + ANSWER_SECONDS
        await _ask(portal, filled, key)
        leave_place(request)
        await asyncio.sleep(max(0.0, answered - asyncio.get_running_loop().time()))
        return portal.page("asked.html", {})

    return router


def _problems(filled: Filled) -> Problems:
    found = {}
    if normalise(filled.get("number")) is None:
        found["number"] = "This is not a ticket number. It looks like LD-7KQ4M-2XR9C-5."
    if "@" not in filled.get("email"):
        found["email"] = "Please give the e-mail address that the ticket was opened with."
    return Problems(found)


async def _ask(portal: Portal, filled: Filled, key: str) -> None:
    number, person = normalise(filled.get("number")), person_id(filled.get("email"))
    ticket_id = await portal.finders.ticket_of(number or "", person)
    if ticket_id is not None:
        path = f"/v1/tickets/{ticket_id}/link"
        await portal.owners.send("notify", path, {}, person=person, name="", key=key)


def _page(
    portal: Portal, filled: Filled, problems: Problems | None = None, status: int = 200
) -> Response:
    values = {
        "form": portal.tokens.make(PURPOSE),
        "typed": filled.get,
        "problems": problems or Problems(),
    }
    return portal.page("find.html", values, status)
