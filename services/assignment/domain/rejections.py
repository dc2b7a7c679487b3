"""What is forbidden as things stand; the docstring is what people read."""

from shared.errors import NotFound, Rejected


class TicketNotFound(NotFound):
    """There is no such ticket."""


class TicketNotReady(Rejected):
    """The ticket is still being verified and categorised: nobody can have it yet."""


class TicketClosedAlready(Rejected):
    """The ticket is closed: reopen it first."""


class AlreadyAssigned(Rejected):
    """{agent_id} has this ticket already: ask for it, or ask a manager to assign it."""


class NotYours(Rejected):
    """Only {agent_id}, who has this ticket, or a manager can do that."""

    http_status = 403


class AgentUnknown(NotFound):
    """There is no agent {agent_id} at this desk."""


class AgentFull(Rejected):
    """{agent_id} has {load} of {capacity} places taken: there is no room for it."""


class AgentOffline(Rejected):
    """{agent_id} is offline and takes no tickets."""


class AgentNotSuited(Rejected):
    """{agent_id} can't take this ticket: {why}."""


class TeamUnknown(NotFound):
    """There is no team {team_id} at this desk."""


class TierNotHigher(Rejected):
    """The ticket is at tier {tier} already."""


class TierUnknown(Rejected):
    """Nobody in {team} who suits this ticket works at tier {tier} or above."""
