"""The Decider, and `handle`: the only way anything is ever said.

A decider is pure. It is shown what a subject's past amounts to and a command, and
answers with the events that are now true, with nothing (it already was so), or by
raising a `Rejected`.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import orjson

from shared.errors import (
    DuplicateEvent,
    IdempotencyKeyReused,
    PersonForgotten,
    Stale,
    VersionConflict,
)
from shared.events import Event, Unknown, encode, silent_on
from shared.events.personal import About, needs_cause, persons_of, plan_of, requester_of
from shared.ids import derived_id, uuid7
from shared.log.records import Batch, Claim, CursorMove, NewEvent, Past, Recorded
from shared.log.vector import Vector
from shared.telemetry import current_traceparent

C = TypeVar("C")
"""Commands."""

S = TypeVar("S")
"""States."""

ATTEMPTS_MAX = 20
"""How often a command is decided again after somebody else was first."""


def no_claims(_event: Event) -> Sequence[Claim]:
    """The claims of nearly every decider: none."""
    return ()


@dataclass(frozen=True, eq=False)
class Decider(Generic[C, S]):
    """How commands `C` are decided from states `S`.

    `evolve` is shown everything this service knows of the subject, said and heard, and
    never refuses history. It changes no state: it makes the next one.
    """

    initial_state: S
    decide: Callable[[C, S], list[Event]]
    evolve: Callable[[S, Event | Unknown], S]
    claims: Callable[[Event], Sequence[Claim]] = no_claims

    def fold(self, events: Sequence[Event | Unknown]) -> S:
        """The state that `events` lead to."""
        state = self.initial_state
        for event in events:
            state = self.evolve(state, event)
        return state

    def step(self, state: S, recorded: Recorded) -> S:
        """The state after what the log holds next."""
        return self.evolve(state, recorded.event)


@dataclass(frozen=True)
class Context:
    """Who commands, when, and why: the envelope of what will be said."""

    actor: str
    """`agent:anna`, `customer:<person id>`, `routing`, `timer`, `desk`, …"""
    now: datetime
    """The author's clock; what is said occurred then, or when its cause did, if later."""
    correlation: UUID | None = None
    """What it all began with; None begins anew."""
    causation: UUID | None = None
    """The event, or request, this follows from."""
    cause_occurred_at: datetime | None = None
    seen: Vector | None = None
    """What the caller had seen of the subject; anything newer makes the command stale."""
    derive_from: tuple[object, ...] | None = None
    """What the ids of the events are derived from, so that a retry is the same fact;
    None draws new ids."""
    first_id: UUID | None = None
    """The id of the first event, when it must be the same whatever the subject."""
    request: UUID | None = None
    """What was asked for, when the asker may ask again under the same key: the causation
    of what is said. The key with another request is refused."""
    begins: bool = False
    """The subject is most likely new: decided without a look first, and if it was not new
    after all, the log refuses and it is decided anew."""
    waits: bool = True
    """False: rather raises `BeingForgotten` than waits until somebody has been forgotten."""
    revision: int = 0
    traceparent: str = ""
    """The trace that this is part of; empty takes the one that is going on."""

    @property
    def repeatable(self) -> bool:
        """Whether the same command, given again, would be the same fact."""
        return self.derive_from is not None or self.first_id is not None


@dataclass(frozen=True)
class Outcome:
    """What a command came to."""

    subject: UUID
    events: tuple[Event, ...]
    """What is newly true; empty when nothing was to be said."""
    vector: Vector
    """The ETag of the subject afterwards, and the consistency token of the command."""
    event_ids: tuple[UUID, ...] = field(default=())
    repeated: bool = False
    """True when the same command had been carried out before."""


class AppendableLog(Protocol):
    """The part of `shared.log.Log` that `handle` needs."""

    author: str

    async def read_many(self, subjects: Sequence[UUID]) -> dict[UUID, Past]:
        """What is known of each subject."""

    async def append(self, batch: Batch) -> int:
        """Append all of the batch, or raise."""


