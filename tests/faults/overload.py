"""Overload: far more tickets than the desk can take, for a minute, and what becomes of them.

    python -m tests.faults.overload --rate 300 --seconds 60

The load comes at its rate whether answers come or not (an open loop), each ticket once. What
must hold: each is accepted, and then there once, or told 429 with `Retry-After`, and then
absent; no process grows without bound; and afterwards all is well by itself.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from deploy.local.services import PROCESSES
from shared.clock import monotonic_seconds
from shared.ids import uuid7
from tests.faults.checks import Findings
from tests.faults.faults import process_of, recovered
from tests.faults.journal import Journal, Outcome, Way
from tests.faults.soak import Soak, say, soaked
from tests.system.world import World

CONNECTIONS_MAX: Final = 1_000
ANSWER_SECONDS_MAX: Final = 30.0
MEMORY_EVERY_SECONDS: Final = 1.0


@dataclass
class Load:
    """What was sent, and what came back."""

    port: int
    journal: Journal = field(default_factory=Journal)
    statuses: Counter[int] = field(default_factory=Counter)
    without_retry_after: int = 0
    seconds: dict[int, list[float]] = field(default_factory=dict)
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)
    open: int = 0

    async def run(self, rate: float, seconds: float) -> None:
        """Send at the rate, then wait for what is under way."""
        begun = monotonic_seconds()
        async with asyncio.TaskGroup() as group:
            for number in range(int(rate * seconds)):
                await asyncio.sleep(max(0.0, begun + number / rate - monotonic_seconds()))
                group.create_task(self._one(number))
        for _, writer in self.idle:
            writer.close()

    async def _one(self, number: int) -> None:
        key = f"k{uuid7().hex}"
        self.journal.ways[key] = Way.HTTP
        if not self.idle and self.open >= CONNECTIONS_MAX:
            self.statuses[-1] += 1  # the client has no connection left: nothing was sent
            self.journal.outcomes[key] = Outcome.PUT_OFF
            return
        begun, status, headers = monotonic_seconds(), 0, b""
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                status, headers = await self._exchange(key, number)
        except (OSError, TimeoutError, EOFError, ValueError):
            pass
        self.statuses[status] += 1
        self.seconds.setdefault(status, []).append(monotonic_seconds() - begun)
        if status in {429, 503} and b"retry-after" not in headers:
            self.without_retry_after += 1
        known = {201: Outcome.ACCEPTED, 429: Outcome.PUT_OFF}
        self.journal.outcomes[key] = known.get(status, Outcome.UNKNOWN)

    async def _exchange(self, key: str, number: int) -> tuple[int, bytes]:
        body = {
            "topic": "technical",
            "requester": {"name": "A customer", "email": f"{key}@example.com"},
            "subject": f"Problem {number} ({key})",
            "description": f"Number {number} does not work any more.",
        }
        content = json.dumps(body).encode()
        head = (
            "POST /v1/tickets HTTP/1.1\r\nHost: desk\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: {key}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        if self.idle:
            reader, writer = self.idle.pop()
        else:
            self.open += 1
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(head.encode() + content)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(answer.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
        except BaseException:
            self.open -= 1
            writer.close()
            raise
        self.idle.append((reader, writer))
        return int(answer[9:12]), answer


@dataclass
class Memory:
    """How large each process was, at the start and at most, in MB."""

    first: dict[str, float] = field(default_factory=dict)
    most: dict[str, float] = field(default_factory=dict)

    async def watch(self, world: World) -> None:
        """Look once a second, until cancelled."""
        while True:
            for each in PROCESSES:
                running = process_of(world, each.name)
                if running is not None:
                    size = running.memory_info().rss / 2**20
                    self.first.setdefault(each.name, size)
                    self.most[each.name] = max(size, self.most.get(each.name, 0.0))
            await asyncio.sleep(MEMORY_EVERY_SECONDS)


@dataclass
class Outcomes:
    """What an overload came to."""

    load: Load
    memory: Memory
    recovery_seconds: float
    settled_seconds: float
    findings: Findings

    def __str__(self) -> str:
        lines = []
        for status, seconds in sorted(self.load.seconds.items()):
            waits = sorted(seconds)
            middle, late = (waits[int(len(waits) * part)] for part in (0.5, 0.99))
            lines.append(
                f"{status or 'no answer':>9}  {len(waits):>6}  median {middle:.3f} s"
                f"  99 % {late:.3f} s  longest {waits[-1]:.3f} s"
            )
        grown = ", ".join(
            f"{name} {self.memory.first[name]:.0f} → {most:.0f}"
            for name, most in self.memory.most.items()
        )
        found = self.findings
        lines += [
            f"not sent, for want of a connection: {self.load.statuses[-1]}",
            f"told to come back without saying when: {self.load.without_retry_after}",
            f"memory, MB: {grown}",
            f"ready after {self.recovery_seconds:.1f} s, settled after {self.settled_seconds:.1f}",
            f"lost {len(found.lost)}, doubled {len(found.doubled)}, else {len(found.other)}",
            *found.all[:10],
        ]
        return "\n".join(lines)


async def overload(run: Soak, rate: float, seconds: float) -> Outcomes:
    """Overload a desk, let it recover, and look at everything."""
    load, memory = Load(run.world.ports["INTAKE_PORT"]), Memory()
    watching = asyncio.create_task(memory.watch(run.world))
    try:
        await load.run(rate, seconds)
        recovery = await recovered(run.world)
        findings = await run.settle_and_check(load.journal)
    finally:
        watching.cancel()
    return Outcomes(load, memory, recovery, run.settled_seconds, findings)


async def main_async(rate: float, seconds: float) -> int:
    async with soaked(1, rate) as run:
        outcomes = await overload(run, rate, seconds)
        say(str(outcomes))
    return 1 if outcomes.findings.all or outcomes.load.without_retry_after else 0


def main() -> int:
    """Read what is asked, and do it."""
    parser = argparse.ArgumentParser(prog="tests.faults.overload")
    parser.add_argument("--rate", type=float, default=300)
    parser.add_argument("--seconds", type=float, default=60)
    asked = parser.parse_args()
    return asyncio.run(main_async(asked.rate, asked.seconds))


if __name__ == "__main__":
    sys.exit(main())
