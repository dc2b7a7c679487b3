"""The drill: a backup under load, more tickets, everything destroyed, restored, and compared."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from deploy.backup import back_up, read_manifest, restore
from deploy.local.databases import Database
from deploy.local.trouble import Trouble
from shared.ids import uuid7
from shared.log import Recorded
from shared.log.log import QUERIES
from shared.running import Running
from shared.testing.checks import broken_streams
from shared.testing.eventually import eventually
from tests.integration.test_core_on_kafka import INTAKE, PARROT, RESOLUTION, Desk, Say, desk, opened

__all__ = ["desk"]

SEENS = (
    "create schema seens; create table seens.seen ("
    " subject uuid primary key, number text not null, events int not null, last text not null)"
)


@dataclass
class Journal:
    """What a client was told: these tickets are accepted."""

    accepted: list[UUID] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self, intake: Running, every_seconds: float = 0.02) -> None:
        while not self.stop.is_set():
            await self.open(intake)
            await asyncio.sleep(every_seconds)

    async def open(self, intake: Running) -> None:
        ticket = uuid7()
        await intake.runtime.handle(PARROT, ticket, Say(opened()), actor="customer:x")
        self.accepted.append(ticket)


async def taken(desk: Desk, folder: Path) -> Callable[[str], Path]:
    for name, database in desk.databases.items():
        (folder / name).mkdir(parents=True)
        await back_up(database, folder / name)
    return lambda name: folder / name


async def test_what_kafka_still_has_is_not_lost_with_the_databases(
    desk: Desk, service_database: Any, tmp_path: Path
) -> None:
    journal = Journal()
    async with desk.run(INTAKE) as intake, desk.run(RESOLUTION) as resolution:
        writing = asyncio.create_task(journal.write(intake))
        await eventually(lambda: len(journal.accepted) > 20)
        backup = await taken(desk, tmp_path)
        count = len(journal.accepted)
        await eventually(lambda: len(journal.accepted) > count + 20)
        journal.stop.set()
        await writing
        await eventually(lambda: _whole(intake, resolution, journal), timeout=60)
        ids = {event.id for event in await _log(intake)}
    assert read_manifest(backup("intake")).position > 0
    for name in desk.databases:
        desk.databases[name] = await _restored(service_database, name, backup(name))
    async with desk.run(INTAKE) as intake, desk.run(RESOLUTION) as resolution:
        await journal.open(intake)
        await eventually(lambda: _whole(intake, resolution, journal), timeout=60)
        for live in (intake, resolution):
            events = await _log(live)
            assert not broken_streams(events, complete=True)
            assert not await live.runtime.pool.fetch(QUERIES.parked)
        again = {event.id for event in await _log(intake)}
        assert ids < again
        assert len(again) == len(ids) + 2, "something was decided twice"


async def test_with_kafka_lost_too_the_services_say_again_what_the_backup_has(
    desk: Desk, service_database: Any, tmp_path: Path, topics: Any, servers: Any
) -> None:
    journal = Journal()
    async with desk.run(INTAKE) as intake, desk.run(RESOLUTION) as resolution:
        for _ in range(5):
            await journal.open(intake)
        await eventually(lambda: _whole(intake, resolution, journal))
        backup = await taken(desk, tmp_path)
    desk.topics = await servers.topics()  # as empty as a new Kafka
    for name in desk.databases:
        desk.databases[name] = await _restored(
            service_database, name, backup(name), kafka_lost=True
        )
    desk.databases["resolution"] = await service_database("resolution")  # its backup is lost
    await _seens(desk.databases["resolution"])
    async with desk.run(INTAKE) as intake, desk.run(RESOLUTION) as resolution:
        await journal.open(intake)

        async def heard() -> bool:
            return all([(await resolution.runtime.log.read(t)).events for t in journal.accepted])

        await eventually(heard, timeout=60)
        assert not await intake.runtime.pool.fetch(QUERIES.parked)


async def test_a_damaged_backup_is_refused_before_anything_is_touched(
    desk: Desk, service_database: Any, tmp_path: Path
) -> None:
    (tmp_path / "intake").mkdir()
    manifest = await back_up(desk.databases["intake"], tmp_path / "intake")
    (table,) = [t for t in manifest.tables if (t.schema, t.name) == ("ledger", "log")]
    path = tmp_path / "intake" / table.file
    path.write_bytes(path.read_bytes()[:-4] + b"gone")
    with pytest.raises(Trouble, match="damaged"):
        await restore(await service_database("intake"), tmp_path / "intake")


async def _log(live: Running) -> list[Recorded]:
    return await live.runtime.log.page(0, 10_000)


async def _restored(
    service_database: Any, name: str, folder: Path, *, kafka_lost: bool = False
) -> Database:
    database: Database = await service_database(name)
    if name == "resolution":
        await _seens(database)
    await restore(database, folder, kafka_lost=kafka_lost)
    return database


async def _seens(database: Database) -> None:
    role = await asyncpg.connect(database.url)
    await role.execute(SEENS)
    await role.close()


async def _whole(intake: Running, resolution: Running, journal: Journal) -> bool:
    """Every accepted ticket was heard, worked on, and heard back; once."""
    seen = await resolution.runtime.pool.fetch("select subject, events from seens.seen")
    back = await intake.runtime.pool.fetch(
        "select subject from ledger.log where type = 'WorkStarted'"
    )
    expected = sorted(journal.accepted)
    return (
        sorted(row["subject"] for row in back) == expected
        and sorted(row["subject"] for row in seen if row["events"] == 2) == expected
    )
