"""What a service writes for its followers: a projection's fold, a reaction's translation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable
from uuid import UUID

from shared.events import Event
from shared.followers.view import Table, View
from shared.log.records import Past, Recorded

C = TypeVar("C")


class Projection(Protocol):
    """A read model and how events are folded into it.

    It lives in a Postgres schema of its own, named as the projection is, so that a new
    generation can be built beside it and swapped in by renaming two schemas.
    """

    name: ClassVar[str]
    """The projection's name, its cursor's, and its schema's."""
    tables: ClassVar[Sequence[Table[Any]]]
    hears: ClassVar[frozenset[type[Event]]]
    """The events that change it; others are passed over without being decoded."""

    def fold(self, view: View, recorded: Recorded) -> None:
        """Change the rows of the event's subject. Pure: no clock, no calls, no order of
        batches; the same events always lead to the same rows."""


@dataclass(frozen=True, slots=True)
class Directed(Generic[C]):
    """A command, and the subject it is for."""

    subject: UUID
    command: C


class Reaction(Protocol[C]):
    """What a service does about what it heard: a command for each event that matters."""

    name: ClassVar[str]
    hears: ClassVar[frozenset[type[Event]]]

    async def react(self, recorded: Recorded, past: Past, /) -> Sequence[Directed[C]]:
        """The commands that follow from the event. `past` is what is known of its subject by
        now, later events too. May read this service's own read models, and calls nobody
        else."""


@runtime_checkable
class LooksAhead(Protocol):
    """A reaction that looks things up for all events of a page at once."""

    async def look_ahead(self, page: Sequence[Recorded], /) -> None:
        """Called with the events that `react` is going to be called with, in their order."""


@dataclass(frozen=True)
class Timer:
    """A command that is due at an instant, as a row of a timers' read model."""

    id: UUID
    """Derived from what it is for, so that setting it again moves it."""
    subject: UUID
    kind: str
    due_at: datetime
    command: dict[str, Any]
    cause: UUID | None = None
    """The event that set it."""
    correlation: UUID | None = None
