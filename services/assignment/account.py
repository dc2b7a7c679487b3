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
from services.assignment.domain.line import Place, Standing, stands
from services.assignment.domain.people import Need
from services.assignment.domain.policy import NO_POLICY, asked_first
from services.assignment.domain.tickets import Held, Waiting
from services.assignment.staff import Staff
from shared.clock import Clock, monotonic_seconds
from shared.events.intake import TicketOpened
from shared.log import Recorded

PAUSE_SECONDS: Final = 0.008
"""The events of a page follow each other at once: after a longer pause it is another."""


class Account:
    """Agents as they were when the page began, less what was given away since."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._staff = Staff(())
        self._queued: Sequence[tuple[Need, Place]] = ()
        self._policy = NO_POLICY
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
            self._policy = await self._directory.policy()
        self._position = recorded.position

    def rest(self) -> None:
        """The event is reacted to."""
        self._rested_at = monotonic_seconds()

    def settles(self, recorded: Recorded) -> bool:
        """Whether an earlier event of the page was reacted to knowing of this one."""
        return recorded.position <= self._known_to.get(recorded.subject, 0)

    async def route(
        self, ticket_id: UUID, ticket: Waiting, past: Sequence[Recorded]
    ) -> RouteTicket:
        """The command that routes the ticket; whoever will get it has less room."""
        self._known_to[ticket_id] = past[-1].position
        need = self._policy.need(ticket.facts, ticket.need)
        helped_before = await self._helped_before(ticket_id, past)
        ahead = self._staff.is_anybody_ahead(need, _place(past), self._queued)
        command = self._command(need, helped_before, others_ahead=ahead)
        if ticket_id not in self._routed and not ahead:
            weight = self._policy.weight(ticket.facts)
            chosen = choice.best(
                command.candidates,
                need,
                weight=weight,
                strategy=self._policy.strategy(need),
                prefer=asked_first(need, ticket.had_before, helped_before),
            )
            if chosen is not None:
                self._staff.took(chosen.agent_id, chosen.weighs(weight), command.now)
        self._routed.add(ticket_id)
        return command

    def reroute(self, ticket: Held) -> RouteTicket | None:
        """The command for a ticket that somebody has, if it needs something else now."""
        need = self._policy.need(ticket.facts, ticket.need)
        changed = ticket.recategorised or need != ticket.need
        return self._command(need) if changed else None

    def _command(
        self, need: Need, helped_before: str | None = None, *, others_ahead: bool = False
    ) -> RouteTicket:
        return RouteTicket(
            candidates=self._staff.of(need.team_id),
            others_ahead=others_ahead,
            now=self._clock(),
            policy=self._policy,
            by_rules=True,
            helped_before=helped_before,
        )

    async def _helped_before(self, ticket_id: UUID, past: Sequence[Recorded]) -> str | None:
        if not self._policy.same_agent:
            return None
        opened = next((e.event for e in past if isinstance(e.event, TicketOpened)), None)
        if opened is None:
            return None
        return await self._directory.helped_before(opened.requester.person_id, ticket_id)


def _place(past: Sequence[Recorded]) -> Place:
    """The ticket's place in line, by all that is known of it."""
    standing: Standing | None = None
    for known in past:
        standing = stands(standing, known.event)
    assert standing is not None
    return standing.place
