"""The tickets of whoever is signed in."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.portal.context import Portal
from services.portal.guard import page_route
from services.portal.reader import reader
from services.portal.rendering import HEADERS
from services.portal.sessions import Session
from services.portal.zones import zone_of_reader
from shared.events.base import Status
from shared.links import Link, sign_link
from shared.moments import short_moment

PURPOSE: Final = "leave"
ENDED: Final = frozenset({Status.CLOSED, Status.ARCHIVED})


def routes(portal: Portal) -> APIRouter:
    """The list, and the way out."""
    router = APIRouter(include_in_schema=False, route_class=page_route(portal.desk))

    @router.get("/mine")
    async def mine(request: Request) -> Response:
        session = portal.sessions.of(request)
        if session is None:
            return RedirectResponse("/find", 303, HEADERS)
        tickets = await portal.finders.tickets_of(session.person_id)
        desks, language = portal.settings.timezone, reader().language
        values = {
            "email": session.email,
            "open": [ticket for ticket in tickets if Status(ticket.status) not in ENDED],
            "ended": [ticket for ticket in tickets if Status(ticket.status) in ENDED],
            "link": lambda ticket: link_to(portal, session, ticket.subject),
            "opened": lambda ticket: short_moment(
                ticket.opened_at, zone_of_reader(ticket.timezone, desks), language
            ),
            "form": portal.tokens.make(PURPOSE),
        }
        return portal.page("mine.html", values)

    @router.post("/mine/leave")
    async def leave(request: Request) -> Response:
        form = await portal.form(request, with_files=False)
        portal.tokens.read(PURPOSE, form.get("form"))
        answer = RedirectResponse("/", 303, HEADERS)
        portal.sessions.end(answer)
        return answer

    return router


def link_to(portal: Portal, session: Session, ticket_id: UUID) -> str:
    """The page of one of their tickets."""
    link = Link(ticket_id, session.person_id)
    return f"/t/{sign_link(portal.settings.link_secret, link, portal.runtime.clock())}"
