"""The model of Postgres answers and ends up as the real one, whatever is asked of it."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from random import Random
from typing import Any

import orjson
import pytest

from deploy.local.databases import Database
from shared.postgres import Pool, open_pool
from shared.testing.simulation.desk.resolution import Work
from shared.testing.simulation.loop import VirtualLoop
from shared.testing.simulation.postgres.server import Server
from shared.testing.simulation.postgres.tables import Row
from shared.testing.spec import T0
from tests.simulation.operations import Operations

Databases = Callable[[str], Awaitable[Database]]

OPERATIONS = 400

# What the two clocks say can't be the same, only whether they say anything.
CLOCKS = {
    "recorded_at", "parked_at", "waiting_since", "since", "lease_until", "born_at",
    "created_at", "forgotten_at", "published_at", "erased_at", "now",
}  # fmt: skip

TABLES = [
    "log", "heads", "waiting", "cursors", "parked", "capacity", "read_to", "fired", "keys",
]  # fmt: skip

READ_MODEL = """
create schema work;
create table work.diary (subject uuid primary key, events int not null, lines text[] not null);
create table work.recent (
    id uuid primary key, subject uuid not null, type text not null, number int not null
);
"""


@pytest.fixture
async def pool(service_database: Databases) -> Any:
    database = await service_database("audit")
    opened = await open_pool(database.url, 2, "test")
    await opened.execute(READ_MODEL)
    yield opened
    await opened.close()


@pytest.mark.parametrize("seed", range(5))
async def test_model_and_postgres_agree(pool: Pool, seed: int) -> None:
    loop = VirtualLoop()
    model = Server(loop, Random(seed), [Work()])
    operations = Operations(Random(seed), model.tables)
    for number in range(OPERATIONS):
        loop.now += 1
        sql, given = operations.draw()
        asked = f"{number}: {sql}\n{given}"
        assert _plain(await _model(model, sql, given)) == _plain(await pool.fetch(sql, *given)), (
            asked
        )
    for name in TABLES:
        rows = getattr(model.tables, name)
        wanted = list(rows.values()) if isinstance(rows, dict) else rows
        columns = ", ".join(wanted[0].names).replace("data", "data::text") if wanted else "*"
        found = await pool.fetch(f"select {columns} from ledger.{name}")
        assert _plain(wanted) == _plain(found), name
    loop.close()


async def _model(model: Server, sql: str, given: tuple[Any, ...]) -> list[Row]:
    statement = model._statement(sql)
    now = T0 + timedelta(days=1, seconds=model._loop.now)  # later than whatever is drawn, as now is
    return statement.serve(model.tables, now, *given)


def _plain(rows: Iterable[Any]) -> list[str]:
    """Rows that can be compared: in any order, without the names and the times of clocks.

    What only says that something was done has no name worth comparing.
    """
    return sorted(repr([_value(name, value) for name, value in dict(row).items()]) for row in rows)


def _value(name: str, value: Any) -> Any:
    if name in CLOCKS:
        return value is not None
    if name == "heads" and value is not None:
        return sorted(orjson.loads(value).items())
    if hasattr(value, "int") and hasattr(value, "hex"):
        return value.hex
    return value
