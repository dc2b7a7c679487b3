"""What must hold of any service's database, whatever happened to it before.

Each check returns the differences it finds, in words; none is what it should be.
"""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any
from uuid import UUID

import orjson

from shared.followers.contracts import Projection
from shared.followers.follower import skipped
from shared.followers.view import Table, View
from shared.log import Log, Recorded, Vector
from shared.log.log import Keys
from shared.postgres import Pool

PAGE = 5000


async def whole_log(pool: Pool, author: str, keys: Keys | None = None) -> list[Recorded]:
    """Every event of a service's log, in order; readable where there are `keys`."""
    log, events = Log(pool, author, keys), list[Recorded]()
    while page := await log.page(events[-1].position if events else 0, PAGE):
        events += page
    return events


def broken_streams(events: Sequence[Recorded], *, complete: bool) -> list[str]:
    """Events that are twice, before their predecessor, or before their causes.

    `complete` says that the log stores every type, so that gaps and causes can be told.
    """
    found: list[str] = []
    heads: dict[tuple[UUID, str], Recorded] = {}
    ids: set[UUID] = set()
    for event in events:
        name = f"{event.type} {event.subject}/{event.author}@{event.version}"
        before = heads.get((event.subject, event.author))
        version = before.version if before else 0
        if event.id in ids:
            found.append(f"{name} is here twice")
        if event.version <= version:
            found.append(f"{name} comes after version {version}")
        if complete and event.version != version + 1:
            found.append(f"{name} comes right after version {version}")
        if before is not None and event.version == version + 1 and event.previous != before.id:
            found.append(f"{name} has another predecessor than {before.id}")
        if complete:
            for author, needed in Vector.parse(event.after).items():
                cause = heads.get((event.subject, author))
                if cause is None or cause.version < needed:
                    found.append(f"{name} comes before its cause {author}@{needed}")
        ids.add(event.id)
        heads[event.subject, event.author] = event
    return found


async def differences(pool: Pool, events: Sequence[Recorded], projection: Projection) -> list[str]:
    """Where a read model differs from the fold of the log, leaving out what is parked."""
    rows = await pool.fetch(
        "select subject from ledger.parked where follower = $1", projection.name
    )
    passed_over = await skipped(Log(pool, ""), projection.name)
    parked = {row["subject"] for row in rows}
    heard = {cls.__name__ for cls in projection.hears}
    views: dict[UUID, View] = {}
    for event in events:
        if event.type in heard and event.subject not in parked and event.id not in passed_over:
            projection.fold(views.setdefault(event.subject, View(event.subject)), event)
    found: list[str] = []
    for table in projection.tables:
        folded = {
            _plain(getattr(row, table.key)): _plain(asdict(row))
            for view in views.values()
            for row in view.all(table)
        }
        stored = await _rows(pool, projection, table)
        found += _compare(f"{projection.name}.{table.name}", folded, stored)
    return found


async def _rows(pool: Pool, projection: Projection, table: Table[Any]) -> dict[Any, Any]:
    names = [field.name for field in fields(table.row)]
    columns = ", ".join(f'"{name}"' for name in names)
    rows = await pool.fetch(f'select {columns} from "{projection.name}"."{table.name}"')  # noqa: S608
    return {_plain(row[table.key]): _plain(dict(row)) for row in rows}


def _compare(name: str, folded: dict[Any, Any], stored: dict[Any, Any]) -> list[str]:
    found = [f"{name}: {key} is missing" for key in folded.keys() - stored.keys()]
    found += [f"{name}: {key} should not be there" for key in stored.keys() - folded.keys()]
    for key in folded.keys() & stored.keys():
        for column, value in folded[key].items():
            if stored[key][column] != value:
                found.append(f"{name}: {key}.{column} is {stored[key][column]!r}, not {value!r}")
    return found


def _plain(value: Any) -> Any:
    """As it comes back from Postgres, told by JSON: tuples are lists, enums their text."""
    return orjson.loads(orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS))
