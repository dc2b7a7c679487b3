"""Pages of one ticket, for whoever holds its magic link: they show on GET, act on POST."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.portal.acting import ACTIONS, CONFIRM_ADDRESS, REPLY, Action, confirm_address
from services.portal.context import Portal
from services.portal.drafts import Draft, TooLarge, TooMany
from services.portal.forms import Filled, Problems, why
from services.portal.guard import page_route
from services.portal.limits import minutes
from services.portal.opening import TOO_MANY
from services.portal.owners import Answer
from services.portal.rendering import HEADERS
from services.portal.rows import TicketRow
from services.portal.speaking import said
from services.portal.status_pages import act_page, status_page
from services.portal.taking_part import SEES_ALL, Holder, Role, role_of
from shared.errors import LedgerdeskError, NotFound, NotYet, Rejected, TicketParked
from shared.events.base import Status
from shared.links import Link, LinkNotValid, read_link, sign_link
from shared.log.vector import Vector

SOON: Final = said("What you sent is with us, and will show here in a moment.")
AFTER: Final = "after"
STRANGE_WAIT_SECONDS: Final = 0.3


class OnlyTheRequester(Rejected):
    """Only the person who opened this ticket can do that."""

    http_status = 403


class OnlyByMail(Rejected):
    """Please use the link in the mails that we sent about this ticket: this one can't do that."""

    http_status = 403


def routes(portal: Portal) -> APIRouter:
    """The status page, its forms, and the pages that mails link to."""
    router = APIRouter(include_in_schema=False, route_class=page_route(portal.desk))

    @router.get("/t/{token}")
    async def status(token: str, after: str = "", mark: str = "", done: str = "") -> Response:
        holder = _holder(portal, token)
        late = await _waited(portal, holder, after, mark)
        note = [ACTIONS[done].done] if done in ACTIONS else []
        return await status_page(portal, holder, note=[*note, SOON] if late else note)

    @router.get("/t/{token}/files/{file_id}")
    async def file(token: str, file_id: str) -> Response:
        return await _file(portal, _holder(portal, token), file_id)

    @router.get("/t/{token}/{action}")
    async def page(token: str, action: str, rating: str = "") -> Response:
        holder = _holder(portal, token)
        if action not in ACTIONS or not ACTIONS[action].template:
            raise NotFound(what="page")
        return await act_page(portal, holder, action, Filled({"rating": rating}, (), ()))

    @router.post("/t/{token}/{action}")
    async def act(token: str, action: str, request: Request) -> Response:
        holder = _holder(portal, token)
        if action not in ACTIONS:
            raise NotFound(what="page")
        return await _act(portal, holder, action, request)

    return router


def _holder(portal: Portal, token: str) -> Holder:
    return Holder(token, read_link(portal.settings.link_secret, token))


async def _waited(portal: Portal, holder: Holder, after: str, mark: str) -> bool:
    """Wait for what the customer did; True if it can't be shown yet.

    What we didn't say ourselves is hardly waited for: it might never come.
    """
    ours = portal.tokens.is_marked(holder.purpose(AFTER), after, mark)
    try:
        seen = Vector.parse(after) if after else None
        await portal.runtime.wait_for(
            holder.ticket_id, seen, "pages", None if ours else STRANGE_WAIT_SECONDS
        )
    except ValueError:
        return False
    except (NotYet, TicketParked):
        return True
    return False


