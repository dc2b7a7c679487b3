"""Why something may not be, as things stand: each named after the state it found.

The docstring is the message people read; the name is the stable code.
"""

from typing import ClassVar

from services.resolution.domain.states import Archived, Closed, Resolved, Unknown
from shared.errors import NotFound, Rejected


class TicketNotFound(NotFound):
    """There is no such ticket, or it is not known here yet."""


class TicketNotOpen(Rejected):
    """The ticket is {status}: reopen it first."""


class TicketNotOnHold(Rejected):
    """Work has not begun, so there is nothing to resume: start it."""


class TicketNotResolved(Rejected):
    """The ticket is not resolved: there is no solution to verify, confirm or reject."""


class TicketNotClosed(Rejected):
    """The ticket is not closed."""


class TicketAlreadyClosed(Rejected):
    """The ticket is closed already."""


class TicketInArchive(Rejected):
    """The ticket is in the archive and stays as it is: open a new one."""


class TicketStaysClosed(Rejected):
    """The ticket was closed too long ago to be reopened: open a new one."""


class TicketGoesOnElsewhere(Rejected):
    """The ticket was merged into another: go on there."""


class ClosingNoteMissing(Rejected):
    """The ticket is not resolved: say in a note why it is closed."""

    http_status: ClassVar[int] = 422


class NotTheRequester(Rejected):
    """Only the customer who opened the ticket can do this."""

    http_status: ClassVar[int] = 403


class ConversationMovedOn(Rejected):
    """Something was said since you looked: {what}. Nothing was sent; look at it, and send it
    again, or say that it is to be sent anyway."""


class TicketHasParent(Rejected):
    """The ticket is part of {number} already: take it out there first."""


class IncidentHasParent(Rejected):
    """That ticket is itself part of {number}: choose that one."""


class IncidentHasChildren(Rejected):
    """Other tickets are part of this one: it can't be part of another."""


class OwnParent(Rejected):
    """A ticket can't be part of itself."""

    http_status: ClassVar[int] = 422


class NothingToDo(Rejected):
    """The macro has no steps."""

    http_status: ClassVar[int] = 422


def not_open(ticket: Unknown | Resolved | Closed | Archived) -> Rejected:
    """Why no work can be done on it."""
    match ticket:
        case Unknown():
            return TicketNotFound()
        case Resolved():
            return TicketNotOpen(status="resolved")
        case Closed():
            return TicketNotOpen(status="closed")
        case Archived():
            return TicketInArchive()
