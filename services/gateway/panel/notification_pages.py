"""The pages of notifications: the ledger with suppressions, one's preferences, previews."""

from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

import orjson
from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from services.gateway.context import Gateway
from services.gateway.owners import Answer
from services.gateway.panel.frame import frame
from services.gateway.panel.guard import Visitor, check_form, visitor
from services.gateway.panel.rendering import HEADERS, render
from shared.errors import NotFound

STAGES: Final = {
    "": "All",
    "requested": "To be sent",
    "unknown": "Unknown",
    "failed": "Failed",
    "suppressed": "Not sent",
    "sent": "Sent",
}
_JSON: Final = {"content-type": "application/json"}

_AS_A_MAIL: Final = {
    **HEADERS,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}
"""A preview is a mail: it brings styles of its own, runs nothing and loads nothing."""

Text = Annotated[str, Form()]


def add_notification_pages(router: APIRouter, gateway: Gateway) -> None:
    """Every page."""
    _add_ledger(router, gateway)
    _add_preferences(router, gateway)
    _add_templates(router, gateway)


def _add_ledger(router: APIRouter, gateway: Gateway) -> None:
    @router.get("/notifications")
    async def ledger(request: Request, stage: str = "", cursor: str = "") -> Response:
        who = await visitor(gateway, request)
        stage = stage if stage in STAGES else ""
        asked = {name: value for name, value in (("stage", stage), ("cursor", cursor)) if value}
        found = await _ask(gateway, who, "/v1/notifications", **asked)
        suppressed = await _ask(gateway, who, "/v1/suppressions")
        body = found.json() if found.ok else {}
        more = {"stage": stage, "cursor": body["next"]} if body.get("next") else None
        values: dict[str, Any] = {
            "stage": stage,
            "stages": STAGES,
            "rows": body.get("notifications", []),
            "more": f"/notifications?{urlencode(more)}" if more else None,
            "suppressions": suppressed.json().get("suppressions", []) if suppressed.ok else [],
            "problem": "" if found.ok else _problem(found),
        }
        return render("notifications.html", **await frame(gateway, who), **values)

    @router.post("/notifications/lift")
    async def lift(request: Request, person: Text = "", form_token: Text = "") -> Response:
        who = await visitor(gateway, request)
        check_form(gateway, who, form_token)
        try:
            path = f"/v1/suppressions/{UUID(person)}"
        except ValueError:
            raise NotFound(what="suppression") from None
        return _done(await gateway.send(who.agent, "notify", "DELETE", path), "/notifications")


def _add_preferences(router: APIRouter, gateway: Gateway) -> None:
    @router.get("/notifications/mine")
    async def mine(request: Request) -> Response:
        who = await visitor(gateway, request)
        found = await _ask(gateway, who, "/v1/preferences")
        if not found.ok:
            return _done(found, "")
        return render("preferences.html", **await frame(gateway, who), wanted=found.json())

    @router.post("/notifications/mine")
    async def prefer(
        request: Request,
        muted: Annotated[tuple[str, ...], Form()] = (),
        language: Text = "",
        start: Text = "",
        end: Text = "",
        timezone: Text = "",
        weekends: Text = "",
        form_token: Text = "",
    ) -> Response:
        who = await visitor(gateway, request)
        check_form(gateway, who, form_token)
        hours = {"start": start, "end": end, "timezone": timezone, "weekends": weekends == "yes"}
        body = {"muted": muted, "language": language, "quiet": hours if start or end else None}
        content = orjson.dumps(body)
        answer = await gateway.send(
            who.agent, "notify", "PUT", "/v1/preferences", body=content, headers=_JSON
        )
        return _done(answer, "/notifications/mine")


def _add_templates(router: APIRouter, gateway: Gateway) -> None:
    @router.get("/notifications/templates")
    async def templates(request: Request, name: str = "", language: str = "en") -> Response:
        who = await visitor(gateway, request)
        known = await _ask(gateway, who, "/v1/templates")
        if not known.ok:
            return _done(known, "")
        shown = await _preview(gateway, who, name, language) if name else None
        values = {"known": known.json(), "name": name, "language": language, "made": shown}
        return render("templates.html", **await frame(gateway, who), **values)

    @router.get("/notifications/templates/{name}/{language}")
    async def as_a_mail(request: Request, name: str, language: str) -> Response:
        who = await visitor(gateway, request)
        made = await _preview(gateway, who, name, language)
        return Response(made["html"], 200, _AS_A_MAIL, "text/html; charset=utf-8")


async def _preview(gateway: Gateway, who: Visitor, name: str, language: str) -> dict[str, Any]:
    path = f"/v1/templates/{quote(name, safe='')}"
    found = await _ask(gateway, who, path, language=language)
    if not found.ok:
        raise NotFound(what="template")
    return found.json()


async def _ask(gateway: Gateway, who: Visitor, path: str, **asked: object) -> Answer:
    return await gateway.send(who.agent, "notify", "GET", path, query=urlencode(asked))


def _done(answer: Answer, there: str) -> Response:
    if answer.ok:
        return RedirectResponse(there, 303, {"Cache-Control": "no-store"})
    return render("trouble.html", answer.status, message=_problem(answer), status=answer.status)


def _problem(answer: Answer) -> str:
    return str(answer.json().get("detail", "Notify did not answer."))
