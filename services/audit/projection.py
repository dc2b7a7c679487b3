"""The read model of audit: which ticket has which number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from shared.events import Event
from shared.events.intake import TicketOpened
from shared.followers.view import Table, View
from shared.log.records import Recorded


@dataclass(frozen=True)
class NumberRow:
    subject: UUID
    number: str
    opened_at: datetime


TICKETS: Table[NumberRow] = Table("tickets", NumberRow)


class Numbers:
    """Tickets by their number."""

    name: ClassVar[str] = "numbers"
    tables: ClassVar[Sequence[Table[Any]]] = (TICKETS,)
    hears: ClassVar[frozenset[type[Event]]] = frozenset({TicketOpened})

    def fold(self, view: View, recorded: Recorded) -> None:
        """Keep the number of a ticket."""
        match recorded.event:
            case TicketOpened() as event:
                view.put(TICKETS, NumberRow(view.subject, event.number, event.opened_at))
            case _:
                pass
