"""A rebuild: a new generation of a projection, folded from zero beside the live one.

    reading ──► indexing ──► catching up ──► comparing ──► live     the old one is kept
                    │                            └───────► differs  nothing was swapped
                    └── a replay ends here ──────────────► ready    to be looked at

It compares and swaps where both generations stand at one position: for that the live
cursor is held for as long as the new one needs for its last few events. Whatever fails
leaves the live generation as it was, and the next attempt clears up.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg
import orjson
import structlog

from shared.followers import generations
from shared.followers.bulk import BulkFold
from shared.followers.contracts import Projection
from shared.followers.follower import PARKED_MAX, FollowerStopped, skipped
from shared.followers.projection import UNWRITABLE, Failed, ProjectionFollower
from shared.log.log import QUERIES, Log
from shared.log.records import Recorded
from shared.postgres import Connection

log = structlog.get_logger()

CLOSE_EVENTS = 200
"""So near to the live generation that the rest can be done while its cursor is held."""

Kind = Literal["rebuild", "replay"]

FINISHED = frozenset({"live", "kept", "differs", "ready", "failed"})
"""Phases in which nobody works on a generation any more."""


@dataclass
class Progress:
    """How far the building of a generation has come, as its row tells."""

    phase: str = "reading"
    position: int = 0
    events: int = 0
    events_expected: int = 0
    rows_compared: int = 0
    detail: str = ""


@dataclass
class Build:
    """The building of one generation, on a connection that holds the projection's lock."""

    log: Log
    projection: Projection
    generation: int
    connection: Connection
    until: datetime | None = None
    """The instant a replay stops at; None for a rebuild."""
    accept: bool = False
    """Swap even if rows differ."""
    progress: Progress = field(default_factory=Progress)

    @property
    def schema(self) -> str:
        """Where the new tables stand until they are swapped in."""
        return generations.schema_of(self.projection.name, self.generation)

    async def run(self) -> None:
        """Build it; how it ended stands in `progress` and on record."""
        try:
            await self._run()
        except Exception as error:
            log.exception("generation_failed", projection=self.projection.name)
            await self._phase("failed", detail=f"{type(error).__name__}: {error}")
        if self.progress.phase != "live":
            await generations.leave(self.connection, self.projection.name, self.generation)

    async def _run(self) -> None:
        follower = Beside(self.log, self.projection, self.generation, self.schema)
        await generations.create_tables(self.connection, self.projection, self.schema)
        start = await self._start()
        await self._read(follower, start)
        if self.until is not None:
            left_out = f"{len(follower.parked)} could not be folded" if follower.parked else ""
            await self._phase("ready", position=start, detail=left_out)
            return
        await self._phase("catching up")
        await self._come_near(follower)
        await self._phase("comparing")
        differing = await self._compare(follower)
        if differing and not self.accept:
            await self._phase("differs", detail="; ".join(differing))
            return
        await self._swap(follower)
        await self._phase("live", position=follower.position, detail="; ".join(differing))

    async def _start(self) -> int:
        """The position up to which the log is read at once."""
        if self.until is not None:
            position = await self.connection.fetchval(QUERIES.position_at, self.until)
        else:
            position = await self.connection.fetchval(QUERIES.cursor, self.projection.name)
        return int(position or 0)

    async def _read(self, follower: "Beside", until: int) -> None:
        types = sorted(cls.__name__ for cls in self.projection.hears)
        skip = await skipped(self.log, self.projection.name)
        self.progress.events_expected = await self.connection.fetchval(
            QUERIES.events_until, until, types
        )
        await self._phase("reading")
        bulk = BulkFold(self.log, self.projection, self.connection, self.schema)
        await bulk.run(until, skip, self._read_so_far)
        await self._phase("indexing", position=until)
        await generations.create_indexes(self.connection, self.projection, self.schema)
        await follower.begin(until)
        await follower.fold_singly(bulk.refused)
        await follower.park(bulk.failed, await self._parked_live())

    def _read_so_far(self, events: int) -> None:
        self.progress.events = events

    async def _come_near(self, follower: "Beside") -> None:
        """Follow the log until the live generation is nearly reached."""
        while True:
            position = await self.connection.fetchval(QUERIES.cursor, self.projection.name)
            if position - follower.position < CLOSE_EVENTS:
                return
            await follower.follow_to(position)
            await self._phase("catching up", position=follower.position)

    async def _compare(self, follower: "Beside") -> list[str]:
        """In words, how the new generation differs; both at one position, in one snapshot."""
        await follower.retry_parked()
        snapshot = self.connection.transaction(isolation="repeatable_read", readonly=True)
        async with self.log.pool.acquire() as holder, holder.transaction():
            position = await holder.fetchval(QUERIES.hold_cursor, self.projection.name)
            await follower.follow_to(position)
            await snapshot.start()
            parked = await self._parked_live()  # from this on it sees all as it is now
        try:
            rows, found = await generations.compare(
                self.connection, self.projection, self.schema, parked | follower.parked
            )
        finally:
            await snapshot.rollback()
        self.progress.rows_compared = rows
        words = [str(difference) for difference in found]
        newly = follower.parked - parked
        if newly:
            words.append(f"{len(newly)} could not be folded, e.g. {min(newly)}")
        return words

    async def _swap(self, follower: "Beside") -> None:
        await self._phase("swapping")
        await self._come_near(follower)
        name = self.projection.name
        async with self.connection.transaction():
            await self.connection.execute("set local synchronous_commit = on")
            await self.connection.execute("set local lock_timeout = '10s'")
            live = await self.connection.fetchrow(QUERIES.hold_cursor, name)
            assert live is not None
            await follower.follow_to(live["position"])
            await generations.swap(self.connection, name, live["generation"], self.generation)
            await self.connection.execute(
                QUERIES.keep_generation, name, live["generation"], live["position"]
            )

    async def _parked_live(self) -> set[UUID]:
        rows = await self.connection.fetch(QUERIES.parked_subjects, self.projection.name)
        return {row["subject"] for row in rows}

    async def _phase(self, phase: str, position: int | None = None, detail: str = "") -> None:
        self.progress.phase, self.progress.detail = phase, detail
        if position is not None:
            self.progress.position = position
        await self.note()

    async def note(self) -> None:
        """Put the progress on record, for whoever asks, in whichever replica."""
        told = self.progress
        await self.log.pool.execute(
            QUERIES.note_generation, self.projection.name, self.generation, told.phase,
            told.position, told.events, told.events_expected, told.rows_compared, told.detail,
        )  # fmt: skip


