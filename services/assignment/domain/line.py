"""Who is next in a queue: by due time, then priority, then age. Pure.

A ticket that nothing is promised for is in line as if it were due after the patience that
its priority allows. So every place in line is an instant that stays where it is while others
come: whoever comes late enough comes behind, and nobody waits for ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from shared.events import Event, Unknown
from shared.events.intake import TicketOpened, TicketPrioritised
from shared.events.resolution import TicketReopened
from shared.events.sla import ClockPaused, ClockResumed, ClockStarted, ClockStopped, TargetMet

PATIENCE: Final = (
    timedelta(days=4),
    timedelta(days=2),
    timedelta(hours=8),
    timedelta(hours=1),
)
"""By rank, low to critical: what a ticket without a due time is in line with."""

Place = tuple[datetime, int]
"""The earlier is next; of equally due the more urgent, whose second part is less."""


@dataclass(frozen=True)
class Standing:
    """What a ticket's place in line comes from."""

    since: datetime
    """When it was opened, or reopened."""
    rank: int = 0
    clocks: Mapping[str, datetime] = field(default_factory=dict)
    """When what was promised is due: clocks that run."""

    @property
    def due_at(self) -> datetime | None:
        return min(self.clocks.values(), default=None)

    @property
    def line_at(self) -> datetime:
        """The due time, promised or not."""
        return self.due_at or self.since + PATIENCE[self.rank]

    @property
    def place(self) -> Place:
        return self.line_at, -self.rank


def stands(before: Standing | None, event: Event | Unknown) -> Standing | None:
    """Where the ticket stands after `event`; None before it was opened."""
    match event:
        case TicketOpened() if before is None:
            return Standing(event.opened_at)
        case _ if before is None:
            return None
        case TicketPrioritised():
            return replace(before, rank=event.priority.rank)
        case TicketReopened():
            return replace(before, since=event.reopened_at)
        case ClockStarted() | ClockResumed():
            return replace(before, clocks={**before.clocks, event.clock.value: event.due_at})
        case ClockPaused() | ClockStopped() | TargetMet():
            left = {name: due for name, due in before.clocks.items() if name != event.clock.value}
            return replace(before, clocks=left)
        case _:
            return before
