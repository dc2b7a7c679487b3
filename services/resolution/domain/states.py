"""What a ticket's past amounts to: a state per status, holding only what `decide` reads.

`evolve` never refuses history. It folds what the customer said, too: whether a message
came before or after the solution is read from the log, however late a reaction runs.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from shared import events
from shared.events.assignment import (
    AgentAssigned,
    AgentUnassigned,
    TicketEscalated,
    TicketQueued,
)
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


@dataclass(frozen=True, slots=True)
class Unknown:
    """Its opening was not heard (yet)."""


@dataclass(frozen=True, slots=True)
class Open:
    """One of the four states in which there is work to do."""

    requester: UUID
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

    requester: UUID
    solution: TicketResolved
    customer_spoke: bool = False
    """They wrote after it was resolved."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing is left to do."""

    requester: UUID
    how: ClosedHow
    closed_at: datetime
    customer_spoke: bool = False
    """They wrote after it was resolved or closed, or said that it came back."""


@dataclass(frozen=True, slots=True)
class Archived:
    """On record, and final."""


Ticket: TypeAlias = (
    Unknown | NotStarted | InProgress | WaitingForCustomer | OnHold | Resolved | Closed | Archived
)


def evolve(ticket: Ticket, event: events.Event | events.Unknown) -> Ticket:
    """The state after `event`."""
    match ticket:
        case Unknown():
            return _unknown(ticket, event)
        case Open():
            return _open(ticket, event)
        case Resolved():
            return _resolved(ticket, event)
        case Closed():
            return _closed(ticket, event)
        case Archived():
            return ticket


def _unknown(ticket: Unknown, event: events.Event | events.Unknown) -> Ticket:
    match event:
        case TicketOpened(requester=requester):
            return NotStarted(requester.person_id)
        case _:
            return ticket


def _open(
    ticket: NotStarted | InProgress | WaitingForCustomer | OnHold,
    event: events.Event | events.Unknown,
) -> Ticket:
    match event:
        case AgentAssigned() | AgentUnassigned() | TicketQueued() | TicketEscalated():
            if isinstance(ticket, InProgress):
                return NotStarted(ticket.requester)
            return replace(ticket, escalation="")
        case WorkStarted() | WorkResumed():
            return InProgress(ticket.requester, ticket.escalation)
        case AgentReplied(awaits_customer=True):
            return WaitingForCustomer(ticket.requester, ticket.escalation)
        case TicketHeld(reason=reason):
            return OnHold(ticket.requester, ticket.escalation, reason)
        case EscalationRequested(reason=reason):
            return replace(ticket, escalation=reason)
        case CustomerMessageReceived(automatic=False) if isinstance(ticket, WaitingForCustomer):
            return replace(ticket, customer_spoke=True)
        case TicketResolved():
            return Resolved(ticket.requester, event)
        case TicketClosed(how=how, closed_at=closed_at):
            return Closed(ticket.requester, how, closed_at)
        case TicketArchived():
            return Archived()
        case _:
            return ticket


def _resolved(ticket: Resolved, event: events.Event | events.Unknown) -> Ticket:
    match event:
        case CustomerMessageReceived(automatic=False):
            return replace(ticket, customer_spoke=True)
        case TicketReopened():
            return InProgress(ticket.requester)
        case TicketClosed(how=how, closed_at=closed_at):
            unheard = ticket.customer_spoke and how in {ClosedHow.AGENT, ClosedHow.SILENCE}
            return Closed(ticket.requester, how, closed_at, customer_spoke=unheard)
        case TicketArchived():
            return Archived()
        case _:
            return ticket


def _closed(ticket: Closed, event: events.Event | events.Unknown) -> Ticket:
    match event:
        case CustomerMessageReceived(automatic=False) | FeedbackReceived(recurred=True):
            return replace(ticket, customer_spoke=True)
        case TicketReopened():
            return InProgress(ticket.requester)
        case TicketArchived():
            return Archived()
        case _:
            return ticket
