"""The eraser: forgets people in one service, until the last trace of them is gone.

    PersonErased heard ──► own keys dropped ──► published ──► dropped in all other services
    keys dropped, own or heard ──► settled ──► subjects refolded ──► purged

Each step is done again after a crash until the table of keys says that it is done; nothing
of it is remembered but there. Only who said a text drops its key, so that a service that
hears of the erasure before it hears of somebody's new letter does not lose the letter.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from shared.clock import Clock, monotonic_seconds
from shared.events.access import PersonErased
from shared.followers import generations
from shared.followers.follower import Follower
from shared.followers.projection import ProjectionFollower
from shared.log.log import QUERIES as LOG_QUERIES
from shared.log.log import Log
from shared.log.records import Recorded
from shared.privacy.keyring import POLL_SECONDS, QUERIES, Keyring
from shared.privacy.purging import purge
from shared.privacy.sealing import key_name

log = structlog.get_logger()

SETTLE_SECONDS: Final = 3 * POLL_SECONDS
"""After this no process has the key in memory: what is folded anew stays so."""

CLOCKS_APART: Final = timedelta(minutes=1)
"""How far a service's clock may be behind its database's, which dates the keys."""

PURGE_AGAIN_SECONDS: Final = 10.0
"""When tables that were in use are tried again."""

SUBJECTS_AT_ONCE: Final = 50
LOOK_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Forgotten:
    """Who was forgotten: what a service may still have to do away with."""

    persons: Sequence[UUID]
    subjects: Sequence[UUID]
    """What their events are about; folded anew already."""


Forget = Callable[[Forgotten], Awaitable[bool]]
"""Does away with what a service keeps besides its log and its read models; False when it
has to be asked again later."""


async def nothing_else(_forgotten: Forgotten) -> bool:
    """What most services keep besides: nothing."""
    return True


class Eraser(Follower):
    """Forgets people in the service of `event_log`."""

    def __init__(
        self,
        event_log: Log,
        keys: Keyring,
        projections: Sequence[ProjectionFollower],
        forget: Forget,
        extra_tables: Sequence[str],
        clock: Clock,
        instance: str,
    ) -> None:
        super().__init__(event_log, "eraser", instance)
        self._looked_at = -LOOK_SECONDS
        self._keys = keys
        self._projections = projections
        self._forget = forget
        self._extra_tables = extra_tables
        self._clock = clock

    async def step(self) -> bool:
        page = await self._page()
        for event in page:
            if event.type == PersonErased.__name__:
                until = await self._made_until(event)
                dropped = await self._keys.erase(event.subject, until, self._clock())
                log.info("person_erased", person=event.subject, keys=dropped)
        if page:
            await self.passed_over(page[-1].position)
        now = monotonic_seconds()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            await self._clean_up()
        return bool(page)

    async def rest(self) -> None:
        """Others drop keys whether the log grows or not."""
        await self.log.growth(LOOK_SECONDS, beyond=self.position)
        await self.store_when_due()

    async def _made_until(self, erasure: Recorded) -> datetime:
        """Keys that were made later are of somebody who is new.

        An erasure that may have been recorded here once before, so what a service said itself,
        or one that was restored meanwhile hears, counts as of when it occurred.
        """
        again = erasure.said or await self.log.pool.fetchval(
            QUERIES.restored_since, erasure.occurred_at
        )
        if not again:
            return erasure.recorded_at
        return min(erasure.recorded_at, erasure.occurred_at + CLOCKS_APART)

    async def _clean_up(self) -> None:
        rows = await self.log.pool.fetch(QUERIES.being_forgotten, SETTLE_SECONDS)
        settled = [row for row in rows if row["settled"]]
        if not settled or len(settled) < len(rows):
            return  # together with those that come right behind: what follows is expensive
        await self._keys.poll()
        ids = [row["key_id"] for row in settled]
        subjects = await self._subjects(ids)
        if not all(row["refolded"] for row in settled):
            for projection in self._projections:
                if not await self._refold(projection, subjects):
                    return
            await self.log.pool.execute(QUERIES.forget_details, subjects)
            await self.log.pool.execute(QUERIES.mark_refolded, ids)
        persons = list({row["person"] for row in settled})
        if not await self._forget(Forgotten(persons, subjects)):
            return
        schemas = [projection.schema for projection in self._projections]
        if not await purge(self.log.pool, schemas, self._extra_tables):
            self._looked_at = monotonic_seconds() + PURGE_AGAIN_SECONDS
            return
        await self.log.pool.execute(QUERIES.mark_purged, ids)
        log.info("people_forgotten", people=len(persons), subjects=len(subjects))

    async def _subjects(self, key_ids: Sequence[UUID]) -> list[UUID]:
        names = [key_name(key_id) for key_id in key_ids]
        rows = await self.log.pool.fetch(QUERIES.subjects_sealed_with, names)
        return [row["subject"] for row in rows]

    async def _refold(self, projection: ProjectionFollower, subjects: Sequence[UUID]) -> bool:
        """Fold the subjects anew in the live generation, and drop all others, which may have
        been folded before; False while one is being built."""
        name = projection.projection.name
        async with self.log.pool.acquire() as held:
            connection: Any = held
            if not await generations.lock(connection, name):
                return False
            try:
                for row in await connection.fetch(LOG_QUERIES.generations):
                    if row["projection"] == name and row["phase"] != "live":
                        await generations.drop(connection, name, row["generation"])
                for first in range(0, len(subjects), SUBJECTS_AT_ONCE):
                    some = subjects[first : first + SUBJECTS_AT_ONCE]
                    await projection.refold_many(connection, some)
            finally:
                await connection.execute(
                    "select pg_advisory_unlock($1, hashtext($2))", generations.LOCK, name
                )
        return True
