"""What all followers share: a lease, a cursor, and a loop that never skips.

A follower reads the log from its cursor, in one order. The lease only keeps replicas out
of each other's way; what keeps them right is that the cursor moves by compare-and-swap
in the transaction of the effect, so a process that lost its lease moves nothing.
"""

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from datetime import datetime
from uuid import UUID

import asyncpg
import structlog

from shared.clock import monotonic_seconds
from shared.errors import BeingForgotten, CursorLost, LedgerdeskError, NotFound
from shared.ids import derived_id
from shared.log.log import QUERIES, Log
from shared.log.records import Recorded
from shared.logging import about, kind_of
from shared.outages import OUTAGES

log = structlog.get_logger()

LEASE_SECONDS = 10.0
"""How long others keep off after a leader was last heard of."""

PAGE_EVENTS = 1000
"""Events read at once."""

STORED_WITHIN_SECONDS = 1.0
"""How long a cursor that moved without any effect may stand in memory alone."""

REST_OF_WORK = 3.0
"""A follower rests so many times as long as its last page took, within the bounds of its pace:
while the machine is busy pages take longer, so that they become fewer and larger."""

REST_SECONDS_MAX = 0.25

HELD_SECONDS = 0.1
"""Pause before it is looked again whether something may be said."""

IDLE_SECONDS = 3.0
"""Longest rest before looking again, and renewing the lease."""

PARKED_MAX = 20
"""More subjects than this, parked within `PARKED_WITHIN_SECONDS`, stop the follower:
a bad deploy is not a hundred bad tickets."""

PARKED_WITHIN_SECONDS = 60


PUT_OFF = BeingForgotten.__name__
"""The reason why a subject is parked that a reaction takes up again by itself."""


class FollowerStopped(LedgerdeskError):
    """{follower} parked too many subjects in a short time: look at the newest deploy."""


class Follower(ABC):
    """Reads `event_log` from the cursor `name` and does something about each event."""

    pace_seconds = 0.05
    """Pause after each page, so that pages are worth their round trips."""

    rest_seconds_max = REST_SECONDS_MAX

    decides = False
    """Says something: not while the log is on hold."""

    stored_within_seconds = STORED_WITHIN_SECONDS

    def __init__(self, event_log: Log, name: str, instance: str, generation: int = 1) -> None:
        self.log = event_log
        self.name = name
        self.generation = generation
        self.position = 0
        self.stored = 0
        """Where the cursor stands in the database: with the last effect, or a little later."""
        self.born_position = 0
        self.born_at: datetime | None = None
        self.leading = False
        self.failing: str = ""
        self.stopped = False
        """Nobody leads it until an operator says so."""
        self._leader: UUID = derived_id("leader", event_log.author, instance)
        self._lease_renewed = 0.0
        self._stored_at = 0.0

    async def create(self, born: int | None = None) -> None:
        """Make the cursor, where the log ends now unless `born` says otherwise."""
        start = await self.log.end() if born is None else born
        await self.log.pool.execute(QUERIES.create_cursor, self.name, self.generation, start)

    @abstractmethod
    async def step(self) -> bool:
        """Handle the next page; False when there was nothing new."""

    async def led(self) -> None:
        """Called whenever this process begins to lead."""

    async def run(self) -> None:
        """Follow until cancelled."""
        delay = 0.1
        while True:
            try:
                if not await self._lead():
                    await asyncio.sleep(LEASE_SECONDS / 10)
                elif self.decides and self.log.hold.on:
                    await asyncio.sleep(HELD_SECONDS)
                elif await self._paced_step():
                    if not self.log.has_grown(self.position):
                        await self.rest()
                else:
                    await self.rest()
                delay, self.failing = 0.1, ""
            except CursorLost:
                self._lease_renewed, self.leading = 0.0, False
            except FollowerStopped as stopped:
                self._lease_renewed, self.leading = 0.0, False
                await self._stop(stopped)
            except Exception as error:  # noqa: BLE001 - an outage or a bug: never give up, say so
                self.failing = f"{type(error).__name__}: {error}"
                self._lease_renewed = 0.0
                log.warning("follower_failing", follower=self.name, error=kind_of(error))
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5.0)

    async def _paced_step(self) -> bool:
        """Handle the next page, and let others gather, unless many wait already."""
        began = monotonic_seconds()
        if not await self.step():
            return False
        pause = REST_OF_WORK * (monotonic_seconds() - began)
        if self.log.has_grown(self.position + PAGE_EVENTS):
            pause = 0.0
        await asyncio.sleep(max(self.pace_seconds, min(pause, self.rest_seconds_max)))
        return True

    async def rest(self) -> None:
        """Wait until there may be something new."""
        unstored = self.stored != self.position
        longest = self.stored_within_seconds if unstored else IDLE_SECONDS
        await self.log.growth(longest, beyond=self.position)
        if unstored:
            await self.store_when_due()

    async def passed_over(self, to: int) -> None:
        """Nothing up to here had an effect: the cursor need not be stored at once."""
        self.position = to
        await self.store_when_due()

    async def store_when_due(self) -> None:
        """Store the cursor if it was not stored for a while."""
        if monotonic_seconds() - self._stored_at >= self.stored_within_seconds:
            await self.store()

    async def store(self) -> None:
        """Store the cursor where it is. Raises `CursorLost` if another process moved it."""
        if self.stored != self.position:
            moved = await self.log.pool.fetchval(
                QUERIES.store_cursor, self.name, self.generation, self.stored, self.position
            )
            if not moved:
                raise CursorLost(follower=self.name)
            self.had_effect(self.position)

    def had_effect(self, to: int) -> None:
        """The cursor was moved in the transaction of an effect."""
        self.position = self.stored = to
        self._stored_at = monotonic_seconds()

    async def release(self) -> None:
        """Let another process lead at once."""
        if self.leading:
            with suppress(CursorLost):
                await self.store()
            await self.log.pool.execute(
                QUERIES.drop_lease, self.name, self.generation, self._leader
            )

    async def _stop(self, stopped: FollowerStopped) -> None:
        """Follow no more, here or in a replica, until an operator says so."""
        log.error("follower_stopped", follower=self.name)
        self.stopped = True
        with suppress(*OUTAGES):  # then it stops when it comes to the same place again
            await self.log.pool.execute(QUERIES.stop_follower, self.name, stopped.message)

    async def _lead(self) -> bool:
        """Whether this process leads; takes or renews the lease when it is time.

        After a rebuild another generation is live: it is led from where it stands. And an
        operator may have moved the cursor.
        """
        now = monotonic_seconds()
        if now - self._lease_renewed < LEASE_SECONDS / 3:
            return self.leading
        row = await self.log.pool.fetchrow(
            QUERIES.take_lease, self.name, self._leader, LEASE_SECONDS
        )
        self._lease_renewed = now
        if row is not None:
            self.stopped = False
        else:
            self.stopped = await self.log.pool.fetchval(QUERIES.is_stopped, self.name) or False
        self.leading = self.leading and row is not None and self._stands(row)
        if row is not None and not self.leading:
            self.generation = row["generation"]
            self.position = self.stored = row["position"]
            self.born_position = row["born_position"]
            self.born_at = row["born_at"]
            await self.led()
            self.leading = True  # only now: what `led` could not look up is looked up again
        return self.leading

    def _stands(self, cursor: asyncpg.Record) -> bool:
        """Whether the cursor is still where this process left it."""
        return bool(cursor["generation"] == self.generation and cursor["position"] == self.stored)

    async def _page(self) -> list[Recorded]:
        return await self.log.newest(self.position, PAGE_EVENTS)


