"""What only whoever runs Postgres may do, so that what was purged leaves its files, too.

The services have written their tables anew. What may still hold the old text is the
statistics of columns, which each database's owner may write anew, and the write-ahead log,
which is ours only where the server is.
"""

import asyncio
from typing import Final

import asyncpg

from deploy.local.desk import Desk
from deploy.local.services import SERVICES
from deploy.local.trouble import Trouble
from shared.privacy.purging import all_are_younger

SECONDS_MAX: Final = 600.0


async def purge_servers(desk: Desk) -> list[str]:
    """Do it wherever we may; a line for each thing that was done, or is left to somebody."""
    names = [each.name for each in SERVICES]
    for name in names:
        owner = await asyncpg.connect(desk.stack.database(name).owner_url)
        try:
            async with asyncio.timeout(SECONDS_MAX):
                while not await all_are_younger(owner):
                    pass
            await owner.execute("vacuum (full) pg_catalog.pg_statistic", timeout=SECONDS_MAX)
        except TimeoutError as error:
            raise Trouble(
                f"a transaction has been open in {name}'s database for {SECONDS_MAX:.0f} s and "
                "may still see what was forgotten: end it (a backup?), and run this again"
            ) from error
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
