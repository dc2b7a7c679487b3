"""One service's log: append, read, follow."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import orjson

from shared.errors import LedgerdeskError, PersonForgotten
from shared.log.appender import Appender
from shared.log.heads import Heads
from shared.log.hold import Hold
from shared.log.pasts import Pasts
from shared.log.records import Batch, Past, Recorded
from shared.log.tail import Tail
from shared.log.vector import Vector
from shared.metrics import Metrics
from shared.postgres import Pool
from shared.privacy.sealing import named_in
from shared.sql import load_queries
from shared.telemetry import Traces

QUERIES = load_queries(__file__)

WATCH_SECONDS = 0.25
"""How often the end of the log is looked at for what other processes appended."""


class Keys(Protocol):
    """What the log needs to keep personal texts sealed: a `shared.privacy.keyring.Keyring`."""

    async def seal(self, batch: Batch) -> Batch:
        """The batch with its personal texts sealed, and the keys that it uses."""

    def appended(self, batch: Batch) -> None:
        """The batch is in the log."""

    def forget_batch(self, batch: Batch) -> None:
        """A key that the batch uses has been erased."""

    async def secrets(self, names: Iterable[str]) -> Mapping[str, Any]:
        """The keys of these names."""

    def on_forgetting(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever a key was erased."""


class Sealed(LedgerdeskError):
    """This log was opened without keys: it takes and shows no personal texts."""


class Log:
    """The log in `pool`'s database, of the service `author`.

    What is appended is sealed with `keys`, and what is read comes with them; without, a
    log appends nothing that has to be sealed, and reads nothing that is.
    """

    def __init__(self, pool: Pool, author: str, keys: Keys | None = None) -> None:
        self.author = author
        self.pool = pool
        self.keys = keys
        self.hold = Hold()
        self.metrics = Metrics()
        self.traces = Traces()
        self._appender = Appender(pool, QUERIES, self._appended, self.metrics)
        self._tail = Tail(self.page)
        self._pasts = Pasts(self._read_newer)
        self.heads = Heads()
        if keys is not None:
            keys.on_forgetting(self.forget)
        self._grown = asyncio.Event()
        self._known_end = 0

    async def append(self, batch: Batch) -> int:
        """Append all of the batch or nothing; see `Appender.append` for what it raises.

        And `CatchingUp`, while it is not known yet what this service had said before.
        """
        if batch.events and not batch.heard:
            await self.hold.passed()
        end = await self._sealed_and_appended(batch)
        self.heads.appended(batch.events, heard=batch.heard)
        return end

    async def _sealed_and_appended(self, batch: Batch) -> int:
        if all(event.about is None for event in batch.events):
            return await self._appender.append(batch)
        if self.keys is None:
            raise Sealed
        sealed = await self.keys.seal(batch)
        try:
            end = await self._appender.append(sealed)
        except PersonForgotten:
            self.keys.forget_batch(sealed)
            raise
        self.keys.appended(sealed)
        return end

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
        return await self.recorded(await self.pool.fetch(QUERIES.page, after, limit))

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
        return await self.recorded(rows)

    async def page_by_subject(
        self, after: tuple[UUID, int], until: int, types: Sequence[str], limit: int
    ) -> list[Recorded]:
        """At most `limit` events of these types up to the position `until`, in the order of
        subjects and positions, behind `after`: for whoever folds whole subjects at once."""
        rows = await self.pool.fetch(QUERIES.page_by_subject, *after, until, types, limit)
        return await self.recorded(rows)

    async def find(self, event_id: UUID) -> Recorded | None:
        """The event with this id, if it is here."""
        row = await self.pool.fetchrow(QUERIES.find, event_id)
        return None if row is None else (await self.recorded([row]))[0]

    async def recorded(self, rows: Iterable[Any]) -> list[Recorded]:
        """Events from rows of the log's queries, with the keys that they are sealed with."""
        secrets: dict[str, Any] = {}
        events = [Recorded.of_row(row, secrets) for row in rows]
        await self._unlock(secrets, events)
        return events

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
        secrets: dict[str, Any] = {}
        for row in await self.pool.fetch(QUERIES.read_newer, subjects, known):
            subject, heads, *event = row
            if subject not in vectors:
                vectors[subject] = Vector(orjson.loads(heads) if heads else None)
            if event[0] is not None:
                events[subject].append(Recorded.of_row(event, secrets))
        await self._unlock(secrets, (one for past in events.values() for one in past))
        return {subject: Past(events[subject], vectors[subject]) for subject in subjects}

    async def _unlock(self, secrets: dict[str, Any], events: Iterable[Recorded]) -> None:
        """Put the keys that some events are sealed with into `secrets`, which they share."""
        names = named_in(event.keys for event in events)
        if names:
            if self.keys is None:
                raise Sealed
            secrets.update(await self.keys.secrets(names))

    def _appended(self, end: int) -> None:
        if end > self._known_end:
            self._known_end = end
            grown, self._grown = self._grown, asyncio.Event()
            grown.set()
