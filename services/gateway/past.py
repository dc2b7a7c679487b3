"""A ticket as it stood at some time: the same fold, over the events recorded until then."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.gateway.projection import DeskView, ticket_in
from services.gateway.rows import (
    CLOCKS,
    MESSAGES,
    TIMELINE,
    ClockRow,
    MessageRow,
    TicketRow,
    TimelineRow,
)
from shared.errors import NotFound
from shared.followers.follower import skipped
from shared.followers.view import View
from shared.log import Log


@dataclass(frozen=True)
class PastTicket:
    """What the gateway would have shown of a ticket."""

    row: TicketRow
    messages: list[MessageRow]
    timeline: list[TimelineRow]
    clocks: list[ClockRow]


async def stood(log: Log, ticket_id: UUID, as_of: datetime) -> PastTicket:
    """The ticket as of then. Raises `NotFound` if the gateway knew of none.

    What counts is when this service recorded an event: what it could have shown, not what
    had happened elsewhere and was still on its way.
    """
    view, projection = View(ticket_id), DeskView()
    passed_over = await skipped(log, projection.name)
    for recorded in (await log.read(ticket_id)).events:
        if recorded.recorded_at <= as_of and recorded.id not in passed_over:
            projection.fold(view, recorded)
    row = ticket_in(view)
    if row is None:
        raise NotFound(what=f"ticket at {as_of.isoformat()}")
    return PastTicket(
        row,
        sorted(view.all(MESSAGES), key=lambda message: message.position),
        sorted(view.all(TIMELINE), key=lambda line: line.position),
        sorted(view.all(CLOCKS), key=lambda clock: clock.kind),
    )
