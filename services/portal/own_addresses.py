"""A second address of whoever is signed in: a mail goes there, and acting through its link shows
that both are theirs. From then on they are one person.

The session has shown the first address, the link shows the second. It shows on GET and acts on
POST alone, so that a mail scanner links nobody.
"""

from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.portal.context import Portal
from services.portal.finding import TOO_MANY
from services.portal.forms import Filled, Problems
from services.portal.guard import page_route
from services.portal.limits import minutes
from services.portal.rendering import HEADERS
from services.portal.sessions import Session
from services.portal.speaking import said
from shared.address_links import AddressLink, open_address_link
from shared.ids import person_id

PATH: Final = "/mine/addresses"
PURPOSE: Final = "another address"
ADDRESS_LENGTH_MAX: Final = 254

WRONG: Final = said("Please give an e-mail address.")
THE_SAME: Final = said("This is the address that you are signed in with.")


def routes(portal: Portal) -> APIRouter:
    """The form for the address, and the page that the mailed link leads to."""
    router = APIRouter(include_in_schema=False, route_class=page_route(portal.desk))
    _add_asking(router, portal)
    _add_agreeing(router, portal)
    return router


def _add_asking(router: APIRouter, portal: Portal) -> None:
    @router.get(PATH)
    async def form(request: Request) -> Response:
        session = portal.sessions.of(request)
        if session is None:
            return RedirectResponse("/find", 303, HEADERS)
        return _form(portal, session, Filled({}, (), ()))

    @router.post(PATH)
    async def send(request: Request) -> Response:
        filled = await portal.form(request, with_files=False)
        session = portal.sessions.of(request)
        if session is None:
            return RedirectResponse("/find", 303, HEADERS)
        key = portal.tokens.read(_asking(session), filled.get("form"))
        address = filled.get("email")
        if problems := _problems(session, address):
            return _form(portal, session, filled, problems, 422)
        ticket_id = await portal.finders.latest_of(session.person_id)
        if ticket_id is None:
            return RedirectResponse("/mine", 303, HEADERS)
        if wait := portal.limits.wait_seconds(request, address, "address"):
            many = TOO_MANY.given(wait=minutes(wait))
            return _form(portal, session, filled, Problems(message=many), 429)
        path, body = f"/v1/tickets/{ticket_id}/address-link", {"address": address}
        answer = await portal.owners.send(
            "notify", path, body, person=session.person_id, name="", key=key
        )
        if not answer.done:
            return _form(portal, session, filled, Problems(message=answer.message), 422)
        return portal.page("own_address_sent.html", {"address": address})


def _add_agreeing(router: APIRouter, portal: Portal) -> None:
    secret = portal.settings.link_secret

    @router.get(f"{PATH}/{{token}}")
    async def show(token: str) -> Response:
        link = open_address_link(secret, token, portal.runtime.clock())
        return _question(portal, link, token)

    @router.post(f"{PATH}/{{token}}")
    async def agree(request: Request, token: str) -> Response:
        link = open_address_link(secret, token, portal.runtime.clock())
        filled = await portal.form(request, with_files=False)
        key = portal.tokens.read(_agreeing(token), filled.get("form"))
        answer = await portal.owners.send(
            "intake",
            f"/v1/tickets/{link.ticket_id}/addresses/own",
            {"address": link.other_address, "requester": str(person_id(link.address))},
            person=person_id(link.other_address),
            name="",
            key=key,
        )
        if not answer.done:
            return _question(portal, link, token, Problems(message=answer.message), 422)
        return portal.page("own_address_linked.html", {"link": link})


def _problems(session: Session, address: str) -> Problems:
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or " " in address or len(address) > ADDRESS_LENGTH_MAX:
        return Problems({"email": WRONG})
    if person_id(address) == session.person_id:
        return Problems({"email": THE_SAME})
    return Problems()


def _asking(session: Session) -> str:
    return f"{PURPOSE} {session.person_id}"


def _agreeing(token: str) -> str:
    return f"{PURPOSE} {token}"


def _form(
    portal: Portal,
    session: Session,
    filled: Filled,
    problems: Problems | None = None,
    status: int = 200,
) -> Response:
    values = {
        "form": portal.tokens.make(_asking(session)),
        "session": session,
        "typed": filled.get,
        "problems": problems or Problems(),
    }
    return portal.page("own_address.html", values, status)


def _question(
    portal: Portal,
    link: AddressLink,
    token: str,
    problems: Problems | None = None,
    status: int = 200,
) -> Response:
    values = {
        "form": portal.tokens.make(_agreeing(token)),
        "link": link,
        "token": token,
        "problems": problems or Problems(),
    }
    return portal.page("own_address_question.html", values, status)
