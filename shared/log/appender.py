"""Group commit: callers that append at the same moment share one round trip.

Each is appended whole or not at all, and hears of its own success or conflict.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from shared.clock import monotonic_seconds
from shared.errors import (
    CapacityExceeded,
    CursorLost,
    DuplicateEvent,
    LedgerdeskError,
    PersonForgotten,
    VersionConflict,
)
from shared.log.records import Batch
from shared.metrics import Metrics
from shared.postgres import Pool
from shared.sql import Queries

REFUSED = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""Postgres looked at what was brought, and surely appended nothing."""

GROUP_EVENTS_MAX = 1000
"""Events in one round trip, unless one caller brings more."""


@dataclass(slots=True)
class _Waiting:
    batch: Batch
    answer: asyncio.Future[int]

    def touches(self) -> set[object]:
        """Streams, ids, cursor and resources: what only one caller of a group may touch."""
        touched: set[object] = {(e.subject, e.author) for e in self.batch.events}
        touched.update(e.id for e in self.batch.events)
        touched.update(claim.resource for claim in self.batch.claims)
        if self.batch.cursor is not None:
            touched.add((self.batch.cursor.name, self.batch.cursor.generation))
        return touched


class Appender:
    """Gathers callers' batches while the last group is being committed."""

    def __init__(
        self, pool: Pool, queries: Queries, appended: Callable[[int], None], metrics: Metrics
    ) -> None:
        self._pool = pool
        self._metrics = metrics
        self._queries = queries
        self._appended = appended
        self._queue: deque[_Waiting] = deque()
        self._task: asyncio.Task[None] | None = None

    async def append(self, batch: Batch) -> int:
        """Append the batch; the position the log ends at then.

        Raises `VersionConflict`, `DuplicateEvent`, `CursorLost` or `CapacityExceeded`,
        and then has appended nothing of it. Any other error leaves it unknown whether
        it was appended: look again before you decide anew.
        """
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(batch, answer))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain(), name="append")
        return await answer

    async def close(self) -> None:
        """Wait for what is under way."""
        if self._task is not None:
            with suppress(Exception):
                await self._task

    async def _drain(self) -> None:
        while self._queue:
            group = self._gather()
            try:
                await self._commit(group)
            except REFUSED as error:
                await self._one_by_one(group, error)
            except BaseException as error:
                _fail(group, error)
                if not isinstance(error, Exception):
                    raise

    async def _one_by_one(self, group: list[_Waiting], refused: Exception) -> None:
        """Postgres refused the group for what one caller brought: the others are innocent."""
        if len(group) == 1:
            _fail(group, refused)
            return
        for one in group:
            try:
                await self._commit([one])
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this caller's
                _fail([one], error)

    def _gather(self) -> list[_Waiting]:
        """The next callers that touch nothing in common; the others stay in line."""
        group: list[_Waiting] = []
        touched: set[object] = set()
        later: deque[_Waiting] = deque()
        size = 0
        while self._queue and size < GROUP_EVENTS_MAX:
            one = self._queue.popleft()
            if one.answer.done():
                continue
            wanted = one.touches()
            if touched.isdisjoint(wanted):
                group.append(one)
                size += len(one.batch.events)
            else:
                later.append(one)
            touched |= wanted
        self._queue.extendleft(reversed(later))
        return group

    async def _commit(self, group: list[_Waiting]) -> None:
        if not group:
            return
        began = monotonic_seconds()
        rows = await self._pool.fetch(self._queries.append, *_arguments(group))
        took_seconds = monotonic_seconds() - began
        problems: dict[int, LedgerdeskError] = {}
        end = 0
        for caller, reason, about in rows:
            if caller < 0:
                end = int(about)
            elif caller not in problems:
                problems[caller] = _problem(reason, about, _conflicts(rows, caller))
        for index, one in enumerate(group):
            if one.answer.done():
                continue
            if index in problems:
                one.answer.set_exception(problems[index])
            else:
                one.answer.set_result(end)
        self._appended(end)
        appended = [one.batch for index, one in enumerate(group) if index not in problems]
        reasons = [type(problem).__name__ for problem in problems.values()]
        self._metrics.committed(appended, reasons, took_seconds)


def _fail(group: list[_Waiting], error: BaseException) -> None:
    for one in group:
        if not one.answer.done():
            one.answer.set_exception(error)


def _conflicts(rows: Iterable[Any], caller: int) -> frozenset[UUID]:
    """The subjects on which others were before a caller."""
    of_caller = (about for c, reason, about in rows if (c, reason) == (caller, "conflict"))
    return frozenset(map(UUID, of_caller))


def _problem(reason: str, about: str, conflicts: frozenset[UUID]) -> LedgerdeskError:
    match reason:
        case "duplicate":
            return DuplicateEvent(event_id=UUID(about))
        case "cursor":
            return CursorLost(follower=about)
        case "capacity":
            return CapacityExceeded(resource=about)
        case "key":
            return PersonForgotten(follower=about)
        case _:
            return VersionConflict(subject=about, subjects=conflicts)


def _arguments(group: list[_Waiting]) -> list[list[Any]]:
    events = [(i, e) for i, one in enumerate(group) for e in one.batch.events]
    moves = [(i, one.batch.cursor) for i, one in enumerate(group) if one.batch.cursor is not None]
    keys = [(i, k) for i, one in enumerate(group) for k in one.batch.keys]
    sealed = {event: texts for one in group for event, texts in one.batch.sealed.items()}
    claims = [(i, c) for i, one in enumerate(group) for c in one.batch.claims]
    return [
        *_columns(
            19,
            (
                (
                    i, e.said, e.kept, e.subject, e.author, e.version, e.id, e.previous, e.topic,
                    e.type, e.after, e.revision, e.correlation, e.causation, e.actor,
                    e.occurred_at, e.traceparent, *sealed.get(e.id, (e.data, e.keys)),
                )
                for i, e in events
            ),
        ),
        *_columns(5, ((i, m.name, m.generation, m.seen, m.to) for i, m in moves)),
        *_columns(4, ((i, c.resource, c.amount, c.ceiling) for i, c in claims)),
        *_columns(6, ((i, k.id, k.person, k.author, k.wrapped, k.master) for i, k in keys)),
    ]  # fmt: skip


def _columns(width: int, rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns or [[] for _ in range(width)]
