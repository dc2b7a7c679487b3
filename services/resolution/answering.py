"""A reply to the customer, by somebody who must have seen what was said before it."""

from collections.abc import Sequence
from uuid import UUID

from services.resolution import bodies
from services.resolution.attachments import kept
from services.resolution.domain import DECIDER
from services.resolution.domain.commands import Command, ReplyToCustomer, RunMacro
from services.resolution.domain.rejections import ConversationMovedOn
from shared.asked import Asked
from shared.decider import Outcome
from shared.errors import Stale
from shared.events.intake import ClarificationProvided, CustomerMessageReceived
from shared.events.resolution import (
    AgentReplied,
    ProgressReported,
    TicketClosed,
    TicketReopened,
    TicketResolved,
)
from shared.log import Past, Vector
from shared.log.records import Recorded
from shared.service import Runtime
from shared.web import Invalid

TRIES_MAX = 5
"""How often a reply is looked at again while things come in that it does not depend on."""

_SAID = {
    CustomerMessageReceived: "the customer wrote",
    ClarificationProvided: "the customer answered what was asked",
    AgentReplied: "a colleague replied",
    ProgressReported: "a colleague reported progress",
    TicketResolved: "a colleague resolved it",
    TicketClosed: "it was closed",
    TicketReopened: "it was reopened",
}
"""What a conversation moves on by."""


def unseen(past: Past, seen: Vector, actor: str) -> list[Recorded]:
    """What was said on the ticket that somebody who saw so much has not seen, their own aside."""
    return [
        one
        for one in past.events
        if type(one.event) in _SAID and one.version > seen[one.author] and one.actor != actor
    ]


def vector_of(text: str) -> Vector | None:
    """What the agent says they had in sight. Raises `Invalid`."""
    if not text:
        return None
    try:
        return Vector.parse(text.strip('"'))
    except ValueError as error:
        raise Invalid([("seen", "is not the ETag of a ticket")]) from error


async def reply(runtime: Runtime, ticket_id: UUID, body: bodies.Reply, asked: Asked) -> Outcome:
    """Say it to the customer. Raises `ConversationMovedOn` if something was said that the agent
    had not seen, unless they want it sent anyway."""
    told = vector_of(body.seen)
    seen = told or asked.seen
    command = ReplyToCustomer(
        by=asked.by,
        agent_name=asked.name,
        now=runtime.clock(),
        text=body.text,
        awaits_customer=body.awaits_customer,
        attachments=await kept(runtime, body.attachments),
        seen=str(seen) if seen is not None else "",
        sent_anyway=body.sent_anyway,
    )
    return await in_sight(runtime, ticket_id, command, asked, told, anyway=body.sent_anyway)


async def in_sight(
    runtime: Runtime,
    ticket_id: UUID,
    command: ReplyToCustomer | RunMacro,
    asked: Asked,
    seen: Vector | None,
    *,
    anyway: bool,
) -> Outcome:
    """Carry it out if nothing was said since `seen`, which is looked at in the same instant."""
    context = asked.context(command)
    if seen is None or anyway:
        return await _carry_out(runtime, ticket_id, command, context)
    for attempt in range(TRIES_MAX):
        past = await runtime.log.read(ticket_id)
        news = unseen(past, seen, asked.caller.actor)
        if news and not _done_before(past, asked):
            raise ConversationMovedOn(what=_in_words(news))
        looked = {**context, "seen": asked.seen or past.vector}
        try:
            return await _carry_out(runtime, ticket_id, command, looked)
        except Stale:
            if attempt == TRIES_MAX - 1:
                raise
    raise AssertionError("unreachable")


async def _carry_out(
    runtime: Runtime, ticket_id: UUID, command: Command, context: dict[str, object]
) -> Outcome:
    return await runtime.handle(DECIDER, ticket_id, command, **context)  # type: ignore[arg-type]


def _done_before(past: Past, asked: Asked) -> bool:
    """Whether the same request was carried out already: then it is answered as it was."""
    return asked.request_id is not None and any(
        one.said and one.causation == asked.request_id for one in past.events
    )


def _in_words(news: Sequence[Recorded]) -> str:
    words = [_SAID[type(one.event)] for one in news if type(one.event) in _SAID]
    return ", ".join(dict.fromkeys(words))
