"""What intake does about its own facts: a verified ticket is related to similar ones, and one
whose customer does not answer goes on."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from services.intake.domain import (
    AcceptAsItIs,
    Command,
    LetClarificationLapse,
    LetProofLapse,
    RelateTickets,
    RemindOfClarification,
    RemindOfProof,
)
from services.intake.domain.related import alike_elsewhere, most_similar, rare_words
from services.intake.projection import Finders, Similar, Words
from services.intake.projections import clarifications
from services.intake.projections.triage import Triage
from shared.events import Event
from shared.events.intake import ClarificationLapsed, TicketVerified
from shared.events.relations import Relation
from shared.followers.contracts import Directed, Timer
from shared.followers.projection import position_of
from shared.log import Past, Recorded
from shared.service import Runtime

LOOKS_MAX: Final = 200
LOOK_INTERVAL_SECONDS: Final = 0.025


class RelateSimilarTickets:
    """Open tickets with similar words are told of each other: the requester's own, and those
    of anybody, as a fault that many report is one."""

    name: ClassVar[str] = "relate_similar_tickets"
    hears: ClassVar[frozenset[type[Event]]] = frozenset({TicketVerified})

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._finders = Finders(runtime.pool)
        self._similar: Mapping[UUID, Similar] = {}
        self._elsewhere: Mapping[UUID, Words] = {}
        self._shares: Mapping[str, float] = {}

    async def look_ahead(self, page: Sequence[Recorded]) -> None:
        """What the tickets of the page may be like, in two queries."""
        await self._folded_to(page[-1].position)
        self._similar = await self._finders.open_like([each.subject for each in page])
        shares = self._shares = await self._finders.word_shares()
        rare = {subject: rare_words(one[1], shares) for subject, one in self._similar.items()}
        self._elsewhere = await self._finders.open_with_words(rare)

    async def react(self, recorded: Recorded, _past: Past) -> Sequence[Directed[RelateTickets]]:
        similar = self._similar.get(recorded.subject)
        if similar is None:
            return []
        number, words, others = similar
        related = most_similar(words, others)
        elsewhere = self._elsewhere.get(recorded.subject, {})
        alike = alike_elsewhere(words, elsewhere, self._shares)
        return relations(recorded.subject, number, (*related, *alike))

    async def _folded_to(self, position: int) -> None:
        """Wait until triage has folded everything up to here, this ticket and earlier ones.

        Raises `TimeoutError` when it is far behind: then the follower tries again later.
        """
        for _ in range(LOOKS_MAX):
            if await self._position() >= position:
                return
            await asyncio.sleep(LOOK_INTERVAL_SECONDS)
        raise TimeoutError("triage is behind")

    async def _position(self) -> int:
        for follower in self._runtime.followers:
            if follower.name == Triage.name and follower.leading:
                return follower.position
        return await position_of(self._runtime.pool, Triage.name)


def relations(
    ticket_id: UUID, number: str, related: Sequence[Relation]
) -> list[Directed[RelateTickets]]:
    """Tell the ticket of the others, and each of them of it."""
    if not related:
        return []
    told = [Directed(ticket_id, RelateTickets(tuple(related)))]
    for one in related:
        back = one.model_copy(update={"ticket_id": ticket_id, "number": number})
        told.append(Directed(one.ticket_id, RelateTickets((back,))))
    return told


class GoOnWithoutAnswers:
    """When nobody answers, the ticket goes on as it is."""

    name: ClassVar[str] = "go_on_without_answers"
    hears: ClassVar[frozenset[type[Event]]] = frozenset({ClarificationLapsed})

    def __init__(self, runtime: Runtime) -> None:
        self._finders = Finders(runtime.pool)

    async def react(self, recorded: Recorded, _past: Past) -> Sequence[Directed[AcceptAsItIs]]:
        """Under the topics and rules that are in force now."""
        topics = await self._finders.topics()
        return [Directed(recorded.subject, AcceptAsItIs(topics, recorded.occurred_at))]


def due(timer: Timer) -> Command:
    """What to do about a timer, dated by when it was due."""
    match timer.kind:
        case clarifications.LAPSE:
            return LetClarificationLapse(_asked_at(timer), timer.due_at)
        case clarifications.LAPSE_OF_PROOF:
            return LetProofLapse(timer.due_at)
        case clarifications.REMIND_OF_PROOF:
            return RemindOfProof(timer.command["reminder"], _ends_at(timer), timer.due_at)
        case _:
            reminder = timer.command["reminder"]
            return RemindOfClarification(_asked_at(timer), reminder, _ends_at(timer), timer.due_at)


def _asked_at(timer: Timer) -> datetime:
    return datetime.fromisoformat(timer.command["asked_at"])


def _ends_at(timer: Timer) -> datetime | None:
    ends = timer.command["ends_at"]
    return None if ends is None else datetime.fromisoformat(ends)
