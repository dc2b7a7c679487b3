"""What each named query of `shared/log/queries.sql` does to the tables.

Written from the SQL, statement by statement, and held against the real one by
`tests/simulation/test_conformance.py`. A query that is not here is refused when it comes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from shared.testing.simulation.postgres.append import append
from shared.testing.simulation.postgres.tables import (
    ID,
    LOG,
    POSITION,
    SUBJECT,
    Key,
    Row,
    Tables,
)

Serve = Callable[..., list[Row]]


@dataclass(frozen=True)
class Statement:
    """What a statement answers, and which rows it locks; one without `writes` only reads."""

    serve: Serve
    writes: bool = False
    locks: Callable[..., Sequence[Key]] = lambda *_: ()
    asynchronous: bool = False
    """Committed before it is safe: a crash may take it back."""


STATEMENTS: dict[str, Statement] = {}
"""By name. Each is called with the tables, the database's time, and the arguments."""


def reads(serve: Serve) -> Serve:
    """Register a statement that only reads, under its function's name."""
    STATEMENTS[serve.__name__.removeprefix("_")] = Statement(serve)
    return serve


def writes(locks: Callable[..., Sequence[Key]] = lambda *_: ()) -> Callable[[Serve], Serve]:
    """Register a statement that writes, and the rows it locks."""

    def register(serve: Serve) -> Serve:
        STATEMENTS[serve.__name__.removeprefix("_")] = Statement(serve, True, locks)
        return serve

    return register


def cursor_lock(name: str, *_: object) -> Sequence[Key]:
    """The lock of a follower's cursor, of any generation."""
    return [("cursor", name)]


def _append_locks(*columns: Sequence[Any]) -> Sequence[Key]:
    return [("cursor", name) for name in columns[20]]


STATEMENTS["append"] = Statement(append, True, _append_locks)


@reads
def _read_newer(
    tables: Tables, _now: datetime, subjects: list[UUID], known: list[int]
) -> list[Row]:
    names = ("asked", "heads", *LOG)
    rows = []
    for asked, position in zip(subjects, known, strict=True):
        of = {a: row["version"] for (s, a), row in tables.heads.items() if s == asked}
        heads = orjson.dumps(of).decode() if of else None
        newer = tables.log_after(position)
        found: list[Sequence[Any]] = [row for row in newer if row[SUBJECT] == asked]
        rows += [Row(names, (asked, heads, *r)) for r in found or [(None,) * len(LOG)]]
    return sorted(rows, key=lambda row: row[2] or 0)


@reads
def _page(tables: Tables, _now: datetime, after: int, limit: int) -> list[Row]:
    return tables.log_after(after)[:limit]


@reads
def _subject_page(
    tables: Tables, _now: datetime, subject: UUID, after: int, until: int
) -> list[Row]:
    found = tables.log_after(after)
    return [row for row in found if row[SUBJECT] == subject and row[POSITION] <= until]


@reads
def _page_by_subject(
    tables: Tables,
    _now: datetime,
    subject: UUID,
    after: int,
    until: int,
    types: list[str],
    limit: int,
) -> list[Row]:
    behind = (subject.bytes, after)
    found = [row for row in tables.log if row["type"] in types and row[POSITION] <= until]
    found.sort(key=lambda row: (row[SUBJECT].bytes, row[POSITION]))
    return [row for row in found if (row[SUBJECT].bytes, row[POSITION]) > behind][:limit]


@reads
def _find(tables: Tables, _now: datetime, event_id: UUID) -> list[Row]:
    return [tables.by_id[event_id]] if event_id in tables.by_id else []


@reads
def _heads(tables: Tables, _now: datetime, subjects: list[UUID]) -> list[Row]:
    wanted = set(subjects)
    return [row for (subject, _), row in tables.heads.items() if subject in wanted]


@reads
def _ids_at(
    tables: Tables, _now: datetime, subjects: list[UUID], authors: list[str], versions: list[int]
) -> list[Row]:
    keys = zip(subjects, authors, versions, strict=True)
    return [
        Row(("subject", "author", "version", "id"), (*key, tables.by_stream[key][ID]))
        for key in keys
        if key in tables.by_stream
    ]


@reads
def _end_position(tables: Tables, _now: datetime) -> list[Row]:
    return [Row(("coalesce",), (tables.end(),))]


CURSORS = (
    "name", "generation", "position", "born_position", "born_at", "leader", "lease_until",
    "stopped",
)  # fmt: skip


def _columns(row: Row, *names: str) -> Row:
    return Row(names, (row[name] for name in names))


def _cursors_of(tables: Tables, name: str) -> list[Row]:
    return [row for key, row in tables.cursors.items() if key[0] == name]


def _put_cursor(tables: Tables, row: Row) -> None:
    tables.cursors[(row["name"], row["generation"])] = row


@reads
def _cursor(tables: Tables, _now: datetime, name: str) -> list[Row]:
    found = _cursors_of(tables, name)
    return [_columns(row, "position", "born_position", "generation") for row in found]


@writes(cursor_lock)
def _create_cursor(
    tables: Tables, now: datetime, name: str, generation: int, position: int
) -> list[Row]:
    if not _cursors_of(tables, name):
        values = (name, generation, position, position, now, None, None, None)
        _put_cursor(tables, Row(CURSORS, values))
    return []


@writes(cursor_lock)
def _move_cursor(
    tables: Tables, _now: datetime, name: str, generation: int, seen: int, to: int
) -> list[Row]:
    row = tables.cursors.get((name, generation))
    if row is None or row["position"] != seen:
        return []
    _put_cursor(tables, row.but(position=to))
    return [Row(("moved",), (1,))]


