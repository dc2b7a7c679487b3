"""A whole desk of real processes for tests, and the people who use it.

The desk is started as `make up` starts it, in a folder and on ports of its own.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import yaml

from deploy.local import process
from deploy.local.databases import Database
from deploy.local.desk import Desk
from deploy.local.folder import REPOSITORY, DataFolder, data_folder
from deploy.local.process import PidFile
from deploy.local.services import PROCESSES, SERVER_PORTS, SERVICES, Ports, recorded_ports
from shared.clock import utc_now
from shared.events.assignment import Role
from shared.identity import HEADER, Identity, sign
from shared.postgres import Pool, open_pool

NAMES = [each.name for each in SERVICES]
START_SECONDS_MAX = 180


@dataclass
class World:
    """A running desk."""

    folder: DataFolder
    environ: Mapping[str, str]
    ports: Ports
    clients: list[httpx.AsyncClient] = field(default_factory=list)
    """Closed after each test."""
    prepared: ExitStack = field(default_factory=ExitStack)
    """What was done to the folder, undone once nothing runs in it."""

    @classmethod
    def create(
        cls,
        more: Mapping[str, str] | None = None,
        prepare: Callable[[Path, ExitStack], None] | None = None,
    ) -> "World":
        """Start a desk of its own, with `more` in its environment.

        `prepare` may do something to its folder before, and undo it after `down`. Raises with
        what `up` said if it does not start.
        """
        root = Path(tempfile.mkdtemp(prefix="ledgerdesk-test-"))
        cache = data_folder().cache
        cache.mkdir(parents=True, exist_ok=True)
        (root / "cache").symlink_to(cache)
        PidFile(root / "owner.pid").write(os.getpid())
        variables = [*SERVER_PORTS, *(each.port_variable for each in PROCESSES)]
        numbers: dict[str, int] = {}
        while len(set(numbers.values())) < len(variables):
            numbers = {variable: process.free_port() for variable in variables}
        told = {name: str(port) for name, port in numbers.items()}
        environ = {**os.environ, **(more or {}), **told, "LEDGERDESK_DATA": str(root)}
        world = cls(DataFolder(root), environ, Ports(numbers))
        try:
            if prepare is not None:
                prepare(root, world.prepared)
            world.run("up")
        except BaseException:
            world.close()
            raise
        return world

    @classmethod
    def attach(cls, root: Path) -> "World":
        """A desk that runs already, in this data folder; it is left running."""
        folder = DataFolder(root)
        ports = recorded_ports(folder)
        assert ports is not None, f"no desk runs in {root}"
        told = {name: str(port) for name, port in ports.numbers.items()}
        return cls(folder, {**os.environ, **told, "LEDGERDESK_DATA": str(root)}, ports)

    def run(self, *arguments: str) -> str:
        """What a command of `ledgerdesk` prints; raises with it if the command fails."""
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            env=dict(self.environ),
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=START_SECONDS_MAX,
            check=False,
        )
        if done.returncode != 0:
            raise AssertionError(f"ledgerdesk {arguments} failed:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def follow_up_soon(self) -> None:
        """Apply the sample desk with follow-ups two seconds after closing."""
        desk = self.desk_file
        for topic in desk["topics"].values():
            topic["follow_up_after_minutes"] = 2 / 60
        path = self.folder.root / "desk.yaml"
        path.write_text(yaml.safe_dump(desk, allow_unicode=True), encoding="utf-8")
        self.run("desk", "apply", str(path))

    def close(self) -> None:
        """Stop everything and delete it."""
        try:
            self.run("down")
            self.prepared.close()
            self.run("reset")
        finally:
            shutil.rmtree(self.folder.root, ignore_errors=True)

    def url(self, service: str) -> str:
        """Where a process listens."""
        return self.ports.url(next(each for each in PROCESSES if each.name == service))

    def database(self, service: str) -> Database:
        """A service's database."""
        return Desk.open(self.folder, dict(self.environ)).stack.database(service)

    @asynccontextmanager
    async def pool(self, service: str) -> AsyncIterator[Pool]:
        """Connections to a service's database, as the service's own role."""
        pool = await open_pool(self.database(service).url, 4, "test")
        try:
            yield pool
        finally:
            await pool.close()

    def kill(self, service: str) -> None:
        """kill -9."""
        running = PidFile(self.folder.run / f"{service}.pid").process()
        assert running is not None, f"{service} does not run"
        running.kill()

    def token(self, agent_id: str) -> str:
        """An agent's bearer token, from the file that people read."""
        email = self.desk_file["agents"][agent_id]["email"]
        lines = self.folder.sign_in.read_text(encoding="utf-8").splitlines()
        return next(line.split()[-1] for line in lines if email in line)

    @property
    def desk_file(self) -> dict[str, Any]:
        """The sample desk."""
        text = (REPOSITORY / "deploy" / "desk.yaml").read_text(encoding="utf-8")
        desk: dict[str, Any] = yaml.safe_load(text)
        return desk

    def everyone(self, role: str = "agent") -> list[str]:
        """The ids of the sample desk's people with this role."""
        agents = self.desk_file["agents"].items()
        return [agent_id for agent_id, agent in agents if agent.get("role", "agent") == role]

    def client(self, base_url: str = "", **options: Any) -> httpx.AsyncClient:
        """A browser or program of somebody, closed after the test."""
        self.clients.append(httpx.AsyncClient(base_url=base_url, timeout=30, **options))
        return self.clients[-1]

    def agent(self, agent_id: str) -> httpx.AsyncClient:
        """A client of the gateway, signed in as this agent."""
        headers = {"Authorization": f"Bearer {self.token(agent_id)}"}
        return self.client(self.url("gateway"), headers=headers)

    def operator_headers(self, service: str) -> dict[str, str]:
        """A signed identity of an operator, for a service's inner API."""
        secret = self.folder.secrets(["identity"])["identity"]
        identity = Identity("operator:test", "cli", role=Role.OPERATOR)
        return {HEADER: sign(secret, identity, service, utc_now())}

    async def followers(self, service: str) -> dict[str, Any]:
        """Where a service's followers stand."""
        async with httpx.AsyncClient(timeout=10) as client:
            answer = await client.get(
                f"{self.url(service)}/v1/followers", headers=self.operator_headers(service)
            )
            answer.raise_for_status()
            overview: dict[str, Any] = answer.json()
            return overview

    async def is_settled(self) -> bool:
        """Whether everything that was said has been heard and followed everywhere."""
        for name in NAMES:
            overview = await self.followers(name)
            behind = [f for f in overview["followers"] if f["lag"]]
            assert not behind, f"{name}: {behind}"
            assert overview["inbox"]["caught_up"], name
            assert not overview["inbox"]["waiting"], name
        return True


async def fetch(database_url: str, query: str, *arguments: object) -> list[asyncpg.Record]:
    """The rows of one query."""
    connection = await asyncpg.connect(database_url)
    try:
        return await connection.fetch(query, *arguments)
    finally:
        await connection.close()