class Beside(ProjectionFollower):
    """Follows the log into a generation that isn't live, never beyond where it is told."""

    def __init__(
        self, event_log: Log, projection: Projection, generation: int, schema: str
    ) -> None:
        super().__init__(event_log, projection, "rebuild", generation, schema)
        self._limit = 0

    @property
    def parked(self) -> set[UUID]:
        """The subjects that could not be folded."""
        return set(self._parking.subjects)

    async def begin(self, position: int) -> None:
        """Stand at `position`, up to which everything is folded."""
        await self.create(born=position)
        self.had_effect(position)
        await self.led()

    async def follow_to(self, position: int) -> None:
        """Fold what the log has up to `position`."""
        self._limit = position
        while self.position < position and await self.step():
            pass
        await self.store()

    async def fold_singly(self, subjects: Sequence[UUID]) -> None:
        """Fold each of these on its own, and park those that Postgres refuses."""
        for subject in subjects:
            try:
                async with self.log.pool.acquire() as connection, connection.transaction():
                    await self.refold(connection, subject)
            except UNWRITABLE as error:
                *_, latest = await self.log.page_of(subject, 0, self.position)
                await self.park([(latest, error)], set())

    async def park(self, failed: Sequence[Failed], expected: set[UUID]) -> None:
        """Park these. Raises `FollowerStopped` if that is too much, beyond what was expected."""
        if sum(event.subject not in expected for event, _ in failed) > PARKED_MAX:
            raise FollowerStopped(follower=self.name)
        for event, error in failed:
            await self.log.pool.execute(QUERIES.park, *self._parking.arguments(event, error))
            self._parking.subjects.add(event.subject)

    async def retry_parked(self) -> None:
        """Try once more what is parked: an operator may have skipped an event meanwhile."""
        for row in await self.log.pool.fetch(QUERIES.parked):
            if row["follower"] == self.name:
                with suppress(Exception):
                    await self.retry(row["subject"], row["id"])
        await self._parking.load()

    async def _page(self) -> list[Recorded]:
        return [event for event in await super()._page() if event.position <= self._limit]


async def connect(url: str) -> Connection:
    """A session for building: it copies `json`, waits as long as it takes, and scans."""
    connection = await asyncpg.connect(
        url, server_settings={"application_name": "rebuild", "synchronous_commit": "off"}
    )
    for kind, encoder in (("json", _json), ("jsonb", _jsonb)):
        await connection.set_type_codec(
            kind, schema="pg_catalog", encoder=encoder, decoder=bytes, format="binary"
        )
    return connection


def _json(value: object) -> bytes:
    """As the live projection writes it."""
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)


def _jsonb(value: object) -> bytes:
    return b"\x01" + _json(value)
