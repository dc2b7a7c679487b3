"""What a keyring asks of the tables, as `shared/privacy/queries.sql` has it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.privacy.keyring import QUERIES
from shared.testing.simulation.postgres.append import KEYS
from shared.testing.simulation.postgres.statements import Serve, Statement
from shared.testing.simulation.postgres.tables import Row, Tables

STATEMENTS: dict[str, Statement] = {}
"""By the text of the query."""


def _query(name: str, *, writes: bool = False) -> Callable[[Serve], Serve]:
    def register(serve: Serve) -> Serve:
        STATEMENTS[getattr(QUERIES, name)] = Statement(serve, writes)
        return serve

    return register


def _of(tables: Tables, ids: Sequence[UUID], *names: str) -> list[Row]:
    rows = (tables.keys[one] for one in dict.fromkeys(ids) if one in tables.keys)
    return [Row(names, (row[name] for name in names)) for row in rows]


@_query("own_keys")
def _own_keys(tables: Tables, _now: datetime, persons: list[UUID], author: str) -> list[Row]:
    found = []
    for person in dict.fromkeys(persons):
        rows = [row for row in tables.keys.values() if row["person"] == person]
        own = [r for r in rows if r["erased_at"] is None and r["author"] == author]
        own.sort(key=lambda row: (-row["created_at"].timestamp(), row["key_id"].bytes))
        leaving = any(r["forgotten_at"] is not None and r["refolded_at"] is None for r in rows)
        if rows:
            key_id = own[0]["key_id"] if own else None
            found.append(Row(("person", "key_id", "leaving"), (person, key_id, leaving)))
    return found


@_query("keys")
def _keys(tables: Tables, _now: datetime, ids: list[UUID]) -> list[Row]:
    return _of(tables, ids, "key_id", "person", "master", "wrapped")


@_query("known_keys")
def _known_keys(tables: Tables, _now: datetime, ids: list[UUID]) -> list[Row]:
    return _of(tables, ids, "key_id")


@_query("erased_lately")
def _erased_lately(tables: Tables, now: datetime, seconds: float) -> list[Row]:
    since = now - timedelta(seconds=seconds)
    gone = [row for row in tables.keys.values() if row["forgotten_at"] is not None]
    ids = [row["key_id"] for row in gone if row["forgotten_at"] > since]
    return _of(tables, ids, "key_id", "person")


@_query("unpublished")
def _unpublished(
    tables: Tables, now: datetime, author: str, limit: int, seconds: float
) -> list[Row]:
    own = [row for row in tables.keys.values() if row["author"] == author]
    new = [row["key_id"] for row in own if row["published"] < row["change"]]
    again = [row["key_id"] for row in own if _is_due_again(row, now, timedelta(seconds=seconds))]
    names = ("key_id", "person", "author", "wrapped", "master", "change", "created_at", "erased_at")
    return _of(tables, [*new, *again][:limit], *names)


def _is_due_again(row: Row, now: datetime, after: timedelta) -> bool:
    """Erased a while ago, and not published since."""
    forgotten, published = row["forgotten_at"], row["published_at"]
    if forgotten is None or published is None or row["published"] != row["change"]:
        return False
    lately: bool = now - timedelta(days=1) <= forgotten <= now - after
    return lately and published < forgotten + after


@_query("mark_published", writes=True)
def _mark_published(
    tables: Tables, now: datetime, ids: list[UUID], changes: list[int]
) -> list[Row]:
    for key_id, change in zip(ids, changes, strict=True):
        row = tables.keys.get(key_id)
        if row is not None and row["published"] <= change:
            tables.keys[key_id] = row.but(published=change, published_at=now)
    return []


@_query("hear_keys", writes=True)
def _hear_keys(tables: Tables, now: datetime, *columns: Sequence[Any]) -> list[Row]:
    news: list[UUID] = []
    for key_id, person, author, wrapped, master, change, created, erased in zip(
        *columns, strict=True
    ):
        row, forgotten = tables.keys.get(key_id), None if erased is None else now
        if row is None:
            values = (key_id, person, author, wrapped, master, change, change, created, erased)
            tables.keys[key_id] = Row(KEYS, (*values, None, forgotten, None))
            news.append(key_id)
        elif row["erased_at"] is None and (erased is not None or change > row["change"]):
            tables.keys[key_id] = row.but(
                wrapped=wrapped,
                master=master,
                change=max(row["change"], change),
                erased_at=erased,
                forgotten_at=forgotten,
                published=change if change >= row["change"] else row["published"],
            )
            news.append(key_id)
    return _of(tables, news, "key_id", "person", "master", "wrapped")


@_query("erase_again", writes=True)
def _erase_again(
    tables: Tables, _now: datetime, ids: list[UUID], changes: list[int], author: str
) -> list[Row]:
    for key_id, change in zip(ids, changes, strict=True):
        row = tables.keys.get(key_id)
        if row is None or row["author"] != author or row["erased_at"] is None:
            continue
        if row["published"] >= row["change"]:
            tables.keys[key_id] = row.but(change=max(row["change"], change) + 1)
    return []
