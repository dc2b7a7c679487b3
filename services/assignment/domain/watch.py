"""What lies untouched: since when nothing was done about a ticket that waits for us. Pure.

A ticket in a queue, or with an agent, is watched from when it came there, and again from
whenever its agent did something. While we wait for the customer, for something else, or for
nothing, it is not. Minutes are of the business hours that the desk names for it, or of real time.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from shared.business_time.hours import calendar_of
from shared.events import Event, Unknown
from shared.events.assignment import AgentAssigned, AgentUnassigned, TicketQueued
from shared.events.intake import CustomerMessageReceived
from shared.events.relations import TicketMerged
from shared.events.resolution import (
    AgentReplied,
    NoteAdded,
    ProgressReported,
    TicketArchived,
    TicketClosed,
    TicketHeld,
    TicketReopened,
    TicketResolved,
    WorkResumed,
    WorkStarted,
)
from shared.events.sla import CalendarValues

WORK: Final[frozenset[type[Event]]] = frozenset(
    {
        CustomerMessageReceived,
        WorkStarted,
        WorkResumed,
        AgentReplied,
        NoteAdded,
        ProgressReported,
        TicketHeld,
        TicketResolved,
    }
)
"""What tells whether anybody does anything about a ticket."""


@dataclass(frozen=True)
class Watch:
    """How long a ticket may rest, and since when it does."""

    minutes: float = 0.0
    """0: nobody watches."""
    since: datetime | None = None
    """None while it may rest."""
    calendar: CalendarValues | None = None
    """Business hours in which it is counted; None: real time."""

    @property
    def due_at(self) -> datetime | None:
        """When it will have rested too long; None if it may."""
        if self.since is None or self.minutes <= 0:
            return None
        if self.calendar is None:
            return self.since + timedelta(minutes=self.minutes)
        return calendar_of(self.calendar).add(self.since, self.minutes * 60)


def watched(before: Watch, event: Event | Unknown) -> Watch:
    """The watch after `event`."""
    match event:
        case TicketQueued():
            calendar = event.untouched_calendar
            return Watch(event.untouched_after_minutes, event.queued_at, calendar)
        case AgentAssigned():
            calendar = event.untouched_calendar
            return Watch(event.untouched_after_minutes, event.assigned_at, calendar)
        case AgentReplied(awaits_customer=True):
            return replace(before, since=None)
        case TicketHeld() | TicketResolved() | TicketClosed() | TicketMerged() | TicketArchived():
            return replace(before, since=None)
        case CustomerMessageReceived() if event.automatic or before.since is not None:
            return before
    at = _done_at(event)
    return before if at is None else replace(before, since=at)


def _done_at(event: Event | Unknown) -> datetime | None:
    """When something was done that the ticket does not rest after; None if nothing was."""
    match event:
        case AgentUnassigned():
            return event.unassigned_at
        case WorkStarted():
            return event.started_at
        case WorkResumed():
            return event.resumed_at
        case NoteAdded():
            return event.noted_at
        case ProgressReported():
            return event.reported_at
        case AgentReplied():
            return event.replied_at
        case CustomerMessageReceived():
            return event.received_at
        case TicketReopened():
            return event.reopened_at
        case _:
            return None
