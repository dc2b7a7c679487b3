"""The servers that everything else is tested on, and what they do when things go wrong."""

import json
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from cli.main import main
from deploy import lock
from deploy import topics as declared
from deploy.local import desk as desks
from deploy.local import jars, process
from deploy.local.databases import Database
from deploy.local.desk import Desk
from deploy.local.folder import DataFolder, data_folder
from deploy.local.process import PidFile
from deploy.local.services import PROCESSES, SERVER_PORTS, Ports, ServiceProcess, choose_ports
from deploy.local.stack import Postgres, Stack, choose
from deploy.local.trouble import (
    DidNotStart,
    NoNetwork,
    NotEnoughDisk,
    PortInUse,
    PortsInUse,
    Trouble,
)
from shared.testing.eventually import eventually
from shared.testing.infra import TestServers, TopicNames, sweep


def quietly(_: str) -> None: ...


@pytest.fixture
def folder() -> Iterator[DataFolder]:
    """A data folder of its own; not in pytest's, which lets no other user pass.

    When we are root, Postgres runs as another user.
    """
    root = Path(tempfile.mkdtemp(prefix="ledgerdesk-folder-"))
    made = DataFolder(root, shared_cache=data_folder().cache)
    made.create()
    yield made
    shutil.rmtree(root)


@pytest.fixture
def stack(folder: DataFolder) -> Iterator[Stack]:
    """Servers of its own for a test that kills them."""
    ports = Ports({variable: process.free_port() for variable in SERVER_PORTS})
    made = choose(folder, ports, {}, ["intake"])
    yield made
    made.kafka.stop()
    made.postgres.stop()


async def test_postgres_is_version_18(postgres: Postgres) -> None:
    connection = await asyncpg.connect(postgres.admin_url)
    assert connection.get_server_version().major == 18
    await connection.close()


async def test_each_database_is_fresh_and_has_two_roles(
    service_database: Callable[[str], Awaitable[Database]],
) -> None:
    one, other = await service_database("intake"), await service_database("intake")
    assert one.name != other.name
    assert one.role == "intake"
    connection = await asyncpg.connect(one.url)
    assert await connection.fetchval("select current_user") == "intake"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("drop schema ledger cascade")
    await connection.execute("create schema next_generation")
    await connection.close()


async def test_a_service_cannot_enter_the_database_of_another(
    service_database: Callable[[str], Awaitable[Database]],
) -> None:
    intake, audit = await service_database("intake"), await service_database("audit")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(intake.url.replace(intake.name, audit.name))


async def test_a_server_started_twice_is_the_same_server(servers: TestServers) -> None:
    before = servers.postgres().admin_url
    assert servers.postgres().admin_url == before


async def test_postgres_killed_comes_back_with_its_data(stack: Stack, folder: DataFolder) -> None:
    stack.postgres.start(quietly)
    connection = await asyncpg.connect(stack.postgres.admin_url)
    await connection.execute("create table kept (n int); insert into kept values (1)")
    kill(folder, "postgres")
    stack.postgres.start(quietly)
    connection = await asyncpg.connect(stack.postgres.admin_url)
    assert await connection.fetchval("select n from kept") == 1
    await connection.close()


async def test_postgres_starts_though_its_lock_names_the_pid_of_another(
    stack: Stack, folder: DataFolder
) -> None:
    stack.postgres.start(quietly)
    lock_file = folder.root / "postgres" / "postmaster.pid"
    content = lock_file.read_text()
    stack.postgres.stop()
    lock_file.write_text("\n".join([str(os.getpid()), *content.split("\n")[1:]]))
    PidFile(folder.run / "postgres.pid").write(os.getpid())
    (folder.run / "postgres.pid").write_text(json.dumps({"pid": os.getpid(), "started": 1.0}))
    stack.postgres.start(quietly)
    assert stack.postgres.running()


async def test_kafka_killed_comes_back_with_its_records(stack: Stack, folder: DataFolder) -> None:
    stack.kafka.start(quietly)
    await declared.create(stack.kafka.bootstrap, "kept")
    topics = TopicNames(stack.kafka.bootstrap, "kept")
    await produce(topics)
    kill(folder, "kafka")
    stack.kafka.start(quietly)
    assert await consume(topics) == (b"ticket", b"body")


async def test_a_record_produced_is_consumed(topics: TopicNames) -> None:
    await produce(topics)
    assert await consume(topics) == (b"ticket", b"body")


