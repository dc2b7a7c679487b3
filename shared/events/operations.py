"""What any service says about its own working: the one exception to one type, one author.

Its subject is what was parked, not the ticket, so it stands in no ticket's stream.
"""

from typing import ClassVar
from uuid import UUID

from shared.events.base import ACCESS, Event, Moment


class ParkedSkipped(Event):
    """An operator passed over what a follower could not handle."""

    author: ClassVar[str] = "operations"
    topic: ClassVar[str] = ACCESS

    service: str
    follower: str
    subject: UUID
    event_id: UUID | None = None
    reason: str
    detail: str
    skipped_by: str
    skipped_at: Moment