class Parking:
    """What a follower keeps aside: one subject each, until an operator decides."""

    def __init__(self, event_log: Log, follower: str) -> None:
        self._log = event_log
        self._follower = follower
        self.subjects: set[UUID] = set()

    async def load(self) -> None:
        """Look up what is parked."""
        rows = await self._log.pool.fetch(QUERIES.parked_subjects, self._follower)
        self.subjects = {row["subject"] for row in rows}

    async def refuse_too_many(self, adding: int = 1) -> None:
        """Raise `FollowerStopped` if `adding` more would be too much in a short time."""
        count = await self._log.pool.fetchval(
            QUERIES.parked_recently, self._follower, PARKED_WITHIN_SECONDS, PUT_OFF
        )
        if count + adding > PARKED_MAX:
            raise FollowerStopped(follower=self._follower)

    def arguments(self, event: Recorded, error: BaseException) -> tuple[object, ...]:
        """The arguments of the query `park` for `event`, which could not be handled."""
        tell = log.info if isinstance(error, BeingForgotten) else log.error
        tell(
            "parked",
            follower=self._follower,
            error=kind_of(error),
            **about(event),
        )
        return (
            derived_id("parked", self._follower, event.subject, event.id),
            self._follower,
            event.subject,
            event.position,
            event.id,
            type(error).__name__,
            f"{event.type} at {event.position}: {error}",
            None,
            None,
        )


async def parked_one(event_log: Log, parked_id: UUID) -> asyncpg.Record:
    """What is parked under this id. Raises `NotFound`."""
    row = await event_log.pool.fetchrow(QUERIES.parked_one, parked_id)
    if row is None:
        raise NotFound(what="parked subject")
    return row


async def skipped(event_log: Log, follower: str) -> set[UUID]:
    """The events a follower passes over for good, as operators decided."""
    rows = await event_log.pool.fetch(QUERIES.skipped_events, follower)
    return {row["event_id"] for row in rows}
