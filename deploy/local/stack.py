"""The one choice of servers: embedded, containers, or real ones; for `up` and tests alike.

| environment | Kafka | Postgres |
|---|---|---|
| nothing | embedded | embedded |
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
    def start(self, progress: Callable[[str], None]) -> None: ...
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


@dataclass(frozen=True)
class GivenKafka:
    """A real broker: somebody else starts and stops it."""

    bootstrap: str
    kind: str = "a real server"

    @property
    def where(self) -> str:
        return self.bootstrap

    def start(self, progress: Callable[[str], None]) -> None:
        progress(f"using Kafka at {self.bootstrap}")

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
    postgres, kafka = _servers(kind, folder, ports, secrets["postgres"])
    if bootstrap := environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        kafka = GivenKafka(bootstrap)
    given = {
        service: database
        for service in services
        if (database := _given(service, environ)) is not None
    }
    return Stack(kafka, postgres, secrets, given)


def _servers(kind: str, folder: DataFolder, ports: Ports, password: str) -> tuple[Postgres, Kafka]:
    match kind:
        case "embedded":
            from deploy.local.kafka import EmbeddedKafka
            from deploy.local.postgres import EmbeddedPostgres

            return (
                EmbeddedPostgres(
                    folder=folder.root / "postgres",
                    port=ports["LEDGERDESK_POSTGRES_PORT"],
                    password=password,
                    pid_file=PidFile(folder.run / "postgres.pid"),
                    log=folder.log_of("postgres"),
                ),
                EmbeddedKafka(
                    folder=folder.root / "kafka",
                    cache=folder.cache,
                    port=ports["LEDGERDESK_KAFKA_PORT"],
                    controller_port=ports["LEDGERDESK_KAFKA_CONTROLLER_PORT"],
                    pid_file=PidFile(folder.run / "kafka.pid"),
                    log=folder.log_of("kafka"),
                    learns=folder.shared_cache is None,
                ),
            )
        case "containers":
            from deploy.local.containers import ContainerKafka, ContainerPostgres

            return (
                ContainerPostgres(folder.root, ports["LEDGERDESK_POSTGRES_PORT"], password),
                ContainerKafka(folder.root, ports["LEDGERDESK_KAFKA_PORT"]),
            )
        case _:
            raise Trouble(f"LEDGERDESK_STACK is {kind}: say embedded or containers")


def _given(service: str, environ: Mapping[str, str]) -> Database | None:
    """A real database from the environment; its owner is the same role unless told."""
    url = environ.get(f"{service.upper()}_DATABASE_URL")
    if url is None:
        return None
    return Database(service, url, environ.get(f"{service.upper()}_DATABASE_OWNER_URL", url))
