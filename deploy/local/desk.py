"""A whole desk on this machine: its servers, databases, topics and processes, up and down.

Every step looks first and does only what is missing, so that `up` heals whatever was
killed and leaves running what is well.
"""

import asyncio
import contextlib
import fcntl
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from deploy.local import databases, process
from deploy.local.folder import DataFolder
from deploy.local.process import PidFile
from deploy.local.services import (
    PROCESSES,
    SERVICES,
    Ports,
    ServiceProcess,
    choose_ports,
    command,
    environment,
    recorded_ports,
)
from deploy.local.stack import Server, Stack, choose
from deploy.local.trouble import DidNotStart, Trouble

SPACE_NEEDED_MB: Final = 1_000
READY_TIMEOUT_SECONDS: Final = 90.0
READY_POLL_SECONDS: Final = 0.1
TOPIC_PREFIX: Final = "ledgerdesk"

Say = Callable[[str], None]


@dataclass(frozen=True)
class State:
    """How a part of the desk is; `pid` is None when it does not run, or not here."""

    part: str
    where: str
    what: str
    pid: int | None
    state: str


@dataclass(frozen=True)
class Desk:
    """A desk: a folder, its ports and its servers."""

    folder: DataFolder
    ports: Ports
    stack: Stack
    secrets: Mapping[str, str]
    environ: Mapping[str, str]

    @classmethod
    def open(cls, folder: DataFolder, environ: Mapping[str, str]) -> "Desk":
        """The desk of a folder, whether it runs or not."""
        folder.create()
        ports = choose_ports(folder, environ)
        stack = choose(folder, ports, environ, [each.name for each in SERVICES])
        return cls(folder, ports, stack, folder.secrets(["identity", "link"]), environ)

    @property
    def topic_prefix(self) -> str:
        return self.environ.get("LEDGERDESK_TOPIC_PREFIX", TOPIC_PREFIX)

    async def up(self, say: Say) -> None:
        """Start whatever does not run, and wait until all of it is ready."""
        with self._alone():
            self.folder.check_space(SPACE_NEEDED_MB)
            self._keep_ports()
            await asyncio.gather(self._databases_up(say), self._kafka_up(say))
            await self._processes_up(say)

    async def down(self, say: Say) -> None:
        """Stop everything, in the order in which nothing misses what it still needs."""
        with self._alone():
            await self._down(say)

    async def reset(self, say: Say) -> None:
        """Stop everything and delete all data of this folder; downloads are kept."""
        with self._alone():
            await self._down(say)
            for server in (self.stack.kafka, self.stack.postgres):
                server.forget()
            self.folder.forget()
            say(f"forgot everything in {self.folder.root}")

    def environment_of(self, each: ServiceProcess) -> dict[str, str]:
        """What a process of this desk is told."""
        return environment(
            each,
            folder=self.folder,
            ports=self.ports,
            bootstrap=self.stack.kafka.bootstrap,
            database=self.stack.database(each.name) if each.has_database else None,
            secrets=self.secrets,
        )

    async def status(self) -> list[State]:
        """Every server and process, and how it is."""
        servers = [self._postgres_state(), self._server_state("kafka", self.stack.kafka)]
        return servers + list(await asyncio.gather(*map(self._process_state, PROCESSES)))

    def pid_file(self, name: str) -> PidFile:
        return PidFile(self.folder.run / f"{name}.pid")

    def _keep_ports(self) -> None:
        """Remember where this desk listens, which cannot change while it runs."""
        runs = any(PidFile(path).process() for path in self.folder.run.glob("*.pid"))
        if runs and recorded_ports(self.folder) not in (None, self.ports):
            raise Trouble("This desk runs on other ports than asked for: make down first")
        self.ports.record(self.folder)

    async def _databases_up(self, say: Say) -> None:
        names = [each.name for each in SERVICES]
        if self.stack.needs_postgres(names):
            await asyncio.to_thread(self.stack.postgres.start, say)
            await self._create_databases(names)
        say("migrating the databases")
        await asyncio.gather(*map(self._migrate, names))

    async def _create_databases(self, names: Sequence[str]) -> None:
        import asyncpg

        admin = await asyncpg.connect(self.stack.postgres.admin_url)
        try:
            for name in names:
                if name in self.stack.given:
                    continue
                await databases.create_roles(admin, name, self.stack.passwords)
                await databases.create_database(admin, self.stack.database(name))
        finally:
            await admin.close()

    async def _migrate(self, service: str) -> None:
        import asyncpg

        from shared.migrate import migrate

        database = self.stack.database(service)
        try:
            await migrate(database.owner_url, service, database.role)
        except (asyncpg.PostgresError, OSError) as error:
            where = urlsplit(database.url).hostname
            said = str(error).splitlines()[0]
            raise Trouble(
                f"The database of {service} at {where} could not be migrated: {said}: "
                f"look at {service.upper()}_DATABASE_URL and _OWNER_URL, or make reset"
            ) from error

    async def _kafka_up(self, say: Say) -> None:
        from aiokafka.errors import KafkaError

        from deploy import topics

        await asyncio.to_thread(self.stack.kafka.start, say)
        ours = "KAFKA_BOOTSTRAP_SERVERS" not in self.environ
        bootstrap = self.stack.kafka.bootstrap
        try:
            differences = await topics.create(bootstrap, self.topic_prefix, alter=ours)
        except KafkaError as error:
            raise Trouble(
                f"Kafka at {bootstrap} does not do as it is asked ({type(error).__name__}): "
                "is it there, and may we create topics?"
            ) from error
        if differences:
            raise Trouble(
                f"A topic is not as deploy/topics.yaml declares it: {differences[0]}: "
                "change one of the two"
            )

    async def _processes_up(self, say: Say) -> None:
        missing = [each for each in PROCESSES if self.pid_file(each.name).process() is None]
        for each in missing:
            process.check_port(self.ports.of(each), each.name, each.port_variable)
        if missing:
            say(f"starting {', '.join(each.name for each in missing)}")
        for each in missing:
            process.start(
                command(each),
                pid_file=self.pid_file(each.name),
                log=self.folder.log_of(each.name),
                environ=self.environment_of(each),
                folder=self.folder.root,
            )
        await self.await_ready(say if missing else lambda _: None)

    async def await_ready(self, say: Say) -> None:
        """Wait until every process is ready; name the first that does not become so."""
        waits = (self._await_one(each, say) for each in PROCESSES)
        for outcome in await asyncio.gather(*waits, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _await_one(self, each: ServiceProcess, say: Say) -> None:
        until = time.monotonic() + READY_TIMEOUT_SECONDS
        log = self.folder.log_of(each.name)
        while lacks := await not_ready(self.ports.of(each)):
            running = self.pid_file(each.name).process()
            if running is None or not process.alive(running):
                raise DidNotStart(each.name, process.last_line(log), log)
            if time.monotonic() > until:
                raise DidNotStart(each.name, lacks, log)
            await asyncio.sleep(READY_POLL_SECONDS)
        say(f"{each.name} is ready")

    async def _down(self, say: Say) -> None:
        await asyncio.gather(*(self._stop(each, say) for each in PROCESSES))
        for name, server in (("Kafka", self.stack.kafka), ("Postgres", self.stack.postgres)):
            if server.running():
                say(f"stopping {name}")
            await asyncio.to_thread(server.stop)
        # What an earlier version, or another choice of servers, has started.
        for path in self.folder.run.glob("*.pid"):
            left = PidFile(path).process()
            if left is not None:
                await asyncio.to_thread(process.stop, left)
            path.unlink()

    async def _stop(self, each: ServiceProcess, say: Say) -> None:
        pid_file = self.pid_file(each.name)
        running = pid_file.process()
        if running is not None:
            killed = await asyncio.to_thread(process.stop, running)
            say(f"{each.name} {'did not stop and was killed' if killed else 'stopped'}")
        pid_file.remove()

    async def _process_state(self, each: ServiceProcess) -> State:
        running = self.pid_file(each.name).process()
        where = self.ports.url(each)
        if running is not None:
            lacks = await not_ready(self.ports.of(each))
            state = "not ready" if lacks else "ready"
            return State(each.name, where, lacks or each.what, running.pid, state)
        state = "crashed" if self.pid_file(each.name).path.exists() else "stopped"
        return State(each.name, where, each.what, None, state)

    def _postgres_state(self) -> State:
        if not self.stack.needs_postgres(each.name for each in SERVICES):
            return State("postgres", "as given", "a real server for every service", None, "ready")
        return self._server_state("postgres", self.stack.postgres)

    def _server_state(self, name: str, server: Server) -> State:
        running = self.pid_file(name).process()
        pid = running.pid if running is not None else None
        if server.running():
            return State(name, server.where, server.kind, pid, "ready")
        state = "crashed" if self.pid_file(name).path.exists() else "stopped"
        return State(name, server.where, server.kind, None, state)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Let no two commands change the same desk at once."""
        with (self.folder.root / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Trouble(
                    "Another command is starting or stopping this desk: wait until it has ended"
                ) from None
            yield


async def not_ready(port: int) -> str:
    """What `GET /health/ready` of the process at the port complains of; empty when ready."""
    try:
        async with asyncio.timeout(2):
            status, body = await _get(port, "/health/ready")
    except (OSError, TimeoutError, ValueError) as error:
        return f"no answer ({type(error).__name__})"
    if status == 200:
        return ""
    with contextlib.suppress(ValueError, KeyError):
        return "; ".join(json.loads(body)["reasons"])
    return f"it answers {status}"


async def _get(port: int, path: str) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        # HTTP/1.0, so that the answer comes in one piece and ends with the connection.
        writer.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        return int(head[9:12]), body
    finally:
        writer.close()
