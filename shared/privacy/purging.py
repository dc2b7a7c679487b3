"""Purging: the rows that were written over or deleted leave the files of the tables, too.

What is only true of our own server, its write-ahead log and its statistics, is up to
whoever may do that there: see docs/privacy.md.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import asyncpg

from shared.clock import monotonic_seconds
from shared.postgres import Connection, Pool

SECONDS_MAX: Final = 3600.0

LOCK_TIMEOUT: Final = "500ms"
"""How long a table is waited for, and whoever comes later waits behind: a backup that is being
taken keeps every table it has read, and an append is not to wait until it is done."""

SNAPSHOT_SECONDS_MAX: Final = 2.0

OLDER: Final = """
select exists (
    select from pg_stat_activity
    where (datname = current_database() or datname is null) and pid <> pg_backend_pid()
      and greatest(age(backend_xmin), age(backend_xid)) >= age($1::text::xid8::xid)
)
"""
"""Whether a snapshot or a transaction of this database is older than transaction $1: what was
written over since may not be seen by either, and would still be kept for it."""

LEDGER: Final = ("ledger.keys", "ledger.waiting", "ledger.parked")
"""Of the log's own tables, those that are changed. The log itself holds no readable text."""


async def purge(pool: Pool, schemas: Sequence[str], extra_tables: Sequence[str]) -> bool:
    """Write every table anew that may have held somebody's text, and its statistics; False if
    one is in use for long: then all are to be tried again later.

    Each is locked while that lasts: a second for some 100 MB. Not before everybody's snapshot is
    younger than what was written over: what an older one may still see would be written, too.
    """
    rows = await pool.fetch(
        "select format('%I.%I', schemaname, tablename) as name from pg_tables"
        " where schemaname = any ($1)",
        list(schemas),
    )
    if not await all_are_younger(pool):
        return False
    async with pool.acquire() as connection:
        await connection.execute(f"set lock_timeout = '{LOCK_TIMEOUT}'")
        try:
            for table in (*(row["name"] for row in rows), *extra_tables, *LEDGER):
                await connection.execute(f"vacuum (full, analyze) {table}", timeout=SECONDS_MAX)
        except asyncpg.LockNotAvailableError:
            return False
        finally:
            await connection.execute("reset lock_timeout")
    return True


async def all_are_younger(database: Pool | Connection) -> bool:
    """Whether whoever was at work in this database before now is done soon."""
    now = await database.fetchval("select pg_current_xact_id()::text")
    until = monotonic_seconds() + SNAPSHOT_SECONDS_MAX
    while await database.fetchval(OLDER, now):
        if monotonic_seconds() > until:
            return False
        await asyncio.sleep(0.02)
    return True
