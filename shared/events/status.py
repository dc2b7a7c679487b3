"""The status people see, folded from a ticket's events."""

from typing import Final

from shared.events.assignment import (
    AgentAssigned,
    AgentUnassigned,
    TicketEscalated,
    TicketQueued,
)
from shared.events.base import Event, Status, Unknown
from shared.events.intake import (
    ClarificationLapsed,
    ClarificationProvided,
    ClarificationRequested,
    CustomerMessageReceived,
    TicketOpened,
)
from shared.events.relations import TicketMerged
from shared.events.resolution import (
    AgentReplied,
    ProgressReported,
    TicketArchived,
    TicketClosed,
    TicketHeld,
    TicketReopened,
    TicketResolved,
    WorkResumed,
    WorkStarted,
)

MOVE_STATUS: Final[frozenset[type[Event]]] = frozenset(
    {
        TicketOpened,
        ClarificationRequested,
        ClarificationProvided,
        ClarificationLapsed,
        CustomerMessageReceived,
        TicketMerged,
        TicketQueued,
        AgentAssigned,
        AgentUnassigned,
        TicketEscalated,
        WorkStarted,
        WorkResumed,
        AgentReplied,
        ProgressReported,
        TicketHeld,
        TicketResolved,
        TicketReopened,
        TicketClosed,
        TicketArchived,
    }
)
"""All that `status_after` looks at."""

_FINAL = frozenset({Status.CLOSED, Status.ARCHIVED})
_DONE = _FINAL | {Status.RESOLVED}
_BEFORE_WORK = frozenset({Status.NEW, Status.QUEUED, Status.ASSIGNED, Status.ESCALATED})


def status_after(status: Status | None, event: Event | Unknown) -> Status | None:
    """The status after `event`, given the one before; None before the ticket opened.

    Never refuses history: an event that changes nothing for people returns `status`.
    """
    match event:
        case TicketOpened(held=held):
            return status or (Status.NEEDS_INFORMATION if held else Status.NEW)
        case TicketArchived():
            return Status.ARCHIVED
        case TicketClosed() | TicketMerged():
            return status if status is Status.ARCHIVED else Status.CLOSED
        case TicketReopened():
            return Status.IN_PROGRESS
        case TicketResolved() if status not in _FINAL:
            return Status.RESOLVED
    return status if status in _DONE else _while_open(status, event)


def _while_open(status: Status | None, event: Event | Unknown) -> Status | None:
    match event:
        case ClarificationRequested():
            return Status.NEEDS_INFORMATION
        case ClarificationProvided() | ClarificationLapsed() if status is Status.NEEDS_INFORMATION:
            return Status.NEW
        case TicketQueued():
            return Status.QUEUED
        case AgentAssigned():
            return Status.ASSIGNED
        case AgentUnassigned():
            return Status.QUEUED
        case TicketEscalated():
            return Status.ESCALATED
        case WorkStarted() | WorkResumed():
            return Status.IN_PROGRESS
        case TicketHeld():
            return Status.ON_HOLD
        case AgentReplied(awaits_customer=True):
            return Status.WAITING_FOR_CUSTOMER
        case AgentReplied() | ProgressReported() if status in _BEFORE_WORK:
            return Status.IN_PROGRESS
        case CustomerMessageReceived(automatic=False) if status is Status.WAITING_FOR_CUSTOMER:
            return Status.IN_PROGRESS
        case _:
            return status
