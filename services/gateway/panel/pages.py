"""The panel's pages: signing in and out, queues, quarantine, files; tickets are elsewhere."""

import json
from contextlib import suppress
from typing import Annotated, Final
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.gateway.auth import COOKIE, by_token
from services.gateway.context import Gateway
from services.gateway.limiting import TooManySignIns
from services.gateway.panel import assigning, keeping, promises, sender_pages, ticket_pages
from services.gateway.panel.frame import frame
from services.gateway.panel.guard import NoPage, PageRoute, check_form, visitor
from services.gateway.panel.notification_pages import add_notification_pages
from services.gateway.panel.quality_pages import add_quality_pages
from services.gateway.panel.rendering import HEADERS, STATIC, render, static
from services.gateway.queues import QUEUES
from services.gateway.reads import AskQuery
from services.gateway.rows import AgentRow
from shared.errors import NotFound, NotYet, TicketParked
from shared.identity import NotSignedIn
from shared.log.vector import Vector

YEAR_SECONDS: Final = 31_536_000

Text = Annotated[str, Form()]


def routes(gateway: Gateway) -> APIRouter:
    """Every page of the panel."""
    router = APIRouter(include_in_schema=False, route_class=PageRoute)
    _add_static(router)
    _add_signing(router, gateway)
    _add_queue(router, gateway)
    _add_presence(router, gateway)
    _add_quarantine(router, gateway)
    sender_pages.add(router, gateway)
    assigning.add(router, gateway)
    ticket_pages.add(router, gateway)
    add_quality_pages(router, gateway)
    add_notification_pages(router, gateway)
    promises.add(router, gateway)
    keeping.add(router, gateway)
    _add_no_page(router)
    return router


def _add_static(router: APIRouter) -> None:
    @router.get("/static/{mark}/{name}")
    async def file(mark: str, name: str) -> Response:
        if name not in STATIC or static(name)[1] != mark:
            raise NotFound(what="file")
        headers = {
            "Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(static(name)[0], 200, headers, STATIC[name])


def _add_signing(router: APIRouter, gateway: Gateway) -> None:
    secure = gateway.settings.gateway_url.startswith("https:")
    lifetime_seconds = int(gateway.sessions.lifetime.total_seconds())

    @router.get("/sign-in")
    async def sign_in_page(next: str = "/") -> Response:  # noqa: A002 - the name in the URL
        return render("sign_in.html", next=_ours(next), email="", error="")

    @router.post("/sign-in")
    async def sign_in(
        request: Request,
        email: Text = "",
        token: Text = "",
        next: Text = "/",  # noqa: A002
    ) -> Response:
        async def find() -> AgentRow:
            agent = await by_token(gateway.finders, token.strip())
            if agent.email.strip().casefold() != email.strip().casefold():
                raise NotSignedIn
            return agent

        try:
            agent = await gateway.limit.look(request, token.strip(), find)
        except TooManySignIns as many:
            page = render("sign_in.html", 429, next=_ours(next), email=email, error=many.message)
            page.headers["Retry-After"] = str(many.retry_after_seconds)
            return page
        except NotSignedIn:
            error = "E-mail and token do not belong together, or you no longer work here."
            return render("sign_in.html", 401, next=_ours(next), email=email, error=error)
        _, cookie = gateway.sessions.begin(agent, gateway.runtime.clock())
        response = RedirectResponse(_ours(next), 303, {"Cache-Control": "no-store"})
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=lifetime_seconds,
            httponly=True,
            samesite="strict",
            secure=secure,
        )
        return response

    @router.post("/sign-out")
    async def sign_out(request: Request, form_token: Text = "") -> Response:
        who = await visitor(gateway, request)
        check_form(gateway, who, form_token)
        until = gateway.runtime.clock() + gateway.sessions.lifetime
        await gateway.finders.end_session(who.session.id, until)
        response = RedirectResponse("/sign-in", 303, {"Cache-Control": "no-store"})
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=secure)
        return response


def _add_queue(router: APIRouter, gateway: Gateway) -> None:
    @router.get("/")
    async def queue(request: Request) -> Response:
        who = await visitor(gateway, request)
        ask = _asked(request)
        page = await gateway.finders.page(ask.ask(who.agent), who.agent)
        more = {**_filters(ask), "cursor": page.next} if page.next else None
        return render(
            "queue.html",
            **await frame(gateway, who),
            ask=ask,
            filters={**_filters(ask)},
            rows=page.rows,
            drafted=set(await gateway.drafts.tickets(who.agent.agent_id)),
            more=f"/?{urlencode(more)}" if more else None,
            teams=await gateway.finders.teams(),
            agents=await gateway.finders.agents(),
        )


