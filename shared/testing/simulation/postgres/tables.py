"""The tables of one service's database, as they stand."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, cast
from uuid import UUID

from shared.log.records import Recorded

LOG = tuple(name for name in Recorded.__dataclass_fields__ if name != "secrets")
"""Columns of the log, in the order in which they are read."""

POSITION, SUBJECT, AUTHOR, VERSION, ID = (
    LOG.index(name) for name in ("position", "subject", "author", "version", "id")
)


class Row(tuple[Any, ...]):  # noqa: SLOT001 - a tuple can have no slots of its own
    """A row as asyncpg gives it: a tuple whose columns have names, too."""

    names: Sequence[str]

    def __new__(cls, names: Sequence[str], values: Iterable[Any]) -> Self:
        row = super().__new__(cls, values)
        row.names = names
        return row

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(self.names.index(key) if isinstance(key, str) else key)

    def keys(self) -> Iterator[str]:
        """The names of the columns, so that `dict(row)` works."""
        return iter(self.names)

    def but(self, **changes: Any) -> "Row":
        """The same row with some columns changed."""
        pairs = zip(self.names, self, strict=True)
        return Row(self.names, (changes.get(name, value) for name, value in pairs))


Key = tuple[Any, ...]

KEYED = (
    "by_id", "by_stream", "heads", "waiting", "cursors", "parked", "capacity", "read_to",
    "fired", "keys",
)  # fmt: skip


@dataclass
class Tables:
    """Rows are never changed, only put in the place of others: a shallow copy is a snapshot."""

    log: list[Row] = field(default_factory=list)
    by_id: dict[UUID, Row] = field(default_factory=dict)
    by_stream: dict[Key, Row] = field(default_factory=dict)
    heads: dict[Key, Row] = field(default_factory=dict)
    waiting: dict[Key, Row] = field(default_factory=dict)
    cursors: dict[Key, Row] = field(default_factory=dict)
    parked: dict[UUID, Row] = field(default_factory=dict)
    capacity: dict[str, Row] = field(default_factory=dict)
    read_to: dict[Key, Row] = field(default_factory=dict)
    fired: dict[Key, Row] = field(default_factory=dict)
    keys: dict[UUID, Row] = field(default_factory=dict)
    views: dict[Key, dict[Any, Row]] = field(default_factory=dict)
    """Read models: by schema and table, rows by their primary key."""
    sequence: int = 0
    """Newest position that was given out."""

    def copy(self) -> "Tables":
        """A snapshot."""
        copied = {name: dict(getattr(self, name)) for name in KEYED}
        return Tables(
            log=list(self.log),
            views={key: dict(rows) for key, rows in self.views.items()},
            sequence=self.sequence,
            **cast(Any, copied),
        )

    def log_after(self, position: int) -> list[Row]:
        """The rows behind a position, in order."""
        low, high = 0, len(self.log)
        while low < high:
            middle = (low + high) // 2
            if self.log[middle][POSITION] > position:
                high = middle
            else:
                low = middle + 1
        return self.log[low:]

    def head(self, subject: UUID, author: str) -> tuple[int, UUID | None]:
        """Version and id of the newest event of a stream; (0, None) before the first."""
        row = self.heads.get((subject, author))
        return (0, None) if row is None else (row["version"], row["id"])

    def end(self) -> int:
        """The position of the newest event."""
        return self.log[-1][POSITION] if self.log else 0
