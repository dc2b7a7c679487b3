"""`clarifications`, stage 3: whom we asked something, or to prove an address; when that ends.

What was asked stays so while a ticket is closed, or goes on in another: firing, its timers change
nothing of it.
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
from shared.events.participants import (
    AddressConfirmed,
    AddressProofLapsed,
    AddressProofRequested,
)
from shared.events.resolution import TicketArchived, TicketClosed, TicketReopened
from shared.followers.contracts import Timer
from shared.followers.view import Table, View
from shared.ids import derived_id
from shared.log import Recorded
from shared.service import TIMERS

REMIND: Final = "remind"
LAPSE: Final = "lapse"
REMIND_OF_PROOF: Final = "remind of proof"
LAPSE_OF_PROOF: Final = "lapse of proof"


class Clarifications:
    """The timers of what customers were asked; answers take them away."""

    name: ClassVar[str] = "clarifications"
    tables: ClassVar[Sequence[Table[Any]]] = (TIMERS,)
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {
            ClarificationRequested,
            ClarificationProvided,
            ClarificationLapsed,
            AddressProofRequested,
            AddressProofLapsed,
            AddressConfirmed,
            TicketVerified,
            TicketClosed,
            TicketReopened,
            TicketArchived,
        }
    )

    def fold(self, view: View, recorded: Recorded) -> None:
        event, timers = recorded.event, view.all(TIMERS)
        for timer in timers:
            if timer.kind in _OF_PROOFS or not isinstance(event, AddressConfirmed | TicketClosed):
                view.delete(TIMERS, timer.id)
        match event:
            case TicketReopened():
                _wait_on(view, recorded, timers)
            case ClarificationRequested():
                asked = {"asked_at": event.requested_at.isoformat()}
                _put(view, recorded, (REMIND, LAPSE), event, asked)
            case AddressProofRequested():
                _put(view, recorded, (REMIND_OF_PROOF, LAPSE_OF_PROOF), event, {})
            case _:
                pass


_OF_PROOFS: Final = frozenset({REMIND_OF_PROOF, LAPSE_OF_PROOF})
"""An address that is proven ends these, and so does whoever closes the ticket, as they have
decided about it; what was asked is still to be answered."""

_ENDS: Final = frozenset({LAPSE, LAPSE_OF_PROOF})


def _put(
    view: View,
    recorded: Recorded,
    kinds: tuple[str, str],
    event: ClarificationRequested | AddressProofRequested,
    told: dict[str, Any],
) -> None:
    """A timer for each reminder, and one for the end."""
    remind, lapse = kinds
    ends = event.ends_at.isoformat() if event.ends_at else None
    for number, at in enumerate(event.remind_at, 1):
        command = {"reminder": number, "ends_at": ends, **told}
        view.put(TIMERS, _timer(view, recorded, remind, at, command))
    if event.ends_at is not None:
        view.put(TIMERS, _timer(view, recorded, lapse, event.ends_at, told))


def _wait_on(view: View, recorded: Recorded, timers: Sequence[Timer]) -> None:
    """The ticket waits again: what fired while it was closed led to nothing, and is due anew,
    but for reminders whose time has passed."""
    for timer in timers:
        if timer.kind in _ENDS or timer.due_at > recorded.occurred_at:
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
