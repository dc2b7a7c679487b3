"""What the gateway says: who looked at what. On a topic of its own, heard by audit."""

from typing import ClassVar

from shared.events.base import ACCESS, Event, Moment


class TicketViewed(Event):
    """An agent looked at a ticket."""

    author: ClassVar[str] = "gateway"
    topic: ClassVar[str] = ACCESS

    viewed_by: str
    viewed_at: Moment