async def test_topics_are_as_declared(topics: TopicNames) -> None:
    assert await declared.differences(topics.bootstrap, topics.prefix) == []


async def test_a_missing_topic_is_named(servers: TestServers) -> None:
    bootstrap = servers.kafka().bootstrap
    assert "nobody.tickets is missing" in await declared.differences(bootstrap, "nobody")


async def test_a_changed_declaration_is_applied_to_our_own_broker_only(
    topics: TopicNames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tmp_path / "topics.yaml"
    page = declared.DECLARED_IN.read_text()
    changed.write_text(page.replace("partitions: 4", "partitions: 6").replace("4194304", "1000"))
    monkeypatch.setattr(declared, "DECLARED_IN", changed)
    left = await declared.create(topics.bootstrap, topics.prefix, alter=False)
    assert f"{topics.tickets} has 4 partitions, not 6" in left
    assert f"{topics.desk} has max.message.bytes=4194304, not 1000" in left
    assert await declared.create(topics.bootstrap, topics.prefix) == []


def test_a_pid_file_never_names_another_process(tmp_path: Path) -> None:
    pid_file = PidFile(tmp_path / "one.pid")
    assert pid_file.process() is None
    pid_file.write(os.getpid())
    assert pid_file.process() == psutil.Process()
    pid_file.path.write_text(json.dumps({"pid": os.getpid(), "started": 1.0}))
    assert pid_file.process() is None
    pid_file.path.write_text("half a fi")
    assert pid_file.process() is None


def test_a_port_in_use_is_named_with_its_holder(stack: Stack, folder: DataFolder) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        taken = choose(folder, Ports(dict.fromkeys(SERVER_PORTS, port)), {}, ["intake"])
        with pytest.raises(PortInUse, match=rf"{port}.*process {os.getpid()}.*_POSTGRES_PORT"):
            taken.postgres.start(quietly)


def test_a_full_disk_is_said_before_anything_starts(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5 * 2**20))
    with pytest.raises(NotEnoughDisk, match=r"Only 5 MB are free .* LEDGERDESK_DATA"):
        folder.check_space(1_000)


def test_without_a_network_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{process.free_port()}")
    with pytest.raises(NoNetwork, match="check the network"):
        jars.fetch(tmp_path, lambda _arrived, _of: None)
    assert list((tmp_path / "jars").iterdir()) == []


async def test_a_crashed_service_is_named_with_its_last_words(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashing = ServiceProcess("intake", 1, "services.intake.app", "crashes", False)
    monkeypatch.setattr(desks, "PROCESSES", (crashing,))
    words = "raise ValueError('no mailbox')"
    monkeypatch.setattr(desks, "command", lambda _: [sys.executable, "-c", words])
    desk = Desk.open(folder, {each.port_variable: str(process.free_port()) for each in PROCESSES})
    with pytest.raises(DidNotStart, match=r"intake did not start: ValueError: no mailbox .*\.log"):
        await desk._processes_up(quietly)


def test_trouble_is_one_line_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "nothing"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("✗ Say which service")
    assert said.count("\n") == 1


def test_an_unknown_stack_is_refused(folder: DataFolder) -> None:
    with pytest.raises(Trouble, match="say embedded or containers"):
        choose(folder, choose_ports(folder, {}), {"LEDGERDESK_STACK": "cloud"}, [])


def test_real_servers_are_taken_from_the_environment(folder: DataFolder) -> None:
    environ = {
        "KAFKA_BOOTSTRAP_SERVERS": "broker:9092",
        "INTAKE_DATABASE_URL": "postgresql://intake@db/one",
        "INTAKE_DATABASE_OWNER_URL": "postgresql://owner@db/one",
    }
    chosen = choose(folder, choose_ports(folder, {}), environ, ["intake", "audit"])
    assert chosen.kafka.bootstrap == "broker:9092"
    assert chosen.database("intake").owner_url == "postgresql://owner@db/one"
    assert chosen.database("audit").name == "ledgerdesk_audit"
    assert not chosen.needs_postgres(["intake"])


def test_ports_stay_as_they_were_unless_asked(folder: DataFolder) -> None:
    choose_ports(folder, {"LEDGERDESK_PORT_OFFSET": "1000"}).record(folder)
    assert choose_ports(folder, {})["INTAKE_PORT"] == 9081
    assert choose_ports(folder, {"INTAKE_PORT": "7"})["INTAKE_PORT"] == 7


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"LEDGERDESK_PORT_OFFSET": "many"}, "LEDGERDESK_PORT_OFFSET is many, which is no number"),
        ({"INTAKE_PORT": "8o81"}, "INTAKE_PORT is 8o81, which is no number"),
        ({"LEDGERDESK_PORT_OFFSET": "60000"}, "a port is 1 to 65535"),
        ({"LEDGERDESK_PORT_OFFSET": "-9000"}, "a port is 1 to 65535"),
    ],
)
def test_a_port_that_is_none_is_trouble(
    folder: DataFolder, asked: dict[str, str], said: str
) -> None:
    with pytest.raises(Trouble, match=said):
        choose_ports(folder, asked)


