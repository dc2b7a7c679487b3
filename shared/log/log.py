"""One service's log: append, read, follow."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import orjson

from shared.log.appender import Appender
from shared.log.pasts import Pasts
from shared.log.records import Batch, Past, Recorded
from shared.log.tail import Tail
from shared.log.vector import Vector
from shared.metrics import Metrics
from shared.postgres import Pool
from shared.sql import load_queries
from shared.telemetry import Traces

QUERIES = load_queries(__file__)

WATCH_SECONDS = 0.25
"""How often the end of the log is looked at for what other processes appended."""


class Log:
    """The log in `pool`'s database, of the service `author`."""

    def __init__(self, pool: Pool, author: str) -> None:
        self.author = author
        self.pool = pool
        self.metrics = Metrics()
        self.traces = Traces()
        self._appender = Appender(pool, QUERIES, self._appended, self.metrics)
        self._tail = Tail(self.page)
        self._pasts = Pasts(self._read_newer)
        self._grown = asyncio.Event()
        self._known_end = 0

    async def append(self, batch: Batch) -> int:
        """Append all of the batch or nothing; see `Appender.append` for what it raises."""
        return await self._appender.append(batch)

    async def close(self) -> None:
        """Wait for appends under way."""
        await self._appender.close()

    async def read(self, subject: UUID) -> Past:
        """What is known of one subject."""
        return (await self.read_many([subject]))[subject]

    async def read_many(self, subjects: Sequence[UUID]) -> dict[UUID, Past]:
        """What is known of each subject, all at one instant."""
        return await self._pasts.read(subjects)

    async def vector(self, subject: UUID) -> Vector:
        """How far each author's stream of the subject has come here."""
        rows = await self.pool.fetch(QUERIES.heads, [subject])
        return Vector({row["author"]: row["version"] for row in rows})

    async def page(self, after: int, limit: int) -> list[Recorded]:
        """At most `limit` events behind the position `after`, in order."""
        return [Recorded(*row) for row in await self.pool.fetch(QUERIES.page, after, limit)]

    async def newest(self, after: int, limit: int) -> list[Recorded]:
        """The same as `page`, from memory for whoever follows the log closely."""
        return await self._tail.page(after, limit)

    def forget(self) -> None:
        """Keep nothing of what was read in memory, as somebody is to be forgotten."""
        self._tail.forget()
        self._pasts.forget()

    async def page_of(self, subject: UUID, after: int, until: int) -> list[Recorded]:
        """A subject's events behind `after`, up to and with `until`, in order."""
        rows = await self.pool.fetch(QUERIES.subject_page, subject, after, until)
        return [Recorded(*row) for row in rows]

    async def find(self, event_id: UUID) -> Recorded | None:
        """The event with this id, if it is here."""
        row = await self.pool.fetchrow(QUERIES.find, event_id)
        return None if row is None else Recorded(*row)

    async def page_by_subject(
        self, after: tuple[UUID, int], until: int, types: Sequence[str], limit: int
    ) -> list[Recorded]:
        """At most `limit` events of these types up to the position `until`, in the order of
        subjects and positions, behind `after`: for whoever folds whole subjects at once."""
        rows = await self.pool.fetch(QUERIES.page_by_subject, *after, until, types, limit)
        return [Recorded(*row) for row in rows]

    async def end(self) -> int:
        """The position of the newest event; 0 for an empty log."""
        position: int = await self.pool.fetchval(QUERIES.end_position)
        return position

    def has_grown(self, beyond: int) -> bool:
        """Whether there is known to be something behind a position."""
        return self._known_end > beyond

    async def growth(self, wait_seconds: float, beyond: int | None = None) -> None:
        """Return when the log has grown (beyond a position), or after `wait_seconds`.

        A wake-up only, which may come too often; `watch` brings news of other processes.
        """
        if beyond is not None and self.has_grown(beyond):
            return
        grown = self._grown
        try:
            async with asyncio.timeout(wait_seconds):
                await grown.wait()
        except TimeoutError:
            return

    async def watch(self) -> None:
        """Look for other processes' appends until cancelled: once for all followers."""
        while True:
            self._appended(await self.end())
            await asyncio.sleep(WATCH_SECONDS)

    async def _read_newer(self, subjects: Sequence[UUID], known: Sequence[int]) -> dict[UUID, Past]:
        """What is behind a position of each subject, and its vector, all at one instant."""
        events: dict[UUID, list[Recorded]] = {subject: [] for subject in subjects}
        vectors: dict[UUID, Vector] = {}
        for row in await self.pool.fetch(QUERIES.read_newer, subjects, known):
            subject, heads, *event = row
            if subject not in vectors:
                vectors[subject] = Vector(orjson.loads(heads) if heads else None)
            if event[0] is not None:
                events[subject].append(Recorded(*event))
        return {subject: Past(events[subject], vectors[subject]) for subject in subjects}

    def _appended(self, end: int) -> None:
        if end > self._known_end:
            self._known_end = end
            grown, self._grown = self._grown, asyncio.Event()
            grown.set()