async def handle(
    log: AppendableLog, decider: Decider[C, S], subject: UUID, command: C, context: Context
) -> Outcome:
    """Decide `command` on `subject` and append what it says.

    Raises the decider's `Rejected`; `Stale` if the subject has moved on since
    `context.seen`; `CapacityExceeded` if a claim finds no room; `VersionConflict` only
    if others were first `ATTEMPTS_MAX` times in a row.
    """
    return (await handle_all(log, decider, [(subject, command)], context))[0]


async def handle_all(
    log: AppendableLog,
    decider: Decider[C, S],
    commands: Sequence[tuple[UUID, C]],
    context: Context,
    cursor: CursorMove | None = None,
) -> list[Outcome]:
    """Decide several commands and append what they say in one transaction, all or nothing.

    `cursor`, if given, moves in that same transaction. Raises as `handle` does.
    """
    for attempt in range(ATTEMPTS_MAX):
        subjects = [subject for subject, _ in commands]
        unread = attempt == 0 and context.begins
        pasts = _nothing_of(subjects) if unread else await log.read_many(subjects)
        work = Work(log.author, decider, pasts)
        outcomes = [work.decide(subject, command, context) for subject, command in commands]
        batch = work.batch(cursor, waits=context.waits)
        if not batch.events and cursor is None and not batch.claims:
            return outcomes
        try:
            await log.append(batch)
        except (VersionConflict, PersonForgotten):
            if attempt == ATTEMPTS_MAX - 1:
                raise
        except DuplicateEvent:
            # Somebody carried out the same command meanwhile: the next look finds it,
            # unless the id was taken on another subject, which is the caller's to solve.
            if attempt > 0:
                raise
        else:
            return outcomes
    raise AssertionError("unreachable")


def _nothing_of(subjects: Sequence[UUID]) -> dict[UUID, Past]:
    return {subject: Past([], Vector()) for subject in subjects}


