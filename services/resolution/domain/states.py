"""What a ticket's past amounts to: a state per status, holding only what `decide` reads.

`evolve` never refuses history. It folds what the customer said, too: whether a message
came before or after the solution is read from the log, however late a reaction runs.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias, TypeVar

from services.resolution.domain.facts import Facts, facts_after
from shared import events
from shared.events.assignment import (
    AgentAssigned,
    AgentUnassigned,
    TicketEscalated,
    TicketQueued,
)
from shared.events.base import Person
from shared.events.intake import CustomerMessageReceived, TicketOpened
from shared.events.resolution import (
    AgentReplied,
    ClosedHow,
    EscalationRequested,
    TicketArchived,
    TicketClosed,
    TicketHeld,
    TicketReopened,
    TicketResolved,
    WorkResumed,
    WorkStarted,
)
from shared.events.review import FeedbackReceived
from shared.thanks import is_thanks


@dataclass(frozen=True, slots=True)
class Unknown:
    """Its opening was not heard (yet)."""


@dataclass(frozen=True, slots=True)
class Open:
    """One of the four states in which there is work to do."""

    facts: Facts
    escalation: str = ""
    """Why a higher tier was asked for, until assignment has answered."""


@dataclass(frozen=True, slots=True)
class NotStarted(Open):
    """New, queued, assigned or escalated: whoever has it now has not begun."""


@dataclass(frozen=True, slots=True)
class InProgress(Open):
    """Somebody works on it."""


@dataclass(frozen=True, slots=True)
class WaitingForCustomer(Open):
    """Work goes on when the customer has answered."""

    customer_spoke: bool = False


@dataclass(frozen=True, slots=True)
class OnHold(Open):
    """Work waits for something that is not the customer."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Resolved:
    """There is a solution that the customer may confirm or reject."""

    facts: Facts
    solution: TicketResolved
    customer_spoke: bool = False
    """They wrote after it was resolved, and more than thanks."""
    thanks: str | None = None
    """What the requester wrote, if that was no more than thanks."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing is left to do."""

    facts: Facts
    how: ClosedHow
    closed_at: datetime
    reopens_until: datetime | None = None
    customer_spoke: bool = False
    """They wrote after it was resolved or closed, and in time, or said that it came back, or
    rated it so low that work on it begins anew."""

    def opens_again(self, at: datetime) -> bool:
        """Whether the customer may reopen it then."""
        return self.reopens_until is None or at <= self.reopens_until


@dataclass(frozen=True, slots=True)
class Archived:
    """On record, and final."""


Ticket: TypeAlias = (
    Unknown | NotStarted | InProgress | WaitingForCustomer | OnHold | Resolved | Closed | Archived
)

K = TypeVar("K", bound=Open | Resolved | Closed)
"""A ticket whose facts count."""


def evolve(ticket: Ticket, event: events.Event | events.Unknown) -> Ticket:
    """The state after `event`."""
    match ticket:
        case Unknown():
            return _unknown(ticket, event)
        case NotStarted() | InProgress() | WaitingForCustomer() | OnHold():
            return _open(_with_facts(ticket, event), event)
        case Resolved():
            return _resolved(_with_facts(ticket, event), event)
        case Closed():
            return _closed(_with_facts(ticket, event), event)
        case Archived():
            return ticket


def _with_facts(ticket: K, event: events.Event | events.Unknown) -> K:
    facts = facts_after(ticket.facts, event)
    return ticket if facts is ticket.facts else replace(ticket, facts=facts)


def _unknown(ticket: Unknown, event: events.Event | events.Unknown) -> Ticket:
    match event:
        case TicketOpened():
            return NotStarted(Facts(event.requester, event.number))
        case _:
            return ticket


def _open(
    ticket: NotStarted | InProgress | WaitingForCustomer | OnHold,
    event: events.Event | events.Unknown,
) -> Ticket:
    match event:
        case AgentAssigned() | AgentUnassigned() | TicketQueued() | TicketEscalated():
            if isinstance(ticket, InProgress):
                return NotStarted(ticket.facts)
            return replace(ticket, escalation="")
        case WorkStarted() | WorkResumed():
            return InProgress(ticket.facts, ticket.escalation)
        case AgentReplied(awaits_customer=True):
            return WaitingForCustomer(ticket.facts, ticket.escalation)
        case TicketHeld(reason=reason):
            return OnHold(ticket.facts, ticket.escalation, reason)
        case EscalationRequested(reason=reason):
            return replace(ticket, escalation=reason)
        case CustomerMessageReceived(automatic=False) if isinstance(ticket, WaitingForCustomer):
            return replace(ticket, customer_spoke=True)
        case TicketResolved():
            return Resolved(ticket.facts, event)
        case TicketClosed():
            return _closed_by(ticket.facts, event)
        case TicketArchived():
            return Archived()
        case _:
            return ticket


def _resolved(ticket: Resolved, event: events.Event | events.Unknown) -> Ticket:
    match event:
        case CustomerMessageReceived(automatic=False) if only_thanks(event):
            if not _same(event.sender, ticket.facts.requester):
                return ticket
            return replace(ticket, thanks=event.text)
        case CustomerMessageReceived(automatic=False):
            return replace(ticket, customer_spoke=True)
        case TicketReopened():
            return InProgress(ticket.facts)
        case TicketClosed(how=how):
            unheard = ticket.customer_spoke and how in {ClosedHow.AGENT, ClosedHow.SILENCE}
            return replace(_closed_by(ticket.facts, event), customer_spoke=unheard)
        case TicketArchived():
            return Archived()
        case _:
            return ticket


def _closed(ticket: Closed, event: events.Event | events.Unknown) -> Ticket:
    match event:
        case CustomerMessageReceived(automatic=False) if only_thanks(event):
            return ticket
        case CustomerMessageReceived(automatic=False, received_at=at):
            return replace(ticket, customer_spoke=ticket.customer_spoke or ticket.opens_again(at))
        case (
            FeedbackReceived(recurred=True, given_at=at)
            | FeedbackReceived(reopens=True, given_at=at)
        ):
            return replace(ticket, customer_spoke=ticket.customer_spoke or ticket.opens_again(at))
        case TicketReopened():
            return InProgress(ticket.facts)
        case TicketArchived():
            return Archived()
        case _:
            return ticket


def _closed_by(facts: Facts, event: TicketClosed) -> Closed:
    return Closed(facts, event.how, event.closed_at, event.reopens_until)


def only_thanks(event: CustomerMessageReceived) -> bool:
    """Whether the message says nothing that anybody has to answer."""
    return not event.attachments and is_thanks(event.text, event.sender.name)


def _same(one: Person, other: Person) -> bool:
    return one.person_id == other.person_id
