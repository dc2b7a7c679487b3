"""given / when / then for deciders and projections: no server, no clock, no mocks.

given(DECIDER, TicketOpened(...)).when(StartWork(...)).then(WorkStarted(...))
given(DECIDER).when(StartWork(...)).rejected(TicketNotFound)
rows = fold(Queues(), ticket_id, TicketOpened(...), AgentAssigned(...))
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID

from shared.decider import Decider
from shared.errors import Rejected
from shared.events import Event, encode
from shared.followers.contracts import Projection
from shared.followers.view import Table, View
from shared.ids import derived_id
from shared.log.records import Recorded
from shared.log.vector import Vector

C = TypeVar("C")
S = TypeVar("S")

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning on which tests begin."""

TICKET = UUID("01890000-0000-7000-8000-000000000001")
"""A ticket's id for tests that need only one."""


@dataclass(frozen=True)
class Given(Generic[C, S]):
    """A decider with a past."""

    decider: Decider[C, S]
    past: tuple[Event, ...]

    def when(self, command: C) -> "When":
        """What the decider answers to `command`."""
        state = self.decider.fold(self.past)
        try:
            return When(list(self.decider.decide(command, state)), None)
        except Rejected as rejection:
            return When([], rejection)

    @property
    def state(self) -> S:
        """What the past amounts to."""
        return self.decider.fold(self.past)


@dataclass(frozen=True)
class When:
    """A decider's answer."""

    said: list[Event]
    rejection: Rejected | None

    def then(self, *expected: Event | type[Event] | Callable[[Event], bool]) -> list[Event]:
        """The events said are these, in order: each by equality, by type or by predicate."""
        assert self.rejection is None, f"rejected: {self.rejection!r}"
        names = [type(event).__name__ for event in self.said]
        assert len(self.said) == len(expected), f"said {names}"
        for event, wanted in zip(self.said, expected, strict=True):
            if isinstance(wanted, type):
                assert isinstance(event, wanted), f"said {names}"
            elif isinstance(wanted, Event):
                assert event == wanted
            else:
                assert wanted(event), f"not as wanted: {event!r}"
        return self.said

    def nothing(self) -> None:
        """It already was so."""
        self.then()

    def rejected(self, kind: type[Rejected]) -> Rejected:
        """The command is forbidden, for this reason."""
        assert isinstance(self.rejection, kind), f"said {self.said}, rejected {self.rejection!r}"
        return self.rejection


def given(decider: Decider[C, S], *past: Event) -> Given[C, S]:
    """A decider that has seen `past`."""
    return Given(decider, past)


def recorded(
    *events: Event, subject: UUID = TICKET, author: str | None = None, start: datetime = T0
) -> list[Recorded]:
    """`events` as a log holds them: one second apart, versions by author, from `start`."""
    versions: dict[str, int] = {}
    result = []
    for index, event in enumerate(events):
        versions[event.author] = versions.get(event.author, 0) + 1
        version = versions[event.author]
        event_id = derived_id("test", subject, event.author, version)
        result.append(
            Recorded(
                position=index + 1,
                subject=subject,
                author=event.author,
                version=version,
                id=event_id,
                previous=(
                    derived_id("test", subject, event.author, version - 1) if version > 1 else None
                ),
                said=event.author == author,
                topic=event.topic,
                type=type(event).__name__,
                after=str(Vector({a: v for a, v in versions.items() if a != event.author})),
                revision=0,
                correlation=derived_id("test", subject, "correlation"),
                causation=None,
                actor="test",
                occurred_at=start + timedelta(seconds=index),
                recorded_at=start + timedelta(seconds=index),
                traceparent="",
                data=encode(event).decode(),
            )
        )
    return result


def fold(
    projection: Projection, *events: Event | Recorded, subject: UUID = TICKET
) -> dict[str, list[Any]]:
    """The rows of one subject after `events`, by table name, in the order of their keys."""
    plain = [e for e in events if isinstance(e, Event)]
    past: Sequence[Recorded] = (
        recorded(*plain, subject=subject)
        if plain
        else [e for e in events if isinstance(e, Recorded)]
    )
    view = View(subject)
    heard = {cls.__name__ for cls in projection.hears}
    for one in past:
        if one.type in heard:
            projection.fold(view, one)
    return {
        table.name: sorted(view.all(table), key=partial(_key, table)) for table in projection.tables
    }


def _key(table: Table[Any], row: Any) -> str:
    return str(getattr(row, table.key))
