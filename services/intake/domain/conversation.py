"""What customers say on a ticket that exists, and what mail servers say of our mails."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.intake.domain.confirming import confirmed, let_go
from services.intake.domain.suggesting import suggested
from services.intake.domain.ticket import (
    Archived,
    Closed,
    Known,
    Merged,
    SenderTakesNoPart,
    Ticket,
    TicketIsArchived,
    TicketIsMerged,
    TicketStaysClosed,
    evolve,
    known,
)
from services.intake.domain.topics import Topics
from services.intake.domain.triage import verified_or_asked
from services.intake.domain.verification import answers_in
from shared.errors import Rejected
from shared.events import Attachment, Event, Person
from shared.events.intake import (
    Authenticity,
    Channel,
    ClarificationProvided,
    CustomerMessageReceived,
)
from shared.events.participants import ConfirmedHow
from shared.events.submissions import BounceReceived
from shared.form_fields import FILE
from shared.thanks import is_thanks


class NothingWasAsked(Rejected):
    """The customer was not asked anything on this ticket, or has answered already."""


class AnswersNotAskedFor(Rejected):
    """These fields were not asked for: {fields}."""

    http_status = 422


@dataclass(frozen=True)
class ReceiveMessage:
    """Somebody who takes part writes, or their mail program does (`automatic`)."""

    sender: UUID
    """The person's id: names and addresses are taken as known, not as said."""
    channel: Channel
    text: str
    topics: Topics
    now: datetime
    also: frozenset[UUID] = frozenset()
    """The same human being under other addresses."""
    automatic: bool = False
    attachments: tuple[Attachment, ...] = ()
    message_id: str | None = None
    copied: tuple[Person, ...] = ()
    """Others it was sent to: suggested to the agent, if the requester has written it."""
    authenticity: Authenticity | None = None
    answers_ours: bool = False
    """It quotes what only a mail of ours on this ticket says, and we signed."""
    vouched_for: Person | None = None
    """The sender, for whom an agent answers: who may be nobody who takes part."""


@dataclass(frozen=True)
class ProvideClarification:
    """The customer answers what was asked, in the form; None: an agent does it for them."""

    person_id: UUID | None
    answers: dict[str, str]
    text: str
    topics: Topics
    now: datetime
    attachments: tuple[Attachment, ...] = ()
    """Files that were asked for: they come as a message, their names are the answers."""


@dataclass(frozen=True)
class Undelivered:
    """A recipient whom a mail of ours did not reach."""

    recipient: str
    status: str
    """Enhanced status code (RFC 3463); empty when not said."""
    hard: bool


@dataclass(frozen=True)
class RecordBounce:
    """A mail of ours came back, from one recipient or several."""

    notification_id: UUID | None
    undelivered: tuple[Undelivered, ...]
    now: datetime


def receive_message(c: ReceiveMessage, state: Ticket) -> list[Event]:
    """The message; and if the ticket waits for the requester's answers, those.

    A closed ticket takes messages: resolution reopens it. One that was closed too long ago to be
    reopened takes only what nobody has to answer; anything else opens a ticket about it.
    """
    ticket = writable(state)
    if isinstance(ticket, Closed) and _too_late(ticket, c):
        raise TicketStaysClosed
    sender = _taking_part(ticket, c) or c.vouched_for
    if sender is None:
        raise SenderTakesNoPart
    from_requester = sender == ticket.facts.requester
    received = CustomerMessageReceived(
        sender=sender,
        channel=c.channel,
        text=c.text,
        received_at=c.now,
        automatic=c.automatic,
        attachments=c.attachments,
        message_id=c.message_id,
        authenticity=c.authenticity,
    )
    said: list[Event] = [received]
    if from_requester and not c.automatic:
        said += suggested(ticket.facts, c.copied, c.now)
    if c.sender == ticket.facts.requester.person_id and c.answers_ours and not c.automatic:
        said += confirmed(ticket.facts, ConfirmedHow.MAIL, c.now)
        said += let_go(ticket.facts, c.topics, c.now)
    questions = ticket.facts.questions
    if not questions or not from_requester or c.automatic or not (c.text or c.attachments):
        return said
    answers = answers_in(c.text, questions) | _files_for(c, ticket)
    provided = ClarificationProvided(answers=answers, provided_at=c.now)
    return [*said, provided, *_looked_at_again(ticket, provided, c.topics, c.now)]


def _taking_part(ticket: Known, c: ReceiveMessage) -> Person | None:
    """Who takes part and writes this, under this address of theirs or another."""
    people = ticket.facts.participants
    return next((people[one] for one in (c.sender, *sorted(c.also)) if one in people), None)


def _too_late(ticket: Closed, c: ReceiveMessage) -> bool:
    if ticket.reopens_until is None or c.now <= ticket.reopens_until or c.automatic:
        return False
    sender = _taking_part(ticket, c) or c.vouched_for
    return bool(c.attachments) or not is_thanks(c.text, sender.name if sender else "")


def provide_clarification(c: ProvideClarification, state: Ticket) -> list[Event]:
    """The answers, and what the ticket amounts to with them."""
    ticket = writable(state)
    people = ticket.facts.participants
    if c.person_id is not None and c.person_id not in people:
        raise SenderTakesNoPart
    if not ticket.facts.questions:
        raise NothingWasAsked
    asked = {question.field for question in ticket.facts.questions}
    if unasked := c.answers.keys() - asked:
        raise AnswersNotAskedFor(fields=", ".join(sorted(unasked)))
    answers = {name: value for name, value in c.answers.items() if value}
    provided = ClarificationProvided(answers=answers, text=c.text, provided_at=c.now)
    said: list[Event] = [provided, *_looked_at_again(ticket, provided, c.topics, c.now)]
    if not c.attachments:
        return said
    sender = people[c.person_id] if c.person_id else ticket.facts.requester
    files = CustomerMessageReceived(
        sender=sender,
        channel=Channel.WEB,
        text="",
        received_at=c.now,
        attachments=c.attachments,
    )
    return [files, *said]


def record_bounce(c: RecordBounce, state: Ticket) -> list[Event]:
    """The bounce, once for each mail, recipient and status."""
    facts = known(state).facts
    return [
        BounceReceived(
            notification_id=c.notification_id,
            recipient=one.recipient,
            status=one.status,
            hard=one.hard,
            received_at=c.now,
        )
        for one in dict.fromkeys(c.undelivered)
        if (c.notification_id, one.recipient, one.status) not in facts.bounced
    ]


def writable(state: Ticket) -> Known:
    """A ticket that customers may write on. Raises the reason why it isn't."""
    match known(state):
        case Merged() as merged:
            raise TicketIsMerged(into=merged.into, into_number=merged.into_number)
        case Archived():
            raise TicketIsArchived
        case ticket:
            return ticket


def _files_for(c: ReceiveMessage, ticket: Known) -> dict[str, str]:
    """The files of a message, as the answer to every question that asks for files."""
    fields = c.topics.of(ticket.facts.topic_id).fields
    wanted = {field.name for field in fields if field.kind == FILE}
    names = ", ".join(file.name for file in c.attachments)
    return {q.field: names for q in ticket.facts.questions if names and q.field in wanted}


def _looked_at_again(
    ticket: Known, provided: ClarificationProvided, topics: Topics, now: datetime
) -> list[Event]:
    after = known(evolve(ticket, provided))
    if after.facts.verified:
        return []
    topic = topics.of(after.facts.topic_id)
    organisation = topics.organisations.get(after.facts.organisation)
    return verified_or_asked(after.facts, topic, now, topics.rules, organisation)
