"""The page of a ticket, and what its forms do; nothing that was typed is ever lost."""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.gateway.auth import identity_of
from services.gateway.context import Gateway
from services.gateway.http import BODY_BYTES_MAX
from services.gateway.owners import Answer
from services.gateway.panel.forms import FILES_MAX, FORMS, Form, Typed, attachments
from services.gateway.panel.frame import frame
from services.gateway.panel.guard import FormTooOld, Visitor, check_form, visitor
from services.gateway.panel.keeping import keep
from services.gateway.panel.rendering import render
from services.gateway.prepared import prepared_for
from services.gateway.rows import TicketRow, TimelineRow
from shared.errors import NotFound, NotYet, Rejected, TicketParked
from shared.ids import uuid7
from shared.log.vector import Vector
from shared.numbers import normalise
from shared.web import AFTER_HEADER

LATEST: Final = 40
"""Events shown beside a ticket before all are asked for."""

ALL: Final = 1_000

STALE_TRIES: Final = 3
"""How often a command is sent again when only quiet events came in between."""


_NOTHING_THERE: Final = frozenset({"is required", "must not be empty"})
"""What owners say of a field that was left empty."""


class TooLarge(Rejected):
    """Your files are too large to be sent at once: nothing was done."""

    http_status = 413


@dataclass(frozen=True)
class Trouble:
    """Why a form was not carried out, and what was typed in it."""

    form: str
    message: str
    typed: dict[str, str]
    fields: dict[str, str] = field(default_factory=dict)
    """Messages by field."""
    news: list[TimelineRow] = field(default_factory=list)
    """What happened since the page was shown."""
    status: int = 422


def add(router: APIRouter, gateway: Gateway) -> None:
    """The ticket's page, its forms, and the pulse by which an open page sees news."""

    @router.get("/tickets/{ticket}")
    async def page(
        request: Request,
        ticket: str,
        after: str | None = None,
        done: str | None = None,
        events: str = "",
    ) -> Response:
        who = await visitor(gateway, request)
        row, behind = await _no_older(gateway, who, ticket, _vector(after))
        if ticket != row.number:
            return RedirectResponse(f"/tickets/{row.number}", 303, {"Cache-Control": "no-store"})
        told = FORMS[done].done if done in FORMS else ""
        if behind:
            told = f"{told} It takes a moment until this page shows it.".strip()
        return await _page(gateway, who, row, told=told, all_events=events == "all")

    @router.get("/tickets/{ticket}/pulse")
    async def pulse(request: Request, ticket: str) -> Response:
        await visitor(gateway, request)
        row = await gateway.find(ticket)
        return Response(row.vector, 200, {"Cache-Control": "no-store"}, "text/plain")

    @router.get("/tickets/{ticket}/do/{name}")
    async def back(ticket: str, name: str) -> Response:
        """Whoever opens the address that a refused form has left behind sees the ticket."""
        return RedirectResponse(
            f"/tickets/{quote(ticket, safe='')}", 303, {"Cache-Control": "no-store"}
        )

    @router.post("/tickets/{ticket}/do/{name}")
    async def carry_out(request: Request, ticket: str, name: str) -> Response:
        who = await visitor(gateway, request)
        form = FORMS.get(name)
        if form is None:
            raise NotFound(what="form")
        if int(request.headers.get("content-length", "0")) > BODY_BYTES_MAX:
            raise TooLarge
        row = await gateway.find(ticket)
        async with request.form(max_files=FILES_MAX) as data:
            typed = Typed.of(data)
            try:
                check_form(gateway, who, typed.get("form_token"))
            except FormTooOld as error:
                trouble = Trouble(name, error.message, typed.fields, status=error.http_status)
                return await _page(gateway, who, row, trouble=trouble)
            return await _carry_out(gateway, who, row, form, typed)


async def _no_older(
    gateway: Gateway, who: Visitor, ticket: str, after: Vector | None
) -> tuple[TicketRow, bool]:
    """The ticket, and whether it is still older than what the agent has seen."""
    with suppress(NotYet, TicketParked):
        return await gateway.look(ticket, who.agent, after), False
    return await gateway.look(ticket, who.agent), True


async def _carry_out(
    gateway: Gateway, who: Visitor, row: TicketRow, form: Form, typed: Typed
) -> Response:
    seen = _vector(typed.get("seen")) or Vector()
    answer = Answer(412, b"")
    for _ in range(STALE_TRIES):
        news = await _news(gateway, who, row, seen) if form.careful else []
        if news:
            break
        answer = await _send(gateway, who, row, form, typed)
        if answer.ok:
            await gateway.drafts.drop(who.agent.agent_id, row.subject, form.name)
            query = {"done": form.name, **({"after": answer.after} if answer.after else {})}
            where = f"/tickets/{row.number}?{urlencode(query)}"
            return RedirectResponse(where, 303, {"Cache-Control": "no-store"})
        if answer.status != 412:
            break
        row = await gateway.find(row.number, _vector(answer.after))
    else:
        news = []
    await keep(gateway, who, row, form, typed)
    trouble = _trouble(form, typed, answer, news)
    return await _page(gateway, who, await gateway.find(row.number), trouble=trouble)


