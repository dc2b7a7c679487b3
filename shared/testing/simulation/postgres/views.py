"""Read models: the statements that `shared/followers/` builds, for tables known by their rows."""

import re
from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any, cast

import orjson
from pydantic import TypeAdapter

from shared.followers.contracts import Projection
from shared.followers.view import Table
from shared.log.log import QUERIES
from shared.testing.simulation.postgres.statements import STATEMENTS, Statement
from shared.testing.simulation.postgres.tables import Row, Tables

# ruff: noqa: S608 - patterns to read SQL by, not SQL
_TABLE = r'"(?P<schema>\w+)"\."(?P<table>\w+)"'
_SELECT = re.compile(
    rf'select (?P<columns>(?:"\w+"(?:, )?)+) from {_TABLE} where subject = any \(\$1::uuid\[\]\)'
)
_DELETE_MANY = re.compile(
    rf'delete from {_TABLE}(?: using moved)? where "(?P<column>\w+)" = any \(\$(?P<place>\d+)\)'
)
_DELETE_ONE = re.compile(rf"delete from {_TABLE} where (?P<column>subject) = \$(?P<place>1)")
_UPSERT = re.compile(
    rf"insert into {_TABLE} \([^)]*\) select [^)]* from (?:moved, )?"
    r"json_populate_recordset\(null::\S+, \$(?P<place>\d+)::json\) as given"
    r' on conflict \("(?P<key>\w+)"\) do (?P<action>nothing|update set .*)'
)
_STEP = re.compile(r"step_\d+ as \((?P<step>.*?)\)(?=, step_\d+ as |$)")
_AT_ONCE = f"with moved as ({QUERIES.store_cursor})"
_AFTER_ALL = " select true from moved"

Change = Callable[[Tables, tuple[Any, ...]], None]
"""What a statement does to a read model, with the statement's arguments."""


class Views:
    """The statements on the read models of some projections."""

    def __init__(self, projections: Iterable[Projection]) -> None:
        self.tables: dict[tuple[str, str], Table[Any]] = {
            (projection.name, table.name): table
            for projection in projections
            for table in projection.tables
        }
        self._rows: dict[tuple[str, str], TypeAdapter[list[Any]]] = {
            key: TypeAdapter(cast(Any, list)[table.row]) for key, table in self.tables.items()
        }

    def create(self, tables: Tables) -> None:
        """Make the tables, empty."""
        for key in self.tables:
            tables.views[key] = {}

    def statement(self, sql: str) -> Statement | None:
        """What `sql` does, if it is one of these."""
        if sql.startswith(_AT_ONCE):
            return self._at_once(sql.removeprefix(_AT_ONCE).removesuffix(_AFTER_ALL))
        if match := _SELECT.fullmatch(sql):
            return _select(match)
        change = self._change(sql)
        if change is None:
            return None

        def serve(tables: Tables, _now: datetime, *given: Any) -> list[Row]:
            change(tables, given)
            return []

        return Statement(serve, writes=True)

    def _at_once(self, rest: str) -> Statement | None:
        """A cursor moved, and a page written only if it was where it was seen."""
        changes = [self._change(match["step"]) for match in _STEP.finditer(rest)]
        store = STATEMENTS["store_cursor"]
        if None in changes or len(changes) != len(re.findall(r"step_\d+ as ", rest)):
            return None

        def serve(tables: Tables, now: datetime, *given: Any) -> list[Row]:
            moved = store.serve(tables, now, *given[:4])
            for change in changes if moved else ():
                assert change is not None
                change(tables, given)
            return [Row(("bool",), (True,)) for _ in moved]

        return Statement(serve, True, store.locks, asynchronous=True)

    def _change(self, sql: str) -> Change | None:
        if match := _DELETE_MANY.fullmatch(sql) or _DELETE_ONE.fullmatch(sql):
            return _delete(match)
        if match := _UPSERT.fullmatch(sql):
            return self._upsert(match)
        return None

    def _upsert(self, match: re.Match[str]) -> Change:
        key, place = (match["schema"], match["table"]), int(match["place"]) - 1
        names = [field.name for field in fields(self.tables[key].row)]
        keep_old = match["action"] == "nothing"

        def change(tables: Tables, given: tuple[Any, ...]) -> None:
            for made in self._rows[key].validate_python(orjson.loads(given[place])):
                row = Row(names, (getattr(made, name) for name in names))
                primary = row[match["key"]]
                if not (keep_old and primary in tables.views[key]):
                    tables.views[key][primary] = row

        return change


def _select(match: re.Match[str]) -> Statement:
    key = (match["schema"], match["table"])
    names = [name.strip('"') for name in match["columns"].split(", ")]

    def serve(tables: Tables, _now: datetime, subjects: list[Any]) -> list[Row]:
        wanted = set(subjects)
        found = [row for row in tables.views[key].values() if row["subject"] in wanted]
        return [Row(names, (row[name] for name in names)) for row in found]

    return Statement(serve)


def _delete(match: re.Match[str]) -> Change:
    key, column = (match["schema"], match["table"]), match["column"]
    place = int(match["place"]) - 1

    def change(tables: Tables, given: tuple[Any, ...]) -> None:
        wanted = given[place]
        gone = set(wanted) if isinstance(wanted, list) else {wanted}
        rows = tables.views[key]
        tables.views[key] = {k: row for k, row in rows.items() if row[column] not in gone}

    return change
