"""Opening a ticket: once per submission, whatever is sent again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.intake.domain.confirming import confirmed
from services.intake.domain.proving import proof_requested
from services.intake.domain.sharing import sharings
from services.intake.domain.suggesting import suggested
from services.intake.domain.ticket import Nothing, Open, Ticket, Waiting, evolve
from services.intake.domain.triage import verified_or_asked
from shared.errors import IdempotencyKeyReused
from shared.events import Attachment, Event, Level, Person, TicketType
from shared.events.customers import OrganisationDefined
from shared.events.desk import TopicDefined, TriageRule
from shared.events.intake import Authenticity, Channel, TicketOpened
from shared.events.participants import ConfirmedHow
from shared.events.relations import Relation, TicketsRelated


@dataclass(frozen=True)
class OpenTicket:
    """A submission that is well-formed, its files stored."""

    number: str
    channel: Channel
    topic: TopicDefined
    requester: Person
    subject: str
    description: str
    submission_digest: str
    now: datetime
    impact: Level | None = None
    urgency: Level | None = None
    type: TicketType | None = None
    plan_wanted: str | None = None
    custom_fields: dict[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    message_id: str | None = None
    mailbox: str | None = None
    copied: tuple[Person, ...] = ()
    """Others the mail was sent to: suggested, so that nobody lets himself in by being copied."""
    auto_response_allowed: bool = True
    rules: Sequence[TriageRule] = ()
    organisation: OrganisationDefined | None = None
    """The requester's."""
    language: str = ""
    timezone: str = ""
    authenticity: Authenticity | None = None
    shared_with: tuple[TopicDefined, ...] = ()
    """Topics of the other mailboxes of ours that the mail came to."""
    vouched: bool = False
    """An agent opens it for the requester."""
    hold: bool = False
    """It is to wait until the requester has shown that the address is theirs."""
    about: tuple[Relation, ...] = ()
    """Tickets that the mail is about, in which its author takes no part."""


def open_ticket(c: OpenTicket, state: Ticket) -> list[Event]:
    """The ticket with its number, and at once either verified or asked about."""
    if not isinstance(state, Nothing):
        if state.facts.submission_digest != c.submission_digest:
            raise IdempotencyKeyReused
        return []
    opened = TicketOpened(
        number=c.number,
        channel=c.channel,
        topic_id=c.topic.topic_id,
        topic_name=c.topic.name,
        requester=c.requester,
        subject=c.subject,
        description=c.description,
        opened_at=c.now,
        impact=c.impact,
        urgency=c.urgency,
        type=c.type,
        plan_wanted=c.plan_wanted,
        custom_fields=c.custom_fields,
        attachments=c.attachments,
        message_id=c.message_id,
        mailbox=c.mailbox,
        submission_digest=c.submission_digest,
        auto_response_allowed=c.auto_response_allowed,
        authenticity=c.authenticity,
        held=c.hold and not c.vouched,
        organisation=c.organisation.organisation_id if c.organisation else "",
        language=c.language or (c.organisation.language if c.organisation else ""),
        timezone=c.timezone or (c.organisation.timezone if c.organisation else ""),
    )
    about = [TicketsRelated(related=c.about)] if c.about else []
    match evolve(state, opened):
        case Waiting(facts) | Open(facts):
            first: list[Event] = [opened]
            if opened.held:
                first += proof_requested(c.topic, c.now)
            else:
                first += verified_or_asked(facts, c.topic, c.now, c.rules, c.organisation)
            if c.vouched:
                first += confirmed(facts, ConfirmedHow.AGENT, c.now)
            first += suggested(facts, c.copied, c.now)
            return [*first, *sharings(c.shared_with, {c.topic.team_id}, c.now), *about]
        case _:
            raise AssertionError("a ticket that was opened is waiting or open")
