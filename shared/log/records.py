"""The shapes of the log: an event as recorded, and what one caller wants appended."""

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

from shared.events import Event, Unknown, decode
from shared.events.personal import About
from shared.log.vector import Vector
from shared.privacy.sealing import Secrets, opened

S = TypeVar("S")


@dataclass(frozen=True)
class Recorded:
    """An event with its envelope, as it stands in one service's log."""

    position: int
    """Place in this service's log: rising, in the order of commit, with gaps."""
    subject: UUID
    """What it is about: a ticket, or an agent, a team, a plan, …"""
    author: str
    version: int
    """Place in the stream `(subject, author)`, from 1 without gaps."""
    id: UUID
    previous: UUID | None
    """Id of the event before it in its stream; None for the first."""
    said: bool
    """True if this service said it, False if it heard it."""
    topic: str
    type: str
    after: str
    """The vector its author knew when deciding, without the author's own stream."""
    revision: int
    """The desk revision it was decided under; 0 before there was one."""
    correlation: UUID
    causation: UUID | None
    actor: str
    occurred_at: datetime
    recorded_at: datetime
    traceparent: str
    data: str
    """The event's JSON, byte for byte as said: its personal texts sealed."""
    keys: str = ""
    """Names of the keys that they are sealed with, comma-separated."""
    secrets: Secrets | None = field(default=None, repr=False, compare=False)
    """These keys, as they were when this was read."""

    @classmethod
    def of_row(cls, row: Iterable[Any], secrets: Secrets) -> "Recorded":
        """From a row's columns, in the order of the fields up to `keys`.

        Not by `__init__`, which sets each field of a frozen class by a call of its own: every
        event that is read comes along here.
        """
        made = object.__new__(cls)
        made.__dict__.update(zip(_COLUMNS, row, strict=True), secrets=secrets)
        return made

    @cached_property
    def event(self) -> Event | Unknown:
        """The event itself, readable, decoded when first asked for."""
        return decode(self.type, self.text)

    @cached_property
    def text(self) -> str:
        """The event's JSON with its personal texts readable, but for those erased."""
        if not self.keys:
            return self.data
        return opened(self.data, self.id, self.secrets or {}, self.keys)


_COLUMNS: Final = tuple(each.name for each in fields(Recorded) if each.name != "secrets")


@dataclass(frozen=True)
class Past:
    """What one service knows of one subject."""

    events: Sequence[Recorded]
    """Said and heard, in the order this service learned them."""
    vector: Vector
    """How far each author's stream has come, also where nothing of it is stored."""
    folded: "Folded" = field(default_factory=dict, repr=False, compare=False)
    """What earlier reads of it were folded into, and up to which position."""

    def fold(self, by: Hashable, first: S, step: Callable[[S, Recorded], S]) -> S:
        """What the events amount to, `step` by step from `first`; `by` names that fold.

        A past only grows, so what was folded once is remembered, and gone on from. `step` must
        be pure, and leave the state it is given as it is.
        """
        position: int
        state: S
        position, state = self.folded.get(by, (-1, first))
        last = self.events[-1].position if self.events else -1
        if position > last:  # somebody has seen more of it than this reader
            position, state = -1, first
        start = bisect_right(self.events, position, key=lambda recorded: recorded.position)
        for recorded in self.events[start:]:
            state = step(state, recorded)
        if start < len(self.events):
            self.folded[by] = (last, state)
        return state


Folded = dict[Hashable, tuple[int, Any]]
"""States by the folds that led to them, each with the position of the last event in it."""


class NewEvent(NamedTuple):
    """An event to append, with its envelope.

    A tuple, as it is made in a third of the time that a frozen dataclass of so many fields takes.
    """

    subject: UUID
    author: str
    version: int
    id: UUID
    topic: str
    type: str
    after: str
    correlation: UUID
    actor: str
    occurred_at: datetime
    data: str
    said: bool = True
    kept: bool = True
    """False moves the head of its stream, but stores nothing: an event nobody here hears."""
    previous: UUID | None = None
    """Checked when given; filled in by the log when said here."""
    revision: int = 0
    causation: UUID | None = None
    traceparent: str = ""
    about: About | None = None
    """Whose its personal texts are, when the log is to seal them; None: they are sealed."""
    keys: str = ""
    """Names of the keys that they are sealed with, comma-separated."""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key that a batch is sealed with; a new one comes wrapped, to be stored with it."""

    id: UUID
    person: UUID
    author: str
    master: str = ""
    wrapped: bytes | None = None


@dataclass(frozen=True, slots=True)
class CursorMove:
    """A follower's cursor, moved only if it still stands where the follower saw it."""

    name: str
    generation: int
    seen: int
    to: int


@dataclass(frozen=True, slots=True)
class Claim:
    """Takes `amount` of a limited resource (gives back if negative) or sets its ceiling.

    The one exception to pure deciding: it spans subjects, so it is checked where the
    events are appended. More than the ceiling fails the whole batch.
    """

    resource: str
    amount: int = 0
    ceiling: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What one caller wants appended: all of it, or nothing.

    Events of one stream are consecutive and in the order of their versions.
    """

    events: Sequence[NewEvent] = ()
    heard: bool = False
    """They come from Kafka, where they have been said before, be it by this very service."""
    cursor: CursorMove | None = None
    waits: bool = True
    """False: rather raises `BeingForgotten` than waits until somebody has been forgotten."""
    claims: Sequence[Claim] = field(default=())
    keys: Sequence[KeyUse] = field(default=())
    sealed: Mapping[UUID, tuple[str, str]] = field(default_factory=dict)
    """By event: its JSON with its personal texts sealed, and the names of the keys."""
