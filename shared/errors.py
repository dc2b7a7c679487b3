"""The three families of error, and who handles them.

    LedgerdeskError
    ├── Rejected               the command is forbidden as things stand (never retried)
    │   ├── NotFound           there is no such thing
    │   ├── Stale              it has moved on since the caller looked
    │   └── IdempotencyKeyReused  the key stands for another request
    ├── VersionConflict        somebody else appended first (decide again)
    ├── CapacityExceeded       a limited resource is used up (choose another)
    ├── DuplicateEvent         this very event is in the log already (answer with it)
    ├── CursorLost             another process leads this follower (stop, look again)
    │   └── PersonForgotten    what was read is forgotten meanwhile (read it again)
    └── NotYet                 the reader is behind what the caller has seen (try again)
        └── BeingForgotten     somebody is just being forgotten (put it off)

Everything else is a bug or an outage: crash, or let it be delivered again.
A class's docstring is the message people read; facts are fields.
"""

import re
from typing import Any, ClassVar
from uuid import UUID


class LedgerdeskError(Exception):
    """Something went wrong in Ledgerdesk."""

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """One sentence for people: the first line of the docstring, with its facts."""
        text = (type(self).__doc__ or type(self).__name__).strip().splitlines()[0]
        try:
            return text.format(**self.facts)
        except (KeyError, IndexError):
            return text


class Rejected(LedgerdeskError):
    """The command is forbidden as things stand."""

    http_status: ClassVar[int] = 409

    @property
    def code(self) -> str:
        """The stable name of the rejection, e.g. `ticket_not_open`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()


class NotFound(Rejected):
    """There is no such {what}."""

    http_status: ClassVar[int] = 404


class Stale(Rejected):
    """The ticket has moved on since you looked at it: read it again, then decide."""

    http_status: ClassVar[int] = 412


class IdempotencyKeyReused(Rejected):
    """This Idempotency-Key was used for another submission: choose a new one."""

    http_status: ClassVar[int] = 422


class VersionConflict(LedgerdeskError):
    """Another command was appended to the same stream first."""

    @property
    def subjects(self) -> frozenset[UUID]:
        """Of whose streams, as far as is known."""
        return frozenset(self.facts.get("subjects", ()))


class CapacityExceeded(LedgerdeskError):
    """{resource} has no room left."""


class DuplicateEvent(LedgerdeskError):
    """The event {event_id} is in the log already."""

    @property
    def event_id(self) -> UUID:
        """The id of the event that is there already."""
        value: UUID = self.facts["event_id"]
        return value


class CursorLost(LedgerdeskError):
    """Another process has moved the cursor of {follower}."""


class PersonForgotten(CursorLost):
    """Somebody whom this is about has just been forgotten: try again."""


class NotYet(LedgerdeskError):
    """This service has not yet heard what you have already seen: try again."""


class BeingForgotten(NotYet):
    """Somebody whom this is about is just being forgotten: it is put off."""


class TicketParked(LedgerdeskError):
    """What happened on this ticket can't be shown until an operator has looked at it."""
