"""The connection pool of a service."""

from typing import TYPE_CHECKING, Any

import asyncpg
import orjson

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection


PLANNING = {
    "enable_seqscan": "off",
    "random_page_cost": "1.1",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
}
"""Plans are cached, often made while tables are still empty: without this the first
minutes of a busy new service are spent in sequential scans (measured: 60 ms an append
instead of 1.7 ms after 50,000 events). And each is made once a connection: made anew for
the arguments of each call, they took a third of Postgres' time."""


async def open_pool(url: str, size_max: int, application: str) -> Pool:
    """A pool on the service's database; `json` and `jsonb` columns come as Python values.

    Sessions carry no state, so that a connection needs no reset when it is given back:
    that saves a tenth of a service's time.
    """
    return await asyncpg.create_pool(
        url,
        min_size=2,
        max_size=size_max,
        init=_prepare,
        reset=_keep,
        server_settings={"application_name": application, **PLANNING},
        command_timeout=60,
    )


async def _prepare(connection: Any) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, schema="pg_catalog", encoder=_dump, decoder=orjson.loads, format="text"
        )


async def _keep(_connection: Any) -> None:
    """Nothing to reset."""


def _dump(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
