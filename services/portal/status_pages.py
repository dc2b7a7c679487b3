"""The pages of one ticket: how it stands, what was said, and a page for each act."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from fastapi import Response

from services.portal.acting import ACTIONS, FOR_OPENERS, Action
from services.portal.context import Portal
from services.portal.drafts import Draft
from services.portal.forms import Filled, Problems
from services.portal.rows import TicketRow
from services.portal.topic_fields import file_fields
from services.portal.words import GOING_ON, expected, moment, short_moment
from shared.events.base import Status
from shared.links import Link

EMPTY: Final = Filled({}, (), ())


@dataclass(frozen=True)
class Holder:
    """Whoever holds a magic link."""

    token: str
    link: Link

    @property
    def ticket_id(self) -> UUID:
        return self.link.ticket_id

    def sees_all(self, ticket: TicketRow) -> bool:
        """Whether it is the requester, and not maybe somebody who typed their address."""
        return ticket.confirmed or not self.link.opened

    def purpose(self, action: str) -> str:
        """What a form of this link is for."""
        return f"{action} {self.token}"


async def status_page(
    portal: Portal,
    holder: Holder,
    *,
    note: str = "",
    form: Filled = EMPTY,
    acted: str = "",
    problems: Problems | None = None,
    kept: Sequence[tuple[str, Draft]] = (),
    status: int = 200,
) -> Response:
    """The ticket's page: how it stands, what was said, what happened."""
    ticket = await portal.finders.ticket(holder.ticket_id)
    if ticket is None:
        response = portal.page("soon.html", {"token": holder.token}, 503)
        response.headers["Refresh"] = "2"
        return response
    if not holder.sees_all(ticket):
        note = f"{note} {problems.message}" if problems else note
        return await opened_page(portal, holder, ticket, note, form, acted, problems, kept, status)
    messages = await portal.finders.messages(holder.ticket_id)
    topic_fields = await portal.finders.fields(ticket.topic_id)
    # The token of a form that is shown again stays: sending it again is the same act.
    tokens = {each: portal.tokens.make(holder.purpose(each)) for each in ACTIONS}
    if acted:
        tokens[acted] = form.get("form")
    values: Mapping[str, Any] = {
        **_common(portal, holder, ticket),
        "messages": messages,
        "details": _details(ticket, topic_fields),
        "file_fields": file_fields(topic_fields),
        "timeline": await portal.finders.timeline(holder.ticket_id),
        "note": note,
        "tokens": tokens,
        "acted": acted,
        "typed": form.get,
        "problems": problems or Problems(),
        "kept": kept,
        **portal.file_limits,
    }
    return portal.page("ticket.html", values, status)


async def opened_page(
    portal: Portal,
    holder: Holder,
    ticket: TicketRow,
    note: str,
    form: Filled,
    acted: str,
    problems: Problems | None,
    kept: Sequence[tuple[str, Draft]],
    status: int,
) -> Response:
    """What whoever opened the ticket sees until the address is confirmed: how it stands, and
    what they said themselves in opening it."""
    first = await portal.finders.first_message(holder.ticket_id)
    tokens = {each: portal.tokens.make(holder.purpose(each)) for each in FOR_OPENERS}
    if acted in tokens:
        tokens[acted] = form.get("form")
    values: Mapping[str, Any] = {
        **_common(portal, holder, ticket),
        "first": first,
        "file_fields": file_fields(await portal.finders.fields(ticket.topic_id)),
        "note": note,
        "tokens": tokens,
        "acted": acted,
        "typed": form.get,
        "problems": problems or Problems(),
        "kept": kept,
        **portal.file_limits,
    }
    return portal.page("opened.html", values, status)


async def act_page(
    portal: Portal,
    holder: Holder,
    name: str,
    form: Filled,
    problems: Problems | None = None,
    status: int = 200,
) -> Response:
    """A page for one act, as mails link to it; says so when it is too early or too late."""
    ticket = await portal.finders.ticket(holder.ticket_id)
    action: Action = ACTIONS[name]
    if ticket is None or not holder.sees_all(ticket):
        return await status_page(portal, holder)
    if not action.open_in(ticket.status):
        return await status_page(portal, holder, note=action.closed)
    values: Mapping[str, Any] = {
        **_common(portal, holder, ticket),
        "form": form.get("form") or portal.tokens.make(holder.purpose(name)),
        "typed": form.get,
        "problems": problems or Problems(),
    }
    return portal.page(action.template, values, status)


def _details(ticket: TicketRow, fields: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """What was filled into the topic's own fields, under their labels."""
    labels = {field["name"]: field["label"] for field in fields}
    return [(labels.get(name, name), value) for name, value in ticket.details.items()]


def _common(portal: Portal, holder: Holder, ticket: TicketRow) -> dict[str, Any]:
    zone = portal.settings.timezone
    return {
        "ticket": ticket,
        "token": holder.token,
        "going_on": GOING_ON[Status(ticket.status)],
        "expected": expected(ticket, zone, portal.runtime.clock()),
        "moment": lambda at: moment(at, zone),
        "short_moment": lambda at: short_moment(at, zone),
        "me": holder.link.person_id,
    }
