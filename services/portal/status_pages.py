"""The pages of one ticket: how it stands, what was said, and a page for each act."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import Response

from services.portal.acting import ACTIONS, JOIN, Action
from services.portal.context import Portal
from services.portal.copies import ENDED
from services.portal.drafts import Draft
from services.portal.forms import Filled, Problems
from services.portal.reader import reader
from services.portal.rows import TicketRow
from services.portal.speaking import Sayable
from services.portal.taking_part import Holder, Role, role_of
from services.portal.topic_fields import file_fields
from services.portal.words import GOING_ON, expected
from services.portal.zones import zone_of_reader
from shared.events.base import Status
from shared.links import LinkNotValid
from shared.moments import moment, short_moment

EMPTY: Final = Filled({}, (), ())


async def status_page(
    portal: Portal,
    holder: Holder,
    *,
    note: Sayable = "",
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
    copies = await portal.finders.copies(holder.ticket_id)
    role = role_of(holder.link, ticket, copies)
    if role is Role.GONE:
        raise LinkNotValid
    if role is Role.INVITED:
        return _invited_page(portal, holder, ticket, form, problems, status)
    if role is Role.OPENER:
        note = problems.message if problems else note
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
        "role": role.value,
        "copies": [each for each in copies if each.state != ENDED],
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
    note: Sayable,
    form: Filled,
    acted: str,
    problems: Problems | None,
    kept: Sequence[tuple[str, Draft]],
    status: int,
) -> Response:
    """What whoever opened the ticket sees until the address is confirmed: how it stands, and
    what they said themselves in opening it."""
    first = await portal.finders.first_message(holder.ticket_id)
    theirs = [name for name, action in ACTIONS.items() if Role.OPENER in action.roles]
    tokens = {each: portal.tokens.make(holder.purpose(each)) for each in theirs}
    if acted in tokens:
        tokens[acted] = form.get("form")
    values: Mapping[str, Any] = {
        **_common(portal, holder, ticket),
        "first": first,
        "reserved": await portal.finders.proves_address(ticket.topic_id),
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


def _invited_page(
    portal: Portal,
    holder: Holder,
    ticket: TicketRow,
    form: Filled,
    problems: Problems | None,
    status: int,
) -> Response:
    """What somebody sees who is asked to be in copy: by whom, of what, nothing that was said."""
    values: Mapping[str, Any] = {
        "ticket": ticket,
        "token": holder.token,
        "form": form.get("form") or portal.tokens.make(holder.purpose(JOIN)),
        "problems": problems or Problems(),
    }
    return portal.page("invited.html", values, status)


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
    if ticket is None:
        return await status_page(portal, holder)
    copies = await portal.finders.copies(holder.ticket_id)
    if role_of(holder.link, ticket, copies) is not Role.REQUESTER:
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
    zone = zone_of_reader(ticket.timezone, portal.settings.timezone)
    language = reader().language
    return {
        "ticket": ticket,
        "token": holder.token,
        "going_on": GOING_ON[Status(ticket.status)],
        "expected": expected(ticket, zone, portal.runtime.clock()) or "",
        "moment": lambda at: moment(at, zone, language),
        "short_moment": lambda at: short_moment(at, zone, language),
        "me": holder.link.person_id,
    }
