"""What is wrong is told once, with what it makes fail and what to do."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import doctor
from deploy.local import process
from deploy.local.desk import Desk
from deploy.local.folder import DataFolder
from deploy.local.health import Said
from deploy.local.services import PROCESSES, SERVER_PORTS

AWAY = Said("not ready", "its database is away")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk whose processes all run and answer, with neither Kafka nor Postgres."""
    names = [*SERVER_PORTS, *(each.port_variable for each in PROCESSES)]
    ports = {name: str(process.free_port()) for name in names}
    made = Desk.open(DataFolder(tmp_path), ports)
    for each in PROCESSES:
        made.pid_file(each.name).write(os.getpid())

    async def kafka(_desk: Desk) -> doctor.Finding:
        return doctor.Finding("Kafka is there")

    monkeypatch.setattr(doctor, "_kafka", kafka)
    monkeypatch.setattr(doctor, "_lock", lambda: doctor.Finding("lock"))
    return made


def answering(monkeypatch: pytest.MonkeyPatch, said: Said) -> None:
    async def health(_port: int) -> Said:
        return said

    monkeypatch.setattr(doctor, "health", health)


async def test_a_dead_postgres_is_one_cause_and_what_it_makes_fail_is_one_line(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, AWAY)
    found = [finding async for finding in doctor._examine(desk)]
    (cause,) = (finding for finding in found if finding.advice)
    assert (
        cause.what == f"Postgres at {desk.stack.postgres.where} does not answer (it does not run)"
    )
    assert cause.advice.startswith("make up; if it dies again, look at ")
    (follows,) = (finding for finding in found if finding.follows)
    assert str(follows).startswith("  so these can't do all of their work: intake, assignment, ")
    assert len(found) < 10


async def test_a_process_that_died_is_told_though_a_server_is_away(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(monkeypatch, AWAY)
    desk.pid_file("review").remove()
    desk.folder.log_of("review").parent.mkdir(parents=True, exist_ok=True)
    desk.folder.log_of("review").write_text("Segmentation fault\n")
    wrong = [finding.what async for finding in doctor._examine(desk) if finding.advice]
    assert len(wrong) == 2
    assert wrong[1] == "review does not run (Segmentation fault)"
