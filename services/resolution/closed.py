"""The read model `closed`: how each ticket was solved, verified and closed.

A row begins with the solution; the finders show it once the ticket is closed. Reopening
clears it, as the log keeps what was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from shared.events import Event, Unknown
from shared.events.intake import TicketOpened
from shared.events.relations import TicketMerged
from shared.events.resolution import (
    ResolutionConfirmed,
    ResolutionVerified,
    TicketArchived,
    TicketClosed,
    TicketReopened,
    TicketResolved,
)
from shared.followers.view import Table, View
from shared.log.records import Recorded


@dataclass(frozen=True)
class ClosedRow:
    """How a ticket ended."""

    subject: UUID
    number: str
    topic_name: str
    opened_at: datetime
    kind: str | None = None
    """fix or workaround; None when it was closed without a solution."""
    cause: str = ""
    solution: str = ""
    resolved_by: str | None = None
    resolved_at: datetime | None = None
    verified_method: str = ""
    verified_result: str = ""
    verified_by: str | None = None
    verified_at: datetime | None = None
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    comment: str = ""
    """What the customer said when confirming."""
    how: str | None = None
    """confirmed, silence, agent or merged; None while it is not closed."""
    note: str = ""
    closed_by: str | None = None
    closed_at: datetime | None = None
    archived_at: datetime | None = None
    merged_into: UUID | None = None
    reopenings: int = 0


CLOSED: Final = Table("tickets", ClosedRow)


class Closed:
    """How each ticket was solved, verified and closed."""

    name: ClassVar[str] = "closed"
    tables: ClassVar[Sequence[Table[Any]]] = (CLOSED,)
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            TicketOpened,
            TicketMerged,
            TicketResolved,
            ResolutionVerified,
            ResolutionConfirmed,
            TicketReopened,
            TicketClosed,
            TicketArchived,
        }
    )

    def fold(self, view: View, recorded: Recorded) -> None:
        """Change the ticket's row."""
        event = recorded.event
        row = view.get(CLOSED)
        if row is None:
            if isinstance(event, TicketOpened):
                view.put(CLOSED, _opened(event, recorded))
        elif isinstance(event, TicketReopened):
            kept = ClosedRow(row.subject, row.number, row.topic_name, row.opened_at)
            view.put(CLOSED, replace(kept, reopenings=row.reopenings + 1))
        else:
            view.change(CLOSED, **_changes(event))


def _opened(event: TicketOpened, recorded: Recorded) -> ClosedRow:
    return ClosedRow(recorded.subject, event.number, event.topic_name, event.opened_at)


def _changes(event: Event | Unknown) -> Mapping[str, Any]:
    match event:
        case TicketMerged():
            return {"merged_into": event.into_ticket_id}
        case TicketResolved():
            return {
                "kind": event.kind.value,
                "cause": event.cause,
                "solution": event.note,
                "resolved_by": event.resolved_by,
                "resolved_at": event.resolved_at,
            }
        case ResolutionVerified(passed=True):
            return {
                "verified_method": event.method,
                "verified_result": event.result,
                "verified_by": event.verified_by,
                "verified_at": event.verified_at,
            }
        case ResolutionConfirmed():
            return {
                "confirmed_by": event.confirmed_by,
                "confirmed_at": event.confirmed_at,
                "comment": event.comment,
            }
        case TicketClosed():
            return {
                "how": event.how.value,
                "note": event.note,
                "closed_by": event.closed_by,
                "closed_at": event.closed_at,
            }
        case TicketArchived():
            return {"archived_at": event.archived_at}
        case _:
            return {}
