"""Timers: a command that is due, given once the inbox has been read up to that instant.

What is due stands in a read model, so that events set, move and take away timers. A
service that lags behind fires late, dated by the due time, but never falsely: what had
happened before is heard first, and folded into that read model.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from shared.clock import Clock, monotonic_seconds
from shared.decider import Context, Decider, handle
from shared.errors import LedgerdeskError, Rejected, VersionConflict
from shared.followers.contracts import Timer
from shared.followers.follower import Follower, Parking, parked_one
from shared.followers.projection import position_of
from shared.ids import derived_id
from shared.log.log import QUERIES, Log
from shared.logging import kind_of
from shared.outages import OUTAGES
from shared.telemetry import Passing

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 0.5
LOOK_AGAIN_SECONDS = 0.1
"""How often it is looked while timers fire: more are likely to be due."""

BUSY_SECONDS = 3.0
"""For so long after one has fired."""

DUE_MAX = 500
"""Timers handled at once."""

PUT_OFF_SECONDS = 2.0
"""When a timer is tried again whose subject others were busy with."""


FORGET_SECONDS = 600.0
"""How often it is forgotten what was fired, where the timer has gone."""


class TimerFollower(Follower):
    """Fires what is due in the `timers` table of a projection."""

    pace_seconds = 0.0
    rest_seconds_max = 0.05
    """Whoever waits for what is due is not to wait for larger pages."""
    decides = True

    def __init__(
        self,
        event_log: Log,
        projection: str,
        command: Any,
        decider: Decider[Any, Any],
        clock: Clock,
        instance: str,
        actor: str = "timer",
    ) -> None:
        super().__init__(event_log, f"timers:{projection}", instance)
        self.projection = projection
        self._command = command
        self._decider = decider
        self._clock = clock
        self._actor = actor
        self._parking = Parking(event_log, self.name)
        self._due = QUERIES.render("due_timers", schema=projection)
        self._put_off: dict[tuple[UUID, datetime], float] = {}
        """Timers that could not be fired just now, so that others have their turn."""
        self._unfire = QUERIES.render("unfire", schema=projection)
        self._forget_fired = QUERIES.render("forget_fired", schema=projection)
        self._forgot_at = -FORGET_SECONDS
        self._fired_at = -BUSY_SECONDS
        self._heard: tuple[datetime, int] | None = None
        """Up to when everything had been heard, and where the log ended then, while the
        projection is still to come so far."""

    async def step(self) -> bool:
        as_of = await self._folded_to()
        if as_of is None:
            return False
        now = monotonic_seconds()
        if now - self._forgot_at >= FORGET_SECONDS:
            self._forgot_at = now
            await self.log.pool.execute(self._forget_fired)
        self._put_off = {key: until for key, until in self._put_off.items() if until > now}
        rows = await self.log.pool.fetch(self._due, as_of, DUE_MAX + len(self._put_off))
        due = [Timer(*row) for row in rows]
        timers = [timer for timer in due if (timer.id, timer.due_at) not in self._put_off]
        if not timers:
            return False
        fired = await asyncio.gather(*(self._fire(timer) for timer in timers))
        done = [timer for timer, handled in zip(timers, fired, strict=True) if handled]
        for timer, handled in zip(timers, fired, strict=True):
            if not handled:
                self._put_off[timer.id, timer.due_at] = now + PUT_OFF_SECONDS
        await self._mark(done)
        if done:
            self._fired_at = now
        return bool(done)

    async def rest(self) -> None:
        """Time passes whether the log grows or not."""
        busy = monotonic_seconds() - self._fired_at < BUSY_SECONDS
        await asyncio.sleep(LOOK_AGAIN_SECONDS if busy else LOOK_EVERY_SECONDS)

    async def _as_of(self) -> datetime | None:
        """Up to when everything has been heard; None before the first look."""
        read_to: datetime | None = await self.log.pool.fetchval(QUERIES.read_to)
        return None if read_to is None else min(read_to, self._clock())

    async def _folded_to(self) -> datetime | None:
        """Up to when everything has been heard and stands in the projection; None if it is still
        behind. What is appended while it catches up keeps no timer waiting."""
        if self._heard is None:
            as_of = await self._as_of()
            if as_of is None:
                return None
            self._heard = as_of, await self.log.end()
        as_of, end = self._heard
        if await position_of(self.log.pool, self.projection) < end:
            return None
        self._heard = None
        return as_of

    async def _fire(self, timer: Timer) -> bool:
        context = Context(
            actor=self._actor,
            now=self._clock(),
            correlation=timer.correlation,
            causation=timer.cause,
            derive_from=("timer", timer.id, timer.due_at.isoformat()),
            waits=False,
        )
        try:
            command = self._command(timer)
            self._late(timer)
            with await self._span(timer):
                await handle(self.log, self._decider, timer.subject, command, context)
        except Rejected as rejection:
            log.info(
                "timer_rejected",
                ticket_id=timer.subject,
                correlation_id=timer.correlation,
                code=rejection.code,
            )
        except VersionConflict:
            return False
        except LedgerdeskError as error:
            log.warning(
                "timer_failed",
                ticket_id=timer.subject,
                correlation_id=timer.correlation,
                error=kind_of(error),
            )
            return False
        except OUTAGES:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it parks one subject
            await self._park(timer, error)
        return True

    async def _span(self, timer: Timer) -> Passing:
        """Part of the trace that set the timer."""
        traces = self.log.traces
        if not traces.on or timer.cause is None:
            return traces.span("")
        cause = await self.log.find(timer.cause)
        parent = cause.traceparent if cause is not None else ""
        facts = {"ticket_id": str(timer.subject)}
        return traces.span(f"timer: {timer.kind}", parent, facts=facts)

    def _late(self, timer: Timer) -> None:
        late = (self._clock() - timer.due_at).total_seconds()
        self.log.metrics.timer_lateness_seconds.observe(max(late, 0.0))

    async def _park(self, timer: Timer, error: Exception) -> None:
        await self._parking.refuse_too_many()
        log.error(
            "parked",
            follower=self.name,
            ticket_id=timer.subject,
            correlation_id=timer.correlation,
            timer=timer.kind,
        )
        parked_id = derived_id("parked", self.name, timer.id, timer.due_at)
        detail = f"timer {timer.kind} due {timer.due_at.isoformat()}: {error}"
        await self.log.pool.execute(
            QUERIES.park, parked_id, self.name, timer.subject, None, timer.cause,
            type(error).__name__, detail, None, None,
        )  # fmt: skip

    async def retry(self, parked_id: UUID) -> None:
        """Let a parked subject's timers fire again."""
        row = await parked_one(self.log, parked_id)
        async with self.log.pool.acquire() as connection, connection.transaction():
            await connection.execute(self._unfire, row["subject"])
            await connection.execute(QUERIES.unpark, parked_id)

    async def _mark(self, timers: Sequence[Timer]) -> None:
        ids = [timer.id for timer in timers]
        await self.log.pool.execute(QUERIES.mark_fired, ids, [timer.due_at for timer in timers])
