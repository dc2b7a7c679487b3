"""What only whoever runs Postgres may do, so that what was purged leaves its files, too.

The services have written their tables anew. What may still hold the old text is the
statistics of columns, which each database's owner may write anew, and the write-ahead log,
which is ours only where the server is.
"""

import asyncpg

from deploy.local.desk import Desk
from deploy.local.services import SERVICES


async def purge_servers(desk: Desk) -> list[str]:
    """Do it wherever we may; a line for each thing that was done, or is left to somebody."""
    names = [each.name for each in SERVICES]
    for name in names:
        owner = await asyncpg.connect(desk.stack.database(name).owner_url)
        try:
            await owner.execute("vacuum (full) pg_catalog.pg_statistic", timeout=600)
        finally:
            await owner.close()
    told = ["postgres: statistics written anew"]
    if not desk.stack.needs_postgres(names):
        return [*told, "postgres: its write-ahead log, replicas and archives are yours to purge"]
    admin = await asyncpg.connect(desk.stack.postgres.admin_url)
    try:
        await admin.execute("select pg_switch_wal()")
        await admin.execute("checkpoint", timeout=600)
    finally:
        await admin.close()
    return [*told, "postgres: write-ahead log deleted up to now"]
