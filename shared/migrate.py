"""Forward-only migrations: the log's own first, then the service's.

Files `NNNN_what.sql` beside their code, each run once, in the order of their names. The
log belongs to the owner role, so that the service can't change the past; a service's own
tables belong to the service's role, so that it can build new generations of them.
"""

import asyncio
from collections.abc import Container, Sequence
from pathlib import Path

import asyncpg

from shared.postgres import Connection

ROOT = Path(__file__).resolve().parent.parent

LOG_MIGRATIONS = ROOT / "shared" / "log" / "migrations"

_LOCK = 7355609

GRANT_TRIES = 20
GRANT_WAIT_SECONDS = 0.25


async def migrate(
    owner_url: str, service: str, service_role: str, only: Container[str] | None = None
) -> list[str]:
    """Bring the database of `service` up to date; the names of what was newly run.

    `owner_url` is a URL of the owner role, which must be a member of `service_role`.
    `only` names those that may be run (`room/file`), for a backup of an older version.
    Safe to run several times, and several at once.
    """
    own = ROOT / "services" / service / "migrations"
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute("select pg_advisory_lock($1::bigint)", _LOCK)
        await connection.execute(
            "create schema if not exists ledger;"
            "create table if not exists ledger.migrations ("
            " room text, name text, run_at timestamptz not null default now(),"
            " primary key (room, name))"
        )
        files = _wanted("log", _files(LOG_MIGRATIONS), only)
        done = await _run(connection, "log", files, None)
        if only is None:
            await _granted(connection, service_role)
        done += await _run(connection, service, _wanted(service, _files(own), only), service_role)
        await connection.execute("reset statement_timeout")
        await connection.execute(f'grant select on ledger.migrations to "{service_role}"')
    finally:
        await connection.close()
    return done


def _files(folder: Path) -> Sequence[Path]:
    return sorted(folder.glob("*.sql")) if folder.is_dir() else ()


def _wanted(room: str, files: Sequence[Path], only: Container[str] | None) -> Sequence[Path]:
    return [file for file in files if only is None or f"{room}/{file.name}" in only]


async def _run(
    connection: Connection, room: str, files: Sequence[Path], role: str | None
) -> list[str]:
    rows = await connection.fetch("select name from ledger.migrations where room = $1", room)
    known = {row["name"] for row in rows}
    done = []
    for file in files:
        if file.name in known:
            continue
        async with connection.transaction():
            if role is not None:
                await connection.execute(f'set local role "{role}"')
            await connection.execute(file.read_text(encoding="utf-8"))
            await connection.execute("reset role")
            await connection.execute(
                "insert into ledger.migrations (room, name) values ($1, $2)", room, file.name
            )
        done.append(f"{room}/{file.name}")
    return done


async def _granted(connection: Connection, role: str) -> None:
    """Grant it, again if tables are being written anew: the catalogue has no locks for that."""
    for _ in range(GRANT_TRIES):
        try:
            await _grant(connection, role)
            return
        except asyncpg.InternalServerError as error:
            if "concurrently updated" not in str(error):
                raise
            await asyncio.sleep(GRANT_WAIT_SECONDS)
    await _grant(connection, role)


async def _grant(connection: Connection, role: str) -> None:
    """What a service may do: read everything, append by the function, keep its cursors."""
    quoted = f'"{role}"'
    kept = ("waiting", "cursors", "parked", "read_to", "fired", "generations", "restores")
    tables = ", ".join(f"ledger.{name}" for name in kept)
    await connection.execute(
        f"revoke all on schema ledger from public;"
        f"revoke execute on all functions in schema ledger from public;"
        f"grant usage on schema ledger to {quoted};"
        f"grant select on all tables in schema ledger to {quoted};"
        f"grant insert, update, delete on {tables} to {quoted};"
        f"grant execute on function ledger.append, ledger.set_capacity, ledger.present to {quoted};"
        f"grant insert, update on ledger.keys to {quoted};"
        # To write these tables anew, so that what was deleted leaves their files, too.
        f"grant maintain on ledger.keys, ledger.waiting, ledger.parked to {quoted};"
    )
