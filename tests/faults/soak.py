"""The soak: a desk of real processes, a client that keeps a journal, faults, and the truth.

    make soak MINUTES=10            # or: python -m tests.faults.soak --minutes 10 --seed 7

Tickets come in all the while, and faults come four at once; after the last fault the desk is
left alone until it has settled, and then every log, read model and mailbox is held against the
journal. Exit code 1 when anything is lost, doubled or not as it must be.
"""

import argparse
import asyncio
import random
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from shared.clock import monotonic_seconds
from shared.ids import uuid7
from shared.testing.eventually import eventually
from tests.faults.checks import Findings, check
from tests.faults.faults import (
    SERVERS,
    Away,
    BadMail,
    Fault,
    Freeze,
    Struck,
    kills,
    recovered,
    strike,
)
from tests.faults.journal import Journal
from tests.faults.report import report
from tests.system.people import at_work
from tests.system.world import NAMES, World
from tests.unit.notify.mail_server import MailServer

SETTLED_SECONDS: Final = 600.0
TOLD_EVERY_SECONDS: Final = 10.0
BETWEEN_SECONDS: Final = 1.0
"""Rest between two faults; each is struck on a desk that has said it is ready."""

AT_ONCE: Final = 4
"""Faults that come at the same moment."""

UNSETTLED: Final = """
select (select count(*) from deliveries.notifications where stage = 'requested')
     + (select count(*) from outbox.attempts where state <> 'done')
"""

MAIL_FAULTS: Final = (
    "REFUSE",
    "BANNER 421 not now",
    "HANG BANNER",
    "HANG MAIL",
    "RCPT 451 later",
    "DATA 451 later",
    "HANG DATA",
    "DOT 451 later",
    "HANG DOT",
    "CUT",
)

ENVIRON: Final = {
    # A mail put off, or one in doubt, shall be settled within the time of a test.
    "NOTIFY_SMTP_TIMEOUT_SECONDS": "3",
    "NOTIFY_LEASE_SECONDS": "20",
    "NOTIFY_RETRY_DELAYS_SECONDS": str([1, 2, 4, 8, 8, 8, 8, 8, 15, 15, 15, 15, 30, 30, 60]),
    "NOTIFY_UNREACHABLE_DELAY_SECONDS_MAX": "3",
}


@dataclass
class Soak:
    """One run, and what is known of it."""

    world: World
    mail: MailServer
    seed: int
    rate: float
    struck: list[Struck] = field(default_factory=list)
    settled_seconds: float = 0.0
    begun_seconds: float = field(default_factory=monotonic_seconds)
    _told_seconds: float = field(default_factory=monotonic_seconds)

    @property
    def journal_path(self) -> Path:
        return self.world.folder.root / "journal.jsonl"

    async def run(self, groups: Iterable[Sequence[Fault]]) -> Journal:
        """Let the faults of each group happen at once while tickets come in; the client's
        journal."""
        async with self._tickets() as client:
            for group in groups:
                await asyncio.sleep(BETWEEN_SECONDS)
                self.struck += await asyncio.gather(*map(self._strike, group))
            await asyncio.sleep(BETWEEN_SECONDS)
            client.terminate()
            await client.wait()
        await recovered(self.world)
        return Journal.read(self.journal_path)

    async def _strike(self, fault: Fault) -> Struck:
        struck = await strike(self.world, fault, self.begun_seconds)
        say(f"{struck.at_seconds:7.1f} s  {struck.name}: ready after {struck.recovery_seconds:.1f}")
        return struck

    async def settle_and_check(self, journal: Journal) -> Findings:
        """Wait until everything has been heard and told, then look at everything."""
        begun = monotonic_seconds()
        assert await eventually(self.is_settled, timeout=SETTLED_SECONDS)
        self.settled_seconds = monotonic_seconds() - begun
        return await check(self.world, journal, self.mail.mails)

    async def is_settled(self) -> bool:
        """Whether everything that was said has been heard, and every mail been settled."""
        try:
            await self.world.is_settled()
            await self._mails_settled()
        except AssertionError as behind:
            if monotonic_seconds() > self._told_seconds + TOLD_EVERY_SECONDS:
                self._told_seconds = monotonic_seconds()
                say(f"not settled yet: {str(behind)[:150]}")
            raise
        return True

    async def _mails_settled(self) -> None:
        async with self.world.pool("notify") as pool:
            left = await pool.fetchval(UNSETTLED)
        assert not left, f"{left} mails are not settled"

    @asynccontextmanager
    async def _tickets(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """The client, opening tickets."""
        client = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.faults.client"),
            *("--intake", self.world.url("intake"), "--portal", self.world.url("portal")),
            *("--smtp", str(self.world.ports["INTAKE_SMTP_PORT"])),
            *("--journal", str(self.journal_path), "--rate", str(self.rate)),
            *("--seed", str(self.seed)),
        )
        try:
            yield client
        finally:
            if client.returncode is None:
                client.kill()
                await client.wait()


