"""A read model that shows any event folded twice, left out, or in another order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from shared.events import Event
from shared.followers.view import Table, View
from shared.log.records import Recorded

RECENT_MAX = 3


@dataclass(frozen=True)
class DiaryRow:
    subject: UUID
    events: int
    lines: list[str]


@dataclass(frozen=True)
class RecentRow:
    id: UUID
    subject: UUID
    type: str
    number: int


DIARY: Table[DiaryRow] = Table("diary", DiaryRow)
RECENT: Table[RecentRow] = Table("recent", RecentRow, key="id")
"""The newest few events: rows that come and go."""


class Diary:
    """Each subject's events, written down in the order in which they were learned."""

    name: ClassVar[str]
    tables: ClassVar[Sequence[Table[Any]]] = (DIARY, RECENT)
    hears: ClassVar[frozenset[type[Event]]]

    def fold(self, view: View, recorded: Recorded) -> None:
        """Write it down, and forget the oldest of the recent ones."""
        row = view.get(DIARY) or DiaryRow(view.subject, 0, [])
        line = f"{recorded.author}={recorded.version} {recorded.type}"
        view.put(DIARY, DiaryRow(view.subject, row.events + 1, [*row.lines, line]))
        view.put(RECENT, RecentRow(recorded.id, view.subject, recorded.type, row.events + 1))
        for old in view.all(RECENT):
            if old.number <= row.events + 1 - RECENT_MAX:
                view.delete(RECENT, old.id)
