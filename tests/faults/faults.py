"""The faults, and how long a desk takes to be well again after each.

Nothing here heals: what was killed is the supervisor's to start again, what was frozen goes
on when the fault ends. The recovery time runs from the end of a fault until every process
says that it is ready, and lacks nothing.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol

import psutil

from deploy.local.health import health
from deploy.local.process import PidFile
from deploy.local.services import PROCESSES
from shared.clock import monotonic_seconds
from tests.system.world import NAMES, World
from tests.unit.notify.mail_server import MailServer

SERVERS: Final = ("kafka", "postgres")
RECOVERED_WITHIN_SECONDS: Final = 240.0


class Fault(Protocol):
    """Something that goes wrong for a while."""

    @property
    def name(self) -> str:
        """What it is, for the table: faults of a kind share one."""

    async def strike(self, world: World) -> None:
        """Let it happen; when this returns it is over."""


@dataclass(frozen=True)
class Kill:
    """kill -9, at once."""

    part: str

    @property
    def name(self) -> str:
        return f"kill {self.part}"

    async def strike(self, world: World) -> None:
        running = process_of(world, self.part)
        if running is not None:
            running.kill()


@dataclass(frozen=True)
class Freeze:
    """SIGSTOP for a while; Postgres with all its children, else it would go on."""

    part: str
    seconds: float

    @property
    def name(self) -> str:
        return f"freeze {self.part} {self.seconds:g} s"

    async def strike(self, world: World) -> None:
        async with frozen(world, self.part):
            await asyncio.sleep(self.seconds)


@dataclass(frozen=True)
class Away:
    """Killed, and nobody starts it again for a while."""

    parts: tuple[str, ...]
    seconds: float

    @property
    def name(self) -> str:
        return f"{' and '.join(self.parts)} away {self.seconds:g} s"

    async def strike(self, world: World) -> None:
        async with frozen(world, "supervisor"):
            for part in self.parts:
                await Kill(part).strike(world)
            await asyncio.sleep(self.seconds)


@dataclass(frozen=True)
class BadMail:
    """The mail server does this to every mail for a while."""

    server: MailServer
    what: str
    seconds: float

    @property
    def name(self) -> str:
        return f"mail server: {self.what}"

    async def strike(self, world: World) -> None:
        await self.server.do(self.what)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            await self.server.do("")


@dataclass(frozen=True)
class Struck:
    """A fault that was, and what came of it."""

    name: str
    at_seconds: float
    recovery_seconds: float


async def strike(world: World, fault: Fault, begun_seconds: float) -> Struck:
    """Let one fault happen, and wait until the desk is well again."""
    at_seconds = monotonic_seconds() - begun_seconds
    await fault.strike(world)
    return Struck(fault.name, at_seconds, await recovered(world))


async def recovered(world: World) -> float:
    """Seconds until every process is ready and lacks nothing; raises with what does."""
    begun = monotonic_seconds()
    while True:
        told = await asyncio.gather(*(health(world.ports.of(each)) for each in PROCESSES))
        took = monotonic_seconds() - begun
        if all(said.state == "ready" for said in told):
            return took
        if took > RECOVERED_WITHIN_SECONDS:
            missing = {
                e.name: said.why for e, said in zip(PROCESSES, told, strict=True) if said.why
            }
            raise AssertionError(f"not ready after {RECOVERED_WITHIN_SECONDS:g} s: {missing}")
        await asyncio.sleep(0.2)


SUPERVISOR: Final = "supervisor"


@asynccontextmanager
async def frozen(world: World, part: str) -> AsyncIterator[None]:
    """The part and its children, standing still; what the supervisor started is a part itself."""
    running = process_of(world, part)
    still: list[psutil.Process] = []
    try:
        if running is not None:
            running.suspend()
            still = [running]
            if part != SUPERVISOR:
                still += running.children(recursive=True)
            for each in still[1:]:
                each.suspend()
        yield
    finally:
        for each in reversed(still):
            if each.is_running():
                each.resume()


def process_of(world: World, part: str) -> psutil.Process | None:
    """A part's process, if it runs just now."""
    return PidFile(world.folder.run / f"{part}.pid").process()


def kills(chance: random.Random, times: int) -> list[Fault]:
    """Every part killed so often, in random order."""
    found: list[Fault] = [Kill(part) for part in (*NAMES, *SERVERS) for _ in range(times)]
    chance.shuffle(found)
    return found
