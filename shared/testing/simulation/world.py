"""What a simulation has in common: virtual time, one source of chance, faults, a trace."""

import asyncio
import zlib
from collections.abc import Coroutine
from contextvars import Context, ContextVar
from random import Random
from typing import Any, Protocol, cast

from shared.testing.simulation.faults import CALM, Faults
from shared.testing.simulation.loop import VirtualLoop


class Adopts(Protocol):
    """A process, as far as the loop knows of one."""

    def adopt(self, task: "asyncio.Task[Any]") -> None:
        """A task was begun in it."""


class World:
    """One seed's time, chance and faults."""

    def __init__(self, seed: int, trace: bool = False) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.loop = VirtualLoop()
        self.faults: Faults = CALM
        self.running: ContextVar[Adopts] = ContextVar("running")
        self.steps = 0
        self.digest = 0
        """Of everything that happened: the same seed leads to the same."""
        self.failure: BaseException | None = None
        self._trace = trace
        self.loop.set_task_factory(cast(Any, self._make_task))
        self.loop.set_exception_handler(lambda _loop, _context: None)

    def chance(self, rate: float) -> bool:
        """True in this share of cases."""
        return rate > 0 and self.random.random() < rate

    def latency_seconds(self) -> float:
        """How long something travels: mostly a moment, at times much longer."""
        if self.chance(self.faults.slow):
            return self.random.uniform(0.02, 1.5)
        return self.random.uniform(0.0003, 0.003)

    def note(self, who: str, what: str) -> None:
        """Something happened."""
        self.steps += 1
        line = f"{self.loop.now:10.4f} {who:14} {what}"
        self.digest = zlib.crc32(line.encode(), self.digest)
        if self._trace:
            print(line.replace("\n", " ")[:220])  # noqa: T201 - this is what a trace is for

    def fail(self, error: BaseException) -> None:
        """The simulation itself can't go on."""
        self.failure = self.failure or error
        self.loop.stop()

    def _make_task(
        self,
        loop: asyncio.AbstractEventLoop,
        work: Coroutine[Any, Any, Any],
        context: Context | None = None,
        **options: Any,
    ) -> "asyncio.Task[Any]":
        task = asyncio.Task(work, loop=loop, context=context, **options)
        within = context.get(self.running) if context is not None else self.running.get(None)
        if within is not None:
            within.adopt(task)
        return task
