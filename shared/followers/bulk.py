"""A new generation's rows, folded subject by subject and copied into empty tables.

A fold changes only the rows of an event's subject, so the order of subjects is free: read
one after the other, each row is written once, as it ends up, and memory holds one subject
and the rows of the next chunk. Subjects are UUIDv7, so they are near each other on disk.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from shared.followers.contracts import Projection
from shared.followers.projection import UNWRITABLE, Failed
from shared.followers.view import View
from shared.log.log import Log
from shared.log.records import Recorded
from shared.postgres import Connection

log = structlog.get_logger()

PAGE_EVENTS = 5000
"""Events read at once; the next page is under way while one is folded."""

FOLDED_EVENTS = 200
"""Events folded before others on the loop, say an HTTP request, have their turn."""

CHUNK_ROWS = 5000
"""Rows copied at once."""

Noted = Callable[[int], None]


class BulkFold:
    """Folds the log up to a position into the tables of `schema`, which have no keys yet."""

    def __init__(
        self, event_log: Log, projection: Projection, connection: Connection, schema: str
    ) -> None:
        self._log = event_log
        self._projection = projection
        self._connection = connection
        self._schema = schema
        self._types = sorted(cls.__name__ for cls in projection.hears)
        self._columns = {t.name: [f.name for f in fields(t.row)] for t in projection.tables}
        self._view: View | None = None
        self._subject: UUID | None = None
        self._rows: dict[str, list[Any]] = {table.name: [] for table in projection.tables}
        self._subjects: list[UUID] = []
        self._copying: asyncio.Task[None] | None = None
        self.failed: list[Failed] = []
        """Events that could not be folded: their subjects have no rows."""
        self.refused: list[UUID] = []
        """Subjects of chunks that Postgres refused: to be folded one by one."""

    async def run(self, until: int, skip: set[UUID], noted: Noted) -> None:
        """Fold everything up to `until` but what is in `skip`; tell how many were read."""
        done, after = 0, (UUID(int=0), 0)
        ahead = self._read(after, until)
        try:
            while page := await ahead:
                after = (page[-1].subject, page[-1].position)
                ahead = self._read(after, until)
                for start in range(0, len(page), FOLDED_EVENTS):
                    self._fold(page[start : start + FOLDED_EVENTS], skip)
                    await asyncio.sleep(0)
                done += len(page)
                noted(done)
                if sum(map(len, self._rows.values())) >= CHUNK_ROWS:
                    await self._copy()
            self._close()
            await self._copy()
            if self._copying is not None:
                await self._copying
        finally:
            ahead.cancel()

    def _read(self, after: tuple[UUID, int], until: int) -> "asyncio.Task[list[Recorded]]":
        return asyncio.create_task(
            self._log.page_by_subject(after, until, self._types, PAGE_EVENTS)
        )

    def _fold(self, events: Sequence[Recorded], skip: set[UUID]) -> None:
        for event in events:
            if event.subject != self._subject:
                self._close()
                self._subject, self._view = event.subject, View(event.subject)
            if self._view is None or event.id in skip:
                continue
            try:
                self._projection.fold(self._view, event)
            except Exception as error:  # noqa: BLE001 - whatever it is, it parks one subject
                self.failed.append((event, error))
                self._view = None

    def _close(self) -> None:
        """The subject is complete: its rows are as they end up."""
        if self._view is not None:
            self._subjects.append(self._view.subject)
            for table in self._projection.tables:
                self._rows[table.name] += self._view.written(table)
        self._view = None

    async def _copy(self) -> None:
        """Copy the chunk while the next one is folded."""
        if self._copying is not None:
            await self._copying
        chunk, subjects = self._rows, self._subjects
        self._rows, self._subjects = {name: [] for name in chunk}, []
        self._copying = asyncio.create_task(self._write(chunk, subjects))

    async def _write(self, chunk: dict[str, list[Any]], subjects: list[UUID]) -> None:
        try:
            async with self._connection.transaction():
                for name, rows in chunk.items():
                    if rows:
                        await self._write_table(name, rows)
        except (*UNWRITABLE, asyncpg.InternalClientError) as error:
            log.warning("chunk_refused", schema=self._schema, error=type(error).__name__)
            self.refused += subjects

    async def _write_table(self, name: str, rows: list[Any]) -> None:
        columns = self._columns[name]
        values = attrgetter(*columns)
        await self._connection.copy_records_to_table(
            name, schema_name=self._schema, columns=columns, records=map(values, rows)
        )