async def _act(portal: Portal, holder: Holder, name: str, request: Request) -> Response:
    """Carry out what the form asks for, or show it again with what is wrong."""
    action = ACTIONS[name]
    ticket = await portal.finders.ticket(holder.ticket_id)
    role = await _role(portal, holder, ticket)
    if role is Role.GONE:
        raise LinkNotValid
    if role not in action.roles:
        raise OnlyByMail if role is Role.OPENER else OnlyTheRequester
    form = await portal.form(request, with_files=action.takes_files)
    key = portal.tokens.read(holder.purpose(name), form.get("form"))
    files: Sequence[Draft] = ()
    try:
        if action.takes_files:
            files = await portal.drafts.gather(key, form.uploads, form.kept)
    except (TooLarge, TooMany) as error:
        return await _again(portal, holder, name, form, Problems({error.field: why(error)}))
    missing = action.missing(form, files)
    if missing:
        kept = await portal.drafts.keep(key, files)
        return await _again(portal, holder, name, form, Problems(missing), kept)
    if ticket is not None and _may_begin_anew(name, ticket):
        wait = portal.limits.wait_seconds(request, str(holder.link.person_id))
        if wait:
            kept = await portal.drafts.keep(key, files)
            many = Problems(message=TOO_MANY.given(wait=minutes(wait)))
            return await _again(portal, holder, name, form, many, kept, 429)
    who = ticket.requester_name if ticket and role is not Role.COPY else ""
    answer = await _sent(portal, holder, action, action.body(form, files), who, key)
    if answer.code in action.too_late:
        name, words = REPLY, {"text": form.get("reason"), "attachments": []}
        answer = await _sent(portal, holder, ACTIONS[REPLY], words, who, key)
    if not answer.done:
        kept = await portal.drafts.keep(key, files)
        problems = action.problems(answer)
        return await _again(portal, holder, name, form, problems, kept, answer.status)
    if "follow_up_of" in answer.body:
        return await _followed_up(portal, holder, answer, key)
    unconfirmed = role is Role.REQUESTER and not (ticket and ticket.confirmed)
    if unconfirmed and name != CONFIRM_ADDRESS:
        await confirm_address(portal, holder.link, key)
    mark = portal.tokens.mark(holder.purpose(AFTER), answer.after)
    query = urlencode({"done": name, "after": answer.after, "mark": mark})
    return RedirectResponse(f"/t/{holder.token}?{query}", 303, HEADERS)


def _may_begin_anew(name: str, ticket: TicketRow) -> bool:
    """Whether what the customer writes may open a ticket, of which there are only so many."""
    done = ticket.status in {Status.CLOSED.value, Status.ARCHIVED.value}
    return done and name in {REPLY, "reopen"}


async def _sent(
    portal: Portal, holder: Holder, action: Action, body: Mapping[str, Any], who: str, key: str
) -> Answer:
    return await portal.owners.send(
        action.owner,
        f"/v1/tickets/{holder.ticket_id}/{action.path}",
        body,
        person=holder.link.person_id,
        name=who,
        key=key,
        after=await portal.runtime.log.vector(holder.ticket_id),
    )


async def _followed_up(portal: Portal, holder: Holder, answer: Answer, key: str) -> Response:
    """It was too late for this ticket: to the one that the customer's words have opened."""
    opened = holder.link.opened
    link = Link(UUID(answer.body["ticket_id"]), holder.link.person_id, opened=opened)
    if not opened:
        await confirm_address(portal, link, key)
    token = sign_link(portal.settings.link_secret, link, portal.runtime.clock())
    query = urlencode({"about": answer.body["follow_up_of"]})
    return RedirectResponse(f"/t/{token}/received?{query}", 303, HEADERS)


async def _role(portal: Portal, holder: Holder, ticket: TicketRow | None) -> Role:
    """What the holder is to the ticket; of one that isn't known here yet, what the link says."""
    if ticket is None:
        return Role.OPENER if holder.link.opened else Role.REQUESTER
    return role_of(holder.link, ticket, await portal.finders.copies(holder.ticket_id))


async def _again(
    portal: Portal,
    holder: Holder,
    name: str,
    form: Filled,
    problems: Problems,
    kept: Sequence[tuple[str, Draft]] = (),
    status: int = 422,
) -> Response:
    if ACTIONS[name].template:
        return await act_page(portal, holder, name, form, problems, status)
    return await status_page(
        portal, holder, form=form, acted=name, problems=problems, kept=kept, status=status
    )


async def _file(portal: Portal, holder: Holder, file_id: str) -> Response:
    """A file of this ticket, to be saved and never shown."""
    ticket = await portal.finders.ticket(holder.ticket_id)
    if ticket is None or await _role(portal, holder, ticket) not in SEES_ALL:
        raise NotFound(what="file")
    name, _ = await portal.finders.file(holder.ticket_id, file_id)
    try:
        content = await portal.files.get(file_id)
    except LedgerdeskError as error:
        raise NotFound(what="file") from error
    headers = HEADERS | {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(content, 200, headers, "application/octet-stream")
