"""`clarifications`, stage 3: whom we asked something, and when that ends.

Timers stay while a ticket is closed, or goes on in another: firing, they change nothing of it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

from shared.events import Event
from shared.events.intake import (
    ClarificationLapsed,
    ClarificationProvided,
    ClarificationRequested,
    TicketVerified,
)
from shared.events.resolution import TicketArchived, TicketReopened
from shared.followers.contracts import Timer
from shared.followers.view import Table, View
from shared.ids import derived_id
from shared.log import Recorded
from shared.service import TIMERS

REMIND: Final = "remind"
LAPSE: Final = "lapse"


class Clarifications:
    """The timers of what customers were asked; answers take them away."""

    name: ClassVar[str] = "clarifications"
    tables: ClassVar[Sequence[Table[Any]]] = (TIMERS,)
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            ClarificationRequested,
            ClarificationProvided,
            ClarificationLapsed,
            TicketVerified,
            TicketReopened,
            TicketArchived,
        }
    )

    def fold(self, view: View, recorded: Recorded) -> None:
        timers = view.all(TIMERS)
        for timer in timers:
            view.delete(TIMERS, timer.id)
        event = recorded.event
        if isinstance(event, TicketReopened):
            _wait_on(view, recorded, timers)
        if isinstance(event, ClarificationRequested):
            asked = event.requested_at.isoformat()
            ends = event.ends_at.isoformat() if event.ends_at else None
            for number, at in enumerate(event.remind_at, 1):
                command = {"reminder": number, "ends_at": ends, "asked_at": asked}
                view.put(TIMERS, _timer(view, recorded, REMIND, at, command))
            if event.ends_at is not None:
                view.put(TIMERS, _timer(view, recorded, LAPSE, event.ends_at, {"asked_at": asked}))


def _wait_on(view: View, recorded: Recorded, timers: Sequence[Timer]) -> None:
    """The ticket waits again: what fired while it was closed led to nothing, and is due anew,
    but for reminders whose time has passed."""
    for timer in timers:
        if timer.kind == LAPSE or timer.due_at > recorded.occurred_at:
            view.put(TIMERS, _timer(view, recorded, timer.kind, timer.due_at, timer.command))


def _timer(
    view: View, recorded: Recorded, kind: str, at: datetime, command: dict[str, Any]
) -> Timer:
    number = command.get("reminder", 0)
    return Timer(
        id=derived_id("clarification", recorded.id, kind, number),
        subject=view.subject,
        kind=kind,
        due_at=at,
        command=command,
        cause=recorded.id,
        correlation=recorded.correlation,
    )
