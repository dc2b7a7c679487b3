"""Purging: the rows that were written over or deleted leave the files of the tables, too.

What is only true of our own server, its write-ahead log and its statistics, is up to
whoever may do that there: see docs/privacy.md.
"""

from collections.abc import Sequence
from typing import Final

from shared.postgres import Pool

SECONDS_MAX: Final = 3600.0

LEDGER: Final = ("ledger.keys", "ledger.waiting", "ledger.parked")
"""Of the log's own tables, those that are changed. The log itself holds no readable text."""


async def purge(pool: Pool, schemas: Sequence[str], extra_tables: Sequence[str]) -> None:
    """Write every table anew that may have held somebody's text, and its statistics.

    Each is locked while that lasts: a second for some 100 MB.
    """
    rows = await pool.fetch(
        "select format('%I.%I', schemaname, tablename) as name from pg_tables"
        " where schemaname = any ($1)",
        list(schemas),
    )
    for table in (*(row["name"] for row in rows), *extra_tables, *LEDGER):
        await pool.execute(f"vacuum (full, analyze) {table}", timeout=SECONDS_MAX)
