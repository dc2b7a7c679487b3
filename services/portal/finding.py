"""A lost mail: a code goes to the address, and whoever types it in sees all their tickets.

The answer is the same whether anybody wrote to us from there or not, so that nobody can find out.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.portal.context import Portal
from services.portal.forms import Filled, FormTooOld, Problems, why
from services.portal.guard import page_route
from services.portal.limits import minutes
from services.portal.rendering import HEADERS
from services.portal.sessions import Session
from services.portal.speaking import said
from shared.admission import leave_place
from shared.codes import is_code
from shared.ids import made_at, person_id

PURPOSE: Final = "find"
ANSWER_SECONDS: Final = 1.0
"""Every answer takes as long, so that its time tells nothing either."""

CODE_LIFETIME: Final = timedelta(minutes=15)
GUESSES_MAX: Final = 5
REMEMBERED_MAX: Final = 20_000
"""Challenges whose guesses are counted at once; the oldest is forgotten first."""

WRONG: Final = said("This is not the code that we mailed last. Please look again.")
OVER: Final = said("This code can't be used any more. Please ask for a new one.")
NO_ADDRESS: Final = said("Please give the e-mail address that you wrote to us with.")
TOO_MANY: Final = said("Too many were asked for. Please try again in {wait}.")


@dataclass
class Guesses:
    """How often a code was guessed at; a replica counts for itself."""

    _of: OrderedDict[UUID, int] = field(default_factory=OrderedDict)

    def one_more(self, challenge: UUID) -> bool:
        """Count a guess; False if there were too many."""
        self._of[challenge] = self._of.get(challenge, 0) + 1
        if len(self._of) > REMEMBERED_MAX:
            self._of.popitem(last=False)
        return self._of[challenge] <= GUESSES_MAX


def routes(portal: Portal) -> APIRouter:
    """The form for the address, the one for the code."""
    router = APIRouter(include_in_schema=False, route_class=page_route(portal.desk))
    guesses = Guesses()

    @router.get("/find")
    async def form() -> Response:
        return _page(portal, Filled({}, (), ()))

    @router.post("/find")
    async def send(request: Request) -> Response:
        filled = await portal.form(request, with_files=False)
        try:
            portal.tokens.read(PURPOSE, filled.get("form"))
        except FormTooOld as old:
            return _page(portal, filled, Problems(message=why(old)), 403)
        if "@" not in filled.get("email"):
            wrong = Problems({"email": NO_ADDRESS})
            return _page(portal, filled, wrong, 422)
        wait = portal.limits.wait_seconds(request, filled.get("email"), "find")
        if wait:
            many = Problems(message=TOO_MANY.given(wait=minutes(wait)))
            return _page(portal, filled, many, 429)
        answered = asyncio.get_running_loop().time() + ANSWER_SECONDS
        token = portal.tokens.make(_purpose(filled))
        await _ask(portal, filled, token)
        leave_place(request)
        await asyncio.sleep(max(0.0, answered - asyncio.get_running_loop().time()))
        return _code_page(portal, filled, token)

    @router.post("/find/code")
    async def code(request: Request) -> Response:
        filled = await portal.form(request, with_files=False)
        token = filled.get("form")
        now = portal.runtime.clock()
        try:
            challenge = UUID(portal.tokens.read(_purpose(filled), token))
        except FormTooOld as old:
            return _page(portal, filled, Problems(message=why(old)), 403)
        if not _stands(challenge, now) or not guesses.one_more(challenge):
            return _page(portal, filled, Problems(message=OVER), 422)
        session = Session(filled.get("email"))
        if not is_code(
            portal.settings.link_secret, session.person_id, challenge, filled.get("code")
        ):
            return _code_page(portal, filled, token, Problems({"code": WRONG}), 422)
        answer = RedirectResponse("/mine", 303, HEADERS)
        portal.sessions.begin(answer, session, now)
        return answer

    return router


def _purpose(filled: Filled) -> str:
    """A challenge is for one person."""
    return f"code {person_id(filled.get('email'))}"


def _stands(challenge: UUID, now: datetime) -> bool:
    return now - made_at(challenge) < CODE_LIFETIME


async def _ask(portal: Portal, filled: Filled, token: str) -> None:
    """Have the code mailed, in a mail about their latest ticket, if they have any."""
    person = person_id(filled.get("email"))
    challenge = portal.tokens.read(_purpose(filled), token)
    ticket_id = await portal.finders.latest_of(person)
    if ticket_id is not None:
        path, body = f"/v1/tickets/{ticket_id}/link", {"challenge": str(UUID(challenge))}
        await portal.owners.send("notify", path, body, person=person, name="", key=challenge)


def _page(
    portal: Portal, filled: Filled, problems: Problems | None = None, status: int = 200
) -> Response:
    values = {
        "form": portal.tokens.make(PURPOSE),
        "typed": filled.get,
        "problems": problems or Problems(),
    }
    return portal.page("find.html", values, status)


def _code_page(
    portal: Portal,
    filled: Filled,
    token: str,
    problems: Problems | None = None,
    status: int = 200,
) -> Response:
    values = {"form": token, "typed": filled.get, "problems": problems or Problems()}
    return portal.page("code.html", values, status)
