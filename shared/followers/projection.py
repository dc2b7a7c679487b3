"""Projections: read models folded from the log, a page at a time, with their cursor.

A page is folded in memory and written with one statement a table, in the transaction
that moves the cursor. A rebuild is the same code, started from zero into a schema of its
own beside the live one; the swap renames two schemas.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from shared.errors import CursorLost
from shared.followers.contracts import Projection
from shared.followers.follower import Follower, Parking, skipped
from shared.followers.view import Table, View
from shared.followers.writing import as_json, changes, delete, page_at_once, upsert
from shared.log.log import QUERIES, Log
from shared.log.records import Recorded
from shared.outages import OUTAGES
from shared.postgres import Pool

log = structlog.get_logger()

UNWRITABLE = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    TypeError,
    ValueError,
)
"""What is wrong with a row, not with the database: it parks the row's subject."""

FOLDED_EVENTS = 50
"""Events folded before others on the loop, say an HTTP request, have their turn."""

Failed = tuple[Recorded, Exception]
"""An event, and why its subject could not be brought up to date."""


class ProjectionFollower(Follower):
    """Keeps one generation of a projection up to date: the live one, which bears the
    projection's name, or one that is being built in a schema of its own."""

    def __init__(
        self,
        event_log: Log,
        projection: Projection,
        instance: str,
        generation: int = 1,
        schema: str | None = None,
    ) -> None:
        name = projection.name if schema is None else beside(projection.name, generation)
        super().__init__(event_log, name, instance, generation)
        self.projection = projection
        self.schema = schema or projection.name
        self._hears = frozenset(cls.__name__ for cls in projection.hears)
        self._parking = Parking(event_log, name)
        self.skip: set[UUID] = set()
        """Events that an operator decided to pass over."""

    async def led(self) -> None:
        await self._parking.load()
        self.skip |= await skipped(self.log, self.projection.name)

    async def step(self) -> bool:
        page = await self._page()
        if not page:
            return False
        known_parked = set(self._parking.subjects)
        heard = [e for e in page if self._matters(e) and e.subject not in known_parked]
        if not heard and not known_parked:
            await self.passed_over(page[-1].position)
            return True
        views = await self._load(heard)
        failed: list[Failed] = []
        for start in range(0, len(heard), FOLDED_EVENTS):
            failed += self._fold(heard[start : start + FOLDED_EVENTS], views)
            await asyncio.sleep(0)
        if failed:
            await self._parking.refuse_too_many(len(failed))
        latest = {event.subject: event for event in heard}
        failed += await self._write(page[-1].position, views, failed, known_parked, latest)
        self._parking.subjects |= {event.subject for event, _ in failed}
        self.had_effect(page[-1].position)
        return True

    async def retry(self, subject: UUID, parked_id: UUID) -> None:
        """Fold a parked subject anew from its first event, and take it up again.

        Raises what the fold raises, and then changes nothing.
        """
        self.skip |= await skipped(self.log, self.projection.name)
        async with self.log.pool.acquire() as connection, connection.transaction():
            await self.refold(connection, subject)
            await connection.execute(QUERIES.unpark, parked_id)

    async def refold_many(self, connection: Any, subjects: Sequence[UUID]) -> None:
        """Fold subjects anew, as what was read of them before is to be seen no more.

        The live generation gets another number, so that no process writes what it had folded
        before. What can't be folded is deleted, and stays parked.
        """
        name = self.projection.name
        self.skip |= await skipped(self.log, name)  # as this process may not lead
        async with connection.transaction():
            number = await connection.fetchval(QUERIES.next_generation, name)
            await connection.execute(QUERIES.renumber_live, name, number)
            await connection.execute(QUERIES.renumber_generation, name, number)
            for subject in subjects:
                events = await self._heard_of(connection, subject)
                try:
                    async with connection.transaction():
                        await self._write_anew(connection, subject, events)
                except OUTAGES:
                    raise
                except Exception as error:  # noqa: BLE001 - as it did when it was parked
                    await self._delete_rows(connection, subject)
                    guilty = self._guilty(subject, events)
                    await connection.execute(QUERIES.park, *self._parking.arguments(guilty, error))

    def _guilty(self, subject: UUID, events: Sequence[Recorded]) -> Recorded:
        """The event that can't be folded; the last one, if what they come to can't be written."""
        view = View(subject)
        for event in events:
            try:
                self.projection.fold(view, event)
            except Exception:  # noqa: BLE001 - it is only asked which
                return event
        return events[-1]

    async def refold(self, connection: Any, subject: UUID) -> None:
        """Fold a subject anew from its first event, in the caller's transaction."""
        await self._write_anew(connection, subject, await self._heard_of(connection, subject))

    async def _heard_of(self, connection: Any, subject: UUID) -> list[Recorded]:
        """What this follower has folded of a subject; it is held where it stands."""
        until = await connection.fetchval(QUERIES.hold_cursor, self.name)
        rows = await connection.fetch(QUERIES.subject_page, subject, 0, until)
        return [event for event in await self.log.recorded(rows) if self._matters(event)]

    async def _write_anew(self, connection: Any, subject: UUID, events: Sequence[Recorded]) -> None:
        view = View(subject)
        for event in events:
            self.projection.fold(view, event)
        await self._delete_rows(connection, subject)
        await self._save(connection, [view])

    async def _delete_rows(self, connection: Any, subject: UUID) -> None:
        for table in self.projection.tables:
            await connection.execute(f"{self._delete(table)} where subject = $1", subject)

    def _matters(self, event: Recorded) -> bool:
        return event.type in self._hears and event.id not in self.skip

    def _fold(self, events: Iterable[Recorded], views: dict[UUID, View]) -> list[Failed]:
        """Fold into `views`; what can't be folded loses its subject's changes of this page."""
        failed: list[Failed] = []
        for event in events:
            view = views.get(event.subject)
            if view is None:
                continue
            try:
                self.projection.fold(view, event)
            except Exception as error:  # noqa: BLE001 - whatever it is, it parks one subject
                failed.append((event, error))
                del views[event.subject]
        return failed

    async def _load(self, heard: Sequence[Recorded]) -> dict[UUID, View]:
        """The rows of the subjects that these events may change."""
        topics: dict[UUID, set[str]] = {}
        for event in heard:
            topics.setdefault(event.subject, set()).add(event.topic)
        views = {subject: View(subject, frozenset(of)) for subject, of in topics.items()}
        for table in self.projection.tables:
            subjects = [s for s, of in topics.items() if any(map(table.changed_by, of))]
            if table.append_only or not subjects:
                continue
            columns = ", ".join(f'"{field.name}"' for field in fields(table.row))
            rows = await self.log.pool.fetch(
                f'select {columns} from "{self.schema}"."{table.name}"'  # noqa: S608 - our names
                " where subject = any ($1::uuid[])",
                subjects,
            )
            for row in rows:
                made = table.row(*row)
                views[made.subject].load(table, [made])
        return views

    async def _write(
        self,
        to: int,
        views: dict[UUID, View],
        failed: Sequence[Failed],
        known_parked: set[UUID],
        latest: Mapping[UUID, Recorded],
    ) -> list[Failed]:
        """Write `views`, park what failed, and move the cursor; what can't be written."""
        if not failed and not known_parked and await self._write_at_once(to, views):
            return []
        async with self.log.pool.acquire() as connection, connection.transaction():
            await connection.execute("set local synchronous_commit = off")
            moved = await connection.fetchval(
                QUERIES.move_cursor, self.name, self.generation, self.stored, to
            )
            if not moved:
                raise CursorLost(follower=self.name)
            if known_parked:
                # A retry may have taken a subject up again since this page was read.
                rows = await connection.fetch(QUERIES.parked_subjects, self.name)
                if {row["subject"] for row in rows} != known_parked:
                    raise CursorLost(follower=self.name)
            refused = await self._save_what_can_be(connection, views, latest)
            for event, error in (*failed, *refused):
                await connection.execute(QUERIES.park, *self._parking.arguments(event, error))
        return refused

    async def _write_at_once(self, to: int, views: dict[UUID, View]) -> bool:
        """Write the page and move the cursor in one round trip; False if it takes more."""
        page = page_at_once(self.schema, self.projection.tables, list(views.values()))
        if page is None:
            return False
        statement, arguments = page
        try:
            moved = await self.log.pool.fetchval(
                statement, self.name, self.generation, self.stored, to, *arguments
            )
        except UNWRITABLE:
            return False
        if not moved:
            raise CursorLost(follower=self.name)
        return True

    async def _save_what_can_be(
        self, connection: Any, views: dict[UUID, View], latest: Mapping[UUID, Recorded]
    ) -> list[Failed]:
        """Save all; or, if Postgres takes not all of it, each subject that it does take."""
        try:
            async with connection.transaction():
                await self._save(connection, list(views.values()))
        except UNWRITABLE:
            log.warning("page_refused", follower=self.name)
        else:
            return []
        refused: list[Failed] = []
        for subject, view in views.items():
            try:
                async with connection.transaction():
                    await self._save(connection, [view])
            except UNWRITABLE as error:
                refused.append((latest[subject], error))
        await self._parking.refuse_too_many(len(refused))
        return refused

    async def _save(self, connection: Any, views: Sequence[View]) -> None:
        """One statement a table for what is written, one for what is deleted."""
        for table in self.projection.tables:
            written, deleted = changes(table, views)
            if deleted:
                await connection.execute(delete(self.schema, table, "$1"), deleted)
            if written:
                await connection.execute(upsert(self.schema, table, "$1"), as_json(written))

    def _delete(self, table: Table[Any]) -> str:
        return f'delete from "{self.schema}"."{table.name}"'  # noqa: S608 - our own names


def beside(projection: str, generation: int) -> str:
    """The name under which a generation that isn't live follows the log, and parks."""
    return f"{projection}@{generation}"


async def position_of(pool: Pool, name: str) -> int:
    """Where a follower's cursor stands in the database."""
    row = await pool.fetchrow(QUERIES.cursor, name)
    return row["position"] if row else 0
