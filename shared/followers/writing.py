"""How the rows of a projection are written: the SQL, and a page in one round trip."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import orjson

from shared.followers.view import Table, View
from shared.log.log import QUERIES


def upsert(schema: str, table: Table[Any], rows: str, only_if: str = "") -> str:
    """Write the rows in the JSON parameter `rows`; none, if the relation `only_if` is empty."""
    target = f'"{schema}"."{table.name}"'
    names = [field.name for field in fields(table.row)]
    columns = ", ".join(f'"{name}"' for name in names)
    updates = ", ".join(f'"{n}" = excluded."{n}"' for n in names if n != table.key)
    action = f"do update set {updates}" if updates else "do nothing"
    given = ", ".join(f'given."{name}"' for name in names)
    source = f"json_populate_recordset(null::{target}, {rows}::json) as given"
    return (
        f"insert into {target} ({columns}) select {given}"  # noqa: S608 - our own names
        f" from {f'{only_if}, ' if only_if else ''}{source}"
        f' on conflict ("{table.key}") {action}'
    )


def delete(schema: str, table: Table[Any], keys: str, only_if: str = "") -> str:
    """Delete the rows whose keys are in the array `keys`; none, if `only_if` is empty."""
    using = f" using {only_if}" if only_if else ""
    return f'delete from "{schema}"."{table.name}"{using} where "{table.key}" = any ({keys})'  # noqa: S608 - our own names


def as_json(rows: Sequence[Any]) -> str:
    """The rows as the text of a JSON parameter."""
    return orjson.dumps(rows, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def changes(table: Table[Any], views: Sequence[View]) -> tuple[list[Any], list[Any]]:
    """The rows of a table that are to be written, and the keys of those to be deleted."""
    written: list[Any] = []
    deleted: list[Any] = []
    for view in views:
        written += view.written(table)
        deleted += view.deleted(table)
    return written, deleted


def page_at_once(
    schema: str, tables: Sequence[Table[Any]], views: Sequence[View]
) -> tuple[str, list[Any]] | None:
    """One statement that moves the cursor and, only if it stood where it was seen, writes the
    page; and what it takes besides the four arguments of `store_cursor`.

    None if rows of one table are to be written and others deleted: that takes two steps, as
    the one may make room for the other.
    """
    steps = [f"moved as ({QUERIES.store_cursor})"]
    arguments: list[Any] = []
    for number, table in enumerate(tables):
        written, deleted = changes(table, views)
        if written and deleted:
            return None
        place = f"${len(arguments) + 5}"
        if written:
            steps.append(f"step_{number} as ({upsert(schema, table, place, 'moved')})")
            arguments.append(as_json(written))
        if deleted:
            steps.append(f"step_{number} as ({delete(schema, table, place, 'moved')})")
            arguments.append(deleted)
    return f"with {', '.join(steps)} select true from moved", arguments  # noqa: S608 - our own names