class Work(Generic[C, S]):
    """Commands being decided one after the other, in memory, before they are appended.

    A later command sees what the earlier ones said.
    """

    def __init__(self, author: str, decider: Decider[C, S], pasts: dict[UUID, Past]) -> None:
        self._author = author
        self._decider = decider
        self._states: dict[UUID, S] = {}
        self._unfolded: dict[UUID, list[Event]] = {}
        """Said here, and not in the states yet: most often nobody asks again."""
        self._vectors = {subject: past.vector for subject, past in pasts.items()}
        self._latest: dict[UUID, datetime] = {}
        self._past_ids = {e.id for past in pasts.values() for e in past.events if e.said}
        self._ordinals: dict[tuple[UUID, UUID | None], int] = {}
        """How many events were said here under the first id of a subject's commands."""
        self._pasts = pasts
        self._requesters: dict[UUID, UUID] = {}
        self._events: list[NewEvent] = []
        self._claims: list[tuple[UUID, Claim]] = []

    def decide(self, subject: UUID, command: C, context: Context) -> Outcome:
        """Decide one command; what it says is kept for `batch`."""
        vector = self._vectors[subject]
        repeated = self.repeated(subject, context)
        if repeated is not None:
            return repeated
        if context.seen is not None and not context.seen.covers(vector):
            raise Stale(seen=str(context.seen), now=str(vector))
        said = self._decider.decide(command, self._state(subject))
        # Several commands of one request on one subject: their events are numbered on.
        first = self._event_id(subject, context, 0) if context.repeatable else None
        start = self._ordinals.get((subject, first), 0)
        self._ordinals[subject, first] = end = start + len(said)
        ids = tuple(self._event_id(subject, context, ordinal) for ordinal in range(start, end))
        for event, event_id in zip(said, ids, strict=True):
            self._say(subject, event, event_id, context)
        return Outcome(subject, tuple(said), self._vectors[subject], ids)

    def repeated(self, subject: UUID, context: Context) -> Outcome | None:
        """What came of the same command, if it was carried out before; else None.

        Raises `IdempotencyKeyReused` if another was.
        """
        if not context.repeatable or self._event_id(subject, context, 0) not in self._past_ids:
            return None
        self._check_request(subject, context)
        return Outcome(subject, (), self._vectors[subject], repeated=True)

    def batch(
        self,
        cursor: CursorMove | None = None,
        without: AbstractSet[UUID] = frozenset(),
        *,
        waits: bool = True,
    ) -> Batch:
        """Everything that was decided, but for some subjects, to be appended in one transaction."""
        events = [event for event in self._events if event.subject not in without]
        events.sort(key=lambda e: (e.subject.int, e.version))
        claims = tuple(claim for subject, claim in self._claims if subject not in without)
        return Batch(events=events, cursor=cursor, waits=waits, claims=claims)

    def _state(self, subject: UUID) -> S:
        if subject not in self._states:
            past = self._pasts[subject]
            self._states[subject] = past.fold(
                self._decider, self._decider.initial_state, self._decider.step
            )
            if past.events:
                self._latest[subject] = max(recorded.occurred_at for recorded in past.events)
        for event in self._unfolded.pop(subject, ()):
            self._states[subject] = self._decider.evolve(self._states[subject], event)
        return self._states[subject]

    def _check_request(self, subject: UUID, context: Context) -> None:
        """A key may be used again for the same request only, or the other would be lost."""
        first = self._event_id(subject, context, 0)
        for one in self._pasts[subject].events:
            if one.id == first and context.request not in {None, one.causation}:
                raise IdempotencyKeyReused

    def _event_id(self, subject: UUID, context: Context, ordinal: int) -> UUID:
        if ordinal == 0 and context.first_id is not None:
            return context.first_id
        if not context.repeatable:
            return uuid7()
        return derived_id(*(context.derive_from or (context.first_id,)), subject, ordinal)

    def _say(self, subject: UUID, event: Event, event_id: UUID, context: Context) -> None:
        if event.author != self._author:
            raise TypeError(f"{self._author} can't say {type(event).__name__}")
        vector = self._vectors[subject]
        version = vector[self._author] + 1
        occurred_at = self._occurred_at(subject, context)
        new = NewEvent(
            subject=subject,
            author=self._author,
            version=version,
            id=event_id,
            topic=event.topic,
            type=type(event).__name__,
            after=str(vector.without(self._author, *silent_on(event.topic))),
            correlation=context.correlation or event_id,
            causation=context.causation or context.request,
            actor=context.actor,
            occurred_at=occurred_at,
            data=encode(event).decode(),
            revision=context.revision,
            traceparent=context.traceparent or current_traceparent(),
            about=self._about(subject, event, context),
        )
        self._events.append(new)
        self._claims.extend((subject, claim) for claim in self._decider.claims(event))
        self._latest[subject] = occurred_at
        self._vectors[subject] = vector.moved(self._author, version)
        self._unfolded.setdefault(subject, []).append(event)

    def _about(self, subject: UUID, event: Event, context: Context) -> About | None:
        """Whose the texts of the event are, if it has any."""
        if plan_of(type(event).__name__) is None:
            return None
        requester = requester_of(event) or self._requester(subject)
        self._requesters[subject] = requester
        if not needs_cause(event) or context.causation is None:
            return About(requester)
        return About(requester, self._persons_of(subject, context.causation))

    def _requester(self, subject: UUID) -> UUID:
        """Who opened the ticket; the subject itself if it is none."""
        if subject not in self._requesters:
            said = (requester_of(one.event) for one in self._pasts[subject].events)
            self._requesters[subject] = next((person for person in said if person), subject)
        return self._requesters[subject]

    def _persons_of(self, subject: UUID, event_id: UUID) -> tuple[UUID, ...]:
        """Everybody whom an event of the subject's past is about."""
        for one in self._pasts[subject].events:
            if one.id == event_id:
                about = About(self._requester(subject))
                return persons_of(one.type, orjson.loads(one.text), about)
        return ()

    def _occurred_at(self, subject: UUID, context: Context) -> datetime:
        moments = [context.now, context.cause_occurred_at, self._latest.get(subject)]
        return max(moment for moment in moments if moment is not None)