async def _news(gateway: Gateway, who: Visitor, row: TicketRow, seen: Vector) -> list[TimelineRow]:
    """What an answer depends on and the agent has not seen: others' doing, quiet things aside."""
    latest = await gateway.finders.timeline_end(row.subject, ALL)
    mine = f"agent:{who.agent.agent_id}"
    return [
        line
        for line in latest
        if line.version > seen[line.stream] and not line.quiet and line.actor != mine
    ]


async def _send(gateway: Gateway, who: Visitor, row: TicketRow, form: Form, typed: Typed) -> Answer:
    identity_of(who.agent).require(form.command.role)
    body = form.body(typed.fields)
    if typed.files:
        body["attachments"] = await attachments(typed.files)
    if form.name == "merge":
        body["into_ticket_id"] = await _named(gateway, typed.get("into"))
    if form.name == "parent":
        body["parent_ticket_id"] = await _named(gateway, typed.get("parent"))
    parts = {name: quote(value, safe="") for name, value in form.path_of(typed.fields).items()}
    headers = {"content-type": "application/json", AFTER_HEADER.lower(): row.vector}
    if typed.get("key"):
        headers["idempotency-key"] = typed.get("key")
    if form.careful and "seen" not in body:
        headers["if-match"] = f'"{row.vector}"'
    return await gateway.send(
        who.agent,
        form.command.owner,
        form.command.method,
        form.command.path.format(id=row.subject, **parts),
        body=orjson.dumps(body),
        headers=headers,
    )


async def _named(gateway: Gateway, number: str) -> str:
    """The id of the ticket with this number; what is no number, as it is."""
    with suppress(NotFound):
        return str(await gateway.finders.ticket_id(normalise(number) or number))
    return number


def _trouble(form: Form, typed: Typed, answer: Answer, news: list[TimelineRow]) -> Trouble:
    """What the owner refused, in words for the form."""
    problem = answer.json()
    errors = {e.get("field", ""): _plain(e.get("message", "")) for e in problem.get("errors", [])}
    message = problem.get("detail") or "It was not done."
    if news or answer.status == 412:
        message = (
            "Nothing was sent yet: this happened since you looked. What you typed is still"
            " here; send it again if it still fits."
        )
    if typed.files:
        message += " Please choose your files again."
    return Trouble(form.name, message, typed.fields, errors, news, answer.status)


def _plain(message: str) -> str:
    """What is wrong with a field, as somebody who fills in forms says it."""
    return "Please fill this in." if message in _NOTHING_THERE else message


async def _page(
    gateway: Gateway,
    who: Visitor,
    row: TicketRow,
    *,
    told: str = "",
    trouble: Trouble | None = None,
    all_events: bool = False,
) -> Response:
    finders = gateway.finders
    latest = await finders.timeline_end(row.subject, ALL if all_events else LATEST + 1)
    incident = [*row.children, *([row.parent] if row.parent else [])]
    values: dict[str, Any] = {
        "ticket": row,
        "messages": await finders.conversation(row.subject),
        "clocks": await finders.clocks(row.subject),
        "timeline": latest if all_events else latest[-LATEST:],
        "more_events": len(latest) > LATEST and not all_events,
        "others": await finders.others_of(row),
        "organisation": await finders.organisation(row.organisation_id),
        "colleagues": await finders.others_of_organisation(row),
        "agents": [(agent, load) for agent, load in await finders.agents() if agent.active],
        "teams": await finders.teams(),
        "plans": await finders.plans(),
        "topics": await finders.topics(),
        "labels": await finders.labels(row.topic_id),
        "drafts": await gateway.drafts.of(who.agent.agent_id, row.subject),
        "prepared": prepared_for(row, await finders.work_rules(), who.agent),
        "pins": await finders.pins_of(row),
        "incident": await finders.tickets_of([UUID(each["ticket_id"]) for each in incident]),
        "told": told,
        "trouble": trouble,
        "new_key": lambda: uuid7().hex,
    }
    status = trouble.status if trouble is not None else 200
    return render("ticket.html", status, **await frame(gateway, who), **values)


def _vector(text: str | None) -> Vector | None:
    """The vector in an address or a form; None for none, or for something else."""
    if not text:
        return None
    try:
        return Vector.parse(text)
    except ValueError:
        return None