def test_an_offset_of_nothing_is_none(folder: DataFolder) -> None:
    assert choose_ports(folder, {"LEDGERDESK_PORT_OFFSET": ""})["INTAKE_PORT"] == 8081


async def test_a_port_for_mail_in_use_is_named_before_anything_starts(folder: DataFolder) -> None:
    ports = {each.port_variable: str(process.free_port()) for each in PROCESSES}
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        taken = str(stranger.getsockname()[1])
        desk = Desk.open(folder, {**ports, "INTAKE_SMTP_PORT": taken})
        with pytest.raises(PortInUse, match=f"Port {taken}, which intake needs.*INTAKE_SMTP_PORT"):
            await desk._processes_up(quietly)
    assert not list(folder.run.glob("*.pid"))


async def test_every_port_in_use_is_named_before_any_server_starts(folder: DataFolder) -> None:
    with socket.socket() as one, socket.socket() as other:
        ports = {variable: str(process.free_port()) for variable in SERVER_PORTS}
        ports |= {each.port_variable: str(process.free_port()) for each in PROCESSES}
        for stranger, variable in ((one, "PORTAL_PORT"), (other, "LEDGERDESK_KAFKA_PORT")):
            stranger.bind(("127.0.0.1", 0))
            stranger.listen()
            ports[variable] = str(stranger.getsockname()[1])
        with pytest.raises(PortsInUse) as error:
            await Desk.open(folder, ports).up(quietly)
    kafka, portal = str(error.value).splitlines()
    assert f"Port {ports['LEDGERDESK_KAFKA_PORT']}, which Kafka needs" in kafka
    assert f"Port {ports['PORTAL_PORT']}, which portal needs" in portal
    assert f"(process {os.getpid()})" in kafka
    assert f"(process {os.getpid()})" in portal
    assert not list(folder.run.glob("*.pid"))


def test_secrets_are_made_once_and_for_their_owner_only(folder: DataFolder) -> None:
    first = folder.secrets(["one"])
    assert folder.secrets(["one", "two"])["one"] == first["one"]
    assert (folder.root / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_what_a_killed_test_run_left_is_swept_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEDGERDESK_STACK", raising=False)
    left = TestServers.create()
    left.postgres()
    server = PidFile(left.folder.run / "postgres.pid").process()
    assert server is not None
    (left.folder.root / "owner.pid").write_text(json.dumps({"pid": os.getpid(), "started": 1.0}))
    sweep()
    assert not process.alive(server)
    assert not left.folder.root.exists()


def test_the_lock_names_no_address() -> None:
    assert "://" not in lock.LOCK.read_text()
    assert "://" not in jars.LOCK.read_text()


async def test_eventually_tells_the_last_failure() -> None:
    def never() -> None:
        raise AssertionError("one is not two")

    with pytest.raises(AssertionError, match=r"After 0\.05 s .* one is not two"):
        await eventually(never, timeout=0.05)
    with pytest.raises(AssertionError, match="answering None"):
        await eventually(lambda: None, timeout=0.05)
    started = time.monotonic()
    assert await eventually(lambda: time.monotonic() > started + 0.05, timeout=5)


def kill(folder: DataFolder, part: str) -> None:
    server = PidFile(folder.run / f"{part}.pid").process()
    assert server is not None
    server.kill()
    assert process.gone(server, timeout_seconds=5)


async def produce(topics: TopicNames) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=topics.bootstrap, enable_idempotence=True, acks="all"
    ) as producer:
        await producer.send_and_wait(topics.tickets, b"body", key=b"ticket")


async def consume(topics: TopicNames) -> tuple[bytes | None, bytes | None]:
    async with AIOKafkaConsumer(
        topics.tickets, bootstrap_servers=topics.bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        record = await consumer.getone()
        return record.key, record.value
