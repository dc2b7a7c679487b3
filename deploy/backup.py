"""Backup and restore of a service's database: its tables as text, and what they were made by.

A backup is one snapshot: a read-only transaction beside whatever else goes on. Restoring
makes the tables anew by the very migrations that the backup names, fills them, runs the
migrations that came later, and says so in `ledger.restores`: the service then hears again
from Kafka what it has lost (shared/recovery.py).
"""

import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import asyncpg

from deploy.local.databases import Database
from deploy.local.trouble import Trouble
from shared.migrate import migrate
from shared.postgres import Connection

MANIFEST: Final = "manifest.json"
CHUNK_BYTES: Final = 1 << 20

LEFT_OUT: Final = ("ledger.migrations", "ledger.generations", "ledger.restores")
"""Made anew by a restore; and schemas of generations that aren't live stay behind, too."""

TABLES: Final = """
    select n.nspname as schema, c.relname as name, array_agg(a.attname order by a.attnum) as columns
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    join pg_attribute as a
        on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    where c.relkind = 'r'
      and n.nspname not in ('pg_catalog', 'information_schema')
      and n.nspname not like 'pg\\_%'
      and n.nspname || '.' || c.relname <> all ($1::text[])
      and n.nspname not in (
          select g.projection || '_g' || g.generation from ledger.generations as g
          where g.phase <> 'live'
      )
    group by n.nspname, c.relname
    order by n.nspname, c.relname
"""


@dataclass(frozen=True)
class TableCopy:
    """One table in a backup."""

    schema: str
    name: str
    columns: Sequence[str]
    rows: int
    sha256: str
    """Of the file as it is, compressed."""

    @property
    def file(self) -> str:
        return f"{self.schema}.{self.name}.copy.gz"


@dataclass(frozen=True)
class Manifest:
    """What a backup of one service holds, as of when."""

    service: str
    taken_at: str
    position: int
    """The end of the log then."""
    migrations: Sequence[str]
    tables: Sequence[TableCopy]


async def back_up(database: Database, folder: Path) -> Manifest:
    """Write the database, as it is at one instant, into `folder`, which is there."""
    connection = await asyncpg.connect(database.url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            manifest = await _copied(connection, database, folder)
    finally:
        await connection.close()
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1))
    return manifest


async def _copied(connection: Connection, database: Database, folder: Path) -> Manifest:
    taken_at: datetime = await connection.fetchval("select now()")
    rows = await connection.fetch(
        "select room || '/' || name as name from ledger.migrations order by run_at, room, name"
    )
    tables = [
        await _copy_out(connection, row["schema"], row["name"], row["columns"], folder)
        for row in await connection.fetch(TABLES, LEFT_OUT)
    ]
    position = await connection.fetchval("select coalesce(max(position), 0) from ledger.log")
    migrations = [row["name"] for row in rows]
    return Manifest(database.service, taken_at.isoformat(), position, migrations, tables)


async def _copy_out(
    connection: Connection, schema: str, name: str, columns: Sequence[str], folder: Path
) -> TableCopy:
    path = folder / TableCopy(schema, name, columns, 0, "").file
    quoted = ", ".join(f'"{column}"' for column in columns)
    with gzip.open(path, "wb", compresslevel=1) as file:

        async def write(chunk: bytes) -> None:
            file.write(chunk)

        status = await connection.copy_from_query(
            f'select {quoted} from "{schema}"."{name}"',  # noqa: S608 - names of our own tables
            output=write,
        )
    return TableCopy(schema, name, columns, int(status.split()[-1]), _sha256(path))


def read_manifest(folder: Path) -> Manifest:
    """What the backup in `folder` holds. Raises `Trouble` if it is none, or was damaged."""
    try:
        raw = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise Trouble(f"There is no backup in {folder}: {MANIFEST} can't be read") from error
    tables = [TableCopy(**table) for table in raw.pop("tables")]
    for table in tables:
        path = folder / table.file
        if not path.exists() or _sha256(path) != table.sha256:
            raise Trouble(f"{path} is damaged or missing: use another backup")
    return Manifest(**raw, tables=tables)


async def restore(database: Database, folder: Path, *, kafka_lost: bool = False) -> Manifest:
    """Fill an empty database with the backup in `folder`.

    `kafka_lost`: everything that was ever said is to be published again.
    """
    manifest = read_manifest(folder)
    await migrate(database.owner_url, database.service, database.role, only=manifest.migrations)
    connection = await asyncpg.connect(database.owner_url)
    try:
        async with connection.transaction():
            if await connection.fetchval("select exists (select from ledger.log)"):
                raise Trouble(f"The database of {database.service} is not empty")
            for table in manifest.tables:
                await connection.execute(f'delete from "{table.schema}"."{table.name}"')  # noqa: S608
                await connection.copy_to_table(
                    table.name,
                    schema_name=table.schema,
                    columns=list(table.columns),
                    source=_read(folder / table.file),
                )
            await _settle(connection, manifest)
        await migrate(database.owner_url, database.service, database.role)
        await _mark(connection, manifest, kafka_lost)
        await connection.execute("analyze")
    finally:
        await connection.close()
    return manifest


async def _settle(connection: Connection, manifest: Manifest) -> None:
    """What a copy of rows alone does not bring about."""
    await connection.execute(
        "select setval(pg_get_serial_sequence('ledger.log', 'position'), greatest($1::bigint, 1),"
        " $1::bigint > 0)",
        manifest.position,
    )
    await connection.execute("update ledger.cursors set leader = null, lease_until = null")
    await connection.execute("delete from ledger.cursors where name like '%@%'")


async def _mark(connection: Connection, manifest: Manifest, kafka_lost: bool) -> None:
    await connection.execute(
        "insert into ledger.restores (backed_up_at) values ($1)",
        datetime.fromisoformat(manifest.taken_at),
    )
    if kafka_lost:
        await connection.execute("update ledger.cursors set position = 0 where name = 'relay'")
        await connection.execute(
            "update ledger.keys set published = 0 where author = $1", manifest.service
        )


async def _read(path: Path) -> AsyncIterator[bytes]:
    with gzip.open(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
