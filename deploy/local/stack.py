"""The one choice of servers: embedded, containers, or real ones; for `up` and tests alike.

| environment | Kafka | Postgres |
|---|---|---|
| nothing | embedded | embedded |
| `LEDGERDESK_BROKERS=3` | three embedded ones | embedded |
| `LEDGERDESK_STACK=containers` | a container | a container |
| `KAFKA_BOOTSTRAP_SERVERS` | that one | as above |
| `<SERVICE>_DATABASE_URL` | as above | that one, for that service |
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from deploy.local.databases import Database, database_of, roles_of
from deploy.local.folder import DataFolder
from deploy.local.process import PidFile
from deploy.local.services import Ports
from deploy.local.trouble import Trouble


class Server(Protocol):
    """A server that can be started twice, and stopped twice, without harm."""

    @property
    def kind(self) -> str: ...
    @property
    def where(self) -> str: ...
    @property
    def ports(self) -> Mapping[str, int]:
        """Every port on which it listens on this machine, by the name of its variable."""

    def start(self, progress: Callable[[str], None]) -> None: ...
    def launch(self, progress: Callable[[str], None]) -> None:
        """Start it, and do not wait until it is ready."""

    def stop(self) -> None: ...
    def running(self) -> bool: ...
    def forget(self) -> None:
        """Delete what it keeps outside the data folder."""


class Postgres(Server, Protocol):
    @property
    def admin_url(self) -> str: ...


class Kafka(Server, Protocol):
    @property
    def bootstrap(self) -> str: ...
    @property
    def brokers(self) -> int:
        """How many copies of a topic there can be."""

    @property
    def parts(self) -> Mapping[str, Server]:
        """Each broker, by its name: one may die while the others go on."""


@dataclass(frozen=True)
class GivenKafka:
    """A real broker: somebody else starts and stops it."""

    bootstrap: str
    kind: str = "a real server"
    brokers: int = 1

    @property
    def parts(self) -> Mapping[str, Server]:
        return {"kafka": self}

    @property
    def where(self) -> str:
        return self.bootstrap

    @property
    def ports(self) -> Mapping[str, int]:
        return {}

    def start(self, progress: Callable[[str], None]) -> None:
        progress(f"using Kafka at {self.bootstrap}")

    def launch(self, progress: Callable[[str], None]) -> None:
        """Not ours to start."""

    def stop(self) -> None:
        """Not ours to stop."""

    def running(self) -> bool:
        return True

    def forget(self) -> None:
        """Not ours to delete."""


@dataclass(frozen=True)
class Stack:
    """The servers of a desk, and where each service's database is on them."""

    kafka: Kafka
    postgres: Postgres
    passwords: Mapping[str, str]
    given: Mapping[str, Database]

    def database(self, service: str) -> Database:
        if service in self.given:
            return self.given[service]
        return database_of(service, self.postgres.admin_url, self.passwords)

    def needs_postgres(self, services: Iterable[str]) -> bool:
        return any(service not in self.given for service in services)


def choose(
    folder: DataFolder, ports: Ports, environ: Mapping[str, str], services: Iterable[str]
) -> Stack:
    """The servers that the environment asks for."""
    services = list(services)
    roles = [role for service in services for role in roles_of(service)]
    secrets = folder.secrets(["postgres", *roles])
    kind = environ.get("LEDGERDESK_STACK", "embedded")
    brokers = _brokers(folder, environ)
    postgres, kafka = _servers(kind, folder, ports, secrets["postgres"], brokers)
    if bootstrap := environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        kafka = GivenKafka(bootstrap)
    given = {
        service: database
        for service in services
        if (database := _given(service, environ)) is not None
    }
    return Stack(kafka, postgres, secrets, given)


def _servers(
    kind: str, folder: DataFolder, ports: Ports, password: str, brokers: int
) -> tuple[Postgres, Kafka]:
    match kind:
        case "embedded":
            from deploy.local.postgres import EmbeddedPostgres

            return (
                EmbeddedPostgres(
                    folder=folder.root / "postgres",
                    port=ports["LEDGERDESK_POSTGRES_PORT"],
                    password=password,
                    pid_file=PidFile(folder.run / "postgres.pid"),
                    log=folder.log_of("postgres"),
                ),
                _cluster(folder, ports, brokers),
            )
        case "containers":
            from deploy.local.containers import ContainerKafka, ContainerPostgres

            return (
                ContainerPostgres(folder.root, ports["LEDGERDESK_POSTGRES_PORT"], password),
                ContainerKafka(folder.root, ports["LEDGERDESK_KAFKA_PORT"]),
            )
        case _:
            raise Trouble(f"LEDGERDESK_STACK is {kind}: say embedded or containers")


def _cluster(folder: DataFolder, ports: Ports, brokers: int) -> Kafka:
    from deploy.local.kafka import EmbeddedCluster, EmbeddedKafka, controller_port, kafka_port

    numbers = range(1, brokers + 1)
    voters = {node: ports[controller_port(node)] for node in numbers}
    nodes = {}
    for node in numbers:
        name = "kafka" if node == 1 else f"kafka-{node}"
        nodes[name] = EmbeddedKafka(
            folder=folder.root / name,
            cache=folder.cache,
            port=ports[kafka_port(node)],
            controller_port=voters[node],
            pid_file=PidFile(folder.run / f"{name}.pid"),
            log=folder.log_of(name),
            # One is enough to learn from, and it must be stopped to tell.
            learns=folder.shared_cache is None and node == 1,
            node=node,
            voters=voters,
        )
    return EmbeddedCluster(nodes)


def _brokers(folder: DataFolder, environ: Mapping[str, str]) -> int:
    """How many brokers were asked for, else as many as this desk was made with."""
    made = 3 if (folder.root / "kafka-2").exists() else 1
    there = (folder.root / "kafka" / "log").exists()
    asked = environ.get("LEDGERDESK_BROKERS") or str(made)
    if asked not in {"1", "3"}:
        raise Trouble(f"LEDGERDESK_BROKERS is {asked}: say 1 or 3")
    if there and int(asked) != made:
        raise Trouble(
            f"This desk was made with {made} broker{'s' if made > 1 else ''}, not {asked}: "
            "make reset first, or choose another LEDGERDESK_DATA"
        )
    return int(asked)


def _given(service: str, environ: Mapping[str, str]) -> Database | None:
    """A real database from the environment; its owner is the same role unless told."""
    url = environ.get(f"{service.upper()}_DATABASE_URL")
    if url is None:
        return None
    return Database(service, url, environ.get(f"{service.upper()}_DATABASE_OWNER_URL", url))
