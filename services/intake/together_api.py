"""Tickets put together and taken apart: merged and unmerged, linked, split.

Each is a pair of facts, one on each ticket, in one transaction.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from services.intake import bodies
from services.intake.domain import (
    DECIDER,
    Absorb,
    BeginSplitOff,
    Command,
    Link,
    MergeInto,
    OpenTicket,
    Release,
    Split,
    Unlink,
    Unmerge,
)
from services.intake.domain.linking import OPPOSITE, NotMerged
from services.intake.domain.related import NotIntoItself
from services.intake.domain.ticket import Known, Merged, known
from services.intake.parts import Parts
from shared.asked import Asked, ByAgent
from shared.decider import Context, Outcome, Work, handle_all
from shared.errors import NotFound, Stale
from shared.events.intake import CustomerMessageReceived, TicketOpened
from shared.log import Past, Vector
from shared.web import etag


def together_routes(parts: Parts) -> APIRouter:
    """The routes."""
    router = APIRouter()
    _add_merging(router, parts)
    _add_links(router, parts)

    @router.post("/tickets/{ticket_id}/split")
    async def split(ticket_id: UUID, body: bodies.SplitOrder, asked: ByAgent) -> Response:
        """A message becomes a ticket of its own. It stays where it was, too."""
        await parts.runtime.wait_for(ticket_id, asked.after)
        outcomes = await _split(parts, ticket_id, body, asked)
        new = outcomes[0].subject
        more = {"new_ticket_id": str(new), "new_number": parts.number_of(new)}
        return _answer(outcomes[-1], more)

    return router


def _add_merging(router: APIRouter, parts: Parts) -> None:
    @router.post("/tickets/{ticket_id}/merge")
    async def merge(ticket_id: UUID, body: bodies.MergeOrder, asked: ByAgent) -> Response:
        """Go on with this ticket in another."""
        await parts.runtime.wait_for(ticket_id, asked.after)
        target_id = await parts.ticket_named(body.into_ticket_id)
        if ticket_id == target_id:
            raise NotIntoItself
        what = f"merge {ticket_id}"
        source, _, repeated = await _look(parts, ticket_id, asked, what)
        if repeated is not None:
            return _answer(repeated)
        into = MergeInto(target_id, parts.number_of(target_id), body.reason, asked.by)
        known = await parts.finders.person(source.facts.requester.person_id)
        absorb = Absorb(
            source_ticket_id=ticket_id,
            source_number=source.facts.number,
            source_requester=source.facts.requester.person_id,
            reason=body.reason,
            by=asked.by,
            also=frozenset(known.linked),
        )
        # The target first: what is wrong with it is what the caller can mend.
        pair: list[tuple[UUID, Command]] = [(target_id, absorb), (ticket_id, into)]
        return _answer((await _all(parts, pair, asked, what))[1])

    @router.post("/tickets/{ticket_id}/unmerge")
    async def unmerge(ticket_id: UUID, body: bodies.ReasonGiven, asked: ByAgent) -> Response:
        """Go on with this ticket by itself; what was written meanwhile stays in the other."""
        await parts.runtime.wait_for(ticket_id, asked.after)
        what = f"unmerge {ticket_id}"
        source, _, repeated = await _look(parts, ticket_id, asked, what)
        if repeated is not None:
            return _answer(repeated)
        if not isinstance(source, Merged):
            raise NotMerged
        alone = Unmerge(source.into, source.into_number, body.reason, asked.by)
        release = Release(ticket_id, source.facts.number, body.reason, asked.by)
        pair: list[tuple[UUID, Command]] = [(source.into, release), (ticket_id, alone)]
        return _answer((await _all(parts, pair, asked, what))[1])


def _add_links(router: APIRouter, parts: Parts) -> None:
    @router.post("/tickets/{ticket_id}/links")
    async def link(ticket_id: UUID, body: bodies.LinkOrder, asked: ByAgent) -> Response:
        """Say that another ticket has to do with this one, whoever opened it."""
        await parts.runtime.wait_for(ticket_id, asked.after)
        other_id = await parts.ticket_named(body.other_ticket_id)
        if ticket_id == other_id:
            raise NotIntoItself
        here, there = parts.number_of(ticket_id), parts.number_of(other_id)
        back = OPPOSITE[body.kind]
        pair: list[tuple[UUID, Command]] = [
            (other_id, Link(ticket_id, here, back, body.reason, asked.by)),
            (ticket_id, Link(other_id, there, body.kind, body.reason, asked.by)),
        ]
        return _answer((await _all(parts, pair, asked, f"link {ticket_id}"))[1])

    @router.delete("/tickets/{ticket_id}/links/{other}")
    async def unlink(ticket_id: UUID, other: str, asked: ByAgent) -> Response:
        """Take a link away, on both sides."""
        await parts.runtime.wait_for(ticket_id, asked.after)
        other_id = await parts.ticket_named(other)
        here, there = parts.number_of(ticket_id), parts.number_of(other_id)
        pair: list[tuple[UUID, Command]] = [
            (other_id, Unlink(ticket_id, here, asked.by)),
            (ticket_id, Unlink(other_id, there, asked.by)),
        ]
        return _answer((await _all(parts, pair, asked, f"unlink {ticket_id}"))[1])


async def _split(
    parts: Parts, ticket_id: UUID, body: bodies.SplitOrder, asked: Asked
) -> list[Outcome]:
    what = f"split {ticket_id}"
    source, past, _ = await _look(parts, ticket_id, asked, what)
    message = _message_of(past, body.message_id)
    topics = await parts.catalogue.topics()
    topic = topics.offered(body.topic_id) if body.topic_id else topics.of(source.facts.topic_id)
    made_of = ("split", ticket_id, body.message_id, asked.key) if asked.key else None
    new_id, number = await parts.free_number(made_of)
    text = message.description if isinstance(message, TicketOpened) else message.text
    writer = message.requester if isinstance(message, TicketOpened) else message.sender
    opened = OpenTicket(
        number=number,
        channel=message.channel,
        topic=topic,
        requester=writer,
        subject=body.subject,
        description=text,
        submission_digest=f"split {ticket_id} {body.message_id}",
        now=parts.runtime.clock(),
        attachments=message.attachments,
        auto_response_allowed=True,
        rules=topics.rules,
        organisation=topics.organisation_of(writer.email),
        language=source.facts.language,
    )
    begin = BeginSplitOff(ticket_id, source.facts.number, asked.by)
    split = Split(new_id, number, body.message_id, body.reason, asked.by)
    commands: list[tuple[UUID, Command]] = [
        (new_id, opened),
        (new_id, begin),
        (ticket_id, split),
    ]
    return await _all(parts, commands, asked, what)


def _message_of(past: Past, message_id: UUID) -> CustomerMessageReceived | TicketOpened:
    for recorded in past.events:
        event = recorded.event
        if recorded.id == message_id and isinstance(event, CustomerMessageReceived | TicketOpened):
            return event
    raise NotFound(what="message of a customer on this ticket")


async def _look(
    parts: Parts, ticket_id: UUID, asked: Asked, what: str
) -> tuple[Known, Past, Outcome | None]:
    """The ticket as it stands, and what came of the same request if it was carried out before.

    Raises `Stale` if it was not, and the ticket is not as the caller has seen it.
    """
    log = parts.runtime.log
    past = await log.read(ticket_id)
    context = await _context(parts, asked, what)
    repeated = Work(log.author, DECIDER, {ticket_id: past}).repeated(ticket_id, context)
    seen: Vector | None = parts.runtime.hearable(asked.seen)
    if repeated is None and seen is not None and not seen.covers(past.vector):
        raise Stale(seen=str(seen), now=str(past.vector))
    ticket = known(DECIDER.fold([recorded.event for recorded in past.events]))
    return ticket, past, repeated


async def _all(
    parts: Parts, commands: Sequence[tuple[UUID, Command]], asked: Asked, what: str
) -> list[Outcome]:
    """Carry out all of it or nothing."""
    context = await _context(parts, asked, what)
    return await handle_all(parts.runtime.log, DECIDER, commands, context)


async def _context(parts: Parts, asked: Asked, what: str) -> Context:
    return Context(
        **asked.context(what) | {"seen": None},
        now=parts.runtime.clock(),
        revision=(await parts.catalogue.topics()).revision,
    )


def _answer(outcome: Outcome, more: dict[str, Any] | None = None) -> JSONResponse:
    content: dict[str, Any] = {
        "ticket_id": str(outcome.subject),
        "events": [type(event).__name__ for event in outcome.events],
        **(more or {}),
    }
    return JSONResponse(content, headers=etag(outcome.vector))
