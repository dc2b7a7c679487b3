"""A service's generations: builds them when an operator says so, tells how far, drops them.

They are built inside the service, so that the code that folds is its own. A lock of the
database keeps replicas from building the same projection twice; progress stands in a
table, so any replica can tell it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from shared.errors import NotFound, Rejected
from shared.followers import generations
from shared.followers.contracts import Projection
from shared.followers.rebuild import FINISHED, Build, connect
from shared.log.log import QUERIES, Log
from shared.outages import OUTAGES
from shared.postgres import Connection

NOTE_EVERY_SECONDS = 0.5
"""How often the progress of a generation is put on record."""


class BeingBuilt(Rejected):
    """A generation of {projection} is being built already."""


class StillLive(Rejected):
    """Generation {generation} of {projection} is live."""


class Generations:
    """Builds and drops the generations of `projections`, on the database at `url`."""

    def __init__(self, event_log: Log, projections: Sequence[Projection], url: str) -> None:
        self._log = event_log
        self._projections: Mapping[str, Projection] = {p.name: p for p in projections}
        self._url = url
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, name: str, until: datetime | None = None, accept: bool = False) -> int:
        """Begin a replay that stops at `until`, else a rebuild; the generation's number.

        Raises `NotFound`, or `BeingBuilt` if another one is under way.
        """
        projection = self._projection(name)
        connection = await connect(self._url)
        try:
            await self._take(connection, name)
            number = await connection.fetchval(QUERIES.next_generation, name)
            kind = "rebuild" if until is None else "replay"
            await connection.execute(QUERIES.begin_generation, name, number, kind, until)
        except BaseException:
            await connection.close()
            raise
        build = Build(self._log, projection, number, connection, until, accept)
        task = asyncio.create_task(_carry_out(build), name=f"build:{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return int(number)

    async def overview(self) -> list[dict[str, Any]]:
        """Every generation besides the live ones: which, since when, how far."""
        rows = await self._log.pool.fetch(QUERIES.generations)
        return [
            {**row, "schema": generations.schema_of(row["projection"], row["generation"])}
            for row in rows
        ]

    async def drop(self, name: str, generation: int) -> None:
        """Drop a generation that isn't live. Raises `StillLive`, `NotFound` or `BeingBuilt`."""
        self._projection(name)
        connection = await connect(self._url)
        try:
            await self._take(connection, name, keep=generation)
            phases = await self._phases(connection, name)
            if generation not in phases:
                raise NotFound(what="generation")
            if phases[generation] == "live":
                raise StillLive(projection=name, generation=generation)
            await generations.drop(connection, name, generation)
        finally:
            await connection.close()

    async def close(self) -> None:
        """Give up what is being built: the next attempt clears up."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _projection(self, name: str) -> Projection:
        if name not in self._projections:
            raise NotFound(what=f"projection: {', '.join(self._projections) or 'none here'}")
        return self._projections[name]

    async def _take(self, connection: Connection, name: str, keep: int | None = None) -> None:
        """Be the only one who builds, and clear up what a crash has left half done."""
        if not await generations.lock(connection, name):
            raise BeingBuilt(projection=name)
        for number, phase in (await self._phases(connection, name)).items():
            if phase not in FINISHED and number != keep:
                await generations.drop(connection, name, number)

    async def _phases(self, connection: Connection, name: str) -> dict[int, str]:
        rows = await connection.fetch(QUERIES.generations)
        return {row["generation"]: row["phase"] for row in rows if row["projection"] == name}


async def _carry_out(build: Build) -> None:
    work = asyncio.create_task(build.run())
    try:
        while not work.done():
            with suppress(*OUTAGES):
                await build.note()
            await asyncio.wait({work}, timeout=NOTE_EVERY_SECONDS)
        await work
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
        build.connection.terminate()
