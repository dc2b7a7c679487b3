"""Who is free while a page of events is reacted to.

Nothing of a page is appended before all of it is decided. So agents are looked up once a
page, and an account is kept of what was given away in it. If the account is wrong, since
others gave tickets away meanwhile, the append refuses what is too much; each event is
then reacted to again by itself, and agents are looked up again for the first of them.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from services.assignment.directory import Directory
from services.assignment.domain import choice
from services.assignment.domain.commands import RouteTicket
from services.assignment.domain.tickets import Waiting
from services.assignment.staff import Staff
from shared.clock import Clock, monotonic_seconds
from shared.events.intake import TicketPrioritised
from shared.log import Recorded

PAUSE_SECONDS: Final = 0.008
"""The events of a page follow each other at once: after a longer pause it is another."""


class Account:
    """Agents as they were when the page began, less what was given away since."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._staff = Staff(())
        self._queued: Sequence[tuple[choice.Need, int]] = ()
        self._position = 0
        self._rested_at = 0.0
        self._known_to: dict[UUID, int] = {}
        """By ticket: up to which position its past is decided upon."""
        self._routed: set[UUID] = set()

    async def open(self, recorded: Recorded) -> None:
        """Begin to react to an event; look agents up if it begins a page, or comes again."""
        paused = monotonic_seconds() - self._rested_at > PAUSE_SECONDS
        if paused or recorded.position <= self._position:
            self._known_to.clear()
            self._routed.clear()
            self._staff = Staff(await self._directory.agents())
            self._queued = await self._directory.queued()
        self._position = recorded.position

    def rest(self) -> None:
        """The event is reacted to."""
        self._rested_at = monotonic_seconds()

    def settles(self, recorded: Recorded) -> bool:
        """Whether an earlier event of the page was reacted to knowing of this one."""
        return recorded.position <= self._known_to.get(recorded.subject, 0)

    def route(self, ticket_id: UUID, ticket: Waiting, past: Sequence[Recorded]) -> RouteTicket:
        """The command that routes the ticket; whoever will get it has one place less."""
        now = self._clock()
        self._known_to[ticket_id] = past[-1].position
        ahead = self._staff.is_anybody_ahead(ticket.need, _rank(past), self._queued)
        candidates = self._staff.of(ticket.need.team_id)
        if ticket_id not in self._routed and not ahead:
            chosen, _ = choice.choose(candidates, ticket.need, prefer=ticket.had_before)
            if chosen is not None:
                self._staff.took_one(chosen.agent_id, now)
        self._routed.add(ticket_id)
        return RouteTicket(candidates=candidates, others_ahead=ahead, now=now)

    def reroute(self, need: choice.Need) -> RouteTicket:
        """The command for a ticket that somebody has, and that needs something else now."""
        return RouteTicket(candidates=self._staff.of(need.team_id), now=self._clock())


def _rank(past: Sequence[Recorded]) -> int:
    """How urgent the ticket is, as last said."""
    said = (known.event for known in reversed(past))
    return next((e.priority.rank for e in said if isinstance(e, TicketPrioritised)), 0)
