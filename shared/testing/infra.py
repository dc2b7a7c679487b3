"""The servers that tests use: chosen by `deploy.local.stack` as for `up`, but in a folder
and on ports of their own, so that several test runs at once never meet.

`tests/conftest.py` makes fixtures of these.
"""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from deploy import topics
from deploy.local import process
from deploy.local.databases import Database, create_database, create_roles
from deploy.local.folder import DataFolder, data_folder
from deploy.local.process import PidFile
from deploy.local.services import SERVER_PORTS, SERVICES, Ports
from deploy.local.stack import Kafka, Postgres, Stack, choose

FOLDER_PREFIX: Final = "ledgerdesk-test-"
SERVICE_NAMES: Final = tuple(each.name for each in SERVICES)


@dataclass(frozen=True)
class TopicNames:
    """Fresh topics for one test, on the broker that all tests share."""

    bootstrap: str
    prefix: str

    @property
    def tickets(self) -> str:
        return f"{self.prefix}.tickets"

    @property
    def desk(self) -> str:
        return f"{self.prefix}.desk"

    @property
    def keys(self) -> str:
        return f"{self.prefix}.keys"

    @property
    def access(self) -> str:
        return f"{self.prefix}.access"


@dataclass
class TestServers:
    """The servers of one test run; each starts when first asked for."""

    __test__ = False

    folder: DataFolder
    stack: Stack
    _templates: dict[str, str] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=count)
    _roles: set[str] = field(default_factory=set)

    @classmethod
    def create(cls) -> "TestServers":
        sweep()
        root = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
        folder = DataFolder(root, shared_cache=data_folder().cache)
        folder.create()
        PidFile(root / "owner.pid").write(os.getpid())
        ports = Ports({variable: process.free_port() for variable in SERVER_PORTS})
        return cls(folder, choose(folder, ports, os.environ, SERVICE_NAMES))

    def postgres(self) -> Postgres:
        """Postgres, running."""
        self.stack.postgres.start(_quietly)
        return self.stack.postgres

    def kafka(self) -> Kafka:
        """Kafka, running."""
        self.stack.kafka.start(_quietly)
        return self.stack.kafka

    def close(self) -> None:
        for server in (self.stack.kafka, self.stack.postgres):
            server.stop()
            server.forget()
        shutil.rmtree(self.folder.root, ignore_errors=True)

    async def database(self, service: str) -> Database:
        """A fresh, migrated database of a service; see `drop`."""
        template = await self._template(service)
        return await self._copy(service, f"{template}_{next(self._numbers)}", template)

    async def drop(self, database: Database) -> None:
        async with self._admin(database.service) as admin:
            await admin.execute(f'drop database if exists "{database.name}" with (force)')

    async def topics(self) -> TopicNames:
        """Fresh topics, as many partitions as declared."""
        bootstrap = self.kafka().bootstrap
        prefix = f"{FOLDER_PREFIX}{os.getpid()}-{next(self._numbers)}"
        differences = await topics.create(bootstrap, prefix)
        assert not differences, differences
        return TopicNames(bootstrap, prefix)

    async def _template(self, service: str) -> str:
        """The database that a service's fresh ones are copies of: migrated once a run."""
        if service not in self._templates:
            from shared.migrate import migrate

            name = f"test_{os.getpid()}_{service}"
            database = await self._copy(service, name, "template1")
            await migrate(database.owner_url, service, database.role)
            self._templates[service] = name
        return self._templates[service]

    async def _copy(self, service: str, name: str, template: str) -> Database:
        usual = self.stack.database(service)
        database = Database(service, _named(usual.url, name), _named(usual.owner_url, name))
        async with self._admin(service) as admin:
            if service not in self.stack.given and service not in self._roles:
                await create_roles(admin, service, self.stack.passwords)
                self._roles.add(service)
            await create_database(admin, database, template=template)
        return database

    @asynccontextmanager
    async def _admin(self, service: str) -> "AsyncIterator[asyncpg.Connection[asyncpg.Record]]":
        """Who may create databases: the superuser, or the owner on a real server."""
        given = self.stack.given.get(service)
        url = given.owner_url if given is not None else self.postgres().admin_url
        connection = await asyncpg.connect(url)
        try:
            yield connection
        finally:
            await connection.close()


def sweep() -> None:
    """Stop and delete what test runs that were killed have left behind."""
    for root in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        owner = PidFile(root / "owner.pid")
        if not owner.path.exists() or owner.process() is not None:
            continue
        for pid_file in (root / "run").glob("*.pid"):
            left = PidFile(pid_file).process()
            if left is not None:
                left.kill()
                process.gone(left, timeout_seconds=5)
        if os.environ.get("LEDGERDESK_STACK") == "containers":
            from deploy.local.containers import ContainerKafka, ContainerPostgres

            ContainerKafka(root, port=0).forget()
            ContainerPostgres(root, port=0, password="").forget()
        shutil.rmtree(root, ignore_errors=True)


def _named(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def _quietly(_: str) -> None:
    """Tests say nothing while a server starts."""
