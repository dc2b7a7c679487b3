"""Every query of every room is prepared against the migrated schema."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from deploy.local.databases import Database
from deploy.local.services import SERVICES
from shared.sql import load_queries

ROOT = Path(__file__).resolve().parents[2]
Databases = Callable[[str], Awaitable[Database]]


def files_of(name: str) -> list[Path]:
    return sorted((ROOT / "services" / name).rglob("queries.sql"))


@pytest.mark.parametrize("name", [process.name for process in SERVICES])
async def test_every_query_is_valid(name: str, service_database: Databases) -> None:
    database = await service_database(name)
    connection = await asyncpg.connect(database.url)
    shared_queries = sorted((ROOT / "shared").rglob("queries.sql"))
    try:
        for path in [*shared_queries, *files_of(name)]:
            queries = load_queries(str(path))
            for query in queries.names():
                statement = getattr(queries, query)
                if "{schema}" not in statement:
                    await connection.prepare(statement)
    finally:
        await connection.close()


def test_every_query_is_described_in_a_comment() -> None:
    for path in [*ROOT.glob("shared/**/queries.sql"), *ROOT.glob("services/**/queries.sql")]:
        queries = load_queries(str(path))
        for name in queries.names():
            assert getattr(queries, name).startswith("-- "), f"{path.name}: {name}"
