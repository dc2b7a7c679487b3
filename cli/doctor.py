"""`ledgerdesk doctor`: looks at everything a desk needs, a line each, and says what to do."""

import asyncio
import logging
import os
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import httpx
from aiokafka.errors import KafkaError

from deploy import topics
from deploy.local import process
from deploy.local.desk import Desk
from deploy.local.folder import data_folder
from deploy.local.health import health
from deploy.local.services import PROCESSES, SERVICES, ServiceProcess
from deploy.lock import is_current
from shared.clock import utc_now
from shared.events.assignment import Role
from shared.identity import HEADER, Identity, sign
from shared.migrate import LOG_MIGRATIONS, ROOT

SPACE_MB: Final = 1_000
LAG_EVENTS: Final = 1_000
TIMEOUT_SECONDS: Final = 5


@dataclass(frozen=True)
class Finding:
    """One line of the report; `advice` is empty when all is well."""

    what: str
    advice: str = ""

    def __str__(self) -> str:
        return f"✗ {self.what}: {self.advice}" if self.advice else f"✓ {self.what}"


def main(arguments: Sequence[str]) -> int:
    """Report; exit code 1 when anything is wrong."""
    if arguments:
        print("usage: ledgerdesk doctor")
        return 2
    return asyncio.run(_report())


async def _report() -> int:
    # What aiokafka would log about a broker that is away is said in a line of our own.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    wrong = 0
    desk = Desk.open(data_folder(), dict(os.environ))
    async for finding in _examine(desk):
        print(finding, flush=True)
        wrong += bool(finding.advice)
    print(f"\n{wrong} to look at" if wrong else "\nall is well")
    return 1 if wrong else 0


async def _examine(desk: Desk) -> AsyncIterator[Finding]:
    for finding in (_python(), _lock(), _disk(desk), _folder(desk)):
        yield finding
    for finding in _ports(desk):
        yield finding
    yield await _kafka(desk)
    for each in SERVICES:
        yield await _database(desk, each)
    for each in PROCESSES:
        yield await _process(desk, each)
    for each in SERVICES:
        async for finding in _followers(desk, each):
            yield finding


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(f"Python {version}", "" if sys.version_info >= (3, 11) else "3.11 is needed")


def _lock() -> Finding:
    return Finding("requirements.lock is current", "" if is_current() else "make lock")


def _disk(desk: Desk) -> Finding:
    free_mb = shutil.disk_usage(desk.folder.root).free // 2**20
    what = f"{free_mb} MB free for {desk.folder.root}"
    return Finding(
        what, "" if free_mb >= SPACE_MB else f"free some space: {SPACE_MB} MB are needed"
    )


def _folder(desk: Desk) -> Finding:
    """Stale pid files are harmless; crashed parts are not."""
    crashed = [
        path.stem
        for path in sorted(desk.folder.run.glob("*.pid"))
        if process.PidFile(path).process() is None
    ]
    if crashed:
        logs = ", ".join(str(desk.folder.log_of(part)) for part in crashed)
        return Finding(f"crashed: {', '.join(crashed)}", f"look at {logs}, then make up")
    return Finding("nothing has crashed")


def _ports(desk: Desk) -> list[Finding]:
    """Who listens where one of our processes should, but does not."""
    found = []
    for each in PROCESSES:
        if desk.pid_file(each.name).process() is None:
            port = desk.ports.of(each)
            if process.accepts(port):
                advice = f"stop {process.holder(port)}, or set {each.port_variable}"
                found.append(Finding(f"port {port} of {each.name} is taken", advice))
    return found or [Finding("no port is taken by a stranger")]


async def _kafka(desk: Desk) -> Finding:
    bootstrap = desk.stack.kafka.bootstrap
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            brokers = desk.stack.kafka.brokers
            differences = await topics.differences(bootstrap, desk.topic_prefix, brokers)
    except (KafkaError, OSError, TimeoutError):
        return Finding(f"Kafka at {bootstrap} does not answer", "make up")
    what = f"Kafka at {bootstrap}, topics as declared"
    return Finding(what, "; ".join(differences) and f"{'; '.join(differences)}: make up")


async def _database(desk: Desk, each: ServiceProcess) -> Finding:
    """Reachable for the service's role, and migrated."""
    database = desk.stack.database(each.name)
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            missing = await _not_migrated(database.url, each.name)
    except (asyncpg.PostgresError, OSError, TimeoutError) as error:
        return Finding(f"{each.name}'s database does not answer ({_said(error)})", "make up")
    what = f"{each.name}'s database, migrated"
    return Finding(what, f"not yet run: {', '.join(missing)}: make up" if missing else "")


async def _not_migrated(url: str, service: str) -> list[str]:
    """The migrations that this database has not run."""
    folders = {"log": LOG_MIGRATIONS, service: ROOT / "services" / service / "migrations"}
    known = {(room, file.name) for room, path in folders.items() for file in path.glob("*.sql")}
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("select room, name from ledger.migrations")
    finally:
        await connection.close()
    return sorted("/".join(each) for each in known - {(row["room"], row["name"]) for row in rows})


async def _process(desk: Desk, each: ServiceProcess) -> Finding:
    port = desk.ports.of(each)
    said = await health(port)
    what = f"{each.name} is {said.state} on port {port}"
    if not said.why:
        return Finding(what)
    return Finding(f"{what} ({said.why})", f"make up, or look at {desk.folder.log_of(each.name)}")


async def _followers(desk: Desk, each: ServiceProcess) -> AsyncIterator[Finding]:
    """Followers that fail or lag, and what is parked."""
    operator = Identity(actor="service:doctor", issuer="cli", role=Role.OPERATOR)
    token = sign(desk.secrets["identity"], operator, each.name, utc_now())
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
            url = f"{desk.ports.url(each)}/v1/followers"
            answer = await client.get(url, headers={HEADER: token})
            answer.raise_for_status()
    except httpx.HTTPError as error:
        yield Finding(f"{each.name}'s followers are unknown ({_said(error)})", "make up")
        return
    for finding in _findings_of(each.name, answer.json()):
        yield finding


def _findings_of(service: str, overview: dict[str, Any]) -> list[Finding]:
    found = []
    for follower in [*overview["followers"], overview["inbox"] | {"name": "inbox", "lag": 0}]:
        name = f"{service}'s {follower['name']}"
        if follower["failing"]:
            found.append(Finding(f"{name} fails", follower["failing"]))
        if follower["parked"]:
            advice = f"ledgerdesk parked list {service}"
            found.append(Finding(f"{name} has parked {follower['parked']}", advice))
        if follower["lag"] > LAG_EVENTS:
            advice = "wait; if it grows: docs/runbook/FollowerBehind.md"
            found.append(Finding(f"{name} is {follower['lag']} events behind", advice))
        if not follower.get("led", True):
            advice = "docs/runbook/FollowerLeaderless.md"
            found.append(Finding(f"{name} is led by no process", advice))
    waiting, since = overview["inbox"]["waiting"], overview["inbox"]["waiting_since"]
    if waiting:
        what = f"{waiting} events wait in {service} since {since}"
        found.append(Finding(what, "if they stay: docs/runbook/EventsMissing.md"))
    return found or [Finding(f"{service}'s followers are at the end of its log")]


def _said(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
