"""The tables of a projection's generations: made like the live ones, compared, swapped, dropped.

The live generation stands in the schema that bears the projection's name; each other in
one of its own, `<projection>_g<generation>`. A finder names the live schema, so a swap is
two renames in one transaction: whatever reads sees one generation whole, before or after.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from shared.errors import LedgerdeskError
from shared.followers.contracts import Projection
from shared.followers.projection import beside
from shared.followers.view import Table
from shared.log.log import QUERIES
from shared.postgres import Connection

LOCK = 7355610
"""Class of the advisory locks, one a projection, under which its generations are built."""

LOCK_SECONDS = 2

EXAMPLES_MAX = 5
"""Differing rows named for each table."""


class StrayTables(LedgerdeskError):
    """The schema {schema} holds tables that nobody folds, and can't be rebuilt: {tables}."""


@dataclass(frozen=True)
class Difference:
    """How a table of a new generation compares with the live one."""

    table: str
    rows: int
    differing: int
    examples: Sequence[str]

    def __str__(self) -> str:
        named = ", ".join(self.examples)
        return f"{self.table}: {self.differing} of {self.rows} rows differ, e.g. {named}"


def schema_of(projection: str, generation: int) -> str:
    """The schema of a generation that isn't live."""
    return f"{projection}_g{generation}"


async def lock(connection: Connection, projection: str) -> bool:
    """Be the only one who builds generations of this projection, until the session ends.

    Waits a moment: whoever says that it has ended may still be about to go.
    """
    await connection.execute(f"set lock_timeout = '{LOCK_SECONDS}s'")
    try:
        await connection.execute("select pg_advisory_lock($1, hashtext($2))", LOCK, projection)
    except asyncpg.LockNotAvailableError:
        return False
    finally:
        await connection.execute("set lock_timeout = 0")
    return True


async def create_tables(connection: Connection, projection: Projection, schema: str) -> None:
    """Empty tables like the live ones, but without keys and indexes: see `create_indexes`."""
    live = await connection.fetch(
        "select relname from pg_class where relnamespace = to_regnamespace($1) and relkind = 'r'",
        projection.name,
    )
    stray = {row["relname"] for row in live} - {table.name for table in projection.tables}
    if stray:
        raise StrayTables(schema=projection.name, tables=", ".join(sorted(stray)))
    await connection.execute(f'drop schema if exists "{schema}" cascade; create schema "{schema}"')
    for table in projection.tables:
        await connection.execute(
            f'create table "{schema}"."{table.name}"'
            f' (like "{projection.name}"."{table.name}" including all excluding indexes)'
        )
        options = await connection.fetchval(
            "select array_to_string(reloptions, ', ') from pg_class where oid = $1::regclass",
            f'"{projection.name}"."{table.name}"',
        )
        if options:  # `like` leaves them out
            await connection.execute(f'alter table "{schema}"."{table.name}" set ({options})')


async def create_indexes(connection: Connection, projection: Projection, schema: str) -> None:
    """The keys and indexes of the live tables, by the same names; then look at the rows."""
    for table in projection.tables:
        for statement in await _index_statements(connection, projection, table.name, schema):
            await connection.execute(statement)
        await connection.execute(f'analyze "{schema}"."{table.name}"')


async def _index_statements(
    connection: Connection, projection: Projection, table: str, schema: str
) -> list[str]:
    named = projection.name, table
    rows = await connection.fetch(
        """
        select i.relname as name, pg_get_indexdef(x.indexrelid) as definition,
               pg_get_constraintdef(c.oid) as rule
        from pg_index as x
        join pg_class as i on i.oid = x.indexrelid
        left join pg_constraint as c on c.conindid = x.indexrelid and c.conrelid = x.indrelid
        where x.indrelid = $1::regclass
        order by x.indisprimary desc, i.relname
        """,
        '"{}"."{}"'.format(*named),
    )
    live = await connection.fetchval("select format('%I.%I', $1::text, $2::text)", *named)
    return [
        f'alter table "{schema}"."{table}" add constraint "{row["name"]}" {row["rule"]}'
        if row["rule"]
        else row["definition"].replace(f" ON {live} ", f' ON "{schema}"."{table}" ', 1)
        for row in rows
    ]


async def compare(
    connection: Connection, projection: Projection, schema: str, parked: Iterable[UUID]
) -> tuple[int, list[Difference]]:
    """How many rows were compared with the live ones, and where tables differ.

    Row by row, whole, as text: `json` has no equality. What is parked in either generation
    is left out. To be called where both stand at one position.
    """
    rows, found = 0, []
    for table in projection.tables:
        one = await _compare_table(connection, projection, table, schema, list(parked))
        rows += one.rows
        if one.differing:
            found.append(one)
    return rows, found


async def _compare_table(
    connection: Connection,
    projection: Projection,
    table: Table[Any],
    schema: str,
    parked: Sequence[UUID],
) -> Difference:
    row = await connection.fetchrow(
        f"""
        with compared as (
            select "{table.key}"::text as key, l::text is distinct from n::text as differs
            from "{projection.name}"."{table.name}" as l
            full join "{schema}"."{table.name}" as n using ("{table.key}")
            where coalesce(l.subject, n.subject) <> all ($1::uuid[])
        )
        select count(*) as rows, count(*) filter (where differs) as differing,
               (array_agg(key) filter (where differs))[1:{EXAMPLES_MAX}] as examples
        from compared
        """,  # noqa: S608 - our own names
        parked,
    )
    assert row is not None
    return Difference(table.name, row["rows"], row["differing"], row["examples"] or ())


async def swap(connection: Connection, projection: str, live: int, new: int) -> None:
    """Make generation `new` the live one and keep the old; in the caller's transaction,
    which holds the live cursor, where both stand at one position."""
    await connection.execute(
        f'alter schema "{projection}" rename to "{schema_of(projection, live)}";'
        f'alter schema "{schema_of(projection, new)}" rename to "{projection}"'
    )
    building = beside(projection, new)
    await connection.execute(QUERIES.retire_cursor, projection, live)
    await connection.execute(QUERIES.rename_cursor, building, projection)
    await connection.execute(QUERIES.unpark_all, projection)
    await connection.execute(QUERIES.rename_parked, building, projection)


async def leave(connection: Connection, projection: str, generation: int) -> None:
    """Let a generation that isn't live follow the log no longer; its rows stay."""
    building = beside(projection, generation)
    await connection.execute(QUERIES.retire_cursor, building, generation)
    await connection.execute(QUERIES.unpark_all, building)


async def drop(connection: Connection, projection: str, generation: int) -> None:
    """Forget a generation that isn't live, and all that it holds."""
    async with connection.transaction():
        await connection.execute(
            f'drop schema if exists "{schema_of(projection, generation)}" cascade'
        )
        await leave(connection, projection, generation)
        await connection.execute(QUERIES.forget_generation, projection, generation)
