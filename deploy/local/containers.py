"""Postgres and Kafka as containers, by testcontainers: `LEDGERDESK_STACK=containers`.

A container is known by a name derived from the data folder and keeps its data in a volume
of that name, so that it is found again by the next command, and survives `down`.
"""

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.local import process
from deploy.local.trouble import Trouble

# Others, e.g. locally built ones, by LEDGERDESK_POSTGRES_IMAGE and _KAFKA_IMAGE.
POSTGRES_IMAGE: Final = os.environ.get("LEDGERDESK_POSTGRES_IMAGE", "postgres:18")
KAFKA_IMAGE: Final = os.environ.get("LEDGERDESK_KAFKA_IMAGE", "apache/kafka:4.3.1")
START_TIMEOUT_SECONDS: Final = 120
KAFKA_DATA: Final = "/var/lib/kafka/data"
POSTGRES_DATA: Final = "/var/lib/postgresql"


@dataclass(frozen=True)
class ContainerPostgres:
    data: Path
    port: int
    password: str
    kind: str = "container"

    @property
    def ports(self) -> "Mapping[str, int]":
        return {"LEDGERDESK_POSTGRES_PORT": self.port}

    @property
    def where(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def admin_url(self) -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    def start(self, progress: Callable[[str], None]) -> None:
        progress(f"starting {POSTGRES_IMAGE}")
        name = _name("postgres", self.data)
        if not _started_again(name):
            _run(
                POSTGRES_IMAGE,
                name,
                ports={5432: self.port},
                environ={"POSTGRES_PASSWORD": self.password},
                volume=POSTGRES_DATA,
                command="postgres -c max_connections=300 -c jit=off",
            )
        _await(name, self.port, "Postgres")

    def launch(self, progress: Callable[[str], None]) -> None:
        """Start the container again, and do not wait."""
        progress("starting Postgres")
        _started_again(_name("postgres", self.data))

    def stop(self) -> None:
        _stop(_name("postgres", self.data))

    def running(self) -> bool:
        return _status(_name("postgres", self.data)) == "running"

    def forget(self) -> None:
        _forget(_name("postgres", self.data))


@dataclass(frozen=True)
class ContainerKafka:
    data: Path
    port: int
    kind: str = "container"
    brokers: int = 1

    @property
    def parts(self) -> "Mapping[str, ContainerKafka]":
        return {"kafka": self}

    @property
    def ports(self) -> "Mapping[str, int]":
        return {"LEDGERDESK_KAFKA_PORT": self.port}

    @property
    def where(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self, progress: Callable[[str], None]) -> None:
        progress(f"starting {KAFKA_IMAGE}")
        name = _name("kafka", self.data)
        if not _started_again(name):
            _run(
                KAFKA_IMAGE,
                name,
                ports={self.port: self.port},
                environ=_kafka_environment(self.port),
                volume=KAFKA_DATA,
                user="root",  # a new volume belongs to root
            )
        _await(name, self.port, "Kafka")

    def launch(self, progress: Callable[[str], None]) -> None:
        """Start the container again, and do not wait."""
        progress("starting Kafka")
        _started_again(_name("kafka", self.data))

    def stop(self) -> None:
        _stop(_name("kafka", self.data))

    def running(self) -> bool:
        return _status(_name("kafka", self.data)) == "running"

    def forget(self) -> None:
        _forget(_name("kafka", self.data))


def _kafka_environment(port: int) -> dict[str, str]:
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:29093",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENERS": f"PLAINTEXT://:{port},CONTROLLER://:29093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_LOG_DIRS": KAFKA_DATA,
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_HEAP_OPTS": "-Xmx512m",
    }


def _docker() -> Any:
    """A client of the Docker engine, or Trouble when none answers."""
    # The engine would remove our containers as soon as this command ends.
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env()
        client.ping()
    except DockerException as error:
        raise Trouble(
            "LEDGERDESK_STACK=containers needs a Docker engine and none answers: "
            "start Docker, or leave LEDGERDESK_STACK out to use the embedded servers"
        ) from error
    return client


def _name(part: str, data: Path) -> str:
    return f"ledgerdesk-{part}-{hashlib.sha256(str(data).encode()).hexdigest()[:12]}"


def _container(name: str) -> Any | None:
    from docker.errors import NotFound

    try:
        return _docker().containers.get(name)
    except NotFound:
        return None


def _status(name: str) -> str:
    container = _container(name)
    return "absent" if container is None else str(container.status)


def _started_again(name: str) -> bool:
    container = _container(name)
    if container is None:
        return False
    container.start()
    return True


def _run(
    image: str,
    name: str,
    *,
    ports: dict[int, int],
    environ: dict[str, str],
    volume: str,
    command: str | None = None,
    user: str | None = None,
) -> None:
    _docker()
    from testcontainers.core.container import DockerContainer

    made = DockerContainer(image).with_name(name).with_volume_mapping(name, volume, "rw")
    # On this machine only: with_bind_ports would open them to every network.
    made.ports = {str(inside): ("127.0.0.1", outside) for inside, outside in ports.items()}  # type: ignore[misc]
    for variable, value in environ.items():
        made = made.with_env(variable, value)
    if command is not None:
        made = made.with_command(command)
    if user is not None:
        made = made.with_kwargs(user=user)
    made.start()


def _stop(name: str) -> None:
    container = _container(name)
    if container is not None:
        container.stop(timeout=30)


def _forget(name: str) -> None:
    """Remove the container and its volume."""
    from docker.errors import NotFound

    container = _container(name)
    if container is not None:
        container.remove(force=True)
    try:
        _docker().volumes.get(name).remove()
    except NotFound:
        return


def _await(name: str, port: int, part: str) -> None:
    until = time.monotonic() + START_TIMEOUT_SECONDS
    while not process.answers(port):
        if _status(name) == "exited":
            raise Trouble(f"{part} did not start in its container: docker logs {name}")
        if time.monotonic() > until:
            raise Trouble(f"{part} was not ready in time: docker logs {name}")
        time.sleep(0.2)
