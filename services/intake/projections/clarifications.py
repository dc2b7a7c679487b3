"""`clarifications`, stage 3: whom we asked something, and when that ends."""

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
from shared.events.relations import TicketMerged
from shared.events.resolution import TicketArchived, TicketClosed
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
            TicketMerged,
            TicketClosed,
            TicketArchived,
        }
    )

    def fold(self, view: View, recorded: Recorded) -> None:
        for timer in view.all(TIMERS):
            view.delete(TIMERS, timer.id)
        event = recorded.event
        if isinstance(event, ClarificationRequested):
            asked = event.requested_at.isoformat()
            ends = event.ends_at.isoformat() if event.ends_at else None
            for number, at in enumerate(event.remind_at, 1):
                command = {"reminder": number, "ends_at": ends, "asked_at": asked}
                view.put(TIMERS, _timer(view, recorded, REMIND, at, command))
            if event.ends_at is not None:
                view.put(TIMERS, _timer(view, recorded, LAPSE, event.ends_at, {"asked_at": asked}))


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
