"""`register`, stage 2: every ticket's number, time and status; was the customer told?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from shared.events import MOVE_STATUS, Event, Status, Unknown, status_after
from shared.events.assignment import (
    AgentAssigned,
    AgentUnassigned,
)
from shared.events.intake import (
    Authenticity,
    TicketCategorised,
    TicketOpened,
    Verdict,
)
from shared.events.notify import (
    NotificationFailed,
    NotificationKind,
    NotificationSent,
    NotificationSuppressed,
)
from shared.events.participants import AddressConfirmed
from shared.events.relations import TicketMerged, TicketUnmerged
from shared.followers.view import Table, View
from shared.log import Recorded

STATUS_EVENTS: frozenset[type[Event]] = frozenset(
    event for event in MOVE_STATUS if event.author != "intake"
)
"""What others say that moves the status of a ticket."""

NOTIFICATION_EVENTS: frozenset[type[Event]] = frozenset(
    {NotificationSent, NotificationFailed, NotificationSuppressed}
)


@dataclass(frozen=True)
class RegisteredTicket:
    """A ticket in the register."""

    subject: UUID
    number: str
    channel: str
    topic_id: str
    title: str
    requester_id: UUID
    requester_name: str
    requester_email: str
    opened_at: datetime
    status: str
    status_at: datetime
    """Since when it has this status."""
    acknowledgment: str
    """pending, sent, failed or suppressed."""
    acknowledged_at: datetime | None
    agent_id: str | None
    merged_into: UUID | None


@dataclass(frozen=True)
class Proven:
    """A ticket on which its requester has shown that the address is theirs."""

    subject: UUID
    person_id: UUID


class Register:
    """Every ticket: its number, its time, its status, and whether the customer was told."""

    name: ClassVar[str] = "register"
    tickets: ClassVar[Table[RegisteredTicket]] = Table("tickets", RegisteredTicket)
    proven: ClassVar[Table[Proven]] = Table("proven", Proven)
    tables: ClassVar[Sequence[Table[Any]]] = (tickets, proven)
    hears: ClassVar[frozenset[type[Event]]] = (
        MOVE_STATUS
        | NOTIFICATION_EVENTS
        | frozenset({AddressConfirmed, TicketCategorised, TicketUnmerged})
    )

    def fold(self, view: View, recorded: Recorded) -> None:
        event = recorded.event
        self._prove(view, event)
        if isinstance(event, TicketOpened):
            if view.get(self.tickets) is None:
                view.put(self.tickets, _registered(view.subject, event))
            return
        self._status(view, recorded)
        match event:
            case TicketCategorised():
                view.change(self.tickets, topic_id=event.topic_id)
            case AgentAssigned():
                view.change(self.tickets, agent_id=event.agent_id)
            case AgentUnassigned():
                view.change(self.tickets, agent_id=None)
            case TicketUnmerged():
                view.change(self.tickets, merged_into=None)
            case TicketMerged():
                view.change(self.tickets, merged_into=event.into_ticket_id)
            case NotificationSent(kind=NotificationKind.ACKNOWLEDGMENT):
                self._acknowledged(view, "sent", event.sent_at)
            case NotificationFailed(kind=NotificationKind.ACKNOWLEDGMENT):
                self._acknowledged(view, "failed", None)
            case NotificationSuppressed(kind=NotificationKind.ACKNOWLEDGMENT):
                self._acknowledged(view, "suppressed", None)
            case _:
                pass

    def _prove(self, view: View, event: Event | Unknown) -> None:
        match event:
            case AddressConfirmed(person_id=person):
                view.put(self.proven, Proven(view.subject, person))
            case TicketOpened(authenticity=Authenticity(verdict=Verdict.PASSED)):
                view.put(self.proven, Proven(view.subject, event.requester.person_id))
            case _:
                pass

    def _status(self, view: View, recorded: Recorded) -> None:
        row = view.get(self.tickets)
        if row is None:
            return
        status = status_after(Status(row.status), recorded.event)
        if status is not None and status != row.status:
            view.put(
                self.tickets, replace(row, status=status.value, status_at=recorded.occurred_at)
            )

    def _acknowledged(self, view: View, how: str, at: datetime | None) -> None:
        view.change(self.tickets, acknowledgment=how, acknowledged_at=at)


def _registered(subject: UUID, event: TicketOpened) -> RegisteredTicket:
    return RegisteredTicket(
        subject=subject,
        number=event.number,
        channel=event.channel.value,
        topic_id=event.topic_id,
        title=event.subject,
        requester_id=event.requester.person_id,
        requester_name=event.requester.name,
        requester_email=event.requester.email,
        opened_at=event.opened_at,
        status=(status_after(None, event) or Status.NEW).value,
        status_at=event.opened_at,
        acknowledgment="pending",
        acknowledged_at=None,
        agent_id=None,
        merged_into=None,
    )
