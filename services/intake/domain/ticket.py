"""What intake knows of a ticket: its state, folded from what was said and heard of it.

Nothing ──► Waiting ──► Open ◄──► Closed ──► Archived
               └──────────┴──► Merged ──► Closed, until resolution reopens it
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from shared.errors import NotFound, Rejected
from shared.events import Event, Level, Person, TicketType, Unknown
from shared.events.intake import (
    Channel,
    ClarificationLapsed,
    ClarificationProvided,
    ClarificationReminded,
    ClarificationRequested,
    CustomerMessageReceived,
    Question,
    TicketCategorised,
    TicketOpened,
    TicketPrioritised,
    TicketVerified,
)
from shared.events.participants import (
    AddressConfirmed,
    AddressProofLapsed,
    AddressProofReminded,
    CopyConfirmed,
    CopyEnded,
    CopyInvited,
    CopySuggested,
)
from shared.events.relations import (
    OutsiderWrote,
    TicketAbsorbed,
    TicketMerged,
    TicketReleased,
    TicketShared,
    TicketsLinked,
    TicketsRelated,
    TicketsUnlinked,
    TicketUnmerged,
)
from shared.events.resolution import TicketArchived, TicketClosed, TicketReopened
from shared.events.submissions import BounceReceived

Bounced = tuple[UUID | None, str, str]
"""Which notification bounced for whom, with which status."""


@dataclass(frozen=True)
class Facts:
    """What is known of a ticket, whatever became of it."""

    number: str
    channel: Channel
    requester: Person
    participants: Mapping[UUID, Person]
    """The people who may write on it: the requester, and who was in copy."""
    topic_id: str
    subject: str
    description: str
    opened_at: datetime
    impact: Level | None = None
    urgency: Level | None = None
    type: TicketType | None = None
    plan_wanted: str | None = None
    custom_fields: Mapping[str, str] = field(default_factory=dict)
    attached: int = 0
    """How many files came with it."""
    submission_digest: str = ""
    questions: tuple[Question, ...] = ()
    """What the customer was asked last, until the ticket is verified."""
    rounds: int = 0
    """How often the customer was asked."""
    asked_at: datetime | None = None
    reminders: int = 0
    """How often they were reminded of what they were asked last."""
    lapsed: bool = False
    """They did not answer in time: the ticket goes on without."""
    verified: bool = False
    category: TicketCategorised | None = None
    priority: TicketPrioritised | None = None
    related: frozenset[UUID] = frozenset()
    linked: Mapping[UUID, str] = field(default_factory=dict)
    """Tickets that people say have to do with it, and how."""
    absorbed: frozenset[UUID] = frozenset()
    bounced: frozenset[Bounced] = frozenset()
    shared_with: frozenset[str] = frozenset()
    """Further teams that see it, by their ids."""
    held: bool = False
    """It waits until the requester has shown that the address is theirs."""
    proof_reminders: int = 0
    """How often they were reminded to."""
    proof_lapsed: bool = False
    """They have not shown it in time: an agent decides."""
    confirmed: bool = False
    """Whoever opened it has the requester's address, as far as we know."""
    organisation: str = ""
    """Id of the organisation that the requester belongs to."""
    language: str = ""
    suggested: Mapping[UUID, Person] = field(default_factory=dict)
    """People to whom the requester sent a mail, too: nobody has asked them yet."""
    invited: Mapping[UUID, Person] = field(default_factory=dict)
    """People who were asked into it, and have not agreed yet."""
    outsiders: frozenset[UUID] = frozenset()
    """Tickets of people who take no part, and wrote about this one."""


@dataclass(frozen=True)
class Nothing:
    """No such ticket, yet."""


@dataclass(frozen=True)
class Waiting:
    """Opened, and waiting for the customer's answers."""

    facts: Facts


@dataclass(frozen=True)
class Open:
    """Verified: it is being dealt with."""

    facts: Facts


@dataclass(frozen=True)
class Closed:
    """Done, until the customer or an agent says otherwise."""

    facts: Facts
    reopens_until: datetime | None = None
    """Until when the customer may say so; None: until it is archived."""


@dataclass(frozen=True)
class Archived:
    """Done, and out of everybody's way: nothing is added to it."""

    facts: Facts


@dataclass(frozen=True)
class Merged:
    """It goes on in another ticket."""

    facts: Facts
    into: UUID
    into_number: str


Ticket = Nothing | Waiting | Open | Closed | Archived | Merged
Known = Waiting | Open | Closed | Archived | Merged


class TicketIsMerged(Rejected):
    """This ticket goes on in {into_number}: write there."""


class TicketIsClosed(Rejected):
    """This ticket is closed: reopen it first."""


class TicketIsArchived(Rejected):
    """This ticket is archived: open a new one."""


class TicketStaysClosed(TicketIsArchived):
    """This ticket was closed too long ago to go on: open a new one."""


class SenderTakesNoPart(Rejected):
    """Only those who take part in the ticket may write on it."""

    http_status = 403


def evolve(state: Ticket, event: Event | Unknown) -> Ticket:
    """The state after `event`, said or heard."""
    if isinstance(event, TicketOpened):
        return Waiting(_opened(event)) if isinstance(state, Nothing) else state
    if isinstance(state, Nothing):
        return state
    match event:
        case TicketMerged():
            return Merged(state.facts, event.into_ticket_id, event.into_number)
        case TicketUnmerged() if isinstance(state, Merged):
            # Resolution closed it when it was merged, and takes it up again now.
            return Closed(state.facts)
        case _ if isinstance(state, Merged):
            return replace(state, facts=_after(state.facts, event))
        case TicketVerified():
            facts = replace(state.facts, verified=True, questions=())
            return Open(facts) if isinstance(state, Waiting) else replace(state, facts=facts)
        case TicketClosed() if not isinstance(state, Archived):
            return Closed(state.facts, event.reopens_until)
        case TicketArchived():
            return Archived(state.facts)
        case TicketReopened():
            return Open(state.facts) if state.facts.verified else Waiting(state.facts)
        case _:
            return replace(state, facts=_after(state.facts, event))