def _asked(request: Request) -> AskQuery:
    """What the page's address asks for; what it does not say, or says wrongly, is mine."""
    given = {name: value for name, value in request.query_params.items() if value}
    if given.get("queue") not in QUEUES:
        searching = "q" in given or "requester" in given
        given["queue"] = "all" if searching else "mine"
    known = {name: value for name, value in given.items() if name in AskQuery.model_fields}
    try:
        return AskQuery.model_validate(known)
    except ValueError:
        return AskQuery(queue="mine")


def _filters(ask: AskQuery) -> dict[str, str]:
    """What the address says, to be said again."""
    said = ask.model_dump(exclude={"cursor", "limit"}, exclude_none=True)
    return {name: str(value) for name, value in said.items()}


def _add_presence(router: APIRouter, gateway: Gateway) -> None:
    @router.post("/presence")
    async def presence(request: Request, online: Text = "", form_token: Text = "") -> Response:
        who = await visitor(gateway, request)
        check_form(gateway, who, form_token)
        answer = await gateway.send(
            who.agent,
            "assignment",
            "PUT",
            f"/v1/agents/{quote(who.agent.agent_id, safe='')}/presence",
            body=b'{"online": true}' if online == "yes" else b'{"online": false}',
            headers={"content-type": "application/json"},
        )
        if not answer.ok:
            message = answer.json().get("detail", "Your presence could not be changed.")
            return render("trouble.html", answer.status, message=message, status=answer.status)
        if answer.after:
            with suppress(NotYet, TicketParked):
                await gateway.wait(who.agent.subject, Vector.parse(answer.after))
        return RedirectResponse("/", 303, {"Cache-Control": "no-store"})


def _add_quarantine(router: APIRouter, gateway: Gateway) -> None:
    @router.get("/quarantine")
    async def quarantine(request: Request) -> Response:
        who = await visitor(gateway, request)
        answer = await gateway.send(who.agent, "intake", "GET", "/v1/quarantine")
        problem = "" if answer.ok else answer.json().get("detail", "Intake did not answer.")
        values = {"items": answer.listed(), "problem": problem}
        return render("quarantine.html", **await frame(gateway, who), **values)

    @router.get("/quarantine/{item}")
    async def quarantined(request: Request, item: UUID) -> Response:
        who = await visitor(gateway, request)
        answer = await gateway.send(who.agent, "intake", "GET", f"/v1/quarantine/{item}")
        if not answer.ok:
            raise NotFound(what="quarantined mail")
        return render("quarantined.html", **await frame(gateway, who), item=answer.json())

    @router.post("/quarantine/{item}")
    async def decide(
        request: Request, item: UUID, decision: Text = "", into: Text = "", form_token: Text = ""
    ) -> Response:
        who = await visitor(gateway, request)
        check_form(gateway, who, form_token)
        if decision not in {"release", "reject", "block"}:
            raise NotFound(what="decision")
        body = {"into_ticket_id": into} if decision == "release" and into.strip() else {}
        answer = await gateway.send(
            who.agent,
            "intake",
            "POST",
            f"/v1/quarantine/{item}/{decision}",
            body=json.dumps(body).encode(),
            headers={"content-type": "application/json"},
        )
        if not answer.ok:
            message = answer.json().get("detail", "Intake did not answer.")
            return render("trouble.html", answer.status, message=message, status=answer.status)
        number = answer.json().get("number")
        there = f"/tickets/{quote(number)}" if number else "/quarantine"
        return RedirectResponse(there, 303, {"Cache-Control": "no-store"})

    @router.get("/files/{file_id}")
    async def file(
        request: Request, file_id: str, name: Annotated[str, Query()] = "file"
    ) -> Response:
        who = await visitor(gateway, request)
        path = f"/v1/files/{quote(file_id, safe='')}"
        answer = await gateway.send(who.agent, "intake", "GET", path)
        if not answer.ok:
            raise NotFound(what="file")
        # Whatever it is, it is saved, never shown as a page of ours.
        headers = {
            **HEADERS,
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        }
        return Response(answer.body, 200, headers, "application/octet-stream")


def _add_no_page(router: APIRouter) -> None:
    async def nothing() -> Response:
        raise NotFound(what="page")

    router.add_api_route("/{path:path}", nothing, methods=["GET"], route_class_override=NoPage)


def _ours(path: str) -> str:
    """A path of this panel; anything else is its first page."""
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if safe else "/"
