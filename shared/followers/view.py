"""A read model held in memory while a batch of events is folded into it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, dataclass, field, replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from uuid import UUID


class Row(Protocol):
    """A row of a read model: a frozen dataclass whose fields are the table's columns.

    `subject` says which ticket (or agent, …) it belongs to.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def subject(self) -> UUID:
        """What the row belongs to."""


R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Table(Generic[R]):
    """A table of a projection's schema, and the class of its rows."""

    name: str
    row: type[R]
    key: str = "subject"
    """The column that is its primary key."""
    append_only: bool = False
    """Rows are only ever added, so that old ones needn't be read before folding."""
    topic: str = ""
    """Only events of this topic change it, so that it needn't be read for others; empty: any do."""

    def changed_by(self, topic: str) -> bool:
        """Whether events of this topic may change it."""
        return self.topic in ("", topic)


def _with(row: R, fields: Mapping[str, Any]) -> R:
    """The row with other values in some of its fields.

    `replace` sets every field of a frozen class by a call of its own, and some rows have dozens.
    """
    if not hasattr(row, "__dict__"):  # it has slots
        return replace(row, **fields)
    made: R = object.__new__(type(row))
    made.__dict__.update(row.__dict__, **fields)
    return made


@dataclass
class View:
    """The rows of one subject: as they were, with the changes made so far."""

    subject: UUID
    topics: frozenset[str] = frozenset()
    """Of the events that it is folded from; empty: of any. Only what these change was read."""
    _rows: dict[str, dict[Any, Any]] = field(default_factory=dict)
    _changed: dict[str, set[Any]] = field(default_factory=dict)

    def load(self, table: Table[R], rows: Iterable[R]) -> None:
        """Take `rows` as what stands in the table."""
        self._rows.setdefault(table.name, {}).update({getattr(r, table.key): r for r in rows})

    def get(self, table: Table[R], key: object = None) -> R | None:
        """The row under `key`, by default the subject itself."""
        return self._rows.get(table.name, {}).get(self.subject if key is None else key)

    def all(self, table: Table[R]) -> list[R]:
        """Every row of the subject in `table`, in no promised order."""
        return [row for row in self._rows.get(table.name, {}).values() if row is not None]

    def put(self, table: Table[R], row: R) -> None:
        """Add the row, or put it in the place of the one with the same key."""
        if row.subject != self.subject:
            raise ValueError("a follower changes only what belongs to the event's subject")
        self._check(table)
        key = getattr(row, table.key)
        self._rows.setdefault(table.name, {})[key] = row
        self._changed.setdefault(table.name, set()).add(key)

    def change(self, table: Table[R], key: object = None, /, **fields: Any) -> R | None:
        """Change some fields of a row; nothing happens (None) where there is none."""
        row = self.get(table, key)
        if row is None:
            return None
        if all(getattr(row, name) == value for name, value in fields.items()):
            return row
        changed = _with(row, fields)
        self.put(table, changed)
        return changed

    def update(self, table: Table[R], change: Callable[[R], R], key: object = None) -> R | None:
        """Change a row by a function of what it was; None where there is none."""
        row = self.get(table, key)
        if row is not None:
            self.put(table, change(row))
        return self.get(table, key)

    def delete(self, table: Table[R], key: object = None) -> None:
        """Take the row out, if it is there."""
        self._check(table)
        wanted = self.subject if key is None else key
        self._rows.setdefault(table.name, {})[wanted] = None
        self._changed.setdefault(table.name, set()).add(wanted)

    def _check(self, table: Table[R]) -> None:
        if self.topics and not any(table.changed_by(topic) for topic in self.topics):
            raise ValueError(f"events of this topic don't change the table {table.name}")

    def written(self, table: Table[R]) -> list[R]:
        """Rows to be written."""
        rows = self._rows.get(table.name, {})
        keys = self._changed.get(table.name, ())
        return [rows[key] for key in keys if rows[key] is not None]

    def deleted(self, table: Table[R]) -> list[Any]:
        """Keys of rows to be deleted."""
        rows = self._rows.get(table.name, {})
        return [key for key in self._changed.get(table.name, ()) if rows[key] is None]