STATEMENTS["store_cursor"] = Statement(_move_cursor, True, cursor_lock, asynchronous=True)


@writes(cursor_lock)
def _take_lease(
    tables: Tables, now: datetime, name: str, leader: UUID, seconds: float
) -> list[Row]:
    taken = []
    for row in _cursors_of(tables, name):
        free = row["leader"] in (None, leader) or row["lease_until"] < now
        if free and row["stopped"] is None:
            _put_cursor(
                tables, row.but(leader=leader, lease_until=now + timedelta(seconds=seconds))
            )
            taken.append(row)
    return [_columns(r, "position", "born_position", "born_at", "generation") for r in taken]


@writes(cursor_lock)
def _stop_follower(tables: Tables, _now: datetime, name: str, why: str) -> list[Row]:
    for row in _cursors_of(tables, name):
        if row["stopped"] is None:
            _put_cursor(tables, row.but(stopped=why, leader=None, lease_until=None))
    return []


@reads
def _is_stopped(tables: Tables, _now: datetime, name: str) -> list[Row]:
    return [Row(("stopped",), (r["stopped"] is not None,)) for r in _cursors_of(tables, name)]


@writes(cursor_lock)
def _resume_follower(tables: Tables, _now: datetime, name: str) -> list[Row]:
    found = _cursors_of(tables, name)
    for row in found:
        _put_cursor(tables, row.but(stopped=None))
    return [Row(("resumed",), (1,)) for _ in found]


@writes(cursor_lock)
def _drop_lease(
    tables: Tables, _now: datetime, name: str, generation: int, leader: UUID
) -> list[Row]:
    row = tables.cursors.get((name, generation))
    if row is not None and row["leader"] == leader:
        _put_cursor(tables, row.but(leader=None, lease_until=None))
    return []


STATEMENTS["hold_cursor"] = Statement(
    lambda tables, _now, name: [
        _columns(row, "position", "generation") for row in _cursors_of(tables, name)
    ],
    locks=cursor_lock,
)


PARKED = (
    "id", "follower", "subject", "position", "event_id", "reason", "detail", "headers", "body",
    "parked_at",
)  # fmt: skip


BYTES = ("headers", "body")


@writes()
def _park(tables: Tables, now: datetime, *values: Any) -> list[Row]:
    row = Row(PARKED, (*values, now))
    taken = {(r["follower"], r["subject"]) for r in tables.parked.values()}
    if (row["follower"], row["subject"]) not in taken:
        tables.parked[row["id"]] = row
    return []


@reads
def _parked_subjects(tables: Tables, _now: datetime, follower: str) -> list[Row]:
    rows = tables.parked.values()
    return [_columns(row, "subject") for row in rows if row["follower"] == follower]


@reads
def _parked_recently(
    tables: Tables, now: datetime, follower: str, seconds: float, but: str
) -> list[Row]:
    since = now - timedelta(seconds=seconds)
    of = [r for r in tables.parked.values() if r["follower"] == follower]
    rows = [r for r in of if r["reason"] != but]
    return [Row(("count",), (sum(row["parked_at"] > since for row in rows),))]


@reads
def _put_off(tables: Tables, _now: datetime, follower: str, reason: str) -> list[Row]:
    rows = sorted(tables.parked.values(), key=lambda row: row["parked_at"])
    of = [row for row in rows if (row["follower"], row["reason"]) == (follower, reason)]
    return [_columns(row, "id", "subject") for row in of]


@writes()
def _park_anew(
    tables: Tables,
    _now: datetime,
    parked_id: UUID,
    position: int,
    event_id: UUID,
    reason: str,
    detail: str,
) -> list[Row]:
    if parked_id in tables.parked:
        tables.parked[parked_id] = tables.parked[parked_id].but(
            position=position, event_id=event_id, reason=reason, detail=detail
        )
    return []


@reads
def _parked(tables: Tables, _now: datetime) -> list[Row]:
    rows = sorted(tables.parked.values(), key=lambda row: row["parked_at"])
    return [_columns(row, *(name for name in PARKED if name not in BYTES)) for row in rows]


@reads
def _parked_one(tables: Tables, _now: datetime, parked_id: UUID) -> list[Row]:
    return [tables.parked[parked_id]] if parked_id in tables.parked else []


@writes()
def _unpark(tables: Tables, _now: datetime, parked_id: UUID) -> list[Row]:
    tables.parked.pop(parked_id, None)
    return []


@reads
def _skipped_events(tables: Tables, _now: datetime, follower: str) -> list[Row]:
    skips = [r for r in tables.log if r["said"] and r["type"] == "ParkedSkipped"]
    told = [orjson.loads(row["data"]) for row in skips]
    ids = [t["event_id"] for t in told if t["follower"] == follower and t["event_id"]]
    return [Row(("event_id",), (UUID(one),)) for one in ids]


@reads
def _is_parked(tables: Tables, _now: datetime, subject: UUID, follower: str) -> list[Row]:
    found = any(
        row["subject"] == subject and row["follower"] in (follower, "inbox")
        for row in tables.parked.values()
    )
    return [Row(("exists",), (found,))]


@writes(lambda _id, name, *_: [("cursor", name)])
def _unpark_reaction(
    tables: Tables, _now: datetime, parked_id: UUID, name: str, position: int
) -> list[Row]:
    back = [row for row in _cursors_of(tables, name) if row["position"] == position]
    for row in back:
        _put_cursor(tables, row.but(position=position - 1))
        tables.parked.pop(parked_id, None)
    return [Row(("back",), (1,)) for _ in back]


CAPACITY_BY_RESOURCE = Statement(
    lambda tables, _now: [tables.capacity[name] for name in sorted(tables.capacity)]
)
"""No query of the core, but what a service may ask."""
