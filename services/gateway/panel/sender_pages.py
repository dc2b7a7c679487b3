"""The page of blocked senders: from whom no mail is taken, since when, and how much was refused."""

from typing import Annotated, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from services.gateway.context import Gateway
from services.gateway.owners import Answer
from services.gateway.panel.frame import frame
from services.gateway.panel.guard import Visitor, check_form, visitor
from services.gateway.panel.rendering import render
from shared.errors import NotFound

HERE: Final = "/blocked-senders"
OWNERS: Final = "/v1/blocked-senders"

Text = Annotated[str, Form()]


def add(router: APIRouter, gateway: Gateway) -> None:
    """The list, and what is done about it."""

    @router.get(HERE)
    async def blocked(request: Request) -> Response:
        return await _page(gateway, await visitor(gateway, request))

    @router.post(HERE)
    async def block(request: Request, address: Text = "", form_token: Text = "") -> Response:
        who = await visitor(gateway, request)
        check_form(gateway, who, form_token)
        answer = await gateway.send(
            who.agent,
            "intake",
            "POST",
            OWNERS,
            body=orjson.dumps({"address": address}),
            headers={"content-type": "application/json"},
        )
        if answer.status == 422:
            return await _page(gateway, who, typed=address, wrong=_wrong(answer))
        return _done(answer)

    @router.post(f"{HERE}/unblock")
    async def unblock(request: Request, person: Text = "", form_token: Text = "") -> Response:
        who = await visitor(gateway, request)
        check_form(gateway, who, form_token)
        try:
            path = f"{OWNERS}/{UUID(person)}"
        except ValueError:
            raise NotFound(what="blocked sender") from None
        return _done(await gateway.send(who.agent, "intake", "DELETE", path))


async def _page(gateway: Gateway, who: Visitor, typed: str = "", wrong: str = "") -> Response:
    answer = await gateway.send(who.agent, "intake", "GET", OWNERS)
    values = {
        "rows": answer.listed(),
        "problem": "" if answer.ok else _problem(answer),
        "typed": typed,
        "wrong": wrong,
    }
    page = await frame(gateway, who)
    return render("senders.html", 422 if wrong else 200, **page, **values)


def _done(answer: Answer) -> Response:
    if answer.ok:
        return RedirectResponse(HERE, 303, {"Cache-Control": "no-store"})
    return render("trouble.html", answer.status, message=_problem(answer), status=answer.status)


def _wrong(answer: Answer) -> str:
    found = answer.json().get("errors") or []
    return "; ".join(f"The {each['field']} {each['message']}" for each in found) or _problem(answer)


def _problem(answer: Answer) -> str:
    return str(answer.json().get("detail", "Intake did not answer."))