@asynccontextmanager
async def soaked(
    seed: int,
    rate: float,
    environ: Mapping[str, str] | None = None,
    prepare: Callable[[Path, ExitStack], None] | None = None,
) -> AsyncIterator[Soak]:
    """A desk with everybody at work, its mails going to a server that can misbehave."""
    mail = MailServer()
    await mail.start()
    mail_url = f"smtp://127.0.0.1:{mail.port}"
    told = {**ENVIRON, "LEDGERDESK_SMTP_URL": mail_url, **(environ or {})}
    world = await asyncio.to_thread(World.create, told, prepare)
    try:
        async with at_work(world):
            yield Soak(world, mail, seed, rate)
    finally:
        await asyncio.to_thread(world.close)
        await mail.stop()


def schedule(chance: random.Random, minutes: float, mail: MailServer) -> list[Sequence[Fault]]:
    """As many faults as the time is expected to hold, drawn by chance, four at once.

    From half an hour on: every part killed twenty times, frozen for 90 s, Kafka and Postgres
    away for two minutes. Shorter runs have as much less of each.
    """
    share = min(minutes / 30, 1.0)
    times = max(1, round(20 * share))
    freeze = max(5.0, 90 * share)
    away = max(10.0, 120 * share)
    mails: list[Fault] = [BadMail(mail, what, max(4.0, 10 * share)) for what in MAIL_FAULTS]
    frozen: list[Fault] = [Freeze(part, freeze) for part in (*NAMES, *SERVERS)]
    gone = [Away(("kafka",), away), Away(("postgres",), away), Away(SERVERS, away / 2)]
    if share < 1:
        mails = chance.sample(mails, max(2, round(len(mails) * share)))
        frozen = [Freeze(part, freeze) for part in (chance.choice(NAMES), *SERVERS)]
    chance.shuffle(frozen)
    groups = [*at_once(_mixed(chance, kills(chance, times), mails)), *at_once(frozen)]
    groups += [(fault,) for fault in gone]  # each holds the supervisor
    chance.shuffle(groups)
    return groups


def _mixed(chance: random.Random, faults: list[Fault], mails: list[Fault]) -> list[Fault]:
    """The mail server does one thing at a time: never two of its faults in a group."""
    found = list(faults)
    step = len(faults) // len(mails) + 1
    for number, fault in enumerate(mails):
        found.insert(number * max(step, AT_ONCE), fault)
    return found


def at_once(faults: Sequence[Fault], size: int = AT_ONCE) -> list[Sequence[Fault]]:
    """Faults in groups of `size`."""
    return [faults[first : first + size] for first in range(0, len(faults), size)]


async def soak(minutes: float, seed: int, rate: float) -> int:
    """Run it all and tell; 1 when anything is wrong."""
    chance = random.Random(seed)
    say(f"seed {seed}, {rate:g} tickets/s, {minutes:g} minutes")
    async with soaked(seed, rate) as run:
        groups = schedule(chance, minutes, run.mail)
        say(f"{sum(map(len, groups))} faults to come")
        journal = await run.run(groups)
        findings = await run.settle_and_check(journal)
        say(report(run.struck, journal, findings, run.settled_seconds))
    return 1 if findings.all else 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Read what is asked, and do it."""
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=uuid7().int % 1_000_000)
    parser.add_argument("--rate", type=float, default=20)
    asked = parser.parse_args()
    return asyncio.run(soak(asked.minutes, asked.seed, asked.rate))


if __name__ == "__main__":
    sys.exit(main())
