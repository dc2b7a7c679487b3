"""A whole desk on this machine: its servers, databases, topics and processes, up and down.

Every step looks first and does only what is missing, so that `up` heals whatever was
killed and leaves running what is well. In between, a supervisor does.
"""

import asyncio
import contextlib
import fcntl
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from deploy.local import databases, process
from deploy.local.folder import REPOSITORY, DataFolder, write_private
from deploy.local.health import health
from deploy.local.parts import Part
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
# After which what a process lacks that serves all the same is only mentioned.
WHOLE_TIMEOUT_SECONDS: Final = 30.0
TOPIC_PREFIX: Final = "ledgerdesk"
SUPERVISOR: Final = "supervisor"

Say = Callable[[str], None]


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
        return cls(folder, ports, stack, folder.secrets(["identity", "link", "metrics"]), environ)

    @property
    def topic_prefix(self) -> str:
        return self.environ.get("LEDGERDESK_TOPIC_PREFIX", TOPIC_PREFIX)

    async def up(self, say: Say) -> None:
        """Start whatever does not run, and wait until all of it is ready."""
        with self._alone():
            self.folder.check_space(SPACE_NEEDED_MB)
            self.folder.make_master_key()
            write_private(self.folder.root / "metrics-token", self.secrets["metrics"])
            process.check_ports(self.needed_ports())
            self._keep_ports()
            await asyncio.gather(self._databases_up(say), self._kafka_up(say))
            await self._processes_up(say)
            self._supervisor_up()

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

    def servers(self) -> Mapping[str, Server]:
        """Its servers, by their names: Postgres, unless every service was given another, and
        each Kafka."""
        brokers = self.stack.kafka.parts
        if self.stack.needs_postgres(each.name for each in SERVICES):
            return {"postgres": self.stack.postgres, **brokers}
        return dict(brokers)

    def needed_ports(self) -> Iterator[tuple[int, str, str]]:
        """Port, part and variable of whatever does not run yet and is to listen."""
        for name, server in self.servers().items():
            if not server.running():
                for variable, port in server.ports.items():
                    yield port, name.capitalize(), variable
        for each in PROCESSES:
            if self.pid_file(each.name).process() is None:
                for variable in each.port_variables:
                    yield self.ports[variable], each.name, variable

    def parts(self) -> tuple[Part, ...]:
        """Whatever of this desk may die and is to be started again, servers first."""
        made = [
            self._part(name, server.running, partial(server.launch, _quietly))
            for name, server in self.servers().items()
        ]
        for each in PROCESSES:
            named = self.pid_file(each.name)
            made.append(
                self._part(
                    each.name,
                    lambda named=named: named.process() is not None,  # type: ignore[misc]
                    partial(self._launch, each),
                )
            )
        return tuple(made)

    @contextlib.contextmanager
    def mending(self) -> Iterator[bool]:
        """For the supervisor: whether no command starts or stops this desk, and none will."""
        with (self.folder.run / "mending.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def pid_file(self, name: str) -> PidFile:
        return PidFile(self.folder.run / f"{name}.pid")

    def _part(self, name: str, running: Callable[[], bool], launch: Callable[[], None]) -> Part:
        log = self.folder.log_of(name)
        return Part(name, log, running, launch, partial(process.last_line, log))

    def _supervisor_up(self) -> None:
        pid_file = self.pid_file(SUPERVISOR)
        if pid_file.process() is None:
            process.start(
                [sys.executable, "-m", "deploy.local.supervisor"],
                pid_file=pid_file,
                log=self.folder.log_of(SUPERVISOR),
                environ={**self.environ, "LEDGERDESK_DATA": str(self.folder.root)},
                folder=REPOSITORY,
            )

    def _keep_ports(self) -> None:
        """Remember where this desk listens, which cannot change while it runs."""
        runs = any(PidFile(path).process() for path in self.folder.run.glob("*.pid"))
        last = recorded_ports(self.folder)
        if runs and last is not None and not last.numbers.items() <= self.ports.numbers.items():
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
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            where = urlsplit(database.url).hostname or "an unknown place"
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
            differences = await topics.create(
                bootstrap, self.topic_prefix, alter=ours, brokers=self.stack.kafka.brokers
            )
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
            self.ports.check(each)
        if missing:
            say(f"starting {', '.join(each.name for each in missing)}")
        for each in missing:
            self._launch(each)
        await self.await_ready(say if missing else lambda _: None)

    def _launch(self, each: ServiceProcess) -> None:
        self.ports.check(each)
        process.start(
            command(each),
            pid_file=self.pid_file(each.name),
            log=self.folder.log_of(each.name),
            environ=self.environment_of(each),
            folder=self.folder.root,
        )

    async def await_ready(self, say: Say) -> None:
        """Wait until every process is ready; name the first that does not become so."""
        waits = (self._await_one(each, say) for each in PROCESSES)
        for outcome in await asyncio.gather(*waits, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _await_one(self, each: ServiceProcess, say: Say) -> None:
        until = time.monotonic() + READY_TIMEOUT_SECONDS
        log = self.folder.log_of(each.name)
        whole_until = time.monotonic() + WHOLE_TIMEOUT_SECONDS
        while (said := await health(self.ports.of(each))).why:
            if said.serves and time.monotonic() > whole_until:
                say(f"{each.name} serves, but is degraded: {said.why}")
                return
            running = self.pid_file(each.name).process()
            if running is None or not process.alive(running):
                raise DidNotStart(each.name, process.last_line(log), log)
            if time.monotonic() > until:
                raise DidNotStart(each.name, said.why, log)
            await asyncio.sleep(READY_POLL_SECONDS)
        say(f"{each.name} is ready")

    async def _down(self, say: Say) -> None:
        supervisor = self.pid_file(SUPERVISOR).process()
        if supervisor is not None:
            await asyncio.to_thread(process.stop, supervisor)
        self.pid_file(SUPERVISOR).remove()
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
            with (self.folder.run / "mending.lock").open("w") as mending:
                # The supervisor holds it for moments only, and lets everything be while we do.
                fcntl.flock(mending, fcntl.LOCK_EX)
                yield


def _quietly(_: str) -> None:
    """The supervisor says itself what it does."""
