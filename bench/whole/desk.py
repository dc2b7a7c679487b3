"""A desk of its own for a bench: started as `make up` starts it, with room for every ticket."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import orjson
import psutil
import yaml

from bench.http import Client
from deploy.local import process
from deploy.local.desk import Desk
from deploy.local.folder import REPOSITORY, DataFolder, data_folder
from deploy.local.process import PidFile
from deploy.local.services import PROCESSES, SERVER_PORTS, SERVICES
from deploy.local.trouble import Trouble
from shared.clock import utc_now
from shared.events.assignment import Role
from shared.identity import HEADER, Identity, sign

CAPACITY: Final = 1_000_000
SERVERS: Final = ("postgres", "kafka")
FOLDER_PREFIX: Final = "ledgerdesk-test-"
"""What a killed bench leaves behind is swept by the next run of the tests."""


@dataclass(frozen=True)
class BenchDesk:
    """A running desk, as a bench sees it."""

    desk: Desk

    def client(self, service: str, connections: int = 1) -> Client:
        """A client of one of its processes."""
        each = next(each for each in PROCESSES if each.name == service)
        return Client("127.0.0.1", self.desk.ports.of(each), connections)

    def headers(self, service: str) -> str:
        """The header of an operator's request to a service."""
        identity = Identity("operator:bench", "cli", role=Role.OPERATOR)
        return f"{HEADER}: {sign(self.desk.secrets['identity'], identity, service, utc_now())}\r\n"

    async def lags(self) -> dict[str, int]:
        """How many events each follower is behind, by `service/follower`."""
        found: dict[str, int] = {}
        for each in SERVICES:
            async with self.client(each.name) as client:
                _, body = await client.get("/v1/followers", self.headers(each.name))
            overview = orjson.loads(body)
            for follower in overview["followers"]:
                found[f"{each.name}/{follower['name']}"] = follower["lag"]
            found[f"{each.name}/inbox"] = int(not overview["inbox"]["caught_up"])
        return found

    async def settle(self, seconds_max: float = 120) -> None:
        """Wait until every follower has come to the end, twice in a row."""
        async with asyncio.timeout(seconds_max):
            quiet = 0
            while quiet < 2:
                quiet = 0 if any((await self.lags()).values()) else quiet + 1
                await asyncio.sleep(0.5)

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time so far, by process; Postgres' with all its children."""
        spent: dict[str, float] = {}
        for name in (*SERVERS, *(each.name for each in PROCESSES)):
            running = self.desk.pid_file(name).process()
            if running is not None:
                times = [p.cpu_times() for p in _family(running)]
                # Children that have ended are counted by their parent.
                spent[name] = sum(
                    t.user + t.system + t.children_user + t.children_system for t in times
                )
        return spent

    def postgres_seconds(self) -> dict[str, float]:
        """Processor time so far of Postgres' processes that are there now, by what they do."""
        running = self.desk.pid_file("postgres").process()
        spent: dict[str, float] = {}
        for child in running.children() if running is not None else ():
            words = " ".join(child.cmdline()).split()
            name = words[1].rstrip(":") if len(words) > 1 else "?"
            times = child.cpu_times()
            spent[name] = spent.get(name, 0) + times.user + times.system
        return spent

    def pss_mb(self) -> dict[str, float]:
        """Proportional set size in MB, by process."""
        used: dict[str, float] = {}
        for each in PROCESSES:
            running = self.desk.pid_file(each.name).process()
            if running is not None:
                used[each.name] = running.memory_full_info().pss / 2**20
        return used


def _family(parent: psutil.Process) -> list[psutil.Process]:
    return [parent, *parent.children(recursive=True)]


@asynccontextmanager
async def bench_desk() -> AsyncIterator[BenchDesk]:
    """Start a desk with agents who take whatever comes; stop and delete it at the end."""
    root = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
    PidFile(root / "owner.pid").write(os.getpid())
    cache = data_folder().cache
    cache.mkdir(parents=True, exist_ok=True)
    (root / "cache").symlink_to(cache)
    folder = DataFolder(root)
    environ = _environ(root)
    os.environ.update(environ)
    desk = Desk.open(folder, environ)
    try:
        await desk.up(lambda _: None)
        await _everybody_in(desk, root)
        yield BenchDesk(desk)
    finally:
        await desk.reset(lambda _: None)
        shutil.rmtree(root, ignore_errors=True)


def _environ(root: Path) -> dict[str, str]:
    variables = [*SERVER_PORTS, *(each.port_variable for each in PROCESSES)]
    numbers: dict[str, int] = {}
    while len(set(numbers.values())) < len(variables):
        numbers = {variable: process.free_port() for variable in variables}
    told = {name: str(port) for name, port in numbers.items()}
    return {**os.environ, **told, "LEDGERDESK_DATA": str(root)}


async def _everybody_in(desk: Desk, root: Path) -> None:
    """Apply the sample desk, with room for all tickets, and bring its agents online."""
    sample: dict[str, Any] = yaml.safe_load((REPOSITORY / "deploy" / "desk.yaml").read_text())
    for agent in sample["agents"].values():
        agent["capacity"] = CAPACITY
    path = root / "desk.yaml"
    path.write_text(yaml.safe_dump(sample, allow_unicode=True), encoding="utf-8")
    async with asyncio.timeout(120):
        while not await _applied(path):
            await asyncio.sleep(0.5)
    gateway = desk.ports.url(next(each for each in PROCESSES if each.name == "gateway"))
    tokens = [word for word in desk.folder.sign_in.read_text().split() if word.startswith("ld_")]
    async with httpx.AsyncClient(base_url=f"{gateway}/api/v1", timeout=30) as http:
        for token in tokens:
            await _online(http, token)


async def _applied(path: Path) -> bool:
    """Apply the desk; False if a service still looks for what it had said before."""
    from cli.desk import apply

    try:
        await apply(path)
    except Trouble:
        return False
    return True


async def _online(http: httpx.AsyncClient, token: str) -> None:
    signed_in = {"Authorization": f"Bearer {token}"}
    async with asyncio.timeout(60):
        while (me := await http.get("/me", headers=signed_in)).status_code != 200:
            await asyncio.sleep(0.2)
    if me.json()["capacity"]:
        answer = await http.put("/me/presence", json={"online": True}, headers=signed_in)
        answer.raise_for_status()
