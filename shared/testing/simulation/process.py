"""A simulated process: everything it awaits from outside is a step at which it may die.

A request travels, is served, and its answer travels back; either may be lost, and whoever
asked may be dead or asleep meanwhile. What was sent is served all the same.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import copy_context
from typing import Any

import asyncpg
from aiokafka.errors import KafkaConnectionError

from shared.testing.simulation.clocks import SKEW_SECONDS
from shared.testing.simulation.postgres.server import NotModelled, Server, Session
from shared.testing.simulation.world import World

STOP_SECONDS = (0.3, 2.0, 12.0)
"""How long a process may stand still: a garbage collection, a disk, a laptop's lid."""

Serve = Callable[["asyncio.Future[Any]"], None]


class Crashed(BaseException):
    """The process is dead: nothing that it still does has any effect."""


class Process:
    """One run of one instance, from its start to its crash."""

    def __init__(self, world: World, name: str, skew_seconds: list[float]) -> None:
        self.world = world
        self.name = name
        self.alive = True
        self.asleep_until = 0.0
        self.skew_seconds = skew_seconds
        self.died: Callable[[], None] = lambda: None
        self._tasks: dict[asyncio.Task[Any], None] = {}

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> "asyncio.Task[Any]":
        """Run something in this process: on its clock, and no longer than it lives."""
        context = copy_context()
        context.run(SKEW_SECONDS.set, self.skew_seconds)
        context.run(self.world.running.set, self)
        return self.world.loop.create_task(work, name=name, context=context)

    def adopt(self, task: "asyncio.Task[Any]") -> None:
        """A task that was begun in this process ends with it."""
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    def crash(self, why: str) -> None:
        """Stop dead."""
        if not self.alive:
            return
        self.alive = False
        self.world.note(self.name, f"crashes: {why}")
        for task in list(self._tasks):
            task.cancel()
        self.died()

    def sleep_until(self, moment: float) -> None:
        """Be stopped, as by SIGSTOP or a long pause of the machine, until then."""
        self.world.note(self.name, f"is stopped until {moment:.3f}")
        self.asleep_until = moment

    async def ask_postgres(self, what: str, serve: Serve, session: Session | None) -> Any:
        """One round trip to the database."""
        faults = self.world.faults
        try:
            return await self._ask(what, serve, faults.postgres_errors, self._postgres_error)
        except NotModelled as unknown:
            self.world.fail(unknown)
            raise
        except (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError):
            if session is not None:
                session.broken = True
            raise

    async def ask_kafka(self, what: str, serve: Serve) -> Any:
        """One round trip to a broker."""
        errors = self.world.faults.kafka_errors
        return await self._ask(what, serve, errors, KafkaConnectionError)

    def hang_up(self, server: Server, session: Session) -> None:
        """The server notices, sooner or later, that nobody goes on with a transaction."""
        if session.over:
            return
        if self.alive and not session.broken:
            server.abort(session)
        else:
            late = self.world.random.uniform(0.0, 1.0)
            self.world.loop.call_later(late, server.abort, session)

    async def _ask(
        self, what: str, serve: Serve, errors: float, error: Callable[[], Exception]
    ) -> Any:
        await self.step(what)
        world = self.world
        if world.chance(errors):
            await asyncio.sleep(world.latency_seconds())
            raise error()
        answer: asyncio.Future[Any] = world.loop.create_future()
        world.loop.call_later(world.latency_seconds(), self._served, serve, answer)
        lost = world.chance(errors)
        result = await answer
        await asyncio.sleep(world.latency_seconds())
        await self.step(f"{what}, answered")
        if lost:
            world.note(self.name, "loses the answer")
            raise error()
        return result

    def _postgres_error(self) -> Exception:
        return self.world.random.choice(
            [
                asyncpg.ConnectionDoesNotExistError("connection was closed in the middle"),
                asyncpg.InterfaceError("connection is closed"),
                ConnectionResetError("connection reset by peer"),
            ]
        )

    def _served(self, serve: Serve, answer: "asyncio.Future[Any]") -> None:
        try:
            serve(answer)
        except NotModelled as unknown:
            self.world.fail(unknown)

    async def step(self, what: str) -> None:
        """Go on, unless asleep or dead; or die here."""
        while self.alive and self.asleep_until > self.world.loop.now:
            await asyncio.sleep(self.asleep_until - self.world.loop.now)
        if not self.alive:
            raise Crashed
        self.world.note(self.name, what)
        if self.world.chance(self.world.faults.crashes):
            self.crash(f"at {what}")
            raise Crashed
        if self.world.chance(self.world.faults.stops):
            seconds = self.world.random.choice(STOP_SECONDS)
            self.sleep_until(self.world.loop.now + seconds)
            await self.step(what)


async def outlived(work: Awaitable[Any]) -> tuple[bool, Any]:
    """Whether some work of a process ended while it lived, and its result or its error."""
    task = asyncio.ensure_future(work)
    await asyncio.wait([task])
    if task.cancelled():
        return False, None
    error = task.exception()
    if isinstance(error, Crashed):
        return False, None
    if error is not None:
        return True, error
    return True, task.result()
