"""What assignment does about what it hears."""

from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from services.assignment.account import Account
from services.assignment.directory import QUERIES, Directory
from services.assignment.domain.commands import (
    By,
    EscalateTicket,
    ReleaseAgent,
    ReleaseClosed,
    TicketCommand,
)
from services.assignment.domain.decisions import TICKETS
from services.assignment.domain.tickets import Held, Waiting
from services.assignment.projection import Queues
from shared.clock import Clock
from shared.errors import NotYet
from shared.events import Event
from shared.events.assignment import AgentAssigned, AgentDefined
from shared.events.intake import TicketCategorised, TicketPrioritised
from shared.events.relations import TicketMerged
from shared.events.resolution import EscalationRequested, TicketClosed, TicketReopened
from shared.events.sla import TargetApproaching, TargetBreached, TargetOverdue
from shared.followers.contracts import Directed
from shared.followers.projection import position_of
from shared.log import Log, Past, Recorded
from shared.postgres import Pool


class Route:
    """A ticket that is known well enough, or reopened, goes to somebody or to the queue.

    Intake verifies a ticket before it says its category and priority, so the last of these
    is the moment.
    """

    name: ClassVar[str] = "route"
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {TicketCategorised, TicketPrioritised, TicketReopened}
    )

    def __init__(self, directory: Directory, clock: Clock, log: Log) -> None:
        self._account = Account(directory, clock)
        self._log = log

    async def look_ahead(self, page: Sequence[Recorded]) -> None:
        """Who helped before is looked up for all tickets of a page at once."""
        await self._account.look_ahead(await self._log.read_many([e.subject for e in page]))

    async def react(self, recorded: Recorded, past: Past) -> Sequence[Directed[TicketCommand]]:
        await self._account.open(recorded)
        known = past.events
        command = None if self._account.settles(recorded) else self._command(recorded, known)
        self._account.rest()
        return [] if command is None else [Directed(recorded.subject, command)]

    def _command(self, recorded: Recorded, past: Sequence[Recorded]) -> TicketCommand | None:
        match TICKETS.fold([known.event for known in past]):
            case Waiting() as waiting:
                return self._account.route(recorded.subject, waiting, past)
            case Held() as held:
                return self._account.reroute(held)
            case _:
                return None


class Escalate:
    """What an agent asks for, or a broken promise demands, goes up a tier."""

    name: ClassVar[str] = "escalate"
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {EscalationRequested, TargetApproaching, TargetBreached, TargetOverdue}
    )
    one_at_a_time: ClassVar[bool] = True

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    async def react(self, recorded: Recorded, past: Past) -> Sequence[Directed[TicketCommand]]:
        asked = _asked(recorded.event)
        state = TICKETS.fold([known.event for known in past.events])
        if asked is None or not isinstance(state, Waiting | Held):
            return []
        by, reason = asked
        candidates = await self._directory.agents_of(state.need.team_id)
        command = EscalateTicket(
            candidates=candidates,
            by=by,
            reason=reason,
            now=self._clock(),
            policy=await self._directory.policy(),
        )
        return [Directed(recorded.subject, command)]


class Release:
    """A closed ticket, or an agent who left, takes no capacity.

    Nor does a ticket that was given to somebody while its closing was being heard.
    """

    name: ClassVar[str] = "release"
    hears: ClassVar[frozenset[type[Event]]] = frozenset(
        {TicketClosed, TicketMerged, AgentAssigned, AgentDefined}
    )

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock

    async def react(self, recorded: Recorded, _past: Past) -> Sequence[Directed[TicketCommand]]:
        match recorded.event:
            case TicketClosed() | TicketMerged() | AgentAssigned():
                return [Directed(recorded.subject, ReleaseClosed(now=self._clock()))]
            case AgentDefined(active=False, agent_id=agent_id):
                release = ReleaseAgent(agent_id=agent_id, now=self._clock())
                return [Directed(t, release) for t in await self._held(agent_id, recorded)]
            case _:
                return []

    async def _held(self, agent_id: str, left: Recorded) -> list[UUID]:
        """All tickets the agent had when they left: none is claimed for them after that."""
        if await position_of(self._pool, Queues.name) < left.position:
            raise NotYet
        return [row["subject"] for row in await self._pool.fetch(QUERIES.held_by, agent_id)]


def _asked(event: object) -> tuple[By, str] | None:
    """Who asks for a higher tier, and why; None if nobody does."""
    match event:
        case EscalationRequested():
            return By(event.requested_by, manager=True), event.reason
        case TargetBreached(escalate=True):
            promise = event.clock.value.replace("_", " ")
            return By("sla", manager=True), f"the {promise} target was missed"
        case TargetApproaching(escalate=True) | TargetOverdue(escalate=True):
            promise = event.clock.value.replace("_", " ")
            return By("sla", manager=True), f"{event.share:.0%} of the {promise} time has passed"
        case _:
            return None
