"""`ledgerdesk doctor`: looks at everything a desk needs, a line a cause, and says what to do."""

import asyncio
import logging
import os
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg
import httpx
from aiokafka.errors import KafkaError

from deploy import topics
from deploy.local import process
from deploy.local.desk import SUPERVISOR, Desk
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
    away: bool = False
    """A server that others need does not answer."""
    follows: bool = False
    """Nothing of its own: it follows from what was told before."""

    def __str__(self) -> str:
        if self.follows:
            return f"  {self.what}"
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
    """One cause is told once: what it makes fail is not looked at until it is mended."""
    for finding in (_python(), _lock(), _disk(desk), *_ports(desk)):
        yield finding
    servers = (await _kafka(desk), await _postgres(desk))
    for finding in servers:
        yield finding
    if not (postgres_away := bool(servers[1].advice)):
        for finding in await _databases(desk):
            yield finding
    server_away = postgres_away or servers[0].away
    ready: list[ServiceProcess] = []
    async for each, found in _processes(desk, server_away=server_away):
        if found is None:
            ready.append(each)
        else:
            yield found
    if ready:
        yield Finding(f"ready: {_names(ready)}")
        yield _supervisor(desk)
    for each in ready:
        if each.has_database and not server_away:
            async for finding in _followers(desk, each):
                yield finding


async def _processes(
    desk: Desk, *, server_away: bool
) -> AsyncIterator[tuple[ServiceProcess, Finding | None]]:
    """Each process with what is wrong with it, if anything is that a server doesn't explain."""
    states = await asyncio.gather(*(health(desk.ports.of(each)) for each in PROCESSES))
    explained = []
    for each, said in zip(PROCESSES, states, strict=True):
        log = desk.folder.log_of(each.name)
        if desk.pid_file(each.name).process() is None and not said.serves:
            last = process.last_line(log)
            yield each, Finding(f"{each.name} does not run ({last})", f"make up, or look at {log}")
        elif not said.why:
            yield each, None
        elif server_away:
            explained.append(each)
        else:
            what = f"{each.name} is {said.state} on port {desk.ports.of(each)} ({said.why})"
            yield each, Finding(what, f"make up, or look at {log}")
    if explained:
        what = f"so these can't do all of their work: {_names(explained)}"
        yield explained[0], Finding(what, follows=True)


def _supervisor(desk: Desk) -> Finding:
    """Whether what dies is started again."""
    if desk.pid_file(SUPERVISOR).process() is None:
        return Finding("nobody starts again what dies", "make up")
    return Finding("what dies is started again")


def _names(processes: Sequence[ServiceProcess]) -> str:
    return ", ".join(each.name for each in processes)


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


def _ports(desk: Desk) -> list[Finding]:
    """Who listens where one of our parts should, but does not."""
    found = [
        Finding(f"port {port} of {part} is taken", f"stop {process.holder(port)}, or set {name}")
        for port, part, name in desk.needed_ports()
        if process.is_taken(port)
    ]
    return found or [Finding("no port is taken by a stranger")]


async def _kafka(desk: Desk) -> Finding:
    bootstrap = desk.stack.kafka.bootstrap
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            brokers = desk.stack.kafka.brokers
            differences = await topics.differences(bootstrap, desk.topic_prefix, brokers)
    except (KafkaError, OSError, TimeoutError):
        log = desk.folder.log_of("kafka")
        advice = f"make up; if it dies again, look at {log}"
        return Finding(f"Kafka at {bootstrap} does not answer", advice, away=True)
    what = f"Kafka at {bootstrap}, topics as declared"
    return Finding(what, "; ".join(differences) and f"{'; '.join(differences)}: make up")


async def _postgres(desk: Desk) -> Finding:
    """The server of all databases that were not given."""
    server = desk.stack.postgres
    if not desk.stack.needs_postgres(each.name for each in SERVICES):
        return Finding("every service has a database that was given")
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await (await asyncpg.connect(server.admin_url)).close()
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        why = "it does not run" if not server.running() else _said(error)
        log = desk.folder.log_of("postgres")
        return Finding(
            f"Postgres at {server.where} does not answer ({why})",
            f"make up; if it dies again, look at {log}",
            away=True,
        )
    return Finding(f"Postgres at {server.where}")


async def _databases(desk: Desk) -> list[Finding]:
    """Reachable for each service's role, and migrated; what is wrong with several is told once."""
    wrong: dict[tuple[str, str], list[str]] = {}
    for each in SERVICES:
        database = desk.stack.database(each.name)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                missing = await _not_migrated(database.url, each.name)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            what = f"does not answer at {urlsplit(database.url).hostname} ({_said(error)})"
            wrong.setdefault((what, "make up, or look at the server"), []).append(each.name)
        else:
            if missing:
                what = f"has not run {', '.join(missing)}"
                wrong.setdefault((what, "make up"), []).append(each.name)
    found = [
        Finding(f"the database of {', '.join(services)} {what}", advice)
        for (what, advice), services in wrong.items()
    ]
    return found or [Finding(f"{len(SERVICES)} databases, migrated")]


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