def _opened(event: TicketOpened) -> Facts:
    people = (event.requester, *event.copied)
    return Facts(
        number=event.number,
        channel=event.channel,
        requester=event.requester,
        participants=_by_id(people),
        topic_id=event.topic_id,
        subject=event.subject,
        description=event.description,
        opened_at=event.opened_at,
        impact=event.impact,
        urgency=event.urgency,
        type=event.type,
        plan_wanted=event.plan_wanted,
        custom_fields=event.custom_fields,
        attached=len(event.attachments),
        submission_digest=event.submission_digest,
        held=event.held,
        organisation=event.organisation,
        language=event.language,
        # Who opens one by mail is told of it by mail alone.
        confirmed=event.channel is Channel.EMAIL,
    )


def _by_id(people: Iterable[Person]) -> dict[UUID, Person]:
    """The first of each id: who opened the ticket is known by what they said of themselves."""
    return {person.person_id: person for person in reversed(tuple(people))}


def _after(facts: Facts, event: Event | Unknown) -> Facts:
    """The facts after an event that leaves the ticket in its state."""
    match event:
        case ClarificationRequested():
            return replace(
                facts,
                questions=event.questions,
                rounds=facts.rounds + 1,
                asked_at=event.requested_at,
                reminders=0,
            )
        case ClarificationReminded():
            return replace(facts, reminders=event.reminder)
        case ClarificationLapsed():
            return replace(facts, lapsed=True)
        case ClarificationProvided():
            return _answered(facts, event)
        case CopySuggested():
            return replace(facts, suggested={**facts.suggested, **_by_id(event.people)})
        case CustomerMessageReceived():
            if not event.copied:
                return facts
            return replace(facts, participants={**_by_id(event.copied), **facts.participants})
        case TicketCategorised():
            return replace(facts, category=event, topic_id=event.topic_id, type=event.type)
        case TicketPrioritised():
            return replace(facts, priority=event)
        case _:
            return _around(facts, event)


def _around(facts: Facts, event: Event | Unknown) -> Facts:
    """The facts after an event about people and mails, not about what the ticket says."""
    match event:
        case AddressConfirmed():
            return replace(facts, confirmed=True)
        case AddressProofReminded():
            return replace(facts, proof_reminders=event.reminder)
        case AddressProofLapsed():
            return replace(facts, proof_lapsed=True)
        case CopyInvited() | CopyConfirmed() | CopyEnded():
            return _copied(facts, event)
        case TicketShared():
            return replace(facts, shared_with=facts.shared_with | {event.team_id})
        case OutsiderWrote():
            return replace(facts, outsiders=facts.outsiders | {event.ticket_id})
        case BounceReceived():
            bounced = (event.notification_id, event.recipient, event.status)
            return replace(facts, bounced=facts.bounced | {bounced})
        case _:
            return _beside_others(facts, event)


def _copied(facts: Facts, event: CopyInvited | CopyConfirmed | CopyEnded) -> Facts:
    """The facts after somebody was asked into it, agreed, or went."""
    if isinstance(event, CopyInvited):
        person_id = event.person.person_id
        waiting = {k: v for k, v in facts.suggested.items() if k != person_id}
        invited = {**facts.invited, person_id: event.person}
        return replace(facts, invited=invited, suggested=waiting)
    invited, people = dict(facts.invited), dict(facts.participants)
    person = invited.pop(event.person_id, None)
    if isinstance(event, CopyEnded):
        people.pop(event.person_id, None)
    elif person is not None:
        people[event.person_id] = person
    return replace(facts, invited=invited, participants=people)


def _beside_others(facts: Facts, event: Event | Unknown) -> Facts:
    """The facts after an event that puts the ticket and another together, or apart."""
    match event:
        case TicketsRelated():
            related = {relation.ticket_id for relation in event.related}
            return replace(facts, related=facts.related | related)
        case TicketsLinked():
            return replace(facts, linked={**facts.linked, event.other_ticket_id: event.kind})
        case TicketsUnlinked():
            left = {k: v for k, v in facts.linked.items() if k != event.other_ticket_id}
            return replace(facts, linked=left)
        case TicketReleased():
            return replace(facts, absorbed=facts.absorbed - {event.source_ticket_id})
        case TicketAbsorbed():
            return replace(facts, absorbed=facts.absorbed | {event.source_ticket_id})
        case _:
            return facts


def _answered(facts: Facts, event: ClarificationProvided) -> Facts:
    """The facts with the customer's answers in their places."""
    answers = dict(event.answers)
    subject = answers.pop("subject", facts.subject)
    description = answers.pop("description", facts.description)
    if event.text:
        description = "\n\n".join(filter(None, (description, event.text)))
    return replace(
        facts,
        subject=subject,
        description=description,
        custom_fields={**facts.custom_fields, **answers},
    )


def known(state: Ticket) -> Known:
    """A ticket that exists. Raises `NotFound`."""
    if isinstance(state, Nothing):
        raise NotFound(what="ticket")
    return state


def workable(state: Ticket) -> Waiting | Open:
    """A ticket that people still deal with. Raises the reason why it isn't."""
    match known(state):
        case Merged() as merged:
            raise TicketIsMerged(into=merged.into, into_number=merged.into_number)
        case Archived():
            raise TicketIsArchived
        case Closed():
            raise TicketIsClosed
        case Waiting() | Open() as live:
            return live
