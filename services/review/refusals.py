"""What is forbidden when a ticket is looked back on, whatever is asked."""

from shared.errors import NotFound, Rejected


class TicketNotFound(NotFound):
    """There is no such ticket, or it is not known here yet."""


class TicketNotClosed(Rejected):
    """The ticket is not closed: it is looked back on once it is."""


class TicketNotResolved(Rejected):
    """The ticket has no solution that others could learn from."""
