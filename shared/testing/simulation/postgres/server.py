"""The server: statements one at a time, transactions, locks, and what a crash loses.

Isolation is READ COMMITTED, as the services use it. A statement of a transaction is worked
out on a copy of what is committed, with what the transaction wrote before, and is done again
for good when it commits; the rows that two could want to move, cursors, are locked meanwhile.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import asyncpg

from shared.followers.contracts import Projection
from shared.log.log import QUERIES
from shared.testing.simulation.clocks import EPOCH
from shared.testing.simulation.loop import VirtualLoop
from shared.testing.simulation.postgres import inbox, keys
from shared.testing.simulation.postgres.statements import STATEMENTS, Statement
from shared.testing.simulation.postgres.tables import Key, Row, Tables
from shared.testing.simulation.postgres.views import Views

Answer = asyncio.Future[list[Row]]

FLUSH_SECONDS = (0.2, 0.6)
"""How long after an asynchronous commit it is safe: three rounds of the WAL writer."""

SEQUENCE_AHEAD_MAX = 32
"""Positions that a crash may leave out: sequences are written ahead."""


class NotModelled(BaseException):
    """A statement that the model does not know, or a use of it: complete the model."""


@dataclass(eq=False)
class Session:
    """A transaction under way."""

    done: list[tuple[Statement, tuple[Any, ...]]] = field(default_factory=list)
    locks: list[Key] = field(default_factory=list)
    asynchronous: bool = False
    over: bool = False
    broken: bool = False
    """Whether its connection was lost."""
    copy: Tables | None = None
    copied_at: int = -1

    def take_back(self, savepoint: int) -> None:
        """Undo what was done since."""
        del self.done[savepoint:]
        self.copy = None


class Server:
    """The Postgres of one service."""

    def __init__(
        self, loop: VirtualLoop, random: Random, projections: Iterable[Projection] = ()
    ) -> None:
        self.tables = Tables()
        self.epoch = 0
        """Counts its starts: what was asked before one is never answered."""
        self.down = False
        self.skew_seconds = 0.0
        self._loop = loop
        self._random = random
        self._locked: dict[Key, Session] = {}
        self._blocked: list[Callable[[], None]] = []
        self._unflushed: list[Tables] = []
        self._writes = 0
        self._views = Views(projections)
        self._views.create(self.tables)
        self._known = {getattr(QUERIES, name): each for name, each in STATEMENTS.items()}
        self._known |= keys.STATEMENTS
        for schema, table in self._views.tables:
            if table == "timers":
                self._know_timers(schema)
        self._known["set local synchronous_commit = off"] = Statement(lambda *_: [])

    def teach(self, sql: str, statement: Statement) -> None:
        """Know one more statement, of a service."""
        self._known[sql] = statement

    def now(self) -> datetime:
        """The server's own clock."""
        return EPOCH + timedelta(seconds=self._loop.now + self.skew_seconds)

    def serve(self, sql: str, given: tuple[Any, ...], session: Session | None, to: Answer) -> None:
        """Do a statement as soon as no other transaction stands in its way, and answer."""
        if to.done():
            to = self._loop.create_future()  # nobody is there to hear, but it was asked
        statement = self._statement(sql)
        self._attempt(statement, given, session, to, self.epoch)

    def commit(self, session: Session, to: Answer) -> None:
        """Make everything that the transaction did true at once."""
        if self.down or session.over:
            _fail(to, asyncpg.ConnectionDoesNotExistError("the transaction is gone"))
            return
        self._begin_commit(session.asynchronous)
        for statement, given in session.done:
            statement.serve(self.tables, self.now(), *given)
        self._writes += 1
        self.abort(session)
        if not to.done():
            to.set_result([])

    def abort(self, session: Session) -> None:
        """End a transaction, of which nothing more becomes true."""
        if session.over:
            return
        session.over = True
        for key in session.locks:
            self._locked.pop(key, None)
        blocked, self._blocked = self._blocked, []
        for attempt in blocked:
            attempt()

    def crash(self) -> None:
        """Stop dead: transactions are gone, and maybe the newest asynchronous commits."""
        self.down = True
        self.epoch += 1
        self.tables = self._random.choice([*self._unflushed, self.tables])
        self._unflushed.clear()
        self._writes += 1
        self.tables.sequence += self._random.randint(0, SEQUENCE_AHEAD_MAX)
        for session in dict.fromkeys(self._locked.values()):
            self.abort(session)

    def _statement(self, sql: str) -> Statement:
        if sql not in self._known:
            found = self._views.statement(sql)
            if found is None:
                raise NotModelled(sql)
            self._known[sql] = found
        return self._known[sql]

    def _attempt(
        self,
        statement: Statement,
        given: tuple[Any, ...],
        session: Session | None,
        to: Answer,
        epoch: int,
    ) -> None:
        if self.down or epoch != self.epoch or (session is not None and session.over):
            _fail(to, asyncpg.ConnectionDoesNotExistError("the server went away"))
            return
        keys = statement.locks(*given)
        if any(self._locked.get(key, session) is not session for key in keys):
            self._blocked.append(lambda: self._attempt(statement, given, session, to, epoch))
            return
        try:
            rows = self._do(statement, given, session, keys)
        except asyncpg.PostgresError as error:
            _fail(to, error)
        else:
            if not to.done():
                to.set_result(rows)

    def _do(
        self,
        statement: Statement,
        given: tuple[Any, ...],
        session: Session | None,
        keys: Iterable[Key],
    ) -> list[Row]:
        if session is None:
            if statement.writes:
                self._begin_commit(statement.asynchronous)
                self._writes += 1
            return statement.serve(self.tables, self.now(), *given)
        for key in keys:
            self._locked[key] = session
            session.locks.append(key)
        rows = statement.serve(self._seen_by(session, statement), self.now(), *given)
        if statement.writes:
            session.done.append((statement, given))
        return rows

    def _seen_by(self, session: Session, statement: Statement) -> Tables:
        """What is committed, with what the transaction wrote itself."""
        if not session.done and not statement.writes:
            return self.tables
        if session.copy is None or session.copied_at != self._writes:
            session.copy, session.copied_at = self.tables.copy(), self._writes
            for before, given in session.done:
                before.serve(session.copy, self.now(), *given)
        return session.copy

    def _begin_commit(self, asynchronous: bool) -> None:
        """A synchronous one makes all before it safe, too: the WAL is one sequence."""
        if asynchronous:
            self._unflushed.append(self.tables.copy())
            self._loop.call_later(self._random.uniform(*FLUSH_SECONDS), self._flush, self.epoch)
        else:
            self._unflushed.clear()

    def _flush(self, epoch: int) -> None:
        if epoch == self.epoch:
            self._unflushed.clear()

    def _know_timers(self, schema: str) -> None:
        self._known[QUERIES.render("due_timers", schema=schema)] = Statement(
            lambda tables, _now, as_of, limit: inbox.due_timers(tables, schema, as_of, limit)
        )
        self._known[QUERIES.render("forget_fired", schema=schema)] = Statement(
            lambda tables, now: inbox.forget_fired(tables, schema, now), writes=True
        )
        self._known[QUERIES.render("unfire", schema=schema)] = Statement(
            lambda tables, _now, subject: inbox.unfire(tables, schema, subject), writes=True
        )


def _fail(to: Answer, error: Exception) -> None:
    if not to.done():
        to.set_exception(error)
