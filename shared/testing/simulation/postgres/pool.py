"""asyncpg's pool, as far as the core uses it, onto the simulated server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from shared.testing.simulation.postgres.server import Server, Session
from shared.testing.simulation.postgres.tables import Row
from shared.testing.simulation.process import Process

SYNCHRONOUS_OFF = "set local synchronous_commit = off"


class _Asks:
    """`fetch` and its like, each one round trip."""

    def __init__(self, process: Process, server: Server) -> None:
        self.process = process
        self.server = server
        self.session: Session | None = None

    async def fetch(self, sql: str, *given: Any) -> list[Row]:
        session = self.session
        rows: list[Row] = await self.process.ask_postgres(
            sql, lambda answer: self.server.serve(sql, given, session, answer), session
        )
        return rows

    async def fetchrow(self, sql: str, *given: Any) -> Row | None:
        rows = await self.fetch(sql, *given)
        return rows[0] if rows else None

    async def fetchval(self, sql: str, *given: Any) -> Any:
        row = await self.fetchrow(sql, *given)
        return None if row is None else row[0]

    async def execute(self, sql: str, *given: Any) -> str:
        if sql == SYNCHRONOUS_OFF and self.session is not None:
            self.session.asynchronous = True
            return "SET"
        await self.fetch(sql, *given)
        return "OK"


class SimulatedPool(_Asks):
    """What a service has for a pool."""

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator["SimulatedConnection"]:
        yield SimulatedConnection(self.process, self.server)


class SimulatedConnection(_Asks):
    """One connection, which can have a transaction."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """A transaction; within another, what can be taken back by itself."""
        if self.session is not None:
            savepoint = len(self.session.done)
            try:
                yield
            except Exception:
                self.session.take_back(savepoint)
                raise
            return
        session = self.session = Session()
        try:
            yield
            await self.process.ask_postgres(
                "commit", lambda answer: self.server.commit(session, answer), session
            )
        finally:
            self.session = None
            self.process.hang_up(self.server, session)
